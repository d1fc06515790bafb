//! Placement against a scan of every minute, in zones and weeks where clocks change.

use chrono::{Datelike, NaiveDate, Weekday};
use proptest::prelude::*;

use super::{full_on, ground, place_where, zone};
use crate::model::{Delay, Hours, Instant, StepTiming, Weekdays};
use crate::plan::{
    Stop, Zone, due, explain_place, is_open, next_open, place, place_next, window_at,
};

const MINUTE: i64 = 60_000;
const DAY: i64 = 1440 * MINUTE;

/// Zones with an instant near one of their changes.
const CHANGES: &[(&str, &str)] = &[
    ("UTC", "2026-03-08T00:00:00Z"),
    ("America/New_York", "2026-03-08T07:00:00Z"),
    ("America/New_York", "2026-11-01T06:00:00Z"),
    ("America/Los_Angeles", "2026-03-08T10:00:00Z"),
    ("Europe/London", "2026-10-25T01:00:00Z"),
    ("Europe/Berlin", "2026-03-29T01:00:00Z"),
    ("Europe/Dublin", "2026-10-25T01:00:00Z"),
    ("Europe/Moscow", "2014-10-25T22:00:00Z"),
    ("Europe/Istanbul", "2015-11-08T01:00:00Z"),
    ("Asia/Tehran", "2022-03-21T20:30:00Z"),
    ("Asia/Tehran", "2022-09-21T19:30:00Z"),
    ("Asia/Kolkata", "2026-03-08T00:00:00Z"),
    ("Asia/Kathmandu", "1985-12-31T18:30:00Z"),
    ("Asia/Pyongyang", "2018-05-04T15:00:00Z"),
    ("Asia/Gaza", "2023-10-27T23:00:00Z"),
    ("Africa/Cairo", "2026-04-23T22:00:00Z"),
    ("Africa/Cairo", "2026-10-29T21:00:00Z"),
    ("Africa/Casablanca", "2026-02-15T02:00:00Z"),
    ("Australia/Sydney", "2026-10-03T16:00:00Z"),
    ("Australia/Adelaide", "2026-04-04T16:30:00Z"),
    ("Australia/Lord_Howe", "2026-10-03T15:30:00Z"),
    ("Australia/Lord_Howe", "2026-04-04T15:00:00Z"),
    ("America/Santiago", "2026-09-06T04:00:00Z"),
    ("America/Sao_Paulo", "2018-02-18T02:00:00Z"),
    ("America/Havana", "2026-11-01T05:00:00Z"),
    ("America/St_Johns", "2010-11-07T02:31:00Z"),
    ("America/St_Johns", "2011-03-13T03:31:00Z"),
    ("America/Nuuk", "2026-03-28T23:00:00Z"),
    ("America/Caracas", "2016-05-01T07:00:00Z"),
    ("Antarctica/Troll", "2026-03-29T01:00:00Z"),
    ("Atlantic/Azores", "2026-10-25T01:00:00Z"),
    ("Pacific/Apia", "2011-12-30T10:00:00Z"),
    ("Pacific/Auckland", "2026-09-26T14:00:00Z"),
    ("Pacific/Chatham", "2026-04-04T14:00:00Z"),
];

prop_compose! {
    fn somewhere()(
        (name, change) in proptest::sample::select(CHANGES),
        minutes in -4 * 1440_i64..2 * 1440,
        ms in 0_i64..MINUTE,
        whole_minute in any::<bool>(),
    ) -> (Zone, Instant) {
        let ms = if whole_minute { 0 } else { ms };
        (zone(name), super::at(change).plus_ms(minutes * MINUTE + ms))
    }
}

/// Bounds fall often into the small hours, in which clocks are set.
fn minute_of_day() -> impl Strategy<Value = u16> {
    prop_oneof![0_u16..1440, 0_u16..240, 1380_u16..1440, (0_u16..48).prop_map(|half| half * 30)]
}

prop_compose! {
    fn steps()(
        from in minute_of_day(),
        to in minute_of_day(),
        whole in proptest::bool::weighted(0.2),
        days in 1_u8..128,
        jitter_ms in prop_oneof![Just(0), 0_u32..20_000_000],
    ) -> StepTiming {
        let hours = if whole { None } else { Hours::new(from, to) };
        let among = |day: &Weekday| days & (1 << day.num_days_from_monday()) != 0;
        let chosen = Weekdays::ALL.iter().filter(among);
        StepTiming {
            delay: Delay::default(),
            weekdays: Weekdays::new(chosen).unwrap(),
            hours: hours.unwrap_or(Hours::ALL),
            jitter_ms,
        }
    }
}

/// The rules of opening as a person would check them: by reading the clock at every minute.
struct Scan {
    zone: Zone,
    first: i64,
    /// What the clock reads at each minute from `first` on, in milliseconds.
    readings: Vec<i64>,
}

impl Scan {
    fn around(zone: Zone, at: Instant) -> Self {
        let first = (at.as_ms().div_euclid(DAY) - 4) * DAY;
        let read = |i| {
            let local = zone.local(Instant::from_ms(first + i * MINUTE));
            local.and_utc().timestamp_millis()
        };
        let readings = (0..25 * 1440).map(read).collect();
        Self { zone, first, readings }
    }

    /// When the clock first shows the reading, or the reading moved on by the gap it fell into.
    fn shows(&self, reading: i64) -> i64 {
        let index = self.readings.iter().position(|r| *r >= reading).unwrap();
        if self.readings[index] == reading {
            return self.first + index as i64 * MINUTE;
        }
        let skipped_at = self.readings[index - 1] + MINUTE;
        self.first + index as i64 * MINUTE + (reading - skipped_at)
    }

    fn open(&self, step: &StepTiming, at: i64) -> bool {
        let reading = self.zone.local(Instant::from_ms(at)).and_utc().timestamp_millis();
        let today = reading.div_euclid(DAY);
        [today - 1, today].into_iter().any(|day| {
            let date = NaiveDate::from_ymd_opt(1970, 1, 1).unwrap() + chrono::Days::new(day as u64);
            let from = day * DAY + i64::from(step.hours.from_minute()) * MINUTE;
            let mut to = day * DAY + i64::from(step.hours.to_minute()) * MINUTE;
            if to < from {
                to += DAY;
            }
            if !step.weekdays.contains(date.weekday()) || !(from..to).contains(&reading) {
                return false;
            }
            step.hours == Hours::ALL || (self.shows(from)..self.shows(to)).contains(&at)
        })
    }

    /// The first open instant at or after `at`: itself, or a whole minute.
    fn next(&self, step: &StepTiming, at: i64) -> Option<i64> {
        if self.open(step, at) {
            return Some(at);
        }
        let next_minute = (at.div_euclid(MINUTE) + 1) * MINUTE;
        (0..16 * 1440).map(|i| next_minute + i * MINUTE).find(|at| self.open(step, *at))
    }
}

/// Days that are full, by a mask over the day's number.
fn full_by(mask: u16) -> impl Fn(NaiveDate) -> bool + Copy {
    move |date| mask & (1 << (date.num_days_from_ce() % 16)) != 0
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_next_opening_is_what_a_scan_of_minutes_finds(
        (zone, from) in somewhere(),
        step in steps(),
    ) {
        let scan = Scan::around(zone, from);
        prop_assert_eq!(is_open(&step, zone, from), scan.open(&step, from.as_ms()));
        // A window that a change skips may put the next opening beyond the scan.
        if let Some(expected) = scan.next(&step, from.as_ms()) {
            prop_assert_eq!(next_open(&step, zone, from), Some(Instant::from_ms(expected)));
        } else {
            prop_assert!(next_open(&step, zone, from).unwrap().ms_since(from) >= 16 * DAY);
        }
    }

    #[test]
    fn a_window_is_open_from_its_beginning_to_its_end(
        (zone, from) in somewhere(),
        step in steps(),
    ) {
        let open = next_open(&step, zone, from).unwrap();
        let (start, end) = window_at(&step, zone, open).unwrap();
        prop_assert!(start <= open && open < end);
        prop_assert!(is_open(&step, zone, start) && is_open(&step, zone, end.plus_ms(-1)));
        let middle = start.plus_ms(end.ms_since(start) / 2);
        prop_assert_eq!(window_at(&step, zone, middle), Some((start, end)));
        prop_assert_ne!(window_at(&step, zone, end).map(|(start, _)| start), Some(start));
    }

    #[test]
    fn what_is_placed_is_open_and_not_early(
        (zone, natural) in somewhere(),
        (sender, _) in somewhere(),
        step in steps(),
        seed: u64,
        mask in 0_u16..0x7fff,
    ) {
        let placed = place(&step, zone, natural, seed).unwrap();
        prop_assert!(placed >= natural && is_open(&step, zone, placed));
        let same = place_where(&step, zone, natural, 0, sender, |_| false);
        prop_assert_eq!(same, place(&step, zone, natural, 0));
        let full = full_by(mask);
        if let Some(placed) = place_where(&step, zone, natural, seed, sender, full) {
            prop_assert!(placed >= natural && is_open(&step, zone, placed));
            prop_assert!(!full(sender.date_of(placed)));
        }
    }

    #[test]
    fn later_due_is_never_placed_earlier(
        (zone, natural) in somewhere(),
        (sender, _) in somewhere(),
        step in steps(),
        later in 0..10 * DAY,
        mask in 0_u16..0x7fff,
    ) {
        let step = StepTiming { jitter_ms: 0, ..step };
        let after = natural.plus_ms(later);
        prop_assert!(place(&step, zone, natural, 0) <= place(&step, zone, after, 0));
        let full = full_by(mask);
        let end = |at| place_where(&step, zone, at, 0, sender, full).unwrap_or(Instant::MAX);
        prop_assert!(end(natural) <= end(after));
    }

    #[test]
    fn the_explanation_leads_to_the_plan(
        (zone, previous) in somewhere(),
        (sender, _) in somewhere(),
        step in steps(),
        days in 0_u32..9,
        wait in prop_oneof![Just(0), 0..5 * DAY],
        seed: u64,
        mask in 0_u16..0x7fff,
    ) {
        let step = StepTiming { delay: Delay::Days(days), ..step };
        let natural = due(step.delay, previous, zone).plus_ms(wait);
        let full = full_by(mask);
        let ledger = full_on(sender, natural, full);
        let ground = ground(zone, sender, &ledger);
        let stop = Stop { timing: &step, seed };
        let Ok(placed) = place_next(&ground, stop, natural) else {
            return Ok(());
        };
        let moves = explain_place(&ground, (stop, 1), Some(previous), natural, placed.at).unwrap();
        let mut at = previous;
        for step in &moves {
            prop_assert_eq!(step.from, at);
            prop_assert!(step.to > at);
            prop_assert!(!step.to_string().is_empty());
            at = step.to;
        }
        prop_assert_eq!(placed.at, at);
    }

    #[test]
    fn a_delay_in_days_keeps_the_reading_or_moves_it_on(
        (zone, from) in somewhere(),
        days in 0_u32..400,
    ) {
        let due = due(Delay::Days(days), from, zone);
        prop_assert!(due >= from);
        let wanted = zone.local(from) + chrono::Days::new(u64::from(days));
        prop_assert!(zone.local(due) >= wanted);
        prop_assert!(zone.local(due) - wanted <= chrono::TimeDelta::hours(24));
    }
}
