//! CEL: a compiled program for each rule, which says whether its rule fires. Variables are resolved
//! from the event itself, so that nothing is copied into a context; the list is a map, because `in`
//! looks a key up in a map and walks a list.

use std::collections::HashMap;

use cel::common::types::{CelBool, CelMap, CelMapKey, CelNull, CelString};
use cel::common::value::{CowVal, Val};
use cel::context::VariableResolver;
use cel::{Context, Program, Value};

use holdline::Scope;

use crate::catalogue::{FREE_MAIL, Rule};
use crate::incoming::{FACTS, Incoming};
use crate::{Decision, Failure, Layout, Peer};

/// The condition of a rule, but for the event's type.
fn condition(rule: &str) -> &'static str {
    match rule {
        "human-reply" => "kind == 'human'",
        "company-replied" => {
            "kind == 'human' && intent != 'referral' && company != null \
             && !(domain != null && domain in free_mail)"
        }
        "referral" => "kind == 'human' && intent == 'referral'",
        "unclear-reply" => "kind == 'unknown'",
        "out-of-office" => "kind == 'out-of-office'",
        "auto-reply" => "kind == 'auto'",
        "hard-bounce" => "class == 'hard'",
        "soft-bounce" => "class == 'soft'",
        "policy-bounce" => "class == 'policy'",
        "marked-final" => "marked == 'qualified' || marked == 'unqualified'",
        "marked-not-interested" => "marked == 'not-interested'",
        "marked-interested" => "marked == 'interested'",
        "marked-later" => "marked == 'maybe-later'",
        "call-reached" => "outcome == 'connected' || outcome == 'meeting'",
        "call-refused" => "outcome == 'not-interested' || outcome == 'wrong-number'",
        "call-missed" => "outcome == 'no-answer' || outcome == 'voicemail'",
        "company-customer" => "stage == 'customer' || stage == 'lost'",
        _ => "true",
    }
}

/// A rule's program.
struct Compiled {
    number: usize,
    rule: &'static Rule,
    program: Program,
}

/// The programs, and the list that they look domains up in.
pub struct Cel {
    layout: Layout,
    parts: Vec<Vec<Compiled>>,
    context: Context<'static, 'static>,
}

/// The variables of an event, borrowed from it.
pub struct Variables<'e> {
    part: Option<usize>,
    scope: Option<Scope>,
    event: CelString<'e>,
    facts: [Option<CelString<'e>>; FACTS.len()],
}

impl VariableResolver for Variables<'_> {
    fn resolve<'b>(&'b self, name: &str) -> Option<CowVal<'b, 'b>> {
        if name == "event" {
            return Some(CowVal::Borrowed(&self.event));
        }
        let place = FACTS.iter().position(|fact| *fact == name)?;
        Some(match self.facts.get(place)? {
            Some(text) => CowVal::Borrowed(text),
            None => CowVal::Borrowed(&CelNull),
        })
    }
}

impl Peer for Cel {
    const NAME: &'static str = "cel";
    type Event<'e> = Variables<'e>;

    fn prepare(layout: Layout) -> Result<Self, Failure> {
        let compiled = |part: &crate::Part, number: usize, rule: &'static Rule| {
            let condition = condition(rule.name);
            let source = match part.event {
                Some(_) => condition.to_owned(),
                None => {
                    let asks = rule.events.iter().map(|event| format!("event == '{event}'"));
                    let asks = asks.collect::<Vec<_>>().join(" || ");
                    format!("({asks}) && ({condition})")
                }
            };
            Ok::<_, Failure>(Compiled { number, rule, program: Program::compile(&source)? })
        };
        let part = |part: &crate::Part| {
            part.rules.iter().map(|(number, rule)| compiled(part, *number, rule)).collect()
        };
        let parts = layout.parts().iter().map(part).collect::<Result<_, Failure>>()?;
        let entries = FREE_MAIL.map(|domain| {
            let there: Box<dyn Val> = Box::new(CelBool::from(true));
            (CelMapKey::String(CelString::from(domain)), there)
        });
        let mut context = Context::default();
        let list = CelMap::from(HashMap::from(entries));
        context.add_variable_as_val("free_mail", Box::new(list));
        Ok(Self { layout, parts, context })
    }

    fn take<'e>(&self, incoming: &'e Incoming) -> Result<Variables<'e>, Failure> {
        let mut facts = [const { None }; FACTS.len()];
        for (place, _, value) in incoming.facts() {
            if let Some(fact) = facts.get_mut(place) {
                *fact = Some(CelString::from(value));
            }
        }
        Ok(Variables {
            part: self.layout.part_of(&incoming.event.kind),
            scope: incoming.scope(),
            event: CelString::from(incoming.event.kind.as_str()),
            facts,
        })
    }

    fn decide(&mut self, event: &Variables<'_>, decision: &mut Decision) -> Result<(), Failure> {
        let Some(part) = event.part.and_then(|part| self.parts.get(part)) else {
            return Ok(());
        };
        let mut context = self.context.new_inner_scope();
        context.set_variable_resolver(event);
        for Compiled { number, rule, program } in part {
            // What `Program::execute` does, without the copy into a value of its own.
            let holds = Value::resolve_val(program.expression(), &context)?;
            let Some(holds) = holds.downcast_ref::<CelBool>() else {
                return Err(format!("`{}` is neither true nor false", rule.name).into());
            };
            if *holds.inner() {
                decision.fire(*number, rule, event.scope);
            }
        }
        Ok(())
    }
}
