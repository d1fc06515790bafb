//! Input that is wrong: each is refused with one clear message, and the state is as it was.

use holdline::json::{JsonErrorKind, MAX_LINE_BYTES, read_command};
use serde_json::{Value as Json, json};

use crate::apply::Host;

fn host() -> Host {
    let mut host = Host::new();
    host.campaign("spring", json!([{"name": "a"}, {"name": "b", "delay": "1d"}]));
    host.enrolled("spring", &["ann@acme.io"]);
    host
}

/// The command is refused with this code and message, and changes nothing.
#[track_caller]
fn refuses(host: &mut Host, command: Json, code: &str, message: &str) {
    let before = host.digest();
    let refused = host.refused(command);
    assert_eq!((refused.0.as_str(), refused.1.as_str()), (code, message));
    assert_eq!(host.digest(), before, "{message}");
}

fn record(kind: &str, attributes: Json) -> Json {
    let mut event = attributes;
    event["type"] = kind.into();
    event["id"] = "bad".into();
    if event.get("prospect").is_none() {
        event["prospect"] = "ann@acme.io".into();
    }
    json!({"do": "record", "event": event})
}

#[test]
fn an_unknown_event_type_names_the_nearest() {
    let mut host = host();
    refuses(
        &mut host,
        record("repyl", json!({"kind": "human"})),
        "unknown-event-type",
        "unknown event type `repyl`; did you mean `reply`?",
    );
    let command = record("quantum-entanglement", json!({}));
    let declared = "unknown event type `quantum-entanglement`; 21 types are declared";
    refuses(&mut host, command, "unknown-event-type", declared);
}

#[test]
fn a_missing_attribute_is_named() {
    let mut host = host();
    refuses(
        &mut host,
        record("mark", json!({"as": "qualified"})),
        "bad-attribute",
        "event `mark`: attribute `scope`: expected one of `prospect`, `company`, \
         found nothing",
    );
}

#[test]
fn an_ill_typed_attribute_is_named_with_what_was_found() {
    let mut host = host();
    for (kind, attributes, message) in [
        (
            "reply",
            json!({"kind": "humam"}),
            "event `reply`: attribute `kind`: expected one of `human`, `auto`, \
             `out-of-office`, `unknown`, found `humam`; did you mean `human`?",
        ),
        (
            "reply",
            json!({"kind": 7}),
            "event `reply`: attribute `kind`: expected one of `human`, `auto`, \
             `out-of-office`, `unknown`, found the number `7`",
        ),
        (
            "reply",
            json!({"kind": "human", "knid": "x"}),
            "event `reply`: attribute `knid`: the event has no such attribute; did you mean \
             `kind`?",
        ),
        (
            "opt-out",
            json!({"why": "x"}),
            "event `opt-out`: attribute `why`: the event has no attributes",
        ),
    ] {
        refuses(&mut host, record(kind, attributes), "bad-attribute", message);
    }
    for date in ["tomorrow", "2026-02-30", "2026-13-01", "99999-01-01"] {
        let before = host.digest();
        let away = json!({"kind": "out-of-office", "return-date": date});
        let (code, message) = host.refused(record("reply", away));
        assert_eq!(code, "bad-attribute");
        let begins = "event `reply`: attribute `return-date`: expected a date";
        assert!(message.starts_with(begins), "{message}");
        assert!(message.ends_with(&format!("found `{date}`")), "{message}");
        assert_eq!(host.digest(), before);
    }
}

#[test]
fn an_unknown_prospect_company_campaign_or_sender_is_named() {
    let mut host = host();
    for (what, key) in [
        ("prospect", "eve@acme.io"),
        ("company", "other.io"),
        ("campaign", "winter"),
        ("sender", "s9"),
    ] {
        let mut command = record("open", json!({}));
        command["event"][what] = key.into();
        let message = format!("unknown {what} `{key}`");
        refuses(&mut host, command, "unknown", &message);
    }
    let enroll = json!({"do": "enroll", "campaign": "spring", "prospect": "eve@acme.io"});
    refuses(&mut host, enroll, "unknown", "unknown prospect `eve@acme.io`");
    let resume = json!({"do": "resume", "selection": {"company": "other.io"}});
    refuses(&mut host, resume, "unknown", "unknown company `other.io`");
}

#[test]
fn a_key_of_256_bytes_is_refused_and_one_of_255_is_not() {
    let mut host = host();
    let put = |key: &str| json!({"do": "put-prospect", "key": key});
    host.ok(put(&"x".repeat(255)));
    let message = "`prospect` is not a key: a key has at most 255 bytes, found 256";
    refuses(&mut host, put(&"x".repeat(256)), "invalid-key", message);
    // Bytes count, not characters.
    host.ok(put(&"é".repeat(127)));
    refuses(&mut host, put(&"é".repeat(128)), "invalid-key", message);
    refuses(&mut host, put(""), "invalid-key", "`prospect` is not a key: a key cannot be empty");
    let long = "x".repeat(256);
    for (field, command) in [
        ("company", json!({"do": "put-company", "key": long})),
        ("company", json!({"do": "put-prospect", "key": "p", "company": long})),
        ("sender", json!({"do": "put-sender", "key": long})),
        ("id", json!({"do": "put-sender", "key": "s2", "id": long})),
        ("by", json!({"do": "pause", "everything": true, "by": long})),
        ("workspace", json!({"do": "put-sender", "key": "s2", "workspace": long})),
        ("event.id", json!({"do": "record", "event": {"type": "open", "id": long}})),
    ] {
        let message = format!("`{field}` is not a key: a key has at most 255 bytes, found 256");
        refuses(&mut host, command, "invalid-key", &message);
    }
}

#[test]
fn control_characters_are_no_part_of_a_key() {
    let mut host = host();
    for (key, found) in [
        ("ann\u{0}@acme.io", "U+0000 at byte 3"),
        ("ann\n", "U+000A at byte 3"),
        ("\u{7f}", "U+007F at byte 0"),
        ("é\u{85}", "U+0085 at byte 2"),
    ] {
        let message =
            format!("`prospect` is not a key: a key has no control characters, found {found}");
        refuses(&mut host, json!({"do": "put-prospect", "key": key}), "invalid-key", &message);
    }
}

#[track_caller]
fn no_command(line: &[u8], kind: JsonErrorKind, message: &str) {
    let error = read_command(line).unwrap_err();
    assert_eq!((error.kind(), error.to_string().as_str()), (kind, message));
}

#[test]
fn a_line_that_is_not_utf8_says_where() {
    let mut line = br#"{"do":"put-prospect","at":"2026-03-02T08:00:00Z","key":"an"#.to_vec();
    line.extend([0xff, b'"', b'}']);
    let message = "the line is not UTF-8, at byte 59";
    no_command(&line, JsonErrorKind::NotUtf8, message);
}

#[test]
fn a_line_of_10_mb_is_too_long() {
    let key = "x".repeat(10_000_000);
    let line = format!(r#"{{"do":"put-prospect","at":"2026-03-02T08:00:00Z","key":"{key}"}}"#);
    let message = format!("a line has at most {MAX_LINE_BYTES} bytes, found {}", line.len());
    no_command(line.as_bytes(), JsonErrorKind::TooLong, &message);
}

#[test]
fn twenty_thousand_nested_brackets_in_json_are_too_deep() {
    const DEEP: usize = 20_000;
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let nested = format!("{}1{}", open.repeat(DEEP), close.repeat(DEEP));
        for text in [
            nested.clone(),
            open.repeat(DEEP),
            format!(r#"{{"do":"advance","at":"2026-03-02T08:00:00Z","x":{nested}}}"#),
        ] {
            let error = read_command(text.as_bytes()).unwrap_err();
            assert_eq!(error.kind(), JsonErrorKind::TooDeep);
            let message = error.to_string();
            assert!(
                message.starts_with("lists and objects may be nested 16 deep, found more, at byte"),
                "{message}"
            );
        }
    }
}

#[test]
fn a_line_that_is_no_command_says_what_was_expected() {
    for (line, kind, message) in [
        ("", JsonErrorKind::Syntax, "expected a JSON object, found an empty line"),
        ("[]", JsonErrorKind::IllTyped, "expected a JSON object, found a list"),
        ("{}", JsonErrorKind::MissingField, "a command needs the field `do`"),
        (
            r#"{"do":"enrol","at":"2026-03-02T08:00:00Z"}"#,
            JsonErrorKind::UnknownCommand,
            "`do`: unknown command `enrol`",
        ),
        (
            r#"{"do":"advance","at":"yesterday"}"#,
            JsonErrorKind::IllTyped,
            "`at`: expected an instant between 1970 and 9999 with an offset, such as \
             `2026-03-02T09:00:00Z`, found the text `yesterday`",
        ),
        (
            r#"{"do":"advance","at":"2026-03-02T08:00:00Z","at":"2026-03-02T08:00:00Z"}"#,
            JsonErrorKind::DuplicateField,
            "field `at` is given twice",
        ),
        (
            r#"{"do":"open","at":"2026-03-02T08:00:00Z"}"#,
            JsonErrorKind::UnknownCommand,
            "`do`: unknown command `open`",
        ),
    ] {
        no_command(line.as_bytes(), kind, message);
    }
    let line = br#"{"do":"enrol","at":"2026-03-02T08:00:00Z"}"#;
    let error = read_command(line).unwrap_err();
    assert_eq!(error.help_text(), Some("did you mean `enroll`?"));
}

#[test]
fn an_event_far_in_the_future_is_refused() {
    let mut host = host();
    refuses(
        &mut host,
        record("reply", json!({"kind": "human", "at": "2036-03-02T08:00:00Z"})),
        "event-in-future",
        "the event says that it happened at 2036-03-02T08:00:00Z, more than 10 minutes after \
         2026-03-02T08:00:00Z",
    );
    let mut command = record("reply", json!({"kind": "human"}));
    command["at"] = "9999-12-31T00:00:00Z".into();
    refuses(
        &mut host,
        command,
        "too-far-ahead",
        "the command is for 9999-12-31T00:00:00Z, more than 24 hours past \
         2026-03-02T08:00:00Z; use `advance` to get there",
    );
}

/// A policy goes in as a command, for a line cannot be as long as a rules file may be.
fn put_policy(host: &Host, text: String) -> (String, bool) {
    let before = host.digest();
    let file = holdline::PolicyFile { name: "bad.rules".to_owned(), text };
    let at = crate::apply::instant(crate::apply::MONDAY);
    let bundle = holdline::PolicyBundle { files: vec![file] };
    let outcome = host.engine.put_policy(at, bundle).unwrap();
    let refusal = outcome.refusal().expect("a refusal").to_string();
    (refusal, host.digest() == before)
}

#[test]
fn a_rules_file_of_2_mib_is_refused() {
    let host = host();
    let text = format!("policy 1\n#{}\n", "x".repeat(2 << 20));
    let bytes = text.len();
    let (message, same) = put_policy(&host, text);
    let expected = format!("a file has at most 1048576 bytes, found {bytes}");
    assert!(message.contains(&expected), "{message}");
    assert!(message.starts_with("the policy does not compile: 1 error,"), "{message}");
    assert!(same);
}

#[test]
fn twenty_thousand_nested_brackets_in_rules_are_refused() {
    const DEEP: usize = 20_000;
    let host = host();
    for (open, close) in [("(", ")"), ("[", "]"), ("{", "}"), ("not (", ")")] {
        let (opened, closed) = (open.repeat(DEEP), close.repeat(DEEP));
        let condition = format!("where {opened}reply.kind is human{closed}");
        for text in [
            format!("policy 1\nrule r {{ on reply {condition} pause prospect }}\n"),
            format!("policy 1\nrule r {{ on reply where {opened}"),
            format!("policy 1\n{opened}"),
        ] {
            let (message, same) = put_policy(&host, text);
            let deep = "brackets are nested more than 64 deep";
            assert!(message.contains(deep), "{open}: {message}");
            assert!(same);
        }
        // Closing ones alone are nested in nothing; they are wrong all the same.
        let (message, same) = put_policy(&host, format!("policy 1\n{closed}"));
        assert!(message.starts_with("the policy does not compile: "), "{message}");
        assert!(message.len() < 1000, "it is one sentence, not the text");
        assert!(same);
    }
}

#[test]
fn a_policy_that_does_not_compile_leaves_the_old_one_in_force() {
    let mut host = host();
    let before = host.digest();
    let text = "policy 1\nrule r { on repyl pause prospect }\n";
    let outcome = host.tell(json!({
        "do": "put-policy", "files": [{"name": "bad.rules", "text": text}],
    }));
    assert_eq!(outcome["refused"], "policy-errors");
    assert_eq!(outcome["errors"], 1);
    assert_eq!(host.digest(), before);
    host.reply("ann@acme.io");
    assert_eq!(host.status("spring", "ann@acme.io"), "paused");
}

#[test]
fn zones_limits_and_texts_have_bounds() {
    let mut host = host();
    refuses(
        &mut host,
        json!({"do": "put-prospect", "key": "p", "zone": "Europe/Berlim"}),
        "invalid-value",
        "`zone`: expected an IANA zone such as `Europe/Berlin`, found `Europe/Berlim`; did you \
         mean `Europe/Berlin`?",
    );
    refuses(
        &mut host,
        json!({"do": "put-prospect", "key": "p", "address": "nobody"}),
        "invalid-value",
        "`address`: expected a mail address, found `nobody`",
    );
    refuses(
        &mut host,
        json!({"do": "pause", "everything": true, "reason": "x".repeat(4097)}),
        "invalid-value",
        "`reason`: expected at most 4096 bytes, found 4097",
    );
    let step = json!({"name": "a", "delay": "3661d"});
    refuses(
        &mut host,
        json!({"do": "add-step", "campaign": "spring", "step": step}),
        "limit",
        "`delay in days` is at most 3660, found 3661",
    );
    refuses(
        &mut host,
        json!({"do": "put-campaign", "key": "new", "senders": [], "steps": [{"name": "a"}]}),
        "invalid-value",
        "`senders`: expected at least one sender",
    );
}
