//! `holdline stats`: what a store takes and holds.

use holdline::engine::Sizes;
use holdline::engine::view::Counts;
use serde_json::{Value as Json, json};

use crate::args;
use crate::exit::{Exit, Failure};
use crate::layout::{Cell, Side, Table, bytes, count, counted};
use crate::screen::{FAINT, STRONG, styled, width};
use crate::{open, screen};

/// What is told: of one workspace.
struct Workspace {
    name: String,
    counts: Counts,
    sizes: Sizes,
}

/// Tells what a store takes and holds.
pub fn stats(args: &args::Stats) -> Result<Exit, Failure> {
    open::must_be_there(&args.data)?;
    let stats = holdline::Stats::of(&args.data);
    let stats = stats.map_err(|error| Failure::store(&error).help(error.help()))?;
    let snapshot = stats.inside.as_ref().map(|inside| &inside.snapshot);
    let names = snapshot.into_iter().flat_map(|it| it.workspaces().map(move |name| (it, name)));
    let workspaces: Vec<Workspace> = names
        .filter_map(|(snapshot, name)| {
            let view = snapshot.view(name)?;
            Some(Workspace { name: name.to_owned(), counts: view.counts(), sizes: view.sizes() })
        })
        .collect();
    if args.shape.is_json() {
        screen::print_json(&as_json(&stats, &workspaces))?;
        return Ok(Exit::Fine);
    }
    let mut out = files(&stats);
    for workspace in &workspaces {
        out.push('\n');
        out += &styled(STRONG, format_args!("workspace {}", workspace.name));
        out.push('\n');
        out += &table(&inside(workspace));
    }
    if stats.inside.is_none() {
        let said = "another process has the directory open: only its files were looked at";
        out += &format!("\n{}\n", styled(FAINT, said));
    }
    screen::print(&out)?;
    Ok(Exit::Fine)
}

/// The journal's bytes: plain ones, and compressed ones on the disk and unpacked.
fn journal(stats: &holdline::Stats) -> (u64, u64, u64) {
    let mut bytes = (0, 0, 0);
    for segment in &stats.segments {
        if segment.compressed {
            bytes.1 += segment.bytes;
            bytes.2 += segment.plain_bytes;
        } else {
            bytes.0 += segment.bytes;
        }
    }
    bytes
}

/// How many commands the newest checkpoint does not know of.
fn lag(stats: &holdline::Stats) -> Option<u64> {
    let inside = stats.inside.as_ref()?;
    Some(stats.last_seq.saturating_sub(inside.checkpoint_seq.unwrap_or(0)))
}

fn as_json(stats: &holdline::Stats, workspaces: &[Workspace]) -> Json {
    let (plain, compressed, unpacked) = journal(stats);
    let inside = stats.inside.as_ref();
    json!({
        "journal": {
            "first-seq": stats.first_seq,
            "last-seq": stats.last_seq,
            "segments": stats.segments.len(),
            "plain-bytes": plain,
            "compressed-bytes": compressed,
            "uncompressed-bytes": unpacked,
        },
        "sled-bytes": stats.sled_bytes,
        "base-bytes": stats.base_bytes,
        "in-use": inside.is_none(),
        "checkpoint-seq": inside.and_then(|inside| inside.checkpoint_seq),
        "checkpoint-lag": lag(stats),
        "workspaces": workspaces.iter().map(|it| json!({
            "workspace": it.name,
            "companies": it.counts.companies,
            "prospects": it.counts.prospects,
            "senders": it.counts.senders,
            "campaigns": it.counts.campaigns,
            "enrollments": it.counts.enrollments,
            "by-status": it.counts.by_status.iter()
                .map(|(status, number)| (status.name().to_owned(), Json::from(*number)))
                .collect::<serde_json::Map<_, _>>(),
            "sizes": it.sizes,
        })).collect::<Vec<_>>(),
    })
}

type Row = (&'static str, String);

fn files(stats: &holdline::Stats) -> String {
    let (plain, compressed, unpacked) = journal(stats);
    let mut rows: Vec<Row> = vec![("journal", bytes(plain + compressed))];
    if compressed > 0 {
        rows.push(("  plain", bytes(plain)));
        rows.push(("  compressed", format!("{} of {}", bytes(compressed), bytes(unpacked))));
    }
    rows.extend([
        ("  segments", count(stats.segments.len() as u64)),
        ("  commands", format!("{} to {}", count(stats.first_seq), count(stats.last_seq))),
        ("checkpoints", bytes(stats.sled_bytes)),
    ]);
    if let Some(lag) = lag(stats) {
        let none = stats.inside.as_ref().is_none_or(|inside| inside.checkpoint_seq.is_none());
        let lag = counted(lag, "command behind the journal", "commands behind the journal");
        rows.push(("  newest", if none { "none".to_owned() } else { lag }));
    }
    rows.extend(stats.base_bytes.map(|base| ("base", bytes(base))));
    table(&rows)
}

fn inside(workspace: &Workspace) -> Vec<Row> {
    let Workspace { counts, sizes, .. } = workspace;
    let mut rows = vec![
        ("companies", count(counts.companies)),
        ("prospects", count(counts.prospects)),
        ("campaigns", count(counts.campaigns)),
        ("senders", count(counts.senders)),
        ("enrollments", count(counts.enrollments)),
    ];
    for (status, number) in &counts.by_status {
        rows.push(("", format!("{} {status}", count(*number))));
    }
    let holds = format!("{} live, {} in all", count(sizes.holds_live), count(sizes.holds));
    let windows = format!(
        "{} in {}",
        counted(sizes.window_entries, "entry", "entries"),
        counted(sizes.window_logs, "log", "logs")
    );
    rows.extend([
        ("holds", holds),
        ("events", format!("{} remembered", count(sizes.events_seen))),
        ("windows", windows),
        ("policies", count(sizes.policies)),
    ]);
    if sizes.still_to_plan > 0 {
        rows.push(("to plan", counted(sizes.still_to_plan, "look", "looks")));
    }
    rows
}

fn table(rows: &[Row]) -> String {
    let mut table = Table::new(0, &[Side::Left, Side::Left]);
    for (what, value) in rows {
        table.row([Cell::styled((*what).to_owned(), FAINT), value.as_str().into()]);
    }
    table.render(width())
}
