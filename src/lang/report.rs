//! Findings as people and machines see them: placed by line and column, rendered, or as JSON. It
//! does not know what the findings are about.

use std::fmt;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use serde::{Deserialize, Serialize, Serializer};

use crate::model::PolicyBundle;

use super::ast::Span;

/// The stable code of a diagnostic; each has a page in `docs/diagnostics/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(pub u16);

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "H{:04}", self.0)
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Whether a finding keeps the policy from being used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The policy cannot be used.
    Error,
    /// The policy can be used; something in it is probably not meant.
    Warning,
}

/// A place in a text: line and column, both from 1, the column in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
}

/// One finding about a rules file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// Its stable code.
    pub code: Code,
    /// Error or warning.
    pub severity: Severity,
    /// The file's name in the bundle.
    pub file: String,
    /// The line of its first character.
    pub line: u32,
    /// The column of its first character.
    pub column: u32,
    /// The place behind its last character.
    pub end: Place,
    /// One sentence.
    pub message: String,
    /// What to do, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// Its page in the repository.
    pub docs: String,
    /// A few words for beneath the caret.
    #[serde(skip)]
    pub label: String,
    /// The first byte in the file.
    #[serde(skip)]
    pub from_byte: usize,
    /// The byte behind the last.
    #[serde(skip)]
    pub to_byte: usize,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, column, code, message, .. } = self;
        write!(f, "{file}:{line}:{column}: {code}: {message}")
    }
}

/// A finding before it is placed.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    pub code: Code,
    pub severity: Severity,
    pub at: Span,
    pub message: String,
    pub label: String,
    pub help: Option<String>,
}

impl Finding {
    pub fn error(code: u16, at: Span, message: String, label: &str) -> Self {
        let (severity, label) = (Severity::Error, label.to_owned());
        Self { code: Code(code), severity, at, message, label, help: None }
    }

    pub fn warning(code: u16, at: Span, message: String, label: &str) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, at, message, label) }
    }

    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub fn maybe(mut self, help: Option<String>) -> Self {
        self.help = help;
        self
    }
}

/// The most findings that are kept of one policy: nobody reads more, and a file of rubbish has
/// one in every few bytes.
const MOST_FINDINGS: usize = 10_000;

/// Findings as they are made.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub all: Vec<Finding>,
    /// How many errors there were, kept or not.
    pub errors: usize,
}

impl Findings {
    pub fn push(&mut self, finding: Finding) {
        let error = finding.severity == Severity::Error;
        // The first error is always kept, so that a policy with errors is never taken for good.
        if self.all.len() < MOST_FINDINGS || (error && self.errors == 0) {
            self.all.push(finding);
        }
        self.errors += usize::from(error);
    }

    /// Whether many have been found: details are left out then.
    pub fn many(&self) -> bool {
        self.all.len() >= MOST_FINDINGS / 10
    }
}

/// A byte whose place is known.
#[derive(Clone, Copy, Default)]
struct Known {
    file: u32,
    byte: u32,
    line: usize,
    column: usize,
}

impl Known {
    fn place(self) -> Place {
        let small = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Place { line: small(self.line), column: small(self.column) }
    }
}

/// The lines of the files of a bundle.
pub(crate) struct Lines<'a> {
    files: Vec<(&'a str, &'a str, Vec<u32>)>,
}

impl<'a> Lines<'a> {
    /// Counts the lines of each (name, text).
    pub fn new(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let starts = |text: &str| {
            let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
            let after = ends.map(|(at, _)| u32::try_from(at + 1).unwrap_or(u32::MAX));
            std::iter::once(0).chain(after).collect::<Vec<_>>()
        };
        Self { files: files.into_iter().map(|(name, text)| (name, text, starts(text))).collect() }
    }

    /// The file's name.
    pub fn name(&self, file: u32) -> &'a str {
        self.files.get(file as usize).map_or("", |(name, ..)| name)
    }

    /// The text of a whole file.
    pub fn whole(&self, file: u32) -> &'a str {
        self.files.get(file as usize).map_or("", |(_, text, _)| text)
    }

    /// The text of a span.
    pub fn text(&self, at: Span) -> &'a str {
        let file = self.files.get(at.file as usize);
        file.and_then(|(_, text, _)| text.get(at.start as usize..at.end as usize)).unwrap_or("")
    }

    /// The line of a byte, from 1, and the byte at which it begins.
    fn line_of(&self, file: u32, byte: u32) -> (usize, u32) {
        let starts = self.files.get(file as usize).map_or(&[][..], |(_, _, starts)| starts);
        let line = starts.partition_point(|start| *start <= byte).max(1);
        (line, starts.get(line - 1).copied().unwrap_or(0))
    }

    /// The line of a span.
    pub fn line(&self, at: Span) -> u32 {
        u32::try_from(self.line_of(at.file, at.start).0).unwrap_or(u32::MAX)
    }

    /// Line and column of a byte. Columns are counted on from `near`, a place before it, so that
    /// many findings on one long line cost no more than the line.
    fn place(&self, file: u32, byte: u32, near: Known) -> Known {
        let (line, start) = self.line_of(file, byte);
        let known = Known { file, byte: start, line, column: 1 };
        let from =
            if (near.file, near.line) == (file, line) && near.byte <= byte { near } else { known };
        let text = self.files.get(file as usize).map_or("", |(_, text, _)| text);
        let between = text.get(from.byte as usize..byte as usize).unwrap_or("");
        Known { byte, column: from.column + between.chars().count(), ..from }
    }

    /// Findings with their places, in the order of the text.
    pub fn place_all(&self, findings: Findings) -> Vec<Diagnostic> {
        let mut findings = findings.all;
        findings.sort_by_key(|finding| (finding.at.file, finding.at.start, finding.code));
        let mut near = Known::default();
        let place = |finding: Finding| {
            let start = self.place(finding.at.file, finding.at.start, near);
            near = start;
            self.placed(finding, start)
        };
        findings.into_iter().map(place).collect()
    }

    fn placed(&self, finding: Finding, start: Known) -> Diagnostic {
        let Finding { code, severity, at, message, label, help } = finding;
        let Place { line, column } = start.place();
        Diagnostic {
            code,
            severity,
            file: self.name(at.file).to_owned(),
            line,
            column,
            end: self.place(at.file, at.end, start).place(),
            message,
            help,
            docs: format!("docs/diagnostics/{code}.md"),
            label,
            from_byte: at.start as usize,
            to_byte: at.end as usize,
        }
    }
}

/// Diagnostics as text for a terminal, one after the other with a blank line between; coloured if
/// asked. The bundle is the one that they were found in.
#[must_use]
pub fn render(diagnostics: &[Diagnostic], bundle: &PolicyBundle, coloured: bool) -> String {
    let renderer = if coloured { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.decor_style(DecorStyle::Ascii).term_width(120);
    let mut out = String::new();
    for diagnostic in diagnostics {
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(&render_one(&renderer, diagnostic, bundle));
        out.push('\n');
    }
    out
}

fn render_one(renderer: &Renderer, diagnostic: &Diagnostic, bundle: &PolicyBundle) -> String {
    let code = diagnostic.code.to_string();
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let file = bundle.files.iter().find(|file| file.name == diagnostic.file);
    let text = file.map_or("", |file| file.text.as_str());
    // Only the lines around the finding: a whole file of 1 MiB for each would be slow.
    let from = text.get(..diagnostic.from_byte).and_then(|t| t.rfind('\n')).map_or(0, |at| at + 1);
    let tail = text.get(diagnostic.to_byte..).and_then(|t| t.find('\n'));
    let to = tail.map_or(text.len(), |at| diagnostic.to_byte + at);
    let source = text.get(from..to).unwrap_or("");
    let inside = |byte: usize| byte.saturating_sub(from).min(source.len());
    let span = inside(diagnostic.from_byte)..inside(diagnostic.to_byte);
    let mark = AnnotationKind::Primary.span(span).label(diagnostic.label.as_str());
    let snippet = Snippet::source(source)
        .line_start(diagnostic.line as usize)
        .path(diagnostic.file.as_str())
        .annotation(mark);
    let mut group = level.primary_title(diagnostic.message.as_str()).id(code.as_str());
    let _ = &mut group;
    let mut group = group.element(snippet);
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    group = group.element(Level::NOTE.with_name("docs").message(diagnostic.docs.as_str()));
    renderer.render(&[group])
}
