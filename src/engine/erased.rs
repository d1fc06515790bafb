//! Who was forgotten, for those who remove what is left of it where the engine's commands are kept.

#[cfg(test)]
mod tests;

use super::data::Data;
use super::forget::salted;
use super::redact::prospects_of;
use super::state::{DEFAULT_WORKSPACE, Snapshot, State};
use crate::model::{Command, forgotten_key};

/// A person who was forgotten, as the state knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ErasedAt {
    pub(crate) workspace: String,
    /// The command that did it.
    pub(crate) sequence: u64,
    /// What is left of its key.
    pub(crate) name: String,
}

impl Snapshot {
    /// The last command that forgot somebody; 0 if none did.
    pub(crate) fn last_erased(&self) -> u64 {
        last_erased(self.tables.iter())
    }

    /// Whom commands after one have forgotten.
    pub(crate) fn erased_after(&self, sequence: u64) -> Vec<ErasedAt> {
        let tables = self.names.iter().zip(self.tables.iter());
        let all = tables.flat_map(|(workspace, data)| {
            data.forgotten.iter().map(move |(_, record)| ErasedAt {
                workspace: workspace.to_owned(),
                sequence: record.sequence,
                name: forgotten_key(record.prospect),
            })
        });
        all.filter(|erased| erased.sequence > sequence).collect()
    }
}

impl State {
    /// The last command that forgot somebody; 0 if none did.
    pub(crate) fn last_erased(&self) -> u64 {
        last_erased(self.workspaces.iter().map(|workspace| &workspace.data))
    }
}

impl State {
    /// Looks at the prospects that a command names, and whether one of them is known to have been
    /// forgotten later: how many, and whether there is one.
    pub(crate) fn names_forgotten(&self, sequence: u64, command: &Command) -> (u64, bool) {
        let name = command.workspace.as_deref().unwrap_or(DEFAULT_WORKSPACE);
        let workspace = self.names.id(name).and_then(|id| self.workspaces.get(id as usize));
        let Some((workspace, salt)) = workspace.and_then(|it| Some((it, it.data.salt()?))) else {
            return (0, false);
        };
        let mut named = prospects_of(&command.action);
        // An address may be another's, too, who is not forgotten.
        let is_there = |key: &&str| workspace.data.prospect_names.id(key).is_some();
        if named.first().is_some_and(is_there) {
            named.truncate(1);
        }
        let is_forgotten = |text: &&str| {
            let record = workspace.index.forgotten.get(salted(salt, text));
            let record = record.and_then(|id| workspace.data.forgotten.get(*id));
            record.is_some_and(|record| sequence <= record.sequence)
        };
        (named.len() as u64, named.iter().any(is_forgotten))
    }
}

fn last_erased<'a>(tables: impl Iterator<Item = &'a Data>) -> u64 {
    let last = |data: &Data| {
        let last = super::pages::dense(data.forgotten.len().saturating_sub(1));
        data.forgotten.get(last).map(|record| record.sequence)
    };
    tables.filter_map(last).max().unwrap_or(0)
}
