//! The arguments of the verbs about what a store was told and what it takes.

use std::path::PathBuf;

use clap::Args;

use super::Format;

/// The choice between people and programs, where one word is enough.
#[derive(Debug, Args)]
pub struct Shape {
    /// For people, or JSON for programs
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// The same as `--format json`
    #[arg(long, conflicts_with = "format")]
    pub json: bool,
}

impl Shape {
    /// Whether a program reads it.
    pub fn is_json(&self) -> bool {
        self.json || self.format == Format::Json
    }
}

/// `holdline history`
#[derive(Debug, Args)]
#[command(after_help = "\
Commands as the journal has them, the oldest first: those that were given, and those that the engine
gave itself. The directory may be in use; with `--follow` what comes is shown as it comes. A command
that is only being written is not there yet. JSON is the form of docs/commands.md, with `seq`.

A command belongs to a company that it names, or whose prospect belongs to it as far as the journal
says: by `put-prospect`, by a domain of the company, or by the domain of the address. What is said
of a send by its token names no prospect, and no campaign.

Examples:
  holdline history --prospect ann@acme.example
  holdline history --type reply --from 2026-03-01 --to 2026-03-31
  holdline history --company acme.example --json
  holdline history --follow")]
pub struct History {
    /// Only what names this prospect
    #[arg(long, value_name = "KEY")]
    pub prospect: Option<String>,
    /// Only what names this company, or a prospect of it
    #[arg(long, value_name = "KEY")]
    pub company: Option<String>,
    /// Only what names this campaign
    #[arg(long, value_name = "KEY")]
    pub campaign: Option<String>,
    /// Only commands of this name, such as `enroll`, or events of this type, such as `reply`
    #[arg(long = "type", value_name = "NAME")]
    pub kind: Option<String>,
    /// Only from this instant on; a date is one of UTC
    #[arg(long, value_name = "INSTANT")]
    pub from: Option<String>,
    /// Only before this instant; a date is one of UTC, and is included
    #[arg(long, value_name = "INSTANT")]
    pub to: Option<String>,
    /// At most so many, the oldest
    #[arg(long, value_name = "N")]
    pub limit: Option<u64>,
    /// Go on with what comes, until it is stopped or has shown `--limit`
    #[arg(long)]
    pub follow: bool,
    /// The data directory
    #[arg(long, value_name = "DIR", default_value = "./holdline-data")]
    pub data: PathBuf,
    /// Only this workspace [default: all]
    #[arg(long, value_name = "NAME")]
    pub workspace: Option<String>,
    #[command(flatten)]
    pub shape: Shape,
}

/// `holdline export`
#[derive(Debug, Args)]
#[command(after_help = "\
Each line is a command as `apply` takes it. What the engine did itself stands behind a `#`, which
`apply` and `run` pass over and `import` reads: with it, an import has the same sequence numbers,
and so the same tokens. The directory may be in use. History that was trimmed cannot be exported.

Examples:
  holdline export > commands.jsonl
  holdline export /var/lib/holdline | gzip > commands.jsonl.gz")]
pub struct Export {
    /// The data directory
    #[arg(value_name = "DIR", default_value = "./holdline-data")]
    pub data: PathBuf,
}

/// `holdline import`
#[derive(Debug, Args)]
#[command(after_help = "\
The new directory has the same digest as the one that was exported. A file without the lines that
`export` begins and ends with is taken as it is; it must only have commands that are not refused.

Examples:
  holdline import commands.jsonl --data ./copy
  zcat commands.jsonl.gz | holdline import - --data ./copy")]
pub struct Import {
    /// What `export` wrote; `-` reads the standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The data directory; there must be nothing in it
    #[arg(long, value_name = "DIR", default_value = "./holdline-data")]
    pub data: PathBuf,
    #[command(flatten)]
    pub shape: Shape,
}

/// `holdline stats`
#[derive(Debug, Args)]
#[command(after_help = "\
While another process has the directory open, only its files are looked at.

Examples:
  holdline stats
  holdline stats --data /var/lib/holdline --json")]
pub struct Stats {
    /// The data directory
    #[arg(long, value_name = "DIR", default_value = "./holdline-data")]
    pub data: PathBuf,
    #[command(flatten)]
    pub shape: Shape,
}
