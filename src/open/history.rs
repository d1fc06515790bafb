//! What an engine was told, read from its journal, command by command.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;

use super::OpenError;
use crate::engine::port::JournalError;
use crate::model::Command;
use crate::store::disk::OsDisk;
use crate::store::journal::{Follower, SegmentInfo, TornTail};
use crate::store::{codec, identity};

/// The commands of a store, oldest first, each with its sequence number: those that hosts gave, as
/// they were applied, and the engine's own.
///
/// It needs no lock and changes nothing, so it may read beside the process that has the store open;
/// every frame is checked as at open. Where there is nothing more it yields `None`, and may be
/// asked again: it goes on with what has come since. A frame that is only being written, or that a
/// crash left unfinished, is not there yet; see [`History::unfinished`]. What it reads may be a
/// moment ahead of what was acknowledged, as it does not wait for a sync.
///
/// After an error it yields `None`.
#[derive(Debug)]
pub struct History {
    frames: Follower,
    from: u64,
    ready: VecDeque<(u64, Command)>,
    failed: bool,
}

/// The history of the store in a directory, from its beginning on.
///
/// # Errors
/// As [`History::open`].
pub fn history(path: impl AsRef<Path>) -> Result<History, OpenError> {
    History::open(path, 0)
}

impl History {
    /// Begins with the command of that sequence number; 0 stands for the oldest that is there.
    ///
    /// # Errors
    /// [`OpenError::Store`] if there is no store; [`OpenError::Journal`] if it begins later than
    /// was asked for, or cannot be read.
    pub fn open(path: impl AsRef<Path>, from: u64) -> Result<Self, OpenError> {
        let path = path.as_ref();
        let store = identity(path)?;
        let frames = Follower::open(Arc::new(OsDisk), &path.join("journal"), store.0, from)?;
        Ok(Self { frames, from, ready: VecDeque::new(), failed: false })
    }

    /// How each segment of the journal is kept, the oldest first.
    ///
    /// # Errors
    /// [`OpenError::Journal`].
    pub fn segments(&self) -> Result<Vec<SegmentInfo>, OpenError> {
        Ok(self.frames.segments()?)
    }

    /// Where the journal ends within a frame: it is being written just now, or a crash left it, and
    /// the next open cuts it off. Nothing in it was acknowledged. Known when there is nothing more.
    #[must_use]
    pub const fn unfinished(&self) -> Option<&TornTail> {
        self.frames.unfinished()
    }

    fn fill(&mut self) -> Result<(), OpenError> {
        while self.ready.is_empty() {
            let Some(frame) = self.frames.next_frame()? else {
                return Ok(());
            };
            let stop = |what: String| JournalError::Stopped {
                what: format!("frame {}: {what}", frame.first_seq),
            };
            let commands: Vec<Command> =
                codec::decode(&frame.payload).map_err(|error| stop(error.to_string()))?;
            let count = frame.last_seq - frame.first_seq + 1;
            if commands.len() as u64 != count {
                let found = commands.len();
                return Err(stop(format!("expected {count} commands, found {found}")).into());
            }
            let from = self.from;
            let numbered = (frame.first_seq..).zip(commands);
            self.ready.extend(numbered.filter(|(sequence, _)| *sequence >= from));
        }
        Ok(())
    }
}

impl Iterator for History {
    type Item = Result<(u64, Command), OpenError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        if let Err(error) = self.fill() {
            self.failed = true;
            return Some(Err(error));
        }
        self.ready.pop_front().map(Ok)
    }
}
