//! The reference model: what the engine must do, written as plainly as it can be.
//!
//! Maps, lists and loops. No pages, no lanes, no parking, no journal; nothing is put off: when time
//! passes or a hold ends, every enrollment is looked at. It shares the policy's interpreter and the
//! calendar with the engine and nothing else, so that property tests can compare the two. It knows
//! one workspace and no command ids.

#![expect(
    clippy::indexing_slicing,
    reason = "a key that is not there is a mistake in the model, and a test should stop at it"
)]

mod facts;
mod freezing;
mod holds;
mod picture;
mod recording;
mod releasing;
mod sending;
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub use holds::Target;
pub use picture::{Picture, Row, shape};

use crate::lang::Policy;
use crate::model::{
    Action, Campaign, Command, Company, HoldKind, Instant, Outcome, Prospect, Refusal, Selection,
    Sender, Status, Token,
};
use crate::plan::{self, Zone};

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

/// From where on the next step is placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    AfterDelay,
    From(Instant),
    /// The delay counts from this instant.
    DelayFrom(Instant),
}

#[derive(Clone, Debug)]
struct Enrollment {
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
    due: Due,
    planned: Option<Instant>,
    frozen: Option<freezing::Frozen>,
    /// What was frozen and freed while a send was out of the timeline.
    missed: Vec<freezing::Freeze>,
    last_sent: Option<Instant>,
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
}

/// The whole state.
#[derive(Clone, Debug, Default)]
pub struct Model {
    now: Instant,
    zone: Option<Zone>,
    policy: Option<Arc<Policy>>,
    companies: BTreeMap<String, Company>,
    prospects: BTreeMap<String, Prospect>,
    /// By prospect: the company that a host named for it.
    named_companies: BTreeMap<String, String>,
    senders: BTreeMap<String, Sender>,
    /// In the order in which they were created.
    sender_order: Vec<String>,
    campaigns: BTreeMap<String, Campaign>,
    /// By campaign: the steps that who is enrolled now gets.
    active_steps: BTreeMap<String, usize>,
    enrollments: Vec<Enrollment>,
    claims: BTreeMap<Token, Claim>,
    /// By sender: when it sent.
    went: BTreeMap<String, Vec<Instant>>,
    last_served: usize,
    holds: Vec<holds::Hold>,
    /// By (source, id): the day on which it was recorded.
    seen: BTreeMap<(String, String), i64>,
    retracted_unseen: BTreeSet<(String, String)>,
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
            return Outcome::Refused(Refusal::TooFarAhead { at, now });
        }
        self.pass_time(at);
        let by = command.by.as_deref();
        let outcome = self.act(&command.action, by);
        self.look_at_all(self.now);
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
            Action::Advance => Ok(Outcome::Applied),
            Action::Open { .. } => Err(invalid("do")),
        }
    }

    /// What was to happen on the way happens, in order: ends of holds, then of leases.
    fn pass_time(&mut self, at: Instant) {
        while let Some(due) = self.next_timer().filter(|due| *due <= at) {
            self.look_at_all(due);
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
        self.look_at_all(at);
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

    fn move_on_if_missed(&mut self, at: usize, now: Instant) {
        let enrollment = &self.enrollments[at];
        let Some(planned) = enrollment.planned.filter(|planned| *planned < now) else {
            return;
        };
        let (timing, zone) = (self.next_timing(at), self.step_zone(at));
        let open = plan::window_at(&timing, zone, planned);
        if open.is_some_and(|(_, end)| end > now) {
            return;
        }
        match plan::window_at(&timing, zone, now) {
            Some((start, _)) => self.place(at, start),
            None => self.place(at, now),
        }
    }

    fn next_timing(&self, at: usize) -> crate::model::StepTiming {
        let enrollment = &self.enrollments[at];
        self.campaigns[&enrollment.campaign].steps[enrollment.position].timing
    }

    /// The zone of a step is the prospect's, else the campaign's, else the sender's.
    fn step_zone(&self, at: usize) -> Zone {
        let enrollment = &self.enrollments[at];
        let prospect = self.prospects[&enrollment.prospect].zone.as_deref();
        let campaign = self.campaigns[&enrollment.campaign].zone.as_deref();
        let sender = self.senders[&enrollment.sender].zone.as_deref();
        let name = prospect.or(campaign).or(sender);
        name.and_then(Zone::named).or(self.zone).unwrap_or(Zone::UTC)
    }

    /// Plans the next step at the first slot at or after an instant.
    fn place(&mut self, at: usize, from: Instant) {
        self.enrollments[at].due = Due::From(from);
        self.enrollments[at].planned = if self.enrollments[at].has_next() {
            plan::place(&self.next_timing(at), self.step_zone(at), from, 0)
        } else {
            None
        };
    }

    /// Plans the next step where its delay puts it, or from where it was last told to be.
    fn place_anew(&mut self, at: usize) {
        if !self.enrollments[at].has_next() {
            self.enrollments[at].planned = None;
            return;
        }
        let enrollment = &self.enrollments[at];
        match enrollment.due {
            Due::From(from) => self.place(at, from),
            Due::AfterDelay => self.place_by_delay(at, enrollment.base, Due::AfterDelay),
            Due::DelayFrom(from) => self.place_by_delay(at, from, Due::DelayFrom(from)),
        }
    }

    fn place_by_delay(&mut self, at: usize, from: Instant, due: Due) {
        let delay = self.next_timing(at).delay;
        self.place(at, plan::due(delay, from, self.step_zone(at)));
        self.enrollments[at].due = due;
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
            Phase::Waiting if enrollment.planned.is_none() => Status::Unplaceable,
            Phase::Waiting => Status::Scheduled,
        }
    }

    fn is_finished(&self, enrollment: &Enrollment) -> bool {
        enrollment.position >= self.campaigns[&enrollment.campaign].steps.len()
    }

    /// The enrollments that match, in the order in which they were enrolled.
    fn select(&self, selection: &Selection) -> Result<Vec<usize>, Refusal> {
        known("campaign", selection.campaign.as_deref(), &self.campaigns)?;
        known("company", selection.company.as_deref(), &self.companies)?;
        known("prospect", selection.prospect.as_deref(), &self.prospects)?;
        let matches = |at: &usize| {
            let enrollment = &self.enrollments[*at];
            let prospect = &self.prospects[&enrollment.prospect];
            let step = enrollment.has_next().then_some(enrollment.position + 1);
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
                && selection.step.is_none_or(|it| step == Some(it.into()))
                && selection.status.is_none_or(|it| self.status(*at) == it)
                && selection.search.as_deref().is_none_or(searched)
        };
        Ok((0..self.enrollments.len()).filter(matches).collect())
    }
}

fn known<T>(what: &str, key: Option<&str>, all: &BTreeMap<String, T>) -> Result<(), Refusal> {
    match key {
        Some(key) if !all.contains_key(key) => Err(unknown(what, key)),
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
