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

use host::Year;
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestRunner};
use world::{ZONES, world};

fn cases(few: u32) -> ProptestConfig {
    let asked = std::env::var("HOLDLINE_CASES").ok();
    let seed = if asked.is_some() { RngSeed::Random } else { RngSeed::Fixed(7) };
    ProptestConfig {
        cases: asked.and_then(|text| text.parse().ok()).unwrap_or(few),
        rng_seed: seed,
        failure_persistence: None,
        max_shrink_iters: 200,
        ..ProptestConfig::default()
    }
}

#[test]
fn l6_l7_a_year_of_sends_keeps_limits_windows_holidays_and_freezes() {
    let config = cases(10);
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
