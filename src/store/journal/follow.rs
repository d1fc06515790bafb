//! Reading a journal that somebody else may be appending to, without the store's lock and without
//! changing anything. It knows nothing of what the frames mean.
//!
//! Every frame is checked as at open. Where the last segment ends within a frame, that is the end
//! for now: it is being written, or a crash left it and the next open cuts it off.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::archive::{self, SegmentInfo};
use super::closed::Closed;
use super::frame::StoreId;
use super::segment::{self, Next, Walk};
use super::source::Place;
use super::{TornTail, answer};
use crate::engine::port::JournalError;
use crate::store::StoreError;
use crate::store::disk::Disk;

/// How often what does not fit together is looked at again: a writer or a compressor may have been
/// in the middle of something, but it is never so twice in a row at one place.
const LOOKS: u32 = 3;

/// A reader of the frames of a journal, from one sequence number on.
pub struct Follower {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    store: StoreId,
    from_seq: u64,
    /// The segment that is read, by its first sequence number.
    segment: u64,
    /// Where in it the next frame begins, its number, and the checksum it repeats; none at the
    /// segment's beginning, with what it has to continue.
    at: Option<(u64, u64, u32)>,
    continues: Option<u32>,
    walk: Option<Walk<'static>>,
    torn: Option<TornTail>,
}

impl std::fmt::Debug for Follower {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Follower").field("dir", &self.dir).field("at", &self.at).finish()
    }
}

/// A frame of a journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The number of the first command in it.
    pub first_seq: u64,
    /// The number of the last command in it.
    pub last_seq: u64,
    /// What it holds.
    pub payload: Vec<u8>,
}

/// What there is where nothing follows.
enum Ahead {
    /// The next segment.
    Segment,
    /// Nothing yet.
    Nothing,
    /// Something that does not fit to what was read.
    Odd(String),
}

impl Follower {
    /// Begins with the first frame that reaches `from_seq`.
    ///
    /// # Errors
    /// [`JournalError::Trimmed`] if the journal begins later; 0 stands for its beginning, wherever
    /// that is. [`JournalError::Damaged`] and [`JournalError::Failed`].
    pub fn open(
        disk: Arc<dyn Disk>,
        dir: &Path,
        store: StoreId,
        from_seq: u64,
    ) -> Result<Self, JournalError> {
        let firsts = segment::list(&*disk, dir).map_err(answer)?.firsts;
        let Some(first) = firsts.first().copied() else {
            return Err(answer(StoreError::corrupt(dir, 0, "the journal has no segment")));
        };
        if from_seq != 0 && from_seq < first {
            return Err(JournalError::Trimmed { from: from_seq, first });
        }
        let before = firsts.partition_point(|first| *first <= from_seq).saturating_sub(1);
        Ok(Self {
            disk,
            dir: dir.to_path_buf(),
            store,
            from_seq,
            segment: firsts.get(before).copied().unwrap_or(first),
            at: None,
            continues: None,
            walk: None,
            torn: None,
        })
    }

    fn place(&self) -> Place<'_> {
        Place { disk: &*self.disk, dir: &self.dir, store: &self.store }
    }

    /// How each segment is kept, the oldest first.
    ///
    /// # Errors
    /// As [`Follower::open`].
    pub fn segments(&self) -> Result<Vec<SegmentInfo>, JournalError> {
        archive::segments(self.place()).map_err(answer)
    }

    /// What stands at the end and is no whole frame, if the last call of [`Follower::next_frame`]
    /// came to such an end.
    #[must_use]
    pub const fn unfinished(&self) -> Option<&TornTail> {
        self.torn.as_ref()
    }

    /// The next frame; none if there is none yet, and then it may be asked again.
    ///
    /// # Errors
    /// As [`Follower::open`]; [`JournalError::Trimmed`] if what comes next has been trimmed.
    pub fn next_frame(&mut self) -> Result<Option<Taken>, JournalError> {
        self.torn = None;
        let mut looks = 0;
        loop {
            match self.step()? {
                Step::Frame(taken) if taken.last_seq >= self.from_seq => return Ok(Some(taken)),
                Step::Frame(_) => looks = 0,
                Step::On => looks = 0,
                Step::End => return Ok(None),
                Step::Odd(error) if looks + 1 == LOOKS => return Err(error),
                Step::Odd(_) => {
                    looks += 1;
                    self.walk = None;
                }
            }
        }
    }

    /// The walk at the place where the last one was, over what the segment has now.
    fn walk(&mut self) -> Result<Walk<'static>, StoreError> {
        let source = self.place().open(self.segment)?;
        let size = source.size()?;
        if let Some(at) = self.at {
            let mut source = source.into_bytes();
            if segment::head(&mut *source, &self.store)?.rewritten.is_none() {
                return Ok(Walk::resume(source, &self.store, size, at, None));
            }
            // It may have been written anew since, and what comes next lies elsewhere in it.
            self.from_seq = self.from_seq.max(at.1);
            return Walk::start(source, &self.store, self.segment, size);
        }
        let Some(previous) = self.continues else {
            return source.walk_from(&self.store, self.segment, self.from_seq, size);
        };
        let walk = Walk::start(source.into_bytes(), &self.store, self.segment, size)?;
        if walk.previous == previous {
            return Ok(walk);
        }
        Err(walk.damage_at(0, "the segment does not follow the one before"))
    }

    fn step(&mut self) -> Result<Step, JournalError> {
        let fresh = self.walk.is_none();
        let mut walk = match self.walk.take() {
            Some(walk) => walk,
            None => match self.walk() {
                Ok(walk) => walk,
                Err(error) => return Ok(Step::Odd(self.gone(error))),
            },
        };
        let mut bad = None;
        match walk.next().map_err(answer)? {
            Next::Frame(head, payload) => {
                let (first_seq, last_seq) = (head.first_seq, head.last_seq);
                let payload = payload.to_vec();
                self.at = Some((walk.offset, walk.next_seq, walk.previous));
                self.walk = Some(walk);
                return Ok(Step::Frame(Taken { first_seq, last_seq, payload }));
            }
            Next::End => {}
            Next::Bad(found) => bad = Some(found),
        }
        self.at = Some((walk.offset, walk.next_seq, walk.previous));
        let ahead = self.ahead(walk.next_seq, bad.is_some()).map_err(answer)?;
        // One that another follows is not written to any more, but it may have been written anew.
        let followed = bad.is_none() && matches!(ahead, Ahead::Segment);
        if !fresh && !followed {
            // The segment may have grown since it was opened.
            return Ok(Step::On);
        }
        let cut = match bad {
            Some(bad) => walk.may_cut(bad).map_err(answer)?,
            None => true,
        };
        let torn = bad.map(|_| walk.rest());
        let damage = bad.map(|bad| answer(walk.damage(bad)));
        Ok(match (ahead, damage) {
            (Ahead::Segment, None) => {
                self.continues = Some(walk.ends());
                (self.segment, self.at) = (walk.next_seq, None);
                Step::On
            }
            (Ahead::Nothing, _) if cut => {
                self.torn = torn;
                Step::End
            }
            (_, Some(damage)) => Step::Odd(damage),
            (Ahead::Odd(what), None) => Step::Odd(answer(walk.damage_at(walk.offset, what))),
            (Ahead::Nothing, None) => Step::End,
        })
    }

    /// What follows the last whole frame of a segment, as far as the directory says.
    fn ahead(&self, next_seq: u64, torn: bool) -> Result<Ahead, StoreError> {
        let firsts = segment::list(&*self.disk, &self.dir)?.firsts;
        if next_seq > self.segment && firsts.binary_search(&next_seq).is_ok() {
            return Ok(Ahead::Segment);
        }
        if firsts.last().is_some_and(|last| *last > self.segment) {
            return Ok(Ahead::Odd(format!("expected a segment that begins with {next_seq}")));
        }
        // A note says where the end is, and there is none while anything is appended.
        Ok(match Closed::read(&*self.disk, &self.dir)? {
            Some(note) if torn || note.last_seq.saturating_add(1) != next_seq => Ahead::Odd(
                format!("the journal was closed at {}, found {}", note.last_seq, next_seq - 1),
            ),
            _ => Ahead::Nothing,
        })
    }

    /// The error of a segment that could not be opened: it may have been trimmed.
    fn gone(&self, error: StoreError) -> JournalError {
        let missing = matches!(
            &error,
            StoreError::Io { source, .. } if source.kind() == ErrorKind::NotFound
        );
        let first = segment::list(&*self.disk, &self.dir).ok();
        match first.and_then(|listing| listing.firsts.first().copied()) {
            Some(first) if missing && first > self.segment => {
                let from = self.at.map_or(self.segment, |(_, next_seq, _)| next_seq);
                JournalError::Trimmed { from, first }
            }
            _ => answer(error),
        }
    }
}

enum Step {
    Frame(Taken),
    /// Look again, there may be more.
    On,
    End,
    /// Trouble, unless it is gone at the next look.
    Odd(JournalError),
}
