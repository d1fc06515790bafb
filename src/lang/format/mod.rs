//! The formatter: a rules file in the one layout. It changes blanks, line ends and commas that
//! mean nothing, and proves of each text that it has changed nothing else.

mod block;
mod page;
mod same;
mod scene;
mod sheet;
mod wrap;

use std::fmt;

use super::ast::Ast;
use super::diagnostic as say;
use super::parse::{outline, parse};
use super::report::{Diagnostic, Findings, Lines};
use crate::model::PolicyFile;
use same::Same;
use sheet::Sheet;

/// Why a file was not formatted.
#[derive(Debug)]
pub enum FormatError {
    /// Something in it cannot be read, so nobody can say what it would become.
    Unread(Vec<Diagnostic>),
    /// The formatter is at fault: what it made of the file does not hold. Says what.
    Unproven(&'static str),
}

impl fmt::Display for FormatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unread(found) => match found.first() {
                Some(first) => first.fmt(f),
                None => f.write_str("the text cannot be read"),
            },
            Self::Unproven(what) => {
                write!(f, "the formatter is at fault and left the text alone: {what}")
            }
        }
    }
}

impl std::error::Error for FormatError {}

/// The text of a rules file in the one layout: the same declarations with the same comments.
/// Names and types need not be right.
///
/// # Errors
///
/// [`FormatError::Unread`] if anything in the file cannot be read, or if it is in a version of the
/// language that is not known. [`FormatError::Unproven`] if the new text does not say the same, has
/// lost a comment, or would be changed by being formatted again: a mistake of the formatter.
pub fn format(file: &PolicyFile) -> Result<String, FormatError> {
    let text = file.text.strip_prefix('\u{feff}').unwrap_or(&file.text);
    let ast = read(&file.text).map_err(|findings| {
        let lines = Lines::new([(file.name.as_str(), file.text.as_str())]);
        FormatError::Unread(lines.place_all(findings))
    })?;
    let sheet = sheet(text).ok_or(FormatError::Unproven("its words cannot be told apart"))?;
    let new = block::lay_out(&sheet);
    let new_ast = read(&new).map_err(|_| FormatError::Unproven("the new text cannot be read"))?;
    if !ast.same(&new_ast) {
        return Err(FormatError::Unproven("the new text says something else"));
    }
    let again = sheet_of_new(&new)?;
    if sheet.comments() != again.comments() {
        return Err(FormatError::Unproven("a comment was lost or moved past another"));
    }
    if block::lay_out(&again) != new {
        return Err(FormatError::Unproven("the new text would be formatted otherwise"));
    }
    Ok(new)
}

fn sheet_of_new(text: &str) -> Result<Sheet<'_>, FormatError> {
    sheet(text).ok_or(FormatError::Unproven("the new text's words cannot be told apart"))
}

fn sheet(text: &str) -> Option<Sheet<'_>> {
    Some(Sheet::new(text, &outline(text)?))
}

/// The tree of a text, if all of it can be read.
fn read(text: &str) -> Result<Ast, Findings> {
    let (mut ast, mut findings) = (Ast::default(), Findings::default());
    parse(0, text, &mut ast, &mut findings);
    for version in ast.versions.iter().filter_map(|version| version.number.as_ref()) {
        if version.text != "1" {
            // Another version would only be misread.
            findings = Findings::default();
            findings.push(say::unsupported_version(version.at, &version.text));
            break;
        }
    }
    if findings.all.is_empty() { Ok(ast) } else { Err(findings) }
}
