//! Runs all stores in turns, and prints one table.

mod rounds;
mod stop;
mod table;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Parser};
use holdline_peers::stores::{
    Failure, Fsync, Ground, Holdline, Level, Plan, Postgres, Queue, Queues, Redis, Size, Sled,
    Sqlite, Store, Workload,
};

/// Holdline beside databases and job queues.
#[derive(Debug, Parser)]
#[command(name = "holdline-peers", version, about)]
pub enum Cli {
    /// Measures Holdline, SQLite, PostgreSQL, Redis, sled and job queues on the same workloads, and
    /// prints one table. Servers are found or installed, started, and ended.
    Bench(Arguments),
}

/// What is measured, and how often.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Rounds, in each of which everything is measured once.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// People, each enrolled in one campaign.
    #[arg(long, default_value_t = 200_000, value_parser = clap::value_parser!(u32).range(1..))]
    prospects: u32,
    /// Events of W1.
    #[arg(long, default_value_t = 1_000_000)]
    events: usize,
    /// Sends of W3; at most one for each person, and by default so many.
    #[arg(long)]
    sends: Option<u32>,
    /// What the events follow from.
    #[arg(long, default_value_t = holdline_workloads::SEED)]
    seed: u64,
    /// Measures only these workloads, and only stores whose name has one of these in it: `W1`,
    /// `redis`. Holdline is always measured.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
}

impl Arguments {
    fn size(&self) -> Size {
        let sends = self.sends.unwrap_or(self.prospects).min(self.prospects);
        Size { people: self.prospects, events: self.events, sends, seed: self.seed }
    }

    /// The workloads that are asked for: all, if none is named.
    fn workloads(&self) -> Vec<Workload> {
        let named =
            |it: &Workload| self.only.iter().any(|only| only.eq_ignore_ascii_case(it.name()));
        let some: Vec<Workload> = Workload::ALL.into_iter().filter(named).collect();
        if some.is_empty() { Workload::ALL.into() } else { some }
    }

    /// Whether a store is asked for: all are, if none is named.
    fn wants(&self, store: &str) -> bool {
        let is_workload =
            |only: &&String| Workload::ALL.iter().any(|it| only.eq_ignore_ascii_case(it.name()));
        let mut names = self.only.iter().filter(|only| !is_workload(only)).peekable();
        let store = store.to_lowercase();
        store.starts_with("holdline")
            || names.peek().is_none()
            || names.any(|name| store.contains(&name.to_lowercase()))
    }
}

/// Everything that is compared, Holdline first.
fn stores() -> Vec<Box<dyn Store>> {
    let mut all: Vec<Box<dyn Store>> = vec![
        Box::new(Holdline { level: Level::Full }),
        Box::new(Holdline { level: Level::EverySecond }),
        Box::new(Sqlite),
        Box::new(Postgres::default()),
        Box::new(Redis::new(Fsync::Always)),
        Box::new(Redis::new(Fsync::EverySecond)),
        Box::new(Sled),
    ];
    for queue in Queue::ALL {
        all.push(Box::new(Queues::new(queue)));
    }
    all
}

/// Measures, and prints.
pub fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let stop = stop::listen()?;
    let ground = Ground { dir: folder()?, stop: Arc::clone(&stop) };
    let _only_one = rounds::Lock::take(&ground.dir)?;
    let plan = Plan::new(arguments.size());
    let mut stores = stores();
    stores.retain(|store| arguments.wants(&store.name()));
    let rows = rounds::prepared(stores, &ground)?;
    let workloads = arguments.workloads();
    table::head(arguments.runs, &plan);
    let measured = rounds::measured(rows, &workloads, arguments.runs, &plan, &ground);
    let (table, failed) = table::rendered(&measured, &workloads);
    println!("{table}");
    if stop.load(std::sync::atomic::Ordering::Relaxed) {
        eprintln!("stopped: the table has what was measured until then");
        return Ok(ExitCode::from(130));
    }
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// A folder of ours beside what cargo builds: on the disk that is measured.
fn folder() -> Result<PathBuf, Failure> {
    let program = std::env::current_exe()?;
    let target = program.parent().and_then(std::path::Path::parent).ok_or("no target directory")?;
    let folder = target.join("peers");
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Arguments {
        let Cli::Bench(arguments) = Cli::parse_from(line.split(' '));
        arguments
    }

    #[test]
    fn only_picks_workloads_and_stores_and_keeps_holdline() {
        let some = parsed("holdline-peers bench --only w1,Redis,sqlite");
        assert_eq!(some.workloads(), [Workload::Ingest]);
        let wanted =
            ["Holdline 0.1.0", "Redis", "SQLite 3.50", "PostgreSQL"].map(|it| some.wants(it));
        assert_eq!(wanted, [true, true, true, false]);
        let all = parsed("holdline-peers bench --only W3");
        assert_eq!(all.workloads(), [Workload::Send]);
        assert!(all.wants("PostgreSQL"));
        assert_eq!(parsed("holdline-peers bench").workloads(), Workload::ALL);
    }

    #[test]
    fn nobody_is_sent_to_twice_in_one_workload() {
        let size = parsed("holdline-peers bench --prospects 100 --sends 500").size();
        assert_eq!((size.people, size.sends), (100, 100));
    }
}
