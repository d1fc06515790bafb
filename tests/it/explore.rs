//! Every state that two workers, a person and a crashing engine come to, within bounds.

use holdline::testing::explore::{Bounds, Flaw, explore};

/// Explores all there is within bounds, where messages leave and are called back.
fn check(bounds: Bounds, states: u64) {
    let explored = match explore(bounds, Flaw::None) {
        Ok(explored) => explored,
        Err(found) => panic!("{:?} after {:#?}", found.breach, found.moves),
    };
    println!("{bounds:?}: {explored:?}");
    assert_eq!(explored.gone, 2, "both messages leave in some state: {explored:?}");
    assert!(explored.called_back > 0, "none was called back: {explored:?}");
    // Fewer would mean that something stopped being tried.
    assert!(explored.states > states, "{explored:?}");
}

#[test]
fn no_lost_answer_and_no_dead_worker_breaks_a_promise() {
    check(Bounds::SMALL, 5_000);
}

#[test]
fn no_crash_breaks_a_promise() {
    check(Bounds::CRASHING, 1_000);
}
