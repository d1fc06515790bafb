//! The arguments: what each verb takes, and what its help says.

mod authoring;
mod bench;
mod history;
mod keeping;
mod orders;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use holdline::engine::DEFAULT_WORKSPACE;
use holdline::model::{Selection, Status};

use crate::moment;

pub use authoring::{Fmt, New};
pub use bench::{Bench, Workload};
pub use history::{Export, History, Import, Stats};
pub use keeping::{Backup, Compact, Forget, Repair, Restore, Verify};
pub use orders::{Order, Pause, Reschedule, Resend, Resume, Target};

/// When each prospect gets the next message, and when not.
#[derive(Debug, Parser)]
#[command(name = "holdline", version, max_term_width = 100, arg_required_else_help = true)]
#[command(after_help = "\
Exit codes: 0 fine, 1 findings or refusals, 2 rules that do not compile, 3 bad input,
4 trouble with the data directory.

Start here:
  holdline run examples/first-day.jsonl
  holdline explain ann@acme.example")]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// What the command can do.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Apply a stream of commands, let time pass, send, and say what happened
    Run(Run),
    /// Apply commands: JSON lines in, an outcome for each out
    Apply(Apply),
    /// List enrollments: filter by campaign, status, step, company; search
    List(List),
    /// All that happened and will happen to one prospect
    Timeline(Who),
    /// Why a prospect stands where it stands
    Explain(Who),
    /// What each sender has on each day
    Agenda(Agenda),
    /// Pause one, many or all
    Pause(Pause),
    /// Lift pauses of one, many or all, and name what still holds them
    Resume(Resume),
    /// Place the timelines of a selection anew, from a date on
    Reschedule(Reschedule),
    /// Send again, of a selection, what may or may not have left
    Resend(Resend),
    /// Remove a person's data for good
    Forget(Forget),
    /// Evaluate one event against the rules, clause by clause; nothing is kept
    Eval(Eval),
    /// Check rules files; nothing is changed
    Check(Check),
    /// Run the tests inside rules files
    Test(Test),
    /// Serve an editor on the standard streams: findings, completion, hover, going to a rule
    Lsp(Lsp),
    /// Format rules files
    Fmt(Fmt),
    /// Write a policy to begin with
    New(New),
    /// What the data directory was told, the oldest first
    History(History),
    /// Write everything that the data directory was told, as lines
    Export(Export),
    /// Make a data directory of the lines of an export
    Import(Import),
    /// What the data directory takes and holds
    Stats(Stats),
    /// Copy the data directory to where it can be restored from
    Backup(Backup),
    /// Make a data directory of a backup
    Restore(Restore),
    /// Check everything that the data directory keeps; nothing is changed
    Verify(Verify),
    /// Put damaged checkpoints and bases aside, and make them anew
    Repair(Repair),
    /// Make what the data directory takes small
    Compact(Compact),
    /// Print the digest of the state: the same for the same commands
    Digest(Digest),
    /// Measure how fast this machine and this disk are, beside what bounds them
    Bench(Bench),
    /// Print a shell's completion script
    Completions(Completions),
}

/// What the output looks like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Human,
    /// One JSON value, for programs.
    Json,
}

/// The choice between people and programs.
#[derive(Debug, Args)]
pub struct Output {
    /// For people, or JSON for programs
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// Which data.
#[derive(Debug, Args)]
pub struct Data {
    /// The data directory
    #[arg(long, value_name = "DIR", default_value = "./holdline-data")]
    pub data: PathBuf,
    /// The workspace
    #[arg(long, value_name = "NAME", default_value = DEFAULT_WORKSPACE)]
    pub workspace: String,
}

/// How soon what was acknowledged is safe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Before the answer.
    Full,
    /// Within so many milliseconds.
    IntervalMs(u64),
    /// Whenever the system likes.
    None,
}

impl std::fmt::Display for Durability {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Full => f.write_str("full"),
            Self::IntervalMs(ms) => write!(f, "{ms}ms"),
            Self::None => f.write_str("none"),
        }
    }
}

fn durability(text: &str) -> Result<Durability, String> {
    match text {
        "full" => Ok(Durability::Full),
        "none" => Ok(Durability::None),
        _ => moment::read_duration(text).map(Durability::IntervalMs).map_err(|_| {
            format!("expected `full`, `none` or an interval such as `50ms`, found `{text}`")
        }),
    }
}

/// Whose time passes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Clock {
    /// That of the commands: nothing is waited for.
    #[default]
    Virtual,
    /// That of this machine: a command is applied when its instant has come.
    Real,
}

/// How many of the companies are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drawn {
    /// Every one.
    All,
    /// The most interesting ones.
    Some(usize),
}

fn drawn(text: &str) -> Result<Drawn, String> {
    if text == "all" {
        return Ok(Drawn::All);
    }
    let number = text.parse().map(Drawn::Some);
    number.map_err(|_| format!("expected `all` or a number, found `{text}`"))
}

fn tick(text: &str) -> Result<u64, String> {
    let ms = moment::read_duration(text)?;
    if (1000..=6 * 60 * 60 * 1000).contains(&ms) {
        return Ok(ms);
    }
    Err(format!("a tick is from `1s` to `6h`, found `{text}`"))
}

/// `holdline run`
#[derive(Debug, Args)]
#[command(after_help = "\
Time passes in ticks. At each tick the commands that have come are applied, the sends taken at the
tick before get their last look, and those that may go are written to the outbox, one JSON object a
line. A run that was killed goes on where it was when it is started again, and ends in the same
state.

Examples:
  holdline run examples/two-weeks.jsonl
  holdline run events.jsonl --rules strict.rules --data /var/lib/holdline --companies all
  holdline run events.jsonl --until 2026-03-31 --format json
  zcat events.jsonl.gz | holdline run - --out sends.jsonl")]
pub struct Run {
    /// Commands, one JSON object a line; `-` reads the standard input
    #[arg(value_name = "EVENTS.jsonl")]
    pub events: PathBuf,
    /// The rules; the shipped ones if the commands bring none either
    #[arg(long, value_name = "FILE")]
    pub rules: Option<PathBuf>,
    /// The data directory; it is made if it is not there
    #[arg(long, value_name = "DIR", default_value = "./holdline-data")]
    pub data: PathBuf,
    /// Where sends go; `-` is the standard output [default: outbox.jsonl in the data directory]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Whose time passes
    #[arg(long, value_enum, default_value_t)]
    pub clock: Clock,
    /// How often sends are taken
    #[arg(long, value_name = "DURATION", default_value = "1m", value_parser = tick)]
    pub tick: u64,
    /// When the run ends, by its own clock; a date is one of UTC [default: after the last command]
    #[arg(long, value_name = "INSTANT")]
    pub until: Option<String>,
    /// What a loss of power may take back: `full` nothing that was sent or said, `50ms`
    /// what was said in that time, `none` anything
    #[arg(long, value_name = "LEVEL", default_value = "full", value_parser = durability)]
    pub durability: Durability,
    /// How many companies are drawn: a number of the most interesting ones, or `all`
    #[arg(long, value_name = "N", default_value = "4", value_parser = drawn)]
    pub companies: Drawn,
    /// End with exit code 1 if a command was refused
    #[arg(long)]
    pub strict: bool,
    #[command(flatten)]
    pub output: Output,
}

/// `holdline apply`
#[derive(Debug, Args)]
#[command(after_help = "\
Each line is one command; the manual is docs/commands.md. Each answer is one line, in order, and
carries the command's `id` if it has one. A refusal is an answer, and the exit code is 1 then. A
line that is not a command ends it: what came before is applied and answered.

Examples:
  echo '{\"do\":\"advance\",\"at\":\"2026-03-02T09:00:00Z\"}' | holdline apply
  holdline apply --data ./holdline-data commands.jsonl")]
pub struct Apply {
    /// Commands, one JSON object a line; `-` reads the standard input
    #[arg(value_name = "FILE", default_value = "-")]
    pub commands: PathBuf,
    /// The data directory; it is made if it is not there
    #[arg(long, value_name = "DIR", default_value = "./holdline-data")]
    pub data: PathBuf,
    /// What a loss of power may take back: `full` nothing that was answered, `50ms` the answers
    /// of that long, `none` any
    #[arg(long, value_name = "LEVEL", default_value = "full", value_parser = durability)]
    pub durability: Durability,
}

fn status(text: &str) -> Result<Status, String> {
    Status::named(text).ok_or_else(|| {
        let known = Status::ALL.map(Status::name).join(", ");
        format!("unknown status `{text}`; statuses: in-progress, {known}")
    })
}

/// Which enrollments: all that match every filter.
#[derive(Debug, Args)]
pub struct Filters {
    /// In this campaign
    #[arg(long, value_name = "KEY")]
    pub campaign: Option<String>,
    /// With this status: scheduled (or in-progress), paused, stopped, finished …
    #[arg(long, value_name = "STATUS", value_parser = status)]
    pub status: Option<Status>,
    /// Whose next step is this one, counted from 1
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub step: Option<u16>,
    /// Of this company
    #[arg(long, value_name = "KEY")]
    pub company: Option<String>,
    /// Of this prospect
    #[arg(long, value_name = "KEY")]
    pub prospect: Option<String>,
    /// With this text in the prospect's key or address or in the company's key
    #[arg(long, value_name = "TEXT")]
    pub search: Option<String>,
}

impl Filters {
    /// The filters as a selection.
    pub fn selection(self) -> Selection {
        Selection {
            campaign: self.campaign,
            status: self.status,
            step: self.step,
            company: self.company,
            prospect: self.prospect,
            search: self.search,
        }
    }
}

/// `holdline list`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  holdline list --status paused
  holdline list --campaign spring --step 2 --all
  holdline list --search acme --format json")]
pub struct List {
    #[command(flatten)]
    pub filters: Filters,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub limit: usize,
    /// All that match
    #[arg(long, conflicts_with = "limit")]
    pub all: bool,
    #[command(flatten)]
    pub data: Data,
    #[command(flatten)]
    pub output: Output,
}

/// `holdline timeline` and `holdline explain`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  holdline timeline ann@acme.example
  holdline explain ann@acme.example
  holdline explain ann@acme.example --format json")]
pub struct Who {
    /// The prospect's key
    #[arg(value_name = "PROSPECT")]
    pub prospect: String,
    #[command(flatten)]
    pub data: Data,
    #[command(flatten)]
    pub output: Output,
}

/// `holdline agenda`
#[derive(Debug, Args)]
#[command(after_help = "\
Days are those of each sender's own zone. A number is what went out and is planned for that day;
the bar beside it shows how full the day is; what is planned but held is told apart.

Examples:
  holdline agenda --from 2026-03-02 --days 10
  holdline agenda --from 2026-03-02 --to 2026-03-31 --format json")]
pub struct Agenda {
    /// The first day [default: the day of the engine's time]
    #[arg(long, value_name = "DATE", value_parser = moment::read_date)]
    pub from: Option<chrono::NaiveDate>,
    /// The last day
    #[arg(long, value_name = "DATE", value_parser = moment::read_date, conflicts_with = "days")]
    pub to: Option<chrono::NaiveDate>,
    /// How many days
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=3660))]
    pub days: Option<u32>,
    /// Read only what it takes of the newest checkpoint: the next send of each timeline, held or
    /// not, as of that checkpoint
    #[arg(long)]
    pub cold: bool,
    #[command(flatten)]
    pub data: Data,
    #[command(flatten)]
    pub output: Output,
}

/// `holdline eval`
#[derive(Debug, Args)]
#[command(after_help = "\
Whatever the event names and nobody made is made up: a prospect of its address's company, a campaign
of one step. `--given` applies commands before, as `apply` does. With `--data`, the event meets the
data, and the policy in force there.

Examples:
  holdline eval '{\"type\":\"reply\",\"prospect\":\"ann@acme.io\",\"kind\":\"human\"}'
  holdline eval event.json --rules my.rules --given people.jsonl
  holdline eval event.json --data ./holdline-data --format json")]
pub struct Eval {
    /// The event as JSON, or a file that holds it; `-` reads the standard input
    #[arg(value_name = "EVENT")]
    pub event: String,
    /// The rules; the shipped ones if none are named
    #[arg(long, value_name = "FILE", conflicts_with = "data")]
    pub rules: Option<PathBuf>,
    /// Commands that are applied before, one JSON object a line
    #[arg(long, value_name = "FILE.jsonl", conflicts_with = "data")]
    pub given: Option<PathBuf>,
    /// A data directory that the event meets
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// The workspace
    #[arg(long, value_name = "NAME", default_value = DEFAULT_WORKSPACE)]
    pub workspace: String,
    #[command(flatten)]
    pub output: Output,
}

/// `holdline check`
#[derive(Debug, Args)]
#[command(after_help = "\
Each finding has a stable code with a page in docs/diagnostics. Tests in the file run, too, once its
rules compile. Exit code 0 if nothing was found, 1 if there are warnings or a test fails, 2 if the
rules do not compile.

Examples:
  holdline check rules/default.rules
  holdline check *.rules --format json")]
pub struct Check {
    /// Rules files
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    #[command(flatten)]
    pub output: Output,
}

/// `holdline test`
#[derive(Debug, Args)]
#[command(after_help = "\
Tests stand inside rules files and run on the real engine, in a time of their own: docs/testing.md
tells how to write them. Coverage counts, for each rule, that it fired, that each `except` prevented
it, both sides of each threshold, and each override. Exit code 1 if a test fails or the coverage of
a file is below the threshold, 2 if a file does not compile.

Examples:
  holdline test
  holdline test rules/ --coverage --threshold 100
  holdline test rules/default.rules --filter reply --junit results.xml")]
pub struct Test {
    /// Rules files, or directories with such; includes are tested with what includes them
    #[arg(value_name = "PATH", default_value = ".")]
    pub paths: Vec<PathBuf>,
    /// Say how much of the rules the tests show, and what is missing
    #[arg(long)]
    pub coverage: bool,
    /// The least coverage of each file, in percent
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=100))]
    pub threshold: Option<u32>,
    /// Only tests with this in their name
    #[arg(long, value_name = "TEXT")]
    pub filter: Option<String>,
    /// Write the results as JUnit XML, too
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    #[command(flatten)]
    pub output: Output,
}

/// `holdline lsp`
#[derive(Debug, Args)]
#[command(after_help = "\
An editor starts it and talks to it in the language server protocol; docs/editors.md shows how to
set up VS Code, Neovim and Helix. Exit code 0 after `shutdown` and `exit`, 1 without `shutdown`.

Example:
  holdline lsp")]
pub struct Lsp {
    /// What editors pass to say how they talk; the standard streams are the only way
    #[arg(long, hide = true)]
    pub stdio: bool,
}

/// `holdline digest`
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  holdline digest --data ./holdline-data")]
pub struct Digest {
    /// The data directory
    #[arg(long, value_name = "DIR", default_value = "./holdline-data")]
    pub data: PathBuf,
    #[command(flatten)]
    pub output: Output,
}

/// `holdline completions`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  holdline completions bash > ~/.local/share/bash-completion/completions/holdline
  holdline completions zsh > ~/.zfunc/_holdline")]
pub struct Completions {
    /// The shell
    pub shell: Shell,
}
