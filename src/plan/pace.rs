//! How many sends go to the people of one company: a bound for each day or week.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::days::PromisedDays;
use crate::model::{Pace, Period};

/// What was promised and spent of the days of one company; day 0 is 1970-01-01.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompanySends(BTreeMap<i32, (u32, u32)>);

impl CompanySends {
    /// Promises a send on a day.
    pub fn reserve(&mut self, day: i32) {
        let sends = self.0.entry(day).or_default();
        sends.0 = sends.0.saturating_add(1);
    }

    /// Takes a promise back.
    pub fn give_back(&mut self, day: i32) {
        if let Some(sends) = self.0.get_mut(&day) {
            sends.0 = sends.0.saturating_sub(1);
            if *sends == (0, 0) {
                self.0.remove(&day);
            }
        }
    }

    /// Counts what went out on a day.
    pub fn spend(&mut self, day: i32) {
        let sends = self.0.entry(day).or_default();
        sends.1 = sends.1.saturating_add(1);
    }

    /// Forgets the days before one.
    pub fn forget_before(&mut self, day: i32) {
        self.0 = self.0.split_off(&day);
    }

    /// The days of which something is promised or spent, in order, with how much.
    pub fn iter(&self) -> impl Iterator<Item = (i32, u32, u32)> {
        self.0.iter().map(|(day, (promised, spent))| (*day, *promised, *spent))
    }
}

/// The bound, and what counts against it.
#[derive(Clone, Copy, Debug)]
pub struct Paced<'a> {
    /// The most sends of a period.
    pub pace: Pace,
    /// Those of the company.
    pub sends: &'a CompanySends,
}

impl Paced<'_> {
    /// The first and the last day of the period that a day lies in.
    pub(super) fn period(&self, day: i32) -> (i32, i32) {
        match self.pace.per {
            Period::Day => (day, day),
            Period::Week => {
                // Day 0 was a Thursday.
                let monday = day.saturating_sub((day.wrapping_add(3)).rem_euclid(7));
                (monday, monday.saturating_add(6))
            }
        }
    }

    /// How many more may go out in the period of a day, besides those promised to somebody who
    /// would give them back.
    pub(super) fn left(&self, day: i32, own: &PromisedDays) -> u32 {
        let (first, last) = self.period(day);
        let days = self.sends.0.range(first..=last).map(|(_, sends)| sends);
        let taken =
            days.fold(0_u32, |sum, sends| sum.saturating_add(sends.0).saturating_add(sends.1));
        let own = own.iter().filter(|day| (first..=last).contains(day)).count();
        let taken = taken.saturating_sub(u32::try_from(own).unwrap_or(u32::MAX));
        self.pace.sends.saturating_sub(taken)
    }

    /// Whether as many have gone out in the period of a day as may.
    #[must_use]
    pub fn is_spent(&self, day: i32) -> bool {
        let (first, last) = self.period(day);
        let days = self.sends.0.range(first..=last).map(|(_, sends)| sends.1);
        days.fold(0_u32, u32::saturating_add) >= self.pace.sends
    }
}
