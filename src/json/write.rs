//! A command becomes a line.

use serde_json::{Map, Value as Json};

use super::planning::{added_steps, enrolled_elsewhere, placement, write_ranges};
use super::target::{write_selection, write_target};
use super::words;
use crate::model::{
    Action, Campaign, Command, Company, Event, HoldKind, Hours, Instant, PolicyBundle, Prospect,
    Report, Sender, Settings, Step, Value, Weekdays,
};

/// The command as one line of JSON, without its line end.
///
/// What [`super::read_command`] makes of the line is the command again, but for four things: an
/// event's attribute that is an instant or a date is written, and so read, as text; an attribute
/// cannot bear the name of one of the event's own fields; days are read if they are of the years
/// 1970 to 9999 and their last is not before their first; and what the engine alone writes is not
/// read, or as what it was made of.
#[must_use]
pub fn write_command(command: &Command) -> String {
    let mut to = Line(Map::new());
    to.put("do", command_name(&command.action));
    to.instant("at", command.at);
    to.maybe("id", command.id.as_deref());
    to.maybe("by", command.by.as_deref());
    to.maybe("workspace", command.workspace.as_deref());
    write_action(&command.action, &mut to);
    Json::Object(to.0).to_string()
}

/// The fields of an object that is being written.
struct Line(Map<String, Json>);

impl Line {
    fn put(&mut self, name: &str, value: impl Into<Json>) {
        self.0.insert(name.into(), value.into());
    }

    fn maybe(&mut self, name: &str, value: Option<impl Into<Json>>) {
        if let Some(value) = value {
            self.put(name, value);
        }
    }

    fn instant(&mut self, name: &str, at: Instant) {
        self.put(name, at.to_string());
    }

    fn flag(&mut self, name: &str, flag: bool) {
        self.maybe(name, flag.then_some(true));
    }
}

/// What a command is called in its JSON form: its `do`.
#[must_use]
pub const fn command_name(action: &Action) -> &'static str {
    match action {
        Action::Open { .. } => "open",
        Action::Configure(_) => "configure",
        Action::PutPolicy(_) => "put-policy",
        Action::Publish { .. } => "publish",
        Action::PutCompany(_) => "put-company",
        Action::PutProspect(_) => "put-prospect",
        Action::PutSender(_) => "put-sender",
        Action::PutCampaign(_) => "put-campaign",
        Action::AddStep { .. } => "add-step",
        Action::Enroll { .. } => "enroll",
        Action::Record(_) => "record",
        Action::Retract { .. } => "retract",
        Action::Hold { kind, .. } => match kind {
            HoldKind::Pause => "pause",
            HoldKind::Stop => "stop",
        },
        Action::Resume { .. } => "resume",
        Action::Lift { .. } => "lift",
        Action::Reschedule { .. } => "reschedule",
        Action::Claim { .. } => "claim",
        Action::Confirm { .. } => "confirm",
        Action::Report { report, .. } => match report {
            Report::Sent { .. } => "sent",
            Report::FailedTemporarily | Report::FailedPermanently => "failed",
            Report::Unknown => "unknown",
        },
        Action::Resend { .. } | Action::ResendSelected { .. } => "resend",
        Action::Advance => "advance",
        Action::Tick => "tick",
        Action::Restored { .. } => "restored",
        Action::Forget { .. } | Action::Erase { .. } => "forget",
        Action::Forgotten { .. } => "forgotten",
    }
}

fn write_action(action: &Action, to: &mut Line) {
    match action {
        Action::Open { incarnation, tz_version, suffix_version, holidays_version } => {
            to.put("incarnation", *incarnation);
            to.put("tz-version", tz_version.as_str());
            to.put("suffix-version", suffix_version.as_str());
            to.put("holidays-version", holidays_version.as_str());
        }
        Action::Configure(settings) => write_settings(settings, to),
        Action::PutPolicy(bundle) => to.put("files", files(bundle)),
        Action::Publish { policy, past } => {
            to.put("files", files(policy));
            to.put("past-events", past.len());
        }
        Action::PutCompany(company) => write_company(company, to),
        Action::PutProspect(prospect) => write_prospect(prospect, to),
        Action::PutSender(sender) => write_sender(sender, to),
        Action::PutCampaign(campaign) => write_campaign(campaign, to),
        Action::AddStep { campaign, step } => {
            to.put("campaign", campaign.as_str());
            to.put("step", step_object(step));
        }
        Action::Enroll { campaign, prospect } => {
            to.put("campaign", campaign.as_str());
            to.put("prospect", prospect.as_str());
        }
        Action::Record(event) => to.put("event", event_object(event)),
        Action::Retract { source, event, reason } => {
            to.maybe("source", not_empty(source));
            to.put("event", event.as_str());
            to.maybe("reason", reason.as_deref());
        }
        Action::Advance => {}
        Action::Restored { until } => to.instant("until", *until),
        other => write_person_or_send(other, to),
    }
}

/// What persons do to holds and plans, and what becomes of sends.
fn write_person_or_send(action: &Action, to: &mut Line) {
    let reason = match action {
        Action::Hold { target, until, reason, .. } => {
            write_target(target, &mut to.0);
            to.maybe("until", until.map(|at| at.to_string()));
            reason
        }
        Action::Resume { target, prospects, reschedule, reason } => {
            write_target(target, &mut to.0);
            to.flag("with-prospects", *prospects);
            to.maybe("reschedule", reschedule.map(|at| at.to_string()));
            reason
        }
        Action::Lift { hold, reason } => {
            to.put("hold", hold.0);
            reason
        }
        Action::Reschedule { selection, from, resume, reason } => {
            to.put("selection", write_selection(selection));
            to.instant("from", *from);
            to.flag("resume", *resume);
            reason
        }
        Action::Claim { limit, lease_ms } => {
            to.put("limit", *limit);
            to.put("lease", words::write_duration(*lease_ms));
            &None
        }
        Action::Confirm { token } => {
            to.put("token", token.to_string());
            &None
        }
        Action::Report { token, report } => {
            to.put("token", token.to_string());
            match report {
                Report::Sent { at } => to.instant("sent-at", *at),
                Report::FailedTemporarily => to.put("failure", "temporary"),
                Report::FailedPermanently => to.put("failure", "permanent"),
                Report::Unknown => {}
            }
            &None
        }
        Action::Resend { token, reason } => {
            to.put("token", token.to_string());
            reason
        }
        Action::ResendSelected { selection, reason } => {
            to.put("selection", write_selection(selection));
            reason
        }
        Action::Forget { prospect, reason } | Action::Erase { prospect, reason, .. } => {
            to.put("prospect", prospect.as_str());
            reason
        }
        Action::Forgotten { reason } => reason,
        _ => &None,
    };
    to.maybe("reason", reason.as_deref());
}

fn files(bundle: &PolicyBundle) -> Json {
    let file = |file: &crate::model::PolicyFile| {
        let mut to = Line(Map::new());
        to.put("name", file.name.as_str());
        to.put("text", file.text.as_str());
        Json::Object(to.0)
    };
    bundle.files.iter().map(file).collect()
}

fn write_settings(settings: &Settings, to: &mut Line) {
    to.maybe("zone", settings.zone.as_deref());
    to.maybe("holidays", settings.holidays.clone());
    to.maybe("closed", settings.closed.as_deref().map(write_ranges));
}

fn write_company(company: &Company, to: &mut Line) {
    to.put("key", company.key.as_str());
    to.maybe("name", company.name.as_deref());
    to.maybe("domains", texts(&company.domains));
    to.maybe("stage", company.stage.as_deref());
    to.maybe("tags", company.tags.clone());
}

fn write_prospect(prospect: &Prospect, to: &mut Line) {
    to.put("key", prospect.key.as_str());
    to.maybe("address", prospect.address.as_deref());
    to.maybe("company", prospect.company.as_deref());
    to.maybe("zone", prospect.zone.as_deref());
    to.maybe("tags", prospect.tags.clone());
    if let Some(fields) = &prospect.fields {
        let fields = fields.iter().map(|(name, value)| (name.clone(), Json::from(value.as_str())));
        to.put("fields", Json::Object(fields.collect()));
    }
}

fn write_sender(sender: &Sender, to: &mut Line) {
    to.put("key", sender.key.as_str());
    to.maybe("zone", sender.zone.as_deref());
    to.maybe("limit-per-day", sender.limit_per_day);
    to.maybe("gap", sender.gap_ms.map(words::write_duration));
    to.maybe("frozen", sender.frozen.as_deref().map(write_ranges));
}

fn write_campaign(campaign: &Campaign, to: &mut Line) {
    to.put("key", campaign.key.as_str());
    if !campaign.steps.is_empty() {
        let steps: Json = campaign.steps.iter().map(step_object).collect();
        to.put("steps", steps);
    }
    to.maybe("senders", texts(&campaign.senders));
    to.maybe("zone", campaign.zone.as_deref());
    to.maybe("tags", campaign.tags.clone());
    to.maybe("placement", campaign.placement.map(placement));
    to.maybe("enrolled-elsewhere", campaign.enrolled_elsewhere.map(enrolled_elsewhere));
    to.maybe("added-steps", campaign.added_steps.map(added_steps));
    to.maybe("max-lateness", campaign.max_lateness_ms.map(words::write_duration));
    to.maybe("company-pace", campaign.company_pace.map(words::write_pace));
}

fn step_object(step: &Step) -> Json {
    let mut to = Line(Map::new());
    let timing = &step.timing;
    to.put("name", step.name.as_str());
    to.put("delay", words::write_delay(timing.delay));
    if timing.weekdays == Weekdays::WORKING {
        to.put("days", "mon-fri");
    } else if timing.weekdays != Weekdays::ALL {
        let days: Json = timing.weekdays.iter().map(words::day_name).collect();
        to.put("days", days);
    }
    if timing.hours != Hours::ALL {
        to.put("hours", timing.hours.to_string());
    }
    if timing.jitter_ms > 0 {
        to.put("jitter", words::write_duration(timing.jitter_ms.into()));
    }
    Json::Object(to.0)
}

fn event_object(event: &Event) -> Json {
    let mut to = Line(Map::new());
    to.put("type", event.kind.as_str());
    to.put("id", event.id.as_str());
    to.maybe("source", not_empty(&event.source));
    to.maybe("at", event.at.map(|at| at.to_string()));
    let subject = &event.subject;
    to.maybe("prospect", subject.prospect.as_deref());
    to.maybe("campaign", subject.campaign.as_deref());
    to.maybe("company", subject.company.as_deref());
    to.maybe("sender", subject.sender.as_deref());
    to.flag("workspace", subject.workspace);
    for (name, value) in &event.attributes {
        to.put(name, value_json(value));
    }
    Json::Object(to.0)
}

fn value_json(value: &Value) -> Json {
    match value {
        Value::Text(text) => text.as_str().into(),
        Value::Number(number) => (*number).into(),
        Value::Bool(flag) => (*flag).into(),
        Value::Instant(at) => at.to_string().into(),
        Value::Date(date) => date.to_string().into(),
        Value::List(items) => items.iter().map(String::as_str).collect(),
    }
}

fn texts(list: &[String]) -> Option<Vec<String>> {
    (!list.is_empty()).then(|| list.to_vec())
}

fn not_empty(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}
