//! Holdline alone, against its own targets.

use std::hint::black_box;
use std::time::Instant as Clock;

use criterion::Criterion;
use holdline::{Event, Policy, PolicyBundle};
use holdline_peers::incoming::Incoming;
use holdline_peers::peer::{Holdline, bundle, compile};
use holdline_peers::{Peer, mix, policies};

use crate::{SEED, events};

/// One event is evaluated so many times in a row for each reading of the clock: a reading takes
/// about as long as an evaluation, so that its share is below a fiftieth.
const IN_A_ROW: u32 = 64;
/// So many readings for each event, of which the median counts: what interrupts one is no event.
const READINGS: usize = 9;

/// A policy, the events that it is measured on, and its targets.
pub struct Case {
    /// Its name in a table.
    pub name: &'static str,
    rules: fn() -> PolicyBundle,
    /// Whether an event of this type belongs to it.
    is_of: fn(&str) -> bool,
    /// The median event takes at most so long.
    pub p50_ns: f64,
    /// All but one event in a hundred take at most so long.
    pub p99_ns: Option<f64>,
}

/// The policies of the targets. With windows it is the events that ask about them which count:
/// in the mix, the median event is an open.
pub const CASES: [Case; 3] = [
    Case {
        name: "shipped policy, mixed events",
        rules: Policy::default_rules,
        is_of: |_| true,
        p50_ns: 150.0,
        p99_ns: Some(600.0),
    },
    Case {
        name: "200 rules, mixed events",
        rules: || bundle(&policies::of(200)),
        is_of: |_| true,
        p50_ns: 500.0,
        p99_ns: None,
    },
    Case {
        name: "two windows, bounces",
        rules: || bundle(&policies::with_two_windows()),
        is_of: |kind| kind == "bounce",
        p50_ns: 400.0,
        p99_ns: None,
    },
];

impl Case {
    /// The engine with its rules.
    pub fn holdline(&self) -> Holdline {
        Holdline::with(compile(&(self.rules)()).unwrap())
    }

    /// The events of the mix that belong to it.
    pub fn events(&self) -> Vec<Incoming> {
        let mut all = mix::events(SEED, events());
        all.retain(|incoming| (self.is_of)(&incoming.event.kind));
        all
    }

    /// The nanoseconds of each event.
    pub fn each(&self) -> Vec<f64> {
        let mut holdline = self.holdline();
        self.events().iter().map(|event| one(&mut holdline, event)).collect()
    }
}

/// How long one event takes, in nanoseconds.
fn one(holdline: &mut Holdline, incoming: &Incoming) -> f64 {
    let event = holdline.take(incoming).unwrap();
    let mut reading = || {
        let began = Clock::now();
        for _ in 0..IN_A_ROW {
            black_box(holdline.evaluate(black_box(&event)));
        }
        began.elapsed().as_secs_f64() * 1e9 / f64::from(IN_A_ROW)
    };
    quantile(&(0..READINGS).map(|_| reading()).collect::<Vec<_>>(), 50)
}

/// What a share of some numbers does not exceed.
pub fn quantile(numbers: &[f64], percent: usize) -> f64 {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() * percent / 100).copied().unwrap_or(f64::NAN)
}

/// An event of the vocabulary that the shipped policy has no rule for.
pub fn unlistened() -> Incoming {
    let event = Event::new("delivered", "evt").prospect("ann@acme.example");
    let domain = Some("acme.example".to_owned());
    Incoming { event, company: domain.clone(), domain }
}

/// What criterion measures of it.
pub fn benches(c: &mut Criterion) {
    let mut group = c.benchmark_group("holdline alone");
    for case in &CASES {
        let mut holdline = case.holdline();
        let incoming = case.events();
        let events: Vec<_> = incoming.iter().map(|event| holdline.take(event).unwrap()).collect();
        group.throughput(criterion::Throughput::Elements(events.len() as u64));
        group.bench_function(case.name, |b| {
            b.iter(|| {
                let fired: usize = events.iter().map(|event| holdline.evaluate(event)).sum();
                assert!(fired > 0);
            });
        });
    }
    group.throughput(criterion::Throughput::Elements(1));
    group.bench_function("an event that no rule listens to", |b| {
        let mut holdline = CASES[0].holdline();
        let incoming = unlistened();
        let event = holdline.take(&incoming).unwrap();
        b.iter(|| assert_eq!(holdline.evaluate(black_box(&event)), 0));
    });
    group.bench_function("parse, check and compile 200 rules", |b| {
        let bundle = bundle(&policies::of(200));
        b.iter(|| assert_eq!(compile(black_box(&bundle)).unwrap().rules().len(), 200));
    });
    group.finish();
}
