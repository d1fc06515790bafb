//! Windows: the stretches of real time in which a step may go out.
//!
//! A window belongs to the day on which it begins, and it is open when the clock reads a time
//! within its hours. Where clocks change:
//! - hours that begin in a gap begin moved forward by it; hours of which nothing is left do not
//!   open that day;
//! - of an hour that occurs twice the first counts: a window begins and ends at the first
//!   occurrence of its bounds, and between them it shuts while the clock repeats readings from
//!   before its beginning;
//! - the whole day is as long as the date: 23, 24 or 25 hours.

use super::DAY_MS;
use super::clock::{Mapped, change_between};
use super::zone::Zone;
use crate::model::{Hours, Instant, StepTiming};
use chrono::Weekday;

const MINUTE_MS: i64 = 60_000;

/// How far ahead an opening is looked for, in days: four years.
pub const HORIZON_DAYS: i64 = 1461;

/// A stretch of a window, from the asked instant on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Opening {
    /// The first open instant, in milliseconds.
    pub at: i64,
    /// When it shuts, in milliseconds.
    pub end: i64,
    /// The number of the day it belongs to.
    pub day: i64,
}

impl Opening {
    pub(super) fn instant(self) -> Instant {
        Instant::from_ms(self.at)
    }
}

/// Whether the step may go out at this instant, by its weekdays and hours.
#[must_use]
pub fn is_open(timing: &StepTiming, zone: Zone, at: Instant) -> bool {
    window_at(timing, zone, at).is_some()
}

/// The open window that contains the instant: its beginning, and the instant at which it shuts.
#[must_use]
pub fn window_at(timing: &StepTiming, zone: Zone, at: Instant) -> Option<(Instant, Instant)> {
    windows_at(timing, zone, at).next().map(|(_, start, end)| (start, end))
}

/// The open windows that contain the instant, each with the number of the day it belongs to.
pub(super) fn windows_at(
    timing: &StepTiming,
    zone: Zone,
    at: Instant,
) -> impl Iterator<Item = (i64, Instant, Instant)> {
    let today = zone.wall(at).div_euclid(DAY_MS);
    let first = today - i64::from(overnight(timing.hours));
    (first..=today)
        .filter(|day| sends_on(timing, *day))
        .flat_map(move |day| stretches(timing.hours, zone, day).map(|stretch| (day, stretch)))
        .filter_map(|(day, stretch)| stretch.map(|(start, end)| (day, start, end)))
        .filter(move |(_, start, end)| (*start..*end).contains(&at.as_ms()))
        .map(|(day, start, end)| (day, Instant::from_ms(start), Instant::from_ms(end)))
}

/// The first instant at or after `at` in an open window; none within [`HORIZON_DAYS`].
#[must_use]
pub fn next_open(timing: &StepTiming, zone: Zone, at: Instant) -> Option<Instant> {
    opening(timing, zone, at).map(Opening::instant)
}

/// As [`next_open`], with the end of the window it lies in.
pub(super) fn opening(timing: &StepTiming, zone: Zone, at: Instant) -> Option<Opening> {
    let whole = timing.hours == Hours::ALL;
    let now = at.as_ms();
    let today = zone.wall(at).div_euclid(DAY_MS);
    // Where clocks go back over midnight, yesterday's date returns after today's has begun.
    let first = today - i64::from(whole || overnight(timing.hours));
    let mut best: Option<Opening> = None;
    for day in first..=today + HORIZON_DAYS {
        if best.is_some_and(|best| !whole || best.at == now || day > best.day + 1) {
            break;
        }
        if !sends_on(timing, day) {
            continue;
        }
        let next =
            stretches(timing.hours, zone, day).into_iter().flatten().find(|(_, end)| *end > now);
        if let Some((start, end)) = next {
            let at = start.max(now);
            if best.is_none_or(|best| at < best.at) {
                best = Some(Opening { at, end, day });
            }
        }
    }
    best.filter(|best| best.at - now <= HORIZON_DAYS * DAY_MS)
}

/// Whether the numbered day is among the step's weekdays.
pub(super) fn sends_on(timing: &StepTiming, day: i64) -> bool {
    // Day 0 was a Thursday.
    let weekday = u8::try_from((day + 3).rem_euclid(7)).ok();
    let weekday = weekday.and_then(|day| Weekday::try_from(day).ok());
    weekday.is_some_and(|weekday| timing.weekdays.contains(weekday))
}

/// Whether the hours have any real time on the numbered day.
pub(super) fn opens_on(timing: &StepTiming, zone: Zone, day: i64) -> bool {
    stretches(timing.hours, zone, day).iter().any(Option::is_some)
}

fn overnight(hours: Hours) -> bool {
    hours.from_minute() > hours.to_minute()
}

type Stretch = Option<(i64, i64)>;

/// The real time of the window that begins on the numbered day, in order: one stretch, two where
/// a change of the clocks cuts it, none where it was skipped.
fn stretches(hours: Hours, zone: Zone, day: i64) -> [Stretch; 2] {
    let whole = hours == Hours::ALL;
    let midnight = day * DAY_MS;
    let from = midnight + i64::from(hours.from_minute()) * MINUTE_MS;
    let to = midnight
        + i64::from(hours.to_minute()) * MINUTE_MS
        + if overnight(hours) { DAY_MS } else { 0 };
    let offset = |at: i64| zone.offset_ms(Instant::from_ms(at));

    let (start, offset_at_start) = match zone.mapped(from) {
        Mapped::Once(at) | Mapped::Twice { first: at, .. } => (at, from - at),
        Mapped::Never { change, .. } if whole => (change, offset(change)),
        Mapped::Never { moved, .. } => (moved, offset(moved)),
    };
    let (end, offset_at_end) = match zone.mapped(to) {
        Mapped::Twice { second, .. } if whole => (second, to - second),
        Mapped::Once(at) | Mapped::Twice { first: at, .. } => (at, to - at),
        Mapped::Never { change, .. } => (change, offset(change - 1)),
    };
    // Only what the clock reads as within the hours, while it has one offset.
    let within = |start: i64, end: i64, offset: i64| -> Stretch {
        let start = start.max(from - offset).max(Instant::MIN.as_ms());
        let end = end.min(to - offset).min(Instant::MAX.as_ms());
        (start < end).then_some((start, end))
    };
    if offset_at_start == offset_at_end || start >= end {
        return [within(start, end, offset_at_start), None];
    }
    let change = change_between(start, end, |at| offset(at) == offset_at_start);
    let before = within(start, change, offset_at_start);
    let after = within(change, end, offset_at_end);
    match (before, after) {
        (Some((start, middle)), Some((again, end))) if middle == again => {
            [Some((start, end)), None]
        }
        cut => cut.into(),
    }
}
