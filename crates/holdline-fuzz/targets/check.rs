//! Several files at once are checked, and what compiles evaluates. The body is in the library.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Err(what) = holdline::testing::fuzz::check(bytes) {
        panic!("{what}");
    }
});
