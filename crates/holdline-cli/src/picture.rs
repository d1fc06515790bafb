//! The timelines of a company's people, drawn: a line a person, a column a part of a day.

use std::collections::{BTreeMap, BTreeSet};

use anstyle::Style;
use chrono::{Datelike, Days, NaiveDate, Weekday};
use holdline::engine::view::{CauseView, EnrollmentTimeline, HoldView};
use holdline::engine::{CompanyView, View};
use holdline::model::{HoldKind, Instant, Status};
use holdline::plan::Zone;

use crate::args::Drawn;
use crate::layout::{clean, cut, left, width_of};
use crate::moment;
use crate::rows;
use crate::screen::{BAD, FAINT, GOOD, HELD, PLANNED, STRONG, styled};

/// The columns of one day, at most.
const DAY_COLUMNS: usize = 10;
/// So few days are drawn wider: up to a column an hour.
const FEW_DAYS: usize = 4;
const HOURS: usize = 24;
/// The longest name that is shown whole, where there is room.
const LABEL: usize = 30;
/// What is said behind a line.
const REMARK: usize = 36;
/// The people of one company that are drawn, unless all companies are asked for.
const PEOPLE: usize = 6;
/// Companies are compared as long as they have no more people than this together.
const COMPARED: usize = 20_000;

/// The days that are drawn, and how wide.
#[derive(Clone, Copy, Debug)]
struct Scale {
    first: NaiveDate,
    days: usize,
    columns: usize,
    zone: Zone,
}

impl Scale {
    /// The column of an instant; those outside are at the edges.
    fn column(&self, at: Instant) -> usize {
        let since = self.zone.local(at) - moment::midnight(self.first);
        let day_ms = i64::from(86_400_000_i32);
        let all = day_ms * i64::try_from(self.days).unwrap_or(1);
        let at = since.num_milliseconds().clamp(0, all - 1);
        let columns = i64::try_from(self.columns).unwrap_or(1);
        usize::try_from(at * columns / all).unwrap_or(0)
    }

    fn head(&self) -> String {
        let mut line = String::new();
        let mut taken = 0;
        for at in 0..self.days {
            let Some(date) = self.first.checked_add_days(Days::new(at as u64)) else {
                break;
            };
            let column = at * self.columns / self.days.max(1);
            let is_wide = self.columns / self.days.max(1) >= 7;
            let text = if date.day() == 1 || (at == 0 && !is_wide) {
                date.format("%-d %b").to_string()
            } else {
                date.format("%a %-d").to_string()
            };
            let is_named = is_wide || at == 0 || date.weekday() == Weekday::Mon;
            let fits = column + text.len() < self.columns && (column > taken || at == 0);
            if is_named && fits {
                line.push_str(&" ".repeat(column.saturating_sub(taken)));
                line.push_str(&text);
                taken = column.max(taken) + text.len();
            }
        }
        line
    }
}

/// One person in one campaign.
struct Row {
    label: String,
    timeline: EnrollmentTimeline,
}

impl Row {
    /// Leaves out of the address what the company's line says anyway.
    fn drop_domain(&mut self, company: &str) {
        let domain = format!("@{}", clean(company));
        self.label = self.label.replacen(&domain, "", 1);
    }
}

/// Draws companies, the most interesting ones or all, from one instant to a little after another.
pub fn draw(view: &View<'_>, from: Instant, to: Instant, drawn: Drawn, width: usize) -> String {
    let companies: Vec<CompanyView> =
        view.companies().into_iter().filter(|it| !it.prospects.is_empty()).collect();
    let (chosen, people) = match drawn {
        Drawn::All => (companies.iter().collect(), usize::MAX),
        Drawn::Some(number) => (choose(view, &companies, number), PEOPLE),
    };
    let mut groups: Vec<Group<'_>> = chosen
        .into_iter()
        .map(|company| {
            let rows = rows_of(view, company);
            let all = rows.len();
            Group { company, rows: keep(rows, people), all }
        })
        .filter(|group| !group.rows.is_empty())
        .collect();
    let widths = Widths::of(&mut groups, width);
    let timelines = groups.iter().flat_map(|group| &group.rows).map(|row| &row.timeline);
    let scale = scale(view.zone(), from, to, timelines, widths.picture);
    let mut used = BTreeMap::new();
    let mut out = String::new();
    for group in &groups {
        out.push_str(&group.draw(&scale, &widths, &mut used));
    }
    out.push_str(&legend(&used, scale.zone, width));
    out
}

/// The people of a company that are drawn.
struct Group<'a> {
    company: &'a CompanyView,
    rows: Vec<Row>,
    /// How many there are.
    all: usize,
}

impl Group<'_> {
    fn draw(&self, scale: &Scale, widths: &Widths, used: &mut Used) -> String {
        let key = &self.company.key;
        let name = match &self.company.name {
            Some(name) if width_of(name) + width_of(key) + 3 <= widths.label => {
                format!("{key} ({name})")
            }
            _ => key.clone(),
        };
        let head = styled(STRONG, left(&name, widths.label) + "  ");
        let mut out = format!("\n{head}{}\n", styled(FAINT, scale.head()));
        for row in &self.rows {
            let line = line(&row.timeline, scale, used);
            let status = row.timeline.enrollment.status;
            let said = cut(&remark(&row.timeline), widths.remark);
            let said = styled(rows::status_style(status), said);
            let label = left(&format!("  {}", row.label), widths.label) + "  ";
            out.push_str(&format!("{label}{line}  {said}\n"));
        }
        if self.rows.len() < self.all {
            let more = format!("  and {} more of this company", self.all - self.rows.len());
            out.push_str(&styled(FAINT, more));
            out.push('\n');
        }
        out
    }
}

/// How the columns of the terminal are shared out.
struct Widths {
    label: usize,
    picture: usize,
    remark: usize,
}

impl Widths {
    /// Shares the width; where names would be cut, they lose the domain that all have.
    fn of(groups: &mut [Group<'_>], width: usize) -> Self {
        let most = LABEL.min(width * 2 / 5);
        let rows = || groups.iter().flat_map(|group| &group.rows);
        let said = rows().map(|row| width_of(&remark(&row.timeline))).max().unwrap_or(0);
        let remark = said.min(REMARK).min(width / 4);
        if rows().any(|row| width_of(&row.label) + 2 > most) {
            for group in &mut *groups {
                group.rows.iter_mut().for_each(|row| row.drop_domain(&group.company.key));
            }
        }
        let rows = groups.iter().flat_map(|group| &group.rows);
        let names = groups.iter().map(|group| width_of(&clean(&group.company.key)));
        let widest = rows.map(|row| width_of(&row.label) + 2).chain(names).max().unwrap_or(0);
        let label = widest.min(most);
        let picture = width.saturating_sub(label + 2 + remark + 2).max(10);
        Self { label, picture, remark }
    }
}

/// The days from the first of the run to what is planned soon after it.
fn scale<'a>(
    zone: Zone,
    from: Instant,
    to: Instant,
    timelines: impl Iterator<Item = &'a EnrollmentTimeline>,
    room: usize,
) -> Scale {
    const AHEAD_DAYS: i64 = 6;
    let (first, last) = (zone.date_of(from), zone.date_of(to));
    let latest = timelines
        .filter(|timeline| timeline.enrollment.holds.is_empty())
        .flat_map(|timeline| timeline.planned.iter().filter_map(|planned| planned.at))
        .map(|at| zone.date_of(at))
        .filter(|date| (*date - last).num_days() <= AHEAD_DAYS)
        .max();
    let last = latest.map_or(last, |latest| latest.max(last));
    let days = usize::try_from((last - first).num_days() + 1).unwrap_or(1).max(1);
    let columns = if room >= days {
        (room / days).min(if days <= FEW_DAYS { HOURS } else { DAY_COLUMNS }) * days
    } else {
        room
    };
    Scale { first, days, columns, zone }
}

fn rows_of(view: &View<'_>, company: &CompanyView) -> Vec<Row> {
    let mut rows = Vec::new();
    for prospect in &company.prospects {
        let Some(timeline) = view.timeline(prospect) else {
            continue;
        };
        let several = timeline.enrollments.len() > 1;
        for enrollment in timeline.enrollments {
            let label = if several {
                format!("{prospect} {}", enrollment.enrollment.campaign)
            } else {
                prospect.clone()
            };
            rows.push(Row { label: clean(&label), timeline: enrollment });
        }
    }
    rows
}

/// The rows that tell the most, in their order.
fn keep(rows: Vec<Row>, most: usize) -> Vec<Row> {
    if rows.len() <= most {
        return rows;
    }
    let mut seen = BTreeSet::new();
    let mut ranked: Vec<(usize, usize)> = Vec::new();
    for (at, row) in rows.iter().enumerate() {
        let it = &row.timeline;
        // The first of its kind tells more than the tenth.
        let is_new = seen.insert((it.enrollment.status, rows::why(&it.enrollment)));
        let own = it.holds.iter().filter(|hold| rows::is_own(hold)).count();
        ranked.push((usize::from(is_new) * 100 + own * 10 + it.holds.len() + it.sends.len(), at));
    }
    ranked.sort_by_key(|(score, at)| (std::cmp::Reverse(*score), *at));
    let kept: BTreeSet<usize> = ranked.into_iter().take(most).map(|(_, at)| at).collect();
    rows.into_iter().enumerate().filter(|(at, _)| kept.contains(at)).map(|(_, row)| row).collect()
}

/// The companies where the most different things happened, in their order.
fn choose<'a>(
    view: &View<'_>,
    companies: &'a [CompanyView],
    number: usize,
) -> Vec<&'a CompanyView> {
    let mut ranked: Vec<(usize, usize)> = Vec::new();
    let mut compared = 0;
    for (at, company) in companies.iter().enumerate() {
        compared += company.prospects.len();
        if compared > COMPARED && at > 0 {
            break;
        }
        let mut kinds = BTreeSet::new();
        let mut sent = false;
        // Of a large company only some are drawn, so only those count.
        for row in keep(rows_of(view, company), PEOPLE) {
            sent |= !row.timeline.sends.is_empty();
            let ended = row.timeline.holds.iter().any(|hold| hold.ended.is_some());
            kinds.insert((row.timeline.enrollment.status.name(), ended, String::new()));
            for hold in &row.timeline.holds {
                kinds.insert(("", rows::is_own(hold), rows::cause(hold)));
            }
        }
        // Where all can be seen the picture says more than where most are left out.
        let fits = usize::from((2..=PEOPLE).contains(&company.prospects.len()));
        ranked.push((kinds.len() * 2 + usize::from(sent) + 4 * fits, at));
    }
    ranked.sort_by_key(|(score, at)| (std::cmp::Reverse(*score), *at));
    let mut chosen: Vec<usize> = ranked.into_iter().take(number).map(|(_, at)| at).collect();
    chosen.sort_unstable();
    chosen.into_iter().filter_map(|at| companies.get(at)).collect()
}

fn remark(timeline: &EnrollmentTimeline) -> String {
    let row = &timeline.enrollment;
    let why = match row.status {
        Status::Finished => String::new(),
        _ => rows::why(row),
    };
    let status = rows::status(row);
    if why.is_empty() { status } else { format!("{status}  {why}") }
}

type Used = BTreeMap<char, &'static str>;

/// The columns of one line as they are drawn over.
struct Canvas(Vec<(char, Style)>);

impl Canvas {
    fn put(&mut self, column: usize, mark: char, style: Style) {
        if let Some(place) = self.0.get_mut(column) {
            *place = (mark, style);
        }
    }

    fn fill(&mut self, from: usize, to: usize, mark: char, style: Style) {
        for place in self.0.iter_mut().take(to).skip(from) {
            *place = (mark, style);
        }
    }

    /// Takes away what would be drawn after a column but is not to come; marks stay.
    fn end(&mut self, column: usize) {
        for place in self.0.iter_mut().skip(column + 1) {
            if matches!(place.0, '─' | '▒' | '░' | '○') {
                *place = (' ', Style::new());
            }
        }
    }

    fn is_free(&self, column: usize) -> bool {
        self.0.get(column).is_some_and(|(mark, _)| matches!(mark, ' ' | '─' | '▒' | '░'))
    }

    fn text(&self) -> String {
        let mut out = String::new();
        let mut rest = self.0.as_slice();
        while let Some((_, style)) = rest.first() {
            let same = rest.iter().take_while(|(_, other)| other == style).count();
            let (run, after) = rest.split_at(same);
            let text: String = run.iter().map(|(mark, _)| *mark).collect();
            out.push_str(&if *style == Style::new() { text } else { styled(*style, text) });
            rest = after;
        }
        out
    }
}

fn line(it: &EnrollmentTimeline, scale: &Scale, used: &mut Used) -> String {
    let mut canvas = Canvas(vec![(' ', Style::new()); scale.columns]);
    let is_held = !it.enrollment.holds.is_empty();
    let sends = it.sends.iter().map(|send| scale.column(send.sent));
    let shown = |at: &Instant| scale.zone.date_of(*at) < end_of(scale);
    let planned: Vec<(usize, u16)> = it
        .planned
        .iter()
        .filter(|_| !is_held)
        .filter_map(|planned| Some((planned.at.filter(shown)?, planned.step)))
        .map(|(at, step)| (scale.column(at), step))
        .collect();
    let marks: Vec<usize> = sends.chain(planned.iter().map(|(column, _)| *column)).collect();
    if let (Some(first), Some(last)) = (marks.iter().min(), marks.iter().max()) {
        let held_from = it.enrollment.holds.iter().map(|hold| scale.column(hold.placed)).min();
        let last = held_from.map_or(*last, |held| held.max(*last));
        canvas.fill(*first, last, '─', FAINT);
    }
    pauses(&mut canvas, it, scale, used);
    for (column, step) in planned {
        canvas.put(column, '○', PLANNED);
        used.insert('○', "planned");
        number(&mut canvas, column, step, PLANNED);
    }
    for send in &it.sends {
        let column = scale.column(send.sent);
        canvas.put(column, '●', GOOD);
        used.insert('●', "sent");
        number(&mut canvas, column, send.step, GOOD);
    }
    letters(&mut canvas, it, scale, used);
    canvas.text()
}

/// Where holds cover the person: one's own, and those shared with others.
fn pauses(canvas: &mut Canvas, it: &EnrollmentTimeline, scale: &Scale, used: &mut Used) {
    for hold in it.holds.iter().filter(|hold| hold.kind == HoldKind::Pause) {
        let own = rows::is_own(hold);
        let (mark, what) = if own { ('▒', "own hold") } else { ('░', "held with others") };
        let end = hold.ended.as_ref().map(|ended| ended.at).or(hold.until);
        let end = end.map_or(scale.columns, |at| scale.column(at));
        let from = scale.column(hold.placed);
        if end > from {
            used.insert(mark, what);
        }
        for column in from..end {
            // One's own hold is seen through one that others share.
            if own || canvas.0.get(column).is_none_or(|(mark, _)| *mark != '▒') {
                canvas.put(column, mark, HELD);
            }
        }
    }
}

/// What befell the person, and where a stop ended everything.
fn letters(canvas: &mut Canvas, it: &EnrollmentTimeline, scale: &Scale, used: &mut Used) {
    for hold in &it.holds {
        let stops = hold.kind == HoldKind::Stop;
        let shared = stops.then_some(('×', "stopped with others"));
        let Some((letter, what)) = letter(hold, &it.enrollment.prospect).or(shared) else {
            continue;
        };
        let column = scale.column(hold.placed);
        // Beside a send of the same hours rather than over it.
        let column = column + usize::from(!canvas.is_free(column));
        canvas.put(column, letter, if stops { BAD } else { HELD });
        used.insert(letter, what);
    }
    let stopped = |hold: &&HoldView| hold.kind == HoldKind::Stop && hold.ended.is_none();
    if let Some(first) = it.holds.iter().filter(stopped).map(|hold| hold.placed).min() {
        canvas.end(scale.column(first));
    }
}

fn end_of(scale: &Scale) -> NaiveDate {
    scale.first.checked_add_days(Days::new(scale.days as u64)).unwrap_or(NaiveDate::MAX)
}

/// The step behind its mark, where there is room.
fn number(canvas: &mut Canvas, column: usize, step: u16, style: Style) {
    if let Some(digit) = char::from_digit(step.into(), 10).filter(|_| canvas.is_free(column + 1)) {
        canvas.put(column + 1, digit, style);
    }
}

/// The letter of what befell this very prospect.
fn letter(hold: &HoldView, prospect: &str) -> Option<(char, &'static str)> {
    match &hold.cause {
        CauseView::Rule { event, .. } => {
            if event.prospect.as_deref() != Some(prospect) {
                return None;
            }
            let away = ("kind".to_owned(), "out-of-office".to_owned());
            Some(match event.kind.as_str() {
                "reply" if event.attributes.contains(&away) => ('O', "out of office"),
                "reply" => ('R', "reply"),
                "bounce" => ('B', "bounce"),
                "opt-out" => ('X', "opt-out"),
                "complaint" => ('C', "complaint"),
                "mark" => ('M', "mark"),
                _ => ('E', "other event"),
            })
        }
        CauseView::Person { .. } if rows::is_own(hold) => Some(('P', "a person")),
        CauseView::Person { .. } => None,
        CauseView::Engine { .. } => Some(('F', "failed")),
    }
}

/// What the marks mean; only those that were drawn.
fn legend(used: &Used, zone: Zone, width: usize) -> String {
    if used.is_empty() {
        return String::new();
    }
    let rank = |mark: &char| "●○▒░".chars().position(|it| it == *mark).unwrap_or(usize::MAX);
    let mut marks: Vec<(&char, &&str)> = used.iter().collect();
    marks.sort_by_key(|(mark, _)| (rank(mark), **mark));
    let mut items: Vec<String> =
        marks.into_iter().map(|(mark, what)| format!("{mark} {what}")).collect();
    items.push(format!("days of {}", zone.name()));
    let text = crate::layout::flow(&items, 2, width);
    styled(FAINT, text.trim_end()) + "\n"
}
