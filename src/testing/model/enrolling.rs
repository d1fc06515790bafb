//! Campaigns, their steps, and putting prospects into them.

use super::holds::{Hold, Target};
use super::placing::{Asker, Due};
use super::replanning::Affected;
use super::world::{checked_zone, set};
use super::{Answer, Enrollment, Model, Phase, invalid, known, unknown};
use crate::model::{
    AddedSteps, Campaign, EnrolledElsewhere, HoldKind, Outcome, Refusal, ResumeMode, Status, Step,
};

impl Model {
    pub(super) fn put_campaign(&mut self, campaign: &Campaign) -> Answer {
        checked_zone(campaign.zone.as_deref())?;
        for sender in &campaign.senders {
            known("sender", Some(sender), &self.senders)?;
        }
        let mut senders: Vec<String> = Vec::new();
        for sender in &campaign.senders {
            if !senders.contains(sender) {
                senders.push(sender.clone());
            }
        }
        let key = campaign.key.clone();
        let Some(mut record) = self.campaigns.get(&key).cloned() else {
            if campaign.steps.is_empty() || campaign.senders.is_empty() {
                return Err(invalid("campaign"));
            }
            self.active_steps.insert(key.clone(), campaign.steps.len());
            let company_pace = campaign.company_pace.filter(|pace| pace.sends > 0);
            self.campaigns.insert(key, Campaign { senders, company_pace, ..campaign.clone() });
            return Ok(Outcome::Applied);
        };
        set(&mut record.tags, &campaign.tags);
        set(&mut record.enrolled_elsewhere, &campaign.enrolled_elsewhere);
        set(&mut record.added_steps, &campaign.added_steps);
        let mut changed = set(&mut record.zone, &campaign.zone);
        let placement = record.placement.unwrap_or_default();
        set(&mut record.placement, &campaign.placement);
        changed |= record.placement.unwrap_or_default() != placement;
        let most = record.max_lateness_ms.unwrap_or(0);
        set(&mut record.max_lateness_ms, &campaign.max_lateness_ms);
        changed |= record.max_lateness_ms.unwrap_or(0) != most;
        let pace = record.company_pace;
        if let Some(given) = campaign.company_pace {
            record.company_pace = Some(given).filter(|pace| pace.sends > 0);
        }
        changed |= record.company_pace != pace;
        let counts = pace.is_none() && record.company_pace.is_some();
        if !senders.is_empty() && senders != record.senders {
            record.senders = senders;
            changed = true;
        }
        let steps = (!campaign.steps.is_empty() && campaign.steps != record.steps)
            .then(|| campaign.steps.clone());
        self.campaigns.insert(key.clone(), record);
        if counts {
            self.count_deliveries(&key);
        }
        if let Some(steps) = steps {
            self.set_steps(&key, steps);
            changed = true;
        }
        if changed {
            self.plan_anew(Affected::OfCampaign(key));
        }
        Ok(Outcome::Applied)
    }

    /// An added step is on nobody's schedule until a reschedule, unless the campaign appends it.
    pub(super) fn add_step(&mut self, campaign: &str, step: &Step) -> Answer {
        let record = self.campaigns.get(campaign);
        let record = record.ok_or_else(|| unknown("campaign", campaign))?;
        let steps = record.steps.iter().chain([step]).cloned().collect();
        if self.set_steps(campaign, steps) {
            self.plan_anew(Affected::OfCampaign(campaign.to_owned()));
        }
        Ok(Outcome::Applied)
    }

    /// Steps are told apart by their places: those that are gone are on nobody's schedule any more,
    /// and those that are more than before were added. Whether anybody's schedule changed.
    fn set_steps(&mut self, campaign: &str, steps: Vec<Step>) -> bool {
        let count = steps.len();
        let Some(record) = self.campaigns.get_mut(campaign) else {
            return false;
        };
        let appends = count > record.steps.len() && record.added_steps == Some(AddedSteps::Append);
        record.steps = steps;
        let scheduled = |before: usize| if appends { count } else { before.min(count) };
        let active = scheduled(self.active_steps[campaign]);
        self.active_steps.insert(campaign.to_owned(), active);
        let mut changed = false;
        for at in 0..self.enrollments.len() {
            if self.enrollments[at].campaign == campaign {
                let steps = scheduled(self.enrollments[at].steps);
                changed |= steps != self.enrollments[at].steps;
                self.enrollments[at].steps = steps;
                self.drop_if_over(at);
            }
        }
        changed
    }

    pub(super) fn enroll(&mut self, campaign: &str, prospect: &str) -> Answer {
        known("campaign", Some(campaign), &self.campaigns)?;
        known("prospect", Some(prospect), &self.prospects)?;
        let both = |it: &Enrollment| it.campaign == campaign && it.prospect == prospect;
        if self.enrollments.iter().any(both) {
            let (campaign, prospect) = (campaign.to_owned(), prospect.to_owned());
            return Err(Refusal::AlreadyEnrolled { campaign, prospect });
        }
        let mut stops = self.live_on(&Target::Prospect(prospect.to_owned()));
        stops.retain(|id| self.holds[*id].kind == HoldKind::Stop);
        if !stops.is_empty() {
            return Err(Refusal::Stopped {
                prospect: prospect.to_owned(),
                held_by: self.blocked_by(stops),
            });
        }
        self.refuse_or_replace(campaign, prospect)?;
        let id = self.enrollments.len();
        let mut it = Enrollment {
            id,
            campaign: campaign.to_owned(),
            prospect: prospect.to_owned(),
            sender: String::new(),
            position: 0,
            steps: self.active_steps[campaign],
            skipped: 0,
            attempt: 0,
            phase: Phase::Waiting,
            base: self.now,
            due: Due::AfterDelay,
            planned: None,
            days: Vec::new(),
            frozen: None,
            thawed: Vec::new(),
            last_sent: None,
            deliveries: Vec::new(),
        };
        it.sender = self.earliest_sender(&it, Asker::Opening);
        self.place(&mut it, Due::AfterDelay, Asker::Opening);
        let (sender, next) = (it.sender.clone(), it.planned);
        self.enrollments.push(it);
        self.note_zone(id);
        let held_by: Vec<usize> = self.covering(id).map(|(hold, _)| hold).collect();
        let covering = held_by.iter().copied().collect();
        self.enrollments[id].frozen = super::freezing::Frozen::since(self.now, covering);
        Ok(Outcome::Enrolled { sender, next, held_by: self.blocked_by(held_by) })
    }

    /// What a campaign that takes nobody twice makes of the others that a prospect is in.
    fn refuse_or_replace(&mut self, campaign: &str, prospect: &str) -> Result<(), Refusal> {
        let choice = self.campaigns[campaign].enrolled_elsewhere.unwrap_or_default();
        let goes_on = |at: &usize| {
            self.enrollments[*at].prospect == prospect
                && !matches!(self.status(*at), Status::Finished | Status::Stopped)
        };
        let others: Vec<usize> = (0..self.enrollments.len()).filter(goes_on).collect();
        let Some(oldest) = others.first() else {
            return Ok(());
        };
        match choice {
            EnrolledElsewhere::Reject => {
                return Err(Refusal::InAnotherCampaign {
                    campaign: campaign.to_owned(),
                    prospect: prospect.to_owned(),
                    other: self.enrollments[*oldest].campaign.clone(),
                });
            }
            EnrolledElsewhere::Replace => {}
            _ => return Ok(()),
        }
        for at in others {
            self.place_hold(Hold {
                kind: HoldKind::Stop,
                target: Target::Enrollment {
                    campaign: self.enrollments[at].campaign.clone(),
                    prospect: prospect.to_owned(),
                },
                until: None,
                mode: ResumeMode::Keep,
                rule: Some("replaced".to_owned()),
                identity: None,
                about: None,
                ended: None,
            });
            // What is out of its timeline has a slot of today until the last look.
            let it = &mut self.enrollments[at];
            it.days.truncate(usize::from(it.phase == Phase::Claimed));
        }
        Ok(())
    }
}
