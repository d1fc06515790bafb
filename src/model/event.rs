//! Something that happened, as a host reports it.

use serde::{Deserialize, Serialize};

use super::{Instant, Value};

/// What an event is about. At least one key is needed; a prospect brings its company along.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// The prospect's key.
    pub prospect: Option<String>,
    /// The campaign's key; with a prospect, it names the enrollment.
    pub campaign: Option<String>,
    /// The company's key.
    pub company: Option<String>,
    /// The sender's key.
    pub sender: Option<String>,
    /// True if the event is about the whole workspace.
    pub workspace: bool,
}

/// Something that happened: a reply, a bounce, a mark …
///
/// Its type and attributes are declared in the vocabulary; the same (source, id) twice is a
/// duplicate and changes nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// The event's type, such as `reply` or `campaign.archived`.
    pub kind: String,
    /// The host's identity for it, unique within `source`.
    pub id: String,
    /// Where it came from; empty is a source like any other.
    pub source: String,
    /// When it happened; none means "at the command's instant".
    pub at: Option<Instant>,
    /// What it is about.
    pub subject: Subject,
    /// Its attributes by name, in any order.
    pub attributes: Vec<(String, Value)>,
}

impl Event {
    /// An event of a type with an id; the subject and attributes follow.
    pub fn new(kind: impl Into<String>, id: impl Into<String>) -> Self {
        Self {
            kind: kind.into(),
            id: id.into(),
            source: String::new(),
            at: None,
            subject: Subject::default(),
            attributes: Vec::new(),
        }
    }

    /// Names the source that `id` is unique in.
    #[must_use]
    pub fn source(mut self, source: impl Into<String>) -> Self {
        self.source = source.into();
        self
    }

    /// Says when it happened.
    #[must_use]
    pub fn at(mut self, at: Instant) -> Self {
        self.at = Some(at);
        self
    }

    /// Makes a prospect the subject.
    #[must_use]
    pub fn prospect(mut self, key: impl Into<String>) -> Self {
        self.subject.prospect = Some(key.into());
        self
    }

    /// Makes a campaign the subject, or a part of it.
    #[must_use]
    pub fn campaign(mut self, key: impl Into<String>) -> Self {
        self.subject.campaign = Some(key.into());
        self
    }

    /// Makes a company the subject.
    #[must_use]
    pub fn company(mut self, key: impl Into<String>) -> Self {
        self.subject.company = Some(key.into());
        self
    }

    /// Makes a sender the subject.
    #[must_use]
    pub fn sender(mut self, key: impl Into<String>) -> Self {
        self.subject.sender = Some(key.into());
        self
    }

    /// Makes the workspace the subject.
    #[must_use]
    pub fn workspace(mut self) -> Self {
        self.subject.workspace = true;
        self
    }

    /// Adds an attribute.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.attributes.push((name.into(), value.into()));
        self
    }
}
