//! Style as a test. Each rule is a function from one file (or the list of them) to findings, run
//! over the whole tree, and over a small bad sample so that a rule which has gone blind is noticed.
//! It knows nothing of what the code does.

mod layers;
mod rules;
mod source;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use source::{Finding, Source};

/// What a rule finds and is lived with: rule, path, reason. It may only shrink: an entry that is
/// not needed any more fails its rule.
const ALLOWED: &[(&str, &str, &str)] = &[];

/// The files of the repository that are text, read once for all rules.
fn tree() -> &'static [Source] {
    static TREE: LazyLock<Vec<Source>> = LazyLock::new(read_tree);
    &TREE
}

/// What git tracks or would track; without git, what lies in the directory.
fn read_tree() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let paths = tracked(root).unwrap_or_else(|| {
        let mut found = Vec::new();
        walk(root, "", &mut found);
        found
    });
    let sources: Vec<Source> = paths
        .iter()
        .filter_map(|path| {
            let bytes = fs::read(root.join(path)).ok()?;
            let text = String::from_utf8(bytes).ok()?;
            (!text.contains('\0')).then(|| Source::new(path, &text))
        })
        .collect();
    assert!(sources.iter().any(|source| source.path == "Cargo.toml"), "the tree was not found");
    sources
}

/// What git tracks, and what it would track if it were added.
fn tracked(root: &Path) -> Option<Vec<String>> {
    let output = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()
        .ok()?;
    let listing = String::from_utf8(output.stdout).ok()?;
    let paths: Vec<String> = listing.split_terminator('\0').map(str::to_owned).collect();
    (output.status.success() && !paths.is_empty()).then_some(paths)
}

fn walk(root: &Path, below: &str, found: &mut Vec<String>) {
    let Ok(entries) = fs::read_dir(root.join(below)) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if below.is_empty() { name.clone() } else { format!("{below}/{name}") };
        let is_dir = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_dir && !["target", ".git", "holdline-data", "node_modules"].contains(&name.as_str()) {
            walk(root, &path, found);
        } else if !is_dir {
            found.push(path);
        }
    }
}

/// Fails with `file:line: what` for each finding that is not allowed, and for each allowance that
/// is not needed.
fn judge(rule: &str, findings: Vec<Finding>) {
    let complaints = complaints(rule, findings, ALLOWED);
    assert!(
        complaints.is_empty(),
        "\n{rule}: {} to put right\n{}\n",
        complaints.len(),
        complaints.join("\n")
    );
}

fn complaints(rule: &str, findings: Vec<Finding>, allowed: &[(&str, &str, &str)]) -> Vec<String> {
    let ours = || allowed.iter().filter(|(of, _, _)| *of == rule);
    let unused = ours()
        .filter(|(_, path, _)| !findings.iter().any(|finding| finding.path == *path))
        .map(|(_, path, _)| format!("{path}: is allowed and has nothing to allow: take it out"));
    let mut complaints: Vec<String> = unused.collect();
    complaints.extend(
        findings
            .iter()
            .filter(|finding| !ours().any(|(_, path, _)| finding.path == *path))
            .map(ToString::to_string),
    );
    complaints
}

/// Runs a rule over every file.
fn over_the_tree(rule: &str, find: fn(&Source) -> Vec<Finding>) {
    judge(rule, tree().iter().flat_map(find).collect());
}

/// Runs a rule over a sample and compares the lines that it complains about.
fn check(find: fn(&Source) -> Vec<Finding>, path: &str, text: &str, lines: &[usize]) {
    let findings = find(&Source::new(path, text));
    let found: Vec<usize> = findings.iter().map(|finding| finding.line).collect();
    let shown: Vec<String> = findings.iter().map(ToString::to_string).collect();
    assert_eq!(found, lines, "in {path}:\n{text}\nfound: {shown:#?}");
}

#[test]
fn the_walk_without_git_finds_what_git_lists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut walked = Vec::new();
    walk(root, "", &mut walked);
    for path in ["src/lib.rs", "tests/it/tidy/rules.rs", ".ci/run"] {
        assert!(walked.iter().any(|found| found == path), "{path}");
    }
    assert!(!walked.iter().any(|found| found.starts_with("target/")));
}

#[test]
fn an_allowance_silences_its_rule_in_its_file_and_must_be_needed() {
    let finding =
        |path: &str| Finding { path: path.to_owned(), line: 3, what: "is wrong".to_owned() };
    let allowed = [
        ("sizes", "a.rs", "a reason"),
        ("sizes", "gone.rs", "a reason"),
        ("other", "b.rs", "a reason"),
    ];
    let found = complaints("sizes", vec![finding("a.rs"), finding("b.rs")], &allowed);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].starts_with("gone.rs: is allowed"), "{found:?}");
    assert_eq!(found[1], "b.rs:3: is wrong");
}
