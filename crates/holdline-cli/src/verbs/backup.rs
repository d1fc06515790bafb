//! `holdline backup`: a copy that a data directory can be made of again.

use serde_json::json;

use crate::args;
use crate::exit::{Exit, Failure};
use crate::layout::bytes;
use crate::layout::{count, counted};
use crate::{open, screen};

/// Takes the backup.
pub fn backup(args: &args::Backup) -> Result<Exit, Failure> {
    let engine = open::existing(&args.data)?;
    let taken = engine.backup(&args.to, args.history);
    let taken = taken.map_err(|error| Failure::store(&error).help(error.help()));
    super::close(engine)?;
    let taken = taken?;
    if args.shape.is_json() {
        screen::print_json(&json!({
            "sequence": taken.sequence,
            "unchanged": taken.unchanged,
            "base-bytes": taken.base_bytes,
            "segments": taken.segments,
            "segment-bytes": taken.segment_bytes,
            "segments-there": taken.segments_there,
        }))?;
        return Ok(Exit::Fine);
    }
    let (base, number) = (bytes(taken.base_bytes), count(taken.sequence));
    let mut said = match taken.unchanged {
        true => format!("the base of command {number} was there, {base}\n"),
        false => format!("the base of command {number}, {base}\n"),
    };
    if args.history {
        let segments = counted(taken.segments, "segment", "segments");
        let (written, there) = (bytes(taken.segment_bytes), count(taken.segments_there));
        said += &format!("{segments} of the journal, {written}; {there} were there\n");
    }
    screen::print(&said)?;
    Ok(Exit::Fine)
}
