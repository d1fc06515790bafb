//! What all stores are given, and what has to come of it by a model that is too simple to be wrong.

use std::collections::{BTreeMap, HashMap, HashSet};

use holdline_workloads::events::{Incoming, Kind, Mix};
use holdline_workloads::people::{PEOPLE_PER_COMPANY, key};
use holdline_workloads::schedule::{JITTER_MS, START_MS, campaign_of};

use super::{Counts, Workload};

/// One event in so many is a repetition of an earlier one, as hosts deliver them.
const REPEATED_ONE_IN: usize = 100;
/// How many events before it was delivered first, if there are as many: in a group that was
/// answered.
const REPEATED_AFTER: usize = 10_000;
/// Bounces at a company within [`BOUNCE_WINDOW_MS`] that hold it.
pub(crate) const BOUNCES: u64 = 3;
/// A week.
pub(crate) const BOUNCE_WINDOW_MS: i64 = 7 * DAY_MS;
/// How long they hold it: two weeks.
pub(crate) const BOUNCE_HOLD_MS: i64 = 14 * DAY_MS;
/// How long a soft bounce holds a person.
const SOFT_BOUNCE_MS: i64 = 3 * DAY_MS;
/// A day.
pub(crate) const DAY_MS: i64 = 86_400_000;
/// The end of what has none.
pub(crate) const OPEN: i64 = i64::MAX;
/// When due sends are claimed: every first step is due by then, and may go out still.
pub(crate) const NOW_MS: i64 = START_MS + 2 * 3_600_000;
/// When the second step is due after the first one was sent.
pub(crate) const NEXT_MS: i64 = 3 * DAY_MS;

/// How much of everything.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// People, each enrolled in one campaign.
    pub people: u32,
    /// Events of W1.
    pub events: usize,
    /// Sends of W3: at most one for each person.
    pub sends: u32,
    /// What the events follow from.
    pub seed: u64,
}

/// What an event does to the person it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing is held: the timeline is touched.
    Touch,
    /// The person is held until an instant.
    Pause {
        /// In milliseconds; `i64::MAX` without an end.
        until_ms: i64,
    },
    /// As [`Effect::Pause`] for three days, and the third within a week holds the company.
    Bounce {
        /// In milliseconds.
        until_ms: i64,
    },
    /// The person and the company are held without an end.
    PauseCompany,
    /// The person is stopped.
    Stop,
}

/// What the shipped policy does on an event of the mix.
#[must_use]
pub const fn effect(event: &Incoming) -> Effect {
    match event.kind {
        Kind::Open | Kind::Click => Effect::Touch,
        Kind::HumanReply => Effect::PauseCompany,
        Kind::OutOfOffice | Kind::MarkInterested | Kind::Inbound => {
            Effect::Pause { until_ms: OPEN }
        }
        Kind::SoftBounce => Effect::Bounce { until_ms: event.at_ms + SOFT_BOUNCE_MS },
        Kind::OptOut => Effect::Stop,
    }
}

impl Effect {
    /// Its number for what has no enums, and until when the person is held: 0 if not.
    pub(crate) const fn encoded(self) -> (i16, i64) {
        match self {
            Self::Touch => (0, 0),
            Self::Pause { until_ms } => (1, until_ms),
            Self::Bounce { until_ms } => (2, until_ms),
            Self::PauseCompany => (3, OPEN),
            Self::Stop => (4, 0),
        }
    }
}

/// All that a run is about, made before any clock runs.
#[derive(Clone, Debug)]
pub struct Plan {
    /// How much there is.
    pub size: Size,
    /// The key of each person, which is the address.
    pub keys: Vec<String>,
    /// The events in their order, repetitions among them.
    pub events: Vec<Incoming>,
    expected: BTreeMap<Workload, Counts>,
}

impl Plan {
    /// Makes the people and the events, and counts what has to come of them.
    #[must_use]
    pub fn new(size: Size) -> Self {
        let keys: Vec<String> = (0..size.people).map(key).collect();
        let mut events: Vec<Incoming> = Vec::with_capacity(size.events);
        let mut mix = Mix::new(size.seed, size.people);
        while events.len() < size.events {
            let at = events.len();
            let repeated = (at % REPEATED_ONE_IN == REPEATED_ONE_IN - 1)
                .then(|| at.checked_sub(REPEATED_AFTER.min(size.events / 2)))
                .flatten()
                .and_then(|before| events.get(before).copied());
            let Some(event) = repeated.or_else(|| mix.next()) else {
                break;
            };
            events.push(event);
        }
        let mut plan = Self { size, keys, events, expected: BTreeMap::new() };
        plan.expected = Workload::ALL.map(|it| (it, plan.counted(it))).into();
        plan
    }

    /// What has to be there after a run.
    #[must_use]
    pub fn expected(&self, workload: Workload) -> Counts {
        self.expected.get(&workload).cloned().unwrap_or_default()
    }

    /// The key of a person; empty if there is no such.
    pub(crate) fn key(&self, person: u32) -> &str {
        self.keys.get(person as usize).map_or("", String::as_str)
    }

    /// How many are enrolled before a workload begins.
    pub(crate) const fn enrolled_before(&self, workload: Workload) -> u32 {
        match workload {
            Workload::Ingest | Workload::Enrol => 0,
            Workload::Send => self.size.sends,
        }
    }

    /// When the last event happened: holds are counted as of then.
    pub(crate) fn last_ms(&self) -> i64 {
        self.events.iter().map(|event| event.at_ms).max().unwrap_or(START_MS)
    }

    fn counted(&self, workload: Workload) -> Counts {
        let people = u64::from(self.size.people);
        let sends = u64::from(self.size.sends);
        match workload {
            Workload::Ingest => self.held(),
            Workload::Enrol => [("enrolled", people)].into(),
            Workload::Send => [("claimed", sends), ("still due", 0), ("planned", sends)].into(),
        }
    }

    /// W1, event by event, in maps.
    fn held(&self) -> Counts {
        let mut seen = HashSet::new();
        let mut stopped = HashSet::new();
        let mut people: HashMap<u32, i64> = HashMap::new();
        let mut companies: HashMap<u32, i64> = HashMap::new();
        let mut bounces: HashMap<u32, Vec<i64>> = HashMap::new();
        for event in &self.events {
            if !seen.insert(event.id) {
                continue;
            }
            let company = company_of(event.person);
            let mut hold = |until: i64| {
                let held = people.entry(event.person).or_default();
                *held = until.max(*held);
            };
            let mut company_until = 0;
            match effect(event) {
                Effect::Touch => {}
                Effect::Pause { until_ms } => hold(until_ms),
                Effect::Stop => {
                    stopped.insert(event.person);
                }
                Effect::PauseCompany => {
                    hold(OPEN);
                    company_until = OPEN;
                }
                Effect::Bounce { until_ms } => {
                    hold(until_ms);
                    let at = bounces.entry(company).or_default();
                    at.push(event.at_ms);
                    let since = event.at_ms - BOUNCE_WINDOW_MS;
                    if at.iter().filter(|at| **at > since).count() as u64 >= BOUNCES {
                        company_until = event.at_ms + BOUNCE_HOLD_MS;
                    }
                }
            }
            if company_until > 0 {
                let held = companies.entry(company).or_default();
                *held = company_until.max(*held);
            }
        }
        let now = self.last_ms();
        let is_held = |person: &u32| {
            let company = companies.get(&company_of(*person));
            people.get(person).is_some_and(|until| *until > now)
                || company.is_some_and(|until| *until > now)
        };
        let paused = (0..self.size.people).filter(|it| !stopped.contains(it)).filter(is_held);
        [
            ("recorded", seen.len() as u64),
            ("duplicates", (self.events.len() - seen.len()) as u64),
            ("stopped", stopped.len() as u64),
            ("paused", paused.count() as u64),
            ("companies held", companies.values().filter(|until| **until > now).count() as u64),
        ]
        .into()
    }
}

/// The company of a person.
pub(crate) const fn company_of(person: u32) -> u32 {
    person / PEOPLE_PER_COMPANY
}

/// When a person's first step is due for those who plan nothing: at random within the time by
/// which steps are put off, as Holdline's own plan has it.
pub(crate) fn due_ms(person: u32) -> i64 {
    let mixed = u64::from(person).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    START_MS + i64::try_from((mixed >> 32) % u64::from(JITTER_MS)).unwrap_or(0)
}

/// The campaign of a person, as a number that databases take.
pub(crate) fn campaign(person: u32) -> i32 {
    i32::try_from(campaign_of(person)).unwrap_or(0)
}
