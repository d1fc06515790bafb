//! The workloads as commands to Holdline.

use holdline::model::{Delay, Hours, StepTiming, Weekdays};
use holdline::{Action, Campaign, Command, Event, Instant, Prospect, Report, Sender, Step, Token};

use crate::events::Incoming;
use crate::{people, schedule};

/// The name that the events come under.
const SOURCE: &str = "mail";

/// The instant at which everything begins.
#[must_use]
pub fn start() -> Instant {
    Instant::from_ms(schedule::START_MS)
}

/// So many senders, and the campaigns that share them.
#[must_use]
pub fn set_up(senders: u32) -> Vec<Command> {
    let sender = |number| {
        let limit_per_day = Some(schedule::LIMIT_PER_DAY);
        let key = schedule::sender(number);
        Action::PutSender(Sender { key, limit_per_day, ..Sender::default() })
    };
    let campaign = |number| {
        let senders = schedule::senders_of(number, senders).map(schedule::sender).collect();
        let steps = schedule::STEP_DAYS.map(step).to_vec();
        let key = schedule::campaign(number);
        Action::PutCampaign(Campaign { key, steps, senders, ..Campaign::default() })
    };
    let campaigns = (0..schedule::CAMPAIGNS).map(campaign);
    (0..senders).map(sender).chain(campaigns).map(|it| Command::new(start(), it)).collect()
}

fn step(days: u32) -> Step {
    let [from, to] =
        [schedule::HOURS.start, schedule::HOURS.end].map(|hour| u16::try_from(hour * 60));
    let hours = from.ok().zip(to.ok()).and_then(|(from, to)| Hours::new(from, to));
    let timing = StepTiming {
        delay: Delay::Days(days),
        weekdays: Weekdays::WORKING,
        hours: hours.unwrap_or_default(),
        jitter_ms: schedule::JITTER_MS,
    };
    Step { name: format!("after {days} days"), timing }
}

/// Makes a person known.
#[must_use]
pub fn put(person: u32) -> Command {
    let zone = Some(people::ZONE.to_owned());
    let prospect = Prospect { key: people::key(person), zone, ..Prospect::default() };
    Command::new(start(), Action::PutProspect(prospect))
}

/// Enrols a person in the campaign that is for them.
#[must_use]
pub fn enroll(person: u32) -> Command {
    let campaign = schedule::campaign(schedule::campaign_of(person));
    Command::new(start(), Action::Enroll { campaign, prospect: people::key(person) })
}

/// Records an event.
#[must_use]
pub fn record(event: &Incoming) -> Command {
    let id = format!("{:032x}", event.id);
    let mut told =
        Event::new(event.kind.name(), id).source(SOURCE).prospect(people::key(event.person));
    for (name, value) in event.kind.attributes() {
        told = told.with(*name, *value);
    }
    Command::new(Instant::from_ms(event.at_ms), Action::Record(told))
}

/// Claims due sends.
#[must_use]
pub fn claim(at: Instant) -> Command {
    let (limit, lease_ms) = (schedule::CLAIM, schedule::LEASE_MS);
    Command::new(at, Action::Claim { limit, lease_ms })
}

/// The last look at a send.
#[must_use]
pub const fn confirm(at: Instant, token: Token) -> Command {
    Command::new(at, Action::Confirm { token })
}

/// Says that a send went out.
#[must_use]
pub const fn sent(at: Instant, token: Token) -> Command {
    Command::new(at, Action::Report { token, report: Report::Sent { at } })
}

#[cfg(test)]
mod tests {
    use holdline::engine::State;
    use holdline::{Outcome, Policy};

    use super::*;
    use crate::events::Mix;

    #[test]
    fn nothing_of_the_workloads_is_refused() {
        assert_eq!(start().to_string(), "2026-03-02T08:00:00Z");
        let mut state = State::new();
        let policy = Command::new(start(), Action::PutPolicy(Policy::default_rules()));
        let people = (0..100).flat_map(|person| [put(person), enroll(person)]);
        let events: Vec<Command> = Mix::new(42, 100).take(3_000).map(|it| record(&it)).collect();
        let mut at = start();
        let all = [policy].into_iter().chain(set_up(40)).chain(people).chain(events);
        for mut command in all {
            let outcome = state.apply(&mut command).outcome;
            assert!(outcome.refusal().is_none(), "{command:?}: {outcome:?}");
            assert_ne!(outcome, Outcome::Duplicate);
            at = command.at;
        }
        assert_eq!(state.now("default"), Some(at));
    }
}
