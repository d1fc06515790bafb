//! A process that is killed under load, over and over: what it acknowledged must be there.
//!
//! The load is a numbered sequence of batches that any process can make; so what must be there
//! after a kill is a prefix of it, at least as long as what was acknowledged.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command as Process, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use crate::model::{Action, Campaign, Command, Event, Instant, Prospect, Report, Sender, Step};
use crate::{Engine, OpenError, Options, Policy};

/// Every so many batches a checkpoint is written, so that kills hit that too.
const CHECKPOINT_EVERY: u64 = 40;
const MINUTE_MS: i64 = 60_000;

/// A load that acknowledges nothing for so long is taken to hang.
const STALLED: Duration = Duration::from_secs(120);

/// How long a process may live: so many batches, and then a moment. With none it is killed while it
/// opens the store, as far as the moment allows.
#[derive(Clone, Copy, Debug)]
pub struct Life {
    /// Batches that it may acknowledge.
    pub batches: u64,
    /// How long it lives after that.
    pub then: Duration,
}

/// What a run of kills came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kills {
    /// Processes that were killed.
    pub kills: u64,
    /// Of these, before they had acknowledged anything: while they opened the store.
    pub while_opening: u64,
    /// Batches that were acknowledged, all of which were found.
    pub batches: u64,
}

/// The commands of one batch. Each is the same whoever makes it, and whenever.
pub(super) fn batch(number: u64) -> Vec<Command> {
    let at = Instant::from_ms(1_772_442_000_000)
        .plus_ms(i64::try_from(number).unwrap_or(0).saturating_mul(MINUTE_MS));
    let key = |person: u64| format!("p{person}@company{}.example", person % 37);
    let mut actions = Vec::new();
    if number == 0 {
        let sender = Sender { key: "s".to_owned(), ..Sender::default() };
        let senders = vec![sender.key.clone()];
        let steps = vec![Step::default(), Step::default()];
        let campaign = Campaign { key: "c".to_owned(), senders, steps, ..Campaign::default() };
        actions.push(Action::PutPolicy(Policy::default_rules()));
        actions.push(Action::PutSender(sender));
        actions.push(Action::PutCampaign(campaign));
    }
    let prospect = Prospect { key: key(number), ..Prospect::default() };
    actions.push(Action::PutProspect(prospect));
    actions.push(Action::Enroll { campaign: "c".to_owned(), prospect: key(number) });
    for other in 0..number % 7 {
        let event = Event::new("open", format!("open-{number}-{other}")).prospect(key(number));
        actions.push(Action::Record(event));
    }
    if number % 5 == 4 {
        let event = Event::new("reply", format!("reply-{number}")).with("kind", "human");
        actions.push(Action::Record(event.prospect(key(number / 2))));
    }
    actions.push(Action::Claim { limit: 3, lease_ms: 3_600_000 });
    let id = |at: usize| format!("{number}-{at}");
    let commands = actions.into_iter().enumerate();
    commands.map(|(index, action)| Command::new(at, action).id(id(index))).collect()
}

/// How many batches a state has: they are applied in order, so the prospects tell.
fn batches_of(engine: &Engine) -> Result<u64, OpenError> {
    let snapshot = engine.snapshot()?;
    Ok(snapshot.view("default").map_or(0, |view| view.counts().prospects))
}

/// The load: goes on from where the store is, and says of each batch when it is acknowledged.
/// Ends only by being killed, or when nobody listens any more.
///
/// # Errors
/// If the store does not open, or the engine stops.
pub fn load(dir: &Path) -> Result<(), OpenError> {
    let engine = Engine::open(dir, Options::default())?;
    let mut next = batches_of(&engine)?;
    let mut out = std::io::stdout().lock();
    loop {
        let sends: Vec<_> = engine
            .apply_batch(batch(next))?
            .into_iter()
            .filter_map(|outcome| match outcome {
                crate::Outcome::Claimed { sends, .. } => Some(sends),
                _ => None,
            })
            .flatten()
            .collect();
        if writeln!(out, "{next}").and_then(|()| out.flush()).is_err() {
            return Ok(());
        }
        for send in sends {
            let at = send.planned;
            engine.confirm(at, send.token)?.ok();
            engine.report(at, send.token, Report::Sent { at })?;
        }
        next += 1;
        if next.is_multiple_of(CHECKPOINT_EVERY) {
            engine.checkpoint()?;
        }
    }
}

/// Starts a load, kills it after a while, checks what it left, and so on.
///
/// `start` makes a process that runs [`load`] on the directory with its standard output piped.
/// `life` says how long the n-th process may live.
///
/// # Errors
/// A sentence that says what was missing, or what failed.
pub fn kill_over_and_over(
    dir: &Path,
    kills: u64,
    start: &dyn Fn() -> Process,
    life: &dyn Fn(u64) -> Life,
) -> Result<Kills, String> {
    let mut total = Kills::default();
    let mut acknowledged: u64 = 0;
    for number in 0..kills {
        let mut process = start();
        let child = process.stdout(Stdio::piped()).spawn().map_err(|error| error.to_string())?;
        match live_and_die(child, life(number))? {
            Some(last) => acknowledged = acknowledged.max(last + 1),
            None => total.while_opening += 1,
        }
        total.kills += 1;
        total.batches = acknowledged;
        if number % 10 == 9 || number + 1 == kills {
            check(dir, acknowledged)?;
        }
    }
    Ok(total)
}

/// Lets a process live as long as that, kills it, and returns the last batch that it acknowledged.
fn live_and_die(mut child: Child, life: Life) -> Result<Option<u64>, String> {
    let out = child.stdout.take().ok_or("no standard output")?;
    let (acknowledge, acknowledged) = mpsc::channel();
    let reader = std::thread::spawn(move || {
        let lines = BufReader::new(out).lines().map_while(Result::ok);
        // The test harness around the load may print lines of its own.
        for number in lines.filter_map(|line| line.trim().parse::<u64>().ok()) {
            if acknowledge.send(number).is_err() {
                return;
            }
        }
    });
    let mut last = None;
    for _ in 0..life.batches {
        match acknowledged.recv_timeout(STALLED) {
            Ok(number) => last = Some(number),
            Err(_) => {
                let status = child.try_wait().map_err(|error| error.to_string())?;
                child.kill().map_err(|error| error.to_string())?;
                return Err(format!("the load acknowledges nothing any more: {status:?}"));
            }
        }
    }
    std::thread::sleep(life.then);
    child.kill().map_err(|error| error.to_string())?;
    child.wait().map_err(|error| error.to_string())?;
    reader.join().map_err(|_| "the reader panicked".to_owned())?;
    Ok(acknowledged.try_iter().last().or(last))
}

/// Opens the store and looks for everything that was acknowledged.
fn check(dir: &Path, acknowledged: u64) -> Result<(), String> {
    let engine = Engine::open(dir, Options::default()).map_err(|error| error.to_string())?;
    let found = batches_of(&engine).map_err(|error| error.to_string())?;
    if found < acknowledged {
        return Err(format!("{acknowledged} batches were acknowledged, {found} are there"));
    }
    // Every command of what is there answers what it answered then: none is half there.
    for number in found.saturating_sub(20)..found {
        let before = engine.snapshot().map_err(|error| error.to_string())?.digest();
        engine.apply_batch(batch(number)).map_err(|error| error.to_string())?;
        let after = engine.snapshot().map_err(|error| error.to_string())?.digest();
        if before != after {
            return Err(format!("batch {number} was only half there"));
        }
    }
    engine.close().map_err(|error| error.to_string())
}
