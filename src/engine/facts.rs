//! What rules can read besides the event: live, from the tables, or as it was, from a cause.

#[cfg(test)]
mod tests;

use super::data::Data;
use super::enrollment::EnrollmentRecord;
use super::index::Index;
use super::record::{CauseFacts, NONE};
use super::workspace::DAY_MS;
use crate::lang::{Counted, Facts};
use crate::model::Instant;

/// What an event is about, as ids.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct About {
    pub(crate) prospect: Option<u32>,
    pub(crate) company: Option<u32>,
    pub(crate) campaign: Option<u32>,
    pub(crate) sender: Option<u32>,
    pub(crate) enrollment: Option<u32>,
}

/// The tables, seen from an event's subject.
pub(crate) struct LiveFacts<'a> {
    data: &'a Data,
    index: &'a Index,
    about: About,
    /// When the event happened.
    at: Instant,
}

impl<'a> LiveFacts<'a> {
    pub(crate) const fn new(data: &'a Data, index: &'a Index, about: About, at: Instant) -> Self {
        Self { data, index, about, at }
    }

    fn enrollment(&self) -> Option<&EnrollmentRecord> {
        self.data.enrollments.get(self.about.enrollment?)
    }

    /// A copy of all that rules could read, to evaluate them again later.
    pub(crate) fn capture(&self, windows: impl Iterator<Item = u32>) -> CauseFacts {
        let boxed = |text: Option<&str>| text.map(Box::from);
        let prospect = self.about.prospect.and_then(|id| self.data.prospects.get(id));
        let details = prospect.and_then(|record| record.details());
        let company = self.about.company.and_then(|id| self.data.companies.get(id));
        let campaign = self.about.campaign.and_then(|id| self.data.campaigns.get(id));
        let key = |id: u32| Box::from(self.data.prospect_names.text(id));
        CauseFacts {
            prospect_key: self.about.prospect.map(key),
            address: boxed(self.prospect_address()),
            domain: boxed(self.prospect_domain()),
            zone: prospect.and_then(|record| record.zone),
            tags: details.map(|details| details.tags.clone()).unwrap_or_default(),
            fields: details.map(|details| details.fields.clone()).unwrap_or_default(),
            company_key: boxed(self.company_key()),
            company_stage: boxed(self.company_stage()),
            company_tags: company.map(|record| record.tags().into()).unwrap_or_default(),
            campaign_key: boxed(self.campaign_key()),
            campaign_tags: campaign.map(|record| record.tags.clone()).unwrap_or_default(),
            step: self.enrollment_step(),
            sends: self.enrollment_sends(),
            days_since_last_send: self.days_since_last_send(),
            counted: windows.filter_map(|it| Some((it, self.counted(it)?))).collect(),
        }
    }
}

impl Facts for LiveFacts<'_> {
    fn prospect_address(&self) -> Option<&str> {
        self.data.address(self.about.prospect?)
    }

    fn prospect_domain(&self) -> Option<&str> {
        // Domains are stored in lower case.
        self.prospect_address()?.rsplit_once('@').map(|(_, domain)| domain)
    }

    fn prospect_zone(&self) -> Option<&str> {
        let zone = self.data.prospects.get(self.about.prospect?)?.zone?;
        Some(zone.name())
    }

    fn prospect_has_tag(&self, tag: &str) -> bool {
        let record = self.about.prospect.and_then(|id| self.data.prospects.get(id));
        let details = record.and_then(|record| record.details());
        details.is_some_and(|details| details.tags.iter().any(|it| &**it == tag))
    }

    fn prospect_tags(&self, each: &mut dyn FnMut(&str)) {
        let record = self.about.prospect.and_then(|id| self.data.prospects.get(id));
        let details = record.and_then(|record| record.details());
        details.iter().flat_map(|details| details.tags.iter()).for_each(|tag| each(tag));
    }

    fn prospect_field(&self, name: &str) -> Option<&str> {
        let details = self.data.prospects.get(self.about.prospect?)?.details()?;
        details.fields.iter().find(|field| &*field.0 == name).map(|field| &*field.1)
    }

    fn company_key(&self) -> Option<&str> {
        self.about.company.map(|id| self.data.company_names.text(id))
    }

    fn company_stage(&self) -> Option<&str> {
        self.data.companies.get(self.about.company?)?.stage()
    }

    fn company_has_tag(&self, tag: &str) -> bool {
        let record = self.about.company.and_then(|id| self.data.companies.get(id));
        record.is_some_and(|record| record.tags().iter().any(|it| &**it == tag))
    }

    fn company_tags(&self, each: &mut dyn FnMut(&str)) {
        let record = self.about.company.and_then(|id| self.data.companies.get(id));
        record.iter().flat_map(|record| record.tags().iter()).for_each(|tag| each(tag));
    }

    fn campaign_key(&self) -> Option<&str> {
        self.about.campaign.map(|id| self.data.campaign_names.text(id))
    }

    fn campaign_has_tag(&self, tag: &str) -> bool {
        let record = self.about.campaign.and_then(|id| self.data.campaigns.get(id));
        record.is_some_and(|record| record.tags.iter().any(|it| &**it == tag))
    }

    fn campaign_tags(&self, each: &mut dyn FnMut(&str)) {
        let record = self.about.campaign.and_then(|id| self.data.campaigns.get(id));
        record.iter().flat_map(|record| record.tags.iter()).for_each(|tag| each(tag));
    }

    fn enrollment_step(&self) -> Option<i64> {
        self.data.waits_for(self.enrollment()?).map(i64::from)
    }

    fn enrollment_sends(&self) -> Option<i64> {
        self.enrollment().map(|record| i64::from(self.data.standing(record).sent()))
    }

    fn days_since_last_send(&self) -> Option<i64> {
        let record = self.enrollment().filter(|record| record.last_delivery != NONE)?;
        let delivery = self.data.deliveries.get(record.last_delivery)?;
        Some(self.data.now.ms_since(delivery.sent) / DAY_MS)
    }

    fn counted(&self, window: u32) -> Option<Counted> {
        let window = self.data.policy()?.window(window)?;
        self.data.counted(&self.index.logs, self.about, window, self.at)
    }
}

impl Facts for CauseFacts {
    fn prospect_address(&self) -> Option<&str> {
        self.address.as_deref()
    }

    fn prospect_domain(&self) -> Option<&str> {
        self.domain.as_deref()
    }

    fn prospect_zone(&self) -> Option<&str> {
        self.zone.map(crate::plan::Zone::name)
    }

    fn prospect_has_tag(&self, tag: &str) -> bool {
        self.tags.iter().any(|it| &**it == tag)
    }

    fn prospect_tags(&self, each: &mut dyn FnMut(&str)) {
        self.tags.iter().for_each(|tag| each(tag));
    }

    fn prospect_field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|field| &*field.0 == name).map(|field| &*field.1)
    }

    fn company_key(&self) -> Option<&str> {
        self.company_key.as_deref()
    }

    fn company_stage(&self) -> Option<&str> {
        self.company_stage.as_deref()
    }

    fn company_has_tag(&self, tag: &str) -> bool {
        self.company_tags.iter().any(|it| &**it == tag)
    }

    fn company_tags(&self, each: &mut dyn FnMut(&str)) {
        self.company_tags.iter().for_each(|tag| each(tag));
    }

    fn campaign_key(&self) -> Option<&str> {
        self.campaign_key.as_deref()
    }

    fn campaign_has_tag(&self, tag: &str) -> bool {
        self.campaign_tags.iter().any(|it| &**it == tag)
    }

    fn campaign_tags(&self, each: &mut dyn FnMut(&str)) {
        self.campaign_tags.iter().for_each(|tag| each(tag));
    }

    fn enrollment_step(&self) -> Option<i64> {
        self.step
    }

    fn enrollment_sends(&self) -> Option<i64> {
        self.sends
    }

    fn days_since_last_send(&self) -> Option<i64> {
        self.days_since_last_send
    }

    fn counted(&self, window: u32) -> Option<Counted> {
        self.counted.iter().find(|(number, _)| *number == window).map(|(_, counted)| *counted)
    }
}
