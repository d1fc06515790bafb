//! `holdline repair`: what is damaged goes aside, and what can be made again is made again.

use holdline::RepairError;
use serde_json::json;

use super::verify::{scratch, told};
use crate::args;
use crate::exit::{Exit, Failure};
use crate::layout::count;
use crate::{open, screen};

/// Puts it right.
pub fn repair(args: &args::Repair) -> Result<Exit, Failure> {
    open::must_be_there(&args.looked.data)?;
    let repaired = match holdline::repair(&args.looked.data, scratch(args.looked.scratch.as_ref()))
    {
        Ok(repaired) => repaired,
        Err(RepairError::Open(error)) => return Err(Failure::store(&error).help(error.help())),
        Err(error) => {
            if let RepairError::Loss { findings, .. } = &error {
                told(findings);
            }
            return Err(Failure::store(error).help("restore from a backup; nothing was changed"));
        }
    };
    let (sequence, digest) = repaired.state;
    if args.looked.shape.is_json() {
        screen::print_json(&json!({
            "findings": repaired.findings,
            "done": repaired.done,
            "sequence": sequence,
            "digest": digest.to_string(),
        }))?;
        return Ok(Exit::Fine);
    }
    told(&repaired.findings);
    let mut said = String::new();
    for done in &repaired.done {
        said += done;
        said.push('\n');
    }
    if repaired.done.is_empty() {
        said += "nothing had to be done\n";
    }
    said += &format!("command {}, digest {digest}\n", count(sequence));
    screen::print(&said)?;
    Ok(Exit::Fine)
}
