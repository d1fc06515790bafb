//! `holdline restore`: a data directory of a backup.

use holdline::plan::Zone;
use serde_json::json;

use crate::args;
use crate::exit::{Exit, Failure};
use crate::layout::{count, counted};
use crate::{moment, open, screen};

/// Makes the directory.
pub fn restore(args: &args::Restore) -> Result<Exit, Failure> {
    open::must_be_there(&args.from)?;
    let until = match &args.until {
        Some(text) => moment::read(text, Zone::UTC).map_err(Failure::input)?,
        None => moment::now(),
    };
    let restored = holdline::restore(&args.from, &args.to, until);
    let restored = restored.map_err(|error| Failure::store(&error).help(error.help()))?;
    if args.shape.is_json() {
        screen::print_json(&json!({
            "sequence": restored.sequence,
            "digest": restored.digest.to_string(),
            "segments": restored.segments,
            "unknown": restored.unknown,
        }))?;
        return Ok(Exit::Fine);
    }
    let (number, digest) = (count(restored.sequence), restored.digest);
    let segments = counted(restored.segments, "segment", "segments");
    screen::print(&format!(
        "as of command {number}, digest {digest}, with {segments} of the journal\n{}",
        unknown(restored.unknown)
    ))?;
    Ok(Exit::Fine)
}

/// What is not known since then, and what to do about it.
fn unknown(sends: u64) -> String {
    if sends == 0 {
        return "nothing was due since then\n".to_owned();
    }
    let wait = if sends == 1 { "waits" } else { "wait" };
    format!(
        "{} may have gone out since then and {wait} as `outcome-unknown`: give the directory the \
         deliveries since,\nthen `holdline resend` what did not go out\n",
        counted(sends, "send", "sends")
    )
}
