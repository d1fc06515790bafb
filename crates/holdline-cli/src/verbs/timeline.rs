//! `holdline timeline`: what happened and will happen to one prospect, in order.

use holdline::engine::view::{CauseView, EnrollmentTimeline, HoldView, Timeline};
use holdline::model::Instant;
use holdline::plan::Zone;

use super::explain::who;
use super::{read, unknown_prospect, view};
use crate::args::{Format, Who};
use crate::exit::{Exit, Failure};
use crate::layout::{Cell, Side, Table, clean};
use crate::screen::{FAINT, GOOD, HELD, PLANNED, STRONG, styled, width};
use crate::{moment, rows, screen};

/// Shows the timeline of one prospect.
pub fn timeline(args: &Who) -> Result<Exit, Failure> {
    let snapshot = read(&args.data)?;
    let view = view(&snapshot, &args.data)?;
    let Some(timeline) = view.timeline(&args.prospect) else {
        return Err(unknown_prospect(&view, &args.prospect));
    };
    match args.output.format {
        Format::Json => screen::print_json(&timeline)?,
        Format::Human => screen::print(&render(&timeline, width()))?,
    }
    Ok(Exit::Fine)
}

fn render(timeline: &Timeline, width: usize) -> String {
    let mut out = who(&timeline.prospect, width);
    if timeline.enrollments.is_empty() {
        out.push_str("\nin no campaign\n");
    }
    for enrollment in &timeline.enrollments {
        out.push('\n');
        out.push_str(&one(enrollment, timeline.now, width));
    }
    out
}

/// What happened at one instant; the number keeps what happened together in its order.
struct Entry {
    at: Option<Instant>,
    rank: u8,
    cells: [Cell; 3],
}

fn one(it: &EnrollmentTimeline, now: Instant, width: usize) -> String {
    let row = &it.enrollment;
    let zone = moment::zone(&row.zone);
    let mut entries: Vec<Entry> = Vec::new();
    for send in &it.sends {
        let step = format!("step {} of {}  {}", send.step, row.steps, send.message);
        let cells = [Cell::styled("sent", GOOD), step.into(), Cell::default()];
        entries.push(Entry { at: Some(send.sent), rank: 0, cells });
    }
    for hold in &it.holds {
        entries.extend(of_hold(hold, &row.prospect, zone));
    }
    let is_held = !row.holds.is_empty();
    for planned in &it.planned {
        let step = format!("step {} of {}  {}", planned.step, row.steps, planned.message);
        let (word, note) = match (planned.at, is_held, planned.projected) {
            (None, _, _) => ("waiting", "on nobody's schedule yet"),
            (_, true, false) => ("planned", "held: placed anew on release"),
            (_, true, true) => ("expected", "held"),
            (_, false, false) => ("planned", ""),
            (_, false, true) => ("expected", "if the one before goes out as planned"),
        };
        let cells = [Cell::styled(word, PLANNED), step.into(), Cell::styled(note, FAINT)];
        entries.push(Entry { at: planned.at, rank: 3, cells });
    }
    let line = [Cell::styled("now", STRONG), Cell::default(), Cell::default()];
    entries.push(Entry { at: Some(now), rank: 2, cells: line });
    entries.sort_by_key(|entry| (entry.at.unwrap_or(Instant::MAX), entry.rank));
    let mut table = Table::new(2, &[Side::Left, Side::Left, Side::Left, Side::Left]);
    for entry in entries {
        let at = entry.at.map_or_else(|| "-".to_owned(), |at| moment::minute(at, zone));
        let [word, what, note] = entry.cells;
        table.row([at.into(), word, what, note]);
    }
    format!(
        "campaign {}: {}   {}\n{}",
        styled(STRONG, clean(&row.campaign)),
        styled(rows::status_style(row.status), rows::status(row)),
        styled(FAINT, format!("from {}, times in {}", clean(&row.sender), zone.name())),
        table.render(width)
    )
}

fn of_hold(hold: &HoldView, prospect: &str, zone: Zone) -> Vec<Entry> {
    let until = match hold.until {
        Some(until) => format!("{}, until {}", rows::what_here(hold), moment::minute(until, zone)),
        None => rows::what_here(hold),
    };
    let mut why = rows::cause_for(hold, prospect);
    if let CauseView::Rule { event, .. } = &hold.cause {
        why = format!("{why}, {} {}", event.kind, event.id);
    }
    let cells = [Cell::styled("held", HELD), until.into(), why.into()];
    let mut entries = vec![Entry { at: Some(hold.placed), rank: 1, cells }];
    if let Some(ended) = &hold.ended {
        let cells = [
            Cell::styled("released", GOOD),
            rows::what_here(hold).into(),
            ended.how.as_str().into(),
        ];
        entries.push(Entry { at: Some(ended.at), rank: 1, cells });
    }
    entries
}
