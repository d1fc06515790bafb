//! Holdline itself, through its public surface.

use holdline::lang::{Counted, Effect as Action, Facts, Fired, TypedEvent};
use holdline::{HoldKind, Policy, PolicyBundle, PolicyFile};

use crate::incoming::Incoming;
use crate::{Decision, Effect, Failure, Layout, Peer};

/// The rules as people write them.
const RULES: &str = include_str!("../../rules/outreach.rules");

/// A compiled policy, and the room for what fires.
#[derive(Debug)]
pub struct Holdline {
    policy: Policy,
    fired: Vec<Fired>,
}

/// An event that was read against the vocabulary, and the facts.
#[derive(Debug)]
pub struct Read<'e> {
    event: TypedEvent,
    about: About<'e>,
}

/// What a host knows about the subject of an event.
#[derive(Clone, Copy, Debug, Default)]
pub struct About<'e> {
    /// The domain of the prospect's address.
    pub domain: Option<&'e str>,
    /// The key of the prospect's company.
    pub company: Option<&'e str>,
}

/// A file's text as a bundle.
#[must_use]
pub fn bundle(text: &str) -> PolicyBundle {
    let file = PolicyFile { name: "outreach.rules".to_owned(), text: text.to_owned() };
    PolicyBundle { files: vec![file] }
}

/// Compiles a bundle, or says what is wrong with it.
pub fn compile(bundle: &PolicyBundle) -> Result<Policy, Failure> {
    match Policy::compile(bundle) {
        Ok((policy, _)) => Ok(policy),
        Err(findings) => Err(format!("{findings:#?}").into()),
    }
}

impl Holdline {
    /// With another policy than that of the catalogue.
    #[must_use]
    pub const fn with(policy: Policy) -> Self {
        Self { policy, fired: Vec::new() }
    }

    /// The policy.
    #[must_use]
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Evaluates alone: how many effects there are, with nothing made of them.
    pub fn evaluate(&mut self, read: &Read<'_>) -> usize {
        self.fired.clear();
        self.policy.evaluate(&read.event, &read.about, &mut self.fired);
        self.fired.len()
    }
}

impl Peer for Holdline {
    const NAME: &'static str = "holdline";
    type Event<'e> = Read<'e>;

    fn prepare(_: Layout) -> Result<Self, Failure> {
        Ok(Self::with(compile(&bundle(RULES))?))
    }

    fn take<'e>(&self, incoming: &'e Incoming) -> Result<Read<'e>, Failure> {
        let about =
            About { domain: incoming.domain.as_deref(), company: incoming.company.as_deref() };
        Ok(Read { event: self.policy.read(&incoming.event)?, about })
    }

    fn decide(&mut self, read: &Read<'_>, decision: &mut Decision) -> Result<(), Failure> {
        self.evaluate(read);
        for fired in &self.fired {
            let (effect, scope) = match &fired.action {
                Action::Hold { kind: HoldKind::Pause, scope, .. } => (Effect::Pause, Some(*scope)),
                Action::Hold { kind: HoldKind::Stop, scope, .. } => (Effect::Stop, Some(*scope)),
                Action::Ignore => (Effect::Ignore, None),
                other => return Err(format!("no rule here does this: {other:?}").into()),
            };
            let rule = usize::from(fired.rule.0);
            decision.fired.push(crate::Fired { rule, effect, scope });
        }
        Ok(())
    }
}

impl Facts for About<'_> {
    fn prospect_address(&self) -> Option<&str> {
        None
    }
    fn prospect_domain(&self) -> Option<&str> {
        self.domain
    }
    fn prospect_zone(&self) -> Option<&str> {
        None
    }
    fn prospect_has_tag(&self, _: &str) -> bool {
        false
    }
    fn prospect_tags(&self, _: &mut dyn FnMut(&str)) {}
    fn prospect_field(&self, _: &str) -> Option<&str> {
        None
    }
    fn company_key(&self) -> Option<&str> {
        self.company
    }
    fn company_stage(&self) -> Option<&str> {
        None
    }
    fn company_has_tag(&self, _: &str) -> bool {
        false
    }
    fn company_tags(&self, _: &mut dyn FnMut(&str)) {}
    fn campaign_key(&self) -> Option<&str> {
        Some("spring")
    }
    fn campaign_has_tag(&self, _: &str) -> bool {
        false
    }
    fn campaign_tags(&self, _: &mut dyn FnMut(&str)) {}
    fn enrollment_step(&self) -> Option<i64> {
        Some(2)
    }
    fn enrollment_sends(&self) -> Option<i64> {
        Some(1)
    }
    fn days_since_last_send(&self) -> Option<i64> {
        Some(3)
    }
    /// Just below what the rules with windows wait for, so that all of it is asked.
    fn counted(&self, _: u32) -> Option<Counted> {
        Some(Counted { count: 2, of: 1_000, or_more: false })
    }
}
