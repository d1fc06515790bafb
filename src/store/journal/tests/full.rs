//! The journal on disks with an end, with and without room of its own.

use std::path::Path;
use std::sync::Arc;

use super::{DIR, Durability, fresh, open_with, options};
use crate::engine::port::{Journal, JournalError, Room, Sync};
use crate::store::Reserve;
use crate::store::conformance::{all, frame};
use crate::testing::disk::{Loss, SimDisk};

const SEGMENT: u64 = 600;

fn reserve(disk: &SimDisk, bytes: u64) -> Arc<Reserve> {
    Arc::new(Reserve::open(Arc::new(disk.clone()), Path::new("store"), bytes).unwrap())
}

/// The first group ends a segment, so the second begins one.
#[test]
fn a_group_that_finds_no_room_leaves_the_journal_as_it_was() {
    let payload = vec![7; 700];
    let mut refused = 0;
    for more in (0..900).step_by(13) {
        let disk = fresh();
        let (mut journal, _) = open_with(&disk, options(Durability::Full, SEGMENT)).unwrap();
        journal.append(&[frame(1, 2, &payload)], Sync::Level).unwrap();
        let before = all(&mut journal, 0).unwrap();
        disk.set_capacity(Some(disk.used() + more));
        let appended = journal.append(&[frame(3, 3, &payload)], Sync::Level);
        if let Err(error) = appended {
            refused += 1;
            assert!(matches!(error, JournalError::Full { .. }), "{error}");
            assert_eq!(all(&mut journal, 0).unwrap(), before);
        }
        disk.set_capacity(None);
        // The same group again once there is room, and more.
        let next = journal.last_seq() + 1;
        journal.append(&[frame(next, 9, &payload)], Sync::Level).unwrap();
        let kept = all(&mut journal, 0).unwrap();
        journal.close().unwrap();
        let after = disk.lose_power(Loss::Everything);
        let (mut journal, torn) = open_with(&after, options(Durability::Full, SEGMENT)).unwrap();
        assert_eq!((torn, all(&mut journal, 0).unwrap()), (None, kept));
    }
    assert!(refused > 10, "{refused}");
}

#[test]
fn a_full_disk_takes_what_the_reserve_has_room_for_and_the_close() {
    const RESERVE: u64 = 3 * 1024 * 1024;
    let disk = fresh();
    let (mut journal, _) = open_with(&disk, options(Durability::Full, 100_000)).unwrap();
    let reserve = reserve(&disk, RESERVE);
    journal.keep_room(Arc::clone(&reserve));
    journal.append(&[frame(1, 1, b"first")], Sync::Level).unwrap();
    disk.set_capacity(Some(disk.used()));
    let payload = vec![9; 50_000];
    let full = (2..).find_map(|seq| {
        let appended = journal.append(&[frame(seq, seq, &payload)], Sync::Level);
        appended.err().map(|error| (seq, error))
    });
    let (seq, error) = full.unwrap();
    assert!(matches!(error, JournalError::Full { .. }), "{error}");
    let taken = (seq - 2) * payload.len() as u64;
    assert!(taken > RESERVE - 200_000, "{taken} of {RESERVE} bytes were used");
    assert_eq!(reserve.secured(), 0);
    assert!(!reserve.secure(1), "nobody made room");
    let kept = all(&mut journal, 0).unwrap();
    journal.close().unwrap();
    let (mut again, torn) = open_with(&disk, options(Durability::Full, 100_000)).unwrap();
    assert_eq!((torn, all(&mut again, 0).unwrap()), (None, kept));
    disk.set_capacity(None);
    assert!(reserve.secure(1));
    assert_eq!(reserve.secured(), RESERVE);
}

/// The disk may fill up with others' files at any moment, also while the reserve is made.
#[test]
fn a_reserve_that_does_not_fit_takes_nothing_from_others() {
    let disk = SimDisk::new();
    disk.set_capacity(Some(1000));
    let small = reserve(&disk, 4000);
    assert_eq!((small.secured(), small.wanted(), disk.used()), (0, 4000, 0));
    disk.set_capacity(Some(4000));
    assert!(small.secure(0));
    assert_eq!((small.secured(), disk.used()), (4000, 4000));
    drop(small);
    // It is there the next time, and as long as it should be then.
    assert_eq!(reserve(&disk, 3000).secured(), 3000);
    disk.set_capacity(Some(3500));
    assert_eq!(reserve(&disk, 4000).secured(), 3000);
    assert!(disk.paths().iter().all(|path| !path.starts_with(DIR)));
}
