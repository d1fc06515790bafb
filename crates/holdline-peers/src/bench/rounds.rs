//! Rounds: each measures every store once on every workload, so that a slow moment of the machine
//! slows all of them.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use holdline_peers::stores::{Counts, Failure, Ground, Measured, Plan, Store, Workload};

/// What was found out about a store.
pub(super) struct Row {
    store: Box<dyn Store>,
    /// Why there is nothing to measure.
    pub(super) missing: Option<String>,
    /// How many a second, of each run.
    pub(super) rates: BTreeMap<Workload, Vec<f64>>,
    /// Why a run did not count.
    pub(super) failed: BTreeMap<Workload, String>,
}

impl Row {
    pub(super) fn name(&self) -> String {
        self.store.name()
    }

    pub(super) fn durability(&self) -> &'static str {
        self.store.durability()
    }

    pub(super) fn is_lazy(&self) -> bool {
        self.store.is_lazy()
    }

    pub(super) fn takes(&self, workload: Workload) -> bool {
        self.store.takes(workload)
    }

    pub(super) fn is_holdline(&self) -> bool {
        self.name().starts_with("Holdline")
    }
}

/// Held as long as this runs: two at once would measure each other.
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    pub(super) fn take(dir: &Path) -> Result<Self, Failure> {
        let file = File::create(dir.join("lock"))?;
        let taken = file.try_lock();
        taken.map_err(|_| "another benchmark runs in the same target directory")?;
        Ok(Self { _file: file })
    }
}

/// Finds or installs what the stores need.
pub(super) fn prepared(stores: Vec<Box<dyn Store>>, ground: &Ground) -> Result<Vec<Row>, Failure> {
    let mut rows = Vec::new();
    for mut store in stores {
        ground.check()?;
        eprintln!("preparing {}", store.name());
        let missing = store.prepare(ground).err().map(|error| whole(error.as_ref()));
        rows.push(Row { store, missing, rates: BTreeMap::new(), failed: BTreeMap::new() });
    }
    Ok(rows)
}

/// Measures all of it, until it is done or somebody asks to stop.
pub(super) fn measured(
    mut rows: Vec<Row>,
    workloads: &[Workload],
    runs: u32,
    plan: &Plan,
    ground: &Ground,
) -> Vec<Row> {
    for run in 1..=runs {
        for &workload in workloads {
            // Each other round goes the other way: nobody is always after the same one.
            let mut order: Vec<&mut Row> = rows.iter_mut().collect();
            if run % 2 == 0 {
                order.reverse();
            }
            for row in order {
                if ground.check().is_err() {
                    return rows;
                }
                let is_out = row.missing.is_some() || row.failed.contains_key(&workload);
                if row.takes(workload) && !is_out {
                    measure(row, workload, run, plan, ground);
                }
            }
        }
    }
    rows
}

fn measure(row: &mut Row, workload: Workload, run: u32, plan: &Plan, ground: &Ground) {
    let what = format!("run {run} {} {} ({})", workload.name(), row.name(), row.durability());
    let found = row.store.run(workload, plan, ground).and_then(|it| checked(it, workload, plan));
    match found {
        Ok(rate) => {
            eprintln!("{what}: {rate:.0} a second");
            row.rates.entry(workload).or_default().push(rate);
        }
        // What was asked to stop is no failure of the store's.
        Err(_) if ground.check().is_err() => {}
        Err(error) => {
            let why = whole(error.as_ref());
            eprintln!("{what}: {why}");
            row.rates.remove(&workload);
            row.failed.insert(workload, why);
        }
    }
}

/// An error with what it comes from, in one line.
fn whole(error: &(dyn std::error::Error + 'static)) -> String {
    let chain = std::iter::successors(Some(error), |error| error.source());
    let all: Vec<String> = chain.map(|error| error.to_string().replace('\n', " ")).collect();
    all.join(": ")
}

/// How many a second, if what is there afterwards is what has to be.
fn checked(measured: Measured, workload: Workload, plan: &Plan) -> Result<f64, Failure> {
    let expected = plan.expected(workload);
    if measured.counts != expected {
        let (expected, found) = (said(&expected), said(&measured.counts));
        return Err(format!("expected {expected}; found {found}").into());
    }
    Ok(measured.count as f64 / measured.took.as_secs_f64())
}

fn said(counts: &Counts) -> String {
    let all: Vec<String> = counts.iter().map(|(name, count)| format!("{name} {count}")).collect();
    all.join(", ")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;
    use std::time::Duration;

    use holdline_peers::stores::Size;

    use super::*;
    use crate::bench::table::rendered;

    /// A store that says what it is told to.
    struct Told {
        missing: bool,
        lost: u64,
    }

    impl Store for Told {
        fn name(&self) -> String {
            "Told".to_owned()
        }

        fn durability(&self) -> &'static str {
            "its word"
        }

        fn prepare(&mut self, _ground: &Ground) -> Result<(), Failure> {
            if self.missing { Err("no such package".into()) } else { Ok(()) }
        }

        fn run(
            &mut self,
            workload: Workload,
            plan: &Plan,
            _ground: &Ground,
        ) -> Result<Measured, Failure> {
            let mut counts = plan.expected(workload);
            counts.values_mut().for_each(|count| *count = count.saturating_sub(self.lost));
            Ok(Measured { count: 5_000, took: Duration::from_secs(2), counts })
        }
    }

    /// The line of the table, and whether the command fails.
    fn check(store: Told, stop: bool, expected: &str, fails: bool) {
        let ground = Ground { dir: ".".into(), stop: Arc::new(AtomicBool::new(false)) };
        let plan = Plan::new(Size { people: 40, events: 400, sends: 40, seed: 42 });
        let rows = prepared(vec![Box::new(store)], &ground).unwrap();
        ground.stop.store(stop, std::sync::atomic::Ordering::Relaxed);
        let rows = measured(rows, &[Workload::Enrol], 3, &plan, &ground);
        let (table, failed) = rendered(&rows, &[Workload::Enrol]);
        let line = table.lines().find(|line| line.starts_with("Told")).unwrap();
        let words: Vec<&str> = line.split_whitespace().skip(3).collect();
        assert_eq!((words.join(" ").as_str(), failed), (expected, fails));
    }

    #[test]
    fn what_ends_with_the_right_counts_is_measured() {
        check(Told { missing: false, lost: 0 }, false, "2,500 2,500 2,500 3", false);
    }

    #[test]
    fn what_ends_with_other_counts_is_not_measured() {
        let why = "failed: expected enrolled 40; found enrolled 39";
        check(Told { missing: false, lost: 1 }, false, why, true);
    }

    #[test]
    fn what_is_not_to_be_had_is_in_the_table() {
        check(Told { missing: true, lost: 0 }, false, "not to be had here: no such package", false);
    }

    #[test]
    fn what_was_stopped_before_it_ran_is_in_the_table() {
        check(Told { missing: false, lost: 0 }, true, "not run", false);
    }
}
