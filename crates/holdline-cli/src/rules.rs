//! Rules files: from a file to a bundle, and from findings to a failure.

use std::fs;
use std::path::Path;

use holdline::lang::{Diagnostic, Policy, Severity, render};
use holdline::model::{PolicyBundle, PolicyFile};

use crate::exit::{Exit, Failure};
use crate::layout::counted;
use crate::screen;

/// A file above this is not read at all; the checker has its own, lower limit.
const MAX_BYTES: u64 = 64 << 20;

/// Reads a rules file; messages will call it by `name`.
pub fn read(path: &Path, name: String) -> Result<PolicyBundle, Failure> {
    let shown = path.display().to_string();
    let length = fs::metadata(path).map_err(|error| Failure::file(&shown, &error))?.len();
    if length > MAX_BYTES {
        return Err(Failure::input(format_args!(
            "`{shown}`: expected a rules file, found {length} bytes"
        )));
    }
    let bytes = fs::read(path).map_err(|error| Failure::file(&shown, &error))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let before = error.as_bytes().get(..at).unwrap_or_default();
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        Failure::input(format_args!("`{shown}:{line}`: the file is not UTF-8"))
    })?;
    Ok(PolicyBundle { files: vec![PolicyFile { name, text }] })
}

/// The name of a file without its directories.
pub fn short_name(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |it| it.to_string_lossy().into())
}

/// Compiles a bundle, or tells every finding.
pub fn compile(bundle: &PolicyBundle) -> Result<Policy, Failure> {
    Policy::compile(bundle).map(|(policy, _)| policy).map_err(|findings| {
        let text = render(&findings, bundle, true);
        screen::tell(text.trim_end());
        Failure::new(Exit::BadRules, format_args!("{}; nothing was changed", tally(&findings)))
    })
}

/// `3 errors, 1 warning`.
pub fn tally(findings: &[Diagnostic]) -> String {
    let errors = findings.iter().filter(|it| it.severity == Severity::Error).count() as u64;
    let warnings = findings.len() as u64 - errors;
    format!("{}, {}", counted(errors, "error", "errors"), counted(warnings, "warning", "warnings"))
}
