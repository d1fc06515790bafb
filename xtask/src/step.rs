//! A step: one command, announced, timed and run from the root of the repository.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::Failure;

/// One command of a chore.
pub(crate) struct Step {
    /// What it is called when it is announced and when it fails.
    pub(crate) name: &'static str,
    /// The program.
    pub(crate) program: String,
    /// Its arguments.
    pub(crate) arguments: Vec<String>,
    /// What is set in its environment.
    pub(crate) environment: Vec<(&'static str, String)>,
}

impl Step {
    /// A call of cargo with arguments separated by spaces.
    pub(crate) fn cargo(name: &'static str, arguments: &str) -> Self {
        Self {
            name,
            program: cargo(),
            arguments: arguments.split(' ').map(str::to_owned).collect(),
            environment: Vec::new(),
        }
    }

    /// Sets a variable of its environment.
    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.environment.push((name, value.to_owned()));
        self
    }

    /// The command as a person would type it.
    fn shown(&self) -> String {
        let mut words: Vec<String> =
            self.environment.iter().map(|(name, value)| format!("{name}='{value}'")).collect();
        words.push(if self.program == cargo() { "cargo".to_owned() } else { self.program.clone() });
        words.extend(self.arguments.iter().cloned());
        words.join(" ")
    }

    /// Runs it; its output goes where ours goes.
    fn run(&self) -> Result<(), Failure> {
        let mut command = command(&self.program);
        command.args(&self.arguments);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        match command.status() {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(Failure::Failed(format!(
                "step `{}` failed ({status}): {}",
                self.name,
                self.shown()
            ))),
            Err(error) => Err(Failure::Failed(format!(
                "step `{}` could not start: {}: {error}",
                self.name,
                self.shown()
            ))),
        }
    }
}

/// Runs the steps in order and stops at the first that fails.
pub(crate) fn run_all(steps: &[Step]) -> Result<(), Failure> {
    let started = Instant::now();
    let mut times = Vec::new();
    for (done, step) in steps.iter().enumerate() {
        eprintln!("\n[{}/{}] {}", done + 1, steps.len(), step.name);
        eprintln!("  $ {}", step.shown());
        let step_started = Instant::now();
        step.run()?;
        let took = step_started.elapsed();
        eprintln!("  {}: ok, {}", step.name, seconds(took));
        times.push((step.name, took));
    }
    eprintln!("\nall {} steps passed", times.len());
    for (name, took) in &times {
        eprintln!("  {name:<12} {:>8}", seconds(*took));
    }
    eprintln!("  {:<12} {:>8}", "total", seconds(started.elapsed()));
    Ok(())
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

/// The cargo that runs us.
pub(crate) fn cargo() -> String {
    std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned())
}

/// The root of the repository: the parent of this package, where cargo tells; else where we are.
pub(crate) fn root() -> PathBuf {
    std::env::var_os("CARGO_MANIFEST_DIR")
        .map(PathBuf::from)
        .and_then(|package| package.parent().map(PathBuf::from))
        .unwrap_or_else(|| PathBuf::from("."))
}

/// A command in the root of the repository, without what `cargo run` told us about ourselves: it
/// would make cargo build again what a person's own call has built.
pub(crate) fn command(program: &str) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root()).stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        let about_us = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"];
        if about_us.iter().any(|prefix| name.to_string_lossy().starts_with(prefix)) {
            command.env_remove(name);
        }
    }
    command
}

#[cfg(test)]
mod tests {
    use super::{Step, run_all};
    use crate::Failure;

    fn failure_of(steps: &[Step]) -> String {
        match run_all(steps) {
            Err(Failure::Failed(what)) => what,
            other => panic!("expected a failed step, found {other:?}"),
        }
    }

    #[test]
    fn the_first_failure_ends_the_run_and_names_the_step() {
        let what = failure_of(&[
            Step::cargo("first", "--version"),
            Step::cargo("second", "no-such-subcommand-of-cargo"),
            Step::cargo("third", "no-other-subcommand-of-cargo"),
        ]);
        assert!(what.contains("`second`"), "{what}");
        assert!(what.contains("cargo no-such-subcommand-of-cargo"), "{what}");
    }

    #[test]
    fn a_program_that_is_not_there_is_a_failure_of_its_step() {
        let mut step = Step::cargo("absent", "x");
        step.program = "no-such-program-anywhere".to_owned();
        let what = failure_of(&[step]);
        assert!(what.contains("`absent` could not start"), "{what}");
    }

    #[test]
    fn steps_that_pass_pass() {
        assert!(run_all(&[Step::cargo("version", "--version")]).is_ok());
    }

    #[test]
    fn a_step_is_shown_as_it_would_be_typed() {
        let step = Step::cargo("docs", "doc --no-deps").with("RUSTDOCFLAGS", "-D warnings");
        assert_eq!(step.shown(), "RUSTDOCFLAGS='-D warnings' cargo doc --no-deps");
    }
}
