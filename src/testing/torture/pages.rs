//! A database of pages in memory that lies on a simulated disk: it fails with it, and when power is
//! lost it keeps a beginning of what was changed since the last flush, as a log does.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::engine::port::Tree;
use crate::store::StoreError;
use crate::store::checkpoint::{Fault, Home, KeyedPage, PageStore};
use crate::testing::disk::{Loss, SimDisk};

/// As much as each page takes that was ever written: so much that it is rewritten now and then.
const PAGE_BYTES: u64 = 2 << 20;

/// Where a page lies: the later pieces of long values come before the trees.
type Key = (Option<Tree>, Vec<u8>);
/// A page with its place.
pub(in crate::testing) type Page = (Option<Tree>, Vec<u8>, Vec<u8>);

#[derive(Clone, Debug, Default)]
struct Inner {
    durable: BTreeMap<Key, Vec<u8>>,
    live: BTreeMap<Key, Vec<u8>>,
    /// What was changed since the last flush, in order.
    log: Vec<(Key, Option<Vec<u8>>)>,
    /// How often it was put out of the way.
    moved: usize,
    /// How many pages were ever written.
    written: u64,
    /// How often another one took its place.
    swapped: u64,
}

/// A database in memory. Clones are the same one.
#[derive(Clone, Debug)]
pub(in crate::testing) struct SimPages {
    disk: SimDisk,
    inner: Arc<Mutex<Inner>>,
    /// The one that is to take its place.
    fresh: Arc<Mutex<Option<SimPages>>>,
}

impl SimPages {
    pub(in crate::testing) fn new(disk: &SimDisk) -> Self {
        Self { disk: disk.clone(), inner: Arc::default(), fresh: Arc::default() }
    }

    /// One that has these pages, on a disk of its own.
    pub(in crate::testing) fn of(pages: Vec<Page>) -> Self {
        let made = Self::new(&SimDisk::new());
        let keyed = pages.into_iter().map(|(tree, key, page)| ((tree, key), page));
        let live: BTreeMap<_, _> = keyed.collect();
        *made.lock() = Inner { durable: live.clone(), live, ..Inner::default() };
        made
    }

    /// All its pages, in order.
    pub(in crate::testing) fn all(&self) -> Vec<Page> {
        let inner = self.lock();
        let pages = inner.live.iter();
        pages.map(|((tree, key), page)| (*tree, key.clone(), page.clone())).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The database as it is found afterwards, on the disk as that is found.
    pub(in crate::testing) fn lose_power(&self, disk: &SimDisk, loss: Loss) -> Self {
        let mut inner = self.lock().clone();
        let kept = match loss {
            Loss::Nothing => inner.log.len(),
            Loss::Everything => 0,
            Loss::Some(seed) => {
                let choices = inner.log.len() as u64 + 1;
                usize::try_from(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) % choices).unwrap_or(0)
            }
        };
        for (key, page) in inner.log.drain(..).take(kept) {
            match page {
                Some(page) => drop(inner.durable.insert(key, page)),
                None => drop(inner.durable.remove(&key)),
            }
        }
        inner.live = inner.durable.clone();
        let inner = Arc::new(Mutex::new(inner));
        Self { disk: disk.clone(), inner, fresh: Arc::default() }
    }

    /// Loses everything, as when somebody deletes its directory.
    pub(super) fn wipe(&self) {
        *self.lock() = Inner::default();
    }

    /// How many pages there are.
    pub(super) fn count(&self) -> usize {
        self.lock().live.len()
    }

    /// How often another one took its place.
    pub(super) fn swapped(&self) -> u64 {
        self.lock().swapped
    }

    /// Changes a byte of one page, or takes it away: what it did that to.
    pub(super) fn harm(&self, number: usize, flip: bool) {
        let mut inner = self.lock();
        let Some(key) = inner.live.keys().nth(number).cloned() else {
            return;
        };
        if !flip {
            inner.live.remove(&key);
        } else if let Some(page) = inner.live.get_mut(&key) {
            let at = number % page.len().max(1);
            page.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 0x40);
        }
        inner.durable = inner.live.clone();
    }

    fn change(&self, key: Key, page: Option<Vec<u8>>) -> Result<(), Fault> {
        if self.disk.count() {
            return Err(injected());
        }
        let mut inner = self.lock();
        inner.written += 1;
        match &page {
            Some(page) => drop(inner.live.insert(key.clone(), page.clone())),
            None => drop(inner.live.remove(&key)),
        }
        inner.log.push((key, page));
        Ok(())
    }
}

fn injected() -> Fault {
    Fault { what: "simulated failure".to_owned(), damage: false }
}

impl PageStore for SimPages {
    fn insert(&self, tree: Option<Tree>, key: &[u8], page: Vec<u8>) -> Result<(), Fault> {
        self.change((tree, key.to_vec()), Some(page))
    }

    fn get(&self, tree: Option<Tree>, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        Ok(self.lock().live.get(&(tree, key.to_vec())).cloned())
    }

    fn remove(&self, tree: Option<Tree>, key: &[u8]) -> Result<(), Fault> {
        self.change((tree, key.to_vec()), None)
    }

    fn keys(&self, tree: Option<Tree>) -> Box<dyn Iterator<Item = Result<Vec<u8>, Fault>> + '_> {
        let inner = self.lock();
        let keys = inner.live.keys().filter(|(of, _)| *of == tree);
        let keys: Vec<_> = keys.map(|(_, key)| Ok(key.clone())).collect();
        Box::new(keys.into_iter())
    }

    fn pages_from(&self, tree: Tree, key: &[u8]) -> Result<Vec<KeyedPage>, Fault> {
        let inner = self.lock();
        let pages = inner.live.range((Some(tree), key.to_vec())..);
        let own = pages.take_while(|((of, _), _)| *of == Some(tree));
        Ok(own.map(|((_, key), page)| (key.clone(), page.clone())).collect())
    }

    fn flush(&self) -> Result<(), Fault> {
        if self.disk.count() {
            return Err(injected());
        }
        let mut inner = self.lock();
        inner.durable = inner.live.clone();
        inner.log.clear();
        Ok(())
    }
}

impl Home for SimPages {
    fn path(&self) -> PathBuf {
        PathBuf::from("pages in memory")
    }

    fn open(&self) -> Result<Box<dyn PageStore>, Fault> {
        Ok(Box::new(self.clone()))
    }

    fn move_aside(&self) -> Result<PathBuf, StoreError> {
        let moved = self.lock().moved + 1;
        *self.lock() = Inner { moved, ..Inner::default() };
        Ok(PathBuf::from(format!("pages in memory, put aside {moved}")))
    }

    /// What was changed since it was fresh takes room, as in a log.
    fn size(&self) -> u64 {
        let inner = self.lock();
        inner.written * PAGE_BYTES
    }

    fn fresh(&self) -> Result<Box<dyn Home>, StoreError> {
        let fresh = Self::new(&self.disk);
        *self.fresh.lock().unwrap_or_else(PoisonError::into_inner) = Some(fresh.clone());
        Ok(Box::new(fresh))
    }

    fn swap(&self) -> Result<(), StoreError> {
        if self.disk.count() {
            let injected = std::io::Error::other("simulated failure");
            return Err(StoreError::io("rename", &Home::path(self))(injected));
        }
        let fresh = self.fresh.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(fresh) = fresh {
            let swapped = self.lock().swapped + 1;
            *self.lock() = Inner { swapped, ..fresh.lock().clone() };
        }
        Ok(())
    }
}
