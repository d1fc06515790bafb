//! An outcome becomes a line: `{"ok":"enrolled",…}` or `{"refused":"already-enrolled",…}`.

use serde_json::{Map, Value as Json};

use crate::model::{
    BlockedBy, DueSend, HoldChange, HoldId, HoldKind, Instant, Outcome, Refusal, Revoked, Scope,
    Verdict,
};

/// The outcome as one line of JSON, without its line end.
///
/// Its first field is `ok`, with what was done, or `refused`, with [`refusal_code`]. Lists are
/// always there, if empty; single values that do not apply are left out.
#[must_use]
pub fn write_outcome(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Refused(refusal) => write_refusal(refusal),
        other => write_done(other),
    }
    .finish()
}

/// The stable name of a refusal, such as `already-enrolled`.
#[must_use]
pub const fn refusal_code(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::InvalidKey { .. } => "invalid-key",
        Refusal::InvalidValue { .. } => "invalid-value",
        Refusal::Unknown { .. } => "unknown",
        Refusal::UnknownEventType { .. } => "unknown-event-type",
        Refusal::BadAttribute { .. } => "bad-attribute",
        Refusal::BadSubject { .. } => "bad-subject",
        Refusal::EventInFuture { .. } => "event-in-future",
        Refusal::EventTooOld { .. } => "event-too-old",
        Refusal::TooFarAhead { .. } => "too-far-ahead",
        Refusal::PolicyErrors { .. } => "policy-errors",
        Refusal::NoPolicy => "no-policy",
        Refusal::AlreadyEnrolled { .. } => "already-enrolled",
        Refusal::Stopped { .. } => "stopped",
        Refusal::InAnotherCampaign { .. } => "in-another-campaign",
        Refusal::NeedsPerson => "needs-person",
        Refusal::StaleToken { .. } => "stale-token",
        Refusal::Limit { .. } => "limit",
    }
}

/// An object, built field by field.
struct Object(Map<String, Json>);

impl Object {
    fn new() -> Self {
        Self(Map::new())
    }

    fn ok(what: &str) -> Self {
        Self::new().with("ok", what)
    }

    fn with(mut self, name: &str, value: impl Into<Json>) -> Self {
        self.0.insert(name.into(), value.into());
        self
    }

    fn maybe(self, name: &str, value: Option<impl Into<Json>>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    fn at(self, name: &str, at: Instant) -> Self {
        self.with(name, at.to_string())
    }

    fn maybe_at(self, name: &str, at: Option<Instant>) -> Self {
        self.maybe(name, at.map(|at| at.to_string()))
    }

    fn holds(self, name: &str, holds: &[HoldId]) -> Self {
        self.with(name, holds.iter().map(|hold| hold.0).collect::<Json>())
    }

    fn held_by(self, holds: &[BlockedBy]) -> Self {
        self.with("held-by", holds.iter().map(blocked_by).collect::<Json>())
    }

    fn finish(self) -> String {
        Json::Object(self.0).to_string()
    }
}

fn write_done(outcome: &Outcome) -> Object {
    match outcome {
        Outcome::Applied => Object::ok("applied"),
        Outcome::Duplicate => Object::ok("duplicate"),
        Outcome::Recorded { holds, lifted, ignored, errors } => Object::ok("recorded")
            .with("holds", holds.iter().map(hold_change).collect::<Json>())
            .holds("lifted", lifted)
            .with("ignored", *ignored)
            .with("errors", errors.clone()),
        Outcome::Enrolled { sender, next, held_by } => Object::ok("enrolled")
            .with("sender", sender.as_str())
            .maybe_at("next", *next)
            .held_by(held_by),
        Outcome::Held { hold, members, live } => {
            Object::ok("held").with("hold", hold.0).maybe("members", *members).with("live", *live)
        }
        Outcome::Forgotten { stopped } => Object::ok("forgotten").with("stopped", *stopped),
        Outcome::Retracted { seen, lifted, kept } => {
            Object::ok("retracted").with("seen", *seen).holds("lifted", lifted).holds("kept", kept)
        }
        Outcome::Claimed { sends, more } => Object::ok("claimed")
            .with("sends", sends.iter().map(due_send).collect::<Json>())
            .maybe("more", more.then_some(true)),
        Outcome::Confirmed(verdict) => write_verdict(verdict),
        Outcome::Resumed { .. } | Outcome::Rescheduled { .. } | Outcome::Resent { .. } => {
            write_released(outcome)
        }
        Outcome::Refused(refusal) => write_refusal(refusal),
    }
}

fn write_released(outcome: &Outcome) -> Object {
    match outcome {
        Outcome::Resumed { selected, lifted, still_held, held_by } => Object::ok("resumed")
            .maybe("selected", *selected)
            .with("lifted", *lifted)
            .with("still-held", *still_held)
            .held_by(held_by),
        Outcome::Rescheduled { selected, moved, lifted, still_held, held_by } => {
            Object::ok("rescheduled")
                .with("selected", *selected)
                .with("moved", *moved)
                .with("lifted", *lifted)
                .with("still-held", *still_held)
                .held_by(held_by)
        }
        Outcome::Resent { selected, resent, still_held, held_by } => Object::ok("resent")
            .with("selected", *selected)
            .with("resent", *resent)
            .with("still-held", *still_held)
            .held_by(held_by),
        other => write_done(other),
    }
}

fn write_verdict(verdict: &Verdict) -> Object {
    let revoked = |cause: &str| Object::ok("revoked").with("cause", cause);
    match verdict {
        Verdict::Go => Object::ok("go"),
        Verdict::Revoked(Revoked::Held(holds)) => revoked("held").held_by(holds),
        Verdict::Revoked(Revoked::OutsideWindow) => revoked("outside-window"),
        Verdict::Revoked(Revoked::LimitReached) => revoked("limit-reached"),
        Verdict::Revoked(Revoked::GapNotPassed) => revoked("gap-not-passed"),
    }
}

fn write_refusal(refusal: &Refusal) -> Object {
    let object =
        Object::new().with("refused", refusal_code(refusal)).with("message", refusal.to_string());
    match refusal {
        Refusal::InvalidKey { field, .. } | Refusal::InvalidValue { field, .. } => {
            object.with("field", field.as_str())
        }
        Refusal::Unknown { what, key } => {
            object.with("what", what.as_str()).with("key", key.as_str())
        }
        Refusal::UnknownEventType { kind, .. } | Refusal::BadSubject { kind, .. } => {
            object.with("type", kind.as_str())
        }
        Refusal::BadAttribute { kind, attribute, .. } => {
            object.with("type", kind.as_str()).with("attribute", attribute.as_str())
        }
        Refusal::EventInFuture { at, now } | Refusal::TooFarAhead { at, now } => {
            object.at("at", *at).at("now", *now)
        }
        Refusal::EventTooOld { at, horizon } => object.at("at", *at).at("horizon", *horizon),
        Refusal::PolicyErrors { errors, first } => {
            object.with("errors", *errors).with("first", first.as_str())
        }
        Refusal::AlreadyEnrolled { campaign, prospect } => {
            object.with("campaign", campaign.as_str()).with("prospect", prospect.as_str())
        }
        Refusal::Stopped { prospect, held_by } => {
            object.with("prospect", prospect.as_str()).held_by(held_by)
        }
        Refusal::InAnotherCampaign { campaign, prospect, other } => object
            .with("campaign", campaign.as_str())
            .with("prospect", prospect.as_str())
            .with("other", other.as_str()),
        Refusal::StaleToken { token, .. } => object.with("token", token.to_string()),
        Refusal::Limit { what, most, found } => {
            object.with("what", what.as_str()).with("most", *most).with("found", *found)
        }
        Refusal::NoPolicy | Refusal::NeedsPerson => object,
    }
}

fn hold_change(change: &HoldChange) -> Json {
    let object = Object::new()
        .with("hold", change.hold.0)
        .with("rule", change.rule.as_str())
        .with("kind", kind_name(change.kind))
        .with("scope", scope_name(change.scope))
        .with("target", change.target.as_str())
        .maybe_at("until", change.until)
        .with("live", change.live);
    Json::Object(object.0)
}

/// A hold in the way; it has no `rule` if a person placed it.
fn blocked_by(hold: &BlockedBy) -> Json {
    let object = Object::new()
        .with("hold", hold.hold.0)
        .with("kind", kind_name(hold.kind))
        .with("scope", scope_name(hold.scope))
        .with("target", hold.target.as_str())
        .maybe("rule", hold.rule.as_deref())
        .maybe_at("until", hold.until);
    Json::Object(object.0)
}

fn due_send(send: &DueSend) -> Json {
    let object = Object::new()
        .with("token", send.token.to_string())
        .with("campaign", send.campaign.as_str())
        .with("prospect", send.prospect.as_str())
        .with("address", send.address.as_str())
        .with("sender", send.sender.as_str())
        .with("step", send.step)
        .with("message", send.message.as_str())
        .with("attempt", send.attempt)
        .at("planned", send.planned)
        .at("lease-until", send.lease_until);
    Json::Object(object.0)
}

const fn kind_name(kind: HoldKind) -> &'static str {
    match kind {
        HoldKind::Pause => "pause",
        HoldKind::Stop => "stop",
    }
}

/// The scope's name with hyphens, as every other name in the JSON form.
const fn scope_name(scope: Scope) -> &'static str {
    match scope {
        Scope::CompanyInCampaign => "company-in-campaign",
        other => other.name(),
    }
}
