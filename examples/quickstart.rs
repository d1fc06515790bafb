//! The whole of it in one file: a campaign, two people of one company, one reply.
//!
//! `cargo run --example quickstart`

use holdline::{
    Action, Campaign, Command, Engine, EngineError, Event, Instant, Options, Policy, Prospect,
    Report, Sender, Step, Verdict,
};

const MINUTE_MS: i64 = 60_000;

/// Runs the example.
///
/// # Errors
/// If the engine cannot be opened or stops.
pub fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dir = std::env::temp_dir().join(format!("holdline-quickstart-{}", std::process::id()));
    let engine = Engine::open(&dir, Options::default())?;
    let start: Instant = "2026-03-02T09:00:00Z".parse()?;
    set_up(&engine, start)?;

    // Both first messages are due. The host claims them, looks a last time, and sends.
    send_what_is_due(&engine, start)?;

    // Ann answers. The shipped policy holds her, and her company.
    let replied = start.plus_ms(30 * MINUTE_MS);
    let reply = Event::new("reply", "evt-1").prospect("ann@acme.io").with("kind", "human");
    engine.record(replied, reply)?;

    // A day later the second messages are due, and none leaves.
    let tomorrow = start.plus_ms(24 * 60 * MINUTE_MS);
    engine.apply(Command::new(tomorrow, Action::Advance))?;
    let sent = send_what_is_due(&engine, tomorrow)?;
    assert_eq!(sent, 0, "Bob is held with his company");

    let snapshot = engine.snapshot()?;
    let view = snapshot.view("default").ok_or("there is a workspace")?;
    let why = view.explain("bob@acme.io").ok_or("Bob is there")?;
    for enrollment in &why.enrollments {
        println!("{} is {}", enrollment.enrollment.prospect, enrollment.enrollment.status);
        for hold in &enrollment.holds {
            println!("  {} {} {}", hold.hold.kind, hold.hold.scope, hold.hold.target);
            for clause in hold.rule.iter().flat_map(|rule| &rule.clauses) {
                println!("    {}: {}", clause.text, clause.actual);
            }
        }
    }
    engine.close()?;
    std::fs::remove_dir_all(&dir)?;
    Ok(())
}

fn set_up(engine: &Engine, at: Instant) -> Result<(), EngineError> {
    let sender = Sender {
        key: "tom@ours.example".to_owned(),
        limit_per_day: Some(100),
        ..Sender::default()
    };
    let campaign = Campaign {
        key: "spring".to_owned(),
        senders: vec![sender.key.clone()],
        steps: vec![step("intro", 0), step("follow-up", 1)],
        ..Campaign::default()
    };
    engine.put_policy(at, Policy::default_rules())?;
    engine.apply(Command::new(at, Action::PutSender(sender)))?;
    engine.apply(Command::new(at, Action::PutCampaign(campaign)))?;
    for key in ["ann@acme.io", "bob@acme.io"] {
        let prospect = Prospect { key: key.to_owned(), ..Prospect::default() };
        engine.apply(Command::new(at, Action::PutProspect(prospect)))?;
        engine.enroll(at, "spring", key)?;
    }
    Ok(())
}

fn step(name: &str, days: u32) -> Step {
    let mut step = Step { name: name.to_owned(), ..Step::default() };
    step.timing.delay = holdline::model::Delay::Days(days);
    step
}

fn send_what_is_due(engine: &Engine, now: Instant) -> Result<usize, EngineError> {
    let mut sent = 0;
    for send in engine.claim(now, 100, 60_000)? {
        if engine.confirm(now, send.token)? == Ok(Verdict::Go) {
            println!("{} to {} from {}", send.message, send.address, send.sender);
            engine.report(now, send.token, Report::Sent { at: now })?;
            sent += 1;
        }
    }
    Ok(sent)
}
