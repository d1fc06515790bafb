//! Whether what threads were answered at once can have been answered one by one: in the order that
//! the journal has, each by the engine's own state machine, and none before it was asked.

use std::collections::HashMap;

use crate::engine::State;
use crate::model::{Command, Outcome};
use crate::store::codec;

/// Which command of which thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    thread: u64,
    number: u64,
}

impl Name {
    pub(super) const fn new(thread: u64, number: u64) -> Self {
        Self { thread, number }
    }

    /// The command's id.
    pub(super) fn id(self) -> String {
        format!("{}-{}", self.thread, self.number)
    }

    fn of(id: &str) -> Option<Self> {
        let (thread, number) = id.split_once('-')?;
        Some(Self { thread: thread.parse().ok()?, number: number.parse().ok()? })
    }
}

/// A command and when it was asked and answered, by a clock that all threads share. Of the answer
/// there is a hash: there are many.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    pub(super) name: Name,
    pub(super) asked: u64,
    pub(super) answered: u64,
    pub(super) answer: [u8; 16],
}

/// A hash of an answer.
pub(super) fn hash(outcome: &Outcome) -> [u8; 16] {
    // INVARIANT: an outcome is far below what can be encoded.
    let bytes = codec::encode(outcome).unwrap_or_default();
    let hash = blake3::hash(&bytes);
    hash.as_bytes().first_chunk().copied().unwrap_or_default()
}

/// What was found to be in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ordered {
    /// Calls, each found in the journal and answered as there.
    pub calls: u64,
    /// Commands that the journal has besides: what set the scene, and the engine's own.
    pub others: u64,
    /// Calls that another thread's was under way beside.
    pub overlapping: u64,
}

/// Checks calls against the journal, which has each command with its sequence number.
///
/// # Errors
/// A sentence that says what cannot be.
pub fn check_order<E: std::fmt::Display>(
    calls: &[Call],
    journal: impl Iterator<Item = Result<(u64, Command), E>>,
) -> Result<Ordered, String> {
    let mut left: HashMap<Name, &Call> = calls.iter().map(|call| (call.name, call)).collect();
    if left.len() != calls.len() {
        return Err("two calls have one name".to_owned());
    }
    let (mut state, mut ordered) = (State::new(), Ordered::default());
    let mut of_threads: HashMap<u64, u64> = HashMap::new();
    // The latest that any command so far was asked at: whatever follows was answered after that.
    let mut latest: Option<&Call> = None;
    for entry in journal {
        let (seq, command) = entry.map_err(|error| error.to_string())?;
        let outcome = state.apply(&mut command.clone()).outcome;
        if state.sequence() != seq {
            return Err(format!("expected command {seq}, found {}", state.sequence()));
        }
        let Some(name) = command.id.as_deref().and_then(Name::of) else {
            ordered.others += 1;
            continue;
        };
        let Some(call) = left.remove(&name) else {
            return Err(format!("{name:?} is there and was never asked, or is there twice"));
        };
        if hash(&outcome) != call.answer {
            return Err(format!(
                "{name:?} was answered otherwise than by command {seq}: {outcome:?}"
            ));
        }
        let last = of_threads.insert(name.thread, name.number);
        if last.is_some_and(|last| last >= name.number) {
            return Err(format!("{name:?} stands behind what its thread asked later"));
        }
        if let Some(later) = latest.filter(|later| call.answered < later.asked) {
            let later = later.name;
            return Err(format!("{name:?} stands behind {later:?}, asked after its answer"));
        }
        ordered.overlapping += u64::from(latest.is_some_and(|it| it.answered > call.asked));
        ordered.calls += 1;
        latest = Some(call).filter(|it| latest.is_none_or(|at| at.asked < it.asked)).or(latest);
    }
    match left.keys().min() {
        None => Ok(ordered),
        Some(name) => Err(format!("{} calls are not there, the first {name:?}", left.len())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Action, Campaign, Event, HoldKind, HoldTarget, Instant, Prospect, Sender};
    use crate::model::{Report, Step, Verdict};

    /// Two threads: one claims, looks once more and reports, the other holds and records.
    fn history() -> (Vec<Call>, Vec<Command>) {
        let (at, mut state) = (Instant::from_ms(1_772_442_000_000), State::new());
        let (mut calls, mut journal) = (Vec::new(), Vec::new());
        let mut tell = |named: Option<Name>, action: Action| {
            let mut command = Command::new(at, action).by("ana");
            command.id = named.map(Name::id);
            let outcome = state.apply(&mut command).outcome;
            assert_eq!(outcome.refusal(), None);
            journal.push(command);
            let asked = calls.len() as u64 * 10;
            let answer = hash(&outcome);
            calls.extend(named.map(|name| Call { name, asked, answered: asked + 5, answer }));
            outcome
        };
        let key = || "tom@ours.example".to_owned();
        let senders = vec![key()];
        let person = |name: &str| Prospect { key: name.to_owned(), ..Prospect::default() };
        let steps = vec![Step::default(); 2];
        let campaign = Campaign { key: "c".to_owned(), senders, steps, ..Campaign::default() };
        tell(None, Action::PutPolicy(crate::Policy::default_rules()));
        tell(None, Action::PutSender(Sender { key: key(), ..Sender::default() }));
        tell(None, Action::PutCampaign(campaign));
        for name in ["ana@a.example", "ben@b.example"] {
            tell(None, Action::PutProspect(person(name)));
            let (campaign, prospect) = ("c".to_owned(), name.to_owned());
            tell(None, Action::Enroll { campaign, prospect });
        }
        let claim = Action::Claim { limit: 2, lease_ms: 60_000 };
        let claimed = tell(Some(Name::new(1, 0)), claim);
        let Outcome::Claimed { sends, .. } = claimed else { panic!("{claimed:?}") };
        let target = HoldTarget::Prospect(sends[1].prospect.clone());
        let kind = HoldKind::Pause;
        tell(Some(Name::new(2, 0)), Action::Hold { kind, target, until: None, reason: None });
        for (number, send) in (1..).zip(&sends) {
            let looked = tell(Some(Name::new(1, number)), Action::Confirm { token: send.token });
            let goes = looked == Outcome::Confirmed(Verdict::Go);
            assert_eq!(goes, number == 1, "the second is held");
        }
        let report = Report::Sent { at };
        tell(Some(Name::new(1, 3)), Action::Report { token: sends[0].token, report });
        let event = Event::new("open", "e-1").prospect("ana@a.example");
        tell(Some(Name::new(2, 1)), Action::Record(event));
        (calls, journal)
    }

    fn check(calls: &[Call], journal: &[Command]) -> Result<Ordered, String> {
        let numbered = (1..).zip(journal.iter().cloned()).map(Ok::<_, String>);
        check_order(calls, numbered)
    }

    #[test]
    fn what_was_answered_one_by_one_is_in_order() {
        let (calls, journal) = history();
        let ordered = Ordered { calls: 6, others: 7, overlapping: 0 };
        assert_eq!(check(&calls, &journal), Ok(ordered));
    }

    #[test]
    fn calls_at_one_time_may_stand_in_either_order() {
        let (mut calls, journal) = history();
        // The hold was asked before the claim was answered, and the other way round.
        (calls[0].asked, calls[0].answered) = (4, 12);
        (calls[1].asked, calls[1].answered) = (3, 11);
        assert_eq!(check(&calls, &journal).map(|ordered| ordered.overlapping), Ok(1));
    }

    #[test]
    fn two_swapped_answers_are_found() {
        let (mut calls, journal) = history();
        let (first, second) = (calls[2].answer, calls[3].answer);
        (calls[2].answer, calls[3].answer) = (second, first);
        let found = check(&calls, &journal).unwrap_err();
        assert!(found.contains("was answered otherwise"), "{found}");
    }

    #[test]
    fn an_order_against_time_is_found() {
        let (mut calls, journal) = history();
        // The hold was answered before the claim was asked, and stands behind it.
        (calls[0].asked, calls[0].answered) = (8, 9);
        (calls[1].asked, calls[1].answered) = (1, 2);
        let found = check(&calls, &journal).unwrap_err();
        assert!(found.contains("asked after its answer"), "{found}");
    }

    #[test]
    fn an_acknowledged_command_that_is_not_there_is_found() {
        let (calls, mut journal) = history();
        journal.pop();
        let found = check(&calls, &journal).unwrap_err();
        assert!(found.contains("1 calls are not there"), "{found}");
    }
}
