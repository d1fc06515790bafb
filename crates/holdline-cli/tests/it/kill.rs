//! A run that is killed at any moment and repeated ends in the state of one that was not.

use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::desk::{Desk, example};
use crate::run::{assert_never_twice, outbox};

/// How often the run is killed.
const KILLS: u64 = 15;

/// Numbers that look random and are the same in every run of the test.
fn mixed(number: u64) -> u64 {
    let mut z = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z ^ (z >> 27)
}

#[test]
fn a_run_killed_fifteen_times_ends_as_one_that_was_not() {
    let desk = Desk::new();
    let file = example("two-weeks.jsonl");
    let run = |data: &str| {
        let mut command = desk.command(&["run", &file, "--data", data, "--format", "json"]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command
    };
    let started = Instant::now();
    assert!(run("whole").status().unwrap().success());
    let whole = started.elapsed();
    let expected = desk.digest("whole");
    let mut cut_short = 0;
    for kill in 0..KILLS {
        let mut child = run("killed").spawn().unwrap();
        // From the very start to somewhat more than a share of the run, so that kills meet opens,
        // ticks and closes, and the whole run is walked through.
        let most = (whole.as_millis() as u64 / 5).max(40);
        std::thread::sleep(Duration::from_millis(mixed(kill) % most));
        child.kill().unwrap();
        let ended = child.wait().unwrap();
        cut_short += usize::from(!ended.success());
        if kill % 5 == 4 {
            // A message half written is as good as none.
            tear_outbox(&desk);
        }
    }
    assert!(cut_short >= 5, "only {cut_short} of {KILLS} runs were cut short");
    let last = run("killed").stderr(Stdio::piped()).output().unwrap();
    assert!(last.status.success(), "{}", String::from_utf8_lossy(&last.stderr));
    assert_eq!(desk.digest("killed"), expected);
    let (killed, whole) = (outbox(&desk, "killed"), outbox(&desk, "whole"));
    assert_never_twice(&killed);
    let without_token = |sends: Vec<serde_json::Value>| -> Vec<serde_json::Value> {
        let bare = |mut send: serde_json::Value| {
            send.as_object_mut().unwrap().remove("token");
            send
        };
        sends.into_iter().map(bare).collect()
    };
    assert_eq!(without_token(killed), without_token(whole));
}

/// Leaves the beginning of a line behind, as a crash in the middle of a write would.
fn tear_outbox(desk: &Desk) {
    use std::io::Write;
    let path = desk.path().join("killed").join("outbox.jsonl");
    if let Ok(mut file) = std::fs::OpenOptions::new().append(true).open(path) {
        file.write_all(b"{\"token\":\"1-5").unwrap();
    }
}

/// Which moment of a tick a run was killed in.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Moment {
    Claimed,
    Confirmed,
    Written,
}

/// Brings data to where a run of the short example stands at 08:05, and then by hand, with what the
/// worker would have done next, up to a moment of the ticks at 08:06 and 08:07.
fn killed_at(moment: Moment) -> Desk {
    let desk = Desk::new();
    let file = example("first-day.jsonl");
    desk.call(&["run", &file, "--until", "2026-03-02T08:05:00Z"]).fine();
    let claim =
        |at: &str| format!("{{\"do\":\"claim\",\"at\":\"{at}\",\"limit\":200,\"lease\":\"4m\"}}\n");
    let claimed = desk.call_with(&["apply"], claim("2026-03-02T08:06:00Z")).json();
    let send = &claimed["sends"][0];
    assert_eq!(claimed["sends"].as_array().unwrap().len(), 1, "{claimed}");
    if moment == Moment::Claimed {
        return desk;
    }
    let (at, token) = ("2026-03-02T08:07:00Z", send["token"].as_str().unwrap());
    let confirm = format!("{{\"do\":\"confirm\",\"at\":\"{at}\",\"token\":\"{token}\"}}\n");
    let answer = desk.call_with(&["apply"], confirm + &claim(at)).fine();
    assert!(answer.starts_with("{\"ok\":\"go\"}\n"), "{answer}");
    if moment == Moment::Written {
        let mut line = serde_json::json!({});
        for name in ["token", "campaign", "prospect", "address", "sender", "step", "message"] {
            line[name] = send[name].clone();
        }
        line["at"] = at.into();
        let path = desk.path().join("holdline-data").join("outbox.jsonl");
        let written = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("{written}{line}\n")).unwrap();
    }
    desk
}

#[test]
fn a_send_in_flight_goes_out_once_whenever_the_run_was_killed() {
    let whole = Desk::first_day();
    let without_token = |desk: &Desk| -> Vec<serde_json::Value> {
        let mut sends = outbox(desk, "holdline-data");
        sends.iter_mut().for_each(|send| send["token"] = serde_json::Value::Null);
        sends
    };
    for moment in [Moment::Claimed, Moment::Confirmed, Moment::Written] {
        let desk = killed_at(moment);
        desk.call(&["run", &example("first-day.jsonl")]).fine();
        assert_eq!(without_token(&desk), without_token(&whole), "{moment:?}");
        assert_eq!(desk.digest("holdline-data"), whole.digest("holdline-data"), "{moment:?}");
    }
}
