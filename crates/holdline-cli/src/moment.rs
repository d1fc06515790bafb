//! Instants as people read and write them: in a zone that is named, never in one that is guessed.

use std::time::SystemTime;

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
use holdline::model::Instant;
use holdline::plan::Zone;

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// The zone of that name; UTC for one that is not known here.
pub fn zone(name: &str) -> Zone {
    Zone::named(name).unwrap_or(Zone::UTC)
}

/// `Fri 6 Mar 14:03`.
pub fn minute(at: Instant, zone: Zone) -> String {
    zone.local(at).format("%a %-d %b %H:%M").to_string()
}

/// `Fri 6 Mar`.
pub fn day(date: NaiveDate) -> String {
    date.format("%a %-d %b").to_string()
}

/// `Fri 6 Mar 2026`.
pub fn full_day(date: NaiveDate) -> String {
    date.format("%a %-d %b %Y").to_string()
}

/// The last part of a zone's name, as people say it: `Berlin`, `New York`.
pub fn city(zone: Zone) -> String {
    let name = zone.name();
    name.rsplit('/').next().unwrap_or(name).replace('_', " ")
}

/// How long a period is, roughly: `2 weeks`, `10 days`, `1 day`.
pub fn period(first: NaiveDate, last: NaiveDate) -> String {
    match (last - first).num_days() + 1 {
        1 => "1 day".to_owned(),
        7 => "1 week".to_owned(),
        days if days % 7 == 0 => format!("{} weeks", days / 7),
        days => format!("{days} days"),
    }
}

/// An argument that names an instant: RFC 3339, or a date or date and time in a zone.
pub fn read(text: &str, zone: Zone) -> Result<Instant, String> {
    if let Ok(at) = text.parse::<Instant>() {
        return Ok(at);
    }
    if let Ok(date) = text.parse::<NaiveDate>() {
        return Ok(zone.day_start(date));
    }
    for format in ["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"] {
        if let Ok(local) = NaiveDateTime::parse_from_str(text, format) {
            return Ok(zone.resolve(local));
        }
    }
    Err(format!(
        "expected a date such as `2026-03-02`, a time such as `2026-03-02 09:00` or an \
         instant such as `2026-03-02T09:00:00Z`, found `{text}`"
    ))
}

/// An argument that is a date.
pub fn read_date(text: &str) -> Result<NaiveDate, String> {
    text.parse().map_err(|_| format!("expected a date such as `2026-03-02`, found `{text}`"))
}

/// An argument that is a duration: `30s`, `5m`, `2h`, `1d`, `50ms`.
pub fn read_duration(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = text.get(digits.len()..).unwrap_or_default();
    let unit = match unit {
        "ms" => Some(1),
        "s" => Some(1000),
        "m" => Some(60_000),
        "h" => Some(3_600_000),
        "d" => Some(DAY_MS),
        _ => None,
    };
    let ms = digits.parse::<u64>().ok().zip(unit).and_then(|(n, unit)| n.checked_mul(unit));
    ms.ok_or_else(|| format!("expected a duration such as `30s`, `5m` or `2h`, found `{text}`"))
}

/// What this machine's clock says.
pub fn now() -> Instant {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Instant::from_ms(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// Midnight at the start of a date, by the wall clock.
pub fn midnight(date: NaiveDate) -> NaiveDateTime {
    date.and_time(NaiveTime::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_read_in_the_zone_they_name_or_are_given() {
        let berlin = zone("Europe/Berlin");
        let read = |text| read(text, berlin).unwrap().to_string();
        assert_eq!(read("2026-03-02"), "2026-03-01T23:00:00Z");
        assert_eq!(read("2026-03-02 09:30"), "2026-03-02T08:30:00Z");
        assert_eq!(read("2026-03-02T09:30:00+02:00"), "2026-03-02T07:30:00Z");
        assert!(super::read("tomorrow", berlin).unwrap_err().contains("found `tomorrow`"));
    }

    #[test]
    fn durations_have_a_unit() {
        assert_eq!(read_duration("90s"), Ok(90_000));
        assert_eq!(read_duration("2h"), Ok(7_200_000));
        for bad in
            ["", "5", "m", "-1m", "1.5h", "99999999999999999999d", "1w", "18446744073709551615d"]
        {
            assert!(read_duration(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn periods_are_told_in_the_largest_whole_unit() {
        let date = |day| NaiveDate::from_ymd_opt(2026, 3, day).unwrap();
        assert_eq!(period(date(2), date(15)), "2 weeks");
        assert_eq!(period(date(2), date(2)), "1 day");
        assert_eq!(period(date(2), date(11)), "10 days");
    }
}
