//! Whole hosts, each on one seed: nothing is found wrong with the engine, and what is wrong on
//! purpose is found and made short.

use std::collections::BTreeSet;

use holdline::engine::State;
use holdline::json::read_command;
use holdline::testing::model::{Model, Picture};
use holdline::testing::simulate::{ACTIONS, Breach, Counts, Flaw, Found, simulate};

/// The first of the seeds, and how many there are.
const SEEDS: std::ops::Range<u64> = 200..216;

fn total(seeds: std::ops::Range<u64>) -> Counts {
    let mut total = Counts::default();
    for seed in seeds {
        match simulate(seed, Flaw::None) {
            Ok(counts) => total.add(&counts),
            Err(found) => panic!("{}\n{}", found.breach, found.script),
        }
    }
    println!("{total}");
    total
}

#[test]
fn no_host_breaks_a_promise_and_the_model_agrees() {
    let total = total(SEEDS);
    let Counts { commands, crashes, restarts, checkpoints, policies, time_jumps, .. } = total;
    let Counts { holds, sends_gone, called_back, answers_lost, asked_again, days, .. } = total;
    let each = [crashes, restarts, checkpoints, policies, time_jumps, called_back, asked_again];
    assert!(each.iter().all(|count| *count > 0), "something never happens: {total}");
    assert!(commands > 200 * total.sequences, "little happens: {total}");
    assert!(holds > 8 && sends_gone > 40 && answers_lost > 20, "little happens: {total}");
    // Event ids, answers and what has ended are forgotten on the way, several times.
    assert!(days > 90 * total.sequences, "little time passes: {total}");
    // A new kind of command has to come up here, whoever gives it.
    let all: BTreeSet<&str> = ACTIONS.iter().copied().collect();
    let seen: BTreeSet<&str> = total.actions.keys().copied().collect();
    assert_eq!(all.difference(&seen).collect::<Vec<_>>(), Vec::<&&str>::new(), "never came up");
}

#[test]
fn a_seed_is_the_same_host_again() {
    let counts = || simulate(7, Flaw::None).map_err(|found| found.script);
    assert_eq!(counts(), counts());
}

/// The first seed that finds a flaw, and the commands that are left of it.
fn found(flaw: Flaw) -> (Found, usize) {
    let found = (1..40).find_map(|seed| simulate(seed, flaw).err());
    let found = *found.unwrap_or_else(|| panic!("{flaw:?} was not found"));
    let lines = found.script.lines().filter(|line| !line.starts_with('#'));
    let commands: Vec<_> = lines.map(|line| read_command(line.as_bytes()).unwrap()).collect();
    println!("{flaw:?}: {:?}, {} commands: {}", found.steps, commands.len(), found.breach);
    (found, commands.len())
}

#[test]
fn a_go_under_an_acknowledged_hold_is_found_and_made_short() {
    let (found, commands) = found(Flaw::GoesUnderHolds);
    assert!(matches!(found.breach, Breach::LeftAfter { .. }), "{}", found.breach);
    assert!((5..=16).contains(&commands), "{}", found.script);
}

#[test]
fn a_send_that_is_given_twice_is_found_and_made_short() {
    let (found, commands) = found(Flaw::GoesAgain);
    assert!(matches!(found.breach, Breach::LeftTwice { .. }), "{}", found.breach);
    assert!((5..=16).contains(&commands), "{}", found.script);
}

#[test]
fn a_crash_that_takes_back_what_was_acknowledged_is_found_and_made_short() {
    let (found, commands) = found(Flaw::ForgetsAcknowledged);
    assert!(matches!(found.breach, Breach::NotDurable { .. }), "{}", found.breach);
    // As many as fill a group, after which what was told becomes durable.
    assert!((1..=5).contains(&commands), "{}", found.script);
    assert!(found.script.contains("# the engine crashes"), "{}", found.script);
}

#[test]
fn a_step_that_is_skipped_is_found_and_made_short() {
    let (found, commands) = found(Flaw::SkipsAtLeaseEnd);
    assert!(matches!(found.breach, Breach::Lost { .. }), "{}", found.breach);
    assert!((5..=16).contains(&commands), "{}", found.script);
}

/// Applies a script to an engine and to the model: after each command both show the same.
fn agrees(script: &str) {
    let (mut state, mut model) = (State::new(), Model::default());
    for line in script.lines() {
        let command = read_command(line.as_bytes()).unwrap();
        let outcome = state.apply(&mut state.erasing(command.clone())).outcome;
        assert_eq!(outcome, model.apply(&command), "{line}");
        let shown = Picture::of_engine(&state.snapshot());
        assert_eq!(shown, Some(Picture::of_model(&model)), "{line}");
    }
}

/// A person was forgotten while its campaign's timelines were still being planned anew: its plan
/// was made before it was stopped, and by the same command, so that the engine took the stop for
/// known and the model did not. It is stopped first now, and what one command plans knows of all
/// that it holds.
#[test]
fn who_is_forgotten_while_timelines_are_planned_anew_is_stopped_before() {
    agrees(include_str!("simulate/forgotten-while-planned-anew.jsonl"));
}
