//! `holdline check`: the findings about rules files, those of their tests included.

use holdline::lang::{self, Diagnostic, Severity};
use holdline::trial;
use serde_json::json;

use crate::args::{Check, Format};
use crate::exit::{Exit, Failure};
use crate::{rules, screen};

/// Checks each file by itself.
pub fn check(args: &Check) -> Result<Exit, Failure> {
    let mut exit = Exit::Fine;
    let mut all: Vec<Diagnostic> = Vec::new();
    for path in &args.files {
        let name = path.display().to_string();
        let bundle = rules::read(path, name.clone())?;
        let findings = trial::check(&bundle);
        if findings.iter().any(|it| it.severity == Severity::Error) {
            exit = Exit::BadRules;
        } else if !findings.is_empty() && exit == Exit::Fine {
            exit = Exit::Findings;
        }
        if args.output.format == Format::Human {
            let mut text = lang::render(&findings, &bundle, true);
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(&format!("{} in {name}; nothing was changed\n", rules::tally(&findings)));
            screen::print(&text)?;
        }
        all.extend(findings);
    }
    if args.output.format == Format::Json {
        let errors = all.iter().filter(|it| it.severity == Severity::Error).count();
        let warnings = all.len() - errors;
        let answer = json!({ "errors": errors, "warnings": warnings, "findings": all });
        screen::print_json(&answer)?;
    }
    Ok(exit)
}
