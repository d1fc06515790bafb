//! Whole files of a store with a few bytes changed, and no checksum put right: each is refused, or
//! says what it said. History is never shorter without a word.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use super::segment::{Kept, append, create, frames, open};
use super::{STORE, image};
use crate::engine::port::Journal;
use crate::store::base::Bases;
use crate::testing::disk::{SimDisk, draw};
use crate::testing::torture::pages::SimPages;

const FRAMES: u64 = 14;
/// Changes of one input at the most.
const MOST: usize = 8;

/// Journals that are sound: one that goes on, one that was closed, and one whose first segments are
/// compressed.
struct Sound {
    disks: [SimDisk; 3],
    all: Vec<Kept>,
}

fn made() -> Result<Sound, String> {
    let disk = SimDisk::new();
    create(&disk, 0)?;
    let (mut journal, _) = open(&disk)?;
    let (mut all, mut next, mut random) = (Vec::new(), 1, 7);
    for number in 0..FRAMES {
        let last = next + draw(&mut random) % 3;
        let len = draw(&mut random) % 900;
        // Frames of zeros alone are those that a loss of power could have made.
        let byte = |_| if number % 4 == 0 { 0 } else { draw(&mut random).to_le_bytes()[0] & 7 };
        all.push((next, last, (0..len).map(byte).collect()));
        next = last + 1;
    }
    append(&mut journal, &all)?;
    let going_on = disk.copy();
    let (mut closing, _) = open(&disk)?;
    closing.close().map_err(|error| error.to_string())?;
    let closed = disk.copy();
    let archivist = journal.archivist();
    while archivist.compress_one(next).map_err(|error| error.to_string())?.is_some() {}
    Ok(Sound { disks: [going_on, closed, disk.copy()], all })
}

/// The first byte says what is harmed, the others how: four for each change.
pub fn harm(bytes: &[u8]) -> Result<(), String> {
    static SOUND: OnceLock<Result<Sound, String>> = OnceLock::new();
    let sound = SOUND.get_or_init(made).as_ref().map_err(Clone::clone)?;
    let Some((what, changes)) = bytes.split_first() else {
        return Ok(());
    };
    let changes: Vec<Change> = changes.chunks_exact(4).take(MOST).filter_map(Change::of).collect();
    match what % 5 {
        3 => checkpoints(&changes),
        4 => base(&changes),
        scene => {
            let disk = sound.disks.get(usize::from(scene));
            disk.map_or(Ok(()), |disk| journal(disk, scene > 0, &sound.all, &changes))
        }
    }
}

/// One change of one file.
#[derive(Clone, Copy, Debug)]
struct Change {
    file: usize,
    how: u8,
    at: u16,
    with: u8,
}

impl Change {
    fn of(bytes: &[u8]) -> Option<Self> {
        let &[first, low, high, with] = bytes.first_chunk::<4>()?;
        let at = u16::from_le_bytes([low, high]);
        Some(Self { file: usize::from(first >> 3), how: first & 7, at, with })
    }

    fn make(self, bytes: &mut Vec<u8>) {
        let Some(at) = usize::from(self.at).checked_rem(bytes.len()) else {
            return;
        };
        let some = usize::from(self.with);
        match self.how {
            0 => bytes.truncate(at),
            1 => bytes.insert(at, self.with),
            2 => drop(bytes.remove(at)),
            3 => bytes.iter_mut().skip(at).take(some * 8).for_each(|byte| *byte = 0),
            4 => {
                let copied: Vec<u8> = bytes.iter().skip(at).take(some * 8).copied().collect();
                bytes.extend(copied);
            }
            5 => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte = self.with),
            6 => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte = byte.wrapping_add(1)),
            _ => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1 << (self.with % 8)),
        }
    }
}

/// Makes the changes on a disk; the paths of what is another file than before.
fn change(disk: &SimDisk, changes: &[Change]) -> Vec<PathBuf> {
    let paths = disk.paths();
    let before: Vec<_> = paths.iter().map(|path| disk.bytes(path)).collect();
    for change in changes {
        let path = change.file.checked_rem(paths.len()).and_then(|file| paths.get(file));
        if let Some((path, mut bytes)) = path.and_then(|path| Some((path, disk.bytes(path)?))) {
            change.make(&mut bytes);
            disk.put(path, bytes);
        }
    }
    let changed = paths.iter().zip(before).filter(|(path, before)| disk.bytes(path) != *before);
    changed.map(|(path, _)| path.clone()).collect()
}

/// A journal whose end is known, because it was closed, is whole or refused. One that goes on may
/// have lost its end with the power, and says so unless a frame is cut off as if never written.
fn journal(sound: &SimDisk, closed: bool, all: &[Kept], changes: &[Change]) -> Result<(), String> {
    let disk = sound.copy();
    let changed = change(&disk, changes);
    let last =
        disk.paths().into_iter().rfind(|path| path.extension().is_some_and(|it| it == "seg"));
    let is_cut = last.is_some_and(|last| {
        let (before, now) = (sound.bytes(&last), disk.bytes(&last));
        before.zip(now).is_some_and(|(before, now)| before.starts_with(&now))
    });
    let Ok((mut journal, torn)) = open(&disk) else {
        return Ok(());
    };
    let (found, whole) = frames(&mut journal, 1);
    if !all.starts_with(&found) {
        return Err(format!("{changes:?}: a history that never was; changed {changed:?}"));
    }
    if !whole || found.len() == all.len() {
        return Ok(());
    }
    if closed || !(torn || is_cut) {
        let (found, all) = (found.len(), all.len());
        return Err(format!("{changes:?}: {found} frames of {all}; changed {changed:?}"));
    }
    Ok(())
}

/// A checkpoint is the state that it was, or is not used.
fn checkpoints(changes: &[Change]) -> Result<(), String> {
    let scene = image::scene()?;
    let mut pages = scene.pages.clone();
    let count = pages.len();
    for change in changes {
        let page = change.file.checked_mul(7).and_then(|file| file.checked_rem(count));
        if let Some((_, _, bytes)) = page.and_then(|page| pages.get_mut(page)) {
            change.make(bytes);
        }
    }
    let found = image::told(&SimPages::of(pages))?;
    // One that does not count any more without a word would be another history.
    if found.len() < scene.told.len() {
        return Err(format!("{changes:?}: {} checkpoints", found.len()));
    }
    for state in found.into_iter().flatten() {
        let told = image::Told { seq: state.sequence(), digest: state.snapshot().digest() };
        if !scene.told.contains(&told) {
            return Err(format!("{changes:?}: expected {:?}, found {told:?}", scene.told));
        }
    }
    Ok(())
}

/// A base is the state that it was, or is refused.
fn base(changes: &[Change]) -> Result<(), String> {
    let scene = image::scene()?;
    let disk = scene.base.copy();
    change(&disk, changes);
    let bases = Bases::new(Arc::new(disk), PathBuf::from(image::BASES), STORE);
    let [newest, _] = &scene.told;
    match image::from_base(&bases, newest.seq) {
        Ok(state) if state.snapshot().digest() != newest.digest => {
            Err(format!("{changes:?}: another state than {newest:?}"))
        }
        _ => Ok(()),
    }
}
