//! Conditions: their types, what they make known, and the programs that they become.

use std::collections::HashMap;

use super::super::ast::{
    ConditionKind, ExprId, Node, Operand, OperandNode, Operator, Right, RuleDecl, Span,
};
use super::super::diagnostic as say;
use super::super::ir::{
    Clause, Datum, FAILS, HOLDS, Kind, Order, Presence, Question, Readable, Side, Step, Test,
};
use super::super::scan::squeezed;
use super::Checker;
use super::paths::Known;

/// A comparison that was checked: what is asked, and whether the answer is turned around.
pub(super) struct Asked {
    pub test: Test,
    pub negated: bool,
}

/// What a condition makes known when it holds, and when it does not.
#[derive(Default)]
struct Learned {
    holds: Vec<String>,
    fails: Vec<String>,
}

/// How a clause is written, and its terms: what the findings about it point at.
#[derive(Debug)]
pub(super) struct Written {
    pub kind: ConditionKind,
    pub terms: Vec<Term>,
}

/// A term of an `and` or `or` inside a clause: its steps, and where the program goes on when the
/// term is left out, that is, when it does not decide.
#[derive(Clone, Copy, Debug)]
pub(super) struct Term {
    pub at: Span,
    pub first: u32,
    pub end: u32,
    pub next: u32,
}

/// A program as it is laid out.
#[derive(Default)]
struct Layout {
    steps: Vec<Step>,
    terms: Vec<Term>,
}

/// The clauses of a rule, and where each is written.
pub(super) type Clauses = (Box<[Clause]>, Vec<Written>);

/// Where the conditions that are being checked stand.
pub(super) struct Scene<'e> {
    events: &'e [u32],
    asked: HashMap<u32, Asked>,
    /// True in `when`, which asks windows and nothing else.
    counting: bool,
}

impl<'e> Scene<'e> {
    /// A place for conditions without windows, on these events.
    pub fn plain(events: &'e [u32]) -> Self {
        Self { events, asked: HashMap::new(), counting: false }
    }
}

impl Checker<'_> {
    /// The clauses of a rule, in the order of the text; `known` then says what they guarantee.
    pub(super) fn conditions(
        &mut self,
        decl: &RuleDecl,
        events: &[u32],
        known: &mut Known,
    ) -> Clauses {
        let mut scene = Scene::plain(events);
        let (mut clauses, mut counting) = (Vec::new(), Vec::new());
        for condition in &decl.conditions {
            let except = condition.kind == ConditionKind::Except;
            scene.counting = condition.kind == ConditionKind::When;
            let learned = self.learn(condition.expr, &mut scene, known);
            known.add(if except { &learned.fails } else { &learned.holds });
            for expr in self.terms(condition.expr, except) {
                let into = if scene.counting { &mut counting } else { &mut clauses };
                into.extend(self.clause(expr, condition.kind, &scene));
            }
        }
        // Counting costs more than looking: it comes last.
        clauses.append(&mut counting);
        let (clauses, written): (Vec<_>, Vec<_>) = clauses.into_iter().unzip();
        (clauses.into(), written)
    }

    /// The clauses of a condition that stands alone: the `where` of a window, or what an invariant
    /// is about.
    pub(super) fn lone_clauses(&mut self, expr: ExprId, scene: &mut Scene<'_>) -> Box<[Clause]> {
        self.learn(expr, scene, &mut Known::default());
        let terms = self.terms(expr, false).into_iter();
        let clause = |expr| Some(self.clause(expr, ConditionKind::Where, scene)?.0);
        terms.filter_map(clause).collect()
    }

    /// The terms that are shown on their own: those of the top-level `and` of a `where`.
    fn terms(&self, expr: ExprId, except: bool) -> Vec<ExprId> {
        match self.ast.exprs.get(expr.0 as usize).map(|expr| &expr.node) {
            Some(Node::All(terms)) if !except => terms.clone(),
            _ => vec![expr],
        }
    }

    fn clause(
        &self,
        expr: ExprId,
        kind: ConditionKind,
        scene: &Scene<'_>,
    ) -> Option<(Clause, Written)> {
        let mut layout = Layout::default();
        let entry = self.emit(expr, HOLDS, FAILS, scene, &mut layout)?;
        let at = self.ast.exprs.get(expr.0 as usize)?.at;
        let text = squeezed(self.lines.text(at)).into();
        let Layout { steps, terms } = layout;
        let except = kind == ConditionKind::Except;
        let clause = Clause { except, text, steps: steps.into(), entry, at };
        Some((clause, Written { kind, terms }))
    }

    /// Lays out the program of an expression, last parts first, and gives its entry.
    fn emit(
        &self,
        expr: ExprId,
        yes: u32,
        no: u32,
        scene: &Scene<'_>,
        out: &mut Layout,
    ) -> Option<u32> {
        match &self.ast.exprs.get(expr.0 as usize)?.node {
            Node::Not(inner) => self.emit(*inner, no, yes, scene, out),
            Node::All(parts) => parts.iter().rev().try_fold(yes, |next, part| {
                self.term(*part, next, |out| self.emit(*part, next, no, scene, out), out)
            }),
            Node::Any(parts) => parts.iter().rev().try_fold(no, |next, part| {
                self.term(*part, next, |out| self.emit(*part, yes, next, scene, out), out)
            }),
            Node::Compare { .. } | Node::Window(_) => {
                let Asked { test, negated } = scene.asked.get(&expr.0)?;
                let (yes, no) = if *negated { (no, yes) } else { (yes, no) };
                let entry = u32::try_from(out.steps.len()).ok()?;
                out.steps.push(Step { test: test.clone(), yes, no });
                Some(entry)
            }
        }
    }

    /// Lays out a term, and keeps where it stands.
    fn term(
        &self,
        part: ExprId,
        next: u32,
        emit: impl FnOnce(&mut Layout) -> Option<u32>,
        out: &mut Layout,
    ) -> Option<u32> {
        let first = u32::try_from(out.steps.len()).ok()?;
        let entry = emit(out)?;
        let end = u32::try_from(out.steps.len()).ok()?;
        let at = self.ast.exprs.get(part.0 as usize)?.at;
        out.terms.push(Term { at, first, end, next });
        Some(entry)
    }

    /// Checks an expression where `known` holds. Its depth is limited before parsing.
    fn learn(&mut self, expr: ExprId, scene: &mut Scene<'_>, known: &mut Known) -> Learned {
        let ast = self.ast;
        let Some(found) = ast.exprs.get(expr.0 as usize) else {
            return Learned::default();
        };
        match &found.node {
            Node::Not(inner) => {
                let Learned { holds, fails } = self.learn(*inner, scene, known);
                Learned { holds: fails, fails: holds }
            }
            Node::All(parts) => {
                let mut all = Learned::default();
                for part in parts {
                    let learned = self.learn(*part, scene, known);
                    known.add(&learned.holds);
                    all.holds.extend(learned.holds);
                }
                known.remove(&all.holds);
                all
            }
            Node::Any(parts) => {
                let mut any = Learned::default();
                for (number, part) in parts.iter().enumerate() {
                    let learned = self.learn(*part, scene, known);
                    known.add(&learned.fails);
                    any.fails.extend(learned.fails);
                    if number == 0 {
                        any.holds = learned.holds;
                    } else {
                        any.holds.retain(|path| learned.holds.contains(path));
                    }
                }
                known.remove(&any.fails);
                any
            }
            Node::Window(number) => {
                if scene.counting {
                    let asked = self.window(*number, found.at);
                    scene.asked.extend(asked.map(|asked| (expr.0, asked)));
                } else {
                    self.say(say::window_outside_when(found.at));
                }
                Learned::default()
            }
            Node::Compare { .. } if scene.counting => {
                self.say(say::comparison_in_when(found.at));
                Learned::default()
            }
            Node::Compare { left, test, right } => {
                self.compare(expr, left, *test, right.as_ref(), scene, known).unwrap_or_default()
            }
        }
    }

    fn compare(
        &mut self,
        expr: ExprId,
        left: &Operand,
        test: Option<(Operator, Span)>,
        right: Option<&Right>,
        scene: &mut Scene<'_>,
        known: &Known,
    ) -> Option<Learned> {
        let (test, right) = match (test, right) {
            (Some((operator, at)), None) => {
                self.say(say::missing_value(at, operator.text()));
                return None;
            }
            (Some((Operator::Foreign(found), at)), _) => {
                self.say(say::foreign_operator(at, found));
                return None;
            }
            (Some(test), Some(right)) => (Some(test), Some(right)),
            (None, _) => (None, None),
        };
        let mut learned = Learned::default();
        let asked =
            if let (OperandNode::Text(text), Some(test), Some(right)) = (&left.node, test, right) {
                self.text_in(text, left, test, right, scene.events, known)?
            } else {
                let readable = self.source(left, scene.events)?;
                let (question, negated) = match (test, right) {
                    (Some((operator, _)), Some(right)) => {
                        if let Some(presence) = presence_test(operator, right) {
                            self.presence(&readable, left.at, presence, &mut learned)
                        } else {
                            self.handled(&readable, left.at, known);
                            self.question(&readable, operator, right, scene.events, known)?
                        }
                    }
                    _ => {
                        self.handled(&readable, left.at, known);
                        if readable.kind != Kind::Bool {
                            let found = readable.kind.spoken();
                            self.say(say::not_a_condition(left.at, &readable.path, &found));
                            return None;
                        }
                        (Question::True, false)
                    }
                };
                asked(&readable, question, negated)
            };
        scene.asked.insert(expr.0, asked);
        Some(learned)
    }

    /// Says so if the path may be absent and nothing before excludes it.
    pub(super) fn handled(&mut self, readable: &Readable, at: Span, known: &Known) {
        if readable.presence == Presence::Optional && !known.has(&readable.path) {
            self.say(say::unhandled_optional(at, &readable.path));
        }
    }

    /// `is known`, or `is unknown`. An enum with a value `unknown` has it when it is absent.
    fn presence(
        &mut self,
        readable: &Readable,
        at: Span,
        known: bool,
        learned: &mut Learned,
    ) -> (Question, bool) {
        if let Some(unknown) = readable.kind.unknown_value() {
            return (Question::Equals(Side::Literal(Datum::Enum(unknown))), known);
        }
        if readable.presence == Presence::Always {
            self.say(say::always_known(at, &readable.path));
        }
        let side = if known { &mut learned.holds } else { &mut learned.fails };
        side.push(readable.path.clone());
        (Question::Known, !known)
    }

    /// What an operand reads; says so if it is not something to read.
    pub(super) fn source(&mut self, operand: &Operand, events: &[u32]) -> Option<Readable> {
        match &operand.node {
            OperandNode::Path(path) => self.readable(path, operand.at, events),
            OperandNode::Call(path, argument) => self.field(path, argument, operand.at),
            OperandNode::Text(_) | OperandNode::Number(_) => {
                let found = format!("`{}`", self.lines.text(operand.at));
                let expected = "something that the rule reads, as in `reply.kind`";
                self.say(say::ill_typed(operand.at, expected, &found));
                None
            }
        }
    }

    /// `"vip" in prospect.tags`.
    fn text_in(
        &mut self,
        text: &str,
        left: &Operand,
        (operator, at): (Operator, Span),
        right: &Right,
        events: &[u32],
        known: &Known,
    ) -> Option<Asked> {
        let negated = match operator {
            Operator::In => false,
            Operator::NotIn => true,
            _ => {
                let found = format!("`{}` behind a text", operator.text());
                self.say(say::ill_typed(at, "`in` or `not in`", &found));
                return None;
            }
        };
        let Right::One(list) = right else {
            self.source(left, events);
            return None;
        };
        let readable = self.source(list, events)?;
        if readable.kind != Kind::TextList {
            self.say(say::ill_typed(list.at, "a list of text", &readable.kind.spoken()));
            return None;
        }
        self.handled(&readable, list.at, known);
        Some(asked(&readable, Question::Has(text.into()), negated))
    }

    fn question(
        &mut self,
        left: &Readable,
        operator: Operator,
        right: &Right,
        events: &[u32],
        known: &Known,
    ) -> Option<(Question, bool)> {
        let negated = matches!(operator, Operator::IsNot | Operator::NotIn);
        if left.kind == Kind::TextList {
            let at = right_at(right);
            let expected = format!("`\"…\" in {}`", left.path);
            self.say(say::ill_typed(at, &expected, "a comparison of a whole list"));
            return None;
        }
        match (operator, right) {
            (Operator::In | Operator::NotIn, Right::List(entries, _)) => {
                Some((self.one_of(left, entries)?, negated))
            }
            (Operator::In | Operator::NotIn, Right::One(name)) => {
                Some((self.in_list(left, name)?, negated))
            }
            (_, Right::List(_, at)) => {
                let expected = format!("one value after `{}`", operator.text());
                self.say(say::ill_typed(*at, &expected, "a list"));
                None
            }
            (Operator::Is | Operator::IsNot, Right::One(value)) => {
                Some((Question::Equals(self.side(left, value, events, known)?), negated))
            }
            (_, Right::One(value)) => self.ordered_or_shaped(left, operator, value, events, known),
        }
    }

    fn ordered_or_shaped(
        &mut self,
        left: &Readable,
        operator: Operator,
        value: &Operand,
        events: &[u32],
        known: &Known,
    ) -> Option<(Question, bool)> {
        let shaped =
            matches!(operator, Operator::StartsWith | Operator::EndsWith | Operator::Matches);
        let fits = match left.kind {
            Kind::Number | Kind::Date | Kind::Duration | Kind::Instant => !shaped,
            Kind::Text | Kind::Domain | Kind::Address => shaped,
            _ => false,
        };
        if !fits {
            let expected = if shaped { "a text" } else { "a number, date, instant or duration" };
            let found = format!("{} before `{}`", left.kind.spoken(), operator.text());
            self.say(say::ill_typed(value.at, expected, &found));
            return None;
        }
        if shaped {
            let OperandNode::Text(text) = &value.node else {
                let found = format!("`{}`", self.lines.text(value.at));
                self.say(say::ill_typed(value.at, "a text in quotes", &found));
                return None;
            };
            // Addresses and domains are compared in lower case.
            let lower = left.kind != Kind::Text;
            let text: Box<str> = if lower { text.to_lowercase() } else { text.clone() }.into();
            return Some(match operator {
                Operator::StartsWith => (Question::StartsWith(text), false),
                Operator::EndsWith => (Question::EndsWith(text), false),
                _ => (Question::Matches(text), false),
            });
        }
        let side = self.side(left, value, events, known)?;
        Some(match operator {
            Operator::Less => (Question::Ordered(Order::Less, side), false),
            Operator::LessOrEqual => (Question::Ordered(Order::LessOrEqual, side), false),
            Operator::Greater => (Question::Ordered(Order::LessOrEqual, side), true),
            _ => (Question::Ordered(Order::Less, side), true),
        })
    }
}

fn asked(readable: &Readable, question: Question, negated: bool) -> Asked {
    let values = match &readable.kind {
        Kind::Enum(values) => Some(values.clone()),
        _ => None,
    };
    let path = readable.path.as_str().into();
    Asked { test: Test { source: readable.source.clone(), question, path, values }, negated }
}

/// True for `is known` and `is not unknown`, false for their opposites.
fn presence_test(operator: Operator, right: &Right) -> Option<bool> {
    let Right::One(Operand { node: OperandNode::Path(word), .. }) = right else {
        return None;
    };
    match (operator, word.as_str()) {
        (Operator::Is, "known") | (Operator::IsNot, "unknown") => Some(true),
        (Operator::Is, "unknown") | (Operator::IsNot, "known") => Some(false),
        _ => None,
    }
}

fn right_at(right: &Right) -> Span {
    match right {
        Right::One(value) => value.at,
        Right::List(_, at) => *at,
    }
}
