//! `holdline agenda`: how full each sender's days are.

mod cold;

use chrono::{Days, NaiveDate};
use holdline::engine::view::{AgendaDay, SenderAgenda};

use super::{read, view};
use crate::args::{self, Format};
use crate::exit::{Exit, Failure};
use crate::layout::{clean, count, left, right, width_of, wrap};
use crate::screen;
use crate::screen::{BAD, FAINT, GOOD, HELD, PLANNED, STRONG, styled, width};

/// What the numbers are.
const SLOTS: &str = "sent and planned, all steps";
/// How many days without being asked.
const DAYS: u32 = 14;
/// One day's columns: the number, its bar, a gap.
const CELL: usize = 7;
/// The longest key of a sender that is shown whole.
const LABEL: usize = 28;

/// The day after the last one that is asked for.
fn after(args: &args::Agenda, from: NaiveDate) -> Result<NaiveDate, Failure> {
    let after = match (args.to, args.days) {
        (Some(to), _) => to.checked_add_days(Days::new(1)),
        (None, days) => from.checked_add_days(Days::new(u64::from(days.unwrap_or(DAYS)))),
    };
    after.filter(|after| *after > from).ok_or_else(|| {
        Failure::input(format_args!("expected a last day that is not before the first, {from}"))
    })
}

/// Shows the agenda.
pub fn agenda(args: &args::Agenda) -> Result<Exit, Failure> {
    if args.cold {
        return cold::agenda(args);
    }
    let snapshot = read(&args.data)?;
    let view = view(&snapshot, &args.data)?;
    let from = args.from.unwrap_or_else(|| view.zone().date_of(view.now()));
    let agenda = view.agenda(from, after(args, from)?);
    if args.output.format == Format::Json {
        screen::print_json(&agenda)?;
        return Ok(Exit::Fine);
    }
    if agenda.senders.is_empty() {
        screen::print("no senders\n")?;
        return Ok(Exit::Fine);
    }
    screen::print(&render(from, &agenda.senders, SLOTS, width()))?;
    Ok(Exit::Fine)
}

fn render(from: NaiveDate, senders: &[SenderAgenda], what: &str, width: usize) -> String {
    let label = senders.iter().map(|it| width_of(&clean(&it.sender))).max().unwrap_or(0);
    let label = label.clamp(6, LABEL);
    let days = senders.first().map_or(0, |it| it.days.len());
    // The limit and what is said behind it need room, too.
    let room = width.saturating_sub(label + 2 + 9);
    let at_once = (room / CELL).max(1);
    let mut out = String::new();
    let mut first = 0;
    while first < days {
        let last = (first + at_once).min(days);
        if first > 0 {
            out.push('\n');
        }
        out.push_str(&block(from, first, last, senders, label));
        first = last;
    }
    let zones: std::collections::BTreeSet<&str> =
        senders.iter().map(|it| it.zone.as_str()).collect();
    let zones = zones.into_iter().collect::<Vec<_>>().join(", ");
    let legend = format!(
        "a day's number: {what}, in the sender's zone ({zones}); its bar: how much of the limit \
         that {} take",
        if what == SLOTS { "and what is held" } else { "would" }
    );
    out + &styled(FAINT, wrap(&legend, 0, width).trim_end()) + "\n"
}

fn block(
    from: NaiveDate,
    first: usize,
    last: usize,
    senders: &[SenderAgenda],
    label: usize,
) -> String {
    let mut head = left("sender", label + 2);
    let mut month = None;
    for at in first..last {
        let Some(date) = from.checked_add_days(Days::new(at as u64)) else {
            break;
        };
        // The month is named where it begins, and on the first day shown.
        let named = month != Some(date.format("%b").to_string());
        month = Some(date.format("%b").to_string());
        let text = if named { date.format("%-d %b") } else { date.format("%a %-d") };
        head.push_str(&right(&text.to_string(), CELL - 1));
        head.push(' ');
    }
    head.push_str("   limit");
    let mut out = styled(STRONG, head) + "\n";
    for sender in senders {
        let days = sender.days.get(first..last).unwrap_or_default();
        out.push_str(&row(sender, days, label));
    }
    out
}

fn row(sender: &SenderAgenda, days: &[AgendaDay], label: usize) -> String {
    let mut line = left(&sender.sender, label + 2);
    for day in days {
        let used = u64::from(day.sent) + u64::from(day.planned);
        // What is held has its slots, too.
        let taken = used + u64::from(day.held);
        if taken == 0 {
            let nothing = if day.frozen { "frozen" } else { "·" };
            line.push_str(&styled(FAINT, format!("{nothing:>w$} ", w = CELL - 1)));
            continue;
        }
        let style = match sender.limit {
            Some(limit) if taken >= u64::from(limit) => BAD,
            _ if day.planned > 0 => PLANNED,
            _ => GOOD,
        };
        let bar = bar(taken, sender.limit);
        line.push_str(&styled(style, format!("{}{bar}", right(&count(used), CELL - 2))));
        line.push(' ');
    }
    let limit = sender.limit.map_or_else(|| "none".to_owned(), |limit| count(limit.into()));
    line.push_str(&format!("   {limit:>5}"));
    if sender.held {
        line.push_str(&styled(HELD, "   held"));
    }
    let mut out = line.trim_end().to_owned() + "\n";
    if days.iter().any(|day| day.held > 0) {
        let mut line = left("  held", label + 2);
        for day in days {
            let held = if day.held == 0 { String::new() } else { count(day.held.into()) };
            line.push_str(&right(&held, CELL - 2));
            line.push_str("  ");
        }
        out.push_str(&styled(HELD, line.trim_end()));
        out.push('\n');
    }
    out
}

/// How full a day is, in eighths of a block. Without a limit no day is ever full.
fn bar(used: u64, limit: Option<u32>) -> char {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let Some(limit) = limit.filter(|limit| *limit > 0) else {
        return ' ';
    };
    let eighths = (used * 8).div_ceil(u64::from(limit)).clamp(1, 8);
    usize::try_from(eighths - 1).ok().and_then(|at| BARS.get(at)).copied().unwrap_or('█')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sender(limit: Option<u32>, days: &[(u32, u32, u32)]) -> SenderAgenda {
        let day = |&(sent, planned, held): &(u32, u32, u32)| {
            let frozen = sent + planned + held == 0;
            AgendaDay { sent, planned, held, frozen }
        };
        SenderAgenda {
            sender: "ann@ours.example".into(),
            zone: "Europe/Berlin".into(),
            limit,
            held: false,
            days: days.iter().map(day).collect(),
        }
    }

    #[test]
    fn bars_show_how_full_a_day_is() {
        let bars = [1, 12, 13, 50, 99, 100, 130].map(|used| bar(used, Some(100)));
        assert_eq!(bars, ['▁', '▁', '▂', '▄', '█', '█', '█']);
        assert_eq!(bar(5, None), ' ');
    }

    #[test]
    fn days_go_onto_further_lines_where_the_width_ends() {
        let from = NaiveDate::from_ymd_opt(2026, 2, 27).unwrap();
        let senders = [sender(Some(100), &[(100, 0, 0), (0, 50, 3), (0, 0, 0), (0, 1, 0)])];
        let plain =
            |width| anstream::adapter::strip_str(&render(from, &senders, SLOTS, width)).to_string();
        let wide = plain(100);
        assert!(wide.contains(" 27 Feb Sat 28  1 Mar  Mon 2"), "{wide}");
        assert!(wide.contains("100█"), "{wide}");
        assert!(wide.contains(" frozen "), "{wide}");
        assert!(wide.contains("  held                       3\n"), "{wide}");
        let narrow = plain(46);
        assert_eq!(narrow.matches("sender  ").count(), 2, "{narrow}");
        let table = narrow.lines().filter(|line| !line.starts_with("a day"));
        assert!(table.into_iter().all(|line| width_of(line) <= 46), "{narrow}");
    }
}
