//! The golden vectors of the semantics that the planner answers for.

use super::{at, elapsed_days, place_where, timing, zone};
use crate::model::{Delay, StepTiming};
use crate::plan::{Zone, due, place, window_at};

#[test]
fn g1_each_step_on_its_own_weekdays() {
    let step = |delay, weekdays| StepTiming { delay, ..timing(weekdays, "09:00-17:00") };
    let first = at("2026-03-03T10:00:00Z");
    let second = step(elapsed_days(3), "Thu Fri");
    let third = step(elapsed_days(1), "Tue");
    let two = place(&second, Zone::UTC, due(second.delay, first, Zone::UTC), 0).unwrap();
    assert_eq!(two, at("2026-03-06T10:00:00Z"));
    let three = place(&third, Zone::UTC, due(third.delay, two, Zone::UTC), 0).unwrap();
    assert_eq!(three, at("2026-03-10T09:00:00Z"));
}

#[test]
fn g2_three_days_after_thursday() {
    let sent = at("2026-03-05T10:00:00Z");
    let natural = due(elapsed_days(3), sent, Zone::UTC);
    let all = timing("all", "09:00-17:00");
    let working = timing("Mon-Fri", "09:00-17:00");
    assert_eq!(place(&all, Zone::UTC, natural, 0), Some(at("2026-03-08T10:00:00Z")));
    assert_eq!(place(&working, Zone::UTC, natural, 0), Some(at("2026-03-09T09:00:00Z")));
}

#[test]
fn g6_a_skipped_reading_moves_forward_by_the_gap() {
    let new_york = zone("America/New_York");
    let local = "2007-03-11T02:30:00".parse().unwrap();
    let expected = at("2007-03-11T07:30:00Z");
    assert_eq!(new_york.resolve(local), expected);
    assert_eq!(new_york.local(expected).to_string(), "2007-03-11 03:30:00");
    let from = at("2007-03-10T02:30:00-05:00");
    assert_eq!(due(Delay::Days(1), from, new_york), expected);
    let step = timing("all", "02:30-05:00");
    assert_eq!(place(&step, new_york, at("2007-03-10T12:00:00Z"), 0), Some(expected));
}

#[test]
fn g7_a_window_planned_across_a_fall_back() {
    let new_york = zone("America/New_York");
    let step = StepTiming { delay: Delay::Days(15), ..timing("all", "14:00-15:00") };
    let natural = due(step.delay, at("2021-10-24T14:00:00-04:00"), new_york);
    let placed = place(&step, new_york, natural, 0).unwrap();
    assert_eq!(placed, at("2021-11-08T14:00:00-05:00"));
    let window = window_at(&step, new_york, placed).unwrap();
    assert_eq!(window, (placed, at("2021-11-08T15:00:00-05:00")));
    // Elapsed days come an hour early by the clock and wait for the window.
    let natural = due(elapsed_days(15), at("2021-10-24T14:00:00-04:00"), new_york);
    assert_eq!(place(&step, new_york, natural, 0), Some(placed));
}

#[test]
fn g9_full_days_are_passed_over() {
    let berlin = zone("Europe/Berlin");
    let step = timing("Mon-Fri", "09:00-17:00");
    let released = at("2026-07-08T00:00:00+02:00");
    let full = |date: chrono::NaiveDate| ["2026-07-08", "2026-07-09"].contains(&&*date.to_string());
    let placed = place_where(&step, berlin, released, 0, berlin, full);
    assert_eq!(placed, Some(at("2026-07-10T09:00:00+02:00")));
}
