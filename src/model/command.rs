//! Everything the engine can be told. What can be replayed is the sequence of these.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{
    Campaign, Company, Event, HoldId, HoldKind, Instant, Prospect, Scope, Sender, Settings, Step,
};

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
        /// The version of the holiday calendars in use.
        holidays_version: String,
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
    /// Creates or changes a campaign.
    PutCampaign(Campaign),
    /// Adds a step at the end of a campaign. Unless the campaign says otherwise it is on nobody's
    /// schedule until a reschedule.
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
    /// Goes on with what is still to be planned anew. The engine writes this when nobody asks for
    /// anything; a host's is refused.
    Tick,
    /// The store was made of a backup. What was claimed, and every next send that is planned at or
    /// before an instant, held or not, may have gone out since the backup was taken: its outcome is
    /// unknown until a delivery event or a person says otherwise. A restore writes this itself; a
    /// host's is refused.
    Restored {
        /// The restore's instant. One before the engine's time counts as that.
        until: Instant,
    },
    /// A person orders the resend of all sends of a selection whose outcome is unknown.
    ResendSelected {
        /// Whose sends.
        selection: Selection,
        /// Why.
        reason: Option<String>,
    },
    /// Removes a person's data for good: from the state at once, from the disk in the background.
    /// What is left of the prospect is a number and what went out; nothing is sent to it again. A
    /// stop on the person is kept as a salted hash: who comes back is stopped from the outset.
    Forget {
        /// The prospect's key.
        prospect: String,
        /// Why; it stays in the history.
        reason: Option<String>,
    },
    /// Removes a person's data, with what it takes to remove it from the disk, too. The engine
    /// makes it of an [`Action::Forget`]; a host's is refused.
    Erase {
        /// The prospect's key.
        prospect: String,
        /// The addresses that it has and had.
        addresses: Vec<String>,
        /// What its hashes are salted with, if the workspace has no salt yet.
        salt: u128,
        /// Why.
        reason: Option<String>,
    },
    /// Stands in the history where a command was about a person who was forgotten since. It is
    /// never applied: a replay begins after it.
    Forgotten {
        /// Why the person was forgotten; in the place of the command that did it alone.
        reason: Option<String>,
    },
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
