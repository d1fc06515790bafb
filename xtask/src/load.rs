//! What the chores that measure share: calling in groups with several in flight, and what a process
//! and a directory take.

use std::path::Path;

use holdline::{Command, Engine, EngineError};
use holdline_workloads::callers::{GROUP, drive};

/// How many senders the chores have: fewer than the benchmark, so that their days fill up.
pub(crate) const SENDERS: u32 = 100;

/// Applies the commands in groups, several in flight, and prints and returns how many a second.
pub(crate) fn timed(
    engine: &Engine,
    what: &str,
    commands: Vec<Command>,
) -> Result<f64, Box<dyn std::error::Error>> {
    let count = commands.len();
    let groups: Vec<Vec<Command>> = commands.chunks(GROUP).map(<[Command]>::to_vec).collect();
    let mut refused = 0;
    let driven = drive(
        groups.into_iter(),
        |group| engine.submit(group),
        |pending| pending.wait(),
        |outcomes| {
            refused += outcomes.iter().filter(|outcome| outcome.refusal().is_some()).count();
            Ok::<(), EngineError>(())
        },
    )?;
    let rate = count as f64 / driven.took.as_secs_f64();
    println!("{what:<16} {rate:>8.0} a second");
    match refused {
        0 => Ok(rate),
        refused => Err(format!("{refused} of {count} were refused").into()),
    }
}

pub(crate) fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}

pub(crate) fn size(path: &Path) -> std::io::Result<u64> {
    let mut total = 0;
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        let about = entry.metadata()?;
        total += if about.is_dir() { size(&entry.path())? } else { about.len() };
    }
    Ok(total)
}
