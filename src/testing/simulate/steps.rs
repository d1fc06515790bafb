//! What happens to a host: drawn from a seed, and looked up only when it is done, so that a list of
//! it stays one when parts of it are taken away.

use proptest::strategy::{BoxedStrategy, Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::model::{Action, Event};
use crate::testing::disk::{Loss, draw};
use crate::testing::world::{Act, DAY_MS, HOUR_MS, MINUTE_MS, Op, beginning, event, op};

/// Who records, besides the person and the senders.
pub(super) const RECORDERS: usize = 2;
pub(super) const PERSON: usize = RECORDERS;
pub(super) const SENDERS: usize = 3;
/// All who have a clock of their own.
pub(super) const CALLERS: usize = RECORDERS + 1 + SENDERS;

/// One thing that happens.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// A recorder or the person asks for something, about somebody whom `aim` draws.
    Ask { aim: u64, op: Op },
    /// A sender does what comes next for it.
    Send { sender: usize, choice: u64 },
    /// The person looks after what is unknown, forgets somebody, or publishes another policy.
    Cares { choice: u64 },
    /// Somebody new is made and enrolled.
    Joins { number: u64 },
    /// So much time passes.
    Passes { ms: i64 },
    /// A caller's clock is off by so much from here on.
    Skews { caller: usize, ms: i64 },
    /// What was applied becomes durable and is answered; a bit for each answer that is lost.
    Answers { lost: u64 },
    /// Nobody asks for anything for a while.
    Idles,
    /// A checkpoint is written, and the house is kept.
    Checkpoint,
    /// The engine crashes, with the disk.
    Crash(Crash),
    /// The engine is closed and opened.
    Reopen,
    /// A sender forgets all that it knew.
    Dies { sender: usize },
}

/// Where a crash finds the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Point {
    /// Before what was applied is written.
    Idle,
    /// While that is written.
    Append,
    /// When it is written, and nobody was answered.
    Answer,
    /// In a checkpoint.
    Checkpoint,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Crash {
    pub(super) point: Point,
    /// The operation of the disk that fails, counted from there on, and whether it does half.
    pub(super) operation: u64,
    pub(super) half: bool,
    pub(super) loss: Loss,
    /// An operation of opening it again that fails, too.
    pub(super) again: Option<(u64, Loss)>,
}

/// Draws steps, always the same for a seed.
struct Drawn {
    state: u64,
    runner: TestRunner,
    ops: BoxedStrategy<Op>,
    events: BoxedStrategy<Event>,
}

impl Drawn {
    fn of(seed: u64) -> Self {
        let mut state = seed;
        let bytes: Vec<u8> = (0..4).flat_map(|_| draw(&mut state).to_le_bytes()).collect();
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
        let runner = TestRunner::new_with_rng(Config::default(), rng);
        Self { state, runner, ops: op(), events: event() }
    }

    fn number(&mut self) -> u64 {
        draw(&mut self.state)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.number() % end.max(1)
    }

    fn index(&mut self, end: usize) -> usize {
        usize::try_from(self.below(end as u64)).unwrap_or(0)
    }

    fn ms(&mut self, from: i64, to: i64) -> i64 {
        from + i64::try_from(self.below(to.abs_diff(from))).unwrap_or(0)
    }

    fn loss(&mut self) -> Loss {
        match self.below(6) {
            0 => Loss::Nothing,
            1 => Loss::Everything,
            _ => Loss::Some(self.number()),
        }
    }

    fn crash(&mut self) -> Crash {
        let point = match self.below(6) {
            0 => Point::Idle,
            1 => Point::Answer,
            2 => Point::Checkpoint,
            _ => Point::Append,
        };
        let most = if point == Point::Checkpoint { 40 } else { 4 };
        let again = (self.below(3) == 0).then(|| (self.below(12), self.loss()));
        let (operation, half) = (self.below(most), self.below(2) == 0);
        Crash { point, operation, half, loss: self.loss(), again }
    }

    fn asked(&mut self) -> Option<Step> {
        let op = self.ops.new_tree(&mut self.runner).ok()?.current();
        Some(match op.act {
            // Who sends has an own way of doing this, and a restart is one of all.
            Act::Restart { clean: true } => Step::Reopen,
            Act::Restart { clean: false } => Step::Crash(self.crash()),
            _ => Step::Ask { aim: self.number(), op },
        })
    }

    /// A recorder tells of something.
    fn recorded(&mut self) -> Option<Step> {
        let event = self.events.new_tree(&mut self.runner).ok()?.current();
        let op = Op { wait_ms: 0, by_person: false, act: Act::Do(Action::Record(event)) };
        Some(Step::Ask { aim: self.number(), op })
    }

    fn step(&mut self) -> Option<Step> {
        Some(match self.below(100) {
            0..34 => Step::Send { sender: self.index(SENDERS), choice: self.number() },
            34..42 => return self.recorded(),
            42..66 => return self.asked(),
            66..72 => Step::Cares { choice: self.number() },
            72..81 => Step::Answers { lost: if self.below(3) == 0 { self.number() } else { 0 } },
            81..87 => Step::Passes { ms: self.ms(MINUTE_MS, 4 * HOUR_MS) },
            87 => Step::Passes { ms: self.ms(4 * HOUR_MS, 3 * DAY_MS) },
            88 => Step::Passes { ms: self.ms(3 * DAY_MS, 120 * DAY_MS) },
            89..91 => Step::Skews { caller: self.index(CALLERS), ms: self.skew() },
            91..93 => Step::Joins { number: self.number() },
            93 => Step::Idles,
            94..96 => Step::Checkpoint,
            96..98 => Step::Crash(self.crash()),
            98 => Step::Reopen,
            _ => Step::Dies { sender: self.index(SENDERS) },
        })
    }

    fn skew(&mut self) -> i64 {
        match self.below(4) {
            0 => 0,
            1 | 2 => self.ms(-20 * MINUTE_MS, 20 * MINUTE_MS),
            _ => self.ms(-2 * DAY_MS, 30 * HOUR_MS),
        }
    }
}

/// What there is at the beginning, and so many steps after it.
pub(super) fn drawn(seed: u64, count: usize) -> Vec<Step> {
    let set_up = beginning().into_iter().map(|action| {
        let op = Op { wait_ms: 0, by_person: false, act: Act::Do(action) };
        Step::Ask { aim: 0, op }
    });
    let mut drawn = Drawn::of(seed);
    let rest = std::iter::from_fn(|| drawn.step()).take(count);
    set_up.chain(rest).collect()
}
