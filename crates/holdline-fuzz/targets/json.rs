//! Lines are read, written and applied without harm. The body is in the library.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Err(what) = holdline::testing::fuzz::json(bytes) {
        panic!("{what}");
    }
});
