//! Writing a base: records one behind the other, as they come.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{SUM, TREES, checksum, end, head, place};
use crate::engine::port::{ImageError, ImageWriter, Tree};
use crate::store::checkpoint::{MAX_KEY, pack, tag};
use crate::store::disk::DiskFile;
use crate::store::pace::{Pace, Rests};
use crate::store::{StoreError, StoreId, codec};

/// How much is gathered for one write.
const BUFFER: usize = 1024 * 1024;

/// Takes the records of one base.
#[derive(Debug)]
pub struct BaseWriter {
    file: Box<dyn DiskFile>,
    path: PathBuf,
    store: StoreId,
    /// What is not yet in the file.
    buffer: Vec<u8>,
    written: u64,
    /// The checksum of everything up to here.
    whole: u32,
    counts: [u64; TREES],
    keys: BTreeSet<(Tree, Box<[u8]>)>,
    body: Vec<u8>,
    rests: Rests,
}

impl BaseWriter {
    pub(super) fn begin(
        file: Box<dyn DiskFile>,
        path: &Path,
        (store, seq): (StoreId, u64),
        pace: &Pace,
    ) -> Self {
        let mut writer = Self {
            rests: Rests::new(pace),
            file,
            path: path.to_path_buf(),
            store,
            buffer: Vec::with_capacity(BUFFER),
            written: 0,
            whole: 0,
            counts: [0; TREES],
            keys: BTreeSet::new(),
            body: Vec::new(),
        };
        writer.add(&head(store, seq));
        writer
    }

    fn add(&mut self, bytes: &[u8]) {
        self.whole = crc32c::crc32c_append(self.whole, bytes);
        self.buffer.extend(bytes);
    }

    /// Makes what was gathered durable.
    fn flush(&mut self) -> Result<(), ImageError> {
        let failed = |source| ImageError::Failed {
            what: StoreError::io("write", &self.path)(source).to_string(),
        };
        self.file.write_at(self.written, &self.buffer).map_err(failed)?;
        // Little at a time, so that no commit waits long behind it.
        self.file.sync().map_err(failed)?;
        self.written += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }

    /// Writes what stands behind the records and makes the file durable; how long it is.
    pub(super) fn finish(mut self) -> Result<u64, ImageError> {
        let at = self.written + self.buffer.len() as u64;
        let end = end(self.store, &self.counts, at, self.whole);
        self.add(&end);
        self.flush()?;
        Ok(self.written)
    }
}

impl ImageWriter for BaseWriter {
    fn put<T: Serialize>(&mut self, tree: Tree, key: &[u8], value: &T) -> Result<(), ImageError> {
        let refused = |what: String| ImageError::Refused { tree: tree.name(), what };
        let key_len = u16::try_from(key.len()).ok().filter(|_| (1..=MAX_KEY).contains(&key.len()));
        let Some(key_len) = key_len else {
            let what = format!("expected a key of 1 to {MAX_KEY} bytes, found {}", key.len());
            return Err(refused(what));
        };
        if !self.keys.insert((tree, key.into())) {
            return Err(refused("its key is there already".to_owned()));
        }
        self.body.clear();
        codec::encode_into(value, &mut self.body).map_err(|error| refused(error.to_string()))?;
        let kept = pack(&self.body);
        let len = u32::try_from(kept.len());
        let len = len.map_err(|_| refused(format!("its value has {} bytes", kept.len())))?;
        let mut record = vec![tag(tree), 0];
        record.extend(key_len.to_le_bytes());
        record.extend(len.to_le_bytes());
        record.extend(key);
        record.extend(kept);
        let sum = checksum(self.store, &record);
        record.extend(sum.to_le_bytes());
        debug_assert!(record.len() > SUM);
        self.add(&record);
        if let Some(count) = self.counts.get_mut(place(tree)) {
            *count += 1;
        }
        self.rests.rest();
        if self.buffer.len() >= BUFFER { self.flush() } else { Ok(()) }
    }

    fn remove(&mut self, _tree: Tree, _key: &[u8]) -> Result<(), ImageError> {
        // There is no image before this one.
        Ok(())
    }

    fn before<T: DeserializeOwned>(
        &mut self,
        _tree: Tree,
        _key: &[u8],
    ) -> Result<Option<T>, ImageError> {
        Ok(None)
    }

    fn at_or_before(&self, _tree: Tree, _key: &[u8]) -> Option<Vec<u8>> {
        None
    }
}
