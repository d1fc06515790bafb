//! What could not be read, and what should have stood there.

use super::super::ast::Span;
use super::super::diagnostic as say;
use super::super::expected;
use super::super::scan::{first_piece, open_quote, quoted};
use super::{Pair, Reader, Rule, read, small};

impl Reader<'_> {
    /// Says what is wrong with a stretch that could not be read, by reading it once more as what
    /// it should have been.
    pub(super) fn bad(&mut self, pair: &Pair<'_>, wanted: Rule) {
        let whole = pair.as_span();
        let text = pair.as_str().trim_end();
        let span = |start: usize, length: usize| {
            let start = whole.start() + start;
            Span { file: self.file, start: small(start), end: small(start + length) }
        };
        if let Some(byte) = open_quote(text) {
            let length = text.get(byte..).and_then(|t| t.lines().next()).map_or(1, str::len);
            self.findings.push(say::unclosed_text(span(byte, length)));
            return;
        }
        let first = first_piece(text);
        if self.findings.many() {
            let finding = say::bad_syntax(span(0, first.len()), "something else", &quoted(first));
            self.findings.push(finding);
            return;
        }
        let Err(error) = read(wanted, text) else {
            let finding = say::bad_syntax(span(0, first.len()), "a clause", &quoted(first));
            self.findings.push(finding);
            return;
        };
        let at = error.at.min(text.len());
        let rest = text.get(at..).unwrap_or("");
        let skipped = rest.len() - rest.trim_start().len();
        let found = first_piece(rest.trim_start());
        let here = span(at + skipped, found.len());
        let finding = match (wanted, at) {
            (Rule::good_item, 0) => say::bad_item(here, found),
            (Rule::clause, 0) if matches!(first, "for" | "until" | "else" | "max") => {
                let expected = format!("a pause before `{first}` and a value behind it");
                say::bad_syntax(here, &expected, &quoted(found))
            }
            (Rule::clause, 0) if matches!(first, "&&" | "||") => {
                let word = if first == "&&" { "`and`" } else { "`or`" };
                say::bad_syntax(here, word, &quoted(found))
            }
            (Rule::clause, 0) => say::bad_syntax(here, "a clause of the rule", &quoted(found)),
            (Rule::claim, 0) => {
                let expected = "`never` or `always`, and what a rule does";
                say::bad_syntax(here, expected, &quoted(found))
            }
            (Rule::test_line | Rule::fixture_line, 0) => {
                let expected = "a fixture, or a line such as `2d bounce a@acme.io class soft`";
                say::bad_syntax(here, expected, &quoted(found))
            }
            (Rule::declared, 0) => {
                say::bad_syntax(here, "an attribute, as in `name: type`", &quoted(found))
            }
            _ => say::bad_syntax(here, &expected::words(error.expected), &quoted(found)),
        };
        let curly = found.contains(['“', '”', '„', '‘', '’']);
        let help = curly.then(|| "quotes are straight, as in `\"text\"`".to_owned());
        self.findings.push(if curly { finding.maybe(help) } else { finding });
    }
}
