//! Threads that record, pause, lift and send at once: nothing leaves after a hold, nothing twice.

use std::time::Duration;

use holdline::testing::race::race;
use holdline::{Engine, Options};

#[test]
fn no_thread_sees_a_message_leave_after_a_hold() {
    let dir = tempfile::tempdir().unwrap();
    let engine = Engine::open(dir.path(), Options::default()).unwrap();
    let (counts, violations) = race(&engine, 400, Duration::from_secs(3), 11).unwrap();
    engine.close().unwrap();
    assert_eq!(violations, []);
    let each = [counts.events, counts.holds, counts.lifts, counts.gone, counts.called_back];
    assert!(each.iter().all(|count| *count > 0), "too little happened: {counts:?}");
}
