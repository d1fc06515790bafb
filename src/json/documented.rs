//! What docs/commands.md shows is what is read and written.

use super::{read_command, write_command, write_outcome};
use crate::model::{
    BlockedBy, DueSend, HoldChange, HoldId, HoldKind, Instant, Outcome, Refusal, Revoked, Scope,
    Token, Verdict,
};

const PAGE: &str = include_str!("../../docs/commands.md");
const FIRST_DAY: &str = include_str!("../../examples/first-day.jsonl");

/// The lines of the page's blocks of this language.
pub(super) fn blocks(language: &str) -> Vec<&'static str> {
    let mut inside = false;
    let mut lines = Vec::new();
    for line in PAGE.lines() {
        if let Some(fence) = line.strip_prefix("```") {
            inside = fence == language;
        } else if inside {
            lines.push(line);
        }
    }
    lines
}

#[test]
fn every_command_on_the_page_is_read_and_every_command_is_on_the_page() {
    let mut verbs = std::collections::BTreeSet::new();
    for line in blocks("json") {
        let command = read_command(line.as_bytes()).unwrap_or_else(|error| {
            panic!("{line}\n{error}");
        });
        let again = read_command(write_command(&command).as_bytes());
        assert_eq!(again, Ok(command), "{line}");
        verbs.insert(line.split('"').nth(3).unwrap());
    }
    let all: std::collections::BTreeSet<&str> = super::read::verbs().collect();
    assert_eq!(verbs, all);
}

#[test]
fn the_first_day_is_read() {
    for line in FIRST_DAY.lines() {
        let command = read_command(line.as_bytes()).unwrap_or_else(|error| {
            panic!("{line}\n{error}");
        });
        // It is written by hand; the fields are in another order than the writer's.
        let again = read_command(write_command(&command).as_bytes());
        assert_eq!(again, Ok(command), "{line}");
    }
}

fn instant(text: &str) -> Instant {
    text.parse().unwrap()
}

fn token() -> Token {
    "1-52-0".parse().unwrap()
}

fn blocked(kind: HoldKind, scope: Scope, target: &str, rule: Option<&str>) -> BlockedBy {
    BlockedBy {
        hold: HoldId(7),
        kind,
        scope,
        target: target.into(),
        rule: rule.map(str::to_owned),
        until: None,
    }
}

fn stop() -> BlockedBy {
    let rule = Some("hard-bounce");
    blocked(HoldKind::Stop, Scope::Prospect, "ann@acme.example", rule)
}

/// The outcomes that the page shows, in its order, up to those of sending.
fn outcomes() -> Vec<Outcome> {
    let company = blocked(HoldKind::Pause, Scope::Company, "acme.example", Some("company-replied"));
    let in_campaign = BlockedBy {
        until: Some(instant("2026-03-09T00:00:00Z")),
        ..blocked(HoldKind::Pause, Scope::CompanyInCampaign, "acme.example in spring", None)
    };
    vec![
        Outcome::Applied,
        Outcome::Duplicate,
        Outcome::Recorded {
            holds: vec![HoldChange {
                hold: HoldId(7),
                rule: "company-replied".into(),
                kind: HoldKind::Pause,
                scope: Scope::Company,
                target: "acme.example".into(),
                until: None,
                live: true,
            }],
            lifted: vec![HoldId(3)],
            ignored: false,
            errors: Vec::new(),
        },
        Outcome::Enrolled {
            sender: "ann@ours.example".into(),
            next: Some(instant("2026-03-02T09:00:00Z")),
            held_by: vec![in_campaign],
        },
        Outcome::Held { hold: HoldId(8), members: Some(120), live: true },
        Outcome::Resumed {
            selected: Some(120),
            lifted: 118,
            still_held: 2,
            held_by: vec![company],
        },
        Outcome::Rescheduled {
            selected: 120,
            moved: 117,
            lifted: 0,
            still_held: 3,
            held_by: Vec::new(),
        },
        Outcome::Retracted { seen: true, lifted: vec![HoldId(7)], kept: vec![HoldId(9)] },
        Outcome::Resent { selected: 120, resent: 118, still_held: 0, held_by: Vec::new() },
        Outcome::Forgotten { stopped: true },
    ]
}

/// Those of sending.
fn sending() -> Vec<Outcome> {
    let revoked = |why| Outcome::Confirmed(Verdict::Revoked(why));
    vec![
        Outcome::Claimed {
            sends: vec![DueSend {
                token: token(),
                campaign: "spring".into(),
                prospect: "ann@acme.example".into(),
                address: "ann@acme.example".into(),
                sender: "ann@ours.example".into(),
                step: 1,
                message: "hello".into(),
                attempt: 0,
                planned: instant("2026-03-02T09:00:00Z"),
                lease_until: instant("2026-03-02T09:05:00Z"),
            }],
            more: false,
        },
        Outcome::Claimed { sends: Vec::new(), more: true },
        Outcome::Confirmed(Verdict::Go),
        revoked(Revoked::Held(vec![stop()])),
        revoked(Revoked::OutsideWindow),
        revoked(Revoked::LimitReached),
        revoked(Revoked::GapNotPassed),
    ]
}

fn refusals() -> Vec<Refusal> {
    let (nine, ten) = (instant("2026-03-02T09:00:00Z"), instant("2026-03-02T10:00:00Z"));
    let prospect = || "ann@acme.example".to_owned();
    vec![
        Refusal::InvalidKey { field: "prospect".into(), why: "a key cannot be empty".into() },
        Refusal::InvalidValue { field: "zone".into(), why: "expected an IANA name".into() },
        Refusal::Unknown { what: "campaign".into(), key: "sprang".into() },
        Refusal::UnknownEventType {
            kind: "replied".into(),
            help: "; did you mean `reply`?".into(),
        },
        Refusal::BadAttribute {
            kind: "reply".into(),
            attribute: "kind".into(),
            why: "missing".into(),
        },
        Refusal::BadSubject { kind: "reply".into(), why: "expected a prospect".into() },
        Refusal::EventInFuture { at: ten, now: nine },
        Refusal::EventTooOld { at: nine, horizon: ten },
        Refusal::TooFarAhead { at: instant("2026-03-04T09:00:00Z"), now: nine },
        Refusal::PolicyErrors { errors: 2, first: "unknown scope `compny`".into() },
        Refusal::NoPolicy,
        Refusal::AlreadyEnrolled { campaign: "spring".into(), prospect: prospect() },
        Refusal::Stopped { prospect: prospect(), held_by: vec![stop()] },
        Refusal::InAnotherCampaign {
            campaign: "spring".into(),
            prospect: prospect(),
            other: "winter".into(),
        },
        Refusal::NeedsPerson,
        Refusal::StaleToken { token: token(), why: "its lease has ended".into() },
        Refusal::Limit { what: "limit".into(), most: 10_000, found: 20_000 },
    ]
}

#[test]
fn every_outcome_on_the_page_is_what_is_written() {
    let outcomes = outcomes().into_iter().chain(sending());
    let outcomes = outcomes.chain(refusals().into_iter().map(Outcome::Refused));
    let written: Vec<String> = outcomes.map(|outcome| write_outcome(&outcome)).collect();
    let shown = blocks("outcome");
    for (shown, written) in shown.iter().zip(&written) {
        assert_eq!(shown, written);
    }
    assert_eq!(shown.len(), written.len());
}

#[test]
fn the_table_of_refusals_has_every_code() {
    for refusal in refusals() {
        let row = format!("| `{}` |", super::refusal_code(&refusal));
        assert!(PAGE.contains(&row), "{row}");
    }
}

#[test]
fn the_error_on_the_page_is_what_is_written() {
    let line = br#"{"do":"enrol","at":"2026-03-02T09:00:00Z"}"#;
    let error = read_command(line).unwrap_err();
    assert_eq!(blocks("error"), [error.to_json()]);
}
