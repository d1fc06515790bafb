//! How tests and invariants are read: what goes on over lines, and what does not.

use super::super::ast::{Ast, Piece, TestItem, TestLine};
use super::super::parse::parse;
use super::super::report::Findings;

fn read(text: &str) -> (Ast, usize) {
    let (mut ast, mut findings) = (Ast::default(), Findings::default());
    parse(0, text, &mut ast, &mut findings);
    (ast, findings.all.len())
}

fn pieces(line: &TestLine) -> Vec<String> {
    let shown = |piece: &Piece| match piece {
        Piece::Word(word) => word.text.clone(),
        Piece::Text(text) => format!("\"{}\"", text.text),
        Piece::Comma(_) => ",".to_owned(),
        Piece::Arrow(_) => "=>".to_owned(),
    };
    line.pieces.iter().map(shown).collect()
}

#[test]
fn a_test_is_read_line_by_line() {
    let (ast, findings) = read(
        "test \"one\" { # why
  start 2026-03-02 09:00 Europe/Berlin
  company acme { a@acme.io b@acme.io # two
    tags vip, stage customer }
  sender ann@ours.example {
    limit 100
  }
  0d  bounce a@acme.io class soft=> acme active # first
  2d  reply b@acme.io from \"b c\"  # goes on

      # and on
      => acme paused by x, y until 20d
      => a@acme.io next 2026-03-05 09:00
  20d                               => quiet
}
test { 0d => quiet }",
    );
    assert_eq!(findings, 0);
    let [first, second] = ast.tests.as_slice() else { panic!("two tests: {ast:#?}") };
    assert_eq!(first.name.as_ref().map(|name| name.text.as_str()), Some("one"));
    let shown: Vec<_> = first
        .items
        .iter()
        .map(|item| match item {
            TestItem::Fixture(fixture) => {
                let head: Vec<_> = fixture.head.iter().map(|word| word.text.as_str()).collect();
                let lines: Vec<_> = fixture.lines.iter().map(|l| pieces(l).join(" ")).collect();
                format!("{} {{ {} }}", head.join(" "), lines.join(" / "))
            }
            TestItem::Line(line) => pieces(line).join(" "),
        })
        .collect();
    assert_eq!(
        shown,
        [
            "start 2026-03-02 09:00 Europe/Berlin",
            "company acme { a@acme.io b@acme.io / tags vip , stage customer }",
            "sender ann@ours.example { limit 100 }",
            "0d bounce a@acme.io class soft => acme active",
            "2d reply b@acme.io from \"b c\" => acme paused by x , y until 20d \
             => a@acme.io next 2026-03-05 09:00",
            "20d => quiet",
        ]
    );
    assert_eq!(second.items.len(), 1);
}

#[test]
fn an_invariant_is_read_with_all_its_claims() {
    let (ast, findings) = read(
        "invariant \"free mail\" { never pause or stop company in campaign on reply, bounce
           when prospect.domain in free-mail  always stop prospect on opt-out }",
    );
    assert_eq!(findings, 0);
    let [claims] = ast.invariants.as_slice() else { panic!("one: {ast:#?}") };
    let [never, always] = claims.claims.as_slice() else { panic!("two claims: {claims:#?}") };
    assert_eq!((never.always, never.verbs.len(), never.on.len()), (false, 2, 2));
    assert_eq!(never.target.as_ref().map(|it| it.text.as_str()), Some("company in campaign"));
    assert!(never.when.is_some() && always.always && always.when.is_none());
}

#[test]
fn what_cannot_be_read_in_a_test_is_one_finding_a_line() {
    let (ast, findings) = read("test { 0d \"x \n 1d => quiet } \n rule x { on reply ignore }");
    assert_eq!((ast.rules.len(), findings), (1, 1), "{ast:#?}");
    assert!(ast.tests.iter().any(|test| test.partial));
    let (ast, findings) = read("test \"a\" { 0d => quiet \n rule x { on reply ignore }");
    assert_eq!((ast.rules.len(), findings), (1, 1), "{ast:#?}");
    let (_, findings) = read("test { company acme { a@acme.io \n rule x { on reply ignore }");
    assert_eq!(findings, 2);
}

#[test]
fn a_window_is_read_with_its_parts_in_any_order() {
    let (ast, findings) = read(
        "rule r { on bounce
           when count(distinct prospect of bounce in 7d where bounce.class is soft at company) >= 3
             and not rate(bounce per sent at campaign in 28d) < 2.5% of at least 20
           pause company }",
    );
    assert_eq!(findings, 0);
    let [count, rate] = ast.windows.as_slice() else { panic!("two: {ast:#?}") };
    assert_eq!((count.filters.len(), count.spans.len(), count.scopes.len()), (1, 1, 1));
    assert!(count.distinct.is_some() && !count.rate && rate.rate && rate.per.len() == 1);
    assert!(rate.test.as_ref().is_some_and(|test| test.base.is_some()));
}
