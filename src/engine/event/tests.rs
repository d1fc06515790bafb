//! When an event may have happened.

use super::{DAY_MS, FUTURE_MS, REMEMBERED_DAYS};
use crate::Policy;
use crate::engine::State;
use crate::model::{Action, Command, Event, Instant, Outcome, Prospect, Refusal};

const MINUTE_MS: i64 = 60_000;

/// The answer to an event that happened so long after the command's instant.
fn recorded(after_ms: i64) -> Outcome {
    let now = Instant::from_ms(1_772_438_400_000);
    let mut state = State::new();
    state.apply(&mut Command::new(now, Action::PutPolicy(Policy::default_rules())));
    let key = "ann@acme.io".to_owned();
    let put = Action::PutProspect(Prospect { key, ..Prospect::default() });
    state.apply(&mut Command::new(now, put));
    let event = Event::new("open", "e1").prospect("ann@acme.io").at(now.plus_ms(after_ms));
    state.apply(&mut Command::new(now, Action::Record(event))).outcome
}

#[test]
fn an_event_may_be_ten_minutes_ahead_and_as_late_as_ids_are_remembered() {
    assert_eq!(FUTURE_MS, 10 * MINUTE_MS);
    let oldest = -i64::from(REMEMBERED_DAYS) * DAY_MS;
    for taken in [10 * MINUTE_MS, 0, oldest] {
        let outcome = recorded(taken);
        assert!(matches!(outcome, Outcome::Recorded { .. }), "{taken}: {outcome:?}");
    }
    let ahead = recorded(10 * MINUTE_MS + 1);
    assert!(matches!(ahead, Outcome::Refused(Refusal::EventInFuture { .. })), "{ahead:?}");
    let late = recorded(oldest - 1);
    assert!(matches!(late, Outcome::Refused(Refusal::EventTooOld { .. })), "{late:?}");
}
