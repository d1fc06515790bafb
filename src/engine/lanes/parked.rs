//! Planned sends that a hold keeps aside.

use std::collections::HashMap;

use super::grow;
use crate::engine::cost;

/// So many that left are never worth a search.
const SPARE: usize = 16;

#[derive(Debug, Default)]
pub(super) struct Parked {
    /// By enrollment: the hold that it is parked under.
    under: HashMap<u32, u32>,
    by_hold: HashMap<u32, List>,
}

/// What was parked under a hold.
#[derive(Debug, Default)]
struct List {
    /// Those that left are still here, until there are too many of them.
    enrollments: Vec<u32>,
    staying: usize,
}

impl Parked {
    pub(super) fn holds(&self, enrollment: u32) -> bool {
        !self.under.is_empty() && self.under.contains_key(&enrollment)
    }

    pub(super) fn park(&mut self, enrollment: u32, hold: u32) {
        self.remove(enrollment);
        let Self { under, by_hold } = self;
        let list = by_hold.entry(hold).or_default();
        if list.enrollments.len() > SPARE + 2 * list.staying {
            cost::count(list.enrollments.len());
            list.enrollments.retain(|it| under.get(it) == Some(&hold));
            list.enrollments.sort_unstable();
            list.enrollments.dedup();
        }
        cost::count(1);
        under.insert(enrollment, hold);
        list.staying += 1;
        grow(&mut list.enrollments, 1);
        list.enrollments.push(enrollment);
    }

    /// Takes an enrollment out. False if it was not parked.
    pub(super) fn remove(&mut self, enrollment: u32) -> bool {
        if !self.holds(enrollment) {
            return false;
        }
        let list = self.under.remove(&enrollment).and_then(|hold| self.by_hold.get_mut(&hold));
        if let Some(list) = list {
            list.staying = list.staying.saturating_sub(1);
        }
        true
    }

    /// Takes out what is parked under a hold.
    pub(super) fn unpark(&mut self, hold: u32) -> Vec<u32> {
        let mut enrollments = self.by_hold.remove(&hold).unwrap_or_default().enrollments;
        let Self { under, .. } = self;
        cost::count(enrollments.len());
        // Who is listed twice is found once.
        enrollments.retain(|id| under.get(id) == Some(&hold) && under.remove(id).is_some());
        if under.capacity() > SPARE + 4 * under.len() {
            under.shrink_to(2 * under.len());
        }
        enrollments
    }

    /// What it takes on the heap, by capacity, in bytes; a map has a byte more for each slot.
    #[cfg(test)]
    pub(super) fn heap_bytes(&self) -> usize {
        let lists =
            self.by_hold.values().map(|list| list.enrollments.capacity() * size_of::<u32>());
        self.under.capacity() * (size_of::<(u32, u32)>() + 1)
            + self.by_hold.capacity() * (size_of::<(u32, List)>() + 1)
            + lists.sum::<usize>()
    }
}
