//! Rules text to the flat tree. The only place that knows pest; it never judges what names mean.

use pest::Parser as _;
use pest::error::{ErrorVariant, InputLocation};
use pest::iterators::Pair;

use super::ast::{
    Ast, AttributeDecl, Condition, EffectDecl, Entry, EventDecl, Expr, ExprId, KindDecl, ListDecl,
    Mark, Moment, Node, Operand, OperandNode, Operator, Right, RuleDecl, Span, Tail, Verb, Version,
    Word,
};
use super::diagnostic as say;
use super::expected;
use super::report::Findings;
use super::scan::{first_piece, first_too_deep, open_quote, quoted};

/// The parser that pest makes of the grammar.
mod grammar {
    #[derive(pest_derive::Parser)]
    #[grammar = "grammar/holdline.pest"]
    pub(in crate::lang) struct Grammar;
}
use grammar::{Grammar, Rule};

/// Reads one file of a bundle into the tree; what cannot be read is a finding each.
pub(super) fn parse(file: u32, text: &str, ast: &mut Ast, findings: &mut Findings) {
    let at = |start: usize, end: usize| Span { file, start: small(start), end: small(end) };
    if text.len() > say::MAX_FILE_BYTES {
        findings.push(say::file_too_large(at(0, 0), text.len()));
        return;
    }
    if let Some(byte) = first_too_deep(text) {
        findings.push(say::too_deep(at(byte, byte + 1)));
        return;
    }
    match Grammar::parse(Rule::file, text) {
        Ok(pairs) => {
            let mut reader = Reader { file, ast, findings };
            for pair in pairs.flat_map(Pair::into_inner) {
                reader.item(pair);
            }
        }
        // The grammar takes any text, so this is the stack running out, or a limit of pest.
        Err(error) => {
            let (start, end) = match error.location {
                InputLocation::Pos(start) => (start, start),
                InputLocation::Span(ends) => ends,
            };
            findings.push(say::bad_syntax(at(start, end), "rules", "text that cannot be read"));
        }
    }
}

/// Byte offsets fit, because files are limited; a longer one would only point elsewhere.
fn small(byte: usize) -> u32 {
    u32::try_from(byte).unwrap_or(u32::MAX)
}

struct Reader<'a> {
    file: u32,
    ast: &'a mut Ast,
    findings: &'a mut Findings,
}

impl Reader<'_> {
    /// The span of what a pair read, without the blanks behind it.
    fn at(&self, pair: &Pair<'_, Rule>) -> Span {
        let start = pair.as_span().start();
        let mut last = pair.clone();
        while let Some(inner) = last.clone().into_inner().next_back() {
            last = inner;
        }
        let end = last.as_span().start() + last.as_str().trim_end().len();
        Span { file: self.file, start: small(start), end: small(end.max(start)) }
    }

    fn word(&self, pair: &Pair<'_, Rule>) -> Word {
        Word { text: pair.as_str().trim_end().to_owned(), at: self.at(pair) }
    }

    /// A text's content.
    fn string(&mut self, pair: &Pair<'_, Rule>) -> Word {
        let at = self.at(pair);
        let raw = pair.as_str();
        let inner = raw.get(1..raw.len().saturating_sub(1)).unwrap_or("");
        let mut text = String::with_capacity(inner.len());
        let mut letters = inner.char_indices();
        while let Some((byte, letter)) = letters.next() {
            if letter != '\\' {
                text.push(letter);
                continue;
            }
            match letters.next() {
                Some((_, escaped @ ('"' | '\\'))) => text.push(escaped),
                Some((_, other)) => {
                    let start = at.start + 1 + small(byte);
                    let end = start + 1 + small(other.len_utf8());
                    self.findings.push(say::bad_escape(Span { start, end, ..at }, other));
                }
                None => {}
            }
        }
        Word { text, at }
    }

    fn item(&mut self, pair: Pair<'_, Rule>) {
        let at = self.at(&pair);
        match pair.as_rule() {
            Rule::policy => {
                let number = pair.into_inner().find(|p| p.as_rule() == Rule::number_like);
                let number = number.map(|p| self.word(&p));
                self.ast.versions.push(Version { number, at });
            }
            Rule::domains => self.domains(pair),
            Rule::event => self.event(pair),
            Rule::rule => self.rule(pair),
            Rule::include => self.unsupported(&pair, "`include`"),
            Rule::invariant => self.unsupported(&pair, "`invariant`"),
            Rule::test_block => self.unsupported(&pair, "`test`"),
            Rule::bad_item => self.bad(&pair, Rule::good_item),
            _ => {}
        }
    }

    fn unsupported(&mut self, pair: &Pair<'_, Rule>, what: &str) {
        let keyword = pair.clone().into_inner().next();
        let at = keyword.map_or_else(|| self.at(pair), |keyword| self.at(&keyword));
        self.findings.push(say::not_supported(at, what));
    }

    fn domains(&mut self, pair: Pair<'_, Rule>) {
        let mut decl = None;
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::word => decl = Some(ListDecl { name: self.word(&part), entries: Vec::new() }),
                Rule::list => {
                    let entries = self.entries(part);
                    decl = decl.map(|decl| ListDecl { entries, ..decl });
                }
                Rule::from_file => self.unsupported(&part, "a list from a file"),
                _ => {}
            }
        }
        self.ast.lists.extend(decl);
    }

    fn entries(&mut self, list: Pair<'_, Rule>) -> Vec<Entry> {
        let (mut entries, mut separated) = (Vec::new(), true);
        for part in list.into_inner() {
            match part.as_rule() {
                Rule::comma => separated = true,
                Rule::string | Rule::number_like | Rule::path => {
                    let value = self.leaf(&part);
                    entries.push(Entry { value, separated });
                    separated = false;
                }
                _ => {}
            }
        }
        entries
    }

    fn event(&mut self, pair: Pair<'_, Rule>) {
        let mut decl = None;
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::path => {
                    decl = Some(EventDecl { name: self.word(&part), attributes: Vec::new() });
                }
                Rule::declared => {
                    let attribute = self.declared(part);
                    if let Some(decl) = &mut decl {
                        decl.attributes.extend(attribute);
                    }
                }
                Rule::bad_declared => self.bad(&part, Rule::declared),
                Rule::unclosed => self.unclosed(decl.as_ref().map(|d| &d.name), "event"),
                _ => {}
            }
        }
        self.ast.events.extend(decl);
    }

    fn unclosed(&mut self, name: Option<&Word>, what: &str) {
        if let Some(name) = name {
            self.findings.push(say::unclosed(name.at, &format!("{what} `{}`", name.text)));
        }
    }

    fn declared(&mut self, pair: Pair<'_, Rule>) -> Option<AttributeDecl> {
        let (mut name, mut kind, mut optional) = (None, None, false);
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::word => name = Some(self.word(&part)),
                Rule::optional => optional = true,
                Rule::kind => {
                    let mut words = Vec::new();
                    for inner in part.into_inner() {
                        if inner.as_rule() == Rule::list_of {
                            let of = inner.into_inner().next_back()?;
                            kind = Some(KindDecl::ListOf(self.word(&of)));
                        } else {
                            words.push(self.word(&inner));
                        }
                    }
                    kind = match (kind, words.len()) {
                        (Some(list), _) => Some(list),
                        (None, 1) => words.pop().map(KindDecl::Named),
                        (None, _) => Some(KindDecl::OneOf(words)),
                    };
                }
                _ => {}
            }
        }
        Some(AttributeDecl { name: name?, kind: kind?, optional })
    }

    fn rule(&mut self, pair: Pair<'_, Rule>) {
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

    fn mark(&self, pair: Pair<'_, Rule>) -> Option<Mark> {
        let mut parts = pair.into_inner();
        let name = self.word(&parts.next()?);
        let argument = parts.find(|p| p.as_rule() == Rule::argument);
        Some(Mark { name, argument: argument.map(|p| p.as_str().trim().to_owned()) })
    }

    fn clause(&mut self, part: Pair<'_, Rule>, rule: &mut RuleDecl) {
        match part.as_rule() {
            Rule::on => rule.on.extend(self.words(part, Rule::path)),
            Rule::condition => {
                let mut inner = part.into_inner();
                let except = inner.next().is_some_and(|word| word.as_rule() == Rule::k_except);
                if let Some(expr) = inner.next().and_then(|any| self.any_of(any)) {
                    rule.conditions.push(Condition { except, expr });
                }
            }
            Rule::when => {
                rule.partial = true;
                self.unsupported(&part, "`when`");
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
                self.bad(&part, Rule::clause);
            }
            Rule::unclosed => self.unclosed(Some(&rule.name), "rule"),
            _ => {}
        }
    }

    fn words(&self, pair: Pair<'_, Rule>, of: Rule) -> Vec<Word> {
        let parts = pair.into_inner().filter(|part| part.as_rule() == of);
        parts.map(|part| self.word(&part)).collect()
    }

    fn effect(&mut self, pair: Pair<'_, Rule>) -> Option<EffectDecl> {
        let at = self.at(&pair);
        let (mut verb, mut target, mut from, mut tails) = (None, None, Vec::new(), Vec::new());
        for part in pair.into_inner() {
            let here = self.at(&part);
            match part.as_rule() {
                Rule::verb => {
                    verb = Some(match part.into_inner().next()?.as_rule() {
                        Rule::k_pause => Verb::Pause,
                        Rule::k_stop => Verb::Stop,
                        _ => Verb::Ignore,
                    });
                }
                Rule::k_resume => verb = Some(Verb::Resume),
                Rule::target => {
                    let paths = self.words(part, Rule::path);
                    let names: Vec<_> = paths.iter().map(|path| path.text.as_str()).collect();
                    let text = names.join(" in ");
                    target = Some(Word { text, at: here });
                }
                Rule::from => from = self.words(part, Rule::word),
                _ => tails.extend(self.tail(part).map(|tail| (tail, here))),
            }
        }
        Some(EffectDecl { verb: verb?, target, from, tails, at })
    }

    fn tail(&mut self, pair: Pair<'_, Rule>) -> Option<Tail> {
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

    fn moment(&mut self, pair: Pair<'_, Rule>) -> Option<Moment> {
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

    fn push(&mut self, node: Node, at: Span) -> Option<ExprId> {
        let id = ExprId(u32::try_from(self.ast.exprs.len()).ok()?);
        self.ast.exprs.push(Expr { node, at });
        Some(id)
    }

    /// An expression. Its depth is that of the brackets, which is limited before parsing.
    fn any_of(&mut self, pair: Pair<'_, Rule>) -> Option<ExprId> {
        let at = self.at(&pair);
        let alternatives = pair.into_inner().filter(|part| part.as_rule() == Rule::all_of);
        let ids: Vec<_> = alternatives.filter_map(|all| self.all_of(all)).collect();
        if ids.len() == 1 { ids.first().copied() } else { self.push(Node::Any(ids), at) }
    }

    fn all_of(&mut self, pair: Pair<'_, Rule>) -> Option<ExprId> {
        let at = self.at(&pair);
        let parts = pair.into_inner().filter(|part| part.as_rule() == Rule::negation);
        let ids: Vec<_> = parts.filter_map(|part| self.negation(part)).collect();
        if ids.len() == 1 { ids.first().copied() } else { self.push(Node::All(ids), at) }
    }

    fn negation(&mut self, pair: Pair<'_, Rule>) -> Option<ExprId> {
        let at = self.at(&pair);
        let (mut negated, mut inner) = (false, None);
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::negator => negated = !negated,
                Rule::group => inner = part.into_inner().next().and_then(|any| self.any_of(any)),
                Rule::comparison => inner = self.comparison(part),
                _ => {}
            }
        }
        if negated { self.push(Node::Not(inner?), at) } else { inner }
    }

    fn comparison(&mut self, pair: Pair<'_, Rule>) -> Option<ExprId> {
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

    fn operand(&mut self, pair: Pair<'_, Rule>) -> Option<Operand> {
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

    fn leaf(&mut self, pair: &Pair<'_, Rule>) -> Operand {
        let at = self.at(pair);
        let node = match pair.as_rule() {
            Rule::string => OperandNode::Text(self.string(pair).text),
            Rule::number_like => OperandNode::Number(pair.as_str().to_owned()),
            _ => OperandNode::Path(pair.as_str().to_owned()),
        };
        Operand { node, at }
    }

    /// Says what is wrong with a stretch that could not be read, by reading it once more as what
    /// it should have been.
    fn bad(&mut self, pair: &Pair<'_, Rule>, wanted: Rule) {
        let whole = pair.as_span();
        let text = pair.as_str().trim_end();
        let span = |start: usize, length: usize| {
            let start = whole.start() + start;
            Span { file: self.file, start: small(start), end: small(start + length) }
        };
        if let Some(byte) = open_quote(text) {
            let length = text.get(byte..).and_then(|t| t.lines().next()).map_or(1, str::len);
            self.findings.push(say::unclosed_text(span(byte, length)));
            return;
        }
        let first = first_piece(text);
        if self.findings.many() {
            let finding = say::bad_syntax(span(0, first.len()), "something else", &quoted(first));
            self.findings.push(finding);
            return;
        }
        let Err(error) = Grammar::parse(wanted, text) else {
            let finding = say::bad_syntax(span(0, first.len()), "a clause", &quoted(first));
            self.findings.push(finding);
            return;
        };
        let at = match error.location {
            InputLocation::Pos(at) | InputLocation::Span((at, _)) => at.min(text.len()),
        };
        let rest = text.get(at..).unwrap_or("");
        let skipped = rest.len() - rest.trim_start().len();
        let found = first_piece(rest.trim_start());
        let here = span(at + skipped, found.len());
        let finding = match (wanted, at) {
            (Rule::good_item, 0) => say::bad_item(here, found),
            (Rule::clause, 0) if matches!(first, "for" | "until" | "else" | "max") => {
                let expected = format!("a pause before `{first}` and a value behind it");
                say::bad_syntax(here, &expected, &quoted(found))
            }
            (Rule::clause, 0) if matches!(first, "&&" | "||") => {
                let word = if first == "&&" { "`and`" } else { "`or`" };
                say::bad_syntax(here, word, &quoted(found))
            }
            (Rule::clause, 0) => say::bad_syntax(here, "a clause of the rule", &quoted(found)),
            (Rule::declared, 0) => {
                say::bad_syntax(here, "an attribute, as in `name: type`", &quoted(found))
            }
            _ => say::bad_syntax(here, &expectation(&error.variant), &quoted(found)),
        };
        self.findings.push(finding);
    }
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

fn operator(pair: &Pair<'_, Rule>) -> Option<Operator> {
    let inner = pair.clone().into_inner().next()?;
    Some(match (inner.as_rule(), inner.as_str().trim_end()) {
        (Rule::is_in, _) => Operator::Foreign("is in"),
        (Rule::is_not_in, _) => Operator::Foreign("is not in"),
        (Rule::is, _) => Operator::Is,
        (Rule::is_not, _) => Operator::IsNot,
        (Rule::in_, _) => Operator::In,
        (Rule::not_in, _) => Operator::NotIn,
        (Rule::starts_with, _) => Operator::StartsWith,
        (Rule::ends_with, _) => Operator::EndsWith,
        (Rule::matches, _) => Operator::Matches,
        (_, "<") => Operator::Less,
        (_, "<=") => Operator::LessOrEqual,
        (_, ">") => Operator::Greater,
        (_, ">=") => Operator::GreaterOrEqual,
        (_, "!=") => Operator::Foreign("!="),
        (_, "==") => Operator::Foreign("=="),
        _ => Operator::Foreign("="),
    })
}

/// What pest says could have stood there, in words.
fn expectation(variant: &ErrorVariant<Rule>) -> String {
    match variant {
        ErrorVariant::ParsingError { positives, .. } => {
            expected::words(positives.iter().map(|read| format!("{read:?}")))
        }
        ErrorVariant::CustomError { .. } => expected::words([]),
    }
}
