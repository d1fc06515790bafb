//! Rules: their marks, clauses and effects.

use super::super::ast::{
    Condition, ConditionKind, EffectDecl, Mark, Moment, RuleDecl, Tail, Verb, Word,
};
use super::super::diagnostic as say;
use super::{Pair, Reader, Rule};

impl Reader<'_> {
    pub(super) fn rule(&mut self, pair: Pair<'_>) {
        let mut marks = Vec::new();
        let mut decl: Option<RuleDecl> = None;
        for part in pair.into_inner() {
            match (part.as_rule(), &mut decl) {
                (Rule::attribute, _) => marks.extend(self.mark(part)),
                (Rule::word, None) => decl = Some(empty_rule(self.word(&part))),
                (Rule::string, Some(rule)) => rule.title = Some(self.string(&part)),
                (_, Some(rule)) => self.clause(part, rule),
                _ => {}
            }
        }
        self.ast.rules.extend(decl.map(|decl| RuleDecl { marks, ..decl }));
    }

    fn mark(&self, pair: Pair<'_>) -> Option<Mark> {
        let mut parts = pair.into_inner();
        let name = self.word(&parts.next()?);
        let argument = parts.find(|p| p.as_rule() == Rule::argument);
        Some(Mark { name, argument: argument.map(|p| p.as_str().trim().to_owned()) })
    }

    fn clause(&mut self, part: Pair<'_>, rule: &mut RuleDecl) {
        match part.as_rule() {
            Rule::on => rule.on.extend(self.words(part, Rule::path)),
            Rule::condition => {
                let mut inner = part.into_inner();
                let kind = match inner.next().map(|word| word.as_rule()) {
                    Some(Rule::k_except) => ConditionKind::Except,
                    Some(Rule::k_when) => ConditionKind::When,
                    _ => ConditionKind::Where,
                };
                self.slipped = false;
                let expr = inner.next().and_then(|any| self.any_of(any));
                if self.slipped {
                    rule.partial = true;
                } else if let Some(expr) = expr {
                    rule.conditions.push(Condition { kind, expr });
                }
            }
            Rule::effect | Rule::resume => rule.effects.extend(self.effect(part)),
            Rule::overrides => rule.overrides.extend(self.words(part, Rule::word)),
            Rule::reason => {
                if let Some(text) = part.into_inner().find(|p| p.as_rule() == Rule::string) {
                    let text = self.string(&text);
                    rule.reasons.push(text);
                }
            }
            Rule::bad_clause => {
                rule.partial = true;
                self.unread(part.as_str());
                self.bad(&part, Rule::clause);
            }
            Rule::unclosed => {
                self.unclosed(rule.name.at, &format!("rule `{}`", rule.name.text));
            }
            _ => {}
        }
    }

    fn effect(&mut self, pair: Pair<'_>) -> Option<EffectDecl> {
        let at = self.at(&pair);
        let (mut verb, mut target, mut from, mut tails) = (None, None, Vec::new(), Vec::new());
        for part in pair.into_inner() {
            let here = self.at(&part);
            match part.as_rule() {
                Rule::verb => verb = verb_of(part),
                Rule::k_resume => verb = Some(Verb::Resume),
                Rule::target => target = Some(self.target(part)),
                Rule::from => from = self.words(part, Rule::word),
                _ => tails.extend(self.tail(part).map(|tail| (tail, here))),
            }
        }
        Some(EffectDecl { verb: verb?, target, from, tails, at })
    }

    fn tail(&mut self, pair: Pair<'_>) -> Option<Tail> {
        let which = pair.as_rule();
        let value = pair.into_inner().next_back()?;
        Some(match (which, value.as_rule()) {
            (Rule::for_tail, _) => Tail::For(self.operand(value)?),
            (Rule::until_tail, _) => Tail::Until(self.moment(value)?),
            (Rule::else_tail, Rule::manual) => Tail::Else(None),
            (Rule::else_tail, _) => Tail::Else(Some(self.operand(value)?)),
            (Rule::max_tail, _) => Tail::Max(self.operand(value)?),
            _ => return None,
        })
    }

    fn moment(&mut self, pair: Pair<'_>) -> Option<Moment> {
        let inner = pair.into_inner().next()?;
        Some(match inner.as_rule() {
            Rule::day_after => Moment::DayAfter(self.operand(inner.into_inner().next_back()?)?),
            Rule::next_business_day => {
                let operand = inner.into_inner().find(|part| part.as_rule() == Rule::operand);
                Moment::NextBusinessDay(operand.and_then(|operand| self.operand(operand)))
            }
            _ => Moment::At(self.operand(inner)?),
        })
    }

    /// A scope, or an attribute that holds one; `company in campaign` is one word here.
    pub(super) fn target(&mut self, pair: Pair<'_>) -> Word {
        let mut at = self.at(&pair);
        let mut parts = pair.clone().into_inner();
        if let Some(article) = parts.next().filter(|part| part.as_rule() == Rule::article) {
            let word = self.word(&article);
            self.findings.push(say::article(word.at, &word.text));
            at.start = parts.next().map_or(at.start, |path| self.at(&path).start);
        }
        let paths = self.words(pair, Rule::path);
        let names: Vec<_> = paths.iter().map(|path| path.text.as_str()).collect();
        Word { text: names.join(" in "), at }
    }
}

pub(super) fn verb_of(pair: Pair<'_>) -> Option<Verb> {
    Some(match pair.into_inner().next()?.as_rule() {
        Rule::k_pause => Verb::Pause,
        Rule::k_stop => Verb::Stop,
        _ => Verb::Ignore,
    })
}

fn empty_rule(name: Word) -> RuleDecl {
    RuleDecl {
        name,
        title: None,
        marks: Vec::new(),
        on: Vec::new(),
        conditions: Vec::new(),
        effects: Vec::new(),
        overrides: Vec::new(),
        reasons: Vec::new(),
        partial: false,
    }
}
