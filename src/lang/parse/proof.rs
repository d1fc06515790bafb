//! Invariants and tests.

use super::super::ast::{
    ClaimDecl, FixtureDecl, InvariantDecl, Piece, TestDecl, TestItem, TestLine,
};
use super::rule::verb_of;
use super::{Pair, Reader, Rule};

impl Reader<'_> {
    pub(super) fn invariant(&mut self, pair: Pair<'_>) {
        let at = self.keyword(&pair);
        let mut decl = InvariantDecl { name: None, at, claims: Vec::new(), partial: false };
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::string => decl.name = Some(self.string(&part)),
                Rule::claim => {
                    self.slipped = false;
                    let claim = self.claim(part);
                    decl.claims.push(claim);
                    decl.partial |= self.slipped;
                }
                Rule::bad_claim => {
                    decl.partial = true;
                    self.bad(&part, Rule::claim);
                }
                Rule::unclosed => self.unclosed(decl.at, "the invariant"),
                _ => {}
            }
        }
        self.ast.invariants.push(decl);
    }

    fn claim(&mut self, pair: Pair<'_>) -> ClaimDecl {
        let at = self.at(&pair);
        let mut claim =
            ClaimDecl { always: false, verbs: vec![], target: None, on: vec![], when: None, at };
        for part in pair.into_inner() {
            let here = self.at(&part);
            match part.as_rule() {
                Rule::k_always => claim.always = true,
                Rule::verb => claim.verbs.extend(verb_of(part).map(|verb| (verb, here))),
                Rule::target => claim.target = Some(self.target(part)),
                Rule::on => claim.on = self.words(part, Rule::path),
                Rule::any_of => claim.when = self.any_of(part),
                _ => {}
            }
        }
        claim
    }

    pub(super) fn test(&mut self, pair: Pair<'_>) {
        let keyword = self.keyword(&pair);
        let mut decl = TestDecl { name: None, keyword, items: Vec::new(), partial: false };
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::string => decl.name = Some(self.string(&part)),
                Rule::fixture => {
                    let (fixture, partial) = self.fixture(part);
                    decl.partial |= partial;
                    decl.items.push(TestItem::Fixture(fixture));
                }
                Rule::test_line => {
                    let line = self.line(part);
                    decl.items.push(TestItem::Line(line));
                }
                Rule::bad_line => {
                    decl.partial = true;
                    self.bad(&part, Rule::test_line);
                }
                Rule::unclosed => {
                    decl.partial = true;
                    self.unclosed(decl.keyword, "the test");
                }
                _ => {}
            }
        }
        self.ast.tests.push(decl);
    }

    /// A fixture, and whether something of it could not be read.
    fn fixture(&mut self, pair: Pair<'_>) -> (FixtureDecl, bool) {
        let mut decl = FixtureDecl { head: Vec::new(), lines: Vec::new(), at: self.at(&pair) };
        let mut partial = false;
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::fixture_head => decl.head = self.words(part, Rule::line_word),
                Rule::fixture_line => {
                    let line = self.line(part);
                    decl.lines.push(line);
                }
                Rule::bad_line => {
                    partial = true;
                    self.bad(&part, Rule::fixture_line);
                }
                Rule::unclosed => {
                    partial = true;
                    let at = decl.head.first().map_or(decl.at, |word| word.at);
                    self.unclosed(at, "the fixture");
                }
                _ => {}
            }
        }
        (decl, partial)
    }

    fn line(&mut self, pair: Pair<'_>) -> TestLine {
        let at = self.at(&pair);
        let piece = |reader: &mut Self, part: Pair<'_>| match part.as_rule() {
            Rule::string => Piece::Text(reader.string(&part)),
            Rule::comma => Piece::Comma(reader.at(&part)),
            Rule::arrow => Piece::Arrow(reader.at(&part)),
            _ => Piece::Word(reader.word(&part)),
        };
        let pieces = pair.into_inner().map(|part| piece(self, part)).collect();
        TestLine { pieces, at }
    }

    /// The place of the keyword that a pair begins with.
    fn keyword(&self, pair: &Pair<'_>) -> super::super::ast::Span {
        pair.clone().into_inner().next().map_or_else(|| self.at(pair), |word| self.at(&word))
    }
}
