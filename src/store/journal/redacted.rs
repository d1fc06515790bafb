//! The note of what was redacted: up to which command persons who were forgotten are gone from the
//! journal, and from where on it can be replayed. It knows nothing of frames.

use std::path::Path;

use super::segment::UNFINISHED;
use crate::store::StoreError;
use crate::store::disk::{Disk, if_there};

const NAME: &str = "redacted";
const MAGIC: [u8; 8] = *b"HLredact";
const LEN: usize = 28;

/// How far a journal was redacted. Both are 0 where nothing ever was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Redacted {
    /// What comes after this command can be replayed, from a base that is as of it or of a later
    /// one. What comes before need not say what it said.
    pub floor: u64,
    /// Of those who were forgotten by commands up to this one nothing is left.
    pub done: u64,
}

impl Redacted {
    fn encode(self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(LEN);
        bytes.extend(MAGIC);
        bytes.extend(self.floor.to_le_bytes());
        bytes.extend(self.done.to_le_bytes());
        bytes.extend(crc32c::crc32c(&bytes).to_le_bytes());
        bytes
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let long = |at: usize| Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?));
        let note = Self { floor: long(8)?, done: long(16)? };
        (note.encode() == bytes).then_some(note)
    }

    /// Leaves the note, durably, in the place of the one before.
    pub(super) fn write(self, disk: &dyn Disk, dir: &Path) -> Result<(), StoreError> {
        replace(disk, dir, NAME, &self.encode())
    }

    /// What the journal in a directory says.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] and [`StoreError::Io`].
    pub fn read(disk: &dyn Disk, dir: &Path) -> Result<Self, StoreError> {
        match content(disk, dir, NAME, LEN + 1)? {
            None => Ok(Self::default()),
            Some(bytes) => Self::decode(&bytes).ok_or_else(|| {
                StoreError::corrupt(&dir.join(NAME), 0, "the note fails its checksum")
            }),
        }
    }
}

/// Puts a small file in the place of one that may be there, durably: one or the other is there.
pub(super) fn replace(
    disk: &dyn Disk,
    dir: &Path,
    name: &str,
    bytes: &[u8],
) -> Result<(), StoreError> {
    let (path, unfinished) = (dir.join(name), dir.join(format!("{name}{UNFINISHED}")));
    remove(disk, dir, &format!("{name}{UNFINISHED}"))?;
    let mut file = disk.create(&unfinished).map_err(StoreError::io("create", &unfinished))?;
    file.write_at(0, bytes)
        .and_then(|()| file.sync())
        .and_then(|()| disk.rename(&unfinished, &path))
        .and_then(|()| disk.sync_dir(dir))
        .map_err(StoreError::io("write", &path))
}

/// What a small file holds, if it is there; no more than so many bytes of it.
pub(super) fn content(
    disk: &dyn Disk,
    dir: &Path,
    name: &str,
    most: usize,
) -> Result<Option<Vec<u8>>, StoreError> {
    let path = dir.join(name);
    let file = if_there(disk.open_read(&path)).map_err(StoreError::io("open", &path))?;
    let Some(mut file) = file else {
        return Ok(None);
    };
    let size = file.size().map_err(StoreError::io("read", &path))?;
    let mut bytes = vec![0; usize::try_from(size).unwrap_or(most).min(most)];
    let found = file.read_at(0, &mut bytes).map_err(StoreError::io("read", &path))?;
    bytes.truncate(found);
    Ok(Some(bytes))
}

/// Removes a small file, durably, if it is there.
pub(super) fn remove(disk: &dyn Disk, dir: &Path, name: &str) -> Result<(), StoreError> {
    let path = dir.join(name);
    match if_there(disk.remove(&path)).map_err(StoreError::io("remove", &path))? {
        Some(()) => disk.sync_dir(dir).map_err(StoreError::io("sync", dir)),
        None => Ok(()),
    }
}
