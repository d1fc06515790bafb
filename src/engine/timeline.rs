//! Where the next send of an enrollment goes: its plan, and how freezes and missed windows move it.

use super::data::Data;
use super::enrollment::EnrollmentRecord;
use super::freeze::{Cover, Mark, Modes, merged};
use super::places::{Found, Wish};
use super::record::{DueBy, Plan};
use super::workspace::DAY_MS;
use crate::model::{Instant, ResumeMode};
use crate::plan::{self, Asker, PromisedDays, Scout};

/// Where an enrollment stands when all that happened to what it hangs under is taken into account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    /// The plan of the next step; of one that is frozen, the plan as of then.
    pub(crate) plan: Plan,
    /// The days on which the plan takes slots. Of a plan that moved they are not promised yet.
    pub(crate) days: PromisedDays,
    pub(crate) position: u16,
    pub(crate) skipped: u16,
    pub(crate) attempt: u8,
    /// Up to where the freezes are in the plan.
    pub(crate) settled: Mark,
    /// Since when the plan is frozen, if it is.
    pub(crate) frozen: Option<Instant>,
}

impl Standing {
    fn stored(record: &EnrollmentRecord) -> Self {
        Self {
            plan: record.plan(),
            days: record.days().clone(),
            position: record.position(),
            skipped: record.skipped(),
            attempt: record.attempt,
            settled: record.settled(),
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
    pub(crate) fn stand(&mut self, standing: &Standing, step: u64) {
        self.promise(standing.plan, &standing.days);
        self.set_position(standing.position);
        self.set_skipped(standing.skipped);
        self.attempt = standing.attempt;
        self.settle(match standing.frozen {
            None => standing.settled,
            // What ended within a freeze that goes on is told by when that began.
            Some(since) => Mark { at: since, step },
        });
    }
}

impl Data {
    /// A place for the next step if it is due at an instant, whatever its delay.
    pub(crate) fn place_from(
        &self,
        enrollment: &EnrollmentRecord,
        due: Instant,
        by: DueBy,
    ) -> (Plan, PromisedDays) {
        let (position, own) = (enrollment.position(), &enrollment.days());
        self.placed(
            enrollment,
            Wish { position, due, by, own, asker: Asker::Conversation },
            &mut Scout::default(),
        )
    }

    /// A place for the next step, looked for as it was before.
    pub(crate) fn place_again(
        &self,
        enrollment: &EnrollmentRecord,
        own: &PromisedDays,
        asker: Asker,
    ) -> (Plan, PromisedDays) {
        let wish = self.wish_again(enrollment, own, asker);
        self.placed(enrollment, wish, &mut Scout::default())
    }

    /// What was looked for when the plan was made.
    pub(crate) fn wish_again<'a>(
        &self,
        enrollment: &EnrollmentRecord,
        own: &'a PromisedDays,
        asker: Asker,
    ) -> Wish<'a> {
        let (Plan { due, by, .. }, position) = (enrollment.plan(), enrollment.position());
        let due = match by {
            DueBy::Delay => self.due(enrollment, position, enrollment.base()),
            DueBy::Restart => self.due(enrollment, position, due),
            // It was told to be due then: by a person's date, a retry, a release.
            _ => due,
        };
        Wish { position, due, by, own, asker }
    }

    /// A place, as a plan.
    pub(crate) fn placed(
        &self,
        enrollment: &EnrollmentRecord,
        wish: Wish<'_>,
        scout: &mut Scout,
    ) -> (Plan, PromisedDays) {
        if !enrollment.has_next() {
            return (Plan::NOTHING, PromisedDays::NONE);
        }
        let Found { at, days, .. } = self.search(enrollment, wish, scout).unwrap_or_default();
        // Of a delay that was started again the plan keeps from when it counts.
        let restarted = wish.by == DueBy::Restart;
        let due = if restarted { enrollment.plan().due } else { wish.due };
        (Plan { at, due, by: wish.by }, days)
    }

    /// Moves what stands to the first place at or after an instant.
    fn moved(
        &self,
        record: &EnrollmentRecord,
        standing: &Standing,
        due: Instant,
        by: DueBy,
    ) -> Standing {
        let (position, own) = (standing.position, &record.days());
        let wish = Wish { position, due, by, own, asker: Asker::Conversation };
        let Found { at, days, .. } = self.find(record, wish);
        Standing { plan: Plan { at, due, by }, days, ..standing.clone() }
    }

    /// When a step is due whose delay counts from an instant.
    fn due(&self, enrollment: &EnrollmentRecord, position: u16, from: Instant) -> Instant {
        let campaign = self.campaigns.get(enrollment.campaign);
        let step = campaign.and_then(|campaign| campaign.steps.get(usize::from(position)));
        let zone = self.step_zone(enrollment);
        step.map_or(Instant::MAX, |step| plan::due(step.timing.delay, from, zone))
    }

    /// Where an enrollment stands now: the stored plan, moved by each freeze that it does not know
    /// of yet, and moved to the window of now if its own has gone by.
    ///
    /// Where it moves is looked for in what its sender has left now, without what it has itself;
    /// nothing of it is promised before it is settled.
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
                standing = self.on_time(enrollment, standing, since);
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
        self.on_time(enrollment, standing, self.now)
    }

    /// The freezes that an enrollment does not know of yet, in order.
    fn freezes(&self, enrollment: &EnrollmentRecord, left: Option<Mark>) -> Vec<Cover> {
        let mut covers = Vec::new();
        for (at, anchor) in self.anchors(enrollment) {
            let of_company = left.filter(|_| Self::COMPANY_ANCHORS.contains(&at));
            covers.extend(anchor.covers(enrollment.settled().step).map(|cover| match of_company {
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

    /// The plan as of an instant: where its window had gone by, or its day, in the window of then.
    fn on_time(&self, record: &EnrollmentRecord, standing: Standing, now: Instant) -> Standing {
        let Some(at) = standing.plan.at.filter(|at| *at <= now) else {
            return standing;
        };
        let campaign = self.campaigns.get(record.campaign);
        let step = campaign.and_then(|it| it.steps.get(usize::from(standing.position)));
        let ground = self.ground(record, &standing.days, Asker::Conversation);
        let Some((step, ground)) = step.zip(ground) else {
            return Standing { plan: Plan::NOTHING, days: PromisedDays::NONE, ..standing };
        };
        let today = ground.day(now);
        let stays = standing.days.first() == Some(today)
            && ground.window_at(&step.timing, at).is_some_and(|(_, end)| end > now);
        if stays {
            return standing;
        }
        // From the beginning of the window, so that its jitter is the same whenever it is looked
        // at; but what goes out today takes a slot of today.
        let open = ground.window_at(&step.timing, now);
        let due = open.map_or(now, |(start, _)| start.max(ground.day_start(today)));
        self.moved(record, &standing, due, DueBy::Missed)
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
        let mut latest = standing.clone();
        for mode in modes.iter() {
            let moved = match mode {
                ResumeMode::Keep => self.kept(enrollment, standing, released),
                ResumeMode::Remaining if planned > since => {
                    let left = planned.ms_since(since);
                    let due = released.plus_ms(left);
                    if due > planned {
                        self.moved(enrollment, standing, due, DueBy::remaining(left))
                    } else {
                        standing.clone()
                    }
                }
                ResumeMode::Remaining => self.kept(enrollment, standing, released),
                ResumeMode::Restart => {
                    let due = self.due(enrollment, standing.position, released);
                    if due > planned {
                        let mut moved = self.moved(enrollment, standing, due, DueBy::Restart);
                        moved.plan.due = released;
                        moved
                    } else {
                        standing.clone()
                    }
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
        if standing.plan.at.is_some_and(|planned| planned < released) {
            self.moved(record, standing, released, DueBy::Release)
        } else {
            standing.clone()
        }
    }

    /// Drops the steps that would have gone out before the release, but never all of them.
    fn skipped(
        &self,
        record: &EnrollmentRecord,
        standing: &Standing,
        released: Instant,
    ) -> Standing {
        let mut next = standing.clone();
        while let Some(planned) = next.plan.at.filter(|planned| *planned < released)
            && next.position + 1 < record.steps()
        {
            next.position += 1;
            next.skipped += 1;
            next.attempt = 0;
            let due = self.due(record, next.position, planned);
            let by = DueBy::Skip { steps: next.position - standing.position };
            next = self.moved(record, &next, due, by);
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
