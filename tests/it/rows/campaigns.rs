//! Campaigns that change while they run: steps that are added, and who is put on their schedule.

use serde_json::{Value as Json, json};

use crate::apply::Host;

fn host() -> Host {
    let mut host = Host::new();
    host.campaign("spring", json!([{"name": "a"}]));
    host
}

fn add_step(host: &mut Host) {
    let step = json!({"name": "extra", "delay": "1d"});
    host.ok(json!({"do": "add-step", "campaign": "spring", "step": step}));
}

fn reschedule(selection: Json, from: &str) -> Json {
    json!({"do": "reschedule", "selection": selection, "from": from, "by": "ops"})
}

#[test]
fn row_05_an_added_step_is_on_nobodys_schedule_until_a_reschedule() {
    let mut host = host();
    host.enrolled("spring", &["ann@acme.io"]);
    assert_eq!(host.send(), ["ann@acme.io 1"]);
    assert_eq!(host.status("spring", "ann@acme.io"), "finished");
    host.enrolled("spring", &["bob@acme.io"]);
    add_step(&mut host);
    // Who had all the old messages reads "manually paused", with a cause of its own.
    let view = host.view("spring", "ann@acme.io");
    assert_eq!(view.status.name(), "needs-reschedule");
    assert!(view.manually_paused);
    assert!(view.holds.is_empty());
    assert_eq!(view.next, None);
    // Who is still under way becomes so, and who comes meanwhile too.
    host.enrolled("spring", &["cy@acme.io"]);
    assert_eq!(host.send(), ["bob@acme.io 1", "cy@acme.io 1"]);
    host.silent_until("2026-03-20T08:00:00Z");
    for prospect in ["bob@acme.io", "cy@acme.io"] {
        assert_eq!(host.status("spring", prospect), "needs-reschedule");
    }
    let moved = host.ok(reschedule(json!({"campaign": "spring"}), "2026-03-23T09:00:00Z"));
    assert_eq!(moved["moved"], 3);
    assert_eq!(host.status("spring", "ann@acme.io"), "scheduled");
    host.enrolled("spring", &["dan@acme.io"]);
    assert_eq!(host.send(), ["dan@acme.io 1"]);
    host.sends_at("2026-03-21T08:00:00Z", &["dan@acme.io 2"]);
    let all = ["ann@acme.io 2", "bob@acme.io 2", "cy@acme.io 2"];
    host.sends_at("2026-03-23T09:00:00Z", &all);
    assert_eq!(host.status("spring", "ann@acme.io"), "finished");
}

#[test]
fn a_resume_of_the_campaign_does_not_activate_an_added_step_but_a_date_does() {
    for target in [json!({"campaign": "spring"}), json!({"selection": {"campaign": "spring"}})] {
        let mut host = host();
        host.enrolled("spring", &["ann@acme.io"]);
        host.send();
        add_step(&mut host);
        let mut resume = target.clone();
        resume["do"] = "resume".into();
        host.ok(resume.clone());
        assert_eq!(host.status("spring", "ann@acme.io"), "needs-reschedule", "{target}");
        resume["reschedule"] = "2026-03-05T09:00:00Z".into();
        host.ok(resume);
        assert_eq!(host.next("spring", "ann@acme.io"), "2026-03-05T09:00:00Z", "{target}");
        host.sends_at("2026-03-05T09:00:00Z", &["ann@acme.io 2"]);
    }
}

#[test]
fn a_reschedule_of_some_activates_an_added_step_for_them_alone() {
    let mut host = host();
    host.enrolled("spring", &["ann@acme.io", "bob@acme.io"]);
    host.send();
    add_step(&mut host);
    let one = json!({"campaign": "spring", "prospect": "ann@acme.io"});
    let moved = host.ok(reschedule(one, "2026-03-05T09:00:00Z"));
    assert_eq!((&moved["selected"], &moved["moved"]), (&json!(1), &json!(1)));
    assert_eq!(host.status("spring", "bob@acme.io"), "needs-reschedule");
    host.enrolled("spring", &["cy@acme.io"]);
    assert_eq!(host.send(), ["cy@acme.io 1"]);
    host.sends_at("2026-03-05T09:00:00Z", &["ann@acme.io 2"]);
    host.silent_until("2026-03-20T08:00:00Z");
    assert_eq!(host.status("spring", "cy@acme.io"), "needs-reschedule");
}

#[test]
fn who_needs_a_reschedule_is_found_by_that_status() {
    let mut host = host();
    host.enrolled("spring", &["ann@acme.io"]);
    host.send();
    add_step(&mut host);
    host.enrolled("spring", &["bob@acme.io"]);
    let needs = json!({"status": "needs-reschedule"});
    let moved = host.ok(reschedule(needs, "2026-03-05T09:00:00Z"));
    assert_eq!(moved["selected"], 1);
    assert_eq!(host.next("spring", "ann@acme.io"), "2026-03-05T09:00:00Z");
}

#[test]
fn a_date_of_the_past_means_now_and_a_date_falls_into_the_window() {
    let mut host = Host::new();
    host.campaign("spring", json!([{"name": "a", "days": "mon-fri", "hours": "09:00-17:00"}]));
    host.enrolled("spring", &["ann@acme.io"]);
    host.ok(reschedule(json!({}), "2026-03-07T12:00:00Z"));
    assert_eq!(host.next("spring", "ann@acme.io"), "2026-03-09T09:00:00Z", "a Saturday");
    host.ok(reschedule(json!({}), "2020-01-01T00:00:00Z"));
    assert_eq!(host.next("spring", "ann@acme.io"), "2026-03-02T09:00:00Z");
    host.at("2026-03-02T12:00:00Z");
    host.ok(reschedule(json!({}), "2020-01-01T00:00:00Z"));
    assert_eq!(host.next("spring", "ann@acme.io"), "2026-03-02T12:00:00Z");
}

#[test]
fn nobody_is_enrolled_twice_in_a_campaign() {
    let mut host = host();
    host.enrolled("spring", &["ann@acme.io"]);
    let before = host.digest();
    let enroll = json!({"do": "enroll", "campaign": "spring", "prospect": "ann@acme.io"});
    let (code, message) = host.refused(enroll);
    assert_eq!(code, "already-enrolled");
    assert_eq!(message, "`ann@acme.io` is in campaign `spring` already");
    assert_eq!(host.digest(), before);
}
