//! Row 13: per step weekdays and hours, in the prospect's zone; delays from the real delivery.

use serde_json::json;

use crate::apply::Host;

#[test]
fn row_13_each_step_has_its_weekdays_and_hours_in_the_prospects_zone() {
    let mut host = Host::new();
    let steps = json!([
        {"name": "a", "days": "tue-wed", "hours": "09:00-11:00"},
        {"name": "b", "delay": "1 calendar day", "days": ["fri"], "hours": "14:00-15:00"},
    ]);
    host.campaign("spring", steps);
    for (key, zone) in [
        ("t@tokyo.jp", "Asia/Tokyo"),
        ("b@berlin.de", "Europe/Berlin"),
        ("n@york.com", "America/New_York"),
    ] {
        host.ok(json!({"do": "put-prospect", "key": key, "zone": zone}));
        host.enroll("spring", key);
    }
    host.prospect("u@utc.io");
    host.enroll("spring", "u@utc.io");
    // Tuesday at nine, wherever one is.
    host.sends_at("2026-03-03T00:00:00Z", &["t@tokyo.jp 1"]);
    host.sends_at("2026-03-03T08:00:00Z", &["b@berlin.de 1"]);
    host.sends_at("2026-03-03T09:00:00Z", &["u@utc.io 1"]);
    host.sends_at("2026-03-03T14:00:00Z", &["n@york.com 1"]);
    // Friday at two.
    host.sends_at("2026-03-06T05:00:00Z", &["t@tokyo.jp 2"]);
    host.sends_at("2026-03-06T13:00:00Z", &["b@berlin.de 2"]);
    host.sends_at("2026-03-06T14:00:00Z", &["u@utc.io 2"]);
    host.sends_at("2026-03-06T19:00:00Z", &["n@york.com 2"]);
    assert_eq!(host.status("spring", "n@york.com"), "finished");
}

#[test]
fn row_13_a_missed_window_waits_for_the_next_one() {
    let mut host = Host::new();
    host.campaign("spring", json!([{"name": "a", "days": "mon", "hours": "09:00-10:00"}]));
    host.enrolled("spring", &["ann@acme.io"]);
    assert_eq!(host.next("spring", "ann@acme.io"), "2026-03-02T09:00:00Z");
    // Nobody claimed in time: not at ten, which is not in the window, but a week later.
    host.at("2026-03-02T10:00:00Z");
    assert!(host.claim().is_empty());
    assert_eq!(host.next("spring", "ann@acme.io"), "2026-03-09T09:00:00Z");
    host.sends_at("2026-03-09T09:00:00Z", &["ann@acme.io 1"]);
}

#[test]
fn row_13_the_last_minute_of_a_window_is_in_it() {
    let mut host = Host::new();
    host.campaign("spring", json!([{"name": "a", "hours": "09:00-10:00"}]));
    host.enrolled("spring", &["ann@acme.io"]);
    host.at("2026-03-02T09:59:59.999Z");
    assert_eq!(host.send(), ["ann@acme.io 1"]);
}

#[test]
fn row_13_a_delay_counts_from_the_delivery_of_the_previous_message() {
    let mut host = Host::new();
    host.campaign("spring", json!([{"name": "a"}, {"name": "b", "delay": "3d"}]));
    host.enrolled("spring", &["ann@acme.io", "bob@acme.io"]);
    // Planned for eight; claimed at ten, delivered soon after, reported later still.
    host.at("2026-03-02T10:00:00Z");
    let sends = host.claim();
    let tokens: Vec<&str> = sends.iter().map(|it| it["token"].as_str().unwrap()).collect();
    for token in &tokens {
        assert_eq!(host.confirm(token)["ok"], "go");
    }
    host.later(4);
    for (token, sent_at) in tokens.iter().zip(["2026-03-02T10:01:00Z", "2026-03-02T10:03:00Z"]) {
        host.ok(json!({"do": "sent", "token": token, "sent-at": sent_at}));
    }
    assert_eq!(host.next("spring", "ann@acme.io"), "2026-03-05T10:01:00Z");
    assert_eq!(host.next("spring", "bob@acme.io"), "2026-03-05T10:03:00Z");
    host.sends_at("2026-03-05T10:01:00Z", &["ann@acme.io 2"]);
    host.sends_at("2026-03-05T10:03:00Z", &["bob@acme.io 2"]);
}

#[test]
fn row_13_a_delivery_is_clamped_between_the_last_look_and_now() {
    let mut host = Host::new();
    host.campaign("spring", json!([{"name": "a"}, {"name": "b", "delay": "1d"}]));
    // The first is looked at at 8:00, the second at 8:04; each is reported four minutes later.
    for (prospect, told, counted) in [
        ("early@acme.io", "2020-01-01T00:00:00Z", "2026-03-03T08:00:00Z"),
        ("late@acme.io", "2030-01-01T00:00:00Z", "2026-03-03T08:08:00Z"),
    ] {
        host.enrolled("spring", &[prospect]);
        let token = host.take();
        host.confirm(&token);
        host.later(4);
        host.ok(json!({"do": "sent", "token": token, "sent-at": told}));
        assert_eq!(host.next("spring", prospect), counted);
    }
}

#[test]
fn row_13_calendar_days_and_business_days_follow_the_zone() {
    let mut host = Host::since("2026-03-06T08:00:00Z");
    // A Friday; on Sunday the 8th New York's clocks go forward.
    let second = |delay: &str| json!([{"name": "a"}, {"name": "b", "delay": delay}]);
    host.campaign("elapsed", second("3d"));
    host.campaign("calendar", second("3 calendar days"));
    host.campaign("business", second("2 business days"));
    host.ok(json!({"do": "put-prospect", "key": "n@york.com", "zone": "America/New_York"}));
    for campaign in ["elapsed", "calendar", "business"] {
        host.enroll(campaign, "n@york.com");
    }
    host.at("2026-03-06T15:00:00Z");
    assert_eq!(host.send().len(), 3, "ten in the morning there");
    assert_eq!(host.next("elapsed", "n@york.com"), "2026-03-09T15:00:00Z", "eleven there");
    assert_eq!(host.next("calendar", "n@york.com"), "2026-03-09T14:00:00Z", "ten there");
    assert_eq!(host.next("business", "n@york.com"), "2026-03-10T14:00:00Z", "Tuesday");
}

#[test]
fn row_13_a_changed_zone_moves_what_is_planned() {
    let mut host = Host::new();
    host.campaign("spring", json!([{"name": "a", "hours": "09:00-10:00"}]));
    host.enrolled("spring", &["ann@acme.io", "bob@acme.io"]);
    host.ok(json!({"do": "put-prospect", "key": "ann@acme.io", "zone": "America/New_York"}));
    assert_eq!(host.next("spring", "ann@acme.io"), "2026-03-02T14:00:00Z");
    host.ok(json!({"do": "put-campaign", "key": "spring", "zone": "Europe/Berlin"}));
    // Nine in Berlin is where the hour begins that holds the enrolment's instant.
    assert_eq!(host.next("spring", "bob@acme.io"), "2026-03-02T08:00:00Z");
    assert_eq!(host.next("spring", "ann@acme.io"), "2026-03-02T14:00:00Z");
    assert_eq!(host.send(), ["bob@acme.io 1"]);
    host.sends_at("2026-03-02T14:00:00Z", &["ann@acme.io 1"]);
}
