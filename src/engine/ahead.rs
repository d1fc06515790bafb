//! Looking ahead: what the next commands are about is touched before they are applied.
//!
//! A command about somebody at random waits for memory a dozen times, one wait after the other. Of
//! several commands the same step is taken here at once, so that their waits overlap. Nothing that
//! is read here is kept: it only lies nearer when the command is applied.

use std::hint::black_box;

use super::fingerprint::hash_text;
use super::index::event_key;
use super::record::NONE;
use super::shards::half;
use super::state::{DEFAULT_WORKSPACE, State};
use super::workspace::Workspace;
use crate::model::{Action, Command};

/// How many commands are looked at together: about as many waits as a core has at a time.
pub(super) const TOGETHER: usize = 16;

/// What is known of a command so far.
#[derive(Clone, Copy)]
struct Ahead {
    /// The hash of the prospect's key.
    key: Option<u64>,
    /// Half of the identity of the event.
    event: Option<u64>,
    prospect: u32,
    company: u32,
    enrollment: u32,
}

impl State {
    /// Touches what the first [`TOGETHER`] of the commands are about.
    pub(super) fn look_ahead(&self, commands: &[Command]) {
        // Those of one command are few enough to wait for.
        let Some(first) = commands.first().filter(|_| commands.len() > 1) else {
            return;
        };
        let name = first.workspace.as_deref().unwrap_or(DEFAULT_WORKSPACE);
        let id = self.names.id(name).map(|id| id as usize);
        if let Some(workspace) = id.and_then(|id| self.workspaces.get(id)) {
            workspace.look_ahead(commands);
        }
    }
}

impl Workspace {
    fn look_ahead(&self, commands: &[Command]) {
        let nothing =
            Ahead { key: None, event: None, prospect: NONE, company: NONE, enrollment: NONE };
        let mut all = [nothing; TOGETHER];
        let data = &self.data;
        let mut read = 0_u64;
        for (it, command) in all.iter_mut().zip(commands) {
            it.note(command);
            if let Action::Confirm { token } | Action::Report { token, .. } = &command.action {
                it.enrollment = data.claims.get(token).map_or(NONE, |claim| claim.enrollment);
            }
        }
        for it in &mut all {
            it.prospect = it.key.map_or(NONE, |key| data.prospect_names.likely(key));
            read ^= it.event.map_or(0, |event| u64::from(self.index.seen.likely(event)));
        }
        for it in &mut all {
            if let Some(record) = data.enrollments.get(it.enrollment) {
                it.prospect = record.prospect;
            }
        }
        for it in &all {
            read ^= data.prospect_names.end(it.prospect);
        }
        for it in &mut all {
            if let Some(record) = data.prospects.get(it.prospect) {
                (it.company, it.enrollment) = (record.company, record.first_enrollment);
            }
        }
        for it in &all {
            let text = data.prospect_names.text(it.prospect).as_bytes();
            read ^= text.last().map_or(0, |byte| u64::from(*byte));
            read ^= data.companies.get(it.company).map_or(0, |it| u64::from(it.last_member));
        }
        for it in &all {
            read ^= data.enrollments.get(it.enrollment).map_or(0, |it| u64::from(it.sender));
        }
        black_box(read);
    }
}

impl Ahead {
    fn note(&mut self, command: &Command) {
        let key = match &command.action {
            Action::Record(event) => {
                self.event = Some(half(event_key(&event.source, &event.id)));
                event.subject.prospect.as_deref()
            }
            Action::Enroll { prospect, .. } => Some(prospect.as_str()),
            Action::PutProspect(prospect) => Some(prospect.key.as_str()),
            _ => None,
        };
        self.key = key.map(hash_text);
    }
}
