//! What recording an event allocates. A program of its own: counting takes the place of the global
//! allocator, and each program has one.
//!
//! Nothing is timed. Tables grow now and then, each time by a fraction of what they hold, so a
//! growth is expected every so many events and no more; all else is told for each event.

use std::collections::BTreeMap;

use allocation_counter::measure;
use holdline::engine::State;
use holdline::{
    Action, Campaign, Command, Event, Instant, Outcome, Policy, PolicyBundle, PolicyFile, Prospect,
    Sender, Step,
};

const PEOPLE: usize = 1_000;

fn start() -> Instant {
    Instant::from_ms(1_772_438_400_000)
}

fn person(number: usize) -> String {
    format!("person-{number}@company-{}.example", number / 20)
}

/// The shipped policy, and people who are enrolled.
fn state() -> State {
    let mut state = State::new();
    let sender = Sender { key: "s".to_owned(), ..Sender::default() };
    let campaign = Campaign {
        key: "c".to_owned(),
        senders: vec![sender.key.clone()],
        steps: vec![Step::default(); 3],
        ..Campaign::default()
    };
    let mut actions = vec![
        Action::PutPolicy(Policy::default_rules()),
        Action::PutSender(sender),
        Action::PutCampaign(campaign),
    ];
    for number in 0..PEOPLE {
        let (key, campaign) = (person(number), "c".to_owned());
        actions.push(Action::PutProspect(Prospect { key: key.clone(), ..Prospect::default() }));
        actions.push(Action::Enroll { campaign, prospect: key });
    }
    for action in actions {
        let outcome = state.apply(&mut Command::new(start(), action)).outcome;
        assert!(outcome.refusal().is_none(), "{outcome:?}");
    }
    state
}

fn record(kind: &str, id: usize, attributes: &[(&str, &str)]) -> Command {
    let event = Event::new(kind, format!("{kind}-{id}")).prospect(person(id % PEOPLE));
    let event = attributes.iter().fold(event, |event, (name, value)| event.with(*name, *value));
    Command::new(start(), Action::Record(event))
}

/// Applies commands, and gives how many of them allocated how often. Answers are dropped within.
fn counted(
    state: &mut State,
    commands: Vec<Command>,
    expected: fn(&Outcome) -> bool,
) -> Vec<(u64, usize)> {
    let mut counts = BTreeMap::new();
    for mut command in commands {
        let mut is_expected = false;
        let info = measure(|| is_expected = expected(&state.apply(&mut command).outcome));
        assert!(is_expected, "{:?}", command.action);
        *counts.entry(info.count_total).or_default() += 1;
    }
    counts.into_iter().collect()
}

fn changes_nothing(outcome: &Outcome) -> bool {
    let Outcome::Recorded { holds, lifted, errors, .. } = outcome else {
        return false;
    };
    holds.is_empty() && lifted.is_empty() && errors.is_empty()
}

#[test]
fn a_duplicate_allocates_nothing() {
    let mut state = state();
    let kinds: [(&str, &[(&str, &str)]); 4] = [
        ("open", &[]),
        ("reply", &[("kind", "human")]),
        ("bounce", &[("class", "hard")]),
        ("opt-out", &[]),
    ];
    for (kind, attributes) in kinds {
        state.apply(&mut record(kind, 0, attributes));
        let again = vec![record(kind, 0, attributes); 100];
        let counts = counted(&mut state, again, |outcome| *outcome == Outcome::Duplicate);
        assert_eq!(counts, [(0, 100)], "{kind}");
    }
}

#[test]
fn an_event_that_changes_nothing_allocates_little_but_for_tables_that_grow() {
    const EVENTS: usize = 10_000;
    let silent = "policy 1\nrule opted-out { on opt-out stop prospect }\n";
    let shipped = &Policy::default_rules().files[0].text;
    let click: &[(&str, &str)] = &[("url", "https://ours.example")];
    // What each allocates: the list of what fired, if something did; the event's attributes as they
    // were declared, if it may have any, and the text of each.
    let cases = [
        (silent, "open", &[][..], 0),
        (shipped, "open", &[], 1),
        (silent, "click", click, 2),
        (shipped, "click", click, 3),
    ];
    for (policy, kind, attributes, each) in cases {
        let mut state = state();
        let files = vec![PolicyFile { name: "test.rules".to_owned(), text: policy.to_owned() }];
        let put = Action::PutPolicy(PolicyBundle { files });
        assert_eq!(state.apply(&mut Command::new(start(), put)).outcome, Outcome::Applied);
        let events = (0..EVENTS).map(|id| record(kind, id, attributes)).collect();
        let counts = counted(&mut state, events, changes_nothing);
        println!("{kind}: {counts:?}");
        assert_eq!(counts.first().map(|(least, _)| *least), Some(each), "{kind}: {counts:?}");
        let grown: u64 = counts.iter().map(|(count, of)| (count - each) * *of as u64).sum();
        assert!(counts[0].1 >= EVENTS / 10 * 8, "{kind}: {counts:?}");
        assert!(grown <= EVENTS as u64 / 2, "{kind}: {grown} for growing tables");
    }
}
