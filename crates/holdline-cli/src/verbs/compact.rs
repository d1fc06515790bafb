//! `holdline compact`: what a data directory takes, made small.

use holdline::Options;
use serde_json::json;

use crate::args;
use crate::exit::{Exit, Failure};
use crate::layout::bytes;
use crate::layout::{Side, Table, count};
use crate::screen::width;
use crate::{open, screen};

/// Makes it small.
pub fn compact(args: &args::Compact) -> Result<Exit, Failure> {
    open::must_be_there(&args.data)?;
    let mut options = Options::default();
    options.history_days = args.history_days;
    let compacted = holdline::compact(&args.data, options);
    let compacted = compacted.map_err(|error| Failure::store(&error).help(error.help()))?;
    let (sequence, digest) = compacted.state;
    let (compressed, trimmed) = compacted.segments;
    let parts = [
        ("journal", compacted.journal),
        ("checkpoints", compacted.checkpoints),
        ("bases", compacted.bases),
    ];
    if args.shape.is_json() {
        let sizes = parts.map(|(name, (before, after))| {
            (name.to_owned(), json!({ "before": before, "after": after }))
        });
        screen::print_json(&json!({
            "bytes": sizes.into_iter().collect::<serde_json::Map<_, _>>(),
            "compressed": compressed,
            "trimmed": trimmed,
            "sequence": sequence,
            "digest": digest.to_string(),
        }))?;
        return Ok(Exit::Fine);
    }
    let mut table = Table::new(0, &[Side::Left, Side::Right, Side::Left, Side::Right]);
    for (name, (before, after)) in parts {
        let (before, after) = (bytes(before), bytes(after));
        table.row([name.into(), before.as_str().into(), "to".into(), after.as_str().into()]);
    }
    let (compressed, trimmed) = (count(compressed), count(trimmed));
    screen::print(&format!(
        "{}segments: {compressed} compressed, {trimmed} trimmed\ncommand {}, digest {digest}\n",
        table.render(width()),
        count(sequence)
    ))?;
    Ok(Exit::Fine)
}
