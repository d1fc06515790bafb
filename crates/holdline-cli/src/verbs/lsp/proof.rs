//! Running one test of a policy for an editor.

use holdline::lang::Diagnostic;
use holdline::model::PolicyBundle;
use holdline::trial::Trial;

use crate::rules;

/// What became of a test.
pub struct Outcome {
    /// Whether all that it expects came about.
    pub passed: bool,
    /// What people read.
    pub told: String,
}

/// Runs the test that begins on a line, from 1, of a file of a policy.
pub fn run_test(bundle: &PolicyBundle, file: &str, line: u32) -> Option<Outcome> {
    let mut trial = match Trial::of(bundle) {
        Ok(trial) => trial,
        Err(found) => {
            let told = format!("the policy does not compile: {}", rules::tally(&found));
            return Some(Outcome { passed: false, told });
        }
    };
    let number = trial.tests().iter().position(|it| it.file == file && it.line == line)?;
    let result = trial.run(number)?;
    let (passed, name) = (result.passed(), &result.test.name);
    let mut told = format!("test `{name}`: {}", if passed { "passed" } else { "failed" });
    for failure in &result.failures {
        told.push_str(&format!("\n{}", line_of(failure)));
    }
    Some(Outcome { passed, told })
}

fn line_of(failure: &Diagnostic) -> String {
    format!("line {}: {}", failure.line, failure.message)
}
