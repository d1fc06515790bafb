//! Why the engine did not do what it was asked.

use super::writer::{BATCH_BYTES, BATCH_COMMANDS};

/// Why the engine did not do what it was asked. Refusals are outcomes, not errors.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The journal failed. What was acknowledged is safe; reopen the store to go on.
    #[error("the engine stopped: {cause}; reopen the store to go on from what was acknowledged")]
    Poisoned {
        /// The first failure.
        cause: String,
    },
    /// The disk is full. Nothing of the batch was applied.
    #[error(
        "the disk is full: until there is room, events, holds, lifts, resumes, reports and \
         `advance` alone are taken"
    )]
    Full,
    /// The engine was closed.
    #[error("the engine is closed")]
    Closed,
    /// A checkpoint could not be written. Nothing is lost: the journal has everything.
    #[error("no checkpoint could be written: {cause}; nothing is lost, the next open replays more")]
    Checkpoint {
        /// What failed.
        cause: String,
    },
    /// Persons who were forgotten are not removed from the disk yet. The state has nothing of them.
    #[error(
        "who was forgotten is not removed from the disk yet: {cause}; the next open goes on with it"
    )]
    Forgetting {
        /// What failed.
        cause: String,
    },
    /// A batch is larger than one frame can be. Nothing was applied.
    #[error(
        "a batch has at most {BATCH_COMMANDS} commands and {BATCH_BYTES} bytes, found {commands} \
         and about {bytes}; split it"
    )]
    BatchTooLarge {
        /// How many commands it has.
        commands: usize,
        /// How many bytes they may take.
        bytes: usize,
    },
}
