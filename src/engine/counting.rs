//! What windows count: a log for each series and target, exact as far back as its windows look.
//!
//! Entries are in the order of the events' own times, so a window is the end of a log. What a log
//! no longer has, because it is full or too old, is remembered as an instant: a window that
//! reaches behind it says "at least".

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::data::Data;
use super::facts::About;
use super::fingerprint::Fingerprint;
use super::record::Target;
use super::shards::FingerprintMap;
use super::shared_list::SharedList;
use super::sighting::Sighting;
use super::whereabouts::Whereabouts;
use super::workspace::{DAY_MS, REMEMBERED_DAYS, Workspace};
use crate::lang::{Counted, Counter, Policy, SeriesKey, TypedEvent};
use crate::model::{Instant, Scope};

/// The most entries of one log.
const MAX_ENTRIES: usize = 4096;
/// One hour, in milliseconds.
const HOUR_MS: i64 = 60 * 60 * 1000;
/// A log that nothing can ask for any more is emptied within so many days.
const SWEEP_DAYS: u32 = 32;

/// What one series has counted for one target.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct CountRecord {
    /// None for a slot that waits to be used again.
    pub(crate) owner: Option<(SeriesKey, Target)>,
    /// Of what the log once had and has no more, the latest instant.
    pub(crate) dropped: Option<Instant>,
    /// By the events' own times.
    pub(crate) entries: SharedList<Entry>,
    /// By hour; only with a share.
    pub(crate) hours: SharedList<Hour>,
}

/// One event that was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) at: Instant,
    pub(crate) event: Fingerprint,
    pub(crate) prospect: u32,
    /// When this prospect was counted before; [`Instant::MIN`] if never. Only where each prospect
    /// counts once.
    pub(crate) before: Instant,
}

/// What was counted in one hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Hour {
    /// Hours since 1970-01-01.
    pub(crate) hour: i32,
    pub(crate) count: u32,
    pub(crate) of: u32,
}

/// Where an event was counted by the hour, so that it can be taken back.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct HourlyRecord {
    pub(crate) event: Fingerprint,
    pub(crate) log: u32,
    pub(crate) hour: i32,
    pub(crate) of: bool,
    /// Taken back.
    pub(crate) gone: bool,
}

/// The identity of a log. Series are uniform, so that mixing in the target keeps them apart.
fn log_key(series: SeriesKey, target: &Target) -> Option<Fingerprint> {
    let (kind, id) = match target {
        Target::Prospect(id) => (1_u64, *id),
        Target::Company(id) => (2, *id),
        Target::Campaign(id) => (3, *id),
        Target::Sender(id) => (4, *id),
        _ => return None,
    };
    let mixed = (kind << 32 | u64::from(id)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    Some(series.0 ^ u128::from(mixed))
}

const fn hour_of(at: Instant) -> i32 {
    // The range of instants keeps this far below 2^31.
    at.as_ms().div_euclid(HOUR_MS) as i32
}

/// What no window on a series asks for any more: it ends with an event, and an event comes at most
/// so many days late.
pub(crate) fn horizon(now: Instant, counter: Counter) -> Instant {
    let keep_ms = i64::try_from(counter.keep_ms).unwrap_or(i64::MAX);
    now.plus_ms(-i64::from(REMEMBERED_DAYS) * DAY_MS).plus_ms(-keep_ms)
}

impl Data {
    /// Whom an event counts for at a scope, as effects at that scope mean it: who has no company
    /// is a company of one.
    pub(crate) fn counted_for(&self, about: About, scope: Scope) -> Option<Target> {
        match scope {
            Scope::Prospect => about.prospect.map(Target::Prospect),
            Scope::Company => {
                about.company.map(Target::Company).or(about.prospect.map(Target::Prospect))
            }
            Scope::Campaign => about.campaign.map(Target::Campaign),
            Scope::Sender => {
                let enrolled = || Some(self.enrollments.get(about.enrollment?)?.sender);
                about.sender.or_else(enrolled).map(Target::Sender)
            }
            _ => None,
        }
    }

    /// What a window counts for a subject at an instant.
    pub(crate) fn counted(
        &self,
        logs: &FingerprintMap<u32>,
        about: About,
        (counter, span_ms): (Counter, u64),
        at: Instant,
    ) -> Option<Counted> {
        let target = self.counted_for(about, counter.scope)?;
        let id = logs.get(log_key(counter.series, &target)?);
        let Some(log) = id.and_then(|id| self.counts.get(*id)) else {
            return Some(Counted::default());
        };
        let span_ms = i64::try_from(span_ms).unwrap_or(i64::MAX);
        Some(if counter.share {
            log.share(span_ms, at)
        } else {
            log.count(span_ms, at, counter.prospects)
        })
    }
}

impl CountRecord {
    /// The events in the window that ends at the later of `at` and the newest event.
    pub(crate) fn count(&self, span_ms: i64, at: Instant, prospects: bool) -> Counted {
        let newest = self.entries.last().map_or(at, |entry| entry.at.max(at));
        let after = newest.plus_ms(-span_ms);
        let first = self.entries.partition_point(|entry| entry.at <= after);
        let inside = self.entries.get(first..).unwrap_or_default();
        let count = if prospects {
            inside.iter().filter(|entry| entry.before <= after).count()
        } else {
            inside.len()
        };
        let or_more = self.dropped.is_some_and(|dropped| dropped > after);
        Counted { count: super::pages::dense(count), of: 0, or_more }
    }

    /// The share in whole hours: the last one is the one under way.
    pub(crate) fn share(&self, span_ms: i64, at: Instant) -> Counted {
        let newest = self.hours.last().map_or(hour_of(at), |last| last.hour.max(hour_of(at)));
        let span = i32::try_from(span_ms / HOUR_MS).unwrap_or(i32::MAX);
        let after = newest.saturating_sub(span);
        let first = self.hours.partition_point(|hour| hour.hour <= after);
        let inside = self.hours.get(first..).unwrap_or_default();
        let sum = |part: fn(&Hour) -> u32| inside.iter().map(part).fold(0_u32, u32::saturating_add);
        let or_more = self.dropped.is_some_and(|dropped| hour_of(dropped) > after);
        Counted { count: sum(|hour| hour.count), of: sum(|hour| hour.of), or_more }
    }

    /// Adds an event at its place, and lets go of what no window reaches any more.
    pub(crate) fn add(&mut self, mut entry: Entry, counter: Counter, now: Instant) {
        let after = horizon(now, counter);
        let entries = self.entries.to_mut();
        let place = entries.partition_point(|other| other.at <= entry.at);
        if counter.prospects {
            let own = |other: &&mut Entry| other.prospect == entry.prospect;
            let (earlier, later) = entries.split_at_mut(place);
            entry.before = earlier.iter_mut().rev().find(own).map_or(Instant::MIN, |it| it.at);
            if let Some(next) = later.iter_mut().find(own) {
                next.before = entry.at;
            }
        }
        entries.insert(place, entry);
        let old = entries.partition_point(|entry| entry.at <= after);
        let over = entries.len().saturating_sub(MAX_ENTRIES).max(old);
        if let Some(last) = over.checked_sub(1).and_then(|at| entries.get(at)) {
            self.dropped = self.dropped.max(Some(last.at));
            entries.drain(..over);
        }
    }

    /// Adds an event to its hour.
    pub(crate) fn add_hour(&mut self, at: Instant, of: bool, counter: Counter, now: Instant) {
        let (hour, after) = (hour_of(at), hour_of(horizon(now, counter)));
        let hours = self.hours.to_mut();
        let place = hours.partition_point(|other| other.hour < hour);
        if hours.get(place).is_none_or(|other| other.hour != hour) {
            hours.insert(place, Hour { hour, count: 0, of: 0 });
        }
        if let Some(found) = hours.get_mut(place) {
            let part = if of { &mut found.of } else { &mut found.count };
            *part = part.saturating_add(1);
        }
        let old = hours.partition_point(|hour| hour.hour <= after);
        if let Some(last) = old.checked_sub(1).and_then(|at| hours.get(at)) {
            let end = Instant::from_ms(i64::from(last.hour) * HOUR_MS);
            self.dropped = self.dropped.max(Some(end));
            hours.drain(..old);
        }
    }

    /// Takes an event back, and answers when it was; none if it is not in the log.
    fn remove(&mut self, event: Fingerprint) -> Option<Instant> {
        let at = self.entries.iter().position(|entry| entry.event == event)?;
        let entries = self.entries.to_mut();
        let gone = entries.remove(at);
        // Whoever came after it was counted after what came before it.
        let next = entries.iter_mut().skip(at).find(|entry| entry.prospect == gone.prospect);
        if let Some(next) = next {
            next.before = gone.before;
        }
        Some(gone.at)
    }

    /// Whether nothing that may still happen can ask for what the log has: an event is at most
    /// [`REMEMBERED_DAYS`] late, and no window looks back further than 90 days.
    pub(crate) fn is_stale(&self, now: Instant) -> bool {
        let entry = self.entries.last().map(|entry| entry.at);
        let hour = self.hours.last();
        let hour = hour.map(|it| Instant::from_ms(i64::from(it.hour) * HOUR_MS));
        let horizon = now.plus_ms(-(i64::from(REMEMBERED_DAYS) + 91) * DAY_MS);
        entry.max(hour).max(self.dropped).is_none_or(|newest| newest < horizon)
    }
}

/// The look-ups of the logs, made from the table.
pub(crate) fn index_logs(data: &Data) -> (FingerprintMap<u32>, Vec<u32>) {
    let (mut logs, mut free) = (FingerprintMap::default(), Vec::new());
    for (id, record) in data.counts.iter() {
        match &record.owner {
            Some((series, target)) => {
                if let Some(key) = log_key(*series, target) {
                    logs.insert(key, id);
                }
            }
            None => free.push(id),
        }
    }
    (logs, free)
}

impl Workspace {
    /// Counts an event in every series of the policy that counts its like.
    pub(crate) fn count(
        &mut self,
        policy: &Policy,
        typed: &TypedEvent,
        identity: Fingerprint,
        (about, at, own): (About, Instant, bool),
    ) {
        for (counter, of) in self.counters(policy, typed, about, at) {
            if let Some(target) = self.data.counted_for(about, counter.scope) {
                let prospect = about.prospect.unwrap_or(super::record::NONE);
                self.count_one((counter, of), target, prospect, (at, identity, own));
            }
        }
    }

    /// Writes an event into the log of one series.
    pub(crate) fn count_one(
        &mut self,
        (counter, of): (Counter, bool),
        target: Target,
        prospect: u32,
        (at, event, own): (Instant, Fingerprint, bool),
    ) {
        let now = self.data.now;
        let id = self.log(counter.series, target);
        let Some((id, log)) = id.and_then(|id| Some((id, self.data.counts.get_mut(id)?))) else {
            return;
        };
        if counter.share {
            log.add_hour(at, of, counter, now);
            // The engine's own events are never taken back.
            if !own {
                let hour = hour_of(at);
                self.data.hourly.push(HourlyRecord { event, log: id, hour, of, gone: false });
            }
        } else {
            log.add(Entry { at, event, prospect, before: Instant::MIN }, counter, now);
        }
    }

    /// The log of a series for a target, made if it is new.
    fn log(&mut self, series: SeriesKey, target: Target) -> Option<u32> {
        let key = log_key(series, &target)?;
        if let Some(id) = self.index.logs.get(key) {
            return Some(*id);
        }
        let record = CountRecord {
            owner: Some((series, target)),
            dropped: None,
            entries: SharedList::default(),
            hours: SharedList::default(),
        };
        let reused = self.index.free_logs.pop();
        let slot = reused.and_then(|id| Some((id, self.data.counts.get_mut(id)?)));
        let id = match slot {
            Some((id, slot)) => {
                *slot = record;
                id
            }
            None => self.data.counts.push(record),
        };
        self.index.logs.insert(key, id);
        Some(id)
    }

    /// Takes an event back wherever it was counted. False if no window reaches it: what logs still
    /// have of that depends on when they were swept.
    pub(crate) fn uncount(&mut self, event: Fingerprint) -> bool {
        let before = self.sighting.as_deref().and_then(Sighting::event);
        let Whereabouts { logs, hourly } = self.data.whereabouts(event, before);
        let reach = self.reach();
        let from = |log: &CountRecord| {
            let (series, _) = log.owner.as_ref()?;
            reach.get(series).copied()
        };
        let mut counts = false;
        for id in logs {
            let Some(log) = self.data.counts.get_mut(id) else {
                continue;
            };
            let gone = log.remove(event);
            counts |= gone.zip(from(log)).is_some_and(|(at, from)| at > from);
        }
        for id in hourly {
            let Some(found) = self.data.hourly.get(id).copied() else {
                continue;
            };
            let from = self.data.counts.get(found.log).and_then(from);
            counts |= from.is_some_and(|from| found.hour > hour_of(from));
            if let Some(record) = self.data.hourly.get_mut(id) {
                record.gone = true;
            }
            if let Some(log) = self.data.counts.get_mut(found.log) {
                let hours = log.hours.to_mut();
                if let Ok(at) = hours.binary_search_by_key(&found.hour, |hour| hour.hour)
                    && let Some(hour) = hours.get_mut(at)
                {
                    let part = if found.of { &mut hour.of } else { &mut hour.count };
                    *part = part.saturating_sub(1);
                }
            }
        }
        counts
    }

    /// By series: the instant after which windows of the policy in force may still ask for it.
    fn reach(&self) -> BTreeMap<SeriesKey, Instant> {
        let now = self.data.now;
        let counters = self.data.policy().into_iter().flat_map(|policy| policy.counters());
        counters.map(|counter| (counter.series, horizon(now, counter))).collect()
    }

    /// Keeps the logs of the policy in force; what no window of it counts goes.
    pub(crate) fn keep_counters(&mut self, policy: &Policy) {
        let kept: std::collections::BTreeSet<SeriesKey> =
            policy.counters().map(|counter| counter.series).collect();
        self.empty_where(&|record: &CountRecord| match &record.owner {
            Some((series, _)) => !kept.contains(series),
            None => false,
        });
    }

    /// Empties logs, and forgets what was counted in them.
    pub(crate) fn empty_where(&mut self, gone: &dyn Fn(&CountRecord) -> bool) {
        let gone: Vec<u32> =
            self.data.counts.iter().filter(|(_, it)| gone(it)).map(|(id, _)| id).collect();
        gone.into_iter().for_each(|id| self.empty_log(id));
        // A log that is used again must not lose what it never counted.
        let unowned = |log: u32| self.data.counts.get(log).is_none_or(|log| log.owner.is_none());
        let hourly = self.data.hourly.iter().filter(|(_, it)| !it.gone && unowned(it.log));
        for id in hourly.map(|(id, _)| id).collect::<Vec<_>>() {
            if let Some(record) = self.data.hourly.get_mut(id) {
                record.gone = true;
            }
        }
    }

    fn empty_log(&mut self, id: u32) {
        let Some(record) = self.data.counts.get_mut(id) else {
            return;
        };
        let owner = record.owner.take();
        record.entries = SharedList::default();
        record.hours = SharedList::default();
        record.dropped = None;
        if let Some(key) = owner.and_then(|(series, target)| log_key(series, &target)) {
            self.index.logs.remove(key);
            self.index.free_logs.push(id);
        }
    }

    /// On a new day: empties the stale ones among a part of the logs, so that all are looked at
    /// within [`SWEEP_DAYS`], and forgets where events of long ago were counted.
    pub(crate) fn sweep_logs(&mut self, day: i32) {
        let now = self.data.now;
        let all = super::pages::dense(self.data.counts.len());
        let first = day.unsigned_abs() % SWEEP_DAYS;
        for id in (first..all).step_by(SWEEP_DAYS as usize) {
            let stale = |record: &CountRecord| record.owner.is_some() && record.is_stale(now);
            if self.data.counts.get(id).is_some_and(stale) {
                self.empty_log(id);
            }
        }
        let horizon = hour_of(now.plus_ms(-(i64::from(REMEMBERED_DAYS) + 91) * DAY_MS));
        let old = self.data.hourly.iter().take_while(|(_, it)| it.hour < horizon).last();
        if let Some((last, _)) = old {
            self.data.hourly.drop_before(last as usize);
        }
    }
}
