//! `holdline digest`: the name of a state.

use serde_json::json;

use super::close;
use crate::args::{Digest, Format};
use crate::exit::{Exit, Failure};
use crate::{open, screen};

/// Prints the digest of a data directory.
pub fn digest(args: &Digest) -> Result<Exit, Failure> {
    let engine = open::existing(&args.data)?;
    let digest = engine.snapshot()?.digest();
    close(engine)?;
    match args.output.format {
        Format::Human => screen::print(&format!("{digest}\n"))?,
        Format::Json => screen::print_json(&json!({ "digest": digest.to_string() }))?,
    }
    Ok(Exit::Fine)
}
