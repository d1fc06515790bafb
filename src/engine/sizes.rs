//! How much a workspace remembers, beside what people count.

use serde::Serialize;

use super::read::View;
use super::workspace::first_remembered;

/// How much a workspace remembers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Sizes {
    /// Policies that were published.
    pub policies: u64,
    /// Holds that are live, or ended at most 90 days ago.
    pub holds: u64,
    /// Holds that are live.
    pub holds_live: u64,
    /// Event ids that are remembered.
    pub events_seen: u64,
    /// Command ids that are remembered, each with what was answered.
    pub commands_seen: u64,
    /// Sends that are claimed, or of which nobody knows what became of them.
    pub claims: u64,
    /// Logs of what windows count: one for each series and target.
    pub window_logs: u64,
    /// Entries of these logs: events, or hours where a share is taken.
    pub window_entries: u64,
    /// Looks at enrollments that are still to be taken, because something changed that their plans
    /// depend on.
    pub still_to_plan: u64,
}

impl View<'_> {
    /// How much it remembers.
    #[must_use]
    pub fn sizes(&self) -> Sizes {
        let data = self.data;
        let logs = || data.counts.iter().filter(|(_, log)| log.owner.is_some());
        let entries = logs().map(|(_, log)| log.entries.len() + log.hours.len());
        let since = first_remembered(data.now);
        Sizes {
            policies: data.policies.len() as u64,
            holds: data.remembered_holds().count() as u64,
            holds_live: data.holds.iter().filter(|(_, hold)| hold.is_live()).count() as u64,
            events_seen: data.seen.count_since(since),
            commands_seen: data.answers.iter().filter(|(_, it)| it.day >= since).count() as u64,
            claims: data.claims.len() as u64,
            window_logs: logs().count() as u64,
            window_entries: entries.sum::<usize>() as u64,
            still_to_plan: self.still_to_plan(),
        }
    }
}
