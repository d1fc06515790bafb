//! The second caller: claims what is due, takes the last look, and reports; of some it says that
//! they failed, of some that it does not know, and of some nothing.

use std::sync::mpsc::Sender;
use std::time::{Duration, Instant as Clock};

use holdline::{Action, Command, DueSend, Instant, Outcome, Report, Verdict};
use holdline_workloads::commands::confirm;
use holdline_workloads::random::Random;

use super::Result;
use super::shared::{DAY_MS, Later, Shared};

/// The most sends of a second, by the rate of all commands: a claim for each batch.
const SHARE: f64 = 0.2;
/// How long a lease lasts on the clock of the wall; on the other one that is hours, and a day at
/// the most that is allowed.
const LEASE: Duration = Duration::from_secs(1);
const LONGEST_MS: u64 = DAY_MS as u64;

/// Sends until the time is over.
pub(super) fn send(shared: &Shared<'_>, later: &Sender<Later>) -> Result<()> {
    let mut random = Random::new(shared.plan.seed ^ 0x5e4d);
    for due in shared.plan.batches(SHARE) {
        if !shared.wait(due) {
            break;
        }
        let at = shared.plan.at(due);
        let passes_ms = u64::try_from(shared.plan.passes_ms(LEASE)).unwrap_or(LONGEST_MS);
        let lease_ms = passes_ms.min(LONGEST_MS);
        let claim = Action::Claim { limit: shared.plan.batch, lease_ms };
        let outcomes = apply(shared, vec![Command::new(at, claim)])?;
        shared.took(shared.began.elapsed().saturating_sub(due));
        shared.gives("claims", 1);
        let claimed: Vec<DueSend> = outcomes.into_iter().flat_map(sends_of).collect();
        if !claimed.is_empty() {
            leave(shared, at, claimed, &mut random, later)?;
        }
    }
    Ok(())
}

fn sends_of(outcome: Outcome) -> Vec<DueSend> {
    match outcome {
        Outcome::Claimed { sends, .. } => sends,
        _ => Vec::new(),
    }
}

fn leave(
    shared: &Shared<'_>,
    at: Instant,
    claimed: Vec<DueSend>,
    random: &mut Random,
    later: &Sender<Later>,
) -> Result<()> {
    let from = Clock::now();
    let looks = apply(shared, claimed.iter().map(|send| confirm(at, send.token)).collect())?;
    shared.took(from.elapsed());
    shared.gives("last looks", claimed.len() as u64);
    let go = |outcome: &Outcome| matches!(outcome, Outcome::Confirmed(Verdict::Go));
    let mut reports = Vec::new();
    for (send, _) in claimed.into_iter().zip(&looks).filter(|(_, look)| go(look)) {
        let report = match random.below(1_000) {
            0..5 => Report::FailedPermanently,
            5..25 => Report::FailedTemporarily,
            25..35 => Report::Unknown,
            35..40 => {
                // Its lease ends, and then nobody knows.
                shared.gives("sends without a report", 1);
                let _told = later.send(Later::Resend(send.token)).is_ok();
                continue;
            }
            _ => Report::Sent { at },
        };
        let again = match report {
            Report::Unknown => Some(Later::Resend(send.token)),
            Report::FailedPermanently => {
                Some(Later::GoOn { campaign: send.campaign, prospect: send.prospect })
            }
            _ => None,
        };
        // Who is told has ended only if all ends.
        let _told = again.is_none_or(|again| later.send(again).is_ok());
        reports.push(Command::new(at, Action::Report { token: send.token, report }));
    }
    if reports.is_empty() {
        return Ok(());
    }
    let is_sent: Vec<bool> = reports.iter().map(is_sent).collect();
    let kinds = reports.iter().map(kind);
    kinds.for_each(|kind| shared.gives(kind, 1));
    let from = Clock::now();
    let outcomes = apply(shared, reports)?;
    shared.took(from.elapsed());
    let taken = is_sent.iter().zip(&outcomes).filter(|(sent, it)| **sent && it.refusal().is_none());
    shared.sent(taken.count() as u64);
    Ok(())
}

const fn is_sent(command: &Command) -> bool {
    matches!(command.action, Action::Report { report: Report::Sent { .. }, .. })
}

const fn kind(command: &Command) -> &'static str {
    match command.action {
        Action::Report { report: Report::Sent { .. }, .. } => "reports of sends",
        Action::Report { report: Report::Unknown, .. } => "reports of not knowing",
        _ => "reports of failures",
    }
}

fn apply(shared: &Shared<'_>, commands: Vec<Command>) -> Result<Vec<Outcome>> {
    let outcomes = shared.engine.apply_batch(commands)?;
    shared.look(&outcomes);
    Ok(outcomes)
}
