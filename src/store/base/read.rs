//! Reading a base: all of it is checked first, so that nothing is ever half-read.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use super::{
    BASE_VERSION, END, HEAD, MAGIC, RECORD_HEAD, RECORDS_VERSION, SUM, TREES, checksum, end, head,
    place, tree_of,
};
use crate::engine::port::{ImageError, ImageReader, Tree};
use crate::store::checkpoint::{MAX_KEY, unpack};
use crate::store::disk::{Disk, DiskFile};
use crate::store::{StoreError, StoreId, codec};

/// How much is read at once.
const WINDOW: usize = 1024 * 1024;

/// Where the value of a record lies.
#[derive(Clone, Debug)]
struct Entry {
    key: Box<[u8]>,
    offset: u64,
    len: usize,
}

/// Gives the records of one base back, tree by tree and in the order of their keys.
#[derive(Debug)]
pub struct BaseReader {
    file: Box<dyn DiskFile>,
    path: PathBuf,
    seq: u64,
    bytes: u64,
    trees: [Vec<Entry>; TREES],
}

/// A file that is read once from its beginning to its end.
struct Pass<'a> {
    file: &'a mut dyn DiskFile,
    path: &'a Path,
    size: u64,
    /// Where the window begins in the file, and how much of it was taken.
    start: u64,
    taken: usize,
    window: Vec<u8>,
    whole: u32,
}

impl Pass<'_> {
    const fn offset(&self) -> u64 {
        self.start + self.taken as u64
    }

    /// The next bytes, which stay where they are.
    fn look(&mut self, len: usize) -> Result<&[u8], StoreError> {
        if self.window.len() - self.taken < len {
            let rest = self.size.saturating_sub(self.offset());
            if rest < len as u64 {
                let what = format!("expected {len} bytes, found {rest}");
                return Err(StoreError::corrupt(self.path, self.offset(), what));
            }
            self.start = self.offset();
            self.taken = 0;
            let rest = usize::try_from(rest).unwrap_or(usize::MAX);
            self.window.resize(len.max(WINDOW).min(rest), 0);
            let read = self.file.read_at(self.start, &mut self.window);
            let found = read.map_err(StoreError::io("read", self.path))?;
            self.window.truncate(found);
        }
        let found = self.window.get(self.taken..self.taken.saturating_add(len));
        found.ok_or_else(|| StoreError::corrupt(self.path, self.start, "the file became shorter"))
    }

    /// Goes past the next bytes.
    fn pass(&mut self, len: usize) {
        let passed = self.window.get(self.taken..self.taken.saturating_add(len));
        self.whole = crc32c::crc32c_append(self.whole, passed.unwrap_or_default());
        self.taken = self.taken.saturating_add(len);
    }
}

fn number(bytes: &[u8], at: usize) -> u32 {
    let found = bytes.get(at..).and_then(|rest| rest.first_chunk::<4>());
    found.map_or(0, |bytes| u32::from_le_bytes(*bytes))
}

impl BaseReader {
    pub(super) fn open(
        disk: &dyn Disk,
        path: &Path,
        store: StoreId,
        seq: u64,
    ) -> Result<Self, StoreError> {
        let mut file = disk.open_read(path).map_err(StoreError::io("open", path))?;
        let size = file.size().map_err(StoreError::io("read", path))?;
        let mut pass =
            Pass { file: &mut *file, path, size, start: 0, taken: 0, window: Vec::new(), whole: 0 };
        check_head(&mut pass, store, seq)?;
        let trees = records(&mut pass, store)?;
        Ok(Self { file, path: path.to_path_buf(), seq, bytes: size, trees })
    }

    /// The last command that its state includes.
    #[must_use]
    pub const fn seq(&self) -> u64 {
        self.seq
    }

    /// How long the file is.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// How many records it has.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.trees.iter().map(|tree| tree.len() as u64).sum()
    }

    fn value(&mut self, tree: Tree, entry: &Entry) -> Result<Vec<u8>, ImageError> {
        let mut kept = vec![0; entry.len];
        let read = self.file.read_at(entry.offset, &mut kept);
        let found = read.map_err(StoreError::io("read", &self.path));
        let found = found.map_err(|error| ImageError::Failed { what: error.to_string() })?;
        let damaged = |what: &str| ImageError::Damaged { tree: tree.name(), what: what.to_owned() };
        if found != entry.len {
            return Err(damaged("a record of the base is cut short"));
        }
        unpack(&kept).map(std::borrow::Cow::into_owned).map_err(damaged)
    }
}

fn check_head(pass: &mut Pass<'_>, store: StoreId, seq: u64) -> Result<(), StoreError> {
    let path = pass.path;
    let found = pass.look(HEAD)?;
    let bad = |offset: u64, what: String| Err(StoreError::corrupt(path, offset, what));
    if !found.starts_with(MAGIC) {
        return bad(0, "it does not begin as a base does".to_owned());
    }
    let sealed = found.split_last_chunk::<SUM>();
    let own = sealed.is_some_and(|(bytes, sum)| {
        // The versions count before the checksum: a later one may write the rest as it likes.
        checksum(store, bytes) == u32::from_le_bytes(*sum)
    });
    for (at, name, expected) in [(8, "base", BASE_VERSION), (12, "record", RECORDS_VERSION)] {
        let version = number(found, at);
        if own && version != expected {
            return bad(at as u64, format!("expected {name} version {expected}, found {version}"));
        }
    }
    if found != head(store, seq) {
        return bad(0, "its head is not that of this store and this file's name".to_owned());
    }
    pass.pass(HEAD);
    Ok(())
}

fn records(pass: &mut Pass<'_>, store: StoreId) -> Result<[Vec<Entry>; TREES], StoreError> {
    let mut trees: [Vec<Entry>; TREES] = Default::default();
    loop {
        let (path, offset) = (pass.path, pass.offset());
        let bad = |what: &str| StoreError::corrupt(path, offset, what);
        if pass.size - offset == END as u64 {
            let counts = trees.each_ref().map(|tree| tree.len() as u64);
            let expected = end(store, &counts, offset, pass.whole);
            if pass.look(END)? != expected {
                return Err(bad("its end does not fit what comes before it"));
            }
            break;
        }
        let head = pass.look(RECORD_HEAD)?;
        let lengths = (number(head, 0) >> 16, number(head, 4));
        let (kind, zero) = (head.first().copied().unwrap_or(0), head.get(1).copied());
        let (Some(tree), Some(0)) = (tree_of(kind), zero) else {
            return Err(bad("expected a record"));
        };
        let key_len = usize::try_from(lengths.0).unwrap_or(0);
        let len = usize::try_from(lengths.1).unwrap_or(usize::MAX);
        if key_len == 0 || key_len > MAX_KEY || len > codec::MAX_BYTES + MAX_KEY {
            return Err(bad("a record has a length that none has"));
        }
        let covered = RECORD_HEAD + key_len + len;
        let record = pass.look(covered + SUM)?;
        let (bytes, sum) = record.split_at_checked(covered).unwrap_or_default();
        if checksum(store, bytes) != number(sum, 0) {
            return Err(bad("a record fails its checksum"));
        }
        let key = bytes.get(RECORD_HEAD..RECORD_HEAD + key_len).unwrap_or_default().into();
        let at = offset + (RECORD_HEAD + key_len) as u64;
        if let Some(entries) = trees.get_mut(place(tree)) {
            entries.push(Entry { key, offset: at, len });
        }
        pass.pass(covered + SUM);
    }
    for entries in &mut trees {
        entries.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        let twice = entries.windows(2).find(|two| matches!(two, [a, b] if a.key == b.key));
        if let Some([_, second]) = twice {
            return Err(StoreError::corrupt(pass.path, second.offset, "a key is there twice"));
        }
    }
    Ok(trees)
}

impl BaseReader {
    /// Hands on the value of every record, as it was encoded.
    ///
    /// # Errors
    /// [`ImageError::Damaged`] and [`ImageError::Failed`].
    pub fn each_value(&mut self, each: &mut dyn FnMut(&[u8])) -> Result<(), ImageError> {
        for tree in Tree::ALL {
            let entries = self.trees.get(place(tree)).cloned().unwrap_or_default();
            for entry in entries {
                each(&self.value(tree, &entry)?);
            }
        }
        Ok(())
    }

    /// Hands on the records of a tree whose keys are wanted.
    fn hand_on<T: DeserializeOwned>(
        &mut self,
        tree: Tree,
        is_wanted: impl Fn(&[u8]) -> bool,
        mut each: impl FnMut(&[u8], T) -> Result<(), ImageError>,
    ) -> Result<(), ImageError> {
        // They are handed on from here; the file has been checked, so they are read but once more.
        let entries = self.trees.get_mut(place(tree)).map(std::mem::take).unwrap_or_default();
        let mut result = Ok(());
        for entry in entries.iter().filter(|entry| is_wanted(&entry.key)) {
            let value = self.value(tree, entry).and_then(|body| {
                codec::decode(&body).map_err(|error| ImageError::Damaged {
                    tree: tree.name(),
                    what: error.to_string(),
                })
            });
            result = value.and_then(|value| each(&entry.key, value));
            if result.is_err() {
                break;
            }
        }
        if let Some(slot) = self.trees.get_mut(place(tree)) {
            *slot = entries;
        }
        result
    }
}

impl ImageReader for BaseReader {
    fn each<T: DeserializeOwned>(
        &mut self,
        tree: Tree,
        each: impl FnMut(&[u8], T) -> Result<(), ImageError>,
    ) -> Result<(), ImageError> {
        self.hand_on(tree, |_| true, each)
    }

    fn between<T: DeserializeOwned>(
        &mut self,
        tree: Tree,
        (from, to): (&[u8], &[u8]),
        each: impl FnMut(&[u8], T) -> Result<(), ImageError>,
    ) -> Result<(), ImageError> {
        self.hand_on(tree, |key| from <= key && key < to, each)
    }
}
