//! Whole timelines: all steps that are left, on days on which each of them has a slot.

use super::DAY_MS;
use super::closed::ClosedDays;
use super::delay::due;
use super::ledger::{Asker, Ledger};
use super::place::jittered;
use super::window::{HORIZON_DAYS, Opening, opening};
use super::zone::Zone;
use crate::model::{Hours, Instant, StepTiming, Weekdays};

/// A step that is to be placed.
#[derive(Clone, Copy, Debug)]
pub struct Stop<'a> {
    /// When it may go out.
    pub timing: &'a StepTiming,
    /// The seed of its jitter.
    pub seed: u64,
}

/// Where timelines are placed: the calendars of both sides, and what the sender has left.
#[derive(Clone, Copy, Debug)]
pub struct Ground<'a> {
    /// The zone of the steps.
    pub zone: Zone,
    /// Days of that zone on which nothing is sent.
    pub holidays: &'a ClosedDays,
    /// The zone of the sender's days.
    pub day_zone: Zone,
    /// Days of the sender's zone on which it does not send.
    pub frozen: &'a ClosedDays,
    /// What the sender has left.
    pub ledger: &'a Ledger,
    /// Who asks.
    pub asker: Asker,
}

/// Why a timeline has no place within the horizon, and the step at which that was found, counted
/// from the first of those that were to be placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unplaced {
    /// Its days and hours never open.
    NothingOpens {
        /// The step.
        step: usize,
    },
    /// Every day that its windows reach is full.
    Full {
        /// The step.
        step: usize,
    },
}

/// A step at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// When it goes out.
    pub at: Instant,
    /// The day of the sender whose slot it takes.
    pub day: i32,
}

/// The first slot of one step at or after the instant at which it is due, on the first day that is
/// not full: rolling placement.
///
/// # Errors
/// [`Unplaced`] if there is none within the horizon.
pub fn place_next(ground: &Ground<'_>, step: Stop<'_>, due: Instant) -> Result<Slot, Unplaced> {
    let last = ground.day(due).saturating_add(HORIZON);
    let mut from = due;
    loop {
        let slot = ground.natural(step, from).ok_or(Unplaced::NothingOpens { step: 0 })?;
        if ground.ledger.left(slot.day, ground.asker) > 0 {
            return Ok(slot);
        }
        let next = ground.next_day(step.timing, slot.day).filter(|day| *day <= last);
        from = ground.day_start(next.ok_or(Unplaced::Full { step: 0 })?);
    }
}

/// All steps of a timeline: the first on the earliest day, at or after the instant at which it is
/// due, such that each of the others has a slot on its natural date after the one before, with and
/// without jitter. What is found is not taken yet.
///
/// # Errors
/// [`Unplaced`] if there is no such day within the horizon.
pub fn place_whole(
    ground: &Ground<'_>,
    steps: &[Stop<'_>],
    due: Instant,
    scout: &mut Scout,
) -> Result<Vec<Slot>, Unplaced> {
    let last = ground.day(due).saturating_add(HORIZON);
    let mut slots = Vec::with_capacity(steps.len());
    let plain: Vec<Stop<'_>> = steps.iter().map(|it| Stop { seed: 0, ..*it }).collect();
    // The day on which it is due has begun: what is known of whole days says nothing of it.
    let (mut from, mut whole_days) = (due, None);
    loop {
        let mut blocked = ground.chain(&plain, from, &mut slots)?;
        let next = match blocked {
            None => {
                // Without jitter it fits: only now the days before are known to be of no use.
                let day = slots.first().map_or(last, |slot| slot.day);
                if let Some(first) = whole_days {
                    scout.learn(first, day);
                }
                if steps.iter().any(|it| it.timing.jitter_ms > 0) {
                    blocked = ground.chain(steps, from, &mut slots)?;
                }
                if blocked.is_none() {
                    return Ok(slots);
                }
                whole_days = None;
                slots.first().and_then(|slot| slot.day.checked_add(1))
            }
            Some(full) => ground.next_start(&plain, &slots, full),
        };
        let full = Unplaced::Full { step: blocked.unwrap_or(0) };
        let next = scout.skip(next.ok_or(full)?);
        if next > last {
            return Err(full);
        }
        whole_days = whole_days.or(Some(next));
        from = ground.day_start(next);
    }
}

/// What is known of the days on which timelines of one kind cannot begin: the same steps in the
/// same zones under the same ledger. It saves work and changes no result, as long as it is told
/// what becomes free.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scout {
    /// From the first of these days on, and before the second, none can begin.
    known: Option<(i32, i32)>,
}

impl Scout {
    /// Forgets what a slot makes wrong that became free on a day, for timelines that span at most
    /// so many days.
    pub fn freed(&mut self, day: i32, span: i32) {
        let begins = day.saturating_sub(span);
        self.known = self.known.and_then(|(first, last)| {
            if day < first || begins >= last {
                Some((first, last))
            } else {
                (begins > first).then_some((first, begins))
            }
        });
    }

    fn skip(&self, day: i32) -> i32 {
        self.known.filter(|(first, last)| (*first..*last).contains(&day)).map_or(day, |it| it.1)
    }

    fn learn(&mut self, first: i32, last: i32) {
        self.known = match self.known {
            Some((begin, end)) if first <= end && begin <= last => {
                Some((begin.min(first), end.max(last)))
            }
            _ => Some((first, last)),
        };
    }
}

const HORIZON: i32 = HORIZON_DAYS as i32;

/// The most days by which the wait for a window can be longer than it was on another day: a week,
/// one more where the clocks skip a window, and a weekend that business days pass over.
const WAIT_DAYS: i32 = 16;

impl Ground<'_> {
    /// The number of the sender's day at an instant.
    fn day(&self, at: Instant) -> i32 {
        i32::try_from(self.day_zone.wall(at).div_euclid(DAY_MS)).unwrap_or(i32::MAX)
    }

    /// The first instant of a day of the sender.
    fn day_start(&self, day: i32) -> Instant {
        Instant::from_ms(self.day_zone.day_start_ms(i64::from(day)))
    }

    /// Where a step goes that is due at an instant, if every open day has a slot.
    fn natural(&self, step: Stop<'_>, due: Instant) -> Option<Slot> {
        let limit = due.as_ms().saturating_add(HORIZON_DAYS * DAY_MS);
        let mut from = due;
        loop {
            let opening = opening(step.timing, self.zone, from).filter(|it| it.at <= limit)?;
            let date = i32::try_from(opening.day).ok()?;
            if let Some((_, last)) = self.holidays.stretch_of(date) {
                // The window belongs to the day on which it begins.
                from = self.zone_day_after(last, opening);
                continue;
            }
            let day = self.day(opening.instant());
            if let Some((_, last)) = self.frozen.stretch_of(day) {
                from = self.day_start(last.checked_add(1)?).max(opening.instant().plus_ms(1));
                continue;
            }
            return Some(self.jittered(step, opening, day));
        }
    }

    /// When the closed days of the steps' zone that end with this one are over; always later than
    /// the opening.
    fn zone_day_after(&self, last: i32, opening: Opening) -> Instant {
        let next = Instant::from_ms(self.zone.day_start_ms(i64::from(last) + 1));
        // A window over midnight goes on after the day it belongs to.
        let passed = if next > opening.instant() { next } else { Instant::from_ms(opening.end) };
        passed.max(opening.instant().plus_ms(1))
    }

    /// The opening moved on by the jitter, but not out of the sender's day.
    fn jittered(&self, step: Stop<'_>, opening: Opening, day: i32) -> Slot {
        let at = jittered(step.timing, opening, step.seed);
        if at == opening.instant() || self.day(at) == day {
            return Slot { at, day };
        }
        let end = self.day_zone.date_ends(opening.instant()).as_ms().min(opening.end);
        let at = jittered(step.timing, Opening { end, ..opening }, step.seed);
        Slot { at, day: self.day(at) }
    }

    /// Each step at its natural place after the one before, up to the first whose day is full; that
    /// one's number, if there is one.
    fn chain(
        &self,
        steps: &[Stop<'_>],
        from: Instant,
        slots: &mut Vec<Slot>,
    ) -> Result<Option<usize>, Unplaced> {
        slots.clear();
        let (mut next, mut own) = (from, 0);
        for (number, step) in steps.iter().enumerate() {
            if let Some(before) = slots.last() {
                next = due(step.timing.delay, before.at, self.zone);
            }
            let slot = self.natural(*step, next);
            let slot = slot.ok_or(Unplaced::NothingOpens { step: number })?;
            // Two of its own steps on one day take two slots.
            own = if slots.last().is_some_and(|it| it.day == slot.day) { own + 1 } else { 1 };
            slots.push(slot);
            if self.ledger.left(slot.day, self.asker) < own {
                return Ok(Some(number));
            }
        }
        Ok(None)
    }

    /// The earliest day on which the first step may be tried next, when the last of these slots is
    /// on a full day.
    fn next_start(&self, steps: &[Stop<'_>], slots: &[Slot], full: usize) -> Option<i32> {
        let (first, last) = (slots.first()?, slots.last()?);
        let timing = steps.get(full)?.timing;
        if full == 0 {
            return self.next_day(timing, first.day);
        }
        let free = self.next_day(timing, last.day)?;
        // Moving the first by some days moves this one by no more than those and what waits for
        // windows may add; before that it stays among the full days.
        let behind = i32::try_from(full).unwrap_or(i32::MAX);
        let waits = WAIT_DAYS.saturating_mul(behind);
        let closed = |days: &ClosedDays| days.count(first.day, free.saturating_add(waits));
        let closed = closed(self.holidays).saturating_add(closed(self.frozen));
        let closed =
            i32::try_from(closed).unwrap_or(i32::MAX).saturating_mul(7).saturating_mul(behind);
        let moved = free.saturating_sub(last.day).saturating_sub(waits).saturating_sub(closed);
        let next = first.day.saturating_add(moved.max(1));
        // On a full day it need not be tried at all.
        let own = steps.first()?.timing;
        self.ledger.next_free(next, self.reached(own), self.asker)
    }

    /// The first day after one on which a step may find a slot.
    fn next_day(&self, timing: &StepTiming, day: i32) -> Option<i32> {
        self.ledger.next_free(day.checked_add(1)?, self.reached(timing), self.asker)
    }

    /// The days of the sender's week that the windows of a step may reach.
    fn reached(&self, timing: &StepTiming) -> Weekdays {
        if timing.weekdays == Weekdays::ALL {
            return Weekdays::ALL;
        }
        let overnight = timing.hours.from_minute() > timing.hours.to_minute();
        if self.zone == self.day_zone && !overnight && timing.hours != Hours::ALL {
            return timing.weekdays;
        }
        // Over midnight it ends a day later, and elsewhere that may be one day more.
        let around = timing.weekdays.iter().flat_map(|day| {
            let next = day.succ();
            [day.pred(), day, next, if overnight { next.succ() } else { next }]
        });
        Weekdays::new(around).unwrap_or(Weekdays::ALL)
    }
}
