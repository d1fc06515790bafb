//! What an engine does for its store while it goes on: checkpoints, and behind them compressing,
//! bases and trimming.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::erasing::Erasing;
use crate::engine::port::{ImageError, Room as _};
use crate::engine::{Hurry, ImageMarks, Keeper, Snapshot};
use crate::store::base::{BaseInfo, Bases};
use crate::store::checkpoint::{Checkpoints, Onto, Pace, Writer};
use crate::store::journal::Archivist;
use crate::store::pace::Rests;
use crate::store::{Lock, Options, Reserve, StoreError};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Bases between the newest and those that history needs are no nearer to each other than this
/// part of the time that history stays.
const SPACING: u32 = 8;

/// How many times what it took when it was fresh the database may take.
const GROWN: u64 = 2;
/// What is too little to be worth that.
const SMALL_BYTES: u64 = 32 << 20;

/// Writes checkpoints, and holds the store's lock until the engine has closed.
pub(crate) struct StoreKeeper {
    pub(super) checkpoints: Checkpoints,
    /// The command that the last checkpoint was as of: an older state never replaces a newer one.
    pub(super) kept: u64,
    /// The pages that the newest checkpoint has; none if all are to be written.
    pub(super) marks: Option<ImageMarks>,
    /// What the database took when nothing in it was superseded.
    pub(super) fresh_bytes: u64,
    pub(super) house: House,
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

    fn tend(&mut self, snapshot: &Snapshot) -> Result<bool, String> {
        // Where that fails it is tried again with the next checkpoint, and told at the close.
        match self.erase(snapshot, self.pace.clone()) {
            Ok(true) => Ok(true),
            Ok(false) | Err(_) => self.house.tend(snapshot, SystemTime::now(), &self.pace),
        }
    }

    fn let_go(&mut self, snapshot: Snapshot) {
        // All at once it would take the allocator from whoever commits meanwhile.
        let mut rests = Rests::new(&self.pace);
        snapshot.let_go(&mut || rests.rest());
    }

    fn finish_forgetting(&mut self, snapshot: &Snapshot) -> Result<(), String> {
        while self.erase(snapshot, Pace::Fast)? {}
        Ok(())
    }
}

impl StoreKeeper {
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

/// Keeps what a store takes small: segments that are closed are compressed, the state is written
/// down as a base from time to time, and what neither a base nor history needs goes.
pub(super) struct House {
    pub(super) bases: Bases,
    pub(super) archivist: Archivist,
    /// By how much the journal grows at least until a base is written; never, if 0.
    pub(super) base_bytes: u64,
    pub(super) history_days: u32,
}

impl House {
    pub(super) fn new(bases: Bases, archivist: Archivist, options: &Options) -> Self {
        let Options { base_bytes, history_days, .. } = *options;
        Self { bases, archivist, base_bytes, history_days }
    }

    /// Does one thing that is to be done, for a state of which there is a checkpoint; whether there
    /// may be more.
    fn tend(&self, snapshot: &Snapshot, now: SystemTime, pace: &Pace) -> Result<bool, String> {
        let told = |error: StoreError| error.to_string();
        let below = snapshot.sequence().saturating_add(1);
        // A base comes first: it is due now and then, while there may always be a segment that can
        // be compressed, and what lies before a base would never go.
        if self.is_base_due(snapshot.sequence()).map_err(told)? {
            self.write_base(snapshot, pace).map_err(|error| error.to_string())?;
            self.trim(now).map_err(told)?;
            return Ok(true);
        }
        if self.archivist.at(pace).compress_one(below).map_err(told)?.is_some() {
            return Ok(true);
        }
        self.trim(now).map_err(told).map(|_| false)
    }

    /// Whether the journal since the newest base has outgrown it.
    fn is_base_due(&self, sequence: u64) -> Result<bool, StoreError> {
        let newest = self.bases.list()?.first().copied();
        let (seq, bytes) = newest.map_or((0, 0), |base| (base.seq, base.bytes));
        if self.base_bytes == 0 || seq >= sequence {
            return Ok(false);
        }
        let segments = self.archivist.segments()?;
        let since = segments.iter().filter(|segment| segment.first_seq > seq);
        let since: u64 = since.map(|segment| segment.plain_bytes).sum();
        Ok(since > self.base_bytes.max(bytes.saturating_mul(2)))
    }

    pub(super) fn write_base(
        &self,
        snapshot: &Snapshot,
        pace: &Pace,
    ) -> Result<BaseInfo, ImageError> {
        self.bases.at(pace).write(snapshot.sequence(), |writer| snapshot.write(writer, None))
    }

    /// Lets go of the segments that come before the base that history begins with, and of the bases
    /// that nothing needs. How many segments went.
    pub(super) fn trim(&self, now: SystemTime) -> Result<u64, StoreError> {
        let bases = self.bases.list()?;
        let stay = staying(&bases, self.history_days, now);
        let mut trimmed = 0;
        if let Some(floor) = stay.floor {
            // The only way to what comes after it leads through this base from now on.
            self.bases.read(floor)?;
            let below = floor.saturating_add(1);
            let below = self.archivist.expendable_below(below, self.history_days, now)?;
            trimmed = self.archivist.trim(below)?;
        }
        for base in stay.gone {
            self.bases.remove(base)?;
        }
        Ok(trimmed)
    }
}

/// Which bases are needed.
#[derive(Debug, PartialEq, Eq)]
struct Staying {
    /// The one that history begins with: older than history has to reach, and never the newest.
    floor: Option<u64>,
    gone: Vec<u64>,
}

/// The newest two stay, one that is older than history has to reach, and between them enough that
/// there is always one of the right age: what a new policy counts of the past is found by
/// replaying from a base on. `bases` come newest first.
fn staying(bases: &[BaseInfo], history_days: u32, now: SystemTime) -> Staying {
    let reach = DAY.saturating_mul(history_days);
    let is_old = |base: &&BaseInfo| now.duration_since(base.modified).is_ok_and(|age| age >= reach);
    let floor = bases.iter().skip(1).find(is_old).map(|base| base.seq);
    let mut gone = Vec::new();
    let mut before: Option<SystemTime> = None;
    for (from_newest, base) in bases.iter().enumerate().rev() {
        let beyond = floor.is_some_and(|floor| base.seq < floor);
        let near = before.is_some_and(|before| {
            let apart = base.modified.duration_since(before);
            apart.is_ok_and(|apart| apart < reach / SPACING)
        });
        if beyond || (from_newest > 1 && near) {
            gone.push(base.seq);
        } else {
            before = Some(base.modified);
        }
    }
    Staying { floor, gone }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Engine;
    use crate::json::read_command;
    use crate::store::Store;

    /// Bases of commands 10, 20 and so on, by how many days ago they were written.
    fn check(days_ago: &[u32], history_days: u32, floor: Option<u64>, gone: &[u64]) {
        let now = SystemTime::UNIX_EPOCH + DAY * 20_000;
        let numbered = (1..).zip(days_ago);
        let mut bases: Vec<BaseInfo> = numbered
            .map(|(number, ago)| BaseInfo {
                seq: number * 10,
                bytes: 1,
                modified: now - DAY * *ago,
            })
            .collect();
        bases.reverse();
        let expected = Staying { floor, gone: gone.to_vec() };
        assert_eq!(staying(&bases, history_days, now), expected, "{days_ago:?}, {history_days}");
    }

    /// A store under load that never ended kept all of its journal: after each checkpoint there was
    /// a segment to be compressed before a base, and then the next checkpoint was due.
    #[test]
    fn a_base_does_not_wait_until_everything_is_compressed() {
        let dir = tempfile::tempdir().unwrap();
        let mut options = Options { segment_bytes: 300, base_bytes: 1, ..Options::default() };
        options.checkpoint_bytes = 0;
        let engine = Engine::open(dir.path(), options).unwrap();
        for number in 0..20 {
            let sender = format!(r#""key":"s{number}","limit-per-day":9"#);
            let line = format!(r#"{{"do":"put-sender","at":"2026-03-02T08:00:00Z",{sender}}}"#);
            engine.apply(read_command(line.as_bytes()).unwrap()).unwrap();
        }
        let snapshot = engine.snapshot().unwrap();
        engine.close().unwrap();
        let store = Store::open(dir.path(), options).unwrap();
        let house = House::new(store.bases.clone(), store.journal.archivist(), &options);
        let plain = || {
            let segments = house.archivist.segments().unwrap();
            segments.iter().filter(|segment| !segment.compressed).count()
        };
        let before = plain();
        assert!(before > 3 && house.bases.list().unwrap().is_empty(), "{before} segments");
        let now = SystemTime::UNIX_EPOCH + DAY * 20_000;
        assert!(house.tend(&snapshot, now, &Pace::Fast).unwrap());
        assert_eq!((house.bases.list().unwrap().len(), plain()), (1, before));
        assert!(house.tend(&snapshot, now, &Pace::Fast).unwrap());
        assert_eq!((house.bases.list().unwrap().len(), plain()), (1, before - 1));
    }

    #[test]
    fn the_newest_two_and_what_history_begins_with_stay() {
        check(&[], 90, None, &[]);
        check(&[5], 0, None, &[]);
        check(&[200], 90, None, &[]);
        check(&[200, 100], 90, Some(10), &[]);
        check(&[200, 100, 0], 90, Some(20), &[10]);
        check(&[3, 2, 1, 0], 0, Some(30), &[10, 20]);
    }

    #[test]
    fn between_them_bases_are_not_too_near_to_each_other() {
        check(&[40, 39, 38, 20, 19, 1, 0], 80, None, &[20, 30, 50]);
        check(&[100, 40, 39, 38, 2, 1], 80, Some(10), &[30, 40]);
    }

    #[test]
    fn a_clock_that_was_set_back_lets_nothing_go() {
        let now = SystemTime::UNIX_EPOCH + DAY * 100;
        let base =
            |seq, day| BaseInfo { seq, bytes: 1, modified: SystemTime::UNIX_EPOCH + DAY * day };
        let bases = [base(30, 300), base(20, 200), base(10, 150)];
        let expected = Staying { floor: None, gone: vec![] };
        assert_eq!(staying(&bases, 90, now), expected);
    }
}
