//! Making a store of commands that were journaled elsewhere: the same commands, under the same
//! sequence numbers, so that the tokens of sends name what they named.

use std::path::Path;

use super::OpenError;
use crate::engine::port::{Frame, Journal, JournalError, Sync};
use crate::engine::{Digest, Snapshot, State};
use crate::model::{Command, Outcome};
use crate::store::checkpoint::{Checkpoints, Onto, Pace};
use crate::store::journal::FileJournal;
use crate::store::{Lock, Options, Store, StoreError, codec};

/// The most commands of one frame.
const GROUP: usize = 1_000;
/// From so many bytes on a frame gets no further command.
const GROUP_BYTES: usize = 8 << 20;

/// Why commands could not be made a store of.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The store could not be made or written.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// There is a store already.
    #[error("`{}` holds a store already", path.display())]
    NotNew {
        /// The directory.
        path: std::path::PathBuf,
    },
    /// No engine ever kept this command at this place.
    #[error("command {sequence} would not have been kept: {why}")]
    NotKept {
        /// The sequence number it would have had.
        sequence: u64,
        /// What the engine answers to it.
        why: String,
    },
}

impl From<StoreError> for ImportError {
    fn from(error: StoreError) -> Self {
        Self::Open(error.into())
    }
}

impl From<JournalError> for ImportError {
    fn from(error: JournalError) -> Self {
        Self::Open(error.into())
    }
}

/// A new store that is being filled with the history of another one.
///
/// It takes the engine's own [`Action::Open`] and [`Action::Tick`], too: without them, sequence
/// numbers, incarnations and the order of planning would differ.
///
/// [`Action::Open`]: crate::Action::Open
/// [`Action::Tick`]: crate::Action::Tick
pub struct Import {
    journal: FileJournal,
    state: State,
    /// What is applied and not yet in the journal.
    group: Vec<Command>,
    bytes: usize,
    checkpoints: Checkpoints,
    _lock: Lock,
}

impl std::fmt::Debug for Import {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Import").field("sequence", &self.state.sequence()).finish_non_exhaustive()
    }
}

impl Import {
    /// Makes an empty store in a directory that has none.
    ///
    /// # Errors
    /// [`ImportError::NotNew`], and whatever a new store may fail with.
    pub fn begin(path: impl AsRef<Path>, options: Options) -> Result<Self, ImportError> {
        let path = path.as_ref();
        let not_new = || ImportError::NotNew { path: path.to_path_buf() };
        if path.join("format").exists() {
            return Err(not_new());
        }
        let store = Store::open(path, options)?;
        if !store.report.created {
            return Err(not_new());
        }
        let Store { journal, checkpoints, lock, .. } = store;
        let (state, group) = (State::new(), Vec::new());
        Ok(Self { journal, state, group, bytes: 0, checkpoints, _lock: lock })
    }

    /// Applies the next command of the history. A policy is given as it was published first: what
    /// its windows count of the past is found again.
    ///
    /// # Errors
    /// [`ImportError::NotKept`] if it is no part of such a history; the store is to be given up
    /// after any error.
    pub fn apply(&mut self, command: Command) -> Result<(), ImportError> {
        let (journal, group) = (&mut self.journal, &self.group);
        let command = self.state.erasing(command);
        let mut command = self.state.recalled(command, |each| {
            let flushed = read_all(journal, each);
            group.iter().cloned().for_each(each);
            flushed
        })?;
        let sequence = self.state.sequence() + 1;
        let applied = self.state.apply(&mut command);
        if !applied.journaled {
            let why = match applied.outcome {
                Outcome::Refused(refusal) => refusal.to_string(),
                _ => "a command with its id was there before".to_owned(),
            };
            return Err(ImportError::NotKept { sequence, why });
        }
        let encoded = codec::encode(&command).map_err(|error| failed(&error))?;
        self.bytes += encoded.len();
        self.group.push(command);
        if self.group.len() >= GROUP || self.bytes >= GROUP_BYTES {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), ImportError> {
        if self.group.is_empty() {
            return Ok(());
        }
        let payload = codec::encode(&self.group).map_err(|error| failed(&error))?;
        let first_seq = self.journal.last_seq() + 1;
        let last_seq = self.state.sequence();
        self.journal.append(&[Frame { first_seq, last_seq, payload: &payload }], Sync::Level)?;
        self.group.clear();
        self.bytes = 0;
        Ok(())
    }

    /// What the store holds now.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.state.snapshot()
    }

    /// Makes everything durable and lets go of the store. How many commands it holds, and the
    /// digest of its state.
    ///
    /// # Errors
    /// As [`Import::apply`].
    pub fn finish(mut self) -> Result<(u64, Digest), ImportError> {
        self.flush()?;
        self.journal.close()?;
        let snapshot = self.state.snapshot();
        let seq = snapshot.sequence();
        let filled = self
            .checkpoints
            .write((seq, Onto::Nothing, Pace::Fast), &[], |it| snapshot.write(it, None));
        filled.map_err(|error| JournalError::Failed { what: error.to_string() })?;
        Ok((seq, snapshot.digest()))
    }
}

fn failed(error: &impl std::fmt::Display) -> JournalError {
    JournalError::Failed { what: format!("a frame: {error}") }
}

fn read_all(journal: &mut FileJournal, each: &mut dyn FnMut(Command)) -> Result<(), JournalError> {
    journal.read(1, &mut |frame| {
        let stop = |error: &dyn std::fmt::Display| JournalError::Stopped {
            what: format!("frame {}: {error}", frame.first_seq),
        };
        let commands: Vec<Command> = codec::decode(frame.payload).map_err(|error| stop(&error))?;
        commands.into_iter().for_each(&mut *each);
        Ok(())
    })
}
