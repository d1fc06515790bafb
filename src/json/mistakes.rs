//! Tests of what is said about lines that are not commands.

use super::tests::{line, read};
use super::{JsonErrorKind, MAX_LINE_BYTES, read_command};
use crate::model::Action;

/// The line is not a command, for this reason, with this help.
#[track_caller]
pub(super) fn fails(line: &str, kind: JsonErrorKind, message: &str, help: Option<&str>) {
    let error = read_command(line.as_bytes()).unwrap_err();
    assert_eq!(error.to_string(), message, "{line}");
    assert_eq!(error.kind(), kind, "{line}");
    assert_eq!(error.help_text(), help, "{line}");
}

#[test]
fn a_target_that_is_none_or_two_is_an_error() {
    use JsonErrorKind::{Conflict, IllTyped, MissingField};
    let forms = "say `prospect`, `prospect` and `campaign`, `company`, `company` and `campaign`, \
                 `campaign`, `sender`, `selection`, or `\"everything\": true`";
    let pause = |fields: &str| line("pause", fields);
    let (none, two) = ("expected a target, found none", "expected one target, found more");
    fails(&pause(""), MissingField, none, Some(forms));
    let mistyped = pause(r#""prospekt":"a""#);
    fails(&mistyped, MissingField, none, Some("did you mean `prospect`?"));
    for fields in [
        r#""prospect":"a","company":"b""#,
        r#""sender":"a","campaign":"b""#,
        r#""selection":{},"campaign":"b""#,
        r#""everything":true,"prospect":"b""#,
    ] {
        fails(&pause(fields), Conflict, two, Some(forms));
    }
    // A null must not turn a prospect's pause into a whole campaign's.
    fails(
        &pause(r#""prospect":null,"campaign":"spring""#),
        IllTyped,
        "`prospect`: expected text, found null",
        None,
    );
    fails(
        &pause(r#""everything":false"#),
        IllTyped,
        "`everything`: expected `true`, found `false`",
        None,
    );
}

#[test]
fn names_that_are_not_known_are_answered_with_the_nearest() {
    use JsonErrorKind::{MissingField, UnknownCommand, UnknownField};
    fails(
        &line("enrol", ""),
        UnknownCommand,
        "`do`: unknown command `enrol`",
        Some("did you mean `enroll`?"),
    );
    fails(
        &line("put_campaign", ""),
        UnknownCommand,
        "`do`: unknown command `put_campaign`",
        Some("did you mean `put-campaign`?"),
    );
    fails(
        &line("open", r#""incarnation":1"#),
        UnknownCommand,
        "`do`: unknown command `open`",
        Some("the engine writes it itself when the store is opened"),
    );
    fails(
        &line("put-sender", r#""key":"tom","limit_per_day":3"#),
        UnknownField,
        "put-sender has no field `limit_per_day`",
        Some("did you mean `limit-per-day`?"),
    );
    fails(
        &line("lift", r#""hold":1,"target":"x""#),
        UnknownField,
        "lift has no field `target`",
        Some("its fields: do, at, workspace, id, by, hold, reason"),
    );
    fails(
        &line("enroll", r#""campaign":"spring","prospct":"ann@acme.io""#),
        MissingField,
        "enroll needs the field `prospect`",
        Some("`prospct` is there; did you mean `prospect`?"),
    );
    fails(r#"{"do":"advance"}"#, MissingField, "advance needs the field `at`", None);
    fails(
        &line("put-campaign", r#""key":"spring","steps":[{"name":"a"},{"name":"b","day":"mon"}]"#),
        UnknownField,
        "a step has no field `steps[1].day`",
        Some("did you mean `days`?"),
    );
    fails(
        &line("record", r#""event":{"type":"reply","source":"mail"}"#),
        MissingField,
        "an event needs the field `event.id`",
        None,
    );
}

#[test]
fn the_timing_of_a_step_is_judged_with_its_path() {
    use JsonErrorKind::{IllTyped, OutOfRange};
    let timing = |fields: &str| {
        line("put-campaign", &format!(r#""key":"spring","steps":[{{"name":"a",{fields}}}]"#))
    };
    fails(
        &timing(r#""delay":"3 days""#),
        IllTyped,
        "`steps[0].delay`: expected a delay such as `36h`, `3d`, `3 calendar days` or \
         `3 business days`, found the text `3 days`",
        Some("`3d` is 72 hours; `3 calendar days` is the same time of day, three days on"),
    );
    for hours in ["9:00-17:00", "09:00-09:00", "09:00", "24:00-25:00", "09:60-10:00", "+9:00-10:00"]
    {
        fails(
            &timing(&format!(r#""hours":"{hours}""#)),
            IllTyped,
            &format!(
                "`steps[0].hours`: expected hours such as `09:00-17:00`, which begin and end at \
                 different times, found the text `{hours}`"
            ),
            None,
        );
    }
    fails(
        &timing(r#""days":["mon","tu"]"#),
        IllTyped,
        "`steps[0].days[1]`: expected a weekday from `mon` to `sun`, found the text `tu`",
        None,
    );
    fails(
        &timing(r#""days":[]"#),
        IllTyped,
        "`steps[0].days`: expected at least one weekday, found an empty list",
        None,
    );
    fails(
        &timing(r#""jitter":"60d""#),
        OutOfRange,
        "`steps[0].jitter`: expected a duration of at most `4294967295ms`, found `60d`",
        None,
    );
}

#[test]
fn numbers_and_times_are_judged_by_type_and_range() {
    use JsonErrorKind::{IllTyped, OutOfRange};
    fails(
        r#"{"do":"advance","at":"2026-03-02 09:00"}"#,
        IllTyped,
        "`at`: expected an instant between 1970 and 9999 with an offset, such as \
         `2026-03-02T09:00:00Z`, found the text `2026-03-02 09:00`",
        None,
    );
    fails(
        &line("claim", r#""limit":-1,"lease":"5m""#),
        OutOfRange,
        "`limit`: expected a whole number from 0 to 4294967295, found the number `-1`",
        None,
    );
    fails(
        &line("claim", r#""limit":4294967296,"lease":"5m""#),
        OutOfRange,
        "`limit`: expected a whole number from 0 to 4294967295, found the number `4294967296`",
        None,
    );
    fails(
        &line("claim", r#""limit":1.5,"lease":"5m""#),
        IllTyped,
        "`limit`: expected a whole number, found the number `1.5`",
        None,
    );
    fails(
        &line("claim", r#""limit":1,"lease":300"#),
        IllTyped,
        "`lease`: expected a duration such as `90s`, `30m`, `36h` or `3d`, found the number `300`",
        None,
    );
    fails(
        &line("record", r#""event":{"type":"t","id":"1","score":18446744073709551615}"#),
        OutOfRange,
        "`event.score`: expected a whole number from -9223372036854775808 to 9223372036854775807, \
         found the number `18446744073709551615`",
        None,
    );
}

#[test]
fn words_and_values_of_the_wrong_kind_are_named() {
    use JsonErrorKind::{Conflict, DuplicateField, IllTyped, OutOfRange};
    fails(
        &line("record", r#""event":{"type":"t","id":"1","x":{"y":1}}"#),
        IllTyped,
        "`event.x`: expected text, a whole number, true or false, or a list of text, found an \
         object",
        None,
    );
    fails(
        &line("failed", r#""token":"1-2-3","failure":"soft""#),
        IllTyped,
        "`failure`: expected `temporary` or `permanent`, found the text `soft`",
        None,
    );
    fails(
        &line("confirm", r#""token":"1-2""#),
        IllTyped,
        "`token`: expected a token such as `1-52-0`, found the text `1-2`",
        None,
    );
    fails(
        &line("stop", r#""prospect":"a","until":"2026-03-03T00:00:00Z""#),
        Conflict,
        "a stop has no end, found `until`",
        Some("use `pause`"),
    );
    fails(
        &line("pause", r#""selection":{"status":"pausd"}"#),
        IllTyped,
        "`selection.status`: expected a status, found the text `pausd`",
        Some("did you mean `paused`?"),
    );
    fails(
        &line("pause", r#""selection":{"step":0}"#),
        OutOfRange,
        "`selection.step`: expected a step counted from 1, found `0`",
        None,
    );
    fails(
        &line("record", r#""event":{"type":"t","id":"1","a":1,"a":2}"#),
        DuplicateField,
        "field `event.a` is given twice",
        None,
    );
}

#[test]
fn what_is_not_json_is_said_with_its_place() {
    use JsonErrorKind::{IllTyped, Syntax, TooDeep};
    fails("", Syntax, "expected a JSON object, found an empty line", None);
    fails("[1]", IllTyped, "expected a JSON object, found a list", None);
    fails("\"do\"", IllTyped, "expected a JSON object, found the text `do`", None);
    fails(
        "{\"do\":",
        Syntax,
        "the line is not JSON: the line ends inside a value, at byte 6",
        None,
    );
    fails(
        "{\"do\":\"advance\"} {}",
        Syntax,
        "expected the end of the line, found more, at byte 18",
        None,
    );
    fails("{do:1}", Syntax, "expected a field's name in double quotes, at byte 2", None);
    fails(
        "{\"a\":1,}",
        Syntax,
        "a comma must not be the last thing in a list or object, at byte 8",
        None,
    );
    fails("{\"a\":1e999}", Syntax, "the number is out of range, at byte 10", None);
    let nested = format!("{{\"do\":{}", "[".repeat(100_000));
    fails(
        &nested,
        TooDeep,
        "lists and objects may be nested 16 deep, found more, at byte 22",
        None,
    );
}

#[test]
fn bytes_that_are_not_utf8_are_an_error() {
    let error = read_command(b"{\"do\":\"\xff\"}").unwrap_err();
    assert_eq!(error.kind(), JsonErrorKind::NotUtf8);
    assert_eq!(error.to_string(), "the line is not UTF-8, at byte 8");
}

#[test]
fn a_line_of_ten_megabytes_is_an_error() {
    let long = line("configure", &format!(r#""zone":"{}""#, "x".repeat(10 << 20)));
    let error = read_command(long.as_bytes()).unwrap_err();
    assert_eq!(error.kind(), JsonErrorKind::TooLong);
    let message = format!("a line has at most 1048576 bytes, found {}", long.len());
    assert_eq!(error.to_string(), message);
}

/// A line as long as may be, with as many fields as fit: the check for duplicates and the search
/// for the nearest name stay cheap.
#[test]
fn many_fields_cost_no_more_than_their_sum() {
    let fields: Vec<String> = (0..90_000).map(|n| format!("\"f{n}\":1")).collect();
    let long = line("record", &format!(r#""event":{{"type":"t","id":"1",{}}}"#, fields.join(",")));
    assert!(long.len() <= MAX_LINE_BYTES);
    let Action::Record(event) = read(&long).action else { panic!("not a record") };
    assert_eq!(event.attributes.len(), 90_000);

    let twice = long.replace("\"f89999\":1", "\"f7\":1");
    let error = read_command(twice.as_bytes()).unwrap_err();
    assert_eq!(error.to_string(), "field `event.f7` is given twice");

    let unknown = line("advance", &fields.join(","));
    let error = read_command(unknown.as_bytes()).unwrap_err();
    assert_eq!(error.kind(), JsonErrorKind::UnknownField);
}

#[test]
fn an_error_has_a_json_form() {
    let error = read_command(b"{").unwrap_err();
    assert_eq!(
        error.to_json(),
        concat!(
            r#"{"error":"syntax","message":"the line is not JSON: "#,
            r#"the line ends inside an object, at byte 1","byte":1}"#,
        )
    );
    // An error in a field is on the page of commands.
    let error = read_command(b"{").unwrap_err();
    assert_eq!(error.position(), Some(1));
    assert_eq!(error.path(), None);
}
