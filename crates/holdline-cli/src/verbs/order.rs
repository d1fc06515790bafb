//! What `pause`, `resume` and `reschedule` have in common: what they are about, who gives the
//! command and when, and what is still held afterwards.

use holdline::engine::{Engine, Snapshot, View};
use holdline::json::write_outcome;
use holdline::model::{Action, BlockedBy, Command, HoldTarget, Instant, Outcome, Scope, Selection};

use super::close;
use crate::args::{Data, Format, Order, Output, Target};
use crate::exit::{Exit, Failure};
use crate::layout::{clean, cut};
use crate::screen::{HELD, styled, tell, width};
use crate::{moment, open, screen};

/// Data that a command is to be given to.
pub struct Desk {
    engine: Engine,
    snapshot: Snapshot,
}

impl Desk {
    /// Opens the data; the workspace must be there.
    pub fn open(data: &Data) -> Result<Self, Failure> {
        let engine = open::existing(&data.data)?;
        let snapshot = engine.snapshot()?;
        super::view(&snapshot, data)?;
        Ok(Self { engine, snapshot })
    }

    /// The workspace before the command.
    pub fn view(&self, data: &Data) -> Result<View<'_>, Failure> {
        super::view(&self.snapshot, data)
    }

    /// An instant that was given as an argument, if one was.
    pub fn instant(&self, data: &Data, text: Option<&str>) -> Result<Option<Instant>, Failure> {
        let zone = self.view(data)?.zone();
        text.map(|text| moment::read(text, zone).map_err(Failure::input)).transpose()
    }

    /// Gives the command and says what came of it.
    pub fn give(
        self,
        action: Action,
        order: Order,
        data: &Data,
        output: &Output,
        done: impl FnOnce(&Outcome) -> String,
    ) -> Result<Exit, Failure> {
        let now = self.view(data)?.now();
        let at = self.instant(data, order.at.as_deref())?.unwrap_or(now);
        let mut command = Command::new(at, action).workspace(&data.workspace);
        command.by = order.by.or_else(|| std::env::var("USER").ok().filter(|it| !it.is_empty()));
        let outcome = self.engine.apply(command)?;
        close(self.engine)?;
        if output.format == Format::Json {
            screen::print(&(write_outcome(&outcome) + "\n"))?;
        } else if let Some(refusal) = outcome.refusal() {
            tell(format_args!("{} {refusal}", styled(screen::BAD, "refused:")));
        } else {
            screen::print(&done(&outcome))?;
        }
        Ok(if outcome.refusal().is_some() { Exit::Findings } else { Exit::Fine })
    }
}

/// What is paused or resumed: one thing with all that joins it later, or what matches now.
pub fn target(target: Target, verb: &str) -> Result<HoldTarget, Failure> {
    if target.everything {
        return Ok(HoldTarget::Workspace);
    }
    if let Some(sender) = target.sender {
        return Ok(HoldTarget::Sender(sender));
    }
    let selection = target.filters.selection();
    if selection == Selection::default() {
        return Err(nothing_named(verb));
    }
    if selection.status.is_some() || selection.step.is_some() || selection.search.is_some() {
        return Ok(HoldTarget::Selection(selection));
    }
    let Selection { campaign, company, prospect, .. } = selection.clone();
    Ok(match (campaign, company, prospect) {
        (Some(campaign), None, Some(prospect)) => HoldTarget::Enrollment { campaign, prospect },
        (None, None, Some(prospect)) => HoldTarget::Prospect(prospect),
        (Some(campaign), Some(company), None) => {
            HoldTarget::CompanyInCampaign { company, campaign }
        }
        (None, Some(company), None) => HoldTarget::Company(company),
        (Some(campaign), None, None) => HoldTarget::Campaign(campaign),
        _ => HoldTarget::Selection(selection),
    })
}

/// A command that would be about everything without anybody saying so.
pub fn nothing_named(verb: &str) -> Failure {
    Failure::input(format_args!("say what to {verb}")).help(
        "`--prospect`, `--campaign`, `--company`, `--status`, `--step`, `--search`, or \
         `--everything`",
    )
}

/// A target in words.
pub fn named(target: &HoldTarget) -> String {
    clean(&match target {
        HoldTarget::Enrollment { campaign, prospect } => format!("{prospect} in {campaign}"),
        HoldTarget::Prospect(key) => format!("prospect {key}"),
        HoldTarget::CompanyInCampaign { company, campaign } => {
            format!("company {company} in campaign {campaign}")
        }
        HoldTarget::Company(key) => format!("company {key}"),
        HoldTarget::Sender(key) => format!("sender {key}"),
        HoldTarget::Campaign(key) => format!("campaign {key}"),
        HoldTarget::Workspace => "everything".to_owned(),
        _ => "what matches".to_owned(),
    })
}

/// The holds that stay, a line each.
pub fn still(holds: &[BlockedBy], view_zone: holdline::plan::Zone) -> String {
    const SHOWN: usize = 10;
    let mut out = String::new();
    for hold in holds.iter().take(SHOWN) {
        let kind = hold.kind;
        let what = match hold.scope {
            Scope::Workspace => format!("{kind} of everything"),
            scope => format!("{kind} {scope} {}", hold.target),
        };
        let why = hold.rule.as_ref().map_or_else(|| "by a person".to_owned(), Clone::clone);
        let until = hold.until.map_or_else(String::new, |until| {
            format!("   until {} {}", moment::minute(until, view_zone), moment::city(view_zone))
        });
        let line = format!("  {what}   {why}{until}   hold {}", hold.hold);
        out.push_str(&styled(HELD, cut(&line, width())));
        out.push('\n');
    }
    if holds.len() > SHOWN {
        out.push_str(&format!("  and {} more\n", holds.len() - SHOWN));
    }
    out
}
