//! Random input for all that reads rules, lines or kept bytes, as long as asked for: the targets of
//! `crates/holdline-fuzz`, run by cargo-fuzz, which is installed first where it is missing. They
//! need a nightly toolchain.

use std::path::PathBuf;

use crate::Failure;
use crate::step::{Step, command, root, run_all};

const VERSION: &str = "0.13.2";
const TARGETS: [&str; 11] = [
    "parse",
    "check",
    "fmt",
    "differential",
    "json",
    "codec",
    "segment",
    "image",
    "pages",
    "base",
    "harm",
];
const CRATE: &str = "crates/holdline-fuzz";

/// Installs cargo-fuzz below `target` if need be, and runs one target or all.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let (targets, seconds) = read(arguments)?;
    let name = format!("cargo-fuzz{}", std::env::consts::EXE_SUFFIX);
    let program = root().join(["target", "tools", "bin", &name].iter().collect::<PathBuf>());
    let program = program.to_string_lossy().into_owned();
    let mut steps = Vec::new();
    if !is_installed(&program) {
        steps.push(Step::cargo(
            "install",
            &format!("install --locked --root target/tools cargo-fuzz --version {VERSION}"),
        ));
    }
    for target in targets {
        // New inputs go to the first of the two folders, so that none is committed by accident.
        let found = format!("target/fuzz-corpus/{target}");
        std::fs::create_dir_all(root().join(&found))?;
        let step = Step {
            name: target,
            program: program.clone(),
            arguments: words(target, &found, seconds),
            environment: Vec::new(),
        };
        steps.push(step.with("RUSTUP_TOOLCHAIN", "nightly").with("CARGO", "cargo"));
    }
    run_all(&steps)
}

fn words(target: &str, found: &str, seconds: u32) -> Vec<String> {
    let committed = format!("{CRATE}/corpus/{target}");
    let time = format!("-max_total_time={seconds}");
    // An input that takes a second is shown; one that takes ten is a failure.
    let limits = ["-timeout=10", "-report_slow_units=1", "-max_len=8192", "-rss_limit_mb=2048"];
    // There is no unsafe code here for a sanitizer to watch; without one, twice as much is tried.
    let how = ["run", "--sanitizer", "none", "--fuzz-dir", CRATE, "--target-dir", "target/fuzz"];
    let what = [target, found, committed.as_str(), "--", time.as_str()];
    let run = how.into_iter().chain(what);
    run.chain(limits).map(str::to_owned).collect()
}

/// The targets and for how many seconds each of them runs.
fn read(arguments: &[String]) -> Result<(Vec<&'static str>, u32), Failure> {
    let (mut targets, mut seconds) = (TARGETS.to_vec(), 60);
    for argument in arguments {
        let known = TARGETS.into_iter().find(|target| target == argument);
        match (known, argument.parse()) {
            (Some(target), _) => targets = vec![target],
            (None, Ok(number)) => seconds = number,
            (None, Err(_)) => {
                return Err(Failure::Usage(format!(
                    "`fuzz` takes one of {} and a number of seconds, found `{argument}`",
                    TARGETS.join(", ")
                )));
            }
        }
    }
    Ok((targets, seconds))
}

fn is_installed(program: &str) -> bool {
    command(program).arg("--version").output().is_ok_and(|output| {
        String::from_utf8_lossy(&output.stdout).trim() == format!("cargo-fuzz {VERSION}")
    })
}

#[cfg(test)]
mod tests {
    use super::{CRATE, TARGETS, read};
    use crate::Failure;
    use crate::step::root;

    #[test]
    fn a_target_and_a_time_may_be_said() {
        let said = |words: &[&str]| {
            read(&words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>()).unwrap()
        };
        assert_eq!(said(&[]), (TARGETS.to_vec(), 60));
        assert_eq!(said(&["check", "600"]), (vec!["check"], 600));
        assert!(matches!(read(&["prase".to_owned()]), Err(Failure::Usage(_))));
    }

    #[test]
    fn every_target_has_a_file_and_inputs() {
        for target in TARGETS {
            let folder = root().join(CRATE);
            assert!(folder.join(format!("targets/{target}.rs")).exists(), "{target}");
            assert!(folder.join(format!("corpus/{target}")).exists(), "{target}");
        }
    }
}
