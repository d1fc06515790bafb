//! A file that is not what was written is refused, or says the same. The body is in the library.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Err(what) = holdline::testing::fuzz::harm(bytes) {
        panic!("{what}");
    }
});
