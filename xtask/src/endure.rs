//! A large store whose process is killed over and over under load: what it acknowledged is there at
//! the next open, and the history only grows.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command as Process, Stdio};
use std::time::{Duration, Instant as Clock};

use holdline::{Command, Engine, Options};
use holdline_workloads::commands::record;
use holdline_workloads::events::Mix;

use crate::Failure;
use crate::store::{Result, compacted, fill};

/// How this program is called to be what is killed.
const LOAD: &str = "--load";
/// Commands of one call, and how long it is to the next: it is the kills that this is about.
const BATCH: usize = 1_000;
const EVERY: Duration = Duration::from_millis(20);
/// The longest that a process lives from when it has opened the store, in milliseconds.
const LIFE_MS: u64 = 12_000;
/// So many processes are killed under load for each one that is killed while it opens the store.
const LOADED: u32 = 4;
/// A process that says nothing for so long is taken to hang.
const STALLED: Duration = Duration::from_secs(600);

/// `endure [PROSPECTS [KILLS]]`; `endure --load DIR PROSPECTS` is what it starts.
pub(crate) fn run(arguments: &[String]) -> std::result::Result<(), Failure> {
    let failed =
        |error: Box<dyn std::error::Error + Send + Sync>| Failure::Failed(error.to_string());
    let number = |text: &String| {
        text.parse::<u32>()
            .map_err(|_| Failure::Usage(format!("expected a number, found `{text}`")))
    };
    match arguments {
        [flag, dir, prospects] if flag == LOAD => {
            load(Path::new(dir), number(prospects)?).map_err(failed)
        }
        [] => endure(1_000_000, 50).map_err(failed),
        [prospects] => endure(number(prospects)?, 50).map_err(failed),
        [prospects, kills] => endure(number(prospects)?, number(kills)?).map_err(failed),
        _ => Err(Failure::Usage("expected two numbers at most".to_owned())),
    }
}

fn endure(prospects: u32, kills: u32) -> Result<()> {
    let dir = tempfile::tempdir_in("target")?;
    let data = dir.path().join("data");
    println!("durability full; {prospects} prospects, each enrolled in a campaign of 5 steps");
    fill(&data, prospects)?;
    let began = Clock::now();
    let (mut acknowledged, mut while_opening, mut opened_in) = (0, 0, Duration::ZERO);
    for kill in 0..kills {
        let part = f64::from(kill * 37 % 100) / 100.0;
        let kill_at = if kill % (LOADED + 1) == LOADED {
            KillAt::Opening(opened_in.mul_f64(part))
        } else {
            KillAt::Loaded(Duration::from_millis(100 + (u64::from(kill) * 7_919) % LIFE_MS))
        };
        match live(&data, prospects, kill_at, acknowledged)? {
            Some(lived) => (acknowledged, opened_in) = (lived.last, lived.opened_in),
            None => while_opening += 1,
        }
        let so_far = began.elapsed().as_secs_f64();
        println!("{:>3} kills, {acknowledged} commands acknowledged, {so_far:.0} s", kill + 1);
    }
    let engine = Engine::open(&data, Options::default())?;
    let last = engine.snapshot()?.sequence();
    if last < acknowledged {
        return Err(format!("{acknowledged} commands were acknowledged, {last} are there").into());
    }
    engine.close()?;
    println!("{kills} kills, {while_opening} while it opened; {last} commands, none is missing");
    compacted(&data, prospects)?;
    Ok(())
}

/// When a process is killed.
#[derive(Clone, Copy, Debug)]
enum KillAt {
    /// So long after it was started, and while it opens the store.
    Opening(Duration),
    /// So long after it has opened the store.
    Loaded(Duration),
}

/// What a process had said when it was killed.
struct Lived {
    /// The last command that it acknowledged.
    last: u64,
    opened_in: Duration,
}

/// Lets a process work for a while and kills it; none if it had said nothing.
fn live(data: &Path, prospects: u32, kill_at: KillAt, known: u64) -> Result<Option<Lived>> {
    let mut process = Process::new(std::env::current_exe()?)
        .args(["endure", LOAD])
        .arg(data)
        .arg(prospects.to_string())
        .stdout(Stdio::piped())
        .spawn()?;
    let out = process.stdout.take().ok_or("its output cannot be read")?;
    let (tell, told) = std::sync::mpsc::channel();
    let reader = std::thread::spawn(move || {
        for line in BufReader::new(out).lines().map_while(std::result::Result::ok) {
            if tell.send(line).is_err() {
                break;
            }
        }
    });
    let begun = Clock::now();
    let mut lived: Option<Lived> = None;
    loop {
        let left = match (kill_at, &lived) {
            (KillAt::Opening(_), Some(_)) => Duration::ZERO,
            (KillAt::Opening(after), None) => after.saturating_sub(begun.elapsed()),
            (KillAt::Loaded(_), None) => STALLED,
            (KillAt::Loaded(life), Some(Lived { opened_in, .. })) => {
                (life + *opened_in).saturating_sub(begun.elapsed())
            }
        };
        if left.is_zero() {
            break;
        }
        match told.recv_timeout(left.min(STALLED)) {
            Ok(line) => {
                lived = Some(said(&line, lived.as_ref(), (begun, known))?);
            }
            Err(_) if process.try_wait()?.is_some() => {
                return Err("the process ended by itself".into());
            }
            Err(_) if lived.is_none() && begun.elapsed() > STALLED => {
                return Err("the process hangs".into());
            }
            Err(_) => {}
        }
    }
    process.kill()?;
    process.wait()?;
    reader.join().map_err(|_| "the reader panicked")?;
    for line in told {
        lived = Some(said(&line, lived.as_ref(), (begun, known))?);
    }
    Ok(lived)
}

/// What a process has said with one more line: a number, the first of which is the last command
/// that the store has when it was opened.
fn said(line: &str, before: Option<&Lived>, (begun, known): (Clock, u64)) -> Result<Lived> {
    let last = line.parse::<u64>().map_err(|_| format!("expected a number, found `{line}`"))?;
    if last < before.map_or(known, |it| it.last) {
        return Err(format!("{known} commands were acknowledged, {last} are there").into());
    }
    let opened_in = before.map_or_else(|| begun.elapsed(), |it| it.opened_in);
    Ok(Lived { last, opened_in })
}

/// Opens the store and records events for as long as it is let; says the number of the last command
/// after opening and after each call.
fn load(data: &Path, prospects: u32) -> Result<()> {
    let engine = Engine::open(PathBuf::from(data), Options::default())?;
    let mut to = std::io::stdout().lock();
    let mut seed = engine.snapshot()?.sequence();
    writeln!(to, "{seed}")?;
    loop {
        // Other events each time, also after a kill: their ids come of the seed.
        let mut events = Mix::new(seed, prospects);
        for _ in 0..100 {
            let batch: Vec<Command> =
                events.by_ref().take(BATCH).map(|event| record(&event)).collect();
            engine.apply_batch(batch)?;
            writeln!(to, "{}", engine.snapshot()?.sequence())?;
            std::thread::sleep(EVERY);
        }
        seed = engine.snapshot()?.sequence();
    }
}
