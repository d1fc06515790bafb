//! W6: events at half of what W1 reached, sends beside them, and checkpoints all the time; and the
//! load that the picture is of. Each group has an instant at which it is due, and its time counts
//! from there: who is late because what came before took long is not left out.

use std::path::Path;
use std::sync::mpsc;
use std::time::{Duration, Instant as Clock};

use holdline::engine::Pending;
use holdline::{Digest, Engine, Instant};
use holdline_workloads::ceiling::bare_appends;
use holdline_workloads::events::Mix;
use holdline_workloads::{commands, schedule};

use super::ground::{Ground, must_be, size, wrong};
use super::ingest::recorded;
use super::measured::{Busy, Measured, Target, Waits};
use super::sends::{claimed, claims, confirmed, reported};
use crate::args::Durability;
use crate::exit::Failure;
use crate::stop::Stop;

const NAME: &str = "W6";
/// By how much the journal grows between checkpoints: so that one is nearly always being written.
const CHECKPOINT_BYTES: u64 = 8 << 20;
/// Events of a group: a commit of many takes as long as they take to be applied.
const GROUP: usize = 100;
/// Sends for each event.
const SENDS: f64 = 0.1;
/// Senders: each claims, and waits for three commits until it has reported all of a claim.
const SENDERS: u32 = 8;
/// The longest that commits may take, at p99.
const P99_MS: f64 = 5.0;
/// How many times as long as a bare append and sync of as many bytes.
const OF_BARE: f64 = 3.0;
/// The most bare appends that it is compared with.
const BARE_APPENDS: usize = 2_000;
/// A load that lasts less than this says nothing.
const LEAST: Duration = Duration::from_millis(200);

/// Groups that are due one after the other.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Things of a group, and groups in all.
    pub group: usize,
    pub groups: u32,
    /// From one to the next.
    pub every: Duration,
}

impl Load {
    /// So many things a second, in groups, for as long as that.
    pub fn of(rate: f64, group: usize, lasting: Duration) -> Self {
        let every = Duration::from_secs_f64(group as f64 / rate.max(1.0));
        let groups = lasting.max(LEAST).as_secs_f64() / every.as_secs_f64();
        Self { group, groups: (groups.ceil() as u32).max(1), every }
    }
}

/// Waits for an instant. The last of it is not slept: a sleep may end late by more than a commit
/// takes.
fn wait_until(due: Clock) {
    const AWAKE: Duration = Duration::from_micros(60);
    std::thread::sleep(due.saturating_duration_since(Clock::now()).saturating_sub(AWAKE));
    while Clock::now() < due {
        std::thread::yield_now();
    }
}

/// Records events as they are due from an instant on, whether or not those before were answered;
/// how long each group took, from when it was due.
pub fn events(
    name: &'static str,
    engine: &Engine,
    (began, load): (Clock, Load),
    mix: &mut Mix,
    stop: &Stop,
) -> Result<Vec<Duration>, Failure> {
    let (handed, answers) = mpsc::channel::<(Clock, Pending)>();
    std::thread::scope(|scope| {
        let waiter = scope.spawn(move || {
            let mut waits = Vec::with_capacity(load.groups as usize);
            for (due, pending) in answers {
                let outcomes = pending.wait()?;
                waits.push(due.elapsed());
                recorded(name, &outcomes)?;
            }
            Ok(waits)
        });
        for number in 0..load.groups {
            // It is made before it is due, if there is time.
            let group = mix.by_ref().take(load.group).map(|it| commands::record(&it)).collect();
            let due = began + load.every * number;
            wait_until(due);
            if stop.is_asked() || handed.send((due, engine.submit(group)?)).is_err() {
                break;
            }
        }
        drop(handed);
        waiter.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// What came of the sends.
#[derive(Debug, Default)]
struct Sent {
    waits: Vec<Duration>,
    sent: u64,
    revoked: u64,
}

/// Claims, looks and reports as they are due, each a commit; by several senders in turns, as one
/// alone would be late for what is due while it waits.
fn sends(engine: &Engine, load: Load, now: Instant, stop: &Stop) -> Result<Sent, Failure> {
    let began = Clock::now();
    std::thread::scope(|scope| {
        let sender = |first| move || sends_of(engine, (began, load, first), now, stop);
        let senders: Vec<_> = (0..SENDERS).map(|first| scope.spawn(sender(first))).collect();
        let mut all = Sent::default();
        for sender in senders {
            let sent = sender.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
            all.waits.extend(sent.waits);
            all.sent += sent.sent;
            all.revoked += sent.revoked;
        }
        Ok(all)
    })
}

/// What one of the senders does.
fn sends_of(
    engine: &Engine,
    (began, load, first): (Clock, Load, u32),
    now: Instant,
    stop: &Stop,
) -> Result<Sent, Failure> {
    let mut out = Sent::default();
    for number in (first..load.groups).step_by(SENDERS as usize) {
        let due = began + load.every * number;
        wait_until(due);
        if stop.is_asked() {
            break;
        }
        let outcomes = engine.apply_batch(claims(now, load.group))?;
        out.waits.push(due.elapsed());
        let (tokens, _) = claimed(NAME, outcomes)?;
        if tokens.is_empty() {
            continue;
        }
        let from = Clock::now();
        let looks = tokens.iter().map(|token| commands::confirm(now, *token)).collect();
        let go = confirmed(NAME, &tokens, &engine.apply_batch(looks)?)?;
        out.waits.push(from.elapsed());
        out.revoked += (tokens.len() - go.len()) as u64;
        let from = Clock::now();
        let reports = go.iter().map(|token| commands::sent(now, *token)).collect();
        reported(NAME, &engine.apply_batch(reports)?)?;
        out.waits.push(from.elapsed());
        out.sent += go.len() as u64;
    }
    Ok(out)
}

/// Runs both at once.
pub fn together(ground: &Ground, base: &Path, ingest_rate: f64) -> Result<Measured, Failure> {
    let mut options = ground.options();
    options.checkpoint_bytes = CHECKPOINT_BYTES;
    let engine = ground.open(NAME, Some(base), options)?;
    let journal = ground.path(NAME).join("journal");
    let before = size(&journal)?;
    let lasting = ground.least.max(LEAST);
    let load = Load::of(ingest_rate / 2.0, GROUP, lasting);
    // No more than there are, so that there is something to claim all the time.
    let there_are = f64::from(ground.prospects) / lasting.as_secs_f64();
    let rate = (ingest_rate / 2.0 * SENDS).min(there_are);
    let claims = Load::of(rate, schedule::CLAIM as usize, lasting);
    // An hour in, all first steps are due.
    let now = commands::start().plus_ms(2 * 3_600_000);
    let mut mix = Mix::new(ground.seed, ground.prospects);
    let busy = Busy::of(&engine);
    let (recorded, sent) = std::thread::scope(|scope| {
        let sender = scope.spawn(|| sends(&engine, claims, now, &ground.stop));
        let recorded = events(NAME, &engine, (Clock::now(), load), &mut mix, &ground.stop);
        let sent = sender.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        Ok::<_, Failure>((recorded?, sent?))
    })?;
    let shares = busy.seen();
    let snapshot = engine.snapshot()?;
    let counts = snapshot.view("default").map(|view| view.counts());
    must_be(NAME, "sends in the state", sent.sent, counts.map_or(0, |it| it.tally.sent))?;
    let digest = snapshot.digest();
    drop(snapshot);
    if !ground.stop.is_asked() {
        must_be(NAME, "groups of events", load.groups.into(), recorded.len() as u64)?;
    }
    let commits = recorded.len() + sent.waits.len();
    let bytes = size(&journal)?.saturating_sub(before) / commits.max(1) as u64;
    engine.close()?;
    if !ground.stop.is_asked() {
        replays(ground, digest)?;
    }
    std::fs::remove_dir_all(ground.path(NAME))?;
    let waits = Waits::of(recorded.into_iter().chain(sent.waits));
    let bare = bare(ground, bytes, commits)?;
    let p99 = waits.at(99.0);
    let events = u64::from(load.groups) * load.group as u64;
    Ok(Measured {
        name: NAME,
        what: "ingest and sends at once",
        done: events + sent.sent,
        shares,
        waits: Some(waits),
        figures: vec![
            ("events", events as f64),
            ("sends", sent.sent as f64),
            ("revoked", sent.revoked as f64),
            ("bytes-a-commit", bytes as f64),
            ("bare-p50-ms", bare.at(50.0)),
            ("bare-p99-ms", bare.at(99.0)),
        ],
        targets: vec![
            Target::at_most("p99 of a commit", "ms", p99, P99_MS),
            Target::at_most("p99 to a bare append", "", p99 / bare.at(99.0).max(1e-6), OF_BARE)
                .unless((ground.durability != Durability::Full).then_some("nothing is synced")),
        ],
        checked: Vec::new(),
        // What comes of two callers and a clock is never the same twice.
        digest: String::new(),
    })
}

/// Whether the journal alone leads to the state that answered.
fn replays(ground: &Ground, expected: Digest) -> Result<(), Failure> {
    std::fs::remove_dir_all(ground.path(NAME).join("sled"))?;
    let engine = ground.open(NAME, None, ground.options())?;
    let found = engine.snapshot()?.digest();
    engine.close()?;
    if found == expected {
        return Ok(());
    }
    let both = format_args!("the state was {expected}, the journal leads to {found}");
    Err(wrong(NAME, both))
}

/// What an append and a sync of as many bytes take alone.
fn bare(ground: &Ground, bytes: u64, commits: usize) -> Result<Waits, Failure> {
    let path = ground.path("bare");
    let bytes = usize::try_from(bytes).unwrap_or(0).max(1);
    let waits = bare_appends(&path, bytes, commits.min(BARE_APPENDS));
    let waits = waits.map_err(|error| Failure::file(path.display(), &error))?;
    let _gone = std::fs::remove_file(&path).is_ok();
    Ok(Waits::of(waits))
}
