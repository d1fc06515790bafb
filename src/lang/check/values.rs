//! What conditions compare with: literals, lists, and other things to read.

use super::super::ast::{Entry, ListKind, Operand, OperandNode, Span};
use super::super::diagnostic as say;
use super::super::ir::{Datum, Kind, Question, Readable, Side};
use super::super::literal;
use super::super::nearest::nearest;
use super::Checker;
use super::paths::Known;

impl Checker<'_> {
    pub(super) fn one_of(&mut self, left: &Readable, entries: &[Entry]) -> Option<Question> {
        self.list_shape(entries);
        let mut values: Vec<Datum> = Vec::new();
        let mut whole = true;
        for entry in entries.iter().take(say::MAX_LIST_ENTRIES) {
            match self.literal(&left.kind, &left.path, &entry.value) {
                Some(value) => values.push(value),
                None => whole = false,
            }
        }
        values.sort_by(|a, b| a.val().cmp(&b.val()));
        let before = values.len();
        values.dedup();
        if values.len() < before {
            self.repeated_entries(left, entries);
        }
        whole.then(|| Question::OneOf(values.into()))
    }

    fn repeated_entries(&mut self, left: &Readable, entries: &[Entry]) {
        let mut seen = std::collections::HashSet::new();
        let lower = matches!(left.kind, Kind::Domain | Kind::Address);
        for entry in entries {
            let text = self.lines.text(entry.value.at);
            let key = if lower { text.to_lowercase() } else { text.to_owned() };
            if !seen.insert(key) {
                self.say(say::duplicate_entry(entry.value.at, text.trim_matches('"')));
            }
        }
    }

    pub(super) fn in_list(&mut self, left: &Readable, name: &Operand) -> Option<Question> {
        let OperandNode::Path(text) = &name.node else {
            let found = format!("`{}`", self.lines.text(name.at));
            self.say(say::ill_typed(name.at, "a list or its name", &found));
            return None;
        };
        let Some(number) = self.lists.get(text.as_str()).copied() else {
            let near = if self.may_help() {
                nearest(text, self.out.lists.iter().map(|list| &*list.name)).map(str::to_owned)
            } else {
                None
            };
            self.say(say::unknown_list(name.at, text, near.as_deref()));
            return None;
        };
        self.gaps.vague |= self.gaps.lists.contains(&number);
        let kind = self.out.lists.get(number as usize).map(|list| list.kind);
        let (wanted, spoken) = match kind {
            Some(ListKind::Addresses) => (Kind::Address, "an address"),
            Some(ListKind::Texts) => (Kind::Text, "a text"),
            Some(ListKind::Domains) | None => (Kind::Domain, "a domain"),
        };
        if left.kind != wanted {
            let expected = format!("{spoken} before `in {text}`");
            self.say(say::ill_typed(name.at, &expected, &left.kind.spoken()));
            return None;
        }
        Some(Question::InList(number))
    }

    /// The right-hand side: a literal of the type of the left, or something to read of that type.
    pub(super) fn side(
        &mut self,
        left: &Readable,
        value: &Operand,
        events: &[u32],
        known: &Known,
    ) -> Option<Side> {
        let readable = match &value.node {
            OperandNode::Path(path) if path.contains('.') => {
                self.readable(path, value.at, events)?
            }
            OperandNode::Call(path, argument) => self.field(path, argument, value.at)?,
            _ => {
                return self.literal(&left.kind, &left.path, value).map(Side::Literal);
            }
        };
        if readable.kind != left.kind {
            self.say(say::ill_typed(value.at, &left.kind.spoken(), &readable.kind.spoken()));
            return None;
        }
        self.handled(&readable, value.at, known);
        Some(Side::Source(readable.source, readable.path.into()))
    }

    /// A literal of a type; says so if it is not one.
    pub(super) fn literal(&mut self, kind: &Kind, path: &str, value: &Operand) -> Option<Datum> {
        let at = value.at;
        let found = match (kind, &value.node) {
            (Kind::Enum(values), OperandNode::Path(name)) => {
                if let Some(number) = values.iter().position(|value| **value == **name) {
                    return u32::try_from(number).ok().map(Datum::Enum);
                }
                let all: Vec<_> = values.iter().map(|value| &**value).collect();
                // `is not now` is read as `is not` and `now`.
                let negated = format!("not-{name}");
                let meant = all.iter().copied().find(|value| *value == negated);
                let nearest = meant.or_else(|| self.nearest(name, all.iter().copied()));
                self.say(say::unknown_value(at, path, name, nearest, &all));
                return None;
            }
            (Kind::Enum(values), OperandNode::Text(text))
                if values.iter().any(|value| **value == **text) =>
            {
                self.say(say::quoted_value(at, &kind.spoken(), text));
                return None;
            }
            (Kind::Scope, OperandNode::Path(name)) => {
                return self.scope_named(name, at).map(Datum::Scope);
            }
            (Kind::Bool, OperandNode::Path(name)) if name == "true" => {
                return Some(Datum::Bool(true));
            }
            (Kind::Bool, OperandNode::Path(name)) if name == "false" => {
                return Some(Datum::Bool(false));
            }
            (Kind::Text, OperandNode::Text(text)) => {
                return Some(Datum::Text(text.as_str().into()));
            }
            (Kind::Domain, OperandNode::Text(text)) => {
                let domain = literal::domain(text);
                if domain.is_none() {
                    self.say(say::bad_name_text(at, "a domain", text));
                }
                return domain.map(Datum::Text);
            }
            (Kind::Address, OperandNode::Text(text)) => {
                let address = literal::address(text);
                if address.is_none() {
                    self.say(say::bad_name_text(at, "an address", text));
                }
                return address.map(Datum::Text);
            }
            (_, OperandNode::Number(text)) => {
                let (found, datum) = self.number(text, at)?;
                if found == *kind {
                    return Some(datum);
                }
                found.spoken()
            }
            (_, OperandNode::Text(_)) => "a text".to_owned(),
            (_, OperandNode::Path(name)) => format!("`{name}`"),
            (_, OperandNode::Call(..)) => "something to read".to_owned(),
        };
        let expected = match kind {
            Kind::Text | Kind::Domain | Kind::Address => format!("{} in quotes", kind.spoken()),
            _ => kind.spoken(),
        };
        self.say(say::ill_typed(at, &expected, &found));
        None
    }

    /// What a word that begins with a digit is; says so if it is nothing.
    pub(super) fn number(&mut self, text: &str, at: Span) -> Option<(Kind, Datum)> {
        let whole = text.parse().ok().map(|number| (Kind::Number, Datum::Number(number)));
        let date = || literal::date(text).map(|date| (Kind::Date, Datum::Date(date)));
        let duration =
            || literal::duration_ms(text).map(|ms| (Kind::Duration, Datum::Duration(ms)));
        let instant = || text.parse().ok().map(|at| (Kind::Instant, Datum::Instant(at)));
        let read = whole.or_else(date).or_else(duration).or_else(instant);
        if read.is_none() {
            self.say(say::bad_literal(at, text));
        }
        read
    }
}
