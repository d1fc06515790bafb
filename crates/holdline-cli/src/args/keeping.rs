//! The arguments of the verbs that keep a store safe and small.

use std::path::PathBuf;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use super::history::Shape;
use super::{Data, Order, Output};

/// `holdline forget`
#[derive(Debug, Args)]
#[command(after_help = "\
Its key, address, zone, tags and fields go, and with them what the journal, the bases and the
checkpoints have of it. A number stays, its place in campaigns, and what went out. Nothing is ever
sent to it again. If a stop was on it, salted hashes of its key and addresses are kept, so that it
is stopped when it comes back. `verify --absent TEXT` proves that a text is nowhere.

Examples:
  holdline forget ann@acme.example --reason 'asked for it in writing'
  holdline verify --absent ann@acme.example")]
pub struct Forget {
    /// The prospect's key
    #[arg(value_name = "PROSPECT")]
    pub prospect: String,
    #[command(flatten)]
    pub order: Order,
    #[command(flatten)]
    pub data: Data,
    #[command(flatten)]
    pub output: Output,
}

/// `holdline backup`
#[derive(Debug, Args)]
#[command(after_help = "\
A backup is the state as of the last command, in one file that is checked when it is read. With
`--history` it has the journal up to there, too. Into a directory that has an earlier backup of the
same data it adds a file, and what it lacks of the journal; remove older files of `base/` there when
you need them no more. A process that has the directory open takes a backup with `Engine::backup`.

Examples:
  holdline backup /mnt/backups/holdline
  holdline backup /mnt/backups/holdline --history --json")]
pub struct Backup {
    /// Where the backup goes: new, empty, or with an earlier backup
    #[arg(value_name = "TO")]
    pub to: PathBuf,
    /// The data directory
    #[arg(long, value_name = "DIR", default_value = "./holdline-data")]
    pub data: PathBuf,
    /// Copy the journal, too; where an earlier backup did, this one does in any case
    #[arg(long)]
    pub history: bool,
    #[command(flatten)]
    pub shape: Shape,
}

/// `holdline restore`
#[derive(Debug, Args)]
#[command(after_help = "\
The newest file of the backup counts; it is read whole before a data directory comes of it. What
went out after the backup was taken is not known to it. So whatever was due by the restore waits as
`outcome-unknown`, and is not sent again: give it the deliveries since the backup, then order with
`holdline resend` what did not go out.

Examples:
  holdline restore /mnt/backups/holdline ./holdline-data
  holdline restore /mnt/backups/holdline ./holdline-data --until '2026-04-01 09:30'")]
pub struct Restore {
    /// The backup
    #[arg(value_name = "FROM")]
    pub from: PathBuf,
    /// The data directory to be made; new or empty
    #[arg(value_name = "TO")]
    pub to: PathBuf,
    /// When the last message may have gone out, in UTC if it names no zone [default: now]
    #[arg(long, value_name = "INSTANT")]
    pub until: Option<String>,
    #[command(flatten)]
    pub shape: Shape,
}

/// A data directory that is looked through whole.
#[derive(Debug, Args)]
pub struct LookedThrough {
    /// The data directory
    #[arg(long, value_name = "DIR", default_value = "./holdline-data")]
    pub data: PathBuf,
    /// Where the checkpoints are copied to [default: the system's directory for temporary files]
    #[arg(long, value_name = "DIR")]
    pub scratch: Option<PathBuf>,
    #[command(flatten)]
    pub shape: Shape,
}

/// `holdline verify`
#[derive(Debug, Args)]
#[command(after_help = "\
Every checksum of the journal, the bases and the checkpoints; every reference from one record to
another; and the state that the journal gives, compared with what was kept. The directory must not
be in use, and stays as it is. The database of checkpoints is copied for this, and the copy removed.

Ends with 4 if anything is wrong, and names all of it.

With `--absent`, every byte of every file in the directory is looked through, and all that is
compressed in them, for a text: where it is found is named. Backups are not looked at.

Examples:
  holdline verify
  holdline verify --absent ann@acme.example
  holdline verify --scratch /mnt/large --json")]
pub struct Verify {
    /// A text that must be nowhere, whatever the case of its letters; may be given more than once
    #[arg(long, value_name = "TEXT", value_parser = NonEmptyStringValueParser::new())]
    pub absent: Vec<String>,
    #[command(flatten)]
    pub looked: LookedThrough,
}

/// `holdline repair`
#[derive(Debug, Args)]
#[command(after_help = "\
Checkpoints and bases that do not hold get another name, and checkpoints are made anew of a base and
the journal. Nothing is deleted. Where something would be lost it says what, and changes nothing.

Examples:
  holdline repair --data ./holdline-data")]
pub struct Repair {
    #[command(flatten)]
    pub looked: LookedThrough,
}

/// `holdline compact`
#[derive(Debug, Args)]
#[command(after_help = "\
Writes a base and the checkpoints anew, compresses closed segments of the journal, and lets go of
those that neither a base nor history needs. The directory must not be in use.

Examples:
  holdline compact
  holdline compact --history-days 30")]
pub struct Compact {
    /// The data directory
    #[arg(long, value_name = "DIR", default_value = "./holdline-data")]
    pub data: PathBuf,
    /// How many days segments stay that nothing needs any more
    #[arg(long, value_name = "DAYS", default_value_t = 90)]
    pub history_days: u32,
    #[command(flatten)]
    pub shape: Shape,
}
