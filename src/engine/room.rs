//! The one place that decides whether there is room for commands, before they are applied: what was
//! applied has to be kept. It knows nothing of what the room is made of.

use std::sync::Arc;

use super::error::EngineError;
use super::port::Room;
use super::threads::atomic::{AtomicU64, Ordering};
use crate::model::{Action, Command};

/// What is never given to commands: the heads of frames and of a new segment, and the note of a
/// clean close.
const TO_CLOSE: u64 = 1024 * 1024;

/// Lets commands in, as far as there is room for them.
#[derive(Clone, Debug, Default)]
pub(super) struct Gate {
    /// None where room is no question.
    room: Option<Arc<dyn Room>>,
    /// How many bytes of groups were handed on and are not yet in the journal.
    on_the_way: Arc<AtomicU64>,
}

impl Gate {
    pub(super) fn new(room: Option<Arc<dyn Room>>) -> Self {
        Self { room, on_the_way: Arc::default() }
    }

    /// A group was handed on to the journal.
    pub(super) fn left(&self, bytes: usize) {
        self.on_the_way.fetch_add(bytes as u64, Ordering::AcqRel);
    }

    /// A group is in the journal.
    pub(super) fn arrived(&self, bytes: usize) {
        self.on_the_way.fetch_sub(bytes as u64, Ordering::AcqRel);
    }

    /// Whether the disk is not taken to be full.
    pub(super) fn is_open(&self) -> bool {
        self.room.as_ref().is_none_or(|room| room.secured() >= room.wanted())
    }

    /// Whether so much more may be applied without a look at what it is: the disk is not full, and
    /// what is on the way has room beside it.
    pub(super) fn fits(&self, bytes: usize) -> bool {
        let ahead = self.on_the_way.load(Ordering::Acquire).saturating_add(bytes as u64);
        self.is_open()
            && self
                .room
                .as_ref()
                .is_none_or(|room| room.secured() >= ahead.saturating_add(TO_CLOSE))
    }

    /// Lets a batch in, or answers that the disk is full: asked while nothing is on the way. What
    /// has become free meanwhile is found by that.
    pub(super) fn admit(&self, commands: &[Command], bytes: usize) -> Result<(), EngineError> {
        let Some(room) = &self.room else {
            return Ok(());
        };
        let needs = TO_CLOSE.saturating_add(bytes as u64);
        let enough = room.secured() >= needs;
        let may = self.is_open() || commands.iter().all(|command| may_always(&command.action));
        if (enough && may) || room.secure(needs) {
            return Ok(());
        }
        Err(EngineError::Full)
    }
}

/// What is taken on a full disk, too: what stops sends, tells what became of them, or lets time
/// pass. An event may be an opt-out, whatever it is called.
const fn may_always(action: &Action) -> bool {
    matches!(
        action,
        Action::Record(_)
            | Action::Retract { .. }
            | Action::Hold { .. }
            | Action::Resume { .. }
            | Action::Lift { .. }
            | Action::Report { .. }
            | Action::Forget { .. }
            | Action::Advance
    )
}
