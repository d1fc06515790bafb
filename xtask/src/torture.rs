//! Everything that can happen to a store, for as long as asked for: each operation of a simulated
//! disk fails in its turn, real files are harmed, real processes are killed. The tests run the
//! same, shorter.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use holdline::testing::kill::{Kills, Life, Task, kill_over_and_over, work};
use holdline::testing::torture::{Harmed, Tried, Work, fail_everywhere, harm_files};

use crate::Failure;

/// How this program is called to be what is killed.
const WORK: &str = "--work";
/// Kills of one store, and harms to one store.
const KILLS: u64 = 50;
const HARMS: u64 = 60;

/// `torture [--minutes N] [--seed N]`; `torture --work TASK DIR` is what it starts.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let failed = |error: String| Failure::Failed(error);
    if let [flag, task, dir] = arguments
        && flag == WORK
    {
        let task = Task::named(task);
        let task = task.ok_or_else(|| Failure::Usage("expected a task".to_owned()))?;
        return work(&PathBuf::from(dir), task).map_err(|error| failed(error.to_string()));
    }
    let (minutes, mut seed) = options("torture", arguments)?;
    println!("seed {seed}; {minutes} minutes");
    let (began, time) = (Instant::now(), Duration::from_secs(minutes * 60));
    let mut total = Total::default();
    while total.rounds == 0 || began.elapsed() < time {
        round(seed, &mut total).map_err(|error| failed(format!("seed {seed}: {error}")))?;
        seed = seed.wrapping_add(1);
        total.rounds += 1;
        println!("{:>5.0} s  {}", began.elapsed().as_secs_f64(), total.tell());
    }
    println!("nothing acknowledged was lost, and no history was another one");
    Ok(())
}

/// The minutes and the seed.
pub(crate) fn options(verb: &str, arguments: &[String]) -> Result<(u64, u64), Failure> {
    let (mut minutes, mut seed) = (1, 42);
    let mut rest = arguments.iter();
    while let Some(flag) = rest.next() {
        let slot = match flag.as_str() {
            "--minutes" => &mut minutes,
            "--seed" => &mut seed,
            other => {
                let what = format!("`{verb}` takes `--minutes` and `--seed`, found `{other}`");
                return Err(Failure::Usage(what));
            }
        };
        let text = rest.next().map_or("", String::as_str);
        *slot = text
            .parse()
            .map_err(|_| Failure::Usage(format!("`{flag}`: expected a number, found `{text}`")))?;
    }
    Ok((minutes, seed))
}

#[derive(Default)]
struct Total {
    rounds: u64,
    tried: Tried,
    harmed: Harmed,
    kills: Kills,
}

impl Total {
    fn tell(&self) -> String {
        let Self { tried, harmed, kills, .. } = self;
        format!(
            "{} operations failed, {} crashes, {} failures in recovery, {} pages harmed; {} files \
             harmed, {} refused, {} mended; {kills}",
            tried.failures,
            tried.crashes,
            tried.in_recovery,
            tried.harms,
            harmed.harms,
            harmed.refused,
            harmed.mended,
        )
    }
}

fn round(seed: u64, total: &mut Total) -> Result<(), String> {
    let of = |from: u64, to: u64, salt: u64| {
        let mixed = seed.wrapping_add(salt).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33;
        from + mixed % (to - from)
    };
    let size = |number: u64| usize::try_from(number).unwrap_or(1);
    let tried = fail_everywhere(&Work {
        frames: size(of(20, 120, 1)),
        checkpoint_every: size(of(2, 7, 2)),
        tend_every: size(of(2, 9, 3)),
        reopen_every: size(of(5, 15, 4)),
        stride: size(of(1, 9, 5)),
    })?;
    total.tried.failures += tried.failures;
    total.tried.survived += tried.survived;
    total.tried.crashes += tried.crashes;
    total.tried.in_recovery += tried.in_recovery;
    total.tried.harms += tried.harms;

    let place = tempfile::tempdir().map_err(|error| error.to_string())?;
    let harmed = harm_files(place.path(), seed, HARMS)?;
    total.harmed.harms += harmed.harms;
    total.harmed.refused += harmed.refused;
    total.harmed.mended += harmed.mended;

    let this = std::env::current_exe().map_err(|error| error.to_string())?;
    let dir = tempfile::tempdir().map_err(|error| error.to_string())?;
    let start = |task: Task| {
        let mut process = Command::new(&this);
        process.args(["torture", WORK, task.name()]).arg(dir.path());
        process
    };
    let life = |number: u64| Life {
        done: match Task::of(number) {
            Task::Load if number.is_multiple_of(4) => 0,
            Task::Load => (number * 31 + seed) % 200,
            _ => (number + seed) % 3,
        },
        then: Duration::from_micros(100 + (number * 7919 + seed) % 20_000),
    };
    let kills = kill_over_and_over(dir.path(), KILLS, &start, &life)?;
    total.kills.add(&kills);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::options;
    use crate::Failure;

    fn read(words: &[&str]) -> Result<(u64, u64), Failure> {
        options("torture", &words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn minutes_and_seed_are_flags_in_any_order() {
        assert_eq!(read(&[]).unwrap(), (1, 42));
        assert_eq!(read(&["--minutes", "30", "--seed", "7"]).unwrap(), (30, 7));
        assert_eq!(read(&["--seed", "7"]).unwrap(), (1, 7));
        for bad in [&["30"][..], &["--minutes"], &["--seed", "x"], &["--hours", "1"]] {
            assert!(matches!(read(bad), Err(Failure::Usage(_))), "{bad:?}");
        }
    }
}
