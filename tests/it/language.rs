//! The reference of the rules language: each of its examples is checked as a policy.
//!
//! An example stands, as it were, in the folder `rules/`: what it includes is read from there. It
//! begins with `policy 1`, said or not. One that is marked with a code, as in `rules,H0104`, is a
//! mistake, and yields exactly that finding.

use crate::policies::{findings, gathered};

struct Example {
    /// Its first line in the document.
    line: usize,
    code: Option<String>,
    text: String,
    /// What is said of it, if that stands below.
    said: Option<String>,
}

fn examples(document: &str) -> Vec<Example> {
    let (mut examples, mut open): (Vec<Example>, Option<&str>) = (Vec::new(), None);
    for (at, line) in document.lines().enumerate() {
        match (line.strip_prefix("```"), examples.last_mut()) {
            (Some(_), _) if open.is_some() => open = None,
            (Some(info), _) => {
                let mut words = info.split(',');
                open = words.next();
                if open == Some("rules") {
                    let code = words.next().map(str::to_owned);
                    examples.push(Example { line: at + 2, code, text: String::new(), said: None });
                }
            }
            (None, Some(example)) => {
                let begins = line.starts_with("error[") || line.starts_with("warning[");
                let into = match (open, &mut example.said) {
                    (Some("rules"), _) => &mut example.text,
                    (Some("text"), said) if begins || said.is_some() => {
                        said.get_or_insert_default()
                    }
                    _ => continue,
                };
                into.push_str(line);
                into.push('\n');
            }
            (None, _) => {}
        }
    }
    examples
}

#[test]
fn every_example_of_the_reference_is_what_it_says() {
    let examples = examples(include_str!("../../docs/language.md"));
    assert!(examples.len() >= 36, "{} examples", examples.len());
    for Example { line, code, text, said } in examples {
        let whole = text.lines().any(|line| line.starts_with("policy "));
        let text = if whole { text } else { format!("policy 1\n{text}") };
        let bundle = gathered("rules/example.rules", text);
        let (mut found, shown) = findings(&bundle);
        if !whole && code.as_deref() != Some("H0223") {
            // An example shows one thing, and need not handle every value.
            found.retain(|code| code != "H0223");
        }
        let expected: Vec<String> = code.into_iter().collect();
        assert_eq!(found, expected, "docs/language.md:{line}\n{}\n{shown}", bundle.files[0].text);
        if let Some(said) = said {
            let shown = findings(&gathered("my.rules", bundle.files[0].text.clone())).1;
            assert_eq!(shown, said, "docs/language.md:{line}");
        }
    }
}

#[test]
fn the_example_of_the_readme_has_no_findings() {
    for Example { line, text, .. } in examples(include_str!("../../README.md")) {
        let (found, shown) = findings(&gathered("my.rules", text));
        assert_eq!(found, Vec::<String>::new(), "README.md:{line}\n{shown}");
    }
}

#[test]
fn examples_are_found_with_their_lines_and_codes() {
    let found = examples("a\n```rules\nb\n```\n```text\nc\n```\n```rules,H0104\nd\ne\n```\n");
    let shown: Vec<_> =
        found.iter().map(|it| (it.line, it.code.as_deref(), it.text.as_str())).collect();
    assert_eq!(shown, [(3, None, "b\n"), (9, Some("H0104"), "d\ne\n")]);
}
