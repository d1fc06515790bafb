//! Rhai: a compiled script for each policy, whose value is an array that says of each rule whether
//! it fires. The list is behind a native function, because a script would copy it to look into it.

use std::cell::RefCell;
use std::collections::HashSet;

use holdline::Scope;
use rhai::packages::{CorePackage, Package};
use rhai::{AST, Array, Dynamic, Engine, ImmutableString, OptimizationLevel, Scope as Variables};

use crate::catalogue::{FREE_MAIL, Rule};
use crate::incoming::{FACTS, Incoming};
use crate::{Decision, Failure, Layout, Peer};

/// The condition of a rule, but for the event's type.
fn condition(rule: &str) -> &'static str {
    match rule {
        "human-reply" => r#"kind == "human""#,
        "company-replied" => {
            r#"kind == "human" && intent != "referral" && company != () && !is_free_mail(domain)"#
        }
        "referral" => r#"kind == "human" && intent == "referral""#,
        "unclear-reply" => r#"kind == "unknown""#,
        "out-of-office" => r#"kind == "out-of-office""#,
        "auto-reply" => r#"kind == "auto""#,
        "hard-bounce" => r#"class == "hard""#,
        "soft-bounce" => r#"class == "soft""#,
        "policy-bounce" => r#"class == "policy""#,
        "marked-final" => r#"marked == "qualified" || marked == "unqualified""#,
        "marked-not-interested" => r#"marked == "not-interested""#,
        "marked-interested" => r#"marked == "interested""#,
        "marked-later" => r#"marked == "maybe-later""#,
        "call-reached" => r#"outcome == "connected" || outcome == "meeting""#,
        "call-refused" => r#"outcome == "not-interested" || outcome == "wrong-number""#,
        "call-missed" => r#"outcome == "no-answer" || outcome == "voicemail""#,
        "company-customer" => r#"stage == "customer" || stage == "lost""#,
        _ => "true",
    }
}

/// A script, and the rules in the order of its answers.
struct Compiled {
    rules: Vec<(usize, &'static Rule)>,
    script: AST,
}

/// The engine and its scripts.
pub struct Rhai {
    layout: Layout,
    parts: Vec<Compiled>,
    engine: Engine,
}

/// The variables of an event. A script may change them, so they are lent for change.
pub struct Scoped {
    part: Option<usize>,
    named: Option<Scope>,
    variables: RefCell<Variables<'static>>,
}

fn engine() -> Engine {
    let mut engine = Engine::new_raw();
    CorePackage::new().register_into_engine(&mut engine);
    engine.set_optimization_level(OptimizationLevel::Full);
    let list: HashSet<&str> = FREE_MAIL.into();
    engine
        .register_fn("is_free_mail", move |domain: ImmutableString| list.contains(domain.as_str()));
    // A prospect without an address.
    engine.register_fn("is_free_mail", |(): ()| false);
    engine
}

impl Peer for Rhai {
    const NAME: &'static str = "rhai";
    type Event<'e> = Scoped;

    fn prepare(layout: Layout) -> Result<Self, Failure> {
        let engine = engine();
        let compiled = |part: crate::Part| {
            let mut source = "[".to_owned();
            for (_, rule) in &part.rules {
                let asks = rule.events.iter().map(|event| format!(r#"event == "{event}""#));
                let asks = asks.collect::<Vec<_>>().join(" || ");
                let condition = condition(rule.name);
                match part.event {
                    Some(_) => source.push_str(condition),
                    None => source.push_str(&format!("({asks}) && ({condition})")),
                }
                source.push_str(",\n");
            }
            source.push(']');
            Ok::<_, Failure>(Compiled { rules: part.rules, script: engine.compile(&source)? })
        };
        let parts = layout.parts().into_iter().map(compiled).collect::<Result<_, _>>()?;
        Ok(Self { layout, parts, engine })
    }

    fn take(&self, incoming: &Incoming) -> Result<Scoped, Failure> {
        let mut facts = [const { Dynamic::UNIT }; FACTS.len()];
        for (place, _, value) in incoming.facts() {
            if let Some(fact) = facts.get_mut(place) {
                *fact = value.into();
            }
        }
        let mut variables = Variables::new();
        variables.push("event", ImmutableString::from(incoming.event.kind.as_str()));
        for (name, fact) in FACTS.into_iter().zip(facts) {
            variables.push_dynamic(name, fact);
        }
        Ok(Scoped {
            part: self.layout.part_of(&incoming.event.kind),
            named: incoming.scope(),
            variables: RefCell::new(variables),
        })
    }

    fn decide(&mut self, event: &Scoped, decision: &mut Decision) -> Result<(), Failure> {
        let Some(part) = event.part.and_then(|part| self.parts.get(part)) else {
            return Ok(());
        };
        let mut variables = event.variables.borrow_mut();
        let answers: Array = self.engine.eval_ast_with_scope(&mut variables, &part.script)?;
        for ((number, rule), answer) in part.rules.iter().zip(answers) {
            if answer.as_bool()? {
                decision.fire(*number, rule, event.named);
            }
        }
        Ok(())
    }
}
