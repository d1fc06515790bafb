//! What a person lifts, resumes and reschedules.

use std::collections::BTreeSet;

use super::freezing::Frozen;
use super::holds::{Target, number};
use super::placing::{Asker, Due};
use super::{Answer, Instant, Model, Outcome, Phase, Refusal, Selection, invalid, unknown};
use crate::model::{BlockedBy, HoldId, HoldKind, HoldTarget};

impl Model {
    pub(super) fn lift(&mut self, hold: HoldId, by: Option<&str>, reason: Option<&str>) -> Answer {
        let found = (0..self.holds.len()).find(|id| number(*id) == hold);
        let Some(id) = found.filter(|id| self.holds[*id].live()) else {
            return Err(unknown("live hold", &hold.to_string()));
        };
        let is_stop = self.holds[id].kind == HoldKind::Stop;
        if is_stop && (by.is_none() || reason.is_none()) {
            return Err(Refusal::NeedsPerson);
        }
        let hold = &mut self.holds[id];
        if hold.rule.as_deref() == Some("forgotten") && hold.identity.is_none() {
            return Err(invalid("hold"));
        }
        hold.ended = Some(self.now);
        Ok(Outcome::Applied)
    }

    /// Lets an enrollment out of a hold on it; a selection's hold goes on for the others.
    fn let_out(&mut self, at: usize, id: usize) {
        let now = self.now;
        let hold = &mut self.holds[id];
        match &mut hold.target {
            Target::Selection(members) if members.len() > 1 => {
                members.remove(&at);
            }
            _ => hold.ended = Some(now),
        }
    }

    pub(super) fn person_resumes(
        &mut self,
        target: &HoldTarget,
        prospects: bool,
        reschedule: Option<Instant>,
    ) -> Answer {
        if let HoldTarget::Selection(selection) = target {
            let members = self.select(selection)?;
            if reschedule.is_some() {
                self.settle_each(&members);
            }
            let lifted = self.release(&members, prospects);
            if let Some(from) = reschedule {
                self.activate(selection, &members);
                self.move_to(&members, from);
            }
            let (still_held, held_by) = self.still_held(&members);
            return Ok(Outcome::Resumed {
                selected: Some(members.len() as u64),
                lifted,
                still_held,
                held_by,
            });
        }
        let selection = enrollments_of(target);
        if reschedule.is_some() && selection.is_none() {
            return Err(invalid("reschedule"));
        }
        let resolved = self.target(target)?;
        if prospects && !matches!(resolved, Target::Enrollment { .. }) {
            return Err(invalid("with-prospects"));
        }
        let moving = match (reschedule, selection) {
            (Some(from), Some(selection)) => Some((from, self.select(&selection)?, selection)),
            _ => None,
        };
        if let Some((_, members, _)) = &moving {
            self.settle_each(members);
        }
        let lifted = match &resolved {
            Target::Enrollment { .. } => self.release(&[self.only(&resolved)], prospects),
            _ => {
                let pauses = self.pauses_on(&resolved);
                for id in &pauses {
                    self.holds[*id].ended = Some(self.now);
                }
                pauses.len() as u64
            }
        };
        if let Some((from, members, selection)) = moving {
            self.activate(&selection, &members);
            self.move_to(&members, from);
        }
        let (still_held, held_by) = match &resolved {
            Target::Enrollment { .. } => self.still_held(&[self.only(&resolved)]),
            Target::Prospect(key) => {
                let all = 0..self.enrollments.len();
                let theirs = all.filter(|at| self.enrollments[*at].prospect == *key);
                self.still_held(&theirs.collect::<Vec<_>>())
            }
            _ => (0, self.blocked_by(self.live_on(&resolved))),
        };
        Ok(Outcome::Resumed { selected: None, lifted, still_held, held_by })
    }

    /// The enrollment that a target is.
    fn only(&self, target: &Target) -> usize {
        let is = |at: &usize| {
            let it = &self.enrollments[*at];
            let (campaign, prospect) = (it.campaign.clone(), it.prospect.clone());
            *target == Target::Enrollment { campaign, prospect }
        };
        (0..self.enrollments.len()).find(is).unwrap_or(usize::MAX)
    }

    fn pauses_on(&self, target: &Target) -> Vec<usize> {
        let mut live = self.live_on(target);
        live.retain(|id| self.holds[*id].kind == HoldKind::Pause);
        live
    }

    /// Lifts the pauses on enrollments, and on their prospects if that is asked. Stops and wider
    /// holds stay.
    fn release(&mut self, members: &[usize], prospects: bool) -> u64 {
        let mut lifted = BTreeSet::new();
        for at in members {
            let (campaign, prospect) =
                (self.enrollments[*at].campaign.clone(), self.enrollments[*at].prospect.clone());
            let on_prospect = Target::Prospect(prospect.clone());
            for id in self.pauses_on(&Target::Enrollment { campaign, prospect }) {
                self.let_out(*at, id);
                lifted.insert(id);
            }
            if prospects {
                for id in self.pauses_on(&on_prospect) {
                    self.holds[id].ended = Some(self.now);
                    lifted.insert(id);
                }
            }
        }
        lifted.len() as u64
    }

    pub(super) fn reschedule(
        &mut self,
        selection: &Selection,
        from: Instant,
        resume: bool,
    ) -> Answer {
        let members = self.select(selection)?;
        self.settle_each(&members);
        let lifted = if resume { self.release(&members, false) } else { 0 };
        self.activate(selection, &members);
        let moved = self.move_to(&members, from);
        let (still_held, held_by) = self.still_held(&members);
        Ok(Outcome::Rescheduled {
            selected: members.len() as u64,
            moved,
            lifted,
            still_held,
            held_by,
        })
    }

    /// Steps that were added come onto the schedules of these; with a whole campaign, also of
    /// those who come later.
    fn activate(&mut self, selection: &Selection, members: &[usize]) {
        if let Some(campaign) = selection.campaign.as_ref()
            && selection.is_whole_campaign()
        {
            let steps = self.campaigns[campaign].steps.len();
            self.active_steps.insert(campaign.clone(), steps);
        }
        for at in members {
            let steps = self.campaigns[&self.enrollments[*at].campaign].steps.len();
            let it = &mut self.enrollments[*at];
            if it.steps != steps {
                it.steps = steps;
                if it.planned.is_none() {
                    self.place_again(*at);
                }
            }
        }
    }

    /// A date stands instead of the modes of what is lifted together with it, but not of what was
    /// lifted before.
    fn settle_each(&mut self, members: &[usize]) {
        members.iter().for_each(|at| self.settle(*at));
    }

    fn move_to(&mut self, members: &[usize], from: Instant) -> u64 {
        let mut moved = 0;
        for at in members {
            let mut it = self.enrollments[*at].clone();
            if it.phase != Phase::Waiting || !it.has_next() {
                continue;
            }
            self.place(&mut it, Due::Date(from.max(self.now)), Asker::Conversation);
            // Where there is no place, the one that it has is better than none.
            if it.planned.is_some() {
                let by = self.covering(*at).map(|(id, _)| id).collect();
                it.frozen = Frozen::since(self.now, by);
                it.thawed.clear();
                self.enrollments[*at] = it;
                moved += 1;
            } else {
                self.forget_old_holds(*at);
            }
        }
        moved
    }

    pub(super) fn still_held(&self, members: &[usize]) -> (u64, Vec<BlockedBy>) {
        let mut holds = BTreeSet::new();
        let mut count = 0;
        for at in members {
            let covering: Vec<usize> = self.covering(*at).map(|(id, _)| id).collect();
            count += u64::from(!covering.is_empty());
            holds.extend(covering);
        }
        (count, self.blocked_by(holds))
    }
}

/// The enrollments that a target is about, where there is a way to list them.
fn enrollments_of(target: &HoldTarget) -> Option<Selection> {
    let (mut campaign, mut prospect, mut company) = (None, None, None);
    match target {
        HoldTarget::Enrollment { campaign: in_campaign, prospect: who } => {
            (campaign, prospect) = (Some(in_campaign.clone()), Some(who.clone()))
        }
        HoldTarget::Prospect(key) => prospect = Some(key.clone()),
        HoldTarget::CompanyInCampaign { company: of, campaign: in_campaign } => {
            (company, campaign) = (Some(of.clone()), Some(in_campaign.clone()))
        }
        HoldTarget::Company(key) => company = Some(key.clone()),
        HoldTarget::Campaign(key) => campaign = Some(key.clone()),
        _ => return None,
    }
    Some(Selection { campaign, prospect, company, ..Selection::default() })
}
