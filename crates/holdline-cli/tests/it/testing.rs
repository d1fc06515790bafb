//! `holdline test`: what it prints, how it ends, and which files it takes.

use crate::desk::Desk;

const POLICY: &str = "policy 1
rule answered { on reply  where reply.kind is human  except prospect.domain is \"x.io\"
  pause prospect }
test \"an answer pauses\" { 0d reply a@acme.io kind human => a@acme.io paused by answered }
";

fn root() -> String {
    format!("{}/../..", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_shipped_policies_pass_and_are_covered() {
    let desk = Desk::new();
    let rules = format!("{}/rules", root());
    let out = desk.call(&["test", &rules, "--coverage", "--threshold", "100"]).fine();
    for name in ["default", "account-based", "gentle", "dunning", "parts/final"] {
        assert!(out.contains(&format!("/{name}.rules  100%")), "{name}: {out}");
    }
    assert!(!out.contains("vocabulary"), "{out}");
}

#[test]
fn failures_are_shown_with_their_place() {
    let desk = Desk::new();
    let failing = "test \"two\" { 0d reply b@acme.io kind human => b@acme.io active }\n";
    desk.file("a.rules", format!("{POLICY}{failing}"));
    let answer = desk.call(&["test", "a.rules"]);
    assert_eq!(answer.code, 1, "{answer:?}");
    let shown = answer.out.rsplit_once("   ").unwrap().0;
    let expected = "\
a.rules  .F  2 tests, 1 failed

failed  two  a.rules:5
error[H0318]: expected b@acme.io active, found paused by answered until open
 --> a.rules:5:47
  |
5 | test \"two\" { 0d reply b@acme.io kind human => b@acme.io active }
  |                                               ^^^^^^^^^^^^^^^^ at Mon 2 Mar 00:00
  |
  = help: fired on this reply: answered
  = docs: docs/diagnostics/H0318.md

1 of 2 tests failed in 1 file";
    assert_eq!(shown, expected);
    let one = desk.call(&["test", "a.rules", "--filter", "pauses"]).fine();
    assert!(one.contains("1 test passed in 1 file"), "{one}");
}

#[test]
fn coverage_names_what_is_missing() {
    let desk = Desk::new();
    desk.file("a.rules", POLICY);
    let out = desk.call(&["test", "a.rules", "--coverage"]).fine();
    let expected = "coverage of a.rules  50%   1 of 2 shown   1 of 1 rule fired
  a.rules:2  `except` never prevented answered: prospect.domain is \"x.io\"
";
    assert!(out.contains(expected), "{out}");
    let answer = desk.call(&["test", "a.rules", "--threshold", "51"]);
    assert_eq!(answer.code, 1, "{answer:?}");
    assert!(answer.out.contains("below 51%"), "{answer:?}");
    desk.call(&["test", "a.rules", "--threshold", "50"]).fine();
    assert!(desk.call(&["test", "a.rules", "--threshold", "101"]).told(3).contains("101"));
}

#[test]
fn directories_are_searched_for_policies() {
    let desk = Desk::new();
    std::fs::create_dir_all(desk.path().join("p/deep")).unwrap();
    desk.file("p/deep/a.rules", POLICY.replace("policy 1", "policy 1 include \"../b.rules\""));
    desk.file("p/b.rules", "test \"included\" { 0d reply a@x.io kind human => quiet }");
    desk.file("p/events.rules", "policy 1\nevent demo { }");
    let out = desk.call(&["test", "p", "--coverage", "--threshold", "100"]).fine();
    assert!(out.contains("p/deep/a.rules  ..  2 tests") && !out.contains("b.rules"), "{out}");
    assert!(desk.call(&["test", "nowhere"]).told(3).contains("`nowhere`: no such file"));
    std::fs::create_dir_all(desk.path().join("empty")).unwrap();
    assert!(desk.call(&["test", "empty"]).told(3).contains("there are no rules files in `empty`"));
}

#[test]
fn what_does_not_compile_is_told_and_ends_with_two() {
    let desk = Desk::new();
    desk.file("bad.rules", "policy 1\nrule a { on repyl ignore }\n");
    desk.file("good.rules", POLICY);
    let answer = desk.call(&["test", "bad.rules", "good.rules"]);
    assert_eq!(answer.code, 2, "{answer:?}");
    for part in ["does not compile", "H0101", "1 test passed in 2 files; 1 file does not compile"] {
        assert!(answer.out.contains(part), "{part}\n{}", answer.out);
    }
}

#[test]
fn results_are_json_and_junit() {
    let desk = Desk::new();
    let failing = "test \"<two>\" { 0d reply b@acme.io kind human => b@acme.io active }\n";
    desk.file("a.rules", format!("{POLICY}{failing}"));
    let answer =
        desk.call(&["test", "a.rules", "--format", "json", "--coverage", "--junit", "out.xml"]);
    assert_eq!(answer.code, 1, "{answer:?}");
    let json: serde_json::Value = serde_json::from_str(&answer.out).unwrap();
    assert_eq!((&json["passed"], &json["failed"]), (&1.into(), &1.into()));
    assert_eq!(json["files"][0]["tests"][1]["failures"][0]["code"], "H0318");
    assert_eq!(json["files"][0]["coverage"]["percent"], 50);
    let xml = std::fs::read_to_string(desk.path().join("out.xml")).unwrap();
    let suite =
        "<testsuite name=\"a.rules\" tests=\"2\" skipped=\"0\" errors=\"0\" failures=\"1\">";
    assert!(xml.contains(suite), "{xml}");
    assert!(xml.contains("file=\"a.rules\" line=\"5\""), "{xml}");
    assert!(xml.contains("&lt;two&gt;") && xml.contains("type=\"H0318\""), "{xml}");
}

#[test]
fn check_and_run_read_what_is_included_and_check_runs_the_tests() {
    let desk = Desk::new();
    std::fs::create_dir_all(desk.path().join("p")).unwrap();
    desk.file("p/a.rules", "policy 1\ninclude \"b.rules\"\n");
    let answer = desk.call(&["check", "p/a.rules"]);
    assert_eq!(answer.code, 2, "{answer:?}");
    assert!(answer.out.contains("H0019") && answer.out.contains("`p/b.rules`"), "{answer:?}");
    desk.file("p/b.rules", POLICY.replace("policy 1", ""));
    let answer = desk.call(&["check", "p/a.rules"]);
    assert_eq!(answer.code, 1, "a value is not handled: {answer:?}");
    assert!(answer.out.contains("0 errors, 1 warning in p/a.rules"), "{answer:?}");
    desk.file("none.jsonl", "");
    desk.call(&["run", "none.jsonl", "--rules", "p/a.rules"]).fine();
    desk.file("p/b.rules", POLICY.replace("policy 1", "").replace("paused by", "stopped by"));
    let answer = desk.call(&["check", "p/a.rules"]);
    assert_eq!(answer.code, 1, "the rules compile: {answer:?}");
    assert!(answer.out.contains("H0318") && !answer.out.contains("not run"), "{answer:?}");
    desk.file("p/b.rules", POLICY.replace("policy 1", "").replace("on ", "on un"));
    let answer = desk.call(&["check", "p/a.rules"]);
    assert_eq!(answer.code, 2, "{answer:?}");
    assert!(answer.out.contains("in p/a.rules; 1 test not run; nothing was"), "{answer:?}");
    let answer = desk.call(&["check", "p/a.rules", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&answer.out).expect("JSON");
    assert_eq!((answer.code, &json["tests_not_run"]), (2, &1.into()), "{answer:?}");
}
