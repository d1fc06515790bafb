//! The lines of the new text. It keeps empty lines to one, and aligns what stands in columns.

use super::sheet::Comment;

/// How long a line may be, in characters. Comments and texts may be longer.
pub(super) const WIDTH: usize = 100;

/// Braces of neighbours are aligned if that moves none of them by more than this.
const FARTHEST: usize = 24;

/// One line.
#[derive(Debug, Default)]
struct Line<'a> {
    indent: usize,
    text: String,
    /// The comment behind the text.
    behind: Option<&'a str>,
    /// Whether an empty line is before it.
    blank: bool,
    /// Where its block opens, if it has a whole block: the words before are aligned with those of
    /// its neighbours of the same kind.
    block: Option<(usize, &'a str)>,
}

/// The lines so far.
#[derive(Debug, Default)]
pub(super) struct Page<'a> {
    lines: Vec<Line<'a>>,
    blank: bool,
}

impl<'a> Page<'a> {
    /// Asks for an empty line before the next line.
    pub fn blank(&mut self, wanted: bool) {
        self.blank |= wanted && !self.lines.is_empty();
    }

    /// Adds a line.
    pub fn line(&mut self, indent: usize, text: String, behind: Option<&'a str>) {
        let blank = std::mem::take(&mut self.blank);
        self.lines.push(Line { indent, text, behind, blank, block: None });
    }

    /// Adds a line that has a whole block of a kind, which opens behind the text `head`.
    pub fn block(&mut self, kind: &'a str, head: &str, inside: &str, behind: Option<&'a str>) {
        self.line(0, format!("{head} {inside}"), behind);
        if let Some(line) = self.lines.last_mut() {
            line.block = Some((head.len(), kind));
        }
    }

    /// Adds comments, each with the empty line before it that the author left.
    pub fn comments(&mut self, comments: &[Comment<'a>], indent: usize) {
        for comment in comments {
            self.blank(comment.blank);
            self.line(indent, comment.text.to_owned(), None);
        }
    }

    /// The whole text.
    pub fn text(mut self) -> String {
        self.align_blocks();
        let columns = self.columns_of_comments();
        let mut out = String::new();
        for (line, column) in self.lines.iter().zip(columns) {
            if line.blank {
                out.push('\n');
            }
            push_blanks(&mut out, line.indent);
            out.push_str(&line.text);
            if let Some(comment) = line.behind {
                push_blanks(&mut out, column.saturating_sub(line.indent + width(&line.text)));
                out.push_str(comment);
            }
            out.push('\n');
        }
        out
    }

    /// Where the lines from `start` on stop being neighbours that `joins` takes together.
    fn run(&self, start: usize, joins: impl Fn(&Line<'_>, &Line<'_>) -> bool) -> usize {
        let mut end = start + 1;
        while let (Some(before), Some(line)) = (self.lines.get(end - 1), self.lines.get(end)) {
            if line.blank || !joins(before, line) {
                break;
            }
            end += 1;
        }
        end
    }

    /// Aligns the braces of neighbours that have their block on one line.
    fn align_blocks(&mut self) {
        let mut start = 0;
        while start < self.lines.len() {
            let end = self.run(start, |one, other| match (one.block, other.block) {
                (Some((_, one)), Some((_, other))) => one == other,
                _ => false,
            });
            let run = self.lines.get_mut(start..end).unwrap_or_default();
            let heads = run.iter().map(|line| {
                let (head, _) = line.block?;
                Some((width(line.text.get(..head)?), width(&line.text)))
            });
            let heads: Option<Vec<_>> = heads.collect();
            let heads = heads.unwrap_or_default();
            let widest = heads.iter().map(|(head, _)| *head).max().unwrap_or(0);
            let fits = |(head, line): &(usize, usize)| {
                widest - head <= FARTHEST && line + (widest - head) <= WIDTH
            };
            if heads.iter().all(fits) {
                for (line, (head, _)) in run.iter_mut().zip(&heads) {
                    let at = line.block.map_or(0, |(at, _)| at);
                    line.text.insert_str(at, &" ".repeat(widest - head));
                }
            }
            start = end;
        }
    }

    /// The column of the comment behind each line: neighbours have the same.
    fn columns_of_comments(&self) -> Vec<usize> {
        let mut columns = Vec::with_capacity(self.lines.len());
        while columns.len() < self.lines.len() {
            let start = columns.len();
            let end = self.run(start, |one, other| {
                one.behind.is_some() && other.behind.is_some() && one.indent == other.indent
            });
            let run = self.lines.get(start..end).unwrap_or_default();
            let widths = run.iter().map(|line| line.indent + width(&line.text) + 2);
            let widest = widths.clone().max().unwrap_or(0);
            if widest <= WIDTH {
                columns.extend(widths.map(|_| widest));
            } else {
                columns.extend(widths);
            }
        }
        columns
    }
}

pub(super) fn push_blanks(out: &mut String, count: usize) {
    out.extend(std::iter::repeat_n(' ', count));
}

/// How many columns a text takes.
pub(super) fn width(text: &str) -> usize {
    text.chars().count()
}
