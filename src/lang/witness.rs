//! What an event shows of the rules that listen to it: that one fires, that an `except` prevents
//! it, on which side of a threshold it was. Coverage is made of this. It asks through the same
//! functions that evaluate.

use chrono::NaiveDate;

use super::ast::Span;
use super::effect::{ClauseTrace, RuleTrace, RuleVerdict};
use super::evaluate::Scene;
use super::event::TypedEvent;
use super::facts::Facts;
use super::ir::{Clause, Datum, EffectPlan, Order, Question, Side, Source, Test, Val};
use super::policy::{Policy, RuleIndex};
use super::script::Script;

/// One thing that a test can show of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Point {
    Fired,
    /// The `except` of that number, alone, kept it from firing.
    Prevented(u32),
    /// The `except` of that number held, and so did another.
    Beside(u32),
    /// All else held, and a threshold (clause, step) was met just above, or just below.
    Side {
        clause: u32,
        step: u32,
        above: bool,
    },
    /// It took the place of that rule.
    Overrode(RuleIndex),
}

/// A point of a rule, where it stands, and what is missing while nothing showed it.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub point: Point,
    pub at: Span,
    pub missing: String,
}

/// An event that was evaluated, and what it showed.
#[derive(Clone, Debug)]
pub(crate) struct Witness {
    /// The type of the event.
    pub kind: String,
    pub traces: Vec<RuleTrace>,
    pub points: Vec<(RuleIndex, Point)>,
}

/// A threshold: the greatest value below it, and the least above it, where there are such.
struct Threshold {
    just: Option<(i64, i64)>,
    is_date: bool,
}

impl Policy {
    /// The tests of the policy, in the order of the text.
    pub(crate) fn tests(&self) -> &[Script] {
        &self.checked.scripts
    }

    /// Whether a rule says `ignore`.
    pub(crate) fn ignores(&self, rule: RuleIndex) -> bool {
        let rule = self.checked.rules.get(usize::from(rule.0));
        let ignore = |plan: &EffectPlan| matches!(plan, EffectPlan::Ignore);
        rule.is_some_and(|rule| rule.effects.iter().any(ignore))
    }

    /// Where a rule says its name.
    pub(crate) fn rule_at(&self, rule: RuleIndex) -> Option<Span> {
        self.checked.places.get(usize::from(rule.0)).map(|places| places.name)
    }

    /// All that tests can show of a rule.
    pub(crate) fn points(&self, rule: RuleIndex) -> Vec<Wanted> {
        let number = usize::from(rule.0);
        let (Some(info), Some(compiled), Some(places)) = (
            self.rules().get(number),
            self.checked.rules.get(number),
            self.checked.places.get(number),
        ) else {
            return Vec::new();
        };
        let name = info.name.as_str();
        let missing = format!("{name} never fired");
        let mut points = vec![Wanted { point: Point::Fired, at: places.name, missing }];
        for (clause, of) in (0_u32..).zip(&compiled.clauses) {
            if of.except {
                let missing = format!("`except` never prevented {name}: {}", of.text);
                points.push(Wanted { point: Point::Prevented(clause), at: of.at, missing });
            }
            for (step, test) in (0_u32..).zip(of.steps.iter().map(|step| &step.test)) {
                let Some(threshold) = threshold(test) else {
                    continue;
                };
                for above in [false, true] {
                    let side = threshold.side(above);
                    let missing = format!("threshold of {name} never seen {side}: {}", of.text);
                    let point = Point::Side { clause, step, above };
                    points.push(Wanted { point, at: of.at, missing });
                }
            }
        }
        for (other, at) in &places.overrides {
            let other_name = self.rules().get(usize::from(other.0)).map_or("", |rule| &rule.name);
            let missing = format!("{name} never overrode {other_name}");
            points.push(Wanted { point: Point::Overrode(*other), at: *at, missing });
        }
        points
    }

    /// What an event shows.
    pub(crate) fn witness(&self, event: &TypedEvent, facts: &dyn Facts) -> Witness {
        let traces = self.explain(event, facts);
        let scene = Scene { policy: self, event, facts };
        let mut points = Vec::new();
        for trace in &traces {
            match &trace.verdict {
                RuleVerdict::Fired => points.push((trace.rule, Point::Fired)),
                RuleVerdict::OverriddenBy(others) => {
                    points.extend(others.iter().map(|rule| (*rule, Point::Overrode(trace.rule))));
                }
                RuleVerdict::NotMatched | RuleVerdict::Failed(_) => {}
            }
            scene.sides(trace, &mut points);
        }
        Witness { kind: self.kind_name(event).to_owned(), traces, points }
    }
}

impl<'a> Scene<'a> {
    /// What the clauses of a rule show, each with all others passing.
    fn sides(&self, trace: &RuleTrace, points: &mut Vec<(RuleIndex, Point)>) {
        let Some(rule) = self.rule(trace.rule) else {
            return;
        };
        let failing = trace.clauses.iter().filter(|clause| clause.pass != Some(true)).count();
        let excepts = |(clause, traced): (&Clause, &ClauseTrace)| {
            traced.pass == Some(true) || (clause.except && traced.pass == Some(false))
        };
        let excepted = rule.clauses.iter().zip(&trace.clauses).all(excepts);
        for ((number, clause), traced) in (0_u32..).zip(&rule.clauses).zip(&trace.clauses) {
            if failing > usize::from(traced.pass != Some(true)) {
                if excepted && traced.pass == Some(false) {
                    points.push((trace.rule, Point::Beside(number)));
                }
                continue;
            }
            if clause.except && traced.pass == Some(false) {
                points.push((trace.rule, Point::Prevented(number)));
            }
            for (step, above) in self.thresholds(clause) {
                let point = Point::Side { clause: number, step, above };
                points.push((trace.rule, point));
            }
        }
    }

    /// The thresholds of a clause that were met just on one side, by their steps.
    fn thresholds(&self, clause: &'a Clause) -> Vec<(u32, bool)> {
        let mut met = Vec::new();
        // What cannot be read ends the program: what was asked before it was seen all the same.
        let _ended_early = self
            .run(clause, |test, answer| {
                let step = clause.steps.iter().position(|step| std::ptr::eq(&step.test, test));
                let step = step.and_then(|step| u32::try_from(step).ok());
                met.extend(step.zip(self.side_of(test, answer)));
            })
            .is_err();
        met
    }

    /// On which side of its threshold a test was, if just on one.
    fn side_of(&self, test: &'a Test, answer: bool) -> Option<bool> {
        let threshold = threshold(test)?;
        // What is less is below; the answer to "enough" is above.
        let above = answer != matches!(test.question, Question::Ordered(..));
        let Some((below, least)) = threshold.just else {
            return Some(above);
        };
        let found = match test.source {
            Source::Window(window) => Some(i64::from(self.counted(window)?.count)),
            _ => self.read(&test.source).and_then(ordinal),
        };
        (found? == if above { least } else { below }).then_some(above)
    }
}

/// The threshold that a test asks about, if it compares with one that is written out.
fn threshold(test: &Test) -> Option<Threshold> {
    match &test.question {
        Question::Ordered(order, Side::Literal(datum)) => {
            let just = match datum {
                Datum::Number(_) | Datum::Date(_) => {
                    ordinal(datum.val()).map(|value| match order {
                        Order::Less => (value.saturating_sub(1), value),
                        Order::LessOrEqual => (value, value.saturating_add(1)),
                    })
                }
                _ => None,
            };
            Some(Threshold { just, is_date: matches!(datum, Datum::Date(_)) })
        }
        Question::AtLeast(least) => {
            let least = i64::from(*least);
            Some(Threshold { just: Some((least - 1, least)), is_date: false })
        }
        Question::Share { .. } => Some(Threshold { just: None, is_date: false }),
        _ => None,
    }
}

/// Whole numbers and dates have neighbours.
fn ordinal(value: Val<'_>) -> Option<i64> {
    match value {
        Val::Number(number) => Some(number),
        Val::Date(date) => Some(i64::from(date.to_epoch_days())),
        _ => None,
    }
}

impl Threshold {
    /// A side in words.
    fn side(&self, above: bool) -> String {
        let Some((below, least)) = self.just else {
            return if above { "at or above" } else { "below" }.to_owned();
        };
        let value = if above { least } else { below };
        let days = i32::try_from(value).ok().filter(|_| self.is_date);
        match days.and_then(NaiveDate::from_epoch_days) {
            Some(date) => format!("at {date}"),
            None => format!("at {value}"),
        }
    }
}
