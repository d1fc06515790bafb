//! `holdline apply`: commands in, outcomes out, a line each, in order.

use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;

use holdline::engine::{Engine, EngineError};
use holdline::json::{JsonError, read_command, write_outcome};
use holdline::model::{Command, Outcome};

use super::close;
use crate::args::Apply;
use crate::exit::{Exit, Failure};
use crate::input::{Lines, mistake};
use crate::layout::counted;
use crate::stop::{self, Stop};
use crate::{open, screen};

/// The most commands that are made durable together.
const GROUP: usize = 1000;

/// What the reader found.
enum Read {
    Line(u64, Vec<u8>),
    Failed(Failure),
}

/// Applies what comes in until it ends.
pub fn apply(args: &Apply) -> Result<Exit, Failure> {
    let lines = Lines::open(&args.commands)?;
    let name = lines.name().to_owned();
    let stop = Stop::listen()?;
    let engine = open::open(&args.data, args.durability)?;
    // A reader of its own, so that what is there goes into one group and nothing waits for more.
    let (to, from) = sync_channel(2 * GROUP);
    thread::spawn(move || {
        let mut lines = lines;
        loop {
            let read = match lines.next() {
                Ok(Some((number, line))) => Read::Line(number, line),
                Ok(None) => return,
                Err(failure) => Read::Failed(failure),
            };
            if to.send(read).is_err() {
                return;
            }
        }
    });
    let mut done = Done::default();
    let result = answer_all(&engine, &from, (&name, &stop), &mut done);
    // What is left to be planned anew is left to those who go on.
    let asked = stop.is_asked() && result.is_ok() && !done.all;
    // What is wrong with the input matters more than a checkpoint that could not be written.
    let closed = if asked { engine.close().map_err(Failure::from) } else { close(engine) };
    result?;
    closed?;
    if asked {
        let Done { commands, line, .. } = done;
        let commands = counted(commands, "command is", "commands are");
        return Ok(stop.told(format_args!(
            "{commands} applied and answered, up to line {line} of {name}; go on with the lines \
             after it"
        )));
    }
    Ok(if done.refused { Exit::Findings } else { Exit::Fine })
}

/// What was applied and answered so far.
#[derive(Debug, Default)]
struct Done {
    commands: u64,
    /// The last line of them.
    line: u64,
    /// Whether a command was refused.
    refused: bool,
    /// Whether the input has ended.
    all: bool,
}

fn answer_all(
    engine: &Engine,
    from: &Receiver<Read>,
    (name, asked): (&str, &Stop),
    done: &mut Done,
) -> Result<(), Failure> {
    while !asked.is_asked() {
        let first = match from.recv_timeout(stop::STEP) {
            Ok(first) => first,
            Err(RecvTimeoutError::Timeout) => continue,
            Err(RecvTimeoutError::Disconnected) => {
                done.all = true;
                break;
            }
        };
        let mut last = done.line;
        let mut commands = Vec::new();
        let mut stop = None;
        let mut next = Some(first);
        while let Some(read) = next {
            match read {
                Read::Line(number, line) => match read_command(&line) {
                    Ok(command) => {
                        commands.push(command);
                        last = number;
                    }
                    Err(error) => stop = Some(malformed(name, number, &error)),
                },
                Read::Failed(failure) => stop = Some(failure),
            }
            let full = stop.is_some() || commands.len() >= GROUP;
            next = if full { None } else { from.try_recv().ok() };
        }
        done.commands += commands.len() as u64;
        done.refused |= answer(engine, commands)?;
        done.line = last;
        if let Some(failure) = stop {
            return Err(failure);
        }
    }
    Ok(())
}

fn malformed(name: &str, number: u64, error: &JsonError) -> Failure {
    Failure::input(mistake(name, number, error))
        .help("the lines before it were applied; docs/commands.md has every command")
}

/// Applies a group and answers it. Whether one was refused.
fn answer(engine: &Engine, commands: Vec<Command>) -> Result<bool, Failure> {
    if commands.is_empty() {
        return Ok(false);
    }
    let ids: Vec<Option<String>> = commands.iter().map(|it| it.id.clone()).collect();
    let outcomes = match engine.apply_batch(commands.clone()) {
        // Of a group with one that finds no room, nothing was applied: what is taken on a full disk
        // goes up to that one.
        Err(EngineError::Full) if commands.len() > 1 => {
            let mut refused = false;
            for command in commands {
                refused |= answer(engine, vec![command])?;
            }
            return Ok(refused);
        }
        other => other?,
    };
    let mut text = String::new();
    for (id, outcome) in ids.iter().zip(&outcomes) {
        text.push_str(&with_id(write_outcome(outcome), id.as_deref()));
        text.push('\n');
    }
    screen::print(&text)?;
    Ok(outcomes.iter().any(|outcome| matches!(outcome, Outcome::Refused(_))))
}

/// The outcome with the id of its command as its last field.
fn with_id(mut outcome: String, id: Option<&str>) -> String {
    if let Some(id) = id
        && outcome.ends_with('}')
    {
        outcome.pop();
        outcome.push_str(",\"id\":");
        outcome.push_str(&serde_json::Value::from(id).to_string());
        outcome.push('}');
    }
    outcome
}
