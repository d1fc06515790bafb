//! What a store takes and holds, without a command to it.

use std::fs;
use std::io;
use std::path::Path;

use super::recover::{Begun, begin_with, replay};
use super::{History, OpenError};
use crate::engine::Snapshot;
use crate::engine::port::Journal;
use crate::store::disk::if_there;
use crate::store::journal::SegmentInfo;
use crate::store::{Options, Store, StoreError};

/// What a store takes and holds.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Stats {
    /// The first sequence number that the journal still has.
    pub first_seq: u64,
    /// The last one; one below the first if there is none.
    pub last_seq: u64,
    /// The segments of the journal, the oldest first.
    pub segments: Vec<SegmentInfo>,
    /// What the checkpoints take, in bytes.
    pub sled_bytes: u64,
    /// What the base takes, in bytes; none if there is none.
    pub base_bytes: Option<u64>,
    /// What it holds; none if another process has it open.
    pub inside: Option<Inside>,
}

/// What a store holds.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Inside {
    /// The last command that the newest checkpoint knows of; none if there is no checkpoint.
    pub checkpoint_seq: Option<u64>,
    /// The state as of the last command.
    pub snapshot: Snapshot,
}

impl Stats {
    /// Looks at the store in a directory. What a crash left is put in order, as at any open; no
    /// command is added. While another process has the store open only its files are looked at.
    ///
    /// # Errors
    /// As [`crate::Engine::open`], but for the store being in use.
    pub fn of(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        let path = path.as_ref();
        // It says first whether there is a store, so that none is made.
        let segments = History::open(path, 0)?.segments()?;
        let inside = match Store::open(path, Options::default()) {
            Ok(store) => Some(look_inside(store)?),
            Err(StoreError::Locked { .. }) => None,
            Err(error) => return Err(error.into()),
        };
        let first_seq = segments.first().map_or(1, |segment| segment.first_seq);
        let last_seq = match &inside {
            Some(inside) => inside.snapshot.sequence(),
            None => last_seq(path, &segments)?,
        };
        let sled = path.join("sled");
        let sled_bytes = size(&sled).map_err(StoreError::io("read", &sled))?.unwrap_or(0);
        let base = path.join("base");
        let base_bytes = size(&base).map_err(StoreError::io("read", &base))?;
        Ok(Self { first_seq, last_seq, segments, sled_bytes, base_bytes, inside })
    }
}

fn look_inside(store: Store) -> Result<Inside, OpenError> {
    let Store { mut journal, mut checkpoints, found, bases, lock, .. } = store;
    let Begun { mut state, .. } = begin_with(
        &mut checkpoints,
        &found,
        (&bases, journal.replays_from(), journal.last_seq() == 0),
    )?;
    let checkpoint_seq = Some(state.sequence()).filter(|seq| *seq > 0);
    replay(&mut journal, &mut state)?;
    drop((journal, checkpoints, lock));
    Ok(Inside { checkpoint_seq, snapshot: state.snapshot() })
}

/// The last number in the last segment, as far as it is written.
pub(super) fn last_seq(path: &Path, segments: &[SegmentInfo]) -> Result<u64, OpenError> {
    let first = segments.last().map_or(1, |segment| segment.first_seq);
    let mut last = first.saturating_sub(1);
    for command in History::open(path, first)? {
        last = command?.0;
    }
    Ok(last)
}

/// What a directory takes; none if it is not there. What goes away meanwhile takes nothing.
pub(super) fn size(path: &Path) -> io::Result<Option<u64>> {
    let Some(entries) = if_there(fs::read_dir(path))? else {
        return Ok(None);
    };
    let mut total = 0;
    for entry in entries {
        let entry = entry?;
        total += match if_there(entry.metadata())? {
            Some(about) if about.is_dir() => size(&entry.path())?.unwrap_or(0),
            Some(about) => about.len(),
            None => 0,
        };
    }
    Ok(Some(total))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::size;

    #[test]
    fn a_directory_takes_what_its_files_take_and_none_takes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("a/b")).unwrap();
        for (file, bytes) in [("one", 1), ("a/two", 20), ("a/b/three", 300)] {
            fs::write(dir.path().join(file), vec![0; bytes]).unwrap();
        }
        assert_eq!(size(dir.path()).unwrap(), Some(321));
        assert_eq!(size(&dir.path().join("gone")).unwrap(), None);
        assert!(size(&dir.path().join("one")).is_err(), "a file is no directory");
    }
}
