//! What people see: golden pictures of the short example, colours, widths, and output cut off.

use std::io::Read;
use std::process::Stdio;

use crate::desk::{Desk, example};

/// The text with what depends on the machine or on the edition of the rules taken out.
fn steady(text: &str, desk: &Desk) -> String {
    let json = desk.call(&["run", &example("first-day.jsonl"), "--format", "json"]).json();
    let policy = &json["workspaces"][0]["policy"];
    let hash = policy["hash"].as_str().unwrap();
    let mut steady = text
        .replace(&desk.digest("holdline-data"), "DIGEST")
        .replace(&hash[..6], "HASH")
        .replace(&format!("({} rules", policy["rules"]), "(N rules")
        .replace(env!("CARGO_PKG_VERSION"), "VERSION");
    // `default.rules:118 ` keeps its width, so that the columns stay.
    let mut from = 0;
    while let Some(at) = steady[from..].find("default.rules:") {
        from += at + "default.rules:".len();
        let digits = steady[from..].bytes().take_while(u8::is_ascii_digit).count();
        steady.replace_range(from..from + digits, &"N".repeat(digits));
    }
    let seconds = steady.lines().find(|line| line.contains(" s   `holdline")).map(str::to_owned);
    if let Some(line) = seconds {
        let rest = line.split_once(" s ").unwrap().1;
        steady = steady.replace(&line, &format!("T s {rest}"));
    }
    steady
}

#[test]
fn the_summary_of_the_first_day() {
    let desk = Desk::new();
    let out = desk.call(&["run", &example("first-day.jsonl")]).fine();
    insta::assert_snapshot!(steady(&out, &desk));
}

#[test]
fn the_explanations_of_the_first_day() {
    let desk = Desk::first_day();
    let people =
        ["ben.colleague@acme.example", "gus.misread@birch.example", "ada.reply@acme.example"];
    let out: Vec<String> = people.iter().map(|who| desk.call(&["explain", who]).fine()).collect();
    insta::assert_snapshot!(steady(&out.join("\n----\n\n"), &desk));
}

#[test]
fn colours_are_for_terminals() {
    let desk = Desk::first_day();
    let verbs: [&[&str]; 4] =
        [&["list"], &["agenda"], &["explain", "ada.reply@acme.example"], &["check", "no.rules"]];
    desk.file("no.rules", "rule");
    for args in verbs {
        assert!(!desk.call(args).out.contains('\u{1b}'), "{args:?}");
        let forced = desk.command(args).env("CLICOLOR_FORCE", "1").output().unwrap();
        assert!(forced.stdout.contains(&0x1b), "{args:?}");
        let refused = desk.command(args).env("NO_COLOR", "1").output().unwrap();
        assert!(!refused.stdout.contains(&0x1b), "{args:?}");
    }
}

#[test]
fn nothing_is_wider_than_the_terminal() {
    let desk = Desk::first_day();
    let file = example("first-day.jsonl");
    let verbs: [&[&str]; 5] = [
        &["run", &file],
        &["list"],
        &["agenda", "--from", "2026-03-02", "--days", "40"],
        &["timeline", "hal.paused-by-tom@birch.example"],
        &["explain", "ada.reply@acme.example"],
    ];
    for columns in [80, 100, 160] {
        for args in verbs {
            let output = desk.command(args).env("COLUMNS", columns.to_string()).output().unwrap();
            let text = String::from_utf8(output.stdout).unwrap();
            for line in text.lines().filter(|line| !line.contains("`holdline digest")) {
                assert!(line.chars().count() <= columns, "{columns} {args:?}: {line}");
                assert_eq!(line, line.trim_end(), "{args:?} ends in blanks");
            }
        }
    }
}

#[test]
fn a_reader_that_goes_away_ends_it_quietly() {
    let desk = Desk::first_day();
    // More than a pipe holds, so that the writer meets the closed end.
    let mut child = desk
        .command(&["completions", "zsh"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut err = String::new();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    assert_eq!((child.wait().unwrap().code(), err.as_str()), (Some(0), ""));
    let mut child = desk
        .command(&["list", "--all", "--format", "json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut err = String::new();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    assert_eq!((child.wait().unwrap().code(), err.as_str()), (Some(0), ""));
}
