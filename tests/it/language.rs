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
}

fn examples(document: &str) -> Vec<Example> {
    let (mut examples, mut open): (Vec<Example>, bool) = (Vec::new(), false);
    for (at, line) in document.lines().enumerate() {
        match (line.strip_prefix("```"), examples.last_mut()) {
            (Some(_), _) if open => open = false,
            (Some(info), _) => {
                let mut words = info.split(',');
                if words.next() == Some("rules") {
                    let code = words.next().map(str::to_owned);
                    examples.push(Example { line: at + 2, code, text: String::new() });
                    open = true;
                }
            }
            (None, Some(example)) if open => {
                example.text.push_str(line);
                example.text.push('\n');
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
    for Example { line, code, text } in examples {
        let whole = text.lines().any(|line| line.starts_with("policy "));
        let text = if whole { text } else { format!("policy 1\n{text}") };
        let bundle = gathered("rules/example.rules", text);
        let (mut found, shown) = findings(&bundle);
        // An example shows one thing, and need not handle every value.
        found.retain(|code| code != "H0223");
        let expected: Vec<String> = code.into_iter().collect();
        assert_eq!(found, expected, "docs/language.md:{line}\n{}\n{shown}", bundle.files[0].text);
    }
}

#[test]
fn examples_are_found_with_their_lines_and_codes() {
    let found = examples("a\n```rules\nb\n```\n```text\nc\n```\n```rules,H0104\nd\ne\n```\n");
    let shown: Vec<_> =
        found.iter().map(|it| (it.line, it.code.as_deref(), it.text.as_str())).collect();
    assert_eq!(shown, [(3, None, "b\n"), (9, Some("H0104"), "d\ne\n")]);
}
