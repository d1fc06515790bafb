//! Time zones: from instants to wall clocks and back. With `clock`, the only file that names the tz
//! database.
//!
//! Inside the planner a wall-clock reading is a number: the milliseconds from 1970-01-01 00:00 to
//! it, as if the day it stands on had no zone. Beyond 2099 the database knows no rules of its own
//! and the last offset stays.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, Weekday};
use chrono_tz::{TZ_VARIANTS, Tz};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use strsim::osa_distance;

use super::DAY_MS;
use super::clock::{Clock, Mapped};
use crate::model::Instant;

/// An IANA time zone.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Zone(Tz);

/// A name that is not an IANA time zone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown time zone `{name}`")]
pub struct UnknownZone {
    /// The name as it was given.
    pub name: String,
}

impl Zone {
    /// Coordinated universal time.
    pub const UTC: Self = Self(Tz::UTC);

    /// The zone of this name, spelled as in the IANA database.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Tz::from_str(name).ok().map(Self)
    }

    /// The zone whose name is nearest to this one, for a "did you mean"; none if nothing is near.
    ///
    /// A bare city counts as its zone: `berlin` is near `Europe/Berlin`.
    #[must_use]
    pub fn nearest(name: &str) -> Option<&'static str> {
        const LONGEST: usize = 64;
        let wanted = name.trim().to_ascii_lowercase().replace(' ', "_");
        if wanted.is_empty() || wanted.len() > LONGEST {
            return None;
        }
        let allowed = (wanted.chars().count() / 4).clamp(1, 3);
        TZ_VARIANTS
            .iter()
            .filter_map(|tz| {
                let full = tz.name().to_ascii_lowercase();
                let city = full.rsplit('/').next().unwrap_or(&full);
                let by_name = osa_distance(&wanted, &full);
                // A full name is better evidence than a city that reads alike.
                let by_city = osa_distance(&wanted, city).saturating_mul(2).saturating_add(1);
                let near = by_name <= allowed || by_city <= allowed.saturating_mul(2);
                near.then(|| (by_name.min(by_city), tz.name()))
            })
            .min()
            .map(|(_, name)| name)
    }

    /// The zone's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// The version of the tz database that is built in, such as `2025b`.
    #[must_use]
    pub const fn tz_version() -> &'static str {
        chrono_tz::IANA_TZDB_VERSION
    }

    /// How far the zone's clocks are ahead of UTC at an instant, in milliseconds.
    #[must_use]
    pub fn offset_ms(self, at: Instant) -> i64 {
        Clock::of(self.0).offset(at.as_ms())
    }

    /// What the zone's clocks read at an instant.
    #[must_use]
    pub fn local(self, at: Instant) -> NaiveDateTime {
        naive(self.wall(at))
    }

    /// The date on the zone's calendar at an instant.
    #[must_use]
    pub fn date_of(self, at: Instant) -> NaiveDate {
        self.local(at).date()
    }

    /// The instant at which the zone's clocks show this reading.
    ///
    /// A reading that was skipped moves forward by the gap (02:30 becomes 03:30); of one that
    /// occurs twice it is the first.
    #[must_use]
    pub fn resolve(self, local: NaiveDateTime) -> Instant {
        self.resolve_ms(local.and_utc().timestamp_millis())
    }

    /// As [`Zone::resolve`], for a reading as a number.
    pub(super) fn resolve_ms(self, wall: i64) -> Instant {
        let at = match self.mapped(wall) {
            Mapped::Once(at) | Mapped::Twice { first: at, .. } => at,
            Mapped::Never { moved, .. } => moved,
        };
        Instant::from_ms(at)
    }

    /// The first instant of a date. Of a date that the zone skipped whole it is the first instant
    /// after it.
    #[must_use]
    pub fn day_start(self, date: NaiveDate) -> Instant {
        Instant::from_ms(self.day_start_ms(day_number(date)))
    }

    /// The first instant of the numbered day (day 0 is 1970-01-01).
    pub(super) fn day_start_ms(self, day: i64) -> i64 {
        match self.mapped(day.saturating_mul(DAY_MS)) {
            Mapped::Once(at) | Mapped::Twice { first: at, .. } => at,
            Mapped::Never { change, .. } => change,
        }
    }

    /// When the date that the clocks show at `at` has ended; always later than `at`.
    pub(super) fn date_ends(self, at: Instant) -> Instant {
        let midnight = (self.wall(at).div_euclid(DAY_MS) + 1) * DAY_MS;
        let now = at.as_ms();
        let end = match self.mapped(midnight) {
            Mapped::Twice { first, second } if first <= now => second,
            Mapped::Once(at) | Mapped::Twice { first: at, .. } => at,
            Mapped::Never { change, .. } => change,
        };
        Instant::from_ms(end.max(now.saturating_add(1)))
    }

    /// What the clocks read, in milliseconds.
    pub(super) fn wall(self, at: Instant) -> i64 {
        at.as_ms() + self.offset_ms(at)
    }

    /// Where a reading falls in real time.
    pub(super) fn mapped(self, wall: i64) -> Mapped {
        // Readings out of the range of instants are pulled to its rim: nothing is planned there.
        let rim = 2 * DAY_MS;
        let wall = wall.clamp(Instant::MIN.as_ms() - rim, Instant::MAX.as_ms() + rim);
        Clock::of(self.0).mapped(wall)
    }
}

/// The first instant of the day after a date.
#[must_use]
pub fn day_after(date: NaiveDate, zone: Zone) -> Instant {
    match date.checked_add_days(Days::new(1)) {
        Some(next) => zone.day_start(next),
        None => Instant::MAX,
    }
}

/// The first instant of the first Monday to Friday after the date of `after`.
#[must_use]
pub fn next_business_day(after: Instant, zone: Zone) -> Instant {
    let date = zone.date_of(after);
    let days = match date.weekday() {
        Weekday::Fri => 3,
        Weekday::Sat => 2,
        _ => 1,
    };
    match date.checked_add_days(Days::new(days)) {
        Some(next) => zone.day_start(next),
        None => Instant::MAX,
    }
}

impl Default for Zone {
    fn default() -> Self {
        Self::UTC
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Zone {
    type Err = UnknownZone;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::named(name).ok_or_else(|| UnknownZone { name: name.to_owned() })
    }
}

/// Its name, for people and machines alike: numbers would change with the database.
impl Serialize for Zone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// The number of a date; day 0 is 1970-01-01.
pub(super) fn day_number(date: NaiveDate) -> i64 {
    date.and_time(chrono::NaiveTime::MIN).and_utc().timestamp().div_euclid(DAY_MS / 1000)
}

/// The date with this number.
pub(super) fn date_numbered(day: i64) -> NaiveDate {
    naive(day.saturating_mul(DAY_MS)).date()
}

/// A reading as chrono writes it.
pub(super) fn naive(wall: i64) -> NaiveDateTime {
    DateTime::from_timestamp_millis(wall).unwrap_or_default().naive_utc()
}
