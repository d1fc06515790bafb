//! The history of a data directory, out of it and into another one, and what a directory takes.

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use serde_json::Value as Json;

use crate::desk::{Desk, advance, example};

/// What was shown as JSON, a value for each line.
fn lines(text: &str) -> Vec<Json> {
    text.lines().map(|line| serde_json::from_str(line).expect("a JSON value")).collect()
}

fn history(desk: &Desk, args: &[&str]) -> Vec<Json> {
    lines(&desk.call(&[&["history", "--json"], args].concat()).fine())
}

#[test]
fn history_shows_every_command_the_oldest_first() {
    let desk = Desk::first_day();
    let all = history(&desk, &[]);
    let numbers: Vec<u64> = all.iter().map(|it| it["seq"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (1..=all.len() as u64).collect::<Vec<_>>());
    assert_eq!(all[0]["do"], "open");
    let shown = desk.call(&["history"]).fine();
    assert_eq!(shown.lines().count(), all.len());
    let ada = "ada.reply@acme.example in first-day";
    let of_ada = |name: &str| shown.lines().any(|line| line.contains(name) && line.contains(ada));
    assert!(of_ada("record reply") && of_ada("enroll"), "{shown}");
    assert!(shown.lines().all(|line| line.chars().count() <= 100), "{shown}");
    assert_eq!(history(&desk, &["--limit", "3"]), all[..3]);
}

#[test]
fn history_is_filtered_by_whom_it_names_what_it_does_and_when() {
    let desk = Desk::first_day();
    let of = |args: &[&str]| history(&desk, args);
    let ada = of(&["--prospect", "ada.reply@acme.example"]);
    let does = |it: &Json| it["do"].as_str().unwrap().to_owned();
    let done: Vec<String> = ada.iter().map(does).collect();
    assert_eq!(done, ["put-prospect", "enroll", "record", "record", "record"]);
    // The company's own command, those on its people, and nothing of the other company.
    let acme = of(&["--company", "acme.example"]);
    assert!(acme.len() > ada.len());
    assert!(acme.iter().all(|it| !it.to_string().contains("birch.example")));
    let with_domain = |it: &&Json| it.to_string().contains("@acme.example");
    assert_eq!(acme.iter().filter(with_domain).count(), of(&[]).iter().filter(with_domain).count());
    let enrolled = of(&["--campaign", "first-day", "--type", "enroll"]);
    assert_eq!(enrolled.len(), 10);
    let replies = of(&["--type", "reply"]);
    assert!(!replies.is_empty() && replies.iter().all(|it| it["event"]["type"] == "reply"));
    let at = replies[0]["at"].as_str().unwrap();
    assert_eq!(of(&["--type", "reply", "--from", at]).len(), replies.len());
    let until = of(&["--type", "reply", "--to", at]);
    assert!(until.iter().all(|it| it["at"].as_str().unwrap() < at), "an instant is not included");
    assert_eq!(of(&["--to", "2026-03-01"]).len(), 1, "all but the opening came later");
    assert_eq!(of(&["--workspace", "elsewhere"]).len(), 0);
    assert!(desk.call(&["history", "--from", "soon"]).told(3).contains("found `soon`"));
    assert!(desk.call(&["history", "--data", "nowhere"]).told(4).contains("no data directory"));
}

#[test]
fn history_follows_a_directory_that_is_in_use() {
    let desk = Desk::new();
    let mut apply = desk.command(&["apply"]);
    let mut apply = apply.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = apply.stdin.take().unwrap();
    let mut answers = BufReader::new(apply.stdout.take().unwrap());
    let mut give = |at: &str| {
        input.write_all(advance(at).as_bytes()).unwrap();
        let mut answer = String::new();
        answers.read_line(&mut answer).unwrap();
        assert!(answer.contains("\"ok\""), "{answer}");
    };
    give("2026-03-02T09:00:00Z");
    let args = ["history", "--type", "advance", "--follow", "--limit", "3", "--json"];
    let mut follow = desk.command(&args);
    let mut follow = follow.stdout(Stdio::piped()).spawn().unwrap();
    let mut shown = BufReader::new(follow.stdout.take().unwrap());
    let mut first = String::new();
    shown.read_line(&mut first).unwrap();
    assert!(first.contains("2026-03-02T09:00:00Z"), "{first}");
    give("2026-03-02T10:00:00Z");
    give("2026-03-02T11:00:00Z");
    let rest: Vec<String> = shown.lines().map(|line| line.unwrap()).collect();
    assert_eq!(rest.len(), 2);
    assert!(rest[1].contains("2026-03-02T11:00:00Z"), "{rest:?}");
    assert!(follow.wait().unwrap().success());
    // Its files can be looked at, too; what is inside cannot.
    let stats = desk.call(&["stats", "--json"]).json();
    assert_eq!((&stats["in-use"], &stats["journal"]["last-seq"]), (&true.into(), &4.into()));
    assert_eq!(stats["workspaces"], Json::Array(Vec::new()));
    assert!(desk.call(&["stats"]).fine().contains("another process has the directory open"));
    drop(input);
    assert!(apply.wait().unwrap().success());
}

#[test]
fn an_export_makes_a_directory_with_the_same_digest() {
    for name in ["first-day.jsonl", "two-weeks.jsonl"] {
        let desk = Desk::new();
        desk.call(&["run", &example(name), "--data", "ran", "--durability", "none"]).fine();
        let digest = desk.digest("ran");
        let exported = desk.call(&["export", "ran"]).fine();
        let file = desk.file("ran.jsonl", &exported);
        let told = desk.call(&["import", &file, "--data", "copy"]).fine();
        assert!(told.contains(&format!("digest {digest}")), "{name}: {told}");
        assert_eq!(desk.digest("copy"), digest, "{name}");
        // Each opening is part of the history; without them an export of the copy is the same.
        let again = desk.call(&["export", "copy"]).fine();
        let commands = |text: &str| {
            let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
            lines.pop();
            lines.retain(|line| !line.contains("\"do\":\"open\""));
            lines
        };
        assert!(commands(&again) == commands(&exported), "{name}");
        // To whoever applies the lines, the engine's own commands are notes.
        let answers = desk.call(&["apply", &file, "--data", "applied"]).out;
        assert_eq!(answers.lines().count(), commands(&exported).len() - 1, "{name}");
        assert_eq!(desk.digest("applied"), digest, "{name}");
    }
}

#[test]
fn an_import_is_whole_and_into_nothing() {
    let desk = Desk::first_day();
    let exported = desk.call(&["export"]).fine();
    let file = desk.file("whole.jsonl", &exported);
    let told = desk.call(&["import", &file]).told(4);
    assert!(told.contains("`./holdline-data` holds a store already"), "{told}");
    let half: Vec<&str> = exported.lines().take(20).collect();
    let file = desk.file("half.jsonl", half.join("\n"));
    let told = desk.call(&["import", &file, "--data", "half"]).told(3);
    assert!(told.contains("expected the last line to be `# end of 19 commands`"), "{told}");
    assert!(told.contains("remove it before you try again"), "{told}");
    let file = desk.file("broken.jsonl", "{\"do\":\"advnce\"}\n");
    let told = desk.call(&["import", &file, "--data", "broken"]).told(3);
    assert!(told.contains("broken.jsonl:1: `do`: unknown command `advnce`"), "{told}");
    let enroll = "{\"do\":\"enroll\",\"at\":\"2026-03-02T09:00:00Z\",\"campaign\":\"spring\",\
                  \"prospect\":\"ann\"}\n";
    let told = desk.call_with(&["import", "-", "--data", "refused"], enroll).told(3);
    assert!(told.contains("standard input:1: command 1 would not have been kept"), "{told}");
    // Commands that were written by hand have neither head nor end.
    let hand = advance("2026-03-02T09:00:00Z");
    let json = desk.call_with(&["import", "-", "--data", "hand", "--json"], hand).json();
    assert_eq!(json["commands"], 1);
}

#[test]
fn stats_tell_what_a_directory_takes_and_holds() {
    let desk = Desk::first_day();
    let before = desk.call(&["history"]).fine().lines().count();
    let json = desk.call(&["stats", "--json"]).json();
    let journal = &json["journal"];
    assert_eq!((&journal["first-seq"], &journal["last-seq"]), (&1.into(), &before.into()));
    let file = std::fs::read_dir(desk.path().join("holdline-data/journal")).unwrap();
    let segment = file.map(|it| it.unwrap()).find(|it| it.path().extension().is_some());
    let len = segment.unwrap().metadata().unwrap().len();
    assert_eq!((&journal["plain-bytes"], &journal["segments"]), (&len.into(), &1.into()));
    assert_eq!((&json["checkpoint-lag"], &json["base-bytes"]), (&0.into(), &Json::Null));
    let workspace = &json["workspaces"][0];
    assert_eq!((&workspace["prospects"], &workspace["enrollments"]), (&10.into(), &10.into()));
    let by_status = workspace["by-status"].as_object().unwrap();
    assert_eq!(by_status.values().map(|it| it.as_u64().unwrap()).sum::<u64>(), 10);
    let sizes = &workspace["sizes"];
    assert!(sizes["holds-live"].as_u64().unwrap() <= sizes["holds"].as_u64().unwrap());
    assert!(sizes["events-seen"].as_u64().unwrap() > 0, "{sizes}");
    let text = desk.call(&["stats"]).fine();
    assert!(text.contains("0 commands behind the journal"), "{text}");
    assert!(text.contains("workspace default\n"), "{text}");
    // It adds no command.
    assert_eq!(desk.call(&["history"]).fine().lines().count(), before);
    assert!(desk.call(&["stats", "--data", "nowhere"]).told(4).contains("no data directory"));
    assert!(!desk.path().join("nowhere").exists());
}
