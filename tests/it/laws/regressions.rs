//! Failures that the laws found, shrunk.

use std::collections::BTreeSet;

use holdline::model::{
    Action, AddedSteps, Campaign, Delay, EnrolledElsewhere, Event, HoldKind, HoldTarget, Outcome,
    Pace, Period, Prospect, Selection, Sender, Weekdays,
};
use holdline::testing::model::Picture;
use holdline::testing::world::{self, Act, DAY_MS, HOUR_MS, Kind, Op};
use proptest::test_runner::TestCaseResult;

use super::history::History;

fn op(wait_ms: i64, act: Act) -> Op {
    Op { wait_ms, by_person: false, act }
}

fn claim(limit: u32, lease_ms: i64) -> Act {
    Act::Do(Action::Claim { limit, lease_ms: lease_ms.unsigned_abs() })
}

fn reply(id: &str, prospect: &str) -> Act {
    Act::Do(Action::Record(Event::new("reply", id).prospect(prospect).with("kind", "human")))
}

/// A claim that met an entry whose window had gone by moved it, and took it at its new instant
/// before others that were planned earlier. After a move it now looks again who comes first.
#[test]
fn a_missed_window_does_not_jump_the_queue() -> TestCaseResult {
    let ops = [
        op(0, claim(2, 10 * HOUR_MS)),
        op(4 * HOUR_MS, claim(1, HOUR_MS / 6)),
        op(0, Act::Confirm(0)),
        op(0, claim(4, HOUR_MS / 6)),
        op(8 * HOUR_MS, claim(1, HOUR_MS / 6)),
    ];
    History::of(&ops).map(|_| ())
}

/// A refused command moved the engine's time, but was not journaled, so that a store that was
/// opened again stood at an earlier instant. The time that passed is journaled now.
#[test]
fn the_time_of_a_refused_command_survives() -> TestCaseResult {
    let unknown = Event::new("nonsense", "e1").workspace();
    let ops = [
        op(HOUR_MS, Act::Do(Action::Record(unknown))),
        op(0, Act::Restart { clean: true }),
        op(0, claim(1, HOUR_MS)),
        op(HOUR_MS, Act::Restart { clean: false }),
        op(0, claim(1, HOUR_MS)),
    ];
    super::restarts_change_nothing(&ops, 3)
}

/// Any hold that a rule placed on a permanent failure stood for the engine's own, also one on the
/// sender for an hour, after which the message was tried again by itself. The engine's own
/// is always there now.
#[test]
fn a_permanent_failure_holds_whatever_a_rule_does() -> TestCaseResult {
    let ops = [
        op(0, Act::Do(Action::PutPolicy(world::policy(1, 0)))),
        op(0, claim(1, HOUR_MS)),
        op(0, Act::Confirm(0)),
        op(0, Act::Report(0, Kind::FailedPermanently)),
        op(2 * HOUR_MS, claim(4, HOUR_MS)),
    ];
    let history = History::of(&ops)?;
    let failed = history.state.snapshot().view("default").map(|view| {
        let causes = view.hold_causes().into_iter();
        causes.map(|cause| (cause.rule, cause.live)).collect::<Vec<_>>()
    });
    let own = (Some("send-failed".to_owned()), 1);
    proptest::prop_assert!(failed.is_some_and(|causes| causes.contains(&own)));
    Ok(())
}

/// The model planned everybody anew for a step that was added to a campaign without anybody in it,
/// so that what the next change affected had to wait. Nobody's schedule changes, so nobody waits.
#[test]
fn a_step_for_nobody_delays_nobody() -> TestCaseResult {
    let campaign = Campaign {
        key: "autumn".to_owned(),
        added_steps: Some(AddedSteps::Append),
        ..Campaign::default()
    };
    let step = world::timed(Delay::ElapsedMs(0), 0, 1440, Weekdays::ALL);
    let (key, limit_per_day) = ("s1".to_owned(), Some(0));
    let ops = [
        op(0, Act::Do(Action::PutCampaign(campaign))),
        op(0, Act::Do(Action::AddStep { campaign: "autumn".to_owned(), step })),
        op(0, Act::Do(Action::PutSender(Sender { key, limit_per_day, ..Sender::default() }))),
    ];
    History::of(&ops).map(|_| ())
}

/// Who was let go of a pause of many one by one was told of as a member that does not know of it:
/// what was checked were all who ever were. It is as many as are left.
#[test]
fn a_pause_of_many_that_lets_one_go_is_sound() -> TestCaseResult {
    let (campaign, prospect) = ("all-hours".to_owned(), "ann@acme.io".to_owned());
    let hold = Action::Hold {
        kind: HoldKind::Pause,
        target: HoldTarget::Selection(Selection::default()),
        until: None,
        reason: None,
    };
    let resume = Action::Resume {
        target: HoldTarget::Enrollment { campaign, prospect },
        prospects: false,
        reschedule: None,
        reason: None,
    };
    super::restarts_change_nothing(&[op(0, Act::Do(hold)), op(0, Act::Do(resume))], 1)
}

/// The model kept the mark of an event that was taken back before it came for as long as it ran,
/// and so did nothing on what came under its id months later. Event ids are remembered for 30 days
/// of the engine's time, and that is one.
#[test]
fn what_was_taken_back_before_it_came_is_forgotten_with_its_id() -> TestCaseResult {
    let retract = Action::Retract { source: String::new(), event: "e0".to_owned(), reason: None };
    for (days, is_evaluated) in [(30, false), (31, true)] {
        let ops = [
            op(0, Act::Do(retract.clone())),
            op(days * DAY_MS, Act::Do(Action::Advance)),
            op(0, reply("e0", "ann@acme.io")),
        ];
        proptest::prop_assert_eq!(last_placed(&History::of(&ops)?), is_evaluated, "{}", days);
    }
    Ok(())
}

/// Whether an event of long ago was said to be taken back depended on what a log of its policy had
/// not thrown away yet. It is now asked whether a window may still reach it.
#[test]
fn an_event_of_long_ago_was_seen_as_long_as_a_window_may_reach_it() -> TestCaseResult {
    let click = Event::new("click", "e0").prospect("ann@acme.io");
    // The policy counts clicks of two days, and an event comes thirty days late at most.
    for (published, retracted, is_seen) in [(31, 0, true), (33, 0, false), (31, 2, false)] {
        let ops = [
            op(0, Act::Do(Action::Record(click.clone()))),
            op(published * DAY_MS, Act::Do(Action::Advance)),
            op(0, Act::Do(Action::PutPolicy(world::policy(1, 0)))),
            op(retracted * DAY_MS, Act::Do(Action::Advance)),
            op(0, Act::Retract(0)),
        ];
        let history = History::of(&ops)?;
        let last = history.turns.last().map(|turn| &turn.outcome);
        let seen = matches!(last, Some(Outcome::Retracted { seen: true, .. }));
        proptest::prop_assert_eq!(seen, is_seen, "{} {}", published, retracted);
    }
    Ok(())
}

/// Whether the last command was an event whose rules placed a hold.
fn last_placed(history: &History) -> bool {
    let last = history.turns.last().map(|turn| &turn.outcome);
    matches!(last, Some(Outcome::Recorded { holds, .. }) if holds.iter().any(|hold| hold.live))
}

/// The model looked for whom an event was about among those that still count, so a hold kept the id
/// of one that had been taken back when its person was forgotten. When that id came again for a
/// colleague, the hold that was over stood for a new one.
#[test]
fn the_id_of_what_was_taken_back_goes_with_whom_it_was_about() -> TestCaseResult {
    let forget = Action::Forget { prospect: "ann@acme.io".to_owned(), reason: None };
    let ops = [
        op(0, reply("e0", "ann@acme.io")),
        op(0, Act::Retract(0)),
        op(0, Act::Do(forget)),
        op(31 * DAY_MS, Act::Do(Action::Advance)),
        op(0, reply("e0", "bob@mail.acme.io")),
    ];
    proptest::prop_assert!(last_placed(&History::of(&ops)?));
    Ok(())
}

/// With a person the model forgot the ids of the events about it on every hold, also on one that
/// the same id had placed months before, when it was of an event about somebody else. A hold
/// forgets the id of its event if that one was about the person.
#[test]
fn an_id_that_came_again_is_forgotten_with_the_person_it_came_for() -> TestCaseResult {
    let forget = Action::Forget { prospect: "bob@mail.acme.io".to_owned(), reason: None };
    let ops = [
        op(0, reply("e0", "gus")),
        op(31 * DAY_MS, Act::Do(Action::Advance)),
        op(0, reply("e0", "bob@mail.acme.io")),
        op(0, Act::Do(forget)),
        op(0, Act::Retract(0)),
    ];
    let history = History::of(&ops)?;
    let last = history.turns.last().map(|turn| &turn.outcome);
    let lifted = matches!(last, Some(Outcome::Retracted { lifted, .. }) if !lifted.is_empty());
    proptest::prop_assert!(lifted, "{:?}", last);
    Ok(())
}

/// Who came to another company kept the days that the bound of the one before had allowed, or that
/// none had, and the new company had more on them than it may. It is placed anew by the bound of
/// the company that it comes to.
#[test]
fn who_comes_to_another_company_is_placed_by_its_bound() -> TestCaseResult {
    let paced = Action::PutCampaign(Campaign {
        key: "autumn".to_owned(),
        enrolled_elsewhere: Some(EnrolledElsewhere::Allow),
        company_pace: Some(Pace { sends: 1, per: Period::Day }),
        ..Campaign::default()
    });
    let sender = Sender { key: "s3".to_owned(), limit_per_day: Some(100), ..Sender::default() };
    let enroll = |prospect: &str| {
        let (campaign, prospect) = ("autumn".to_owned(), prospect.to_owned());
        Act::Do(Action::Enroll { campaign, prospect })
    };
    let comes = Action::PutProspect(Prospect {
        key: "gus".to_owned(),
        company: Some("acme.io".to_owned()),
        ..Prospect::default()
    });
    let ops = [
        op(0, Act::Do(Action::PutSender(sender))),
        op(0, Act::Do(paced)),
        op(0, enroll("hal@acme.io")),
        op(0, enroll("gus")),
        op(0, Act::Do(comes)),
    ];
    let history = History::of(&ops)?;
    let shown = Picture::of_engine(&history.state.snapshot());
    let rows = shown.map(|shown| shown.rows).unwrap_or_default();
    let autumn = rows.iter().filter(|row| row.key.ends_with(" in autumn"));
    let days: Vec<_> = autumn.flat_map(|row| &row.promised).collect();
    let distinct: BTreeSet<_> = days.iter().collect();
    proptest::prop_assert_eq!((days.len(), distinct.len()), (4, 4), "{:?}", days);
    Ok(())
}

/// The model and the engine show the same after the beginning, and it is not nothing.
#[test]
fn there_is_something_to_compare() {
    let history = History::of(&[]).unwrap_or_else(|error| panic!("{error}"));
    let shown = Picture::of_engine(&history.state.snapshot());
    assert_eq!(shown.map(|shown| shown.rows.len()), Some(15));
}
