//! Text in columns: padding, cutting, tables and flowing facts. It knows nothing of what it lays
//! out.

use anstyle::Style;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::screen::styled;

/// How many columns a text takes.
pub fn width_of(text: &str) -> usize {
    text.width()
}

/// The text, cut to a width with an ellipsis where it is longer. Control characters are shown as
/// a replacement, so that nothing a host stored can drive the terminal.
pub fn cut(text: &str, width: usize) -> String {
    let clean = clean(text);
    if clean.width() <= width {
        return clean;
    }
    let mut out = String::new();
    let mut taken = 1;
    for letter in clean.chars() {
        taken += letter.width().unwrap_or(0);
        if taken > width {
            break;
        }
        out.push(letter);
    }
    if width > 0 {
        out.push('…');
    }
    out
}

/// The text with its control characters replaced.
pub fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// The text, cut or padded on its right to exactly a width.
pub fn left(text: &str, width: usize) -> String {
    let text = cut(text, width);
    let gap = width.saturating_sub(text.width());
    text + &" ".repeat(gap)
}

/// The text, cut or padded on its left to exactly a width.
pub fn right(text: &str, width: usize) -> String {
    let text = cut(text, width);
    " ".repeat(width.saturating_sub(text.width())) + &text
}

/// A number with its thousands set apart.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A number with its unit: `1 send`, `2 sends`, `40 companies`.
pub fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// Texts side by side, three blanks apart, on as many lines as they need.
pub fn flow(items: &[String], indent: usize, width: usize) -> String {
    let mut out = String::new();
    let mut column = 0;
    for item in items {
        let taken = item.width();
        if column > 0 && column + 3 + taken > width {
            out.push('\n');
            column = 0;
        }
        let gap = if column == 0 { indent } else { 3 };
        out.push_str(&" ".repeat(gap));
        out.push_str(item);
        column += gap + taken;
    }
    out.push('\n');
    out
}

/// Running text, broken between words.
pub fn wrap(text: &str, indent: usize, width: usize) -> String {
    let mut out = String::new();
    let mut column = 0;
    for word in text.split_whitespace() {
        let word = clean(word);
        if column > 0 && column + 1 + word.width() > width {
            out.push('\n');
            column = 0;
        }
        let gap = if column == 0 { indent } else { 1 };
        out.push_str(&" ".repeat(gap));
        out.push_str(&word);
        column += gap + word.width();
    }
    out.push('\n');
    out
}

/// No column is cut to less than this.
const NARROWEST: usize = 8;

/// On which side a column is flush.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Text.
    Left,
    /// Numbers.
    Right,
}

/// One cell: a text and its style.
#[derive(Clone, Debug, Default)]
pub struct Cell {
    text: String,
    style: Style,
}

impl Cell {
    /// A cell in a style.
    pub fn styled(text: impl Into<String>, style: Style) -> Self {
        Self { text: text.into(), style }
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self { text: text.into(), style: Style::new() }
    }
}

/// A table: columns as wide as their widest cell, those that give way cut to what is left.
#[derive(Debug)]
pub struct Table {
    sides: Vec<Side>,
    kept: Vec<usize>,
    rows: Vec<Vec<Cell>>,
    indent: usize,
}

impl Table {
    /// An empty one with columns of these sides.
    pub fn new(indent: usize, sides: &[Side]) -> Self {
        Self { sides: sides.to_vec(), kept: Vec::new(), rows: Vec::new(), indent }
    }

    /// Names the columns that are cut only when the others have given what they can.
    pub fn keeping(mut self, columns: &[usize]) -> Self {
        self.kept = columns.to_vec();
        self
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// The table in at most so many columns. The widest text columns give way first.
    pub fn render(&self, width: usize) -> String {
        let mut widths: Vec<usize> = vec![0; self.sides.len()];
        for row in &self.rows {
            for (wide, cell) in widths.iter_mut().zip(row) {
                *wide = (*wide).max(clean(&cell.text).width());
            }
        }
        let gaps = 2 * self.sides.len().saturating_sub(1) + self.indent;
        let mut excess = (widths.iter().sum::<usize>() + gaps).saturating_sub(width);
        while excess > 0 {
            let gives = |at: usize| !self.kept.contains(&at);
            let at = widest(&widths, gives).or_else(|| widest(&widths, |_| true));
            let Some(wide) = at.and_then(|at| widths.get_mut(at)) else {
                break;
            };
            *wide -= 1;
            excess -= 1;
        }
        let mut out = String::new();
        for row in &self.rows {
            let mut line = " ".repeat(self.indent);
            let filled = row.iter().rposition(|cell| !cell.text.is_empty());
            let last = filled.unwrap_or(0);
            let row = row.get(..=last).unwrap_or(row);
            for (at, ((cell, side), wide)) in row.iter().zip(&self.sides).zip(&widths).enumerate() {
                if at > 0 {
                    line.push_str("  ");
                }
                let text = match side {
                    Side::Left if at == last => cut(&cell.text, *wide),
                    Side::Left => left(&cell.text, *wide),
                    Side::Right => right(&cell.text, *wide),
                };
                if cell.style == Style::new() {
                    line.push_str(&text);
                } else {
                    line.push_str(&styled(cell.style, text));
                }
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }
}

/// The widest column that may give way.
fn widest(widths: &[usize], gives: impl Fn(usize) -> bool) -> Option<usize> {
    let columns = widths.iter().enumerate().filter(|(at, wide)| **wide > NARROWEST && gives(*at));
    columns.max_by_key(|(_, wide)| **wide).map(|(at, _)| at)
}

/// A size as people read it.
pub fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    let mut size = bytes as f64;
    let mut found = None;
    for unit in UNITS {
        if size < 1024.0 {
            break;
        }
        size /= 1024.0;
        found = Some(unit);
    }
    match found {
        Some(unit) => format!("{size:.1} {unit}"),
        None => format!("{bytes} B"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_set_their_thousands_apart() {
        let counts = [0, 7, 999, 1000, 20_114, 1_000_000].map(count);
        assert_eq!(counts, ["0", "7", "999", "1,000", "20,114", "1,000,000"]);
        assert_eq!(counted(1, "company", "companies"), "1 company");
        assert_eq!(counted(2, "company", "companies"), "2 companies");
    }

    #[test]
    fn texts_are_cut_by_what_they_take_not_by_their_letters() {
        assert_eq!(cut("日本語", 5), "日本…");
        assert_eq!(cut("日本語", 6), "日本語");
        assert_eq!(cut("日本語", 4), "日…");
        assert_eq!(left("ab", 4), "ab  ");
        assert_eq!(right("ab", 4), "  ab");
        assert_eq!(cut("a\u{1b}[31mb", 20), "a\u{fffd}[31mb");
    }

    #[test]
    fn facts_flow_onto_further_lines() {
        let items = ["one fact".to_owned(), "two facts".to_owned(), "three".to_owned()];
        assert_eq!(flow(&items, 2, 40), "  one fact   two facts   three\n");
        assert_eq!(flow(&items, 2, 24), "  one fact   two facts\n  three\n");
    }

    #[test]
    fn a_table_gives_way_in_its_widest_column() {
        let mut table = Table::new(2, &[Side::Left, Side::Right]);
        table.row(["a rather long name of something".into(), "12".into()]);
        table.row(["short".into(), "1,234".into()]);
        let expected = "  a rather long name o…     12\n  short                  1,234\n";
        assert_eq!(table.render(30), expected);
        assert!(table.render(200).contains("something     12"));
    }
}
