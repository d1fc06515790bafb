//! `holdline resume`: lifts what a person may lift, and names what stays.

use holdline::model::{Action, HoldTarget, Outcome};

use super::order::{Desk, named, still, target};
use crate::args::Resume;
use crate::exit::{Exit, Failure};
use crate::layout::{count, counted};
use crate::moment;

/// Lifts pauses.
pub fn resume(args: Resume) -> Result<Exit, Failure> {
    let target = target(args.target, "resume")?;
    if args.with_prospects && !matches!(target, HoldTarget::Selection(_)) {
        return Err(Failure::input(
            "`--with-prospects` goes with `--status`, `--step` or `--search`",
        )
        .help("`--prospect` without a campaign lifts what is on the prospect"));
    }
    let desk = Desk::open(&args.data)?;
    let reschedule = desk.instant(&args.data, args.reschedule.as_deref())?;
    let zone = desk.view(&args.data)?.zone();
    let what = named(&target);
    let reason = args.order.reason.clone();
    let prospects = args.with_prospects;
    let action = Action::Resume { target, prospects, reschedule, reason };
    desk.give(action, args.order, &args.data, &args.output, |outcome| {
        let Outcome::Resumed { selected, lifted, still_held, held_by } = outcome else {
            return String::new();
        };
        let what = selected.map_or(what, |count| counted(count, "enrollment", "enrollments"));
        let mut out = format!("resumed {what}: {} lifted", counted(*lifted, "pause", "pauses"));
        if let Some(from) = reschedule {
            let (from, city) = (moment::minute(from, zone), moment::city(zone));
            out.push_str(&format!(", placed anew from {from} {city} on"));
        }
        if *still_held > 0 {
            let these = if *still_held == 1 { "is" } else { "are" };
            out.push_str(&format!("; {} {these} still held by", count(*still_held)));
        } else if !held_by.is_empty() {
            out.push_str("; what stays");
        }
        out.push('\n');
        out + &still(held_by, zone)
    })
}
