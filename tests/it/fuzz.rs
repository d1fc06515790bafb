//! The committed inputs of the fuzz targets, without a fuzzer: none does harm, and none takes long.

use std::path::Path;
use std::time::{Duration, Instant};

use holdline::testing::fuzz::TARGETS;

#[test]
fn every_committed_input_does_no_harm() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/holdline-fuzz/corpus");
    let mut folders: Vec<String> = std::fs::read_dir(&corpus)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    folders.sort();
    let mut names: Vec<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    assert_eq!(folders, names, "a folder for each target");
    for (target, body) in TARGETS {
        let mut count = 0;
        for entry in std::fs::read_dir(corpus.join(target)).unwrap() {
            let path = entry.unwrap().path();
            let bytes = std::fs::read(&path).unwrap();
            let started = Instant::now();
            if let Err(what) = body(&bytes) {
                panic!("{}: {what}", path.display());
            }
            // Generous: a debug build on a busy machine.
            let took = started.elapsed();
            assert!(took < Duration::from_secs(10), "{}: {took:?}", path.display());
            count += 1;
        }
        assert!(count > 5, "{target} has {count} inputs");
    }
}
