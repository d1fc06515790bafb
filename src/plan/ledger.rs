//! What a sender has promised and spent, by calendar day: nothing is planned on a day without a
//! slot, and finding a day with one does not look at the full days before it one by one.

use std::collections::BTreeMap;

use chrono::Weekday;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::days::PromisedDays;
use super::window::HORIZON_DAYS;
use crate::model::Weekdays;

/// Days of one word of a map.
const WORD: i32 = 64;
/// The most days that are kept side by side: more than the horizon of a search and what is kept of
/// the past.
const NEAR: usize = 4096;

/// Who asks for a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Asker {
    /// The first placement of a timeline of which nothing went out: a share of each day is closed
    /// to it.
    Opening,
    /// Everything else: what goes on, is tried again, was released or is moved by a person.
    Conversation,
}

/// One day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Day {
    reserved: u32,
    spent: u32,
}

impl Day {
    const fn used(self) -> u32 {
        self.reserved.saturating_add(self.spent)
    }
}

/// The slots of one sender, by day (day 0 is 1970-01-01, in the sender's zone).
///
/// Beside the counts it keeps one bit a day and asker that says whether the day is full, so that a
/// search passes over 64 full days at a time. Days that a person puts far ahead are kept apart, so
/// that one date does not take memory for all days before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ledger {
    /// Slots of a day; none means no limit.
    limit: Option<u32>,
    /// Slots of a day that are kept for conversations.
    share: u32,
    /// The number of the first day that is kept, a multiple of 64.
    first: i32,
    days: Vec<Day>,
    full: Vec<u64>,
    full_to_openings: Vec<u64>,
    /// The days with something taken that are not near the others.
    far: BTreeMap<i32, Day>,
}

/// The limit, the first day that is kept, and what was spent of which days. What is promised
/// follows from the timelines: [`Ledger::restore`] gives it back.
impl Serialize for Ledger {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let spent = self.iter().filter(|(_, _, spent)| *spent > 0);
        let spent: Vec<(i32, u32)> = spent.map(|(day, _, spent)| (day, spent)).collect();
        (self.limit, self.first, spent).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Ledger {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (limit, first, spent) =
            <(Option<u32>, i32, Vec<(i32, u32)>)>::deserialize(deserializer)?;
        let mut ledger = Self { first, ..Self::new(limit) };
        if first != i32::MIN {
            // So that it goes on to begin there.
            ledger.grow(1);
        }
        for (day, spent) in spent {
            ledger.change(day, |slot| slot.spent = spent);
        }
        Ok(ledger)
    }
}

impl Default for Ledger {
    fn default() -> Self {
        Self::new(None)
    }
}

/// The percentage of a day's slots that is kept for conversations.
const SHARE_PERCENT: u32 = 20;

impl Ledger {
    /// A ledger in which nothing is taken, with so many slots a day; none means no limit.
    #[must_use]
    pub const fn new(limit: Option<u32>) -> Self {
        Self {
            limit,
            share: share_of(limit),
            first: i32::MIN,
            days: Vec::new(),
            full: Vec::new(),
            full_to_openings: Vec::new(),
            far: BTreeMap::new(),
        }
    }

    /// Slots of a day; none means no limit.
    #[must_use]
    pub const fn limit(&self) -> Option<u32> {
        self.limit
    }

    /// The first day that is remembered: what was promised of those before it is forgotten.
    #[must_use]
    pub const fn first_day(&self) -> i32 {
        self.first
    }

    /// Changes the slots of a day. What is taken stays taken, also beyond the new limit.
    pub fn set_limit(&mut self, limit: Option<u32>) {
        self.limit = limit;
        self.share = share_of(limit);
        for index in 0..self.days.len() {
            self.mark(index);
        }
    }

    /// Slots that are promised and spent on a day.
    #[must_use]
    pub fn taken(&self, day: i32) -> (u32, u32) {
        let near = self.index(day).and_then(|at| self.days.get(at));
        let day = near.or_else(|| self.far.get(&day)).copied().unwrap_or_default();
        (day.reserved, day.spent)
    }

    /// Slots that are left on a day.
    #[must_use]
    pub fn left(&self, day: i32, asker: Asker) -> u32 {
        self.left_besides(day, asker, &PromisedDays::NONE)
    }

    /// Slots that are left on a day besides those promised to somebody who would give them back.
    #[must_use]
    pub fn left_besides(&self, day: i32, asker: Asker, own: &PromisedDays) -> u32 {
        let (reserved, spent) = self.taken(day);
        let reserved =
            if own.is_empty() { reserved } else { reserved.saturating_sub(own.count(day)) };
        self.left_of(Day { reserved, spent }, asker)
    }

    fn left_of(&self, day: Day, asker: Asker) -> u32 {
        let Some(limit) = self.limit else {
            return u32::MAX;
        };
        let left = limit.saturating_sub(day.used());
        match asker {
            Asker::Opening => left.saturating_sub(self.share),
            Asker::Conversation => left,
        }
    }

    /// Promises a slot of a day, whether or not one is left.
    pub fn reserve(&mut self, day: i32) {
        self.change(day, |day| day.reserved = day.reserved.saturating_add(1));
    }

    /// Takes up again what was promised to a timeline before the ledger was kept somewhere. Days
    /// that were forgotten stay so.
    pub fn restore(&mut self, days: &PromisedDays) {
        let first = self.first;
        days.iter().filter(|day| *day >= first).for_each(|day| self.reserve(day));
    }

    /// Gives a promised slot back. Of a day that was forgotten there is nothing to give back.
    pub fn give_back(&mut self, day: i32) {
        if self.taken(day).0 > 0 {
            self.change(day, |day| day.reserved = day.reserved.saturating_sub(1));
        }
    }

    /// The days of which something is promised or spent, in order, with how much.
    pub fn iter(&self) -> impl Iterator<Item = (i32, u32, u32)> {
        self.used().map(|(day, of)| (day, of.reserved, of.spent))
    }

    fn used(&self) -> impl Iterator<Item = (i32, Day)> {
        let near =
            self.days.iter().zip(0_i32..).map(|(day, at)| (self.first.saturating_add(at), *day));
        let far = self.far.iter().map(|(day, of)| (*day, *of));
        near.filter(|(_, day)| day.used() > 0).chain(far)
    }

    /// Spends a slot of a day: what goes out is not given back.
    pub fn spend(&mut self, day: i32) {
        self.change(day, |day| day.spent = day.spent.saturating_add(1));
    }

    /// As [`Ledger::next_free`], if somebody who asks gave back what it has.
    #[must_use]
    pub fn next_free_besides(
        &self,
        from: i32,
        wanted: Weekdays,
        asker: Asker,
        own: &PromisedDays,
    ) -> Option<i32> {
        let free = self.next_free(from, wanted, asker);
        let is_wanted = |day: &i32| {
            *day >= from && wanted.contains(weekday(*day)) && free.is_none_or(|free| *day < free)
        };
        let mut given_back = own.iter().filter(is_wanted);
        let last = from.saturating_add(i32::try_from(HORIZON_DAYS).unwrap_or(i32::MAX));
        given_back.find(|day| *day <= last && self.left_besides(*day, asker, own) > 0).or(free)
    }

    /// The first day on or after `from` with a slot left, among the days of the week that are
    /// wanted; none within the horizon after `from`.
    #[must_use]
    pub fn next_free(&self, from: i32, wanted: Weekdays, asker: Asker) -> Option<i32> {
        if self.left_of(Day::default(), asker) == 0 {
            return None;
        }
        let last = from.saturating_add(i32::try_from(HORIZON_DAYS).unwrap_or(i32::MAX));
        let mut from = from;
        loop {
            let day = self.next_not_full(from, wanted, asker);
            if day > last || self.left(day, asker) > 0 {
                return (day <= last).then_some(day);
            }
            // Far days have no bit.
            from = day.checked_add(1)?;
        }
    }

    /// The first wanted day on or after `from` whose bit is not set.
    fn next_not_full(&self, from: i32, wanted: Weekdays, asker: Asker) -> i32 {
        let map = match asker {
            Asker::Opening => &self.full_to_openings,
            Asker::Conversation => &self.full,
        };
        let mut base = from.div_euclid(WORD) * WORD;
        let mut from_bit = from.rem_euclid(WORD);
        let bits = wanted.iter().map(|day| 1 << day.num_days_from_monday());
        let week = bits.fold(0, |week, bit: u64| week | bit);
        loop {
            let word = usize::try_from(i64::from(base) - i64::from(self.first)).ok();
            let word = word.and_then(|at| map.get(at / WORD as usize)).copied().unwrap_or(0);
            let free = !word & pattern(week, base) & (u64::MAX << from_bit);
            if free != 0 {
                return base.saturating_add(free.trailing_zeros().cast_signed());
            }
            let Some(next) = base.checked_add(WORD) else {
                return i32::MAX;
            };
            (base, from_bit) = (next, 0);
        }
    }

    /// Forgets the days before one, as far as whole words go.
    pub fn forget_before(&mut self, day: i32) {
        let words = (i64::from(day) - i64::from(self.first)).div_euclid(i64::from(WORD));
        let words = usize::try_from(words).unwrap_or(0).min(self.full.len());
        if words > 0 {
            self.days.drain(..words * WORD as usize);
            self.full.drain(..words);
            self.full_to_openings.drain(..words);
            self.first += i32::try_from(words).unwrap_or(0) * WORD;
            for (day, of) in std::mem::take(&mut self.far).split_off(&self.first) {
                self.change(day, |slot| *slot = of);
            }
        }
    }

    fn index(&self, day: i32) -> Option<usize> {
        usize::try_from(i64::from(day) - i64::from(self.first)).ok()
    }

    fn change(&mut self, day: i32, change: impl FnOnce(&mut Day)) {
        if self.days.is_empty() || day < self.first {
            self.begin_with(day);
        }
        let Some(index) = self.index(day).filter(|index| *index < NEAR) else {
            let of = self.far.entry(day).or_default();
            change(of);
            if of.used() == 0 {
                self.far.remove(&day);
            }
            return;
        };
        if index >= self.days.len() {
            self.grow(index / WORD as usize + 1);
        }
        if let Some(day) = self.days.get_mut(index) {
            change(day);
        }
        self.mark(index);
    }

    fn grow(&mut self, words: usize) {
        self.days.resize(words * WORD as usize, Day::default());
        self.full.resize(words, 0);
        self.full_to_openings.resize(words, 0);
    }

    /// Has the days that are kept side by side begin with the word of this one.
    fn begin_with(&mut self, day: i32) {
        let used: Vec<(i32, Day)> = self.used().collect();
        *self = Self { first: day.div_euclid(WORD) * WORD, ..Self::new(self.limit) };
        self.grow(1);
        for (day, of) in used {
            self.change(day, |slot| *slot = of);
        }
    }

    /// Writes down whether a day is full.
    fn mark(&mut self, index: usize) {
        let Some(day) = self.days.get(index).copied() else {
            return;
        };
        let full = self.left_of(day, Asker::Conversation) == 0;
        let full_to_openings = self.left_of(day, Asker::Opening) == 0;
        let (word, bit) = (index / WORD as usize, 1 << (index % WORD as usize));
        for (map, is) in [(&mut self.full, full), (&mut self.full_to_openings, full_to_openings)] {
            if let Some(word) = map.get_mut(word) {
                *word = if is { *word | bit } else { *word & !bit };
            }
        }
    }
}

/// The slots of a day that are closed to openings.
const fn share_of(limit: Option<u32>) -> u32 {
    match limit {
        Some(limit) if limit > 1 => {
            let share = (limit as u64 * SHARE_PERCENT as u64 / 100) as u32;
            if share == 0 { 1 } else { share }
        }
        _ => 0,
    }
}

/// The day of the week of a numbered day.
fn weekday(day: i32) -> Weekday {
    // Day 0 was a Thursday.
    let number = u8::try_from((i64::from(day) + 3).rem_euclid(7)).unwrap_or(0);
    Weekday::try_from(number).unwrap_or(Weekday::Mon)
}

/// Days of the week as bits of 64 days in a row, of which the first has a number.
fn pattern(week: u64, first: i32) -> u64 {
    /// Every seventh bit.
    const WEEKS: u64 = 0x8102_0408_1020_4081;
    // Day 0 was a Thursday.
    let weekday = (i64::from(first) + 3).rem_euclid(7);
    ((week >> weekday | week << (7 - weekday)) & 0x7f).wrapping_mul(WEEKS)
}

#[cfg(test)]
mod tests {
    use super::{Asker, Ledger};
    use crate::model::Weekdays;

    /// Days that are full are passed over by their bits, a word of them at a time: looking at each
    /// would find the same.
    #[test]
    fn full_days_are_passed_over_unseen() {
        let mut ledger = Ledger::new(Some(5));
        let unseen = |ledger: &Ledger, asker| ledger.next_not_full(20_000, Weekdays::ALL, asker);
        for day in 20_000..20_300 {
            (0..4).for_each(|_| ledger.reserve(day));
        }
        // A fifth is kept for conversations.
        assert_eq!(unseen(&ledger, Asker::Opening), 20_300);
        assert_eq!(unseen(&ledger, Asker::Conversation), 20_000);
        for day in 20_000..20_300 {
            ledger.spend(day);
        }
        assert_eq!(unseen(&ledger, Asker::Conversation), 20_300);
        ledger.give_back(20_150);
        assert_eq!(unseen(&ledger, Asker::Conversation), 20_150);
        assert_eq!(unseen(&ledger, Asker::Opening), 20_300);
    }
}
