//! Test results as the XML that build servers read.

use std::fs;
use std::path::Path;

use holdline::lang::Diagnostic;
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use crate::exit::Failure;
use crate::verbs::test::{Ran, Tried};

/// Writes the results of all files: a suite for each.
pub fn write(path: &Path, all: &[Tried]) -> Result<(), Failure> {
    let mut report = Report::new("holdline");
    for tried in all {
        let mut suite = TestSuite::new(tried.name.as_str());
        suite.add_test_cases(tried.ran.iter().map(|ran| case(&tried.name, ran)));
        if let Some(first) = tried.errors.first() {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
            status.set_message(first.to_string());
            suite.add_test_case(TestCase::new("it compiles", status));
        }
        report.add_test_suite(suite);
    }
    let text = report.to_string().map_err(|error| {
        Failure::input(format_args!("`{}`: cannot be written: {error}", path.display()))
    })?;
    fs::write(path, text).map_err(|error| Failure::file(path.display(), &error))
}

fn case(file: &str, Ran { result, took }: &Ran) -> TestCase {
    let status = match result.failures.first() {
        None => TestCaseStatus::success(),
        Some(first) => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_message(first.message.as_str()).set_type(first.code.to_string());
            let all: Vec<String> = result.failures.iter().map(Diagnostic::to_string).collect();
            status.set_description(all.join("\n"));
            status
        }
    };
    let mut case = TestCase::new(result.test.name.as_str(), status);
    case.set_classname(file).set_time(*took);
    let line = result.test.line.to_string();
    case.extra.insert("file".into(), result.test.file.as_str().into());
    case.extra.insert("line".into(), line.as_str().into());
    case
}
