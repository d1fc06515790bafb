//! `holdline reschedule`: timelines placed anew, from a date on.

use holdline::model::{Action, Outcome, Selection};

use super::order::{Desk, nothing_named, still};
use crate::args::Reschedule;
use crate::exit::{Exit, Failure};
use crate::layout::{count, counted};
use crate::moment;

/// Places the selected timelines anew.
pub fn reschedule(args: Reschedule) -> Result<Exit, Failure> {
    let selection = args.filters.selection();
    if selection == Selection::default() && !args.everything {
        return Err(nothing_named("reschedule"));
    }
    let desk = Desk::open(&args.data)?;
    let zone = desk.view(&args.data)?.zone();
    let from = moment::read(&args.from, zone).map_err(Failure::input)?;
    let reason = args.order.reason.clone();
    let action = Action::Reschedule { selection, from, resume: args.resume, reason };
    desk.give(action, args.order, &args.data, &args.output, |outcome| {
        let Outcome::Rescheduled { selected, moved, lifted, still_held, held_by } = outcome else {
            return String::new();
        };
        let mut out = format!(
            "{} of {} placed anew from {} {} on",
            count(*moved),
            counted(*selected, "enrollment", "enrollments"),
            moment::minute(from, zone),
            moment::city(zone)
        );
        if *lifted > 0 {
            out.push_str(&format!(", {} lifted", counted(*lifted, "pause", "pauses")));
        }
        if *still_held > 0 {
            let these = if *still_held == 1 { "is" } else { "are" };
            out.push_str(&format!("; {} {these} still held by", count(*still_held)));
        }
        out.push('\n');
        out + &still(held_by, zone)
    })
}
