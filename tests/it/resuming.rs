//! How a timeline goes on when it is free again: the four modes of the rules language, through the
//! whole engine. A minute before the instant nothing goes out, at the instant one message does.

use holdline::Selection;
use serde_json::{Value as Json, json};

use crate::apply::Host;

const ANN: &str = "ann@acme.io";
const SCOPES: [&str; 6] =
    ["enrollment", "prospect", "company in campaign", "company", "sender", "campaign"];
const MODES: [&str; 4] = ["keep", "remaining", "restart", "skip"];

/// A rule for each mode, and one event for each rule.
fn policy(scope: &str) -> String {
    let rule = |mode: &&str| {
        format!(
            "rule {mode} {{ on guardrail where guardrail.name is \"{mode}\" pause {scope} resume \
             {mode} }}\n"
        )
    };
    format!("policy 1\n{}", MODES.iter().map(rule).collect::<String>())
}

/// The first message goes out at once; the others follow after these delays.
fn host(at: &str, scope: &str, delays: &[&str]) -> Host {
    let mut host = Host::since(at);
    host.policy(&policy(scope));
    let first = json!({"name": "first"});
    let others = delays.iter().map(|delay| json!({"name": "next", "delay": delay}));
    host.campaign("spring", [first].into_iter().chain(others).collect());
    host.enrolled("spring", &[ANN]);
    assert_eq!(host.send(), ["ann@acme.io 1"]);
    host
}

/// Places the hold of a mode's rule, and returns its number.
fn hold(host: &mut Host, mode: &str) -> Json {
    let about = json!({
        "prospect": ANN, "campaign": "spring", "sender": "s1", "name": mode, "scope": "prospect",
    });
    let placed = host.event("guardrail", about);
    assert_eq!(placed["holds"].as_array().map(Vec::len), Some(1), "{placed}");
    placed["holds"][0]["hold"].clone()
}

fn lift(host: &mut Host, hold: &Json) {
    host.ok(json!({"do": "lift", "hold": hold}));
}

fn why(host: &Host) -> String {
    let snapshot = host.engine.snapshot().unwrap();
    let explained = snapshot.view("default").unwrap().explain(ANN).unwrap();
    explained.enrollments[0].next.join("; ")
}

/// Sent on January 1, the next due ten days later, held on the 5th.
fn check(mode: &str, released: &str, expected: &str) {
    for scope in SCOPES {
        let mut host = host("2026-01-01T09:00:00Z", scope, &["10d"]);
        host.at("2026-01-05T09:00:00Z");
        let held = hold(&mut host, mode);
        host.silent_until(released);
        lift(&mut host, &held);
        assert_eq!(host.next("spring", ANN), expected, "{mode} at {scope}");
        host.sends_at(expected, &["ann@acme.io 2"]);
    }
}

#[test]
fn g3_keep_goes_out_when_it_was_due() {
    check("keep", "2026-01-07T09:00:00Z", "2026-01-11T09:00:00Z");
}

#[test]
fn g3_restart_counts_the_whole_delay_from_the_release() {
    check("restart", "2026-01-07T09:00:00Z", "2026-01-17T09:00:00Z");
}

#[test]
fn g3_remaining_counts_what_was_left_from_the_release() {
    check("remaining", "2026-01-07T09:00:00Z", "2026-01-13T09:00:00Z");
}

#[test]
fn g4_remaining_released_later_goes_out_later() {
    check("remaining", "2026-01-10T09:00:00Z", "2026-01-16T09:00:00Z");
}

#[test]
fn g5_held_after_two_of_three_days_one_day_remains() {
    for scope in SCOPES {
        let mut host = host("2026-01-01T09:00:00Z", scope, &["3d"]);
        host.at("2026-01-03T09:00:00Z");
        let held = hold(&mut host, "remaining");
        host.silent_until("2026-01-20T12:00:00Z");
        lift(&mut host, &held);
        host.sends_at("2026-01-21T12:00:00Z", &["ann@acme.io 2"]);
    }
}

#[test]
fn remaining_of_what_was_overdue_when_it_was_held_is_nothing() {
    let mut host = host("2026-01-01T09:00:00Z", "company", &["1d"]);
    host.at("2026-01-02T10:00:00Z");
    let held = hold(&mut host, "remaining");
    host.silent_until("2026-01-09T12:00:00Z");
    lift(&mut host, &held);
    host.sends_at("2026-01-09T12:00:00Z", &["ann@acme.io 2"]);
}

#[test]
fn skip_drops_the_steps_that_went_by() {
    for scope in SCOPES {
        let mut host = host("2026-01-01T09:00:00Z", scope, &["2d", "2d", "2d"]);
        host.at("2026-01-02T09:00:00Z");
        let held = hold(&mut host, "skip");
        // The steps were due on the 3rd, the 5th and the 7th.
        host.silent_until("2026-01-06T09:00:00Z");
        lift(&mut host, &held);
        let view = host.view("spring", ANN);
        assert_eq!((view.sent, view.skipped, view.steps), (1, 2, 4));
        assert_eq!(view.next.unwrap().to_string(), "2026-01-07T09:00:00Z");
        let fourth = Selection { step: Some(4), ..Selection::default() };
        assert_eq!(host.list(fourth).len(), 1);
        host.sends_at("2026-01-07T09:00:00Z", &["ann@acme.io 4"]);
        let view = host.view("spring", ANN);
        assert_eq!((view.status.to_string().as_str(), view.sent), ("finished", 2));
    }
}

#[test]
fn skip_never_drops_the_last_step() {
    let mut host = host("2026-01-01T09:00:00Z", "prospect", &["2d", "2d"]);
    host.at("2026-01-02T09:00:00Z");
    let held = hold(&mut host, "skip");
    host.silent_until("2026-02-01T09:00:00Z");
    lift(&mut host, &held);
    assert_eq!(
        why(&host),
        "step 2 went by while it was held and is skipped; step 3 is due Sun 1 Feb 09:00"
    );
    host.sends_at("2026-02-01T09:00:00Z", &["ann@acme.io 3"]);
}

#[test]
fn skip_of_nothing_that_went_by_keeps_the_plan() {
    check("skip", "2026-01-07T09:00:00Z", "2026-01-11T09:00:00Z");
}

#[test]
fn a_slot_is_looked_for_where_the_mode_leads() {
    let second = json!([
        {"name": "a"}, {"name": "b", "delay": "2d", "days": "mon-fri", "hours": "09:00-10:00"},
    ]);
    // Due on a Saturday, so planned for Monday the 5th; held on Saturday, with two days left.
    for (mode, expected) in [
        ("keep", "2026-01-09T09:00:00Z"),
        ("remaining", "2026-01-12T09:00:00Z"),
        ("restart", "2026-01-12T09:00:00Z"),
    ] {
        let mut host = Host::since("2026-01-01T09:00:00Z");
        host.policy(&policy("company"));
        host.campaign("spring", second.clone());
        host.enrolled("spring", &[ANN]);
        assert_eq!(host.send(), ["ann@acme.io 1"]);
        assert_eq!(host.next("spring", ANN), "2026-01-05T09:00:00Z");
        host.at("2026-01-03T09:00:00Z");
        let held = hold(&mut host, mode);
        host.at("2026-01-08T12:00:00Z");
        lift(&mut host, &held);
        host.sends_at(expected, &["ann@acme.io 2"]);
    }
}

#[test]
fn overlapping_holds_freeze_once_and_the_last_to_let_go_says_how() {
    // Held on the 5th by the first and on the 6th by the second; six days are left.
    for (first, second, expected) in [
        ("keep", "remaining", "2026-01-14T09:00:00Z"),
        ("restart", "remaining", "2026-01-14T09:00:00Z"),
        ("remaining", "keep", "2026-01-11T09:00:00Z"),
        ("remaining", "restart", "2026-01-18T09:00:00Z"),
    ] {
        for scope in SCOPES {
            let mut host = host("2026-01-01T09:00:00Z", scope, &["10d"]);
            host.at("2026-01-05T09:00:00Z");
            let one = hold(&mut host, first);
            host.at("2026-01-06T09:00:00Z");
            host.policy(&policy("prospect"));
            let other = hold(&mut host, second);
            host.at("2026-01-07T09:00:00Z");
            lift(&mut host, &one);
            assert_eq!(host.status("spring", ANN), "paused");
            host.at("2026-01-08T09:00:00Z");
            lift(&mut host, &other);
            host.sends_at(expected, &["ann@acme.io 2"]);
        }
    }
}

#[test]
fn of_holds_that_let_go_at_one_instant_the_latest_result_counts() {
    for order in [["keep", "restart"], ["restart", "keep"], ["skip", "restart"]] {
        for other_scope in ["prospect", "company"] {
            // In time, and when it was overdue: then each of the two moves it.
            for (released, expected) in [("07", "17"), ("14", "24")] {
                let mut host = host("2026-01-01T09:00:00Z", "company", &["10d"]);
                host.at("2026-01-05T09:00:00Z");
                let one = hold(&mut host, order[0]);
                host.policy(&policy(other_scope));
                let other = hold(&mut host, order[1]);
                host.at(&format!("2026-01-{released}T09:00:00Z"));
                lift(&mut host, &one);
                lift(&mut host, &other);
                host.sends_at(&format!("2026-01-{expected}T09:00:00Z"), &["ann@acme.io 2"]);
            }
        }
    }
}

#[test]
fn two_freezes_one_after_the_other_both_count() {
    let mut host = host("2026-01-01T09:00:00Z", "company", &["10d"]);
    for (held_at, released) in [("02", "04"), ("05", "06"), ("06", "09")] {
        host.at(&format!("2026-01-{held_at}T09:00:00Z"));
        let held = hold(&mut host, "remaining");
        host.at(&format!("2026-01-{released}T09:00:00Z"));
        lift(&mut host, &held);
    }
    host.sends_at("2026-01-17T09:00:00Z", &["ann@acme.io 2"]);
}

#[test]
fn the_release_is_the_end_of_the_hold_and_not_when_it_is_noticed() {
    let mut host = Host::since("2026-01-01T09:00:00Z");
    host.policy("policy 1\nrule r { on open pause company for 2d resume remaining }");
    host.campaign("spring", json!([{"name": "a"}, {"name": "b", "delay": "10d"}]));
    host.enrolled("spring", &[ANN]);
    assert_eq!(host.send(), ["ann@acme.io 1"]);
    host.at("2026-01-05T09:00:00Z");
    host.event("open", json!({"prospect": ANN, "campaign": "spring"}));
    // Nothing comes between its end on the 7th and the 13th.
    host.at("2026-01-13T08:59:00Z");
    assert_eq!(host.next("spring", ANN), "2026-01-13T09:00:00Z");
    host.sends_at("2026-01-13T09:00:00Z", &["ann@acme.io 2"]);
}

#[test]
fn who_leaves_a_held_company_goes_on_as_its_holds_say() {
    for (mode, expected) in [
        ("keep", "2026-01-11T09:00:00Z"),
        ("remaining", "2026-01-13T09:00:00Z"),
        ("restart", "2026-01-17T09:00:00Z"),
    ] {
        let mut host = host("2026-01-01T09:00:00Z", "company", &["10d"]);
        host.at("2026-01-05T09:00:00Z");
        hold(&mut host, mode);
        host.at("2026-01-07T09:00:00Z");
        host.ok(json!({"do": "put-prospect", "key": ANN, "company": "globex"}));
        host.sends_at(expected, &["ann@acme.io 2"]);
    }
}

#[test]
fn who_comes_to_a_held_company_is_frozen_from_then_on() {
    let mut host = host("2026-01-01T09:00:00Z", "company", &["10d"]);
    host.ok(json!({"do": "put-prospect", "key": "x@globex.com", "company": "globex"}));
    host.at("2026-01-02T09:00:00Z");
    let event = json!({"company": "globex", "name": "remaining", "scope": "prospect"});
    let held = host.event("guardrail", event)["holds"][0]["hold"].clone();
    host.at("2026-01-05T09:00:00Z");
    host.ok(json!({"do": "put-prospect", "key": ANN, "company": "globex"}));
    host.at("2026-01-07T09:00:00Z");
    lift(&mut host, &held);
    host.sends_at("2026-01-13T09:00:00Z", &["ann@acme.io 2"]);
}

#[test]
fn who_goes_from_one_held_company_to_another_stays_frozen() {
    let mut host = host("2026-01-01T09:00:00Z", "company", &["10d"]);
    host.ok(json!({"do": "put-prospect", "key": "x@globex.com", "company": "globex"}));
    host.at("2026-01-05T09:00:00Z");
    hold(&mut host, "restart");
    host.at("2026-01-06T09:00:00Z");
    let event = json!({"company": "globex", "name": "remaining", "scope": "prospect"});
    let held = host.event("guardrail", event)["holds"][0]["hold"].clone();
    host.at("2026-01-07T09:00:00Z");
    host.ok(json!({"do": "put-prospect", "key": ANN, "company": "globex"}));
    host.at("2026-01-09T09:00:00Z");
    lift(&mut host, &held);
    host.sends_at("2026-01-15T09:00:00Z", &["ann@acme.io 2"]);
}

#[test]
fn what_was_left_is_told_by_the_plan_as_of_the_hold() {
    let mut host = Host::since("2026-01-05T08:00:00Z");
    host.policy(&policy("prospect"));
    host.campaign("spring", json!([{"name": "a", "hours": "09:00-10:00"}]));
    host.enrolled("spring", &[ANN]);
    // Nobody claims on Monday; on Tuesday at noon it waits for Wednesday, 21 hours away.
    host.at("2026-01-06T12:00:00Z");
    let held = hold(&mut host, "remaining");
    host.at("2026-01-08T06:00:00Z");
    lift(&mut host, &held);
    host.sends_at("2026-01-09T09:00:00Z", &["ann@acme.io 1"]);
}

#[test]
fn a_persons_pause_keeps_and_a_persons_date_stands_instead_of_a_mode() {
    let mut host = host("2026-01-01T09:00:00Z", "enrollment", &["10d"]);
    host.at("2026-01-05T09:00:00Z");
    hold(&mut host, "restart");
    host.at("2026-01-07T09:00:00Z");
    host.ok(json!({
        "do": "resume", "campaign": "spring", "prospect": ANN,
        "reschedule": "2026-01-09T09:00:00Z",
    }));
    host.sends_at("2026-01-09T09:00:00Z", &["ann@acme.io 2"]);
}

#[test]
fn a_message_that_was_leaving_is_counted_from_its_delivery() {
    let mut host = Host::since("2026-01-01T09:00:00Z");
    host.policy(&policy("company"));
    host.campaign("spring", json!([{"name": "a"}, {"name": "b", "delay": "10d"}]));
    host.enrolled("spring", &[ANN]);
    let token = host.take();
    assert_eq!(host.confirm(&token)["ok"], "go");
    // Held while it leaves, and let go before anybody says that it left.
    host.at("2026-01-01T09:02:00Z");
    let held = hold(&mut host, "restart");
    host.at("2026-01-01T09:04:00Z");
    lift(&mut host, &held);
    host.ok(json!({"do": "sent", "token": token, "sent-at": "2026-01-01T09:01:00Z"}));
    host.sends_at("2026-01-11T09:04:00Z", &["ann@acme.io 2"]);
}

#[test]
fn nothing_is_left_of_a_delay_before_it_began() {
    let mut host = Host::since("2026-01-01T09:00:00Z");
    host.policy(&policy("company"));
    host.campaign("spring", json!([{"name": "a"}, {"name": "b", "delay": "10d"}]));
    host.enrolled("spring", &[ANN]);
    let token = host.take();
    assert_eq!(host.confirm(&token)["ok"], "go");
    // Held at two, delivered at three, let go at four minutes past: the whole delay is left.
    host.at("2026-01-01T09:02:00Z");
    let held = hold(&mut host, "remaining");
    host.at("2026-01-01T09:04:00Z");
    lift(&mut host, &held);
    host.ok(json!({"do": "sent", "token": token, "sent-at": "2026-01-01T09:03:00Z"}));
    host.sends_at("2026-01-11T09:04:00Z", &["ann@acme.io 2"]);
}

#[test]
fn the_plan_says_why() {
    for (mode, expected) in [
        ("remaining", "6 days were left when it was held; released Wed 7 Jan 09:00"),
        (
            "restart",
            "released Wed 7 Jan 09:00; its delay starts anew; 10 days after the release is Sat 17 \
             Jan 09:00",
        ),
        ("keep", "10 days after step 1 is Sun 11 Jan 09:00"),
    ] {
        let mut host = host("2026-01-01T09:00:00Z", "company", &["10d"]);
        host.at("2026-01-05T09:00:00Z");
        let held = hold(&mut host, mode);
        host.at("2026-01-07T09:00:00Z");
        lift(&mut host, &held);
        assert_eq!(why(&host), expected);
    }
}

#[test]
fn a_target_that_was_held_more_often_than_it_remembers_lets_nobody_go_too_early() {
    let mut host = host("2026-01-01T09:00:00Z", "campaign", &["10d"]);
    for _ in 0..200 {
        let held = hold(&mut host, "remaining");
        host.later(60);
        lift(&mut host, &held);
        host.later(1);
    }
    // Two hundred hours later than planned, and at most the minutes between the holds more.
    let next = host.view("spring", ANN).next.unwrap();
    let exact = crate::apply::instant("2026-01-19T17:00:00Z");
    assert!(next >= exact && next <= exact.plus_ms(200 * 60_000), "{next}");
}

/// All but a whole delay from the release.
#[test]
fn a_hold_of_no_length_changes_neither_the_plan_nor_why() {
    for mode in ["keep", "remaining", "skip"] {
        for scope in SCOPES {
            let mut host = host("2026-01-01T09:00:00Z", scope, &["10d"]);
            host.at("2026-01-05T09:00:00Z");
            let before = (host.next("spring", ANN), why(&host));
            let held = hold(&mut host, mode);
            lift(&mut host, &held);
            assert_eq!((host.next("spring", ANN), why(&host)), before, "{mode} at {scope}");
        }
    }
}
