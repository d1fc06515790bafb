//! An `ignore` that meets a pause or a stop on the same event.

use super::super::super::diagnostic as say;
use super::super::super::ir::EffectPlan;
use super::super::super::policy::RuleIndex;
use super::stage::{Heard, Stage};
use super::{Budget, Looker, MOST_NAMES, PAIR_COST, together, words};
use crate::model::HoldKind;

/// What one rule does that ignoring contradicts.
fn holds(rule: &Heard<'_>) -> Option<HoldKind> {
    let kinds = rule.rule.effects.iter().filter_map(|effect| match effect {
        EffectPlan::Hold { kind, .. } => Some(*kind),
        _ => None,
    });
    kinds.max_by_key(|kind| *kind == HoldKind::Stop)
}

impl Looker<'_> {
    pub(super) fn ignored(&mut self) {
        let mut budget = std::mem::take(&mut self.budget);
        let mut all: Vec<RuleIndex> = Vec::new();
        let mut found = Vec::new();
        for stage in self.stages.iter().flatten() {
            let ignores =
                |it: &&Heard<'_>| it.rule.effects.iter().any(|it| matches!(it, EffectPlan::Ignore));
            let known = |it: &&Heard<'_>| !self.open(it.index);
            let holding: Vec<&Heard<'_>> =
                stage.heard.iter().filter(known).filter(|it| holds(it).is_some()).collect();
            for rule in stage.heard.iter().filter(known).filter(ignores) {
                // Once for each rule is enough, whatever its other events.
                if !all.contains(&rule.index)
                    && let Some(finding) = self.ignoring(stage, rule, &holding, &mut budget)
                {
                    all.push(rule.index);
                    found.push(finding);
                }
            }
        }
        self.budget = budget;
        self.found.extend(found);
    }

    fn ignoring(
        &self,
        stage: &Stage<'_>,
        rule: &Heard<'_>,
        holding: &[&Heard<'_>],
        budget: &mut Budget,
    ) -> Option<super::Finding> {
        let mut met: Vec<&Heard<'_>> = Vec::new();
        let mut when = None;
        for other in holding {
            if !budget.spend(PAIR_COST) {
                break;
            }
            if !rule.may_meet(other) {
                continue;
            }
            let tests = together([rule.all_tests.as_slice(), &other.all_tests]);
            let Some(table) = stage.table(&tests, budget) else {
                break;
            };
            let own = stage.applied(rule, &table, budget)?;
            let theirs = stage.applied(other, &table, budget)?;
            let both = own.applies.and(&theirs.applies).and(&table.sure);
            let Some(cell) = table.plainest(&stage.space, &both) else {
                continue;
            };
            if met.is_empty() {
                let shown = table.shown(cell, &both);
                when = Some(words::cell(self.checked, stage, &shown, &tests));
            }
            met.push(other);
        }
        let first = met.first()?;
        let kind = if met.iter().any(|it| holds(it) == Some(HoldKind::Stop)) {
            HoldKind::Stop
        } else {
            HoldKind::Pause
        };
        let decl = self.decl(rule.index)?;
        let rules: Vec<RuleIndex> = met.iter().map(|it| it.index).collect();
        let verb = match (holds(first), kind, rules.len()) {
            (Some(HoldKind::Stop), _, 1) => "stops",
            (_, HoldKind::Pause, 1) => "pauses",
            (_, HoldKind::Pause, _) => "pause",
            _ => "hold",
        };
        let event = self.checked.events.get(stage.event as usize).map_or("", |it| &it.name);
        let mut when = when.unwrap_or_default();
        if when.is_empty() {
            when = format!("on every `{event}`");
        } else {
            when = format!("on `{event}` when {when}");
        }
        let names = self.names(&rules);
        let help = if kind == HoldKind::Stop {
            format!("a stop is not overridden: narrow `{}` with `except`", decl.name.text)
        } else if rules.len() > MOST_NAMES {
            "let it override them, or narrow it".to_owned()
        } else {
            let plain: Vec<&str> = rules.iter().map(|it| self.name(*it)).collect();
            let list = plain.join(", ");
            format!("add `overrides {list}` to it, or narrow one of them")
        };
        let at = decl.effects.first().map_or(decl.name.at, |effect| effect.at);
        Some(say::ignore_meets(at, &decl.name.text, &format!("{names} {verb}"), &when, &help))
    }
}
