//! Values of event attributes, and the words that rules and commands share.

use std::fmt;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::Instant;

/// The value of an event attribute as a host gives it.
///
/// What a text *means* (an enum's value, an address, a date) is decided by the event's
/// declaration in the vocabulary, when the event is recorded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Value {
    /// Text; also how an enum's value, an address, a domain, a scope, a date, an instant or a
    /// duration may be written.
    Text(String),
    /// A whole number.
    Number(i64),
    /// True or false.
    Bool(bool),
    /// A point in time.
    Instant(Instant),
    /// A calendar date.
    Date(NaiveDate),
    /// A list of text.
    List(Vec<String>),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Bool(flag)
    }
}

impl From<Instant> for Value {
    fn from(at: Instant) -> Self {
        Self::Instant(at)
    }
}

impl From<NaiveDate> for Value {
    fn from(date: NaiveDate) -> Self {
        Self::Date(date)
    }
}

/// What a hold covers, from narrow to wide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// One prospect in one campaign.
    Enrollment,
    /// One prospect, in all campaigns.
    Prospect,
    /// The people of one company, in one campaign.
    CompanyInCampaign,
    /// The people of one company, in all campaigns: those of today and those of tomorrow.
    Company,
    /// All that one sender sends.
    Sender,
    /// One campaign.
    Campaign,
    /// Everything in the workspace.
    Workspace,
}

impl Scope {
    /// All scopes, narrow to wide.
    pub const ALL: [Self; 7] = [
        Self::Enrollment,
        Self::Prospect,
        Self::CompanyInCampaign,
        Self::Company,
        Self::Sender,
        Self::Campaign,
        Self::Workspace,
    ];

    /// The scopes that windows count at.
    pub const COUNTED: [Self; 4] = [Self::Prospect, Self::Company, Self::Campaign, Self::Sender];

    /// The scope as the rules language writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Enrollment => "enrollment",
            Self::Prospect => "prospect",
            Self::CompanyInCampaign => "company in campaign",
            Self::Company => "company",
            Self::Sender => "sender",
            Self::Campaign => "campaign",
            Self::Workspace => "workspace",
        }
    }

    /// The scope of that name, written with spaces or hyphens.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        if name == "company-in-campaign" {
            return Some(Self::CompanyInCampaign);
        }
        Self::ALL.into_iter().find(|scope| scope.name() == name)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How final a hold is. A stop is stronger than a pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HoldKind {
    /// May end by itself, by a rule, by retraction or by a person.
    Pause,
    /// Only a named person lifts it, with a reason.
    Stop,
}

impl fmt::Display for HoldKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pause => "pause",
            Self::Stop => "stop",
        })
    }
}

/// Where the next send goes when a hold is lifted.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ResumeMode {
    /// The first slot at or after the later of the planned instant and the release.
    #[default]
    Keep,
    /// What was left of the delay when the timeline was held is counted from the release.
    Remaining,
    /// The whole delay is counted from the release.
    Restart,
    /// As `keep`, without the steps whose instants went by; the last one always stays.
    Skip,
}

impl ResumeMode {
    /// All modes.
    pub const ALL: [Self; 4] = [Self::Keep, Self::Remaining, Self::Restart, Self::Skip];

    /// The mode as the rules language writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Remaining => "remaining",
            Self::Restart => "restart",
            Self::Skip => "skip",
        }
    }

    /// The mode of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.name() == name)
    }
}

impl fmt::Display for ResumeMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
