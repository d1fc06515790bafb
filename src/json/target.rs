//! What a pause, stop or resume is about, and the selections of enrollments: read and written.
//!
//! The keys that are there say which target it is, as they do in an event: a prospect, a prospect
//! in a campaign, a company, a company in a campaign, a campaign, a sender, a selection, or
//! everything.

use serde_json::{Map, Value as Json};

use super::error::{JsonError, JsonErrorKind};
use super::fields::{Fields, Path};
use super::nearest::did_you_mean;
use super::scalar::{number, string};
use super::tree::Node;
use crate::model::{HoldTarget, Selection, Status};

const FORMS: &str = "say `prospect`, `prospect` and `campaign`, `company`, `company` and \
                     `campaign`, `campaign`, `sender`, `selection`, or `\"everything\": true`";

pub(super) fn read_target(fields: &mut Fields<'_, '_>) -> Result<HoldTarget, JsonError> {
    let prospect = fields.optional("prospect", string)?;
    let company = fields.optional("company", string)?;
    let campaign = fields.optional("campaign", string)?;
    let sender = fields.optional("sender", string)?;
    let selection = fields.optional("selection", read_selection)?;
    let everything = fields.optional("everything", |path, node| match node {
        Node::Bool(true) => Ok(()),
        other => Err(path.ill_typed("`true`", &other)),
    })?;
    match (prospect, company, campaign, sender, selection, everything) {
        (Some(prospect), None, None, None, None, None) => Ok(HoldTarget::Prospect(prospect)),
        (Some(prospect), None, Some(campaign), None, None, None) => {
            Ok(HoldTarget::Enrollment { campaign, prospect })
        }
        (None, Some(company), None, None, None, None) => Ok(HoldTarget::Company(company)),
        (None, Some(company), Some(campaign), None, None, None) => {
            Ok(HoldTarget::CompanyInCampaign { company, campaign })
        }
        (None, None, Some(campaign), None, None, None) => Ok(HoldTarget::Campaign(campaign)),
        (None, None, None, Some(sender), None, None) => Ok(HoldTarget::Sender(sender)),
        (None, None, None, None, Some(selection), None) => Ok(HoldTarget::Selection(selection)),
        (None, None, None, None, None, Some(())) => Ok(HoldTarget::Workspace),
        (None, None, None, None, None, None) => Err(fields.no_target()),
        _ => Err(fields
            .conflict(format_args!("expected one target, found more"))
            .help(FORMS.to_owned())),
    }
}

impl Fields<'_, '_> {
    /// Nothing says what the command is about; perhaps because a field's name is mistyped.
    fn no_target(&self) -> JsonError {
        const NAMES: [&str; 6] =
            ["prospect", "company", "campaign", "sender", "selection", "everything"];
        let help = self
            .left()
            .find_map(|name| did_you_mean(name, NAMES))
            .unwrap_or_else(|| FORMS.to_owned());
        let message = "expected a target, found none".to_owned();
        JsonError::new(JsonErrorKind::MissingField, message).help(help)
    }
}

pub(super) fn write_target(target: &HoldTarget, to: &mut Map<String, Json>) {
    let mut put = |name: &str, key: &str| to.insert(name.into(), key.into());
    match target {
        HoldTarget::Enrollment { campaign, prospect } => {
            put("campaign", campaign);
            put("prospect", prospect);
        }
        HoldTarget::Prospect(key) => {
            put("prospect", key);
        }
        HoldTarget::CompanyInCampaign { company, campaign } => {
            put("company", company);
            put("campaign", campaign);
        }
        HoldTarget::Company(key) => {
            put("company", key);
        }
        HoldTarget::Sender(key) => {
            put("sender", key);
        }
        HoldTarget::Campaign(key) => {
            put("campaign", key);
        }
        HoldTarget::Workspace => {
            to.insert("everything".into(), true.into());
        }
        HoldTarget::Selection(selection) => {
            to.insert("selection".into(), write_selection(selection));
        }
    }
}

pub(super) fn read_selection(path: &Path<'_>, node: Node<'_>) -> Result<Selection, JsonError> {
    let mut fields = Fields::new(node, *path, "a selection")?;
    let selection = Selection {
        campaign: fields.optional("campaign", string)?,
        status: fields.optional("status", read_status)?,
        step: fields.optional("step", read_step_number)?,
        company: fields.optional("company", string)?,
        prospect: fields.optional("prospect", string)?,
        search: fields.optional("search", string)?,
    };
    fields.done()?;
    Ok(selection)
}

fn read_step_number(path: &Path<'_>, node: Node<'_>) -> Result<u16, JsonError> {
    let found = number(path, node, u64::from(u16::MAX))?;
    match u16::try_from(found) {
        Ok(step) if step > 0 => Ok(step),
        _ => Err(path.wrong(
            JsonErrorKind::OutOfRange,
            format_args!("expected a step counted from 1, found `{found}`"),
        )),
    }
}

fn read_status(path: &Path<'_>, node: Node<'_>) -> Result<Status, JsonError> {
    let text = match &node {
        Node::Text(text) => text,
        other => return Err(path.ill_typed("a status", other)),
    };
    Status::named(text).ok_or_else(|| {
        let names = Status::ALL.map(Status::name);
        let help =
            did_you_mean(text, names).unwrap_or_else(|| format!("statuses: {}", names.join(", ")));
        path.ill_typed("a status", &node).help(help)
    })
}

pub(super) fn write_selection(selection: &Selection) -> Json {
    let mut to = Map::new();
    let mut text = |name: &str, value: Option<&str>| {
        if let Some(value) = value {
            to.insert(name.into(), value.into());
        }
    };
    text("campaign", selection.campaign.as_deref());
    text("status", selection.status.map(Status::name));
    text("company", selection.company.as_deref());
    text("prospect", selection.prospect.as_deref());
    text("search", selection.search.as_deref());
    if let Some(step) = selection.step {
        to.insert("step".into(), step.into());
    }
    Json::Object(to)
}
