//! `holdline eval`: one event against the rules, with every clause that was looked at, and what
//! would be placed. Nothing is kept.

use std::fs;

use holdline::engine::view::{RuleOutcome, RuleView};
use holdline::engine::{Engine, Rehearsal};
use holdline::json::{read_command, write_outcome};
use holdline::lang::Policy;
use holdline::model::{
    Action, Campaign, Command, Company, Event, Instant, Outcome, Prospect, Refusal, Sender, Step,
};
use holdline::plan::Zone;
use serde_json::json;

use super::explain::{clauses, verdict};
use super::{close, read, view};
use crate::args::{Eval, Format};
use crate::exit::{Exit, Failure};
use crate::input::{Lines, mistake};
use crate::layout::{clean, counted, flow};
use crate::screen::{BAD, FAINT, GOOD, HELD, STRONG, styled, width};
use crate::{moment, rules, screen};

/// When it happens, where neither the event nor what is given says so: a Monday morning.
const SOME_DAY: &str = "2026-03-02T09:00:00Z";

/// Evaluates one event.
pub fn eval(args: &Eval) -> Result<Exit, Failure> {
    let event = event(args)?;
    let rehearsed = match &args.data {
        Some(data) => {
            let data = crate::args::Data { data: data.clone(), workspace: args.workspace.clone() };
            let snapshot = read(&data)?;
            let view = view(&snapshot, &data)?;
            (view.rehearse(&event), view.zone())
        }
        None => {
            let engine = made_up(args, &event)?;
            let snapshot = engine.snapshot()?;
            close(engine)?;
            let workspace = snapshot.view(&args.workspace);
            let Some(view) = workspace else {
                return Err(Failure::input("nothing is known of the event's workspace"));
            };
            (view.rehearse(&event), view.zone())
        }
    };
    let (rehearsal, zone) = rehearsed;
    let rehearsal = rehearsal.map_err(refused)?;
    match args.output.format {
        Format::Human => screen::print(&render(&event, &rehearsal, zone, width()))?,
        Format::Json => {
            let outcome = write_outcome(&rehearsal.outcome);
            let outcome: serde_json::Value = serde_json::from_str(&outcome)
                .map_err(|error| Failure::input(format_args!("the outcome: {error}")))?;
            screen::print_json(&json!({ "rules": rehearsal.rules, "outcome": outcome }))?;
        }
    }
    Ok(Exit::Fine)
}

fn refused(refusal: Refusal) -> Failure {
    Failure::input(refusal).help("docs/commands.md says what an event has; nothing was changed")
}

/// The event, from the argument itself or from a file.
fn event(args: &Eval) -> Result<Event, Failure> {
    let (name, text) = if args.event.trim_start().starts_with('{') {
        ("EVENT", args.event.clone())
    } else if args.event == "-" {
        let text = std::io::read_to_string(std::io::stdin());
        ("standard input", text.map_err(|error| Failure::file("standard input", &error))?)
    } else {
        let text = fs::read_to_string(&args.event);
        (args.event.as_str(), text.map_err(|error| Failure::file(&args.event, &error))?)
    };
    let value: serde_json::Value = serde_json::from_str(text.trim())
        .map_err(|error| Failure::input(format_args!("{name}: {error}")))?;
    let mut value = value;
    if let Some(fields) = value.as_object_mut() {
        // Of an event that is not kept nobody needs to know the id.
        fields.entry("id").or_insert_with(|| "eval".into());
    }
    let line = json!({ "do": "record", "at": SOME_DAY, "event": value }).to_string();
    let command =
        read_command(line.as_bytes()).map_err(|error| Failure::input(mistake(name, 1, &error)))?;
    match command.action {
        Action::Record(event) => Ok(event),
        _ => Err(Failure::input(format_args!("{name}: expected an event"))),
    }
}

/// An engine in memory with the rules, what is given, and whatever else the event names.
fn made_up(args: &Eval, event: &Event) -> Result<Engine, Failure> {
    let bundle = match &args.rules {
        Some(path) => rules::read(path, rules::short_name(path))?,
        None => Policy::default_rules(),
    };
    rules::compile(&bundle)?;
    let engine = Engine::in_memory()?;
    let some_day: Instant =
        SOME_DAY.parse().map_err(|error| Failure::input(format_args!("{error}")))?;
    let given = given(args)?;
    let first = given.first().map(|command| command.at).or(event.at).unwrap_or(some_day);
    let of = |at: Instant, action: Action| Command::new(at, action).workspace(&args.workspace);
    told(&engine.apply(of(first, Action::PutPolicy(bundle)))?)?;
    let mut now = first;
    for command in given {
        now = now.max(command.at);
        let command = Command { workspace: Some(args.workspace.clone()), ..command };
        told(&engine.apply(command)?)?;
    }
    let now = event.at.map_or(now, |at| at.max(now));
    engine.apply(of(now, Action::Advance))?;
    for action in named(event) {
        // What is there already keeps what it was given.
        engine.apply(of(now, action))?;
    }
    Ok(engine)
}

/// What makes the event's subject, as far as it is not there.
fn named(event: &Event) -> Vec<Action> {
    let (subject, mut actions) = (&event.subject, Vec::new());
    let company =
        |key: &String| Action::PutCompany(Company { key: key.clone(), ..Company::default() });
    actions.extend(subject.company.as_ref().map(company));
    let prospect = |key: &String| {
        let company = subject.company.clone();
        Action::PutProspect(Prospect { key: key.clone(), company, ..Prospect::default() })
    };
    actions.extend(subject.prospect.as_ref().map(prospect));
    let sender = subject.sender.clone().unwrap_or_else(|| "sender".to_owned());
    if subject.sender.is_some() || subject.campaign.is_some() {
        actions.push(Action::PutSender(Sender { key: sender.clone(), ..Sender::default() }));
    }
    if let Some(campaign) = &subject.campaign {
        let (key, senders) = (campaign.clone(), vec![sender]);
        let steps = vec![Step::default()];
        actions.push(Action::PutCampaign(Campaign { key, senders, steps, ..Campaign::default() }));
        let enroll = |prospect: &String| Action::Enroll {
            campaign: campaign.clone(),
            prospect: prospect.clone(),
        };
        actions.extend(subject.prospect.as_ref().map(enroll));
    }
    actions
}

/// The commands that are applied before.
fn given(args: &Eval) -> Result<Vec<Command>, Failure> {
    let Some(path) = &args.given else {
        return Ok(Vec::new());
    };
    let (mut lines, mut commands) = (Lines::open(path)?, Vec::new());
    while let Some((number, line)) = lines.next()? {
        let command = read_command(&line)
            .map_err(|error| Failure::input(mistake(lines.name(), number, &error)))?;
        commands.push(command);
    }
    Ok(commands)
}

fn told(outcome: &Outcome) -> Result<(), Failure> {
    match outcome.refusal() {
        Some(refusal) => Err(refused(refusal.clone())),
        None => Ok(()),
    }
}

/// The evaluation as people read it.
fn render(event: &Event, it: &Rehearsal, zone: Zone, width: usize) -> String {
    let subject = &event.subject;
    let mut facts = vec![format!("event {}", clean(&event.kind))];
    for part in [&subject.prospect, &subject.company, &subject.campaign, &subject.sender] {
        facts.extend(part.as_ref().map(|key| clean(key)));
    }
    let listening = counted(it.rules.len() as u64, "rule listens", "rules listen");
    facts.push(listening);
    let mut out = styled(STRONG, flow(&facts, 0, width).trim_end()) + "\n";
    let (fired, others): (Vec<_>, Vec<_>) =
        it.rules.iter().partition(|rule| rule.verdict == RuleOutcome::Fired);
    for rule in fired.into_iter().chain(others) {
        out.push_str(&one_rule(rule, width));
    }
    out + &answer(&it.outcome, zone, width)
}

fn one_rule(rule: &RuleView, width: usize) -> String {
    let (word, style) = match &rule.verdict {
        RuleOutcome::Fired => ("fired", GOOD),
        RuleOutcome::NotMatched => ("not matched", FAINT),
        RuleOutcome::OverriddenBy(_) => ("overridden", HELD),
        _ => ("failed", BAD),
    };
    let place = clean(&format!("{}:{}", rule.file, rule.line));
    let mut out =
        format!("\n{}   {}   {}\n", styled(STRONG, clean(&rule.rule)), styled(style, word), place);
    out.push_str(&clauses(&rule.clauses, 2, width));
    if let Some(note) = verdict(&rule.verdict) {
        out.push_str(&flow(&[note], 2, width));
    }
    out
}

/// What would be placed and lifted.
fn answer(outcome: &Outcome, zone: Zone, width: usize) -> String {
    let Outcome::Recorded { holds, lifted, ignored, errors } = outcome else {
        return format!("\n{}\n", styled(HELD, "it was recorded before, and changes nothing"));
    };
    let mut out = format!("\n{}\n", styled(STRONG, "it would"));
    for hold in holds {
        let until = match hold.until {
            Some(until) => format!("until {} {}", moment::minute(until, zone), moment::city(zone)),
            None => "open-ended".to_owned(),
        };
        let what = clean(&format!("{} {} {}", hold.kind, hold.scope, hold.target));
        out.push_str(&flow(&[what, until, clean(&format!("rule {}", hold.rule))], 2, width));
    }
    if !lifted.is_empty() {
        let count = counted(lifted.len() as u64, "hold", "holds");
        out.push_str(&format!("  lift {count}\n"));
    }
    for error in errors {
        out.push_str(&flow(&[clean(error)], 2, width));
    }
    if holds.is_empty() && lifted.is_empty() {
        let why = if *ignored { "a rule says `ignore`" } else { "no rule fired" };
        out.push_str(&format!("  change nothing: {why}\n"));
    }
    out
}
