//! `holdline pause`: one, many or all.

use holdline::model::{Action, HoldKind, Outcome};

use super::order::{Desk, named, target};
use crate::args::Pause;
use crate::exit::{Exit, Failure};
use crate::layout::counted;
use crate::moment;

/// Places a person's pause.
pub fn pause(args: Pause) -> Result<Exit, Failure> {
    let target = target(args.target, "pause")?;
    let desk = Desk::open(&args.data)?;
    let until = desk.instant(&args.data, args.until.as_deref())?;
    let zone = desk.view(&args.data)?.zone();
    let what = named(&target);
    let reason = args.order.reason.clone();
    let action = Action::Hold { kind: HoldKind::Pause, target, until, reason };
    desk.give(action, args.order, &args.data, &args.output, |outcome| {
        let Outcome::Held { hold, members, live } = outcome else {
            return String::new();
        };
        let what = members.map_or(what, |count| counted(count, "enrollment", "enrollments"));
        let until = until.map_or_else(
            || "until a person resumes it".to_owned(),
            |until| format!("until {} {}", moment::minute(until, zone), moment::city(zone)),
        );
        if *live {
            format!("paused {what}, {until} (hold {hold})\n")
        } else {
            format!("nothing is paused: the end, {until}, is past (hold {hold})\n")
        }
    })
}
