//! Random worlds: who is in them, under which calendars, and what happens to them in a year.

use chrono::{NaiveDate, TimeDelta};
use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value as Json, json};

/// Half and quarter hours, both hemispheres, changes at midnight, and none at all.
pub const ZONES: [&str; 25] = [
    "UTC",
    "America/New_York",
    "America/Los_Angeles",
    "America/St_Johns",
    "America/Sao_Paulo",
    "America/Santiago",
    "America/Havana",
    "Atlantic/Azores",
    "Europe/London",
    "Europe/Berlin",
    "Europe/Istanbul",
    "Africa/Cairo",
    "Africa/Casablanca",
    "Asia/Beirut",
    "Asia/Tehran",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Asia/Tokyo",
    "Australia/Adelaide",
    "Australia/Sydney",
    "Australia/Lord_Howe",
    "Pacific/Auckland",
    "Pacific/Chatham",
    "Pacific/Kiritimati",
    "Antarctica/Troll",
];
pub const CAMPAIGNS: [&str; 3] = ["spring", "summer", "autumn"];
pub const SENDERS: [&str; 3] = ["s1", "s2", "s3"];
pub const MODES: [&str; 4] = ["keep", "remaining", "restart", "skip"];
/// More than there are zones: somebody lives in each.
pub const PEOPLE: usize = 30;

pub fn first_day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 1, 1).unwrap()
}

/// Ranges of days, by their distance from the first day (in an act: from its day) and their length.
#[derive(Clone, Debug, Default)]
pub struct Days(Vec<(i64, i64)>);

impl Days {
    fn dates(&self) -> impl Iterator<Item = (NaiveDate, NaiveDate)> {
        let date = |days: i64| first_day() + TimeDelta::days(days);
        self.0.iter().map(move |(first, more)| (date(*first), date(first + more)))
    }

    /// The same, so many days later.
    pub fn later(&self, days: i64) -> Self {
        Self(self.0.iter().map(|(first, more)| (first + days, *more)).collect())
    }

    pub fn contain(&self, date: NaiveDate) -> bool {
        self.dates().any(|(first, last)| (first..=last).contains(&date))
    }

    pub fn json(&self) -> Json {
        self.dates().map(|(first, last)| format!("{first}..{last}")).collect()
    }
}

/// The minutes of a day in which a step may go out, and its weekdays as bits from Monday on.
#[derive(Clone, Debug)]
pub struct Step {
    pub delay: String,
    pub days: u8,
    pub hours: (u32, u32),
    pub jitter_minutes: u32,
}

impl Step {
    pub fn json(&self) -> Json {
        const NAMES: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
        let days: Vec<&str> =
            (0..7).filter(|day| self.days & (1 << day) != 0).map(|day| NAMES[day]).collect();
        let clock = |minute: u32| format!("{:02}:{:02}", minute / 60, minute % 60);
        let hours = format!("{}-{}", clock(self.hours.0), clock(self.hours.1));
        let jitter = format!("{}m", self.jitter_minutes);
        json!({"name": "x", "delay": self.delay, "days": days, "hours": hours, "jitter": jitter})
    }
}

#[derive(Clone, Debug)]
pub struct Campaign {
    pub steps: Vec<Step>,
    pub senders: Vec<&'static str>,
    pub rolling: bool,
}

#[derive(Clone, Debug)]
pub struct World {
    pub campaigns: Vec<Campaign>,
    /// Zone and limit.
    pub senders: Vec<(&'static str, u32)>,
    /// The zone of each, when they are enrolled, and where.
    pub people: Vec<(&'static str, i64, &'static str)>,
    /// What happens on which day.
    pub acts: Vec<(i64, Act)>,
    /// How the host behaves.
    pub seed: u64,
}

#[derive(Clone, Debug)]
pub enum Act {
    Limit(usize, u32),
    Frozen(usize, Days),
    Holidays(Vec<&'static str>),
    Closed(Days),
    Moves(usize, &'static str),
    Steps(usize, usize, Step),
    Rolling(usize, bool),
    Senders(usize, Vec<&'static str>),
    /// An event that a rule answers with a hold of some days.
    Event(usize, &'static str),
    Pause(Json),
    Resume(Json),
    Reschedule(Json, i64),
    /// The host is away for so many days.
    Away(i64),
}

fn step() -> impl Strategy<Value = Step> {
    let delay = prop_oneof![
        (0..200_u32).prop_map(|hours| format!("{hours}h")),
        (0..9_u32).prop_map(|days| format!("{days} calendar days")),
        (0..6_u32).prop_map(|days| format!("{days} business days")),
    ];
    let days = prop_oneof![Just(0b111_1111_u8), Just(0b001_1111), 1_u8..128];
    let quarter = |minute: u32| minute * 15;
    let hours = prop_oneof![
        1 => Just((0, 1440)),
        2 => Just((540, 1020)),
        3 => (0..96_u32, 0..96_u32).prop_map(move |(from, to)| (quarter(from), quarter(to))),
    ];
    let hours = hours.prop_filter("hours that never open", |(from, to)| from != to);
    (delay, days, hours, prop_oneof![Just(0_u32), 1..300_u32]).prop_map(
        |(delay, days, hours, jitter_minutes)| Step { delay, days, hours, jitter_minutes },
    )
}

fn senders() -> impl Strategy<Value = Vec<&'static str>> {
    subsequence(SENDERS.to_vec(), 1..=3)
}

fn campaign() -> impl Strategy<Value = Campaign> {
    (vec(step(), 1..4), senders(), any::<bool>()).prop_map(|(steps, senders, rolling)| Campaign {
        steps,
        senders,
        rolling,
    })
}

fn days() -> impl Strategy<Value = Days> {
    // Some begin at once, when a send may be on its way.
    let first = prop_oneof![Just(0_i64), 0..60_i64];
    vec((first, 0..12_i64), 0..4).prop_map(Days)
}

/// What a person pauses, resumes or gives a date to.
fn target() -> impl Strategy<Value = Json> {
    prop_oneof![
        3 => (0..PEOPLE).prop_map(|at| json!({"prospect": person(at)})),
        1 => select(CAMPAIGNS.to_vec()).prop_map(|key| json!({"campaign": key})),
        1 => select(SENDERS.to_vec()).prop_map(|key| json!({"sender": key})),
        1 => select(CAMPAIGNS.to_vec()).prop_map(|key| json!({"selection": {"campaign": key}})),
        1 => Just(json!({"everything": true})),
    ]
}

fn selection() -> impl Strategy<Value = Json> {
    let campaign = weighted(0.5, select(CAMPAIGNS.to_vec()));
    let prospect = weighted(0.5, (0..PEOPLE).prop_map(person));
    (campaign, prospect).prop_map(|(campaign, prospect)| {
        let mut selection = json!({});
        campaign.into_iter().for_each(|key| selection["campaign"] = key.into());
        prospect.into_iter().for_each(|key| selection["prospect"] = key.into());
        selection
    })
}

fn act() -> impl Strategy<Value = Act> {
    let (campaigns, people, zones) = (0..CAMPAIGNS.len(), 0..PEOPLE, select(ZONES.to_vec()));
    let calendars = subsequence(vec!["us", "de", "gb-eng", "se"], 0..3);
    prop_oneof![
        3 => (0..SENDERS.len(), 0..5_u32).prop_map(|(at, limit)| Act::Limit(at, limit)),
        5 => (0..SENDERS.len(), days()).prop_map(|(at, days)| Act::Frozen(at, days)),
        1 => calendars.prop_map(Act::Holidays),
        4 => days().prop_map(Act::Closed),
        2 => (people.clone(), zones).prop_map(|(at, zone)| Act::Moves(at, zone)),
        2 => (campaigns.clone(), 0..3_usize, step()).prop_map(|(at, n, it)| Act::Steps(at, n, it)),
        1 => (campaigns.clone(), any::<bool>()).prop_map(|(at, rolling)| Act::Rolling(at, rolling)),
        1 => (campaigns, senders()).prop_map(|(at, senders)| Act::Senders(at, senders)),
        8 => (people, select(MODES.to_vec())).prop_map(|(at, mode)| Act::Event(at, mode)),
        3 => target().prop_map(Act::Pause),
        4 => target().prop_map(Act::Resume),
        2 => (selection(), 0..20_i64).prop_map(|(it, days)| Act::Reschedule(it, days)),
        1 => (1..9_i64).prop_map(Act::Away),
    ]
}

pub fn person(at: usize) -> String {
    format!("p{at}@c{}.io", at / 3)
}

pub fn world() -> impl Strategy<Value = World> {
    let senders = vec((select(ZONES.to_vec()), 1..4_u32), SENDERS.len());
    // Many come on the same few days, so that days are full.
    let person = (0..8_i64, select(CAMPAIGNS.to_vec()));
    let people = vec(person, PEOPLE).prop_map(|people| {
        let zones = ZONES.into_iter().cycle();
        people.into_iter().zip(zones).map(|((week, key), zone)| (zone, week * 35, key)).collect()
    });
    let acts = vec((0..365_i64, act()), 0..60).prop_map(|mut acts| {
        acts.sort_by_key(|(day, _)| *day);
        acts
    });
    (vec(campaign(), CAMPAIGNS.len()), senders, people, acts, any::<u64>()).prop_map(
        |(campaigns, senders, people, acts, seed)| World { campaigns, senders, people, acts, seed },
    )
}
