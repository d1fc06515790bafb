//! Engine time and the identity of commands.

use holdline::Engine;
use serde_json::json;

use crate::apply::{Host, holds};

fn host() -> Host {
    let mut host = Host::new();
    host.campaign("spring", json!([{"name": "a"}]));
    host
}

#[test]
fn an_earlier_instant_is_raised_to_the_engines_time() {
    let mut host = host();
    host.enrolled("spring", &["ann@acme.io"]);
    let early = json!({"do": "claim", "at": "2020-01-01T00:00:00Z", "limit": 1, "lease": "5m"});
    let claimed = host.ok(early);
    assert_eq!(claimed["sends"][0]["lease-until"], "2026-03-02T08:05:00Z");
    let early = json!({
        "do": "pause", "at": "2026-03-01T00:00:00Z", "prospect": "ann@acme.io",
        "until": "2026-03-02T07:00:00Z",
    });
    assert_eq!(host.ok(early)["live"], false, "its end is past by the engine's time");
}

#[test]
fn more_than_a_day_ahead_is_refused_unless_it_is_an_advance() {
    let mut host = host();
    host.enrolled("spring", &["ann@acme.io"]);
    let before = host.digest();
    let ahead = |command: &str, at: &str| match command {
        "claim" => json!({"do": "claim", "at": at, "limit": 1, "lease": "5m"}),
        other => json!({"do": other, "at": at}),
    };
    let (code, message) = host.refused(ahead("claim", "2026-03-03T08:00:00.001Z"));
    assert_eq!(code, "too-far-ahead");
    let expected = "the command is for 2026-03-03T08:00:00.001Z, more than 24 hours past \
                    2026-03-02T08:00:00Z; use `advance` to get there";
    assert_eq!(message, expected);
    assert_eq!(host.digest(), before);
    host.ok(ahead("claim", "2026-03-03T08:00:00Z"));
    host.ok(ahead("advance", "2027-03-03T08:00:00Z"));
    host.ok(ahead("claim", "2027-03-03T09:00:00Z"));
}

#[test]
fn a_command_id_returns_the_recorded_outcome() {
    let mut host = host();
    host.prospect("ann@acme.io");
    let enroll = json!({
        "do": "enroll", "id": "c1", "campaign": "spring", "prospect": "ann@acme.io",
    });
    let first = host.ok(enroll.clone());
    let claim = json!({"do": "claim", "id": "c2", "limit": 5, "lease": "5m"});
    let claimed = host.ok(claim.clone());
    assert_eq!(claimed["sends"].as_array().unwrap().len(), 1);
    let digest = host.digest();
    host.later(30);
    assert_eq!(host.ok(enroll), first, "not refused as enrolled already");
    assert_eq!(host.ok(claim), claimed, "the same sends, not others");
    let other = json!({"do": "pause", "everything": true, "id": "c1"});
    assert_eq!(host.ok(other), first, "the id is the identity");
    assert_eq!(host.digest(), digest);
}

#[test]
fn a_refusal_is_recorded_under_its_command_id_too() {
    let mut host = host();
    let enroll = json!({
        "do": "enroll", "id": "c1", "campaign": "spring", "prospect": "ann@acme.io",
    });
    let refused = host.tell(enroll.clone());
    assert_eq!(refused["refused"], "unknown");
    host.prospect("ann@acme.io");
    assert_eq!(host.tell(enroll.clone()), refused);
    let mut again = enroll;
    again["id"] = "c2".into();
    host.ok(again);
}

#[test]
fn two_pauses_without_ids_are_two_and_with_one_id_are_one() {
    let mut host = host();
    host.enrolled("spring", &["ann@acme.io"]);
    let pause = json!({"do": "pause", "id": "p1", "prospect": "ann@acme.io"});
    let first = host.ok(pause.clone());
    assert_eq!(host.ok(pause), first);
    assert_eq!(host.view("spring", "ann@acme.io").holds.len(), 1);
}

#[test]
fn a_new_policy_touches_no_live_hold() {
    let mut host = host();
    host.enrolled("spring", &["ann@acme.io", "bob@acme.io"]);
    host.reply("ann@acme.io");
    let before = host.view("spring", "bob@acme.io");
    host.policy("policy 1\nrule gentle { on reply pause prospect }\n");
    assert_eq!(host.view("spring", "bob@acme.io"), before);
    assert_eq!(before.holds.len(), 1);
    let recorded = host.reply("bob@acme.io");
    assert_eq!(holds(&recorded), ["pause prospect bob@acme.io by gentle"]);
}

#[test]
fn time_that_a_refused_command_let_pass_is_replayed() {
    let dir = tempfile::tempdir().unwrap();
    let open = || Engine::open(dir.path(), holdline::Options::default()).unwrap();
    let mut host = host_on(open());
    host.enrolled("spring", &["ann@acme.io"]);
    host.ok(json!({"do": "pause", "campaign": "spring", "until": "2026-03-02T09:00:00Z"}));
    host.at("2026-03-02T10:00:00Z");
    assert_eq!(host.refused(json!({"do": "pause", "campaign": "winter"})).0, "unknown");
    assert_eq!(host.status("spring", "ann@acme.io"), "scheduled");
    let digest = host.digest();
    drop(host);
    std::fs::remove_dir_all(dir.path().join("sled")).unwrap();
    let engine = open();
    assert_eq!(engine.snapshot().unwrap().digest(), digest);
}

fn host_on(engine: Engine) -> Host {
    let mut host = Host::bare(crate::apply::MONDAY);
    host.engine = engine;
    host.ok(json!({"do": "put-sender", "key": "s1"}));
    host.campaign("spring", json!([{"name": "a"}]));
    host
}
