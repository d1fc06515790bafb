//! What changes while campaigns run (limits, senders, steps) plans anew what it affects: a slice
//! with each command, to the same end whatever was planned before.

use holdline::Selection;
use serde_json::{Value as Json, json};

use crate::apply::Host;

/// More than two slices of 64.
const MANY: u32 = 150;

fn limit(limit: u32) -> Json {
    json!({"do": "put-sender", "key": "s1", "limit-per-day": limit})
}

/// A hundred and fifty people at ten a day, of which two are kept for conversations.
fn crowd() -> Host {
    let mut host = Host::new();
    host.ok(limit(10));
    host.campaign("spring", json!([{"name": "a", "hours": "09:00-17:00"}]));
    for number in 0..MANY {
        host.enrolled("spring", &[&format!("p{number}@c{number}.io")]);
    }
    assert_eq!(host.planned_days("spring").len(), 19, "18 days of eight, and six");
    host
}

#[test]
fn a_raised_limit_pulls_timelines_forward_slice_by_slice() {
    let mut host = crowd();
    let before = host.planned_days("spring");
    host.ok(limit(100));
    assert_eq!(host.planned_days("spring"), before, "the first slice only gives back");
    host.planned_anew(MANY);
    assert_eq!(host.planned_days("spring"), ["03-02 ×80", "03-03 ×70"]);
    assert_eq!(host.at("2026-03-02T09:00:00Z").send().len(), 80);
}

#[test]
fn a_lowered_limit_pushes_timelines_back_and_each_day_keeps_it() {
    let mut host = crowd();
    host.ok(limit(5));
    host.planned_anew(MANY);
    let days = host.planned_days("spring");
    assert_eq!((days.len(), days[0].as_str(), days[37].as_str()), (38, "03-02 ×4", "04-08 ×2"));
    for day in 2..9 {
        assert_eq!(host.at(&format!("2026-03-{day:02}T09:00:00Z")).send().len(), 4);
    }
}

#[test]
fn sends_within_a_lowered_limit_do_not_wait_for_the_planning() {
    let mut host = crowd();
    host.at("2026-03-02T09:00:00Z");
    // The command and its slice, and no other before the claim.
    host.ok(limit(3));
    assert_eq!(host.send().len(), 3);
    host.planned_anew(MANY);
    assert!(host.send().is_empty());
    host.at("2026-03-03T09:00:00Z");
    assert_eq!(host.send().len(), 2, "of three slots one is kept for conversations");
}

#[test]
fn planning_anew_comes_to_the_same_end_whatever_was_planned_before() {
    let mut host = crowd();
    let enrolled = host.digest();
    host.ok(limit(40));
    host.planned_anew(MANY);
    let raised = host.digest();
    assert_ne!(raised, enrolled);
    // Back and forth; also by a change that comes before the one before it is done.
    host.ok(limit(10));
    host.planned_anew(MANY);
    assert_eq!(host.digest(), enrolled, "as if they had just been enrolled");
    host.ok(limit(3));
    host.ok(limit(40));
    host.planned_anew(2 * MANY);
    assert_eq!(host.digest(), raised);
    // What changes nothing plans nothing.
    host.ok(limit(40));
    host.planned_anew(0);
    assert_eq!(host.digest(), raised);
}

#[test]
fn conversations_are_placed_before_openings() {
    let mut host = Host::new();
    host.ok(limit(2));
    let step = |delay: &str| json!({"name": "x", "delay": delay, "hours": "09:00-17:00"});
    host.campaign("spring", json!([step("0s"), step("1 calendar day")]));
    host.campaign("other", json!([step("0s")]));
    host.enrolled("other", &["a@a.io", "b@b.io", "c@c.io"]);
    host.enrolled("spring", &["d@d.io"]);
    // One a day is kept: a, b and c one after the other, then d's two.
    host.ok(json!({"do": "reschedule", "selection": {"prospect": "d@d.io"},
                   "from": "2026-03-02T09:00:00Z"}));
    host.at("2026-03-02T09:00:00Z");
    assert_eq!(host.send(), ["a@a.io 1", "d@d.io 1"]);
    host.ok(limit(1));
    host.planned_anew(4);
    // His second message is due on Tuesday; b and c were enrolled before him and come after it.
    host.sends_at("2026-03-03T09:00:00Z", &["d@d.io 2"]);
    host.sends_at("2026-03-04T09:00:00Z", &["b@b.io 1"]);
    host.sends_at("2026-03-05T09:00:00Z", &["c@c.io 1"]);
}

/// Two senders of one a day.
fn two_senders() -> Host {
    let mut host = Host::new();
    for key in ["s1", "s2"] {
        host.ok(json!({"do": "put-sender", "key": key, "limit-per-day": 1}));
    }
    let steps = json!([{"name": "a"}]);
    let senders = json!(["s1", "s2"]);
    host.ok(json!({"do": "put-campaign", "key": "spring", "senders": senders, "steps": steps}));
    host.enrolled("spring", &["a@a.io", "b@b.io", "c@c.io", "d@d.io"]);
    host
}

fn senders(host: &Host) -> Vec<String> {
    let rows = host.list(Selection::default());
    rows.into_iter()
        .map(|row| format!("{} {}", row.sender, &row.next.unwrap().to_string()[5..10]))
        .collect()
}

#[test]
fn a_sender_that_leaves_a_campaign_hands_its_people_to_the_others() {
    let mut host = two_senders();
    assert_eq!(senders(&host), ["s1 03-02", "s2 03-02", "s1 03-03", "s2 03-03"]);
    host.ok(json!({"do": "put-campaign", "key": "spring", "senders": ["s1"]}));
    host.planned_anew(4);
    assert_eq!(senders(&host), ["s1 03-02", "s1 03-03", "s1 03-04", "s1 03-05"]);
    let sends = host.claim();
    assert_eq!(sends.len(), 1);
    assert_eq!(sends[0]["sender"], "s1");
    // What s2 had promised is free for another campaign.
    let other = json!({"do": "put-campaign", "key": "other", "senders": ["s2"],
                       "steps": [{"name": "a"}]});
    host.ok(other);
    assert_eq!(host.enroll("other", "a@a.io")["next"], "2026-03-02T08:00:00Z");
}

#[test]
fn a_sender_that_comes_to_a_campaign_takes_who_comes_later() {
    let mut host = two_senders();
    host.ok(json!({"do": "put-sender", "key": "s3", "limit-per-day": 1}));
    host.ok(json!({"do": "put-campaign", "key": "spring", "senders": ["s1", "s2", "s3"]}));
    host.planned_anew(4);
    assert_eq!(senders(&host), ["s1 03-02", "s2 03-02", "s1 03-03", "s2 03-03"], "they stick");
    host.enrolled("spring", &["e@e.io", "f@f.io", "g@g.io"]);
    assert_eq!(senders(&host)[4..], ["s3 03-02", "s3 03-03", "s1 03-04"]);
}

#[test]
fn a_sender_whose_zone_changes_counts_by_its_new_days() {
    let mut host = two_senders();
    host.ok(json!({"do": "put-sender", "key": "s1", "zone": "Asia/Tokyo"}));
    host.planned_anew(4);
    let mut sent = host.send();
    sent.sort();
    assert_eq!(sent, ["a@a.io 1", "b@b.io 1"]);
    // Its next day begins at 15:00 UTC, that of the other one at midnight.
    host.sends_at("2026-03-02T15:00:00Z", &["c@c.io 1"]);
    host.sends_at("2026-03-03T00:00:00Z", &["d@d.io 1"]);
}
