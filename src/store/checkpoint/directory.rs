//! Which records a checkpoint is made of: of each key the checkpoint that wrote it. A record that
//! did not change since is the older checkpoint's.

use std::collections::BTreeMap;
use std::ops::Bound;

use serde::{Deserialize, Serialize};

use crate::engine::port::Tree;

const TREES: usize = Tree::ALL.len();

/// The records of one tree, by key.
type Epochs = BTreeMap<Box<[u8]>, u64>;

/// A record as it lies in the database.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub tree: Tree,
    pub key: Box<[u8]>,
    pub epoch: u64,
}

/// The records of one checkpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Directory {
    trees: [Epochs; TREES],
}

/// One record of a tree in a directory as it is kept, in the order of the keys: how many bytes
/// its key shares with the one before, the rest of it, and how many epochs ago it was written.
#[derive(Serialize, Deserialize)]
struct Entry {
    shared: u16,
    rest: Box<[u8]>,
    age: u64,
}

fn at(tree: Tree) -> usize {
    Tree::ALL.iter().position(|it| *it == tree).unwrap_or(TREES)
}

impl Directory {
    fn epochs(&self, tree: Tree) -> impl DoubleEndedIterator<Item = (&Box<[u8]>, &u64)> {
        self.trees.get(at(tree)).into_iter().flatten()
    }

    pub(super) fn count(&self, tree: Tree) -> u64 {
        self.trees.get(at(tree)).map_or(0, |epochs| epochs.len() as u64)
    }

    pub(super) fn epoch(&self, tree: Tree, key: &[u8]) -> Option<u64> {
        self.trees.get(at(tree))?.get(key).copied()
    }

    pub(super) fn has(&self, place: &Place) -> bool {
        self.epoch(place.tree, &place.key) == Some(place.epoch)
    }

    /// Has a record be another one; answers where the one before lies.
    pub(super) fn set(&mut self, place: Place) -> Option<Place> {
        let Place { tree, key, epoch } = place;
        let before = self.trees.get_mut(at(tree))?.insert(key.clone(), epoch)?;
        Some(Place { tree, key, epoch: before })
    }

    /// Leaves a record out; answers where it lies.
    pub(super) fn remove(&mut self, tree: Tree, key: &[u8]) -> Option<Place> {
        let (key, epoch) = self.trees.get_mut(at(tree))?.remove_entry(key)?;
        Some(Place { tree, key, epoch })
    }

    /// The records of a tree with `from` ≤ key < `to`, in the order of their keys.
    pub(super) fn range<'a>(
        &'a self,
        tree: Tree,
        (from, to): (&'a [u8], Option<&'a [u8]>),
    ) -> impl DoubleEndedIterator<Item = (&'a [u8], u64)> {
        // A range whose end lies before its start is one that a tree refuses.
        let to = to.map(|to| to.max(from));
        let bounds = (Bound::Included(from), to.map_or(Bound::Unbounded, Bound::Excluded));
        let epochs = self.trees.get(at(tree)).into_iter();
        epochs.flat_map(move |epochs| {
            epochs.range::<[u8], _>(bounds).map(|(key, epoch)| (&**key, *epoch))
        })
    }

    /// The greatest key of a tree that is not above one.
    pub(super) fn at_or_before(&self, tree: Tree, key: &[u8]) -> Option<&[u8]> {
        let bounds = (Bound::Unbounded, Bound::Included(key));
        let (key, _) = self.trees.get(at(tree))?.range::<[u8], _>(bounds).next_back()?;
        Some(key)
    }

    /// The records of which the other knows nothing.
    pub(super) fn besides(&self, other: &Self) -> Vec<Place> {
        let all = Tree::ALL.into_iter().flat_map(|tree| {
            let epochs = self.epochs(tree);
            epochs.map(move |(key, epoch)| Place { tree, key: key.clone(), epoch: *epoch })
        });
        all.filter(|place| !other.has(place)).collect()
    }

    /// The records of a tree as they are kept in the checkpoint of an epoch.
    pub(super) fn pack(&self, tree: Tree, epoch: u64) -> impl Serialize {
        let mut before: &[u8] = &[];
        let mut entries = Vec::new();
        for (key, written) in self.epochs(tree) {
            let same = key.iter().zip(before).take_while(|(a, b)| a == b).count();
            let shared = u16::try_from(same).unwrap_or(0);
            let rest = key.get(usize::from(shared)..).unwrap_or_default().into();
            entries.push(Entry { shared, rest, age: epoch.saturating_sub(*written) });
            before = key;
        }
        entries
    }

    /// Takes the records of a tree back. False if they are not in order.
    pub(super) fn unpack(&mut self, tree: Tree, epoch: u64, packed: Packed) -> bool {
        let Some(epochs) = self.trees.get_mut(at(tree)) else {
            return false;
        };
        let mut before: Box<[u8]> = Box::default();
        for entry in packed.0 {
            let Some(shared) = before.get(..usize::from(entry.shared)) else {
                return false;
            };
            let key: Box<[u8]> = [shared, &entry.rest].concat().into();
            let Some(written) = epoch.checked_sub(entry.age) else {
                return false;
            };
            if key <= before {
                return false;
            }
            epochs.insert(key.clone(), written);
            before = key;
        }
        true
    }
}

/// The records of a tree as they were kept.
#[derive(Deserialize)]
pub(super) struct Packed(Vec<Entry>);

#[cfg(test)]
mod tests {
    use super::{Directory, Packed, Place};
    use crate::engine::port::Tree;
    use crate::store::codec;

    fn place(key: &[u8], epoch: u64) -> Place {
        Place { tree: Tree::Names, key: key.into(), epoch }
    }

    #[test]
    fn a_directory_is_what_it_was_packed_from() {
        let mut directory = Directory::default();
        for (key, epoch) in [(&b"abc"[..], 3), (b"abd", 1), (b"b", 9), (b"abcd", 2)] {
            assert_eq!(directory.set(place(key, epoch)), None);
        }
        let bytes = codec::encode(&directory.pack(Tree::Names, 9)).unwrap();
        let packed = || codec::decode::<Packed>(&bytes).unwrap();
        let mut again = Directory::default();
        assert!(again.unpack(Tree::Names, 9, packed()));
        assert_eq!(again, directory);
        assert!(!Directory::default().unpack(Tree::Names, 7, packed()), "older than any epoch");
        assert_eq!(again.at_or_before(Tree::Names, b"abcc"), Some(&b"abc"[..]));
        assert_eq!(again.at_or_before(Tree::Names, b"a"), None);
        let range = again.range(Tree::Names, (b"abcd", Some(b"b")));
        assert_eq!(range.collect::<Vec<_>>(), [(&b"abcd"[..], 2), (b"abd", 1)]);
        assert_eq!(again.range(Tree::Names, (b"b", Some(b"a"))).count(), 0);
        assert_eq!(again.set(place(b"b", 10)), Some(place(b"b", 9)));
        assert_eq!(again.remove(Tree::Names, b"abd"), Some(place(b"abd", 1)));
        assert_eq!(directory.besides(&again), [place(b"abd", 1), place(b"b", 9)]);
    }
}
