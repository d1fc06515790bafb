//! Failures that the laws found, shrunk.

use holdline::model::{
    Action, AddedSteps, Campaign, Delay, Event, HoldKind, HoldTarget, Selection, Sender, Weekdays,
};
use holdline::testing::model::Picture;
use proptest::test_runner::TestCaseResult;

use super::history::History;
use super::world::{self, Act, HOUR_MS, Kind, Op};

fn op(wait_ms: i64, act: Act) -> Op {
    Op { wait_ms, by_person: false, act }
}

fn claim(limit: u32, lease_ms: i64) -> Act {
    Act::Do(Action::Claim { limit, lease_ms: lease_ms.unsigned_abs() })
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

/// The model and the engine show the same after the beginning, and it is not nothing.
#[test]
fn there_is_something_to_compare() {
    let history = History::of(&[]).unwrap_or_else(|error| panic!("{error}"));
    let shown = Picture::of_engine(&history.state.snapshot());
    assert_eq!(shown.map(|shown| shown.rows.len()), Some(15));
}
