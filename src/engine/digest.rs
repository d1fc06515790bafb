//! A digest of what the state means: the same for the same commands, however they were batched,
//! whenever the store was opened, and whatever lies where in memory.
//!
//! It is taken over logical records in the order of their keys. Sequence numbers, tokens, parking
//! and the layout of queues are not part of it.

#[cfg(test)]
mod tests;

use std::fmt;

use super::data::Data;
use super::enrollment::EnrollmentRecord;
use super::event::OWN_SOURCE;
use super::freeze::Anchor;
use super::record::{HoldRecord, NONE, Origin};
use super::state::Snapshot;
use super::workspace::first_remembered;
use crate::model::Instant;

/// 256 bits that name a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The first six hexadecimal digits.
    #[must_use]
    pub fn short(&self) -> String {
        self.to_string().chars().take(6).collect()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Snapshot {
    /// The digest of everything that it shows.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let mut out = Out(blake3::Hasher::new());
        let mut workspaces: Vec<(&str, &Data)> = self
            .tables
            .iter()
            .enumerate()
            .map(|(at, data)| (self.names.text(super::pages::dense(at)), data))
            .collect();
        workspaces.sort_by_key(|(name, _)| *name);
        for (name, data) in workspaces {
            out.text(name);
            out.workspace(data);
        }
        Digest(*out.0.finalize().as_bytes())
    }
}

struct Out(blake3::Hasher);

impl Out {
    fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as i64);
        self.0.update(bytes);
    }

    fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    fn texts(&mut self, texts: &[Box<str>]) {
        self.number(texts.len() as i64);
        texts.iter().for_each(|text| self.text(text));
    }

    fn number(&mut self, number: i64) {
        self.0.update(&number.to_le_bytes());
    }

    fn maybe(&mut self, text: Option<&str>) {
        self.number(i64::from(text.is_some()));
        self.text(text.unwrap_or_default());
    }

    fn instant(&mut self, at: Option<Instant>) {
        self.number(at.map_or(-1, Instant::as_ms));
    }

    fn workspace(&mut self, data: &Data) {
        self.instant(Some(data.now));
        self.maybe(data.zone.map(|zone| zone.name()));
        for calendar in &data.closed.calendars {
            self.text(calendar.name());
        }
        for (first, last) in data.closed.days.iter() {
            self.number(i64::from(first));
            self.number(i64::from(last));
        }
        for published in data.policies.iter() {
            self.text(&published.policy.hash().to_string());
        }
        self.companies(data);
        self.prospects(data);
        self.addresses(data);
        self.senders(data);
        self.campaigns(data);
        let mut enrollments: Vec<_> =
            data.enrollments.iter().map(|(_, it)| (key_of(data, it), it)).collect();
        enrollments.sort_by_key(|(key, _)| *key);
        for (key, record) in &enrollments {
            self.text(key.0);
            self.text(key.1);
            self.enrollment(data, record);
        }
        // Holds are numbered in the order of the commands, which is logical.
        for (id, hold) in data.remembered_holds() {
            self.number(i64::from(id));
            self.hold(data, hold);
        }
        let tally = data.tally;
        // That a duplicate came is counted for people; it changes nothing.
        let counts = [tally.events, tally.sent, tally.called_back, tally.put_off, tally.failed];
        for count in counts {
            self.number(count as i64);
        }
        let mut seen: Vec<(u128, bool)> = data.seen.since(first_remembered(data.now)).collect();
        seen.sort_unstable();
        for (event, retracted) in seen {
            self.0.update(&event.to_le_bytes());
            self.number(i64::from(retracted));
        }
        for event in data.retracted.keys() {
            self.0.update(&event.to_le_bytes());
        }
        // The salt is drawn, and what is salted with it says no more than how many there are.
        for (_, forgotten) in data.forgotten.iter() {
            self.number(forgotten.hashes.len() as i64);
        }
        self.counts(data);
    }

    /// What windows count, as far as one may still ask for it: when a log that is too old is
    /// emptied depends on where it lies.
    fn counts(&mut self, data: &Data) {
        let mut logs: Vec<_> = data
            .counts
            .iter()
            .filter(|(_, log)| !log.is_stale(data.now))
            .filter_map(|(_, log)| {
                let (series, target) = log.owner.as_ref()?;
                let target = (target.scope().name(), data.target_name(target));
                Some((*series, target, log))
            })
            .collect();
        logs.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
        for (series, (scope, target), log) in logs {
            self.0.update(&series.0.to_le_bytes());
            self.text(scope);
            self.text(&target);
            self.instant(log.dropped);
            for entry in log.entries.iter() {
                self.instant(Some(entry.at));
            }
            for hour in log.hours.iter() {
                self.number(i64::from(hour.hour));
                self.number(i64::from(hour.count));
                self.number(i64::from(hour.of));
            }
        }
    }

    fn companies(&mut self, data: &Data) {
        let mut companies: Vec<_> =
            data.companies.iter().map(|(id, it)| (data.company_names.text(id), it)).collect();
        companies.sort_by_key(|(key, _)| *key);
        for (key, record) in companies {
            self.text(key);
            self.maybe(record.name());
            self.maybe(record.stage());
            self.texts(record.tags());
            self.texts(record.domains());
            self.anchor(&record.anchor);
        }
    }

    fn prospects(&mut self, data: &Data) {
        let mut prospects: Vec<_> =
            data.prospects.iter().map(|(id, it)| (data.prospect_names.text(id), id, it)).collect();
        prospects.sort_by_key(|(key, ..)| *key);
        for (key, id, record) in prospects {
            self.text(key);
            self.maybe(data.address(id));
            self.maybe((record.company != NONE).then(|| data.company_names.text(record.company)));
            self.maybe(record.zone.map(|zone| zone.name()));
            if let Some(details) = record.details() {
                self.texts(&details.tags);
                for (name, value) in &details.fields {
                    self.text(name);
                    self.text(value);
                }
            }
            self.anchor(record.anchor());
        }
    }

    fn addresses(&mut self, data: &Data) {
        for (_, record) in data.addresses.iter().filter(|(_, it)| !it.address.is_empty()) {
            self.text(data.prospect_names.text(record.prospect));
            self.text(&record.address);
        }
    }

    fn senders(&mut self, data: &Data) {
        let mut senders: Vec<_> =
            data.senders.iter().map(|(id, it)| (data.sender_names.text(id), it)).collect();
        senders.sort_by_key(|(key, _)| *key);
        for (key, record) in senders {
            self.text(key);
            self.maybe(record.zone.map(|zone| zone.name()));
            self.number(record.limit_per_day.map_or(-1, i64::from));
            self.number(record.ledger.limit().map_or(-1, i64::from));
            self.number(record.gap_ms as i64);
            self.instant(record.last_go);
            self.number(i64::from(record.unconfirmed));
            for (first, last) in record.frozen.iter() {
                self.number(i64::from(first));
                self.number(i64::from(last));
            }
            for (day, promised, spent) in record.ledger.iter() {
                self.number(i64::from(day));
                self.number(i64::from(promised));
                self.number(i64::from(spent));
            }
            self.anchor(&record.anchor);
        }
    }

    fn campaigns(&mut self, data: &Data) {
        let mut campaigns: Vec<_> =
            data.campaigns.iter().map(|(id, it)| (data.campaign_names.text(id), it)).collect();
        campaigns.sort_by_key(|(key, _)| *key);
        for (key, record) in campaigns {
            self.text(key);
            self.number(record.steps.len() as i64);
            for step in record.steps.iter() {
                self.text(&format!("{step:?}"));
            }
            self.number(i64::from(record.active_steps));
            for sender in record.senders.iter() {
                self.text(data.sender_names.text(*sender));
            }
            self.maybe(record.zone.map(|zone| zone.name()));
            self.texts(&record.tags);
            self.text(&format!("{:?}", record.placement));
            self.text(&format!("{:?}", record.enrolled_elsewhere));
            self.text(&format!("{:?}", record.added_steps));
            self.number(record.max_lateness_ms as i64);
            self.text(&format!("{:?}", record.company_pace));
            self.anchor(&record.anchor);
        }
    }

    fn anchor(&mut self, anchor: &Anchor) {
        self.number(anchor.live().len() as i64);
        for hold in anchor.live() {
            self.number(i64::from(*hold));
        }
    }

    fn enrollment(&mut self, data: &Data, record: &EnrollmentRecord) {
        self.text(data.sender_names.text(record.sender));
        self.text(data.status(record).name());
        let standing = data.standing(record);
        self.number(i64::from(standing.position));
        self.number(i64::from(standing.skipped));
        self.number(i64::from(record.steps()));
        self.number(i64::from(standing.attempt));
        self.instant(Some(record.base()));
        self.instant(standing.plan.at.filter(|_| Data::is_waiting(record)));
        self.instant(standing.frozen);
        for day in record.days().iter() {
            self.number(i64::from(day));
        }
        self.anchor(record.anchor());
        for delivery in data.deliveries_of(record) {
            self.number(i64::from(delivery.step));
            self.instant(Some(delivery.confirmed));
            self.instant(Some(delivery.sent));
        }
    }

    fn hold(&mut self, data: &Data, hold: &HoldRecord) {
        self.text(&hold.kind.to_string());
        self.text(hold.target.scope().name());
        self.text(&data.target_name(&hold.target));
        self.text(&hold.mode.to_string());
        self.instant(Some(hold.placed));
        self.instant(hold.until);
        self.maybe(data.rule_name(hold).as_deref());
        match &hold.origin {
            Origin::Rule { cause, error, .. } => {
                self.maybe(error.as_deref());
                let event = data.causes.get(*cause).map(|cause| &cause.event);
                // The engine's own events are named by tokens, which differ from run to run.
                let event = event.filter(|event| event.source != OWN_SOURCE);
                self.maybe(event.map(|event| event.id.as_str()));
                self.maybe(event.map(|event| event.source.as_str()));
            }
            Origin::Person { by, reason } => {
                self.text(by);
                self.maybe(reason.as_deref());
            }
            Origin::Engine { .. } => {}
        }
        match &hold.ended {
            None => self.number(-1),
            Some((at, how)) => {
                self.instant(Some(*at));
                self.text(&format!("{how:?}"));
            }
        }
        for member in hold.members.iter().flat_map(|members| members.iter()) {
            if let Some(record) = data.enrollments.get(*member) {
                let key = key_of(data, record);
                self.text(key.0);
                self.text(key.1);
            }
        }
    }
}

fn key_of<'a>(data: &'a Data, record: &EnrollmentRecord) -> (&'a str, &'a str) {
    (data.campaign_names.text(record.campaign), data.prospect_names.text(record.prospect))
}
