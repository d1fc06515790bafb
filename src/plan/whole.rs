//! Whole timelines: all steps that are left, on days on which each of them has a slot.

use super::DAY_MS;
use super::closed::ClosedDays;
use super::cost;
use super::days::PromisedDays;
use super::delay::due;
use super::ledger::{Asker, Ledger};
use super::pace::Paced;
use super::place::jittered;
use super::window::{HORIZON_DAYS, Opening, opening, windows_at};
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
    /// What the timeline has of it already, and gives back when it gets something else.
    pub own: &'a PromisedDays,
    /// What its company has left, if there is a bound.
    pub paced: Option<Paced<'a>>,
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

/// Closed days that an opening lies in, and when they are over; always later than the opening.
pub(super) struct Closure {
    pub(super) by: ClosedBy,
    pub(super) first: i32,
    pub(super) last: i32,
    pub(super) until: Instant,
}

/// Which calendar closes a day.
pub(super) enum ClosedBy {
    /// That of the step's zone.
    Holiday,
    /// The sender's.
    Freeze,
}

/// A step at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// When it goes out.
    pub at: Instant,
    /// When it could go out, were it not for its jitter.
    pub opens: Instant,
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
        if ground.left(slot.day) > 0 {
            return Ok(slot);
        }
        let next = ground.next_day(step.timing, slot.day).filter(|day| *day <= last);
        from = ground.day_start_after(next.ok_or(Unplaced::Full { step: 0 })?, slot.at);
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
    scout.note(None);
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
                scout.earliest = scout.earliest.or(slots.first().map(|slot| slot.opens));
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
        from = ground.day_start_after(next, from);
    }
}

/// What is known of the days on which timelines of one kind cannot begin: the same steps in the
/// same zones under the same ledger. It saves work and changes no result, as long as it is told
/// what becomes free.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scout {
    /// From the first of these days on, and before the second, none can begin.
    known: Option<(i32, i32)>,
    earliest: Option<Instant>,
}

impl Scout {
    /// Forgets what a slot makes wrong that became free on a day: to timelines that begin after it,
    /// it is nothing.
    pub fn freed(&mut self, day: i32) {
        let known = self.known.map(|(first, last)| (first.max(day.saturating_add(1)), last));
        self.known = known.filter(|(first, last)| first < last);
    }

    /// When the first step could go out by the last search, were it not for any jitter: with it, no
    /// timeline begins earlier.
    #[must_use]
    pub const fn earliest(&self) -> Option<Instant> {
        self.earliest
    }

    /// Has a search that knows of no scout tell what it found.
    pub const fn note(&mut self, earliest: Option<Instant>) {
        self.earliest = earliest;
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
    /// Each step at its natural place after the one before, whatever is full.
    pub(super) fn naturals(&self, steps: &[Stop<'_>], due: Instant) -> Option<Vec<Slot>> {
        let (free, mut slots) = (Ledger::new(None), Vec::with_capacity(steps.len()));
        let ground = Ground { ledger: &free, own: &PromisedDays::NONE, paced: None, ..*self };
        ground.chain(steps, due, &mut slots).ok().filter(Option::is_none)?;
        Some(slots)
    }

    /// The number of the sender's day at an instant.
    #[must_use]
    pub fn day(&self, at: Instant) -> i32 {
        i32::try_from(self.day_zone.wall(at).div_euclid(DAY_MS)).unwrap_or(i32::MAX)
    }

    /// The first instant of a day of the sender.
    #[must_use]
    pub fn day_start(&self, day: i32) -> Instant {
        Instant::from_ms(self.day_zone.day_start_ms(i64::from(day)))
    }

    /// The open window that an instant lies in, on a day that nothing closes: its beginning, and
    /// the instant at which it shuts.
    #[must_use]
    pub fn window_at(&self, timing: &StepTiming, at: Instant) -> Option<(Instant, Instant)> {
        if self.frozen.contains(self.day(at)) {
            return None;
        }
        let is_open = |day: i64| i32::try_from(day).is_ok_and(|day| !self.holidays.contains(day));
        let mut windows = windows_at(timing, self.zone, at);
        windows.find(|(day, ..)| is_open(*day)).map(|(_, start, end)| (start, end))
    }

    /// The first instant of a later day. Where a change of the clocks brought the day before back,
    /// it is the one at which that ends for good.
    fn day_start_after(&self, day: i32, at: Instant) -> Instant {
        let start = self.day_start(day);
        if start > at { start } else { self.day_zone.date_ends(at) }
    }

    /// Where a step goes that is due at an instant, if every open day has a slot; none if nothing
    /// opens within the horizon.
    #[must_use]
    pub fn natural(&self, step: Stop<'_>, due: Instant) -> Option<Slot> {
        let limit = due.as_ms().saturating_add(HORIZON_DAYS * DAY_MS);
        let mut from = due;
        loop {
            let opening = opening(step.timing, self.zone, from).filter(|it| it.at <= limit)?;
            match self.closure(opening) {
                Some(closed) => from = closed.until,
                None => return Some(self.jittered(step, opening, self.day(opening.instant()))),
            }
        }
    }

    /// What closes the day of an opening, if something does.
    pub(super) fn closure(&self, opening: Opening) -> Option<Closure> {
        // The window belongs to the day on which it begins.
        let date = i32::try_from(opening.day).unwrap_or(i32::MAX);
        if let Some((first, last)) = self.holidays.stretch_of(date) {
            let until = self.zone_day_after(last, opening);
            return Some(Closure { by: ClosedBy::Holiday, first, last, until });
        }
        let (first, last) = self.frozen.stretch_of(self.day(opening.instant()))?;
        let until = self.day_start(last.saturating_add(1)).max(opening.instant().plus_ms(1));
        Some(Closure { by: ClosedBy::Freeze, first, last, until })
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
        let opens = opening.instant();
        let at = jittered(step.timing, opening, step.seed);
        if at == opens || self.day(at) == day {
            return Slot { at, opens, day };
        }
        let end = self.day_zone.date_ends(opening.instant()).as_ms().min(opening.end);
        let at = jittered(step.timing, Opening { end, ..opening }, step.seed);
        Slot { at, opens, day: self.day(at) }
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
            cost::count(1);
            if let Some(before) = slots.last() {
                next = due(step.timing.delay, before.at, self.zone);
            }
            let slot = self.natural(*step, next);
            let slot = slot.ok_or(Unplaced::NothingOpens { step: number })?;
            // Two of its own steps on one day take two slots.
            own = if slots.last().is_some_and(|it| it.day == slot.day) { own + 1 } else { 1 };
            slots.push(slot);
            if self.left(slot.day) < own || self.too_many(slots) {
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
        self.next_free(next, self.reached(own))
    }

    /// The first day after one on which a step may find a slot.
    fn next_day(&self, timing: &StepTiming, day: i32) -> Option<i32> {
        self.next_free(day.checked_add(1)?, self.reached(timing))
    }

    /// Slots that are left on a day.
    #[must_use]
    pub fn left(&self, day: i32) -> u32 {
        let left = self.ledger.left_besides(day, self.asker, self.own);
        self.paced.map_or(left, |paced| left.min(paced.left(day, self.own)))
    }

    /// Whether the last of some steps is one more than its company may get in its period.
    fn too_many(&self, slots: &[Slot]) -> bool {
        let (Some(paced), Some(last)) = (self.paced, slots.last()) else {
            return false;
        };
        let (first, _) = paced.period(last.day);
        let same = slots.iter().filter(|slot| slot.day >= first).count();
        same > paced.left(last.day, self.own) as usize
    }

    fn next_free(&self, from: i32, wanted: Weekdays) -> Option<i32> {
        let mut from = from;
        loop {
            let day = self.ledger.next_free_besides(from, wanted, self.asker, self.own)?;
            match self.paced.filter(|paced| paced.left(day, self.own) == 0) {
                // A bound of nothing never lets anything through.
                Some(paced) if paced.pace.sends == 0 => return None,
                Some(paced) => from = paced.period(day).1.checked_add(1)?,
                None => return Some(day),
            }
        }
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
