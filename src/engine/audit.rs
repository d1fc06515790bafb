//! Whether a state fits together: every id is one that is there, lists agree with the records that
//! they are about, and what is promised is what the timelines were promised. It changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::agenda;
use super::data::Data;
use super::image::Record;
use super::pages::Pages;
use super::port::{ImageError, ImageReader, Tree};
use super::record::{NONE, Origin, Phase, Target};
use super::state::Snapshot;

/// How many findings of one kind are told one by one.
const TOLD: usize = 20;

/// What came of looking at a state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audit {
    /// How many references and sums were looked at.
    pub checked: u64,
    /// What does not fit, in sentences. Of many of a kind the first ones, and how many there are.
    pub findings: Vec<String>,
}

/// Looks at references one after the other.
#[derive(Default)]
struct Auditor<'a> {
    workspace: &'a str,
    checked: u64,
    wrong: BTreeMap<&'static str, (Vec<String>, u64)>,
}

impl Auditor<'_> {
    fn check(&mut self, kind: &'static str, holds: bool, what: impl FnOnce() -> String) {
        self.checked += 1;
        if !holds {
            let (told, count) = self.wrong.entry(kind).or_default();
            *count += 1;
            if told.len() < TOLD {
                told.push(format!("workspace `{}`: {}: {kind}", self.workspace, what()));
            }
        }
    }

    fn finish(self, audit: &mut Audit) {
        audit.checked += self.checked;
        for (kind, (told, count)) in self.wrong {
            let more = count - told.len() as u64;
            audit.findings.extend(told);
            if more > 0 {
                audit.findings.push(format!("workspace `{}`: {more} more: {kind}", self.workspace));
            }
        }
    }
}

impl Snapshot {
    /// Looks at everything that refers to something else.
    #[must_use]
    pub fn audit(&self) -> Audit {
        let mut audit = Audit::default();
        for (at, data) in self.tables.iter().enumerate() {
            let workspace = self.names.text(super::pages::dense(at));
            let mut auditor = Auditor { workspace, ..Auditor::default() };
            auditor.tables(data);
            auditor.prospects(data);
            auditor.enrollments(data);
            auditor.claims(data);
            auditor.holds(data);
            auditor.ledgers(data);
            auditor.finish(&mut audit);
        }
        audit
    }

    /// Whether the agenda of an image lists what the timelines have planned, each once.
    ///
    /// # Errors
    /// What the reader answers.
    pub fn audit_agenda<R: ImageReader>(&self, reader: &mut R) -> Result<Audit, ImageError> {
        let mut planned = BTreeSet::new();
        for (at, data) in self.tables.iter().enumerate() {
            planned.extend(agenda::planned(super::pages::dense(at), &data.enrollments));
        }
        let (mut audit, mut strange) = (Audit::default(), Vec::new());
        audit.checked = planned.len() as u64;
        reader.each(Tree::Agenda, |key, record: Record<'_>| {
            let Some(listed) = agenda::listed(key, &record) else {
                strange.push("a record of the agenda is none".to_owned());
                return Ok(());
            };
            for entry in listed {
                if !planned.remove(&entry) {
                    strange.push(format!("the agenda lists {entry:?}, which no timeline plans"));
                }
            }
            Ok(())
        })?;
        let missing = planned.iter().map(|it| format!("the agenda does not list {it:?}"));
        strange.extend(missing);
        let more = strange.len().saturating_sub(TOLD);
        audit.findings.extend(strange.into_iter().take(TOLD));
        if more > 0 {
            audit.findings.push(format!("{more} more of the agenda"));
        }
        Ok(audit)
    }
}

fn is_in<T>(pages: &Pages<T>, id: u32) -> bool {
    pages.get(id).is_some()
}

impl Auditor<'_> {
    fn tables(&mut self, data: &Data) {
        for (what, names, records) in [
            ("companies", data.company_names.len(), data.companies.len()),
            ("prospects", data.prospect_names.len(), data.prospects.len()),
            ("senders", data.sender_names.len(), data.senders.len()),
            ("campaigns", data.campaign_names.len(), data.campaigns.len()),
        ] {
            let told = || format!("{names} names and {records} records of {what}");
            self.check("there must be one name for each record", names == records, told);
        }
        for (id, campaign) in data.campaigns.iter() {
            let known = campaign.senders.iter().all(|sender| is_in(&data.senders, *sender));
            self.check("a sender is not there", known, || format!("campaign {id}"));
            let own = |enrollment: u32| {
                data.enrollments.get(enrollment).is_some_and(|it| it.campaign == id)
            };
            let listed = campaign.enrollments.iter().all(|(_, enrollment)| own(*enrollment));
            let what = "its list has an enrollment of another campaign";
            self.check(what, listed, || format!("campaign {id}"));
        }
        let listed: usize = data.campaigns.iter().map(|(_, it)| it.enrollments.len()).sum();
        let all = data.enrollments.len();
        let told = || format!("{listed} listed, {all} there");
        self.check("the lists of campaigns must have each enrollment", listed == all, told);
        for (id, pair) in data.pairs.iter() {
            let there =
                is_in(&data.companies, pair.company) && is_in(&data.campaigns, pair.campaign);
            self.check("its company or campaign is not there", there, || format!("pair {id}"));
            let found = data.pair_ids.get(&(pair.company, pair.campaign)) == Some(&id);
            self.check("a pair is not found by its parts", found, || format!("pair {id}"));
        }
        for (domain, company) in data.domains.iter() {
            let own = data.companies.get(*company).is_some_and(|it| it.domains().contains(domain));
            self.check("its company has no such domain", own, || format!("domain {domain}"));
        }
    }

    fn prospects(&mut self, data: &Data) {
        let mut chained = 0_usize;
        for (id, prospect) in data.prospects.iter() {
            let company = prospect.company;
            let there = company == NONE || is_in(&data.companies, company);
            self.check("its company is not there", there, || format!("prospect {id}"));
            let (mut next, mut before) = (prospect.first_enrollment, NONE);
            while next != NONE {
                let record = data.enrollments.get(next);
                // Each was made before the one that names it, so a chain cannot go round.
                let sound = next < before && record.is_some_and(|it| it.prospect == id);
                let what = "its chain of enrollments does not hold";
                self.check(what, sound, || format!("prospect {id}"));
                let Some(record) = record.filter(|_| sound) else {
                    break;
                };
                chained += 1;
                (before, next) = (next, record.next_of_prospect());
            }
        }
        let all = data.enrollments.len();
        let told = || format!("{chained} of {all}");
        self.check("each enrollment must be in a prospect's chain", chained == all, told);
        let mut listed = BTreeSet::new();
        for (id, _) in data.companies.iter() {
            for member in data.newest_members(id) {
                let record = data.prospects.get(member);
                let own = record.is_some_and(|record| record.company == id);
                self.check("a member is of another company", own, || format!("company {id}"));
                let again = !listed.insert((id, member));
                self.check("a member is there twice", !again, || format!("company {id}"));
                if again {
                    break;
                }
            }
        }
        for (id, prospect) in data.prospects.iter().filter(|(_, it)| it.company != NONE) {
            let is_member = listed.contains(&(prospect.company, id));
            let what = "it is not among the members of its company";
            self.check(what, is_member, || format!("prospect {id}"));
        }
    }

    fn enrollments(&mut self, data: &Data) {
        let claimed: BTreeSet<u32> = data.claims.values().map(|claim| claim.enrollment).collect();
        for (id, record) in data.enrollments.iter() {
            let there = is_in(&data.campaigns, record.campaign)
                && is_in(&data.prospects, record.prospect)
                && is_in(&data.senders, record.sender);
            let told = || format!("enrollment {id}");
            self.check("its campaign, prospect or sender is not there", there, told);
            let last = record.last_delivery;
            let there = last == NONE || is_in(&data.deliveries, last);
            self.check("its last delivery is not there", there, told);
            let out = record.phase != Phase::Waiting;
            self.check("its send and its claim do not agree", out == claimed.contains(&id), told);
            let days: Vec<i32> = record.days().iter().collect();
            self.check("its promised days are not in order", days.is_sorted(), told);
        }
        for (id, delivery) in data.deliveries.iter() {
            let sound = delivery.previous == NONE || delivery.previous < id;
            let told = || format!("delivery {id}");
            self.check("the one before it is not there", sound, told);
        }
    }

    fn claims(&mut self, data: &Data) {
        let mut unconfirmed: BTreeMap<u32, u32> = BTreeMap::new();
        for (token, claim) in data.claims.iter() {
            let record = data.enrollments.get(claim.enrollment);
            let phase = record.map(|record| record.phase);
            let sound = match phase {
                None | Some(Phase::Waiting) => false,
                Some(Phase::Claimed) => claim.confirmed.is_none(),
                Some(Phase::Leaving | Phase::Unknown) => claim.confirmed.is_some(),
            };
            self.check("its send stands otherwise", sound, || format!("claim {token}"));
            if let Some(record) = record.filter(|_| claim.confirmed.is_none()) {
                *unconfirmed.entry(record.sender).or_default() += 1;
            }
        }
        for (id, sender) in data.senders.iter() {
            let expected = unconfirmed.get(&id).copied().unwrap_or(0);
            let told = || format!("sender {id}: {} and {expected}", sender.unconfirmed);
            let what = "its unconfirmed claims are not as many as there are";
            self.check(what, sender.unconfirmed == expected, told);
        }
    }

    fn holds(&mut self, data: &Data) {
        for (id, hold) in data.holds.iter() {
            let told = || format!("hold {id}");
            if let Origin::Rule { cause, .. } = &hold.origin {
                let there = is_in(&data.causes, *cause);
                self.check("its cause is not there", there, told);
                let again = !there || data.says_again(hold);
                self.check("its rule, asked again, does not place it", again, told);
            }
            let anchors = anchors(data, &hold.target, hold.members.as_deref());
            self.check("its target is not there", anchors.is_some(), told);
            let listed = anchors.iter().flatten().filter(|live| live.contains(&id)).count();
            let expected = match hold.target {
                _ if !hold.is_live() => 0,
                // Who was let go of one by one is a member still.
                Target::Selection(left) => left as usize,
                _ => 1,
            };
            self.check("its target does not list it as it is", listed == expected, told);
        }
        for (id, cause) in data.causes.iter() {
            let there = data.policies.len() > cause.policy as usize;
            self.check("its policy is not there", there, || format!("cause {id}"));
        }
        let enrollments = data.enrollments.iter().map(|(_, it)| it.anchor().live());
        let prospects = data.prospects.iter().map(|(_, it)| it.anchor().live());
        let companies = data.companies.iter().map(|(_, it)| it.anchor.live());
        let pairs = data.pairs.iter().map(|(_, it)| it.anchor.live());
        let senders = data.senders.iter().map(|(_, it)| it.anchor.live());
        let campaigns = data.campaigns.iter().map(|(_, it)| it.anchor.live());
        let all = enrollments.chain(prospects).chain(companies).chain(pairs).chain(senders);
        for id in all.chain(campaigns).chain([data.anchor.live()]).flatten() {
            let live = data.holds.get(*id).is_some_and(|hold| hold.is_live());
            self.check("it is listed and not live", live, || format!("hold {id}"));
        }
    }

    fn ledgers(&mut self, data: &Data) {
        let mut promised: BTreeMap<(u32, i32), u32> = BTreeMap::new();
        for (_, record) in data.enrollments.iter() {
            let ledger = data.senders.get(record.sender).map(|sender| &sender.ledger);
            let first = ledger.map_or(i32::MIN, |ledger| ledger.first_day());
            for day in record.days().iter().filter(|day| *day >= first) {
                *promised.entry((record.sender, day)).or_default() += 1;
            }
        }
        for (id, sender) in data.senders.iter() {
            for (day, reserved, _) in sender.ledger.iter() {
                let expected = promised.remove(&(id, day)).unwrap_or(0);
                let told = || format!("sender {id}, day {day}: {reserved} and {expected}");
                let what = "the ledger does not have what timelines were promised";
                self.check(what, reserved == expected, told);
            }
        }
        for ((sender, day), slots) in promised {
            let told = || format!("sender {sender}, day {day}: {slots}");
            self.check("the ledger lacks what timelines were promised", false, told);
        }
    }
}

/// The live holds of everything that a hold hangs off; none if something is not there.
fn anchors<'a>(
    data: &'a Data,
    target: &Target,
    members: Option<&Vec<u32>>,
) -> Option<Vec<&'a [u32]>> {
    let one = |anchor: &'a super::freeze::Anchor| vec![anchor.live()];
    match target {
        Target::Enrollment(id) => data.enrollments.get(*id).map(|it| one(it.anchor())),
        Target::Prospect(id) => data.prospects.get(*id).map(|it| one(it.anchor())),
        Target::CompanyInCampaign(id) => data.pairs.get(*id).map(|it| one(&it.anchor)),
        Target::Company(id) => data.companies.get(*id).map(|it| one(&it.anchor)),
        Target::Sender(id) => data.senders.get(*id).map(|it| one(&it.anchor)),
        Target::Campaign(id) => data.campaigns.get(*id).map(|it| one(&it.anchor)),
        Target::Workspace => Some(one(&data.anchor)),
        Target::Selection(_) => members
            .into_iter()
            .flatten()
            .map(|id| data.enrollments.get(*id).map(|it| it.anchor().live()))
            .collect(),
    }
}
