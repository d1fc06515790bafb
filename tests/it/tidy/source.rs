//! A file with its comments and literals told apart from its code, and the paths that its code
//! names. A scanner of a few states, enough for code that rustfmt has formatted.

use std::fmt;

/// Something to put right.
pub(super) struct Finding {
    pub(super) path: String,
    pub(super) line: usize,
    pub(super) what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.what)
    }
}

/// One text file.
pub(super) struct Source {
    /// Its path from the root, with `/`.
    pub(super) path: String,
    /// Its text.
    pub(super) text: String,
    /// For Rust, the text with the characters of comments and literals replaced by spaces; empty
    /// for all else.
    pub(super) code: String,
    /// For Rust, which lines (from 0) hold nothing but comments and space.
    pub(super) silent: Vec<bool>,
    /// For Rust, which lines (from 0) are only compiled for tests.
    pub(super) test_only: Vec<bool>,
}

impl Source {
    pub(super) fn new(path: &str, text: &str) -> Self {
        let mut source = Self {
            path: path.to_owned(),
            text: text.to_owned(),
            code: String::new(),
            silent: Vec::new(),
            test_only: Vec::new(),
        };
        if source.is_rust() {
            let without_comments = blank(text, false);
            source.silent = without_comments.lines().map(|line| line.trim().is_empty()).collect();
            source.code = blank(text, true);
            source.test_only = test_only(&source);
        }
        source
    }

    pub(super) fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// Whether the whole file is for tests, by its place.
    pub(super) fn is_test(&self) -> bool {
        let mut parts = self.path.split('/');
        parts.any(|part| ["tests", "tests.rs", "benches"].contains(&part))
    }

    /// Whether a line (from 0) is for tests.
    pub(super) fn is_test_at(&self, line: usize) -> bool {
        self.is_test() || self.test_only.get(line).copied().unwrap_or(false)
    }

    /// A finding in a line, from 0.
    pub(super) fn finding(&self, line: usize, what: impl Into<String>) -> Finding {
        Finding { path: self.path.clone(), line: line + 1, what: what.into() }
    }

    /// The tokens of the code: words, `::`, and every other character by itself.
    pub(super) fn tokens(&self) -> Vec<Token<'_>> {
        let mut tokens = Vec::new();
        for (line, text) in self.code.lines().enumerate() {
            let mut rest = text.trim_start();
            while let Some(first) = rest.chars().next() {
                let len = if is_word(first) {
                    rest.find(|c| !is_word(c)).unwrap_or(rest.len())
                } else if rest.starts_with("::") {
                    2
                } else {
                    first.len_utf8()
                };
                let (word, tail) = rest.split_at(len);
                tokens.push(Token { word, line });
                rest = tail.trim_start();
            }
        }
        tokens
    }

    /// The paths that the code names, groups spelled out, each with its line: `use a::{b, c::d};`
    /// names `a::b` and `a::c::d`. A name by itself is a path of one.
    pub(super) fn paths(&self) -> Vec<(usize, Vec<&str>)> {
        let tokens = self.tokens();
        let mut found = Vec::new();
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            let after_dot = at > 0 && tokens[at - 1].word == ".";
            if token.is_name() && !after_dot {
                at = path(&tokens, at, &mut Vec::new(), &mut found);
            } else {
                at += 1;
            }
        }
        found
    }

    /// From the token at `open`, a `{`, the place of the `}` that closes it.
    pub(super) fn closing(tokens: &[Token<'_>], open: usize) -> usize {
        let mut depth = 0_usize;
        for (at, token) in tokens.iter().enumerate().skip(open) {
            match token.word {
                "{" => depth += 1,
                "}" if depth <= 1 => return at,
                "}" => depth -= 1,
                _ => {}
            }
        }
        tokens.len().saturating_sub(1)
    }
}

/// A word or a sign, with its line, from 0.
#[derive(Clone, Copy)]
pub(super) struct Token<'a> {
    pub(super) word: &'a str,
    pub(super) line: usize,
}

impl Token<'_> {
    fn is_name(&self) -> bool {
        self.word.starts_with(|c: char| is_word(c) && !c.is_ascii_digit())
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Reads a path that begins at `at`, below `above`, and answers where it ends.
fn path<'a>(
    tokens: &[Token<'a>],
    mut at: usize,
    above: &mut Vec<&'a str>,
    found: &mut Vec<(usize, Vec<&'a str>)>,
) -> usize {
    let depth = above.len();
    let line = tokens[at].line;
    let word = |at: usize| tokens.get(at).map_or("", |token| token.word);
    loop {
        match word(at) {
            "{" => {
                at += 1;
                while !["}", ""].contains(&word(at)) {
                    let is_part = tokens[at].is_name() || word(at) == "*";
                    at = if is_part { path(tokens, at, above, found) } else { at + 1 };
                }
                above.truncate(depth);
                return at + 1;
            }
            part => above.push(part),
        }
        at += 1;
        let goes_on = word(at) == "::"
            && (["{", "*"].contains(&word(at + 1))
                || tokens.get(at + 1).is_some_and(Token::is_name));
        if !goes_on {
            found.push((line, above.clone()));
            above.truncate(depth);
            return at;
        }
        at += 1;
    }
}

/// Which lines lie in an item behind `#[cfg(test)]`.
fn test_only(source: &Source) -> Vec<bool> {
    let mut lines = vec![false; source.code.lines().count()];
    let tokens = source.tokens();
    let attribute = ["#", "[", "cfg", "(", "test", ")", "]"];
    for start in 0..tokens.len() {
        let words = tokens.iter().skip(start).map(|token| token.word);
        if !words.take(attribute.len()).eq(attribute) {
            continue;
        }
        let body = (start + attribute.len()..tokens.len())
            .find(|&at| ["{", ";"].contains(&tokens[at].word));
        let Some(body) = body else { continue };
        let end = if tokens[body].word == "{" { Source::closing(&tokens, body) } else { body };
        lines[tokens[start].line..=tokens[end].line].fill(true);
    }
    lines
}

/// Replaces the characters of comments, and of literals if asked, by spaces. Lines stay lines.
fn blank(text: &str, literals: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut after_word = false;
    while let Some(first) = rest.chars().next() {
        let (len, is_comment) = if rest.starts_with("//") {
            (rest.find('\n').unwrap_or(rest.len()), true)
        } else if rest.starts_with("/*") {
            (block_comment(rest), true)
        } else if let Some(len) = literal(rest, after_word) {
            (len, false)
        } else {
            out.push(first);
            after_word = is_word(first);
            rest = &rest[first.len_utf8()..];
            continue;
        };
        let (piece, tail) = rest.split_at(len);
        if is_comment || literals {
            out.extend(piece.chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        } else {
            out.push_str(piece);
        }
        after_word = false;
        rest = tail;
    }
    out
}

fn block_comment(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < text.len() {
        if text[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if text[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

/// The length of the string or character that `text` begins with.
fn literal(text: &str, after_word: bool) -> Option<usize> {
    if !after_word && let Some(len) = raw_string(text) {
        return Some(len);
    }
    if text.starts_with('"') {
        return Some(quoted(text, '"'));
    }
    // A lifetime has no quote behind its name; a character has one behind its only character.
    let inside = text.strip_prefix('\'')?;
    let only = inside.chars().next()?;
    let is_character = only == '\\' || inside[only.len_utf8()..].starts_with('\'');
    is_character.then(|| quoted(text, '\''))
}

fn raw_string(text: &str) -> Option<usize> {
    let prefix = ["br", "cr", "r"].into_iter().find(|prefix| text.starts_with(prefix))?;
    let behind = &text[prefix.len()..];
    let hashes = behind.len() - behind.trim_start_matches('#').len();
    let inside = behind[hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let len = inside.find(&end).map_or(inside.len(), |at| at + end.len());
    Some(prefix.len() + hashes + 1 + len)
}

fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[test]
fn comments_and_literals_are_not_code() {
    let text = r###"let a = "x { \" y"; // z {
let b = r#"q " {"#; let c = '{'; let d: &'static str = '\'';
/* e { /* f */
g */ let h = b"i"; let for_r = x"###;
    let code = Source::new("a.rs", text).code;
    for hidden in ["x", "y", "z", "q", "{", "e {", "f */", "g", "i\""] {
        let shown = code.replace("static", "").replace("for_r = x", "");
        assert!(!shown.contains(hidden), "`{hidden}` in {code}");
    }
    for shown in ["let a", "let b", "let c", "&'static str", "let h", "for_r = x"] {
        assert!(code.contains(shown), "`{shown}` not in {code}");
    }
    assert_eq!(code.lines().count(), 4);
}

#[test]
fn groups_are_spelled_out() {
    let text = "use a::{b, c::{self, d}, e::*};\nlet x = f::<u8>(crate::g::h(y.z));";
    let source = Source::new("a.rs", text);
    let paths: Vec<String> = source
        .paths()
        .into_iter()
        .map(|(line, path)| format!("{line} {}", path.join("::")))
        .collect();
    for expected in
        ["0 a::b", "0 a::c::self", "0 a::c::d", "0 a::e::*", "1 f", "1 crate::g::h", "1 y"]
    {
        assert!(paths.iter().any(|path| path == expected), "{expected} in {paths:?}");
    }
    assert!(!paths.iter().any(|path| path == "1 z"), "a field is no path");
}

#[test]
fn lines_for_tests_are_known() {
    let text =
        "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\nfn c() {}\n#[cfg(test)]\nmod d;";
    let lines = Source::new("src/a.rs", text).test_only;
    assert_eq!(lines, [false, true, true, true, true, false, true, true]);
}
