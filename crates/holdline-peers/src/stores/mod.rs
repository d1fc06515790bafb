//! Holdline beside what one would take otherwise to keep timelines: databases, and job queues with
//! delayed jobs, on the same people, events and ids.
//!
//! Each is set up, called and tuned as someone would who knows it well, syncs before it answers
//! unless its row says otherwise, and has to end with the same counts as a naive model, or it is
//! not measured.

mod calls;
mod holdline;
mod plan;
mod postgres;
mod queues;
mod redis;
mod sled;
mod sqlite;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

pub use self::holdline::{Holdline, Level};
pub use self::plan::{Effect, Plan, Size, effect};
pub use self::postgres::Postgres;
pub use self::queues::{Queue, Queues};
pub use self::redis::{Fsync, Redis};
pub use self::sled::Sled;
pub use self::sqlite::Sqlite;

/// Why a store could not be prepared or measured, in its own words.
pub type Failure = Box<dyn Error + Send + Sync>;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Workload {
    /// W1: events come in, in groups of a thousand. The person is looked up, the event's id is
    /// remembered, pauses and stops are placed, the timeline is touched.
    Ingest,
    /// W2: people who are known are enrolled, in groups of a thousand: from then on there is a
    /// timeline with its next send.
    Enrol,
    /// W3: due sends are claimed, looked at once more, reported as sent, and each next step is
    /// planned: three commits for a thousand sends.
    Send,
}

impl Workload {
    /// All of them, in the order of the table.
    pub const ALL: [Self; 3] = [Self::Ingest, Self::Enrol, Self::Send];

    /// As tables and arguments call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ingest => "W1",
            Self::Enrol => "W2",
            Self::Send => "W3",
        }
    }

    /// What it is, in a few words.
    #[must_use]
    pub const fn about(self) -> &'static str {
        match self {
            Self::Ingest => "events taken in",
            Self::Enrol => "people enrolled",
            Self::Send => "claim, confirm, sent, next step planned",
        }
    }
}

/// What was counted at the end of a run, by name.
pub type Counts = BTreeMap<&'static str, u64>;

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Measured {
    /// How many events, enrolments or sends.
    pub count: u64,
    /// From the first call to the last answer.
    pub took: Duration,
    /// What is there afterwards.
    pub counts: Counts,
}

/// Where servers and data are, and whether to go on.
#[derive(Clone, Debug)]
pub struct Ground {
    /// A directory on the disk that is measured. Each run has one of its own below it.
    pub dir: PathBuf,
    /// Raised when somebody asked to stop.
    pub stop: Arc<AtomicBool>,
}

impl Ground {
    /// An error once somebody asked to stop.
    ///
    /// # Errors
    /// As it says.
    pub fn check(&self) -> Result<(), Failure> {
        if self.stop.load(Ordering::Relaxed) { Err("stopped".into()) } else { Ok(()) }
    }

    /// A new empty directory, which is removed with what is returned.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn fresh(&self, name: &str) -> Result<Fresh, Failure> {
        let path = self.dir.join(name);
        if path.exists() {
            std::fs::remove_dir_all(&path)?;
        }
        std::fs::create_dir_all(&path)?;
        Ok(Fresh { path })
    }
}

/// A directory that goes when this does.
#[derive(Debug)]
pub struct Fresh {
    /// Where it is.
    pub path: PathBuf,
}

impl Drop for Fresh {
    fn drop(&mut self) {
        // What cannot be removed lies below the build's own directory, and is replaced next time.
        let _removed = std::fs::remove_dir_all(&self.path).is_ok();
    }
}

/// Something that timelines can be kept in.
pub trait Store {
    /// Its name, with the version that was found.
    fn name(&self) -> String;

    /// What a loss of power takes of what was answered.
    fn durability(&self) -> &'static str;

    /// Whether it can do that at all: a queue of jobs takes no events.
    fn takes(&self, _workload: Workload) -> bool {
        true
    }

    /// Whether it answers before a sync, and is compared with Holdline doing so.
    fn is_lazy(&self) -> bool {
        false
    }

    /// Installs and starts what it needs, once.
    ///
    /// # Errors
    /// Why it is not to be had here, for the table.
    fn prepare(&mut self, ground: &Ground) -> Result<(), Failure>;

    /// Runs one workload from the beginning: what is there before it is made first, off the clock.
    ///
    /// # Errors
    /// Whatever keeps it from ending with counts.
    fn run(
        &mut self,
        workload: Workload,
        plan: &Plan,
        ground: &Ground,
    ) -> Result<Measured, Failure>;
}
