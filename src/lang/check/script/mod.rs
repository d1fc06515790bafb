//! Tests: from the lines of a `test` to what it sets up, does and expects. It knows words and
//! meanings; whether a test passes is found out by whoever runs it.

mod acts;
mod cast;
mod expects;
mod fixtures;
mod words;

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};

use super::super::ast::{Piece, TestDecl, TestItem, TestLine, Word};
use super::super::script::{Line, Script, What};
use super::super::script_diagnostic as tell;
use super::super::{diagnostic as say, literal};
use super::Checker;
use cast::{Cast, Sort};
use words::{Words, clock, shown, span_of};

/// When a test starts if it does not say: a Monday, so that offsets are whole days.
const START: Option<NaiveDate> = NaiveDate::from_ymd_opt(2026, 3, 2);

/// The start of a test.
#[derive(Default)]
struct Start {
    date: Option<NaiveDate>,
    time: Option<NaiveTime>,
    zone: Option<Word>,
}

impl Checker<'_> {
    pub(super) fn tests(&mut self) {
        let ast = self.ast;
        for test in &ast.tests {
            let before = self.findings.errors;
            let script = self.test(test);
            if !test.partial && !self.errors_since(before) {
                self.out.scripts.push(script);
            }
        }
    }

    fn test(&mut self, test: &TestDecl) -> Script {
        let at = test.name.as_ref().map_or(test.keyword, |name| name.at);
        let mut cast = Cast::default();
        let mut fixtures = Vec::new();
        let (mut start, mut started) = (Start::default(), false);
        let mut lines: Vec<&TestLine> = Vec::new();
        for item in &test.items {
            match item {
                TestItem::Fixture(decl) => {
                    fixtures.extend(self.fixture_head(&mut cast, decl).map(|head| (decl, head)));
                }
                TestItem::Line(line) => match line.pieces.first() {
                    Some(Piece::Word(word)) if word.text == "start" => {
                        if std::mem::replace(&mut started, true) {
                            self.say(say::repeated_clause(word.at, "`start`"));
                        }
                        self.start(line, &mut start);
                    }
                    Some(Piece::Word(word)) if Sort::named(&word.text).is_some() => {
                        let bare = format!("{} without braces", word.text);
                        self.say(tell::bad_fixture(word.at, &bare, None));
                    }
                    _ => lines.push(line),
                },
            }
        }
        for (decl, head) in fixtures {
            self.fixture(&mut cast, decl, head);
        }
        cast.complete(at);
        let before = self.findings.errors;
        let lines: Vec<Line> =
            lines.into_iter().filter_map(|line| self.line(&mut cast, line)).collect();
        let mut expects = lines.iter().flat_map(|line| &line.expects).peekable();
        if expects.peek().is_none() && !test.partial && !self.errors_since(before) {
            self.say(tell::expects_nothing(at));
        }
        let quiet = expects.any(|expect| matches!(expect.what, What::Quiet | What::Not { .. }));
        let date = start.date.or(START).unwrap_or_default();
        cast.zones.extend(start.zone.clone());
        Script {
            name: test.name.as_ref().map(|name| name.text.as_str().into()),
            at,
            start: NaiveDateTime::new(date, start.time.unwrap_or_default()),
            zone: start.zone,
            zones: std::mem::take(&mut cast.zones),
            setup: cast.setup(at),
            lines,
            quiet,
        }
    }

    /// `start 2026-03-02 09:00 Europe/Berlin`, each part at most once.
    fn start(&mut self, line: &TestLine, start: &mut Start) {
        for piece in line.pieces.iter().skip(1) {
            let word = match piece {
                Piece::Word(word) => word,
                _ => {
                    self.say(tell::left_over(span_of(piece), &shown(piece)));
                    return;
                }
            };
            let (date, time) = (literal::date(&word.text), clock(&word.text));
            let again = if date.is_some() {
                std::mem::replace(&mut start.date, date).is_some()
            } else if time.is_some() {
                std::mem::replace(&mut start.time, time).is_some()
            } else if word.text.starts_with(|c: char| c.is_ascii_digit()) {
                let expected = "a date, a time such as `09:00`, or a zone";
                self.say(tell::bad_setting(word.at, expected, &shown(piece)));
                return;
            } else {
                start.zone.replace(word.clone()).is_some()
            };
            if again {
                self.say(tell::left_over(word.at, &shown(piece)));
            }
        }
    }

    fn line(&mut self, cast: &mut Cast, line: &TestLine) -> Option<Line> {
        let mut words = Words::of(line);
        let when = self.when(&mut words)?;
        let before = self.findings.errors;
        let act = if words.at_arrow_or_end() {
            None
        } else if words.peek_word().is_some() {
            self.act(cast, &mut words)
        } else {
            self.say(tell::left_over(words.here(), &words.found()));
            None
        };
        if self.errors_since(before) {
            // What could not be read of the act would be found missing once more.
            while !words.at_arrow_or_end() {
                words.next();
            }
        }
        let expects = self.expects(cast, &mut words);
        Some(Line { when, act, expects })
    }
}
