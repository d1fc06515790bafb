//! W5: a closed store is opened, each time by a process of its own, up to the first claim; and what
//! it takes in memory and on the disk.

use std::fs;
use std::path::Path;
use std::process::Command as Process;
use std::time::{Duration, Instant as Clock};

use holdline::{Engine, Options};
use holdline_workloads::{commands, schedule};
use serde::{Deserialize, Serialize};

use super::enrol::Base;
use super::ground::{Ground, must_be, size, wrong};
use super::measured::{Measured, Shares, Target, Waits};
use crate::exit::{Exit, Failure};
use crate::screen;

const NAME: &str = "W5";
/// How often it is opened; the median counts.
const ROUNDS: usize = 3;
/// What an enrolled prospect may take.
const MEMORY_BYTES: f64 = 160.0;
const DISK_BYTES: f64 = 120.0;
/// The senders and their calendars, and what a database takes whatever is in it, are spread over as
/// many as the targets are for.
const MANY: u32 = 1_000_000;
/// Checkpoints are read once: a large cache of them would count as the state's memory.
const CACHE_BYTES: u64 = 1 << 20;

/// What the process that opens says.
#[derive(Debug, Serialize, Deserialize)]
struct Seen {
    opened_ms: f64,
    claimed_ms: f64,
    /// By how much the process grew; none where the system does not tell.
    resident: Option<u64>,
    enrolled: u64,
    claimed: u64,
    digest: String,
}

/// How long that may take for so many: 1 s for a million, 8 s for ten.
fn most_seconds(prospects: u32) -> f64 {
    let millions = f64::from(prospects) / 1e6;
    if millions <= 1.0 { 1.0 } else { 1.0 + (millions - 1.0) * 7.0 / 9.0 }
}

/// Opens the store that the enrolment left, and measures it.
pub fn open(ground: &Ground, base: &Base) -> Result<Measured, Failure> {
    let mut all: Vec<Seen> = Vec::new();
    for _ in 0..ROUNDS {
        // A copy each time, for a claim changes it.
        let engine = ground.open(NAME, Some(&base.path), ground.options())?;
        engine.close()?;
        let seen = in_a_process(&ground.path(NAME))?;
        fs::remove_dir_all(ground.path(NAME))?;
        must_be(NAME, "enrollments", ground.prospects.into(), seen.enrolled)?;
        if let Some(before) = all.first().filter(|before| before.digest != seen.digest) {
            let both =
                format_args!("digests of the same store: {}, {}", before.digest, seen.digest);
            return Err(wrong(NAME, both));
        }
        all.push(seen);
    }
    all.sort_by(|one, other| one.claimed_ms.total_cmp(&other.claimed_ms));
    let Some(median) = all.get(ROUNDS / 2) else {
        return Err(wrong(NAME, "it was never opened"));
    };
    let each = |bytes: u64| bytes as f64 / f64::from(ground.prospects);
    let disk = each(size(&base.path.join("sled"))?);
    let few =
        (ground.prospects < MANY).then_some("memory and disk of each, with fewer than 1,000,000");
    let seconds = median.claimed_ms / 1e3;
    let most = most_seconds(ground.prospects);
    let mut targets = vec![Target::at_most("to the first claim", "s", seconds, most)];
    let mut figures = vec![
        ("opened-ms", median.opened_ms),
        ("claimed-ms", median.claimed_ms),
        ("disk-bytes-each", disk),
    ];
    if let Some(resident) = median.resident.map(each) {
        figures.push(("memory-bytes-each", resident));
        let memory = Target::at_most("memory a prospect", "B", resident, MEMORY_BYTES);
        targets.push(memory.unless(few));
    }
    targets.push(Target::at_most("disk a prospect", "B", disk, DISK_BYTES).unless(few));
    let waits = all.iter().map(|seen| Duration::from_secs_f64(seen.claimed_ms / 1e3));
    Ok(Measured {
        name: NAME,
        what: "open, to the first claim",
        done: 0,
        shares: Shares::known(Duration::from_secs_f64(seconds), Duration::ZERO),
        waits: Some(Waits::of(waits)),
        figures,
        targets,
        checked: vec![("enrollments", median.enrolled), ("claimed", median.claimed)],
        digest: median.digest.clone(),
    })
}

/// Has a new process open a store: what this one has in its memory is no measure.
fn in_a_process(dir: &Path) -> Result<Seen, Failure> {
    let failed = |what: String| Failure::store(format_args!("a store could not be opened: {what}"));
    let program = std::env::current_exe().map_err(|error| failed(error.to_string()))?;
    let out = Process::new(program).args(["bench", "--opens"]).arg(dir).output();
    let out = out.map_err(|error| failed(error.to_string()))?;
    if !out.status.success() {
        return Err(failed(String::from_utf8_lossy(&out.stderr).trim().to_owned()));
    }
    serde_json::from_slice(&out.stdout).map_err(|error| failed(error.to_string()))
}

/// What that process does.
pub fn be_the_process(dir: &Path) -> Result<Exit, Failure> {
    let before = resident();
    let mut options = Options::default();
    options.cache_bytes = CACHE_BYTES;
    options.plans_when_idle = false;
    let began = Clock::now();
    let engine =
        Engine::open(dir, options).map_err(|error| Failure::store(&error).help(error.help()))?;
    let opened = began.elapsed();
    // An hour in, all first steps are due.
    let now = commands::start().plus_ms(2 * 3_600_000);
    let claimed = engine.claim(now, schedule::CLAIM, schedule::LEASE_MS)?.len() as u64;
    let until_claimed = began.elapsed();
    let resident = resident().zip(before).map(|(after, before)| after.saturating_sub(before));
    let snapshot = engine.snapshot()?;
    let ms = |took: Duration| took.as_secs_f64() * 1e3;
    screen::print_json(&Seen {
        opened_ms: ms(opened),
        claimed_ms: ms(until_claimed),
        resident,
        enrolled: snapshot.view("default").map_or(0, |view| view.counts().enrollments),
        claimed,
        digest: snapshot.digest().to_string(),
    })?;
    drop(snapshot);
    engine.close()?;
    Ok(Exit::Fine)
}

/// How much memory this process has.
fn resident() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().trim_end_matches(" kB").parse::<u64>().ok()? * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opening_may_take_a_second_for_a_million_and_eight_for_ten() {
        let most = [1_000, 1_000_000, 10_000_000].map(most_seconds);
        assert_eq!(most, [1.0, 1.0, 8.0]);
    }
}
