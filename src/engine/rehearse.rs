//! What an event would do, tried out on a copy of the tables: nothing that others see changes.

use super::facts::LiveFacts;
use super::read::View;
use super::view::RuleView;
use super::workspace::Workspace;
use crate::model::{Event, Outcome, Refusal};

/// What an event would do.
#[derive(Clone, Debug, PartialEq)]
pub struct Rehearsal {
    /// Each rule that listens to the event, with its clauses and what was found.
    pub rules: Vec<RuleView>,
    /// What the engine would answer.
    pub outcome: Outcome,
}

impl View<'_> {
    /// What an event would do if it were recorded now. It takes as long as opening the state does.
    ///
    /// # Errors
    /// The [`Refusal`] that recording it would meet.
    pub fn rehearse(&self, event: &Event) -> Result<Rehearsal, Refusal> {
        let mut workspace = Workspace::restored(self.data.clone());
        let outcome = workspace.record(event)?;
        let about = workspace.about(event)?;
        let data = &workspace.data;
        let policy = data.policy().ok_or(Refusal::NoPolicy)?;
        let typed =
            policy.read(event).map_err(|error| super::event::refusal(policy, event, error))?;
        // Holds are nothing that a rule reads, so the facts are still those of the evaluation; and
        // the windows include the event.
        let at = event.at.unwrap_or(data.now);
        let facts = LiveFacts::new(data, &workspace.index, about, at);
        let traces = policy.explain(&typed, &facts);
        let rules = traces.into_iter().map(|trace| super::explain::rule_view(policy, trace));
        Ok(Rehearsal { rules: rules.collect(), outcome })
    }
}
