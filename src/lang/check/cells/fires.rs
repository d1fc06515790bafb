//! Rules that can never fire.

use super::super::super::diagnostic as say;
use super::super::super::policy::RuleIndex;
use super::stage::{Heard, Stage};
use super::{Budget, Finding, Looker};

impl Looker<'_> {
    pub(super) fn never_fires(&mut self) {
        let mut budget = std::mem::take(&mut self.budget);
        let found = self.rules().filter_map(|rule| self.never(rule, &mut budget));
        let found: Vec<Finding> = found.collect();
        self.found.extend(found);
        self.budget = budget;
        let heard = self.stages.iter().flatten().flat_map(|stage| &stage.heard);
        let sampled = heard.filter_map(|it| Some((it.index, it.fires.as_ref()?.sampled?)));
        for (rule, total) in sampled.collect::<Vec<_>>() {
            if let Some(decl) = self.decl(rule) {
                self.note(total, decl.name.at, &format!("rule `{}`", decl.name.text));
            }
        }
    }

    fn never(&self, rule: RuleIndex, budget: &mut Budget) -> Option<Finding> {
        let heard = self.heard(rule)?;
        let decl = self.decl(rule)?;
        let first = heard.first()?;
        let mut matching = None;
        for (stage, place) in &heard {
            let fires = stage.heard.get(*place)?.fires.as_ref()?;
            if fires.applies {
                return None;
            }
            matching = matching.or_else(|| fires.matches.then_some((stage, place)));
        }
        let (why, help) = match matching {
            // What is wrong with the overriding is said there.
            Some(_) if self.notes.get(usize::from(rule.0))?.disputed => return None,
            Some((stage, place)) => self.overriding(stage, *place)?,
            None => {
                let (stage, place) = first;
                let why = Self::excluding(stage, stage.heard.get(*place)?, budget)?;
                (why, "remove the rule, or one of the conditions".to_owned())
            }
        };
        Some(say::never_fires(decl.name.at, &decl.name.text, &why, &help))
    }

    /// Which rules override one wherever it matches.
    fn overriding(&self, stage: &Stage<'_>, place: usize) -> Option<(String, String)> {
        let rule = stage.heard.get(place)?;
        let over = rule.overriders.iter().filter_map(|at| stage.heard.get(*at));
        let over: Vec<RuleIndex> =
            over.filter(|it| it.may_touch(rule)).map(|it| it.index).collect();
        let names = self.names(&over);
        let verb = if over.len() == 1 { "overrides" } else { "override" };
        let why = format!("wherever it matches, {names} {verb} it");
        Some((why, format!("remove it, or narrow {names}")))
    }

    /// Which conditions of a rule exclude each other.
    fn excluding(stage: &Stage<'_>, rule: &Heard<'_>, budget: &mut Budget) -> Option<String> {
        let table = stage.table(&rule.tests, budget)?;
        let text = |at: usize| {
            let clause = rule.rule.clauses.get(at);
            clause.map_or_else(String::new, |clause| {
                let word = if clause.except { "except " } else { "" };
                format!("`{word}{}`", clause.text)
            })
        };
        let mut none_holds = |places: &[usize]| {
            let clauses = places.iter().filter_map(|at| rule.clauses.get(*at));
            let outcome = table.run(clauses.map(|it| (it, [].as_slice())), budget);
            outcome.is_some_and(|it| it.holds.is_empty())
        };
        let all: Vec<usize> = (0..rule.clauses.len()).collect();
        let last = (1..=all.len()).find(|count| none_holds(all.get(..*count).unwrap_or(&[])))? - 1;
        if none_holds(&[last]) {
            return Some(format!("{} never holds", text(last)));
        }
        let first = (0..last).find(|first| none_holds(&[*first, last]));
        Some(match first {
            Some(first) => format!("{} and {} exclude each other", text(first), text(last)),
            None => format!("{} never holds where the conditions before it do", text(last)),
        })
    }
}
