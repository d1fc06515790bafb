//! The tests of a policy, run on the real engine with time that is only told: what fails and why,
//! and what the tests show of the rules. It knows no files and no terminals, and measures no time.

mod coverage;
mod expect;
mod stage;
mod stand;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Serialize;

pub use coverage::{Coverage, Gap, RuleCoverage};

use crate::lang::script::Script;
use crate::lang::{
    self, Diagnostic, Finding, Findings, Lines, Point, Policy, RuleIndex, script_diagnostic as tell,
};
use crate::model::PolicyBundle;
use stage::Stage;

/// A compiled policy with its tests, and what the tests that were run have shown so far.
pub struct Trial<'a> {
    lines: Lines<'a>,
    policy: Arc<Policy>,
    warnings: Vec<Diagnostic>,
    shown: BTreeSet<(RuleIndex, Point)>,
}

/// A test, as it is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TestName {
    /// Its name; of a test without one, its line.
    pub name: String,
    /// The file in which it stands.
    pub file: String,
    /// The line on which it begins, from 1.
    pub line: u32,
}

/// What became of one test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TestResult {
    /// The test.
    #[serde(flatten)]
    pub test: TestName,
    /// What was not as expected; nothing if it passed.
    pub failures: Vec<Diagnostic>,
}

impl TestResult {
    /// Whether all was as expected.
    #[must_use]
    pub const fn passed(&self) -> bool {
        self.failures.is_empty()
    }
}

impl<'a> Trial<'a> {
    /// Compiles a bundle with its tests.
    ///
    /// # Errors
    /// All findings, if one of them is an error.
    pub fn of(bundle: &'a PolicyBundle) -> Result<Self, Vec<Diagnostic>> {
        let (policy, warnings) = Policy::compile(bundle)?;
        let files = bundle.files.iter().map(|file| (file.name.as_str(), file.text.as_str()));
        let (lines, policy) = (Lines::new(files), Arc::new(policy));
        Ok(Self { lines, policy, warnings, shown: BTreeSet::new() })
    }

    /// What the check warned of.
    #[must_use]
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.warnings
    }

    /// The tests, in the order of the text.
    #[must_use]
    pub fn tests(&self) -> Vec<TestName> {
        self.policy.tests().iter().map(|script| name_of(script, &self.lines)).collect()
    }

    /// Runs the test of that number on a fresh engine; none if there are fewer.
    pub fn run(&mut self, number: usize) -> Option<TestResult> {
        let policy = Arc::clone(&self.policy);
        let script = policy.tests().get(number)?;
        let test = name_of(script, &self.lines);
        let (findings, shown) = Stage::play(&policy, script, &self.lines);
        let failures = placed(&self.lines, findings);
        self.shown.extend(shown);
        Some(TestResult { test, failures })
    }

    /// What the tests that were run have shown of each rule.
    #[must_use]
    pub fn coverage(&self) -> Coverage {
        coverage::of(&self.policy, &self.shown, &self.lines)
    }

    /// A warning for each rule that no test made fire.
    #[must_use]
    pub fn untested(&self) -> Vec<Diagnostic> {
        let rules = (0_u16..).zip(self.policy.rules());
        let silent = rules.filter(|(number, _)| {
            let fired = (RuleIndex(*number), Point::Fired);
            !self.shown.contains(&fired)
        });
        let finding = |(number, info): (u16, &lang::RuleInfo)| {
            let at = self.policy.rule_at(RuleIndex(number))?;
            Some(tell::untested_rule(at, &info.name))
        };
        placed(&self.lines, silent.filter_map(finding).collect())
    }
}

fn name_of(script: &Script, lines: &Lines<'_>) -> TestName {
    let line = lines.line(script.at);
    let name = script.name.as_deref().map_or_else(|| format!("line {line}"), str::to_owned);
    TestName { name, file: lines.name(script.at.file).to_owned(), line }
}

fn placed(lines: &Lines<'_>, findings: Vec<Finding>) -> Vec<Diagnostic> {
    let mut all = Findings::default();
    findings.into_iter().for_each(|finding| all.push(finding));
    lines.place_all(all)
}

/// All findings about a bundle, those of its tests included, in the order of the text.
#[must_use]
pub fn check(bundle: &PolicyBundle) -> Vec<Diagnostic> {
    let mut trial = match Trial::of(bundle) {
        Ok(trial) => trial,
        Err(findings) => return findings,
    };
    let mut findings = std::mem::take(&mut trial.warnings);
    let tests = trial.policy.tests().len();
    let results = (0..tests).filter_map(|number| trial.run(number));
    let failures: Vec<_> = results.flat_map(|result| result.failures).collect();
    // A test that ended early would have shown more.
    if tests > 0 && failures.is_empty() {
        findings.extend(trial.untested());
    }
    findings.extend(failures);
    let file = |name: &str| bundle.files.iter().position(|file| file.name == name);
    findings.sort_by_key(|it| (file(&it.file), it.from_byte, it.code));
    findings
}
