//! What the windows of a new policy would have counted, had it been in force from the start.
//!
//! The answer is in the history: the commands are applied once more to a state of their own, which
//! counts for the new policy on the side. It travels inside the command that publishes the policy,
//! so that a replay needs no history.

use std::collections::{BTreeMap, BTreeSet};

use super::counting::{CountRecord, horizon};
use super::facts::About;
use super::fingerprint::Fingerprint;
use super::record::{NONE, Target};
use super::state::{DEFAULT_WORKSPACE, State};
use super::workspace::{Answer, Workspace};
use crate::lang::{Counter, Policy, SeriesKey, TypedEvent};
use crate::model::{Action, Command, Event, Instant, PastEvent, PolicyBundle, Refusal, Scope};

/// The most past events that one policy may need: what they take has to fit into one frame.
pub const MAX_PAST: usize = 400_000;

/// A policy that is about to be published, and what its windows count that nothing counted so far.
pub(crate) struct Wanted {
    workspace: String,
    policy: std::sync::Arc<Policy>,
    series: BTreeSet<SeriesKey>,
}

/// The series that a new policy counts and the one before it did not, or not as far back.
fn new_series(old: Option<&Policy>, new: &Policy) -> BTreeSet<SeriesKey> {
    let kept: BTreeMap<SeriesKey, u64> = old
        .map(|old| old.counters().map(|counter| (counter.series, counter.keep_ms)).collect())
        .unwrap_or_default();
    let missing = |counter: &Counter| {
        kept.get(&counter.series).is_none_or(|keep_ms| *keep_ms < counter.keep_ms)
    };
    new.counters().filter(missing).map(|counter| counter.series).collect()
}

impl State {
    /// What a command needs of the history, if it publishes a policy that counts something new.
    pub(crate) fn wants(&self, command: &Command) -> Option<Wanted> {
        let Action::PutPolicy(bundle) = &command.action else {
            return None;
        };
        let workspace = command.workspace.as_deref().unwrap_or(DEFAULT_WORKSPACE);
        // In a new workspace nothing has happened.
        let data = &self.workspaces.get(self.names.id(workspace)? as usize)?.data;
        // What does not compile is refused when it is applied.
        let policy = data.compiled(bundle).ok()?;
        let series = new_series(data.policy().map(|policy| &**policy), &policy);
        let workspace = workspace.to_owned();
        (!series.is_empty()).then_some(Wanted { workspace, policy, series })
    }

    /// The command with what its windows count of the past: `history` hands over, in order, every
    /// command that was journaled.
    ///
    /// # Errors
    /// What `history` answers.
    pub fn recalled<E>(
        &self,
        command: Command,
        history: impl FnOnce(&mut dyn FnMut(Command)) -> Result<(), E>,
    ) -> Result<Command, E> {
        self.recalled_from(command, |recall| history(&mut |command| recall.take(command)))
    }

    /// As [`State::recalled`], where the history may begin with a state.
    pub(crate) fn recalled_from<E>(
        &self,
        command: Command,
        history: impl FnOnce(&mut Recall) -> Result<(), E>,
    ) -> Result<Command, E> {
        match self.wants(&command) {
            Some(wanted) => {
                let mut recall = Recall::new(wanted);
                history(&mut recall)?;
                Ok(recall.publish(command))
            }
            None => Ok(command),
        }
    }
}

/// The history as it is read.
pub(crate) struct Recall {
    wanted: std::sync::Arc<Wanted>,
    state: State,
}

impl Recall {
    pub(crate) fn new(wanted: Wanted) -> Self {
        Self { wanted: std::sync::Arc::new(wanted), state: State::new() }
    }

    /// Begins with a state: what came before it is not there any more, and is not counted.
    pub(crate) fn begin_with(&mut self, state: State) {
        self.state = state;
        let at = self.state.names.id(&self.wanted.workspace).map(|id| id as usize);
        if let Some(workspace) = at.and_then(|at| self.state.workspaces.get_mut(at)) {
            let events = Vec::new();
            workspace.aside = Some(Aside { wanted: self.wanted.clone(), events });
        }
    }

    /// Applies one command of the history.
    pub(crate) fn take(&mut self, mut command: Command) {
        let before = self.state.workspaces.len();
        self.state.apply(&mut command);
        // The workspace in question counts on the side from its first command on; that one can
        // only have made it, for there was no policy yet.
        if self.state.workspaces.len() > before
            && self.state.names.id(&self.wanted.workspace).map(|id| id as usize) == Some(before)
            && let Some(workspace) = self.state.workspaces.last_mut()
        {
            let events = Vec::new();
            workspace.aside = Some(Aside { wanted: self.wanted.clone(), events });
        }
    }

    /// The command that publishes the policy, with the past in it.
    pub(crate) fn publish(mut self, command: Command) -> Command {
        let Action::PutPolicy(policy) = command.action else {
            return command;
        };
        let workspaces = self.state.workspaces.iter_mut();
        let mut past: Vec<PastEvent> =
            workspaces.filter_map(|it| it.aside.take()).flat_map(|aside| aside.events).collect();
        // As the command will be raised: what the windows count must not depend on who asks when.
        let now =
            self.state.now(&self.wanted.workspace).map_or(command.at, |it| it.max(command.at));
        let reach: BTreeMap<u128, Instant> = self
            .wanted
            .policy
            .counters()
            .map(|counter| (counter.series.0, horizon(now, counter)))
            .collect();
        past.retain(|event| reach.get(&event.series).is_some_and(|from| event.at > *from));
        Command { action: Action::Publish { policy, past }, ..command }
    }
}

/// What a workspace counts for a policy that is not in force.
#[derive(Debug)]
pub(crate) struct Aside {
    wanted: std::sync::Arc<Wanted>,
    events: Vec<PastEvent>,
}

impl std::fmt::Debug for Wanted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} series of {:?}", self.series.len(), self.policy.hash())
    }
}

/// A target as it travels in a command.
const fn packed(target: &Target) -> Option<(Scope, u32)> {
    match target {
        Target::Prospect(id) => Some((Scope::Prospect, *id)),
        Target::Company(id) => Some((Scope::Company, *id)),
        Target::Campaign(id) => Some((Scope::Campaign, *id)),
        Target::Sender(id) => Some((Scope::Sender, *id)),
        _ => None,
    }
}

const fn unpacked(event: &PastEvent) -> Option<Target> {
    match event.scope {
        Scope::Prospect => Some(Target::Prospect(event.target)),
        Scope::Company => Some(Target::Company(event.target)),
        Scope::Campaign => Some(Target::Campaign(event.target)),
        Scope::Sender => Some(Target::Sender(event.target)),
        _ => None,
    }
}

impl Workspace {
    /// Whether an event of a type makes a difference, to the policy in force or aside.
    pub(crate) fn heeds(&self, kind: &str) -> bool {
        let aside = self.aside.as_ref().is_some_and(|aside| aside.wanted.policy.heeds(kind));
        aside || self.data.policy().is_some_and(|policy| policy.heeds(kind))
    }

    /// Counts an event for the policy that is not in force, if there is one.
    pub(crate) fn count_aside(
        &mut self,
        event: &Event,
        identity: Fingerprint,
        (about, at, own): (About, Instant, bool),
    ) {
        let Some(mut aside) = self.aside.take() else {
            return;
        };
        let policy = &aside.wanted.policy;
        // What the new policy cannot read, it would not have counted.
        let typed = policy.read(event).ok();
        let counters = typed.as_ref().map(|typed| self.counters(policy, typed, about, at));
        for (counter, of) in counters.unwrap_or_default() {
            if !aside.wanted.series.contains(&counter.series) {
                continue;
            }
            let target = self.data.counted_for(about, counter.scope);
            if let Some((scope, target)) = target.as_ref().and_then(packed) {
                let (series, event) = (counter.series.0, identity);
                let prospect = about.prospect;
                let past = PastEvent { series, scope, target, prospect, at, event, of, own };
                aside.events.push(past);
            }
        }
        self.aside = Some(aside);
    }

    /// Takes an event back that was counted aside.
    pub(crate) fn uncount_aside(&mut self, event: Fingerprint) {
        if let Some(aside) = &mut self.aside {
            aside.events.retain(|past| past.event != event);
        }
    }

    /// The series that count an event, with what a share is taken of; none for whom they cannot.
    pub(crate) fn counters(
        &self,
        policy: &Policy,
        typed: &TypedEvent,
        about: About,
        at: Instant,
    ) -> Vec<(Counter, bool)> {
        let facts = super::facts::LiveFacts::new(&self.data, &self.index, about, at);
        let counted = policy.counted_by(typed, &facts);
        counted.filter(|(counter, _)| !counter.prospects || about.prospect.is_some()).collect()
    }

    /// Publishes a policy whose windows begin with the past.
    pub(crate) fn publish(&mut self, policy: &PolicyBundle, past: &[PastEvent]) -> Answer {
        if past.len() > MAX_PAST {
            return Err(Refusal::Limit {
                what: "past events that the policy's windows count".to_owned(),
                most: MAX_PAST as u64,
                found: past.len() as u64,
            });
        }
        let old = self.data.policy().cloned();
        let outcome = self.put_policy(policy)?;
        let Some(new) = self.data.policy().cloned() else {
            return Ok(outcome);
        };
        self.empty_logs(&new_series(old.as_deref(), &new));
        let counters: BTreeMap<u128, Counter> =
            new.counters().map(|counter| (counter.series.0, counter)).collect();
        for event in past {
            if let (Some(counter), Some(target)) = (counters.get(&event.series), unpacked(event)) {
                let prospect = event.prospect.unwrap_or(NONE);
                let place = (event.at, event.event, event.own);
                self.count_one((*counter, event.of), target, prospect, place);
            }
        }
        Ok(outcome)
    }

    /// Empties the logs of these series.
    fn empty_logs(&mut self, series: &BTreeSet<SeriesKey>) {
        let theirs =
            |log: &CountRecord| log.owner.as_ref().is_some_and(|(owner, _)| series.contains(owner));
        self.empty_where(&theirs);
    }
}
