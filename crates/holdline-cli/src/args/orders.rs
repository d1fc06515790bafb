//! The arguments of what a person orders: what it is about, who orders it, why and when.

use clap::Args;

use super::{Data, Filters, Output};

/// Who gives a command, why and when.
#[derive(Debug, Args)]
pub struct Order {
    /// Who gives the command [default: $USER]
    #[arg(long, value_name = "PERSON")]
    pub by: Option<String>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// The command's instant [default: the engine's time, so that data of virtual time stays in it]
    #[arg(long, value_name = "INSTANT")]
    pub at: Option<String>,
}

/// What a pause or a resume is about.
#[derive(Debug, Args)]
pub struct Target {
    #[command(flatten)]
    pub filters: Filters,
    /// All that this sender sends
    #[arg(long, value_name = "KEY",
          conflicts_with_all = ["campaign", "status", "step", "company", "prospect", "search"])]
    pub sender: Option<String>,
    /// Everything in the workspace
    #[arg(long, conflicts_with_all =
          ["campaign", "status", "step", "company", "prospect", "search", "sender"])]
    pub everything: bool,
}

/// `holdline pause`
#[derive(Debug, Args)]
#[command(after_help = "\
A campaign, a company, a prospect, a sender or everything is paused as such: with those who join it
later. With a status, a step or a search, the enrollments that match now are paused.

Examples:
  holdline pause --prospect ann@acme.example --reason 'asked us to wait'
  holdline pause --campaign spring --until 2026-04-01
  holdline pause --status in-progress --step 2
  holdline pause --everything --by tom")]
pub struct Pause {
    #[command(flatten)]
    pub target: Target,
    /// When it ends by itself
    #[arg(long, value_name = "INSTANT")]
    pub until: Option<String>,
    #[command(flatten)]
    pub order: Order,
    #[command(flatten)]
    pub data: Data,
    #[command(flatten)]
    pub output: Output,
}

/// `holdline resume`
#[derive(Debug, Args)]
#[command(after_help = "\
Pauses on exactly what is named are lifted. Wider ones stay, as do stops, and are named.

Examples:
  holdline resume --prospect ann@acme.example
  holdline resume --status paused --campaign spring --reschedule 2026-04-01
  holdline resume --everything")]
pub struct Resume {
    #[command(flatten)]
    pub target: Target,
    /// With a status, a step or a search: lift the pauses on the prospects themselves, too
    #[arg(long)]
    pub with_prospects: bool,
    /// Place the timelines anew, from this instant on
    #[arg(long, value_name = "INSTANT")]
    pub reschedule: Option<String>,
    #[command(flatten)]
    pub order: Order,
    #[command(flatten)]
    pub data: Data,
    #[command(flatten)]
    pub output: Output,
}

/// `holdline reschedule`
#[derive(Debug, Args)]
#[command(after_help = "\
The next send of each goes to the first slot at or after the date. What is held stays held, unless
`--resume` lifts the pauses on the selected enrollments. A step that was added to a campaign is on
nobody's schedule until this.

Examples:
  holdline reschedule --campaign spring --from 2026-04-01
  holdline reschedule --status paused --from '2026-04-01 09:00' --resume")]
pub struct Reschedule {
    #[command(flatten)]
    pub filters: Filters,
    /// Everything in the workspace
    #[arg(long, conflicts_with_all =
          ["campaign", "status", "step", "company", "prospect", "search"])]
    pub everything: bool,
    /// The first instant that may be used
    #[arg(long, value_name = "INSTANT")]
    pub from: String,
    /// Lift the pauses on the selected enrollments, too
    #[arg(long)]
    pub resume: bool,
    #[command(flatten)]
    pub order: Order,
    #[command(flatten)]
    pub data: Data,
    #[command(flatten)]
    pub output: Output,
}

/// `holdline resend`
#[derive(Debug, Args)]
#[command(after_help = "\
A send whose outcome is unknown is never sent again by itself. This orders it: all of the selected
go out again, now or when nothing holds them. Everything else that is selected stays as it is.

Examples:
  holdline resend --prospect ann@acme.example --reason 'it is not in the mailbox'
  holdline resend --status outcome-unknown --campaign spring")]
pub struct Resend {
    #[command(flatten)]
    pub filters: Filters,
    /// Everything in the workspace
    #[arg(long, conflicts_with_all =
          ["campaign", "status", "step", "company", "prospect", "search"])]
    pub everything: bool,
    #[command(flatten)]
    pub order: Order,
    #[command(flatten)]
    pub data: Data,
    #[command(flatten)]
    pub output: Output,
}
