//! Stores that earlier versions wrote, each opened by this one: `tests/fixtures/format-N`.
//!
//! A fixture is never rewritten: a change that cannot read it needs a new format number, and a
//! fixture beside it. Where the one of today's format is missing, the test writes it and fails, so
//! that it is looked at and committed.

use std::path::{Path, PathBuf};

use super::durable::{fill, open};
use holdline::store::{FORMAT, OLDEST_FORMAT};

/// The digest of what the fixtures hold, in a file beside the store. It is no format: a version
/// that takes it over more of the state writes it anew.
const DIGEST: &str = "digest.txt";

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn every_format_since_the_first_opens() {
    for format in OLDEST_FORMAT..=FORMAT {
        let fixture = fixtures().join(format!("format-{format}"));
        if format == FORMAT && !fixture.exists() {
            let engine = open(&fixture.join("store"));
            let digest = fill(&engine);
            engine.close().unwrap();
            std::fs::write(fixture.join(DIGEST), format!("{digest}\n")).unwrap();
            panic!("`{}` was missing and is written now: commit it", fixture.display());
        }
        let expected = std::fs::read_to_string(fixture.join(DIGEST)).unwrap();
        for journal_alone in [false, true] {
            let dir = tempfile::tempdir().unwrap();
            copy(&fixture.join("store"), dir.path());
            if journal_alone {
                std::fs::remove_dir_all(dir.path().join("sled")).unwrap();
            }
            let engine = open(dir.path());
            let digest = engine.snapshot().unwrap().digest();
            assert_eq!(format!("{digest}\n"), expected, "format {format}, {journal_alone}");
            // A checkpoint of an older format is not read: the journal has everything.
            let rebuilt = format < FORMAT || journal_alone;
            assert_eq!(engine.opened().notes.len(), usize::from(rebuilt));
        }
    }
}
