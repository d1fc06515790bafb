//! Who is due next: planned sends by sender, and those that a hold keeps aside.
//!
//! All of it can be made anew from the tables; what a claim returns never depends on how the
//! entries happen to lie here.

use std::collections::{BTreeSet, HashMap};

use super::record::NONE;
use crate::model::Instant;

/// A planned send: its instant and its enrollment.
type Entry = (Instant, u32);

/// What one sender has planned. Follow-ups outrank first messages.
#[derive(Debug, Default)]
struct Lane {
    follow_ups: BTreeSet<Entry>,
    firsts: BTreeSet<Entry>,
    /// When it is looked at next, if it is not ready now.
    wake: Option<Instant>,
}

impl Lane {
    fn entries(&mut self, first: bool) -> &mut BTreeSet<Entry> {
        if first { &mut self.firsts } else { &mut self.follow_ups }
    }

    fn head(&self) -> Option<Instant> {
        let follow_up = self.follow_ups.first().map(|entry| entry.0);
        let first = self.firsts.first().map(|entry| entry.0);
        follow_up.into_iter().chain(first).min()
    }
}

/// Where a planned send lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) sender: u32,
    pub(crate) first: bool,
    pub(crate) planned: Instant,
    pub(crate) enrollment: u32,
}

#[derive(Debug, Default)]
pub(crate) struct Lanes {
    lanes: Vec<Lane>,
    /// Senders that have nothing to do before an instant.
    asleep: BTreeSet<(Instant, u32)>,
    /// Senders that may have something due.
    ready: BTreeSet<u32>,
    /// By enrollment: the hold that it is parked under.
    parked_under: Vec<u32>,
    /// By hold: the enrollments that were parked under it; those that left are recognised.
    parked: HashMap<u32, Vec<u32>>,
}

impl Lanes {
    fn lane(&mut self, sender: u32) -> Option<&mut Lane> {
        let at = sender as usize;
        if at >= self.lanes.len() && sender != NONE {
            self.lanes.resize_with(at + 1, Lane::default);
        }
        self.lanes.get_mut(at)
    }

    /// Adds a planned send.
    pub(crate) fn insert(&mut self, place: Place) {
        let Some(lane) = self.lane(place.sender) else {
            return;
        };
        lane.entries(place.first).insert((place.planned, place.enrollment));
        self.wake_by(place.sender, place.planned);
    }

    /// Takes a planned send out, wherever it lies.
    pub(crate) fn remove(&mut self, place: Place) {
        if let Some(under) = self.parked_under.get_mut(place.enrollment as usize)
            && *under != NONE
        {
            // The hold's list is filtered when it is lifted.
            *under = NONE;
            return;
        }
        if let Some(lane) = self.lane(place.sender) {
            lane.entries(place.first).remove(&(place.planned, place.enrollment));
        }
    }

    /// Moves a planned send from its lane to a hold's.
    pub(crate) fn park(&mut self, place: Place, hold: u32) {
        self.remove(place);
        let at = place.enrollment as usize;
        if at >= self.parked_under.len() {
            self.parked_under.resize(at + 1, NONE);
        }
        if let Some(under) = self.parked_under.get_mut(at) {
            *under = hold;
        }
        self.parked.entry(hold).or_default().push(place.enrollment);
    }

    /// Takes out what is parked under a hold: the enrollments, to be queued again.
    pub(crate) fn unpark(&mut self, hold: u32) -> Vec<u32> {
        let mut enrollments = self.parked.remove(&hold).unwrap_or_default();
        enrollments.retain(|enrollment| match self.parked_under.get_mut(*enrollment as usize) {
            Some(under) if *under == hold => {
                *under = NONE;
                true
            }
            _ => false,
        });
        enrollments
    }

    /// Has a sender looked at by `at` at the latest.
    pub(crate) fn wake_by(&mut self, sender: u32, at: Instant) {
        if self.ready.contains(&sender) {
            return;
        }
        let Some(lane) = self.lane(sender) else {
            return;
        };
        match lane.wake {
            Some(wake) if wake <= at => {}
            before => {
                lane.wake = Some(at);
                if let Some(before) = before {
                    self.asleep.remove(&(before, sender));
                }
                self.asleep.insert((at, sender));
            }
        }
    }

    /// Has a sender looked at anew: something about it changed.
    pub(crate) fn touch(&mut self, sender: u32) {
        if self.lanes.get(sender as usize).is_some_and(|lane| lane.head().is_some()) {
            self.wake_by(sender, Instant::MIN);
        }
    }

    /// Wakes the senders whose time has come.
    pub(crate) fn wake(&mut self, now: Instant) {
        while let Some(first) = self.asleep.first().copied()
            && first.0 <= now
        {
            self.asleep.remove(&first);
            self.ready.insert(first.1);
            if let Some(lane) = self.lane(first.1) {
                lane.wake = None;
            }
        }
    }

    /// The first ready sender after one, around the ring.
    pub(crate) fn next_ready(&self, after: u32) -> Option<u32> {
        let later = after.checked_add(1).and_then(|from| self.ready.range(from..).next());
        later.or_else(|| self.ready.first()).copied()
    }

    /// Lets a sender sleep until it has something due, but not before `until`.
    pub(crate) fn sleep(&mut self, sender: u32, until: Instant) {
        self.ready.remove(&sender);
        let head = self.lane(sender).and_then(|lane| lane.head());
        if let Some(head) = head {
            self.wake_by(sender, head.max(until));
        }
    }

    /// Lets a sender sleep until it is touched.
    pub(crate) fn sleep_until_touched(&mut self, sender: u32) {
        self.ready.remove(&sender);
    }

    /// The send that a sender takes first of those that are due.
    pub(crate) fn due(&mut self, sender: u32, now: Instant) -> Option<Place> {
        let lane = self.lane(sender)?;
        let due = |entry: &&Entry| entry.0 <= now;
        let (first, entry) = match lane.follow_ups.first().filter(due) {
            Some(entry) => (false, entry),
            None => (true, lane.firsts.first().filter(due)?),
        };
        Some(Place { sender, first, planned: entry.0, enrollment: entry.1 })
    }

    /// The earliest instant at which a claim may find something: a lower bound.
    pub(crate) fn earliest(&self) -> Option<Instant> {
        if self.ready.is_empty() {
            self.asleep.first().map(|sleeper| sleeper.0)
        } else {
            Some(Instant::MIN)
        }
    }
}
