//! The interpreter: one event, the facts, the rules that listen. Evaluating and explaining ask the
//! same questions through the same functions, so that they cannot disagree.

use super::effect::{Effect, End, Ending, Fired};
use super::event::TypedEvent;
use super::facts::{Counted, Facts};
use super::ir::{
    Calendar, Clause, EffectPlan, EndPlan, FAILS, HOLDS, List, Order, Otherwise, Question, Rule,
    ScopePlan, Side, Source, Step, Test, Val,
};
use super::literal;
use super::policy::{Policy, RuleIndex};
use super::program::Answers;
use crate::model::Scope;

/// One event with its facts.
pub(super) struct Scene<'a> {
    pub policy: &'a Policy,
    pub event: &'a TypedEvent,
    pub facts: &'a dyn Facts,
}

impl Policy {
    /// Adds all effects of all rules that match and are not overridden, in the order of the rules.
    /// Nothing is allocated when no rule matches.
    pub fn evaluate(&self, event: &TypedEvent, facts: &dyn Facts, fired: &mut Vec<Fired>) {
        let program = self.checked.programs.get(event.kind as usize);
        let Some(program) = program.filter(|program| !program.entries.is_empty()) else {
            return;
        };
        let scene = Scene { policy: self, event, facts };
        let mut answers = Answers::default();
        let (ask, read) = (|test| scene.ask(test), |source| scene.read(source));
        for entry in &program.entries {
            match program.matches(entry, &mut answers, ask, read) {
                Ok(false) => {}
                Ok(true) => {
                    // One that cannot be evaluated does not override: see `overriders`.
                    let overridden = entry.overridden_by.iter().any(|other| {
                        let other = program.entries.get(*other as usize);
                        other.is_some_and(|it| {
                            program.matches(it, &mut answers, ask, read).unwrap_or(false)
                        })
                    });
                    if let Some(rule) = scene.rule(entry.rule).filter(|_| !overridden) {
                        scene.effects(entry.rule, rule, fired);
                    }
                }
                Err(missing) => {
                    let action = Effect::Error(missing.to_string());
                    fired.push(Fired { rule: entry.rule, effect: 0, action });
                }
            }
        }
    }
}

/// What a rule reads is not there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Missing<'a>(&'a str);

impl std::fmt::Display for Missing<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{}` is unknown", self.0)
    }
}

impl<'a> Scene<'a> {
    pub fn rule(&self, index: RuleIndex) -> Option<&'a Rule> {
        self.policy.checked.rules.get(usize::from(index.0))
    }

    pub fn matches(&self, rule: &'a Rule) -> Result<bool, Missing<'a>> {
        for clause in &rule.clauses {
            if !self.passes(clause)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The rules that override this one and match the event. One that cannot be evaluated does
    /// not override: a hold too many is the lesser harm.
    pub fn overriders(&self, rule: &'a Rule) -> impl Iterator<Item = RuleIndex> {
        let listens = |rule: &Rule| rule.events.contains(&self.event.kind);
        rule.overridden_by.iter().copied().filter(move |index| {
            let other = self.rule(*index).filter(|other| listens(other));
            other.is_some_and(|other| self.matches(other).unwrap_or(false))
        })
    }

    /// Whether a clause lets its rule fire.
    fn passes(&self, clause: &'a Clause) -> Result<bool, Missing<'a>> {
        self.run(clause, |_, _| {})
    }

    /// Runs a clause's program and shows each test with its answer. Targets only ever lead to
    /// steps that were laid out before, so it ends.
    pub fn run(
        &self,
        clause: &'a Clause,
        mut seen: impl FnMut(&'a Test, bool),
    ) -> Result<bool, Missing<'a>> {
        let mut at = clause.entry;
        let holds = loop {
            let Some(Step { test, yes, no }) = clause.steps.get(at as usize) else {
                break at == HOLDS;
            };
            let answer = self.ask(test)?;
            seen(test, answer);
            at = if answer { *yes } else { *no };
        };
        debug_assert!(at == HOLDS || at == FAILS, "a program ends in one of its two ends");
        Ok(holds != clause.except)
    }

    pub fn read(&self, source: &'a Source) -> Option<Val<'a>> {
        let facts = self.facts;
        match source {
            Source::Attribute(number) => self.event.value(*number),
            Source::ProspectAddress => facts.prospect_address().map(Val::Text),
            Source::ProspectDomain => facts.prospect_domain().map(Val::Text),
            Source::ProspectZone => facts.prospect_zone().map(Val::Text),
            Source::ProspectField(name) => facts.prospect_field(name).map(Val::Text),
            Source::CompanyKey => facts.company_key().map(Val::Text),
            Source::CompanyStage => facts.company_stage().map(Val::Text),
            Source::CampaignKey => facts.campaign_key().map(Val::Text),
            Source::EnrollmentStep => facts.enrollment_step().map(Val::Number),
            Source::EnrollmentSends => facts.enrollment_sends().map(Val::Number),
            Source::DaysSinceLastSend => facts.days_since_last_send().map(Val::Number),
            Source::ProspectTags
            | Source::CompanyTags
            | Source::CampaignTags
            | Source::Window(_) => None,
        }
    }

    /// What a window counts.
    pub fn counted(&self, window: u32) -> Option<Counted> {
        self.facts.counted(window)
    }

    /// The answer to a test; nothing to read is an error, except where that is the question.
    fn ask(&self, test: &'a Test) -> Result<bool, Missing<'a>> {
        if let Question::Has(text) = &test.question {
            return self.has(test, text);
        }
        if let Source::Window(window) = test.source {
            let counted = self.counted(window).ok_or(Missing(&test.path))?;
            return Ok(reached(&test.question, counted));
        }
        let found = self.read(&test.source);
        if matches!(test.question, Question::Known) {
            // Tags are always there, even where there are none.
            let tags = [Source::ProspectTags, Source::CompanyTags, Source::CampaignTags];
            return Ok(found.is_some() || tags.contains(&test.source));
        }
        let found = found.ok_or(Missing(&test.path))?;
        let right = match &test.question {
            Question::Equals(side) | Question::Ordered(_, side) => match side {
                Side::Literal(datum) => Some(datum.val()),
                Side::Source(source, path) => Some(self.read(source).ok_or(Missing(path))?),
            },
            _ => None,
        };
        Ok(fits(&test.question, found, right, &self.policy.checked.lists))
    }

    fn has(&self, test: &'a Test, text: &str) -> Result<bool, Missing<'a>> {
        match &test.source {
            Source::ProspectTags => Ok(self.facts.prospect_has_tag(text)),
            Source::CompanyTags => Ok(self.facts.company_has_tag(text)),
            Source::CampaignTags => Ok(self.facts.campaign_has_tag(text)),
            source => match self.read(source) {
                Some(found) => Ok(fits(&test.question, found, None, &[])),
                None => Err(Missing(&test.path)),
            },
        }
    }

    pub fn effects(&self, index: RuleIndex, rule: &'a Rule, fired: &mut Vec<Fired>) {
        for (number, plan) in rule.effects.iter().enumerate() {
            let failed = |missing: Missing<'_>| Effect::Error(missing.to_string());
            let action = self.effect(plan).unwrap_or_else(failed);
            let effect = u8::try_from(number).unwrap_or(u8::MAX);
            fired.push(Fired { rule: index, effect, action });
        }
    }

    fn effect(&self, plan: &'a EffectPlan) -> Result<Effect, Missing<'a>> {
        Ok(match plan {
            EffectPlan::Ignore => Effect::Ignore,
            EffectPlan::Resume { scope, rules } => {
                Effect::Resume { scope: self.scope(scope)?, rules: rules.clone() }
            }
            EffectPlan::Hold { kind, scope, end, mode } => Effect::Hold {
                kind: *kind,
                scope: self.scope(scope)?,
                end: self.end(end)?,
                mode: *mode,
            },
        })
    }

    fn scope(&self, plan: &'a ScopePlan) -> Result<Scope, Missing<'a>> {
        match plan {
            ScopePlan::Fixed(scope) => Ok(*scope),
            ScopePlan::Attribute(number, scopes) => match (self.event.value(*number), scopes) {
                (Some(Val::Scope(scope)), _) => Ok(scope),
                (Some(Val::Enum(value)), Some(scopes)) => {
                    scopes.get(value as usize).copied().ok_or(Missing("the scope"))
                }
                _ => Err(Missing("the scope")),
            },
        }
    }

    fn end(&self, plan: &'a EndPlan) -> Result<Ending, Missing<'a>> {
        let EndPlan::Until { word, value, otherwise, max_ms } = plan else {
            return Ok(Ending { end: End::Open, max_ms: None });
        };
        let found = match value {
            None => None,
            Some(Side::Literal(datum)) => Some(datum.val()),
            Some(Side::Source(source, _)) => self.read(source),
        };
        let end = match (word, found, otherwise) {
            (Calendar::For, Some(Val::Duration(ms)), _) => End::After { ms },
            (Calendar::At, Some(Val::Date(date)), _) => End::OnDate(date),
            (Calendar::At, Some(Val::Instant(at)), _) => End::At(at),
            (Calendar::DayAfter, Some(Val::Date(date)), _) => End::DayAfter(date),
            (Calendar::NextBusinessDay, Some(Val::Date(date)), _) => {
                End::NextBusinessDay(Some(date))
            }
            (Calendar::NextBusinessDay, None, _) if value.is_none() => End::NextBusinessDay(None),
            (_, None, Some(Otherwise::Manual)) => End::Open,
            (_, None, Some(Otherwise::AfterMs(ms))) => End::After { ms: *ms },
            // A policy that passed its checks asked whether it is known, or says what happens else.
            _ => return Err(Missing("the end")),
        };
        let max_ms = max_ms.filter(|_| end != End::Open);
        Ok(Ending { end, max_ms })
    }
}

/// Whether a value is what a question wants; `right` is what it is compared with, if with anything.
pub(super) fn fits(
    question: &Question,
    found: Val<'_>,
    right: Option<Val<'_>>,
    lists: &[List],
) -> bool {
    let text = |fits: &dyn Fn(&str) -> bool| matches!(found, Val::Text(text) if fits(text));
    match question {
        Question::Known => true,
        Question::Has(wanted) => {
            matches!(found, Val::List(list) if list.iter().any(|entry| entry == wanted))
        }
        Question::AtLeast(_) | Question::Share { .. } => false,
        Question::True => found == Val::Bool(true),
        Question::Equals(_) => right == Some(found),
        Question::Ordered(Order::Less, _) => right.is_some_and(|right| found < right),
        Question::Ordered(Order::LessOrEqual, _) => right.is_some_and(|right| found <= right),
        Question::OneOf(values) => values.binary_search_by(|value| value.val().cmp(&found)).is_ok(),
        Question::InList(list) => {
            let list = lists.get(*list as usize);
            text(&|text| list.is_some_and(|list| list.entries.contains(text)))
        }
        Question::StartsWith(part) => text(&|text| text.starts_with(&**part)),
        Question::EndsWith(part) => text(&|text| text.ends_with(&**part)),
        Question::Matches(pattern) => text(&|text| literal::glob(pattern, text)),
    }
}

/// Whether a window counts what a question wants.
pub(super) fn reached(question: &Question, Counted { count, of, .. }: Counted) -> bool {
    match *question {
        Question::AtLeast(least) => count >= least,
        Question::Share { millionths, above, least } => {
            let share = u64::from(count) * 1_000_000;
            let wanted = u64::from(of) * u64::from(millionths);
            of >= least && if above { share > wanted } else { share >= wanted }
        }
        _ => false,
    }
}
