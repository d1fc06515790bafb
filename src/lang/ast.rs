//! The tree of a rules file, flat: expressions live in one vector and name each other by number, so
//! that neither walking nor dropping it can run out of stack. It knows places, not meanings.

/// A stretch of text in one file of the bundle, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// The file's position in the bundle.
    pub file: u32,
    pub start: u32,
    pub end: u32,
}

/// A word or text, where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Word {
    pub text: String,
    pub at: Span,
}

/// All files of a bundle together.
#[derive(Debug, Default)]
pub(super) struct Ast {
    pub versions: Vec<Version>,
    pub includes: Vec<Include>,
    pub lists: Vec<ListDecl>,
    pub events: Vec<EventDecl>,
    pub rules: Vec<RuleDecl>,
    pub invariants: Vec<InvariantDecl>,
    pub tests: Vec<TestDecl>,
    pub exprs: Vec<Expr>,
    pub windows: Vec<WindowDecl>,
    /// True if a file that is included is not there: what it declares is missing.
    pub incomplete: bool,
    /// True if something could not be read that may have been a declaration.
    pub lost: bool,
    /// The words of rules and declarations that could not be read.
    pub unread: Vec<String>,
}

/// A `policy` line.
#[derive(Debug)]
pub(super) struct Version {
    pub number: Option<Word>,
    pub at: Span,
}

/// `include "other.rules"`
#[derive(Debug)]
pub(super) struct Include {
    pub path: Word,
}

#[derive(Debug)]
pub(super) struct ListDecl {
    pub kind: ListKind,
    pub name: Word,
    pub content: ListContent,
}

/// What the entries of a named list are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ListKind {
    Domains,
    Addresses,
    Texts,
}

#[derive(Debug)]
pub(super) enum ListContent {
    Entries(Vec<Entry>),
    /// The path after `from`; its entries take its place when the files are put together.
    File(Word),
    /// The entries of a file that is not there: said already.
    Unread,
}

/// One entry of a list.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub value: Operand,
    /// False if the comma between it and the entry before is missing.
    pub separated: bool,
}

#[derive(Debug)]
pub(super) struct EventDecl {
    pub name: Word,
    pub attributes: Vec<AttributeDecl>,
}

#[derive(Debug)]
pub(super) struct AttributeDecl {
    pub name: Word,
    pub kind: KindDecl,
    pub optional: bool,
}

#[derive(Debug)]
pub(super) enum KindDecl {
    /// One word: a type's name, if there is such a type.
    Named(Word),
    /// `list of …`
    ListOf(Word),
    /// The values of an enum.
    OneOf(Vec<Word>),
}

#[derive(Debug)]
pub(super) struct RuleDecl {
    pub name: Word,
    pub title: Option<Word>,
    pub marks: Vec<Mark>,
    pub on: Vec<Word>,
    pub conditions: Vec<Condition>,
    pub effects: Vec<EffectDecl>,
    pub overrides: Vec<Word>,
    pub reasons: Vec<Word>,
    /// True if a clause could not be read, so that something may be missing.
    pub partial: bool,
}

/// `@name(argument)` before a rule.
#[derive(Debug)]
pub(super) struct Mark {
    pub name: Word,
    pub argument: Option<String>,
}

#[derive(Debug)]
pub(super) struct Condition {
    pub kind: ConditionKind,
    pub expr: ExprId,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ConditionKind {
    Where,
    Except,
    When,
}

/// The number of an expression in [`Ast::exprs`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ExprId(pub u32);

#[derive(Debug)]
pub(super) struct Expr {
    pub node: Node,
    pub at: Span,
}

#[derive(Debug)]
pub(super) enum Node {
    All(Vec<ExprId>),
    Any(Vec<ExprId>),
    Not(ExprId),
    Compare {
        left: Operand,
        test: Option<(Operator, Span)>,
        right: Option<Right>,
    },
    /// The number of a window in [`Ast::windows`].
    Window(u32),
}

/// `count(…) >= n` or `rate(…) >= n%`: what was written, as often as it was written.
#[derive(Debug, Default)]
pub(super) struct WindowDecl {
    /// True for `rate`.
    pub rate: bool,
    /// What is counted once each, as in `distinct prospect of`.
    pub distinct: Option<Word>,
    pub event: Option<Word>,
    pub filters: Vec<ExprId>,
    pub per: Vec<Word>,
    pub scopes: Vec<Word>,
    pub spans: Vec<Operand>,
    pub test: Option<WindowTest>,
}

#[derive(Debug)]
pub(super) struct WindowTest {
    pub operator: Operator,
    pub at: Span,
    /// A number, or a share such as `2%`.
    pub amount: Operand,
    pub base: Option<Base>,
}

/// `of at least 20`
#[derive(Debug)]
pub(super) struct Base {
    pub least: Operand,
    pub at: Span,
}

#[derive(Clone, Debug)]
pub(super) enum Right {
    One(Operand),
    List(Vec<Entry>, Span),
}

#[derive(Clone, Debug)]
pub(super) struct Operand {
    pub node: OperandNode,
    pub at: Span,
}

#[derive(Clone, Debug)]
pub(super) enum OperandNode {
    /// Text in quotes.
    Text(String),
    /// What begins with a digit.
    Number(String),
    /// `prospect.field("name")`: the path and its argument.
    Call(String, String),
    /// A name, with or without dots.
    Path(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Is,
    IsNot,
    In,
    NotIn,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    StartsWith,
    EndsWith,
    Matches,
    /// `=`, `==` or `!=`, which the language does not have.
    Foreign(&'static str),
}

impl Operator {
    /// As it is written.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Is => "is",
            Self::IsNot => "is not",
            Self::In => "in",
            Self::NotIn => "not in",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::StartsWith => "starts with",
            Self::EndsWith => "ends with",
            Self::Matches => "matches",
            Self::Foreign(text) => text,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Pause,
    Stop,
    Ignore,
    /// The effect, or the mode of the pause before it; the check tells them apart.
    Resume,
}

impl Verb {
    pub const fn text(self) -> &'static str {
        match self {
            Self::Pause => "pause",
            Self::Stop => "stop",
            Self::Ignore => "ignore",
            Self::Resume => "resume",
        }
    }
}

#[derive(Debug)]
pub(super) struct EffectDecl {
    pub verb: Verb,
    pub target: Option<Word>,
    /// The rules after `from`.
    pub from: Vec<Word>,
    pub tails: Vec<(Tail, Span)>,
    pub at: Span,
}

#[derive(Debug)]
pub(super) enum Tail {
    For(Operand),
    Until(Moment),
    /// None is `manual`.
    Else(Option<Operand>),
    Max(Operand),
}

impl Tail {
    pub const fn word(&self) -> &'static str {
        match self {
            Self::For(_) => "for",
            Self::Until(_) => "until",
            Self::Else(_) => "else",
            Self::Max(_) => "max",
        }
    }
}

#[derive(Debug)]
pub(super) enum Moment {
    At(Operand),
    DayAfter(Operand),
    NextBusinessDay(Option<Operand>),
}

#[derive(Debug)]
pub(super) struct InvariantDecl {
    pub name: Option<Word>,
    /// The keyword.
    pub at: Span,
    pub claims: Vec<ClaimDecl>,
    pub partial: bool,
}

/// `never pause company on reply when …`
#[derive(Debug)]
pub(super) struct ClaimDecl {
    /// True for `always`, false for `never`.
    pub always: bool,
    pub verbs: Vec<(Verb, Span)>,
    pub target: Option<Word>,
    pub on: Vec<Word>,
    pub when: Option<ExprId>,
    pub at: Span,
}

#[derive(Debug)]
pub(super) struct TestDecl {
    pub name: Option<Word>,
    pub keyword: Span,
    pub items: Vec<TestItem>,
    /// True if a line could not be read.
    pub partial: bool,
}

#[derive(Debug)]
pub(super) enum TestItem {
    Fixture(FixtureDecl),
    Line(TestLine),
}

/// `company acme { a@acme.io b@acme.io }`: the words before the brace, and the lines inside.
#[derive(Debug)]
pub(super) struct FixtureDecl {
    pub head: Vec<Word>,
    pub lines: Vec<TestLine>,
    pub at: Span,
}

/// One line of a test, in pieces.
#[derive(Debug)]
pub(super) struct TestLine {
    pub pieces: Vec<Piece>,
    pub at: Span,
}

#[derive(Clone, Debug)]
pub(super) enum Piece {
    Word(Word),
    /// Text in quotes.
    Text(Word),
    Comma(Span),
    /// `=>`
    Arrow(Span),
}
