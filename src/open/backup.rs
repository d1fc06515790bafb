//! Copies of a store that a store can be made of again: taken while it is in use, and restored.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::recover::from_base;
use super::{OpenError, opening};
use crate::engine::port::{Frame, Journal, Sync};
use crate::engine::{Digest, Engine, State};
use crate::store::base::Bases;
use crate::store::disk::{Disk, OsDisk};
use crate::store::journal::{self, FileJournal, JournalOptions};
use crate::store::{
    BASES, Durability, Lock, Options, StoreError, StoreId, codec, identity, make_dir,
    write_identity,
};

/// What a backup has besides a base: an interrupted one may have any of it.
const OURS: [&str; 4] = ["format", "format.new", BASES, JOURNAL];
const JOURNAL: &str = "journal";

/// What a backup holds, and what was written for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Backup {
    /// The last command that it knows of.
    pub sequence: u64,
    /// Whether there was a base of this command already, so that none was written.
    pub unchanged: bool,
    /// How many bytes the base has.
    pub base_bytes: u64,
    /// How many segments of the journal were written.
    pub segments: u64,
    /// How many bytes these have.
    pub segment_bytes: u64,
    /// How many segments were there from an earlier backup.
    pub segments_there: u64,
}

/// What was made of a backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Restored {
    /// The last command that the backup knew of.
    pub sequence: u64,
    /// The digest of the state as of it.
    pub digest: Digest,
    /// How many segments of the journal the backup had.
    pub segments: u64,
}

impl Engine {
    /// Writes a copy of everything that is durable into a directory, while commands go on: the
    /// state as of one command, and with `history` the journal up to it. Into a directory that has
    /// an earlier backup of this store it adds a base, and, if that has a journal, what is new.
    ///
    /// # Errors
    /// [`OpenError`]; what an earlier backup in the directory holds is as it was.
    pub fn backup(&self, to: impl AsRef<Path>, history: bool) -> Result<Backup, OpenError> {
        let to = to.as_ref();
        let home = self.home().ok_or_else(|| StoreError::NotAStore {
            path: to.to_path_buf(),
            what: "the engine keeps nothing on a disk".to_owned(),
        })?;
        let store = StoreId(home.store);
        prepare(to, store)?;
        let image = self.image()?;
        let upto = image.sequence();
        let mut copied = journal::CopiedJournal::default();
        // A journal that is there and ends before the base would be of no use to it.
        if history || to.join(JOURNAL).is_dir() {
            let (from, to) = (home.dir.join(JOURNAL), to.join(JOURNAL));
            make_dir(&to)?;
            copied = journal::copy(&OsDisk, (&from, &to), store.0, upto)?;
        }
        let bases = Bases::new(Arc::new(OsDisk), to.join(BASES), store);
        make_dir(bases.dir())?;
        let there = bases.list()?.into_iter().find(|base| base.seq == upto);
        let good = there.filter(|base| bases.read(base.seq).is_ok());
        let base = match good {
            Some(base) => base,
            None => bases.write(upto, |writer| image.write(writer, None)).map_err(|error| {
                StoreError::Image { path: bases.path(upto), what: error.to_string() }
            })?,
        };
        // The last thing to be there: a directory with it has a base that is whole.
        if identity(to).is_err() {
            write_identity(to, store)?;
        }
        Ok(Backup {
            sequence: upto,
            unchanged: good.is_some(),
            base_bytes: base.bytes,
            segments: copied.segments,
            segment_bytes: copied.bytes,
            segments_there: copied.there,
        })
    }
}

/// A directory that is new, empty, or has a backup of the same store.
fn prepare(to: &Path, store: StoreId) -> Result<(), StoreError> {
    make_dir(to)?;
    let foreign =
        |what: &str| StoreError::NotAStore { path: to.to_path_buf(), what: what.to_owned() };
    let names = OsDisk.list(to).map_err(StoreError::io("list", to))?;
    if names.iter().any(|name| name == "format") {
        let found = identity(to)?;
        if found != store {
            return Err(foreign("it has a backup of another store"));
        }
    }
    match names.iter().all(|name| OURS.contains(&name.as_str())) {
        true => Ok(()),
        false => Err(foreign("it holds other files, and is no backup")),
    }
}

/// Makes a store of a backup in a directory that is new or empty, as of the newest base of it.
/// Every byte is checked before the store counts as one; the incarnation is raised, so that no
/// token of before the restore is one of after it.
///
/// Its sends are planned as they were: what went out after the backup was taken, it does not know.
///
/// # Errors
/// [`OpenError`]; what was made until then is removed again.
pub fn restore(from: impl AsRef<Path>, to: impl AsRef<Path>) -> Result<Restored, OpenError> {
    let (from, to) = (from.as_ref(), to.as_ref());
    let store = identity(from)?;
    let is_new = !to.exists();
    make_dir(to)?;
    if !OsDisk.list(to).map_err(StoreError::io("list", to))?.is_empty() {
        return Err(StoreError::NotEmpty { path: to.to_path_buf() }.into());
    }
    restore_into((from, to), store).inspect_err(|_| clear(to, is_new))
}

/// Removes what was made in a directory that was empty, and the directory if it was made, too. What
/// stays because it cannot be removed is no store.
fn clear(to: &Path, is_new: bool) {
    for part in [BASES, JOURNAL] {
        let _removed = fs::remove_dir_all(to.join(part)).is_ok();
    }
    let _removed = fs::remove_file(to.join("lock")).is_ok();
    let _removed = is_new && fs::remove_dir(to).is_ok();
}

fn restore_into((from, to): (&Path, &Path), store: StoreId) -> Result<Restored, OpenError> {
    let source = Bases::new(Arc::new(OsDisk), from.join(BASES), store);
    let newest = source.list()?.first().copied();
    let none = || StoreError::NotAStore {
        path: from.to_path_buf(),
        what: "it has no base to restore".to_owned(),
    };
    let upto = newest.ok_or_else(none)?.seq;
    let lock = Lock::take(to)?;
    let bases = Bases::new(Arc::new(OsDisk), to.join(BASES), store);
    make_dir(bases.dir())?;
    copy_base(&source, &bases, upto)?;
    let unusable = |what: String| StoreError::Image { path: bases.path(upto), what };
    let state = from_base(&bases, upto).map_err(unusable)?;
    let audit = state.snapshot().audit();
    if let Some(finding) = audit.findings.into_iter().next() {
        return Err(unusable(finding).into());
    }
    let digest = state.snapshot().digest();
    let segments = restore_journal((from, to), store, upto)?;
    begin_again(to, store, state)?;
    OsDisk.sync_dir(to).map_err(StoreError::io("sync", to))?;
    write_identity(to, store)?;
    drop(lock);
    Ok(Restored { sequence: upto, digest, segments })
}

/// Copies a base; it is read where it then lies.
fn copy_base(from: &Bases, to: &Bases, seq: u64) -> Result<(), StoreError> {
    let (source, target) = (from.path(seq), to.path(seq));
    // It is refused by the name that it has in the backup.
    from.read(seq)?;
    fs::copy(&source, &target).map_err(StoreError::io("copy", &source))?;
    let file = fs::File::open(&target).and_then(|file| file.sync_all());
    file.map_err(StoreError::io("sync", &target))?;
    OsDisk.sync_dir(to.dir()).map_err(StoreError::io("sync", to.dir()))
}

/// The journal up to the base, or an empty one that goes on after it. How many segments there were.
fn restore_journal(
    (from, to): (&Path, &Path),
    store: StoreId,
    upto: u64,
) -> Result<u64, StoreError> {
    let (source, target): (PathBuf, PathBuf) = (from.join(JOURNAL), to.join(JOURNAL));
    make_dir(&target)?;
    let mut segments = 0;
    if source.is_dir() {
        segments = journal::copy(&OsDisk, (&source, &target), store.0, upto)?.segments;
    }
    if segments == 0 {
        FileJournal::create_after(&OsDisk, &target, &store.0, upto)?;
        return Ok(0);
    }
    let disk: Arc<dyn Disk> = Arc::new(OsDisk);
    let checked = journal::check(&disk, &target, store.0)?;
    let last = checked.segments.last().map_or(0, |segment| segment.last_seq);
    match checked.findings.into_iter().next() {
        Some(finding) => Err(finding),
        None if last != upto => {
            let what = format!("expected commands up to {upto}, found up to {last}");
            Err(StoreError::Image { path: source, what })
        }
        None => Ok(segments),
    }
}

/// Journals that the store is another one from here on.
fn begin_again(to: &Path, store: StoreId, mut state: State) -> Result<(), OpenError> {
    let segment_bytes = Options::default().segment_bytes;
    let options = JournalOptions { durability: Durability::Full, segment_bytes };
    let dir = to.join(JOURNAL);
    let (mut journal, _) = FileJournal::open(Arc::new(OsDisk), &dir, store.0, options)?;
    let mut open = opening(&state);
    let encoded = codec::encode(std::slice::from_ref(&open));
    let payload =
        encoded.map_err(|error| StoreError::Image { path: dir, what: error.to_string() })?;
    let sequence = state.sequence() + 1;
    let frame = Frame { first_seq: sequence, last_seq: sequence, payload: &payload };
    journal.append(&[frame], Sync::Now)?;
    state.apply(&mut open);
    Ok(journal.close()?)
}
