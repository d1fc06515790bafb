//! Claims, the last look, and reports: how a send leaves its timeline, at most once.

use std::sync::Arc;

use super::data::Data;
use super::event::OWN_SOURCE;
use super::facts::About;
use super::index::Timer;
use super::lanes::Place;
use super::record::{
    ClaimRecord, DeliveryRecord, DueBy, HoldRecord, NONE, Origin, Phase, Plan, Target,
};
use super::workspace::{Answer, DAY_MS, Order, Workspace, text, unknown};
use crate::model::{
    DueSend, Event, HoldKind, Instant, Outcome, Refusal, Report, ResumeMode, Revoked, Token,
    Verdict,
};
use crate::plan::{self, Asker, PromisedDays};

/// What a sender spent of a day is remembered for this many days.
const REMEMBERED_DAYS: i32 = 400;
/// The most sends of one claim.
pub(crate) const MAX_CLAIM: u32 = 10_000;
/// The most entries that one claim moves elsewhere: under a hold, or to where they go out instead.
/// Then it answers with what it has.
const MAX_LOOKED: u32 = 4096;
/// A step that failed for now is tried again this often.
const RETRIES: u8 = 3;
/// The first retry comes after this long; each further one after four times as long.
const BACKOFF_MS: i64 = 15 * 60 * 1000;

/// Whether a sender may send now.
enum Opens {
    Now,
    At(Instant),
    WhenTouched,
}

impl Workspace {
    pub(crate) fn claim(&mut self, limit: u32, lease_ms: u64, order: Order) -> Answer {
        if limit > MAX_CLAIM {
            let (most, found) = (u64::from(MAX_CLAIM), u64::from(limit));
            return Err(Refusal::Limit { what: "limit".to_owned(), most, found });
        }
        let most = DAY_MS.unsigned_abs();
        if lease_ms == 0 || lease_ms > most {
            return Err(Refusal::Limit { what: "lease".to_owned(), most, found: lease_ms });
        }
        let (mut sends, mut looked) = (Vec::new(), 0);
        if !self.data.anchor.live().is_empty() {
            return Ok(Outcome::Claimed { sends, more: false });
        }
        let now = self.data.now;
        let lease_until = now.plus_ms(i64::try_from(lease_ms).unwrap_or(DAY_MS));
        self.index.lanes.wake(now);
        for index in 0..limit {
            let token = Token { incarnation: order.incarnation, sequence: order.sequence, index };
            let Some(send) = self.take_next(token, lease_until, &mut looked) else {
                break;
            };
            sends.push(send);
        }
        Ok(Outcome::Claimed { sends, more: looked >= MAX_LOOKED })
    }

    /// Takes one send of the next sender, around the ring, that has one.
    fn take_next(
        &mut self,
        token: Token,
        lease_until: Instant,
        looked: &mut u32,
    ) -> Option<DueSend> {
        while *looked < MAX_LOOKED {
            let sender = self.index.lanes.next_ready(self.data.last_served)?;
            if let Some(place) = self.next_of(sender, looked) {
                self.data.last_served = sender;
                return self.take(place, token, lease_until);
            }
        }
        None
    }

    /// The next send of a sender that may leave now; else the sender is put to sleep.
    fn next_of(&mut self, sender: u32, looked: &mut u32) -> Option<Place> {
        match self.opens(sender) {
            Opens::Now => {}
            Opens::At(at) => {
                self.index.lanes.sleep(sender, at);
                return None;
            }
            Opens::WhenTouched => {
                self.index.lanes.sleep_until_touched(sender);
                return None;
            }
        }
        let now = self.data.now;
        loop {
            if *looked >= MAX_LOOKED {
                return None;
            }
            let Some(place) = self.index.lanes.due(sender, now, &self.data) else {
                self.index.lanes.sleep(sender, Instant::MIN);
                return None;
            };
            let Some(record) = self.data.enrollments.get(place.enrollment) else {
                self.index.lanes.remove(place, &self.data);
                continue;
            };
            // It is parked under the hold that is likely to stay longest. Its time has come: the
            // slots that it was promised are for others.
            let parks = self
                .data
                .covering(record)
                .max_by_key(|(id, hold)| (hold.until.unwrap_or(Instant::MAX), *id));
            if let Some((hold, _)) = parks {
                self.give_up_days(place.enrollment);
                self.index.lanes.park(place, hold, &self.data);
                *looked = looked.saturating_add(1);
                continue;
            }
            let standing = self.data.standing(record);
            let stays = standing.plan.at == Some(place.planned) && standing.days == record.days();
            if !stays || standing.settled != record.settled() {
                self.stand(place.enrollment, &standing);
            }
            // Where it belongs now, another may come before it.
            if stays {
                return Some(place);
            }
            *looked = looked.saturating_add(1);
        }
    }

    fn opens(&self, sender: u32) -> Opens {
        let Some(record) = self.data.senders.get(sender) else {
            return Opens::WhenTouched;
        };
        let now = self.data.now;
        if !record.anchor.live().is_empty() {
            return Opens::WhenTouched;
        }
        if record.gap_ms > 0 {
            if record.unconfirmed > 0 {
                return Opens::WhenTouched;
            }
            if let Some(at) = self.data.gap_ends(sender).filter(|at| *at > now) {
                return Opens::At(at);
            }
        }
        let zone = self.data.sender_zone(record);
        let today = zone.date_of(now);
        let taken = self.data.spent(sender, now).saturating_add(record.unconfirmed);
        let full = record.ledger.limit().is_some_and(|limit| taken >= limit);
        if full || record.frozen.contains(today.to_epoch_days()) {
            return Opens::At(plan::day_after(today, zone));
        }
        Opens::Now
    }

    fn take(&mut self, place: Place, token: Token, lease_until: Instant) -> Option<DueSend> {
        let id = place.enrollment;
        self.unqueue(id);
        let record = self.data.enrollments.get_mut(id)?;
        record.phase = Phase::Claimed;
        let record = self.data.enrollments.get(id)?;
        let planned = place.planned;
        let claim =
            ClaimRecord { enrollment: id, planned, lease_until, confirmed: None, restored: None };
        Arc::make_mut(&mut self.data.claims).insert(token, claim);
        self.index.timers.insert((lease_until, Timer::LeaseEnd(token)));
        if let Some(sender) = self.data.senders.get_mut(place.sender) {
            sender.unconfirmed += 1;
        }
        let prospect = self.data.prospect_names.text(record.prospect);
        Some(DueSend {
            token,
            campaign: self.data.campaign_names.text(record.campaign).to_owned(),
            prospect: prospect.to_owned(),
            address: self.data.address(record.prospect).unwrap_or(prospect).to_owned(),
            sender: self.data.sender_names.text(place.sender).to_owned(),
            step: record.position() + 1,
            message: self.data.next_step(record).map_or_else(String::new, |it| it.name.clone()),
            attempt: record.attempt,
            planned,
            lease_until,
        })
    }

    /// The last look: everything is checked again, at this instant.
    pub(crate) fn confirm(&mut self, token: Token) -> Answer {
        let Some(claim) = self.data.claims.get(&token).copied() else {
            return Err(stale(token, "its lease has ended, or it was reported"));
        };
        if claim.confirmed.is_some() {
            return Err(stale(token, "it was confirmed before"));
        }
        let Some(record) = self.data.enrollments.get(claim.enrollment) else {
            return Err(stale(token, "its enrollment is gone"));
        };
        let sender = record.sender;
        if let Some(revoked) = self.refuses_to_go(claim.enrollment) {
            match revoked {
                Revoked::Held(_) => self.data.tally.called_back += 1,
                _ => self.data.tally.put_off += 1,
            }
            self.give_back(token, &claim);
            return Ok(Outcome::Confirmed(Verdict::Revoked(revoked)));
        }
        let now = self.data.now;
        let settled = self.mark().over();
        let day = self.data.sender_day(sender, now);
        // The slot that it was promised becomes one that is spent, of the day of now.
        self.replan(claim.enrollment, |record| {
            record.phase = Phase::Leaving;
            // What covers it from here on is about the step after this one.
            record.settle(settled);
            record.set_days(&record.days().rest());
        });
        if let Some(claim) = Arc::make_mut(&mut self.data.claims).get_mut(&token) {
            claim.confirmed = Some(now);
        }
        if let Some(record) = self.data.senders.get_mut(sender) {
            record.unconfirmed = record.unconfirmed.saturating_sub(1);
            record.last_go = Some(now);
            let ledger = Arc::make_mut(&mut record.ledger);
            ledger.spend(day);
            let first = ledger.first_day();
            ledger.forget_before(day.saturating_sub(REMEMBERED_DAYS));
            let forgotten = ledger.first_day();
            if forgotten != first {
                // To a plan that is late, days that nobody remembers are free.
                self.index.scouts.freed(sender, forgotten.saturating_sub(1));
            }
        }
        self.count_for_company(claim.enrollment, |sends| {
            sends.spend(day);
            sends.forget_before(day.saturating_sub(REMEMBERED_DAYS));
        });
        self.index.lanes.touch(sender);
        Ok(Outcome::Confirmed(Verdict::Go))
    }

    fn refuses_to_go(&self, enrollment: u32) -> Option<Revoked> {
        let record = self.data.enrollments.get(enrollment)?;
        let now = self.data.now;
        let mut holds: Vec<(u32, &HoldRecord)> = self.data.covering(record).collect();
        if !holds.is_empty() {
            holds.sort_by_key(|(_, hold)| std::cmp::Reverse(Data::strength(hold)));
            let held = holds.into_iter().map(|(id, hold)| self.blocked_by(id, hold)).collect();
            return Some(Revoked::Held(held));
        }
        // A step that its campaign no longer has is never open.
        let Some(step) = self.data.next_step(record) else {
            return Some(Revoked::OutsideWindow);
        };
        // What it has for the steps after this one it keeps.
        let ground = self.data.ground(record, &PromisedDays::NONE, Asker::Conversation)?;
        if ground.window_at(&step.timing, now).is_none() {
            return Some(Revoked::OutsideWindow);
        }
        let (today, ledger) = (ground.day(now), ground.ledger);
        let full = ledger.limit().is_some_and(|limit| ledger.taken(today).1 >= limit);
        let promised = record.days().first() == Some(today);
        let full = full || ground.paced.is_some_and(|paced| paced.is_spent(today));
        if full || !promised && ground.left(today) == 0 {
            return Some(Revoked::LimitReached);
        }
        let gap_open = self.data.gap_ends(record.sender).is_none_or(|at| at <= now);
        (!gap_open).then_some(Revoked::GapNotPassed)
    }

    /// Puts an unconfirmed send back into its timeline.
    pub(crate) fn give_back(&mut self, token: Token, claim: &ClaimRecord) {
        self.drop_claim(token, claim);
        let sender = self.data.enrollments.get(claim.enrollment).map_or(NONE, |it| it.sender);
        if let Some(record) = self.data.senders.get_mut(sender) {
            record.unconfirmed = record.unconfirmed.saturating_sub(1);
        }
        self.replan(claim.enrollment, |record| {
            record.phase = Phase::Waiting;
            record.drop_if_over();
        });
        self.index.lanes.touch(sender);
    }

    fn drop_claim(&mut self, token: Token, claim: &ClaimRecord) {
        Arc::make_mut(&mut self.data.claims).remove(&token);
        self.index.timers.remove(&(claim.lease_until, Timer::LeaseEnd(token)));
        self.index.unknown.remove(&claim.enrollment);
    }

    /// Nobody knows what became of a send that was leaving.
    pub(crate) fn becomes_unknown(&mut self, enrollment: u32, token: Token) {
        if let Some(record) = self.data.enrollments.get_mut(enrollment) {
            record.phase = Phase::Unknown;
            self.index.unknown.insert(enrollment, token);
        }
    }

    pub(crate) fn report(&mut self, token: Token, report: Report) -> Answer {
        let Some(claim) = self.data.claims.get(&token).copied() else {
            return Err(stale(token, "its lease has ended, or it was reported"));
        };
        let Some(confirmed) = claim.confirmed else {
            return Err(stale(token, "it has not been confirmed"));
        };
        let now = self.data.now;
        match report {
            Report::Sent { at } => {
                // What may have gone out before a restore may only have done so after this instant.
                self.mark_sent(token, &claim, at.max(confirmed).min(now));
            }
            Report::FailedTemporarily => self.mark_failed(token, &claim, true),
            Report::FailedPermanently => self.mark_failed(token, &claim, false),
            Report::Unknown => self.becomes_unknown(claim.enrollment, token),
        }
        Ok(Outcome::Applied)
    }

    /// A step went out: the next one counts from here.
    pub(crate) fn mark_sent(&mut self, token: Token, claim: &ClaimRecord, sent: Instant) {
        self.drop_claim(token, claim);
        let id = claim.enrollment;
        let Some(record) = self.data.enrollments.get(id) else {
            return;
        };
        let delivery = DeliveryRecord {
            previous: record.last_delivery,
            step: record.position(),
            confirmed: claim.confirmed.unwrap_or(sent),
            sent,
        };
        let delivery = self.data.deliveries.push(delivery);
        if let Some(record) = self.data.enrollments.get_mut(id) {
            record.last_delivery = delivery;
            record.set_position(record.position() + 1);
            record.attempt = 0;
            record.set_base(sent);
            let settled = record.settled();
            record.settle(super::freeze::Mark { at: settled.at.max(sent), ..settled });
            record.set_plan(Plan::NOTHING);
        }
        let (plan, days) = self.plan_after_delivery(id);
        self.replan(id, |record| {
            record.phase = Phase::Waiting;
            record.promise(plan, &days);
        });
        self.forget_freezes(id);
        if let Some(until) = claim.restored {
            self.may_have_followed(id, sent, until);
        }
        self.data.tally.sent += 1;
        self.tell("sent", token, (id, sent), &[]);
    }

    /// The plan of the step after one that went out. Where its day is the one that it was promised
    /// nothing has to be looked for.
    fn plan_after_delivery(&self, id: u32) -> (Plan, PromisedDays) {
        let next = self.data.enrollments.get(id).and_then(|record| {
            let step = self.data.next_step(record)?;
            Some((record, plan::due(step.timing.delay, record.base(), self.data.step_zone(record))))
        });
        let Some((record, due)) = next else {
            return (Plan::NOTHING, PromisedDays::NONE);
        };
        let promised = record.days().first();
        let slot = promised.and_then(|_| self.data.natural(record, due));
        match slot.filter(|slot| promised == Some(slot.day)) {
            Some(slot) => {
                (Plan { at: Some(slot.at), due, by: DueBy::Delay }, record.days().clone())
            }
            None => self.data.place_again(record, &record.days(), Asker::Conversation),
        }
    }

    fn mark_failed(&mut self, token: Token, claim: &ClaimRecord, temporary: bool) {
        self.drop_claim(token, claim);
        let id = claim.enrollment;
        self.data.tally.failed += 1;
        let Some(record) = self.data.enrollments.get_mut(id) else {
            return;
        };
        record.attempt = record.attempt.saturating_add(1);
        let attempt = record.attempt;
        let gives_up = !temporary || attempt > RETRIES;
        if gives_up {
            record.attempt = 0;
        }
        let wait = BACKOFF_MS << (2 * u32::from(attempt.min(RETRIES).saturating_sub(1)));
        let from = self.data.now.plus_ms(wait);
        self.retry_from(id, from);
        if gives_up {
            // Always, whatever the rules say: a rule's hold may end, and the step would be sent.
            let why = if temporary { "send-failed-repeatedly" } else { "send-failed" };
            self.place_hold(HoldRecord {
                kind: HoldKind::Pause,
                target: Target::Enrollment(id),
                mode: ResumeMode::Keep,
                origin: Origin::Engine { why: why.into() },
                placed: self.data.now,
                until: None,
                ended: None,
                members: None,
            });
        }
        let class = if temporary { "temporary" } else { "permanent" };
        self.tell("send.failed", token, (id, self.data.now), &[("class", class)]);
    }

    /// Plans a further attempt of one that is out of its timeline, and puts it back.
    fn retry_from(&mut self, id: u32, from: Instant) {
        let Some(record) = self.data.enrollments.get(id) else {
            return;
        };
        let (plan, days) = self.data.place_from(record, from, DueBy::Retry);
        let settled = self.mark();
        self.replan(id, |record| {
            record.promise(plan, &days);
            record.settle(settled);
            record.phase = Phase::Waiting;
        });
    }

    /// Evaluates the policy on what was reported.
    fn tell(
        &mut self,
        kind: &str,
        token: Token,
        (id, at): (u32, Instant),
        attributes: &[(&str, &str)],
    ) {
        let heeds = self.heeds(kind);
        let Some(record) = self.data.enrollments.get(id).filter(|_| heeds) else {
            return;
        };
        let company = self.data.prospects.get(record.prospect).map_or(NONE, |it| it.company);
        let about = About {
            prospect: Some(record.prospect),
            company: (company != NONE).then_some(company),
            campaign: Some(record.campaign),
            sender: Some(record.sender),
            enrollment: Some(id),
        };
        let mut event = Event::new(kind, token.to_string())
            .source(OWN_SOURCE)
            .prospect(self.data.prospect_names.text(record.prospect))
            .campaign(self.data.campaign_names.text(record.campaign))
            .at(at);
        for (name, value) in attributes {
            event = event.with(*name, *value);
        }
        self.evaluate_report(&event, about);
    }

    /// A person orders the resend of a send that may or may not have left.
    pub(crate) fn resend(
        &mut self,
        token: Token,
        by: Option<&str>,
        reason: Option<&str>,
    ) -> Answer {
        text("reason", reason)?;
        if by.is_none() {
            return Err(Refusal::NeedsPerson);
        }
        let claim = self.data.claims.get(&token).copied();
        let Some(claim) = claim else {
            return Err(unknown("send", &token.to_string()));
        };
        let phase = self.data.enrollments.get(claim.enrollment).map(|record| record.phase);
        if phase != Some(Phase::Unknown) {
            return Err(stale(token, "its outcome is not unknown"));
        }
        self.send_again(token, &claim);
        Ok(Outcome::Applied)
    }

    /// Plans a send again of which nobody knows whether it left.
    pub(crate) fn send_again(&mut self, token: Token, claim: &ClaimRecord) {
        self.drop_claim(token, claim);
        if let Some(record) = self.data.enrollments.get_mut(claim.enrollment) {
            record.attempt = record.attempt.saturating_add(1);
        }
        self.retry_from(claim.enrollment, self.data.now);
    }
}

impl Data {
    /// How many slots of the sender's day are spent.
    pub(crate) fn spent(&self, sender: u32, at: Instant) -> u32 {
        let day = self.sender_day(sender, at);
        self.senders.get(sender).map_or(0, |record| record.ledger.taken(day).1)
    }

    /// When the sender's least gap after its last send has passed.
    pub(crate) fn gap_ends(&self, sender: u32) -> Option<Instant> {
        let record = self.senders.get(sender).filter(|record| record.gap_ms > 0)?;
        let gap_ms = i64::try_from(record.gap_ms).unwrap_or(DAY_MS);
        record.last_go.map(|at| at.plus_ms(gap_ms))
    }
}

fn stale(token: Token, why: &str) -> Refusal {
    Refusal::StaleToken { token, why: why.to_owned() }
}
