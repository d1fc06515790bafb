//! What is read cold beside what the state has. It knows nothing of how records are found.

use std::fs;
use std::path::Path;

use chrono::{Days, NaiveDate};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use super::ColdStore;
use crate::engine::{Engine, Snapshot, planned};
use crate::json::read_command;
use crate::model::{Action, Command, Instant, Outcome, Report};
use crate::plan::Zone;
use crate::store::Options;

const BEGIN: &str = "2026-03-27T07:00:00Z";
const WORKSPACES: [&str; 2] = ["default", "other"];
const SENDERS: [(&str, &str); 3] =
    [("s1", "Europe/Berlin"), ("s2", "Asia/Kolkata"), ("s3", "America/New_York")];

fn instant(text: &str) -> Instant {
    text.parse().unwrap()
}

/// A command of its fields in JSON, without the instant and the workspace.
fn command(at: Instant, workspace: &str, fields: &str) -> Command {
    let text = format!(r#"{{"at":"{at}","workspace":"{workspace}",{fields}}}"#);
    read_command(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn begin(workspace: &str) -> Vec<Command> {
    let mut all = Vec::new();
    let at = instant(BEGIN);
    for (key, zone) in SENDERS {
        let sender =
            format!(r#""do":"put-sender","key":"{key}","zone":"{zone}","limit-per-day":4"#);
        all.push(command(at, workspace, &sender));
    }
    for (key, senders) in [("spring", r#""s1","s2""#), ("summer", r#""s2","s3""#)] {
        let steps = r#"[{"name":"a","hours":"09:00-17:00"},{"name":"b","delay":"2d"}]"#;
        let campaign =
            format!(r#""do":"put-campaign","key":"{key}","senders":[{senders}],"steps":{steps}"#);
        all.push(command(at, workspace, &campaign));
    }
    all
}

/// One thing to do: what, to whom, and how many hours after the last.
type Op = (u8, u8, usize, i64);

/// What a claim takes goes out, two thirds of it.
fn send(engine: &Engine, at: Instant, workspace: &str) {
    let claim = Command::new(at, Action::Claim { limit: 5, lease_ms: 60_000 }).workspace(workspace);
    let Outcome::Claimed { sends, .. } = engine.apply(claim).unwrap() else {
        return;
    };
    for send in sends.into_iter().filter(|send| send.token.index % 3 < 2) {
        let token = send.token;
        for action in
            [Action::Confirm { token }, Action::Report { token, report: Report::Sent { at } }]
        {
            engine.apply(Command::new(at, action).workspace(workspace)).unwrap();
        }
    }
}

fn act(engine: &Engine, at: Instant, (what, whom, workspace, _): Op) {
    let workspace = WORKSPACES[workspace];
    let prospect = format!("p{whom}@c{}.io", whom % 4);
    let campaign = ["spring", "summer"][usize::from(whom % 2)];
    let fields = match what {
        0..=4 => {
            let put = format!(r#""do":"put-prospect","key":"{prospect}""#);
            engine.apply(command(at, workspace, &put)).unwrap();
            format!(r#""do":"enroll","campaign":"{campaign}","prospect":"{prospect}""#)
        }
        5 => format!(r#""do":"pause","prospect":"{prospect}","by":"ann","reason":"x""#),
        6 => format!(r#""do":"resume","prospect":"{prospect}","by":"ann","reason":"x""#),
        7 => {
            let (key, zone) = SENDERS[usize::from(whom % 3)];
            let limit = whom % 5 + 1;
            format!(r#""do":"put-sender","key":"{key}","zone":"{zone}","limit-per-day":{limit}"#)
        }
        _ => return send(engine, at, workspace),
    };
    engine.apply(command(at, workspace, &fields)).unwrap();
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (path, to) = (entry.as_ref().unwrap().path(), to.join(entry.unwrap().file_name()));
        if path.is_dir() { copy(&path, &to) } else { assert!(fs::copy(&path, &to).is_ok()) }
    }
}

/// A store as a process leaves it that is killed now.
fn killed(path: &Path) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    copy(path, dir.path());
    dir
}

/// The agenda of some days without the checkpoint is what the state of that checkpoint has planned.
fn agrees(cold: &ColdStore, snapshot: &Snapshot, (from, days): (NaiveDate, u64)) -> TestCaseResult {
    let to = from + Days::new(days);
    for workspace in WORKSPACES {
        let all = planned(snapshot, workspace).unwrap();
        let found = cold.agenda(workspace, Some(from), |_| to).unwrap().unwrap();
        let hot = snapshot.view(workspace).unwrap().agenda(from, to);
        for (at, sender) in hot.senders.iter().enumerate() {
            let zone = Zone::named(&sender.zone).unwrap();
            let day = |at: &Instant| zone.date_of(*at);
            let mut expected = all[at].clone();
            expected.retain(|at| day(at) >= from && day(at) < to);
            prop_assert_eq!(&found.planned[at], &expected, "{} {}", workspace, sender.sender);
            let shown = &found.agenda.senders[at];
            let about = |it: &crate::engine::view::SenderAgenda| {
                (it.sender.clone(), it.zone.clone(), it.limit, it.held, it.days.len())
            };
            prop_assert_eq!(about(shown), about(sender));
            let told = shown.days.iter().map(|day| day.planned as usize).sum::<usize>();
            prop_assert_eq!(told, expected.len());
            let sent = |it: &crate::engine::view::SenderAgenda| {
                it.days.iter().map(|day| (day.sent, day.frozen)).collect::<Vec<_>>()
            };
            prop_assert_eq!(sent(shown), sent(sender));
        }
    }
    Ok(())
}

fn options() -> Options {
    Options { plans_when_idle: false, checkpoint_bytes: 0, ..Options::default() }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn what_is_planned_is_read_cold_as_the_checkpoint_knew_it(
        parts in prop::collection::vec(
            prop::collection::vec((0_u8..10, 0_u8..24, 0_usize..2, 0_i64..20), 1..40),
            1..4,
        ),
        day in 0_u64..20,
    ) {
        let dir = tempfile::tempdir().unwrap();
        let engine = Engine::open(dir.path(), options()).unwrap();
        WORKSPACES.into_iter().for_each(|it| drop(engine.apply_batch(begin(it)).unwrap()));
        let mut at = instant(BEGIN);
        for ops in parts {
            // What comes behind the checkpoint is not known to it.
            let after = ops.len() / 4;
            let (known, later) = ops.split_at(ops.len() - after);
            let mut run = |ops: &[Op]| {
                for op in ops {
                    at = at.plus_ms(op.3 * 3_600_000);
                    act(&engine, at, *op);
                }
            };
            run(known);
            engine.checkpoint().unwrap();
            let snapshot = engine.snapshot().unwrap();
            run(later);
            let copy = killed(dir.path());
            let cold = ColdStore::open(copy.path()).unwrap().unwrap();
            prop_assert_eq!(cold.seq(), snapshot.sequence());
            prop_assert_eq!(cold.later(), engine.snapshot().unwrap().sequence() - cold.seq());
            let first = Zone::UTC.date_of(instant(BEGIN));
            agrees(&cold, &snapshot, (first - Days::new(2), 3000))?;
            agrees(&cold, &snapshot, (first + Days::new(day), 1))?;
        }
    }
}

#[test]
fn one_day_of_a_hundred_thousand_timelines_is_a_small_part_of_what_there_is() {
    const ALL: usize = 100_000;
    let dir = tempfile::tempdir().unwrap();
    let engine = Engine::open(dir.path(), options()).unwrap();
    let at = instant(BEGIN);
    let mut commands = Vec::new();
    let senders: Vec<String> = (0..40).map(|at| format!("s{at}")).collect();
    for key in &senders {
        let sender = format!(r#""do":"put-sender","key":"{key}","limit-per-day":100"#);
        commands.push(command(at, "default", &sender));
    }
    let steps = r#"[{"name":"a","hours":"09:00-17:00","jitter":"4h"}]"#;
    for (number, key) in senders.iter().enumerate() {
        let campaign =
            format!(r#""do":"put-campaign","key":"c{number}","senders":["{key}"],"steps":{steps}"#);
        commands.push(command(at, "default", &campaign));
    }
    for number in 0..ALL {
        let key = format!("someone-{number}@company-{}.example", number / 20);
        let campaign = format!("c{}", number % senders.len());
        let prospect = crate::model::Prospect { key: key.clone(), ..Default::default() };
        commands.push(Command::new(at, Action::PutProspect(prospect)));
        commands.push(Command::new(at, Action::Enroll { campaign, prospect: key }));
    }
    for some in commands.chunks(20_000) {
        for outcome in engine.apply_batch(some.to_vec()).unwrap() {
            assert!(outcome.refusal().is_none(), "{outcome:?}");
        }
    }
    engine.close().unwrap();
    let day = NaiveDate::from_ymd_opt(2026, 4, 7).unwrap();
    let cold = ColdStore::open(dir.path()).unwrap().unwrap();
    let found = cold.agenda("default", Some(day), |day| day + Days::new(1)).unwrap().unwrap();
    let sends: usize = found.planned.iter().map(Vec::len).sum();
    assert!(sends > 1000, "{sends}");
    let (read, all) = (cold.read_bytes(), cold.read_all().unwrap());
    assert!(read * 10 < all, "{read} of {all} bytes");
    assert_eq!(cold.agenda("nowhere", None, |day| day).unwrap(), None);
}

#[test]
fn a_store_without_a_checkpoint_has_nothing_to_be_read_cold() {
    let dir = tempfile::tempdir().unwrap();
    let engine = Engine::open(dir.path(), options()).unwrap();
    let copy = killed(dir.path());
    assert!(ColdStore::open(copy.path()).unwrap().is_none());
    fs::remove_dir_all(copy.path().join("sled")).unwrap();
    assert!(ColdStore::open(copy.path()).unwrap().is_none());
    assert!(!copy.path().join("sled").exists());
    assert!(matches!(
        ColdStore::open(dir.path()),
        Err(crate::open::OpenError::Store(crate::store::StoreError::Locked { .. }))
    ));
    engine.close().unwrap();
    let cold = ColdStore::open(dir.path()).unwrap().unwrap();
    assert_eq!((cold.seq(), cold.later()), (1, 0));
}
