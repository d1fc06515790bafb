//! The shipped policies: each is without a finding, its tests show all of its rules, it says why
//! each of them is there, and it is named where people look for it.

use std::path::Path;

use holdline::lang::{self, render};
use holdline::model::{PolicyBundle, PolicyFile};
use holdline::trial::{self, Trial};

fn read(name: &str) -> Option<String> {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).ok()
}

/// A policy with all that it includes, from the repository.
pub(crate) fn gathered(name: &str, text: String) -> PolicyBundle {
    lang::gather(PolicyFile { name: name.to_owned(), text }, read)
}

/// The codes of all findings, those of tests included, and how they look.
pub(crate) fn findings(bundle: &PolicyBundle) -> (Vec<String>, String) {
    let found = trial::check(bundle);
    let shown = render(&found, bundle, false);
    (found.iter().map(|it| it.code.to_string()).collect(), shown)
}

/// The names of the rules files in a folder.
fn files(folder: &str) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let names = std::fs::read_dir(root.join(folder)).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let policies = names.filter(|name| name.ends_with(".rules"));
    let mut paths: Vec<_> = policies.map(|name| format!("{folder}/{name}")).collect();
    paths.sort_unstable();
    paths
}

fn all() -> Vec<(String, String)> {
    let paths = [files("rules"), files("rules/parts")].concat();
    assert!(paths.len() >= 12, "{paths:?}");
    paths.into_iter().map(|path| (path.clone(), read(&path).unwrap())).collect()
}

#[test]
fn every_shipped_policy_is_without_a_finding_and_its_tests_show_all_of_it() {
    for (path, text) in all() {
        let bundle = gathered(&path, text);
        let (mut codes, shown) = findings(&bundle);
        if path.contains("/parts/") {
            // A part leaves to others what is not its business.
            codes.retain(|code| code != "H0223");
        }
        assert_eq!(codes, Vec::<String>::new(), "{path}\n{shown}");
        let mut trial = Trial::of(&bundle).unwrap();
        for number in 0..trial.tests().len() {
            trial.run(number).unwrap();
        }
        let coverage = trial.coverage();
        assert_eq!(coverage.percent(), 100, "{path}: {coverage:#?}");
    }
}

#[test]
fn every_rule_has_a_title_and_a_reason_and_every_file_a_header() {
    for (path, text) in all() {
        let (header, _) = text.split_once("\npolicy 1\n").expect("the version of the language");
        let told = header.lines().all(|line| line.starts_with('#') || line.is_empty());
        assert!(told && header.lines().count() >= 3, "{path} begins with what it is for");
        for rule in text.split("\nrule ").skip(1) {
            let (head, _) = rule.split_once(" {\n").expect("a rule begins its clauses on a line");
            let (body, _) = rule.split_once("\n}\n").expect("a rule ends on a line of its own");
            assert!(head.contains(" \"") && head.ends_with('"'), "{path}: {head} has no title");
            assert!(body.contains("\n  reason \""), "{path}: {head} has no reason");
        }
    }
}

#[test]
fn every_shipped_policy_is_listed_where_people_begin_to_read() {
    let readme = read("README.md").unwrap();
    for path in files("rules") {
        assert!(readme.contains(&format!("({path})")), "README.md does not list {path}");
    }
    // A part that no policy includes is read by nobody.
    let policies: String = files("rules").iter().map(|path| read(path).unwrap()).collect();
    for path in files("rules/parts") {
        let name = path.trim_start_matches("rules/");
        assert!(policies.contains(&format!("include \"{name}\"")), "no policy includes {path}");
    }
}
