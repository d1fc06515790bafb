//! A disk in memory that fails at a chosen operation, and that can lose power: what was not synced
//! is then lost in part, sector by sector. It knows nothing of what is in the files.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use crate::store::disk::{Disk, DiskFile};

const SECTOR: usize = 512;

/// What happens when power is lost to what was not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// Nothing: only the process is gone.
    Nothing,
    /// All of it.
    Everything,
    /// Each sector, each length and each name is kept or lost, by a seed.
    Some(u64),
}

#[derive(Clone, Debug, Default)]
struct Content {
    live: Vec<u8>,
    durable: Vec<u8>,
    /// In seconds since 1970.
    modified: u64,
}

#[derive(Clone, Debug, Default)]
struct Inner {
    contents: Vec<Content>,
    live: BTreeMap<PathBuf, usize>,
    durable: BTreeMap<PathBuf, usize>,
    operations: u64,
    fail_at: Option<u64>,
    half: bool,
    syncs: u64,
    /// In seconds since 1970.
    now: u64,
    /// How many bytes fit on it; no end to them if none.
    capacity: Option<usize>,
}

impl Inner {
    /// Counts an operation that changes something; answers whether it is the one that fails.
    fn fails(&mut self) -> bool {
        let fails = self.fail_at == Some(self.operations);
        self.operations += 1;
        fails
    }

    /// How many bytes of what a file is to become fit on the disk.
    fn room_for(&self, id: usize, size: usize) -> usize {
        let Some(capacity) = self.capacity else {
            return size;
        };
        let others = self.live.values().filter(|it| **it != id);
        let sizes = others.filter_map(|it| self.contents.get(*it)).map(|it| it.live.len());
        size.min(capacity.saturating_sub(sizes.sum()))
    }

    fn find(&self, path: &Path) -> io::Result<usize> {
        let found = self.live.get(path).copied();
        found.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }

    fn content(&mut self, id: usize) -> io::Result<&mut Content> {
        let gone = || io::Error::other("the file is not on this disk");
        self.contents.get_mut(id).ok_or_else(gone)
    }
}

fn injected() -> io::Error {
    io::Error::other("simulated failure")
}

/// The next number of a small generator.
pub(crate) fn draw(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb) >> 8
}

/// A disk in memory. Clones are the same disk.
#[derive(Clone, Debug, Default)]
pub struct SimDisk {
    inner: Arc<Mutex<Inner>>,
}

impl SimDisk {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many operations have changed something, or tried to.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.lock().operations
    }

    /// Lets so many bytes fit on it from now on. What is there stays there.
    pub fn set_capacity(&self, bytes: Option<usize>) {
        self.lock().capacity = bytes;
    }

    /// How many bytes its files have.
    #[must_use]
    pub fn used(&self) -> usize {
        let inner = self.lock();
        let contents = inner.live.values().filter_map(|id| inner.contents.get(*id));
        contents.map(|content| content.live.len()).sum()
    }

    /// Sets the clock that says when a file was written to, in seconds since 1970.
    pub fn set_clock(&self, seconds: u64) {
        self.lock().now = seconds;
    }

    /// Counts an operation of something that lies on the same disk: whether it is the one that
    /// fails.
    pub(super) fn count(&self) -> bool {
        self.lock().fails()
    }

    /// How often a file was synced.
    #[must_use]
    pub fn syncs(&self) -> u64 {
        self.lock().syncs
    }

    /// Lets one operation fail: the one that so many others come before, counted from the start. A
    /// write that fails has written nothing, or with `half` its first half.
    pub fn fail_at(&self, operation: u64, half: bool) {
        let mut inner = self.lock();
        inner.fail_at = Some(operation);
        inner.half = half;
    }

    /// The disk as it is found afterwards. This one stays as it is.
    #[must_use]
    pub fn lose_power(&self, loss: Loss) -> Self {
        let inner = self.lock().clone();
        let mut after = Inner::default();
        let mut seed = if let Loss::Some(seed) = loss { seed } else { 0 };
        let mut keep = || match loss {
            Loss::Nothing => true,
            Loss::Everything => false,
            Loss::Some(_) => draw(&mut seed) & 1 == 1,
        };
        let mut names = inner.durable.clone();
        for (path, id) in &inner.live {
            if inner.durable.get(path) != Some(id) && keep() {
                names.insert(path.clone(), *id);
            }
        }
        for path in inner.durable.keys() {
            if !inner.live.contains_key(path) && keep() {
                names.remove(path);
            }
        }
        for (path, id) in names {
            let content = inner.contents.get(id).cloned().unwrap_or_default();
            let bytes = surviving(&content, &mut keep);
            after.live.insert(path.clone(), after.contents.len());
            after.durable.insert(path, after.contents.len());
            let modified = content.modified;
            after.contents.push(Content { live: bytes.clone(), durable: bytes, modified });
        }
        (after.now, after.capacity) = (inner.now, inner.capacity);
        Self { inner: Arc::new(Mutex::new(after)) }
    }

    /// What a file holds now.
    #[must_use]
    pub fn bytes(&self, path: &Path) -> Option<Vec<u8>> {
        let inner = self.lock();
        let id = inner.live.get(path)?;
        inner.contents.get(*id).map(|content| content.live.clone())
    }

    /// Puts a file there, durably.
    pub fn put(&self, path: &Path, bytes: Vec<u8>) {
        let mut inner = self.lock();
        let id = inner.contents.len();
        let modified = inner.now;
        inner.contents.push(Content { live: bytes.clone(), durable: bytes, modified });
        inner.live.insert(path.to_path_buf(), id);
        inner.durable.insert(path.to_path_buf(), id);
    }

    /// The paths of all files.
    #[must_use]
    pub fn paths(&self) -> Vec<PathBuf> {
        self.lock().live.keys().cloned().collect()
    }

    /// A disk with the same files, which goes its own way.
    #[must_use]
    pub fn copy(&self) -> Self {
        self.lose_power(Loss::Nothing)
    }
}

/// Sector by sector what was written last or what was synced, and one of the two lengths.
fn surviving(content: &Content, keep: &mut impl FnMut() -> bool) -> Vec<u8> {
    if content.live == content.durable {
        return content.live.clone();
    }
    let len = if keep() { content.live.len() } else { content.durable.len() };
    let mut bytes = Vec::with_capacity(len);
    while bytes.len() < len {
        let at = bytes.len();
        let from = if keep() { &content.live } else { &content.durable };
        let rest = from.get(at..).unwrap_or_default();
        bytes.extend_from_slice(rest.get(..SECTOR).unwrap_or(rest));
        bytes.resize((at + SECTOR).min(len), 0);
    }
    bytes
}

impl Disk for SimDisk {
    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let inner = self.lock();
        let inside = inner.live.keys().filter(|path| path.parent() == Some(dir));
        let names = inside.filter_map(|path| path.file_name());
        Ok(names.map(|name| name.to_string_lossy().into_owned()).collect())
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let id = self.lock().find(path)?;
        let disk = self.clone();
        Ok(Box::new(SimFile { disk, id }))
    }

    fn modified(&self, path: &Path) -> io::Result<SystemTime> {
        let mut inner = self.lock();
        let id = inner.find(path)?;
        let seconds = inner.content(id)?.modified;
        Ok(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let mut inner = self.lock();
        if inner.fails() {
            return Err(injected());
        }
        if inner.live.contains_key(path) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let id = inner.contents.len();
        inner.contents.push(Content::default());
        inner.live.insert(path.to_path_buf(), id);
        let disk = self.clone();
        Ok(Box::new(SimFile { disk, id }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut inner = self.lock();
        if inner.fails() {
            return Err(injected());
        }
        let id = inner.find(from)?;
        inner.live.remove(from);
        inner.live.insert(to.to_path_buf(), id);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut inner = self.lock();
        if inner.fails() {
            return Err(injected());
        }
        inner.find(path)?;
        inner.live.remove(path);
        Ok(())
    }

    /// Here every directory is there.
    fn make_dir(&self, _dir: &Path) -> io::Result<()> {
        Ok(())
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        let mut inner = self.lock();
        if inner.fails() {
            return Err(injected());
        }
        let here = |path: &Path| path.parent() == Some(dir);
        inner.durable.retain(|path, _| !here(path));
        let names: Vec<_> = inner.live.iter().filter(|(path, _)| here(path)).collect();
        let names: Vec<_> = names.into_iter().map(|(path, id)| (path.clone(), *id)).collect();
        inner.durable.extend(names);
        Ok(())
    }
}

#[derive(Debug)]
struct SimFile {
    disk: SimDisk,
    id: usize,
}

impl DiskFile for SimFile {
    fn size(&self) -> io::Result<u64> {
        let len = self.disk.lock().content(self.id)?.live.len();
        u64::try_from(len).map_err(io::Error::other)
    }

    fn read_at(&mut self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        let mut inner = self.disk.lock();
        let at = usize::try_from(offset).map_err(io::Error::other)?;
        let rest = inner.content(self.id)?.live.get(at..).unwrap_or_default();
        let count = rest.len().min(into.len());
        if let (Some(slots), Some(found)) = (into.get_mut(..count), rest.get(..count)) {
            slots.copy_from_slice(found);
        }
        Ok(count)
    }

    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut inner = self.disk.lock();
        let fails = inner.fails();
        let written = match (fails, inner.half) {
            (false, _) => bytes,
            (true, true) => bytes.get(..bytes.len() / 2).unwrap_or_default(),
            (true, false) => &[],
        };
        let at = usize::try_from(offset).map_err(io::Error::other)?;
        let before = inner.content(self.id)?.live.len();
        // As on other disks, what fits is written; what a file has already is never in the way.
        let fits = inner.room_for(self.id, at + written.len()).max(before).saturating_sub(at);
        let is_full = fits < written.len();
        let written = written.get(..fits).unwrap_or(written);
        let now = inner.now;
        let content = inner.content(self.id)?;
        content.modified = now;
        let live = &mut content.live;
        live.resize(live.len().max(at + written.len()), 0);
        if let Some(slots) = live.get_mut(at..at + written.len()) {
            slots.copy_from_slice(written);
        }
        match (fails, is_full) {
            (true, _) => Err(injected()),
            (false, true) => Err(io::ErrorKind::StorageFull.into()),
            (false, false) => Ok(()),
        }
    }

    fn set_size(&mut self, size: u64) -> io::Result<()> {
        let mut inner = self.disk.lock();
        if inner.fails() {
            return Err(injected());
        }
        let len = usize::try_from(size).map_err(io::Error::other)?;
        inner.content(self.id)?.live.resize(len, 0);
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut inner = self.disk.lock();
        if inner.fails() {
            return Err(injected());
        }
        inner.syncs += 1;
        let content = inner.content(self.id)?;
        content.durable = content.live.clone();
        Ok(())
    }
}
