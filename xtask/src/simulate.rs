//! Whole hosts, one seed after the other, for as long as asked for.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use holdline::testing::simulate::{Counts, Flaw, Found, simulate};

use crate::Failure;
use crate::torture::options;

/// How often it says how far it is.
const TOLD_EVERY: Duration = Duration::from_secs(10);

/// `simulate [--minutes N] [--seed N]`.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let (minutes, mut seed) = options("simulate", arguments)?;
    println!("seed {seed}; {minutes} minutes");
    let (began, time) = (Instant::now(), Duration::from_secs(minutes * 60));
    let (mut total, mut told) = (Counts::default(), Duration::ZERO);
    loop {
        let counts = simulate(seed, Flaw::None).map_err(|found| failure(&found))?;
        total.add(&counts);
        seed = seed.wrapping_add(1);
        let took = began.elapsed();
        let is_over = took >= time;
        if is_over || took >= told + TOLD_EVERY {
            told = took;
            println!("{:>5.0} s  {total}", took.as_secs_f64());
        }
        if is_over {
            break;
        }
    }
    let actions = total.actions.iter().map(|(name, count)| format!("{name} {count}"));
    println!("{}", actions.collect::<Vec<_>>().join(", "));
    println!("nothing left after a hold, nothing twice, nothing was lost, and the model agrees");
    Ok(())
}

/// Writes the script where it can be looked at, and names it.
fn failure(found: &Found) -> Failure {
    let path = PathBuf::from(format!("simulate-{}.jsonl", found.seed));
    let (left, of) = found.steps;
    let script = match std::fs::write(&path, &found.script) {
        Ok(()) => format!("`{}` has the commands", path.display()),
        Err(error) => {
            format!("`{}` could not be written: {error}\n{}", path.display(), found.script)
        }
    };
    Failure::Failed(format!(
        "seed {}, {left} of {of} steps: {}\n{script}",
        found.seed, found.breach
    ))
}
