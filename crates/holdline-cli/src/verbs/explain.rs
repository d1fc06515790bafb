//! `holdline explain`: why a prospect stands where it stands, with every clause evaluated again.

use anstyle::Style;
use holdline::engine::view::{
    CauseView, ClauseView, EnrollmentExplanation, Explanation, HoldExplanation, HoldView,
    ProspectView, RuleOutcome, RuleView,
};
use holdline::model::{Instant, Status};
use holdline::plan::Zone;

use super::{read, unknown_prospect, view};
use crate::args::{Format, Who};
use crate::exit::{Exit, Failure};
use crate::layout::{clean, counted, flow, left, width_of, wrap};
use crate::screen::{BAD, FAINT, GOOD, HELD, STRONG, styled, width};
use crate::{moment, rows, screen};

/// What is kept free behind the text of a clause, for its verdict and a short value.
const CLAUSE_REST: usize = 30;

/// Explains one prospect.
pub fn explain(args: &Who) -> Result<Exit, Failure> {
    let snapshot = read(&args.data)?;
    let view = view(&snapshot, &args.data)?;
    let Some(explanation) = view.explain(&args.prospect) else {
        return Err(unknown_prospect(&view, &args.prospect));
    };
    match args.output.format {
        Format::Json => screen::print_json(&explanation)?,
        Format::Human => screen::print(&render(&explanation, view.zone(), width()))?,
    }
    Ok(Exit::Fine)
}

/// Who this is about, on one line.
pub fn who(prospect: &ProspectView, width: usize) -> String {
    let mut facts = vec![clean(&prospect.key)];
    if let Some(address) = prospect.address.as_ref().filter(|it| **it != prospect.key) {
        facts.push(clean(address));
    }
    match (&prospect.company, &prospect.company_name) {
        (Some(key), Some(name)) => facts.push(clean(&format!("{name} ({key})"))),
        (Some(key), None) => facts.push(clean(key)),
        (None, _) => facts.push("no company".to_owned()),
    }
    facts.push(prospect.zone.clone().unwrap_or_else(|| "no zone of its own".to_owned()));
    if !prospect.tags.is_empty() {
        facts.push(clean(&format!("tags {}", prospect.tags.join(", "))));
    }
    let line = flow(&facts, 0, width);
    match line.strip_prefix(&facts.first().cloned().unwrap_or_default()) {
        Some(rest) => styled(STRONG, clean(&prospect.key)) + rest,
        None => line,
    }
}

/// The explanation as people read it.
pub fn render(explanation: &Explanation, workspace: Zone, width: usize) -> String {
    let mut out = who(&explanation.prospect, width);
    if explanation.enrollments.is_empty() {
        out.push_str("\nin no campaign\n");
        out.push_str(&all_held(&explanation.holds, (&explanation.prospect.key, workspace), width));
    }
    for enrollment in &explanation.enrollments {
        out.push('\n');
        out.push_str(&one(enrollment, explanation.now, width));
    }
    let now = moment::minute(explanation.now, workspace);
    let note = format!("as of {now} {}", moment::city(workspace));
    out + "\n" + &styled(FAINT, note) + "\n"
}

fn one(it: &EnrollmentExplanation, now: Instant, width: usize) -> String {
    let row = &it.enrollment;
    let zone = moment::zone(&row.zone);
    let sent = match row.last_sent {
        Some(at) => {
            let at = moment::minute(at, zone);
            format!("step {} of {} sent {at} {}", row.sent, row.steps, moment::city(zone))
        }
        None => format!("none of {} sent", counted(row.steps.into(), "step", "steps")),
    };
    let facts = [
        format!("campaign {}: {sent}", clean(&row.campaign)),
        rows::status(row),
        clean(&format!("from {}", row.sender)),
    ];
    let mut out = styled(STRONG, flow(&facts, 0, width).trim_end()) + "\n";
    out.push_str(&all_held(&it.holds, (&row.prospect, zone), width));
    out.push_str(&next(it, zone, now, width));
    out.push_str(&not_applied(it, width));
    out
}

fn all_held(holds: &[HoldExplanation], (prospect, zone): (&str, Zone), width: usize) -> String {
    let mut out = String::new();
    if !holds.is_empty() {
        let reasons = counted(holds.len() as u64, "reason", "reasons");
        out.push_str(&format!("\n{}\n", styled(HELD, format!("held, {reasons}"))));
    }
    for (at, hold) in holds.iter().enumerate() {
        if at > 0 {
            out.push('\n');
        }
        out.push_str(&held(hold, prospect, zone, width));
    }
    out
}

fn held(it: &HoldExplanation, prospect: &str, zone: Zone, width: usize) -> String {
    let hold = &it.hold;
    let until = match hold.until {
        Some(until) => format!("until {} {}", moment::minute(until, zone), moment::city(zone)),
        None => "open-ended".to_owned(),
    };
    let facts = [
        clean(&rows::what(hold)),
        format!("since {}", moment::minute(hold.placed, zone)),
        until,
        format!("lifts by: {}", rows::lifted_by(hold)),
    ];
    let mut out = flow(&facts, 2, width);
    out.push_str(&cause(hold, prospect, zone, width));
    if let Some(rule) = &it.rule {
        out.push_str(&clauses(&rule.clauses, 6, width));
        if let Some(note) = verdict(&rule.verdict) {
            out.push_str(&wrap(&note, 6, width));
        }
    }
    if it.already_leaving {
        out.push_str("    a message was already leaving when this was placed\n");
    }
    out
}

fn cause(hold: &HoldView, prospect: &str, zone: Zone, width: usize) -> String {
    let mut facts;
    let mut out = String::new();
    match &hold.cause {
        CauseView::Rule { rule, file, line, policy, reason, event, error } => {
            let policy = policy.get(..6).unwrap_or(policy);
            facts = vec![
                format!("rule {}", clean(rule)),
                clean(&format!("{file}:{line}")),
                format!("policy {policy}"),
            ];
            facts.extend(reason.as_ref().map(|reason| clean(&format!("“{reason}”"))));
            out.push_str(&flow(&facts, 4, width));
            let mut facts = vec![clean(&format!("event {} {}", event.kind, event.id))];
            if !event.source.is_empty() {
                facts.push(clean(&format!("source {}", event.source)));
            }
            let at = moment::minute(event.at, zone);
            facts.push(match event.prospect.as_deref() {
                Some(of) if of != prospect => clean(&format!("from {of} at {at}")),
                _ => format!("at {at}"),
            });
            out.push_str(&flow(&facts, 4, width));
            if let Some(error) = error {
                out.push_str(&wrap(&format!("it could not be evaluated: {error}"), 6, width));
            }
        }
        CauseView::Person { by, reason } => {
            facts = vec![match by {
                Some(by) => clean(&format!("by {by}")),
                None => "by a person who gave no name".to_owned(),
            }];
            facts.extend(reason.as_ref().map(|reason| clean(&format!("“{reason}”"))));
            out.push_str(&flow(&facts, 4, width));
        }
        CauseView::Engine { why } => {
            out.push_str(&format!("    the engine itself: {}\n", clean(why)));
        }
    }
    out
}

/// Clauses, a line each, with their verdicts and what was found.
pub fn clauses(clauses: &[ClauseView], indent: usize, width: usize) -> String {
    let wide = clause_width(clauses.iter(), width);
    clauses.iter().map(|clause| one_clause(clause, indent, wide, width)).collect()
}

/// How wide the clauses' texts are, with room for the verdict and a short value behind them.
fn clause_width<'a>(clauses: impl Iterator<Item = &'a ClauseView>, width: usize) -> usize {
    let widest = clauses.map(|clause| width_of(&clean(&clause.text))).max().unwrap_or(0);
    widest.min(width.saturating_sub(CLAUSE_REST))
}

/// A clause, its verdict and what was found; what was found goes below where it does not fit.
fn one_clause(clause: &ClauseView, indent: usize, wide: usize, width: usize) -> String {
    let (word, style) = passed(clause);
    let mut actual = clean(&clause.actual);
    if clause.pass == Some(true) && clause.text.starts_with("except ") {
        actual.push_str(", no exception");
    }
    let head = format!("{}   {}", left(&clause.text, wide), styled(style, word));
    if indent + wide + 10 + width_of(&actual) <= width {
        format!("{}{}\n", " ".repeat(indent), format!("{head}   {actual}").trim_end())
    } else {
        format!("{}{head}\n{}", " ".repeat(indent), wrap(&actual, indent + 4, width))
    }
}

const fn passed(clause: &ClauseView) -> (&'static str, Style) {
    match clause.pass {
        Some(true) => ("pass", GOOD),
        Some(false) => ("FAIL", BAD),
        None => ("  - ", FAINT),
    }
}

/// What is to be said of a rule that neither fired nor failed to match.
pub fn verdict(verdict: &RuleOutcome) -> Option<String> {
    match verdict {
        RuleOutcome::Fired | RuleOutcome::NotMatched => None,
        RuleOutcome::OverriddenBy(rules) => Some(format!("overridden by {}", rules.join(", "))),
        RuleOutcome::Failed(why) => Some(format!("could not be evaluated: {why}")),
    }
}

fn next(it: &EnrollmentExplanation, zone: Zone, now: Instant, width: usize) -> String {
    let row = &it.enrollment;
    let step = row.sent + row.skipped + 1;
    let city = moment::city(zone);
    let is_held = !row.holds.is_empty();
    let what = match row.next {
        Some(at) if is_held => format!(
            "step {step} was planned {} {city}; on release it is placed anew (resume {})",
            moment::minute(at, zone),
            row.holds.first().map_or_else(|| "keep".to_owned(), |hold| hold.mode.to_string())
        ),
        Some(at) if at <= now => {
            format!(
                "step {step} was due {} {city} and waits for its turn",
                moment::minute(at, zone)
            )
        }
        Some(at) => format!("step {step} goes out {} {city}", moment::minute(at, zone)),
        None => match row.status {
            Status::Finished => "nothing: every step went out".to_owned(),
            Status::Sending => format!("step {step} is leaving"),
            Status::OutcomeUnknown => format!("step {step} may have left; nobody knows"),
            Status::NeedsReschedule => {
                "a step was added; it is placed when the campaign is rescheduled".to_owned()
            }
            _ => "nothing is planned".to_owned(),
        },
    };
    let body = wrap(&what, 9, width);
    let mut out = format!("\n{}   {}", styled(STRONG, "next  "), body.trim_start());
    for sentence in &it.next {
        out.push_str(&wrap(sentence, 11, width));
    }
    out
}

/// Each rule once, however many holds its event placed.
fn not_applied(it: &EnrollmentExplanation, width: usize) -> String {
    let mut rules: Vec<&RuleView> = Vec::new();
    for rule in it.holds.iter().flat_map(|hold| &hold.not_applied) {
        if !rules.contains(&rule) {
            rules.push(rule);
        }
    }
    if rules.is_empty() {
        return String::new();
    }
    let mut out = format!("{}\n", styled(STRONG, "not applied"));
    let wide = rules.iter().map(|rule| width_of(&clean(&rule.rule))).max().unwrap_or(0).min(28);
    let decisive = |rule: &RuleView| rule.clauses.iter().find(|it| it.pass == Some(false)).cloned();
    let decided: Vec<ClauseView> = rules.iter().filter_map(|it| decisive(it)).collect();
    let indent = wide + 5;
    let text = clause_width(decided.iter(), width.saturating_sub(indent));
    for rule in rules {
        let name = format!("  {}   ", left(&rule.rule, wide));
        let said = match decisive(rule) {
            Some(clause) => one_clause(&clause, indent, text, width),
            None => wrap(&verdict(&rule.verdict).unwrap_or_default(), indent, width),
        };
        out.push_str(&name);
        out.push_str(said.trim_start());
    }
    out
}
