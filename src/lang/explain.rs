//! Why each rule fired or did not, from the same functions that evaluate.

use std::fmt::Write as _;

use super::effect::{ClauseTrace, Effect, RuleTrace, RuleVerdict};
use super::evaluate::Scene;
use super::event::TypedEvent;
use super::facts::{Counted, Facts};
use super::ir::{Clause, Question, Source, Spoken, Test, Val};
use super::policy::{Policy, RuleIndex};

impl Policy {
    /// What became of each rule that listens to the event, and why, in the order of the rules.
    #[must_use]
    pub fn explain(&self, event: &TypedEvent, facts: &dyn Facts) -> Vec<RuleTrace> {
        let Some(kind) = self.kind_of(event) else {
            return Vec::new();
        };
        let scene = Scene { policy: self, event, facts };
        let trace = |index: &RuleIndex| {
            let rule = scene.rule(*index)?;
            let verdict = match scene.matches(rule) {
                Ok(false) => RuleVerdict::NotMatched,
                Ok(true) => {
                    let overriders: Vec<_> = scene.overriders(rule).collect();
                    let mut fired = Vec::new();
                    scene.effects(*index, rule, &mut fired);
                    let error = fired.iter().find_map(|fired| match &fired.action {
                        Effect::Error(why) => Some(why.clone()),
                        _ => None,
                    });
                    match (overriders.is_empty(), error) {
                        (false, _) => RuleVerdict::OverriddenBy(overriders),
                        (true, Some(why)) => RuleVerdict::Failed(why),
                        (true, None) => RuleVerdict::Fired,
                    }
                }
                Err(missing) => RuleVerdict::Failed(missing.to_string()),
            };
            let clauses = rule.clauses.iter().map(|clause| scene.trace(clause)).collect();
            Some(RuleTrace { rule: *index, verdict, clauses })
        };
        kind.listeners.iter().filter_map(trace).collect()
    }
}

impl<'a> Scene<'a> {
    fn trace(&self, clause: &'a Clause) -> ClauseTrace {
        let mut tests = Vec::new();
        let answer = self.run(clause, |test, answer| tests.push((test, answer)));
        let mut actual = String::new();
        let alone = clause.steps.len() == 1;
        for (test, answer) in tests {
            if !actual.is_empty() {
                actual.push_str(", ");
            }
            self.show(test, answer, alone, &mut actual);
        }
        if let Err(missing) = &answer {
            let comma = if actual.is_empty() { "" } else { ", " };
            let _ = write!(actual, "{comma}{missing}");
        }
        let word = if clause.except { "except " } else { "" };
        ClauseTrace { text: format!("{word}{}", clause.text), pass: answer.ok(), actual }
    }

    /// What a test found; with its path in front unless it is alone.
    fn show(&self, test: &'a Test, answer: bool, alone: bool, out: &mut String) {
        if let Source::Window(window) = test.source {
            self.show_count(test, window, alone, out);
            return;
        }
        let value = match (&test.source, self.read(&test.source)) {
            (Source::ProspectTags, _) => tags(|each| self.facts.prospect_tags(each)),
            (Source::CompanyTags, _) => tags(|each| self.facts.company_tags(each)),
            (Source::CampaignTags, _) => tags(|each| self.facts.campaign_tags(each)),
            (_, None) => "unknown".to_owned(),
            (_, Some(value)) => shown(value, test),
        };
        if let Question::InList(list) = &test.question {
            let entries = self.policy.checked.lists.get(*list as usize);
            let count = entries.map_or(0, |list| list.entries.len());
            let is = if answer { "is" } else { "is not" };
            let _ = write!(out, "{value} {is} in the list of {count}");
        } else if alone {
            out.push_str(&value);
        } else {
            let _ = write!(out, "{} is {value}", test.path);
        }
    }
}

impl Scene<'_> {
    /// `4`, `at least 4096`, or `3 of 120, 2.50%`.
    fn show_count(&self, test: &Test, window: u32, alone: bool, out: &mut String) {
        if !alone {
            let _ = write!(out, "{} is ", test.path);
        }
        let Some(Counted { count, of, or_more }) = self.counted(window) else {
            out.push_str("unknown");
            return;
        };
        if or_more {
            out.push_str("at least ");
        }
        let _ = write!(out, "{count}");
        if matches!(test.question, Question::Share { .. }) {
            // Hundredths of a percent are enough to see on which side it is.
            let share = (u64::from(count) * 10_000).checked_div(u64::from(of));
            let _ = write!(out, " of {of}");
            if let Some(share) = share {
                let _ = write!(out, ", {}.{:02}%", share / 100, share % 100);
            }
        }
    }
}

fn tags(visit: impl Fn(&mut dyn FnMut(&str))) -> String {
    let mut all = Vec::new();
    visit(&mut |tag| all.push(tag.to_owned()));
    if all.is_empty() { "no tags".to_owned() } else { all.join(", ") }
}

fn shown(value: Val<'_>, test: &Test) -> String {
    match value {
        Val::Text(text) => text.to_owned(),
        Val::Number(number) => number.to_string(),
        Val::Bool(flag) => flag.to_string(),
        Val::Instant(at) => at.to_string(),
        Val::Date(date) => date.to_string(),
        Val::Duration(ms) => Spoken(ms).to_string(),
        Val::Scope(scope) => scope.to_string(),
        Val::List([]) => "an empty list".to_owned(),
        Val::List(list) => list.iter().map(|text| &**text).collect::<Vec<_>>().join(", "),
        Val::Enum(value) => {
            let values = test.values.as_deref().unwrap_or_default();
            values.get(value as usize).map_or_else(String::new, |name| name.to_string())
        }
    }
}
