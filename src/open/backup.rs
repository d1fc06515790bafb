//! Copies of a store that a store can be made of again: taken while it is in use, and restored.

#[cfg(test)]
mod tests;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::recover::from_base;
use super::{OpenError, opening};
use crate::engine::port::{Frame, Journal, Sync};
use crate::engine::{Digest, Engine, Snapshot, State};
use crate::model::{Action, Command, Instant};
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
    /// How many sends may have gone out between the backup and the restore: their outcome is
    /// unknown now.
    pub unknown: u64,
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
        let disk: Arc<dyn Disk> = Arc::new(OsDisk);
        let backup = write_backup(&disk, (&home.dir, to), store, &image, history)?;
        // The last thing to be there: a directory with it has a base that is whole.
        if identity(to).is_err() {
            write_identity(to, store)?;
        }
        Ok(backup)
    }
}

/// Writes all of a backup but the file that says whose it is.
fn write_backup(
    disk: &Arc<dyn Disk>,
    (from, to): (&Path, &Path),
    store: StoreId,
    image: &Snapshot,
    history: bool,
) -> Result<Backup, StoreError> {
    let upto = image.sequence();
    let (source, target) = (from.join(JOURNAL), to.join(JOURNAL));
    let mut copied = journal::CopiedJournal::default();
    // A journal that is there and ends before the base would be of no use to it.
    if history || has_files(&**disk, &target) {
        disk.make_dir(&target).map_err(StoreError::io("create", &target))?;
        copied = journal::copy(&**disk, (&source, &target), store.0, upto)?;
    }
    let bases = Bases::new(Arc::clone(disk), to.join(BASES), store);
    let there = bases.list()?.into_iter().find(|base| base.seq == upto);
    let good = there.filter(|base| bases.read(base.seq).is_ok());
    let base = match good {
        Some(base) => base,
        None => bases.write(upto, |writer| image.write(writer, None)).map_err(|error| {
            StoreError::Image { path: bases.path(upto), what: error.to_string() }
        })?,
    };
    Ok(Backup {
        sequence: upto,
        unchanged: good.is_some(),
        base_bytes: base.bytes,
        segments: copied.segments,
        segment_bytes: copied.bytes,
        segments_there: copied.there,
    })
}

fn has_files(disk: &dyn Disk, dir: &Path) -> bool {
    disk.list(dir).is_ok_and(|names| !names.is_empty())
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
/// What went out after the backup was taken, it does not know. So every next send that is planned
/// up to an instant, that of the restore, is `outcome-unknown` in it, held or not: it is never sent
/// by itself. The instant is the wall clock's, unless it is known when the last message went out.
///
/// # Errors
/// [`OpenError`]; what was made until then is removed again.
pub fn restore(
    from: impl AsRef<Path>,
    to: impl AsRef<Path>,
    until: Instant,
) -> Result<Restored, OpenError> {
    let (from, to) = (from.as_ref(), to.as_ref());
    let store = identity(from)?;
    let is_new = !to.exists();
    make_dir(to)?;
    if !OsDisk.list(to).map_err(StoreError::io("list", to))?.is_empty() {
        return Err(StoreError::NotEmpty { path: to.to_path_buf() }.into());
    }
    restore_into((from, to), store, until).inspect_err(|_| clear(to, is_new))
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

fn restore_into(
    (from, to): (&Path, &Path),
    store: StoreId,
    until: Instant,
) -> Result<Restored, OpenError> {
    let lock = Lock::take(to)?;
    let disk: Arc<dyn Disk> = Arc::new(OsDisk);
    let restored = restore_parts(&disk, (from, to), store, until)?;
    OsDisk.sync_dir(to).map_err(StoreError::io("sync", to))?;
    write_identity(to, store)?;
    drop(lock);
    Ok(restored)
}

/// Makes all of a store but the file that says that it is one.
fn restore_parts(
    disk: &Arc<dyn Disk>,
    (from, to): (&Path, &Path),
    store: StoreId,
    until: Instant,
) -> Result<Restored, OpenError> {
    let source = Bases::new(Arc::clone(disk), from.join(BASES), store);
    let newest = source.list()?.first().copied();
    let none = || StoreError::NotAStore {
        path: from.to_path_buf(),
        what: "it has no base to restore".to_owned(),
    };
    let upto = newest.ok_or_else(none)?.seq;
    let bases = Bases::new(Arc::clone(disk), to.join(BASES), store);
    disk.make_dir(bases.dir()).map_err(StoreError::io("create", bases.dir()))?;
    copy_base(&**disk, (&source, &bases), upto)?;
    let unusable = |what: String| StoreError::Image { path: bases.path(upto), what };
    let state = from_base(&bases, upto).map_err(unusable)?;
    let audit = state.snapshot().audit();
    if let Some(finding) = audit.findings.into_iter().next() {
        return Err(unusable(finding).into());
    }
    let digest = state.snapshot().digest();
    let segments = restore_journal(disk, (from, to), store, upto)?;
    let unknown = begin_again(disk, to, store, state, until)?;
    Ok(Restored { sequence: upto, digest, segments, unknown })
}

/// Copies a base; it is read where it then lies.
fn copy_base(disk: &dyn Disk, (from, to): (&Bases, &Bases), seq: u64) -> Result<(), StoreError> {
    const CHUNK: usize = 1 << 20;
    let (source, target) = (from.path(seq), to.path(seq));
    // It is refused by the name that it has in the backup.
    from.read(seq)?;
    let mut file = disk.open_read(&source).map_err(StoreError::io("open", &source))?;
    let mut copy = disk.create(&target).map_err(StoreError::io("create", &target))?;
    let (mut at, mut chunk) = (0, vec![0; CHUNK]);
    loop {
        let found = file.read_at(at, &mut chunk).map_err(StoreError::io("read", &source))?;
        if found == 0 {
            break;
        }
        let read = chunk.get(..found).unwrap_or_default();
        copy.write_at(at, read).map_err(StoreError::io("write", &target))?;
        at += found as u64;
    }
    copy.sync().map_err(StoreError::io("sync", &target))?;
    disk.sync_dir(to.dir()).map_err(StoreError::io("sync", to.dir()))
}

/// The journal up to the base, or an empty one that goes on after it. How many segments there were.
fn restore_journal(
    disk: &Arc<dyn Disk>,
    (from, to): (&Path, &Path),
    store: StoreId,
    upto: u64,
) -> Result<u64, StoreError> {
    let (source, target): (PathBuf, PathBuf) = (from.join(JOURNAL), to.join(JOURNAL));
    disk.make_dir(&target).map_err(StoreError::io("create", &target))?;
    let mut segments = 0;
    if has_files(&**disk, &source) {
        segments = journal::copy(&**disk, (&source, &target), store.0, upto)?.segments;
    }
    if segments == 0 {
        FileJournal::create_after(&**disk, &target, &store.0, upto)?;
        return Ok(0);
    }
    let checked = journal::check(disk, &target, store.0)?;
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

/// Journals that the store is another one from here on, and what may have gone out by then: in one
/// frame, and before it counts as a store. How many sends that is.
fn begin_again(
    disk: &Arc<dyn Disk>,
    to: &Path,
    store: StoreId,
    mut state: State,
    until: Instant,
) -> Result<u64, OpenError> {
    let segment_bytes = Options::default().segment_bytes;
    let options = JournalOptions { durability: Durability::Full, segment_bytes };
    let dir = to.join(JOURNAL);
    let (mut journal, _) = FileJournal::open(Arc::clone(disk), &dir, store.0, options)?;
    let first_seq = state.sequence() + 1;
    let restored =
        |name: &str| Command::new(Instant::MIN, Action::Restored { until }).workspace(name);
    let mut commands = vec![opening(&state)];
    commands.extend(state.snapshot().workspaces().map(restored));
    for command in &mut commands {
        state.apply(command);
    }
    let payload = codec::encode(&commands)
        .map_err(|error| StoreError::Image { path: dir, what: error.to_string() })?;
    let frame = Frame { first_seq, last_seq: state.sequence(), payload: &payload };
    journal.append(&[frame], Sync::Now)?;
    journal.close()?;
    let snapshot = state.snapshot();
    let views = snapshot.workspaces().filter_map(|name| snapshot.view(name));
    let unknown = views.flat_map(|view| view.in_flight()).filter(|send| send.unknown);
    Ok(unknown.count() as u64)
}
