//! The state of one workspace: tables and how they refer to each other.
//!
//! A clone is a snapshot. Everything that is only there to be fast is in [`super::index`] instead,
//! and can be made anew from this.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::address;
use super::contacts::{CompanyRecord, ProspectRecord};
use super::counting::{CountRecord, HourlyRecord};
use super::enrollment::EnrollmentRecord;
use super::fingerprint::{Fingerprint, jitter_seed};
use super::freeze::Anchor;
use super::names::Names;
use super::pages::Pages;
use super::record::{
    AddressRecord, AnswerRecord, CampaignRecord, CauseRecord, Claims, ClosedRecord, DeliveryRecord,
    ForgottenRecord, HoldRecord, Job, NONE, Phase, SenderRecord, Tally, Target,
};
use super::seen::SeenIds;
use super::shards::SharedMap;
use crate::lang::{Diagnostic, Policy};
use crate::model::{Instant, PolicyBundle, Step};
use crate::plan::{CompanySends, Zone};

/// A company in a campaign: made when something is held at that scope.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct PairRecord {
    pub(crate) company: u32,
    pub(crate) campaign: u32,
    pub(crate) anchor: Anchor,
    /// What the campaign sends to the company, where it has a bound.
    pub(crate) sends: CompanySends,
}

/// A policy that was published.
#[derive(Clone, Debug)]
pub(crate) struct Published {
    pub(crate) bundle: PolicyBundle,
    pub(crate) policy: Arc<Policy>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Data {
    /// The greatest instant that any command brought.
    pub(crate) now: Instant,
    pub(crate) zone: Option<Zone>,
    /// When nothing is sent.
    pub(crate) closed: Arc<ClosedRecord>,
    /// What is still to be planned anew, the oldest first.
    pub(crate) jobs: Arc<VecDeque<Job>>,
    pub(crate) company_names: Names,
    pub(crate) companies: Pages<CompanyRecord>,
    pub(crate) prospect_names: Names,
    pub(crate) prospects: Pages<ProspectRecord>,
    /// What prospects had for addresses before, in order.
    pub(crate) addresses: Pages<AddressRecord>,
    pub(crate) sender_names: Names,
    pub(crate) senders: Pages<SenderRecord>,
    pub(crate) campaign_names: Names,
    pub(crate) campaigns: Pages<CampaignRecord>,
    pub(crate) pairs: Pages<PairRecord>,
    pub(crate) pair_ids: SharedMap<(u32, u32), u32>,
    /// Domains that a company was given, besides its key.
    pub(crate) domains: SharedMap<Box<str>, u32>,
    pub(crate) enrollments: Pages<EnrollmentRecord>,
    pub(crate) deliveries: Pages<DeliveryRecord>,
    pub(crate) claims: Arc<Claims>,
    pub(crate) holds: Pages<HoldRecord>,
    pub(crate) causes: Pages<CauseRecord>,
    /// Every policy that was ever published; the last one is in force.
    pub(crate) policies: Arc<Vec<Published>>,
    /// What windows count: the logs, and where events were counted by the hour.
    pub(crate) counts: Pages<CountRecord>,
    pub(crate) hourly: Pages<HourlyRecord>,
    pub(crate) seen: SeenIds,
    pub(crate) answers: Pages<AnswerRecord>,
    /// Who was forgotten, in order.
    pub(crate) forgotten: Pages<ForgottenRecord>,
    /// Events that were taken back before they were seen, and on which day.
    pub(crate) retracted: Arc<BTreeMap<Fingerprint, i32>>,
    /// What is held in the whole workspace.
    pub(crate) anchor: Anchor,
    /// The sender that was served last: the next claim goes on after it.
    pub(crate) last_served: u32,
    pub(crate) tally: Tally,
}

impl Data {
    /// A picture in which keys cannot be looked up.
    pub(crate) fn image(&self) -> Self {
        let mut image = self.clone();
        let names = [
            &mut image.company_names,
            &mut image.prospect_names,
            &mut image.sender_names,
            &mut image.campaign_names,
        ];
        for names in names {
            *names = names.texts_only();
        }
        image
    }

    /// Drops it a little at a time: a million records are a million pieces of memory.
    #[cfg(feature = "store")]
    pub(crate) fn let_go(self, rest: &mut dyn FnMut()) {
        let Self { companies, prospects, enrollments, deliveries, holds, causes, .. } = self;
        companies.let_go(rest);
        prospects.let_go(rest);
        enrollments.let_go(rest);
        deliveries.let_go(rest);
        holds.let_go(rest);
        causes.let_go(rest);
        self.counts.let_go(rest);
        self.hourly.let_go(rest);
        self.answers.let_go(rest);
    }

    /// A policy, compiled; one that was published before is there already.
    pub(crate) fn compiled(&self, bundle: &PolicyBundle) -> Result<Arc<Policy>, Vec<Diagnostic>> {
        let before = self.policies.iter().rev().find(|published| published.bundle == *bundle);
        match before {
            Some(published) => Ok(Arc::clone(&published.policy)),
            None => Policy::compile(bundle).map(|(policy, _warnings)| Arc::new(policy)),
        }
    }

    pub(crate) fn policy(&self) -> Option<&Arc<Policy>> {
        self.policies.last().map(|published| &published.policy)
    }

    pub(crate) fn workspace_zone(&self) -> Zone {
        self.zone.unwrap_or(Zone::UTC)
    }

    pub(crate) fn sender_zone(&self, sender: &SenderRecord) -> Zone {
        sender.zone.unwrap_or_else(|| self.workspace_zone())
    }

    pub(crate) fn prospect_zone(&self, prospect: u32) -> Zone {
        let zone = self.prospects.get(prospect).and_then(|prospect| prospect.zone);
        zone.unwrap_or_else(|| self.workspace_zone())
    }

    /// The zone of an enrollment's steps: the prospect's, else the campaign's, else the sender's.
    pub(crate) fn step_zone(&self, enrollment: &EnrollmentRecord) -> Zone {
        let prospect = self.prospects.get(enrollment.prospect).and_then(|record| record.zone);
        let campaign = || self.campaigns.get(enrollment.campaign).and_then(|record| record.zone);
        let sender = || self.senders.get(enrollment.sender).map(|record| self.sender_zone(record));
        prospect.or_else(campaign).or_else(sender).unwrap_or(Zone::UTC)
    }

    /// The step that an enrollment waits for.
    pub(crate) fn next_step(&self, enrollment: &EnrollmentRecord) -> Option<&Step> {
        if !enrollment.has_next() {
            return None;
        }
        let campaign = self.campaigns.get(enrollment.campaign)?;
        campaign.steps.get(usize::from(enrollment.position()))
    }

    pub(crate) fn seed(&self, enrollment: &EnrollmentRecord, position: u16) -> u64 {
        let campaign = self.campaign_names.text(enrollment.campaign);
        let prospect = self.prospect_names.text(enrollment.prospect);
        jitter_seed(campaign, prospect, position)
    }

    /// Whether it waits for a step with a planned instant: these are in the lanes or parked.
    pub(crate) fn is_waiting(enrollment: &EnrollmentRecord) -> bool {
        enrollment.phase == Phase::Waiting && enrollment.has_next() && enrollment.at().is_some()
    }

    pub(crate) fn address<'a>(&'a self, prospect: u32) -> Option<&'a str> {
        let record = self.prospects.get(prospect)?;
        let given: Option<&'a str> =
            record.details().and_then(|details| details.address.as_deref());
        given.or_else(|| {
            let key = self.prospect_names.text(prospect);
            key.contains('@').then_some(key)
        })
    }

    pub(crate) fn enrollment_id(&self, campaign: u32, prospect: u32) -> Option<u32> {
        self.enrollments_of(prospect)
            .find(|id| self.enrollments.get(*id).is_some_and(|record| record.campaign == campaign))
    }

    /// A prospect's enrollments, newest first.
    pub(crate) fn enrollments_of(&self, prospect: u32) -> impl Iterator<Item = u32> {
        let first = self.prospects.get(prospect).map_or(NONE, |record| record.first_enrollment);
        std::iter::successors((first != NONE).then_some(first), move |id| {
            let next = self.enrollments.get(*id).map_or(NONE, |record| record.next_of_prospect());
            (next != NONE).then_some(next)
        })
    }

    /// A prospect's enrollments in the order in which they were made: that in which they are
    /// placed.
    pub(crate) fn oldest_first(&self, prospect: u32) -> Vec<u32> {
        let mut enrollments: Vec<u32> = self.enrollments_of(prospect).collect();
        enrollments.reverse();
        enrollments
    }

    /// The prospects of a company, in the order in which they were made.
    pub(crate) fn members(&self, company: u32) -> Vec<u32> {
        let mut members: Vec<u32> = self.newest_members(company).collect();
        members.sort_unstable();
        members
    }

    /// The prospects of a company, the one that came to it last first.
    pub(crate) fn newest_members(&self, company: u32) -> impl Iterator<Item = u32> {
        let last = self.companies.get(company).map_or(NONE, |record| record.last_member);
        std::iter::successors((last != NONE).then_some(last), move |id| {
            let next = self.prospects.get(*id).map_or(NONE, |record| record.next_of_company);
            (next != NONE).then_some(next)
        })
    }

    /// Adds a prospect to those of its company.
    pub(crate) fn enlist(&mut self, prospect: u32) {
        let company = self.prospects.get(prospect).map_or(NONE, |record| record.company);
        if let Some(company) = self.companies.get_mut(company)
            && let Some(record) = self.prospects.get_mut(prospect)
        {
            record.next_of_company = std::mem::replace(&mut company.last_member, prospect);
        }
    }

    /// Takes a prospect out of those of its company: whoever came right after it is looked for.
    pub(crate) fn delist(&mut self, prospect: u32) {
        let Some(record) = self.prospects.get(prospect) else {
            return;
        };
        let (company, next) = (record.company, record.next_of_company);
        let last = self.companies.get(company).map_or(NONE, |record| record.last_member);
        if last == prospect {
            if let Some(company) = self.companies.get_mut(company) {
                company.last_member = next;
            }
            return;
        }
        let follows = |id: &u32| {
            self.prospects.get(*id).is_some_and(|record| record.next_of_company == prospect)
        };
        let after = self.newest_members(company).find(follows);
        if let Some(record) = after.and_then(|id| self.prospects.get_mut(id)) {
            record.next_of_company = next;
        }
    }

    /// What went out of an enrollment, the newest first.
    pub(crate) fn deliveries_of(
        &self,
        enrollment: &EnrollmentRecord,
    ) -> impl Iterator<Item = &DeliveryRecord> {
        std::iter::successors(self.deliveries.get(enrollment.last_delivery), |delivery| {
            self.deliveries.get(delivery.previous)
        })
    }

    /// The company that an address speaks for: the one that was given its domain, else its
    /// registrable domain. `Ok` if there is such a company, `Err` with the key of one to make.
    pub(crate) fn company_of(&self, address: &str) -> Option<Result<u32, String>> {
        let domain = address::domain_of(address)?;
        if let Some(company) = self.domains.get(&*domain) {
            return Some(Ok(*company));
        }
        let registrable = address::company_domain(&domain)?;
        if let Some(company) = self.domains.get(registrable) {
            return Some(Ok(*company));
        }
        Some(self.company_names.id(registrable).ok_or_else(|| registrable.to_owned()))
    }

    /// Those of the anchors that an enrollment has by its company.
    pub(crate) const COMPANY_ANCHORS: std::ops::Range<usize> = 2..4;

    /// The anchors of all that covers an enrollment, narrow to wide, numbered.
    pub(crate) fn anchors<'a>(
        &'a self,
        enrollment: &'a EnrollmentRecord,
    ) -> impl Iterator<Item = (usize, &'a Anchor)> {
        let prospect = self.prospects.get(enrollment.prospect);
        let company = prospect.map_or(NONE, |prospect| prospect.company);
        let pair = if company == NONE || self.pair_ids.is_empty() {
            None
        } else {
            self.pair_ids.get(&(company, enrollment.campaign))
        };
        [
            Some(enrollment.anchor()),
            prospect.map(|prospect| prospect.anchor()),
            pair.and_then(|id| self.pairs.get(*id)).map(|pair| &pair.anchor),
            self.companies.get(company).map(|company| &company.anchor),
            self.senders.get(enrollment.sender).map(|sender| &sender.anchor),
            self.campaigns.get(enrollment.campaign).map(|campaign| &campaign.anchor),
            Some(&self.anchor),
        ]
        .into_iter()
        .enumerate()
        .filter_map(|(at, anchor)| Some((at, anchor?)))
    }

    /// The live holds that cover an enrollment, narrow to wide.
    pub(crate) fn covering<'a>(
        &'a self,
        enrollment: &'a EnrollmentRecord,
    ) -> impl Iterator<Item = (u32, &'a HoldRecord)> {
        self.anchors(enrollment)
            .flat_map(|(_, anchor)| anchor.live().iter())
            .filter_map(|id| Some((*id, self.holds.get(*id)?)))
    }

    pub(crate) fn is_covered(&self, enrollment: &EnrollmentRecord) -> bool {
        self.anchors(enrollment).any(|(_, anchor)| !anchor.live().is_empty())
    }

    /// Whether something is live on a company, or on it in a campaign.
    pub(crate) fn is_company_held(&self, company: u32, campaign: u32) -> bool {
        let pair = self.pair_ids.get(&(company, campaign)).and_then(|id| self.pairs.get(*id));
        let company = self.companies.get(company).map(|company| &company.anchor);
        let mut anchors = company.into_iter().chain(pair.map(|pair| &pair.anchor));
        anchors.any(|anchor| !anchor.live().is_empty())
    }

    /// What hangs off a target; none if that is no one thing.
    pub(crate) fn anchor_of(&self, target: &Target) -> Option<&Anchor> {
        match target {
            Target::Enrollment(id) => self.enrollments.get(*id).map(EnrollmentRecord::anchor),
            Target::Prospect(id) => self.prospects.get(*id).map(ProspectRecord::anchor),
            Target::CompanyInCampaign(id) => self.pairs.get(*id).map(|it| &it.anchor),
            Target::Company(id) => self.companies.get(*id).map(|it| &it.anchor),
            Target::Sender(id) => self.senders.get(*id).map(|it| &it.anchor),
            Target::Campaign(id) => self.campaigns.get(*id).map(|it| &it.anchor),
            Target::Workspace => Some(&self.anchor),
            Target::Selection(_) => None,
        }
    }

    pub(crate) fn change_anchor<R>(
        &mut self,
        target: &Target,
        change: impl FnOnce(&mut Anchor) -> R,
    ) -> Option<R> {
        match target {
            Target::Enrollment(id) => {
                self.enrollments.get_mut(*id).map(|it| it.change_anchor(change))
            }
            Target::Prospect(id) => self.prospects.get_mut(*id).map(|it| it.change_anchor(change)),
            Target::CompanyInCampaign(id) => {
                self.pairs.get_mut(*id).map(|it| change(&mut it.anchor))
            }
            Target::Company(id) => self.companies.get_mut(*id).map(|it| change(&mut it.anchor)),
            Target::Sender(id) => self.senders.get_mut(*id).map(|it| change(&mut it.anchor)),
            Target::Campaign(id) => self.campaigns.get_mut(*id).map(|it| change(&mut it.anchor)),
            Target::Workspace => Some(change(&mut self.anchor)),
            Target::Selection(_) => None,
        }
    }

    /// The id of a company in a campaign, made if it is new.
    pub(crate) fn pair(&mut self, company: u32, campaign: u32) -> u32 {
        if let Some(id) = self.pair_ids.get(&(company, campaign)) {
            return *id;
        }
        let record = PairRecord {
            company,
            campaign,
            anchor: Anchor::default(),
            sends: CompanySends::default(),
        };
        let id = self.pairs.push(record);
        self.pair_ids.insert::<(u32, u32)>((company, campaign), id);
        id
    }

    /// What a target is called: a key, or `prospect in campaign`.
    pub(crate) fn target_name(&self, target: &Target) -> String {
        match target {
            Target::Enrollment(id) => self.enrollments.get(*id).map_or_else(String::new, |it| {
                let prospect = self.prospect_names.text(it.prospect);
                format!("{prospect} in {}", self.campaign_names.text(it.campaign))
            }),
            Target::Prospect(id) => self.prospect_names.text(*id).to_owned(),
            Target::CompanyInCampaign(id) => self.pairs.get(*id).map_or_else(String::new, |it| {
                let company = self.company_names.text(it.company);
                format!("{company} in {}", self.campaign_names.text(it.campaign))
            }),
            Target::Company(id) => self.company_names.text(*id).to_owned(),
            Target::Sender(id) => self.sender_names.text(*id).to_owned(),
            Target::Campaign(id) => self.campaign_names.text(*id).to_owned(),
            Target::Workspace => "everything".to_owned(),
            Target::Selection(members) => format!("{members} selected"),
        }
    }
}
