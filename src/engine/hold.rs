//! Placing and lifting holds. A hold costs the same whatever it covers.

use std::sync::Arc;

use super::freeze::Mark;
use super::index::Timer;
use super::record::{Ended, HoldRecord, Origin, Target};
use super::workspace::Workspace;
use crate::model::{BlockedBy, HoldId, HoldKind, Instant};

impl Workspace {
    /// Places a hold and returns its number. One whose end is past is recorded without effect.
    pub(crate) fn place_hold(&mut self, mut hold: HoldRecord) -> u32 {
        let now = self.data.now;
        if hold.until.is_some_and(|until| until <= now) {
            hold.ended = Some((now, Ended::Stillborn));
        }
        let ended = hold.ended.as_ref().map(|(at, _)| *at);
        let (until, target, members) = (hold.until, hold.target.clone(), hold.members.clone());
        let id = self.data.holds.push(hold);
        if let Some(hold) = self.data.holds.get(id) {
            self.index.note_hold(&self.data, id, hold);
        }
        if let Some(at) = ended {
            self.index.ended.note(id, at);
        } else {
            let placed = self.mark();
            self.data.change_anchor(&target, |anchor| anchor.attach(id, placed));
            for member in members.iter().flat_map(|members| members.iter()) {
                if let Some(enrollment) = self.data.enrollments.get_mut(*member) {
                    enrollment.change_anchor(|anchor| anchor.attach(id, placed));
                }
            }
            if let Some(until) = until {
                self.index.timers.insert((until, Timer::HoldEnd(id)));
            }
        }
        id
    }

    /// Ends a live hold at an instant and lets go of what it covered. False if it had ended.
    pub(crate) fn end_hold(&mut self, id: u32, at: Instant, ended: Ended) -> bool {
        let lifted = Mark { at, ..self.mark() };
        let Some(hold) = self.data.holds.get_mut(id).filter(|hold| hold.is_live()) else {
            return false;
        };
        hold.ended = Some((at, ended));
        self.index.ended.note(id, at);
        let (target, members, mode) = (hold.target.clone(), hold.members.clone(), hold.mode);
        if let Some(until) = hold.until {
            self.index.timers.remove(&(until, Timer::HoldEnd(id)));
        }
        self.data.change_anchor(&target, |anchor| anchor.detach(id, mode, lifted));
        for member in members.iter().flat_map(|members| members.iter()) {
            if let Some(enrollment) = self.data.enrollments.get_mut(*member) {
                enrollment.change_anchor(|anchor| anchor.detach(id, mode, lifted));
            }
            self.forget_freezes(*member);
        }
        match target {
            Target::Prospect(prospect) => self.forget_freezes_on(prospect),
            Target::Enrollment(enrollment) => self.forget_freezes(enrollment),
            _ => {}
        }
        for enrollment in self.index.lanes.unpark(id) {
            self.queue(enrollment);
        }
        if let Target::Sender(sender) = target {
            self.index.lanes.touch(sender);
        }
        true
    }

    /// Releases one enrollment from a hold on it or on a selection that it is a member of.
    pub(crate) fn release_member(&mut self, enrollment: u32, hold: u32, ended: &Ended) {
        let (now, lifted) = (self.data.now, self.mark());
        let Some(record) = self.data.holds.get_mut(hold) else {
            return;
        };
        let mode = record.mode;
        let Target::Selection(left) = &mut record.target else {
            self.end_hold(hold, now, ended.clone());
            return;
        };
        *left = left.saturating_sub(1);
        if *left == 0 {
            self.end_hold(hold, now, ended.clone());
            return;
        }
        if let Some(record) = self.data.enrollments.get_mut(enrollment) {
            record.change_anchor(|anchor| anchor.detach(hold, mode, lifted));
        }
        self.requeue(enrollment);
    }

    /// A person's pause of enrollments, one hold for all of them.
    pub(crate) fn hold_selection(&mut self, mut hold: HoldRecord, members: Vec<u32>) -> u32 {
        hold.target = Target::Selection(super::pages::dense(members.len()));
        hold.members = Some(Arc::new(members));
        self.place_hold(hold)
    }

    /// How a live hold is named in an answer.
    pub(crate) fn blocked_by(&self, id: u32, hold: &HoldRecord) -> BlockedBy {
        self.data.blocked_by(id, hold)
    }
}

impl super::data::Data {
    /// How a live hold is named in an answer.
    pub(crate) fn blocked_by(&self, id: u32, hold: &HoldRecord) -> BlockedBy {
        BlockedBy {
            hold: HoldId(id),
            kind: hold.kind,
            scope: hold.target.scope(),
            target: self.target_name(&hold.target),
            rule: self.rule_name(hold),
            until: hold.until,
        }
    }

    /// The rule that placed a hold; for one of the engine's own, its cause; none for a person's.
    pub(crate) fn rule_name(&self, hold: &HoldRecord) -> Option<String> {
        match &hold.origin {
            Origin::Rule { error: Some(_), .. } => Some("rule-error".to_owned()),
            Origin::Rule { rule, cause, .. } => {
                let cause = self.causes.get(*cause)?;
                let published = self.policies.get(cause.policy as usize)?;
                published.policy.rules().get(usize::from(*rule)).map(|rule| rule.name.to_string())
            }
            Origin::Person { .. } => None,
            Origin::Engine { why } => Some(why.to_string()),
        }
    }

    /// The order in which holds are displayed: a stop is stronger than a pause, and a later end
    /// than an earlier one.
    pub(crate) fn strength(hold: &HoldRecord) -> (HoldKind, Instant) {
        (hold.kind, hold.until.unwrap_or(Instant::MAX))
    }
}
