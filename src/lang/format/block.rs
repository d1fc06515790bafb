//! Declarations on the page: what stands on one line, what on several, and the empty lines between.

use super::super::parse::Part;
use super::page::{Page, WIDTH, width};
use super::scene;
use super::sheet::{Sheet, Stretch, Word};
use super::wrap::{STEP, flat, is_commented, wrap};

/// The new text of a file.
pub(super) fn lay_out(sheet: &Sheet<'_>) -> String {
    let mut page = Page::default();
    let mut stretches = sheet.stretches.as_slice();
    let mut before: Option<bool> = None;
    while let Some((item, rest)) = stretches.split_first() {
        let inside = rest.iter().take_while(|inner| inner.words.end <= item.words.end).count();
        let (members, rest) = rest.split_at_checked(inside).unwrap_or((rest, &[]));
        let item = Item::new(&sheet.words, item, members);
        let is_short = item.is_short();
        // Declarations of one line may stand together; a longer one stands alone.
        page.blank(before.is_some_and(|before| !before || !is_short));
        item.put(&mut page);
        before = Some(is_short);
        stretches = rest;
    }
    page.comments(&sheet.rest, 0);
    page.text()
}

/// The comments before a word, each on its line. Right behind an opening brace no line is empty.
pub(super) fn lead<'a>(page: &mut Page<'a>, word: &Word<'a>, indent: usize, opens: bool) {
    for (at, comment) in word.before.iter().enumerate() {
        page.blank(comment.blank && (at > 0 || !opens));
        page.line(indent, comment.text.to_owned(), None);
    }
    page.blank(word.blank && (!opens || !word.before.is_empty()));
}

/// Words from the beginning of a line on, below the comments before them.
pub(super) fn row<'a>(page: &mut Page<'a>, words: &[Word<'a>], indent: usize, opens: bool) {
    if let Some(first) = words.first() {
        lead(page, first, indent, opens);
        wrap(page, words, indent);
    }
}

/// Whether the words may be on one line: they were, or there is nothing between the braces. A
/// comment keeps them apart.
pub(super) fn may_be_short(words: &[Word<'_>], is_empty: bool) -> bool {
    !is_commented(words) && (is_empty || words.iter().skip(1).all(|word| !word.first))
}

/// A brace with what it encloses.
pub(super) fn enclosed(members: impl Iterator<Item = String>) -> String {
    let members: Vec<String> = members.collect();
    if members.is_empty() { "{ }".to_owned() } else { format!("{{ {} }}", members.join("  ")) }
}

struct Item<'s, 'a> {
    part: Part,
    /// Its `@owner(…)`, each on a line of its own.
    marks: Vec<&'s [Word<'a>]>,
    /// From its keyword on.
    body: &'s [Word<'a>],
    /// How many words of the body are before the brace.
    head: usize,
    members: Vec<&'s Stretch>,
    all: &'s [Word<'a>],
}

impl<'s, 'a> Item<'s, 'a> {
    fn new(all: &'s [Word<'a>], item: &Stretch, inside: &'s [Stretch]) -> Self {
        let (marks, members): (Vec<_>, Vec<_>) =
            inside.iter().partition(|inner| inner.part == Part::Mark);
        let start = marks.last().map_or(item.words.start, |mark| mark.words.end);
        let body = all.get(start..item.words.end).unwrap_or_default();
        let head = body.iter().position(|word| word.part == Part::Open).unwrap_or(body.len());
        let marks = marks.iter().filter_map(|mark| all.get(mark.words.clone())).collect();
        Self { part: item.part, marks, body, head, members, all }
    }

    fn words(&self, stretch: &Stretch) -> &'s [Word<'a>] {
        self.all.get(stretch.words.clone()).unwrap_or_default()
    }

    fn has_block(&self) -> bool {
        self.head < self.body.len()
    }

    fn head(&self) -> String {
        flat(self.body.get(..self.head).unwrap_or_default())
    }

    fn block(&self) -> String {
        enclosed(self.members.iter().map(|member| flat(self.words(member))))
    }

    /// Whether it stands on one line.
    fn is_short(&self) -> bool {
        if !self.marks.is_empty() {
            return false;
        }
        if self.has_block() {
            return self.is_block_short();
        }
        !is_commented(self.body) && width(&flat(self.body)) <= WIDTH
    }

    fn is_block_short(&self) -> bool {
        let is_empty = self.members.is_empty();
        may_be_short(self.body, is_empty)
            && (is_empty || self.part != Part::Test)
            && width(&self.head()) + 1 + width(&self.block()) <= WIDTH
    }

    fn put(&self, page: &mut Page<'a>) {
        for (at, mark) in self.marks.iter().enumerate() {
            row(page, mark, 0, at > 0);
        }
        let Some(first) = self.body.first() else {
            return;
        };
        lead(page, first, 0, !self.marks.is_empty());
        if !self.has_block() {
            wrap(page, self.body, 0);
        } else if self.is_block_short() {
            let behind = self.body.last().and_then(|close| close.behind);
            page.block(first.text, &self.head(), &self.block(), behind);
        } else {
            self.put_block(page);
        }
    }

    /// Its head, its members and its closing brace, on lines of their own.
    fn put_block(&self, page: &mut Page<'a>) {
        wrap(page, self.body.get(..=self.head).unwrap_or_default(), 0);
        if self.part == Part::Test {
            scene::put(page, self.all, &self.members);
        } else {
            for (at, member) in self.members.iter().enumerate() {
                row(page, self.words(member), STEP, at == 0);
            }
        }
        if let Some(close) = self.body.last() {
            close_block(page, close, 0, self.members.is_empty());
        }
    }
}

/// A closing brace on its line, below the comments at the end of the block.
pub(super) fn close_block<'a>(page: &mut Page<'a>, close: &Word<'a>, indent: usize, opens: bool) {
    for (at, comment) in close.before.iter().enumerate() {
        page.blank(comment.blank && (at > 0 || !opens));
        page.line(indent + STEP, comment.text.to_owned(), None);
    }
    page.line(indent, close.text.to_owned(), close.behind);
}
