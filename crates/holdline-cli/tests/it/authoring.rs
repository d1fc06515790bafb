//! Writing rules files: a new one, and the layout of all.

use std::fs;

use crate::desk::Desk;

const UGLY: &str = "policy 1\nrule a { # why\non reply ignore }\n";
const FORMATTED: &str = "policy 1\n\nrule a {  # why\n  on reply\n  ignore\n}\n";
const BROKEN: &str = "policy 1\nrule a { on reply pause prospect\n";

fn text(desk: &Desk, name: &str) -> String {
    fs::read_to_string(desk.path().join(name)).expect("a file")
}

#[test]
fn files_are_formatted_in_place_and_in_every_folder() {
    let desk = Desk::new();
    fs::create_dir_all(desk.path().join("rules/parts")).expect("folders");
    for name in ["rules/a.rules", "rules/parts/b.rules", "rules/notes.txt", "rules/.c.rules"] {
        desk.file(name, UGLY);
    }
    desk.file("rules/d.rules", FORMATTED);
    let out = desk.call(&["fmt", "rules"]).fine();
    let expected = "formatted rules/a.rules\nformatted rules/parts/b.rules\n\
                    2 files formatted, 1 unchanged\n";
    assert_eq!(out, expected);
    assert_eq!(text(&desk, "rules/a.rules"), FORMATTED);
    assert_eq!(text(&desk, "rules/parts/b.rules"), FORMATTED);
    assert_eq!(text(&desk, "rules/notes.txt"), UGLY);
    assert_eq!(text(&desk, "rules/.c.rules"), UGLY);
    assert_eq!(desk.call(&["fmt", "rules"]).fine(), "0 files formatted, 3 unchanged\n");
    let left = fs::read_dir(desk.path().join("rules")).expect("the folder").count();
    assert_eq!(left, 5, "nothing is left behind");
}

#[test]
fn a_check_changes_nothing_and_shows_what_would_be_changed() {
    let desk = Desk::new();
    desk.file("a.rules", UGLY);
    desk.file("b.rules", FORMATTED);
    let answer = desk.call(&["fmt", "--check", "a.rules", "b.rules"]);
    assert_eq!(answer.code, 1, "{answer:?}");
    let expected = "--- a.rules\n+++ a.rules\n@@ -1,3 +1,6 @@\n policy 1\n-rule a { # why\n\
                    -on reply ignore }\n+\n+rule a {  # why\n+  on reply\n+  ignore\n+}\n\
                    1 file to be formatted, 1 as it should be; nothing was changed\n";
    assert_eq!(answer.out, expected);
    assert_eq!(text(&desk, "a.rules"), UGLY);
    desk.call(&["fmt", "--check", "b.rules"]).fine();
}

#[test]
fn what_cannot_be_read_is_left_alone_and_the_others_are_formatted() {
    let desk = Desk::new();
    desk.file("a.rules", BROKEN);
    desk.file("b.rules", UGLY);
    let answer = desk.call(&["fmt", "a.rules", "b.rules"]);
    assert_eq!(answer.code, 2, "{answer:?}");
    assert!(answer.err.contains("error[H0005]"), "{answer:?}");
    assert!(answer.err.contains("in a.rules; left alone"), "{answer:?}");
    assert_eq!(text(&desk, "a.rules"), BROKEN);
    assert_eq!(text(&desk, "b.rules"), FORMATTED);
    desk.file("c.rules", b"policy 1\n# \xff\n");
    let answer = desk.call(&["fmt", "a.rules", "c.rules"]);
    assert_eq!(answer.code, 3, "{answer:?}");
    assert!(answer.err.contains("`c.rules:2`: the file is not UTF-8"), "{answer:?}");
    assert!(desk.call(&["fmt", "gone.rules"]).told(3).contains("gone.rules"));
    fs::create_dir(desk.path().join("empty")).expect("a folder");
    assert!(desk.call(&["fmt", "empty"]).told(3).contains("there are no rules files in `empty`"));
    desk.call(&["fmt"]).told(3);
}

#[test]
fn the_standard_input_is_formatted_to_the_standard_output() {
    let desk = Desk::new();
    assert_eq!(desk.call_with(&["fmt", "--stdin"], UGLY).fine(), FORMATTED);
    assert_eq!(desk.call_with(&["fmt", "--stdin"], FORMATTED).fine(), FORMATTED);
    let answer = desk.call_with(&["fmt", "--stdin", "--check"], UGLY);
    assert_eq!(answer.code, 1, "{answer:?}");
    assert!(answer.out.contains("+  on reply\n"), "{answer:?}");
    let answer = desk.call_with(&["fmt", "--stdin"], BROKEN);
    assert_eq!((answer.code, answer.out.as_str()), (2, ""), "{answer:?}");
    assert_eq!(desk.call_with(&["fmt", "--stdin"], b"\xff").code, 3);
}

#[test]
fn what_was_formatted_is_told_as_json() {
    let desk = Desk::new();
    desk.file("a.rules", UGLY);
    desk.file("b.rules", BROKEN);
    let answer = desk.call(&["fmt", "--check", "--format", "json", "a.rules", "b.rules"]);
    assert_eq!(answer.code, 2, "{answer:?}");
    let told: serde_json::Value = serde_json::from_str(&answer.out).expect("one value");
    assert_eq!((&told["changed"], &told["failed"]), (&1.into(), &1.into()), "{told}");
    assert_eq!(told["files"][0]["status"], "unformatted");
    assert!(told["files"][0]["diff"].as_str().is_some_and(|diff| diff.contains("+  ignore")));
    assert_eq!(told["files"][1]["status"], "unreadable");
    assert_eq!(told["files"][1]["findings"][0]["code"], "H0005");
    let told = desk.call_with(&["fmt", "--stdin", "--format", "json"], UGLY).json();
    assert_eq!(told["files"][0]["text"], FORMATTED);
}

#[cfg(unix)]
#[test]
fn a_file_keeps_its_permissions_and_a_link_stays_one() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let desk = Desk::new();
    let path = desk.file("a.rules", UGLY);
    let mode = |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode));
    mode(0o640).expect("permissions");
    symlink("a.rules", desk.path().join("link.rules")).expect("a link");
    desk.call(&["fmt", "link.rules"]).fine();
    assert_eq!(text(&desk, "a.rules"), FORMATTED);
    let link = fs::symlink_metadata(desk.path().join("link.rules")).expect("the link");
    assert!(link.is_symlink());
    let found = fs::metadata(&path).expect("the file").permissions().mode();
    assert_eq!(found & 0o777, 0o640);
    desk.file("a.rules", UGLY);
    mode(0o440).expect("permissions");
    assert!(desk.call(&["fmt", "a.rules"]).told(3).contains("the file is read-only"));
    assert_eq!(text(&desk, "a.rules"), UGLY);
}

#[test]
fn a_new_policy_is_right_tested_and_formatted() {
    let desk = Desk::new();
    let out = desk.call(&["new"]).fine();
    assert!(out.starts_with("wrote policy.rules"), "{out}");
    for verb in ["check", "test", "run"] {
        assert!(out.contains(&format!("\n  holdline {verb} ")), "{out}");
    }
    let found = desk.call(&["check", "policy.rules", "--format", "json"]).json();
    assert_eq!(found["findings"], serde_json::json!([]), "{found}");
    desk.call(&["test", "policy.rules", "--coverage", "--threshold", "100"]).fine();
    desk.call(&["fmt", "--check", "policy.rules"]).fine();
}

#[test]
fn a_new_policy_replaces_none_unless_told_to() {
    let desk = Desk::new();
    desk.file("our.rules", UGLY);
    let told = desk.call(&["new", "our.rules"]).told(3);
    assert!(told.contains("`our.rules` is there already"), "{told}");
    assert!(told.contains("--force"), "{told}");
    assert_eq!(text(&desk, "our.rules"), UGLY);
    let told = desk.call(&["new", "our.rules", "--force", "--format", "json"]).json();
    assert_eq!(told["file"], "our.rules");
    assert!(text(&desk, "our.rules").contains("rule human-reply"));
    assert!(desk.call(&["new", "gone/our.rules"]).told(3).contains("gone/our.rules"));
    assert!(!desk.path().join("gone").exists());
}
