//! How a file is laid out: the stretches of its text in their order, with what each is as far as
//! its layout goes. The tree leaves out what means nothing; this keeps the place of every word.

use super::{Rule, Token, read};

/// What a stretch of text is, as far as its layout goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::lang) enum Part {
    /// `policy` and `include`.
    Line,
    NamedList,
    Event,
    Rule,
    Invariant,
    Test,
    /// `@owner(growth)`
    Mark,
    Argument,
    /// One attribute of an event.
    Declared,
    /// A type, or the values of an enum.
    Kind,
    /// One clause of a rule.
    Clause,
    /// A clause, or a part of one, that names several things: `on`, `overrides`, `from`.
    Names,
    /// What one claim of an invariant says.
    Claim,
    /// What may stand on a line of its own when the line before would be too long.
    Tail,
    /// What `or` separates.
    Any,
    /// What `and` separates.
    All,
    Group,
    List,
    Fixture,
    FixtureLine,
    TestLine,
    Open,
    Close,
    CloseParen,
    CloseBracket,
    Comma,
    Arrow,
    Other,
}

/// A stretch begins or ends at a byte.
#[derive(Clone, Copy, Debug)]
pub(in crate::lang) enum Edge {
    Begin(Part, usize),
    End(usize),
}

/// The edges of all stretches of a file, in the order of the text; none if it cannot be read.
pub(in crate::lang) fn outline(text: &str) -> Option<Vec<Edge>> {
    let pairs = read(Rule::file, text).ok()?;
    let edge = |token: Token<'_>| match token {
        Token::Start { rule: of, pos } => Edge::Begin(part(of), pos.pos()),
        Token::End { pos, .. } => Edge::End(pos.pos()),
    };
    Some(pairs.tokens().map(edge).collect())
}

fn part(of: Rule) -> Part {
    match of {
        Rule::policy | Rule::include => Part::Line,
        Rule::named_list => Part::NamedList,
        Rule::event => Part::Event,
        Rule::rule => Part::Rule,
        Rule::invariant => Part::Invariant,
        Rule::test_block => Part::Test,
        Rule::attribute => Part::Mark,
        Rule::argument => Part::Argument,
        Rule::declared => Part::Declared,
        Rule::kind => Part::Kind,
        Rule::condition | Rule::effect | Rule::resume | Rule::reason => Part::Clause,
        Rule::on | Rule::overrides | Rule::from => Part::Names,
        Rule::claim => Part::Claim,
        Rule::for_tail | Rule::until_tail | Rule::else_tail | Rule::max_tail => Part::Tail,
        Rule::window_where | Rule::window_per | Rule::window_at | Rule::window_in => Part::Tail,
        Rule::any_of => Part::Any,
        Rule::all_of => Part::All,
        Rule::group => Part::Group,
        Rule::list => Part::List,
        Rule::fixture => Part::Fixture,
        Rule::fixture_line => Part::FixtureLine,
        Rule::test_line => Part::TestLine,
        Rule::open_brace => Part::Open,
        Rule::close_brace => Part::Close,
        Rule::close_paren => Part::CloseParen,
        Rule::close_bracket => Part::CloseBracket,
        Rule::comma => Part::Comma,
        Rule::arrow => Part::Arrow,
        _ => Part::Other,
    }
}
