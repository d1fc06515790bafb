//! Any bytes are the records of a state, or none, without harm. The body is in the library.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Err(what) = holdline::testing::fuzz::image(bytes) {
        panic!("{what}");
    }
});
