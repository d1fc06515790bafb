//! The committed example is what the generator makes, and it is what it promises to be.

use std::collections::{BTreeMap, BTreeSet};

use holdline::json::read_command;
use holdline::model::{Action, Command, Event, Value};

use super::{OUT, SEED, generate, parse};
use crate::Failure;

fn commands(text: &str) -> Vec<Command> {
    let read = |line: &str| {
        read_command(line.as_bytes()).unwrap_or_else(|error| panic!("{line}\n{error}"))
    };
    text.lines().map(read).collect()
}

fn events(commands: &[Command]) -> Vec<&Event> {
    commands
        .iter()
        .filter_map(|command| match &command.action {
            Action::Record(event) => Some(event),
            _ => None,
        })
        .collect()
}

fn committed() -> String {
    let path = crate::step::root().join(OUT);
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn the_committed_example_is_what_the_generator_makes() {
    let (made, committed) = (generate(SEED), committed());
    let first = made.lines().zip(committed.lines()).find(|(a, b)| a != b);
    assert_eq!(first, None, "run `cargo xtask generate`");
    assert_eq!(made.len(), committed.len(), "run `cargo xtask generate`");
}

#[test]
fn every_line_is_a_command_and_they_are_in_order_of_time() {
    const DAY_MS: i64 = 86_400_000;
    let text = committed();
    assert!(text.len() < 6_000_000, "{} bytes", text.len());
    let commands = commands(&text);
    assert!((18_000..22_000).contains(&commands.len()), "{}", commands.len());
    for (one, next) in commands.iter().zip(&commands[1..]) {
        let gap = next.at.ms_since(one.at);
        // More than a day ahead is refused.
        assert!((0..DAY_MS).contains(&gap), "{one:?}\n{next:?}");
    }
    for command in &commands {
        if let Action::Record(event) = &command.action {
            assert!(event.at.unwrap() <= command.at, "{event:?}");
        }
    }
}

#[test]
fn everybody_is_known_before_they_are_enrolled_or_heard_of() {
    let mut known = BTreeSet::new();
    let mut enrolled = BTreeSet::new();
    for command in commands(&committed()) {
        match command.action {
            Action::PutProspect(prospect) => assert!(known.insert(prospect.key)),
            Action::Enroll { campaign, prospect } => {
                assert!(known.contains(&prospect), "{prospect}");
                assert!(enrolled.insert((campaign, prospect)));
            }
            Action::Record(event) => {
                let subject = event.subject;
                if let (Some(prospect), Some(campaign)) = (subject.prospect, subject.campaign) {
                    assert!(enrolled.contains(&(campaign, prospect)));
                }
            }
            _ => {}
        }
    }
    assert!((880..960).contains(&known.len()), "{}", known.len());
}

#[test]
fn the_two_weeks_have_all_that_can_happen() {
    let commands = commands(&committed());
    let events = events(&commands);
    let with = |kind: &str, name: &str, text: &str| {
        let value = Value::Text(text.to_owned());
        let has = |event: &&&Event| {
            event.kind == kind && event.attributes.contains(&(name.to_owned(), value.clone()))
        };
        events.iter().filter(has).count()
    };
    for (name, values) in [
        ("kind", &["human", "auto", "out-of-office", "unknown"][..]),
        ("intent", &["positive", "negative", "referral", "not-now", "unknown"]),
    ] {
        for value in values {
            assert!(with("reply", name, value) > 0, "no reply with {name} {value}");
        }
    }
    for class in ["hard", "soft", "policy"] {
        assert!(with("bounce", "class", class) > 2, "too few {class} bounces");
    }
    for scope in ["prospect", "company"] {
        assert!(with("mark", "scope", scope) > 2, "too few marks at {scope}");
    }
    let dated = |event: &&&Event| event.attributes.iter().any(|(name, _)| name == "return-date");
    let away = with("reply", "kind", "out-of-office");
    let with_date = events.iter().filter(dated).count();
    assert!(0 < with_date && with_date < away, "{with_date} of {away}");
}

#[test]
fn the_two_weeks_have_every_kind_of_event_and_of_command() {
    let commands = commands(&committed());
    let events = events(&commands);
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    let mut ids: BTreeMap<&str, usize> = BTreeMap::new();
    for event in &events {
        *kinds.entry(&event.kind).or_default() += 1;
        *ids.entry(&event.id).or_default() += 1;
    }
    for kind in [
        "opt-out",
        "complaint",
        "inbound",
        "call",
        "meeting.booked",
        "campaign.archived",
        "sender.disconnected",
        "sender.connected",
        "company.stage",
        "data.missing",
        "data.completed",
        "open",
        "click",
    ] {
        assert!(kinds.contains_key(kind), "no {kind}");
    }
    let twice = ids.values().filter(|count| **count > 1).count();
    assert!((10..200).contains(&twice), "{twice} duplicates");

    let late = |command: &&Command| match &command.action {
        Action::Record(event) => command.at.ms_since(event.at.unwrap()) > 3_600_000,
        _ => false,
    };
    let late = commands.iter().filter(late).count();
    assert!((20..400).contains(&late), "{late} late events");

    let some = |is: fn(&Action) -> bool| commands.iter().any(|command| is(&command.action));
    assert!(some(|action| matches!(action, Action::AddStep { .. })));
    assert!(some(|action| matches!(action, Action::Hold { .. })));
    assert!(some(|action| matches!(action, Action::Resume { .. })));
    assert!(some(|action| matches!(action, Action::Reschedule { .. })));
    let retracted = commands.iter().find_map(|command| match &command.action {
        Action::Retract { event, .. } => Some(event.as_str()),
        _ => None,
    });
    assert!(retracted.is_some_and(|id| ids.contains_key(id)));
}

#[test]
fn another_seed_is_another_story() {
    let other = generate(SEED + 1);
    assert_ne!(other, generate(SEED));
    commands(&other);
}

#[test]
fn arguments_are_checked() {
    let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let (seed, out) = parse(&words("--seed 7 --out x.jsonl")).unwrap();
    assert_eq!((seed, out), (7, "x.jsonl".into()));
    for wrong in ["--seed", "--seed x", "--sed 1"] {
        assert!(matches!(parse(&words(wrong)), Err(Failure::Usage(_))), "{wrong}");
    }
}

#[test]
fn bounces_come_in_a_cluster_at_some_company() {
    let commands = commands(&committed());
    let mut by_domain: BTreeMap<&str, usize> = BTreeMap::new();
    for event in events(&commands) {
        if event.kind == "bounce" {
            let prospect = event.subject.prospect.as_deref().unwrap();
            let (_, domain) = prospect.split_once('@').unwrap();
            *by_domain.entry(domain).or_default() += 1;
        }
    }
    assert!(by_domain.values().any(|count| *count > 15), "{by_domain:?}");
}
