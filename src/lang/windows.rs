//! What the windows of a policy have counted: the interpreter's side of the event log.

use siphasher::sip128::{Hasher128, SipHasher13};
use std::hash::Hasher;

use super::evaluate::Scene;
use super::event::TypedEvent;
use super::facts::Facts;
use super::ir::{Measure, Source};
use super::policy::Policy;
use crate::model::Scope;

/// The identity of what is counted: the same in two policies whose words mean the same, so that a
/// new policy goes on counting where the one before it was.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
pub struct SeriesKey(pub u128);

impl SeriesKey {
    /// The key of what the words say.
    pub(super) fn of(words: &str) -> Self {
        let mut hasher = SipHasher13::new_with_keys(0x7365_7269_6573, 1);
        hasher.write(words.as_bytes());
        Self(hasher.finish128().as_u128())
    }
}

/// How a series is kept, and for whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counter {
    /// What it counts.
    pub series: SeriesKey,
    /// Whom it counts for: prospect, company, campaign or sender.
    pub scope: Scope,
    /// Whether it is a share, counted in whole hours.
    pub share: bool,
    /// Whether each prospect counts once.
    pub prospects: bool,
    /// How far back its longest window looks.
    pub keep_ms: u64,
}

impl Policy {
    /// What the policy's windows count, each once.
    pub fn counters(&self) -> impl Iterator<Item = Counter> {
        (0..self.checked.series.len()).filter_map(|number| self.counter(number))
    }

    fn counter(&self, number: usize) -> Option<Counter> {
        let series = self.checked.series.get(number)?;
        Some(Counter {
            series: series.key,
            scope: series.scope,
            share: matches!(series.measure, Measure::Share { .. }),
            prospects: series.measure == Measure::Prospects,
            keep_ms: series.keep_ms,
        })
    }

    /// What a window counts, and how far back it looks.
    #[must_use]
    pub fn window(&self, number: u32) -> Option<(Counter, u64)> {
        let window = self.checked.windows.get(number as usize)?;
        Some((self.counter(window.series as usize)?, window.span_ms))
    }

    /// How many windows there are.
    #[must_use]
    pub fn windows(&self) -> u32 {
        u32::try_from(self.checked.windows.len()).unwrap_or(u32::MAX)
    }

    /// The windows that the rules on a type of events ask.
    pub fn asked_windows(&self, kind: &str) -> impl Iterator<Item = u32> {
        let number = self.checked.event_names.get(kind);
        let event = number.and_then(|number| self.checked.events.get(*number as usize));
        let listeners = event.map_or(&[][..], |event| &event.listeners);
        let rules = listeners.iter().filter_map(|rule| self.checked.rules.get(usize::from(rule.0)));
        let clauses = rules.flat_map(|rule| &rule.clauses);
        let steps = clauses.flat_map(|clause| &clause.steps);
        let mut asked: Vec<u32> = steps
            .filter_map(|step| match step.test.source {
                Source::Window(number) => Some(number),
                _ => None,
            })
            .collect();
        asked.sort_unstable();
        asked.dedup();
        asked.into_iter()
    }

    /// Whether an event of a type makes a difference: a rule listens to it, or a window counts it.
    #[must_use]
    pub fn heeds(&self, kind: &str) -> bool {
        let number = self.checked.event_names.get(kind);
        let event = number.and_then(|number| self.checked.events.get(*number as usize));
        event.is_some_and(|event| !event.listeners.is_empty() || !event.counted.is_empty())
    }

    /// The series that count an event; true where it is what a share is taken of. An event whose
    /// filter cannot be evaluated is counted: a hold too many is the lesser harm.
    pub fn counted_by<'a>(
        &'a self,
        event: &'a TypedEvent,
        facts: &'a dyn Facts,
    ) -> impl Iterator<Item = (Counter, bool)> + 'a {
        let counted = self.kind_of(event).map_or(&[][..], |kind| &kind.counted);
        let scene = Scene { policy: self, event, facts };
        counted.iter().filter_map(move |(number, of)| {
            let series = self.checked.series.get(*number as usize)?;
            let passes = |clause| scene.run(clause, |_, _| {}).unwrap_or(true);
            (*of || series.filter.iter().all(passes))
                .then(|| Some((self.counter(*number as usize)?, *of)))?
        })
    }
}
