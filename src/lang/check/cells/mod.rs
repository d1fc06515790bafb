//! What the rules do together, from one table of the finite cells of each event: each way in which
//! the tests of the rules can be answered is a cell, and every finding is a question about sets of
//! cells. It knows nothing of events that happen, and proves nothing: it looks at all there is.
//!
//! A question is asked of the cells of the rules that it is about, and what those tell apart: a
//! projection of the event's table, so that a policy of two hundred rules is looked at as exactly
//! as one of two. Where even that has more than 2^20 cells, a fixed sample is looked at; then only
//! what is seen in a cell is said, nothing that would have to hold in all of them, and that it was
//! a sample. All tables of a check together have a budget: see [`table::Budget`].

mod always;
mod bits;
mod claims;
mod covered;
mod fires;
mod meets;
mod paste;
mod space;
mod stage;
mod table;
mod text;
mod unhandled;
mod witness;
mod words;

use self::space::TestId;
use self::stage::{ScopeTest, Stage, scope_tests};
use self::table::Budget;
use super::super::ast::{Ast, RuleDecl, Span};
use super::super::diagnostic as say;
use super::super::policy::RuleIndex;
use super::super::report::{Finding, Lines};
use super::gaps::Missing;
use super::invariants::Claim;
use super::{Checked, Checker, Notes};

impl Checker<'_> {
    /// Looks at what the rules do together. Those with mistakes are left out, and then nothing is
    /// said that they could be the reason for.
    pub(super) fn cells(&mut self, claims: &[Claim], missing: &Missing) {
        let warn = self.findings.errors == 0;
        let (ast, lines, checked, notes) = (self.ast, self.lines, &self.out, &self.notes);
        let events = 0..u32::try_from(checked.events.len()).unwrap_or(u32::MAX);
        let scopes: Vec<Vec<ScopeTest>> =
            events.clone().map(|event| scope_tests(checked, event, claims)).collect();
        let mut looker = Looker {
            ast,
            lines,
            checked,
            notes,
            missing,
            stages: Vec::new(),
            budget: Budget::default(),
            found: Vec::new(),
            partly: Vec::new(),
        };
        for (event, scopes) in events.zip(&scopes) {
            let stage = looker.stage(event, claims, scopes);
            looker.stages.push(stage);
        }
        looker.never_fires();
        looker.ignored();
        looker.claims();
        if warn {
            looker.always_true();
            looker.covered();
            looker.unhandled();
            looker.partly();
        }
        let found = looker.found;
        found.into_iter().for_each(|finding| self.say(finding));
    }
}

/// The most names in one message.
const MOST_NAMES: usize = 4;
/// What it costs to see whether two rules have to do with each other, in words of cells.
const PAIR_COST: u64 = 8;

/// Everything that the questions are asked of.
struct Looker<'a> {
    ast: &'a Ast,
    lines: &'a Lines<'a>,
    checked: &'a Checked,
    notes: &'a [Notes],
    /// Where rules are left out.
    missing: &'a Missing,
    /// By event; none where nothing is to be said.
    stages: Vec<Option<Stage<'a>>>,
    budget: Budget,
    found: Vec<Finding>,
    /// What was looked at in part alone: where it stands, what it is, and of how many cells.
    partly: Vec<(Span, String, u128)>,
}

impl<'a> Looker<'a> {
    fn stage(
        &mut self,
        event: u32,
        claims: &'a [Claim],
        scopes: &'a [ScopeTest],
    ) -> Option<Stage<'a>> {
        let listeners = &self.checked.events.get(event as usize)?.listeners;
        let claimed = claims.iter().any(|claim| claim.events.contains(&event));
        let sound =
            |rule: &RuleIndex| self.notes.get(usize::from(rule.0)).is_some_and(|it| it.sound);
        let rules: Vec<RuleIndex> = listeners.iter().copied().filter(sound).collect();
        if rules.is_empty() && !claimed {
            return None;
        }
        let mut stage = Stage::new(self.checked, event, &rules, claims, scopes, &mut self.budget)?;
        stage.look(&mut self.budget);
        Some(stage)
    }

    fn say(&mut self, finding: Finding) {
        self.found.push(finding);
    }

    fn decl(&self, rule: RuleIndex) -> Option<&'a RuleDecl> {
        self.ast.rules.get(usize::from(rule.0))
    }

    fn name(&self, rule: RuleIndex) -> &'a str {
        self.decl(rule).map_or("", |decl| &decl.name.text)
    }

    /// Names in backticks, with `and` before the last; of many, a few.
    fn names(&self, rules: &[RuleIndex]) -> String {
        let name = |rule: &RuleIndex| format!("`{}`", self.name(*rule));
        let few = if rules.len() > MOST_NAMES { MOST_NAMES - 1 } else { rules.len() };
        let mut names: Vec<String> = rules.iter().take(few).map(name).collect();
        if rules.len() > few {
            names.push(format!("{} more", rules.len() - few));
        }
        words::listed(&names, "and")
    }

    /// The stages on which a rule is heard, with its place on each; none if it is not known on
    /// every one of its events where it fires.
    fn heard(&self, rule: RuleIndex) -> Option<Vec<(&Stage<'a>, usize)>> {
        let events = &self.checked.rules.get(usize::from(rule.0))?.events;
        let on = |event: &u32| {
            let stage = self.stages.get(*event as usize)?.as_ref()?;
            let place = *stage.places.get(&rule)?;
            stage.heard.get(place)?.fires.as_ref().filter(|fires| fires.whole)?;
            Some((stage, place))
        };
        events.iter().map(on).collect()
    }

    /// Whether a rule may be overridden by one that is left out.
    fn open(&self, rule: RuleIndex) -> bool {
        self.notes.get(usize::from(rule.0)).is_none_or(|it| it.open)
    }

    /// All rules, by number.
    fn rules(&self) -> impl Iterator<Item = RuleIndex> + use<> {
        let count = u16::try_from(self.checked.rules.len()).unwrap_or(u16::MAX);
        (0..count).map(RuleIndex)
    }

    /// Keeps that something was looked at in part, of so many cells.
    fn note(&mut self, total: u128, at: Span, what: &str) {
        if !self.partly.iter().any(|(known, ..)| *known == at) {
            self.partly.push((at, what.to_owned(), total));
        }
    }

    /// Says what was looked at in part.
    fn partly(&mut self) {
        for (at, what, total) in std::mem::take(&mut self.partly) {
            self.say(say::partly_looked_at(at, &what, table::SAMPLE as u128, total));
        }
        if self.budget.exhausted
            && let Some(first) = self.ast.rules.first()
        {
            self.say(say::given_up(first.name.at));
        }
    }
}

/// The tests of some rules together.
fn together<'t>(tests: impl IntoIterator<Item = &'t [TestId]>) -> Vec<TestId> {
    stage::merged(tests.into_iter().flat_map(|tests| tests.iter().copied()))
}
