//! Everything together: what is durable, what is on the way, what each worker and the person know,
//! and what really happened.

use std::collections::BTreeMap;

use super::machine::{Kept, Key, LEASE_MS, Machine};
use super::moves::{Move, Who, Wish};
use super::{Bounds, Breach, Flaw};
use crate::engine::State;
use crate::model::{
    Action, Campaign, Command, Delay, HoldId, HoldKind, HoldTarget, Instant, Outcome, Prospect,
    Report, Sender, Step, StepTiming, Token, Verdict,
};

const PROSPECTS: [&str; 2] = ["ana@a.example", "ben@b.example"];
const CAMPAIGN: &str = "spring";
const WORKERS: usize = 2;
/// A Monday, at nine.
const START_MS: i64 = 1_772_442_000_000;

/// A send that somebody has.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Send {
    token: Token,
    prospect: String,
    step: u16,
}

/// What a worker knows.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Worker {
    Idle,
    /// It claimed one.
    Has(Send),
    /// Its message leaves: it may.
    Sends(Send),
    /// It asked for the last look, and heard nothing.
    Wonders(Send),
    /// It reported, and heard nothing.
    Reported(Send, Wish),
}

/// What the person knows of a hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Hold {
    Unasked,
    /// It was asked for, and nothing was heard.
    Wondered,
    /// It is there: this was acknowledged.
    Known(HoldId),
    /// It was lifted, or that was asked.
    Lifted,
}

/// A command that was applied and is not durable yet, with what is answered once it is.
#[derive(Clone, Debug)]
struct Asked {
    who: Who,
    wish: Wish,
    command: Command,
    outcome: Outcome,
    /// The send that it is about.
    send: Option<Send>,
    /// A hold that covers that was acknowledged before this was asked.
    after_hold: bool,
}

/// What is left of what may happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Left {
    lifts: u8,
    leases: u8,
    crashes: u8,
    losses: u8,
}

/// All of it at one moment.
#[derive(Clone, Debug)]
pub(super) struct World {
    /// The engine as whoever asks next finds it.
    pub(super) engine: Kept,
    durable: Kept,
    /// What was durable before that, for an engine that forgets.
    older: Option<Kept>,
    way: Vec<Asked>,
    workers: [Worker; WORKERS],
    holds: Vec<Hold>,
    left: Left,
    now: Instant,
    /// How often each step was given its go, durably.
    gone: BTreeMap<(String, u16), u8>,
    called_back: bool,
}

impl World {
    /// Two prospects in a campaign, with their first steps due.
    pub(super) fn start(machine: &Machine, bounds: &Bounds) -> Result<Self, String> {
        let now = Instant::from_ms(START_MS);
        let mut state = State::new();
        machine.reopen(&mut state);
        let timing = StepTiming { delay: Delay::ElapsedMs(0), ..StepTiming::default() };
        let steps = (0..bounds.steps).map(|_| Step { name: "next".to_owned(), timing });
        let sender = Sender { key: "tom@ours.example".to_owned(), ..Sender::default() };
        let senders = vec![sender.key.clone()];
        let key = CAMPAIGN.to_owned();
        let campaign = Campaign { key, senders, steps: steps.collect(), ..Campaign::default() };
        let mut actions = vec![Action::PutSender(sender), Action::PutCampaign(campaign)];
        for key in PROSPECTS.map(str::to_owned) {
            actions.push(Action::PutProspect(Prospect { key: key.clone(), ..Prospect::default() }));
            actions.push(Action::Enroll { campaign: CAMPAIGN.to_owned(), prospect: key });
        }
        for action in actions {
            let outcome = state.apply(&mut Command::new(now, action)).outcome;
            if let Some(refusal) = outcome.refusal() {
                return Err(refusal.to_string());
            }
        }
        let engine = Kept::of(&state);
        let Bounds { lifts, leases, crashes, losses, .. } = *bounds;
        Ok(Self {
            durable: engine.clone(),
            older: None,
            engine,
            way: Vec::new(),
            workers: [Worker::Idle, Worker::Idle],
            holds: vec![Hold::Unasked; bounds.holds],
            left: Left { lifts, leases, crashes, losses },
            now,
            gone: BTreeMap::new(),
            called_back: false,
        })
    }

    pub(super) fn gone(&self) -> u64 {
        self.gone.values().map(|count| u64::from(*count)).sum()
    }

    pub(super) const fn called_back(&self) -> bool {
        self.called_back
    }

    /// A hash of all that makes a difference to what may happen from here on. Which worker is which
    /// does not, nor what a token is beyond its send and whether the engine knows it.
    pub(super) fn key(&self) -> Key {
        let send = |send: &Send| {
            let known = (self.engine.knows(send.token), self.durable.knows(send.token));
            format!("{} {} {known:?}", send.prospect, send.step)
        };
        let asked = |who: Who| {
            let place = self.way.iter().position(|asked| asked.who == who);
            place.and_then(|place| Some((place, self.way.get(place)?))).map(|(place, asked)| {
                let about = asked.send.as_ref().map(send);
                let answered = match &asked.outcome {
                    Outcome::Claimed { sends, .. } => {
                        sends.iter().map(|it| &*it.prospect).collect()
                    }
                    Outcome::Confirmed(Verdict::Go) => vec!["go"],
                    Outcome::Refused(_) => vec!["refused"],
                    _ => Vec::new(),
                };
                format!("{place} {:?} {about:?} {answered:?} {}", asked.wish, asked.after_hold)
            })
        };
        let mut workers: Vec<String> = self
            .workers
            .iter()
            .enumerate()
            .map(|(number, worker)| {
                let knows = match worker {
                    Worker::Idle => "idle".to_owned(),
                    Worker::Has(it) => format!("has {}", send(it)),
                    Worker::Sends(it) => format!("sends {}", send(it)),
                    Worker::Wonders(it) => format!("wonders {}", send(it)),
                    Worker::Reported(it, wish) => format!("reported {wish:?} {}", send(it)),
                };
                format!("{knows}, {:?}", asked(Who::Worker(number)))
            })
            .collect();
        workers.sort();
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.engine.key);
        hasher.update(&self.durable.key);
        hasher.update(&self.older.as_ref().map_or([0; 32], |older| older.key));
        let person = asked(Who::Person);
        let rest = (workers, person, &self.holds, self.left, self.now, &self.gone);
        hasher.update(format!("{rest:?} {}", self.called_back).as_bytes());
        *hasher.finalize().as_bytes()
    }

    fn waits(&self, who: Who) -> bool {
        self.way.iter().any(|asked| asked.who == who)
    }

    /// What may happen next.
    pub(super) fn moves(&self, bounds: &Bounds) -> Vec<Move> {
        let mut moves = Vec::new();
        let asks = self.way.len() < bounds.on_the_way;
        for (number, worker) in self.workers.iter().enumerate() {
            let who = Who::Worker(number);
            if self.waits(who) {
                continue;
            }
            let wishes: &[Wish] = match worker {
                Worker::Idle => &[Wish::Claim],
                // Once more, if nothing was heard; or it says that it does not know.
                Worker::Has(_) => &[Wish::Confirm],
                Worker::Wonders(_) => &[Wish::Confirm, Wish::ReportUnknown],
                Worker::Sends(_) => &[Wish::ReportSent, Wish::ReportUnknown],
                Worker::Reported(_, Wish::ReportSent) => &[Wish::ReportSent],
                Worker::Reported(..) => &[Wish::ReportUnknown],
            };
            moves.extend(wishes.iter().filter(|_| asks).map(|wish| Move::Asks(who, *wish)));
            if *worker != Worker::Idle && self.left.losses > 0 {
                moves.push(Move::Dies(number));
            }
        }
        for (number, hold) in self.holds.iter().enumerate() {
            let wish = match hold {
                Hold::Unasked | Hold::Wondered => Wish::Hold(number),
                Hold::Known(_) if self.left.lifts > 0 => Wish::Lift(number),
                _ => continue,
            };
            if asks && !self.waits(Who::Person) {
                moves.push(Move::Asks(Who::Person, wish));
            }
        }
        if !self.way.is_empty() {
            moves.push(Move::Answers { lost: None });
            let lost = self.way.iter().filter(|_| self.left.losses > 0);
            moves.extend(lost.map(|asked| Move::Answers { lost: Some(asked.who) }));
        }
        if self.left.crashes > 0 {
            moves.extend((0..=self.way.len()).map(|kept| Move::Crashes { kept }));
        }
        if self.left.leases > 0 && self.way.is_empty() {
            moves.push(Move::LeasesEnd);
        }
        moves
    }

    /// All of it after something happened: what is done was given its go.
    pub(super) fn after(&self, machine: &Machine, by: &Move) -> Result<Self, Breach> {
        let next = self.moved(machine, by)?;
        for (prospect, done) in &next.engine.done {
            let on_the_way = next.way.iter().filter(|asked| {
                asked.outcome == Outcome::Confirmed(Verdict::Go)
                    && asked.send.as_ref().is_some_and(|send| send.prospect == *prospect)
            });
            let durable = next.gone.keys().filter(|(gone, _)| gone == prospect);
            if durable.count() + on_the_way.count() < usize::from(*done) {
                let what = format!("{prospect} has {done} steps behind it that never left");
                return Err(Breach::Lost { what });
            }
        }
        Ok(next)
    }

    fn moved(&self, machine: &Machine, by: &Move) -> Result<Self, Breach> {
        let mut next = self.clone();
        match *by {
            Move::Asks(who, wish) => next.ask(machine, who, wish),
            Move::Answers { lost } => {
                next.left.losses -= u8::from(lost.is_some());
                if machine.flaw == Flaw::ForgetsAcknowledged {
                    next.older = Some(next.durable.clone());
                }
                next.durable = next.engine.clone();
                for asked in std::mem::take(&mut next.way) {
                    next.is_durable(&asked)?;
                    next.hear(&asked, lost != Some(asked.who));
                }
            }
            Move::Crashes { kept } => next.crash(machine, kept)?,
            Move::Dies(number) => {
                next.left.losses -= 1;
                next.workers.iter_mut().skip(number).take(1).for_each(|it| *it = Worker::Idle);
            }
            Move::LeasesEnd => {
                next.left.leases -= 1;
                next.now = next.now.plus_ms(LEASE_MS as i64 + 1_000);
                let mut state = next.engine.state();
                machine.apply(&mut state, &Command::new(next.now, Action::Advance));
                next.engine = Kept::of(&state);
                next.durable = next.engine.clone();
            }
        }
        Ok(next)
    }

    fn ask(&mut self, machine: &Machine, who: Who, wish: Wish) {
        let send = match who {
            Who::Worker(number) => self.workers.get(number).and_then(|worker| match worker {
                Worker::Idle => None,
                Worker::Has(send) | Worker::Sends(send) | Worker::Wonders(send) => Some(send),
                Worker::Reported(send, _) => Some(send),
            }),
            Who::Person => None,
        };
        let send = send.cloned();
        let token = send.as_ref().map_or(NO_TOKEN, |send| send.token);
        let reason = Some("to go on".to_owned());
        let action = match wish {
            Wish::Claim => Action::Claim { limit: 1, lease_ms: LEASE_MS },
            Wish::Confirm => Action::Confirm { token },
            Wish::ReportSent => Action::Report { token, report: Report::Sent { at: self.now } },
            Wish::ReportUnknown => Action::Report { token, report: Report::Unknown },
            Wish::Hold(number) => {
                let kind = HoldKind::Pause;
                Action::Hold { kind, target: target(number), until: None, reason: None }
            }
            Wish::Lift(number) => {
                let hold = match self.holds.get(number) {
                    Some(Hold::Known(hold)) => *hold,
                    _ => HoldId(u32::MAX),
                };
                // From when it is asked on, what it covers may go.
                self.holds.iter_mut().skip(number).take(1).for_each(|it| *it = Hold::Lifted);
                self.left.lifts -= 1;
                Action::Lift { hold, reason }
            }
        };
        let after_hold = send.as_ref().is_some_and(|send| self.is_held(send));
        let command = Command::new(self.now, action).by("ana");
        let mut state = self.engine.state();
        let outcome = machine.apply(&mut state, &command);
        self.engine = Kept::of(&state);
        self.way.push(Asked { who, wish, command, outcome, send, after_hold });
    }

    /// Whether a hold covers a send that was acknowledged and that nobody asked to lift.
    fn is_held(&self, send: &Send) -> bool {
        self.holds.iter().enumerate().any(|(number, hold)| {
            let covers = number > 0 || PROSPECTS.first() == Some(&&*send.prospect);
            covers && matches!(hold, Hold::Known(_))
        })
    }

    /// What is durable has happened: was it to?
    fn is_durable(&mut self, asked: &Asked) -> Result<(), Breach> {
        let (Outcome::Confirmed(verdict), Some(send)) = (&asked.outcome, &asked.send) else {
            return Ok(());
        };
        if *verdict != Verdict::Go {
            self.called_back = true;
            return Ok(());
        }
        let (prospect, step) = (send.prospect.clone(), send.step);
        let count = self.gone.entry((prospect.clone(), step)).or_default();
        *count += 1;
        if *count > 1 {
            return Err(Breach::LeftTwice { prospect, step });
        }
        if asked.after_hold {
            return Err(Breach::LeftAfter { prospect, step });
        }
        Ok(())
    }

    /// Somebody gets the answer, or finds out that there will be none.
    fn hear(&mut self, asked: &Asked, heard: bool) {
        let number = match (asked.who, asked.wish) {
            (Who::Worker(number), _) => number,
            (Who::Person, Wish::Hold(number)) => {
                let known = match asked.outcome {
                    Outcome::Held { hold, .. } if heard => Hold::Known(hold),
                    _ => Hold::Wondered,
                };
                self.holds.iter_mut().skip(number).take(1).for_each(|it| *it = known);
                return;
            }
            (Who::Person, _) => return,
        };
        let knows = match (asked.send.clone(), asked.wish) {
            (None, _) => match &asked.outcome {
                Outcome::Claimed { sends, .. } if heard => sends.first().map(|send| {
                    let (prospect, step) = (send.prospect.clone(), send.step);
                    Worker::Has(Send { token: send.token, prospect, step })
                }),
                _ => None,
            },
            (Some(send), Wish::Confirm) if !heard => Some(Worker::Wonders(send)),
            (Some(send), Wish::Confirm) => match &asked.outcome {
                Outcome::Confirmed(Verdict::Go) => Some(Worker::Sends(send)),
                _ => None,
            },
            (Some(send), wish) if !heard => Some(Worker::Reported(send, wish)),
            (Some(_), _) => None,
        };
        let knows = knows.unwrap_or(Worker::Idle);
        self.workers.iter_mut().skip(number).take(1).for_each(|it| *it = knows.clone());
    }

    /// What was durable is there again, with the first of what was on the way; nobody who waited
    /// hears anything.
    fn crash(&mut self, machine: &Machine, kept: usize) -> Result<(), Breach> {
        self.left.crashes -= 1;
        let mut state = self.older.as_ref().unwrap_or(&self.durable).state();
        for (place, asked) in std::mem::take(&mut self.way).into_iter().enumerate() {
            if place < kept {
                machine.apply(&mut state, &asked.command);
                self.is_durable(&asked)?;
            }
            self.hear(&asked, false);
        }
        machine.reopen(&mut state);
        self.engine = Kept::of(&state);
        self.durable = self.engine.clone();
        self.older = None;
        Ok(())
    }
}

/// A token of no send.
const NO_TOKEN: Token = Token { incarnation: 0, sequence: 0, index: 0 };

fn target(hold: usize) -> HoldTarget {
    match (hold, PROSPECTS) {
        (0, [first, _]) => HoldTarget::Prospect(first.to_owned()),
        _ => HoldTarget::Campaign(CAMPAIGN.to_owned()),
    }
}
