//! Those who send: each takes what is due, looks once more, sends and reports; asks again where no
//! answer came, with the same id; and now and then says nothing any more.

use std::collections::VecDeque;

use crate::model::{Action, Instant, Outcome, Token, Verdict};
use crate::testing::world::{Kind, MINUTE_MS, report};

/// What a sender asks for, and the id that it asks with.
#[derive(Clone, Debug)]
pub(super) struct Wish {
    pub(super) action: Action,
    pub(super) id: Option<String>,
}

/// How far one send has got.
#[derive(Clone, Debug)]
enum Phase {
    Has,
    /// Asked, and nothing was heard.
    Wonders(Wish),
    /// Its message leaves.
    Leaves,
    /// Reported, and nothing was heard.
    Told(Wish),
}

#[derive(Clone, Debug, Default)]
pub(super) struct Sender {
    errands: VecDeque<(Token, Phase)>,
    /// A claim of which nothing was heard.
    claims: Option<Wish>,
}

impl Sender {
    /// What it does next, if anything; `serial` makes ids that were never used.
    pub(super) fn next(&mut self, choice: u64, now: Instant, serial: &mut u64) -> Option<Wish> {
        *serial += 1;
        let id = (choice & 1 == 1).then(|| format!("send-{serial}"));
        let choice = choice >> 1;
        let Some((token, phase)) = self.errands.front_mut() else {
            let asked_again = self.claims.take().filter(|wish| wish.id.is_some());
            let wish = asked_again.unwrap_or_else(|| Wish { action: claim(choice), id });
            self.claims = Some(wish.clone());
            return Some(wish);
        };
        let token = *token;
        let wish = match phase {
            Phase::Has => Wish { action: Action::Confirm { token }, id },
            // Once more; or it says that it does not know, or nothing.
            Phase::Wonders(wish) => match choice % 8 {
                0 => return self.give_up(),
                1 => Wish {
                    action: Action::Report { token, report: report(Kind::Unknown, now) },
                    id,
                },
                _ => wish.clone(),
            },
            Phase::Leaves => {
                let kind = match choice % 16 {
                    0 => return self.give_up(),
                    1 | 2 => Kind::FailedTemporarily,
                    3 => Kind::FailedPermanently,
                    4 | 5 => Kind::Unknown,
                    _ => Kind::Sent,
                };
                Wish { action: Action::Report { token, report: report(kind, now) }, id }
            }
            Phase::Told(_) if choice.is_multiple_of(8) => return self.give_up(),
            Phase::Told(wish) => wish.clone(),
        };
        *phase = match wish.action {
            Action::Confirm { .. } => Phase::Wonders(wish.clone()),
            _ => Phase::Told(wish.clone()),
        };
        Some(wish)
    }

    fn give_up(&mut self) -> Option<Wish> {
        self.errands.pop_front();
        None
    }

    /// It gets an answer to what it asked for last.
    pub(super) fn hears(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Claimed { sends, .. } => {
                self.claims = None;
                self.errands = sends.iter().map(|send| (send.token, Phase::Has)).collect();
            }
            _ if self.errands.is_empty() => self.claims = None,
            Outcome::Confirmed(Verdict::Go) => {
                self.errands.iter_mut().take(1).for_each(|(_, phase)| *phase = Phase::Leaves);
            }
            _ => drop(self.errands.pop_front()),
        }
    }
}

/// Some for ten minutes, some for a day.
fn claim(choice: u64) -> Action {
    let limit = u32::try_from(1 + choice % 4).unwrap_or(1);
    let minutes = match (choice >> 2) % 4 {
        0 => 10,
        1 => 600,
        _ => 1440,
    };
    Action::Claim { limit, lease_ms: minutes * MINUTE_MS.unsigned_abs() }
}
