//! When a step may go out, told by what the clocks say.

use chrono::{Datelike, NaiveDate, Timelike};
use holdline::Instant;
use holdline::plan::{Calendar, Zone};

use super::world::{Days, Step};

/// What closes days.
#[derive(Clone, Debug, Default)]
pub struct Closed {
    pub holidays: Vec<&'static str>,
    pub own: Days,
}

impl Closed {
    fn closes(&self, date: NaiveDate) -> bool {
        let is_holiday = |name: &&str| Calendar::named(name).unwrap().holiday(date).is_some();
        self.own.contain(date) || self.holidays.iter().any(is_holiday)
    }
}

/// Why a step must not go out at an instant in a zone, if it must not.
pub fn objection(step: &Step, zone: Zone, at: Instant, closed: &Closed) -> Option<String> {
    let local = zone.local(at);
    let minute = local.hour() * 60 + local.minute();
    let (from, to) = step.hours;
    let begins = |date: NaiveDate| {
        let weekday = date.weekday().num_days_from_monday();
        step.days & (1 << weekday) != 0 && !closed.closes(date)
    };
    // Hours over midnight belong to the day on which they begin.
    let today = begins(local.date()) && minute >= from && (minute < to || to < from);
    let since_yesterday = to < from && minute < to && begins(local.date().pred_opt().unwrap());
    (!today && !since_yesterday)
        .then(|| format!("{local} in {} is no time for {step:?}", zone.name()))
}
