//! What rules can read besides the event: the engine's side of the interpreter.

use serde::{Deserialize, Serialize};

/// What a window counts at an event, the event itself included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// How many events, or distinct prospects, of those that pass the window's `where`.
    pub count: u32,
    /// With a rate: how many there are of what it is a share of.
    pub of: u32,
    /// Whether there may be more than are kept, so that the count says "at least".
    pub or_more: bool,
}

/// What rules can read besides the event. Addresses and domains are in lower case.
pub trait Facts {
    /// The prospect's mail address.
    fn prospect_address(&self) -> Option<&str>;
    /// The domain of that address.
    fn prospect_domain(&self) -> Option<&str>;
    /// The prospect's time zone.
    fn prospect_zone(&self) -> Option<&str>;
    /// Whether the prospect has the tag.
    fn prospect_has_tag(&self, tag: &str) -> bool;
    /// The prospect's tags.
    fn prospect_tags(&self, each: &mut dyn FnMut(&str));
    /// A field of the prospect.
    fn prospect_field(&self, name: &str) -> Option<&str>;
    /// The company's key.
    fn company_key(&self) -> Option<&str>;
    /// Where the company stands.
    fn company_stage(&self) -> Option<&str>;
    /// Whether the company has the tag.
    fn company_has_tag(&self, tag: &str) -> bool;
    /// The company's tags.
    fn company_tags(&self, each: &mut dyn FnMut(&str));
    /// The campaign's key.
    fn campaign_key(&self) -> Option<&str>;
    /// Whether the campaign has the tag.
    fn campaign_has_tag(&self, tag: &str) -> bool;
    /// The campaign's tags.
    fn campaign_tags(&self, each: &mut dyn FnMut(&str));
    /// The step that the enrollment is at, from 1.
    fn enrollment_step(&self) -> Option<i64>;
    /// How many messages went out in the enrollment.
    fn enrollment_sends(&self) -> Option<i64>;
    /// Whole days since the last of them.
    fn days_since_last_send(&self) -> Option<i64>;
    /// What the window of that number counts for the event's subject; none if the event names
    /// nothing at the window's scope.
    fn counted(&self, window: u32) -> Option<Counted>;
}
