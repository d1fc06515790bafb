//! What logs count at their edges, and how long they are kept.

use super::*;
use crate::engine::{DEFAULT_WORKSPACE, State};
use crate::model::{
    Action, Campaign, Command, Event, Outcome, PolicyBundle, PolicyFile, Prospect, Sender, Step,
    StepTiming,
};

const MS: i64 = 1;

fn start() -> Instant {
    Instant::from_ms(1_772_438_400_000)
}

fn log() -> CountRecord {
    CountRecord {
        owner: None,
        dropped: None,
        entries: SharedList::default(),
        hours: SharedList::default(),
    }
}

fn entry(at: Instant, number: u32) -> Entry {
    Entry { at, event: u128::from(number), prospect: number, before: Instant::MIN }
}

#[test]
fn a_window_says_at_least_only_if_it_reaches_what_the_log_has_no_more() {
    let (span_ms, now) = (DAY_MS, start());
    let of = |dropped: Instant| {
        let mut log = log();
        log.entries.to_mut().push(entry(now, 1));
        log.dropped = Some(dropped);
        log.count(span_ms, now, false)
    };
    let begin = now.plus_ms(-span_ms);
    // What is as old as the window is long is outside.
    assert_eq!(of(begin), Counted { count: 1, of: 0, or_more: false });
    assert_eq!(of(begin.plus_ms(MS)), Counted { count: 1, of: 0, or_more: true });
}

#[test]
fn a_share_says_at_least_only_if_it_reaches_what_the_log_has_no_more() {
    let (span_ms, now) = (24 * HOUR_MS, start());
    let of = |dropped: Instant| {
        let mut log = log();
        log.hours.to_mut().push(Hour { hour: hour_of(now), count: 1, of: 2 });
        log.dropped = Some(dropped);
        log.share(span_ms, now)
    };
    let begin = now.plus_ms(-span_ms);
    assert_eq!(of(begin.plus_ms(HOUR_MS - MS)), Counted { count: 1, of: 2, or_more: false });
    assert_eq!(of(begin.plus_ms(HOUR_MS)), Counted { count: 1, of: 2, or_more: true });
}

#[test]
fn a_log_is_kept_as_long_as_a_late_event_may_ask_for_it() {
    let kept_ms = (i64::from(REMEMBERED_DAYS) + 91) * DAY_MS;
    let logs: [fn(&mut CountRecord); 3] = [
        |log| log.entries.to_mut().push(entry(start(), 1)),
        |log| log.hours.to_mut().push(Hour { hour: hour_of(start()), count: 1, of: 1 }),
        |log| log.dropped = Some(start()),
    ];
    for (kind, has) in logs.into_iter().enumerate() {
        let mut log = log();
        assert!(log.is_stale(start()), "there is nothing in it");
        has(&mut log);
        assert!(!log.is_stale(start().plus_ms(kept_ms)), "{kind}");
        assert!(log.is_stale(start().plus_ms(kept_ms + MS)), "{kind}");
    }
}

const RULES: &str = "policy 1

rule shield {
  on bounce
  when rate(bounce per sent at campaign in 28d) >= 90% of at least 20
  pause campaign
}
";

const OTHER_RULES: &str = "policy 1

rule open-shield {
  on bounce
  when rate(bounce per open at campaign in 28d) >= 90% of at least 20
  pause campaign
}
";

fn bundle(text: &str) -> Action {
    let file = PolicyFile { name: "our.rules".to_owned(), text: text.to_owned() };
    Action::PutPolicy(PolicyBundle { files: vec![file] })
}

fn tell(state: &mut State, at: Instant, action: Action) {
    let outcome = state.apply(&mut Command::new(at, action)).outcome;
    assert!(!matches!(outcome, Outcome::Refused(_)), "{outcome:?}");
}

/// A campaign in which so many messages of one person bounce, under a policy.
fn bounced(rules: &str, bounces: usize) -> State {
    let mut state = State::new();
    tell(&mut state, start(), bundle(rules));
    let key = "ann@acme.io".to_owned();
    tell(&mut state, start(), Action::PutProspect(Prospect { key, ..Prospect::default() }));
    tell(
        &mut state,
        start(),
        Action::PutSender(Sender { key: "s".to_owned(), ..Sender::default() }),
    );
    let spring = Campaign {
        key: "spring".to_owned(),
        senders: vec!["s".to_owned()],
        steps: vec![Step { name: String::new(), timing: StepTiming::default() }],
        ..Campaign::default()
    };
    tell(&mut state, start(), Action::PutCampaign(spring));
    for number in 0..bounces {
        bounce(&mut state, start(), number);
    }
    state
}

fn bounce(state: &mut State, at: Instant, number: usize) {
    let event = Event::new("bounce", format!("e{number}")).prospect("ann@acme.io");
    let event = event.campaign("spring").with("class", "soft");
    tell(state, at, Action::Record(event));
}

fn retract(state: &mut State, at: Instant, number: usize) {
    let event = format!("e{number}");
    tell(state, at, Action::Retract { source: String::new(), event, reason: None });
}

/// How many bounces are counted by the hour.
fn by_the_hour(state: &State) -> u32 {
    let counts = &state.workspace(DEFAULT_WORKSPACE).unwrap().data.counts;
    counts.iter().flat_map(|(_, log)| log.hours.iter()).map(|hour| hour.count).sum()
}

/// Notes of hours that are there, and of those the ones that are no longer of use.
fn notes(state: &State) -> (usize, usize) {
    let hourly = &state.workspace(DEFAULT_WORKSPACE).unwrap().data.hourly;
    (hourly.iter().count(), hourly.iter().filter(|(_, it)| it.gone).count())
}

#[test]
fn what_a_share_counted_is_taken_back_on_a_later_day() {
    // More than one page of notes, as they go by pages.
    const BOUNCES: usize = 600;
    let mut state = bounced(RULES, BOUNCES);
    assert_eq!((by_the_hour(&state), notes(&state)), (600, (BOUNCES, 0)));
    let next = start().plus_ms(DAY_MS);
    tell(&mut state, next, Action::Advance);
    retract(&mut state, next, 0);
    assert_eq!((by_the_hour(&state), notes(&state)), (599, (BOUNCES, 1)));
    // Later than any event may come, and ask for it.
    let kept_ms = (i64::from(REMEMBERED_DAYS) + 91) * DAY_MS;
    tell(&mut state, start().plus_ms(kept_ms + DAY_MS), Action::Advance);
    assert_eq!(notes(&state).0, BOUNCES % super::super::pages::PAGE_RECORDS);
}

#[test]
fn a_log_that_is_used_again_loses_nothing_that_it_never_counted() {
    let mut state = bounced(RULES, 3);
    tell(&mut state, start(), bundle(OTHER_RULES));
    assert_eq!((by_the_hour(&state), notes(&state)), (0, (3, 3)));
    (3..5).for_each(|number| bounce(&mut state, start(), number));
    assert_eq!(by_the_hour(&state), 2);
    retract(&mut state, start(), 0);
    assert_eq!(by_the_hour(&state), 2);
    retract(&mut state, start(), 3);
    assert_eq!(by_the_hour(&state), 1);
    // A policy that counts the same leaves the log as it is.
    tell(&mut state, start(), bundle(OTHER_RULES));
    assert_eq!((by_the_hour(&state), notes(&state)), (1, (5, 4)));
}
