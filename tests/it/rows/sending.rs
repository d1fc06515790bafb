//! Claim, last look, report: a send leaves at most once, and never under a hold.

use serde_json::{Value as Json, json};

use crate::apply::{Host, holds};

fn host() -> Host {
    let mut host = Host::new();
    host.campaign("spring", json!([{"name": "a"}, {"name": "b", "delay": "1d"}]));
    host
}

fn with_ann() -> Host {
    let mut host = host();
    host.enrolled("spring", &["ann@acme.io"]);
    host
}

fn sender(host: &mut Host, fields: Json) {
    let mut sender = fields;
    sender["do"] = "put-sender".into();
    sender["key"] = "s1".into();
    host.ok(sender);
}

#[test]
fn a_claimed_send_says_what_to_send_and_is_claimed_once() {
    let mut host = with_ann();
    let sends = host.claim();
    let mut send = sends[0].clone();
    let token = send.as_object_mut().unwrap().remove("token");
    assert!(token.is_some());
    let expected = json!({
        "campaign": "spring", "prospect": "ann@acme.io", "address": "ann@acme.io",
        "sender": "s1", "step": 1, "message": "a", "attempt": 0,
        "planned": "2026-03-02T08:00:00Z", "lease-until": "2026-03-02T08:05:00Z",
    });
    assert_eq!(send, expected);
    assert_eq!(host.status("spring", "ann@acme.io"), "sending");
    assert!(host.claim().is_empty());
}

#[test]
fn a_lease_that_ends_puts_the_send_back_and_its_token_is_stale() {
    let mut host = with_ann();
    let token = host.take();
    host.at("2026-03-02T08:04:59.999Z");
    assert!(host.claim().is_empty());
    host.at("2026-03-02T08:05:00Z");
    assert_eq!(host.confirm(&token)["refused"], "stale-token", "half-open");
    let again = host.take();
    assert_ne!(again, token, "never reused");
    assert_eq!(host.confirm(&token)["refused"], "stale-token");
    let report = json!({"do": "sent", "token": token});
    assert_eq!(host.refused(report).0, "stale-token");
    assert_eq!(host.confirm(&again)["ok"], "go");
}

#[test]
fn a_last_look_just_before_the_end_of_the_lease_is_in_time() {
    let mut host = with_ann();
    let token = host.take();
    host.at("2026-03-02T08:04:59.999Z");
    assert_eq!(host.confirm(&token)["ok"], "go");
}

#[test]
fn a_token_is_used_up_by_its_report() {
    let mut host = with_ann();
    let token = host.take();
    let sent = json!({"do": "sent", "token": token});
    assert_eq!(host.refused(sent.clone()).0, "stale-token", "not confirmed");
    assert_eq!(host.confirm(&token)["ok"], "go");
    assert_eq!(host.confirm(&token)["refused"], "stale-token", "confirmed before");
    host.ok(sent.clone());
    assert_eq!(host.refused(sent).0, "stale-token");
    assert_eq!(host.refused(json!({"do": "unknown", "token": token})).0, "stale-token");
    assert_eq!(host.view("spring", "ann@acme.io").sent, 1);
}

#[test]
fn a_lease_that_ends_after_go_is_never_resent_by_itself() {
    let mut host = with_ann();
    let token = host.take();
    assert_eq!(host.confirm(&token)["ok"], "go");
    host.at("2026-03-02T08:05:00Z").ok(json!({"do": "advance"}));
    assert_eq!(host.status("spring", "ann@acme.io"), "outcome-unknown");
    host.silent_until("2026-04-02T08:00:00Z");
    assert_eq!(host.status("spring", "ann@acme.io"), "outcome-unknown");
    // A late report is still taken.
    host.ok(json!({"do": "sent", "token": token, "sent-at": "2026-03-02T08:00:30Z"}));
    assert_eq!(host.view("spring", "ann@acme.io").sent, 1);
    assert_eq!(host.send(), ["ann@acme.io 2"]);
}

#[test]
fn a_delivery_event_settles_an_unknown_outcome() {
    let mut host = with_ann();
    let token = host.take();
    host.confirm(&token);
    host.ok(json!({"do": "unknown", "token": token}));
    assert_eq!(host.status("spring", "ann@acme.io"), "outcome-unknown");
    host.later(60);
    host.event("delivered", json!({"prospect": "ann@acme.io", "campaign": "spring"}));
    let view = host.view("spring", "ann@acme.io");
    assert_eq!((view.sent, view.status.name()), (1, "scheduled"));
    assert_eq!(host.refused(json!({"do": "sent", "token": token})).0, "stale-token");
}

#[test]
fn a_person_orders_a_resend_and_nobody_else() {
    let mut host = with_ann();
    let token = host.take();
    let resend = json!({"do": "resend", "token": token, "by": "ops"});
    assert_eq!(host.refused(resend.clone()).0, "stale-token", "not even confirmed");
    host.confirm(&token);
    host.ok(json!({"do": "unknown", "token": token}));
    assert_eq!(host.refused(json!({"do": "resend", "token": token})).0, "needs-person");
    host.ok(resend.clone());
    assert_eq!(host.refused(resend).0, "unknown");
    let report = json!({"do": "sent", "token": token});
    assert_eq!(host.refused(report).0, "stale-token", "reports count until the resend");
    let sends = host.claim();
    assert_eq!((&sends[0]["step"], &sends[0]["attempt"]), (&json!(1), &json!(1)));
    let again = sends[0]["token"].as_str().unwrap();
    assert_eq!(host.confirm(again)["ok"], "go");
    host.ok(json!({"do": "sent", "token": again}));
    assert_eq!(host.view("spring", "ann@acme.io").sent, 1);
}

#[test]
fn a_hold_between_claim_and_last_look_revokes_with_its_causes() {
    let mut host = host();
    host.enrolled("spring", &["ann@acme.io", "bob@acme.io"]);
    let sends = host.claim();
    let token = |at: usize| sends[at]["token"].as_str().unwrap().to_owned();
    host.reply("ann@acme.io");
    let verdict = host.confirm(&token(0));
    assert_eq!((&verdict["ok"], &verdict["cause"]), (&json!("revoked"), &json!("held")));
    let mut causes = holds(&verdict);
    causes.sort();
    let both =
        ["pause company acme.io by company-replied", "pause prospect ann@acme.io by human-reply"];
    assert_eq!(causes, both);
    let verdict = host.confirm(&token(1));
    assert_eq!(holds(&verdict), ["pause company acme.io by company-replied"]);
    assert_eq!(host.status("spring", "ann@acme.io"), "paused");
    assert_eq!(host.confirm(&token(0))["refused"], "stale-token");
    host.ok(json!({"do": "resume", "company": "acme.io"}));
    assert_eq!(host.send(), ["bob@acme.io 1"]);
}

#[test]
fn after_go_a_hold_comes_too_late_for_that_message_and_in_time_for_the_next() {
    let mut host = with_ann();
    let token = host.take();
    assert_eq!(host.confirm(&token)["ok"], "go");
    host.reply("ann@acme.io");
    assert_eq!(host.status("spring", "ann@acme.io"), "sending");
    host.ok(json!({"do": "sent", "token": token}));
    assert_eq!(host.status("spring", "ann@acme.io"), "paused");
    host.silent_until("2026-03-20T08:00:00Z");
}

#[test]
fn a_window_that_closed_since_the_claim_revokes() {
    let mut host = Host::new();
    host.campaign("spring", json!([{"name": "a", "hours": "09:00-17:00"}]));
    host.enrolled("spring", &["ann@acme.io"]);
    host.at("2026-03-02T16:58:00Z");
    let token = host.take();
    host.at("2026-03-02T17:00:00Z");
    let verdict = host.confirm(&token);
    assert_eq!(verdict, json!({"ok": "revoked", "cause": "outside-window"}));
    assert_eq!(host.next("spring", "ann@acme.io"), "2026-03-03T09:00:00Z");
    host.sends_at("2026-03-03T09:00:00Z", &["ann@acme.io 1"]);
}

#[test]
fn a_senders_daily_limit_holds_in_its_own_zone() {
    let mut host = host();
    // Of three slots one is kept for conversations.
    sender(&mut host, json!({"limit-per-day": 3, "zone": "America/New_York"}));
    host.campaign("once", json!([{"name": "x"}]));
    host.campaign("twin", json!([{"name": "y"}]));
    let people = ["a@1.io", "b@2.io", "c@3.io", "d@4.io", "e@5.io"];
    host.enrolled("once", &people);
    assert_eq!(host.send(), ["a@1.io 1", "b@2.io 1"]);
    // The limit is the sender's: another campaign gets nothing on top.
    host.enroll("twin", "a@1.io");
    assert!(host.send().is_empty());
    host.sends_at("2026-03-03T05:00:00Z", &["c@3.io 1", "d@4.io 1"]);
    host.sends_at("2026-03-04T05:00:00Z", &["e@5.io 1", "a@1.io 1"]);
}

#[test]
fn claims_that_wait_for_their_last_look_count_against_the_limit() {
    let mut host = host();
    sender(&mut host, json!({"limit-per-day": 3}));
    host.enrolled("spring", &["a@1.io", "b@2.io", "c@3.io"]);
    // The third takes the slot that is kept for those whom a person moves.
    let selection = json!({"prospect": "c@3.io"});
    let from = "2026-03-02T08:00:00Z";
    host.ok(json!({"do": "reschedule", "selection": selection, "from": from}));
    sender(&mut host, json!({"limit-per-day": 2}));
    let sends = host.claim();
    assert_eq!(sends.len(), 2);
    assert!(host.claim().is_empty());
    // One is given back by its lease, and its slot with it.
    assert_eq!(host.confirm(sends[0]["token"].as_str().unwrap())["ok"], "go");
    host.later(5);
    assert_eq!(host.claim().len(), 1);
}

#[test]
fn a_limit_or_gap_that_was_tightened_since_the_claim_revokes() {
    for (tightened, cause) in
        [(json!({"limit-per-day": 1}), "limit-reached"), (json!({"gap": "10m"}), "gap-not-passed")]
    {
        let mut host = host();
        host.enrolled("spring", &["a@1.io", "b@2.io"]);
        let sends = host.claim();
        assert_eq!(host.confirm(sends[0]["token"].as_str().unwrap())["ok"], "go");
        sender(&mut host, tightened);
        let verdict = host.confirm(sends[1]["token"].as_str().unwrap());
        assert_eq!(verdict, json!({"ok": "revoked", "cause": cause}));
        assert_eq!(host.status("spring", "b@2.io"), "scheduled");
    }
}

#[test]
fn a_gap_lies_between_two_sends_of_a_sender() {
    let mut host = host();
    sender(&mut host, json!({"gap": "10m"}));
    host.enrolled("spring", &["a@1.io", "b@2.io", "c@3.io"]);
    assert_eq!(host.claim().len(), 1, "one unconfirmed claim at most");
    assert!(host.claim().is_empty());
    host.later(5);
    assert_eq!(host.send(), ["a@1.io 1"]);
    host.sends_at("2026-03-02T08:15:00Z", &["b@2.io 1"]);
    host.sends_at("2026-03-02T08:25:00Z", &["c@3.io 1"]);
}

#[test]
fn claims_are_fair_over_senders() {
    let mut host = host();
    host.ok(json!({"do": "put-sender", "key": "s2"}));
    let steps = json!([{"name": "x"}]);
    host.ok(json!({"do": "put-campaign", "key": "small", "senders": ["s2"], "steps": steps}));
    let many: Vec<String> = (0..20).map(|at| format!("p{at}@{at}.io")).collect();
    host.enrolled("spring", &many.iter().map(String::as_str).collect::<Vec<_>>());
    host.later(30);
    host.enrolled("small", &["x@x.io", "y@y.io", "z@z.io"]);
    let by = |sends: &[Json], key: &str| sends.iter().filter(|it| it["sender"] == key).count();
    let sends = host.claim_up_to(4);
    assert_eq!((by(&sends, "s1"), by(&sends, "s2")), (2, 2), "a long queue waits its turn");
    let sends = host.claim_up_to(4);
    assert_eq!((by(&sends, "s1"), by(&sends, "s2")), (3, 1), "and takes what others leave");
}

#[test]
fn follow_ups_go_before_first_messages() {
    let mut host = host();
    sender(&mut host, json!({"limit-per-day": 1}));
    host.enrolled("spring", &["ann@acme.io"]);
    assert_eq!(host.send(), ["ann@acme.io 1"]);
    host.enrolled("spring", &["bob@other.io"]);
    // His two steps are placed where both find a day that Ann's second does not need.
    assert_eq!(host.next("spring", "bob@other.io"), "2026-03-04T00:00:00Z");
    host.at("2026-03-03T08:00:00Z");
    assert_eq!(host.send(), ["ann@acme.io 2"]);
    host.sends_at("2026-03-04T00:00:00Z", &["bob@other.io 1"]);
}

#[test]
fn a_temporary_failure_backs_off_inside_the_window_and_then_holds() {
    let mut host = Host::new();
    host.campaign("spring", json!([{"name": "a", "hours": "08:00-10:00"}]));
    host.enrolled("spring", &["ann@acme.io"]);
    let mut last = "2026-03-02T08:00:00Z".to_owned();
    for attempt in 0..4 {
        let planned = host.next("spring", "ann@acme.io");
        assert!(planned >= last, "{planned} after {last}");
        host.at(&planned);
        let sends = host.claim();
        assert_eq!(sends[0]["attempt"], attempt);
        assert_eq!(sends[0]["step"], 1);
        let token = sends[0]["token"].as_str().unwrap();
        assert_eq!(host.confirm(token)["ok"], "go", "in the window");
        host.ok(json!({"do": "failed", "token": token, "failure": "temporary"}));
        assert!(host.claim().is_empty(), "not at once");
        last = planned;
    }
    let view = host.view("spring", "ann@acme.io");
    assert_eq!(view.status.name(), "paused");
    assert!(!view.manually_paused);
    assert_eq!(view.holds.len(), 1);
    host.silent_until("2026-03-20T09:00:00Z");
    host.ok(json!({"do": "resume", "campaign": "spring", "prospect": "ann@acme.io"}));
    assert_eq!(host.send(), ["ann@acme.io 1"]);
}

#[test]
fn a_failed_attempt_keeps_its_slot_of_the_day() {
    let mut host = host();
    sender(&mut host, json!({"limit-per-day": 1}));
    host.enrolled("spring", &["ann@acme.io"]);
    let token = host.take();
    host.confirm(&token);
    host.ok(json!({"do": "failed", "token": token, "failure": "temporary"}));
    host.ok(json!({"do": "advance", "at": "2026-03-02T23:00:00Z"}));
    host.sends_at("2026-03-03T00:00:00Z", &["ann@acme.io 1"]);
}

#[test]
fn a_permanent_failure_holds_the_enrollment_and_no_other() {
    let mut host = with_ann();
    host.campaign("summer", json!([{"name": "x"}]));
    let token = host.take();
    host.enroll("summer", "ann@acme.io");
    host.confirm(&token);
    host.ok(json!({"do": "failed", "token": token, "failure": "permanent"}));
    let view = host.view("spring", "ann@acme.io");
    assert_eq!((view.status.name(), view.sent), ("paused", 0));
    assert!(view.holds.iter().all(|hold| hold.scope.name() == "enrollment"));
    assert_eq!(host.send(), ["ann@acme.io 1"]);
    assert_eq!(host.view("summer", "ann@acme.io").sent, 1);
    host.silent_until("2026-03-20T08:00:00Z");
}

#[test]
fn a_claim_has_bounds() {
    let mut host = with_ann();
    let before = host.digest();
    for claim in [
        json!({"do": "claim", "limit": 10_001, "lease": "5m"}),
        json!({"do": "claim", "limit": 1, "lease": "25h"}),
        json!({"do": "claim", "limit": 1, "lease": "0s"}),
    ] {
        assert_eq!(host.refused(claim).0, "limit");
    }
    assert_eq!(host.digest(), before);
    assert!(host.claim_up_to(0).is_empty());
    assert_eq!(host.claim_up_to(1).len(), 1);
}
