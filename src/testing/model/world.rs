//! Who and what there is: settings, policies, companies, prospects, senders, campaigns.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::NaiveDate;

use super::replanning::Affected;
use super::{Answer, Model, Phase, invalid};
use crate::lang::Policy;
use crate::model::{
    Company, DateRange, Outcome, PolicyBundle, Prospect, Refusal, Sender, Settings,
    is_forgotten_key,
};
use crate::plan::{Calendar, Zone};

/// Whoever has an address there says nothing about a company.
const FREE_MAIL: [&str; 2] = ["gmail.com", "outlook.com"];

pub(super) fn checked_zone(name: Option<&str>) -> Result<Option<Zone>, Refusal> {
    match name {
        Some(name) => Zone::named(name).map(Some).ok_or_else(|| invalid("zone")),
        None => Ok(None),
    }
}

/// Takes over what is given, and says whether that changes anything.
pub(super) fn set<T: Clone + PartialEq>(slot: &mut Option<T>, value: &Option<T>) -> bool {
    let changes = value.is_some() && slot != value;
    if value.is_some() {
        slot.clone_from(value);
    }
    changes
}

fn checked_ranges(field: &str, ranges: Option<&[DateRange]>) -> Result<(), Refusal> {
    let mut ranges = ranges.unwrap_or_default().iter();
    if ranges.any(|range| range.last < range.first) { Err(invalid(field)) } else { Ok(()) }
}

fn days_of(ranges: &[DateRange]) -> BTreeSet<NaiveDate> {
    let days = |range: &DateRange| {
        let last = range.last;
        range.first.iter_days().take_while(move |day| *day <= last)
    };
    ranges.iter().flat_map(days).collect()
}

impl Model {
    pub(super) fn configure(&mut self, settings: &Settings) -> Answer {
        let zone = checked_zone(settings.zone.as_deref())?;
        let names = settings.holidays.iter().flatten();
        let calendars: Option<Vec<Calendar>> = names.map(|name| Calendar::named(name)).collect();
        let calendars = calendars.ok_or_else(|| invalid("holidays"))?;
        checked_ranges("closed", settings.closed.as_deref())?;
        let rezoned = set(&mut self.zone, &zone);
        if settings.holidays.is_some() {
            self.calendars = calendars;
        }
        if let Some(ranges) = &settings.closed {
            self.closed_ranges.clone_from(ranges);
        }
        let mut closed = days_of(&self.closed_ranges);
        closed.extend(self.calendars.iter().flat_map(|calendar| calendar.dates()));
        if rezoned || closed != self.closed {
            self.closed = closed;
            self.plan_anew(Affected::All);
        }
        Ok(Outcome::Applied)
    }

    pub(super) fn put_policy(&mut self, bundle: &PolicyBundle) -> Answer {
        match compiled(bundle) {
            Some(policy) => {
                self.recount(&policy);
                self.policy = Some(policy);
                Ok(Outcome::Applied)
            }
            None => Err(Refusal::PolicyErrors { errors: 0, first: String::new() }),
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
        if is_forgotten_key(&prospect.key) {
            return Err(invalid("prospect"));
        }
        let key = prospect.key.clone();
        let comes_back = self.comes_back(prospect);
        if !self.prospects.contains_key(&key) {
            self.prospect_order.push(key.clone());
        }
        let record = self.prospects.entry(key.clone()).or_insert_with(|| Prospect {
            key: key.clone(),
            address: key.contains('@').then(|| key.clone()),
            ..Prospect::default()
        });
        let rezoned = set(&mut record.zone, &prospect.zone);
        let had = record.address.clone();
        if set(&mut record.address, &prospect.address)
            && let Some(had) = had
        {
            self.earlier.entry(key.clone()).or_default().insert(had);
        }
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
        if comes_back {
            self.stop_for_good(&key, "stopped-before-forgotten");
        }
        let before = self.prospects[&key].company.clone();
        if let Some(record) = self.prospects.get_mut(&key) {
            record.company.clone_from(&company);
        }
        let all = 0..self.enrollments.len();
        let theirs: Vec<usize> = all.filter(|at| self.enrollments[*at].prospect == key).collect();
        if before != company {
            // The holds of the company that was left let go: that is settled before it is
            // forgotten. What still holds is another's.
            self.look_at_all(self.now);
            for at in &theirs {
                if self.enrollments[*at].phase == Phase::Waiting {
                    self.settle(*at);
                } else {
                    let now = self.now;
                    self.enrollments[*at].begin_anew(now);
                }
            }
            // The company that it comes to has a bound of its own.
            for at in &theirs {
                if self.campaigns[&self.enrollments[*at].campaign].company_pace.is_some() {
                    self.place_again(*at);
                }
            }
        }
        if rezoned {
            theirs.iter().for_each(|at| self.place_again(*at));
        }
        Ok(Outcome::Applied)
    }

    /// Who is new, or has a new address, and was stopped before it was forgotten.
    fn comes_back(&self, prospect: &Prospect) -> bool {
        let before = self.prospects.get(&prospect.key);
        let key = Some(&prospect.key).filter(|_| before.is_none());
        let address = prospect.address.as_ref();
        let address = address.filter(|it| Some(*it) != before.and_then(|it| it.address.as_ref()));
        let mut texts = key.into_iter().chain(address);
        texts.any(|text| self.stopped_and_forgotten.contains(&text.to_lowercase()))
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
        checked_ranges("frozen", sender.frozen.as_deref())?;
        let key = sender.key.clone();
        let fresh = || Sender { key: key.clone(), ..Sender::default() };
        let before = self.senders.get(&key).cloned();
        if before.is_none() {
            self.sender_order.push(key.clone());
        }
        let mut record = before.clone().unwrap_or_else(fresh);
        set(&mut record.limit_per_day, &sender.limit_per_day);
        set(&mut record.gap_ms, &sender.gap_ms);
        let mut changed = set(&mut record.zone, &sender.zone);
        if changed && before.is_some() {
            self.write_elsewhere.insert(key.clone());
        }
        let days = |record: &Sender| days_of(record.frozen.as_deref().unwrap_or_default());
        let frozen = days(&record);
        set(&mut record.frozen, &sender.frozen);
        changed |= days(&record) != frozen;
        let limit = before.as_ref().map(|_| self.limit(&key));
        self.senders.insert(key.clone(), record);
        changed |= limit.is_some_and(|limit| limit != self.limit(&key));
        if changed && before.is_some() {
            self.plan_anew(Affected::OfSender(key));
        }
        Ok(Outcome::Applied)
    }
}

/// A policy, if it compiles. Sequences by the thousand publish the same few.
fn compiled(bundle: &PolicyBundle) -> Option<Arc<Policy>> {
    type Known = Vec<(PolicyBundle, Option<Arc<Policy>>)>;
    static KNOWN: Mutex<Known> = Mutex::new(Vec::new());
    const MOST: usize = 16;
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, policy)) = known.iter().find(|(it, _)| it == bundle) {
        return policy.clone();
    }
    let policy = Policy::compile(bundle).ok().map(|(policy, _)| Arc::new(policy));
    known.truncate(MOST);
    known.insert(0, (bundle.clone(), policy.clone()));
    policy
}
