//! `holdline apply`: commands in, outcomes out, a line each, in order.

use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use holdline::engine::Engine;
use holdline::json::{JsonError, read_command, write_outcome};
use holdline::model::{Command, Outcome};

use super::close;
use crate::args::Apply;
use crate::exit::{Exit, Failure};
use crate::input::{Lines, mistake};
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
    let result = answer_all(&engine, &from, &name);
    // What is wrong with the input matters more than a checkpoint that could not be written.
    let closed = close(engine);
    let refused = result?;
    closed?;
    Ok(if refused { Exit::Findings } else { Exit::Fine })
}

/// Whether a command was refused.
fn answer_all(engine: &Engine, from: &Receiver<Read>, name: &str) -> Result<bool, Failure> {
    let mut refused = false;
    while let Ok(first) = from.recv() {
        let mut commands = Vec::new();
        let mut stop = None;
        let mut next = Some(first);
        while let Some(read) = next {
            match read {
                Read::Line(number, line) => match read_command(&line) {
                    Ok(command) => commands.push(command),
                    Err(error) => stop = Some(malformed(name, number, &error)),
                },
                Read::Failed(failure) => stop = Some(failure),
            }
            let full = stop.is_some() || commands.len() >= GROUP;
            next = if full { None } else { from.try_recv().ok() };
        }
        refused |= answer(engine, commands)?;
        if let Some(failure) = stop {
            return Err(failure);
        }
    }
    Ok(refused)
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
    let outcomes = engine.apply_batch(commands)?;
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
