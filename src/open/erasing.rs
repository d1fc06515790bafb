//! Removing from the disk what is left of persons who were forgotten: checkpoints in a fresh
//! database, a base from which the journal is replayed from then on, no older one, and each segment
//! without them. Killed between any two of these steps, the next open begins again, and finds a
//! whole store until then.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::keeper::StoreKeeper;
use crate::engine::port::{Frame, JournalError};
use crate::engine::{DEFAULT_WORKSPACE, ErasedAt, Keeper as _, Person, Snapshot, TakeImage};
use crate::model::{Action, Command};
use crate::store::disk::if_there;
use crate::store::journal::{Archivist, Redacted};
use crate::store::pace::{Pace, Rests};
use crate::store::{StoreError, codec};

/// How far it has got.
#[derive(Debug)]
pub(super) struct Erasing {
    /// The last command that forgot one of those who are removed.
    upto: u64,
    people: People,
    /// The segment that is looked at next, or the one after it.
    next: u64,
}

/// A person who is to be removed.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Listed {
    workspace: String,
    /// The command by which the person was forgotten: what comes after it is about somebody else.
    upto: u64,
    person: Person,
}

impl StoreKeeper {
    /// Does one step; whether there may be more.
    pub(super) fn erase(&mut self, image: &mut TakeImage<'_>, pace: Pace) -> Result<bool, String> {
        let Some(erasing) = &mut self.erasing else {
            if self.erased <= self.house.archivist.redacted().done {
                return Ok(false);
            }
            let snapshot = image()?;
            let begun = self.begin_erasing(&snapshot, pace);
            self.let_go(snapshot);
            self.erasing = Some(begun?);
            return Ok(true);
        };
        let archivist = &self.house.archivist;
        let told = |error: StoreError| error.to_string();
        let (upto, people) = (erasing.upto, &erasing.people);
        if let Some((first, next)) = archivist.closed_from(erasing.next).map_err(told)?
            && first <= upto
        {
            let mut rests = Rests::new(&pace);
            let mut change = |frame: Frame<'_>| {
                rests.rest();
                people.taken_out_of(frame)
            };
            archivist.rewrite(first, &mut change).map_err(told)?;
            erasing.next = next;
            return Ok(true);
        }
        let last = archivist.segments().map_err(told)?.last().map_or(0, |last| last.first_seq);
        if last <= upto {
            let what = "the segment that is written to has somebody who was forgotten";
            return Err(format!("{what}; it is gone on with when the store is opened again"));
        }
        let redacted = Redacted { done: upto, ..archivist.redacted() };
        archivist.note_redacted(redacted).map_err(told)?;
        self.erasing = None;
        Ok(true)
    }

    /// Leaves nothing of them but in the journal, which is replayed from behind them from now on.
    fn begin_erasing(&mut self, snapshot: &Snapshot, pace: Pace) -> Result<Erasing, String> {
        let told = |error: StoreError| error.to_string();
        let (upto, sequence) = (snapshot.last_erased(), snapshot.sequence());
        self.rewrite((sequence, pace.clone()), snapshot).map_err(|error| error.to_string())?;
        let house = &self.house;
        let bases = house.bases.list().map_err(told)?;
        let is_clean = |seq: &u64| *seq >= upto && house.bases.read(*seq).is_ok();
        let clean = bases.iter().rev().map(|base| base.seq).find(is_clean);
        let floor = match clean {
            Some(floor) => floor,
            None => house.write_base(snapshot, &pace).map_err(|error| error.to_string())?.seq,
        };
        let before = house.archivist.redacted();
        let redacted = Redacted { floor: floor.max(before.floor), ..before };
        house.archivist.note_redacted(redacted).map_err(told)?;
        house.bases.remove_below(upto).map_err(told)?;
        remove_put_aside(house.bases.dir()).map_err(told)?;
        let mut erased = snapshot.erased_after(before.done);
        erased.retain(|it| it.sequence <= upto);
        let people = listed(&house.archivist, &erased)?;
        Ok(Erasing { upto, people: People::new(people), next: 0 })
    }
}

/// Who is to be removed: the commands that forgot them say it. One that is not there any more was
/// taken out of everything before it, too.
fn listed(archivist: &Archivist, erased: &[ErasedAt]) -> Result<Vec<Listed>, String> {
    let segments = archivist.segments().map_err(|error| error.to_string())?;
    let begins = segments.first().map_or(1, |segment| segment.first_seq);
    let wanted: BTreeMap<u64, &ErasedAt> = erased.iter().map(|it| (it.sequence, it)).collect();
    let range = wanted.keys().next().zip(wanted.keys().next_back());
    let Some((from, upto)) = range.map(|(from, upto)| (begins.max(*from), *upto)) else {
        return Ok(Vec::new());
    };
    let mut people = Vec::new();
    each_command(archivist, (from, upto), &mut |sequence, command| {
        if let Some(erased) = wanted.get(&sequence)
            && let Action::Erase { prospect: key, addresses, .. } = command.action
        {
            let (workspace, name) = (erased.workspace.clone(), erased.name.clone());
            let person = Person { key, addresses, name };
            people.push(Listed { workspace, upto: sequence, person });
        }
    })?;
    Ok(people)
}

/// Hands on the commands with their numbers, of the frames that reach from one to another.
fn each_command(
    archivist: &Archivist,
    range: (u64, u64),
    each: &mut dyn FnMut(u64, Command),
) -> Result<(), String> {
    let frames = archivist.frames(range, &mut |frame| {
        let stop = |what: String| JournalError::Stopped { what };
        let commands: Vec<Command> = codec::decode(frame.payload)
            .map_err(|error| stop(format!("frame {}: {error}", frame.first_seq)))?;
        (frame.first_seq..).zip(commands).for_each(|(sequence, command)| each(sequence, command));
        Ok(())
    });
    frames.map_err(|error| error.to_string())
}

/// Those who are taken out.
#[derive(Debug)]
struct People {
    all: Vec<Listed>,
    workspaces: BTreeSet<String>,
}

impl People {
    fn new(listed: Vec<Listed>) -> Self {
        let workspaces = listed.iter().map(|it| it.workspace.clone()).collect();
        Self { all: listed, workspaces }
    }

    /// What a frame holds without them; none if it has nothing of them.
    fn taken_out_of(&self, frame: Frame<'_>) -> Result<Option<Vec<u8>>, StoreError> {
        let failed = |error: codec::CodecError| StoreError::Image {
            path: format!("frame {}", frame.first_seq).into(),
            what: error.to_string(),
        };
        let mut commands: Vec<Command> = codec::decode(frame.payload).map_err(failed)?;
        let mut changed = false;
        for (sequence, command) in (frame.first_seq..).zip(&mut commands) {
            changed |= self.take_out_of(sequence, command);
        }
        if !changed {
            return Ok(None);
        }
        codec::encode(&commands).map(Some).map_err(failed)
    }

    fn take_out_of(&self, sequence: u64, command: &mut Command) -> bool {
        let workspace = command.workspace.as_deref().unwrap_or(DEFAULT_WORKSPACE).to_owned();
        if !self.workspaces.contains(&workspace) {
            return false;
        }
        let mut changed = false;
        for listed in &self.all {
            if listed.workspace == workspace && sequence <= listed.upto {
                changed |= listed.person.redact(command);
            }
        }
        changed
    }
}

/// Removes the databases that were damaged and put aside, beside the bases.
fn remove_put_aside(bases: &Path) -> Result<(), StoreError> {
    let Some(store) = bases.parent() else {
        return Ok(());
    };
    let entries = if_there(fs::read_dir(store)).map_err(StoreError::io("read", store))?;
    let Some(entries) = entries else {
        return Ok(());
    };
    for entry in entries {
        let path = entry.map_err(StoreError::io("read", store))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with("sled.damaged-") {
            fs::remove_dir_all(&path).map_err(StoreError::io("remove", &path))?;
        }
    }
    Ok(())
}
