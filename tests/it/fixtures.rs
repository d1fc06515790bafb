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
/// The first format whose bases are read.
const OLDEST_BASES: u32 = 4;

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
        if format == FORMAT && !fixture.join("store").exists() {
            let engine = open(&fixture.join("store"));
            let digest = fill(&engine);
            engine.close().unwrap();
            for name in ["reserve", "lock"] {
                std::fs::remove_file(fixture.join("store").join(name)).unwrap();
            }
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

/// A store without its checkpoints, which begins with a base; and a backup with its history.
#[test]
fn a_base_and_a_backup_of_every_format_are_read() {
    for format in OLDEST_BASES..=FORMAT {
        let fixture = fixtures().join(format!("format-{format}"));
        let (compacted, backup) = (fixture.join("compacted"), fixture.join("backup"));
        if format == FORMAT && !backup.exists() {
            let place = tempfile::tempdir().unwrap();
            let store = place.path().join("store");
            let engine = open(&store);
            let digest = fill(&engine);
            engine.backup(&backup, true).unwrap();
            engine.close().unwrap();
            let made = holdline::compact(&store, holdline::Options::default()).unwrap();
            assert_eq!(made.state.1, digest);
            // What opening makes anew is not what is to be read here.
            for name in ["sled", "reserve", "lock"] {
                let path = store.join(name);
                let _is_one =
                    std::fs::remove_dir_all(&path).or_else(|_| std::fs::remove_file(&path));
            }
            copy(&store, &compacted);
            panic!("`{}` was missing and is written now: commit it", backup.display());
        }
        let expected = std::fs::read_to_string(fixture.join(DIGEST)).unwrap();
        let dir = tempfile::tempdir().unwrap();
        copy(&compacted, dir.path());
        let engine = open(dir.path());
        let notes = engine.opened().notes.join("\n");
        assert!(notes.contains("rebuilt from the base of command"), "format {format}: {notes}");
        let digest = engine.snapshot().unwrap().digest();
        assert_eq!(format!("{digest}\n"), expected, "format {format}");
        let again = dir.path().join("again");
        let restored = holdline::restore(&backup, &again, holdline::Instant::MIN).unwrap();
        assert_eq!(format!("{}\n", restored.digest), expected, "format {format}");
        assert_eq!(restored.segments, 1, "format {format}");
        assert_eq!(open(&again).opened().replayed, 2, "format {format}");
    }
}
