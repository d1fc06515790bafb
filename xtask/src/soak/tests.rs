//! A short run does what a long one does, and what is seen of it is judged and drawn.

use std::time::Duration;

use super::shared::Plan;
use super::{judge, picture, sample::Sample, soak};

fn short() -> Plan {
    Plan {
        lasting: Duration::from_secs(2),
        prospects: 200,
        seed: 42,
        rate: 3_000.0,
        batch: 5,
        days: 240,
        every: Duration::from_millis(50),
    }
}

#[test]
fn months_of_all_kinds_of_commands_leave_what_they_should_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let plan = short();
    let soaked = soak(&plan, dir.path()).unwrap();
    let (samples, done) = (&soaked.samples, &soaked.after.done);
    // Pauses of one person and failures are a matter of luck in so short a time.
    for kind in [
        "events",
        "events that came before",
        "retractions",
        "claims",
        "last looks",
        "reports of sends",
        "lifts",
        "enrolments",
        "changes of prospects",
        "pauses of companies",
        "pauses of companies in campaigns",
        "pauses of senders",
        "pauses of campaigns",
        "pauses of everything",
        "pauses of selections",
        "stops",
        "resumes with a date",
        "resumes of selections",
        "reschedules",
        "resends of selections",
        "changes of senders",
        "changes of campaigns",
        "changes of holidays",
        "policies",
        "forgotten",
        "advances",
    ] {
        assert!(done.kinds.get(kind).is_some_and(|count| *count > 0), "{kind}: {:?}", done.kinds);
    }
    assert_eq!((done.wrong, &done.shown), (0, &Vec::new()));
    assert!(done.sent > 0 && done.enrolled > 0, "{done:?}");
    let last = samples.last().unwrap();
    assert!(last.day > 200.0, "twice as long as an ended hold is remembered: {}", last.day);
    // Three quarters of all ids are older than is remembered.
    let events = done.kinds["events"];
    assert!(last.sizes.events_seen * 2 < events, "{} of {events}", last.sizes.events_seen);
    let placed: u64 =
        ["pauses", "pauses with an end", "lifts"].iter().filter_map(|it| done.kinds.get(it)).sum();
    assert!(last.sizes.holds_live < last.sizes.holds && last.sizes.holds < placed, "{last:?}");
    // What has to do with how quick a disk is says nothing of so short a time.
    let of_time = ["memory", "p50 of", "p99 of"];
    for finding in judge::judge(samples, &soaked.after) {
        let timed = of_time.iter().any(|it| finding.what.starts_with(it));
        assert!(finding.holds || timed, "{finding}");
    }
}

#[test]
fn what_grows_and_what_slows_down_is_found() {
    let sample = |number: u32, growth: f64| Sample {
        since: Duration::from_secs(u64::from(number)),
        resident: (100e6 * (1.0 + growth * f64::from(number))) as u64,
        p50_ms: 1.0 + growth * f64::from(number),
        base: 1 << 20,
        journal: (200e6 * (1.0 + growth * 10.0 * f64::from(number))) as u64,
        ..Sample::default()
    };
    let verdicts = |growth: f64| {
        let samples: Vec<Sample> = (0..100).map(|number| sample(number, growth)).collect();
        let found = judge::judge(&samples, &judge::After::default());
        ["memory beside", "disk", "p50"].map(|what| {
            found.iter().find(|it| it.what.starts_with(what)).is_some_and(|it| it.holds)
        })
    };
    assert_eq!(verdicts(0.0), [true, true, true]);
    assert_eq!(verdicts(0.02), [false, false, false]);
}

#[test]
fn what_is_kept_for_good_is_not_counted_as_growth() {
    let samples: Vec<Sample> = (0..100_u64)
        .map(|number| Sample {
            resident: (100 + number) << 20,
            for_good: number << 20,
            ..Sample::default()
        })
        .collect();
    let found = judge::judge(&samples, &judge::After::default());
    let memory = found.iter().find(|it| it.what.starts_with("memory beside")).unwrap();
    assert!(memory.holds, "{memory}");
}

#[test]
fn the_picture_has_three_panels_and_every_line() {
    let samples: Vec<Sample> = (1..=20_u32)
        .map(|number| Sample {
            since: Duration::from_secs(u64::from(number) * 30),
            day: f64::from(number) * 10.0,
            resident: 100 << 20,
            journal: 50 << 20,
            p50_ms: 1.0,
            p99_ms: 9.0,
            ..Sample::default()
        })
        .collect();
    let svg = picture::draw(&samples, &["2 cores".to_owned()]).unwrap();
    assert!(svg.matches("<polyline").count() >= 7, "{svg}");
    for word in ["memory", "disk", "a commit", "journal", "checkpoints", "p50", "p99", "2 cores"] {
        assert!(svg.contains(word), "{word}\n{svg}");
    }
    assert!(picture::draw(&[], &[]).unwrap().contains("</svg>"));
}
