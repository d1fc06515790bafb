//! Sizes, words, names and text: the rules that look at one file at a time.

use super::source::{Finding, Source};
use super::{check, judge, over_the_tree, tree};

const MAX_FILE_LINES: usize = 600;
const MAX_FUNCTION_LINES: usize = 70;
const MAX_LINE_CHARS: usize = 100;

fn long_file(source: &Source) -> Vec<Finding> {
    let lines = source.silent.iter().filter(|silent| !**silent).count();
    if lines <= MAX_FILE_LINES {
        return Vec::new();
    }
    let what = format!("{lines} lines of code, at most {MAX_FILE_LINES}: split it");
    vec![source.finding(0, what)]
}

/// A function is measured between its braces, without comments and empty lines, as clippy does.
fn long_function(source: &Source) -> Vec<Finding> {
    let tokens = source.tokens();
    let mut findings = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let name = tokens.get(at + 1).map_or("(", |next| next.word);
        if token.word != "fn" || name == "(" {
            continue;
        }
        let mut depth = 0_usize;
        let body = (at..tokens.len()).find(|&at| {
            match tokens[at].word {
                "(" | "[" => depth += 1,
                ")" | "]" => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth == 0 && ["{", ";"].contains(&tokens[at].word)
        });
        let Some(body) = body.filter(|&body| tokens[body].word == "{") else {
            continue;
        };
        let first = tokens[body].line + 1;
        let last = tokens[Source::closing(&tokens, body)].line;
        let silent = source.silent.get(first..last).unwrap_or_default();
        let lines = silent.iter().filter(|silent| !**silent).count();
        if lines > MAX_FUNCTION_LINES {
            let what = format!("`{name}` has {lines} lines, at most {MAX_FUNCTION_LINES}");
            findings.push(source.finding(token.line, what));
        }
    }
    findings
}

fn long_line(source: &Source) -> Vec<Finding> {
    let lines = source.text.lines().enumerate();
    lines
        .filter(|_| source.is_rust())
        // A line of JSON in a test is data: breaking it would make it another input.
        .filter(|(_, line)| !(line.starts_with("{\"") && line.ends_with('}')))
        .filter_map(|(at, line)| {
            let chars = line.chars().count();
            let what = format!("{chars} characters, at most {MAX_LINE_CHARS}");
            (chars > MAX_LINE_CHARS).then(|| source.finding(at, what))
        })
        .collect()
}

/// Notes to self belong nowhere that is committed. The words are put together here so that this
/// file does not find itself.
fn note_to_self(source: &Source) -> Vec<Finding> {
    let words = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];
    let kinds = [".rs", ".toml", ".md", ".pest", ".rules", ".yml"];
    if !kinds.iter().any(|kind| source.path.ends_with(kind)) {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for (at, line) in source.text.lines().enumerate() {
        let mut found = line.split(|c: char| !c.is_alphanumeric() && c != '_');
        if let Some(word) = found.find(|word| words.contains(word)) {
            findings.push(source.finding(at, format!("`{word}`: do it or drop it")));
        }
    }
    findings
}

fn leftover(source: &Source) -> Vec<Finding> {
    let tokens = source.tokens();
    let mut findings = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let word = |ahead: usize| tokens.get(at + ahead).map_or("", |token| token.word);
        let is_macro = ["dbg", "todo", "unimplemented"].contains(&token.word)
            && word(1) == "!"
            && ["(", "[", "{"].contains(&word(2));
        let is_ignored = token.word == "#" && word(1) == "[" && word(2) == "ignore";
        if is_macro {
            findings.push(source.finding(token.line, format!("`{}!` is left over", token.word)));
        } else if is_ignored {
            findings.push(source.finding(token.line, "a test that is ignored is no test"));
        }
    }
    findings
}

fn no_module_docs(source: &Source) -> Vec<Finding> {
    let first = source.text.lines().find(|line| !line.trim().is_empty());
    let begins = ["//!", "#![doc = include_str!("];
    let is_told = first.is_some_and(|line| begins.iter().any(|begin| line.starts_with(begin)));
    if is_told || !source.is_rust() {
        return Vec::new();
    }
    vec![source.finding(0, "begins without `//!`: say what it is for and what it does not know")]
}

/// A glob of the module above or of the crate hides which layers are used.
fn hiding_glob(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (line, path) in source.paths() {
        let is_ours = ["super", "crate"].contains(&path[0]) && path.last() == Some(&"*");
        if is_ours && !source.is_test_at(line) {
            let what = format!("`use {}` hides what is used: name it", path.join("::"));
            findings.push(source.finding(line, what));
        }
    }
    findings
}

fn empty_name(source: &Source) -> Vec<Finding> {
    const EMPTY: &[&str] =
        &["util", "utils", "common", "helper", "helpers", "manager", "managers", "misc"];
    let name = source.path.strip_suffix(".rs").unwrap_or_default();
    let mut words = name.split(['/', '_', '-', '.']);
    match words.find(|word| EMPTY.contains(word)) {
        Some(word) => vec![source.finding(0, format!("`{word}` says nothing: name what it holds"))],
        None => Vec::new(),
    }
}

/// A path of somebody's machine. The needles are put together here for the same reason as above.
fn machine_path(source: &Source) -> Vec<Finding> {
    let needles = [
        concat!("/ho", "me/"),
        concat!("/ro", "ot/"),
        concat!("/Us", "ers/"),
        concat!("/wo", "rk"),
    ];
    let mut findings = Vec::new();
    for (at, line) in source.text.lines().enumerate() {
        let found = needles.iter().find(|needle| {
            line.match_indices(*needle).any(|(start, _)| {
                let before = line[..start].chars().next_back();
                let after = line[start + needle.len()..].chars().next();
                let is_root = !before.is_some_and(|c| c.is_alphanumeric() || "._-~)}>".contains(c));
                let is_whole = needle.ends_with('/')
                    || !after.is_some_and(|c| c.is_alphanumeric() || "_-.".contains(c));
                is_root && is_whole
            })
        });
        if let Some(needle) = found {
            findings.push(source.finding(at, format!("`{needle}` is a path of one machine")));
        }
    }
    findings
}

fn no_last_newline(source: &Source) -> Vec<Finding> {
    if source.text.is_empty() || source.text.ends_with('\n') {
        return Vec::new();
    }
    let last = source.text.lines().count().saturating_sub(1);
    vec![source.finding(last, "the last line has no newline")]
}

/// A link to a file that is not there.
fn dead_link(source: &Source, exists: &dyn Fn(&str) -> bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !source.path.ends_with(".md") {
        return findings;
    }
    let folder = source.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    for (at, line) in source.text.lines().enumerate() {
        for link in line.split("](").skip(1) {
            let target = link.split([')', '#']).next().unwrap_or_default();
            if target.is_empty() || target.contains("://") {
                continue;
            }
            let path = resolved(folder, target);
            if !exists(&path) {
                findings.push(source.finding(at, format!("`{target}` is not there")));
            }
        }
    }
    findings
}

fn resolved(folder: &str, target: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in target.split('/') {
        match part {
            ".." => drop(parts.pop()),
            "" | "." => {}
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[test]
fn files_are_short() {
    over_the_tree("files_are_short", long_file);
    let lines = "a();\n".repeat(MAX_FILE_LINES);
    let silence = "// why\n\n/* and\nwhy */\n".repeat(100);
    check(long_file, "a.rs", &format!("{lines}{silence}"), &[]);
    check(long_file, "a.rs", &format!("{lines}{silence}b();\n"), &[1]);
}

#[test]
fn functions_are_short() {
    over_the_tree("functions_are_short", long_function);
    let body = "    a();\n".repeat(MAX_FUNCTION_LINES);
    let pointer = "type F = fn(u8) -> u8;\ntrait T {\n    fn a(x: [u8; 2]);\n}\n";
    let short = format!("{pointer}fn b(x: [u8; 2]) {{\n    // why\n{body}}}\n");
    check(long_function, "a.rs", &short, &[]);
    let long = format!("{pointer}fn b(x: [u8; 2]) {{\n    c(\"}}\");\n{body}}}\n");
    check(long_function, "a.rs", &long, &[5]);
}

#[test]
fn lines_are_short() {
    over_the_tree("lines_are_short", long_line);
    let longest = "ä".repeat(MAX_LINE_CHARS);
    let text = format!("{longest}\n{longest}ä\n");
    check(long_line, "a.rs", &text, &[2]);
    check(long_line, "a.md", &text, &[]);
    check(long_line, "a.rs", &format!("{{\"a\":\"{longest}\"}}\n"), &[]);
}

#[test]
fn nothing_is_left_for_later() {
    over_the_tree("nothing_is_left_for_later", note_to_self);
    let note = concat!("TO", "DO");
    check(note_to_self, "a.md", &format!("fine\n# {note}: x\n{note}S\n"), &[2]);
    check(note_to_self, "a.rs", &format!("// {}\n", concat!("FIX", "ME")), &[1]);
    check(note_to_self, "a.jsonl", note, &[]);
}

#[test]
fn nothing_is_left_over() {
    over_the_tree("nothing_is_left_over", leftover);
    let text =
        "a(dbg!(b));\ntodo!()\n// todo!()\n#[ignore]\n#[ignore = \"x\"]\nunimplemented!(\"y\")";
    check(leftover, "a.rs", text, &[1, 2, 4, 5, 6]);
    check(leftover, "a.rs", "let s = \"todo!()\"; self.todo != b;", &[]);
}

#[test]
fn modules_say_what_they_are_for() {
    over_the_tree("modules_say_what_they_are_for", no_module_docs);
    check(no_module_docs, "a.rs", "use b;\n//! late\n", &[1]);
    check(no_module_docs, "a.rs", "", &[1]);
    check(no_module_docs, "a.rs", "//! This.\n", &[]);
    check(no_module_docs, "a.rs", "#![doc = include_str!(\"../README.md\")]\n", &[]);
}

#[test]
fn globs_do_not_hide_layers() {
    over_the_tree("globs_do_not_hide_layers", hiding_glob);
    let text = "use super::*;\nuse crate::{model::*, plan::Plan};\nuse criterion::*;\n\
                #[cfg(test)]\nmod tests {\n    use super::*;\n}\n";
    check(hiding_glob, "src/a.rs", text, &[1, 2]);
    check(hiding_glob, "src/a/tests.rs", text, &[]);
}

#[test]
fn names_say_something() {
    over_the_tree("names_say_something", empty_name);
    for path in ["src/util.rs", "src/misc/a.rs", "tests/it/test_helpers.rs"] {
        check(empty_name, path, "", &[1]);
    }
    check(empty_name, "src/commonplace.rs", "", &[]);
}

#[test]
fn no_path_of_one_machine() {
    over_the_tree("no_path_of_one_machine", machine_path);
    let (work, home) = (concat!("/wo", "rk"), concat!("/ho", "me/"));
    let bad = format!("cd {work}/x\n\"{home}ann\"\nin {work}\n{work}: y\n");
    check(machine_path, "a.md", &bad, &[1, 2, 3, 4]);
    let fine = format!("frame{work}\n{work}space\na{work}/b\n<b>{home}\n");
    check(machine_path, "a.md", &fine, &[]);
}

#[test]
fn text_ends_in_a_newline() {
    over_the_tree("text_ends_in_a_newline", no_last_newline);
    check(no_last_newline, "a.toml", "a\nb", &[2]);
    check(no_last_newline, "a.toml", "a\nb\n", &[]);
    check(no_last_newline, "a.toml", "", &[]);
}

#[test]
fn links_lead_somewhere() {
    let exists = |path: &str| {
        let folder = format!("{path}/");
        let mut paths = tree().iter().map(|source| source.path.as_str());
        paths.any(|known| known == path || known.starts_with(&folder))
    };
    let findings = tree().iter().flat_map(|source| dead_link(source, &exists));
    judge("links_lead_somewhere", findings.collect());

    let text =
        "[a](here.md) [b](gone.md)\n[c](../README.md#top) [d](https://example.com/x)\n[e](#f)\n";
    let known = |path: &str| ["docs/here.md", "README.md"].contains(&path);
    let found = dead_link(&Source::new("docs/a.md", text), &known);
    let shown: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert_eq!(shown, ["docs/a.md:1: `gone.md` is not there"]);
}

#[test]
fn there_is_one_test_command() {
    let text = |path: &str| {
        let found = tree().iter().find(|source| source.path == path);
        found.map_or("", |source| source.text.as_str())
    };
    let command = "cargo xtask test";
    assert!(text("README.md").contains(command), "README.md");
    assert!(text("CONTRIBUTING.md").contains(command), "CONTRIBUTING.md");
    let script: Vec<&str> = text(".ci/run").lines().filter(|line| line.contains("cargo")).collect();
    assert_eq!(script, [format!("exec {command}")], ".ci/run");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(".ci/run");
        let mode = std::fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode & 0o111, 0o111, ".ci/run cannot be executed");
    }
}
