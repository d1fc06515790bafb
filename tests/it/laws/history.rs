//! What happens when operations are done one by one, in the engine and in the model; each answer
//! and each picture is compared, and the laws that need no second run are held.

use std::collections::{BTreeMap, BTreeSet};

use holdline::engine::State;
use holdline::model::{
    Action, Command, Event, HoldId, Instant, Outcome, Report, Selection, Token, Verdict,
};
use holdline::testing::model::{Model, Picture, shape};
use holdline::testing::world::{
    self, Act, Op, Out, SendKey, Tokens, journaled, out_of, out_of_model, token_of,
};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

/// One command and the engine's answer.
#[derive(Clone, Debug)]
pub struct Turn {
    pub command: Command,
    pub outcome: Outcome,
    /// What went out of its timeline by it, and was not claimed.
    pub lost: Vec<Out>,
}

/// Two answers to one command mean the same.
pub fn same(command: &Command, left: &Outcome, right: &Outcome, numbers: bool) -> TestCaseResult {
    let (left, right) = (shape(left, numbers), shape(right, numbers));
    prop_assert_eq!(left, right, "to {:?}", command);
    Ok(())
}

/// Applies a command to a state, as the writer does: a policy is published with the past that its
/// windows count.
pub fn apply(state: &mut State, turns: &[Turn], command: Command) -> Outcome {
    let past = |each: &mut dyn FnMut(Command)| -> Result<(), ()> {
        turns.iter().map(|turn| journaled(turn.command.clone())).for_each(each);
        Ok(())
    };
    let mut command = journaled(state.recalled(command, past).unwrap());
    state.apply(&mut command).outcome
}

pub struct History {
    pub turns: Vec<Turn>,
    /// Before which turns the store was opened anew, and whether it had been closed.
    pub restarts: BTreeMap<usize, bool>,
    pub state: State,
    model: Model,
    /// Whether only the model is told, and held to what it promises.
    alone: bool,
    /// The engine's tokens in the model.
    tokens: Tokens,
    claimed: Vec<(Token, SendKey)>,
    /// What may not leave again: it went, and nobody said that it had failed.
    went: BTreeSet<SendKey>,
    events: Vec<Event>,
    placed: usize,
}

impl History {
    /// Does what there is at the beginning, and then the operations.
    pub fn of(ops: &[Op]) -> Result<Self, TestCaseError> {
        Self::told(ops, false)
    }

    /// What the model alone makes of the operations.
    pub fn of_model(ops: &[Op]) -> Result<Self, TestCaseError> {
        Self::told(ops, true)
    }

    fn told(ops: &[Op], alone: bool) -> Result<Self, TestCaseError> {
        let mut history = Self {
            turns: Vec::new(),
            restarts: BTreeMap::new(),
            state: State::new(),
            model: Model::default(),
            alone,
            tokens: Tokens::default(),
            claimed: Vec::new(),
            went: BTreeSet::new(),
            events: Vec::new(),
            placed: 0,
        };
        let begin: Instant = world::BEGIN.parse().unwrap();
        for action in world::beginning() {
            history.apply(Command::new(begin, action))?;
        }
        for op in ops {
            history.do_one(op)?;
        }
        Ok(history)
    }

    fn do_one(&mut self, op: &Op) -> TestCaseResult {
        let at = self.model.now().plus_ms(op.wait_ms);
        let action = match &op.act {
            Act::Restart { clean } => {
                self.restarts.insert(self.turns.len(), *clean);
                return Ok(());
            }
            act => match self.resolve(act, at) {
                Some(action) => action,
                None => return Ok(()),
            },
        };
        // A restore lets no time pass: it comes after the last command.
        let restores = matches!(action, Action::Restored { .. });
        let at = if restores { self.model.now() } else { at };
        let mut command = Command::new(at, action);
        if op.by_person {
            command = command.by("pat");
        }
        // What lifts is looked at by itself: what time does comes first, and what is still to be
        // planned anew, which may give an enrollment to a sender that is held.
        if matches!(op.act, Act::Lift(_) | Act::Retract(_)) && !self.alone {
            self.apply(Command::new(at, Action::Advance))?;
            while self.model.has_work() {
                self.apply(Command::new(at, Action::Advance))?;
            }
            let before = self.live();
            self.apply(command)?;
            return self.only_lifted(&before);
        }
        self.apply(command)
    }

    /// What was said of a send since it was claimed.
    fn turns_of(&self, token: Token) -> impl Iterator<Item = &Turn> {
        let about = move |turn: &&Turn| {
            token_of(&mut turn.command.action.clone()).is_some_and(|it| *it == token)
        };
        self.turns.iter().filter(about)
    }

    /// A send that was claimed lately: most often one whose turn it is, if there is any.
    fn token(&self, index: usize, is_next: impl Fn(Token) -> bool) -> Option<Token> {
        let recent = &self.claimed[self.claimed.len().saturating_sub(6)..];
        let recent: Vec<Token> = recent.iter().map(|(token, _)| *token).collect();
        let next: Vec<Token> = recent.iter().copied().filter(|token| is_next(*token)).collect();
        let among = if index.is_multiple_of(4) || next.is_empty() { recent } else { next };
        among.get(index / 4 % among.len().max(1)).copied()
    }

    fn resolve(&self, act: &Act, at: Instant) -> Option<Action> {
        let any = |index: &usize| self.token(*index, |_| false);
        Some(match act {
            Act::Confirm(index) => {
                let token = self.token(*index, |token| self.turns_of(token).next().is_none())?;
                Action::Confirm { token }
            }
            Act::Report(index, kind) => {
                let leaves = |turn: &Turn| turn.outcome == Outcome::Confirmed(Verdict::Go);
                let token = self.token(*index, |it| self.turns_of(it).last().is_some_and(leaves));
                Action::Report { token: token?, report: world::report(*kind, at) }
            }
            Act::Resend(index) => Action::Resend { token: any(index)?, reason: None },
            Act::Restore { after_ms } => {
                Action::Restored { until: self.model.now().plus_ms(*after_ms) }
            }
            _ => act.about_no_send(at, &self.events, self.placed)?,
        })
    }

    fn apply_to_model(&mut self, command: Command) -> TestCaseResult {
        let before = self.model.clone();
        let outcome = self.model.apply(&command);
        prop_assert_eq!(self.model.breaks(&before), Vec::<String>::new(), "after {:?}", &command);
        let shown = Picture::of_model(&self.model);
        self.remember(command, outcome, &shown, out_of_model(&self.model));
        Ok(())
    }

    fn apply(&mut self, command: Command) -> TestCaseResult {
        if self.alone {
            return self.apply_to_model(command);
        }
        let before = out_of(&self.state.snapshot());
        let expected = self.model.apply(&self.tokens.here(&command));
        let outcome = apply(&mut self.state, &self.turns, command.clone());
        same(&command, &expected, &outcome, true)?;
        self.tokens.learn(&outcome, &expected);
        let shown = super::picture(&self.state);
        prop_assert_eq!(&shown, &Picture::of_model(&self.model), "after {:?}", &command);
        self.never_twice_never_after(&command, &outcome, &shown)?;
        let out = out_of(&self.state.snapshot());
        if matches!(outcome, Outcome::Resent { .. }) {
            let stays = |it: &Out| out.iter().any(|other| other.token == it.token);
            for resent in before.iter().filter(|it| !stays(it)) {
                self.went.remove(&resent.send);
            }
        }
        self.remember(command, outcome, &shown, out);
        let lost = self.turns.last().map_or(&[][..], |turn| &turn.lost);
        self.tokens.learn_lost(lost, &out_of_model(&self.model));
        Ok(())
    }

    fn remember(&mut self, command: Command, outcome: Outcome, shown: &Picture, out: Vec<Out>) {
        match (&command.action, &outcome) {
            (Action::Record(event), Outcome::Recorded { .. }) => self.events.push(event.clone()),
            (_, Outcome::Claimed { sends, .. }) => self.claimed.extend(sends.iter().map(|send| {
                let (campaign, prospect) = (send.campaign.clone(), send.prospect.clone());
                (send.token, (campaign, prospect, send.step))
            })),
            _ => {}
        }
        if outcome.refusal().is_none() {
            let causes = shown.causes.iter().map(|(_, placed, _)| placed);
            self.placed = usize::try_from(causes.sum::<u64>()).unwrap();
        }
        let is_new = |it: &Out| self.claimed.iter().all(|(token, _)| *token != it.token);
        let lost: Vec<Out> = out.into_iter().filter(is_new).collect();
        self.claimed.extend(lost.iter().map(|it| (it.token, it.send.clone())));
        self.turns.push(Turn { command, outcome, lost });
    }

    /// L1: what may go is covered by nothing. L5: what went does not go again, unless it failed or
    /// a person orders it.
    fn never_twice_never_after(
        &mut self,
        command: &Command,
        outcome: &Outcome,
        shown: &Picture,
    ) -> TestCaseResult {
        let mut action = command.action.clone();
        let Some(token) = token_of(&mut action).map(|token| *token) else {
            return Ok(());
        };
        let send = self.claimed.iter().find(|(claimed, _)| *claimed == token);
        let Some((_, send)) = send.cloned() else {
            return Ok(());
        };
        match (&command.action, outcome) {
            (Action::Confirm { .. }, Outcome::Confirmed(Verdict::Go)) => {
                let key = format!("{} in {}", send.1, send.0);
                let row = shown.rows.iter().find(|row| row.key == key).unwrap();
                prop_assert!(row.holds.is_empty(), "L1: {key} went under {:?}", row.holds);
                prop_assert!(self.went.insert(send), "L5: {key} went twice");
            }
            (
                Action::Report {
                    report: Report::FailedTemporarily | Report::FailedPermanently,
                    ..
                }
                | Action::Resend { .. },
                Outcome::Applied,
            ) => {
                self.went.remove(&send);
            }
            _ => {}
        }
        Ok(())
    }

    /// The live holds that cover anything, by number, with whom they cover.
    fn live(&self) -> BTreeMap<HoldId, BTreeSet<String>> {
        let snapshot = self.state.snapshot();
        let view = snapshot.view("default").unwrap();
        let rows = view.list(&Selection::default(), None, usize::MAX).unwrap().rows;
        let mut live: BTreeMap<HoldId, BTreeSet<String>> = BTreeMap::new();
        for row in rows {
            for hold in row.holds {
                let key = format!("{} in {}", row.prospect, row.campaign);
                live.entry(hold.id).or_default().insert(key);
            }
        }
        live
    }

    /// L8: what the answer names is gone, and every other hold covers whom it covered.
    fn only_lifted(&self, before: &BTreeMap<HoldId, BTreeSet<String>>) -> TestCaseResult {
        let Some(Turn { command, outcome, .. }) = self.turns.last() else {
            return Ok(());
        };
        let lifted: Vec<HoldId> = match (&command.action, outcome) {
            (Action::Lift { hold, .. }, Outcome::Applied) => vec![*hold],
            (_, Outcome::Retracted { lifted, .. }) => lifted.clone(),
            _ => Vec::new(),
        };
        let mut expected = before.clone();
        expected.retain(|hold, _| !lifted.contains(hold));
        prop_assert_eq!(self.live(), expected, "L8: after {:?}", command);
        Ok(())
    }
}
