//! The ground that is measured on: the settings, a directory that goes at the end, stores in it,
//! and the calls to them.

use std::fmt::Display;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use holdline::{Command, Engine, Options, Outcome, PolicyBundle};
use holdline_workloads::callers::{self, Driven, GROUP};
use tempfile::TempDir;

use crate::args::{Bench, Durability};
use crate::exit::{Exit, Failure};
use crate::progress::Progress;
use crate::rules;
use crate::stop::Stop;

/// A file that the disk is busy with for a while.
const LARGE_BYTES: u64 = 1 << 20;

/// What is measured with, and where.
#[derive(Debug)]
pub struct Ground {
    /// How many people there are.
    pub prospects: u32,
    /// How long what is timed goes on at least.
    pub least: Duration,
    /// How soon what was answered is safe.
    pub durability: Durability,
    /// What is drawn from.
    pub seed: u64,
    /// The rules.
    pub policy: PolicyBundle,
    /// How many rules they are.
    pub rules: usize,
    /// Whether somebody asked to stop.
    pub stop: Stop,
    dir: TempDir,
}

impl Ground {
    /// Makes the directory, and reads the rules.
    pub fn prepare(args: &Bench) -> Result<Self, Failure> {
        let policy = match &args.rules {
            Some(path) => rules::read(path, rules::short_name(path))?,
            None => holdline::Policy::default_rules(),
        };
        let rules = rules::compile(&policy)?.rules().len();
        let made = tempfile::Builder::new().prefix("holdline-bench-").tempdir_in(&args.data);
        let dir = made.map_err(|error| {
            let shown = args.data.display();
            let why = crate::exit::plain(&error);
            let why = why.split(" at path").next().unwrap_or_default().to_owned();
            Failure::store(format_args!("no directory can be made in `{shown}`: {why}"))
                .help("`--data DIR` names a directory on the disk that is to be measured")
        })?;
        Ok(Self {
            prospects: args.prospects,
            least: Duration::from_secs(args.seconds.into()),
            durability: args.durability,
            seed: args.seed,
            policy,
            rules,
            stop: Stop::listen()?,
            dir,
        })
    }

    /// A path in the directory.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// How stores are opened here.
    pub fn options(&self) -> Options {
        let mut options = Options::default();
        options.durability = match self.durability {
            Durability::Full => holdline::Durability::Full,
            Durability::IntervalMs(ms) => {
                holdline::Durability::Interval(u32::try_from(ms).unwrap_or(u32::MAX))
            }
            Durability::None => holdline::Durability::None,
        };
        // The same commands give the same digest, however fast they come.
        options.plans_when_idle = false;
        options
    }

    /// Opens a store of that name, as a copy of another if there is one to begin with.
    pub fn open(&self, name: &str, of: Option<&Path>, options: Options) -> Result<Engine, Failure> {
        let path = self.path(name);
        if let Some(of) = of {
            copy(of, &path).map_err(|error| Failure::file(path.display(), &error))?;
        }
        Engine::open(&path, options).map_err(|error| Failure::store(&error).help(error.help()))
    }

    /// Closes a store, and removes it.
    pub fn remove(&self, engine: Engine, name: &str) -> Result<(), Failure> {
        engine.close()?;
        let path = self.path(name);
        fs::remove_dir_all(&path).map_err(|error| Failure::file(path.display(), &error))
    }

    /// Whether it is to go on, after so much of a fixed part and so long.
    pub fn goes_on(&self, fixed_left: u64, took: Duration) -> bool {
        (fixed_left > 0 || took < self.least) && !self.stop.is_asked()
    }
}

/// Calls with commands in groups, as [`callers::drive`] says, and hands on the outcomes of each.
pub fn drive(
    engine: &Engine,
    commands: Vec<Command>,
    mut check: impl FnMut(&Outcome) -> Result<(), Failure> + Send,
) -> Result<Driven, Failure> {
    let mut rest = commands.into_iter();
    let groups = std::iter::from_fn(move || {
        let group: Vec<Command> = rest.by_ref().take(GROUP).collect();
        (!group.is_empty()).then_some(group)
    });
    // They are made before the clock starts.
    let groups: Vec<Vec<Command>> = groups.collect();
    callers::drive(
        groups.into_iter(),
        |group| Ok(engine.submit(group)?),
        |pending| Ok(pending.wait()?),
        |outcomes| outcomes.iter().try_for_each(&mut check),
    )
}

/// A result that is not what it has to be.
pub fn wrong(workload: &str, what: impl Display) -> Failure {
    Failure::new(Exit::Findings, format_args!("{workload} went wrong: {what}"))
}

/// Counts that have to be equal.
pub fn must_be(workload: &str, what: &str, expected: u64, found: u64) -> Result<(), Failure> {
    if expected == found {
        return Ok(());
    }
    Err(wrong(workload, format_args!("expected {expected} {what}, found {found}")))
}

/// Says what is being done, to whoever waits.
pub fn say(progress: &mut Progress, what: &str) {
    progress.at(|| format!("measuring {what} …"));
}

/// How many bytes a directory takes.
pub fn size(path: &Path) -> io::Result<u64> {
    let mut total = 0;
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let about = entry.metadata()?;
        total += if about.is_dir() { size(&entry.path())? } else { about.len() };
    }
    Ok(total)
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to)?;
        } else {
            let bytes = fs::copy(entry.path(), &to)?;
            if bytes >= LARGE_BYTES {
                // Or the disk would be busy with it while something else is measured.
                fs::File::open(&to)?.sync_all()?;
            }
        }
    }
    Ok(())
}
