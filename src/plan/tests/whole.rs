//! Whole placement against a planner that tries one day after the other.

use std::collections::BTreeMap;

use chrono::Weekday;
use proptest::prelude::*;

use super::{at, elapsed_days, timing, zone};
use crate::model::{Delay, Hours, Instant, StepTiming, Weekdays};
use crate::plan::{
    Asker, ClosedDays, Ground, Ledger, PromisedDays, Scout, Slot, Stop, Unplaced, Zone, due,
    is_open, next_open, place, place_next, place_whole, window_at,
};
use crate::store::codec;

const DAY: i64 = 86_400_000;

/// Zones of all kinds: half and quarter hours, both hemispheres, changes at midnight, none at all.
const ZONES: [&str; 24] = [
    "UTC",
    "America/New_York",
    "America/Los_Angeles",
    "America/St_Johns",
    "America/Sao_Paulo",
    "America/Santiago",
    "America/Havana",
    "Europe/London",
    "Europe/Dublin",
    "Europe/Berlin",
    "Europe/Warsaw",
    "Europe/Istanbul",
    "Africa/Cairo",
    "Africa/Casablanca",
    "Asia/Tehran",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Asia/Gaza",
    "Australia/Sydney",
    "Australia/Lord_Howe",
    "Pacific/Auckland",
    "Pacific/Chatham",
    "Pacific/Apia",
    "Antarctica/Troll",
];

fn day_of(zone: Zone, at: Instant) -> i32 {
    let date = zone.date_of(at).and_time(chrono::NaiveTime::MIN).and_utc();
    i32::try_from(date.timestamp() / (DAY / 1000)).unwrap()
}

/// All that a [`Ground`] borrows.
#[derive(Clone, Debug)]
struct World {
    zone: Zone,
    day_zone: Zone,
    holidays: ClosedDays,
    frozen: ClosedDays,
    ledger: Ledger,
}

impl World {
    fn free(zone: Zone, limit: Option<u32>) -> Self {
        let (holidays, frozen) = (ClosedDays::default(), ClosedDays::default());
        Self { zone, day_zone: zone, holidays, frozen, ledger: Ledger::new(limit) }
    }

    fn ground(&self, asker: Asker) -> Ground<'_> {
        Ground {
            own: &PromisedDays::NONE,
            paced: None,
            zone: self.zone,
            holidays: &self.holidays,
            day_zone: self.day_zone,
            frozen: &self.frozen,
            ledger: &self.ledger,
            asker,
        }
    }

    fn fill(&mut self, days: std::ops::RangeInclusive<i32>) {
        let limit = self.ledger.limit().unwrap();
        days.for_each(|day| (0..limit).for_each(|_| self.ledger.reserve(day)));
    }

    /// Where a step goes by its windows and the closed days alone, found by going on from opening
    /// to opening.
    fn natural(&self, step: &StepTiming, due: Instant) -> Option<Instant> {
        let mut from = due;
        loop {
            let open =
                next_open(step, self.zone, from).filter(|it| it.ms_since(due) < 1500 * DAY)?;
            let (start, end) = window_at(step, self.zone, open).unwrap();
            // A stretch may begin on the day after the one to which its window belongs.
            let own = |day: i32| step.weekdays.contains(weekday(day));
            let today = day_of(self.zone, start);
            let overnight = step.hours.from_minute() > step.hours.to_minute();
            let minute = self.zone.local(start).signed_duration_since(
                self.zone.local(start).date().and_time(chrono::NaiveTime::MIN),
            );
            let belongs_before = overnight
                && minute.num_minutes() < i64::from(step.hours.to_minute())
                && own(today - 1);
            let date = if belongs_before { today - 1 } else { today };
            if self.holidays.contains(date) {
                from = end;
            } else if self.frozen.contains(day_of(self.day_zone, open)) {
                from = open.plus_ms(60_000 - open.as_ms().rem_euclid(60_000));
            } else {
                return Some(open);
            }
        }
    }

    /// The timeline whose first step is at the first opening after an instant, if all fit.
    fn chain(&self, steps: &[StepTiming], from: Instant, asker: Asker) -> Option<(i32, bool)> {
        let mut taken: Vec<i32> = Vec::new();
        let (mut next, mut fits) = (from, true);
        for (number, step) in steps.iter().enumerate() {
            let placed = self.natural(step, next)?;
            let day = day_of(self.day_zone, placed);
            taken.push(day);
            let own = taken.iter().filter(|it| **it == day).count();
            fits &= self.ledger.left(day, asker) as usize >= own;
            if let Some(after) = steps.get(number + 1) {
                next = due(after.delay, placed, self.zone);
            }
        }
        Some((*taken.first()?, fits))
    }

    /// The day of the first step, by trying one day after the other.
    fn brute(&self, steps: &[StepTiming], due: Instant, asker: Asker) -> Option<i32> {
        let mut from = due;
        for _ in 0..400 {
            let (first, fits) = self.chain(steps, from, asker)?;
            if fits {
                return Some(first);
            }
            let mut next = from.max(Instant::from_ms((i64::from(first) - 1) * DAY));
            while day_of(self.day_zone, next) <= first {
                next = next.plus_ms(900_000 - next.as_ms().rem_euclid(900_000));
            }
            from = next;
        }
        None
    }
}

fn weekday(day: i32) -> Weekday {
    use chrono::Datelike;
    let date = chrono::NaiveDate::from_ymd_opt(1970, 1, 1).unwrap();
    (date + chrono::TimeDelta::days(i64::from(day))).weekday()
}

prop_compose! {
    fn a_step()(
        delay in prop_oneof![
            (0_u64..9).prop_map(elapsed_days),
            (0_u32..9).prop_map(Delay::Days),
            (0_u32..6).prop_map(Delay::BusinessDays),
        ],
        days in prop_oneof![Just(127_u8), Just(31_u8), 1_u8..128],
        from in 0_u16..24,
        to in 0_u16..24,
        whole in proptest::bool::weighted(0.3),
    ) -> StepTiming {
        let among = |day: &Weekday| days & (1 << day.num_days_from_monday()) != 0;
        let hours = Hours::new(from * 60, to * 60).filter(|_| !whole).unwrap_or(Hours::ALL);
        let weekdays = Weekdays::new(Weekdays::ALL.iter().filter(among)).unwrap();
        StepTiming { delay, weekdays, hours, jitter_ms: 0 }
    }
}

prop_compose! {
    fn worlds()(
        zone_at in 0..ZONES.len(),
        day_zone_at in 0..ZONES.len(),
        same in any::<bool>(),
        limit in 1_u32..4,
        start in 19_700_i32..21_000,
        taken in proptest::collection::vec((0_i32..60, 0_u32..4), 0..60),
        holidays in proptest::collection::vec((0_i32..40, 0_i32..3), 0..4),
        frozen in proptest::collection::vec((0_i32..40, 0_i32..5), 0..3),
        hour in 0_i64..24,
    ) -> (World, Instant) {
        let zone = zone(ZONES[zone_at]);
        let day_zone = if same { zone } else { super::zone(ZONES[day_zone_at]) };
        let days = |stretches: Vec<(i32, i32)>| {
            ClosedDays::new(stretches.into_iter().map(|(at, more)| {
                (start + at, start + at + more)
            }))
        };
        let (holidays, frozen) = (days(holidays), days(frozen));
        let mut ledger = Ledger::new(Some(limit));
        for (day, count) in taken {
            (0..count.min(limit)).for_each(|_| ledger.reserve(start + day));
        }
        let from = Instant::from_ms(i64::from(start) * DAY + hour * 3_600_000);
        (World { zone, day_zone, holidays, frozen, ledger }, from)
    }
}

fn stops(steps: &[StepTiming]) -> Vec<Stop<'_>> {
    steps.iter().map(|timing| Stop { timing, seed: 0 }).collect()
}

/// A day of a ledger: mostly near others, some years away, some at the rims of time.
fn ledger_day() -> impl Strategy<Value = i32> {
    let rims = prop_oneof![Just(-719_000), Just(2_932_000)];
    prop_oneof![16 => -300_i32..300, 3 => 3_000_i32..9_000, 1 => rims]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn it_finds_what_trying_every_day_finds(
        (world, from) in worlds(),
        steps in proptest::collection::vec(a_step(), 1..5),
        conversation in any::<bool>(),
    ) {
        let asker = if conversation { Asker::Conversation } else { Asker::Opening };
        let found = place_whole(&world.ground(asker), &stops(&steps), from, &mut Scout::default());
        let expected = world.brute(&steps, from, asker);
        // Beyond what the other planner tries, a place may still be found.
        if let Some(expected) = expected {
            let found = found.as_ref().ok().and_then(|slots| slots.first()).map(|slot| slot.day);
            prop_assert_eq!(found, Some(expected));
        }
        if let Ok(slots) = found {
            let mut ledger = world.ledger.clone();
            let mut next = from;
            for (step, slot) in steps.iter().zip(&slots) {
                prop_assert!(slot.at >= next);
                prop_assert!(is_open(step, world.zone, slot.at));
                prop_assert_eq!(slot.day, day_of(world.day_zone, slot.at));
                prop_assert!(!world.frozen.contains(slot.day));
                prop_assert!(ledger.left(slot.day, asker) > 0, "day {} is overrun", slot.day);
                ledger.reserve(slot.day);
                let after = steps.get(slots.iter().position(|it| it == slot).unwrap() + 1);
                next = after.map_or(next, |after| due(after.delay, slot.at, world.zone));
            }
            prop_assert_eq!(slots.len(), steps.len());
        }
    }

    #[test]
    fn a_years_timelines_stay_within_limits_and_windows(
        (world, from) in worlds(),
        steps in proptest::collection::vec(a_step(), 1..5),
        starts in proptest::collection::vec((0_i64..330, any::<u64>()), 1..60),
        jitter_ms in prop_oneof![Just(0_u32), 0_u32..20_000_000],
    ) {
        let steps: Vec<_> = steps.into_iter().map(|it| StepTiming { jitter_ms, ..it }).collect();
        let mut world = World { ledger: Ledger::new(world.ledger.limit()), ..world };
        let limit = world.ledger.limit().unwrap();
        let mut promised = std::collections::BTreeMap::new();
        for (days, seed) in starts {
            let stops: Vec<_> = steps.iter().map(|timing| Stop { timing, seed }).collect();
            let due = from.plus_ms(days * DAY);
            let ground = world.ground(Asker::Opening);
            let slots = match place_whole(&ground, &stops, due, &mut Scout::default()) {
                Ok(slots) => slots,
                Err(_) => place_next(&ground, stops[0], due).map_or(vec![], |slot| vec![slot]),
            };
            for (slot, step) in slots.iter().zip(&steps) {
                prop_assert!(is_open(step, world.zone, slot.at) && slot.at >= due);
                prop_assert_eq!(slot.day, day_of(world.day_zone, slot.at));
                world.ledger.reserve(slot.day);
                let count = promised.entry(slot.day).or_insert(0_u32);
                *count += 1;
                prop_assert!(*count <= limit);
                prop_assert!(!world.frozen.contains(slot.day));
            }
        }
    }

    #[test]
    fn what_is_known_of_days_changes_no_result(
        (world, from) in worlds(),
        steps in proptest::collection::vec(a_step(), 1..4),
        jitter_ms in prop_oneof![Just(0_u32), 0_u32..20_000_000],
        moves in proptest::collection::vec((0_i64..20, any::<u64>(), any::<bool>()), 1..40),
    ) {
        let steps: Vec<_> = steps.into_iter().map(|it| StepTiming { jitter_ms, ..it }).collect();
        let mut world = world;
        let mut scout = Scout::default();
        let mut placed: Vec<i32> = Vec::new();
        for (days, seed, gives_back) in moves {
            if gives_back && let Some(day) = placed.pop() {
                world.ledger.give_back(day);
                scout.freed(day);
                continue;
            }
            let stops: Vec<_> = steps.iter().map(|timing| Stop { timing, seed }).collect();
            let due = from.plus_ms(days * DAY);
            let ground = world.ground(Asker::Opening);
            let fresh = place_whole(&ground, &stops, due, &mut Scout::default());
            let known = place_whole(&ground, &stops, due, &mut scout);
            prop_assert_eq!(&fresh, &known);
            for slot in known.into_iter().flatten() {
                world.ledger.reserve(slot.day);
                placed.push(slot.day);
            }
        }
    }

    #[test]
    fn the_map_of_full_days_agrees_with_the_counts(
        limit in prop_oneof![Just(None), (0_u32..4).prop_map(Some)],
        changes in proptest::collection::vec((0_u8..4, ledger_day()), 0..200),
        after in prop_oneof![Just(None), (0_u32..4).prop_map(Some)],
        forget in -400_i32..400,
        days in 1_u8..128,
    ) {
        let mut ledger = Ledger::new(limit);
        let mut counts: BTreeMap<i32, (u32, u32)> = BTreeMap::new();
        for (what, day) in changes {
            let count = counts.entry(day).or_default();
            match what {
                0 | 1 => (ledger.reserve(day), count.0 += 1),
                2 => (ledger.give_back(day), count.0 = count.0.saturating_sub(1)),
                _ => (ledger.spend(day), count.1 += 1),
            };
        }
        ledger.set_limit(after);
        ledger.forget_before(forget);
        // Whole words are forgotten: some days before may still be there.
        let is_there = |day: i32, count| day >= forget || ledger.taken(day) == count;
        counts.retain(|day, count| *count != (0, 0) && is_there(*day, *count));
        let counts = counts.into_iter().map(|(day, (promised, spent))| (day, promised, spent));
        let counts: Vec<_> = counts.collect();
        prop_assert_eq!(ledger.iter().collect::<Vec<_>>(), counts);
        let bytes = codec::encode(&ledger).unwrap();
        prop_assert!(bytes.len() < 20 + 20 * ledger.iter().count());
        // What was promised is kept with the timelines.
        let mut read: Ledger = codec::decode(&bytes).unwrap();
        for (day, promised, _) in ledger.iter() {
            let days = std::iter::repeat_n(day, promised as usize);
            read.restore(&days.collect());
        }
        prop_assert!(read.iter().eq(ledger.iter()));
        let among = |day: &Weekday| days & (1 << day.num_days_from_monday()) != 0;
        let wanted = Weekdays::new(Weekdays::ALL.iter().filter(among)).unwrap();
        for asker in [Asker::Opening, Asker::Conversation] {
            for from in (-320..320).step_by(37).chain((2_900..9_000).step_by(677)) {
                let free = |day: &i32| {
                    wanted.contains(weekday(*day)) && ledger.left(*day, asker) > 0
                };
                let expected = (from..from + 1000).find(free);
                prop_assert_eq!(ledger.next_free(from, wanted, asker), expected);
                prop_assert_eq!(read.next_free(from, wanted, asker), expected);
            }
        }
    }
}

fn slots(world: &World, steps: &[StepTiming], due: &str, asker: Asker) -> Vec<String> {
    let found =
        place_whole(&world.ground(asker), &stops(steps), at(due), &mut Scout::default()).unwrap();
    found.iter().map(|Slot { at, .. }| world.zone.local(*at).to_string()).collect()
}

#[test]
fn g8_send_now_waits_for_the_first_day_on_which_all_steps_fit() {
    let mut world = World::free(Zone::UTC, Some(5));
    let steps = [
        timing("Mon-Fri", "09:00-17:00"),
        StepTiming { delay: Delay::Days(2), ..timing("Mon-Fri", "09:00-17:00") },
    ];
    let now = "2026-03-02T10:00:00Z";
    let wednesday = day_of(Zone::UTC, at("2026-03-04T12:00:00Z"));
    let free = slots(&world, &steps, now, Asker::Conversation);
    assert_eq!(free, ["2026-03-02 10:00:00", "2026-03-04 10:00:00"]);
    world.fill(wednesday..=wednesday);
    let moved = slots(&world, &steps, now, Asker::Conversation);
    assert_eq!(moved, ["2026-03-03 09:00:00", "2026-03-05 09:00:00"]);
}

#[test]
fn g12_a_hundred_overdue_under_a_limit_of_thirty() {
    let mut world = World::free(Zone::UTC, Some(30));
    let step = timing("all", "09:00-17:00");
    let mut days = std::collections::BTreeMap::new();
    for _ in 0..100 {
        let due = at("2026-03-02T09:00:00Z");
        let stop = Stop { timing: &step, seed: 0 };
        let slot = place_next(&world.ground(Asker::Conversation), stop, due).unwrap();
        world.ledger.reserve(slot.day);
        *days.entry(slot.day).or_insert(0) += 1;
    }
    assert_eq!(days.into_values().collect::<Vec<_>>(), [30, 30, 30, 10]);
}

#[test]
fn a_share_of_each_day_is_kept_for_conversations() {
    let mut ledger = Ledger::new(Some(10));
    (0..8).for_each(|_| ledger.reserve(7));
    assert_eq!((ledger.left(7, Asker::Opening), ledger.left(7, Asker::Conversation)), (0, 2));
    assert_eq!(ledger.next_free(7, Weekdays::ALL, Asker::Opening), Some(8));
    assert_eq!(ledger.next_free(7, Weekdays::ALL, Asker::Conversation), Some(7));
    // A limit of one has nothing to share, a limit of two has one.
    assert_eq!(Ledger::new(Some(1)).left(0, Asker::Opening), 1);
    assert_eq!(Ledger::new(Some(2)).left(0, Asker::Opening), 1);
    assert_eq!(Ledger::new(None).left(0, Asker::Opening), u32::MAX);
}

#[test]
fn holidays_move_a_step_as_its_weekdays_do_and_freezes_are_the_senders() {
    let mut world = World::free(zone("America/New_York"), Some(100));
    let day = |text: &str| day_of(Zone::UTC, at(text));
    world.holidays = ClosedDays::new([(day("2026-12-25T00:00:00Z"), day("2026-12-25T00:00:00Z"))]);
    let step = [timing("Mon-Fri", "09:00-17:00")];
    let from = "2026-12-25T10:00:00-05:00";
    let placed = |world: &World| slots(world, &step, from, Asker::Opening);
    assert_eq!(placed(&world), ["2026-12-28 09:00:00"]);
    world.day_zone = zone("Asia/Kolkata");
    world.frozen = ClosedDays::new([(day("2026-12-28T00:00:00Z"), day("2026-12-28T00:00:00Z"))]);
    // In Kolkata the 28th ends at 13:30 in New York.
    assert_eq!(placed(&world), ["2026-12-28 13:30:00"]);
}

/// A window from Sunday noon to Monday morning in New York reaches Tuesday in Sydney. Days farther
/// than one from the step's own were not looked at, so such a Tuesday was never tried.
#[test]
fn a_window_over_midnight_reaches_two_days_on_at_the_other_side_of_the_world() {
    let mut world = World::free(zone("America/New_York"), Some(1));
    world.day_zone = zone("Australia/Sydney");
    let step = timing("Sun", "12:00-10:00");
    let monday = day_of(Zone::UTC, at("2026-10-12T00:00:00Z"));
    world.fill(monday - 3..=monday);
    world.fill(monday + 2..=monday + 40);
    let due = at("2026-10-11T12:00:00-04:00");
    let stop = Stop { timing: &step, seed: 0 };
    let slot = place_next(&world.ground(Asker::Conversation), stop, due);
    let expected = at("2026-10-13T00:00:00+11:00");
    assert_eq!(slot, Ok(Slot { at: expected, opens: expected, day: monday + 1 }));
}

#[test]
fn what_never_fits_says_which_step_is_in_the_way() {
    let mut world = World::free(Zone::UTC, Some(1));
    let day = timing("all", "09:00-17:00");
    // Two steps on each day, and one slot.
    let found = place_whole(
        &world.ground(Asker::Opening),
        &stops(&[day, day]),
        at("2026-03-02T09:00:00Z"),
        &mut Scout::default(),
    );
    assert_eq!(found, Err(Unplaced::Full { step: 1 }));
    world.holidays = ClosedDays::new([(20_000, 60_000)]);
    let found = place_next(
        &world.ground(Asker::Opening),
        Stop { timing: &day, seed: 0 },
        at("2026-03-02T09:00:00Z"),
    );
    assert_eq!(found, Err(Unplaced::NothingOpens { step: 0 }));
}

#[test]
fn without_limits_and_closed_days_it_is_plain_placement() {
    let world = World::free(zone("Europe/Berlin"), None);
    let step = StepTiming { jitter_ms: 3_600_000, ..timing("Mon-Fri", "09:00-17:00") };
    for hours in 0..400 {
        let due = at("2026-03-20T00:00:00Z").plus_ms(hours * 3_600_000);
        let stop = Stop { timing: &step, seed: 0x5eed };
        let slot = place_next(&world.ground(Asker::Opening), stop, due).unwrap();
        assert_eq!(Some(slot.at), place(&step, world.zone, due, 0x5eed));
    }
}
