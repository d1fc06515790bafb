//! The benchmark at its smallest: what it shows and checks, not how fast it is.

use serde_json::Value;

use crate::desk::Desk;

const SMALL: [&str; 5] = ["bench", "--prospects", "60", "--seconds", "0"];

fn small<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&SMALL, more].concat()
}

/// The text without what depends on the machine: numbers, units of time, verdicts, widths.
fn steady(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines().filter(|line| !line.starts_with("not judged:")) {
        let words = line.split_whitespace().filter(|word| *word != "%").map(masked);
        let line = words.collect::<Vec<_>>().join(" ").replace("N T", "N");
        let verdict = [" met", " missed", " not judged"].into_iter();
        let line = verdict.fold(line.as_str(), |line, verdict| line.trim_end_matches(verdict));
        out += line;
        out.push('\n');
    }
    out
}

fn masked(word: &str) -> String {
    let is_digest = word.len() == 12 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    match word {
        "ms" | "µs" | "s" => "T".to_owned(),
        "–" => "N".to_owned(),
        _ if is_digest => "DIGEST".to_owned(),
        _ if word.starts_with(|first: char| first.is_ascii_digit()) => "N".to_owned(),
        _ => word.to_owned(),
    }
}

/// The lines of a run for programs, by their workloads.
fn lines(desk: &Desk, args: &[&str]) -> Vec<(String, Value)> {
    let out = desk.call(args).fine();
    let line = |line: &str| {
        let value: Value = serde_json::from_str(line).expect("an object on each line");
        (value["workload"].as_str().expect("a name").to_owned(), value)
    };
    out.lines().map(line).collect()
}

#[test]
fn every_workload_is_shown_with_its_targets_and_digests() {
    let desk = Desk::new();
    let out = desk.call(&small(&[])).fine();
    let (head, rest) = out.split_once("\n\n").unwrap();
    for fact in ["durability full", "60 prospects", "seed 42", "groups of 1,000, 4 in flight"] {
        assert!(head.contains(fact), "{fact} in\n{head}");
    }
    // The system has to tell how much memory there is and who is busy.
    if cfg!(target_os = "linux") {
        insta::assert_snapshot!(steady(rest));
    }
    let left = std::fs::read_dir(desk.path()).unwrap().count();
    assert_eq!(left, 0, "its directory is gone");
}

#[test]
fn programs_read_an_object_a_workload_and_the_same_seed_gives_the_same_digests() {
    let desk = Desk::new();
    let of = |seed| {
        let args = small(&["--json", "--only", "W1,w2,W3,W4,W5", "--seed", seed]);
        lines(&desk, &args)
    };
    let (once, again, other) = (of("7"), of("7"), of("8"));
    let names: Vec<&str> = once.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["ceiling", "W1", "W2", "W3", "W4", "W5"]);
    for ((name, one), (_, same)) in once.iter().zip(&again) {
        assert_eq!(one["digest"], same["digest"], "{name}");
        assert_eq!(one["checked"], same["checked"], "{name}");
        assert_eq!(one["digest"].as_str().unwrap().len(), if name == "ceiling" { 0 } else { 64 });
        assert_eq!((&one["prospects"], &one["seed"]), (&60.into(), &7.into()));
    }
    assert_ne!(once[1].1["digest"], other[1].1["digest"], "other events");
    assert_eq!(once[2].1["digest"], other[2].1["digest"], "the same people");
    let ingest = &once[1].1;
    assert_eq!(ingest["checked"]["events"], 1_000);
    assert!(ingest["checked"]["holds"].as_u64().unwrap() > 100, "{ingest}");
    for (field, least) in [("done", 1_000.0), ("per-second", 1.0), ("seconds", 0.0)] {
        assert!(ingest[field].as_f64().unwrap() > least - 0.1, "{field} in {ingest}");
    }
    assert_eq!(ingest["waits-ms"]["count"], 1);
    if cfg!(target_os = "linux") {
        assert!(ingest["per-writer-second"].as_f64().unwrap() > 0.0, "{ingest}");
    }
    let target = &ingest["targets"][1];
    assert_eq!((&target["what"], &target["at-least"]), (&"of the ceiling".into(), &0.4.into()));
    assert!(ingest["share-sync"].as_f64().unwrap() > 0.0, "{ingest}");
}

#[test]
fn a_picture_is_drawn_of_the_loads() {
    let desk = Desk::new();
    let args = small(&["--only", "W1", "--plot", "load.svg", "--json", "--durability", "none"]);
    let loads = lines(&desk, &args).into_iter().filter(|(name, _)| name == "load").count();
    assert_eq!(loads, 10);
    let svg = std::fs::read_to_string(desk.path().join("load.svg")).unwrap();
    assert_eq!(svg.matches("<circle").count(), 30, "{svg}");
    assert!(svg.contains("durability none") && svg.contains("p99.9"), "{svg}");
}

#[test]
fn what_cannot_be_measured_is_said_before_anything_is() {
    let desk = Desk::new();
    let told = desk.call(&["bench", "--prospects", "3"]).told(3);
    assert!(told.contains("3 is not in 20..=50000000"), "{told}");
    let told = desk.call(&["bench", "--only", "W1,W9"]).told(3);
    assert!(told.contains("W9") && told.contains("W1, W2, W3, W4, W5, W6"), "{told}");
    let told = desk.call(&["bench", "--plot", "no/where.svg"]).told(3);
    assert!(told.contains("`no/where.svg`: no such file or directory"), "{told}");
    let told = desk.call(&["bench", "--data", "nowhere"]).told(4);
    assert!(told.contains("no directory can be made in `nowhere`: no such file"), "{told}");
    let told = desk.call(&["bench", "--durability", "some"]).told(3);
    assert!(told.contains("found `some`"), "{told}");
    let rules = desk.file("bad.rules", "policy 1\nrule one { on opne pause prospect }\n");
    let told = desk.call(&["bench", "--rules", &rules]).told(2);
    assert!(told.contains("unknown event `opne`"), "{told}");
    assert_eq!(std::fs::read_dir(desk.path()).unwrap().count(), 1, "nothing was left behind");
}

#[test]
fn a_wrong_result_ends_it() {
    let desk = Desk::new();
    let rules = desk.file("own.rules", "policy 1\nrule one { on open pause sender }\n");
    let told = desk.call(&small(&["--only", "W1", "--rules", &rules])).told(1);
    assert!(told.contains("W1 went wrong: a rule failed: "), "{told}");
}
