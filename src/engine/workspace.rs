//! One tenant: how a command changes its tables. Everything it is told comes through
//! [`Workspace::apply`].

use std::sync::Arc;

use super::data::Data;
use super::enrollment::EnrollmentRecord;
use super::fingerprint::{Fingerprint, fingerprint};
use super::freeze::Mark;
use super::index::{Index, Timer};
use super::lanes::Plans as _;
use super::pages::{PAGE_RECORDS, dense};
use super::recall::Aside;
use super::record::{AnswerRecord, Ended, Phase};
use super::sighting::Sighting;
use super::timeline::Standing;
use super::weight;
use crate::lang::Witness;
use crate::model::{
    Action, Command, HoldTarget, Instant, Outcome, Refusal, Token, check_key, is_forgotten_key,
};
use crate::plan::{CompanySends, PromisedDays};

/// A command may be this far past the engine's time.
const AHEAD_MS: i64 = 24 * 60 * 60 * 1000;
/// One day, in milliseconds.
pub(crate) const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// Event ids and command ids are remembered for this many days of engine time.
pub(crate) const REMEMBERED_DAYS: i32 = 30;
/// How many of them are taken away with each command, once they are forgotten.
const SWEPT_AT_ONCE: u32 = 16;
/// The longest free text (a reason, a name, a field), in bytes.
const MAX_TEXT_BYTES: usize = 4096;

/// The most that one event, prospect or company may take, in bytes.
const MAX_KEPT_BYTES: usize = 64 << 10;

/// Tables and what makes them fast.
#[derive(Debug, Default)]
pub(crate) struct Workspace {
    pub(crate) data: Data,
    pub(crate) index: Index,
    /// What is counted for a policy that is not in force; only while the past is looked through.
    pub(crate) aside: Option<Aside>,
    /// What was found for the command that is applied. It is no part of the state: without it, the
    /// same is found again.
    pub(crate) sighting: Option<Arc<Sighting>>,
    /// What the events showed of the rules, if somebody listens. It is no part of the state.
    pub(crate) heard: Option<Vec<Witness>>,
    /// Where in the order of commands it is; set anew by each.
    step: u64,
    pub(crate) order: Order,
}

/// Where in the store's order a command stands: it makes tokens unique.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Order {
    pub(crate) incarnation: u32,
    pub(crate) sequence: u64,
}

/// A handler's answer: an outcome, or why nothing changed.
pub(crate) type Answer = Result<Outcome, Refusal>;

impl Workspace {
    pub(crate) fn restored(data: Data) -> Self {
        let index = Index::of(&data);
        Self {
            data,
            index,
            aside: None,
            sighting: None,
            heard: None,
            step: 0,
            order: Order::default(),
        }
    }

    /// Applies a command whose instant has been raised to the engine's time.
    pub(crate) fn apply(&mut self, command: &Command, order: Order) -> Outcome {
        let identity = match command.id.as_deref().map(|id| (id, key("id", id))) {
            Some((_, Err(refusal))) => return Outcome::Refused(refusal),
            Some((id, Ok(()))) => Some(fingerprint(&[id.as_bytes()])),
            None => None,
        };
        self.order = order;
        let fresh = self.data.now == Instant::MIN;
        let ahead = command.at.ms_since(self.data.now) > AHEAD_MS;
        let outcome = if ahead && !fresh && !matches!(command.action, Action::Advance) {
            Outcome::Refused(Refusal::TooFarAhead { at: command.at, now: self.data.now })
        } else {
            self.step = Mark::before(order.sequence);
            self.pass_time(command.at);
            self.sweep_ids();
            self.take_out_ended();
            self.step = Mark::of(order.sequence);
            self.dispatch(command, order).unwrap_or_else(Outcome::Refused)
        };
        if let Some(identity) = identity
            && !is_refused_erasure(command, &outcome)
        {
            self.remember(identity, &outcome);
        }
        outcome
    }

    /// The outcome that was recorded under a command id.
    pub(crate) fn recorded(&self, id: &str) -> Option<Outcome> {
        let answer = self.index.answers.get(fingerprint(&[id.as_bytes()]))?;
        let record = self.data.answers.get(*answer)?;
        let remembered = record.day >= first_remembered(self.data.now);
        remembered.then(|| Outcome::clone(&record.outcome))
    }

    fn remember(&mut self, command: Fingerprint, outcome: &Outcome) {
        let day = day_number(self.data.now);
        let outcome = Arc::new(outcome.clone());
        let id = self.data.answers.push(AnswerRecord { command, day, outcome });
        self.index.answers.insert(command, id);
    }

    fn dispatch(&mut self, command: &Command, order: Order) -> Answer {
        let by = command.by.as_deref();
        if let Some(person) = by {
            key("by", person)?;
        }
        bounded(command)?;
        match &command.action {
            Action::Open { .. } => Err(invalid("do", "`open` is written by the engine alone")),
            Action::Configure(settings) => self.configure(settings),
            Action::PutPolicy(bundle) => self.put_policy(bundle),
            Action::Publish { policy, past } => self.publish(policy, past),
            Action::PutCompany(company) => self.put_company(company),
            Action::PutProspect(prospect) => self.put_prospect(prospect),
            Action::PutSender(sender) => self.put_sender(sender),
            Action::PutCampaign(campaign) => self.put_campaign(campaign),
            Action::AddStep { campaign, step } => self.add_step(campaign, step),
            Action::Enroll { campaign, prospect } => self.enroll(campaign, prospect),
            Action::Record(event) => self.record(event),
            Action::Retract { source, event, reason } => {
                self.retract(source, event, by, given(reason.as_deref()))
            }
            Action::Hold { kind, target, until, reason } => {
                self.hold(*kind, target, *until, by, reason.as_deref())
            }
            Action::Resume { target, prospects, reschedule, reason } => {
                let reason = reason.as_deref();
                match target {
                    HoldTarget::Selection(selection) => {
                        self.resume_selection(selection, *prospects, *reschedule, by, reason)
                    }
                    _ => self.resume_target(target, *prospects, *reschedule, by, reason),
                }
            }
            Action::Lift { hold, reason } => self.lift(*hold, by, given(reason.as_deref())),
            Action::Reschedule { selection, from, resume, reason } => {
                self.reschedule(selection, *from, *resume, by, reason.as_deref())
            }
            Action::Claim { limit, lease_ms } => self.claim(*limit, *lease_ms, order),
            Action::Confirm { token } => self.confirm(*token),
            Action::Report { token, report } => self.report(*token, *report),
            Action::Resend { token, reason } => self.resend(*token, by, reason.as_deref()),
            Action::ResendSelected { selection, reason } => {
                self.resend_selected(selection, by, reason.as_deref())
            }
            Action::Restored { until } => Ok(self.lose_since_backup(*until)),
            Action::Advance | Action::Tick => Ok(Outcome::Applied),
            Action::Erase { prospect, salt, reason, .. } => {
                text("reason", reason.as_deref())?;
                self.erase(prospect, *salt, order.sequence)
            }
            Action::Forget { .. } => Err(invalid("do", "`forget` has no salt yet")),
            Action::Forgotten { .. } => Err(invalid("do", "what was forgotten is not applied")),
        }
    }

    /// Lets time pass up to an instant: what was to happen on the way happens, in order, each at
    /// its own instant.
    fn pass_time(&mut self, at: Instant) {
        let day = day_number(self.data.now);
        while let Some((due, timer)) = self.index.timers.first().copied()
            && due <= at
        {
            self.index.timers.pop_first();
            self.data.now = self.data.now.max(due);
            match timer {
                Timer::HoldEnd(hold) => {
                    self.end_hold(hold, due, Ended::Expired);
                }
                Timer::LeaseEnd(token) => self.end_lease(token),
            }
        }
        self.data.now = self.data.now.max(at);
        if day_number(self.data.now) > day {
            self.forget_ids(first_remembered(self.data.now));
            self.sweep_logs(day_number(self.data.now));
        }
    }

    /// Forgets event ids of before a day. Command ids are forgotten by their own days.
    fn forget_ids(&mut self, day: i32) {
        self.index.seen.forget_before(&mut self.data.seen, day);
        if self.data.retracted.values().any(|retracted| *retracted < day) {
            Arc::make_mut(&mut self.data.retracted).retain(|_, retracted| *retracted >= day);
        }
    }

    /// Takes away some of what is forgotten.
    fn sweep_ids(&mut self) {
        self.index.seen.sweep(&mut self.data.seen, SWEPT_AT_ONCE);
        let day = first_remembered(self.data.now);
        let there = self.data.answers.first_page() as usize * PAGE_RECORDS;
        let from = self.index.answers_swept.max(dense(there));
        for id in from..from.saturating_add(SWEPT_AT_ONCE) {
            let Some(record) = self.data.answers.get(id).filter(|record| record.day < day) else {
                break;
            };
            // The same id may have come again since.
            if self.index.answers.get(record.command) == Some(&id) {
                self.index.answers.remove(record.command);
            }
            self.index.answers_swept = id + 1;
        }
        self.data.answers.drop_before(self.index.answers_swept as usize);
    }

    /// This moment in the order of commands.
    pub(crate) const fn mark(&self) -> Mark {
        Mark { at: self.data.now, step: self.step }
    }

    /// Gives an enrollment a plan, and its place among those that wait.
    pub(crate) fn replan(&mut self, id: u32, change: impl FnOnce(&mut EnrollmentRecord)) {
        self.unqueue(id);
        if let Some(record) = self.data.enrollments.get_mut(id) {
            let (sender, days) = (record.sender, record.days().clone());
            change(record);
            let after = (record.sender, record.days().clone());
            self.exchange(id, &(sender, days), &after);
        }
        self.queue(id);
    }

    /// Gives back the days that a plan had, and promises those that it has now.
    fn exchange(&mut self, id: u32, before: &(u32, PromisedDays), after: &(u32, PromisedDays)) {
        if before == after {
            return;
        }
        if let Some(record) = self.data.senders.get_mut(before.0) {
            let ledger = Arc::make_mut(&mut record.ledger);
            before.1.iter().for_each(|day| ledger.give_back(day));
        }
        if let Some(record) = self.data.senders.get_mut(after.0) {
            let ledger = Arc::make_mut(&mut record.ledger);
            after.1.iter().for_each(|day| ledger.reserve(day));
        }
        self.count_for_company(id, |sends| {
            before.1.iter().for_each(|day| sends.give_back(day));
            after.1.iter().for_each(|day| sends.reserve(day));
        });
        for day in before.1.iter() {
            if before.0 != after.0 || after.1.count(day) < before.1.count(day) {
                self.index.scouts.freed(before.0, day);
            }
        }
    }

    /// Changes what is counted for the company of an enrollment, if its campaign has a bound.
    pub(crate) fn count_for_company(&mut self, id: u32, change: impl FnOnce(&mut CompanySends)) {
        let Some(record) = self.data.enrollments.get(id) else {
            return;
        };
        let campaign = record.campaign;
        let paced = self.data.campaigns.get(campaign).is_some_and(|it| it.company_pace.is_some());
        if paced && let Some(company) = self.data.company_of_enrollment(record) {
            let pair = self.data.pair(company, campaign);
            if let Some(pair) = self.data.pairs.get_mut(pair) {
                change(&mut pair.sends);
            }
        }
    }

    /// Gives back everything that an enrollment was promised.
    pub(crate) fn give_up_days(&mut self, id: u32) {
        if self.data.enrollments.get(id).is_some_and(|record| !record.days().is_empty()) {
            self.replan(id, |record| record.set_days(&PromisedDays::NONE));
        }
    }

    /// Puts an enrollment back where it belongs after what covers it changed.
    pub(crate) fn requeue(&mut self, id: u32) {
        self.unqueue(id);
        self.queue(id);
    }

    pub(crate) fn unqueue(&mut self, id: u32) {
        if let Some(place) = self.data.place_of(id) {
            self.index.lanes.remove(place, &self.data);
        }
    }

    pub(crate) fn queue(&mut self, id: u32) {
        if let Some(place) = self.data.place_of(id) {
            self.index.lanes.insert(place, &self.data);
        }
    }

    /// Stores where an enrollment stands now.
    pub(crate) fn settle(&mut self, id: u32) {
        let Some(record) = self.data.enrollments.get(id) else {
            return;
        };
        let standing = self.data.standing(record);
        self.stand(id, &standing);
    }

    /// As [`Workspace::settle`], where it is known.
    pub(crate) fn stand(&mut self, id: u32, standing: &Standing) {
        let now = self.mark().over();
        self.replan(id, |record| {
            record.stand(standing, now.step);
            if record.phase == Phase::Waiting && record.plan().at.is_none() {
                // The plan that it gets knows of all that was before.
                record.settle(now);
            }
        });
        self.forget_freezes(id);
    }

    /// Forgets the freezes on an enrollment and on its prospect that are in every plan.
    pub(crate) fn forget_freezes(&mut self, id: u32) {
        let Some(record) = self.data.enrollments.get(id) else {
            return;
        };
        let (step, prospect) = (Self::unknown_from(record), record.prospect);
        if record.anchor().remembers()
            && let Some(record) = self.data.enrollments.get_mut(id)
        {
            record.change_anchor(|anchor| anchor.forget_before(step));
        }
        self.forget_freezes_on(prospect);
    }

    /// From which step on freezes may not be in its plan. Who has nothing planned gets a plan that
    /// knows of all that was before.
    fn unknown_from(record: &EnrollmentRecord) -> u64 {
        let idle = record.phase == Phase::Waiting && !Data::is_waiting(record);
        if idle { u64::MAX } else { record.settled().step }
    }

    /// Forgets the freezes on a prospect that are in the plans of all its enrollments.
    pub(crate) fn forget_freezes_on(&mut self, prospect: u32) {
        if self.data.prospects.get(prospect).is_none_or(|record| !record.anchor().remembers()) {
            return;
        }
        let enrollments = self.data.enrollments_of(prospect);
        let steps = enrollments.filter_map(|id| self.data.enrollments.get(id));
        let step = steps.map(Self::unknown_from).min().unwrap_or(u64::MAX);
        if let Some(record) = self.data.prospects.get_mut(prospect) {
            record.change_anchor(|anchor| anchor.forget_before(step));
        }
    }

    fn end_lease(&mut self, token: Token) {
        let Some(claim) = self.data.claims.get(&token).copied() else {
            return;
        };
        if claim.confirmed.is_some() {
            self.becomes_unknown(claim.enrollment, token);
        } else {
            self.give_back(token, &claim);
        }
    }
}

/// Whether somebody was to be forgotten of whom nothing is known: that is not written down, or the
/// key would be kept by it.
pub(crate) const fn is_refused_erasure(command: &Command, outcome: &Outcome) -> bool {
    matches!(command.action, Action::Erase { .. }) && matches!(outcome, Outcome::Refused(_))
}

/// The first day whose event ids and command ids are remembered at an instant.
pub(crate) const fn first_remembered(now: Instant) -> i32 {
    day_number(now) - REMEMBERED_DAYS
}

/// Days since 1970-01-01, in UTC.
pub(crate) const fn day_number(at: Instant) -> i32 {
    // The range of instants keeps this far below 2^31.
    (at.as_ms() / DAY_MS) as i32
}

/// A reason that says something: blanks are none.
fn given(reason: Option<&str>) -> Option<&str> {
    reason.filter(|reason| !reason.trim().is_empty())
}

/// Refuses what would fill the pages of its table: what is kept of one command stays small.
fn bounded(command: &Command) -> Result<(), Refusal> {
    let kept = matches!(
        command.action,
        Action::Record(_) | Action::PutProspect(_) | Action::PutCompany(_)
    );
    let bytes = if kept { weight::of(command) } else { 0 };
    if bytes > MAX_KEPT_BYTES {
        return Err(Refusal::Limit {
            what: "bytes of the command".to_owned(),
            most: MAX_KEPT_BYTES as u64,
            found: bytes as u64,
        });
    }
    Ok(())
}

/// Checks a key of a command.
pub(crate) fn key(field: &str, text: &str) -> Result<(), Refusal> {
    check_key(text)
        .map_err(|why| Refusal::InvalidKey { field: field.to_owned(), why: why.to_string() })
}

/// Checks a key and finds what it names.
pub(crate) fn known(
    what: &str,
    text: &str,
    id: impl FnOnce(&str) -> Option<u32>,
) -> Result<u32, Refusal> {
    key(what, text)?;
    // Who was forgotten is there for those who look, and for nobody to do anything with.
    let found = id(text).filter(|_| what != "prospect" || !is_forgotten_key(text));
    found.ok_or_else(|| unknown(what, text))
}

pub(crate) fn unknown(what: &str, key: &str) -> Refusal {
    Refusal::Unknown { what: what.to_owned(), key: key.to_owned() }
}

pub(crate) fn invalid(field: &str, why: impl Into<String>) -> Refusal {
    Refusal::InvalidValue { field: field.to_owned(), why: why.into() }
}

/// Checks a free text: bounded, so that one command cannot fill a page.
pub(crate) fn text(field: &str, text: Option<&str>) -> Result<(), Refusal> {
    match text {
        Some(text) if text.len() > MAX_TEXT_BYTES => Err(invalid(
            field,
            format!("expected at most {MAX_TEXT_BYTES} bytes, found {}", text.len()),
        )),
        _ => Ok(()),
    }
}
