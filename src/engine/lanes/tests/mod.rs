//! The lanes against ordered sets, and what they cost.

mod cost;
mod naive;
mod same;

use super::{Lanes, Place, Plans};
use crate::model::Instant;

/// One minute, in milliseconds.
const MINUTE_MS: i64 = 60_000;
/// One day, in milliseconds.
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

/// Tables of planned sends alone.
#[derive(Debug, Default)]
struct Table(Vec<Option<Place>>);

impl Table {
    fn set(&mut self, place: Place) {
        let at = place.enrollment as usize;
        if at >= self.0.len() {
            self.0.resize(at + 1, None);
        }
        self.0[at] = Some(place);
    }
}

impl Plans for Table {
    fn place_of(&self, enrollment: u32) -> Option<Place> {
        self.0.get(enrollment as usize).copied().flatten()
    }
}

/// Numbers in no order, always the same.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
}

fn at(ms: i64) -> Instant {
    Instant::from_ms(1_800_000_000_000).plus_ms(ms)
}

fn first(sender: u32, enrollment: u32, planned: Instant) -> Place {
    Place { sender, first: true, planned, enrollment }
}

/// Plans a send, or plans it anew.
fn plan(lanes: &mut Lanes, table: &mut Table, place: Place) {
    leave(lanes, table, place.enrollment);
    table.set(place);
    lanes.insert(place, table);
}

/// Takes a send out of its timeline.
fn leave(lanes: &mut Lanes, table: &mut Table, enrollment: u32) {
    if let Some(place) = table.place_of(enrollment) {
        lanes.remove(place, table);
        table.0[enrollment as usize] = None;
    }
}

/// Takes what is due, in order.
fn take(lanes: &mut Lanes, table: &mut Table, sender: u32, now: Instant) -> Vec<Place> {
    std::iter::from_fn(|| {
        let place = lanes.due(sender, now, table)?;
        leave(lanes, table, place.enrollment);
        Some(place)
    })
    .collect()
}

#[test]
fn what_was_taken_out_and_put_back_is_met_once() {
    let (mut lanes, mut table) = (Lanes::default(), Table::default());
    let day = |it: i64| at(it * DAY_MS);
    for enrollment in 0..100 {
        plan(&mut lanes, &mut table, first(0, enrollment, day(i64::from(enrollment))));
    }
    // The same instant again, back and forth, and one that comes near.
    for _ in 0..3 {
        plan(&mut lanes, &mut table, first(0, 70, day(70)));
        plan(&mut lanes, &mut table, first(0, 71, day(90)));
        plan(&mut lanes, &mut table, first(0, 71, day(60)));
        plan(&mut lanes, &mut table, first(0, 72, day(0)));
    }
    let taken = take(&mut lanes, &mut table, 0, day(100));
    let mut expected: Vec<(Instant, u32)> = (0..100)
        .map(|it| match it {
            71 => (day(60), it),
            72 => (day(0), it),
            _ => (day(i64::from(it)), it),
        })
        .collect();
    expected.sort_unstable();
    let taken: Vec<_> = taken.iter().map(|it| (it.planned, it.enrollment)).collect();
    assert_eq!(taken, expected);
}

#[test]
fn what_left_without_a_word_is_not_met() {
    let (mut lanes, mut table) = (Lanes::default(), Table::default());
    for enrollment in 0..100 {
        plan(&mut lanes, &mut table, first(0, enrollment, at(i64::from(enrollment))));
    }
    for enrollment in 0..100 {
        let place = table.place_of(enrollment).unwrap();
        table.0[enrollment as usize] = match enrollment % 5 {
            0 => Some(place),
            1 => Some(Place { sender: 1, ..place }),
            2 => Some(Place { first: false, ..place }),
            3 => Some(Place { planned: at(1_000), ..place }),
            _ => None,
        };
    }
    let taken = take(&mut lanes, &mut table, 0, at(999));
    let taken: Vec<u32> = taken.iter().map(|it| it.enrollment).collect();
    assert_eq!(taken, (0..20).map(|it| it * 5).collect::<Vec<u32>>());
}

#[test]
fn a_long_lane_comes_in_order_of_instant_and_enrollment() {
    let (mut lanes, mut table) = (Lanes::default(), Table::default());
    let mut numbers = Numbers(1);
    let mut expected = Vec::new();
    // More than a rung takes, at few enough instants for many to be equal.
    for enrollment in 0..40_000 {
        let planned = at(numbers.below(5_000) as i64 * DAY_MS);
        plan(&mut lanes, &mut table, first(0, enrollment, planned));
        expected.push((planned, enrollment));
    }
    expected.sort_unstable();
    let taken = take(&mut lanes, &mut table, 0, Instant::MAX);
    let taken: Vec<_> = taken.iter().map(|it| (it.planned, it.enrollment)).collect();
    assert!(taken == expected);
    assert_eq!(lanes.due(0, Instant::MAX, &table), None);
}

#[test]
fn a_lane_sleeps_until_its_first_send() {
    let (mut lanes, mut table) = (Lanes::default(), Table::default());
    for enrollment in 0..10 {
        plan(&mut lanes, &mut table, first(3, enrollment, at(i64::from(enrollment) * DAY_MS)));
    }
    lanes.wake(at(0));
    assert_eq!((lanes.next_ready(7), lanes.earliest()), (Some(3), Some(Instant::MIN)));
    assert_eq!(take(&mut lanes, &mut table, 3, at(0)).len(), 1);
    lanes.sleep(3, Instant::MIN);
    assert_eq!((lanes.next_ready(7), lanes.earliest()), (None, Some(at(DAY_MS))));
    lanes.touch(3);
    lanes.wake(at(0));
    lanes.sleep(3, at(2 * DAY_MS));
    assert_eq!(lanes.earliest(), Some(at(2 * DAY_MS)));
    lanes.sleep_until_touched(3);
    lanes.touch(4);
    assert_eq!(lanes.next_ready(7), None);
}

#[test]
fn what_is_parked_again_and_again_is_kept_once() {
    let (mut lanes, mut table) = (Lanes::default(), Table::default());
    for round in 0..10_000 {
        let enrollment = round % 7;
        plan(&mut lanes, &mut table, first(0, enrollment, at(i64::from(round))));
        let place = table.place_of(enrollment).unwrap();
        lanes.park(place, 5 + round % 2, &table);
    }
    assert!(lanes.heap_bytes() < 4_000, "{} bytes", lanes.heap_bytes());
    assert_eq!(lanes.due(0, Instant::MAX, &table), None);
    // Each under the hold of the last round that it was parked in, and under no other.
    for (hold, expected) in [(5, &[0, 2, 5][..]), (6, &[1, 3, 4, 6])] {
        let mut enrollments = lanes.unpark(hold);
        enrollments.sort_unstable();
        assert_eq!(enrollments, expected);
    }
    assert!(lanes.unpark(5).is_empty());
}
