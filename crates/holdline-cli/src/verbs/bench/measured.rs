//! What was measured of a workload: how fast, how long each commit took, who was busy, and whether
//! that is what was aimed at.

use std::fs;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use holdline::Engine;
use serde_json::{Map, Value as Json, json};

/// The ceiling at which figures that are no ratios hold: a machine that is slower is not judged by
/// them.
pub const CEILING_PER_SECOND: f64 = 680_000.0;
/// The name of the engine's thread that applies, as the system has it.
const WRITER: &str = "holdline-writer";

/// How long commits took, in their distribution.
#[derive(Clone, Debug)]
pub struct Waits(Option<Histogram<u64>>);

impl Waits {
    /// The distribution of these.
    pub fn of(waits: impl IntoIterator<Item = Duration>) -> Self {
        // Nanoseconds with three digits, up to a quarter of an hour: bounds that it takes.
        let mut histogram = Histogram::new_with_bounds(1, 1 << 40, 3).ok();
        if let Some(histogram) = &mut histogram {
            for wait in waits {
                histogram.saturating_record(u64::try_from(wait.as_nanos()).unwrap_or(u64::MAX));
            }
        }
        Self(histogram)
    }

    /// What so many of a hundred stayed below, in milliseconds.
    pub fn at(&self, percent: f64) -> f64 {
        let at = |histogram: &Histogram<u64>| histogram.value_at_percentile(percent) as f64 / 1e6;
        self.0.as_ref().map_or(0.0, at)
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.0.as_ref().map_or(0, Histogram::len)
    }
}

/// How the time was shared out.
#[derive(Clone, Copy, Debug, Default)]
pub struct Shares {
    took: Duration,
    /// How long the writer was on a processor, where the system tells.
    writer: Option<Duration>,
    sync: Duration,
}

impl Shares {
    /// Adds what happened while something ran.
    pub fn add(&mut self, other: &Self) {
        self.took += other.took;
        self.sync += other.sync;
        self.writer = other.writer.map(|more| self.writer.unwrap_or_default() + more);
    }

    /// The time itself.
    pub const fn took(&self) -> Duration {
        self.took
    }

    fn of_time(&self, part: Duration) -> f64 {
        part.as_secs_f64() / self.took.as_secs_f64().max(f64::MIN_POSITIVE)
    }

    /// The share of the time in which the writer applied.
    pub fn writer(&self) -> Option<f64> {
        self.writer.map(|writer| self.of_time(writer))
    }

    /// The share of the time in which the log was synced.
    pub fn sync(&self) -> f64 {
        self.of_time(self.sync)
    }

    /// Of a program of which only this is known.
    pub const fn known(took: Duration, sync: Duration) -> Self {
        Self { took, writer: None, sync }
    }
}

/// Who is busy from here on.
#[derive(Debug)]
pub struct Busy<'a> {
    engine: &'a Engine,
    began: Instant,
    sync: Duration,
    writer: Option<Duration>,
}

impl<'a> Busy<'a> {
    /// Begins to look.
    pub fn of(engine: &'a Engine) -> Self {
        let sync = engine.syncs().took();
        Self { engine, began: Instant::now(), sync, writer: on_processor(WRITER) }
    }

    /// What there was to be seen.
    pub fn seen(&self) -> Shares {
        let took = self.began.elapsed();
        // A thread that has only just begun had no name when the look began.
        let before = self.writer.unwrap_or_default();
        let writer = on_processor(WRITER).map(|now| now.saturating_sub(before));
        Shares { took, writer, sync: self.engine.syncs().took().saturating_sub(self.sync) }
    }
}

/// How long the threads of this process with that name were on a processor; none if the system
/// does not tell.
fn on_processor(name: &str) -> Option<Duration> {
    let mut found = None;
    for task in fs::read_dir("/proc/self/task").ok()?.flatten() {
        let of = |file: &str| fs::read_to_string(task.path().join(file)).ok();
        if of("comm").is_some_and(|comm| comm.trim_end() == name) {
            let ns = of("schedstat")?.split_whitespace().next()?.parse().ok()?;
            found = Some(found.unwrap_or(Duration::ZERO) + Duration::from_nanos(ns));
        }
    }
    found
}

/// What a figure is compared with.
#[derive(Clone, Copy, Debug)]
pub enum Bound {
    /// It is met by this and by more.
    AtLeast(f64),
    /// It is met by this and by less.
    AtMost(f64),
}

/// A figure that is aimed at.
#[derive(Clone, Debug)]
pub struct Target {
    /// What it is about.
    pub what: &'static str,
    /// In which unit.
    pub unit: &'static str,
    /// What is aimed at.
    pub bound: Bound,
    /// What was found.
    pub found: f64,
    /// Why it is not judged here, if it is not.
    pub unjudged: Option<&'static str>,
}

impl Target {
    /// At least so much.
    pub const fn at_least(what: &'static str, unit: &'static str, found: f64, least: f64) -> Self {
        Self { what, unit, bound: Bound::AtLeast(least), found, unjudged: None }
    }

    /// At most so much.
    pub const fn at_most(what: &'static str, unit: &'static str, found: f64, most: f64) -> Self {
        Self { what, unit, bound: Bound::AtMost(most), found, unjudged: None }
    }

    /// Not judged, if there is a reason.
    pub fn unless(mut self, reason: Option<&'static str>) -> Self {
        self.unjudged = self.unjudged.or(reason);
        self
    }

    /// Whether it was reached.
    pub fn is_met(&self) -> bool {
        match self.bound {
            Bound::AtLeast(least) => self.found >= least,
            Bound::AtMost(most) => self.found <= most,
        }
    }

    /// In a word: `met`, `missed`, or `not judged`.
    pub fn verdict(&self) -> &'static str {
        match (self.unjudged, self.is_met()) {
            (Some(_), _) => "not judged",
            (None, true) => "met",
            (None, false) => "missed",
        }
    }

    fn json(&self) -> Json {
        let (side, wanted) = match self.bound {
            Bound::AtLeast(least) => ("at-least", least),
            Bound::AtMost(most) => ("at-most", most),
        };
        json!({
            "what": self.what,
            "unit": self.unit,
            side: wanted,
            "found": rounded(self.found),
            "verdict": self.verdict(),
            "why": self.unjudged,
        })
    }
}

/// What was measured of a workload.
#[derive(Clone, Debug)]
pub struct Measured {
    /// Its short name.
    pub name: &'static str,
    /// What it does.
    pub what: &'static str,
    /// How many things were done in the measured time.
    pub done: u64,
    /// How the time was shared out.
    pub shares: Shares,
    /// How long commits took, or whatever `waited` names.
    pub waits: Option<Waits>,
    /// Further figures, with their units in their names.
    pub figures: Vec<(&'static str, f64)>,
    /// What was aimed at.
    pub targets: Vec<Target>,
    /// What was counted and checked: the same for the same seed and size.
    pub checked: Vec<(&'static str, u64)>,
    /// The digest of what came of it: the same for the same seed and size.
    pub digest: String,
}

impl Measured {
    /// How many a second; none of what is no number of things.
    pub fn per_second(&self) -> Option<f64> {
        let seconds = self.shares.took().as_secs_f64();
        (self.done > 0 && seconds > 0.0).then(|| self.done as f64 / seconds)
    }

    /// As a program reads it.
    pub fn json(&self) -> Map<String, Json> {
        let mut out = Map::new();
        let mut put = |name: &str, value: Json| out.insert(name.to_owned(), value);
        put("workload", self.name.into());
        put("what", self.what.into());
        put("done", self.done.into());
        put("seconds", rounded(self.shares.took().as_secs_f64()));
        put("per-second", self.per_second().map_or(Json::Null, rounded));
        let waits = self.waits.as_ref().map(|waits| {
            json!({
                "count": waits.count(),
                "p50": rounded(waits.at(50.0)),
                "p99": rounded(waits.at(99.0)),
                "p99.9": rounded(waits.at(99.9)),
                "longest": rounded(waits.at(100.0)),
            })
        });
        put("waits-ms", waits.unwrap_or(Json::Null));
        put("share-writer", self.shares.writer().map_or(Json::Null, rounded));
        put("share-sync", rounded(self.shares.sync()));
        // What one writer with a core for itself would come to, whoever else was busy.
        let alone = self.per_second().zip(self.shares.writer().filter(|share| *share > 0.0));
        let alone = alone.map_or(Json::Null, |(rate, share)| rounded(rate / share));
        put("per-writer-second", alone);
        let figures = self.figures.iter().map(|(name, it)| ((*name).to_owned(), rounded(*it)));
        put("figures", Json::Object(figures.collect()));
        put("targets", self.targets.iter().map(Target::json).collect());
        let checked = self.checked.iter().map(|(name, it)| ((*name).to_owned(), (*it).into()));
        put("checked", Json::Object(checked.collect()));
        put("digest", self.digest.as_str().into());
        out
    }
}

/// With the digits that mean something: four.
fn rounded(number: f64) -> Json {
    if number == 0.0 || !number.is_finite() {
        return if number == 0.0 { json!(0.0) } else { Json::Null };
    }
    let digits = 3 - number.abs().log10().floor() as i32;
    let scale = 10_f64.powi(digits);
    json!((number * scale).round() / scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_what_was_recorded() {
        let waits = Waits::of((1..=1_000).map(Duration::from_millis));
        assert_eq!(waits.count(), 1_000);
        for (percent, ms) in [(50.0, 500.0), (99.0, 990.0), (99.9, 999.0), (100.0, 1_000.0)] {
            assert!(
                (waits.at(percent) / ms - 1.0).abs() < 0.002,
                "{percent}: {}",
                waits.at(percent)
            );
        }
    }

    #[test]
    fn a_target_is_met_at_its_bound_and_may_be_left_unjudged() {
        let at_least = |found| Target::at_least("rate", "/s", found, 10.0).verdict();
        assert_eq!([9.9, 10.0, 10.1].map(at_least), ["missed", "met", "met"]);
        let at_most = |found| Target::at_most("wait", "ms", found, 10.0).verdict();
        assert_eq!([9.9, 10.0, 10.1].map(at_most), ["met", "met", "missed"]);
        let small = Target::at_most("wait", "ms", 99.0, 1.0).unless(Some("too few prospects"));
        assert_eq!(small.verdict(), "not judged");
    }

    #[test]
    fn numbers_keep_four_digits() {
        let text = |number| rounded(number).to_string();
        assert_eq!(text(612_345.678), "612300.0");
        assert_eq!(text(0.012_345_6), "0.01235");
        assert_eq!(text(0.0), "0.0");
        assert_eq!(text(f64::NAN), "null");
    }
}
