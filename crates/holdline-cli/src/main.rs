//! The holdline command: it reads its arguments, runs one verb, and ends with its exit code.

mod about;
mod args;
mod exit;
mod input;
mod junit;
mod layout;
mod moment;
mod open;
mod picture;
mod progress;
mod rows;
mod rules;
mod screen;
mod sink;
mod stop;
mod summary;
mod verbs;
mod worker;

use std::process::ExitCode;

use clap::Parser;

use crate::args::Cli;
use crate::exit::{Exit, Failure};
use crate::screen::tell_failure;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    match verbs::run(cli.verb) {
        Ok(exit) => exit.into(),
        Err(Failure::ReaderGone) => Exit::Fine.into(),
        Err(Failure::Told(told)) => {
            tell_failure(&told);
            told.exit.into()
        }
    }
}

/// Help that was asked for, or arguments that cannot be understood.
fn usage(error: &clap::Error) -> ExitCode {
    // Whoever asked has gone away if this fails.
    let _shown = error.print().is_ok();
    let asked = !error.use_stderr();
    if asked { Exit::Fine.into() } else { Exit::BadInput.into() }
}
