//! How fast timelines are planned anew, and what commands notice of it: a workspace of many
//! timelines gets another holiday while a caller goes on to record events, with and without that.

use std::time::{Duration, Instant as Clock};

use holdline::model::{DateRange, Settings};
use holdline::{Action, Command, Engine, Event, Instant, Options, Policy};
use holdline_workloads::commands::{enroll, put, set_up, start};
use holdline_workloads::people::key;

use crate::Failure;
use crate::load::{SENDERS, timed};

/// Events of one call.
const BATCH: u32 = 100;
/// How long the caller waits between two calls.
const PAUSE: Duration = Duration::from_millis(2);
/// Calls between two looks at whether all is done: each look has the next changes copied.
const CALLS_BETWEEN_LOOKS: usize = 100;
/// Calls that are measured while nothing is planned anew.
const QUIET_CALLS: usize = 2_000;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// `replan [TIMELINES]`.
pub(crate) fn run(arguments: &[String]) -> std::result::Result<(), Failure> {
    let timelines = match arguments.first() {
        None => 1_000_000,
        Some(text) => text
            .parse()
            .map_err(|_| Failure::Usage(format!("expected a number, found `{text}`")))?,
    };
    measure(timelines).map_err(|error| Failure::Failed(error.to_string()))
}

fn measure(timelines: u32) -> Result<()> {
    let dir = tempfile::tempdir_in("target")?;
    let engine = Engine::open(dir.path().join("data"), Options::default())?;
    let start = start();
    engine.put_policy(start, Policy::default_rules())?;
    engine.apply_batch(set_up(SENDERS))?;
    println!("durability full; {timelines} timelines of 5 steps; calls of {BATCH} events");
    timed(&engine, "put-prospect", (0..timelines).map(put).collect())?;
    timed(&engine, "enroll", (0..timelines).map(enroll).collect())?;

    let mut caller = Caller { engine: &engine, at: start, timelines, calls: 0 };
    let mut quiet = Vec::new();
    for _ in 0..QUIET_CALLS {
        quiet.push(caller.call()?);
    }
    print("quiet", &mut quiet);

    let day = "2026-03-10".parse()?;
    let closed = Some(vec![DateRange { first: day, last: day }]);
    let settings = Settings { closed, ..Settings::default() };
    let began = Clock::now();
    engine.apply(Command::new(start, Action::Configure(settings)))?;
    let mut busy = Vec::new();
    while engine.snapshot()?.view("default").is_some_and(|view| view.still_to_plan() > 0) {
        for _ in 0..CALLS_BETWEEN_LOOKS {
            busy.push(caller.call()?);
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    print("planning anew", &mut busy);
    let rate = f64::from(timelines) / seconds;
    println!("planned anew     {rate:>8.0} timelines a second, in {seconds:.1} s");
    engine.close()?;
    Ok(())
}

/// Records events about people at random.
struct Caller<'a> {
    engine: &'a Engine,
    at: Instant,
    timelines: u32,
    calls: u32,
}

impl Caller<'_> {
    /// How long one call takes.
    fn call(&mut self) -> Result<Duration> {
        std::thread::sleep(PAUSE);
        self.calls += 1;
        let event = |number: u32| {
            let person = (self.calls * BATCH + number).wrapping_mul(7_919) % self.timelines;
            let id = format!("call-{}-{number}", self.calls);
            let event = Event::new("open", id).source("mail").prospect(key(person));
            Command::new(self.at, Action::Record(event))
        };
        let commands = (0..BATCH).map(event).collect();
        let began = Clock::now();
        self.engine.apply_batch(commands)?;
        Ok(began.elapsed())
    }
}

pub(crate) fn print(what: &str, calls: &mut [Duration]) {
    calls.sort_unstable();
    let at = |share: f64| {
        let rank = (calls.len() as f64 * share) as usize;
        let found = calls.get(rank.min(calls.len().saturating_sub(1)));
        found.map_or(0.0, |took| took.as_secs_f64() * 1000.0)
    };
    println!(
        "{what:<16} {:>8} calls: p50 {:.2} ms, p99 {:.2} ms, longest {:.2} ms",
        calls.len(),
        at(0.5),
        at(0.99),
        at(1.0)
    );
}
