//! Which sender of a campaign is the first to have a place for a timeline: those that are known to
//! be full are not asked again until they may have a place, however many they are.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::data::Data;
use super::enrollment::EnrollmentRecord;
use super::places::{Found, NoPlace, Wish};
use super::record::NONE;
use super::scouts::Scouts;
use super::workspace::Workspace;
use crate::model::Instant;
use crate::plan::{Asker, Outset, PromisedDays, Unplaced, Zone, cost};

/// The most zones that the days of a campaign's senders may be of, for a lineup to be kept.
const MOST_ZONES: usize = 16;

/// The senders of a campaign, by what is known of them for timelines of one kind that begin on one
/// day. It saves work and changes no result.
#[derive(Debug, Default)]
pub(crate) struct Lineup {
    /// The zones of the senders' days.
    zones: Vec<Zone>,
    /// How many senders there are, and how many of them were looked at since the day began.
    senders: u32,
    looked_at: u32,
    /// Where timelines begin that are due at this instant.
    outset: Option<(Instant, Outset)>,
    /// The senders, among those looked at, that may have a place right where timelines begin.
    open: BTreeSet<u32>,
    /// The others, each with an instant before which it has none.
    later: BTreeSet<(Instant, u32)>,
}

/// A sender to be looked at, by its place in the campaign: it has no place before the instant. Of
/// one that may have a place at once, that is the first of all.
type Candidate = (Instant, u32);

impl Lineup {
    fn of(data: &Data, senders: &[u32]) -> Self {
        let mut zones = Vec::new();
        for sender in senders.iter().filter_map(|id| data.senders.get(*id)) {
            let zone = data.sender_zone(sender);
            if !zones.contains(&zone) && zones.len() <= MOST_ZONES {
                zones.push(zone);
            }
        }
        let senders = u32::try_from(senders.len()).unwrap_or(u32::MAX);
        Self { zones, senders, ..Self::default() }
    }

    /// Goes over to what begins when a timeline would by its delays, and says when that is. None
    /// if the senders do not agree on that, or if nothing may be remembered for it.
    fn begin(&mut self, data: &Data, record: &EnrollmentRecord, wish: Wish<'_>) -> Option<Instant> {
        if let Some((due, outset)) = &self.outset
            && *due == wish.due
        {
            return Some(outset.opens);
        }
        let outset = data.outset(record, wish, &self.zones)?;
        let opens = outset.opens;
        if self.outset.as_ref().is_none_or(|(_, before)| before.days != outset.days) {
            self.looked_at = 0;
            self.open.clear();
            self.later.clear();
        }
        self.outset = Some((wish.due, outset));
        Some(opens)
    }

    /// The first to be looked at, of those that are not before a candidate.
    fn next(&self, from: Candidate) -> Option<Candidate> {
        if from.0 == Instant::MIN {
            let open = self.open.range(from.1..).next().copied();
            let open = open.or_else(|| (self.looked_at < self.senders).then_some(self.looked_at));
            if let Some(at) = open {
                return Some((Instant::MIN, at));
            }
        }
        self.later.range(from..).next().copied()
    }

    /// Puts one that was looked at where it belongs now, with the instant before which it has no
    /// place; and says where that is.
    fn put(&mut self, from: Candidate, earliest: Option<Instant>) -> Option<Candidate> {
        let opens = self.outset.as_ref().map_or(Instant::MAX, |(_, outset)| outset.opens);
        self.later.remove(&from);
        self.open.remove(&from.1);
        self.looked_at = self.looked_at.max(from.1.saturating_add(1));
        match earliest.filter(|earliest| *earliest > opens) {
            Some(earliest) => {
                self.later.insert((earliest, from.1));
                Some((earliest, from.1))
            }
            None => {
                self.open.insert(from.1);
                None
            }
        }
    }

    /// Whether a day is among those that it is about.
    pub(crate) fn has(&self, day: i32) -> bool {
        self.outset.as_ref().is_some_and(|(_, outset)| outset.first_day <= day)
    }

    /// One that it knew to have no place may have one again.
    pub(crate) fn open_again(&mut self, place: Candidate) {
        // It may know nothing of it any more.
        if self.later.remove(&place) {
            self.open.insert(place.1);
        }
    }
}

impl Workspace {
    /// The sender of a campaign with the earliest place for an enrollment, planned as it was, the
    /// first of equals, and that place; the first one if none has any.
    pub(crate) fn earliest_sender(
        &mut self,
        record: &EnrollmentRecord,
        asker: Asker,
    ) -> (u32, Found) {
        let senders = self.data.campaigns.get(record.campaign);
        let senders = senders.map_or_else(Default::default, |it| Arc::clone(&it.senders));
        let best = match self.first_in_line(record, &senders, asker) {
            Ok(best) => best,
            Err(NoLineup) => self.first_of_all(record, &senders, asker),
        };
        best.unwrap_or_else(|| (senders.first().copied().unwrap_or(NONE), Found::default()))
    }

    /// Looks at the senders that may have the earliest place, and at no others.
    pub(super) fn first_in_line(
        &mut self,
        record: &EnrollmentRecord,
        senders: &[u32],
        asker: Asker,
    ) -> Result<Option<(u32, Found)>, NoLineup> {
        let mut of_sender = record.clone();
        of_sender.sender = senders.first().copied().ok_or(NoLineup)?;
        let wish = self.data.wish_again(&of_sender, &PromisedDays::NONE, asker);
        let kind = self.data.kind(&of_sender, wish).ok_or(NoLineup)?;
        let Scouts { by_sender, lineups, .. } = &mut self.index.scouts;
        let lineup = lineups.entry(kind).or_insert_with(|| Lineup::of(&self.data, senders));
        let many = lineup.zones.len() > 1 && !self.data.has_own_zone(&of_sender);
        if many || lineup.zones.len() > MOST_ZONES {
            return Err(NoLineup);
        }
        let opens = lineup.begin(&self.data, &of_sender, wish).ok_or(NoLineup)?;
        let latest = self.data.latest(&of_sender, wish).unwrap_or(Instant::MAX);
        let mut best: Option<(Candidate, Found)> = None;
        let mut from = (Instant::MIN, 0);
        while let Some(next) = lineup.next(from) {
            let bound = next.0.max(opens);
            let beaten = best.as_ref().is_some_and(|(best, _)| *best < (bound, next.1));
            // What is full for good has the last bound of all.
            if beaten || bound > latest || bound == Instant::MAX {
                break;
            }
            cost::count(1);
            from = (next.0, next.1.saturating_add(1));
            of_sender.sender = senders.get(next.1 as usize).copied().unwrap_or(NONE);
            let known = by_sender.entry(of_sender.sender).or_default().entry(kind).or_default();
            let found = self.data.search(&of_sender, wish, &mut known.scout);
            let is_full = matches!(found, Err(NoPlace::Unplaced(Unplaced::Full { .. })));
            let never = is_full.then_some(Instant::MAX);
            known.place = lineup.put(next, known.scout.earliest().or(never));
            if let Ok(found) = found
                && best.as_ref().is_none_or(|(best, _)| (found.opens, next.1) < *best)
            {
                best = Some(((found.opens, next.1), found));
            }
        }
        Ok(best.map(|((_, at), found)| (senders.get(at as usize).copied().unwrap_or(NONE), found)))
    }

    /// Looks at one sender after the other, up to one that nobody can be earlier than.
    pub(super) fn first_of_all(
        &mut self,
        record: &EnrollmentRecord,
        senders: &[u32],
        asker: Asker,
    ) -> Option<(u32, Found)> {
        let mut of_sender = record.clone();
        let one_zone = self.data.goes_by_one_zone(record, senders);
        let mut best: Option<(u32, Found)> = None;
        for sender in senders.iter().copied() {
            cost::count(1);
            of_sender.sender = sender;
            let wish = self.data.wish_again(&of_sender, &PromisedDays::NONE, asker);
            let scout = self.index.scouts.of(sender, self.data.kind(&of_sender, wish));
            let Ok(found) = self.data.search(&of_sender, wish, scout) else {
                continue;
            };
            if best.as_ref().is_none_or(|(_, best)| found.opens < best.opens) {
                // Nobody can be earlier than when its days and hours open.
                let opens = || self.data.opens(&of_sender, wish.due);
                let earliest = one_zone && opens().is_none_or(|opens| found.opens <= opens);
                best = Some((sender, found));
                if earliest {
                    break;
                }
            }
        }
        best
    }
}

/// Nothing can be remembered of the senders for such a timeline: each is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoLineup;

#[cfg(test)]
mod tests;
