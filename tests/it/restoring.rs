//! What a restore does not know: sends that may have gone out since the backup wait for a person.

use std::path::Path;

use holdline::json::read_command;
use holdline::{
    Action, Command, Engine, HoldTarget, Instant, Options, Outcome, Policy, Refusal, Report,
    Selection, Status, Token, Verdict,
};

const STEPS: &str = r#"[{"name":"a"},{"name":"b","delay":"30m"},{"name":"c","delay":"3d"}]"#;

fn instant(text: &str) -> Instant {
    text.parse().unwrap()
}

/// Of a time of day on the day on which everything happens.
fn at(time: &str) -> Instant {
    instant(&format!("2026-03-02T{time}:00Z"))
}

fn give(engine: &Engine, at: Instant, action: Action) -> Outcome {
    engine.apply(Command::new(at, action).by("pat")).unwrap()
}

fn open(dir: &Path) -> Engine {
    Engine::open(dir, Options::default()).unwrap()
}

/// At eight: ann is due at nine, bob too but paused, cy too but stopped, dee is due tomorrow, and
/// eve was claimed just now.
fn begun(dir: &Path) -> Engine {
    let engine = open(dir);
    engine.put_policy(at("08:00"), Policy::default_rules()).unwrap();
    let mut lines = vec![
        r#""do":"put-sender","key":"s1","limit-per-day":50"#.to_owned(),
        format!(r#""do":"put-campaign","key":"spring","senders":["s1"],"steps":{STEPS}"#),
    ];
    for who in ["eve@e.io", "ann@a.io", "bob@b.io", "cy@c.io", "dee@d.io"] {
        lines.push(format!(r#""do":"put-prospect","key":"{who}""#));
        lines.push(format!(r#""do":"enroll","campaign":"spring","prospect":"{who}""#));
        if who.starts_with("eve") {
            lines.push(r#""do":"claim","limit":1,"lease":"20h""#.to_owned());
        } else {
            let from = if who.starts_with("dee") { "2026-03-03" } else { "2026-03-02" };
            let from = format!(r#""selection":{{"prospect":"{who}"}},"from":"{from}T09:00:00Z""#);
            lines.push(format!(r#""do":"reschedule",{from}"#));
        }
    }
    lines.push(r#""do":"pause","prospect":"bob@b.io""#.to_owned());
    lines.push(r#""do":"stop","prospect":"cy@c.io""#.to_owned());
    for line in lines {
        let line = format!(r#"{{"at":"2026-03-02T08:00:00Z",{line}}}"#);
        let outcome = engine.apply(read_command(line.as_bytes()).unwrap()).unwrap();
        assert!(outcome.refusal().is_none(), "{line}: {outcome:?}");
    }
    engine
}

/// Backed up at eight and restored at noon, before which ann and bob got their first message.
fn restored(place: &Path) -> Engine {
    let engine = begun(&place.join("data"));
    engine.backup(place.join("copy"), true).unwrap();
    give(
        &engine,
        at("09:00"),
        Action::Resume {
            target: HoldTarget::Prospect("bob@b.io".to_owned()),
            prospects: false,
            reschedule: None,
            reason: None,
        },
    );
    let sent = send(&engine, at("09:00"));
    assert_eq!(sent, ["ann@a.io 1", "bob@b.io 1"]);
    engine.close().unwrap();
    let again = place.join("again");
    let made = holdline::restore(place.join("copy"), &again, at("12:00")).unwrap();
    assert_eq!(made.unknown, 4, "all but dee");
    open(&again)
}

/// Claims, confirms and reports what is due.
fn send(engine: &Engine, now: Instant) -> Vec<String> {
    let mut sent = Vec::new();
    for due in engine.claim(now, 10, 60_000).unwrap() {
        assert_eq!(engine.confirm(now, due.token).unwrap(), Ok(Verdict::Go));
        engine.report(now, due.token, Report::Sent { at: now }).unwrap();
        sent.push(format!("{} {}", due.prospect, due.step));
    }
    sent
}

fn delivered(engine: &Engine, who: &str, sent: Instant) {
    let event = holdline::Event::new("delivered", format!("{who}-{sent}"));
    let event = event.source("mail").prospect(who).campaign("spring").at(sent);
    let outcome = engine.record(at("12:00"), event).unwrap();
    assert!(outcome.refusal().is_none(), "{outcome:?}");
}

/// Who stands how, and how many of the steps were sent.
fn standing(engine: &Engine) -> Vec<(String, Status, u16)> {
    let snapshot = engine.snapshot().unwrap();
    let view = snapshot.view("default").unwrap();
    let rows = view.list(&Selection::default(), None, 100).unwrap().rows;
    rows.into_iter().map(|row| (row.prospect, row.status, row.sent)).collect()
}

fn status(engine: &Engine, who: &str) -> (Status, u16) {
    let all = standing(engine);
    let (_, status, sent) = all.into_iter().find(|(prospect, ..)| prospect == who).unwrap();
    (status, sent)
}

fn token(engine: &Engine, who: &str) -> Token {
    let snapshot = engine.snapshot().unwrap();
    let sends = snapshot.view("default").unwrap().in_flight();
    sends.into_iter().find(|send| send.prospect == who).unwrap().token
}

#[test]
fn what_was_due_by_the_restore_is_unknown_held_or_not_and_is_never_sent_by_itself() {
    let place = tempfile::tempdir().unwrap();
    let engine = restored(place.path());
    use Status::{OutcomeUnknown, Scheduled};
    let expected = [
        ("eve@e.io", OutcomeUnknown),
        ("ann@a.io", OutcomeUnknown),
        ("bob@b.io", OutcomeUnknown),
        ("cy@c.io", OutcomeUnknown),
        ("dee@d.io", Scheduled),
    ];
    let expected = expected.map(|(who, status)| (who.to_owned(), status, 0));
    assert_eq!(standing(&engine), expected);
    assert_eq!(send(&engine, at("12:00")), Vec::<String>::new());
    assert_eq!(send(&engine, instant("2026-03-03T09:00:00Z")), ["dee@d.io 1"]);
    let view = engine.snapshot().unwrap();
    let why = view.view("default").unwrap().explain("ann@a.io").unwrap();
    assert_eq!(
        why.enrollments[0].next,
        ["the data was restored from a backup, which does not know whether it went out between \
          Mon 2 Mar 2026 08:00 and Mon 2 Mar 2026 12:00; a delivery settles it, and only a person \
          has it sent again"]
    );
    // It is so after each further open, and with nothing but the journal.
    let digest = engine.snapshot().unwrap().digest();
    engine.close().unwrap();
    let again = place.path().join("again");
    let engine = open(&again);
    assert_eq!(engine.snapshot().unwrap().digest(), digest);
    engine.close().unwrap();
    std::fs::remove_dir_all(again.join("sled")).unwrap();
    let engine = open(&again);
    assert_eq!(engine.snapshot().unwrap().digest(), digest);
    assert_eq!(send(&engine, instant("2026-03-03T09:10:00Z")), Vec::<String>::new());
}

#[test]
fn deliveries_since_the_backup_settle_what_was_unknown_step_by_step() {
    let place = tempfile::tempdir().unwrap();
    let engine = restored(place.path());
    delivered(&engine, "ann@a.io", at("09:00"));
    // The second step was due half an hour later, before the restore: it may have gone out, too.
    assert_eq!(status(&engine, "ann@a.io"), (Status::OutcomeUnknown, 1));
    // The first step's delivery, told once more, says nothing of the second.
    let event = holdline::Event::new("delivered", "once-more").source("other");
    let event = event.prospect("ann@a.io").campaign("spring").at(at("09:00"));
    engine.record(at("12:00"), event).unwrap();
    assert_eq!(status(&engine, "ann@a.io"), (Status::OutcomeUnknown, 1));
    delivered(&engine, "ann@a.io", at("09:31"));
    assert_eq!(status(&engine, "ann@a.io"), (Status::Scheduled, 2));
    assert_eq!(send(&engine, at("12:00")), Vec::<String>::new());
    engine.apply(Command::new(instant("2026-03-05T09:30:00Z"), Action::Advance)).unwrap();
    assert_eq!(send(&engine, instant("2026-03-05T09:31:00Z"))[..1], ["ann@a.io 3"]);
}

#[test]
fn a_person_has_one_or_many_sent_again() {
    let place = tempfile::tempdir().unwrap();
    let engine = restored(place.path());
    let resend = Action::Resend { token: token(&engine, "ann@a.io"), reason: None };
    assert_eq!(give(&engine, at("12:00"), resend), Outcome::Applied);
    assert_eq!(send(&engine, at("12:00")), ["ann@a.io 1"]);
    let selection = Selection { status: Some(Status::OutcomeUnknown), ..Selection::default() };
    let resend = Action::ResendSelected { selection, reason: None };
    let nobody = engine.apply(Command::new(at("12:00"), resend.clone())).unwrap();
    assert_eq!(nobody, Outcome::Refused(Refusal::NeedsPerson));
    let Outcome::Resent { selected, resent, still_held, held_by } =
        give(&engine, at("12:00"), resend)
    else {
        panic!("expected it to be sent again");
    };
    // What holds bob and cy in the backup holds them: that bob's pause was lifted it does not know.
    assert_eq!((selected, resent, still_held, held_by.len()), (3, 3, 2, 2));
    assert_eq!(status(&engine, "bob@b.io").0, Status::Paused);
    assert_eq!(status(&engine, "cy@c.io").0, Status::Stopped);
    assert_eq!(send(&engine, at("12:01")), ["eve@e.io 1"]);
}

#[test]
fn a_claim_of_before_the_restore_cannot_be_confirmed_and_may_be_reported() {
    let place = tempfile::tempdir().unwrap();
    let engine = restored(place.path());
    let claimed = token(&engine, "eve@e.io");
    let refused = engine.confirm(at("12:00"), claimed).unwrap();
    assert!(matches!(refused, Err(Refusal::StaleToken { .. })), "{refused:?}");
    let sent = Report::Sent { at: at("08:01") };
    assert_eq!(engine.report(at("12:00"), claimed, sent).unwrap(), Outcome::Applied);
    assert_eq!(status(&engine, "eve@e.io"), (Status::OutcomeUnknown, 1), "of the next step");
    let incarnation = |who: &str| token(&engine, who).incarnation;
    assert_eq!(incarnation("ann@a.io"), claimed.incarnation + 1, "the restore's");
    assert_eq!(incarnation("eve@e.io"), claimed.incarnation + 2, "the first open's after it");
}

#[test]
fn only_a_restore_says_that_there_was_one() {
    let engine = Engine::in_memory().unwrap();
    let outcome = give(&engine, at("08:00"), Action::Restored { until: at("09:00") });
    assert!(matches!(outcome, Outcome::Refused(Refusal::InvalidValue { .. })), "{outcome:?}");
}

#[test]
fn a_restore_that_fails_leaves_nothing_behind() {
    let place = tempfile::tempdir().unwrap();
    let copy = place.path().join("copy");
    let engine = begun(&place.path().join("data"));
    engine.backup(&copy, true).unwrap();
    engine.close().unwrap();
    let parts = ["base", "journal"].map(|part| {
        let mut files = std::fs::read_dir(copy.join(part)).unwrap();
        files.next().unwrap().unwrap().path()
    });
    let (new, empty) = (place.path().join("new"), place.path().join("empty"));
    std::fs::create_dir(&empty).unwrap();
    for file in parts {
        let whole = std::fs::read(&file).unwrap();
        let mut harmed = whole.clone();
        let middle = harmed.len() / 2;
        harmed[middle] ^= 1;
        std::fs::write(&file, harmed).unwrap();
        for to in [&new, &empty] {
            assert!(holdline::restore(&copy, to, at("12:00")).is_err(), "{}", file.display());
        }
        assert!(!new.exists(), "{}", file.display());
        assert_eq!(std::fs::read_dir(&empty).unwrap().count(), 0, "{}", file.display());
        std::fs::write(&file, whole).unwrap();
    }
    for to in [&new, &empty] {
        holdline::restore(&copy, to, at("12:00")).unwrap();
    }
}
