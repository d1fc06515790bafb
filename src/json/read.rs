//! A line becomes a command.

use chrono::Weekday;

use super::error::{JsonError, JsonErrorKind};
use super::fields::{Fields, Path};
use super::nearest::did_you_mean;
use super::planning::{
    read_added_steps, read_enrolled_elsewhere, read_holidays, read_pace, read_placement,
    read_ranges,
};
use super::scalar::{duration, flag, instant, list, number, string, strings, text};
use super::target::{read_selection, read_target};
use super::tree::{self, Node, shortened};
use super::words;
use crate::model::{
    Action, Campaign, Command, Company, Delay, Event, HoldId, HoldKind, Hours, Instant,
    PolicyBundle, PolicyFile, Prospect, Report, Sender, Settings, Step, StepTiming, Subject, Token,
    Value, Weekdays,
};

/// What `do` may be.
const VERBS: [&str; 23] = [
    "configure",
    "put-policy",
    "put-company",
    "put-prospect",
    "put-sender",
    "put-campaign",
    "add-step",
    "enroll",
    "record",
    "retract",
    "pause",
    "stop",
    "resume",
    "lift",
    "reschedule",
    "claim",
    "confirm",
    "sent",
    "failed",
    "unknown",
    "resend",
    "advance",
    "forget",
];

/// The names of all commands.
pub(super) fn verbs() -> impl Iterator<Item = &'static str> {
    VERBS.into_iter()
}

/// Reads one line: a JSON object that is one command.
///
/// # Errors
///
/// The line is too long, not UTF-8 or not JSON; or it is not a command, and the error names the
/// field, what was expected and what was found.
pub fn read_command(line: &[u8]) -> Result<Command, JsonError> {
    let mut fields = Fields::new(tree::parse(line)?, Path::Line, "a command")?;
    let found = fields.required("do", text)?;
    let Some(verb) = verbs().find(|name| *name == found) else {
        return Err(unknown_command(&found));
    };
    fields.is(verb);
    let at = fields.required("at", instant)?;
    let command = Command {
        workspace: fields.optional("workspace", string)?,
        at,
        id: fields.optional("id", string)?,
        by: fields.optional("by", string)?,
        action: read_action(verb, at, &mut fields)?,
    };
    fields.done()?;
    Ok(command)
}

fn unknown_command(found: &str) -> JsonError {
    let message = format!("`do`: unknown command `{}`", shortened(found));
    let help = if found == "open" {
        "the engine writes it itself when the store is opened".to_owned()
    } else if let Some(help) = did_you_mean(found, verbs()) {
        help
    } else {
        format!("commands: {}", verbs().collect::<Vec<_>>().join(", "))
    };
    JsonError::new(JsonErrorKind::UnknownCommand, message).field("do".into()).help(help)
}

type Take<'f, 'a, 'p> = &'f mut Fields<'a, 'p>;

fn read_action(verb: &str, at: Instant, fields: Take<'_, '_, '_>) -> Result<Action, JsonError> {
    Ok(match verb {
        "configure" => Action::Configure(Settings {
            zone: fields.optional("zone", string)?,
            holidays: fields.optional("holidays", read_holidays)?,
            closed: fields.optional("closed", read_ranges)?,
        }),
        "put-policy" => Action::PutPolicy(PolicyBundle {
            files: fields.required("files", |path, node| list(path, node, "a list", read_file))?,
        }),
        "put-company" => Action::PutCompany(read_company(fields)?),
        "put-prospect" => Action::PutProspect(read_prospect(fields)?),
        "put-sender" => Action::PutSender(read_sender(fields)?),
        "put-campaign" => Action::PutCampaign(read_campaign(fields)?),
        "add-step" => Action::AddStep {
            campaign: fields.required("campaign", string)?,
            step: fields.required("step", read_step)?,
        },
        "enroll" => Action::Enroll {
            campaign: fields.required("campaign", string)?,
            prospect: fields.required("prospect", string)?,
        },
        "record" => Action::Record(fields.required("event", read_event)?),
        "retract" => Action::Retract {
            source: fields.optional("source", string)?.unwrap_or_default(),
            event: fields.required("event", string)?,
            reason: fields.optional("reason", string)?,
        },
        "pause" | "stop" | "resume" | "lift" | "reschedule" => read_hold_action(verb, fields)?,
        "claim" => Action::Claim {
            limit: fields.required("limit", number_u32)?,
            lease_ms: fields.required("lease", duration_u64)?,
        },
        "confirm" => Action::Confirm { token: fields.required("token", read_token)? },
        "sent" | "failed" | "unknown" => Action::Report {
            token: fields.required("token", read_token)?,
            report: read_report(verb, at, fields)?,
        },
        "resend" if fields.has("selection") => Action::ResendSelected {
            selection: fields.required("selection", read_selection)?,
            reason: fields.optional("reason", string)?,
        },
        "resend" => Action::Resend {
            token: fields.required("token", read_token)?,
            reason: fields.optional("reason", string)?,
        },
        "forget" => Action::Forget {
            prospect: fields.required("prospect", string)?,
            reason: fields.optional("reason", string)?,
        },
        _ => Action::Advance,
    })
}

fn read_hold_action(verb: &str, fields: Take<'_, '_, '_>) -> Result<Action, JsonError> {
    Ok(match verb {
        "stop" => {
            if fields.has("until") {
                let why = format_args!("a stop has no end, found `until`");
                return Err(fields.conflict(why).help("use `pause`".to_owned()));
            }
            Action::Hold {
                kind: HoldKind::Stop,
                target: read_target(fields)?,
                until: None,
                reason: fields.optional("reason", string)?,
            }
        }
        "resume" => Action::Resume {
            target: read_target(fields)?,
            prospects: fields.optional("with-prospects", flag)?.unwrap_or_default(),
            reschedule: fields.optional("reschedule", instant)?,
            reason: fields.optional("reason", string)?,
        },
        "lift" => Action::Lift {
            hold: HoldId(fields.required("hold", number_u32)?),
            reason: fields.optional("reason", string)?,
        },
        "reschedule" => Action::Reschedule {
            selection: fields.required("selection", read_selection)?,
            from: fields.required("from", instant)?,
            resume: fields.optional("resume", flag)?.unwrap_or_default(),
            reason: fields.optional("reason", string)?,
        },
        _ => Action::Hold {
            kind: HoldKind::Pause,
            target: read_target(fields)?,
            until: fields.optional("until", instant)?,
            reason: fields.optional("reason", string)?,
        },
    })
}

fn read_report(verb: &str, at: Instant, fields: Take<'_, '_, '_>) -> Result<Report, JsonError> {
    Ok(match verb {
        "sent" => Report::Sent { at: fields.optional("sent-at", instant)?.unwrap_or(at) },
        "failed" => fields.required("failure", |path, node| match &node {
            Node::Text(text) if text == "temporary" => Ok(Report::FailedTemporarily),
            Node::Text(text) if text == "permanent" => Ok(Report::FailedPermanently),
            _ => Err(path.ill_typed("`temporary` or `permanent`", &node)),
        })?,
        _ => Report::Unknown,
    })
}

fn read_file(path: &Path<'_>, node: Node<'_>) -> Result<PolicyFile, JsonError> {
    let mut fields = Fields::new(node, *path, "a policy's file")?;
    let file = PolicyFile {
        name: fields.required("name", string)?,
        text: fields.required("text", string)?,
    };
    fields.done()?;
    Ok(file)
}

fn read_company(fields: Take<'_, '_, '_>) -> Result<Company, JsonError> {
    Ok(Company {
        key: fields.required("key", string)?,
        name: fields.optional("name", string)?,
        domains: fields.optional("domains", strings)?.unwrap_or_default(),
        stage: fields.optional("stage", string)?,
        tags: fields.optional("tags", strings)?,
    })
}

fn read_prospect(fields: Take<'_, '_, '_>) -> Result<Prospect, JsonError> {
    Ok(Prospect {
        key: fields.required("key", string)?,
        address: fields.optional("address", string)?,
        company: fields.optional("company", string)?,
        zone: fields.optional("zone", string)?,
        tags: fields.optional("tags", strings)?,
        fields: fields.optional("fields", read_texts)?,
    })
}

/// An object whose fields are all text, in their order.
fn read_texts(path: &Path<'_>, node: Node<'_>) -> Result<Vec<(String, String)>, JsonError> {
    let (path, rest) = Fields::new(node, *path, "the fields of a prospect")?.rest();
    rest.map(|(name, node)| {
        let value = string(&Path::Field(&path, &name), node)?;
        Ok((name.into_owned(), value))
    })
    .collect()
}

fn read_sender(fields: Take<'_, '_, '_>) -> Result<Sender, JsonError> {
    Ok(Sender {
        key: fields.required("key", string)?,
        zone: fields.optional("zone", string)?,
        limit_per_day: fields.optional("limit-per-day", number_u32)?,
        gap_ms: fields.optional("gap", duration_u64)?,
        frozen: fields.optional("frozen", read_ranges)?,
    })
}

fn read_campaign(fields: Take<'_, '_, '_>) -> Result<Campaign, JsonError> {
    Ok(Campaign {
        key: fields.required("key", string)?,
        steps: fields
            .optional("steps", |path, node| list(path, node, "a list of steps", read_step))?
            .unwrap_or_default(),
        senders: fields.optional("senders", strings)?.unwrap_or_default(),
        zone: fields.optional("zone", string)?,
        tags: fields.optional("tags", strings)?,
        placement: fields.optional("placement", read_placement)?,
        enrolled_elsewhere: fields.optional("enrolled-elsewhere", read_enrolled_elsewhere)?,
        added_steps: fields.optional("added-steps", read_added_steps)?,
        max_lateness_ms: fields.optional("max-lateness", duration_u64)?,
        company_pace: fields.optional("company-pace", read_pace)?,
    })
}

fn read_step(path: &Path<'_>, node: Node<'_>) -> Result<Step, JsonError> {
    let mut fields = Fields::new(node, *path, "a step")?;
    let step = Step {
        name: fields.required("name", string)?,
        timing: StepTiming {
            delay: fields.optional("delay", read_delay)?.unwrap_or_default(),
            weekdays: fields.optional("days", read_days)?.unwrap_or_default(),
            hours: fields.optional("hours", read_hours)?.unwrap_or_default(),
            jitter_ms: fields.optional("jitter", duration_u32)?.unwrap_or_default(),
        },
    };
    fields.done()?;
    Ok(step)
}

fn read_delay(path: &Path<'_>, node: Node<'_>) -> Result<Delay, JsonError> {
    const EXPECTED: &str = "a delay such as `36h`, `3d`, `3 calendar days` or `3 business days`";
    const HELP: &str = "`3d` is 72 hours; `3 calendar days` is the same time of day, three days on";
    match &node {
        Node::Text(text) => words::read_delay(text),
        _ => None,
    }
    .ok_or_else(|| path.ill_typed(EXPECTED, &node).help(HELP.to_owned()))
}

fn read_days(path: &Path<'_>, node: Node<'_>) -> Result<Weekdays, JsonError> {
    const EXPECTED: &str = "weekdays such as `mon-fri`, `tue` or `[\"mon\",\"thu\"]`";
    let days = match node {
        Node::Text(text) => {
            let days = words::read_days(&text);
            return days.ok_or_else(|| path.ill_typed(EXPECTED, &Node::Text(text)));
        }
        Node::List(_) => list(path, node, EXPECTED, read_day)?,
        other => return Err(path.ill_typed(EXPECTED, &other)),
    };
    Weekdays::new(days).ok_or_else(|| {
        path.wrong(
            JsonErrorKind::IllTyped,
            format_args!("expected at least one weekday, found an empty list"),
        )
    })
}

fn read_day(path: &Path<'_>, node: Node<'_>) -> Result<Weekday, JsonError> {
    match &node {
        Node::Text(text) => words::read_day(text),
        _ => None,
    }
    .ok_or_else(|| path.ill_typed("a weekday from `mon` to `sun`", &node))
}

fn read_hours(path: &Path<'_>, node: Node<'_>) -> Result<Hours, JsonError> {
    const EXPECTED: &str = "hours such as `09:00-17:00`, which begin and end at different times";
    match &node {
        Node::Text(text) => words::read_hours(text),
        _ => None,
    }
    .ok_or_else(|| path.ill_typed(EXPECTED, &node))
}

fn read_token(path: &Path<'_>, node: Node<'_>) -> Result<Token, JsonError> {
    match &node {
        Node::Text(text) => text.parse().ok(),
        _ => None,
    }
    .ok_or_else(|| path.ill_typed("a token such as `1-52-0`", &node))
}

fn read_event(path: &Path<'_>, node: Node<'_>) -> Result<Event, JsonError> {
    let mut fields = Fields::new(node, *path, "an event")?;
    let kind = fields.required("type", string)?;
    let id = fields.required("id", string)?;
    let source = fields.optional("source", string)?.unwrap_or_default();
    let at = fields.optional("at", instant)?;
    let subject = Subject {
        prospect: fields.optional("prospect", string)?,
        campaign: fields.optional("campaign", string)?,
        company: fields.optional("company", string)?,
        sender: fields.optional("sender", string)?,
        workspace: fields.optional("workspace", flag)?.unwrap_or_default(),
    };
    let (path, rest) = fields.rest();
    let attributes = rest
        .map(|(name, node)| {
            let value = read_value(&Path::Field(&path, &name), node)?;
            Ok((name.into_owned(), value))
        })
        .collect::<Result<_, JsonError>>()?;
    Ok(Event { kind, id, source, at, subject, attributes })
}

fn read_value(path: &Path<'_>, node: Node<'_>) -> Result<Value, JsonError> {
    const EXPECTED: &str = "text, a whole number, true or false, or a list of text";
    match node {
        Node::Text(text) => Ok(Value::Text(text.into_owned())),
        Node::Int(number) => Ok(Value::Number(number)),
        Node::Bool(flag) => Ok(Value::Bool(flag)),
        Node::List(_) => strings(path, node).map(Value::List),
        Node::Big(_) => Err(path.wrong(
            JsonErrorKind::OutOfRange,
            format_args!(
                "expected a whole number from {} to {}, found {}",
                i64::MIN,
                i64::MAX,
                node.found()
            ),
        )),
        other => Err(path.ill_typed(EXPECTED, &other)),
    }
}

pub(super) fn number_u32(path: &Path<'_>, node: Node<'_>) -> Result<u32, JsonError> {
    number(path, node, u64::from(u32::MAX)).map(|number| u32::try_from(number).unwrap_or(u32::MAX))
}

fn duration_u32(path: &Path<'_>, node: Node<'_>) -> Result<u32, JsonError> {
    duration(path, node, u64::from(u32::MAX)).map(|ms| u32::try_from(ms).unwrap_or(u32::MAX))
}

fn duration_u64(path: &Path<'_>, node: Node<'_>) -> Result<u64, JsonError> {
    duration(path, node, u64::MAX)
}
