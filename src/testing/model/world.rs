//! Who and what there is: settings, policies, companies, prospects, senders, campaigns.

use std::sync::Arc;

use super::{Answer, Due, Enrollment, Model, Phase, invalid, known, unknown};
use crate::lang::Policy;
use crate::model::{
    Campaign, Company, HoldKind, Outcome, PolicyBundle, Prospect, Refusal, Sender, Settings, Step,
};
use crate::plan::Zone;

/// Whoever has an address there says nothing about a company.
const FREE_MAIL: [&str; 2] = ["gmail.com", "outlook.com"];

fn checked_zone(name: Option<&str>) -> Result<Option<Zone>, Refusal> {
    match name {
        Some(name) => Zone::named(name).map(Some).ok_or_else(|| invalid("zone")),
        None => Ok(None),
    }
}

fn set<T: Clone + PartialEq>(slot: &mut Option<T>, value: &Option<T>) -> bool {
    let changes = value.is_some() && slot != value;
    if value.is_some() {
        slot.clone_from(value);
    }
    changes
}

impl Model {
    pub(super) fn configure(&mut self, settings: &Settings) -> Answer {
        if let Some(zone) = checked_zone(settings.zone.as_deref())? {
            self.zone = Some(zone);
            self.replan(|_| true);
        }
        Ok(Outcome::Applied)
    }

    pub(super) fn put_policy(&mut self, bundle: &PolicyBundle) -> Answer {
        match Policy::compile(bundle) {
            Ok((policy, _)) => {
                self.recount(&policy);
                self.policy = Some(Arc::new(policy));
                Ok(Outcome::Applied)
            }
            Err(_) => Err(Refusal::PolicyErrors { errors: 0, first: String::new() }),
        }
    }

    pub(super) fn put_company(&mut self, company: &Company) -> Answer {
        let others = self.companies.values().filter(|it| it.key != company.key);
        let mut theirs = others.flat_map(|it| &it.domains);
        if theirs.any(|domain| company.domains.contains(domain)) {
            return Err(invalid("domains"));
        }
        let record = self.company(&company.key);
        set(&mut record.name, &company.name);
        set(&mut record.stage, &company.stage);
        set(&mut record.tags, &company.tags);
        for domain in &company.domains {
            if !record.domains.contains(domain) {
                record.domains.push(domain.clone());
            }
        }
        Ok(Outcome::Applied)
    }

    fn company(&mut self, key: &str) -> &mut Company {
        self.companies
            .entry(key.to_owned())
            .or_insert_with(|| Company { key: key.to_owned(), ..Company::default() })
    }

    /// A company that was named stays; else it is the one that the address speaks for.
    pub(super) fn put_prospect(&mut self, prospect: &Prospect) -> Answer {
        checked_zone(prospect.zone.as_deref())?;
        if prospect.address.as_ref().is_some_and(|it| !it.contains('@')) {
            return Err(invalid("address"));
        }
        let key = prospect.key.clone();
        let record = self.prospects.entry(key.clone()).or_insert_with(|| Prospect {
            key: key.clone(),
            address: key.contains('@').then(|| key.clone()),
            ..Prospect::default()
        });
        let rezoned = set(&mut record.zone, &prospect.zone);
        set(&mut record.address, &prospect.address);
        set(&mut record.tags, &prospect.tags);
        set(&mut record.fields, &prospect.fields);
        let address = record.address.clone();
        if let Some(company) = &prospect.company {
            self.company(company);
            self.named_companies.insert(key.clone(), company.clone());
        }
        let company = match self.named_companies.get(&key) {
            Some(named) => Some(named.clone()),
            None => address.and_then(|address| self.company_of(&address)),
        };
        if let Some(company) = &company {
            self.company(company);
        }
        let before = self.prospects[&key].company.clone();
        if let Some(record) = self.prospects.get_mut(&key) {
            record.company.clone_from(&company);
        }
        self.look_at_all(self.now);
        if before != company {
            self.forget_old_company(&key);
        }
        if rezoned {
            self.replan(|enrollment| enrollment.prospect == key);
        }
        Ok(Outcome::Applied)
    }

    /// The holds of the company that was left let go, or never were: what still holds is another's.
    fn forget_old_company(&mut self, prospect: &str) {
        for at in 0..self.enrollments.len() {
            if self.enrollments[at].prospect == prospect {
                if self.enrollments[at].phase != Phase::Waiting {
                    self.begin_anew(at);
                } else if let Some(frozen) = &mut self.enrollments[at].frozen {
                    frozen.gone.clear();
                }
            }
        }
    }

    /// Its domain's company, else the registrable part of the domain: here, its last two labels.
    fn company_of(&self, address: &str) -> Option<String> {
        let (_, domain) = address.rsplit_once('@')?;
        let labels: Vec<&str> = domain.split('.').collect();
        let registrable = labels[labels.len().saturating_sub(2)..].join(".");
        let owner = |domain: &str| {
            let mut all = self.companies.values();
            all.find(|company| company.domains.iter().any(|it| it == domain))
                .map(|company| company.key.clone())
        };
        let is_free = FREE_MAIL.contains(&registrable.as_str());
        owner(domain)
            .or_else(|| if is_free { None } else { owner(&registrable) })
            .or_else(|| (!is_free).then_some(registrable.clone()))
    }

    pub(super) fn put_sender(&mut self, sender: &Sender) -> Answer {
        checked_zone(sender.zone.as_deref())?;
        let key = sender.key.clone();
        if !self.senders.contains_key(&key) {
            self.sender_order.push(key.clone());
        }
        let record = self
            .senders
            .entry(key.clone())
            .or_insert_with(|| Sender { key: key.clone(), ..Sender::default() });
        set(&mut record.limit_per_day, &sender.limit_per_day);
        set(&mut record.gap_ms, &sender.gap_ms);
        if set(&mut record.zone, &sender.zone) {
            self.replan(|enrollment| enrollment.sender == key);
        }
        Ok(Outcome::Applied)
    }

    pub(super) fn put_campaign(&mut self, campaign: &Campaign) -> Answer {
        checked_zone(campaign.zone.as_deref())?;
        for sender in &campaign.senders {
            known("sender", Some(sender), &self.senders)?;
        }
        let key = campaign.key.clone();
        let Some(record) = self.campaigns.get_mut(&key) else {
            if campaign.steps.is_empty() || campaign.senders.is_empty() {
                return Err(invalid("campaign"));
            }
            self.active_steps.insert(key.clone(), campaign.steps.len());
            self.campaigns.insert(key, campaign.clone());
            return Ok(Outcome::Applied);
        };
        if !campaign.steps.is_empty() && campaign.steps != record.steps {
            return Err(Refusal::StepsDiffer { campaign: key });
        }
        if !campaign.senders.is_empty() {
            record.senders.clone_from(&campaign.senders);
        }
        set(&mut record.tags, &campaign.tags);
        if set(&mut record.zone, &campaign.zone) {
            self.replan(|enrollment| enrollment.campaign == key);
        }
        Ok(Outcome::Applied)
    }

    /// An added step is on nobody's schedule until a reschedule.
    pub(super) fn add_step(&mut self, campaign: &str, step: &Step) -> Answer {
        let record = self.campaigns.get_mut(campaign);
        let record = record.ok_or_else(|| unknown("campaign", campaign))?;
        record.steps.push(step.clone());
        Ok(Outcome::Applied)
    }

    /// A changed zone replans what it affects.
    fn replan(&mut self, which: impl Fn(&Enrollment) -> bool) {
        for at in 0..self.enrollments.len() {
            if which(&self.enrollments[at]) {
                self.place_anew(at);
                if let Some(frozen) = &mut self.enrollments[at].frozen {
                    frozen.gone.clear();
                }
            }
        }
    }

    pub(super) fn enroll(&mut self, campaign: &str, prospect: &str) -> Answer {
        known("campaign", Some(campaign), &self.campaigns)?;
        known("prospect", Some(prospect), &self.prospects)?;
        let both = |it: &Enrollment| it.campaign == campaign && it.prospect == prospect;
        if self.enrollments.iter().any(both) {
            let (campaign, prospect) = (campaign.to_owned(), prospect.to_owned());
            return Err(Refusal::AlreadyEnrolled { campaign, prospect });
        }
        let on_prospect = super::Target::Prospect(prospect.to_owned());
        let stops: Vec<usize> = (0..self.holds.len())
            .filter(|id| {
                let hold = &self.holds[*id];
                hold.live() && hold.kind == HoldKind::Stop && hold.target == on_prospect
            })
            .collect();
        if !stops.is_empty() {
            return Err(Refusal::Stopped {
                prospect: prospect.to_owned(),
                held_by: self.blocked_by(stops),
            });
        }
        let sender = self.least_loaded(campaign);
        self.enrollments.push(Enrollment {
            campaign: campaign.to_owned(),
            prospect: prospect.to_owned(),
            sender: sender.clone(),
            position: 0,
            steps: self.active_steps[campaign],
            skipped: 0,
            attempt: 0,
            phase: Phase::Waiting,
            base: self.now,
            due: Due::AfterDelay,
            planned: None,
            frozen: None,
            missed: Vec::new(),
            last_sent: None,
        });
        let at = self.enrollments.len() - 1;
        self.place_anew(at);
        let held_by: Vec<usize> = self.covering(at).map(|(id, _)| id).collect();
        Ok(Outcome::Enrolled {
            sender,
            next: self.enrollments[at].planned,
            held_by: self.blocked_by(held_by),
        })
    }

    /// The campaign's sender with the fewest enrollments for its limit, the first of equals.
    fn least_loaded(&self, campaign: &str) -> String {
        let load = |key: &&String| {
            let all = self.enrollments.iter();
            let count = all.filter(|it| it.sender == **key).count() as u128;
            let limit = self.senders[*key].limit_per_day.unwrap_or(u32::MAX).max(1);
            (count << 64) / u128::from(limit)
        };
        let senders = self.campaigns[campaign].senders.iter();
        senders.min_by_key(load).cloned().unwrap_or_default()
    }
}
