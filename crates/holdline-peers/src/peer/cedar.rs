//! Cedar: a rule is a policy that permits, so that the policies which determined the answer are the
//! rules which fired. The list is a set of the one resource that all requests are about; policies,
//! entities and the requests' names are made once.

use std::collections::{HashMap, HashSet};

use cedar_policy::{
    Authorizer, Context, Entities, Entity, EntityUid, PolicyId, PolicySet, Request,
    RestrictedExpression,
};
use holdline::Scope;

use crate::catalogue::{self, FREE_MAIL, Rule};
use crate::incoming::Incoming;
use crate::{Decision, Failure, Layout, Part, Peer};

/// The condition of a rule, but for the event's type.
fn condition(rule: &str) -> &'static str {
    match rule {
        "human-reply" => r#"context.kind == "human""#,
        "company-replied" => {
            r#"context.kind == "human"
            && !(context has intent && context.intent == "referral")
            && context has company
            && !(context has domain && resource.freeMail.contains(context.domain))"#
        }
        "referral" => {
            r#"context.kind == "human" && context has intent && context.intent == "referral""#
        }
        "unclear-reply" => r#"context.kind == "unknown""#,
        "out-of-office" => r#"context.kind == "out-of-office""#,
        "auto-reply" => r#"context.kind == "auto""#,
        "hard-bounce" => r#"context.class == "hard""#,
        "soft-bounce" => r#"context.class == "soft""#,
        "policy-bounce" => r#"context.class == "policy""#,
        "marked-final" => r#"["qualified", "unqualified"].contains(context.marked)"#,
        "marked-not-interested" => r#"context.marked == "not-interested""#,
        "marked-interested" => r#"context.marked == "interested""#,
        "marked-later" => r#"context.marked == "maybe-later""#,
        "call-reached" => r#"["connected", "meeting"].contains(context.outcome)"#,
        "call-refused" => r#"["not-interested", "wrong-number"].contains(context.outcome)"#,
        "call-missed" => r#"["no-answer", "voicemail"].contains(context.outcome)"#,
        "company-customer" => r#"["customer", "lost"].contains(context.stage)"#,
        _ => "",
    }
}

/// The policies of a part, each with the name of its rule.
fn policies(part: &Part) -> Result<PolicySet, Failure> {
    let mut all = PolicySet::new();
    for (_, rule) in &part.rules {
        let events = rule.events.iter().filter(|event| part.event.is_none_or(|of| of == **event));
        let events: Vec<String> = events.map(|event| format!("Action::\"{event}\"")).collect();
        let action = match events.as_slice() {
            [event] => format!("action == {event}"),
            events => format!("action in [{}]", events.join(", ")),
        };
        let when = match condition(rule.name) {
            "" => String::new(),
            condition => format!(" when {{ {condition} }}"),
        };
        let source = format!("permit (principal, {action}, resource){when};");
        let policy = cedar_policy::Policy::parse(Some(PolicyId::new(rule.name)), source)?;
        all.add(policy)?;
    }
    Ok(all)
}

/// The policies, the entities, and the names that requests are made of.
pub struct Cedar {
    layout: Layout,
    parts: Vec<PolicySet>,
    authorizer: Authorizer,
    entities: Entities,
    prospect: EntityUid,
    workspace: EntityUid,
    rules: HashMap<PolicyId, (usize, &'static Rule)>,
}

/// The request of an event.
pub struct Asked {
    part: Option<usize>,
    scope: Option<Scope>,
    request: Request,
}

impl Peer for Cedar {
    const NAME: &'static str = "cedar-policy";
    type Event<'e> = Asked;

    fn prepare(layout: Layout) -> Result<Self, Failure> {
        let parts = layout.parts().iter().map(policies).collect::<Result<_, Failure>>()?;
        let workspace: EntityUid = r#"Workspace::"default""#.parse()?;
        let domains = FREE_MAIL.map(|domain| RestrictedExpression::new_string(domain.to_owned()));
        let list = RestrictedExpression::new_set(domains);
        let attributes = HashMap::from([("freeMail".to_owned(), list)]);
        let entity = Entity::new(workspace.clone(), attributes, HashSet::new())?;
        let rules = catalogue::RULES.iter().enumerate();
        let rules = rules.map(|(number, rule)| (PolicyId::new(rule.name), (number, rule)));
        Ok(Self {
            layout,
            parts,
            authorizer: Authorizer::new(),
            entities: Entities::from_entities([entity], None)?,
            prospect: r#"Prospect::"any""#.parse()?,
            workspace,
            rules: rules.collect(),
        })
    }

    fn take(&self, incoming: &Incoming) -> Result<Asked, Failure> {
        let facts = incoming.facts().map(|(_, name, value)| {
            (name.to_owned(), RestrictedExpression::new_string(value.to_owned()))
        });
        let action = EntityUid::from_type_name_and_id(
            "Action".parse()?,
            cedar_policy::EntityId::new(&incoming.event.kind),
        );
        let request = Request::new(
            self.prospect.clone(),
            action,
            self.workspace.clone(),
            Context::from_pairs(facts)?,
            None,
        )?;
        let part = self.layout.part_of(&incoming.event.kind);
        Ok(Asked { part, scope: incoming.scope(), request })
    }

    fn decide(&mut self, event: &Asked, decision: &mut Decision) -> Result<(), Failure> {
        let Some(part) = event.part.and_then(|part| self.parts.get(part)) else {
            return Ok(());
        };
        let answer = self.authorizer.is_authorized(&event.request, part, &self.entities);
        if let Some(error) = answer.diagnostics().errors().next() {
            return Err(error.to_string().into());
        }
        for policy in answer.diagnostics().reason() {
            if let Some((number, rule)) = self.rules.get(policy) {
                decision.fire(*number, rule, event.scope);
            }
        }
        Ok(())
    }
}
