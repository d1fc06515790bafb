//! `holdline export`: what a store was told, as lines.

use holdline::json::write_history;
use holdline::model::Action;
use holdline::{History, OpenError};

use crate::args::Export;
use crate::exit::{Exit, Failure};
use crate::{open, screen};

/// The first line of an export.
pub const HEAD: &str = "# holdline history 1";
/// So much is written at once.
const CHUNK: usize = 1 << 16;

/// The last line of an export: an import knows by it that nothing was cut off.
pub fn end(commands: u64) -> String {
    format!("# end of {commands} commands")
}

/// Why a command cannot be written.
fn not_whole(sequence: u64, action: &Action, why: &str) -> Failure {
    let failure = Failure::store(format_args!("command {sequence}: {why}"));
    match action {
        Action::Forgotten { .. } => {
            failure.help("what was forgotten is gone: copy the directory whole instead")
        }
        _ => failure,
    }
}

/// Writes the history to the standard output.
pub fn export(args: &Export) -> Result<Exit, Failure> {
    open::must_be_there(&args.data)?;
    let failed = |error: OpenError| Failure::store(&error).help(error.help());
    let history = History::open(&args.data, 1).map_err(|error| {
        let trimmed = error.is_trimmed();
        let failure = failed(error);
        if trimmed {
            return failure.help("what was trimmed is gone: copy the directory whole instead");
        }
        failure
    })?;
    let mut out = format!("{HEAD}\n");
    let mut count = 0;
    for command in history {
        let (sequence, command) = command.map_err(failed)?;
        let line =
            write_history(&command).map_err(|why| not_whole(sequence, &command.action, &why))?;
        out += &line;
        out.push('\n');
        count += 1;
        if out.len() >= CHUNK {
            screen::print(&std::mem::take(&mut out))?;
        }
    }
    screen::print(&(out + &end(count) + "\n"))?;
    Ok(Exit::Fine)
}
