//! The record of an enrollment, packed: there are more of these than of anything else.
//!
//! What nearly every enrollment has lies in the record itself, in as few bytes as it takes; what
//! few have lies apart, shared with snapshots until it changes. It travels unpacked.

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::freeze::{Anchor, Mark};
use super::record::{DueBy, NONE, Phase, Plan};
use crate::model::Instant;
use crate::plan::PromisedDays;

#[derive(Clone, Debug)]
pub(crate) struct EnrollmentRecord {
    pub(crate) campaign: u32,
    pub(crate) prospect: u32,
    pub(crate) sender: u32,
    /// The last delivery in the table of deliveries.
    pub(crate) last_delivery: u32,
    base: Instant,
    at: Option<Instant>,
    due: Instant,
    settled_step: [u16; 3],
    /// Whether it is settled as of another instant than that from which the delay counts.
    settled_apart: bool,
    position: u8,
    skipped: u8,
    steps: u8,
    pub(crate) attempt: u8,
    pub(crate) phase: Phase,
    by: By,
    days: Days,
    rare: Option<Arc<Rare>>,
}

/// [`DueBy`], as far as it takes a byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    Delay,
    Release,
    Reschedule,
    Retry,
    Missed,
    Restart,
    /// It is among what few have.
    Rare,
}

/// How many days after the first one fit beside it.
const FEW: usize = 4;

/// Promised days, if they are few and lie near to each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Days {
    first: [u8; 3],
    /// How many there are; [`RARE`] if they are among what few have.
    count: u8,
    /// How many days after the one before each of the others is.
    gaps: [u8; FEW],
}

/// More days than could ever lie in the record.
const RARE: u8 = u8::MAX;

/// What few enrollments have.
#[derive(Clone, Debug)]
struct Rare {
    anchor: Anchor,
    days: PromisedDays,
    by: Option<DueBy>,
    settled: Option<Instant>,
    next_of_prospect: u32,
}

impl Default for Rare {
    fn default() -> Self {
        let (anchor, days) = (Anchor::FREE, PromisedDays::NONE);
        Self { anchor, days, by: None, settled: None, next_of_prospect: NONE }
    }
}

impl Rare {
    fn is_nothing(&self) -> bool {
        let Self { anchor, days, by, settled, next_of_prospect } = self;
        let rest = by.is_none() && settled.is_none() && *next_of_prospect == NONE;
        rest && anchor.is_free() && days.is_empty()
    }
}

/// An enrollment on which nothing hangs has no anchor of its own.
static FREE: Anchor = Anchor::FREE;

impl EnrollmentRecord {
    /// One that was just made: of so many steps none is planned.
    pub(crate) fn new((campaign, prospect): (u32, u32), steps: u16, made: Mark) -> Self {
        let mut record = Self {
            campaign,
            prospect,
            sender: NONE,
            last_delivery: NONE,
            base: made.at,
            at: None,
            due: Instant::MIN,
            settled_step: [0; 3],
            settled_apart: false,
            position: 0,
            skipped: 0,
            steps: small(steps),
            attempt: 0,
            phase: Phase::Waiting,
            by: By::Delay,
            days: Days::default(),
            rare: None,
        };
        record.settle(made);
        record
    }

    /// When the next step goes out, and from where it was placed.
    pub(crate) fn plan(&self) -> Plan {
        let by = match self.by {
            By::Delay => DueBy::Delay,
            By::Release => DueBy::Release,
            By::Reschedule => DueBy::Reschedule,
            By::Retry => DueBy::Retry,
            By::Missed => DueBy::Missed,
            By::Restart => DueBy::Restart,
            By::Rare => self.rare.as_ref().and_then(|rare| rare.by).unwrap_or(DueBy::Delay),
        };
        Plan { at: self.at, due: self.due, by }
    }

    /// The planned instant; none if there is no next step or it has no place.
    pub(crate) const fn at(&self) -> Option<Instant> {
        self.at
    }

    pub(crate) fn set_plan(&mut self, plan: Plan) {
        (self.at, self.due) = (plan.at, plan.due);
        self.by = match plan.by {
            DueBy::Delay => By::Delay,
            DueBy::Release => By::Release,
            DueBy::Reschedule => By::Reschedule,
            DueBy::Retry => By::Retry,
            DueBy::Missed => By::Missed,
            DueBy::Restart => By::Restart,
            DueBy::Remaining { .. } | DueBy::Skip { .. } => By::Rare,
        };
        let rare = (self.by == By::Rare).then_some(plan.by);
        if rare.is_some() || self.rare.is_some() {
            self.change_rare(|it| it.by = rare);
        }
    }

    /// The days on which its sender has promised it slots: for the next step and, where its whole
    /// timeline is placed, for each after it. None once they were given back.
    pub(crate) fn days(&self) -> PromisedDays {
        let Days { first: [low, middle, high], count, gaps } = self.days;
        match count {
            0 => PromisedDays::NONE,
            RARE => self.rare.as_ref().map_or(PromisedDays::NONE, |rare| rare.days.clone()),
            _ => {
                let first = i32::from_le_bytes([low, middle, high, 0]);
                let gaps = gaps.iter().take(usize::from(count) - 1);
                let more = gaps.scan(first, |day, gap| {
                    *day += i32::from(*gap);
                    Some(*day)
                });
                std::iter::once(first).chain(more).collect()
            }
        }
    }

    pub(crate) const fn has_days(&self) -> bool {
        self.days.count > 0
    }

    pub(crate) fn set_days(&mut self, days: &PromisedDays) {
        let packed = Days::of(days);
        self.days = packed.unwrap_or(Days { count: RARE, ..Days::default() });
        let rare = if packed.is_none() { days.clone() } else { PromisedDays::NONE };
        if packed.is_none() || self.rare.is_some() {
            self.change_rare(|it| it.days = rare);
        }
    }

    /// Takes over a plan, with the days that are promised for it.
    pub(crate) fn promise(&mut self, plan: Plan, days: &PromisedDays) {
        self.set_plan(plan);
        self.set_days(days);
    }

    /// As of when the plan was made, and up to where the freezes are in it.
    pub(crate) fn settled(&self) -> Mark {
        let [low, middle, high] = self.settled_step.map(u64::from);
        let apart = self.rare.as_ref().filter(|_| self.settled_apart);
        let at = apart.and_then(|rare| rare.settled).unwrap_or(self.base);
        Mark { at, step: high << 32 | middle << 16 | low }
    }

    pub(crate) fn settle(&mut self, settled: Mark) {
        // Steps are twice the numbers of commands: this is enough for a hundred million millions.
        let step = settled.step.min((1 << 48) - 1);
        self.settled_step = [step as u16, (step >> 16) as u16, (step >> 32) as u16];
        let apart = (settled.at != self.base).then_some(settled.at);
        if apart.is_some() || self.settled_apart {
            self.settled_apart = apart.is_some();
            self.change_rare(|it| it.settled = apart);
        }
    }

    /// What the delay of the next step counts from: the previous delivery, or the enrolment.
    pub(crate) const fn base(&self) -> Instant {
        self.base
    }

    /// Counts the delay of the next step from an instant.
    pub(crate) fn set_base(&mut self, base: Instant) {
        let settled = self.settled();
        self.base = base;
        self.settle(settled);
    }

    /// The prospect's enrollment before this one.
    pub(crate) fn next_of_prospect(&self) -> u32 {
        self.rare.as_ref().map_or(NONE, |rare| rare.next_of_prospect)
    }

    pub(crate) fn set_next_of_prospect(&mut self, next: u32) {
        if next != self.next_of_prospect() {
            self.change_rare(|it| it.next_of_prospect = next);
        }
    }

    /// Steps that are behind it: the index of the next one.
    pub(crate) fn position(&self) -> u16 {
        self.position.into()
    }

    pub(crate) fn set_position(&mut self, position: u16) {
        self.position = small(position);
    }

    /// How many of them did not go out, but were skipped on a release.
    pub(crate) fn skipped(&self) -> u16 {
        self.skipped.into()
    }

    pub(crate) fn set_skipped(&mut self, skipped: u16) {
        self.skipped = small(skipped);
    }

    /// Steps that are on its schedule.
    pub(crate) fn steps(&self) -> u16 {
        self.steps.into()
    }

    pub(crate) fn set_steps(&mut self, steps: u16) {
        self.steps = small(steps);
    }

    pub(crate) fn anchor(&self) -> &Anchor {
        self.rare.as_ref().map_or(&FREE, |rare| &rare.anchor)
    }

    pub(crate) fn change_anchor<R>(&mut self, change: impl FnOnce(&mut Anchor) -> R) -> R {
        self.change_rare(|rare| change(&mut rare.anchor))
    }

    fn change_rare<R>(&mut self, change: impl FnOnce(&mut Rare) -> R) -> R {
        let rare = Arc::make_mut(self.rare.get_or_insert_default());
        let result = change(rare);
        if rare.is_nothing() {
            self.rare = None;
        }
        result
    }

    /// Whether its next send opens the conversation. Follow-ups outrank it.
    pub(crate) const fn is_first(&self) -> bool {
        self.last_delivery == NONE && self.attempt == 0
    }

    /// Forgets the plan of a step that it has no more, because its campaign has fewer.
    pub(crate) fn drop_if_over(&mut self) {
        if self.phase == Phase::Waiting && !self.has_next() {
            self.promise(Plan::NOTHING, &PromisedDays::NONE);
        }
    }

    /// Whether a step is left on its schedule.
    pub(crate) const fn has_next(&self) -> bool {
        self.position < self.steps
    }
}

/// A number of steps in a byte: a campaign never has more than a hundred.
fn small(steps: u16) -> u8 {
    u8::try_from(steps).unwrap_or(u8::MAX)
}

impl Days {
    /// The days, packed; none if they do not fit.
    fn of(days: &PromisedDays) -> Option<Self> {
        let mut packed = Self::default();
        let mut before = None;
        for (at, day) in days.iter().enumerate() {
            match before {
                None => match day.to_le_bytes() {
                    [low, middle, high, 0] => packed.first = [low, middle, high],
                    _ => return None,
                },
                Some(before) => {
                    let gap = day.checked_sub(before).and_then(|gap| u8::try_from(gap).ok());
                    *packed.gaps.get_mut(at.checked_sub(1)?)? = gap?;
                }
            }
            before = Some(day);
            packed.count += 1;
        }
        Some(packed)
    }
}

/// How it travels: its parts as they are, one after the other.
#[derive(Serialize, Deserialize)]
#[serde(rename = "EnrollmentRecord")]
struct Unpacked {
    campaign: u32,
    prospect: u32,
    sender: u32,
    next_of_prospect: u32,
    last_delivery: u32,
    position: u16,
    skipped: u16,
    steps: u16,
    attempt: u8,
    phase: Phase,
    base: Instant,
    plan: Plan,
    days: PromisedDays,
    settled: Mark,
    anchor: Anchor,
}

impl Serialize for EnrollmentRecord {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let unpacked = Unpacked {
            campaign: self.campaign,
            prospect: self.prospect,
            sender: self.sender,
            next_of_prospect: self.next_of_prospect(),
            last_delivery: self.last_delivery,
            position: self.position(),
            skipped: self.skipped(),
            steps: self.steps(),
            attempt: self.attempt,
            phase: self.phase,
            base: self.base,
            plan: self.plan(),
            days: self.days(),
            settled: self.settled(),
            anchor: self.anchor().clone(),
        };
        unpacked.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for EnrollmentRecord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let unpacked = Unpacked::deserialize(deserializer)?;
        if unpacked.steps.max(unpacked.position).max(unpacked.skipped) > u16::from(u8::MAX) {
            return Err(de::Error::custom("an enrollment has more steps than there can be"));
        }
        let of = (unpacked.campaign, unpacked.prospect);
        let mut record = Self::new(of, unpacked.steps, unpacked.settled);
        record.sender = unpacked.sender;
        record.set_next_of_prospect(unpacked.next_of_prospect);
        record.last_delivery = unpacked.last_delivery;
        record.set_position(unpacked.position);
        record.set_skipped(unpacked.skipped);
        (record.attempt, record.phase) = (unpacked.attempt, unpacked.phase);
        record.set_base(unpacked.base);
        record.set_plan(unpacked.plan);
        record.set_days(&unpacked.days);
        if !unpacked.anchor.is_free() {
            record.change_anchor(|anchor| *anchor = unpacked.anchor);
        }
        Ok(record)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::codec;

    fn at(ms: i64) -> Instant {
        Instant::from_ms(ms)
    }

    /// What was put in comes out, of the record and of its bytes.
    fn check(plan: Plan, days: &[i32], settled: Mark, held: bool) {
        let days: PromisedDays = days.iter().copied().collect();
        let mut record = EnrollmentRecord::new((1, 2), 100, Mark { at: at(5), step: 9 });
        record.set_plan(Plan { by: DueBy::Remaining { days: 9, ms: 9 }, ..Plan::NOTHING });
        record.set_days(&[1, 1000].into_iter().collect());
        if held {
            record.change_anchor(|anchor| anchor.attach(7, settled));
        }
        record.set_plan(plan);
        record.set_days(&days);
        record.settle(settled);
        let bytes = codec::encode(&record).unwrap();
        let read: EnrollmentRecord = codec::decode(&bytes).unwrap();
        for it in [&record, &read] {
            assert_eq!((it.plan(), it.days(), it.settled()), (plan, days.clone(), settled));
            assert_eq!((it.at(), it.has_days()), (plan.at, !days.is_empty()));
            assert_eq!(it.anchor().live(), if held { &[7][..] } else { &[] });
            assert_eq!((it.campaign, it.prospect, it.steps(), it.base()), (1, 2, 100, at(5)));
        }
        let simple = !matches!(plan.by, DueBy::Remaining { .. } | DueBy::Skip { .. });
        let few = days.iter().count() <= 5 && days.iter().all(|day| (0..1 << 24).contains(&day));
        let apart = settled.at != record.base;
        assert_eq!(record.rare.is_none(), simple && few && !held && !apart);
        record.set_base(settled.at);
        record.set_next_of_prospect(4);
        assert_eq!((record.base(), record.settled()), (settled.at, settled));
        assert_eq!(record.next_of_prospect(), 4);
        record.set_next_of_prospect(NONE);
        assert_eq!(record.rare.is_none(), simple && few && !held);
    }

    #[test]
    fn what_is_packed_comes_out_again() {
        let settled = Mark { at: Instant::MAX, step: (1 << 48) - 1 };
        for by in [
            DueBy::Delay,
            DueBy::Release,
            DueBy::Reschedule,
            DueBy::Retry,
            DueBy::Missed,
            DueBy::Restart,
            DueBy::Remaining { days: 3, ms: 70_000 },
            DueBy::Skip { steps: 2 },
        ] {
            let plan = Plan { at: Some(at(1_772_000_000_123)), due: at(77), by };
            check(plan, &[20_500, 20_502, 20_502, 20_504, 20_759], settled, false);
            check(Plan { at: None, ..plan }, &[], Mark { at: at(0), step: 0 }, true);
        }
        for days in [&[-3, 4][..], &[1 << 24], &[1, 2, 3, 4, 5, 6], &[20_500]] {
            check(Plan::NOTHING, days, settled, false);
            check(Plan::NOTHING, days, settled, true);
        }
    }

    #[test]
    fn a_copy_keeps_what_few_have() {
        let mut record = EnrollmentRecord::new((1, 2), 3, Mark { at: at(5), step: 9 });
        record.change_anchor(|anchor| anchor.attach(7, Mark { at: at(6), step: 11 }));
        let copy = record.clone();
        record.change_anchor(|anchor| anchor.attach(8, Mark { at: at(6), step: 12 }));
        assert_eq!((copy.anchor().live(), record.anchor().live()), (&[7][..], &[7, 8][..]));
    }

    #[test]
    fn bytes_of_more_steps_than_there_can_be_are_refused() {
        let made = Mark { at: at(5), step: 9 };
        let bytes = codec::encode(&EnrollmentRecord::new((1, 2), 250, made)).unwrap();
        let more: Vec<u8> = bytes.iter().map(|it| if *it == 250 { 251 } else { *it }).collect();
        assert!(codec::decode::<EnrollmentRecord>(&bytes).is_ok());
        // In the encoding a length of 251 says that two bytes come.
        assert!(codec::decode::<EnrollmentRecord>(&more).is_err());
    }
}
