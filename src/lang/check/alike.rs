//! Characters that are not what they seem: letters of one script inside a word of another, names
//! that only look like ASCII, and what cannot be seen at all. In the whole text, because a reader
//! is misled by a comment as well as by an entry of a list. The only place that knows
//! `unicode-security`.

use unicode_security::confusable_detection::skeleton;
use unicode_security::mixed_script::MixedScript as _;

use super::super::ast::Span;
use super::super::diagnostic as say;
use super::Checker;

impl Checker<'_> {
    /// Looks over the text of the first `files` files, which are the user's.
    pub(super) fn look_alikes(&mut self, files: u32) {
        for file in 0..files {
            let text = self.lines.whole(file);
            if text.is_ascii() && !text.bytes().any(is_control) {
                continue;
            }
            for (start, line) in lines(text) {
                for (from, found) in alike(line) {
                    let small = |byte: usize| u32::try_from(byte).unwrap_or(u32::MAX);
                    let start = small(start + from);
                    let end = start + small(found.letter.len_utf8());
                    let (what, help) = found.said();
                    self.say(say::look_alike(Span { file, start, end }, &what, help));
                }
            }
        }
    }
}

/// A character that is not what it seems.
struct Alike<'t> {
    letter: char,
    /// The word that it is in, and what it looks like there; none if it is not seen.
    seen: Option<(&'t str, String)>,
}

impl Alike<'_> {
    fn said(&self) -> (String, &'static str) {
        let code = format!("U+{:04X}", u32::from(self.letter));
        match &self.seen {
            Some((word, like)) => {
                let what = format!("`{}` ({code}) in `{word}` looks like `{like}`", self.letter);
                (what, "write the letter that it looks like, if that is what is meant")
            }
            None if turns(self.letter) => {
                let what =
                    format!("the text holds {code}, which turns the direction of what is shown");
                (what, "remove it")
            }
            None => (format!("the text holds {code}, which cannot be seen"), "remove it"),
        }
    }
}

const fn is_control(byte: u8) -> bool {
    byte.is_ascii_control() && !matches!(byte, b'\t' | b'\n' | b'\r')
}

/// Whether a character changes the direction of the text around it.
const fn turns(letter: char) -> bool {
    matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}')
}

/// Whether a character cannot be seen. Joiners are not counted: scripts and signs are made of them.
const fn hides(letter: char) -> bool {
    turns(letter)
        || matches!(letter, '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}'
            | '\u{2060}'..='\u{2064}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
            | '\u{e0000}'..='\u{e007f}')
}

const fn joins(letter: char) -> bool {
    matches!(letter, '\u{200c}' | '\u{200d}')
}

/// The lines of a text, each with the byte at which it begins. A mark of the byte order at the
/// start of a file is none of it.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let rest = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut start = text.len() - rest.len();
    rest.split_inclusive('\n').map(move |line| {
        start += line.len();
        (start - line.len(), line)
    })
}

/// What is not what it seems, with its byte: one for each word, and each character that is unseen.
fn alike(line: &str) -> Vec<(usize, Alike<'_>)> {
    let mut found = Vec::new();
    let mut before = ' ';
    for (at, letter) in line.char_indices() {
        let control = letter.is_control() && !matches!(letter, '\t' | '\n' | '\r');
        // A joiner behind a letter of ASCII joins nothing.
        let idle = joins(letter) && before.is_ascii();
        if control || hides(letter) || idle {
            found.push((at, Alike { letter, seen: None }));
        }
        before = letter;
    }
    if line.is_ascii() {
        return found;
    }
    let apart = |c: char| c.is_whitespace() || "\"{}()[],#".contains(c);
    for (start, piece) in pieces(line, apart) {
        let named = looks_like_a_name(piece);
        let inner = |c: char| !c.is_alphanumeric() && !joins(c);
        for (from, word) in pieces(piece, inner) {
            let mixed = !word.is_single_script();
            let whole = named && skeleton(word).all(|c| c.is_ascii());
            if mixed || whole {
                found.extend(odd(word).map(|(at, letter, like)| {
                    (start + from + at, Alike { letter, seen: Some((word, like)) })
                }));
            }
        }
    }
    found
}

/// The pieces of a text between some characters that are not all ASCII, each with its byte.
fn pieces(text: &str, apart: impl Fn(char) -> bool + Copy) -> impl Iterator<Item = (usize, &str)> {
    let mut start = 0;
    let split = text.split_inclusive(apart).map(move |piece| {
        start += piece.len();
        (start - piece.len(), piece.trim_end_matches(apart))
    });
    split.filter(|(_, piece)| !piece.is_ascii())
}

/// Whether a piece of text is written like a domain or an address.
fn looks_like_a_name(piece: &str) -> bool {
    let mut parts = piece.split(['.', '@']);
    piece.contains(['.', '@']) && parts.all(|part| !part.is_empty())
}

/// The first letter of a word that looks like one of ASCII, and which.
fn odd(word: &str) -> Option<(usize, char, String)> {
    word.char_indices().filter(|(_, letter)| !letter.is_ascii()).find_map(|(at, letter)| {
        let mut bytes = [0; 4];
        let like: String = skeleton(letter.encode_utf8(&mut bytes)).collect();
        let plain = like.chars().all(|c| c.is_ascii_alphanumeric()) && !like.is_empty();
        plain.then_some((at, letter, like))
    })
}

#[cfg(test)]
mod tests {
    use super::alike;

    fn found(line: &str) -> Vec<(usize, String)> {
        alike(line).into_iter().map(|(at, found)| (at, found.said().0)).collect()
    }

    #[test]
    fn letters_of_two_scripts_in_one_word_are_told() {
        let what = "`а` (U+0430) in `gmаil` looks like `a`";
        assert_eq!(found("domains d = [\"gmаil.com\"]"), [(16, what.to_owned())]);
        let what = "`а` (U+0430) in `асе` looks like `a`";
        assert_eq!(found("\"асе.com\""), [(1, what.to_owned())], "a whole label");
    }

    #[test]
    fn what_cannot_be_seen_is_told() {
        let unseen = "the text holds U+200B, which cannot be seen";
        assert_eq!(found("reason \"a\u{200b}b\""), [(9, unseen.to_owned())]);
        let turned = "the text holds U+202E, which turns the direction of what is shown";
        assert_eq!(found("# \u{202e}x"), [(2, turned.to_owned())]);
        assert_eq!(found("a\u{200d}b").len(), 1);
    }

    #[test]
    fn other_languages_are_fine() {
        for line in [
            "reason \"Привет, Jürgen: größer als Δt\"",
            "# 会社に返信しました 株式会社カナ",
            "\"bücher.example\", \"почта.рф\", \"παράδειγμα.gr\"",
            "# مرحبا بكم, שלום",
            "# 👩\u{200d}💻 and ✅",
            "# क्\u{200d}ष",
            "# µs, e.g. ещё.",
        ] {
            assert_eq!(found(line), [], "{line}");
        }
    }
}
