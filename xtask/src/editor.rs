//! The extension for VS Code: its dependencies as they are locked, its tests, its package.

use crate::step::{Step, run_all};
use crate::{Failure, no_arguments};

/// Where it is, below the root of the repository.
const FOLDER: &str = "docs/editors/vscode";

/// Installs, tests and packs it; needs Node and a network.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    no_arguments("editor", arguments)?;
    run_all(&steps())
}

fn steps() -> Vec<Step> {
    let npm = |name, arguments: &[&str]| {
        let all = ["--prefix", FOLDER].iter().chain(arguments);
        let program = if cfg!(windows) { "npm.cmd" } else { "npm" }.to_owned();
        let arguments = all.map(|&word| word.to_owned()).collect();
        Step { name, program, arguments, environment: Vec::new() }
    };
    vec![
        npm("install", &["ci", "--no-audit", "--no-fund"]),
        npm("tests", &["test"]),
        npm("package", &["run", "package"]),
    ]
}
