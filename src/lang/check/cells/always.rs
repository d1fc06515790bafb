//! Conditions that decide nothing: a clause, or a term of one, without which the rule would match
//! the same events.

use super::super::super::ast::{ConditionKind, Span};
use super::super::super::diagnostic as say;
use super::super::super::ir::{EffectPlan, EndPlan, Question, ScopePlan, Side, Source, Step};
use super::super::super::policy::RuleIndex;
use super::super::conditions::{Term, Written};
use super::stage::{Heard, Stage};
use super::table::{Outcome, Table};
use super::{Budget, Finding, Looker};

/// The most findings about one rule: one that is built of empty words has as many as words.
const MOST_EACH: usize = 8;

/// A rule on one of its events, as it is.
struct Scene<'s> {
    rule: &'s Heard<'s>,
    table: Table,
    own: Outcome,
}

/// What is left out of a rule. Each finding holds by itself, and all of a rule's hold together.
#[derive(Clone)]
struct Without {
    clauses: Vec<usize>,
    /// By clause.
    terms: Vec<Vec<Term>>,
}

impl Without {
    fn nothing(clauses: usize) -> Self {
        Self { clauses: Vec::new(), terms: vec![Vec::new(); clauses] }
    }
}

impl Looker<'_> {
    pub(super) fn always_true(&mut self) {
        let mut budget = std::mem::take(&mut self.budget);
        for rule in self.rules() {
            let found = self.deciding_nothing(rule, &mut budget);
            self.found.extend(found.unwrap_or_default());
        }
        self.budget = budget;
    }

    fn deciding_nothing(&self, rule: RuleIndex, budget: &mut Budget) -> Option<Vec<Finding>> {
        let written = &self.notes.get(usize::from(rule.0))?.written;
        if written.is_empty() {
            return None;
        }
        let heard = self.heard(rule)?;
        let mut scenes = Vec::new();
        for (stage, place) in heard {
            let rule = stage.heard.get(place)?;
            let table = stage.table(&rule.tests, budget)?;
            let own = Stage::outcome(&table, &rule.clauses, budget)?;
            scenes.push(Scene { rule, table, own });
        }
        let matches = |scene: &Scene<'_>| !scene.own.holds.is_empty();
        if !scenes.iter().any(matches) || scenes.iter().any(|scene| !scene.table.whole) {
            return None;
        }
        let mut without = Without::nothing(written.len());
        let mut found = Vec::new();
        for (number, clause) in written.iter().enumerate().rev() {
            self.clause(number, clause, &scenes, &mut without, budget, &mut found)?;
        }
        Some(found)
    }

    fn clause(
        &self,
        number: usize,
        written: &Written,
        scenes: &[Scene<'_>],
        without: &mut Without,
        budget: &mut Budget,
        found: &mut Vec<Finding>,
    ) -> Option<()> {
        let first = scenes.first()?;
        let clause = first.rule.rule.clauses.get(number)?;
        let steps = clause.steps.len();
        if found.len() < MOST_EACH && !guards(first, number, 0..steps) {
            let mut less = without.clone();
            less.clauses.push(number);
            let mut alone = Without::nothing(without.terms.len());
            alone.clauses.push(number);
            if same(scenes, &less, budget)? && same(scenes, &alone, budget)? {
                *without = less;
                let (text, at) = (self.text(clause.at), clause.at);
                found.push(match written.kind {
                    ConditionKind::Except => say::decides_nothing(
                        at,
                        &format!("`except {text}` excludes nothing that the rest lets through"),
                    ),
                    _ => say::decides_nothing(
                        at,
                        &format!("`{text}` always holds where the rest of the rule does"),
                    ),
                });
                return Some(());
            }
        }
        // Wide terms first: what is inside one that is left out needs no word.
        let mut terms: Vec<Term> = written.terms.clone();
        terms.sort_by_key(|term| (std::cmp::Reverse(term.end - term.first), term.first));
        for term in terms {
            if found.len() >= MOST_EACH {
                break;
            }
            let left_out = without.terms.get(number)?;
            let inside = |it: &Term| it.first <= term.first && term.end <= it.end;
            if left_out.iter().any(inside) {
                continue;
            }
            let range = term.first as usize..term.end as usize;
            if guards(first, number, range) {
                continue;
            }
            let mut less = without.clone();
            less.terms.get_mut(number)?.push(term);
            let mut alone = Without::nothing(without.terms.len());
            alone.terms.get_mut(number)?.push(term);
            if same(scenes, &less, budget)? && same(scenes, &alone, budget)? {
                *without = less;
                let text = self.text(term.at);
                found.push(say::decides_nothing(
                    term.at,
                    &format!("`{text}` decides nothing: without it the rule matches the same"),
                ));
            }
        }
        Some(())
    }

    fn text(&self, at: Span) -> String {
        super::super::super::scan::squeezed(self.lines.text(at))
    }
}

/// Whether a rule without these parts holds, and cannot be evaluated, where it does now.
fn same(scenes: &[Scene<'_>], without: &Without, budget: &mut Budget) -> Option<bool> {
    for scene in scenes {
        let clauses = scene.rule.clauses.iter().zip(&without.terms).enumerate();
        let kept = clauses.filter(|(number, _)| !without.clauses.contains(number));
        let less = scene.table.run(kept.map(|(_, (it, terms))| (it, terms.as_slice())), budget)?;
        if less != scene.own {
            return Some(false);
        }
    }
    Some(true)
}

/// Whether steps of a clause ask that something is known which the rule reads elsewhere: the check
/// wants that, whether or not it could ever be unknown.
fn guards(scene: &Scene<'_>, number: usize, range: std::ops::Range<usize>) -> bool {
    let clauses = &scene.rule.rule.clauses;
    let Some(steps) = clauses.get(number).and_then(|clause| clause.steps.get(range.clone())) else {
        return true;
    };
    let known = |step: &&Step| matches!(step.test.question, Question::Known);
    let asked: Vec<&Source> = steps.iter().filter(known).map(|step| &step.test.source).collect();
    if asked.is_empty() {
        return false;
    }
    let always = |step: &Step| {
        let id = scene.rule.clauses.get(number).and_then(|clause| {
            let at = clauses.get(number)?.steps.iter().position(|it| it.test == step.test)?;
            clause.ids.get(at)
        });
        let yes = id.and_then(|id| scene.table.yes(*id));
        yes.is_some_and(|yes| scene.table.all().within(yes))
    };
    // That it is always known is said where its name is looked at.
    if steps.iter().all(|step| matches!(step.test.question, Question::Known) && always(step)) {
        return true;
    }
    let all = clauses.iter().enumerate().flat_map(|(at, clause)| {
        clause.steps.iter().enumerate().map(move |(step, it)| (at, step, it))
    });
    let mut elsewhere = all.filter(|(at, step, _)| *at != number || !range.contains(step));
    let reads = |step: &Step| {
        let side = match &step.test.question {
            Question::Known => return false,
            Question::Equals(Side::Source(side, _))
            | Question::Ordered(_, Side::Source(side, _)) => Some(side),
            _ => None,
        };
        asked.contains(&&step.test.source) || side.is_some_and(|side| asked.contains(&side))
    };
    elsewhere.any(|(_, _, step)| reads(step))
        || scene.rule.rule.effects.iter().any(|effect| asked.iter().any(|it| takes(effect, it)))
}

/// Whether an effect takes its scope or its end from a source.
fn takes(effect: &EffectPlan, source: &Source) -> bool {
    let scope = match super::stage::scope_of(effect) {
        Some(ScopePlan::Attribute(number, _)) => Source::Attribute(*number) == *source,
        _ => false,
    };
    let end = match effect {
        EffectPlan::Hold {
            end: EndPlan::Until { value: Some(Side::Source(it, _)), .. }, ..
        } => it == source,
        _ => false,
    };
    scope || end
}
