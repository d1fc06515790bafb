//! Whatever of a state differs makes another digest.

use std::collections::BTreeMap;

use super::Digest;
use crate::Policy;
use crate::engine::State;
use crate::json::read_command;
use crate::model::{Action, Command, Outcome};

const AT: &str = r#""at":"2026-03-02T08:00:00Z""#;

fn state(bodies: &[&str]) -> State {
    let mut state = State::new();
    let policy = Action::PutPolicy(Policy::default_rules());
    let policy = Command::new("2026-03-02T08:00:00Z".parse().unwrap(), policy);
    let read = |body: &&str| read_command(format!("{{{AT},{body}}}").as_bytes()).unwrap();
    for command in std::iter::once(policy).chain(bodies.iter().map(read)) {
        let mut command = state.erasing(command);
        let outcome = state.apply(&mut command).outcome;
        assert!(!matches!(outcome, Outcome::Refused(_)), "{command:?}: {outcome:?}");
    }
    state
}

fn digest(more: &[&str]) -> Digest {
    let there = [
        r#""do":"put-company","key":"acme.io""#,
        r#""do":"put-prospect","key":"ann@acme.io""#,
        r#""do":"put-prospect","key":"bob@acme.io""#,
        r#""do":"put-sender","key":"tom@ours.io""#,
        r#""do":"put-sender","key":"una@ours.io""#,
        r#""do":"put-campaign","key":"spring","senders":["tom@ours.io"],"steps":[{"name":"a"}]"#,
    ];
    state(&[&there[..], more].concat()).snapshot().digest()
}

/// Each of these, behind what is there, makes a digest of its own.
fn all_differ(all: &[&[&str]]) {
    let (mut seen, mut same) = (BTreeMap::new(), Vec::new());
    for more in all {
        same.extend(seen.insert(digest(more).to_string(), more).map(|before| (before, more)));
    }
    assert!(same.is_empty(), "{same:#?}");
}

#[test]
fn whatever_is_set_up_otherwise_makes_another_digest() {
    all_differ(&[
        &[],
        &[r#""do":"put-company","key":"acme.io","name":"Acme""#],
        &[r#""do":"put-company","key":"acme.io","name":"Acme Inc.""#],
        &[r#""do":"put-company","key":"acme.io","stage":"Acme""#],
        &[r#""do":"put-company","key":"acme.io","tags":["Acme"]"#],
        &[r#""do":"put-company","key":"acme.io","tags":["Ac","me"]"#],
        &[r#""do":"put-company","key":"acme.io","domains":["acme.com"]"#],
        &[r#""do":"put-company","key":"acme.com""#],
        &[r#""do":"put-prospect","key":"ann@acme.io","zone":"Europe/Berlin""#],
        &[r#""do":"put-prospect","key":"ann@acme.io","zone":"Europe/Paris""#],
        &[r#""do":"put-prospect","key":"ann@acme.io","tags":["vip"]"#],
        &[r#""do":"put-prospect","key":"ann@acme.io","fields":{"title":"vip"}"#],
        &[r#""do":"put-prospect","key":"ann@acme.io","fields":{"vip":"title"}"#],
        &[r#""do":"put-prospect","key":"ann@acme.io","address":"ann@acme.com""#],
        &[r#""do":"put-prospect","key":"cy@acme.io""#],
        &[r#""do":"put-prospect","key":"dee@acme.io""#],
        &[r#""do":"put-sender","key":"una@ours.io","zone":"Europe/Berlin""#],
        &[r#""do":"put-sender","key":"una@ours.io","limit-per-day":10"#],
        &[r#""do":"put-sender","key":"una@ours.io","limit-per-day":11"#],
        &[r#""do":"put-sender","key":"una@ours.io","gap":"60s""#],
        &[r#""do":"put-sender","key":"una@ours.io","frozen":["2026-08-03..2026-08-14"]"#],
        &[r#""do":"put-sender","key":"una@ours.io","frozen":["2026-08-03..2026-08-15"]"#],
        &[r#""do":"put-campaign","key":"spring","zone":"Europe/Berlin""#],
        &[r#""do":"put-campaign","key":"spring","tags":["cold"]"#],
        &[r#""do":"put-campaign","key":"spring","senders":["una@ours.io"]"#],
        &[r#""do":"put-campaign","key":"spring","steps":[{"name":"b"}]"#],
        &[r#""do":"put-campaign","key":"spring","steps":[{"name":"a","hours":"09:00-17:00"}]"#],
        &[r#""do":"put-campaign","key":"spring","placement":"rolling""#],
        &[r#""do":"put-campaign","key":"spring","enrolled-elsewhere":"reject""#],
        &[r#""do":"put-campaign","key":"spring","added-steps":"ignore""#],
        &[r#""do":"put-campaign","key":"spring","max-lateness":"1d""#],
        &[r#""do":"put-campaign","key":"spring","company-pace":"2 per day""#],
        &[r#""do":"configure","zone":"Europe/Berlin""#],
        &[r#""do":"configure","holidays":["de"]"#],
        &[r#""do":"configure","closed":["2026-12-24"]"#],
        &[r#""do":"configure","closed":["2026-12-24..2026-12-25"]"#],
    ]);
}

#[test]
fn whatever_happens_makes_another_digest() {
    let bounce =
        r#""do":"record","event":{"type":"bounce","class":"soft","prospect":"ann@acme.io""#;
    let bounced = |id: &str, more: &str| format!(r#"{bounce},"id":"{id}"{more}}}"#);
    let (first, second) = (bounced("e1", ""), bounced("e2", ""));
    let sourced = bounced("e1", r#","source":"mail""#);
    let early = bounced("e1", r#","at":"2026-03-01T08:00:00Z""#);
    let enrolled = r#""do":"enroll","campaign":"spring","prospect":"ann@acme.io""#;
    let by = r#""prospect":"bob@acme.io","by":"ann""#;
    let paused = |more: &str| format!(r#""do":"pause",{by}{more}"#);
    let (plain, why) = (paused(""), paused(r#","reason":"asked""#));
    let (otherwise, until) =
        (paused(r#","reason":"a trip""#), paused(r#","until":"2026-03-09T00:00:00Z""#));
    let stopped = format!(r#""do":"stop",{by},"reason":"asked""#);
    let lifted = r#""do":"lift","hold":0,"by":"ann""#;
    let lifted_why = r#""do":"lift","hold":0,"by":"ann","reason":"back""#;
    all_differ(&[
        &[],
        &[enrolled],
        &[enrolled, r#""do":"pause","everything":true,"by":"ann""#],
        &[&first],
        &[&second],
        &[&sourced],
        &[&early],
        &[&first, &second],
        &[&first, r#""do":"retract","event":"e1""#],
        &[r#""do":"retract","event":"e1""#],
        &[&plain],
        &[&why],
        &[&otherwise],
        &[&until],
        &[&stopped],
        &[&plain, lifted],
        &[&plain, lifted_why],
        &[r#""do":"advance","workspace":"other""#],
        &[r#""do":"forget","prospect":"ann@acme.io""#],
    ]);
}

#[test]
fn what_comes_in_another_order_has_the_same_digest() {
    let people = [r#""do":"put-prospect","key":"a@x.io""#, r#""do":"put-prospect","key":"b@x.io""#];
    let senders = [r#""do":"put-sender","key":"s1""#, r#""do":"put-sender","key":"s2""#];
    let of = |its: [&str; 4]| state(&its).snapshot().digest();
    let [a, b] = people;
    let [s1, s2] = senders;
    assert_eq!(of([a, b, s1, s2]), of([s2, s1, b, a]));
}
