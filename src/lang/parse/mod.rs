//! Rules text to the flat tree. The only place that knows pest; it never judges what names mean.

mod bad;
mod condition;
mod declare;
mod outline;
mod proof;
mod rule;
mod slip;

use pest::Parser as _;
use pest::error::{ErrorVariant, InputLocation};

use super::ast::{Ast, Span, Version, Word};
use super::diagnostic as say;
use super::report::Findings;
use super::scan::first_too_deep;

/// The parser that pest makes of the grammar.
mod grammar {
    #[derive(pest_derive::Parser)]
    #[grammar = "grammar/holdline.pest"]
    pub(in crate::lang) struct Grammar;
}
use grammar::{Grammar, Rule};
pub(super) use outline::{Edge, Part, outline};

/// A stretch of text that a rule of the grammar read, with the stretches inside it.
type Pair<'a> = pest::iterators::Pair<'a, Rule>;
/// Where such a stretch begins or ends.
type Token<'a> = pest::Token<'a, Rule>;

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
    match read(Rule::file, text) {
        Ok(pairs) => {
            let mut reader = Reader { file, ast, findings, last: Last::Other, slipped: false };
            for pair in pairs.flat_map(Pair::into_inner) {
                reader.item(pair);
            }
        }
        // The grammar takes any text, so this is the stack running out, or a limit of pest.
        Err(failure) => {
            let at = at(failure.at, failure.at);
            findings.push(say::bad_syntax(at, "rules", "text that cannot be read"));
        }
    }
}

/// Where a text stops being what a rule of the grammar wants, and what could have stood there.
struct Failure {
    at: usize,
    expected: Vec<String>,
}

fn read(wanted: Rule, text: &str) -> Result<pest::iterators::Pairs<'_, Rule>, Failure> {
    Grammar::parse(wanted, text).map_err(|error| {
        let at = match error.location {
            InputLocation::Pos(at) | InputLocation::Span((at, _)) => at,
        };
        let expected = match error.variant {
            ErrorVariant::ParsingError { positives, .. } => {
                positives.iter().map(|read| format!("{read:?}")).collect()
            }
            ErrorVariant::CustomError { .. } => Vec::new(),
        };
        Failure { at, expected }
    })
}

/// Byte offsets fit, because files are limited; a longer one would only point elsewhere.
fn small(byte: usize) -> u32 {
    u32::try_from(byte).unwrap_or(u32::MAX)
}

struct Reader<'a> {
    file: u32,
    ast: &'a mut Ast,
    findings: &'a mut Findings,
    /// What was read last.
    last: Last,
    /// Whether a window of the clause could not be read.
    slipped: bool,
}

/// What an item is, for what cannot be read behind it.
#[derive(Clone, Copy)]
enum Last {
    Rule,
    Invariant,
    Other,
}

impl Reader<'_> {
    /// The span of what a pair read, without the blanks behind it.
    fn at(&self, pair: &Pair<'_>) -> Span {
        let start = pair.as_span().start();
        let mut last = pair.clone();
        while let Some(inner) = last.clone().into_inner().next_back() {
            last = inner;
        }
        let end = last.as_span().start() + last.as_str().trim_end().len();
        Span { file: self.file, start: small(start), end: small(end.max(start)) }
    }

    fn word(&self, pair: &Pair<'_>) -> Word {
        Word { text: pair.as_str().trim_end().to_owned(), at: self.at(pair) }
    }

    /// A text's content.
    fn string(&mut self, pair: &Pair<'_>) -> Word {
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

    fn item(&mut self, pair: Pair<'_>) {
        let at = self.at(&pair);
        let last = std::mem::replace(&mut self.last, Last::Other);
        match pair.as_rule() {
            Rule::policy => {
                let number = pair.into_inner().find(|p| p.as_rule() == Rule::number_like);
                let number = number.map(|p| self.word(&p));
                self.ast.versions.push(Version { number, at });
            }
            Rule::include => self.include(pair),
            Rule::named_list => self.named_list(pair),
            Rule::event => self.event(pair),
            Rule::rule => {
                self.rule(pair);
                self.last = Last::Rule;
            }
            Rule::invariant => {
                self.invariant(pair);
                self.last = Last::Invariant;
            }
            Rule::test_block => self.test(pair),
            Rule::bad_item => {
                self.lost(pair.as_str(), last);
                self.bad(&pair, Rule::good_item);
            }
            _ => {}
        }
    }

    /// Keeps what an item that cannot be read may have been: a rule, or the rest of what stands
    /// before it. A brace too many is neither.
    fn lost(&mut self, text: &str, last: Last) {
        if text.chars().all(|c| c == '}' || c.is_whitespace()) {
            return;
        }
        self.ast.lost = true;
        self.unread(text);
        let begins = read(Rule::item_start, text).is_ok();
        match last {
            Last::Rule if !begins => {
                self.ast.rules.last_mut().into_iter().for_each(|it| it.partial = true)
            }
            Last::Invariant if !begins => {
                self.ast.invariants.last_mut().into_iter().for_each(|it| it.partial = true)
            }
            _ => {}
        }
    }

    /// Keeps the words of a rule that could not be read: it may override what they name.
    fn unread(&mut self, text: &str) {
        let apart = |c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_'));
        let words = text.split(apart).filter(|word| !word.is_empty());
        self.ast.unread.extend(words.map(str::to_owned));
    }

    fn words(&self, pair: Pair<'_>, of: Rule) -> Vec<Word> {
        let parts = pair.into_inner().filter(|part| part.as_rule() == of);
        parts.map(|part| self.word(&part)).collect()
    }

    fn unclosed(&mut self, at: Span, what: &str) {
        self.findings.push(say::unclosed(at, what));
    }
}
