//! The agenda out of the newest checkpoint, of which little is read.

use holdline::{ColdAgenda, ColdStore, OpenError};
use serde_json::json;

use super::{after, render};
use crate::args::{self, Format};
use crate::exit::{Exit, Failure};
use crate::layout::{bytes, count, counted, wrap};
use crate::screen::{FAINT, styled, width};
use crate::{open, screen};

/// What the numbers are.
const SENDS: &str = "sent, and planned as the next of its timeline, held or not";

/// What it took.
struct Cost {
    read: u64,
    stored: u64,
    /// All that this process read; none where the system does not say.
    by_process: Option<u64>,
}

/// Shows the agenda.
pub fn agenda(args: &args::Agenda) -> Result<Exit, Failure> {
    open::must_be_there(&args.data.data)?;
    let failed = |error: OpenError| Failure::store(&error).help(error.help());
    let Some(store) = ColdStore::open(&args.data.data).map_err(failed)? else {
        let message = format_args!("there is no checkpoint in `{}`", args.data.data.display());
        return Err(Failure::store(message).help("without `--cold` the journal is applied"));
    };
    let mut refused = None;
    let to = |from| {
        after(args, from).unwrap_or_else(|failure| {
            refused = Some(failure);
            from
        })
    };
    let found = store.agenda(&args.data.workspace, args.from, to).map_err(failed)?;
    if let Some(failure) = refused {
        return Err(failure);
    }
    let Some(found) = found else {
        let message = format_args!(
            "there is no workspace `{}` in the newest checkpoint of `{}`",
            args.data.workspace,
            args.data.data.display()
        );
        return Err(Failure::input(message).help("without `--cold` the journal is applied"));
    };
    let cost = Cost {
        read: store.read_bytes(),
        stored: store.stored_bytes().map_err(failed)?,
        by_process: by_process(),
    };
    if args.output.format == Format::Json {
        screen::print_json(&as_json(&store, &found, &cost))?;
        return Ok(Exit::Fine);
    }
    let senders = &found.agenda.senders;
    let mut out = if senders.is_empty() {
        "no senders\n".to_owned()
    } else {
        render(found.agenda.from, senders, SENDS, width())
    };
    for sentence in said(&store, &cost) {
        out += &styled(FAINT, wrap(&sentence, 0, width()).trim_end());
        out.push('\n');
    }
    screen::print(&out)?;
    Ok(Exit::Fine)
}

/// As of when it is, and what it took.
fn said(store: &ColdStore, cost: &Cost) -> [String; 2] {
    let later = match store.later() {
        0 => "the journal has none after it".to_owned(),
        later => {
            let later = counted(later, "later command", "later commands");
            format!("the journal has {later}, which this does not know")
        }
    };
    let by_process = cost
        .by_process
        .map_or_else(String::new, |read| format!("; this process read {} in all", bytes(read)));
    let as_of = format!("as of command {} by the newest checkpoint; {later}", count(store.seq()));
    let (read, stored) = (bytes(cost.read), bytes(cost.stored));
    [as_of, format!("read {read} of records; the checkpoints take {stored}{by_process}")]
}

fn as_json(store: &ColdStore, found: &ColdAgenda, cost: &Cost) -> serde_json::Value {
    json!({
        "checkpoint-seq": store.seq(),
        "checkpoint-lag": store.later(),
        "read-bytes": cost.read,
        "sled-bytes": cost.stored,
        "process-read-bytes": cost.by_process,
        "from": found.agenda.from,
        "to": found.agenda.to,
        "senders": found.agenda.senders,
        "planned": found.planned.iter()
            .map(|sends| sends.iter().map(ToString::to_string).collect::<Vec<_>>())
            .collect::<Vec<_>>(),
    })
}

/// What this process has read, by whatever way, where the system tells.
fn by_process() -> Option<u64> {
    let told = std::fs::read_to_string("/proc/self/io").ok()?;
    told.lines().find_map(|line| line.strip_prefix("rchar:")?.trim().parse().ok())
}
