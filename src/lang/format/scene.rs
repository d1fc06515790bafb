//! The inside of a test: fixtures, and lines in columns of times, events and expectations. Here a
//! line is a line: nothing but `=>` may begin another.

use std::ops::Range;

use super::super::parse::Part;
use super::block::{close_block, enclosed, lead, may_be_short, row};
use super::page::{Page, WIDTH, push_blanks, width};
use super::sheet::{Stretch, Word};
use super::wrap::{STEP, flat, wrap};

/// The blanks between columns.
const GAP: usize = 2;

/// Puts all of a test between its braces.
pub(super) fn put<'a>(page: &mut Page<'a>, words: &[Word<'a>], members: &[&Stretch]) {
    let of = |stretch: &Stretch| words.get(stretch.words.clone()).unwrap_or_default();
    let lines = members.iter().filter(|member| member.part == Part::TestLine);
    let lines: Vec<Line<'_, '_>> = lines.map(|line| Line::new(of(line))).collect();
    let columns = Columns::of(&lines);
    let mut lines = lines.iter();
    let mut rest = members;
    let mut opens = true;
    while let Some((member, after)) = rest.split_first() {
        let inside = after.iter().take_while(|inner| inner.words.end <= member.words.end).count();
        let (inner, after) = after.split_at_checked(inside).unwrap_or((after, &[]));
        if member.part == Part::Fixture {
            let inner: Vec<&[Word<'_>]> = inner.iter().map(|line| of(line)).collect();
            fixture(page, of(member), &inner, opens);
        } else if let Some(line) = lines.next() {
            line.put(page, columns, opens);
        }
        opens = false;
        rest = after;
    }
}

fn fixture<'a>(page: &mut Page<'a>, words: &[Word<'a>], lines: &[&[Word<'a>]], opens: bool) {
    let (Some(first), Some(close)) = (words.first(), words.last()) else {
        return;
    };
    let head = words.iter().position(|word| word.part == Part::Open).unwrap_or(0);
    let head = words.get(..=head).unwrap_or_default();
    if lines.len() <= 1 && may_be_short(words, lines.is_empty()) {
        let head = flat(head.get(..head.len().saturating_sub(1)).unwrap_or_default());
        let whole = format!("{head} {}", enclosed(lines.iter().map(|line| flat(line))));
        if STEP + width(&whole) <= WIDTH {
            lead(page, first, STEP, opens);
            page.line(STEP, whole, close.behind);
            return;
        }
    }
    lead(page, first, STEP, opens);
    wrap(page, head, STEP);
    for (at, line) in lines.iter().enumerate() {
        row(page, line, 2 * STEP, at == 0);
    }
    close_block(page, close, STEP, lines.is_empty());
}

/// The columns of a test's lines, from their indent.
#[derive(Clone, Copy)]
struct Columns {
    event: usize,
    /// Where expectations stand that have room behind their event.
    expectation: usize,
    /// Where those stand that have not.
    below: usize,
}

impl Columns {
    /// Expectations stand where the most of them have room, and no farther out than that takes.
    fn of(lines: &[Line<'_, '_>]) -> Self {
        let timed = lines.iter().filter(|line| !line.event.is_empty());
        let event = timed.map(|line| width(&line.time)).max().map_or(0, |widest| widest + GAP);
        let expected = lines.iter().filter(|line| !line.expectations.is_empty());
        let sizes = expected.map(|line| (width(&line.left(event)) + GAP, line.widest()));
        let sizes: Vec<(usize, usize)> = sizes.collect();
        let mut best = (0, 0);
        for column in 0..WIDTH {
            let sizes = sizes.iter();
            let count = sizes.filter(|(left, right)| has_room(*left, *right, column)).count();
            if count > best.0 {
                best = (count, column);
            }
        }
        Self { event, expectation: best.1, below: event.max(STEP) }
    }
}

/// Whether expectations stand in the column behind an event, both with what goes with them.
const fn has_room(left: usize, right: usize, column: usize) -> bool {
    left <= column && STEP + column + right <= WIDTH
}

/// A line of a test, and the lines that go on with it.
struct Line<'s, 'a> {
    words: &'s [Word<'a>],
    time: String,
    event: String,
    /// How many words there are before the first `=>`.
    left: usize,
    /// Each from its `=>` on.
    expectations: Vec<&'s [Word<'a>]>,
}

impl<'s, 'a> Line<'s, 'a> {
    fn new(words: &'s [Word<'a>]) -> Self {
        let of = |range: Range<usize>| words.get(range).unwrap_or_default();
        let arrows = words.iter().enumerate().filter(|(_, word)| word.part == Part::Arrow);
        let arrows: Vec<usize> = arrows.map(|(at, _)| at).collect();
        let left = arrows.first().copied().unwrap_or(words.len());
        let is_time = |word: &&Word<'_>| word.text.starts_with(|c: char| c.is_ascii_digit());
        let time = of(0..left).iter().take_while(is_time).count();
        let ends = arrows.iter().copied().skip(1).chain([words.len()]);
        let expectations = arrows.iter().copied().zip(ends).map(|(from, to)| of(from..to));
        Self {
            words,
            time: flat(of(0..time)),
            event: flat(of(time..left)),
            left,
            expectations: expectations.collect(),
        }
    }

    /// What is before the first `=>`, with the event in its column.
    fn left(&self, event: usize) -> String {
        match (self.time.as_str(), self.event.as_str()) {
            ("", event) => event.to_owned(),
            (time, "") => time.to_owned(),
            (time, text) => format!("{time:event$}{text}"),
        }
    }

    /// The columns that its widest expectation takes.
    fn widest(&self) -> usize {
        self.expectations.iter().map(|words| width(&flat(words))).max().unwrap_or(0)
    }

    fn put(&self, page: &mut Page<'a>, columns: Columns, opens: bool) {
        let Some(first) = self.words.first() else {
            return;
        };
        lead(page, first, STEP, opens);
        let (mut indent, mut text) = (STEP, self.left(columns.event));
        let has_room = has_room(width(&text) + GAP, self.widest(), columns.expectation);
        let column = if has_room { columns.expectation } else { columns.below };
        let last = self.left.checked_sub(1).and_then(|last| self.words.get(last));
        let mut behind = last.and_then(|last| last.behind);
        for (at, expectation) in self.expectations.iter().enumerate() {
            let comments = expectation.first().map_or(&[][..], |arrow| &arrow.before);
            // Where a line begins with its expectation, the comments are before it already.
            let begins = self.left == 0 && at == 0;
            let is_apart = behind.is_some() || !comments.is_empty();
            if begins || at == 0 && has_room && !is_apart {
                let gap = column.saturating_sub(width(&text));
                push_blanks(&mut text, gap);
            } else {
                page.line(indent, std::mem::take(&mut text), behind);
                indent = STEP + column;
                for comment in comments {
                    page.line(indent, comment.text.to_owned(), None);
                }
            }
            text.push_str(&flat(expectation));
            behind = expectation.last().and_then(|last| last.behind);
        }
        page.line(indent, text, behind);
    }
}
