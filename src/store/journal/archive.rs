//! Compressing segments that are closed, beside the journal and never in its way. It knows nothing
//! of appending, nor of when it is a good moment.

#[cfg(test)]
mod tests;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::frame::{HEAD, StoreId};
use super::packed::{self, Packed, Packer, Summary};
use super::redacted::Redacted;
use super::retention::{self, Aged};
use super::segment::{self, Next, Walk};
use super::source::{Place, Plain, Source};
use crate::store::StoreError;
use crate::store::disk::{Disk, DiskFile};
use crate::store::pace::{Pace, Rests};

/// Held by whoever takes segments away or puts others in their place, and by whoever reads several
/// of them one after the other.
pub(super) type Turn = Arc<Shared>;

/// Whose turn it is, and what was taken away already.
#[derive(Debug, Default)]
pub(super) struct Shared {
    pub turn: Mutex<()>,
    /// The first sequence number of the oldest segment that was left, once some were trimmed.
    pub below: AtomicU64,
    /// What is known to be redacted.
    pub redacted: Mutex<Redacted>,
}

impl Shared {
    pub(super) fn knowing(redacted: Redacted) -> Turn {
        Arc::new(Self { redacted: Mutex::new(redacted), ..Self::default() })
    }

    /// What is known to be redacted.
    pub(super) fn redacted(&self) -> Redacted {
        *self.redacted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first number from which on the journal can be replayed, of what is not trimmed.
    pub(super) fn replays_from(&self) -> u64 {
        self.redacted().floor.saturating_add(1)
    }
}

/// Looks after the segments that are not written to any more: compresses them, and says which are
/// old. It may be used from any thread while the journal is appended to and trimmed; one at a time.
#[derive(Clone, Debug)]
pub struct Archivist {
    pub(super) disk: Arc<dyn Disk>,
    pub(super) dir: PathBuf,
    pub(super) store: StoreId,
    pub(super) turn: Turn,
    pub(super) pace: Pace,
}

/// What came of compressing a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compressed {
    /// The first sequence number in it.
    pub first_seq: u64,
    /// Its length before, in bytes.
    pub plain_bytes: u64,
    /// Its length now, in bytes.
    pub packed_bytes: u64,
}

/// How a segment is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentInfo {
    /// The first sequence number in it.
    pub first_seq: u64,
    /// How many bytes it has on the disk.
    pub bytes: u64,
    /// How many bytes it has when it is not compressed.
    pub plain_bytes: u64,
    /// Whether it is compressed.
    pub compressed: bool,
}

impl Archivist {
    pub(super) const fn new(disk: Arc<dyn Disk>, dir: PathBuf, store: StoreId, turn: Turn) -> Self {
        Self { disk, dir, store, turn, pace: Pace::Fast }
    }

    /// The same, working at another pace.
    #[must_use]
    pub fn at(&self, pace: &Pace) -> Self {
        Self { pace: pace.clone(), ..self.clone() }
    }

    pub(super) fn place(&self) -> Place<'_> {
        Place { disk: &*self.disk, dir: &self.dir, store: &self.store }
    }

    /// Compresses the oldest plain segment whose sequence numbers are all below `below_seq`, and is
    /// not the last one; none if there is none. Killed at any moment of this, nothing is lost: the
    /// plain segment goes when the compressed one is durable and was read back.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the segment does not check out, which stays as it is then;
    /// [`StoreError::Io`].
    pub fn compress_one(&self, below_seq: u64) -> Result<Option<Compressed>, StoreError> {
        let listing = segment::list(&*self.disk, &self.dir)?;
        let followed = listing.firsts.iter().zip(listing.firsts.iter().skip(1));
        let oldest = followed
            .filter(|(_, next)| **next <= below_seq)
            .map(|(first, next)| (*first, *next))
            .find(|(first, _)| listing.packed.binary_search(first).is_err());
        let Some((first_seq, next_seq)) = oldest else {
            return Ok(None);
        };
        let unfinished = self.dir.join(segment::packed_name(first_seq) + segment::UNFINISHED);
        if listing.leftovers.contains(&unfinished) {
            self.disk.remove(&unfinished).map_err(StoreError::io("remove", &unfinished))?;
        }
        let mut rests = Rests::new(&self.pace);
        let compressed = self.pack((first_seq, next_seq), &unfinished, &mut rests)?;
        self.replace(first_seq, &unfinished, compressed)
    }

    /// Writes the compressed segment, durably but under a name that nobody reads, and reads it
    /// back.
    fn pack(
        &self,
        (first_seq, next_seq): (u64, u64),
        unfinished: &Path,
        rests: &mut Rests,
    ) -> Result<Compressed, StoreError> {
        let path = self.dir.join(segment::file_name(first_seq));
        let open = || self.disk.open_read(&path).map_err(StoreError::io("open", &path));
        let (file, mut raw) = (open()?, open()?);
        let plain_bytes = file.size().map_err(StoreError::io("read", &path))?;
        let modified = self.disk.modified(&path).map_err(StoreError::io("read", &path))?;
        let mut plain = Plain { file, path: path.clone() };
        let rewritten = segment::head(&mut plain, &self.store)?.rewritten;
        let mut walk = Walk::start(Box::new(plain), &self.store, first_seq, plain_bytes)?;
        let create = self.disk.create(unfinished);
        let mut out = create.map_err(StoreError::io("create", unfinished))?;
        let mut packer = Packer::new(&mut *out, unfinished, self.store);
        // The head of the segment goes with its first frames.
        let mut begins = (0, walk.next_seq, walk.previous);
        let mut block = Vec::new();
        loop {
            let ended = match walk.next()? {
                Next::Frame(..) => false,
                Next::End => true,
                Next::Bad(bad) => return Err(walk.damage(bad)),
            };
            rests.rest();
            let (at, first, previous) = begins;
            let len = walk.offset - at;
            if (ended && len > 0) || len >= packed::BLOCK_BYTES {
                block.resize(usize::try_from(len).unwrap_or(0), 0);
                let found = raw.read_at(at, &mut block).map_err(StoreError::io("read", &path))?;
                block.truncate(found);
                packer.add(first, previous, &block)?;
                begins = (walk.offset, walk.next_seq, walk.previous);
            }
            if ended {
                break;
            }
        }
        if walk.next_seq != next_seq {
            let what = format!("expected frames up to {}", next_seq - 1);
            return Err(walk.damage_at(walk.offset, what));
        }
        let summary = Summary {
            first_seq,
            last_seq: next_seq - 1,
            plain_bytes,
            modified_ms: rewritten.map_or_else(|| since_1970(modified), |it| it.modified_ms),
            stands_for: rewritten.map(|it| it.ends),
        };
        packer.finish(&summary)?;
        drop(out);
        self.read_back(&walk, unfinished, rests)
    }

    /// Reads what was just written: no segment goes on the word of the compressor alone.
    fn read_back(
        &self,
        plain: &Walk<'_>,
        path: &Path,
        rests: &mut Rests,
    ) -> Result<Compressed, StoreError> {
        let file = self.disk.open_read(path).map_err(StoreError::io("open", path))?;
        let packed_bytes = file.size().map_err(StoreError::io("read", path))?;
        let packed = Packed::open(file, path, &self.store)?;
        let summary = packed.summary;
        let (first_seq, plain_bytes) = (summary.first_seq, summary.plain_bytes);
        let mut walk = Walk::start(Box::new(packed), &self.store, first_seq, plain_bytes)?;
        loop {
            match walk.next()? {
                Next::Frame(..) => rests.rest(),
                Next::End => break,
                Next::Bad(bad) => return Err(walk.damage(bad)),
            }
        }
        let ends = |walk: &Walk<'_>| (walk.offset, walk.next_seq, walk.previous);
        if ends(&walk) != ends(plain) {
            return Err(walk.damage_at(HEAD as u64, "it does not hold what the segment holds"));
        }
        Ok(Compressed { first_seq, plain_bytes, packed_bytes })
    }

    /// Puts the compressed segment in the place of the plain one, unless that was trimmed
    /// meanwhile.
    fn replace(
        &self,
        first_seq: u64,
        unfinished: &Path,
        compressed: Compressed,
    ) -> Result<Option<Compressed>, StoreError> {
        let _turn = self.turn.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let plain = self.dir.join(segment::file_name(first_seq));
        let packed = self.dir.join(segment::packed_name(first_seq));
        let listing = segment::list(&*self.disk, &self.dir)?;
        if listing.firsts.binary_search(&first_seq).is_err() {
            self.disk.remove(unfinished).map_err(StoreError::io("remove", unfinished))?;
            return Ok(None);
        }
        let dir = &self.dir;
        self.disk
            .rename(unfinished, &packed)
            .and_then(|()| self.disk.sync_dir(dir))
            .map_err(StoreError::io("create", &packed))?;
        self.disk
            .remove(&plain)
            .and_then(|()| self.disk.sync_dir(dir))
            .map_err(StoreError::io("remove", &plain))?;
        Ok(Some(compressed))
    }

    /// Takes away the segments that lie wholly below a sequence number, the oldest first. The last
    /// one stays. How many went.
    ///
    /// # Errors
    /// [`StoreError::Io`]; whatever is left has no gap.
    pub fn trim(&self, below_seq: u64) -> Result<u64, StoreError> {
        let _turn = self.turn.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let firsts = segment::list(&*self.disk, &self.dir)?.firsts;
        let followed = firsts.iter().zip(firsts.iter().skip(1));
        let mut trimmed = 0;
        for (first, next) in followed.take_while(|(_, next)| **next <= below_seq) {
            remove_segment(&*self.disk, &self.dir, *first)?;
            self.turn.below.store(*next, Ordering::Release);
            trimmed += 1;
        }
        if trimmed > 0 {
            let synced = self.disk.sync_dir(&self.dir);
            synced.map_err(StoreError::io("sync", &self.dir))?;
        }
        Ok(trimmed)
    }

    /// The number to trim below: nothing at or above `below_seq`, which is what is still needed,
    /// and no segment that was written to within so many days before `now`.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a compressed segment's head does not check out;
    /// [`StoreError::Io`].
    pub fn expendable_below(
        &self,
        below_seq: u64,
        history_days: u32,
        now: SystemTime,
    ) -> Result<u64, StoreError> {
        let firsts = segment::list(&*self.disk, &self.dir)?.firsts;
        let mut segments = Vec::new();
        for (first, next) in firsts.iter().zip(firsts.iter().skip(1)) {
            // Those from here on are needed however old they are.
            if *next > below_seq {
                break;
            }
            let modified = match self.place().open(*first)? {
                Source::Plain(plain) => self.modified(plain)?,
                Source::Packed(packed) => at_ms(packed.summary.modified_ms),
            };
            segments.push(Aged { next_seq: *next, modified });
        }
        Ok(retention::expendable_below(&segments, below_seq, history_days, now))
    }

    /// When a plain segment was last written to, but for being written anew.
    fn modified(&self, mut plain: Plain<Box<dyn DiskFile>>) -> Result<SystemTime, StoreError> {
        if let Some(rewritten) = segment::head(&mut plain, &self.store)?.rewritten {
            return Ok(at_ms(rewritten.modified_ms));
        }
        let asked = self.disk.modified(&plain.path);
        asked.map_err(StoreError::io("read", &plain.path))
    }

    /// How each segment is kept, the oldest first.
    ///
    /// # Errors
    /// As [`Archivist::expendable_below`].
    pub fn segments(&self) -> Result<Vec<SegmentInfo>, StoreError> {
        segments(self.place())
    }
}

/// Removes a segment, however it is kept: both are there if compressing it was interrupted.
fn remove_segment(disk: &dyn Disk, dir: &Path, first_seq: u64) -> Result<(), StoreError> {
    for name in [segment::file_name(first_seq), segment::packed_name(first_seq)] {
        let path = dir.join(name);
        match disk.remove(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(StoreError::io("remove", &path)(error));
            }
            _ => {}
        }
    }
    Ok(())
}

/// How each segment of a journal is kept, the oldest first.
pub(super) fn segments(place: Place<'_>) -> Result<Vec<SegmentInfo>, StoreError> {
    let info = |first_seq: u64| {
        let source = place.open(first_seq)?;
        let plain_bytes = source.size()?;
        let (bytes, compressed) = match &source {
            Source::Plain(_) => (plain_bytes, false),
            Source::Packed(packed) => (packed.size()?, true),
        };
        Ok(SegmentInfo { first_seq, bytes, plain_bytes, compressed })
    };
    // Whoever looks from another process does not wait for its turn.
    segment::while_others_work(place.dir, || {
        let firsts = segment::list(place.disk, place.dir)?.firsts;
        firsts.into_iter().map(info).collect()
    })
}

pub(super) fn since_1970(at: SystemTime) -> u64 {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

fn at_ms(ms: u64) -> SystemTime {
    UNIX_EPOCH.checked_add(Duration::from_millis(ms)).unwrap_or_else(SystemTime::now)
}
