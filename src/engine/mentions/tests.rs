//! What was found before and what changed since are all that mentions a person.

use proptest::prelude::*;
use proptest::sample::Index;

use super::{Found, Mentions};
use crate::Policy;
use crate::engine::State;
use crate::engine::sighting::Sighting;
use crate::engine::sighting::tests::{history, workspace};
use crate::engine::workspace::Workspace;
use crate::model::{Action, Command, Event, HoldKind, HoldTarget, Instant, Outcome, Prospect};
use crate::testing::world;

/// What of it is still there: what was found may have gone since.
fn there(of: &Workspace, mentions: Mentions) -> Mentions {
    let data = &of.data;
    Mentions {
        causes: mentions.causes.into_iter().filter(|it| data.causes.get(*it).is_some()).collect(),
        holds: mentions.holds.into_iter().filter(|it| data.holds.get(*it).is_some()).collect(),
        answers: mentions
            .answers
            .into_iter()
            .filter(|it| data.answers.get(*it).is_some())
            .collect(),
        ..mentions
    }
}

/// Everybody, as they are mentioned at this moment.
fn look(state: &State, _: &[Event]) -> Vec<Found> {
    let sought = world::PROSPECTS.iter().filter_map(|key| workspace(state).sought(key));
    sought.map(|(whom, texts)| Found::look(whom, texts, None).0).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn what_changed_since_and_what_was_found_before_are_all_there_is(
        ops in prop::collection::vec(world::op(), 20..150),
        cut in any::<Index>(),
    ) {
        let (state, found) = history(&ops, cut.index(ops.len()), look);
        let of = workspace(&state);
        for before in found {
            let Some((whom, _)) = of.sought(&before.whom.person.key) else {
                continue;
            };
            let all = of.data.mentions(&whom, None);
            prop_assert_eq!(there(of, of.data.mentions(&whom, Some(&before))), all);
        }
    }
}

const ANN: &str = "ann@acme.example";

fn told(state: &mut State, number: u32, action: Action) {
    let at = Instant::from_ms(1_772_438_400_000);
    let outcome = state.apply(&mut Command::new(at, action).id(format!("{number}"))).outcome;
    assert!(outcome.refusal().is_none(), "{outcome:?}");
}

fn hold(key: &str, reason: &str) -> Action {
    let target = HoldTarget::Prospect(key.to_owned());
    Action::Hold { kind: HoldKind::Pause, target, until: None, reason: Some(reason.to_owned()) }
}

#[test]
fn who_is_called_otherwise_since_is_looked_for_again() {
    let mut state = State::new();
    let put = |key: &str, address: &str| {
        let address = Some(address.to_owned());
        Action::PutProspect(Prospect { key: key.to_owned(), address, ..Prospect::default() })
    };
    told(&mut state, 0, put("ann", ANN));
    told(&mut state, 1, put("bob", "bob@acme.example"));
    told(&mut state, 2, hold("bob", "ask anna@new.example"));
    told(&mut state, 3, hold("bob", &format!("ask {ANN}")));
    let (whom, texts) = workspace(&state).sought("ann").unwrap();
    let (found, looked) = Found::look(whom, texts, None);
    // Two prospects and their company, two holds, four answers.
    assert_eq!((&*found.mentions.holds, looked), (&[1][..], 9));
    // Nothing has changed, so nothing is looked at.
    let (whom, texts) = workspace(&state).sought("ann").unwrap();
    let (found, looked) = Found::look(whom, texts, Some(&found));
    assert_eq!((&*found.mentions.holds, looked), (&[1][..], 0));
    told(&mut state, 4, put("ann", "anna@new.example"));
    let (whom, _) = workspace(&state).sought("ann").unwrap();
    let now = workspace(&state).data.mentions(&whom, Some(&found));
    assert_eq!(now.holds, [0, 1]);
}

#[test]
fn what_was_found_changes_nothing_of_what_is_forgotten() {
    let forgotten = |ahead: bool| {
        let mut state = State::new();
        told(
            &mut state,
            0,
            Action::PutProspect(Prospect { key: ANN.to_owned(), ..Prospect::default() }),
        );
        told(
            &mut state,
            1,
            Action::PutProspect(Prospect { key: "bob".to_owned(), ..Prospect::default() }),
        );
        for number in 2..200 {
            told(&mut state, number, hold("bob", &format!("as {ANN} said")));
        }
        let (whom, texts) = workspace(&state).sought(ANN).unwrap();
        let found = Sighting::Person(Box::new(Found::look(whom, texts, None).0));
        let found = ahead.then(|| std::sync::Arc::new(found));
        told(&mut state, 200, hold(ANN, "late"));
        told(&mut state, 201, hold("bob", &format!("late, as {ANN} said")));
        let forget = Action::Erase {
            prospect: ANN.to_owned(),
            addresses: vec![ANN.to_owned()],
            salt: 7,
            reason: None,
        };
        let at = Instant::from_ms(1_772_438_400_000);
        let outcome = state.apply_with(&mut Command::new(at, forget), found).outcome;
        assert_eq!(outcome, Outcome::Forgotten { stopped: false });
        let snapshot = state.snapshot();
        assert!(!format!("{snapshot:?}").contains(ANN));
        snapshot.digest()
    };
    assert_eq!(forgotten(true), forgotten(false));
}

#[test]
fn only_the_events_of_a_person_and_those_that_name_it_are_found() {
    let mut state = State::new();
    let put =
        |key: &str| Action::PutProspect(Prospect { key: key.to_owned(), ..Prospect::default() });
    told(&mut state, 0, Action::PutPolicy(Policy::default_rules()));
    told(&mut state, 1, put(ANN));
    let others = ["bob@globex.example", "cy@initech.example"];
    for (number, who) in (2..).zip(others) {
        told(&mut state, number, put(who));
    }
    let bounce = |id: &str, who: &str, code: &str| {
        let event = Event::new("bounce", id).prospect(who).with("class", "hard");
        Action::Record(event.with("status-code", code))
    };
    let [bob, cy] = others;
    told(&mut state, 4, bounce("e0", bob, "5.1.1"));
    told(&mut state, 5, bounce("e1", ANN, "5.1.1"));
    told(&mut state, 6, bounce("e2", cy, &format!("5.1.1 of {ANN}")));
    let (whom, texts) = workspace(&state).sought(ANN).unwrap();
    let found = Found::look(whom, texts, None).0;
    assert_eq!((&*found.mentions.causes, &*found.mentions.holds), (&[1, 2][..], &[1, 2][..]));
}
