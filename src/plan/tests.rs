//! Tests of the planner.

mod explained;
mod golden;
mod holidays;
mod properties;
mod vectors;
mod whole;
mod zones;

use chrono::Weekday;

use super::Zone;
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

const DAY_MS: u64 = 86_400_000;

fn elapsed_days(days: u64) -> Delay {
    Delay::ElapsedMs(days * DAY_MS)
}
