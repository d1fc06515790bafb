//! The log thread: it makes groups durable, several at once if several wait, and lets their answers
//! go after that.

use super::{Codec, Grown};
use crate::engine::error::EngineError;
use crate::engine::port::{Frame, Journal, JournalError, Sync};
use crate::engine::room::Gate;
use crate::engine::state::{Snapshot, State};
use crate::engine::threads::Mutex;
use crate::engine::threads::mpsc::{Receiver, RecvTimeoutError, Sender};
use crate::model::{Command, Instant, Outcome};

/// An answer that waits until its group is durable.
pub(super) enum Answer {
    Outcomes(Vec<Outcome>, Sender<Result<Vec<Outcome>, EngineError>>),
    Snapshot(Snapshot, Sender<Result<Snapshot, EngineError>>),
    NextDue(Option<Instant>, Sender<Result<Option<Instant>, EngineError>>),
}

impl Answer {
    pub(super) fn send(self, poisoned: Option<&EngineError>) {
        // Whoever asked may have gone away; then nobody is there to be told.
        let _gone = match (self, poisoned) {
            (Self::Outcomes(_, to), Some(error)) => to.send(Err(error.clone())).is_err(),
            (Self::Snapshot(_, to), Some(error)) => to.send(Err(error.clone())).is_err(),
            (Self::NextDue(_, to), Some(error)) => to.send(Err(error.clone())).is_err(),
            (Self::Outcomes(outcomes, to), None) => to.send(Ok(outcomes)).is_err(),
            (Self::Snapshot(snapshot, to), None) => to.send(Ok(snapshot)).is_err(),
            (Self::NextDue(due, to), None) => to.send(Ok(due)).is_err(),
        };
    }
}

/// What the writer hands to the log thread: a frame, if there was anything to keep, and answers.
pub(super) struct Group {
    pub(super) first_seq: u64,
    pub(super) last_seq: u64,
    pub(super) payload: Vec<u8>,
    pub(super) sync: Sync,
    pub(super) answers: Vec<Answer>,
    /// Somebody was forgotten: what was appended so far is to be written anew.
    pub(super) forgets: bool,
    /// The writer waits for something.
    pub(super) ask: Option<Ask>,
}

/// What the writer waits for.
pub(super) enum Ask {
    /// What was journaled before.
    Journaled(Sender<Result<Told, EngineError>>),
    /// That everything before is in the journal.
    Done(Sender<()>),
}

impl Group {
    /// A group that keeps nothing, and asks for what was journaled.
    pub(super) const fn asking(ask: Ask) -> Self {
        Self {
            first_seq: 1,
            last_seq: 0,
            payload: Vec::new(),
            sync: Sync::Level,
            answers: Vec::new(),
            forgets: false,
            ask: Some(ask),
        }
    }
}

/// The log thread: makes groups durable, several at once if several wait, then lets answers go.
pub(super) fn keep(
    mut journal: Box<dyn Journal>,
    groups: &Receiver<Group>,
    (codec, mut grown, gate): (&dyn Codec, Option<Grown>, Gate),
    poison: &Mutex<Option<EngineError>>,
) {
    let mut poisoned = None;
    loop {
        let first = match journal.sync_due() {
            None => groups.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(due) => groups.recv_timeout(due),
        };
        let mut waiting = match first {
            Ok(group) => vec![group],
            Err(RecvTimeoutError::Timeout) => {
                poisoned = poisoned.or(journal.sync().err().map(|error| poisoned_by(&error)));
                note(poison, poisoned.as_ref());
                continue;
            }
            Err(RecvTimeoutError::Disconnected) => break,
        };
        waiting.extend(groups.try_iter());
        if poisoned.is_none() {
            poisoned = append(&mut *journal, &waiting).err();
            note(poison, poisoned.as_ref());
        }
        let bytes = waiting.iter().map(|group| group.payload.len()).sum();
        gate.arrived(bytes);
        if let Some(grown) = &mut grown {
            grown.by(bytes as u64, &gate);
            if waiting.iter().any(|group| group.forgets) {
                grown.asks();
            }
        }
        for group in waiting {
            for answer in group.answers {
                answer.send(poisoned.as_ref());
            }
            // The writer waits for it, unless it has ended.
            let _gone = match (group.ask, &poisoned) {
                (None, _) => false,
                (Some(Ask::Done(to)), _) => to.send(()).is_err(),
                (Some(Ask::Journaled(to)), Some(error)) => to.send(Err(error.clone())).is_err(),
                (Some(Ask::Journaled(to)), None) => {
                    to.send(journaled(&mut *journal, codec)).is_err()
                }
            };
        }
    }
    if poisoned.is_none() {
        let closed = journal.close().err().map(|error| poisoned_by(&error));
        note(poison, closed.as_ref());
    }
}

/// The state that the journal leads on from, if it was trimmed, and every command from there on.
pub(super) type Told = (Option<State>, Vec<Command>);

/// Every command in the journal.
fn journaled(journal: &mut dyn Journal, codec: &dyn Codec) -> Result<Told, EngineError> {
    loop {
        let first = journal.replays_from();
        let told = journaled_from(journal, codec, first);
        // What was trimmed or redacted just now has a later beginning.
        if journal.replays_from() == first {
            return told;
        }
    }
}

fn journaled_from(
    journal: &mut dyn Journal,
    codec: &dyn Codec,
    first: u64,
) -> Result<Told, EngineError> {
    let mut all = Vec::new();
    let begun = codec.begins_with(first).map_err(|cause| EngineError::Poisoned { cause })?;
    let from = begun.as_ref().map_or(first, |state| state.sequence() + 1);
    let read = journal.read(from, &mut |frame: Frame<'_>| {
        let stop = |what: String| JournalError::Stopped { what };
        let known = usize::try_from(from.saturating_sub(frame.first_seq)).unwrap_or(usize::MAX);
        all.extend(codec.decode(frame.payload).map_err(stop)?.into_iter().skip(known));
        Ok(())
    });
    read.map(|()| (begun, all)).map_err(|error| poisoned_by(&error))
}

fn append(journal: &mut dyn Journal, groups: &[Group]) -> Result<(), EngineError> {
    let kept = groups.iter().filter(|group| group.last_seq >= group.first_seq);
    let frames: Vec<Frame<'_>> = kept
        .map(|group| Frame {
            first_seq: group.first_seq,
            last_seq: group.last_seq,
            payload: &group.payload,
        })
        .collect();
    let now = groups.iter().any(|group| group.sync == Sync::Now);
    let done = match (frames.is_empty(), now) {
        (true, false) => Ok(()),
        (true, true) => journal.sync(),
        (false, false) => journal.append(&frames, Sync::Level),
        (false, true) => journal.append(&frames, Sync::Now),
    };
    done.map_err(|error| poisoned_by(&error))?;
    if groups.iter().any(|group| group.forgets) {
        match journal.end_segment() {
            // Then it lies apart from what comes when the store is opened again.
            Ok(()) | Err(JournalError::Full { .. }) => {}
            Err(error) => return Err(poisoned_by(&error)),
        }
    }
    Ok(())
}

fn poisoned_by(error: &JournalError) -> EngineError {
    EngineError::Poisoned { cause: error.to_string() }
}

pub(super) fn note(poison: &Mutex<Option<EngineError>>, error: Option<&EngineError>) {
    if let (Some(error), Ok(mut slot)) = (error, poison.lock()) {
        slot.get_or_insert_with(|| error.clone());
    }
}
