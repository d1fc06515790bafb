//! One event against the rules, without keeping anything.

use serde_json::json;

use crate::desk::Desk;

#[test]
fn every_rule_that_listens_is_shown_with_its_clauses() {
    let desk = Desk::new();
    let event = r#"{"type":"reply","prospect":"ann@acme.io","kind":"human","intent":"referral"}"#;
    let shown = desk.call(&["eval", event]).fine();
    insta::assert_snapshot!(shown);
    assert!(!desk.path().join("holdline-data").exists(), "nothing is kept");
}

#[test]
fn windows_count_what_is_given_before() {
    let desk = Desk::new();
    let rules = "policy 1
rule third {
  on bounce
  when count(bounce at company in 7d) >= 3
  pause company for 14d
}
";
    std::fs::write(desk.path().join("third.rules"), rules).unwrap();
    let bounce = |day: u32, person: &str| {
        let at = format!("2026-03-0{day}T09:00:00Z");
        let key = format!("{person}@acme.io");
        let event = json!({"type": "bounce", "id": person, "prospect": key, "class": "soft"});
        let put = json!({"do": "put-prospect", "at": at, "key": key});
        format!("{put}\n{}\n", json!({"do": "record", "at": at, "event": event}))
    };
    std::fs::write(desk.path().join("given.jsonl"), bounce(2, "a") + &bounce(3, "b")).unwrap();
    let event = r#"{"type":"bounce","prospect":"c@acme.io","class":"soft"}"#;
    let args = ["eval", event, "--rules", "third.rules", "--given", "given.jsonl"];
    let shown = desk.call(&args).fine();
    assert!(shown.contains("count(bounce at company in 7d) >= 3   pass   3"), "{shown}");
    assert!(shown.contains("pause company acme.io   until Tue 17 Mar 09:00"), "{shown}");
    let alone = desk.call(&["eval", event, "--rules", "third.rules"]).fine();
    assert!(alone.contains("FAIL   1"), "{alone}");
}

#[test]
fn with_data_the_event_meets_what_is_there_and_changes_nothing() {
    let desk = Desk::first_day();
    let digest = desk.call(&["digest"]).fine();
    let list = desk.call(&["list", "--all", "--format", "json"]).json();
    let someone = list["rows"][0]["prospect"].as_str().unwrap().to_owned();
    let event = format!(r#"{{"type":"opt-out","prospect":"{someone}"}}"#);
    let shown = desk.call(&["eval", &event, "--data", "holdline-data", "--format", "json"]).json();
    assert_eq!(shown["outcome"]["holds"][0]["rule"], "opted-out", "{shown}");
    assert_eq!(desk.call(&["digest"]).fine(), digest);
}

#[test]
fn what_is_no_event_is_bad_input() {
    let desk = Desk::new();
    let told = |event: &str| desk.call(&["eval", event]).told(3);
    assert!(told("{").contains("EVENT: EOF"));
    assert!(told("nofile.json").contains("no such file"));
    assert!(told(r#"{"type":"bounc","prospect":"a@b.io"}"#).contains("did you mean `bounce`?"));
    assert!(told(r#"{"type":"bounce","prospect":"a@b.io"}"#).contains("attribute `class`"));
    assert!(told(r#"{"type":"open"}"#).contains("expected a subject"));
    std::fs::write(desk.path().join("bad.rules"), "policy 1\nrule r { on repyl ignore }").unwrap();
    let event = r#"{"type":"open","prospect":"a@b.io"}"#;
    assert!(desk.call(&["eval", event, "--rules", "bad.rules"]).told(2).contains("H0101"));
}
