//! Reading a snapshot: lists, searches, counts, timelines and the agenda.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::data::Data;
use super::enrollment::EnrollmentRecord;
use super::pages::dense;
use super::record::{HoldRecord, Job, NONE, Origin, Pass, Phase, Target};
use super::state::Snapshot;
use super::view::{
    Agenda, AgendaDay, Counts, DeliveryView, EnrollmentTimeline, EnrollmentView, HoldCause,
    InFlight, PlannedView, ProspectView, SenderAgenda, Timeline,
};
use crate::lang::Policy;
use crate::model::{HoldKind, Instant, Refusal, Selection, Status};
use crate::plan::Zone;

/// The longest agenda, in days.
pub(super) const MAX_AGENDA_DAYS: usize = 3660;

/// One workspace of a snapshot.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    pub(crate) data: &'a Data,
}

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct List {
    /// The enrollments, in the order in which they were enrolled.
    pub rows: Vec<EnrollmentView>,
    /// How many match in all.
    pub total: u64,
    /// Where the next page begins; none if this is the last.
    pub next: Option<u32>,
}

/// A company and its people.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct CompanyView {
    /// The key.
    pub key: String,
    /// The name, if it has one.
    pub name: Option<String>,
    /// The keys of its prospects, in the order in which they were made.
    pub prospects: Vec<String>,
}

impl Snapshot {
    /// The names of the workspaces, in the order in which they were made.
    pub fn workspaces(&self) -> impl Iterator<Item = &str> {
        self.names.iter()
    }

    /// A workspace, if there is one of that name.
    #[must_use]
    pub fn view(&self, workspace: &str) -> Option<View<'_>> {
        self.data(workspace).map(|data| View { data })
    }
}

impl View<'_> {
    /// The engine's time: the greatest instant that any command brought.
    #[must_use]
    pub const fn now(&self) -> Instant {
        self.data.now
    }

    /// How many enrollments are still to be looked at, because something changed that their plans
    /// depend on; each of them is looked at three times.
    #[must_use]
    pub fn still_to_plan(&self) -> u64 {
        let left = |job: &Job| {
            let passes = match job.pass {
                Pass::GiveBack => 2,
                Pass::Conversations => 1,
                Pass::Openings => 0,
            };
            u64::from(job.end - job.next.min(job.end)) + passes * u64::from(job.end)
        };
        self.data.jobs.iter().map(left).sum()
    }

    /// The workspace's zone.
    #[must_use]
    pub fn zone(&self) -> Zone {
        self.data.workspace_zone()
    }

    /// The policy in force.
    #[must_use]
    pub fn policy(&self) -> Option<&Policy> {
        self.data.policy().map(|policy| &**policy)
    }

    /// The name of the rules file in force.
    #[must_use]
    pub fn policy_name(&self) -> Option<&str> {
        let bundle = self.data.policies.last().map(|published| &published.bundle)?;
        bundle.files.first().map(|file| file.name.as_str())
    }

    /// How many of everything there are.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut by_status: BTreeMap<Status, u64> = BTreeMap::new();
        let mut held = BTreeSet::new();
        for (_, record) in self.data.enrollments.iter() {
            *by_status.entry(self.data.status(record)).or_default() += 1;
            if self.data.is_covered(record) {
                held.insert(record.prospect);
            }
        }
        let own = self.data.companies.iter().filter(|(_, it)| !it.anchor.live().is_empty());
        let mut companies: BTreeSet<u32> = own.map(|(id, _)| id).collect();
        let pairs = self.data.pairs.iter().filter(|(_, it)| !it.anchor.live().is_empty());
        companies.extend(pairs.map(|(_, pair)| pair.company));
        Counts {
            companies: self.data.companies.len() as u64,
            prospects: self.data.prospects.len() as u64,
            senders: self.data.senders.len() as u64,
            campaigns: self.data.campaigns.len() as u64,
            enrollments: self.data.enrollments.len() as u64,
            prospects_held: held.len() as u64,
            companies_held: companies.len() as u64,
            by_status: by_status.into_iter().collect(),
            tally: self.data.tally,
        }
    }

    /// What placed holds that are live or ended at most 90 days ago, those whose live holds cover
    /// the most prospects first.
    #[must_use]
    pub fn hold_causes(&self) -> Vec<HoldCause> {
        let mut covered: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
        for (_, record) in self.data.enrollments.iter() {
            for (id, _) in self.data.covering(record) {
                covered.entry(id).or_default().insert(record.prospect);
            }
        }
        let mut causes: BTreeMap<Cause, (HoldCause, BTreeSet<u32>)> = BTreeMap::new();
        for (id, hold) in self.data.remembered_holds() {
            let (rule, by) = (self.data.rule_name(hold), person(hold));
            let at = self.data.rule_place(hold);
            let (cause, prospects) =
                causes.entry((rule.clone(), by.clone())).or_insert_with(|| {
                    let cause = HoldCause { rule, by, at, holds: 0, live: 0, prospects: 0 };
                    (cause, BTreeSet::new())
                });
            cause.holds += 1;
            cause.live += u64::from(hold.is_live());
            prospects.extend(covered.get(&id).into_iter().flatten());
        }
        let mut list: Vec<HoldCause> = causes
            .into_values()
            .map(|(cause, prospects)| HoldCause { prospects: prospects.len() as u64, ..cause })
            .collect();
        list.sort_by_key(|cause| std::cmp::Reverse((cause.prospects, cause.holds)));
        list
    }

    /// The enrollments that match, a page at a time: `after` is the last page's `next`.
    ///
    /// # Errors
    /// A refusal, if the selection names something that is not there.
    pub fn list(
        &self,
        selection: &Selection,
        after: Option<u32>,
        limit: usize,
    ) -> Result<List, Refusal> {
        let ids = self.data.select(selection)?;
        let from = ids.partition_point(|id| after.is_some_and(|after| *id < after));
        let page = ids.iter().skip(from).take(limit);
        let rows = page.filter_map(|id| self.data.enrollment_view(*id)).collect();
        let next = ids.get(from.saturating_add(limit)).copied();
        Ok(List { rows, total: ids.len() as u64, next })
    }

    /// A prospect.
    #[must_use]
    pub fn prospect(&self, key: &str) -> Option<ProspectView> {
        self.data.prospect_view(self.data.prospect_names.id(key)?)
    }

    /// The keys of prospects that have a text in their key or address, whatever the case.
    #[must_use]
    pub fn find(&self, part: &str, limit: usize) -> Vec<String> {
        let part = part.to_lowercase();
        let has = |id: &u32| {
            let key = self.data.prospect_names.text(*id);
            let address = self.data.address(*id).unwrap_or_default();
            key.to_lowercase().contains(&part) || address.to_lowercase().contains(&part)
        };
        let found = (0..dense(self.data.prospects.len())).filter(has).take(limit);
        found.map(|id| self.data.prospect_names.text(id).to_owned()).collect()
    }

    /// The companies, in the order in which they were made.
    #[must_use]
    pub fn companies(&self) -> Vec<CompanyView> {
        let key = |id: u32| self.data.prospect_names.text(id).to_owned();
        let companies = self.data.companies.iter();
        companies
            .map(|(id, record)| CompanyView {
                key: self.data.company_names.text(id).to_owned(),
                name: record.name().map(str::to_owned),
                prospects: self.data.members(id).into_iter().map(key).collect(),
            })
            .collect()
    }

    /// All that happened and will happen to one prospect.
    #[must_use]
    pub fn timeline(&self, prospect: &str) -> Option<Timeline> {
        let id = self.data.prospect_names.id(prospect)?;
        let mut ids: Vec<u32> = self.data.enrollments_of(id).collect();
        ids.reverse();
        Some(Timeline {
            prospect: self.data.prospect_view(id)?,
            now: self.data.now,
            enrollments: ids.into_iter().filter_map(|id| self.enrollment_timeline(id)).collect(),
        })
    }

    fn enrollment_timeline(&self, id: u32) -> Option<EnrollmentTimeline> {
        let record = self.data.enrollments.get(id)?;
        let campaign = self.data.campaigns.get(record.campaign)?;
        let message = |step: u16| {
            let step = campaign.steps.get(usize::from(step));
            step.map_or_else(String::new, |step| step.name.clone())
        };
        let mut sends: Vec<DeliveryView> = self
            .data
            .deliveries_of(record)
            .map(|delivery| DeliveryView {
                step: delivery.step + 1,
                message: message(delivery.step),
                confirmed: delivery.confirmed,
                sent: delivery.sent,
            })
            .collect();
        sends.reverse();
        let holds = self.data.remembered_holds();
        let holds = holds.filter(|(at, hold)| self.data.covers(*at, hold, id));
        Some(EnrollmentTimeline {
            enrollment: self.data.enrollment_view(id)?,
            sends,
            planned: self.data.planned_views(record),
            holds: holds.map(|(id, hold)| self.data.hold_view(id, hold)).collect(),
        })
    }

    /// What each sender has on each day from one to before another, in the sender's zone.
    #[must_use]
    pub fn agenda(&self, from: NaiveDate, to: NaiveDate) -> Agenda {
        let days = usize::try_from((to - from).num_days()).unwrap_or(0).min(MAX_AGENDA_DAYS);
        let mut senders: Vec<SenderAgenda> = self
            .data
            .senders
            .iter()
            .map(|(id, record)| SenderAgenda {
                sender: self.data.sender_names.text(id).to_owned(),
                zone: self.data.sender_zone(record).name().to_owned(),
                limit: record.ledger.limit(),
                held: !record.anchor.live().is_empty(),
                days: vec![AgendaDay::default(); days],
            })
            .collect();
        let first = from.to_epoch_days();
        for (id, record) in self.data.senders.iter() {
            for (day, _, spent) in record.ledger.iter() {
                if let Some(slot) = day_of(&mut senders, id, day - first) {
                    slot.sent = spent;
                }
            }
            for (begin, end) in record.frozen.iter() {
                let shown = first..first.saturating_add(i32::try_from(days).unwrap_or(0));
                for day in begin.max(shown.start)..=end.min(shown.end) {
                    if let Some(slot) = day_of(&mut senders, id, day - first) {
                        slot.frozen = true;
                    }
                }
            }
        }
        for (_, record) in self.data.enrollments.iter() {
            let held = self.data.is_covered(record);
            let mut count = |day: i32| {
                if let Some(slot) = day_of(&mut senders, record.sender, day - first) {
                    *(if held { &mut slot.held } else { &mut slot.planned }) += 1;
                }
            };
            record.days().iter().for_each(&mut count);
            // What has no slot is overdue: it goes today, if it may.
            if record.days().is_empty() && !held && Data::is_waiting(record) {
                let planned = self.data.standing(record).plan.at;
                planned
                    .map(|at| self.data.sender_day(record.sender, at))
                    .into_iter()
                    .for_each(count);
            }
        }
        Agenda { from, to, senders }
    }

    /// The sends that are out of their timelines: claimed, leaving or unknown.
    #[must_use]
    pub fn in_flight(&self) -> Vec<InFlight> {
        let in_flight = |(token, claim): (&_, &super::record::ClaimRecord)| {
            let record = self.data.enrollments.get(claim.enrollment)?;
            let prospect = self.data.prospect_names.text(record.prospect);
            Some(InFlight {
                token: *token,
                campaign: self.data.campaign_names.text(record.campaign).to_owned(),
                prospect: prospect.to_owned(),
                address: self.data.address(record.prospect).unwrap_or(prospect).to_owned(),
                sender: self.data.sender_names.text(record.sender).to_owned(),
                step: record.position() + 1,
                message: self.data.next_step(record).map_or_else(String::new, |it| it.name.clone()),
                planned: claim.planned,
                confirmed: claim.confirmed,
                lease_until: claim.lease_until,
                unknown: record.phase == Phase::Unknown,
                restored: claim.restored,
            })
        };
        self.data.claims.iter().filter_map(in_flight).collect()
    }
}

type Cause = (Option<String>, Option<String>);

fn person(hold: &HoldRecord) -> Option<String> {
    match &hold.origin {
        Origin::Person { by, .. } if !by.is_empty() => Some(by.to_string()),
        _ => None,
    }
}

fn day_of(senders: &mut [SenderAgenda], sender: u32, day: i32) -> Option<&mut AgendaDay> {
    senders.get_mut(sender as usize)?.days.get_mut(usize::try_from(day).ok()?)
}

impl Data {
    pub(crate) fn prospect_view(&self, id: u32) -> Option<ProspectView> {
        let record = self.prospects.get(id)?;
        let company = (record.company != NONE).then_some(record.company);
        let name = company.and_then(|id| self.companies.get(id)?.name());
        let details = record.details();
        let tags = details.map(|it| it.tags.iter().map(|tag| tag.to_string()).collect());
        Some(ProspectView {
            key: self.prospect_names.text(id).to_owned(),
            address: self.address(id).map(str::to_owned),
            company: company.map(|id| self.company_names.text(id).to_owned()),
            company_name: name.map(str::to_owned),
            zone: record.zone.map(|zone| zone.name().to_owned()),
            tags: tags.unwrap_or_default(),
        })
    }

    pub(crate) fn enrollment_view(&self, id: u32) -> Option<EnrollmentView> {
        let record = self.enrollments.get(id)?;
        let mut holds: Vec<(u32, &HoldRecord)> = self.covering(record).collect();
        holds.sort_by_key(|(id, hold)| (std::cmp::Reverse(Self::strength(hold)), *id));
        let status = self.status(record);
        let by_person = |(_, hold): &(u32, &HoldRecord)| {
            hold.kind == HoldKind::Pause && matches!(hold.origin, Origin::Person { .. })
        };
        let manually_paused = match status {
            Status::NeedsReschedule => true,
            Status::Paused => holds.iter().all(by_person),
            _ => false,
        };
        let company = self.prospects.get(record.prospect).map_or(NONE, |it| it.company);
        let campaign = self.campaigns.get(record.campaign)?;
        let standing = self.standing(record);
        Some(EnrollmentView {
            campaign: self.campaign_names.text(record.campaign).to_owned(),
            prospect: self.prospect_names.text(record.prospect).to_owned(),
            company: (company != NONE).then(|| self.company_names.text(company).to_owned()),
            sender: self.sender_names.text(record.sender).to_owned(),
            status,
            manually_paused,
            sent: standing.sent(),
            skipped: standing.skipped,
            steps: u16::try_from(campaign.steps.len()).unwrap_or(u16::MAX),
            next: standing.plan.at.filter(|_| Self::is_waiting(record)),
            promised: record.days().iter().filter_map(NaiveDate::from_epoch_days).collect(),
            last_sent: self.deliveries.get(record.last_delivery).map(|it| it.sent),
            zone: self.step_zone(record).name().to_owned(),
            holds: holds.into_iter().map(|(id, hold)| self.hold_view(id, hold)).collect(),
        })
    }

    /// What is still to go out: the next step as planned, the rest as it would follow.
    fn planned_views(&self, record: &EnrollmentRecord) -> Vec<PlannedView> {
        let Some(campaign) = self.campaigns.get(record.campaign) else {
            return Vec::new();
        };
        let standing = self.standing(record);
        let position = standing.position;
        let planned = standing.plan.at.filter(|_| Self::is_waiting(record));
        let mut at = planned.map(|at| at.max(self.now));
        let mut promised = standing.days.iter().skip(1);
        let mut views = Vec::new();
        for index in position..u16::try_from(campaign.steps.len()).unwrap_or(u16::MAX) {
            let Some(step) = campaign.steps.get(usize::from(index)) else {
                break;
            };
            let scheduled = index < record.steps();
            let mut projected = false;
            if index > position {
                let day = promised.next();
                projected = day.is_none();
                let before = at.filter(|_| scheduled);
                at = before.and_then(|before| self.follows(record, index, before, day));
            }
            views.push(PlannedView {
                step: index + 1,
                message: step.name.clone(),
                at: at.filter(|_| scheduled),
                projected,
            });
        }
        views
    }

    /// Whether a hold covers an enrollment, or covered it before it ended.
    fn covers(&self, id: u32, hold: &HoldRecord, enrollment: u32) -> bool {
        let Some(record) = self.enrollments.get(enrollment) else {
            return false;
        };
        let company = self.prospects.get(record.prospect).map_or(NONE, |it| it.company);
        match &hold.target {
            Target::Enrollment(target) => *target == enrollment,
            Target::Prospect(target) => *target == record.prospect,
            Target::CompanyInCampaign(target) => self
                .pairs
                .get(*target)
                .is_some_and(|pair| pair.company == company && pair.campaign == record.campaign),
            Target::Company(target) => *target == company,
            Target::Sender(target) => *target == record.sender,
            Target::Campaign(target) => *target == record.campaign,
            Target::Workspace => true,
            Target::Selection(_) => {
                let member =
                    |members: &std::sync::Arc<Vec<u32>>| members.binary_search(&enrollment).is_ok();
                let still = record.anchor().live().contains(&id);
                hold.members.as_ref().is_some_and(member) && (still || !hold.is_live())
            }
        }
    }
}
