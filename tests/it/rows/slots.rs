//! Nothing goes past the ledger: not what a host missed, not a retry, not a release. What is held
//! keeps its slots until its time comes.

use serde_json::{Value as Json, json};

use crate::apply::Host;

fn host(limit: u32) -> Host {
    let mut host = Host::since("2026-03-06T08:00:00Z");
    host.ok(json!({"do": "put-sender", "key": "s1", "limit-per-day": limit}));
    host.campaign("spring", json!([{"name": "a", "hours": "09:00-17:00"}]));
    host
}

fn next<const N: usize>(host: &Host, people: [&str; N]) -> [String; N] {
    people.map(|person| host.next("spring", person)[5..10].to_owned())
}

#[test]
fn what_a_host_missed_over_a_weekend_goes_out_within_the_limits_of_the_days_after_it() {
    let mut host = host(10);
    for number in 0..32 {
        host.enrolled("spring", &[&format!("p{number}@c{number}.io")]);
    }
    // From Friday to Monday, eight a day.
    assert_eq!(host.planned_days("spring"), ["03-06 ×8", "03-07 ×8", "03-08 ×8", "03-09 ×8"]);
    let mut sent = Vec::new();
    for day in 9..14 {
        let before = host.at(&format!("2026-03-{day:02}T08:59:00Z")).send().len();
        assert_eq!(before, 0, "before the hours of the step");
        let opened = host.at(&format!("2026-03-{day:02}T09:00:00Z")).send().len();
        sent.push(opened + host.at(&format!("2026-03-{day:02}T16:30:00Z")).send().len());
    }
    assert_eq!(sent, [10, 10, 10, 2, 0]);
}

#[test]
fn who_was_promised_a_day_has_it_before_those_who_come_from_a_missed_one() {
    let mut host = host(1);
    host.enrolled("spring", &["fri@a.io", "sat@b.io", "sun@c.io", "mon@d.io"]);
    host.sends_at("2026-03-09T09:00:00Z", &["mon@d.io 1"]);
    host.sends_at("2026-03-10T09:00:00Z", &["fri@a.io 1"]);
    host.sends_at("2026-03-11T09:00:00Z", &["sat@b.io 1"]);
    host.sends_at("2026-03-12T09:00:00Z", &["sun@c.io 1"]);
}

#[test]
fn a_retry_takes_a_slot_and_what_failed_has_spent_one() {
    let mut host = host(1);
    host.enrolled("spring", &["ann@a.io", "bob@b.io"]);
    host.at("2026-03-06T09:00:00Z");
    let token = host.take();
    assert_eq!(host.confirm(&token)["ok"], "go");
    host.ok(json!({"do": "failed", "token": token, "failure": "temporary"}));
    // A quarter of an hour later there is no slot left, nor tomorrow, which is bob's.
    assert_eq!(next(&host, ["ann@a.io", "bob@b.io"]), ["03-08", "03-07"]);
    host.enrolled("spring", &["cy@c.io"]);
    assert_eq!(next(&host, ["cy@c.io"]), ["03-09"], "Sunday is taken by the retry");
    host.sends_at("2026-03-07T09:00:00Z", &["bob@b.io 1"]);
    host.sends_at("2026-03-08T09:00:00Z", &["ann@a.io 1"]);
    host.sends_at("2026-03-09T09:00:00Z", &["cy@c.io 1"]);
}

#[test]
fn a_retry_on_a_day_with_a_slot_goes_out_that_day() {
    let mut host = host(2);
    host.enrolled("spring", &["ann@a.io"]);
    host.at("2026-03-06T09:00:00Z");
    let token = host.take();
    assert_eq!(host.confirm(&token)["ok"], "go");
    host.ok(json!({"do": "failed", "token": token, "failure": "temporary"}));
    host.sends_at("2026-03-06T09:15:00Z", &["ann@a.io 1"]);
    host.prospect("bob@b.io");
    assert_eq!(host.enroll("spring", "bob@b.io")["next"], "2026-03-07T09:00:00Z", "two are spent");
}

#[test]
fn a_resend_takes_a_slot() {
    let mut host = host(1);
    host.enrolled("spring", &["ann@a.io", "bob@b.io"]);
    host.at("2026-03-06T09:00:00Z");
    let token = host.take();
    assert_eq!(host.confirm(&token)["ok"], "go");
    host.ok(json!({"do": "unknown", "token": token}));
    host.ok(json!({"do": "resend", "token": token, "by": "ops", "reason": "not in the mailbox"}));
    assert_eq!(next(&host, ["ann@a.io", "bob@b.io"]), ["03-08", "03-07"]);
    host.sends_at("2026-03-07T09:00:00Z", &["bob@b.io 1"]);
    host.sends_at("2026-03-08T09:00:00Z", &["ann@a.io 1"]);
}

#[test]
fn a_return_from_a_trip_takes_a_slot_of_its_day() {
    let mut host = host(1);
    host.enrolled("spring", &["ann@a.io", "bob@b.io"]);
    let away =
        |date: &str| json!({"prospect": "ann@a.io", "kind": "out-of-office", "return-date": date});
    host.event("reply", away("2026-03-06"));
    // Friday's slot came back when its hours began; she is released on Saturday, which is bob's.
    host.at("2026-03-06T09:00:00Z");
    assert!(host.send().is_empty());
    host.at("2026-03-07T00:00:00Z");
    assert!(host.send().is_empty());
    assert_eq!(next(&host, ["ann@a.io", "bob@b.io"]), ["03-08", "03-07"]);
    host.sends_at("2026-03-07T09:00:00Z", &["bob@b.io 1"]);
    host.sends_at("2026-03-08T09:00:00Z", &["ann@a.io 1"]);
}

fn pause(prospect: &str, verb: &str) -> Json {
    json!({"do": verb, "campaign": "spring", "prospect": prospect, "by": "ops"})
}

#[test]
fn who_is_held_keeps_the_slots_until_the_time_comes_and_then_gives_them_back() {
    let mut host = host(1);
    host.enrolled("spring", &["ann@a.io", "bob@b.io", "cy@c.io"]);
    host.ok(pause("bob@b.io", "pause"));
    host.sends_at("2026-03-06T09:00:00Z", &["ann@a.io 1"]);
    host.enrolled("spring", &["dan@d.io"]);
    assert_eq!(next(&host, ["bob@b.io", "cy@c.io", "dan@d.io"]), ["03-07", "03-08", "03-09"]);
    // Saturday: it is bob's time, and he is still held.
    host.at("2026-03-07T08:00:00Z");
    host.enrolled("spring", &["eve@e.io"]);
    assert_eq!(next(&host, ["eve@e.io"]), ["03-10"], "not yet");
    host.at("2026-03-07T09:00:00Z");
    assert!(host.send().is_empty());
    host.enrolled("spring", &["fay@f.io"]);
    assert_eq!(host.send(), ["fay@f.io 1"], "his slot is hers");
    host.ok(pause("bob@b.io", "resume"));
    assert_eq!(host.send(), Vec::<String>::new());
    assert_eq!(next(&host, ["bob@b.io"]), ["03-11"], "he comes after those who have a promise");
}

#[test]
fn who_is_released_in_time_has_kept_the_slot() {
    let mut host = host(1);
    host.enrolled("spring", &["ann@a.io", "bob@b.io"]);
    host.ok(pause("bob@b.io", "pause"));
    host.sends_at("2026-03-06T09:00:00Z", &["ann@a.io 1"]);
    host.ok(pause("bob@b.io", "resume"));
    host.enrolled("spring", &["cy@c.io"]);
    host.sends_at("2026-03-07T09:00:00Z", &["bob@b.io 1"]);
    host.sends_at("2026-03-08T09:00:00Z", &["cy@c.io 1"]);
}

#[test]
fn a_lease_that_ends_gives_the_send_back_with_its_slot() {
    let mut host = host(1);
    host.enrolled("spring", &["ann@a.io", "bob@b.io"]);
    host.at("2026-03-06T09:00:00Z");
    let token = host.take();
    assert!(host.claim().is_empty(), "one of the day is on its way");
    host.later(6);
    let (refused, _) = host.refused(json!({"do": "confirm", "token": token}));
    assert_eq!(refused, "stale-token");
    assert_eq!(host.send(), ["ann@a.io 1"]);
    host.sends_at("2026-03-07T09:00:00Z", &["bob@b.io 1"]);
}

#[test]
fn the_last_look_keeps_a_limit_that_was_lowered_after_the_claim() {
    let mut host = host(5);
    host.enrolled("spring", &["ann@a.io", "bob@b.io", "cy@c.io"]);
    host.at("2026-03-06T09:00:00Z");
    let sends = host.claim();
    assert_eq!(sends.len(), 3);
    host.ok(json!({"do": "put-sender", "key": "s1", "limit-per-day": 1}));
    let verdicts: Vec<Json> = sends
        .iter()
        .map(|send| host.confirm(send["token"].as_str().unwrap()))
        .map(|verdict| verdict.get("cause").unwrap_or(&verdict["ok"]).clone())
        .collect();
    assert_eq!(verdicts, ["go", "limit-reached", "limit-reached"]);
}
