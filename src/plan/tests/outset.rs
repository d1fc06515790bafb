//! Where a timeline begins, whoever sends it.

use super::{at, elapsed_days, ground, timing, zone};
use crate::model::{Instant, Pace, Period, StepTiming};
use crate::plan::{CompanySends, Ledger, Outset, Paced, Stop, Zone, outset};

fn day(date: &str) -> i32 {
    date.parse::<chrono::NaiveDate>().unwrap().to_epoch_days()
}

fn found(steps: &[StepTiming], due: Instant, zones: &[Zone]) -> Option<Outset> {
    let ledger = Ledger::new(None);
    let ground = ground(Zone::UTC, Zone::UTC, &ledger);
    let stops: Vec<Stop<'_>> = steps.iter().map(|timing| Stop { timing, seed: 9 }).collect();
    outset(&ground, &stops, due, zones)
}

#[test]
fn its_days_are_those_of_each_zone() {
    let first = StepTiming { jitter_ms: 3_600_000, ..timing("all", "02:00-05:00") };
    let second = StepTiming { delay: elapsed_days(3), ..timing("all", "09:00-17:00") };
    let zones = [Zone::UTC, zone("America/New_York")];
    let expected = Outset {
        opens: at("2026-07-02T02:00:00Z"),
        days: [
            ["2026-07-01", "2026-07-02", "2026-07-05"],
            // At two o'clock it is ten in the evening of the day before.
            ["2026-07-01", "2026-07-01", "2026-07-05"],
        ]
        .concat()
        .into_iter()
        .map(day)
        .collect(),
        first_day: day("2026-07-01"),
    };
    let due = at("2026-07-01T06:00:00Z");
    assert_eq!(found(&[first, second], due, &zones), Some(expected));
}

/// In Havana the clocks went back from 01:00 to 00:00 on 1 November: its midnight came twice.
#[test]
fn none_is_told_where_the_day_after_begins_twice() {
    let step = timing("all", "00:00-24:00");
    let havana = [zone("America/Havana")];
    for (due, is_told) in [
        ("2026-10-30T16:00:00Z", true),
        ("2026-10-31T16:00:00Z", false),
        ("2026-11-01T16:00:00Z", true),
    ] {
        assert_eq!(found(&[step], at(due), &havana).is_some(), is_told, "{due}");
    }
}

#[test]
fn what_is_full_does_not_matter() {
    let step = timing("all", "09:00-17:00");
    let due = at("2026-07-01T10:00:00Z");
    let mut ledger = Ledger::new(Some(1));
    ledger.reserve(day("2026-07-01"));
    let mut sends = CompanySends::default();
    sends.spend(day("2026-07-01"));
    let pace = Pace { sends: 1, per: Period::Day };
    let mut full = ground(Zone::UTC, Zone::UTC, &ledger);
    full.paced = Some(Paced { pace, sends: &sends });
    let stops = [Stop { timing: &step, seed: 0 }];
    let told = outset(&full, &stops, due, &[Zone::UTC]).unwrap();
    assert_eq!(told.opens, due);
    // But there is no place for it on that day.
    assert_eq!(full.left(day("2026-07-01")), 0);
}
