//! `kill -9` under load, again and again: nothing acknowledged is missing.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use holdline::testing::kill::{self, Life};

/// Set in the process that is to be killed: the directory it works on.
const DIRECTORY: &str = "HOLDLINE_TEST_KILL_DIRECTORY";
const KILLS: u64 = 200;

/// Not a test of its own: the process that the test below starts and kills.
#[test]
fn a_load_to_kill() {
    if let Some(dir) = std::env::var_os(DIRECTORY) {
        kill::load(&PathBuf::from(dir)).unwrap();
    }
}

#[test]
fn nothing_acknowledged_is_missing_after_200_kills() {
    let dir = tempfile::tempdir().unwrap();
    let this = std::env::current_exe().unwrap();
    let start = || {
        let mut process = Command::new(&this);
        process.args(["--exact", "kill::a_load_to_kill", "--nocapture", "--quiet"]);
        process.env(DIRECTORY, dir.path());
        process
    };
    // Every fourth is killed while it opens the store; the others get as far as checkpoints.
    let life = |number: u64| Life {
        batches: if number.is_multiple_of(4) { 0 } else { number * 31 % 60 },
        then: Duration::from_micros(200 + number * 7919 % 9_000),
    };
    let total = kill::kill_over_and_over(dir.path(), KILLS, &start, &life).unwrap();
    assert_eq!(total.kills, KILLS);
    let lived: u64 = (0..KILLS).map(|number| life(number).batches).sum();
    assert!(total.batches >= lived, "{lived} batches at least: {total:?}");
}
