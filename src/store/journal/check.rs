//! Checking a whole journal without changing anything in it, and without stopping at the first
//! thing that is wrong. It knows nothing of what the frames mean.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::closed::Closed;
use super::frame::StoreId;
use super::segment::{self, Next, Walk};
use super::source::Place;
use super::{Inspected, TornTail};
use crate::store::StoreError;
use crate::store::disk::Disk;

/// A segment that was read whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedSegment {
    /// The file.
    pub path: PathBuf,
    /// The first sequence number in it, as its name says.
    pub first_seq: u64,
    /// The last one that checks out; one below the first if none does.
    pub last_seq: u64,
    /// How many frames check out.
    pub frames: u64,
    /// Whether all of it does, but for an end that a crash left.
    pub sound: bool,
}

/// What came of checking a journal.
#[derive(Debug, Default)]
pub struct CheckedJournal {
    /// The segments, the oldest first.
    pub segments: Vec<CheckedSegment>,
    /// What a crash left at the end: the next open cuts it off.
    pub torn: Option<TornTail>,
    /// The last command as of the last clean close, if nothing was appended since.
    pub closed: Option<u64>,
    /// Everything that is wrong.
    pub findings: Vec<StoreError>,
}

/// Reads every segment of the journal in a directory, plain or compressed.
///
/// # Errors
/// [`StoreError::Io`] if the directory cannot be read; what is wrong with its files is in the
/// answer.
pub fn check(
    disk: &Arc<dyn Disk>,
    dir: &Path,
    store: StoreId,
) -> Result<CheckedJournal, StoreError> {
    let mut checked = CheckedJournal::default();
    let listing = segment::list(&**disk, dir)?;
    let last = listing.firsts.last().copied();
    let inspected = Inspected::read(Arc::clone(disk), dir, store);
    checked.closed = Closed::read(&**disk, dir).ok().flatten().map(|note| note.last_seq);
    let mut continues: Option<(u64, u32)> = None;
    for first_seq in &listing.firsts {
        let place = Place { disk: &**disk, dir, store: &store };
        let is_end = last == Some(*first_seq);
        let (segment, ends) = check_segment(
            place,
            *first_seq,
            (is_end && inspected.is_ok()).then_some(&mut checked.torn),
            &mut checked.findings,
        );
        let begins = ends.map(|(begins, _, _)| begins);
        if let (Some((next, checksum)), Some(begins)) = (continues, begins) {
            if next != *first_seq {
                let what = format!("expected a segment that begins with {next}");
                checked.findings.push(StoreError::corrupt(&segment.path, 0, what));
            } else if checksum != begins {
                let what = "the segment does not follow the one before";
                checked.findings.push(StoreError::corrupt(&segment.path, 0, what));
            }
        }
        continues = ends.filter(|_| segment.sound).map(|(_, next, previous)| (next, previous));
        checked.segments.push(segment);
    }
    // Of the last segment it says the same once more, and what the note of the close says besides.
    if let Err(error) = inspected {
        let told = |known: &StoreError| known.to_string() == error.to_string();
        if !checked.findings.iter().any(told) {
            checked.findings.push(error);
        }
    }
    Ok(checked)
}

/// The checksum that a segment begins with, the number that follows it, and its last checksum.
type Ends = (u32, u64, u32);

fn check_segment(
    place: Place<'_>,
    first_seq: u64,
    torn: Option<&mut Option<TornTail>>,
    findings: &mut Vec<StoreError>,
) -> (CheckedSegment, Option<Ends>) {
    let mut segment = CheckedSegment {
        path: place.dir.join(segment::file_name(first_seq)),
        first_seq,
        last_seq: first_seq.saturating_sub(1),
        frames: 0,
        sound: false,
    };
    let opened = place.open(first_seq).and_then(|source| {
        let size = source.size()?;
        Walk::start(source.into_bytes(), place.store, first_seq, size)
    });
    if !segment.path.exists() {
        segment.path = place.dir.join(segment::packed_name(first_seq));
    }
    let mut walk = match opened {
        Ok(walk) => walk,
        Err(error) => {
            findings.push(error);
            return (segment, None);
        }
    };
    let begins = walk.previous;
    loop {
        match walk.next() {
            Ok(Next::Frame(..)) => segment.frames += 1,
            Ok(Next::End) => {
                segment.sound = true;
                break;
            }
            Ok(Next::Bad(bad)) => {
                match torn {
                    Some(torn) => {
                        *torn = Some(walk.rest());
                        segment.sound = true;
                    }
                    None => findings.push(walk.damage(bad)),
                }
                break;
            }
            Err(error) => {
                findings.push(error);
                break;
            }
        }
    }
    segment.last_seq = walk.next_seq.saturating_sub(1);
    (segment, Some((begins, walk.next_seq, walk.ends())))
}
