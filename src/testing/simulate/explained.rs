//! Whether everything that is shown says why: each instant how it came about, each hold whose it
//! is, and its rule, asked again, the same as before.

use std::collections::BTreeSet;

use super::Breach;
use crate::engine::Snapshot;
use crate::engine::view::{CauseView, EnrollmentExplanation, HoldExplanation, RuleOutcome};
use crate::model::{Instant, Selection, Status};

/// What is told of an instant that the calendars of now do not give.
const OUTDATED: &str = "before a calendar changed";

/// Looks at everybody who is enrolled. Nothing may be waiting to be planned anew.
pub(super) fn explained(snapshot: &Snapshot) -> Result<(), Breach> {
    let Some(view) = snapshot.view("default") else {
        return Ok(());
    };
    let list = view.list(&Selection::default(), None, usize::MAX);
    let rows = list.map(|list| list.rows).unwrap_or_default();
    let people: BTreeSet<String> = rows.into_iter().map(|row| row.prospect).collect();
    for who in people {
        let unexplained = |what: String| Breach::Unexplained { what: format!("{who}: {what}") };
        let Some(explanation) = view.explain(&who) else {
            return Err(unexplained("there is no explanation".to_owned()));
        };
        let holds = explanation.enrollments.iter().flat_map(|it| &it.holds);
        for hold in holds.chain(&explanation.holds) {
            says_why(hold).map_err(unexplained)?;
        }
        for enrollment in &explanation.enrollments {
            says_when(enrollment, view.now()).map_err(unexplained)?;
        }
    }
    Ok(())
}

fn says_why(it: &HoldExplanation) -> Result<(), String> {
    let CauseView::Rule { rule, event, error, .. } = &it.hold.cause else {
        return Ok(());
    };
    // It was about a person who was forgotten: nothing is left to be asked again.
    if event.id.is_empty() || error.is_some() {
        return Ok(());
    }
    match &it.rule {
        Some(again) if again.rule == *rule && again.verdict == RuleOutcome::Fired => Ok(()),
        other => Err(format!("hold {} of rule `{rule}` says {other:?}", it.hold.id)),
    }
}

fn says_when(it: &EnrollmentExplanation, now: Instant) -> Result<(), String> {
    // What is held or out is explained by that.
    let scheduled = it.enrollment.status == Status::Scheduled;
    let Some(next) = it.enrollment.next.filter(|_| scheduled) else {
        return Ok(());
    };
    // What is due is placed by the calendars of now when a sender asks for it.
    let outdated = next > now && it.next.iter().any(|why| why.contains(OUTDATED));
    if it.next.is_empty() || outdated {
        return Err(format!("{} is due {next}: {:?}", it.enrollment.campaign, it.next));
    }
    Ok(())
}
