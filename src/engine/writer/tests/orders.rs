//! The threads of the engine, in one order after the other: who goes on is chosen at each lock,
//! each channel and each end of a thread. Run with `cargo xtask orders`.
//!
//! What the observers share is of the standard library, where nobody waits: looking does not change
//! what orders there are.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex};

use shuttle::scheduler::{PctScheduler, RandomScheduler};
use shuttle::{Config, FailurePersistence, Runner};

use super::super::Codec;
use super::{Moment, Seen};
use crate::engine::handle::{Hurry, Keeper, Kept, Parts, TakeImage};
use crate::engine::port::{Frame, Journal as _, JournalError, Sync};
use crate::engine::threads::thread;
use crate::engine::{Digest, Engine, EngineError, Opened, Snapshot, State};
use crate::model::{
    Action, Campaign, Command, Delay, Event, Instant, Outcome, PolicyBundle, PolicyFile, Prospect,
    Report, Sender, Step, StepTiming, Verdict,
};

const START: i64 = 1_772_438_400_000;
const LEASE_MS: u64 = 60_000;

/// How many orders of each scenario are tried.
fn orders() -> usize {
    std::env::var("HOLDLINE_ORDERS").ok().and_then(|orders| orders.parse().ok()).unwrap_or(20_000)
}

/// Half of the orders are drawn step by step. In the others the first in rank goes on as long as it
/// can, and ranks change a few times: what takes a long row of steps and then one change is found
/// by these.
fn in_many_orders(scenario: impl Fn() + Send + std::marker::Sync + 'static) {
    LazyLock::force(&BEGINNING);
    let scenario = Arc::new(scenario);
    let half = orders().div_ceil(2);
    let mut config = Config::new();
    config.stack_size = 1 << 20;
    config.failure_persistence = FailurePersistence::Print;
    // It takes every atomic to be seen by all in the same order; ours are counts.
    config.silence_warnings = true;
    let drawn = Arc::clone(&scenario);
    Runner::new(RandomScheduler::new_from_seed(1, half), config.clone()).run(move || drawn());
    Runner::new(PctScheduler::new_from_seed(1, 3, half), config).run(move || scenario());
}

/// What is on the disk, as those see it who look without waiting.
#[derive(Debug, Default)]
struct Disk {
    last_seq: AtomicU64,
    commands: Mutex<Vec<Command>>,
    /// The newest checkpoint.
    kept: Mutex<Option<(u64, Digest)>>,
}

impl Disk {
    fn has(&self, id: &str) -> bool {
        self.commands.lock().unwrap().iter().any(|it| it.id.as_deref() == Some(id))
    }

    /// A state that somebody is shown may not know what could still be lost.
    fn knows(&self, shown: &Snapshot) {
        let (shown, there) = (shown.sequence(), self.last_seq.load(Ordering::Relaxed));
        assert!(shown <= there, "{shown} commands were shown, {there} are on the disk");
    }

    /// What is on the disk leads to the last checkpoint.
    fn leads_to_what_was_kept(&self) {
        let mut state = begun();
        let commands = self.commands.lock().unwrap();
        for mut command in commands.iter().skip(BEGINNING.1.len()).cloned() {
            assert!(state.apply(&mut command).journaled, "{command:?}");
        }
        let kept = self.kept.lock().unwrap().unwrap();
        assert_eq!(kept, (state.sequence(), state.snapshot().digest()));
    }
}

/// What is wrong with a disk.
#[derive(Clone, Copy, Debug, Default)]
struct Fault {
    /// The number of the append that fails, and all after it.
    fails_at: Option<u32>,
    /// It says that it is done when it is not, until the next time.
    lies: bool,
}

/// A disk that takes its time, behind a journal.
struct Slow {
    codec: Arc<dyn Codec>,
    disk: Arc<Disk>,
    fault: Fault,
    appends: u32,
    /// What was taken and is not on the disk, each group with its last number.
    owed: Vec<(u64, Vec<Command>)>,
}

impl Slow {
    fn see(&mut self, moment: Moment<'_>) -> Result<(), JournalError> {
        match moment {
            Moment::Appends(_) => {
                self.appends += 1;
                thread::yield_now();
                if self.fault.fails_at.is_some_and(|at| self.appends >= at) {
                    return Err(JournalError::Failed { what: "the disk is gone".to_owned() });
                }
            }
            Moment::Appended(frames) => {
                for frame in frames {
                    let commands = self.codec.decode(frame.payload).unwrap();
                    self.owed.push((frame.last_seq, commands));
                }
                self.settle(self.owed.len().saturating_sub(usize::from(self.fault.lies)));
            }
            Moment::Syncs => self.settle(self.owed.len()),
        }
        Ok(())
    }

    fn settle(&mut self, groups: usize) {
        for (last_seq, commands) in self.owed.drain(..groups) {
            self.disk.commands.lock().unwrap().extend(commands);
            self.disk.last_seq.store(last_seq, Ordering::Relaxed);
        }
    }
}

/// Writes nothing down but what it was given to write down.
struct Watching(Arc<Disk>);

impl Keeper for Watching {
    fn keep(&mut self, snapshot: &Snapshot, _hurry: Hurry) -> Result<(), String> {
        self.0.knows(snapshot);
        *self.0.kept.lock().unwrap() = Some((snapshot.sequence(), snapshot.digest()));
        Ok(())
    }

    fn keep_base(&mut self, snapshot: &Snapshot) -> Result<(), String> {
        self.0.knows(snapshot);
        Ok(())
    }

    fn tend(&mut self, image: &mut TakeImage<'_>) -> Result<bool, String> {
        self.0.knows(&image()?);
        Ok(false)
    }

    fn let_go(&mut self, _snapshot: Snapshot) {}

    fn finish_forgetting(&mut self, snapshot: &Snapshot) -> Result<(), String> {
        self.0.knows(snapshot);
        Ok(())
    }
}

const ANN: &str = "ann@acme.example";

fn command(id: &str, action: Action) -> Command {
    Command::new(Instant::from_ms(START), action).id(id)
}

/// Two people with a message due, and a policy by which a reply pauses whoever sent it.
fn set_up() -> Vec<Command> {
    let rules = "policy 1\nrule replied \"A reply\" {\n  on reply\n  pause prospect\n}\n";
    let file = PolicyFile { name: "short.rules".to_owned(), text: rules.to_owned() };
    let timing = StepTiming { delay: Delay::ElapsedMs(0), ..StepTiming::default() };
    let step = Step { name: String::new(), timing };
    let campaign = Campaign {
        key: "spring".to_owned(),
        steps: vec![step.clone(), step],
        senders: vec!["tom".to_owned()],
        ..Campaign::default()
    };
    let mut actions = vec![
        Action::PutPolicy(PolicyBundle { files: vec![file] }),
        Action::PutSender(Sender { key: "tom".to_owned(), ..Sender::default() }),
        Action::PutCampaign(campaign),
    ];
    for prospect in [ANN, "bob@other.example"].map(str::to_owned) {
        let put = Prospect { key: prospect.clone(), ..Prospect::default() };
        actions.push(Action::PutProspect(put));
        actions.push(Action::Enroll { campaign: "spring".to_owned(), prospect });
    }
    let commands = actions.into_iter().enumerate();
    commands.map(|(at, action)| command(&format!("set-up {at}"), action)).collect()
}

/// What there is before anything happens, and the commands that made it. It is made before any
/// order is tried: the parser looks at how much stack is left, and shuttle's threads lie elsewhere.
static BEGINNING: LazyLock<(Snapshot, Vec<Command>)> = LazyLock::new(|| {
    let mut state = State::new();
    let mut commands = set_up();
    for command in &mut commands {
        let outcome = state.apply(command).outcome;
        assert!(outcome.refusal().is_none(), "{outcome:?}");
    }
    (state.snapshot(), commands)
});

fn begun() -> State {
    let Snapshot { header, names, tables } = BEGINNING.0.clone();
    State::restored(header, names, tables.to_vec())
}

/// An engine over such a disk, and what is on it.
fn engine(fault: Fault) -> (Engine, Arc<Disk>) {
    let (disk, codec) = (Arc::new(Disk::default()), Arc::new(Kept::default()));
    let (state, begun_with) = (begun(), &BEGINNING.1);
    let payload = codec.encode(begun_with).unwrap();
    disk.commands.lock().unwrap().extend(begun_with.iter().cloned());
    disk.last_seq.store(state.sequence(), Ordering::Relaxed);
    let mut slow =
        Slow { codec: codec.clone(), disk: Arc::clone(&disk), fault, appends: 0, owed: Vec::new() };
    let mut journal = Seen::by(move |moment| slow.see(moment));
    let frame = Frame { first_seq: 1, last_seq: state.sequence(), payload: &payload };
    journal.inner.append(&[frame], Sync::Now).unwrap();
    let parts = Parts {
        keeper: Some(Box::new(Watching(Arc::clone(&disk)))),
        checkpoint_bytes: Some(1),
        ..Parts::of(Box::new(journal), codec)
    };
    (Engine::start(state, parts, Opened::default()).unwrap(), disk)
}

/// What was acknowledged is on the disk; none if the engine has ended.
fn told(engine: &Engine, disk: &Disk, id: &str, action: Action) -> Option<Outcome> {
    let outcome = engine.apply(command(id, action)).ok()?;
    assert!(disk.has(id), "`{id}` was acknowledged and is not on the disk");
    Some(outcome)
}

fn record(engine: &Engine, disk: &Disk, who: &str) {
    for number in 0..2 {
        let id = format!("{who} {number}");
        let event = Event::new("open", &id).prospect("bob@other.example");
        if told(engine, disk, &id, Action::Record(event)).is_none() {
            break;
        }
    }
    if let Ok(snapshot) = engine.snapshot() {
        disk.knows(&snapshot);
    }
}

/// Whether a pause was acknowledged, or, in a flaw, is about to be.
fn pause(engine: &Engine, disk: &Disk, (held, early): (&AtomicBool, bool)) {
    if early {
        held.store(true, Ordering::Relaxed);
    }
    let event = Event::new("reply", "answer").prospect(ANN).with("kind", "human");
    if let Some(outcome) = told(engine, disk, "reply", Action::Record(event)) {
        assert!(
            matches!(&outcome, Outcome::Recorded { holds, .. } if holds.len() == 1),
            "{outcome:?}"
        );
        held.store(true, Ordering::Relaxed);
    }
}

/// Sends what is due, but not under a pause that was acknowledged before the last look.
fn send(engine: &Engine, disk: &Disk, held: &AtomicBool) {
    let claim = Action::Claim { limit: 2, lease_ms: LEASE_MS };
    let Some(Outcome::Claimed { sends, .. }) = told(engine, disk, "claim", claim) else {
        return;
    };
    for due in sends {
        let is_held = due.prospect == ANN && held.load(Ordering::Relaxed);
        let look = Action::Confirm { token: due.token };
        let looked = told(engine, disk, &format!("look at {}", due.prospect), look);
        let Some(Outcome::Confirmed(Verdict::Go)) = looked else {
            continue;
        };
        assert!(!is_held, "a message left after a pause that was acknowledged");
        let report = Action::Report {
            token: due.token,
            report: Report::Sent { at: Instant::from_ms(START) },
        };
        told(engine, disk, &format!("sent to {}", due.prospect), report);
    }
}

/// Everybody at once; what each shares with the others is a handle of the engine.
fn at_once(engine: &Engine, disk: &Arc<Disk>, early: bool) -> Vec<thread::JoinHandle<()>> {
    let held = Arc::new(AtomicBool::new(false));
    let spawned = |it: Box<dyn FnOnce(&Engine, &Disk) + Send>| {
        let (engine, disk) = (engine.clone(), Arc::clone(disk));
        thread::spawn(move || it(&engine, &disk))
    };
    let (pausing, sending) = (Arc::clone(&held), held);
    vec![
        spawned(Box::new(|engine, disk| record(engine, disk, "first"))),
        spawned(Box::new(|engine, disk| record(engine, disk, "second"))),
        spawned(Box::new(move |engine, disk| pause(engine, disk, (&pausing, early)))),
        spawned(Box::new(move |engine, disk| send(engine, disk, &sending))),
    ]
}

fn join(threads: Vec<thread::JoinHandle<()>>) {
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

#[test]
fn what_is_answered_is_kept_and_nothing_leaves_under_a_pause() {
    in_many_orders(|| {
        let (engine, disk) = engine(Fault::default());
        join(at_once(&engine, &disk, false));
        engine.close().unwrap();
        disk.leads_to_what_was_kept();
    });
}

#[test]
fn closing_meanwhile_and_twice_loses_nothing_and_waits_for_nobody() {
    in_many_orders(|| {
        let (engine, disk) = engine(Fault::default());
        let threads = at_once(&engine, &disk, false);
        let other = engine.clone();
        let closing = thread::spawn(move || other.close());
        let closed = [engine.clone().close(), closing.join().unwrap()];
        let fine = closed.iter().filter(|it| it.is_ok()).count();
        assert!(fine >= 1, "{closed:?}");
        assert_eq!(engine.snapshot().err(), Some(EngineError::Closed));
        join(threads);
        disk.leads_to_what_was_kept();
    });
}

#[test]
fn the_last_handle_may_go_while_answers_are_on_their_way() {
    in_many_orders(|| {
        let (engine, disk) = engine(Fault::default());
        let event = |id: &str| Action::Record(Event::new("open", id).prospect(ANN));
        let pending: Vec<_> = ["a", "b"]
            .iter()
            .map(|id| engine.submit(vec![command(id, event(id))]).unwrap())
            .collect();
        let dropping = thread::spawn(move || drop(engine));
        for (pending, id) in pending.into_iter().zip(["a", "b"]) {
            pending.wait().unwrap();
            assert!(disk.has(id), "{id}");
        }
        dropping.join().unwrap();
        disk.leads_to_what_was_kept();
    });
}

#[test]
fn nothing_is_answered_once_the_disk_has_failed() {
    for fails_at in 1..5 {
        in_many_orders(move || {
            let (engine, disk) = engine(Fault { fails_at: Some(fails_at), ..Fault::default() });
            join(at_once(&engine, &disk, false));
            let told = told(&engine, &disk, "late", Action::Advance);
            let closed = engine.close();
            match told {
                // As few groups as that were appended.
                Some(_) if closed.is_ok() => disk.leads_to_what_was_kept(),
                _ => assert!(matches!(closed, Err(EngineError::Poisoned { .. })), "{closed:?}"),
            }
        });
    }
}

/// What is said of what is put in on purpose.
fn noticed(scenario: impl Fn() + Send + std::marker::Sync + 'static) -> String {
    let said = catch_unwind(AssertUnwindSafe(|| in_many_orders(scenario))).unwrap_err();
    let text = said.downcast_ref::<String>().cloned();
    text.or_else(|| said.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
}

#[test]
fn a_disk_that_lies_is_noticed() {
    let said = noticed(|| {
        let (engine, disk) = engine(Fault { lies: true, ..Fault::default() });
        join(at_once(&engine, &disk, false));
    });
    assert!(said.contains("on the disk"), "{said}");
}

#[test]
fn a_pause_that_counts_before_it_is_acknowledged_is_noticed() {
    let said = noticed(|| {
        let (engine, disk) = engine(Fault::default());
        join(at_once(&engine, &disk, true));
    });
    assert!(said.contains("a message left after a pause"), "{said}");
}
