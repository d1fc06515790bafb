//! Bytes that decode are encoded to what decodes to the same. The body is in the library.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Err(what) = holdline::testing::fuzz::codec(bytes) {
        panic!("{what}");
    }
});
