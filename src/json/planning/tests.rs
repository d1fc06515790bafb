//! Tests of the days without sends and of the ways of a campaign.

use super::super::JsonErrorKind::{IllTyped, OutOfRange, UnknownField};
use super::super::mistakes::fails;
use super::super::tests::{action, at, line};
use super::super::write_command;
use crate::model::{
    Action, AddedSteps, Campaign, Command, DateRange, EnrolledElsewhere, Pace, Period, Placement,
    Sender, Settings,
};

fn days(first: &str, last: &str) -> DateRange {
    DateRange { first: first.parse().unwrap(), last: last.parse().unwrap() }
}

#[test]
fn days_without_sends_are_read() {
    let eve = days("2026-12-24", "2026-12-24");
    let between = days("2026-12-27", "2027-01-03");
    let fields = r#""holidays":["us","de"],"closed":["2026-12-24","2026-12-27..2027-01-03"]"#;
    let expected = Settings {
        zone: None,
        holidays: Some(vec!["us".into(), "de".into()]),
        closed: Some(vec![eve, between]),
    };
    assert_eq!(action("configure", fields), Action::Configure(expected));
    // An empty list clears, and is not the same as none.
    let cleared = Settings { zone: None, holidays: Some(Vec::new()), closed: Some(Vec::new()) };
    let empty = action("configure", r#""holidays":[],"closed":[]"#);
    assert_eq!(empty, Action::Configure(cleared));
    assert_eq!(action("configure", ""), Action::Configure(Settings::default()));

    let frozen = |list: &str| match action("put-sender", &format!(r#""key":"tom"{list}"#)) {
        Action::PutSender(Sender { frozen, .. }) => frozen,
        other => panic!("{other:?}"),
    };
    // A range of one day is that day.
    assert_eq!(frozen(r#","frozen":["2026-12-24..2026-12-24"]"#), Some(vec![eve]));
    let all = Some(vec![days("1970-01-01", "9999-12-31")]);
    assert_eq!(frozen(r#","frozen":["1970-01-01..9999-12-31"]"#), all);
    assert_eq!(frozen(r#","frozen":[]"#), Some(Vec::new()));
    assert_eq!(frozen(""), None);
}

#[test]
fn days_have_one_form_each() {
    let settings = Settings {
        closed: Some(vec![days("2026-12-24", "2026-12-24"), days("2026-12-27", "2027-01-03")]),
        ..Settings::default()
    };
    let written = write_command(&Command::new(at(), Action::Configure(settings)));
    assert_eq!(written, line("configure", r#""closed":["2026-12-24","2026-12-27..2027-01-03"]"#));
}

#[test]
fn how_a_campaign_is_placed_is_read() {
    let campaign = |fields: &str| match action("put-campaign", &format!(r#""key":"a",{fields}"#)) {
        Action::PutCampaign(campaign) => campaign,
        other => panic!("{other:?}"),
    };
    let bare = || Campaign { key: "a".into(), ..Campaign::default() };
    for (word, placement) in [("whole", Placement::Whole), ("rolling", Placement::Rolling)] {
        let expected = Campaign { placement: Some(placement), ..bare() };
        assert_eq!(campaign(&format!(r#""placement":"{word}""#)), expected);
    }
    for (word, way) in [
        ("allow", EnrolledElsewhere::Allow),
        ("reject", EnrolledElsewhere::Reject),
        ("replace", EnrolledElsewhere::Replace),
    ] {
        let expected = Campaign { enrolled_elsewhere: Some(way), ..bare() };
        assert_eq!(campaign(&format!(r#""enrolled-elsewhere":"{word}""#)), expected);
    }
    for (word, way) in
        [("hold", AddedSteps::Hold), ("append", AddedSteps::Append), ("ignore", AddedSteps::Ignore)]
    {
        let expected = Campaign { added_steps: Some(way), ..bare() };
        assert_eq!(campaign(&format!(r#""added-steps":"{word}""#)), expected);
    }
    for (text, ms) in [("7d", 604_800_000), ("0s", 0), ("0d", 0)] {
        let expected = Campaign { max_lateness_ms: Some(ms), ..bare() };
        assert_eq!(campaign(&format!(r#""max-lateness":"{text}""#)), expected);
    }
    for (text, sends, per) in [
        ("3 per week", 3, Period::Week),
        ("2 per day", 2, Period::Day),
        ("0 per day", 0, Period::Day),
        ("4294967295 per week", u32::MAX, Period::Week),
    ] {
        let expected = Campaign { company_pace: Some(Pace { sends, per }), ..bare() };
        assert_eq!(campaign(&format!(r#""company-pace":"{text}""#)), expected);
    }
}

#[test]
fn days_are_judged_with_their_place_in_the_list() {
    const EXPECTED: &str =
        "a day such as `2026-12-24`, or the first and the last such as `2026-12-27..2027-01-03`";
    let closed = |day: &str| line("configure", &format!(r#""closed":["2026-12-24",{day}]"#));
    for day in ["24.12.2026", "2026-1-3", "2026-12-24..", "2026-12-24...2026-12-27", ""] {
        let message = format!("`closed[1]`: expected {EXPECTED}, found the text `{day}`");
        fails(&closed(&format!("\"{day}\"")), IllTyped, &message, None);
    }
    let object = format!("`closed[1]`: expected {EXPECTED}, found an object");
    fails(&closed(r#"{"first":"2026-12-24"}"#), IllTyped, &object, None);
    for (text, day) in [
        ("2026-02-30", "2026-02-30"),
        ("2026-12-27..2026-13-03", "2026-13-03"),
        ("0026-12-27..2027-01-03", "0026-12-27"),
    ] {
        let message = format!("`closed[1]`: expected {EXPECTED}, found the text `{text}`");
        let help = format!("there is no day `{day}` from 1970 to 9999");
        fails(&closed(&format!("\"{text}\"")), IllTyped, &message, Some(&help));
    }
    fails(
        &line("put-sender", r#""key":"tom","frozen":["2027-01-03..2026-12-27"]"#),
        IllTyped,
        "`frozen[0]`: expected a last day that is not before the first, found the text \
         `2027-01-03..2026-12-27`",
        Some("did you mean `2026-12-27..2027-01-03`?"),
    );
    fails(
        &line("configure", r#""closed":"2026-12-24""#),
        IllTyped,
        "`closed`: expected a list of days such as `[\"2026-12-24\",\"2026-12-27..2027-01-03\"]`, \
         found the text `2026-12-24`",
        None,
    );
    fails(
        &line("configure", r#""holidays":"us""#),
        IllTyped,
        "`holidays`: expected a list of calendars such as `[\"us\",\"de\"]`, found the text `us`",
        None,
    );
    fails(
        &line("configure", r#""holidays":["us",49]"#),
        IllTyped,
        "`holidays[1]`: expected text, found the number `49`",
        None,
    );
}

#[test]
fn the_ways_of_a_campaign_are_answered_with_the_nearest() {
    const PACE: &str = "`company-pace`: expected a pace such as `3 per week` or `2 per day`";
    let campaign = |fields: &str| line("put-campaign", &format!(r#""key":"spring",{fields}"#));
    for (field, found, expected, help) in [
        ("placement", "roling", "`whole` or `rolling`", Some("did you mean `rolling`?")),
        ("placement", "Whole", "`whole` or `rolling`", Some("did you mean `whole`?")),
        ("placement", "next", "`whole` or `rolling`", None),
        (
            "enrolled-elsewhere",
            "rejct",
            "`allow`, `reject` or `replace`",
            Some("did you mean `reject`?"),
        ),
        ("added-steps", "apend", "`hold`, `append` or `ignore`", Some("did you mean `append`?")),
    ] {
        let message = format!("`{field}`: expected {expected}, found the text `{found}`");
        fails(&campaign(&format!(r#""{field}":"{found}""#)), IllTyped, &message, help);
    }
    fails(
        &campaign(r#""placement":true"#),
        IllTyped,
        "`placement`: expected `whole` or `rolling`, found `true`",
        None,
    );
    for (found, help) in [
        ("3/week", Some("did you mean `3 per week`?")),
        ("3 per weeks", Some("did you mean `3 per week`?")),
        ("2 a day", Some("did you mean `2 per day`?")),
        ("3 per month", None),
        ("-3 per week", None),
        ("week", None),
        ("", None),
    ] {
        let message = format!("{PACE}, found the text `{found}`");
        fails(&campaign(&format!(r#""company-pace":"{found}""#)), IllTyped, &message, help);
    }
    let number = format!("{PACE}, found the number `3`");
    fails(&campaign(r#""company-pace":3"#), IllTyped, &number, None);
    fails(
        &campaign(r#""company-pace":"4294967296 per week""#),
        OutOfRange,
        "`company-pace`: expected a pace of at most `4294967295 per week`, found \
         `4294967296 per week`",
        None,
    );
    fails(
        &campaign(r#""max-lateness":"soon""#),
        IllTyped,
        "`max-lateness`: expected a duration such as `90s`, `30m`, `36h` or `3d`, found the text \
         `soon`",
        None,
    );
    fails(
        &campaign(r#""max_lateness":"7d""#),
        UnknownField,
        "put-campaign has no field `max_lateness`",
        Some("did you mean `max-lateness`?"),
    );
}
