//! Looking at a journal before anything in it is changed: is it sound, and where does it end. It
//! knows nothing of appending.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::SyncMeter;
use super::archive::Shared;
use super::closed::Closed;
use super::frame::StoreId;
use super::redacted::Redacted;
use super::segment::{self, Next, Walk};
use super::source::Plain;
use super::{FileJournal, JournalOptions, State, TornTail};
use crate::store::StoreError;
use crate::store::disk::{Disk, DiskFile};

/// A journal that was looked at and found sound, before anything in it is changed.
#[derive(Debug)]
pub struct Inspected {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    store: StoreId,
    segments: Vec<u64>,
    leftovers: Vec<PathBuf>,
    file: Box<dyn DiskFile>,
    size: u64,
    end: u64,
    last_seq: u64,
    previous: u32,
    noted: bool,
    redacted: Redacted,
}

impl Inspected {
    /// Looks at the journal in a directory. Only the last segment is read whole; the others are
    /// when [`FileJournal::verify`] or a read comes to them.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] where bytes are not what was written, [`StoreError::Io`].
    pub fn read(disk: Arc<dyn Disk>, dir: &Path, store: StoreId) -> Result<Self, StoreError> {
        let segment::Listing { firsts: segments, packed, leftovers } = segment::list(&*disk, dir)?;
        let note = Closed::read(&*disk, dir)?;
        let Some(&last_first) = segments.last() else {
            return Err(StoreError::corrupt(dir, 0, "the journal has no segment"));
        };
        if packed.last() == Some(&last_first) {
            // Only what another segment follows is ever compressed.
            let path = dir.join(segment::packed_name(last_first));
            return Err(StoreError::corrupt(&path, 0, "the segment that follows it is missing"));
        }
        let path = dir.join(segment::file_name(last_first));
        let mut file = disk.open(&path).map_err(StoreError::io("open", &path))?;
        let size = file.size().map_err(StoreError::io("read", &path))?;
        let plain = Plain { file: &mut *file, path: path.clone() };
        let mut walk = Walk::start(Box::new(plain), &store, last_first, size)?;
        let bad = loop {
            match walk.next()? {
                Next::Frame(..) => {}
                Next::End => break None,
                Next::Bad(bad) => break Some(bad),
            }
        };
        let (end, previous) = (walk.offset, walk.previous);
        let last_seq = walk.next_seq.saturating_sub(1);
        if let Some(bad) = bad
            && (note.is_some() || !walk.may_cut(bad)?)
        {
            return Err(walk.damage(bad));
        }
        drop(walk);
        let redacted = Redacted::read(&*disk, dir)?;
        if let Some(note) = note
            && note != (Closed { last_seq, end })
        {
            let what = format!(
                "the journal was closed at {} with {} bytes here, found {last_seq} with {end}",
                note.last_seq, note.end
            );
            return Err(StoreError::corrupt(&path, end.min(note.end), what));
        }
        Ok(Self {
            disk,
            dir: dir.to_path_buf(),
            store,
            segments,
            leftovers,
            file,
            size,
            end,
            last_seq,
            previous,
            noted: note.is_some(),
            redacted,
        })
    }

    /// The number of the last command that will be there.
    #[must_use]
    pub const fn last_seq(&self) -> u64 {
        self.last_seq
    }

    /// Cuts off a torn tail, and opens the journal for appending.
    ///
    /// # Errors
    /// [`StoreError::Io`]; the next opening finds the same frames.
    pub fn open(
        mut self,
        options: JournalOptions,
    ) -> Result<(FileJournal, Option<TornTail>), StoreError> {
        let last = self.segments.last().copied().unwrap_or(1);
        let path = self.dir.join(segment::file_name(last));
        let torn = (self.size > self.end).then(|| TornTail {
            file: path.clone(),
            offset: self.end,
            bytes: self.size - self.end,
        });
        if torn.is_some() {
            let cut = self.file.set_size(self.end);
            cut.map_err(StoreError::io("cut", &path))?;
        }
        // What a killed process left in the system's memory is read back here as good, and the next
        // frames will say that it is durable: so it has to be.
        self.file.sync().map_err(StoreError::io("sync", &path))?;
        let synced = self.disk.sync_dir(&self.dir);
        synced.map_err(StoreError::io("sync", &self.dir))?;
        for path in self.leftovers {
            let removed = self.disk.remove(&path);
            removed.map_err(StoreError::io("remove", &path))?;
        }
        let journal = FileJournal {
            disk: self.disk,
            dir: self.dir,
            store: self.store,
            options,
            segments: self.segments,
            file: self.file,
            end: self.end,
            last_seq: self.last_seq,
            synced_seq: self.last_seq,
            waiting_since: None,
            meter: SyncMeter::default(),
            previous: self.previous,
            turn: Shared::knowing(self.redacted),
            noted: self.noted,
            state: State::Open,
            buffer: Vec::new(),
            reserve: None,
        };
        Ok((journal, torn))
    }
}
