//! `holdline run`: the main job, from a stream of commands to a summary.

use std::io::Write;
use std::path::Path;
use std::time::Instant as Stopwatch;

use holdline::engine::{DEFAULT_WORKSPACE, Engine, Snapshot};
use holdline::lang::Policy;
use holdline::model::{Action, Instant, PolicyBundle};
use holdline::plan::Zone;
use serde_json::json;

use super::close;
use crate::args::{Clock, Durability, Format, Run};
use crate::exit::{Exit, Failure};
use crate::input::{self, Line};
use crate::layout::{clean, count, counted, flow};
use crate::screen::{FAINT, styled, width};
use crate::sink::Sink;
use crate::stop::Stop;
use crate::summary::{self, Report};
use crate::worker::{self, Done, Plan};
use crate::{moment, open, picture, rules, screen};

/// The outbox, if no other is named.
const OUTBOX: &str = "outbox.jsonl";

/// How often a run that can be repeated syncs what no message depends on.
const SYNC_MS: u64 = 250;

/// Runs the commands.
pub fn run(args: Run) -> Result<Exit, Failure> {
    let started = Stopwatch::now();
    let work = Work::of(&args)?;
    let stop = Stop::listen()?;
    let engine = open::open(&args.data, durability(&args))?;
    let opened = engine.opened().clone();
    let out = args.out.clone().unwrap_or_else(|| args.data.join(OUTBOX));
    let of_input: usize = work.streams.iter().map(|(_, lines)| lines.len()).sum();
    let (done, sink) = work.on(&engine, &out, &stop)?;
    if done.iter().any(|(_, done)| done.stopped) {
        // What is left to be planned anew is left to the run that goes on.
        engine.close()?;
        let given: u64 = done.iter().map(|(_, done)| done.commands + done.skipped).sum();
        return Ok(stop.told(format_args!(
            "{} of {} were given; the same command goes on from there",
            count(given),
            counted(of_input as u64, "command", "commands")
        )));
    }
    let snapshot = engine.snapshot()?;
    close(engine)?;
    let reports: Vec<Report> = done
        .into_iter()
        .filter_map(|(workspace, done)| {
            let view = snapshot.view(&workspace)?;
            Some(Report::of(&workspace, &view, done))
        })
        .collect();
    let text = match args.output.format {
        Format::Human => human(&args, &opened, &snapshot, &reports, started),
        Format::Json => {
            let answer = json!({
                "data": args.data.display().to_string(),
                "new": opened.created,
                "durability": args.durability.to_string(),
                "outbox": out.display().to_string(),
                "workspaces": reports,
                "digest": snapshot.digest().to_string(),
                "seconds": started.elapsed().as_secs_f64(),
            });
            format!("{answer}\n")
        }
    };
    // Where the sends go to the standard output, nothing else does.
    if matches!(sink, Sink::Stdout) {
        anstream::stderr().lock().write_all(text.as_bytes())?;
    } else {
        screen::print(&text)?;
    }
    let refused = reports.iter().any(|report| report.run.refused > 0);
    let minds = refused && args.strict;
    Ok(if minds { Exit::Findings } else { Exit::Fine })
}

/// What is to be done: everything that can be wrong with the arguments and the input is found
/// before a data directory is touched.
struct Work {
    rules: Option<PolicyBundle>,
    streams: Vec<(String, Vec<Line>)>,
    tick_ms: u64,
    until: Option<Instant>,
    real_time: bool,
}

impl Work {
    fn of(args: &Run) -> Result<Self, Failure> {
        let rules = args.rules.as_ref();
        let rules = rules.map(|path| rules::read(path, rules::short_name(path)));
        let rules = rules.transpose()?;
        rules.as_ref().map(rules::compile).transpose()?;
        let until = args.until.as_deref().map(|text| moment::read(text, Zone::UTC));
        let until = until.transpose().map_err(Failure::input)?;
        let streams = by_workspace(input::read_all(&args.events)?);
        let real_time = args.clock == Clock::Real;
        if real_time && streams.len() > 1 {
            let message = "the commands name several workspaces, and real time passes once";
            return Err(Failure::input(message).help("split the file, or use the virtual clock"));
        }
        let tick_ms = args.tick;
        Ok(Self { rules, streams, tick_ms, until, real_time })
    }

    /// Does it. What was done in each workspace, and where the sends went.
    fn on(
        self,
        engine: &Engine,
        out: &Path,
        stop: &Stop,
    ) -> Result<(Vec<(String, Done)>, Sink), Failure> {
        let snapshot = engine.snapshot()?;
        let is_new = self.streams.iter().all(|(name, _)| snapshot.view(name).is_none());
        let mut sink = Sink::open(out, is_new)?;
        let mut done = Vec::new();
        for (workspace, lines) in self.streams {
            let plan = Plan {
                policy: policy(&snapshot, &workspace, &lines, self.rules.as_ref()),
                workspace: workspace.clone(),
                lines,
                tick_ms: self.tick_ms,
                until: self.until,
                real_time: self.real_time,
            };
            let of_it = worker::run(engine, &mut sink, plan, stop)?;
            let stopped = of_it.stopped;
            done.push((workspace, of_it));
            if stopped {
                break;
            }
        }
        Ok((done, sink))
    }
}

/// How the engine keeps what it is told.
///
/// A run answers nobody until a message leaves or the summary is there. Before a message leaves,
/// its `go` is synced, and with it everything before it, whatever the level; the engine's close
/// syncs the rest. What a loss of power takes back in between is read from the file again. So at
/// `full` nothing that was sent or said is ever lost, without a sync for every tick. What came
/// through a pipe, or in real time, cannot be read again: there each tick is synced.
fn durability(args: &Run) -> Durability {
    let repeatable = args.events.as_os_str() != "-" && args.clock == Clock::Virtual;
    match args.durability {
        Durability::Full if repeatable => Durability::IntervalMs(SYNC_MS),
        level => level,
    }
}

/// The commands of each workspace, in the order in which the workspaces come up. They have nothing
/// to do with each other, so each has its own time.
fn by_workspace(lines: Vec<Line>) -> Vec<(String, Vec<Line>)> {
    let mut streams: Vec<(String, Vec<Line>)> = Vec::new();
    for line in lines {
        let name = line.command.workspace.as_deref().unwrap_or(DEFAULT_WORKSPACE);
        match streams.iter_mut().find(|(known, _)| known == name) {
            Some((_, lines)) => lines.push(line),
            None => streams.push((name.to_owned(), vec![line])),
        }
    }
    if streams.is_empty() {
        streams.push((DEFAULT_WORKSPACE.to_owned(), Vec::new()));
    }
    streams
}

/// The policy to publish first: the one that was named; else the shipped one, if neither the
/// commands nor the data bring one.
fn policy(
    snapshot: &Snapshot,
    workspace: &str,
    lines: &[Line],
    given: Option<&PolicyBundle>,
) -> Option<PolicyBundle> {
    let is_policy = |line: &Line| matches!(line.command.action, Action::PutPolicy(_));
    let has = || snapshot.view(workspace).is_some_and(|view| view.policy().is_some());
    match given {
        Some(given) => Some(given.clone()),
        None if lines.iter().any(is_policy) || has() => None,
        None => Some(Policy::default_rules()),
    }
}

fn human(
    args: &Run,
    opened: &holdline::Opened,
    snapshot: &Snapshot,
    reports: &[Report],
    started: Stopwatch,
) -> String {
    let width = width();
    let mut out = String::new();
    for report in reports {
        let Some(view) = snapshot.view(&report.workspace) else {
            continue;
        };
        let durability = args.durability.to_string();
        out.push_str(&summary::header(report, &args.data, opened, &durability, width));
        out.push('\n');
        out.push_str(&summary::figures(report, &view, width));
        let (from, to): (Instant, Instant) = (report.run.from, report.run.to);
        out.push_str(&picture::draw(&view, from, to, args.companies, width));
    }
    if reports.is_empty() {
        out.push_str("nothing to do: the input has no commands\n");
    }
    out.push_str(&foot(args, snapshot, reports, started));
    out
}

fn foot(args: &Run, snapshot: &Snapshot, reports: &[Report], started: Stopwatch) -> String {
    let data = if args.data.as_os_str() == "./holdline-data" {
        String::new()
    } else {
        format!(" --data {}", args.data.display())
    };
    let held = reports.iter().find_map(|report| {
        let view = snapshot.view(&report.workspace)?;
        let selection = holdline::Selection {
            status: Some(holdline::Status::Paused),
            ..holdline::Selection::default()
        };
        let list = view.list(&selection, None, 1).ok()?;
        list.rows.first().map(|row| row.prospect.clone())
    });
    let mut facts = vec![format!("{:.1} s", started.elapsed().as_secs_f64())];
    if let Some(prospect) = held {
        facts.push(format!("`holdline explain {}{data}` tells why", clean(&prospect)));
        facts.push(format!("`holdline list --status paused{data}` lists"));
    }
    facts.push(format!("`holdline digest{data}` {}", snapshot.digest()));
    format!("\n{}", styled_lines(&flow(&facts, 0, width())))
}

fn styled_lines(text: &str) -> String {
    text.lines().map(|line| styled(FAINT, line) + "\n").collect()
}
