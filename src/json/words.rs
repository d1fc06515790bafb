//! The texts that stand for more than text: durations, delays, weekdays, hours, days and paces,
//! read and written. `None` means that the text is not one; the caller says what was expected.

use chrono::{Datelike, NaiveDate, Weekday};

use crate::model::{DateRange, Delay, Hours, Pace, Period, Weekdays};

const UNITS: [(&str, u64); 5] =
    [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];

const DAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Mon),
    ("tue", Weekday::Tue),
    ("wed", Weekday::Wed),
    ("thu", Weekday::Thu),
    ("fri", Weekday::Fri),
    ("sat", Weekday::Sat),
    ("sun", Weekday::Sun),
];

pub(super) const PERIODS: [(&str, Period); 2] = [("day", Period::Day), ("week", Period::Week)];

/// A whole number without sign, and what follows it.
fn number(text: &str) -> Option<(u64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at_checked(end)?;
    Some((digits.parse().ok()?, rest))
}

/// A duration in milliseconds: a whole number and one of `d`, `h`, `m`, `s`, `ms`.
pub(super) fn read_duration(text: &str) -> Option<u64> {
    let (count, unit) = number(text)?;
    let (_, ms) = UNITS.iter().find(|(name, _)| *name == unit)?;
    count.checked_mul(*ms)
}

/// The duration in the largest unit that divides it.
pub(super) fn write_duration(ms: u64) -> String {
    let unit = UNITS.iter().find(|(_, unit_ms)| ms != 0 && ms.is_multiple_of(*unit_ms));
    match unit {
        Some((name, unit_ms)) => format!("{}{name}", ms / unit_ms),
        None => "0s".into(),
    }
}

/// A delay: a duration, `3 calendar days` or `3 business days`.
pub(super) fn read_delay(text: &str) -> Option<Delay> {
    if let Some(ms) = read_duration(text) {
        return Some(Delay::ElapsedMs(ms));
    }
    let (count, rest) = number(text)?;
    let count = u32::try_from(count).ok()?;
    match rest {
        " calendar days" | " calendar day" => Some(Delay::Days(count)),
        " business days" | " business day" => Some(Delay::BusinessDays(count)),
        _ => None,
    }
}

pub(super) fn write_delay(delay: Delay) -> String {
    match delay {
        Delay::ElapsedMs(ms) => write_duration(ms),
        Delay::Days(1) => "1 calendar day".into(),
        Delay::Days(count) => format!("{count} calendar days"),
        Delay::BusinessDays(1) => "1 business day".into(),
        Delay::BusinessDays(count) => format!("{count} business days"),
    }
}

pub(super) fn read_day(text: &str) -> Option<Weekday> {
    DAYS.iter().find(|(name, _)| *name == text).map(|(_, day)| *day)
}

/// One day, or a range of them: `tue`, `mon-fri`, `sat-tue`.
pub(super) fn read_days(text: &str) -> Option<Weekdays> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (read_day(first)?, read_day(last)?);
    let mut days = vec![first];
    let mut day = first;
    while day != last {
        day = day.succ();
        days.push(day);
    }
    Weekdays::new(days)
}

pub(super) const fn day_name(day: Weekday) -> &'static str {
    match day {
        Weekday::Mon => "mon",
        Weekday::Tue => "tue",
        Weekday::Wed => "wed",
        Weekday::Thu => "thu",
        Weekday::Fri => "fri",
        Weekday::Sat => "sat",
        Weekday::Sun => "sun",
    }
}

/// A window of the day: `09:00-17:00`, `22:00-02:00`, `00:00-24:00`.
pub(super) fn read_hours(text: &str) -> Option<Hours> {
    let (from, to) = text.split_once('-')?;
    Hours::new(read_minute(from)?, read_minute(to)?)
}

fn read_minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let two = |part: &str| -> Option<u16> {
        let digits = part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| part.parse().ok()).flatten()
    };
    let (hour, minute) = (two(hour)?, two(minute)?);
    (minute < 60 && hour <= 24).then_some(hour * 60 + minute)
}

/// What a text for days says.
pub(super) enum Range<'t> {
    /// The days.
    Days(DateRange),
    /// Two days, of which the last comes before the first.
    Backwards(DateRange),
    /// Written as a day is, but the calendar, or the years that are read, do not have it.
    NoSuchDay(&'t str),
    /// Something else.
    Other,
}

/// A day, or the first and the last: `2026-12-24`, `2026-12-27..2027-01-03`.
pub(super) fn read_range(text: &str) -> Range<'_> {
    let (from, to) = text.split_once("..").unwrap_or((text, text));
    match (read_date(from), read_date(to)) {
        (Some(first), Some(last)) if last < first => Range::Backwards(DateRange { first, last }),
        (Some(first), Some(last)) => Range::Days(DateRange { first, last }),
        _ if !(looks_like_date(from) && looks_like_date(to)) => Range::Other,
        (None, _) => Range::NoSuchDay(from),
        _ => Range::NoSuchDay(to),
    }
}

/// A day of the years that an instant may be of. A year of two digits, which some programs write as
/// `0026`, would otherwise close two thousand years.
fn read_date(text: &str) -> Option<NaiveDate> {
    // chrono reads `2026-7-7`, too; there is one way to write a day.
    let date: NaiveDate = text.parse().ok().filter(|_| looks_like_date(text))?;
    (1970..=9999).contains(&date.year()).then_some(date)
}

/// Four digits, two and two, with hyphens between them.
fn looks_like_date(text: &str) -> bool {
    let fits = |(at, byte): (usize, u8)| match at {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    };
    text.len() == 10 && text.bytes().enumerate().all(fits)
}

pub(super) fn write_range(days: &DateRange) -> String {
    if days.first == days.last {
        return days.first.to_string();
    }
    format!("{}..{}", days.first, days.last)
}

/// A pace: `3 per week`, `2 per day`.
pub(super) fn read_pace(text: &str) -> Option<(u64, Period)> {
    let (sends, rest) = number(text)?;
    let period = rest.strip_prefix(" per ")?;
    let (_, per) = PERIODS.iter().find(|(name, _)| *name == period)?;
    Some((sends, *per))
}

pub(super) fn write_pace(pace: Pace) -> String {
    let period = match pace.per {
        Period::Day => "day",
        Period::Week => "week",
    };
    format!("{} per {period}", pace.sends)
}
