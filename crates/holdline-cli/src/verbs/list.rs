//! `holdline list`: enrollments by campaign, status, step and company; a search.

use anstyle::Style;
use holdline::engine::view::EnrollmentView;
use holdline::engine::{List, View};
use holdline::model::Selection;
use holdline::plan::Zone;

use super::{read, view};
use crate::args::{self, Format};
use crate::exit::{Exit, Failure};
use crate::layout::{Cell, Side, Table, count, counted, flow};
use crate::screen::{FAINT, STRONG, styled, width};
use crate::{moment, rows, screen};

/// So many are shown at once, with columns of their own.
const PAGE: usize = 1000;

/// From so many columns on there is room for the company.
const WIDE: usize = 110;
/// Where the company stands.
const COMPANY: usize = 1;

/// Lists what matches.
pub fn list(args: args::List) -> Result<Exit, Failure> {
    let snapshot = read(&args.data)?;
    let view = view(&snapshot, &args.data)?;
    let limit = if args.all { usize::MAX } else { args.limit };
    let selection = args.filters.selection();
    if args.output.format == Format::Json {
        screen::print_json(&page(&view, &selection, None, limit)?)?;
        return Ok(Exit::Fine);
    }
    let (mut shown, mut after) = (0, None);
    let total = loop {
        let list = page(&view, &selection, after, PAGE.min(limit - shown))?;
        shown += list.rows.len();
        screen::print(&table(&list.rows, view.zone()))?;
        after = list.next;
        if after.is_none() || shown >= limit {
            break list.total;
        }
    };
    screen::print(&foot(shown as u64, total, &view))?;
    Ok(Exit::Fine)
}

fn page(
    view: &View<'_>,
    selection: &Selection,
    after: Option<u32>,
    limit: usize,
) -> Result<List, Failure> {
    view.list(selection, after, limit).map_err(|refusal| {
        Failure::input(refusal).help("`holdline list` without filters shows what there is")
    })
}

fn foot(shown: u64, total: u64, view: &View<'_>) -> String {
    let all = counted(total, "enrollment", "enrollments");
    let as_of = moment::minute(view.now(), view.zone());
    let matching =
        if shown < total { format!("{} of {all}; `--all` shows them", count(shown)) } else { all };
    let as_of = format!("as of {as_of}, times in {}", view.zone().name());
    styled(FAINT, flow(&[matching, as_of], 0, width()).trim_end()) + "\n"
}

fn table(rows: &[EnrollmentView], zone: Zone) -> String {
    use Side::{Left, Right};
    if rows.is_empty() {
        return String::new();
    }
    let width = width();
    // An address says the company, too, where there is no room for both.
    let is_wide = width >= WIDE;
    let sides = [Left, Left, Left, Right, Left, Left, Left];
    let heads = ["prospect", "company", "campaign", "sent", "status", "next", "why"];
    let narrow = |at: usize| is_wide || at != COMPANY;
    let sides: Vec<Side> = (0..).zip(sides).filter(|it| narrow(it.0)).map(|it| it.1).collect();
    let mut table = Table::new(0, &sides).keeping(if is_wide { &[0, 4, 5] } else { &[0, 3, 4] });
    let heads = (0..).zip(heads).filter(|it| narrow(it.0)).map(|it| Cell::styled(it.1, STRONG));
    table.row(heads);
    for row in rows {
        let next = row.next.map_or_else(String::new, |at| {
            let at = moment::minute(at, zone);
            if row.holds.is_empty() { at } else { format!("({at})") }
        });
        let cells: [Cell; 7] = [
            row.prospect.as_str().into(),
            row.company.as_deref().unwrap_or("-").into(),
            row.campaign.as_str().into(),
            format!("{}/{}", row.sent, row.steps).into(),
            Cell::styled(rows::status(row), rows::status_style(row.status)),
            Cell::styled(next, if row.holds.is_empty() { Style::new() } else { FAINT }),
            rows::why(row).into(),
        ];
        table.row((0..).zip(cells).filter(|it| narrow(it.0)).map(|it| it.1));
    }
    table.render(width)
}
