//! How long commits take against the load that is offered: events in an open loop, from a tenth of
//! what W1 reached to all of it.

use std::path::Path;
use std::time::{Duration, Instant as Clock};

use holdline_workloads::callers::GROUP;
use holdline_workloads::events::Mix;
use serde_json::{Value as Json, json};

use super::ground::Ground;
use super::measured::Waits;
use super::together::{Load, events};
use crate::exit::Failure;

/// Loads, in percent of W1's rate.
const PERCENT: std::ops::RangeInclusive<u32> = 1..=10;
const STEP: u32 = 10;

/// One load, and how long its commits took.
#[derive(Clone, Debug)]
pub struct Point {
    /// In percent of W1's rate.
    pub percent: u32,
    /// Events a second.
    pub offered: f64,
    /// From when each group was due.
    pub waits: Waits,
}

impl Point {
    /// As a program reads it.
    pub fn json(&self) -> Json {
        json!({
            "workload": "load",
            "percent": self.percent,
            "offered-per-second": self.offered.round(),
            "waits-ms": {
                "count": self.waits.count(),
                "p50": self.waits.at(50.0),
                "p99": self.waits.at(99.0),
                "p99.9": self.waits.at(99.9),
                "longest": self.waits.at(100.0),
            },
        })
    }
}

/// Offers each load to a store of its own.
pub fn sweep(ground: &Ground, base: &Path, ingest_rate: f64) -> Result<Vec<Point>, Failure> {
    const NAME: &str = "load";
    let lasting = (ground.least / 2).max(Duration::from_millis(100));
    let mut points = Vec::new();
    for percent in PERCENT.map(|tenth| tenth * STEP) {
        if ground.stop.is_asked() {
            break;
        }
        let engine = ground.open(NAME, Some(base), ground.options())?;
        let offered = ingest_rate * f64::from(percent) / 100.0;
        let load = Load::of(offered, GROUP, lasting);
        let mut mix = Mix::new(ground.seed, ground.prospects);
        let waits = Waits::of(events(NAME, &engine, (Clock::now(), load), &mut mix, &ground.stop)?);
        ground.remove(engine, NAME)?;
        points.push(Point { percent, offered, waits });
    }
    Ok(points)
}
