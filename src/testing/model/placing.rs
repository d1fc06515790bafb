//! Where the steps of a timeline may go: one day of the sender after the other is tried, and what
//! is left of a day is counted anew each time.

use chrono::{Days, NaiveDate};

use super::{DAY_MS, Enrollment, Model};
use crate::model::{Instant, Placement, Step, StepTiming};
use crate::plan::{self, Zone};

/// From when on the next step is placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// Its delay after the last delivery, or after the enrolment.
    AfterDelay,
    /// The delay counts from this instant.
    DelayFrom(Instant),
    From(Instant),
    /// From a date that a person gave.
    Date(Instant),
}

/// Who asks for a slot: what has not begun yet, or what goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asker {
    Opening,
    Conversation,
}

/// A share of each day is closed to openings: a fifth, and at least one slot of two or more.
fn share(limit: usize) -> usize {
    if limit > 1 { (limit / 5).max(1) } else { 0 }
}

/// The day that an open window at an instant belongs to: one over midnight to that on which it
/// begins.
fn own_day(timing: &StepTiming, zone: Zone, at: Instant) -> NaiveDate {
    let local = zone.local(at);
    let midnight = local.date().and_time(chrono::NaiveTime::MIN);
    let minute = local.signed_duration_since(midnight).num_minutes();
    let (from, to) = (timing.hours.from_minute(), timing.hours.to_minute());
    match local.date().pred_opt() {
        Some(before) if from > to && minute < i64::from(to) => before,
        _ => local.date(),
    }
}

impl Model {
    /// The zone of a sender's days.
    pub(super) fn sender_zone(&self, sender: &str) -> Zone {
        let zone = self.senders[sender].zone.as_deref();
        zone.and_then(Zone::named).or(self.zone).unwrap_or(Zone::UTC)
    }

    pub(super) fn sender_day(&self, sender: &str, at: Instant) -> NaiveDate {
        self.sender_zone(sender).date_of(at)
    }

    /// The zone of a step is the prospect's, else the campaign's, else the sender's.
    pub(super) fn step_zone(&self, it: &Enrollment) -> Zone {
        let prospect = self.prospects[&it.prospect].zone.as_deref();
        let campaign = self.campaigns[&it.campaign].zone.as_deref();
        let own = prospect.or(campaign).and_then(Zone::named);
        own.unwrap_or_else(|| self.sender_zone(&it.sender))
    }

    pub(super) fn next_timing(&self, it: &Enrollment) -> StepTiming {
        self.campaigns[&it.campaign].steps[it.position].timing
    }

    /// When the next step is due if its delay counts from an instant.
    pub(super) fn after_delay(&self, it: &Enrollment, from: Instant) -> Instant {
        plan::due(self.next_timing(it).delay, from, self.step_zone(it))
    }

    /// Whether nothing is sent on a day of the steps' zone.
    fn is_closed(&self, day: NaiveDate) -> bool {
        self.closed.contains(&day)
    }

    pub(super) fn is_frozen(&self, sender: &str, day: NaiveDate) -> bool {
        let ranges = self.senders[sender].frozen.iter().flatten();
        ranges.into_iter().any(|range| (range.first..=range.last).contains(&day))
    }

    /// The window of a step that an instant lies in, if nothing closes its day.
    pub(super) fn open_window(&self, it: &Enrollment, at: Instant) -> Option<(Instant, Instant)> {
        let (timing, zone) = (self.next_timing(it), self.step_zone(it));
        let window = plan::window_at(&timing, zone, at)?;
        let closed = self.is_closed(own_day(&timing, zone, at))
            || self.is_frozen(&it.sender, self.sender_day(&it.sender, at));
        (!closed).then_some(window)
    }

    /// The first open instant of a step at or after one, on a day that nothing closes.
    fn opens(&self, it: &Enrollment, timing: &StepTiming, due: Instant) -> Option<Instant> {
        let (zone, day_zone) = (self.step_zone(it), self.sender_zone(&it.sender));
        let mut from = due;
        loop {
            let at = plan::next_open(timing, zone, from)?;
            if at.ms_since(due) > plan::HORIZON_DAYS * DAY_MS {
                return None;
            }
            let day = day_zone.date_of(at);
            if self.is_closed(own_day(timing, zone, at)) {
                from = plan::window_at(timing, zone, at)?.1;
            } else if self.is_frozen(&it.sender, day) {
                from = day_zone.day_start(day.succ_opt()?);
            } else {
                return Some(at);
            }
        }
    }

    /// Where the next step goes that is due at an instant, if every day had a slot.
    pub(super) fn natural(&self, it: &Enrollment, due: Instant) -> Option<Instant> {
        self.opens(it, &self.next_timing(it), due)
    }

    pub(super) fn spent(&self, sender: &str, day: NaiveDate) -> usize {
        let went = self.went.get(sender).into_iter().flatten().map(|(_, on)| on);
        let may_have = self.may_have_gone.get(sender).into_iter().flatten();
        went.chain(may_have).filter(|on| **on == day).count()
    }

    /// What of a sender's day is promised.
    pub(super) fn promised<'a>(
        &'a self,
        sender: &'a str,
        day: NaiveDate,
    ) -> impl Iterator<Item = &'a Enrollment> {
        let theirs = self.enrollments.iter().filter(move |it| it.sender == sender);
        theirs.flat_map(move |it| it.days.iter().filter(move |on| **on == day).map(move |_| it))
    }

    /// Slots that are left on a day of its sender, besides those that it has itself.
    pub(super) fn left(&self, it: &Enrollment, day: NaiveDate, asker: Asker) -> usize {
        let Some(limit) = self.limit(&it.sender) else {
            return usize::MAX;
        };
        let others = self.promised(&it.sender, day).filter(|other| other.id != it.id).count();
        let taken = others + self.spent(&it.sender, day);
        slots(limit, asker).saturating_sub(taken)
    }

    pub(super) fn limit(&self, sender: &str) -> Option<usize> {
        let record = &self.senders[sender];
        let limit = record.limit_per_day.map(|limit| limit as usize);
        let gap_ms = record.gap_ms.unwrap_or(0);
        if gap_ms == 0 {
            return limit;
        }
        let fits = (self.open_minutes(sender) * 60_000).div_ceil(gap_ms).max(1);
        let fits = usize::try_from(fits).unwrap_or(usize::MAX);
        Some(limit.map_or(fits, |limit| limit.min(fits)))
    }

    /// The minutes of the busiest day of the week in which a sender's steps may go out; those of a
    /// whole day, where some of them go by the clocks of another zone.
    fn open_minutes(&self, sender: &str) -> u64 {
        const DAY: u64 = 24 * 60;
        if self.write_elsewhere.contains(sender) {
            return DAY;
        }
        let own = self.campaigns.values().filter(|it| it.senders.iter().any(|it| it == sender));
        let steps: Vec<&Step> = own.flat_map(|campaign| &campaign.steps).collect();
        let is_open = |day: chrono::Weekday, minute: u64| {
            steps.iter().any(|step| {
                let hours = step.timing.hours;
                let (from, to) = (u64::from(hours.from_minute()), u64::from(hours.to_minute()));
                let sends = |day| step.timing.weekdays.contains(day);
                let overnight = from > to;
                sends(day) && minute >= from && (overnight || minute < to)
                    || overnight && sends(day.pred()) && minute < to
            })
        };
        let week = crate::model::Weekdays::ALL;
        let minutes = |day| (0..DAY).filter(|minute| is_open(day, *minute)).count() as u64;
        week.iter().map(minutes).max().filter(|most| *most > 0).unwrap_or(DAY)
    }

    /// Plans the next step of an enrollment and, where whole timelines are placed, all after it:
    /// at the first place from when it is due. It gives back what it had.
    pub(super) fn place(&self, it: &mut Enrollment, due: Due, asker: Asker) {
        it.due = due;
        (it.planned, it.days) = (None, Vec::new());
        if !it.has_next() {
            return;
        }
        let Some((at, days)) = self.search(it, self.due_of(it, due), asker) else {
            return;
        };
        if self.latest(it).is_some_and(|latest| at > latest) {
            return;
        }
        it.planned = Some(at);
        // What is over cannot be promised any more.
        if days[0] >= self.sender_day(&it.sender, self.now) {
            it.days = days;
        }
    }

    /// The instant from which a place is looked for.
    pub(super) fn due_of(&self, it: &Enrollment, due: Due) -> Instant {
        match due {
            Due::AfterDelay => self.after_delay(it, it.base),
            Due::DelayFrom(from) => self.after_delay(it, from),
            Due::From(from) | Due::Date(from) => from,
        }
    }

    /// The latest instant at which its campaign lets the next step go out. A date that a person
    /// gave is never too late.
    fn latest(&self, it: &Enrollment) -> Option<Instant> {
        let most = self.campaigns[&it.campaign].max_lateness_ms.unwrap_or(0);
        let bound = most > 0 && !matches!(it.due, Due::Date(_));
        let due = || self.after_delay(it, it.base);
        bound.then(|| due().plus_ms(i64::try_from(most).unwrap_or(i64::MAX)))
    }

    /// The first place: when the next step goes out, and the days of all that are placed with it.
    fn search(
        &self,
        it: &Enrollment,
        due: Instant,
        asker: Asker,
    ) -> Option<(Instant, Vec<NaiveDate>)> {
        // No day has more slots than that: this saves trying them all.
        if self.limit(&it.sender).is_some_and(|limit| slots(limit, asker) == 0) {
            return None;
        }
        let day_zone = self.sender_zone(&it.sender);
        let horizon = Days::new(plan::HORIZON_DAYS.unsigned_abs());
        let last = day_zone.date_of(due).checked_add_days(horizon)?;
        let mut from = due;
        loop {
            let (at, days) = self.timeline(it, from)?;
            let fits = |day: &NaiveDate| {
                let own = days.iter().filter(|it| *it == day).count();
                own <= self.left(it, *day, asker)
            };
            if days.iter().all(fits) && self.company_fits(it, &days) {
                return Some((at, days));
            }
            let next = days[0].succ_opt().filter(|next| *next <= last)?;
            from = day_zone.day_start(next);
        }
    }

    /// The timeline whose first step goes out at the first opening from an instant on, and each of
    /// the others where it goes after the one before; whether or not the days have slots.
    fn timeline(&self, it: &Enrollment, from: Instant) -> Option<(Instant, Vec<NaiveDate>)> {
        let campaign = &self.campaigns[&it.campaign];
        let steps = match campaign.placement.unwrap_or_default() {
            Placement::Rolling => &campaign.steps[it.position..=it.position],
            _ => &campaign.steps[it.position..it.steps],
        };
        let zone = self.step_zone(it);
        let first = self.opens(it, &steps[0].timing, from)?;
        let (mut at, mut days) = (first, vec![self.sender_day(&it.sender, first)]);
        for step in &steps[1..] {
            at = self.opens(it, &step.timing, plan::due(step.timing.delay, at, zone))?;
            days.push(self.sender_day(&it.sender, at));
        }
        Some((first, days))
    }
}

/// The slots of a day for who asks.
fn slots(limit: usize, asker: Asker) -> usize {
    match asker {
        Asker::Opening => limit - share(limit),
        Asker::Conversation => limit,
    }
}
