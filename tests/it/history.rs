//! Reading what an engine was told, beside it and afterwards, and making the same store of it.

use std::path::Path;

use holdline::engine::Snapshot;
use holdline::json::{read_command, read_history, write_history};
use holdline::{
    Action, Command, Engine, Event, History, Import, ImportError, Instant, OpenError, Options,
    PolicyBundle, PolicyFile, Prospect, Sender, history,
};

use super::durable::{fill, open};

fn all(history: &mut History) -> Vec<(u64, Command)> {
    history.map(|it| it.unwrap()).collect()
}

fn instant(text: &str) -> Instant {
    text.parse().unwrap()
}

fn advance(engine: &Engine, at: &str) {
    engine.apply(Command::new(instant(at), Action::Advance)).unwrap();
}

/// The lines of a store's history.
pub(crate) fn export(path: &Path) -> Vec<String> {
    history(path).unwrap().map(|it| write_history(&it.unwrap().1).unwrap()).collect()
}

/// Makes a store of lines in a directory.
pub(crate) fn import(lines: &[String], path: &Path) -> Result<Snapshot, ImportError> {
    let mut import = Import::begin(path, Options::default())?;
    for line in lines {
        if let Some(command) = read_history(line.as_bytes()).unwrap() {
            import.apply(command)?;
        }
    }
    let snapshot = import.snapshot();
    let (sequence, digest) = import.finish()?;
    assert_eq!((sequence, digest), (snapshot.sequence(), snapshot.digest()));
    Ok(snapshot)
}

/// A store that was made of another's lines is as that one, with the tokens of what is in flight,
/// and its own lines are the same.
pub(crate) fn imports_as(path: &Path, original: &Snapshot) {
    let lines = export(path);
    let dir = tempfile::tempdir().unwrap();
    let copy = dir.path().join("copy");
    let imported = import(&lines, &copy).unwrap();
    assert_eq!(imported.digest(), original.digest());
    assert_eq!(imported.sequence(), original.sequence());
    assert_eq!(original.audit().findings, Vec::<String>::new());
    for workspace in original.workspaces() {
        let in_flight = |snapshot: &Snapshot| snapshot.view(workspace).unwrap().in_flight();
        assert_eq!(in_flight(&imported), in_flight(original));
    }
    assert_eq!(export(&copy), lines);
    let engine = open(&copy);
    assert_eq!(engine.opened().notes, Vec::<String>::new());
    assert_eq!(engine.snapshot().unwrap().digest(), original.digest());
}

#[test]
fn a_reader_beside_the_engine_goes_on_with_what_comes() {
    let dir = tempfile::tempdir().unwrap();
    let mut options = Options::default();
    options.segment_bytes = 2000;
    let engine = Engine::open(dir.path(), options).unwrap();
    let mut reader = history(dir.path()).unwrap();
    let opened = all(&mut reader);
    assert!(matches!(&opened[..], [(1, Command { action: Action::Open { .. }, .. })]));
    assert!(reader.next().is_none());
    fill(&engine);
    let filled = all(&mut reader);
    assert_eq!(filled.len(), 15);
    let numbers: Vec<u64> = filled.iter().map(|it| it.0).collect();
    assert_eq!(numbers, (2..=16).collect::<Vec<_>>());
    assert!(matches!(filled[0].1.action, Action::PutPolicy(_) | Action::Publish { .. }));
    // Over the ends of segments, too.
    for day in 10..28 {
        advance(&engine, &format!("2026-03-{day}T09:00:00Z"));
        let id = format!("b{day}-{}", "x".repeat(200));
        let event = Event::new("bounce", id).prospect("ann@acme.io").with("class", "soft");
        engine.record(instant("2026-03-10T09:00:00Z"), event).unwrap();
        assert_eq!(all(&mut reader).len(), 2, "{day}");
    }
    assert!(reader.segments().unwrap().len() > 3);
    assert_eq!(reader.unfinished(), None);
    let whole = all(&mut history(dir.path()).unwrap());
    engine.close().unwrap();
    assert_eq!(all(&mut history(dir.path()).unwrap()), whole);
    let from = all(&mut History::open(dir.path(), 20).unwrap());
    assert_eq!(from, whole[19..]);
}

fn last_segment(path: &Path) -> std::path::PathBuf {
    let names = std::fs::read_dir(path.join("journal")).unwrap();
    let names = names.map(|entry| entry.unwrap().path());
    names.filter(|path| path.extension().is_some_and(|it| it == "seg")).max().unwrap()
}

#[test]
fn a_torn_end_is_not_there_yet_and_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path());
    let mut reader = history(dir.path()).unwrap();
    let digest = fill(&engine);
    let before = all(&mut reader);
    let whole = std::fs::metadata(last_segment(dir.path())).unwrap().len();
    advance(&engine, "2026-03-04T09:00:00Z");
    // As a process finds it that died while it wrote the last frame.
    let torn = tempfile::tempdir().unwrap();
    for (from, to) in [("format", "format"), ("journal", "journal")] {
        let (from, to) = (dir.path().join(from), torn.path().join(to));
        if from.is_dir() {
            std::fs::create_dir(&to).unwrap();
            let segment = last_segment(dir.path());
            let bytes = std::fs::read(&segment).unwrap();
            assert!(bytes.len() as u64 > whole);
            let cut = &bytes[..bytes.len() - 30];
            std::fs::write(to.join(segment.file_name().unwrap()), cut).unwrap();
        } else {
            std::fs::copy(from, to).unwrap();
        }
    }
    let mut reader = history(torn.path()).unwrap();
    assert_eq!(all(&mut reader), before);
    let unfinished = reader.unfinished().unwrap().clone();
    assert_eq!((unfinished.file, unfinished.offset), (last_segment(torn.path()), whole));
    // The next open cuts it off, and the reader goes on behind that.
    let engine = open(torn.path());
    assert_eq!(engine.snapshot().unwrap().digest(), digest);
    advance(&engine, "2026-03-04T10:00:00Z");
    let after = all(&mut reader);
    assert_eq!(after.iter().map(|it| it.0).collect::<Vec<_>>(), [17, 18]);
    assert_eq!(reader.unfinished(), None);
}

#[test]
fn damage_is_an_error_and_never_a_shorter_history() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path());
    fill(&engine);
    engine.close().unwrap();
    let segment = last_segment(dir.path());
    let bytes = std::fs::read(&segment).unwrap();
    let told = |bytes: &[u8]| {
        std::fs::write(&segment, bytes).unwrap();
        let mut reader = history(dir.path()).unwrap();
        let error = reader.by_ref().find_map(Result::err).unwrap();
        assert!(reader.next().is_none());
        error.to_string()
    };
    let mut flipped = bytes.clone();
    flipped[bytes.len() / 2] ^= 1;
    assert!(told(&flipped).contains("is damaged at offset"));
    // After a clean close, an end that is missing is damage.
    let cut = told(&bytes[..bytes.len() - 30]);
    assert!(cut.contains("is damaged at offset"), "{cut}");
    let missing_frame = (64..bytes.len()).step_by(64).rfind(|at| bytes[*at..].starts_with(b"HLfr"));
    let cut = told(&bytes[..missing_frame.unwrap()]);
    assert!(cut.contains("the journal was closed at"), "{cut}");
}

#[test]
fn what_is_no_store_or_was_trimmed_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let refused = history(dir.path()).unwrap_err();
    assert!(matches!(refused, OpenError::Store(_)), "{refused}");
    assert!(refused.to_string().contains("is not a holdline store"), "{refused}");
    let mut options = Options::default();
    options.segment_bytes = 64;
    let engine = Engine::open(dir.path(), options).unwrap();
    for hour in 10..14 {
        advance(&engine, &format!("2026-03-02T{hour}:00:00Z"));
    }
    let mut reader = history(dir.path()).unwrap();
    assert_eq!(reader.next().unwrap().unwrap().0, 1);
    engine.close().unwrap();
    let first = |number: u64| dir.path().join(format!("journal/{number:020}.seg"));
    (1..=3).for_each(|number| std::fs::remove_file(first(number)).unwrap());
    let refused = reader.find_map(Result::err).unwrap().to_string();
    assert!(refused.contains("begins at sequence number 4, 2 was asked for"), "{refused}");
    let refused = History::open(dir.path(), 1).unwrap_err().to_string();
    assert!(refused.contains("begins at sequence number 4, 1 was asked for"), "{refused}");
    assert_eq!(history(dir.path()).unwrap().next().unwrap().unwrap().0, 4);
}

#[test]
fn a_store_is_made_again_from_its_lines() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path());
    fill(&engine);
    engine.close().unwrap();
    let engine = open(dir.path());
    // A claim after the second opening: its tokens name their incarnation.
    let before = instant("2026-03-02T12:00:00Z");
    let dan = Prospect { key: "dan@dale.example".to_owned(), ..Prospect::default() };
    engine.apply(Command::new(before, Action::PutProspect(dan))).unwrap();
    engine.enroll(before, "spring", "dan@dale.example").unwrap();
    let now = instant("2026-03-03T10:00:00Z");
    let sends = engine.claim(now, 10, 3_600_000).unwrap();
    assert!(!sends.is_empty());
    engine.confirm(now, sends[0].token).unwrap().unwrap();
    let snapshot = engine.snapshot().unwrap();
    engine.close().unwrap();
    imports_as(dir.path(), &snapshot);
}

/// The engine plans anew by itself while nobody asks, in ticks that it journals: who gets which
/// slot depends on where among the commands they came.
#[test]
fn what_the_engine_did_by_itself_is_done_again() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path());
    let now = instant("2026-03-02T08:00:00Z");
    fill(&engine);
    let key = |number: u32| format!("p{number}@c{}.example", number % 7);
    let mut people = Vec::new();
    for number in 0..700 {
        let prospect = Prospect { key: key(number), ..Prospect::default() };
        people.push(Command::new(now, Action::PutProspect(prospect)));
        let (campaign, prospect) = ("spring".to_owned(), key(number));
        people.push(Command::new(now, Action::Enroll { campaign, prospect }));
    }
    engine.apply_batch(people).unwrap();
    for limit in [50, 200] {
        let limit_per_day = Some(limit);
        let sender = Sender { key: "s1".to_owned(), limit_per_day, ..Sender::default() };
        engine.apply(Command::new(now, Action::PutSender(sender))).unwrap();
        // In the middle of it somebody else comes.
        engine.claim(instant("2026-03-02T12:00:00Z"), 20, 60_000).unwrap();
    }
    let snapshot = loop {
        let snapshot = engine.snapshot().unwrap();
        if snapshot.view("default").unwrap().still_to_plan() == 0 {
            break snapshot;
        }
        std::thread::yield_now();
    };
    let ticks = export(dir.path()).iter().filter(|line| line.contains("\"tick\"")).count();
    assert!(ticks > 0);
    imports_as(dir.path(), &snapshot);
}

#[test]
fn a_policy_that_counts_the_past_is_published_with_it_again() {
    const COUNTS: &str = "policy 1\n\
        rule often { on bounce when count(bounce at company in 30d) >= 3 pause company }\n";
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path());
    fill(&engine);
    let bounce = |number: u32, at: &str| {
        let event = Event::new("bounce", format!("n{number}")).prospect("bob@acme.com");
        engine.record(instant(at), event.with("class", "soft")).unwrap();
    };
    (0..2).for_each(|number| bounce(number, "2026-03-02T11:00:00Z"));
    advance(&engine, "2026-06-20T09:00:00Z");
    (2..5).for_each(|number| bounce(number, "2026-06-20T11:00:00Z"));
    // Given for an earlier instant than the engine's time, to which it is raised. It once brought
    // as much of the past as its own instant reached back to: the same policy, published again at
    // the raised instant, counted less.
    let file = PolicyFile { name: "counts.rules".to_owned(), text: COUNTS.to_owned() };
    let policy = PolicyBundle { files: vec![file] };
    let published = engine.put_policy(instant("2026-01-01T00:00:00Z"), policy);
    assert!(published.unwrap().refusal().is_none());
    let told = all(&mut history(dir.path()).unwrap());
    let past = told.iter().rev().find_map(|(_, command)| match &command.action {
        Action::Publish { past, .. } => Some(past.len()),
        _ => None,
    });
    assert_eq!(past, Some(3));
    let snapshot = engine.snapshot().unwrap();
    imports_as(dir.path(), &snapshot);
}

#[test]
fn an_import_takes_a_new_directory_and_a_whole_history() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path());
    fill(&engine);
    engine.close().unwrap();
    let before = history(dir.path()).unwrap().count();
    let refused = Import::begin(dir.path(), Options::default()).unwrap_err();
    assert!(matches!(refused, ImportError::NotNew { .. }), "{refused}");
    assert_eq!(history(dir.path()).unwrap().count(), before);
    let lines = export(dir.path());
    let gap: Vec<String> =
        lines.iter().filter(|line| !line.contains("put-campaign")).cloned().collect();
    let copy = dir.path().join("copy");
    let refused = import(&gap, &copy).unwrap_err().to_string();
    assert!(
        refused.starts_with("command 8 would not have been kept: unknown campaign"),
        "{refused}"
    );
}

#[test]
fn lines_of_a_history_are_commands_or_notes() {
    let read = |line: &str| read_history(line.as_bytes());
    assert_eq!(read("# exported from a store"), Ok(None));
    let tick = r##"# {"do":"tick","at":"2026-03-02T08:00:00Z","workspace":"w"}"##;
    let command = read(tick).unwrap().unwrap();
    assert_eq!(command.action, Action::Tick);
    assert_eq!(write_history(&command).unwrap(), tick);
    assert!(read(r##"# {"do":"advance","at":"2026-03-02T08:00:00Z"}"##).is_err());
    assert!(read(r##"# {"do":"tick","at":"2026-03-02T08:00:00Z","id":"a"}"##).is_err());
    // A host's commands come without a note, and the engine's own never do.
    let advance = r#"{"do":"advance","at":"2026-03-02T08:00:00Z"}"#;
    assert_eq!(read(advance).unwrap(), Some(read_command(advance.as_bytes()).unwrap()));
    assert!(read(tick.trim_start_matches("# ")).is_err());
    let event = Event::new("reply", "e1").with("prospect", "an attribute");
    let command = Command::new(instant("2026-03-02T08:00:00Z"), Action::Record(event));
    let refused = write_history(&command).unwrap_err();
    assert_eq!(refused, "its line would be read as another command");
}

#[test]
fn a_store_whose_closed_segments_are_compressed_is_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let mut options = Options::default();
    options.segment_bytes = 500;
    let digest = {
        let engine = Engine::open(dir.path(), options).unwrap();
        fill(&engine);
        for day in 10..20 {
            advance(&engine, &format!("2026-03-{day}T09:00:00Z"));
        }
        let digest = engine.snapshot().unwrap().digest();
        engine.close().unwrap();
        digest
    };
    let lines = export(dir.path());
    let store = holdline::store::Store::open(dir.path(), options).unwrap();
    let archivist = store.journal.archivist();
    let compressed = std::iter::from_fn(|| archivist.compress_one(u64::MAX).unwrap()).count();
    drop(store);
    let segments = history(dir.path()).unwrap().segments().unwrap();
    assert_eq!((compressed, segments.len()), (segments.len() - 1, compressed + 1));
    assert!(compressed > 2 && segments[..compressed].iter().all(|it| it.compressed));
    assert_eq!(export(dir.path()), lines);
    let later = all(&mut History::open(dir.path(), 15).unwrap());
    assert_eq!(later.first().map(|it| it.0), Some(15));
    // With the checkpoints gone, everything comes out of the journal.
    std::fs::remove_dir_all(dir.path().join("sled")).unwrap();
    let engine = Engine::open(dir.path(), options).unwrap();
    assert_eq!(engine.opened().replayed as usize, lines.len());
    let snapshot = engine.snapshot().unwrap();
    assert_eq!(snapshot.digest(), digest);
    imports_as(dir.path(), &snapshot);
}
