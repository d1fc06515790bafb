//! `holdline apply`: commands in, outcomes out, a line each, in order.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
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

/// The most that the reader hands over at once.
const CHUNK: usize = GROUP / 4;

/// A line that is a command.
struct Asked {
    number: u64,
    line: Vec<u8>,
    command: Command,
}

/// What the reader found without having to wait.
#[derive(Default)]
struct Chunk {
    asked: Vec<Asked>,
    /// What came after it. Nothing is read behind that.
    failed: Option<Failure>,
}

/// Applies what comes in until it ends.
pub fn apply(args: &Apply) -> Result<Exit, Failure> {
    let lines = Lines::open(&args.commands)?;
    let name = lines.name().to_owned();
    let stop = Stop::listen()?;
    let engine = open::open(&args.data, args.durability)?;
    // A reader of its own, so that what is there goes into one group and nothing waits for more.
    let (to, from) = sync_channel(2 * GROUP / CHUNK);
    thread::spawn(move || read_all(lines, &to));
    let mut done = Done::default();
    let result = answer_all(&engine, &from, &stop, &mut done);
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

/// Reads what is there, while what was read before is applied.
fn read_all(mut lines: Lines, to: &SyncSender<Chunk>) {
    loop {
        let (mut chunk, mut ended) = (Chunk::default(), false);
        while chunk.asked.is_empty() || chunk.asked.len() < CHUNK && lines.has_next() {
            match lines.next() {
                Ok(Some((number, line))) => match read_command(&line) {
                    Ok(command) => chunk.asked.push(Asked { number, line, command }),
                    Err(error) => {
                        chunk.failed = Some(malformed(lines.name(), number, &error));
                    }
                },
                Ok(None) => ended = true,
                Err(failure) => chunk.failed = Some(failure),
            }
            ended |= chunk.failed.is_some();
            if ended {
                break;
            }
        }
        if to.send(chunk).is_err() || ended {
            return;
        }
    }
}

fn answer_all(
    engine: &Engine,
    from: &Receiver<Chunk>,
    asked: &Stop,
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
        let mut group = Vec::new();
        let mut stop = None;
        let mut next = Some(first);
        while let Some(chunk) = next {
            group.extend(chunk.asked);
            stop = chunk.failed;
            let full = stop.is_some() || group.len() + CHUNK > GROUP;
            next = if full { None } else { from.try_recv().ok() };
        }
        let (commands, last) = (group.len() as u64, group.last().map(|it| it.number));
        done.commands += commands;
        done.refused |= answer(engine, group)?;
        done.line = last.unwrap_or(done.line);
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
fn answer(engine: &Engine, group: Vec<Asked>) -> Result<bool, Failure> {
    if group.is_empty() {
        return Ok(false);
    }
    let ids: Vec<Option<String>> = group.iter().map(|it| it.command.id.clone()).collect();
    let (lines, commands): (Vec<_>, Vec<_>) =
        group.into_iter().map(|it| ((it.number, it.line), it.command)).unzip();
    let outcomes = match engine.apply_batch(commands) {
        // Of a group with one that finds no room, nothing was applied: what is taken on a full disk
        // goes up to that one. The commands are gone, and are read again.
        Err(EngineError::Full) if lines.len() > 1 => {
            let mut refused = false;
            for (number, line) in lines {
                if let Ok(command) = read_command(&line) {
                    refused |= answer(engine, vec![Asked { number, line, command }])?;
                }
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
    screen::print_lines(&text)?;
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
