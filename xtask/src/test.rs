//! The test command: everything that must hold before a change is taken, in the order in which a
//! mistake is cheapest to find.

use crate::orders;
use crate::step::{Step, cargo, command, run_all};
use crate::{Failure, no_arguments};

/// Runs all steps.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    no_arguments("test", arguments)?;
    for component in ["rustfmt", "clippy"] {
        set_up(component)?;
    }
    let mut steps = steps();
    if cfg!(target_os = "linux") && !mounts() {
        println!("this machine mounts nothing: no file system is filled by the tests");
        steps = steps.into_iter().map(|step| step.with("HOLDLINE_NO_MOUNT", "1")).collect();
    }
    run_all(&steps)
}

/// Whether a small file system can be mounted here, as the test does that fills one.
fn mounts() -> bool {
    ["-Urm", "-m"].iter().any(|namespaces| {
        let mut probe = command("unshare");
        probe.args([namespaces, "sh", "-c", "mount -t tmpfs -o size=1m tmpfs /mnt"]);
        probe.output().is_ok_and(|output| output.status.success())
    })
}

fn steps() -> Vec<Step> {
    vec![
        Step::cargo("format", "fmt --all --check"),
        Step::cargo("lints", "clippy --workspace --all-targets --all-features -- -D warnings"),
        // A snapshot that differs is a failure, never a file that waits for a review.
        Step::cargo("tests", "test --workspace").with("INSTA_UPDATE", "no"),
        Step::cargo(
            "rules",
            "run --quiet --package holdline-cli --bin holdline -- fmt --check rules",
        ),
        Step::cargo("docs", "doc --workspace --no-deps").with("RUSTDOCFLAGS", "-D warnings"),
        // The whole workspace, so that features stay as they were and little is built again.
        // Without `--bench`, the harness runs each once, at its small size.
        Step::cargo("benches", "test --workspace --bench main"),
        // Ten thousand hosts of two hundred commands and more, each beside the model.
        Step::cargo(
            "hosts",
            "run --profile checked --package xtask -- simulate --sequences 10000 --seed 1",
        ),
        orders::step(),
        Step::cargo("core", "build --package holdline --lib --no-default-features"),
        Step::cargo(
            "core-lints",
            "clippy --package holdline --lib --no-default-features -- -D warnings",
        ),
    ]
}

/// A toolchain of the minimal profile comes without these two.
fn set_up(component: &str) -> Result<(), Failure> {
    let subcommand = if component == "rustfmt" { "fmt" } else { component };
    let present = command(&cargo())
        .args([subcommand, "--version"])
        .output()
        .is_ok_and(|output| output.status.success());
    if present {
        return Ok(());
    }
    eprintln!("{component} is not installed: asking rustup for it");
    let installed = command("rustup")
        .args(["component", "add", component])
        .status()
        .is_ok_and(|status| status.success());
    if installed {
        Ok(())
    } else {
        Err(Failure::Failed(format!(
            "{component} is missing and rustup could not add it; install it with your toolchain"
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::steps;

    #[test]
    fn every_step_has_a_name_of_its_own() {
        let mut names: Vec<_> = steps().iter().map(|step| step.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), steps().len());
    }
}
