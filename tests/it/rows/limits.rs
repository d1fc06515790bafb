//! Row 14: a sender's daily limit, shared by its campaigns, and whole timelines where every step
//! has a slot.

use holdline::Status;
use serde_json::{Value as Json, json};

use crate::apply::Host;

fn step(delay: &str) -> Json {
    json!({"name": "x", "delay": delay, "hours": "09:00-17:00"})
}

/// A sender of so many a day, and campaigns of a single step and of two.
fn host(limit: u32) -> Host {
    let mut host = Host::new();
    host.ok(json!({"do": "put-sender", "key": "s1", "limit-per-day": limit}));
    host.campaign("once", json!([step("0s")]));
    host.campaign("twice", json!([step("0s"), step("1 calendar day")]));
    host
}

fn people(count: u32) -> Vec<String> {
    (0..count).map(|number| format!("p{number}@c{number}.io")).collect()
}

fn enroll_all(host: &mut Host, campaign: &str, people: &[String]) {
    let people: Vec<&str> = people.iter().map(String::as_str).collect();
    host.enrolled(campaign, &people);
}

#[test]
fn row_14_two_campaigns_share_the_limit_of_their_sender() {
    // Of five a day one is kept for conversations.
    let mut host = host(5);
    host.campaign("other", json!([step("0s")]));
    for person in people(6) {
        host.enrolled("once", &[&person]);
        host.enroll("other", &person);
    }
    assert_eq!(host.planned_days("once"), ["03-02 ×2", "03-03 ×2", "03-04 ×2"]);
    assert_eq!(host.planned_days("other"), ["03-02 ×2", "03-03 ×2", "03-04 ×2"]);
    for day in ["2026-03-02", "2026-03-03", "2026-03-04"] {
        assert_eq!(host.at(&format!("{day}T09:00:00Z")).send().len(), 4, "on {day}");
        assert!(host.at(&format!("{day}T16:59:00Z")).send().is_empty(), "later on {day}");
    }
}

#[test]
fn row_14_a_whole_timeline_goes_where_every_step_has_a_slot() {
    let mut host = host(1);
    host.enrolled("twice", &["ann@acme.io", "bob@bobs.io", "cy@cys.io"]);
    // On Tuesday ann's second message goes out, so bob's first has to wait for Wednesday.
    host.sends_at("2026-03-02T09:00:00Z", &["ann@acme.io 1"]);
    host.sends_at("2026-03-03T09:00:00Z", &["ann@acme.io 2"]);
    host.sends_at("2026-03-04T09:00:00Z", &["bob@bobs.io 1"]);
    host.sends_at("2026-03-05T09:00:00Z", &["bob@bobs.io 2"]);
    host.sends_at("2026-03-06T09:00:00Z", &["cy@cys.io 1"]);
    host.sends_at("2026-03-07T09:00:00Z", &["cy@cys.io 2"]);
}

#[test]
fn row_14_a_free_day_of_which_the_follow_ups_day_is_full_is_of_no_use() {
    let mut host = host(1);
    host.at("2026-03-03T08:00:00Z");
    host.enrolled("once", &["ann@acme.io"]);
    host.at("2026-03-03T09:00:00Z");
    // Tuesday is ann's; on Wednesday and Thursday there is room for two messages in a row.
    host.enrolled("twice", &["bob@bobs.io"]);
    assert_eq!(host.next("twice", "bob@bobs.io"), "2026-03-04T09:00:00Z");
    // For cy Friday is free, and Saturday too; a single message finds the same Friday later on.
    host.enrolled("twice", &["cy@cys.io"]);
    host.enrolled("once", &["dan@dans.io"]);
    assert_eq!(host.next("twice", "cy@cys.io"), "2026-03-06T09:00:00Z");
    assert_eq!(host.next("once", "dan@dans.io"), "2026-03-08T09:00:00Z");
}

#[test]
fn a_rolling_campaign_places_the_next_message_alone() {
    let mut host = host(1);
    host.ok(json!({"do": "put-campaign", "key": "twice", "placement": "rolling"}));
    host.enrolled("twice", &["ann@acme.io", "bob@bobs.io", "cy@cys.io"]);
    host.sends_at("2026-03-02T09:00:00Z", &["ann@acme.io 1"]);
    // Her second is due on Tuesday, but that day and the next are promised to others by now.
    assert_eq!(host.next("twice", "ann@acme.io"), "2026-03-05T09:00:00Z");
    host.sends_at("2026-03-03T09:00:00Z", &["bob@bobs.io 1"]);
    host.sends_at("2026-03-04T09:00:00Z", &["cy@cys.io 1"]);
    host.sends_at("2026-03-05T09:00:00Z", &["ann@acme.io 2"]);
    host.sends_at("2026-03-06T09:00:00Z", &["bob@bobs.io 2"]);
    host.sends_at("2026-03-07T09:00:00Z", &["cy@cys.io 2"]);
}

#[test]
fn a_campaign_that_becomes_rolling_or_whole_is_planned_anew() {
    let mut host = host(1);
    host.enrolled("twice", &["ann@acme.io", "bob@bobs.io", "cy@cys.io"]);
    let whole = ["03-02 ×1", "03-04 ×1", "03-06 ×1"];
    assert_eq!(host.planned_days("twice"), whole);
    host.ok(json!({"do": "put-campaign", "key": "twice", "placement": "rolling"}));
    host.planned_anew(3);
    assert_eq!(host.planned_days("twice"), ["03-02 ×1", "03-03 ×1", "03-04 ×1"]);
    host.ok(json!({"do": "put-campaign", "key": "twice", "placement": "whole"}));
    host.planned_anew(3);
    assert_eq!(host.planned_days("twice"), whole);
}

#[test]
fn a_fifth_of_each_day_is_kept_for_those_who_had_a_message_or_whom_a_person_moves() {
    let mut host = host(10);
    enroll_all(&mut host, "once", &people(24));
    assert_eq!(host.planned_days("once"), ["03-02 ×8", "03-03 ×8", "03-04 ×8"]);
    let late = json!({"search": "p23@"});
    let to_monday = |selection: &Json| {
        let from = "2026-03-02T09:00:00Z";
        json!({"do": "reschedule", "selection": selection, "from": from})
    };
    host.ok(to_monday(&late));
    assert_eq!(host.planned_days("once"), ["03-02 ×9", "03-03 ×8", "03-04 ×7"]);
    // A person's date fills the day, and does not go beyond.
    host.ok(to_monday(&json!({})));
    assert_eq!(host.planned_days("once"), ["03-02 ×10", "03-03 ×10", "03-04 ×4"]);
}

#[test]
fn the_days_of_a_limit_are_the_senders() {
    let mut host = Host::new();
    let zone = "America/Los_Angeles";
    host.ok(json!({"do": "put-sender", "key": "s1", "limit-per-day": 1, "zone": zone}));
    host.campaign("spring", json!([{"name": "a", "delay": "2h"}]));
    for key in ["ann@acme.io", "bob@bobs.io", "cy@cys.io"] {
        host.ok(json!({"do": "put-prospect", "key": key, "zone": "Asia/Tokyo"}));
        host.enroll("spring", key);
    }
    // Midnight in Los Angeles is at 08:00 UTC, and at 07:00 from Sunday on.
    host.sends_at("2026-03-02T10:00:00Z", &["ann@acme.io 1"]);
    host.sends_at("2026-03-03T08:00:00Z", &["bob@bobs.io 1"]);
    host.sends_at("2026-03-04T08:00:00Z", &["cy@cys.io 1"]);
    host.at("2026-03-08T08:00:00Z");
    let more = ["dan@dans.io", "eve@eves.io"];
    host.enrolled("spring", &more);
    host.sends_at("2026-03-08T10:00:00Z", &["dan@dans.io 1"]);
    host.sends_at("2026-03-09T07:00:00Z", &["eve@eves.io 1"]);
}

#[test]
fn a_gap_that_does_not_fit_into_the_hours_lowers_what_a_day_has() {
    let mut host = Host::new();
    host.ok(json!({"do": "put-sender", "key": "s1", "limit-per-day": 50, "gap": "1h"}));
    host.campaign("spring", json!([{"name": "a", "hours": "09:00-12:00"}]));
    enroll_all(&mut host, "spring", &people(7));
    // Three fit: at nine, ten and eleven. One of them is kept for conversations.
    assert_eq!(host.planned_days("spring"), ["03-02 ×2", "03-03 ×2", "03-04 ×2", "03-05 ×1"]);
    let now = "2026-03-02T09:00:00Z";
    host.ok(json!({"do": "reschedule", "selection": {}, "from": now}));
    assert_eq!(host.planned_days("spring"), ["03-02 ×3", "03-03 ×3", "03-04 ×1"]);
    for hour in ["09", "10", "11"] {
        host.at(&format!("2026-03-02T{hour}:00:00Z"));
        assert_eq!(host.send().len(), 1, "at {hour}");
    }
    host.at("2026-03-02T12:00:00Z");
    assert!(host.send().is_empty());
    // Half the gap, twice as many: those of today are spent.
    host.ok(json!({"do": "put-sender", "key": "s1", "gap": "30m"}));
    host.planned_anew(7);
    assert_eq!(host.planned_days("spring"), ["03-03 ×4", "never ×3"], "three are done");
}

#[test]
fn row_09_resuming_many_with_a_date_places_them_under_limits_and_windows() {
    let mut host = host(10);
    enroll_all(&mut host, "twice", &people(25));
    host.ok(json!({"do": "pause", "selection": {"campaign": "twice"}, "by": "ops"}));
    host.silent_until("2026-03-20T12:00:00Z");
    let resumed = host.ok(json!({
        "do": "resume", "selection": {"campaign": "twice", "status": "paused"},
        "reschedule": "2026-03-23T12:00:00Z", "by": "ops",
    }));
    assert_eq!((&resumed["selected"], &resumed["still-held"]), (&json!(25), &json!(0)));
    // Ten on Monday, whose follow-ups fill Tuesday; ten on Wednesday, and Thursday; five.
    assert_eq!(host.planned_days("twice"), ["03-23 ×10", "03-25 ×10", "03-27 ×5"]);
    assert_eq!(host.next("twice", "p0@c0.io"), "2026-03-23T12:00:00Z");
    assert_eq!(host.next("twice", "p24@c24.io"), "2026-03-27T09:00:00Z");
    for (day, count) in [("23", 10), ("24", 10), ("25", 10), ("26", 10), ("27", 5), ("28", 5)] {
        assert!(host.at(&format!("2026-03-{day}T08:59:00Z")).send().is_empty());
        let sent = host.at(&format!("2026-03-{day}T12:30:00Z")).send().len();
        let rest = host.at(&format!("2026-03-{day}T16:59:00Z")).send().len();
        assert_eq!(sent + rest, count, "on {day} March");
    }
    assert!(
        host.list(holdline::Selection::default()).iter().all(|it| it.status == Status::Finished)
    );
}
