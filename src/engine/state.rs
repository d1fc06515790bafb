//! The whole deterministic state machine: workspaces, and the one door that changes them.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::data::Data;
use super::names::Names;
use super::replan::{UNITS_PER_COMMAND, UNITS_PER_TICK};
use super::workspace::{Order, Workspace, is_refused_erasure, key};
use crate::model::{Action, Command, Instant, Outcome, Refusal};

/// The workspace of commands that name none.
pub const DEFAULT_WORKSPACE: &str = "default";

/// What belongs to the store rather than to a workspace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Header {
    /// The number of the last command that was applied and journaled.
    pub(crate) sequence: u64,
    /// How often the store was opened.
    pub(crate) incarnation: u32,
    /// The time-zone database that plans were made with.
    pub(crate) tz_version: String,
    /// The public suffix list that companies were derived with.
    pub(crate) suffix_version: String,
    /// The holiday calendars that plans were made with.
    pub(crate) holidays_version: String,
}

/// The state of everything: a function of the sequence of commands, and of nothing else.
#[derive(Debug, Default)]
pub struct State {
    pub(crate) header: Header,
    pub(crate) names: Names,
    pub(crate) workspaces: Vec<Workspace>,
}

/// What came of a command.
#[derive(Clone, Debug)]
pub struct Applied {
    /// The answer.
    pub outcome: Outcome,
    /// Whether the command is part of what must be replayed.
    pub journaled: bool,
}

impl State {
    /// A state that nothing was told yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The number of the last command that was applied and journaled.
    #[must_use]
    pub const fn sequence(&self) -> u64 {
        self.header.sequence
    }

    /// How often the store was opened, as far as this state knows.
    #[must_use]
    pub const fn incarnation(&self) -> u32 {
        self.header.incarnation
    }

    /// Applies a command: the one way in which anything changes.
    ///
    /// The command's instant is raised to the engine's time, in place, so that what is journaled
    /// replays to the same state.
    pub fn apply(&mut self, command: &mut Command) -> Applied {
        if let Action::Open { incarnation, tz_version, suffix_version, holidays_version } =
            &command.action
        {
            self.header.holidays_version.clone_from(holidays_version);
            self.header.incarnation = *incarnation;
            self.header.tz_version.clone_from(tz_version);
            self.header.suffix_version.clone_from(suffix_version);
            self.header.sequence += 1;
            return Applied { outcome: Outcome::Applied, journaled: true };
        }
        let name = command.workspace.as_deref().unwrap_or(DEFAULT_WORKSPACE);
        if let Err(refusal) = key("workspace", name) {
            return Applied { outcome: Outcome::Refused(refusal), journaled: false };
        }
        let mut new = None;
        let existing = self.names.id(name).map(|id| id as usize);
        let workspace = match existing.and_then(|at| self.workspaces.get_mut(at)) {
            Some(workspace) => workspace,
            None => new.insert(Workspace::default()),
        };
        if let Some(outcome) = command.id.as_deref().and_then(|id| workspace.recorded(id)) {
            return Applied { outcome, journaled: false };
        }
        let before = workspace.data.now;
        command.at = command.at.max(before);
        let order =
            Order { incarnation: self.header.incarnation, sequence: self.header.sequence + 1 };
        let outcome = workspace.apply(command, order);
        let now = workspace.data.now;
        let time_passed = existing.is_some() && now > before;
        let refused = matches!(outcome, Outcome::Refused(_));
        let bad_id = matches!(
            &outcome,
            Outcome::Refused(Refusal::InvalidKey { field, .. }) if field == "id"
        );
        let erasure = is_refused_erasure(command, &outcome);
        let recorded = !refused || (command.id.is_some() && !bad_id && !erasure);
        if !recorded && time_passed {
            // A refusal is forgotten, but the time that it let pass is not: holds and leases ended
            // in it.
            (command.id, command.by) = (None, None);
            command.action = Action::Advance;
        }
        let journaled = recorded || time_passed;
        // What was seen before changes nothing, not even how far the planning has got.
        if journaled && outcome != Outcome::Duplicate {
            let tick = matches!(command.action, Action::Tick);
            workspace.work(if tick { UNITS_PER_TICK } else { UNITS_PER_COMMAND });
        }
        self.header.sequence += u64::from(journaled);
        if let Some(workspace) = new.filter(|_| recorded) {
            self.names.intern(name);
            self.workspaces.push(workspace);
        }
        Applied { outcome, journaled }
    }

    /// The engine time of a workspace: the greatest instant that a command brought.
    #[must_use]
    pub fn now(&self, workspace: &str) -> Option<Instant> {
        self.workspace(workspace).map(|workspace| workspace.data.now)
    }

    /// The earliest instant at which a claim may find something: a lower bound.
    #[must_use]
    pub fn next_due(&self, workspace: &str) -> Option<Instant> {
        let workspace = self.workspace(workspace)?;
        let timer = workspace.index.timers.first().map(|timer| timer.0);
        // While everything is held, only the end of a hold or a lease can matter.
        let held = !workspace.data.anchor.live().is_empty();
        let lanes = workspace.index.lanes.earliest().filter(|_| !held);
        timer.into_iter().chain(lanes).min()
    }

    /// The workspaces in which timelines are still to be planned anew, each with its time.
    pub(crate) fn at_work(&self) -> impl Iterator<Item = (&str, Instant)> {
        let unfinished = self.names.iter().zip(&self.workspaces);
        let unfinished = unfinished.filter(|(_, workspace)| !workspace.data.jobs.is_empty());
        unfinished.map(|(name, workspace)| (name, workspace.data.now))
    }

    pub(super) fn workspace(&self, name: &str) -> Option<&Workspace> {
        self.workspaces.get(self.names.id(name)? as usize)
    }

    /// A picture of everything as of now. It shares its pages with the state.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let tables = self.workspaces.iter().map(|workspace| workspace.data.clone()).collect();
        Snapshot {
            header: self.header.clone(),
            names: self.names.clone(),
            tables: Arc::new(tables),
        }
    }

    /// As [`State::snapshot`], but keys cannot be looked up in it: all that a checkpoint needs, and
    /// nothing that a new key would have to copy.
    #[must_use]
    pub(crate) fn image(&self) -> Snapshot {
        let tables = self.workspaces.iter().map(|workspace| workspace.data.image()).collect();
        Snapshot {
            header: self.header.clone(),
            names: self.names.texts_only(),
            tables: Arc::new(tables),
        }
    }

    pub(crate) fn restored(header: Header, names: Names, tables: Vec<Data>) -> Self {
        let workspaces = tables.into_iter().map(Workspace::restored).collect();
        Self { header, names, workspaces }
    }
}

/// A picture of the whole state at one moment. Reading it never blocks the writer.
#[derive(Clone, Debug)]
pub struct Snapshot {
    pub(crate) header: Header,
    pub(crate) names: Names,
    pub(crate) tables: Arc<Vec<Data>>,
}

impl Snapshot {
    /// The number of the last command that it knows of.
    #[must_use]
    pub const fn sequence(&self) -> u64 {
        self.header.sequence
    }

    /// Drops it a little at a time. What others have too stays theirs.
    #[cfg(feature = "store")]
    pub(crate) fn let_go(self, rest: &mut dyn FnMut()) {
        for data in Arc::into_inner(self.tables).unwrap_or_default() {
            data.let_go(rest);
        }
    }

    pub(crate) fn data(&self, workspace: &str) -> Option<&Data> {
        self.tables.get(self.names.id(workspace)? as usize)
    }
}
