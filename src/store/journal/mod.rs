//! The journal in a directory of segments: what the engine was told, in order, and safe from a loss
//! of power as the level says. It knows nothing of what the frames mean.

mod archive;
mod check;
mod closed;
mod copy;
mod follow;
mod frame;
mod inspect;
mod packed;
mod redacted;
mod retention;
mod rewrite;
mod segment;
mod source;
#[cfg(test)]
mod tests;
mod unpacked;

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use self::archive::Turn;
use self::closed::Closed;
use self::frame::{HEAD, SegmentHead, StoreId};
use self::segment::Next;
use self::source::Place;
use super::disk::{Disk, DiskFile};
use super::{Durability, Reserve, StoreError};
use crate::engine::port::{Frame, Journal, JournalError, Sync, SyncMeter, check_contiguous};

pub use self::archive::{Archivist, Compressed, SegmentInfo};
pub use self::check::{CheckedJournal, CheckedSegment, check};
pub use self::closed::closed_at;
pub use self::copy::{CopiedJournal, copy};
pub use self::follow::{Follower, Taken};
pub use self::frame::MAX_PAYLOAD;
pub use self::inspect::Inspected;
pub use self::redacted::Redacted;
pub use self::unpacked::unpacked;

/// How long a segment without frames is.
pub(super) const EMPTY_SEGMENT_BYTES: u64 = HEAD as u64;

/// A tail that a loss of power had left half-written, and that was cut off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TornTail {
    /// The segment.
    pub file: PathBuf,
    /// Where it now ends.
    pub offset: u64,
    /// How many bytes were cut off.
    pub bytes: u64,
}

/// How a journal is kept.
#[derive(Clone, Copy, Debug)]
pub struct JournalOptions {
    /// When an append is safe.
    pub durability: Durability,
    /// The size from which on a segment is not continued.
    pub segment_bytes: u64,
}

/// The journal of one store, open for appending.
#[derive(Debug)]
pub struct FileJournal {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    store: StoreId,
    options: JournalOptions,
    /// The first sequence number of each segment, ascending; never empty.
    segments: Vec<u64>,
    /// The last segment.
    file: Box<dyn DiskFile>,
    /// Its length.
    end: u64,
    last_seq: u64,
    /// The last sequence number that is known to be durable.
    synced_seq: u64,
    /// Since when something is not.
    waiting_since: Option<Instant>,
    meter: SyncMeter,
    /// The checksum of the last frame.
    previous: u32,
    /// Shared with those who compress its segments.
    turn: Turn,
    /// The note of a clean close is still there.
    noted: bool,
    state: State,
    buffer: Vec<u8>,
    /// Room for when the disk is full.
    reserve: Option<Arc<Reserve>>,
}

#[derive(Clone, Debug)]
enum State {
    Open,
    Poisoned(String),
    Closed,
}

fn answer(error: StoreError) -> JournalError {
    match error {
        StoreError::Corrupt { file, offset, what } => {
            JournalError::Damaged { file: file.display().to_string(), offset, what }
        }
        other => JournalError::Failed { what: other.to_string() },
    }
}

/// As [`answer`], where nothing was changed if there was no room.
fn answer_full(error: StoreError) -> JournalError {
    if error.is_full() { JournalError::Full { what: error.to_string() } } else { answer(error) }
}

impl FileJournal {
    /// Makes an empty journal in a directory that exists.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn create(disk: &dyn Disk, dir: &Path, store: &StoreId) -> Result<(), StoreError> {
        Self::create_after(disk, dir, store, 0)
    }

    /// Makes an empty journal that goes on after a command.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn create_after(
        disk: &dyn Disk,
        dir: &Path,
        store: &StoreId,
        seq: u64,
    ) -> Result<(), StoreError> {
        for path in segment::list(disk, dir)?.leftovers {
            disk.remove(&path).map_err(StoreError::io("remove", &path))?;
        }
        let head = SegmentHead { first_seq: seq.saturating_add(1), previous: 0, rewritten: None };
        segment::create(disk, dir, store, &head).map(drop)
    }

    /// Opens the journal in a directory, and cuts off a torn tail.
    ///
    /// # Errors
    /// As [`Inspected::read`] and [`Inspected::open`].
    pub fn open(
        disk: Arc<dyn Disk>,
        dir: &Path,
        store: StoreId,
        options: JournalOptions,
    ) -> Result<(Self, Option<TornTail>), StoreError> {
        Inspected::read(disk, dir, store)?.open(options)
    }

    /// Who compresses the segments of this journal: to be used from another thread, and one at a
    /// time.
    #[must_use]
    pub fn archivist(&self) -> Archivist {
        let (disk, turn) = (Arc::clone(&self.disk), Arc::clone(&self.turn));
        Archivist::new(disk, self.dir.clone(), self.store, turn)
    }

    /// Has room to take where the disk has none.
    pub fn keep_room(&mut self, reserve: Arc<Reserve>) {
        self.reserve = Some(reserve);
    }

    /// Does something that may find the disk full, if need be with the room that is kept for it.
    /// What such an attempt leaves behind is taken away.
    fn with_room<T>(
        &mut self,
        bytes: u64,
        act: impl Fn(&mut Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        loop {
            let full = match act(self) {
                Err(error) if error.is_full() => error,
                other => return other,
            };
            let path = self.last_path();
            self.file.set_size(self.end).map_err(StoreError::io("cut", &path))?;
            for path in segment::list(&*self.disk, &self.dir)?.leftovers {
                self.disk.remove(&path).map_err(StoreError::io("remove", &path))?;
            }
            if !self.reserve.as_ref().is_some_and(|reserve| reserve.give(bytes)) {
                return Err(full);
            }
        }
    }

    /// Reads and checks everything.
    ///
    /// # Errors
    /// As [`Journal::read`].
    pub fn verify(&mut self) -> Result<(), JournalError> {
        self.read(self.first_seq(), &mut |_| Ok(()))
    }

    /// How many bytes the last segment has.
    #[must_use]
    pub const fn end(&self) -> u64 {
        self.end
    }

    /// Does something that must not fail halfway: after a failure nothing is done any more.
    fn guarded<T>(
        &mut self,
        act: impl FnOnce(&mut Self) -> Result<T, JournalError>,
    ) -> Result<T, JournalError> {
        match &self.state {
            State::Open => {}
            State::Closed => return Err(JournalError::Closed),
            State::Poisoned(cause) => {
                let cause = cause.clone();
                return Err(JournalError::Poisoned { cause });
            }
        }
        let result = act(self);
        if let Err(JournalError::Failed { what }) = &result {
            self.state = State::Poisoned(what.clone());
        }
        result
    }

    fn path(&self, first_seq: u64) -> PathBuf {
        self.dir.join(segment::file_name(first_seq))
    }

    fn last_path(&self) -> PathBuf {
        self.path(self.segments.last().copied().unwrap_or(1))
    }

    fn sync_file(&mut self) -> Result<(), StoreError> {
        if self.synced_seq < self.last_seq {
            let path = self.last_path();
            let from = Instant::now();
            self.file.sync().map_err(StoreError::io("sync", &path))?;
            self.meter.add(from.elapsed());
            self.synced_seq = self.last_seq;
        }
        self.waiting_since = None;
        Ok(())
    }

    /// Begins a new segment. The one before is made durable first, at every level, so that only the
    /// last segment can ever be torn.
    fn rotate(&mut self) -> Result<(), StoreError> {
        self.sync_file()?;
        let head = SegmentHead {
            first_seq: self.last_seq.saturating_add(1),
            previous: self.previous,
            rewritten: None,
        };
        self.file = segment::create(&*self.disk, &self.dir, &self.store, &head)?;
        self.end = HEAD as u64;
        self.segments.push(head.first_seq);
        Ok(())
    }

    /// Takes the note of a clean close away, before anything is changed.
    fn go_on(&mut self) -> Result<(), StoreError> {
        if self.noted {
            Closed::remove(&*self.disk, &self.dir)?;
            self.noted = false;
        }
        Ok(())
    }

    fn begin_segment(&mut self) -> Result<(), StoreError> {
        self.go_on()?;
        self.rotate()
    }

    fn write(&mut self, frames: &[Frame<'_>]) -> Result<(), StoreError> {
        self.go_on()?;
        if self.end >= self.options.segment_bytes && self.end > HEAD as u64 {
            self.rotate()?;
        }
        let path = self.last_path();
        let size = self.file.size().map_err(StoreError::io("read", &path))?;
        if size != self.end {
            let what = format!("expected {} bytes, found {size}: another has written", self.end);
            let source = std::io::Error::other(what);
            return Err(StoreError::io("continue", &path)(source));
        }
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.clear();
        let mut previous = self.previous;
        for frame in frames {
            let offset = self.end + buffer.len() as u64;
            let (store, synced) = (&self.store, self.synced_seq);
            previous = frame::encode(store, frame, synced, previous, offset, &mut buffer);
        }
        self.file.write_at(self.end, &buffer).map_err(StoreError::io("write", &path))?;
        self.end += buffer.len() as u64;
        self.previous = previous;
        self.last_seq = frames.last().map_or(self.last_seq, |frame| frame.last_seq);
        buffer.shrink_to(4 * 1024 * 1024);
        self.buffer = buffer;
        Ok(())
    }

    fn settle(&mut self, sync: Sync) -> Result<(), StoreError> {
        if self.synced_seq == self.last_seq {
            return Ok(());
        }
        let due = match (self.options.durability, sync) {
            (Durability::None, _) => false,
            (Durability::Full, _) | (Durability::Interval(_), Sync::Now) => true,
            (Durability::Interval(ms), Sync::Level) => {
                let since = *self.waiting_since.get_or_insert_with(Instant::now);
                since.elapsed() >= Duration::from_millis(ms.into())
            }
        };
        if due { self.sync_file() } else { Ok(()) }
    }

    /// Hands on the frames of one segment, if it continues the one before; answers the number and
    /// the checksum that the next one has to continue.
    fn read_segment(
        &self,
        first_seq: u64,
        continues: Option<(u64, u32)>,
        from_seq: u64,
        each: &mut dyn FnMut(Frame<'_>) -> Result<(), JournalError>,
    ) -> Result<(u64, u32), JournalError> {
        if let Some((next, _)) = continues
            && next != first_seq
        {
            let what = format!("expected a segment that begins with {next}");
            return Err(answer(StoreError::corrupt(&self.path(first_seq), 0, what)));
        }
        let place = Place { disk: &*self.disk, dir: &self.dir, store: &self.store };
        let source = place.open(first_seq).map_err(answer)?;
        let is_last = self.segments.last() == Some(&first_seq);
        let size = if is_last { self.end } else { source.size().map_err(answer)? };
        // Behind another one it is read from its beginning, so that the chain is checked.
        let from = if continues.is_some() { 0 } else { from_seq };
        let walk = source.walk_from(&self.store, first_seq, from, size);
        let mut walk = walk.map_err(answer)?;
        if continues.is_some_and(|(_, checksum)| checksum != walk.previous) {
            return Err(answer(walk.damage_at(0, "the segment does not follow the one before")));
        }
        loop {
            match walk.next().map_err(answer)? {
                Next::Frame(head, payload) if head.last_seq >= from_seq => {
                    each(Frame { first_seq: head.first_seq, last_seq: head.last_seq, payload })?
                }
                Next::Frame(..) => {}
                Next::End => return Ok((walk.next_seq, walk.ends())),
                Next::Bad(bad) => return Err(answer(walk.damage(bad))),
            }
        }
    }

    /// The segments that nobody has trimmed meanwhile.
    fn there(&self) -> &[u64] {
        let below = self.turn.below.load(Ordering::Acquire);
        let gone = self.segments.partition_point(|first| *first < below);
        self.segments.get(gone..).unwrap_or_default()
    }

    fn read_from(
        &self,
        from: u64,
        each: &mut dyn FnMut(Frame<'_>) -> Result<(), JournalError>,
    ) -> Result<(), JournalError> {
        // Nothing goes away while several are read one after the other.
        let _turn = self.turn.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let first = self.first_seq();
        if from < first && from <= self.last_seq {
            return Err(JournalError::Trimmed { from, first });
        }
        let segments = self.there();
        let before = segments.partition_point(|first| *first <= from);
        let mut continues = None;
        for first_seq in segments.iter().skip(before.saturating_sub(1)) {
            continues = Some(self.read_segment(*first_seq, continues, from, each)?);
        }
        match continues {
            Some((next, _)) if next != self.last_seq.saturating_add(1) => {
                let what = format!("expected frames up to {}", self.last_seq);
                let path = self.last_path();
                Err(answer(StoreError::corrupt(&path, self.end, what)))
            }
            _ => Ok(()),
        }
    }

    fn drop_below(&mut self, below_seq: u64) -> Result<(), StoreError> {
        self.archivist().trim(below_seq)?;
        self.segments = self.there().to_vec();
        Ok(())
    }
}

impl Journal for FileJournal {
    fn append(&mut self, frames: &[Frame<'_>], sync: Sync) -> Result<(), JournalError> {
        self.guarded(|journal| {
            check_contiguous(journal.last_seq, frames)?;
            let mut lengths = frames.iter().map(|frame| frame.payload.len());
            if let Some(found) = lengths.find(|len| *len > MAX_PAYLOAD) {
                let what =
                    format!("expected a frame of at most {MAX_PAYLOAD} bytes, found {found}");
                return Err(JournalError::Refused { what });
            }
            if !frames.is_empty() {
                let bytes = frames.iter().map(|frame| frame.payload.len() as u64).sum();
                journal.with_room(bytes, |journal| journal.write(frames)).map_err(answer_full)?;
            }
            journal.settle(sync).map_err(answer)
        })
    }

    fn sync(&mut self) -> Result<(), JournalError> {
        self.guarded(|journal| journal.settle(Sync::Now).map_err(answer))
    }

    fn sync_meter(&self) -> SyncMeter {
        self.meter.clone()
    }

    fn sync_due(&self) -> Option<Duration> {
        let Durability::Interval(ms) = self.options.durability else {
            return None;
        };
        let since = self.waiting_since?;
        Some(Duration::from_millis(ms.into()).saturating_sub(since.elapsed()))
    }

    fn read(
        &mut self,
        from_seq: u64,
        each: &mut dyn FnMut(Frame<'_>) -> Result<(), JournalError>,
    ) -> Result<(), JournalError> {
        self.guarded(|journal| journal.read_from(from_seq.max(1), each))
    }

    fn last_seq(&self) -> u64 {
        self.last_seq
    }

    fn first_seq(&self) -> u64 {
        self.there().first().copied().unwrap_or(1)
    }

    fn replays_from(&self) -> u64 {
        self.first_seq().max(self.turn.replays_from())
    }

    fn end_segment(&mut self) -> Result<(), JournalError> {
        self.guarded(|journal| {
            if journal.end <= HEAD as u64 {
                return Ok(());
            }
            journal.with_room(0, Self::begin_segment).map_err(answer_full)
        })
    }

    fn trim(&mut self, below_seq: u64) -> Result<(), JournalError> {
        self.guarded(|journal| journal.drop_below(below_seq).map_err(answer))
    }

    fn close(&mut self) -> Result<(), JournalError> {
        self.guarded(|journal| {
            journal.sync_file().map_err(answer)?;
            if !journal.noted {
                let note = Closed { last_seq: journal.last_seq, end: journal.end };
                let noted = |journal: &mut Self| note.write(&*journal.disk, &journal.dir);
                journal.with_room(0, noted).map_err(answer)?;
            }
            journal.state = State::Closed;
            Ok(())
        })
    }
}
