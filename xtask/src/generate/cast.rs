//! Who is in the story: companies, people, senders and campaigns.

use chrono_tz::Tz;
use holdline::model::{
    Action, Campaign, Company, Delay, Hours, Prospect, Sender, Step, StepTiming, Weekdays,
};

use super::clock::{DAY, HOUR, MINUTE, SECOND};
use super::random::Random;

const ZONES: [(u64, Tz); 8] = [
    (9, Tz::America__New_York),
    (6, Tz::America__Chicago),
    (3, Tz::America__Denver),
    (6, Tz::America__Los_Angeles),
    (5, Tz::Europe__London),
    (6, Tz::Europe__Berlin),
    (3, Tz::Asia__Kolkata),
    (2, Tz::Australia__Sydney),
];

/// How many people each company has.
const SIZES: [usize; 40] = [
    60, 56, 52, 48, 45, 42, 40, 38, 36, 34, 32, 30, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17,
    16, 14, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 2, 1, 1,
];
const FREE_MAIL_PEOPLE: usize = 24;

const COMPANY_FIRST: [&str; 20] = [
    "alder", "basalt", "cedar", "delta", "ember", "fjord", "garnet", "harbor", "indigo", "juniper",
    "kestrel", "lumen", "meridian", "north", "onyx", "pioneer", "quarry", "ridge", "summit",
    "timber",
];
const COMPANY_LAST: [&str; 2] = ["works", "labs"];

const FIRST_NAMES: [&str; 40] = [
    "ada", "amir", "anna", "ben", "carla", "chen", "daria", "david", "elena", "emil", "fatima",
    "felix", "grace", "hanna", "hugo", "ines", "ivan", "jana", "jonas", "kavya", "karl", "laura",
    "leo", "lucia", "marco", "maya", "mei", "nadia", "noah", "olga", "omar", "paula", "pedro",
    "priya", "rosa", "samir", "sofia", "theo", "vera", "yuki",
];
const LAST_NAMES: [&str; 40] = [
    "adler", "bauer", "bell", "berg", "castro", "cole", "costa", "diaz", "evans", "fischer",
    "ford", "garcia", "gupta", "haas", "hill", "iyer", "jansen", "kaur", "keller", "kim", "lang",
    "lopez", "mehta", "meyer", "moore", "nair", "novak", "okafor", "olsen", "park", "patel",
    "reyes", "rossi", "shah", "silva", "stone", "tanaka", "vogel", "weber", "young",
];

const EVER: i64 = i64::MAX;

/// A company, and until when it is held.
pub(super) struct Firm {
    pub(super) domain: String,
    pub(super) held_until: i64,
}

/// A prospect, and until when it is held.
pub(super) struct Person {
    pub(super) key: String,
    pub(super) firm: Option<usize>,
    pub(super) zone: Tz,
    /// Whether the zone is known to the engine; the campaign's holds if not.
    pub(super) zone_known: bool,
    pub(super) title: &'static str,
    pub(super) held_until: i64,
}

impl Person {
    pub(super) const fn stop(&mut self) {
        self.held_until = EVER;
    }

    pub(super) fn put(&self) -> Action {
        Action::PutProspect(Prospect {
            key: self.key.clone(),
            zone: self.zone_known.then(|| self.zone.name().to_owned()),
            fields: Some(vec![("title".to_owned(), self.title.to_owned())]),
            ..Prospect::default()
        })
    }
}

/// A sender, and what it sent today.
pub(super) struct Mailbox {
    pub(super) key: &'static str,
    pub(super) zone: Tz,
    pub(super) limit: u32,
    pub(super) gap: i64,
    pub(super) connected: bool,
    /// The day it counts.
    pub(super) day: Option<chrono::NaiveDate>,
    pub(super) sent: u32,
    pub(super) free_at: i64,
}

/// A campaign.
pub(super) struct Sequence {
    pub(super) key: &'static str,
    pub(super) mailboxes: &'static [usize],
    pub(super) hours: (u32, u32),
    /// The delay of each step, and what it is called.
    pub(super) steps: Vec<(Delay, &'static str)>,
    /// How many in 100 people are enrolled in it.
    pub(super) share: u64,
    /// The days of March on which people are enrolled.
    pub(super) days: &'static [i64],
    pub(super) archived: bool,
}

pub(super) const SPRING: usize = 0;
pub(super) const WEBINAR: usize = 2;
pub(super) const WINBACK: usize = 3;

const fn elapsed(ms: i64) -> Delay {
    Delay::ElapsedMs(ms.unsigned_abs())
}

pub(super) fn mailboxes() -> Vec<Mailbox> {
    let mailbox = |key, zone, limit, gap| Mailbox {
        key,
        zone,
        limit,
        gap,
        connected: true,
        day: None,
        sent: 0,
        free_at: 0,
    };
    vec![
        mailbox("ann@ours.example", Tz::America__New_York, 100, 60 * SECOND),
        mailbox("tom@ours.example", Tz::Europe__Berlin, 60, 120 * SECOND),
        mailbox("mia@ours.example", Tz::America__Los_Angeles, 100, 90 * SECOND),
    ]
}

pub(super) fn sequences() -> Vec<Sequence> {
    vec![
        Sequence {
            key: "spring-launch",
            mailboxes: &[0, 2],
            hours: (9, 17),
            steps: vec![
                (elapsed(0), "hello"),
                (Delay::BusinessDays(2), "what-is-new"),
                (elapsed(3 * DAY), "customer-story"),
                (Delay::Days(4), "last-note"),
            ],
            share: 38,
            days: &[2, 3, 4, 5, 6],
            archived: false,
        },
        Sequence {
            key: "partner-program",
            mailboxes: &[1],
            hours: (8, 18),
            steps: vec![
                (elapsed(0), "invitation"),
                (Delay::BusinessDays(1), "how-it-works"),
                (Delay::Days(2), "terms"),
                (Delay::BusinessDays(3), "example"),
                (elapsed(2 * DAY), "question"),
                (Delay::Days(4), "closing"),
            ],
            share: 16,
            days: &[3, 4, 5, 9, 10],
            archived: false,
        },
        Sequence {
            key: "webinar-follow-up",
            mailboxes: &[2, 0],
            hours: (10, 16),
            steps: vec![
                (elapsed(2 * HOUR), "recording"),
                (Delay::Days(1), "slides"),
                (Delay::BusinessDays(2), "offer"),
            ],
            share: 24,
            days: &[4, 5, 6, 9],
            archived: false,
        },
        Sequence {
            key: "winter-winback",
            mailboxes: &[0, 1],
            hours: (9, 16),
            steps: vec![
                (elapsed(0), "we-miss-you"),
                (Delay::Days(3), "what-changed"),
                (Delay::BusinessDays(3), "come-back"),
                (Delay::Days(4), "goodbye"),
                (Delay::Days(2), "survey"),
            ],
            share: 22,
            days: &[2, 3, 4, 5],
            archived: false,
        },
    ]
}

/// The step as the engine is told.
pub(super) fn step(sequence: &Sequence, delay: Delay, name: &str) -> Step {
    let minute = |hour: u32| u16::try_from(hour * 60).unwrap_or_default();
    let (from, to) = sequence.hours;
    Step {
        name: name.to_owned(),
        timing: StepTiming {
            delay,
            weekdays: Weekdays::WORKING,
            hours: Hours::new(minute(from), minute(to)).unwrap_or_default(),
            jitter_ms: u32::try_from(20 * MINUTE).unwrap_or_default(),
        },
    }
}

pub(super) fn put_mailbox(mailbox: &Mailbox) -> Action {
    Action::PutSender(Sender {
        key: mailbox.key.to_owned(),
        zone: Some(mailbox.zone.name().to_owned()),
        limit_per_day: Some(mailbox.limit),
        gap_ms: Some(mailbox.gap.unsigned_abs()),
        frozen: None,
    })
}

pub(super) fn put_sequence(sequence: &Sequence, mailboxes: &[Mailbox]) -> Action {
    let senders = sequence.mailboxes.iter();
    Action::PutCampaign(Campaign {
        key: sequence.key.to_owned(),
        steps: sequence.steps.iter().map(|(delay, name)| step(sequence, *delay, name)).collect(),
        senders: senders
            .filter_map(|index| mailboxes.get(*index))
            .map(|mailbox| mailbox.key.to_owned())
            .collect(),
        zone: Some(Tz::America__New_York.name().to_owned()),
        ..Campaign::default()
    })
}

/// Forty companies. Every third is explicit, with a name; every ninth has a second domain.
pub(super) fn firms() -> (Vec<Firm>, Vec<Action>) {
    let names =
        COMPANY_LAST.iter().flat_map(|last| COMPANY_FIRST.iter().map(move |first| (first, last)));
    let mut firms = Vec::new();
    let mut actions = Vec::new();
    for (index, (first, last)) in names.enumerate() {
        let domain = format!("{first}{last}.example");
        if index.is_multiple_of(3) {
            let second = format!("{first}-group.example");
            actions.push(Action::PutCompany(Company {
                key: domain.clone(),
                name: Some(format!("{} {}", capital(first), capital(last))),
                domains: Vec::from_iter(index.is_multiple_of(9).then_some(second)),
                ..Company::default()
            }));
        }
        firms.push(Firm { domain, held_until: 0 });
    }
    (firms, actions)
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

/// The people of all companies, and those whose address says nothing about where they work.
pub(super) fn people(firms: &[Firm], random: &mut Random) -> Vec<Person> {
    let mut people: Vec<Person> = Vec::new();
    for (index, (firm, size)) in firms.iter().zip(SIZES).enumerate() {
        let home = random.weighted(&ZONES);
        for _ in 0..size {
            let domain = if index.is_multiple_of(9) && random.chance(2000) {
                firm.domain.replace("works.", "-group.").replace("labs.", "-group.")
            } else {
                firm.domain.clone()
            };
            let zone = if random.chance(8500) { home } else { random.weighted(&ZONES) };
            let person = person(Some(index), &domain, zone, &people, random);
            people.push(person);
        }
    }
    for _ in 0..FREE_MAIL_PEOPLE {
        let domain = random.pick(&["gmail.com", "outlook.com", "yahoo.com", "gmx.de"]);
        let zone = random.weighted(&ZONES);
        let person = person(None, domain, zone, &people, random);
        people.push(person);
    }
    people
}

/// A new person, whose address nobody has.
pub(super) fn person(
    firm: Option<usize>,
    domain: &str,
    zone: Tz,
    people: &[Person],
    random: &mut Random,
) -> Person {
    const TITLES: [(u64, &str); 6] = [
        (4, "head of sales"),
        (3, "operations manager"),
        (3, "founder"),
        (2, "head of recruiting"),
        (2, "marketing lead"),
        (1, "engineer"),
    ];
    let key = loop {
        let (first, last) = (random.pick(&FIRST_NAMES), random.pick(&LAST_NAMES));
        // Free mail: addresses that show that they are made up.
        let key = match firm {
            Some(_) => format!("{first}.{last}@{domain}"),
            None => format!("{first}.{last}.sample@{domain}"),
        };
        if people.iter().all(|other| other.key != key) {
            break key;
        }
    };
    let zone_known = random.chance(9300);
    Person {
        key,
        firm,
        // Without a zone of its own, the campaign's counts.
        zone: if zone_known { zone } else { Tz::America__New_York },
        zone_known,
        title: random.weighted(&TITLES),
        held_until: 0,
    }
}
