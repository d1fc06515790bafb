//! `holdline resend`: what may or may not have left goes out again.

use holdline::model::{Action, Outcome, Selection};

use super::order::{Desk, nothing_named, still};
use crate::args::Resend;
use crate::exit::{Exit, Failure};
use crate::layout::{count, counted};

/// Orders the resend of the selected.
pub fn resend(args: Resend) -> Result<Exit, Failure> {
    let selection = args.filters.selection();
    if selection == Selection::default() && !args.everything {
        return Err(nothing_named("resend"));
    }
    let desk = Desk::open(&args.data)?;
    let zone = desk.view(&args.data)?.zone();
    let reason = args.order.reason.clone();
    let action = Action::ResendSelected { selection, reason };
    desk.give(action, args.order, &args.data, &args.output, |outcome| {
        let Outcome::Resent { selected, resent, still_held, held_by } = outcome else {
            return String::new();
        };
        let go = if *resent == 1 { "goes" } else { "go" };
        let mut out = format!(
            "{} of {} {go} out again",
            count(*resent),
            counted(*selected, "enrollment", "enrollments"),
        );
        if *still_held > 0 {
            let these = if *still_held == 1 { "is" } else { "are" };
            out.push_str(&format!("; {} {these} held by", count(*still_held)));
        }
        out.push('\n');
        out + &still(held_by, zone)
    })
}
