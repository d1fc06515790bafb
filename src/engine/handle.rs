//! The engine as a host holds it: a handle that is cheap to clone and safe to share.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::error::EngineError;
use super::pending::Pending;
use super::port::{Journal, MemoryJournal, Room, SyncMeter};
use super::room::Gate;
use super::state::{DEFAULT_WORKSPACE, Snapshot, State};
use super::threads::mpsc::{Receiver, TryRecvError, sync_channel};
use super::threads::thread::{self, JoinHandle};
use super::threads::{Mutex, MutexGuard};
use super::writer::{Asker, Codec, Grown, Idle, Writer};
use crate::model::{
    Action, Command, DueSend, Event, Instant, Outcome, PolicyBundle, Refusal, Report, Token,
    Verdict,
};

/// Keeps the last state when an engine closes, and whatever must be held until then.
pub(crate) trait Keeper: Send {
    /// Writes a checkpoint of a state that is durable in the journal.
    fn keep(&mut self, snapshot: &Snapshot, hurry: Hurry) -> Result<(), String>;

    /// Writes the state down as a base if one is due, right after a checkpoint of it.
    fn keep_base(&mut self, snapshot: &Snapshot) -> Result<(), String>;

    /// Does one of the things that have time, after a checkpoint; whether there may be more of
    /// them. It asks for a state where it needs one: as long as there is one, each page that is
    /// changed is there twice.
    fn tend(&mut self, image: &mut TakeImage<'_>) -> Result<bool, String>;

    /// Lets go of a state that nothing more is done with.
    fn let_go(&mut self, snapshot: Snapshot);

    /// Removes from the disk what is left of those whom this state has forgotten.
    fn finish_forgetting(&mut self, snapshot: &Snapshot) -> Result<(), String>;
}

/// Takes a picture of the state, durable in the journal, to write it down.
pub(crate) type TakeImage<'a> = dyn FnMut() -> Result<Snapshot, String> + 'a;

/// Whether somebody waits for a checkpoint.
#[derive(Clone, Debug)]
pub(crate) enum Hurry {
    Awaited,
    /// Commands go on meanwhile, and are not to notice; unless somebody waits after all.
    InBackground(
        #[cfg_attr(not(feature = "store"), expect(dead_code, reason = "only a store is hurried"))]
        Arc<AtomicBool>,
    ),
    /// It is the last one: no command comes after it that room would have to be kept for.
    Last,
}

/// Where an engine keeps what it was told, for those who take a copy of it.
#[derive(Clone, Debug)]
#[cfg_attr(not(feature = "store"), expect(dead_code, reason = "only a store is copied"))]
pub(crate) struct Home {
    /// The directory.
    pub(crate) dir: std::path::PathBuf,
    /// The store's number.
    pub(crate) store: [u8; 16],
}

/// What opening found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Opened {
    /// True if the store was made just now.
    pub created: bool,
    /// Commands that were replayed from the journal.
    pub replayed: u64,
    /// What was repaired, in sentences; empty after a clean close.
    pub notes: Vec<String>,
}

/// The engine: it decides when each prospect gets the next message, and stops in time.
///
/// A handle may be cloned and used from any thread; calls block until what they did is durable.
/// From async code, call it where blocking is allowed (`spawn_blocking`). When the last handle is
/// dropped the engine closes, and writes a checkpoint if it can; [`Engine::close`] tells whether
/// it could.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    writer: Writer,
    opened: Opened,
    keeper: Arc<Mutex<Option<Box<dyn Keeper>>>>,
    #[cfg_attr(not(feature = "store"), expect(dead_code, reason = "only a store is copied"))]
    home: Option<Home>,
    /// Writes checkpoints while the engine goes on.
    in_background: Mutex<Option<JoinHandle<()>>>,
    /// Whether somebody waits for it to end.
    awaited: Arc<AtomicBool>,
    /// How many it wrote.
    checkpoints: Arc<AtomicU64>,
}

/// What an engine keeps its commands and its state with.
pub(crate) struct Parts {
    pub(crate) journal: Box<dyn Journal>,
    pub(crate) codec: Arc<dyn Codec>,
    pub(crate) idle: Idle,
    pub(crate) keeper: Option<Box<dyn Keeper>>,
    /// Where that is; none if it is in memory.
    pub(crate) home: Option<Home>,
    /// By how many bytes the journal grows until a checkpoint is written; never, if none.
    pub(crate) checkpoint_bytes: Option<u64>,
    /// Room that is kept for the journal, where there is an end to it.
    pub(crate) room: Option<Arc<dyn Room>>,
    /// Whether there is something to be done from the beginning on that has time.
    pub(crate) owes: bool,
}

impl Parts {
    /// A journal, and nothing else.
    pub(crate) fn of(journal: Box<dyn Journal>, codec: Arc<dyn Codec>) -> Self {
        Self {
            journal,
            codec,
            idle: Idle::Waits,
            keeper: None,
            home: None,
            checkpoint_bytes: None,
            room: None,
            owes: false,
        }
    }
}

/// Keeps commands as they are: what an engine in memory was told.
#[derive(Debug, Default)]
pub(super) struct Kept(Mutex<Vec<Vec<Command>>>);

impl Kept {
    fn groups(&self) -> Result<MutexGuard<'_, Vec<Vec<Command>>>, String> {
        self.0.lock().map_err(|error| error.to_string())
    }
}

impl Codec for Kept {
    /// The payload is the number of the group.
    fn encode(&self, commands: &[Command]) -> Result<Vec<u8>, String> {
        let mut groups = self.groups()?;
        groups.push(commands.to_vec());
        Ok((groups.len() - 1).to_le_bytes().to_vec())
    }

    fn decode(&self, payload: &[u8]) -> Result<Vec<Command>, String> {
        let number = payload.try_into().map(usize::from_le_bytes).map_err(|_| "no number")?;
        self.groups()?.get(number).cloned().ok_or_else(|| "no such group".to_owned())
    }

    fn begins_with(&self, _first_seq: u64) -> Result<Option<State>, String> {
        Ok(None)
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("opened", &self.inner.opened).finish_non_exhaustive()
    }
}

impl Engine {
    /// An engine that keeps nothing on a disk, and in memory all that it was told: for tests, and
    /// for trying things out.
    ///
    /// # Errors
    /// [`EngineError::Poisoned`] if its threads cannot be started.
    pub fn in_memory() -> Result<Self, EngineError> {
        let parts = Parts::of(Box::new(MemoryJournal::new()), Arc::new(Kept::default()));
        Self::start(State::new(), parts, Opened::default())
    }

    pub(crate) fn start(state: State, parts: Parts, opened: Opened) -> Result<Self, EngineError> {
        let Parts { journal, codec, idle, keeper, home, checkpoint_bytes, room, owes } = parts;
        let failed = |error: std::io::Error| EngineError::Poisoned { cause: error.to_string() };
        let (tell, told) = sync_channel(1);
        if owes {
            // There is room for one.
            let _waits = tell.try_send(()).is_err();
        }
        let grown = checkpoint_bytes.map(|every_bytes| Grown { every_bytes, since: 0, tell });
        let in_background = grown.is_some();
        let gate = Gate::new(room);
        let writer = Writer::start(state, journal, codec, (idle, grown), gate).map_err(failed)?;
        let keeper = Arc::new(Mutex::new(keeper));
        let (awaited, checkpoints) = (Arc::new(AtomicBool::new(false)), Arc::default());
        let thread = if in_background {
            let (asker, keeper) = (writer.asker(), Arc::clone(&keeper));
            let (hurry, done) =
                (Hurry::InBackground(Arc::clone(&awaited)), Arc::clone(&checkpoints));
            let thread = thread::Builder::new().name("holdline-checkpoint".to_owned());
            let thread = thread
                .spawn(move || keep_up(&told, &asker, &keeper, (&hurry, &done)))
                .map_err(failed)?;
            Some(thread)
        } else {
            None
        };
        let in_background = Mutex::new(thread);
        let inner = Inner { writer, opened, keeper, home, in_background, awaited, checkpoints };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// What opening found.
    #[must_use]
    pub fn opened(&self) -> &Opened {
        &self.inner.opened
    }

    /// Applies one command and returns its outcome, once it is durable.
    ///
    /// # Errors
    /// Only if the engine cannot go on; what a host must expect is [`Outcome::Refused`].
    pub fn apply(&self, command: Command) -> Result<Outcome, EngineError> {
        let mut outcomes = self.submit(vec![command])?.wait()?;
        outcomes.pop().ok_or(EngineError::Closed)
    }

    /// Applies commands in order, as one frame: after a crash all of them are there, or none.
    ///
    /// # Errors
    /// As [`Engine::apply`], and [`EngineError::BatchTooLarge`].
    pub fn apply_batch(&self, commands: Vec<Command>) -> Result<Vec<Outcome>, EngineError> {
        self.submit(commands)?.wait()
    }

    /// Hands commands over as [`Engine::apply_batch`] does, and returns at once: so one thread can
    /// have several batches under way. What one thread hands over is applied in that order.
    ///
    /// Whom a batch forgets is looked for first, before it returns: texts of others may mention the
    /// person, and commands of others go on meanwhile.
    ///
    /// # Errors
    /// [`EngineError::BatchTooLarge`], or that the engine has ended; all else is the answer's.
    pub fn submit(&self, commands: Vec<Command>) -> Result<Pending, EngineError> {
        self.inner.writer.submit(commands)
    }

    /// How often the journal has synced since the engine was opened, and how long that took.
    #[must_use]
    pub fn syncs(&self) -> SyncMeter {
        self.inner.writer.sync_meter().clone()
    }

    /// Publishes a policy in the default workspace.
    ///
    /// # Errors
    /// As [`Engine::apply`]. A policy that does not compile is a refusal.
    pub fn put_policy(&self, at: Instant, policy: PolicyBundle) -> Result<Outcome, EngineError> {
        self.apply(Command::new(at, Action::PutPolicy(policy)))
    }

    /// Puts a prospect into a campaign of the default workspace.
    ///
    /// # Errors
    /// As [`Engine::apply`].
    pub fn enroll(
        &self,
        at: Instant,
        campaign: impl Into<String>,
        prospect: impl Into<String>,
    ) -> Result<Outcome, EngineError> {
        let (campaign, prospect) = (campaign.into(), prospect.into());
        self.apply(Command::new(at, Action::Enroll { campaign, prospect }))
    }

    /// Records an event in the default workspace and evaluates the policy on it.
    ///
    /// # Errors
    /// As [`Engine::apply`].
    pub fn record(&self, at: Instant, event: Event) -> Result<Outcome, EngineError> {
        self.apply(Command::new(at, Action::Record(event)))
    }

    /// Takes up to `limit` due sends of the default workspace, each under a lease.
    ///
    /// # Errors
    /// As [`Engine::apply`]. Nothing is taken on a refusal, which only a bad limit or lease meets.
    pub fn claim(
        &self,
        now: Instant,
        limit: u32,
        lease_ms: u64,
    ) -> Result<Vec<DueSend>, EngineError> {
        loop {
            match self.apply(Command::new(now, Action::Claim { limit, lease_ms }))? {
                // Only what is held or overdue was looked at so far: nothing is no answer yet.
                Outcome::Claimed { sends, more: true } if sends.is_empty() => {}
                Outcome::Claimed { sends, .. } => return Ok(sends),
                _ => return Ok(Vec::new()),
            }
        }
    }

    /// The last look, right before a message leaves. `Err` inside is a refusal: a stale token.
    ///
    /// # Errors
    /// As [`Engine::apply`].
    pub fn confirm(
        &self,
        now: Instant,
        token: Token,
    ) -> Result<Result<Verdict, Refusal>, EngineError> {
        match self.apply(Command::new(now, Action::Confirm { token }))? {
            Outcome::Confirmed(verdict) => Ok(Ok(verdict)),
            Outcome::Refused(refusal) => Ok(Err(refusal)),
            other => {
                let why = format!("expected a verdict, found {other:?}");
                Ok(Err(Refusal::StaleToken { token, why }))
            }
        }
    }

    /// Says what became of a send.
    ///
    /// # Errors
    /// As [`Engine::apply`].
    pub fn report(
        &self,
        now: Instant,
        token: Token,
        report: Report,
    ) -> Result<Outcome, EngineError> {
        self.apply(Command::new(now, Action::Report { token, report }))
    }

    /// A picture of everything that is durable, and of nothing else.
    ///
    /// # Errors
    /// As [`Engine::apply`].
    pub fn snapshot(&self) -> Result<Snapshot, EngineError> {
        self.inner.writer.snapshot()
    }

    /// The earliest instant at which time alone can matter: a send falls due, a hold or a lease
    /// ends. A lower bound; none if nothing waits.
    ///
    /// # Errors
    /// As [`Engine::apply`].
    pub fn next_due(&self, workspace: Option<&str>) -> Result<Option<Instant>, EngineError> {
        self.inner.writer.next_due(workspace.unwrap_or(DEFAULT_WORKSPACE))
    }

    /// Writes a checkpoint now, so that the next open has less to replay.
    ///
    /// # Errors
    /// [`EngineError::Checkpoint`]; nothing is lost then, the journal has everything.
    pub fn checkpoint(&self) -> Result<(), EngineError> {
        let image = self.inner.writer.image()?;
        keep(&self.inner.keeper, &image, Hurry::Awaited)
    }

    /// How many checkpoints were written in the background since it was opened.
    #[must_use]
    pub fn checkpoints(&self) -> u64 {
        self.inner.checkpoints.load(Ordering::Relaxed)
    }

    /// Removes from the disk, now, what is left of those who were forgotten: it is done in the
    /// background, too, and at the close at the latest. After this nothing is left of whoever was
    /// forgotten before the call.
    ///
    /// # Errors
    /// [`EngineError::Forgetting`]; it is gone on with later then.
    pub fn finish_forgetting(&self) -> Result<(), EngineError> {
        let image = self.inner.writer.image()?;
        finish_forgetting(&self.inner.keeper, &image)
    }

    /// Where it keeps what it was told; none if that is in memory.
    #[cfg(feature = "store")]
    pub(crate) fn home(&self) -> Option<&Home> {
        self.inner.home.as_ref()
    }

    /// A durable state to write down: keys cannot be looked up in it.
    #[cfg(feature = "store")]
    pub(crate) fn image(&self) -> Result<Snapshot, EngineError> {
        self.inner.writer.image()
    }

    /// Ends the engine for all handles, with a checkpoint.
    ///
    /// # Errors
    /// As [`Engine::apply`], [`Engine::checkpoint`] and [`Engine::finish_forgetting`]; everything
    /// acknowledged is safe even so.
    pub fn close(self) -> Result<(), EngineError> {
        self.inner.close()
    }
}

/// Writes a checkpoint of a state, if there is anything to write one with.
fn keep(
    keeper: &Mutex<Option<Box<dyn Keeper>>>,
    image: &Snapshot,
    hurry: Hurry,
) -> Result<(), EngineError> {
    let Ok(mut keeper) = keeper.lock() else {
        return Err(EngineError::Closed);
    };
    match &mut *keeper {
        Some(keeper) => {
            keeper.keep(image, hurry).map_err(|cause| EngineError::Checkpoint { cause })
        }
        None => Ok(()),
    }
}

/// Removes what is left of those who were forgotten, if there is anything to remove it from.
fn finish_forgetting(
    keeper: &Mutex<Option<Box<dyn Keeper>>>,
    image: &Snapshot,
) -> Result<(), EngineError> {
    let Ok(mut keeper) = keeper.lock() else {
        return Err(EngineError::Closed);
    };
    match &mut *keeper {
        Some(keeper) => {
            let finished = keeper.finish_forgetting(image);
            finished.map_err(|cause| EngineError::Forgetting { cause })
        }
        None => Ok(()),
    }
}

/// Does one of the things that have time; whether there may be more.
fn tend(keeper: &Mutex<Option<Box<dyn Keeper>>>, asker: &Asker) -> bool {
    let Ok(mut keeper) = keeper.lock() else {
        return false;
    };
    let mut image = || asker.image().map_err(|error| error.to_string());
    keeper.as_mut().is_some_and(|keeper| keeper.tend(&mut image) == Ok(true))
}

/// Writes a base, if one is due, and lets go of the state.
fn keep_base(keeper: &Mutex<Option<Box<dyn Keeper>>>, image: Snapshot) {
    if let Ok(Some(keeper)) = keeper.lock().as_deref_mut() {
        // What fails is done after the next checkpoint.
        let _kept = keeper.keep_base(&image).is_ok();
        keeper.let_go(image);
    }
}

/// So many things that have time are done after each checkpoint, though the next one is due: one of
/// each kind that there is, or a store that is never at rest would never be done with some.
const THINGS_EACH: u32 = 3;

/// The checkpoint thread: writes one each time that the journal has grown, until the engine ends.
fn keep_up(
    told: &Receiver<()>,
    asker: &Asker,
    keeper: &Mutex<Option<Box<dyn Keeper>>>,
    (hurry, done): (&Hurry, &AtomicU64),
) {
    // Whether it was told while it did something else.
    let mut again = false;
    while again || told.recv().is_ok() {
        again = false;
        // A failure is not lost: whoever asks for the next checkpoint, at the close at the latest,
        // is told of it.
        let kept =
            asker.image().and_then(|image| keep(keeper, &image, hurry.clone()).map(|()| image));
        let Ok(image) = kept else {
            continue;
        };
        done.fetch_add(1, Ordering::Relaxed);
        keep_base(keeper, image);
        // One thing at a time, so that whoever closes the engine or asks for a checkpoint waits for
        // no more than that. What fails is left for the next time.
        let mut things = 0;
        while tend(keeper, asker) {
            things += 1;
            match told.try_recv() {
                Ok(()) => again = true,
                Err(TryRecvError::Empty) => {}
                Err(TryRecvError::Disconnected) => break,
            }
            // The next checkpoint is due: what is left to do comes after it.
            if again && things >= THINGS_EACH {
                break;
            }
        }
    }
}

impl Inner {
    fn close(&self) -> Result<(), EngineError> {
        let last = self.writer.close();
        self.awaited.store(true, Ordering::Relaxed);
        let thread = self.in_background.lock().ok().and_then(|mut thread| thread.take());
        if let Some(thread) = thread {
            // It ends with the log thread; one that panicked has left the keeper locked for good.
            let _ended = thread.join().is_ok();
        }
        let last = last?;
        let kept = keep(&self.keeper, &last, Hurry::Last)
            .and_then(|()| finish_forgetting(&self.keeper, &last));
        if let Ok(mut keeper) = self.keeper.lock() {
            *keeper = None;
        }
        kept
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // Who wants to know calls `close`; after a `close` this finds the threads gone.
        let _best_effort = self.close().is_ok();
    }
}
