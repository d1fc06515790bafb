//! Planning anew what a change affects: some enrollments after each command, until all are done.

use super::freezing::Frozen;
use super::placing::{Asker, Due};
use super::{Enrollment, Model, Phase};

/// Enrollments that are looked at after a command.
const UNITS_PER_COMMAND: usize = 16;
/// And while nobody asks for anything.
const UNITS_PER_TICK: usize = 512;

/// Whose timelines are planned anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Affected {
    All,
    OfSender(String),
    OfCampaign(String),
}

/// All give back what they were promised; then those with a delivery are placed, then the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pass {
    GiveBack,
    Conversations,
    Openings,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Job {
    affected: Affected,
    pass: Pass,
    next: usize,
    /// The enrollments that there were when it was asked for.
    end: usize,
}

impl Model {
    pub(super) fn plan_anew(&mut self, affected: Affected) {
        let end = self.enrollments.len();
        let job = Job { affected, pass: Pass::GiveBack, next: 0, end };
        if end > 0 && !self.jobs.contains(&job) {
            self.jobs.push_back(job);
        }
    }

    /// Whether something is still to be planned anew.
    #[must_use]
    pub fn has_work(&self) -> bool {
        !self.jobs.is_empty()
    }

    /// Goes on with what is to be planned anew.
    pub(super) fn work(&mut self) {
        self.work_on(UNITS_PER_COMMAND);
    }

    pub(super) fn work_idly(&mut self) {
        self.work_on(UNITS_PER_TICK);
    }

    fn work_on(&mut self, units: usize) {
        for _ in 0..units {
            let Some(job) = self.jobs.front().cloned() else {
                return;
            };
            self.do_one(&job);
            let pass = match job.pass {
                _ if job.next + 1 < job.end => {
                    self.jobs[0].next += 1;
                    continue;
                }
                Pass::GiveBack => Pass::Conversations,
                Pass::Conversations => Pass::Openings,
                Pass::Openings => {
                    self.jobs.pop_front();
                    continue;
                }
            };
            self.jobs[0] = Job { pass, next: 0, ..job };
        }
    }

    fn do_one(&mut self, job: &Job) {
        let it = &self.enrollments[job.next];
        let is_affected = match &job.affected {
            Affected::All => true,
            Affected::OfSender(sender) => it.sender == *sender,
            Affected::OfCampaign(campaign) => it.campaign == *campaign,
        };
        if !is_affected || it.phase != Phase::Waiting || !it.has_next() {
            return;
        }
        match (job.pass, it.last_sent) {
            (Pass::GiveBack, _) => {
                self.settle(job.next);
                self.enrollments[job.next].days.clear();
            }
            (Pass::Conversations, Some(_)) | (Pass::Openings, None) => {
                self.place_in_turn(job.next);
            }
            _ => {}
        }
    }

    /// Places the next send of an enrollment again, under a sender that its campaign has.
    fn place_in_turn(&mut self, at: usize) {
        let it = &self.enrollments[at];
        let has_left = !self.campaigns[&it.campaign].senders.contains(&it.sender);
        if has_left {
            self.settle(at);
        }
        let mut it = self.enrollments[at].clone();
        let opens = it.last_sent.is_none() && it.due == Due::AfterDelay;
        let asker = if opens { Asker::Opening } else { Asker::Conversation };
        if has_left {
            it.sender = self.earliest_sender(&it, asker);
        }
        let due = it.due;
        self.place(&mut it, due, asker);
        if opens && it.planned.is_none() {
            self.place(&mut it, due, Asker::Conversation);
        }
        self.enrollments[at] = it;
        if has_left {
            self.forget_old_holds(at);
            self.note_zone(at);
        }
    }

    /// As an enrollment was placed, but no more as an opening.
    pub(super) fn place_again(&mut self, at: usize) {
        self.settle(at);
        let mut it = self.enrollments[at].clone();
        if it.phase == Phase::Waiting {
            let due = it.due;
            self.place(&mut it, due, Asker::Conversation);
            self.enrollments[at] = it;
            self.note_zone(at);
        }
    }

    /// Remembers that a sender writes to somebody whose steps go by the clocks of another zone.
    pub(super) fn note_zone(&mut self, at: usize) {
        let it = &self.enrollments[at];
        if self.step_zone(it) != self.sender_zone(&it.sender) {
            self.write_elsewhere.insert(it.sender.clone());
        }
    }

    /// The sender of its campaign with the earliest place for an enrollment, the first of equals;
    /// the first one, if none has any.
    pub(super) fn earliest_sender(&self, it: &Enrollment, asker: Asker) -> String {
        let senders = &self.campaigns[&it.campaign].senders;
        let planned = |sender: &&String| {
            let mut under = Enrollment { sender: (*sender).clone(), ..it.clone() };
            let due = it.due;
            self.place(&mut under, due, asker);
            (under.planned.is_none(), under.planned)
        };
        senders.iter().min_by_key(planned).cloned().unwrap_or_default()
    }

    /// What holds an enrollment now is all that it knows of: its plan was just made.
    pub(super) fn forget_old_holds(&mut self, at: usize) {
        let by = self.covering(at).map(|(id, _)| id).collect();
        let now = self.now;
        let it = &mut self.enrollments[at];
        let since = it.frozen.as_ref().map_or(now, |frozen| frozen.since);
        it.frozen = Frozen::since(since, by);
        it.thawed.clear();
    }
}
