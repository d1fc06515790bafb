//! A store: one directory with the journal of everything the engine was told and the checkpoints of
//! its state. It knows nothing of what the commands and the records mean.
//!
//! What is where, byte by byte, is in `docs/format.md`.

pub mod base;
pub mod checkpoint;
pub mod codec;
pub mod disk;
mod error;
mod format;
pub mod journal;
mod lock;
pub(crate) mod pace;
mod reserve;

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod tests;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use self::base::Bases;
use self::checkpoint::{Checkpoints, Found, MovedAside};
use self::disk::{Disk, OsDisk};
use self::journal::{FileJournal, Inspected, JournalOptions, TornTail};

pub use self::error::StoreError;
pub use self::format::{FORMAT, OLDEST_FORMAT, StoreId};
pub use self::lock::Lock;
pub use self::reserve::Reserve;

/// The database of checkpoints in a store's directory.
pub(crate) const SLED: &str = "sled";
/// Where one is made that is to take its place, and where the one before it goes then.
pub(crate) const SWAPPED_IN: &str = "sled.new";
const SWAPPED_OUT: &str = "sled.old";
/// Where the bases of a store lie in its directory.
pub(crate) const BASES: &str = "base";

/// When an answered command is safe. A killed process takes nothing back at any level.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// A loss of power takes back nothing that was answered.
    #[default]
    Full,
    /// A loss of power may take back what was answered in the last so many milliseconds, but no
    /// send that was given its go.
    Interval(u32),
    /// A loss of power may take back everything answered since the store was opened.
    None,
}

/// How to open a store.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Options {
    /// When an answered command is safe.
    pub durability: Durability,
    /// The size from which on a new segment of the journal is begun, in bytes.
    pub segment_bytes: u64,
    /// How much memory the checkpoints' database may use, in bytes.
    pub cache_bytes: u64,
    /// By how many bytes the journal grows until a checkpoint is written while commands go on, so
    /// that the next open has no more than that to replay. 0 writes one at the close only.
    pub checkpoint_bytes: u64,
    /// How much room is kept for the journal when the disk is full, in bytes: what is in flight and
    /// what may still be done then has to fit. 0 keeps none: a full disk stops the engine then.
    pub reserve_bytes: u64,
    /// How many days segments of the journal stay that nothing needs any more, by the clock of the
    /// file system.
    pub history_days: u32,
    /// By how many bytes the journal grows at least until a new base is written in the background:
    /// by twice the size of the newest one, if that is more. 0 writes none by itself.
    pub base_bytes: u64,
    /// Whether timelines that a change affects are planned anew also while nobody asks for
    /// anything. Without this, that goes on with each command only, and so in the same way
    /// whenever the same commands are given.
    pub plans_when_idle: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            durability: Durability::Full,
            segment_bytes: 64 * 1024 * 1024,
            cache_bytes: 64 * 1024 * 1024,
            checkpoint_bytes: 64 * 1024 * 1024,
            reserve_bytes: 16 * 1024 * 1024,
            history_days: 90,
            base_bytes: 256 * 1024 * 1024,
            plans_when_idle: true,
        }
    }
}

/// What opening met that a person may want to know.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct OpenReport {
    /// The store was made just now.
    pub created: bool,
    /// A half-written end of the journal was cut off.
    pub torn: Option<TornTail>,
    /// The checkpoints were damaged: where they were moved, and why.
    pub moved_aside: Option<MovedAside>,
}

/// An open store.
#[derive(Debug)]
pub struct Store {
    /// The directory.
    pub path: PathBuf,
    /// Its identity.
    pub id: StoreId,
    /// What the engine was told.
    pub journal: FileJournal,
    /// Its state, as of some moments.
    pub checkpoints: Checkpoints,
    /// Room that is kept for the journal.
    pub reserve: Option<Arc<Reserve>>,
    /// The checkpoints to start from.
    pub found: Found,
    /// Its state as of some moments, each in a file of its own.
    pub bases: Bases,
    /// What opening met.
    pub report: OpenReport,
    /// The right to use it; to be dropped last.
    pub lock: Lock,
}

impl Store {
    /// Opens the store in a directory, or makes one where there is none. Killed at any moment
    /// of this, the next call works.
    ///
    /// # Errors
    /// Any [`StoreError`]; the journal is as it was then.
    pub fn open(path: &Path, options: Options) -> Result<Self, StoreError> {
        make_dir(path)?;
        refuse_others(path)?;
        let lock = Lock::take(path)?;
        settle_swap(path)?;
        let mut report = OpenReport::default();
        let (id, version) = match format::read(path)? {
            Some(found) => found,
            None => {
                report.created = true;
                (create(path)?, FORMAT)
            }
        };
        let home =
            checkpoint::SledHome { store: path.to_path_buf(), cache_bytes: options.cache_bytes };
        let parts = Parts::look(Arc::new(OsDisk), (path, id), Box::new(home))?;
        if version < FORMAT {
            // From here on what is written may be new to the version that made the store.
            format::write(path, id)?;
        }
        let reserve = Reserve::open(Arc::new(OsDisk), path, options.reserve_bytes)?;
        let reserve = Some(reserve).filter(|_| options.reserve_bytes > 0);
        let opened = parts.open(options, reserve)?;
        let report = OpenReport { created: report.created, ..opened.report };
        let OpenedParts { journal, checkpoints, reserve, found, bases, .. } = opened;
        let path = path.to_path_buf();
        Ok(Self { path, id, lock, journal, checkpoints, reserve, found, bases, report })
    }
}

/// What a store keeps things in, looked at and not changed yet: on any disk, and wherever the
/// checkpoints lie.
#[derive(Debug)]
pub(crate) struct Parts {
    inspected: Inspected,
    checkpoints: Checkpoints,
    found: Found,
    bases: Bases,
    moved_aside: Option<MovedAside>,
}

/// What a store keeps things in.
#[derive(Debug)]
pub(crate) struct OpenedParts {
    pub(crate) journal: FileJournal,
    pub(crate) checkpoints: Checkpoints,
    pub(crate) reserve: Option<Arc<Reserve>>,
    pub(crate) found: Found,
    pub(crate) bases: Bases,
    pub(crate) report: OpenReport,
}

impl Parts {
    /// The journal is looked at first and changed last: a store that is refused stays as it is.
    pub(crate) fn look(
        disk: Arc<dyn Disk>,
        (path, id): (&Path, StoreId),
        home: Box<dyn checkpoint::Home>,
    ) -> Result<Self, StoreError> {
        let inspected = Inspected::read(Arc::clone(&disk), &path.join("journal"), id.0)?;
        let bases = Bases::new(disk, path.join(BASES), id);
        for base in bases.list()?.iter().take_while(|base| base.seq > inspected.last_seq()) {
            // One that does not check out covers nothing.
            if bases.read(base.seq).is_ok() {
                return Err(StoreError::Behind {
                    journal: inspected.last_seq(),
                    checkpoint: base.seq,
                });
            }
        }
        let (checkpoints, found, moved_aside) = Checkpoints::open_in(home, id)?;
        if let Some(manifest) = found.manifests.first()
            && manifest.seq > inspected.last_seq()
        {
            return Err(StoreError::Behind {
                journal: inspected.last_seq(),
                checkpoint: manifest.seq,
            });
        }
        Ok(Self { inspected, checkpoints, found, bases, moved_aside })
    }

    pub(crate) fn open(
        self,
        options: Options,
        reserve: Option<Reserve>,
    ) -> Result<OpenedParts, StoreError> {
        let Self { inspected, checkpoints, found, bases, moved_aside } = self;
        let (mut journal, torn) = inspected.open(JournalOptions {
            durability: options.durability,
            segment_bytes: options.segment_bytes,
        })?;
        let reserve = reserve.map(Arc::new);
        if let Some(reserve) = &reserve {
            journal.keep_room(Arc::clone(reserve));
        }
        let report = OpenReport { created: false, torn, moved_aside };
        Ok(OpenedParts { journal, checkpoints, reserve, found, bases, report })
    }
}

/// Puts the database that was made in `sled.new` in the place of the one that is there.
fn swap_checkpoints(path: &Path) -> Result<(), StoreError> {
    let (now, out, fresh) = (path.join(SLED), path.join(SWAPPED_OUT), path.join(SWAPPED_IN));
    // Between the two there are none, and the next open takes back those from before.
    fs::rename(&now, &out).map_err(StoreError::io("rename", &now))?;
    fs::rename(fresh.join(SLED), &now).map_err(StoreError::io("rename", &fresh))?;
    OsDisk.sync_dir(path).map_err(StoreError::io("sync", path))?;
    settle_swap(path)
}

/// Finishes a swap of the checkpoints that was interrupted, or takes it back: either are good.
fn settle_swap(path: &Path) -> Result<(), StoreError> {
    let (now, out, fresh) = (path.join(SLED), path.join(SWAPPED_OUT), path.join(SWAPPED_IN));
    if out.exists() && !now.exists() {
        fs::rename(&out, &now).map_err(StoreError::io("rename", &out))?;
        OsDisk.sync_dir(path).map_err(StoreError::io("sync", path))?;
    }
    for left in [out, fresh] {
        match fs::remove_dir_all(&left) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(StoreError::io("remove", &left)(error));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Writes whose the store in a directory is.
pub(crate) fn write_identity(path: &Path, id: StoreId) -> Result<(), StoreError> {
    format::write(path, id)
}

/// Whose the store in a directory is, without its lock and without a change.
pub(crate) fn identity(path: &Path) -> Result<StoreId, StoreError> {
    match format::read(path)? {
        Some((id, _)) => Ok(id),
        None => Err(StoreError::NotAStore {
            path: path.to_path_buf(),
            what: "it has no file `format`".to_owned(),
        }),
    }
}

pub(crate) fn make_dir(path: &Path) -> Result<(), StoreError> {
    match fs::metadata(path) {
        Ok(about) if about.is_dir() => return Ok(()),
        Ok(_) => {
            return Err(StoreError::NotAStore {
                path: path.to_path_buf(),
                what: "it is a file".to_owned(),
            });
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(StoreError::io("open", path)(error)),
    }
    fs::create_dir_all(path).map_err(StoreError::io("create", path))?;
    match path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        Some(parent) => OsDisk.sync_dir(parent).map_err(StoreError::io("sync", parent)),
        None => Ok(()),
    }
}

/// Before anything is written: a directory that is somebody else's is left alone.
fn refuse_others(path: &Path) -> Result<(), StoreError> {
    // Read twice: another process may be making the store right now.
    if format::read(path)?.is_none() && !format::is_fresh(path)? && format::read(path)?.is_none() {
        return Err(StoreError::NotAStore {
            path: path.to_path_buf(),
            what: "it holds other files and no file `format`".to_owned(),
        });
    }
    Ok(())
}

/// Makes the parts, then the file that says that they are there.
fn create(path: &Path) -> Result<StoreId, StoreError> {
    let id = StoreId::draw();
    let dir = path.join("journal");
    fs::create_dir_all(&dir).map_err(StoreError::io("create", &dir))?;
    discard_unborn(&dir)?;
    FileJournal::create(&OsDisk, &dir, &id.0)?;
    OsDisk.sync_dir(path).map_err(StoreError::io("sync", path))?;
    format::write(path, id)?;
    Ok(id)
}

/// Removes the first segment of a creation that was interrupted. One that holds a frame is no such
/// thing: there the file `format` is what is missing.
fn discard_unborn(dir: &Path) -> Result<(), StoreError> {
    for name in OsDisk.list(dir).map_err(StoreError::io("list", dir))? {
        let path = dir.join(&name);
        let about = fs::metadata(&path).map_err(StoreError::io("read", &path))?;
        if about.len() > journal::EMPTY_SEGMENT_BYTES {
            return Err(StoreError::NotAStore {
                path: dir.parent().unwrap_or(dir).to_path_buf(),
                what: "it holds a journal, but its file `format` is missing".to_owned(),
            });
        }
    }
    for name in OsDisk.list(dir).map_err(StoreError::io("list", dir))? {
        let path = dir.join(&name);
        OsDisk.remove(&path).map_err(StoreError::io("remove", &path))?;
    }
    Ok(())
}
