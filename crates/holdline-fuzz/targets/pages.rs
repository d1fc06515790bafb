//! Any bytes are the pages of a database of checkpoints, or none, without harm. The body is in the
//! library.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Err(what) = holdline::testing::fuzz::pages(bytes) {
        panic!("{what}");
    }
});
