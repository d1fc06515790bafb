//! Types, values and events: those of the shipped vocabulary that are of use here, and random ones.

use chrono::NaiveDate;

use super::choices::Choices;
use crate::model::{Scope, Value};

/// A type of an attribute, or of something else to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Number,
    Bool,
    Instant,
    Date,
    Duration,
    Domain,
    Address,
    Scope,
    List,
    Enum(&'static [&'static str]),
}

/// A literal as rules write it, and as an event holds it.
#[derive(Clone, Debug)]
pub(super) struct Literal {
    pub written: String,
    pub value: Value,
}

#[derive(Clone, Debug)]
pub(super) struct Attribute {
    pub name: &'static str,
    pub kind: Kind,
    pub optional: bool,
}

#[derive(Clone, Debug)]
pub(super) struct EventType {
    pub name: &'static str,
    pub attributes: Vec<Attribute>,
}

const ENUMS: [&[&str]; 5] = [
    &["small", "medium", "large"],
    &["a", "b", "unknown"],
    &["prospect", "company"],
    &["unknown", "true", "manual"],
    &["enrollment", "company-in-campaign", "workspace", "sender"],
];
const SIMPLE: [Kind; 10] = [
    Kind::Text,
    Kind::Number,
    Kind::Bool,
    Kind::Instant,
    Kind::Date,
    Kind::Duration,
    Kind::Domain,
    Kind::Address,
    Kind::Scope,
    Kind::List,
];
const TEXTS: [&str; 8] = ["a", "ab", "abc", "b", "A", "", "x \"y\" \\z", "é# {"];
const NUMBERS: [i64; 7] = [0, 1, 2, 3, -1, i64::MAX, i64::MIN];
const INSTANTS: [&str; 5] = [
    "2026-03-02T09:00:00Z",
    "2026-03-02T11:00:00+02:00",
    "2026-03-02T09:00:00.001Z",
    "1970-01-01T00:00:00Z",
    "2026-12-31T23:59:59Z",
];
const DATES: [&str; 4] = ["2026-03-02", "2026-03-03", "1970-01-01", "2028-02-29"];
const DURATIONS: [&str; 6] = ["1h", "60m", "3d", "72h", "1w", "0s"];
const DOMAINS: [&str; 5] =
    ["acme.io", "ACME.io", "mail.acme.io", "gmail.com", "b\u{fc}cher.example"];
const ADDRESSES: [&str; 4] = ["ann@acme.io", "Ann@ACME.io", "bob@gmail.com", "b@mail.acme.io"];

impl Kind {
    /// The type as an event declares it.
    pub fn declared(&self) -> String {
        let word = match self {
            Self::Text => "text",
            Self::Number => "number",
            Self::Bool => "bool",
            Self::Instant => "instant",
            Self::Date => "date",
            Self::Duration => "duration",
            Self::Domain => "domain",
            Self::Address => "address",
            Self::Scope => "scope",
            Self::List => "list of text",
            Self::Enum(values) => return values.join(" | "),
        };
        word.to_owned()
    }

    /// Whether an absent attribute has a value all the same.
    pub fn implies_unknown(&self) -> bool {
        matches!(self, Self::Enum(values) if values.contains(&"unknown"))
    }

    /// Whether all values are scopes.
    pub fn holds_scopes(&self) -> bool {
        match self {
            Self::Scope => true,
            Self::Enum(values) => values.iter().all(|value| Scope::named(value).is_some()),
            _ => false,
        }
    }

    /// A literal of the type; of a list, a text that may be in one.
    pub fn literal(&self, choices: &mut Choices<'_>) -> Literal {
        let text = |text: &str| Literal { written: quoted(text), value: text.into() };
        let plain = |text: &str| Literal { written: text.to_owned(), value: text.into() };
        match self {
            Self::Text => text(choices.pick(&TEXTS)),
            Self::Domain => text(choices.pick(&DOMAINS)),
            Self::Address => text(choices.pick(&ADDRESSES)),
            Self::List => {
                let found = text(choices.pick(&TEXTS));
                let Value::Text(entry) = found.value else { return found };
                Literal { value: Value::List(vec![entry]), ..found }
            }
            Self::Number => {
                let number = choices.pick(&NUMBERS);
                Literal { written: number.to_string(), value: number.into() }
            }
            Self::Bool => {
                let flag = choices.chance(50);
                Literal { written: flag.to_string(), value: flag.into() }
            }
            Self::Instant => {
                let found = plain(choices.pick(&INSTANTS));
                let typed = found.written.parse().map(Value::Instant);
                let value = typed.ok().filter(|_| choices.chance(50));
                Literal { value: value.unwrap_or(found.value), ..found }
            }
            Self::Date => {
                let found = plain(choices.pick(&DATES));
                let typed = found.written.parse::<NaiveDate>().map(Value::Date);
                let value = typed.ok().filter(|_| choices.chance(50));
                Literal { value: value.unwrap_or(found.value), ..found }
            }
            Self::Duration => plain(choices.pick(&DURATIONS)),
            Self::Scope => {
                let name = choices.pick(&Scope::ALL).name();
                Literal { written: name.replace(' ', "-"), value: name.into() }
            }
            Self::Enum(values) => plain(choices.pick(values)),
        }
    }

    /// A value of the type, as an event holds it.
    pub fn value(&self, choices: &mut Choices<'_>) -> Value {
        match self {
            Self::List => {
                let texts = choices.some(&TEXTS, 25);
                Value::List(texts.into_iter().map(str::to_owned).collect())
            }
            _ => self.literal(choices).value,
        }
    }
}

/// A text in quotes.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Events of the shipped vocabulary.
pub(super) fn shipped() -> Vec<EventType> {
    const REPLY: &[&str] = &["human", "auto", "out-of-office", "unknown"];
    const INTENT: &[&str] = &["positive", "negative", "referral", "not-now", "unknown"];
    const MARK: &[&str] =
        &["qualified", "unqualified", "interested", "maybe-later", "not-interested"];
    const GUARD: &[&str] =
        &["enrollment", "prospect", "company", "sender", "campaign", "workspace"];
    type Declared = (&'static str, Kind, bool);
    let all: [(&'static str, &[Declared]); 8] = [
        (
            "reply",
            &[
                ("kind", Kind::Enum(REPLY), false),
                ("intent", Kind::Enum(INTENT), true),
                ("return-date", Kind::Date, true),
                ("from", Kind::Address, true),
            ],
        ),
        (
            "bounce",
            &[
                ("class", Kind::Enum(&["hard", "soft", "policy"]), false),
                ("status-code", Kind::Text, true),
            ],
        ),
        (
            "mark",
            &[
                ("as", Kind::Enum(MARK), false),
                ("scope", Kind::Enum(&["prospect", "company"]), false),
            ],
        ),
        ("opt-out", &[]),
        ("meeting.booked", &[("starts", Kind::Instant, true)]),
        ("company.stage", &[("stage", Kind::Text, false)]),
        ("guardrail", &[("name", Kind::Text, false), ("scope", Kind::Enum(GUARD), false)]),
        ("sent", &[]),
    ];
    let attribute = |(name, kind, optional): &Declared| Attribute {
        name,
        kind: kind.clone(),
        optional: *optional,
    };
    let event = |(name, attributes): (&'static str, &[Declared])| EventType {
        name,
        attributes: attributes.iter().map(attribute).collect(),
    };
    all.map(event).into()
}

/// Up to three events of a policy's own.
pub(super) fn random(choices: &mut Choices<'_>) -> Vec<EventType> {
    // Names that mean something elsewhere are names here.
    const NAMES: [&str; 3] = ["probe", "demo.booked", "company"];
    const ATTRIBUTES: [&str; 10] = [
        "size",
        "note",
        "rule",
        "optional",
        "in",
        "x1",
        "where-to",
        "unknown",
        "list",
        "mail-from",
    ];
    let names = choices.some(&NAMES, 60);
    let mut event = |name| {
        let attributes = choices.some(&ATTRIBUTES, 40);
        let attributes = attributes.into_iter().map(|name| {
            let kind = match choices.below(14) {
                simple @ 0..10 => SIMPLE[simple].clone(),
                _ => Kind::Enum(choices.pick(&ENUMS)),
            };
            Attribute { name, kind, optional: choices.chance(50) }
        });
        let attributes = attributes.collect();
        EventType { name, attributes }
    };
    names.into_iter().map(&mut event).collect()
}
