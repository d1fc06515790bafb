//! What can be said of the rules that are there, while others have mistakes or could not be read:
//! a rule that is missing may override one that is there, or do what no other does.

use std::collections::HashSet;

use super::super::ast::{RuleDecl, Word};
use super::super::diagnostic as say;
use super::super::nearest::nearest;
use super::super::policy::RuleIndex;
use super::Checker;

/// What is known to be not known while the rules are read.
#[derive(Debug, Default)]
pub(super) struct Gaps {
    /// Rules whose names are taken.
    pub again: HashSet<RuleIndex>,
    /// Lists of which not every entry is known.
    pub lists: HashSet<u32>,
    /// Whether something that was read just now rests on such a list.
    pub vague: bool,
    /// Rules that override what there is not.
    pub strays: Vec<(RuleIndex, String)>,
    /// Rules whose overriding is refused.
    pub refused: HashSet<RuleIndex>,
}

/// The events on which a rule may be missing.
#[derive(Debug, Default)]
pub(super) struct Missing {
    everywhere: bool,
    events: HashSet<u32>,
}

impl Missing {
    pub fn on(&self, event: u32) -> bool {
        self.everywhere || self.events.contains(&event)
    }
}

impl Checker<'_> {
    /// Says which rules may be overridden by what is not known, and where rules are missing.
    pub(super) fn gaps(&mut self) -> Missing {
        let ast = self.ast;
        let mut missing = Missing::default();
        if self.findings.errors == 0 {
            return missing;
        }
        let unknown = ast.incomplete || ast.rules.len() > say::MAX_RULES;
        missing.everywhere = unknown || ast.lost;
        for (decl, (rule, notes)) in
            ast.rules.iter().zip(self.out.rules.iter().zip(self.notes.iter()))
        {
            if !notes.sound {
                let known = |word: &Word| self.out.event_names.contains_key(word.text.as_str());
                let all = !decl.partial && !decl.on.is_empty() && decl.on.iter().all(known);
                missing.everywhere |= !all;
                missing.events.extend(&rule.events);
            }
        }
        let strays = self.strays();
        let name_of = |rule: &RuleIndex| ast.rules.get(usize::from(rule.0)).map(name);
        let again: HashSet<&str> = self.gaps.again.iter().filter_map(name_of).collect();
        let unread: HashSet<&str> = ast.unread.iter().map(String::as_str).collect();
        let sound: Vec<bool> = self.notes.iter().map(|it| it.sound).collect();
        let is_sound = |rule: &RuleIndex| sound.get(usize::from(rule.0)).copied().unwrap_or(false);
        for (at, (rule, notes)) in self.out.rules.iter().zip(&mut self.notes).enumerate() {
            let name = ast.rules.get(at).map_or("", name);
            let refused =
                u16::try_from(at).is_ok_and(|at| self.gaps.refused.contains(&RuleIndex(at)));
            notes.open = unknown
                || refused
                || unread.contains(name)
                || strays.may_override(name, &rule.events)
                || !rule.overridden_by.iter().all(is_sound);
            notes.disputed = refused || again.contains(name);
        }
        missing
    }

    /// What the rules override that name no rule: the one that is meant, as far as one is near.
    fn strays(&mut self) -> Strays {
        let ast = self.ast;
        let mut strays = Strays::default();
        for (rule, word) in std::mem::take(&mut self.gaps.strays) {
            let names = ast.rules.iter().map(name);
            let meant = if self.may_help() { nearest(&word, names) } else { None };
            let events = self.out.rules.get(usize::from(rule.0)).map(|it| it.events.as_slice());
            match (meant, events) {
                (Some(meant), _) => drop(strays.names.insert(meant.to_owned())),
                (None, Some(events @ [_, ..])) => strays.events.extend(events),
                (None, _) => strays.any = true,
            }
        }
        strays
    }
}

fn name(decl: &RuleDecl) -> &str {
    &decl.name.text
}

/// What may be overridden by rules that override what there is not.
#[derive(Default)]
struct Strays {
    names: HashSet<String>,
    events: HashSet<u32>,
    any: bool,
}

impl Strays {
    fn may_override(&self, name: &str, events: &[u32]) -> bool {
        self.any
            || self.names.contains(name)
            || events.iter().any(|event| self.events.contains(event))
    }
}
