//! Local time: when people are awake, and when a step's window is open.

use chrono::{DateTime, Datelike, Duration, NaiveDate, TimeZone, Timelike, Utc, Weekday};
use chrono_tz::Tz;
use holdline::model::Instant;

pub(super) const SECOND: i64 = 1000;
pub(super) const MINUTE: i64 = 60 * SECOND;
pub(super) const HOUR: i64 = 60 * MINUTE;
pub(super) const DAY: i64 = 24 * HOUR;

/// The instant of this time of a day of March 2026, in UTC.
pub(super) fn march(day: i64, hour: i64, minute: i64) -> i64 {
    /// 2026-03-01T00:00:00Z.
    const FIRST: i64 = 1_772_323_200_000;
    FIRST + (day - 1) * DAY + hour * HOUR + minute * MINUTE
}

/// The instant, cut to whole seconds.
pub(super) const fn instant(ms: i64) -> Instant {
    Instant::from_ms(ms - ms % SECOND)
}

/// What the wall clock shows there.
pub(super) fn local(ms: i64, zone: Tz) -> DateTime<Tz> {
    DateTime::<Utc>::from_timestamp_millis(ms).unwrap_or_default().with_timezone(&zone)
}

pub(super) fn date(ms: i64, zone: Tz) -> NaiveDate {
    local(ms, zone).date_naive()
}

/// The instant of this hour of that day; where the clock skips it, an hour later.
fn at_hour(day: NaiveDate, hour: u32, zone: Tz) -> i64 {
    (hour..24)
        .filter_map(|hour| day.and_hms_opt(hour, 0, 0))
        .find_map(|wall| zone.from_local_datetime(&wall).earliest())
        .map_or(0, |at| at.timestamp_millis())
}

fn is_working(day: NaiveDate) -> bool {
    !matches!(day.weekday(), Weekday::Sat | Weekday::Sun)
}

pub(super) fn is_weekend(ms: i64, zone: Tz) -> bool {
    !is_working(date(ms, zone))
}

/// The first instant at or after `ms` on a working day, from `from` to `to` o'clock there.
pub(super) fn in_office(ms: i64, (from, to): (u32, u32), zone: Tz) -> i64 {
    let now = local(ms, zone);
    let today = now.date_naive();
    if is_working(today) && (from..to).contains(&now.hour()) {
        return ms;
    }
    let mut day = today;
    if now.hour() >= to {
        day += Duration::days(1);
    }
    while !is_working(day) {
        day += Duration::days(1);
    }
    at_hour(day, from, zone)
}

/// The beginning of the next day there.
pub(super) fn tomorrow(ms: i64, zone: Tz) -> i64 {
    at_hour(date(ms, zone) + Duration::days(1), 0, zone)
}

/// Nobody reads mail at night: what falls into it happens the next morning.
pub(super) fn awake(ms: i64, zone: Tz) -> i64 {
    let now = local(ms, zone);
    let rest_of_hour = ms % HOUR;
    match now.hour() {
        0..7 => at_hour(now.date_naive(), 7, zone) + rest_of_hour,
        23 => at_hour(now.date_naive() + Duration::days(1), 7, zone) + rest_of_hour,
        _ => ms,
    }
}
