//! One sequence from its beginning to its end or to what it breaks.

use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::aim::{aimed, cared, newcomer, resolved};
use super::coverage::action_name;
use super::explained::explained;
use super::ledger::{Ledger, Turn};
use super::script::Line;
use super::senders::{Sender, Wish};
use super::steps::{CALLERS, PERSON, RECORDERS, SENDERS, Step};
use super::{Breach, Counts, Flaw};
use crate::engine::Digest;
use crate::model::{
    Action, Command, Event, Instant, Outcome, Report, Revoked, Selection, Token, Verdict,
};
use crate::testing::disk::SimDisk;
use crate::testing::model::{Model, Picture, shape};
use crate::testing::torture::Host;
use crate::testing::torture::pages::SimPages;
use crate::testing::world::{
    Act, BEGIN, DAY_MS, HOUR_MS, Out, Tokens, journaled, out_of, out_of_model, token_of,
};

/// History never goes: a policy that comes late counts all there was, as the model does.
pub(super) const HISTORY_DAYS: u32 = 1_000_000;
/// Commands that become durable together at most.
const GROUP: usize = 4;
/// So long the engine remembers the id of a command, and a day less.
const REMEMBERED_MS: i64 = 29 * DAY_MS;
/// A command that is further ahead is refused.
const AHEAD_MS: i64 = 20 * HOUR_MS;
/// What lets no lease run on.
const BEYOND_LEASES_MS: i64 = 2 * DAY_MS;

/// How a sequence ended that broke something.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) breach: Breach,
    /// Steps that it took.
    pub(super) steps: usize,
    pub(super) lines: Vec<Line>,
}

/// What a crash rolls back beside the engine's state.
#[derive(Clone, Debug, Default)]
pub(super) struct Side {
    pub(super) model: Model,
    /// The engine's tokens in the model.
    tokens: Tokens,
    pub(super) ledger: Ledger,
    /// The ids that commands bore, with what was answered and when.
    ids: std::collections::BTreeMap<String, (Outcome, Instant)>,
    pub(super) claimed: Vec<Token>,
    pub(super) events: Vec<Event>,
    /// Holds that were ever placed.
    pub(super) placed: usize,
    pub(super) newcomers: Vec<String>,
}

/// A command that was applied and is not durable yet.
pub(super) struct Asked {
    number: u64,
    sender: Option<usize>,
    outcome: Outcome,
    /// As it was before it, if nothing else is on its way before it: a crash takes back all or
    /// nothing of that.
    pub(super) before: Option<Side>,
}

pub(super) struct Run {
    pub(super) host: Host,
    pub(super) flaw: Flaw,
    /// The disk before what became durable last, for a host that forgets.
    pub(super) older: Option<(SimDisk, SimPages)>,
    /// True time, and by how much each caller's clock is off.
    time: Instant,
    offsets: [i64; CALLERS],
    pub(super) side: Side,
    /// The sends that are out of their timelines.
    pub(super) out: Vec<Out>,
    /// Everything that the engine would journal, in its order.
    pub(super) journal: Vec<Command>,
    pub(super) way: Vec<Asked>,
    /// The last command that is known to be durable, and the state after it.
    pub(super) durable: (u64, Digest),
    senders: [Sender; SENDERS],
    serial: u64,
    number: u64,
    pub(super) counts: Counts,
    pub(super) lines: Vec<Line>,
}

impl Run {
    /// Goes through the steps, each in its turn.
    pub(super) fn through(steps: &[Step], flaw: Flaw) -> Result<Counts, Failed> {
        let mut run = match Self::new(flaw) {
            Ok(run) => run,
            Err(breach) => return Err(Failed { breach, steps: 0, lines: Vec::new() }),
        };
        let mut taken = 0;
        let done = catch_unwind(AssertUnwindSafe(|| {
            for step in steps {
                taken += 1;
                run.step(step)?;
            }
            run.end()
        }));
        let done = done.unwrap_or_else(|_| {
            Err(Breach::Differs { what: "one of them panicked; its message is above".to_owned() })
        });
        match done {
            Ok(()) => Ok(run.counts),
            Err(breach) => Err(Failed { breach, steps: taken, lines: run.lines }),
        }
    }

    fn new(flaw: Flaw) -> Result<Self, Breach> {
        let stopped = |what: String| Breach::Stopped { what };
        let disk = SimDisk::new();
        let pages = SimPages::new(&disk);
        Host::create(&disk).map_err(stopped)?;
        let host = Host::open(&disk, &pages, HISTORY_DAYS).map_err(stopped)?;
        let begin = BEGIN.parse().unwrap_or(Instant::MIN);
        let durable = (0, host.state.snapshot().digest());
        let mut run = Self {
            host,
            flaw,
            older: None,
            time: begin,
            offsets: [0; CALLERS],
            side: Side::default(),
            out: Vec::new(),
            journal: Vec::new(),
            way: Vec::new(),
            durable,
            senders: Default::default(),
            serial: 0,
            number: 0,
            counts: Counts { sequences: 1, ..Counts::default() },
            lines: Vec::new(),
        };
        run.looks_at_journal()?;
        run.durable.0 = run.host.state.sequence();
        Ok(run)
    }

    /// The end: what is out comes back or is unknown, and the store is opened once more.
    fn end(&mut self) -> Result<(), Breach> {
        self.answers(0)?;
        self.passes(BEYOND_LEASES_MS)?;
        self.answers(0)?;
        while self.side.model.has_work() {
            self.tell(None, Command::new(self.side.model.now(), Action::Tick))?;
        }
        let snapshot = self.host.state.snapshot();
        explained(&snapshot)?;
        let audit = snapshot.audit();
        if let Some(what) = audit.findings.into_iter().next() {
            return Err(Breach::Differs { what });
        }
        self.reopens()
    }

    fn step(&mut self, step: &Step) -> Result<(), Breach> {
        match step {
            Step::Ask { aim, op } => {
                self.time = self.time.plus_ms(op.wait_ms.min(AHEAD_MS));
                let recorder = usize::try_from(aim % RECORDERS as u64).unwrap_or(0);
                let caller = if op.by_person { PERSON } else { recorder };
                let at = self.clock(caller);
                if let Act::Restore { after_ms } = op.act {
                    return self.restores(after_ms);
                }
                let Some(action) = resolved(&self.side, &op.act, at) else {
                    return Ok(());
                };
                let action = aimed(&self.side, action, *aim, at);
                let command = Command::new(at, action);
                let command = if op.by_person { command.by("pat") } else { command };
                self.tell(None, command)
            }
            Step::Send { sender, choice } => self.sends(*sender, *choice),
            Step::Cares { choice } => {
                let at = self.clock(PERSON);
                let flying = self.host.state.snapshot();
                let flying = flying.view("default").map(|view| view.in_flight());
                let mut unknown = flying.into_iter().flatten().filter(|it| it.unknown);
                let unknown = unknown.next().map(|it| it.token);
                match cared(&self.side, *choice, unknown) {
                    Some(action) => self.tell(None, Command::new(at, action).by("pat")),
                    None => Ok(()),
                }
            }
            Step::Joins { number } => {
                let at = self.clock(PERSON);
                for action in newcomer(&mut self.side, *number) {
                    self.tell(None, Command::new(at, action))?;
                }
                Ok(())
            }
            Step::Passes { ms } => self.passes(*ms),
            Step::Skews { caller, ms } => {
                self.offsets.iter_mut().skip(*caller).take(1).for_each(|offset| *offset = *ms);
                Ok(())
            }
            Step::Answers { lost } => self.answers(*lost),
            Step::Idles if self.side.model.has_work() => {
                let now = self.side.model.now();
                self.tell(None, Command::new(now, Action::Tick))
            }
            Step::Idles => Ok(()),
            Step::Checkpoint => {
                self.answers(0)?;
                self.counts.checkpoints += 1;
                self.host.checkpoint().map_err(|what| Breach::Stopped { what })?;
                self.host.tend();
                Ok(())
            }
            Step::Crash(crash) => self.crashes(crash),
            Step::Reopen => self.reopens(),
            Step::Dies { sender } => {
                self.senders
                    .iter_mut()
                    .skip(*sender)
                    .take(1)
                    .for_each(|it| *it = Sender::default());
                Ok(())
            }
        }
    }

    fn clock(&self, caller: usize) -> Instant {
        self.time.plus_ms(self.offsets.get(caller).copied().unwrap_or(0))
    }

    /// Where that is far, the host says so, or all that comes would be refused.
    fn passes(&mut self, ms: i64) -> Result<(), Breach> {
        self.time = self.time.plus_ms(ms);
        self.counts.time_jumps += u64::from(ms >= 3 * DAY_MS);
        self.counts.days += u64::try_from(ms / DAY_MS).unwrap_or(0);
        if self.time.ms_since(self.side.model.now()) > AHEAD_MS {
            self.tell(None, Command::new(self.time, Action::Advance))?;
        }
        Ok(())
    }

    fn sends(&mut self, sender: usize, choice: u64) -> Result<(), Breach> {
        if self.way.iter().any(|asked| asked.sender == Some(sender)) {
            // It waits for an answer.
            self.answers(0)?;
        }
        let at = self.clock(PERSON + 1 + sender);
        let Some(it) = self.senders.get_mut(sender) else {
            return Ok(());
        };
        let Some(Wish { action, id }) = it.next(choice, at, &mut self.serial) else {
            return Ok(());
        };
        let mut command = Command::new(at, action);
        // An id that may be forgotten by now says nothing any more.
        let now = self.side.model.now().max(at);
        let old = |id: &String| {
            let known = self.side.ids.get(id);
            known.is_some_and(|(_, since)| now.ms_since(*since) > REMEMBERED_MS)
        };
        command.id = id.filter(|id| !old(id));
        self.tell(Some(sender), command)
    }

    /// The engine applies a command, and so does the model; the answer waits.
    pub(super) fn tell(&mut self, sender: Option<usize>, command: Command) -> Result<(), Breach> {
        if self.way.len() >= GROUP {
            self.answers(0)?;
        }
        self.number += 1;
        self.counts.commands += 1;
        self.lines.push(Line::Command(Box::new(command.clone())));
        let before = self.way.is_empty().then(|| self.side.clone());
        let known = command.id.as_ref().and_then(|id| self.side.ids.get(id)).cloned();
        let outcome = match known {
            Some((known, _)) => self.asks_again(&command, known)?,
            None => self.asks(&command)?,
        };
        self.way.push(Asked { number: self.number, sender, outcome, before });
        Ok(())
    }

    /// What bears an id that was seen is answered as it was, and changes nothing.
    fn asks_again(&mut self, command: &Command, known: Outcome) -> Result<Outcome, Breach> {
        self.counts.asked_again += 1;
        let applied = self.host.state.apply(&mut command.clone());
        if applied.journaled || nameless(&applied.outcome) != nameless(&known) {
            let answered = applied.outcome;
            let what = format!("asked again, {command:?} was answered {answered:?}, not {known:?}");
            return Err(Breach::Differs { what });
        }
        Ok(known)
    }

    fn asks(&mut self, command: &Command) -> Result<Outcome, Breach> {
        self.skips_at_lease_end(command);
        let state = &mut self.host.state;
        let history = |each: &mut dyn FnMut(Command)| -> Result<(), Infallible> {
            self.journal.iter().cloned().for_each(each);
            Ok(())
        };
        let Ok(recalled) = state.recalled(command.clone(), history);
        let mut real = journaled(recalled);
        let applied = state.apply(&mut real);
        if applied.journaled {
            for action in [Some(&real.action), differs(&real, command)].into_iter().flatten() {
                *self.counts.actions.entry(action_name(action)).or_default() += 1;
            }
            self.journal.push(real);
        }
        let snapshot = self.host.state.snapshot();
        let out_before = std::mem::replace(&mut self.out, out_of(&snapshot));
        let out = self.out.clone();
        let outcome = self.with_flaw(command, applied.outcome.clone());
        let view = snapshot.view("default");
        let all = Selection::default();
        let list = view.as_ref().and_then(|view| view.list(&all, None, usize::MAX).ok());
        let rows = list.map(|list| list.rows).unwrap_or_default();
        let now = self.host.state.now("default").unwrap_or(Instant::MIN);
        self.remember(command, &applied.outcome, now);
        self.side.ledger.write(&Turn {
            number: self.number,
            action: &command.action,
            outcome: &outcome,
            rows: &rows,
            now,
            out: (&out_before, &out),
        })?;
        let expected = self.side.model.apply(&self.side.tokens.here(command));
        let shown = view.map(|view| Picture::of_rows(&view, rows));
        self.compare(command, (&outcome, &expected), shown)?;
        self.side.tokens.learn(&outcome, &expected);
        self.learn_lost(&out_before, &out, &outcome);
        self.count(command, &outcome);
        Ok(outcome)
    }

    /// The tokens of what went out of its timeline by itself.
    fn learn_lost(&mut self, before: &[Out], after: &[Out], outcome: &Outcome) {
        if matches!(outcome, Outcome::Claimed { .. }) {
            return;
        }
        let is_new = |out: &&Out| before.iter().all(|it| it.token != out.token);
        let lost: Vec<Out> = after.iter().filter(is_new).cloned().collect();
        self.side.claimed.extend(lost.iter().map(|out| out.token));
        self.side.tokens.learn_lost(&lost, &out_of_model(&self.side.model));
    }

    fn compare(
        &self,
        command: &Command,
        (outcome, expected): (&Outcome, &Outcome),
        shown: Option<Picture>,
    ) -> Result<(), Breach> {
        let (real, model) = (shape(outcome, true), shape(expected, true));
        if real != model {
            let what = format!("to {command:?}\nengine: {real}\nmodel: {model}");
            return Err(Breach::Differs { what });
        }
        let model = Picture::of_model(&self.side.model);
        match shown {
            Some(shown) if shown == model => Ok(()),
            // Before the first command that is taken there is no workspace.
            None if model.rows.is_empty() => Ok(()),
            Some(shown) => {
                let what = format!("after {command:?}\n{}", difference(&shown, &model));
                Err(Breach::Differs { what })
            }
            None => Err(Breach::Differs { what: "the engine shows nothing".to_owned() }),
        }
    }

    fn remember(&mut self, command: &Command, outcome: &Outcome, now: Instant) {
        if let Some(id) = &command.id {
            self.side.ids.insert(id.clone(), (outcome.clone(), now));
        }
        match (&command.action, outcome) {
            (Action::Record(event), Outcome::Recorded { holds, .. }) => {
                self.side.events.push(event.clone());
                self.side.placed += holds.len();
            }
            (_, Outcome::Held { .. }) => self.side.placed += 1,
            (_, Outcome::Claimed { sends, .. }) => {
                self.side.claimed.extend(sends.iter().map(|send| send.token));
            }
            _ => {}
        }
    }

    fn count(&mut self, command: &Command, outcome: &Outcome) {
        match (&command.action, outcome) {
            (Action::PutPolicy(_), Outcome::Applied) => self.counts.policies += 1,
            (_, Outcome::Held { .. }) => self.counts.holds += 1,
            (_, Outcome::Recorded { holds, .. }) => self.counts.holds += holds.len() as u64,
            (_, Outcome::Confirmed(Verdict::Go)) => self.counts.sends_gone += 1,
            (_, Outcome::Confirmed(Verdict::Revoked(Revoked::Held(_)))) => {
                self.counts.called_back += 1;
            }
            _ => {}
        }
    }

    /// What was applied is made durable; then its answers leave, and some of them are lost.
    pub(super) fn answers(&mut self, lost: u64) -> Result<(), Breach> {
        if self.way.is_empty() {
            return Ok(());
        }
        if self.flaw == Flaw::ForgetsAcknowledged {
            let disk = self.host.disk.copy();
            let pages = self.host.pages.lose_power(&disk, crate::testing::disk::Loss::Nothing);
            self.older = Some((disk, pages));
        }
        self.append().map_err(|what| Breach::Stopped { what })?;
        self.durable = (self.host.state.sequence(), self.host.state.snapshot().digest());
        for (place, asked) in std::mem::take(&mut self.way).into_iter().enumerate() {
            if lost >> (place % 64) & 1 == 1 {
                self.counts.answers_lost += 1;
                self.note(format!("the answer to the command {} lines before is lost", place + 1));
                continue;
            }
            self.side.ledger.heard(asked.number);
            let sender = asked.sender.and_then(|sender| self.senders.get_mut(sender));
            if let Some(sender) = sender {
                sender.hears(&asked.outcome);
            }
        }
        Ok(())
    }

    /// Keeps what the state was told and the journal has not.
    pub(super) fn append(&mut self) -> Result<(), String> {
        let known = usize::try_from(self.durable.0).unwrap_or(usize::MAX);
        let kept = self.journal.get(known..).unwrap_or_default();
        if kept.is_empty() { Ok(()) } else { self.host.keep(kept) }
    }

    pub(super) fn note(&mut self, note: String) {
        self.lines.push(Line::Note(note));
    }

    /// What is wrong on purpose.
    fn with_flaw(&self, command: &Command, outcome: Outcome) -> Outcome {
        let go = || Outcome::Confirmed(Verdict::Go);
        let token = token_of(&mut command.action.clone()).map(|token| *token);
        let send = token.and_then(|token| self.side.ledger.knows(token));
        let confirms = matches!(command.action, Action::Confirm { .. });
        let went = send.is_some_and(|send| self.side.ledger.went(send));
        match (self.flaw, outcome) {
            (Flaw::GoesUnderHolds, Outcome::Confirmed(Verdict::Revoked(Revoked::Held(_)))) => go(),
            (Flaw::GoesAgain, Outcome::Refused(_)) if confirms && went => go(),
            (_, outcome) => outcome,
        }
    }

    fn skips_at_lease_end(&mut self, command: &Command) {
        if self.flaw != Flaw::SkipsAtLeaseEnd {
            return;
        }
        let snapshot = self.host.state.snapshot();
        let flying = snapshot.view("default").map(|view| view.in_flight());
        let ended = |it: &crate::engine::view::InFlight| {
            it.confirmed.is_none() && it.lease_until <= command.at
        };
        let now = self.side.model.now();
        let ended: Vec<_> = flying.unwrap_or_default().into_iter().filter(ended).collect();
        if ended.is_empty() {
            return;
        }
        for send in ended {
            let token = send.token;
            let report = Report::Sent { at: now };
            for action in [Action::Confirm { token }, Action::Report { token, report }] {
                let mut command = Command::new(now, action);
                if self.host.state.apply(&mut command).journaled {
                    self.journal.push(command);
                }
            }
        }
        self.out = out_of(&self.host.state.snapshot());
    }
}

/// An answer without the people in it, who may have been forgotten since.
fn nameless(outcome: &Outcome) -> Outcome {
    let mut outcome = outcome.clone();
    if let Outcome::Claimed { sends, .. } = &mut outcome {
        for send in sends {
            send.prospect.clear();
            send.address.clear();
        }
    }
    outcome
}

/// What was asked for, where something else is journaled.
fn differs<'a>(real: &Command, asked: &'a Command) -> Option<&'a Action> {
    let refused = real.action == Action::Advance;
    (!refused && action_name(&real.action) != action_name(&asked.action)).then_some(&asked.action)
}

/// Where two pictures are not the same.
pub(super) fn difference(shown: &Picture, model: &Picture) -> String {
    let mut told = Vec::new();
    if shown.now != model.now {
        told.push(format!("engine time {}, model time {}", shown.now, model.now));
    }
    if shown.rows.len() != model.rows.len() {
        told.push(format!("{} rows, in the model {}", shown.rows.len(), model.rows.len()));
    }
    for (ours, theirs) in shown.rows.iter().zip(&model.rows).filter(|(a, b)| a != b) {
        told.push(format!("engine: {ours:?}\nmodel: {theirs:?}"));
    }
    if shown.tally != model.tally {
        told.push(format!("engine: {:?}, model: {:?}", shown.tally, model.tally));
    }
    if shown.causes != model.causes {
        told.push(format!("engine: {:?}\nmodel: {:?}", shown.causes, model.causes));
    }
    told.join("\n")
}
