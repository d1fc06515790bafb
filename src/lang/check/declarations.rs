//! Versions, events, lists and the names of rules.

use std::collections::HashSet;
use std::sync::Arc;

use super::super::ast::{
    AttributeDecl, Entry, KindDecl, ListContent, ListKind, OperandNode, Span, Word,
};
use super::super::diagnostic as say;
use super::super::ir::{Attribute, EventKind, Kind, List, Names};
use super::super::literal;
use super::super::policy::{RuleIndex, VOCABULARY};
use super::Checker;

impl Checker<'_> {
    /// The first of the user's files has to say its version; all have to say one that is known.
    pub(super) fn versions(&mut self, files: u32) {
        let ast = self.ast;
        let mut seen = HashSet::new();
        for version in &ast.versions {
            let found = version.number.as_ref().map_or("", |number| number.text.as_str());
            if version.number.is_none() {
                let expected = "a version, as in `policy 1`";
                self.say(say::bad_syntax(version.at, expected, "none"));
            } else if found != "1" {
                let at = version.number.as_ref().map_or(version.at, |number| number.at);
                self.say(say::unsupported_version(at, found));
            }
            if !seen.insert(version.at.file) {
                self.say(say::repeated_version(version.at));
            }
        }
        if files > 0 && !seen.contains(&0) {
            self.say(say::missing_policy(Span { file: 0, start: 0, end: 0 }));
        }
    }

    pub(super) fn events(&mut self) {
        let ast = self.ast;
        for decl in &ast.events {
            self.name(&decl.name);
            let Ok(number) = u32::try_from(self.out.events.len()) else {
                return;
            };
            let name: Box<str> = decl.name.text.as_str().into();
            if self.out.event_names.contains_key(&name) {
                let first = ast.events.iter().find(|it| *it.name.text == *name);
                let first = self.first(first.map(|it| it.name.at));
                self.say(say::duplicate_name(decl.name.at, "event", &name, &first));
                continue;
            }
            let mut seen = HashSet::new();
            let mut attributes = Vec::new();
            for attribute in &decl.attributes {
                self.name(&attribute.name);
                if !seen.insert(attribute.name.text.as_str()) {
                    let Word { text, at } = &attribute.name;
                    self.say(say::duplicate_attribute(*at, "attribute", text));
                    continue;
                }
                attributes.extend(self.attribute(attribute));
            }
            self.out.event_names.insert(name.clone(), number);
            let attributes = attributes.into();
            self.out.events.push(EventKind { name, attributes, ..EventKind::default() });
        }
    }

    /// Where a name was declared first, as a clause.
    fn first(&self, at: Option<Span>) -> String {
        match at {
            Some(at) if self.lines.name(at.file) == VOCABULARY.0 => {
                "it is a shipped one".to_owned()
            }
            Some(at) => {
                format!("the first is at {}:{}", self.lines.name(at.file), self.lines.line(at))
            }
            None => "the first stands before it".to_owned(),
        }
    }

    fn attribute(&mut self, decl: &AttributeDecl) -> Option<Attribute> {
        let kind = match &decl.kind {
            KindDecl::Named(word) => self.kind_named(word)?,
            KindDecl::ListOf(word) if word.text == "text" => Kind::TextList,
            KindDecl::ListOf(word) => {
                self.say(say::unknown_type(word.at, &word.text, None, &["list of text"]));
                return None;
            }
            KindDecl::OneOf(values) => {
                let mut seen = HashSet::new();
                for value in values {
                    self.free_name(value);
                    if !seen.insert(value.text.as_str()) {
                        self.say(say::duplicate_attribute(value.at, "value", &value.text));
                    }
                }
                Kind::Enum(values.iter().map(|v| v.text.as_str().into()).collect::<Arc<_>>())
            }
        };
        let name = decl.name.text.as_str().into();
        Some(Attribute { name, kind, optional: decl.optional })
    }

    fn kind_named(&mut self, word: &Word) -> Option<Kind> {
        if let Some((_, kind)) = Kind::NAMED.into_iter().find(|(name, _)| *name == word.text) {
            return Some(kind);
        }
        let names = Kind::NAMED.map(|(name, _)| name);
        let nearest = self.nearest(&word.text, names);
        let mut all = names.to_vec();
        all.extend(["list of text", "a | b | …"]);
        self.say(say::unknown_type(word.at, &word.text, nearest, &all));
        None
    }

    pub(super) fn lists(&mut self) {
        let ast = self.ast;
        for decl in &ast.lists {
            self.free_name(&decl.name);
            let Ok(number) = u32::try_from(self.out.lists.len()) else {
                return;
            };
            let name: Box<str> = decl.name.text.as_str().into();
            if self.lists.contains_key(&name) {
                let first = ast.lists.iter().find(|it| *it.name.text == *name);
                let first = self.first(first.map(|it| it.name.at));
                self.say(say::duplicate_name(decl.name.at, "list", &name, &first));
                continue;
            }
            let before = self.findings.errors;
            let entries = match &decl.content {
                ListContent::Entries(entries) => self.list_entries(decl.kind, entries),
                ListContent::File(_) | ListContent::Unread => Names::default(),
            };
            if self.errors_since(before) || matches!(decl.content, ListContent::Unread) {
                self.gaps.lists.insert(number);
            }
            self.lists.insert(name.clone(), number);
            self.out.lists.push(List { name, kind: decl.kind, entries });
        }
    }

    fn list_entries(&mut self, kind: ListKind, entries: &[Entry]) -> Names {
        let mut out = Names::default();
        self.entries(entries, |checker, text, at| {
            let (entry, what) = match kind {
                ListKind::Domains => (literal::domain(text), "a domain"),
                ListKind::Addresses => (literal::address(text), "an address"),
                ListKind::Texts => (Some(text.into()), "a text"),
            };
            let Some(entry) = entry else {
                checker.say(say::bad_name_text(at, what, text));
                return;
            };
            if !out.insert(entry) {
                checker.say(say::duplicate_entry(at, text));
            }
        });
        out
    }

    /// Each text of a list; says what is not a text, where a comma is missing, and where it is too
    /// long.
    fn entries(&mut self, entries: &[Entry], mut each: impl FnMut(&mut Self, &str, Span)) {
        self.list_shape(entries);
        for entry in entries.iter().take(say::MAX_LIST_ENTRIES) {
            match &entry.value.node {
                OperandNode::Text(text) => each(self, text, entry.value.at),
                OperandNode::Number(found) | OperandNode::Path(found) => {
                    let found = format!("`{found}`");
                    self.say(say::ill_typed(entry.value.at, "a text in quotes", &found));
                }
                OperandNode::Call(..) => {}
            }
        }
    }

    /// Says where a comma is missing, and where a list is too long.
    pub(super) fn list_shape(&mut self, entries: &[Entry]) {
        for entry in entries.iter().filter(|entry| !entry.separated) {
            self.say(say::missing_comma(entry.value.at));
        }
        if let Some(first) = entries.get(say::MAX_LIST_ENTRIES) {
            self.say(say::too_many_entries(first.value.at, entries.len()));
        }
    }

    pub(super) fn rule_names(&mut self) {
        let ast = self.ast;
        for (number, decl) in ast.rules.iter().enumerate() {
            if number == say::MAX_RULES {
                self.say(say::too_many_rules(decl.name.at, ast.rules.len()));
            }
            let Ok(number) = u16::try_from(number) else {
                return;
            };
            self.free_name(&decl.name);
            let name: Box<str> = decl.name.text.as_str().into();
            if let Some(first) = self.out.rule_names.get(&name) {
                let first = ast.rules.get(usize::from(first.0));
                let first = self.first(first.map(|it| it.name.at));
                self.say(say::duplicate_name(decl.name.at, "rule", &name, &first));
                self.gaps.again.insert(RuleIndex(number));
            } else {
                self.out.rule_names.insert(name, RuleIndex(number));
            }
        }
    }
}
