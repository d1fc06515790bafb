//! Bases, on disks that are cut, flipped, failing and without power.

use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::engine::port::{ImageReader, ImageWriter};
use crate::store::checkpoint::{Checkpoints, Onto, Pace};
use crate::testing::disk::{Loss, SimDisk};

const STORE: StoreId = StoreId([7; 16]);
const DIR: &str = "base";

fn bases(disk: &SimDisk) -> Bases {
    Bases::new(Arc::new(disk.clone()), DIR.into(), STORE)
}

/// Records of several trees, not in the order of their keys, short, long and compressible.
fn fill<W: ImageWriter>(writer: &mut W, round: u8) -> Result<(), ImageError> {
    for (number, size) in [0_usize, 1, 70, 5000].into_iter().enumerate().rev() {
        let value: Vec<u8> = (0..size).map(|at| (at / 9) as u8 ^ round).collect();
        writer.put(Tree::Timelines, &[b'k', number as u8], &value)?;
    }
    writer.put(Tree::Meta, b"time", &vec![round; 3])?;
    writer.put(Tree::Policies, b"p", &vec![round])
}

type Records = Vec<(Tree, Vec<u8>, Vec<u8>)>;

fn records<R: ImageReader>(reader: &mut R) -> Records {
    let mut found = Vec::new();
    for tree in Tree::ALL {
        let take = |key: &[u8], value: Vec<u8>| {
            found.push((tree, key.to_vec(), value));
            Ok(())
        };
        reader.each(tree, take).unwrap();
    }
    found
}

fn expected(round: u8) -> Records {
    let dir = tempfile::tempdir().unwrap();
    let (mut checkpoints, _, _) = Checkpoints::open(dir.path(), STORE, 1 << 20).unwrap();
    let written =
        checkpoints.write((1, Onto::Nothing, Pace::Fast), &[], |writer| fill(writer, round));
    records(&mut checkpoints.read(&written.unwrap()))
}

#[test]
fn a_base_gives_back_what_a_checkpoint_does() {
    let disk = SimDisk::new();
    let bases = bases(&disk);
    assert_eq!(bases.list().unwrap(), []);
    for seq in [9, 1000, 30] {
        let written = bases.write(seq, |writer| fill(writer, 5)).unwrap();
        assert_eq!(written.bytes, disk.bytes(&bases.path(seq)).unwrap().len() as u64);
        let mut reader = bases.read(seq).unwrap();
        let found = records(&mut reader);
        assert_eq!(found, expected(5));
        assert_eq!(records(&mut reader), found, "it may be read again");
        assert_eq!((reader.seq(), reader.records()), (seq, found.len() as u64));
    }
    let seqs: Vec<u64> = bases.list().unwrap().iter().map(|base| base.seq).collect();
    assert_eq!(seqs, [1000, 30, 9]);
    bases.remove(30).unwrap();
    assert_eq!(bases.list().unwrap().len(), 2);
    let twice = bases.write(7, |writer| {
        writer.put(Tree::Meta, b"a", &1_u8)?;
        writer.put(Tree::Meta, b"a", &1_u8)
    });
    assert_eq!(
        twice.unwrap_err().to_string(),
        "a record of `meta` cannot be kept: its key is there already"
    );
    assert_eq!(bases.list().unwrap().len(), 2, "what was given up is not there");
}

/// The last bytes of the keys of timelines from one to before another.
fn between<R: ImageReader>(reader: &mut R, from: u8, to: u8) -> Vec<u8> {
    let mut found = Vec::new();
    let take = |key: &[u8], _: Vec<u8>| {
        found.extend(key.last());
        Ok(())
    };
    reader.between(Tree::Timelines, (&[b'k', from], &[b'k', to]), take).unwrap();
    found
}

#[test]
fn a_part_of_a_tree_is_what_lies_from_one_key_to_before_another() {
    let (disk, dir) = (SimDisk::new(), tempfile::tempdir().unwrap());
    let bases = bases(&disk);
    bases.write(9, |writer| fill(writer, 5)).unwrap();
    let mut base = bases.read(9).unwrap();
    let (mut checkpoints, _, _) = Checkpoints::open(dir.path(), STORE, 1 << 20).unwrap();
    let written = checkpoints.write((1, Onto::Nothing, Pace::Fast), &[], |writer| fill(writer, 5));
    let written = written.unwrap();
    let mut checkpoint = checkpoints.read(&written);
    let parts: [(u8, u8, &[u8]); 5] =
        [(0, 4, &[0, 1, 2, 3]), (1, 3, &[1, 2]), (2, 3, &[2]), (2, 2, &[]), (4, 9, &[])];
    for (from, to, expected) in parts {
        assert_eq!(between(&mut base, from, to), expected);
        assert_eq!(between(&mut checkpoint, from, to), expected);
    }
}

#[test]
fn every_flip_and_every_cut_of_a_base_is_found() {
    let disk = SimDisk::new();
    let bases = bases(&disk);
    bases.write(9, |writer| fill(writer, 5)).unwrap();
    let path = bases.path(9);
    let bytes = disk.bytes(&path).unwrap();
    let refused = |bytes: Vec<u8>, what: String| {
        let disk = disk.copy();
        disk.put(&path, bytes);
        let error = self::bases(&disk).read(9).expect_err(&what);
        let named = matches!(&error, StoreError::Corrupt { file, .. } if *file == path);
        assert!(named, "{what}: {error}");
    };
    for at in 0..bytes.len() {
        for bit in [1, 0x80] {
            let mut flipped = bytes.clone();
            flipped[at] ^= bit;
            refused(flipped, format!("flip at {at}"));
        }
        refused(bytes[..at].to_vec(), format!("cut at {at}"));
    }
    refused([&bytes[..], &[0]].concat(), "a byte more".to_owned());
    // Neither under another name nor of another store is it taken for what it is not.
    disk.put(&bases.path(10), bytes);
    assert!(bases.read(10).is_err());
    let other = Bases::new(Arc::new(disk.clone()), DIR.into(), StoreId([8; 16]));
    assert!(other.read(9).is_err());
    assert!(bases.read(9).is_ok());
}

#[test]
fn a_later_version_is_refused_by_name() {
    let disk = SimDisk::new();
    let bases = bases(&disk);
    bases.write(9, |writer| fill(writer, 5)).unwrap();
    let bytes = disk.bytes(&bases.path(9)).unwrap();
    for (at, what) in [(8, "expected base version 1, found 200"), (12, "found 200")] {
        let mut later = bytes.clone();
        later[at] = 200;
        let sum = checksum(STORE, &later[..HEAD - SUM]).to_le_bytes();
        later[HEAD - SUM..HEAD].copy_from_slice(&sum);
        disk.put(&bases.path(9), later);
        let error = bases.read(9).unwrap_err().to_string();
        assert!(error.ends_with(what) && error.contains(&format!("offset {at}")), "{error}");
    }
}

/// Whatever operation fails, and whatever a loss of power takes then, the base from before is
/// there and good; the new one is there whole or not at all, and the next one can be written.
#[test]
fn a_base_is_there_whole_or_not_at_all() {
    let started = SimDisk::new();
    bases(&started).write(5, |writer| fill(writer, 4)).unwrap();
    let before = started.operations();
    let disk = started.copy();
    bases(&disk).write(9, |writer| fill(writer, 5)).unwrap();
    let operations = disk.operations();
    assert!(operations >= 5, "{before} {operations}");
    for operation in 0..operations {
        for half in [false, true] {
            let disk = started.copy();
            disk.fail_at(operation, half);
            let error = bases(&disk).write(9, |writer| fill(writer, 5)).unwrap_err();
            assert!(error.to_string().contains("simulated failure"), "{error}");
            let losses = (0..20).map(Loss::Some).chain([Loss::Nothing, Loss::Everything]);
            for loss in losses {
                let after = disk.lose_power(loss);
                let bases = bases(&after);
                assert_eq!(records(&mut bases.read(5).unwrap()), expected_once(4));
                if bases.list().unwrap().iter().any(|base| base.seq == 9) {
                    assert_eq!(records(&mut bases.read(9).unwrap()), expected_once(5));
                }
                bases.write(12, |writer| fill(writer, 5)).unwrap();
                let leftover = |path: &Path| path.extension().is_some_and(|it| it == "new");
                assert!(!after.paths().iter().any(|path| leftover(path)));
            }
        }
    }
}

/// As [`expected`], without a database each time.
fn expected_once(round: u8) -> Records {
    let disk = SimDisk::new();
    bases(&disk).write(1, |writer| fill(writer, round)).unwrap();
    records(&mut bases(&disk).read(1).unwrap())
}
