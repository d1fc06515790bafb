//! Days on which nothing is sent, whatever the windows say: holidays, blackouts, freezes.

use serde::{Deserialize, Serialize};

/// A set of closed days, by their numbers (day 0 is 1970-01-01).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosedDays {
    /// First and last days of the stretches, in order; between two of them a day is open.
    stretches: Vec<(i32, i32)>,
}

impl ClosedDays {
    /// The set of all days of these stretches, each from its first to its last day, both included.
    /// What ends before it begins is empty.
    #[must_use]
    pub fn new(stretches: impl IntoIterator<Item = (i32, i32)>) -> Self {
        let mut all: Vec<(i32, i32)> =
            stretches.into_iter().filter(|(first, last)| first <= last).collect();
        all.sort_unstable();
        let mut merged: Vec<(i32, i32)> = Vec::with_capacity(all.len());
        for (first, last) in all {
            match merged.last_mut() {
                Some(before) if first <= before.1.saturating_add(1) => {
                    before.1 = before.1.max(last);
                }
                _ => merged.push((first, last)),
            }
        }
        Self { stretches: merged }
    }

    /// No day.
    #[must_use]
    pub const fn none() -> &'static Self {
        const { &Self { stretches: Vec::new() } }
    }

    /// The stretches, in order.
    pub fn iter(&self) -> impl Iterator<Item = (i32, i32)> {
        self.stretches.iter().copied()
    }

    /// Whether no day is closed.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.stretches.is_empty()
    }

    /// Whether a day is closed.
    #[must_use]
    pub fn contains(&self, day: i32) -> bool {
        self.stretch_of(day).is_some()
    }

    /// The stretch of closed days that a day lies in: its first and its last day.
    #[must_use]
    pub fn stretch_of(&self, day: i32) -> Option<(i32, i32)> {
        let after = self.stretches.partition_point(|(first, _)| *first <= day);
        let stretch = self.stretches.get(after.checked_sub(1)?)?;
        (day <= stretch.1).then_some(*stretch)
    }

    /// How many days are closed from the first to the last of these, both included.
    #[must_use]
    pub fn count(&self, first: i32, last: i32) -> u32 {
        let from = self.stretches.partition_point(|(_, end)| *end < first);
        let within = self.stretches.iter().skip(from).take_while(|(begin, _)| *begin <= last);
        let days = within.map(|(begin, end)| (*end).min(last).abs_diff((*begin).max(first)) + 1);
        days.fold(0, u32::saturating_add)
    }
}
