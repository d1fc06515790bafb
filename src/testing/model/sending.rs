//! Claims, the last look, reports, resends.

use super::holds::{Hold, Target};
use super::placing::{Asker, Due};
use super::{Answer, Claim, HOUR_MS, Model, Phase, unknown};
use crate::model::{
    DueSend, HoldKind, Instant, Outcome, Refusal, Report, ResumeMode, Revoked, Sender, Token,
    Verdict,
};

const BACKOFF_MS: [i64; 3] = [HOUR_MS / 4, HOUR_MS, 4 * HOUR_MS];
const RETRIES: u8 = 3;
/// Entries that one claim moves or takes the days of; then it answers with what it has.
const MOST_LOOKED: usize = 4096;

impl Model {
    fn gap_has_passed(&self, sender: &Sender) -> bool {
        let gap_ms = i64::try_from(sender.gap_ms.unwrap_or(0)).unwrap_or(i64::MAX);
        let last = self.went.get(&sender.key).and_then(|went| went.last());
        last.is_none_or(|(last, _)| last.plus_ms(gap_ms) <= self.now)
    }

    fn unconfirmed(&self, sender: &Sender) -> usize {
        let claims = self.claims.values().filter(|claim| claim.confirmed.is_none());
        claims.filter(|claim| self.enrollments[claim.enrollment].sender == sender.key).count()
    }

    fn opens_now(&self, sender: &Sender) -> bool {
        let today = self.sender_day(&sender.key, self.now);
        let held = !self.live_on(&Target::Sender(sender.key.clone())).is_empty();
        if held || self.is_frozen(&sender.key, today) {
            return false;
        }
        let waiting = self.unconfirmed(sender);
        if sender.gap_ms.unwrap_or(0) > 0 && (waiting > 0 || !self.gap_has_passed(sender)) {
            return false;
        }
        let taken = self.spent(&sender.key, today) + waiting;
        self.limit(&sender.key).is_none_or(|limit| taken < limit)
    }

    /// What a sender would send first: follow-ups before first messages, then by plan. What is
    /// covered has gone by once it gave its days back.
    fn first_due(&self, sender: &Sender) -> Option<usize> {
        (0..self.enrollments.len())
            .filter(|at| {
                let it = &self.enrollments[*at];
                it.sender == sender.key
                    && it.phase == Phase::Waiting
                    && it.has_next()
                    && it.planned.is_some_and(|planned| planned <= self.now)
                    && (!it.days.is_empty() || !self.is_covered(*at))
            })
            .min_by_key(|at| {
                let it = &self.enrollments[*at];
                (it.last_sent.is_none() && it.attempt == 0, it.planned, *at)
            })
    }

    /// The send that a sender takes next, if any may go now. What it meets on the way gives its
    /// days back if it is covered, and is put where it stands now.
    fn next_of(&mut self, sender: &Sender, looked: &mut usize) -> Option<usize> {
        while *looked < MOST_LOOKED {
            let at = self.first_due(sender)?;
            if self.is_covered(at) {
                self.enrollments[at].days.clear();
            } else {
                let before = (self.enrollments[at].planned, self.enrollments[at].days.clone());
                self.settle(at);
                let after = (self.enrollments[at].planned, self.enrollments[at].days.clone());
                // Where it moved to, another may come before it.
                if before == after {
                    return Some(at);
                }
            }
            *looked += 1;
        }
        None
    }

    /// One send of each sender in turn, going on after the one that was served last.
    pub(super) fn claim(&mut self, limit: u32, lease_ms: u64) -> Answer {
        let lease_ms = i64::try_from(lease_ms).unwrap_or(i64::MAX);
        if limit > 10_000 || !(1..=24 * HOUR_MS).contains(&lease_ms) {
            return Err(Refusal::Limit { what: String::new(), most: 0, found: 0 });
        }
        let lease_until = self.now.plus_ms(lease_ms);
        let everyone = self.sender_order.len();
        let (mut sends, mut looked) = (Vec::new(), 0);
        // While everything is held, nothing is looked at.
        let all_held = !self.live_on(&Target::Workspace).is_empty();
        while sends.len() < limit as usize && !all_held {
            let served = self.last_served;
            let mut turn = (1..=everyone).map(|step| (served + step) % everyone);
            let found = turn.find_map(|number| {
                let sender = self.senders[&self.sender_order[number]].clone();
                let opens = self.opens_now(&sender);
                let at = opens.then(|| self.next_of(&sender, &mut looked))??;
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
        Ok(Outcome::Claimed { sends, more: looked >= MOST_LOOKED })
    }

    fn take(&mut self, at: usize, token: Token, lease_until: Instant) -> DueSend {
        self.enrollments[at].phase = Phase::Claimed;
        let claim = Claim { enrollment: at, lease_until, confirmed: None, restored: None };
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
        self.drop_if_over(at);
    }

    /// Who has no step left has nothing planned.
    pub(super) fn drop_if_over(&mut self, at: usize) {
        let it = &mut self.enrollments[at];
        if it.phase == Phase::Waiting && !it.has_next() {
            (it.due, it.planned) = (Due::AfterDelay, None);
            it.days.clear();
        }
    }

    pub(super) fn confirm(&mut self, token: Token) -> Answer {
        let open = self.claims.get(&token).cloned();
        let Some(claim) = open.filter(|claim| claim.confirmed.is_none()) else {
            return Err(stale(token));
        };
        let at = claim.enrollment;
        if let Some(revoked) = self.refuses_to_go(at) {
            match revoked {
                Revoked::Held(_) => self.tally.called_back += 1,
                _ => self.tally.put_off += 1,
            }
            self.give_back(token, at);
            return Ok(Outcome::Confirmed(Verdict::Revoked(revoked)));
        }
        let sender = self.enrollments[at].sender.clone();
        let today = self.sender_day(&sender, self.now);
        self.went.entry(sender).or_default().push((self.now, today));
        self.count_for_company(at, today);
        let it = &mut self.enrollments[at];
        it.phase = Phase::Leaving;
        it.thawed.clear();
        it.days = it.days.iter().skip(1).copied().collect();
        let confirmed = Some(self.now);
        self.claims.insert(token, Claim { confirmed, ..claim });
        Ok(Outcome::Confirmed(Verdict::Go))
    }

    fn refuses_to_go(&self, at: usize) -> Option<Revoked> {
        let it = &self.enrollments[at];
        let covering: Vec<usize> = self.covering(at).map(|(id, _)| id).collect();
        if !covering.is_empty() {
            return Some(Revoked::Held(self.blocked_by(covering)));
        }
        // A step that its campaign no longer has is never open.
        if !it.has_next() || self.open_window(it, self.now).is_none() {
            return Some(Revoked::OutsideWindow);
        }
        let today = self.sender_day(&it.sender, self.now);
        let spent = self.spent(&it.sender, today);
        let full = self.limit(&it.sender).is_some_and(|limit| spent >= limit);
        let (company_had, company_full) = self.company_is_full(it, today);
        let full = full || company_had;
        let promised = it.days.first() == Some(&today);
        // What it has for the steps after this one it keeps.
        let own = it.days.iter().filter(|day| **day == today).count();
        let left = self.left(it, today, Asker::Conversation) > own && !company_full;
        if full || (!promised && !left) {
            return Some(Revoked::LimitReached);
        }
        let too_soon = !self.gap_has_passed(&self.senders[&it.sender]);
        too_soon.then_some(Revoked::GapNotPassed)
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
                let sent = sent.max(confirmed).min(self.now);
                let it = &mut self.enrollments[at];
                it.phase = Phase::Waiting;
                it.position += 1;
                it.attempt = 0;
                it.base = sent;
                it.last_sent = Some(sent);
                it.deliveries.push(confirmed);
                it.counts_from(sent);
                self.place_after_delivery(at);
                if let Some(until) = claim.restored {
                    self.may_have_followed(at, sent, until);
                }
                self.tally.sent += 1;
                self.tell(at, ("sent", sent), token, None);
            }
            Report::FailedTemporarily => self.failed(token, at, true),
            Report::FailedPermanently => self.failed(token, at, false),
            Report::Unknown => self.enrollments[at].phase = Phase::Unknown,
        }
        Ok(Outcome::Applied)
    }

    /// Where its natural day is the one that the next step was promised, it goes there.
    fn place_after_delivery(&mut self, at: usize) {
        let mut it = self.enrollments[at].clone();
        let natural = || self.natural(&it, self.after_delay(&it, it.base));
        let natural = if it.has_next() { natural() } else { None };
        let day = natural.map(|natural| self.sender_day(&it.sender, natural));
        if day.is_some() && day.as_ref() == it.days.first() {
            (it.due, it.planned) = (Due::AfterDelay, natural);
        } else {
            self.place(&mut it, Due::AfterDelay, Asker::Conversation);
        }
        self.enrollments[at] = it;
    }

    fn retry_from(&mut self, at: usize, from: Instant) {
        let mut it = self.enrollments[at].clone();
        it.phase = Phase::Waiting;
        self.place(&mut it, Due::From(from), Asker::Conversation);
        it.begin_anew(self.now);
        self.enrollments[at] = it;
        self.drop_if_over(at);
    }

    /// For now: again later, three times. Then, or if it failed for good, a person has to look.
    fn failed(&mut self, token: Token, at: usize, for_now: bool) {
        self.claims.remove(&token);
        self.tally.failed += 1;
        let it = &mut self.enrollments[at];
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
        self.retry_from(at, self.now.plus_ms(wait_ms));
        if let Some(why) = why {
            self.place_hold(Hold {
                kind: HoldKind::Pause,
                target: Target::Enrollment { campaign, prospect },
                until: None,
                mode: ResumeMode::Keep,
                rule: Some(why.to_owned()),
                identity: None,
                about: None,
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
        self.send_again(token, at);
        Ok(Outcome::Applied)
    }

    pub(super) fn send_again(&mut self, token: Token, at: usize) {
        self.claims.remove(&token);
        self.enrollments[at].attempt += 1;
        self.retry_from(at, self.now);
    }
}

const fn stale(token: Token) -> Refusal {
    let why = String::new();
    Refusal::StaleToken { token, why }
}
