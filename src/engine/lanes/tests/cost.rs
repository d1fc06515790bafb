//! What it costs, in comparisons, moves and look-ups, and in bytes. Nothing here is timed.

use super::{DAY_MS, Numbers, Table, at, first, leave, plan, take};
use crate::engine::cost::taken;
use crate::engine::lanes::Lanes;

/// The order in which sends are planned.
#[derive(Clone, Copy, Debug)]
enum Shape {
    Random,
    Forward,
    Backward,
    AtOnce,
}

const SHAPES: [Shape; 4] = [Shape::Random, Shape::Forward, Shape::Backward, Shape::AtOnce];

/// One lane of so many sends over four years, from so many days on.
fn lane(count: u32, shape: Shape, from: i64) -> (Lanes, Table) {
    let (mut lanes, mut table) = (Lanes::default(), Table::default());
    let (mut numbers, end) = (Numbers(7), 4 * 365 * DAY_MS);
    for it in 0..count {
        let even = end / i64::from(count) * i64::from(it);
        let ms = match shape {
            Shape::Random => numbers.below(end.unsigned_abs()).cast_signed(),
            Shape::Forward => even,
            Shape::Backward => end - even,
            Shape::AtOnce => 0,
        };
        plan(&mut lanes, &mut table, first(0, it, at(from * DAY_MS + ms)));
    }
    (lanes, table)
}

fn log2(count: u32) -> usize {
    count.ilog2() as usize + 1
}

#[test]
fn planning_many_and_meeting_them_costs_little_more_than_sorting_them() {
    for (shape, count) in SHAPES.into_iter().flat_map(|shape| [(shape, 1_000), (shape, 50_000)]) {
        taken();
        let (mut lanes, mut table) = lane(count, shape, 0);
        let planned = taken();
        let met = take(&mut lanes, &mut table, 0, at(5 * 365 * DAY_MS)).len();
        let both = planned + taken();
        let (each, all) = (planned / count as usize, both / count as usize);
        println!("{shape:?} {count}: {each} to plan one, {all} in all");
        assert_eq!(met, count as usize);
        assert!(all <= 4 * log2(count), "{shape:?} {count}: {all} for each");
    }
}

#[test]
fn a_claim_costs_what_it_returns_and_not_what_is_planned() {
    const DUE: u32 = 500;
    for (shape, count) in SHAPES.into_iter().flat_map(|shape| [(shape, 500), (shape, 100_000)]) {
        let (mut lanes, mut table) = lane(count, shape, 365);
        let mut numbers = Numbers(3);
        for it in 0..DUE {
            let ms = numbers.below(DAY_MS.unsigned_abs()).cast_signed();
            plan(&mut lanes, &mut table, first(0, count + it, at(ms)));
        }
        taken();
        let met = take(&mut lanes, &mut table, 0, at(DAY_MS)).len();
        let each = taken() / DUE as usize;
        println!("{shape:?} {count}: {each} to take one");
        assert_eq!(met, DUE as usize);
        assert!(each <= 60, "{shape:?} {count}: {each} for each");
    }
}

#[test]
fn no_single_step_looks_at_everything() {
    let (count, days) = (100_000, 4 * 365);
    let (mut lanes, mut table) = lane(count, Shape::Random, 0);
    let mut most = 0;
    for day in 0..=days {
        loop {
            taken();
            let due = lanes.due(0, at(day * DAY_MS), &table);
            most = most.max(taken());
            let Some(place) = due else {
                break;
            };
            leave(&mut lanes, &mut table, place.enrollment);
        }
    }
    println!("at most {most}");
    assert!(most <= 8192 * 20, "{most}");
}

#[test]
fn what_leaves_before_its_time_costs_no_search_of_its_own() {
    const COUNT: u32 = 50_000;
    for shape in SHAPES {
        let (mut lanes, mut table) = lane(COUNT, shape, 365);
        let mut numbers = Numbers(5);
        taken();
        // Each is planned anew twice, and then most of them leave.
        for _ in 0..2 * COUNT {
            let it = numbers.below(u64::from(COUNT)) as u32;
            let ms = numbers.below(365 * DAY_MS.unsigned_abs()).cast_signed();
            plan(&mut lanes, &mut table, first(0, it, at(400 * DAY_MS + ms)));
        }
        let anew = taken() / (2 * COUNT as usize);
        for it in (0..COUNT).filter(|it| it % 50 != 0) {
            leave(&mut lanes, &mut table, it);
        }
        let gone = taken() / COUNT as usize;
        let (listed, bytes) = (lanes.listed(0, true), lanes.heap_bytes());
        println!("{shape:?}: {anew} to plan anew, {gone} to leave, {listed} listed, {bytes} bytes");
        assert!(anew <= 60 && gone <= 30, "{shape:?}: {anew} to plan anew, {gone} to leave");
        let left = COUNT as usize / 50;
        assert!(listed <= 2 * left + 64 && bytes <= 14 * left, "{shape:?}: {listed}, {bytes}");
    }
}

#[test]
fn an_entry_takes_a_few_bytes_also_where_senders_have_few() {
    const SENDERS: u32 = 5_000;
    for (each, most) in [(1, 12), (8, 12), (16, 12), (40, 10), (200, 6)] {
        let (mut lanes, mut table) = (Lanes::default(), Table::default());
        let mut numbers = Numbers(9);
        for it in 0..SENDERS * each {
            let ms = i64::from(it / SENDERS) * DAY_MS + numbers.below(1_000_000).cast_signed();
            plan(&mut lanes, &mut table, first(it % SENDERS, it, at(ms)));
        }
        let of = |lanes: &Lanes| lanes.heap_bytes() as f64 / f64::from(SENDERS * each);
        let before = of(&lanes);
        // A day in the middle is met by all of them: later rungs are cut then.
        for sender in 0..SENDERS {
            take(&mut lanes, &mut table, sender, at(i64::from(each / 2) * DAY_MS));
        }
        let after = of(&lanes);
        println!("{each} a sender: {before:.1} bytes each; of all, {after:.1} when half is gone");
        assert!(before <= f64::from(most), "{each} a sender: {before:.1}");
        assert!(after <= f64::from(most), "{each} a sender: {after:.1} when half is gone");
    }
}

#[test]
fn an_entry_of_a_long_lane_takes_five_bytes() {
    for shape in SHAPES {
        let (lanes, _) = lane(200_000, shape, 0);
        let each = lanes.heap_bytes() as f64 / 200_000.0;
        println!("{shape:?}: {each:.2} bytes each");
        assert!(each <= 5.1, "{shape:?}: {each:.2}");
    }
}
