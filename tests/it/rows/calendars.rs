//! Row 15: days on which nothing is sent (holidays, closed days) and on which a sender does not
//! send. What they move goes back when they go.

use serde_json::{Value as Json, json};

use crate::apply::Host;

/// Working hours on working days; the second message a day after the first.
fn steps() -> Json {
    json!([
        {"name": "a", "delay": "1h", "days": "mon-fri", "hours": "09:00-17:00"},
        {"name": "b", "delay": "1 calendar day", "days": "mon-fri", "hours": "09:00-17:00"},
    ])
}

/// Ann is enrolled on Thursday 2 July 2026, after hours.
fn before_the_fourth() -> Host {
    let mut host = Host::since("2026-07-02T17:30:00Z");
    host.campaign("spring", steps());
    host.enrolled("spring", &["ann@acme.io"]);
    assert_eq!(host.next("spring", "ann@acme.io"), "2026-07-03T09:00:00Z");
    host
}

#[test]
fn row_15_a_holiday_moves_a_step_and_its_end_brings_it_back() {
    let mut host = before_the_fourth();
    // In 2026 the fourth of July is a Saturday, and the Friday before it is free.
    host.ok(json!({"do": "configure", "holidays": ["us"]}));
    host.planned_anew(1);
    assert_eq!(host.next("spring", "ann@acme.io"), "2026-07-06T09:00:00Z");
    assert!(host.why("ann@acme.io").contains("nothing is sent from Fri 3 Jul to Sat 4 Jul"));
    host.ok(json!({"do": "configure", "holidays": ["gb-eng"]}));
    host.planned_anew(1);
    assert_eq!(host.next("spring", "ann@acme.io"), "2026-07-03T09:00:00Z");
    host.ok(json!({"do": "configure", "holidays": ["gb-eng", "us"]}));
    host.planned_anew(1);
    host.sends_at("2026-07-06T09:00:00Z", &["ann@acme.io 1"]);
    host.sends_at("2026-07-07T09:00:00Z", &["ann@acme.io 2"]);
}

#[test]
fn row_15_a_calendar_that_is_not_known_is_refused() {
    let mut host = before_the_fourth();
    let before = host.digest();
    let (code, message) = host.refused(json!({"do": "configure", "holidays": ["us", "usa"]}));
    assert_eq!(code, "invalid-value");
    assert!(message.contains("did you mean `us`?"), "{message}");
    assert_eq!(host.digest(), before);
}

#[test]
fn row_15_closed_days_move_what_lies_in_them_and_nothing_else() {
    let mut host = before_the_fourth();
    host.at("2026-07-03T08:00:00Z");
    host.enrolled("spring", &["bob@acme.io"]);
    host.ok(json!({"do": "configure", "closed": ["2026-07-03", "2026-07-06..2026-07-08"]}));
    host.planned_anew(2);
    for prospect in ["ann@acme.io", "bob@acme.io"] {
        assert_eq!(host.next("spring", prospect), "2026-07-09T09:00:00Z");
    }
    // Open again, the Friday is taken back; only the follow-up has to wait for Thursday.
    host.ok(json!({"do": "configure", "closed": ["2026-07-06..2026-07-08"]}));
    host.planned_anew(2);
    host.sends_at("2026-07-03T09:00:00Z", &["ann@acme.io 1", "bob@acme.io 1"]);
    assert_eq!(host.next("spring", "ann@acme.io"), "2026-07-09T09:00:00Z");
    host.ok(json!({"do": "configure", "closed": []}));
    host.planned_anew(2);
    host.sends_at("2026-07-06T09:00:00Z", &["ann@acme.io 2", "bob@acme.io 2"]);
}

#[test]
fn row_15_a_closed_day_is_one_of_the_steps_zone() {
    let mut host = Host::since("2026-03-02T12:00:00Z");
    host.ok(json!({"do": "configure", "closed": ["2026-03-03"]}));
    host.campaign("spring", json!([{"name": "a", "delay": "12h"}]));
    for (key, zone, expected) in [
        // Midnight: the day begins, and is closed.
        ("u@utc.io", "UTC", "2026-03-04T00:00:00Z"),
        // Nine in the morning of it.
        ("t@tokyo.jp", "Asia/Tokyo", "2026-03-03T15:00:00Z"),
        // Seven in the evening before it.
        ("n@york.com", "America/New_York", "2026-03-03T00:00:00Z"),
    ] {
        host.ok(json!({"do": "put-prospect", "key": key, "zone": zone}));
        host.enroll("spring", key);
        assert_eq!(host.next("spring", key), expected, "{zone}");
    }
}

#[test]
fn row_15_hours_over_midnight_are_closed_with_the_day_on_which_they_begin() {
    let mut host = Host::since("2026-03-03T23:00:00Z");
    host.ok(json!({"do": "configure", "closed": ["2026-03-03"]}));
    let night = |delay: &str| json!([{"name": "a", "delay": delay, "hours": "22:00-02:00"}]);
    host.campaign("early", night("90m"));
    host.campaign("late", night("24h"));
    host.prospect("ann@acme.io");
    host.enroll("early", "ann@acme.io");
    host.enroll("late", "ann@acme.io");
    // Half past midnight on Wednesday is still Tuesday's night.
    assert_eq!(host.next("early", "ann@acme.io"), "2026-03-04T22:00:00Z");
    assert_eq!(host.next("late", "ann@acme.io"), "2026-03-04T23:00:00Z");
    host.ok(json!({"do": "configure", "closed": ["2026-03-04"]}));
    host.planned_anew(2);
    assert_eq!(host.next("early", "ann@acme.io"), "2026-03-04T00:30:00Z");
    assert_eq!(host.next("late", "ann@acme.io"), "2026-03-05T22:00:00Z");
}

#[test]
fn row_15_a_frozen_sender_sends_nothing_on_its_days_and_another_does() {
    let mut host = Host::new();
    let frozen = json!(["2026-03-03..2026-03-04"]);
    let zone = "America/New_York";
    host.ok(json!({"do": "put-sender", "key": "s1", "zone": zone, "frozen": frozen}));
    host.ok(json!({"do": "put-sender", "key": "s2"}));
    let steps = json!([{"name": "a", "delay": "1d"}]);
    host.campaign("spring", steps.clone());
    let other = json!({"do": "put-campaign", "key": "other", "senders": ["s2"], "steps": steps});
    host.ok(other);
    host.enrolled("spring", &["ann@acme.io"]);
    host.enroll("other", "ann@acme.io");
    // The days are those of New York, though ann's step knows no zone but the sender's too.
    assert_eq!(host.next("spring", "ann@acme.io"), "2026-03-05T05:00:00Z");
    assert!(host.why("ann@acme.io").contains("the sender does not send from Tue 3 Mar to Wed"));
    assert_eq!(host.next("other", "ann@acme.io"), "2026-03-03T08:00:00Z");
    host.ok(json!({"do": "put-sender", "key": "s1", "frozen": []}));
    host.planned_anew(2);
    assert_eq!(host.next("spring", "ann@acme.io"), "2026-03-03T08:00:00Z");
    host.ok(json!({"do": "put-sender", "key": "s1", "frozen": ["2026-03-03"]}));
    host.planned_anew(2);
    host.sends_at("2026-03-03T08:00:00Z", &["ann@acme.io 1"]);
    host.sends_at("2026-03-04T05:00:00Z", &["ann@acme.io 1"]);
}

#[test]
fn row_15_a_campaign_prefers_the_sender_that_is_not_frozen() {
    let mut host = Host::new();
    host.ok(json!({"do": "put-sender", "key": "s1", "frozen": ["2026-03-02..2026-03-06"]}));
    host.ok(json!({"do": "put-sender", "key": "s2", "limit-per-day": 1}));
    let senders = json!(["s1", "s2"]);
    let steps = json!([{"name": "a"}]);
    host.ok(json!({"do": "put-campaign", "key": "c", "senders": senders, "steps": steps}));
    let people = ["a@a.io", "b@b.io", "c@c.io", "d@d.io", "e@e.io", "f@f.io", "g@g.io"];
    host.enrolled("c", &people);
    let sender = |person| host.view("c", person).sender;
    // One a day by s2 until s1 is back on Saturday.
    assert_eq!(people.map(sender), ["s2", "s2", "s2", "s2", "s2", "s1", "s1"]);
    assert_eq!(host.next("c", "g@g.io"), "2026-03-07T00:00:00Z");
}

#[test]
fn row_15_what_is_closed_or_frozen_between_claim_and_last_look_does_not_leave() {
    for (close, open, back) in [
        (
            json!({"do": "configure", "closed": ["2026-03-02"]}),
            json!({"do": "configure", "closed": []}),
            "2026-03-03T00:00:00Z",
        ),
        (
            json!({"do": "put-sender", "key": "s1", "frozen": ["2026-03-02..2026-03-04"]}),
            json!({"do": "put-sender", "key": "s1", "frozen": []}),
            "2026-03-05T00:00:00Z",
        ),
    ] {
        let mut host = Host::new();
        host.campaign("spring", json!([{"name": "a"}]));
        host.enrolled("spring", &["ann@acme.io"]);
        let token = host.take();
        host.ok(close.clone());
        assert_eq!(host.confirm(&token)["cause"], "outside-window", "{close}");
        assert!(host.claim().is_empty());
        assert_eq!(host.next("spring", "ann@acme.io"), back, "{close}");
        // What is due now was due before: it goes on where it is free again.
        host.ok(open);
        host.planned_anew(1);
        assert_eq!(host.send(), ["ann@acme.io 1"], "{close}");
    }
}

#[test]
fn row_15_nothing_is_due_by_itself_on_a_day_that_was_closed_after_it_was_planned() {
    let mut host = Host::new();
    host.campaign("spring", json!([{"name": "a", "delay": "1d"}]));
    for number in 0..100 {
        host.enrolled("spring", &[&format!("p{number}@c{number}.io")]);
    }
    host.at("2026-03-03T07:59:00Z");
    host.ok(json!({"do": "configure", "closed": ["2026-03-03"]}));
    // Not all of them are planned anew by now; none goes out for that.
    host.at("2026-03-03T08:00:00Z");
    assert!(host.send().is_empty());
    host.at("2026-03-03T23:59:00Z");
    assert!(host.send().is_empty());
    host.at("2026-03-04T00:00:00Z");
    assert_eq!(host.send().len(), 100);
}
