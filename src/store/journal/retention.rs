//! How long segments stay that nobody needs any more. It knows nothing of files.
//!
//! The age of a segment is that of its last write, by the clock of the file system: the store reads
//! no command, so it knows no other time. That clock decides how long history can be read, and
//! nothing else: no outcome and no state depends on which segments are there.

use std::time::{Duration, SystemTime};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A segment that is closed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Aged {
    /// The sequence number that the next one begins with.
    pub next_seq: u64,
    /// When it was last written to.
    pub modified: SystemTime,
}

/// The number below which everything is neither needed nor young: at most `below_seq`. Segments go
/// from the oldest on and without a gap, so a young one keeps those after it, too.
pub(super) fn expendable_below(
    segments: &[Aged],
    below_seq: u64,
    history_days: u32,
    now: SystemTime,
) -> u64 {
    let kept = DAY.saturating_mul(history_days);
    // What was written later than now was written by a clock that was set back: it counts as young.
    let is_old =
        |segment: &&Aged| now.duration_since(segment.modified).is_ok_and(|age| age >= kept);
    segments
        .iter()
        .take_while(|segment| segment.next_seq <= below_seq)
        .take_while(is_old)
        .last()
        .map_or(0, |segment| segment.next_seq)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Segments of ten commands each, by how many days ago they were written to.
    fn check(days_ago: &[i64], below_seq: u64, history_days: u32, expected: u64) {
        let now = SystemTime::UNIX_EPOCH + DAY * 20_000;
        let segments: Vec<Aged> = (1..)
            .zip(days_ago)
            .map(|(number, ago)| {
                let days = DAY * u32::try_from(20_000 - ago).unwrap();
                Aged { next_seq: number * 10 + 1, modified: SystemTime::UNIX_EPOCH + days }
            })
            .collect();
        let found = expendable_below(&segments, below_seq, history_days, now);
        assert_eq!(found, expected, "{days_ago:?} below {below_seq}, {history_days} days");
    }

    #[test]
    fn a_segment_goes_when_it_is_neither_needed_nor_young() {
        check(&[], 100, 90, 0);
        check(&[100, 95, 91, 20], 100, 90, 31);
        check(&[100, 95, 91, 20], 31, 90, 31);
        check(&[100, 95, 91, 20], 30, 90, 21);
        check(&[100, 95, 91, 20], 0, 90, 0);
        check(&[90, 89], 100, 90, 11);
        check(&[3, 2, 1], 100, 0, 31);
        check(&[100, 100], 100, u32::MAX, 0);
    }

    #[test]
    fn a_young_segment_keeps_what_comes_after_it() {
        check(&[100, 5, 100], 100, 90, 11);
    }

    #[test]
    fn a_segment_from_the_future_is_young() {
        check(&[-3, 100], 100, 90, 0);
        check(&[-3], 100, 0, 0);
    }
}
