//! A year of sending, all over the world: no day of a sender has more sends than its limit (L6),
//! and nothing goes out, or is planned, outside the days and hours of its step (L7).
//!
//! Calendars, limits, freezes, zones and steps change; people are held and released in every way;
//! a host claims every few hours, confirms and reports, and is away at times. What is right is
//! told by the readings of clocks, and not by the planner. `HOLDLINE_CASES=n` runs n years, and
//! others each time.

mod calendar;
mod host;
mod world;

use std::cell::Cell;

use super::cases::cases;
use host::Year;
use proptest::test_runner::TestRunner;
use world::{ZONES, world};

/// That of the cases which are tried by default.
const SEED: u64 = 7;

#[test]
fn l6_l7_a_year_of_sends_keeps_limits_windows_holidays_and_freezes() {
    let config = cases(10, SEED);
    let (years, sends) = (config.cases, Cell::new(0));
    let passed = TestRunner::new(config).run(&world(), |world| {
        let mut year = Year::new(&world);
        year.pass(&world)?;
        sends.set(sends.get() + year.sends());
        Ok(())
    });
    if let Err(failure) = passed {
        panic!("{failure}");
    }
    // In some worlds all are held, or no limit is left; on the whole there was much to go wrong.
    assert!(sends.get() > 20 * years, "{} sends in {years} years", sends.get());
}

#[test]
fn the_world_has_zones_of_all_kinds() {
    let zones: std::collections::BTreeSet<&str> = ZONES.into_iter().collect();
    assert!(zones.len() >= 20);
}
