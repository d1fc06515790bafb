//! The tests of a policy as they were checked: what each sets up, what happens, and what is
//! expected. Plain data; it does not know how any of it is run.

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};

use super::ast::{Span, Word};
use super::policy::RuleIndex;
use crate::model::{Action, Event, HoldKind, HoldTarget, Instant, Status};

/// One `test`.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    /// Its name; where it has none, a test is known by its line.
    pub name: Option<Box<str>>,
    /// The name, or the keyword.
    pub at: Span,
    /// What the clock reads at the start, in the zone.
    pub start: NaiveDateTime,
    /// The zone of the start; UTC if none is named.
    pub zone: Option<Word>,
    /// Every zone that the test names: whoever runs it knows zones, the language does not.
    pub zones: Vec<Word>,
    /// What is there from the start: companies, prospects, senders, campaigns, enrollments.
    pub setup: Vec<(Span, Action)>,
    pub lines: Vec<Line>,
    /// Whether it says `quiet` anywhere, or what must not be: only then nothing may ever fire.
    pub quiet: bool,
}

/// One line: an instant, what happens then, and what is expected after it.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub when: When,
    pub act: Option<Act>,
    pub expects: Vec<Expect>,
}

/// A point in time, where it is written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct When {
    pub at: Span,
    pub moment: Moment,
}

/// How a point in time is said.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Moment {
    /// So many milliseconds after the start.
    After(u64),
    /// On the day that many days after the day of the start, at a time of the clock.
    OnDay(u32, NaiveTime),
    /// At midnight of a date; where an end or a send is expected, any time of the date will do.
    Date(NaiveDate),
    Clock(NaiveDateTime),
    Instant(Instant),
}

impl Moment {
    /// Whether it says a date, and no time of the day.
    pub(crate) const fn is_date(self) -> bool {
        matches!(self, Self::Date(_))
    }
}

/// What happens.
#[derive(Clone, Debug)]
pub(crate) struct Act {
    pub at: Span,
    pub deed: Deed,
}

#[derive(Clone, Debug)]
pub(crate) enum Deed {
    Record(Happening),
    /// The event of that id is taken back; with a reason, its stops are lifted, too.
    Retract {
        id: String,
        reason: Option<String>,
    },
    Hold {
        kind: HoldKind,
        target: HoldTarget,
        until: Option<When>,
        reason: Option<String>,
    },
    Resume(HoldTarget),
    /// Commands that carry no time of their own.
    Do(Vec<Action>),
}

/// An event of a test. Its attributes are of the declared types.
#[derive(Clone, Debug)]
pub(crate) struct Happening {
    pub event: Event,
    /// When it happened, if not when it is recorded.
    pub happened: Option<When>,
    /// Attributes that are points in time, by name; true for a date.
    pub timed: Vec<(Box<str>, When, bool)>,
}

/// One expectation.
#[derive(Clone, Debug)]
pub(crate) struct Expect {
    pub at: Span,
    pub what: What,
}

#[derive(Clone, Debug)]
pub(crate) enum What {
    /// No rule fired.
    Quiet,
    /// A rule said `ignore`; exactly these, if any are named.
    Ignored(Option<Vec<RuleIndex>>),
    Status {
        subject: Who,
        status: Wanted,
        /// Exactly whose live holds cover it.
        by: Option<Vec<Holder>>,
        until: Option<Until>,
    },
    /// No hold of that kind lies on exactly the subject.
    Not { subject: Who, kind: HoldKind },
    Next {
        subject: Who,
        /// None: no send is planned.
        at: Option<When>,
    },
}

/// Whom an expectation is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    Prospect { key: String, campaign: Option<String> },
    Company { key: String, campaign: Option<String> },
    Campaign(String),
    Sender(String),
    Workspace,
}

impl std::fmt::Display for Who {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Prospect { key, campaign: Some(campaign) }
            | Self::Company { key, campaign: Some(campaign) } => write!(f, "{key} in {campaign}"),
            Self::Prospect { key, .. } | Self::Company { key, .. } => f.write_str(key),
            Self::Campaign(key) | Self::Sender(key) => f.write_str(key),
            Self::Workspace => f.write_str("workspace"),
        }
    }
}

/// What a subject is expected to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// In progress, and nothing holds it.
    Active,
    Status(Status),
}

/// Who placed a hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holder {
    Rule(RuleIndex),
    Person,
    /// A rule that could not be evaluated, or a send that failed: the engine's own name for it.
    Engine(&'static str),
}

/// How long a hold is expected to last.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Until {
    Open,
    At(When),
}
