//! Holds: what they cover, and how they are placed.

use std::collections::BTreeSet;

use super::{Model, Outcome, invalid, known, unknown};
use crate::model::{BlockedBy, HoldId, HoldKind, HoldTarget, Instant, Refusal, ResumeMode, Scope};

/// What a hold is over, by key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "they are the scopes of the language")]
pub enum Target {
    Enrollment {
        campaign: String,
        prospect: String,
    },
    Prospect(String),
    CompanyInCampaign {
        company: String,
        campaign: String,
    },
    Company(String),
    Sender(String),
    Campaign(String),
    Workspace,
    /// These enrollments; who leaves is taken out.
    Selection(BTreeSet<usize>),
}

impl Target {
    pub(super) const fn scope(&self) -> Scope {
        match self {
            Self::Enrollment { .. } | Self::Selection(_) => Scope::Enrollment,
            Self::Prospect(_) => Scope::Prospect,
            Self::CompanyInCampaign { .. } => Scope::CompanyInCampaign,
            Self::Company(_) => Scope::Company,
            Self::Sender(_) => Scope::Sender,
            Self::Campaign(_) => Scope::Campaign,
            Self::Workspace => Scope::Workspace,
        }
    }

    pub(super) fn name(&self) -> String {
        match self {
            Self::Enrollment { campaign, prospect } => format!("{prospect} in {campaign}"),
            Self::CompanyInCampaign { company, campaign } => format!("{company} in {campaign}"),
            Self::Prospect(key) | Self::Company(key) => key.clone(),
            Self::Sender(key) | Self::Campaign(key) => key.clone(),
            Self::Workspace => "everything".to_owned(),
            Self::Selection(members) => format!("{} selected", members.len()),
        }
    }
}

/// What makes a rule's hold the same: rule, effect, source, event, target.
pub(super) type Identity = (String, u8, String, String, Target);

#[derive(Clone, Debug)]
pub(super) struct Hold {
    pub kind: HoldKind,
    pub target: Target,
    pub until: Option<Instant>,
    pub mode: ResumeMode,
    /// None if a person placed it.
    pub rule: Option<String>,
    pub identity: Option<Identity>,
    /// Whom the event was about that placed it.
    pub about: Option<String>,
    pub ended: Option<Instant>,
}

impl Hold {
    pub(super) const fn live(&self) -> bool {
        self.ended.is_none()
    }
}

impl Model {
    /// Whether a hold on this target is about the enrollment.
    fn covers(&self, target: &Target, at: usize) -> bool {
        let enrollment = &self.enrollments[at];
        let company = self.prospects[&enrollment.prospect].company.as_deref();
        match target {
            Target::Enrollment { campaign, prospect } => {
                enrollment.campaign == *campaign && enrollment.prospect == *prospect
            }
            Target::Prospect(key) => enrollment.prospect == *key,
            Target::CompanyInCampaign { company: key, campaign } => {
                company == Some(key) && enrollment.campaign == *campaign
            }
            Target::Company(key) => company == Some(key),
            Target::Sender(key) => enrollment.sender == *key,
            Target::Campaign(key) => enrollment.campaign == *key,
            Target::Workspace => true,
            Target::Selection(members) => members.contains(&at),
        }
    }

    /// Whether a hold is live, or ended on one of the last 90 days or today.
    pub(super) fn remembers(&self, hold: &Hold) -> bool {
        let day = |at: Instant| at.as_ms().div_euclid(24 * 60 * 60 * 1000);
        hold.ended.is_none_or(|ended| day(ended) + 90 >= day(self.now))
    }

    /// The live holds that cover an enrollment.
    pub(super) fn covering(&self, at: usize) -> impl Iterator<Item = (usize, &Hold)> {
        let all = self.holds.iter().enumerate();
        all.filter(move |(_, hold)| hold.live() && self.covers(&hold.target, at))
    }

    pub(super) fn is_covered(&self, at: usize) -> bool {
        self.covering(at).next().is_some()
    }

    /// The live holds on exactly a target; for an enrollment, also those of selections it is in.
    pub(super) fn live_on(&self, target: &Target) -> Vec<usize> {
        let same = |hold: &Hold| match (&hold.target, target) {
            (Target::Selection(members), Target::Enrollment { campaign, prospect }) => {
                members.iter().any(|at| {
                    let member = &self.enrollments[*at];
                    member.campaign == *campaign && member.prospect == *prospect
                })
            }
            (on, _) => on == target,
        };
        let all = self.holds.iter().enumerate();
        let live = all.filter(|(_, hold)| hold.live() && same(hold));
        live.map(|(id, _)| id).collect()
    }

    /// A hold whose end is past is recorded and has no effect.
    pub(super) fn place_hold(&mut self, mut hold: Hold) -> usize {
        hold.ended = hold.until.filter(|until| *until <= self.now).map(|_| self.now);
        self.holds.push(hold);
        self.holds.len() - 1
    }

    pub(super) fn blocked_by(&self, ids: impl IntoIterator<Item = usize>) -> Vec<BlockedBy> {
        ids.into_iter()
            .map(|id| {
                let hold = &self.holds[id];
                BlockedBy {
                    hold: number(id),
                    kind: hold.kind,
                    scope: hold.target.scope(),
                    target: hold.target.name(),
                    rule: hold.rule.clone(),
                    until: hold.until,
                }
            })
            .collect()
    }

    /// Finds what a person's command names.
    pub(super) fn target(&self, target: &HoldTarget) -> Result<Target, Refusal> {
        Ok(match target {
            HoldTarget::Enrollment { campaign, prospect } => {
                known("campaign", Some(campaign), &self.campaigns)?;
                known("prospect", Some(prospect), &self.prospects)?;
                let (campaign, prospect) = (campaign.clone(), prospect.clone());
                let mut all = self.enrollments.iter();
                if !all.any(|it| it.campaign == campaign && it.prospect == prospect) {
                    return Err(unknown("enrollment", &format!("{prospect} in {campaign}")));
                }
                Target::Enrollment { campaign, prospect }
            }
            HoldTarget::Prospect(key) => {
                known("prospect", Some(key), &self.prospects)?;
                Target::Prospect(key.clone())
            }
            HoldTarget::CompanyInCampaign { company, campaign } => {
                known("company", Some(company), &self.companies)?;
                known("campaign", Some(campaign), &self.campaigns)?;
                let (company, campaign) = (company.clone(), campaign.clone());
                Target::CompanyInCampaign { company, campaign }
            }
            HoldTarget::Company(key) => {
                known("company", Some(key), &self.companies)?;
                Target::Company(key.clone())
            }
            HoldTarget::Sender(key) => {
                known("sender", Some(key), &self.senders)?;
                Target::Sender(key.clone())
            }
            HoldTarget::Campaign(key) => {
                known("campaign", Some(key), &self.campaigns)?;
                Target::Campaign(key.clone())
            }
            HoldTarget::Workspace => Target::Workspace,
            HoldTarget::Selection(selection) => {
                Target::Selection(self.select(selection)?.into_iter().collect())
            }
        })
    }

    pub(super) fn person_holds(
        &mut self,
        kind: HoldKind,
        target: &HoldTarget,
        until: Option<Instant>,
        _by: Option<&str>,
    ) -> super::Answer {
        if kind == HoldKind::Stop && until.is_some() {
            return Err(invalid("until"));
        }
        let target = self.target(target)?;
        let members = match &target {
            Target::Selection(members) if members.is_empty() => {
                return Err(invalid("selection"));
            }
            Target::Selection(members) => Some(members.len() as u64),
            _ => None,
        };
        let id = self.place_hold(Hold {
            kind,
            target,
            until,
            mode: ResumeMode::Keep,
            rule: None,
            identity: None,
            about: None,
            ended: None,
        });
        Ok(Outcome::Held { hold: number(id), members, live: self.holds[id].live() })
    }
}

/// Holds are numbered in the order in which they were placed.
pub(super) fn number(id: usize) -> HoldId {
    HoldId(u32::try_from(id).unwrap_or(u32::MAX))
}
