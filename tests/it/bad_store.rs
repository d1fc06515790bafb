//! Data directories that are damaged, newer, in use, read-only or something else: each is refused
//! with one clear message, and the store is as it was.

use std::fs;
use std::path::Path;

use holdline::store::StoreError;
use holdline::{Digest, Engine, OpenError, Options};

use crate::apply::Host;
use crate::keeping::files;

fn host_in(dir: &Path) -> Host {
    let mut host = Host::bare(crate::apply::MONDAY);
    host.engine = Engine::open(dir, Options::default()).unwrap();
    host
}

/// A store with a journal of a few hundred frames, closed.
fn filled() -> (tempfile::TempDir, Digest) {
    let dir = tempfile::tempdir().unwrap();
    let mut host = host_in(dir.path());
    for at in 0..200 {
        host.prospect(&format!("p{at}@acme.io"));
    }
    let digest = host.digest();
    host.engine.close().unwrap();
    (dir, digest)
}

/// The one segment of a journal.
fn segment(dir: &Path) -> std::path::PathBuf {
    let listed = fs::read_dir(dir.join("journal")).unwrap();
    let paths = listed.map(|entry| entry.unwrap().path());
    paths.max_by_key(|path| fs::metadata(path).unwrap().len()).unwrap()
}

#[track_caller]
fn does_not_open(dir: &Path) -> StoreError {
    let before = files(dir);
    let error = Engine::open(dir, Options::default()).unwrap_err();
    let after = files(dir);
    let names = before.keys().chain(after.keys());
    let changed: Vec<_> = names.filter(|name| before.get(*name) != after.get(*name)).collect();
    assert_eq!(changed, Vec::<&std::path::PathBuf>::new(), "{error}");
    match error {
        OpenError::Store(error) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_flipped_byte_in_the_middle_of_the_journal_is_found() {
    let (dir, _) = filled();
    let path = segment(dir.path());
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x10;
    fs::write(&path, &bytes).unwrap();
    let error = does_not_open(dir.path());
    let StoreError::Corrupt { file, offset, .. } = &error else {
        panic!("{error:?}");
    };
    assert_eq!(file, &path);
    assert!(*offset <= middle as u64 && middle as u64 - offset < 256, "{error}");
    assert!(error.to_string().contains(" is damaged at offset "), "{error}");
    let help = "restore from a backup; the directory was left as it was found";
    assert_eq!(error.help(), help);
}

#[test]
fn a_journal_that_lost_its_end_is_not_opened_as_a_shorter_history() {
    for cut in [1, 3000] {
        let (dir, digest) = filled();
        let path = segment(dir.path());
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, &bytes[..bytes.len() - cut]).unwrap();
        // It was closed: nobody can have been writing when the end went missing.
        let error = does_not_open(dir.path());
        let StoreError::Corrupt { file, .. } = &error else {
            panic!("{error:?}");
        };
        assert_eq!(file, &path);
        // Without the note of the close it could be a torn write, but the checkpoint knows better.
        fs::remove_file(dir.path().join("journal/closed")).unwrap();
        let before = fs::read(&path).unwrap();
        let error = Engine::open(dir.path(), Options::default()).unwrap_err();
        let message = "the journal ends at 200, but a checkpoint covers 201";
        assert!(cut > 1 || error.to_string() == message, "{error}");
        assert!(error.to_string().ends_with("but a checkpoint covers 201"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), before, "nothing is cut off");
        // With its end back, nothing is missing: to ask the checkpoint has cost nothing.
        fs::write(&path, &bytes).unwrap();
        let engine = Engine::open(dir.path(), Options::default()).unwrap();
        assert_eq!(engine.snapshot().unwrap().digest(), digest);
    }
}

#[test]
fn a_torn_tail_is_cut_off_and_said_so() {
    let dir = tempfile::tempdir().unwrap();
    let mut host = host_in(dir.path());
    host.prospect("ann@acme.io");
    let digest = host.digest();
    // The power goes while a frame is being written: only its first bytes are there.
    let crashed = tempfile::tempdir().unwrap();
    fs::create_dir(crashed.path().join("journal")).unwrap();
    fs::copy(dir.path().join("format"), crashed.path().join("format")).unwrap();
    let from = segment(dir.path());
    let mut bytes = fs::read(&from).unwrap();
    bytes.extend_from_slice(&bytes.clone()[bytes.len() - 40..bytes.len() - 20]);
    let name = from.strip_prefix(dir.path()).unwrap();
    fs::write(crashed.path().join(name), &bytes).unwrap();
    let engine = Engine::open(crashed.path(), Options::default()).unwrap();
    let notes = engine.opened().notes.join("\n");
    assert!(notes.contains("a half-written end of 20 bytes was cut off"), "{notes}");
    assert_eq!(engine.snapshot().unwrap().digest(), digest);
}

#[test]
fn a_store_of_a_newer_format_is_left_alone() {
    let (dir, _) = filled();
    let path = dir.path().join("format");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("format 4\n", "format 5\n")).unwrap();
    let error = does_not_open(dir.path());
    let message = "store format 5 is newer than this version reads (4)";
    assert_eq!(error.to_string(), message);
    assert_eq!(error.help(), "use a newer holdline");
}

#[test]
fn a_store_from_before_the_first_release_is_left_alone() {
    let (dir, _) = filled();
    let path = dir.path().join("format");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("format 4\n", "format 2\n")).unwrap();
    let error = does_not_open(dir.path());
    let message = "store format 2 is older than any that this version reads (3)";
    assert_eq!(error.to_string(), message);
    let help = "open it with the version that wrote it, and feed a new store from its commands";
    assert_eq!(error.help(), help);
}

#[test]
fn a_directory_in_use_names_its_holder() {
    let dir = tempfile::tempdir().unwrap();
    let engine = Engine::open(dir.path(), Options::default()).unwrap();
    let before = engine.snapshot().unwrap().digest();
    let error = Engine::open(dir.path(), Options::default()).unwrap_err();
    let holder = std::process::id();
    let message = format!("`{}` is in use by process {holder}", dir.path().display());
    assert_eq!(error.to_string(), message);
    assert_eq!(error.help(), "end that process, or use another directory");
    assert_eq!(engine.snapshot().unwrap().digest(), before, "the holder goes on");
    engine.close().unwrap();
    Engine::open(dir.path(), Options::default()).unwrap();
}

#[test]
fn a_directory_that_is_something_else_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("letters.txt"), "dear ann").unwrap();
    let error = does_not_open(dir.path());
    assert!(error.to_string().ends_with("it holds other files and no file `format`"), "{error}");
    assert_eq!(files(dir.path()).len(), 1);
    let file = dir.path().join("letters.txt");
    let error = Engine::open(&file, Options::default()).unwrap_err();
    assert!(error.to_string().ends_with("is not a holdline store: it is a file"), "{error}");
}

/// Where the test below, run by a user without rights in a process of its own, is to look.
const SEALED: &str = "HOLDLINE_TEST_SEALED_DIRECTORY";

#[cfg(unix)]
#[test]
fn a_read_only_directory_is_refused_and_left_alone() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use std::os::unix::process::CommandExt;

    if let Some(dir) = std::env::var_os(SEALED) {
        let error = does_not_open(Path::new(&dir));
        let message = error.to_string();
        assert!(message.starts_with("cannot open `"), "{message}");
        let why = message.to_lowercase();
        assert!(why.contains("/lock`: permission denied"), "{message}");
        let help = "the directory and everything in it must be writable by this process";
        assert_eq!(error.help(), help);
        return;
    }
    let (dir, digest) = filled();
    let seal = |mode: u32, file_mode: u32| {
        let mut left = vec![dir.path().to_path_buf()];
        while let Some(path) = left.pop() {
            let mode = if path.is_dir() { mode } else { file_mode };
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            if path.is_dir() {
                left.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            }
        }
    };
    seal(0o555, 0o444);
    // Nothing is read-only to root: it asks for somebody who has no rights of his own.
    let is_root = fs::metadata("/proc/self").is_ok_and(|about| about.uid() == 0);
    let place = tempfile::tempdir().unwrap();
    let mut program = std::env::current_exe().unwrap();
    if is_root {
        fs::set_permissions(place.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let copy = place.path().join("it");
        fs::copy(&program, &copy).unwrap();
        program = copy;
    }
    let mut command = std::process::Command::new(program);
    command
        .args(["--exact", "bad_store::a_read_only_directory_is_refused_and_left_alone"])
        .env(SEALED, dir.path())
        .current_dir("/");
    if is_root {
        command.uid(65_534);
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(told.contains("1 passed"), "{told}");
    seal(0o755, 0o644);
    let engine = Engine::open(dir.path(), Options::default()).unwrap();
    assert_eq!(engine.snapshot().unwrap().digest(), digest);
}
