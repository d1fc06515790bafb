//! A host with two threads: one records events as they come in, one claims, looks and sends.
//!
//! `cargo run --example worker`

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use holdline::{
    Action, Campaign, Command, Engine, EngineError, Event, Instant, Options, Policy, Prospect,
    Report, Sender, Step, Verdict,
};

const PEOPLE: u32 = 200;
const LEASE_MS: u64 = 30_000;

/// What the two threads share with the one that started them.
#[derive(Default)]
struct Progress {
    recorded_all: AtomicBool,
    sent: AtomicU32,
    called_back: AtomicU32,
}

/// Runs the example.
///
/// # Errors
/// If the engine cannot be opened or stops.
pub fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dir = std::env::temp_dir().join(format!("holdline-worker-{}", std::process::id()));
    let engine = Engine::open(&dir, Options::default())?;
    set_up(&engine)?;
    let progress = Progress::default();
    std::thread::scope(|scope| {
        let recorder = scope.spawn(|| record_events(&engine, &progress));
        let worker = scope.spawn(|| work(&engine, &progress));
        let joined = [recorder.join(), worker.join()];
        joined.into_iter().try_for_each(|thread| {
            thread.map_err(|_| "a thread panicked")?.map_err(|error| error.to_string())?;
            Ok::<(), Box<dyn std::error::Error>>(())
        })
    })?;

    let sent = progress.sent.load(Ordering::Relaxed);
    let called_back = progress.called_back.load(Ordering::Relaxed);
    let snapshot = engine.snapshot()?;
    let counts = snapshot.view("default").ok_or("there is a workspace")?.counts();
    println!("{sent} sent, {called_back} called back at the last look");
    println!("{} people are held, of {}", counts.prospects_held, counts.prospects);
    // Whoever answered before the message left got none; nobody got two.
    assert_eq!(u64::from(sent), counts.tally.sent);
    assert_eq!(counts.tally.called_back, u64::from(called_back));
    assert_eq!(u64::from(sent) + counts.prospects_held, u64::from(PEOPLE) + both(&snapshot));
    engine.close()?;
    std::fs::remove_dir_all(&dir)?;
    Ok(())
}

/// People who got the message and answered after it.
fn both(snapshot: &holdline::Snapshot) -> u64 {
    let Some(view) = snapshot.view("default") else {
        return 0;
    };
    let key = |person: u32| format!("p{person}@company{person}.example");
    let got_and_held = (0..PEOPLE).filter_map(|person| view.timeline(&key(person))).filter(|it| {
        it.enrollments.iter().any(|one| !one.sends.is_empty() && !one.enrollment.holds.is_empty())
    });
    got_and_held.count() as u64
}

/// The engine never reads a clock; the host tells it the time.
fn now() -> Instant {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Instant::from_ms(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

fn set_up(engine: &Engine) -> Result<(), EngineError> {
    let at = now();
    let sender = Sender { key: "tom@ours.example".to_owned(), ..Sender::default() };
    let campaign = Campaign {
        key: "spring".to_owned(),
        senders: vec![sender.key.clone()],
        steps: vec![Step { name: "intro".to_owned(), ..Step::default() }],
        ..Campaign::default()
    };
    engine.put_policy(at, Policy::default_rules())?;
    let mut commands = vec![
        Command::new(at, Action::PutSender(sender)),
        Command::new(at, Action::PutCampaign(campaign)),
    ];
    for person in 0..PEOPLE {
        let key = format!("p{person}@company{person}.example");
        let prospect = Prospect { key: key.clone(), ..Prospect::default() };
        commands.push(Command::new(at, Action::PutProspect(prospect)));
        let campaign = "spring".to_owned();
        commands.push(Command::new(at, Action::Enroll { campaign, prospect: key }));
    }
    engine.apply_batch(commands)?;
    Ok(())
}

/// Every fifth person answers, from the last to the first, while the worker comes from the other
/// side.
fn record_events(engine: &Engine, progress: &Progress) -> Result<(), EngineError> {
    for person in (0..PEOPLE).rev().step_by(5) {
        let reply = Event::new("reply", format!("reply-{person}"))
            .source("inbox")
            .prospect(format!("p{person}@company{person}.example"))
            .with("kind", "human");
        // When this returns the hold is durable: no send that it covers is confirmed after it.
        engine.record(now(), reply)?;
    }
    progress.recorded_all.store(true, Ordering::Release);
    Ok(())
}

fn work(engine: &Engine, progress: &Progress) -> Result<(), EngineError> {
    loop {
        let recorded_all = progress.recorded_all.load(Ordering::Acquire);
        let sends = engine.claim(now(), 10, LEASE_MS)?;
        if sends.is_empty() && recorded_all {
            return Ok(());
        }
        if sends.is_empty() {
            std::thread::sleep(Duration::from_millis(1));
        }
        for send in sends {
            match engine.confirm(now(), send.token)? {
                Ok(Verdict::Go) => {
                    // Here the host's own mail library sends the message.
                    engine.report(now(), send.token, Report::Sent { at: now() })?;
                    progress.sent.fetch_add(1, Ordering::Relaxed);
                }
                Ok(Verdict::Revoked(_)) => {
                    progress.called_back.fetch_add(1, Ordering::Relaxed);
                }
                // The lease ended before the last look: the send is back in its timeline.
                Err(_stale) => {}
            }
        }
    }
}
