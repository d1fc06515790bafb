//! What survives a close, a crash and a lost checkpoint: the same state, by its digest.

use std::path::Path;

use holdline::json::read_command;
use holdline::{Action, Command, Digest, Engine, Options, Policy};

pub(crate) fn open(path: &Path) -> Engine {
    Engine::open(path, Options::default()).unwrap()
}

fn commands() -> Vec<Command> {
    let lines = r#"
{"do":"put-sender","at":"2026-03-02T08:00:00Z","key":"s1","zone":"UTC","limit-per-day":100}
{"do":"put-campaign","at":"2026-03-02T08:00:00Z","key":"spring","senders":["s1"],"steps":[{"name":"a","hours":"09:00-17:00"},{"name":"b","delay":"1d"}]}
{"do":"put-company","at":"2026-03-02T08:00:00Z","key":"acme.io","domains":["acme.com"],"stage":"new"}
{"do":"put-prospect","at":"2026-03-02T08:00:00Z","key":"ann@acme.io","zone":"Europe/Berlin"}
{"do":"put-prospect","at":"2026-03-02T08:00:00Z","key":"bob@acme.com","tags":["vip"]}
{"do":"put-prospect","at":"2026-03-02T08:00:00Z","key":"cy@gmail.com"}
{"do":"enroll","at":"2026-03-02T08:00:00Z","campaign":"spring","prospect":"ann@acme.io"}
{"do":"enroll","at":"2026-03-02T08:00:00Z","campaign":"spring","prospect":"bob@acme.com"}
{"do":"enroll","at":"2026-03-02T08:00:00Z","campaign":"spring","prospect":"cy@gmail.com","id":"enroll-cy"}
{"do":"claim","at":"2026-03-02T09:00:00Z","limit":10,"lease":"5m"}
{"do":"record","at":"2026-03-02T09:01:00Z","event":{"type":"reply","id":"e1","prospect":"ann@acme.io","campaign":"spring","kind":"human"}}
{"do":"pause","at":"2026-03-02T09:02:00Z","selection":{"campaign":"spring","search":"gmail"},"by":"ann","until":"2026-03-03T09:00:00Z"}
{"do":"retract","at":"2026-03-02T09:03:00Z","event":"e0"}
{"do":"record","at":"2026-03-02T09:04:00Z","event":{"type":"bounce","id":"b1","prospect":"cy@gmail.com","class":"soft"}}
"#;
    let lines = lines.lines().filter(|line| !line.is_empty());
    lines.map(|line| read_command(line.as_bytes()).unwrap()).collect()
}

/// Tells an engine a few of everything, and returns the digest of what it makes of it.
pub(crate) fn fill(engine: &Engine) -> Digest {
    let at = "2026-03-02T08:00:00Z".parse().unwrap();
    engine.put_policy(at, Policy::default_rules()).unwrap();
    for outcome in engine.apply_batch(commands()).unwrap() {
        assert!(outcome.refusal().is_none(), "{outcome:?}");
    }
    engine.snapshot().unwrap().digest()
}

#[test]
fn a_closed_store_opens_from_its_checkpoint() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path());
    assert!(engine.opened().created);
    let digest = fill(&engine);
    engine.close().unwrap();
    let engine = open(dir.path());
    assert_eq!(engine.opened().replayed, 0);
    assert_eq!(engine.opened().notes, Vec::<String>::new());
    assert_eq!(engine.snapshot().unwrap().digest(), digest);
    let memory = Engine::in_memory().unwrap();
    assert_eq!(fill(&memory), digest, "a store changes nothing about the state");
}

#[test]
fn batches_that_are_under_way_are_applied_in_their_order_and_synced_before_their_answers() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path());
    let alone = Engine::in_memory().unwrap();
    let digest = fill(&alone);
    let at = "2026-03-02T08:00:00Z".parse().unwrap();
    engine.put_policy(at, Policy::default_rules()).unwrap();
    let before = engine.syncs().times();
    let each = |command| engine.submit(vec![command]).unwrap();
    let under_way: Vec<_> = commands().into_iter().map(each).collect();
    for pending in under_way {
        let outcomes = pending.wait().unwrap();
        assert!(outcomes.iter().all(|outcome| outcome.refusal().is_none()), "{outcomes:?}");
    }
    let syncs = engine.syncs();
    assert!(syncs.times() > before && !syncs.took().is_zero());
    assert_eq!(engine.snapshot().unwrap().digest(), digest);
    assert_eq!(alone.syncs().times(), 0, "what is in memory alone is never synced");
    // Nobody has to wait for the answer.
    let later = Command::new("2026-03-02T12:00:00Z".parse().unwrap(), Action::Advance);
    drop(engine.submit(vec![later]).unwrap());
    engine.close().unwrap();
    assert_ne!(open(dir.path()).snapshot().unwrap().digest(), digest);
}

/// Every day up to the date had a place in the ledger once: forty such dates took a gigabyte, and
/// no checkpoint could hold it. Days that far from the others are kept by themselves.
#[test]
fn a_date_thousands_of_years_ahead_takes_no_more_room_than_another() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path());
    let at = "2026-03-02T08:00:00Z";
    let mut lines = Vec::new();
    for number in 0..40 {
        for fields in [
            format!(r#""do":"put-sender","key":"s{number}","limit-per-day":10"#),
            format!(
                r#""do":"put-campaign","key":"c{number}","senders":["s{number}"],{steps}"#,
                steps = r#""steps":[{"name":"a"}]"#
            ),
            format!(r#""do":"put-prospect","key":"p{number}""#),
            format!(r#""do":"enroll","campaign":"c{number}","prospect":"p{number}""#),
        ] {
            lines.push(format!(r#"{{"at":"{at}",{fields}}}"#));
        }
    }
    let from = "9900-01-01T00:00:00Z";
    lines.push(format!(r#"{{"at":"{at}","do":"reschedule","selection":{{}},"from":"{from}"}}"#));
    let commands = lines.iter().map(|line| read_command(line.as_bytes()).unwrap()).collect();
    let outcomes = engine.apply_batch(commands).unwrap();
    let moved = outcomes.last().unwrap();
    assert!(matches!(moved, holdline::Outcome::Rescheduled { moved: 40, .. }), "{moved:?}");
    let digest = engine.snapshot().unwrap().digest();
    engine.close().unwrap();
    let engine = open(dir.path());
    assert_eq!(engine.opened().replayed, 0, "there is a checkpoint");
    assert_eq!(engine.snapshot().unwrap().digest(), digest);
}

#[test]
fn what_was_acknowledged_is_replayed_without_a_checkpoint() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path());
    let digest = fill(&engine);
    engine.close().unwrap();
    std::fs::remove_dir_all(dir.path().join("sled")).unwrap();
    let engine = open(dir.path());
    assert_eq!(engine.opened().replayed, 1 + 1 + commands().len() as u64);
    assert_eq!(engine.snapshot().unwrap().digest(), digest);
}

#[test]
fn a_command_id_answers_the_same_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path());
    let digest = fill(&engine);
    engine.close().unwrap();
    let engine = open(dir.path());
    let again = commands().into_iter().find(|it| it.id.is_some()).unwrap();
    let outcome = engine.apply(again).unwrap();
    assert!(matches!(outcome, holdline::Outcome::Enrolled { .. }), "{outcome:?}");
    assert_eq!(engine.snapshot().unwrap().digest(), digest);
}

#[test]
fn tokens_are_new_after_every_open() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path());
    fill(&engine);
    let tokens = |engine: &Engine| {
        let snapshot = engine.snapshot().unwrap();
        let in_flight = snapshot.view("default").unwrap().in_flight();
        in_flight.into_iter().map(|send| send.token).collect::<Vec<_>>()
    };
    let before = tokens(&engine);
    assert_eq!(before.len(), 3);
    engine.close().unwrap();
    let engine = open(dir.path());
    assert_eq!(tokens(&engine), before);
    // The leases end; the sends come back under the new incarnation.
    let later = "2026-03-02T10:00:00Z".parse().unwrap();
    let lift = r#"{"do":"retract","at":"2026-03-02T10:00:00Z","event":"e1"}"#;
    engine.apply(read_command(lift.as_bytes()).unwrap()).unwrap();
    let sends = engine.claim(later, 10, 60_000).unwrap();
    assert_eq!(sends.len(), 2);
    assert!(sends.iter().all(|send| send.token.incarnation == 2));
}

/// A batch that no frame can hold is refused while nothing has changed: it neither stops the engine
/// nor leaves anything behind.
#[test]
fn a_batch_too_large_for_a_frame_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path());
    let digest = fill(&engine);
    let at = "2026-03-02T09:05:00Z".parse().unwrap();
    let text = "x".repeat(4096);
    let event = |number: usize| {
        let event = holdline::Event::new("click", format!("large-{number}"));
        let event = (0..200).fold(event.prospect("ann@acme.io"), |event, at| {
            event.with(format!("attribute-{at}"), text.as_str())
        });
        Command::new(at, holdline::Action::Record(event))
    };
    let error = engine.apply_batch((0..100).map(event).collect()).unwrap_err();
    assert!(matches!(error, holdline::EngineError::BatchTooLarge { commands: 100, .. }), "{error}");
    assert_eq!(engine.snapshot().unwrap().digest(), digest);
    engine.close().unwrap();
    assert_eq!(open(dir.path()).snapshot().unwrap().digest(), digest);
}

/// A forgotten id was remembered again by an index made from a page that was not full: after a
/// crash the command that had used it anew did not replay, and the store did not open.
#[test]
fn an_id_may_come_again_once_it_was_forgotten() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path());
    fill(&engine);
    let line = |line: &str| read_command(line.trim().as_bytes()).unwrap();
    let reply = |day: &str| {
        let mut command = line(
            r#"
{"do":"record","at":"2026-03-03T09:00:00Z","id":"c1","event":{"type":"open","id":"o1","prospect":"ann@acme.io"}}
"#,
        );
        command.at = format!("{day}T09:00:00Z").parse().unwrap();
        command
    };
    engine.apply(reply("2026-03-03")).unwrap();
    engine.apply(line(r#"{"do":"advance","at":"2026-04-10T09:00:00Z"}"#)).unwrap();
    engine.checkpoint().unwrap();
    let again = engine.apply(reply("2026-04-10")).unwrap();
    assert!(matches!(again, holdline::Outcome::Recorded { .. }), "{again:?}");
    // A day later the old record is looked at once more; the new one is still remembered.
    engine.apply(line(r#"{"do":"advance","at":"2026-04-11T09:00:00Z"}"#)).unwrap();
    let mut twice = reply("2026-04-11");
    twice.id = None;
    assert_eq!(engine.apply(twice).unwrap(), holdline::Outcome::Duplicate);
    let digest = engine.snapshot().unwrap().digest();
    // What a crash leaves: everything acknowledged, and no checkpoint of it.
    let crashed = tempfile::tempdir().unwrap();
    crate::fixtures::copy(dir.path(), crashed.path());
    assert_eq!(open(crashed.path()).snapshot().unwrap().digest(), digest);
}
