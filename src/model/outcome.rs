//! What the engine answers. Refusals that a host must expect are outcomes, not errors.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{HoldKind, Instant, Scope, Token};

/// The number of a hold, unique in its workspace and never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct HoldId(pub u32);

impl fmt::Display for HoldId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// The answer to one command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Outcome {
    /// Done; there is nothing more to say.
    Applied,
    /// The event was seen before; nothing changed.
    Duplicate,
    /// The event was recorded.
    Recorded {
        /// The holds it placed, and those that were there already by the same key.
        holds: Vec<HoldChange>,
        /// The holds that `resume` rules lifted.
        lifted: Vec<HoldId>,
        /// True if a matching rule said `ignore`.
        ignored: bool,
        /// What went wrong while evaluating; each placed a `rule-error` hold.
        errors: Vec<String>,
    },
    /// The prospect is in the campaign.
    Enrolled {
        /// The sender that its messages come from.
        sender: String,
        /// When the first step is planned; none if it cannot be placed.
        next: Option<Instant>,
        /// The live holds that cover it from the start.
        held_by: Vec<BlockedBy>,
    },
    /// A person's hold was placed.
    Held {
        /// The hold.
        hold: HoldId,
        /// With a selection: how many enrollments it covers.
        members: Option<u64>,
        /// False if its end was already past: it is recorded and has no effect.
        live: bool,
    },
    /// Pauses were lifted.
    Resumed {
        /// How many enrollments were selected; none if the target was not a selection.
        selected: Option<u64>,
        /// How many holds were lifted, or left by selected members.
        lifted: u64,
        /// How many selected enrollments are still covered.
        still_held: u64,
        /// The holds that stay, each once.
        held_by: Vec<BlockedBy>,
    },
    /// Timelines were placed anew.
    Rescheduled {
        /// How many enrollments were selected.
        selected: u64,
        /// How many were moved.
        moved: u64,
        /// How many holds were lifted, if that was asked.
        lifted: u64,
        /// How many selected enrollments are still covered.
        still_held: u64,
        /// The holds that stay, each once.
        held_by: Vec<BlockedBy>,
    },
    /// The event was taken back.
    Retracted {
        /// False if nothing is known of it: if it arrives within 30 days, it will evaluate nothing.
        seen: bool,
        /// The holds that were lifted.
        lifted: Vec<HoldId>,
        /// The stops that stay, because no person with a reason lifts them.
        kept: Vec<HoldId>,
    },
    /// Due sends, taken under a lease.
    Claimed {
        /// The sends.
        sends: Vec<DueSend>,
        /// True if there may be more that is due right now: the claim ended because it had looked
        /// at enough.
        more: bool,
    },
    /// The last look's answer.
    Confirmed(Verdict),
    /// The command cannot be done; nothing changed.
    Refused(Refusal),
    /// Sends whose outcome was unknown were planned again.
    Resent {
        /// How many enrollments were selected.
        selected: u64,
        /// How many sends go out again.
        resent: u64,
        /// How many selected enrollments are covered: theirs wait until nothing holds them.
        still_held: u64,
        /// The holds that cover them, each once.
        held_by: Vec<BlockedBy>,
    },
    /// The person was forgotten.
    Forgotten {
        /// Whether a stop was on the person: it is kept as a salted hash.
        stopped: bool,
    },
}

impl Outcome {
    /// The refusal, if it is one.
    #[must_use]
    pub const fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }
}

/// A hold that an event placed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldChange {
    /// The hold.
    pub hold: HoldId,
    /// The rule that placed it.
    pub rule: String,
    /// Pause or stop.
    pub kind: HoldKind,
    /// At which scope.
    pub scope: Scope,
    /// The target's key: a prospect, a company, a campaign, a sender, or `prospect in campaign`.
    pub target: String,
    /// When it ends by itself.
    pub until: Option<Instant>,
    /// False if its end was already past: it is recorded and has no effect.
    pub live: bool,
}

/// A hold that is in the way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockedBy {
    /// The hold.
    pub hold: HoldId,
    /// Pause or stop.
    pub kind: HoldKind,
    /// At which scope.
    pub scope: Scope,
    /// The target's key.
    pub target: String,
    /// The rule that placed it, or none if a person did.
    pub rule: Option<String>,
    /// When it ends by itself.
    pub until: Option<Instant>,
}

/// A send that is due and taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DueSend {
    /// Its token, for the last look and the report.
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
    /// What the host calls the step's message.
    pub message: String,
    /// How often this step was tried before.
    pub attempt: u8,
    /// When it was planned.
    pub planned: Instant,
    /// When the lease ends.
    pub lease_until: Instant,
}

/// The answer to a last look.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// Send it now. Nothing can call it back any more.
    Go,
    /// Do not send it; its timeline is planned anew.
    Revoked(Revoked),
}

/// Why a send was called back at the last look.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Revoked {
    /// Live holds cover it.
    Held(Vec<BlockedBy>),
    /// Its window has closed, or its day is not among the step's.
    OutsideWindow,
    /// The sender's day has no slot left, or the company has had as many as it may.
    LimitReached,
    /// The sender's least gap has not passed.
    GapNotPassed,
}

/// Why a command was refused. Nothing changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// A key is empty, too long or has a control character.
    #[error("`{field}` is not a key: {why}")]
    InvalidKey {
        /// Which field.
        field: String,
        /// What is wrong.
        why: String,
    },
    /// A field has a value that cannot be.
    #[error("`{field}`: {why}")]
    InvalidValue {
        /// Which field.
        field: String,
        /// What is wrong, and what was expected.
        why: String,
    },
    /// A key names nothing.
    #[error("unknown {what} `{key}`")]
    Unknown {
        /// Prospect, company, campaign, sender, workspace, event, hold or enrollment.
        what: String,
        /// The key.
        key: String,
    },
    /// The event's type is not declared.
    #[error("unknown event type `{kind}`{help}")]
    UnknownEventType {
        /// The type.
        kind: String,
        /// A nearest name, as a clause; may be empty.
        help: String,
    },
    /// An attribute is missing, unknown or ill-typed.
    #[error("event `{kind}`: attribute `{attribute}`: {why}")]
    BadAttribute {
        /// The event's type.
        kind: String,
        /// The attribute.
        attribute: String,
        /// What is wrong, and what was expected.
        why: String,
    },
    /// The event's subject does not say what it must.
    #[error("event `{kind}`: {why}")]
    BadSubject {
        /// The event's type.
        kind: String,
        /// What is wrong.
        why: String,
    },
    /// The event says that it happened more than 10 minutes after the command.
    #[error("the event says that it happened at {at}, more than 10 minutes after {now}")]
    EventInFuture {
        /// When it says it happened.
        at: Instant,
        /// The command's instant.
        now: Instant,
    },
    /// The event is older than event ids are remembered.
    #[error("the event happened at {at}, before {horizon}, as far back as event ids are kept")]
    EventTooOld {
        /// When it happened.
        at: Instant,
        /// The oldest instant that is taken.
        horizon: Instant,
    },
    /// The command is more than 24 hours past the engine's time.
    #[error("the command is for {at}, more than 24 hours past {now}; use `advance` to get there")]
    TooFarAhead {
        /// The command's instant.
        at: Instant,
        /// The engine's time.
        now: Instant,
    },
    /// The policy does not compile.
    #[error("the policy does not compile: {}, the first: {first}", errors_in_words(*.errors))]
    PolicyErrors {
        /// How many.
        errors: u32,
        /// The first one's message.
        first: String,
    },
    /// The workspace has no policy yet.
    #[error("no policy has been published")]
    NoPolicy,
    /// The prospect is in this campaign already.
    #[error("`{prospect}` is in campaign `{campaign}` already")]
    AlreadyEnrolled {
        /// The campaign's key.
        campaign: String,
        /// The prospect's key.
        prospect: String,
    },
    /// A live stop on the prospect refuses new enrolments.
    #[error("`{prospect}` is stopped: {}", by(.held_by))]
    Stopped {
        /// The prospect's key.
        prospect: String,
        /// The stops.
        held_by: Vec<BlockedBy>,
    },
    /// The campaign takes nobody who is in another one.
    #[error(
        "`{prospect}` is in campaign `{other}`, and `{campaign}` takes nobody who is in another"
    )]
    InAnotherCampaign {
        /// The campaign's key.
        campaign: String,
        /// The prospect's key.
        prospect: String,
        /// The key of the campaign that the prospect is in.
        other: String,
    },
    /// Only a named person may do this, with a reason.
    #[error("only a named person may do this; lifting a stop takes a reason, too")]
    NeedsPerson,
    /// The token's lease has ended, or it was settled already.
    #[error("token {token} is stale: {why}")]
    StaleToken {
        /// The token.
        token: Token,
        /// What became of it.
        why: String,
    },
    /// A number is out of range.
    #[error("`{what}` is at most {most}, found {found}")]
    Limit {
        /// Of what.
        what: String,
        /// The most.
        most: u64,
        /// What was asked.
        found: u64,
    },
}

fn errors_in_words(errors: u32) -> String {
    if errors == 1 { "1 error".to_owned() } else { format!("{errors} errors") }
}

fn by(holds: &[BlockedBy]) -> String {
    let name = |hold: &BlockedBy| match &hold.rule {
        Some(rule) => format!("{} {} by {rule}", hold.kind, hold.scope),
        None => format!("{} {} by a person", hold.kind, hold.scope),
    };
    holds.iter().map(name).collect::<Vec<_>>().join(", ")
}
