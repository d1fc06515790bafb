//! Opening a segment, whichever way it is kept. It knows nothing of what lies in it.

use std::io;
use std::ops::DerefMut;
use std::path::{Path, PathBuf};

use super::frame::StoreId;
use super::packed::Packed;
use super::segment::{self, Bytes, Walk};
use crate::store::StoreError;
use crate::store::disk::{Disk, DiskFile};

/// A segment that is not compressed.
pub(super) struct Plain<F> {
    pub file: F,
    pub path: PathBuf,
}

impl<F: DerefMut<Target = dyn DiskFile> + Send> Bytes for Plain<F> {
    fn path(&self) -> &Path {
        &self.path
    }

    fn read_at(&mut self, offset: u64, into: &mut [u8]) -> Result<usize, StoreError> {
        self.file.read_at(offset, into).map_err(StoreError::io("read", &self.path))
    }
}

/// Where a journal lies, and whose it is.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub disk: &'a dyn Disk,
    pub dir: &'a Path,
    pub store: &'a StoreId,
}

/// An open segment.
pub(super) enum Source {
    Plain(Plain<Box<dyn DiskFile>>),
    Packed(Box<Packed>),
}

impl Place<'_> {
    /// Opens the segment that begins with a sequence number; the plain one counts where both are.
    pub(super) fn open(&self, first_seq: u64) -> Result<Source, StoreError> {
        let path = self.dir.join(segment::file_name(first_seq));
        let missing = match self.disk.open_read(&path) {
            Ok(file) => return Ok(Source::Plain(Plain { file, path })),
            Err(error) => error,
        };
        if missing.kind() != io::ErrorKind::NotFound {
            return Err(StoreError::io("read", &path)(missing));
        }
        let packed = self.dir.join(segment::packed_name(first_seq));
        match self.disk.open_read(&packed) {
            Ok(file) => {
                let packed = Packed::open(file, &packed, self.store)?;
                Ok(Source::Packed(Box::new(packed)))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(StoreError::io("read", &path)(missing))
            }
            Err(error) => Err(StoreError::io("read", &packed)(error)),
        }
    }
}

impl Source {
    /// Its length, unpacked.
    pub(super) fn size(&self) -> Result<u64, StoreError> {
        match self {
            Self::Plain(plain) => plain.file.size().map_err(StoreError::io("read", &plain.path)),
            Self::Packed(packed) => Ok(packed.summary.plain_bytes),
        }
    }

    pub(super) fn into_bytes(self) -> Box<dyn Bytes> {
        match self {
            Self::Plain(plain) => Box::new(plain),
            Self::Packed(packed) => packed,
        }
    }

    /// Walks it from its beginning, or from further on where that is possible and no frame that
    /// reaches `from_seq` is passed over.
    pub(super) fn walk_from(
        mut self,
        store: &StoreId,
        first_seq: u64,
        from_seq: u64,
        size: u64,
    ) -> Result<Walk<'static>, StoreError> {
        if let Self::Packed(packed) = &mut self
            && let Some(place) = packed.before(from_seq)?
        {
            let stands_for = packed.summary.stands_for;
            return Ok(Walk::resume(self.into_bytes(), store, size, place, stands_for));
        }
        Walk::start(self.into_bytes(), store, first_seq, size)
    }
}
