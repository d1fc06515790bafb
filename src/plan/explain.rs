//! Why a step is planned when it is: the same search as placement, told move by move.

use std::fmt;

use chrono::{NaiveDate, NaiveDateTime};

use super::DAY_MS;
use super::clock::Mapped;
use super::delay::due;
use super::whole::{ClosedBy, Ground, Stop};
use super::window::{HORIZON_DAYS, Opening, opening, opens_on, sends_on};
use super::zone::{Zone, date_numbered};
use crate::model::{Delay, Hours, Instant, StepTiming, Weekdays};

/// One reason that moved a step from an instant to a later one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Move {
    /// Where it was.
    pub from: Instant,
    /// Where it went.
    pub to: Instant,
    /// Why.
    pub why: Why,
    /// The zone in which the move is told.
    pub zone: Zone,
}

/// Why a step moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Why {
    /// The delay after the previous delivery.
    Delay(Delay),
    /// It was released, or asked for, only then.
    Released,
    /// It was released, and this much of the delay had been left when it was held.
    Remaining,
    /// The day is not among the step's.
    Weekday(Weekdays),
    /// The hours had not begun.
    BeforeHours(Hours),
    /// The hours of that day had ended.
    AfterHours(Hours),
    /// The clocks skipped the beginning of the hours on that day, and so maybe all of them.
    Gap {
        /// The day.
        date: NaiveDate,
        /// The hours.
        hours: Hours,
    },
    /// Days of the step's zone on which nothing is sent.
    Closed {
        /// The first of them.
        first: NaiveDate,
        /// The last of them.
        last: NaiveDate,
    },
    /// Days on which the sender does not send.
    Frozen {
        /// The first of them.
        first: NaiveDate,
        /// The last of them.
        last: NaiveDate,
    },
    /// Days on which the sender had no slot for it, or none where one of the steps after it would
    /// have followed.
    FullDays {
        /// The first of them.
        first: NaiveDate,
        /// The last of them.
        last: NaiveDate,
        /// How many steps were placed together.
        steps: usize,
    },
    /// Moved within the window so that sends do not all leave at its first minute.
    Jitter,
}

/// Why a step is planned when it is, the first of so many that were placed together: the way there
/// from the instant at which it was due. None if placing it does not lead there any more, because a
/// calendar changed since.
///
/// With the previous delivery, the moves begin there: the delay, and the release if `natural` is
/// later than the delay's end. Each move begins where the one before it ended; the last one ends
/// at the planned instant. Without any, the step is planned at `natural` itself.
#[must_use]
pub fn explain_place(
    ground: &Ground<'_>,
    (step, steps): (Stop<'_>, usize),
    previous: Option<Instant>,
    natural: Instant,
    planned: Instant,
) -> Option<Vec<Move>> {
    let mut told = Told { timing: step.timing, zone: ground.zone, at: natural, moves: Vec::new() };
    if let Some(previous) = previous {
        told.delay(previous, natural);
    }
    let opens = told.open(ground, natural)?;
    let (first, day) = (ground.day(opens), ground.day(planned));
    let mut from = natural;
    if day > first {
        from = ground.day_start(day);
        let opens = ground.natural(Stop { seed: 0, ..step }, from)?.at;
        let date = |day: i32| date_numbered(i64::from(day));
        let (first, last) = (date(first), date(day.checked_sub(1)?));
        told.go(opens, Why::FullDays { first, last, steps });
    }
    told.go(ground.natural(step, from)?.at, Why::Jitter);
    (told.at == planned).then_some(told.moves)
}

struct Told<'a> {
    timing: &'a StepTiming,
    zone: Zone,
    at: Instant,
    moves: Vec<Move>,
}

impl Told<'_> {
    /// Adds a move, unless it leads nowhere.
    fn go(&mut self, to: Instant, why: Why) {
        if to > self.at {
            let (from, zone) = (self.at, self.zone);
            self.moves.push(Move { from, to, why, zone });
            self.at = to;
        }
    }

    fn delay(&mut self, previous: Instant, natural: Instant) {
        let delay = self.timing.delay;
        let due = due(delay, previous, self.zone);
        // A person may have asked for an earlier date: then the delay explains nothing.
        if due <= natural {
            self.at = previous;
            self.go(due, Why::Delay(delay));
            self.go(natural, Why::Released);
        }
    }

    /// Tells the way from an instant to the next opening that no calendar closes.
    fn open(&mut self, ground: &Ground<'_>, from: Instant) -> Option<Instant> {
        let date = |day: i32| date_numbered(i64::from(day));
        let mut from = from;
        for _ in 0..=HORIZON_DAYS {
            let open = opening(self.timing, self.zone, from)?;
            self.reach(open);
            let Some(closed) = ground.closure(open) else {
                return Some(open.instant());
            };
            let (first, last) = (date(closed.first), date(closed.last));
            let why = match closed.by {
                ClosedBy::Holiday => Why::Closed { first, last },
                ClosedBy::Freeze => Why::Frozen { first, last },
            };
            from = closed.until;
            self.go(from, why);
        }
        None
    }

    /// Tells the way to the next opening: past the hours of today, over the days that are not the
    /// step's, to the hours of the day it belongs to.
    fn reach(&mut self, open: Opening) {
        let end = open.instant();
        let start_of = |day: i64| Instant::from_ms(self.zone.day_start_ms(day)).min(end);
        let today = self.zone.wall(self.at).div_euclid(DAY_MS);
        let (tomorrow, day) = (start_of(today + 1), start_of(open.day));
        let mut next = today;
        if open.day > today && sends_on(self.timing, today) {
            self.go(tomorrow, self.passed_over(today));
            next = today + 1;
        }
        let skipped = (next..open.day).find(|day| sends_on(self.timing, *day));
        let weekday = Why::Weekday(self.timing.weekdays);
        self.go(day, skipped.map_or(weekday, |skipped| self.passed_over(skipped)));
        let begins = open.day * DAY_MS + i64::from(self.timing.hours.from_minute()) * 60_000;
        let why = match self.zone.mapped(begins) {
            Mapped::Never { .. } => self.gap(open.day),
            Mapped::Once(_) | Mapped::Twice { .. } => Why::BeforeHours(self.timing.hours),
        };
        self.go(end, why);
    }

    /// Why a day on which the step sends was passed over: its hours were over, or the clocks
    /// skipped them.
    fn passed_over(&self, day: i64) -> Why {
        if opens_on(self.timing, self.zone, day) {
            Why::AfterHours(self.timing.hours)
        } else {
            self.gap(day)
        }
    }

    fn gap(&self, day: i64) -> Why {
        Why::Gap { date: date_numbered(day), hours: self.timing.hours }
    }
}

impl Move {
    /// The move of a delay that went on with what was left of it.
    pub(crate) const fn remaining(released: Instant, due: Instant, zone: Zone) -> Self {
        Self { from: released, to: due, why: Why::Remaining, zone }
    }

    /// The move in words, with a name for what the delay counts from, such as `step 2`.
    pub fn after<'a>(&'a self, previous: &'a str) -> impl fmt::Display + 'a {
        Words { step: self, previous: Some(previous) }
    }
}

impl fmt::Display for Move {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = Words { step: self, previous: None };
        words.fmt(f)
    }
}

struct Words<'a> {
    step: &'a Move,
    previous: Option<&'a str>,
}

impl fmt::Display for Words<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let zone = self.step.zone;
        let from = Minute(zone.local(self.step.from));
        let to = Minute(zone.local(self.step.to));
        match self.step.why {
            Why::Delay(delay) => {
                let delay = Length(delay);
                match self.previous {
                    Some(previous) => write!(f, "{delay} after {previous} is {to}"),
                    None => write!(f, "{delay} after {from} is {to}"),
                }
            }
            Why::Released => write!(f, "released {to}"),
            Why::Remaining => {
                let rest = Rest::between(self.step.from, self.step.to);
                write!(f, "{rest} left when it was held; released {from}")
            }
            Why::Weekday(days) => {
                let day = Day(from.0.date());
                write!(f, "the step sends {}, not on {day}", DaySet(days))
            }
            Why::BeforeHours(hours) => write!(f, "the step sends {hours}, next {to}"),
            Why::AfterHours(hours) => write!(f, "{from} is after {hours}"),
            Why::Gap { date, hours } => {
                let day = Day(date);
                let (hour, minute) = (hours.from_minute() / 60, hours.from_minute() % 60);
                write!(f, "on {day} the clocks skip {hour:02}:{minute:02}")
            }
            Why::Closed { first, last } => write!(f, "nothing is sent {}", Days { first, last }),
            Why::Frozen { first, last } => {
                write!(f, "the sender does not send {}", Days { first, last })
            }
            Why::FullDays { first, last, steps: 1 } if first == last => {
                write!(f, "{} is full", Day(first))
            }
            Why::FullDays { first, last, steps: 1 } => {
                write!(f, "no slot is free {}", Days { first, last })
            }
            Why::FullDays { first, last, steps } => {
                let which = if steps == 2 { "both" } else { "all" };
                let days = Days { first, last };
                write!(f, "a timeline that begins {days} has no slots for {which} {steps} steps")
            }
            Why::Jitter => write!(f, "spread within the hours to {to}"),
        }
    }
}

struct Day(NaiveDate);

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.format("%a %-d %b"))
    }
}

/// Days that a move passes over, as in `on Fri 25 Dec`.
struct Days {
    first: NaiveDate,
    last: NaiveDate,
}

impl fmt::Display for Days {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { first, last } = *self;
        if first == last {
            write!(f, "on {}", Day(first))
        } else {
            write!(f, "from {} to {}", Day(first), Day(last))
        }
    }
}

struct Minute(NaiveDateTime);

impl fmt::Display for Minute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.format("%a %-d %b %H:%M"))
    }
}

/// Weekdays as people write them: runs of three and more as a range.
struct DaySet(Weekdays);

impl fmt::Display for DaySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut days = self.0.iter().peekable();
        let mut separator = "";
        while let Some(first) = days.next() {
            let mut last = first;
            let mut length = 1;
            while let Some(next) = days.next_if(|day| *day == last.succ()) {
                (last, length) = (next, length + 1);
            }
            match length {
                1 => write!(f, "{separator}{first}")?,
                2 => write!(f, "{separator}{first}, {last}")?,
                _ => write!(f, "{separator}{first}\u{2013}{last}")?,
            }
            separator = ", ";
        }
        Ok(())
    }
}

/// How much of a delay was left, to the minute.
struct Rest([(i64, &'static str); 3]);

impl Rest {
    const fn between(from: Instant, to: Instant) -> Self {
        let minutes = to.ms_since(from) / 60_000;
        Self([(minutes / 1440, "day"), (minutes / 60 % 24, "hour"), (minutes % 60, "minute")])
    }
}

impl fmt::Display for Rest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = self.0.iter().filter(|(count, _)| *count > 0).peekable();
        let Some((count, unit)) = parts.next() else {
            return f.write_str("less than a minute was");
        };
        let one = *count == 1 && parts.peek().is_none();
        counted(f, count.unsigned_abs(), unit)?;
        for (count, unit) in parts {
            f.write_str(" ")?;
            counted(f, count.unsigned_abs(), unit)?;
        }
        f.write_str(if one { " was" } else { " were" })
    }
}

fn counted(f: &mut fmt::Formatter<'_>, n: u64, unit: &str) -> fmt::Result {
    let plural = if n == 1 { "" } else { "s" };
    write!(f, "{n} {unit}{plural}")
}

struct Length(Delay);

impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(u64, &str); 4] =
            [(86_400_000, "day"), (3_600_000, "hour"), (60_000, "minute"), (1000, "second")];
        match self.0 {
            Delay::ElapsedMs(ms) => {
                let unit = UNITS.into_iter().find(|(unit, _)| ms != 0 && ms % unit == 0);
                let (size, name) = unit.unwrap_or((1, "millisecond"));
                counted(f, ms / size, name)
            }
            Delay::Days(days) => counted(f, u64::from(days), "day"),
            Delay::BusinessDays(days) => counted(f, u64::from(days), "business day"),
        }
    }
}
