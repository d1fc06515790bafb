//! Tests of the JSON form.

use proptest::prelude::*;
use proptest::strategy::ValueTree;

use super::{read_command, write_command};
use crate::model::{
    Action, Command, Delay, Event, HoldTarget, Hours, Instant, Selection, Status, Step, StepTiming,
    Value, Weekdays,
};
use crate::testing::commands;

pub(super) const AT: &str = "2026-03-02T09:00:00Z";

pub(super) fn at() -> Instant {
    AT.parse().unwrap()
}

pub(super) fn read(line: &str) -> Command {
    read_command(line.as_bytes()).unwrap_or_else(|error| panic!("{line}\n{error}"))
}

/// The line with `do` and `at`, and these fields besides.
pub(super) fn line(verb: &str, fields: &str) -> String {
    let comma = if fields.is_empty() { "" } else { "," };
    format!(r#"{{"do":"{verb}","at":"{AT}"{comma}{fields}}}"#)
}

pub(super) fn action(verb: &str, fields: &str) -> Action {
    read(&line(verb, fields)).action
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn what_is_written_is_read_back(command in commands::command()) {
        let line = write_command(&command);
        prop_assert!(!line.contains('\n'));
        prop_assert_eq!(read_command(line.as_bytes()), Ok(command), "{}", line);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = read_command(&bytes);
    }

    /// Cutting a line off or changing a byte of it gives another command or an error.
    #[test]
    fn no_damaged_line_makes_it_panic(
        command in commands::command(),
        place in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut line = write_command(&command).into_bytes();
        let place = place.index(line.len());
        line[place] = byte;
        let _ = read_command(&line);
        line.truncate(place);
        prop_assert!(read_command(&line).is_err());
    }
}

#[test]
fn a_command_has_an_instant_an_id_a_person_and_a_workspace() {
    let command = read(
        r#"{"do":"enroll","at":"2026-03-02T10:00:00+01:00","id":"c1","by":"ann@ours.example",
            "workspace":"eu","campaign":"spring","prospect":"ann@acme.io"}"#,
    );
    let action = Action::Enroll { campaign: "spring".into(), prospect: "ann@acme.io".into() };
    let expected = Command::new(at(), action).id("c1").by("ann@ours.example").workspace("eu");
    assert_eq!(command, expected);
}

#[test]
fn an_event_keeps_what_is_not_its_own_as_attributes() {
    let found = action(
        "record",
        r#""event":{"type":"reply","id":"evt-1","source":"mail","at":"2026-03-02T08:00:00Z",
           "prospect":"ann@acme.io","campaign":"spring","kind":"human","score":-3,"first":true,
           "tags":["a","b"],"return-date":"2026-07-07"}"#,
    );
    let expected = Event::new("reply", "evt-1")
        .source("mail")
        .at("2026-03-02T08:00:00Z".parse().unwrap())
        .prospect("ann@acme.io")
        .campaign("spring")
        .with("kind", "human")
        .with("score", -3)
        .with("first", true);
    let mut expected = expected;
    let tags = Value::List(vec!["a".into(), "b".into()]);
    expected.attributes.push(("tags".into(), tags));
    let expected = expected.with("return-date", "2026-07-07");
    assert_eq!(found, Action::Record(expected));
}

#[test]
fn an_attribute_that_is_an_instant_or_a_date_is_written_as_text() {
    let date = chrono::NaiveDate::from_ymd_opt(2026, 7, 7).unwrap();
    let event = Event::new("reply", "1").with("seen", at()).with("return-date", date);
    let line = write_command(&Command::new(at(), Action::Record(event)));
    let Action::Record(event) = read(&line).action else { panic!("not a record") };
    let expected: Vec<(String, Value)> =
        vec![("seen".into(), AT.into()), ("return-date".into(), "2026-07-07".into())];
    assert_eq!(event.attributes, expected);
}

#[test]
fn the_timing_of_a_step_is_read() {
    let timing = |fields: &str| {
        let step = format!(r#""campaign":"spring","step":{{"name":"intro",{fields}}}"#);
        match action("add-step", &step) {
            Action::AddStep { step: Step { timing, .. }, .. } => timing,
            other => panic!("{other:?}"),
        }
    };
    let delay = |text: &str| timing(&format!(r#""delay":"{text}""#)).delay;
    assert_eq!(delay("3d"), Delay::ElapsedMs(72 * 3_600_000));
    assert_eq!(delay("36h"), Delay::ElapsedMs(36 * 3_600_000));
    assert_eq!(delay("250ms"), Delay::ElapsedMs(250));
    assert_eq!(delay("1 calendar day"), Delay::Days(1));
    assert_eq!(delay("3 calendar days"), Delay::Days(3));
    assert_eq!(delay("3 business days"), Delay::BusinessDays(3));

    let days = |text: &str| timing(&format!(r#""days":{text}"#)).weekdays;
    assert_eq!(days(r#""mon-fri""#), Weekdays::WORKING);
    assert_eq!(days(r#"["mon","tue","wed","thu","fri"]"#), Weekdays::WORKING);
    assert_eq!(days(r#""mon-sun""#), Weekdays::ALL);
    assert_eq!(days(r#""sat-mon""#), days(r#"["sat","sun","mon"]"#));
    assert_eq!(days(r#""tue""#), days(r#"["tue"]"#));

    let hours = |text: &str| timing(&format!(r#""hours":"{text}""#)).hours;
    assert_eq!(hours("09:00-17:30"), Hours::new(540, 1050).unwrap());
    assert_eq!(hours("22:00-02:00"), Hours::new(1320, 120).unwrap());
    assert_eq!(hours("22:00-24:00"), Hours::new(1320, 1440).unwrap());

    assert_eq!(timing(r#""jitter":"30m""#).jitter_ms, 1_800_000);
    assert_eq!(timing(r#""delay":"0s""#), StepTiming::default());
}

#[test]
fn the_keys_say_which_target_is_meant() {
    let target = |fields: &str| match action("pause", fields) {
        Action::Hold { target, .. } => target,
        other => panic!("{other:?}"),
    };
    let campaign = || "spring".to_owned();
    assert_eq!(target(r#""prospect":"ann@acme.io""#), HoldTarget::Prospect("ann@acme.io".into()));
    assert_eq!(
        target(r#""prospect":"ann@acme.io","campaign":"spring""#),
        HoldTarget::Enrollment { campaign: campaign(), prospect: "ann@acme.io".into() }
    );
    assert_eq!(target(r#""company":"acme.io""#), HoldTarget::Company("acme.io".into()));
    assert_eq!(
        target(r#""company":"acme.io","campaign":"spring""#),
        HoldTarget::CompanyInCampaign { company: "acme.io".into(), campaign: campaign() }
    );
    assert_eq!(target(r#""campaign":"spring""#), HoldTarget::Campaign(campaign()));
    assert_eq!(target(r#""sender":"tom""#), HoldTarget::Sender("tom".into()));
    assert_eq!(target(r#""everything":true"#), HoldTarget::Workspace);
    assert_eq!(
        target(r#""selection":{"campaign":"spring","status":"in-progress","step":2}"#),
        HoldTarget::Selection(Selection {
            campaign: Some(campaign()),
            status: Some(Status::Scheduled),
            step: Some(2),
            ..Selection::default()
        })
    );
}

#[test]
fn open_is_written_though_never_read() {
    let open = Action::Open {
        incarnation: 3,
        tz_version: "2025b".into(),
        suffix_version: "2.1".into(),
        holidays_version: "2026-11".into(),
    };
    let fields = concat!(
        r#""incarnation":3,"tz-version":"2025b","suffix-version":"2.1","#,
        r#""holidays-version":"2026-11""#
    );
    assert_eq!(write_command(&Command::new(at(), open)), line("open", fields));
}

#[test]
fn every_field_of_a_command_is_on_the_page() {
    let shown = super::documented::blocks("json").join("\n");
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut names = std::collections::BTreeSet::new();
    for _ in 0..2000 {
        let command = commands::command().new_tree(&mut runner).unwrap().current();
        let line: serde_json::Value = serde_json::from_str(&write_command(&command)).unwrap();
        names.extend(line.as_object().unwrap().keys().cloned());
    }
    assert!(names.contains("company-pace"), "the commands have all fields");
    for name in names {
        assert!(shown.contains(&format!("\"{name}\":")), "{name}");
    }
}
