//! `holdline restore`: a data directory of a backup.

use serde_json::json;

use crate::args;
use crate::exit::{Exit, Failure};
use crate::layout::{count, counted};
use crate::{open, screen};

/// Makes the directory.
pub fn restore(args: &args::Restore) -> Result<Exit, Failure> {
    open::must_be_there(&args.from)?;
    let restored = holdline::restore(&args.from, &args.to);
    let restored = restored.map_err(|error| Failure::store(&error).help(error.help()))?;
    if args.shape.is_json() {
        screen::print_json(&json!({
            "sequence": restored.sequence,
            "digest": restored.digest.to_string(),
            "segments": restored.segments,
        }))?;
        return Ok(Exit::Fine);
    }
    let (number, digest) = (count(restored.sequence), restored.digest);
    let segments = counted(restored.segments, "segment", "segments");
    screen::print(&format!(
        "as of command {number}, digest {digest}, with {segments} of the journal\n\
         what went out after that is not known: give it to the directory before you claim from it\n"
    ))?;
    Ok(Exit::Fine)
}
