//! Whatever happens to them, the lanes give what ordered sets would give.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::naive::{Claimed, Naive};
use super::{DAY_MS, MINUTE_MS, Numbers, Table, at};
use crate::engine::lanes::{Lanes, Place, Plans as _};
use crate::model::Instant;

const SENDERS: u32 = 3;
const ENROLLMENTS: u32 = 300;
const HOLDS: u32 = 3;

/// What becomes of an enrollment that is planned anew or met.
#[derive(Clone, Copy, Debug)]
enum Then {
    Gone,
    /// It is where it was.
    Again,
    /// It is planned so much later, in milliseconds.
    Later(i64),
}

#[derive(Clone, Debug)]
enum Op {
    /// Plans an enrollment so many milliseconds from now.
    Plan {
        enrollment: u32,
        sender: u32,
        first: bool,
        ms: i64,
    },
    /// Plans many, as the numbers of this seed have it, all before so many milliseconds from now.
    Fill {
        from: u32,
        count: u32,
        seed: u64,
        within_ms: i64,
    },
    Change {
        from: u32,
        count: u32,
        then: Then,
    },
    Park {
        enrollment: u32,
        hold: u32,
    },
    Unpark {
        hold: u32,
    },
    Touch {
        sender: u32,
    },
    /// The sender may not send for so many milliseconds, or until it is touched.
    Close {
        sender: u32,
        ms: Option<i64>,
    },
    /// Lets time pass and takes up to so many sends. Each `parks`th is parked.
    Claim {
        ms: i64,
        limit: usize,
        parks: usize,
        then: Then,
    },
    /// Both are made anew of the tables.
    Open,
}

/// Minutes to years, and often the same.
fn spans() -> impl Strategy<Value = i64> {
    prop_oneof![
        (0..20_i64).prop_map(|it| it * MINUTE_MS),
        (0..40_i64).prop_map(|it| it * DAY_MS / 4),
        (0..20_i64).prop_map(|it| it * 91 * DAY_MS),
        0..4 * 365 * DAY_MS,
    ]
}

fn thens() -> impl Strategy<Value = Then> {
    prop_oneof![Just(Then::Gone), Just(Then::Again), spans().prop_map(Then::Later)]
}

fn ops() -> impl Strategy<Value = Op> {
    let (sender, enrollment, hold) = (0..SENDERS, 0..ENROLLMENTS, 0..HOLDS);
    let run = (enrollment.clone(), 1..ENROLLMENTS);
    prop_oneof![
        6 => (enrollment.clone(), sender.clone(), any::<bool>(), spans())
            .prop_map(|(enrollment, sender, first, ms)| Op::Plan { enrollment, sender, first, ms }),
        2 => (run.clone(), any::<u64>(), spans())
            .prop_map(|((from, count), seed, within_ms)| Op::Fill { from, count, seed, within_ms }),
        2 => (run, thens()).prop_map(|((from, count), then)| Op::Change { from, count, then }),
        2 => (enrollment, thens())
            .prop_map(|(from, then)| Op::Change { from, count: 1, then }),
        // Few, so that some go from one hold to another.
        3 => (0..20_u32, hold.clone())
            .prop_map(|(enrollment, hold)| Op::Park { enrollment, hold }),
        1 => hold.prop_map(|hold| Op::Unpark { hold }),
        1 => sender.clone().prop_map(|sender| Op::Touch { sender }),
        1 => (sender, prop::option::of(spans())).prop_map(|(sender, ms)| Op::Close { sender, ms }),
        6 => (spans(), 0..100_usize, 2..40_usize, thens())
            .prop_map(|(ms, limit, parks, then)| Op::Claim { ms, limit, parks, then }),
        1 => Just(Op::Open),
    ]
}

/// Tables and the lanes of one kind over them.
#[derive(Default)]
struct Run<L> {
    lanes: L,
    table: Table,
    now: i64,
    last_served: u32,
    /// Until when each sender may not send; none is until it is touched.
    closed: [Option<Instant>; SENDERS as usize],
}

impl<L: Claimed + Default> Run<L> {
    fn new() -> Self {
        Self { closed: [Some(Instant::MIN); SENDERS as usize], ..Self::default() }
    }

    fn plan(&mut self, place: Place) {
        self.take_out(place.enrollment);
        self.table.set(place);
        self.lanes.insert(place, &self.table);
    }

    fn take_out(&mut self, enrollment: u32) -> Option<Place> {
        let place = self.table.place_of(enrollment)?;
        self.lanes.remove(place, &self.table);
        self.table.0[enrollment as usize] = None;
        Some(place)
    }

    fn change(&mut self, enrollment: u32, then: Then) {
        let Some(place) = self.take_out(enrollment) else {
            return;
        };
        match then {
            Then::Gone => {}
            Then::Again => self.plan(place),
            Then::Later(ms) => {
                let planned = at(self.now).max(place.planned).plus_ms(ms);
                let sender = (place.sender + u32::from(ms % 5 == 1)) % SENDERS;
                self.plan(Place { planned, sender, first: place.first && ms % 2 == 0, ..place });
            }
        }
    }

    /// Applies it. What a claim or a lifted hold gave.
    fn apply(&mut self, op: &Op) -> Vec<u32> {
        match *op {
            Op::Plan { enrollment, sender, first, ms } => {
                let planned = at(self.now + ms);
                self.plan(Place { sender, first, planned, enrollment });
            }
            Op::Fill { from, count, seed, within_ms } => {
                let mut numbers = Numbers(seed);
                for enrollment in from..ENROLLMENTS.min(from + count) {
                    let ms = numbers.below(within_ms.unsigned_abs() + 1).cast_signed();
                    let (sender, first) = (numbers.below(2) as u32, numbers.below(4) > 0);
                    let planned = at(self.now + ms);
                    self.plan(Place { sender, first, planned, enrollment });
                }
            }
            Op::Change { from, count, then } => {
                (from..ENROLLMENTS.min(from + count)).for_each(|it| self.change(it, then));
            }
            Op::Park { enrollment, hold } => {
                if let Some(place) = self.table.place_of(enrollment) {
                    self.lanes.park(place, hold, &self.table);
                }
            }
            Op::Unpark { hold } => {
                let enrollments = self.lanes.unpark(hold);
                for place in enrollments.iter().filter_map(|it| self.table.place_of(*it)) {
                    self.lanes.insert(place, &self.table);
                }
                return enrollments.into_iter().collect();
            }
            Op::Touch { sender } => {
                self.closed[sender as usize] = Some(Instant::MIN);
                self.lanes.touch(sender);
            }
            Op::Close { sender, ms } => {
                self.closed[sender as usize] = ms.map(|ms| at(self.now + ms));
            }
            Op::Claim { ms, limit, parks, then } => {
                self.now += ms;
                let bound = self.lanes.earliest();
                let claimed = self.claim(limit, parks, then);
                let early = bound.is_some_and(|bound| bound <= at(self.now));
                assert!(
                    early || claimed.is_empty(),
                    "it was said that nothing comes before {bound:?}"
                );
                return claimed;
            }
            Op::Open => {
                self.lanes = L::default();
                for place in self.table.0.iter().flatten() {
                    self.lanes.insert(*place, &self.table);
                }
                self.closed = [Some(Instant::MIN); SENDERS as usize];
            }
        }
        Vec::new()
    }

    fn claim(&mut self, limit: usize, parks: usize, then: Then) -> Vec<u32> {
        let now = at(self.now);
        self.lanes.wake(now);
        let mut claimed = Vec::new();
        while claimed.len() < limit
            && let Some(sender) = self.lanes.next_ready(self.last_served)
        {
            match self.closed[sender as usize] {
                None => self.lanes.sleep_until_touched(sender),
                Some(until) if until > now => self.lanes.sleep(sender, until),
                Some(_) => match self.lanes.due(sender, now, &self.table) {
                    None => {
                        self.lanes.sleep(sender, Instant::MIN);
                        let early = self.lanes.earliest().is_some_and(|it| it <= now);
                        assert!(!early || self.lanes.next_ready(0).is_some(), "it sleeps past now");
                    }
                    Some(place) => {
                        self.last_served = sender;
                        claimed.push(place.enrollment);
                        if claimed.len().is_multiple_of(parks) {
                            self.lanes.park(place, claimed.len() as u32 % HOLDS, &self.table);
                        } else {
                            // What is met where it was is taken, so that a claim ends.
                            let met = if matches!(then, Then::Again) { Then::Gone } else { then };
                            self.change(place.enrollment, met);
                        }
                    }
                },
            }
        }
        claimed
    }
}

fn check(ops: &[Op]) {
    let (mut naive, mut lanes) = (Run::<Naive>::new(), Run::<Lanes>::new());
    for (number, op) in ops.iter().enumerate() {
        assert_eq!(lanes.apply(op), naive.apply(op), "operation {number}: {op:?}");
        for (sender, first) in (0..SENDERS).flat_map(|it| [(it, false), (it, true)]) {
            let listed = lanes.lanes.listed(sender, first);
            let waiting = naive.lanes.len(sender, first);
            assert!(waiting <= listed && listed <= 2 * waiting + 64, "{listed} for {waiting}");
        }
    }
    let end =
        Op::Claim { ms: 40_000 * DAY_MS, limit: usize::MAX, parks: 1 << 20, then: Then::Gone };
    let left: BTreeSet<u32> = naive.apply(&end).into_iter().collect();
    assert_eq!(lanes.apply(&end).into_iter().collect::<BTreeSet<_>>(), left);
}

/// A few cases and always the same ones, or as many others as `HOLDLINE_CASES` says.
fn cases() -> ProptestConfig {
    let asked = std::env::var("HOLDLINE_CASES").ok().and_then(|text| text.parse().ok());
    ProptestConfig {
        cases: asked.unwrap_or(100),
        rng_seed: if asked.is_some() { RngSeed::Random } else { RngSeed::Fixed(42) },
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn lanes_give_what_ordered_sets_give(ops in prop::collection::vec(ops(), 1..120)) {
        check(&ops);
    }
}
