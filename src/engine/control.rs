//! What a person does: pause, stop, resume and lift, over a target or a selection; reschedule.

use std::collections::BTreeSet;

use super::data::Data;
use super::forget::FORGOTTEN;
use super::record::{DueBy, Ended, HoldRecord, Origin, Phase, Target};
use super::workspace::{Answer, Workspace, invalid, known, text, unknown};
use crate::model::{
    BlockedBy, HoldId, HoldKind, HoldTarget, Instant, Outcome, Refusal, ResumeMode, Selection,
};

impl Workspace {
    pub(crate) fn hold(
        &mut self,
        kind: HoldKind,
        target: &HoldTarget,
        until: Option<Instant>,
        by: Option<&str>,
        reason: Option<&str>,
    ) -> Answer {
        text("reason", reason)?;
        if kind == HoldKind::Stop && until.is_some() {
            return Err(invalid("until", "a stop has no end; pause instead"));
        }
        let mut hold = HoldRecord {
            kind,
            target: Target::Workspace,
            mode: ResumeMode::Keep,
            origin: Origin::Person { by: by.unwrap_or_default().into(), reason: boxed(reason) },
            placed: self.data.now,
            until,
            ended: None,
            members: None,
        };
        let (id, members) = match target {
            HoldTarget::Selection(selection) => {
                let members = self.data.select(selection)?;
                if members.is_empty() {
                    return Err(invalid("selection", "no enrollment matches it"));
                }
                let count = members.len() as u64;
                (self.hold_selection(hold, members), Some(count))
            }
            _ => {
                hold.target = self.target(target)?;
                (self.place_hold(hold), None)
            }
        };
        let live = self.data.holds.get(id).is_some_and(HoldRecord::is_live);
        Ok(Outcome::Held { hold: HoldId(id), members, live })
    }

    /// Finds what a target names.
    fn target(&mut self, target: &HoldTarget) -> Result<Target, Refusal> {
        let campaign_id =
            |data: &Data, key: &str| known("campaign", key, |key| data.campaign_names.id(key));
        let company_id =
            |data: &Data, key: &str| known("company", key, |key| data.company_names.id(key));
        let prospect_id =
            |data: &Data, key: &str| known("prospect", key, |key| data.prospect_names.id(key));
        let data = &mut self.data;
        Ok(match target {
            HoldTarget::Enrollment { campaign, prospect } => {
                let campaign_id = campaign_id(data, campaign)?;
                let prospect_id = prospect_id(data, prospect)?;
                let id = data
                    .enrollment_id(campaign_id, prospect_id)
                    .ok_or_else(|| unknown("enrollment", &format!("{prospect} in {campaign}")))?;
                Target::Enrollment(id)
            }
            HoldTarget::Prospect(key) => Target::Prospect(prospect_id(data, key)?),
            HoldTarget::CompanyInCampaign { company, campaign } => {
                let company = company_id(data, company)?;
                let campaign = campaign_id(data, campaign)?;
                Target::CompanyInCampaign(data.pair(company, campaign))
            }
            HoldTarget::Company(key) => Target::Company(company_id(data, key)?),
            HoldTarget::Sender(key) => {
                Target::Sender(known("sender", key, |key| data.sender_names.id(key))?)
            }
            HoldTarget::Campaign(key) => Target::Campaign(campaign_id(data, key)?),
            HoldTarget::Workspace => Target::Workspace,
            HoldTarget::Selection(_) => {
                return Err(invalid("selection", "expected one target"));
            }
        })
    }

    pub(crate) fn resume_target(
        &mut self,
        target: &HoldTarget,
        prospects: bool,
        reschedule: Option<Instant>,
        by: Option<&str>,
        reason: Option<&str>,
    ) -> Answer {
        text("reason", reason)?;
        let selection = match (reschedule, selection_of(target)) {
            (Some(_), None) => {
                let why = "a date needs a prospect, an enrollment, a company, a campaign or a \
                           selection";
                return Err(invalid("reschedule", why));
            }
            (from, selection) => from.zip(selection),
        };
        let resolved = self.target(target)?;
        if prospects && !matches!(resolved, Target::Enrollment(_)) {
            let why = "goes with a selection, or with a prospect in a campaign";
            return Err(invalid("with-prospects", why));
        }
        let moved = match &selection {
            Some((_, selection)) => self.settle_all(self.data.select(selection)?),
            None => Vec::new(),
        };
        let ended = lifted_by(by, reason);
        let lifted = match resolved {
            Target::Enrollment(enrollment) => self.release(&[enrollment], prospects, &ended),
            _ => {
                let live = self.data.anchor_of(&resolved).map(|it| it.live().to_vec());
                let pauses = self.pauses(&live.unwrap_or_default());
                for id in &pauses {
                    self.end_hold(*id, self.data.now, ended.clone());
                }
                pauses.len() as u64
            }
        };
        if let Some((from, selection)) = selection {
            self.activate(&selection, &moved);
            self.move_to(&moved, from);
        }
        let (still_held, held_by) = self.still_held(&self.under(&resolved));
        let held_by = if matches!(resolved, Target::Enrollment(_) | Target::Prospect(_)) {
            held_by
        } else {
            let left = self.data.anchor_of(&resolved).map(|anchor| anchor.live().to_vec());
            self.named(left.unwrap_or_default())
        };
        Ok(Outcome::Resumed { selected: None, lifted, still_held, held_by })
    }

    /// The enrollments of a narrow target; of a wide one none, whatever it covers.
    fn under(&self, target: &Target) -> Vec<u32> {
        match target {
            Target::Enrollment(id) => vec![*id],
            Target::Prospect(id) => self.data.enrollments_of(*id).collect(),
            _ => Vec::new(),
        }
    }

    fn named(&self, holds: impl IntoIterator<Item = u32>) -> Vec<BlockedBy> {
        let named = |id: u32| Some(self.data.blocked_by(id, self.data.holds.get(id)?));
        holds.into_iter().filter_map(named).collect()
    }

    pub(crate) fn resume_selection(
        &mut self,
        selection: &Selection,
        prospects: bool,
        reschedule: Option<Instant>,
        by: Option<&str>,
        reason: Option<&str>,
    ) -> Answer {
        text("reason", reason)?;
        let mut members = self.data.select(selection)?;
        if reschedule.is_some() {
            members = self.settle_all(members);
        }
        let lifted = self.release(&members, prospects, &lifted_by(by, reason));
        if let Some(from) = reschedule {
            self.activate(selection, &members);
            self.move_to(&members, from);
        }
        let (still_held, held_by) = self.still_held(&members);
        let selected = Some(members.len() as u64);
        Ok(Outcome::Resumed { selected, lifted, still_held, held_by })
    }

    pub(crate) fn reschedule(
        &mut self,
        selection: &Selection,
        from: Instant,
        resume: bool,
        by: Option<&str>,
        reason: Option<&str>,
    ) -> Answer {
        text("reason", reason)?;
        let members = self.settle_all(self.data.select(selection)?);
        let lifted = if resume { self.release(&members, false, &lifted_by(by, reason)) } else { 0 };
        self.activate(selection, &members);
        let moved = self.move_to(&members, from);
        let (still_held, held_by) = self.still_held(&members);
        let selected = members.len() as u64;
        Ok(Outcome::Rescheduled { selected, moved, lifted, still_held, held_by })
    }

    pub(crate) fn lift(&mut self, hold: HoldId, by: Option<&str>, reason: Option<&str>) -> Answer {
        text("reason", reason)?;
        let record = self.data.holds.get(hold.0);
        let Some(record) = record.filter(|record| record.is_live()) else {
            return Err(unknown("live hold", &hold.to_string()));
        };
        if record.kind == HoldKind::Stop && (by.is_none() || reason.is_none()) {
            return Err(Refusal::NeedsPerson);
        }
        if matches!(&record.origin, Origin::Engine { why } if &**why == FORGOTTEN) {
            return Err(invalid("hold", "who was forgotten is never sent to again"));
        }
        self.end_hold(hold.0, self.data.now, lifted_by(by, reason));
        Ok(Outcome::Applied)
    }

    /// Lifts the pauses on the selected enrollments, and how many; on their prospects too, if
    /// that is asked. A hold of several selected members counts once.
    fn release(&mut self, members: &[u32], prospects: bool, ended: &Ended) -> u64 {
        let mut lifted = BTreeSet::new();
        for member in members {
            let Some(record) = self.data.enrollments.get(*member) else {
                continue;
            };
            let prospect = record.prospect;
            for id in self.pauses(record.anchor().live()) {
                self.release_member(*member, id, ended);
                lifted.insert(id);
            }
            let on_prospect = self.data.prospects.get(prospect).filter(|_| prospects);
            for id in on_prospect.map_or_else(Vec::new, |it| self.pauses(it.anchor().live())) {
                self.end_hold(id, self.data.now, ended.clone());
                lifted.insert(id);
            }
        }
        lifted.len() as u64
    }

    fn pauses(&self, live: &[u32]) -> Vec<u32> {
        let is_pause =
            |id: &&u32| self.data.holds.get(**id).is_some_and(|it| it.kind == HoldKind::Pause);
        live.iter().filter(is_pause).copied().collect()
    }

    /// Puts steps that were added later on the schedule of the selected. A reschedule of the
    /// whole campaign does so for those who are enrolled from now on, too.
    fn activate(&mut self, selection: &Selection, members: &[u32]) {
        if selection.is_whole_campaign() {
            let key = selection.campaign.as_deref().unwrap_or_default();
            let id = self.data.campaign_names.id(key);
            if let Some(record) = id.and_then(|id| self.data.campaigns.get_mut(id)) {
                record.active_steps = u16::try_from(record.steps.len()).unwrap_or(u16::MAX);
            }
        }
        for member in members {
            let Some(record) = self.data.enrollments.get(*member) else {
                continue;
            };
            let campaign = self.data.campaigns.get(record.campaign);
            let steps = campaign.map_or(0, |it| u16::try_from(it.steps.len()).unwrap_or(u16::MAX));
            if steps != record.steps() {
                let planned = record.plan().at.is_some();
                self.replan(*member, |record| record.set_steps(steps));
                if !planned {
                    self.place_anew(*member);
                }
            }
        }
    }

    /// Settles those that a person is about to give a date to: the date stands instead of the modes
    /// of what is lifted together with it, but not of what was lifted before.
    fn settle_all(&mut self, members: Vec<u32>) -> Vec<u32> {
        members.iter().for_each(|member| self.settle(*member));
        members
    }

    /// Places the next send of each at the first slot at or after a date. How many moved.
    fn move_to(&mut self, members: &[u32], from: Instant) -> u64 {
        let from = from.max(self.data.now);
        let settled = self.mark().over();
        let mut moved = 0;
        for member in members {
            let Some(record) = self.data.enrollments.get(*member) else {
                continue;
            };
            if record.phase == Phase::Waiting && record.has_next() {
                let (plan, days) = self.data.place_from(record, from, DueBy::Reschedule);
                // Where there is no place, the one that it has is better than none.
                if plan.at.is_some() {
                    self.replan(*member, |record| {
                        record.promise(plan, &days);
                        record.settle(settled);
                    });
                    moved += 1;
                }
            }
        }
        moved
    }

    /// How many of these are covered, and by what: each hold once, the strongest first.
    pub(crate) fn still_held(&self, members: &[u32]) -> (u64, Vec<BlockedBy>) {
        let mut holds = BTreeSet::new();
        let mut count = 0;
        for record in members.iter().filter_map(|id| self.data.enrollments.get(*id)) {
            let covering: Vec<u32> = self.data.covering(record).map(|(id, _)| id).collect();
            count += u64::from(!covering.is_empty());
            holds.extend(covering);
        }
        let mut held_by: Vec<u32> = holds.into_iter().collect();
        held_by.sort_by_key(|id| std::cmp::Reverse(self.data.holds.get(*id).map(Data::strength)));
        (count, self.named(held_by))
    }
}

fn boxed(text: Option<&str>) -> Option<Box<str>> {
    text.map(Box::from)
}

fn lifted_by(by: Option<&str>, reason: Option<&str>) -> Ended {
    Ended::Person { by: by.unwrap_or_default().into(), reason: boxed(reason) }
}

/// The selection that a target stands for, where enrollments can be listed by it.
fn selection_of(target: &HoldTarget) -> Option<Selection> {
    let mut selection = Selection::default();
    match target {
        HoldTarget::Enrollment { campaign, prospect } => {
            selection.campaign = Some(campaign.clone());
            selection.prospect = Some(prospect.clone());
        }
        HoldTarget::Prospect(key) => selection.prospect = Some(key.clone()),
        HoldTarget::CompanyInCampaign { company, campaign } => {
            selection.company = Some(company.clone());
            selection.campaign = Some(campaign.clone());
        }
        HoldTarget::Company(key) => selection.company = Some(key.clone()),
        HoldTarget::Campaign(key) => selection.campaign = Some(key.clone()),
        HoldTarget::Selection(selection) => return Some(selection.clone()),
        HoldTarget::Sender(_) | HoldTarget::Workspace => return None,
    }
    Some(selection)
}
