//! Compressed segments, on disks that are cut, flipped, failing and without power.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::super::tests::{DIR, Kept, STORE, append_groups, fresh, open, open_with, options};
use super::super::{FileJournal, Follower, JournalError, TornTail};
use super::*;
use crate::engine::port::{Journal, Sync};
use crate::store::Durability;
use crate::store::conformance::{all, frame};
use crate::store::disk::OsDisk;
use crate::testing::disk::{Loss, SimDisk};

fn file(name: &str) -> PathBuf {
    Path::new(DIR).join(name)
}

fn plain(first_seq: u64) -> PathBuf {
    file(&segment::file_name(first_seq))
}

fn packed(first_seq: u64) -> PathBuf {
    file(&segment::packed_name(first_seq))
}

/// Six groups in several segments, and all their frames.
fn segments() -> (SimDisk, FileJournal, Kept) {
    let disk = fresh();
    let settings = options(Durability::Full, 600);
    let (mut journal, _) = open_with(&disk, settings).unwrap();
    append_groups(&mut journal);
    let kept = all(&mut journal, 0).unwrap();
    assert_eq!(kept.len(), 12);
    (disk, journal, kept)
}

fn compress_all(journal: &FileJournal) -> Vec<u64> {
    let archivist = journal.archivist();
    std::iter::from_fn(|| archivist.compress_one(u64::MAX).unwrap())
        .map(|it| it.first_seq)
        .collect()
}

/// One segment of several blocks, compressed, with a plain one behind it. How many blocks.
fn blocks() -> (SimDisk, FileJournal, Kept) {
    let disk = fresh();
    let settings = options(Durability::Full, 4 << 20);
    let (mut journal, _) = open_with(&disk, settings).unwrap();
    for seq in 1..=15_u64 {
        let payload: Vec<u8> = (0..300_000_u32).map(|at| (at / 7 * seq as u32) as u8).collect();
        journal.append(&[frame(seq * 2 - 1, seq * 2, &payload)], Sync::Level).unwrap();
    }
    let kept = all(&mut journal, 0).unwrap();
    assert_eq!(compress_all(&journal), [1]);
    (disk, journal, kept)
}

#[test]
fn compressed_segments_read_as_they_did() {
    let (disk, mut journal, kept) = segments();
    let firsts = compress_all(&journal);
    assert!(firsts.len() > 2, "{firsts:?}");
    assert_eq!(journal.archivist().compress_one(u64::MAX).unwrap(), None, "all are");
    assert!(firsts.iter().all(|first| disk.bytes(&plain(*first)).is_none()));
    let (mut again, torn) = open(&disk).unwrap();
    assert_eq!(torn, None);
    for journal in [&mut journal, &mut again] {
        for from in 0..=19 {
            let expected: Vec<_> = kept.iter().filter(|it| it.1 >= from).cloned().collect();
            assert_eq!(all(journal, from).unwrap(), expected, "from {from}");
        }
        journal.verify().unwrap();
    }
    let infos = journal.archivist().segments().unwrap();
    assert_eq!(infos.iter().filter(|it| it.compressed).count(), firsts.len());
    assert!(infos.iter().filter(|it| it.compressed).all(|it| it.bytes < it.plain_bytes));
    let next = journal.last_seq() + 1;
    journal.append(&[frame(next, next, b"on")], Sync::Level).unwrap();
}

#[test]
fn only_what_is_closed_and_below_the_number_is_compressed() {
    let (disk, journal, _) = segments();
    let archivist = journal.archivist();
    let firsts: Vec<u64> =
        archivist.segments().unwrap().iter().map(|segment| segment.first_seq).collect();
    assert_eq!(archivist.compress_one(firsts[1] - 1).unwrap(), None);
    assert_eq!(archivist.compress_one(firsts[1]).unwrap().unwrap().first_seq, 1);
    assert_eq!(archivist.compress_one(firsts[1]).unwrap(), None);
    compress_all(&journal);
    let last = *firsts.last().unwrap();
    assert!(disk.bytes(&plain(last)).is_some() && disk.bytes(&packed(last)).is_none());
}

#[test]
fn a_failure_at_any_operation_of_compressing_loses_nothing() {
    let (healthy, journal, _) = segments();
    let before = healthy.operations();
    journal.archivist().compress_one(u64::MAX).unwrap().unwrap();
    let count = healthy.operations() - before;
    assert!(count >= 8, "{count} operations");
    for operation in 0..=count {
        for half in [false, true] {
            let (disk, mut journal, kept) = segments();
            disk.fail_at(disk.operations() + operation, half);
            let done = journal.archivist().compress_one(u64::MAX);
            assert_eq!(done.is_err(), operation < count, "{operation}");
            disk.fail_at(u64::MAX, false);
            for loss in
                [Loss::Nothing, Loss::Everything, Loss::Some(operation), Loss::Some(!operation)]
            {
                let after = disk.lose_power(loss);
                let (mut opened, torn) = open(&after).unwrap();
                assert_eq!(torn, None);
                assert_eq!(all(&mut opened, 0).unwrap(), kept, "{operation} {loss:?}");
                let left = after.paths();
                let double = left.iter().filter(|path| {
                    let name = path.to_string_lossy();
                    name.ends_with(".new")
                        || name.strip_suffix(".lz4").is_some_and(|it| left.contains(&it.into()))
                });
                assert_eq!(double.count(), 0, "{operation} {loss:?}: {left:?}");
                assert!(compress_all(&opened).len() > 1);
                assert_eq!(all(&mut opened, 0).unwrap(), kept, "{operation} {loss:?}");
            }
            // Whoever goes on without a restart finds the same, and can try again.
            assert_eq!(all(&mut journal, 0).unwrap(), kept);
            compress_all(&journal);
            assert_eq!(all(&mut journal, 0).unwrap(), kept);
            let next = journal.last_seq() + 1;
            journal.append(&[frame(next, next, b"on")], Sync::Level).unwrap();
        }
    }
}

/// What reading everything says of a damaged compressed segment: where it is.
fn damage(disk: &SimDisk, path: &Path) -> u64 {
    let (mut journal, _) = open(disk).unwrap();
    match journal.verify() {
        Err(JournalError::Damaged { file, offset, .. }) => {
            assert_eq!(Path::new(&file), path);
            offset
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_flip_at_every_byte_of_a_compressed_segment_is_told() {
    let (disk, journal, _) = segments();
    compress_all(&journal);
    for path in [packed(1), packed(journal.archivist().segments().unwrap()[1].first_seq)] {
        let bytes = disk.bytes(&path).unwrap();
        assert!((200..2000).contains(&bytes.len()), "{}", bytes.len());
        for at in 0..bytes.len() {
            for flip in [0x01, 0x80, 0xff] {
                let damaged = disk.copy();
                let mut flipped = bytes.clone();
                flipped[at] ^= flip;
                damaged.put(&path, flipped);
                let offset = damage(&damaged, &path);
                assert!(offset <= at as u64, "flip {flip:#x} at {at}: told at {offset}");
            }
        }
        for len in 0..bytes.len() {
            let cut = disk.copy();
            cut.put(&path, bytes[..len].to_vec());
            damage(&cut, &path);
        }
        for more in [1, 32, 64, 512] {
            let longer = disk.copy();
            longer.put(&path, [&bytes[..], &vec![0; more]].concat());
            damage(&longer, &path);
        }
    }
}

#[test]
fn a_block_is_read_without_those_before_it() {
    let (disk, mut journal, kept) = blocks();
    let path = packed(1);
    let bytes = disk.bytes(&path).unwrap();
    // The first block is damaged: what begins behind it is read all the same, the rest is not.
    let mut flipped = bytes;
    flipped[100] ^= 1;
    disk.put(&path, flipped);
    let mut read = |from: u64| all(&mut journal, from);
    let first = (1..=30).find(|from| read(*from).is_ok()).unwrap();
    assert!((5..=12).contains(&first), "{first}");
    for from in 1..=30 {
        match read(from) {
            Ok(found) => {
                let expected: Vec<_> = kept.iter().filter(|it| it.1 >= from).cloned().collect();
                assert!(found == expected && from >= first, "from {from}");
            }
            Err(JournalError::Damaged { offset: 64, .. }) => assert!(from < first, "from {from}"),
            Err(other) => panic!("{other:?}"),
        }
    }
}

#[test]
fn where_something_is_wrong_is_told_by_the_compressed_file() {
    let (disk, journal, _) = blocks();
    let len = disk.bytes(&packed(1)).unwrap().len() as u64;
    let source = journal.archivist().place().open(1).unwrap();
    let size = source.size().unwrap();
    let bytes = source.into_bytes();
    let (first, last) = (bytes.place(0), bytes.place(size - 1));
    assert!(0 < first && first < last && last < len, "{first} {last} of {len}");
}

#[test]
fn frames_larger_than_a_block_have_one_of_their_own() {
    let disk = fresh();
    let (mut journal, _) = open_with(&disk, options(Durability::Full, 3 << 20)).unwrap();
    let payloads = [vec![1; 100], vec![2; 3_200_000], vec![3; 100], vec![4; 200]];
    for (seq, payload) in (1..).zip(&payloads) {
        journal.append(&[frame(seq, seq, payload)], Sync::Level).unwrap();
    }
    let kept = all(&mut journal, 0).unwrap();
    assert_eq!(compress_all(&journal), [1]);
    assert_eq!(all(&mut journal, 0).unwrap(), kept);
    assert_eq!(all(&mut open(&disk).unwrap().0, 2).unwrap(), kept[1..]);
}

#[test]
fn a_plain_segment_that_is_damaged_stays_as_it_is() {
    let (disk, journal, _) = segments();
    let mut bytes = disk.bytes(&plain(1)).unwrap();
    bytes[300] ^= 1;
    disk.put(&plain(1), bytes.clone());
    let refused = journal.archivist().compress_one(u64::MAX);
    assert!(matches!(refused, Err(StoreError::Corrupt { .. })), "{refused:?}");
    assert_eq!(disk.bytes(&plain(1)), Some(bytes));
    assert_eq!(disk.bytes(&packed(1)), None);
    // One that ends too early checks out by itself, but not with the one behind it.
    let (disk, journal, _) = segments();
    let bytes = disk.bytes(&plain(1)).unwrap();
    let second = 64 + 192;
    assert_eq!(bytes[second..second + 4], *b"HLfr");
    disk.put(&plain(1), bytes[..second].to_vec());
    let refused = journal.archivist().compress_one(u64::MAX).unwrap_err().to_string();
    assert!(refused.contains("expected frames up to"), "{refused}");
    assert!(disk.bytes(&plain(1)).is_some());
}

#[test]
fn where_both_are_the_plain_one_counts_and_the_other_goes() {
    let (disk, journal, kept) = segments();
    let bytes = disk.bytes(&plain(1)).unwrap();
    journal.archivist().compress_one(u64::MAX).unwrap().unwrap();
    disk.put(&plain(1), bytes);
    disk.put(&packed(1), b"whatever".to_vec());
    let (mut opened, _) = open(&disk).unwrap();
    assert_eq!(all(&mut opened, 0).unwrap(), kept);
    assert_eq!(disk.bytes(&packed(1)), None);
}

#[test]
fn trimming_takes_compressed_segments_too_and_nothing_brings_them_back() {
    let (disk, mut journal, kept) = segments();
    compress_all(&journal);
    let second = journal.archivist().segments().unwrap()[1].first_seq;
    journal.trim(second).unwrap();
    assert_eq!(journal.first_seq(), second);
    let rest: Vec<_> = kept.iter().filter(|it| it.0 >= second).cloned().collect();
    assert_eq!(all(&mut open(&disk).unwrap().0, second).unwrap(), rest);
    // The segment is trimmed when it has been compressed, and before it is put in place.
    let (disk, mut journal, kept) = segments();
    let archivist = journal.archivist();
    let unfinished = file(&(segment::packed_name(1) + segment::UNFINISHED));
    let compressed =
        archivist.pack((1, second), &unfinished, &mut Rests::new(&Pace::Fast)).unwrap();
    journal.trim(second).unwrap();
    assert_eq!(archivist.replace(1, &unfinished, compressed).unwrap(), None);
    let (mut opened, _) = open(&disk).unwrap();
    assert_eq!(opened.first_seq(), second);
    let rest: Vec<_> = kept.iter().filter(|it| it.0 >= second).cloned().collect();
    assert_eq!(all(&mut opened, second).unwrap(), rest);
}

#[test]
fn a_journal_that_ends_with_a_compressed_segment_has_lost_its_end() {
    let (disk, journal, _) = segments();
    compress_all(&journal);
    let last = journal.archivist().segments().unwrap().pop().unwrap().first_seq;
    disk.remove(&plain(last)).unwrap();
    let refused = open(&disk).unwrap_err().to_string();
    assert!(refused.ends_with("offset 0: the segment that follows it is missing"), "{refused}");
}

/// A copy up to the last command of a compressed segment had that segment as its last one, as if
/// those behind it were lost: no store could be made of it.
#[test]
fn a_copy_up_to_any_frame_opens_and_goes_on() {
    let (disk, journal, kept) = segments();
    compress_all(&journal);
    for (at, (_, upto, _)) in kept.iter().enumerate() {
        let to = Path::new("/copy");
        let copied = SimDisk::new();
        for name in disk.list(Path::new(DIR)).unwrap() {
            copied.put(&file(&name), disk.bytes(&file(&name)).unwrap());
        }
        crate::store::journal::copy(&copied, (Path::new(DIR), to), STORE, *upto).unwrap();
        let settings = options(Durability::Full, 600);
        let copied: Arc<dyn Disk> = Arc::new(copied);
        let (mut copy, torn) = FileJournal::open(Arc::clone(&copied), to, STORE, settings).unwrap();
        assert_eq!(torn, None);
        assert!(all(&mut copy, 0).unwrap() == kept[..=at], "up to {upto}");
        copy.append(&[frame(upto + 1, upto + 1, b"later")], Sync::Now).unwrap();
        assert_eq!(all(&mut copy, 0).unwrap().len(), at + 2);
    }
    assert_eq!(journal.last_seq(), kept.last().unwrap().1);
}

#[test]
fn another_store_and_another_version_of_a_compressed_segment_are_refused() {
    let (disk, journal, _) = segments();
    compress_all(&journal);
    let bytes = disk.bytes(&packed(1)).unwrap();
    let told = |bytes: Vec<u8>, store: [u8; 16]| {
        let disk = SimDisk::new();
        disk.put(&packed(1), bytes);
        let dir = Path::new(DIR);
        let place = Place { disk: &disk, dir, store: &store };
        place.open(1).err().map(|error| error.to_string()).unwrap_or_default()
    };
    assert_eq!(told(bytes.clone(), STORE), "");
    assert!(told(bytes.clone(), *b"some other store").contains("another store"));
    let mut newer = bytes;
    newer[8] = 2;
    let sum = crc32c::crc32c_append(crc32c::crc32c(&STORE), &newer[..60]);
    newer[60..64].copy_from_slice(&sum.to_le_bytes());
    let newer = told(newer, STORE);
    assert!(newer.ends_with("version 1 of a compressed segment, found 2"), "{newer}");
}

/// A compressed segment that an earlier build wrote: every later one reads it.
#[test]
fn a_compressed_segment_of_the_first_version_is_read() {
    let (disk, mut journal, kept) = segments();
    compress_all(&journal);
    let fixture = include_bytes!("first.seg.lz4");
    disk.put(&packed(1), fixture.to_vec());
    assert_eq!(all(&mut journal, 0).unwrap(), kept);
}

#[test]
fn a_segment_keeps_its_age_when_it_is_compressed() {
    const DAY: u64 = 24 * 60 * 60;
    let disk = fresh();
    let settings = options(Durability::Full, 600);
    let (mut journal, torn): (_, Option<TornTail>) = open_with(&disk, settings).unwrap();
    assert_eq!(torn, None);
    for seq in 1..=4 {
        disk.set_clock(seq * 10 * DAY);
        journal.append(&[frame(seq, seq, &[7; 900])], Sync::Level).unwrap();
    }
    disk.set_clock(200 * DAY);
    let archivist = journal.archivist();
    archivist.compress_one(u64::MAX).unwrap().unwrap();
    let day = |day: u64| SystemTime::UNIX_EPOCH + Duration::from_secs(day * DAY);
    let below = |seq, now| archivist.expendable_below(seq, 90, day(now)).unwrap();
    assert_eq!([99, 100, 109, 110, 500].map(|now| below(5, now)), [0, 2, 2, 3, 4]);
    assert_eq!([1, 2, 3].map(|seq| below(seq, 500)), [0, 2, 3]);
    journal.trim(below(5, 110)).unwrap();
    assert_eq!(journal.first_seq(), 3);
    assert_eq!(open(&disk).unwrap().0.first_seq(), 3);
}

#[test]
fn it_works_beside_the_journal_on_a_real_disk() {
    let dir = tempfile::tempdir().unwrap();
    FileJournal::create(&OsDisk, dir.path(), &STORE).unwrap();
    let settings = options(Durability::None, 2000);
    let open = || {
        let disk = Arc::new(OsDisk);
        FileJournal::open(disk, dir.path(), STORE, settings).unwrap().0
    };
    let mut journal = open();
    let archivist = journal.archivist();
    let payload = |seq: u64| vec![seq as u8 | 1; 300];
    let expected: Kept = (1..=400).map(|seq| (seq, seq, payload(seq))).collect();
    let mut reader = Follower::open(Arc::new(OsDisk), dir.path(), STORE, 0).unwrap();
    std::thread::scope(|scope| {
        let reader = scope.spawn(move || {
            let mut found = Vec::new();
            while found.len() < 400 {
                match reader.next_frame().unwrap() {
                    Some(it) => found.push((it.first_seq, it.last_seq, it.payload)),
                    None => std::thread::yield_now(),
                }
            }
            found
        });
        let worker = scope.spawn(move || {
            let mut count = 0;
            while count < 30 {
                count += usize::from(archivist.compress_one(u64::MAX).unwrap().is_some());
            }
        });
        for seq in 1..=400 {
            journal.append(&[frame(seq, seq, &payload(seq))], Sync::Level).unwrap();
            if seq % 50 == 0 {
                journal.verify().unwrap();
            }
        }
        worker.join().unwrap();
        assert_eq!(reader.join().unwrap(), expected);
    });
    assert_eq!(all(&mut journal, 0).unwrap(), expected);
    journal.close().unwrap();
    assert_eq!(all(&mut open(), 0).unwrap(), expected);
}

/// What was trimmed between two copies into one directory was missing in it, and a restore of the
/// later one was refused.
#[test]
fn a_copy_is_not_gone_on_with_where_history_was_trimmed_behind_it() {
    let (disk, mut journal, kept) = segments();
    let (from, to) = (Path::new(DIR), Path::new("/copy"));
    let copy = |upto: u64| crate::store::journal::copy(&disk, (from, to), STORE, upto);
    let segments = journal.archivist().segments().unwrap();
    // Up to the end of the second segment, whole, and to one that is in the middle of the third.
    let third = segments[2].first_seq;
    copy(third - 1).unwrap();
    journal.trim(third).unwrap();
    let within = kept.iter().find(|it| it.0 == third).unwrap().1;
    copy(within).unwrap();
    let fourth = segments[3].first_seq;
    assert!(within + 1 < fourth, "the third segment has two frames");
    journal.trim(fourth).unwrap();
    let refused = copy(kept.last().unwrap().1).unwrap_err();
    let expected = format!(
        "`/copy` has the history up to command {within}, and that of the store begins with {fourth}"
    );
    assert_eq!(refused.to_string(), expected);
    let (mut there, _) =
        FileJournal::open(Arc::new(disk.clone()), to, STORE, options(Durability::Full, 600))
            .unwrap();
    let before: Vec<_> = kept.iter().filter(|it| it.1 <= within).cloned().collect();
    assert!(all(&mut there, 0).unwrap() == before, "what was there is as it was");
}
