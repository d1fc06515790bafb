//! After a restore: what may have gone out since the backup was taken is neither due nor lost, but
//! unknown, until a delivery event or a person says otherwise.

use std::sync::Arc;

use super::data::Data;
use super::enrollment::EnrollmentRecord;
use super::index::Timer;
use super::record::{ClaimRecord, Phase};
use super::timeline::Standing;
use super::workspace::{Answer, Order, Workspace, text};
use crate::model::{Instant, Outcome, Refusal, Selection, Token};
use crate::plan::{self, Asker, PromisedDays};

impl Workspace {
    /// Everything that could have been claimed between the state as it is, which is that of a
    /// backup, and the restore. What is held counts, too: that its hold was lifted meanwhile is not
    /// known either.
    pub(crate) fn lose_since_backup(&mut self, until: Instant) -> Outcome {
        // What was still to be planned anew was, meanwhile.
        self.work(u32::MAX);
        let between = (self.data.now, until.max(self.data.now));
        let out: Vec<(Token, ClaimRecord)> =
            self.data.claims.iter().map(|(token, claim)| (*token, *claim)).collect();
        for (token, claim) in out {
            match claim.confirmed {
                // Whoever was to report it may be gone.
                Some(_) => self.becomes_unknown(claim.enrollment, token),
                None => self.lose(claim.enrollment, token, claim.planned, between),
            }
        }
        let mut index = 0;
        for id in 0..super::pages::dense(self.data.enrollments.len()) {
            let record = self.data.enrollments.get(id).filter(|it| Data::is_waiting(it));
            // INVARIANT: no freeze and no missed window brings a plan forward.
            let early = |at: &Instant| *at <= between.1;
            let Some(record) = record.filter(|record| record.plan().at.as_ref().is_some_and(early))
            else {
                continue;
            };
            let standing = self.data.standing(record);
            if let Some(earliest) = self.data.earliest(record, &standing).filter(early) {
                self.stand(id, &standing);
                let Order { incarnation, sequence } = self.order;
                self.lose(id, Token { incarnation, sequence, index }, earliest, between);
                index += 1;
            }
        }
        Outcome::Applied
    }

    /// Takes a send out of its timeline: it may have left at any instant between two. The slot that
    /// it was promised is spent, as it is if it left.
    fn lose(&mut self, id: u32, token: Token, planned: Instant, between: (Instant, Instant)) {
        let (from, until) = between;
        let settled = self.mark().over();
        let Some(record) = self.data.enrollments.get(id) else {
            return;
        };
        let (sender, day) = (record.sender, record.days().first());
        let was_claimed = record.phase == Phase::Claimed;
        self.replan(id, |record| {
            record.phase = Phase::Unknown;
            record.settle(settled);
            record.set_days(&record.days().rest());
        });
        let claim = ClaimRecord {
            enrollment: id,
            planned,
            lease_until: from,
            confirmed: Some(from),
            restored: Some(until),
        };
        let before = Arc::make_mut(&mut self.data.claims).insert(token, claim);
        if let Some(before) = before {
            self.index.timers.remove(&(before.lease_until, Timer::LeaseEnd(token)));
        }
        self.index.unknown.insert(id, token);
        if let Some(record) = self.data.senders.get_mut(sender) {
            record.unconfirmed = record.unconfirmed.saturating_sub(u32::from(was_claimed));
            // What a ledger has forgotten is of no day that anybody asks for.
            if let Some(day) = day.filter(|day| *day >= record.ledger.first_day()) {
                Arc::make_mut(&mut record.ledger).spend(day);
            }
        }
        if let Some(day) = day {
            self.count_for_company(id, |sends| sends.spend(day));
        }
        self.index.lanes.touch(sender);
    }

    /// A step that was unknown after a restore went out at an instant. The one after it may have
    /// followed before the restore: then nobody knows that either.
    pub(crate) fn may_have_followed(&mut self, id: u32, sent: Instant, until: Instant) {
        let follows = |record: &EnrollmentRecord| {
            let step = self.data.next_step(record).filter(|_| Data::is_waiting(record))?;
            let due = plan::due(step.timing.delay, record.base(), self.data.step_zone(record));
            self.data.natural(record, due).filter(|slot| slot.at <= until)
        };
        if let Some(slot) = self.data.enrollments.get(id).and_then(follows) {
            let Order { incarnation, sequence } = self.order;
            let token = Token { incarnation, sequence, index: 0 };
            // What is said twice of the step before is not said of this one.
            self.lose(id, token, slot.at, (sent.plus_ms(1), until));
        }
    }

    /// A person orders the resend of all that may or may not have left, of a selection.
    pub(crate) fn resend_selected(
        &mut self,
        selection: &Selection,
        by: Option<&str>,
        reason: Option<&str>,
    ) -> Answer {
        text("reason", reason)?;
        if by.is_none() {
            return Err(Refusal::NeedsPerson);
        }
        let members = self.data.select(selection)?;
        let mut resent = 0;
        for member in &members {
            let token = self.index.unknown.get(member).copied();
            let claim = token.and_then(|token| self.data.claims.get(&token).copied());
            if let Some((token, claim)) = token.zip(claim) {
                self.send_again(token, &claim);
                resent += 1;
            }
        }
        let (still_held, held_by) = self.still_held(&members);
        let selected = members.len() as u64;
        Ok(Outcome::Resent { selected, resent, still_held, held_by })
    }
}

impl Data {
    /// When the next send of an enrollment can have gone out at the earliest. Where it moves to was
    /// looked for in what its sender has left now; others may have given back some of it since.
    fn earliest(&self, record: &EnrollmentRecord, standing: &Standing) -> Option<Instant> {
        if standing.plan.at == record.plan().at {
            return record.plan().at;
        }
        let (plan, position) = (standing.plan, standing.position);
        let mut moved = record.clone();
        moved.set_plan(plan);
        moved.set_position(position);
        let wish = self.wish_again(&moved, &PromisedDays::NONE, Asker::Conversation);
        self.natural(&moved, wish.due).map(|slot| slot.at)
    }

    /// Of a send that is unknown since a restore: between which instants it may have gone out, in
    /// words.
    pub(crate) fn may_have_left(&self, id: u32) -> Option<String> {
        let record = self.enrollments.get(id).filter(|it| it.phase == Phase::Unknown)?;
        let claim = self.claims.values().find(|claim| claim.enrollment == id)?;
        let zone = self.step_zone(record);
        let minute = |at: Instant| zone.local(at).format("%a %-d %b %Y %H:%M").to_string();
        let (from, until) = (minute(claim.confirmed?), minute(claim.restored?));
        Some(format!(
            "the data was restored from a backup, which does not know whether it went out between \
             {from} and {until}; a delivery settles it, and only a person has it sent again"
        ))
    }
}
