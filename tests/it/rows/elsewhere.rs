//! Row 16: starting another campaign for a prospect who is in one.

use serde_json::json;

use crate::apply::{Host, holds};

/// Ann is in `winter`, which goes on tomorrow; `spring` wants her as it says.
fn host(elsewhere: Option<&str>) -> Host {
    let mut host = Host::new();
    host.ok(json!({"do": "put-sender", "key": "s1", "limit-per-day": 1}));
    host.campaign("winter", json!([{"name": "a"}, {"name": "b", "delay": "1 calendar day"}]));
    host.campaign("spring", json!([{"name": "a", "delay": "12h"}]));
    if let Some(choice) = elsewhere {
        host.ok(json!({"do": "put-campaign", "key": "spring", "enrolled-elsewhere": choice}));
    }
    host.enrolled("winter", &["ann@acme.io"]);
    host
}

#[test]
fn row_16_allow_puts_the_prospect_into_both() {
    for choice in [None, Some("allow")] {
        let mut host = host(choice);
        assert_eq!(host.enroll("spring", "ann@acme.io")["held-by"], json!([]));
        assert_eq!(host.send(), ["ann@acme.io 1"]);
        // Tuesday is promised to winter's second message.
        assert_eq!(host.next("winter", "ann@acme.io"), "2026-03-03T08:00:00Z");
        assert_eq!(host.next("spring", "ann@acme.io"), "2026-03-04T00:00:00Z");
    }
}

#[test]
fn row_16_reject_refuses_and_names_the_campaign_that_the_prospect_is_in() {
    let mut host = host(Some("reject"));
    let before = host.digest();
    let enroll = json!({"do": "enroll", "campaign": "spring", "prospect": "ann@acme.io"});
    let outcome = host.tell(enroll.clone());
    assert_eq!(outcome["refused"], "in-another-campaign");
    assert_eq!(outcome["other"], "winter");
    assert_eq!(host.digest(), before);
    // The other way round winter, which says nothing, takes who is in spring.
    host.enrolled("spring", &["bob@acme.io"]);
    host.enroll("winter", "bob@acme.io");
    // Also while she is paused there; not any more when it is over.
    host.ok(json!({"do": "pause", "prospect": "ann@acme.io"}));
    assert_eq!(host.tell(enroll.clone())["refused"], "in-another-campaign");
    host.ok(json!({"do": "resume", "prospect": "ann@acme.io"}));
    assert_eq!(host.send(), ["ann@acme.io 1"]);
    assert_eq!(host.tell(enroll.clone())["refused"], "in-another-campaign");
    host.sends_at("2026-03-03T08:00:00Z", &["ann@acme.io 2"]);
    assert_eq!(host.tell(enroll)["ok"], "enrolled");
}

#[test]
fn row_16_reject_looks_away_from_what_was_stopped() {
    let mut host = host(Some("reject"));
    host.ok(json!({"do": "stop", "campaign": "winter", "prospect": "ann@acme.io", "by": "ops"}));
    host.enroll("spring", "ann@acme.io");
}

#[test]
fn row_16_replace_stops_the_other_campaigns_and_gives_their_slots_back() {
    let mut host = host(Some("replace"));
    let spring = json!({"do": "enroll", "campaign": "spring", "prospect": "ann@acme.io"});
    let enrolled = host.ok(spring);
    assert_eq!(enrolled["held-by"], json!([]));
    // Her Monday and Tuesday in winter are free again; in spring she is due on Monday evening.
    assert_eq!(enrolled["next"], "2026-03-02T20:00:00Z");
    let view = host.view("winter", "ann@acme.io");
    assert_eq!(view.status.to_string(), "stopped");
    assert_eq!(view.holds.len(), 1);
    assert_eq!(host.status("spring", "ann@acme.io"), "scheduled");
    host.enrolled("spring", &["bob@acme.io"]);
    assert_eq!(host.next("spring", "bob@acme.io"), "2026-03-03T00:00:00Z");
    host.sends_at("2026-03-02T20:00:00Z", &["ann@acme.io 1"]);
    host.sends_at("2026-03-03T00:00:00Z", &["bob@acme.io 1"]);
    host.silent_until("2026-04-03T00:00:00Z");
}

#[test]
fn row_16_what_was_claimed_when_it_was_replaced_does_not_leave_any_more() {
    let mut host = host(Some("replace"));
    let token = host.take();
    host.enroll("spring", "ann@acme.io");
    let verdict = host.confirm(&token);
    assert_eq!(verdict["cause"], "held");
    assert_eq!(holds(&verdict).len(), 1, "{verdict}");
    host.silent_until("2026-03-02T19:00:00Z");
    host.at("2026-03-03T09:00:00Z");
    assert_eq!(host.send(), ["ann@acme.io 1"]);
    assert_eq!(host.view("spring", "ann@acme.io").sent, 1);
}

#[test]
fn row_16_what_was_leaving_when_it_was_replaced_is_the_last_of_its_campaign() {
    let mut host = host(Some("replace"));
    let token = host.take();
    assert_eq!(host.confirm(&token)["ok"], "go");
    host.enroll("spring", "ann@acme.io");
    host.ok(json!({"do": "sent", "token": token}));
    assert_eq!(host.status("winter", "ann@acme.io"), "stopped");
    assert_eq!(host.view("winter", "ann@acme.io").sent, 1);
    host.at("2026-03-04T09:00:00Z");
    assert_eq!(host.send(), ["ann@acme.io 1"]);
    host.silent_until("2026-03-14T09:00:00Z");
}
