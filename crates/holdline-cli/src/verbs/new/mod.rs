//! `holdline new`: a policy to begin with.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;

use serde_json::json;

use super::fmt::replace::replace;
use crate::args::{Format, New};
use crate::exit::{Exit, Failure};
use crate::screen;

/// The policy that is written.
const STARTER: &str = include_str!("starter.rules");

/// Writes the policy, and says what comes next.
pub fn new(args: &New) -> Result<Exit, Failure> {
    let name = args.file.display().to_string();
    write(&args.file, args.force).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => {
            Failure::input(format_args!("`{name}` is there already; it was left as it is"))
                .help("name another file, or replace it with `--force`")
        }
        _ => Failure::file(&name, &error),
    })?;
    let shown = if name.contains(char::is_whitespace) { format!("'{name}'") } else { name.clone() };
    let next = [
        ("see whether all of it is right", format!("holdline check {shown}")),
        ("run its tests", format!("holdline test {shown}")),
        ("run events under it", format!("holdline run EVENTS.jsonl --rules {shown}")),
    ];
    if args.output.format == Format::Json {
        let next: Vec<&String> = next.iter().map(|(_, command)| command).collect();
        screen::print_json(&json!({ "file": name, "next": next }))?;
        return Ok(Exit::Fine);
    }
    let wide = next.iter().map(|(_, command)| command.chars().count()).max().unwrap_or(0);
    let mut text = format!("wrote {name}: change it as you like\n\nwhat comes next\n");
    for (what, command) in &next {
        text.push_str(&format!("  {command:wide$}   {what}\n"));
    }
    screen::print(&text)?;
    Ok(Exit::Fine)
}

fn write(path: &Path, force: bool) -> io::Result<()> {
    let made = OpenOptions::new().write(true).create_new(true).open(path);
    match made {
        Ok(mut file) => file.write_all(STARTER.as_bytes()),
        Err(error) if force && error.kind() == io::ErrorKind::AlreadyExists => {
            replace(path, STARTER)
        }
        Err(error) => Err(error),
    }
}
