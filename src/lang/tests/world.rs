//! Facts for tests.

use super::super::{Counted, Facts, Policy};
use super::bundle;

/// Facts that are given one by one.
#[derive(Clone, Debug, Default)]
pub(super) struct World {
    pub address: Option<String>,
    pub domain: Option<String>,
    pub zone: Option<String>,
    pub field: Option<(String, String)>,
    pub tags: Vec<String>,
    pub company: Option<String>,
    pub stage: Option<String>,
    pub campaign: Option<String>,
    pub step: Option<i64>,
    pub counts: Vec<Counted>,
}

impl World {
    /// A prospect of a company, in a campaign.
    pub fn at(domain: &str) -> Self {
        Self {
            address: Some(format!("ann@{domain}")),
            domain: Some(domain.to_owned()),
            company: Some(domain.to_owned()),
            campaign: Some("spring".to_owned()),
            step: Some(2),
            ..Self::default()
        }
    }
}

impl Facts for World {
    fn prospect_address(&self) -> Option<&str> {
        self.address.as_deref()
    }
    fn prospect_domain(&self) -> Option<&str> {
        self.domain.as_deref()
    }
    fn prospect_zone(&self) -> Option<&str> {
        self.zone.as_deref()
    }
    fn prospect_has_tag(&self, tag: &str) -> bool {
        self.tags.iter().any(|own| own == tag)
    }
    fn prospect_tags(&self, each: &mut dyn FnMut(&str)) {
        self.tags.iter().for_each(|tag| each(tag));
    }
    fn prospect_field(&self, name: &str) -> Option<&str> {
        self.field.as_ref().filter(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }
    fn company_key(&self) -> Option<&str> {
        self.company.as_deref()
    }
    fn company_stage(&self) -> Option<&str> {
        self.stage.as_deref()
    }
    fn company_has_tag(&self, _tag: &str) -> bool {
        false
    }
    fn company_tags(&self, _each: &mut dyn FnMut(&str)) {}
    fn campaign_key(&self) -> Option<&str> {
        self.campaign.as_deref()
    }
    fn campaign_has_tag(&self, _tag: &str) -> bool {
        false
    }
    fn campaign_tags(&self, _each: &mut dyn FnMut(&str)) {}
    fn enrollment_step(&self) -> Option<i64> {
        self.step
    }
    fn enrollment_sends(&self) -> Option<i64> {
        self.step.map(|step| step - 1)
    }
    fn days_since_last_send(&self) -> Option<i64> {
        None
    }
    fn counted(&self, window: u32) -> Option<Counted> {
        self.counts.get(window as usize).copied()
    }
}

/// The policy of a text that compiles.
pub(super) fn policy(text: &str) -> Policy {
    let bundle = bundle(&format!("policy 1\n{text}"));
    match Policy::compile(&bundle) {
        Ok((policy, _)) => policy,
        Err(found) => panic!("{}", super::super::render(&found, &bundle, false)),
    }
}
