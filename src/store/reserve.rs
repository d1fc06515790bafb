//! A file that only takes room: what the journal gets when the disk is full. It knows nothing of
//! the journal.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::StoreError;
use super::disk::{Disk, DiskFile};
use super::error::is_full;
use crate::engine::port::Room;

const NAME: &str = "reserve";
/// At least so much is given at once.
const STEP: u64 = 1024 * 1024;

/// Room on a disk that is taken so that it can be given back.
#[derive(Debug)]
pub struct Reserve {
    disk: Arc<dyn Disk>,
    path: PathBuf,
    wanted: u64,
    /// As long as the file is. Written to under the lock alone.
    size: AtomicU64,
    /// The file, once there is one.
    file: Mutex<Option<Box<dyn DiskFile>>>,
}

impl Reserve {
    /// Takes so much room in a directory, or what there is of it from before if the disk is full.
    ///
    /// # Errors
    /// [`StoreError::Io`] for any other cause.
    pub fn open(disk: Arc<dyn Disk>, dir: &Path, wanted: u64) -> Result<Self, StoreError> {
        let path = dir.join(NAME);
        let reserve = Self { disk, path, wanted, size: AtomicU64::new(0), file: Mutex::new(None) };
        reserve.begin().map_err(StoreError::io("reserve room in", &reserve.path))?;
        Ok(reserve)
    }

    fn begin(&self) -> io::Result<()> {
        match self.disk.open(&self.path) {
            Ok(mut file) => {
                if file.size()? > self.wanted {
                    file.set_size(self.wanted)?;
                }
                self.size.store(file.size()?, Ordering::Release);
                *self.file.lock().unwrap_or_else(PoisonError::into_inner) = Some(file);
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        match self.grow(self.wanted) {
            Err(error) if !is_full(&error) => Err(error),
            _ => Ok(()),
        }
    }

    /// Makes the file so long, or leaves it as it was.
    fn grow(&self, size: u64) -> io::Result<()> {
        let mut slot = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.size.load(Ordering::Acquire);
        if before >= size {
            return Ok(());
        }
        let file = match &mut *slot {
            Some(file) => file,
            None => slot.insert(self.disk.create(&self.path)?),
        };
        let grown = file.allocate(size).and_then(|()| file.sync());
        match grown {
            Ok(()) => self.size.store(size, Ordering::Release),
            // What was had of it is of no use to us, and may be to others.
            Err(_) => file.set_size(before)?,
        }
        grown
    }

    /// Gives at least so much back to the disk, as far as there is any. False if there is none.
    pub fn give(&self, bytes: u64) -> bool {
        let mut slot = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.size.load(Ordering::Acquire);
        let Some(file) = slot.as_mut().filter(|_| before > 0) else {
            return false;
        };
        let after = before.saturating_sub(bytes.max(STEP));
        if file.set_size(after).and_then(|()| file.sync()).is_err() {
            return false;
        }
        self.size.store(after, Ordering::Release);
        true
    }
}

impl Room for Reserve {
    fn secured(&self) -> u64 {
        self.size.load(Ordering::Acquire)
    }

    fn wanted(&self) -> u64 {
        self.wanted
    }

    fn secure(&self, bytes: u64) -> bool {
        self.grow(bytes.max(self.wanted)).is_ok()
    }
}
