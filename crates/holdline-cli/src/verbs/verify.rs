//! `holdline verify`: everything that a data directory keeps, checked.

use std::path::PathBuf;

use holdline::Verified;
use serde_json::json;

use crate::args;
use crate::exit::{Exit, Failure};
use crate::layout::{Cell, Side, Table, count, counted};
use crate::screen::{FAINT, STRONG, styled, tell, width};
use crate::{open, screen};

/// Checks it.
pub fn verify(args: &args::Verify) -> Result<Exit, Failure> {
    open::must_be_there(&args.looked.data)?;
    let scratch = scratch(args.looked.scratch.as_ref());
    let verified = holdline::verify_absent(&args.looked.data, scratch, &args.absent);
    let verified = verified.map_err(|error| Failure::store(&error).help(error.help()))?;
    if args.looked.shape.is_json() {
        screen::print_json(&json!({
            "checked": verified.parts.iter().map(|part| json!({
                "what": part.what,
                "count": part.count,
                "unit": part.unit,
                "ms": part.took.as_secs_f64() * 1000.0,
            })).collect::<Vec<_>>(),
            "findings": verified.findings,
            "notes": verified.notes,
            "sequence": verified.state.map(|(sequence, _)| sequence),
            "digest": verified.state.map(|(_, digest)| digest.to_string()),
        }))?;
    } else {
        screen::print(&shown(&verified))?;
    }
    told(&verified.findings);
    Ok(if verified.findings.is_empty() { Exit::Fine } else { Exit::Store })
}

/// Where there is room for a while.
pub fn scratch(given: Option<&PathBuf>) -> PathBuf {
    given.cloned().unwrap_or_else(std::env::temp_dir)
}

/// Tells what is wrong.
pub fn told(findings: &[String]) {
    for finding in findings {
        tell(format_args!("{} {finding}", styled(STRONG, "wrong:")));
    }
}

fn shown(verified: &Verified) -> String {
    let mut table = Table::new(0, &[Side::Left, Side::Right, Side::Left, Side::Right]);
    for part in &verified.parts {
        let took = format!("{:.1} ms", part.took.as_secs_f64() * 1000.0);
        table.row([
            Cell::from(part.what.as_str()),
            Cell::from(count(part.count).as_str()),
            Cell::styled(part.unit.to_owned(), FAINT),
            Cell::styled(took, FAINT),
        ]);
    }
    let mut out = table.render(width());
    for note in &verified.notes {
        out += &format!("{} {note}\n", styled(FAINT, "note:"));
    }
    if let Some((sequence, digest)) = verified.state {
        out += &format!("command {}, digest {digest}\n", count(sequence));
    }
    out += &match verified.findings.len() {
        0 => "nothing is wrong\n".to_owned(),
        wrong => counted(wrong as u64, "finding\n", "findings\n"),
    };
    out
}
