//! The records that the state is made of. Plain data; ids are dense indexes into their tables.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::contacts::FieldTexts;
use super::freeze::Anchor;
use super::pages::Pages;
use crate::lang::Counted;
use crate::model::{
    AddedSteps, DateRange, EnrolledElsewhere, Event, HoldKind, Instant, Outcome, Pace, Placement,
    ResumeMode, Scope, Step, Token,
};
use crate::plan::{Calendar, ClosedDays, Ledger, Zone};

/// "No such id", where an id is optional.
pub(crate) const NONE: u32 = u32::MAX;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct SenderRecord {
    pub(crate) zone: Option<Zone>,
    pub(crate) limit_per_day: Option<u32>,
    pub(crate) gap_ms: u64,
    /// Whether the steps of some of those it writes to went by the clocks of another zone.
    pub(crate) writes_elsewhere: bool,
    pub(crate) anchor: Anchor,
    /// The instant of its last `go`.
    pub(crate) last_go: Option<Instant>,
    /// Claims that are neither confirmed nor given back.
    pub(crate) unconfirmed: u32,
    /// Days of its zone on which it does not send.
    pub(crate) frozen: ClosedDays,
    /// What it promised and spent of its days, of what fits into them.
    pub(crate) ledger: Arc<Ledger>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct CampaignRecord {
    pub(crate) steps: Arc<[Step]>,
    /// How many of the steps are on the schedule of those who are enrolled now.
    pub(crate) active_steps: u16,
    pub(crate) senders: Arc<[u32]>,
    pub(crate) zone: Option<Zone>,
    pub(crate) tags: Box<[Box<str>]>,
    pub(crate) placement: Placement,
    pub(crate) enrolled_elsewhere: EnrolledElsewhere,
    pub(crate) added_steps: AddedSteps,
    /// 0 is no bound.
    pub(crate) max_lateness_ms: u64,
    pub(crate) company_pace: Option<Pace>,
    pub(crate) anchor: Anchor,
    /// It follows from their records.
    #[serde(skip)]
    pub(crate) enrollments: Pages<u32>,
}

/// Where the next send of an enrollment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Phase {
    /// Planned, or with nothing left to plan.
    Waiting,
    /// Claimed, not confirmed.
    Claimed,
    /// Confirmed, not reported.
    Leaving,
    /// Confirmed, and nobody knows what became of it.
    Unknown,
}

/// When the next step goes out, and from where it was placed: enough to place it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Plan {
    /// The planned instant; none if there is no next step or it has no place.
    pub(crate) at: Option<Instant>,
    /// The instant from which a place was looked for; of a delay that was started again, the
    /// instant from which it counts.
    pub(crate) due: Instant,
    /// What made it due then.
    pub(crate) by: DueBy,
}

impl Plan {
    /// No next step.
    pub(crate) const NOTHING: Self = Self { at: None, due: Instant::MIN, by: DueBy::Delay };
}

/// What made a step due when it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum DueBy {
    /// Its delay after the previous delivery or the enrolment.
    Delay,
    /// It was free again.
    Release,
    /// A person gave the date.
    Reschedule,
    /// An attempt failed for now, or its outcome was unknown and a person ordered a resend.
    Retry,
    /// Its window went by, and this is the next one.
    Missed,
    /// It was free again, and this much of the delay was left when it was held.
    Remaining { days: u16, ms: u32 },
    /// It was free again, and the whole delay counts from then.
    Restart,
    /// It was free again, and so many steps before it had gone by.
    Skip { steps: u16 },
}

/// Days on which nothing is sent in the whole workspace, on the calendar of each step's zone.
#[derive(Clone, Debug, Default)]
pub(crate) struct ClosedRecord {
    pub(crate) calendars: Box<[Calendar]>,
    pub(crate) ranges: Box<[DateRange]>,
    /// All of them.
    pub(crate) days: ClosedDays,
}

/// What is still to be planned anew, after something changed that many timelines depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Job {
    pub(crate) scope: JobScope,
    pub(crate) pass: Pass,
    /// The next enrollment to be looked at.
    pub(crate) next: u32,
    /// The enrollments that there were when it began.
    pub(crate) end: u32,
}

/// Whose timelines are planned anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum JobScope {
    All,
    Sender(u32),
    Campaign(u32),
}

/// First everybody gives back what was promised, then conversations get theirs before openings do:
/// so what comes out depends on what there is, and not on what there was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Pass {
    GiveBack,
    Conversations,
    Openings,
}

/// A message that went out.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct DeliveryRecord {
    /// The enrollment's delivery before this one.
    pub(crate) previous: u32,
    /// The step's index.
    pub(crate) step: u16,
    pub(crate) confirmed: Instant,
    pub(crate) sent: Instant,
}

/// A send that is out of its timeline: claimed, leaving or unknown.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct ClaimRecord {
    pub(crate) enrollment: u32,
    pub(crate) planned: Instant,
    pub(crate) lease_until: Instant,
    pub(crate) confirmed: Option<Instant>,
    /// Of one that may have gone out after the backup was taken of which the store was made: the
    /// instant of that restore.
    pub(crate) restored: Option<Instant>,
}

/// What a hold covers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Target {
    Enrollment(u32),
    Prospect(u32),
    /// The id of a (company, campaign) pair.
    CompanyInCampaign(u32),
    Company(u32),
    Sender(u32),
    Campaign(u32),
    Workspace,
    /// The enrollments that a selection resolved to; kept to say how many there were.
    Selection(u32),
}

impl Target {
    pub(crate) const fn scope(&self) -> Scope {
        match self {
            Self::Enrollment(_) | Self::Selection(_) => Scope::Enrollment,
            Self::Prospect(_) => Scope::Prospect,
            Self::CompanyInCampaign(_) => Scope::CompanyInCampaign,
            Self::Company(_) => Scope::Company,
            Self::Sender(_) => Scope::Sender,
            Self::Campaign(_) => Scope::Campaign,
            Self::Workspace => Scope::Workspace,
        }
    }
}

/// Why a hold is there.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Origin {
    /// A rule fired on an event.
    Rule {
        /// The rule's index in the policy of the cause.
        rule: u16,
        /// Which of the rule's effects.
        effect: u8,
        /// The event and what the rules could read, in the table of causes.
        cause: u32,
        /// What went wrong, if the rule could not be evaluated.
        error: Option<Box<str>>,
    },
    /// A person gave a command.
    Person { by: Box<str>, reason: Option<Box<str>> },
    /// The engine itself: a send failed for good, or too often.
    Engine { why: Box<str> },
}

/// How a hold ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Ended {
    /// Its own end came.
    Expired,
    /// Its end was past when it was placed: it never had an effect.
    Stillborn,
    /// A person lifted it.
    Person { by: Box<str>, reason: Option<Box<str>> },
    /// A `resume` rule lifted it; the event that the rule ran on.
    Rule { event: Box<str> },
    /// The event that placed it was taken back.
    Retracted { by: Option<Box<str>> },
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct HoldRecord {
    pub(crate) kind: HoldKind,
    pub(crate) target: Target,
    pub(crate) mode: ResumeMode,
    pub(crate) origin: Origin,
    pub(crate) placed: Instant,
    pub(crate) until: Option<Instant>,
    pub(crate) ended: Option<(Instant, Ended)>,
    /// With a selection: its members that are still covered by it.
    pub(crate) members: Option<Arc<Vec<u32>>>,
}

impl HoldRecord {
    pub(crate) const fn is_live(&self) -> bool {
        self.ended.is_none()
    }
}

/// An event that placed holds, with all that its rules could read at that time: enough to
/// evaluate them again and get the same verdict.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct CauseRecord {
    pub(crate) event: Event,
    pub(crate) at: Instant,
    pub(crate) policy: u32,
    pub(crate) facts: Box<CauseFacts>,
}

/// What rules could read besides the event.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct CauseFacts {
    pub(crate) prospect_key: Option<Box<str>>,
    pub(crate) address: Option<Box<str>>,
    pub(crate) domain: Option<Box<str>>,
    pub(crate) zone: Option<Zone>,
    pub(crate) tags: Box<[Box<str>]>,
    pub(crate) fields: FieldTexts,
    pub(crate) company_key: Option<Box<str>>,
    pub(crate) company_stage: Option<Box<str>>,
    pub(crate) company_tags: Box<[Box<str>]>,
    pub(crate) campaign_key: Option<Box<str>>,
    pub(crate) campaign_tags: Box<[Box<str>]>,
    pub(crate) step: Option<i64>,
    pub(crate) sends: Option<i64>,
    pub(crate) days_since_last_send: Option<i64>,
    /// What the windows counted, by their numbers.
    pub(crate) counted: Box<[(u32, Counted)]>,
}

/// A command id, and what was answered.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct AnswerRecord {
    pub(crate) command: u128,
    pub(crate) day: i32,
    pub(crate) outcome: Arc<Outcome>,
}

/// An address that a prospect had before; empty once it was forgotten.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct AddressRecord {
    pub(crate) prospect: u32,
    pub(crate) address: Box<str>,
}

/// A person who was forgotten.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ForgottenRecord {
    pub(crate) prospect: u32,
    /// The command that did it.
    pub(crate) sequence: u64,
    /// What the hashes are salted with: one for the whole workspace.
    pub(crate) salt: u128,
    /// Of the key and the address, where a stop was on the person; else none.
    pub(crate) hashes: Box<[u128]>,
}

/// What happened, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Events recorded.
    pub events: u64,
    /// Events that had been seen before.
    pub duplicates: u64,
    /// Messages reported as sent.
    pub sent: u64,
    /// Sends that a hold called back at the last look.
    pub called_back: u64,
    /// Sends that a window, a limit or a gap put off at the last look.
    pub put_off: u64,
    /// Attempts that failed, for now or for good.
    pub failed: u64,
}

/// The sends that are out of their timelines, by token.
pub(crate) type Claims = BTreeMap<Token, ClaimRecord>;

#[cfg(test)]
mod tests {
    use std::mem::size_of;

    use super::{DeliveryRecord, HoldRecord};
    use crate::engine::contacts::{CompanyRecord, ProspectRecord};
    use crate::engine::counting::{CountRecord, Entry};
    use crate::engine::enrollment::EnrollmentRecord;
    use crate::engine::fingerprint::Fingerprint;

    #[test]
    fn records_take_what_the_operator_is_told() {
        let operations = include_str!("../../docs/operations.md");
        for (what, bytes) in [
            ("a prospect", size_of::<ProspectRecord>()),
            ("an enrollment", size_of::<EnrollmentRecord>()),
            ("a company", size_of::<CompanyRecord>()),
            ("what a window counts of one target", size_of::<CountRecord>()),
            ("an event in that", size_of::<Entry>()),
            ("a delivery", size_of::<DeliveryRecord>()),
            ("a hold", size_of::<HoldRecord>()),
        ] {
            assert!(operations.contains(&format!("| {what} | {bytes} |")), "{what}: {bytes}");
        }
        let seen = size_of::<Fingerprint>();
        assert!(operations.contains(&format!("| an event id that was seen | {seen}, and ")));
    }
}
