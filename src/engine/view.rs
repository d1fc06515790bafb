//! What people and hosts read from a snapshot: plain data, ready to be shown.

use chrono::NaiveDate;
use serde::Serialize;

use super::record::Tally;
use crate::model::{HoldId, HoldKind, Instant, ResumeMode, Scope, Status, Token};

/// How many of everything there are in a workspace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Companies, derived ones included.
    pub companies: u64,
    /// Prospects.
    pub prospects: u64,
    /// Senders.
    pub senders: u64,
    /// Campaigns.
    pub campaigns: u64,
    /// Enrollments.
    pub enrollments: u64,
    /// Prospects with an enrollment that a live hold covers.
    pub prospects_held: u64,
    /// Companies with a live hold of their own, in all campaigns or in one.
    pub companies_held: u64,
    /// Enrollments by status; statuses that none has are left out.
    pub by_status: Vec<(Status, u64)>,
    /// What happened so far.
    pub tally: Tally,
}

/// What placed holds: a rule, a person, or the engine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HoldCause {
    /// The rule's name, the engine's cause, or none if a person did it.
    pub rule: Option<String>,
    /// The person, if one did it and gave a name.
    pub by: Option<String>,
    /// Where the rule stands: file and line.
    pub at: Option<(String, u32)>,
    /// How many holds it placed, ended ones included.
    pub holds: u64,
    /// How many of them are live.
    pub live: u64,
    /// Prospects that its live holds cover.
    pub prospects: u64,
}

/// A person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProspectView {
    /// The key.
    pub key: String,
    /// The address, if one is known.
    pub address: Option<String>,
    /// The company's key.
    pub company: Option<String>,
    /// The company's name, if it has one.
    pub company_name: Option<String>,
    /// The zone (an IANA name), if one is known.
    pub zone: Option<String>,
    /// Tags.
    pub tags: Vec<String>,
}

/// One prospect in one campaign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EnrollmentView {
    /// The campaign's key.
    pub campaign: String,
    /// The prospect's key.
    pub prospect: String,
    /// The company's key.
    pub company: Option<String>,
    /// The sender's key.
    pub sender: String,
    /// Where it stands.
    pub status: Status,
    /// True where people read "manually paused": a person's pause is the only cause, or a step
    /// was added after the last one went out.
    pub manually_paused: bool,
    /// Steps that went out.
    pub sent: u16,
    /// Steps that did not go out, but were skipped when a hold was lifted.
    pub skipped: u16,
    /// Steps of the campaign.
    pub steps: u16,
    /// When the next send is planned. Of one that is held: where the plan was.
    pub next: Option<Instant>,
    /// The days, in the sender's zone, on which it has slots: for the next step, and for those
    /// after it where the whole timeline is placed.
    pub promised: Vec<NaiveDate>,
    /// When the last step went out.
    pub last_sent: Option<Instant>,
    /// The zone of its steps.
    pub zone: String,
    /// The live holds that cover it, the strongest first.
    pub holds: Vec<HoldView>,
}

/// A hold and its cause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HoldView {
    /// Its number.
    pub id: HoldId,
    /// Pause or stop.
    pub kind: HoldKind,
    /// At which scope.
    pub scope: Scope,
    /// The target's key; of a selection, how many were selected.
    pub target: String,
    /// True if it was placed over a selection.
    pub selection: bool,
    /// When it was placed.
    pub placed: Instant,
    /// When it ends by itself.
    pub until: Option<Instant>,
    /// Where the next send goes when it is lifted.
    pub mode: ResumeMode,
    /// Why it is there.
    pub cause: CauseView,
    /// How and when it ended.
    pub ended: Option<EndedView>,
}

/// Why a hold is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "cause", rename_all = "kebab-case")]
pub enum CauseView {
    /// A rule fired on an event.
    Rule {
        /// The rule.
        rule: String,
        /// The file in which it stands.
        file: String,
        /// The line on which it begins.
        line: u32,
        /// The hash of the policy, in full.
        policy: String,
        /// What the rule gives as its reason.
        reason: Option<String>,
        /// The event.
        event: Box<EventView>,
        /// What went wrong, if the rule could not be evaluated.
        error: Option<String>,
    },
    /// A person gave a command.
    Person {
        /// Who, if a name was given.
        by: Option<String>,
        /// Why, if a reason was given.
        reason: Option<String>,
    },
    /// The engine itself: a send failed for good, or too often.
    Engine {
        /// What happened.
        why: String,
    },
}

/// An event that placed a hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct EventView {
    /// The type.
    pub kind: String,
    /// The id.
    pub id: String,
    /// The source; may be empty.
    pub source: String,
    /// When it happened.
    pub at: Instant,
    /// The prospect that it was about.
    pub prospect: Option<String>,
    /// Its attributes, as the host gave them.
    pub attributes: Vec<(String, String)>,
}

/// How a hold ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EndedView {
    /// When.
    pub at: Instant,
    /// How, as a clause: `its end came`, `ann@ours.example resumed it`.
    pub how: String,
}

/// A message that went out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeliveryView {
    /// The step, counted from 1.
    pub step: u16,
    /// What the host calls its message.
    pub message: String,
    /// When the last look said `go`.
    pub confirmed: Instant,
    /// When it was delivered.
    pub sent: Instant,
}

/// A message that is still to go out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PlannedView {
    /// The step, counted from 1.
    pub step: u16,
    /// What the host calls its message.
    pub message: String,
    /// When; none if it has no place, or is on nobody's schedule yet.
    pub at: Option<Instant>,
    /// True if it has no slot yet: where it would go if the one before goes out as planned.
    pub projected: bool,
}

/// All that happened and will happen to one prospect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Timeline {
    /// Who.
    pub prospect: ProspectView,
    /// The engine's time: what is before it happened.
    pub now: Instant,
    /// One for each campaign, oldest enrolment first.
    pub enrollments: Vec<EnrollmentTimeline>,
}

/// One prospect in one campaign, over time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EnrollmentTimeline {
    /// Where it stands now.
    pub enrollment: EnrollmentView,
    /// What went out, oldest first.
    pub sends: Vec<DeliveryView>,
    /// What is still to go out.
    pub planned: Vec<PlannedView>,
    /// Every hold that covers or covered it, oldest first. Of those that ended on wider targets,
    /// as the target is today.
    pub holds: Vec<HoldView>,
}

/// Why a prospect stands where it stands.
#[derive(Clone, Debug, Serialize)]
pub struct Explanation {
    /// Who.
    pub prospect: ProspectView,
    /// The engine's time.
    pub now: Instant,
    /// One for each campaign, oldest enrolment first.
    pub enrollments: Vec<EnrollmentExplanation>,
    /// What would hold it in any campaign, the strongest first; only where it is in none.
    pub holds: Vec<HoldExplanation>,
}

/// Why one prospect in one campaign stands where it stands.
#[derive(Clone, Debug, Serialize)]
pub struct EnrollmentExplanation {
    /// Where it stands.
    pub enrollment: EnrollmentView,
    /// Each live hold, the strongest first.
    pub holds: Vec<HoldExplanation>,
    /// How the next instant came about, one sentence a move: delay, weekdays, hours, release.
    pub next: Vec<String>,
}

/// Why one hold is there.
#[derive(Clone, Debug, Serialize)]
pub struct HoldExplanation {
    /// The hold.
    pub hold: HoldView,
    /// The rule's clauses as they were evaluated on its event.
    pub rule: Option<RuleView>,
    /// The other rules that listen to the event, and why they did not apply.
    pub not_applied: Vec<RuleView>,
    /// True if the message of this step was already leaving when the hold was placed.
    pub already_leaving: bool,
}

/// What became of one rule on one event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuleView {
    /// The rule.
    pub rule: String,
    /// What it is for, if it says so.
    pub title: Option<String>,
    /// The file in which it stands.
    pub file: String,
    /// The line on which it begins.
    pub line: u32,
    /// What became of it.
    pub verdict: RuleOutcome,
    /// Its clauses, in the order of the text.
    pub clauses: Vec<ClauseView>,
}

/// What became of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RuleOutcome {
    /// It matched, and its effects applied.
    Fired,
    /// It matched, and so did these rules, which override it.
    OverriddenBy(Vec<String>),
    /// It did not match.
    NotMatched,
    /// It could not be evaluated.
    Failed(String),
}

/// What became of one clause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClauseView {
    /// The clause as it is written.
    pub text: String,
    /// Whether it lets the rule fire; none if a clause before it failed and what it reads is
    /// unknown.
    pub pass: Option<bool>,
    /// What was found.
    pub actual: String,
}

/// What each sender has on each day, in the sender's zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Agenda {
    /// The first day.
    pub from: NaiveDate,
    /// The day after the last one.
    pub to: NaiveDate,
    /// One for each sender, in the order in which they were made.
    pub senders: Vec<SenderAgenda>,
}

/// What one sender has on each day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SenderAgenda {
    /// The sender's key.
    pub sender: String,
    /// Its zone.
    pub zone: String,
    /// The most sends of a day: its limit, or fewer where its least gap leaves no room for them.
    pub limit: Option<u32>,
    /// True if a live hold is on the sender itself.
    pub held: bool,
    /// One for each day.
    pub days: Vec<AgendaDay>,
}

/// What one sender has on one day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AgendaDay {
    /// Slots spent.
    pub sent: u32,
    /// Sends that have a slot, or go today without one, and are free to go: those of all steps of
    /// timelines that are placed whole.
    pub planned: u32,
    /// Sends that have a slot and are held.
    pub held: u32,
    /// True if the sender does not send on this day.
    pub frozen: bool,
}

/// A send that is out of its timeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InFlight {
    /// Its token.
    pub token: Token,
    /// The campaign's key.
    pub campaign: String,
    /// The prospect's key.
    pub prospect: String,
    /// The prospect's address, or its key where none is known.
    pub address: String,
    /// The sender's key.
    pub sender: String,
    /// The step, counted from 1.
    pub step: u16,
    /// What the host calls its message.
    pub message: String,
    /// When it was planned.
    pub planned: Instant,
    /// When the last look said `go`; none if it has not yet.
    pub confirmed: Option<Instant>,
    /// When the lease ends, or ended.
    pub lease_until: Instant,
    /// True if nobody knows what became of it.
    pub unknown: bool,
    /// Of one that may have gone out between a backup and a restore of it: the restore's instant.
    pub restored: Option<Instant>,
}
