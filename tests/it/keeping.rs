//! What a store keeps, harmed in every way that a disk or a hand can: what is found, what the next
//! open makes of it, and what is put right.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use holdline::json::read_command;
use holdline::{Digest, Engine, Instant, Options, Verified, verify};

use super::durable::{fill, open};
use super::fixtures::copy;

/// Every file under a directory with its bytes, but for the lock and the reserve, which say
/// nothing.
pub(crate) fn files(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut left = vec![dir.to_path_buf()];
    while let Some(path) = left.pop() {
        for entry in fs::read_dir(path).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                left.push(path);
            } else if path.file_name().is_some_and(|name| name != "lock" && name != "reserve") {
                let bytes = fs::read(&path).unwrap();
                found.insert(path.strip_prefix(dir).unwrap().to_path_buf(), bytes);
            }
        }
    }
    found
}

/// A store with two checkpoints, closed; its digest and its last command.
fn filled() -> (tempfile::TempDir, Digest, u64) {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path());
    fill(&engine);
    engine.checkpoint().unwrap();
    let later = r#"{"do":"advance","at":"2026-03-02T09:30:00Z"}"#;
    engine.apply(read_command(later.as_bytes()).unwrap()).unwrap();
    let snapshot = engine.snapshot().unwrap();
    engine.close().unwrap();
    (dir, snapshot.digest(), snapshot.sequence())
}

fn verified(dir: &Path) -> Verified {
    let scratch = tempfile::tempdir().unwrap();
    let before = files(dir);
    let verified = verify(dir, scratch.path()).unwrap();
    assert!(files(dir) == before, "verifying changes nothing");
    assert_eq!(fs::read_dir(scratch.path()).unwrap().count(), 0, "nothing is left behind");
    verified
}

#[test]
fn a_sound_store_verifies_with_its_digest() {
    let (dir, digest, sequence) = filled();
    let verified = verified(dir.path());
    assert_eq!(verified.findings, Vec::<String>::new());
    assert_eq!(verified.state, Some((sequence, digest)));
    let parts: Vec<&str> = verified.parts.iter().map(|part| part.what.as_str()).collect();
    for expected in ["journal, 1 segments", "what refers to what", "the agenda", "rebuilt from"] {
        assert!(parts.iter().any(|part| part.contains(expected)), "{expected} in {parts:?}");
    }
    let compared = verified.parts.iter().find(|part| part.what.starts_with("compared"));
    assert_eq!(compared.unwrap().count, 2, "both checkpoints");
    assert!(verified.parts.iter().any(|part| part.count > 0), "{:?}", verified.parts);
}

/// A file of the store, flipped where it holds something, is found by name or by what it holds.
#[test]
fn a_flip_in_any_kind_of_file_is_found() {
    let (sound, _, _) = filled();
    for (name, bytes) in files(sound.path()) {
        // What sled keeps around its pages it repairs by itself, and zeros are room to grow.
        let places = if name.ends_with("sled/db") {
            let used = bytes.iter().rposition(|byte| *byte != 0).unwrap();
            (0..used).step_by(211).filter(|at| bytes[*at] != 0).collect::<Vec<_>>()
        } else if name.starts_with("sled") {
            continue;
        } else {
            (0..bytes.len()).step_by(7).collect()
        };
        let mut found = 0;
        for at in places.iter().copied().take(60) {
            let dir = tempfile::tempdir().unwrap();
            copy(sound.path(), dir.path());
            let mut flipped = bytes.clone();
            flipped[at] ^= 4;
            fs::write(dir.path().join(&name), flipped).unwrap();
            let scratch = tempfile::tempdir().unwrap();
            let is_found = match verify(dir.path(), scratch.path()) {
                Ok(verified) => !verified.findings.is_empty(),
                Err(_) => true,
            };
            let of_sled = name.starts_with("sled");
            assert!(is_found || of_sled, "{} at {at}", name.display());
            found += usize::from(is_found);
        }
        assert!(found > 0, "{}: of {} flips none", name.display(), places.len());
    }
}

/// Whatever is done to the checkpoints, the next open loses nothing, and says what it did unless
/// nothing was lost to it.
#[test]
fn without_its_checkpoints_or_any_file_of_them_a_store_opens_whole() {
    let (sound, digest, _) = filled();
    let names: Vec<PathBuf> =
        files(sound.path()).into_keys().filter(|name| name.starts_with("sled")).collect();
    assert!(names.len() >= 2, "{names:?}");
    for name in names.iter().map(Some).chain([None]) {
        let dir = tempfile::tempdir().unwrap();
        copy(sound.path(), dir.path());
        match name {
            Some(name) => fs::remove_file(dir.path().join(name)).unwrap(),
            None => fs::remove_dir_all(dir.path().join("sled")).unwrap(),
        }
        let engine = open(dir.path());
        assert_eq!(engine.snapshot().unwrap().digest(), digest, "{name:?}");
        let (replayed, notes) = (engine.opened().replayed, engine.opened().notes.clone());
        assert_eq!(replayed > 0, !notes.is_empty(), "{name:?}: {replayed} {notes:?}");
        engine.close().unwrap();
        assert_eq!(verified(dir.path()).findings, Vec::<String>::new(), "{name:?}");
    }
}

/// Compressed segments and a base are found by name, wherever they are flipped; what sled keeps
/// around its pages may make no difference, and then it makes none.
#[test]
fn a_flip_in_what_was_compacted_is_found_or_makes_no_difference() {
    let sound = tempfile::tempdir().unwrap();
    let mut options = small(90);
    (options.checkpoint_bytes, options.base_bytes) = (0, 0);
    let engine = Engine::open(sound.path(), options).unwrap();
    fill(&engine);
    for number in 0..60 {
        engine.apply(bounce(number)).unwrap();
    }
    engine.close().unwrap();
    let digest = holdline::compact(sound.path(), options).unwrap().state.1;
    let (mut named, mut of_sled) = (0, 0);
    for (name, bytes) in files(sound.path()) {
        let is = |end: &str| name.to_string_lossy().ends_with(end);
        let (is_sled, is_checked) = (name.starts_with("sled"), is(".lz4") || is(".base"));
        if bytes.is_empty() || is("sled/db") || !is_sled && !is_checked {
            continue;
        }
        for at in (0..bytes.len()).step_by(bytes.len() / 12 + 1).chain([bytes.len() - 1]) {
            let dir = tempfile::tempdir().unwrap();
            copy(sound.path(), dir.path());
            let mut flipped = bytes.clone();
            flipped[at] ^= 8;
            fs::write(dir.path().join(&name), flipped).unwrap();
            let when = format!("{} at {at}", name.display());
            let findings = verified(dir.path()).findings.join("\n");
            if is_checked {
                let path = dir.path().join(&name).display().to_string();
                assert!(findings.contains(&path), "{when}: {findings}");
                named += 1;
            } else {
                of_sled += 1;
            }
            if !is(".lz4") {
                let engine = open(dir.path());
                assert_eq!(engine.snapshot().unwrap().digest(), digest, "{when}");
                let told = !findings.is_empty() || engine.opened().replayed <= 1;
                assert!(told, "{when}: {:?}", engine.opened());
            }
        }
    }
    assert!(named > 50 && of_sled > 10, "{named} and {of_sled}");
}

#[test]
fn a_store_that_is_open_or_none_is_not_verified() {
    let dir = tempfile::tempdir().unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let error = verify(dir.path(), scratch.path()).unwrap_err();
    assert!(error.to_string().contains("is not a holdline store"), "{error}");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    let engine = Engine::open(dir.path(), Options::default()).unwrap();
    let error = verify(dir.path(), scratch.path()).unwrap_err();
    assert!(error.to_string().contains("is in use by"), "{error}");
    engine.close().unwrap();
}

/// Options with which a store of a few commands has many segments, bases and checkpoints.
fn small(history_days: u32) -> Options {
    let mut options = Options::default();
    options.segment_bytes = 2_000;
    options.checkpoint_bytes = 4_000;
    options.base_bytes = 3_000;
    options.history_days = history_days;
    options.plans_when_idle = false;
    options
}

fn bounce(number: u32) -> holdline::Command {
    let event = holdline::Event::new("bounce", format!("n{number}-{}", "x".repeat(150)))
        .prospect("bob@acme.com")
        .with("class", "soft");
    let at = "2026-03-02T10:00:00Z".parse().unwrap();
    holdline::Command::new(at, holdline::Action::Record(event))
}

/// The state that the first so many commands of a history give.
fn as_of(dir: &Path, sequence: u64) -> Digest {
    let mut state = holdline::engine::State::new();
    for command in holdline::history(dir).unwrap() {
        let (number, mut command) = command.unwrap();
        if number <= sequence {
            assert!(state.apply(&mut command).journaled);
        }
    }
    state.snapshot().digest()
}

#[test]
fn a_backup_while_commands_go_on_is_one_moment_of_them() {
    let (dir, place) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let engine = Engine::open(dir.path(), small(90)).unwrap();
    fill(&engine);
    let to = place.path().join("backup");
    let backups = std::thread::scope(|scope| {
        let busy = engine.clone();
        let applied = scope.spawn(move || {
            for number in 0..300 {
                busy.apply(bounce(number)).unwrap();
            }
        });
        let mut backups = Vec::new();
        while backups.len() < 3 || !applied.is_finished() {
            backups.push(engine.backup(&to, true).unwrap());
            let restored = place.path().join(format!("restored-{}", backups.len()));
            let made = holdline::restore(&to, &restored, Instant::MIN).unwrap();
            assert_eq!(made.sequence, backups.last().unwrap().sequence);
            backups.sort_by_key(|backup| backup.sequence);
            if backups.len() == 40 {
                break;
            }
        }
        applied.join().unwrap();
        backups
    });
    let last = engine.backup(&to, true).unwrap();
    // How much came since the one before is a matter of who was how fast; not all of it.
    assert!(last.segments_there > 0, "{last:?}");
    assert!(engine.backup(&to, true).unwrap().unchanged);
    engine.close().unwrap();
    for (number, backup) in (1..).zip(&backups) {
        let restored = place.path().join(format!("restored-{number}"));
        let expected = as_of(dir.path(), backup.sequence);
        assert_eq!(as_of(&restored, backup.sequence), expected, "{backup:?}");
        let engine = open(&restored);
        let digest = engine.snapshot().unwrap().digest();
        assert_eq!(digest, as_of(&restored, u64::MAX), "{backup:?}");
    }
}

#[test]
fn without_history_a_backup_is_restored_with_an_empty_journal() {
    let (dir, digest, sequence) = filled();
    let place = tempfile::tempdir().unwrap();
    let (to, again) = (place.path().join("backup"), place.path().join("again"));
    let engine = open(dir.path());
    let backup = engine.backup(&to, false).unwrap();
    assert_eq!((backup.sequence, backup.segments), (sequence + 1, 0));
    let restored = holdline::restore(&to, &again, Instant::MIN).unwrap();
    assert_eq!((restored.sequence, restored.digest), (sequence + 1, digest));
    assert!(restored.unknown > 0, "{restored:?}");
    let reopened = open(&again);
    // Tokens of before and after cannot be the same.
    let claim = |engine: &Engine| {
        let now = "2026-03-05T10:00:00Z".parse().unwrap();
        let advance = holdline::Command::new(now, holdline::Action::Advance);
        engine.apply(advance).unwrap();
        let (selection, reason) = (holdline::Selection::default(), None);
        let resend = holdline::Action::ResendSelected { selection, reason };
        engine.apply(holdline::Command::new(now, resend).by("pat")).unwrap();
        let sends = engine.claim(now, 10, 60_000).unwrap();
        sends.iter().map(|send| send.token.incarnation).max()
    };
    let (before, after) = (claim(&engine), claim(&reopened));
    assert!(before.is_some() && after > before, "{before:?} {after:?}");
    reopened.close().unwrap();
    assert_eq!(verified(&again).findings, Vec::<String>::new());
    engine.close().unwrap();
}

#[test]
fn a_damaged_backup_is_refused_by_name() {
    let (dir, _, sequence) = filled();
    let place = tempfile::tempdir().unwrap();
    let to = place.path().join("backup");
    let engine = open(dir.path());
    engine.backup(&to, true).unwrap();
    engine.close().unwrap();
    let base = to.join(format!("base/{:020}.base", sequence + 1));
    let sound = files(&to);
    assert!(sound.len() >= 3, "{:?}", sound.keys());
    for (name, bytes) in &sound {
        for at in (0..bytes.len()).step_by(bytes.len() / 9 + 1) {
            let mut flipped = bytes.clone();
            flipped[at] ^= 2;
            fs::write(to.join(name), flipped).unwrap();
            let again = tempfile::tempdir().unwrap();
            let error =
                holdline::restore(&to, again.path().join("store"), Instant::MIN).unwrap_err();
            assert!(!again.path().join("store/format").exists(), "{} at {at}", name.display());
            let named = *name != base.strip_prefix(&to).unwrap()
                || error.to_string().contains(&base.display().to_string());
            assert!(named, "{error}");
            fs::write(to.join(name), bytes).unwrap();
        }
    }
}

/// House-keeping goes on beside the commands: segments are compressed, bases are written and two
/// kept, and with no history asked for the journal is trimmed behind the older of them.
///
/// A policy that was published while segments were trimmed once stopped the engine: the number that
/// its history was to begin with had gone before it was read. It is asked for again now.
#[test]
fn in_the_background_the_journal_is_compressed_and_trimmed_behind_a_base() {
    let dir = tempfile::tempdir().unwrap();
    let engine = Engine::open(dir.path(), small(0)).unwrap();
    fill(&engine);
    let first = |dir: &Path| holdline::History::open(dir, 0).unwrap().segments().unwrap();
    let mut number = 0;
    while first(dir.path())[0].first_seq == 1 {
        engine.apply(bounce(number)).unwrap();
        number += 1;
        assert!(number < 20_000, "nothing is trimmed");
    }
    let segments = first(dir.path());
    // A new policy that counts something new finds what is left of the past.
    let text = "policy 1\nrule many {\n  on bounce\n  when count(bounce at prospect in 30d) >= 5\n\
                stop prospect\n}\n";
    let file = holdline::PolicyFile { name: "many.rules".to_owned(), text: text.to_owned() };
    let policy = holdline::PolicyBundle { files: vec![file] };
    let at = "2026-03-02T10:00:00Z".parse().unwrap();
    let published = engine.put_policy(at, policy).unwrap();
    assert!(published.refusal().is_none(), "{published:?}");
    let event = engine.apply(bounce(30_000)).unwrap();
    assert!(format!("{event:?}").contains("many"), "{event:?}");
    let digest = engine.snapshot().unwrap().digest();
    engine.close().unwrap();
    assert!(segments.iter().any(|segment| segment.compressed) || segments.len() < 4);
    let bases: Vec<_> = fs::read_dir(dir.path().join("base")).unwrap().collect();
    assert!((2..=3).contains(&bases.len()), "{bases:?}");
    assert_eq!(verified(dir.path()).findings, Vec::<String>::new());
    // Without its checkpoints it is rebuilt from a base.
    fs::remove_dir_all(dir.path().join("sled")).unwrap();
    let engine = open(dir.path());
    let notes = engine.opened().notes.join("\n");
    assert!(notes.contains("rebuilt from the base of command"), "{notes}");
    assert_eq!(engine.snapshot().unwrap().digest(), digest);
    engine.close().unwrap();
    // Without its bases, too, nothing is left to begin with, and that is said.
    fs::remove_dir_all(dir.path().join("sled")).unwrap();
    fs::remove_dir_all(dir.path().join("base")).unwrap();
    let error = Engine::open(dir.path(), Options::default()).unwrap_err().to_string();
    assert!(error.contains("nothing from before that can be read"), "{error}");
}

#[test]
fn compacting_keeps_the_digest_and_shrinks_what_it_can() {
    let dir = tempfile::tempdir().unwrap();
    let mut options = small(90);
    (options.checkpoint_bytes, options.base_bytes) = (0, 0);
    let engine = Engine::open(dir.path(), options).unwrap();
    fill(&engine);
    for round in 0..20 {
        for number in 0..20 {
            engine.apply(bounce(round * 100 + number)).unwrap();
        }
        engine.checkpoint().unwrap();
    }
    let snapshot = engine.snapshot().unwrap();
    engine.close().unwrap();
    let compacted = holdline::compact(dir.path(), options).unwrap();
    assert_eq!(compacted.state, (snapshot.sequence(), snapshot.digest()));
    assert!(compacted.journal.1 < compacted.journal.0, "{compacted:?}");
    assert!(compacted.segments.0 > 5 && compacted.segments.1 == 0, "{compacted:?}");
    assert!(compacted.bases.0 == 0 && compacted.bases.1 > 0, "{compacted:?}");
    assert!(!dir.path().join("sled.old").exists() && !dir.path().join("sled.new").exists());
    assert_eq!(verified(dir.path()).findings, Vec::<String>::new());
    let engine = open(dir.path());
    assert_eq!((engine.opened().replayed, engine.opened().notes.len()), (0, 0));
    assert_eq!(engine.snapshot().unwrap().digest(), snapshot.digest());
    engine.close().unwrap();
    // As a kill between the two renames leaves it: the checkpoints from before come back.
    fs::rename(dir.path().join("sled"), dir.path().join("sled.old")).unwrap();
    fs::create_dir_all(dir.path().join("sled.new/sled")).unwrap();
    let engine = open(dir.path());
    assert_eq!((engine.opened().replayed, engine.opened().notes.len()), (0, 0));
    assert_eq!(engine.snapshot().unwrap().digest(), snapshot.digest());
    assert!(!dir.path().join("sled.old").exists() && !dir.path().join("sled.new").exists());
}

/// Each harm to what can be made again is put right, with the digest as it was.
#[test]
fn repair_puts_right_what_can_be_made_again() {
    let (sound, digest, sequence) = filled();
    holdline::compact(sound.path(), Options::default()).unwrap();
    let base = format!("base/{sequence:020}.base");
    type Harm<'a> = (&'a str, Box<dyn Fn(&Path) + 'a>);
    let harms: [Harm<'_>; 4] = [
        (
            "a base is flipped",
            Box::new(|dir| {
                let mut bytes = fs::read(dir.join(&base)).unwrap();
                bytes[200] ^= 1;
                fs::write(dir.join(&base), bytes).unwrap();
            }),
        ),
        (
            "a base is cut",
            Box::new(|dir| {
                let bytes = fs::read(dir.join(&base)).unwrap();
                fs::write(dir.join(&base), &bytes[..bytes.len() / 2]).unwrap();
            }),
        ),
        (
            "the database is something else",
            Box::new(|dir| {
                fs::write(dir.join("sled/db"), vec![7; 5000]).unwrap();
            }),
        ),
        (
            "the database is empty",
            Box::new(|dir| {
                fs::write(dir.join("sled/db"), b"").unwrap();
            }),
        ),
    ];
    let scratch = tempfile::tempdir().unwrap();
    for (what, harm) in &harms {
        let dir = tempfile::tempdir().unwrap();
        copy(sound.path(), dir.path());
        harm(dir.path());
        assert!(!verified(dir.path()).findings.is_empty(), "{what}");
        let repaired = holdline::repair(dir.path(), scratch.path()).unwrap();
        assert!(!repaired.done.is_empty(), "{what}");
        assert_eq!(repaired.state, (sequence, digest), "{what}");
        let after = verified(dir.path());
        assert_eq!((after.findings, after.state), (vec![], Some((sequence, digest))), "{what}");
        let aside = |name: &PathBuf| name.display().to_string().contains(".damaged-1");
        assert!(files(dir.path()).keys().any(aside), "{what}: nothing is deleted");
    }
}
