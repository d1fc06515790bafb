//! After a restore: what may have gone out since the backup was taken.

use super::{Answer, Claim, Model, Phase};
use crate::model::{Instant, Outcome, Refusal, Selection, Token};

impl Model {
    /// What is claimed, and what is planned up to an instant whether it is held or not.
    pub(super) fn lose_since_backup(&mut self, until: Instant) -> Outcome {
        while self.has_work() {
            self.work();
        }
        let (backup, until) = (self.now, until.max(self.now));
        for (token, claim) in self.claims.clone() {
            if claim.confirmed.is_some() {
                self.enrollments[claim.enrollment].phase = Phase::Unknown;
            } else {
                self.lose(claim.enrollment, token, (backup, until));
            }
        }
        let mut lost = 0;
        for at in 0..self.enrollments.len() {
            let waits = self.enrollments[at].phase == Phase::Waiting;
            let stored = self.enrollments[at].planned;
            let early = |planned: Option<Instant>| planned.is_some_and(|it| it <= until);
            if !waits || !self.enrollments[at].has_next() || !early(stored) {
                continue;
            }
            // Where it moves to, a day may have got a slot since.
            let it = self.settled(at);
            let moved = || self.natural(&it, self.due_of(&it, it.due));
            if early(if it.planned == stored { stored } else { moved() }) {
                self.enrollments[at] = it;
                self.lose(at, self.new_token(lost), (backup, until));
                lost += 1;
            }
        }
        self.claims_made += 1;
        Outcome::Applied
    }

    const fn new_token(&self, index: u32) -> Token {
        Token { incarnation: 0, sequence: self.claims_made, index }
    }

    /// Its slot is spent, as it is if it went.
    fn lose(&mut self, at: usize, token: Token, (from, until): (Instant, Instant)) {
        let it = &mut self.enrollments[at];
        it.phase = Phase::Unknown;
        it.thawed.clear();
        if !it.days.is_empty() {
            let day = it.days.remove(0);
            self.may_have_gone.entry(it.sender.clone()).or_default().push(day);
            self.count_for_company(at, day);
        }
        let claim = Claim {
            enrollment: at,
            lease_until: from,
            confirmed: Some(from),
            restored: Some(until),
        };
        self.claims.insert(token, claim);
    }

    /// The step after one that went out may have gone out before the restore, too.
    pub(super) fn may_have_followed(&mut self, at: usize, sent: Instant, until: Instant) {
        let it = self.enrollments[at].clone();
        let next = it.has_next() && it.planned.is_some();
        let natural = || self.natural(&it, self.after_delay(&it, it.base));
        if next && natural().is_some_and(|natural| natural <= until) {
            self.lose(at, self.new_token(0), (sent.plus_ms(1), until));
            self.claims_made += 1;
        }
    }

    pub(super) fn resend_selected(&mut self, selection: &Selection, by: Option<&str>) -> Answer {
        if by.is_none() {
            return Err(Refusal::NeedsPerson);
        }
        let members = self.select(selection)?;
        let mut resent = 0;
        for at in members.iter().copied() {
            if self.enrollments[at].phase == Phase::Unknown {
                let claims = self.claims.iter();
                let mut tokens = claims.filter(|(_, it)| it.enrollment == at).map(|it| *it.0);
                if let Some(token) = tokens.next() {
                    self.send_again(token, at);
                    resent += 1;
                }
            }
        }
        let (still_held, held_by) = self.still_held(&members);
        let selected = members.len() as u64;
        Ok(Outcome::Resent { selected, resent, still_held, held_by })
    }

    /// What is out of its timeline: by campaign and prospect, its token and the step.
    #[must_use]
    pub fn in_flight(&self) -> Vec<(String, String, Token, usize)> {
        let in_flight = |(token, claim): (&Token, &Claim)| {
            let it = &self.enrollments[claim.enrollment];
            (it.campaign.clone(), it.prospect.clone(), *token, it.position + 1)
        };
        self.claims.iter().map(in_flight).collect()
    }
}
