//! Recording an event: the policy is evaluated, and what its rules say is done. Taking one back.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use super::facts::{About, LiveFacts};
use super::fingerprint::Fingerprint;
use super::index::{event_key, hold_key};
use super::record::{CauseRecord, Ended, HoldRecord, NONE, Origin, Target};
use super::workspace::{
    Answer, DAY_MS, REMEMBERED_DAYS, Workspace, day_number, invalid, key, known, text,
};
use crate::lang::{Effect, End, Ending, EventError, Fired, Policy, RuleIndex, TypedEvent};
use crate::model::{
    Event, HoldChange, HoldId, HoldKind, Instant, Outcome, Refusal, ResumeMode, Scope,
};
use crate::plan;

/// An event may say that it happened this long after the command's instant.
const FUTURE_MS: i64 = 10 * 60 * 1000;
/// The source of the events that the engine makes of reports; their ids are tokens.
pub(crate) const OWN_SOURCE: &str = "holdline";
/// The most attributes of an event.
const MAX_ATTRIBUTES: usize = 256;

impl Workspace {
    pub(crate) fn record(&mut self, event: &Event) -> Answer {
        key("event.id", &event.id)?;
        if !event.source.is_empty() {
            key("event.source", &event.source)?;
        }
        if event.source == OWN_SOURCE {
            let why = format!("`{OWN_SOURCE}` is the source of the engine's own events");
            return Err(invalid("event.source", why));
        }
        let identity = event_key(&event.source, &event.id);
        if self.index.seen.find(&self.data.seen, identity).is_some() {
            self.data.tally.duplicates += 1;
            return Ok(Outcome::Duplicate);
        }
        self.check_when(event)?;
        let Some(policy) = self.data.policy().cloned() else {
            return Err(Refusal::NoPolicy);
        };
        let about = self.about(event)?;
        let typed = policy.read(event).map_err(|error| refusal(&policy, event, error))?;
        let retracted = self.data.retracted.contains_key(&identity);
        self.note_seen(identity, retracted);
        self.data.tally.events += 1;
        if retracted {
            Arc::make_mut(&mut self.data.retracted).remove(&identity);
            return Ok(nothing_fired());
        }
        let at = event.at.unwrap_or(self.data.now);
        let place = (about, at, false);
        self.count_aside(event, identity, place);
        let fired = self.evaluate(&policy, &typed, identity, place);
        let outcome = self.obey(event, about, &policy, &fired);
        if event.kind == "delivered" {
            self.settle_unknown(about, at);
        }
        Ok(outcome)
    }

    /// Counts an event, and asks the policy what its rules do: the windows include the event.
    fn evaluate(
        &mut self,
        policy: &Policy,
        typed: &TypedEvent,
        identity: Fingerprint,
        place: (About, Instant, bool),
    ) -> Vec<Fired> {
        self.count(policy, typed, identity, place);
        let mut fired = Vec::new();
        let facts = LiveFacts::new(&self.data, &self.index, place.0, place.1);
        policy.evaluate(typed, &facts, &mut fired);
        if let Some(heard) = &mut self.heard {
            heard.push(policy.witness(typed, &facts));
        }
        fired
    }

    /// Evaluates the policy on a report, which the engine itself makes an event of.
    pub(crate) fn evaluate_report(&mut self, event: &Event, about: About) {
        let (identity, at) = (event_key(OWN_SOURCE, &event.id), event.at.unwrap_or(self.data.now));
        let place = (about, at, true);
        self.count_aside(event, identity, place);
        let Some(policy) = self.data.policy().cloned() else {
            return;
        };
        // The vocabulary declares the reports; a policy cannot declare them otherwise.
        let Ok(typed) = policy.read(event) else {
            return;
        };
        let fired = self.evaluate(&policy, &typed, identity, place);
        self.obey(event, about, &policy, &fired);
    }

    fn check_when(&self, event: &Event) -> Result<(), Refusal> {
        let Some(at) = event.at else { return Ok(()) };
        let now = self.data.now;
        if at.ms_since(now) > FUTURE_MS {
            return Err(Refusal::EventInFuture { at, now });
        }
        let horizon = now.plus_ms(-i64::from(REMEMBERED_DAYS) * DAY_MS);
        if at < horizon {
            return Err(Refusal::EventTooOld { at, horizon });
        }
        Ok(())
    }

    fn note_seen(&mut self, event: Fingerprint, retracted: bool) {
        let day = day_number(self.data.now);
        let id = self.index.seen.note(&mut self.data.seen, event, day);
        if retracted {
            self.data.seen.take_back(id);
        }
    }

    /// What an event is about, as ids; a prospect brings the company along.
    pub(crate) fn about(&self, event: &Event) -> Result<About, Refusal> {
        if event.attributes.len() > MAX_ATTRIBUTES {
            return Err(Refusal::Limit {
                what: "attributes".to_owned(),
                most: MAX_ATTRIBUTES as u64,
                found: event.attributes.len() as u64,
            });
        }
        for (name, value) in &event.attributes {
            key("attribute", name)?;
            if let crate::model::Value::Text(value) = value {
                text(name, Some(value))?;
            }
        }
        let subject = &event.subject;
        let find = |what: &str, text: &Option<String>, names: &super::names::Names| {
            text.as_deref().map(|text| known(what, text, |text| names.id(text))).transpose()
        };
        let mut about = About {
            prospect: find("prospect", &subject.prospect, &self.data.prospect_names)?,
            company: find("company", &subject.company, &self.data.company_names)?,
            campaign: find("campaign", &subject.campaign, &self.data.campaign_names)?,
            sender: find("sender", &subject.sender, &self.data.sender_names)?,
            enrollment: None,
        };
        if let Some(prospect) = about.prospect {
            self.check_company(prospect, about.company, event)?;
            let company = self.data.prospects.get(prospect).map_or(NONE, |it| it.company);
            about.company = about.company.or((company != NONE).then_some(company));
            about.enrollment =
                about.campaign.and_then(|campaign| self.data.enrollment_id(campaign, prospect));
        }
        let none = about.prospect.is_none()
            && about.company.is_none()
            && about.campaign.is_none()
            && about.sender.is_none()
            && !subject.workspace;
        if none {
            let why = "expected a subject: a prospect, company, campaign, sender or the workspace";
            return Err(Refusal::BadSubject { kind: event.kind.clone(), why: why.to_owned() });
        }
        Ok(about)
    }

    /// An event is about a prospect or a company; where it names both, they belong together.
    fn check_company(
        &self,
        prospect: u32,
        named: Option<u32>,
        event: &Event,
    ) -> Result<(), Refusal> {
        let own = self.data.prospects.get(prospect).map_or(NONE, |it| it.company);
        match named {
            Some(company) if company != own => Err(Refusal::BadSubject {
                kind: event.kind.clone(),
                why: format!(
                    "`{}` is not of the company `{}`",
                    self.data.prospect_names.text(prospect),
                    self.data.company_names.text(company)
                ),
            }),
            _ => Ok(()),
        }
    }

    /// Does what the fired rules say: lifts first, as holds were before the event; then places.
    fn obey(&mut self, event: &Event, about: About, policy: &Policy, fired: &[Fired]) -> Outcome {
        let mut lifted = Vec::new();
        let mut ignored = false;
        for fired in fired {
            match &fired.action {
                Effect::Resume { scope, rules } => {
                    let name = |rule: &RuleIndex| policy.rules().get(usize::from(rule.0));
                    let names: Vec<&str> =
                        rules.iter().filter_map(name).map(|rule| rule.name.as_str()).collect();
                    self.lift_by_rule(event, about, *scope, &names, &mut lifted);
                }
                Effect::Ignore => ignored = true,
                _ => {}
            }
        }
        let mut placing = Placing { about, cause: None, holds: Vec::new(), errors: Vec::new() };
        for fired in fired {
            match &fired.action {
                Effect::Hold { kind, scope, end, mode } => {
                    let until = self.instant_of(about, end);
                    match self.targets(about, *scope) {
                        Ok(targets) => {
                            for target in targets {
                                let hold = (*kind, target, until, *mode);
                                self.place_by_rule(event, policy, fired, hold, None, &mut placing);
                            }
                        }
                        Err(why) => self.rule_error(event, policy, fired, why, &mut placing),
                    }
                }
                Effect::Error(why) => {
                    self.rule_error(event, policy, fired, why.to_string(), &mut placing);
                }
                _ => {}
            }
        }
        let Placing { holds, errors, .. } = placing;
        Outcome::Recorded { holds, lifted, ignored, errors }
    }

    /// An error never means "send": it holds the subject.
    fn rule_error(
        &mut self,
        event: &Event,
        policy: &Policy,
        fired: &Fired,
        why: String,
        placing: &mut Placing,
    ) {
        let about = placing.about;
        let target = about
            .prospect
            .map(Target::Prospect)
            .or(about.company.map(Target::Company))
            .or(about.campaign.map(Target::Campaign))
            .or(about.sender.map(Target::Sender))
            .unwrap_or(Target::Workspace);
        let hold = (HoldKind::Pause, target, None, ResumeMode::Keep);
        self.place_by_rule(event, policy, fired, hold, Some(&why), placing);
        let rule = policy.rules().get(usize::from(fired.rule.0)).map_or("", |rule| &rule.name);
        placing.errors.push(format!("rule `{rule}`: {why}"));
    }

    fn place_by_rule(
        &mut self,
        event: &Event,
        policy: &Policy,
        fired: &Fired,
        (kind, target, until, mode): (HoldKind, Target, Option<Instant>, ResumeMode),
        error: Option<&str>,
        placing: &mut Placing,
    ) {
        let now = self.data.now;
        let cause = match placing.cause {
            Some(cause) => cause,
            None => {
                let at = event.at.unwrap_or(now);
                let facts = LiveFacts::new(&self.data, &self.index, placing.about, at);
                let facts = facts.capture(policy.asked_windows(&event.kind));
                let policy = super::pages::dense(self.data.policies.len().saturating_sub(1));
                let cause =
                    CauseRecord { event: event.clone(), at: now, policy, facts: Box::new(facts) };
                *placing.cause.insert(self.data.causes.push(cause))
            }
        };
        let RuleIndex(rule) = fired.rule;
        let hold = HoldRecord {
            kind,
            target,
            mode,
            origin: Origin::Rule { rule, effect: fired.effect, cause, error: error.map(Box::from) },
            placed: now,
            until,
            ended: None,
            members: None,
        };
        let (scope, target) = (hold.target.scope(), self.data.target_name(&hold.target));
        // The same event placed this hold before: nothing changes, also if it was lifted since.
        let known = hold_key(&self.data, &hold)
            .and_then(|(identity, _)| self.index.holds.get(identity).copied())
            .filter(|id| self.data.remembered_hold(*id).is_some());
        let id = known.unwrap_or_else(|| self.place_hold(hold));
        let live = self.data.holds.get(id).is_some_and(HoldRecord::is_live);
        let name = policy.rules().get(usize::from(rule)).map_or("", |rule| &rule.name);
        let rule = if error.is_some() { "rule-error" } else { name };
        placing.holds.push(HoldChange {
            hold: HoldId(id),
            rule: rule.to_owned(),
            kind,
            scope,
            target,
            until,
            live,
        });
    }

    /// What a `resume` rule lifts: pauses on the target that the named rules placed.
    fn lift_by_rule(
        &mut self,
        event: &Event,
        about: About,
        scope: Scope,
        rules: &[&str],
        lifted: &mut Vec<HoldId>,
    ) {
        for target in self.targets(about, scope).unwrap_or_default() {
            let Some(anchor) = self.data.anchor_of(&target) else {
                continue;
            };
            for id in anchor.live().to_vec() {
                let Some(hold) = self.data.holds.get(id) else {
                    continue;
                };
                let by_rule = matches!(hold.origin, Origin::Rule { .. });
                let named =
                    self.data.rule_name(hold).is_some_and(|name| rules.contains(&name.as_str()));
                if hold.kind == HoldKind::Pause && by_rule && named {
                    // A token means nothing to who reads it, and differs from run to run.
                    let own = event.source == OWN_SOURCE;
                    let named = if own { &event.kind } else { &event.id };
                    let ended = Ended::Rule { event: named.as_str().into() };
                    self.end_hold(id, self.data.now, ended);
                    lifted.push(HoldId(id));
                }
            }
        }
    }

    /// When a hold ends. Dates are midnights in the prospect's zone, else the workspace's.
    fn instant_of(&self, about: About, ending: &Ending) -> Option<Instant> {
        let now = self.data.now;
        let zone = match about.prospect {
            Some(prospect) => self.data.prospect_zone(prospect),
            None => self.data.workspace_zone(),
        };
        let after = |ms: u64| now.plus_ms(i64::try_from(ms).unwrap_or(i64::MAX));
        let end = match ending.end {
            End::Open => return None,
            End::After { ms } => after(ms),
            End::At(at) => at,
            End::OnDate(date) => zone.day_start(date),
            End::DayAfter(date) => plan::day_after(date, zone),
            End::NextBusinessDay(after) => {
                plan::next_business_day(after.map_or(now, |date| zone.day_start(date)), zone)
            }
        };
        Some(ending.max_ms.map_or(end, |most| end.min(after(most))))
    }

    /// What a scope means for an event's subject.
    ///
    /// Where the event leaves it open, the safe reading is taken: without a campaign, `enrollment`
    /// is every enrollment of the prospect; who has no company is a company of one.
    fn targets(&mut self, about: About, scope: Scope) -> Result<Vec<Target>, String> {
        let missing =
            |what: &str| Err(format!("it acts on `{scope}`, but the event names no {what}"));
        match scope {
            Scope::Workspace => Ok(vec![Target::Workspace]),
            Scope::Campaign => match about.campaign {
                Some(campaign) => Ok(vec![Target::Campaign(campaign)]),
                None => missing("campaign"),
            },
            Scope::Sender => {
                let of_enrollment = || {
                    let record = self.data.enrollments.get(about.enrollment?)?;
                    Some(record.sender)
                };
                match about.sender.or_else(of_enrollment) {
                    Some(sender) => Ok(vec![Target::Sender(sender)]),
                    None => missing("sender"),
                }
            }
            Scope::Prospect => match about.prospect {
                Some(prospect) => Ok(vec![Target::Prospect(prospect)]),
                None => missing("prospect"),
            },
            Scope::Company => match (about.company, about.prospect) {
                (Some(company), _) => Ok(vec![Target::Company(company)]),
                (None, Some(prospect)) => Ok(vec![Target::Prospect(prospect)]),
                (None, None) => missing("company"),
            },
            Scope::Enrollment | Scope::CompanyInCampaign => self.in_campaigns(about, scope),
        }
    }

    fn in_campaigns(&mut self, about: About, scope: Scope) -> Result<Vec<Target>, String> {
        let whole_company = scope == Scope::CompanyInCampaign;
        if let (true, Some(company), Some(campaign)) =
            (whole_company, about.company, about.campaign)
        {
            return Ok(vec![Target::CompanyInCampaign(self.data.pair(company, campaign))]);
        }
        let Some(prospect) = about.prospect else {
            let what = if whole_company { "campaign" } else { "prospect" };
            return Err(format!("it acts on `{scope}`, but the event names no {what}"));
        };
        let mut enrollments: Vec<u32> = match about.campaign {
            Some(_) => match about.enrollment {
                Some(enrollment) => vec![enrollment],
                None => {
                    let why = "but the prospect is not in the campaign that the event names";
                    return Err(format!("it acts on `{scope}`, {why}"));
                }
            },
            None => self.data.enrollments_of(prospect).collect(),
        };
        enrollments.reverse();
        let target = |enrollment: u32| match about.company.filter(|_| whole_company) {
            None => Target::Enrollment(enrollment),
            Some(company) => {
                let record = self.data.enrollments.get(enrollment);
                let campaign = record.map_or(NONE, |record| record.campaign);
                Target::CompanyInCampaign(self.data.pair(company, campaign))
            }
        };
        Ok(enrollments.into_iter().map(target).collect())
    }

    pub(crate) fn retract(
        &mut self,
        source: &str,
        event: &str,
        by: Option<&str>,
        reason: Option<&str>,
    ) -> Answer {
        key("event", event)?;
        if !source.is_empty() {
            key("source", source)?;
        }
        text("reason", reason)?;
        let identity = event_key(source, event);
        let seen = self.index.seen.find(&self.data.seen, identity);
        let is_remembered = |id: &u32| self.data.remembered_hold(*id).is_some();
        let placed = self.index.placed_by.get(identity).map_or(&[][..], |placed| placed);
        let placed: Vec<u32> = placed.iter().copied().filter(is_remembered).collect();
        self.uncount_aside(identity);
        let counted = self.uncount(identity);
        if seen.is_none() && placed.is_empty() && !counted {
            let day = day_number(self.data.now);
            Arc::make_mut(&mut self.data.retracted).insert(identity, day);
            return Ok(Outcome::Retracted { seen: false, lifted: vec![], kept: vec![] });
        }
        if let Some(id) = seen {
            self.data.seen.take_back(id);
        }
        let (mut lifted, mut kept) = (Vec::new(), Vec::new());
        for id in placed {
            let Some(hold) = self.data.holds.get(id).filter(|hold| hold.is_live()) else {
                continue;
            };
            let ended = match (hold.kind, by, reason) {
                (HoldKind::Pause, ..) => Ended::Retracted { by: by.map(Box::from) },
                (HoldKind::Stop, Some(by), Some(reason)) => {
                    Ended::Person { by: by.into(), reason: Some(reason.into()) }
                }
                (HoldKind::Stop, ..) => {
                    kept.push(HoldId(id));
                    continue;
                }
            };
            self.end_hold(id, self.data.now, ended);
            lifted.push(HoldId(id));
        }
        Ok(Outcome::Retracted { seen: true, lifted, kept })
    }

    /// A delivery event says what became of a send whose outcome was unknown.
    fn settle_unknown(&mut self, about: About, at: Instant) {
        let Some(enrollment) = about.enrollment else {
            return;
        };
        let unknown = self.index.unknown.get(&enrollment).copied();
        let claim = unknown.and_then(|token| Some((token, *self.data.claims.get(&token)?)));
        if let Some((token, claim)) = claim {
            // What was delivered before this one left was another.
            let left = claim.confirmed.filter(|confirmed| *confirmed <= at);
            if left.is_some() {
                self.mark_sent(token, &claim, at.min(self.data.now));
            }
        }
    }
}

/// The holds of one event, as they are placed.
struct Placing {
    about: About,
    cause: Option<u32>,
    holds: Vec<HoldChange>,
    errors: Vec<String>,
}

const fn nothing_fired() -> Outcome {
    Outcome::Recorded { holds: vec![], lifted: vec![], ignored: false, errors: vec![] }
}

pub(crate) fn refusal(policy: &Policy, event: &Event, error: EventError) -> Refusal {
    match error {
        EventError::UnknownType { kind, nearest } => {
            let help = match nearest {
                Some(nearest) => format!("; did you mean `{nearest}`?"),
                None => format!("; {} types are declared", policy.event_names().count()),
            };
            Refusal::UnknownEventType { kind, help }
        }
        EventError::BadAttribute { attribute, why, .. } => {
            Refusal::BadAttribute { kind: event.kind.clone(), attribute, why }
        }
    }
}
