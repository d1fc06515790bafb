//! The worker of a run: it applies the commands as their instants come, takes what is due, looks
//! again, sends and reports. It knows nothing of what is shown.
//!
//! # Why a killed and repeated run ends in the same state
//!
//! Time passes on a grid: the multiples of one tick since 1970. At a grid instant `t` ONE batch,
//! which is journaled whole or not at all, closes the tick. In this order it has
//!
//! 1. `sent`, at the instant of its `go`, for what was written to the outbox after the last tick,
//! 2. the commands of the input with an instant up to `t`, in the order of the file,
//! 3. `confirm` at `t`, the last look, for everything that was claimed at the last tick,
//! 4. `claim` at `t`.
//!
//! What `confirm` answers with `go` is appended to the outbox and synced before its `sent` goes
//! into a batch. So an event between a claim and the next tick calls the send back, and:
//!
//! - **The next tick follows from the state and the input alone**: it is the next grid instant if
//!   anything was claimed or is to be reported, else the first at which a command has come or the
//!   engine says that time can matter. Between those nothing can happen, so whether a tick without
//!   effect takes place changes nothing but the engine's time. (A repeated run may see a few more
//!   of those: an engine that was just opened gives a lower bound that is less sharp.)
//! - **A batch ends in a grid instant, so the engine's time tells where a run stands**: everything
//!   up to it is there, whole, and the next grid instant is the earliest one still to come. (What
//!   more commands than a batch takes have the very same tick follow it, in batches without a
//!   claim, as they do when a repeated run catches up.)
//! - **Commands are applied once**: each has an id, and the same id again changes nothing. So a
//!   repeated run reads its input from the start. The engine forgets ids after 30 days; lines that
//!   old were certainly applied before its time came to where it is, and are left out.
//! - **The rules come first**: a policy that the run itself brings is a command with an id, too.
//! - **A send goes out once**: what is leaving when a run starts is looked up in the outbox by its
//!   token. Found, it is reported; not found, it is written first. Both end in `sent` at the
//!   instant of the `go`, before any further command, as in a run that was not killed. A line of
//!   the outbox that was cut short counts as not written.
//! - **The end is the same**: the last tick claims nothing, so nothing is left in flight after it.
//!
//! Ticks at or before the engine's time never happen again.

use std::collections::BTreeSet;
use std::time::Duration;

use holdline::engine::Engine;
use holdline::lang::PolicyHash;
use holdline::model::{
    Action, Command, DueSend, Instant, Outcome, PolicyBundle, Report, Token, Verdict,
};

use crate::exit::Failure;
use crate::input::Line;
use crate::moment;
use crate::progress::Progress;
use crate::sink::{Message, Sink};
use crate::stop::{self, Stop};

/// The most sends of one claim; the rest is taken at the next tick.
const CLAIM_LIMIT: u32 = 200;
/// A claim is confirmed after one tick; its lease must outlast that by far.
const LEASE_TICKS: u64 = 4;
/// The most commands of the input in one batch.
const BATCH: usize = 10_000;
/// The engine takes no step longer than this at once.
const STRIDE_MS: i64 = 24 * 60 * 60 * 1000;
/// Ids are remembered for 30 days of engine time. Lines older than this are not given again.
const REMEMBERED_MS: i64 = 29 * STRIDE_MS;
/// The most refusals that are kept to be told.
const REFUSALS_KEPT: usize = 5;

/// What a run is to do.
#[derive(Debug)]
pub struct Plan {
    /// The workspace.
    pub workspace: String,
    /// Its commands, in the order of the file.
    pub lines: Vec<Line>,
    /// A policy to publish before anything else.
    pub policy: Option<PolicyBundle>,
    /// The length of a tick.
    pub tick_ms: u64,
    /// When to end; none means after the last command.
    pub until: Option<Instant>,
    /// Wait until the instant of each tick has come.
    pub real_time: bool,
}

/// A command of the input that was refused.
#[derive(Clone, Debug, serde::Serialize)]
pub struct RefusedLine {
    /// Its line.
    pub line: u64,
    /// Why.
    pub message: String,
}

/// What a run did.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub struct Done {
    /// When it began, by its own clock.
    pub from: Instant,
    /// When it ended, by its own clock.
    pub to: Instant,
    /// Commands of the input that were given.
    pub commands: u64,
    /// Lines left out: the directory's time was more than 29 days past them.
    pub skipped: u64,
    /// Commands after `--until`.
    pub not_reached: u64,
    /// Commands that were refused.
    pub refused: u64,
    /// The first of them.
    pub refusals: Vec<RefusedLine>,
    /// Messages written to the outbox by this run.
    pub written: u64,
    /// Somebody asked it to stop, and it did before its end.
    #[serde(skip)]
    pub stopped: bool,
}

/// What a command of a batch was for.
#[derive(Clone, Copy, Debug)]
enum Part {
    /// Line of the input.
    Input(u64),
    Confirm(Token),
    Claim,
    /// Its outcome says nothing new.
    Other,
}

/// A batch in the making.
#[derive(Debug, Default)]
struct Batch {
    commands: Vec<Command>,
    parts: Vec<Part>,
}

/// A run at work.
pub struct Worker<'a> {
    engine: &'a Engine,
    sink: &'a mut Sink,
    plan: Plan,
    stop: &'a Stop,
    /// The instants at which the lines take effect: each at least that of the one before.
    effective: Vec<Instant>,
    /// The first line that was not given yet.
    next: usize,
    /// The engine's time; none if the workspace is not there yet.
    now: Option<Instant>,
    end: Instant,
    /// What was claimed and waits for its last look.
    claimed: Vec<(Token, Message)>,
    /// What was written to the outbox and is to be reported, with the instant of its `go`.
    written: Vec<(Token, Instant)>,
    done: Done,
}

/// Does what is planned, or as much of it as was done when somebody asked to stop: what it leaves
/// then is what a killed one leaves between two batches.
pub fn run(engine: &Engine, sink: &mut Sink, plan: Plan, stop: &Stop) -> Result<Done, Failure> {
    Worker::new(engine, sink, plan, stop)?.run()
}

impl<'a> Worker<'a> {
    fn new(
        engine: &'a Engine,
        sink: &'a mut Sink,
        plan: Plan,
        stop: &'a Stop,
    ) -> Result<Self, Failure> {
        let snapshot = engine.snapshot()?;
        let view = snapshot.view(&plan.workspace);
        let now = view.as_ref().map(|view| view.now());
        let mut latest = Instant::MIN;
        let effective: Vec<Instant> = plan
            .lines
            .iter()
            .map(|line| {
                latest = latest.max(line.command.at);
                latest
            })
            .collect();
        let last = plan.until.unwrap_or(latest).max(now.unwrap_or(Instant::MIN));
        let first = effective.first().copied().or(now).unwrap_or_default();
        let mut worker = Self {
            engine,
            sink,
            effective,
            next: 0,
            now,
            end: ceil(last, plan.tick_ms),
            claimed: Vec::new(),
            written: Vec::new(),
            done: Done { from: first, ..Done::default() },
            plan,
            stop,
        };
        worker.recover(view.map_or_else(Vec::new, |view| view.in_flight()))?;
        Ok(worker)
    }

    /// Takes up what an earlier run left in flight.
    fn recover(&mut self, in_flight: Vec<holdline::engine::view::InFlight>) -> Result<(), Failure> {
        let mut leaving = Vec::new();
        // What may have gone out before a restore is in no outbox that belongs to this data: a
        // person decides on it.
        for send in in_flight.into_iter().filter(|send| send.restored.is_none()) {
            let message = Message {
                token: send.token,
                campaign: send.campaign,
                prospect: send.prospect,
                address: send.address,
                sender: send.sender,
                step: send.step,
                message: send.message,
            };
            match send.confirmed {
                Some(at) => leaving.push((message, at)),
                None => self.claimed.push((send.token, message)),
            }
        }
        leaving.sort_by_key(|(message, _)| message.token);
        self.claimed.sort_by_key(|(token, _)| *token);
        let wanted: BTreeSet<_> = leaving.iter().map(|(message, _)| message.key()).collect();
        let found = self.sink.written(&wanted)?;
        for (message, at) in leaving {
            if !found.contains(&message.key()) {
                self.sink.write(std::slice::from_ref(&message), at)?;
                self.done.written += 1;
            }
            self.written.push((message.token, at));
        }
        Ok(())
    }

    fn run(mut self) -> Result<Done, Failure> {
        let mut progress = Progress::start();
        self.catch_up()?;
        while !self.stop.is_asked() {
            let Some(tick) = self.next_tick()? else {
                break;
            };
            progress.at(|| self.progress());
            if !self.wait_for(tick) {
                break;
            }
            self.close_tick(tick)?;
            if self.effective.get(self.next).is_some_and(|at| *at <= tick) {
                self.catch_up()?;
            }
        }
        self.done.stopped = self.stop.is_asked() || !self.settle()?;
        if self.done.stopped {
            // What was sent is reported as the next tick would have; then nothing is in doubt.
            let mut batch = Batch::default();
            self.add_reports(&mut batch);
            self.give(batch, self.now.unwrap_or(self.end))?;
        }
        self.done.to = self.end.max(self.now.unwrap_or(self.end));
        self.done.not_reached = (self.effective.len() - self.next) as u64;
        Ok(self.done)
    }

    fn progress(&self) -> String {
        let now = self.now.unwrap_or_default();
        let all = self.end.ms_since(self.done.from).max(1);
        let share = now.ms_since(self.done.from).clamp(0, all) * 100 / all;
        format!("{share:>3} %  {now}  {} of {} commands", self.next, self.effective.len())
    }

    /// Reports what is to be reported, and gives every line that had its instant by the engine's
    /// time. In a directory that an earlier run left, almost all of them change nothing.
    fn catch_up(&mut self) -> Result<(), Failure> {
        let Some(now) = self.now else { return Ok(()) };
        let forgotten = now.plus_ms(-REMEMBERED_MS);
        let old = self.effective.partition_point(|at| *at < forgotten);
        if self.next < old {
            // The policy went before the first of them.
            self.plan.policy = None;
            self.done.skipped = (old - self.next) as u64;
            self.next = old;
        }
        let mut batch = Batch::default();
        self.add_policy(&mut batch);
        self.add_reports(&mut batch);
        self.give(batch, now)?;
        loop {
            let mut batch = Batch::default();
            self.add_lines(&mut batch, BATCH, |at| at <= now);
            if batch.commands.is_empty() || self.stop.is_asked() {
                return Ok(());
            }
            self.give(batch, now)?;
        }
    }

    /// The tick that is next; none after the last.
    fn next_tick(&self) -> Result<Option<Instant>, Failure> {
        let tick = self.plan.tick_ms;
        let after = self.now.map_or(Instant::MIN, |now| floor(now, tick).plus_ms(ms(tick)));
        let line = self.effective.get(self.next).map(|at| ceil(*at, tick).max(after));
        let busy = !self.claimed.is_empty() || !self.written.is_empty();
        let wanted = if busy || line == Some(after) {
            // No tick is earlier, so the engine need not be asked.
            Some(after)
        } else {
            let due = self.engine.next_due(Some(&self.plan.workspace))?;
            let due = due.map(|at| ceil(at, tick).max(after));
            due.into_iter().chain(line).min()
        };
        Ok(wanted.filter(|at| *at <= self.end))
    }

    /// Lets real time pass until an instant, if this run is one in real time. False if somebody
    /// asked to stop meanwhile.
    fn wait_for(&self, tick: Instant) -> bool {
        while self.plan.real_time
            && let Ok(left @ 1..) = u64::try_from(tick.ms_since(moment::now()))
        {
            if self.stop.is_asked() {
                return false;
            }
            // The clock may be set meanwhile, so it is asked again from time to time.
            std::thread::sleep(stop::STEP.min(Duration::from_millis(left)));
        }
        true
    }

    /// Everything that happens at a grid instant.
    fn close_tick(&mut self, tick: Instant) -> Result<(), Failure> {
        let mut batch = Batch::default();
        self.add_policy(&mut batch);
        self.add_reports(&mut batch);
        self.add_lines(&mut batch, BATCH, |at| at <= tick);
        for (token, _) in &self.claimed {
            batch.push(Part::Confirm(*token), tick, Action::Confirm { token: *token });
        }
        if tick < self.end {
            let lease_ms = (self.plan.tick_ms * LEASE_TICKS).min(STRIDE_MS.unsigned_abs());
            batch.push(Part::Claim, tick, Action::Claim { limit: CLAIM_LIMIT, lease_ms });
        } else {
            batch.push(Part::Other, tick, Action::Advance);
        }
        self.give(batch, tick)
    }

    /// Brings the engine to the end, with nothing left in flight. False if somebody asked to stop
    /// before that.
    fn settle(&mut self) -> Result<bool, Failure> {
        if self.effective.is_empty() && self.now.is_none() {
            return Ok(true);
        }
        if self.now.is_none_or(|now| now < self.end) {
            if !self.wait_for(self.end) {
                return Ok(false);
            }
            self.close_tick(self.end)?;
        }
        let mut batch = Batch::default();
        self.add_reports(&mut batch);
        self.give(batch, self.end)?;
        Ok(true)
    }

    /// The policy goes before everything else.
    fn add_policy(&mut self, batch: &mut Batch) {
        let Some(policy) = self.plan.policy.take() else {
            return;
        };
        let first = self.effective.first().copied().or(self.now).unwrap_or(self.end);
        let id = format!("rules-{}", PolicyHash::of(&policy));
        let command = Command::new(self.now.unwrap_or(first), Action::PutPolicy(policy)).id(id);
        batch.commands.push(command);
        batch.parts.push(Part::Other);
    }

    fn add_reports(&mut self, batch: &mut Batch) {
        for (token, at) in self.written.drain(..) {
            let report = Report::Sent { at };
            batch.push(Part::Other, at, Action::Report { token, report });
        }
    }

    /// The next lines that have come, at most so many.
    fn add_lines(&mut self, batch: &mut Batch, most: usize, has_come: impl Fn(Instant) -> bool) {
        let effective = self.effective.get(self.next..).unwrap_or_default();
        let come = effective.iter().take(most).take_while(|at| has_come(**at)).count();
        let lines = self.plan.lines.get(self.next..self.next + come).unwrap_or_default();
        for line in lines {
            batch.commands.push(line.command.clone());
            batch.parts.push(Part::Input(line.number));
        }
        self.next += come;
    }

    /// Applies a batch and takes up what came of it.
    fn give(&mut self, batch: Batch, at: Instant) -> Result<(), Failure> {
        if batch.commands.is_empty() {
            return Ok(());
        }
        let (commands, parts) = batch.in_strides(self.now, &self.plan.workspace);
        let latest = commands.iter().map(|command| command.at).max();
        let outcomes = self.engine.apply_batch(commands)?;
        self.now = self.now.max(latest);
        let claimed = std::mem::take(&mut self.claimed);
        let mut leaving = Vec::new();
        let mut looked = BTreeSet::new();
        for (part, outcome) in parts.into_iter().zip(outcomes) {
            match (part, outcome) {
                (Part::Input(line), outcome) => self.answered(line, &outcome),
                (Part::Confirm(token), outcome) => {
                    looked.insert(token);
                    let is_go = matches!(outcome, Outcome::Confirmed(Verdict::Go));
                    let send = claimed.iter().find(|(of, _)| *of == token).filter(|_| is_go);
                    leaving.extend(send.map(|(_, message)| message.clone()));
                }
                (Part::Claim, Outcome::Claimed { sends, .. }) => {
                    self.claimed.extend(sends.into_iter().map(|send| (send.token, message(send))));
                }
                _ => {}
            }
        }
        // A batch without a last look leaves what was claimed as it is.
        self.claimed.extend(claimed.into_iter().filter(|(token, _)| !looked.contains(token)));
        self.sink.write(&leaving, at)?;
        self.done.written += leaving.len() as u64;
        self.written.extend(leaving.into_iter().map(|message| (message.token, at)));
        Ok(())
    }

    fn answered(&mut self, line: u64, outcome: &Outcome) {
        self.done.commands += 1;
        if let Some(refusal) = outcome.refusal() {
            self.done.refused += 1;
            if self.done.refusals.len() < REFUSALS_KEPT {
                self.done.refusals.push(RefusedLine { line, message: refusal.to_string() });
            }
        }
    }
}

impl Batch {
    fn push(&mut self, part: Part, at: Instant, action: Action) {
        self.commands.push(Command::new(at, action));
        self.parts.push(part);
    }

    /// The commands for a workspace, with the time moved on first where a command is further ahead
    /// than the engine takes.
    fn in_strides(self, now: Option<Instant>, workspace: &str) -> (Vec<Command>, Vec<Part>) {
        let mut now = now;
        let mut commands = Vec::with_capacity(self.commands.len());
        let mut parts = Vec::with_capacity(self.commands.len());
        for (mut command, part) in self.commands.into_iter().zip(self.parts) {
            if now.is_some_and(|now| command.at.ms_since(now) > STRIDE_MS) {
                let advance = Command::new(command.at, Action::Advance);
                commands.push(advance.workspace(workspace));
                parts.push(Part::Other);
            }
            now = now.max(Some(command.at));
            command.workspace = Some(workspace.to_owned());
            commands.push(command);
            parts.push(part);
        }
        (commands, parts)
    }
}

fn message(send: DueSend) -> Message {
    Message {
        token: send.token,
        campaign: send.campaign,
        prospect: send.prospect,
        address: send.address,
        sender: send.sender,
        step: send.step,
        message: send.message,
    }
}

fn ms(tick: u64) -> i64 {
    i64::try_from(tick).unwrap_or(i64::MAX)
}

/// The last grid instant at or before an instant.
fn floor(at: Instant, tick: u64) -> Instant {
    Instant::from_ms(at.as_ms() - at.as_ms().rem_euclid(ms(tick)))
}

/// The first grid instant at or after an instant.
fn ceil(at: Instant, tick: u64) -> Instant {
    let floor = floor(at, tick);
    if floor == at { at } else { floor.plus_ms(ms(tick)) }
}
