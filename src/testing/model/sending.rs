//! Claims, the last look, reports, resends.

use super::holds::{Hold, Target};
use super::{Answer, Claim, Due, HOUR_MS, Model, Phase, unknown};
use crate::model::{
    DueSend, HoldKind, Instant, Outcome, Refusal, Report, ResumeMode, Revoked, Sender, Token,
    Verdict,
};
use crate::plan::{self, Zone};

const BACKOFF_MS: [i64; 3] = [HOUR_MS / 4, HOUR_MS, 4 * HOUR_MS];
const RETRIES: u8 = 3;

impl Model {
    fn sent_today(&self, sender: &Sender) -> usize {
        let zone = sender.zone.as_deref().and_then(Zone::named);
        let zone = zone.or(self.zone).unwrap_or(Zone::UTC);
        let today = zone.date_of(self.now);
        let went = self.went.get(&sender.key).into_iter().flatten();
        went.filter(|at| zone.date_of(**at) == today).count()
    }

    fn gap_has_passed(&self, sender: &Sender) -> bool {
        let gap_ms = i64::try_from(sender.gap_ms.unwrap_or(0)).unwrap_or(i64::MAX);
        let last = self.went.get(&sender.key).and_then(|went| went.last());
        last.is_none_or(|last| last.plus_ms(gap_ms) <= self.now)
    }

    fn unconfirmed(&self, sender: &Sender) -> usize {
        let claims = self.claims.values().filter(|claim| claim.confirmed.is_none());
        claims.filter(|claim| self.enrollments[claim.enrollment].sender == sender.key).count()
    }

    fn has_room(&self, sender: &Sender) -> bool {
        let waiting = self.unconfirmed(sender);
        if sender.gap_ms.unwrap_or(0) > 0 && (waiting > 0 || !self.gap_has_passed(sender)) {
            return false;
        }
        let taken = self.sent_today(sender) + waiting;
        sender.limit_per_day.is_none_or(|limit| taken < limit as usize)
    }

    /// What a sender would send first: follow-ups before first messages, then by plan.
    fn first_due(&self, sender: &Sender) -> Option<usize> {
        (0..self.enrollments.len())
            .filter(|at| {
                let it = &self.enrollments[*at];
                it.sender == sender.key
                    && it.phase == Phase::Waiting
                    && it.has_next()
                    && it.planned.is_some_and(|planned| planned <= self.now)
                    && self.covering(*at).next().is_none()
            })
            .min_by_key(|at| {
                let it = &self.enrollments[*at];
                (it.last_sent.is_none() && it.attempt == 0, it.planned, *at)
            })
    }

    /// One send of each sender in turn, going on after the one that was served last.
    pub(super) fn claim(&mut self, limit: u32, lease_ms: u64) -> Answer {
        let lease_ms = i64::try_from(lease_ms).unwrap_or(i64::MAX);
        if limit > 10_000 || !(1..=24 * HOUR_MS).contains(&lease_ms) {
            return Err(Refusal::Limit { what: String::new(), most: 0, found: 0 });
        }
        let lease_until = self.now.plus_ms(lease_ms);
        let everyone = self.sender_order.len();
        let mut sends = Vec::new();
        while sends.len() < limit as usize {
            let mut turn = (1..=everyone).map(|step| (self.last_served + step) % everyone);
            let found = turn.find_map(|number| {
                let sender = &self.senders[&self.sender_order[number]];
                let at = self.has_room(sender).then(|| self.first_due(sender))??;
                Some((number, at))
            });
            let Some((number, at)) = found else {
                break;
            };
            self.last_served = number;
            let token = Token {
                incarnation: 0,
                sequence: self.claims_made,
                index: u32::try_from(sends.len()).unwrap_or(u32::MAX),
            };
            sends.push(self.take(at, token, lease_until));
        }
        self.claims_made += 1;
        Ok(Outcome::Claimed { sends })
    }

    fn take(&mut self, at: usize, token: Token, lease_until: Instant) -> DueSend {
        self.enrollments[at].phase = Phase::Claimed;
        let claim = Claim { enrollment: at, lease_until, confirmed: None };
        self.claims.insert(token, claim);
        let it = self.enrollments[at].clone();
        let address = self.prospects[&it.prospect].address.clone();
        DueSend {
            token,
            address: address.unwrap_or_else(|| it.prospect.clone()),
            step: u16::try_from(it.position + 1).unwrap_or(u16::MAX),
            message: self.campaigns[&it.campaign].steps[it.position].name.clone(),
            attempt: it.attempt,
            planned: it.planned.unwrap_or_default(),
            campaign: it.campaign,
            prospect: it.prospect,
            sender: it.sender,
            lease_until,
        }
    }

    /// A lease that ends puts the send back, or makes its outcome unknown if it was leaving.
    pub(super) fn end_lease(&mut self, token: Token) {
        let claim = self.claims[&token].clone();
        if claim.confirmed.is_some() {
            self.enrollments[claim.enrollment].phase = Phase::Unknown;
        } else {
            self.give_back(token, claim.enrollment);
        }
    }

    fn give_back(&mut self, token: Token, at: usize) {
        self.claims.remove(&token);
        self.enrollments[at].phase = Phase::Waiting;
        self.catch_up(at, Instant::MIN);
    }

    pub(super) fn confirm(&mut self, token: Token) -> Answer {
        let open = self.claims.get(&token).cloned();
        let Some(claim) = open.filter(|claim| claim.confirmed.is_none()) else {
            return Err(stale(token));
        };
        let at = claim.enrollment;
        let sender = self.senders[&self.enrollments[at].sender].clone();
        let covering: Vec<usize> = self.covering(at).map(|(id, _)| id).collect();
        let limit = sender.limit_per_day.unwrap_or(u32::MAX) as usize;
        let revoked = if !covering.is_empty() {
            self.tally.called_back += 1;
            Revoked::Held(self.blocked_by(covering))
        } else if !plan::is_open(&self.next_timing(at), self.step_zone(at), self.now) {
            self.tally.put_off += 1;
            Revoked::OutsideWindow
        } else if self.sent_today(&sender) >= limit {
            self.tally.put_off += 1;
            Revoked::LimitReached
        } else if !self.gap_has_passed(&sender) {
            self.tally.put_off += 1;
            Revoked::GapNotPassed
        } else {
            self.enrollments[at].phase = Phase::Leaving;
            self.enrollments[at].missed.clear();
            self.went.entry(sender.key).or_default().push(self.now);
            let confirmed = Some(self.now);
            self.claims.insert(token, Claim { confirmed, ..claim });
            return Ok(Outcome::Confirmed(Verdict::Go));
        };
        self.give_back(token, at);
        Ok(Outcome::Confirmed(Verdict::Revoked(revoked)))
    }

    pub(super) fn report(&mut self, token: Token, report: Report) -> Answer {
        let Some(claim) = self.claims.get(&token).cloned() else {
            return Err(stale(token));
        };
        let Some(confirmed) = claim.confirmed else {
            return Err(stale(token));
        };
        let at = claim.enrollment;
        match report {
            Report::Sent { at: sent } => {
                self.claims.remove(&token);
                let sent = sent.clamp(confirmed, self.now);
                let it = &mut self.enrollments[at];
                it.phase = Phase::Waiting;
                it.position += 1;
                it.attempt = 0;
                it.base = sent;
                it.last_sent = Some(sent);
                it.due = Due::AfterDelay;
                self.place_anew(at);
                self.catch_up(at, sent);
                self.tally.sent += 1;
                self.tell(at, ("sent", sent), token, None);
            }
            Report::FailedTemporarily => self.failed(token, at, true),
            Report::FailedPermanently => self.failed(token, at, false),
            Report::Unknown => self.enrollments[at].phase = Phase::Unknown,
        }
        Ok(Outcome::Applied)
    }

    /// For now: again later, three times. Then, or if it failed for good, a person has to look.
    fn failed(&mut self, token: Token, at: usize, for_now: bool) {
        self.claims.remove(&token);
        self.tally.failed += 1;
        let it = &mut self.enrollments[at];
        it.phase = Phase::Waiting;
        it.attempt += 1;
        let wait_ms = BACKOFF_MS[usize::from(it.attempt.clamp(1, RETRIES)) - 1];
        let why = match for_now {
            true if it.attempt <= RETRIES => None,
            true => Some("send-failed-repeatedly"),
            false => Some("send-failed"),
        };
        if why.is_some() {
            it.attempt = 0;
        }
        let (campaign, prospect) = (it.campaign.clone(), it.prospect.clone());
        self.place(at, self.now.plus_ms(wait_ms));
        self.begin_anew(at);
        if let Some(why) = why {
            self.place_hold(Hold {
                kind: HoldKind::Pause,
                target: Target::Enrollment { campaign, prospect },
                until: None,
                mode: ResumeMode::Keep,
                rule: Some(why.to_owned()),
                identity: None,
                ended: None,
            });
        }
        let class = if for_now { "temporary" } else { "permanent" };
        self.tell(at, ("send.failed", self.now), token, Some(class));
    }

    pub(super) fn resend(&mut self, token: Token, by: Option<&str>) -> Answer {
        if by.is_none() {
            return Err(Refusal::NeedsPerson);
        }
        let Some(claim) = self.claims.get(&token).cloned() else {
            return Err(unknown("send", &token.to_string()));
        };
        let at = claim.enrollment;
        if self.enrollments[at].phase != Phase::Unknown {
            return Err(stale(token));
        }
        self.claims.remove(&token);
        self.enrollments[at].phase = Phase::Waiting;
        self.enrollments[at].attempt += 1;
        self.place(at, self.now);
        self.begin_anew(at);
        Ok(Outcome::Applied)
    }
}

const fn stale(token: Token) -> Refusal {
    let why = String::new();
    Refusal::StaleToken { token, why }
}
