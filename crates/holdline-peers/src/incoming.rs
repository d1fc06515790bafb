//! An event as a host has it, before any engine has seen it, with what the host knows about its
//! subject.

use holdline::model::Value;
use holdline::{Event, Scope};

/// What the rules of the peers can read: the attributes that a rule asks for, under names that are
/// no reserved word in any of the languages, and the facts.
pub const FACTS: [&str; 8] =
    ["kind", "intent", "class", "marked", "outcome", "stage", "domain", "company"];

/// An event and the facts about its subject.
#[derive(Clone, Debug)]
pub struct Incoming {
    /// The event.
    pub event: Event,
    /// The domain of the prospect's address.
    pub domain: Option<String>,
    /// The key of the prospect's company.
    pub company: Option<String>,
}

impl Incoming {
    /// What is there of [`FACTS`], each with its place among them.
    pub fn facts(&self) -> impl Iterator<Item = (usize, &'static str, &str)> {
        let attributes = self.event.attributes.iter().filter_map(|(name, value)| {
            let Value::Text(text) = value else {
                return None;
            };
            let name = if name == "as" { "marked" } else { name };
            Some((name, text.as_str()))
        });
        let about = [("domain", self.domain.as_deref()), ("company", self.company.as_deref())];
        let about = about.into_iter().filter_map(|(name, value)| Some((name, value?)));
        attributes.chain(about).filter_map(|(name, value)| {
            let place = FACTS.iter().position(|fact| *fact == name)?;
            Some((place, *FACTS.get(place)?, value))
        })
    }

    /// The scope that the event names.
    #[must_use]
    pub fn scope(&self) -> Option<Scope> {
        let (_, value) = self.event.attributes.iter().find(|(name, _)| name == "scope")?;
        match value {
            Value::Text(text) => Scope::named(text),
            _ => None,
        }
    }
}
