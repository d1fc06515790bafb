//! Slips that are understood: windows with one mistake, and durations in two words.

use super::super::ast::Span;
use super::super::diagnostic as say;
use super::super::expected;
use super::super::scan::{first_piece, last_letter, quoted};
use super::{Pair, Reader, Rule, read, small};

impl Reader<'_> {
    /// Says what is wrong with a window, by reading it once more.
    pub(super) fn bad_window(&mut self, pair: &Pair<'_>) {
        self.slipped = true;
        let start = pair.as_span().start();
        let text = pair.as_str().trim_end();
        let failure = read(Rule::window, text).err();
        let (at, expected) = failure.map_or((0, Vec::new()), |it| (it.at, it.expected));
        let at = at.min(text.len());
        let (before, rest) = text.split_at_checked(at).unwrap_or((text, ""));
        let skipped = rest.len() - rest.trim_start().len();
        let found = first_piece(rest.trim_start());
        let from = start + before.trim_end().len();
        let here = start + at + skipped;
        let span =
            |from: usize, to: usize| Span { file: self.file, start: small(from), end: small(to) };
        let place = span(here, here + found.len());
        let counted = before.rsplit_once('(').map_or("", |(_, counted)| counted.trim());
        let compared = ["<", ">", "="].iter().any(|sign| found.starts_with(sign));
        let closes = expected.iter().any(|rule| rule == "close_paren");
        let finding = if found == "of" && counted == "prospect" {
            say::window_part(place, "`distinct` is missing before `prospect of`")
        } else if closes && compared {
            say::missing_paren(place, &quoted(found))
        } else if closes && found.is_empty() {
            let last = last_letter(before).unwrap_or_default();
            say::missing_paren(span(start + last.start, start + last.end), "the end of the window")
        } else {
            let place = if found.is_empty() { span(start, from) } else { place };
            let found = if found.is_empty() { "its end".to_owned() } else { quoted(found) };
            say::bad_syntax(place, &expected::words(expected), &found)
        };
        self.findings.push(finding);
    }

    /// A duration in two words; says so, and gives it as it is written.
    pub(super) fn spoken(&mut self, pair: &Pair<'_>) -> String {
        let text = pair.as_str().trim_end();
        let (number, unit) = text.split_once([' ', '\t']).unwrap_or((text, ""));
        let unit = unit.trim_start().get(..1).unwrap_or("");
        let meant = format!("{number}{unit}");
        let at = self.at(pair);
        self.findings.push(say::spoken_duration(at, text, &meant));
        meant
    }
}
