//! Eight threads at one engine for a while, whether what they saw can be, and whether it is what
//! the journal's order answers.

use std::time::Duration;

use holdline::testing::race;
use holdline::{Engine, Options, history};

use crate::Failure;

/// People at a time; each is in four campaigns of 100 steps.
const PROSPECTS: u64 = 20_000;

/// `race [SECONDS [SEED]]`.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let number = |at: usize, default: u64| match arguments.get(at) {
        None => Ok(default),
        Some(text) => {
            text.parse().map_err(|_| Failure::Usage(format!("expected a number, found `{text}`")))
        }
    };
    let (seconds, seed) = (number(0, 300)?, number(1, 1)?);
    let failed = |error: &dyn std::fmt::Display| Failure::Failed(error.to_string());
    let dir = tempfile::tempdir_in("target").map_err(|error| failed(&error))?;
    println!("durability full; {PROSPECTS} prospects, {seconds} s, seed {seed}");
    let data = dir.path().join("data");
    let engine = Engine::open(&data, Options::default());
    let engine = engine.map_err(|error| failed(&error))?;
    let lasts = Duration::from_secs(seconds);
    let raced = race::race(&engine, PROSPECTS, lasts, seed).map_err(|error| failed(&error))?;
    engine.close().map_err(|error| failed(&error))?;
    let race::Raced { counts, violations, calls } = raced;
    println!(
        "{} events, {} holds placed, {} lifted, {} messages left, {} called back",
        counts.events, counts.holds, counts.lifts, counts.gone, counts.called_back
    );
    match violations.first() {
        None => {
            println!("none left that an acknowledged hold covered, and none twice");
            let journal = history(&data).map_err(|error| failed(&error))?;
            let ordered = race::check_order(&calls, journal).map_err(Failure::Failed)?;
            println!(
                "{} calls answered as in the journal's order, which no call is against; {} of them \
                 beside another thread's",
                ordered.calls, ordered.overlapping
            );
            Ok(())
        }
        Some(first) => {
            Err(Failure::Failed(format!("{} violations, the first: {first:?}", violations.len())))
        }
    }
}
