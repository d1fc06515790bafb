//! The words of one line of a test, one after the other, and the times among them.

use chrono::NaiveTime;

use super::super::super::ast::{Piece, Span, TestLine, Word};
use super::super::super::script::{Moment, When};
use super::super::super::script_diagnostic as tell;
use super::super::super::{diagnostic as say, literal};
use super::super::Checker;

const DAY_MS: u64 = 86_400_000;

/// A line, read from left to right.
#[derive(Clone)]
pub(super) struct Words<'a> {
    pieces: std::slice::Iter<'a, Piece>,
    /// What was read last; at first, the whole line.
    last: Span,
}

pub(super) fn span_of(piece: &Piece) -> Span {
    match piece {
        Piece::Word(word) | Piece::Text(word) => word.at,
        Piece::Comma(at) | Piece::Arrow(at) => *at,
    }
}

/// As it is written, for a message.
pub(super) fn shown(piece: &Piece) -> String {
    match piece {
        Piece::Word(word) => format!("`{}`", word.text),
        Piece::Text(word) => format!("`\"{}\"`", word.text),
        Piece::Comma(_) => "`,`".to_owned(),
        Piece::Arrow(_) => "`=>`".to_owned(),
    }
}

impl<'a> Words<'a> {
    pub fn of(line: &'a TestLine) -> Self {
        Self { pieces: line.pieces.iter(), last: line.at }
    }

    pub fn peek(&self) -> Option<&'a Piece> {
        self.pieces.as_slice().first()
    }

    /// The piece behind the next one.
    pub fn second(&self) -> Option<&'a Piece> {
        self.pieces.as_slice().get(1)
    }

    pub fn next(&mut self) -> Option<&'a Piece> {
        let next = self.pieces.next();
        self.last = next.map_or(self.last, span_of);
        next
    }

    /// The next word, if it is one without quotes.
    pub fn peek_word(&self) -> Option<&'a Word> {
        match self.peek() {
            Some(Piece::Word(word)) => Some(word),
            _ => None,
        }
    }

    /// The next word or text; nothing is taken if there is none.
    pub fn value(&mut self) -> Option<&'a Word> {
        match self.peek() {
            Some(Piece::Word(word) | Piece::Text(word)) => {
                self.next();
                Some(word)
            }
            _ => None,
        }
    }

    /// Takes the next word if it is this one.
    pub fn take(&mut self, text: &str) -> Option<Span> {
        let word = self.peek_word().filter(|word| word.text == text)?;
        self.next();
        Some(word.at)
    }

    /// Takes a comma, if there is one.
    pub fn comma(&mut self) -> bool {
        let is_comma = matches!(self.peek(), Some(Piece::Comma(_)));
        if is_comma {
            self.next();
        }
        is_comma
    }

    pub fn at_arrow_or_end(&self) -> bool {
        matches!(self.peek(), Some(Piece::Arrow(_)) | None)
    }

    /// What was read last.
    pub const fn last(&self) -> Span {
        self.last
    }

    /// Where the next piece is; behind the last one, the last one.
    pub fn here(&self) -> Span {
        self.peek().map_or(self.last, span_of)
    }

    /// What comes next, for a message.
    pub fn found(&self) -> String {
        self.peek().map_or_else(|| "the end of the line".to_owned(), shown)
    }
}

/// A time of the clock, such as `09:30`.
pub(super) fn clock(text: &str) -> Option<NaiveTime> {
    let shaped = text.len() <= 5 && text.contains(':');
    shaped.then(|| NaiveTime::parse_from_str(text, "%H:%M").ok()).flatten()
}

/// A stretch of time in one or several units, such as `2d` or `1w2d12h`, in milliseconds.
pub(super) fn offset_ms(text: &str) -> Option<u64> {
    const MOST_MS: u64 = 100 * 366 * DAY_MS;
    let (mut rest, mut sum) = (text, 0_u64);
    while !rest.is_empty() {
        let unit = rest.find(|c: char| !c.is_ascii_digit())?;
        let behind = rest.get(unit..)?.find(|c: char| c.is_ascii_digit());
        let (part, after) = rest.split_at_checked(behind.map_or(rest.len(), |at| unit + at))?;
        sum = sum.checked_add(literal::duration_ms(part)?)?;
        rest = after;
    }
    (!text.is_empty() && sum <= MOST_MS).then_some(sum)
}

impl Checker<'_> {
    /// A point in time; says so if there is none.
    pub(super) fn when(&mut self, words: &mut Words<'_>) -> Option<When> {
        let (here, found) = (words.here(), words.found());
        let Some(word) = words.value() else {
            self.say(tell::bad_time(here, &found));
            return None;
        };
        let text = word.text.as_str();
        let time = words.peek_word().and_then(|word| Some((clock(&word.text)?, word.at)));
        let timed = |at: Span| Span { end: at.end, ..word.at };
        if let Some(ms) = offset_ms(text) {
            let Some((time, at)) = time else {
                return Some(When { at: word.at, moment: Moment::After(ms) });
            };
            words.next();
            let days = (ms % DAY_MS == 0).then(|| u32::try_from(ms / DAY_MS).ok()).flatten();
            if days.is_none() {
                self.say(tell::bad_time(
                    timed(at),
                    &format!("a time of the clock behind `{text}`"),
                ));
            }
            return Some(When { at: timed(at), moment: Moment::OnDay(days?, time) });
        }
        if let Some(date) = literal::date(text) {
            let Some((time, at)) = time else {
                return Some(When { at: word.at, moment: Moment::Date(date) });
            };
            words.next();
            return Some(When { at: timed(at), moment: Moment::Clock(date.and_time(time)) });
        }
        if let Ok(at) = text.parse() {
            return Some(When { at: word.at, moment: Moment::Instant(at) });
        }
        self.say(tell::bad_time(here, &found));
        None
    }

    /// A word behind another one; says so if there is none.
    pub(super) fn behind<'a>(
        &mut self,
        words: &mut Words<'a>,
        (keyword, at): (&str, Span),
    ) -> Option<&'a Word> {
        let value = words.value();
        if value.is_none() {
            self.say(say::missing_value(at, keyword));
        }
        value
    }

    /// Says so, once, if the line goes on where it should end or expect something.
    pub(super) fn nothing_more(&mut self, words: &Words<'_>) {
        if !words.at_arrow_or_end() {
            self.say(tell::left_over(words.here(), &words.found()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{clock, offset_ms};

    #[test]
    fn stretches_of_time_are_summed() {
        assert_eq!(offset_ms("2d"), Some(2 * 86_400_000));
        assert_eq!(offset_ms("1w2d12h"), Some(9 * 86_400_000 + 12 * 3_600_000));
        for bad in ["", "2", "d", "2d3", "2x", "2d-1h", "99999d99999d", "d2"] {
            assert_eq!(offset_ms(bad), None, "{bad}");
        }
    }

    #[test]
    fn clocks_have_hours_and_minutes() {
        assert!(clock("09:30").is_some() && clock("9:30").is_some());
        for bad in ["9", "24:00", "09:60", "09:30:00", "a:b"] {
            assert_eq!(clock(bad), None, "{bad}");
        }
    }
}
