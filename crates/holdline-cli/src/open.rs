//! Opening a data directory, and what there is to say when that fails.

use std::path::Path;

use holdline::engine::Engine;
use holdline::{OpenError, Options};

use crate::args::Durability;
use crate::exit::Failure;
use crate::screen::{FAINT, styled, tell};

/// Opens the directory, and makes it if it is not there. What had to be repaired is told.
pub fn open(dir: &Path, durability: Durability) -> Result<Engine, Failure> {
    let mut options = Options::default();
    options.durability = match durability {
        Durability::Full => holdline::Durability::Full,
        Durability::IntervalMs(ms) => {
            holdline::Durability::Interval(u32::try_from(ms).unwrap_or(u32::MAX))
        }
        Durability::None => holdline::Durability::None,
    };
    // The same commands give the same digest, however fast they come.
    options.plans_when_idle = false;
    let failed = |error: OpenError| Failure::store(&error).help(error.help());
    let engine = Engine::open(dir, options).map_err(failed)?;
    for note in &engine.opened().notes {
        tell(format_args!("{} {note}", styled(FAINT, "note:")));
    }
    Ok(engine)
}

/// Opens a directory that must be there.
pub fn existing(dir: &Path) -> Result<Engine, Failure> {
    must_be_there(dir)?;
    open(dir, Durability::Full)
}

/// A directory that is only read is not made.
pub fn must_be_there(dir: &Path) -> Result<(), Failure> {
    if dir.is_dir() {
        return Ok(());
    }
    let message = format_args!("there is no data directory `{}`", dir.display());
    let help = "`holdline run EVENTS.jsonl` makes one; `--data DIR` names another";
    Err(Failure::store(message).help(help))
}
