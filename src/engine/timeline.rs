//! Where the next send of an enrollment goes: its plan, and how freezes and missed windows move it.

use super::data::Data;
use super::freeze::{Cover, Mark, Modes, merged};
use super::record::{DueBy, EnrollmentRecord, Plan};
use super::workspace::DAY_MS;
use crate::model::{Instant, ResumeMode};
use crate::plan;

/// Where an enrollment stands when all that happened to what it hangs under is taken into account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    /// The plan of the next step; of one that is frozen, the plan as of then.
    pub(crate) plan: Plan,
    pub(crate) position: u16,
    pub(crate) skipped: u16,
    pub(crate) attempt: u8,
    /// Up to where the freezes are in the plan.
    pub(crate) settled: Mark,
    /// Since when the plan is frozen, if it is.
    pub(crate) frozen: Option<Instant>,
}

impl Standing {
    const fn stored(record: &EnrollmentRecord) -> Self {
        Self {
            plan: record.plan,
            position: record.position,
            skipped: record.skipped,
            attempt: record.attempt,
            settled: record.settled,
            frozen: None,
        }
    }

    /// Steps that went out.
    pub(crate) const fn sent(&self) -> u16 {
        self.position.saturating_sub(self.skipped)
    }
}

impl EnrollmentRecord {
    /// Takes over where it stands after a step.
    pub(crate) const fn stand(&mut self, standing: &Standing, step: u64) {
        self.plan = standing.plan;
        self.position = standing.position;
        self.skipped = standing.skipped;
        self.attempt = standing.attempt;
        self.settled = match standing.frozen {
            None => standing.settled,
            // What ended within a freeze that goes on is told by when that began.
            Some(since) => Mark { at: since, step },
        };
    }
}

impl Data {
    /// The plan of the next step by its delay: the first instant in its window at or after its
    /// natural due.
    pub(crate) fn place_next(&self, enrollment: &EnrollmentRecord) -> Plan {
        let Some(step) = self.next_step(enrollment) else {
            return Plan::NOTHING;
        };
        let natural = plan::due(step.timing.delay, enrollment.base, self.step_zone(enrollment));
        self.place_from(enrollment, natural, DueBy::Delay)
    }

    /// The plan of the next step if it is due at an instant, whatever its delay.
    pub(crate) fn place_from(
        &self,
        enrollment: &EnrollmentRecord,
        due: Instant,
        by: DueBy,
    ) -> Plan {
        if enrollment.has_next() {
            Plan { at: self.slot(enrollment, enrollment.position, due), due, by }
        } else {
            Plan::NOTHING
        }
    }

    /// The plan of the next step as it was made, in the zone of now.
    pub(crate) fn place_again(&self, enrollment: &EnrollmentRecord) -> Plan {
        let plan = enrollment.plan;
        match plan.by {
            DueBy::Delay => self.place_next(enrollment),
            DueBy::Restart => self.restarted(enrollment, enrollment.position, plan.due),
            // It was told to be due then: by a person's date, a retry, a release.
            by => self.place_from(enrollment, plan.due, by),
        }
    }

    /// The first slot of a step at or after an instant.
    fn slot(&self, enrollment: &EnrollmentRecord, position: u16, due: Instant) -> Option<Instant> {
        let campaign = self.campaigns.get(enrollment.campaign)?;
        let step = campaign.steps.get(usize::from(position))?;
        let seed = self.seed(enrollment, position);
        plan::place(&step.timing, self.step_zone(enrollment), due, seed)
    }

    /// When a step is due whose delay counts from an instant.
    fn due(&self, enrollment: &EnrollmentRecord, position: u16, from: Instant) -> Instant {
        let campaign = self.campaigns.get(enrollment.campaign);
        let step = campaign.and_then(|campaign| campaign.steps.get(usize::from(position)));
        let zone = self.step_zone(enrollment);
        step.map_or(Instant::MAX, |step| plan::due(step.timing.delay, from, zone))
    }

    fn restarted(&self, enrollment: &EnrollmentRecord, position: u16, from: Instant) -> Plan {
        let due = self.due(enrollment, position, from);
        Plan { at: self.slot(enrollment, position, due), due: from, by: DueBy::Restart }
    }

    /// Where an enrollment stands now: the stored plan, moved by each freeze that it does not know
    /// of yet, and moved to the window of now if its own has gone by.
    ///
    /// It does not matter how often or when it is applied: settling what is settled changes
    /// nothing, so an entry that is met late ends where it would have ended if met in time.
    pub(crate) fn standing(&self, enrollment: &EnrollmentRecord) -> Standing {
        self.standing_without(enrollment, None)
    }

    /// As [`Data::standing`], for one that leaves its company: what is live there lets go now.
    pub(crate) fn standing_without(
        &self,
        enrollment: &EnrollmentRecord,
        left: Option<Mark>,
    ) -> Standing {
        let mut standing = Standing::stored(enrollment);
        // A send that is out of its timeline has no plan that could move.
        if !Self::is_waiting(enrollment) {
            return standing;
        }
        for cover in self.freezes(enrollment, left) {
            // Of what began before the plan was made, the plan knows.
            let carried = cover.from.step < standing.settled.step;
            let since = if carried {
                standing.settled.at
            } else {
                let since = cover.from.at.max(standing.settled.at);
                standing.plan = self.on_time(enrollment, &standing, since);
                since
            };
            let Some(to) = cover.to else {
                standing.frozen = Some(since);
                return standing;
            };
            if to.at >= standing.settled.at {
                self.release(enrollment, &mut standing, (since, to.at), cover.modes);
                standing.settled = to.over();
            }
        }
        standing.plan = self.on_time(enrollment, &standing, self.now);
        standing
    }

    /// The freezes that an enrollment does not know of yet, in order.
    fn freezes(&self, enrollment: &EnrollmentRecord, left: Option<Mark>) -> Vec<Cover> {
        let mut covers = Vec::new();
        for (at, anchor) in self.anchors(enrollment) {
            let of_company = left.filter(|_| Self::COMPANY_ANCHORS.contains(&at));
            covers.extend(anchor.covers(enrollment.settled.step).map(|cover| match of_company {
                Some(left) if cover.to.is_none() => {
                    let live = anchor.live().iter().filter_map(|id| self.holds.get(*id));
                    let modes = live.fold(Modes::default(), |modes, it| modes.with(it.mode));
                    Cover { to: Some(left), modes, ..cover }
                }
                _ => cover,
            }));
        }
        if covers.len() > 1 { merged(covers) } else { covers }
    }

    /// The plan as of an instant: where its window had gone by, in the window of then.
    fn on_time(&self, enrollment: &EnrollmentRecord, standing: &Standing, now: Instant) -> Plan {
        let plan = standing.plan;
        let Some(at) = plan.at.filter(|at| *at < now) else {
            return plan;
        };
        let campaign = self.campaigns.get(enrollment.campaign);
        let step = campaign.and_then(|it| it.steps.get(usize::from(standing.position)));
        let Some(step) = step else {
            return Plan::NOTHING;
        };
        let zone = self.step_zone(enrollment);
        let gone = plan::window_at(&step.timing, zone, at).is_none_or(|(_, end)| end <= now);
        if !gone {
            return plan;
        }
        let start = match plan::window_at(&step.timing, zone, now) {
            Some((start, _)) => Some(start),
            None => plan::next_open(&step.timing, zone, now),
        };
        let by = DueBy::Missed;
        match start {
            Some(due) => Plan { at: self.slot(enrollment, standing.position, due), due, by },
            None => Plan { at: None, due: now, by },
        }
    }

    /// Moves a plan that was frozen and is free again. Where several holds let go at once, the
    /// latest result counts; no mode brings anything forward.
    fn release(
        &self,
        enrollment: &EnrollmentRecord,
        standing: &mut Standing,
        (since, released): (Instant, Instant),
        modes: Modes,
    ) {
        let Some(planned) = standing.plan.at else {
            return;
        };
        let mut latest = *standing;
        for mode in modes.iter() {
            let moved = match mode {
                ResumeMode::Keep => self.kept(enrollment, standing, released),
                ResumeMode::Remaining if planned > since => {
                    let left = planned.ms_since(since);
                    let due = released.plus_ms(left);
                    let plan = || Plan {
                        at: self.slot(enrollment, standing.position, due),
                        due,
                        by: DueBy::remaining(left),
                    };
                    let plan = if due > planned { plan() } else { standing.plan };
                    Standing { plan, ..*standing }
                }
                ResumeMode::Remaining => self.kept(enrollment, standing, released),
                ResumeMode::Restart => {
                    let due = self.due(enrollment, standing.position, released);
                    let plan = || self.restarted(enrollment, standing.position, released);
                    let plan = if due > planned { plan() } else { standing.plan };
                    Standing { plan, ..*standing }
                }
                ResumeMode::Skip => self.skipped(enrollment, standing, released),
            };
            let instant = |standing: &Standing| standing.plan.at.unwrap_or(Instant::MAX);
            if instant(&moved) > instant(&latest) {
                latest = moved;
            }
        }
        *standing = latest;
    }

    fn kept(&self, record: &EnrollmentRecord, standing: &Standing, released: Instant) -> Standing {
        let mut kept = *standing;
        if kept.plan.at.is_some_and(|planned| planned < released) {
            let at = self.slot(record, kept.position, released);
            kept.plan = Plan { at, due: released, by: DueBy::Release };
        }
        kept
    }

    /// Drops the steps that would have gone out before the release, but never all of them.
    fn skipped(
        &self,
        record: &EnrollmentRecord,
        standing: &Standing,
        released: Instant,
    ) -> Standing {
        let mut next = *standing;
        while let Some(planned) = next.plan.at.filter(|planned| *planned < released)
            && next.position + 1 < record.steps
        {
            next.position += 1;
            next.skipped += 1;
            next.attempt = 0;
            let due = self.due(record, next.position, planned);
            let by = DueBy::Skip { steps: next.position - standing.position };
            next.plan = Plan { at: self.slot(record, next.position, due), due, by };
        }
        let by = next.plan.by;
        let mut kept = self.kept(record, &next, released);
        if next.position > standing.position {
            kept.plan.by = by;
        }
        kept
    }
}

impl DueBy {
    /// A rest of a delay, in milliseconds.
    fn remaining(left_ms: i64) -> Self {
        // 179 years fit in here: more than the longest delay and the horizon of windows.
        let days = u16::try_from(left_ms / DAY_MS).unwrap_or(u16::MAX);
        let ms = u32::try_from(left_ms % DAY_MS).unwrap_or(0);
        Self::Remaining { days, ms }
    }
}
