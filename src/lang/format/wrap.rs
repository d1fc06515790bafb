//! Words to lines: on one line if they fit, else broken at the outermost places where they may be,
//! and so on inwards. It knows no language, only where each word may begin a line.

use std::ops::Range;

use super::page::{Page, WIDTH, push_blanks, width};
use super::sheet::{Break, Word};

/// How far a line that goes on with the one before is moved in.
pub(super) const STEP: usize = 2;

/// The words on one line, as if nothing were behind or between them.
pub(super) fn flat(words: &[Word<'_>]) -> String {
    joined(words, 0..words.len())
}

/// Some of the words on one line.
fn joined(words: &[Word<'_>], range: Range<usize>) -> String {
    let mut out = String::new();
    for at in range.clone() {
        let Some(word) = words.get(at) else {
            break;
        };
        if at > range.start {
            push_blanks(&mut out, word.space);
        }
        out.push_str(word.text);
        if has_comma(words, at) {
            out.push(',');
        }
    }
    out
}

/// Whether a comma is behind a word, wherever its line ends. The last entry of a list has one only
/// where the list is broken.
fn has_comma(words: &[Word<'_>], at: usize) -> bool {
    let is_last = words.get(at + 1).is_some_and(|next| next.breaks() == Some(Break::ListEnd));
    !is_last && words.get(at).is_some_and(|word| word.comma)
}

/// Whether a comment stands between the words.
pub(super) fn is_commented(words: &[Word<'_>]) -> bool {
    words.windows(2).any(|pair| match pair {
        [word, next] => word.behind.is_some() || !next.before.is_empty(),
        _ => false,
    })
}

/// Puts words on lines of which the first has an indent. The comments before the first word have
/// been put there already.
pub(super) fn wrap<'a>(page: &mut Page<'a>, words: &[Word<'a>], indent: usize) {
    let mut wrapper = Wrapper { page, words, line: String::new(), indent };
    let whole = Piece { words: 0..words.len(), base: indent, start: Start::Here, comma: false };
    let mut pieces = vec![whole];
    while let Some(piece) = pieces.pop() {
        wrapper.start(&piece);
        match wrapper.level(&piece) {
            Some(level) if !wrapper.fits(&piece) => wrapper.split(&piece, level, &mut pieces),
            _ => wrapper.put(&piece),
        }
    }
    wrapper.end_line(None);
}

/// How a piece begins.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Start {
    /// Where the line is.
    Here,
    /// On a line of its own with this indent.
    Line(usize),
    /// There, if it does not fit where the line is.
    Full(usize),
}

/// Words that are to be put, between two places where the line may be broken.
struct Piece {
    words: Range<usize>,
    /// The indent of the line that they belong to.
    base: usize,
    start: Start,
    /// Whether a comma is put behind them.
    comma: bool,
}

struct Wrapper<'p, 'a> {
    page: &'p mut Page<'a>,
    words: &'p [Word<'a>],
    line: String,
    indent: usize,
}

impl<'p, 'a> Wrapper<'p, 'a> {
    fn of(&self, piece: &Piece) -> &'p [Word<'a>] {
        self.words.get(piece.words.clone()).unwrap_or_default()
    }

    fn fits(&self, piece: &Piece) -> bool {
        let words = self.of(piece);
        let space = words.first().filter(|_| !self.line.is_empty()).map_or(0, |word| word.space);
        let text = joined(self.words, piece.words.clone());
        let columns = width(&text) + space + usize::from(piece.comma);
        !is_commented(words) && self.indent + width(&self.line) + columns <= WIDTH
    }

    /// The outermost level at which a piece may be broken.
    fn level(&self, piece: &Piece) -> Option<u32> {
        self.of(piece).iter().skip(1).filter_map(|word| word.at.map(|(_, level)| level)).min()
    }

    /// Begins a piece, on a new line if it has to be.
    fn start(&mut self, piece: &Piece) {
        let Some(word) = self.of(piece).first() else {
            return;
        };
        let is_entry = matches!(word.breaks(), Some(Break::Entry | Break::ListEnd));
        let is_apart = !word.before.is_empty() || is_entry && word.blank || self.line.is_empty();
        match piece.start {
            Start::Line(indent) => self.new_line(word, indent),
            Start::Full(indent) if is_apart || !self.fits(piece) => self.new_line(word, indent),
            Start::Full(_) | Start::Here => {}
        }
    }

    /// Begins a line, below the comments before its first word. Between the entries of a list,
    /// empty lines stay.
    fn new_line(&mut self, word: &Word<'a>, indent: usize) {
        let opens = self.line.ends_with('[');
        self.end_line(None);
        self.indent = indent;
        let is_entry = matches!(word.breaks(), Some(Break::Entry | Break::ListEnd));
        for (at, comment) in word.before.iter().enumerate() {
            self.page.blank(comment.blank && is_entry && (at > 0 || !opens));
            self.page.line(indent, comment.text.to_owned(), None);
        }
        let may_be_apart = !opens || !word.before.is_empty();
        self.page.blank(word.blank && word.breaks() == Some(Break::Entry) && may_be_apart);
    }

    fn end_line(&mut self, behind: Option<&'a str>) {
        if !self.line.is_empty() {
            self.page.line(self.indent, std::mem::take(&mut self.line), behind);
        }
    }

    /// Breaks a piece at all places of a level, and adds its parts, the first on top.
    fn split(&self, piece: &Piece, level: u32, pieces: &mut Vec<Piece>) {
        let bottom = pieces.len();
        let deeper = piece.base + STEP;
        let first = piece.words.start;
        let mut part =
            Piece { words: first..first, base: deeper, start: Start::Here, comma: false };
        for at in piece.words.clone().skip(1) {
            let found = self.words.get(at).and_then(|word| word.at);
            let Some((breaks, _)) = found.filter(|(_, found)| *found == level) else {
                continue;
            };
            let opens = self.words.get(at - 1).is_some_and(|word| word.sign && word.text == "[");
            let (base, start) = match breaks {
                Break::Each => (deeper, Start::Line(deeper)),
                Break::Inner => (deeper + STEP, Start::Line(deeper + STEP)),
                Break::Entry if opens => (deeper, Start::Line(deeper)),
                Break::Entry | Break::Full => (deeper, Start::Full(deeper)),
                Break::ListEnd => (piece.base, Start::Line(piece.base)),
            };
            part.words.end = at;
            part.comma = breaks == Break::ListEnd && !opens;
            pieces.push(part);
            part = Piece { words: at..at, base, start, comma: false };
        }
        part.words.end = piece.words.end;
        // What ends the whole ends its last part.
        part.comma = piece.comma;
        pieces.push(part);
        pieces.get_mut(bottom..).unwrap_or_default().reverse();
    }

    /// Puts a piece where the line is. Comments inside it end lines all the same.
    fn put(&mut self, piece: &Piece) {
        for at in piece.words.clone() {
            let Some(word) = self.words.get(at) else {
                break;
            };
            let is_inside = at > piece.words.start;
            if is_inside && (self.line.is_empty() || !word.before.is_empty()) {
                self.new_line(word, piece.base + STEP);
            }
            if !self.line.is_empty() {
                push_blanks(&mut self.line, word.space);
            }
            self.line.push_str(word.text);
            let is_last = at + 1 == piece.words.end;
            if has_comma(self.words, at) || is_last && piece.comma {
                self.line.push(',');
            }
            if word.behind.is_some() {
                self.end_line(word.behind);
            }
        }
    }
}
