//! The examples run, and their own assertions hold.

#[path = "../../examples/policy_from_disk.rs"]
mod policy_from_disk;
#[path = "../../examples/quickstart.rs"]
mod quickstart;
#[path = "../../examples/worker.rs"]
mod worker;

#[test]
fn policy_from_disk_runs() {
    policy_from_disk::main().unwrap();
}

#[test]
fn quickstart_runs() {
    quickstart::main().unwrap();
}

#[test]
fn worker_runs() {
    worker::main().unwrap();
}

/// Every line of the example inputs is taken, while a worker sends what falls due: none is refused
/// under the shipped policy.
#[test]
fn the_example_inputs_are_taken_whole() {
    for (name, lines) in [
        ("first-day", include_str!("../../examples/first-day.jsonl")),
        ("two-weeks", include_str!("../../examples/two-weeks.jsonl")),
    ] {
        let engine = holdline::Engine::in_memory().unwrap();
        let read = |line: &str| holdline::json::read_command(line.as_bytes()).unwrap();
        let commands: Vec<_> = lines.lines().map(read).collect();
        let mut minute = commands[0].at;
        engine.put_policy(minute, holdline::Policy::default_rules()).unwrap();
        for (at, command) in commands.into_iter().enumerate() {
            while minute.plus_ms(60_000) < command.at {
                minute = minute.plus_ms(60_000);
                if engine.next_due(None).unwrap().is_some_and(|due| due <= minute) {
                    send_what_is_due(&engine, minute);
                }
            }
            let outcome = engine.apply(command).unwrap();
            assert_eq!(outcome.refusal(), None, "{name}.jsonl:{}", at + 1);
        }
        let snapshot = engine.snapshot().unwrap();
        let counts = snapshot.view("default").unwrap().counts();
        assert!(counts.tally.sent > 10, "{name}: {counts:?}");
    }
}

fn send_what_is_due(engine: &holdline::Engine, now: holdline::Instant) {
    for send in engine.claim(now, 100, 60_000).unwrap() {
        if engine.confirm(now, send.token).unwrap() == Ok(holdline::Verdict::Go) {
            engine.report(now, send.token, holdline::Report::Sent { at: now }).unwrap();
        }
    }
}
