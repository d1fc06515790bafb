//! A file as a sequence of words, each with the comments that stand at it and with where its line
//! may be broken; and the stretches of words that belong together. It decides no layout.

use std::ops::Range;

use super::super::parse::{Edge, Part};

/// A comment on a line of its own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Comment<'a> {
    pub text: &'a str,
    /// Whether an empty line is before it.
    pub blank: bool,
}

/// Where a line may be broken before a word, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Break {
    /// With all others of its level.
    Each,
    /// The same inside brackets: moved in further, so that it does not look like what is outside.
    Inner,
    /// Only where the line is full.
    Full,
    /// An entry of a list: where the line is full, and before the first.
    Entry,
    /// The end of a list.
    ListEnd,
}

/// A word, a text or a sign.
#[derive(Clone, Debug)]
pub(super) struct Word<'a> {
    pub text: &'a str,
    pub part: Part,
    /// A sign of the grammar, not a word of the author that looks like one.
    pub sign: bool,
    /// How many blanks separate it from the word before.
    pub space: usize,
    /// Whether a comma follows it. The commas of lists are no words of their own.
    pub comma: bool,
    /// Whether it began a line.
    pub first: bool,
    /// Whether an empty line is right before it.
    pub blank: bool,
    /// The comments before it, each on its line.
    pub before: Vec<Comment<'a>>,
    /// The comment behind it on its line.
    pub behind: Option<&'a str>,
    /// Where a line may be broken before it: the outer ones, of lower level, come first.
    pub at: Option<(Break, u32)>,
}

impl Word<'_> {
    /// How a line may be broken before it.
    pub fn breaks(&self) -> Option<Break> {
        self.at.map(|(breaks, _)| breaks)
    }
}

/// Words that belong together.
#[derive(Clone, Debug)]
pub(super) struct Stretch {
    pub part: Part,
    pub words: Range<usize>,
}

/// A file, word by word.
#[derive(Debug, Default)]
pub(super) struct Sheet<'a> {
    pub words: Vec<Word<'a>>,
    /// Those that lines are made of, outer before inner.
    pub stretches: Vec<Stretch>,
    /// The comments behind the last word.
    pub rest: Vec<Comment<'a>>,
}

impl<'a> Sheet<'a> {
    /// Makes the sheet of a text from its edges.
    pub fn new(text: &'a str, edges: &[Edge]) -> Self {
        let mut maker = Maker { text, ..Maker::default() };
        let mut edges = edges.iter().copied().peekable();
        while let Some(edge) = edges.next() {
            match edge {
                Edge::Begin(part, at) => match edges.peek() {
                    Some(Edge::End(end)) => {
                        let end = *end;
                        edges.next();
                        maker.leaf(part, at, end);
                    }
                    _ => maker.begin(part, at),
                },
                Edge::End(at) => maker.end(at),
            }
        }
        maker.signs(text.len());
        Self { rest: maker.comments, ..maker.sheet }
    }

    /// All comments in the order of the text.
    pub fn comments(&self) -> Vec<&'a str> {
        let mut all = Vec::new();
        for word in &self.words {
            all.extend(word.before.iter().map(|comment| comment.text));
            all.extend(word.behind);
        }
        all.extend(self.rest.iter().map(|comment| comment.text));
        all
    }
}

/// A stretch that has begun.
struct Begun {
    part: Part,
    /// Its number among the stretches that are kept.
    kept: Option<usize>,
}

#[derive(Default)]
struct Maker<'a> {
    text: &'a str,
    sheet: Sheet<'a>,
    begun: Vec<Begun>,
    /// The byte up to which all is read.
    done: usize,
    /// The line ends since the last word or comment.
    line_ends: usize,
    /// The blanks since the last word.
    blanks: usize,
    /// The comments since the last word.
    comments: Vec<Comment<'a>>,
    /// How the line may be broken before the next word.
    next: Option<(Break, u32)>,
}

impl<'a> Maker<'a> {
    fn around(&self) -> Part {
        self.begun.last().map_or(Part::Other, |begun| begun.part)
    }

    /// Whether the condition that is being read stands in brackets.
    fn is_in_group(&self) -> bool {
        let mut outwards = self.begun.iter().rev().map(|begun| begun.part);
        outwards.find(|part| !matches!(part, Part::Any | Part::All)) == Some(Part::Group)
    }

    /// The level of what is directly inside the innermost stretch; `0` breaks the stretch itself,
    /// `1` its inside.
    fn level(&self, inside: u32) -> u32 {
        u32::try_from(self.begun.len()).unwrap_or(u32::MAX / 2).saturating_mul(2) + inside
    }

    fn begin(&mut self, part: Part, at: usize) {
        self.signs(at);
        let around = self.around();
        let is_tail = part == Part::Tail
            || part == Part::Names && matches!(around, Part::Clause | Part::Claim);
        if is_tail && self.next.is_none() {
            let outside = matches!(around, Part::Clause | Part::Claim);
            let breaks = if outside { Break::Each } else { Break::Inner };
            self.next = Some((breaks, self.level(0)));
        }
        let is_kept = match part {
            Part::Line | Part::NamedList | Part::Event | Part::Rule | Part::Invariant => true,
            Part::Test | Part::Mark | Part::Declared | Part::Clause | Part::Claim => true,
            Part::Fixture | Part::FixtureLine | Part::TestLine => true,
            Part::Names => around == Part::Rule,
            _ => false,
        };
        let stretches = &mut self.sheet.stretches;
        let kept = is_kept.then_some(stretches.len());
        if is_kept {
            let here = self.sheet.words.len();
            stretches.push(Stretch { part, words: here..here });
        }
        self.begun.push(Begun { part, kept });
    }

    fn end(&mut self, at: usize) {
        self.signs(at);
        let kept = self.begun.pop().and_then(|begun| begun.kept);
        let stretch = kept.and_then(|kept| self.sheet.stretches.get_mut(kept));
        if let Some(stretch) = stretch {
            stretch.words.end = self.sheet.words.len();
        }
    }

    fn leaf(&mut self, part: Part, from: usize, to: usize) {
        self.signs(from);
        let text = self.text.get(from..to).unwrap_or("");
        let sign = matches!(part, Part::Comma | Part::CloseParen | Part::CloseBracket);
        self.word(text, part, sign);
        self.done = self.done.max(to);
    }

    /// Reads the blanks, comments and signs up to a byte.
    fn signs(&mut self, to: usize) {
        while let Some((at, letter)) = self.next_letter(to) {
            self.done = at + letter.len_utf8();
            match letter {
                '\n' => self.line_ends += 1,
                ' ' | '\r' => self.blanks += 1,
                '\t' => self.blanks += 2,
                '#' => self.comment(at),
                _ => {
                    let text = self.text.get(at..self.done).unwrap_or("");
                    self.word(text, Part::Other, true);
                }
            }
        }
    }

    fn next_letter(&self, to: usize) -> Option<(usize, char)> {
        let letter = self.text.get(self.done..to)?.chars().next()?;
        Some((self.done, letter))
    }

    fn comment(&mut self, at: usize) {
        let rest = self.text.get(at..).unwrap_or("");
        let line = rest.split('\n').next().unwrap_or("");
        self.done = at + line.len();
        let text = line.trim_end_matches([' ', '\t', '\r']);
        match self.sheet.words.last_mut() {
            Some(word) if self.line_ends == 0 && self.comments.is_empty() => {
                word.behind = Some(text);
            }
            _ => {
                let blank = self.line_ends > 1;
                self.comments.push(Comment { text, blank });
            }
        }
        self.line_ends = 0;
    }

    fn word(&mut self, text: &'a str, part: Part, sign: bool) {
        let text = if part == Part::Argument { text.trim() } else { text };
        if text.is_empty() {
            return;
        }
        let around = self.around();
        if part == Part::Comma && matches!(around, Part::List | Part::Event) {
            // A list has its commas as its lines need them, and an event has none.
            if let Some(last) = self.sheet.words.last_mut().filter(|last| !last.sign) {
                last.comma = around == Part::List;
            }
            return;
        }
        let at = self.next.take().or_else(|| self.break_before(text, part, sign));
        let last = self.sheet.words.last();
        let is_apart = last.is_some_and(|last| is_apart(last, text, sign, around));
        // In a fixture, two blanks set what belongs together apart from what follows.
        let is_wide = around == Part::FixtureLine && self.blanks > 1;
        let is_wide = is_wide && !last.is_some_and(|last| last.sign);
        let word = Word {
            text,
            part,
            sign,
            space: usize::from(is_apart) + usize::from(is_apart && is_wide),
            comma: false,
            first: self.line_ends > 0 || !self.comments.is_empty(),
            blank: self.line_ends > 1,
            before: std::mem::take(&mut self.comments),
            behind: None,
            at,
        };
        (self.line_ends, self.blanks) = (0, 0);
        self.sheet.words.push(word);
    }

    /// How a line may be broken before a word, by what it is directly in.
    fn break_before(&self, text: &str, part: Part, sign: bool) -> Option<(Break, u32)> {
        let after_comma = || self.sheet.words.last().is_some_and(|it| it.sign && it.text == ",");
        let breaks = match (self.around(), text) {
            // With the other parts of its claim, which begin so.
            (Part::Claim, "when") => return Some((Break::Each, self.level(0))),
            (Part::Any | Part::All, "and" | "or") if self.is_in_group() => Break::Inner,
            (Part::Any | Part::All, "and" | "or") => Break::Each,
            (Part::Kind, "|") => Break::Full,
            (Part::Names, _) if after_comma() => Break::Full,
            (Part::List, _) if part == Part::CloseBracket => Break::ListEnd,
            (Part::List, _) if !sign => Break::Entry,
            _ => return None,
        };
        Some((breaks, self.level(1)))
    }
}

/// Whether a blank stands between two words.
fn is_apart(last: &Word<'_>, text: &str, sign: bool, around: Part) -> bool {
    if last.sign && matches!(last.text, "(" | "[" | "@") {
        return false;
    }
    match text {
        "," | ")" | "]" | ":" if sign => false,
        "(" if sign => around == Part::Group,
        _ => true,
    }
}
