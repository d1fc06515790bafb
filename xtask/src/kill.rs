//! The long kill loop: a process killed again and again, under load and while it backs up, compacts
//! and restores; what it acknowledged must be there. The tests run the same loop, shorter.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use holdline::testing::kill::{Kills, Life, Task, kill_over_and_over, work};

use crate::Failure;

/// How this program is called to be what is killed.
const WORK: &str = "--work";
const KILLS: u64 = 1_000;
/// Kills of one store.
const ROUND: u64 = 50;

/// `kill [KILLS]`; `kill --work TASK DIR` is what it starts.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::Failed(error.to_string());
    let kills = match arguments {
        [flag, task, dir] if flag == WORK => {
            let task = Task::named(task);
            let task = task.ok_or_else(|| Failure::Usage("expected a task".to_owned()))?;
            return work(&PathBuf::from(dir), task).map_err(|error| failed(&error));
        }
        [] => KILLS,
        [number] => number
            .parse()
            .map_err(|_| Failure::Usage(format!("expected a number, found `{number}`")))?,
        _ => return Err(Failure::Usage("expected one number at most".to_owned())),
    };
    let this = std::env::current_exe()?;
    let life = |number: u64| Life {
        done: match Task::of(number) {
            Task::Load if number.is_multiple_of(4) => 0,
            Task::Load => number * 31 % 200,
            _ => number % 3,
        },
        then: Duration::from_micros(100 + number * 7919 % 20_000),
    };
    let began = Instant::now();
    let mut total = Kills::default();
    while total.kills < kills {
        // A store of its own for each round: its checkpoints are of all that it has.
        let dir = tempfile::tempdir()?;
        let start = |task: Task| {
            let mut process = Command::new(&this);
            process.args(["kill", WORK, task.name()]).arg(dir.path());
            process
        };
        let round = kill_over_and_over(dir.path(), ROUND.min(kills - total.kills), &start, &life)
            .map_err(|error| failed(&error))?;
        total.add(&round);
        println!("{} of {kills}, {:.0} s", total.kills, began.elapsed().as_secs_f64());
    }
    println!("{total}, none is missing; {:.0} s", began.elapsed().as_secs_f64());
    Ok(())
}
