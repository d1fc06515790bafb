//! Opening a directory: what is made, what is refused, and what survives an interrupted creation.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};

use super::{Options, Store, StoreError};
use crate::engine::port::{ImageReader, ImageWriter, Journal, Sync, Tree};
use crate::store::checkpoint::{Onto, Pace};
use crate::store::conformance::{all, frame};

fn open(path: &Path) -> Result<Store, StoreError> {
    Store::open(path, Options::default())
}

/// A store with three commands and a checkpoint as of the second.
fn filled(path: &Path) {
    let mut store = open(path).unwrap();
    assert!(store.report.created);
    let group = [frame(1, 2, b"one and two")];
    store.journal.append(&group, Sync::Level).unwrap();
    let fill = |writer: &mut super::checkpoint::Writer<'_>| writer.put(Tree::Names, b"n", &7_u64);
    store.checkpoints.write((2, Onto::Nothing, Pace::Fast), b"meta", fill).unwrap();
    store.journal.append(&[frame(3, 3, b"three")], Sync::Level).unwrap();
}

fn contents(path: &Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for name in ["format", "journal/00000000000000000001.seg", "sled/db"] {
        if let Ok(bytes) = std::fs::read(path.join(name)) {
            found.push((path.join(name), bytes));
        }
    }
    found
}

#[test]
fn a_store_opens_again_with_everything() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("deep/inside");
    filled(&path);
    let mut store = open(&path).unwrap();
    assert_eq!(store.report, super::OpenReport::default());
    assert_eq!(all(&mut store.journal, 3), Ok(vec![(3, 3, b"three".to_vec())]));
    let manifest = store.found.manifests.remove(0);
    assert_eq!((manifest.seq, manifest.meta.as_slice()), (2, b"meta".as_slice()));
    let mut names = Vec::new();
    let mut reader = store.checkpoints.read(&manifest);
    reader
        .each(Tree::Names, |key, value: u64| {
            names.push((key.to_vec(), value));
            Ok(())
        })
        .unwrap();
    assert_eq!(names, [(b"n".to_vec(), 7)]);
}

#[test]
fn a_second_handle_is_told_who_holds_the_directory() {
    let dir = tempfile::tempdir().unwrap();
    let first = open(dir.path()).unwrap();
    let refused = open(dir.path()).unwrap_err();
    let pid = std::process::id();
    let StoreError::Locked { pid: found, .. } = &refused else {
        panic!("{refused}");
    };
    assert_eq!(*found, Some(pid));
    let message = format!("`{}` is in use by process {pid}", dir.path().display());
    assert_eq!(refused.to_string(), message);
    drop(first);
    open(dir.path()).unwrap();
}

/// Where the test below, run in a process of its own, looks for the directory.
const HELD: &str = "HOLDLINE_TEST_HELD_DIRECTORY";

#[test]
fn another_process_is_told_who_holds_the_directory() {
    if let Some(held) = std::env::var_os(HELD) {
        match open(Path::new(&held)) {
            Err(StoreError::Locked { pid: Some(pid), .. }) => println!("held by {pid}"),
            other => println!("not refused: {other:?}"),
        }
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let _held = open(dir.path()).unwrap();
    let name = "store::tests::another_process_is_told_who_holds_the_directory";
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(HELD, dir.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let expected = format!("held by {}", std::process::id());
    assert!(said.contains(&expected), "{said}");
}

#[test]
fn a_newer_format_is_refused_by_name_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path());
    let format = dir.path().join("format");
    let text = std::fs::read_to_string(&format).unwrap();
    std::fs::write(&format, text.replace("format 4", "format 5")).unwrap();
    let before = contents(dir.path());
    let refused = open(dir.path()).unwrap_err();
    let message = "store format 5 is newer than this version reads (4)";
    assert_eq!(refused.to_string(), message);
    assert_eq!(refused.help(), "use a newer holdline");
    assert_eq!(contents(dir.path()), before);
}

#[test]
fn an_older_format_is_refused_by_name_and_left_alone() {
    for older in 1..super::OLDEST_FORMAT {
        let dir = tempfile::tempdir().unwrap();
        filled(dir.path());
        let format = dir.path().join("format");
        let text = std::fs::read_to_string(&format).unwrap();
        std::fs::write(&format, text.replace("format 4", &format!("format {older}"))).unwrap();
        let before = contents(dir.path());
        let refused = open(dir.path()).unwrap_err();
        let message = format!("store format {older} is older than any that this version reads (3)");
        assert_eq!(refused.to_string(), message);
        let help = "open it with the version that wrote it, and feed a new store from its commands";
        assert_eq!(refused.help(), help);
        assert_eq!(contents(dir.path()), before);
    }
}

#[test]
fn every_flip_in_the_format_file_is_told() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path());
    let format = dir.path().join("format");
    let text = std::fs::read(&format).unwrap();
    for at in 0..text.len() {
        let mut flipped = text.clone();
        flipped[at] ^= 2;
        std::fs::write(&format, flipped).unwrap();
        assert!(super::format::read(dir.path()).is_err(), "flip at {at}");
    }
    for len in 0..text.len() {
        std::fs::write(&format, &text[..len]).unwrap();
        assert!(super::format::read(dir.path()).is_err(), "cut at {len}");
    }
}

#[test]
fn what_is_no_store_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "text").unwrap();
    let refused = open(&file).unwrap_err().to_string();
    let expected = format!("`{}` is not a holdline store: it is a file", file.display());
    assert_eq!(refused, expected);
    // Below a file nothing can be made, whoever asks.
    let below = open(&file.join("below")).unwrap_err();
    assert!(matches!(below, StoreError::Io { .. }), "{below}");
    assert!(matches!(open(dir.path()), Err(StoreError::NotAStore { .. })));
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    let elsewhere = tempfile::tempdir().unwrap();
    std::fs::write(elsewhere.path().join("format"), "PNG").unwrap();
    assert!(matches!(open(elsewhere.path()), Err(StoreError::NotAStore { .. })));
}

#[test]
fn a_directory_that_refuses_writing_is_named() {
    let dir = tempfile::tempdir().unwrap();
    // Where every file has to be made anew, a directory in its place refuses anybody, root too.
    std::fs::create_dir(dir.path().join("lock")).unwrap();
    let refused = open(dir.path()).unwrap_err();
    assert!(refused.to_string().starts_with("cannot open"), "{refused}");
    // And where the system refuses this user, it is the directory that is named.
    let sealed = tempfile::tempdir().unwrap();
    let mut permissions = std::fs::metadata(sealed.path()).unwrap().permissions();
    permissions.set_readonly(true);
    std::fs::set_permissions(sealed.path(), permissions).unwrap();
    if std::fs::write(sealed.path().join("lock"), "").is_err() {
        let refused = open(sealed.path()).unwrap_err();
        assert!(refused.help().contains("writable"), "{refused}");
    }
    let denied = StoreError::Io {
        path: "data".into(),
        op: "open",
        source: std::io::ErrorKind::PermissionDenied.into(),
    };
    assert_eq!(denied.to_string(), "cannot open `data`: permission denied");
    assert!(denied.help().contains("writable"));
}

#[test]
fn the_parts_can_go_to_threads_of_their_own() {
    const fn sendable<T: Send>() {}
    sendable::<super::FileJournal>();
    sendable::<super::Checkpoints>();
    sendable::<Store>();
}

#[test]
fn an_interrupted_creation_is_finished() {
    let whole = tempfile::tempdir().unwrap();
    drop(open(whole.path()).unwrap());
    let segment = std::fs::read(whole.path().join("journal/00000000000000000001.seg")).unwrap();
    // What is there after each step of a creation, and between the steps.
    let steps: [&[(&str, &[u8])]; 6] = [
        &[],
        &[("lock", b"")],
        &[("lock", b"1\n"), ("journal/00000000000000000001.seg.new", b"")],
        &[("journal/00000000000000000001.seg.new", &segment[..30])],
        &[("journal/00000000000000000001.seg", &segment)],
        &[("journal/00000000000000000001.seg", &segment), ("format.new", b"hold")],
    ];
    for step in steps {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("journal")).unwrap();
        for (name, bytes) in step {
            std::fs::write(dir.path().join(name), bytes).unwrap();
        }
        filled(dir.path());
        assert_eq!(open(dir.path()).unwrap().journal.last_seq(), 3);
    }
}

#[test]
fn a_journal_without_its_format_file_is_not_overwritten() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path());
    std::fs::remove_file(dir.path().join("format")).unwrap();
    let is_left_alone = || {
        let before = contents(dir.path());
        assert!(!before.is_empty());
        assert!(matches!(open(dir.path()), Err(StoreError::NotAStore { .. })));
        assert_eq!(contents(dir.path()), before);
    };
    is_left_alone();
    // Without the other files it could be a creation that was interrupted.
    for entry in std::fs::read_dir(dir.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            std::fs::remove_file(path).unwrap();
        } else if !path.ends_with("journal") {
            std::fs::remove_dir_all(path).unwrap();
        }
    }
    is_left_alone();
}

#[test]
fn a_journal_that_ends_before_the_checkpoint_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path());
    let segment = dir.path().join("journal/00000000000000000001.seg");
    let bytes = std::fs::read(&segment).unwrap();
    std::fs::write(&segment, &bytes[..64]).unwrap();
    let refused = open(dir.path()).unwrap_err().to_string();
    assert_eq!(refused, "the journal ends at 0, but a checkpoint covers 2");
    // Torn short of the checkpoint, the tail is not cut either.
    std::fs::write(&segment, &bytes[..100]).unwrap();
    let refused = open(dir.path()).unwrap_err();
    assert!(matches!(refused, StoreError::Behind { journal: 0, .. }), "{refused}");
    assert_eq!(std::fs::read(&segment).unwrap(), bytes[..100]);
}

/// Where the test below, run in a process of its own, is to work until it is killed.
const KILLED: &str = "HOLDLINE_TEST_KILLED_DIRECTORY";

/// Appends and checkpoints for ever, and says after each what was acknowledged.
fn work_until_killed(path: &Path) {
    let options = Options { segment_bytes: 20_000, ..Options::default() };
    let mut store = Store::open(path, options).unwrap();
    loop {
        let seq = store.journal.last_seq() + 1;
        let payload = seq.to_le_bytes().repeat(40);
        let group = [frame(seq, seq, &payload)];
        store.journal.append(&group, Sync::Level).unwrap();
        println!("\nacknowledged {seq}");
        if seq.is_multiple_of(16) {
            // A fifth of the records changes with each, and with them what they are in sum.
            let fill = |writer: &mut super::checkpoint::Writer<'_>| {
                let mut sum = 0;
                for at in 0..40_u64 {
                    let before: Option<u64> = writer.before(Tree::Holds, &at.to_be_bytes())?;
                    if at % 5 == seq / 16 % 5 {
                        writer.put(Tree::Holds, &at.to_be_bytes(), &seq)?;
                        sum += seq;
                    } else {
                        sum += before.unwrap_or(0);
                    }
                }
                writer.put(Tree::Meta, b"sum", &sum)
            };
            store.checkpoints.write((seq, Onto::Newest, Pace::Fast), b"", fill).unwrap();
            println!("\ncheckpoint {seq}");
        }
    }
}

fn last_said(said: &str, what: &str) -> u64 {
    // The last line may be cut short, so only whole ones count.
    let whole = said.rsplit_once('\n').map_or("", |(whole, _)| whole);
    let numbers = whole.lines().filter_map(|line| line.strip_prefix(what));
    numbers.filter_map(|text| text.trim().parse().ok()).max().unwrap_or(0)
}

#[test]
fn a_kill_at_any_moment_takes_nothing_acknowledged() {
    if let Some(path) = std::env::var_os(KILLED) {
        return work_until_killed(Path::new(&path));
    }
    let dir = tempfile::tempdir().unwrap();
    let name = "store::tests::a_kill_at_any_moment_takes_nothing_acknowledged";
    let (mut acknowledged, mut checkpointed) = (0, 0);
    for round in 0..16 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name, "--nocapture"])
            .env(KILLED, dir.path().join("store"))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut said = String::new();
        // It works on while this reads, so each kill meets it somewhere else.
        while said.matches("acknowledged").count() < round * 5 {
            assert!(output.read_line(&mut said).unwrap() > 0, "ended by itself: {said}");
        }
        child.kill().unwrap();
        output.read_to_string(&mut said).unwrap();
        child.wait().unwrap();
        acknowledged = last_said(&said, "acknowledged ").max(acknowledged);
        checkpointed = last_said(&said, "checkpoint ").max(checkpointed);
        let mut store = open(&dir.path().join("store")).unwrap();
        let found = all(&mut store.journal, 1).unwrap();
        assert!(found.len() as u64 >= acknowledged, "{} of {acknowledged}", found.len());
        for (seq, (first, last, payload)) in (1_u64..).zip(found) {
            assert_eq!((first, last, payload), (seq, seq, seq.to_le_bytes().repeat(40)));
        }
        assert_eq!(store.report.moved_aside, None);
        assert_eq!(store.found.rejected, []);
        let Some(manifest) = store.found.manifests.first() else {
            assert_eq!(checkpointed, 0);
            continue;
        };
        assert!(manifest.seq >= checkpointed);
        let mut reader = store.checkpoints.read(manifest);
        let mut total = 0;
        reader
            .each(Tree::Holds, |_, value: u64| {
                total += value;
                Ok(())
            })
            .unwrap();
        let right = |_: &[u8], sum: u64| {
            assert_eq!(total, sum);
            Ok(())
        };
        reader.each(Tree::Meta, right).unwrap();
    }
    assert!(checkpointed > 0, "the loop did something");
}
