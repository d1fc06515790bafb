//! The part of W4 that is on disk: a company of everybody is paused and released while events about
//! others flow, and what that does to the commits of those events.
//!
//! Who gets the events decides what is compared. An event about somebody who is held takes another
//! way than one about somebody who is not, and releasing those whom a claim has met puts them back
//! one by one. So the company has people of its own, as many as there are others; events are about
//! the others alone, and nothing is claimed: time with pauses and time without have the same work
//! but for the pauses.
//!
//! The load is one, without a break, and the pauses come and go in it, a slice of time each. What
//! is slow for seconds, as a disk that others use, is then on both sides; and what such a disk does
//! to slices that are the same is told, too.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant as Clock};

use holdline::{Action, Command, Engine, HoldKind, HoldTarget, Instant, Outcome, Prospect};
use holdline_workloads::events::Mix;
use holdline_workloads::{commands, people, schedule};

use super::ground::{Ground, drive, must_be, wrong};
use super::measured::{Target, Waits};
use super::together::{Load, events};
use crate::exit::Failure;

const NAME: &str = "W4";
/// How many events are offered a second; half of what W1 reached where that is less.
const PER_SECOND: f64 = 100_000.0;
/// Events of a group: small ones, so that there are enough commits for a p99.
const GROUP: usize = 100;
/// How many times as long as another workload it goes on: a p99 of a disk needs that.
const TIMES: u32 = 4;
/// The longest slice: short enough that the disk's moods are on both sides, long enough that what a
/// slice begins with is little of it.
const SLICE: Duration = Duration::from_millis(500);
/// How long the company is paused, and how long it is not, within a slice with pauses.
const PAUSED: Duration = Duration::from_millis(50);
/// How many times as long commits may take beside pauses, at p99.
const RATIO: f64 = 1.1;
/// Members that are put there at once.
const CHUNK: u32 = 100_000;

/// What was found.
#[derive(Debug, Default)]
pub struct Beside {
    pub figures: Vec<(&'static str, f64)>,
    pub targets: Vec<Target>,
}

/// What a slice of the time is for: one without pauses, one with them, another without, in turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slice {
    Alone,
    Beside,
    /// As the first: what it differs by from that is the machine's.
    Control,
}

impl Slice {
    /// That of an instant, from the begin on.
    fn of(since: Duration, each: Duration) -> Self {
        match since.as_nanos() / each.as_nanos().max(1) % 4 {
            0 => Self::Alone,
            2 => Self::Control,
            _ => Self::Beside,
        }
    }
}

/// Measures it in a copy of a store.
pub fn beside(ground: &Ground, base: &Path, ingest_rate: f64) -> Result<Beside, Failure> {
    let mut options = ground.options();
    // One would fall into one slice and not into another; W6 has them all the time.
    options.checkpoint_bytes = u64::MAX;
    let engine = ground.open(NAME, Some(base), options)?;
    fill(ground, &engine)?;
    let rate = PER_SECOND.min(ingest_rate / 2.0);
    let load = Load::of(rate, GROUP, ground.least * TIMES);
    let each = SLICE.min(load.every * load.groups / 8);
    let mut mix = Mix::new(ground.seed, ground.prospects);
    // The first seconds hold many people, and find nothing in memory: they are no part of it.
    let first = Load { groups: load.groups / TIMES, ..load };
    events(NAME, &engine, (Clock::now(), first), &mut mix, &ground.stop)?;
    let began = Clock::now();
    let over = AtomicBool::new(false);
    let (waits, pauses) = std::thread::scope(|scope| {
        let pauser = scope.spawn(|| pause_in_slices(&engine, began, each, &over));
        let waits = events(NAME, &engine, (began, load), &mut mix, &ground.stop);
        over.store(true, Ordering::Relaxed);
        let took = pauser.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        Ok::<_, Failure>((waits?, took?))
    })?;
    all_are_held(ground, &engine)?;
    ground.remove(engine, NAME)?;
    let due = (0..load.groups).map(|number| Slice::of(load.every * number, each));
    Ok(found(rate, &due.zip(waits).collect::<Vec<_>>(), pauses))
}

fn found(rate: f64, commits: &[(Slice, Duration)], pauses: Vec<Duration>) -> Beside {
    let p99 = |slices: &[Slice]| {
        let of = commits.iter().filter(|(slice, _)| slices.contains(slice));
        Waits::of(of.map(|(_, wait)| *wait)).at(99.0).max(f64::MIN_POSITIVE)
    };
    let (alone, beside) = (p99(&[Slice::Alone, Slice::Control]), p99(&[Slice::Beside]));
    let (ratio, control) = (beside / alone, p99(&[Slice::Control]) / p99(&[Slice::Alone]));
    let pauses = Waits::of(pauses);
    // How far times that are the same are apart, whichever way.
    let noisy = (control.max(1.0 / control) > RATIO)
        .then_some("time without pauses differs by more from itself");
    Beside {
        figures: vec![
            ("events-offered-per-second", rate),
            ("commits", commits.len() as f64),
            ("alone-p99-ms", alone),
            ("beside-pauses-p99-ms", beside),
            ("ratio", ratio),
            ("control-ratio", control),
            ("pauses", pauses.count() as f64),
            ("pause-commit-p50-ms", pauses.at(50.0)),
            ("pause-commit-p99-ms", pauses.at(99.0)),
        ],
        targets: vec![
            Target::at_most("p99 beside pauses to alone", "", ratio, RATIO).unless(noisy),
        ],
    }
}

fn company() -> HoldTarget {
    HoldTarget::Company("everybody.example".to_owned())
}

/// Puts and enrols the members of the company, as many as there are others.
fn fill(ground: &Ground, engine: &Engine) -> Result<(), Failure> {
    let start = commands::start();
    let mut from = 0;
    while from < ground.prospects && !ground.stop.is_asked() {
        let until = ground.prospects.min(from + CHUNK);
        let members = (from..until).flat_map(|member| {
            let key = format!("member-{member}@everybody.example");
            let zone = Some(people::ZONE.to_owned());
            let prospect = Prospect { key: key.clone(), zone, ..Prospect::default() };
            let campaign = schedule::campaign(schedule::campaign_of(member));
            [Action::PutProspect(prospect), Action::Enroll { campaign, prospect: key }]
        });
        let told = members.map(|action| Command::new(start, action)).collect();
        drive(engine, told, |outcome| match outcome {
            Outcome::Applied | Outcome::Enrolled { next: Some(_), .. } => Ok(()),
            other => Err(wrong(NAME, format_args!("a member was answered with {other:?}"))),
        })?;
        from = until;
    }
    Ok(())
}

/// Pauses and releases in the slices that are for it, until all is over; how long each took. None
/// begins that would reach into the next slice.
fn pause_in_slices(
    engine: &Engine,
    began: Clock,
    each: Duration,
    over: &AtomicBool,
) -> Result<Vec<Duration>, Failure> {
    let paused = PAUSED.min(each / 4);
    let mut took = Vec::new();
    while took.is_empty() || !over.load(Ordering::Relaxed) {
        let since = began.elapsed();
        let fits = |at| Slice::of(at, each) == Slice::Beside;
        if fits(since) && fits(since + paused) {
            took.push(pause(engine)?);
            std::thread::sleep(paused);
            took.push(release(engine)?);
        }
        std::thread::sleep(paused);
    }
    Ok(took)
}

/// Commits one command: how long that took, and what came of it. Time goes on with the events.
fn commit(engine: &Engine, action: Action) -> Result<(Duration, Outcome), Failure> {
    let command = Command::new(Instant::MIN, action).by("bench");
    let from = Clock::now();
    let outcome = engine.apply(command)?;
    Ok((from.elapsed(), outcome))
}

fn pause(engine: &Engine) -> Result<Duration, Failure> {
    let (kind, target) = (HoldKind::Pause, company());
    match commit(engine, Action::Hold { kind, target, until: None, reason: None })? {
        (took, Outcome::Held { live: true, .. }) => Ok(took),
        (_, other) => Err(wrong(NAME, format_args!("a pause was answered with {other:?}"))),
    }
}

fn release(engine: &Engine) -> Result<Duration, Failure> {
    let target = company();
    let action = Action::Resume { target, prospects: false, reschedule: None, reason: None };
    match commit(engine, action)? {
        (took, Outcome::Resumed { lifted: 1, .. }) => Ok(took),
        (_, other) => Err(wrong(NAME, format_args!("a resume was answered with {other:?}"))),
    }
}

/// Whether the pauses hold whom they are said to: all members, and none of them without one.
fn all_are_held(ground: &Ground, engine: &Engine) -> Result<(), Failure> {
    if ground.stop.is_asked() {
        return Ok(());
    }
    let held = || {
        let snapshot = engine.snapshot()?;
        Ok::<_, Failure>(snapshot.view("default").map_or(0, |view| view.counts().prospects_held))
    };
    let others = held()?;
    pause(engine)?;
    let members = ground.prospects.into();
    must_be(NAME, "members that are held", members, held()?.saturating_sub(others))?;
    release(engine)?;
    must_be(NAME, "prospects that are held without a pause", others, held()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn slices_take_turns() {
        let slices = [0, 499, 500, 1_000, 1_999, 2_000].map(|at| Slice::of(ms(at), ms(500)));
        use Slice::{Alone, Beside, Control};
        assert_eq!(slices, [Alone, Alone, Beside, Control, Beside, Alone]);
    }

    #[test]
    fn pauses_are_judged_where_time_without_them_is_like_itself() {
        let verdict = |alone, beside, control| {
            let slices = [Slice::Alone, Slice::Beside, Slice::Control].into_iter().cycle();
            let waits = [alone, beside, control].map(ms).into_iter().cycle();
            let commits: Vec<_> = slices.zip(waits).take(300).collect();
            found(1.0, &commits, Vec::new()).targets[0].verdict()
        };
        assert_eq!(verdict(100, 100, 105), "met");
        assert_eq!(verdict(100, 130, 105), "missed");
        assert_eq!(verdict(100, 130, 150), "not judged");
        assert_eq!(verdict(150, 100, 100), "not judged");
    }
}
