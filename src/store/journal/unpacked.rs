//! The bytes of compressed segments, as they are unpacked, for those who look for something in
//! them. It knows nothing of frames.

use std::path::Path;

use super::frame::StoreId;
use super::packed::Packed;
use super::segment::{self, Bytes as _};
use crate::store::StoreError;
use crate::store::disk::Disk;

const CHUNK: usize = 1 << 20;

/// Hands on the bytes of each compressed segment in a directory, piece by piece, with the file that
/// they are from; the first piece of each is told.
///
/// # Errors
/// [`StoreError::Corrupt`] and [`StoreError::Io`].
pub fn unpacked(
    disk: &dyn Disk,
    dir: &Path,
    store: StoreId,
    each: &mut dyn FnMut(&Path, bool, &[u8]),
) -> Result<(), StoreError> {
    let listing = segment::list(disk, dir)?;
    let mut piece = vec![0; CHUNK];
    for first_seq in listing.packed {
        let path = dir.join(segment::packed_name(first_seq));
        let file = disk.open_read(&path).map_err(StoreError::io("open", &path))?;
        let mut packed = Packed::open(file, &path, &store)?;
        let mut at = 0;
        loop {
            let found = packed.read_at(at, &mut piece)?;
            if found == 0 {
                break;
            }
            each(&path, at == 0, piece.get(..found).unwrap_or_default());
            at += found as u64;
        }
    }
    Ok(())
}
