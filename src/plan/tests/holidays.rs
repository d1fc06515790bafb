//! Public holidays: the rules against lists of whole years, and the days that stand in for others.

use chrono::{Datelike, NaiveDate, Weekday};

use crate::plan::Calendar;
use crate::plan::holidays::{Rule, TEXT, easter, rule_lines};

/// Whole years: calendar, year, and the dates in order. Python's package `holidays` 0.109, which
/// shares nothing with our rules, has the same dates: for `ch` those of Zurich without 1 May, for
/// `se` with the de facto days, for `nl` with the optional ones, for `ca` with the government's,
/// for `es` with the Sundays that it leaves out.
const YEARS: &[(&str, i32, &str)] = &[
    (
        "us",
        2021,
        "01-01 01-18 02-15 05-31 06-18 06-19 07-04 07-05 09-06 10-11 11-11 11-25 12-24 12-25 \
         12-31",
    ),
    ("us", 2022, "01-01 01-17 02-21 05-30 06-19 06-20 07-04 09-05 10-10 11-11 11-24 12-25 12-26"),
    ("us", 2026, "01-01 01-19 02-16 05-25 06-19 07-03 07-04 09-07 10-12 11-11 11-26 12-25"),
    ("gb-eng", 2020, "01-01 04-10 04-13 05-08 05-25 08-31 12-25 12-26 12-28"),
    ("gb-eng", 2022, "01-01 01-03 04-15 04-18 05-02 06-02 06-03 08-29 09-19 12-25 12-26 12-27"),
    ("gb-eng", 2026, "01-01 04-03 04-06 05-04 05-25 08-31 12-25 12-26 12-28"),
    (
        "gb-sct",
        2022,
        "01-01 01-02 01-03 01-04 04-15 05-02 06-02 06-03 08-01 09-19 11-30 12-25 12-26 12-27",
    ),
    ("gb-sct", 2026, "01-01 01-02 04-03 05-04 05-25 06-15 08-03 11-30 12-25 12-26 12-28"),
    ("de", 2024, "01-01 03-29 04-01 05-01 05-09 05-20 10-03 12-25 12-26"),
    ("de", 2026, "01-01 04-03 04-06 05-01 05-14 05-25 10-03 12-25 12-26"),
    ("at", 2024, "01-01 01-06 04-01 05-01 05-09 05-20 05-30 08-15 10-26 11-01 12-08 12-25 12-26"),
    ("at", 2026, "01-01 01-06 04-06 05-01 05-14 05-25 06-04 08-15 10-26 11-01 12-08 12-25 12-26"),
    ("ch", 2024, "01-01 03-29 04-01 05-09 05-20 08-01 12-25 12-26"),
    ("ch", 2026, "01-01 04-03 04-06 05-14 05-25 08-01 12-25 12-26"),
    ("pl", 2024, "01-01 01-06 03-31 04-01 05-01 05-03 05-19 05-30 08-15 11-01 11-11 12-25 12-26"),
    (
        "pl",
        2025,
        "01-01 01-06 04-20 04-21 05-01 05-03 06-08 06-19 08-15 11-01 11-11 12-24 12-25 12-26",
    ),
    (
        "pl",
        2026,
        "01-01 01-06 04-05 04-06 05-01 05-03 05-24 06-04 08-15 11-01 11-11 12-24 12-25 12-26",
    ),
    ("fr", 2024, "01-01 04-01 05-01 05-08 05-09 05-20 07-14 08-15 11-01 11-11 12-25"),
    ("fr", 2026, "01-01 04-06 05-01 05-08 05-14 05-25 07-14 08-15 11-01 11-11 12-25"),
    ("nl", 2025, "01-01 04-18 04-20 04-21 04-26 05-05 05-29 06-08 06-09 12-25 12-26"),
    ("nl", 2026, "01-01 04-03 04-05 04-06 04-27 05-05 05-14 05-24 05-25 12-25 12-26"),
    ("es", 2024, "01-01 01-06 03-29 05-01 08-15 10-12 11-01 12-06 12-08 12-25"),
    ("es", 2026, "01-01 01-06 04-03 05-01 08-15 10-12 11-01 12-06 12-08 12-25"),
    ("it", 2024, "01-01 01-06 03-31 04-01 04-25 05-01 06-02 08-15 11-01 12-08 12-25 12-26"),
    ("it", 2026, "01-01 01-06 04-05 04-06 04-25 05-01 06-02 08-15 10-04 11-01 12-08 12-25 12-26"),
    (
        "se",
        2024,
        "01-01 01-06 03-29 03-31 04-01 05-01 05-09 05-19 06-06 06-21 06-22 11-02 12-24 12-25 \
         12-26 12-31",
    ),
    (
        "se",
        2026,
        "01-01 01-06 04-03 04-05 04-06 05-01 05-14 05-24 06-06 06-19 06-20 10-31 12-24 12-25 \
         12-26 12-31",
    ),
    ("ca", 2021, "01-01 04-02 05-24 07-01 09-06 09-30 10-11 11-11 12-25 12-26 12-27 12-28"),
    ("ca", 2026, "01-01 04-03 05-18 07-01 09-07 09-30 10-12 11-11 12-25 12-26 12-28"),
];

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn calendar(name: &str) -> Calendar {
    Calendar::named(name).unwrap()
}

#[test]
fn every_line_is_a_rule() {
    let mut calendars: Vec<&str> = Vec::new();
    for line in rule_lines(TEXT) {
        let rule = Rule::read(line).unwrap_or_else(|| panic!("cannot be read: {line}"));
        if calendars.last() != Some(&rule.calendar) {
            assert!(!calendars.contains(&rule.calendar), "in two places: {line}");
            calendars.push(rule.calendar);
        }
    }
    let kept: Vec<&str> = Calendar::all().map(Calendar::name).collect();
    assert_eq!(kept, calendars);
    let lines = TEXT.lines().filter(|line| line.contains('|') && !line.starts_with('#')).count();
    assert_eq!(rule_lines(TEXT).filter_map(Rule::read).count(), lines);
    assert_eq!(TEXT.lines().next(), Some(Calendar::data_version()));
}

#[test]
fn every_rule_makes_a_day() {
    for line in rule_lines(TEXT) {
        let rule = Rule::read(line).unwrap();
        let name = line.rsplit('|').next().unwrap().trim();
        let days = calendar(rule.calendar);
        let is_kept = |year| days.of_year(year).iter().any(|(_, other)| *other == name);
        assert!((1970..=2099).any(is_kept), "{line}");
    }
}

#[test]
fn what_is_no_rule_is_not_read() {
    assert!(Rule::read("us | 2nd mon 10 | - | 1971- | Columbus Day").is_some());
    for wrong in [
        "",
        "us",
        "us | 01-01 | - | -",
        "us | 01-01 | - | - | ",
        "us | 01-01 | - | - | A | B",
        "us | 13-01 | - | - | A",
        "us | 02-30 | - | - | A",
        "us | 2021-02-29 | - | - | A",
        "us | 5th mon 10 | - | - | A",
        "us | 2nd moon 10 | - | - | A",
        "us | 2nd mon 13 | - | - | A",
        "us | 2nd mon 10 11 | - | - | A",
        "us | mon before 05-25 | - | - | A",
        "us | easter+ | - | - | A",
        "us | easter1x | - | - | A",
        "us | 01-01 | friday | - | A",
        "us | 01-01 | - | 1986-1985 | A",
        "us | 01-01 | - | 86- | A",
        "us | 01-01 | - | ever | A",
    ] {
        assert!(Rule::read(wrong).is_none(), "{wrong}");
    }
}

#[test]
fn whole_years_are_as_elsewhere() {
    for (name, year, expected) in YEARS {
        let found: Vec<String> = calendar(name)
            .of_year(*year)
            .iter()
            .map(|(date, _)| date.format("%m-%d").to_string())
            .collect();
        assert_eq!(found.join(" "), *expected, "{name} {year}");
    }
    for calendar in Calendar::all() {
        let years = YEARS.iter().filter(|(name, ..)| *name == calendar.name()).count();
        assert!(years >= 2, "{calendar}");
    }
}

#[test]
fn a_weekend_is_made_up_for() {
    for (name, day, expected) in [
        ("us", "2021-07-04", Some("Independence Day")),
        ("us", "2021-07-05", Some("Independence Day (observed)")),
        ("us", "2021-12-24", Some("Christmas Day (observed)")),
        ("us", "2021-12-31", Some("New Year's Day (observed)")),
        ("us", "2022-01-03", None),
        ("us", "2026-07-03", Some("Independence Day (observed)")),
        ("gb-eng", "2016-12-26", Some("Boxing Day")),
        ("gb-eng", "2016-12-27", Some("Christmas Day (substitute day)")),
        ("gb-eng", "2020-12-28", Some("Boxing Day (substitute day)")),
        ("gb-eng", "2021-12-27", Some("Christmas Day (substitute day)")),
        ("gb-eng", "2021-12-28", Some("Boxing Day (substitute day)")),
        ("gb-eng", "2022-01-03", Some("New Year's Day (substitute day)")),
        ("gb-eng", "2022-12-26", Some("Boxing Day")),
        ("gb-eng", "2022-12-27", Some("Christmas Day (substitute day)")),
        ("gb-eng", "2022-12-28", None),
        ("gb-sct", "2017-01-02", Some("2nd January")),
        ("gb-sct", "2017-01-03", Some("New Year's Day (substitute day)")),
        ("gb-sct", "2022-01-03", Some("New Year's Day (substitute day)")),
        ("gb-sct", "2022-01-04", Some("2nd January (substitute day)")),
        ("gb-sct", "2024-12-02", Some("St Andrew's Day (substitute day)")),
        ("ca", "2023-07-03", Some("Canada Day (substitute day)")),
        ("ca", "2021-12-28", Some("Boxing Day (substitute day)")),
        ("nl", "2014-04-26", Some("King's Day")),
        ("nl", "2014-04-27", None),
        ("nl", "2006-04-29", Some("Queen's Day")),
        ("nl", "1978-05-01", Some("Queen's Day")),
        ("de", "2021-12-27", None),
    ] {
        assert_eq!(calendar(name).holiday(date(day)), expected, "{name} {day}");
    }
}

#[test]
fn days_of_one_year_alone() {
    for (name, day, expected) in [
        ("gb-eng", "1995-05-01", None),
        ("gb-eng", "1995-05-08", Some("Early May bank holiday (VE Day)")),
        ("gb-eng", "2002-05-27", None),
        ("gb-eng", "2002-06-04", Some("Spring bank holiday")),
        ("gb-eng", "2011-04-29", Some("Wedding of Prince William")),
        ("gb-eng", "2012-05-28", None),
        ("gb-eng", "2012-06-04", Some("Spring bank holiday")),
        ("gb-eng", "2012-06-05", Some("Diamond Jubilee of Elizabeth II")),
        ("gb-eng", "2020-05-04", None),
        ("gb-eng", "2020-05-08", Some("Early May bank holiday (VE Day)")),
        ("gb-eng", "2022-05-30", None),
        ("gb-eng", "2022-09-19", Some("State funeral of Elizabeth II")),
        ("gb-eng", "2023-05-08", Some("Coronation of Charles III")),
        ("gb-eng", "2026-06-15", None),
        ("gb-sct", "2026-06-15", Some("World Cup bank holiday")),
        ("de", "2017-10-31", Some("Reformation Day")),
        ("de", "2018-10-31", None),
        ("pl", "2018-11-12", Some("Centenary of Independence")),
        ("it", "2011-03-17", Some("150 Years of Unity")),
    ] {
        assert_eq!(calendar(name).holiday(date(day)), expected, "{name} {day}");
    }
}

#[test]
fn a_holiday_begins_and_ends_with_its_law() {
    for (name, before, since) in [
        ("us", "1985-01-21", "1986-01-20"),
        ("us", "2020-06-19", "2021-06-19"),
        ("us", "1977-11-11", "1978-11-11"),
        ("gb-eng", "1973-01-01", "1974-01-01"),
        ("gb-eng", "1977-05-02", "1978-05-01"),
        ("gb-sct", "2006-11-30", "2007-11-30"),
        ("de", "1989-10-03", "1990-10-03"),
        ("de", "1995-11-22", "1994-11-16"),
        ("ch", "1993-08-01", "1994-08-01"),
        ("pl", "2010-01-06", "2011-01-06"),
        ("pl", "1989-05-03", "1990-05-03"),
        ("pl", "2024-12-24", "2025-12-24"),
        ("fr", "1981-05-08", "1982-05-08"),
        ("nl", "2013-04-27", "2014-04-26"),
        ("it", "1985-01-06", "1986-01-06"),
        ("it", "2025-10-04", "2026-10-04"),
        ("se", "2004-06-06", "2005-06-06"),
        ("se", "2005-05-16", "2004-05-31"),
        ("ca", "2020-09-30", "2021-09-30"),
    ] {
        assert_eq!(calendar(name).holiday(date(before)), None, "{name} {before}");
        assert!(calendar(name).holiday(date(since)).is_some(), "{name} {since}");
    }
}

#[test]
fn easter_is_where_it_is() {
    for expected in [
        "1818-03-22", // as early as can be
        "1943-04-25", // and as late
        "1954-04-18",
        "1961-04-02",
        "1981-04-19",
        "2000-04-23",
        "2008-03-23",
        "2011-04-24",
        "2024-03-31",
        "2038-04-25",
        "2049-04-18",
        "2076-04-19",
        "2285-03-22",
    ] {
        let expected = date(expected);
        assert_eq!(easter(expected.year()), Some(expected));
    }
}

#[test]
fn a_date_and_its_year_agree() {
    for calendar in Calendar::all() {
        for year in 1970..=2099 {
            let days = calendar.of_year(year);
            assert!(days.len() >= 4, "{calendar} {year}");
            assert!(days.is_sorted_by(|a, b| a.0 < b.0), "{calendar} {year}");
            let first = NaiveDate::from_ymd_opt(year, 1, 1).unwrap();
            let found = first.iter_days().take_while(|date| date.year() == year);
            let found = found.filter_map(|date| Some((date, calendar.holiday(date)?)));
            assert!(found.eq(days), "{calendar} {year}");
        }
        for year in [i32::MIN, 1969, 2100, i32::MAX] {
            assert!(calendar.of_year(year).is_empty(), "{calendar} {year}");
        }
        assert_eq!(calendar.holiday(NaiveDate::MIN), None);
        assert_eq!(calendar.holiday(NaiveDate::MAX), None);
        assert_eq!(calendar.holiday(date("2100-01-01")), None);
    }
}

#[test]
fn what_stands_in_is_a_weekday_of_its_own() {
    for calendar in Calendar::all() {
        for (day, name) in (1970..=2099).flat_map(|year| calendar.of_year(year)) {
            if name.ends_with(" (observed)") || name.ends_with(" (substitute day)") {
                let is_weekend = matches!(day.weekday(), Weekday::Sat | Weekday::Sun);
                assert!(!is_weekend, "{calendar} {day} {name}");
            }
        }
    }
}

#[test]
fn a_misspelt_calendar_has_a_nearest() {
    for wrong in ["", "US", "gb", "us ", "xx"] {
        assert_eq!(Calendar::named(wrong), None, "{wrong}");
    }
    for (wrong, near) in [
        ("US", Some("us")),
        ("usa", Some("us")),
        ("gb", Some("gb-eng")),
        ("uk", Some("gb-eng")),
        ("GB_ENG", Some("gb-eng")),
        ("gb-wls", Some("gb-eng")),
        ("gb-sco", Some("gb-sct")),
        ("sct", Some("gb-sct")),
        ("de-by", Some("de")),
        ("us-ca", Some("us")),
        ("fi", None),
        ("ukraine", None),
        ("", None),
        ("nowhere", None),
    ] {
        assert_eq!(Calendar::nearest(wrong), near, "{wrong}");
    }
    assert_eq!(Calendar::nearest(&"x".repeat(100_000)), None);
}

#[test]
fn a_calendar_is_kept_as_its_name() {
    let text = serde_json::to_string(&calendar("gb-eng")).unwrap();
    assert_eq!(text, "\"gb-eng\"");
    assert_eq!(serde_json::from_str::<Calendar>(&text).unwrap(), calendar("gb-eng"));
    assert_eq!("pl".parse::<Calendar>().unwrap(), calendar("pl"));
    let error = serde_json::from_str::<Calendar>("\"uk\"").unwrap_err();
    assert_eq!(error.to_string(), "unknown holiday calendar `uk`");
}
