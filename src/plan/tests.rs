//! Tests of the planner.

mod explained;
mod golden;
mod holidays;
mod outset;
mod properties;
mod vectors;
mod whole;
mod zones;

use chrono::{NaiveDate, Weekday};

use super::{Asker, ClosedDays, Ground, Ledger, PromisedDays, Stop, Zone, place_next};
use crate::model::{Delay, Hours, Instant, StepTiming, Weekdays};

fn at(text: &str) -> Instant {
    text.parse().unwrap()
}

fn zone(name: &str) -> Zone {
    Zone::named(name).unwrap()
}

/// `all`, `Mon-Fri` or days such as `Thu Fri`.
fn days(text: &str) -> Weekdays {
    match text {
        "all" => Weekdays::ALL,
        "Mon-Fri" => Weekdays::WORKING,
        _ => Weekdays::new(text.split(' ').map(|day| day.parse::<Weekday>().unwrap())).unwrap(),
    }
}

/// `09:00-17:00`.
fn hours(text: &str) -> Hours {
    let minute = |clock: &str| -> u16 {
        let (hour, minute) = clock.split_once(':').unwrap();
        hour.parse::<u16>().unwrap() * 60 + minute.parse::<u16>().unwrap()
    };
    let (from, to) = text.split_once('-').unwrap();
    Hours::new(minute(from), minute(to)).unwrap()
}

fn timing(weekdays: &str, open: &str) -> StepTiming {
    StepTiming { weekdays: days(weekdays), hours: hours(open), ..StepTiming::default() }
}

/// A sender of one slot a day, which is taken on some days.
fn full_on(zone: Zone, from: Instant, full: impl Fn(NaiveDate) -> bool) -> Ledger {
    let mut ledger = Ledger::new(Some(1));
    let dates = zone.date_of(from).pred_opt().into_iter().flat_map(|date| date.iter_days());
    for date in dates.take(1500).filter(|date| full(*date)) {
        ledger.reserve(date.to_epoch_days());
    }
    ledger
}

/// Where one step goes under a sender with such a ledger.
fn ground<'a>(zone: Zone, day_zone: Zone, ledger: &'a Ledger) -> Ground<'a> {
    let none = ClosedDays::none();
    let (own, asker) = (&PromisedDays::NONE, Asker::Conversation);
    Ground { zone, holidays: none, day_zone, frozen: none, ledger, own, paced: None, asker }
}

/// Where a step goes that is due at an instant, on the first day that is not full.
fn place_where(
    timing: &StepTiming,
    zone: Zone,
    due: Instant,
    seed: u64,
    day_zone: Zone,
    full: impl Fn(NaiveDate) -> bool,
) -> Option<Instant> {
    let ledger = full_on(day_zone, due, full);
    let slot = place_next(&ground(zone, day_zone, &ledger), Stop { timing, seed }, due);
    slot.ok().map(|slot| slot.at)
}

const DAY_MS: u64 = 86_400_000;

fn elapsed_days(days: u64) -> Delay {
    Delay::ElapsedMs(days * DAY_MS)
}
