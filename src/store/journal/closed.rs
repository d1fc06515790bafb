//! The note that a clean close leaves: where the journal ended. With it, an end that is missing is
//! known to be damage and not a torn write. It knows nothing of frames.

use std::path::Path;

use super::segment::UNFINISHED;
use crate::store::StoreError;
use crate::store::disk::{Disk, if_there};

const NAME: &str = "closed";
const MAGIC: [u8; 8] = *b"HLclosed";
const LEN: usize = 28;

/// Where the journal ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Closed {
    pub last_seq: u64,
    /// The length of the last segment.
    pub end: u64,
}

/// The last command in a journal that was closed; none if it was not, or goes on.
///
/// # Errors
/// [`StoreError`] if the note of that cannot be read.
pub fn closed_at(disk: &dyn Disk, dir: &Path) -> Result<Option<u64>, StoreError> {
    Ok(Closed::read(disk, dir)?.map(|note| note.last_seq))
}

impl Closed {
    fn encode(self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(LEN);
        bytes.extend(MAGIC);
        bytes.extend(self.last_seq.to_le_bytes());
        bytes.extend(self.end.to_le_bytes());
        bytes.extend(crc32c::crc32c(&bytes).to_le_bytes());
        bytes
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let long = |at: usize| Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?));
        let note = Self { last_seq: long(8)?, end: long(16)? };
        (note.encode() == bytes).then_some(note)
    }

    /// Leaves the note, durably.
    pub(super) fn write(self, disk: &dyn Disk, dir: &Path) -> Result<(), StoreError> {
        let unfinished = dir.join(format!("{NAME}{UNFINISHED}"));
        let failed = |source| StoreError::io("write", &dir.join(NAME))(source);
        let mut file = disk.create(&unfinished).map_err(failed)?;
        file.write_at(0, &self.encode())
            .and_then(|()| file.sync())
            .and_then(|()| disk.rename(&unfinished, &dir.join(NAME)))
            .and_then(|()| disk.sync_dir(dir))
            .map_err(failed)
    }

    pub(super) fn read(disk: &dyn Disk, dir: &Path) -> Result<Option<Self>, StoreError> {
        let path = dir.join(NAME);
        let file = if_there(disk.open(&path)).map_err(StoreError::io("open", &path))?;
        let Some(mut file) = file else {
            return Ok(None);
        };
        // One byte more than it may have, so that a longer one shows.
        let mut bytes = vec![0; LEN + 1];
        let found = file.read_at(0, &mut bytes).map_err(StoreError::io("read", &path))?;
        bytes.truncate(found);
        match Self::decode(&bytes) {
            Some(note) => Ok(Some(note)),
            None => Err(StoreError::corrupt(&path, 0, "the note fails its checksum")),
        }
    }

    /// Takes the note away, durably: from now on the end may be torn again.
    pub(super) fn remove(disk: &dyn Disk, dir: &Path) -> Result<(), StoreError> {
        let path = dir.join(NAME);
        disk.remove(&path)
            .and_then(|()| disk.sync_dir(dir))
            .map_err(StoreError::io("remove", &path))
    }
}
