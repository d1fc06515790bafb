//! The reference interpreter: what the language means, said as plainly as possible. It walks the
//! tree with names as text, looks everything up where it needs it, and counts windows over a list
//! of past events. It shares nothing with the check, the programs or the interpreter that runs in
//! the engine: tests and fuzzing compare the two, and where they differ one of them is wrong.

mod values;

use std::collections::BTreeMap;

use super::ast::{
    Ast, Condition, ConditionKind, EffectDecl, ExprId, ListKind, Moment, Node, Operand,
    OperandNode, Operator, Right, RuleDecl, Tail, Verb, WindowDecl, Word,
};
use super::effect::{End, Ending};
use super::facts::Facts;
use super::report::Findings;
use super::{bundle, policy};
use crate::model::{Event, HoldKind, Instant, PolicyBundle, ResumeMode, Scope};
use values::{Val, duration_ms, glob, literal};

/// More than 64 brackets can nest: an `or`, an `and` and a `not` for each.
const MAX_DEPTH: usize = 3 * 65;
/// One hour, in milliseconds.
const HOUR_MS: i64 = 3_600_000;

/// What one effect of a rule does; rules are named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Places a hold.
    Hold {
        /// Pause or stop.
        kind: HoldKind,
        /// What it covers.
        scope: Scope,
        /// How it ends by itself.
        end: Ending,
        /// How it resumes.
        mode: ResumeMode,
    },
    /// Does nothing, on purpose.
    Ignore,
    /// Lifts the pauses that these rules placed.
    Resume {
        /// Which target of the event's subject.
        scope: Scope,
        /// The names of the rules.
        from: Vec<String>,
    },
    /// The rule could not be evaluated, and why.
    Error(String),
}

/// What all rules do on an event: by rule, and by the effect's position within the rule, from 0.
pub type Acts = BTreeMap<(String, usize), Act>;

/// The message for a window at a scope at which the event names nothing.
pub const NOBODY: &str = "the window counts for nobody";

/// A policy as it was read: not checked, not compiled. It means something only if its bundle
/// compiles.
#[derive(Debug)]
pub struct Reference {
    ast: Ast,
}

impl Reference {
    /// Reads a bundle.
    #[must_use]
    pub fn new(bundle: &PolicyBundle) -> Self {
        Self { ast: bundle::read(bundle, policy::VOCABULARY.1, &mut Findings::default()) }
    }

    /// What the rules do on an event; none if the event is not as it is declared. The past is all
    /// that was taken before, in any order; the subject of each event names its company and sender
    /// where it has them.
    #[must_use]
    pub fn evaluate(&self, event: &Event, past: &[Event], facts: &dyn Facts) -> Option<Acts> {
        let values = values::read(&self.ast, event)?;
        let scene = Scene { ast: &self.ast, event, values, past, facts };
        let mut acts = Acts::new();
        for rule in self.ast.rules.iter().filter(|rule| scene.listens(rule)) {
            let name = &rule.name.text;
            match scene.matches(rule) {
                Err(why) => drop(acts.insert((name.clone(), 0), Act::Error(why))),
                Ok(true) if !scene.is_overridden(rule) => {
                    let is_mode = |it: &&EffectDecl| it.verb == Verb::Resume && it.from.is_empty();
                    let behind = rule.effects.iter().skip(1).map(Some).chain([None]);
                    let effects = rule.effects.iter().zip(behind);
                    let effects = effects.filter(|(effect, _)| !is_mode(effect));
                    acts.extend(effects.enumerate().map(|(number, (effect, behind))| {
                        let said = behind.filter(is_mode).and_then(|it| it.target.as_ref());
                        let mode = said.and_then(|it| ResumeMode::named(&it.text));
                        let act = scene.effect(effect, mode.unwrap_or_default());
                        ((name.clone(), number), act.unwrap_or_else(Act::Error))
                    }));
                }
                Ok(_) => {}
            }
        }
        Some(acts)
    }
}

/// One event with all that rules may read.
struct Scene<'a> {
    ast: &'a Ast,
    event: &'a Event,
    values: BTreeMap<String, Val>,
    past: &'a [Event],
    facts: &'a dyn Facts,
}

fn unknown(path: &str) -> String {
    format!("`{path}` is unknown")
}

impl Scene<'_> {
    fn listens(&self, rule: &RuleDecl) -> bool {
        rule.on.iter().any(|on| on.text == self.event.kind)
    }

    /// Whether all conditions let the rule fire. The first that does not ends it, and so does the
    /// first that reads what is not there; windows come after all else.
    fn matches(&self, rule: &RuleDecl) -> Result<bool, String> {
        let counts = |condition: &&Condition| condition.kind == ConditionKind::When;
        let looks = rule.conditions.iter().filter(|condition| !counts(condition));
        for Condition { kind, expr } in looks.chain(rule.conditions.iter().filter(counts)) {
            if self.holds(*expr, 0)? == (*kind == ConditionKind::Except) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether another rule that matches overrides this one. One that cannot be evaluated does
    /// not: a hold too many is the lesser harm.
    fn is_overridden(&self, rule: &RuleDecl) -> bool {
        let overrides = |other: &RuleDecl| {
            other.overrides.iter().any(|name| name.text == rule.name.text) && self.listens(other)
        };
        let mut others = self.ast.rules.iter().filter(|other| overrides(other));
        others.any(|other| self.matches(other) == Ok(true))
    }

    fn holds(&self, expr: ExprId, depth: usize) -> Result<bool, String> {
        let expr = self.ast.exprs.get(expr.0 as usize).filter(|_| depth < MAX_DEPTH);
        match expr.map(|expr| &expr.node) {
            None => Err("the condition is nested too deep".to_owned()),
            Some(Node::Not(inner)) => Ok(!self.holds(*inner, depth + 1)?),
            Some(Node::All(parts)) => {
                for part in parts {
                    if !self.holds(*part, depth + 1)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Some(Node::Any(parts)) => {
                for part in parts {
                    if self.holds(*part, depth + 1)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Some(Node::Window(number)) => {
                let decl = self.ast.windows.get(*number as usize);
                decl.and_then(|decl| self.window(decl)).ok_or_else(|| NOBODY.to_owned())
            }
            Some(Node::Compare { left, test, right }) => {
                let test = test.map(|(operator, _)| operator);
                self.compare(left, test, right.as_ref())
            }
        }
    }

    fn compare(
        &self,
        left: &Operand,
        operator: Option<Operator>,
        right: Option<&Right>,
    ) -> Result<bool, String> {
        use Operator::{In, Is, IsNot, NotIn};
        let (Some(operator), Some(right)) = (operator, right) else {
            return Ok(self.value(left)? == Val::Bool(true));
        };
        let turned = matches!(operator, IsNot | NotIn);
        let answer = match (&left.node, operator, right) {
            (OperandNode::Text(text), _, Right::One(list)) => match self.value(list)? {
                Val::List(list) => list.contains(text),
                _ => false,
            },
            (_, Is | IsNot, Right::One(Operand { node: OperandNode::Path(word), .. }))
                if word == "known" || word == "unknown" =>
            {
                // An enum may have a value for what is unknown.
                let found = self.read(left).filter(|it| *it != Val::Name("unknown".to_owned()));
                found.is_some() == (word == "known")
            }
            (_, In | NotIn, Right::List(entries, _)) => {
                let found = self.value(left)?;
                entries.iter().any(|it| literal(&found, &it.value.node).as_ref() == Some(&found))
            }
            (_, In | NotIn, Right::One(list)) => self.is_listed(&self.value(left)?, list),
            (_, _, Right::One(other)) => {
                let found = self.value(left)?;
                let other = match &other.node {
                    OperandNode::Path(path) if !path.contains('.') => literal(&found, &other.node),
                    OperandNode::Path(_) | OperandNode::Call(..) => Some(self.value(other)?),
                    _ => literal(&found, &other.node),
                };
                other.is_some_and(|other| compares(&found, operator, &other))
            }
            (_, _, Right::List(..)) => false,
        };
        Ok(answer != turned)
    }

    fn is_listed(&self, found: &Val, name: &Operand) -> bool {
        let (Val::Text(text) | Val::Lower(text), OperandNode::Path(name)) = (found, &name.node)
        else {
            return false;
        };
        let list = self.ast.lists.iter().find(|list| list.name.text == *name);
        let Some((kind, super::ast::ListContent::Entries(entries))) =
            list.map(|list| (list.kind, &list.content))
        else {
            return false;
        };
        entries.iter().any(|entry| match &entry.value.node {
            OperandNode::Text(entry) if kind == ListKind::Texts => entry == text,
            OperandNode::Text(entry) => entry.to_lowercase() == *text,
            _ => false,
        })
    }

    fn value(&self, operand: &Operand) -> Result<Val, String> {
        self.read(operand).ok_or_else(|| match &operand.node {
            OperandNode::Call(path, name) => unknown(&format!("{path}(\"{name}\")")),
            OperandNode::Path(text) | OperandNode::Text(text) | OperandNode::Number(text) => {
                unknown(text)
            }
        })
    }

    fn read(&self, operand: &Operand) -> Option<Val> {
        let path = match &operand.node {
            OperandNode::Path(path) => path,
            OperandNode::Call(_, name) => {
                return Some(Val::Text(self.facts.prospect_field(name)?.to_owned()));
            }
            OperandNode::Text(_) | OperandNode::Number(_) => return None,
        };
        let text = |text: Option<&str>| Some(Val::Text(text?.to_owned()));
        let lower = |text: Option<&str>| Some(Val::Lower(text?.to_owned()));
        match path.as_str() {
            "prospect.address" => lower(self.facts.prospect_address()),
            "prospect.domain" => lower(self.facts.prospect_domain()),
            "prospect.zone" => text(self.facts.prospect_zone()),
            "prospect.tags" => Some(tags(|each| self.facts.prospect_tags(each))),
            "company.key" => text(self.facts.company_key()),
            "company.stage" => text(self.facts.company_stage()),
            "company.tags" => Some(tags(|each| self.facts.company_tags(each))),
            "campaign.key" => text(self.facts.campaign_key()),
            "campaign.tags" => Some(tags(|each| self.facts.campaign_tags(each))),
            "enrollment.step" => self.facts.enrollment_step().map(Val::Number),
            "enrollment.sends" => self.facts.enrollment_sends().map(Val::Number),
            "enrollment.days-since-last-send" => self.facts.days_since_last_send().map(Val::Number),
            _ => {
                let (event, attribute) = path.rsplit_once('.')?;
                let values = (event == self.event.kind).then_some(&self.values)?;
                values.get(attribute).cloned()
            }
        }
    }

    /// Whether a window counts enough; none if the event names nothing at its scope.
    fn window(&self, decl: &WindowDecl) -> Option<bool> {
        let scope = Scope::named(&decl.scopes.first()?.text)?;
        let whom = party(self.event, scope)?;
        let filter = decl.filters.first();
        let passes = |event: &Event| {
            let values = values::read(self.ast, event).unwrap_or_default();
            let scene = Scene { values, event, ..*self };
            // What cannot be evaluated is counted: a hold too many is the lesser harm.
            filter.is_none_or(|filter| scene.holds(*filter, 0).unwrap_or(true))
        };
        let theirs = self.past.iter().chain([self.event]);
        let theirs: Vec<&Event> = theirs.filter(|it| party(it, scope) == Some(whom)).collect();
        let of = |kind: &Word| -> Vec<&Event> {
            theirs.iter().copied().filter(|event| event.kind == kind.text).collect()
        };
        let mut counted = of(decl.event.as_ref()?);
        counted.retain(|event| passes(event));
        if decl.distinct.is_some() {
            counted.retain(|event| event.subject.prospect.is_some());
        }
        let per = decl.per.first().map_or(vec![], of);

        // Rates count in whole hours. The window ends at the newest event, or at this one.
        let unit = if decl.rate { HOUR_MS } else { 1 };
        let at = |event: &Event| event.at.unwrap_or(Instant::MIN).as_ms().div_euclid(unit);
        let end = counted.iter().chain(&per).map(|event| at(event)).max();
        let end = end.unwrap_or(i64::MIN).max(at(self.event));
        let OperandNode::Number(span) = &decl.spans.first()?.node else { return None };
        let span = i64::try_from(duration_ms(span)?).ok()? / unit;
        let inside = |event: &&&Event| at(event) > end - span;
        let mut inside_counted: Vec<&&Event> = counted.iter().filter(inside).collect();
        if decl.distinct.is_some() {
            inside_counted.sort_by_key(|event| &event.subject.prospect);
            inside_counted.dedup_by_key(|event| &event.subject.prospect);
        }
        enough(decl, inside_counted.len(), per.iter().filter(inside).count())
    }

    fn effect(&self, decl: &EffectDecl, mode: ResumeMode) -> Result<Act, String> {
        let scope = || {
            let target = decl.target.as_ref().map_or("", |target| target.text.as_str());
            let node = OperandNode::Path(target.to_owned());
            let found = match self.read(&Operand { node, at: decl.at }) {
                Some(Val::Scope(scope)) => Some(scope),
                Some(Val::Name(name)) => Scope::named(&name),
                _ => Scope::named(target),
            };
            found.ok_or_else(|| unknown("the scope"))
        };
        let open = Ending { end: End::Open, max_ms: None };
        Ok(match decl.verb {
            Verb::Ignore => Act::Ignore,
            Verb::Resume => {
                let from = decl.from.iter().map(|name| name.text.clone()).collect();
                Act::Resume { scope: scope()?, from }
            }
            Verb::Stop => Act::Hold { kind: HoldKind::Stop, scope: scope()?, end: open, mode },
            Verb::Pause => {
                let (kind, scope) = (HoldKind::Pause, scope()?);
                Act::Hold { kind, scope, end: self.end(decl)?, mode }
            }
        })
    }

    fn end(&self, decl: &EffectDecl) -> Result<Ending, String> {
        let (mut end, mut otherwise, mut max_ms) = (None, None, None);
        for (tail, _) in &decl.tails {
            match tail {
                Tail::For(value) => {
                    end = Some(self.moment(value, |value| match value {
                        Val::Duration(ms) => Some(End::After { ms }),
                        _ => None,
                    }));
                }
                Tail::Until(Moment::At(value)) => {
                    end = Some(self.moment(value, |value| match value {
                        Val::Date(date) => Some(End::OnDate(date)),
                        Val::Instant(at) => Some(End::At(at)),
                        _ => None,
                    }));
                }
                Tail::Until(Moment::DayAfter(value)) => {
                    end = Some(self.moment(value, |it| it.date().map(End::DayAfter)));
                }
                Tail::Until(Moment::NextBusinessDay(Some(value))) => {
                    let day = |it: Val| Some(End::NextBusinessDay(Some(it.date()?)));
                    end = Some(self.moment(value, day));
                }
                Tail::Until(Moment::NextBusinessDay(None)) => {
                    end = Some(Ok(End::NextBusinessDay(None)));
                }
                Tail::Else(None) => otherwise = Some(End::Open),
                Tail::Else(Some(value)) => {
                    otherwise = Some(End::After { ms: written_ms(value).unwrap_or(0) });
                }
                Tail::Max(value) => max_ms = written_ms(value),
            }
        }
        let end = match (end.unwrap_or(Ok(End::Open)), otherwise) {
            (Ok(end), _) | (Err(_), Some(end)) => end,
            (Err(why), None) => return Err(why),
        };
        Ok(Ending { end, max_ms: max_ms.filter(|_| end != End::Open) })
    }

    fn moment(&self, value: &Operand, as_end: fn(Val) -> Option<End>) -> Result<End, String> {
        let found = match &value.node {
            OperandNode::Number(text) => Ok(Val::moment(text)),
            _ => self.value(value).map(Some),
        };
        found.map(|found| found.and_then(as_end).unwrap_or(End::Open))
    }
}

fn tags(visit: impl Fn(&mut dyn FnMut(&str))) -> Val {
    let mut tags = Vec::new();
    visit(&mut |tag| tags.push(tag.to_owned()));
    Val::List(tags)
}

/// Whom an event counts for at a scope. Who has no company is a company of one.
fn party(event: &Event, scope: Scope) -> Option<(Scope, &str)> {
    let subject = &event.subject;
    let prospect = subject.prospect.as_deref().map(|key| (Scope::Prospect, key));
    match scope {
        Scope::Prospect => prospect,
        Scope::Company => subject.company.as_deref().map(|key| (scope, key)).or(prospect),
        Scope::Campaign => subject.campaign.as_deref().map(|key| (scope, key)),
        Scope::Sender => subject.sender.as_deref().map(|key| (scope, key)),
        _ => None,
    }
}

fn compares(found: &Val, operator: Operator, other: &Val) -> bool {
    let texts = || match (found, other) {
        (Val::Text(found), Val::Text(other)) | (Val::Lower(found), Val::Lower(other)) => {
            (found.as_str(), other.as_str())
        }
        _ => ("", "\0"),
    };
    match operator {
        Operator::Less => found < other,
        Operator::LessOrEqual => found <= other,
        Operator::Greater => found > other,
        Operator::GreaterOrEqual => found >= other,
        Operator::StartsWith => texts().0.starts_with(texts().1),
        Operator::EndsWith => texts().0.ends_with(texts().1),
        Operator::Matches => glob(texts().1, texts().0),
        _ => found == other,
    }
}

/// Whether so many, of so many, are what a window asks for.
fn enough(decl: &WindowDecl, count: usize, of: usize) -> Option<bool> {
    let test = decl.test.as_ref()?;
    let number = |operand: &Operand| match &operand.node {
        OperandNode::Number(text) => text.trim_end_matches('%').parse::<f64>().ok(),
        _ => None,
    };
    let (count, of) = (u32::try_from(count).ok()?, u32::try_from(of).ok()?);
    // Ten thousandths of a percent are whole in millionths.
    let (found, wanted) = if decl.rate {
        let least = number(&test.base.as_ref()?.least)?;
        if f64::from(of) < least {
            return Some(false);
        }
        let wanted = (number(&test.amount)? * 10_000.0).round();
        (f64::from(count) * 1_000_000.0, f64::from(of) * wanted)
    } else {
        (f64::from(count), number(&test.amount)?)
    };
    Some(match test.operator {
        Operator::GreaterOrEqual => found >= wanted,
        Operator::Greater => found > wanted,
        Operator::LessOrEqual => found <= wanted,
        Operator::Less => found < wanted,
        _ => return None,
    })
}

fn written_ms(operand: &Operand) -> Option<u64> {
    match &operand.node {
        OperandNode::Number(text) => duration_ms(text),
        _ => None,
    }
}
