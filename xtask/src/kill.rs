//! The long kill loop: a process under load, killed again and again; what it acknowledged must be
//! there. The tests run the same loop, shorter.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use holdline::testing::kill::{Kills, Life, kill_over_and_over, load};

use crate::Failure;

/// How this program is called to be the load.
const LOAD: &str = "--load";
const KILLS: u64 = 1_000;
/// Kills of one store.
const ROUND: u64 = 50;

/// `kill [KILLS]`; `kill --load DIR` is what it starts.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::Failed(error.to_string());
    let kills = match arguments {
        [flag, dir] if flag == LOAD => {
            return load(&PathBuf::from(dir)).map_err(|error| failed(&error));
        }
        [] => KILLS,
        [number] => number
            .parse()
            .map_err(|_| Failure::Usage(format!("expected a number, found `{number}`")))?,
        _ => return Err(Failure::Usage("expected one number at most".to_owned())),
    };
    let this = std::env::current_exe()?;
    let life = |number: u64| Life {
        batches: if number.is_multiple_of(4) { 0 } else { number * 31 % 200 },
        then: Duration::from_micros(100 + number * 7919 % 20_000),
    };
    let began = Instant::now();
    let mut total = Kills::default();
    while total.kills < kills {
        // A store of its own for each round: its checkpoints are of all that it has.
        let dir = tempfile::tempdir()?;
        let start = || {
            let mut process = Command::new(&this);
            process.arg("kill").arg(LOAD).arg(dir.path());
            process
        };
        let round = kill_over_and_over(dir.path(), ROUND.min(kills - total.kills), &start, &life)
            .map_err(|error| failed(&error))?;
        total.kills += round.kills;
        total.while_opening += round.while_opening;
        total.batches += round.batches;
        println!("{} of {kills}, {:.0} s", total.kills, began.elapsed().as_secs_f64());
    }
    println!(
        "{} kills in {:.0} s, {} of them during an open; {} batches acknowledged, none is missing",
        total.kills,
        began.elapsed().as_secs_f64(),
        total.while_opening,
        total.batches
    );
    Ok(())
}
