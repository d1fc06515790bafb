//! Events: what is refused, what is a duplicate, what the rules do; taking one back.

use super::facts::{About, CountedEvent, Happened, Seen};
use super::holds::{Hold, Target, number};
use super::{Answer, DAY_MS, HOUR_MS, Model, known};
use crate::lang::{Effect, End, Ending, EventError, Fired, Policy, TypedEvent};
use crate::model::{
    Event, HoldChange, HoldId, HoldKind, Instant, Outcome, Refusal, Report, ResumeMode, Scope,
    Token,
};
use crate::plan::{self, Zone};

const REMEMBERED_DAYS: i64 = 30;

impl Model {
    fn today(&self) -> i64 {
        self.now.as_ms() / DAY_MS
    }

    fn was_seen(&self, identity: &(String, String)) -> bool {
        self.seen.get(identity).is_some_and(|day| self.remembers_day(*day))
    }

    /// Whether event ids of a day are remembered, of what came and of what was taken back before.
    fn remembers_day(&self, day: i64) -> bool {
        day >= self.today() - REMEMBERED_DAYS
    }

    pub(super) fn record(&mut self, event: &Event) -> Answer {
        let identity = (event.source.clone(), event.id.clone());
        if self.was_seen(&identity) {
            self.tally.duplicates += 1;
            return Ok(Outcome::Duplicate);
        }
        let now = self.now;
        if let Some(at) = event.at {
            if at.ms_since(now) > 600_000 {
                return Err(Refusal::EventInFuture { at, now });
            }
            let horizon = now.plus_ms(-REMEMBERED_DAYS * DAY_MS);
            if at < horizon {
                return Err(Refusal::EventTooOld { at, horizon });
            }
        }
        let policy = self.policy.clone().ok_or(Refusal::NoPolicy)?;
        let about = self.about(event)?;
        let typed = policy.read(event).map_err(|error| match error {
            EventError::UnknownType { kind, .. } => {
                Refusal::UnknownEventType { kind, help: String::new() }
            }
            EventError::BadAttribute { kind, attribute, .. } => {
                Refusal::BadAttribute { kind, attribute, why: String::new() }
            }
        })?;
        self.seen.insert(identity.clone(), self.today());
        self.tally.events += 1;
        let mut fired = Vec::new();
        let retracted = self.retracted_unseen.remove(&identity);
        if !retracted.is_some_and(|day| self.remembers_day(day)) {
            let at = event.at.unwrap_or(now);
            self.happened(event, &about, at, &identity);
            self.count(&policy, &typed, &about, at, &identity);
            let seen = Seen { model: self, about: &about, at };
            policy.evaluate(&typed, &seen, &mut fired);
            let outcome = self.obey(event, &about, &policy, &fired);
            if event.kind == "delivered" {
                self.delivered(&about, event.at.unwrap_or(now))?;
            }
            return Ok(outcome);
        }
        Ok(self.obey(event, &about, &policy, &fired))
    }

    /// A delivery event settles a send of which nobody knew whether it had left.
    fn delivered(&mut self, about: &About, at: Instant) -> Result<(), Refusal> {
        let mut claims = self.claims.iter();
        let unknown = claims.find(|(_, claim)| {
            about.enrollment == Some(claim.enrollment)
                && self.enrollments[claim.enrollment].phase == super::Phase::Unknown
        });
        // What was delivered before this one left was another.
        let unknown = unknown.filter(|(_, claim)| claim.confirmed.is_some_and(|left| left <= at));
        if let Some((token, _)) = unknown {
            let token: Token = *token;
            self.report(token, Report::Sent { at })?;
        }
        Ok(())
    }

    /// Reports are events too; nobody can say them twice.
    pub(super) fn tell(
        &mut self,
        at: usize,
        (kind, happened): (&str, Instant),
        token: Token,
        class: Option<&str>,
    ) {
        let enrollment = self.enrollments[at].clone();
        let about = About {
            company: self.prospects[&enrollment.prospect].company.clone(),
            sender: Some(enrollment.sender),
            enrollment: Some(at),
            campaign: Some(enrollment.campaign),
            prospect: Some(enrollment.prospect),
        };
        let mut event = Event::new(kind, token.to_string()).source("holdline");
        if let Some(class) = class {
            event = event.with("class", class);
        }
        let identity = (String::new(), token.to_string());
        self.happened(&event, &about, happened, &identity);
        let Some(policy) = self.policy.clone() else {
            return;
        };
        let Ok(typed) = policy.read(&event) else {
            return;
        };
        let mut fired = Vec::new();
        let at = happened;
        self.count(&policy, &typed, &about, at, &identity);
        let seen = Seen { model: self, about: &about, at };
        policy.evaluate(&typed, &seen, &mut fired);
        self.obey(&event, &about, &policy, &fired);
    }

    /// Remembers an event for policies that are published later.
    fn happened(&mut self, event: &Event, about: &About, at: Instant, identity: &(String, String)) {
        let (event, identity) = (event.clone(), identity.clone());
        let target = |scope: Scope| (scope, about.counted_for(self, scope));
        let targets = Scope::COUNTED.map(target).to_vec();
        self.happened.push(Happened { event, about: about.clone(), at, identity, targets });
    }

    /// Counts everything that happened as a new policy would have.
    pub(super) fn recount(&mut self, policy: &Policy) {
        let mut counted = Vec::new();
        for past in &self.happened {
            let Ok(typed) = policy.read(&past.event) else {
                continue;
            };
            let seen = Seen { model: self, about: &past.about, at: past.at };
            for (counter, of) in policy.counted_by(&typed, &seen) {
                let target = past.targets.iter().find(|(scope, _)| *scope == counter.scope);
                let Some((_, Some(target))) = target else {
                    continue;
                };
                if !counter.prospects || past.about.prospect.is_some() {
                    let (series, target, at) = (counter.series, target.clone(), past.at);
                    let prospect = past.about.prospect.clone();
                    let identity = past.identity.clone();
                    counted.push(CountedEvent { series, target, at, prospect, identity, of });
                }
            }
        }
        self.counted = counted;
    }

    /// Writes an event into the log of each window that counts its like.
    fn count(
        &mut self,
        policy: &Policy,
        typed: &TypedEvent,
        about: &About,
        at: Instant,
        identity: &(String, String),
    ) {
        let seen = Seen { model: self, about, at };
        let counters: Vec<_> = policy.counted_by(typed, &seen).collect();
        for (counter, of) in counters {
            let Some(target) = about.counted_for(self, counter.scope) else {
                continue;
            };
            if !counter.prospects || about.prospect.is_some() {
                let (series, identity) = (counter.series, identity.clone());
                let prospect = about.prospect.clone();
                self.counted.push(CountedEvent { series, target, at, prospect, identity, of });
            }
        }
    }

    /// Whether a window may still reach what was counted: it ends with an event, which may be late.
    fn may_be_asked_for(&self, counted: &CountedEvent) -> bool {
        let mut counters = self.policy.iter().flat_map(|policy| policy.counters());
        counters.find(|it| it.series == counted.series).is_some_and(|counter| {
            let unit = if counter.share { HOUR_MS } else { 1 };
            let late_ms = REMEMBERED_DAYS * DAY_MS;
            let kept_ms = i64::try_from(counter.keep_ms).unwrap_or(i64::MAX);
            counted.at.as_ms() / unit > self.now.plus_ms(-late_ms - kept_ms).as_ms() / unit
        })
    }

    fn about(&self, event: &Event) -> Result<About, Refusal> {
        let subject = &event.subject;
        known("prospect", subject.prospect.as_deref(), &self.prospects)?;
        known("company", subject.company.as_deref(), &self.companies)?;
        known("campaign", subject.campaign.as_deref(), &self.campaigns)?;
        known("sender", subject.sender.as_deref(), &self.senders)?;
        let named = [&subject.prospect, &subject.company, &subject.campaign, &subject.sender];
        if named.iter().all(|key| key.is_none()) && !subject.workspace {
            return Err(Refusal::BadSubject { kind: event.kind.clone(), why: String::new() });
        }
        let prospect = subject.prospect.as_ref();
        let of_prospect = prospect.and_then(|key| self.prospects[key].company.clone());
        if prospect.is_some() && subject.company.is_some() && subject.company != of_prospect {
            return Err(Refusal::BadSubject { kind: event.kind.clone(), why: String::new() });
        }
        let enrollment = (0..self.enrollments.len()).find(|at| {
            let it = &self.enrollments[*at];
            subject.prospect.as_ref() == Some(&it.prospect)
                && subject.campaign.as_ref() == Some(&it.campaign)
        });
        Ok(About {
            prospect: subject.prospect.clone(),
            company: subject.company.clone().or(of_prospect),
            campaign: subject.campaign.clone(),
            sender: subject.sender.clone(),
            enrollment,
        })
    }

    /// Lifts first, as holds were before the event; then each effect places its own hold.
    fn obey(&mut self, event: &Event, about: &About, policy: &Policy, fired: &[Fired]) -> Outcome {
        let (mut holds, mut errors) = (Vec::new(), Vec::new());
        let name = |rule: usize| policy.rules()[rule].name.clone();
        let lifted = self.lift_by_rules(about, policy, fired);
        for it in fired {
            let rule = name(it.rule.0.into());
            let placed = match &it.action {
                Effect::Hold { kind, scope, end, mode } => {
                    let until = self.ends(about, end);
                    let targets = self.targets(about, *scope);
                    targets.map(|targets| (*kind, targets, until, *mode))
                }
                Effect::Error(why) => Err(why.clone()),
                _ => continue,
            };
            let (kind, targets, until, mode, rule_name) = match placed {
                Ok((kind, targets, until, mode)) => (kind, targets, until, mode, rule.clone()),
                Err(why) => {
                    errors.push(why);
                    let subject = vec![subject(about)];
                    let mode = ResumeMode::Keep;
                    (HoldKind::Pause, subject, None, mode, "rule-error".to_owned())
                }
            };
            for target in targets {
                let (source, id) = (event.source.clone(), event.id.clone());
                let identity = (rule.clone(), it.effect, source, id, target.clone());
                let is_known = |id: &usize| {
                    let hold = &self.holds[*id];
                    hold.identity.as_ref() == Some(&identity) && self.remembers(hold)
                };
                let before = (0..self.holds.len()).find(is_known);
                let id = before.unwrap_or_else(|| {
                    self.place_hold(Hold {
                        kind,
                        target: target.clone(),
                        until,
                        mode,
                        rule: Some(rule_name.clone()),
                        identity: Some(identity),
                        about: about.prospect.clone(),
                        ended: None,
                    })
                });
                holds.push(HoldChange {
                    hold: number(id),
                    rule: rule_name.clone(),
                    kind,
                    scope: target.scope(),
                    target: target.name(),
                    until,
                    live: self.holds[id].live(),
                });
            }
        }
        Outcome::Recorded {
            holds,
            lifted,
            ignored: fired.iter().any(|it| it.action == Effect::Ignore),
            errors,
        }
    }

    /// What `resume` rules lift: pauses on the target that the named rules placed.
    fn lift_by_rules(&mut self, about: &About, policy: &Policy, fired: &[Fired]) -> Vec<HoldId> {
        let name = |rule: usize| policy.rules()[rule].name.clone();
        let mut lifted = Vec::new();
        for it in fired {
            let Effect::Resume { scope, rules } = &it.action else {
                continue;
            };
            let rules: Vec<String> = rules.iter().map(|rule| name(rule.0.into())).collect();
            for target in self.targets(about, *scope).unwrap_or_default() {
                for id in self.live_on(&target) {
                    let now = self.now;
                    let hold = &mut self.holds[id];
                    let named = hold.rule.as_ref().is_some_and(|it| rules.contains(it));
                    if hold.kind == HoldKind::Pause && named && hold.identity.is_some() {
                        hold.ended = Some(now);
                        lifted.push(number(id));
                    }
                }
            }
        }
        lifted
    }

    /// What a scope means for what the event is about.
    fn targets(&self, about: &About, scope: Scope) -> Result<Vec<Target>, String> {
        let about = about.clone();
        let missing = || format!("the event does not say for which {scope}");
        let enrollments = || -> Vec<usize> {
            let all = 0..self.enrollments.len();
            match about.campaign {
                Some(_) => about.enrollment.into_iter().collect(),
                None => all
                    .filter(|at| Some(&self.enrollments[*at].prospect) == about.prospect.as_ref())
                    .collect(),
            }
        };
        match (scope, about.company.clone(), about.campaign.clone()) {
            (Scope::Workspace, ..) => Ok(vec![Target::Workspace]),
            (Scope::Campaign, _, campaign) => {
                let campaign = campaign.map(Target::Campaign);
                Ok(vec![campaign.ok_or_else(missing)?])
            }
            (Scope::Sender, ..) => {
                let own = about.enrollment.map(|at| self.enrollments[at].sender.clone());
                let sender = about.sender.clone().or(own).map(Target::Sender);
                Ok(vec![sender.ok_or_else(missing)?])
            }
            (Scope::Company, Some(company), _) => Ok(vec![Target::Company(company)]),
            // Who has no company is a company of one.
            (Scope::Prospect | Scope::Company, ..) => {
                let prospect = about.prospect.clone().map(Target::Prospect);
                Ok(vec![prospect.ok_or_else(missing)?])
            }
            (Scope::CompanyInCampaign, Some(company), Some(campaign)) => {
                Ok(vec![Target::CompanyInCampaign { company, campaign }])
            }
            (Scope::Enrollment | Scope::CompanyInCampaign, company, _) => {
                let elsewhere = about.campaign.is_some() && about.enrollment.is_none();
                if about.prospect.is_none() || elsewhere {
                    return Err(missing());
                }
                let target = |at: usize| {
                    let (campaign, prospect) = (
                        self.enrollments[at].campaign.clone(),
                        self.enrollments[at].prospect.clone(),
                    );
                    match &company {
                        Some(company) if scope == Scope::CompanyInCampaign => {
                            let company = company.clone();
                            Target::CompanyInCampaign { company, campaign }
                        }
                        _ => Target::Enrollment { campaign, prospect },
                    }
                };
                Ok(enrollments().into_iter().map(target).collect())
            }
        }
    }

    /// `for` and `max` count from the command; dates are midnights of the prospect's zone, else
    /// of the workspace's.
    fn ends(&self, about: &About, ending: &Ending) -> Option<Instant> {
        let own = about.prospect.as_ref();
        let own = own.and_then(|key| self.prospects[key].zone.as_deref());
        let zone = own.and_then(Zone::named).or(self.zone).unwrap_or(Zone::UTC);
        let after = |ms: u64| self.now.plus_ms(i64::try_from(ms).unwrap_or(i64::MAX));
        let end = match ending.end {
            End::Open => return None,
            End::After { ms } => after(ms),
            End::At(at) => at,
            End::OnDate(date) => zone.day_start(date),
            End::DayAfter(date) => plan::day_after(date, zone),
            End::NextBusinessDay(None) => plan::next_business_day(self.now, zone),
            End::NextBusinessDay(Some(date)) => plan::next_business_day(zone.day_start(date), zone),
        };
        Some(ending.max_ms.map_or(end, |most| end.min(after(most))))
    }

    /// Lifts the pauses that the event caused; its stops only for a person with a reason.
    pub(super) fn retract(
        &mut self,
        source: &str,
        event: &str,
        by: Option<&str>,
        reason: Option<&str>,
    ) -> Outcome {
        let identity = (source.to_owned(), event.to_owned());
        let caused = |hold: &Hold| {
            let from = hold.identity.as_ref();
            from.is_some_and(|(_, _, source, event, _)| {
                (source, event) == (&identity.0, &identity.1)
            })
        };
        let remembered = |id: &usize| caused(&self.holds[*id]) && self.remembers(&self.holds[*id]);
        let placed: Vec<usize> = (0..self.holds.len()).filter(remembered).collect();
        let mut counted = self.counted.iter().filter(|it| it.identity == identity);
        let counted = counted.any(|it| self.may_be_asked_for(it));
        self.counted.retain(|it| it.identity != identity);
        self.happened.retain(|it| it.identity != identity);
        let seen = self.was_seen(&identity) || !placed.is_empty() || counted;
        let (mut lifted, mut kept): (Vec<HoldId>, Vec<HoldId>) = (Vec::new(), Vec::new());
        for id in placed {
            let now = self.now;
            let hold = &mut self.holds[id];
            if !hold.live() {
                continue;
            }
            if hold.kind == HoldKind::Pause || (by.is_some() && reason.is_some()) {
                hold.ended = Some(now);
                lifted.push(number(id));
            } else {
                kept.push(number(id));
            }
        }
        if !seen {
            self.retracted_unseen.insert(identity, self.today());
        }
        Outcome::Retracted { seen, lifted, kept }
    }
}

/// An error never means "send": the narrowest thing that the event names is held.
fn subject(about: &About) -> Target {
    let about = about.clone();
    about
        .prospect
        .map(Target::Prospect)
        .or(about.company.map(Target::Company))
        .or(about.campaign.map(Target::Campaign))
        .or(about.sender.map(Target::Sender))
        .unwrap_or(Target::Workspace)
}
