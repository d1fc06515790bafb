//! A history as lines: what hosts gave, as they give it, and what the engine did itself as notes
//! behind a `#`, which whoever applies the lines passes over.

use super::error::{JsonError, JsonErrorKind};
use super::fields::{Fields, Path};
use super::read::{number_u32, read_command};
use super::scalar::{instant, string, text};
use super::tree;
use super::write::write_command;
use crate::model::{Action, Command, Value};

/// What a line begins with that is no command to be applied.
const NOTE: u8 = b'#';

/// The line of a journaled command, without its end.
///
/// A policy is written as it was given, without what its windows count of the past: that is found
/// again where the lines are made a store of.
///
/// # Errors
/// A sentence, if the line would not be read back as this command: an attribute has the name of one
/// of an event's own fields, or the line is longer than any that is read.
pub fn write_history(command: &Command) -> Result<String, String> {
    let mut plain = command.clone();
    match &mut plain.action {
        Action::Publish { policy, .. } => plain.action = Action::PutPolicy(policy.clone()),
        Action::Erase { prospect, reason, .. } => {
            let (prospect, reason) = (prospect.clone(), reason.clone());
            plain.action = Action::Forget { prospect, reason };
        }
        Action::Forgotten { .. } => {
            return Err("it was about a person who was forgotten".to_owned());
        }
        Action::Record(event) => {
            // JSON has no instants: such an attribute is text from then on, and is read as one.
            for (_, value) in &mut event.attributes {
                match value {
                    Value::Instant(at) => *value = Value::Text(at.to_string()),
                    Value::Date(date) => *value = Value::Text(date.to_string()),
                    _ => {}
                }
            }
        }
        _ => {}
    }
    let own = matches!(plain.action, Action::Open { .. } | Action::Tick | Action::Restored { .. });
    let line = if own { "# " } else { "" }.to_owned() + &write_command(&plain);
    match read_history(line.as_bytes()) {
        Ok(Some(read)) if read == plain => Ok(line),
        Ok(_) => Err("its line would be read as another command".to_owned()),
        Err(error) => Err(format!("its line would not be read: {error}")),
    }
}

/// Reads a line of a history: a command of a host, or one of the engine's own behind a `#`. None
/// for any other text behind a `#`.
///
/// # Errors
/// As [`read_command`].
pub fn read_history(line: &[u8]) -> Result<Option<Command>, JsonError> {
    let trimmed = line.trim_ascii_start();
    let Some((&NOTE, note)) = trimmed.split_first() else {
        return read_command(line).map(Some);
    };
    let note = note.trim_ascii_start();
    if !note.starts_with(b"{") {
        return Ok(None);
    }
    let mut fields = Fields::new(tree::parse(note)?, Path::Line, "a command")?;
    let found = fields.required("do", text)?;
    let verb = match &*found {
        "open" => "open",
        "tick" => "tick",
        "restored" => "restored",
        _ => {
            let message = "`do`: expected `open`, `restored` or `tick` behind a `#`".to_owned();
            return Err(JsonError::new(JsonErrorKind::UnknownCommand, message).field("do".into()));
        }
    };
    fields.is(verb);
    let command = Command {
        workspace: fields.optional("workspace", string)?,
        at: fields.required("at", instant)?,
        id: None,
        by: None,
        action: match verb {
            "tick" => Action::Tick,
            "restored" => Action::Restored { until: fields.required("until", instant)? },
            _ => Action::Open {
                incarnation: fields.required("incarnation", number_u32)?,
                tz_version: fields.required("tz-version", string)?,
                suffix_version: fields.required("suffix-version", string)?,
                holidays_version: fields.required("holidays-version", string)?,
            },
        },
    };
    fields.done()?;
    Ok(Some(command))
}
