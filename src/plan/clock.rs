//! When the clocks of a zone change: what the time-zone database says, as numbers that are quick to
//! search. Asked directly, the database turns each instant into a calendar date first.

use std::sync::{LazyLock, OnceLock};

use chrono::{DateTime, Offset, TimeZone};
use chrono_tz::{TZ_VARIANTS, Tz};

use super::DAY_MS;
use crate::model::Instant;

/// The offsets of a zone, each with the instant from which it holds.
#[derive(Debug)]
pub(super) struct Clock {
    /// In order; the first holds from ever.
    spans: Vec<Span>,
}

#[derive(Clone, Copy, Debug)]
struct Span {
    from: i64,
    offset: i64,
}

/// Where a wall-clock reading falls in real time, in milliseconds since the epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mapped {
    /// It occurs once.
    Once(i64),
    /// The clock was set back over it: it occurs twice.
    Twice { first: i64, second: i64 },
    /// The clock was set forward over it: `moved` is the reading pushed on by the gap, `change`
    /// the instant at which the clock was set.
    Never { moved: i64, change: i64 },
}

/// One for each zone, made when it is first asked.
static CLOCKS: LazyLock<Box<[OnceLock<Clock>]>> =
    LazyLock::new(|| TZ_VARIANTS.iter().map(|_| OnceLock::new()).collect());

/// No zone is farther from UTC, nor ever was.
const FARTHEST_MS: i64 = 26 * 3_600_000;
/// The database has no change after this day, the first of the year 2101.
const LAST_DAY: i64 = 47_847;
/// Two changes of one zone are farther apart than this.
const STEP_MS: i64 = 12 * 3_600_000;

impl Clock {
    pub fn of(tz: Tz) -> &'static Self {
        // Every zone has a place; were one missing, it would be taken for UTC's.
        static UTC: Clock = Clock { spans: Vec::new() };
        CLOCKS.get(tz as usize).map_or(&UTC, |clock| clock.get_or_init(|| Self::read(tz)))
    }

    /// Reads all changes of a zone out of the database.
    fn read(tz: Tz) -> Self {
        let first = Instant::MIN.as_ms() - 4 * DAY_MS;
        let mut spans = vec![Span { from: i64::MIN, offset: offset_of(tz, first) }];
        let mut offset = offset_of(tz, first);
        let mut at = first;
        while at < LAST_DAY * DAY_MS {
            let next = at + STEP_MS;
            let changed = offset_of(tz, next);
            if changed != offset {
                let from = change_between(at, next, |at| offset_of(tz, at) == offset);
                spans.push(Span { from, offset: changed });
                offset = changed;
            }
            at = next;
        }
        Self { spans }
    }

    /// How far the clocks are ahead of UTC at an instant.
    pub fn offset(&self, at: i64) -> i64 {
        self.span(at).map_or(0, |(_, span)| span.offset)
    }

    fn span(&self, at: i64) -> Option<(usize, Span)> {
        let after = self.spans.partition_point(|span| span.from <= at);
        let number = after.checked_sub(1)?;
        Some((number, *self.spans.get(number)?))
    }

    /// Where a reading falls in real time.
    pub fn mapped(&self, wall: i64) -> Mapped {
        // Nearly all readings are days away from any change: they occur once.
        if let Some((number, here)) = self.span(wall) {
            let at = wall.saturating_sub(here.offset);
            let next = self.spans.get(number + 1).map_or(i64::MAX, |next| next.from);
            let begun = at.saturating_sub(2 * FARTHEST_MS) >= here.from;
            if begun && at < next.saturating_sub(2 * FARTHEST_MS) {
                return Mapped::Once(at);
            }
        }
        self.mapped_near_a_change(wall)
    }

    fn mapped_near_a_change(&self, wall: i64) -> Mapped {
        let Some((first, span)) = self.span(wall - FARTHEST_MS) else {
            return Mapped::Once(wall);
        };
        let mut found: Option<i64> = None;
        let mut gap = None;
        let mut here = span;
        for next in self.spans.iter().skip(first + 1) {
            let at = wall - here.offset;
            if at < next.from {
                if at >= here.from {
                    match found {
                        Some(before) => return Mapped::Twice { first: before, second: at },
                        None => found = Some(at),
                    }
                }
            } else if wall - next.offset < next.from {
                gap = Some(Mapped::Never { moved: at, change: next.from });
            }
            if next.from > wall + FARTHEST_MS {
                return found.map_or_else(|| gap.unwrap_or(Mapped::Once(wall)), Mapped::Once);
            }
            here = *next;
        }
        // The last offset holds for ever.
        let at = wall - here.offset;
        match (found, at >= here.from) {
            (Some(first), true) => Mapped::Twice { first, second: at },
            (Some(first), false) => Mapped::Once(first),
            (None, true) => Mapped::Once(at),
            (None, false) => gap.unwrap_or(Mapped::Once(at)),
        }
    }
}

fn offset_of(tz: Tz, at: i64) -> i64 {
    let utc = DateTime::from_timestamp_millis(at).unwrap_or_default().naive_utc();
    i64::from(tz.offset_from_utc_datetime(&utc).fix().local_minus_utc()) * 1000
}

/// The first instant after `start`, at most `end`, that is not as `start` is.
pub(super) fn change_between(start: i64, end: i64, same: impl Fn(i64) -> bool) -> i64 {
    let (mut same_at, mut other_at) = (start, end);
    while other_at - same_at > 1 {
        let middle = same_at + (other_at - same_at) / 2;
        if same(middle) {
            same_at = middle;
        } else {
            other_at = middle;
        }
    }
    other_at
}

#[cfg(test)]
mod tests {
    use chrono::MappedLocalTime;
    use chrono_tz::GapInfo;

    use super::*;

    /// What the database says itself of a reading.
    fn by_database(tz: Tz, wall: i64) -> Mapped {
        let local = DateTime::from_timestamp_millis(wall).unwrap().naive_utc();
        let at =
            |offset: chrono_tz::TzOffset| wall - i64::from(offset.fix().local_minus_utc()) * 1000;
        match tz.offset_from_local_datetime(&local) {
            MappedLocalTime::Single(offset) => Mapped::Once(at(offset)),
            MappedLocalTime::Ambiguous(a, b) => {
                let (a, b) = (at(a), at(b));
                Mapped::Twice { first: a.min(b), second: a.max(b) }
            }
            MappedLocalTime::None => {
                let (begin, before) = GapInfo::new(&local, &tz).unwrap().begin.unwrap();
                let moved = at(before);
                let change = moved - (wall - begin.and_utc().timestamp_millis());
                Mapped::Never { moved, change }
            }
        }
    }

    #[test]
    fn every_zone_says_what_the_database_says() {
        assert!(TZ_VARIANTS.iter().enumerate().all(|(at, tz)| *tz as usize == at));
        for (number, tz) in TZ_VARIANTS.iter().enumerate() {
            let clock = Clock::of(*tz);
            let mut near: Vec<i64> = Vec::new();
            for span in clock.spans.iter().skip(1) {
                for around in [-3_600_001, -1, 0, 1, 1_800_000, 3_600_000, 7_200_000] {
                    near.push(span.from + around);
                    near.push(span.from + span.offset + around);
                }
            }
            // And at other times, each zone at its own.
            let step = 211 * DAY_MS + 1_234_567;
            near.extend((0..230).map(|at| at * step + number as i64 * 7_654_321));
            for at in near {
                assert_eq!(clock.offset(at), offset_of(*tz, at), "{tz} at {at}");
                assert_eq!(clock.mapped(at), by_database(*tz, at), "{tz} reads {at}");
            }
        }
    }

    #[test]
    fn no_two_changes_are_nearer_than_the_step() {
        for tz in TZ_VARIANTS {
            let spans = &Clock::of(tz).spans;
            let changes = spans.get(1..).unwrap().windows(2);
            for pair in changes {
                assert!(pair[1].from - pair[0].from > 2 * STEP_MS, "{tz} {pair:?}");
            }
        }
    }
}
