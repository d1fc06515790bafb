//! The formatter: the one layout, nothing lost, nothing said otherwise.

mod random;

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::super::format::{FormatError, format};
use super::repository;
use super::robust::mutated;
use crate::model::PolicyFile;

fn formatted(text: &str) -> Result<String, FormatError> {
    format(&PolicyFile { name: "test.rules".to_owned(), text: text.to_owned() })
}

#[track_caller]
fn check(text: &str, expected: &str) {
    match formatted(text) {
        Ok(found) => assert_eq!(found, expected, "from:\n{text}"),
        Err(error) => panic!("{error}\n{error:?}\n{text}"),
    }
}

/// Formats what may be anything; what is formatted holds what the formatter promises, which it
/// proves by itself. What it cannot prove is a mistake of its own.
#[track_caller]
fn survives(text: &str) -> Option<String> {
    match formatted(text) {
        Ok(found) => Some(found),
        Err(FormatError::Unread(found)) => {
            assert!(!found.is_empty(), "{text}");
            None
        }
        Err(error) => panic!("{error}:\n{text}"),
    }
}

/// All files below a folder with one of the endings.
fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let mut folders = vec![repository().join(folder)];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == ending) {
                found.push(path);
            }
        }
    }
    found
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).expect("text")
}

#[test]
fn every_construct_has_its_layout() {
    let text = include_str!("formatting/ugly.rules");
    insta::assert_snapshot!(formatted(text).expect("a file that can be read"));
}

#[test]
fn the_shipped_rules_are_formatted() {
    let shipped = files("rules", "rules");
    assert!(shipped.len() >= 2, "{shipped:?}");
    for path in shipped {
        let text = read(&path);
        check(&text, &text);
    }
}

#[test]
fn what_the_pages_show_is_formatted_or_refused() {
    let mut formatted = 0;
    for path in files("docs", "md") {
        let page = read(&path);
        for block in page.split("```rules\n").skip(1) {
            let text = block.split("```").next().unwrap_or_default();
            formatted += usize::from(survives(text).is_some());
        }
    }
    assert!(formatted > 20, "{formatted}");
}

#[test]
fn the_page_on_formatting_shows_formatted_text() {
    let page = read(&repository().join("docs/formatting.md"));
    let example = page.split("```rules\n").nth(1).and_then(|rest| rest.split("```").next());
    let example = example.expect("an example");
    check(example, example);
}

#[test]
fn what_is_formatted_elsewhere_is_the_same_here() {
    let text = "policy 1\n\nrule a {\n  on reply\n  ignore\n}\n";
    check(text, text);
    check(&format!("\u{feff}{}", text.replace('\n', "\r\n")), text);
    check(&text.replace("  ", "\t"), text);
    check("", "");
    check(" \n\n", "");
    check("\n\n# a\n\n\n#b   ", "# a\n\n#b\n");
}

/// White space was skipped before the byte order mark as well, so that one behind a comment was
/// read as if it stood at the beginning. The formatter took it for a word.
#[test]
fn a_byte_order_mark_is_one_at_the_beginning_alone() {
    assert!(formatted("# a\n\u{feff}policy 1\n").is_err());
    check("\u{feff}# a\npolicy 1\n", "# a\npolicy 1\n");
}

#[test]
fn short_blocks_stay_on_their_line_and_stand_in_columns() {
    check(
        "rule a { on x ignore }\nrule long-name { on x\n ignore }\nrule b {on x   ignore}\n\
         rule ccc {on x stop prospect}\n\nrule d{on x ignore}",
        "rule a { on x  ignore }\n\nrule long-name {\n  on x\n  ignore\n}\n\n\
         rule b   { on x  ignore }\nrule ccc { on x  stop prospect }\n\nrule d { on x  ignore }\n",
    );
}

#[test]
fn tests_stand_in_columns() {
    check(
        "test \"t\" {\n0d reply a@b.c kind human => a@b.c paused by x => b active # why\n\
         12d bounce a@b.c =>quiet\n 20d => c active\n}",
        &[
            "test \"t\" {\n",
            "  0d   reply a@b.c kind human  => a@b.c paused by x\n",
            "                               => b active  # why\n",
            "  12d  bounce a@b.c            => quiet\n",
            "  20d                          => c active\n",
            "}\n",
        ]
        .concat(),
    );
}

#[test]
fn what_cannot_be_read_is_refused() {
    for (text, code) in [
        ("rule a { on reply pause prospect", "H0005"),
        ("whatever", "H0001"),
        ("rule a { on reply reason \"x }", "H0006"),
        ("rule a { on reply where x = = y }", "H0002"),
        ("policy 2\nflows { on x }", "H0004"),
    ] {
        match formatted(text) {
            Err(FormatError::Unread(found)) => {
                let codes: Vec<String> = found.iter().map(|it| it.code.to_string()).collect();
                assert!(codes.contains(&code.to_owned()), "{text}: {codes:?}");
            }
            other => panic!("{text}: {other:?}"),
        }
    }
    // Names and types need not be right.
    assert!(survives("rule a { on repyl where 1 is \"x\" pause compny }").is_some());
}

#[test]
fn long_and_deep_files_take_no_more_than_their_length() {
    let nested = format!("{}a{}", "(x and ".repeat(60), ")".repeat(60));
    let chain = "reply.kind is human and ".repeat(5_000);
    let entries = "\"gmail.com\", ".repeat(20_000);
    for text in [
        format!("rule r {{ on reply where {nested} ignore }}"),
        format!("rule r {{ on reply where {chain} a ignore }}"),
        format!("domains d = [{entries}]"),
        format!("rule r {{ on reply where {}a ignore }}", "not ".repeat(20_000)),
        "rule r { on reply }\n".repeat(5_000),
        format!("test {{ {} }}", "0d a => b\n".repeat(5_000)),
    ] {
        assert!(survives(&text).is_some());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn whatever_can_be_read_can_be_formatted(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let (text, comments) = random::file(&bytes);
        let new = match formatted(&text) {
            Ok(new) => new,
            Err(error) => panic!("{error}\n{error:?}\n{text}"),
        };
        let mut rest = new.as_str();
        for comment in &comments {
            let at = rest.find(comment.as_str());
            let at = at.unwrap_or_else(|| panic!("{comment} is not in its place\n{text}\n{new}"));
            rest = &rest[at + comment.len()..];
        }
        prop_assert_eq!(new.matches("#<").count(), comments.len());
        prop_assert!(!new.contains("\n\n\n") && !new.contains(" \n"), "{}", new);
        prop_assert!(!new.starts_with('\n') && !new.ends_with("\n\n"), "{}", new);
    }

    #[test]
    fn changed_files_are_formatted_or_refused(text in mutated()) {
        survives(&text);
    }

    #[test]
    fn anything_at_all_is_formatted_or_refused(text in "\\PC{0,200}") {
        survives(&text);
        survives(&format!("rule r {{ on reply where a is b # {text}\n ignore }}"));
        survives(&format!("test {{ 0d {text}\n }}"));
    }

    #[test]
    fn any_bytes_are_formatted_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        survives(&String::from_utf8_lossy(&bytes));
    }
}
