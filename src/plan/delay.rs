//! When a step is due: its delay after the previous delivery, before any window is looked for.

use super::DAY_MS;
use super::zone::Zone;
use crate::model::{Delay, Instant};

/// The instant a delay after `from`.
///
/// Elapsed time is exact. Days keep the wall-clock time of the zone; of business days only Monday
/// to Friday count, so that one after a Friday, Saturday or Sunday is the Monday. What lies
/// beyond the calendar is [`Instant::MAX`]. It is never earlier than `from`.
#[must_use]
pub fn due(delay: Delay, from: Instant, zone: Zone) -> Instant {
    match delay {
        Delay::ElapsedMs(ms) => from.plus_ms(i64::try_from(ms).unwrap_or(i64::MAX)),
        Delay::Days(days) => days_on(from, i64::from(days), zone),
        Delay::BusinessDays(0) => from,
        Delay::BusinessDays(days) => {
            // Day 0 was a Thursday.
            let today = (zone.wall(from).div_euclid(DAY_MS) + 3).rem_euclid(7);
            // A weekend counts from the Friday before it.
            let back = (today - 4).max(0);
            let (weeks, rest) = (i64::from(days) / 5, i64::from(days) % 5);
            let weekend = if today - back + rest > 4 { 2 } else { 0 };
            days_on(from, weeks * 7 + rest + weekend - back, zone)
        }
    }
}

fn days_on(from: Instant, days: i64, zone: Zone) -> Instant {
    let wall = zone.wall(from).saturating_add(days * DAY_MS);
    if wall > Instant::MAX.as_ms() + DAY_MS {
        return Instant::MAX;
    }
    // The second of two equal readings, zero days on, resolves to the first: before it began.
    zone.resolve_ms(wall).max(from)
}
