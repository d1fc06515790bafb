//! Events that happen, read against the vocabulary. It knows types, and no rules.

use std::fmt;

use crate::model::{Event, Scope, Value};

use super::ir::{Attribute, Datum, EventKind, Kind, Val};
use super::literal;
use super::nearest::nearest;
use super::policy::Policy;

/// An event whose type and attributes were checked against a policy's vocabulary. It is to be
/// evaluated by that policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypedEvent {
    pub(super) kind: u32,
    /// In the order of the declaration; none where an optional attribute is absent.
    pub(super) values: Box<[Option<Datum>]>,
}

impl TypedEvent {
    pub(super) fn value(&self, attribute: u32) -> Option<Val<'_>> {
        self.values.get(attribute as usize)?.as_ref().map(Datum::val)
    }
}

/// Why an event cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EventError {
    /// Its type is not declared.
    UnknownType {
        /// The type.
        kind: String,
        /// The type that was probably meant.
        nearest: Option<String>,
    },
    /// An attribute is missing, unknown, given twice or ill-typed.
    BadAttribute {
        /// The event's type.
        kind: String,
        /// The attribute.
        attribute: String,
        /// What was expected and what was found.
        why: String,
    },
}

impl fmt::Display for EventError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownType { kind, nearest: Some(nearest) } => {
                write!(f, "unknown event type `{kind}`; did you mean `{nearest}`?")
            }
            Self::UnknownType { kind, nearest: None } => write!(f, "unknown event type `{kind}`"),
            Self::BadAttribute { kind, attribute, why } => {
                write!(f, "event `{kind}`: attribute `{attribute}`: {why}")
            }
        }
    }
}

impl std::error::Error for EventError {}

impl Policy {
    /// Checks an event's type and attributes.
    pub fn read(&self, event: &Event) -> Result<TypedEvent, EventError> {
        let Some(number) = self.checked.event_names.get(event.kind.as_str()).copied() else {
            let nearest = nearest(&event.kind, self.event_names()).map(str::to_owned);
            return Err(EventError::UnknownType { kind: event.kind.clone(), nearest });
        };
        let declared = self.checked.events.get(number as usize).map(|kind| &*kind.attributes);
        let declared = declared.unwrap_or_default();
        let bad = |attribute: &str, why: String| EventError::BadAttribute {
            kind: event.kind.clone(),
            attribute: attribute.to_owned(),
            why,
        };
        let mut values: Box<[Option<Datum>]> = vec![None; declared.len()].into();
        for (name, value) in &event.attributes {
            let found = declared.iter().zip(&mut values).find(|(decl, _)| *decl.name == **name);
            let Some((decl, slot)) = found else {
                return Err(bad(name, unknown(name, declared)));
            };
            if slot.is_some() {
                return Err(bad(name, "it is given more than once".to_owned()));
            }
            *slot = Some(typed(&decl.kind, value).map_err(|why| bad(name, why))?);
        }
        for (decl, slot) in declared.iter().zip(&mut values) {
            if slot.is_some() {
                continue;
            }
            if !decl.optional {
                let why = format!("expected {}, found nothing", decl.kind.spoken());
                return Err(bad(&decl.name, why));
            }
            *slot = decl.kind.unknown_value().map(Datum::Enum);
        }
        Ok(TypedEvent { kind: number, values })
    }

    /// The type of an event that this policy has read.
    #[must_use]
    pub fn kind_name(&self, event: &TypedEvent) -> &str {
        self.kind_of(event).map_or("", |kind| &kind.name)
    }

    pub(super) fn kind_of(&self, event: &TypedEvent) -> Option<&EventKind> {
        self.checked.events.get(event.kind as usize)
    }
}

fn unknown(name: &str, declared: &[Attribute]) -> String {
    match nearest(name, declared.iter().map(|attribute| &*attribute.name)) {
        Some(nearest) => format!("the event has no such attribute; did you mean `{nearest}`?"),
        None => {
            let names: Vec<_> = declared.iter().map(|a| format!("`{}`", a.name)).collect();
            match names.is_empty() {
                true => "the event has no attributes".to_owned(),
                false => format!("the event has no such attribute, only {}", names.join(", ")),
            }
        }
    }
}

/// The value as the declaration wants it, or what was expected and what was found.
pub(super) fn typed(kind: &Kind, value: &Value) -> Result<Datum, String> {
    let datum = match (kind, value) {
        (Kind::Text, Value::Text(text)) => Some(Datum::Text(text.as_str().into())),
        (Kind::Number, Value::Number(number)) => Some(Datum::Number(*number)),
        (Kind::Bool, Value::Bool(flag)) => Some(Datum::Bool(*flag)),
        (Kind::Instant, Value::Instant(at)) => Some(Datum::Instant(*at)),
        (Kind::Instant, Value::Text(text)) => text.parse().ok().map(Datum::Instant),
        (Kind::Date, Value::Date(date)) if literal::in_range(*date) => Some(Datum::Date(*date)),
        (Kind::Date, Value::Text(text)) => literal::date(text).map(Datum::Date),
        (Kind::Duration, Value::Text(text)) => literal::duration_ms(text).map(Datum::Duration),
        (Kind::Domain, Value::Text(text)) => literal::domain(text).map(Datum::Text),
        (Kind::Address, Value::Text(text)) => literal::address(text).map(Datum::Text),
        (Kind::Scope, Value::Text(text)) => Scope::named(text).map(Datum::Scope),
        (Kind::TextList, Value::List(list)) => {
            Some(Datum::List(list.iter().map(|text| text.as_str().into()).collect()))
        }
        (Kind::Enum(values), Value::Text(text)) => {
            let number = values.iter().position(|value| **value == **text);
            number.and_then(|number| u32::try_from(number).ok()).map(Datum::Enum)
        }
        _ => None,
    };
    datum.ok_or_else(|| {
        let (expected, found) = (kind.spoken(), shown(value));
        let help = match (kind, value) {
            (Kind::Enum(values), Value::Text(text)) => {
                nearest(text, values.iter().map(|value| &**value))
            }
            (Kind::Scope, Value::Text(text)) => nearest(text, Scope::ALL.map(Scope::name)),
            _ => None,
        };
        let help = help.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
        format!("expected {expected}, found {found}{help}")
    })
}

/// A value for a message, cut where it is long.
fn shown(value: &Value) -> String {
    match value {
        Value::Text(text) => {
            let mut cut: String = text.chars().take(60).collect();
            if cut.len() < text.len() {
                cut.push('…');
            }
            format!("`{cut}`")
        }
        Value::Number(number) => format!("the number `{number}`"),
        Value::Bool(flag) => format!("`{flag}`"),
        Value::Instant(at) => format!("the instant `{at}`"),
        Value::Date(date) => format!("the date `{date}`"),
        Value::List(_) => "a list".to_owned(),
    }
}
