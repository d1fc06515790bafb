//! The database of pages: the one place that knows sled, its version and its ways. It knows nothing
//! of what a page holds. Behind two traits, so that a test can put one in its place that fails and
//! forgets.

use std::fs::File;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, Instant};

use sled::Db;

use crate::engine::port::Tree;
use crate::store::disk::{Disk, OsDisk};
use crate::store::{SWAPPED_IN, StoreError, swap_checkpoints};

const DIRECTORY: &str = "sled";
const PIECES: &str = "pieces";
/// How long sled's own lock is waited for, and in what steps. The directory is locked by us, so
/// whoever still has it is about to let go: a thread of a database just closed, or a process that
/// is being started and has not yet closed what it inherited.
const LOCK_WAIT: Duration = Duration::from_secs(5);
const LOCK_STEP: Duration = Duration::from_millis(5);
/// How many bytes of pages are read until the database lets go of them.
const MUCH_READ: u64 = 4 << 20;
/// How many are written until then. After much writing opening takes longer than after a close.
const MUCH_WRITTEN: u64 = 32 << 20;

/// Why the database did not do what it was asked.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) what: String,
    /// Its files are damaged; else the system around it failed.
    pub(crate) damage: bool,
}

/// A key and its page.
pub(crate) type KeyedPage = (Vec<u8>, Vec<u8>);

/// Keyed pages: those of each tree, and the later pieces of long values where no tree is named.
/// What was changed is durable after a flush; of what was changed since, a crash keeps a beginning.
pub(crate) trait PageStore: std::fmt::Debug + Send + Sync {
    fn insert(&self, tree: Option<Tree>, key: &[u8], page: Vec<u8>) -> Result<(), Fault>;

    fn get(&self, tree: Option<Tree>, key: &[u8]) -> Result<Option<Vec<u8>>, Fault>;

    fn remove(&self, tree: Option<Tree>, key: &[u8]) -> Result<(), Fault>;

    /// All keys, in order. They may be removed while they are looked at.
    fn keys(&self, tree: Option<Tree>) -> Box<dyn Iterator<Item = Result<Vec<u8>, Fault>> + '_>;

    /// The pages from a key on, in order.
    fn pages_from(&self, tree: Tree, key: &[u8]) -> Result<Vec<KeyedPage>, Fault>;

    /// Makes everything durable.
    fn flush(&self) -> Result<(), Fault>;
}

/// Where a database of pages lies.
pub(crate) trait Home: std::fmt::Debug + Send + Sync {
    /// What it is called in messages.
    fn path(&self) -> PathBuf;

    /// Opens the database, or makes one.
    fn open(&self) -> Result<Box<dyn PageStore>, Fault>;

    /// Moves it out of the way, under the first name that is free; answers where it is now.
    fn move_aside(&self) -> Result<PathBuf, StoreError>;

    /// What its files take, in bytes.
    fn size(&self) -> u64;

    /// A place for an empty one, beside it.
    fn fresh(&self) -> Result<Box<dyn Home>, StoreError>;

    /// Has the one that was made in the fresh place be here, at once or not at all. Nobody has
    /// either of them open.
    fn swap(&self) -> Result<(), StoreError>;
}

/// Stands where a database was that was closed.
#[derive(Debug)]
pub(super) struct Closed;

fn closed<T>() -> Result<T, Fault> {
    Err(Fault { what: "the database is closed".to_owned(), damage: false })
}

impl PageStore for Closed {
    fn insert(&self, _tree: Option<Tree>, _key: &[u8], _page: Vec<u8>) -> Result<(), Fault> {
        closed()
    }

    fn get(&self, _tree: Option<Tree>, _key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        closed()
    }

    fn remove(&self, _tree: Option<Tree>, _key: &[u8]) -> Result<(), Fault> {
        closed()
    }

    fn keys(&self, _tree: Option<Tree>) -> Box<dyn Iterator<Item = Result<Vec<u8>, Fault>> + '_> {
        Box::new(std::iter::once(closed()))
    }

    fn pages_from(&self, _tree: Tree, _key: &[u8]) -> Result<Vec<KeyedPage>, Fault> {
        closed()
    }

    fn flush(&self) -> Result<(), Fault> {
        closed()
    }
}

/// A database in the directory of a store.
#[derive(Clone, Debug)]
pub(in crate::store) struct SledHome {
    pub store: PathBuf,
    pub cache_bytes: u64,
}

impl Home for SledHome {
    fn path(&self) -> PathBuf {
        self.store.join(DIRECTORY)
    }

    fn open(&self) -> Result<Box<dyn PageStore>, Fault> {
        Ok(Box::new(Database::open(self.clone())?))
    }

    fn move_aside(&self) -> Result<PathBuf, StoreError> {
        let dir = self.path();
        let names =
            (1_u32..).map(|number| self.store.join(format!("{DIRECTORY}.damaged-{number}")));
        let free = names.into_iter().find(|to| !to.exists());
        let to = free.unwrap_or_else(|| self.store.join("sled.damaged"));
        std::fs::rename(&dir, &to).map_err(StoreError::io("move aside", &dir))?;
        Ok(to)
    }

    fn size(&self) -> u64 {
        // sled keeps all but its snapshots and what is too large for a page in one file.
        let file = std::fs::metadata(self.path().join("db"));
        file.map_or(0, |about| about.len())
    }

    fn fresh(&self) -> Result<Box<dyn Home>, StoreError> {
        let store = self.store.join(SWAPPED_IN);
        match std::fs::remove_dir_all(&store) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(StoreError::io("remove", &store)(error));
            }
            _ => {}
        }
        OsDisk.make_dir(&store).map_err(StoreError::io("create", &store))?;
        Ok(Box::new(Self { store, cache_bytes: self.cache_bytes }))
    }

    fn swap(&self) -> Result<(), StoreError> {
        swap_checkpoints(&self.store)
    }
}

/// One thread owns it.
///
/// sled keeps what was read of its file in memory, and what was written, and lets go of it only
/// after many more reads and writes than a store has pages. So a database of which much was read,
/// as that of a store that is being opened, is closed and opened again, which takes a few
/// milliseconds; and so is one to which much was written, once that is durable.
#[derive(Debug)]
struct Database {
    home: SledHome,
    /// None while it could not be opened again; whoever needs it next tries.
    opened: RwLock<Option<Opened>>,
    /// How many bytes of pages were read since it was opened.
    read: AtomicU64,
    /// How many were written.
    written: AtomicU64,
    /// Whether something was changed and is not durable: closing would make it so before its time.
    changed: AtomicBool,
}

/// The files of a database, open.
#[derive(Debug)]
struct Opened {
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

impl Opened {
    fn open(dir: &Path, cache_bytes: u64) -> Result<Self, Fault> {
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

    fn tree(&self, tree: Option<Tree>) -> &sled::Tree {
        let Some(tree) = tree else {
            return &self.pieces;
        };
        let found = self.trees.iter().find(|(name, _)| *name == tree);
        // INVARIANT: every tree is in the list; sled's own default tree stays empty.
        found.map_or(&*self.db, |(_, found)| found)
    }
}

impl Database {
    fn open(home: SledHome) -> Result<Self, Fault> {
        let opened = Opened::open(&home.path(), home.cache_bytes)?;
        Ok(Self {
            home,
            opened: RwLock::new(Some(opened)),
            read: AtomicU64::new(0),
            written: AtomicU64::new(0),
            changed: AtomicBool::new(false),
        })
    }

    fn opened(&self) -> RwLockReadGuard<'_, Option<Opened>> {
        self.opened.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(&self, act: impl FnOnce(&Opened) -> Result<T, Fault>) -> Result<T, Fault> {
        if let Some(opened) = &*self.opened() {
            return act(opened);
        }
        let mut opened = self.opened.write().unwrap_or_else(PoisonError::into_inner);
        let again = match opened.take() {
            Some(again) => again,
            None => Opened::open(&self.home.path(), self.home.cache_bytes)?,
        };
        act(opened.insert(again))
    }

    fn change(&self, act: impl FnOnce(&Opened) -> sled::Result<()>) -> Result<(), Fault> {
        self.changed.store(true, Ordering::Relaxed);
        self.with(|opened| guarded(|| act(opened)))
    }

    /// Counts what was read; once that is much, lets go of it.
    fn count(&self, bytes: usize) -> Result<(), Fault> {
        let bytes = bytes as u64;
        let much = self.read.fetch_add(bytes, Ordering::Relaxed) + bytes >= MUCH_READ;
        if much { self.let_go() } else { Ok(()) }
    }

    /// Is closed and opened again, if all that was changed is durable and nobody looks at keys.
    fn let_go(&self) -> Result<(), Fault> {
        if self.changed.load(Ordering::Relaxed) {
            return Ok(());
        }
        let Ok(mut opened) = self.opened.try_write() else {
            return Ok(());
        };
        self.read.store(0, Ordering::Relaxed);
        self.written.store(0, Ordering::Relaxed);
        // The lock on its directory is let go of first.
        *opened = None;
        *opened = Some(Opened::open(&self.home.path(), self.home.cache_bytes)?);
        Ok(())
    }
}

/// Keys of a database that stays open while they are looked at: they have hold of it, and it could
/// not be opened again beside them.
struct LookedAt<'a, K> {
    keys: K,
    _opened: RwLockReadGuard<'a, Option<Opened>>,
}

impl<K: Iterator<Item = sled::Result<sled::IVec>>> Iterator for LookedAt<'_, K> {
    type Item = Result<Vec<u8>, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        let key = guarded(|| self.keys.next().transpose()).transpose()?;
        Some(key.map(|key| key.to_vec()))
    }
}

impl PageStore for Database {
    fn insert(&self, tree: Option<Tree>, key: &[u8], page: Vec<u8>) -> Result<(), Fault> {
        self.written.fetch_add(page.len() as u64, Ordering::Relaxed);
        self.change(|opened| opened.tree(tree).insert(key, page).map(drop))
    }

    fn get(&self, tree: Option<Tree>, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        let read = |opened: &Opened| guarded(|| opened.tree(tree).get(key));
        let page = self.with(read)?.map(|page| page.to_vec());
        self.count(page.as_ref().map_or(0, Vec::len))?;
        Ok(page)
    }

    fn remove(&self, tree: Option<Tree>, key: &[u8]) -> Result<(), Fault> {
        self.change(|opened| opened.tree(tree).remove(key).map(drop))
    }

    fn keys(&self, tree: Option<Tree>) -> Box<dyn Iterator<Item = Result<Vec<u8>, Fault>> + '_> {
        let opened = self.opened();
        let Some(keys) = opened.as_ref().map(|opened| opened.tree(tree).iter().keys()) else {
            return Box::new(std::iter::once(closed()));
        };
        Box::new(LookedAt { keys, _opened: opened })
    }

    fn pages_from(&self, tree: Tree, key: &[u8]) -> Result<Vec<KeyedPage>, Fault> {
        self.with(|opened| {
            guarded(|| {
                let pages = opened.tree(Some(tree)).range(key..);
                pages.map(|page| page.map(|(key, page)| (key.to_vec(), page.to_vec()))).collect()
            })
        })
    }

    fn flush(&self) -> Result<(), Fault> {
        self.with(|opened| {
            guarded(|| opened.db.flush())?;
            // The file's times are nobody's: to keep them, too, would take a commit of the file
            // system's own journal, which the syncs of ours wait for.
            opened.file.sync_data().map_err(|error| system("sync", &error))
        })?;
        // One thread owns it: nothing was changed since.
        self.changed.store(false, Ordering::Relaxed);
        if self.written.load(Ordering::Relaxed) >= MUCH_WRITTEN {
            // All of it is durable, whether it can be opened again or not.
            let _again = self.let_go().is_ok();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use super::{Closed, Database, MUCH_READ, MUCH_WRITTEN, PageStore, SledHome};
    use crate::engine::port::Tree;

    #[test]
    fn what_was_read_or_written_is_let_go_of_and_still_there() {
        let dir = tempfile::tempdir().unwrap();
        let home = SledHome { store: dir.path().to_path_buf(), cache_bytes: 1 << 20 };
        let page = |at: u16| vec![at.to_be_bytes()[1]; 16_000];
        let tree = Some(Tree::Timelines);
        let pages = u16::try_from(MUCH_READ / 16_000 + 1).unwrap();
        let read_all = |database: &Database| {
            for at in 0..pages {
                let found = database.get(tree, &at.to_be_bytes()).unwrap();
                assert_eq!(found, Some(page(at)), "{at}");
            }
            database.read.load(Ordering::Relaxed)
        };
        let changed = Database::open(home.clone()).unwrap();
        for at in 0..pages {
            changed.insert(tree, &at.to_be_bytes(), page(at)).unwrap();
        }
        assert!(read_all(&changed) > MUCH_READ, "what was changed stays open");
        changed.flush().unwrap();
        assert!(read_all(&changed) < MUCH_READ, "until it is durable");
        for _ in 0..=MUCH_WRITTEN / MUCH_READ {
            for at in 0..pages {
                changed.insert(tree, &at.to_be_bytes(), page(at)).unwrap();
            }
        }
        assert!(changed.written.load(Ordering::Relaxed) > MUCH_WRITTEN);
        changed.flush().unwrap();
        assert_eq!(changed.written.load(Ordering::Relaxed), 0, "and is opened again then");
        read_all(&changed);
        drop(changed);
        let database = Database::open(home).unwrap();
        let mut keys = database.keys(tree);
        keys.next().unwrap().unwrap();
        assert!(read_all(&database) > MUCH_READ, "and what somebody looks at");
        assert_eq!(keys.count(), usize::from(pages) - 1);
        assert!(read_all(&database) < MUCH_READ, "else it is opened again");
    }

    #[test]
    fn a_closed_database_neither_takes_nor_has_anything() {
        let failures = [
            Closed.insert(None, b"k", vec![1]).err(),
            Closed.get(None, b"k").err(),
            Closed.remove(None, b"k").err(),
            Closed.keys(None).find_map(Result::err),
            Closed.pages_from(Tree::Meta, b"k").err(),
            Closed.flush().err(),
        ];
        for failure in failures {
            assert_eq!(failure.unwrap().what, "the database is closed");
        }
    }
}
