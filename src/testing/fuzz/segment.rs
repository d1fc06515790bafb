//! Any bytes as a segment of a journal, plain or compressed: whatever the journal makes of them, it
//! is frames in order, the same from wherever they are read, and the same once written anew.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::STORE;
use super::sums::{long, seal_packed, seal_segment};
use crate::engine::port::{Frame, Journal, Sync};
use crate::store::Durability;
use crate::store::journal::{FileJournal, JournalOptions};
use crate::testing::disk::SimDisk;

const DIR: &str = "/journal";
/// Sequence numbers from here on are used up, and no journal comes to them.
const FAR: u64 = u64::MAX - 1;

/// What a frame is: its first number, its last one and its bytes.
pub(super) type Kept = (u64, u64, Vec<u8>);

pub(super) const fn options() -> JournalOptions {
    JournalOptions { durability: Durability::None, segment_bytes: 1_000 }
}

/// The path of the segment that begins with a sequence number.
pub(super) fn path(first: u64, packed: bool) -> PathBuf {
    let suffix = if packed { ".seg.lz4" } else { ".seg" };
    Path::new(DIR).join(format!("{first:020}{suffix}"))
}

pub(super) fn open(disk: &SimDisk) -> Result<(FileJournal, bool), String> {
    let opened = FileJournal::open(Arc::new(disk.clone()), Path::new(DIR), STORE.0, options());
    opened.map(|(journal, torn)| (journal, torn.is_some())).map_err(|error| error.to_string())
}

pub(super) fn create(disk: &SimDisk, seq: u64) -> Result<(), String> {
    let made = FileJournal::create_after(disk, Path::new(DIR), &STORE.0, seq);
    made.map_err(|error| error.to_string())
}

/// The frames from a sequence number on, as far as they check out, and whether that was all.
pub(super) fn frames(journal: &mut FileJournal, from: u64) -> (Vec<Kept>, bool) {
    let mut found = Vec::new();
    let read = journal.read(from, &mut |frame| {
        found.push((frame.first_seq, frame.last_seq, frame.payload.to_vec()));
        Ok(())
    });
    (found, read.is_ok())
}

pub(super) fn append(journal: &mut FileJournal, kept: &[Kept]) -> Result<(), String> {
    for (first_seq, last_seq, payload) in kept {
        let frame = Frame { first_seq: *first_seq, last_seq: *last_seq, payload };
        journal.append(&[frame], Sync::Level).map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// The first bit of the first byte says whether the rest is a compressed segment, the second
/// whether its checksums are put right before.
pub fn segment(bytes: &[u8]) -> Result<(), String> {
    let Some((how, bytes)) = bytes.split_first() else {
        return Ok(());
    };
    let (is_packed, sealed) = (how & 1 == 1, how & 2 == 2);
    let mut bytes = bytes.to_vec();
    match (sealed, is_packed) {
        (true, true) => seal_packed(&STORE.0, &mut bytes),
        (true, false) => seal_segment(&STORE.0, &mut bytes),
        (false, _) => {}
    }
    let first = long(&bytes, 16).clamp(1, FAR);
    let disk = SimDisk::new();
    if is_packed {
        // Only what another segment follows is ever compressed.
        create(&disk, long(&bytes, 24).clamp(first, FAR))?;
    }
    disk.put(&path(first, is_packed), bytes);
    let Ok((mut journal, _)) = open(&disk) else {
        return Ok(());
    };
    if journal.first_seq() != first {
        return Err(format!(
            "it begins with {}, its first segment with {first}",
            journal.first_seq()
        ));
    }
    let (found, whole) = frames(&mut journal, first);
    if found.iter().any(|(_, last, _)| *last >= FAR) {
        return Ok(());
    }
    in_order(first, &found)?;
    let last = found.last().map_or(first - 1, |(_, last, _)| *last);
    if whole && last != journal.last_seq() {
        return Err(format!("its last frame ends with {last}, it with {}", journal.last_seq()));
    }
    if whole {
        from_anywhere(&mut journal, &found)?;
    }
    anew(first, &found)?;
    let (mut again, torn) = open(&disk)?;
    if torn || frames(&mut again, first) != (found, whole) {
        return Err("opened once more, it is another journal".to_owned());
    }
    Ok(())
}

fn in_order(first: u64, found: &[Kept]) -> Result<(), String> {
    let mut next = first;
    for (first, last, _) in found {
        if *first != next || last < first {
            return Err(format!("expected a frame from {next} on, found {first} to {last}"));
        }
        next = last.saturating_add(1);
    }
    Ok(())
}

/// From wherever it is read, the same frames follow.
fn from_anywhere(journal: &mut FileJournal, all: &[Kept]) -> Result<(), String> {
    for (at, (first, last, _)) in all.iter().enumerate() {
        for from in [*first, *last] {
            let (found, whole) = frames(journal, from);
            if !whole || Some(found.as_slice()) != all.get(at..) {
                return Err(format!("read from {from} on, there are other frames"));
            }
        }
    }
    Ok(())
}

/// Frames that are written anew are read back as they were, and so once they are compressed.
fn anew(first: u64, all: &[Kept]) -> Result<(), String> {
    let disk = SimDisk::new();
    create(&disk, first - 1)?;
    let (mut journal, _) = open(&disk)?;
    append(&mut journal, all)?;
    if frames(&mut journal, first) != (all.to_vec(), true) {
        return Err("what was appended is not read back".to_owned());
    }
    let archivist = journal.archivist();
    let end = journal.last_seq().saturating_add(1);
    while archivist.compress_one(end).map_err(|error| error.to_string())?.is_some() {}
    if frames(&mut journal, first) != (all.to_vec(), true) {
        return Err("what was compressed is not read back".to_owned());
    }
    Ok(())
}
