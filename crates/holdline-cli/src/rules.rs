//! Rules files: from a file and what it includes to a bundle, from a directory to the policies in
//! it, and from findings to a failure.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use holdline::lang::{Diagnostic, Policy, Severity, gather, is_policy, render};
use holdline::model::{PolicyBundle, PolicyFile};

use crate::exit::{Exit, Failure};
use crate::layout::counted;
use crate::screen;

/// A file above this is not read at all; the checker has its own, lower limit.
const MAX_BYTES: u64 = 64 << 20;

/// Reads a rules file and all that it names; messages will call it by `name`. What it names and is
/// not there is left to the check, which points at the place.
pub fn read(path: &Path, name: String) -> Result<PolicyBundle, Failure> {
    let text = read_text(path)?;
    // Names are relative to the file's own name, which may be its path or the end of it.
    let root = if Path::new(&name) == path { None } else { path.parent() };
    let main = PolicyFile { name, text };
    Ok(gather(main, |name| {
        let path = root.map_or_else(|| PathBuf::from(name), |root| root.join(name));
        read_text(&path).ok()
    }))
}

/// The text of a rules file.
pub fn read_text(path: &Path) -> Result<String, Failure> {
    let shown = path.display().to_string();
    let length = fs::metadata(path).map_err(|error| Failure::file(&shown, &error))?.len();
    if length > MAX_BYTES {
        return Err(Failure::input(format_args!(
            "`{shown}`: expected a rules file, found {length} bytes"
        )));
    }
    let bytes = fs::read(path).map_err(|error| Failure::file(&shown, &error))?;
    text(&shown, bytes)
}

/// What was read, as text; messages call it by `name`.
pub fn text(name: &str, bytes: Vec<u8>) -> Result<String, Failure> {
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let before = error.as_bytes().get(..at).unwrap_or_default();
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        Failure::input(format_args!("`{name}:{line}`: the file is not UTF-8"))
    })
}

/// The policies that are meant: each file that is named, and of a directory all that lies below it
/// and is a policy by itself. In the order of their names.
pub fn policies(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    below(paths, |file| Ok(is_policy(&read_text(file)?)))
}

/// The rules files that are meant: each that is named, and all below a directory, also those that
/// others include. In the order of their names.
pub fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    below(paths, |_| Ok(true))
}

fn below(
    paths: &[PathBuf],
    is_meant: impl Fn(&Path) -> Result<bool, Failure>,
) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    for path in paths {
        let failed = |error: io::Error| Failure::file(path.display(), &error);
        if !fs::metadata(path).map_err(failed)?.is_dir() {
            found.push(path.clone());
            continue;
        }
        let mut below = Vec::new();
        walk(path, &mut below).map_err(failed)?;
        below.sort();
        for file in below {
            if is_meant(&file)? {
                found.push(file);
            }
        }
    }
    Ok(found)
}

/// All rules files below a directory; hidden ones are left out.
fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        if entry.file_type()?.is_dir() {
            walk(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "rules") {
            // `./rules/a.rules` is called as people call it.
            found.push(path.strip_prefix(".").map_or_else(|_| path.clone(), Path::to_path_buf));
        }
    }
    Ok(())
}

/// There is nothing of what was looked for.
pub fn nothing_in(paths: &[PathBuf]) -> Failure {
    let paths: Vec<String> = paths.iter().map(|path| format!("`{}`", path.display())).collect();
    Failure::input(format_args!("there are no rules files in {}", paths.join(", ")))
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
