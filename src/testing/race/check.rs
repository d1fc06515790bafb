//! What threads saw, each by itself, and whether it can be.

use std::collections::{HashMap, HashSet};

use super::{Call, Counts};
use crate::model::{HoldId, HoldTarget, Instant, Scope};

/// What a hold covers, by keys.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A prospect in a campaign.
    Enrollment(String, String),
    /// A prospect.
    Prospect(String),
    /// A company: the part of its prospects' addresses behind the `@`.
    Company(String),
    /// A campaign.
    Campaign(String),
    /// Everything.
    Workspace,
}

impl Kind {
    /// None for what is not looked at here.
    #[must_use]
    pub fn of(target: &HoldTarget) -> Option<Self> {
        Some(match target {
            HoldTarget::Enrollment { prospect, campaign } => {
                Self::Enrollment(prospect.clone(), campaign.clone())
            }
            HoldTarget::Prospect(key) => Self::Prospect(key.clone()),
            HoldTarget::Company(key) => Self::Company(key.clone()),
            HoldTarget::Campaign(key) => Self::Campaign(key.clone()),
            HoldTarget::Workspace => Self::Workspace,
            _ => return None,
        })
    }

    /// What a rule's hold covers, by how it is told.
    #[must_use]
    pub fn named(scope: Scope, target: &str) -> Option<Self> {
        Some(match scope {
            Scope::Enrollment => {
                let (prospect, campaign) = target.split_once(" in ")?;
                Self::Enrollment(prospect.to_owned(), campaign.to_owned())
            }
            Scope::Prospect => Self::Prospect(target.to_owned()),
            Scope::Company => Self::Company(target.to_owned()),
            Scope::Campaign => Self::Campaign(target.to_owned()),
            Scope::Workspace => Self::Workspace,
            _ => return None,
        })
    }
}

/// A hold that was placed, and since when whoever placed it knows.
#[derive(Clone, Debug)]
pub struct Placed {
    /// The hold.
    pub hold: HoldId,
    /// What it covers.
    pub kind: Kind,
    /// When it ends by itself.
    pub until: Option<Instant>,
    /// When the answer had come.
    pub acknowledged: u64,
}

/// A last look, and what came of it.
#[derive(Clone, Debug)]
pub struct Looked {
    /// The prospect's key.
    pub prospect: String,
    /// The campaign's key.
    pub campaign: String,
    /// The step, counted from 1.
    pub step: u16,
    /// Whether it was to be sent.
    pub went: bool,
    /// When it was asked.
    pub asked: u64,
    /// When the answer had come.
    pub answered: u64,
    /// The time of day by then: no command before had a later one.
    pub answered_at: Instant,
}

/// What must not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Violation {
    /// A message left after a hold that covered it was acknowledged, and before anybody lifted it.
    LeftAfter {
        /// The prospect and the campaign.
        send: (String, String),
        /// The hold.
        hold: HoldId,
    },
    /// A message left twice.
    LeftTwice {
        /// The prospect and the campaign.
        send: (String, String),
        /// The step.
        step: u16,
    },
}

/// What one thread saw, or all of them.
#[derive(Clone, Debug, Default)]
pub(super) struct History {
    /// Whose it is.
    pub thread: u64,
    pub counts: Counts,
    /// Every command, in the order of its thread.
    pub calls: Vec<Call>,
    pub placed: Vec<Placed>,
    /// Holds, and when somebody asked for lifting them.
    pub lifted: Vec<(HoldId, u64)>,
    pub looked: Vec<Looked>,
}

impl History {
    pub(super) fn extend(&mut self, other: Self) {
        self.counts.events += other.counts.events;
        self.calls.extend(other.calls);
        self.placed.extend(other.placed);
        self.lifted.extend(other.lifted);
        self.looked.extend(other.looked);
    }

    pub(super) fn counts(&self) -> Counts {
        let gone = self.looked.iter().filter(|it| it.went).count() as u64;
        Counts {
            holds: self.placed.len() as u64,
            lifts: self.lifted.len() as u64,
            gone,
            called_back: self.looked.len() as u64 - gone,
            ..self.counts
        }
    }

    pub(super) fn check(&self) -> Vec<Violation> {
        let mut lifted: HashMap<HoldId, u64> = HashMap::new();
        for (hold, asked) in &self.lifted {
            lifted.entry(*hold).and_modify(|first| *first = (*first).min(*asked)).or_insert(*asked);
        }
        let mut by_kind: HashMap<&Kind, Vec<&Placed>> = HashMap::new();
        for placed in &self.placed {
            by_kind.entry(&placed.kind).or_default().push(placed);
        }
        let (mut violations, mut gone) = (Vec::new(), HashSet::new());
        for looked in self.looked.iter().filter(|it| it.went) {
            let send = (looked.prospect.clone(), looked.campaign.clone());
            let covers = kinds(looked);
            let holds = covers.iter().filter_map(|kind| by_kind.get(kind)).flatten();
            let covering = holds.into_iter().find(|placed| {
                let known = placed.acknowledged < looked.asked;
                let stays = lifted.get(&placed.hold).is_none_or(|asked| *asked > looked.answered);
                known && stays && placed.until.is_none_or(|until| until > looked.answered_at)
            });
            if let Some(placed) = covering {
                let hold = placed.hold;
                violations.push(Violation::LeftAfter { send: send.clone(), hold });
            }
            if !gone.insert((send.clone(), looked.step)) {
                violations.push(Violation::LeftTwice { send, step: looked.step });
            }
        }
        violations
    }
}

/// Whatever covers a send.
fn kinds(looked: &Looked) -> Vec<Kind> {
    let company = looked.prospect.split_once('@').map(|(_, domain)| domain.to_owned());
    let mut kinds = vec![
        Kind::Enrollment(looked.prospect.clone(), looked.campaign.clone()),
        Kind::Prospect(looked.prospect.clone()),
        Kind::Campaign(looked.campaign.clone()),
        Kind::Workspace,
    ];
    kinds.extend(company.map(Kind::Company));
    kinds
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: Kind, until: Option<i64>, lifted: Option<u64>, asked: u64) -> bool {
        let until = until.map(Instant::from_ms);
        let looked = Looked {
            prospect: "ana@a.example".to_owned(),
            campaign: "spring".to_owned(),
            step: 1,
            went: true,
            asked,
            answered: asked + 10,
            answered_at: Instant::from_ms(5_000),
        };
        let placed = Placed { hold: HoldId(7), kind, until, acknowledged: 100 };
        let lifted = lifted.map(|asked| (HoldId(7), asked)).into_iter().collect();
        let (placed, looked) = (vec![placed], vec![looked]);
        let history = History { placed, lifted, looked, ..History::default() };
        history.check().is_empty()
    }

    #[test]
    fn a_message_after_a_hold_is_seen() {
        let ana = || Kind::Prospect("ana@a.example".to_owned());
        for kind in [
            ana(),
            Kind::Enrollment("ana@a.example".to_owned(), "spring".to_owned()),
            Kind::Company("a.example".to_owned()),
            Kind::Campaign("spring".to_owned()),
            Kind::Workspace,
        ] {
            assert!(!check(kind.clone(), None, None, 101), "{kind:?}");
        }
        assert!(check(Kind::Prospect("ben@a.example".to_owned()), None, None, 101));
        assert!(check(ana(), None, None, 99), "asked before the hold was acknowledged");
        assert!(check(ana(), None, Some(105), 101), "lifted meanwhile");
        assert!(!check(ana(), None, Some(112), 101), "lifted after the answer");
        assert!(!check(ana(), Some(5_001), None, 101));
        assert!(check(ana(), Some(5_000), None, 101), "it may have ended");
    }

    #[test]
    fn a_message_that_leaves_twice_is_seen() {
        let looked = Looked {
            prospect: "ana@a.example".to_owned(),
            campaign: "spring".to_owned(),
            step: 1,
            went: true,
            asked: 1,
            answered: 2,
            answered_at: Instant::from_ms(0),
        };
        let revoked = Looked { went: false, ..looked.clone() };
        let next = Looked { step: 2, ..looked.clone() };
        let mut history =
            History { looked: vec![revoked, looked.clone(), next], ..History::default() };
        assert_eq!(history.check(), []);
        history.looked.push(looked);
        let send = ("ana@a.example".to_owned(), "spring".to_owned());
        assert_eq!(history.check(), [Violation::LeftTwice { send, step: 1 }]);
    }
}
