//! A command that is asked to stop closes the directory, says where it stands, and what it leaves
//! ends as if it had never been stopped.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};

use crate::desk::{Desk, advance, example};
use crate::run::{assert_never_twice, outbox};

/// Asks a process to stop.
fn signal(child: &Child, name: &str) {
    let done = Command::new("kill").args(["-s", name, &child.id().to_string()]).status();
    assert!(done.expect("a `kill`").success());
}

fn spawn(desk: &Desk, args: &[&str]) -> Child {
    let mut command = desk.command(args);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("the command runs")
}

/// What it says on its way out, on one line, with the code.
#[track_caller]
fn told(child: Child) -> (i32, String) {
    let output = child.wait_with_output().expect("it ends");
    let text = String::from_utf8(output.stderr).expect("text");
    assert_eq!(text.lines().count(), 1, "{text}");
    (output.status.code().expect("an exit code, not a signal"), text)
}

const SIGNALS: [(&str, i32, &str); 2] =
    [("INT", 130, "stopped by Ctrl-C: "), ("TERM", 143, "stopped by SIGTERM: ")];

/// Many commands without ids, so that one given twice would show.
fn commands() -> Vec<String> {
    let at = "2026-03-02T08:00:00Z";
    let mut lines = vec![
        format!(r#"{{"do":"put-sender","at":"{at}","key":"s","limit-per-day":50}}"#),
        format!(
            r#"{{"do":"put-campaign","at":"{at}","key":"c","senders":["s"],"steps":{steps}}}"#,
            steps = r#"[{"name":"a"},{"name":"b","delay":"1d"}]"#
        ),
    ];
    for number in 0..6000 {
        let key = format!("p{number}@c{}.io", number / 9);
        lines.push(format!(r#"{{"do":"put-prospect","at":"{at}","key":"{key}"}}"#));
        lines.push(format!(r#"{{"do":"enroll","at":"{at}","campaign":"c","prospect":"{key}"}}"#));
    }
    lines
}

#[test]
fn a_benchmark_that_is_stopped_leaves_nothing_behind() {
    let desk = Desk::new();
    for (name, code, begins) in SIGNALS {
        let args = ["bench", "--prospects", "60", "--seconds", "3600", "--only", "W1"];
        let mut child = spawn(&desk, &args);
        // It says what it measures with when it has a directory, and cannot be done in an hour.
        let (mut out, mut line) = (BufReader::new(child.stdout.take().unwrap()), String::new());
        assert!(out.read_line(&mut line).unwrap() > 0);
        assert_eq!(std::fs::read_dir(desk.path()).unwrap().count(), 1);
        signal(&child, name);
        let (found, said) = told(child);
        assert_eq!(found, code, "{said}");
        assert!(said.starts_with(begins) && said.contains("broken off"), "{said}");
        assert_eq!(std::fs::read_dir(desk.path()).unwrap().count(), 0, "{name}");
    }
}

#[test]
fn an_apply_that_is_stopped_says_after_which_line_to_go_on() {
    let lines = commands();
    let desk = Desk::new();
    let all = lines.join("\n") + "\n";
    desk.call(&["apply", &desk.file("all.jsonl", all), "--data", "whole"]).fine();
    for (name, code, begins) in SIGNALS {
        let mut child = spawn(&desk, &["apply", "--data", name]);
        let mut stdin = child.stdin.take().unwrap();
        // The input stays open, so it cannot be done: it is stopped while it has more to come.
        let half = lines[..7000].join("\n") + "\n";
        let (mut out, mut answers) = (BufReader::new(child.stdout.take().unwrap()), 0);
        let writer = std::thread::spawn(move || {
            // It may stop before it has read everything.
            let _ended_early = stdin.write_all(half.as_bytes()).is_err();
            stdin
        });
        let mut line = String::new();
        assert!(out.read_line(&mut line).unwrap() > 0);
        signal(&child, name);
        while !line.is_empty() {
            answers += 1;
            line.clear();
            out.read_line(&mut line).unwrap();
        }
        let (found, said) = told(child);
        drop(writer.join().unwrap());
        assert_eq!(found, code, "{said}");
        assert!(said.starts_with(begins), "{said}");
        let (_, rest) = said.split_once("up to line ").unwrap();
        let up_to: usize = rest.split(' ').next().unwrap().parse().unwrap();
        assert_eq!(up_to, answers, "{said}");
        let stats = desk.call(&["stats", "--data", name, "--format", "json"]).json();
        assert_eq!(stats["checkpoint-lag"], 0, "{stats}");
        let rest = lines[up_to..].join("\n") + "\n";
        desk.call(&["apply", &desk.file("rest.jsonl", rest), "--data", name]).fine();
        assert_eq!(desk.digest(name), desk.digest("whole"));
    }
}

/// The answers are more than a pipe takes, and nobody reads them: it cannot come to its end.
#[test]
fn a_second_signal_ends_it_at_once_and_loses_nothing() {
    let desk = Desk::new();
    let lines = commands();
    let file = desk.file("all.jsonl", lines.join("\n"));
    desk.call(&["apply", &file, "--data", "whole"]).fine();
    let mut child = spawn(&desk, &["apply", &file]);
    let mut first = [0; 1];
    child.stdout.as_mut().unwrap().read_exact(&mut first).unwrap();
    while child.try_wait().unwrap().is_none() {
        signal(&child, "INT");
    }
    assert_eq!(child.wait().unwrap().code(), Some(130));
    // Frames are whole groups, so what was applied ends with one of the lines.
    let history = desk.call(&["history", "--format", "json"]).fine();
    let applied = history.lines().filter(|line| !line.contains(r#""do":"open""#)).count();
    assert!(applied < lines.len(), "{applied}");
    let rest = desk.file("rest.jsonl", lines[applied..].join("\n"));
    desk.call(&["apply", &rest]).fine();
    assert_eq!(desk.digest("holdline-data"), desk.digest("whole"));
}

#[test]
fn a_run_that_is_stopped_goes_on_where_it_was() {
    let desk = Desk::new();
    let file = example("two-weeks.jsonl");
    desk.call(&["run", &file, "--data", "whole"]).fine();
    for (name, code, begins) in SIGNALS {
        // Whether it has begun is seen by what it sends.
        let mut child =
            spawn(&desk, &["run", &file, "--data", name, "--out", "-", "--durability", "full"]);
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut sends = String::new();
        for _ in 0..20 {
            assert!(out.read_line(&mut sends).unwrap() > 0);
        }
        signal(&child, name);
        out.read_to_string(&mut sends).unwrap();
        let (found, said) = told(child);
        assert_eq!(found, code, "{said}");
        assert!(said.starts_with(begins) && said.ends_with("goes on from there\n"), "{said}");
        let stats = desk.call(&["stats", "--data", name, "--format", "json"]).json();
        assert_eq!(stats["checkpoint-lag"], 0, "{stats}");
        let rest = desk.call(&["run", &file, "--data", name, "--out", "-"]).fine();
        assert!(!rest.is_empty(), "it was stopped in the middle");
        assert_eq!(desk.digest(name), desk.digest("whole"));
        // What was sent was reported before it ended, so nothing is sent again.
        let sent = |sends: &str| {
            let lines = sends.lines().map(|line| serde_json::from_str(line).unwrap());
            lines.collect::<Vec<serde_json::Value>>()
        };
        let all = [sent(&sends), sent(&rest)].concat();
        assert_eq!(all.len(), outbox(&desk, "whole").len());
        assert_never_twice(&all);
    }
}

#[test]
fn who_follows_a_history_is_stopped_at_any_time() {
    let desk = Desk::new();
    desk.call_with(&["apply"], advance("2026-03-02T09:00:00Z")).fine();
    for (name, code, begins) in SIGNALS {
        let mut child = spawn(&desk, &["history", "--follow"]);
        let mut first = [0; 1];
        child.stdout.as_mut().unwrap().read_exact(&mut first).unwrap();
        signal(&child, name);
        let (found, said) = told(child);
        assert_eq!((found, said.starts_with(begins)), (code, true), "{said}");
    }
}

#[test]
fn each_command_is_answered_while_the_input_stays_open() {
    let desk = Desk::new();
    let mut child = spawn(&desk, &["apply"]);
    let mut input = child.stdin.take().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    // What follows a command and is none must not keep its answer waiting.
    for behind in ["", "\n \n", "# a note\n", "{\"do\":"] {
        let command = advance("2026-03-02T09:00:00Z");
        input.write_all(format!("{command}{behind}").as_bytes()).unwrap();
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        assert_eq!(line, "{\"ok\":\"applied\"}\n");
    }
    drop(input);
    assert_eq!(child.wait().unwrap().code(), Some(3), "half a command is none");
}
