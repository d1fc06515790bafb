//! What is looked at every few seconds.

use std::path::Path;
use std::time::Duration;

use holdline_workloads::commands::start;

use super::Result;
use super::shared::{DAY_MS, Shared};
use crate::load::{resident_bytes, size};

/// What an enrollment and a message that went out take in memory, as docs/operations.md has it: the
/// record with what it takes to be one of several of its prospect, and its place in the list of its
/// campaign; the record of a delivery. They stay for good, as does nothing else of any number.
const ENROLLMENT_BYTES: u64 = 64 + 64 + 4;
const DELIVERY_BYTES: u64 = 20;
/// Lines are printed so often.
const LINE: Duration = Duration::from_secs(60);
/// And so many at least.
const LINES: u32 = 10;

/// What there was at one moment, and how long commits took since the one before.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sample {
    pub(super) since: Duration,
    /// Days of virtual time.
    pub(super) day: f64,
    pub(super) resident: u64,
    /// Of that, what is kept for good.
    pub(super) for_good: u64,
    pub(super) journal: u64,
    pub(super) bases: u64,
    /// The largest base.
    pub(super) base: u64,
    pub(super) checkpoints_bytes: u64,
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
    pub(super) enrolled: u64,
    pub(super) sent: u64,
    pub(super) checkpoints: u64,
    pub(super) sizes: holdline::engine::Sizes,
}

impl Sample {
    pub(super) fn disk(&self) -> u64 {
        self.journal + self.bases + self.checkpoints_bytes
    }

    /// What memory there is besides what is kept for good.
    pub(super) fn steady(&self) -> u64 {
        self.resident.saturating_sub(self.for_good)
    }
}

/// Takes samples until the time is over.
pub(super) fn take(shared: &Shared<'_>, data: &Path) -> Result<Vec<Sample>> {
    println!("{HEAD}");
    let plan = shared.plan;
    let line = LINE.min(plan.lasting / LINES);
    let (mut samples, mut printed) = (Vec::new(), Duration::ZERO);
    // What commits took before the load is not of it.
    let _before = shared.waits();
    let mut due = plan.every;
    while due <= plan.lasting && shared.wait(due) {
        let sample = one(shared, data)?;
        if sample.since >= printed + line {
            printed = sample.since;
            println!("{}", told(&sample));
        }
        samples.push(sample);
        due += plan.every;
    }
    Ok(samples)
}

/// What there is now.
pub(super) fn one(shared: &Shared<'_>, data: &Path) -> Result<Sample> {
    let snapshot = shared.engine.snapshot()?;
    let view = snapshot.view("default").ok_or("there is no workspace")?;
    let (sizes, passed_ms) = (view.sizes(), view.now().as_ms() - start().as_ms());
    drop(snapshot);
    let (waits, done) = (shared.waits(), shared.done());
    let at = |percent: f64| waits.value_at_percentile(percent) as f64 / 1e6;
    let since = shared.began.elapsed();
    let (bases, base) = bases(&data.join("base"));
    Ok(Sample {
        since,
        day: passed_ms as f64 / DAY_MS as f64,
        resident: resident_bytes(),
        for_good: done.enrolled * ENROLLMENT_BYTES + done.sent * DELIVERY_BYTES,
        journal: steady_size(&data.join("journal")),
        bases,
        base,
        checkpoints_bytes: steady_size(&data.join("sled")) + steady_size(&data.join("sled.new")),
        p50_ms: at(50.0),
        p99_ms: at(99.0),
        enrolled: done.enrolled,
        sent: done.sent,
        checkpoints: shared.engine.checkpoints(),
        sizes,
    })
}

/// How much is in a directory; again, where something went while it was looked at.
fn steady_size(dir: &Path) -> u64 {
    const TIMES: usize = 5;
    (0..TIMES).find_map(|_| size(dir).ok()).unwrap_or(0)
}

/// All bases, and the largest of them.
fn bases(dir: &Path) -> (u64, u64) {
    let files = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let sizes = files.filter_map(|file| file.metadata().ok()).map(|about| about.len());
    sizes.fold((0, 0), |(all, most), size| (all + size, most.max(size)))
}

const HEAD: &str = "   time   day  memory for-good |   disk journal  bases   sled |    p50     p99 \
     |  holds   live |    ids commands claims | enrolled     sent checkpoints";

fn told(it: &Sample) -> String {
    let mib = |bytes: u64| format!("{:.0}M", bytes as f64 / f64::from(1 << 20));
    let sizes = &it.sizes;
    format!(
        "{:>5.0} s {:>5.0} {:>7} {:>8} | {:>6} {:>7} {:>6} {:>6} | {:>6.2} {:>7.2} | {:>6} {:>6} | \
         {:>6} {:>8} {:>6} | {:>8} {:>8} {:>11}",
        it.since.as_secs_f64(),
        it.day,
        mib(it.resident),
        mib(it.for_good),
        mib(it.disk()),
        mib(it.journal),
        mib(it.bases),
        mib(it.checkpoints_bytes),
        it.p50_ms,
        it.p99_ms,
        sizes.holds,
        sizes.holds_live,
        sizes.events_seen,
        sizes.commands_seen,
        sizes.claims,
        it.enrolled,
        it.sent,
        it.checkpoints,
    )
}
