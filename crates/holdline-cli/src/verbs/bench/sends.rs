//! W3: sends are claimed by the hundred, looked at, and reported as sent, whereupon the next step
//! is planned. Then the day of that step comes, and so on.

use std::path::Path;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant as Clock};

use holdline::engine::Pending;
use holdline::{Action, Command, Engine, Instant, Outcome, Token, Verdict};
use holdline_workloads::callers::{CALLERS, GROUP, IN_FLIGHT};
use holdline_workloads::{commands, schedule};

use super::ground::{Ground, must_be, wrong};
use super::measured::{Busy, Measured, Shares, Target, Waits};
use crate::exit::Failure;

const NAME: &str = "W3";
/// How many go out a second.
const PER_SECOND: f64 = 200_000.0;
/// After so long every step of a day is due: its jitter is an hour.
const JITTER_MS: i64 = 61 * 60_000;
const DAY_MS: i64 = 86_400_000;

/// Sends what is due, step for step.
pub fn send(ground: &Ground, base: &Path) -> Result<Measured, Failure> {
    let engine = ground.open(NAME, Some(base), ground.options())?;
    let (mut shares, mut waits, mut sent) = (Shares::default(), Vec::new(), 0);
    let (mut first, mut digest) = (0, String::new());
    let mut now = commands::start();
    for (step, days) in schedule::STEP_DAYS.into_iter().enumerate() {
        let left = u64::from(step == 0);
        if !ground.goes_on(left, shares.took()) {
            break;
        }
        now = now.plus_ms(i64::from(days) * DAY_MS + JITTER_MS);
        advance(&engine, now)?;
        let busy = Busy::of(&engine);
        let out = all_that_is_due(&engine, now)?;
        shares.add(&busy.seen());
        sent += out.sent;
        waits.extend(out.waits);
        if step == 0 {
            (first, digest) = (out.sent, engine.snapshot()?.digest().to_string());
            must_be(NAME, "sends of the first step", ground.prospects.into(), first)?;
        }
    }
    let counts = engine.snapshot()?.view("default").map(|view| view.counts());
    must_be(NAME, "sends in the state", sent, counts.map_or(0, |it| it.tally.sent))?;
    ground.remove(engine, NAME)?;
    let mut measured = Measured {
        name: NAME,
        what: "claim, confirm, sent",
        done: sent,
        shares,
        waits: Some(Waits::of(waits)),
        figures: Vec::new(),
        targets: Vec::new(),
        checked: vec![("sends", first)],
        digest,
    };
    let rate = measured.per_second().unwrap_or(0.0);
    measured.targets = vec![Target::at_least("rate", "/s", rate, PER_SECOND)];
    Ok(measured)
}

fn advance(engine: &Engine, now: Instant) -> Result<(), Failure> {
    match engine.apply(Command::new(now, Action::Advance))?.refusal() {
        Some(refusal) => Err(wrong(NAME, format_args!("time could not pass: {refusal}"))),
        None => Ok(()),
    }
}

/// Claims of a group.
pub fn claims(now: Instant, limit: usize) -> Vec<Command> {
    let claims = limit.div_ceil(schedule::CLAIM as usize);
    vec![commands::claim(now); claims]
}

/// The sends in the outcomes of claims, and whether there may be more.
pub fn claimed(workload: &str, outcomes: Vec<Outcome>) -> Result<(Vec<Token>, bool), Failure> {
    let (mut tokens, mut any_more) = (Vec::new(), false);
    for outcome in outcomes {
        let Outcome::Claimed { sends, more } = outcome else {
            return Err(wrong(workload, format_args!("a claim was answered with {outcome:?}")));
        };
        tokens.extend(sends.into_iter().map(|send| send.token));
        any_more |= more;
    }
    Ok((tokens, any_more))
}

/// The sends that may go.
pub fn confirmed(
    workload: &str,
    tokens: &[Token],
    outcomes: &[Outcome],
) -> Result<Vec<Token>, Failure> {
    must_be(workload, "verdicts", tokens.len() as u64, outcomes.len() as u64)?;
    let mut go = Vec::with_capacity(tokens.len());
    for (token, outcome) in tokens.iter().zip(outcomes) {
        match outcome {
            Outcome::Confirmed(Verdict::Go) => go.push(*token),
            Outcome::Confirmed(_) => {}
            other => return Err(wrong(workload, format_args!("a look was answered {other:?}"))),
        }
    }
    Ok(go)
}

/// Whether every report was taken.
pub fn reported(workload: &str, outcomes: &[Outcome]) -> Result<(), Failure> {
    match outcomes.iter().find_map(Outcome::refusal) {
        Some(refusal) => Err(wrong(workload, format_args!("a report was refused: {refusal}"))),
        None => Ok(()),
    }
}

/// What came of sending all that is due.
struct Out {
    sent: u64,
    waits: Vec<Duration>,
}

/// Where one of the four groups in flight is: claims, looks and reports take turns.
enum Wheel {
    Begins,
    Claims(Pending),
    Looks(Pending, Vec<Token>),
    Reports(Pending, u64),
    Ended,
}

/// Whose turn it is to call. Calls go out in turns, so that what comes of it depends on no race.
struct Turns {
    state: Mutex<Turn>,
    passed: Condvar,
}

struct Turn {
    next: usize,
    ended: [bool; IN_FLIGHT],
    /// Another caller has given up.
    broken: bool,
}

impl Turns {
    fn lock(&self) -> MutexGuard<'_, Turn> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the turn of a wheel; none if there is nothing to wait for any more.
    fn wait(&self, wheel: usize) -> Option<MutexGuard<'_, Turn>> {
        let turn = self.lock();
        let waits = |turn: &mut Turn| turn.next != wheel && !turn.broken;
        let turn = self.passed.wait_while(turn, waits).unwrap_or_else(PoisonError::into_inner);
        (!turn.broken).then_some(turn)
    }

    fn pass(&self, mut turn: MutexGuard<'_, Turn>) {
        let after = |wheel: &usize| (turn.next + wheel) % IN_FLIGHT;
        let goes_on = |wheel: &usize| turn.ended.get(*wheel) == Some(&false);
        if let Some(next) = (1..=IN_FLIGHT).map(|it| after(&it)).find(goes_on) {
            turn.next = next;
        }
        drop(turn);
        self.passed.notify_all();
    }

    fn break_off(&self) {
        self.lock().broken = true;
        self.passed.notify_all();
    }
}

fn all_that_is_due(engine: &Engine, now: Instant) -> Result<Out, Failure> {
    let turn = Turn { next: 0, ended: [false; IN_FLIGHT], broken: false };
    let turns = Turns { state: Mutex::new(turn), passed: Condvar::new() };
    let caller = |number: usize| {
        let done = turn_wheels(engine, now, number, &turns);
        if done.is_err() {
            turns.break_off();
        }
        done
    };
    std::thread::scope(|scope| {
        let callers: Vec<_> =
            (0..CALLERS).map(|number| scope.spawn(move || caller(number))).collect();
        let mut all = Out { sent: 0, waits: Vec::new() };
        for caller in callers {
            match caller.join() {
                Ok(out) => {
                    let out = out?;
                    all.sent += out.sent;
                    all.waits.extend(out.waits);
                }
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        Ok(all)
    })
}

/// One caller: every other wheel is its own.
fn turn_wheels(
    engine: &Engine,
    now: Instant,
    number: usize,
    turns: &Turns,
) -> Result<Out, Failure> {
    let mut out = Out { sent: 0, waits: Vec::new() };
    let mut wheels: Vec<(usize, Wheel, Clock)> = (0..IN_FLIGHT)
        .filter(|wheel| wheel % CALLERS == number)
        .map(|wheel| (wheel, Wheel::Begins, Clock::now()))
        .collect();
    while !wheels.is_empty() {
        for (number, wheel, called) in &mut wheels {
            let waited = !matches!(wheel, Wheel::Begins);
            let (commands, tokens) = go_on(std::mem::replace(wheel, Wheel::Ended), now, &mut out)?;
            if waited {
                out.waits.push(called.elapsed());
            }
            let Some(mut turn) = turns.wait(*number) else {
                return Ok(out);
            };
            match commands {
                None => {
                    if let Some(ended) = turn.ended.get_mut(*number) {
                        *ended = true;
                    }
                }
                Some((next, commands)) => {
                    *called = Clock::now();
                    *wheel = next.with(engine.submit(commands)?, tokens);
                }
            }
            turns.pass(turn);
        }
        wheels.retain(|(_, wheel, _)| !matches!(wheel, Wheel::Ended));
    }
    Ok(out)
}

/// What a wheel does next.
enum Next {
    Claims,
    Looks,
    Reports,
}

impl Next {
    fn with(self, pending: Pending, tokens: Vec<Token>) -> Wheel {
        match self {
            Self::Claims => Wheel::Claims(pending),
            Self::Looks => Wheel::Looks(pending, tokens),
            Self::Reports => Wheel::Reports(pending, tokens.len() as u64),
        }
    }
}

type Call = (Option<(Next, Vec<Command>)>, Vec<Token>);

/// Waits for a wheel's answer, and says what it calls with next.
fn go_on(wheel: Wheel, now: Instant, out: &mut Out) -> Result<Call, Failure> {
    let claims_again = || (Some((Next::Claims, claims(now, GROUP))), Vec::new());
    Ok(match wheel {
        Wheel::Ended => (None, Vec::new()),
        Wheel::Begins => claims_again(),
        Wheel::Claims(pending) => match claimed(NAME, pending.wait()?)? {
            (tokens, true) if tokens.is_empty() => claims_again(),
            (tokens, _) if tokens.is_empty() => (None, tokens),
            (tokens, _) => {
                let looks = tokens.iter().map(|token| commands::confirm(now, *token)).collect();
                (Some((Next::Looks, looks)), tokens)
            }
        },
        Wheel::Looks(pending, tokens) => {
            let go = confirmed(NAME, &tokens, &pending.wait()?)?;
            must_be(NAME, "sends to go", tokens.len() as u64, go.len() as u64)?;
            let reports = go.iter().map(|token| commands::sent(now, *token)).collect();
            (Some((Next::Reports, reports)), go)
        }
        Wheel::Reports(pending, reports) => {
            reported(NAME, &pending.wait()?)?;
            out.sent += reports;
            claims_again()
        }
    })
}
