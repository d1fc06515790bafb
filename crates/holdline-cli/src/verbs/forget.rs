//! `holdline forget`: a person's data, removed for good.

use holdline::model::{Action, Outcome};

use super::order::Desk;
use crate::args::Forget;
use crate::exit::{Exit, Failure};
use crate::layout::clean;

/// Forgets a person, and waits until nothing is left of it in the directory.
pub fn forget(args: Forget) -> Result<Exit, Failure> {
    let desk = Desk::open(&args.data)?;
    let (prospect, reason) = (args.prospect, args.order.reason.clone());
    let who = clean(&prospect);
    let data = args.data.data.display().to_string();
    let action = Action::Forget { prospect, reason };
    desk.give(action, args.order, &args.data, &args.output, |outcome| {
        let Outcome::Forgotten { stopped } = outcome else {
            return String::new();
        };
        let kept = if *stopped {
            "a stop was on it and is kept as a salted hash: who comes back is stopped"
        } else {
            "no stop was on it: who comes back is somebody new"
        };
        format!(
            "forgotten: {who}\n{kept}\nnothing of it is left in `{data}`, but for what others \
             put there; backups, exports and outboxes are yours to clear\n"
        )
    })
}
