//! Well-formed rules files of every shape, with comments wherever one may stand.

use std::fmt::Write as _;

/// A file made of random bytes, and the comments in it. The same bytes make the same file, and
/// fewer make a smaller one.
pub fn file(bytes: &[u8]) -> (String, Vec<String>) {
    let mut draft = Draft { bytes: bytes.iter(), text: String::new(), comments: Vec::new() };
    draft.file();
    (draft.text, draft.comments)
}

const NAMES: &[&str] =
    &["a", "b-c", "order", "in-x", "rule-x", "not-y", "test2", "é", "until-then"];
const PATHS: &[&str] =
    &["reply", "reply.kind", "prospect.domain", "a.b.c", "company.tags", "human"];
const TEXTS: &[&str] =
    &["\"\"", "\"a\"", "\"a, b  # no\"", "\"\\\"}\\\\\"", "\"gmail.com\"", "\"{\""];
const LONG: &str = "\"a text that alone takes more than half of what a line may have, and more\"";
const REMARKS: &[&str] = &["", " a", " }", " \"", "# {", " rule x {", " é => b, c"];

struct Draft<'a> {
    bytes: std::slice::Iter<'a, u8>,
    text: String,
    comments: Vec<String>,
}

impl Draft<'_> {
    fn roll(&mut self, sides: usize) -> usize {
        usize::from(self.bytes.next().copied().unwrap_or(0)) % sides
    }

    fn maybe(&mut self) -> bool {
        self.roll(2) == 1
    }

    fn pick(&mut self, of: &[&'static str]) -> &'static str {
        of[self.roll(of.len())]
    }

    fn push_one(&mut self, of: &[&'static str]) {
        let one = self.pick(of);
        self.text.push_str(one);
    }

    /// A comment to the end of the line, with a number of its own.
    fn comment(&mut self) {
        let remark = self.pick(REMARKS);
        let comment = format!("#<{}>{remark}", self.comments.len());
        self.text.push_str(&comment);
        self.push_one(&[" ", "\t\n", "\r\n", "\n"]);
        if !self.text.ends_with('\n') {
            self.text.push('\n');
        }
        self.comments.push(comment);
    }

    /// Whatever may stand between two words.
    fn gap(&mut self) {
        match self.roll(16) {
            0..=9 => self.text.push(' '),
            10 => self.text.push('\n'),
            11 => self.text.push_str("\n\n\n "),
            12 => self.text.push_str(" \t "),
            13 => {
                self.text.push_str("\r\n");
                self.comment();
            }
            14 => {
                self.text.push(' ');
                self.comment();
            }
            _ => {
                self.text.push_str("\n\n");
                self.comment();
                self.gap();
            }
        }
    }

    fn word(&mut self, text: &str) {
        self.gap();
        self.text.push_str(text);
    }

    fn words(&mut self, words: &[&str]) {
        words.iter().for_each(|word| self.word(word));
    }

    /// A sign, with or without something before it.
    fn sign(&mut self, text: &str) {
        if self.maybe() {
            self.gap();
        }
        self.text.push_str(text);
    }

    fn named(&mut self, of: &[&'static str]) {
        let name = self.pick(of);
        self.word(name);
    }

    fn names(&mut self, of: &[&'static str]) {
        self.named(of);
        while self.roll(3) == 0 && !self.bytes.as_slice().is_empty() {
            self.sign(",");
            self.named(of);
        }
    }

    fn file(&mut self) {
        if self.maybe() {
            self.text.push('\u{feff}');
        }
        while !self.bytes.as_slice().is_empty() {
            match self.roll(10) {
                0 => self.words(&["policy", "1"]),
                1 => self.words(&["include", "\"b.rules\""]),
                2 => self.list_declaration(),
                3 => self.event(),
                4 => self.invariant(),
                5 => self.test(),
                _ => self.rule(),
            }
        }
        self.gap();
    }

    fn list_declaration(&mut self) {
        self.named(&["domains", "addresses", "texts"]);
        self.named(NAMES);
        if self.roll(4) == 0 {
            return self.words(&["from", "\"free.txt\""]);
        }
        self.sign("=");
        self.list();
    }

    fn list(&mut self) {
        self.sign("[");
        for _ in 0..self.roll(12) {
            match self.roll(8) {
                0 => self.named(PATHS),
                1 => self.word("12"),
                2 => self.word(LONG),
                _ => self.named(TEXTS),
            }
            match self.roll(8) {
                0 => {}
                1 => {
                    self.sign(",");
                    self.sign(",");
                }
                _ => self.sign(","),
            }
        }
        self.sign("]");
    }

    fn event(&mut self) {
        self.word("event");
        self.named(PATHS);
        self.sign("{");
        for _ in 0..self.roll(5) {
            self.named(NAMES);
            self.sign(":");
            match self.roll(4) {
                0 => self.words(&["list", "of", "text"]),
                1 => self.named(&["text", "date", "optionally"]),
                _ => {
                    self.named(NAMES);
                    for _ in 0..self.roll(14) {
                        self.sign("|");
                        self.named(NAMES);
                    }
                }
            }
            if self.maybe() {
                self.word("optional");
            }
            if self.maybe() {
                self.sign(",");
            }
        }
        self.sign("}");
    }

    fn rule(&mut self) {
        for _ in 0..self.roll(4).saturating_sub(1) {
            self.word("@owner");
            if self.maybe() {
                self.sign("(");
                self.push_one(&["", "growth", " a # b ", "a  b"]);
                self.text.push(')');
            }
        }
        self.word("rule");
        self.named(NAMES);
        if self.maybe() {
            self.named(TEXTS);
        }
        self.sign("{");
        for _ in 0..self.roll(7) {
            self.clause();
        }
        self.sign("}");
    }

    fn clause(&mut self) {
        match self.roll(9) {
            0 => {
                self.word("on");
                self.names(PATHS);
            }
            1 => {
                self.word("reason");
                let long = self.maybe();
                if long { self.word(LONG) } else { self.named(TEXTS) }
            }
            2 => {
                self.word("overrides");
                self.names(NAMES);
            }
            3 => {
                self.word("resume");
                self.target();
                if self.maybe() {
                    self.word("from");
                    self.names(NAMES);
                }
            }
            4 | 5 => self.effect(),
            _ => {
                self.named(&["where", "except", "when"]);
                self.condition(0);
            }
        }
    }

    fn target(&mut self) {
        self.named(&["prospect", "company", "mark.scope", "campaign"]);
        if self.roll(4) == 0 {
            self.words(&["in", "campaign"]);
        }
    }

    fn effect(&mut self) {
        self.named(&["pause", "stop", "ignore"]);
        if self.maybe() {
            self.target();
        }
        for _ in 0..self.roll(4) {
            match self.roll(4) {
                0 => self.words(&["for", "3d"]),
                1 => self.words(&["max", "60d"]),
                2 => {
                    self.word("else");
                    self.named(&["manual", "2d", "reply.date"]);
                }
                _ => {
                    self.word("until");
                    match self.roll(3) {
                        0 => self.words(&["day-after", "reply.return-date"]),
                        1 => self.words(&["next-business-day", "after", "a.date"]),
                        _ => self.word("2026-07-07T09:00:00Z"),
                    }
                }
            }
        }
    }

    fn condition(&mut self, depth: usize) {
        loop {
            while self.roll(6) == 1 {
                self.word("not");
            }
            match self.roll(8) {
                1 if depth < 5 => {
                    self.sign(" (");
                    self.condition(depth + 1);
                    self.sign(")");
                }
                2 if depth < 5 => self.window(depth),
                _ => self.comparison(),
            }
            match self.roll(5) {
                1 | 2 => self.word("and"),
                3 => self.word("or"),
                _ => return,
            }
        }
    }

    fn comparison(&mut self) {
        match self.roll(6) {
            0 => {
                self.word("prospect.field");
                self.sign("(");
                self.sign("\"industry\"");
                self.sign(")");
            }
            1 => self.named(TEXTS),
            _ => self.named(PATHS),
        }
        match self.roll(6) {
            0 => {}
            1 => {
                self.word("in");
                self.list();
            }
            2 => {
                self.words(&["not", "in"]);
                self.list();
            }
            3 => {
                self.words(&["starts", "with"]);
                self.named(TEXTS);
            }
            4 => {
                self.sign("<=");
                self.word("-12.5");
            }
            _ => {
                self.words(&["is", "not"]);
                self.named(PATHS);
            }
        }
    }

    fn window(&mut self, depth: usize) {
        let rate = self.maybe();
        self.word(if rate { "rate" } else { "count" });
        self.sign("(");
        if self.maybe() {
            self.words(&["distinct", "prospect", "of"]);
        }
        self.named(PATHS);
        for _ in 0..self.roll(4) {
            match self.roll(4) {
                0 => {
                    self.word("where");
                    self.condition(depth + 1);
                }
                1 => self.words(&["per", "sent"]),
                2 => self.words(&["at", "company"]),
                _ => self.words(&["in", "7d"]),
            }
        }
        self.sign(")");
        if self.maybe() {
            self.sign(">=");
            self.named(&["3", "2.5%", "n"]);
            if self.maybe() {
                self.words(&["of", "at", "least", "20"]);
            }
        }
    }

    fn invariant(&mut self) {
        self.word("invariant");
        if self.maybe() {
            self.named(TEXTS);
        }
        self.sign("{");
        for _ in 0..self.roll(4) {
            self.named(&["never", "always"]);
            self.named(&["pause", "stop"]);
            if self.maybe() {
                self.words(&["or", "ignore"]);
            }
            self.target();
            if self.maybe() {
                self.word("on");
                self.names(PATHS);
            }
            if self.maybe() {
                self.word("when");
                self.condition(1);
            }
        }
        self.sign("}");
    }

    /// The end of a line that means something.
    fn line_end(&mut self) {
        if self.roll(5) == 1 {
            self.text.push(' ');
            self.comment();
        } else {
            self.text.push('\n');
        }
        while self.roll(6) == 1 {
            self.push_one(&["\n", "  "]);
            self.comment();
        }
    }

    fn line_words(&mut self, most: usize) {
        for _ in 0..self.roll(most) {
            match self.roll(8) {
                0 => self.text.push(','),
                1 => {
                    self.text.push(' ');
                    let text = self.pick(TEXTS);
                    self.text.push_str(text);
                }
                _ => {
                    let blanks = self.pick(&[" ", "  ", "\t", "      "]);
                    let word = self.pick(&["a@acme.io", "class", "é", "until", "20d", "(x)", "="]);
                    let _ = write!(self.text, "{blanks}{word}");
                }
            }
        }
    }

    fn test(&mut self) {
        self.word("test");
        if self.maybe() {
            self.named(TEXTS);
        }
        self.sign("{");
        for _ in 0..self.roll(6) {
            let fixture = self.roll(3) == 0;
            if fixture { self.fixture() } else { self.test_line() }
        }
        self.sign("}");
    }

    fn fixture(&mut self) {
        self.named(&["company", "sender", "campaign"]);
        for _ in 0..self.roll(3) {
            self.push_one(&[" acme", "  a@b.c", "\tin"]);
        }
        self.push_one(&[" {", "{", " {\n"]);
        for at in 0..self.roll(4) {
            if at > 0 {
                self.line_end();
            }
            self.text.push_str(" tags");
            self.line_words(12);
        }
        self.sign("}");
    }

    fn test_line(&mut self) {
        self.gap();
        let time = self.pick(&["0d", "12d", "2d 09:00", "start", "365d"]);
        self.text.push_str(time);
        self.line_words(10);
        for _ in 0..self.roll(4) {
            let breaks = self.maybe();
            if breaks {
                self.line_end()
            } else {
                self.text.push(' ')
            }
            self.text.push_str("=>");
            self.line_words(10);
        }
        self.line_end();
    }
}
