//! Whole placement against how full the future is, and how long it takes to fill it.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput};
use holdline::Instant;
use holdline::model::{Delay, Hours, StepTiming, Weekdays};
use holdline::plan::{
    Asker, ClosedDays, Ground, Ledger, PromisedDays, Scout, Stop, Zone, place_next, place_whole,
};

use crate::param;

const LIMIT: u32 = 100;
/// Monday, 2 March 2026.
const START: i32 = 20_514;

fn start() -> Instant {
    Instant::from_ms(i64::from(START) * 86_400_000 + 14 * 3_600_000)
}

fn steps() -> Vec<StepTiming> {
    let hours = Hours::new(9 * 60, 17 * 60).unwrap();
    let step = |days| StepTiming {
        delay: Delay::Days(days),
        weekdays: Weekdays::WORKING,
        hours,
        jitter_ms: 3_600_000,
    };
    [0, 3, 4, 7, 7].map(step).into()
}

/// Four years of which about so many of a hundred days are full, in no order.
fn filled(percent: u64) -> Ledger {
    let mut ledger = Ledger::new(Some(LIMIT));
    let mut seed: u64 = 42;
    for day in START..START + 1461 {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        if (seed >> 33) % 100 < percent {
            (0..LIMIT).for_each(|_| ledger.reserve(day));
        }
    }
    ledger
}

fn ground<'a>(zone: Zone, none: &'a ClosedDays, ledger: &'a Ledger) -> Ground<'a> {
    let asker = Asker::Opening;
    let own = &PromisedDays::NONE;
    Ground { own, paced: None, zone, holidays: none, day_zone: zone, frozen: none, ledger, asker }
}

pub fn placements(c: &mut Criterion) {
    let zone = Zone::named("America/New_York").unwrap();
    let none = ClosedDays::default();
    let steps = steps();
    let stops: Vec<_> = steps.iter().map(|timing| Stop { timing, seed: 7 }).collect();
    let mut group = c.benchmark_group("place a timeline of 5 steps");
    group.throughput(Throughput::Elements(1));
    for percent in [0, 50, 99] {
        let ledger = filled(percent);
        group.bench_function(BenchmarkId::from_parameter(format!("{percent} % full")), |b| {
            let ground = ground(zone, &none, &ledger);
            b.iter(|| place_whole(&ground, black_box(&stops), start(), &mut Scout::default()));
        });
    }
    group.finish();

    let timelines = param(300, 100_000);
    // At eighty firsts a day and every day, a hundred thousand are three and a half years.
    let every_day = StepTiming { weekdays: Weekdays::ALL, ..steps[0] };
    let alone = Stop { timing: &every_day, seed: 7 };
    let mut group = c.benchmark_group("fill the future of a sender of 100 a day");
    for (name, whole) in [("one step", false), ("5 steps, a tenth of them", true)] {
        let timelines = if whole { timelines / 10 } else { timelines };
        group.throughput(Throughput::Elements(timelines as u64));
        group.bench_function(name, |b| {
            b.iter(|| {
                let (mut ledger, mut scout) = (Ledger::new(Some(LIMIT)), Scout::default());
                for _ in 0..timelines {
                    if whole {
                        let ground = ground(zone, &none, &ledger);
                        let slots = place_whole(&ground, &stops, start(), &mut scout).unwrap();
                        slots.iter().for_each(|slot| ledger.reserve(slot.day));
                    } else {
                        let slot =
                            place_next(&ground(zone, &none, &ledger), alone, start()).unwrap();
                        ledger.reserve(slot.day);
                    }
                }
                ledger
            });
        });
    }
    group.finish();
}
