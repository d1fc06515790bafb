//! The journal in files, on disks that are cut, flipped, failing and without power.

mod full;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::{Durability, FileJournal, JournalOptions, StoreError, TornTail};
use crate::engine::port::{Journal, JournalError, MemoryJournal, Sync};
use crate::store::conformance::{self, all, frame};
use crate::store::disk::{Disk, OsDisk};
use crate::testing::disk::{Loss, SimDisk};

pub(super) const STORE: [u8; 16] = *b"a store of tests";
pub(super) const DIR: &str = "journal";

pub(super) type Opened = Result<(FileJournal, Option<TornTail>), StoreError>;
pub(super) type Kept = Vec<(u64, u64, Vec<u8>)>;

pub(super) const fn options(durability: Durability, segment_bytes: u64) -> JournalOptions {
    JournalOptions { durability, segment_bytes }
}

pub(super) fn open_with(disk: &SimDisk, options: JournalOptions) -> Opened {
    FileJournal::open(Arc::new(disk.clone()), Path::new(DIR), STORE, options)
}

pub(super) fn open(disk: &SimDisk) -> Opened {
    open_with(disk, options(Durability::Full, 1 << 20))
}

pub(super) fn fresh() -> SimDisk {
    let disk = SimDisk::new();
    FileJournal::create(&disk, Path::new(DIR), &STORE).unwrap();
    disk
}

fn first_segment() -> PathBuf {
    Path::new(DIR).join("00000000000000000001.seg")
}

/// Three frames: one within a sector, one over several, one that ends in the next.
fn three() -> (SimDisk, Kept) {
    let disk = fresh();
    let (mut journal, _) = open(&disk).unwrap();
    let long: Vec<u8> = (0..1300_u32).map(|at| (at % 250 + 1) as u8).collect();
    journal.append(&[frame(1, 2, b"first")], Sync::Level).unwrap();
    journal.append(&[frame(3, 3, &long)], Sync::Level).unwrap();
    journal.append(&[frame(4, 9, &[9; 700])], Sync::Level).unwrap();
    let kept = all(&mut journal, 0).unwrap();
    (disk, kept)
}

#[test]
fn conforms_in_memory() {
    conformance::journal(MemoryJournal::new);
}

#[test]
fn conforms_on_a_simulated_disk_and_a_real_one() {
    for segment_bytes in [1, 600, 1 << 20] {
        for durability in [Durability::Full, Durability::None] {
            // A suite that trims needs more than one segment.
            let segment_bytes = segment_bytes.min(4000);
            conformance::journal(|| {
                let options = options(durability, segment_bytes);
                open_with(&fresh(), options).unwrap().0
            });
        }
    }
    let dirs = tempfile::tempdir().unwrap();
    let mut count = 0;
    conformance::journal(|| {
        count += 1;
        let dir = dirs.path().join(count.to_string());
        std::fs::create_dir(&dir).unwrap();
        FileJournal::create(&OsDisk, &dir, &STORE).unwrap();
        let options = options(Durability::Full, 600);
        FileJournal::open(Arc::new(OsDisk), &dir, STORE, options).unwrap().0
    });
}

#[test]
fn a_cut_at_every_length_opens_to_whole_frames() {
    let (disk, kept) = three();
    let path = first_segment();
    let bytes = disk.bytes(&path).unwrap();
    let mut counts = [0; 4];
    for len in 64..bytes.len() {
        let cut = disk.copy();
        cut.put(&path, bytes[..len].to_vec());
        let (mut journal, torn) = open(&cut).unwrap();
        let found = all(&mut journal, 0).unwrap();
        assert_eq!(found, kept[..found.len()], "cut at {len}");
        counts[found.len()] += 1;
        let end = journal.end();
        let expected = (end < len as u64).then(|| TornTail {
            file: path.clone(),
            offset: end,
            bytes: len as u64 - end,
        });
        assert_eq!(torn, expected, "cut at {len}");
        let next = journal.last_seq() + 1;
        journal.append(&[frame(next, next, b"on")], Sync::Level).unwrap();
        let (mut again, torn) = open(&cut).unwrap();
        assert_eq!((torn, all(&mut again, next)), (None, Ok(vec![(next, next, b"on".to_vec())])));
    }
    assert_eq!(counts, [128, 1408, 832, 0], "every cut was seen");
    for len in 0..64 {
        disk.put(&path, bytes[..len].to_vec());
        assert!(matches!(open(&disk), Err(StoreError::Corrupt { offset: 0, .. })));
    }
}

#[test]
fn what_is_wrong_with_a_journal_is_told_once() {
    let (disk, _) = three();
    let check = |disk: &SimDisk| {
        let disk: Arc<dyn Disk> = Arc::new(disk.clone());
        super::check(&disk, Path::new(DIR), STORE).unwrap().findings
    };
    assert_eq!(check(&disk).len(), 0);
    let path = first_segment();
    let mut flipped = disk.bytes(&path).unwrap();
    // In the second of three frames: the last segment is read by two.
    flipped[600] ^= 1;
    disk.put(&path, flipped);
    let findings = check(&disk);
    assert!(matches!(findings[..], [StoreError::Corrupt { .. }]), "{findings:?}");
}

#[test]
fn a_flip_at_every_offset_is_told() {
    let (disk, _) = three();
    let path = first_segment();
    let bytes = disk.bytes(&path).unwrap();
    for at in 0..bytes.len() {
        for flip in [0x01, 0x80, 0xff, bytes[at]] {
            if flip == 0 {
                continue;
            }
            let mut flipped = bytes.clone();
            flipped[at] ^= flip;
            let damaged = disk.copy();
            damaged.put(&path, flipped.clone());
            match open(&damaged) {
                Err(StoreError::Corrupt { file, offset, .. }) => {
                    assert_eq!(file, path);
                    assert!(offset <= at as u64 && at as u64 - offset < 2000, "{at}: {offset}");
                }
                other => panic!("flip {flip:#x} at {at} gave {other:?}"),
            }
            assert_eq!(damaged.bytes(&path), Some(flipped), "nothing was changed");
        }
    }
}

/// Appends groups until one fails; answers what was acknowledged, and all that was tried.
pub(super) fn append_groups(journal: &mut FileJournal) -> (u64, Kept) {
    let mut tried = Vec::new();
    for group in 0..6_u64 {
        let first = group * 3 + 1;
        let payloads: Vec<Vec<u8>> =
            (0..2_usize).map(|at| vec![(group as u8) * 2 + at as u8 + 1; 100 + 700 * at]).collect();
        let frames = [frame(first, first, &payloads[0]), frame(first + 1, first + 2, &payloads[1])];
        let kept = frames.map(|f| (f.first_seq, f.last_seq, f.payload.to_vec()));
        tried.extend(kept);
        if journal.append(&frames, Sync::Level).is_err() {
            return (first - 1, tried);
        }
    }
    (18, tried)
}

#[test]
fn a_failure_at_any_operation_loses_nothing_acknowledged() {
    let losses = |seed| [Loss::Nothing, Loss::Everything, Loss::Some(seed), Loss::Some(!seed)];
    let settings = options(Durability::Full, 1500);
    let healthy = fresh();
    let before = healthy.operations();
    append_groups(&mut open_with(&healthy, settings).unwrap().0);
    let count = healthy.operations() - before;
    assert!(count > 20, "the workload also rotates: {count} operations");
    for operation in 0..=count {
        for half in [false, true] {
            let disk = fresh();
            disk.fail_at(disk.operations() + operation, half);
            let Ok((mut journal, _)) = open_with(&disk, settings) else {
                assert!(operation < 2, "opening has two operations that can fail");
                continue;
            };
            let (acknowledged, tried) = append_groups(&mut journal);
            assert_eq!(acknowledged == 18, operation == count);
            if acknowledged < 18 {
                let poisoned = journal.sync().unwrap_err();
                assert!(matches!(poisoned, JournalError::Poisoned { .. }), "{poisoned}");
                assert!(poisoned.to_string().contains("simulated failure"), "{poisoned}");
            }
            for loss in losses(operation * 7919) {
                let (mut after, _) = open(&disk.lose_power(loss)).unwrap();
                let found = all(&mut after, 0).unwrap();
                assert!(after.last_seq() >= acknowledged, "{operation} {loss:?}");
                assert_eq!(found, tried[..found.len()], "{operation} {loss:?}");
            }
        }
    }
}

#[test]
fn a_loss_of_power_while_a_torn_tail_is_cut_changes_nothing() {
    let (disk, kept) = three();
    let path = first_segment();
    let mut bytes = disk.bytes(&path).unwrap();
    bytes.truncate(bytes.len() - 5);
    for operation in 0..3 {
        let torn = disk.copy();
        torn.put(&path, bytes.clone());
        torn.fail_at(operation, false);
        assert_eq!(open(&torn).is_err(), operation < 3);
        for loss in [Loss::Nothing, Loss::Everything, Loss::Some(operation)] {
            let (mut after, _) = open(&torn.lose_power(loss)).unwrap();
            assert_eq!(all(&mut after, 0).unwrap(), kept[..2]);
        }
    }
}

#[test]
fn a_loss_of_power_within_the_window_leaves_a_prefix() {
    for (seed, segment_bytes) in (0..150).flat_map(|seed| [(seed, 1500), (seed, 1 << 20)]) {
        let disk = fresh();
        let window = options(Durability::Interval(3_600_000), segment_bytes);
        let (mut journal, _) = open_with(&disk, window).unwrap();
        let sizes = [40, 900, 2000, 100, 1500];
        let mut tried = Vec::new();
        for (seq, size) in (1..).zip(sizes) {
            let payload = vec![seq as u8; size];
            // The second is a go: it and everything before it has to stay.
            let sync = if seq == 2 { Sync::Now } else { Sync::Level };
            journal.append(&[frame(seq, seq, &payload)], sync).unwrap();
            tried.push((seq, seq, payload));
        }
        assert!(journal.sync_due().unwrap() > Duration::from_secs(3000));
        let (mut after, _) = open(&disk.lose_power(Loss::Some(seed))).unwrap();
        let found = all(&mut after, 0).unwrap();
        assert!(found.len() >= 2, "seed {seed}");
        assert_eq!(found, tried[..found.len()], "seed {seed}");
        journal.sync().unwrap();
        assert_eq!(journal.sync_due(), None);
        let (after, _) = open(&disk.lose_power(Loss::Everything)).unwrap();
        assert_eq!(after.last_seq(), 5);
    }
}

#[test]
fn levels_sync_as_they_say() {
    let counts = |durability| {
        let disk = fresh();
        let (mut journal, _) = open_with(&disk, options(durability, 1 << 20)).unwrap();
        let before = disk.syncs();
        let group = [frame(1, 1, b"a"), frame(2, 2, b"b"), frame(3, 3, b"c")];
        journal.append(&group, Sync::Level).unwrap();
        let level = disk.syncs() - before;
        journal.append(&[frame(4, 4, b"d")], Sync::Now).unwrap();
        (level, disk.syncs() - before - level)
    };
    assert_eq!(counts(Durability::Full), (1, 1), "a group is synced once");
    assert_eq!(counts(Durability::Interval(0)), (1, 1));
    assert_eq!(counts(Durability::Interval(u32::MAX)), (0, 1));
    assert_eq!(counts(Durability::None), (0, 0));
}

#[test]
fn what_a_later_frame_vouches_for_is_never_cut() {
    let (disk, _) = three();
    let path = first_segment();
    let whole = disk.bytes(&path).unwrap();
    // The second frame lies at 192 with its body in the sectors at 512, 1024 and 1536. As the third
    // was written after it was synced, a lost sector in it is damage.
    let mut bytes = whole.clone();
    bytes[512..1024].fill(0);
    disk.put(&path, bytes);
    let refused = open(&disk).unwrap_err().to_string();
    assert_eq!(
        refused,
        "`journal/00000000000000000001.seg` is damaged at offset 192: the frame fails its checksum"
    );
    // Without the third, it is the end of the journal, and a loss of power can have done it.
    let mut bytes = whole[..1600].to_vec();
    bytes[512..1024].fill(0);
    disk.put(&path, bytes);
    let (mut journal, torn) = open(&disk).unwrap();
    assert_eq!(torn.unwrap().offset, 192);
    assert_eq!(all(&mut journal, 0).unwrap().len(), 1);
}

#[test]
fn a_frame_with_empty_sectors_of_its_own_is_never_taken_for_torn() {
    let disk = fresh();
    let (mut journal, _) = open(&disk).unwrap();
    journal.append(&[frame(1, 1, &[0; 4096])], Sync::Level).unwrap();
    let path = first_segment();
    let mut bytes = disk.bytes(&path).unwrap();
    bytes[2000] = 1;
    disk.put(&path, bytes);
    assert!(matches!(open(&disk), Err(StoreError::Corrupt { offset: 64, .. })));
}

#[test]
fn damage_before_the_last_segment_is_told_where_it_is() {
    let disk = fresh();
    let (mut journal, _) = open_with(&disk, options(Durability::Full, 1500)).unwrap();
    append_groups(&mut journal);
    let names = disk.paths();
    assert!(names.len() > 2, "{names:?}");
    let second = &names[1];
    let bytes = disk.bytes(second).unwrap();
    let cut = disk.copy();
    cut.put(second, bytes[..bytes.len() - 1].to_vec());
    let mut flipped = bytes;
    flipped[200] ^= 1;
    disk.put(second, flipped);
    for disk in [&cut, &disk] {
        let (mut journal, torn) = open(disk).unwrap();
        assert_eq!(torn, None);
        match journal.read(1, &mut |_| Ok(())) {
            Err(JournalError::Damaged { file, .. }) => assert_eq!(Path::new(&file), second),
            other => panic!("{other:?}"),
        }
        assert!(journal.verify().is_err());
    }
    let (mut journal, _) = open(&disk).unwrap();
    use crate::store::disk::Disk;
    disk.remove(second).unwrap();
    let (mut gap, _) = open(&disk).unwrap();
    assert!(matches!(gap.verify(), Err(JournalError::Damaged { offset: 0, .. })));
    // A file that is there no more when it is read is a failure, and the journal stops.
    assert!(matches!(journal.verify(), Err(JournalError::Failed { .. })));
    assert!(matches!(journal.sync(), Err(JournalError::Poisoned { .. })));
}

#[test]
fn after_a_clean_close_a_missing_end_is_damage() {
    let (disk, kept) = three();
    let path = first_segment();
    let bytes = disk.bytes(&path).unwrap();
    open(&disk).unwrap().0.close().unwrap();
    for len in 64..bytes.len() {
        let cut = disk.copy();
        cut.put(&path, bytes[..len].to_vec());
        assert!(matches!(open(&cut), Err(StoreError::Corrupt { .. })), "cut at {len}");
    }
    let note = Path::new(DIR).join("closed");
    let written = disk.bytes(&note).unwrap();
    for at in 0..written.len() {
        let mut flipped = written.clone();
        flipped[at] ^= 4;
        let damaged = disk.copy();
        damaged.put(&note, flipped);
        assert!(matches!(open(&damaged), Err(StoreError::Corrupt { .. })), "note at {at}");
    }
    let (mut journal, torn) = open(&disk).unwrap();
    assert_eq!((torn, all(&mut journal, 0).unwrap()), (None, kept));
    assert!(disk.bytes(&note).is_some());
    journal.append(&[frame(10, 10, b"on")], Sync::Level).unwrap();
    assert!(disk.bytes(&note).is_none());
    // From then on the end may be torn again.
    let bytes = disk.bytes(&path).unwrap();
    disk.put(&path, bytes[..bytes.len() - 1].to_vec());
    assert!(open(&disk).unwrap().1.is_some());
}

#[test]
fn somebody_elses_append_is_noticed() {
    let (disk, _) = three();
    let (mut one, _) = open(&disk).unwrap();
    let (mut two, _) = open(&disk).unwrap();
    one.append(&[frame(10, 10, b"one")], Sync::Level).unwrap();
    let refused = two.append(&[frame(10, 10, b"two")], Sync::Level).unwrap_err();
    assert!(refused.to_string().contains("another has written"), "{refused}");
    assert!(matches!(two.sync(), Err(JournalError::Poisoned { .. })));
    assert_eq!(all(&mut one, 10), Ok(vec![(10, 10, b"one".to_vec())]));
}

#[test]
fn another_store_and_another_version_are_refused() {
    let (disk, _) = three();
    let other = FileJournal::open(
        Arc::new(disk.clone()),
        Path::new(DIR),
        *b"some other store",
        options(Durability::Full, 1 << 20),
    );
    assert!(other.unwrap_err().to_string().contains("another store"));
    let path = first_segment();
    let mut bytes = disk.bytes(&path).unwrap();
    bytes[8] = 2;
    let sum = crc32c::crc32c_append(crc32c::crc32c(&STORE), &bytes[..60]);
    bytes[60..64].copy_from_slice(&sum.to_le_bytes());
    disk.put(&path, bytes);
    let newer = open(&disk).unwrap_err().to_string();
    assert!(newer.ends_with("offset 8: expected segment version 1, found 2"), "{newer}");
}
