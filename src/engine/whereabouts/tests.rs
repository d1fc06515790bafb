//! What was found before and what changed since are all that has an event.

use proptest::prelude::*;
use proptest::sample::Index;

use super::{Located, Whereabouts};
use crate::Policy;
use crate::engine::State;
use crate::engine::index::event_key;
use crate::engine::sighting::Sought;
use crate::engine::sighting::tests::{history, workspace};
use crate::engine::workspace::Workspace;
use crate::model::{Action, Command, Event, Instant, Prospect};
use crate::testing::world;

fn retract(event: &Event) -> Command {
    let (source, event) = (event.source.clone(), event.id.clone());
    let retract = Action::Retract { source, event, reason: None };
    Command::new(Instant::from_ms(1_772_438_400_000), retract)
}

fn look(state: &State, event: &Event, before: Option<&Located>) -> (Located, usize) {
    let Some(Sought::Event(event, logs)) = state.sought(&retract(event)) else {
        panic!("nothing is looked for");
    };
    Located::look(event, logs, before)
}

/// What of it is still there: notes of hours go after a while.
fn there(of: &Workspace, mut whereabouts: Whereabouts) -> Whereabouts {
    whereabouts.hourly.retain(|it| of.data.hourly.get(*it).is_some());
    whereabouts
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn what_changed_since_and_what_was_found_before_are_all_there_is(
        ops in prop::collection::vec(world::op(), 20..150),
        cut in any::<Index>(),
    ) {
        let look_at = |state: &State, events: &[Event]| {
            events.iter().map(|event| look(state, event, None).0).collect()
        };
        let (state, found) = history(&ops, cut.index(ops.len()), look_at);
        let of = workspace(&state);
        for before in found {
            let all = of.data.whereabouts(before.event, None);
            prop_assert_eq!(there(of, of.data.whereabouts(before.event, Some(&before))), all);
        }
    }
}

/// Two people in whose logs events are counted, by entries and by the hour.
fn counted() -> (State, Vec<Event>) {
    let mut state = State::new();
    let at = Instant::from_ms(1_772_438_400_000);
    let mut tell = |action| {
        let outcome = state.apply(&mut Command::new(at, action)).outcome;
        assert!(outcome.refusal().is_none(), "{outcome:?}");
    };
    tell(Action::PutPolicy(Policy::default_rules()));
    let people = ["ann@acme.example", "bob@globex.example"];
    for key in people {
        tell(Action::PutProspect(Prospect { key: key.to_owned(), ..Prospect::default() }));
    }
    let event = |(number, who): (usize, &str)| {
        Event::new("bounce", format!("e{number}")).prospect(who).with("class", "soft")
    };
    let events: Vec<Event> = people.into_iter().cycle().take(4).enumerate().map(event).collect();
    events.iter().for_each(|event| tell(Action::Record(event.clone())));
    (state, events)
}

#[test]
fn only_what_changed_is_looked_at_again() {
    let (mut state, events) = counted();
    let [first, second, third, _] = &*events else {
        panic!("{events:?}");
    };
    let (before, looked) = look(&state, first, None);
    assert!(
        !before.whereabouts.logs.is_empty() && looked >= 2 + events.len(),
        "{before:?}, {looked}"
    );
    // Nothing has changed, so nothing is looked at.
    let (again, looked) = look(&state, first, Some(&before));
    assert_eq!((&again.whereabouts, looked), (&before.whereabouts, 0));
    // What was found of another event says nothing of this one.
    let (other, looked) = look(&state, second, Some(&before));
    assert!(looked > 0 && other.whereabouts != before.whereabouts, "{other:?}, {looked}");
    state.apply(&mut retract(third));
    let (again, looked) = look(&state, first, Some(&before));
    assert!(looked > 0 && again.whereabouts == before.whereabouts, "{again:?}, {looked}");
    state.apply(&mut retract(first));
    let found = workspace(&state).data.whereabouts(event_key("", "e0"), Some(&again));
    assert_eq!(found, Whereabouts::default());
}

#[test]
fn what_was_found_changes_nothing_of_what_is_taken_back() {
    let taken_back = |ahead: bool| {
        let (mut state, events) = counted();
        let sighting = ahead.then(|| state.sought(&retract(&events[0])).unwrap().look(None).0);
        state.apply(&mut retract(&events[2]));
        let sighting = sighting.map(std::sync::Arc::new);
        let outcome = state.apply_with(&mut retract(&events[0]), sighting).outcome;
        (outcome, state.snapshot().digest())
    };
    assert_eq!(taken_back(true), taken_back(false));
}
