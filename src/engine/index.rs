//! What is only there to be fast: look-ups, timers and lanes, made from the tables at open.

use std::collections::{BTreeMap, BTreeSet};

use super::counting::index_logs;
use super::data::Data;
use super::ended::EndedHolds;
use super::enrollment::EnrollmentRecord;
use super::fingerprint::{Fingerprint, fingerprint};
use super::lanes::{Lanes, Place, Plans};
use super::record::{HoldRecord, Origin, Phase};
use super::scouts::Scouts;
use super::seen::SeenIndex;
use super::shards::FingerprintMap;
use super::workspace::first_remembered;
use crate::model::{Instant, Token};

/// What is to be done at an instant. In this order, when two are at the same one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Timer {
    /// A hold ends.
    HoldEnd(u32),
    /// A lease ends.
    LeaseEnd(Token),
}

#[derive(Debug, Default)]
pub(crate) struct Index {
    pub(crate) seen: SeenIndex,
    pub(crate) answers: FingerprintMap<u32>,
    /// Up to where answers that are too old were taken out.
    pub(crate) answers_swept: u32,
    /// The salted hashes of those who were stopped and are forgotten.
    pub(crate) forgotten: FingerprintMap<u32>,
    /// Where the addresses are kept that a prospect had before, the oldest first.
    pub(crate) earlier: BTreeMap<u32, Vec<u32>>,
    /// Holds by their key.
    pub(crate) holds: FingerprintMap<u32>,
    /// The holds that an event placed.
    pub(crate) placed_by: FingerprintMap<Vec<u32>>,
    pub(crate) ended: EndedHolds,
    pub(crate) timers: BTreeSet<(Instant, Timer)>,
    /// The sends whose outcome is unknown, by enrollment: after a restore there may be many.
    pub(crate) unknown: BTreeMap<u32, Token>,
    pub(crate) lanes: Lanes,
    pub(crate) scouts: Scouts,
    /// The logs of windows by series and target, and the slots that wait to be used again.
    pub(crate) logs: FingerprintMap<u32>,
    pub(crate) free_logs: Vec<u32>,
}

impl Index {
    /// Makes the index of what the tables hold.
    pub(crate) fn of(data: &Data) -> Self {
        let mut index = Self::default();
        (index.logs, index.free_logs) = index_logs(data);
        let day = first_remembered(data.now);
        index.seen = SeenIndex::of(&data.seen, day);
        for (id, record) in data.answers.iter().filter(|(_, record)| record.day >= day) {
            index.answers.insert(record.command, id);
        }
        for (id, record) in data.addresses.iter().filter(|(_, it)| !it.address.is_empty()) {
            index.earlier.entry(record.prospect).or_default().push(id);
        }
        for (id, record) in data.forgotten.iter() {
            index.forgotten.extend(record.hashes.iter().map(|hash| (*hash, id)));
        }
        index.ended = EndedHolds::of(data);
        for (id, hold) in data.holds.iter() {
            index.note_hold(data, id, hold);
            if let Some(until) = hold.until.filter(|_| hold.is_live()) {
                index.timers.insert((until, Timer::HoldEnd(id)));
            }
        }
        for (token, claim) in data.claims.iter() {
            let phase = data.enrollments.get(claim.enrollment).map(|record| record.phase);
            if phase == Some(Phase::Unknown) {
                index.unknown.insert(claim.enrollment, *token);
            } else {
                index.timers.insert((claim.lease_until, Timer::LeaseEnd(*token)));
            }
        }
        for (id, enrollment) in data.enrollments.iter() {
            if let Some(place) = place(id, enrollment) {
                index.lanes.insert(place, data);
            }
        }
        index
    }

    /// Remembers a hold by its key and its event.
    pub(crate) fn note_hold(&mut self, data: &Data, id: u32, hold: &HoldRecord) {
        if let Some((key, event)) = hold_key(data, hold) {
            self.holds.insert(key, id);
            if let Some(placed) = self.placed_by.or_default(event) {
                placed.push(id);
            }
        }
    }

    /// Takes a hold out that is about to be called otherwise.
    pub(crate) fn unnote_hold(&mut self, data: &Data, id: u32, hold: &HoldRecord) {
        let Some((key, event)) = hold_key(data, hold) else {
            return;
        };
        if self.holds.get(key) == Some(&id) {
            self.holds.remove(key);
        }
        if let Some(placed) = self.placed_by.get_mut(event) {
            placed.retain(|it| *it != id);
            if placed.is_empty() {
                self.placed_by.remove(event);
            }
        }
    }
}

impl Plans for Data {
    fn place_of(&self, enrollment: u32) -> Option<Place> {
        place(enrollment, self.enrollments.get(enrollment)?)
    }
}

/// Where the next send of an enrollment belongs, if it waits for one.
fn place(id: u32, record: &EnrollmentRecord) -> Option<Place> {
    let planned = record.plan().at.filter(|_| Data::is_waiting(record))?;
    let (sender, first) = (record.sender, record.is_first());
    Some(Place { sender, first, planned, enrollment: id })
}

/// The identity of an event.
pub(crate) fn event_key(source: &str, id: &str) -> Fingerprint {
    fingerprint(&[source.as_bytes(), id.as_bytes()])
}

/// The identity of a hold that a rule placed, and of its event: the same event again finds it.
pub(crate) fn hold_key(data: &Data, hold: &HoldRecord) -> Option<(Fingerprint, Fingerprint)> {
    let Origin::Rule { rule, effect, cause, .. } = &hold.origin else {
        return None;
    };
    let cause = data.causes.get(*cause)?;
    let published = data.policies.get(cause.policy as usize)?;
    let name = published.policy.rules().get(usize::from(*rule)).map_or("", |rule| &rule.name);
    let key = fingerprint(&[
        name.as_bytes(),
        &[*effect],
        cause.event.source.as_bytes(),
        cause.event.id.as_bytes(),
        hold.target.scope().name().as_bytes(),
        data.target_name(&hold.target).as_bytes(),
    ]);
    Some((key, event_key(&cause.event.source, &cause.event.id)))
}
