//! Bases: the whole state as of one command in a file of its own, beside the database of
//! checkpoints and independent of it. The journal may be trimmed behind one. It knows nothing of
//! what the records mean.

mod read;
#[cfg(test)]
mod tests;
mod write;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use super::checkpoint::{RECORDS_VERSION, tag};
use super::disk::{Disk, if_there};
use super::{StoreError, StoreId};
use crate::engine::port::{ImageError, Tree};
use crate::store::pace::Pace;

pub use self::read::BaseReader;
pub use self::write::BaseWriter;

const SUFFIX: &str = ".base";
const UNFINISHED: &str = ".new";
const PUT_ASIDE: &str = ".base.damaged-";
const DIGITS: usize = 20;
const MAGIC: &[u8; 8] = b"HLbase\r\n";
const END_MAGIC: &[u8; 8] = b"HLbsend\n";
/// The format of bases as files; what is in their records has a number of its own.
const BASE_VERSION: u32 = 1;
const HEAD: usize = 64;
/// What a record has before its key.
const RECORD_HEAD: usize = 8;
/// A checksum.
const SUM: usize = 4;
const TREES: usize = Tree::ALL.len();
/// What stands behind the records: the magic, how many records each tree has, where it begins, the
/// checksum of everything before it, and its own.
const END: usize = 8 + TREES * 8 + 8 + SUM + SUM;

/// A base that is there, by its name. Whether it is good shows when it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BaseInfo {
    /// The last command that its state includes.
    pub seq: u64,
    /// Its length in bytes.
    pub bytes: u64,
    /// When it was written, by the clock of the file system.
    pub modified: SystemTime,
}

/// The bases of one store.
#[derive(Clone, Debug)]
pub struct Bases {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    store: StoreId,
    pace: Pace,
}

/// The name of the base that is good for a sequence number.
fn file_name(seq: u64) -> String {
    format!("{seq:0DIGITS$}{SUFFIX}")
}

fn parse_name(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(SUFFIX)?;
    let plain = digits.len() == DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| digits.parse().ok()).flatten()
}

/// The head: the same for all bases of a store but for the sequence number.
fn head(store: StoreId, seq: u64) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEAD);
    bytes.extend(MAGIC);
    bytes.extend(BASE_VERSION.to_le_bytes());
    bytes.extend(RECORDS_VERSION.to_le_bytes());
    bytes.extend(seq.to_le_bytes());
    bytes.extend(store.0);
    bytes.resize(HEAD - SUM, 0);
    let sum = checksum(store, &bytes);
    bytes.extend(sum.to_le_bytes());
    bytes
}

/// A checksum that no other store's bytes have.
fn checksum(store: StoreId, bytes: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&store.0), bytes)
}

/// What stands behind the records.
fn end(store: StoreId, counts: &[u64; TREES], at: u64, whole: u32) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(END);
    bytes.extend(END_MAGIC);
    bytes.extend(counts.iter().flat_map(|count| count.to_le_bytes()));
    bytes.extend(at.to_le_bytes());
    bytes.extend(whole.to_le_bytes());
    let sum = checksum(store, &bytes);
    bytes.extend(sum.to_le_bytes());
    bytes
}

/// Where a tree is among all.
fn place(tree: Tree) -> usize {
    Tree::ALL.iter().position(|it| *it == tree).unwrap_or(TREES)
}

fn tree_of(number: u8) -> Option<Tree> {
    Tree::ALL.into_iter().find(|tree| tag(*tree) == number)
}

impl Bases {
    /// The bases in a directory, which need not be there yet.
    #[must_use]
    pub const fn new(disk: Arc<dyn Disk>, dir: PathBuf, store: StoreId) -> Self {
        Self { disk, dir, store, pace: Pace::Fast }
    }

    /// The same, written at another pace.
    #[must_use]
    pub fn at(&self, pace: &Pace) -> Self {
        Self { pace: pace.clone(), ..self.clone() }
    }

    /// Where they lie.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The file of the base that is good for a sequence number.
    #[must_use]
    pub fn path(&self, seq: u64) -> PathBuf {
        self.dir.join(file_name(seq))
    }

    fn names(&self) -> Result<Vec<String>, StoreError> {
        let listed = if_there(self.disk.list(&self.dir));
        Ok(listed.map_err(StoreError::io("list", &self.dir))?.unwrap_or_default())
    }

    /// Those that are there, newest first.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn list(&self) -> Result<Vec<BaseInfo>, StoreError> {
        let seqs = self.names()?.iter().filter_map(|name| parse_name(name)).collect::<Vec<_>>();
        let mut found = Vec::new();
        for seq in seqs {
            let path = self.path(seq);
            let about = self.disk.open_read(&path).and_then(|file| file.size());
            let about = about.and_then(|bytes| {
                Ok(BaseInfo { seq, bytes, modified: self.disk.modified(&path)? })
            });
            // One that went meanwhile is not there.
            found.extend(if_there(about).map_err(StoreError::io("read", &path))?);
        }
        found.sort_unstable_by_key(|base| std::cmp::Reverse(base.seq));
        Ok(found)
    }

    /// Writes the state as of command `seq`, which has to be durable in the journal already. The
    /// base exists from the moment this returns, and not before; one for the same number is
    /// replaced.
    ///
    /// # Errors
    /// What `fill` answers, and [`ImageError::Failed`]. Nothing is there then but a file that is
    /// removed before the next one is written.
    pub fn write(
        &self,
        seq: u64,
        fill: impl FnOnce(&mut BaseWriter) -> Result<(), ImageError>,
    ) -> Result<BaseInfo, ImageError> {
        let failed = |error: StoreError| ImageError::Failed { what: error.to_string() };
        self.disk
            .make_dir(&self.dir)
            .map_err(StoreError::io("create", &self.dir))
            .map_err(failed)?;
        self.remove_unfinished().map_err(failed)?;
        let (path, unfinished) = (self.path(seq), self.dir.join(file_name(seq) + UNFINISHED));
        let file = self.disk.create(&unfinished);
        let file = file.map_err(StoreError::io("create", &unfinished)).map_err(failed)?;
        let mut writer = BaseWriter::begin(file, &unfinished, (self.store, seq), &self.pace);
        fill(&mut writer)?;
        let bytes = writer.finish()?;
        // What is about to be relied on is read once before it has its name.
        BaseReader::open(&*self.disk, &unfinished, self.store, seq).map_err(failed)?;
        self.disk
            .rename(&unfinished, &path)
            .and_then(|()| self.disk.sync_dir(&self.dir))
            .map_err(StoreError::io("create", &path))
            .map_err(failed)?;
        let modified = self.disk.modified(&path);
        let modified = modified.map_err(StoreError::io("read", &path)).map_err(failed)?;
        Ok(BaseInfo { seq, bytes, modified })
    }

    /// Removes the bases of before a command, what was never finished, and what was put aside.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn remove_below(&self, seq: u64) -> Result<(), StoreError> {
        self.remove_unfinished()?;
        for base in self.list()?.iter().filter(|base| base.seq < seq) {
            self.remove(base.seq)?;
        }
        for name in self.names()?.iter().filter(|name| name.contains(PUT_ASIDE)) {
            let path = self.dir.join(name);
            self.disk.remove(&path).map_err(StoreError::io("remove", &path))?;
        }
        let synced = if_there(self.disk.sync_dir(&self.dir));
        synced.map(drop).map_err(StoreError::io("sync", &self.dir))
    }

    /// Removes what was never finished.
    fn remove_unfinished(&self) -> Result<(), StoreError> {
        for name in self.names()? {
            if name.strip_suffix(UNFINISHED).and_then(parse_name).is_some() {
                let path = self.dir.join(name);
                self.disk.remove(&path).map_err(StoreError::io("remove", &path))?;
            }
        }
        Ok(())
    }

    /// Opens a base: the whole file is read and checked before a record of it is handed on.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] with the place of the first byte that does not check out;
    /// [`StoreError::Io`].
    pub fn read(&self, seq: u64) -> Result<BaseReader, StoreError> {
        BaseReader::open(&*self.disk, &self.path(seq), self.store, seq)
    }

    /// Removes a base. Which are still needed is the caller's to know.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn remove(&self, seq: u64) -> Result<(), StoreError> {
        let path = self.path(seq);
        self.disk
            .remove(&path)
            .and_then(|()| self.disk.sync_dir(&self.dir))
            .map_err(StoreError::io("remove", &path))
    }
}
