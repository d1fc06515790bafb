//! Writing segments anew, frame by frame, beside the journal and never in its way: what a frame
//! holds may become something else, its numbers stay. It knows nothing of what the frames mean.
//!
//! A segment that was written anew says which checksum the one behind it repeats, so that one stays
//! as it is.

use std::path::Path;
use std::sync::{Arc, PoisonError};

use super::archive::{Archivist, since_1970};
use super::follow::Follower;
use super::frame::{self, HEAD, Rewritten, SegmentHead};
use super::redacted::{self, Redacted};
use super::segment::{self, Next, Walk};
use super::source::{Plain, Source};
use crate::engine::port::{Frame, JournalError};
use crate::store::StoreError;
use crate::store::disk::if_there;

/// So much is written at once.
const CHUNK: usize = 1 << 20;

/// Says what a frame is to hold instead; none if it stays as it is.
pub type Change<'a> = dyn FnMut(Frame<'_>) -> Result<Option<Vec<u8>>, StoreError> + 'a;

impl Archivist {
    /// What is known to be redacted.
    #[must_use]
    pub fn redacted(&self) -> Redacted {
        self.turn.redacted()
    }

    /// Notes, durably, what was redacted.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn note_redacted(&self, redacted: Redacted) -> Result<(), StoreError> {
        let _turn = self.turn.turn.lock().unwrap_or_else(PoisonError::into_inner);
        redacted.write(&*self.disk, &self.dir)?;
        *self.turn.redacted.lock().unwrap_or_else(PoisonError::into_inner) = redacted;
        Ok(())
    }

    /// Hands on the frames that reach `from_seq`, up to those that lie wholly behind `upto`.
    ///
    /// # Errors
    /// As [`Follower::next_frame`], and what `each` answers.
    pub fn frames(
        &self,
        (from_seq, upto): (u64, u64),
        each: &mut dyn FnMut(Frame<'_>) -> Result<(), JournalError>,
    ) -> Result<(), JournalError> {
        let mut frames = Follower::open(Arc::clone(&self.disk), &self.dir, self.store, from_seq)?;
        while let Some(taken) = frames.next_frame()? {
            if taken.first_seq > upto {
                break;
            }
            let (first_seq, last_seq) = (taken.first_seq, taken.last_seq);
            each(Frame { first_seq, last_seq, payload: &taken.payload })?;
        }
        Ok(())
    }

    /// The first number of the oldest segment from `from_seq` on that another follows, and of the
    /// one behind it.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn closed_from(&self, from_seq: u64) -> Result<Option<(u64, u64)>, StoreError> {
        let firsts = segment::list(&*self.disk, &self.dir)?.firsts;
        let followed = firsts.iter().zip(firsts.iter().skip(1));
        Ok(followed.map(|(first, next)| (*first, *next)).find(|(first, _)| *first >= from_seq))
    }

    /// Writes a segment anew that another follows, if `change` changes anything in it; whether it
    /// did. Killed at any moment of this, the segment is there, as it was or as it is to be.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the segment does not check out, which stays as it is then;
    /// [`StoreError::Io`], and what `change` answers.
    pub fn rewrite(&self, first_seq: u64, change: &mut Change<'_>) -> Result<bool, StoreError> {
        let (mut walk, _) = self.begin(first_seq)?;
        let mut changes = false;
        while let Some((head, payload)) = next(&mut walk)? {
            let (first_seq, last_seq) = (head.first_seq, head.last_seq);
            changes |= change(Frame { first_seq, last_seq, payload: &payload })?.is_some();
            if changes {
                break;
            }
        }
        if !changes {
            return Ok(false);
        }
        let name = segment::file_name(first_seq) + segment::UNFINISHED;
        redacted::remove(&*self.disk, &self.dir, &name)?;
        let unfinished = self.dir.join(name);
        let ends = self.write_anew(first_seq, &unfinished, change)?;
        self.check_anew(first_seq, &unfinished, ends)?;
        self.put_in_place(first_seq, &unfinished)?;
        Ok(true)
    }

    /// A walk over a segment, and what is true of it before it is written anew.
    fn begin(&self, first_seq: u64) -> Result<(Walk<'static>, Option<Rewritten>), StoreError> {
        let mut source = self.place().open(first_seq)?;
        let size = source.size()?;
        let rewritten = match &mut source {
            Source::Plain(plain) => segment::head(plain, &self.store)?.rewritten,
            Source::Packed(packed) => segment::head(&mut **packed, &self.store)?.rewritten,
        };
        Ok((Walk::start(source.into_bytes(), &self.store, first_seq, size)?, rewritten))
    }

    /// When a segment was last written to, in milliseconds since 1970.
    fn written(&self, first_seq: u64) -> Result<u64, StoreError> {
        match self.place().open(first_seq)? {
            Source::Plain(Plain { path, .. }) => {
                let modified = self.disk.modified(&path);
                modified.map(since_1970).map_err(StoreError::io("read", &path))
            }
            Source::Packed(packed) => Ok(packed.summary.modified_ms),
        }
    }

    /// Writes the segment, durably but under a name that nobody reads. What follows its last frame,
    /// and the checksum that the next segment repeats.
    fn write_anew(
        &self,
        first_seq: u64,
        unfinished: &Path,
        change: &mut Change<'_>,
    ) -> Result<(u64, u32), StoreError> {
        // Where it ends is in its head, which comes first.
        let (mut walk, before) = self.begin(first_seq)?;
        let begins = walk.previous;
        while next(&mut walk)?.is_some() {}
        let ends = walk.ends();
        let modified_ms = match before {
            Some(before) => before.modified_ms,
            None => self.written(first_seq)?,
        };
        let rewritten = Some(Rewritten { ends, modified_ms });
        let head = SegmentHead { first_seq, previous: begins, rewritten };
        let create = self.disk.create(unfinished);
        let mut out = create.map_err(StoreError::io("create", unfinished))?;
        let failed = |error| StoreError::io("write", unfinished)(error);
        let (mut walk, _) = self.begin(first_seq)?;
        let (mut buffer, mut at, mut previous) = (head.encode(&self.store), 0, begins);
        while let Some((head, payload)) = next(&mut walk)? {
            let (first_seq, last_seq) = (head.first_seq, head.last_seq);
            let changed = change(Frame { first_seq, last_seq, payload: &payload })?;
            let payload = changed.as_deref().unwrap_or(&payload);
            if payload.len() > frame::MAX_PAYLOAD {
                let what = format!("frame {first_seq} has {} bytes written anew", payload.len());
                return Err(walk.damage_at(walk.offset, what));
            }
            let frame = Frame { first_seq, last_seq, payload };
            let offset = at + buffer.len() as u64;
            previous =
                frame::encode(&self.store, &frame, head.synced_seq, previous, offset, &mut buffer);
            if buffer.len() >= CHUNK {
                // Little at a time, so that no commit waits long behind it.
                out.write_at(at, &buffer).and_then(|()| out.sync()).map_err(failed)?;
                at += buffer.len() as u64;
                buffer.clear();
            }
        }
        out.write_at(at, &buffer).and_then(|()| out.sync()).map_err(failed)?;
        Ok((walk.next_seq, ends))
    }

    /// Reads what was just written.
    fn check_anew(
        &self,
        first_seq: u64,
        path: &Path,
        expected: (u64, u32),
    ) -> Result<(), StoreError> {
        let file = self.disk.open_read(path).map_err(StoreError::io("open", path))?;
        let size = file.size().map_err(StoreError::io("read", path))?;
        let plain = Plain { file, path: path.to_path_buf() };
        let mut walk = Walk::start(Box::new(plain), &self.store, first_seq, size)?;
        while next(&mut walk)?.is_some() {}
        if (walk.next_seq, walk.ends()) != expected {
            return Err(walk.damage_at(HEAD as u64, "it does not end as the segment ends"));
        }
        Ok(())
    }

    /// Puts the segment in the place of the one that was there, unless that was trimmed meanwhile.
    fn put_in_place(&self, first_seq: u64, unfinished: &Path) -> Result<(), StoreError> {
        let _turn = self.turn.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let (disk, dir) = (&*self.disk, &self.dir);
        if segment::list(disk, dir)?.firsts.binary_search(&first_seq).is_err() {
            return disk.remove(unfinished).map_err(StoreError::io("remove", unfinished));
        }
        // Where both are there the plain one counts.
        let plain = dir.join(segment::file_name(first_seq));
        disk.rename(unfinished, &plain)
            .and_then(|()| disk.sync_dir(dir))
            .map_err(StoreError::io("create", &plain))?;
        let packed = dir.join(segment::packed_name(first_seq));
        let removed = if_there(disk.remove(&packed));
        let synced = removed.and_then(|gone| gone.map_or(Ok(()), |()| disk.sync_dir(dir)));
        synced.map_err(StoreError::io("remove", &packed))
    }
}

/// The next frame of a segment that another follows.
fn next(walk: &mut Walk<'_>) -> Result<Option<(frame::Head, Vec<u8>)>, StoreError> {
    let bad = match walk.next()? {
        Next::Frame(head, payload) => return Ok(Some((head, payload.to_vec()))),
        Next::End => return Ok(None),
        Next::Bad(bad) => bad,
    };
    Err(walk.damage(bad))
}
