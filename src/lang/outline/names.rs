//! What the files of a policy declare, with the words that people know it by.

use super::super::ast::{
    Ast, AttributeDecl, Entry, KindDecl, ListContent, ListKind, OperandNode, RuleDecl, Span,
};
use super::super::check::FIELDS;
use super::super::ir::Kind;
use super::super::scan::squeezed;

/// Texts of files by number.
pub(super) type Texts<'a> = [(&'a str, &'a str)];

#[derive(Debug)]
pub(super) struct Attribute {
    pub name: String,
    pub at: Span,
    /// The type as it is written.
    pub kind: String,
    /// The values of an enum.
    pub values: Vec<String>,
    pub optional: bool,
}

#[derive(Debug)]
pub(super) struct Event {
    pub name: String,
    pub at: Span,
    pub attributes: Vec<Attribute>,
}

#[derive(Debug)]
pub(super) struct List {
    pub name: String,
    pub at: Span,
    pub kind: ListKind,
    pub count: usize,
    pub first: Vec<String>,
    /// True if the entries stand in a file of their own.
    pub apart: bool,
}

#[derive(Debug)]
pub(super) struct Rule {
    pub name: String,
    pub at: Span,
    pub title: Option<String>,
    pub reason: Option<String>,
    pub owner: Option<String>,
    pub on: Vec<String>,
    pub effects: Vec<String>,
}

impl Rule {
    /// One of which nothing but its name is known.
    pub fn bare(name: &str, at: Span) -> Self {
        Self {
            name: name.to_owned(),
            at,
            title: None,
            reason: None,
            owner: None,
            on: Vec::new(),
            effects: Vec::new(),
        }
    }
}

/// Something that a path reads.
pub(super) struct Readable<'n> {
    pub kind: String,
    pub values: &'n [String],
    pub optional: bool,
}

#[derive(Debug, Default)]
pub(super) struct Names {
    pub events: Vec<Event>,
    pub lists: Vec<List>,
    pub rules: Vec<Rule>,
}

impl Names {
    pub fn of(ast: &Ast, texts: &Texts<'_>) -> Self {
        let events = ast.events.iter().map(|decl| Event {
            name: decl.name.text.clone(),
            at: decl.name.at,
            attributes: decl.attributes.iter().map(attribute).collect(),
        });
        let lists = ast.lists.iter().map(|decl| {
            let entries: &[Entry] = match &decl.content {
                ListContent::Entries(entries) => entries,
                ListContent::File(_) | ListContent::Unread => &[],
            };
            List {
                name: decl.name.text.clone(),
                at: decl.name.at,
                kind: decl.kind,
                count: entries.len(),
                first: entries.iter().take(5).filter_map(entry).collect(),
                apart: entries.first().is_some_and(|it| it.value.at.file != decl.name.at.file),
            }
        });
        Self {
            events: events.collect(),
            lists: lists.collect(),
            rules: ast.rules.iter().map(|decl| rule(decl, texts)).collect(),
        }
    }

    pub fn event(&self, name: &str) -> Option<&Event> {
        self.events.iter().find(|event| event.name == name)
    }

    pub fn list(&self, name: &str) -> Option<&List> {
        self.lists.iter().find(|list| list.name == name)
    }

    pub fn rule(&self, name: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.name == name)
    }

    /// The attribute of `event.attribute`, with its event.
    pub fn attribute(&self, path: &str) -> Option<(&Event, &Attribute)> {
        let (event, name) = path.rsplit_once('.')?;
        let event = self.event(event)?;
        let found = event.attributes.iter().find(|attribute| attribute.name == name)?;
        Some((event, found))
    }

    /// What a path reads, if anything.
    pub fn readable(&self, path: &str) -> Option<Readable<'_>> {
        if let Some((_, attribute)) = self.attribute(path) {
            let Attribute { kind, values, optional, .. } = attribute;
            return Some(Readable { kind: kind.clone(), values, optional: *optional });
        }
        if path == "prospect.field" {
            return Some(Readable { kind: "text".to_owned(), values: &[], optional: true });
        }
        let (_, _, kind, presence) = FIELDS.iter().find(|(name, ..)| *name == path)?;
        let optional = *presence == super::super::ir::Presence::Optional;
        Some(Readable { kind: written(kind), values: &[], optional })
    }
}

/// A type as it is declared.
fn written(kind: &Kind) -> String {
    let named = Kind::NAMED.iter().find(|(_, known)| known == kind);
    named.map_or_else(|| "list of text".to_owned(), |(name, _)| (*name).to_owned())
}

fn attribute(decl: &AttributeDecl) -> Attribute {
    let (kind, values) = match &decl.kind {
        KindDecl::Named(word) => (word.text.clone(), Vec::new()),
        KindDecl::ListOf(word) => (format!("list of {}", word.text), Vec::new()),
        KindDecl::OneOf(words) => {
            let values: Vec<_> = words.iter().map(|word| word.text.clone()).collect();
            (values.join(" | "), values)
        }
    };
    let name = decl.name.text.clone();
    Attribute { name, at: decl.name.at, kind, values, optional: decl.optional }
}

fn entry(entry: &Entry) -> Option<String> {
    match &entry.value.node {
        OperandNode::Text(text) => Some(text.clone()),
        _ => None,
    }
}

fn rule(decl: &RuleDecl, texts: &Texts<'_>) -> Rule {
    let text = |at: Span| {
        let text = texts.get(at.file as usize).map_or("", |(_, text)| text);
        squeezed(text.get(at.start as usize..at.end as usize).unwrap_or(""))
    };
    let owner = decl.marks.iter().find(|mark| mark.name.text == "owner");
    Rule {
        name: decl.name.text.clone(),
        at: decl.name.at,
        title: decl.title.as_ref().map(|title| title.text.clone()),
        reason: decl.reasons.first().map(|reason| reason.text.clone()),
        owner: owner.and_then(|mark| mark.argument.clone()),
        on: decl.on.iter().map(|word| word.text.clone()).collect(),
        effects: decl.effects.iter().map(|effect| text(effect.at)).collect(),
    }
}
