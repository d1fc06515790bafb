//! Six engines on the same events in one run, then holdline alone, then the table of ratios.
//!
//! `cargo bench --package holdline-peers` measures at the large size, and ends with the table;
//! behind `--`, a filter picks benchmarks as criterion does, and `table` the table alone. A test
//! runs it all at the small size and prints nothing. One thread, in memory, seed 42.

#![expect(
    clippy::unwrap_used,
    reason = "a benchmark that does not get what it expects has to stop"
)]

mod alone;
mod table;

use std::hint::black_box;
use std::ops::Range;

use criterion::{Criterion, Throughput, criterion_group};
use holdline_peers::incoming::Incoming;
use holdline_peers::peer::{Cedar, Cel, Holdline, Regorus, Rhai, Zen};
use holdline_peers::{Decision, Layout, Peer, mix};

/// The seed of the mix.
const SEED: u64 = 42;

/// Whether this is a measurement, not a test.
fn measured() -> bool {
    std::env::args().any(|argument| argument == "--bench")
}

/// The size to run at: small in a test, large when it is measured.
fn param(small: usize, large: usize) -> usize {
    if measured() { large } else { small }
}

/// Where an engine starts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Start {
    /// From the event as the host has it: bringing it into the engine's own form is counted.
    Host,
    /// From the event in the engine's own form, made beforehand.
    Taken,
}

impl Start {
    const ALL: [Self; 2] = [Self::Host, Self::Taken];

    const fn name(self) -> &'static str {
        match self {
            Self::Host => "host's event to decision",
            Self::Taken => "decision alone",
        }
    }
}

/// A pass over some events of the mix, which says how many rules fired: an engine that forgets
/// some, or fires none, is not measured.
type Pass = Box<dyn FnMut(Range<usize>) -> usize>;

/// How many events there are.
fn events() -> usize {
    param(200, 4_000)
}

/// An engine's pass over the mix.
fn pass<P: Peer + 'static>(layout: Layout, start: Start) -> Pass {
    // What an engine took may borrow from its event: these live as long as the run.
    let incoming: &'static [Incoming] = mix::events(SEED, events()).leak();
    let mut peer = P::prepare(layout).unwrap();
    let mut decision = Decision::default();
    match start {
        Start::Taken => {
            let events: Vec<P::Event<'static>> =
                incoming.iter().map(|event| peer.take(event).unwrap()).collect();
            Box::new(move |range| {
                let mut fired = 0;
                for event in events.get(range).unwrap() {
                    decision.fired.clear();
                    peer.decide(black_box(event), &mut decision).unwrap();
                    fired += black_box(&decision).fired.len();
                }
                fired
            })
        }
        Start::Host => Box::new(move |range| {
            let mut fired = 0;
            for event in incoming.get(range).unwrap() {
                decision.fired.clear();
                let event = peer.take(black_box(event)).unwrap();
                peer.decide(&event, &mut decision).unwrap();
                fired += black_box(&decision).fired.len();
            }
            fired
        }),
    }
}

/// An engine of the table.
struct Contender {
    name: &'static str,
    pass: fn(Layout, Start) -> Pass,
}

/// All of them, holdline first.
const CONTENDERS: [Contender; 6] = [
    Contender { name: Holdline::NAME, pass: pass::<Holdline> },
    Contender { name: Cedar::NAME, pass: pass::<Cedar> },
    Contender { name: Cel::NAME, pass: pass::<Cel> },
    Contender { name: Zen::NAME, pass: pass::<Zen> },
    Contender { name: Rhai::NAME, pass: pass::<Rhai> },
    Contender { name: Regorus::NAME, pass: pass::<Regorus> },
];

/// The layouts that an engine is measured in: holdline knows one.
fn layouts(contender: &Contender) -> &'static [Layout] {
    if contender.name == Holdline::NAME { &[Layout::ByEvent] } else { &Layout::ALL }
}

fn engines(c: &mut Criterion) {
    let expected = pass::<Holdline>(Layout::ByEvent, Start::Taken)(0..events());
    for start in Start::ALL {
        let mut group = c.benchmark_group(start.name());
        group.throughput(Throughput::Elements(events() as u64));
        for contender in &CONTENDERS {
            for layout in layouts(contender) {
                let name = format!("{}, {}", contender.name, layout.name());
                let mut pass = (contender.pass)(*layout, start);
                group.bench_function(name, |b| {
                    b.iter(|| assert_eq!(pass(0..events()), expected));
                });
            }
        }
        group.finish();
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(std::time::Duration::from_millis(300))
        .measurement_time(std::time::Duration::from_secs(1));
    targets = engines, alone::benches
}

/// Whether the table was asked for: by name, or by asking for everything.
fn table_wanted() -> bool {
    let mut filters = std::env::args().skip(1).filter(|argument| !argument.starts_with('-'));
    let lists = std::env::args().any(|argument| argument == "--list");
    !lists && filters.next().is_none_or(|first| first == "table")
}

fn main() {
    benches();
    Criterion::default().configure_from_args().final_summary();
    if table_wanted() {
        table::run();
    }
}
