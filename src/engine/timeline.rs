//! Where the next send of an enrollment goes: its plan, and how holds and missed windows move it.

use super::data::Data;
use super::record::{DueBy, EnrollmentRecord, Plan};
use crate::model::Instant;
use crate::plan;

impl Data {
    /// The plan of the next step: the first instant in its window at or after its natural due,
    /// and at or after `released`, when the last hold on it was lifted.
    pub(crate) fn place_next(&self, enrollment: &EnrollmentRecord, released: Instant) -> Plan {
        let Some(step) = self.next_step(enrollment) else {
            return Plan::NOTHING;
        };
        let natural = plan::due(step.timing.delay, enrollment.base, self.step_zone(enrollment));
        if natural < released {
            self.place_from(enrollment, released, DueBy::Release)
        } else {
            self.place_from(enrollment, natural, DueBy::Delay)
        }
    }

    /// The plan of the next step if it is due at an instant, whatever its delay.
    pub(crate) fn place_from(
        &self,
        enrollment: &EnrollmentRecord,
        due: Instant,
        by: DueBy,
    ) -> Plan {
        let Some(step) = self.next_step(enrollment) else {
            return Plan::NOTHING;
        };
        let zone = self.step_zone(enrollment);
        Plan { at: plan::place(&step.timing, zone, due, self.seed(enrollment)), due, by }
    }

    /// The plan as it stands now: the stored one, moved by the last release if that was later,
    /// and moved to the window of now if its own has gone by.
    ///
    /// It does not matter how often or when it is applied: settling a settled plan changes
    /// nothing, so an entry that is met late ends where it would have ended if met in time.
    pub(crate) fn settled(&self, enrollment: &EnrollmentRecord, now: Instant) -> Plan {
        let released = self.released(enrollment);
        let Some(at) = released.at.filter(|at| *at < now) else {
            return released;
        };
        if self.is_covered(enrollment) {
            return released;
        }
        let Some(step) = self.next_step(enrollment) else {
            return Plan::NOTHING;
        };
        let zone = self.step_zone(enrollment);
        let gone = plan::window_at(&step.timing, zone, at).is_none_or(|(_, end)| end <= now);
        if !gone {
            return released;
        }
        let start = match plan::window_at(&step.timing, zone, now) {
            Some((start, _)) => Some(start),
            None => plan::next_open(&step.timing, zone, now),
        };
        match start {
            Some(start) => self.place_from(enrollment, start, DueBy::Missed),
            None => Plan { at: None, due: now, by: DueBy::Missed },
        }
    }

    /// The plan with the last release taken into account: mode `keep`.
    fn released(&self, enrollment: &EnrollmentRecord) -> Plan {
        let plan = enrollment.plan;
        let freed = self.freed_at(enrollment);
        match plan.at {
            Some(at) if freed > at => self.place_from(enrollment, freed, DueBy::Release),
            _ => plan,
        }
    }
}
