//! The arguments of the verbs that write rules files.

use std::path::PathBuf;

use clap::Args;

use super::Output;

/// `holdline fmt`
#[derive(Debug, Args)]
#[command(after_help = "\
There is one layout: docs/formatting.md shows it. Each file is replaced as a whole, and only after
it was seen that the new text says the same with the same comments. A file with something that
cannot be read is left alone. Exit code 1 if `--check` finds a file that is not formatted, 2 if one
cannot be formatted, 3 if one cannot be opened.

Examples:
  holdline fmt rules/
  holdline fmt --check rules/
  holdline fmt --stdin < my.rules")]
pub struct Fmt {
    /// Rules files, or directories with such
    #[arg(value_name = "PATH", required_unless_present = "stdin", conflicts_with = "stdin")]
    pub paths: Vec<PathBuf>,
    /// Change nothing; show what would be changed
    #[arg(long)]
    pub check: bool,
    /// Format the standard input, to the standard output
    #[arg(long)]
    pub stdin: bool,
    #[command(flatten)]
    pub output: Output,
}

/// `holdline new`
#[derive(Debug, Args)]
#[command(after_help = "\
The policy has a few rules, each with a word on what it is for, and tests that show what they do.

Examples:
  holdline new
  holdline new team/our.rules")]
pub struct New {
    /// The file
    #[arg(value_name = "FILE", default_value = "policy.rules")]
    pub file: PathBuf,
    /// Replace the file if it is there
    #[arg(long)]
    pub force: bool,
    #[command(flatten)]
    pub output: Output,
}
