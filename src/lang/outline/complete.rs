//! What may come next at a place.

use super::super::ast::ListKind;
use super::super::check::FIELDS;
use super::super::ir::Kind;
use super::hover::{counted, kind_of};
use super::names::{Attribute, Event};
use super::walk::{Slot, Walker};
use super::words::{about, scope};
use super::{Candidate, CandidateKind, Candidates, File, Outline, Piece, Stretch, Want};
use crate::model::Scope;

impl Outline<'_> {
    /// What may stand at a place, in the place of the word there.
    #[must_use]
    pub fn candidates(&self, file: &str, offset: usize) -> Option<Candidates> {
        let file = self.file(file)?;
        let offset = (0..=offset.min(file.text.len())).rev().find(|at| {
            // A place inside a character is the one before it.
            file.text.is_char_boundary(*at)
        })?;
        let at = |from, to| Stretch { file: file.name.to_owned(), from, to };
        if file.tokens.in_comment(offset) {
            return Some(Candidates { at: at(offset, offset), all: Vec::new() });
        }
        let typed = file.tokens.all.iter().position(|token| {
            let name = matches!(token.piece, Piece::Word | Piece::Number);
            token.from < offset && (offset < token.to || name && offset == token.to)
        });
        let token = typed.and_then(|typed| file.tokens.all.get(typed));
        if token.is_some_and(|token| token.piece == Piece::Text) {
            return Some(Candidates { at: at(offset, offset), all: Vec::new() });
        }
        let token = token.filter(|token| token.piece != Piece::Sign);
        let place = token.map_or_else(|| at(offset, offset), |token| at(token.from, token.to));
        let slot = slot_at(file, place.from);
        let mut all = Vec::new();
        if !slot.new || slot.words.iter().any(|words| !words.is_empty()) {
            let words = slot.words.iter().flat_map(|words| words.iter());
            all.extend(words.map(|word| candidate(CandidateKind::Word, word, about(word))));
        }
        if !slot.new {
            self.wanted(&slot.want, &mut all);
        }
        let mut seen = std::collections::BTreeSet::new();
        all.retain(|candidate| seen.insert(candidate.text.clone()));
        Some(Candidates { at: place, all })
    }

    fn wanted(&self, want: &Want, all: &mut Vec<Candidate>) {
        match want {
            Want::Nothing => {}
            Want::Mark => all.push(candidate(CandidateKind::Word, "owner", about("owner"))),
            Want::Event => all.extend(self.names.events.iter().map(|event| {
                let names: Vec<_> = event.attributes.iter().map(|it| it.name.as_str()).collect();
                let about = (!names.is_empty()).then(|| names.join(", "));
                candidate(CandidateKind::Event, &event.name, about.as_deref())
            })),
            Want::Rule => all.extend(
                self.names
                    .rules
                    .iter()
                    .map(|rule| candidate(CandidateKind::Rule, &rule.name, rule.title.as_deref())),
            ),
            Want::List(path) => self.lists(path, all),
            Want::Readable(events) => self.readables(events, |_| true, all),
            Want::Moment(events) => {
                self.readables(events, |kind| matches!(kind, "date" | "instant"), all);
            }
            Want::Scope(events) => {
                all.extend(Scope::ALL.map(|it| scope_candidate(it.name())));
                for event in events.iter().filter_map(|name| self.names.event(name)) {
                    let scopes = event.attributes.iter().filter(|it| holds_scope(it));
                    all.extend(scopes.map(|attribute| read(event, attribute)));
                }
            }
            Want::Counted => all.extend(Scope::COUNTED.map(|it| scope_candidate(it.name()))),
            Want::Value(path) => self.values(path, all),
            Want::Type(_) => all.extend(
                Kind::NAMED.iter().map(|(name, _)| candidate(CandidateKind::Type, name, None)),
            ),
            Want::Attribute(event) => {
                let attributes = self.names.event(event).map_or(&[][..], |it| &it.attributes);
                all.extend(
                    attributes
                        .iter()
                        .map(|it| candidate(CandidateKind::Attribute, &it.name, Some(&it.kind))),
                );
            }
        }
    }

    /// The lists that fit what stands before `in`; for a text, what has texts.
    fn lists(&self, path: &str, all: &mut Vec<Candidate>) {
        if path.starts_with('"') {
            let lists = FIELDS.iter().filter(|(_, _, kind, _)| *kind == Kind::TextList);
            all.extend(lists.map(|(name, ..)| field(name)));
            return;
        }
        let fitting = match self.names.readable(path).map(|it| it.kind).as_deref() {
            Some("domain") => Some(ListKind::Domains),
            Some("address") => Some(ListKind::Addresses),
            Some("text") => Some(ListKind::Texts),
            _ => None,
        };
        for list in &self.names.lists {
            if fitting.is_none_or(|kind| kind == list.kind) {
                let about = format!("{}, {}", kind_of(list.kind), counted(list));
                all.push(candidate(CandidateKind::List, &list.name, Some(&about)));
            }
        }
    }

    /// The attributes of the events, and what can be read on every event.
    fn readables(&self, events: &[String], fits: fn(&str) -> bool, all: &mut Vec<Candidate>) {
        for event in events.iter().filter_map(|name| self.names.event(name)) {
            let attributes = event.attributes.iter().filter(|it| fits(&it.kind));
            all.extend(attributes.map(|attribute| read(event, attribute)));
        }
        if fits("text") {
            all.extend(FIELDS.iter().map(|(name, ..)| field(name)));
            let written = "prospect.field(\"\")";
            let about = super::words::field("prospect.field");
            all.push(candidate(CandidateKind::Attribute, written, about));
        }
    }

    fn values(&self, path: &str, all: &mut Vec<Candidate>) {
        let Some(readable) = self.names.readable(path) else {
            return;
        };
        let about = format!("a value of {path}");
        let value = |text: &str| candidate(CandidateKind::Value, text, Some(&about));
        all.extend(readable.values.iter().map(|text| value(text)));
        match readable.kind.as_str() {
            "scope" => all.extend(Scope::ALL.map(|it| scope_candidate(it.name()))),
            "bool" => all.extend(["true", "false"].map(value)),
            _ => {}
        }
    }
}

/// What may stand at a place: what the words before it leave open.
fn slot_at(file: &File<'_>, offset: usize) -> Slot {
    let tokens = &file.tokens.all;
    let before = tokens.partition_point(|token| token.from < offset);
    let item = file.items.iter().rfind(|item| item.first < before);
    let item = item.copied().filter(|item| before <= item.end);
    let Some(item) = item else {
        let empty = super::Item {
            head: super::Head::Other,
            first: 0,
            keyword: 0,
            open: None,
            close: None,
            end: 0,
        };
        return Walker::new(file.text, tokens, empty).slot();
    };
    let mut walker = Walker::new(file.text, tokens, item);
    for at in item.first..before {
        walker.step(at);
    }
    // A line of a test that is begun on a line of its own is not the one before.
    let last = before.checked_sub(1).and_then(|at| tokens.get(at));
    let between = last.and_then(|last| file.text.get(last.to..offset)).unwrap_or("");
    if between.contains('\n') {
        walker.new_line();
    }
    walker.slot()
}

fn candidate(kind: CandidateKind, text: &str, about: Option<&str>) -> Candidate {
    Candidate { kind, text: text.to_owned(), about: about.map(str::to_owned) }
}

fn scope_candidate(name: &str) -> Candidate {
    candidate(CandidateKind::Scope, name, scope(name))
}

fn field(name: &str) -> Candidate {
    candidate(CandidateKind::Attribute, name, super::words::field(name))
}

fn read(event: &Event, attribute: &Attribute) -> Candidate {
    let text = format!("{}.{}", event.name, attribute.name);
    let optional = if attribute.optional { " optional" } else { "" };
    let about = format!("{}{optional}", attribute.kind);
    candidate(CandidateKind::Attribute, &text, Some(&about))
}

/// Whether an effect may take its scope from there.
fn holds_scope(attribute: &Attribute) -> bool {
    let named = |value: &String| scope(value).is_some();
    attribute.kind == "scope" || !attribute.values.is_empty() && attribute.values.iter().all(named)
}
