//! What a run says at its end: how much of everything, what is held and why, and the promises.

use std::path::Path;

use holdline::engine::view::{Counts, HoldCause};
use holdline::engine::{Opened, View};
use holdline::model::Status;
use serde::Serialize;

use crate::layout::{Cell, Side, Table, clean, count, counted, flow, wrap};
use crate::moment;
use crate::screen::{BAD, FAINT, STRONG, styled};
use crate::worker::Done;

/// So many causes of holds are told, those that hold the most prospects.
const CAUSES: usize = 12;

/// Everything that is said about one workspace.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The workspace.
    pub workspace: String,
    /// The rules in force.
    pub policy: Option<PolicyReport>,
    /// What the run did.
    pub run: Done,
    /// How many of everything there are now.
    pub counts: Counts,
    /// What placed holds.
    pub causes: Vec<HoldCause>,
}

/// The rules in force.
#[derive(Debug, Serialize)]
pub struct PolicyReport {
    /// The file's name.
    pub name: String,
    /// How many rules it has.
    pub rules: usize,
    /// The hash of its text.
    pub hash: String,
}

impl Report {
    /// What there is to say about a workspace after a run.
    pub fn of(workspace: &str, view: &View<'_>, run: Done) -> Self {
        let policy = view.policy().map(|policy| PolicyReport {
            name: view.policy_name().unwrap_or_default().to_owned(),
            rules: policy.rules().len(),
            hash: policy.hash().to_string(),
        });
        let (counts, causes) = (view.counts(), view.hold_causes());
        Self { workspace: workspace.to_owned(), policy, run, counts, causes }
    }
}

/// The first line: which program, which rules, which data.
pub fn header(
    report: &Report,
    dir: &Path,
    opened: &Opened,
    durability: &str,
    width: usize,
) -> String {
    let policy = match &report.policy {
        Some(policy) => format!(
            "policy {} ({}, {})",
            clean(&policy.name),
            counted(policy.rules as u64, "rule", "rules"),
            policy.hash.get(..6).unwrap_or(&policy.hash)
        ),
        None => "no policy".to_owned(),
    };
    let age = if opened.created { "new" } else { "existing" };
    let mut items = vec![
        format!("holdline {}", env!("CARGO_PKG_VERSION")),
        policy,
        format!("data {} ({age}, durability {durability})", clean(&dir.display().to_string())),
    ];
    if report.workspace != holdline::engine::DEFAULT_WORKSPACE {
        items.push(format!("workspace {}", clean(&report.workspace)));
    }
    flow(&items, 0, width)
}

/// The figures.
pub fn figures(report: &Report, view: &View<'_>, width: usize) -> String {
    let (run, counts) = (&report.run, &report.counts);
    let zone = view.zone();
    let (first, last) = (zone.date_of(run.from), zone.date_of(run.to));
    let days = if first == last {
        moment::full_day(first)
    } else {
        format!("{} – {}", moment::day(first), moment::full_day(last))
    };
    let facts = [
        format!("{}  {days}", moment::period(first, last)),
        counted(run.commands, "command", "commands"),
        counted(counts.campaigns, "campaign", "campaigns"),
        counted(counts.senders, "sender", "senders"),
        counted(counts.companies, "company", "companies"),
        counted(counts.prospects, "prospect", "prospects"),
    ];
    let mut out = flow(&facts, 2, width);
    out.push('\n');
    let status = |wanted: Status| {
        let found = counts.by_status.iter().find(|(status, _)| *status == wanted);
        found.map_or(0, |(_, count)| *count)
    };
    let held = format!(
        "held  {}  {}",
        counted(counts.prospects_held, "prospect", "prospects"),
        counted(counts.companies_held, "company", "companies")
    );
    let mut facts = vec![
        format!("sent  {}", count(counts.tally.sent)),
        held,
        format!("finished  {}", count(status(Status::Finished))),
        format!("stopped  {}", count(status(Status::Stopped))),
        format!("in progress  {}", count(status(Status::Scheduled))),
    ];
    for wanted in
        [Status::NeedsReschedule, Status::Unplaceable, Status::OutcomeUnknown, Status::Sending]
    {
        let found = status(wanted);
        if found > 0 {
            facts.push(format!("{}  {}", wanted.name(), count(found)));
        }
    }
    out.push_str(&styled_lines(&flow(&facts, 2, width)));
    out.push_str(&causes(&report.causes, width));
    out.push_str(&promises(counts, width));
    out.push_str(&refusals(run, width));
    out
}

fn styled_lines(text: &str) -> String {
    text.lines().map(|line| styled(STRONG, line) + "\n").collect()
}

fn causes(causes: &[HoldCause], width: usize) -> String {
    use Side::{Left, Right};
    if causes.is_empty() {
        return String::new();
    }
    let mut table = Table::new(2, &[Left, Left, Right, Right, Right]);
    let heads = ["why held", "", "holds", "live", "prospects"];
    table.row(heads.map(|head| Cell::styled(head, FAINT)));
    for cause in causes.iter().take(CAUSES) {
        let (name, place) = match (&cause.rule, &cause.by) {
            (Some(rule), _) => {
                let place = cause.at.as_ref().map(|(file, line)| format!("{file}:{line}"));
                (rule.clone(), place.unwrap_or_default())
            }
            (None, Some(by)) => ("paused by a person".to_owned(), by.clone()),
            (None, None) => ("paused by a person".to_owned(), String::new()),
        };
        let number = |number| Cell::from(count(number));
        table.row([
            format!("  {name}").into(),
            place.into(),
            number(cause.holds),
            number(cause.live),
            number(cause.prospects),
        ]);
    }
    let mut out = table.render(width);
    if causes.len() > CAUSES {
        let more = causes.len() - CAUSES;
        out.push_str(&format!("    and {more} more (`--format json` has all)\n"));
    }
    out
}

fn promises(counts: &Counts, width: usize) -> String {
    let tally = &counts.tally;
    let back = counted(tally.called_back, "send was", "sends were");
    let twice = counted(tally.duplicates, "duplicate event", "duplicate events");
    let mut text = format!(
        "never after: {back} called back at the last look. never twice: {twice} changed nothing."
    );
    if tally.put_off > 0 {
        let sends = counted(tally.put_off, "send was", "sends were");
        text.push_str(&format!(" {sends} put off by a window, a limit or a gap."));
    }
    wrap(&text, 2, width)
}

/// What was not done, which nobody should have to look for.
fn refusals(run: &Done, width: usize) -> String {
    let mut out = String::new();
    if run.refused > 0 {
        let refused = counted(run.refused, "command was", "commands were");
        out.push_str(&format!("  {}\n", styled(BAD, format!("{refused} refused"))));
        for refusal in &run.refusals {
            out.push_str(&wrap(&format!("line {}: {}", refusal.line, refusal.message), 4, width));
        }
        let more = run.refused - run.refusals.len() as u64;
        if more > 0 {
            out.push_str(&format!("    and {} more\n", count(more)));
        }
    }
    if run.skipped > 0 {
        let lines = counted(run.skipped, "command is", "commands are");
        let text = format!(
            "{lines} more than 29 days older than this data's time; they were taken as applied \
             by an earlier run."
        );
        out.push_str(&wrap(&text, 2, width));
    }
    if run.not_reached > 0 {
        let lines = counted(run.not_reached, "command comes", "commands come");
        out.push_str(&wrap(&format!("{lines} after the end of this run."), 2, width));
    }
    out
}
