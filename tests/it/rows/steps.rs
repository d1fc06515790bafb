//! Row 5 and what goes with it: steps that are changed, removed and added while a campaign runs.

use serde_json::{Value as Json, json};

use crate::apply::Host;

fn step(name: &str, delay: &str) -> Json {
    json!({"name": name, "delay": delay, "hours": "09:00-17:00"})
}

fn put_steps(host: &mut Host, steps: Json) {
    host.ok(json!({"do": "put-campaign", "key": "spring", "steps": steps}));
    host.planned_anew(4);
}

/// Ann had the first of two messages on Monday, bob has had none.
fn host() -> Host {
    let mut host = Host::new();
    host.campaign("spring", json!([step("a", "0s"), step("b", "3 calendar days")]));
    host.enrolled("spring", &["ann@acme.io"]);
    host.sends_at("2026-03-02T09:00:00Z", &["ann@acme.io 1"]);
    host.at("2026-03-02T18:00:00Z");
    host.enrolled("spring", &["bob@bobs.io"]);
    host
}

fn next(host: &Host) -> [String; 2] {
    ["ann@acme.io", "bob@bobs.io"].map(|it| host.next("spring", it))
}

#[test]
fn row_05_changed_steps_move_what_is_unsent_and_nothing_that_went_out() {
    let mut host = host();
    assert_eq!(next(&host), ["2026-03-05T09:00:00Z", "2026-03-03T09:00:00Z"]);
    let mut second = step("b", "1 calendar day");
    second["days"] = "fri".into();
    put_steps(&mut host, json!([step("a", "7 calendar days"), second]));
    // Her second counts from the real delivery; his first from his enrolment.
    assert_eq!(next(&host), ["2026-03-06T09:00:00Z", "2026-03-10T09:00:00Z"]);
    assert_eq!(host.view("spring", "ann@acme.io").sent, 1);
    put_steps(&mut host, json!([step("a", "0s"), step("b", "3 calendar days")]));
    assert_eq!(next(&host), ["2026-03-05T09:00:00Z", "2026-03-03T09:00:00Z"], "and back");
}

#[test]
fn row_05_a_removed_step_is_on_nobodys_schedule_any_more() {
    let mut host = host();
    put_steps(&mut host, json!([step("a", "0s")]));
    assert_eq!(host.status("spring", "ann@acme.io"), "finished");
    host.sends_at("2026-03-03T09:00:00Z", &["bob@bobs.io 1"]);
    assert_eq!(host.status("spring", "bob@bobs.io"), "finished");
    host.silent_until("2026-04-03T09:00:00Z");
}

#[test]
fn a_removed_step_gives_its_slots_back() {
    let mut host = Host::new();
    host.ok(json!({"do": "put-sender", "key": "s1", "limit-per-day": 1}));
    host.campaign("spring", json!([step("a", "0s"), step("b", "1 calendar day")]));
    host.enrolled("spring", &["ann@acme.io", "bob@bobs.io"]);
    assert_eq!(host.next("spring", "bob@bobs.io"), "2026-03-04T09:00:00Z");
    put_steps(&mut host, json!([step("a", "0s")]));
    assert_eq!(host.next("spring", "bob@bobs.io"), "2026-03-03T09:00:00Z");
}

/// Ann had all messages when a further one is added, bob is waiting for his first.
fn added(choice: Option<&str>, by_list: bool) -> Host {
    let mut host = Host::new();
    host.campaign("spring", json!([step("a", "0s")]));
    if let Some(choice) = choice {
        host.ok(json!({"do": "put-campaign", "key": "spring", "added-steps": choice}));
    }
    host.enrolled("spring", &["ann@acme.io"]);
    host.sends_at("2026-03-02T09:00:00Z", &["ann@acme.io 1"]);
    host.enrolled("spring", &["bob@bobs.io"]);
    host.ok(json!({"do": "pause", "campaign": "spring", "prospect": "bob@bobs.io"}));
    if by_list {
        put_steps(&mut host, json!([step("a", "0s"), step("more", "2 calendar days")]));
    } else {
        let more = step("more", "2 calendar days");
        host.ok(json!({"do": "add-step", "campaign": "spring", "step": more}));
        host.planned_anew(2);
    }
    host.ok(json!({"do": "resume", "campaign": "spring", "prospect": "bob@bobs.io"}));
    assert_eq!(host.send(), ["bob@bobs.io 1"]);
    host
}

#[test]
fn row_05_hold_an_added_step_waits_for_a_reschedule() {
    for (choice, by_list) in [(None, false), (None, true), (Some("hold"), false)] {
        let mut host = added(choice, by_list);
        host.enrolled("spring", &["cy@cys.io"]);
        assert_eq!(host.send(), ["cy@cys.io 1"]);
        host.silent_until("2026-03-20T09:00:00Z");
        for prospect in ["ann@acme.io", "bob@bobs.io", "cy@cys.io"] {
            assert_eq!(host.status("spring", prospect), "needs-reschedule", "{choice:?}");
            assert!(host.view("spring", prospect).manually_paused);
        }
        let all = json!({"campaign": "spring"});
        host.ok(json!({"do": "reschedule", "selection": all, "from": "2026-03-21T10:00:00Z"}));
        host.sends_at("2026-03-21T10:00:00Z", &["ann@acme.io 2", "bob@bobs.io 2", "cy@cys.io 2"]);
    }
}

#[test]
fn row_05_append_an_added_step_is_on_everybodys_schedule_at_once() {
    for by_list in [false, true] {
        let mut host = added(Some("append"), by_list);
        assert_eq!(host.status("spring", "ann@acme.io"), "scheduled");
        assert_eq!(host.next("spring", "ann@acme.io"), "2026-03-04T09:00:00Z");
        host.sends_at("2026-03-04T09:00:00Z", &["ann@acme.io 2", "bob@bobs.io 2"]);
        host.enrolled("spring", &["cy@cys.io"]);
        assert_eq!(host.send(), ["cy@cys.io 1"]);
        host.sends_at("2026-03-06T09:00:00Z", &["cy@cys.io 2"]);
        for prospect in ["ann@acme.io", "bob@bobs.io", "cy@cys.io"] {
            assert_eq!(host.status("spring", prospect), "finished");
        }
    }
}

#[test]
fn row_05_append_takes_slots_for_the_added_step() {
    let mut host = Host::new();
    host.ok(json!({"do": "put-sender", "key": "s1", "limit-per-day": 1}));
    host.campaign("spring", json!([step("a", "0s")]));
    host.ok(json!({"do": "put-campaign", "key": "spring", "added-steps": "append"}));
    host.enrolled("spring", &["ann@acme.io", "bob@bobs.io"]);
    let more = step("more", "1 calendar day");
    host.ok(json!({"do": "add-step", "campaign": "spring", "step": more}));
    host.planned_anew(2);
    host.sends_at("2026-03-02T09:00:00Z", &["ann@acme.io 1"]);
    host.sends_at("2026-03-03T09:00:00Z", &["ann@acme.io 2"]);
    host.sends_at("2026-03-04T09:00:00Z", &["bob@bobs.io 1"]);
    host.sends_at("2026-03-05T09:00:00Z", &["bob@bobs.io 2"]);
}

#[test]
fn row_05_ignore_leaves_the_finished_finished() {
    for by_list in [false, true] {
        let mut host = added(Some("ignore"), by_list);
        for prospect in ["ann@acme.io", "bob@bobs.io"] {
            assert_eq!(host.status("spring", prospect), "finished");
            assert!(!host.view("spring", prospect).manually_paused);
        }
        host.silent_until("2026-03-20T09:00:00Z");
        let all = json!({"campaign": "spring"});
        host.ok(json!({"do": "reschedule", "selection": all, "from": "2026-03-21T10:00:00Z"}));
        host.sends_at("2026-03-21T10:00:00Z", &["ann@acme.io 2", "bob@bobs.io 2"]);
    }
}
