//! What is held as such: a company, a campaign, a sender, everything.

use super::data::Data;
use super::freeze::Anchor;
use super::read::View;
use super::view::HoldView;
use crate::model::HoldTarget;

impl View<'_> {
    /// The live holds on a target itself, the strongest first; those on what is wider or narrower
    /// are not among them. None of a selection, and none of what is not there.
    #[must_use]
    pub fn holds_on(&self, target: &HoldTarget) -> Vec<HoldView> {
        let live = self.data.anchor(target).map_or(&[][..], Anchor::live);
        let mut holds: Vec<_> =
            live.iter().filter_map(|id| Some((*id, self.data.holds.get(*id)?))).collect();
        holds.sort_by_key(|(id, hold)| (std::cmp::Reverse(Data::strength(hold)), *id));
        holds.into_iter().map(|(id, hold)| self.data.hold_view(id, hold)).collect()
    }
}

impl Data {
    fn anchor(&self, target: &HoldTarget) -> Option<&Anchor> {
        let company = |key: &str| self.company_names.id(key);
        let campaign = |key: &str| self.campaign_names.id(key);
        let prospect = |key: &str| self.prospect_names.id(key);
        match target {
            HoldTarget::Enrollment { campaign: in_campaign, prospect: who } => {
                let id = self.enrollment_id(campaign(in_campaign)?, prospect(who)?)?;
                self.enrollments.get(id).map(|record| record.anchor())
            }
            HoldTarget::Prospect(key) => {
                self.prospects.get(prospect(key)?).map(|record| record.anchor())
            }
            HoldTarget::CompanyInCampaign { company: of, campaign: in_campaign } => {
                let pair = self.pair_ids.get(&(company(of)?, campaign(in_campaign)?))?;
                self.pairs.get(*pair).map(|record| &record.anchor)
            }
            HoldTarget::Company(key) => {
                self.companies.get(company(key)?).map(|record| &record.anchor)
            }
            HoldTarget::Sender(key) => {
                self.senders.get(self.sender_names.id(key)?).map(|record| &record.anchor)
            }
            HoldTarget::Campaign(key) => {
                self.campaigns.get(campaign(key)?).map(|record| &record.anchor)
            }
            HoldTarget::Workspace => Some(&self.anchor),
            HoldTarget::Selection(_) => None,
        }
    }
}
