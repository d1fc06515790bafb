//! A real store whose files are harmed: a byte flipped, the end cut off, a file taken away. Each is
//! found out at the next open, or makes no difference; the history is never another one.

use std::fs;
use std::path::{Path, PathBuf};

use crate::testing::kill::batch;
use crate::{Digest, Engine, Options};

/// What came of harming files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Harmed {
    /// Files that were harmed, one at a time.
    pub harms: u64,
    /// Of these, such that the next open refused by name.
    pub refused: u64,
    /// Of these, such that the next open put right, and said so.
    pub mended: u64,
}

/// Small, so that there are several of them.
fn options() -> Options {
    Options { segment_bytes: 6_000, ..Options::default() }
}

/// Makes a store, and harms its files one at a time in so many copies of it, each somewhere else.
///
/// # Errors
/// A sentence that says what was not noticed, or what failed.
pub fn harm_files(place: &Path, seed: u64, rounds: u64) -> Result<Harmed, String> {
    let whole = place.join("whole");
    let digest = make(&whole)?;
    let files = files_in(&whole).map_err(|error| error.to_string())?;
    let mut harmed = Harmed::default();
    let mut random = seed;
    for round in 0..rounds {
        let copy = place.join(format!("harmed-{round}"));
        copy_dir(&whole, &copy).map_err(|error| error.to_string())?;
        let pick = draw(&mut random) as usize % files.len().max(1);
        let Some(file) = files.get(pick) else {
            return Err("the store has no files".to_owned());
        };
        let path = copy.join(file);
        let what = harm(&path, &mut random).map_err(|error| error.to_string())?;
        harmed.harms += 1;
        match Engine::open(&copy, options()) {
            Err(_) => harmed.refused += 1,
            Ok(engine) => {
                let found = engine.snapshot().map_err(|error| error.to_string())?.digest();
                if found != digest {
                    let told = engine.opened().notes.join("; ");
                    return Err(format!("{}: {what}: another state; {told}", file.display()));
                }
                harmed.mended += u64::from(!engine.opened().notes.is_empty());
            }
        }
        fs::remove_dir_all(&copy).map_err(|error| error.to_string())?;
    }
    fs::remove_dir_all(&whole).map_err(|error| error.to_string())?;
    Ok(harmed)
}

fn make(dir: &Path) -> Result<Digest, String> {
    let engine = Engine::open(dir, options()).map_err(|error| error.to_string())?;
    for number in 0..60 {
        engine.apply_batch(batch(number)).map_err(|error| error.to_string())?;
        if number % 20 == 19 {
            engine.checkpoint().map_err(|error| error.to_string())?;
        }
    }
    let digest = engine.snapshot().map_err(|error| error.to_string())?.digest();
    engine.close().map_err(|error| error.to_string())?;
    Ok(digest)
}

/// Does one harm to a file; what it was.
fn harm(path: &Path, random: &mut u64) -> std::io::Result<String> {
    let mut bytes = fs::read(path)?;
    let at = draw(random) as usize % bytes.len().max(1);
    match draw(random) % 8 {
        0 => {
            fs::remove_file(path)?;
            Ok("taken away".to_owned())
        }
        1 | 2 => {
            bytes.truncate(at);
            fs::write(path, bytes)?;
            Ok(format!("cut off at {at}"))
        }
        _ => {
            let bit = 1 << (draw(random) % 8);
            bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= bit);
            fs::write(path, bytes)?;
            Ok(format!("flipped at {at}"))
        }
    }
}

/// The files of a store below its directory, but for the lock, which says nothing.
fn files_in(dir: &Path) -> std::io::Result<Vec<PathBuf>> {
    let (mut found, mut left) = (Vec::new(), vec![PathBuf::new()]);
    while let Some(inside) = left.pop() {
        for entry in fs::read_dir(dir.join(&inside))? {
            let entry = entry?;
            let path = inside.join(entry.file_name());
            if entry.metadata()?.is_dir() {
                left.push(path);
            } else if path != Path::new("lock") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

fn copy_dir(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.metadata()?.is_dir() {
            copy_dir(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// The next number of a small generator.
fn draw(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb) >> 8
}
