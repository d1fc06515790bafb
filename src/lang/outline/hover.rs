//! What is said about a word when somebody rests on it.

use super::super::ast::{ListKind, Span};
use super::super::ir::Kind;
use super::names::{Attribute, Event, List, Rule};
use super::{Found, Note, Outline, Stretch, Thing, Want, words};

impl Outline<'_> {
    /// What the word at a place means.
    #[must_use]
    pub fn hover(&self, file: &str, offset: usize) -> Option<Note> {
        let found = self.found(self.file(file)?, offset)?;
        let text = match self.thing(&found, offset) {
            Some(Thing::Event(event)) => self.about_event(event),
            Some(Thing::Attribute(event, attribute)) => about_attribute(event, attribute),
            Some(Thing::List(list)) => self.about_list(list),
            Some(Thing::Rule(rule)) => self.about_rule(rule),
            None => self.about_word(&found)?,
        };
        let (from, to) = (found.token.from, found.token.to);
        Some(Note { at: Stretch { file: found.file.name.to_owned(), from, to }, text })
    }

    fn about_word(&self, found: &Found<'_>) -> Option<String> {
        let word = found.word;
        let said = |about: &str| format!("`{word}`: {about}");
        if found.slot.has(word) {
            return words::about(word).map(said);
        }
        let special = match &found.slot.want {
            Want::Scope(_) | Want::Counted => {
                let scope = if found.in_campaign { "company in campaign" } else { word };
                words::scope(scope).map(|about| format!("scope `{scope}`: {about}"))
            }
            Want::Value(path) => self.about_value(path, word),
            Want::Type(path) => {
                let named = Kind::NAMED.iter().any(|(name, _)| *name == word);
                if named { Some(format!("type `{word}`")) } else { self.about_value(path, word) }
            }
            Want::Readable(_) | Want::Moment(_) | Want::List(_) => self.about_field(word),
            _ => None,
        };
        special.or_else(|| words::about(word).map(said))
    }

    fn about_value(&self, path: &str, word: &str) -> Option<String> {
        let readable = self.names.readable(path)?;
        if readable.values.iter().any(|value| value == word) {
            return Some(format!("`{word}`: a value of `{path}`\n\n`{path}: {}`", readable.kind));
        }
        let scope = words::scope(word).filter(|_| readable.kind == "scope");
        scope.map(|about| format!("scope `{word}`: {about}")).or_else(|| self.about_field(word))
    }

    fn about_field(&self, path: &str) -> Option<String> {
        let readable = self.names.readable(path)?;
        let maybe = if readable.optional { "\n\nMay be unknown." } else { "" };
        let about = words::field(path).map_or_else(String::new, |about| format!("\n\n{about}"));
        Some(format!("```holdline\n{path}: {}\n```{about}{maybe}", readable.kind))
    }

    fn about_event(&self, event: &Event) -> String {
        let mut text = format!("```holdline\nevent {} {{", event.name);
        for attribute in &event.attributes {
            text.push_str(&format!("\n  {}", declared(attribute)));
        }
        text.push_str(if event.attributes.is_empty() { " }\n```" } else { "\n}\n```" });
        if let Some(comment) = self.comment(event.at) {
            text.push_str(&format!("\n\n{comment}"));
        }
        let rules = self.names.rules.iter().filter(|rule| rule.on.contains(&event.name)).count();
        let rules = match rules {
            0 => "No rule listens to it".to_owned(),
            1 => "1 rule listens to it".to_owned(),
            many => format!("{many} rules listen to it"),
        };
        format!("{text}\n\n{rules}. {}", self.place(event.at))
    }

    fn about_list(&self, list: &List) -> String {
        let kind = kind_of(list.kind);
        let mut text = format!("{kind} `{}`: {}", list.name, counted(list));
        if !list.first.is_empty() {
            let more = if list.count > list.first.len() { ", …" } else { "" };
            text.push_str(&format!("\n\n`{}`{more}", list.first.join("`, `")));
        }
        format!("{text}\n\n{}", self.place(list.at))
    }

    fn about_rule(&self, rule: &Rule) -> String {
        let title = rule.title.as_ref().map_or_else(String::new, |title| format!(": {title}"));
        let mut text = format!("rule `{}`{title}", rule.name);
        let mut lines = vec![format!("on {}", rule.on.join(", "))];
        lines.extend(rule.effects.iter().cloned());
        text.push_str(&format!("\n\n```holdline\n{}\n```", lines.join("\n")));
        if let Some(reason) = &rule.reason {
            text.push_str(&format!("\n\n> {reason}"));
        }
        if let Some(owner) = &rule.owner {
            text.push_str(&format!("\n\nowner: {owner}"));
        }
        format!("{text}\n\n{}", self.place(rule.at))
    }

    /// `default.rules:18`
    fn place(&self, at: Span) -> String {
        let Some(file) = self.files.get(at.file as usize) else {
            return String::new();
        };
        let before = file.text.get(..at.start as usize).unwrap_or("");
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        let name = file.name.rsplit('/').next().unwrap_or(file.name);
        if at.file as usize + 1 == self.files.len() {
            return "Shipped with holdline.".to_owned();
        }
        format!("{name}:{line}")
    }

    /// The comment that stands right above a declaration.
    fn comment(&self, at: Span) -> Option<String> {
        let file = self.files.get(at.file as usize)?;
        let before = file.text.get(..at.start as usize)?;
        let above = before.lines().rev().skip(usize::from(!before.ends_with('\n')));
        let lines: Vec<_> = above.map_while(|line| line.trim().strip_prefix('#')).collect();
        let lines: Vec<_> = lines.iter().rev().map(|line| line.trim()).collect();
        (!lines.is_empty()).then(|| lines.join(" "))
    }
}

fn declared(attribute: &Attribute) -> String {
    let optional = if attribute.optional { " optional" } else { "" };
    format!("{}: {}{optional}", attribute.name, attribute.kind)
}

fn about_attribute(event: &Event, attribute: &Attribute) -> String {
    let text = format!("```holdline\n{}.{}\n```", event.name, declared(attribute));
    let implied = attribute.values.iter().any(|value| value == "unknown");
    match (attribute.optional, implied) {
        (true, true) => format!("{text}\n\nAbsent, it is `unknown`."),
        (true, false) => format!("{text}\n\nMay be unknown."),
        (false, _) => text,
    }
}

pub(super) fn kind_of(kind: ListKind) -> &'static str {
    match kind {
        ListKind::Domains => "domains",
        ListKind::Addresses => "addresses",
        ListKind::Texts => "texts",
    }
}

/// `34 entries`, and whether they stand in a file.
pub(super) fn counted(list: &List) -> String {
    let entries = if list.count == 1 { "entry" } else { "entries" };
    let apart = if list.apart { " from a file" } else { "" };
    format!("{} {entries}{apart}", list.count)
}
