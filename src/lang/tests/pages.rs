//! Each diagnostic has a page, its example yields it, and it looks as recorded.

use std::collections::BTreeSet;
use std::fs;

use super::super::{diagnostic as say, render};
use super::{bundle, codes, repository};
use crate::model::{PolicyBundle, PolicyFile};
use crate::trial::check;

/// The codes of all constructors.
fn constructed() -> BTreeSet<String> {
    let source =
        concat!(include_str!("../diagnostic.rs"), include_str!("../script_diagnostic.rs"),);
    let mut all = BTreeSet::new();
    for start in ["Finding::error(", "Finding::warning("] {
        for rest in source.split(start).skip(1) {
            let number: String =
                rest.trim_start().chars().take_while(char::is_ascii_digit).collect();
            let number: u16 = number.parse().expect("a constructor begins with its code");
            assert!(all.insert(format!("H{number:04}")), "H{number:04} is constructed twice");
        }
    }
    all
}

/// What is too long for a page.
fn generated(code: &str) -> Option<String> {
    match code {
        "H0007" => Some(format!(
            "policy 1\nrule r {{ on reply where {}reply.kind is human{} pause prospect }}",
            "(".repeat(64),
            ")".repeat(64)
        )),
        "H0008" => Some(format!("policy 1\n{}", "#\n".repeat(1 << 19))),
        "H0009" => {
            let rule = |n: u32| format!("rule r{n} {{ on reply pause prospect }}\n");
            Some(format!("policy 1\n{}", (0..=10_000).map(rule).collect::<String>()))
        }
        "H0010" => {
            let entry = |n: u32| format!("\"{n:x}.a\",");
            let entries: String = (0..=100_000).map(entry).collect();
            Some(format!("policy 1\ndomains d = [\n{entries}\n]"))
        }
        "H0018" => {
            Some(format!("policy 1\nrule r {{ on reply {} }}", "pause prospect ".repeat(65)))
        }
        "H0225" => {
            let tag = |n: u32| format!("\"t{n}\" in prospect.tags");
            let tags: Vec<String> = (0..21).map(tag).collect();
            let tags = tags.join(" or ");
            Some(format!("policy 1\nrule r {{ on reply where {tags} pause prospect }}"))
        }
        "H0226" => {
            let rule = |n: u32| {
                format!(
                    "rule r{n} {{ on open where prospect.field(\"f{}\") is known \
                     and prospect.field(\"g{n}\") is known pause prospect }}\n",
                    n % 50
                )
            };
            Some(format!("policy 1\n{}", (0..8_000).map(rule).collect::<String>()))
        }
        _ => None,
    }
}

/// What takes several files.
fn several(code: &str) -> Option<PolicyBundle> {
    let count = match code {
        "H0022" => say::MAX_FILES + 1,
        "H0023" => 2,
        _ => return None,
    };
    let name = |at: usize| if at == 0 { "test.rules".to_owned() } else { format!("{at}.rules") };
    let text = "policy 1\n".to_owned();
    let files = (0..count).map(|at| PolicyFile { name: name(at), text: text.clone() });
    Some(PolicyBundle { files: files.collect() })
}

fn example(page: &str) -> Option<&str> {
    let (_, rest) = page.split_once("```rules\n")?;
    rest.split_once("```").map(|(example, _)| example)
}

#[test]
fn each_diagnostic_has_a_page_whose_example_yields_it() {
    let folder = repository().join("docs/diagnostics");
    let files = fs::read_dir(&folder).expect("the folder of pages");
    let names = files.map(|file| file.expect("a page").file_name().into_string().expect("a name"));
    let pages: BTreeSet<String> =
        names.filter_map(|name| name.strip_suffix(".md").map(str::to_owned)).collect();
    let mut expected = constructed();
    expected.insert("README".to_owned());
    assert_eq!(pages, expected, "one page for each constructor, and an index");
    let index = fs::read_to_string(folder.join("README.md")).expect("the index");
    for code in constructed() {
        assert!(index.contains(&format!("[{code}]({code}.md)")), "{code} is not in the index");
        let page = fs::read_to_string(folder.join(format!("{code}.md"))).expect("a page");
        assert!(page.starts_with(&format!("# {code}: ")), "{code} has no title");
        assert!(page.contains("\n## How to fix it\n"), "{code} does not say how to fix it");
        let text = generated(&code).or_else(|| example(&page).map(str::to_owned));
        let bundle = match several(&code) {
            Some(files) => files,
            None => bundle(&text.unwrap_or_else(|| panic!("{code} has no example"))),
        };
        let mut found = check(&bundle);
        // An example shows one thing, and need not handle every value.
        found.retain(|it| it.code.0 != 223 || code == "H0223");
        assert_eq!(codes(&found), [code.as_str()], "{}", render(&found, &bundle, false));
        // Lines of a megabyte say nothing in a snapshot.
        let mut shown = render(&found, &bundle, false);
        if shown.len() > 4_000 {
            shown = shown.lines().next().unwrap_or_default().to_owned();
        }
        insta::assert_snapshot!(code, shown);
    }
}

#[test]
fn the_look_is_the_documented_one() {
    let bundle = bundle("policy 1\n\nrule example {\n  on reply\n  pause compny\n}\n");
    let expected = "\
error[H0104]: unknown scope `compny`
 --> test.rules:5:9
  |
5 |   pause compny
  |         ^^^^^^ not a scope
  |
  = help: did you mean `company`? scopes: enrollment, prospect, company in campaign, company, \
sender, campaign, workspace
  = docs: docs/diagnostics/H0104.md
";
    assert_eq!(render(&check(&bundle), &bundle, false), expected);
    assert!(render(&check(&bundle), &bundle, true).contains("\u{1b}["), "colour on request");
}

#[test]
fn a_diagnostic_is_json() {
    let found = check(&bundle("policy 1\nrule é { on reply pause compny }\n"));
    let last = serde_json::to_value(found.last().expect("a finding")).expect("plain data");
    let expected = serde_json::json!({
        "code": "H0104",
        "severity": "error",
        "file": "test.rules",
        "line": 2,
        "column": 25,
        "end": { "line": 2, "column": 31 },
        "message": "unknown scope `compny`",
        "help": "did you mean `company`? scopes: enrollment, prospect, company in campaign, \
                 company, sender, campaign, workspace",
        "docs": "docs/diagnostics/H0104.md",
    });
    assert_eq!(last, expected);
}
