//! An outcome becomes a line: `{"ok":"enrolled",…}` or `{"refused":"already-enrolled",…}`.

use serde::Serialize;

use crate::model::{
    BlockedBy, DueSend, HoldChange, HoldKind, Outcome, Refusal, Revoked, Scope, Verdict,
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

/// An object, written field by field: no field is given twice.
struct Object {
    out: Vec<u8>,
    is_empty: bool,
}

impl Object {
    fn new() -> Self {
        // What most events are answered with fits.
        Self { out: Vec::with_capacity(128), is_empty: true }.begun()
    }

    fn begun(mut self) -> Self {
        self.out.push(b'{');
        self.is_empty = true;
        self
    }

    fn ok(what: &str) -> Self {
        Self::new().with("ok", what)
    }

    /// The names of fields have nothing in them that would have to be escaped.
    fn name(&mut self, name: &str) {
        self.out.extend_from_slice(if self.is_empty { b"\"" } else { b",\"" });
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
        self.is_empty = false;
    }

    fn with(mut self, name: &str, value: impl Serialize) -> Self {
        self.name(name);
        // Memory takes all that is written, and texts, numbers and lists can all be.
        let _always = serde_json::to_writer(&mut self.out, &value).is_ok();
        self
    }

    fn maybe(self, name: &str, value: Option<impl Serialize>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    fn list<T>(mut self, name: &str, items: &[T], write: fn(Self, &T) -> Self) -> Self {
        self.name(name);
        self.out.push(b'[');
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                self.out.push(b',');
            }
            self = write(self.begun(), item);
            self.out.push(b'}');
        }
        self.out.push(b']');
        self.is_empty = false;
        self
    }

    fn held_by(self, holds: &[BlockedBy]) -> Self {
        self.list("held-by", holds, blocked_by)
    }

    fn finish(mut self) -> String {
        self.out.push(b'}');
        String::from_utf8(self.out).unwrap_or_default()
    }
}

fn write_done(outcome: &Outcome) -> Object {
    match outcome {
        Outcome::Applied => Object::ok("applied"),
        Outcome::Duplicate => Object::ok("duplicate"),
        Outcome::Recorded { holds, lifted, ignored, errors } => Object::ok("recorded")
            .list("holds", holds, hold_change)
            .with("lifted", lifted)
            .with("ignored", *ignored)
            .with("errors", errors),
        Outcome::Enrolled { sender, next, held_by } => Object::ok("enrolled")
            .with("sender", sender.as_str())
            .maybe("next", *next)
            .held_by(held_by),
        Outcome::Held { hold, members, live } => {
            Object::ok("held").with("hold", hold.0).maybe("members", *members).with("live", *live)
        }
        Outcome::Forgotten { stopped } => Object::ok("forgotten").with("stopped", *stopped),
        Outcome::Retracted { seen, lifted, kept } => {
            Object::ok("retracted").with("seen", *seen).with("lifted", lifted).with("kept", kept)
        }
        Outcome::Claimed { sends, more } => {
            Object::ok("claimed").list("sends", sends, due_send).maybe("more", more.then_some(true))
        }
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
            object.with("at", *at).with("now", *now)
        }
        Refusal::EventTooOld { at, horizon } => object.with("at", *at).with("horizon", *horizon),
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

fn hold_change(object: Object, change: &HoldChange) -> Object {
    object
        .with("hold", change.hold.0)
        .with("rule", change.rule.as_str())
        .with("kind", kind_name(change.kind))
        .with("scope", scope_name(change.scope))
        .with("target", change.target.as_str())
        .maybe("until", change.until)
        .with("live", change.live)
}

/// A hold in the way; it has no `rule` if a person placed it.
fn blocked_by(object: Object, hold: &BlockedBy) -> Object {
    object
        .with("hold", hold.hold.0)
        .with("kind", kind_name(hold.kind))
        .with("scope", scope_name(hold.scope))
        .with("target", hold.target.as_str())
        .maybe("rule", hold.rule.as_deref())
        .maybe("until", hold.until)
}

fn due_send(object: Object, send: &DueSend) -> Object {
    object
        .with("token", send.token.to_string())
        .with("campaign", send.campaign.as_str())
        .with("prospect", send.prospect.as_str())
        .with("address", send.address.as_str())
        .with("sender", send.sender.as_str())
        .with("step", send.step)
        .with("message", send.message.as_str())
        .with("attempt", send.attempt)
        .with("planned", send.planned)
        .with("lease-until", send.lease_until)
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
