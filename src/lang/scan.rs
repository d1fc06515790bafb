//! Looking over text that cannot be parsed: depth of brackets, open quotes, first words. It knows
//! no grammar.

use std::ops::Range;

use super::diagnostic::MAX_DEPTH;

/// Where brackets are nested deeper than allowed, texts and comments left out.
pub(super) fn first_too_deep(text: &str) -> Option<usize> {
    let (mut depth, mut in_text, mut in_comment, mut escaped) = (0usize, false, false, false);
    for (at, byte) in text.bytes().enumerate() {
        if byte == b'\n' {
            (in_text, in_comment, escaped) = (false, false, false);
        } else if in_text && !in_comment {
            in_text = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
        } else if !in_comment {
            match byte {
                b'"' => in_text = true,
                b'#' => in_comment = true,
                b'(' | b'[' | b'{' => depth += 1,
                b')' | b']' | b'}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth > MAX_DEPTH {
                return Some(at);
            }
        }
    }
    None
}

/// Where a text begins that its line does not end, if there is one.
pub(super) fn open_quote(text: &str) -> Option<usize> {
    let (mut open, mut in_comment, mut escaped) = (None, false, false);
    for (at, letter) in text.char_indices() {
        match (letter, open, in_comment) {
            ('\n', Some(_), _) => return open,
            ('\n', None, _) => in_comment = false,
            (_, None, true) => {}
            ('"', None, _) => open = Some(at),
            ('#', None, _) => in_comment = true,
            ('"', Some(_), _) if !escaped => open = None,
            _ => {}
        }
        escaped = open.is_some() && !escaped && letter == '\\';
    }
    open
}

/// The last character that is neither blank nor in a comment, as bytes; none if there is none.
pub(super) fn last_letter(text: &str) -> Option<Range<usize>> {
    let (mut last, mut in_text, mut in_comment, mut escaped) = (None, false, false, false);
    for (at, letter) in text.char_indices() {
        if letter == '\n' {
            (in_text, in_comment, escaped) = (false, false, false);
        } else if in_text {
            in_text = escaped || letter != '"';
            escaped = !escaped && letter == '\\';
        } else {
            in_comment |= letter == '#';
            in_text = !in_comment && letter == '"';
        }
        if !in_comment && !letter.is_whitespace() {
            last = Some(at..at + letter.len_utf8());
        }
    }
    last
}

/// The first word, or the first character if it begins none.
pub(super) fn first_piece(text: &str) -> &str {
    const APART: &[char] = &['{', '}', '(', ')', '[', ']', '"', ',', '#'];
    let end = text.find(|c: char| c.is_whitespace() || APART.contains(&c)).unwrap_or(text.len());
    let end = if end == 0 { text.chars().next().map_or(0, char::len_utf8) } else { end.min(60) };
    let end = (0..=end).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    text.get(..end).unwrap_or("")
}

pub(super) fn quoted(found: &str) -> String {
    if found.is_empty() { "nothing".to_owned() } else { format!("`{found}`") }
}

/// A stretch of rules text on one line: comments left out, blanks squeezed, texts as they are.
pub(super) fn squeezed(text: &str) -> String {
    let (mut out, mut in_text, mut in_comment, mut escaped) =
        (String::with_capacity(text.len()), false, false, false);
    for letter in text.chars() {
        if in_text {
            out.push(letter);
            in_text = escaped || letter != '"';
            escaped = !escaped && letter == '\\';
        } else if in_comment || letter.is_whitespace() || letter == '#' {
            in_comment = letter != '\n' && (in_comment || letter == '#');
            if !out.ends_with(' ') {
                out.push(' ');
            }
        } else {
            in_text = letter == '"';
            out.push(letter);
        }
    }
    out.truncate(out.trim_end().len());
    out
}

#[cfg(test)]
mod tests {
    use super::{first_too_deep, last_letter, open_quote, squeezed};

    #[test]
    fn texts_and_comments_do_not_count_as_brackets() {
        let deep = "(".repeat(70);
        assert_eq!(first_too_deep(&deep), Some(64));
        assert_eq!(first_too_deep(&format!("\"{deep}\" # {deep}\n()")), None);
        assert_eq!(first_too_deep(&format!("\"\\\"{deep}")), None);
    }

    #[test]
    fn an_open_quote_is_found_on_its_line() {
        assert_eq!(open_quote("reason \"x"), Some(7));
        assert_eq!(open_quote("\"a\" \"b\\\"\n \"c\""), Some(4));
        assert_eq!(open_quote("\"a\" # don\"t\n\"b\""), None);
    }

    #[test]
    fn the_last_letter_is_whole_and_in_no_comment() {
        let last = |text: &'static str| last_letter(text).and_then(|at| text.get(at));
        assert_eq!(last("count(ä\n  "), Some("ä"));
        assert_eq!(last("count(bounce # ends in an ö\n# and in a \" there\n"), Some("e"));
        assert_eq!(last("x is \"a # \\\" ß\" # why"), Some("\""));
        assert_eq!(last("x is \"open # ß"), Some("ß"));
        assert_eq!(last(" # nothing\n\t"), None);
    }

    #[test]
    fn clauses_are_shown_on_one_line() {
        assert_eq!(squeezed("a is b # why\n   and c"), "a is b and c");
        assert_eq!(squeezed("x is \"two  blanks # kept\" "), "x is \"two  blanks # kept\"");
    }
}
