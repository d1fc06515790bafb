//! The engine's laws, over random commands with restarts, against the reference model.
//!
//! L1 never after · L3 the same state, whatever the batching and the restarts · L4 the order of
//! rules and repeated events change nothing · L5 never twice · L8 lifting releases exactly what it
//! held. A few cases of each run by default, the same for the same tree; `HOLDLINE_CASES=n` runs n,
//! and others each time.

mod history;
mod regressions;
mod restored;

use super::cases::cases;
use history::{History, Turn};
use holdline::engine::State;
use holdline::model::{Action, Outcome};
use holdline::testing::model::Picture;
use holdline::testing::world::{self, Act, Op, Tokens, op, out_of};
use holdline::{Durability, Engine, Options};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

/// That of the cases which are tried by default.
const SEED: u64 = 42;

proptest! {
    #![proptest_config(cases(160, SEED))]

    /// L1, L5, L8, and every answer and every status as the model has them.
    #[test]
    fn the_engine_does_what_the_model_says(ops in vec(op(), 1..160)) {
        History::of(&ops)?;
    }
}

proptest! {
    #![proptest_config(cases(80, SEED))]

    /// L6: no slot is taken of a day that is full, and every planned instant is open.
    #[test]
    fn l6_the_model_keeps_limits_and_windows(ops in vec(op(), 1..160)) {
        History::of_model(&ops)?;
    }
}

proptest! {
    #![proptest_config(cases(40, SEED))]

    #[test]
    fn l3_batches_change_nothing(ops in vec(op(), 1..160), size in 1_usize..40) {
        batches_change_nothing(&ops, size)?;
    }

    #[test]
    fn l4_rule_order_changes_nothing(ops in vec(op(), 1..160), turn in 1_usize..20) {
        rule_order_changes_nothing(&ops, turn)?;
    }

    #[test]
    fn l4_repeated_events_change_nothing(ops in vec(op(), 1..160)) {
        repeated_events_change_nothing(&ops)?;
    }
}

proptest! {
    #![proptest_config(cases(12, SEED))]

    #[test]
    fn l3_restarts_change_nothing(ops in vec(op(), 1..120), size in 1_usize..10) {
        restarts_change_nothing(&ops, size)?;
    }
}

proptest! {
    #![proptest_config(cases(40, SEED))]

    #[test]
    fn l5_a_restore_sends_nothing_twice(
        ops in vec(op(), 1..120),
        rounds in 1_usize..12,
        told in any::<bool>(),
    ) {
        restored::sends_nothing_twice(&ops, rounds, told)?;
    }
}

fn picture(state: &State) -> Picture {
    Picture::of_engine(&state.snapshot()).unwrap()
}

/// Applies commands one by one in a state of its own.
struct Alone {
    state: State,
    tokens: Tokens,
    turns: Vec<history::Turn>,
}

impl Alone {
    fn new() -> Self {
        Self { state: State::new(), tokens: Tokens::default(), turns: Vec::new() }
    }

    fn apply(&mut self, turn: &Turn) -> Outcome {
        let command = self.tokens.here(&turn.command);
        let outcome = history::apply(&mut self.state, &self.turns, command.clone());
        self.tokens.learn(&turn.outcome, &outcome);
        self.tokens.learn_lost(&turn.lost, &out_of(&self.state.snapshot()));
        self.turns.push(Turn { command, outcome: outcome.clone(), lost: Vec::new() });
        outcome
    }
}

pub(crate) fn batches_change_nothing(ops: &[Op], size: usize) -> TestCaseResult {
    // What is in memory alone cannot be restored.
    let restores = |op: &&Op| matches!(op.act, Act::Restore { .. });
    let ops: Vec<Op> = ops.iter().filter(|op| !restores(op)).cloned().collect();
    let history = History::of(&ops)?;
    let engine = Engine::in_memory().unwrap();
    let mut tokens = Tokens::default();
    let mut batch: Vec<&Turn> = Vec::new();
    for turn in &history.turns {
        if batch.len() >= size || !tokens.knows(&turn.command) {
            flush(&engine, &mut tokens, &mut batch)?;
        }
        batch.push(turn);
    }
    flush(&engine, &mut tokens, &mut batch)?;
    let digest = engine.snapshot().unwrap().digest();
    prop_assert_eq!(digest, history.state.snapshot().digest());
    Ok(())
}

fn flush(engine: &Engine, tokens: &mut Tokens, batch: &mut Vec<&Turn>) -> TestCaseResult {
    let commands = batch.iter().map(|turn| tokens.here(&turn.command)).collect();
    let outcomes = engine.apply_batch(commands).unwrap();
    let mut out = None;
    for (turn, outcome) in batch.drain(..).zip(outcomes) {
        history::same(&turn.command, &turn.outcome, &outcome, true)?;
        tokens.learn(&turn.outcome, &outcome);
        if !turn.lost.is_empty() {
            let out = out.get_or_insert_with(|| out_of(&engine.snapshot().unwrap()));
            tokens.learn_lost(&turn.lost, out);
        }
    }
    Ok(())
}

/// The digest is the same before and after each restart, in the end the same as without any, and
/// that of a store which is made of the exported history.
pub(crate) fn restarts_change_nothing(ops: &[Op], size: usize) -> TestCaseResult {
    // Once somebody was forgotten, the past that a new policy counts begins with the base that is
    // written then, whenever that is: it is in the command that publishes the policy.
    let mut is_whole = true;
    let whole = |op: &&Op| match &op.act {
        Act::Do(Action::PutPolicy(_)) => is_whole,
        Act::Do(Action::Forget { .. }) => {
            is_whole = false;
            true
        }
        _ => true,
    };
    let ops: Vec<Op> = ops.iter().filter(whole).cloned().collect();
    let history = History::of(&ops)?;
    let options = || {
        let mut options = Options::default();
        options.durability = Durability::None;
        // The history that it is compared with had no time to go on planning.
        options.plans_when_idle = false;
        // Checkpoints are written all the time, each of what changed since the one before.
        options.checkpoint_bytes = 200;
        options
    };
    let directory = tempfile::tempdir().unwrap();
    let mut path = directory.path().join("data");
    let mut engine = Engine::open(&path, options()).unwrap();
    let mut tokens = Tokens::default();
    let mut batch: Vec<&Turn> = Vec::new();
    for (at, turn) in history.turns.iter().enumerate() {
        let clean = history.restarts.get(&at);
        if batch.len() >= size || clean.is_some() || !tokens.knows(&turn.command) {
            flush(&engine, &mut tokens, &mut batch)?;
        }
        if let Some(clean) = clean {
            let before = engine.snapshot().unwrap().digest();
            engine = reopened(engine, &path, *clean, &options)?;
            prop_assert_eq!(engine.snapshot().unwrap().digest(), before, "at {}", at);
        }
        if let Action::Restored { until } = turn.command.action {
            flush(&engine, &mut tokens, &mut batch)?;
            let (copy, to) = (directory.path().join("copy"), format!("restored-{at}"));
            engine.backup(&copy, true).unwrap();
            engine.close().unwrap();
            path = directory.path().join(to);
            holdline::restore(&copy, &path, until).unwrap();
            std::fs::remove_dir_all(&copy).unwrap();
            engine = Engine::open(&path, options()).unwrap();
            tokens.learn_lost(&turn.lost, &out_of(&engine.snapshot().unwrap()));
            continue;
        }
        batch.push(turn);
    }
    flush(&engine, &mut tokens, &mut batch)?;
    let snapshot = engine.snapshot().unwrap();
    prop_assert_eq!(snapshot.digest(), history.state.snapshot().digest());
    // Of who was forgotten there is no history that could be written out whole.
    if history.turns.iter().all(|it| !matches!(it.outcome, Outcome::Forgotten { .. })) {
        super::history::imports_as(&path, &snapshot);
    }
    Ok(())
}

/// Closed with a checkpoint; or the journal is all there is, as after a loss of the checkpoint.
fn reopened(
    engine: Engine,
    path: &std::path::Path,
    clean: bool,
    options: &dyn Fn() -> Options,
) -> Result<Engine, TestCaseError> {
    engine.close().unwrap();
    if !clean {
        std::fs::remove_dir_all(path.join("sled")).unwrap();
    }
    Engine::open(path, options()).map_err(|error| TestCaseError::fail(error.to_string()))
}

/// Holds are numbered in the order of the rules, so nothing here goes by their numbers.
pub(crate) fn rule_order_changes_nothing(ops: &[Op], turn: usize) -> TestCaseResult {
    let by_number = |op: &&Op| !matches!(op.act, Act::Lift(_));
    let ops: Vec<Op> = ops.iter().filter(by_number).cloned().collect();
    let history = History::of(&ops)?;
    let mut turned = Alone::new();
    for step in &history.turns {
        let mut step = step.clone();
        if let Action::PutPolicy(bundle) = &mut step.command.action {
            let number = (0..world::POLICIES).find(|at| world::policy(*at, 0) == *bundle);
            *bundle = world::policy(number.unwrap(), turn);
        }
        let outcome = turned.apply(&step);
        history::same(&step.command, &step.outcome, &outcome, false)?;
    }
    prop_assert_eq!(picture(&turned.state), picture(&history.state));
    Ok(())
}

pub(crate) fn repeated_events_change_nothing(ops: &[Op]) -> TestCaseResult {
    let history = History::of(ops)?;
    let mut twice = Alone::new();
    for turn in &history.turns {
        let outcome = twice.apply(turn);
        history::same(&turn.command, &turn.outcome, &outcome, true)?;
        let is_event = matches!(turn.command.action, Action::Record(_));
        if is_event && outcome.refusal().is_none() {
            prop_assert_eq!(twice.apply(turn), Outcome::Duplicate);
        }
    }
    let (with, without) = (picture(&twice.state), picture(&history.state));
    prop_assert_eq!(with.without_duplicates(), without.without_duplicates());
    Ok(())
}
