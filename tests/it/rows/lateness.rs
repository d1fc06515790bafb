//! The latest that a campaign lets a step go out after it was due. What has no slot until then
//! waits for a person, and says so.

use serde_json::{Value as Json, json};

use crate::apply::Host;

/// One a day, and two days late at most.
fn host() -> Host {
    let mut host = Host::new();
    host.ok(json!({"do": "put-sender", "key": "s1", "limit-per-day": 1}));
    host.campaign("spring", json!([{"name": "a"}, {"name": "b", "delay": "10d"}]));
    host.ok(json!({"do": "put-campaign", "key": "spring", "max-lateness": "2d"}));
    host
}

fn reschedule(prospect: &str, from: &str) -> Json {
    let selection = json!({"campaign": "spring", "prospect": prospect});
    json!({"do": "reschedule", "selection": selection, "from": from, "by": "ops"})
}

#[test]
fn who_would_be_too_late_has_no_place_and_the_explanation_says_why() {
    let mut host = host();
    host.enrolled("spring", &["a@a.io", "b@b.io", "c@c.io"]);
    assert_eq!(host.planned_days("spring"), ["03-02 ×1", "03-03 ×1", "03-04 ×1"]);
    // Due on Monday at eight; Thursday is more than two days later.
    host.prospect("d@d.io");
    assert_eq!(host.enroll("spring", "d@d.io").get("next"), None);
    assert_eq!(host.status("spring", "d@d.io"), "unplaceable");
    let why = "no slot is free until Wed 4 Mar 2026 08:00, the latest that its campaign allows";
    assert_eq!(host.why("d@d.io"), why);
    host.silent_until("2026-03-02T07:59:00Z");
}

#[test]
fn a_person_may_give_a_date_that_is_too_late() {
    let mut host = host();
    host.enrolled("spring", &["a@a.io", "b@b.io", "c@c.io", "d@d.io"]);
    let moved = host.ok(reschedule("d@d.io", "2026-03-20T09:00:00Z"));
    assert_eq!(moved["moved"], 1);
    assert_eq!(host.status("spring", "d@d.io"), "scheduled");
    assert_eq!(host.next("spring", "d@d.io"), "2026-03-20T09:00:00Z");
    for day in ["2026-03-02T08:00:00Z", "2026-03-03T00:00:00Z", "2026-03-04T00:00:00Z"] {
        assert_eq!(host.at(day).send().len(), 1);
    }
    host.at("2026-03-12T08:00:00Z");
    assert_eq!(host.send(), ["a@a.io 2"]);
}

#[test]
fn a_release_that_comes_too_late_waits_for_a_person() {
    for resume in [
        json!({"do": "resume", "campaign": "spring", "prospect": "a@a.io", "by": "ops"}),
        json!({"do": "resume", "campaign": "spring", "by": "ops"}),
    ] {
        let mut host = host();
        host.enrolled("spring", &["a@a.io"]);
        let mut pause = resume.clone();
        pause["do"] = "pause".into();
        host.ok(pause);
        host.silent_until("2026-03-05T09:00:00Z");
        host.ok(resume);
        assert_eq!(host.status("spring", "a@a.io"), "unplaceable");
        assert!(host.why("a@a.io").contains("the latest that its campaign allows"));
        host.silent_until("2026-03-08T09:00:00Z");
        host.ok(reschedule("a@a.io", "2026-03-08T09:00:00Z"));
        assert_eq!(host.send(), ["a@a.io 1"]);
        // The next one counts from the real delivery, and is not late.
        host.sends_at("2026-03-18T09:00:00Z", &["a@a.io 2"]);
    }
}

#[test]
fn a_wider_bound_or_more_slots_let_in_who_had_no_place() {
    for (change, days) in [
        (
            json!({"do": "put-campaign", "key": "spring", "max-lateness": "3d"}),
            vec!["03-02 ×1", "03-03 ×1", "03-04 ×1", "03-05 ×1", "never ×1"],
        ),
        (
            json!({"do": "put-campaign", "key": "spring", "max-lateness": "0s"}),
            vec!["03-02 ×1", "03-03 ×1", "03-04 ×1", "03-05 ×1", "03-06 ×1"],
        ),
        // Of three a day one is kept for conversations.
        (
            json!({"do": "put-sender", "key": "s1", "limit-per-day": 3}),
            vec!["03-02 ×2", "03-03 ×2", "03-04 ×1"],
        ),
    ] {
        let mut host = host();
        host.enrolled("spring", &["a@a.io", "b@b.io", "c@c.io", "d@d.io", "e@e.io"]);
        let before = ["03-02 ×1", "03-03 ×1", "03-04 ×1", "never ×2"];
        assert_eq!(host.planned_days("spring"), before);
        host.ok(change.clone());
        host.planned_anew(5);
        assert_eq!(host.planned_days("spring"), days, "{change}");
    }
}

#[test]
fn a_tighter_bound_takes_the_place_of_who_is_too_late_by_it() {
    let mut host = host();
    host.enrolled("spring", &["a@a.io", "b@b.io", "c@c.io"]);
    host.ok(json!({"do": "put-campaign", "key": "spring", "max-lateness": "1d"}));
    host.planned_anew(3);
    assert_eq!(host.planned_days("spring"), ["03-02 ×1", "03-03 ×1", "never ×1"]);
    // What it had is free for others: a campaign without a bound.
    host.campaign("other", json!([{"name": "a"}]));
    host.enroll("other", "c@c.io");
    assert_eq!(host.next("other", "c@c.io"), "2026-03-04T00:00:00Z");
}
