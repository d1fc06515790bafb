//! The table: the engines in alternating rounds, so that a slow moment of the machine slows all of
//! them, and holdline beside its targets.

use std::hint::black_box;
use std::time::Instant as Clock;

use holdline_peers::peer::{Holdline, bundle, compile};
use holdline_peers::{Layout, Peer, policies};

use crate::alone::{CASES, quantile, unlistened};
use crate::{CONTENDERS, Contender, Pass, Start, events, layouts, measured, param};

/// So many events are timed at once. A longer stretch would be interrupted by whatever else runs,
/// and the slower the engine, the more often; a shorter one would feel the clock.
const STRETCH: usize = 40;

/// An engine in one of its forms, and the nanoseconds of each stretch of events in each round.
struct Row {
    name: &'static str,
    layout: Layout,
    pass: Pass,
    stretches: Vec<Vec<f64>>,
}

impl Row {
    /// The nanoseconds for an event: of each stretch what a share of its rounds did not exceed, and
    /// the mean of that over the stretches, so that every event counts.
    fn at(&self, percent: usize) -> f64 {
        let each = self.stretches.iter().map(|rounds| quantile(rounds, percent));
        each.sum::<f64>() / events() as f64
    }
}

/// Measures and prints; in a test, measures once and prints nothing.
pub fn run() {
    for start in Start::ALL {
        let rows = rounds(start);
        if measured() {
            print(start, &rows);
        }
    }
    alone();
}

fn rounds(start: Start) -> Vec<Row> {
    let stretches = events().div_ceil(STRETCH);
    let row = |contender: &Contender, layout| Row {
        name: contender.name,
        layout,
        pass: (contender.pass)(layout, start),
        stretches: vec![Vec::new(); stretches],
    };
    let mut rows: Vec<Row> = CONTENDERS
        .iter()
        .flat_map(|contender| layouts(contender).iter().map(move |layout| row(contender, *layout)))
        .collect();
    for _ in 0..param(1, 21) {
        for stretch in 0..stretches {
            let range = stretch * STRETCH..events().min((stretch + 1) * STRETCH);
            let mut expected = None;
            for Row { name, pass, stretches, .. } in &mut rows {
                // Brings back what the other engines drove out of the caches.
                pass(range.clone());
                let began = Clock::now();
                let fired = pass(range.clone());
                let took = began.elapsed().as_secs_f64() * 1e9;
                assert_eq!(fired, *expected.get_or_insert(fired), "{name}");
                if let Some(rounds) = stretches.get_mut(stretch) {
                    rounds.push(took);
                }
            }
        }
    }
    rows
}

fn print(start: Start, rows: &[Row]) {
    let holdline = rows.iter().find(|row| row.name == Holdline::NAME);
    let holdline = holdline.map_or(f64::NAN, |row| row.at(50));
    println!("\n{}: nanoseconds for an event of the mix", start.name());
    println!(
        "{:<16} {:<11} {:>8} {:>8} {:>8} {:>12}",
        "engine", "rules", "median", "quarter", "3 of 4", "to holdline"
    );
    for row in rows {
        println!(
            "{:<16} {:<11} {:>8.0} {:>8.0} {:>8.0} {:>11.1}×",
            row.name,
            row.layout.name(),
            row.at(50),
            row.at(25),
            row.at(75),
            row.at(50) / holdline
        );
    }
    for layout in Layout::ALL {
        let peers = rows.iter().filter(|row| row.name != Holdline::NAME && row.layout == layout);
        if let Some(best) = peers.min_by(|a, b| a.at(50).total_cmp(&b.at(50))) {
            let (ratio, layout) = (best.at(50) / holdline, layout.name());
            println!("best peer, {layout}: {}, {ratio:.1}× (target 10×)", best.name);
        }
    }
}

/// Holdline beside its targets.
fn alone() {
    let mut lines = Vec::new();
    for case in &CASES {
        let each = case.each();
        let targets = [(50, Some(case.p50_ns)), (99, case.p99_ns)];
        for (percent, target) in targets {
            let found = quantile(&each, percent);
            let target = target.map_or(String::new(), |ns| format!("{ns:.0} ns"));
            lines.push((format!("{}, p{percent}", case.name), format!("{found:.1} ns"), target));
        }
    }
    let (unlistened, compiled) = (unlistened_ns(), compiled_ms());
    let name = "an event that no rule listens to".to_owned();
    lines.push((name, format!("{unlistened:.1} ns"), "15 ns".to_owned()));
    let name = "parse, check and compile 200 rules".to_owned();
    lines.push((name, format!("{compiled:.1} ms"), "20 ms".to_owned()));
    if measured() {
        println!("\nholdline alone, evaluation of events that were read before");
        println!("{:<36} {:>10} {:>10}", "", "found", "target");
        for (name, found, target) in lines {
            println!("{name:<36} {found:>10} {target:>10}");
        }
    }
}

fn unlistened_ns() -> f64 {
    let times = u32::try_from(param(10, 100_000)).unwrap_or(u32::MAX);
    let mut holdline = CASES[0].holdline();
    let incoming = unlistened();
    let event = holdline.take(&incoming).unwrap();
    let reading = |_| {
        let began = Clock::now();
        for _ in 0..times {
            black_box(holdline.evaluate(black_box(&event)));
        }
        began.elapsed().as_secs_f64() * 1e9 / f64::from(times)
    };
    quantile(&(0..param(1, 21)).map(reading).collect::<Vec<_>>(), 50)
}

fn compiled_ms() -> f64 {
    let bundle = bundle(&policies::of(200));
    let reading = |_| {
        let began = Clock::now();
        black_box(compile(black_box(&bundle)).unwrap());
        began.elapsed().as_secs_f64() * 1e3
    };
    quantile(&(0..param(1, 21)).map(reading).collect::<Vec<_>>(), 50)
}
