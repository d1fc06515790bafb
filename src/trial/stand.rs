//! Where a subject stands: its status, who holds it, and until when.

use std::collections::BTreeSet;

use crate::engine::view::{CauseView, EnrollmentView, HoldView};
use crate::engine::{View, is_free_mail};
use crate::lang::script::Who;
use crate::model::{HoldKind, HoldTarget, Instant, Refusal, Selection, Status};

/// How long holds last together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Nothing is held.
    None,
    At(Instant),
    Open,
}

/// Where a subject stands.
#[derive(Clone, Debug)]
pub(super) struct Stand {
    /// None if it has several at once; [`Stand::mixed`] says which.
    pub(super) status: Option<Status>,
    pub(super) mixed: String,
    pub(super) holders: BTreeSet<String>,
    pub(super) end: End,
    /// The next send, of those that nothing holds.
    pub(super) next: Option<Instant>,
}

impl Stand {
    /// Where a subject stands; or why there is nothing to say.
    pub(super) fn of(view: &View<'_>, who: &Who) -> Result<Self, String> {
        let mut selection = Selection::default();
        let mut own: Vec<HoldTarget> = Vec::new();
        match who {
            Who::Prospect { key, campaign } => {
                selection.prospect = Some(key.clone());
                selection.campaign.clone_from(campaign);
            }
            Who::Company { key, campaign } => {
                selection.company = Some(key.clone());
                selection.campaign.clone_from(campaign);
                own.push(HoldTarget::Company(key.clone()));
                own.extend(campaign.iter().flat_map(|campaign| {
                    let (company, campaign) = (key.clone(), campaign.clone());
                    [
                        HoldTarget::Campaign(campaign.clone()),
                        HoldTarget::CompanyInCampaign { company, campaign },
                    ]
                }));
            }
            Who::Campaign(key) => {
                selection.campaign = Some(key.clone());
                own.push(HoldTarget::Campaign(key.clone()));
            }
            Who::Sender(key) => own.push(HoldTarget::Sender(key.clone())),
            Who::Workspace => {}
        }
        let listed = !matches!(who, Who::Sender(_) | Who::Workspace);
        let rows = if listed {
            view.list(&selection, None, usize::MAX).map_err(|refusal| absent(&refusal))?.rows
        } else {
            Vec::new()
        };
        if let Who::Prospect { key, campaign } = who {
            return match (rows.is_empty(), campaign) {
                (false, _) => Ok(Self::of_rows(&rows)),
                (true, None) => Err(format!("`{key}` is in no campaign")),
                (true, Some(campaign)) => Err(format!("`{key}` is not in `{campaign}`")),
            };
        }
        own.push(HoldTarget::Workspace);
        let holds: Vec<HoldView> = own.iter().flat_map(|target| view.holds_on(target)).collect();
        let is_company = matches!(who, Who::Company { .. });
        Ok(Self::of_group(&holds, &rows, is_company))
    }

    /// The enrollments of one prospect together.
    fn of_rows(rows: &[EnrollmentView]) -> Self {
        let mut statuses: Vec<Status> = rows.iter().map(|row| row.status).collect();
        statuses.dedup();
        let status = match statuses.as_slice() {
            [one] => Some(*one),
            _ => None,
        };
        let mixed = rows.iter().map(|row| format!("{} in {}", word(row.status), row.campaign));
        let mut stand = Self::held(rows.iter().flat_map(|row| &row.holds));
        stand.status = status;
        stand.mixed = mixed.collect::<Vec<_>>().join(", ");
        let free = rows.iter().filter(|row| row.holds.is_empty());
        stand.next = free.filter_map(|row| row.next).min();
        stand
    }

    /// A company, a campaign, a sender, everything: what is held as such, and of a company also
    /// what is held because each of its people is.
    fn of_group(holds: &[HoldView], rows: &[EnrollmentView], is_company: bool) -> Self {
        let all = |status: Status| !rows.is_empty() && rows.iter().all(|it| it.status == status);
        let each = is_company && rows.iter().all(|row| !row.holds.is_empty());
        let through = holds.is_empty() && each;
        let mut stand = if through {
            Self::held(rows.iter().flat_map(|row| &row.holds))
        } else {
            Self::held(holds)
        };
        let stopped = holds.iter().any(|hold| hold.kind == HoldKind::Stop);
        stand.status = Some(if stopped || (through && all(Status::Stopped)) {
            Status::Stopped
        } else if holds.is_empty() && all(Status::Finished) {
            Status::Finished
        } else if stand.holders.is_empty() {
            Status::Scheduled
        } else {
            Status::Paused
        });
        let free = rows.iter().filter(|row| row.holds.is_empty());
        stand.next = free.filter_map(|row| row.next).min();
        stand
    }

    fn held<'h>(holds: impl IntoIterator<Item = &'h HoldView>) -> Self {
        let (mut holders, mut end) = (BTreeSet::new(), End::None);
        for hold in holds {
            holders.insert(holder(&hold.cause));
            end = match (end, hold.until) {
                (End::Open, _) | (_, None) => End::Open,
                (End::At(before), Some(until)) => End::At(before.max(until)),
                (End::None, Some(until)) => End::At(until),
            };
        }
        Self { status: None, mixed: String::new(), holders, end, next: None }
    }
}

/// Why there is nothing to say of what is not there.
fn absent(refusal: &Refusal) -> String {
    match refusal {
        Refusal::Unknown { what, key } if what == "company" && is_free_mail(key) => {
            format!("there is no company `{key}`: free mail is never a company")
        }
        Refusal::Unknown { what, key } => format!("there is no {what} `{key}`"),
        refusal => refusal.to_string(),
    }
}

/// Who placed the holds of a kind that lie on exactly a subject.
pub(super) fn holders_on(view: &View<'_>, who: &Who, kind: HoldKind) -> BTreeSet<String> {
    let target = match who.clone() {
        Who::Prospect { key, campaign: None } => HoldTarget::Prospect(key),
        Who::Prospect { key: prospect, campaign: Some(campaign) } => {
            HoldTarget::Enrollment { campaign, prospect }
        }
        Who::Company { key, campaign: None } => HoldTarget::Company(key),
        Who::Company { key: company, campaign: Some(campaign) } => {
            HoldTarget::CompanyInCampaign { company, campaign }
        }
        Who::Campaign(key) => HoldTarget::Campaign(key),
        Who::Sender(key) => HoldTarget::Sender(key),
        Who::Workspace => HoldTarget::Workspace,
    };
    let holds = view.holds_on(&target);
    holds.iter().filter(|hold| hold.kind == kind).map(|hold| holder(&hold.cause)).collect()
}

fn holder(cause: &CauseView) -> String {
    match cause {
        CauseView::Rule { error: Some(_), .. } => "rule-error".to_owned(),
        CauseView::Rule { rule, .. } => rule.clone(),
        CauseView::Person { .. } => "person".to_owned(),
        CauseView::Engine { why } => why.clone(),
    }
}

/// A status as tests say it.
pub(super) const fn word(status: Status) -> &'static str {
    match status {
        Status::Scheduled => "active",
        other => other.name(),
    }
}
