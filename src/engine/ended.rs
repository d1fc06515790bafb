//! Holds that ended: how long they are remembered, and how they go.
//!
//! A hold that ended is there to explain what became of somebody, and goes when that is long ago:
//! the journal has it then. Whether it still counts follows from its end and the engine's time
//! alone. When its record goes does not matter to anybody, so that is done a little at a time.

use std::collections::VecDeque;

use super::data::Data;
use super::index::hold_key;
use super::record::{HoldRecord, Origin};
use super::workspace::{Workspace, day_number};
use crate::model::Instant;

/// For how many days an ended hold is remembered, the day of its end not counted.
pub(crate) const ENDED_DAYS: i32 = 90;
/// How many of them go with a command.
const TAKEN_AT_ONCE: usize = 16;

/// Ended holds with the days on which they ended, the earliest first.
#[derive(Debug, Default)]
pub(crate) struct EndedHolds(VecDeque<(i32, u32)>);

impl EndedHolds {
    pub(crate) fn of(data: &Data) -> Self {
        let ended = |(id, hold): (u32, &HoldRecord)| {
            hold.ended.as_ref().map(|(at, _)| (day_number(*at), id))
        };
        let mut holds: Vec<(i32, u32)> = data.holds.iter().filter_map(ended).collect();
        holds.sort_unstable();
        Self(holds.into())
    }

    /// Notes a hold that ended at an instant.
    pub(crate) fn note(&mut self, id: u32, at: Instant) {
        self.0.push_back((day_number(at), id));
    }

    fn next_before(&mut self, day: i32) -> Option<u32> {
        let (ended, _) = *self.0.front()?;
        (ended < day).then(|| self.0.pop_front()).flatten().map(|(_, id)| id)
    }
}

impl Data {
    /// The first day whose ended holds are remembered.
    const fn first_ended_day(&self) -> i32 {
        day_number(self.now) - ENDED_DAYS
    }

    /// Whether a hold is live, or ended not too long ago.
    pub(crate) fn is_remembered(&self, hold: &HoldRecord) -> bool {
        hold.ended.as_ref().is_none_or(|(at, _)| day_number(*at) >= self.first_ended_day())
    }

    /// The holds that are live, and those that ended not too long ago.
    pub(crate) fn remembered_holds(&self) -> impl Iterator<Item = (u32, &HoldRecord)> {
        self.holds.iter().filter(|(_, hold)| self.is_remembered(hold))
    }

    /// A hold by its number, unless it ended too long ago.
    pub(crate) fn remembered_hold(&self, id: u32) -> Option<&HoldRecord> {
        self.holds.get(id).filter(|hold| self.is_remembered(hold))
    }
}

impl Workspace {
    /// Takes out some of the holds that ended too long ago.
    pub(crate) fn take_out_ended(&mut self) {
        let day = self.data.first_ended_day();
        for _ in 0..TAKEN_AT_ONCE {
            let Some(id) = self.index.ended.next_before(day) else {
                return;
            };
            self.take_out_hold(id);
        }
    }

    /// Takes a hold out, and its cause if no other hold has the same.
    fn take_out_hold(&mut self, id: u32) {
        let Some(hold) = self.data.holds.get(id) else {
            return;
        };
        let event = hold_key(&self.data, hold).map(|(_, event)| event);
        let cause = cause_of(hold);
        self.index.unnote_hold(&self.data, id, hold);
        self.data.holds.take_out(id);
        let others = event.and_then(|event| self.index.placed_by.get(event));
        let is_needed = |id: &u32| self.data.holds.get(*id).and_then(cause_of) == cause;
        if let Some(cause) = cause
            && !others.is_some_and(|others| others.iter().any(is_needed))
        {
            self.data.causes.take_out(cause);
        }
    }
}

const fn cause_of(hold: &HoldRecord) -> Option<u32> {
    match hold.origin {
        Origin::Rule { cause, .. } => Some(cause),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::ENDED_DAYS;
    use crate::engine::Engine;
    use crate::engine::state::State;
    use crate::json::read_command;
    use crate::lang::Policy;
    use crate::model::{Action, Command, HoldId, Instant, Outcome};
    use crate::store::Options;

    const DAY_MS: i64 = 24 * 60 * 60 * 1000;
    const PEOPLE: usize = 600;

    fn start() -> Instant {
        "2026-03-02T08:00:00Z".parse().unwrap()
    }

    fn command(at: Instant, body: &str) -> Command {
        read_command(format!(r#"{{"at":"{at}",{body}}}"#).as_bytes()).unwrap()
    }

    /// People of whom each was away for a day: a hold and a cause each; every fiftieth opted out
    /// in between, which holds for good.
    fn away() -> Vec<Command> {
        let policy = Action::PutPolicy(Policy::default_rules());
        let mut commands = vec![Command::new(start(), policy)];
        for n in 0..PEOPLE {
            commands.push(command(start(), &format!(r#""do":"put-prospect","key":"p{n}""#)));
            let kind = match n % 50 {
                0 => r#""type":"opt-out""#,
                _ => r#""type":"reply","kind":"out-of-office","return-date":"2026-03-03""#,
            };
            let event = format!(r#"{{"id":"e{n}","prospect":"p{n}",{kind}}}"#);
            commands.push(command(start(), &format!(r#""do":"record","event":{event}"#)));
        }
        commands
    }

    fn later(days: i64) -> Command {
        Command::new(start().plus_ms(days * DAY_MS), Action::Advance)
    }

    #[test]
    fn what_ended_long_ago_is_not_remembered_and_takes_no_room() {
        let mut state = State::new();
        for mut command in away() {
            let outcome = state.apply(&mut command).outcome;
            assert!(!matches!(outcome, Outcome::Refused(_)), "{outcome:?}");
        }
        let counts = |state: &State| {
            let snapshot = state.snapshot();
            let data = snapshot.data("default").unwrap();
            let kept = (data.holds.iter().count(), data.causes.iter().count());
            (data.remembered_holds().count(), kept)
        };
        // Away until the fourth, on which all of these end.
        state.apply(&mut later(2 + i64::from(ENDED_DAYS)));
        assert_eq!(counts(&state), (PEOPLE, (PEOPLE, PEOPLE)));
        let digest = state.snapshot().digest();
        state.apply(&mut later(3 + i64::from(ENDED_DAYS)));
        assert_ne!(state.snapshot().digest(), digest);
        let stops = PEOPLE.div_ceil(50);
        assert_eq!(counts(&state).0, stops, "at once, as far as anybody can see");
        assert!(counts(&state).1.0 > PEOPLE / 2, "and a few with each command");
        let (last, seen) = (u32::try_from(PEOPLE).unwrap() - 1, state.snapshot().digest());
        for _ in 0..PEOPLE {
            state.apply(&mut later(3 + i64::from(ENDED_DAYS)));
        }
        assert_eq!(counts(&state), (stops, (stops, stops)));
        assert_eq!(state.snapshot().digest(), seen, "which nobody can see");
        let snapshot = state.snapshot();
        let data = snapshot.data("default").unwrap();
        assert_eq!((data.holds.first_page(), data.holds.get(last).is_none()), (0, true));
        let at = start().plus_ms((3 + i64::from(ENDED_DAYS)) * DAY_MS);
        let lift = Action::Lift { hold: HoldId(last), reason: None };
        let refused = state.apply(&mut Command::new(at, lift)).outcome;
        assert!(matches!(refused, Outcome::Refused(_)), "{refused:?}");
        let mut again = command(at, r#""do":"retract","event":"e599""#);
        let outcome = state.apply(&mut again).outcome;
        assert_eq!(outcome, Outcome::Retracted { seen: false, lifted: vec![], kept: vec![] });
        let mut pause = command(at, r#""do":"pause","prospect":"p599""#);
        let outcome = state.apply(&mut pause).outcome;
        assert!(matches!(outcome, Outcome::Held { hold: HoldId(600), .. }), "{outcome:?}");
    }

    #[test]
    fn a_store_keeps_what_is_left_of_them() {
        let dir = tempfile::tempdir().unwrap();
        let open = || Engine::open(dir.path(), Options::default()).unwrap();
        let engine = open();
        engine.apply_batch(away()).unwrap();
        engine.checkpoint().unwrap();
        for days in [2, 4] {
            engine.apply(later(days + i64::from(ENDED_DAYS))).unwrap();
        }
        // Some are gone, and some are still to go.
        engine.checkpoint().unwrap();
        let halfway = engine.snapshot().unwrap().digest();
        drop(engine);
        let engine = open();
        assert_eq!(engine.snapshot().unwrap().digest(), halfway);
        let all = (0..PEOPLE).map(|_| later(4 + i64::from(ENDED_DAYS)));
        engine.apply_batch(all.collect::<Vec<_>>()).unwrap();
        engine.close().unwrap();
        let verified = crate::verify(dir.path(), tempfile::tempdir().unwrap().path()).unwrap();
        assert_eq!(verified.findings, Vec::<String>::new());
        let engine = open();
        let sizes = engine.snapshot().unwrap().view("default").unwrap().sizes();
        let stops = PEOPLE.div_ceil(50) as u64;
        assert_eq!((sizes.holds, sizes.holds_live), (stops, stops));
    }
}
