//! Tables that grow, and are copied, a little at a time.
//!
//! A table that doubles moves all that is in it at once, and whoever put the last thing in waits:
//! with millions of entries for hundreds of milliseconds. So a table is kept in shards, and since
//! shards of one size would all double at nearly the same time, their sizes spread over a factor of
//! two.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use hashbrown::HashTable;

use super::fingerprint::{Fingerprint, hash_text};

/// How many sizes of shards there are.
pub(crate) const SIZES: usize = 256;
/// The shares of all of them: shard `n` gets `SIZES + n`.
const SHARES: usize = SIZES * SIZES + SIZES * (SIZES - 1) / 2;
/// Parts of the range of hashes that are dealt out to the shards.
const CELLS: usize = 4096;
/// Which shard each part belongs to: a later shard has more of them, the last twice as many as the
/// first.
static DEALT: [u8; CELLS] = dealt();
/// Up to how many entries a table is kept in one piece.
const WHOLE: usize = 4096;
/// Shards of each size in a table that is not.
const OF_EACH: usize = 4;

#[expect(clippy::indexing_slicing, reason = "evaluated when it is compiled, and only then")]
const fn dealt() -> [u8; CELLS] {
    let mut cells = [0; CELLS];
    let (mut at, mut shard, mut before) = (0, 0, 0);
    while at < CELLS {
        while before + SIZES + shard <= at * SHARES / CELLS {
            before += SIZES + shard;
            shard += 1;
        }
        cells[at] = shard as u8;
        at += 1;
    }
    cells
}

/// Which of [`SIZES`] shards a hash belongs to. Tables use the low bits of it and the top seven.
pub(crate) fn shard_of(hash: u64) -> usize {
    DEALT.get((hash >> 32) as usize % CELLS).copied().unwrap_or_default().into()
}

/// How many of so many entries a shard may be expected to have.
pub(crate) const fn share_of(shard: usize, entries: usize) -> usize {
    entries * (SIZES + shard) / SHARES
}

/// A hash table in shards.
pub(crate) struct Shards<T> {
    len: usize,
    tables: Vec<HashTable<T>>,
}

impl<T> Default for Shards<T> {
    fn default() -> Self {
        Self { len: 0, tables: Vec::new() }
    }
}

impl<T> fmt::Debug for Shards<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shards").field("len", &self.len).finish_non_exhaustive()
    }
}

impl<T> Shards<T> {
    fn place(&self, hash: u64) -> usize {
        if self.tables.len() <= 1 {
            0
        } else {
            shard_of(hash) * OF_EACH + (hash >> 48) as usize % OF_EACH
        }
    }

    pub(crate) fn find(&self, hash: u64, same: impl FnMut(&T) -> bool) -> Option<&T> {
        self.tables.get(self.place(hash))?.find(hash, same)
    }

    pub(crate) fn find_mut(&mut self, hash: u64, same: impl FnMut(&T) -> bool) -> Option<&mut T> {
        let place = self.place(hash);
        self.tables.get_mut(place)?.find_mut(hash, same)
    }

    /// Puts in what is not there yet.
    pub(crate) fn insert(&mut self, hash: u64, entry: T, hash_of: impl Fn(&T) -> u64) {
        if self.tables.is_empty() {
            self.tables.push(HashTable::new());
        } else if self.tables.len() == 1 && self.len >= WHOLE {
            self.split(&hash_of);
        }
        let place = self.place(hash);
        if let Some(table) = self.tables.get_mut(place) {
            table.insert_unique(hash, entry, hash_of);
            self.len += 1;
        }
    }

    fn split(&mut self, hash_of: &impl Fn(&T) -> u64) {
        let whole = self.tables.pop().unwrap_or_default();
        self.tables.resize_with(SIZES * OF_EACH, HashTable::new);
        for entry in whole {
            let hash = hash_of(&entry);
            let place = self.place(hash);
            if let Some(table) = self.tables.get_mut(place) {
                table.insert_unique(hash, entry, hash_of);
            }
        }
    }

    pub(crate) fn remove(&mut self, hash: u64, same: impl FnMut(&T) -> bool) -> Option<T> {
        let place = self.place(hash);
        let entry = self.tables.get_mut(place)?.find_entry(hash, same).ok()?;
        self.len -= 1;
        Some(entry.remove().0)
    }
}

/// A key of a [`SharedMap`]: says which of 256 parts it belongs to.
pub(crate) trait Spread: Ord {
    fn part(&self) -> u8;
}

impl Spread for str {
    fn part(&self) -> u8 {
        hash_text(self) as u8
    }
}

impl Spread for (u32, u32) {
    fn part(&self) -> u8 {
        (self.0 ^ self.1) as u8
    }
}

/// A sorted map for tables that snapshots share: what changes after a snapshot was taken is copied
/// in parts, so that no change copies everything.
#[derive(Clone, Debug)]
pub(crate) struct SharedMap<K, V> {
    parts: Vec<Arc<BTreeMap<K, V>>>,
}

impl<K, V> Default for SharedMap<K, V> {
    fn default() -> Self {
        Self { parts: Vec::new() }
    }
}

impl<K, V> SharedMap<K, V> {
    pub(crate) const fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Its entries, those of a part after those of another.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.parts.iter().flat_map(|part| part.iter())
    }

    pub(crate) fn get<Q: Spread + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q> + Ord,
    {
        self.parts.get(usize::from(key.part()))?.get(key)
    }

    pub(crate) fn insert<Q: Spread + ?Sized>(&mut self, key: K, value: V)
    where
        K: Borrow<Q> + Clone + Ord,
        V: Clone,
    {
        if self.parts.is_empty() {
            self.parts = vec![Arc::default(); 256];
        }
        if let Some(part) = self.parts.get_mut(usize::from(key.borrow().part())) {
            Arc::make_mut(part).insert(key, value);
        }
    }
}

/// A map by fingerprint.
pub(crate) struct FingerprintMap<V>(Shards<(Fingerprint, V)>);

impl<V> Default for FingerprintMap<V> {
    fn default() -> Self {
        Self(Shards::default())
    }
}

impl<V> fmt::Debug for FingerprintMap<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The hash of a fingerprint: half of it is as uniform as the whole.
pub(crate) const fn half(key: Fingerprint) -> u64 {
    key as u64
}

impl<V> FingerprintMap<V> {
    pub(crate) const fn is_empty(&self) -> bool {
        self.0.len == 0
    }

    pub(crate) fn get(&self, key: Fingerprint) -> Option<&V> {
        self.0.find(half(key), |entry| entry.0 == key).map(|entry| &entry.1)
    }

    pub(crate) fn get_mut(&mut self, key: Fingerprint) -> Option<&mut V> {
        self.0.find_mut(half(key), |entry| entry.0 == key).map(|entry| &mut entry.1)
    }

    pub(crate) fn insert(&mut self, key: Fingerprint, value: V) {
        match self.get_mut(key) {
            Some(known) => *known = value,
            None => self.0.insert(half(key), (key, value), |entry| half(entry.0)),
        }
    }

    pub(crate) fn remove(&mut self, key: Fingerprint) -> Option<V> {
        self.0.remove(half(key), |entry| entry.0 == key).map(|entry| entry.1)
    }
}

impl<V: Default> FingerprintMap<V> {
    /// The value of a key, made if it is not there.
    pub(crate) fn or_default(&mut self, key: Fingerprint) -> Option<&mut V> {
        if self.get(key).is_none() {
            self.insert(key, V::default());
        }
        self.get_mut(key)
    }
}

impl<V> Extend<(Fingerprint, V)> for FingerprintMap<V> {
    fn extend<I: IntoIterator<Item = (Fingerprint, V)>>(&mut self, entries: I) {
        entries.into_iter().for_each(|(key, value)| self.insert(key, value));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{CELLS, FingerprintMap, SIZES, Shards, WHOLE, dealt, share_of};
    use crate::engine::fingerprint::{fingerprint, hash_text};

    #[test]
    fn shares_grow_from_one_to_two() {
        let mut shares = [0; SIZES];
        for shard in dealt() {
            shares[usize::from(shard)] += 1;
        }
        let one = CELLS as f64 / (1.5 * SIZES as f64);
        for (shard, share) in shares.into_iter().enumerate() {
            let exact = one * (1.0 + shard as f64 / SIZES as f64);
            assert!((f64::from(share) - exact).abs() < 1.1, "{shard}: {share} of {exact}");
        }
    }

    #[test]
    fn what_a_shard_may_expect_is_its_share_of_all() {
        let entries = 10_000_000;
        let expected: Vec<usize> = (0..SIZES).map(|shard| share_of(shard, entries)).collect();
        let all: usize = expected.iter().sum();
        assert!(all <= entries && entries - all <= SIZES, "{all}");
        assert!(expected.is_sorted());
        let (first, last) = (expected[0], expected[SIZES - 1]);
        assert!(first * 199 / 100 < last && last < first * 2, "{first} {last}");
        assert_eq!(share_of(0, 0), 0);
    }

    #[test]
    fn no_insertion_moves_many() {
        let hash = |entry: &u64| hash_text(&entry.to_string());
        let (mut shards, mut moved_most) = (Shards::default(), 0);
        let count = 300_000;
        for entry in 0..count {
            let moved = std::cell::Cell::new(0);
            let counting = |entry: &u64| {
                moved.set(moved.get() + 1);
                hash(entry)
            };
            shards.insert(hash(&entry), entry, counting);
            moved_most = moved_most.max(moved.get());
        }
        assert!(moved_most <= 2 * WHOLE, "{moved_most}");
        assert_eq!(shards.len, count as usize);
        assert!((0..count).all(|entry| shards.find(hash(&entry), |it| *it == entry).is_some()));
    }

    #[test]
    fn it_is_a_map() {
        let key = |n: u32| fingerprint(&[&(n % 7000).to_le_bytes()]);
        let (mut map, mut model) = (FingerprintMap::default(), BTreeMap::new());
        for n in 0..40_000_u32 {
            match n % 5 {
                0..=2 => {
                    map.insert(key(n.wrapping_mul(31)), n);
                    model.insert(key(n.wrapping_mul(31)), n);
                }
                3 => {
                    let gone = model.remove(&key(n.wrapping_mul(17)));
                    assert_eq!(map.remove(key(n.wrapping_mul(17))), gone);
                }
                _ => {
                    *map.or_default(key(n)).unwrap() += 1;
                    *model.entry(key(n)).or_default() += 1;
                }
            }
        }
        assert!((0..7000).all(|n| map.get(key(n)) == model.get(&key(n))));
        assert_eq!(map.0.len, model.len());
    }
}
