//! Values, by the types that events declare and the ways that rules write them.

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate};

use super::super::ast::{Ast, KindDecl, OperandNode};
use crate::model::{Event, Instant, Scope, Value};

/// A value. Two of one type can be compared; two of different types never are.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd)]
pub(super) enum Val {
    Text(String),
    /// A domain or an address, which are in lower case.
    Lower(String),
    Number(i64),
    Bool(bool),
    Instant(Instant),
    Date(NaiveDate),
    Duration(u64),
    /// One of the values of an enum.
    Name(String),
    Scope(Scope),
    List(Vec<String>),
}

impl Val {
    pub fn date(self) -> Option<NaiveDate> {
        match self {
            Self::Date(date) => Some(date),
            _ => None,
        }
    }

    /// What a literal is that may be a date, a duration or an instant.
    pub fn moment(text: &str) -> Option<Self> {
        let date = date(text).map(Self::Date);
        let duration = || duration_ms(text).map(Self::Duration);
        date.or_else(duration).or_else(|| text.parse().ok().map(Self::Instant))
    }
}

/// A literal of the type of the value that it is compared with.
pub(super) fn literal(like: &Val, node: &OperandNode) -> Option<Val> {
    match (like, node) {
        (Val::Text(_), OperandNode::Text(text)) => Some(Val::Text(text.clone())),
        (Val::Lower(_), OperandNode::Text(text)) => Some(Val::Lower(text.to_lowercase())),
        (Val::Name(_), OperandNode::Path(name)) => Some(Val::Name(name.clone())),
        (Val::Scope(_), OperandNode::Path(name)) => Scope::named(name).map(Val::Scope),
        (Val::Bool(_), OperandNode::Path(name)) => name.parse().ok().map(Val::Bool),
        (Val::Number(_), OperandNode::Number(text)) => text.parse().ok().map(Val::Number),
        (_, OperandNode::Number(text)) => Val::moment(text),
        _ => None,
    }
}

/// The attributes of an event by their names; none if they are not as they are declared.
pub(super) fn read(ast: &Ast, event: &Event) -> Option<BTreeMap<String, Val>> {
    let decl = ast.events.iter().find(|decl| decl.name.text == event.kind)?;
    let mut values = BTreeMap::new();
    for (name, value) in &event.attributes {
        let attribute = decl.attributes.iter().find(|decl| decl.name.text == *name)?;
        if values.insert(name.clone(), typed(&attribute.kind, value)?).is_some() {
            return None;
        }
    }
    for attribute in &decl.attributes {
        let name = &attribute.name.text;
        if values.contains_key(name) {
            continue;
        }
        if !attribute.optional {
            return None;
        }
        if let KindDecl::OneOf(names) = &attribute.kind
            && names.iter().any(|name| name.text == "unknown")
        {
            values.insert(name.clone(), Val::Name("unknown".to_owned()));
        }
    }
    Some(values)
}

fn typed(kind: &KindDecl, value: &Value) -> Option<Val> {
    let kind = match (kind, value) {
        (KindDecl::Named(name), _) => name.text.as_str(),
        (KindDecl::ListOf(_), Value::List(list)) => return Some(Val::List(list.clone())),
        (KindDecl::OneOf(names), Value::Text(text)) => {
            let name = names.iter().find(|name| name.text == *text);
            return name.map(|name| Val::Name(name.text.clone()));
        }
        _ => return None,
    };
    match (kind, value) {
        ("text", Value::Text(text)) => Some(Val::Text(text.clone())),
        ("number", Value::Number(number)) => Some(Val::Number(*number)),
        ("bool", Value::Bool(flag)) => Some(Val::Bool(*flag)),
        ("instant", Value::Instant(at)) => Some(Val::Instant(*at)),
        ("instant", Value::Text(text)) => text.parse().ok().map(Val::Instant),
        ("date", Value::Date(date)) => is_of_our_time(*date).then_some(Val::Date(*date)),
        ("date", Value::Text(text)) => date(text).map(Val::Date),
        ("duration", Value::Text(text)) => duration_ms(text).map(Val::Duration),
        ("domain", Value::Text(text)) => is_domain(text).then(|| Val::Lower(text.to_lowercase())),
        ("address", Value::Text(text)) => is_address(text).then(|| Val::Lower(text.to_lowercase())),
        ("scope", Value::Text(text)) => Scope::named(text).map(Val::Scope),
        _ => None,
    }
}

fn is_of_our_time(date: NaiveDate) -> bool {
    (1970..=9999).contains(&date.year())
}

/// `2026-07-07`
fn date(text: &str) -> Option<NaiveDate> {
    let parts: Vec<&str> = text.split('-').collect();
    let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
    let digits = parts.iter().all(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
    if lengths != [4, 2, 2] || !digits {
        return None;
    }
    let number = |at: usize| parts.get(at)?.parse::<u32>().ok();
    let year = i32::try_from(number(0)?).ok()?;
    NaiveDate::from_ymd_opt(year, number(1)?, number(2)?).filter(|date| is_of_our_time(*date))
}

/// `3d`: at most a hundred years.
pub(super) fn duration_ms(text: &str) -> Option<u64> {
    let number = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let unit_ms = match text.strip_prefix(number)? {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60 * 1_000,
        "h" => 60 * 60 * 1_000,
        "d" => 24 * 60 * 60 * 1_000,
        "w" => 7 * 24 * 60 * 60 * 1_000,
        _ => return None,
    };
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let ms = number.parse::<u64>().ok().filter(|_| digits)?.checked_mul(unit_ms)?;
    (ms <= 36_600 * 24 * 60 * 60 * 1_000).then_some(ms)
}

fn is_domain(text: &str) -> bool {
    let labels: Vec<&str> = text.split('.').collect();
    let is_label = |label: &&str| {
        !label.is_empty()
            && label.len() < 64
            && !label.starts_with('-')
            && !label.ends_with('-')
            && !label.contains(|c: char| !c.is_alphanumeric() && c != '-' && c != '_')
    };
    labels.len() > 1 && text.len() < 254 && labels.iter().all(is_label)
}

fn is_address(text: &str) -> bool {
    let Some((local, host)) = text.split_once('@') else {
        return false;
    };
    let is_clean = !local.contains(|c: char| c.is_whitespace() || c.is_control());
    (1..=64).contains(&local.len()) && is_clean && is_domain(host)
}

/// Whether a whole text is like a pattern of `*` and `?`: after each part of the pattern, how
/// many characters of the text it may have used up.
pub(super) fn glob(pattern: &str, text: &str) -> bool {
    let mut used: Vec<bool> = vec![true];
    used.resize(text.chars().count() + 1, false);
    for part in pattern.chars() {
        let mut reached = false;
        used = if part == '*' {
            used.into_iter()
                .map(|may| {
                    reached |= may;
                    reached
                })
                .collect()
        } else {
            let fits = |(may, found): (&bool, char)| *may && (part == '?' || part == found);
            std::iter::once(false).chain(used.iter().zip(text.chars()).map(fits)).collect()
        };
    }
    used.last() == Some(&true)
}
