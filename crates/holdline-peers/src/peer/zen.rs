//! The ZEN expression language: bytecode for each rule, run in one virtual machine that is kept.
//! The list is an object shared by all events, because `in` walks an array.

use std::sync::Arc;

use holdline::Scope;
use zen_expression::compiler::Opcode;
use zen_expression::vm::VM;
use zen_expression::{Isolate, Scope as Environment, Variable};

use crate::catalogue::{FREE_MAIL, Rule};
use crate::incoming::Incoming;
use crate::{Decision, Failure, Layout, Peer};

/// The condition of a rule, but for the event's type.
fn condition(rule: &str) -> &'static str {
    match rule {
        "human-reply" => "kind == 'human'",
        "company-replied" => {
            "kind == 'human' and intent != 'referral' and company != null \
             and freeMail[domain] == null"
        }
        "referral" => "kind == 'human' and intent == 'referral'",
        "unclear-reply" => "kind == 'unknown'",
        "out-of-office" => "kind == 'out-of-office'",
        "auto-reply" => "kind == 'auto'",
        "hard-bounce" => "class == 'hard'",
        "soft-bounce" => "class == 'soft'",
        "policy-bounce" => "class == 'policy'",
        "marked-final" => "marked == 'qualified' or marked == 'unqualified'",
        "marked-not-interested" => "marked == 'not-interested'",
        "marked-interested" => "marked == 'interested'",
        "marked-later" => "marked == 'maybe-later'",
        "call-reached" => "outcome == 'connected' or outcome == 'meeting'",
        "call-refused" => "outcome == 'not-interested' or outcome == 'wrong-number'",
        "call-missed" => "outcome == 'no-answer' or outcome == 'voicemail'",
        "company-customer" => "stage == 'customer' or stage == 'lost'",
        _ => "true",
    }
}

/// A rule's bytecode.
struct Compiled {
    number: usize,
    rule: &'static Rule,
    code: Arc<[Opcode]>,
}

/// The bytecode, the machine, and the list.
pub struct Zen {
    layout: Layout,
    parts: Vec<Vec<Compiled>>,
    machine: VM,
    free_mail: Variable,
}

/// The environment of an event.
pub struct Environed {
    part: Option<usize>,
    scope: Option<Scope>,
    environment: Environment,
}

impl Peer for Zen {
    const NAME: &'static str = "zen-expression";
    type Event<'e> = Environed;

    fn prepare(layout: Layout) -> Result<Self, Failure> {
        let mut isolate = Isolate::new();
        let mut parts = Vec::new();
        for part in layout.parts() {
            let mut rules = Vec::new();
            for (number, rule) in part.rules {
                let condition = condition(rule.name);
                let source = match part.event {
                    Some(_) => condition.to_owned(),
                    None => {
                        let asks = rule.events.iter().map(|event| format!("event == '{event}'"));
                        let asks = asks.collect::<Vec<_>>().join(" or ");
                        format!("({asks}) and ({condition})")
                    }
                };
                let code = Arc::clone(isolate.compile_standard(&source)?.bytecode());
                rules.push(Compiled { number, rule, code });
            }
            parts.push(rules);
        }
        let free_mail = Variable::empty_object();
        for domain in FREE_MAIL {
            if let Variable::Object(list) = &free_mail {
                list.borrow_mut().insert(domain.into(), Variable::Bool(true));
            }
        }
        Ok(Self { layout, parts, machine: VM::new(), free_mail })
    }

    fn take(&self, incoming: &Incoming) -> Result<Environed, Failure> {
        let variables = Variable::empty_object();
        if let Variable::Object(variables) = &variables {
            let mut variables = variables.borrow_mut();
            if self.layout == Layout::Whole {
                let kind = Variable::String(incoming.event.kind.as_str().into());
                variables.insert("event".into(), kind);
            }
            for (_, name, value) in incoming.facts() {
                variables.insert(name.into(), Variable::String(value.into()));
            }
            variables.insert("freeMail".into(), self.free_mail.clone());
        }
        Ok(Environed {
            part: self.layout.part_of(&incoming.event.kind),
            scope: incoming.scope(),
            environment: Environment::new(variables),
        })
    }

    fn decide(&mut self, event: &Environed, decision: &mut Decision) -> Result<(), Failure> {
        let Some(part) = event.part.and_then(|part| self.parts.get(part)) else {
            return Ok(());
        };
        for Compiled { number, rule, code } in part {
            match self.machine.run(code, &event.environment)? {
                Variable::Bool(true) => decision.fire(*number, rule, event.scope),
                Variable::Bool(false) => {}
                _ => return Err(format!("`{}` is neither true nor false", rule.name).into()),
            }
        }
        Ok(())
    }
}
