//! Where an engine and a store are put together: opening a directory, and replaying what it holds.

mod absent;
mod backup;
mod cold;
mod erasing;
#[cfg(test)]
mod full;
mod history;
#[cfg(test)]
mod host;
mod house;
mod import;
mod keeper;
mod recover;
mod repair;
mod stats;
#[cfg(test)]
mod tests;
mod verify;

use std::path::Path;

use self::house::House;
pub(crate) use self::keeper::StoreKeeper;
use self::recover::{Begun, begin_with, from_base, moved_aside, replay};
use crate::engine::port::{Frame, Journal, JournalError, Room, Sync};
use crate::engine::{Codec, Engine, EngineError, Home, Idle, Opened, Parts, SUFFIX_VERSION, State};
use crate::model::{Action, Command, Instant};
use crate::plan::{Calendar, Zone};
use crate::store::base::Bases;
use crate::store::checkpoint::Pace;
use crate::store::journal::FileJournal;
use crate::store::{Lock, OpenedParts, Options, Store, StoreError, codec};

pub use self::backup::{Backup, Restored, restore};
pub use self::cold::ColdStore;
pub use self::history::{History, history};
pub use self::import::{Import, ImportError};
pub use self::repair::{Compacted, RepairError, Repaired, compact, repair};
pub use self::stats::{Inside, Stats};
pub use self::verify::{Part, Verified, verify, verify_absent};

/// Why a directory could not be opened as an engine.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The store itself.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The journal could not be read or written.
    #[error("the journal: {0}")]
    Journal(#[from] JournalError),
    /// The engine's threads could not be started.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl OpenError {
    /// Whether what was asked for is history that has been trimmed.
    #[must_use]
    pub const fn is_trimmed(&self) -> bool {
        matches!(self, Self::Journal(JournalError::Trimmed { .. }))
    }

    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self {
            Self::Store(error) => error.help(),
            Self::Journal(JournalError::Damaged { .. }) => {
                "restore from a backup; the directory was left as it was found"
            }
            Self::Journal(JournalError::Trimmed { .. }) => {
                "what was trimmed is gone; begin with what is there"
            }
            Self::Journal(JournalError::Full { .. }) => {
                "make room on the disk, then open the store again"
            }
            Self::Journal(_) => "look after the disk, then open the store again",
            Self::Engine(_) => "free some memory or threads, then try again",
        }
    }
}

impl Engine {
    /// Opens the store in a directory, or makes one there, and brings the state up to the last
    /// command that was acknowledged.
    ///
    /// # Errors
    /// Any [`OpenError`]; the store is as it was then.
    pub fn open(path: impl AsRef<Path>, options: Options) -> Result<Self, OpenError> {
        let store = Store::open(path.as_ref(), options)?;
        let Store { lock, journal, checkpoints, reserve, found, bases, report, id, .. } = store;
        let room = reserve.clone().map(|reserve| reserve as std::sync::Arc<dyn Room>);
        let home = Home { dir: path.as_ref().to_path_buf(), store: id.0 };
        let parts =
            OpenedParts { journal, checkpoints, reserve, found, bases: bases.clone(), report };
        let (state, journal, keeper, opened) = bring_up(parts, Some(lock), &options)?;
        let owes = owes(&state, &journal);
        let parts = Parts {
            journal: Box::new(journal),
            codec: std::sync::Arc::new(Frames { bases }),
            idle: if options.plans_when_idle { Idle::Plans } else { Idle::Waits },
            keeper: Some(Box::new(keeper)),
            home: Some(home),
            checkpoint_bytes: Some(options.checkpoint_bytes).filter(|bytes| *bytes > 0),
            room,
            owes,
        };
        Ok(Self::start(state, parts, opened)?)
    }
}

/// The state up to the last command that was acknowledged, and what goes on from there: as of now
/// the journal knows that the store was opened.
pub(crate) fn bring_up(
    parts: OpenedParts,
    lock: Option<Lock>,
    options: &Options,
) -> Result<(State, FileJournal, StoreKeeper, Opened), OpenError> {
    let OpenedParts { mut journal, mut checkpoints, reserve, found, bases, report } = parts;
    let mut opened = Opened { created: report.created, ..Opened::default() };
    if let Some(torn) = &report.torn {
        opened.notes.push(format!(
            "a half-written end of {} bytes was cut off `{}` at offset {}; nothing in it had been \
             acknowledged",
            torn.bytes,
            torn.file.display(),
            torn.offset
        ));
    }
    opened.notes.extend(report.moved_aside.as_ref().map(moved_aside));
    let Begun { mut state, marks, notes } = begin_with(
        &mut checkpoints,
        &found,
        (&bases, journal.replays_from(), journal.last_seq() == 0),
    )?;
    opened.notes.extend(notes);
    opened.replayed = replay(&mut journal, &mut state)?;
    if owes(&state, &journal) {
        // What is to be written anew must not be written to.
        journal.end_segment()?;
    }
    begin(&mut journal, &mut state)?;
    let house = House::new(bases, journal.archivist(), options);
    // What was read of it is nearly all that is not superseded.
    let fresh_bytes = checkpoints.read_bytes();
    let keeper = StoreKeeper {
        pace: Pace::Fast,
        checkpoints,
        kept: 0,
        erased: 0,
        marks,
        fresh_bytes,
        house,
        reserve,
        erasing: None,
        next: Default::default(),
        _lock: lock,
    };
    Ok((state, journal, keeper, opened))
}

/// Whether something is left of somebody who was forgotten.
fn owes(state: &State, journal: &FileJournal) -> bool {
    state.last_erased() > journal.archivist().redacted().done
}

/// Commands in the frames of a journal, which may begin behind a base.
struct Frames {
    bases: Bases,
}

impl Codec for Frames {
    fn encode(&self, commands: &[Command]) -> Result<Vec<u8>, String> {
        codec::encode(commands).map_err(|error| format!("a frame: {error}"))
    }

    fn decode(&self, payload: &[u8]) -> Result<Vec<Command>, String> {
        codec::decode(payload).map_err(|error| format!("a frame: {error}"))
    }

    fn begins_with(&self, first_seq: u64) -> Result<Option<State>, String> {
        if first_seq <= 1 {
            return Ok(None);
        }
        let mut why = "there is none".to_owned();
        let bases = self.bases.list().map_err(|error| error.to_string())?;
        for base in bases.iter().rev().filter(|base| base.seq.saturating_add(1) >= first_seq) {
            match from_base(&self.bases, base.seq) {
                Ok(state) => return Ok(Some(state)),
                Err(error) => why = error,
            }
        }
        Err(format!(
            "the journal begins at {first_seq}, and the base behind which is missing: {why}"
        ))
    }
}

/// Journals that the store was opened: tokens from here on carry a new incarnation.
fn begin(journal: &mut FileJournal, state: &mut State) -> Result<(), JournalError> {
    let mut open = opening(state);
    let payload = codec::encode(std::slice::from_ref(&open))
        .map_err(|error| JournalError::Failed { what: error.to_string() })?;
    let sequence = state.sequence() + 1;
    let frame = Frame { first_seq: sequence, last_seq: sequence, payload: &payload };
    journal.append(&[frame], Sync::Now)?;
    state.apply(&mut open);
    Ok(())
}

/// The command that says that a store is opened.
fn opening(state: &State) -> Command {
    let action = Action::Open {
        incarnation: state.incarnation().saturating_add(1),
        tz_version: Zone::tz_version().to_owned(),
        suffix_version: SUFFIX_VERSION.to_owned(),
        holidays_version: Calendar::data_version().to_owned(),
    };
    Command::new(Instant::MIN, action)
}
