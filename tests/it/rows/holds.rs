//! Holds are a set: how they are placed, shortened by nothing, lifted one by one.

use holdline::Status;
use serde_json::{Value as Json, json};

use crate::apply::{Host, holds};

fn host() -> Host {
    let mut host = Host::new();
    host.campaign("spring", json!([{"name": "a"}, {"name": "b", "delay": "1d"}]));
    host.enrolled("spring", &["ann@acme.io", "bob@acme.io"]);
    host
}

fn pause_ann(until: Option<&str>) -> Json {
    let mut pause = json!({"do": "pause", "prospect": "ann@acme.io", "by": "ops"});
    if let Some(until) = until {
        pause["until"] = until.into();
    }
    pause
}

#[test]
fn pausing_twice_and_lifting_once_leaves_one() {
    let mut host = host();
    let first = host.ok(pause_ann(None));
    let second = host.ok(pause_ann(None));
    assert_ne!(first["hold"], second["hold"]);
    assert_eq!(host.view("spring", "ann@acme.io").holds.len(), 2);
    host.ok(json!({"do": "lift", "hold": first["hold"]}));
    assert_eq!(host.view("spring", "ann@acme.io").holds.len(), 1);
    assert_eq!(host.send(), ["bob@acme.io 1"]);
    let again = host.refused(json!({"do": "lift", "hold": first["hold"]}));
    assert_eq!(again.0, "unknown", "{}", again.1);
    host.ok(json!({"do": "lift", "hold": second["hold"]}));
    assert_eq!(host.send(), ["ann@acme.io 1"]);
}

#[test]
fn a_resume_lifts_each_pause_of_the_target_and_says_how_many() {
    let mut host = host();
    host.ok(pause_ann(None));
    host.ok(pause_ann(Some("2026-03-09T08:00:00Z")));
    let resumed = host.ok(json!({"do": "resume", "prospect": "ann@acme.io"}));
    assert_eq!(resumed["lifted"], 2);
    assert_eq!(resumed["still-held"], 0);
    assert_eq!(host.status("spring", "ann@acme.io"), "scheduled");
}

#[test]
fn a_shorter_hold_never_shortens_a_longer_one() {
    for order in [["03-09", "03-04"], ["03-04", "03-09"]] {
        let mut host = host();
        for day in order {
            host.ok(pause_ann(Some(&format!("2026-{day}T08:00:00Z"))));
        }
        assert_eq!(host.send(), ["bob@acme.io 1"]);
        host.ok(json!({"do": "pause", "campaign": "spring", "prospect": "bob@acme.io"}));
        host.at("2026-03-04T08:00:00Z");
        assert_eq!(host.view("spring", "ann@acme.io").holds.len(), 1);
        host.sends_at("2026-03-09T08:00:00Z", &["ann@acme.io 1"]);
    }
}

#[test]
fn a_hold_is_gone_at_its_end_and_not_a_millisecond_earlier() {
    let mut host = host();
    host.ok(pause_ann(Some("2026-03-02T09:00:00Z")));
    host.at("2026-03-02T08:59:59.999Z");
    assert_eq!(host.status("spring", "ann@acme.io"), "paused");
    assert_eq!(host.send(), ["bob@acme.io 1"]);
    host.at("2026-03-02T09:00:00Z").ok(json!({"do": "advance"}));
    assert_eq!(host.status("spring", "ann@acme.io"), "scheduled");
    assert_eq!(host.send(), ["ann@acme.io 1"]);
}

#[test]
fn a_hold_whose_end_is_past_is_recorded_without_effect() {
    let mut host = host();
    for until in ["2026-03-01T08:00:00Z", "2026-03-02T08:00:00Z"] {
        let held = host.ok(pause_ann(Some(until)));
        assert_eq!(held["live"], false, "{held}");
    }
    assert_eq!(host.send(), ["ann@acme.io 1", "bob@acme.io 1"]);
}

#[test]
fn a_stop_of_a_person_has_no_end_and_is_stronger_than_a_pause() {
    let mut host = host();
    host.ok(pause_ann(None));
    host.ok(json!({"do": "stop", "prospect": "ann@acme.io", "by": "ops", "reason": "lawyer"}));
    let view = host.view("spring", "ann@acme.io");
    assert_eq!(view.status, Status::Stopped);
    assert_eq!(view.holds[0].kind.to_string(), "stop", "the strongest first");
    let resumed = host.ok(json!({"do": "resume", "prospect": "ann@acme.io", "by": "ops"}));
    assert_eq!(resumed["lifted"], 1);
    assert_eq!(resumed["still-held"], 1);
    assert_eq!(holds(&resumed), ["stop prospect ann@acme.io by a person"]);
    assert_eq!(host.status("spring", "ann@acme.io"), "stopped");
}

#[test]
fn a_resume_leaves_wider_holds_and_answers_them() {
    let mut host = host();
    let enrollment = json!({"do": "pause", "campaign": "spring", "prospect": "ann@acme.io"});
    host.ok(enrollment);
    host.ok(json!({"do": "pause", "company": "acme.io", "campaign": "spring"}));
    host.ok(json!({"do": "pause", "company": "acme.io"}));
    host.ok(json!({"do": "pause", "sender": "s1"}));
    host.ok(json!({"do": "pause", "campaign": "spring"}));
    host.ok(json!({"do": "pause", "everything": true}));
    let resumed = host.ok(json!({
        "do": "resume", "selection": {"prospect": "ann@acme.io"}, "by": "ops",
    }));
    assert_eq!(resumed["selected"], 1);
    assert_eq!(resumed["lifted"], 1);
    assert_eq!(resumed["still-held"], 1);
    let mut left = holds(&resumed);
    left.sort();
    let wider = [
        "pause campaign spring by a person",
        "pause company acme.io by a person",
        "pause company-in-campaign acme.io in spring by a person",
        "pause sender s1 by a person",
        "pause workspace everything by a person",
    ];
    assert_eq!(left, wider);
    // They go one by one, and only the last lets anyone go.
    for target in [
        json!({"company": "acme.io", "campaign": "spring"}),
        json!({"company": "acme.io"}),
        json!({"sender": "s1"}),
        json!({"campaign": "spring"}),
        json!({"everything": true}),
    ] {
        assert_eq!(host.send(), Vec::<String>::new(), "before {target}");
        let mut resume = target;
        resume["do"] = "resume".into();
        assert_eq!(host.ok(resume)["lifted"], 1);
    }
    assert_eq!(host.send(), ["ann@acme.io 1", "bob@acme.io 1"]);
}

#[test]
fn a_resume_of_a_selection_lifts_prospect_pauses_only_if_asked() {
    let mut host = host();
    host.ok(pause_ann(None));
    let mut resume = json!({"do": "resume", "selection": {"campaign": "spring"}});
    let resumed = host.ok(resume.clone());
    assert_eq!((&resumed["lifted"], &resumed["still-held"]), (&json!(0), &json!(1)));
    assert_eq!(holds(&resumed), ["pause prospect ann@acme.io by a person"]);
    resume["with-prospects"] = true.into();
    let resumed = host.ok(resume);
    assert_eq!((&resumed["lifted"], &resumed["still-held"]), (&json!(1), &json!(0)));
    assert_eq!(host.send(), ["ann@acme.io 1", "bob@acme.io 1"]);
}

#[test]
fn one_member_leaves_a_selection_pause_and_the_others_stay() {
    let mut host = host();
    let pause = json!({"do": "pause", "selection": {"campaign": "spring"}});
    let held = host.ok(pause);
    let resumed = host.ok(json!({"do": "resume", "campaign": "spring", "prospect": "bob@acme.io"}));
    assert_eq!(resumed["lifted"], 1);
    assert_eq!(host.send(), ["bob@acme.io 1"]);
    assert_eq!(host.status("spring", "ann@acme.io"), "paused");
    host.ok(json!({"do": "lift", "hold": held["hold"]}));
    assert_eq!(host.send(), ["ann@acme.io 1"]);
}

#[test]
fn a_selection_pause_ends_for_those_who_are_still_in_it() {
    let mut host = host();
    host.ok(json!({
        "do": "pause", "selection": {"campaign": "spring"}, "until": "2026-03-02T10:00:00Z",
    }));
    host.ok(json!({"do": "resume", "campaign": "spring", "prospect": "ann@acme.io"}));
    assert_eq!(host.send(), ["ann@acme.io 1"]);
    host.sends_at("2026-03-02T10:00:00Z", &["bob@acme.io 1"]);
}

#[test]
fn resuming_by_the_status_paused_and_choosing_a_date() {
    let mut host = host();
    host.campaign("summer", json!([{"name": "a", "hours": "09:00-17:00"}]));
    host.enrolled("summer", &["cy@acme.io", "dan@acme.io", "eve@acme.io"]);
    host.ok(json!({"do": "pause", "selection": {"campaign": "summer"}}));
    host.ok(json!({"do": "resume", "campaign": "summer", "prospect": "eve@acme.io"}));
    let resumed = host.ok(json!({
        "do": "resume", "by": "ops", "reschedule": "2026-03-12T20:00:00Z",
        "selection": {"campaign": "summer", "status": "paused"},
    }));
    assert_eq!(resumed["selected"], 2);
    assert_eq!(host.next("summer", "cy@acme.io"), "2026-03-13T09:00:00Z");
    assert_eq!(host.next("summer", "eve@acme.io"), "2026-03-02T09:00:00Z");
    host.ok(json!({"do": "pause", "campaign": "spring"}));
    host.sends_at("2026-03-02T09:00:00Z", &["eve@acme.io 1"]);
    host.sends_at("2026-03-13T09:00:00Z", &["cy@acme.io 1", "dan@acme.io 1"]);
}

#[test]
fn a_reschedule_moves_the_plan_and_lifts_nothing_unless_it_says_so() {
    let mut host = host();
    host.ok(json!({"do": "pause", "campaign": "spring", "prospect": "ann@acme.io"}));
    let mut reschedule = json!({
        "do": "reschedule", "selection": {"campaign": "spring"}, "from": "2026-03-10T12:00:00Z",
    });
    let moved = host.ok(reschedule.clone());
    assert_eq!((&moved["selected"], &moved["moved"]), (&json!(2), &json!(2)));
    assert_eq!((&moved["lifted"], &moved["still-held"]), (&json!(0), &json!(1)));
    host.sends_at("2026-03-10T12:00:00Z", &["bob@acme.io 1"]);
    reschedule["from"] = "2026-03-11T12:00:00Z".into();
    reschedule["resume"] = true.into();
    reschedule["selection"] = json!({"campaign": "spring", "status": "paused"});
    let moved = host.ok(reschedule);
    assert_eq!((&moved["lifted"], &moved["still-held"]), (&json!(1), &json!(0)));
    host.at("2026-03-11T11:59:00Z");
    assert!(host.send().is_empty(), "bob's next delay ends at twelve too");
    host.at("2026-03-11T12:00:00Z");
    let mut sent = host.send();
    sent.sort();
    assert_eq!(sent, ["ann@acme.io 1", "bob@acme.io 2"]);
}

#[test]
fn a_resume_by_rule_lifts_the_named_rules_pauses_and_no_others() {
    let mut host = host();
    host.event("sender.disconnected", json!({"sender": "s1"}));
    let again = host.event("sender.disconnected", json!({"sender": "s1"}));
    assert_eq!(holds(&again), ["pause sender s1 by sender-disconnected"]);
    host.ok(json!({"do": "pause", "sender": "s1", "by": "ops"}));
    let connected = host.event("sender.connected", json!({"sender": "s1"}));
    assert_eq!(connected["lifted"].as_array().unwrap().len(), 2);
    assert!(host.send().is_empty(), "a person's pause stays");
    assert!(host.view("spring", "ann@acme.io").manually_paused);
    host.ok(json!({"do": "resume", "sender": "s1", "by": "ops"}));
    assert_eq!(host.send(), ["ann@acme.io 1", "bob@acme.io 1"]);
}

#[test]
fn a_resume_by_rule_never_lifts_a_stop() {
    let mut host = host();
    host.policy(
        "policy 1\nrule halt { on complaint stop prospect }\n\
         rule rest { on bounce pause prospect }\n\
         rule go { on click resume prospect from rest }\n",
    );
    host.event("complaint", json!({"prospect": "ann@acme.io"}));
    host.event("bounce", json!({"prospect": "ann@acme.io", "class": "soft"}));
    let clicked = host.event("click", json!({"prospect": "ann@acme.io"}));
    assert_eq!(clicked["lifted"].as_array().unwrap().len(), 1);
    assert_eq!(host.status("spring", "ann@acme.io"), "stopped");
    host.silent_until("2026-03-02T08:00:00Z");
    assert_eq!(host.send(), ["bob@acme.io 1"]);
}

/// A rule that pauses may be named, and may stop as well or have stopped in an earlier policy. A
/// planted fault that lifted such a stop went unnoticed, as no stop was of a rule that is named.
#[test]
fn a_resume_by_rule_lifts_no_stop_of_a_rule_that_it_names() {
    let mut host = host();
    host.policy(
        "policy 1\nrule halt { on complaint stop prospect }\n\
         rule rest { on bounce stop prospect pause prospect }\n\
         rule go { on click resume prospect from rest }\n",
    );
    host.event("complaint", json!({"prospect": "ann@acme.io"}));
    host.event("bounce", json!({"prospect": "bob@acme.io", "class": "soft"}));
    let clicked = host.event("click", json!({"prospect": "bob@acme.io"}));
    assert_eq!(clicked["lifted"].as_array().unwrap().len(), 1);
    assert_eq!(host.status("spring", "bob@acme.io"), "stopped");

    host.policy(
        "policy 1\nrule halt { on complaint pause prospect }\n\
         rule go { on click resume prospect from halt }\n",
    );
    let clicked = host.event("click", json!({"prospect": "ann@acme.io"}));
    assert_eq!(clicked["lifted"], json!([]));
    assert_eq!(host.status("spring", "ann@acme.io"), "stopped");
    assert_eq!(host.send(), Vec::<String>::new());
}

#[test]
fn a_rule_that_fails_holds_its_subject() {
    let mut host = host();
    host.policy("policy 1\nrule mailbox { on open pause sender }\n");
    let recorded = host.event("open", json!({"prospect": "ann@acme.io"}));
    assert_eq!(holds(&recorded), ["pause prospect ann@acme.io by rule-error"]);
    let why = "rule `mailbox`: it acts on `sender`, but the event names no sender";
    assert_eq!(recorded["errors"], json!([why]));
    assert_eq!(host.status("spring", "ann@acme.io"), "paused");
    assert_eq!(host.send(), ["bob@acme.io 1"], "an error never means send");
    // With the campaign the sender is known, and the rule does what it says.
    let told = json!({"prospect": "bob@acme.io", "campaign": "spring"});
    let recorded = host.event("open", told);
    assert_eq!(holds(&recorded), ["pause sender s1 by mailbox"]);
    assert_eq!(recorded["errors"], json!([]));
}
