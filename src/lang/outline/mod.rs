//! What an editor asks about rules text: what is declared where, what a word means, where it comes
//! from, and what may come next. It answers for any text, finished or not, in bytes and in words,
//! and knows no editors, no files and no positions of theirs.

mod complete;
mod condition;
mod hover;
mod items;
mod names;
mod tokens;
mod walk;
mod words;

use crate::model::PolicyBundle;

use super::ast::Span;
use super::bundle;
use super::policy::VOCABULARY;
use super::report::Findings;
use items::{Head, Item, items, word};
use names::Names;
use tokens::{Piece, Token, Tokens};
use walk::{Slot, Walker, Want};

/// A stretch of a file, in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// The file's name in the bundle; the shipped vocabulary's is `vocabulary.rules`.
    pub file: String,
    /// The first byte.
    pub from: usize,
    /// The byte behind the last.
    pub to: usize,
}

/// What a declaration declares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SymbolKind {
    /// A list of domains, addresses or texts.
    List,
    /// An event.
    Event,
    /// A rule.
    Rule,
    /// An invariant.
    Invariant,
    /// A test.
    Test,
}

/// A declaration of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Symbol {
    /// What it declares.
    pub kind: SymbolKind,
    /// Its name, or its title where it has no name.
    pub name: String,
    /// The title of what has a name, too.
    pub title: Option<String>,
    /// All of it, from its first mark to its last brace.
    pub whole: Stretch,
    /// Its name, or its keyword where it has none.
    pub name_at: Stretch,
}

/// What is said about a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The word.
    pub at: Stretch,
    /// Markdown.
    pub text: String,
}

/// What a candidate names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CandidateKind {
    /// A word of the language.
    Word,
    /// An event.
    Event,
    /// Something that a rule can read.
    Attribute,
    /// A value of an attribute.
    Value,
    /// A scope.
    Scope,
    /// A list.
    List,
    /// A rule.
    Rule,
    /// A type.
    Type,
}

/// Something that may stand at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// What it names.
    pub kind: CandidateKind,
    /// What is written.
    pub text: String,
    /// A few words about it.
    pub about: Option<String>,
}

/// What may stand at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidates {
    /// What they would replace: the word at the place, or nothing.
    pub at: Stretch,
    /// Each candidate once.
    pub all: Vec<Candidate>,
}

/// One file, in pieces.
struct File<'a> {
    name: &'a str,
    text: &'a str,
    tokens: Tokens,
    items: Vec<Item>,
}

/// What can be asked about the files of a policy. Places are bytes of a file; one that is past the
/// end, or inside a character, is answered like any other.
pub struct Outline<'a> {
    /// The vocabulary comes last.
    files: Vec<File<'a>>,
    names: Names,
}

/// A word of a file and what could have stood in its place.
struct Found<'o> {
    file: &'o File<'o>,
    token: Token,
    word: &'o str,
    /// The words `in campaign` behind it belong to it.
    in_campaign: bool,
    slot: Slot,
}

/// What a word stands for.
#[derive(Clone, Copy)]
enum Thing<'o> {
    Event(&'o names::Event),
    Attribute(&'o names::Event, &'o names::Attribute),
    List(&'o names::List),
    Rule(&'o names::Rule),
}

impl Thing<'_> {
    /// Where it is declared.
    fn at(self) -> Span {
        match self {
            Self::Event(event) => event.at,
            Self::Attribute(_, attribute) => attribute.at,
            Self::List(list) => list.at,
            Self::Rule(rule) => rule.at,
        }
    }
}

impl<'a> Outline<'a> {
    /// Reads the files of a policy.
    #[must_use]
    pub fn of(bundle: &'a PolicyBundle) -> Self {
        let texts = bundle.files.iter().map(|file| (file.name.as_str(), file.text.as_str()));
        let texts: Vec<_> = texts.chain([VOCABULARY]).collect();
        let ast = bundle::read(bundle, VOCABULARY.1, &mut Findings::default());
        let names = Names::of(&ast, &texts);
        let file = |(name, text): (&'a str, &'a str)| {
            let tokens = Tokens::of(text);
            let items = items(text, &tokens.all);
            File { name, text, tokens, items }
        };
        let mut outline = Self { files: texts.into_iter().map(file).collect(), names };
        outline.add_hidden();
        outline
    }

    /// Rules whose beginning was read as the end of an unfinished one before them.
    fn add_hidden(&mut self) {
        for (number, file) in self.files.iter().enumerate() {
            for item in file.items.iter().filter(|item| item.head == Head::Rule) {
                let name = word(file.text, &file.tokens.all, item.keyword + 1);
                let token = file.tokens.all.get(item.keyword + 1);
                let named = token.filter(|it| it.piece == Piece::Word && item.open.is_some());
                if let Some(token) = named
                    && self.names.rule(name).is_none()
                {
                    let small = |byte: usize| u32::try_from(byte).unwrap_or(u32::MAX);
                    let file = small(number);
                    let at = Span { file, start: small(token.from), end: small(token.to) };
                    self.names.rules.push(names::Rule::bare(name, at));
                }
            }
        }
    }

    fn file(&self, name: &str) -> Option<&File<'_>> {
        self.files.iter().find(|file| file.name == name)
    }

    /// The declarations of a file, in the order of the text.
    #[must_use]
    pub fn symbols(&self, file: &str) -> Vec<Symbol> {
        let Some(file) = self.file(file) else {
            return Vec::new();
        };
        file.items.iter().filter_map(|item| symbol(file, *item)).collect()
    }

    /// Where the thing that a word names is declared.
    #[must_use]
    pub fn definition(&self, file: &str, offset: usize) -> Option<Stretch> {
        let found = self.found(self.file(file)?, offset)?;
        Some(self.stretch(self.thing(&found, offset)?.at()))
    }

    /// The name of the file that an `include` or a list names at a place.
    #[must_use]
    pub fn path(&self, file: &str, offset: usize) -> Option<String> {
        let file = self.file(file)?;
        let covers = |token: &&Token| token.from <= offset && offset < token.to;
        let at = file.tokens.all.iter().position(|token| covers(&token))?;
        let item = file.items.iter().find(|item| item.first <= at && at < item.end)?;
        let before = word(file.text, &file.tokens.all, at.checked_sub(1)?);
        let names_file = matches!(item.head, Head::Include | Head::List);
        let text = word(file.text, &file.tokens.all, at).strip_prefix('"')?.strip_suffix('"')?;
        if !names_file || !matches!(before, "include" | "from") {
            return None;
        }
        bundle::resolved(file.name, text)
    }

    /// Every place that names the same thing as the word at this one, its declaration first.
    #[must_use]
    pub fn references(&self, file: &str, offset: usize) -> Vec<Stretch> {
        let thing = self.file(file).and_then(|file| self.found(file, offset));
        let Some(thing) = thing.and_then(|found| self.thing(&found, offset)) else {
            return Vec::new();
        };
        let declared = self.stretch(thing.at());
        let mut all = Vec::new();
        // The vocabulary is no file of the user's.
        for file in self.files.iter().take(self.files.len().saturating_sub(1)) {
            for found in file.items.iter().flat_map(|item| walk(file, *item)) {
                let same = self.thing(&found, found.token.to);
                if same.is_some_and(|same| same.at() == thing.at()) {
                    let (from, to) = (found.token.from, found.token.to);
                    all.push(Stretch { file: file.name.to_owned(), from, to });
                }
            }
        }
        all.sort_by_key(|stretch| *stretch != declared);
        all
    }

    fn stretch(&self, at: Span) -> Stretch {
        let file = self.files.get(at.file as usize).map_or("", |file| file.name);
        Stretch { file: file.to_owned(), from: at.start as usize, to: at.end as usize }
    }

    /// The word at a place, or right before it.
    fn found<'o>(&self, file: &'o File<'o>, offset: usize) -> Option<Found<'o>> {
        let covers = |token: &Token| {
            let name = matches!(token.piece, Piece::Word | Piece::Number);
            token.from <= offset && (offset < token.to || name && offset == token.to)
        };
        if file.tokens.in_comment(offset) {
            return None;
        }
        let at = file.tokens.all.iter().rposition(covers)?;
        let item = file.items.iter().find(|item| item.first <= at && at < item.end)?;
        walk(file, *item).find(|found| found.token.from <= offset && covers(&found.token))
    }

    /// What the word names; of `event.attribute` the event, if the place lies there.
    fn thing<'o>(&'o self, found: &Found<'_>, offset: usize) -> Option<Thing<'o>> {
        let word = found.word;
        if found.slot.has(word) || !matches!(found.token.piece, Piece::Word) {
            return None;
        }
        let attribute = |path: &str| {
            let (event, attribute) = self.names.attribute(path)?;
            Some(Thing::Attribute(event, attribute))
        };
        let readable = || {
            let event_to = found.token.from + word.rfind('.').unwrap_or(0);
            let event = word.rsplit_once('.').and_then(|(event, _)| self.names.event(event));
            match event {
                Some(event) if offset < event_to => Some(Thing::Event(event)),
                _ => attribute(word),
            }
        };
        match &found.slot.want {
            Want::Event => self.names.event(word).map(Thing::Event),
            Want::Rule => self.names.rule(word).map(Thing::Rule),
            Want::List(_) if !word.contains('.') => self.names.list(word).map(Thing::List),
            Want::Attribute(event) => attribute(&format!("{event}.{word}")),
            Want::Readable(_) | Want::Moment(_) | Want::Scope(_) | Want::List(_) => readable(),
            Want::Value(_) if word.contains('.') => readable(),
            _ => None,
        }
    }
}

impl std::fmt::Debug for Outline<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<_> = self.files.iter().map(|file| file.name).collect();
        f.debug_struct("Outline").field("files", &names).finish_non_exhaustive()
    }
}

/// The words of a declaration, one after the other.
fn walk<'o>(file: &'o File<'o>, item: Item) -> impl Iterator<Item = Found<'o>> {
    let tokens = &file.tokens.all;
    let mut walker = Walker::new(file.text, tokens, item);
    (item.first..item.end).filter_map(move |at| {
        let slot = walker.step(at);
        let next = |ahead: usize| word(file.text, tokens, at + ahead);
        let word = word(file.text, tokens, at);
        let in_campaign = word == "company" && next(1) == "in" && next(2) == "campaign";
        Some(Found { file, token: *tokens.get(at)?, word, in_campaign, slot })
    })
}

fn symbol(file: &File<'_>, item: Item) -> Option<Symbol> {
    let kind = match item.head {
        Head::List => SymbolKind::List,
        Head::Event => SymbolKind::Event,
        Head::Rule => SymbolKind::Rule,
        Head::Invariant => SymbolKind::Invariant,
        Head::Test => SymbolKind::Test,
        Head::Policy | Head::Include | Head::Other => return None,
    };
    let tokens = &file.tokens.all;
    let inside = |at: usize| tokens.get(at).filter(|_| at < item.end);
    let text = |at: usize, piece: Piece| {
        let found = inside(at).filter(|token| token.piece == piece);
        found.map(|_| word(file.text, tokens, at))
    };
    let named = matches!(item.head, Head::List | Head::Event | Head::Rule);
    let keyword = tokens.get(item.keyword)?;
    let name = text(item.keyword + 1, if named { Piece::Word } else { Piece::Text });
    let name_at = if named && name.is_some() { inside(item.keyword + 1) } else { None };
    let name_at = name_at.unwrap_or(keyword);
    let title = if named { text(item.keyword + 2, Piece::Text) } else { None };
    let (first, last) = (tokens.get(item.first)?, tokens.get(item.end.checked_sub(1)?)?);
    let stretch = |from: usize, to: usize| Stretch { file: file.name.to_owned(), from, to };
    Some(Symbol {
        kind,
        name: name.map_or_else(String::new, unquoted),
        title: title.map(unquoted),
        whole: stretch(first.from, last.to),
        name_at: stretch(name_at.from, name_at.to),
    })
}

/// A text without its quotes.
fn unquoted(text: &str) -> String {
    let inner = text.strip_prefix('"').unwrap_or(text);
    let inner = inner.strip_suffix('"').unwrap_or(inner);
    inner.replace("\\\"", "\"").replace("\\\\", "\\")
}
