//! The verbs that read, and those that pause, resume and reschedule, on the short example.

use crate::desk::Desk;

#[test]
fn every_reading_verb_speaks_json() {
    let desk = Desk::first_day();
    let json = |args: &[&str]| desk.call(&[args, &["--format", "json"]].concat()).json();
    let list = json(&["list", "--status", "stopped"]);
    assert_eq!(list["total"], 3);
    assert_eq!(list["rows"].as_array().unwrap().len(), 3);
    let timeline = json(&["timeline", "ben.colleague@acme.example"]);
    assert_eq!(timeline["enrollments"][0]["sends"].as_array().unwrap().len(), 2);
    let explained = json(&["explain", "gus.misread@birch.example"]);
    let hold = &explained["enrollments"][0]["holds"][0];
    assert_eq!(hold["rule"]["rule"], "out-of-office");
    assert_eq!(hold["rule"]["clauses"][0]["pass"], true);
    let agenda = json(&["agenda", "--from", "2026-03-02", "--days", "3"]);
    assert_eq!(agenda["senders"][0]["days"].as_array().unwrap().len(), 3);
    assert_eq!(agenda["senders"][0]["days"][0]["sent"], 13);
    let digest = json(&["digest"]);
    assert_eq!(digest["digest"], desk.digest("holdline-data"));
}

#[test]
fn reading_changes_nothing() {
    let desk = Desk::first_day();
    let before = desk.digest("holdline-data");
    desk.call(&["list"]).fine();
    desk.call(&["explain", "ada.reply@acme.example"]).fine();
    desk.call(&["timeline", "ada.reply@acme.example"]).fine();
    desk.call(&["agenda"]).fine();
    assert_eq!(desk.digest("holdline-data"), before);
}

#[test]
fn lists_are_filtered_searched_and_cut_off() {
    let desk = Desk::first_day();
    let list = |args: &[&str]| desk.call(&[&["list"], args].concat()).fine();
    assert_eq!(list(&["--search", "BIRCH"]).matches("@birch.example").count(), 5);
    assert_eq!(list(&["--company", "acme.example"]).matches("first-day").count(), 4);
    let first = list(&["--limit", "2"]);
    assert!(first.contains("2 of 10 enrollments; `--all` shows them"), "{first}");
    assert!(list(&["--all"]).contains("\n10 enrollments "), "{first}");
    let told = desk.call(&["list", "--campaign", "spring"]).told(3);
    assert!(told.contains("unknown campaign `spring`"), "{told}");
}

#[test]
fn an_unknown_prospect_brings_up_those_that_may_be_meant() {
    let desk = Desk::first_day();
    for verb in ["timeline", "explain"] {
        let told = desk.call(&[verb, "fay.opt-out@birhc.example"]).told(3);
        assert!(told.contains("unknown prospect `fay.opt-out@birhc.example`"), "{told}");
        assert!(told.contains("did you mean `fay.opt-out@birch.example`"), "{told}");
    }
    let told = desk.call(&["list", "--workspace", "elsewhere"]).told(3);
    assert!(told.contains("there is no workspace `elsewhere`"), "{told}");
}

#[test]
fn an_agenda_of_days_that_end_before_they_begin_is_refused() {
    let desk = Desk::first_day();
    let told = desk.call(&["agenda", "--from", "2026-03-02", "--to", "2026-03-01"]).told(3);
    assert!(told.contains("not before the first"), "{told}");
    let one = desk.call(&["agenda", "--from", "2026-03-02", "--to", "2026-03-02"]).fine();
    assert!(one.contains("13▃"), "{one}");
}

#[test]
fn pause_one_and_resume_it() {
    let desk = Desk::first_day();
    let ben = "ben.colleague@acme.example";
    let out = desk.call(&["pause", "--prospect", ben, "--reason", "asked us to wait"]).fine();
    assert!(out.contains(&format!("paused prospect {ben}, until a person resumes it")), "{out}");
    let list = desk.call(&["list", "--prospect", ben]).fine();
    assert!(list.contains("manually paused") && list.contains("by ann@ours.example"), "{list}");
    let why = desk.call(&["explain", ben]).fine();
    assert!(why.contains("by ann@ours.example   “asked us to wait”"), "{why}");
    let out = desk.call(&["resume", "--prospect", ben, "--by", "tom"]).fine();
    assert!(out.contains("1 pause lifted"), "{out}");
    let timeline = desk.call(&["timeline", ben]).fine();
    assert!(timeline.contains("tom lifted it"), "{timeline}");
}

#[test]
fn what_still_holds_is_named() {
    let desk = Desk::first_day();
    desk.call(&["pause", "--everything"]).fine();
    let out = desk.call(&["resume", "--status", "paused", "--reschedule", "2026-03-06"]).fine();
    assert!(out.contains("still held by"), "{out}");
    assert!(out.contains("pause of everything   by a person"), "{out}");
    let out = desk.call(&["resume", "--everything"]).fine();
    assert!(out.contains("resumed everything: 1 pause lifted"), "{out}");
    let ben = desk.call(&["list", "--prospect", "ben.colleague@acme.example"]).fine();
    assert!(ben.contains("scheduled"), "{ben}");
}

#[test]
fn a_reschedule_moves_what_it_selects() {
    let desk = Desk::first_day();
    let args = ["reschedule", "--status", "in-progress", "--from", "2026-03-10"];
    let out = desk.call(&args).fine();
    assert!(out.contains("of 4 enrollments placed anew from Tue 10 Mar 00:00 Berlin on"), "{out}");
    let list = desk.call(&["list", "--status", "in-progress"]).fine();
    assert_eq!(list.matches("Tue 10 Mar").count(), 4, "{list}");
    let json = desk.call(&[&args[..], &["--format", "json"]].concat()).json();
    assert_eq!((&json["ok"], &json["selected"]), (&"rescheduled".into(), &4.into()));
    assert!(desk.call(&["reschedule", "--from", "2026-03-10"]).told(3).contains("say what"));
}

#[test]
fn a_refused_command_ends_with_one() {
    let desk = Desk::first_day();
    let told = desk.call(&["pause", "--prospect", "nobody@acme.example"]).told(1);
    assert!(told.contains("refused: unknown prospect `nobody@acme.example`"), "{told}");
    let told = desk.call(&["pause", "--everything", "--until", "tomorrow"]).told(3);
    assert!(told.contains("found `tomorrow`"), "{told}");
}

#[test]
fn a_cold_agenda_says_as_of_when_it_is_and_what_it_read() {
    let desk = Desk::first_day();
    let days = ["--from", "2026-03-02", "--days", "14"];
    let call = |more: &[&str]| desk.call(&[&["agenda"], &days[..], more].concat());
    let hot = call(&["--format", "json"]).json();
    let cold = call(&["--cold", "--format", "json"]).json();
    assert_eq!(cold["checkpoint-lag"], 0, "{cold}");
    assert!(cold["read-bytes"].as_u64().unwrap() < cold["sled-bytes"].as_u64().unwrap());
    for (hot, cold) in
        hot["senders"].as_array().unwrap().iter().zip(cold["senders"].as_array().unwrap())
    {
        let sent = |it: &serde_json::Value| {
            it["days"].as_array().unwrap().iter().map(|day| day["sent"].clone()).collect::<Vec<_>>()
        };
        assert_eq!(
            (&hot["sender"], &hot["limit"], sent(hot)),
            (&cold["sender"], &cold["limit"], sent(cold))
        );
    }
    let text = call(&["--cold"]).fine();
    assert!(text.contains("as of command ") && text.contains("\nread "), "{text}");
    desk.call(&["agenda", "--cold", "--from", "2026-03-02", "--to", "2026-03-01"]).told(3);
    // What a killed process leaves has commands that no checkpoint knows.
    std::fs::remove_dir_all(desk.path().join("holdline-data/sled")).unwrap();
    let told = call(&["--cold"]).told(4);
    assert!(told.contains("there is no checkpoint in"), "{told}");
}
