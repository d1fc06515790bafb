//! Windows and delays around clock changes, midnights, leap days and month ends.

use chrono::NaiveDate;

use super::{at, full_on, ground, place_where, timing, zone};
use crate::model::{Delay, Instant};
use crate::plan::{
    ClosedDays, Ground, Scout, Stop, Zone, due, is_open, next_open, place, place_next, place_whole,
    window_at,
};

/// Zone, weekdays, hours, an instant, and the first open instant from there.
const OPENINGS: &str = include_str!("openings.txt");

/// Zone, delay (`ms`, `d`ays or `b`usiness days), an instant, and when it is due.
const DELAYS: &str = include_str!("delays.txt");

/// Both zones, weekdays, hours, an instant, days on which nothing goes out, and the first slot.
const SLOTS: &str = include_str!("slots.txt");

/// The rows of a table, each with its fields.
fn rows<const N: usize>(table: &'static str) -> impl Iterator<Item = [&'static str; N]> {
    let lines = table.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| Vec::from_iter(line.split_whitespace()).try_into().expect(line))
}

#[test]
fn the_first_open_instant() {
    for [name, weekdays, hours, from, expected] in rows(OPENINGS) {
        let (step, zone) = (timing(weekdays, hours), zone(name));
        let found = next_open(&step, zone, at(from));
        assert_eq!(found, Some(at(expected)), "{name} {weekdays} {hours} from {from}");
        assert!(is_open(&step, zone, at(expected)), "{name} {hours} at {expected}");
        let same = at(from) == at(expected);
        assert_eq!(is_open(&step, zone, at(from)), same, "{name} {hours} at {from}");
    }
}

fn delay(text: &str) -> Delay {
    if let Some(ms) = text.strip_suffix("ms") {
        Delay::ElapsedMs(ms.parse().unwrap())
    } else if let Some(days) = text.strip_suffix('d') {
        Delay::Days(days.parse().unwrap())
    } else {
        Delay::BusinessDays(text.strip_suffix('b').unwrap().parse().unwrap())
    }
}

#[test]
fn when_a_delay_ends() {
    for [name, length, from, expected] in rows(DELAYS) {
        let due = due(delay(length), at(from), zone(name));
        assert_eq!(due, at(expected), "{name} {length} from {from}");
    }
}

/// `2026-03-02..2026-03-04,2026-03-09`, or `-`.
fn closed(text: &str) -> ClosedDays {
    let day = |text: &str| text.parse::<NaiveDate>().unwrap().to_epoch_days();
    let ranges = text.split(',').filter(|range| *range != "-").map(|range| {
        let (first, last) = range.split_once("..").unwrap_or((range, range));
        (day(first), day(last))
    });
    ClosedDays::new(ranges)
}

#[test]
fn the_first_slot_between_two_zones() {
    for row in rows(SLOTS) {
        let [name, sender, weekdays, hours, from, full, holidays, frozen, expected] = row;
        let (full, holidays, frozen) = (closed(full), closed(holidays), closed(frozen));
        let utc = |minute: &str| at(&format!("{minute}:00Z"));
        let is_full = |date: NaiveDate| full.contains(date.to_epoch_days());
        let ledger = full_on(zone(sender), utc(from), is_full);
        let ground = ground(zone(name), zone(sender), &ledger);
        let ground = Ground { holidays: &holidays, frozen: &frozen, ..ground };
        let timing = &timing(weekdays, hours);
        let slot = place_next(&ground, Stop { timing, seed: 0 }, utc(from));
        assert_eq!(slot.map(|slot| slot.at), Ok(utc(expected)), "{}", row.join(" "));
        let whole =
            place_whole(&ground, &[Stop { timing, seed: 0 }], utc(from), &mut Scout::default());
        assert_eq!(whole.map(|slots| slots[0].at), Ok(utc(expected)), "{}", row.join(" "));
    }
}

#[test]
fn business_days_count_as_one_by_one() {
    for start in 0..7 {
        let start = at("2026-03-02T09:00:00Z").plus_ms(start * 86_400_000);
        let mut day = start;
        for count in 1..=30 {
            day = due(Delay::BusinessDays(1), day, Zone::UTC);
            assert_eq!(due(Delay::BusinessDays(count), start, Zone::UTC), day);
        }
    }
}

#[test]
fn days_of_23_and_25_hours_are_whole() {
    let (step, zone) = (timing("all", "00:00-24:00"), zone("America/New_York"));
    let hours = |noon| {
        let (start, end) = window_at(&step, zone, at(noon)).unwrap();
        end.ms_since(start) / 3_600_000
    };
    assert_eq!(hours("2026-03-08T16:00:00Z"), 23);
    assert_eq!(hours("2026-03-09T16:00:00Z"), 24);
    assert_eq!(hours("2026-11-01T16:00:00Z"), 25);
}

#[test]
fn jitter_stays_within_the_window() {
    let mut step = timing("all", "09:00-17:00");
    step.jitter_ms = 3_600_000;
    let placed = |from, seed| place(&step, Zone::UTC, at(from), seed);
    let nine = at("2026-03-02T09:00:00Z");
    assert_eq!(placed("2026-03-02T00:00:00Z", 0), Some(nine));
    assert_eq!(placed("2026-03-02T00:00:00Z", 3_600_001), Some(nine.plus_ms(1)));
    // A minute before the end only that minute is left.
    let late = at("2026-03-02T16:59:00Z");
    assert_eq!(placed("2026-03-02T16:59:00Z", 59_999), Some(late.plus_ms(59_999)));
    assert_eq!(placed("2026-03-02T16:59:00Z", 60_000), Some(late));
}

#[test]
fn a_full_day_is_left_where_the_senders_next_day_begins() {
    // The prospect's window is open all day; the sender's day ends at 08:00 UTC.
    let (step, sender) = (timing("all", "00:00-24:00"), zone("America/Los_Angeles"));
    let full = |date: chrono::NaiveDate| date.to_string() == "2026-01-12";
    let placed = place_where(&step, Zone::UTC, at("2026-01-12T12:00:00Z"), 0, sender, full);
    assert_eq!(placed, Some(at("2026-01-13T08:00:00Z")));
}

#[test]
fn a_jitter_does_not_cross_into_another_day() {
    let mut step = timing("all", "22:00-02:00");
    step.jitter_ms = 4 * 3_600_000;
    let natural = at("2026-03-02T23:00:00Z");
    let seed = 2 * 3_600_000 + 1;
    assert_eq!(place(&step, Zone::UTC, natural, seed), Some(natural.plus_ms(2 * 3_600_000 + 1)));
    // The slot is one of the day on which the window was met.
    for full in ["2026-03-03", "none"] {
        let full = |date: chrono::NaiveDate| date.to_string() == full;
        let placed = place_where(&step, Zone::UTC, natural, seed, Zone::UTC, full);
        assert_eq!(placed, Some(natural.plus_ms(1)));
    }
}

#[test]
fn when_every_day_is_full_the_search_ends() {
    let step = timing("all", "09:00-17:00");
    for name in ["UTC", "America/St_Johns", "Pacific/Apia"] {
        let from = at("2010-11-06T12:00:00Z");
        assert_eq!(place_where(&step, zone(name), from, 0, zone(name), |_| true), None);
    }
}

#[test]
fn at_the_rims_of_time_nothing_breaks() {
    for name in ["UTC", "Pacific/Kiritimati", "Pacific/Niue", "America/New_York"] {
        let step = timing("Mon", "23:00-01:00");
        assert!(next_open(&step, zone(name), Instant::MIN).is_some());
        assert_eq!(next_open(&step, zone(name), Instant::MAX), None);
        assert_eq!(place(&timing("all", "00:00-24:00"), zone(name), Instant::MAX, 7), None);
        assert!(!is_open(&step, zone(name), Instant::MAX));
    }
}

#[test]
fn days_are_counted_up_to_the_last_of_the_calendar() {
    let noon_before = Instant::MAX.plus_ms(-36 * 3_600_000);
    let noon = Instant::MAX.plus_ms(-12 * 3_600_000);
    assert_eq!(due(Delay::Days(1), noon_before, Zone::UTC), noon);
    assert_eq!(due(Delay::Days(2), noon_before, Zone::UTC), Instant::MAX);
    assert_eq!(due(Delay::Days(u32::MAX), noon_before, Zone::UTC), Instant::MAX);
}

#[test]
fn a_full_day_that_returns_is_left_for_good() {
    // At 00:01 on the 7th the clocks of St John's went back to 23:01 on the 6th.
    let (step, sender) = (timing("all", "00:00-24:00"), zone("America/St_Johns"));
    let full = |date: chrono::NaiveDate| date.to_string() == "2010-11-06";
    let placed = |from| place_where(&step, Zone::UTC, at(from), 0, sender, full);
    let (begins, returns) = ("2010-11-07T02:30:00Z", "2010-11-07T03:30:00Z");
    assert_eq!(placed("2010-11-06T12:00:00Z"), Some(at(begins)));
    assert_eq!(placed("2010-11-07T02:31:00Z"), Some(at(returns)));
}
