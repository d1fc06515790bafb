//! `holdline check`: the findings about rules files, those of their tests included.

use holdline::lang::{self, Diagnostic, Policy, Severity};
use holdline::trial;
use serde_json::json;

use crate::args::{Check, Format};
use crate::exit::{Exit, Failure};
use crate::layout::counted;
use crate::{rules, screen};

/// Checks each file by itself.
pub fn check(args: &Check) -> Result<Exit, Failure> {
    let mut exit = Exit::Fine;
    let mut all: Vec<Diagnostic> = Vec::new();
    let mut not_run = 0;
    for path in &args.files {
        let name = path.display().to_string();
        let bundle = rules::read(path, name.clone())?;
        let findings = trial::check(&bundle);
        let mut tests = 0;
        let failed = findings.iter().any(|it| it.severity == Severity::Error);
        // Errors of tests that ran are no errors of the rules.
        if failed && Policy::compile(&bundle).is_err() {
            exit = Exit::BadRules;
            tests = lang::tests_in(&bundle);
        } else if !findings.is_empty() && exit == Exit::Fine {
            exit = Exit::Findings;
        }
        if args.output.format == Format::Human {
            let mut text = lang::render(&findings, &bundle, true);
            if !text.is_empty() {
                text.push('\n');
            }
            let told = match counted(tests as u64, "test", "tests") {
                _ if tests == 0 => String::new(),
                tests => format!("; {tests} not run"),
            };
            let tally = rules::tally(&findings);
            text.push_str(&format!("{tally} in {name}{told}; nothing was changed\n"));
            screen::print(&text)?;
        }
        not_run += tests;
        all.extend(findings);
    }
    if args.output.format == Format::Json {
        let errors = all.iter().filter(|it| it.severity == Severity::Error).count();
        let warnings = all.len() - errors;
        let answer = json!({
            "errors": errors, "warnings": warnings, "tests_not_run": not_run, "findings": all,
        });
        screen::print_json(&answer)?;
    }
    Ok(exit)
}
