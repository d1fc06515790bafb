//! `kill -9` under load, again and again: nothing acknowledged is missing.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use holdline::testing::kill::{self, Life, Task};

/// Set in the process that is to be killed: the directory it works on.
const DIRECTORY: &str = "HOLDLINE_TEST_KILL_DIRECTORY";
/// What it does there.
const TASK: &str = "HOLDLINE_TEST_KILL_TASK";
const KILLS: u64 = 120;

/// Not a test of its own: the process that the test below starts and kills.
#[test]
fn a_process_to_kill() {
    if let Some(dir) = std::env::var_os(DIRECTORY) {
        let task = std::env::var(TASK).ok().and_then(|name| Task::named(&name));
        kill::work(&PathBuf::from(dir), task.unwrap()).unwrap();
    }
}

#[test]
fn nothing_acknowledged_is_missing_after_kills_in_every_task() {
    let dir = tempfile::tempdir().unwrap();
    let this = std::env::current_exe().unwrap();
    let start = |task: Task| {
        let mut process = Command::new(&this);
        process.args(["--exact", "kill::a_process_to_kill", "--nocapture", "--quiet"]);
        process.env(DIRECTORY, dir.path()).env(TASK, task.name());
        process
    };
    // Every fourth of the loads is killed while it opens the store; the others get as far as
    // checkpoints. What is no load is killed in the middle of what it does.
    let life = |number: u64| Life {
        done: match Task::of(number) {
            Task::Load if number.is_multiple_of(4) => 0,
            Task::Load => number * 31 % 60,
            _ => number % 3,
        },
        then: Duration::from_micros(200 + number * 7919 % 9_000),
    };
    let total = kill::kill_over_and_over(dir.path(), KILLS, &start, &life).unwrap();
    assert_eq!(total.kills, KILLS);
    let loads = (0..KILLS).filter(|number| Task::of(*number) == Task::Load);
    let lived: u64 = loads.map(|number| life(number).done).sum();
    assert!(total.batches >= lived, "{lived} batches at least: {total}");
    for (what, kills) in [
        ("a backup", total.in_backup),
        ("compacting", total.in_compact),
        ("a restore", total.in_restore),
    ] {
        assert!(kills > 0, "in {what}: {total}");
    }
}
