//! Planned sends of one sender, as far in order as it matters now.
//!
//! The nearest few are sorted and exact. All others lie unsorted on rungs, each of them a stretch
//! of time, and a rung is sorted and cut into shorter ones when everything before it is gone. A
//! send on a rung is its enrollment alone: when it is planned is asked of the tables. So what was
//! taken out of a rung, or moved, does not have to be found: it is recognised when the rung is met.

use super::grow;
use crate::engine::cost;
use crate::model::Instant;

/// The most sends that are kept in order.
pub(super) const NEAR: usize = 16;
/// The least that a rung is cut to.
const PIECE: usize = 2 * NEAR;
/// Into so many rungs one that is met is cut; the nearest of them again, until it is small.
const PIECES: usize = 8;
/// What leaves the nearest joins a rung of fewer than this, so that sends that are due do not come
/// to lie among a great many that are not.
const JOINED: usize = 4 * PIECE;
/// A rung of this many is cut in two: so none is met that takes long to sort.
const LONGEST: usize = 8192;
/// So many stale sends are never worth a search.
const SPARE: usize = 2 * NEAR;

/// A planned send: its instant, in two halves so that it takes 12 bytes, and its enrollment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key {
    high: u32,
    low: u32,
    pub(super) enrollment: u32,
}

impl Key {
    pub(super) const fn new(planned: Instant, enrollment: u32) -> Self {
        // No instant is negative.
        let ms = planned.as_ms().cast_unsigned();
        Self { high: (ms >> 32) as u32, low: ms as u32, enrollment }
    }

    pub(super) const fn planned(self) -> Instant {
        Instant::from_ms(((self.high as i64) << 32) | self.low as i64)
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        cost::count(1);
        let key = |it: &Self| (it.high, it.low, it.enrollment);
        key(self).cmp(&key(other))
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// A stretch of time: from its first key to that of the rung before it in the list.
#[derive(Debug)]
struct Rung {
    from: Key,
    /// Enrollments, in any order. Some may have left, some may be there twice.
    enrollments: Vec<u32>,
}

#[derive(Debug, Default)]
pub(super) struct Ladder {
    /// The sends before all rungs, the latest first. What is taken out leaves this at once.
    near: Vec<Key>,
    /// The latest first.
    far: Vec<Rung>,
    /// How many enrollments the rungs have, and how many of them are known to be stale.
    listed: u32,
    stale: u32,
}

// INVARIANT: `plan_of` tells when an enrollment that belongs here is planned, and nothing of any
// other. Whatever it tells something of is near, or on the rung of its instant.
impl Ladder {
    pub(super) fn insert(&mut self, key: Key, plan_of: &impl Fn(u32) -> Option<Instant>) {
        let Some(at) = self.rung_of(key) else {
            self.insert_near(key);
            return;
        };
        if let Some(rung) = self.far.get_mut(at) {
            grow(&mut rung.enrollments, 1);
            rung.enrollments.push(key.enrollment);
            self.listed += 1;
            if rung.enrollments.len() >= LONGEST {
                self.halve(at, plan_of);
            }
        }
    }

    /// Takes out a send whose plan the tables still have.
    pub(super) fn remove(&mut self, key: Key, plan_of: &impl Fn(u32) -> Option<Instant>) {
        if self.rung_of(key).is_none() {
            if let Ok(at) = self.near.binary_search_by(|it| key.cmp(it)) {
                self.near.remove(at);
                cost::count(self.near.len() - at);
            }
            return;
        }
        self.stale = self.stale.saturating_add(1);
        self.sweep(|id| (id != key.enrollment).then(|| plan_of(id)).flatten());
    }

    /// The first send, if it is due.
    pub(super) fn due(
        &mut self,
        now: Instant,
        plan_of: &impl Fn(u32) -> Option<Instant>,
    ) -> Option<Key> {
        loop {
            if let Some(key) = self.near.last().copied() {
                if key.planned() > now {
                    return None;
                }
                cost::count(1);
                // What left without a word must not be met, either: a send goes out once.
                if plan_of(key.enrollment) == Some(key.planned()) {
                    return Some(key);
                }
                self.near.pop();
            } else {
                let rung = self.far.pop_if(|rung| rung.from.planned() <= now)?;
                self.meet(&rung, plan_of);
                self.sweep(plan_of);
            }
        }
    }

    /// No send is before this instant; none if there is no send.
    pub(super) fn head(&self) -> Option<Instant> {
        self.near.last().or(self.far.last().map(|rung| &rung.from)).map(|key| key.planned())
    }

    /// The rung that a key belongs on; none if it is before all of them.
    fn rung_of(&self, key: Key) -> Option<usize> {
        self.far.last().filter(|nearest| nearest.from <= key)?;
        Some(self.far.partition_point(|rung| rung.from > key))
    }

    fn insert_near(&mut self, key: Key) {
        let at = self.near.partition_point(|it| *it > key);
        if self.near.get(at) == Some(&key) {
            return;
        }
        cost::count(self.near.len() + 1 - at);
        if self.near.len() < NEAR {
            if self.near.len() == self.near.capacity() {
                let more = (self.near.len() / 4).clamp(1, NEAR - self.near.len());
                self.near.reserve_exact(more);
            }
            self.near.insert(at, key);
            return;
        }
        // The later half, and the new one if it is among them, goes to the rungs.
        let mut later: Vec<Key> = self.near.drain(..NEAR / 2).collect();
        match at.checked_sub(later.len()) {
            Some(at) => self.near.insert(at, key),
            None => later.insert(at, key),
        }
        later.reverse();
        self.add(&later, JOINED);
    }

    /// What is on a rung that was taken off, up to the next one, in order.
    fn keys_of(&mut self, rung: &Rung, plan_of: impl Fn(u32) -> Option<Instant>) -> Vec<Key> {
        let end = self.far.last().map(|next| next.from);
        let here = |key: &Key| rung.from <= *key && end.is_none_or(|end| *key < end);
        let key = |id: &u32| Some(Key::new(plan_of(*id)?, *id)).filter(here);
        let mut keys: Vec<Key> = rung.enrollments.iter().filter_map(key).collect();
        // Most of it often is in order already; this sort makes use of that.
        keys.sort();
        keys.dedup();
        let listed = rung.enrollments.len();
        cost::count(listed);
        self.listed = self.listed.saturating_sub(listed as u32);
        self.stale = self.stale.saturating_sub((listed - keys.len()) as u32);
        keys
    }

    /// Puts sends that are in order and before all rungs on the nearest rung, if that has fewer
    /// than so many, else on one of their own.
    fn add(&mut self, keys: &[Key], joined: usize) {
        let Some(from) = keys.first().copied() else {
            return;
        };
        cost::count(keys.len());
        self.listed += keys.len() as u32;
        let enrollments = keys.iter().map(|key| key.enrollment);
        match self.far.last_mut().filter(|rung| rung.enrollments.len() < joined) {
            Some(rung) => {
                rung.from = from;
                grow(&mut rung.enrollments, keys.len());
                rung.enrollments.splice(..0, enrollments);
            }
            None => {
                grow(&mut self.far, 1);
                self.far.push(Rung { from, enrollments: enrollments.collect() });
            }
        }
    }

    /// Everything before a rung is gone: its first sends are the nearest now, and the others go on
    /// rungs that are the shorter the nearer they are.
    fn meet(&mut self, rung: &Rung, plan_of: &impl Fn(u32) -> Option<Instant>) {
        let keys = self.keys_of(rung, plan_of);
        let near = if keys.len() <= NEAR { keys.len() } else { NEAR / 2 };
        let (near, mut rest) = keys.split_at(near);
        self.near.extend(near.iter().rev());
        cost::count(near.len());
        while !rest.is_empty() {
            let pieces = (rest.len() / PIECE).clamp(1, PIECES);
            let first = if pieces == 1 { 0 } else { rest.len().div_ceil(pieces) };
            let (nearest, later) = rest.split_at(first);
            later.rchunks(first.max(PIECE)).for_each(|piece| self.add(piece, 0));
            rest = nearest;
        }
    }

    /// Cuts a rung in two.
    fn halve(&mut self, at: usize, plan_of: &impl Fn(u32) -> Option<Instant>) {
        let nearer = self.far.split_off((at + 1).min(self.far.len()));
        if let Some(rung) = self.far.pop() {
            let keys = self.keys_of(&rung, plan_of);
            let (first, second) = keys.split_at(keys.len() / 2);
            self.add(second, 0);
            self.add(first, 0);
        }
        cost::count(nearer.len());
        self.far.extend(nearer);
    }

    /// Drops all that is stale, if there is more of it than of what waits, and joins what is short
    /// then.
    fn sweep(&mut self, plan_of: impl Fn(u32) -> Option<Instant>) {
        if self.stale as usize <= SPARE + self.listed as usize / 2 {
            return;
        }
        for rung in std::mem::take(&mut self.far) {
            let keys = self.keys_of(&rung, &plan_of);
            self.add(&keys, PIECE);
        }
        self.stale = 0;
    }

    /// What it takes on the heap, by capacity, in bytes.
    #[cfg(test)]
    pub(super) fn heap_bytes(&self) -> usize {
        let rungs = self.far.iter().map(|rung| rung.enrollments.capacity() * size_of::<u32>());
        self.near.capacity() * size_of::<Key>()
            + self.far.capacity() * size_of::<Rung>()
            + rungs.sum::<usize>()
    }

    /// How many enrollments it lists, those that left included.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.near.len() + self.far.iter().map(|rung| rung.enrollments.len()).sum::<usize>()
    }
}
