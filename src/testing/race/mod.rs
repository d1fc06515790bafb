//! Eight threads that record, pause, lift, claim, confirm and report at once, and checkers of what
//! they saw: no message left that an acknowledged hold covered, none left twice, and all of it can
//! have happened one by one.

mod check;
mod order;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use self::check::History;
pub use self::check::{Kind, Looked, Placed, Violation};
pub use self::order::{Call, Name, Ordered, check_order};
use super::disk::draw;
use crate::model::{
    Campaign, Delay, DueSend, Event, HoldId, HoldKind, HoldTarget, Instant, Outcome, Prospect,
    Report, Sender, Step, StepTiming, Token, Verdict,
};
use crate::{Action, Command, Engine, EngineError, Policy};

/// Threads that record and pause, that lift, and that send: eight together.
const RECORDERS: u64 = 3;
const LIFTERS: u64 = 1;
const SENDERS: u64 = 4;
const CAMPAIGNS: u64 = 4;
const COMPANY: u64 = 20;
/// The most steps that a campaign may have: all are due at once, one after the other.
const STEPS: usize = 100;
/// So many holds are live at a time, or nothing would leave.
const LIVE: usize = 40;
const LEASE_MS: u64 = 60_000;
/// Commands of one call while everything is made.
const BATCH: usize = 10_000;

/// How much of what happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Events that were recorded.
    pub events: u64,
    /// Holds that were placed, by rules and by persons.
    pub holds: u64,
    /// Holds that somebody lifted.
    pub lifts: u64,
    /// Sends that were confirmed.
    pub gone: u64,
    /// Sends that a hold called back at the last look.
    pub called_back: u64,
}

/// What came of a race.
#[derive(Clone, Debug)]
pub struct Raced {
    /// What was done.
    pub counts: Counts,
    /// What the threads saw that must not be.
    pub violations: Vec<Violation>,
    /// Every command of theirs, to be held against the journal: see [`check_order`].
    pub calls: Vec<Call>,
}

/// Has the threads go at an engine without a workspace of its own for so long; what they did, and
/// what they saw.
///
/// # Errors
/// Whatever the engine answers.
pub fn race(
    engine: &Engine,
    prospects: u64,
    lasts: Duration,
    seed: u64,
) -> Result<Raced, EngineError> {
    let race = Race {
        engine,
        prospects,
        clock: AtomicU64::new(0),
        until: now().plus_ms(i64::try_from(lasts.as_millis()).unwrap_or(i64::MAX)),
        live: Mutex::new(Vec::new()),
    };
    race.set_up()?;
    let histories = thread::scope(|scope| {
        let race = &race;
        let mut threads = Vec::new();
        for number in 0..RECORDERS + LIFTERS + SENDERS {
            let mut random = seed.wrapping_mul(1_000).wrapping_add(number);
            threads.push(scope.spawn(move || match number {
                0..RECORDERS => race.record(number, &mut random),
                RECORDERS..SENDERS => race.lift(number, &mut random),
                _ => race.send(number, &mut random),
            }));
        }
        let join = |thread: thread::ScopedJoinHandle<'_, _>| {
            let panicked = || Err(EngineError::Poisoned { cause: "a thread panicked".to_owned() });
            thread.join().unwrap_or_else(|_| panicked())
        };
        threads.into_iter().map(join).collect::<Result<Vec<History>, EngineError>>()
    })?;
    let mut history = History::default();
    histories.into_iter().for_each(|part| history.extend(part));
    let (counts, violations) = (history.counts(), history.check());
    Ok(Raced { counts, violations, calls: history.calls })
}

/// What the threads share.
struct Race<'a> {
    engine: &'a Engine,
    prospects: u64,
    /// Moves on with each call and each answer: what is less was before.
    clock: AtomicU64,
    until: Instant,
    live: Mutex<Vec<HoldId>>,
}

/// What commands were answered, and when that was.
struct Answered {
    asked: u64,
    answered: u64,
    outcomes: Vec<Outcome>,
}

fn now() -> Instant {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Instant::from_ms(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

fn prospect(number: u64) -> String {
    format!("person-{number}@company-{}.example", number / COMPANY)
}

fn company(prospect: u64) -> String {
    format!("company-{}.example", prospect / COMPANY)
}

fn campaign(number: u64) -> String {
    format!("campaign-{number}")
}

impl Race<'_> {
    fn set_up(&self) -> Result<(), EngineError> {
        let at = now();
        self.engine.put_policy(at, Policy::default_rules())?;
        let sender = Sender { key: "sender".to_owned(), ..Sender::default() };
        let timing = StepTiming { delay: Delay::ElapsedMs(0), ..StepTiming::default() };
        let steps = vec![Step { name: "next".to_owned(), timing }; STEPS];
        let mut commands = vec![Action::PutSender(sender)];
        commands.extend((0..CAMPAIGNS).map(|number| {
            Action::PutCampaign(Campaign {
                key: campaign(number),
                steps: steps.clone(),
                senders: vec!["sender".to_owned()],
                ..Campaign::default()
            })
        }));
        for number in 0..self.prospects {
            let key = prospect(number);
            commands.push(Action::PutProspect(Prospect { key, ..Prospect::default() }));
            commands.extend(
                (0..CAMPAIGNS).map(|it| Action::Enroll {
                    campaign: campaign(it),
                    prospect: prospect(number),
                }),
            );
        }
        for some in commands.chunks(BATCH) {
            let some = some.iter().map(|action| Command::new(at, action.clone())).collect();
            let outcomes = self.engine.apply_batch(some)?;
            let refused = outcomes.iter().find_map(Outcome::refusal);
            if let Some(refusal) = refused {
                return Err(EngineError::Poisoned { cause: refusal.to_string() });
            }
        }
        Ok(())
    }

    fn tick(&self) -> u64 {
        self.clock.fetch_add(1, Ordering::SeqCst)
    }

    /// Applies commands, each under a name of its own, and keeps what was answered when.
    fn call(&self, history: &mut History, commands: Vec<Command>) -> Result<Answered, EngineError> {
        let first = history.calls.len() as u64;
        let name = |number: u64| Name::new(history.thread, number);
        let named = (first..).zip(commands);
        let named = named.map(|(number, command)| command.id(name(number).id())).collect();
        let asked = self.tick();
        let outcomes = self.engine.apply_batch(named)?;
        let answered = self.tick();
        let calls: Vec<Call> = (first..)
            .zip(&outcomes)
            .map(|(number, outcome)| {
                let answer = order::hash(outcome);
                Call { name: name(number), asked, answered, answer }
            })
            .collect();
        history.calls.extend(calls);
        Ok(Answered { asked, answered, outcomes })
    }

    fn goes_on(&self) -> bool {
        now() < self.until
    }

    fn live(&self) -> std::sync::MutexGuard<'_, Vec<HoldId>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Events that place holds and events that don't, and persons' holds at every scope.
    fn record(&self, thread: u64, random: &mut u64) -> Result<History, EngineError> {
        let mut history = History { thread, ..History::default() };
        while self.goes_on() {
            let about = draw(random) % self.prospects;
            let command = match draw(random) % 100 {
                // While much is held, nothing more is: the others are to have something to do.
                0..40 if self.live().len() < LIVE => self.hold(about, random),
                _ => event(about, random),
            };
            let recorded = matches!(command.action, Action::Record(_));
            let held = match &command.action {
                Action::Hold { target, .. } => Some(target.clone()),
                _ => None,
            };
            let Answered { asked, answered: acknowledged, mut outcomes } =
                self.call(&mut history, vec![command])?;
            let Some(outcome) = outcomes.pop() else {
                continue;
            };
            history.counts.events += u64::from(recorded);
            let mut placed = Vec::new();
            match outcome {
                Outcome::Held { hold, .. } => {
                    let kind = held.as_ref().and_then(Kind::of);
                    placed.extend(kind.map(|kind| (hold, kind, None)));
                }
                Outcome::Recorded { holds, lifted, .. } => {
                    history.lifted.extend(lifted.into_iter().map(|hold| (hold, asked)));
                    let live = holds.into_iter().filter(|hold| hold.live);
                    placed.extend(live.filter_map(|hold| {
                        Some((hold.hold, Kind::named(hold.scope, &hold.target)?, hold.until))
                    }));
                }
                _ => {}
            }
            for (hold, kind, until) in placed {
                history.placed.push(Placed { hold, kind, until, acknowledged });
                self.live().push(hold);
            }
        }
        Ok(history)
    }

    fn hold(&self, about: u64, random: &mut u64) -> Command {
        let target = match draw(random) % 20 {
            0 => HoldTarget::Workspace,
            1 => HoldTarget::Campaign(campaign(draw(random) % CAMPAIGNS)),
            2..8 => HoldTarget::Company(company(about)),
            8..14 => HoldTarget::Prospect(prospect(about)),
            _ => HoldTarget::Enrollment {
                prospect: prospect(about),
                campaign: campaign(draw(random) % CAMPAIGNS),
            },
        };
        let kind = if draw(random).is_multiple_of(8) { HoldKind::Stop } else { HoldKind::Pause };
        let action = Action::Hold { kind, target, until: None, reason: None };
        Command::new(now(), action).by("ana")
    }

    /// Lifts holds, stops among them.
    fn lift(&self, thread: u64, random: &mut u64) -> Result<History, EngineError> {
        let mut history = History { thread, ..History::default() };
        while self.goes_on() {
            let hold = {
                let mut live = self.live();
                let at = usize::try_from(draw(random)).unwrap_or(0) % live.len().max(1);
                if live.len() > LIVE / 2 { Some(live.swap_remove(at)) } else { None }
            };
            let Some(hold) = hold else {
                thread::sleep(Duration::from_micros(200));
                continue;
            };
            let reason = Some("to go on".to_owned());
            let lift = Command::new(now(), Action::Lift { hold, reason }).by("ben");
            let Answered { asked, .. } = self.call(&mut history, vec![lift])?;
            history.lifted.push((hold, asked));
        }
        Ok(history)
    }

    /// Claims, looks once more and reports, one by one and in batches.
    fn send(&self, thread: u64, random: &mut u64) -> Result<History, EngineError> {
        let mut history = History { thread, ..History::default() };
        while self.goes_on() {
            let claim = Action::Claim { limit: 20, lease_ms: LEASE_MS };
            let mut claimed = self.call(&mut history, vec![Command::new(now(), claim)])?.outcomes;
            let Some(Outcome::Claimed { sends, .. }) = claimed.pop() else {
                continue;
            };
            if sends.is_empty() {
                thread::sleep(Duration::from_millis(1));
            }
            let one_by_one = draw(random).is_multiple_of(2);
            for some in sends.chunks(if one_by_one { 1 } else { 20 }) {
                self.confirm(some, &mut history)?;
            }
        }
        Ok(history)
    }

    fn confirm(&self, sends: &[DueSend], history: &mut History) -> Result<(), EngineError> {
        let each = |action: &dyn Fn(Token) -> Action| -> Vec<Command> {
            let at = now();
            sends.iter().map(|send| Command::new(at, action(send.token))).collect()
        };
        let looks = each(&|token| Action::Confirm { token });
        let Answered { asked, answered, outcomes } = self.call(history, looks)?;
        let answered_at = now();
        let mut gone = Vec::new();
        for (send, outcome) in sends.iter().zip(outcomes) {
            let went = match outcome {
                Outcome::Confirmed(Verdict::Go) => true,
                Outcome::Confirmed(Verdict::Revoked(_)) => false,
                _ => continue,
            };
            if went {
                gone.push(send.token);
            }
            history.looked.push(Looked {
                prospect: send.prospect.clone(),
                campaign: send.campaign.clone(),
                step: send.step,
                went,
                asked,
                answered,
                answered_at,
            });
        }
        let at = now();
        let reports = gone
            .into_iter()
            .map(|token| Command::new(at, Action::Report { token, report: Report::Sent { at } }));
        self.call(history, reports.collect()).map(drop)
    }
}

fn event(about: u64, random: &mut u64) -> Command {
    let id = format!("{:016x}", draw(random));
    let of = |kind: &str| Event::new(kind, id.clone()).source("mail").prospect(prospect(about));
    let event = match draw(random) % 100 {
        0..8 => of("reply").with("kind", "human"),
        8..10 => of("opt-out"),
        10..12 => of("inbound"),
        12..40 => of("click").with("url", "https://ours.example/a"),
        _ => of("open"),
    };
    Command::new(now(), Action::Record(event))
}
