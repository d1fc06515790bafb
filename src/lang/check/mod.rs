//! The check: names, types and rules of a tree, what the rules do together, and from it the policy
//! that runs. It knows places and meanings, and neither grammar nor events that happen.

mod alike;
mod cells;
mod conditions;
mod declarations;
mod effects;
mod gaps;
mod invariants;
mod overrides;
mod paths;
mod script;
mod values;
mod windows;

use std::collections::HashMap;

pub(super) use paths::FIELDS;

use self::conditions::Written;
use self::gaps::Gaps;
use super::ast::{Ast, Span, Word};
use super::diagnostic as say;
use super::ir::{ByName, EventKind, List, Rule, Series, Window};
use super::nearest::nearest;
use super::policy::{RuleIndex, RuleInfo};
use super::program::Program;
use super::report::{Finding, Findings, Lines};
use super::script::Script;

/// The words that cannot be names, because they would be read as something else: in rules, or, as
/// `rule-error`, in explanations.
const RESERVED: [&str; 27] = [
    "on",
    "where",
    "except",
    "when",
    "pause",
    "stop",
    "ignore",
    "resume",
    "overrides",
    "reason",
    "for",
    "until",
    "else",
    "max",
    "from",
    "and",
    "or",
    "not",
    "is",
    "in",
    "starts",
    "ends",
    "matches",
    "at",
    "per",
    "known",
    "rule-error",
];

/// Where a rule says what tests can show of it.
#[derive(Debug)]
pub(super) struct RulePlaces {
    pub name: Span,
    pub overrides: Vec<(RuleIndex, Span)>,
}

/// What the check makes of a tree without errors.
#[derive(Debug, Default)]
pub(super) struct Checked {
    pub infos: Vec<RuleInfo>,
    pub rules: Vec<Rule>,
    pub rule_names: ByName<RuleIndex>,
    pub events: Vec<EventKind>,
    pub event_names: ByName<u32>,
    pub lists: Vec<List>,
    pub series: Vec<Series>,
    pub windows: Vec<Window>,
    /// By event.
    pub programs: Vec<Program>,
    pub scripts: Vec<Script>,
    /// Of each rule: its name, and the rules that it overrides.
    pub places: Vec<RulePlaces>,
}

/// Checks the tree of a bundle whose first `files` files are the user's; the vocabulary follows.
pub(super) fn check(ast: &Ast, lines: &Lines<'_>, files: u32, findings: &mut Findings) -> Checked {
    let mut checker = Checker {
        ast,
        lines,
        findings,
        out: Checked::default(),
        lists: ByName::default(),
        notes: Vec::new(),
        gaps: Gaps::default(),
        helps_left: 500,
    };
    checker.look_alikes(files);
    checker.versions(files);
    checker.events();
    checker.lists();
    checker.rule_names();
    checker.rules();
    checker.overrides();
    let claims = checker.invariants();
    let missing = checker.gaps();
    checker.cells(&claims, &missing);
    checker.places();
    checker.tests();
    let Checker { mut out, .. } = checker;
    let programs = out.events.iter().map(|event| Program::of(&out.rules, &event.listeners));
    out.programs = programs.collect();
    out
}

/// What the check keeps of a rule until it has looked at what the rules do together.
#[derive(Debug)]
struct Notes {
    /// How each of its clauses is written.
    written: Vec<Written>,
    /// Whether nothing in it is wrong, so that it does what it says.
    sound: bool,
    /// Whether it may be overridden by a rule that is not known as it is meant.
    open: bool,
    /// Whether something is wrong with what overrides it.
    disputed: bool,
}

struct Checker<'a> {
    ast: &'a Ast,
    lines: &'a Lines<'a>,
    findings: &'a mut Findings,
    out: Checked,
    lists: ByName<u32>,
    /// By rule.
    notes: Vec<Notes>,
    gaps: Gaps,
    /// How often a nearest name is still looked for: many mistakes must not make the check slow.
    helps_left: u32,
}

impl<'a> Checker<'a> {
    fn say(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// Whether one more nearest name may be looked for.
    fn may_help(&mut self) -> bool {
        let may = self.helps_left > 0;
        self.helps_left = self.helps_left.saturating_sub(1);
        may
    }

    fn nearest<'n>(
        &mut self,
        word: &str,
        names: impl IntoIterator<Item = &'n str>,
    ) -> Option<&'n str> {
        if self.may_help() { nearest(word, names) } else { None }
    }

    /// Says so if the word cannot be a name where other words may stand.
    fn free_name(&mut self, word: &Word) {
        if RESERVED.contains(&word.text.as_str()) {
            self.say(say::bad_name(word.at, &word.text));
        } else {
            self.name(word);
        }
    }

    /// Says so if the word cannot be a name.
    fn name(&mut self, word: &Word) {
        let shaped = word.text.starts_with(|c: char| c.is_ascii_lowercase())
            && word
                .text
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.'));
        if !shaped {
            self.say(say::bad_name(word.at, &word.text));
        }
    }

    fn rules(&mut self) {
        let ast = self.ast;
        for (number, decl) in ast.rules.iter().enumerate().take(say::MAX_RULES) {
            let Ok(number) = u16::try_from(number) else {
                break;
            };
            let index = RuleIndex(number);
            let errors_before = self.findings.errors;
            self.gaps.vague = false;
            let mut rule = Rule { events: self.listens(decl, index), ..Rule::default() };
            let mut known = paths::Known::default();
            let (clauses, written) = self.conditions(decl, &rule.events, &mut known);
            rule.clauses = clauses;
            let partial = decl.partial || self.errors_since(errors_before);
            rule.effects = self.effects(decl, &rule.events, &known, partial);
            let again = self.gaps.again.contains(&index);
            let whole = !decl.partial && !again && !self.gaps.vague;
            let sound = whole && !self.errors_since(errors_before);
            self.notes.push(Notes { written, sound, open: false, disputed: false });
            self.out.rules.push(rule);
            let info = self.info(decl);
            self.out.infos.push(info);
        }
    }

    fn places(&mut self) {
        for decl in self.ast.rules.iter().take(say::MAX_RULES) {
            let named = |word: &Word| {
                self.out.rule_names.get(word.text.as_str()).map(|rule| (*rule, word.at))
            };
            let overrides = decl.overrides.iter().filter_map(named).collect();
            self.out.places.push(RulePlaces { name: decl.name.at, overrides });
        }
    }

    fn errors_since(&self, before: usize) -> bool {
        self.findings.errors > before
    }

    /// The events a rule listens to; it is entered as their listener.
    fn listens(&mut self, decl: &super::ast::RuleDecl, index: RuleIndex) -> Vec<u32> {
        let mut events: Vec<u32> = Vec::new();
        let mut seen: HashMap<u32, Span> = HashMap::new();
        for word in &decl.on {
            let Some(event) = self.event_named(word) else {
                continue;
            };
            if seen.insert(event, word.at).is_some() {
                self.say(say::repeated_event(word.at, &word.text));
                continue;
            }
            events.push(event);
            if let Some(event) = self.out.events.get_mut(event as usize) {
                event.listeners.push(index);
            }
        }
        if decl.on.is_empty() && !decl.partial {
            self.say(say::no_event(decl.name.at, &decl.name.text));
        }
        events
    }

    pub(super) fn event_named(&mut self, word: &Word) -> Option<u32> {
        if let Some(event) = self.out.event_names.get(word.text.as_str()) {
            return Some(*event);
        }
        let names: Vec<_> = self.out.events.iter().map(|event| event.name.clone()).collect();
        let nearest = self.nearest(&word.text, names.iter().map(|name| &**name));
        self.say(say::unknown_event(word.at, &word.text, nearest));
        None
    }

    fn info(&mut self, decl: &super::ast::RuleDecl) -> RuleInfo {
        let mut owner = None;
        for mark in &decl.marks {
            if mark.name.text == "owner" {
                owner = mark.argument.clone();
            } else {
                let nearest = self.nearest(&mark.name.text, ["owner"]);
                self.say(say::unknown_mark(mark.name.at, &mark.name.text, nearest));
            }
        }
        if let Some(again) = decl.reasons.get(1) {
            self.say(say::repeated_clause(again.at, "`reason`"));
        }
        let name = &decl.name;
        RuleInfo {
            name: name.text.clone(),
            title: decl.title.as_ref().map(|title| title.text.clone()),
            file: self.lines.name(name.at.file).to_owned(),
            line: self.lines.line(name.at),
            reason: decl.reasons.first().map(|reason| reason.text.clone()),
            owner,
        }
    }
}
