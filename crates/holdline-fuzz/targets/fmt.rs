//! What is formatted says the same as before. The body is in the library.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Err(what) = holdline::testing::fuzz::fmt(bytes) {
        panic!("{what}");
    }
});
