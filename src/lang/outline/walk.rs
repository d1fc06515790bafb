//! Walks over the pieces of one declaration and tells at each what may stand there. It follows the
//! grammar as far as a text does, and goes on where the text does not.

use super::items::{Head, Item, word};
use super::tokens::{Piece, Token};
use super::words::{
    CLAIMS, CLAUSES, DEEDS, FIXTURES, ITEMS, JOINTS, MODES, OPERATORS, PARTS, STATES, SUBJECTS,
    TAILS, VERBS,
};

/// What kind of name or value is wanted at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Want {
    /// A new name, a number, a text: nothing that can be looked up.
    Nothing,
    Mark,
    Event,
    Rule,
    List(String),
    /// Something that a rule on these events can read.
    Readable(Vec<String>),
    /// Such a thing that is a date or an instant.
    Moment(Vec<String>),
    /// A scope, or an attribute that holds one.
    Scope(Vec<String>),
    /// A scope that windows count at.
    Counted,
    /// A value of what this path reads.
    Value(String),
    /// The type of this path, or the first of its values.
    Type(String),
    /// An attribute of this event, by its bare name.
    Attribute(String),
}

/// What may stand at a place.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    pub words: [&'static [&'static str]; 3],
    pub want: Want,
    /// True where a name is declared rather than used.
    pub new: bool,
}

impl Slot {
    fn of(words: [&'static [&'static str]; 3], want: Want) -> Self {
        Self { words, want, new: false }
    }

    fn words(first: &'static [&'static str], second: &'static [&'static str]) -> Self {
        Self::of([first, second, &[]], Want::Nothing)
    }

    fn wants(want: Want) -> Self {
        Self::of([&[]; 3], want)
    }

    fn declares(want: Want) -> Self {
        Self { new: true, ..Self::wants(want) }
    }

    pub fn has(&self, word: &str) -> bool {
        self.words.iter().any(|words| words.contains(&word))
    }
}

/// How far the declaration has come.
#[derive(Clone, Debug)]
pub(super) enum At {
    Item,
    Mark,
    Marked,
    Argument,
    Plain,
    Name,
    Title,
    ListBegin,
    ListFile,
    Entries,
    Attribute,
    Colon(String),
    Kind(String),
    Of,
    OfKind,
    More(String),
    Other(String),
    Clause,
    On,
    OnMore,
    Rules(bool),
    RulesMore(bool),
    Target,
    TargetIn,
    Scoped(bool),
    Resume,
    Resumed,
    Length,
    Until,
    Date,
    Business,
    Otherwise,
    Tails,
    Claim,
    Verb,
    Claimed,
    When(When),
    Proof(Proof),
}

/// How far a condition has come.
#[derive(Clone, Debug)]
pub(super) enum When {
    Operand,
    Operator(String),
    Call(String),
    Is(String),
    Not(String),
    With(String),
    Value(String),
    Among(String),
    Entry(String),
    Done,
    Opening,
    Counted,
    Distinct,
    DistinctOf,
    Event,
    Part,
    At,
    Per,
    In,
    Tested,
    Amount,
    Base,
    Least(bool),
}

/// How far a line of a test has come.
#[derive(Clone, Debug)]
pub(super) enum Proof {
    Line,
    Fixture(&'static [&'static str]),
    Inside(&'static [&'static str]),
    Happened,
    Deed,
    Subject(String),
    Told(String),
    Worth(String, String),
    Expected,
    State,
    Campaign,
    Next,
    Rest,
    By,
    ByMore,
}

/// A window whose bracket is open.
pub(super) struct Window {
    pub event: String,
    pub depth: usize,
}

pub(super) struct Walker<'t> {
    pub text: &'t str,
    pub tokens: &'t [Token],
    pub item: Item,
    pub at: At,
    /// The name of what is declared.
    pub name: String,
    /// The events whose attributes can be read.
    pub events: Vec<String>,
    /// True in the `when` of a rule.
    pub counting: bool,
    pub window: Option<Window>,
}

impl<'t> Walker<'t> {
    pub fn new(text: &'t str, tokens: &'t [Token], item: Item) -> Self {
        let events = if item.head == Head::Rule { listens(text, tokens, item) } else { Vec::new() };
        let (at, name) = (At::Item, String::new());
        Self { text, tokens, item, at, name, events, counting: false, window: None }
    }

    pub fn word(&self, token: usize) -> &'t str {
        word(self.text, self.tokens, token)
    }

    pub fn piece(&self, token: usize) -> Option<Piece> {
        self.tokens.get(token).map(|token| token.piece)
    }

    /// The words that end whatever clause there is.
    pub fn follow(&self) -> &'static [&'static str] {
        match self.item.head {
            Head::Rule => CLAUSES,
            Head::Invariant => &["on", "when", "never", "always"],
            _ => &[],
        }
    }

    /// The events whose attributes can be read here.
    fn scene(&self) -> Vec<String> {
        match &self.window {
            Some(window) => vec![window.event.clone()],
            None => self.events.clone(),
        }
    }

    /// What may stand at the place that was reached.
    pub fn slot(&self) -> Slot {
        let follow = self.follow();
        match &self.at {
            At::Item => Slot::words(ITEMS, &[]),
            At::Mark => Slot::wants(Want::Mark),
            At::Marked => Slot::words(&["rule"], &[]),
            At::Argument | At::Plain | At::Title | At::Entries => Slot::wants(Want::Nothing),
            At::Name => Slot::declares(match self.item.head {
                Head::Rule => Want::Rule,
                Head::Event => Want::Event,
                Head::List => Want::List(String::new()),
                _ => Want::Nothing,
            }),
            At::ListBegin => Slot::words(&["from"], &[]),
            At::ListFile | At::Colon(_) | At::Length => Slot::wants(Want::Nothing),
            At::Attribute => Slot::declares(Want::Attribute(self.name.clone())),
            At::Kind(name) => Slot::of([&["list of text"], &[], &[]], Want::Type(self.path(name))),
            At::Of => Slot::words(&["of"], &[]),
            At::OfKind => Slot::words(&["text"], &[]),
            At::More(_) => {
                let want = Want::Attribute(self.name.clone());
                Slot { words: [&["optional"], &[], &[]], want, new: true }
            }
            At::Other(name) => Slot::declares(Want::Value(self.path(name))),
            At::Clause | At::OnMore | At::RulesMore(_) => Slot::words(follow, &[]),
            At::On => Slot::wants(Want::Event),
            At::Rules(_) => Slot::wants(Want::Rule),
            At::Target => Slot::wants(Want::Scope(self.events.clone())),
            At::TargetIn => Slot::words(&["campaign"], &[]),
            At::Scoped(company) => {
                let tails = if self.item.head == Head::Rule { TAILS } else { &[] };
                let inside: &[&str] = if *company { &["in campaign"] } else { &[] };
                Slot::of([inside, tails, follow], Want::Nothing)
            }
            At::Resume => Slot::of([MODES, &[], &[]], Want::Scope(self.events.clone())),
            At::Resumed => Slot::of([&["from"], TAILS, follow], Want::Nothing),
            At::Until => {
                let words: &[&str] = &["day-after", "next-business-day"];
                Slot::of([words, &[], &[]], Want::Moment(self.events.clone()))
            }
            At::Date => Slot::wants(Want::Moment(self.events.clone())),
            At::Business => Slot::of([&["after"], TAILS, follow], Want::Nothing),
            At::Otherwise => Slot::words(&["manual"], &[]),
            At::Tails => Slot::words(TAILS, follow),
            At::Claim => Slot::words(CLAIMS, &[]),
            At::Verb => Slot::words(VERBS, &[]),
            At::Claimed => Slot::of([&["or"], follow, &[]], Want::Scope(Vec::new())),
            At::When(when) => self.condition_slot(when),
            At::Proof(proof) => proof_slot(proof),
        }
    }

    fn path(&self, attribute: &str) -> String {
        format!("{}.{attribute}", self.name)
    }

    fn condition_slot(&self, when: &When) -> Slot {
        let follow = if self.window.is_some() { PARTS } else { self.follow() };
        match when {
            When::Operand if self.counting && self.window.is_none() => {
                Slot::words(&["count", "rate", "not"], &[])
            }
            When::Operand => Slot::of([&["not"], &[], &[]], Want::Readable(self.scene())),
            When::Operator(_) => Slot::of([OPERATORS, JOINTS, follow], Want::Nothing),
            When::Call(_) | When::In | When::Amount => Slot::wants(Want::Nothing),
            When::Is(path) => {
                Slot::of([&["not", "known", "unknown"], &[], &[]], Want::Value(path.clone()))
            }
            When::Not(_) => Slot::words(&["in"], &[]),
            When::With(_) => Slot::words(&["with"], &[]),
            When::Value(path) | When::Entry(path) => Slot::wants(Want::Value(path.clone())),
            When::Among(path) => Slot::wants(Want::List(path.clone())),
            When::Done => Slot::words(JOINTS, follow),
            When::Opening | When::Tested => Slot::wants(Want::Nothing),
            When::Counted => Slot::of([&["distinct"], &[], &[]], Want::Event),
            When::Distinct => Slot::words(&["prospect"], &[]),
            When::DistinctOf => Slot::words(&["of"], &[]),
            When::Event | When::Per => Slot::wants(Want::Event),
            When::Part => Slot::words(PARTS, &[]),
            When::At => Slot::wants(Want::Counted),
            When::Base => Slot::of([&["of at least"], JOINTS, follow], Want::Nothing),
            When::Least(at) => Slot::words(if *at { &["at"] } else { &["least"] }, &[]),
        }
    }

    /// Goes over a token, and says what could have stood there.
    pub fn step(&mut self, token: usize) -> Slot {
        let slot = self.slot();
        self.advance(token);
        slot
    }

    fn advance(&mut self, token: usize) {
        let (word, item) = (self.word(token), self.item);
        if Some(token) == item.close {
            self.at = At::Item;
        } else if Some(token) == item.open {
            self.at = match item.head {
                Head::Event => At::Attribute,
                Head::Rule => At::Clause,
                Head::Invariant => At::Claim,
                Head::Test => At::Proof(Proof::Line),
                _ => At::Item,
            };
        } else if token == item.keyword && item.head != Head::Other {
            self.at = match item.head {
                Head::Event | Head::Rule | Head::List => At::Name,
                Head::Invariant | Head::Test => At::Title,
                _ => At::Plain,
            };
        } else if self.piece(token) != Some(Piece::Word) || !self.begins(word) {
            let at = std::mem::replace(&mut self.at, At::Item);
            self.at = match at {
                At::When(when) => At::When(self.condition(when, token)),
                At::Proof(proof) => At::Proof(self.proof(proof, token)),
                at => self.plain(at, token),
            };
        }
    }

    /// Whether a word begins a clause or a claim, which then ends the one before.
    fn begins(&mut self, word: &str) -> bool {
        let inside = self.window.is_some() && word == "where";
        if self.item.open.is_none() || inside || !self.follow().contains(&word) {
            return false;
        }
        self.window = None;
        self.counting = word == "when" && self.item.head == Head::Rule;
        self.at = match word {
            "on" => At::On,
            "where" | "except" | "when" => At::When(When::Operand),
            "pause" | "stop" => At::Target,
            "resume" => At::Resume,
            "overrides" => At::Rules(false),
            "reason" => At::Plain,
            "never" | "always" => {
                self.events.clear();
                At::Verb
            }
            _ => At::Clause,
        };
        true
    }

    /// What is neither a condition nor a line of a test.
    fn plain(&mut self, at: At, token: usize) -> At {
        let word = self.word(token);
        match (at, word) {
            (At::Item | At::Marked, "@") => At::Mark,
            (At::Mark, _) => At::Marked,
            (At::Marked, "(") => At::Argument,
            (At::Argument, ")") => At::Marked,
            (At::Plain, _) if self.item.head == Head::Rule => At::Clause,
            (At::Plain | At::ListFile, _) | (At::Entries, "]") => At::Item,
            (At::Name, _) => {
                self.name = word.to_owned();
                if self.item.head == Head::List { At::ListBegin } else { At::Title }
            }
            (At::ListBegin, "from") => At::ListFile,
            (At::ListBegin, "[") => At::Entries,
            (At::Attribute | At::Colon(_), ",") => At::Attribute,
            (At::Colon(name), ":") => At::Kind(name),
            (At::Attribute | At::Colon(_), _) => At::Colon(word.to_owned()),
            (At::Kind(_), "list") if self.word(token + 1) == "of" => At::Of,
            (At::Kind(name) | At::Other(name), _) => At::More(name),
            (At::Of, _) => At::OfKind,
            (At::OfKind, _) => At::More(String::new()),
            (At::More(name), "|") => At::Other(name),
            (At::More(_), "optional" | ",") => At::Attribute,
            (At::More(_), _) => At::Colon(word.to_owned()),
            (at, _) => self.clause(at, token),
        }
    }

    /// What goes on in the clause of a rule, or in a claim.
    fn clause(&mut self, at: At, token: usize) -> At {
        let word = self.word(token);
        match (at, word) {
            (At::OnMore, ",") => At::On,
            (At::On, _) => {
                if self.item.head == Head::Invariant {
                    self.events.push(word.to_owned());
                }
                At::OnMore
            }
            (At::RulesMore(from), ",") => At::Rules(from),
            (At::Rules(from), _) => At::RulesMore(from),
            (At::RulesMore(true) | At::Scoped(_) | At::Resumed | At::Tails | At::Business, _)
                if TAILS.contains(&word) =>
            {
                match word {
                    "until" => At::Until,
                    "else" => At::Otherwise,
                    _ => At::Length,
                }
            }
            (At::Scoped(true), "in") => At::TargetIn,
            (At::Target, _) => At::Scoped(word == "company"),
            (At::TargetIn, _) => At::Scoped(false),
            (At::Resume | At::Resumed, "from") => At::Rules(true),
            (At::Resume, _) => At::Resumed,
            (At::Until, "day-after") | (At::Business, "after") => At::Date,
            (At::Until, "next-business-day") => At::Business,
            (At::Until | At::Date | At::Length | At::Otherwise, _) => At::Tails,
            (At::Verb, _) => At::Claimed,
            (At::Claimed, "or") => At::Verb,
            (At::Claimed, _) => At::Scoped(word == "company"),
            (at, _) => at,
        }
    }
}

fn proof_slot(proof: &Proof) -> Slot {
    match proof {
        Proof::Line => Slot::words(FIXTURES, &[]),
        Proof::Fixture(_) | Proof::Campaign => Slot::wants(Want::Nothing),
        Proof::Inside(settings) => Slot::words(settings, &[]),
        Proof::Happened => Slot::of([DEEDS, &[], &[]], Want::Event),
        Proof::Deed => Slot::words(&["in", "to", "until", "reason"], &[]),
        Proof::Subject(_) => Slot::words(SUBJECTS, &[]),
        Proof::Told(event) => {
            Slot::of([&["in", "happened", "id"], &[], &[]], Want::Attribute(event.clone()))
        }
        Proof::Worth(event, attribute) => Slot::wants(Want::Value(format!("{event}.{attribute}"))),
        Proof::Expected => Slot::words(&["quiet", "ignored"], SUBJECTS),
        Proof::State => Slot::words(STATES, &[]),
        Proof::Next => Slot::words(&["none"], &[]),
        Proof::Rest => Slot::words(&["by", "until"], &[]),
        Proof::By => Slot::of([&["person"], &[], &[]], Want::Rule),
        Proof::ByMore => Slot::words(&["until"], &[]),
    }
}

/// The events that a rule listens to, wherever it says so.
fn listens(text: &str, tokens: &[Token], item: Item) -> Vec<String> {
    let mut events = Vec::new();
    let mut at = item.open.unwrap_or(item.end);
    while at < item.end {
        if word(text, tokens, at) == "on" {
            let mut next = at + 1;
            loop {
                let name = word(text, tokens, next);
                if next >= item.end || CLAUSES.contains(&name) {
                    break;
                }
                events.push(name.to_owned());
                if word(text, tokens, next + 1) != "," {
                    break;
                }
                next += 2;
            }
            at = next;
        }
        at += 1;
    }
    events
}
