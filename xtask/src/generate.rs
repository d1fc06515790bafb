//! `generate`: two believable weeks of commands and events, the same for the same seed.

mod cast;
mod clock;
mod random;
mod reactions;
mod scenes;
mod story;

use std::path::PathBuf;

use crate::Failure;

const USAGE: &str = "usage: cargo xtask generate [--seed 42] [--out examples/two-weeks.jsonl]";

/// The seed of the committed example.
const SEED: u64 = 42;
/// Where it is, below the root of the repository.
const OUT: &str = "examples/two-weeks.jsonl";

/// Writes the example, or another like it.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let (seed, out) = parse(arguments)?;
    let text = generate(seed);
    std::fs::write(&out, &text).map_err(|error| {
        Failure::Failed(format!("`{}` cannot be written: {error}", out.display()))
    })?;
    let lines = text.lines().count();
    eprintln!("{lines} lines, {} bytes: {}", text.len(), out.display());
    Ok(())
}

fn parse(arguments: &[String]) -> Result<(u64, PathBuf), Failure> {
    let (mut seed, mut out) = (SEED, PathBuf::from(OUT));
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let value = || Failure::Usage(format!("`{word}` needs a value\n{USAGE}"));
        match word.as_str() {
            "--seed" => {
                let text = words.next().ok_or_else(value)?;
                seed = text.parse().map_err(|_| {
                    let why = format!("`--seed`: expected a whole number, found `{text}`");
                    Failure::Usage(format!("{why}\n{USAGE}"))
                })?;
            }
            "--out" => out = words.next().ok_or_else(value)?.into(),
            other => {
                let why = format!("`generate` has no argument `{other}`");
                return Err(Failure::Usage(format!("{why}\n{USAGE}")));
            }
        }
    }
    Ok((seed, out))
}

/// The lines of two weeks.
fn generate(seed: u64) -> String {
    let mut text = story::tell(seed).join("\n");
    text.push('\n');
    text
}

#[cfg(test)]
mod tests;
