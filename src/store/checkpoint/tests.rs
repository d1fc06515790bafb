//! Checkpoints: written, read back, fallen back from, and rebuilt after damage.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;

use super::directory::Place;
use super::{Checkpoints, Found, Manifest, MovedAside, Onto, Pace, StoreId, Writer, page};
use crate::engine::port::{ImageError, ImageReader, ImageWriter, Tree};

const STORE: StoreId = StoreId([7; 16]);

fn open(path: &Path) -> (Checkpoints, Found, Option<MovedAside>) {
    Checkpoints::open(path, STORE, 8 << 20).unwrap()
}

/// The newest checkpoint that checks out; those that do not are left out from then on.
fn usable(checkpoints: &mut Checkpoints, found: &Found) -> Option<Manifest> {
    for manifest in &found.manifests {
        match checkpoints.verify(manifest) {
            Ok(()) => return Some(manifest.clone()),
            Err(_) => checkpoints.reject(manifest.epoch),
        }
    }
    None
}

/// Values of every size around a piece's, which differ from one `round` to the next.
fn values(round: u8) -> Records {
    let sizes = [0, 1, 500, 30_715, 30_716, 30_717, 30_718, 61_437, 61_438, 200_000];
    let numbered = sizes.into_iter().enumerate();
    numbered
        .map(|(at, size)| {
            let mut value = noise(size);
            value.iter_mut().for_each(|byte| *byte ^= round);
            (vec![b'k', at as u8], value)
        })
        .collect()
}

fn write(checkpoints: &mut Checkpoints, seq: u64, round: u8) -> Manifest {
    let meta = [round];
    let written = checkpoints.write((seq, Onto::Nothing, Pace::Fast), &meta, |writer| {
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
    let mut manifests: Vec<Manifest> = Vec::new();
    for round in 1..=4 {
        let (mut checkpoints, found, moved) = open(dir.path());
        let expected: Vec<Manifest> = manifests.iter().rev().take(2).cloned().collect();
        assert_eq!((found.manifests, moved), (expected, None));
        assert_eq!(found.rejected, []);
        let manifest = write(&mut checkpoints, u64::from(round) * 10, round);
        assert!(read(&checkpoints, &manifest) == Ok(values(round)));
        assert_eq!(manifest.records(Tree::Agenda), 50);
        assert_eq!(manifest.records(Tree::Holds), 0);
        manifests.push(manifest);
    }
    let (checkpoints, _, _) = open(dir.path());
    assert!(read(&checkpoints, &manifests[2]) == Ok(values(3)));
    let gone = read(&checkpoints, &manifests[1]).unwrap_err();
    assert_eq!(gone.to_string(), "`timelines` is damaged: the checkpoint is not kept any more");
    assert_eq!(checkpoints.manifests().unwrap().len(), 2);
    // Of each record there are as many as there are checkpoints that it changed in.
    assert_eq!(checkpoints.database.keys(Some(Tree::Agenda)).count(), 100);
}

#[test]
fn a_range_is_read_without_the_rest() {
    let dir = tempfile::tempdir().unwrap();
    let (mut checkpoints, _, _) = open(dir.path());
    write(&mut checkpoints, 1, 1);
    let manifest = write(&mut checkpoints, 2, 2);
    // A record before the range that does not check out is not even looked at.
    let broken = page::record_key(&3_u32.to_be_bytes(), manifest.epoch);
    checkpoints.database.insert(Some(Tree::Agenda), &broken, vec![0; 9]).unwrap();
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
    let harms: [(&str, Harm); 8] = [
        ("`agenda` is damaged: a record fails its checksum", |checkpoints, manifest| {
            let key = page::record_key(&7_u32.to_be_bytes(), manifest.epoch);
            let mut sealed = page::seal(8, 0, &key, b"entries");
            sealed[5] ^= 1;
            checkpoints.database.insert(Some(Tree::Agenda), &key, sealed).unwrap();
        }),
        ("`agenda` is damaged: a record is missing", |checkpoints, manifest| {
            let key = page::record_key(&7_u32.to_be_bytes(), manifest.epoch);
            checkpoints.database.remove(Some(Tree::Agenda), &key).unwrap();
        }),
        ("`agenda` is damaged: a record is of another kind", |checkpoints, manifest| {
            let key = page::record_key(&7_u32.to_be_bytes(), manifest.epoch);
            let sealed = page::seal(7, 0, &key, b"entries");
            checkpoints.database.insert(Some(Tree::Agenda), &key, sealed).unwrap();
        }),
        ("`agenda` is damaged: a record does not unpack", |checkpoints, manifest| {
            let key = page::record_key(&7_u32.to_be_bytes(), manifest.epoch);
            let sealed = page::seal(8, 0, &key, &[7, 1, 2]);
            checkpoints.database.insert(Some(Tree::Agenda), &key, sealed).unwrap();
        }),
        ("`timelines` is damaged: a record fails its checksum", |checkpoints, manifest| {
            let key = page::piece_key(7, &[b'k', 9], manifest.epoch, 2);
            checkpoints.database.insert(None, &key, vec![1; 40]).unwrap();
        }),
        ("`timelines` is damaged: a piece is missing", |checkpoints, manifest| {
            let key = page::piece_key(7, &[b'k', 9], manifest.epoch, 1);
            checkpoints.database.remove(None, &key).unwrap();
        }),
        ("the directory of `agenda` is damaged: a record is missing", |checkpoints, manifest| {
            let key = page::record_key(&page::directory_key(8), manifest.epoch);
            checkpoints.database.remove(Some(Tree::Meta), &key).unwrap();
        }),
        ("a record fails its checksum", |checkpoints, manifest| {
            let key = page::manifest_key(manifest.epoch);
            checkpoints.database.insert(Some(Tree::Meta), &key, vec![0; 80]).unwrap();
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
        let (mut checkpoints, found, moved) = open(dir.path());
        assert_eq!(moved, None);
        if why.starts_with('`') {
            assert_eq!(found.manifests[0], bad);
            assert_eq!(checkpoints.verify(&bad).unwrap_err().to_string(), why);
        } else {
            assert_eq!((found.rejected[0].epoch, found.rejected[0].why.as_str()), (2, why));
        }
        assert_eq!(usable(&mut checkpoints, &found), Some(good.clone()), "{why}");
        // The next one keeps the good one beside it, not the bad one, and nothing of that stays.
        let next = write(&mut checkpoints, 3, 3);
        assert!(next.epoch > bad.epoch);
        assert!(read(&checkpoints, &good) == Ok(values(1)), "{why}");
        assert_eq!(checkpoints.manifests().unwrap().len(), 2);
        assert_eq!(strays(&checkpoints), 0, "{why}");
    }
}

/// Pages that belong to no checkpoint that is there.
fn strays(checkpoints: &Checkpoints) -> usize {
    let mut known = 0;
    let mut all = checkpoints.database.keys(None).count();
    for tree in Tree::ALL {
        let keys = checkpoints.database.keys(Some(tree)).map(Result::unwrap);
        all += keys.filter(|key| tree != Tree::Meta || !page::is_own(key)).count();
    }
    let mut places: Vec<Place> = Vec::new();
    for listed in &checkpoints.listed {
        places.extend(listed.directory.besides(&super::directory::Directory::default()));
        let key = |tree| page::directory_key(page::tag(tree)).into();
        let epoch = listed.manifest.epoch;
        places.extend(Tree::ALL.map(|tree| Place { tree: Tree::Meta, key: key(tree), epoch }));
    }
    places.sort();
    places.dedup();
    for place in &places {
        let full_key = page::record_key(&place.key, place.epoch);
        let sealed = checkpoints.database.get(Some(place.tree), &full_key).unwrap();
        let later = sealed.map(|it| page::unseal(page::tag(place.tree), &full_key, &it).unwrap().0);
        known += later.map_or(0, |later| usize::from(later) + 1);
    }
    all - known
}

#[test]
fn an_unfinished_checkpoint_leaves_nothing_that_counts() {
    let dir = tempfile::tempdir().unwrap();
    let (mut checkpoints, _, _) = open(dir.path());
    let good = write(&mut checkpoints, 1, 1);
    let refused = checkpoints.write((2, Onto::Newest, Pace::Fast), b"", |writer| {
        writer.put(Tree::Timelines, b"stray", &noise(100_000))?;
        writer.put(Tree::Timelines, b"stray", &2_u64)
    });
    let twice = "a record of `timelines` cannot be kept: its key is there already";
    assert_eq!(refused.unwrap_err().to_string(), twice);
    for key in [vec![], vec![1; super::MAX_KEY + 1]] {
        let fill = |writer: &mut Writer<'_>| writer.put(Tree::Holds, &key, &1_u8);
        let refused = checkpoints.write((2, Onto::Newest, Pace::Fast), b"", fill);
        assert!(matches!(refused, Err(ImageError::Refused { tree: "holds", .. })));
    }
    let long =
        checkpoints.write((2, Onto::Newest, Pace::Fast), &[0; super::MAX_META + 1], |_| Ok(()));
    assert!(matches!(long, Err(ImageError::Refused { .. })));
    assert!(strays(&checkpoints) > 1, "the pieces are there");
    drop(checkpoints);
    let (mut checkpoints, found, _) = open(dir.path());
    assert_eq!(found.manifests, [good]);
    let next = write(&mut checkpoints, 3, 3);
    assert!(read(&checkpoints, &next) == Ok(values(3)));
    assert_eq!(strays(&checkpoints), 0, "swept");
}

#[test]
fn sixteen_kibibytes_may_be_kept_beside_a_checkpoint() {
    let dir = tempfile::tempdir().unwrap();
    let (mut checkpoints, _, _) = open(dir.path());
    let meta = noise(16 << 10);
    let written = checkpoints.write((1, Onto::Nothing, Pace::Fast), &meta, |_| Ok(())).unwrap();
    assert!(written.meta == meta);
    drop(checkpoints);
    assert_eq!(open(dir.path()).1.manifests, [written]);
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
    let (mut checkpoints, _, _) = open(dir.path());
    let moved = checkpoints.start_anew("it cannot be read").unwrap();
    assert_eq!((moved.why.as_str(), moved.to.exists()), ("it cannot be read", true));
    write(&mut checkpoints, 4, 4);
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
        let (mut checkpoints, found, moved) = open(copy.path());
        let manifest = usable(&mut checkpoints, &found);
        noticed += usize::from(moved.is_some() || manifest.as_ref() != Some(&two));
        if let Some(manifest) = manifest {
            let round = if manifest == two { 2 } else { 1 };
            assert!(manifest == one || manifest == two);
            assert!(read(&checkpoints, &manifest) == Ok(values(round)), "at {at}");
        }
    }
    assert!(noticed > 0, "some of the flips hit what the newest one needs");
}

#[test]
fn another_stores_checkpoints_are_not_used() {
    let dir = tempfile::tempdir().unwrap();
    write(&mut open(dir.path()).0, 1, 1);
    let (_, found, _) = Checkpoints::open(dir.path(), StoreId([8; 16]), 8 << 20).unwrap();
    assert_eq!(found.manifests, []);
    assert_eq!(found.rejected[0].why, "the manifest belongs to another checkpoint");
}

/// Bytes that do not pack.
fn noise(len: usize) -> Vec<u8> {
    let next = |state: &mut u64| {
        *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(len as u64 | 1);
        Some((*state >> 56) as u8)
    };
    std::iter::repeat_n((), len).scan(1_u64, |state, ()| next(state)).collect()
}

/// What happens to the checkpoints of a store.
#[derive(Clone, Debug)]
enum Step {
    /// One is written: records put, with how many bytes, or removed.
    Write(Onto, Vec<(u8, Option<usize>)>),
    /// One is begun, and given up after so many records.
    GiveUp(Vec<(u8, Option<usize>)>),
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    let size = prop_oneof![8 => 0_usize..200, 1 => 30_000_usize..70_000];
    let record = (0_u8..12, prop::option::weighted(0.8, size));
    let records = vec(record, 0..8).boxed();
    let onto = prop_oneof![6 => Just(Onto::Newest), 1 => Just(Onto::Nothing)];
    prop_oneof![
        6 => (onto, records.clone()).prop_map(|(onto, records)| Step::Write(onto, records)),
        1 => records.prop_map(Step::GiveUp),
        2 => Just(Step::Reopen),
    ]
}

fn fill(
    writer: &mut Writer<'_>,
    records: &[(u8, Option<usize>)],
    image: &mut BTreeMap<Vec<u8>, Vec<u8>>,
) -> Result<(), ImageError> {
    let last: BTreeMap<u8, Option<usize>> = records.iter().copied().collect();
    for (key, size) in last {
        let name = vec![key; usize::from(key % 3) + 1];
        assert_eq!(writer.before(Tree::Names, &name)?, image.get(&name).cloned());
        let below = image.range(..=name.clone()).next_back().map(|(key, _)| key.clone());
        assert_eq!(writer.at_or_before(Tree::Names, &name), below);
        match size {
            Some(size) => {
                let value = noise(size);
                writer.put(Tree::Names, &name, &value)?;
            }
            None => writer.remove(Tree::Names, &name)?,
        }
    }
    for (key, size) in records {
        let name = vec![*key; usize::from(key % 3) + 1];
        match size {
            Some(size) => drop(image.insert(name, noise(*size))),
            None => drop(image.remove(&name)),
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Whatever is written on top of what: the two newest read as what was put, and nothing else is
    /// there.
    #[test]
    fn checkpoints_hold_what_was_put_into_them(steps in vec(step(), 1..14)) {
        let dir = tempfile::tempdir().unwrap();
        let (mut checkpoints, _, _) = open(dir.path());
        let mut images: Vec<BTreeMap<Vec<u8>, Vec<u8>>> = Vec::new();
        let mut seq = 0;
        for step in steps {
            match step {
                Step::Write(onto, records) => {
                    seq += 1;
                    let base = images.last().filter(|_| onto == Onto::Newest);
                    let mut image = base.cloned().unwrap_or_default();
                    let filled = |writer: &mut Writer<'_>| fill(writer, &records, &mut image);
                    let pace = Pace::Gentle(Arc::default());
                    checkpoints.write((seq, onto, pace), b"", filled).unwrap();
                    images.push(image);
                    prop_assert_eq!(strays(&checkpoints), 0);
                }
                Step::GiveUp(records) => {
                    let mut image = images.last().cloned().unwrap_or_default();
                    let to = (seq, Onto::Newest, Pace::Fast);
                    let given_up = checkpoints.write(to, b"", |writer| {
                        fill(writer, &records, &mut image)?;
                        Err(super::failed(super::Fault { what: "off".into(), damage: false }))
                    });
                    prop_assert!(given_up.is_err());
                    drop(checkpoints);
                    checkpoints = open(dir.path()).0;
                }
                Step::Reopen => {
                    drop(checkpoints);
                    checkpoints = open(dir.path()).0;
                }
            }
            let manifests: Vec<Manifest> =
                checkpoints.listed.iter().map(|listed| listed.manifest.clone()).collect();
            prop_assert_eq!(manifests.len(), images.len().min(2));
            for (manifest, image) in manifests.iter().zip(images.iter().rev()) {
                let mut found = BTreeMap::new();
                checkpoints.read(manifest).each(Tree::Names, |key, value: Vec<u8>| {
                    found.insert(key.to_vec(), value);
                    Ok(())
                }).unwrap();
                prop_assert!(&found == image);
            }
        }
    }
}

#[test]
fn a_database_that_is_written_anew_takes_the_place_of_the_other() {
    let dir = tempfile::tempdir().unwrap();
    let (mut checkpoints, _, _) = open(dir.path());
    for round in 1..=20 {
        write(&mut checkpoints, u64::from(round), round);
    }
    let grown = checkpoints.size();
    let fill = |writer: &mut Writer<'_>| {
        values(21)
            .into_iter()
            .try_for_each(|(key, value)| writer.put(Tree::Timelines, &key, &value))
    };
    let manifest = checkpoints.rewrite((21, Pace::Gentle(Arc::default())), b"", fill).unwrap();
    assert!(checkpoints.size() < grown, "{} of {grown}", checkpoints.size());
    assert!(read(&checkpoints, &manifest) == Ok(values(21)));
    // It goes on from there, and so does who opens it.
    let next = write(&mut checkpoints, 22, 22);
    assert!(next.epoch > manifest.epoch);
    drop(checkpoints);
    let (checkpoints, found, moved) = open(dir.path());
    assert_eq!((found.manifests, moved), (vec![next, manifest.clone()], None));
    assert!(read(&checkpoints, &manifest) == Ok(values(21)));
    let left: Vec<_> =
        std::fs::read_dir(dir.path()).unwrap().map(|it| it.unwrap().file_name()).collect();
    assert_eq!(left, ["sled"]);
}
