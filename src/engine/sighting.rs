//! What a command needs to know of everything that there is, looked for on the thread that asks
//! for it, so that it holds up nobody else.

#[cfg(test)]
pub(super) mod tests;

use std::sync::Arc;

use super::fingerprint::Fingerprint;
use super::index::event_key;
use super::mentions::{Found, Texts, Whom};
use super::state::{Applied, DEFAULT_WORKSPACE, State};
use super::whereabouts::{Located, Logs};
use crate::model::{Action, Command};

/// What is looked for, and a picture to look at.
#[derive(Clone, Debug)]
pub(crate) enum Sought {
    /// Whatever mentions somebody who is to be forgotten.
    Person(Box<(Whom, Texts)>),
    /// Wherever an event that is taken back was counted.
    Event(Fingerprint, Logs),
}

/// What was found in a picture.
#[derive(Debug)]
pub(crate) enum Sighting {
    Person(Box<Found>),
    Event(Located),
}

impl Sought {
    /// Whether a command of this kind has anything to look for.
    pub(crate) const fn is_for(action: &Action) -> bool {
        matches!(action, Action::Forget { .. } | Action::Retract { .. })
    }

    /// Looks for it where the picture differs from the one before. How much was looked at is the
    /// second answer.
    pub(crate) fn look(self, before: Option<&Sighting>) -> (Sighting, usize) {
        match self {
            Self::Person(sought) => {
                let (whom, texts) = *sought;
                let (found, looked) = Found::look(whom, texts, before.and_then(Sighting::person));
                (Sighting::Person(Box::new(found)), looked)
            }
            Self::Event(event, logs) => {
                let (located, looked) =
                    Located::look(event, logs, before.and_then(Sighting::event));
                (Sighting::Event(located), looked)
            }
        }
    }
}

impl Sighting {
    /// Where a person is mentioned, if that was looked for.
    pub(crate) fn person(&self) -> Option<&Found> {
        match self {
            Self::Person(found) => Some(found),
            Self::Event(_) => None,
        }
    }

    /// Where an event was counted, if that was looked for.
    pub(crate) const fn event(&self) -> Option<&Located> {
        match self {
            Self::Event(located) => Some(located),
            Self::Person(_) => None,
        }
    }
}

impl State {
    /// What a command has to look for; none if there is nothing.
    pub(crate) fn sought(&self, command: &Command) -> Option<Sought> {
        let name = command.workspace.as_deref().unwrap_or(DEFAULT_WORKSPACE);
        let workspace = self.workspaces.get(self.names.id(name)? as usize)?;
        match &command.action {
            Action::Forget { prospect, .. } => {
                workspace.sought(prospect).map(|sought| Sought::Person(Box::new(sought)))
            }
            Action::Retract { source, event, .. } => {
                Some(Sought::Event(event_key(source, event), workspace.data.logs()))
            }
            _ => None,
        }
    }

    /// Applies a command with what was found before.
    pub(crate) fn apply_with(
        &mut self,
        command: &mut Command,
        sighting: Option<Arc<Sighting>>,
    ) -> Applied {
        let name = command.workspace.as_deref().unwrap_or(DEFAULT_WORKSPACE);
        let id = self.names.id(name).map_or(usize::MAX, |id| id as usize);
        if let Some(workspace) = self.workspaces.get_mut(id) {
            workspace.sighting = sighting;
        }
        let applied = self.apply(command);
        if let Some(workspace) = self.workspaces.get_mut(id) {
            workspace.sighting = None;
        }
        applied
    }
}
