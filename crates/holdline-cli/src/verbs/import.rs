//! `holdline import`: a store of the lines that `export` wrote.

use std::path::Path;

use holdline::json::read_history;
use holdline::{ImportError, Options};
use serde_json::json;

use super::export::{HEAD, end};
use crate::args::Import;
use crate::exit::{Exit, Failure};
use crate::input::{Lines, mistake};
use crate::layout::{count, counted};
use crate::progress::Progress;
use crate::screen;
use crate::stop::Stop;

/// Makes the store.
pub fn import(args: &Import) -> Result<Exit, Failure> {
    let mut lines = Lines::with_notes(&args.file)?;
    let name = lines.name().to_owned();
    let stop = Stop::listen()?;
    let mut import =
        holdline::Import::begin(&args.data, Options::default()).map_err(|error| failed(&error))?;
    let unfinished = |failure: Failure| failure.help(unfinished_help(&args.data));
    let (mut commands, mut is_whole, mut last) = (0_u64, false, Vec::new());
    let mut progress = Progress::start();
    while let Some((number, line)) = lines.next().map_err(unfinished)? {
        is_whole |= number == 1 && line == HEAD.as_bytes();
        let read = read_history(&line);
        let read = read.map_err(|error| Failure::input(mistake(&name, number, &error)));
        if let Some(command) = read.map_err(unfinished)? {
            commands += 1;
            import.apply(command).map_err(|error| {
                let failure = match &error {
                    ImportError::NotKept { .. } => {
                        Failure::input(format_args!("{name}:{number}: {error}"))
                    }
                    other => failed(other),
                };
                unfinished(failure)
            })?;
            progress.at(|| format!("{} commands", count(commands)));
        }
        last = line;
        if stop.is_asked() {
            drop(progress);
            let (commands, _) = import.finish().map_err(|error| failed(&error))?;
            let commands = counted(commands, "command is", "commands are");
            let how = unfinished_help(&args.data);
            return Ok(stop.told(format_args!("{commands} in; {how}")));
        }
    }
    if is_whole && last != end(commands).as_bytes() {
        let message = format!("{name}: expected the last line to be `{}`", end(commands));
        return Err(unfinished(Failure::input(message)));
    }
    let (sequence, digest) = import.finish().map_err(|error| failed(&error))?;
    drop(progress);
    if args.shape.is_json() {
        screen::print_json(&json!({ "commands": sequence, "digest": digest.to_string() }))?;
    } else {
        let commands = counted(sequence, "command", "commands");
        screen::print(&format!("{commands}, digest {digest}\n"))?;
    }
    Ok(Exit::Fine)
}

fn unfinished_help(dir: &Path) -> String {
    format!("`{}` holds what came before; remove it before you try again", dir.display())
}

fn failed(error: &ImportError) -> Failure {
    let failure = Failure::store(error);
    match error {
        ImportError::Open(error) => failure.help(error.help()),
        ImportError::NotNew { .. } => failure.help("name a directory that is new or empty"),
        _ => failure,
    }
}
