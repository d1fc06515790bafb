//! Campaigns, their steps, and putting prospects into them.

use super::freeze::Anchor;
use super::people::{texts, zone};
use super::record::{CampaignRecord, EnrollmentRecord, NONE, Phase, Plan, SenderRecord};
use super::workspace::{Answer, Workspace, invalid, key, known};
use crate::model::{Campaign, HoldKind, Outcome, Refusal, Step};

/// The most steps of a campaign.
const MAX_STEPS: usize = 100;
/// The most senders of a campaign.
const MAX_SENDERS: usize = 10_000;

impl Workspace {
    pub(crate) fn put_campaign(&mut self, campaign: &Campaign) -> Answer {
        key("campaign", &campaign.key)?;
        let zone = campaign.zone.as_deref().map(|name| zone("zone", name)).transpose()?;
        let tags = campaign.tags.as_deref().map(|tags| texts("tags", tags)).transpose()?;
        let existing = self.data.campaign_names.id(&campaign.key);
        if campaign.senders.len() > MAX_SENDERS {
            return Err(limit("senders", MAX_SENDERS, campaign.senders.len()));
        }
        let mut senders = Vec::new();
        for sender in &campaign.senders {
            let id = known("sender", sender, |name| self.data.sender_names.id(name))?;
            if !senders.contains(&id) {
                senders.push(id);
            }
        }
        match existing.and_then(|id| self.data.campaigns.get(id)) {
            None => {
                if campaign.steps.is_empty() {
                    return Err(invalid("steps", "expected at least one step"));
                }
                if senders.is_empty() {
                    return Err(invalid("senders", "expected at least one sender"));
                }
                check_steps(&campaign.steps)?;
            }
            Some(record) => {
                if !campaign.steps.is_empty() && *record.steps != *campaign.steps {
                    return Err(Refusal::StepsDiffer { campaign: campaign.key.clone() });
                }
            }
        }
        let (id, new) = self.data.campaign_names.intern(&campaign.key);
        if new {
            self.data.campaigns.push(CampaignRecord {
                steps: campaign.steps.as_slice().into(),
                active_steps: count(campaign.steps.len()),
                senders: senders.into(),
                zone,
                tags: tags.unwrap_or_default(),
                anchor: Anchor::default(),
                enrollments: super::pages::Pages::default(),
            });
            return Ok(Outcome::Applied);
        }
        let mut rezoned = false;
        if let Some(record) = self.data.campaigns.get_mut(id) {
            if !senders.is_empty() {
                record.senders = senders.into();
            }
            rezoned = zone.is_some() && zone != record.zone;
            record.zone = zone.or(record.zone);
            record.tags = tags.unwrap_or_else(|| std::mem::take(&mut record.tags));
        }
        if rezoned {
            for enrollment in self.enrolled(id) {
                self.place_anew(enrollment);
            }
        }
        Ok(Outcome::Applied)
    }

    pub(crate) fn add_step(&mut self, campaign: &str, step: &Step) -> Answer {
        let id = known("campaign", campaign, |name| self.data.campaign_names.id(name))?;
        check_steps(std::slice::from_ref(step))?;
        let Some(record) = self.data.campaigns.get_mut(id) else {
            return Ok(Outcome::Applied);
        };
        if record.steps.len() >= MAX_STEPS {
            return Err(limit("steps", MAX_STEPS, record.steps.len() + 1));
        }
        record.steps = record.steps.iter().chain([step]).cloned().collect();
        Ok(Outcome::Applied)
    }

    pub(crate) fn enroll(&mut self, campaign: &str, prospect: &str) -> Answer {
        let campaign_id = known("campaign", campaign, |name| self.data.campaign_names.id(name))?;
        let prospect_id = known("prospect", prospect, |name| self.data.prospect_names.id(name))?;
        if self.data.enrollment_id(campaign_id, prospect_id).is_some() {
            return Err(Refusal::AlreadyEnrolled {
                campaign: campaign.to_owned(),
                prospect: prospect.to_owned(),
            });
        }
        self.refuse_stopped(prospect_id)?;
        let sender = self.pick_sender(campaign_id);
        let Some(record) = self.data.campaigns.get(campaign_id) else {
            return Err(super::workspace::unknown("campaign", campaign));
        };
        let steps = record.active_steps;
        let first = self.data.prospects.get(prospect_id).map_or(NONE, |it| it.first_enrollment);
        let mut enrollment = EnrollmentRecord {
            campaign: campaign_id,
            prospect: prospect_id,
            sender,
            next_of_prospect: first,
            last_delivery: NONE,
            position: 0,
            skipped: 0,
            steps,
            attempt: 0,
            phase: Phase::Waiting,
            base: self.data.now,
            plan: Plan::NOTHING,
            settled: self.mark(),
            anchor: Anchor::default(),
        };
        enrollment.plan = self.data.place_next(&enrollment);
        let next = enrollment.plan.at;
        let id = self.data.enrollments.push(enrollment);
        if let Some(record) = self.data.prospects.get_mut(prospect_id) {
            record.first_enrollment = id;
        }
        if let Some(record) = self.data.campaigns.get_mut(campaign_id) {
            record.enrollments.push(id);
        }
        if let Some(record) = self.data.senders.get_mut(sender) {
            record.assigned = record.assigned.saturating_add(1);
        }
        self.queue(id);
        let held_by = self.data.enrollments.get(id).map_or_else(Vec::new, |record| {
            self.data.covering(record).map(|(id, hold)| self.blocked_by(id, hold)).collect()
        });
        let sender = self.data.sender_names.text(sender).to_owned();
        Ok(Outcome::Enrolled { sender, next, held_by })
    }

    /// A live stop on the prospect refuses later enrolments.
    fn refuse_stopped(&self, prospect: u32) -> Result<(), Refusal> {
        let Some(record) = self.data.prospects.get(prospect) else {
            return Ok(());
        };
        let holds = record.anchor.live().iter().filter_map(|id| {
            let hold = self.data.holds.get(*id).filter(|hold| hold.kind == HoldKind::Stop)?;
            Some(self.blocked_by(*id, hold))
        });
        let held_by: Vec<_> = holds.collect();
        if held_by.is_empty() {
            return Ok(());
        }
        let prospect = self.data.prospect_names.text(prospect).to_owned();
        Err(Refusal::Stopped { prospect, held_by })
    }

    /// The campaign's sender with the least to do for its limit; ties in campaign order.
    fn pick_sender(&self, campaign: u32) -> u32 {
        let senders = self.data.campaigns.get(campaign).map_or(&[][..], |it| &it.senders);
        let load = |record: &SenderRecord| {
            let limit = u128::from(record.limit_per_day.unwrap_or(u32::MAX).max(1));
            (u128::from(record.assigned) << 64) / limit
        };
        let by_load = |id: &&u32| self.data.senders.get(**id).map(load);
        senders.iter().min_by_key(by_load).copied().unwrap_or(NONE)
    }

    /// A campaign's enrollments.
    pub(crate) fn enrolled(&self, campaign: u32) -> Vec<u32> {
        let enrollments = self.data.campaigns.get(campaign).map(|record| &record.enrollments);
        enrollments.into_iter().flat_map(|ids| ids.iter().map(|(_, id)| *id)).collect()
    }
}

fn check_steps(steps: &[Step]) -> Result<(), Refusal> {
    /// The longest delay, in days.
    const MAX_DAYS: u64 = 3660;
    if steps.len() > MAX_STEPS {
        return Err(limit("steps", MAX_STEPS, steps.len()));
    }
    for step in steps {
        if !step.name.is_empty() {
            key("step.name", &step.name)?;
        }
        let days = match step.timing.delay {
            crate::model::Delay::ElapsedMs(ms) => ms / super::workspace::DAY_MS.unsigned_abs(),
            crate::model::Delay::Days(days) | crate::model::Delay::BusinessDays(days) => {
                u64::from(days)
            }
        };
        if days > MAX_DAYS {
            return Err(limit("delay in days", MAX_DAYS as usize, days as usize));
        }
    }
    Ok(())
}

fn count(steps: usize) -> u16 {
    u16::try_from(steps).unwrap_or(u16::MAX)
}

fn limit(what: &str, most: usize, found: usize) -> Refusal {
    Refusal::Limit { what: what.to_owned(), most: most as u64, found: found as u64 }
}
