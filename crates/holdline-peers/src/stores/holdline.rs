//! Holdline itself, under the shipped policy: two callers, groups of a thousand, four in flight.

use std::collections::VecDeque;
use std::path::Path;
use std::time::Duration;

use holdline::engine::Pending;
use holdline::{
    Action, Command, Durability, Engine, EngineError, Instant, Options, Outcome, Policy, Status,
    Token, Verdict,
};
use holdline_workloads::callers::{CALLERS, GROUP, IN_FLIGHT, drive};
use holdline_workloads::commands::{claim, confirm, enroll, put, record, sent, set_up, start};
use holdline_workloads::schedule::{CLAIM, SENDERS};

use super::calls::at_once;
use super::plan::NOW_MS;
use super::{Counts, Failure, Ground, Measured, Plan, Store, Workload};

/// When it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// After a sync.
    Full,
    /// Before it; synced once a second, as Redis does it.
    EverySecond,
}

/// Holdline.
#[derive(Debug)]
pub struct Holdline {
    /// When it answers.
    pub level: Level,
}

impl Store for Holdline {
    fn name(&self) -> String {
        format!("Holdline {}", env!("CARGO_PKG_VERSION"))
    }

    fn durability(&self) -> &'static str {
        match self.level {
            Level::Full => "full",
            Level::EverySecond => "interval 1 s, go synced",
        }
    }

    fn is_lazy(&self) -> bool {
        self.level == Level::EverySecond
    }

    fn prepare(&mut self, _ground: &Ground) -> Result<(), Failure> {
        Ok(())
    }

    fn run(
        &mut self,
        workload: Workload,
        plan: &Plan,
        ground: &Ground,
    ) -> Result<Measured, Failure> {
        let dir = ground.fresh("holdline")?;
        let engine = self.open(&dir.path)?;
        let people = if workload == Workload::Send { plan.size.sends } else { plan.size.people };
        apply(&engine, (0..people).map(put).collect(), ground)?;
        // Events go to timelines that are there.
        if workload != Workload::Enrol {
            apply(&engine, (0..people).map(enroll).collect(), ground)?;
        }
        let (count, took, mut counts) = match workload {
            Workload::Ingest => ingest(&engine, plan, ground)?,
            Workload::Enrol => {
                let commands = (0..people).map(enroll).collect();
                let (count, took) = apply(&engine, commands, ground)?;
                (count, took, Counts::new())
            }
            Workload::Send => send(&engine, ground)?,
        };
        counts.append(&mut counted(&engine, workload)?);
        engine.close()?;
        Ok(Measured { count, took, counts })
    }
}

impl Holdline {
    fn open(&self, dir: &Path) -> Result<Engine, Failure> {
        let mut options = Options::default();
        options.durability = match self.level {
            Level::Full => Durability::Full,
            Level::EverySecond => Durability::Interval(1_000),
        };
        let engine = Engine::open(dir.join("data"), options)?;
        engine.put_policy(start(), Policy::default_rules())?;
        engine.apply_batch(set_up(SENDERS))?;
        Ok(engine)
    }
}

/// Applies commands in groups, none of which may be refused.
fn apply(
    engine: &Engine,
    commands: Vec<Command>,
    ground: &Ground,
) -> Result<(u64, Duration), Failure> {
    let count = commands.len() as u64;
    let (applied, took) = each(engine, commands, ground, |outcome| match outcome.refusal() {
        Some(refusal) => Err(format!("refused: {refusal:?}").into()),
        None => Ok(1),
    })?;
    if applied == count { Ok((count, took)) } else { Err("an answer is missing".into()) }
}

/// Applies commands in groups, and adds up what is made of each answer.
fn each(
    engine: &Engine,
    commands: Vec<Command>,
    ground: &Ground,
    answer: impl Fn(&Outcome) -> Result<u64, Failure> + Sync,
) -> Result<(u64, Duration), Failure> {
    let mut commands = commands.into_iter();
    let groups = std::iter::from_fn(|| {
        let group: Vec<Command> = commands.by_ref().take(GROUP).collect();
        (!group.is_empty()).then_some(group)
    });
    // Made before the clock runs.
    let groups: Vec<Vec<Command>> = groups.collect();
    let mut sum = 0;
    let driven = drive(
        groups.into_iter(),
        |group| {
            ground.check()?;
            Ok::<_, Failure>(engine.submit(group)?)
        },
        |pending| pending.wait()?.iter().map(&answer).sum::<Result<u64, Failure>>(),
        |answered| {
            sum += answered;
            Ok(())
        },
    )?;
    Ok((sum, driven.took))
}

fn ingest(
    engine: &Engine,
    plan: &Plan,
    ground: &Ground,
) -> Result<(u64, Duration, Counts), Failure> {
    let commands: Vec<Command> = plan.events.iter().map(record).collect();
    let count = commands.len() as u64;
    let (recorded, took) = each(engine, commands, ground, |outcome| match outcome {
        Outcome::Recorded { .. } => Ok(1),
        Outcome::Duplicate => Ok(0),
        other => Err(format!("an event was answered with {other:?}").into()),
    })?;
    Ok((count, took, [("recorded", recorded), ("duplicates", count - recorded)].into()))
}

/// Where a group of sends is: each has one batch under way.
enum Flight {
    Claiming(Pending),
    Confirming(Pending, Vec<Token>),
    Reporting(Pending, u64),
}

impl Flight {
    /// Claims a hundred at a time, ten claims to a group.
    fn begin(engine: &Engine, now: Instant) -> Result<Self, Failure> {
        Ok(Self::Claiming(engine.submit(vec![claim(now); GROUP / CLAIM as usize])?))
    }

    /// Waits for its batch, and hands over what follows; how many were sent. None if there was
    /// nothing to claim.
    fn go_on(self, engine: &Engine, now: Instant) -> Result<Option<(Self, u64)>, Failure> {
        Ok(match self {
            Self::Claiming(pending) => {
                let mut tokens = Vec::with_capacity(GROUP);
                for outcome in pending.wait()? {
                    let Outcome::Claimed { sends, .. } = outcome else {
                        return Err(format!("a claim was answered with {outcome:?}").into());
                    };
                    tokens.extend(sends.into_iter().map(|send| send.token));
                }
                if tokens.is_empty() {
                    return Ok(None);
                }
                let looks = tokens.iter().map(|token| confirm(now, *token)).collect();
                Some((Self::Confirming(engine.submit(looks)?, tokens), 0))
            }
            Self::Confirming(pending, tokens) => {
                if !pending.wait()?.iter().all(|it| *it == Outcome::Confirmed(Verdict::Go)) {
                    return Err("a send was called back that nothing holds".into());
                }
                let reports = tokens.iter().map(|token| sent(now, *token)).collect();
                Some((Self::Reporting(engine.submit(reports)?, tokens.len() as u64), 0))
            }
            Self::Reporting(pending, count) => {
                if pending.wait()?.iter().any(|it| it.refusal().is_some()) {
                    return Err("a report was refused".into());
                }
                Some((Self::begin(engine, now)?, count))
            }
        })
    }
}

fn send(engine: &Engine, ground: &Ground) -> Result<(u64, Duration, Counts), Failure> {
    let now = Instant::from_ms(NOW_MS);
    // Time passes before the clock runs.
    engine.apply(Command::new(now, Action::Advance))?;
    let callers = (0..CALLERS).map(|_| (VecDeque::new(), IN_FLIGHT / CALLERS)).collect();
    let (sends, took) = at_once(callers, |(flying, to_begin)| {
        ground.check()?;
        if *to_begin > 0 {
            *to_begin -= 1;
            flying.push_back(Flight::begin(engine, now)?);
            return Ok(Some(0));
        }
        let Some(flight) = flying.pop_front() else {
            return Ok(None);
        };
        let Some((flight, count)) = flight.go_on(engine, now)? else {
            return Ok(Some(0));
        };
        flying.push_back(flight);
        Ok(Some(count))
    })?;
    Ok((sends, took, [("claimed", sends)].into()))
}

fn counted(engine: &Engine, workload: Workload) -> Result<Counts, Failure> {
    let snapshot = engine.snapshot()?;
    let view = snapshot.view("default").ok_or("there is no workspace")?;
    let counts = view.counts();
    let with = |status| {
        let found = counts.by_status.iter().find(|(other, _)| *other == status);
        found.map_or(0, |(_, count)| *count)
    };
    Ok(match workload {
        Workload::Ingest => [
            ("stopped", with(Status::Stopped)),
            ("paused", with(Status::Paused)),
            ("companies held", counts.companies_held),
        ]
        .into(),
        Workload::Enrol => [("enrolled", with(Status::Scheduled))].into(),
        Workload::Send => {
            let due: u64 = due(engine)?;
            [("still due", due), ("planned", with(Status::Scheduled) - due)].into()
        }
    })
}

/// How many a claim still finds.
fn due(engine: &Engine) -> Result<u64, EngineError> {
    let sends = engine.claim(Instant::from_ms(NOW_MS), CLAIM, 1)?;
    Ok(sends.len() as u64)
}
