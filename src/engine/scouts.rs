//! What searches for whole timelines have found out about full days: it makes the next search of
//! the same kind start behind them, and changes no result.

use std::collections::HashMap;

use crate::plan::{Asker, Scout, Zone};

/// Timelines of the same steps in the same zone, under one sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Kind {
    pub(crate) sender: u32,
    pub(crate) campaign: u32,
    pub(crate) zone: Zone,
    /// The first step that is left, and how many are on the schedule.
    pub(crate) steps: (u16, u16),
    pub(crate) asker: Asker,
}

/// What is known.
#[derive(Debug, Default)]
pub(crate) struct Scouts {
    by_sender: HashMap<u32, HashMap<Kind, Scout>>,
    /// For timelines of which nothing may be remembered.
    alone: Scout,
}

impl Scouts {
    /// What is known for a kind, to be added to; nothing for a timeline that is of no kind.
    pub(crate) fn of(&mut self, kind: Option<Kind>) -> &mut Scout {
        match kind {
            Some(kind) => {
                let of_sender = self.by_sender.entry(kind.sender).or_default();
                of_sender.entry(kind).or_default()
            }
            None => {
                self.alone = Scout::default();
                &mut self.alone
            }
        }
    }

    /// A slot of a sender's day became free.
    pub(crate) fn freed(&mut self, sender: u32, day: i32) {
        let known = self.by_sender.get_mut(&sender);
        known.into_iter().flat_map(HashMap::values_mut).for_each(|scout| scout.freed(day));
    }

    /// Something about a sender's days changed.
    pub(crate) fn forget_sender(&mut self, sender: u32) {
        self.by_sender.remove(&sender);
    }

    /// Something changed that all timelines depend on.
    pub(crate) fn forget_all(&mut self) {
        self.by_sender.clear();
    }
}
