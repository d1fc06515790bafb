//! The reference model: what the engine must do, written as plainly as it can be.
//!
//! Maps, lists and loops. No pages, no lanes, no parking, no journal, no ledger: what is left of a
//! day is counted by looking at every enrollment. It shares the policy's interpreter and the
//! windows of the calendar with the engine and nothing else, so that property tests can compare the
//! two. It knows one workspace, and of command ids only that they make a refusal count.
//!
//! Who is placed first gets the slot, so plans are made when the engine makes them: by a command
//! about an enrollment, by a claim that meets it, by a job that plans anew.

#![expect(
    clippy::indexing_slicing,
    reason = "a key that is not there is a mistake in the model, and a test should stop at it"
)]

mod enrolling;
mod facts;
mod forgetting;
mod freezing;
mod holds;
mod pacing;
mod picture;
mod placing;
mod promises;
mod recording;
mod releasing;
mod replanning;
mod restored;
mod sending;
#[cfg(test)]
mod tests;
mod world;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use chrono::NaiveDate;

pub use holds::Target;
pub use picture::{Picture, Row, shape};

use crate::lang::Policy;
use crate::model::{
    Action, AddedSteps, Campaign, Command, Company, DateRange, HoldKind, Instant, Outcome,
    Prospect, Refusal, Selection, Sender, Status, Token, is_forgotten_key,
};
use crate::plan::{Calendar, Zone};

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

type Answer = Result<Outcome, Refusal>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Waiting,
    Claimed,
    Leaving,
    Unknown,
}

#[derive(Clone, Debug)]
struct Enrollment {
    /// Its place in the order of enrolment.
    id: usize,
    campaign: String,
    prospect: String,
    sender: String,
    /// Steps that went out, and steps that are on its schedule.
    position: usize,
    steps: usize,
    /// How many of the steps behind it did not go out.
    skipped: usize,
    attempt: u8,
    phase: Phase,
    /// The last delivery, or the enrolment.
    base: Instant,
    due: placing::Due,
    planned: Option<Instant>,
    /// The days of its sender on which it has slots promised, from the next step on.
    days: Vec<NaiveDate>,
    frozen: Option<freezing::Frozen>,
    /// When it was frozen and freed since its plan was made, oldest first.
    thawed: Vec<freezing::Freeze>,
    last_sent: Option<Instant>,
    /// When the last look let each go that went out.
    deliveries: Vec<Instant>,
}

impl Enrollment {
    const fn has_next(&self) -> bool {
        self.position < self.steps
    }
}

#[derive(Clone, Debug)]
struct Claim {
    enrollment: usize,
    lease_until: Instant,
    confirmed: Option<Instant>,
    /// Of one that may have gone out before a restore: the restore's instant.
    restored: Option<Instant>,
}

/// The whole state.
#[derive(Clone, Debug, Default)]
pub struct Model {
    now: Instant,
    zone: Option<Zone>,
    calendars: Vec<Calendar>,
    closed_ranges: Vec<DateRange>,
    /// The days of both, on which nothing is sent.
    closed: BTreeSet<NaiveDate>,
    /// What is to be planned anew, the oldest first.
    jobs: VecDeque<replanning::Job>,
    policy: Option<Arc<Policy>>,
    companies: BTreeMap<String, Company>,
    prospects: BTreeMap<String, Prospect>,
    /// By prospect: the company that a host named for it.
    named_companies: BTreeMap<String, String>,
    /// In the order in which they were made.
    prospect_order: Vec<String>,
    /// By prospect: the addresses that it had before.
    earlier: BTreeMap<String, BTreeSet<String>>,
    /// What those were known by who were stopped and are forgotten.
    stopped_and_forgotten: BTreeSet<String>,
    senders: BTreeMap<String, Sender>,
    /// In the order in which they were created.
    sender_order: Vec<String>,
    campaigns: BTreeMap<String, Campaign>,
    /// By campaign: the steps that who is enrolled now gets.
    active_steps: BTreeMap<String, usize>,
    enrollments: Vec<Enrollment>,
    claims: BTreeMap<Token, Claim>,
    /// The senders that write to somebody whose steps go by the clocks of another zone.
    write_elsewhere: BTreeSet<String>,
    /// By sender: when it sent, and on which of its days that was then.
    went: BTreeMap<String, Vec<(Instant, NaiveDate)>>,
    /// By sender: the days on which something may have gone out, before a restore.
    may_have_gone: BTreeMap<String, Vec<NaiveDate>>,
    /// By company and campaign that has a bound for companies: the days on which something went.
    went_to: BTreeMap<(String, String), Vec<NaiveDate>>,
    last_served: usize,
    holds: Vec<holds::Hold>,
    /// By (source, id): the day on which it was recorded.
    seen: BTreeMap<(String, String), i64>,
    /// By (source, id) of what was taken back before it came: the day of that.
    retracted_unseen: BTreeMap<(String, String), i64>,
    /// What windows count; nothing is ever too much or too old.
    counted: Vec<facts::CountedEvent>,
    /// Every event that was taken, with what it was about and when it happened.
    happened: Vec<facts::Happened>,
    claims_made: u64,
    tally: crate::engine::Tally,
}

impl Model {
    /// The engine's time.
    #[must_use]
    pub const fn now(&self) -> Instant {
        self.now
    }

    /// Applies a command. A refusal changes nothing but the time.
    pub fn apply(&mut self, command: &Command) -> Outcome {
        let at = command.at.max(self.now);
        let far = at.ms_since(self.now) > DAY_MS && self.now != Instant::MIN;
        if far && command.action != Action::Advance {
            let now = self.now;
            // With an id it is remembered, and so a command as any other.
            if command.id.is_some() {
                self.work();
            }
            return Outcome::Refused(Refusal::TooFarAhead { at, now });
        }
        let time_passes = at > self.now;
        self.pass_time(at);
        let by = command.by.as_deref();
        let outcome = self.act(&command.action, by);
        self.look_at_all(self.now);
        // Of what was refused only the time that passed is there, and the answer if it has an id;
        // of what was seen before nothing.
        let counts = match &outcome {
            Ok(Outcome::Duplicate) => false,
            Ok(_) => true,
            Err(_) => time_passes || command.id.is_some(),
        };
        match (counts, &command.action) {
            (true, Action::Tick) => self.work_idly(),
            (true, _) => self.work(),
            (false, _) => {}
        }
        outcome.unwrap_or_else(Outcome::Refused)
    }

    fn act(&mut self, action: &Action, by: Option<&str>) -> Answer {
        match action {
            Action::Configure(settings) => self.configure(settings),
            Action::PutPolicy(bundle) | Action::Publish { policy: bundle, .. } => {
                self.put_policy(bundle)
            }
            Action::PutCompany(company) => self.put_company(company),
            Action::PutProspect(prospect) => self.put_prospect(prospect),
            Action::PutSender(sender) => self.put_sender(sender),
            Action::PutCampaign(campaign) => self.put_campaign(campaign),
            Action::AddStep { campaign, step } => self.add_step(campaign, step),
            Action::Enroll { campaign, prospect } => self.enroll(campaign, prospect),
            Action::Record(event) => self.record(event),
            Action::Retract { source, event, reason } => {
                Ok(self.retract(source, event, by, reason.as_deref()))
            }
            Action::Hold { kind, target, until, .. } => {
                self.person_holds(*kind, target, *until, by)
            }
            Action::Resume { target, prospects, reschedule, .. } => {
                self.person_resumes(target, *prospects, *reschedule)
            }
            Action::Lift { hold, reason } => self.lift(*hold, by, reason.as_deref()),
            Action::Reschedule { selection, from, resume, .. } => {
                self.reschedule(selection, *from, *resume)
            }
            Action::Claim { limit, lease_ms } => self.claim(*limit, *lease_ms),
            Action::Confirm { token } => self.confirm(*token),
            Action::Report { token, report } => self.report(*token, *report),
            Action::Resend { token, .. } => self.resend(*token, by),
            Action::ResendSelected { selection, .. } => self.resend_selected(selection, by),
            Action::Restored { until } => Ok(self.lose_since_backup(*until)),
            Action::Advance | Action::Tick => Ok(Outcome::Applied),
            Action::Forget { prospect, .. } | Action::Erase { prospect, .. } => {
                self.forget(prospect)
            }
            Action::Open { .. } | Action::Forgotten { .. } => Err(invalid("do")),
        }
    }

    /// What was to happen on the way happens, in order: ends of holds, then of leases.
    fn pass_time(&mut self, at: Instant) {
        while let Some(due) = self.next_timer().filter(|due| *due <= at) {
            self.now = self.now.max(due);
            let ending: Vec<usize> = (0..self.holds.len())
                .filter(|id| self.holds[*id].live() && self.holds[*id].until == Some(due))
                .collect();
            for id in ending {
                self.holds[id].ended = Some(due);
            }
            self.look_at_all(due);
            let leases: Vec<Token> = self
                .claims
                .iter()
                .filter(|(_, claim)| claim.lease_until == due && self.runs(claim))
                .map(|(token, _)| *token)
                .collect();
            for token in leases {
                self.end_lease(token);
            }
        }
        self.now = at;
    }

    fn next_timer(&self) -> Option<Instant> {
        let holds = self.holds.iter().filter(|hold| hold.live());
        let holds = holds.filter_map(|hold| hold.until);
        let leases = self.claims.values().filter(|claim| self.runs(claim));
        holds.chain(leases.map(|claim| claim.lease_until)).min()
    }

    /// Whether a claim's lease still means something.
    fn runs(&self, claim: &Claim) -> bool {
        self.enrollments[claim.enrollment].phase != Phase::Unknown
    }

    fn status(&self, at: usize) -> Status {
        let enrollment = &self.enrollments[at];
        let stops = |hold: &holds::Hold| hold.kind == HoldKind::Stop;
        match enrollment.phase {
            Phase::Unknown => Status::OutcomeUnknown,
            Phase::Claimed | Phase::Leaving => Status::Sending,
            Phase::Waiting if self.is_finished(enrollment) => Status::Finished,
            Phase::Waiting if self.covering(at).any(|(_, hold)| stops(hold)) => Status::Stopped,
            Phase::Waiting if !enrollment.has_next() => Status::NeedsReschedule,
            Phase::Waiting if self.covering(at).next().is_some() => Status::Paused,
            Phase::Waiting if self.settled(at).planned.is_none() => Status::Unplaceable,
            Phase::Waiting => Status::Scheduled,
        }
    }

    fn is_finished(&self, enrollment: &Enrollment) -> bool {
        let campaign = &self.campaigns[&enrollment.campaign];
        let ignores = campaign.added_steps == Some(AddedSteps::Ignore);
        enrollment.position >= campaign.steps.len() || (ignores && !enrollment.has_next())
    }

    /// The step that an enrollment waits for, counted from 1.
    fn waits_for(&self, at: usize) -> Option<usize> {
        self.enrollments[at].has_next().then(|| self.settled(at).position + 1)
    }

    /// The enrollments that match, in the order in which they were enrolled.
    fn select(&self, selection: &Selection) -> Result<Vec<usize>, Refusal> {
        known("campaign", selection.campaign.as_deref(), &self.campaigns)?;
        known("company", selection.company.as_deref(), &self.companies)?;
        known("prospect", selection.prospect.as_deref(), &self.prospects)?;
        let matches = |at: &usize| {
            let enrollment = &self.enrollments[*at];
            let prospect = &self.prospects[&enrollment.prospect];
            let is = |wanted: &Option<String>, found: Option<&str>| {
                wanted.is_none() || wanted.as_deref() == found
            };
            let searched = |part: &str| {
                let texts =
                    [Some(&prospect.key), prospect.address.as_ref(), prospect.company.as_ref()];
                let mut texts = texts.into_iter().flatten();
                texts.any(|text| text.to_lowercase().contains(&part.to_lowercase()))
            };
            is(&selection.campaign, Some(&enrollment.campaign))
                && is(&selection.prospect, Some(&enrollment.prospect))
                && is(&selection.company, prospect.company.as_deref())
                && selection.step.is_none_or(|it| self.waits_for(*at) == Some(it.into()))
                && selection.status.is_none_or(|it| self.status(*at) == it)
                && selection.search.as_deref().is_none_or(searched)
        };
        Ok((0..self.enrollments.len()).filter(matches).collect())
    }
}

fn known<T>(what: &str, key: Option<&str>, all: &BTreeMap<String, T>) -> Result<(), Refusal> {
    match key {
        Some(key) if !all.contains_key(key) || (what == "prospect" && is_forgotten_key(key)) => {
            Err(unknown(what, key))
        }
        _ => Ok(()),
    }
}

fn unknown(what: &str, key: &str) -> Refusal {
    let (what, key) = (what.to_owned(), key.to_owned());
    Refusal::Unknown { what, key }
}

fn invalid(field: &str) -> Refusal {
    let (field, why) = (field.to_owned(), String::new());
    Refusal::InvalidValue { field, why }
}
