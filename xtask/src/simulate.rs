//! Whole hosts, one seed after the other on each core, for as long or as many as asked for.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use holdline::testing::simulate::{Counts, Flaw, Found, simulate};

use crate::Failure;

/// How often it says how far it is.
const TOLD_EVERY: Duration = Duration::from_secs(10);

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
struct Asked {
    /// It ends after so long, or after so many sequences, whichever comes first.
    lasting: Duration,
    sequences: u64,
    seed: u64,
}

/// `simulate [--minutes N] [--sequences N] [--seed S]`.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let asked = read(arguments)?;
    println!("seeds from {} on", asked.seed);
    let total = all(&asked, |seed| simulate(seed, Flaw::None)).map_err(|found| failure(&found))?;
    let actions = total.actions.iter().map(|(name, count)| format!("{name} {count}"));
    println!("{}", actions.collect::<Vec<_>>().join(", "));
    println!("nothing left after a hold, nothing twice, nothing was lost, and the model agrees");
    Ok(())
}

fn read(arguments: &[String]) -> Result<Asked, Failure> {
    let (mut minutes, mut sequences, mut seed) = (None, None, 42);
    let mut rest = arguments.iter();
    while let Some(flag) = rest.next() {
        let text = rest.next().map_or("", String::as_str);
        let number = text
            .parse()
            .map_err(|_| Failure::Usage(format!("`{flag}`: expected a number, found `{text}`")));
        match flag.as_str() {
            "--minutes" => minutes = Some(number?),
            "--sequences" => sequences = Some(number?),
            "--seed" => seed = number?,
            other => {
                let takes = "`--minutes`, `--sequences` and `--seed`";
                return Err(Failure::Usage(format!("`simulate` takes {takes}, found `{other}`")));
            }
        }
    }
    // Whoever says how many does not say how long.
    let minutes = minutes.unwrap_or(if sequences.is_some() { u64::MAX / 60 } else { 1 });
    let lasting = Duration::from_secs(minutes.saturating_mul(60));
    Ok(Asked { lasting, sequences: sequences.unwrap_or(u64::MAX), seed })
}

/// Goes through sequences on all cores. Of those that break something the one with the least seed.
fn all<F>(asked: &Asked, simulate: F) -> Result<Counts, Box<Found>>
where
    F: Fn(u64) -> Result<Counts, Box<Found>> + Sync,
{
    let (next, is_over) = (AtomicU64::new(0), AtomicBool::new(false));
    let done = Mutex::new((Counts::default(), Duration::ZERO, None::<Box<Found>>));
    let began = Instant::now();
    let work = || {
        while !is_over.load(Ordering::Relaxed) {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= asked.sequences {
                break;
            }
            let came = simulate(asked.seed.wrapping_add(number));
            let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
            let (total, told, least) = &mut *done;
            match came {
                Ok(counts) => total.add(&counts),
                Err(found) => {
                    is_over.store(true, Ordering::Relaxed);
                    if least.as_ref().is_none_or(|least| found.seed < least.seed) {
                        *least = Some(found);
                    }
                }
            }
            let took = began.elapsed();
            if took >= asked.lasting {
                is_over.store(true, Ordering::Relaxed);
            }
            if took >= *told + TOLD_EVERY {
                *told = took;
                println!("{:>5.0} s  {total}", took.as_secs_f64());
            }
        }
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| (0..cores).for_each(|_| drop(scope.spawn(work))));
    let (total, _, least) = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    println!("{:>5.0} s  {total}", began.elapsed().as_secs_f64());
    least.map_or(Ok(total), Err)
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

#[cfg(test)]
mod tests {
    use super::{Asked, all, read};
    use std::collections::BTreeSet;
    use std::sync::Mutex;
    use std::time::Duration;

    use holdline::testing::simulate::{Breach, Counts, Found};

    use crate::Failure;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn how_long_how_many_and_from_which_seed_may_be_said() {
        let minute = Duration::from_secs(60);
        let asked = |text: &str| read(&words(text)).unwrap();
        assert_eq!(asked(""), Asked { lasting: minute, sequences: u64::MAX, seed: 42 });
        let said = asked("--minutes 3 --sequences 9 --seed 7");
        assert_eq!(said, Asked { lasting: minute * 3, sequences: 9, seed: 7 });
        assert!(asked("--sequences 9").lasting > minute * 1_000_000);
        for wrong in ["--minutes", "--minutes long", "--sead 1", "9"] {
            assert!(matches!(read(&words(wrong)), Err(Failure::Usage(_))), "{wrong}");
        }
    }

    #[test]
    fn each_seed_is_gone_through_once_and_the_least_that_breaks_something_is_told() {
        let seen = Mutex::new(BTreeSet::new());
        let asked = Asked { lasting: Duration::MAX, sequences: 100, seed: 1_000 };
        let one = |seed| {
            assert!(seen.lock().unwrap().insert(seed));
            Ok(Counts { sequences: 1, ..Counts::default() })
        };
        assert_eq!(all(&asked, one).unwrap().sequences, 100);
        assert_eq!(seen.into_inner().unwrap(), (1_000..1_100).collect());
        let found = |seed| {
            let breach = Breach::LeftTwice { send: "x".to_owned() };
            Err(Box::new(Found { seed, breach, steps: (1, 1), script: String::new() }))
        };
        assert_eq!(all(&asked, found).unwrap_err().seed, 1_000);
    }
}
