//! A backup, a while in which sends go on, and a restore: what went out in the while does not go
//! out again.

use std::collections::{BTreeMap, BTreeSet};

use holdline::model::{Action, Command, Event, Instant, Outcome, Report, Verdict};
use holdline::testing::world::{HOUR_MS, MINUTE_MS, Op, SendKey};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use super::Alone;
use super::history::History;

/// How a host claims, until nothing is due.
const CLAIM: Action = Action::Claim { limit: 50, lease_ms: HOUR_MS.unsigned_abs() };

/// The state after some operations. Nothing is left to be planned anew, so that what waits is
/// planned by what there is and not by what there was.
fn after(history: &History) -> Alone {
    let mut alone = Alone::new();
    for turn in &history.turns {
        alone.apply(turn);
    }
    while alone.state.snapshot().view("default").unwrap().still_to_plan() > 0 {
        alone.state.apply(&mut Command::new(Instant::MIN, Action::Advance));
    }
    alone
}

fn give(alone: &mut Alone, at: Instant, action: Action) -> Outcome {
    alone.state.apply(&mut Command::new(at, action).by("pat")).outcome
}

/// Sends all that is due from an instant on, a second after each claim: what went out, and when.
fn send(alone: &mut Alone, now: &mut Instant) -> Vec<(SendKey, Instant)> {
    let mut went = Vec::new();
    loop {
        let at = *now;
        let Outcome::Claimed { sends, more } = give(alone, at, CLAIM) else {
            return went;
        };
        if sends.is_empty() && !more {
            return went;
        }
        for send in sends {
            let token = send.token;
            let verdict = give(alone, at, Action::Confirm { token });
            if verdict == Outcome::Confirmed(Verdict::Go) {
                give(alone, at, Action::Report { token, report: Report::Sent { at } });
                went.push(((send.campaign, send.prospect, send.step), at));
            }
        }
        *now = at.plus_ms(1000);
    }
}

/// With `told`, the host gives the restored store the deliveries since the backup, in their order.
pub fn sends_nothing_twice(ops: &[Op], rounds: usize, told: bool) -> TestCaseResult {
    let history = History::of(ops)?;
    let (mut gone_on, mut restored) = (after(&history), after(&history));
    let mut now = gone_on.state.now("default").unwrap();
    let mut went: BTreeMap<SendKey, Instant> = BTreeMap::new();
    let mut order = Vec::new();
    for round in 0..rounds {
        let minutes = if round % 3 == 0 { 7 * 60 } else { 40 };
        now = now.plus_ms(minutes * MINUTE_MS);
        for (key, at) in send(&mut gone_on, &mut now) {
            order.push(key.clone());
            prop_assert!(went.insert(key.clone(), at).is_none(), "{:?} went twice", key);
        }
    }
    let restore = give(&mut restored, Instant::MIN, Action::Restored { until: now });
    prop_assert_eq!(restore, Outcome::Applied);
    give(&mut restored, now, Action::Advance);
    if told {
        for (number, key) in order.iter().enumerate() {
            let event = Event::new("delivered", format!("d{number}")).source("mail");
            let event = event.at(went[key]).prospect(&key.1).campaign(&key.0);
            let outcome = give(&mut restored, now, Action::Record(event));
            prop_assert!(outcome.refusal().is_none(), "{:?}: {:?}", key, outcome);
        }
    }
    let mut again = BTreeSet::new();
    for _ in 0..40 {
        now = now.plus_ms(9 * HOUR_MS);
        again.extend(send(&mut restored, &mut now).into_iter().map(|(key, _)| key));
    }
    let twice: Vec<&SendKey> = again.iter().filter(|key| went.contains_key(*key)).collect();
    prop_assert!(twice.is_empty(), "sent again: {:?}", twice);
    // Whatever was sent and is told of has gone, and the rest of its timeline follows.
    if told {
        let snapshot = restored.state.snapshot();
        let view = snapshot.view("default").unwrap();
        for (campaign, prospect, step) in went.keys() {
            let timeline = view.timeline(prospect).unwrap();
            let mut all = timeline.enrollments.iter();
            let theirs = all.find(|it| it.enrollment.campaign == *campaign).unwrap();
            let sent = theirs.sends.iter().any(|it| it.step == *step);
            prop_assert!(sent, "{} of {} in {} is not known", step, prospect, campaign);
        }
    }
    Ok(())
}
