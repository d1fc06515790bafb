//! Campaigns, their steps, and putting prospects into them.

use std::sync::Arc;

use super::enrollment::EnrollmentRecord;
use super::people::{texts, zone};
use super::record::{CampaignRecord, HoldRecord, JobScope, NONE, Origin, Phase, Plan, Target};
use super::workspace::{Answer, Workspace, invalid, key, known};
use crate::model::{
    AddedSteps, Campaign, EnrolledElsewhere, HoldKind, Outcome, Refusal, ResumeMode, Status, Step,
};
use crate::plan::{Asker, CompanySends, PromisedDays};

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
        check_steps(&campaign.steps)?;
        if existing.is_none() {
            if campaign.steps.is_empty() {
                return Err(invalid("steps", "expected at least one step"));
            }
            if senders.is_empty() {
                return Err(invalid("senders", "expected at least one sender"));
            }
        }
        let (id, new) = self.data.campaign_names.intern(&campaign.key);
        if new {
            self.data.campaigns.push(CampaignRecord::default());
        }
        let Some(record) = self.data.campaigns.get_mut(id) else {
            return Ok(Outcome::Applied);
        };
        let mut changed = zone.is_some() && zone != record.zone;
        record.zone = zone.or(record.zone);
        record.tags = tags.unwrap_or_else(|| std::mem::take(&mut record.tags));
        let unpaced = record.company_pace.is_none();
        changed |= record.place_as(campaign);
        let counts = unpaced && record.company_pace.is_some();
        let before = Arc::clone(&record.senders);
        if !senders.is_empty() && *senders != *record.senders {
            changed = true;
            record.senders = senders.into();
        }
        let restepped = !campaign.steps.is_empty() && *campaign.steps != *record.steps;
        if counts {
            self.count_sends(id);
        }
        if restepped {
            changed = true;
            self.set_steps(id, campaign.steps.as_slice().into(), new);
        }
        if changed {
            self.count_capacities(id);
            for sender in before.iter() {
                self.count_capacity(*sender);
            }
        }
        if changed && !new {
            self.index.scouts.forget_all();
            self.plan_anew(JobScope::Campaign(id));
        }
        Ok(Outcome::Applied)
    }

    /// Counts what a campaign promised to and sent each company, now that it has a bound.
    fn count_sends(&mut self, id: u32) {
        let pairs = self.data.pairs.iter().filter(|(_, pair)| pair.campaign == id);
        let pairs: Vec<u32> = pairs.map(|(pair, _)| pair).collect();
        for pair in pairs {
            if let Some(pair) = self.data.pairs.get_mut(pair) {
                pair.sends = CompanySends::default();
            }
        }
        for enrollment in self.enrolled(id) {
            let Some(record) = self.data.enrollments.get(enrollment) else {
                continue;
            };
            let (days, sender) = (record.days().clone(), record.sender);
            let went = self.data.deliveries_of(record);
            let went: Vec<i32> =
                went.map(|it| self.data.sender_day(sender, it.confirmed)).collect();
            self.count_for_company(enrollment, |sends| {
                days.iter().for_each(|day| sends.reserve(day));
                went.into_iter().for_each(|day| sends.spend(day));
            });
        }
    }

    fn count_capacities(&mut self, campaign: u32) {
        let senders = self.data.campaigns.get(campaign).map(|it| Arc::clone(&it.senders));
        for sender in senders.iter().flat_map(|senders| senders.iter()) {
            self.count_capacity(*sender);
        }
    }

    pub(crate) fn add_step(&mut self, campaign: &str, step: &Step) -> Answer {
        let id = known("campaign", campaign, |name| self.data.campaign_names.id(name))?;
        check_steps(std::slice::from_ref(step))?;
        let Some(record) = self.data.campaigns.get(id) else {
            return Ok(Outcome::Applied);
        };
        if record.steps.len() >= MAX_STEPS {
            return Err(limit("steps", MAX_STEPS, record.steps.len() + 1));
        }
        let steps = record.steps.iter().chain([step]).cloned().collect();
        let changed = self.set_steps(id, steps, false);
        self.count_capacities(id);
        if changed {
            self.index.scouts.forget_all();
            self.plan_anew(JobScope::Campaign(id));
        }
        Ok(Outcome::Applied)
    }

    /// Gives a campaign other steps. Those that it had no step for are on nobody's schedule,
    /// unless it says otherwise; those that it has no more are on nobody's any more. Whether
    /// anybody's schedule changed.
    fn set_steps(&mut self, id: u32, steps: Arc<[Step]>, new: bool) -> bool {
        let Some(record) = self.data.campaigns.get_mut(id) else {
            return false;
        };
        let all = count(steps.len());
        let longer = steps.len() > record.steps.len();
        let appends = new || longer && record.added_steps == AddedSteps::Append;
        record.steps = steps;
        record.active_steps = if appends { all } else { record.active_steps.min(all) };
        let mut changed = false;
        for enrollment in self.enrolled(id) {
            let scheduled = self.data.enrollments.get(enrollment).map_or(0, |it| it.steps());
            let steps = if appends { all } else { scheduled.min(all) };
            if steps != scheduled {
                self.replan(enrollment, |record| {
                    record.set_steps(steps);
                    record.drop_if_over();
                });
                changed = true;
            }
        }
        changed
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
        self.refuse_or_replace(campaign_id, prospect_id)?;
        let Some(record) = self.data.campaigns.get(campaign_id) else {
            return Err(super::workspace::unknown("campaign", campaign));
        };
        let steps = record.active_steps;
        let first = self.data.prospects.get(prospect_id).map_or(NONE, |it| it.first_enrollment);
        let mut enrollment = EnrollmentRecord::new((campaign_id, prospect_id), steps, self.mark());
        enrollment.set_next_of_prospect(first);
        let (sender, found) = self.earliest_sender(&enrollment, Asker::Opening);
        enrollment.sender = sender;
        let wish = self.data.wish_again(&enrollment, &PromisedDays::NONE, Asker::Opening);
        let plan = Plan { at: found.at, due: wish.due, by: wish.by };
        let (next, days) = (plan.at, found.days);
        let id = self.data.enrollments.push(enrollment);
        if let Some(record) = self.data.prospects.get_mut(prospect_id) {
            record.first_enrollment = id;
        }
        if let Some(record) = self.data.campaigns.get_mut(campaign_id) {
            record.enrollments.push(id);
        }
        self.replan(id, |record| record.promise(plan, &days));
        self.note_zone(id);
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
        let holds = record.anchor().live().iter().filter_map(|id| {
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

    /// What a campaign that takes nobody twice makes of the others that a prospect is in.
    fn refuse_or_replace(&mut self, campaign: u32, prospect: u32) -> Result<(), Refusal> {
        let choice = self.data.campaigns.get(campaign).map(|it| it.enrolled_elsewhere);
        let choice = choice.unwrap_or_default();
        if choice == EnrolledElsewhere::Allow {
            return Ok(());
        }
        let is_over = |id: &u32| {
            let status = self.data.enrollments.get(*id).map(|record| self.data.status(record));
            matches!(status, None | Some(Status::Finished | Status::Stopped))
        };
        let mut others = self.data.oldest_first(prospect);
        others.retain(|id| !is_over(id));
        if let (EnrolledElsewhere::Reject, Some(other)) = (choice, others.first()) {
            let other = self.data.enrollments.get(*other).map_or(NONE, |it| it.campaign);
            return Err(Refusal::InAnotherCampaign {
                campaign: self.data.campaign_names.text(campaign).to_owned(),
                prospect: self.data.prospect_names.text(prospect).to_owned(),
                other: self.data.campaign_names.text(other).to_owned(),
            });
        }
        for other in others {
            self.place_hold(HoldRecord {
                kind: HoldKind::Stop,
                target: Target::Enrollment(other),
                mode: ResumeMode::Keep,
                origin: Origin::Engine { why: "replaced".into() },
                placed: self.data.now,
                until: None,
                ended: None,
                members: None,
            });
            // What is out of its timeline has a slot of today until the last look.
            self.replan(other, |record| {
                let claimed = record.phase == Phase::Claimed;
                record.set_days(&record.days().iter().take(usize::from(claimed)).collect());
            });
        }
        Ok(())
    }

    /// A campaign's enrollments.
    pub(crate) fn enrolled(&self, campaign: u32) -> Vec<u32> {
        let enrollments = self.data.campaigns.get(campaign).map(|record| &record.enrollments);
        enrollments.into_iter().flat_map(|ids| ids.iter().map(|(_, id)| *id)).collect()
    }
}

impl CampaignRecord {
    /// Takes over how its timelines are placed. Whether that changes where they go.
    fn place_as(&mut self, campaign: &Campaign) -> bool {
        self.enrolled_elsewhere = campaign.enrolled_elsewhere.unwrap_or(self.enrolled_elsewhere);
        self.added_steps = campaign.added_steps.unwrap_or(self.added_steps);
        let before = (self.placement, self.max_lateness_ms, self.company_pace);
        self.placement = campaign.placement.unwrap_or(self.placement);
        self.max_lateness_ms = campaign.max_lateness_ms.unwrap_or(self.max_lateness_ms);
        if let Some(pace) = campaign.company_pace {
            self.company_pace = Some(pace).filter(|pace| pace.sends > 0);
        }
        before != (self.placement, self.max_lateness_ms, self.company_pace)
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
