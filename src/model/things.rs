//! Who and what there is: workspaces, companies, prospects, senders and campaigns, as a host
//! describes them.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::StepTiming;

/// What holds for a whole workspace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// The zone (an IANA name) where nothing narrower has one; `UTC` if never set.
    pub zone: Option<String>,
    /// The public holidays on which nothing is sent, by the names of their calendars, such as
    /// `us`; none keeps what they were, an empty list clears them.
    pub holidays: Option<Vec<String>>,
    /// Further days on which nothing is sent, on the calendar of each step's zone; none keeps what
    /// they were, an empty list clears them.
    pub closed: Option<Vec<DateRange>>,
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
    /// Days of its zone on which it does not send; an empty list clears them.
    pub frozen: Option<Vec<DateRange>>,
}

/// One message of a campaign.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// What the host calls its message; the engine only hands it back.
    pub name: String,
    /// When it may go out.
    pub timing: StepTiming,
}

/// A sequence of steps. Fields that are `None` or empty keep what they were, on a change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Campaign {
    /// The key.
    pub key: String,
    /// The steps, first to last. On a change they are told apart by their places: what went out
    /// stays, the unsent are planned anew, and those that are more than before are added.
    pub steps: Vec<Step>,
    /// The keys of the senders it uses.
    pub senders: Vec<String>,
    /// The zone (an IANA name) for prospects that have none.
    pub zone: Option<String>,
    /// Tags.
    pub tags: Option<Vec<String>>,
    /// How far ahead its timelines are placed.
    pub placement: Option<Placement>,
    /// What becomes of an enrolment of a prospect who is in another campaign.
    pub enrolled_elsewhere: Option<EnrolledElsewhere>,
    /// What a step that is added later is to those who had all the steps before.
    pub added_steps: Option<AddedSteps>,
    /// The latest that a step may go out after it was due, in milliseconds; what has no slot until
    /// then waits for a person. 0 takes the bound away.
    pub max_lateness_ms: Option<u64>,
    /// The most sends to the people of one company; 0 sends take the bound away.
    pub company_pace: Option<Pace>,
}

/// Days of a calendar, from the first to the last, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DateRange {
    /// The first day.
    pub first: NaiveDate,
    /// The last day; never before the first.
    pub last: NaiveDate,
}

/// How far ahead the timelines of a campaign are placed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Placement {
    /// The whole timeline: the first step goes where each of the others finds its day free.
    #[default]
    Whole,
    /// Only the next step.
    Rolling,
}

/// What becomes of an enrolment of a prospect who is in another campaign, with steps left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum EnrolledElsewhere {
    /// The prospect is in both.
    #[default]
    Allow,
    /// The enrolment is refused.
    Reject,
    /// The other campaigns are stopped for the prospect.
    Replace,
}

/// What a step that is added to a running campaign is to those who are in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum AddedSteps {
    /// It is on nobody's schedule until a reschedule; who had all the others waits for it.
    #[default]
    Hold,
    /// It is on everybody's schedule at once.
    Append,
    /// It is on nobody's schedule until a reschedule; who had all the others is finished.
    Ignore,
}

/// The most sends in a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Pace {
    /// How many.
    pub sends: u32,
    /// In each of which.
    pub per: Period,
}

/// A stretch of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Period {
    /// A day.
    Day,
    /// A week, from Monday to Sunday.
    Week,
}
