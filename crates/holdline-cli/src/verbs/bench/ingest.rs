//! W1: events of all kinds about people at random; and the ceiling program on the same events.

use std::path::Path;
use std::time::Duration;

use holdline::{Command, Outcome};
use holdline_workloads::callers::GROUP;
use holdline_workloads::ceiling::Ceiling;
use holdline_workloads::events::{Incoming, Mix};
use holdline_workloads::{commands, people};

use super::ground::{Ground, drive, must_be, size, wrong};
use super::measured::{Busy, Measured, Shares, Target, Waits};
use crate::args::Durability;
use crate::exit::Failure;

const NAME: &str = "W1";
/// How many are recorded a second.
const PER_SECOND: f64 = 500_000.0;
/// The share of the ceiling.
const OF_CEILING: f64 = 0.4;
/// Events that are made at once: before the clock starts.
const CHUNK: u64 = 200_000;

/// How many events the digest covers: as many as there are people.
pub fn fixed(ground: &Ground) -> u64 {
    u64::from(ground.prospects).max(GROUP as u64)
}

fn chunk(left: u64) -> usize {
    let size = if left == 0 { CHUNK } else { left.min(CHUNK) };
    usize::try_from(size).unwrap_or(GROUP)
}

/// Runs the ceiling program for as long as W1.
pub fn ceiling(ground: &Ground) -> Result<Measured, Failure> {
    const NAME: &str = "ceiling";
    let path = ground.path(NAME);
    let failed = |error| Failure::file(path.display(), &error);
    let syncs = ground.durability == Durability::Full;
    let keys = (0..ground.prospects).map(people::key);
    let mut ceiling = Ceiling::new(keys, &path, syncs).map_err(failed)?;
    let mut mix = Mix::new(ground.seed, ground.prospects);
    let (mut left, mut taken) = (fixed(ground), 0);
    let (mut took, mut syncing) = (Duration::ZERO, Duration::ZERO);
    while ground.goes_on(left, took) {
        let named = |event: Incoming| (people::key(event.person), event);
        let events: Vec<_> = mix.by_ref().take(chunk(left)).map(named).collect();
        let reached = ceiling.take(&events).map_err(failed)?;
        must_be(NAME, "duplicates", 0, reached.duplicates)?;
        taken += reached.taken;
        took += reached.took;
        syncing += reached.syncing;
        left = left.saturating_sub(events.len() as u64);
    }
    must_be(NAME, "events", taken, ceiling.events())?;
    // It is there to be compared with, and has no state worth a name.
    let _gone = std::fs::remove_file(&path).is_ok();
    Ok(Measured {
        name: NAME,
        what: "look up, dedupe, append",
        done: taken,
        shares: Shares::known(took, syncing),
        waits: None,
        figures: Vec::new(),
        targets: Vec::new(),
        checked: vec![("events", fixed(ground))],
        digest: String::new(),
    })
}

/// What is counted of the outcomes.
#[derive(Clone, Copy, Debug, Default)]
struct Counted {
    recorded: u64,
    holds: u64,
}

impl Counted {
    fn take(&mut self, workload: &str, outcome: &Outcome) -> Result<(), Failure> {
        match outcome {
            Outcome::Recorded { holds, errors, .. } => {
                if let Some(error) = errors.first() {
                    return Err(wrong(workload, format_args!("a rule failed: {error}")));
                }
                self.recorded += 1;
                self.holds += holds.len() as u64;
                Ok(())
            }
            Outcome::Refused(refusal) => {
                Err(wrong(workload, format_args!("an event was refused: {refusal}")))
            }
            other => Err(wrong(workload, format_args!("an event was answered with {other:?}"))),
        }
    }
}

/// Whether every event was recorded.
pub fn recorded(workload: &str, outcomes: &[Outcome]) -> Result<(), Failure> {
    let mut counted = Counted::default();
    outcomes.iter().try_for_each(|outcome| counted.take(workload, outcome))
}

/// Records events.
pub fn ingest(ground: &Ground, base: &Path, ceiling: f64) -> Result<Measured, Failure> {
    let engine = ground.open(NAME, Some(base), ground.options())?;
    let journal = ground.path(NAME).join("journal");
    let before = size(&journal).unwrap_or(0);
    let mut mix = Mix::new(ground.seed, ground.prospects);
    let (mut shares, mut waits) = (Shares::default(), Vec::new());
    let (mut left, mut counted) = (fixed(ground), Counted::default());
    let (mut at_fixed, mut digest) = (Counted::default(), String::new());
    while ground.goes_on(left, shares.took()) {
        let events: Vec<Command> =
            mix.by_ref().take(chunk(left)).map(|event| commands::record(&event)).collect();
        let made = events.len() as u64;
        let busy = Busy::of(&engine);
        let driven = drive(&engine, events, |outcome| counted.take(NAME, outcome))?;
        shares.add(&busy.seen());
        waits.extend(driven.waits);
        if left > 0 && left <= made {
            (at_fixed, digest) = (counted, engine.snapshot()?.digest().to_string());
        }
        left = left.saturating_sub(made);
    }
    let bytes = size(&journal).unwrap_or(0).saturating_sub(before);
    ground.remove(engine, NAME)?;
    if !ground.stop.is_asked() {
        must_be(NAME, "events of the fixed part", fixed(ground), at_fixed.recorded)?;
    }
    let done = counted.recorded;
    let mut measured = Measured {
        name: NAME,
        what: "ingest mixed events",
        done,
        shares,
        waits: Some(Waits::of(waits)),
        figures: vec![("journal-bytes-each", bytes as f64 / done.max(1) as f64)],
        targets: Vec::new(),
        checked: vec![("events", at_fixed.recorded), ("holds", at_fixed.holds)],
        digest,
    };
    let rate = measured.per_second().unwrap_or(0.0);
    measured.figures.push(("of-ceiling", rate / ceiling.max(1.0)));
    measured.targets = vec![
        Target::at_least("rate", "/s", rate, PER_SECOND),
        Target::at_least("of the ceiling", "", rate / ceiling.max(1.0), OF_CEILING),
    ];
    Ok(measured)
}
