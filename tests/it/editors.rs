//! The colours that editors give the language, held against its grammar: no word is missing in
//! either. That they are given as meant is tested beside them, with the tokenizer of an editor.

use std::collections::BTreeSet;
use std::path::Path;

use holdline::lang;
use holdline::{PolicyBundle, PolicyFile};
use serde_json::Value;

const FOLDER: &str = "docs/editors/vscode";

/// What keyword groups of the colours begin with: no name may go on before them.
const EDGE: &str = "(?<![-\\w.])(";

fn text(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect(path)
}

/// The keywords of the grammar, by the names of their rules.
fn keywords(grammar: &str) -> Vec<(&str, &str)> {
    let lines = grammar.lines().filter(|line| line.starts_with("k_"));
    let found = lines.filter_map(|line| Some((line.split(' ').next()?, line.split('"').nth(1)?)));
    found.collect()
}

/// The words of the groups of a pattern that have a keyword's scope.
fn of_pattern(pattern: &str, node: &Value, captures: &str, found: &mut BTreeSet<String>) {
    for (at, _) in pattern.match_indices(EDGE) {
        let inside = &pattern[at + EDGE.len()..];
        let scope = if inside.starts_with("?:") {
            &node["name"]
        } else {
            let before = &pattern[..at + EDGE.len()];
            let number = before.matches('(').count() - before.matches("(?").count();
            &node[captures][number.to_string()]["name"]
        };
        let words = inside.trim_start_matches("?:").split(')').next().unwrap_or_default();
        if scope.as_str().is_some_and(|scope| scope.starts_with("keyword.")) {
            found.extend(words.split('|').map(str::to_owned));
        }
    }
}

fn coloured(node: &Value, found: &mut BTreeSet<String>) {
    if let Some(pattern) = node["match"].as_str() {
        of_pattern(pattern, node, "captures", found);
    }
    if let Some(pattern) = node["begin"].as_str() {
        of_pattern(pattern, node, "beginCaptures", found);
    }
    match node {
        Value::Array(all) => all.iter().for_each(|inner| coloured(inner, found)),
        Value::Object(all) => all.values().for_each(|inner| coloured(inner, found)),
        _ => {}
    }
}

#[test]
fn the_colours_know_the_words_of_the_grammar_and_no_others() {
    let grammar = text("grammar/holdline.pest");
    let wanted: BTreeSet<_> =
        keywords(&grammar).into_iter().map(|(_, word)| word.to_owned()).collect();
    assert!(wanted.len() > 40, "{wanted:?}");
    let colours = text(&format!("{FOLDER}/syntaxes/holdline.tmLanguage.json"));
    let colours: Value = serde_json::from_str(&colours).expect("JSON");
    let mut found = BTreeSet::new();
    coloured(&colours, &mut found);
    let missing: Vec<_> = wanted.difference(&found).collect();
    let unknown: Vec<_> = found.difference(&wanted).collect();
    assert!(missing.is_empty(), "without a colour: {missing:?}");
    assert!(unknown.is_empty(), "not of the language: {unknown:?}");
}

/// Where a declaration that is not closed ends, in the colours as in the grammar.
#[test]
fn the_colours_end_a_declaration_where_the_grammar_does() {
    let grammar = text("grammar/holdline.pest");
    let starts = grammar.split("item_start = _{").nth(1).and_then(|it| it.split('}').next());
    let starts: BTreeSet<_> = starts.unwrap_or_default().split('|').map(str::trim).collect();
    let words = keywords(&grammar).into_iter().filter(|(name, _)| starts.contains(name));
    let words: Vec<_> = words.map(|(_, word)| word).collect();
    let wanted = format!("(?:@|(?:{})", words.join("|"));
    let colours = text(&format!("{FOLDER}/syntaxes/holdline.tmLanguage.json"));
    let ends = colours.lines().filter(|line| line.contains("(?=^"));
    let mut count = 0;
    for line in ends {
        assert!(line.contains(&wanted), "expected {wanted} in {line}");
        count += 1;
    }
    assert!(count >= 8, "{count}");
}

#[test]
fn the_sample_has_every_word_and_can_be_read() {
    let sample = text(&format!("{FOLDER}/test/every.rules"));
    let grammar = text("grammar/holdline.pest");
    let words: BTreeSet<_> = sample.split(|c: char| !c.is_alphanumeric() && c != '-').collect();
    for (_, word) in keywords(&grammar) {
        assert!(words.contains(word), "`{word}` is not in the sample");
    }
    let file = |name: &str, text: &str| PolicyFile { name: name.into(), text: text.into() };
    let files = vec![
        file("every.rules", &sample),
        file("shared.rules", "rule sender-disconnected { on sender.disconnected pause sender }"),
        file("ours.txt", "acme.io\n"),
    ];
    let found = lang::check(&PolicyBundle { files });
    // 11 says that a part of the language is not supported yet: it was read all the same.
    let unread = found.iter().filter(|finding| finding.code.0 < 100 && finding.code.0 != 11);
    let unread: Vec<_> = unread.map(ToString::to_string).collect();
    assert!(unread.is_empty(), "{unread:?}");
}
