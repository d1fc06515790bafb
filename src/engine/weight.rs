//! How many bytes a command may take in a frame, at the most: known before it is applied, so that
//! a batch that can never be kept is refused while nothing has changed.

use super::forget::MAX_ADDRESSES;
use crate::model::{Action, Command, Event, HoldTarget, MAX_KEY_BYTES, Selection, Value};

/// What the numbers, flags and lengths of any command take together, with room to spare.
const FIXED: usize = 256;
/// What one item of a list takes besides its text.
const ITEM: usize = 64;

pub(crate) fn of(command: &Command) -> usize {
    let texts = [&command.workspace, &command.id, &command.by];
    FIXED + texts.into_iter().map(maybe).sum::<usize>() + action(&command.action)
}

fn maybe(text: &Option<String>) -> usize {
    text.as_ref().map_or(0, String::len)
}

fn list(texts: &[String]) -> usize {
    texts.iter().map(|text| ITEM + text.len()).sum()
}

fn maybe_list(texts: &Option<Vec<String>>) -> usize {
    texts.as_deref().map_or(0, list)
}

fn action(action: &Action) -> usize {
    match action {
        Action::Open { tz_version, suffix_version, holidays_version, .. } => {
            tz_version.len() + suffix_version.len() + holidays_version.len()
        }
        Action::Configure(settings) => {
            let closed = settings.closed.as_ref().map_or(0, Vec::len);
            maybe(&settings.zone) + maybe_list(&settings.holidays) + closed * ITEM
        }
        Action::Publish { policy, past } => {
            let files = policy.files.iter().map(|file| ITEM + file.name.len() + file.text.len());
            files.sum::<usize>() + past.len() * ITEM
        }
        Action::PutPolicy(bundle) => {
            bundle.files.iter().map(|file| ITEM + file.name.len() + file.text.len()).sum()
        }
        Action::PutCompany(company) => {
            company.key.len()
                + maybe(&company.name)
                + maybe(&company.stage)
                + list(&company.domains)
                + maybe_list(&company.tags)
        }
        Action::PutProspect(prospect) => {
            let fields = prospect.fields.iter().flatten();
            prospect.key.len()
                + maybe(&prospect.address)
                + maybe(&prospect.company)
                + maybe(&prospect.zone)
                + maybe_list(&prospect.tags)
                + fields.map(|(name, text)| ITEM + name.len() + text.len()).sum::<usize>()
        }
        Action::PutSender(sender) => {
            let frozen = sender.frozen.as_ref().map_or(0, Vec::len);
            sender.key.len() + maybe(&sender.zone) + frozen * ITEM
        }
        Action::PutCampaign(campaign) => {
            let steps = campaign.steps.iter().map(|step| ITEM + step.name.len());
            campaign.key.len()
                + list(&campaign.senders)
                + maybe(&campaign.zone)
                + maybe_list(&campaign.tags)
                + steps.sum::<usize>()
        }
        Action::AddStep { campaign, step } => campaign.len() + step.name.len(),
        Action::Enroll { campaign, prospect } => campaign.len() + prospect.len(),
        Action::Record(event) => of_event(event),
        Action::Retract { source, event, reason } => source.len() + event.len() + maybe(reason),
        Action::Hold { target, reason, .. } | Action::Resume { target, reason, .. } => {
            of_target(target) + maybe(reason)
        }
        Action::Reschedule { selection, reason, .. }
        | Action::ResendSelected { selection, reason } => of_selection(selection) + maybe(reason),
        Action::Lift { reason, .. }
        | Action::Resend { reason, .. }
        | Action::Forgotten { reason } => maybe(reason),
        // An address is no longer than a key.
        Action::Forget { prospect, reason } => {
            prospect.len() + MAX_ADDRESSES * (ITEM + MAX_KEY_BYTES) + maybe(reason)
        }
        Action::Erase { prospect, addresses, reason, .. } => {
            prospect.len() + list(addresses) + maybe(reason)
        }
        Action::Claim { .. }
        | Action::Confirm { .. }
        | Action::Report { .. }
        | Action::Advance
        | Action::Tick
        | Action::Restored { .. } => 0,
    }
}

fn of_event(event: &Event) -> usize {
    let subject = &event.subject;
    let keys = [&subject.prospect, &subject.campaign, &subject.company, &subject.sender];
    let attributes = event.attributes.iter().map(|(name, value)| {
        let value = match value {
            Value::Text(text) => text.len(),
            Value::List(texts) => list(texts),
            _ => 0,
        };
        ITEM + name.len() + value
    });
    event.kind.len()
        + event.id.len()
        + event.source.len()
        + keys.into_iter().map(maybe).sum::<usize>()
        + attributes.sum::<usize>()
}

fn of_target(target: &HoldTarget) -> usize {
    match target {
        HoldTarget::Enrollment { campaign, prospect } => campaign.len() + prospect.len(),
        HoldTarget::CompanyInCampaign { company, campaign } => company.len() + campaign.len(),
        HoldTarget::Prospect(key)
        | HoldTarget::Company(key)
        | HoldTarget::Sender(key)
        | HoldTarget::Campaign(key) => key.len(),
        HoldTarget::Workspace => 0,
        HoldTarget::Selection(selection) => of_selection(selection),
    }
}

fn of_selection(selection: &Selection) -> usize {
    let keys = [&selection.campaign, &selection.company, &selection.prospect, &selection.search];
    keys.into_iter().map(maybe).sum()
}
