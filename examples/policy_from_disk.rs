//! A policy of several files, read from the disk: rules of its own, an include, and a list.
//!
//! `cargo run --example policy_from_disk`

use std::path::Path;

use holdline::lang::{self, Policy};
use holdline::model::{HoldChange, PolicyBundle, PolicyFile};
use holdline::{
    Action, Campaign, Command, Engine, EngineError, Event, Instant, Outcome, Prospect, Sender, Step,
};

/// Runs the example.
///
/// # Errors
/// If the policy has a mistake, or the engine stops.
pub fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/team");
    let bundle = read(&folder, "team.rules")?;
    for file in &bundle.files {
        println!("{}: {} lines", file.name, file.text.lines().count());
    }
    // All mistakes at once, with their places: what `holdline check` prints.
    if let Err(findings) = Policy::compile(&bundle) {
        println!("{}", lang::render(&findings, &bundle, false));
        return Err("the policy does not compile".into());
    }

    let engine = Engine::in_memory()?;
    let now: Instant = "2026-03-02T09:00:00Z".parse()?;
    // The files travel with the policy: a store that is opened elsewhere needs no folder of rules.
    engine.put_policy(now, bundle)?;
    let sender = Sender { key: "tom@ours.example".to_owned(), ..Sender::default() };
    let campaign = Campaign {
        key: "spring".to_owned(),
        senders: vec![sender.key.clone()],
        steps: vec![Step::default()],
        ..Campaign::default()
    };
    engine.apply(Command::new(now, Action::PutSender(sender)))?;
    engine.apply(Command::new(now, Action::PutCampaign(campaign)))?;
    for key in ["ann@acme.io", "bob@rival.example"] {
        let prospect = Prospect { key: key.to_owned(), ..Prospect::default() };
        engine.apply(Command::new(now, Action::PutProspect(prospect)))?;
        engine.enroll(now, "spring", key)?;
    }

    // One rule stands in the file that is included; the other asks the list that sales keeps.
    let gone = Event::new("opt-out", "evt-1").prospect("ann@acme.io");
    assert_eq!(placed(&engine, now, gone)?, ["stop prospect by opted-out"]);
    let reply = Event::new("reply", "evt-2").prospect("bob@rival.example").with("kind", "human");
    let both = ["stop company by competitor-replied", "pause company by company-replied"];
    assert_eq!(placed(&engine, now, reply)?, both);
    Ok(())
}

/// Records an event, and says which holds its rules placed.
fn placed(engine: &Engine, now: Instant, event: Event) -> Result<Vec<String>, EngineError> {
    let Outcome::Recorded { holds, .. } = engine.record(now, event)? else {
        return Ok(Vec::new());
    };
    let line = |hold: &HoldChange| format!("{} {} by {}", hold.kind, hold.scope, hold.rule);
    let lines: Vec<String> = holds.iter().map(line).collect();
    lines.iter().for_each(|line| println!("{line}"));
    Ok(lines)
}

/// A rules file with all that it includes. What is not there is left to the check, which points at
/// the line that names it.
fn read(folder: &Path, name: &str) -> std::io::Result<PolicyBundle> {
    let text = std::fs::read_to_string(folder.join(name))?;
    let main = PolicyFile { name: name.to_owned(), text };
    Ok(lang::gather(main, |name| std::fs::read_to_string(folder.join(name)).ok()))
}
