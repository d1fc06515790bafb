//! W2: people are enrolled, and the whole timeline of each is placed under the senders' limits.
//! What it leaves is what the other workloads begin with.

use std::path::PathBuf;

use holdline::Outcome;
use holdline_workloads::{commands, people, schedule};

use super::ground::{Ground, drive, must_be, size, wrong};
use super::measured::{Busy, Measured, Shares, Target, Waits};
use crate::exit::Failure;

const NAME: &str = "W2";
/// How many are enrolled a second.
const PER_SECOND: f64 = 200_000.0;
/// People that are put there or enrolled at once: their commands are made before.
const CHUNK: u32 = 200_000;

/// The closed store, and what was measured on the way.
#[derive(Debug)]
pub struct Base {
    /// Where it is.
    pub path: PathBuf,
    /// What was measured.
    pub measured: Measured,
}

/// Puts people there and enrols them.
pub fn enrol(ground: &Ground) -> Result<Base, Failure> {
    let path = ground.path("base");
    let engine = ground.open("base", None, ground.options())?;
    let published = engine.put_policy(commands::start(), ground.policy.clone())?;
    let refused = |outcome: &Outcome| match outcome.refusal() {
        Some(refusal) => Err(wrong(NAME, format_args!("a command was refused: {refusal}"))),
        None => Ok(()),
    };
    refused(&published)?;
    drive(&engine, commands::set_up(schedule::SENDERS), refused)?;
    let (mut shares, mut waits, mut enrolled) = (Shares::default(), Vec::new(), 0);
    for from in (0..ground.prospects).step_by(CHUNK as usize) {
        let chunk = from..(from.saturating_add(CHUNK)).min(ground.prospects);
        drive(&engine, chunk.clone().map(commands::put).collect(), refused)?;
        let enrolments = chunk.map(commands::enroll).collect();
        let busy = Busy::of(&engine);
        let driven = drive(&engine, enrolments, |outcome| match outcome {
            Outcome::Enrolled { next: Some(_), held_by, .. } if held_by.is_empty() => {
                enrolled += 1;
                Ok(())
            }
            other => Err(wrong(NAME, format_args!("an enrolment was answered with {other:?}"))),
        })?;
        shares.add(&busy.seen());
        waits.extend(driven.waits);
        if ground.stop.is_asked() {
            break;
        }
    }
    let snapshot = engine.snapshot()?;
    let counts = snapshot.view("default").map(|view| view.counts());
    let (companies, planned) = counts.map_or((0, 0), |it| (it.companies, it.enrollments));
    let digest = snapshot.digest().to_string();
    drop(snapshot);
    engine.close()?;
    let bytes = size(&path.join("journal")).unwrap_or(0);
    if !ground.stop.is_asked() {
        must_be(NAME, "enrolments", ground.prospects.into(), enrolled)?;
        must_be(NAME, "enrollments in the state", ground.prospects.into(), planned)?;
        let expected = people::companies(ground.prospects);
        must_be(NAME, "companies", expected.into(), companies)?;
    }
    let mut measured = Measured {
        name: NAME,
        what: "enrol, 5 steps placed",
        done: enrolled,
        shares,
        waits: Some(Waits::of(waits)),
        figures: vec![("journal-bytes-each", bytes as f64 / f64::from(ground.prospects))],
        targets: Vec::new(),
        checked: vec![("enrolled", enrolled), ("companies", companies)],
        digest,
    };
    let rate = measured.per_second().unwrap_or(0.0);
    measured.targets = vec![Target::at_least("rate", "/s", rate, PER_SECOND)];
    Ok(Base { path, measured })
}
