//! A whole host on one seed and one thread: recorders, a person, senders whose answers are slow or
//! lost, clocks that are off, months that pass, and an engine whose disk crashes with it.
//!
//! The reference model goes beside: after every step the answer and everything that is shown are
//! its own. Apart from it, what the host was answered is held against what happens: nothing goes
//! under a hold that was acknowledged, no step goes twice, no step is nowhere, and whatever was
//! acknowledged is there after each crash. What fails is made as short as it gets, and is told as
//! lines that `holdline apply` takes.

mod aim;
mod coverage;
mod explained;
mod ledger;
mod recover;
mod run;
mod script;
mod senders;
mod shrink;
mod steps;

use std::collections::BTreeMap;
use std::fmt;

use self::run::Run;
use self::shrink::shrunk;
use crate::model::HoldId;

pub use self::coverage::{ACTIONS, action_name};

/// How many steps a sequence has, besides what sets the scene: about as many commands.
pub const STEPS: usize = 260;

/// What is wrong with the host on purpose, to see that it is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// Nothing.
    None,
    /// A crash takes back what was acknowledged last.
    ForgetsAcknowledged,
    /// The last look says `go` whatever holds.
    GoesUnderHolds,
    /// The last look says `go` to whoever asks once more.
    GoesAgain,
    /// A send whose lease ends is taken to have been sent.
    SkipsAtLeaseEnd,
}

/// What must not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Breach {
    /// A last look said `go` though a hold that was acknowledged covers the send.
    LeftAfter {
        /// The send.
        send: String,
        /// The hold.
        hold: HoldId,
    },
    /// A step was given its go twice.
    LeftTwice {
        /// The send.
        send: String,
    },
    /// A step is nowhere, or behind a timeline that it never left.
    Lost {
        /// What was found.
        what: String,
    },
    /// What was acknowledged is gone, or what is there is not what was told.
    NotDurable {
        /// What was found.
        what: String,
    },
    /// The engine and the model do not answer or show the same.
    Differs {
        /// Where.
        what: String,
    },
    /// Something is shown that does not say why, or says something else when it is asked again.
    Unexplained {
        /// What.
        what: String,
    },
    /// The store cannot go on.
    Stopped {
        /// Why.
        what: String,
    },
}

impl Breach {
    /// Whether another one is of the same kind.
    fn is_like(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LeftAfter { send, hold } => {
                write!(f, "{send} went, and hold {hold} that covers it was acknowledged before")
            }
            Self::LeftTwice { send } => write!(f, "{send} went twice"),
            Self::Lost { what } => write!(f, "lost: {what}"),
            Self::NotDurable { what } => write!(f, "not durable: {what}"),
            Self::Differs { what } => write!(f, "the engine and the model differ: {what}"),
            Self::Unexplained { what } => write!(f, "not explained: {what}"),
            Self::Stopped { what } => write!(f, "the store stopped: {what}"),
        }
    }
}

/// What a sequence does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are what is printed")]
pub struct Counts {
    pub sequences: u64,
    pub commands: u64,
    pub crashes: u64,
    pub restarts: u64,
    pub checkpoints: u64,
    pub policies: u64,
    /// Of three days or more.
    pub time_jumps: u64,
    pub days: u64,
    pub holds: u64,
    pub sends_gone: u64,
    pub called_back: u64,
    pub answers_lost: u64,
    /// Asked once more with the same id.
    pub asked_again: u64,
    /// By the name of an action: how often the engine applied it, or its journal had it.
    pub actions: BTreeMap<&'static str, u64>,
}

impl Counts {
    /// Adds those of other sequences.
    pub fn add(&mut self, other: &Self) {
        let Self { sequences, commands, crashes, restarts, checkpoints, .. } = other;
        self.sequences += sequences;
        self.commands += commands;
        self.crashes += crashes;
        self.restarts += restarts;
        self.checkpoints += checkpoints;
        let Self { policies, time_jumps, days, holds, sends_gone, .. } = other;
        self.policies += policies;
        self.time_jumps += time_jumps;
        self.days += days;
        self.holds += holds;
        self.sends_gone += sends_gone;
        let Self { called_back, answers_lost, asked_again, actions, .. } = other;
        self.called_back += called_back;
        self.answers_lost += answers_lost;
        self.asked_again += asked_again;
        for (name, count) in actions {
            *self.actions.entry(name).or_default() += count;
        }
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sequences, commands, crashes, restarts, checkpoints, .. } = self;
        write!(f, "{sequences} sequences, {commands} commands, {crashes} crashes, ")?;
        write!(f, "{restarts} restarts, {checkpoints} checkpoints, ")?;
        let Self { policies, time_jumps, days, holds, sends_gone, .. } = self;
        write!(f, "{policies} policies, {time_jumps} time jumps, {days} days, {holds} holds, ")?;
        let Self { called_back, answers_lost, asked_again, .. } = self;
        write!(f, "{sends_gone} sends gone, {called_back} called back, ")?;
        write!(f, "{answers_lost} answers lost, {asked_again} asked again")
    }
}

/// A sequence that breaks something, as short as it got.
#[derive(Clone, Debug)]
pub struct Found {
    /// The seed that it was drawn from.
    pub seed: u64,
    /// What is broken.
    pub breach: Breach,
    /// How many steps it takes, of how many it began with.
    pub steps: (usize, usize),
    /// The commands as lines of JSON, in order; what else happened stands between them behind `#`.
    pub script: String,
}

/// Goes through the sequence of a seed.
///
/// # Errors
/// What it breaks, and the shortest way there that was found.
pub fn simulate(seed: u64, flaw: Flaw) -> Result<Counts, Box<Found>> {
    let steps = steps::drawn(seed, STEPS);
    match Run::through(&steps, flaw) {
        Ok(counts) => Ok(counts),
        Err(failed) => Err(Box::new(shrunk((seed, flaw), steps, failed))),
    }
}
