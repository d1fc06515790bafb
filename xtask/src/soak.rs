//! A store under a mixed load for a long time, while virtual time passes quickly: whether what it
//! takes and how long commits take stay what they were.

mod control;
mod events;
mod judge;
mod picture;
mod sample;
mod sends;
mod shared;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::time::Duration;

use holdline::{Digest, Engine, Options};

use self::judge::After;
use self::sample::Sample;
use self::shared::{Plan, Shared};
use crate::Failure;

/// Commands a second that are offered: meant to be well below what two cores bear.
const RATE: f64 = 20_000.0;
/// Commands of one call.
const BATCH: u32 = 100;
/// Days that pass, however long it goes on: the 90 days that an ended hold is remembered, and the
/// longest window, several times over.
const DAYS: u32 = 400;
/// By how much the journal grows until the next checkpoint: less than by default, so that there are
/// many.
const CHECKPOINT_BYTES: u64 = 16 << 20;
/// By how much it grows at least until the next base, behind which it is trimmed.
const BASE_BYTES: u64 = 32 << 20;
const SEGMENT_BYTES: u64 = 16 << 20;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// `soak [--minutes N] [--prospects N] [--seed S] [--plot FILE.svg]`.
pub(crate) fn run(arguments: &[String]) -> std::result::Result<(), Failure> {
    let (plan, plot) = asked(arguments)?;
    if let Some(path) = &plot {
        // Minutes later is too late to learn that it cannot be written.
        std::fs::OpenOptions::new().create(true).append(true).open(path)?;
    }
    let failed =
        |error: Box<dyn std::error::Error + Send + Sync>| Failure::Failed(error.to_string());
    let dir = tempfile::tempdir_in("target")?;
    println!("{}", plan.about().join(", "));
    let soaked = soak(&plan, dir.path()).map_err(failed)?;
    if let Some(path) = &plot {
        let svg = picture::draw(&soaked.samples, &plan.about()).map_err(Failure::Failed)?;
        std::fs::write(path, svg)?;
    }
    let findings = judge::judge(&soaked.samples, &soaked.after);
    for finding in &findings {
        println!("{finding}");
    }
    match findings.iter().filter(|finding| !finding.holds).count() {
        0 => Ok(()),
        wrong => Err(Failure::Failed(format!("{wrong} of {} did not hold", findings.len()))),
    }
}

fn asked(arguments: &[String]) -> std::result::Result<(Plan, Option<PathBuf>), Failure> {
    let (mut minutes, mut prospects, mut seed) = (20.0, 100_000, holdline_workloads::SEED);
    let mut plot = None;
    let mut rest = arguments.iter();
    while let Some(flag) = rest.next() {
        let text = rest.next().map_or("", String::as_str);
        let wrong = || Failure::Usage(format!("`{flag}`: expected a number, found `{text}`"));
        match flag.as_str() {
            "--minutes" => minutes = text.parse().map_err(|_| wrong())?,
            "--prospects" => prospects = text.parse().map_err(|_| wrong())?,
            "--seed" => seed = text.parse().map_err(|_| wrong())?,
            "--plot" if !text.is_empty() => plot = Some(PathBuf::from(text)),
            "--plot" => return Err(Failure::Usage("`--plot`: expected a file".to_owned())),
            other => {
                let takes = "`--minutes`, `--prospects`, `--seed` and `--plot`";
                return Err(Failure::Usage(format!("`soak` takes {takes}, found `{other}`")));
            }
        }
    }
    if !(minutes > 0.0 && minutes <= 100_000.0) || prospects < 100 {
        let what = "expected minutes above 0 and at least 100 prospects".to_owned();
        return Err(Failure::Usage(what));
    }
    let lasting = Duration::from_secs_f64(minutes * 60.0);
    let every = (lasting / 120).clamp(Duration::from_millis(500), Duration::from_secs(5));
    Ok((Plan { lasting, prospects, seed, rate: RATE, batch: BATCH, days: DAYS, every }, plot))
}

/// What came of it.
#[derive(Debug)]
struct Soaked {
    samples: Vec<Sample>,
    after: After,
}

/// Keeps a store in a directory under load, closes it and looks at what is there.
fn soak(plan: &Plan, dir: &Path) -> Result<Soaked> {
    let data = dir.join("data");
    let mut options = Options::default();
    options.checkpoint_bytes = CHECKPOINT_BYTES;
    options.base_bytes = BASE_BYTES;
    options.segment_bytes = SEGMENT_BYTES;
    // All goes that may: history takes as long as a base needs to be followed by another one.
    options.history_days = 0;
    let engine = Engine::open(&data, options)?;
    control::set_up(&engine, plan)?;
    let shared = Shared::new(plan, &engine)?;
    let samples = loaded(&shared, &data)?;
    let done = shared.done();
    let (counts, digest) = at_rest(&engine)?;
    engine.close()?;
    let mut after = After { counts: Some(counts), done, ..After::default() };
    let engine = Engine::open(&data, options)?;
    after.same_digest = engine.snapshot()?.digest() == digest;
    engine.close()?;
    after.findings = holdline::verify(&data, dir)?.findings;
    Ok(Soaked { samples, after })
}

/// The samples of the whole time, while three threads call.
fn loaded(shared: &Shared<'_>, data: &Path) -> Result<Vec<Sample>> {
    std::thread::scope(|scope| {
        let (later, told) = std::sync::mpsc::channel();
        let more = later.clone();
        let callers = [
            scope.spawn(move || shared.or_end(events::record(shared, &later))),
            scope.spawn(move || shared.or_end(sends::send(shared, &more))),
            scope.spawn(move || shared.or_end(control::control(shared, &told))),
        ];
        let samples = shared.or_end(sample::take(shared, data));
        for caller in callers {
            caller.join().map_err(|_| "a caller panicked")??;
        }
        let mut samples = samples?;
        samples.push(sample::one(shared, data)?);
        Ok(samples)
    })
}

/// How many of everything there are, and the digest, once nothing is left to be planned anew: after
/// that nothing changes by itself.
fn at_rest(engine: &Engine) -> Result<(holdline::engine::view::Counts, Digest)> {
    const LOOK: Duration = Duration::from_millis(20);
    loop {
        let snapshot = engine.snapshot()?;
        let view = snapshot.view("default").ok_or("there is no workspace")?;
        if view.still_to_plan() == 0 {
            return Ok((view.counts(), snapshot.digest()));
        }
        drop(snapshot);
        std::thread::sleep(LOOK);
    }
}
