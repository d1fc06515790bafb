//! What searches for whole timelines have found out about full days: it makes the next search of
//! the same kind start behind them, and changes no result.

use std::collections::HashMap;

use super::lineup::Lineup;
use crate::model::Instant;
use crate::plan::{Asker, Scout, Zone};

/// Timelines of the same steps in the same zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Kind {
    pub(crate) campaign: u32,
    pub(crate) zone: Zone,
    /// The first step that is left, and how many are on the schedule.
    pub(crate) steps: (u16, u16),
    pub(crate) asker: Asker,
}

/// What is known of a sender's days, for timelines of one kind.
#[derive(Debug, Default)]
pub(crate) struct Known {
    pub(crate) scout: Scout,
    /// Where the lineup of the kind has it, if that knows it to have no place before an instant.
    pub(crate) place: Option<(Instant, u32)>,
}

/// What is known.
#[derive(Debug, Default)]
pub(crate) struct Scouts {
    pub(super) by_sender: HashMap<u32, HashMap<Kind, Known>>,
    pub(super) lineups: HashMap<Kind, Lineup>,
    /// For timelines of which nothing may be remembered.
    alone: Scout,
}

impl Scouts {
    /// What is known for a kind under a sender, to be added to; nothing for a timeline that is of
    /// no kind.
    pub(crate) fn of(&mut self, sender: u32, kind: Option<Kind>) -> &mut Scout {
        match kind {
            Some(kind) => {
                let of_sender = self.by_sender.entry(sender).or_default();
                &mut of_sender.entry(kind).or_default().scout
            }
            None => {
                self.alone = Scout::default();
                &mut self.alone
            }
        }
    }

    /// A slot of a sender's day became free, or those of it and all before were forgotten.
    pub(crate) fn freed(&mut self, sender: u32, day: i32) {
        for (kind, known) in self.by_sender.get_mut(&sender).into_iter().flatten() {
            known.scout.freed(day);
            let lineup = known.place.and_then(|_| self.lineups.get_mut(kind));
            if let Some(place) =
                known.place.take_if(|_| lineup.as_ref().is_none_or(|it| it.has(day)))
                && let Some(lineup) = lineup
            {
                lineup.open_again(place);
            }
        }
    }

    /// Something about a sender's days changed.
    pub(crate) fn forget_sender(&mut self, sender: u32) {
        for (kind, known) in self.by_sender.remove(&sender).into_iter().flatten() {
            if let (Some(place), Some(lineup)) = (known.place, self.lineups.get_mut(&kind)) {
                lineup.open_again(place);
            }
        }
    }

    /// A sender's days became those of another zone.
    pub(crate) fn forget_zones(&mut self) {
        self.lineups.clear();
    }

    /// Something changed that all timelines depend on.
    pub(crate) fn forget_all(&mut self) {
        self.by_sender.clear();
        self.lineups.clear();
    }
}
