//! Zones: names, readings, days.

use super::{at, zone};
use crate::plan::{Zone, day_after, next_business_day};

#[test]
fn names_are_those_of_the_database() {
    assert_eq!(zone("Europe/Berlin").name(), "Europe/Berlin");
    for wrong in ["", "Europe/Berlln", "europe/berlin", "Mars/Base", "+01:00", "Europe/Berlin "] {
        assert_eq!(Zone::named(wrong), None, "{wrong}");
    }
    assert!(Zone::tz_version().starts_with("20"));
}

#[test]
fn a_misspelt_name_has_a_nearest() {
    for (wrong, near) in [
        ("Europe/Berlln", Some("Europe/Berlin")),
        ("europe/berlin", Some("Europe/Berlin")),
        ("berlin", Some("Europe/Berlin")),
        ("New York", Some("America/New_York")),
        ("America/NewYork", Some("America/New_York")),
        ("Asia/Tokio", Some("Asia/Tokyo")),
        ("utc", Some("UTC")),
        ("", None),
        ("nowhere near a zone", None),
    ] {
        assert_eq!(Zone::nearest(wrong), near, "{wrong}");
    }
    assert_eq!(Zone::nearest(&"x".repeat(100_000)), None);
}

#[test]
fn a_zone_is_kept_as_its_name() {
    let text = serde_json::to_string(&zone("Asia/Tokyo")).unwrap();
    assert_eq!(text, "\"Asia/Tokyo\"");
    assert_eq!(serde_json::from_str::<Zone>(&text).unwrap(), zone("Asia/Tokyo"));
    let error = serde_json::from_str::<Zone>("\"Asia/Tokio\"").unwrap_err();
    assert_eq!(error.to_string(), "unknown time zone `Asia/Tokio`");
}

#[test]
fn readings_resolve() {
    for (name, local, expected) in [
        ("America/New_York", "2026-03-08T02:30:00", "2026-03-08T07:30:00Z"),
        ("America/New_York", "2026-11-01T01:30:00", "2026-11-01T05:30:00Z"),
        ("Australia/Lord_Howe", "2026-10-04T02:10:00", "2026-10-03T15:40:00Z"),
        ("Pacific/Apia", "2011-12-30T12:00:00", "2011-12-30T22:00:00Z"),
        ("UTC", "9999-12-31T23:00:00", "9999-12-31T00:00:00Z"),
        ("UTC", "1900-01-01T00:00:00", "1970-01-01T00:00:00Z"),
        ("Africa/Monrovia", "1971-06-01T00:00:00", "1971-06-01T00:44:30Z"),
    ] {
        let found = zone(name).resolve(local.parse().unwrap());
        assert_eq!(found, at(expected), "{name} {local}");
    }
}

#[test]
fn days_begin_where_the_clocks_let_them() {
    for (name, date, expected) in [
        ("Europe/Berlin", "2026-07-07", "2026-07-07T22:00:00Z"),
        ("Africa/Cairo", "2026-04-23", "2026-04-23T22:00:00Z"),
        ("America/Havana", "2026-10-31", "2026-11-01T04:00:00Z"),
        // A whole day was skipped: the day after it begins at the same instant.
        ("Pacific/Apia", "2011-12-29", "2011-12-30T10:00:00Z"),
        ("Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z"),
    ] {
        let found = day_after(date.parse().unwrap(), zone(name));
        assert_eq!(found, at(expected), "{name} {date}");
    }
}

/// At 00:01 on 7 November 2010 the clocks of St John's went back to 23:01 on the 6th.
#[test]
fn a_date_that_comes_back_ends_twice() {
    for (now, ends) in [
        ("2010-11-06T12:00:00Z", "2010-11-07T02:30:00Z"),
        ("2010-11-07T02:29:59.999Z", "2010-11-07T02:30:00Z"),
        // The first minute of the 7th, and then the 6th once more.
        ("2010-11-07T02:30:00Z", "2010-11-08T03:30:00Z"),
        ("2010-11-07T02:31:00Z", "2010-11-07T03:30:00Z"),
        ("2010-11-07T03:30:00Z", "2010-11-08T03:30:00Z"),
    ] {
        assert_eq!(zone("America/St_Johns").date_ends(at(now)), at(ends), "{now}");
    }
}

#[test]
fn the_next_business_day() {
    for (after, expected) in [
        ("2026-03-05T23:30:00Z", "2026-03-08T23:00:00Z"), // already Friday in Berlin
        ("2026-03-07T12:00:00Z", "2026-03-08T23:00:00Z"),
        ("2026-03-08T12:00:00Z", "2026-03-08T23:00:00Z"),
        ("2026-03-09T12:00:00Z", "2026-03-09T23:00:00Z"),
    ] {
        assert_eq!(next_business_day(at(after), zone("Europe/Berlin")), at(expected), "{after}");
    }
}
