//! What windows count: by the event's own time, half-open, each event once, through restarts.

use serde_json::{Value as Json, json};

use crate::apply::Host;

fn host(rules: &str) -> Host {
    let mut host = Host::new();
    host.policy(&format!("policy 1\n{rules}"));
    host.campaign("spring", json!([{"name": "a"}, {"name": "b", "delay": "100d"}]));
    host.enrolled("spring", &["a@acme.io", "b@acme.io", "c@acme.io", "d@gmail.com"]);
    host
}

const THIRD: &str = "rule third {
  on bounce
  when count(bounce at company in 7d) >= 3
  pause company
}";

fn soft(prospect: &str) -> Json {
    json!({"prospect": prospect, "class": "soft"})
}

fn fired(outcome: &Json) -> bool {
    !outcome["holds"].as_array().unwrap().is_empty()
}

#[test]
fn the_third_in_a_week_counts_and_the_first_of_a_week_ago_does_not() {
    let mut host = host(THIRD);
    host.at("2026-03-02T12:00:00Z");
    assert!(!fired(&host.event("bounce", soft("a@acme.io"))));
    host.at("2026-03-04T12:00:00Z");
    assert!(!fired(&host.event("bounce", soft("b@acme.io"))));
    // To the millisecond: a week after the first it is outside.
    host.at("2026-03-09T12:00:00Z");
    assert!(!fired(&host.event("bounce", soft("c@acme.io"))));
    host.at("2026-03-11T11:59:59.999Z");
    assert!(fired(&host.event("bounce", soft("a@acme.io"))));
    assert_eq!(host.status("spring", "c@acme.io"), "paused");
    assert_eq!(host.status("spring", "d@gmail.com"), "scheduled");
}

#[test]
fn who_has_no_company_is_a_company_of_one() {
    let mut host = host(THIRD);
    for _ in 0..2 {
        assert!(!fired(&host.event("bounce", soft("d@gmail.com"))));
    }
    let third = host.event("bounce", soft("d@gmail.com"));
    assert_eq!(third["holds"][0]["target"], "d@gmail.com", "{third}");
}

#[test]
fn a_late_event_counts_when_it_happened_and_a_duplicate_never() {
    let mut host = host(THIRD);
    host.at("2026-03-10T12:00:00Z");
    host.event("bounce", soft("a@acme.io"));
    let mut late = soft("b@acme.io");
    late["at"] = "2026-03-03T12:00:00Z".into();
    late["id"] = "late".into();
    host.event("bounce", late.clone());
    // The window ends with the newest that was counted, so the late one is a week behind it.
    let mut third = soft("c@acme.io");
    third["at"] = "2026-03-03T13:00:00Z".into();
    assert!(!fired(&host.event("bounce", third)));
    assert_eq!(host.event("bounce", late)["ok"], "duplicate");
    let mut inside = soft("c@acme.io");
    inside["at"] = "2026-03-03T12:00:00.001Z".into();
    assert!(fired(&host.event("bounce", inside)), "the newest, the one at one, and this");
}

#[test]
fn a_retracted_event_is_not_counted_any_more() {
    let mut host = host(THIRD);
    for (id, prospect) in [("one", "a@acme.io"), ("two", "b@acme.io")] {
        let mut event = soft(prospect);
        event["id"] = id.into();
        host.event("bounce", event);
    }
    host.ok(json!({"do": "retract", "event": "one"}));
    assert!(!fired(&host.event("bounce", soft("c@acme.io"))));
    // A hold that it helped to place before it was taken back stays: another event placed it.
    let mut fourth = soft("c@acme.io");
    fourth["id"] = "four".into();
    assert!(fired(&host.event("bounce", fourth)));
    host.ok(json!({"do": "retract", "event": "two"}));
    assert_eq!(host.status("spring", "a@acme.io"), "paused");
    host.ok(json!({"do": "retract", "event": "four"}));
    assert_eq!(host.status("spring", "a@acme.io"), "scheduled");
}

#[test]
fn two_different_people_are_not_one_twice() {
    let mut host = host(
        "rule two {
           on reply
           where reply.intent is not-now
           when count(distinct prospect of reply where reply.intent is not-now
                      at company in 7d) >= 2
           pause company for 30d
         }",
    );
    let reply =
        |key: &str, intent: &str| json!({"prospect": key, "kind": "human", "intent": intent});
    assert!(!fired(&host.event("reply", reply("a@acme.io", "not-now"))));
    assert!(!fired(&host.event("reply", reply("a@acme.io", "not-now"))));
    assert!(!fired(&host.event("reply", reply("b@acme.io", "negative"))));
    let second = host.event("reply", reply("b@acme.io", "not-now"));
    assert_eq!(second["holds"][0]["until"], "2026-04-01T08:00:00Z", "{second}");
}

#[test]
fn a_rate_asks_for_enough_and_counts_whole_hours() {
    let mut host = host(
        "rule bad-list {
           on bounce
           when rate(bounce per sent at campaign in 24h) >= 50% of at least 3
           pause campaign
         }",
    );
    let bounce = |key: &str| json!({"prospect": key, "campaign": "spring", "class": "soft"});
    assert!(!fired(&host.event("bounce", bounce("a@acme.io"))), "nothing was sent");
    assert_eq!(host.send().len(), 4);
    let second = host.event("bounce", bounce("b@acme.io"));
    assert!(fired(&second), "two of four: {second}");
    host.ok(json!({"do": "resume", "campaign": "spring"}));
    // 24 whole hours later the hour of the morning is gone.
    host.at("2026-03-03T08:00:00Z");
    assert!(!fired(&host.event("bounce", bounce("c@acme.io"))), "one of none");
}

#[test]
fn a_window_at_what_the_event_does_not_name_holds_for_safety() {
    let mut host = host(
        "rule r {
           on bounce
           when count(bounce at campaign in 7d) >= 3
           pause prospect
         }",
    );
    let outcome = host.event("bounce", soft("a@acme.io"));
    assert_eq!(
        outcome["errors"][0], "rule `r`: `count(bounce at campaign in 7d)` is unknown",
        "{outcome}"
    );
    assert_eq!(host.status("spring", "a@acme.io"), "paused");
}

#[test]
fn a_new_policy_goes_on_counting_what_both_count() {
    let mut host = host(THIRD);
    host.event("bounce", soft("a@acme.io"));
    host.event("bounce", soft("b@acme.io"));
    host.policy(&format!("policy 1\n{}", THIRD.replace("third", "other").replace(" 3", " 2")));
    assert!(fired(&host.event("bounce", soft("c@acme.io"))));
}

#[test]
fn the_explanation_says_what_was_counted_then() {
    let mut host = host(THIRD);
    for prospect in ["a@acme.io", "b@acme.io", "c@acme.io"] {
        host.event("bounce", soft(prospect));
    }
    host.event("bounce", soft("a@acme.io"));
    let snapshot = host.engine.snapshot().unwrap();
    let why = snapshot.view("default").unwrap().explain("b@acme.io").unwrap();
    let text = format!("{why:?}");
    assert!(text.contains("count(bounce at company in 7d) >= 3"), "{text}");
    assert!(text.contains("actual: \"3\"") && text.contains("actual: \"4\""), "{text}");
}

#[test]
fn a_new_policy_begins_with_the_truth() {
    let dir = tempfile::tempdir().unwrap();
    let open = || holdline::Engine::open(dir.path(), holdline::Options::default()).unwrap();
    let mut host = host("rule nothing { on bounce ignore }");
    host.engine = open();
    host.policy("policy 1\nrule nothing { on bounce ignore }");
    host.ok(json!({"do": "put-sender", "key": "s1"}));
    host.campaign("spring", json!([{"name": "a"}]));
    host.enrolled("spring", &["a@acme.io", "b@acme.io", "c@acme.io", "d@acme.io"]);
    host.send();
    let mut undone = soft("a@acme.io");
    undone["id"] = "undone".into();
    host.event("bounce", undone);
    host.ok(json!({"do": "retract", "event": "undone"}));
    host.event("bounce", soft("b@acme.io"));
    host.at("2026-03-04T12:00:00Z");
    host.event("bounce", soft("c@acme.io"));
    let rate = "rule rate {
      on bounce
      when rate(bounce per sent at company in 7d) >= 75% of at least 4
      pause company
    }";
    host.policy(&format!("policy 1\n{THIRD}\n{rate}"));
    let third = host.event("bounce", soft("d@acme.io"));
    let rules: Vec<&str> = third["holds"]
        .as_array()
        .unwrap()
        .iter()
        .map(|hold| hold["rule"].as_str().unwrap())
        .collect();
    assert_eq!(rules, ["third", "rate"], "b, c and d; three of four that were sent");
    // The past travels in the command: a replay of the journal needs no second look at it.
    let digest = host.engine.snapshot().unwrap().digest();
    host.engine.close().unwrap();
    std::fs::remove_dir_all(dir.path().join("sled")).unwrap();
    let engine = open();
    assert_eq!(engine.snapshot().unwrap().digest(), digest);
}
