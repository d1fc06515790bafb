//! Putting a store right, and making it small: what is damaged goes out of the way under another
//! name, what can be made again is made again, and nothing that was acknowledged is given up.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::OpenError;
use super::house::House;
use super::recover::{Begun, begin_with, replay};
use super::stats::size;
use super::verify::{Verified, verify};
use crate::engine::port::Journal;
use crate::engine::{Digest, State};
use crate::store::checkpoint::{Onto, Pace};
use crate::store::disk::{Disk, OsDisk};
use crate::store::{BASES, Options, SLED, Store, StoreError};

/// What was put right.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Repaired {
    /// What was wrong.
    pub findings: Vec<String>,
    /// What was done, in order; empty if nothing had to be.
    pub done: Vec<String>,
    /// The last command, and the digest of the state as of it.
    pub state: (u64, Digest),
}

/// Why a store was not repaired.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RepairError {
    /// The store could not be looked at or written to.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// What is damaged is nowhere else: a repair would give it up. Nothing was changed.
    #[error("it cannot be repaired without loss: {lost}")]
    Loss {
        /// What would be lost.
        lost: String,
        /// What is wrong.
        findings: Vec<String>,
    },
}

impl From<StoreError> for RepairError {
    fn from(error: StoreError) -> Self {
        Self::Open(error.into())
    }
}

/// Puts the store in a directory right, as far as nothing is lost by it: checkpoints and bases that
/// do not hold are put aside under another name, and the checkpoints are made anew of a base and
/// the journal. It is verified before and afterwards, as by [`verify`].
///
/// # Errors
/// [`RepairError::Loss`], and then nothing was changed; [`RepairError::Open`].
pub fn repair(path: impl AsRef<Path>, scratch: impl AsRef<Path>) -> Result<Repaired, RepairError> {
    let (path, scratch) = (path.as_ref(), scratch.as_ref());
    let before = verify(path, scratch)?;
    let Verified { findings, harmed, state, .. } = before;
    let (false, Some(state)) = (harmed.journal, state) else {
        return Err(RepairError::Loss { lost: lost(&harmed.journal), findings });
    };
    let mut repaired = Repaired { findings, done: Vec::new(), state };
    if repaired.findings.is_empty() {
        return Ok(repaired);
    }
    for seq in &harmed.bases {
        let name = path.join(BASES).join(format!("{seq:020}.base"));
        if name.exists() {
            let to = put_aside(&name)?;
            let (name, to) = (name.display(), to.display());
            repaired.done.push(format!("put `{name}` aside as `{to}`"));
        }
    }
    let sled = path.join(SLED);
    if harmed.checkpoints && sled.exists() {
        let to = put_aside(&sled)?;
        repaired.done.push(format!("put `{}` aside as `{}`", sled.display(), to.display()));
    }
    let made = remake(path, state)?;
    repaired.done.push(made);
    let after = verify(path, scratch)?;
    match after.findings.first() {
        Some(finding) => {
            let what = format!("after the repair: {finding}");
            Err(StoreError::Image { path: path.to_path_buf(), what }.into())
        }
        None => Ok(repaired),
    }
}

fn lost(journal: &bool) -> String {
    let what = if *journal {
        "the commands of the damaged part of the journal, and all that came after them"
    } else {
        "the state that the journal leads on from"
    };
    what.to_owned()
}

/// Writes a checkpoint of what the journal gives.
fn remake(path: &Path, expected: (u64, Digest)) -> Result<String, RepairError> {
    let mut store = Store::open(path, Options::default())?;
    let state = rebuilt(&mut store)?;
    let snapshot = state.snapshot();
    let found = (snapshot.sequence(), snapshot.digest());
    if found != expected {
        let what = format!("expected digest {}, found {}", expected.1, found.1);
        return Err(StoreError::Image { path: path.to_path_buf(), what }.into());
    }
    let seq = snapshot.sequence();
    let written = store
        .checkpoints
        .write((seq, Onto::Nothing, Pace::Fast), &[], |it| snapshot.write(it, None));
    written.map_err(|error| image(&path.join(SLED), &error))?;
    store.journal.close().map_err(OpenError::from)?;
    Ok(format!("wrote a checkpoint of command {seq} from what the journal gives"))
}

fn image(path: &Path, error: &dyn std::fmt::Display) -> StoreError {
    StoreError::Image { path: path.to_path_buf(), what: error.to_string() }
}

/// The state as of the last command of an open store.
fn rebuilt(store: &mut Store) -> Result<State, OpenError> {
    let from = (&store.bases, store.journal.replays_from(), store.journal.last_seq() == 0);
    let Begun { mut state, .. } = begin_with(&mut store.checkpoints, &store.found, from)?;
    replay(&mut store.journal, &mut state)?;
    Ok(state)
}

/// Gives something another name, the first that is free.
fn put_aside(path: &Path) -> Result<PathBuf, StoreError> {
    let named = |number: u32| {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".damaged-{number}"));
        PathBuf::from(name)
    };
    let to = (1..=u32::MAX).map(named).find(|to| !to.exists()).unwrap_or_else(|| named(0));
    fs::rename(path, &to).map_err(StoreError::io("put aside", path))?;
    if let Some(dir) = path.parent() {
        OsDisk.sync_dir(dir).map_err(StoreError::io("sync", dir))?;
    }
    Ok(to)
}

/// What compacting came to, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Compacted {
    /// What the checkpoints took and take.
    pub checkpoints: (u64, u64),
    /// What the journal took and takes.
    pub journal: (u64, u64),
    /// What the bases took and take.
    pub bases: (u64, u64),
    /// How many segments were compressed, and how many trimmed.
    pub segments: (u64, u64),
    /// The last command, and the digest of the state as of it.
    pub state: (u64, Digest),
}

/// Makes what a store takes small: a new base, the checkpoints written anew in a new database, and
/// the segments of the journal compressed, or trimmed as in the background. Killed at any moment of
/// this, the next open works and has lost nothing.
///
/// # Errors
/// [`OpenError`]; the store is as it was, or as it was to become.
pub fn compact(path: impl AsRef<Path>, options: Options) -> Result<Compacted, OpenError> {
    let path = path.as_ref();
    // It says first whether there is a store, so that none is made.
    crate::store::identity(path)?;
    let before = sizes(path)?;
    let mut store = Store::open(path, options)?;
    let state = rebuilt(&mut store)?;
    let snapshot = state.snapshot();
    let seq = snapshot.sequence();
    let house = House::new(store.bases.clone(), store.journal.archivist(), &options);
    if store.bases.list()?.first().is_none_or(|base| base.seq < seq) {
        let written = house.write_base(&snapshot, &Pace::Fast);
        written.map_err(|error| image(store.bases.dir(), &error))?;
    }
    let to = (seq, Pace::Fast);
    let written = store.checkpoints.rewrite(to, &[], |it| snapshot.write(it, None));
    written.map_err(|error| image(&path.join(SLED), &error))?;
    let mut compressed = 0;
    while house.archivist.compress_one(seq.saturating_add(1))?.is_some() {
        compressed += 1;
    }
    let trimmed = house.trim(SystemTime::now())?.segments;
    store.journal.close()?;
    // Closed, so that what it takes is what is left of it.
    drop(store);
    let after = sizes(path)?;
    Ok(Compacted {
        checkpoints: (before.0, after.0),
        journal: (before.1, after.1),
        bases: (before.2, after.2),
        segments: (compressed, trimmed),
        state: (seq, snapshot.digest()),
    })
}

/// What checkpoints, journal and bases take.
fn sizes(path: &Path) -> Result<(u64, u64, u64), StoreError> {
    let of = |name: &str| {
        let dir = path.join(name);
        Ok(size(&dir).map_err(StoreError::io("read", &dir))?.unwrap_or(0))
    };
    Ok((of(SLED)?, of("journal")?, of(BASES)?))
}
