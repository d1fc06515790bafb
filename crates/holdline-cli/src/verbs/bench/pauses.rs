//! W4: companies of all sizes are paused and released, in memory, where applying is all there is:
//! the sync of a commit would hide it. What they do to others' commits is for [`super::beside`].

use std::path::Path;
use std::time::{Duration, Instant as Clock};

use holdline::engine::State;
use holdline::{Action, Command, HoldKind, HoldTarget, Instant, Outcome, Prospect};
use holdline_workloads::{commands, people, schedule};

use super::beside;
use super::ground::{Ground, must_be, wrong};
use super::measured::{Measured, Shares, Target, Waits};
use crate::exit::Failure;

const NAME: &str = "W4";
/// How often each company is paused.
const ROUNDS: u64 = 2_000;
/// How long applying a pause takes at most.
const P99_US: f64 = 20.0;
/// How much longer it takes for the largest company than for the smallest.
const RATIO: f64 = 1.5;

/// A company and how long its pauses took.
struct Company {
    members: u32,
    target: HoldTarget,
    took: Vec<Duration>,
}

fn company(members: u32) -> Company {
    let target = HoldTarget::Company(format!("size-{members}.example"));
    Company { members, target, took: Vec::new() }
}

/// Pauses companies of 10, of 1,000, and of as many as there are people.
pub fn pause(ground: &Ground, base: &Path, ingest_rate: f64) -> Result<Measured, Failure> {
    let mut state = State::new();
    let start = commands::start();
    tell(&mut state, Command::new(start, Action::PutPolicy(ground.policy.clone())))?;
    for command in commands::set_up(schedule::SENDERS) {
        tell(&mut state, command)?;
    }
    let middle = 1_000.min(ground.prospects.div_ceil(2)).max(11);
    let mut companies = [10, middle, ground.prospects.max(12)].map(company);
    for company in &companies {
        fill(&mut state, company.members)?;
    }
    let began = Clock::now();
    for _ in 0..ROUNDS {
        for company in &mut companies {
            // One after the other, so that all meet the same machine.
            let took = pause_one(&mut state, start, &company.target)?;
            company.took.push(took);
            release(&mut state, start, &company.target)?;
        }
    }
    let took = began.elapsed();
    let paused = none_is_due(&mut state, &companies)?;
    let digest = state.snapshot().digest().to_string();
    drop(state);
    let beside = beside::beside(ground, base, ingest_rate)?;
    let [small, mid, large] = companies.map(|it| Waits::of(it.took));
    let us = |waits: &Waits, percent| waits.at(percent) * 1e3;
    let ratio = us(&large, 50.0) / us(&small, 50.0).max(f64::MIN_POSITIVE);
    let mut measured = Measured {
        name: NAME,
        what: "pause a company, applying",
        done: 0,
        shares: Shares::known(took, Duration::ZERO),
        figures: vec![
            ("small-p50-us", us(&small, 50.0)),
            ("small-p99-us", us(&small, 99.0)),
            ("middle-p50-us", us(&mid, 50.0)),
            ("middle-p99-us", us(&mid, 99.0)),
            ("large-p50-us", us(&large, 50.0)),
            ("large-p99-us", us(&large, 99.0)),
        ],
        targets: vec![
            Target::at_most("p99, the largest", "µs", us(&large, 99.0), P99_US),
            Target::at_most("largest to smallest", "", ratio, RATIO),
        ],
        waits: Some(large),
        checked: vec![("pauses", ROUNDS * 3), ("covered", paused)],
        digest,
    };
    measured.figures.extend(beside.figures);
    measured.targets.extend(beside.targets);
    Ok(measured)
}

fn tell(state: &mut State, mut command: Command) -> Result<Outcome, Failure> {
    let outcome = state.apply(&mut command).outcome;
    match outcome.refusal() {
        Some(refusal) => Err(wrong(NAME, format_args!("a command was refused: {refusal}"))),
        None => Ok(outcome),
    }
}

/// Puts and enrols the members of a company.
fn fill(state: &mut State, members: u32) -> Result<(), Failure> {
    let start = commands::start();
    for member in 0..members {
        let key = format!("person-{member}@size-{members}.example");
        let zone = Some(people::ZONE.to_owned());
        let prospect = Prospect { key: key.clone(), zone, ..Prospect::default() };
        tell(state, Command::new(start, Action::PutProspect(prospect)))?;
        let campaign = schedule::campaign(schedule::campaign_of(member));
        tell(state, Command::new(start, Action::Enroll { campaign, prospect: key }))?;
    }
    Ok(())
}

fn pause_one(state: &mut State, at: Instant, target: &HoldTarget) -> Result<Duration, Failure> {
    let (kind, target) = (HoldKind::Pause, target.clone());
    let action = Action::Hold { kind, target, until: None, reason: None };
    let mut command = Command::new(at, action).by("bench");
    let from = Clock::now();
    let applied = state.apply(&mut command);
    let took = from.elapsed();
    match applied.outcome {
        Outcome::Held { live: true, .. } => Ok(took),
        other => Err(wrong(NAME, format_args!("a pause was answered with {other:?}"))),
    }
}

fn release(state: &mut State, at: Instant, target: &HoldTarget) -> Result<(), Failure> {
    let target = target.clone();
    let action = Action::Resume { target, prospects: false, reschedule: None, reason: None };
    match tell(state, Command::new(at, action).by("bench"))? {
        Outcome::Resumed { lifted: 1, .. } => Ok(()),
        other => Err(wrong(NAME, format_args!("a resume was answered with {other:?}"))),
    }
}

/// Whether the pauses hold: nothing is due while all are paused, and something after that. Answers
/// how many are covered.
fn none_is_due(state: &mut State, companies: &[Company]) -> Result<u64, Failure> {
    let due = commands::start().plus_ms(2 * 3_600_000);
    let start = commands::start();
    for company in companies {
        pause_one(state, start, &company.target)?;
    }
    must_be(NAME, "sends while all is paused", 0, claim_once(state, due)?)?;
    let snapshot = state.snapshot();
    let held = snapshot.view("default").map_or(0, |view| view.counts().prospects_held);
    let members: u64 = companies.iter().map(|company| u64::from(company.members)).sum();
    must_be(NAME, "prospects that are held", members, held)?;
    drop(snapshot);
    for company in companies {
        release(state, due, &company.target)?;
    }
    // Who was released is planned anew from then on, and its jitter is an hour.
    if claim_once(state, due.plus_ms(2 * 3_600_000))? == 0 {
        return Err(wrong(NAME, "nothing is due although nothing is paused any more"));
    }
    Ok(held)
}

/// How many sends a claim takes.
fn claim_once(state: &mut State, at: Instant) -> Result<u64, Failure> {
    loop {
        match tell(state, commands::claim(at))? {
            Outcome::Claimed { sends, more: true } if sends.is_empty() => {}
            Outcome::Claimed { sends, .. } => return Ok(sends.len() as u64),
            other => return Err(wrong(NAME, format_args!("a claim was answered with {other:?}"))),
        }
    }
}
