//! The engine of an exploration: its own state machine, kept as a picture that can be gone on from
//! in several ways, and what is wrong with it on purpose.

use std::collections::BTreeSet;

use super::{Breach, Flaw};
use crate::engine::view::EnrollmentView;
use crate::engine::{DEFAULT_WORKSPACE, Snapshot, State};
use crate::model::{
    Action, Command, Instant, Outcome, Report, Revoked, Selection, Status, Token, Verdict,
};

/// So long is a lease; each time that one's time passes it is a little more.
pub(super) const LEASE_MS: u64 = 60_000;
const DAY_MS: i64 = 86_400_000;
/// More than there are sends.
const ALL: u32 = 10;

/// A hash of what a state means.
pub(super) type Key = [u8; 32];

/// A state of the engine. What is made of it later does not change it.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    picture: Snapshot,
    /// What it means: without how it was come by, but for what tokens there are.
    pub(super) key: Key,
    /// The tokens that it knows.
    tokens: BTreeSet<Token>,
    /// The prospects, each with how many of its steps are done.
    pub(super) done: Vec<(String, u16)>,
}

impl Kept {
    pub(super) fn of(state: &State) -> Self {
        let picture = state.snapshot();
        let mut hasher = blake3::Hasher::new();
        hasher.update(picture.digest().to_string().as_bytes());
        let flying = picture.view(DEFAULT_WORKSPACE).map(|view| view.in_flight());
        let flying = flying.unwrap_or_default();
        let mut about: Vec<String> = flying
            .iter()
            .map(|it| {
                let times = (it.lease_until, it.confirmed, it.unknown);
                format!("{} {} {times:?}", it.prospect, it.step)
            })
            .collect();
        about.sort();
        hasher.update(about.join("\n").as_bytes());
        let tokens = flying.into_iter().map(|it| it.token).collect();
        let done = rows(&picture).into_iter().map(|row| (row.prospect, row.sent)).collect();
        Self { picture, key: *hasher.finalize().as_bytes(), tokens, done }
    }

    /// A state to go on with: as the engine has it when it was opened anew.
    pub(super) fn state(&self) -> State {
        let Snapshot { header, names, tables } = self.picture.clone();
        State::restored(header, names, tables.to_vec())
    }

    pub(super) fn knows(&self, token: Token) -> bool {
        self.tokens.contains(&token)
    }
}

/// All enrollments.
fn rows(picture: &Snapshot) -> Vec<EnrollmentView> {
    let view = picture.view(DEFAULT_WORKSPACE);
    let list = view.and_then(|view| view.list(&Selection::default(), None, usize::MAX).ok());
    list.map_or_else(Vec::new, |list| list.rows)
}

/// How the engine changes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Machine {
    pub(super) flaw: Flaw,
}

impl Machine {
    pub(super) const fn new(flaw: Flaw) -> Self {
        Self { flaw }
    }

    /// Applies a command, with the flaw.
    pub(super) fn apply(self, state: &mut State, command: &Command) -> Outcome {
        self.prepare(state, command);
        let outcome = state.apply(&mut command.clone()).outcome;
        match (self.flaw, outcome) {
            (Flaw::GoesUnderHolds, Outcome::Confirmed(Verdict::Revoked(Revoked::Held(_)))) => {
                Outcome::Confirmed(Verdict::Go)
            }
            (_, outcome) => outcome,
        }
    }

    fn prepare(self, state: &mut State, command: &Command) {
        let snapshot = state.snapshot();
        let flying = snapshot.view(DEFAULT_WORKSPACE).map(|view| view.in_flight());
        for send in flying.unwrap_or_default() {
            let action = match (self.flaw, &command.action) {
                (Flaw::OffersConfirmed, Action::Claim { .. }) if send.unknown => {
                    Action::Resend { token: send.token, reason: Some("flaw".to_owned()) }
                }
                (Flaw::LosesAtLeaseEnd, Action::Advance)
                    if send.confirmed.is_none() && send.lease_until <= command.at =>
                {
                    Action::Confirm { token: send.token }
                }
                _ => continue,
            };
            let at = snapshot.view(DEFAULT_WORKSPACE).map_or(command.at, |view| view.now());
            state.apply(&mut Command::new(at, action.clone()).by("flaw"));
            if matches!(action, Action::Confirm { .. }) {
                let report = Report::Sent { at };
                let action = Action::Report { token: send.token, report };
                state.apply(&mut Command::new(at, action));
            }
        }
    }

    /// What a restart does to it.
    pub(super) fn reopen(self, state: &mut State) {
        let version = || "1".to_owned();
        let open = Action::Open {
            incarnation: state.incarnation() + 1,
            tz_version: version(),
            suffix_version: version(),
            holidays_version: version(),
        };
        state.apply(&mut Command::new(Instant::MIN, open));
    }

    /// Lets all leases end and takes whatever there is: what is nowhere then is lost.
    pub(super) fn nothing_is_lost(self, kept: &Kept) -> Result<(), Breach> {
        let lost = |what: String| Breach::Lost { what };
        let mut state = kept.state();
        let now = state.now(DEFAULT_WORKSPACE).unwrap_or(Instant::MIN);
        self.apply(&mut state, &Command::new(now.plus_ms(DAY_MS), Action::Advance));
        let claim = Action::Claim { limit: ALL, lease_ms: LEASE_MS };
        let claimed = self.apply(&mut state, &Command::new(now.plus_ms(DAY_MS), claim));
        let Outcome::Claimed { sends, .. } = claimed else {
            return Err(lost(format!("a claim was answered {claimed:?}")));
        };
        let offered: BTreeSet<&str> = sends.iter().map(|send| &*send.prospect).collect();
        let snapshot = state.snapshot();
        let flying = snapshot.view(DEFAULT_WORKSPACE).map(|view| view.in_flight());
        let flying = flying.unwrap_or_default();
        let rows = rows(&snapshot);
        if rows.len() != kept.done.len() {
            return Err(lost("an enrollment is gone".to_owned()));
        }
        for row in rows {
            let out = flying.iter().filter(|send| send.prospect == row.prospect).count();
            let is_there = match row.status {
                // It was offered just now, by that claim.
                Status::Sending => out == 1 && offered.contains(&*row.prospect),
                Status::OutcomeUnknown => out == 1,
                Status::Paused | Status::Stopped | Status::Finished => out == 0,
                _ => false,
            };
            if !is_there {
                let (prospect, status) = (row.prospect, row.status);
                return Err(lost(format!("{prospect} is {status:?}, {out} of it are out")));
            }
        }
        Ok(())
    }
}
