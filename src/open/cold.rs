//! Looking at the newest checkpoint of a store without making its state of it.

use std::path::{Path, PathBuf};

use chrono::NaiveDate;

use super::{History, OpenError, stats};
use crate::engine::port::ImageError;
use crate::engine::{ColdAgenda, ColdWorkspace};
use crate::store::checkpoint::{Checkpoints, Manifest};
use crate::store::disk::OsDisk;
use crate::store::journal::closed_at;
use crate::store::{Lock, Options, StoreError, StoreId, identity};

#[cfg(test)]
mod tests;

/// The newest checkpoint of a store, of which only what is asked for is read. The state is not made
/// of it and the journal is not applied, so opening it costs the same however much the store holds,
/// but for the directories of its records and, after a crash, the last segment of the journal.
///
/// It has the store's lock as long as it is there, and changes nothing that the store holds.
#[derive(Debug)]
pub struct ColdStore {
    path: PathBuf,
    checkpoints: Checkpoints,
    manifest: Manifest,
    last_seq: u64,
    _lock: Lock,
}

impl ColdStore {
    /// Opens the newest checkpoint of the store in a directory. None if the store has none: one is
    /// written when it is closed.
    ///
    /// # Errors
    /// [`OpenError::Store`] if there is no store, if another has it open, or if the newest
    /// checkpoint cannot be read, and [`OpenError::Journal`] if the end of the journal cannot be.
    pub fn open(path: impl AsRef<Path>) -> Result<Option<Self>, OpenError> {
        let path = path.as_ref().to_path_buf();
        let store: StoreId = identity(&path)?;
        let lock = Lock::take(&path)?;
        // Opening the database would make it.
        if !path.join("sled").is_dir() {
            return Ok(None);
        }
        let last_seq = match closed_at(&OsDisk, &path.join("journal"))? {
            Some(last_seq) => last_seq,
            // Then only the end of the last segment tells.
            None => stats::last_seq(&path, &History::open(&path, 0)?.segments()?)?,
        };
        let cache = Options::default().cache_bytes;
        let (checkpoints, found) = Checkpoints::look(&path, store, cache)?;
        let Some(manifest) = found.manifests.first().cloned() else {
            return match found.rejected.first() {
                Some(rejected) => Err(unreadable(&path, rejected.why.clone()).into()),
                None => Ok(None),
            };
        };
        Ok(Some(Self { path, checkpoints, manifest, last_seq, _lock: lock }))
    }

    /// The last command that the checkpoint knows of.
    #[must_use]
    pub const fn seq(&self) -> u64 {
        self.manifest.seq
    }

    /// How many later commands the journal has.
    #[must_use]
    pub const fn later(&self) -> u64 {
        self.last_seq.saturating_sub(self.manifest.seq)
    }

    /// How many bytes of the checkpoint's records were read so far, as they are kept: those of its
    /// directories and manifests included.
    #[must_use]
    pub fn read_bytes(&self) -> u64 {
        self.checkpoints.read_bytes()
    }

    /// What the files of the checkpoints take, in bytes.
    ///
    /// # Errors
    /// [`OpenError::Store`].
    pub fn stored_bytes(&self) -> Result<u64, OpenError> {
        let dir = self.path.join("sled");
        let size = stats::size(&dir).map_err(StoreError::io("read", &dir))?;
        Ok(size.unwrap_or(0))
    }

    /// What the senders of a workspace have planned from one day, that of its time if none is
    /// named, to before the one that follows from it. None if the checkpoint has no such workspace.
    ///
    /// # Errors
    /// [`OpenError::Store`] if a record cannot be read.
    pub fn agenda(
        &self,
        workspace: &str,
        from: Option<NaiveDate>,
        to: impl FnOnce(NaiveDate) -> NaiveDate,
    ) -> Result<Option<ColdAgenda>, OpenError> {
        let mut reader = self.checkpoints.read(&self.manifest);
        let failed = |error: ImageError| unreadable(&self.path, error.to_string());
        let Some(found) = ColdWorkspace::read(&mut reader, workspace).map_err(failed)? else {
            return Ok(None);
        };
        let from = from.unwrap_or_else(|| found.today());
        let agenda = found.agenda(&mut reader, (from, to(from))).map_err(failed)?;
        Ok(Some(agenda))
    }

    /// Reads all that the checkpoint has; so much there is to read.
    #[cfg(test)]
    fn read_all(&self) -> Result<u64, ImageError> {
        let before = self.read_bytes();
        self.checkpoints.verify(&self.manifest)?;
        Ok(self.read_bytes() - before)
    }
}

fn unreadable(path: &Path, what: String) -> StoreError {
    StoreError::Checkpoints { path: path.join("sled"), op: "read", what }
}
