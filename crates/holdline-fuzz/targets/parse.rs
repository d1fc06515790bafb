//! Any bytes are read and judged without harm. The body is in the library.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Err(what) = holdline::testing::fuzz::parse(bytes) {
        panic!("{what}");
    }
});
