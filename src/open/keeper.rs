//! What an engine does for its store while it goes on: checkpoints, and behind them whatever has
//! time.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::SystemTime;

use super::erasing::Erasing;
use super::house::{House, Trimmed};
use crate::engine::port::{ImageError, Room as _};
use crate::engine::{Hurry, ImageMarks, Keeper, Snapshot, TakeImage};
use crate::store::checkpoint::{Checkpoints, Onto, Pace, Writer};
use crate::store::pace::Rests;
use crate::store::{Lock, Reserve};

/// How many times what it took when it was fresh the database may take.
const GROWN: u64 = 2;
/// What is too little to be worth that.
const SMALL_BYTES: u64 = 32 << 20;

/// What has time. They take turns, in this order: of each there may always be more to do, and none
/// waits until another is done with all of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Chore {
    /// What went need not be erased or compressed.
    #[default]
    Trim,
    Erase,
    Compress,
}

impl Chore {
    /// The one after it, all round.
    fn next(self) -> Self {
        match self {
            Self::Trim => Self::Erase,
            Self::Erase => Self::Compress,
            Self::Compress => Self::Trim,
        }
    }
}

/// Writes checkpoints, and holds the store's lock until the engine has closed.
pub(crate) struct StoreKeeper {
    pub(super) checkpoints: Checkpoints,
    /// The command that the last checkpoint was as of: an older state never replaces a newer one.
    pub(super) kept: u64,
    /// The last command that forgot somebody, as far as that checkpoint knows.
    pub(super) erased: u64,
    /// The pages that the newest checkpoint has; none if all are to be written.
    pub(super) marks: Option<ImageMarks>,
    /// What the database took when nothing in it was superseded.
    pub(super) fresh_bytes: u64,
    pub(super) house: House,
    /// Whose turn is next.
    pub(super) next: Chore,
    /// That of the last checkpoint; what is done after it goes at the same.
    pub(super) pace: Pace,
    /// Room that is kept for the journal.
    pub(super) reserve: Option<Arc<Reserve>>,
    /// How far removing those who were forgotten has got, once it has begun.
    pub(super) erasing: Option<Erasing>,
    pub(super) _lock: Option<Lock>,
}

impl Keeper for StoreKeeper {
    fn keep(&mut self, snapshot: &Snapshot, hurry: Hurry) -> Result<(), String> {
        let pace = match &hurry {
            Hurry::Awaited | Hurry::Last => Pace::Fast,
            Hurry::InBackground(awaited) => Pace::Gentle(Arc::clone(awaited)),
        };
        self.pace = pace.clone();
        if matches!(hurry, Hurry::Last) {
            // On a full disk the checkpoint gets what was kept for commands.
            let short = self.reserve.as_ref().filter(|it| it.secured() < it.wanted());
            short.map(|reserve| reserve.give(u64::MAX));
        }
        let sequence = snapshot.sequence();
        self.erased = self.erased.max(snapshot.last_erased());
        if sequence <= self.kept {
            return Ok(());
        }
        if self.checkpoints.size() > self.fresh_bytes.max(SMALL_BYTES).saturating_mul(GROWN)
            && self.rewrite((sequence, pace.clone()), snapshot).is_ok()
        {
            return Ok(());
        }
        let onto = if self.marks.is_some() { Onto::Newest } else { Onto::Nothing };
        let mut kept = self.write((sequence, onto, pace.clone()), snapshot);
        if onto == Onto::Newest && matches!(kept, Err(ImageError::Damaged { .. })) {
            // What it would go on from cannot be read; what it is made of is all here.
            self.marks = None;
            kept = self.write((sequence, Onto::Nothing, pace), snapshot);
        }
        kept.map_err(|error| error.to_string())?;
        (self.kept, self.marks) = (sequence, Some(snapshot.marks()));
        Ok(())
    }

    fn keep_base(&mut self, snapshot: &Snapshot) -> Result<(), String> {
        self.house.base(snapshot, &self.pace).map(drop)
    }

    fn tend(&mut self, image: &mut TakeImage<'_>) -> Result<bool, String> {
        self.take_turns(image, SystemTime::now())
    }

    fn let_go(&mut self, snapshot: Snapshot) {
        // All at once it would take the allocator from whoever commits meanwhile.
        let mut rests = Rests::new(&self.pace);
        snapshot.let_go(&mut || rests.rest());
    }

    fn finish_forgetting(&mut self, snapshot: &Snapshot) -> Result<(), String> {
        self.erased = self.erased.max(snapshot.last_erased());
        while self.erase(&mut || Ok(snapshot.clone()), Pace::Fast)? {}
        Ok(())
    }
}

impl StoreKeeper {
    /// Does one thing, of the first in turn that has something to do; whether there was any. One
    /// that fails is tried again when its turn comes, and keeps none of the others from theirs.
    fn take_turns(&mut self, image: &mut TakeImage<'_>, now: SystemTime) -> Result<bool, String> {
        let mut failed = None;
        let first = self.next;
        loop {
            let chore = self.next;
            self.next = chore.next();
            match self.turn(chore, image, now) {
                Ok(true) => return Ok(true),
                Ok(false) => {}
                Err(error) => failed = Some(error),
            }
            if self.next == first {
                return failed.map_or(Ok(false), Err);
            }
        }
    }

    /// Does one thing of this kind; whether there was any.
    fn turn(
        &mut self,
        chore: Chore,
        image: &mut TakeImage<'_>,
        now: SystemTime,
    ) -> Result<bool, String> {
        let (house, pace) = (&self.house, &self.pace);
        match chore {
            Chore::Trim => match house.trim(now) {
                Ok(went) => Ok(went != Trimmed::default()),
                Err(error) => Err(error.to_string()),
            },
            Chore::Erase => self.erase(image, pace.clone()),
            Chore::Compress => house.compress(self.kept, pace),
        }
    }

    /// Writes all of it into a database of its own, while the one that is there stays.
    pub(super) fn rewrite(
        &mut self,
        to: (u64, Pace),
        snapshot: &Snapshot,
    ) -> Result<(), ImageError> {
        let filled = |writer: &mut Writer<'_>| snapshot.write(writer, None);
        let seq = to.0;
        self.checkpoints.rewrite(to, &[], filled)?;
        (self.kept, self.marks) = (seq, Some(snapshot.marks()));
        self.fresh_bytes = self.checkpoints.size();
        Ok(())
    }

    fn write(&mut self, to: (u64, Onto, Pace), snapshot: &Snapshot) -> Result<(), ImageError> {
        let marks = self.marks.as_ref();
        let filled = |writer: &mut Writer<'_>| snapshot.write(writer, marks);
        self.checkpoints.write(to, &[], filled).map(drop)
    }
}
