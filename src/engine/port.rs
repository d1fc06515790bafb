//! What the engine asks of whatever keeps its commands and its state. It knows nothing of files:
//! to a journal a payload is opaque bytes, to an image a record is a key and a value.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// A group of commands as the journal keeps it: the sequence numbers it covers, and its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// The sequence number of the first command in it; the first one ever is 1.
    pub first_seq: u64,
    /// The sequence number of the last command in it; never below `first_seq`.
    pub last_seq: u64,
    /// The group, encoded by whoever appends.
    pub payload: &'a [u8],
}

/// How soon an append has to be safe from a loss of power.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sync {
    /// As the journal's durability level says.
    Level,
    /// Before the call returns, whatever the level, except where the level syncs nothing at all.
    Now,
}

/// Why a journal did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// Somebody else has appended, or the caller lost count. Nothing was written.
    #[error("expected sequence number {next}, found {found}")]
    Fenced {
        /// The number that the next frame has to begin with.
        next: u64,
        /// The number it did begin with.
        found: u64,
    },
    /// The frame can never be appended. Nothing was written.
    #[error("{what}")]
    Refused {
        /// What is wrong with it.
        what: String,
    },
    /// An operation failed just now. The journal is poisoned from here on.
    #[error("{what}")]
    Failed {
        /// The operation and its cause.
        what: String,
    },
    /// There is no room for the group. Nothing was written, and the journal is as it was.
    #[error("there is no room: {what}")]
    Full {
        /// The operation and its cause.
        what: String,
    },
    /// An earlier operation failed; the journal has to be opened anew.
    #[error("the journal stopped after an earlier failure: {cause}")]
    Poisoned {
        /// The first failure.
        cause: String,
    },
    /// Kept bytes are not what was written.
    #[error("`{file}` is damaged at offset {offset}: {what}")]
    Damaged {
        /// The file, or whatever the journal keeps its frames in.
        file: String,
        /// The first byte of what cannot be read.
        offset: u64,
        /// What is wrong there.
        what: String,
    },
    /// The frames asked for have been trimmed away.
    #[error("the journal begins at sequence number {first}, {from} was asked for")]
    Trimmed {
        /// The number asked for.
        from: u64,
        /// The first number that is still there.
        first: u64,
    },
    /// The receiver of a read stopped it.
    #[error("reading stopped: {what}")]
    Stopped {
        /// Why.
        what: String,
    },
    /// The journal was closed.
    #[error("the journal is closed")]
    Closed,
}

/// How often a journal has synced, and how long that took: what a journal counts, and others read.
#[derive(Clone, Debug, Default)]
pub struct SyncMeter(Arc<(AtomicU64, AtomicU64)>);

impl SyncMeter {
    /// One more sync, which took so long.
    pub fn add(&self, took: Duration) {
        let (times, ns) = &*self.0;
        let took = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        times.fetch_add(1, Ordering::Relaxed);
        ns.fetch_add(took, Ordering::Relaxed);
    }

    /// How many syncs there were.
    #[must_use]
    pub fn times(&self) -> u64 {
        self.0.0.load(Ordering::Relaxed)
    }

    /// How long they took together.
    #[must_use]
    pub fn took(&self) -> Duration {
        Duration::from_nanos(self.0.1.load(Ordering::Relaxed))
    }
}

/// The sequence of everything the engine was told. One writer; frames are contiguous.
///
/// [`MemoryJournal`] is the specification; every implementation passes the same suite.
pub trait Journal: Send {
    /// Appends the frames as one group, all or nothing as far as a caller can see, and makes them
    /// durable before it returns as `sync` and the level say. An empty group only syncs.
    ///
    /// # Errors
    /// [`JournalError::Fenced`] if the first frame does not begin with `last_seq() + 1` or one does
    /// not begin where the one before it ended, and [`JournalError::Full`] if there is no room, not
    /// even what a [`Room`] keeps; nothing is written then. After
    /// [`JournalError::Failed`] it is unknown whether the group is kept, and every later call
    /// fails with that cause.
    fn append(&mut self, frames: &[Frame<'_>], sync: Sync) -> Result<(), JournalError>;

    /// Makes everything appended durable, whatever the level except where it syncs nothing.
    ///
    /// # Errors
    /// As [`Journal::append`].
    fn sync(&mut self) -> Result<(), JournalError>;

    /// How long the owner may wait before it has to call [`Journal::sync`] for the level to hold;
    /// none if nothing waits.
    fn sync_due(&self) -> Option<Duration>;

    /// Where it counts its syncs; one that does not sync counts none.
    fn sync_meter(&self) -> SyncMeter {
        SyncMeter::default()
    }

    /// Hands every frame whose last number is at least `from_seq` to `each`, in order.
    ///
    /// # Errors
    /// [`JournalError::Trimmed`] if frames from `from_seq` on are gone, [`JournalError::Damaged`]
    /// where bytes do not check out, and whatever `each` answers.
    fn read(
        &mut self,
        from_seq: u64,
        each: &mut dyn FnMut(Frame<'_>) -> Result<(), JournalError>,
    ) -> Result<(), JournalError>;

    /// The number of the last command appended, 0 if there never was one.
    fn last_seq(&self) -> u64;

    /// The number of the first command that can still be read; `last_seq() + 1` if there is none.
    fn first_seq(&self) -> u64;

    /// The first number from which on it can be replayed, from a state as of the one before. What
    /// comes before may be redacted: it does not say any more what it said.
    fn replays_from(&self) -> u64 {
        self.first_seq()
    }

    /// Has what was appended lie apart from what comes, where that makes a difference.
    ///
    /// # Errors
    /// [`JournalError::Full`], and then nothing was changed; [`JournalError::Failed`].
    fn end_segment(&mut self) -> Result<(), JournalError> {
        Ok(())
    }

    /// Allows frames wholly below `below_seq` to go. How many do is the journal's choice; none at
    /// or above it ever does.
    ///
    /// # Errors
    /// As [`Journal::append`].
    fn trim(&mut self, below_seq: u64) -> Result<(), JournalError>;

    /// Makes everything durable and ends; later calls answer [`JournalError::Closed`].
    ///
    /// # Errors
    /// As [`Journal::append`].
    fn close(&mut self) -> Result<(), JournalError>;
}

/// Room that is kept for the appends of a journal and for nothing else. An append that finds the
/// disk full takes of it.
pub trait Room: Send + std::marker::Sync + std::fmt::Debug {
    /// How many bytes appends are sure to find, whoever else fills the disk.
    fn secured(&self) -> u64;

    /// How many there should be. While there are fewer, the disk is taken to be full.
    fn wanted(&self) -> u64;

    /// Tries to have at least so many, and at least as many as there should be. What is there
    /// stays there if it fails.
    fn secure(&self, bytes: u64) -> bool;
}

/// Where in an image a record belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tree {
    /// What there is one of: counters, engine times, settings.
    Meta,
    /// Interned names.
    Names,
    /// Companies, in pages.
    Companies,
    /// Prospects, in pages.
    Prospects,
    /// Campaigns.
    Campaigns,
    /// Senders.
    Senders,
    /// Enrollment records, in pages.
    Timelines,
    /// What is planned, by hour, sender and chunk.
    Agenda,
    /// Holds.
    Holds,
    /// What windows count.
    Windows,
    /// Event and command ids.
    Seen,
    /// Published policies.
    Policies,
}

impl Tree {
    /// All of them, in the order in which an image is best read back.
    pub const ALL: [Self; 12] = [
        Self::Meta,
        Self::Names,
        Self::Companies,
        Self::Prospects,
        Self::Campaigns,
        Self::Senders,
        Self::Timelines,
        Self::Agenda,
        Self::Holds,
        Self::Windows,
        Self::Seen,
        Self::Policies,
    ];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Meta => "meta",
            Self::Names => "names",
            Self::Companies => "companies",
            Self::Prospects => "prospects",
            Self::Campaigns => "campaigns",
            Self::Senders => "senders",
            Self::Timelines => "timelines",
            Self::Agenda => "agenda",
            Self::Holds => "holds",
            Self::Windows => "windows",
            Self::Seen => "seen",
            Self::Policies => "policies",
        }
    }
}

/// Why an image could not be written or read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ImageError {
    /// A record cannot be kept: its key or its value is too long, or the key is there already.
    #[error("a record of `{tree}` cannot be kept: {what}")]
    Refused {
        /// The tree's name.
        tree: &'static str,
        /// What is wrong with it.
        what: String,
    },
    /// What is kept is not what was written, or does not decode.
    #[error("`{tree}` is damaged: {what}")]
    Damaged {
        /// The tree's name.
        tree: &'static str,
        /// What is wrong.
        what: String,
    },
    /// The place where images are kept failed.
    #[error("{what}")]
    Failed {
        /// The operation and its cause.
        what: String,
    },
    /// The receiver of a read refused a record.
    #[error("a record of `{tree}` does not fit: {what}")]
    Stopped {
        /// The tree's name.
        tree: &'static str,
        /// Why.
        what: String,
    },
}

/// Takes the engine's state as keyed records: all of it, or what changed since the image before.
/// A record that is neither put nor removed is as it was there.
pub trait ImageWriter {
    /// Keeps one record, in place of one that may be there. A key is 1 to 512 bytes, and is put
    /// or removed once per tree and image.
    ///
    /// # Errors
    /// The image is to be given up after any error.
    fn put<T: Serialize>(&mut self, tree: Tree, key: &[u8], value: &T) -> Result<(), ImageError>;

    /// Leaves out a record that the image before has; of one that it has not, nothing happens.
    ///
    /// # Errors
    /// As [`ImageWriter::put`].
    fn remove(&mut self, tree: Tree, key: &[u8]) -> Result<(), ImageError>;

    /// A record as it is in the image before; none if it has none, or if there is no such image.
    ///
    /// # Errors
    /// As [`ImageReader::each`].
    fn before<T: DeserializeOwned>(
        &mut self,
        tree: Tree,
        key: &[u8],
    ) -> Result<Option<T>, ImageError>;

    /// The greatest key of the image before that is not above one.
    fn at_or_before(&self, tree: Tree, key: &[u8]) -> Option<Vec<u8>>;
}

/// Gives the engine's whole state back.
pub trait ImageReader {
    /// Hands every record of a tree to `each`, in the order of the keys' bytes.
    ///
    /// # Errors
    /// [`ImageError::Damaged`] also when records are missing, which shows only at the end; so what
    /// `each` received counts only if this answers `Ok`.
    fn each<T: DeserializeOwned>(
        &mut self,
        tree: Tree,
        each: impl FnMut(&[u8], T) -> Result<(), ImageError>,
    ) -> Result<(), ImageError>;

    /// As [`ImageReader::each`] for the records with `from` ≤ key < `to` alone: no others are read.
    ///
    /// # Errors
    /// As [`ImageReader::each`].
    fn between<T: DeserializeOwned>(
        &mut self,
        tree: Tree,
        range: (&[u8], &[u8]),
        each: impl FnMut(&[u8], T) -> Result<(), ImageError>,
    ) -> Result<(), ImageError>;
}

#[derive(Clone, Debug)]
struct Kept {
    first_seq: u64,
    last_seq: u64,
    payload: Vec<u8>,
}

/// A journal in memory: the specification, and the journal of engines that keep nothing.
#[derive(Clone, Debug, Default)]
pub struct MemoryJournal {
    frames: Vec<Kept>,
    last_seq: u64,
    closed: bool,
}

impl MemoryJournal {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    const fn open(&self) -> Result<(), JournalError> {
        if self.closed {
            return Err(JournalError::Closed);
        }
        Ok(())
    }
}

/// Checks that a group continues a journal whose last number is `last_seq`, without gaps.
///
/// # Errors
/// [`JournalError::Fenced`] and [`JournalError::Refused`], as [`Journal::append`] promises.
pub fn check_contiguous(last_seq: u64, frames: &[Frame<'_>]) -> Result<(), JournalError> {
    let mut last = last_seq;
    for frame in frames {
        let Some(next) = last.checked_add(1) else {
            return Err(JournalError::Refused {
                what: "the sequence numbers are used up".to_owned(),
            });
        };
        if frame.first_seq != next {
            return Err(JournalError::Fenced { next, found: frame.first_seq });
        }
        if frame.last_seq < frame.first_seq {
            let what = format!(
                "expected a last sequence number of at least {}, found {}",
                frame.first_seq, frame.last_seq
            );
            return Err(JournalError::Refused { what });
        }
        last = frame.last_seq;
    }
    Ok(())
}

impl Journal for MemoryJournal {
    fn append(&mut self, frames: &[Frame<'_>], _sync: Sync) -> Result<(), JournalError> {
        self.open()?;
        check_contiguous(self.last_seq, frames)?;
        for frame in frames {
            self.frames.push(Kept {
                first_seq: frame.first_seq,
                last_seq: frame.last_seq,
                payload: frame.payload.to_vec(),
            });
            self.last_seq = frame.last_seq;
        }
        Ok(())
    }

    fn sync(&mut self) -> Result<(), JournalError> {
        self.open()
    }

    fn sync_due(&self) -> Option<Duration> {
        None
    }

    fn read(
        &mut self,
        from_seq: u64,
        each: &mut dyn FnMut(Frame<'_>) -> Result<(), JournalError>,
    ) -> Result<(), JournalError> {
        self.open()?;
        // Sequence number 0 means "from the start", which is 1 as long as nothing was trimmed.
        let from = from_seq.max(1);
        let first = self.first_seq();
        if from < first && from <= self.last_seq {
            return Err(JournalError::Trimmed { from, first });
        }
        for kept in self.frames.iter().filter(|kept| kept.last_seq >= from) {
            each(Frame {
                first_seq: kept.first_seq,
                last_seq: kept.last_seq,
                payload: &kept.payload,
            })?;
        }
        Ok(())
    }

    fn last_seq(&self) -> u64 {
        self.last_seq
    }

    fn first_seq(&self) -> u64 {
        let next = self.last_seq.saturating_add(1);
        self.frames.first().map_or(next, |kept| kept.first_seq)
    }

    fn trim(&mut self, below_seq: u64) -> Result<(), JournalError> {
        self.open()?;
        self.frames.retain(|kept| kept.last_seq >= below_seq);
        Ok(())
    }

    fn close(&mut self) -> Result<(), JournalError> {
        self.open()?;
        self.closed = true;
        Ok(())
    }
}
