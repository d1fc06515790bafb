//! Why things are as they are: each hold with its cause, each instant with its moves.
//!
//! A rule's hold is explained by evaluating the rule again, with the same primitives, on the event
//! and the facts that were kept with it; so the explanation cannot say other than what happened.

#[cfg(test)]
mod tests;

use super::data::Data;
use super::enrollment::EnrollmentRecord;
use super::read::View;
use super::record::{CauseRecord, Ended, HoldRecord, Origin, Target};
use super::view::{
    CauseView, ClauseView, EndedView, EnrollmentExplanation, EventView, Explanation,
    HoldExplanation, HoldView, RuleOutcome, RuleView,
};
use crate::lang::{Policy, RuleIndex, RuleTrace, RuleVerdict};
use crate::model::Value;

impl View<'_> {
    /// Why a prospect stands where it stands, in each of its campaigns.
    #[must_use]
    pub fn explain(&self, prospect: &str) -> Option<Explanation> {
        let id = self.data.prospect_names.id(prospect)?;
        let mut ids: Vec<u32> = self.data.enrollments_of(id).collect();
        ids.reverse();
        Some(Explanation {
            prospect: self.data.prospect_view(id)?,
            now: self.data.now,
            holds: if ids.is_empty() { self.waiting_for(id) } else { Vec::new() },
            enrollments: ids.into_iter().filter_map(|id| self.explain_enrollment(id)).collect(),
        })
    }

    /// What would hold a prospect in any campaign, the strongest first.
    fn waiting_for(&self, id: u32) -> Vec<HoldExplanation> {
        let prospect = self.data.prospects.get(id);
        let company = prospect.and_then(|prospect| self.data.companies.get(prospect.company));
        let anchors = [
            prospect.map(|prospect| prospect.anchor()),
            company.map(|company| &company.anchor),
            Some(&self.data.anchor),
        ];
        let live = anchors.into_iter().flatten().flat_map(|anchor| anchor.live());
        let holds = live.filter_map(|id| Some((*id, self.data.holds.get(*id)?)));
        let mut holds: Vec<(u32, &HoldRecord)> = holds.collect();
        holds.sort_by_key(|(id, hold)| (std::cmp::Reverse(Data::strength(hold)), *id));
        holds.into_iter().map(|(id, hold)| self.explain_hold(id, hold, None)).collect()
    }

    fn explain_enrollment(&self, id: u32) -> Option<EnrollmentExplanation> {
        let record = self.data.enrollments.get(id)?;
        let mut holds: Vec<(u32, &HoldRecord)> = self.data.covering(record).collect();
        holds.sort_by_key(|(id, hold)| (std::cmp::Reverse(Data::strength(hold)), *id));
        Some(EnrollmentExplanation {
            enrollment: self.data.enrollment_view(id)?,
            holds: holds
                .into_iter()
                .map(|(id, hold)| self.explain_hold(id, hold, Some(record)))
                .collect(),
            next: match self.data.may_have_left(id) {
                Some(sentence) => vec![sentence],
                None => self.data.moves(record),
            },
        })
    }

    fn explain_hold(
        &self,
        id: u32,
        hold: &HoldRecord,
        record: Option<&EnrollmentRecord>,
    ) -> HoldExplanation {
        let mut traces = self.data.traces(hold);
        let name = self.data.rule_name(hold);
        let own = traces.iter().position(|trace| Some(&trace.rule) == name.as_ref());
        let rule = own.map(|at| traces.remove(at));
        traces.retain(|trace| trace.verdict != RuleOutcome::Fired);
        let leaving = record
            .into_iter()
            .flat_map(|record| self.data.deliveries_of(record))
            .any(|delivery| delivery.confirmed <= hold.placed && hold.placed <= delivery.sent);
        let in_flight = record.is_some_and(|record| {
            self.data.claims.values().any(|claim| {
                self.data.enrollments.get(claim.enrollment).is_some_and(|it| {
                    it.prospect == record.prospect && it.campaign == record.campaign
                }) && claim.confirmed.is_some_and(|at| at <= hold.placed)
            })
        });
        HoldExplanation {
            hold: self.data.hold_view(id, hold),
            rule,
            not_applied: traces,
            already_leaving: leaving || in_flight,
        }
    }
}

impl Data {
    fn cause(&self, hold: &HoldRecord) -> Option<&CauseRecord> {
        let Origin::Rule { cause, .. } = &hold.origin else {
            return None;
        };
        self.causes.get(*cause)
    }

    /// The rules that listen to the event of a hold, evaluated again on what was kept with it.
    fn traces(&self, hold: &HoldRecord) -> Vec<RuleView> {
        let Some(cause) = self.cause(hold) else {
            return Vec::new();
        };
        let Some(published) = self.policies.get(cause.policy as usize) else {
            return Vec::new();
        };
        if cause.event.id.is_empty() {
            // It was about a person who was forgotten: there is nothing left to evaluate.
            return Vec::new();
        }
        match published.policy.read(&cause.event) {
            Ok(event) => {
                let traces = published.policy.explain(&event, &*cause.facts);
                traces.into_iter().map(|trace| rule_view(&published.policy, trace)).collect()
            }
            Err(_) => Vec::new(),
        }
    }

    /// Whether the rule that placed a hold says the same again, of what was kept with it; also
    /// where nothing was, because it was about a person who was forgotten.
    pub(crate) fn says_again(&self, hold: &HoldRecord) -> bool {
        let (Origin::Rule { rule, error, .. }, Some(cause)) = (&hold.origin, self.cause(hold))
        else {
            return true;
        };
        if cause.event.id.is_empty() {
            return true;
        }
        let published = self.policies.get(cause.policy as usize);
        let info = published.and_then(|it| it.policy.rules().get(usize::from(*rule)));
        self.traces(hold).iter().any(|trace| {
            // What failed is the rule, or finding what it was to hold.
            let failed = error.is_some() && matches!(trace.verdict, RuleOutcome::Failed(_));
            let placed = failed || trace.verdict == RuleOutcome::Fired;
            placed && info.is_some_and(|info| info.name == trace.rule)
        })
    }

    /// Where the rule of a hold stands: file and line.
    pub(crate) fn rule_place(&self, hold: &HoldRecord) -> Option<(String, u32)> {
        let Origin::Rule { rule, .. } = &hold.origin else {
            return None;
        };
        let published = self.policies.get(self.cause(hold)?.policy as usize)?;
        let rule = published.policy.rules().get(usize::from(*rule))?;
        Some((rule.file.to_string(), rule.line))
    }

    pub(crate) fn hold_view(&self, id: u32, hold: &HoldRecord) -> HoldView {
        let selection = matches!(hold.target, Target::Selection(_));
        let target = match &hold.members {
            Some(members) => format!("{} selected", members.len()),
            None => self.target_name(&hold.target),
        };
        HoldView {
            id: crate::model::HoldId(id),
            kind: hold.kind,
            scope: hold.target.scope(),
            target,
            selection,
            placed: hold.placed,
            until: hold.until,
            mode: hold.mode,
            cause: self.cause_view(hold),
            ended: hold.ended.as_ref().map(|(at, how)| EndedView { at: *at, how: ended(how) }),
        }
    }

    fn cause_view(&self, hold: &HoldRecord) -> CauseView {
        match &hold.origin {
            Origin::Person { by, reason } => CauseView::Person {
                by: (!by.is_empty()).then(|| by.to_string()),
                reason: reason.as_deref().map(str::to_owned),
            },
            Origin::Engine { why } => CauseView::Engine { why: why.to_string() },
            Origin::Rule { rule, error, .. } => {
                let cause = self.cause(hold);
                let published = cause.and_then(|it| self.policies.get(it.policy as usize));
                let info = published.and_then(|it| it.policy.rules().get(usize::from(*rule)));
                CauseView::Rule {
                    rule: self.rule_name(hold).unwrap_or_default(),
                    file: info.map_or_else(String::new, |info| info.file.to_string()),
                    line: info.map_or(0, |info| info.line),
                    policy: published.map_or_else(String::new, |it| it.policy.hash().to_string()),
                    reason: info.and_then(|info| info.reason.as_deref()).map(str::to_owned),
                    event: Box::new(cause.map_or_else(EventView::default, event_view)),
                    error: error.as_deref().map(str::to_owned),
                }
            }
        }
    }
}

pub(crate) fn rule_view(policy: &Policy, trace: RuleTrace) -> RuleView {
    let info = policy.rules().get(usize::from(trace.rule.0));
    let name = |rule: &RuleIndex| {
        policy.rules().get(usize::from(rule.0)).map_or_else(String::new, |it| it.name.clone())
    };
    let verdict = match trace.verdict {
        RuleVerdict::Fired => RuleOutcome::Fired,
        RuleVerdict::OverriddenBy(rules) => {
            RuleOutcome::OverriddenBy(rules.iter().map(name).collect())
        }
        RuleVerdict::NotMatched => RuleOutcome::NotMatched,
        RuleVerdict::Failed(why) => RuleOutcome::Failed(why),
    };
    let clauses = trace.clauses.into_iter().map(|clause| ClauseView {
        text: clause.text,
        pass: clause.pass,
        actual: clause.actual,
    });
    RuleView {
        rule: name(&trace.rule),
        title: info.and_then(|info| info.title.clone()),
        file: info.map_or_else(String::new, |info| info.file.clone()),
        line: info.map_or(0, |info| info.line),
        verdict,
        clauses: clauses.collect(),
    }
}

fn event_view(cause: &CauseRecord) -> EventView {
    EventView {
        kind: cause.event.kind.clone(),
        id: cause.event.id.clone(),
        source: cause.event.source.clone(),
        at: cause.event.at.unwrap_or(cause.at),
        prospect: cause.event.subject.prospect.clone(),
        attributes: cause.event.attributes.iter().map(spoken).collect(),
    }
}

/// An attribute as people read it.
fn spoken((name, value): &(String, Value)) -> (String, String) {
    let value = match value {
        Value::Text(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        Value::Instant(at) => at.to_string(),
        Value::Date(date) => date.to_string(),
        Value::List(texts) => texts.join(", "),
    };
    (name.clone(), value)
}

/// How a hold ended, as a clause.
fn ended(how: &Ended) -> String {
    let because = |reason: &Option<Box<str>>| match reason {
        Some(reason) => format!(": {reason}"),
        None => String::new(),
    };
    match how {
        Ended::Expired => "its end came".to_owned(),
        Ended::Stillborn => "its end was past when it was placed".to_owned(),
        Ended::Person { by, reason } if by.is_empty() => {
            format!("a person lifted it{}", because(reason))
        }
        Ended::Person { by, reason } => format!("{by} lifted it{}", because(reason)),
        Ended::Rule { event } => format!("a rule lifted it on event `{event}`"),
        Ended::Retracted { by: Some(by) } => format!("{by} took its event back"),
        Ended::Retracted { by: None } => "its event was taken back".to_owned(),
    }
}
