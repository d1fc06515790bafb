//! A host on a simulated disk, for the tests of what a keeper does behind it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::{StoreKeeper, bring_up};
use crate::engine::port::{Frame, Journal as _, Sync, Tree};
use crate::engine::{Digest, Hurry, Keeper as _, State};
use crate::json::read_command;
use crate::store::checkpoint::{Fault, Home, KeyedPage, PageStore};
use crate::store::journal::FileJournal;
use crate::store::{Options, Parts, StoreError, StoreId, codec};
use crate::testing::disk::SimDisk;

pub(super) const STORE: StoreId = StoreId([5; 16]);
pub(super) const DIR: &str = "/kept";

type Key = (Option<Tree>, Vec<u8>);

/// A database of pages that never fails, and what is to take its place.
#[derive(Clone, Debug, Default)]
pub(super) struct Pages {
    now: Arc<Mutex<BTreeMap<Key, Vec<u8>>>>,
    next: Arc<Mutex<BTreeMap<Key, Vec<u8>>>>,
}

impl Pages {
    pub(super) fn copy(&self) -> Self {
        let now = self.now.lock().unwrap().clone();
        Self { now: Arc::new(Mutex::new(now)), next: Arc::default() }
    }
}

impl PageStore for Pages {
    fn insert(&self, tree: Option<Tree>, key: &[u8], page: Vec<u8>) -> Result<(), Fault> {
        self.now.lock().unwrap().insert((tree, key.to_vec()), page);
        Ok(())
    }

    fn get(&self, tree: Option<Tree>, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        Ok(self.now.lock().unwrap().get(&(tree, key.to_vec())).cloned())
    }

    fn remove(&self, tree: Option<Tree>, key: &[u8]) -> Result<(), Fault> {
        self.now.lock().unwrap().remove(&(tree, key.to_vec()));
        Ok(())
    }

    fn keys(&self, tree: Option<Tree>) -> Box<dyn Iterator<Item = Result<Vec<u8>, Fault>> + '_> {
        let now = self.now.lock().unwrap();
        let keys: Vec<_> = now.keys().filter(|it| it.0 == tree).map(|it| it.1.clone()).collect();
        Box::new(keys.into_iter().map(Ok))
    }

    fn pages_from(&self, tree: Tree, key: &[u8]) -> Result<Vec<KeyedPage>, Fault> {
        let now = self.now.lock().unwrap();
        let pages = now.iter().filter(|(it, _)| it.0 == Some(tree) && it.1.as_slice() >= key);
        Ok(pages.map(|(it, page)| (it.1.clone(), page.clone())).collect())
    }

    fn flush(&self) -> Result<(), Fault> {
        Ok(())
    }
}

impl Home for Pages {
    fn path(&self) -> PathBuf {
        "pages".into()
    }

    fn open(&self) -> Result<Box<dyn PageStore>, Fault> {
        Ok(Box::new(self.clone()))
    }

    fn move_aside(&self) -> Result<PathBuf, StoreError> {
        self.now.lock().unwrap().clear();
        Ok("aside".into())
    }

    fn size(&self) -> u64 {
        0
    }

    fn fresh(&self) -> Result<Box<dyn Home>, StoreError> {
        self.next.lock().unwrap().clear();
        Ok(Box::new(Self { now: Arc::clone(&self.next), next: Arc::default() }))
    }

    fn swap(&self) -> Result<(), StoreError> {
        *self.now.lock().unwrap() = std::mem::take(&mut *self.next.lock().unwrap());
        Ok(())
    }
}

pub(super) struct Host {
    pub(super) state: State,
    pub(super) journal: FileJournal,
    pub(super) keeper: StoreKeeper,
}

impl Host {
    /// With a store that was made just now.
    pub(super) fn create(disk: &SimDisk, pages: &Pages) -> Self {
        FileJournal::create(disk, &Path::new(DIR).join("journal"), &STORE.0).unwrap();
        Self::open(disk, pages).unwrap()
    }

    pub(super) fn open(disk: &SimDisk, pages: &Pages) -> Result<Self, String> {
        let options = Options { segment_bytes: 300, base_bytes: 1, ..Options::default() };
        let parts =
            Parts::look(Arc::new(disk.clone()), (Path::new(DIR), STORE), Box::new(pages.clone()));
        let parts = parts.and_then(|it| it.open(options, None)).map_err(|it| it.to_string())?;
        let opened = bring_up(parts, None, &options).map_err(|error| error.to_string())?;
        let (state, journal, keeper, _) = opened;
        Ok(Self { state, journal, keeper })
    }

    pub(super) fn tell(&mut self, fields: &str) {
        let line = format!(r#"{{"at":"2026-03-02T08:00:00Z",{fields}}}"#);
        let mut command = self.state.erasing(read_command(line.as_bytes()).unwrap());
        let applied = self.state.apply(&mut command);
        assert!(applied.journaled && applied.outcome.refusal().is_none(), "{applied:?}");
        let payload = codec::encode(&vec![command]).unwrap();
        let seq = self.state.sequence();
        let frame = Frame { first_seq: seq, last_seq: seq, payload: &payload };
        self.journal.append(&[frame], Sync::Now).unwrap();
    }

    pub(super) fn digest(&self) -> Digest {
        self.state.snapshot().digest()
    }

    /// As the thread does that keeps house.
    pub(super) fn finish(&mut self) -> Result<(), String> {
        let image = self.state.image();
        self.keeper.keep(&image, Hurry::Awaited)?;
        self.keeper.finish_forgetting(&image)
    }
}
