//! What a step means when its turn comes: whom it is about, and which of what there is by then.

use super::run::Side;
use crate::model::{Action, HoldTarget, Instant, Prospect, Selection, Token};
use crate::testing::world::{self, Act, DAY_MS};

/// Who comes later works for one of these, or for nobody.
const DOMAINS: [&str; 5] =
    ["acme.io", "mail.acme.io", "globex.com", "umbrella.example", "gmail.com"];

/// What an act does now; none if there is nothing that it could be about.
pub(super) fn resolved(side: &Side, act: &Act, at: Instant) -> Option<Action> {
    let token = |index: &usize| -> Option<Token> {
        let from = side.claimed.len().saturating_sub(6);
        let recent = side.claimed.get(from..)?;
        recent.get(index % recent.len().max(1)).copied()
    };
    Some(match act {
        Act::Confirm(index) => Action::Confirm { token: token(index)? },
        Act::Report(index, kind) => {
            Action::Report { token: token(index)?, report: world::report(*kind, at) }
        }
        Act::Resend(index) => {
            Action::Resend { token: token(index)?, reason: Some("it did not arrive".to_owned()) }
        }
        _ => act.about_no_send(at, &side.events, side.placed)?,
    })
}

/// The same about somebody who came later, half of the time; and some events come late, a few of
/// them too late.
pub(super) fn aimed(side: &Side, mut action: Action, aim: u64, at: Instant) -> Action {
    if let Action::Record(event) = &mut action
        && aim.is_multiple_of(16)
    {
        let days = i64::try_from(aim / 16 % 36).unwrap_or(0);
        event.at = Some(at.plus_ms(-days * DAY_MS));
    }
    let whom = usize::try_from(aim / 1024 % (2 * side.newcomers.len().max(1) as u64));
    let Some(newcomer) = whom.ok().and_then(|whom| side.newcomers.get(whom)) else {
        return action;
    };
    let prospect = match &mut action {
        Action::Record(event) => event.subject.prospect.as_mut(),
        Action::Hold { target, .. } | Action::Resume { target, .. } => match target {
            HoldTarget::Enrollment { prospect, .. } | HoldTarget::Prospect(prospect) => {
                Some(prospect)
            }
            _ => None,
        },
        Action::Enroll { prospect, .. } | Action::Forget { prospect, .. } => Some(prospect),
        _ => None,
    };
    if let Some(prospect) = prospect {
        prospect.clone_from(newcomer);
    }
    action
}

/// What the person does of their own accord.
pub(super) fn cared(side: &Side, choice: u64, unknown: Option<Token>) -> Option<Action> {
    let reason = Some("looked at".to_owned());
    let pick = usize::try_from(choice / 8).unwrap_or(0);
    Some(match choice % 8 {
        0 | 1 => Action::Resend { token: unknown?, reason },
        2 => Action::ResendSelected { selection: Selection::default(), reason },
        3 | 4 => {
            let prospect = side.newcomers.get(pick % side.newcomers.len().max(1))?.clone();
            Action::Forget { prospect, reason }
        }
        _ => Action::PutPolicy(world::policy(pick % world::POLICIES, 0)),
    })
}

/// Somebody new, who is made and enrolled.
pub(super) fn newcomer(side: &mut Side, number: u64) -> [Action; 2] {
    let pick = |from: &[&str], by: u64| {
        let at = usize::try_from(by % from.len().max(1) as u64).unwrap_or(0);
        from.get(at).copied().unwrap_or_default().to_owned()
    };
    let key = format!("new{}@{}", number % 1_000_000, pick(&DOMAINS, number >> 20));
    side.newcomers.push(key.clone());
    let prospect = Prospect { key: key.clone(), ..Prospect::default() };
    let campaign = pick(&world::CAMPAIGNS, number >> 24);
    [Action::PutProspect(prospect), Action::Enroll { campaign, prospect: key }]
}
