//! How many messages of a campaign the people of one company get in a day or a week.

use serde_json::{Value as Json, json};

use crate::apply::Host;

const ACME: [&str; 5] = ["a@acme.io", "b@acme.io", "c@acme.io", "d@acme.io", "e@acme.io"];

fn pace(pace: &str) -> Json {
    json!({"do": "put-campaign", "key": "spring", "company-pace": pace})
}

/// A campaign of one step, without and with a bound.
fn host(bound: Option<&str>) -> Host {
    let mut host = Host::new();
    host.campaign("spring", json!([{"name": "a", "hours": "09:00-17:00"}]));
    bound.into_iter().for_each(|bound| drop(host.ok(pace(bound))));
    host
}

#[test]
fn a_pace_per_day_spreads_the_people_of_a_company_over_days() {
    let mut host = host(Some("2 per day"));
    host.enrolled("spring", &ACME);
    assert_eq!(host.planned_days("spring"), ["03-02 ×2", "03-03 ×2", "03-04 ×1"]);
    host.sends_at("2026-03-02T09:00:00Z", &["a@acme.io 1", "b@acme.io 1"]);
    host.sends_at("2026-03-03T09:00:00Z", &["c@acme.io 1", "d@acme.io 1"]);
    host.sends_at("2026-03-04T09:00:00Z", &["e@acme.io 1"]);
}

#[test]
fn a_pace_per_week_counts_from_monday_to_sunday() {
    let mut host = host(Some("2 per week"));
    // A Sunday: the week ends with it.
    host.at("2026-03-08T08:00:00Z");
    host.enrolled("spring", &ACME);
    assert_eq!(host.planned_days("spring"), ["03-08 ×2", "03-09 ×2", "03-16 ×1"]);
    host.sends_at("2026-03-08T09:00:00Z", &["a@acme.io 1", "b@acme.io 1"]);
    host.sends_at("2026-03-09T09:00:00Z", &["c@acme.io 1", "d@acme.io 1"]);
    host.silent_until("2026-03-15T23:00:00Z");
    host.sends_at("2026-03-16T09:00:00Z", &["e@acme.io 1"]);
}

#[test]
fn other_companies_other_campaigns_and_who_has_no_company_are_not_counted() {
    let mut host = host(Some("1 per week"));
    host.campaign("other", json!([{"name": "a", "hours": "09:00-17:00"}]));
    host.enrolled("spring", &["a@acme.io", "x@other.io", "y@gmail.com", "z@gmail.com"]);
    host.enrolled("other", &["a@acme.io", "b@acme.io"]);
    assert_eq!(host.planned_days("spring"), ["03-02 ×4"]);
    assert_eq!(host.planned_days("other"), ["03-02 ×2"]);
    host.enroll("spring", "b@acme.io");
    assert_eq!(host.next("spring", "b@acme.io"), "2026-03-09T09:00:00Z");
}

#[test]
fn the_follow_ups_of_a_whole_timeline_count_too() {
    let mut host = Host::new();
    let step = |delay: &str| json!({"name": "x", "delay": delay, "hours": "09:00-17:00"});
    host.campaign("spring", json!([step("0s"), step("1 calendar day")]));
    host.ok(pace("2 per week"));
    host.enrolled("spring", &["a@acme.io", "b@acme.io"]);
    // Her two fill the week; his begin with the next one.
    host.sends_at("2026-03-02T09:00:00Z", &["a@acme.io 1"]);
    host.sends_at("2026-03-03T09:00:00Z", &["a@acme.io 2"]);
    host.sends_at("2026-03-09T09:00:00Z", &["b@acme.io 1"]);
    host.sends_at("2026-03-10T09:00:00Z", &["b@acme.io 2"]);
}

#[test]
fn a_bound_that_is_put_later_counts_what_went_out_and_one_that_goes_lets_all_go() {
    let mut host = host(None);
    host.enrolled("spring", &ACME[..1]);
    host.at("2026-03-02T09:00:00Z");
    assert_eq!(host.send(), ["a@acme.io 1"]);
    host.enrolled("spring", &ACME[1..]);
    assert_eq!(host.planned_days("spring"), ["03-02 ×4", "never ×1"]);
    host.ok(pace("2 per week"));
    host.planned_anew(5);
    let paced = ["03-02 ×1", "03-09 ×2", "03-16 ×1", "never ×1"];
    assert_eq!(host.planned_days("spring"), paced);
    host.ok(pace("0 per week"));
    host.planned_anew(5);
    assert_eq!(host.planned_days("spring"), ["03-02 ×4", "never ×1"]);
    host.ok(pace("2 per week"));
    host.planned_anew(5);
    assert_eq!(host.planned_days("spring"), paced);
}

#[test]
fn the_last_look_keeps_a_bound_that_was_put_after_the_claim() {
    let mut host = host(None);
    host.at("2026-03-02T09:00:00Z");
    host.enrolled("spring", &ACME[..2]);
    let sends = host.claim();
    assert_eq!(sends.len(), 2);
    host.ok(pace("1 per day"));
    let [first, second] = [0, 1].map(|at: usize| sends[at]["token"].as_str().unwrap());
    assert_eq!(host.confirm(first)["ok"], "go");
    assert_eq!(host.confirm(second)["cause"], "limit-reached");
    host.ok(json!({"do": "sent", "token": first}));
    host.sends_at("2026-03-03T09:00:00Z", &["b@acme.io 1"]);
}

#[test]
fn neither_a_resume_nor_a_persons_date_goes_beyond_it() {
    let mut host = host(Some("2 per day"));
    host.ok(json!({"do": "pause", "campaign": "spring", "by": "ops"}));
    host.enrolled("spring", &ACME);
    host.silent_until("2026-03-20T08:00:00Z");
    host.ok(json!({"do": "resume", "campaign": "spring", "by": "ops"}));
    host.at("2026-03-20T09:00:00Z");
    assert_eq!(host.send().len(), 2);
    let now = "2026-03-20T09:00:00Z";
    host.ok(json!({"do": "reschedule", "selection": {}, "from": now, "by": "ops"}));
    assert!(host.send().is_empty());
    host.at("2026-03-21T09:00:00Z");
    assert_eq!(host.send().len(), 2);
    host.at("2026-03-22T09:00:00Z");
    assert_eq!(host.send().len(), 1);
}

#[test]
fn who_changes_company_counts_for_the_new_one() {
    let mut host = host(Some("1 per day"));
    host.enrolled("spring", &ACME[..2]);
    host.enrolled("spring", &["x@other.io"]);
    assert_eq!(host.planned_days("spring"), ["03-02 ×2", "03-03 ×1"]);
    host.ok(json!({"do": "put-prospect", "key": "x@other.io", "company": "acme.io"}));
    // It is placed by the bound of its new company, which had a send on the day of its own.
    assert_eq!(host.next("spring", "x@other.io"), "2026-03-04T09:00:00Z");
    host.enrolled("spring", &["y@other.io", "c@acme.io"]);
    assert_eq!(host.next("spring", "y@other.io"), "2026-03-02T09:00:00Z");
    assert_eq!(host.next("spring", "c@acme.io"), "2026-03-05T09:00:00Z");
}
