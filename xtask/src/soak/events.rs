//! The first caller: events of all kinds as they are due, whether or not those before were
//! answered; some come twice, some are taken back.

use std::sync::mpsc::{Sender, sync_channel};
use std::time::Duration;

use holdline::engine::Pending;
use holdline::{Action, Command, Outcome};
use holdline_workloads::commands;
use holdline_workloads::events::{Incoming, Kind, Mix};

use super::Result;
use super::shared::{Later, Shared};

/// The share of all commands.
const SHARE: f64 = 0.6;
/// Batches in flight at most: who waits for more has a queue, and so says how long it is.
const IN_FLIGHT: usize = 256;
/// Of so many events that may hold somebody one is recorded: each person gets one every few days
/// here, and nobody would be free otherwise.
const MAY_HOLD_IN: u128 = 10;
/// In each batch of so many one event comes twice, and in another one is taken back.
const TWICE_IN: usize = 40;
const BACK_IN: usize = 10;

/// Records events until the time is over.
pub(super) fn record(shared: &Shared<'_>, later: &Sender<Later>) -> Result<()> {
    let (handed, answers) = sync_channel::<(Duration, Pending)>(IN_FLIGHT);
    std::thread::scope(|scope| {
        let waiter = scope.spawn(move || -> Result<()> {
            for (due, pending) in answers {
                let outcomes = pending.wait()?;
                shared.took(shared.began.elapsed().saturating_sub(due));
                shared.look(&outcomes);
                lift_later(&outcomes, later);
            }
            Ok(())
        });
        let mix = Mix::new(shared.plan.seed, shared.plan.prospects);
        let mut mix = mix.filter(|event| {
            matches!(event.kind, Kind::Open | Kind::Click) || event.id.is_multiple_of(MAY_HOLD_IN)
        });
        for (number, due) in shared.plan.batches(SHARE).enumerate() {
            // It is made before it is due, if there is time.
            let batch = batch(shared, &mut mix, number, due);
            if !shared.wait(due) || handed.send((due, shared.engine.submit(batch)?)).is_err() {
                break;
            }
        }
        drop(handed);
        waiter.join().map_err(|_| "a caller panicked")?
    })
}

fn batch(
    shared: &Shared<'_>,
    mix: &mut impl Iterator<Item = Incoming>,
    number: usize,
    due: Duration,
) -> Vec<Command> {
    let at = shared.plan.at(due);
    let event = |mut event: Incoming| {
        event.at_ms = at.as_ms();
        let mut command = commands::record(&event);
        if let Action::Record(told) = &mut command.action {
            told.subject.prospect = Some(shared.key(event.person));
        }
        command
    };
    let mut batch: Vec<Command> =
        mix.by_ref().take(shared.plan.batch as usize).map(event).collect();
    shared.gives("events", batch.len() as u64);
    if number % TWICE_IN == 1
        && let Some(first) = batch.first().cloned()
    {
        batch.push(first);
        shared.gives("events that came before", 1);
    }
    if number % BACK_IN == 2
        && let Some(Action::Record(event)) = batch.first().map(|command| command.action.clone())
    {
        let (source, event) = (event.source, event.id);
        let reason = Some("misread".to_owned());
        batch.push(Command::new(at, Action::Retract { source, event, reason }));
        shared.gives("retractions", 1);
    }
    batch
}

/// What has no end of its own is lifted by a person, and so are a company's pauses: with as many
/// events as these, few would be free otherwise.
fn lift_later(outcomes: &[Outcome], later: &Sender<Later>) {
    for outcome in outcomes {
        let Outcome::Recorded { holds, .. } = outcome else {
            continue;
        };
        for hold in holds.iter().filter(|hold| hold.live) {
            if hold.until.is_none() || hold.scope == holdline::Scope::Company {
                // Who is told has ended only if all ends.
                let _told = later.send(Later::Lift(hold.hold)).is_ok();
            }
        }
    }
}
