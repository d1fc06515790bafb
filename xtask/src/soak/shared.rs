//! What the threads of a soak share: the plan of it, who is who, and what was found out.

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant as Clock};

use hdrhistogram::Histogram;
use holdline::model::HoldId;
use holdline::{Engine, Instant, Outcome, Refusal, Token};
use holdline_workloads::commands::start;
use holdline_workloads::people;

use super::Result;

pub(super) const DAY_MS: i64 = 24 * 3_600_000;
/// Refusals that are kept to be shown.
const SHOWN: usize = 5;

/// What is done, and for how long.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(super) lasting: Duration,
    pub(super) prospects: u32,
    pub(super) seed: u64,
    /// Commands a second.
    pub(super) rate: f64,
    /// Commands of one call.
    pub(super) batch: u32,
    /// Days that pass.
    pub(super) days: u32,
    /// Between two samples.
    pub(super) every: Duration,
}

impl Plan {
    pub(super) fn about(&self) -> Vec<String> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        vec![
            format!("{cores} cores"),
            "durability full".to_owned(),
            format!("{} prospects", self.prospects),
            format!("{:.0} commands/s offered in batches of {}", self.rate, self.batch),
            format!("{} days in {:.1} minutes", self.days, self.lasting.as_secs_f64() / 60.0),
            format!("seed {}", self.seed),
        ]
    }

    /// The instant that it is when so much time has passed.
    pub(super) fn at(&self, since: Duration) -> Instant {
        start().plus_ms(self.passes_ms(since))
    }

    /// How much virtual time passes meanwhile.
    pub(super) fn passes_ms(&self, since: Duration) -> i64 {
        let share = since.as_secs_f64() / self.lasting.as_secs_f64();
        (share * f64::from(self.days) * DAY_MS as f64) as i64
    }

    /// When each batch of a caller is due who has so much of the rate.
    pub(super) fn batches(&self, share: f64) -> impl Iterator<Item = Duration> + use<> {
        let every = f64::from(self.batch) / (self.rate * share);
        let count = (self.lasting.as_secs_f64() / every) as u32;
        (0..count).map(move |number| Duration::from_secs_f64(every * f64::from(number)))
    }
}

/// What one caller tells another to do in a while.
#[derive(Clone, Debug)]
pub(super) enum Later {
    /// Lift a hold.
    Lift(HoldId),
    /// Send again what nobody knows the outcome of.
    Resend(Token),
    /// Let somebody go on in a campaign whose message could not be sent.
    GoOn { campaign: String, prospect: String },
}

/// What came of the commands.
#[derive(Clone, Debug, Default)]
pub(super) struct Done {
    pub(super) commands: u64,
    /// Commands by what they are.
    pub(super) kinds: BTreeMap<&'static str, u64>,
    pub(super) enrolled: u64,
    pub(super) sent: u64,
    pub(super) duplicates: u64,
    /// What is refused as it should be, by its kind.
    pub(super) expected: BTreeMap<&'static str, u64>,
    /// How many were refused or went wrong that should not, and some of them.
    pub(super) wrong: u64,
    pub(super) shown: Vec<String>,
    /// The longest commit of each kind that is done now and then.
    pub(super) longest: BTreeMap<&'static str, Duration>,
}

#[derive(Debug)]
pub(super) struct Shared<'a> {
    pub(super) plan: &'a Plan,
    pub(super) engine: &'a Engine,
    pub(super) began: Clock,
    /// How often each was forgotten and followed by somebody else.
    generations: Vec<AtomicU32>,
    /// Those who were forgotten, and who followed them: what others say of them may come too late,
    /// or too early.
    replaced: Mutex<HashSet<String>>,
    done: Mutex<Done>,
    waits: Mutex<Histogram<u64>>,
    ended: AtomicBool,
}

impl<'a> Shared<'a> {
    pub(super) fn new(plan: &'a Plan, engine: &'a Engine) -> Result<Self> {
        Ok(Self {
            plan,
            engine,
            began: Clock::now(),
            generations: (0..plan.prospects).map(|_| AtomicU32::new(0)).collect(),
            replaced: Mutex::default(),
            done: Mutex::default(),
            // Nanoseconds with three digits.
            waits: Mutex::new(Histogram::new_with_bounds(1, 1 << 40, 3)?),
            ended: AtomicBool::new(false),
        })
    }

    /// Waits until a batch is due; false if there is to be none any more.
    pub(super) fn wait(&self, due: Duration) -> bool {
        std::thread::sleep(due.saturating_sub(self.began.elapsed()));
        !self.ended.load(Ordering::Relaxed)
    }

    /// Ends all if this failed.
    pub(super) fn or_end<T>(&self, done: Result<T>) -> Result<T> {
        if done.is_err() {
            self.ended.store(true, Ordering::Relaxed);
        }
        done
    }

    /// The key of who is in a place now.
    pub(super) fn key(&self, place: u32) -> String {
        let generation = self.generations.get(place as usize);
        key(place, generation.map_or(0, |it| it.load(Ordering::Relaxed)))
    }

    /// Puts somebody else into a place: the keys of who was there and who is from now on.
    pub(super) fn replace(&self, place: u32) -> (String, String) {
        let before = self.key(place);
        let generation = self.generations.get(place as usize);
        let next = generation.map_or(0, |it| it.load(Ordering::Relaxed)) + 1;
        let after = key(place, next);
        locked(&self.replaced).extend([before.clone(), after.clone()]);
        if let Some(generation) = generation {
            generation.store(next, Ordering::Relaxed);
        }
        (before, after)
    }

    /// Notes how long a commit took.
    pub(super) fn took(&self, wait: Duration) {
        let nanos = u64::try_from(wait.as_nanos()).unwrap_or(u64::MAX);
        locked(&self.waits).saturating_record(nanos);
    }

    /// Notes how long a commit took of what is done now and then.
    pub(super) fn took_rarely(&self, kind: &'static str, wait: Duration) {
        let mut done = locked(&self.done);
        let longest = done.longest.entry(kind).or_default();
        *longest = wait.max(*longest);
    }

    /// How long commits took since the last time that this was asked.
    pub(super) fn waits(&self) -> Histogram<u64> {
        let mut waits = locked(&self.waits);
        let taken = waits.clone();
        waits.reset();
        taken
    }

    pub(super) fn done(&self) -> Done {
        locked(&self.done).clone()
    }

    /// Notes that so many commands of a kind are given.
    pub(super) fn gives(&self, kind: &'static str, count: u64) {
        *locked(&self.done).kinds.entry(kind).or_default() += count;
    }

    /// Notes what came of commands, and what should not have come of them.
    pub(super) fn look(&self, outcomes: &[Outcome]) {
        let mut done = locked(&self.done);
        done.commands += outcomes.len() as u64;
        for outcome in outcomes {
            let wrong = match outcome {
                Outcome::Enrolled { .. } => {
                    done.enrolled += 1;
                    false
                }
                Outcome::Duplicate => {
                    done.duplicates += 1;
                    false
                }
                Outcome::Recorded { errors, .. } => !errors.is_empty(),
                Outcome::Refused(refusal) => match self.expected(refusal) {
                    Some(kind) => {
                        *done.expected.entry(kind).or_default() += 1;
                        false
                    }
                    None => true,
                },
                _ => false,
            };
            done.wrong += u64::from(wrong);
            if wrong && done.shown.len() < SHOWN {
                done.shown.push(format!("{outcome:?}"));
            }
        }
    }

    pub(super) fn sent(&self, count: u64) {
        locked(&self.done).sent += count;
    }

    /// Which refusals come of others having been there first, and what they are called.
    fn expected(&self, refusal: &Refusal) -> Option<&'static str> {
        match refusal {
            Refusal::StaleToken { .. } => Some("a lease that had ended"),
            Refusal::Stopped { .. } => Some("an enrolment of who is stopped"),
            Refusal::Unknown { what, .. } if what == "live hold" => Some("a hold that had ended"),
            Refusal::Unknown { what, .. } if what == "send" => Some("a send that was settled"),
            Refusal::InvalidValue { field, .. } if field == "selection" => {
                Some("a selection of nobody")
            }
            Refusal::Unknown { key, .. } => {
                locked(&self.replaced).contains(key).then_some("who is forgotten")
            }
            _ => None,
        }
    }
}

fn key(place: u32, generation: u32) -> String {
    if generation == 0 {
        return people::key(place);
    }
    let company = people::company(place / people::PEOPLE_PER_COMPANY);
    format!("person-{place}-after-{generation}@{company}")
}

/// Who panicked with a lock ends the run when it is joined.
fn locked<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}
