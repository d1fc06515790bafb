//! Which enrollments a selection means, and where each of them stands.

use super::data::Data;
use super::enrollment::EnrollmentRecord;
use super::record::{NONE, Phase};
use super::workspace::known;
use crate::model::{AddedSteps, HoldKind, Refusal, Selection, Status};

impl Data {
    /// Where an enrollment stands: the first status that applies.
    pub(crate) fn status(&self, record: &EnrollmentRecord) -> Status {
        match record.phase {
            Phase::Unknown => return Status::OutcomeUnknown,
            Phase::Claimed | Phase::Leaving => return Status::Sending,
            Phase::Waiting => {}
        }
        let campaign = self.campaigns.get(record.campaign);
        let steps = campaign.map_or(0, |campaign| campaign.steps.len());
        let waits_for_none =
            !record.has_next() && campaign.is_some_and(|it| it.added_steps == AddedSteps::Ignore);
        if usize::from(record.position()) >= steps || waits_for_none {
            return Status::Finished;
        }
        let mut covered = false;
        for (_, hold) in self.covering(record) {
            if hold.kind == HoldKind::Stop {
                return Status::Stopped;
            }
            covered = true;
        }
        if !record.has_next() {
            Status::NeedsReschedule
        } else if covered {
            Status::Paused
        } else if self.standing(record).plan.at.is_none() {
            Status::Unplaceable
        } else {
            Status::Scheduled
        }
    }

    /// The number of the step that an enrollment waits for, counted from 1.
    pub(crate) fn waits_for(&self, record: &EnrollmentRecord) -> Option<u16> {
        record.has_next().then(|| self.standing(record).position + 1)
    }

    /// The enrollments that match, in the order in which they were enrolled.
    pub(crate) fn select(&self, selection: &Selection) -> Result<Vec<u32>, Refusal> {
        let filter = Filter::new(self, selection)?;
        let matches = |id: &u32| self.enrollments.get(*id).is_some_and(|it| filter.takes(it));
        // The narrowest list that holds all of them is looked through.
        let mut found: Vec<u32> = if let Some(prospect) = filter.prospect {
            self.enrollments_of(prospect).filter(matches).collect()
        } else if let Some(company) = filter.company {
            let members = self.members(company);
            members.into_iter().flat_map(|it| self.enrollments_of(it)).filter(matches).collect()
        } else if let Some(campaign) = filter.campaign {
            let listed = self.campaigns.get(campaign).map(|record| &record.enrollments);
            let ids = listed.into_iter().flat_map(|ids| ids.iter().map(|(_, id)| *id));
            ids.filter(matches).collect()
        } else {
            let all = self.enrollments.iter();
            all.filter(|(_, record)| filter.takes(record)).map(|(id, _)| id).collect()
        };
        found.sort_unstable();
        Ok(found)
    }
}

/// A selection with its keys looked up.
struct Filter<'a> {
    data: &'a Data,
    campaign: Option<u32>,
    company: Option<u32>,
    prospect: Option<u32>,
    status: Option<Status>,
    step: Option<u16>,
    search: Option<String>,
}

impl<'a> Filter<'a> {
    fn new(data: &'a Data, selection: &Selection) -> Result<Self, Refusal> {
        let find = |what: &str, text: &Option<String>, names: &super::names::Names| {
            text.as_deref().map(|text| known(what, text, |text| names.id(text))).transpose()
        };
        Ok(Self {
            data,
            campaign: find("campaign", &selection.campaign, &data.campaign_names)?,
            company: find("company", &selection.company, &data.company_names)?,
            prospect: find("prospect", &selection.prospect, &data.prospect_names)?,
            status: selection.status,
            step: selection.step,
            search: selection.search.as_deref().map(str::to_lowercase),
        })
    }

    fn takes(&self, record: &EnrollmentRecord) -> bool {
        self.campaign.is_none_or(|campaign| record.campaign == campaign)
            && self.prospect.is_none_or(|prospect| record.prospect == prospect)
            && self.step.is_none_or(|step| self.data.waits_for(record) == Some(step))
            && self.company.is_none_or(|company| self.company_of(record) == company)
            && self.search.as_deref().is_none_or(|part| self.has(record, part))
            && self.status.is_none_or(|status| self.data.status(record) == status)
    }

    fn company_of(&self, record: &EnrollmentRecord) -> u32 {
        self.data.prospects.get(record.prospect).map_or(NONE, |prospect| prospect.company)
    }

    fn has(&self, record: &EnrollmentRecord, part: &str) -> bool {
        let key = self.data.prospect_names.text(record.prospect);
        let address = self.data.address(record.prospect).unwrap_or_default();
        let company = self.data.company_names.text(self.company_of(record));
        [key, address, company].iter().any(|text| text.to_lowercase().contains(part))
    }
}
