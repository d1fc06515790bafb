//! Rows 6 to 8 and 10: what a person pauses (one, a campaign, a selection), and how it is found.

use holdline::{Selection, Status};
use serde_json::{Value as Json, json};

use crate::apply::{Host, holds};

fn steps() -> Json {
    json!([{"name": "a"}, {"name": "b", "delay": "1d"}, {"name": "c", "delay": "1d"}])
}

fn host() -> Host {
    let mut host = Host::new();
    host.campaign("spring", steps());
    host.campaign("summer", steps());
    host
}

#[test]
fn row_06_pausing_one_prospect_in_a_campaign() {
    let mut host = host();
    host.enrolled("spring", &["ann@acme.io", "bob@acme.io"]);
    host.enroll("summer", "ann@acme.io");
    let held = host.ok(json!({
        "do": "pause", "campaign": "spring", "prospect": "ann@acme.io", "by": "ops",
        "reason": "she called",
    }));
    assert_eq!(held["ok"], "held");
    let view = host.view("spring", "ann@acme.io");
    assert_eq!(view.status, Status::Paused);
    assert!(view.manually_paused);
    assert_eq!(view.holds.len(), 1);
    assert_eq!(host.status("summer", "ann@acme.io"), "scheduled");
    assert_eq!(host.status("spring", "bob@acme.io"), "scheduled");
    assert_eq!(host.send(), ["bob@acme.io 1", "ann@acme.io 1"]);
    assert_eq!(host.view("summer", "ann@acme.io").sent, 1);
    assert_eq!(host.view("spring", "ann@acme.io").sent, 0);
}

#[test]
fn row_06_a_pause_of_one_needs_one_who_is_there() {
    let mut host = host();
    host.enrolled("spring", &["ann@acme.io"]);
    let before = host.digest();
    for (command, message) in [
        (
            json!({"do": "pause", "campaign": "summer", "prospect": "ann@acme.io"}),
            "unknown enrollment `ann@acme.io in summer`",
        ),
        (
            json!({"do": "pause", "campaign": "winter", "prospect": "ann@acme.io"}),
            "unknown campaign `winter`",
        ),
        (json!({"do": "pause", "prospect": "nobody@acme.io"}), "unknown prospect `nobody@acme.io`"),
    ] {
        let (code, found) = host.refused(command);
        assert_eq!((code.as_str(), found.as_str()), ("unknown", message));
    }
    assert_eq!(host.digest(), before);
}

#[test]
fn row_07_pausing_a_whole_campaign() {
    let mut host = host();
    host.enrolled("spring", &["ann@acme.io", "dan@other.io"]);
    host.enroll("summer", "ann@acme.io");
    let held = host.ok(json!({"do": "pause", "campaign": "spring", "by": "ops"}));
    assert_eq!(held.get("members"), None, "it lists nobody: {held}");
    assert_eq!(host.status("spring", "ann@acme.io"), "paused");
    assert!(host.view("spring", "dan@other.io").manually_paused);
    assert_eq!(host.status("summer", "ann@acme.io"), "scheduled");
    // Who comes later is covered too.
    host.prospect("eve@third.io");
    let enrolled = host.enroll("spring", "eve@third.io");
    assert_eq!(holds(&enrolled), ["pause campaign spring by a person"]);
    assert_eq!(host.send(), ["ann@acme.io 1"]);
    host.ok(json!({"do": "resume", "campaign": "spring", "by": "ops"}));
    let sent = host.send();
    assert_eq!(sent, ["ann@acme.io 1", "dan@other.io 1", "eve@third.io 1"]);
}

#[test]
fn row_07_a_pause_with_an_end_is_gone_at_its_end() {
    let mut host = host();
    host.enrolled("spring", &["ann@acme.io"]);
    host.ok(json!({"do": "pause", "campaign": "spring", "until": "2026-03-04T10:30:00Z"}));
    host.sends_at("2026-03-04T10:30:00Z", &["ann@acme.io 1"]);
}

#[test]
fn row_08_pausing_everything_in_progress_at_once() {
    let mut host = host();
    host.enrolled("spring", &["ann@acme.io", "bob@acme.io", "cy@acme.io"]);
    host.enroll("summer", "ann@acme.io");
    host.ok(json!({"do": "pause", "campaign": "spring", "prospect": "cy@acme.io"}));
    let held = host.ok(json!({
        "do": "pause", "by": "ops", "reason": "all hands",
        "selection": {"campaign": "spring", "status": "in-progress"},
    }));
    assert_eq!(held["members"], 2, "cy was paused already: {held}");
    for prospect in ["ann@acme.io", "bob@acme.io"] {
        let view = host.view("spring", prospect);
        assert_eq!(view.status, Status::Paused);
        assert_eq!(Json::from(view.holds[0].id.0), held["hold"], "one hold for all");
        assert!(view.holds[0].selection);
    }
    assert_eq!(host.status("summer", "ann@acme.io"), "scheduled");
    // Who comes later was not selected.
    host.prospect("eve@acme.io");
    assert_eq!(holds(&host.enroll("spring", "eve@acme.io")), Vec::<String>::new());
    assert_eq!(host.send(), ["ann@acme.io 1", "eve@acme.io 1"]);
    host.ok(json!({"do": "lift", "hold": held["hold"], "by": "ops"}));
    assert_eq!(host.send(), ["ann@acme.io 1", "bob@acme.io 1"]);
}

#[test]
fn row_08_a_selection_by_step_and_by_search() {
    let mut host = host();
    host.enrolled("spring", &["ann@acme.io", "bob@other.io"]);
    host.send();
    host.later(60);
    host.enrolled("spring", &["cy@acme.io", "dan@other.io"]);
    let held = host.ok(json!({"do": "pause", "selection": {"campaign": "spring", "step": 2}}));
    assert_eq!(held["members"], 2);
    assert_eq!(host.status("spring", "ann@acme.io"), "paused");
    assert_eq!(host.status("spring", "bob@other.io"), "paused");
    assert_eq!(host.status("spring", "cy@acme.io"), "scheduled");
    let held = host.ok(json!({"do": "pause", "selection": {"search": "OTHER.io", "step": 1}}));
    assert_eq!(held["members"], 1);
    assert_eq!(host.status("spring", "dan@other.io"), "paused");
    assert_eq!(host.send(), ["cy@acme.io 1"]);
}

#[test]
fn row_08_a_batch_is_the_same_as_its_commands_one_by_one() {
    let commands = |host: &mut Host| {
        host.enrolled("spring", &["ann@acme.io", "bob@other.io"]);
        let lines = [
            r#"{"do":"pause","at":"2026-03-02T08:00:00Z","selection":{"status":"in-progress"}}"#,
            r#"{"do":"pause","at":"2026-03-02T08:00:00Z","campaign":"winter"}"#,
            r#"{"do":"resume","at":"2026-03-02T08:05:00Z","prospect":"ann@acme.io"}"#,
            r#"{"do":"resume","at":"2026-03-02T08:06:00Z","selection":{"search":"other"}}"#,
        ];
        lines.map(|line| holdline::json::read_command(line.as_bytes()).unwrap())
    };
    let mut one_by_one = host();
    let single = commands(&mut one_by_one).map(|it| one_by_one.engine.apply(it).unwrap());
    let mut at_once = host();
    let batch = commands(&mut at_once).to_vec();
    assert_eq!(at_once.engine.apply_batch(batch).unwrap(), single);
    assert!(single[1].refusal().is_some(), "a refused one does not stop the others");
    assert_eq!(at_once.digest(), one_by_one.digest());
    assert_eq!(at_once.send(), ["bob@other.io 1"]);
}

#[test]
fn row_08_a_selection_that_matches_nobody_changes_nothing() {
    let mut host = host();
    host.enrolled("spring", &["ann@acme.io"]);
    let before = host.digest();
    let (code, message) = host.refused(json!({
        "do": "pause", "selection": {"campaign": "spring", "status": "finished"},
    }));
    assert_eq!(code, "invalid-value");
    assert_eq!(message, "`selection`: no enrollment matches it");
    let (code, message) = host.refused(json!({"do": "pause", "selection": {"campaign": "autumn"}}));
    assert_eq!((code.as_str(), message.as_str()), ("unknown", "unknown campaign `autumn`"));
    assert_eq!(host.digest(), before);
}

#[test]
fn row_10_a_prospect_is_found_by_search_step_and_status() {
    let mut host = host();
    host.ok(json!({"do": "put-prospect", "key": "p-1", "address": "Ann.Lee@Acme.io"}));
    host.ok(json!({"do": "put-prospect", "key": "p-2", "address": "bob@other.io"}));
    host.ok(json!({"do": "put-prospect", "key": "p-3", "company": "Lee & Sons"}));
    for prospect in ["p-1", "p-2", "p-3"] {
        host.enroll("spring", prospect);
    }
    host.enroll("summer", "p-1");
    host.ok(json!({"do": "pause", "campaign": "spring", "prospect": "p-2"}));
    assert_eq!(host.send().len(), 3);
    host.event("opt-out", json!({"prospect": "p-3"}));
    let found = |selection: Selection| {
        let rows = host.list(selection).into_iter();
        rows.map(|row| format!("{} {}", row.campaign, row.prospect)).collect::<Vec<_>>()
    };
    let search = |text: &str| Selection { search: Some(text.to_owned()), ..Selection::default() };
    assert_eq!(found(search("ann.lee")), ["spring p-1", "summer p-1"], "address");
    assert_eq!(found(search("P-2")), ["spring p-2"], "key");
    assert_eq!(found(search("& sons")), ["spring p-3"], "company");
    assert_eq!(found(search("lee")), ["spring p-1", "spring p-3", "summer p-1"]);
    assert_eq!(found(search("nobody")), Vec::<String>::new());
    let step = |step| Selection { step: Some(step), ..Selection::default() };
    assert_eq!(found(step(1)), ["spring p-2"]);
    assert_eq!(found(step(2)), ["spring p-1", "spring p-3", "summer p-1"]);
    assert_eq!(found(step(3)), Vec::<String>::new());
    let status = |status| Selection { status: Some(status), ..Selection::default() };
    assert_eq!(found(status(Status::Scheduled)), ["spring p-1", "summer p-1"]);
    assert_eq!(found(status(Status::Paused)), ["spring p-2"]);
    assert_eq!(found(status(Status::Stopped)), ["spring p-3"]);
    assert_eq!(found(status(Status::Finished)), Vec::<String>::new());
    let both = Selection { status: Some(Status::Scheduled), ..search("lee") };
    assert_eq!(found(both), ["spring p-1", "summer p-1"]);
}
