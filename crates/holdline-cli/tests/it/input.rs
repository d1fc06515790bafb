//! Bad input: it is told what is wrong and where, and nothing is changed.

use crate::desk::{Desk, advance, example};

const NINE: &str = "2026-03-02T09:00:00Z";

#[test]
fn a_run_applies_nothing_of_a_file_with_mistakes() {
    let desk = Desk::new();
    let text = format!("{}{{\"do\":\"advnce\",\"at\":\"{NINE}\"}}\nnonsense\n", advance(NINE));
    let told = desk.call(&["run", &desk.file("in.jsonl", text)]).told(3);
    assert!(told.contains("in.jsonl:2: `do`: unknown command `advnce`"), "{told}");
    assert!(told.contains("did you mean `advance`?"), "{told}");
    assert!(told.contains("in.jsonl:3: "), "{told}");
    assert!(!desk.path().join("holdline-data").exists());
}

#[test]
fn a_line_of_ten_megabytes_is_refused() {
    let desk = Desk::new();
    let long =
        format!("{{\"do\":\"advance\",\"at\":\"{NINE}\",\"id\":\"{}\"}}\n", "x".repeat(10 << 20));
    let text = advance(NINE) + &long;
    let told = desk.call(&["run", &desk.file("in.jsonl", &text)]).told(3);
    assert!(told.contains("in.jsonl:2: ") && told.len() < 1000, "{told}");
    let answer = desk.call_with(&["apply"], &text);
    assert_eq!((answer.code, answer.out.lines().count()), (3, 1), "{answer:?}");
}

#[test]
fn input_that_is_not_utf8_is_refused() {
    let desk = Desk::new();
    let told = desk.call(&["run", &desk.file("in.jsonl", b"{\"do\":\"\xff\"}\n")]).told(3);
    assert!(told.contains("in.jsonl:1: ") && told.contains("UTF-8"), "{told}");
    let told = desk.call(&["check", &desk.file("in.rules", b"policy 1\n\xff\n")]).told(3);
    assert!(told.contains("in.rules:2`: the file is not UTF-8"), "{told}");
}

#[test]
fn files_that_are_not_there_are_named() {
    let desk = Desk::new();
    for args in [["run", "none.jsonl"], ["apply", "none.jsonl"], ["check", "none.jsonl"]] {
        let told = desk.call(&args).told(3);
        assert!(told.contains("`none.jsonl`: no such file or directory"), "{told}");
    }
    assert!(!desk.path().join("holdline-data").exists());
}

#[test]
fn apply_answers_each_command_and_ends_with_a_refusal() {
    let desk = Desk::new();
    let enroll = format!(
        "{{\"do\":\"enroll\",\"at\":\"{NINE}\",\"campaign\":\"c\",\"prospect\":\"p\",\
         \"id\":\"x\\\"y\"}}\n"
    );
    let answer = desk.call_with(&["apply"], advance(NINE) + "\n" + &enroll + &advance(NINE));
    let lines: Vec<serde_json::Value> =
        answer.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(answer.code, 1, "{answer:?}");
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[0]["ok"], "applied");
    assert_eq!((&lines[1]["refused"], &lines[1]["id"]), (&"unknown".into(), &"x\"y".into()));
    assert_eq!(lines[2]["ok"], "applied");
}

#[test]
fn apply_ends_at_a_line_that_is_no_command_and_keeps_what_came_before() {
    let desk = Desk::new();
    let later = "2026-03-02T10:00:00Z";
    let text = advance(NINE) + "{\"do\":\"advance\"}\n" + &advance(later);
    let answer = desk.call_with(&["apply"], text);
    assert_eq!((answer.code, answer.out.lines().count()), (3, 1), "{answer:?}");
    assert!(answer.err.contains("standard input:2: "), "{answer:?}");
    let kept = desk.digest("holdline-data");
    desk.call_with(&["apply", "--data", "other"], advance(NINE)).fine();
    assert_eq!(kept, desk.digest("other"));
}

#[test]
fn refused_commands_are_told_and_only_strict_minds() {
    let desk = Desk::new();
    let event = format!(
        "{{\"do\":\"record\",\"at\":\"{NINE}\",\"event\":{{\"type\":\"reply\",\"id\":\"1\",\
         \"prospect\":\"nobody\",\"kind\":\"human\"}}}}\n"
    );
    let file = desk.file("in.jsonl", advance(NINE) + &event);
    let out = desk.call(&["run", &file]).fine();
    assert!(out.contains("1 command was refused"), "{out}");
    assert!(out.contains("line 2: unknown prospect `nobody`"), "{out}");
    let strict = desk.call(&["run", &file, "--strict", "--data", "other"]);
    assert_eq!(strict.code, 1);
    assert_eq!(desk.digest("holdline-data"), desk.digest("other"));
}

#[test]
fn rules_that_do_not_compile_end_with_two() {
    let desk = Desk::new();
    let rules = desk.file(
        "broken.rules",
        "policy 1\n\nrule quiet {\n  on reply\n  where reply.kind is human\n  pause compny\n}\n",
    );
    let answer = desk.call(&["check", &rules]);
    assert_eq!(answer.code, 2, "{answer:?}");
    assert!(answer.out.contains("broken.rules:6:9"), "{answer:?}");
    assert!(answer.out.contains("did you mean `company`?"), "{answer:?}");
    assert!(answer.out.contains("1 error, 0 warnings in"), "{answer:?}");
    let json = desk.call(&["check", &rules, "--format", "json"]);
    let findings: serde_json::Value = serde_json::from_str(&json.out).expect("JSON");
    assert_eq!((json.code, &findings["errors"]), (2, &1.into()));
    assert_eq!(findings["findings"][0]["line"], 6);
    let told = desk.call(&["run", &example("first-day.jsonl"), "--rules", &rules]).told(2);
    assert!(told.contains("nothing was changed"), "{told}");
    assert!(!desk.path().join("holdline-data").exists());
}

#[test]
fn rules_of_two_megabytes_and_deep_brackets_are_findings() {
    let desk = Desk::new();
    let large = desk.file("large.rules", "policy 1\n".to_owned() + &"# x\n".repeat(1 << 19));
    assert_eq!(desk.call(&["check", &large]).code, 2);
    let deep = format!("policy 1\nrule r {{ on reply where {}", "(".repeat(20_000));
    assert_eq!(desk.call(&["check", &desk.file("deep.rules", deep)]).code, 2);
}

#[test]
fn a_warning_is_a_finding_and_the_rules_can_be_used() {
    let desk = Desk::new();
    let twice = "policy 1\ndomains a = [\"x.com\", \"x.com\"]\nrule r { on open ignore }\n";
    let answer = desk.call(&["check", &desk.file("twice.rules", twice)]);
    assert_eq!(answer.code, 1, "{answer:?}");
    assert!(answer.out.contains("0 errors, 1 warning in"), "{answer:?}");
}

#[test]
fn the_shipped_rules_have_no_findings() {
    let desk = Desk::new();
    let rules = example("../rules/default.rules");
    let out = desk.call(&["check", &rules]).fine();
    assert!(out.starts_with("0 errors, 0 warnings in"), "{out}");
}

#[test]
fn data_that_is_not_there_or_is_no_data_is_trouble_with_the_store() {
    let desk = Desk::new();
    let told = desk.call(&["list"]).told(4);
    assert!(told.contains("there is no data directory `./holdline-data`"), "{told}");
    assert!(!desk.path().join("holdline-data").exists());
    std::fs::create_dir(desk.path().join("photos")).unwrap();
    desk.file("photos/cat.jpg", "meow");
    let told = desk.call(&["run", &example("first-day.jsonl"), "--data", "photos"]).told(4);
    assert!(told.contains("`photos` is not a holdline store"), "{told}");
    assert_eq!(std::fs::read_dir(desk.path().join("photos")).unwrap().count(), 1);
}

#[test]
fn data_in_use_is_named_with_the_process_that_has_it() {
    use std::io::{BufRead, BufReader, Write};
    let desk = Desk::new();
    let mut holder = desk
        .command(&["apply"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = holder.stdin.take().unwrap();
    stdin.write_all(advance(NINE).as_bytes()).unwrap();
    let mut answer = String::new();
    BufReader::new(holder.stdout.take().unwrap()).read_line(&mut answer).unwrap();
    let told = desk.call(&["list"]).told(4);
    assert!(told.contains(&format!("in use by process {}", holder.id())), "{told}");
    drop(stdin);
    assert!(holder.wait().unwrap().success());
    desk.call(&["list"]).fine();
}

/// The bytes of every file of the journal.
fn journal(desk: &Desk) -> std::collections::BTreeMap<std::path::PathBuf, Vec<u8>> {
    let dir = desk.path().join("holdline-data").join("journal");
    let files = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    files.map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

/// The journal's segment, of which a short example fills one.
fn segment(desk: &Desk) -> std::path::PathBuf {
    let is_segment = |path: &std::path::PathBuf| path.extension().is_some_and(|it| it == "seg");
    journal(desk).into_keys().find(is_segment).unwrap()
}

#[test]
fn a_byte_that_changed_in_the_journal_is_found_and_nothing_is_changed() {
    let desk = Desk::first_day();
    // Without its checkpoints the state has to come from the journal, all of it.
    std::fs::remove_dir_all(desk.path().join("holdline-data").join("sled")).unwrap();
    let path = segment(&desk);
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    let before = journal(&desk);
    let told = desk.call(&["list"]).told(4);
    assert!(told.contains(".seg` is damaged at offset"), "{told}");
    assert!(told.contains("help: restore from a backup"), "{told}");
    assert_eq!(journal(&desk), before);
}

#[test]
fn a_journal_that_a_crash_cut_short_is_told_and_the_run_goes_on() {
    let desk = Desk::first_day();
    let whole = desk.digest("holdline-data");
    let data = desk.path().join("holdline-data");
    // As a crash leaves it: no clean end, no checkpoint, half a frame.
    std::fs::remove_dir_all(data.join("sled")).unwrap();
    std::fs::remove_file(data.join("journal").join("closed")).unwrap();
    let path = segment(&desk);
    let length = std::fs::metadata(&path).unwrap().len();
    let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.set_len(length - 10).unwrap();
    let answer = desk.call(&["digest"]);
    assert!(answer.err.contains("note: a half-written end"), "{answer:?}");
    answer.fine();
    desk.call(&["run", &example("first-day.jsonl")]).fine();
    assert_eq!(desk.digest("holdline-data"), whole);
}

#[test]
fn data_of_a_newer_format_is_left_alone() {
    let desk = Desk::first_day();
    let path = desk.path().join("holdline-data").join("format");
    let text = std::fs::read_to_string(&path).unwrap();
    let newer = |line: &str| {
        if line.starts_with("format ") { "format 99\n".into() } else { format!("{line}\n") }
    };
    std::fs::write(&path, text.lines().map(newer).collect::<String>()).unwrap();
    let before = journal(&desk);
    let told = desk.call(&["list"]).told(4);
    assert!(
        told.contains("store format 99 is newer") && told.contains("help: use a newer"),
        "{told}"
    );
    assert_eq!(journal(&desk), before);
}

#[test]
fn a_place_that_cannot_be_written_is_trouble_with_the_store() {
    let desk = Desk::new();
    let file = desk.file("a-file", "");
    let told = desk.call(&["run", &example("first-day.jsonl"), "--data", &file]).told(4);
    assert!(told.contains("a-file`"), "{told}");
    if cfg!(target_os = "linux") {
        let args = ["run", &example("first-day.jsonl"), "--data", "/proc/holdline"];
        let told = desk.call(&args).told(4);
        assert!(told.contains("cannot create `/proc/holdline`"), "{told}");
    }
}
