//! Everything the engine can be told. What can be replayed is the sequence of these.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Event, HoldId, HoldKind, Instant, Scope, StepTiming};

/// One thing the engine is told, at an instant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Command {
    /// The tenant; none means `default`.
    pub workspace: Option<String>,
    /// The instant at which it is given. An instant before the engine's time is raised to it; one
    /// more than 24 hours past it is refused, unless the action is [`Action::Advance`].
    pub at: Instant,
    /// The host's identity for it: the same id again returns the recorded outcome.
    pub id: Option<String>,
    /// The person who gives it, if a person does.
    pub by: Option<String>,
    /// What to do.
    pub action: Action,
}

impl Command {
    /// A command of the default workspace, with no id and no person.
    #[must_use]
    pub const fn new(at: Instant, action: Action) -> Self {
        Self { workspace: None, at, id: None, by: None, action }
    }

    /// Gives it an identity.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Names the person who gives it.
    #[must_use]
    pub fn by(mut self, person: impl Into<String>) -> Self {
        self.by = Some(person.into());
        self
    }

    /// Names the workspace.
    #[must_use]
    pub fn workspace(mut self, key: impl Into<String>) -> Self {
        self.workspace = Some(key.into());
        self
    }
}

/// What a command does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Action {
    /// The store was opened. The engine writes this itself; a host's is refused.
    Open {
        /// How often this store has been opened.
        incarnation: u32,
        /// The version of the time-zone database in use.
        tz_version: String,
        /// The version of the public suffix list in use.
        suffix_version: String,
    },
    /// Sets what holds for the whole workspace.
    Configure(Settings),
    /// Publishes a policy; live holds stay as they are.
    PutPolicy(PolicyBundle),
    /// Creates or changes a company.
    PutCompany(Company),
    /// Creates or changes a prospect.
    PutProspect(Prospect),
    /// Creates or changes a sender.
    PutSender(Sender),
    /// Creates a campaign, or changes its senders, zone and tags.
    PutCampaign(Campaign),
    /// Adds a step at the end of a campaign; it is on nobody's schedule until a reschedule.
    AddStep {
        /// The campaign's key.
        campaign: String,
        /// The step.
        step: Step,
    },
    /// Puts a prospect into a campaign.
    Enroll {
        /// The campaign's key.
        campaign: String,
        /// The prospect's key.
        prospect: String,
    },
    /// Records an event and evaluates the policy on it.
    Record(Event),
    /// Takes an event back: what it paused is released, and it no longer counts.
    Retract {
        /// The event's source.
        source: String,
        /// The event's id.
        event: String,
        /// Why; with a person, it also lifts the stops that the event caused.
        reason: Option<String>,
    },
    /// A person's pause or stop.
    Hold {
        /// Pause or stop.
        kind: HoldKind,
        /// What it covers.
        target: HoldTarget,
        /// When it ends by itself; never set on a stop.
        until: Option<Instant>,
        /// Why.
        reason: Option<String>,
    },
    /// Lifts the pauses placed on exactly the target. Wider holds stay and are answered.
    Resume {
        /// What to release.
        target: HoldTarget,
        /// With a selection: lift the pauses on its prospects too, in all their campaigns.
        prospects: bool,
        /// Where the timelines go: the first slot at or after it. None keeps their plan.
        reschedule: Option<Instant>,
        /// Why.
        reason: Option<String>,
    },
    /// Lifts one hold by its number; a stop needs a person and a reason.
    Lift {
        /// The hold.
        hold: HoldId,
        /// Why.
        reason: Option<String>,
    },
    /// Places the timelines of a selection anew, from a date on.
    Reschedule {
        /// Whose timelines.
        selection: Selection,
        /// The first instant that may be used.
        from: Instant,
        /// Lift the pauses on the selected enrollments too.
        resume: bool,
        /// Why.
        reason: Option<String>,
    },
    /// Takes up to `limit` due sends, each under a lease.
    Claim {
        /// The most sends to take.
        limit: u32,
        /// How long the taker has to confirm or report, in milliseconds.
        lease_ms: u64,
    },
    /// The last look, right before a message leaves.
    Confirm {
        /// The claimed send.
        token: Token,
    },
    /// Says what became of a send.
    Report {
        /// The confirmed send.
        token: Token,
        /// What became of it.
        report: Report,
    },
    /// A person orders the resend of a send whose outcome is unknown.
    Resend {
        /// The send.
        token: Token,
        /// Why.
        reason: Option<String>,
    },
    /// Lets time pass, by any amount.
    Advance,
    /// Publishes a policy together with what its windows count of the past. The engine makes it of
    /// a [`Action::PutPolicy`]; a host's is refused.
    Publish {
        /// The policy.
        policy: PolicyBundle,
        /// What happened before, oldest first.
        past: Vec<PastEvent>,
    },
}

/// What holds for a whole workspace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// The zone (an IANA name) where nothing narrower has one; `UTC` if never set.
    pub zone: Option<String>,
}

/// One file of a policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyFile {
    /// The name that messages and explanations use.
    pub name: String,
    /// The text.
    pub text: String,
}

/// A policy's text, whole: the rules file first, then what it includes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyBundle {
    /// The files.
    pub files: Vec<PolicyFile>,
}

/// An event that happened before a policy was published whose windows count it. People and things
/// go by their numbers in the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastEvent {
    /// What is counted.
    pub series: u128,
    /// What kind of thing it is counted for.
    pub scope: Scope,
    /// The number of that thing.
    pub target: u32,
    /// The number of the prospect, if it has one.
    pub prospect: Option<u32>,
    /// When it happened.
    pub at: Instant,
    /// Its identity.
    pub event: u128,
    /// Whether it is what a share is taken of.
    pub of: bool,
    /// Whether it is one of the engine's own events.
    pub own: bool,
}

/// A company. Fields that are `None` or empty keep what they were, on a change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Company {
    /// The key; for a derived company, its registrable domain.
    pub key: String,
    /// The name that people see.
    pub name: Option<String>,
    /// Domains whose addresses belong to it, besides the key itself.
    pub domains: Vec<String>,
    /// Where it stands, such as `customer`.
    pub stage: Option<String>,
    /// Its tags; `None` keeps them.
    pub tags: Option<Vec<String>>,
}

/// A person. Fields that are `None` keep what they were, on a change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prospect {
    /// The key.
    pub key: String,
    /// The mail address; the key is used where there is none and it looks like one.
    pub address: Option<String>,
    /// The company's key; else it is derived from the address.
    pub company: Option<String>,
    /// The zone, an IANA name.
    pub zone: Option<String>,
    /// Tags.
    pub tags: Option<Vec<String>>,
    /// Further fields that rules may read, each with its text.
    pub fields: Option<Vec<(String, String)>>,
}

/// A mailbox that sends. Fields that are `None` keep what they were, on a change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sender {
    /// The key.
    pub key: String,
    /// The zone (an IANA name) of its days; the workspace's where there is none.
    pub zone: Option<String>,
    /// The most sends of a calendar day in its zone; none means no limit.
    pub limit_per_day: Option<u32>,
    /// The least time between two sends, in milliseconds.
    pub gap_ms: Option<u64>,
}

/// One message of a campaign.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// What the host calls its message; the engine only hands it back.
    pub name: String,
    /// When it may go out.
    pub timing: StepTiming,
}

/// A sequence of steps.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Campaign {
    /// The key.
    pub key: String,
    /// The steps, first to last. They are set when the campaign is created.
    pub steps: Vec<Step>,
    /// The keys of the senders it uses.
    pub senders: Vec<String>,
    /// The zone (an IANA name) for prospects that have none.
    pub zone: Option<String>,
    /// Tags.
    pub tags: Option<Vec<String>>,
}

/// What a person's pause, stop or resume is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum HoldTarget {
    /// One prospect in one campaign.
    Enrollment {
        /// The campaign's key.
        campaign: String,
        /// The prospect's key.
        prospect: String,
    },
    /// A prospect, in all campaigns.
    Prospect(String),
    /// The people of a company, in one campaign.
    CompanyInCampaign {
        /// The company's key.
        company: String,
        /// The campaign's key.
        campaign: String,
    },
    /// A company, with those who join it later.
    Company(String),
    /// A sender.
    Sender(String),
    /// A campaign, with those who are enrolled later.
    Campaign(String),
    /// Everything.
    Workspace,
    /// The enrollments that match now; those who match later are not among them.
    Selection(Selection),
}

/// Which enrollments: all that match every filter that is set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Selection {
    /// In this campaign.
    pub campaign: Option<String>,
    /// With this status.
    pub status: Option<Status>,
    /// Whose next step is this one, counted from 1.
    pub step: Option<u16>,
    /// Of this company.
    pub company: Option<String>,
    /// Of this prospect.
    pub prospect: Option<String>,
    /// Whose prospect key, address or company has this in it, whatever the case of its letters.
    pub search: Option<String>,
}

impl Selection {
    /// Whether it names a campaign and nothing else.
    #[must_use]
    pub fn is_whole_campaign(&self) -> bool {
        self.campaign.is_some()
            && *self == Self { campaign: self.campaign.clone(), ..Self::default() }
    }
}

/// Where an enrollment stands. Derived, never stored: the first that applies, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Status {
    /// A send left and nobody knows what became of it.
    OutcomeUnknown,
    /// A send is claimed or leaving.
    Sending,
    /// Every step went out.
    Finished,
    /// A live stop covers it.
    Stopped,
    /// A step was added after the last one went out.
    NeedsReschedule,
    /// A live pause covers it.
    Paused,
    /// No slot was found within the horizon.
    Unplaceable,
    /// In progress: its next send is planned.
    Scheduled,
}

impl Status {
    /// All statuses, in the order in which they apply.
    pub const ALL: [Self; 8] = [
        Self::OutcomeUnknown,
        Self::Sending,
        Self::Finished,
        Self::Stopped,
        Self::NeedsReschedule,
        Self::Paused,
        Self::Unplaceable,
        Self::Scheduled,
    ];

    /// The status as commands and lists write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::OutcomeUnknown => "outcome-unknown",
            Self::Sending => "sending",
            Self::Finished => "finished",
            Self::Stopped => "stopped",
            Self::NeedsReschedule => "needs-reschedule",
            Self::Paused => "paused",
            Self::Unplaceable => "unplaceable",
            Self::Scheduled => "scheduled",
        }
    }

    /// The status of that name; `in-progress` is another word for `scheduled`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        if name == "in-progress" {
            return Some(Self::Scheduled);
        }
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What became of a send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Report {
    /// It was delivered to the mail system at this instant.
    Sent {
        /// When; clamped between the confirmation and the command's instant.
        at: Instant,
    },
    /// It was refused for now; it is tried again.
    FailedTemporarily,
    /// It was refused for good.
    FailedPermanently,
    /// The answer was lost: it may have left.
    Unknown,
}

/// Names one claimed send. Never reused, also after a crash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Token {
    /// How often the store had been opened when the send was claimed.
    pub incarnation: u32,
    /// The sequence number of the claim.
    pub sequence: u64,
    /// Its place in the claim.
    pub index: u32,
}

/// A text that is not a token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a token such as `1-52-0`, found `{0}`")]
pub struct TokenError(String);

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}", self.incarnation, self.sequence, self.index)
    }
}

impl FromStr for Token {
    type Err = TokenError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.split('-');
        let token = (|| {
            let incarnation = parts.next()?.parse().ok()?;
            let sequence = parts.next()?.parse().ok()?;
            let index = parts.next()?.parse().ok()?;
            parts.next().is_none().then_some(Self { incarnation, sequence, index })
        })();
        token.ok_or_else(|| TokenError(text.to_owned()))
    }
}
