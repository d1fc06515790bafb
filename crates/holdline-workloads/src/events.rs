//! What happens: the mix of events that a host reports, about people at random and under random
//! ids.

use crate::random::Random;
use crate::schedule::START_MS;

/// Events that happen within one second: each thousand is a second later.
const EVENTS_PER_SECOND: u64 = 1_000;

/// What kind of event it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Of a hundred, 55.
    Open,
    /// Of a hundred, 20.
    Click,
    /// Of a hundred replies, 97. Replies are 10 of a hundred.
    HumanReply,
    /// Of a hundred replies, 3.
    OutOfOffice,
    /// Of a hundred, 6.
    SoftBounce,
    /// Of a hundred, 4.
    MarkInterested,
    /// Of a hundred, 3.
    OptOut,
    /// Of a hundred, 2.
    Inbound,
}

impl Kind {
    /// All kinds; the place of each is its number, for what wants one.
    pub const ALL: [Self; 8] = [
        Self::Open,
        Self::Click,
        Self::HumanReply,
        Self::OutOfOffice,
        Self::SoftBounce,
        Self::MarkInterested,
        Self::OptOut,
        Self::Inbound,
    ];

    /// The type, as the vocabulary of rules has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Click => "click",
            Self::HumanReply | Self::OutOfOffice => "reply",
            Self::SoftBounce => "bounce",
            Self::MarkInterested => "mark",
            Self::OptOut => "opt-out",
            Self::Inbound => "inbound",
        }
    }

    /// The attributes, each with its text.
    #[must_use]
    pub const fn attributes(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Open | Self::OptOut | Self::Inbound => &[],
            Self::Click => &[("url", "https://ours.example/a")],
            Self::HumanReply => &[("kind", "human")],
            Self::OutOfOffice => &[("kind", "out-of-office")],
            Self::SoftBounce => &[("class", "soft")],
            Self::MarkInterested => &[("as", "interested"), ("scope", "prospect")],
        }
    }
}

/// An event as a host has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Incoming {
    /// Its identity.
    pub id: u128,
    /// Whom it is about.
    pub person: u32,
    /// What happened.
    pub kind: Kind,
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
}

/// The mix, without end: a function of the seed and of how many people there are.
#[derive(Clone, Debug)]
pub struct Mix {
    random: Random,
    people: u32,
    made: u64,
}

impl Mix {
    /// The mix about so many people.
    #[must_use]
    pub const fn new(seed: u64, people: u32) -> Self {
        Self { random: Random::new(seed), people, made: 0 }
    }
}

impl Iterator for Mix {
    type Item = Incoming;

    fn next(&mut self) -> Option<Incoming> {
        let random = &mut self.random;
        let (id, person) = (random.wide(), random.below(self.people));
        let kind = match random.below(100) {
            0..55 => Kind::Open,
            55..75 => Kind::Click,
            75..85 if random.below(100) < 3 => Kind::OutOfOffice,
            75..85 => Kind::HumanReply,
            85..91 => Kind::SoftBounce,
            91..95 => Kind::MarkInterested,
            95..98 => Kind::OptOut,
            _ => Kind::Inbound,
        };
        let second = i64::try_from(self.made / EVENTS_PER_SECOND).unwrap_or(0);
        self.made += 1;
        Some(Incoming { id, person, kind, at_ms: START_MS + second * 1_000 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mix_has_the_shares_that_it_says() {
        let mut counts = [0_u32; 8];
        let mut people = std::collections::BTreeSet::new();
        for event in Mix::new(42, 1_000).take(100_000) {
            let place = Kind::ALL.iter().position(|kind| *kind == event.kind).unwrap();
            counts[place] += 1;
            people.insert(event.person);
        }
        let shares = counts.map(|count| f64::from(count) / 1_000.0);
        let expected = [55.0, 20.0, 9.7, 0.3, 6.0, 4.0, 3.0, 2.0];
        for (share, expected) in shares.iter().zip(expected) {
            assert!((share - expected).abs() < 0.5, "{shares:?}");
        }
        assert_eq!(people.len(), 1_000);
        assert_eq!(people.last(), Some(&999));
    }

    #[test]
    fn a_seed_gives_the_same_events_and_another_gives_others() {
        let some = |seed| Mix::new(seed, 50).take(2_500).collect::<Vec<_>>();
        assert_eq!(some(1), some(1));
        assert_ne!(some(1), some(2));
        let ids: std::collections::BTreeSet<u128> = some(1).iter().map(|it| it.id).collect();
        assert_eq!(ids.len(), 2_500);
        assert_eq!(some(1).last().map(|it| it.at_ms), Some(START_MS + 2_000));
    }
}
