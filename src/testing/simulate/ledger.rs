//! What a host may rely on, kept from its answers alone: which holds were acknowledged, what went
//! and may not go again, and who is enrolled. It knows nothing of the engine's insides and nothing
//! of the model.

use std::collections::{BTreeMap, BTreeSet};

use super::Breach;
use crate::engine::view::EnrollmentView;
use crate::model::{
    Action, HoldId, HoldKind, HoldTarget, Instant, Outcome, Report, Scope, Token, Verdict,
};
use crate::testing::world::{Out, SendKey, token_of};

/// A hold as it was answered.
#[derive(Clone, Debug)]
struct Held {
    kind: HoldKind,
    scope: Scope,
    target: String,
    until: Option<Instant>,
    by_rule: bool,
    /// The command that placed it, and whether its answer was heard.
    placed_by: u64,
    heard: bool,
}

impl Held {
    fn covers(&self, row: &EnrollmentView, now: Instant) -> bool {
        let company = row.company.as_deref();
        let target = match self.scope {
            Scope::Enrollment => format!("{} in {}", row.prospect, row.campaign),
            Scope::Prospect => row.prospect.clone(),
            Scope::CompanyInCampaign => match company {
                Some(company) => format!("{company} in {}", row.campaign),
                None => return false,
            },
            Scope::Company => match company {
                Some(company) => company.to_owned(),
                None => return false,
            },
            Scope::Sender => row.sender.clone(),
            Scope::Campaign => row.campaign.clone(),
            Scope::Workspace => return self.until.is_none_or(|until| until > now),
        };
        self.target == target && self.until.is_none_or(|until| until > now)
    }

    /// Whether it may be about a prospect and nobody else.
    fn is_about(&self, prospect: &str) -> bool {
        match self.scope {
            Scope::Prospect => self.target == prospect,
            Scope::Enrollment => {
                self.target.strip_prefix(prospect).is_some_and(|rest| rest.starts_with(" in "))
            }
            _ => false,
        }
    }
}

/// Of one person in one campaign.
type Who = (String, String);

#[derive(Clone, Debug, Default)]
pub(super) struct Ledger {
    holds: BTreeMap<HoldId, Held>,
    /// The sends that were claimed or are out, by token.
    known: BTreeMap<Token, SendKey>,
    /// What may not go again.
    went: BTreeSet<SendKey>,
    /// How many steps went, or may have gone.
    gone: BTreeMap<Who, usize>,
    enrolled: BTreeSet<Who>,
}

/// A command that was applied, and what came of it.
pub(super) struct Turn<'a> {
    pub(super) number: u64,
    pub(super) action: &'a Action,
    pub(super) outcome: &'a Outcome,
    /// What is shown after it.
    pub(super) rows: &'a [EnrollmentView],
    pub(super) now: Instant,
    /// The sends that were out before it, and those that are after it.
    pub(super) out: (&'a [Out], &'a [Out]),
}

impl Ledger {
    pub(super) fn knows(&self, token: Token) -> Option<&SendKey> {
        self.known.get(&token)
    }

    pub(super) fn went(&self, send: &SendKey) -> bool {
        self.went.contains(send)
    }

    /// The answer to a command was heard: from here on its holds are relied on.
    pub(super) fn heard(&mut self, number: u64) {
        let theirs = self.holds.values_mut().filter(|held| held.placed_by == number);
        theirs.for_each(|held| held.heard = true);
    }

    /// Writes down what a command did, and judges it.
    pub(super) fn write(&mut self, turn: &Turn<'_>) -> Result<(), Breach> {
        self.sends(turn)?;
        self.holds(turn);
        let Turn { action, outcome, .. } = turn;
        match (action, outcome) {
            (Action::Enroll { campaign, prospect }, Outcome::Enrolled { .. }) => {
                self.enrolled.insert((campaign.clone(), prospect.clone()));
            }
            (Action::Forget { prospect, .. }, Outcome::Forgotten { .. }) => {
                self.enrolled.retain(|(_, who)| who != prospect);
                self.gone.retain(|(_, who), _| who != prospect);
                self.went.retain(|(_, who, _)| who != prospect);
                self.holds.retain(|_, held| !held.is_about(prospect));
            }
            _ => {}
        }
        self.nothing_is_lost(turn)
    }

    fn sends(&mut self, turn: &Turn<'_>) -> Result<(), Breach> {
        let (before, after) = turn.out;
        if let Outcome::Claimed { sends, .. } = turn.outcome {
            for send in sends {
                let key = (send.campaign.clone(), send.prospect.clone(), send.step);
                if self.known.insert(send.token, key).is_some() {
                    let what = format!("token {} was given twice", send.token);
                    return Err(Breach::Differs { what });
                }
            }
        }
        if matches!(turn.action, Action::Restored { .. }) {
            // What was claimed may have gone since the backup, too.
            for out in before {
                let (campaign, prospect, _) = out.send.clone();
                *self.gone.entry((campaign, prospect)).or_default() += 1;
            }
        }
        for out in after {
            // It went out of its timeline by itself: it may have gone before a restore.
            if self.known.insert(out.token, out.send.clone()).is_none() {
                let (campaign, prospect, _) = out.send.clone();
                *self.gone.entry((campaign, prospect)).or_default() += 1;
            }
        }
        let token = token_of(&mut turn.action.clone()).map(|token| *token);
        let send = token.and_then(|token| self.known.get(&token)).cloned();
        match (turn.action, turn.outcome, send) {
            (Action::Confirm { .. }, Outcome::Confirmed(Verdict::Go), Some(send)) => {
                self.go(turn, send)?;
            }
            (
                Action::Report {
                    report: Report::FailedTemporarily | Report::FailedPermanently,
                    ..
                }
                | Action::Resend { .. },
                Outcome::Applied,
                Some(send),
            ) => {
                self.went.remove(&send);
            }
            (Action::ResendSelected { .. }, Outcome::Resent { .. }, _) => {
                let stays = |it: &Out| after.iter().any(|other| other.token == it.token);
                for resent in before.iter().filter(|it| !stays(it)) {
                    self.went.remove(&resent.send);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn go(&mut self, turn: &Turn<'_>, send: SendKey) -> Result<(), Breach> {
        let (campaign, prospect, step) = &send;
        let mut rows = turn.rows.iter();
        let row = rows.find(|row| row.campaign == *campaign && row.prospect == *prospect);
        let Some(row) = row else {
            let what = format!("{prospect} in {campaign} went and is not there");
            return Err(Breach::Lost { what });
        };
        let heard = self.holds.iter().filter(|(_, held)| held.heard);
        let covering = heard.filter(|(_, held)| held.covers(row, turn.now)).map(|(id, _)| *id);
        let shown = row.holds.iter().map(|hold| hold.id);
        if let Some(hold) = covering.chain(shown).next() {
            let send = format!("step {step} of {prospect} in {campaign}");
            return Err(Breach::LeftAfter { send, hold });
        }
        *self.gone.entry((campaign.clone(), prospect.clone())).or_default() += 1;
        if !self.went.insert(send.clone()) {
            let send = format!("step {step} of {prospect} in {campaign}");
            return Err(Breach::LeftTwice { send });
        }
        Ok(())
    }

    /// What was placed, and what may have been lifted: in doubt it was.
    fn holds(&mut self, turn: &Turn<'_>) {
        let placed_by = turn.number;
        match (turn.action, turn.outcome) {
            (Action::Hold { kind, target, until, .. }, Outcome::Held { hold, live: true, .. }) => {
                if let Some((scope, target)) = named(target) {
                    let (kind, until) = (*kind, *until);
                    let (by_rule, heard) = (false, false);
                    let held = Held { kind, scope, target, until, by_rule, placed_by, heard };
                    self.holds.insert(*hold, held);
                }
            }
            (_, Outcome::Recorded { holds, lifted, .. }) => {
                lifted.iter().for_each(|hold| drop(self.holds.remove(hold)));
                for change in holds.iter().filter(|change| change.live) {
                    let held = Held {
                        kind: change.kind,
                        scope: change.scope,
                        target: change.target.clone(),
                        until: change.until,
                        by_rule: true,
                        placed_by,
                        heard: false,
                    };
                    self.holds.entry(change.hold).or_insert(held);
                }
            }
            (_, Outcome::Retracted { lifted, .. }) => {
                lifted.iter().for_each(|hold| drop(self.holds.remove(hold)));
            }
            (Action::Lift { hold, .. }, Outcome::Applied) => drop(self.holds.remove(hold)),
            (Action::Resume { target, prospects, .. }, Outcome::Resumed { .. }) => {
                // With prospects, what is on the people of what is named goes, too.
                let of_them = |held: &Held| match target {
                    HoldTarget::Enrollment { prospect, .. } => held.target == *prospect,
                    _ => true,
                };
                let goes =
                    |held: &Held| *prospects && held.scope == Scope::Prospect && of_them(held);
                let stays = |held: &Held| match named(target) {
                    Some((scope, target)) => (held.scope, &held.target) != (scope, &target),
                    None => !matches!(held.scope, Scope::Enrollment | Scope::Prospect),
                };
                self.holds
                    .retain(|_, held| held.kind == HoldKind::Stop || (stays(held) && !goes(held)));
            }
            (Action::Reschedule { resume: true, .. }, Outcome::Rescheduled { .. }) => {
                let stays = |held: &Held| held.scope != Scope::Enrollment;
                self.holds.retain(|_, held| held.kind == HoldKind::Stop || stays(held));
            }
            // What is reported is an event, too, and a rule may lift on it without being told of.
            (Action::Report { .. }, Outcome::Applied) => {
                self.holds.retain(|_, held| held.kind == HoldKind::Stop || !held.by_rule);
            }
            _ => {}
        }
    }

    /// Every enrolled step waits, is held, is out, is unknown or is done; and what is done left.
    fn nothing_is_lost(&self, turn: &Turn<'_>) -> Result<(), Breach> {
        use crate::model::Status;
        let lost = |what: String| Err(Breach::Lost { what });
        let there: BTreeSet<(&str, &str)> =
            turn.rows.iter().map(|row| (&*row.campaign, &*row.prospect)).collect();
        for (campaign, prospect) in &self.enrolled {
            if !there.contains(&(&**campaign, &**prospect)) {
                return lost(format!("{prospect} is in {campaign} no more"));
            }
        }
        for row in turn.rows {
            let who = (row.campaign.clone(), row.prospect.clone());
            if !self.enrolled.contains(&who) {
                continue;
            }
            let mut out = turn.out.1.iter();
            let out = out.any(|it| it.send.0 == who.0 && it.send.1 == who.1);
            let fits = match row.status {
                Status::Sending | Status::OutcomeUnknown => out,
                Status::Scheduled => !out && row.next.is_some(),
                _ => !out,
            };
            let key = format!("{} in {}", row.prospect, row.campaign);
            if !fits {
                return lost(format!("{key} is {}, and out: {out}", row.status));
            }
            let gone = self.gone.get(&who).copied().unwrap_or(0);
            if usize::from(row.sent) > gone {
                return lost(format!("{key} has {} steps behind it, {gone} left", row.sent));
            }
        }
        Ok(())
    }
}

/// The scope and the key of a target, as holds are answered; none of a selection.
fn named(target: &HoldTarget) -> Option<(Scope, String)> {
    Some(match target {
        HoldTarget::Enrollment { campaign, prospect } => {
            (Scope::Enrollment, format!("{prospect} in {campaign}"))
        }
        HoldTarget::Prospect(prospect) => (Scope::Prospect, prospect.clone()),
        HoldTarget::CompanyInCampaign { company, campaign } => {
            (Scope::CompanyInCampaign, format!("{company} in {campaign}"))
        }
        HoldTarget::Company(company) => (Scope::Company, company.clone()),
        HoldTarget::Sender(sender) => (Scope::Sender, sender.clone()),
        HoldTarget::Campaign(campaign) => (Scope::Campaign, campaign.clone()),
        HoldTarget::Workspace => (Scope::Workspace, "everything".to_owned()),
        HoldTarget::Selection(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{Held, Ledger, Turn, named};
    use crate::engine::State;
    use crate::model::{
        Action, Command, Event, HoldId, HoldKind, HoldTarget, Instant, Outcome, PolicyBundle,
        PolicyFile, Scope,
    };
    use crate::testing::world;

    const EVERY_SCOPE: &str = "policy 1\nrule all {\n  on reply\n  pause enrollment\n  \
        pause prospect\n  pause company in campaign\n  pause company\n  pause sender\n  \
        pause campaign\n  pause workspace\n}\n";

    /// A hold that a rule placed on everything was kept under another name than the resume that
    /// lifted it, so a send that went after that counted as one that must not go. The names are
    /// those that the engine answers with.
    #[test]
    fn targets_are_named_as_the_engine_answers() {
        let mut state = State::new();
        let begin = world::BEGIN.parse().unwrap();
        let mut apply = |action| state.apply(&mut Command::new(begin, action)).outcome;
        for action in world::beginning() {
            apply(action);
        }
        let (name, text) = ("all.rules".to_owned(), EVERY_SCOPE.to_owned());
        let files = vec![PolicyFile { name, text }];
        assert_eq!(apply(Action::PutPolicy(PolicyBundle { files })), Outcome::Applied);
        let reply = Event::new("reply", "e0").prospect("ann@acme.io").campaign("summer");
        let Outcome::Recorded { holds, .. } = apply(Action::Record(reply.with("kind", "human")))
        else {
            panic!("it was not recorded");
        };
        let (campaign, prospect) = ("summer".to_owned(), "ann@acme.io".to_owned());
        let company = "acme.io".to_owned();
        let targets = [
            HoldTarget::Enrollment { campaign: campaign.clone(), prospect: prospect.clone() },
            HoldTarget::Prospect(prospect),
            HoldTarget::CompanyInCampaign { company: company.clone(), campaign: campaign.clone() },
            HoldTarget::Company(company),
            HoldTarget::Sender("s2".to_owned()),
            HoldTarget::Campaign(campaign),
            HoldTarget::Workspace,
        ];
        let answered: Vec<(Scope, String)> =
            holds.into_iter().map(|hold| (hold.scope, hold.target)).collect();
        let expected: Vec<_> = targets.iter().filter_map(named).collect();
        assert_eq!(answered, expected);
    }

    /// A person's hold stayed in the ledger when one of its enrollments was resumed with it, and so
    /// what went after that counted as one that must not go. `with-prospects` lifts both.
    #[test]
    fn resuming_an_enrollment_with_its_prospect_lifts_what_is_on_the_prospect() {
        let held = |scope, target: &str| Held {
            kind: HoldKind::Pause,
            scope,
            target: target.to_owned(),
            until: None,
            by_rule: true,
            placed_by: 1,
            heard: true,
        };
        let kept = |prospects| {
            let mut ledger = Ledger::default();
            let all = [
                held(Scope::Enrollment, "ann in c"),
                held(Scope::Prospect, "ann"),
                held(Scope::Prospect, "bob"),
            ];
            ledger.holds = (0..).map(HoldId).zip(all).collect();
            let (campaign, prospect) = ("c".to_owned(), "ann".to_owned());
            let target = HoldTarget::Enrollment { campaign, prospect };
            let action = Action::Resume { target, prospects, reschedule: None, reason: None };
            let outcome =
                Outcome::Resumed { selected: None, lifted: 1, still_held: 0, held_by: Vec::new() };
            let (rows, out, now) = (&[][..], (&[][..], &[][..]), Instant::MIN);
            let turn = Turn { number: 2, action: &action, outcome: &outcome, rows, now, out };
            ledger.write(&turn).unwrap();
            ledger.holds.into_keys().collect::<Vec<_>>()
        };
        assert_eq!(kept(false), [HoldId(1), HoldId(2)]);
        assert_eq!(kept(true), [HoldId(2)]);
    }
}
