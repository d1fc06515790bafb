//! Licences, bans and sources of the dependencies, checked by cargo-deny, which is installed first
//! where it is missing.

use std::path::{Path, PathBuf};

use crate::Failure;
use crate::step::{Step, command, root, run_all};

/// The version that `deny.toml` is written for.
const VERSION: &str = "0.20.2";

/// Installs cargo-deny below `target` if need be, and runs it.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let checks = checks(arguments)?;
    let program = root().join(program());
    let mut steps = Vec::new();
    if !is_installed(&program) {
        steps.push(Step::cargo(
            "install",
            &format!("install --locked --root target/tools cargo-deny --version {VERSION}"),
        ));
    }
    steps.push(Step {
        name: "deny",
        program: program.to_string_lossy().into_owned(),
        arguments: checks.iter().map(|&word| word.to_owned()).collect(),
        environment: Vec::new(),
    });
    run_all(&steps)
}

/// What cargo-deny is called with: every package of the workspace, or only the root's own would be
/// looked at.
fn checks(arguments: &[String]) -> Result<Vec<&'static str>, Failure> {
    let mut words = vec!["--locked", "--workspace", "check", "licenses", "bans", "sources"];
    for argument in arguments {
        match argument.as_str() {
            "--advisories" => words.push("advisories"),
            other => {
                return Err(Failure::Usage(format!(
                    "`deny` takes `--advisories`, found `{other}`"
                )));
            }
        }
    }
    Ok(words)
}

fn program() -> PathBuf {
    let name = format!("cargo-deny{}", std::env::consts::EXE_SUFFIX);
    ["target", "tools", "bin", &name].iter().collect()
}

fn is_installed(program: &Path) -> bool {
    command(&program.to_string_lossy()).arg("--version").output().is_ok_and(|output| {
        String::from_utf8_lossy(&output.stdout).trim() == format!("cargo-deny {VERSION}")
    })
}

#[cfg(test)]
mod tests {
    use super::checks;
    use crate::Failure;

    #[test]
    fn advisories_are_checked_when_asked_for() {
        let plain = checks(&[]).unwrap();
        assert!(!plain.contains(&"advisories"));
        let asked = checks(&["--advisories".to_owned()]).unwrap();
        assert_eq!(asked.last(), Some(&"advisories"));
    }

    #[test]
    fn another_argument_is_a_usage_error() {
        let found = checks(&["--advisory".to_owned()]);
        assert!(matches!(found, Err(Failure::Usage(_))));
    }
}
