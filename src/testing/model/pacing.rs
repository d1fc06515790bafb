//! The most sends to the people of one company: counted anew each time, but for what went out.

use chrono::{Datelike, Days, NaiveDate};

use super::{Enrollment, Model};
use crate::model::{Pace, Period};

/// A day's period: its first and its last day.
fn period(pace: Pace, day: NaiveDate) -> (NaiveDate, NaiveDate) {
    match pace.per {
        Period::Day => (day, day),
        Period::Week => {
            let monday = day - Days::new(day.weekday().num_days_from_monday().into());
            (monday, monday + Days::new(6))
        }
    }
}

fn within((first, last): (NaiveDate, NaiveDate), days: &[NaiveDate]) -> usize {
    days.iter().filter(|day| (first..=last).contains(*day)).count()
}

impl Model {
    /// The bound of an enrollment's campaign, and its company, if there are both.
    fn paced(&self, it: &Enrollment) -> Option<(Pace, (String, String))> {
        let pace = self.campaigns[&it.campaign].company_pace?;
        let company = self.prospects[&it.prospect].company.clone()?;
        Some((pace, (company, it.campaign.clone())))
    }

    /// Counts a send of a day for the company of an enrollment, where there is a bound.
    pub(super) fn count_for_company(&mut self, at: usize, day: NaiveDate) {
        if let Some((_, pair)) = self.paced(&self.enrollments[at]) {
            self.went_to.entry(pair).or_default().push(day);
        }
    }

    /// Counts what went out of a campaign before it had a bound.
    pub(super) fn count_deliveries(&mut self, campaign: &str) {
        self.went_to.retain(|(_, of), _| of != campaign);
        for at in 0..self.enrollments.len() {
            let it = self.enrollments[at].clone();
            if it.campaign == campaign {
                for went in &it.deliveries {
                    self.count_for_company(at, self.sender_day(&it.sender, *went));
                }
            }
        }
    }

    /// Whether the company may get all sends that a timeline has on these days.
    pub(super) fn company_fits(&self, it: &Enrollment, days: &[NaiveDate]) -> bool {
        let Some((pace, pair)) = self.paced(it) else {
            return true;
        };
        days.iter().all(|day| {
            let period = period(pace, *day);
            let others = self.promised_to(&pair, period, Some(it.id));
            let taken = others + self.went_to(&pair, period) + within(period, days);
            taken <= pace.sends as usize
        })
    }

    /// Whether as many went to the company in the period of a day as may; and whether that and what
    /// is promised to anybody leaves nothing.
    pub(super) fn company_is_full(&self, it: &Enrollment, day: NaiveDate) -> (bool, bool) {
        let Some((pace, pair)) = self.paced(it) else {
            return (false, false);
        };
        let (period, most) = (period(pace, day), pace.sends as usize);
        let went = self.went_to(&pair, period);
        (went >= most, went + self.promised_to(&pair, period, None) >= most)
    }

    fn went_to(&self, pair: &(String, String), period: (NaiveDate, NaiveDate)) -> usize {
        self.went_to.get(pair).map_or(0, |days| within(period, days))
    }

    /// What of a period is promised to the people of a company in a campaign, besides one.
    fn promised_to(
        &self,
        (company, campaign): &(String, String),
        period: (NaiveDate, NaiveDate),
        besides: Option<usize>,
    ) -> usize {
        let theirs = self.enrollments.iter().filter(|it| {
            it.campaign == *campaign
                && Some(it.id) != besides
                && self.prospects[&it.prospect].company.as_ref() == Some(company)
        });
        theirs.map(|it| within(period, &it.days)).sum()
    }
}
