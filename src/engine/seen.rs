//! Event ids that were seen: an event that comes again changes nothing.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::fingerprint::Fingerprint;
use super::pages::{Page, Pages, dense};
use super::record::NONE;
use super::shards::{Shards, half};

/// The ids in the order in which they came.
#[derive(Clone, Debug, Default)]
pub(crate) struct SeenIds {
    ids: Pages<Fingerprint>,
    about: Arc<SeenDays>,
}

/// What is known of the ids besides themselves.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct SeenDays {
    /// Days (since 1970-01-01) and the first id that came on each.
    firsts: VecDeque<(i32, u32)>,
    /// Those whose event was taken back.
    taken_back: BTreeSet<u32>,
}

impl SeenIds {
    pub(crate) fn of(about: Arc<SeenDays>) -> Self {
        Self { ids: Pages::default(), about }
    }

    pub(crate) const fn ids(&self) -> &Pages<Fingerprint> {
        &self.ids
    }

    pub(crate) const fn about(&self) -> &Arc<SeenDays> {
        &self.about
    }

    /// Takes a page read from a checkpoint. False if it does not fit.
    pub(crate) fn push_page(&mut self, number: u32, ids: Page<Fingerprint>) -> bool {
        self.ids.push_page(number, ids)
    }

    /// The first id that came on a day or later; the one that comes next, if none did.
    pub(crate) fn first_of(&self, day: i32) -> u32 {
        let firsts = &self.about.firsts;
        let at = firsts.partition_point(|(of, _)| *of < day);
        firsts.get(at).map_or_else(|| dense(self.ids.len()), |(_, first)| *first)
    }

    /// The ids that came on a day or later, and whether their event was taken back.
    pub(crate) fn since(&self, day: i32) -> impl Iterator<Item = (Fingerprint, bool)> {
        let from = self.first_of(day);
        let remembered = self.ids.iter().filter(move |(id, _)| *id >= from);
        remembered.map(|(id, event)| (*event, self.about.taken_back.contains(&id)))
    }

    /// How many came on a day or later.
    pub(crate) fn count_since(&self, day: i32) -> u64 {
        self.ids.len() as u64 - u64::from(self.first_of(day))
    }

    pub(crate) fn take_back(&mut self, id: u32) {
        Arc::make_mut(&mut self.about).taken_back.insert(id);
    }

    fn push(&mut self, event: Fingerprint, day: i32) -> u32 {
        let id = self.ids.push(event);
        if self.about.firsts.back().is_none_or(|(last, _)| *last < day) {
            Arc::make_mut(&mut self.about).firsts.push_back((day, id));
        }
        id
    }

    /// Forgets about what came before a day; the ids themselves go as they are swept.
    fn forget_before(&mut self, day: i32) -> u32 {
        let from = self.first_of(day);
        if self.about.firsts.front().is_some_and(|(first, _)| *first < day) {
            let about = Arc::make_mut(&mut self.about);
            about.firsts.retain(|(of, _)| *of >= day);
            about.taken_back = about.taken_back.split_off(&from);
        }
        from
    }
}

/// The way from an event to its id.
#[derive(Debug, Default)]
pub(crate) struct SeenIndex {
    ids: Shards<u32>,
    /// Who came before this one counts as never seen.
    from: u32,
    /// Who came before this one is not here any more.
    swept: u32,
}

impl SeenIndex {
    /// The index of those that came on a day or later.
    pub(crate) fn of(seen: &SeenIds, day: i32) -> Self {
        let from = seen.first_of(day);
        let mut index = Self { ids: Shards::default(), from, swept: from };
        for (id, event) in seen.ids.iter().filter(|(id, _)| *id >= from) {
            index.ids.insert(half(*event), id, |id| hash_of(seen, *id));
        }
        index
    }

    /// The id of an event that was seen.
    pub(crate) fn find(&self, seen: &SeenIds, event: Fingerprint) -> Option<u32> {
        let id = *self.ids.find(half(event), |id| seen.ids.get(*id) == Some(&event))?;
        (id >= self.from).then_some(id)
    }

    /// The first id that an event of which this is a half may have, without looking at the event.
    pub(super) fn likely(&self, half: u64) -> u32 {
        self.ids.find(half, |_| true).copied().unwrap_or(NONE)
    }

    /// Notes that an event was seen on a day.
    pub(crate) fn note(&mut self, seen: &mut SeenIds, event: Fingerprint, day: i32) -> u32 {
        let id = seen.push(event, day);
        match self.ids.find_mut(half(event), |it| seen.ids.get(*it) == Some(&event)) {
            // It was seen so long ago that it counts as new.
            Some(before) => *before = id,
            None => self.ids.insert(half(event), id, |id| hash_of(seen, *id)),
        }
        id
    }

    /// Forgets what came before a day. What that leaves is taken away by [`SeenIndex::sweep`].
    pub(crate) fn forget_before(&mut self, seen: &mut SeenIds, day: i32) {
        self.from = self.from.max(seen.forget_before(day));
    }

    /// Takes away some of what is forgotten: a day's ids at once would keep a command waiting.
    pub(crate) fn sweep(&mut self, seen: &mut SeenIds, most: u32) {
        if self.swept >= self.from {
            return;
        }
        let until = self.from.min(self.swept.saturating_add(most));
        for id in self.swept..until {
            if let Some(event) = seen.ids.get(id) {
                // The same event may have come again since.
                self.ids.remove(half(*event), |it| *it == id);
            }
        }
        self.swept = until;
        seen.ids.drop_before(until as usize);
    }
}

fn hash_of(seen: &SeenIds, id: u32) -> u64 {
    seen.ids.get(id).map_or(0, |event| half(*event))
}

#[cfg(test)]
mod tests {
    use super::{SeenIds, SeenIndex};
    use crate::engine::fingerprint::{Fingerprint, fingerprint};

    fn event(n: u32) -> Fingerprint {
        fingerprint(&[&n.to_le_bytes()])
    }

    #[test]
    fn what_is_forgotten_counts_as_new_at_once_and_goes_little_by_little() {
        let (mut seen, mut index) = (SeenIds::default(), SeenIndex::default());
        for n in 0..10_000 {
            assert_eq!(index.find(&seen, event(n)), None);
            assert_eq!(index.note(&mut seen, event(n), (n / 1000) as i32), n);
        }
        seen.take_back(10);
        seen.take_back(7000);
        assert_eq!(index.find(&seen, event(4321)), Some(4321));
        index.forget_before(&mut seen, 5);
        assert_eq!(index.find(&seen, event(4321)), None);
        assert_eq!(index.find(&seen, event(5000)), Some(5000));
        assert_eq!(index.note(&mut seen, event(4321), 10), 10_000);
        assert_eq!(seen.count_since(5), 5001);
        assert_eq!(seen.since(5).filter(|(_, taken_back)| *taken_back).count(), 1);
        for round in 1..=5000_u32.div_ceil(16) {
            index.sweep(&mut seen, 16);
            let gone = (round * 16).min(5000) / 256 * 256;
            assert_eq!(seen.ids.iter().next().map(|(id, _)| id), Some(gone));
        }
        assert_eq!(index.find(&seen, event(4321)), Some(10_000));
        assert_eq!(index.find(&seen, event(1)), None);
        assert!((5000..10_000).all(|n| index.find(&seen, event(n)) == Some(n)));
        let again = SeenIndex::of(&seen, 5);
        assert!((0..10_000).all(|n| again.find(&seen, event(n)) == index.find(&seen, event(n))));
    }

    #[test]
    fn days_without_events_are_no_days() {
        let (mut seen, mut index) = (SeenIds::default(), SeenIndex::default());
        index.note(&mut seen, event(1), 3);
        index.note(&mut seen, event(2), 9);
        for (day, first) in [(2, 0), (3, 0), (4, 1), (9, 1), (10, 2)] {
            assert_eq!(seen.first_of(day), first, "day {day}");
        }
    }
}
