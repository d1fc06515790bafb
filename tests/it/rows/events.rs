//! Events: duplicates, late ones and early ones; taking one back.

use serde_json::{Value as Json, json};

use crate::apply::{Host, holds};

fn host() -> Host {
    let mut host = Host::new();
    host.campaign("spring", json!([{"name": "a"}, {"name": "b", "delay": "1d"}]));
    host.enrolled("spring", &["ann@acme.io", "bob@acme.io"]);
    host
}

fn reply(id: &str) -> Json {
    json!({"id": id, "prospect": "ann@acme.io", "kind": "human"})
}

#[test]
fn the_same_event_twice_is_a_duplicate_and_changes_nothing() {
    let mut host = host();
    host.event("reply", reply("r1"));
    let before = host.view("spring", "ann@acme.io");
    assert_eq!(host.event("reply", reply("r1")), json!({"ok": "duplicate"}));
    assert_eq!(host.view("spring", "ann@acme.io"), before);
    // Lifted since: the duplicate does not bring the hold back.
    host.ok(json!({"do": "resume", "prospect": "ann@acme.io"}));
    host.ok(json!({"do": "resume", "company": "acme.io"}));
    assert_eq!(host.event("reply", reply("r1")), json!({"ok": "duplicate"}));
    assert_eq!(host.status("spring", "ann@acme.io"), "scheduled");
}

#[test]
fn an_id_is_one_event_within_its_source() {
    let mut host = host();
    host.event("reply", reply("r1"));
    let mut other = reply("r1");
    other["source"] = "crm".into();
    let recorded = host.event("reply", other.clone());
    assert_eq!(holds(&recorded).len(), 2, "another source, another event");
    assert_eq!(host.event("reply", other)["ok"], "duplicate");
    // Another type under a known id is a duplicate too: the id is the identity.
    let bounce = json!({"id": "r1", "prospect": "bob@acme.io", "class": "hard"});
    assert_eq!(host.event("bounce", bounce)["ok"], "duplicate");
}

#[test]
fn a_late_event_holds_from_when_it_is_applied() {
    let mut host = host();
    host.at("2026-03-05T08:00:00Z");
    let mut late =
        json!({"prospect": "ann@acme.io", "class": "soft", "at": "2026-03-03T08:00:00Z"});
    late["id"] = "b1".into();
    let recorded = host.event("bounce", late);
    assert_eq!(recorded["holds"][0]["until"], "2026-03-08T08:00:00Z", "three days from now");
    assert_eq!(recorded["holds"][0]["live"], true);
    let view = host.view("spring", "ann@acme.io");
    assert_eq!(view.holds[0].placed.to_string(), "2026-03-05T08:00:00Z");
}

#[test]
fn an_event_of_the_future_is_taken_up_to_ten_minutes_ahead() {
    let mut host = host();
    let ahead = |id: &str, at: &str| {
        let mut event = reply(id);
        event["at"] = at.into();
        event
    };
    let before = host.digest();
    let far = host.event_command("reply", ahead("r1", "2026-03-02T08:11:00Z"));
    assert_eq!(host.refused(far).0, "event-in-future");
    assert_eq!(host.digest(), before);
    let near = host.event("reply", ahead("r1", "2026-03-02T08:10:00Z"));
    assert_eq!(near["ok"], "recorded", "a refused event was not seen");
    let late = host.event_command("reply", ahead("r2", "2026-03-02T08:10:00.001Z"));
    assert_eq!(host.refused(late).0, "event-in-future");
}

#[test]
fn an_event_older_than_ids_are_kept_is_refused() {
    let mut host = host();
    let mut old = reply("r1");
    old["at"] = "2026-01-30T07:59:59Z".into();
    let command = host.event_command("reply", old);
    let (code, message) = host.refused(command);
    assert_eq!(code, "event-too-old", "{message}");
    let mut old = reply("r1");
    old["at"] = "2026-01-31T08:00:00Z".into();
    assert_eq!(host.event("reply", old)["ok"], "recorded", "thirty days back");
}

#[test]
fn taken_back_before_it_is_seen_an_event_evaluates_nothing() {
    let mut host = host();
    let retracted = host.ok(json!({"do": "retract", "event": "r1"}));
    assert_eq!(retracted, json!({"ok": "retracted", "seen": false, "lifted": [], "kept": []}));
    let recorded = host.event("reply", reply("r1"));
    assert_eq!(holds(&recorded), Vec::<String>::new());
    assert_eq!(host.event("reply", reply("r1"))["ok"], "duplicate", "it is recorded");
    assert_eq!(host.send(), ["ann@acme.io 1", "bob@acme.io 1"]);
    // The mark was for that one event.
    assert_eq!(holds(&host.event("reply", reply("r2"))).len(), 2);
}

#[test]
fn taking_back_keeps_stops_and_lists_them() {
    let mut host = host();
    host.policy(
        "policy 1\nrule both { on complaint stop prospect }\n\
         rule firm { on complaint pause company }\n",
    );
    let recorded = host.event("complaint", json!({"id": "c1", "prospect": "ann@acme.io"}));
    let number = |rule: &str| {
        let all = recorded["holds"].as_array().unwrap();
        all.iter().find(|hold| hold["rule"] == rule).unwrap()["hold"].clone()
    };
    for weak in [json!({}), json!({"by": "ops"}), json!({"reason": "a mistake"})] {
        let mut retract = weak;
        retract["do"] = "retract".into();
        retract["event"] = "c1".into();
        let retracted = host.ok(retract);
        assert_eq!(retracted["kept"], json!([number("both")]));
        assert_eq!(host.status("spring", "ann@acme.io"), "stopped");
        assert_eq!(host.status("spring", "bob@acme.io"), "scheduled", "the pause is lifted");
    }
    let retracted = host.ok(json!({
        "do": "retract", "event": "c1", "by": "ops", "reason": "a misread complaint",
    }));
    assert_eq!((&retracted["lifted"], &retracted["kept"]), (&json!([number("both")]), &json!([])));
    assert_eq!(host.send(), ["ann@acme.io 1", "bob@acme.io 1"]);
}

#[test]
fn taking_back_lifts_what_the_event_caused_at_every_scope_and_nothing_else() {
    let mut host = host();
    let wide = "policy 1\nrule all { on open pause enrollment pause prospect \
                pause company in campaign pause company pause sender pause campaign \
                pause workspace }\n";
    host.policy(wide);
    let about = |id: &str| json!({"id": id, "prospect": "ann@acme.io", "campaign": "spring"});
    let first = host.event("open", about("o1"));
    assert_eq!(holds(&first).len(), 7, "{first}");
    let second = host.event("open", about("o2"));
    assert_eq!(holds(&second).len(), 7);
    let retracted = host.ok(json!({"do": "retract", "event": "o1"}));
    assert_eq!(retracted["lifted"].as_array().unwrap().len(), 7);
    let view = host.view("spring", "ann@acme.io");
    assert_eq!(view.holds.len(), 7, "those of the other event");
    assert!(host.send().is_empty());
    host.ok(json!({"do": "retract", "event": "o2"}));
    assert_eq!(host.send(), ["ann@acme.io 1", "bob@acme.io 1"]);
}

#[test]
fn taking_back_names_the_source() {
    let mut host = host();
    let mut event = reply("r1");
    event["source"] = "crm".into();
    host.event("reply", event);
    let retracted = host.ok(json!({"do": "retract", "event": "r1"}));
    assert_eq!(retracted["seen"], false, "of no source");
    assert_eq!(host.status("spring", "ann@acme.io"), "paused");
    let retracted = host.ok(json!({"do": "retract", "source": "crm", "event": "r1"}));
    assert_eq!(retracted["seen"], true);
    assert_eq!(host.status("spring", "ann@acme.io"), "scheduled");
    let before = host.digest();
    let (code, _) = host.refused(json!({
        "do": "retract", "source": "x".repeat(256), "event": "r1",
    }));
    assert_eq!(code, "invalid-key");
    assert_eq!(host.digest(), before);
}

#[test]
fn without_a_policy_no_event_is_taken() {
    let mut host = Host::bare(crate::apply::MONDAY);
    host.prospect("ann@acme.io");
    let before = host.digest();
    let command = host.event_command("reply", reply("r1"));
    let (code, message) = host.refused(command);
    assert_eq!((code.as_str(), message.as_str()), ("no-policy", "no policy has been published"));
    assert_eq!(host.digest(), before);
}

#[test]
fn an_event_needs_a_subject() {
    let mut host = host();
    let command = host.event_command("reply", json!({"kind": "human"}));
    let (code, message) = host.refused(command);
    assert_eq!(code, "bad-subject");
    let expected = "event `reply`: expected a subject: a prospect, company, campaign, sender or \
                    the workspace";
    assert_eq!(message, expected);
}

#[test]
fn a_company_a_campaign_a_sender_and_the_workspace_are_subjects() {
    let mut host = host();
    for (scope, mut subject, held) in [
        ("company", json!({"company": "acme.io"}), "company acme.io"),
        ("campaign", json!({"campaign": "spring"}), "campaign spring"),
        ("sender", json!({"sender": "s1"}), "sender s1"),
        ("workspace", json!({"workspace": true}), "workspace everything"),
    ] {
        subject["name"] = "spam rate".into();
        subject["scope"] = scope.into();
        let id = format!("g-{scope}");
        subject["id"] = id.as_str().into();
        let recorded = host.event("guardrail", subject);
        assert_eq!(holds(&recorded), [format!("pause {held} by guardrail-hit")]);
        assert!(host.claim().is_empty(), "{scope}");
        host.ok(json!({"do": "retract", "event": id}));
    }
    assert_eq!(host.send(), ["ann@acme.io 1", "bob@acme.io 1"]);
}
