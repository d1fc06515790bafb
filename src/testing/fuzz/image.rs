//! Any bytes as a state that is kept: as the records of an image, as the pages of a database of
//! checkpoints, as the file of a base. What is read as a state is written, and read as the same.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::STORE;
use super::lines::with_salt;
use super::sums::{long, seal_base, seal_page};
use crate::engine::port::{ImageError, ImageReader, ImageWriter, Tree};
use crate::engine::{Digest, State};
use crate::json::read_command;
use crate::store::base::Bases;
use crate::store::checkpoint::{Checkpoints, Onto, Pace};
use crate::store::codec;
use crate::testing::disk::SimDisk;
use crate::testing::torture::pages::{Page, SimPages};

pub(super) const BASES: &str = "/base";
/// What the state of the scene was told. The second part follows the first checkpoint.
const TOLD: [&str; 2] = [include_str!("first.jsonl"), include_str!("second.jsonl")];

/// A state by the command that it is as of, and its digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) seq: u64,
    pub(super) digest: Digest,
}

/// A small state, kept in each way.
pub(super) struct Scene {
    /// As of both checkpoints, the newest first.
    pub(super) told: [Told; 2],
    pub(super) pages: Vec<Page>,
    pub(super) base: SimDisk,
}

/// The scene, made once.
pub(super) fn scene() -> Result<&'static Scene, String> {
    static SCENE: OnceLock<Result<Scene, String>> = OnceLock::new();
    SCENE.get_or_init(made).as_ref().map_err(Clone::clone)
}

fn made() -> Result<Scene, String> {
    let disk = SimDisk::new();
    let pages = SimPages::new(&disk);
    let home = Box::new(pages.clone());
    let opened = Checkpoints::open_in(home, STORE).map_err(|error| error.to_string())?;
    let (mut state, mut checkpoints, mut marks) = (State::new(), opened.0, None);
    let mut told = Vec::new();
    for lines in TOLD {
        for line in lines.lines() {
            let command = read_command(line.as_bytes()).map_err(|error| error.to_string())?;
            let mut command = with_salt(&state, command);
            if let Some(refusal) = state.apply(&mut command).outcome.refusal() {
                return Err(format!("{line}: {refusal}"));
            }
        }
        let (image, seq) = (state.image(), state.sequence());
        let onto = if marks.is_none() { Onto::Nothing } else { Onto::Newest };
        let kept = checkpoints
            .write((seq, onto, Pace::Fast), &[], |writer| image.write(writer, marks.as_ref()));
        kept.map_err(|error| error.to_string())?;
        marks = Some(image.marks());
        told.insert(0, Told { seq, digest: state.snapshot().digest() });
    }
    let base = SimDisk::new();
    let bases = Bases::new(Arc::new(base.clone()), PathBuf::from(BASES), STORE);
    let image = state.image();
    let kept = bases.write(state.sequence(), |writer| image.write(writer, None));
    kept.map_err(|error| error.to_string())?;
    let told = told.try_into().map_err(|_| "there are two parts".to_owned())?;
    Ok(Scene { told, pages: pages.all(), base })
}

/// The states that the checkpoints of a database are, or why they are not used.
pub(super) fn told(pages: &SimPages) -> Result<Vec<Result<State, String>>, String> {
    let opened = Checkpoints::open_in(Box::new(pages.clone()), STORE);
    let (checkpoints, found, moved) = opened.map_err(|error| error.to_string())?;
    let moved = moved.into_iter().map(|it| Err(it.why));
    let rejected = found.rejected.into_iter().map(|it| Err(it.why));
    let read = found.manifests.iter().map(|manifest| {
        let state = State::read(&mut checkpoints.read(manifest)).map_err(|it| it.to_string())?;
        let fits = state.sequence() == manifest.seq;
        if fits { Ok(state) } else { Err("its manifest is as of another command".to_owned()) }
    });
    Ok(moved.chain(rejected).chain(read).collect())
}

pub(super) fn from_base(bases: &Bases, seq: u64) -> Result<State, String> {
    let mut reader = bases.read(seq).map_err(|error| error.to_string())?;
    State::read(&mut reader).map_err(|error| error.to_string())
}

/// Records in memory, encoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Records(BTreeMap<(Tree, Vec<u8>), Vec<u8>>);

impl ImageWriter for Records {
    fn put<T: Serialize>(&mut self, tree: Tree, key: &[u8], value: &T) -> Result<(), ImageError> {
        let refused = |what| ImageError::Refused { tree: tree.name(), what };
        let body = codec::encode(value).map_err(|error| refused(error.to_string()))?;
        match self.0.insert((tree, key.to_vec()), body) {
            None => Ok(()),
            Some(_) => Err(refused("its key is there already".to_owned())),
        }
    }

    fn remove(&mut self, _: Tree, _: &[u8]) -> Result<(), ImageError> {
        Ok(())
    }

    fn before<T: DeserializeOwned>(&mut self, _: Tree, _: &[u8]) -> Result<Option<T>, ImageError> {
        Ok(None)
    }

    fn at_or_before(&self, _: Tree, _: &[u8]) -> Option<Vec<u8>> {
        None
    }
}

impl ImageReader for Records {
    fn each<T: DeserializeOwned>(
        &mut self,
        tree: Tree,
        each: impl FnMut(&[u8], T) -> Result<(), ImageError>,
    ) -> Result<(), ImageError> {
        self.between(tree, (&[], &[0xff; 64]), each)
    }

    fn between<T: DeserializeOwned>(
        &mut self,
        tree: Tree,
        (from, to): (&[u8], &[u8]),
        mut each: impl FnMut(&[u8], T) -> Result<(), ImageError>,
    ) -> Result<(), ImageError> {
        let range = (tree, from.to_vec())..(tree, to.to_vec());
        for ((_, key), body) in self.0.range(range) {
            let value = codec::decode(body).map_err(|error| ImageError::Damaged {
                tree: tree.name(),
                what: error.to_string(),
            });
            each(key, value?)?;
        }
        Ok(())
    }
}

/// A state that was brought about by commands is written, read as the same, and is the same records
/// then.
pub(super) fn again(state: &State) -> Result<(), String> {
    match written(state) {
        Err(error) => Err(format!("it is not written: {error}")),
        Ok(records) => same(state, &records),
    }
}

fn written(state: &State) -> Result<Records, ImageError> {
    let mut records = Records::default();
    state.snapshot().write(&mut records, None)?;
    Ok(records)
}

/// Of what is read as a state although no commands bring it about, writing may be refused.
fn if_written(state: &State) -> Result<(), String> {
    written(state).map_or(Ok(()), |records| same(state, &records))
}

fn same(state: &State, records: &Records) -> Result<(), String> {
    let snapshot = state.snapshot();
    let read = State::read(&mut records.clone());
    let read = read.map_err(|error| format!("it is not read back: {error}"))?.snapshot();
    if read.digest() != snapshot.digest() {
        return Err("it is read back as another state".to_owned());
    }
    let mut once_more = Records::default();
    read.write(&mut once_more, None).map_err(|error| format!("it is not kept again: {error}"))?;
    let other = records.0.iter().find(|(key, body)| once_more.0.get(key) != Some(body));
    match other {
        None if once_more.0.len() == records.0.len() => Ok(()),
        None => Err("read back, there are more records of it".to_owned()),
        Some((key, _)) => Err(format!("read back, there is another record at {key:?}")),
    }
}

/// Entries of a place, a key and a value: the number of a tree, the length of the key, the key, two
/// bytes of length, the value.
fn entries(mut bytes: &[u8]) -> Vec<(u8, Vec<u8>, Vec<u8>)> {
    let mut found = Vec::new();
    while let Some(([tree, len], rest)) = bytes.split_first_chunk::<2>() {
        let (key, rest) = rest.split_at_checked(usize::from(*len)).unwrap_or((rest, &[]));
        let (len, rest) = rest.split_first_chunk::<2>().unwrap_or((&[0, 0], &[]));
        let len = usize::from(u16::from_le_bytes(*len));
        let (value, rest) = rest.split_at_checked(len).unwrap_or((rest, &[]));
        found.push((*tree, key.to_vec(), value.to_vec()));
        bytes = rest;
    }
    found
}

/// The tree that a number means: 1 is the first.
fn tree(number: u8) -> Option<Tree> {
    Tree::ALL.get(usize::from(number).checked_sub(1)?).copied()
}

/// Reads entries as the records of a state.
pub fn image(bytes: &[u8]) -> Result<(), String> {
    let entries = entries(bytes).into_iter();
    let records = entries.filter_map(|(at, key, value)| Some(((tree(at)?, key), value))).collect();
    match State::read(&mut Records(records)) {
        Ok(state) => if_written(&state),
        Err(_) => Ok(()),
    }
}

/// Reads entries as the pages of a database of checkpoints; the first bit of the first byte says
/// whether their checksums are put right before.
pub fn pages(bytes: &[u8]) -> Result<(), String> {
    let Some((how, bytes)) = bytes.split_first() else {
        return Ok(());
    };
    let pages = entries(bytes).into_iter().map(|(at, key, mut value)| {
        if how & 1 == 1 {
            seal_page(&key, &mut value);
        }
        (tree(at), key, value)
    });
    for state in told(&SimPages::of(pages.collect()))? {
        state.map_or(Ok(()), |state| if_written(&state))?;
    }
    Ok(())
}

/// Reads bytes behind the first one as the file of a base; its first bit says whether the checksums
/// are put right before.
pub fn base(bytes: &[u8]) -> Result<(), String> {
    let Some((how, bytes)) = bytes.split_first() else {
        return Ok(());
    };
    let (disk, mut bytes) = (SimDisk::new(), bytes.to_vec());
    if how & 1 == 1 {
        seal_base(&STORE.0, &mut bytes);
    }
    let seq = long(&bytes, 16);
    let bases = Bases::new(Arc::new(disk.clone()), Path::new(BASES).into(), STORE);
    disk.put(&bases.path(seq), bytes);
    match from_base(&bases, seq) {
        Ok(state) => if_written(&state),
        Err(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // A table took whatever page came first for its first one, also where nothing is ever dropped
    // from the front. What follows from prospects was then worked out for billions that are not
    // there.
    #[test]
    fn a_table_that_begins_with_a_later_page_is_damaged() {
        let scene = scene().unwrap();
        let bases = Bases::new(Arc::new(scene.base.clone()), PathBuf::from(BASES), STORE);
        let state = from_base(&bases, scene.told[0].seq).unwrap();
        let mut records = written(&state).unwrap();
        let pages: Vec<_> = records.0.keys().filter(|(tree, _)| *tree == Tree::Prospects).collect();
        let place = (*pages.first().unwrap()).clone();
        let body = records.0.remove(&place).unwrap();
        // The last four bytes of a key are the number of the page.
        let later = [&place.1[..5], &0x4c00_0000_u32.to_be_bytes()].concat();
        records.0.insert((Tree::Prospects, later), body);
        let error = State::read(&mut records).unwrap_err();
        assert!(matches!(error, ImageError::Stopped { tree: "prospects", .. }), "{error}");
    }

    // The number of the next checkpoint was one more than the greatest that any key names, and a
    // damaged key may name the greatest number there is. The sum overflowed: a panic in a debug
    // build, and in another one checkpoints that begin again with number 0.
    #[test]
    fn a_key_that_names_the_last_epoch_is_damage_and_no_panic() {
        let scene = scene().unwrap();
        let mut pages = scene.pages.clone();
        pages.push((Some(Tree::Meta), vec![0xff; 16], vec![0; 8]));
        let told = told(&SimPages::of(pages)).unwrap();
        assert!(matches!(told.as_slice(), [Err(why)] if why.contains("epoch")), "{}", told.len());
    }
}
