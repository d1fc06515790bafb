//! What is wrong with the engine on purpose is found, each by the breach that it leads to.

use super::*;

/// The shortest way to a breach with a flaw.
fn found(flaw: Flaw, bounds: Bounds) -> Found {
    *explore(bounds, flaw).expect_err("the flaw is found")
}

#[test]
fn a_last_look_that_ignores_holds_is_found() {
    let found = found(Flaw::GoesUnderHolds, Bounds::SMALL);
    let prospect = "ana@a.example".to_owned();
    assert_eq!(found.breach, Breach::LeftAfter { prospect, step: 1 }, "{:#?}", found.moves);
    // Claimed, held, asked: each with its answer.
    assert_eq!(found.moves.len(), 6, "{:#?}", found.moves);
}

#[test]
fn a_confirmed_send_that_is_offered_again_is_found() {
    let found = found(Flaw::OffersConfirmed, Bounds::SMALL);
    assert!(matches!(found.breach, Breach::LeftTwice { step: 1, .. }), "{found:#?}");
}

#[test]
fn a_crash_that_takes_an_acknowledged_hold_back_is_found() {
    let found = found(Flaw::ForgetsAcknowledged, Bounds::CRASHING);
    let expected = [
        matches!(found.breach, Breach::LeftAfter { .. }),
        matches!(found.breach, Breach::LeftTwice { .. }),
    ];
    assert!(expected.contains(&true), "{found:#?}");
}

#[test]
fn a_send_that_is_lost_when_its_lease_ends_is_found() {
    let found = found(Flaw::LosesAtLeaseEnd, Bounds::SMALL);
    assert!(matches!(found.breach, Breach::Lost { .. }), "{found:#?}");
}
