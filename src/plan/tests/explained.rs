//! What the explanation of a plan says.

use super::{at, elapsed_days, full_on, ground, timing, zone};
use crate::model::{Delay, StepTiming};
use crate::plan::{
    ClosedDays, Ground, Ledger, Move, Scout, Stop, Zone, due, explain_place, place_next,
    place_whole,
};

fn check(step: &StepTiming, zone: Zone, previous: &str, full: &[&str], expected: &[&str]) {
    let previous = at(previous);
    let natural = due(step.delay, previous, zone);
    let full = |date: chrono::NaiveDate| full.contains(&&*date.to_string());
    let ledger = full_on(zone, natural, full);
    let ground = ground(zone, zone, &ledger);
    let stop = Stop { timing: step, seed: 5 };
    let placed = place_next(&ground, stop, natural).unwrap().at;
    let moves = explain_place(&ground, (stop, 1), Some(previous), natural, placed).unwrap();
    let told: Vec<String> = moves.iter().map(|step| step.after("step 2").to_string()).collect();
    assert_eq!(told, expected);
    assert_eq!(moves.last().map_or(natural, |last| last.to), placed);
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
            "no slot is free from Thu 5 Mar to Mon 9 Mar",
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

/// What is told of a step on its own, under a sender who is never full.
fn told(step: &StepTiming, zone: Zone, previous: Option<&str>, due: &str) -> Vec<String> {
    let ledger = Ledger::new(None);
    let ground = ground(zone, zone, &ledger);
    let (stop, due) = (Stop { timing: step, seed: 0 }, at(due));
    let placed = place_next(&ground, stop, due).unwrap().at;
    let moves = explain_place(&ground, (stop, 1), previous.map(at), due, placed).unwrap();
    moves.iter().map(ToString::to_string).collect()
}

#[test]
fn hours_that_begin_in_a_gap() {
    let step = timing("all", "02:30-05:00");
    let told = |from| told(&step, zone("America/New_York"), None, from);
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
    let noon = "2026-03-02T12:00:00Z";
    assert_eq!(told(&step, Zone::UTC, None, noon), Vec::<String>::new());
    let previous = Some("2026-03-01T12:00:00Z");
    assert_eq!(told(&step, Zone::UTC, previous, noon), ["released Mon 2 Mar 12:00"]);
}

#[test]
fn what_was_left_of_a_delay() {
    const MINUTE: i64 = 60_000;
    let released = at("2026-03-02T12:00:00Z");
    let told = |ms| Move::remaining(released, released.plus_ms(ms), Zone::UTC).to_string();
    for (ms, left) in [
        (MINUTE - 1, "less than a minute was"),
        (MINUTE, "1 minute was"),
        (25 * 60 * MINUTE, "1 day 1 hour were"),
        (23 * 60 * MINUTE + 59 * MINUTE, "23 hours 59 minutes were"),
        (49 * 60 * MINUTE + 61 * MINUTE, "2 days 2 hours 1 minute were"),
        (24 * 60 * MINUTE, "1 day was"),
    ] {
        assert_eq!(told(ms), format!("{left} left when it was held; released Mon 2 Mar 12:00"));
    }
}

#[test]
fn closed_days_a_freeze_and_a_whole_timeline() {
    let number = |date: &str| date.parse::<chrono::NaiveDate>().unwrap().to_epoch_days();
    let days = |first, last| ClosedDays::new([(number(first), number(last))]);
    let (holidays, frozen) = (days("2026-12-25", "2026-12-25"), days("2026-12-28", "2026-12-30"));
    let mut ledger = Ledger::new(Some(10));
    // Of the two steps the second has no slot until the 5th.
    (number("2027-01-01")..number("2027-01-05")).for_each(|day| {
        (0..10).for_each(|_| ledger.reserve(day));
    });
    let ground =
        Ground { holidays: &holidays, frozen: &frozen, ..ground(Zone::UTC, Zone::UTC, &ledger) };
    let first = timing("Mon-Fri", "09:00-17:00");
    let second = StepTiming { delay: Delay::Days(1), ..first };
    let stops = [&first, &second].map(|timing| Stop { timing, seed: 0 });
    let due = at("2026-12-25T12:00:00Z");
    let placed = place_whole(&ground, &stops, due, &mut Scout::default()).unwrap();
    assert_eq!(placed[0].at, at("2027-01-05T09:00:00Z"));
    let moves = explain_place(&ground, (stops[0], 2), None, due, placed[0].at).unwrap();
    let told: Vec<String> = moves.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "nothing is sent on Fri 25 Dec",
            "the step sends Mon\u{2013}Fri, not on Sat 26 Dec",
            "the step sends 09:00-17:00, next Mon 28 Dec 09:00",
            "the sender does not send from Mon 28 Dec to Wed 30 Dec",
            "the step sends 09:00-17:00, next Thu 31 Dec 09:00",
            "a timeline that begins from Thu 31 Dec to Mon 4 Jan has no slots for both 2 steps",
        ]
    );
    // Once a day has become free, the search would lead elsewhere: then nothing is told.
    assert_eq!(explain_place(&ground, (stops[0], 2), None, due, at("2026-12-31T10:00:00Z")), None);
}
