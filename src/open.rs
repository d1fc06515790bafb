//! Where an engine and a store are put together: opening a directory, and replaying what it holds.

mod cold;
#[cfg(test)]
mod full;
mod history;
mod import;
mod stats;

use std::path::Path;

use crate::engine::port::{Frame, ImageError, Journal, JournalError, Room, Sync};
use crate::engine::{
    Codec, Engine, EngineError, Hurry, Idle, ImageMarks, Keeper, Opened, Parts, SUFFIX_VERSION,
    Snapshot, State,
};
use crate::model::{Action, Command, Instant};
use crate::plan::{Calendar, Zone};
use crate::store::checkpoint::{Checkpoints, Found, MovedAside, Onto, Pace, Writer};
use crate::store::journal::FileJournal;
use crate::store::{Lock, OpenedParts, Options, Reserve, Store, StoreError, codec};

pub use self::cold::ColdStore;
pub use self::history::{History, history};
pub use self::import::{Import, ImportError};
pub use self::stats::{Inside, Stats};

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
        let Store { lock, journal, checkpoints, reserve, found, report, .. } = store;
        let parts = OpenedParts { journal, checkpoints, reserve, found, report };
        let room = parts.reserve.clone().map(|reserve| reserve as std::sync::Arc<dyn Room>);
        let (state, journal, keeper, opened) = bring_up(parts, Some(lock))?;
        let parts = Parts {
            journal: Box::new(journal),
            codec: std::sync::Arc::new(Frames),
            idle: if options.plans_when_idle { Idle::Plans } else { Idle::Waits },
            keeper: Some(Box::new(keeper)),
            checkpoint_bytes: Some(options.checkpoint_bytes).filter(|bytes| *bytes > 0),
            room,
        };
        Ok(Self::start(state, parts, opened)?)
    }
}

/// The state up to the last command that was acknowledged, and what goes on from there: as of now
/// the journal knows that the store was opened.
pub(crate) fn bring_up(
    parts: OpenedParts,
    lock: Option<Lock>,
) -> Result<(State, FileJournal, StoreKeeper, Opened), OpenError> {
    let OpenedParts { mut journal, mut checkpoints, reserve, found, report } = parts;
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
    let (mut state, marks) = recover(&mut checkpoints, &found, &mut opened)?;
    opened.replayed = replay(&mut journal, &mut state)?;
    begin(&mut journal, &mut state)?;
    let keeper = StoreKeeper { checkpoints, kept: 0, marks, reserve, _lock: lock };
    Ok((state, journal, keeper, opened))
}

/// Commands in the frames of a journal.
pub(crate) struct Frames;

impl Codec for Frames {
    fn encode(&self, commands: &[Command]) -> Result<Vec<u8>, String> {
        codec::encode(commands).map_err(|error| format!("a frame: {error}"))
    }

    fn decode(&self, payload: &[u8]) -> Result<Vec<Command>, String> {
        codec::decode(payload).map_err(|error| format!("a frame: {error}"))
    }
}

fn moved_aside(moved: &MovedAside) -> String {
    format!(
        "the checkpoints were damaged ({}) and were moved to `{}`; the state is rebuilt from the \
         journal",
        moved.why,
        moved.to.display()
    )
}

/// The state as of the newest checkpoint that can be read, with its pages; an empty one if there is
/// none, for the journal has everything. A database that cannot be read is put out of the way.
fn recover(
    checkpoints: &mut Checkpoints,
    found: &Found,
    opened: &mut Opened,
) -> Result<(State, Option<ImageMarks>), StoreError> {
    match from_checkpoint(checkpoints, found, opened) {
        Ok(started) => Ok(started),
        Err(unreadable) => {
            let moved = checkpoints.start_anew(&unreadable)?;
            opened.notes.push(moved_aside(&moved));
            Ok((State::new(), None))
        }
    }
}

/// Why not, if the database itself cannot be read.
fn from_checkpoint(
    checkpoints: &mut Checkpoints,
    found: &Found,
    opened: &mut Opened,
) -> Result<(State, Option<ImageMarks>), String> {
    let unused = |epoch: u64, why: &str| {
        let instead = "an older one or the journal takes its place";
        format!("checkpoint {epoch} was not used: {why}; {instead}")
    };
    let rejected = found.rejected.iter().map(|it| unused(it.epoch, &it.why));
    opened.notes.extend(rejected);
    let mut unreadable = None;
    for manifest in &found.manifests {
        let why = match State::read(&mut checkpoints.read(manifest)) {
            Ok(state) if state.sequence() == manifest.seq => {
                let marks = state.snapshot().marks();
                return Ok((state, Some(marks)));
            }
            Ok(state) => {
                let (found, expected) = (state.sequence(), manifest.seq);
                format!("it is as of command {found}, its manifest says {expected}")
            }
            Err(error) => {
                if let ImageError::Failed { what } = &error {
                    unreadable = Some(what.clone());
                }
                error.to_string()
            }
        };
        opened.notes.push(unused(manifest.epoch, &why));
        checkpoints.reject(manifest.epoch);
    }
    unreadable.map_or_else(|| Ok((State::new(), None)), Err)
}

/// Applies what the journal has and the state has not. How many commands that was.
fn replay(journal: &mut FileJournal, state: &mut State) -> Result<u64, JournalError> {
    let before = state.sequence();
    let stop = |what: String| JournalError::Stopped { what };
    journal.read(before + 1, &mut |frame: Frame<'_>| {
        let commands: Vec<Command> = codec::decode(frame.payload)
            .map_err(|error| stop(format!("frame {}: {error}", frame.first_seq)))?;
        let known = state.sequence().saturating_sub(frame.first_seq.saturating_sub(1));
        let known = usize::try_from(known).unwrap_or(usize::MAX);
        for mut command in commands.into_iter().skip(known) {
            let sequence = state.sequence() + 1;
            if !state.apply(&mut command).journaled {
                return Err(stop(format!("command {sequence} does not replay")));
            }
        }
        if state.sequence() != frame.last_seq {
            let (found, expected) = (state.sequence(), frame.last_seq);
            return Err(stop(format!("expected command {expected} last, found {found}")));
        }
        Ok(())
    })?;
    Ok(state.sequence() - before)
}

/// Journals that the store was opened: tokens from here on carry a new incarnation.
fn begin(journal: &mut FileJournal, state: &mut State) -> Result<(), JournalError> {
    let action = Action::Open {
        incarnation: state.incarnation().saturating_add(1),
        tz_version: Zone::tz_version().to_owned(),
        suffix_version: SUFFIX_VERSION.to_owned(),
        holidays_version: Calendar::data_version().to_owned(),
    };
    let mut open = Command::new(Instant::MIN, action);
    let payload = codec::encode(std::slice::from_ref(&open))
        .map_err(|error| JournalError::Failed { what: error.to_string() })?;
    let sequence = state.sequence() + 1;
    let frame = Frame { first_seq: sequence, last_seq: sequence, payload: &payload };
    journal.append(&[frame], Sync::Now)?;
    state.apply(&mut open);
    Ok(())
}

/// Writes checkpoints, and holds the store's lock until the engine has closed.
pub(crate) struct StoreKeeper {
    checkpoints: Checkpoints,
    /// The command that the last checkpoint was as of: an older state never replaces a newer one.
    kept: u64,
    /// The pages that the newest checkpoint has; none if all are to be written.
    marks: Option<ImageMarks>,
    reserve: Option<std::sync::Arc<Reserve>>,
    _lock: Option<Lock>,
}

impl Keeper for StoreKeeper {
    fn keep(&mut self, snapshot: &Snapshot, hurry: Hurry) -> Result<(), String> {
        let pace = match hurry {
            Hurry::Awaited | Hurry::Last => Pace::Fast,
            Hurry::InBackground => Pace::Gentle,
        };
        if hurry == Hurry::Last {
            // On a full disk the checkpoint gets what was kept for commands.
            let short = self.reserve.as_ref().filter(|it| it.secured() < it.wanted());
            short.map(|reserve| reserve.give(u64::MAX));
        }
        let sequence = snapshot.sequence();
        if sequence <= self.kept {
            return Ok(());
        }
        let onto = if self.marks.is_some() { Onto::Newest } else { Onto::Nothing };
        let mut kept = self.write((sequence, onto, pace), snapshot);
        if onto == Onto::Newest && matches!(kept, Err(ImageError::Damaged { .. })) {
            // What it would go on from cannot be read; what it is made of is all here.
            self.marks = None;
            kept = self.write((sequence, Onto::Nothing, pace), snapshot);
        }
        kept.map_err(|error| error.to_string())?;
        (self.kept, self.marks) = (sequence, Some(snapshot.marks()));
        Ok(())
    }
}

impl StoreKeeper {
    fn write(&mut self, to: (u64, Onto, Pace), snapshot: &Snapshot) -> Result<(), ImageError> {
        let marks = self.marks.as_ref();
        let filled = |writer: &mut Writer<'_>| snapshot.write(writer, marks);
        self.checkpoints.write(to, &[], filled).map(drop)
    }
}
