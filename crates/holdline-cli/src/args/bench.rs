//! The arguments of the benchmark.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::Durability;

/// What `interval` stands for where no time is named.
const INTERVAL_MS: u64 = 50;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Workload {
    /// Events of all kinds are recorded.
    #[value(name = "W1")]
    Ingest,
    /// People are enrolled, and their whole timelines placed.
    #[value(name = "W2")]
    Enrol,
    /// Sends are claimed, looked at and reported, and the next steps planned.
    #[value(name = "W3")]
    Send,
    /// Companies of all sizes are paused.
    #[value(name = "W4")]
    Pause,
    /// The store is opened after a close.
    #[value(name = "W5")]
    Open,
    /// Events and sends at once, while checkpoints are written.
    #[value(name = "W6")]
    Together,
}

impl Workload {
    /// All of them, in their order.
    pub const ALL: [Self; 6] =
        [Self::Ingest, Self::Enrol, Self::Send, Self::Pause, Self::Open, Self::Together];
}

fn durability(text: &str) -> Result<Durability, String> {
    if text == "interval" {
        return Ok(Durability::IntervalMs(INTERVAL_MS));
    }
    super::durability(text)
}

/// `holdline bench`
#[derive(Debug, Args)]
#[command(after_help = "\
  W1  record events of all kinds        W4  pause a company of 10, of 1,000 and of all
  W2  enrol, placing whole timelines    W5  close, and open to the first claim
  W3  claim, confirm, report, replan    W6  W1 and W3 at once at half of W1's rate

W4 pauses everybody's company beside 100,000 events a second, too, and tells what that does to the
events' commits. Beside W1 runs a ceiling program that only looks up, tells duplicates, appends and
syncs. Everything lies in a directory of its own below `--data`, on the disk that is measured, and
goes at the end. Each result is checked; a wrong one ends the run with exit code 1. A target that is
missed does not.
The same seed and number of prospects give the same digests. The manual is docs/performance.md.

Examples:
  holdline bench
  holdline bench --prospects 1000000 --seconds 10 --data /mnt/disk
  holdline bench --only W1,W3 --rules my.rules --json
  holdline bench --only W1 --plot latency.svg")]
pub struct Bench {
    /// How many people there are, each enrolled in a campaign of 5 steps
    #[arg(long, value_name = "N", default_value_t = 100_000,
          value_parser = clap::value_parser!(u32).range(20..=50_000_000))]
    pub prospects: u32,
    /// How long each timed workload (the ceiling, W1, W3, W6, and W4 four times that) goes on at
    /// least; with 0 each ends with what its digest covers
    #[arg(long, value_name = "S", default_value_t = 5,
          value_parser = clap::value_parser!(u32).range(0..=3600))]
    pub seconds: u32,
    /// What a loss of power may take back: `full` nothing, `interval` or `20ms` what was answered
    /// in that time, `none` anything
    #[arg(long, value_name = "LEVEL", default_value = "full", value_parser = durability)]
    pub durability: Durability,
    /// What the events and the people they are about are drawn from
    #[arg(long, value_name = "N", default_value_t = holdline_workloads::SEED)]
    pub seed: u64,
    /// The rules that the events meet [default: the shipped ones]
    #[arg(long, value_name = "FILE")]
    pub rules: Option<PathBuf>,
    /// Only these workloads, such as `W1,W3`; W4, W6 and the picture need W1's rate, and run it,
    /// too
    #[arg(long, value_name = "LIST", value_delimiter = ',', ignore_case = true)]
    pub only: Vec<Workload>,
    /// Where the directory of the run is made: on the disk that is to be measured
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub data: PathBuf,
    /// Draw how long commits take against the load that is offered, and write it as SVG
    #[arg(long, value_name = "FILE.svg")]
    pub plot: Option<PathBuf>,
    /// One JSON object a workload, each on a line
    #[arg(long)]
    pub json: bool,
    /// Open this store, and say how long that took: what the run starts for itself
    #[arg(long, value_name = "DIR", hide = true)]
    pub opens: Option<PathBuf>,
}

impl Bench {
    /// Whether a workload is to be run, for itself or because another needs it.
    pub fn runs(&self, workload: Workload) -> bool {
        let named = |it| self.only.is_empty() || self.only.contains(&it);
        let its_rate = self.plot.is_some() || named(Workload::Together) || named(Workload::Pause);
        named(workload) || workload == Workload::Ingest && its_rate
    }
}
