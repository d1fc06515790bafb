//! Workspaces, companies, prospects and senders: creating and changing them.

use std::sync::Arc;

use super::contacts::{CompanyRecord, FieldTexts, ProspectRecord};
use super::forget::CAME_BACK;
use super::freeze::Mark;
use super::record::{ClosedRecord, JobScope, NONE, Phase, SenderRecord};
use super::workspace::{Answer, Workspace, invalid, key, text};
use crate::lang::Severity;
use crate::model::{
    Company, DateRange, Outcome, PolicyBundle, Prospect, Refusal, Sender, Settings,
    is_forgotten_key,
};
use crate::plan::{Asker, Calendar, ClosedDays, Zone};

/// The most tags, domains or fields of one thing.
const MAX_LIST: usize = 256;

impl Workspace {
    pub(crate) fn configure(&mut self, settings: &Settings) -> Answer {
        let zone = settings.zone.as_deref().map(|name| zone("zone", name)).transpose()?;
        let closed = self.closed(settings)?;
        let rezoned = zone.is_some() && zone != self.data.zone;
        self.data.zone = zone.or(self.data.zone);
        let reclosed = closed.days != self.data.closed.days;
        self.data.closed = Arc::new(closed);
        if rezoned || reclosed {
            self.index.scouts.forget_all();
            self.plan_anew(JobScope::All);
            self.touch_senders();
        }
        Ok(Outcome::Applied)
    }

    pub(crate) fn put_policy(&mut self, bundle: &PolicyBundle) -> Answer {
        let policy = self.data.compiled(bundle).map_err(|findings| {
            let mut errors = findings.iter().filter(|it| it.severity == Severity::Error);
            let first = errors.next().map_or_else(String::new, ToString::to_string);
            let count = u32::try_from(errors.count() + 1).unwrap_or(u32::MAX);
            Refusal::PolicyErrors { errors: count, first }
        })?;
        let same = self.data.policy().is_some_and(|current| current.hash() == policy.hash());
        if !same {
            let bundle = bundle.clone();
            let published = super::data::Published { bundle, policy: Arc::clone(&policy) };
            Arc::make_mut(&mut self.data.policies).push(published);
            self.keep_counters(&policy);
        }
        Ok(Outcome::Applied)
    }

    pub(crate) fn put_company(&mut self, company: &Company) -> Answer {
        key("company", &company.key)?;
        text("name", company.name.as_deref())?;
        text("stage", company.stage.as_deref())?;
        let tags = company.tags.as_deref().map(|tags| texts("tags", tags)).transpose()?;
        let mut domains: Vec<Box<str>> = Vec::new();
        for domain in &company.domains {
            key("domains", domain)?;
            domains.push(domain.to_lowercase().into());
        }
        let owner = self.data.company_names.id(&company.key);
        let before = owner.and_then(|id| self.data.companies.get(id));
        bounded("domains", before.map_or(0, |record| record.domains().len()) + domains.len())?;
        for domain in &domains {
            if let Some(other) = self.data.domains.get(&**domain)
                && Some(*other) != owner
            {
                let other = self.data.company_names.text(*other);
                return Err(invalid("domains", format!("`{domain}` belongs to `{other}`")));
            }
        }
        let id = self.company(&company.key);
        if let Some(record) = self.data.companies.get_mut(id) {
            record.change_profile(|profile| {
                set(&mut profile.name, company.name.as_deref());
                set(&mut profile.stage, company.stage.as_deref());
                if let Some(tags) = tags {
                    profile.tags = tags;
                }
                let mut all = profile.domains.to_vec();
                all.extend(domains.iter().filter(|new| !profile.domains.contains(new)).cloned());
                profile.domains = all.into();
            });
        }
        for domain in domains {
            self.data.domains.insert::<str>(domain, id);
        }
        Ok(Outcome::Applied)
    }

    pub(crate) fn put_prospect(&mut self, prospect: &Prospect) -> Answer {
        key("prospect", &prospect.key)?;
        if is_forgotten_key(&prospect.key) {
            let why = "expected a key that is not one of those who were forgotten";
            return Err(invalid("prospect", format!("{why}, found `{}`", prospect.key)));
        }
        if let Some(address) = &prospect.address {
            key("address", address)?;
            if super::address::domain_of(address).is_none() {
                let why = format!("expected a mail address, found `{address}`");
                return Err(invalid("address", why));
            }
        }
        if let Some(company) = &prospect.company {
            key("company", company)?;
        }
        let zone = prospect.zone.as_deref().map(|name| zone("zone", name)).transpose()?;
        let tags = prospect.tags.as_deref().map(|tags| texts("tags", tags)).transpose()?;
        let fields = prospect.fields.as_deref().map(pairs).transpose()?;
        let comes_back = self.comes_back(prospect);
        let id = self.prospect(&prospect.key);
        self.keep_address(id, prospect.address.as_deref());
        let mut zone_changed = false;
        if let Some(record) = self.data.prospects.get_mut(id) {
            zone_changed = zone.is_some() && zone != record.zone;
            record.zone = zone.or(record.zone);
            if prospect.address.is_some() || tags.is_some() || fields.is_some() {
                record.change_details(|it| {
                    set(&mut it.address, prospect.address.as_deref());
                    it.tags = tags.unwrap_or_else(|| std::mem::take(&mut it.tags));
                    it.fields = fields.unwrap_or_else(|| std::mem::take(&mut it.fields));
                });
            }
        }
        // Before anything is planned: what one command plans knows of all that it holds.
        if comes_back {
            self.stop_for_good(id, CAME_BACK);
        }
        self.settle_company(id, prospect.company.as_deref());
        if zone_changed {
            for enrollment in self.data.oldest_first(id) {
                self.place_anew(enrollment);
            }
        }
        Ok(Outcome::Applied)
    }

    /// Finds the prospect's company: the one that was named, now or before, else the one that the
    /// address speaks for.
    fn settle_company(&mut self, id: u32, named: Option<&str>) {
        let Some(record) = self.data.prospects.get(id) else {
            return;
        };
        let (before, given) = (record.company, record.company_given);
        let after = match named {
            Some(named) => self.company(named),
            None if given => before,
            None => match self.data.address(id).and_then(|it| self.data.company_of(it)) {
                Some(Ok(company)) => company,
                Some(Err(domain)) => self.company(&domain),
                None => NONE,
            },
        };
        if let Some(record) = self.data.prospects.get_mut(id) {
            record.company_given = given || named.is_some();
        }
        if before == after {
            return;
        }
        // What the old company's holds did to the plan is settled before they are left behind.
        let enrollments = self.data.oldest_first(id);
        let days = |data: &super::data::Data, id: u32| {
            data.enrollments.get(id).map(|record| record.days()).unwrap_or_default()
        };
        for enrollment in &enrollments {
            self.leave_company(*enrollment, after);
            self.unqueue(*enrollment);
            let days = days(&self.data, *enrollment);
            self.count_for_company(*enrollment, |sends| {
                days.iter().for_each(|day| sends.give_back(day));
            });
        }
        self.data.delist(id);
        if let Some(record) = self.data.prospects.get_mut(id) {
            record.company = after;
        }
        self.data.enlist(id);
        for enrollment in &enrollments {
            let days = days(&self.data, *enrollment);
            self.count_for_company(*enrollment, |sends| {
                days.iter().for_each(|day| sends.reserve(day));
            });
            self.queue(*enrollment);
        }
        // What was promised knew the bound of another company, or of none.
        for enrollment in enrollments {
            let campaign = self.data.enrollments.get(enrollment).map(|record| record.campaign);
            let campaign = campaign.and_then(|id| self.data.campaigns.get(id));
            if campaign.is_some_and(|it| it.company_pace.is_some()) {
                self.place_anew(enrollment);
            }
        }
    }

    /// Settles an enrollment before its prospect leaves a company: what is live there lets go of
    /// it, unless something else covers it, there or in the company that it comes to.
    fn leave_company(&mut self, id: u32, after: u32) {
        let now = self.mark();
        let Some(record) = self.data.enrollments.get(id) else {
            return;
        };
        let stays_held = self.data.is_company_held(after, record.campaign);
        let left = (!stays_held).then_some(now);
        let mut standing = self.data.standing_without(record, left);
        // Of what was on the company that it comes to, nothing before now is about it.
        let settled = Mark { at: standing.frozen.unwrap_or(now.at), step: now.over().step };
        (standing.settled, standing.frozen) = (settled, None);
        self.replan(id, |record| record.stand(&standing, settled.step));
        self.forget_freezes(id);
    }

    pub(crate) fn put_sender(&mut self, sender: &Sender) -> Answer {
        key("sender", &sender.key)?;
        let zone = sender.zone.as_deref().map(|name| zone("zone", name)).transpose()?;
        if sender.gap_ms.is_some_and(|gap| gap > super::workspace::DAY_MS.unsigned_abs()) {
            return Err(invalid("gap", "expected at most 24 hours"));
        }
        let frozen = sender.frozen.as_deref().map(|days| ranges("frozen", days)).transpose()?;
        let (id, new) = self.data.sender_names.intern(&sender.key);
        if new {
            self.data.senders.push(SenderRecord::default());
        }
        let Some(record) = self.data.senders.get_mut(id) else {
            return Ok(Outcome::Applied);
        };
        let rezoned = zone.is_some() && zone != record.zone;
        let mut changed = rezoned;
        record.zone = zone.or(record.zone);
        record.writes_elsewhere |= changed && !new;
        record.limit_per_day = sender.limit_per_day.or(record.limit_per_day);
        record.gap_ms = sender.gap_ms.unwrap_or(record.gap_ms);
        if let Some(frozen) = frozen.map(|days| ClosedDays::new(days.iter().map(numbers))) {
            changed |= frozen != record.frozen;
            record.frozen = frozen;
        }
        changed |= self.count_capacity(id);
        if changed && !new {
            self.index.scouts.forget_sender(id);
            if rezoned {
                self.index.scouts.forget_zones();
            }
            self.plan_anew(JobScope::Sender(id));
        }
        self.index.lanes.touch(id);
        Ok(Outcome::Applied)
    }

    /// The id of a company, made if it is new.
    pub(crate) fn company(&mut self, name: &str) -> u32 {
        let (id, new) = self.data.company_names.intern(name);
        if new {
            self.data.companies.push(CompanyRecord::default());
        }
        id
    }

    /// The id of a prospect, made if it is new.
    fn prospect(&mut self, name: &str) -> u32 {
        let (id, new) = self.data.prospect_names.intern(name);
        if new {
            self.data.prospects.push(ProspectRecord::default());
        }
        id
    }

    /// When nothing is sent, as it is after a change.
    fn closed(&self, settings: &Settings) -> Result<ClosedRecord, Refusal> {
        let before = &self.data.closed;
        let calendars = match &settings.holidays {
            Some(names) => calendars(names)?,
            None => before.calendars.clone(),
        };
        let own = match &settings.closed {
            Some(days) => ranges("closed", days)?,
            None => before.ranges.clone(),
        };
        Ok(ClosedRecord::new(calendars, own))
    }

    /// Places the next send of an enrollment anew, after its zone changed.
    pub(crate) fn place_anew(&mut self, id: u32) {
        self.settle(id);
        let Some(record) = self.data.enrollments.get(id).filter(|it| it.phase == Phase::Waiting)
        else {
            return;
        };
        let (plan, days) = self.data.place_again(record, &record.days(), Asker::Conversation);
        self.replan(id, |record| record.promise(plan, &days));
        self.note_zone(id);
    }

    fn touch_senders(&mut self) {
        for id in 0..super::pages::dense(self.data.senders.len()) {
            self.index.lanes.touch(id);
        }
    }
}

/// Reads the name of a zone.
pub(crate) fn zone(field: &str, name: &str) -> Result<Zone, Refusal> {
    Zone::named(name).ok_or_else(|| {
        let help = match Zone::nearest(name) {
            Some(nearest) => format!("; did you mean `{nearest}`?"),
            None => String::new(),
        };
        let example = "expected an IANA zone such as `Europe/Berlin`";
        invalid(field, format!("{example}, found `{name}`{help}"))
    })
}

/// Reads the names of holiday calendars.
fn calendars(names: &[String]) -> Result<Box<[Calendar]>, Refusal> {
    bounded("holidays", names.len())?;
    let read = |name: &String| {
        Calendar::named(name).ok_or_else(|| {
            let help = match Calendar::nearest(name) {
                Some(nearest) => format!("; did you mean `{nearest}`?"),
                None => {
                    let all: Vec<&str> = Calendar::all().map(Calendar::name).collect();
                    format!("; there are {}", all.join(", "))
                }
            };
            invalid("holidays", format!("expected a holiday calendar, found `{name}`{help}"))
        })
    };
    names.iter().map(read).collect()
}

/// Checks ranges of days.
fn ranges(field: &str, days: &[DateRange]) -> Result<Box<[DateRange]>, Refusal> {
    bounded(field, days.len())?;
    match days.iter().find(|range| range.last < range.first) {
        Some(DateRange { first, last }) => {
            Err(invalid(field, format!("expected the first day first, found {first}..{last}")))
        }
        None => Ok(days.into()),
    }
}

/// The first and the last day of a range, by their numbers.
fn numbers(range: &DateRange) -> (i32, i32) {
    (range.first.to_epoch_days(), range.last.to_epoch_days())
}

impl ClosedRecord {
    pub(crate) fn new(calendars: Box<[Calendar]>, ranges: Box<[DateRange]>) -> Self {
        let holidays = calendars.iter().flat_map(|calendar| calendar.dates());
        let holidays = holidays.map(|date| (date.to_epoch_days(), date.to_epoch_days()));
        let days = ClosedDays::new(holidays.chain(ranges.iter().map(numbers)));
        Self { calendars, ranges, days }
    }
}

fn set(slot: &mut Option<Box<str>>, value: Option<&str>) {
    if let Some(value) = value {
        *slot = Some(value.into());
    }
}

pub(crate) fn texts(field: &str, list: &[String]) -> Result<Box<[Box<str>]>, Refusal> {
    bounded(field, list.len())?;
    for item in list {
        key(field, item)?;
    }
    Ok(list.iter().map(|item| item.as_str().into()).collect())
}

fn pairs(fields: &[(String, String)]) -> Result<FieldTexts, Refusal> {
    bounded("fields", fields.len())?;
    for (name, value) in fields {
        key("fields", name)?;
        text(name, Some(value))?;
    }
    Ok(fields.iter().map(|(name, value)| (name.as_str().into(), value.as_str().into())).collect())
}

fn bounded(field: &str, found: usize) -> Result<(), Refusal> {
    if found > MAX_LIST {
        return Err(Refusal::Limit {
            what: field.to_owned(),
            most: MAX_LIST as u64,
            found: found as u64,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{MAX_LIST, pairs, texts};
    use crate::model::Refusal;

    #[test]
    fn lists_may_be_as_long_as_they_may_and_no_longer() {
        let list = |len: usize| (0..len).map(|it| format!("t{it}")).collect::<Vec<_>>();
        assert_eq!(texts("tags", &list(MAX_LIST)).unwrap().len(), MAX_LIST);
        let refused = texts("tags", &list(MAX_LIST + 1)).unwrap_err();
        let (most, found) = (MAX_LIST as u64, MAX_LIST as u64 + 1);
        assert_eq!(refused, Refusal::Limit { what: "tags".to_owned(), most, found });
        let fields = |len| list(len).into_iter().map(|it| (it, String::new())).collect::<Vec<_>>();
        assert_eq!(pairs(&fields(MAX_LIST)).unwrap().len(), MAX_LIST);
        let refused = pairs(&fields(MAX_LIST + 1)).unwrap_err();
        assert_eq!(refused, Refusal::Limit { what: "fields".to_owned(), most, found });
    }
}
