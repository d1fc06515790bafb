//! The writer: one thread owns the state and applies groups of commands; another makes each group
//! durable. Answers leave after that, so nothing that a crash could take back is ever visible.
//!
//! While group N is being synced, group N + 1 is applied.

mod log;
mod lookout;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use self::log::{Answer, Ask, Group, keep, note};
use self::lookout::{Lookout, look_out};
use super::ahead::TOGETHER;
use super::error::EngineError;
use super::pending::Pending;
use super::port::{Journal, Sync, SyncMeter};
use super::room::Gate;
use super::sighting::Sought;
use super::state::{Snapshot, State};
use super::threads::Mutex;
use super::threads::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use super::threads::thread::{self, JoinHandle};
use super::weight;
use crate::model::{Action, Command, Instant, Outcome, Verdict};

/// Groups that may wait for the journal before callers are made to wait.
const GROUPS_IN_FLIGHT: usize = 4;
/// Requests that may wait for the writer before callers are made to wait.
const REQUESTS_WAITING: usize = 1024;
/// Commands after which a group is closed, though more are waiting.
const GROUP_COMMANDS: usize = 10_000;
/// Bytes after which a group is closed, though more is waiting.
const GROUP_BYTES: usize = 16 << 20;
/// The most commands of one batch: a batch is one frame.
pub const BATCH_COMMANDS: usize = 100_000;
/// The most bytes of one batch. A group and the batch that fills it stay below what a frame holds.
pub const BATCH_BYTES: usize = 32 << 20;

/// How long nobody has to ask for anything until the writer plans anew what there is.
const IDLE_AFTER: Duration = Duration::from_millis(1);

/// What the writer does while nobody asks for anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Idle {
    /// It goes on with what is to be planned anew.
    Plans,
    /// It waits.
    Waits,
}

/// Tells when the journal has grown by so much that a checkpoint is due.
#[derive(Debug)]
pub(crate) struct Grown {
    pub(crate) every_bytes: u64,
    pub(crate) since: u64,
    pub(crate) tell: SyncSender<()>,
}

impl Grown {
    /// Something is to be done that no checkpoint waits for.
    fn asks(&mut self) {
        // One that is waiting already is as good.
        let _waits = self.tell.try_send(()).is_err();
    }

    fn by(&mut self, bytes: u64, gate: &Gate) {
        self.since = self.since.saturating_add(bytes);
        if !gate.is_open() {
            // A checkpoint needs room, too, and one that fails is the last one until the next open.
            return;
        }
        // One may wait while another is being written; beyond that it is told with a later group.
        if self.since >= self.every_bytes && self.tell.try_send(()).is_ok() {
            self.since = 0;
        }
    }
}

/// Turns a group of commands into the bytes of a frame, and back.
pub(crate) trait Codec: Send + std::marker::Sync {
    fn encode(&self, commands: &[Command]) -> Result<Vec<u8>, String>;
    fn decode(&self, payload: &[u8]) -> Result<Vec<Command>, String>;
    /// A state from which a journal that begins with this number leads on; none stands for the
    /// empty one.
    fn begins_with(&self, first_seq: u64) -> Result<Option<State>, String>;
}

/// Commands of one call.
#[derive(Debug)]
struct Batch {
    commands: Vec<Command>,
    bytes: usize,
    lookout: Lookout,
}

#[derive(Debug)]
enum Request {
    Apply(Batch, Sender<Result<Vec<Outcome>, EngineError>>),
    /// What a command has to look for.
    Sought(Box<Command>, Sender<Result<Option<Sought>, EngineError>>),
    Snapshot(Sender<Result<Snapshot, EngineError>>),
    /// What a checkpoint is made of: it has to be safe from a loss of power, whatever the level.
    Image(Sender<Result<Snapshot, EngineError>>),
    NextDue(String, Sender<Result<Option<Instant>, EngineError>>),
    Close(Sender<Result<Snapshot, EngineError>>),
}

/// The two threads and the way to them.
#[derive(Debug)]
pub(crate) struct Writer {
    requests: SyncSender<Request>,
    poison: Arc<Mutex<Option<EngineError>>>,
    meter: SyncMeter,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Writer {
    /// Starts the threads over a state and the journal that it is at the end of.
    pub(crate) fn start(
        state: State,
        journal: Box<dyn Journal>,
        codec: Arc<dyn Codec>,
        (idle, grown): (Idle, Option<Grown>),
        gate: Gate,
    ) -> std::io::Result<Self> {
        let in_journal = gate.clone();
        let to_read = Arc::clone(&codec);
        let meter = journal.sync_meter();
        let (requests, inbox) = sync_channel(REQUESTS_WAITING);
        let (groups, log) = sync_channel(GROUPS_IN_FLIGHT);
        let poison = Arc::new(Mutex::new(None));
        let (in_log, in_writer) = (Arc::clone(&poison), Arc::clone(&poison));
        let log = thread::Builder::new()
            .name("holdline-log".to_owned())
            .spawn(move || keep(journal, &log, (&*to_read, grown, in_journal), &in_log))?;
        let writer = thread::Builder::new()
            .name("holdline-writer".to_owned())
            .spawn(move || write(state, &inbox, &groups, (&*codec, idle, gate), &in_writer))?;
        Ok(Self { requests, poison, meter, threads: Mutex::new(vec![writer, log]) })
    }

    /// Hands commands over, in the order of these calls.
    pub(crate) fn submit(&self, commands: Vec<Command>) -> Result<Pending, EngineError> {
        let bytes = commands.iter().map(weight::of).sum();
        if commands.len() > BATCH_COMMANDS || bytes > BATCH_BYTES {
            return Err(EngineError::BatchTooLarge { commands: commands.len(), bytes });
        }
        let lookout = look_out(&commands, |command| {
            self.ask(|to| Request::Sought(Box::new(command.clone()), to))
        })?;
        let (to, answer) = channel();
        let poison = Arc::clone(&self.poison);
        let sightings = lookout.values().map(Arc::clone).collect();
        let batch = Batch { commands, bytes, lookout };
        let sent = self.requests.send(Request::Apply(batch, to));
        sent.map_err(|_| ended(&poison))?;
        Ok(Pending { answer, poison, sightings })
    }

    /// How often the journal has synced, and for how long.
    pub(crate) const fn sync_meter(&self) -> &SyncMeter {
        &self.meter
    }

    pub(crate) fn snapshot(&self) -> Result<Snapshot, EngineError> {
        self.ask(Request::Snapshot)
    }

    /// What a checkpoint is made of: safe from a loss of power whatever the level, for a checkpoint
    /// must never be ahead of its journal.
    pub(crate) fn image(&self) -> Result<Snapshot, EngineError> {
        self.asker().image()
    }

    /// A way to ask for images.
    pub(crate) fn asker(&self) -> Asker {
        Asker { requests: self.requests.clone(), poison: Arc::clone(&self.poison) }
    }

    pub(crate) fn next_due(&self, workspace: &str) -> Result<Option<Instant>, EngineError> {
        self.ask(|to| Request::NextDue(workspace.to_owned(), to))
    }

    /// Ends the threads once everything before is durable, and returns the last state.
    pub(crate) fn close(&self) -> Result<Snapshot, EngineError> {
        let last = self.ask(Request::Close);
        let threads = self.threads.lock().map(|mut threads| std::mem::take(&mut *threads));
        for thread in threads.unwrap_or_default() {
            // A thread that panicked has answered nobody; the error below says so.
            let _ended = thread.join().is_ok();
        }
        // The journal ends after the last answer, and may fail in that.
        match self.poison.lock().ok().and_then(|poison| poison.clone()) {
            Some(poison) => Err(poison),
            None => last,
        }
    }

    fn ask<T>(
        &self,
        request: impl FnOnce(Sender<Result<T, EngineError>>) -> Request,
    ) -> Result<T, EngineError> {
        ask(&self.requests, &self.poison, request)
    }
}

/// The way in which a thread that writes checkpoints asks for what they are made of.
pub(crate) struct Asker {
    requests: SyncSender<Request>,
    poison: Arc<Mutex<Option<EngineError>>>,
}

impl Asker {
    pub(crate) fn image(&self) -> Result<Snapshot, EngineError> {
        ask(&self.requests, &self.poison, Request::Image)
    }
}

fn ask<T>(
    requests: &SyncSender<Request>,
    poison: &Mutex<Option<EngineError>>,
    request: impl FnOnce(Sender<Result<T, EngineError>>) -> Request,
) -> Result<T, EngineError> {
    let (to, answer) = channel();
    requests.send(request(to)).map_err(|_| ended(poison))?;
    answer.recv().unwrap_or_else(|_| Err(ended(poison)))
}

/// Why nobody answers.
pub(super) fn ended(poison: &Mutex<Option<EngineError>>) -> EngineError {
    let poison = poison.lock().ok().and_then(|poison| poison.clone());
    poison.unwrap_or(EngineError::Closed)
}

/// The writer thread: drains what is there, applies it, and passes the group on.
fn write(
    mut state: State,
    inbox: &Receiver<Request>,
    groups: &SyncSender<Group>,
    (codec, idle, gate): (&dyn Codec, Idle, Gate),
    poison: &Mutex<Option<EngineError>>,
) {
    let out = Out { groups, codec, gate: &gate, poison };
    loop {
        let idle = if gate.is_open() { idle } else { Idle::Waits };
        let first = match next_request(inbox, idle, &state) {
            Ok(first) => first,
            Err(RecvTimeoutError::Disconnected) => return,
            Err(RecvTimeoutError::Timeout) => {
                if tick(&mut state, &out).is_err() {
                    return;
                }
                continue;
            }
        };
        let mut group = Building::new(&state);
        let mut closing = None;
        let mut next = Some(first);
        while let Some(request) = next {
            match request {
                Request::Apply(batch, to) => {
                    let bytes = batch.bytes;
                    if !gate.fits(group.bytes + bytes) {
                        // Where there is little room, what was applied before is kept first.
                        let before = std::mem::replace(&mut group, Building::new(&state));
                        if before.send(&state, &out).is_err() || out.wait().is_err() {
                            return;
                        }
                    }
                    match gate.fits(group.bytes + bytes) {
                        false if group.refuses(gate.admit(&batch.commands, bytes), &to) => {}
                        _ => {
                            group.bytes += bytes;
                            group.apply(&mut state, batch, &out, to);
                        }
                    }
                }
                Request::Sought(command, to) => {
                    // Nobody sees it: it need not be durable.
                    let _gone = to.send(Ok(state.sought(&command))).is_err();
                }
                Request::Snapshot(to) => {
                    group.answers.push(Answer::Snapshot(state.snapshot(), to));
                }
                Request::Image(to) => {
                    group.sync = Sync::Now;
                    group.answers.push(Answer::Snapshot(state.image(), to));
                }
                Request::NextDue(workspace, to) => {
                    group.answers.push(Answer::NextDue(state.next_due(&workspace), to));
                }
                Request::Close(to) => {
                    // What a checkpoint is made of has to be safe whatever the level.
                    group.sync = Sync::Now;
                    closing = Some(to);
                }
            }
            let full = closing.is_some()
                || group.kept.len() >= GROUP_COMMANDS
                || group.bytes >= GROUP_BYTES;
            next = if full { None } else { inbox.try_recv().ok() };
        }
        if let Some(to) = closing.take() {
            group.answers.push(Answer::Snapshot(state.snapshot(), to));
            let _ended = group.send(&state, &out);
            return;
        }
        if group.send(&state, &out).is_err() {
            return;
        }
    }
}

/// The next request. Where there is something to be planned anew, it is not waited for.
fn next_request(
    inbox: &Receiver<Request>,
    idle: Idle,
    state: &State,
) -> Result<Request, RecvTimeoutError> {
    if idle == Idle::Plans && state.at_work().next().is_some() {
        inbox.recv_timeout(IDLE_AFTER)
    } else {
        inbox.recv().map_err(|_| RecvTimeoutError::Disconnected)
    }
}

/// Goes on with what is to be planned anew, in a group of its own.
fn tick(state: &mut State, out: &Out<'_>) -> Result<(), ()> {
    let mut group = Building::new(state);
    let work: Vec<(String, Instant)> =
        state.at_work().map(|(name, now)| (name.to_owned(), now)).collect();
    for (name, now) in work {
        let mut tick = Command::new(now, Action::Tick).workspace(name);
        if state.apply(&mut tick).journaled {
            group.kept.push(tick);
        }
    }
    group.send(state, out)
}

/// Where groups go.
struct Out<'a> {
    groups: &'a SyncSender<Group>,
    codec: &'a dyn Codec,
    gate: &'a Gate,
    poison: &'a Mutex<Option<EngineError>>,
}

impl Out<'_> {
    /// Waits until everything that was handed on is in the journal.
    fn wait(&self) -> Result<(), ()> {
        let (to, done) = channel();
        self.groups.send(Group::asking(Ask::Done(to))).map_err(|_| ())?;
        done.recv().map_err(|_| ())
    }
}

/// A group as it grows.
struct Building {
    first_seq: u64,
    kept: Vec<Command>,
    bytes: usize,
    answers: Vec<Answer>,
    sync: Sync,
    forgets: bool,
    /// Why nothing of it may be answered.
    failed: Option<EngineError>,
}

impl Building {
    fn new(state: &State) -> Self {
        let first_seq = state.sequence() + 1;
        let sync = Sync::Level;
        Self {
            first_seq,
            kept: Vec::new(),
            bytes: 0,
            answers: Vec::new(),
            sync,
            forgets: false,
            failed: None,
        }
    }

    fn apply(
        &mut self,
        state: &mut State,
        batch: Batch,
        out: &Out<'_>,
        to: Sender<Result<Vec<Outcome>, EngineError>>,
    ) {
        let Batch { commands, mut lookout, .. } = batch;
        let mut outcomes = Vec::with_capacity(commands.len());
        let mut commands = commands.into_iter();
        let mut number = 0_usize;
        loop {
            if number.is_multiple_of(TOGETHER) {
                state.look_ahead(commands.as_slice());
            }
            number += 1;
            let Some(mut command) = commands.next() else {
                break;
            };
            let applied = match command.action {
                Action::Open { .. } => refuse_own("open"),
                Action::Publish { .. } => refuse_own("publish"),
                Action::Tick => refuse_own("tick"),
                Action::Restored { .. } => refuse_own("restored"),
                Action::Erase { .. } => refuse_own("erase"),
                Action::Forgotten { .. } => refuse_own("forgotten"),
                Action::Forget { .. } => {
                    command = state.erasing(command);
                    state.apply_with(&mut command, lookout.remove(&(number - 1)))
                }
                Action::PutPolicy(_) => match self.recall(state, command.clone(), out) {
                    Ok(recalled) => {
                        command = recalled;
                        let admitted = self.admit_past(&command, out.gate);
                        if outcomes.is_empty() && self.refuses(admitted, &to) {
                            return;
                        }
                        state.apply(&mut command)
                    }
                    Err(error) => {
                        // A journal that cannot be read is not one to go on with.
                        self.failed.get_or_insert(error);
                        break;
                    }
                },
                Action::Retract { .. } => {
                    state.apply_with(&mut command, lookout.remove(&(number - 1)))
                }
                _ => state.apply(&mut command),
            };
            if applied.journaled {
                self.kept.push(command);
            }
            match applied.outcome {
                Outcome::Confirmed(Verdict::Go) => self.sync = Sync::Now,
                Outcome::Forgotten { .. } => self.forgets |= applied.journaled,
                _ => {}
            }
            outcomes.push(applied.outcome);
        }
        self.answers.push(Answer::Outcomes(outcomes, to));
    }

    /// Puts the past that a policy's windows count into the command that publishes it. The log
    /// thread has appended what was handed over before; what is in this group comes after that.
    fn recall(
        &self,
        state: &State,
        command: Command,
        out: &Out<'_>,
    ) -> Result<Command, EngineError> {
        state.recalled_from(command, |recall| {
            let (to, answer) = channel();
            out.groups.send(Group::asking(Ask::Journaled(to))).map_err(|_| EngineError::Closed)?;
            let (begun, journaled) = answer.recv().map_err(|_| EngineError::Closed)??;
            if let Some(begun) = begun {
                recall.begin_with(begun);
            }
            let all = journaled.into_iter().chain(self.kept.iter().cloned());
            all.for_each(|command| recall.take(command));
            Ok(())
        })
    }

    /// Looks for room for the past that a policy brings: how much that is was not known before. All
    /// that was handed on is in the journal by now.
    fn admit_past(&mut self, command: &Command, gate: &Gate) -> Result<(), EngineError> {
        let bytes = self.bytes + weight::of(command);
        if !gate.fits(bytes) {
            gate.admit(std::slice::from_ref(command), bytes)?;
        }
        self.bytes = bytes;
        Ok(())
    }

    /// Whether a batch is not let in; whoever gave it is told.
    fn refuses(
        &mut self,
        admitted: Result<(), EngineError>,
        to: &Sender<Result<Vec<Outcome>, EngineError>>,
    ) -> bool {
        let Err(error) = admitted else {
            return false;
        };
        // Whoever asked may have gone away.
        let _gone = to.send(Err(error)).is_err();
        true
    }

    fn send(self, state: &State, out: &Out<'_>) -> Result<(), ()> {
        let Out { groups, codec, gate, poison } = out;
        let payload = match (self.failed, self.kept.is_empty()) {
            (Some(error), _) => Err(error),
            (None, true) => Ok(Vec::new()),
            (None, false) => {
                let encoded = codec.encode(&self.kept);
                encoded.map_err(|cause| EngineError::Poisoned { cause })
            }
        };
        let payload = match payload {
            Ok(payload) => payload,
            Err(error) => {
                // It was applied and cannot be kept: nothing after it may be answered.
                note(poison, Some(&error));
                self.answers.into_iter().for_each(|answer| answer.send(Some(&error)));
                return Err(());
            }
        };
        let group = Group {
            first_seq: self.first_seq,
            last_seq: state.sequence(),
            payload,
            sync: self.sync,
            answers: self.answers,
            forgets: self.forgets,
            ask: None,
        };
        gate.left(group.payload.len());
        groups.send(group).map_err(|_| ())
    }
}

/// Some commands are the engine's own.
fn refuse_own(action: &str) -> super::state::Applied {
    let refusal = crate::model::Refusal::InvalidValue {
        field: "do".to_owned(),
        why: format!("`{action}` is written by the engine alone"),
    };
    super::state::Applied { outcome: Outcome::Refused(refusal), journaled: false }
}
