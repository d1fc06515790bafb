//! The database of pages: the one place that knows sled, its version and its ways. It knows nothing
//! of what a page holds.

use std::fs::File;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

use sled::{Db, IVec};

use super::page;
use crate::engine::port::Tree;
use crate::store::disk::{Disk, OsDisk};

const PIECES: &str = "pieces";
/// How long sled's own lock is waited for, and in what steps. The directory is locked by us, so
/// whoever still has it is about to let go: a thread of a database just closed, or a process that
/// is being started and has not yet closed what it inherited.
const LOCK_WAIT: Duration = Duration::from_secs(5);
const LOCK_STEP: Duration = Duration::from_millis(5);

/// Why the database did not do what it was asked.
#[derive(Debug)]
pub(super) struct Fault {
    pub what: String,
    /// Its files are damaged; else the system around it failed.
    pub damage: bool,
}

/// Epoch by epoch, the pages of each tree. One thread owns it.
#[derive(Debug)]
pub(super) struct Database {
    db: Db,
    /// sled's own file, through a descriptor of ours: on Linux sled's flush leaves the data with
    /// the system, and only a sync of the file makes it survive a loss of power.
    file: File,
    trees: [(Tree, sled::Tree); Tree::ALL.len()],
    pieces: sled::Tree,
}

fn fault(error: &sled::Error) -> Fault {
    let damage = match error {
        sled::Error::Io(source) => matches!(
            source.kind(),
            io::ErrorKind::UnexpectedEof
                | io::ErrorKind::InvalidData
                | io::ErrorKind::InvalidInput
                | io::ErrorKind::IsADirectory
                | io::ErrorKind::NotADirectory
        ),
        _ => true,
    };
    Fault {
        what: match error {
            sled::Error::Corruption { .. } => "the database reads corrupted data".to_owned(),
            other => other.to_string(),
        },
        damage,
    }
}

fn system(op: &str, error: &io::Error) -> Fault {
    Fault { what: format!("cannot {op} the database: {error}"), damage: false }
}

/// sled panics where it finds its own files in a state it did not foresee.
fn guarded<T>(act: impl FnOnce() -> sled::Result<T>) -> Result<T, Fault> {
    match catch_unwind(AssertUnwindSafe(act)) {
        Ok(result) => result.map_err(|error| fault(&error)),
        Err(_) => {
            Err(Fault { what: "the database gave up on its own files".to_owned(), damage: true })
        }
    }
}

fn open_locked(config: &sled::Config) -> sled::Result<Db> {
    let begun = Instant::now();
    loop {
        match config.open() {
            // sled tells this cause from others in its text only.
            Err(sled::Error::Io(source))
                if source.to_string().contains("could not acquire lock")
                    && begun.elapsed() < LOCK_WAIT =>
            {
                std::thread::sleep(LOCK_STEP);
            }
            result => return result,
        }
    }
}

impl Database {
    pub(super) fn open(dir: &Path, cache_bytes: u64) -> Result<Self, Fault> {
        // No flusher of its own: when something is durable is decided here.
        let config = sled::Config::new()
            .path(dir)
            .cache_capacity(cache_bytes)
            .flush_every_ms(None)
            .mode(sled::Mode::LowSpace);
        let (db, trees, pieces) = guarded(|| {
            let db = open_locked(&config)?;
            let mut trees = Vec::with_capacity(Tree::ALL.len());
            for tree in Tree::ALL {
                trees.push((tree, db.open_tree(tree.name())?));
            }
            let pieces = db.open_tree(PIECES)?;
            Ok((db, trees, pieces))
        })?;
        let mut options = File::options();
        let file = options.read(true).write(true).open(dir.join("db"));
        let file = file.map_err(|error| system("open", &error))?;
        OsDisk
            .sync_dir(dir)
            .and_then(|()| dir.parent().map_or(Ok(()), |parent| OsDisk.sync_dir(parent)))
            .map_err(|error| system("sync", &error))?;
        let Ok(trees) = trees.try_into() else {
            return Err(Fault { what: "the database lacks a tree".to_owned(), damage: true });
        };
        Ok(Self { db, file, trees, pieces })
    }

    fn tree(&self, tree: Tree) -> &sled::Tree {
        let found = self.trees.iter().find(|(name, _)| *name == tree);
        // INVARIANT: every tree is in the list; sled's own default tree stays empty.
        found.map_or(&*self.db, |(_, found)| found)
    }

    /// Keeps a page; answers whether one was there.
    pub(super) fn insert(&self, tree: Tree, key: &[u8], page: Vec<u8>) -> Result<bool, Fault> {
        guarded(|| Ok(self.tree(tree).insert(key, page)?.is_some()))
    }

    pub(super) fn insert_piece(&self, key: &[u8], page: Vec<u8>) -> Result<(), Fault> {
        guarded(|| self.pieces.insert(key, page).map(drop))
    }

    pub(super) fn piece(&self, key: &[u8]) -> Result<Option<IVec>, Fault> {
        guarded(|| self.pieces.get(key))
    }

    /// The page under a key of a tree.
    pub(super) fn page(&self, tree: Tree, key: &[u8]) -> Result<Option<IVec>, Fault> {
        guarded(|| self.tree(tree).get(key))
    }

    pub(super) fn remove(&self, tree: Tree, key: &[u8]) -> Result<(), Fault> {
        guarded(|| self.tree(tree).remove(key).map(drop))
    }

    pub(super) fn remove_piece(&self, key: &[u8]) -> Result<(), Fault> {
        guarded(|| self.pieces.remove(key).map(drop))
    }

    /// All keys of a tree; of later pieces if none is named.
    pub(super) fn keys(
        &self,
        tree: Option<Tree>,
    ) -> impl Iterator<Item = Result<IVec, Fault>> + use<> {
        let mut keys = tree.map_or(&self.pieces, |tree| self.tree(tree)).iter().keys();
        std::iter::from_fn(move || guarded(|| keys.next().transpose()).transpose())
    }

    /// The manifests with their epochs, newest first.
    pub(super) fn manifests(&self) -> Result<Vec<(u64, IVec)>, Fault> {
        let meta = self.tree(Tree::Meta);
        let found = guarded(|| {
            let newest_first = meta.range(page::manifest_key(0)..).rev();
            newest_first.collect::<sled::Result<Vec<_>>>()
        })?;
        let with_epochs = found.into_iter();
        Ok(with_epochs
            .filter_map(|(key, sealed)| Some((page::manifest_epoch(&key)?, sealed)))
            .collect())
    }

    /// Makes everything durable.
    pub(super) fn flush(&self) -> Result<(), Fault> {
        guarded(|| self.db.flush())?;
        self.file.sync_all().map_err(|error| system("sync", &error))
    }
}
