//! The benchmarks: tests first. Each checks its result, and `cargo test` runs them at a small size.
//!
//! `cargo bench` measures at the large size; figures are for one thread, in memory, seed 42 where
//! anything is drawn, with no durability, unless the name says otherwise.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a benchmark that does not get what it expects has to stop"
)]

mod json;
mod rules;
mod store;
mod timelines;

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use holdline::engine::State;
use holdline::model::{Delay, Hours, StepTiming, Weekdays};
use holdline::plan::{self, Zone};
use holdline::{
    Action, Campaign, Command, Event, Instant, Outcome, Policy, Prospect, Report, Sender, Step,
    Verdict,
};

/// The size to run at: small in a test, large when it is measured.
fn param(small: usize, large: usize) -> usize {
    if std::env::args().any(|argument| argument == "--bench") { large } else { small }
}

fn start() -> Instant {
    "2026-03-02T08:00:00Z".parse().unwrap()
}

fn key(person: usize) -> String {
    format!("person-{person}@company-{}.example", person / 20)
}

/// A state with a policy, a sender, a campaign of five steps, and people in it.
fn state(people: usize) -> State {
    let at = start();
    let step = |days| Step {
        name: "step".to_owned(),
        timing: StepTiming { delay: Delay::Days(days), ..StepTiming::default() },
    };
    let sender = Sender { key: "s".to_owned(), ..Sender::default() };
    let campaign = Campaign {
        key: "c".to_owned(),
        senders: vec![sender.key.clone()],
        steps: [0, 3, 4, 7, 14].map(step).to_vec(),
        ..Campaign::default()
    };
    let mut actions = vec![
        Action::PutPolicy(Policy::default_rules()),
        Action::PutSender(sender),
        Action::PutCampaign(campaign),
    ];
    for person in 0..people {
        let prospect = Prospect { key: key(person), ..Prospect::default() };
        actions.push(Action::PutProspect(prospect));
    }
    let mut state = State::new();
    for action in actions {
        tell(&mut state, at, action);
    }
    state
}

fn tell(state: &mut State, at: Instant, action: Action) -> Outcome {
    let outcome = state.apply(&mut Command::new(at, action)).outcome;
    assert!(outcome.refusal().is_none(), "{outcome:?}");
    outcome
}

fn enroll(state: &mut State, people: usize) {
    for person in 0..people {
        let campaign = "c".to_owned();
        tell(state, start(), Action::Enroll { campaign, prospect: key(person) });
    }
}

fn place(c: &mut Criterion) {
    let timing = StepTiming {
        delay: Delay::BusinessDays(3),
        weekdays: Weekdays::WORKING,
        hours: Hours::new(9 * 60, 17 * 60).unwrap(),
        jitter_ms: 3_600_000,
    };
    let zone = Zone::named("America/New_York").unwrap();
    c.bench_function("place a step", |b| {
        b.iter(|| {
            let due = plan::due(timing.delay, black_box(start()), zone);
            let at = plan::place(&timing, zone, due, black_box(42)).unwrap();
            assert!(plan::is_open(&timing, zone, at));
        });
    });
}

fn events(c: &mut Criterion) {
    let people = param(100, 10_000);
    let mut group = c.benchmark_group("record");
    group.throughput(Throughput::Elements(people as u64));
    for (kind, attribute, holds) in [
        ("open", None, 0),
        ("reply", Some(("kind", "human")), 2),
        ("bounce", Some(("class", "hard")), 1),
    ] {
        group.bench_function(kind, |b| {
            let events = || {
                let event = |person| {
                    let event = Event::new(kind, format!("{kind}-{person}")).prospect(key(person));
                    match attribute {
                        Some((name, value)) => event.with(name, value),
                        None => event,
                    }
                };
                let mut ready = state(people);
                enroll(&mut ready, people);
                (ready, (0..people).map(event).collect::<Vec<_>>())
            };
            b.iter_batched(
                events,
                |(mut state, events)| {
                    for event in events {
                        let outcome = tell(&mut state, start(), Action::Record(event));
                        let Outcome::Recorded { holds: placed, .. } = outcome else {
                            panic!("{outcome:?}");
                        };
                        // The third bounce of a company holds the company, too.
                        assert!((holds..=2 * holds).contains(&placed.len()), "{placed:?}");
                    }
                    state
                },
                BatchSize::LargeInput,
            );
        });
    }
    group.finish();
}

fn enrolments(c: &mut Criterion) {
    let people = param(100, 10_000);
    let mut group = c.benchmark_group("enroll");
    group.throughput(Throughput::Elements(people as u64));
    group.bench_function("rolling", |b| {
        b.iter_batched(
            || state(people),
            |mut state| {
                enroll(&mut state, people);
                state
            },
            BatchSize::LargeInput,
        );
    });
    group.finish();
}

/// Claim a hundred, look at each, report each as sent: the next step is planned.
fn sends(c: &mut Criterion) {
    let people = param(100, 10_000);
    let mut group = c.benchmark_group("send");
    group.throughput(Throughput::Elements(people as u64));
    group.bench_function("claim, confirm, sent", |b| {
        let ready = || {
            let mut ready = state(people);
            enroll(&mut ready, people);
            ready
        };
        b.iter_batched(
            ready,
            |mut state| {
                let at = start();
                let mut sent = 0;
                loop {
                    let claim = Action::Claim { limit: 100, lease_ms: 60_000 };
                    let Outcome::Claimed { sends, .. } = tell(&mut state, at, claim) else {
                        panic!()
                    };
                    if sends.is_empty() {
                        break;
                    }
                    for send in sends {
                        let token = send.token;
                        let verdict = tell(&mut state, at, Action::Confirm { token });
                        assert_eq!(verdict, Outcome::Confirmed(Verdict::Go));
                        let report = Report::Sent { at };
                        tell(&mut state, at, Action::Report { token, report });
                        sent += 1;
                    }
                }
                assert_eq!(sent, people);
                state
            },
            BatchSize::LargeInput,
        );
    });
    group.finish();
}

/// Pausing a company costs the same whatever it covers.
fn pauses(c: &mut Criterion) {
    let mut group = c.benchmark_group("pause a company of");
    for people in [10, param(100, 10_000)] {
        group.bench_function(people.to_string(), |b| {
            let mut state = state(0);
            for person in 0..people {
                let key = format!("p{person}@acme.example");
                let prospect = Prospect { key: key.clone(), ..Prospect::default() };
                tell(&mut state, start(), Action::PutProspect(prospect));
                let campaign = "c".to_owned();
                tell(&mut state, start(), Action::Enroll { campaign, prospect: key });
            }
            b.iter(|| {
                let target = holdline::HoldTarget::Company("acme.example".to_owned());
                let hold = Action::Hold {
                    kind: holdline::HoldKind::Pause,
                    target: target.clone(),
                    until: None,
                    reason: None,
                };
                let outcome = tell(&mut state, start(), hold);
                assert!(matches!(outcome, Outcome::Held { live: true, .. }));
                let resume =
                    Action::Resume { target, prospects: false, reschedule: None, reason: None };
                tell(&mut state, start(), resume);
            });
        });
    }
    group.finish();
}

/// Claims of a hundred, out of many that are due.
fn claims(c: &mut Criterion) {
    let people = param(300, 10_000);
    let mut group = c.benchmark_group("claim");
    group.throughput(Throughput::Elements(100));
    group.bench_function("100 of what is due", |b| {
        let ready = || {
            let mut ready = state(people);
            enroll(&mut ready, people);
            ready
        };
        b.iter_batched(
            ready,
            |mut state| {
                let claim = Action::Claim { limit: 100, lease_ms: 60_000 };
                let Outcome::Claimed { sends, .. } = tell(&mut state, start(), claim) else {
                    panic!()
                };
                assert_eq!(sends.len(), 100);
                state
            },
            BatchSize::LargeInput,
        );
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10);
    targets = rules::parse, rules::compile, rules::hostile, rules::evaluate, place,
        timelines::placements, events, enrolments, claims, sends, pauses, json::lines,
        store::checkpoint, store::open, store::recover
}
criterion_main!(benches);
