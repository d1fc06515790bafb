//! Who is due next: planned sends by sender, and those that a hold keeps aside.
//!
//! All of it can be made anew from the tables; what a claim returns never depends on how the
//! entries happen to lie here.

mod ladder;
mod parked;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use self::ladder::{Key, Ladder};
use self::parked::Parked;
use super::cost;
use super::record::NONE;
use crate::model::Instant;

/// What one sender has planned. Follow-ups outrank first messages.
#[derive(Debug, Default)]
struct Lane {
    follow_ups: Ladder,
    firsts: Ladder,
    /// When it is looked at next, if it is not ready now.
    wake: Option<Instant>,
}

impl Lane {
    const fn ladder(&mut self, first: bool) -> &mut Ladder {
        if first { &mut self.firsts } else { &mut self.follow_ups }
    }

    /// No planned send is before this instant; none if there is none.
    fn head(&self) -> Option<Instant> {
        self.follow_ups.head().into_iter().chain(self.firsts.head()).min()
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

impl Place {
    const fn key(self) -> Key {
        Key::new(self.planned, self.enrollment)
    }
}

/// The tables, as far as the lanes ask them: they keep the planned instants of the nearest sends
/// alone, and find out by this which of the others are still where they were.
pub(crate) trait Plans {
    /// Where the next send of an enrollment belongs, if it waits for one.
    fn place_of(&self, enrollment: u32) -> Option<Place>;
}

#[derive(Debug, Default)]
pub(crate) struct Lanes {
    lanes: Vec<Lane>,
    /// Senders that have nothing to do before an instant.
    asleep: BTreeSet<(Instant, u32)>,
    /// Senders that may have something due.
    ready: BTreeSet<u32>,
    parked: Parked,
}

impl Lanes {
    /// Adds a planned send. The tables have it already.
    pub(crate) fn insert(&mut self, place: Place, plans: &impl Plans) {
        let Place { sender, first, planned, .. } = place;
        let Self { lanes, parked, .. } = self;
        let Some(lane) = lane_of(lanes, sender) else {
            return;
        };
        lane.ladder(first).insert(place.key(), &plan_in(plans, parked, sender, first));
        self.wake_by(sender, planned);
    }

    /// Takes a planned send out, wherever it lies. The tables have it still.
    pub(crate) fn remove(&mut self, place: Place, plans: &impl Plans) {
        let Place { sender, first, enrollment, .. } = place;
        let Self { lanes, parked, .. } = self;
        if !parked.remove(enrollment)
            && let Some(lane) = lane_of(lanes, sender)
        {
            lane.ladder(first).remove(place.key(), &plan_in(plans, parked, sender, first));
        }
    }

    /// Moves a planned send from its lane to a hold's.
    pub(crate) fn park(&mut self, place: Place, hold: u32, plans: &impl Plans) {
        self.remove(place, plans);
        self.parked.park(place.enrollment, hold);
    }

    /// Takes out what is parked under a hold: the enrollments, to be queued again.
    pub(crate) fn unpark(&mut self, hold: u32) -> Vec<u32> {
        self.parked.unpark(hold)
    }

    /// Has a sender looked at by `at` at the latest.
    pub(crate) fn wake_by(&mut self, sender: u32, at: Instant) {
        if self.ready.contains(&sender) {
            return;
        }
        let Some(lane) = lane_of(&mut self.lanes, sender) else {
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
            cost::count(1);
            self.asleep.remove(&first);
            self.ready.insert(first.1);
            if let Some(lane) = lane_of(&mut self.lanes, first.1) {
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
        let head = self.lanes.get(sender as usize).and_then(Lane::head);
        if let Some(head) = head {
            self.wake_by(sender, head.max(until));
        }
    }

    /// Lets a sender sleep until it is touched.
    pub(crate) fn sleep_until_touched(&mut self, sender: u32) {
        self.ready.remove(&sender);
    }

    /// The send that a sender takes first of those that are due.
    pub(crate) fn due(&mut self, sender: u32, now: Instant, plans: &impl Plans) -> Option<Place> {
        let Self { lanes, parked, .. } = self;
        let lane = lane_of(lanes, sender)?;
        [false, true].into_iter().find_map(|first| {
            let plan_of = plan_in(plans, parked, sender, first);
            let key = lane.ladder(first).due(now, &plan_of)?;
            Some(Place { sender, first, planned: key.planned(), enrollment: key.enrollment })
        })
    }

    /// The earliest instant at which a claim may find something: a lower bound.
    pub(crate) fn earliest(&self) -> Option<Instant> {
        if self.ready.is_empty() {
            self.asleep.first().map(|sleeper| sleeper.0)
        } else {
            Some(Instant::MIN)
        }
    }

    /// How many sends a part of a lane lists, those that left included.
    #[cfg(test)]
    fn listed(&self, sender: u32, first: bool) -> usize {
        let lane = self.lanes.get(sender as usize);
        lane.map_or(0, |it| if first { it.firsts.len() } else { it.follow_ups.len() })
    }

    /// What the planned sends take on the heap, by capacity, in bytes: all but what there is once
    /// for each sender.
    #[cfg(test)]
    fn heap_bytes(&self) -> usize {
        let ladders = self.lanes.iter().flat_map(|lane| [&lane.follow_ups, &lane.firsts]);
        ladders.map(Ladder::heap_bytes).sum::<usize>() + self.parked.heap_bytes()
    }
}

/// The lane of a sender, made if it is new.
fn lane_of(lanes: &mut Vec<Lane>, sender: u32) -> Option<&mut Lane> {
    let at = sender as usize;
    if at >= lanes.len() && sender != NONE {
        lanes.resize_with(at + 1, Lane::default);
    }
    lanes.get_mut(at)
}

/// When an enrollment is planned, if its next send lies in this part of this lane.
fn plan_in(
    plans: &impl Plans,
    parked: &Parked,
    sender: u32,
    first: bool,
) -> impl Fn(u32) -> Option<Instant> {
    move |enrollment| {
        let place = plans.place_of(enrollment)?;
        let here = place.sender == sender && place.first == first && !parked.holds(enrollment);
        here.then_some(place.planned)
    }
}

/// Makes room for so many more, by a quarter at least: a list that is never looked through is the
/// cheaper the fuller it is.
fn grow<T>(list: &mut Vec<T>, more: usize) {
    if list.capacity() - list.len() < more {
        list.reserve_exact(more.max(list.len() / 4));
    }
}
