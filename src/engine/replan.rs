//! Planning anew what a change of a limit, a zone, a calendar, a freeze, a step or a sender
//! affects, a slice at a time: commands go on in between, and a restart goes on where it was.
//!
//! What is promised is given back first, by everybody who is affected; then all of them are placed
//! in the order in which they were enrolled, conversations before openings. So the result depends
//! on the calendars and not on what was planned before, and doing it twice changes nothing.

use std::sync::Arc;

use super::data::Data;
use super::enrollment::EnrollmentRecord;
use super::freeze::Mark;
use super::record::{Job, JobScope, NONE, Pass, Phase, Plan};
use super::workspace::Workspace;
use crate::plan::{Asker, PromisedDays};

/// Enrollments that are looked at after a command.
pub(crate) const UNITS_PER_COMMAND: u32 = 16;
/// Enrollments that are looked at when there is nothing else to do: what comes meanwhile waits for
/// no more than two or three milliseconds.
pub(crate) const UNITS_PER_TICK: u32 = 512;

impl Workspace {
    /// Has all timelines of a scope planned anew.
    pub(crate) fn plan_anew(&mut self, scope: JobScope) {
        let end = super::pages::dense(self.data.enrollments.len());
        let job = Job { scope, pass: Pass::GiveBack, next: 0, end };
        if end > 0 && !self.data.jobs.contains(&job) {
            Arc::make_mut(&mut self.data.jobs).push_back(job);
        }
    }

    /// Looks at so many enrollments of what is still to be planned anew.
    pub(crate) fn work(&mut self, units: u32) {
        let mut left = units;
        while left > 0 {
            let Some(mut job) = self.data.jobs.front().copied() else {
                return;
            };
            let until = job.end.min(job.next.saturating_add(left));
            for id in job.next..until {
                self.plan_one_anew(id, &job);
            }
            left = left.saturating_sub(until - job.next);
            job.next = until;
            let jobs = Arc::make_mut(&mut self.data.jobs);
            if job.next < job.end {
                if let Some(front) = jobs.front_mut() {
                    *front = job;
                }
                return;
            }
            let pass = match job.pass {
                Pass::GiveBack => Some(Pass::Conversations),
                Pass::Conversations => Some(Pass::Openings),
                Pass::Openings => None,
            };
            match (pass, jobs.front_mut()) {
                (Some(pass), Some(front)) => *front = Job { pass, next: 0, ..job },
                _ => drop(jobs.pop_front()),
            }
        }
    }

    fn plan_one_anew(&mut self, id: u32, job: &Job) {
        let Some(record) = self.data.enrollments.get(id) else {
            return;
        };
        let within = match job.scope {
            JobScope::All => true,
            JobScope::Sender(sender) => record.sender == sender,
            JobScope::Campaign(campaign) => record.campaign == campaign,
        };
        if !within || record.phase != Phase::Waiting || !record.has_next() {
            return;
        }
        let is_opening = record.last_delivery == NONE;
        match job.pass {
            Pass::GiveBack => {
                // What is over is told by what was promised.
                self.settle(id);
                self.give_up_days(id);
            }
            Pass::Conversations if !is_opening => self.place_again(id),
            Pass::Openings if is_opening => self.place_again(id),
            Pass::Conversations | Pass::Openings => {}
        }
    }

    /// Places the next send of an enrollment again.
    fn place_again(&mut self, id: u32) {
        let Some(record) = self.data.enrollments.get(id) else {
            return;
        };
        let senders = self.data.campaigns.get(record.campaign).map_or(&[][..], |it| &it.senders);
        if !senders.contains(&record.sender) {
            self.change_sender(id);
        }
        let Some(record) = self.data.enrollments.get(id).cloned() else {
            return;
        };
        let asker = Data::asks_again(&record);
        let (mut plan, mut days) = self.search_again(&record, asker);
        if plan.at.is_none() && asker == Asker::Opening {
            (plan, days) = self.search_again(&record, Asker::Conversation);
        }
        self.replan(id, |record| record.promise(plan, &days));
    }

    /// Gives an enrollment a sender that its campaign has. What its old one was held by is settled
    /// before it is left behind, and what the new one was held by is nothing to it.
    fn change_sender(&mut self, id: u32) {
        self.settle(id);
        self.give_up_days(id);
        let Some(record) = self.data.enrollments.get(id).cloned() else {
            return;
        };
        let (sender, _) = self.earliest_sender(&record, Data::asks_again(&record));
        let now = self.mark();
        let at = self.data.standing(&record).frozen.unwrap_or(now.at);
        self.replan(id, |record| {
            record.sender = sender;
            record.settle(Mark { at, step: now.over().step });
        });
        self.note_zone(id);
    }

    fn search_again(&mut self, record: &EnrollmentRecord, asker: Asker) -> (Plan, PromisedDays) {
        let own = record.days();
        let wish = self.data.wish_again(record, &own, asker);
        let scout = self.index.scouts.of(record.sender, self.data.kind(record, wish));
        self.data.placed(record, wish, scout)
    }
}
