//! Placement: from the instant a step is due to the one at which it is planned.

use chrono::NaiveDate;

use super::window::{HORIZON_DAYS, Opening, opening};
use super::zone::Zone;
use crate::model::{Instant, StepTiming};

/// The first open instant at or after `natural`, moved on by the jitter within its window; none
/// if nothing opens within [`HORIZON_DAYS`].
///
/// The jitter is the seed modulo the smaller of the step's jitter and the rest of the window.
#[must_use]
pub fn place(
    timing: &StepTiming,
    zone: Zone,
    natural: Instant,
    jitter_seed: u64,
) -> Option<Instant> {
    opening(timing, zone, natural).map(|opening| jittered(timing, opening, jitter_seed))
}

/// As [`place`], on the first day that is not full. Days are those of `day_zone`, the sender's;
/// `full` may be asked about the same day more than once.
///
/// A day is given up whole: the search goes on where the next one begins. A jitter that would
/// cross into a full day ends with its own day.
#[must_use]
pub fn place_where(
    timing: &StepTiming,
    zone: Zone,
    natural: Instant,
    jitter_seed: u64,
    day_zone: Zone,
    mut full: impl FnMut(NaiveDate) -> bool,
) -> Option<Instant> {
    let mut opening = opening(timing, zone, natural)?;
    let mut bound = days_within_horizon();
    while full(day_zone.date_of(opening.instant())) {
        bound = bound.checked_sub(1)?;
        opening = on_another_day(timing, zone, opening, day_zone)?;
    }
    Some(jittered_where(timing, opening, jitter_seed, day_zone, full))
}

/// How many full days are passed over before the search ends.
pub(super) fn days_within_horizon() -> u32 {
    u32::try_from(HORIZON_DAYS).unwrap_or(u32::MAX)
}

/// The first opening after the day of this one, in `day_zone`.
pub(super) fn on_another_day(
    timing: &StepTiming,
    zone: Zone,
    from: Opening,
    day_zone: Zone,
) -> Option<Opening> {
    opening(timing, zone, day_zone.date_ends(from.instant()))
}

/// The opening moved on by the jitter, but not into a day that is full.
pub(super) fn jittered_where(
    timing: &StepTiming,
    opening: Opening,
    seed: u64,
    day_zone: Zone,
    mut full: impl FnMut(NaiveDate) -> bool,
) -> Instant {
    let at = jittered(timing, opening, seed);
    if timing.jitter_ms == 0 {
        return at;
    }
    let (own, moved) = (day_zone.date_of(opening.instant()), day_zone.date_of(at));
    if own == moved || !full(moved) {
        return at;
    }
    let end = day_zone.date_ends(opening.instant()).as_ms();
    let end = end.min(opening.end);
    jittered(timing, Opening { end, ..opening }, seed)
}

pub(super) fn jittered(timing: &StepTiming, opening: Opening, seed: u64) -> Instant {
    let rest = u64::try_from(opening.end - opening.at).unwrap_or(0);
    let most = rest.min(u64::from(timing.jitter_ms));
    let jitter = seed.checked_rem(most).unwrap_or(0);
    opening.instant().plus_ms(i64::try_from(jitter).unwrap_or(0))
}
