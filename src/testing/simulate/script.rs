//! What happened as lines that `holdline apply` takes: commands, and notes behind `#`.

use crate::json::write_command;
use crate::model::{Action, Command};

/// One line.
#[derive(Clone, Debug)]
pub(super) enum Line {
    Command(Box<Command>),
    Note(String),
}

impl Line {
    fn written(&self) -> String {
        match self {
            Self::Note(note) => format!("# {note}"),
            Self::Command(command) => match command.action {
                // What the engine writes itself is nobody's to ask for.
                Action::Tick => "# nobody asks for anything for a while".to_owned(),
                Action::Restored { until } => {
                    format!("# the store is backed up, and restored as of {until}")
                }
                _ => write_command(command),
            },
        }
    }
}

/// All of them, under what they show.
pub(super) fn written(head: &str, lines: &[Line]) -> String {
    let lines = lines.iter().map(Line::written);
    let head = head.lines().map(|line| format!("# {line}"));
    head.chain(lines).fold(String::new(), |text, line| text + &line + "\n")
}
