//! The state as of the last command: the newest point to begin with that can be read, and the
//! journal after it.

use crate::engine::port::{Frame, ImageError, Journal, JournalError};
use crate::engine::{ImageMarks, State};
use crate::model::Command;
use crate::store::base::Bases;
use crate::store::checkpoint::{Checkpoints, Found, MovedAside};
use crate::store::journal::FileJournal;
use crate::store::{StoreError, codec};

/// A state to go on from.
pub(super) struct Begun {
    pub(super) state: State,
    /// The pages of the newest checkpoint, if it is that checkpoint's state.
    pub(super) marks: Option<ImageMarks>,
    /// What could not be used, and what took its place.
    pub(super) notes: Vec<String>,
}

/// The state as of the newest checkpoint that can be read, with its pages; else as of the newest
/// base; else an empty one, for a journal that begins with the first command has everything. A
/// database that cannot be read is put out of the way. `is_new` says that the journal is empty.
pub(super) fn begin_with(
    checkpoints: &mut Checkpoints,
    found: &Found,
    (bases, first_seq, is_new): (&Bases, u64, bool),
) -> Result<Begun, StoreError> {
    let mut notes = Vec::new();
    let (state, marks) = match from_checkpoint(checkpoints, found, &mut notes) {
        Ok(begun) => begun,
        Err(unreadable) => {
            let moved = checkpoints.start_anew(&unreadable)?;
            notes.push(moved_aside(&moved));
            (State::new(), None)
        }
    };
    let mut begun = Begun { state, marks, notes };
    let none = begun.state.sequence() == 0 && begun.notes.is_empty();
    for base in bases.list()? {
        // It has less to replay behind it only if the checkpoints that came after it are gone.
        if base.seq <= begun.state.sequence() {
            break;
        }
        match from_base(bases, base.seq) {
            Ok(state) => {
                let instead =
                    format!("the state was rebuilt from the base of command {}", base.seq);
                begun.notes.push(instead);
                (begun.state, begun.marks) = (state, None);
                break;
            }
            Err(why) => begun.notes.push(format!("a base was not used: {why}")),
        }
    }
    if none && begun.notes.is_empty() && !is_new {
        let instead = "there was no checkpoint: the state was rebuilt from the journal";
        begun.notes.push(instead.to_owned());
    }
    if begun.state.sequence().saturating_add(1) < first_seq {
        let why = begun.notes.join("; ");
        return Err(StoreError::NoBeginning { first: first_seq, why });
    }
    Ok(begun)
}

/// The state that a base holds, or why it cannot be had.
pub(super) fn from_base(bases: &Bases, seq: u64) -> Result<State, String> {
    let path = bases.path(seq);
    let mut reader = bases.read(seq).map_err(|error| error.to_string())?;
    let state = State::read(&mut reader);
    let state = state.map_err(|error| format!("`{}`: {error}", path.display()))?;
    if state.sequence() != seq {
        let found = state.sequence();
        return Err(format!("`{}` is as of command {found}, its name says {seq}", path.display()));
    }
    Ok(state)
}

pub(super) fn moved_aside(moved: &MovedAside) -> String {
    format!(
        "the checkpoints were damaged ({}) and were moved to `{}`; the state is rebuilt from a \
         base or the journal",
        moved.why,
        moved.to.display()
    )
}

/// Why not, if the database itself cannot be read.
fn from_checkpoint(
    checkpoints: &mut Checkpoints,
    found: &Found,
    notes: &mut Vec<String>,
) -> Result<(State, Option<ImageMarks>), String> {
    let unused = |epoch: u64, why: &str| {
        let instead = "an older one, a base or the journal takes its place";
        format!("checkpoint {epoch} was not used: {why}; {instead}")
    };
    let rejected = found.rejected.iter().map(|it| unused(it.epoch, &it.why));
    notes.extend(rejected);
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
        notes.push(unused(manifest.epoch, &why));
        checkpoints.reject(manifest.epoch);
    }
    unreadable.map_or_else(|| Ok((State::new(), None)), Err)
}

/// Applies what the journal has and the state has not. How many commands that was.
pub(super) fn replay(journal: &mut FileJournal, state: &mut State) -> Result<u64, JournalError> {
    let before = state.sequence();
    journal.read(before + 1, &mut |frame: Frame<'_>| apply_frame(state, frame, &mut |_| {}))?;
    Ok(state.sequence() - before)
}

/// Applies what a frame has and the state has not; `each` looks at the state after each command.
pub(super) fn apply_frame(
    state: &mut State,
    frame: Frame<'_>,
    each: &mut dyn FnMut(&State),
) -> Result<(), JournalError> {
    let stop = |what: String| JournalError::Stopped { what };
    let commands: Vec<Command> = codec::decode(frame.payload)
        .map_err(|error| stop(format!("frame {}: {error}", frame.first_seq)))?;
    let known = state.sequence().saturating_sub(frame.first_seq.saturating_sub(1));
    let known = usize::try_from(known).unwrap_or(usize::MAX);
    for mut command in commands.into_iter().skip(known) {
        let sequence = state.sequence() + 1;
        if !state.apply(&mut command).journaled {
            return Err(stop(format!("command {sequence} does not replay")));
        }
        each(state);
    }
    if state.sequence() != frame.last_seq {
        let (found, expected) = (state.sequence(), frame.last_seq);
        return Err(stop(format!("expected command {expected} last, found {found}")));
    }
    Ok(())
}
