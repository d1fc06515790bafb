//! The stores that need no server, at a small size: those with one are run by the command alone,
//! because tests begin with nothing but a Rust toolchain.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::*;

/// More than a group of people, and more events than are in flight together.
const SIZE: Size = Size { people: 1_500, events: 6_000, sends: 1_200, seed: 42 };

fn ground(dir: &tempfile::TempDir) -> Ground {
    Ground { dir: dir.path().to_path_buf(), stop: Arc::new(AtomicBool::new(false)) }
}

fn check(mut store: impl Store) {
    let dir = tempfile::tempdir().unwrap();
    let ground = ground(&dir);
    let plan = Plan::new(SIZE);
    store.prepare(&ground).unwrap();
    for (workload, count) in Workload::ALL.into_iter().zip([6_000, 1_500, 1_200]) {
        let measured = store.run(workload, &plan, &ground).unwrap();
        assert_eq!(measured.counts, plan.expected(workload), "{workload:?}");
        assert_eq!(measured.count, count, "{workload:?}");
    }
    let left = std::fs::read_dir(dir.path()).unwrap().count();
    assert_eq!(left, 0, "a run leaves nothing behind");
}

#[test]
fn holdline_ends_with_the_counts_of_the_naive_model() {
    check(Holdline { level: Level::Full });
}

#[test]
fn sqlite_ends_with_the_counts_of_the_naive_model() {
    check(Sqlite);
}

#[test]
fn sled_ends_with_the_counts_of_the_naive_model() {
    check(Sled);
}

#[test]
fn the_naive_model_has_something_of_everything() {
    let plan = Plan::new(SIZE);
    let counts = plan.expected(Workload::Ingest);
    // Every hundredth event repeats one of 3,000 before, once there is one.
    assert_eq!(counts.get("duplicates"), Some(&30));
    assert_eq!(counts.get("recorded"), Some(&5_970));
    let some = ["stopped", "paused", "companies held"].map(|name| counts.get(name).copied());
    assert!(some.iter().all(|count| count.is_some_and(|it| it > 20)), "{counts:?}");
}

#[test]
fn a_run_that_is_asked_to_stop_ends_and_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    let ground = ground(&dir);
    ground.stop.store(true, Ordering::Relaxed);
    let plan = Plan::new(SIZE);
    let mut stores: [Box<dyn Store>; 3] =
        [Box::new(Holdline { level: Level::Full }), Box::new(Sqlite), Box::new(Sled)];
    for store in &mut stores {
        let error = store.run(Workload::Ingest, &plan, &ground).unwrap_err();
        assert_eq!(error.to_string(), "stopped");
    }
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}
