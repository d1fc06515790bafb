//! The way to the terminal: colours where they belong, the width, and output that may be cut off.

use std::fmt::Display;
use std::io::{IsTerminal, Write};

use anstyle::{AnsiColor, Style};

use crate::exit::{Failure, Told};

/// The width where nobody says one: of pipes and files.
const DEFAULT_WIDTH: usize = 120;
/// Less than this cannot hold a table.
const LEAST_WIDTH: usize = 60;

/// Something not to be overlooked.
pub const STRONG: Style = Style::new().bold();
/// Something for those who look for it.
pub const FAINT: Style = Style::new().dimmed();
/// Went out, passed.
pub const GOOD: Style = AnsiColor::Green.on_default();
/// Held, for now.
pub const HELD: Style = AnsiColor::Yellow.on_default();
/// Stopped, failed.
pub const BAD: Style = AnsiColor::Red.on_default();
/// Planned.
pub const PLANNED: Style = AnsiColor::Cyan.on_default();

/// A text in a style. Where there is no terminal, the codes are taken out again on the way.
pub fn styled(style: Style, text: impl Display) -> String {
    format!("{style}{text}{style:#}")
}

/// Writes to the standard output.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut out = anstream::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

/// Writes lines of JSON to the standard output. They have no colours: nothing is looked through.
pub fn print_lines(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

/// Writes a line of JSON to the standard output.
pub fn print_json(value: &impl serde::Serialize) -> Result<(), Failure> {
    let mut text = serde_json::to_string(value)
        .map_err(|error| Failure::input(format_args!("the answer cannot be written: {error}")))?;
    text.push('\n');
    print(&text)
}

/// Writes to the standard error output. There is nobody to tell if that fails.
pub fn tell(text: impl Display) {
    let mut out = anstream::stderr().lock();
    let _nobody_to_tell = writeln!(out, "{text}").is_ok();
}

/// Tells a failure, and what to do.
pub fn tell_failure(told: &Told) {
    tell(format_args!("{} {}", styled(BAD, "error:"), told.message));
    if let Some(help) = &told.help {
        tell(format_args!("  {} {help}", styled(STRONG, "help:")));
    }
}

/// Whether a person looks at the error output.
pub fn is_watched() -> bool {
    std::io::stderr().is_terminal()
}

/// How many columns there are.
pub fn width() -> usize {
    let asked = std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
    let seen = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    asked.or_else(seen).unwrap_or(DEFAULT_WIDTH).max(LEAST_WIDTH)
}
