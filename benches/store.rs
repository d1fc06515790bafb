//! A store: a checkpoint of what changed, opening from one, and recovering without any. On the disk
//! of the directory for temporary files, with durability full.

use std::fs;
use std::path::Path;

use criterion::{BatchSize, Criterion, Throughput};
use holdline::{Action, Command, Digest, Engine, Event, Options, Policy, Prospect};

use super::{key, param, start};

/// A store of so many people, with an event about each.
fn filled(dir: &Path, people: usize) -> Engine {
    let engine = Engine::open(dir, Options::default()).unwrap();
    engine.put_policy(start(), Policy::default_rules()).unwrap();
    let prospect = |person| {
        let prospect = Prospect { key: key(person), ..Prospect::default() };
        Command::new(start(), Action::PutProspect(prospect))
    };
    engine.apply_batch((0..people).map(prospect).collect()).unwrap();
    record(&engine, people, 0);
    engine
}

/// Records an event about each of some people; every round has its own.
fn record(engine: &Engine, people: usize, round: usize) {
    let event = |person| {
        let event = Event::new("open", format!("{round}-{person}")).prospect(key(person));
        Command::new(start(), Action::Record(event))
    };
    let outcomes = engine.apply_batch((0..people).map(event).collect()).unwrap();
    assert!(outcomes.iter().all(|outcome| outcome.refusal().is_none()));
}

fn digest(engine: &Engine) -> Digest {
    engine.snapshot().unwrap().digest()
}

/// A checkpoint after a tenth of the people had an event.
pub fn checkpoint(c: &mut Criterion) {
    let people = param(100, 10_000);
    let dir = tempfile::tempdir().unwrap();
    let engine = filled(dir.path(), people);
    let mut round = 0;
    c.bench_function("checkpoint of what a tenth of the people changed", |b| {
        b.iter_batched(
            || {
                round += 1;
                record(&engine, people / 10, round);
            },
            |()| engine.checkpoint().unwrap(),
            BatchSize::PerIteration,
        );
    });
    engine.close().unwrap();
}

/// From the checkpoint of a clean close.
pub fn open(c: &mut Criterion) {
    let people = param(100, 10_000);
    let dir = tempfile::tempdir().unwrap();
    let engine = filled(dir.path(), people);
    let expected = digest(&engine);
    engine.close().unwrap();
    c.bench_function("open and close", |b| {
        b.iter(|| {
            let engine = Engine::open(dir.path(), Options::default()).unwrap();
            assert_eq!(digest(&engine), expected);
            engine.close().unwrap();
        });
    });
}

/// From the journal alone: the checkpoints are gone.
pub fn recover(c: &mut Criterion) {
    let people = param(100, 10_000);
    let dir = tempfile::tempdir().unwrap();
    let engine = filled(dir.path(), people);
    let expected = digest(&engine);
    engine.close().unwrap();
    let mut group = c.benchmark_group("recover");
    // A person and an event each.
    group.throughput(Throughput::Elements(2 * people as u64));
    group.bench_function("from the journal alone", |b| {
        b.iter_batched(
            || fs::remove_dir_all(dir.path().join("sled")).unwrap(),
            |()| {
                let engine = Engine::open(dir.path(), Options::default()).unwrap();
                assert!(engine.opened().replayed >= 2 * people as u64);
                assert_eq!(digest(&engine), expected);
                // Its close, with a checkpoint, is left out of what is measured.
                engine
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}
