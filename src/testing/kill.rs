//! A process that is killed over and over, under load and while it backs up, restores or compacts:
//! what it acknowledged must be there.
//!
//! The load is a numbered sequence of batches that any process can make; so what must be there
//! after a kill is a prefix of it, at least as long as what was acknowledged.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command as Process, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use crate::model::{Action, Campaign, Command, Event, Instant, Prospect, Report, Sender, Step};
use crate::{Engine, OpenError, Options, Policy};

/// Every so many batches a checkpoint is written, so that kills hit that too.
const CHECKPOINT_EVERY: u64 = 40;
const MINUTE_MS: i64 = 60_000;

/// A process that says nothing for so long is taken to hang.
const STALLED: Duration = Duration::from_secs(120);

/// What a process does until it is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// Applies batch after batch, with a checkpoint now and then.
    Load,
    /// Takes a backup after each batch.
    Backup,
    /// Makes the store small, over and over.
    Compact,
    /// Makes a store of the backup, over and over.
    Restore,
}

impl Task {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Load, Self::Backup, Self::Compact, Self::Restore];

    /// What it is called where the process is started.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Load => "load",
            Self::Backup => "backup",
            Self::Compact => "compact",
            Self::Restore => "restore",
        }
    }

    /// The task of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|task| task.name() == name)
    }

    /// That of the n-th process: under load most often.
    #[must_use]
    pub const fn of(number: u64) -> Self {
        match number % 6 {
            1 => Self::Backup,
            3 => Self::Compact,
            5 => Self::Restore,
            _ => Self::Load,
        }
    }
}

/// How long a process may live: so many things done, and then a moment; of the tasks other than the
/// load, a moment of the next one that it begins. With none under load it is killed while it opens
/// the store, as far as the moment allows.
#[derive(Clone, Copy, Debug)]
pub struct Life {
    /// Batches that it may acknowledge, or backups and the like that it may finish.
    pub done: u64,
    /// How long it lives after that.
    pub then: Duration,
}

/// What a run of kills came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kills {
    /// Processes that were killed.
    pub kills: u64,
    /// Of these, before they had said anything: while they opened the store.
    pub while_opening: u64,
    /// In the middle of a checkpoint.
    pub in_checkpoint: u64,
    /// In the middle of a backup.
    pub in_backup: u64,
    /// In the middle of compacting.
    pub in_compact: u64,
    /// In the middle of a restore.
    pub in_restore: u64,
    /// Batches that were acknowledged, all of which were found.
    pub batches: u64,
}

impl Kills {
    /// Adds those of another store.
    pub const fn add(&mut self, other: &Self) {
        self.kills += other.kills;
        self.while_opening += other.while_opening;
        self.in_checkpoint += other.in_checkpoint;
        self.in_backup += other.in_backup;
        self.in_compact += other.in_compact;
        self.in_restore += other.in_restore;
        self.batches += other.batches;
    }
}

impl std::fmt::Display for Kills {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { kills, while_opening, in_checkpoint, in_backup, .. } = self;
        let Self { in_compact, in_restore, batches, .. } = self;
        write!(
            f,
            "{kills} kills: {while_opening} in an open, {in_checkpoint} in a checkpoint, \
             {in_backup} in a backup, {in_compact} in compacting, {in_restore} in a restore; \
             {batches} batches acknowledged"
        )
    }
}

/// Segments small enough that there are closed ones to be copied and compressed. They stay for a
/// day, or a backup could not be gone on with.
fn options() -> Options {
    Options { segment_bytes: 64 << 10, history_days: 1, ..Options::default() }
}

/// Where a store, its backup and what is made of that lie.
fn parts(dir: &Path) -> [PathBuf; 3] {
    ["data", "copy", "again"].map(|name| dir.join(name))
}

/// The commands of one batch. Each is the same whoever makes it, and whenever.
pub(crate) fn batch(number: u64) -> Vec<Command> {
    let at = Instant::from_ms(1_772_442_000_000)
        .plus_ms(i64::try_from(number).unwrap_or(0).saturating_mul(MINUTE_MS));
    let key = |person: u64| format!("p{person}@company{}.example", person % 37);
    let mut actions = Vec::new();
    if number == 0 {
        let sender = Sender { key: "s".to_owned(), ..Sender::default() };
        let senders = vec![sender.key.clone()];
        let steps = vec![Step::default(), Step::default()];
        let campaign = Campaign { key: "c".to_owned(), senders, steps, ..Campaign::default() };
        actions.push(Action::PutPolicy(Policy::default_rules()));
        actions.push(Action::PutSender(sender));
        actions.push(Action::PutCampaign(campaign));
    }
    let prospect = Prospect { key: key(number), ..Prospect::default() };
    actions.push(Action::PutProspect(prospect));
    actions.push(Action::Enroll { campaign: "c".to_owned(), prospect: key(number) });
    for other in 0..number % 7 {
        let event = Event::new("open", format!("open-{number}-{other}")).prospect(key(number));
        actions.push(Action::Record(event));
    }
    if number % 5 == 4 {
        let event = Event::new("reply", format!("reply-{number}")).with("kind", "human");
        actions.push(Action::Record(event.prospect(key(number / 2))));
    }
    actions.push(Action::Claim { limit: 3, lease_ms: 3_600_000 });
    let id = |at: usize| format!("{number}-{at}");
    let commands = actions.into_iter().enumerate();
    commands.map(|(index, action)| Command::new(at, action).id(id(index))).collect()
}

/// How many batches a state has: they are applied in order, so the prospects tell.
fn batches_of(engine: &Engine) -> Result<u64, OpenError> {
    let snapshot = engine.snapshot()?;
    Ok(snapshot.view("default").map_or(0, |view| view.counts().prospects))
}

/// Says something to whoever may kill this process; false if nobody listens any more.
fn say(line: std::fmt::Arguments<'_>) -> bool {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).is_ok()
}

/// Does a task over and over, from where the store is, and says what it has done. Ends only by
/// being killed, or when nobody listens any more.
///
/// # Errors
/// If the store does not open, or what is to be done fails.
pub fn work(dir: &Path, task: Task) -> Result<(), OpenError> {
    let [data, copy, again] = parts(dir);
    match task {
        Task::Load | Task::Backup => apply(&data, (task == Task::Backup).then_some(&copy)),
        Task::Compact => {
            while say(format_args!("begin")) {
                let (sequence, digest) = crate::compact(&data, options())?.state;
                say(format_args!("end {sequence} {digest}"));
            }
            Ok(())
        }
        Task::Restore => {
            while say(format_args!("begin")) {
                let restored = crate::restore(&copy, &again, Instant::MIN)?;
                say(format_args!("end {} {}", restored.sequence, restored.digest));
                // Killed in the middle of this, it is no store.
                std::fs::remove_file(again.join("format"))
                    .and_then(|()| std::fs::remove_dir_all(&again))
                    .map_err(crate::store::StoreError::io("remove", &again))?;
            }
            Ok(())
        }
    }
}

/// Applies batches; with somewhere to back up to, it does so after each.
fn apply(data: &Path, copy: Option<&PathBuf>) -> Result<(), OpenError> {
    let engine = Engine::open(data, options())?;
    let mut next = batches_of(&engine)?;
    loop {
        let sends: Vec<_> = engine
            .apply_batch(batch(next))?
            .into_iter()
            .filter_map(|outcome| match outcome {
                crate::Outcome::Claimed { sends, .. } => Some(sends),
                _ => None,
            })
            .flatten()
            .collect();
        if !say(format_args!("{next}")) {
            return Ok(());
        }
        for send in sends {
            let at = send.planned;
            engine.confirm(at, send.token)?.ok();
            engine.report(at, send.token, Report::Sent { at })?;
        }
        next += 1;
        if next.is_multiple_of(CHECKPOINT_EVERY) {
            say(format_args!("begin"));
            engine.checkpoint()?;
            say(format_args!("end"));
        }
        if let Some(copy) = copy {
            let digest = engine.snapshot()?.digest();
            say(format_args!("begin"));
            let backup = engine.backup(copy, true)?;
            say(format_args!("end {} {digest}", backup.sequence));
        }
    }
}

/// Starts a process, kills it after a while, checks what it left, and so on.
///
/// `start` makes a process that runs [`work`] on the directory with its standard output piped.
/// `life` says how long the n-th process may live.
///
/// # Errors
/// A sentence that says what was missing, or what failed.
pub fn kill_over_and_over(
    dir: &Path,
    kills: u64,
    start: &dyn Fn(Task) -> Process,
    life: &dyn Fn(u64) -> Life,
) -> Result<Kills, String> {
    let mut total = Kills::default();
    let (mut acknowledged, mut backed_up): (u64, Option<Done>) = (0, None);
    let [data, ..] = parts(dir);
    for number in 0..kills {
        let mut task = Task::of(number);
        if task == Task::Restore && backed_up.is_none() {
            task = Task::Backup;
        }
        let before = match task {
            Task::Compact => Some(digest_of(&data)?),
            _ => None,
        };
        let child = start(task).stdout(Stdio::piped()).spawn();
        let said = live_and_die(child.map_err(told)?, task, life(number))?;
        total.kills += 1;
        total.while_opening += u64::from(said.is_empty());
        let interrupted = u64::from(said.is_amid());
        match task {
            Task::Load => total.in_checkpoint += interrupted,
            Task::Backup => total.in_backup += interrupted,
            Task::Compact => total.in_compact += interrupted,
            Task::Restore => total.in_restore += interrupted,
        }
        acknowledged = said.batches().map_or(acknowledged, |last| acknowledged.max(last + 1));
        total.batches = acknowledged;
        if task == Task::Backup {
            backed_up = said.done().or(backed_up);
        }
        match before {
            Some(before) if digest_of(&data)? != before => {
                return Err(format!("compacting for the {number}-th time changed the state"));
            }
            _ => {}
        }
        if number % 10 == 9 || number + 1 == kills || task == Task::Backup {
            check(&data, acknowledged)?;
        }
        if matches!(task, Task::Backup | Task::Restore) {
            check_backup(dir, backed_up.as_ref())?;
        }
    }
    Ok(total)
}

fn told(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// What was finished: as of which command, and the digest of the state then.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Done {
    sequence: u64,
    digest: String,
}

/// What a process said until it was killed.
#[derive(Debug, Default)]
struct Said(Vec<String>);

impl Said {
    const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether it had begun something that it did not finish.
    fn is_amid(&self) -> bool {
        let last = self.0.iter().rfind(|line| line.parse::<u64>().is_err());
        last.is_some_and(|line| line == "begin")
    }

    /// The last batch that it acknowledged.
    fn batches(&self) -> Option<u64> {
        self.0.iter().rev().find_map(|line| line.parse().ok())
    }

    /// The last thing that it finished.
    fn done(&self) -> Option<Done> {
        self.0.iter().rev().find_map(|line| {
            let (sequence, digest) = line.strip_prefix("end ")?.split_once(' ')?;
            Some(Done { sequence: sequence.parse().ok()?, digest: digest.to_owned() })
        })
    }
}

/// A line of a process, if it is one of ours: the test harness around it may print some of its own.
fn ours(line: String) -> Option<String> {
    let line = line.trim();
    let is_ours = line == "begin" || line.starts_with("end") || line.parse::<u64>().is_ok();
    is_ours.then(|| line.to_owned())
}

/// Lets a process live as long as that, kills it, and returns what it said.
fn live_and_die(mut child: Child, task: Task, life: Life) -> Result<Said, String> {
    let out = child.stdout.take().ok_or("no standard output")?;
    let (tell, lines) = mpsc::channel();
    let reader = std::thread::spawn(move || {
        let lines = BufReader::new(out).lines().map_while(Result::ok);
        for line in lines.filter_map(ours) {
            if tell.send(line).is_err() {
                return;
            }
        }
    });
    let (mut said, mut done) = (Said::default(), 0);
    // What is not the load is killed in the middle of the next thing that it begins.
    let amid = task != Task::Load;
    while done < life.done || amid && said.0.last().is_none_or(|line| line != "begin") {
        match lines.recv_timeout(STALLED) {
            Ok(line) => {
                let counts =
                    if amid { line.starts_with("end") } else { line.parse::<u64>().is_ok() };
                done += u64::from(counts);
                said.0.push(line);
            }
            Err(_) => {
                let status = child.try_wait().map_err(told)?;
                child.kill().map_err(told)?;
                return Err(format!("nothing comes any more of {}: {status:?}", task.name()));
            }
        }
    }
    std::thread::sleep(life.then);
    child.kill().map_err(told)?;
    child.wait().map_err(told)?;
    reader.join().map_err(|_| "the reader panicked".to_owned())?;
    said.0.extend(lines.try_iter());
    Ok(said)
}

fn digest_of(data: &Path) -> Result<crate::Digest, String> {
    let engine = Engine::open(data, options()).map_err(told)?;
    let digest = engine.snapshot().map_err(told)?.digest();
    engine.close().map_err(told)?;
    Ok(digest)
}

/// Opens the store and looks for everything that was acknowledged.
fn check(data: &Path, acknowledged: u64) -> Result<(), String> {
    let engine = Engine::open(data, options()).map_err(told)?;
    let found = batches_of(&engine).map_err(told)?;
    if found < acknowledged {
        return Err(format!("{acknowledged} batches were acknowledged, {found} are there"));
    }
    // Every command of what is there answers what it answered then: none is half there.
    for number in found.saturating_sub(20)..found {
        let before = engine.snapshot().map_err(told)?.digest();
        engine.apply_batch(batch(number)).map_err(told)?;
        let after = engine.snapshot().map_err(told)?.digest();
        if before != after {
            return Err(format!("batch {number} was only half there"));
        }
    }
    engine.close().map_err(told)
}

/// What an interrupted restore left is a whole store or none; and a store is made of the newest
/// file of the backup that is whole, which is the last one that was finished, or one after it.
fn check_backup(dir: &Path, finished: Option<&Done>) -> Result<(), String> {
    let [_, copy, again] = parts(dir);
    if again.join("format").exists() {
        digest_of(&again)?;
    } else if again.exists() && Engine::open(&again, options()).is_ok() {
        // It may have been killed before it wrote anything: that is an empty directory.
        let engine = Engine::open(&again, options()).map_err(told)?;
        if batches_of(&engine).map_err(told)? > 0 {
            return Err("half a restore was opened as a store".to_owned());
        }
        engine.close().map_err(told)?;
    }
    if again.exists() {
        std::fs::remove_dir_all(&again).map_err(told)?;
    }
    let restored = match (crate::restore(&copy, &again, Instant::MIN), finished) {
        (Err(_), None) => return Ok(()),
        (restored, _) => restored.map_err(told)?,
    };
    if let Some(finished) = finished {
        let found = Done { sequence: restored.sequence, digest: restored.digest.to_string() };
        let same = found == *finished;
        if found.sequence < finished.sequence || found.sequence == finished.sequence && !same {
            return Err(format!("{finished:?} was backed up, {found:?} came of it"));
        }
    }
    digest_of(&again)?;
    std::fs::remove_dir_all(&again).map_err(told)
}
