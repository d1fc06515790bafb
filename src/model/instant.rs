//! A point in time, in milliseconds since 1970-01-01T00:00:00Z.

use std::fmt;
use std::num::NonZeroU16;
use std::str::FromStr;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A point in time: UTC milliseconds since the Unix epoch.
///
/// The engine never reads a clock; every instant it knows came with a command. Arithmetic
/// saturates at [`Instant::MIN`] and [`Instant::MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant {
    // Counted from before the epoch, so that this is never 0: with that, and in halves and
    // quarters of a word, an instant takes 6 bytes in a record, and an `Option<Instant>` no more.
    high: NonZeroU16,
    middle: u16,
    low: u16,
}

/// What is added to the milliseconds since the epoch.
const BEFORE: u64 = 1 << 32;

impl Default for Instant {
    fn default() -> Self {
        Self::MIN
    }
}

/// Why a text is not an instant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected an instant between 1970 and 9999 as RFC 3339 with an offset, such as \
     `2026-03-02T09:00:00Z`, found `{0}`"
)]
pub struct InstantError(String);

impl Instant {
    /// 1970-01-01T00:00:00Z, the earliest instant.
    pub const MIN: Self = Self::after(0);
    /// 9999-12-31T00:00:00Z, the latest instant: late enough to stand for "never".
    pub const MAX: Self = Self::after(253_402_214_400_000);

    /// So many milliseconds after the epoch, which have to be in the range.
    const fn after(ms: u64) -> Self {
        let counted = ms + BEFORE;
        // 1 is the least that there is: the shift leaves it.
        let high = NonZeroU16::MIN.saturating_add((counted >> 32) as u16 - 1);
        Self { high, middle: (counted >> 16) as u16, low: counted as u16 }
    }

    /// The instant `ms` milliseconds after the epoch, clamped to the range.
    #[must_use]
    pub const fn from_ms(ms: i64) -> Self {
        if ms < Self::MIN.as_ms() {
            Self::MIN
        } else if ms > Self::MAX.as_ms() {
            Self::MAX
        } else {
            Self::after(ms.unsigned_abs())
        }
    }

    /// Milliseconds since the epoch.
    #[must_use]
    pub const fn as_ms(self) -> i64 {
        let (high, middle) = (self.high.get() as u64, self.middle as u64);
        ((high << 32 | middle << 16 | self.low as u64) - BEFORE).cast_signed()
    }

    /// This instant moved by `ms` milliseconds (which may be negative), clamped to the range.
    #[must_use]
    pub const fn plus_ms(self, ms: i64) -> Self {
        Self::from_ms(self.as_ms().saturating_add(ms))
    }

    /// Milliseconds from `earlier` to this instant; negative if it is not earlier.
    #[must_use]
    pub const fn ms_since(self, earlier: Self) -> i64 {
        self.as_ms().saturating_sub(earlier.as_ms())
    }

    /// The same point in time as a chrono value.
    #[must_use]
    pub fn to_utc(self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.as_ms()).unwrap_or_default()
    }
}

impl From<DateTime<Utc>> for Instant {
    fn from(at: DateTime<Utc>) -> Self {
        Self::from_ms(at.timestamp_millis())
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_utc().to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }
}

impl FromStr for Instant {
    type Err = InstantError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let at = DateTime::parse_from_rfc3339(text).map_err(|_| InstantError(text.to_owned()))?;
        let ms = at.timestamp_millis();
        if !(Self::MIN.as_ms()..=Self::MAX.as_ms()).contains(&ms) {
            return Err(InstantError(text.to_owned()));
        }
        Ok(Self::from_ms(ms))
    }
}

/// Text where people read it, a number where machines do.
impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            serializer.serialize_i64(self.as_ms())
        }
    }
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
        } else {
            Ok(Self::from_ms(i64::deserialize(deserializer)?))
        }
    }
}
