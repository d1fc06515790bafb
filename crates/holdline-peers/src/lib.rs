//! Holdline beside other engines: the same rules, the same events, and the same decisions, or there
//! is nothing to compare.
//!
//! Each engine gets the rules of `rules/outreach.rules` in its own language and is used as someone
//! who knows it would use it: parsed and compiled once, with whatever it lets one keep between two
//! events. The effect and scope of a rule are looked up in [`catalogue`], so that a peer only has
//! to say which rules fire; holdline works its effects out, ends included.
//!
//! Where timelines are kept is compared likewise: [`stores`].

pub mod catalogue;
pub mod incoming;
pub mod mix;
pub mod peer;
pub mod policies;
pub mod servers;
pub mod stores;

use std::error::Error;

use holdline::Scope;

use catalogue::Rule;
use incoming::Incoming;

/// Why an engine could not prepare or decide: in its own words.
pub type Failure = Box<dyn Error>;

/// What a rule does, without how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// Holds, until something lifts it.
    Pause,
    /// Holds for good.
    Stop,
    /// Does nothing, on purpose.
    Ignore,
}

/// A rule that fired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fired {
    /// Its number in [`catalogue::RULES`].
    pub rule: usize,
    /// What it does.
    pub effect: Effect,
    /// What that covers; none for [`Effect::Ignore`].
    pub scope: Option<Scope>,
}

/// All rules that an event fires, in an order that means nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decision {
    /// The rules.
    pub fired: Vec<Fired>,
}

impl Decision {
    /// Takes in a rule of the catalogue that fired, with the scope that the event names.
    pub fn fire(&mut self, number: usize, rule: &Rule, named: Option<Scope>) {
        let scope = match rule.scope {
            catalogue::Covers::Nothing => None,
            catalogue::Covers::Fixed(scope) => Some(scope),
            catalogue::Covers::AsTheEventSays => named,
        };
        self.fired.push(Fired { rule: number, effect: rule.effect, scope });
    }

    /// The same decision in the order of the rules, to be compared.
    #[must_use]
    pub fn sorted(mut self) -> Self {
        self.fired.sort_unstable();
        self
    }
}

/// How the rules are handed to an engine. Holdline sorts them by event itself and knows no other
/// way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// As one policy. Each rule asks for the event's type in its own text.
    Whole,
    /// A policy for each type of event, picked by the host: the index that holdline makes for
    /// itself is given to the engine for nothing.
    ByEvent,
}

impl Layout {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Whole, Self::ByEvent];

    /// Its name in a table.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Whole => "one policy",
            Self::ByEvent => "by event",
        }
    }

    /// The policies to make: of each, the event that it is for and the numbers of its rules.
    #[must_use]
    pub fn parts(self) -> Vec<Part> {
        let of = |event: Option<&'static str>| {
            let listens = |rule: &Rule| event.is_none_or(|event| rule.events.contains(&event));
            let rules = catalogue::RULES.iter().enumerate();
            let rules = rules.filter(|(_, rule)| listens(rule)).collect();
            Part { event, rules }
        };
        match self {
            Self::Whole => vec![of(None)],
            Self::ByEvent => catalogue::EVENTS.iter().map(|event| of(Some(event))).collect(),
        }
    }

    /// Which of the parts an event of a type is for; none if no rule listens.
    #[must_use]
    pub fn part_of(self, kind: &str) -> Option<usize> {
        match self {
            Self::Whole => Some(0),
            Self::ByEvent => catalogue::EVENTS.iter().position(|event| *event == kind),
        }
    }
}

/// The rules that become one policy.
#[derive(Clone, Debug)]
pub struct Part {
    /// The event that it is for; none if it has to ask.
    pub event: Option<&'static str>,
    /// Its rules with their numbers.
    pub rules: Vec<(usize, &'static Rule)>,
}

/// An engine with the rules in it.
pub trait Peer: Sized {
    /// Its name in a table.
    const NAME: &'static str;

    /// An event in the engine's own form. It may borrow from the host's.
    type Event<'e>;

    /// Parses and compiles the rules, once.
    fn prepare(layout: Layout) -> Result<Self, Failure>;

    /// Brings an event into the engine's own form.
    fn take<'e>(&self, incoming: &'e Incoming) -> Result<Self::Event<'e>, Failure>;

    /// Adds the rules that the event fires to an empty decision.
    fn decide(&mut self, event: &Self::Event<'_>, decision: &mut Decision) -> Result<(), Failure>;
}
