//! The layer table: which module may name which, and which file may name which foreign crate.

use std::collections::{BTreeMap, BTreeSet};

use super::source::{Finding, Source};
use super::{check, judge, over_the_tree, tree};

/// A module and the modules that it may use, itself included. What is not listed is the rim and
/// may use all: the crate's root, and `testing`.
const LAYERS: &[(&str, &[&str])] = &[
    ("model", &["model"]),
    ("json", &["json", "model"]),
    ("lang", &["lang", "model"]),
    ("plan", &["plan", "model"]),
    ("engine", &["engine", "lang", "plan", "model"]),
    ("trial", &["trial", "engine", "lang", "plan", "model"]),
    ("store", &["store", "engine", "model"]),
];

/// A crate and the one place in `src` where it may be named: a file, or a folder ending in `/`.
const FOREIGN: &[(&str, &str)] = &[
    ("pest", "src/lang/parse/mod.rs"),
    ("pest_derive", "src/lang/parse/mod.rs"),
    ("annotate_snippets", "src/lang/"),
    ("unicode_security", "src/lang/check/alike.rs"),
    ("chrono_tz", "src/plan/"),
    ("sled", "src/store/"),
    ("bincode", "src/store/codec.rs"),
    ("crc32c", "src/store/"),
    ("rustix", "src/store/disk.rs"),
    ("lz4_flex", "src/store/"),
];

/// Crates that only one file names, wherever it is.
const ONE_FILE: &[&str] = &["sled", "bincode", "pest", "annotate_snippets", "psl"];

/// The modules whose answers depend on their arguments alone.
const PURE: &[&str] = &["model", "json", "lang", "plan", "engine", "trial"];

/// What reaches out of a pure function: files, sockets, other programs, the environment, clocks.
const OUTSIDE: &[&[&str]] = &[
    &["std", "fs"],
    &["std", "net"],
    &["std", "env"],
    &["std", "process"],
    &["std", "time", "SystemTime"],
    &["std", "time", "Instant"],
    &["SystemTime"],
    &["Instant", "now"],
    &["Utc", "now"],
    &["Local", "now"],
    &["chrono", "Local"],
];

/// The module directly below the crate's root that a file of `src` belongs to.
fn layer(path: &str) -> Option<&str> {
    let inside = path.strip_prefix("src/")?;
    let (folder, _) = inside.split_once('/').or_else(|| inside.rsplit_once('.'))?;
    Some(folder)
}

/// How many modules lie between a file and the crate's root: 1 for `src/model/mod.rs`.
fn depth(path: &str) -> usize {
    let parts = path.split('/').count() - 1;
    if path.ends_with("/mod.rs") { parts - 1 } else { parts }
}

/// The path from the crate's root, for one that starts at it or leads back to it.
fn from_root<'a>(path: &'a [&'a str], depth: usize) -> Option<&'a [&'a str]> {
    if path.first() == Some(&"crate") {
        return path.get(1..);
    }
    let up = path.iter().take_while(|part| **part == "super").count();
    (up > 0 && up == depth).then(|| path.get(up..)).flatten()
}

fn wrong_layer(source: &Source) -> Vec<Finding> {
    let own = layer(&source.path).unwrap_or_default();
    let Some((_, allowed)) = LAYERS.iter().find(|(name, _)| *name == own) else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    for (line, path) in source.paths() {
        let Some(inside) = from_root(&path, depth(&source.path)) else {
            continue;
        };
        let Some(first) = inside.first().filter(|_| !source.is_test_at(line)) else {
            continue;
        };
        if !allowed.contains(first) {
            let what = format!("`{own}` may use {}, not `{first}`", allowed.join(", "));
            findings.push(source.finding(line, what));
        }
    }
    findings
}

/// The crates of the tables that a file names outside its tests, each with its first line.
fn named<'a>(source: &Source, crates: impl Iterator<Item = &'a str>) -> Vec<(&'a str, usize)> {
    if layer(&source.path).is_none() {
        return Vec::new();
    }
    let tokens = source.tokens();
    let mut found = Vec::new();
    for name in crates {
        // A module of that name is declared and reached without being the crate.
        let is_named = |at: usize| {
            let word = |at: usize| tokens.get(at).map_or("", |token| token.word);
            let before = if at == 0 { "" } else { word(at - 1) };
            let is_inner = before == "::" && at > 1 && word(at - 2) != "use";
            word(at) == name && !is_inner && (word(at + 1) == "::" || before == "use")
        };
        let lines = (0..tokens.len()).filter(|&at| is_named(at));
        let mut lines = lines.map(|at| tokens[at].line);
        if let Some(line) = lines.find(|&line| !source.is_test_at(line)) {
            found.push((name, line));
        }
    }
    found
}

fn stray_crate(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, line) in named(source, FOREIGN.iter().map(|(name, _)| *name)) {
        let Some((_, home)) = FOREIGN.iter().find(|(other, _)| *other == name) else {
            continue;
        };
        let is_home = source.path == *home || home.ends_with('/') && source.path.starts_with(home);
        if !is_home {
            findings.push(source.finding(line, format!("`{name}` is only named in {home}")));
        }
    }
    findings
}

fn spread_crate(sources: &[Source]) -> Vec<Finding> {
    let mut homes: BTreeMap<&str, BTreeSet<(&str, usize)>> = BTreeMap::new();
    for source in sources {
        for (name, line) in named(source, ONE_FILE.iter().copied()) {
            homes.entry(name).or_default().insert((&source.path, line));
        }
    }
    let mut findings = Vec::new();
    for (name, places) in homes.iter().filter(|(_, places)| places.len() > 1) {
        for (path, line) in places {
            findings.push(Finding {
                path: (*path).to_owned(),
                line: line + 1,
                what: format!("`{name}` is named in {} files: keep one", places.len()),
            });
        }
    }
    findings
}

fn reaching_out(source: &Source) -> Vec<Finding> {
    if !layer(&source.path).is_some_and(|layer| PURE.contains(&layer)) {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for (line, path) in source.paths() {
        let reaches = OUTSIDE.iter().any(|outside| path.starts_with(outside));
        if reaches && !source.is_test_at(line) {
            let what = format!("`{}` has no place in a pure module", path.join("::"));
            findings.push(source.finding(line, what));
        }
    }
    findings
}

#[test]
fn layers_only_use_what_is_below_them() {
    over_the_tree("layers_only_use_what_is_below_them", wrong_layer);
    let text = "use crate::model::Event;\nuse crate::{lang::Policy, store};\n\
                use super::super::plan;\nuse super::plan;\npub(crate) fn a() -> crate::Engine {}\n\
                #[cfg(test)]\nmod tests {\n    use crate::store::Dir;\n}\n";
    check(wrong_layer, "src/engine/a.rs", text, &[2, 5]);
    check(wrong_layer, "src/model/a.rs", text, &[2, 2, 3, 5]);
    check(wrong_layer, "src/model/mod.rs", text, &[2, 2, 4, 5]);
    check(wrong_layer, "src/model/a/tests.rs", text, &[]);
    check(wrong_layer, "src/testing/a.rs", text, &[]);
    check(wrong_layer, "crates/holdline-cli/src/a.rs", text, &[]);
}

#[test]
fn every_layer_of_the_table_is_there_or_yet_to_come() {
    let known = |name: &str| LAYERS.iter().any(|(layer, _)| *layer == name);
    for source in tree() {
        let Some(name) = layer(&source.path).filter(|_| source.is_rust()) else {
            continue;
        };
        let is_rim = ["lib", "open", "testing"].contains(&name);
        assert!(known(name) || is_rim, "{}: `{name}` is not in the table", source.path);
    }
}

#[test]
fn foreign_crates_stay_in_their_place() {
    over_the_tree("foreign_crates_stay_in_their_place", stray_crate);
    let text = "use sled::Db;\nlet a = bincode::decode();\n// pest::Parser\nlet s = \"pest::x\";\n\
                use pest_derive::Parser;\nself::sled::open();\nmod pest;\n";
    check(stray_crate, "src/store/pages.rs", text, &[5, 2]);
    check(stray_crate, "src/engine/a.rs", text, &[5, 1, 2]);
    check(stray_crate, "src/lang/parse/mod.rs", text, &[1, 2]);
    check(stray_crate, "crates/holdline-peers/src/a.rs", text, &[]);
}

#[test]
fn one_foreign_name_one_file() {
    judge("one_foreign_name_one_file", spread_crate(tree()));
    let source = |path: &str| Source::new(path, "//! A.\nuse sled::Db;\n");
    let two = [source("src/store/a.rs"), source("src/store/b.rs")];
    let shown: Vec<String> = spread_crate(&two).iter().map(ToString::to_string).collect();
    assert_eq!(shown.len(), 2, "{shown:?}");
    assert!(shown[0].starts_with("src/store/a.rs:2: `sled`"), "{shown:?}");
    assert!(spread_crate(&two[..1]).is_empty());
}

#[test]
fn pure_modules_reach_for_nothing() {
    over_the_tree("pure_modules_reach_for_nothing", reaching_out);
    let text = "use std::{fs, fmt};\nlet now = SystemTime::now();\nlet t = Instant::now();\n\
                let u = Instant::from_ms(1);\nstd::fs::read(p);\nuse std::io::{self, Read};\n\
                #[cfg(test)]\nmod tests {\n    use std::fs;\n}\n";
    check(reaching_out, "src/engine/a.rs", text, &[1, 2, 3, 5]);
    check(reaching_out, "src/store/a.rs", text, &[]);
}
