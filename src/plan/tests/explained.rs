//! What the explanation of a plan says.

use super::{at, elapsed_days, timing, zone};
use crate::model::{Delay, Instant, StepTiming};
use crate::plan::{Zone, due, explain_place, place_where};

fn check(step: &StepTiming, zone: Zone, previous: &str, full: &[&str], expected: &[&str]) {
    let previous = at(previous);
    let natural = due(step.delay, previous, zone);
    let full = |date: chrono::NaiveDate| full.contains(&&*date.to_string());
    let moves = explain_place(step, zone, Some(previous), natural, 5, zone, full);
    let told: Vec<String> = moves.iter().map(|step| step.after("step 2").to_string()).collect();
    assert_eq!(told, expected);
    let end = moves.last().map_or(natural, |last| last.to);
    let placed = place_where(step, zone, natural, 5, zone, full);
    assert_eq!(placed.unwrap_or(Instant::MAX), end);
}

#[test]
fn a_weekend_and_the_morning() {
    let step = StepTiming { delay: elapsed_days(3), ..timing("Mon-Fri", "09:00-17:00") };
    check(
        &step,
        zone("Europe/Berlin"),
        "2026-03-05T09:12:00+01:00",
        &[],
        &[
            "3 days after step 2 is Sun 8 Mar 09:12",
            "the step sends Mon\u{2013}Fri, not on Sun 8 Mar",
            "the step sends 09:00-17:00, next Mon 9 Mar 09:00",
        ],
    );
}

#[test]
fn full_days_and_jitter() {
    let step = StepTiming {
        delay: Delay::BusinessDays(1),
        jitter_ms: 60_000,
        ..timing("Mon Tue Thu", "09:00-17:00")
    };
    check(
        &step,
        Zone::UTC,
        "2026-03-02T18:00:00Z",
        &["2026-03-05", "2026-03-09"],
        &[
            "1 business day after step 2 is Tue 3 Mar 18:00",
            "Tue 3 Mar 18:00 is after 09:00-17:00",
            "the step sends Mon, Tue, Thu, not on Wed 4 Mar",
            "the step sends 09:00-17:00, next Thu 5 Mar 09:00",
            "2 days from Thu 5 Mar to Mon 9 Mar are full",
            "spread within the hours to Tue 10 Mar 09:00",
        ],
    );
}

#[test]
fn a_gap() {
    let step = StepTiming { delay: Delay::Days(1), ..timing("all", "02:15-02:45") };
    check(
        &step,
        zone("America/New_York"),
        "2026-03-07T02:30:00-05:00",
        &[],
        &[
            "1 day after step 2 is Sun 8 Mar 03:30",
            "on Sun 8 Mar the clocks skip 02:15",
            "the step sends 02:15-02:45, next Mon 9 Mar 02:15",
        ],
    );
}

#[test]
fn hours_that_begin_in_a_gap() {
    let step = timing("all", "02:30-05:00");
    let (new_york, none) = (zone("America/New_York"), |_| false);
    let told = |from| {
        explain_place(&step, new_york, None, at(from), 0, new_york, none)
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
    };
    assert_eq!(told("2026-03-08T01:00:00-05:00"), ["on Sun 8 Mar the clocks skip 02:30"]);
    // Once the hours are over, the gap is no reason any more.
    assert_eq!(
        told("2026-03-08T06:00:00-04:00"),
        [
            "Sun 8 Mar 06:00 is after 02:30-05:00",
            "the step sends 02:30-05:00, next Mon 9 Mar 02:30",
        ]
    );
}

#[test]
fn a_release_and_no_moves_at_all() {
    let step = timing("all", "09:00-17:00");
    let noon = at("2026-03-02T12:00:00Z");
    let none = |_| false;
    let moves = explain_place(&step, Zone::UTC, None, noon, 0, Zone::UTC, none);
    assert_eq!(moves, []);
    let previous = Some(at("2026-03-01T12:00:00Z"));
    let moves = explain_place(&step, Zone::UTC, previous, noon, 0, Zone::UTC, none);
    let told: Vec<String> = moves.iter().map(ToString::to_string).collect();
    assert_eq!(told, ["released Mon 2 Mar 12:00"]);
}

#[test]
fn no_slot_ends_the_tale() {
    let step = timing("all", "09:00-17:00");
    let noon = at("2026-03-02T12:00:00Z");
    let moves = explain_place(&step, Zone::UTC, None, noon, 0, Zone::UTC, |_| true);
    assert_eq!(moves.last().unwrap().to, Instant::MAX);
}
