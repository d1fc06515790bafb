//! What keeps a store small: segments that are closed are compressed, the state is written down as
//! a base from time to time, and what neither a base nor history needs goes.

use std::time::{Duration, SystemTime};

use crate::engine::Snapshot;
use crate::engine::port::ImageError;
use crate::store::base::{BaseInfo, Bases};
use crate::store::checkpoint::Pace;
use crate::store::journal::Archivist;
use crate::store::{Options, StoreError};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Bases between the newest and those that history needs are no nearer to each other than this
/// part of the time that history stays.
const SPACING: u32 = 8;

/// How much went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Trimmed {
    pub(super) segments: u64,
    pub(super) bases: u64,
}

/// Keeps what a store takes small.
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

    /// Writes a base if one is due; whether one was.
    pub(super) fn base(&self, snapshot: &Snapshot, pace: &Pace) -> Result<bool, String> {
        if !self.is_base_due(snapshot.sequence()).map_err(|error| error.to_string())? {
            return Ok(false);
        }
        self.write_base(snapshot, pace).map(|_| true).map_err(|error| error.to_string())
    }

    /// Compresses a segment that is closed, if one is plain; whether one was. There is a checkpoint
    /// as of this command.
    pub(super) fn compress(&self, kept: u64, pace: &Pace) -> Result<bool, String> {
        let compressed = self.archivist.at(pace).compress_one(kept.saturating_add(1));
        compressed.map(|it| it.is_some()).map_err(|error| error.to_string())
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
    /// that nothing needs.
    pub(super) fn trim(&self, now: SystemTime) -> Result<Trimmed, StoreError> {
        let bases = self.bases.list()?;
        let redacted = self.archivist.redacted().floor;
        let stay = staying(&bases, redacted, self.history_days, now);
        let mut went = Trimmed::default();
        if let Some(floor) = stay.floor {
            // The only way to what comes after it leads through this base from now on.
            self.bases.read(floor)?;
            let below = floor.saturating_add(1);
            let below = self.archivist.expendable_below(below, self.history_days, now)?;
            went.segments = self.archivist.trim(below)?;
        }
        for base in stay.gone {
            self.bases.remove(base)?;
            went.bases += 1;
        }
        Ok(went)
    }
}

/// Which bases are needed.
#[derive(Debug, PartialEq, Eq)]
struct Staying {
    /// The one that history begins with.
    floor: Option<u64>,
    gone: Vec<u64>,
}

/// The newest two stay, one that is older than history has to reach, and between them enough that
/// there is always one of the right age: what a new policy counts of the past is found by
/// replaying from a base on. History begins with that old one, which is never the newest: where a
/// base cannot be read, the one before it can. What was redacted cannot be replayed at all, so
/// there history begins with the oldest base behind it, though it be the only one. `bases` come
/// newest first; nothing was redacted if that is 0.
fn staying(bases: &[BaseInfo], redacted: u64, history_days: u32, now: SystemTime) -> Staying {
    let reach = DAY.saturating_mul(history_days);
    let is_old = |base: &&BaseInfo| now.duration_since(base.modified).is_ok_and(|age| age >= reach);
    let old = bases.iter().skip(1).find(is_old).map(|base| base.seq);
    let replayable = |base: &&BaseInfo| redacted > 0 && base.seq >= redacted;
    let floor = old.max(bases.iter().rev().find(replayable).map(|base| base.seq));
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

    /// Bases of commands 10, 20 and so on, by how many days ago they were written.
    fn check(days_ago: &[u32], history_days: u32, floor: Option<u64>, gone: &[u64]) {
        check_redacted(days_ago, 0, history_days, floor, gone);
    }

    fn check_redacted(
        days_ago: &[u32],
        redacted: u64,
        history_days: u32,
        floor: Option<u64>,
        gone: &[u64],
    ) {
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
        let found = staying(&bases, redacted, history_days, now);
        assert_eq!(found, expected, "{days_ago:?}, {redacted}, {history_days}");
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
    fn history_begins_behind_what_was_redacted_though_no_base_is_old() {
        check_redacted(&[0], 10, 90, Some(10), &[]);
        check_redacted(&[30, 20, 0], 11, 90, Some(20), &[10]);
        check_redacted(&[200, 100, 0], 10, 90, Some(20), &[10]);
        check_redacted(&[5], 20, 90, None, &[]);
    }

    #[test]
    fn a_clock_that_was_set_back_lets_nothing_go() {
        let now = SystemTime::UNIX_EPOCH + DAY * 100;
        let base =
            |seq, day| BaseInfo { seq, bytes: 1, modified: SystemTime::UNIX_EPOCH + DAY * day };
        let bases = [base(30, 300), base(20, 200), base(10, 150)];
        let expected = Staying { floor: None, gone: vec![] };
        assert_eq!(staying(&bases, 0, 90, now), expected);
    }
}
