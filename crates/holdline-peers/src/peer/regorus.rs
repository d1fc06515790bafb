//! Rego in regorus: compiled to the bytecode of its virtual machine, with an entry point for each
//! policy. The list is a set in `data`, and the answer the set of the names of rules.

use std::collections::HashMap;

use holdline::Scope;
use regorus::languages::rego::compiler::Compiler;
use regorus::rvm::RegoVM;
use regorus::{Engine, Rc, Value};

use crate::catalogue::{self, FREE_MAIL, Rule};
use crate::incoming::Incoming;
use crate::{Decision, Failure, Layout, Part, Peer};

/// The condition of a rule, but for the event's type: every line must hold.
fn condition(rule: &str) -> &'static [&'static str] {
    match rule {
        "human-reply" => &[r#"input.kind == "human""#],
        "company-replied" => &[
            r#"input.kind == "human""#,
            r#"not input.intent == "referral""#,
            "input.company",
            "not data.free_mail[input.domain]",
        ],
        "referral" => &[r#"input.kind == "human""#, r#"input.intent == "referral""#],
        "unclear-reply" => &[r#"input.kind == "unknown""#],
        "out-of-office" => &[r#"input.kind == "out-of-office""#],
        "auto-reply" => &[r#"input.kind == "auto""#],
        "hard-bounce" => &[r#"input.class == "hard""#],
        "soft-bounce" => &[r#"input.class == "soft""#],
        "policy-bounce" => &[r#"input.class == "policy""#],
        "marked-final" => &[r#"input.marked in {"qualified", "unqualified"}"#],
        "marked-not-interested" => &[r#"input.marked == "not-interested""#],
        "marked-interested" => &[r#"input.marked == "interested""#],
        "marked-later" => &[r#"input.marked == "maybe-later""#],
        "call-reached" => &[r#"input.outcome in {"connected", "meeting"}"#],
        "call-refused" => &[r#"input.outcome in {"not-interested", "wrong-number"}"#],
        "call-missed" => &[r#"input.outcome in {"no-answer", "voicemail"}"#],
        "company-customer" => &[r#"input.stage in {"customer", "lost"}"#],
        _ => &["true"],
    }
}

/// A policy as a Rego module.
fn module(number: usize, part: &Part) -> String {
    let mut text = format!("package outreach.part{number}\n");
    for (_, rule) in &part.rules {
        let lines = condition(rule.name).join("\n  ");
        let asks: Vec<String> = match part.event {
            Some(_) => vec![String::new()],
            None => {
                rule.events.iter().map(|event| format!("input.event == \"{event}\"\n  ")).collect()
            }
        };
        for ask in asks {
            text.push_str(&format!(
                "\nfired contains \"{}\" if {{\n  {ask}{lines}\n}}\n",
                rule.name
            ));
        }
    }
    text
}

/// The machine with the program in it.
pub struct Regorus {
    layout: Layout,
    machine: RegoVM,
    rules: HashMap<&'static str, (usize, &'static Rule)>,
}

/// The input document of an event.
pub struct Input {
    part: Option<usize>,
    scope: Option<Scope>,
    input: Value,
}

impl Peer for Regorus {
    const NAME: &'static str = "regorus";
    type Event<'e> = Input;

    fn prepare(layout: Layout) -> Result<Self, Failure> {
        let mut engine = Engine::new();
        let mut data = Value::new_object();
        let mut list = Value::new_set();
        for domain in FREE_MAIL {
            list.as_set_mut()?.insert(domain.into());
        }
        data.as_object_mut()?.insert("free_mail".into(), list);
        engine.add_data(data.clone())?;
        let mut entries = Vec::new();
        for (number, part) in layout.parts().iter().enumerate() {
            engine.add_policy(format!("part{number}.rego"), module(number, part))?;
            entries.push(format!("data.outreach.part{number}.fired"));
        }
        let entries: Vec<&str> = entries.iter().map(String::as_str).collect();
        let first: Rc<str> = entries.first().copied().unwrap_or_default().into();
        let policy = engine.compile_with_entrypoint(&first)?;
        let program = Compiler::compile_from_policy(&policy, &entries)?;
        let mut machine = RegoVM::new();
        machine.load_program(program);
        machine.set_data(data)?;
        let rules = catalogue::RULES.iter().enumerate();
        let rules = rules.map(|(number, rule)| (rule.name, (number, rule))).collect();
        Ok(Self { layout, machine, rules })
    }

    fn take(&self, incoming: &Incoming) -> Result<Input, Failure> {
        let mut input = Value::new_object();
        let object = input.as_object_mut()?;
        if self.layout == Layout::Whole {
            object.insert("event".into(), incoming.event.kind.as_str().into());
        }
        for (_, name, value) in incoming.facts() {
            object.insert(name.into(), value.into());
        }
        let part = self.layout.part_of(&incoming.event.kind);
        Ok(Input { part, scope: incoming.scope(), input })
    }

    fn decide(&mut self, event: &Input, decision: &mut Decision) -> Result<(), Failure> {
        let Some(part) = event.part else {
            return Ok(());
        };
        self.machine.set_input(event.input.clone());
        let fired = self.machine.execute_entry_point_by_index(part)?;
        if fired == Value::Undefined {
            return Ok(());
        }
        for name in fired.as_set()? {
            let name = name.as_string()?;
            if let Some((number, rule)) = self.rules.get(&**name) {
                decision.fire(*number, rule, event.scope);
            }
        }
        Ok(())
    }
}
