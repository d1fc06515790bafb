//! What comes out of the interpreter: effects, and explanations. Plain data.

use std::sync::Arc;

use chrono::NaiveDate;

use super::policy::RuleIndex;
use crate::model::{HoldKind, Instant, ResumeMode, Scope};

/// One effect of a rule that matched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fired {
    /// The rule.
    pub rule: RuleIndex,
    /// The effect's position within its rule, from 0.
    pub effect: u8,
    /// What to do.
    pub action: Effect,
}

/// What a rule does.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Effect {
    /// Places a hold.
    Hold {
        /// Pause or stop.
        kind: HoldKind,
        /// What it covers.
        scope: Scope,
        /// How it ends by itself.
        end: Ending,
        /// How it resumes.
        mode: ResumeMode,
    },
    /// Does nothing, on purpose.
    Ignore,
    /// Lifts the pauses that these rules placed on the target.
    Resume {
        /// Which target of the event's subject.
        scope: Scope,
        /// The rules.
        rules: Arc<[RuleIndex]>,
    },
    /// The rule could not be evaluated: the subject is to be held, for safety.
    Error(String),
}

/// When a hold ends by itself. Dates are to be read in the prospect's zone, else the workspace's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Not by itself.
    Open,
    /// So many milliseconds after the command.
    After {
        /// How many.
        ms: u64,
    },
    /// At an instant.
    At(Instant),
    /// At 00:00 of the date.
    OnDate(NaiveDate),
    /// At 00:00 of the day after the date.
    DayAfter(NaiveDate),
    /// At 00:00 of the next business day after the date, or after today.
    NextBusinessDay(Option<NaiveDate>),
}

/// An end, and the longest that the hold lasts in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ending {
    /// The end.
    pub end: End,
    /// At most so many milliseconds after the command; never set on [`End::Open`].
    pub max_ms: Option<u64>,
}

/// What became of one rule on one event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleTrace {
    /// The rule.
    pub rule: RuleIndex,
    /// What became of it.
    pub verdict: RuleVerdict,
    /// Its clauses, in the order of the text; a `where` is split at its `and`s.
    pub clauses: Vec<ClauseTrace>,
}

/// What became of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RuleVerdict {
    /// It matched, and its effects apply.
    Fired,
    /// It matched, and so did these rules, which override it.
    OverriddenBy(Vec<RuleIndex>),
    /// It did not match.
    NotMatched,
    /// It could not be evaluated.
    Failed(String),
}

/// What became of one clause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClauseTrace {
    /// The clause as it is written, with `except` in front if it is one.
    pub text: String,
    /// Whether it lets the rule fire; none if a clause before it failed and what it reads is
    /// unknown.
    pub pass: Option<bool>,
    /// What was found.
    pub actual: String,
}
