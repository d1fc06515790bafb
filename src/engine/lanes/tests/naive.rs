//! The lanes as ordered sets, from which everything is taken out at once: the specification.

use std::collections::{BTreeMap, BTreeSet};

use super::{Place, Table};
use crate::engine::lanes::{Lanes, Plans as _};
use crate::model::Instant;

/// What a claim needs of lanes.
pub(super) trait Claimed {
    fn insert(&mut self, place: Place, table: &Table);
    fn remove(&mut self, place: Place, table: &Table);
    fn park(&mut self, place: Place, hold: u32, table: &Table);
    fn unpark(&mut self, hold: u32) -> BTreeSet<u32>;
    fn touch(&mut self, sender: u32);
    fn wake(&mut self, now: Instant);
    fn next_ready(&self, after: u32) -> Option<u32>;
    fn sleep(&mut self, sender: u32, until: Instant);
    fn sleep_until_touched(&mut self, sender: u32);
    fn due(&mut self, sender: u32, now: Instant, table: &Table) -> Option<Place>;
    fn earliest(&self) -> Option<Instant>;
}

type Entry = (Instant, u32);

#[derive(Debug, Default)]
pub(super) struct Naive {
    /// By sender and by whether they are first messages.
    lanes: BTreeMap<(u32, bool), BTreeSet<Entry>>,
    /// Senders that are neither ready nor waiting to be touched, and until when.
    asleep: BTreeMap<u32, Instant>,
    ready: BTreeSet<u32>,
    /// The hold of who is parked.
    parked: BTreeMap<u32, u32>,
}

impl Naive {
    fn wake_by(&mut self, sender: u32, at: Instant) {
        if !self.ready.contains(&sender) {
            let until = self.asleep.entry(sender).or_insert(at);
            *until = at.min(*until);
        }
    }

    fn head(&self, sender: u32) -> Option<Instant> {
        let of = |first| self.lanes.get(&(sender, first)).and_then(BTreeSet::first);
        [false, true].into_iter().filter_map(of).map(|entry| entry.0).min()
    }

    /// How many sends wait in a lane.
    pub(super) fn len(&self, sender: u32, first: bool) -> usize {
        self.lanes.get(&(sender, first)).map_or(0, BTreeSet::len)
    }
}

impl Claimed for Naive {
    fn insert(&mut self, place: Place, _: &Table) {
        let lane = self.lanes.entry((place.sender, place.first)).or_default();
        lane.insert((place.planned, place.enrollment));
        self.wake_by(place.sender, place.planned);
    }

    fn remove(&mut self, place: Place, _: &Table) {
        if self.parked.remove(&place.enrollment).is_none() {
            let lane = self.lanes.entry((place.sender, place.first)).or_default();
            lane.remove(&(place.planned, place.enrollment));
        }
    }

    fn park(&mut self, place: Place, hold: u32, table: &Table) {
        self.remove(place, table);
        self.parked.insert(place.enrollment, hold);
    }

    fn unpark(&mut self, hold: u32) -> BTreeSet<u32> {
        let parked = self.parked.iter().filter(|(_, under)| **under == hold);
        let parked: BTreeSet<u32> = parked.map(|(enrollment, _)| *enrollment).collect();
        self.parked.retain(|_, under| *under != hold);
        parked
    }

    fn touch(&mut self, sender: u32) {
        if self.head(sender).is_some() {
            self.wake_by(sender, Instant::MIN);
        }
    }

    fn wake(&mut self, now: Instant) {
        let awake = self.asleep.iter().filter(|(_, until)| **until <= now);
        self.ready.extend(awake.map(|(sender, _)| *sender));
        self.asleep.retain(|_, until| *until > now);
    }

    fn next_ready(&self, after: u32) -> Option<u32> {
        let later = self.ready.iter().find(|sender| **sender > after);
        later.or_else(|| self.ready.first()).copied()
    }

    fn sleep(&mut self, sender: u32, until: Instant) {
        self.ready.remove(&sender);
        if let Some(head) = self.head(sender) {
            self.wake_by(sender, head.max(until));
        }
    }

    fn sleep_until_touched(&mut self, sender: u32) {
        self.ready.remove(&sender);
    }

    fn due(&mut self, sender: u32, now: Instant, _: &Table) -> Option<Place> {
        [false, true].into_iter().find_map(|first| {
            let (planned, enrollment) = *self.lanes.get(&(sender, first))?.first()?;
            (planned <= now).then_some(Place { sender, first, planned, enrollment })
        })
    }

    fn earliest(&self) -> Option<Instant> {
        let asleep = self.asleep.values().min().copied();
        if self.ready.is_empty() { asleep } else { Some(Instant::MIN) }
    }
}

impl Claimed for Lanes {
    fn insert(&mut self, place: Place, table: &Table) {
        Self::insert(self, place, table);
    }

    fn remove(&mut self, place: Place, table: &Table) {
        assert_eq!(table.place_of(place.enrollment), Some(place), "the tables change after this");
        Self::remove(self, place, table);
    }

    fn park(&mut self, place: Place, hold: u32, table: &Table) {
        Self::park(self, place, hold, table);
    }

    fn unpark(&mut self, hold: u32) -> BTreeSet<u32> {
        let enrollments = Self::unpark(self, hold);
        let distinct: BTreeSet<u32> = enrollments.iter().copied().collect();
        assert_eq!(distinct.len(), enrollments.len(), "one was parked twice: {enrollments:?}");
        distinct
    }

    fn touch(&mut self, sender: u32) {
        Self::touch(self, sender);
    }

    fn wake(&mut self, now: Instant) {
        Self::wake(self, now);
    }

    fn next_ready(&self, after: u32) -> Option<u32> {
        Self::next_ready(self, after)
    }

    fn sleep(&mut self, sender: u32, until: Instant) {
        Self::sleep(self, sender, until);
    }

    fn sleep_until_touched(&mut self, sender: u32) {
        Self::sleep_until_touched(self, sender);
    }

    fn due(&mut self, sender: u32, now: Instant, table: &Table) -> Option<Place> {
        let place = Self::due(self, sender, now, table)?;
        assert_eq!(table.place_of(place.enrollment), Some(place), "it is planned otherwise");
        Some(place)
    }

    fn earliest(&self) -> Option<Instant> {
        Self::earliest(self)
    }
}
