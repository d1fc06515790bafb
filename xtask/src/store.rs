//! What a store of many timelines takes in memory and on disk, how fast it opens, and what commits
//! notice of a checkpoint that is written meanwhile.

use std::path::Path;
use std::time::{Duration, Instant as Clock};

use holdline::store::Store;
use holdline::{Engine, Options, Policy};
use holdline_workloads::commands::{enroll, put, record, set_up, start};
use holdline_workloads::events::Mix;

use crate::Failure;
use crate::load::{SENDERS, resident_bytes, size, timed};
use crate::replan::print;

/// Commands of one call.
const BATCH: usize = 100;
/// Callers, each with a call every so often: 100,000 commands a second together.
const CALLERS: usize = 8;
const EVERY: Duration = Duration::from_millis(8);
/// How long each round of calls is.
const ROUND: Duration = Duration::from_secs(15);
/// Rounds of each kind, in turns.
const ROUNDS: usize = 3;
/// By how much the journal grows until the next checkpoint: as it is by default, which at that rate
/// is every five seconds, and so that one is nearly always being written.
const KINDS: [(&str, u64); 3] =
    [("no checkpoints", 0), ("each 64 MiB", 64 << 20), ("all the time", 8 << 20)];
/// Commands that are made at once while the store is filled.
const CHUNK: u32 = 200_000;
/// What an enrolled prospect may take in sled; after compacting, no more than half as much again.
const BUDGET_BYTES: u64 = 120;
/// How this program is called to open a store and say what that took.
const OPEN: &str = "--open";

pub(crate) type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// `store [PROSPECTS]`; `store --open DIR` is what it starts.
pub(crate) fn run(arguments: &[String]) -> std::result::Result<(), Failure> {
    let failed =
        |error: Box<dyn std::error::Error + Send + Sync>| Failure::Failed(error.to_string());
    match arguments {
        [flag, dir] if flag == OPEN => print_open(Path::new(dir)).map_err(failed),
        [] => measure(1_000_000).map_err(failed),
        [number, ..] => {
            let prospects = number
                .parse()
                .map_err(|_| Failure::Usage(format!("expected a number, found `{number}`")))?;
            measure(prospects).map_err(failed)
        }
    }
}

fn measure(prospects: u32) -> Result<()> {
    let dir = tempfile::tempdir_in("target")?;
    let data = dir.path().join("data");
    println!("durability full; {prospects} prospects, each enrolled in a campaign of 5 steps");
    let began = Clock::now();
    fill(&data, prospects)?;
    println!("filled and closed in {:.1} s", began.elapsed().as_secs_f64());
    let per = |bytes: u64| bytes as f64 / f64::from(prospects);
    println!("sled             {:>8.0} B an enrolled prospect", per(size(&data.join("sled"))?));
    println!("journal          {:>8.0} B an enrolled prospect", per(size(&data.join("journal"))?));
    let program = std::env::current_exe()?;
    let out = std::process::Command::new(program).args(["store", OPEN]).arg(&data).output()?;
    print!("{}", String::from_utf8_lossy(&out.stdout));
    // Before events come: these take room of their own, which is not the prospects'.
    let each = compacted(&data, prospects)?;
    // What a database takes whatever is in it says nothing of each.
    if prospects >= 100_000 && each > 1.5 * BUDGET_BYTES as f64 {
        return Err(format!("{each:.0} B is more than half again of {BUDGET_BYTES} B").into());
    }
    commits(&data, prospects)?;
    println!("sled afterwards  {:>8.0} B an enrolled prospect", per(size(&data.join("sled"))?));
    compress(&data)
}

/// Compresses the whole journal, and reads it before and after.
fn compress(data: &Path) -> Result<()> {
    let mut options = Options::default();
    // An opening is journaled: so whatever there is has a segment behind it.
    options.segment_bytes = 1;
    Engine::open(data, options)?.close()?;
    let mut store = Store::open(data, options)?;
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    let began = Clock::now();
    store.journal.verify()?;
    let plain_read = began.elapsed().as_secs_f64();
    let archivist = store.journal.archivist();
    let (began, mut plain, mut packed) = (Clock::now(), 0, 0);
    while let Some(done) = archivist.compress_one(u64::MAX)? {
        plain += done.plain_bytes;
        packed += done.packed_bytes;
    }
    let took = began.elapsed().as_secs_f64();
    let began = Clock::now();
    store.journal.verify()?;
    let packed_read = began.elapsed().as_secs_f64();
    println!(
        "compressed       {:>8.2} to 1, {:.1} MiB to {:.1} MiB; written and read back with {:.0} \
         MiB a second; read with {:.0}, before with {:.0} MiB a second",
        plain as f64 / packed as f64,
        mib(plain),
        mib(packed),
        mib(plain) / took,
        mib(plain) / packed_read,
        mib(plain) / plain_read
    );
    Ok(())
}

/// Compacts a store; how many bytes of checkpoints a prospect takes then.
pub(crate) fn compacted(data: &Path, prospects: u32) -> Result<f64> {
    let began = Clock::now();
    let made = holdline::compact(data, Options::default())?;
    let each = made.checkpoints.1 as f64 / f64::from(prospects);
    println!("compact          {:>8.2} s", began.elapsed().as_secs_f64());
    println!(
        "sled compacted   {each:>8.0} B an enrolled prospect, {:.2} of {BUDGET_BYTES} B",
        each / BUDGET_BYTES as f64
    );
    Ok(each)
}

pub(crate) fn fill(data: &Path, prospects: u32) -> Result<()> {
    let engine = Engine::open(data, Options::default())?;
    engine.put_policy(start(), Policy::default_rules())?;
    engine.apply_batch(set_up(SENDERS))?;
    for from in (0..prospects).step_by(CHUNK as usize) {
        let all = from..(from + CHUNK).min(prospects);
        let commands = all.clone().map(put).chain(all.map(enroll)).collect();
        timed(&engine, "put and enroll", commands).map_err(|error| error.to_string())?;
    }
    let began = Clock::now();
    engine.close()?;
    println!("close            {:>8.2} s", began.elapsed().as_secs_f64());
    Ok(())
}

/// Opens a store in a fresh process, and prints how long that took and by how much it grew.
fn print_open(data: &Path) -> Result<()> {
    let before = resident_bytes();
    let mut options = Options::default();
    options.cache_bytes = 1 << 20;
    let began = Clock::now();
    let engine = Engine::open(data, options)?;
    let opened = began.elapsed().as_secs_f64();
    engine.claim(start(), 100, 60_000)?;
    let claimed = began.elapsed().as_secs_f64();
    println!("open             {opened:>8.2} s; to the first claim {claimed:.2} s");
    let resident = resident_bytes().saturating_sub(before);
    let snapshot = engine.snapshot()?;
    let enrolled = snapshot.view("default").map_or(0, |view| view.counts().enrollments);
    let each = resident as f64 / enrolled.max(1) as f64;
    println!("memory           {each:>8.0} B an enrolled prospect");
    engine.close()?;
    Ok(())
}

/// Records events at a steady rate, with and without checkpoints in the background.
fn commits(data: &Path, prospects: u32) -> Result<()> {
    for round in 0..ROUNDS {
        for (at, (what, checkpoint_bytes)) in KINDS.into_iter().enumerate() {
            let mut options = Options::default();
            options.checkpoint_bytes = checkpoint_bytes;
            let engine = Engine::open(data, options)?;
            let mut took = calls(&engine, prospects, round * KINDS.len() + at)?;
            print(what, &mut took);
            engine.close()?;
        }
    }
    Ok(())
}

/// How long each call took, from the moment it was due.
fn calls(engine: &Engine, prospects: u32, round: usize) -> Result<Vec<Duration>> {
    let count = (ROUND.as_millis() / EVERY.as_millis()) as usize;
    std::thread::scope(|scope| {
        let caller = |caller: usize| {
            let seed = (round * CALLERS + caller) as u64;
            let events: Vec<_> = Mix::new(seed, prospects).take(count * BATCH).collect();
            let mut events = events.iter().map(record);
            let began = Clock::now();
            let mut took = Vec::with_capacity(count);
            for call in 0..count {
                let due = EVERY * u32::try_from(call)?;
                std::thread::sleep(due.saturating_sub(began.elapsed()));
                engine.apply_batch(events.by_ref().take(BATCH).collect())?;
                took.push(began.elapsed().saturating_sub(due));
            }
            Result::Ok(took)
        };
        let callers: Vec<_> =
            (0..CALLERS).map(|number| scope.spawn(move || caller(number))).collect();
        let mut all = Vec::new();
        for caller in callers {
            all.extend(caller.join().map_err(|_| "a caller panicked")??);
        }
        Ok(all)
    })
}
