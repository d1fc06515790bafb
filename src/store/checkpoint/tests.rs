//! Checkpoints: written, read back, fallen back from, and rebuilt after damage.

use std::path::Path;

use super::{Checkpoints, Found, Manifest, MovedAside, StoreId, page};
use crate::engine::port::{ImageError, ImageReader, ImageWriter, Tree};

const STORE: StoreId = StoreId([7; 16]);

fn open(path: &Path) -> (Checkpoints, Found, Option<MovedAside>) {
    Checkpoints::open(path, STORE, 8 << 20, true).unwrap()
}

/// Values of every size around a piece's, which differ from one `round` to the next.
fn values(round: u8) -> Records {
    let sizes = [0, 1, 500, 30_715, 30_716, 30_717, 30_718, 61_437, 61_438, 200_000];
    let numbered = sizes.into_iter().enumerate();
    numbered.map(|(at, size)| (vec![b'k', at as u8], vec![round; size])).collect()
}

fn write(checkpoints: &mut Checkpoints, seq: u64, round: u8) -> Manifest {
    let meta = [round];
    let written = checkpoints.write(seq, &meta, |writer| {
        for (key, value) in values(round) {
            writer.put(Tree::Timelines, &key, &value)?;
        }
        for hour in 0..50_u32 {
            let entries = vec![(u64::from(hour), u64::from(round)); 3];
            writer.put(Tree::Agenda, &hour.to_be_bytes(), &entries)?;
        }
        writer.put(Tree::Meta, b"time", &(seq, "now"))
    });
    written.unwrap()
}

type Records = Vec<(Vec<u8>, Vec<u8>)>;

fn read(checkpoints: &Checkpoints, manifest: &Manifest) -> Result<Records, ImageError> {
    let mut found = Vec::new();
    checkpoints.read(manifest).each(Tree::Timelines, |key, value| {
        found.push((key.to_vec(), value));
        Ok(())
    })?;
    Ok(found)
}

#[test]
fn what_was_written_is_read_back_and_the_older_falls_away() {
    let dir = tempfile::tempdir().unwrap();
    let mut manifests = Vec::new();
    for round in 1..=4 {
        let (mut checkpoints, found, moved) = open(dir.path());
        assert_eq!((found.manifest.as_ref(), moved), (manifests.last(), None));
        assert_eq!(found.rejected, []);
        let manifest = write(&mut checkpoints, u64::from(round) * 10, round);
        assert_eq!(read(&checkpoints, &manifest), Ok(values(round)));
        assert_eq!(manifest.records(Tree::Agenda), 50);
        assert_eq!(manifest.records(Tree::Holds), 0);
        manifests.push(manifest);
    }
    let (checkpoints, _, _) = open(dir.path());
    assert_eq!(read(&checkpoints, &manifests[2]), Ok(values(3)));
    let gone = read(&checkpoints, &manifests[1]).unwrap_err();
    assert_eq!(gone.to_string(), "`timelines` is damaged: expected 10 records, found 0");
    assert_eq!(checkpoints.database.manifests().unwrap().len(), 2);
}

#[test]
fn a_range_is_read_without_the_rest() {
    let dir = tempfile::tempdir().unwrap();
    let (mut checkpoints, _, _) = open(dir.path());
    write(&mut checkpoints, 1, 1);
    let manifest = write(&mut checkpoints, 2, 2);
    // A record before the range that does not check out is not even looked at.
    let broken = page::record_key(manifest.epoch, &3_u32.to_be_bytes());
    checkpoints.database.insert(Tree::Agenda, &broken, vec![0; 9]).unwrap();
    let mut hours = Vec::new();
    let (from, to) = (10_u32.to_be_bytes(), 13_u32.to_be_bytes());
    let take = |_: &[u8], entries: Vec<(u64, u64)>| {
        hours.push(entries[0]);
        Ok(())
    };
    checkpoints.scan(&manifest, Tree::Agenda, &from, &to, take).unwrap();
    assert_eq!(hours, [(10, 2), (11, 2), (12, 2)]);
    let all =
        checkpoints.scan(&manifest, Tree::Agenda, &[], &[0xff], |_, _: Vec<(u64, u64)>| Ok(()));
    assert!(matches!(all, Err(ImageError::Damaged { tree: "agenda", .. })));
}

#[test]
fn a_checkpoint_that_does_not_check_out_is_passed_over() {
    type Harm = fn(&Checkpoints, &Manifest);
    let harms: [(&str, Harm); 6] = [
        ("`agenda` is damaged: a record fails its checksum", |checkpoints, manifest| {
            let key = page::record_key(manifest.epoch, &7_u32.to_be_bytes());
            let mut sealed = page::seal(8, 0, &key, b"entries");
            sealed[5] ^= 1;
            checkpoints.database.insert(Tree::Agenda, &key, sealed).unwrap();
        }),
        ("`agenda` is damaged: expected 50 records, found 51", |checkpoints, manifest| {
            let key = page::record_key(manifest.epoch, b"more");
            let sealed = page::seal(8, 0, &key, b"entries");
            checkpoints.database.insert(Tree::Agenda, &key, sealed).unwrap();
        }),
        (
            "`agenda` is damaged: the records are not those that were written",
            |checkpoints, manifest| {
                let key = page::record_key(manifest.epoch, &7_u32.to_be_bytes());
                let sealed = page::seal(8, 0, &key, b"others");
                checkpoints.database.insert(Tree::Agenda, &key, sealed).unwrap();
            },
        ),
        ("`agenda` is damaged: a record is of another kind", |checkpoints, manifest| {
            let key = page::record_key(manifest.epoch, &7_u32.to_be_bytes());
            let sealed = page::seal(7, 0, &key, b"entries");
            checkpoints.database.insert(Tree::Agenda, &key, sealed).unwrap();
        }),
        ("`timelines` is damaged: a record fails its checksum", |checkpoints, manifest| {
            let key = page::piece_key(manifest.epoch, 7, 2, &[b'k', 9]);
            checkpoints.database.insert_piece(&key, vec![1; 40]).unwrap();
        }),
        ("a record fails its checksum", |checkpoints, manifest| {
            let key = page::manifest_key(manifest.epoch);
            checkpoints.database.insert(Tree::Meta, &key, vec![0; 80]).unwrap();
        }),
    ];
    for (why, harm) in harms {
        let dir = tempfile::tempdir().unwrap();
        let (mut checkpoints, _, _) = open(dir.path());
        let good = write(&mut checkpoints, 1, 1);
        let bad = write(&mut checkpoints, 2, 2);
        harm(&checkpoints, &bad);
        checkpoints.database.flush().unwrap();
        drop(checkpoints);
        if why.starts_with('`') {
            let trusting = Checkpoints::open(dir.path(), STORE, 8 << 20, false).unwrap();
            assert_eq!(trusting.1.manifest.as_ref(), Some(&bad));
            let told = trusting.0.verify(&bad).unwrap_err().to_string();
            assert_eq!(told, why);
        }
        let (mut checkpoints, found, moved) = open(dir.path());
        assert_eq!((found.manifest, moved), (Some(good.clone()), None), "{why}");
        assert_eq!(found.rejected.len(), 1);
        assert_eq!((found.rejected[0].epoch, found.rejected[0].why.as_str()), (2, why));
        // The next one keeps the good one beside it, not the bad one.
        let next = write(&mut checkpoints, 3, 3);
        assert_eq!(next.epoch, 3);
        assert_eq!(read(&checkpoints, &good), Ok(values(1)));
        assert_eq!(checkpoints.database.manifests().unwrap().len(), 2);
    }
}

#[test]
fn an_unfinished_checkpoint_leaves_nothing_that_counts() {
    let dir = tempfile::tempdir().unwrap();
    let (mut checkpoints, _, _) = open(dir.path());
    let good = write(&mut checkpoints, 1, 1);
    let refused = checkpoints.write(2, b"", |writer| {
        writer.put(Tree::Timelines, b"stray", &vec![1_u8; 100_000])?;
        writer.put(Tree::Timelines, b"stray", &2_u64)
    });
    let twice = "a record of `timelines` cannot be kept: its key is there already";
    assert_eq!(refused.unwrap_err().to_string(), twice);
    for key in [vec![], vec![1; super::MAX_KEY + 1]] {
        let refused = checkpoints.write(2, b"", |writer| writer.put(Tree::Holds, &key, &1_u8));
        assert!(matches!(refused, Err(ImageError::Refused { tree: "holds", .. })));
    }
    let long = checkpoints.write(2, &[0; super::MAX_META + 1], |_| Ok(()));
    assert!(matches!(long, Err(ImageError::Refused { .. })));
    drop(checkpoints);
    let (mut checkpoints, found, _) = open(dir.path());
    assert_eq!(found.manifest, Some(good));
    let next = write(&mut checkpoints, 3, 3);
    assert_eq!(read(&checkpoints, &next), Ok(values(3)));
    let stray = page::piece_key(2, 7, 1, b"stray");
    assert!(checkpoints.database.piece(&stray).unwrap().is_none(), "swept");
}

#[test]
fn a_missing_or_ruined_database_is_begun_anew() {
    let dir = tempfile::tempdir().unwrap();
    write(&mut open(dir.path()).0, 1, 1);
    let sled = dir.path().join("sled");
    std::fs::remove_dir_all(&sled).unwrap();
    let (mut checkpoints, found, moved) = open(dir.path());
    assert_eq!((found, moved), (Found::default(), None));
    write(&mut checkpoints, 2, 2);
    drop(checkpoints);
    for round in 1..=2 {
        std::fs::write(sled.join("conf"), b"no configuration at all").unwrap();
        let (mut checkpoints, found, moved) = open(dir.path());
        let to = dir.path().join(format!("sled.damaged-{round}"));
        assert_eq!(moved.unwrap().to, to);
        assert!(to.join("db").exists());
        assert_eq!(found, Found::default());
        write(&mut checkpoints, 3, 3);
    }
}

#[test]
fn flips_in_the_database_never_change_what_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let (mut checkpoints, _, _) = open(dir.path());
    let one = write(&mut checkpoints, 1, 1);
    let two = write(&mut checkpoints, 2, 2);
    drop(checkpoints);
    let file = dir.path().join("sled/db");
    let bytes = std::fs::read(&file).unwrap();
    let step = bytes.len() / 24;
    let mut noticed = 0;
    for at in (7..bytes.len()).step_by(step) {
        let copy = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(copy.path().join("sled/blobs")).unwrap();
        std::fs::copy(dir.path().join("sled/conf"), copy.path().join("sled/conf")).unwrap();
        let mut flipped = bytes.clone();
        flipped[at..(at + 64).min(bytes.len())].iter_mut().for_each(|byte| *byte ^= 0x5a);
        std::fs::write(copy.path().join("sled/db"), flipped).unwrap();
        let (checkpoints, found, moved) = open(copy.path());
        noticed += usize::from(moved.is_some() || found.manifest.as_ref() != Some(&two));
        if let Some(manifest) = found.manifest {
            let round = if manifest == two { 2 } else { 1 };
            assert!(manifest == one || manifest == two);
            assert_eq!(read(&checkpoints, &manifest), Ok(values(round)), "at {at}");
        }
    }
    assert!(noticed > 0, "some of the flips hit what the newest one needs");
}

#[test]
fn another_stores_checkpoints_are_not_used() {
    let dir = tempfile::tempdir().unwrap();
    write(&mut open(dir.path()).0, 1, 1);
    let (_, found, _) = Checkpoints::open(dir.path(), StoreId([8; 16]), 8 << 20, true).unwrap();
    assert_eq!(found.manifest, None);
    assert_eq!(found.rejected[0].why, "the manifest belongs to another checkpoint");
}
