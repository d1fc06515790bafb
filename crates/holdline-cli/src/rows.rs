//! How enrollments and holds are worded, the same in every verb.

use anstyle::Style;
use holdline::engine::view::{CauseView, EnrollmentView, HoldView};
use holdline::model::{HoldKind, Scope, Status};

use crate::screen::{BAD, FAINT, GOOD, HELD, PLANNED};

/// The status as people read it.
pub fn status(row: &EnrollmentView) -> String {
    match row.status {
        Status::NeedsReschedule => "manually paused".to_owned(),
        Status::Paused if row.manually_paused => "manually paused".to_owned(),
        Status::Unplaceable => "unplaceable".to_owned(),
        Status::OutcomeUnknown => "outcome unknown".to_owned(),
        other => other.name().to_owned(),
    }
}

/// The colour of a status.
pub const fn status_style(status: Status) -> Style {
    match status {
        Status::Stopped | Status::OutcomeUnknown | Status::Unplaceable => BAD,
        Status::Paused | Status::NeedsReschedule => HELD,
        Status::Finished => GOOD,
        Status::Scheduled | Status::Sending => PLANNED,
        _ => FAINT,
    }
}

/// Why a hold is there, in few words: the rule, or the person.
pub fn cause(hold: &HoldView) -> String {
    match &hold.cause {
        CauseView::Rule { rule, .. } => rule.clone(),
        CauseView::Person { by: Some(by), .. } => format!("by {by}"),
        CauseView::Person { by: None, .. } => "by a person".to_owned(),
        CauseView::Engine { why } => why.clone(),
    }
}

/// As [`cause`], with the colleague whose event it was, if it was another's.
pub fn cause_for(hold: &HoldView, prospect: &str) -> String {
    let cause = cause(hold);
    let CauseView::Rule { event, .. } = &hold.cause else {
        return cause;
    };
    match event.prospect.as_deref().filter(|of| *of != prospect) {
        Some(other) => format!("{cause} ({})", other.split('@').next().unwrap_or(other)),
        None => cause,
    }
}

/// The strongest hold in few words; more of them are counted.
pub fn why(row: &EnrollmentView) -> String {
    let Some(first) = row.holds.first() else {
        let is_new = row.status == Status::NeedsReschedule;
        return if is_new { "a step was added" } else { "" }.to_owned();
    };
    let cause = cause_for(first, &row.prospect);
    match row.holds.len() {
        1 => cause,
        more => format!("{cause} +{}", more - 1),
    }
}

/// What a hold covers: `pause company acme.example`.
pub fn what(hold: &HoldView) -> String {
    let kind = hold.kind;
    if hold.selection {
        return format!("{kind} of {}", hold.target);
    }
    match hold.scope {
        Scope::Workspace => format!("{kind} of everything"),
        scope => format!("{kind} {scope} {}", hold.target),
    }
}

/// What a hold covers, for someone who knows whom this is about: `pause company`.
pub fn what_here(hold: &HoldView) -> String {
    match hold.scope {
        Scope::Enrollment | Scope::Prospect | Scope::Company if !hold.selection => {
            format!("{} {}", hold.kind, hold.scope)
        }
        _ => what(hold),
    }
}

/// Who lifts it.
pub fn lifted_by(hold: &HoldView) -> &'static str {
    match (hold.kind, hold.until.is_some()) {
        (HoldKind::Stop, _) => "a named person, with a reason",
        (HoldKind::Pause, true) => "its end, or a person",
        (HoldKind::Pause, false) => "a person",
    }
}

/// Whether a hold is on the prospect itself rather than on something wider.
pub fn is_own(hold: &HoldView) -> bool {
    matches!(hold.scope, Scope::Enrollment | Scope::Prospect) && !hold.selection
}
