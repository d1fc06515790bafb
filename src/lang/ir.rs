//! What a checked policy is made of: types, values, tests, and the plans of effects. Names are
//! numbers here. It knows nothing of text, and places only to point at them.

use std::fmt;
use std::hash::BuildHasherDefault;
use std::sync::Arc;

use chrono::NaiveDate;
use siphasher::sip::SipHasher13;

use crate::model::{HoldKind, Instant, ResumeMode, Scope};

use super::ast::{ListKind, Span};
use super::policy::RuleIndex;
use super::windows::SeriesKey;

/// A map by name whose hashes are the same in every process.
pub(super) type ByName<T> = hashbrown::HashMap<Box<str>, T, BuildHasherDefault<SipHasher13>>;
/// A set of names whose hashes are the same in every process.
pub(super) type Names = hashbrown::HashSet<Box<str>, BuildHasherDefault<SipHasher13>>;

/// A type of the language.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Text,
    Number,
    Bool,
    Instant,
    Date,
    Duration,
    Domain,
    Address,
    Scope,
    TextList,
    Enum(Arc<[Box<str>]>),
}

impl Kind {
    /// The types that have a name of their own.
    pub const NAMED: [(&'static str, Self); 9] = [
        ("text", Self::Text),
        ("number", Self::Number),
        ("bool", Self::Bool),
        ("instant", Self::Instant),
        ("date", Self::Date),
        ("duration", Self::Duration),
        ("domain", Self::Domain),
        ("address", Self::Address),
        ("scope", Self::Scope),
    ];

    /// With an article, as messages say it.
    pub fn spoken(&self) -> String {
        match self {
            Self::Text => "a text".to_owned(),
            Self::Number => "a number".to_owned(),
            Self::Bool => "`true` or `false`".to_owned(),
            Self::Instant => "an instant".to_owned(),
            Self::Date => "a date".to_owned(),
            Self::Duration => "a duration".to_owned(),
            Self::Domain => "a domain".to_owned(),
            Self::Address => "an address".to_owned(),
            Self::Scope => "a scope".to_owned(),
            Self::TextList => "a list of text".to_owned(),
            Self::Enum(values) => {
                let values: Vec<_> = values.iter().map(|value| format!("`{value}`")).collect();
                format!("one of {}", values.join(", "))
            }
        }
    }

    /// The number of an enum's value `unknown`: what an absent attribute then reads as.
    pub fn unknown_value(&self) -> Option<u32> {
        let Self::Enum(values) = self else {
            return None;
        };
        let at = values.iter().position(|value| &**value == "unknown")?;
        u32::try_from(at).ok()
    }
}

/// A declared attribute of an event.
#[derive(Clone, Debug)]
pub(super) struct Attribute {
    pub name: Box<str>,
    pub kind: Kind,
    pub optional: bool,
}

/// A declared event and the rules that listen to it.
#[derive(Clone, Debug, Default)]
pub(super) struct EventKind {
    pub name: Box<str>,
    pub attributes: Arc<[Attribute]>,
    pub listeners: Vec<RuleIndex>,
    /// The series that count it, by number; true where it is what the share is taken of.
    pub counted: Vec<(u32, bool)>,
}

/// A value that is kept.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Datum {
    Text(Box<str>),
    Number(i64),
    Bool(bool),
    Instant(Instant),
    Date(NaiveDate),
    Duration(u64),
    Enum(u32),
    Scope(Scope),
    List(Box<[Box<str>]>),
}

/// A value that is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Val<'a> {
    Text(&'a str),
    Number(i64),
    Bool(bool),
    Instant(Instant),
    Date(NaiveDate),
    Duration(u64),
    Enum(u32),
    Scope(Scope),
    List(&'a [Box<str>]),
}

impl Datum {
    pub fn val(&self) -> Val<'_> {
        match self {
            Self::Text(text) => Val::Text(text),
            Self::Number(number) => Val::Number(*number),
            Self::Bool(flag) => Val::Bool(*flag),
            Self::Instant(at) => Val::Instant(*at),
            Self::Date(date) => Val::Date(*date),
            Self::Duration(ms) => Val::Duration(*ms),
            Self::Enum(value) => Val::Enum(*value),
            Self::Scope(scope) => Val::Scope(*scope),
            Self::List(list) => Val::List(list),
        }
    }
}

/// Something a rule can read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Source {
    Attribute(u32),
    ProspectAddress,
    ProspectDomain,
    ProspectZone,
    ProspectField(Box<str>),
    ProspectTags,
    CompanyKey,
    CompanyStage,
    CompanyTags,
    CampaignKey,
    CampaignTags,
    EnrollmentStep,
    EnrollmentSends,
    DaysSinceLastSend,
    /// What a window counts, by number.
    Window(u32),
}

/// Whether there is always something to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    /// Always.
    Always,
    /// Almost always; where it is not, reading it is an error while evaluating.
    Expected,
    /// Not always; a rule has to say what then.
    Optional,
}

/// A source with what the check knows of it.
#[derive(Clone, Debug)]
pub(super) struct Readable {
    pub source: Source,
    pub kind: Kind,
    pub presence: Presence,
    /// As it is written.
    pub path: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Order {
    Less,
    LessOrEqual,
}

/// The right-hand side of a comparison.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Side {
    Literal(Datum),
    /// Something else to read, and how it is written.
    Source(Source, Box<str>),
}

/// What is asked of a source. There are no negations: a step of a program swaps its targets.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Question {
    Known,
    True,
    Equals(Side),
    Ordered(Order, Side),
    /// Sorted.
    OneOf(Box<[Datum]>),
    InList(u32),
    StartsWith(Box<str>),
    EndsWith(Box<str>),
    Matches(Box<str>),
    Has(Box<str>),
    /// Whether a window counts so many.
    AtLeast(u32),
    /// Whether a window's share is so many millionths, or above them, of so many at least.
    Share {
        millionths: u32,
        above: bool,
        least: u32,
    },
}

impl Question {
    /// Whether it asks how a text begins, ends or looks.
    pub const fn is_shape(&self) -> bool {
        matches!(self, Self::StartsWith(_) | Self::EndsWith(_) | Self::Matches(_))
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Test {
    pub source: Source,
    pub question: Question,
    /// The left-hand side as it is written.
    pub path: Box<str>,
    /// An enum's values, to show them.
    pub values: Option<Arc<[Box<str>]>>,
}

/// One step of a condition's program: a test, and where to go on.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub test: Test,
    pub yes: u32,
    pub no: u32,
}

/// The target that ends a program with "holds".
pub(super) const HOLDS: u32 = u32::MAX;
/// The target that ends a program with "does not hold".
pub(super) const FAILS: u32 = u32::MAX - 1;

/// A `where` (one term of its top-level `and`) or an `except`.
#[derive(Clone, Debug)]
pub(super) struct Clause {
    pub except: bool,
    /// As it is written, blanks squeezed.
    pub text: Box<str>,
    pub steps: Box<[Step]>,
    pub entry: u32,
    pub at: Span,
}

/// What windows count: one log in the state for each target. Windows of different lengths share it.
#[derive(Clone, Debug)]
pub(super) struct Series {
    pub key: SeriesKey,
    pub event: u32,
    /// What an event has to pass to be counted.
    pub filter: Box<[Clause]>,
    pub scope: Scope,
    pub measure: Measure,
    /// The length of the longest window on it.
    pub keep_ms: u64,
}

/// What a window is over.
#[derive(Clone, Debug)]
pub(super) struct Window {
    pub series: u32,
    pub span_ms: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Measure {
    Events,
    /// Each prospect once.
    Prospects,
    /// Per event of another type.
    Share {
        per: u32,
    },
}

/// Where the scope of an effect comes from.
#[derive(Clone, Debug)]
pub(super) enum ScopePlan {
    Fixed(Scope),
    /// An attribute of type scope, or of an enum whose values are these scopes.
    Attribute(u32, Option<Box<[Scope]>>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Calendar {
    For,
    At,
    DayAfter,
    NextBusinessDay,
}

#[derive(Clone, Debug)]
pub(super) enum EndPlan {
    Open,
    Until {
        word: Calendar,
        /// None only for a `next-business-day` without `after`.
        value: Option<Side>,
        otherwise: Option<Otherwise>,
        max_ms: Option<u64>,
    },
}

/// What an end is when its attribute is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Otherwise {
    Manual,
    AfterMs(u64),
}

#[derive(Clone, Debug)]
pub(super) enum EffectPlan {
    Hold { kind: HoldKind, scope: ScopePlan, end: EndPlan, mode: ResumeMode },
    Ignore,
    Resume { scope: ScopePlan, rules: Arc<[RuleIndex]> },
}

/// A rule, ready to run.
#[derive(Clone, Debug, Default)]
pub(super) struct Rule {
    pub clauses: Box<[Clause]>,
    pub effects: Box<[EffectPlan]>,
    /// The rules that override this one when they match.
    pub overridden_by: Vec<RuleIndex>,
    /// The events it listens to, by number.
    pub events: Vec<u32>,
}

/// A named list.
#[derive(Clone, Debug)]
pub(super) struct List {
    pub name: Box<str>,
    pub kind: ListKind,
    pub entries: Names,
}

/// A duration as the language writes it: the largest unit that fits.
pub(super) struct Spoken(pub u64);

impl fmt::Display for Spoken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(u64, &str); 5] =
            [(604_800_000, "w"), (86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s")];
        let fits = |(ms, _): &&(u64, &str)| self.0 >= *ms && self.0.is_multiple_of(*ms);
        match UNITS.iter().find(fits) {
            Some((ms, unit)) => write!(f, "{}{unit}", self.0 / ms),
            None => write!(f, "{}ms", self.0),
        }
    }
}
