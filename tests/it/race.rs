//! Threads that record, pause, lift and send at once: nothing leaves after a hold, nothing twice,
//! and what all were answered is what the journal's order answers.

use std::time::Duration;

use holdline::testing::race::{Raced, check_order, race};
use holdline::{Engine, Options, history};

#[test]
fn no_thread_sees_a_message_leave_after_a_hold() {
    let dir = tempfile::tempdir().unwrap();
    let engine = Engine::open(dir.path(), Options::default()).unwrap();
    let Raced { counts, violations, calls } =
        race(&engine, 400, Duration::from_secs(3), 11).unwrap();
    engine.close().unwrap();
    assert_eq!(violations, []);
    let each = [counts.events, counts.holds, counts.lifts, counts.gone, counts.called_back];
    assert!(each.iter().all(|count| *count > 0), "too little happened: {counts:?}");
    let ordered = check_order(&calls, history(dir.path()).unwrap()).unwrap();
    println!("{counts:?}, {ordered:?}");
    assert_eq!(ordered.calls, calls.len() as u64);
    assert!(ordered.overlapping > 0, "nothing happened at once: {ordered:?}");
}
