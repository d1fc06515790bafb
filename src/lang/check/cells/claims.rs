//! Whether invariants hold in every cell.

use super::super::super::ast::Verb;
use super::super::super::diagnostic as say;
use super::super::super::ir::{EffectPlan, ScopePlan};
use super::super::invariants::Claim;
use super::bits::Bits;
use super::stage::{Claimed, Heard, Stage, scope_of};
use super::table::Table;
use super::{Budget, Finding, Looker, paste, together, words};
use crate::model::HoldKind;

/// A cell in which a claim does not hold.
struct Broken<'s> {
    table: Table,
    cells: Bits,
    /// The rule that does it; none where no rule does what should be done.
    rule: Option<&'s Heard<'s>>,
}

impl Looker<'_> {
    pub(super) fn claims(&mut self) {
        let mut budget = std::mem::take(&mut self.budget);
        let mut found: Vec<Finding> = Vec::new();
        let mut said: Vec<*const Claim> = Vec::new();
        let mut notes = Vec::new();
        for stage in self.stages.iter().flatten() {
            for claimed in &stage.claims {
                // The first event on which it is broken is enough.
                if said.contains(&std::ptr::from_ref(claimed.claim)) {
                    continue;
                }
                let broken = if claimed.claim.always {
                    if self.missing.on(stage.event) {
                        continue;
                    }
                    self.never_done(stage, claimed, &mut notes, &mut budget)
                } else {
                    self.done(stage, claimed, &mut notes, &mut budget)
                };
                if let Some(broken) = broken {
                    said.push(std::ptr::from_ref(claimed.claim));
                    found.extend(self.broken(stage, claimed, &broken));
                }
            }
        }
        self.budget = budget;
        self.found.extend(found);
        for (at, total) in notes {
            self.note(total, at, "the invariant");
        }
    }

    /// Where a rule does what never should be done.
    fn done<'s>(
        &self,
        stage: &'s Stage<'_>,
        claimed: &Claimed<'_>,
        notes: &mut Vec<(super::Span, u128)>,
        budget: &mut Budget,
    ) -> Option<Broken<'s>> {
        for rule in &stage.heard {
            let effects = doing(stage, rule, claimed.claim);
            if effects.is_empty() || self.open(rule.index) {
                continue;
            }
            let table = table_of(stage, claimed, &[rule], budget)?;
            if table.is_sampled() {
                notes.push((claimed.claim.at, table.total()));
            }
            let mut cells = Stage::outcome(&table, &claimed.clauses, budget)?.holds;
            cells.keep(&stage.applied(rule, &table, budget)?.applies);
            cells.keep(&table.sure);
            cells.keep(&covered_by(stage, claimed.claim, &effects, &table));
            if !cells.is_empty() {
                return Some(Broken { table, cells, rule: Some(rule) });
            }
        }
        None
    }

    /// Where no rule does what always should be done.
    fn never_done<'s>(
        &self,
        stage: &'s Stage<'_>,
        claimed: &Claimed<'_>,
        notes: &mut Vec<(super::Span, u128)>,
        budget: &mut Budget,
    ) -> Option<Broken<'s>> {
        let doing: Vec<(&Heard<'_>, Vec<&EffectPlan>)> = stage
            .heard
            .iter()
            .map(|rule| (rule, doing(stage, rule, claimed.claim)))
            .filter(|(_, effects)| !effects.is_empty())
            .collect();
        let rules: Vec<&Heard<'_>> = doing.iter().map(|(rule, _)| *rule).collect();
        let table = table_of(stage, claimed, &rules, budget)?;
        if table.is_sampled() {
            notes.push((claimed.claim.at, table.total()));
        }
        let mut cells = Stage::outcome(&table, &claimed.clauses, budget)?.holds;
        cells.keep(&table.sure);
        for (rule, effects) in doing {
            let found = stage.applied(rule, &table, budget)?;
            // Where it cannot be evaluated the subject is held: nothing slips through.
            cells.drop_all(&found.unknown);
            let scopes = covered_by(stage, claimed.claim, &effects, &table);
            cells.drop_all(&found.applies.and(&scopes));
        }
        (!cells.is_empty()).then_some(Broken { table, cells, rule: None })
    }

    fn broken(
        &self,
        stage: &Stage<'_>,
        claimed: &Claimed<'_>,
        broken: &Broken<'_>,
    ) -> Option<Finding> {
        let Broken { table, cells, rule } = broken;
        let claim = claimed.claim;
        let cell = table.plainest(&stage.space, cells)?;
        let asked = rule.map_or(&[][..], |rule| &rule.all_tests);
        let mut asked = together([asked, &claimed.tests]);
        let attributes = claim
            .scope
            .iter()
            .chain(rule.iter().flat_map(|it| it.rule.effects.iter().filter_map(scope_of)));
        asked = together(
            [asked, attributes.flat_map(|it| stage.scope_ids(it)).collect()]
                .iter()
                .map(Vec::as_slice),
        );
        if rule.is_none() {
            asked = table.tests();
        }
        let shown = table.shown(cell, cells);
        let when = words::cell(self.checked, stage, &shown, &asked);
        let event = self.checked.events.get(stage.event as usize).map_or("", |it| &it.name);
        let when = match when.is_empty() {
            true => format!("on every `{event}`"),
            false => format!("on `{event}` when {when}"),
        };
        let verbs: Vec<String> = claim.verbs.iter().map(|verb| verb.text().to_owned()).collect();
        let target = match &claim.scope {
            Some(ScopePlan::Fixed(scope)) => format!(" {}", scope.name()),
            Some(ScopePlan::Attribute(..)) => " what the event says".to_owned(),
            None => String::new(),
        };
        let what = match rule {
            Some(rule) => {
                let done = verbs.iter().map(|verb| format!("{verb}s")).collect::<Vec<_>>();
                let done = match does_which(rule, claim) {
                    Some(verb) => format!("{}s", verb.text()),
                    None => words::listed(&done, "or"),
                };
                format!("`{}` {done}{target} {when}", self.name(rule.index))
            }
            None => format!("no rule does {}{target} {when}", words::listed(&verbs, "or")),
        };
        let name = claim.name.clone();
        let done = rule.and_then(|rule| {
            let effects = doing(stage, rule, claim);
            let here =
                |effect: &&&EffectPlan| covered_by(stage, claim, &[**effect], table).has(cell);
            effects.iter().find(here).copied()
        });
        let test = paste::test(self.checked, stage, claim, done, &table.values(cell));
        Some(say::broken_invariant(claim.at, name.as_deref(), &what, test.as_deref()))
    }
}

/// The first of the claim's verbs that a rule does.
fn does_which(rule: &Heard<'_>, claim: &Claim) -> Option<Verb> {
    let verb = |effect: &EffectPlan| verb_of(effect);
    rule.rule.effects.iter().filter_map(verb).find(|verb| claim.verbs.contains(verb))
}

fn verb_of(effect: &EffectPlan) -> Option<Verb> {
    match effect {
        EffectPlan::Hold { kind: HoldKind::Pause, .. } => Some(Verb::Pause),
        EffectPlan::Hold { kind: HoldKind::Stop, .. } => Some(Verb::Stop),
        EffectPlan::Ignore => Some(Verb::Ignore),
        EffectPlan::Resume { .. } => None,
    }
}

/// The effects of a rule that a claim is about.
fn doing<'r>(stage: &Stage<'_>, rule: &'r Heard<'_>, claim: &Claim) -> Vec<&'r EffectPlan> {
    let fits = |effect: &&EffectPlan| {
        let scope = match (&claim.scope, scope_of(effect)) {
            (None, _) => true,
            (Some(wanted), Some(own)) => stage.may_be_same(wanted, own),
            (Some(_), None) => false,
        };
        scope && verb_of(effect).is_some_and(|verb| claim.verbs.contains(&verb))
    };
    rule.rule.effects.iter().filter(fits).collect()
}

/// Where some of these effects are at the scope that a claim names.
fn covered_by(stage: &Stage<'_>, claim: &Claim, effects: &[&EffectPlan], table: &Table) -> Bits {
    let mut cells = table.none();
    for effect in effects {
        match (&claim.scope, scope_of(effect)) {
            (Some(wanted), Some(own)) => cells.add(&stage.same_scope(wanted, own, table)),
            _ => cells = table.all(),
        }
    }
    cells
}

/// The table of a claim and some rules.
fn table_of(
    stage: &Stage<'_>,
    claimed: &Claimed<'_>,
    rules: &[&Heard<'_>],
    budget: &mut Budget,
) -> Option<Table> {
    let plans = rules.iter().flat_map(|it| it.rule.effects.iter().filter_map(scope_of));
    let plans = plans.chain(&claimed.claim.scope);
    let scopes: Vec<_> = plans.flat_map(|plan| stage.scope_ids(plan)).collect();
    let tests = rules.iter().map(|it| it.all_tests.as_slice());
    stage.table(&together(tests.chain([scopes.as_slice(), &claimed.tests])), budget)
}
