//! Rules text in pieces, however broken it is. It knows no grammar: what a piece means depends on
//! those before it.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// A name, with or without dots; in tests also an address.
    Word,
    /// What begins with a digit.
    Number,
    /// Text in quotes, closed or not.
    Text,
    /// One sign, or two that belong together.
    Sign,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub piece: Piece,
    pub from: usize,
    pub to: usize,
    /// True for the first of its line.
    pub fresh: bool,
}

/// A text in pieces.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    pub all: Vec<Token>,
    /// From `#` to the end of the line.
    pub comments: Vec<(usize, usize)>,
}

impl Tokens {
    pub fn of(text: &str) -> Self {
        let mut tokens = Self::default();
        let (mut at, mut fresh) = (0, true);
        while let Some(rest) = text.get(at..)
            && let Some(first) = rest.chars().next()
        {
            let next = rest.chars().nth(1);
            if first == '\n' {
                fresh = true;
            }
            if first.is_whitespace() || first == '\u{feff}' {
                at += first.len_utf8();
                continue;
            }
            if first == '#' {
                let length = rest.find('\n').unwrap_or(rest.len());
                tokens.comments.push((at, at + length));
                at += length;
                continue;
            }
            let signed = first == '-' && next.is_some_and(|c| c.is_ascii_digit());
            let (piece, length) = if first == '"' {
                (Piece::Text, text_length(rest))
            } else if first.is_ascii_digit() || signed {
                (Piece::Number, run(rest, first.len_utf8(), in_number))
            } else if first.is_alphabetic() || first == '_' {
                (Piece::Word, run(rest, first.len_utf8(), in_word))
            } else if matches!((first, next), ('<' | '>' | '=' | '!', Some('=')) | ('=', Some('>')))
            {
                (Piece::Sign, 2)
            } else {
                (Piece::Sign, first.len_utf8())
            };
            tokens.all.push(Token { piece, from: at, to: at + length, fresh });
            (at, fresh) = (at + length, false);
        }
        tokens
    }

    /// Whether a place lies in a comment.
    pub fn in_comment(&self, offset: usize) -> bool {
        let at = self.comments.partition_point(|(from, _)| *from < offset);
        let before = at.checked_sub(1).and_then(|at| self.comments.get(at));
        before.is_some_and(|(_, to)| offset <= *to)
    }
}

fn in_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '@' | '+' | '/')
}

fn in_number(c: char) -> bool {
    in_word(c) || matches!(c, ':' | '%')
}

fn run(rest: &str, first: usize, inside: fn(char) -> bool) -> usize {
    let tail = rest.get(first..).unwrap_or("");
    first + tail.find(|c| !inside(c)).unwrap_or(tail.len())
}

fn text_length(rest: &str) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            '\n' | '\r' => return at,
            '"' if !escaped => return at + 1,
            _ => escaped = !escaped && c == '\\',
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::Tokens;

    fn shown(text: &str) -> Vec<&str> {
        Tokens::of(text).all.iter().filter_map(|token| text.get(token.from..token.to)).collect()
    }

    #[test]
    fn pieces_are_words_numbers_texts_and_signs() {
        assert_eq!(
            shown("on reply.kind <= -3d \"a\\\"b\" {x:y}# no\n a@b.io=>\"open\nend"),
            [
                "on",
                "reply.kind",
                "<=",
                "-3d",
                "\"a\\\"b\"",
                "{",
                "x",
                ":",
                "y",
                "}",
                "a@b.io",
                "=>",
                "\"open",
                "end"
            ]
        );
    }

    #[test]
    fn a_place_behind_a_comment_on_its_line_lies_in_it() {
        let tokens = Tokens::of("a # b\nc");
        assert!(tokens.in_comment(3) && tokens.in_comment(5));
        assert!(!tokens.in_comment(2) && !tokens.in_comment(6));
    }
}
