//! The main job: the same commands give the same state, and every send is in the outbox once.

use std::collections::BTreeSet;

use crate::desk::{Desk, advance, example};

/// The lines of an outbox, parsed.
pub fn outbox(desk: &Desk, data: &str) -> Vec<serde_json::Value> {
    let text = std::fs::read_to_string(desk.path().join(data).join("outbox.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Each step of each enrollment at most once.
pub fn assert_never_twice(sends: &[serde_json::Value]) {
    let keys: BTreeSet<String> = sends
        .iter()
        .map(|send| format!("{} {} {}", send["campaign"], send["prospect"], send["step"]))
        .collect();
    assert_eq!(keys.len(), sends.len());
}

#[test]
fn two_runs_of_two_weeks_end_in_the_same_state() {
    let desk = Desk::new();
    let file = example("two-weeks.jsonl");
    let first = desk.call(&["run", &file, "--data", "a", "--format", "json"]).json();
    let second = desk.call(&["run", &file, "--data", "b", "--format", "json"]).json();
    assert_eq!(first["digest"], second["digest"]);
    assert_eq!(first["workspaces"], second["workspaces"]);
    assert_eq!(first["digest"], desk.digest("a"));
    let (a, b) = (outbox(&desk, "a"), outbox(&desk, "b"));
    assert_eq!(a, b);
    assert_never_twice(&a);
    assert_eq!(first["workspaces"][0]["counts"]["tally"]["sent"], a.len());
    assert!(a.len() > 1000, "{}", a.len());
    // Once more over the same data: everything was done before.
    let again = desk.call(&["run", &file, "--data", "a", "--format", "json"]).json();
    assert_eq!((&again["digest"], &again["new"]), (&first["digest"], &false.into()));
    assert_eq!(again["workspaces"][0]["run"]["written"], 0);
    assert_eq!(outbox(&desk, "a"), a);
}

#[test]
fn the_first_day_ends_as_it_reads() {
    let desk = Desk::new();
    let json = desk.call(&["run", &example("first-day.jsonl"), "--format", "json"]).json();
    let report = &json["workspaces"][0];
    assert_eq!(report["run"]["refused"], 0, "{}", report["run"]);
    assert_eq!(report["counts"]["tally"]["duplicates"], 1);
    let sends = outbox(&desk, "holdline-data");
    let steps = |who: &str| sends.iter().filter(|send| send["prospect"] == who).count();
    assert_eq!(steps("ada.reply@acme.example"), 1);
    assert_eq!(steps("emil.bounce@birch.example"), 1);
    assert_eq!(steps("ben.colleague@acme.example"), 2);
    assert_eq!(steps("jon.joins-later@acme.example"), 2);
    let jon = sends.iter().find(|it| it["prospect"] == "jon.joins-later@acme.example").unwrap();
    assert!(jon["at"].as_str().unwrap() >= "2026-03-02T15:15:00Z", "{jon}");
}

#[test]
fn sends_may_go_to_the_standard_output_alone() {
    let desk = Desk::new();
    let answer = desk.call(&["run", &example("first-day.jsonl"), "--out", "-"]);
    assert!(answer.err.contains("policy default.rules"), "{answer:?}");
    let sends: Vec<serde_json::Value> = answer
        .fine()
        .lines()
        .map(|line| serde_json::from_str(line).expect("nothing but sends"))
        .collect();
    assert_eq!(sends.len(), 14);
    assert_eq!(sends[0]["step"], 1);
}

#[test]
fn the_input_may_come_through_a_pipe() {
    let desk = Desk::first_day();
    let text = std::fs::read(example("first-day.jsonl")).unwrap();
    desk.call_with(&["run", "-", "--data", "piped"], text).fine();
    assert_eq!(desk.digest("piped"), desk.digest("holdline-data"));
}

#[test]
fn a_run_that_ends_early_goes_on_later() {
    let desk = Desk::new();
    let file = example("first-day.jsonl");
    let out = desk.call(&["run", &file, "--until", "2026-03-02T09:00:00Z"]).fine();
    assert!(out.contains("commands come after the end of this run"), "{out}");
    let early = outbox(&desk, "holdline-data").len();
    desk.call(&["run", &file]).fine();
    let sends = outbox(&desk, "holdline-data");
    assert!(early > 0 && early < sends.len());
    assert_eq!(sends.len(), 14);
    assert_never_twice(&sends);
}

#[test]
fn days_without_commands_pass_as_they_must() {
    let desk = Desk::new();
    // Two weeks of silence are more than the engine takes in one step.
    let text = std::fs::read_to_string(example("first-day.jsonl")).unwrap();
    let file = desk.file("in.jsonl", text + &advance("2026-03-20T12:00:00Z"));
    let json = desk.call(&["run", &file, "--format", "json"]).json();
    assert_eq!(json["workspaces"][0]["run"]["refused"], 0);
    let sends = outbox(&desk, "holdline-data");
    let hal = sends.iter().filter(|it| it["prospect"] == "hal.paused-by-tom@birch.example");
    assert_eq!(hal.count(), 3);
}

#[test]
fn workspaces_have_their_own_time_and_data() {
    let desk = Desk::new();
    let day = std::fs::read_to_string(example("first-day.jsonl")).unwrap();
    let other =
        day.replace("{\"do\"", "{\"workspace\":\"other\",\"do\"").replace("2026-03", "2027-03");
    let mixed: String =
        day.lines().zip(other.lines()).map(|(a, b)| format!("{a}\n{b}\n")).collect();
    let out = desk.call(&["run", &desk.file("in.jsonl", mixed)]).fine();
    assert!(out.contains("workspace other") && out.contains("2027"), "{out}");
    let list = |workspace| desk.call(&["list", "--workspace", workspace]).fine();
    assert!(
        list("default").contains("\n10 enrollments") && list("other").contains("\n10 enrollments")
    );
}

#[test]
fn rules_of_ones_own_are_published_once() {
    let desk = Desk::new();
    let rules = desk.file(
        "own.rules",
        "policy 1\n\nrule quiet \"Any reply\" {\n  on reply\n  where reply.kind is human\n  \
         pause company in campaign\n}\n",
    );
    let args = ["run", &example("first-day.jsonl"), "--rules", &rules, "--format", "json"];
    let first = desk.call(&args).json();
    assert_eq!(first["workspaces"][0]["policy"]["name"], "own.rules");
    let again = desk.call(&args).json();
    assert_eq!(first["digest"], again["digest"]);
    let out = desk.call(&["explain", "ben.colleague@acme.example"]).fine();
    assert!(!out.contains("company-replied"), "{out}");
}

#[test]
fn an_outbox_of_other_data_is_left_alone() {
    let desk = Desk::new();
    let file = example("first-day.jsonl");
    desk.call(&["run", &file, "--data", "a", "--out", "sends.jsonl"]).fine();
    let before = std::fs::read(desk.path().join("sends.jsonl")).unwrap();
    let told = desk.call(&["run", &file, "--data", "b", "--out", "sends.jsonl"]).told(3);
    assert!(told.contains("`sends.jsonl` has sends of other data in it"), "{told}");
    assert_eq!(std::fs::read(desk.path().join("sends.jsonl")).unwrap(), before);
}

#[test]
fn real_time_does_not_wait_for_what_is_past() {
    let desk = Desk::first_day();
    let args = ["run", &example("first-day.jsonl"), "--clock", "real", "--data", "real"];
    desk.call(&args).fine();
    assert_eq!(desk.digest("real"), desk.digest("holdline-data"));
}

#[test]
fn a_run_of_months_may_be_repeated_though_ids_are_forgotten() {
    let desk = Desk::new();
    let day = std::fs::read_to_string(example("first-day.jsonl")).unwrap();
    // Commands without ids of their own, which would change something if they were given twice.
    let pause = "{\"do\":\"pause\",\"at\":\"2026-03-04T06:00:00Z\",\"everything\":true}\n";
    let resume = "{\"do\":\"resume\",\"at\":\"2026-03-05T06:00:00Z\",\"everything\":true}\n";
    let end = advance("2026-04-20T12:00:00Z") + &advance("2026-05-20T12:00:00Z");
    let file = desk.file("in.jsonl", day + pause + resume + &end);
    desk.call(&["run", &file, "--data", "whole"]).fine();
    let args = ["run", &file, "--data", "twice", "--until"];
    desk.call(&[&args[..], &["2026-04-10"]].concat()).fine();
    let out = desk.call(&args[..4]).fine();
    assert!(out.contains("older than this data's time"), "{out}");
    assert_eq!(desk.digest("twice"), desk.digest("whole"));
    desk.call(&args[..4]).fine();
    assert_eq!(desk.digest("twice"), desk.digest("whole"));
}
