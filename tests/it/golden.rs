//! The golden vectors, through the whole engine: a minute before the instant nothing goes out, at
//! the instant exactly one message does. G3 under the other modes, G4 and G5 are in `resuming`, at
//! every scope.

use serde_json::{Value as Json, json};

use crate::apply::{Host, holds};

/// One prospect, whose first message goes out at once; what follows is the vector's.
fn after_the_first(at: &str, zone: &str, second: Json) -> Host {
    let mut host = Host::since(at);
    host.campaign("spring", json!([{"name": "a"}, second]));
    host.ok(json!({"do": "put-prospect", "key": "ann@acme.io", "zone": zone}));
    host.enroll("spring", "ann@acme.io");
    assert_eq!(host.send(), ["ann@acme.io 1"]);
    host
}

#[test]
fn g1_each_step_goes_out_on_its_own_weekdays() {
    let mut host = Host::since("2026-03-03T10:00:00Z");
    let steps = json!([
        {"name": "a", "days": "mon-fri", "hours": "09:00-17:00"},
        {"name": "b", "delay": "3d", "days": ["thu", "fri"], "hours": "09:00-17:00"},
        {"name": "c", "delay": "1d", "days": "tue", "hours": "09:00-17:00"},
    ]);
    host.campaign("spring", steps);
    host.enrolled("spring", &["ann@acme.io"]);
    assert_eq!(host.send(), ["ann@acme.io 1"], "on a Tuesday");
    host.sends_at("2026-03-06T10:00:00Z", &["ann@acme.io 2"]);
    // A day later is Saturday; the next Tuesday is four days after the Friday.
    host.sends_at("2026-03-10T09:00:00Z", &["ann@acme.io 3"]);
}

#[test]
fn g2_three_days_after_a_thursday_is_sunday() {
    let second = json!({"name": "b", "delay": "3d"});
    let mut host = after_the_first("2026-03-05T10:20:00Z", "UTC", second);
    host.sends_at("2026-03-08T10:20:00Z", &["ann@acme.io 2"]);
}

#[test]
fn g2_three_days_after_a_thursday_without_weekends_is_monday() {
    let second = json!({"name": "b", "delay": "3d", "days": "mon-fri"});
    let mut host = after_the_first("2026-03-05T10:20:00Z", "UTC", second);
    host.sends_at("2026-03-09T00:00:00Z", &["ann@acme.io 2"]);
    let second = json!({"name": "b", "delay": "3d", "days": "mon-fri", "hours": "09:00-17:00"});
    let mut host = after_the_first("2026-03-05T10:20:00Z", "UTC", second);
    host.sends_at("2026-03-09T09:00:00Z", &["ann@acme.io 2"]);
}

/// Sent on January 1, the next due ten days later, held on the 5th.
fn held_on_the_fifth() -> Host {
    let second = json!({"name": "b", "delay": "10d"});
    let mut host = after_the_first("2026-01-01T09:00:00Z", "UTC", second);
    assert_eq!(host.next("spring", "ann@acme.io"), "2026-01-11T09:00:00Z");
    host.at("2026-01-05T12:00:00Z");
    host.ok(json!({"do": "pause", "campaign": "spring", "prospect": "ann@acme.io"}));
    host
}

#[test]
fn g3_keep_released_before_the_due_goes_out_when_it_was_due() {
    let mut host = held_on_the_fifth();
    host.at("2026-01-07T12:00:00Z");
    host.ok(json!({"do": "resume", "campaign": "spring", "prospect": "ann@acme.io"}));
    host.sends_at("2026-01-11T09:00:00Z", &["ann@acme.io 2"]);
}

#[test]
fn g3_keep_released_after_the_due_goes_out_at_the_release() {
    let mut host = held_on_the_fifth();
    host.silent_until("2026-01-14T16:00:00Z");
    host.at("2026-01-14T16:05:00Z");
    host.ok(json!({"do": "resume", "campaign": "spring", "prospect": "ann@acme.io"}));
    host.sends_at("2026-01-14T16:05:00Z", &["ann@acme.io 2"]);
}

#[test]
fn g6_an_instant_that_does_not_exist_moves_forward_by_the_gap() {
    // By its delay, the night before at the same time of day …
    let second = json!({"name": "b", "delay": "1 calendar day"});
    let mut host = after_the_first("2007-03-10T07:30:00Z", "America/New_York", second);
    host.sends_at("2007-03-11T07:30:00Z", &["ann@acme.io 2"]);
    // … and by its window.
    let second = json!({"name": "b", "delay": "1h", "hours": "02:30-05:00"});
    let mut host = after_the_first("2007-03-11T05:00:00Z", "America/New_York", second);
    host.sends_at("2007-03-11T07:30:00Z", &["ann@acme.io 2"]);
}

#[test]
fn g7_planned_across_the_end_of_summer_time_goes_out_once_in_its_window() {
    for delay in ["15d", "15 calendar days"] {
        let second = json!({"name": "b", "delay": delay, "hours": "14:00-15:00"});
        let mut host = after_the_first("2021-10-24T18:00:00Z", "America/New_York", second);
        let next = host.next("spring", "ann@acme.io");
        assert_eq!(next, "2021-11-08T19:00:00Z", "two in the afternoon, winter time");
        host.sends_at("2021-11-08T19:00:00Z", &["ann@acme.io 2"]);
        host.silent_until("2021-11-12T20:00:00Z");
        assert_eq!(host.status("spring", "ann@acme.io"), "finished");
    }
}

#[test]
fn g7_not_claimed_in_its_window_it_waits_for_the_next_days() {
    let second = json!({"name": "b", "delay": "15d", "hours": "14:00-15:00"});
    let mut host = after_the_first("2021-10-24T18:00:00Z", "America/New_York", second);
    host.at("2021-11-08T20:00:00Z");
    assert!(host.claim().is_empty(), "three in the afternoon is too late");
    host.sends_at("2021-11-09T19:00:00Z", &["ann@acme.io 2"]);
}

/// Somebody who takes the slot of a day, under a limit of one a day.
fn fill(host: &mut Host, day: &str) {
    let prospect = format!("{day}@full.io");
    host.enrolled("full", &[&prospect]);
    let selection = json!({"campaign": "full", "prospect": prospect});
    let from = format!("{day}T00:00:00Z");
    host.ok(json!({"do": "reschedule", "selection": selection, "from": from, "by": "ops"}));
    assert!(host.next("full", &prospect).starts_with(day), "{}", host.next("full", &prospect));
}

#[test]
fn g8_send_now_waits_for_the_first_day_on_which_all_steps_fit() {
    // A Monday. The follow-up of what begins on a day comes on the next one.
    let mut host = Host::since("2026-03-02T10:00:00Z");
    host.ok(json!({"do": "put-sender", "key": "s1", "limit-per-day": 1}));
    let step = |delay: &str| json!({"name": "x", "delay": delay, "hours": "09:00-17:00"});
    host.campaign("full", json!([step("30d")]));
    host.campaign("spring", json!([step("10d"), step("1 calendar day")]));
    host.enrolled("spring", &["ann@acme.io"]);
    fill(&mut host, "2026-03-03");
    fill(&mut host, "2026-03-05");
    let everyone = json!({"campaign": "spring"});
    host.ok(json!({"do": "reschedule", "selection": everyone, "from": "2026-03-02T10:00:00Z"}));
    // Monday is free, but not Tuesday; Wednesday is, but not Thursday.
    host.sends_at("2026-03-03T09:00:00Z", &["2026-03-03@full.io 1"]);
    host.sends_at("2026-03-05T09:00:00Z", &["2026-03-05@full.io 1"]);
    host.sends_at("2026-03-06T09:00:00Z", &["ann@acme.io 1"]);
    host.sends_at("2026-03-07T09:00:00Z", &["ann@acme.io 2"]);
}

#[test]
fn g9_back_from_a_trip_two_full_days_are_passed_over_and_the_limit_holds() {
    let mut host = Host::since("2026-07-01T10:00:00+02:00");
    let zone = "Europe/Berlin";
    host.ok(json!({"do": "put-sender", "key": "s1", "limit-per-day": 1, "zone": zone}));
    let hours = "09:00-17:00";
    host.campaign("full", json!([{"name": "f", "delay": "30d", "hours": hours}]));
    let second = json!({"name": "b", "delay": "5 calendar days", "hours": hours});
    host.campaign("spring", json!([{"name": "a", "hours": hours}, second]));
    host.ok(json!({"do": "put-prospect", "key": "ann@acme.io", "zone": zone}));
    host.enroll("spring", "ann@acme.io");
    assert_eq!(host.send(), ["ann@acme.io 1"]);
    fill(&mut host, "2026-07-08");
    fill(&mut host, "2026-07-09");
    host.at("2026-07-02T10:00:00+02:00");
    let away = json!({
        "prospect": "ann@acme.io", "kind": "out-of-office", "return-date": "2026-07-07",
    });
    let held = host.event("reply", away);
    assert_eq!(held["holds"][0]["until"], "2026-07-07T22:00:00Z", "the 8th, 00:00");
    host.silent_until("2026-07-08T06:00:00Z");
    host.sends_at("2026-07-08T07:00:00Z", &["2026-07-08@full.io 1"]);
    assert_eq!(host.next("spring", "ann@acme.io"), "2026-07-10T07:00:00Z");
    host.sends_at("2026-07-09T07:00:00Z", &["2026-07-09@full.io 1"]);
    host.sends_at("2026-07-10T07:00:00Z", &["ann@acme.io 2"]);
}

#[test]
fn g10_an_out_of_office_that_ends_leaves_a_persons_pause() {
    let second = json!({"name": "b", "delay": "1d"});
    let mut host = after_the_first("2026-03-02T09:00:00Z", "UTC", second);
    host.ok(json!({"do": "pause", "prospect": "ann@acme.io", "by": "ops"}));
    host.event(
        "reply",
        json!({"prospect": "ann@acme.io", "kind": "out-of-office", "return-date": "2026-03-04"}),
    );
    assert_eq!(host.view("spring", "ann@acme.io").holds.len(), 2);
    assert!(!host.view("spring", "ann@acme.io").manually_paused);
    host.at("2026-03-05T00:00:00Z");
    let view = host.view("spring", "ann@acme.io");
    assert_eq!(view.holds.len(), 1, "only the person's is left");
    assert!(view.manually_paused);
    host.silent_until("2026-03-20T00:00:00Z");
    host.ok(json!({"do": "resume", "prospect": "ann@acme.io", "by": "ops"}));
    host.sends_at("2026-03-20T00:00:00Z", &["ann@acme.io 2"]);
}

#[test]
fn g11_a_retracted_reply_lets_go_of_the_colleagues_it_held_and_of_nothing_else() {
    let mut host = Host::new();
    host.campaign("spring", json!([{"name": "a"}]));
    host.enrolled("spring", &["ann@acme.io", "bob@acme.io", "cy@acme.io", "dan@acme.io"]);
    let ann = host.event("reply", json!({"id": "r1", "prospect": "ann@acme.io", "kind": "human"}));
    let ann_holds: Vec<&Json> =
        ann["holds"].as_array().unwrap().iter().map(|it| &it["hold"]).collect();
    assert_eq!(holds(&ann).len(), 2, "hers and the company's");
    host.event("reply", json!({"prospect": "bob@acme.io", "kind": "out-of-office"}));
    host.ok(json!({"do": "pause", "campaign": "spring", "prospect": "cy@acme.io"}));
    assert_eq!(host.status("spring", "dan@acme.io"), "paused");
    let retracted = host.ok(json!({"do": "retract", "event": "r1"}));
    assert_eq!(retracted["seen"], true);
    assert_eq!(retracted["kept"], json!([]));
    assert_eq!(retracted["lifted"].as_array().unwrap().iter().collect::<Vec<_>>(), ann_holds);
    assert_eq!(host.status("spring", "ann@acme.io"), "scheduled");
    assert_eq!(host.status("spring", "dan@acme.io"), "scheduled");
    assert_eq!(host.status("spring", "bob@acme.io"), "paused", "his own out-of-office");
    assert_eq!(host.status("spring", "cy@acme.io"), "paused", "a person's pause");
    assert_eq!(host.send(), ["ann@acme.io 1", "dan@acme.io 1"]);
}

#[test]
fn g11_a_company_held_by_two_replies_stays_held_by_the_other() {
    let mut host = Host::new();
    host.campaign("spring", json!([{"name": "a"}]));
    host.enrolled("spring", &["ann@acme.io", "bob@acme.io", "cy@acme.io"]);
    for (id, prospect) in [("r1", "ann@acme.io"), ("r2", "bob@acme.io")] {
        host.event("reply", json!({"id": id, "prospect": prospect, "kind": "human"}));
    }
    host.ok(json!({"do": "retract", "event": "r1"}));
    assert_eq!(host.status("spring", "cy@acme.io"), "paused");
    assert_eq!(host.status("spring", "ann@acme.io"), "paused");
    host.ok(json!({"do": "retract", "event": "r2"}));
    assert_eq!(host.send(), ["ann@acme.io 1", "bob@acme.io 1", "cy@acme.io 1"]);
}

#[test]
fn g12_a_hundred_overdue_go_out_as_the_limit_allows() {
    let mut host = Host::new();
    host.ok(json!({"do": "put-sender", "key": "s1", "limit-per-day": 30}));
    host.campaign("spring", json!([{"name": "a", "hours": "09:00-17:00"}]));
    host.ok(json!({"do": "pause", "campaign": "spring", "by": "ops"}));
    for number in 0..100 {
        host.enrolled("spring", &[&format!("p{number}@c{number}.io")]);
    }
    host.silent_until("2026-03-20T00:00:00Z");
    host.ok(json!({"do": "resume", "campaign": "spring", "by": "ops"}));
    let day = |host: &mut Host| -> usize { (0..24).map(|_| host.later(60).send().len()).sum() };
    let days: Vec<usize> = (0..6).map(|_| day(&mut host)).collect();
    assert_eq!(days, [30, 30, 30, 10, 0, 0], "asked every hour");
    let snapshot = host.engine.snapshot().unwrap();
    let day = |number: u32| chrono::NaiveDate::from_ymd_opt(2026, 3, number).unwrap();
    let agenda = snapshot.view("default").unwrap().agenda(day(18), day(26));
    let sent: Vec<u32> = agenda.senders[0].days.iter().map(|it| it.sent).collect();
    assert_eq!(sent, [0, 0, 30, 30, 30, 10, 0, 0]);
}

#[test]
fn g13_subdomains_are_one_company_and_gmail_is_none() {
    let mut host = Host::new();
    host.campaign("spring", json!([{"name": "a"}]));
    let people = ["ann@acme.io", "bob@mail.acme.io", "cy@gmail.com", "dan@gmail.com"];
    host.enrolled("spring", &people);
    let company = |host: &Host, prospect: &str| host.view("spring", prospect).company;
    assert_eq!(company(&host, "ann@acme.io").as_deref(), Some("acme.io"));
    assert_eq!(company(&host, "bob@mail.acme.io").as_deref(), Some("acme.io"));
    assert_eq!(company(&host, "cy@gmail.com"), None);
    assert_eq!(company(&host, "dan@gmail.com"), None);
    host.reply("bob@mail.acme.io");
    host.reply("cy@gmail.com");
    assert_eq!(host.status("spring", "ann@acme.io"), "paused");
    assert_eq!(host.status("spring", "dan@gmail.com"), "scheduled");
    assert_eq!(host.send(), ["dan@gmail.com 1"]);
}
