//! The mix of events that everything here is measured on, the same for the same seed: 55 % opens,
//! 20 % clicks, 10 % replies of which 3 % out of office, 6 % bounces, 4 % marks, 3 % opt-outs, 2 %
//! others.

use holdline::Event;

use crate::catalogue::FREE_MAIL;
use crate::incoming::Incoming;

/// So many people take part.
const PEOPLE: usize = 10_000;

/// The numbers of SplitMix64: no crate for it, and the same on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        usize::try_from(mixed % limit.max(1) as u64).unwrap_or(0)
    }

    fn pick(&mut self, from: &[&'static str]) -> &'static str {
        from.get(self.below(from.len())).copied().unwrap_or_default()
    }
}

/// So many events of the mix.
#[must_use]
pub fn events(seed: u64, count: usize) -> Vec<Incoming> {
    let mut random = Random(seed);
    (0..count).map(|number| incoming(&mut random, number)).collect()
}

/// One person in three writes from free mail and seldom has a company; a few have no address.
fn incoming(random: &mut Random, number: usize) -> Incoming {
    let person = random.below(PEOPLE);
    let employer = format!("company-{}.example", person / 20);
    let (domain, company) = match person % 30 {
        0 => (None, Some(employer)),
        1 => (Some(random.pick(&FREE_MAIL).to_owned()), Some(employer)),
        2..10 => (Some(random.pick(&FREE_MAIL).to_owned()), None),
        _ => (Some(employer.clone()), Some(employer)),
    };
    let key = format!("person-{person}@{}", domain.as_deref().unwrap_or("nowhere.example"));
    let of = |kind: &str| Event::new(kind, format!("evt-{number}")).source("mail").prospect(&*key);
    let event = match random.below(100) {
        0..55 => of("open"),
        55..75 => of("click").with("url", "https://ours.example/a"),
        75..85 => reply(random, of("reply")),
        85..91 => of("bounce").with("class", random.pick(&["soft", "soft", "hard", "policy"])),
        91..95 => mark(random, of("mark")),
        95..98 => of("opt-out"),
        _ => other(random, of),
    };
    Incoming { event, domain, company }
}

fn reply(random: &mut Random, event: Event) -> Event {
    match random.below(100) {
        0..2 => event.with("kind", "out-of-office").with("return-date", "2026-03-20"),
        2 => event.with("kind", "out-of-office"),
        3..5 => event.with("kind", "auto"),
        5 => event.with("kind", "unknown"),
        _ => {
            let event = event.with("kind", "human");
            match random.pick(&["", "positive", "negative", "referral", "not-now", "unknown"]) {
                "" => event,
                intent => event.with("intent", intent),
            }
        }
    }
}

fn mark(random: &mut Random, event: Event) -> Event {
    let kinds = ["qualified", "unqualified", "interested", "maybe-later", "not-interested"];
    event.with("as", random.pick(&kinds)).with("scope", random.pick(&["prospect", "company"]))
}

fn other(random: &mut Random, of: impl Fn(&str) -> Event) -> Event {
    let outcomes =
        ["connected", "no-answer", "voicemail", "wrong-number", "not-interested", "meeting"];
    match random.below(7) {
        0 => of("inbound"),
        1 => of("complaint"),
        2 => of("meeting.booked"),
        3 => of("call").with("outcome", random.pick(&outcomes)),
        4 => of("company.stage").with("stage", random.pick(&["lead", "customer", "lost"])),
        // No rule listens to these two.
        5 => of("delivered"),
        _ => of("sent"),
    }
}
