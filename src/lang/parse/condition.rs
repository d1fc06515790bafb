//! Conditions and the windows in them.

use super::super::ast::{
    Base, Expr, ExprId, Node, Operand, OperandNode, Operator, Right, Span, WindowDecl, WindowTest,
};
use super::{Pair, Reader, Rule};

impl Reader<'_> {
    fn push(&mut self, node: Node, at: Span) -> Option<ExprId> {
        let id = ExprId(u32::try_from(self.ast.exprs.len()).ok()?);
        self.ast.exprs.push(Expr { node, at });
        Some(id)
    }

    /// An expression. Its depth is that of the brackets, which is limited before parsing.
    pub(super) fn any_of(&mut self, pair: Pair<'_>) -> Option<ExprId> {
        let at = self.at(&pair);
        let alternatives = pair.into_inner().filter(|part| part.as_rule() == Rule::all_of);
        let ids: Vec<_> = alternatives.filter_map(|all| self.all_of(all)).collect();
        if ids.len() == 1 { ids.first().copied() } else { self.push(Node::Any(ids), at) }
    }

    fn all_of(&mut self, pair: Pair<'_>) -> Option<ExprId> {
        let at = self.at(&pair);
        let parts = pair.into_inner().filter(|part| part.as_rule() == Rule::negation);
        let ids: Vec<_> = parts.filter_map(|part| self.negation(part)).collect();
        if ids.len() == 1 { ids.first().copied() } else { self.push(Node::All(ids), at) }
    }

    fn negation(&mut self, pair: Pair<'_>) -> Option<ExprId> {
        let at = self.at(&pair);
        let (mut negated, mut inner) = (false, None);
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::negator => negated = !negated,
                Rule::group => inner = part.into_inner().next().and_then(|any| self.any_of(any)),
                Rule::window => inner = self.window(part),
                Rule::bad_window => self.bad_window(&part),
                Rule::comparison => inner = self.comparison(part),
                _ => {}
            }
        }
        if negated { self.push(Node::Not(inner?), at) } else { inner }
    }

    fn comparison(&mut self, pair: Pair<'_>) -> Option<ExprId> {
        let at = self.at(&pair);
        let (mut left, mut test, mut right) = (None, None, None);
        for part in pair.into_inner() {
            let here = self.at(&part);
            match part.as_rule() {
                Rule::operator => test = Some((operator(&part)?, here)),
                Rule::list => right = Some(Right::List(self.entries(part), here)),
                Rule::operand if left.is_none() => left = Some(self.operand(part)?),
                Rule::operand => right = Some(Right::One(self.operand(part)?)),
                _ => {}
            }
        }
        self.push(Node::Compare { left: left?, test, right }, at)
    }

    pub(super) fn operand(&mut self, pair: Pair<'_>) -> Option<Operand> {
        let inner = pair.into_inner().next()?;
        if inner.as_rule() != Rule::call {
            return Some(self.leaf(&inner));
        }
        let at = self.at(&inner);
        let mut parts = inner.into_inner();
        let path = parts.next()?.as_str().to_owned();
        let argument = parts.next()?;
        Some(Operand { node: OperandNode::Call(path, self.string(&argument).text), at })
    }

    pub(super) fn leaf(&mut self, pair: &Pair<'_>) -> Operand {
        let at = self.at(pair);
        let node = match pair.as_rule() {
            Rule::string => OperandNode::Text(self.string(pair).text),
            Rule::spoken => OperandNode::Number(self.spoken(pair)),
            Rule::number_like => OperandNode::Number(pair.as_str().to_owned()),
            _ => OperandNode::Path(pair.as_str().to_owned()),
        };
        Operand { node, at }
    }

    fn window(&mut self, pair: Pair<'_>) -> Option<ExprId> {
        let at = self.at(&pair);
        let mut window = WindowDecl::default();
        let (mut compared, mut amount, mut base) = (None, None, None);
        for part in pair.into_inner() {
            let here = self.at(&part);
            match part.as_rule() {
                Rule::k_rate => window.rate = true,
                Rule::counted => {
                    window.distinct = part.clone().into_inner().find_map(|inner| {
                        (inner.as_rule() == Rule::word).then(|| self.word(&inner))
                    });
                    window.event = self.words(part, Rule::path).pop();
                }
                Rule::window_where => {
                    let any = part.into_inner().next_back()?;
                    window.filters.push(self.any_of(any)?);
                }
                Rule::window_per => window.per.extend(self.words(part, Rule::path)),
                Rule::window_at => window.scopes.extend(self.words(part, Rule::word)),
                Rule::window_in => {
                    let operand = part.into_inner().next_back()?;
                    window.spans.push(self.operand(operand)?);
                }
                Rule::operator => compared = Some((operator(&part)?, here)),
                Rule::amount => amount = Some(self.amount(part)?),
                Rule::base => {
                    let operand = part.into_inner().next_back()?;
                    base = Some(Base { least: self.operand(operand)?, at: here });
                }
                _ => {}
            }
        }
        window.test = match (compared, amount) {
            (Some((operator, at)), Some(amount)) => Some(WindowTest { operator, at, amount, base }),
            _ => None,
        };
        let number = u32::try_from(self.ast.windows.len()).ok()?;
        self.ast.windows.push(window);
        self.push(Node::Window(number), at)
    }

    /// What a window is compared with: a share in percent, or an operand.
    fn amount(&mut self, pair: Pair<'_>) -> Option<Operand> {
        let inner = pair.into_inner().next()?;
        if inner.as_rule() == Rule::operand {
            return self.operand(inner);
        }
        let at = self.at(&inner);
        Some(Operand { node: OperandNode::Number(inner.as_str().trim_end().to_owned()), at })
    }
}

fn operator(pair: &Pair<'_>) -> Option<Operator> {
    let inner = pair.clone().into_inner().next()?;
    Some(match inner.as_rule() {
        Rule::is_in => Operator::Foreign("is in"),
        Rule::is_not_in => Operator::Foreign("is not in"),
        Rule::is => Operator::Is,
        Rule::is_not => Operator::IsNot,
        Rule::in_ => Operator::In,
        Rule::not_in => Operator::NotIn,
        Rule::starts_with => Operator::StartsWith,
        Rule::ends_with => Operator::EndsWith,
        Rule::matches => Operator::Matches,
        _ => symbol(&inner),
    })
}

fn symbol(pair: &Pair<'_>) -> Operator {
    match pair.as_str().trim_end() {
        "<" => Operator::Less,
        "<=" => Operator::LessOrEqual,
        ">" => Operator::Greater,
        ">=" => Operator::GreaterOrEqual,
        "!=" => Operator::Foreign("!="),
        "==" => Operator::Foreign("=="),
        _ => Operator::Foreign("="),
    }
}
