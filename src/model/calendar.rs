//! When a step may go out: its delay, weekdays and hours.

use std::fmt;

use chrono::Weekday;
use serde::{Deserialize, Serialize};

/// How long after the previous delivery a step is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Delay {
    /// Elapsed time in milliseconds: three days are 72 hours.
    ElapsedMs(u64),
    /// Calendar days in the zone of the step: the same wall-clock time, that many days on.
    Days(u32),
    /// Calendar days of which only Monday to Friday count.
    BusinessDays(u32),
}

impl Default for Delay {
    fn default() -> Self {
        Self::ElapsedMs(0)
    }
}

/// A set of weekdays; never empty.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Weekdays(u8);

impl Weekdays {
    /// Monday to Sunday.
    pub const ALL: Self = Self(0b111_1111);
    /// Monday to Friday.
    pub const WORKING: Self = Self(0b001_1111);

    /// The set of these days; none if there are none.
    pub fn new(days: impl IntoIterator<Item = Weekday>) -> Option<Self> {
        let bits = days.into_iter().fold(0, |bits, day| bits | Self::bit(day));
        (bits != 0).then_some(Self(bits))
    }

    /// Whether the day is in the set.
    #[must_use]
    pub fn contains(self, day: Weekday) -> bool {
        self.0 & Self::bit(day) != 0
    }

    /// The days, Monday first.
    pub fn iter(self) -> impl Iterator<Item = Weekday> {
        const WEEK: [Weekday; 7] = [
            Weekday::Mon,
            Weekday::Tue,
            Weekday::Wed,
            Weekday::Thu,
            Weekday::Fri,
            Weekday::Sat,
            Weekday::Sun,
        ];
        WEEK.into_iter().filter(move |day| self.contains(*day))
    }

    const fn bit(day: Weekday) -> u8 {
        1 << day.num_days_from_monday()
    }
}

impl Default for Weekdays {
    fn default() -> Self {
        Self::ALL
    }
}

impl fmt::Debug for Weekdays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// A window of the day, half-open, in minutes since midnight by the wall clock.
///
/// `from < to` lies within one day; `from > to` crosses midnight and belongs to the day on which
/// it begins; `0..1440` is the whole day. `from == to` is not a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Hours {
    from_minute: u16,
    to_minute: u16,
}

impl Hours {
    /// Minutes in a day of 24 hours.
    pub const DAY_MINUTES: u16 = 1440;
    /// The whole day.
    pub const ALL: Self = Self { from_minute: 0, to_minute: Self::DAY_MINUTES };

    /// The window from one minute of the day (0 to 1439) to another (0 to 1440); none if they are
    /// equal or out of range.
    #[must_use]
    pub const fn new(from_minute: u16, to_minute: u16) -> Option<Self> {
        if from_minute >= Self::DAY_MINUTES
            || to_minute > Self::DAY_MINUTES
            || from_minute == to_minute
        {
            return None;
        }
        Some(Self { from_minute, to_minute })
    }

    /// The first minute of the window.
    #[must_use]
    pub const fn from_minute(self) -> u16 {
        self.from_minute
    }

    /// The minute at which it has ended.
    #[must_use]
    pub const fn to_minute(self) -> u16 {
        self.to_minute
    }
}

impl Default for Hours {
    fn default() -> Self {
        Self::ALL
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let clock = |minute: u16| (minute / 60, minute % 60);
        let ((fh, fm), (th, tm)) = (clock(self.from_minute), clock(self.to_minute));
        write!(f, "{fh:02}:{fm:02}-{th:02}:{tm:02}")
    }
}

/// When a step may go out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct StepTiming {
    /// How long after the previous delivery (for the first step, after enrolment) it is due.
    pub delay: Delay,
    /// The weekdays on which it may go out, in the zone of the step.
    pub weekdays: Weekdays,
    /// The hours in which it may go out, in the zone of the step.
    pub hours: Hours,
    /// The most that it is moved within its window, in milliseconds, so that sends do not all
    /// leave at its first minute.
    pub jitter_ms: u32,
}
