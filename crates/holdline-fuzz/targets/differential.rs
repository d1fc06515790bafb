//! The interpreter does what the reference says. The body is in the library.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Err(what) = holdline::testing::fuzz::differential(bytes) {
        panic!("{what}");
    }
});
