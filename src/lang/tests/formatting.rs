//! The formatter: the one layout, nothing lost, nothing said otherwise.

use std::fs;

use super::super::format::{FormatError, format};
use super::repository;
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

#[test]
fn every_construct_has_its_layout() {
    let text = include_str!("formatting/ugly.rules");
    insta::assert_snapshot!(formatted(text).expect("a file that can be read"));
}

#[test]
fn the_shipped_rules_are_formatted() {
    let folder = repository().join("rules");
    for file in fs::read_dir(folder).expect("the shipped rules") {
        let path = file.expect("a file").path();
        let text = fs::read_to_string(&path).expect("text");
        if path.extension().is_some_and(|extension| extension == "rules") {
            check(&text, &text);
        }
    }
}
