//! Random conditions. What may be absent is only read where something excludes that, so that the
//! check has nothing to say.

use super::vocabulary::{EventType, Kind, quoted};
use super::writer::{Readable, Writer};

/// A condition, with the paths that it makes known when it holds and when it does not.
#[derive(Clone, Debug, Default)]
pub(super) struct Written {
    pub text: String,
    pub holds: Vec<String>,
    pub fails: Vec<String>,
}

impl Written {
    fn plain(text: String) -> Self {
        Self { text, ..Self::default() }
    }

    fn not(self) -> Self {
        Self { text: format!("not {}", self.text), holds: self.fails, fails: self.holds }
    }
}

impl Writer<'_, '_> {
    /// An `or` of `and`s; with depth 0 a single comparison.
    pub(super) fn any_of(
        &mut self,
        readable: &[Readable],
        known: &mut Vec<String>,
        depth: usize,
    ) -> Written {
        let count = if depth == 0 { 1 } else { 1 + self.choices.below(5) / 3 };
        let before = known.len();
        let mut all = Written::default();
        for number in 0..count {
            let part = self.all_of(readable, known, depth);
            if count == 1 {
                return part;
            }
            known.extend_from_slice(&part.fails);
            all.fails.extend(part.fails);
            if number == 0 {
                (all.text, all.holds) = (part.text, part.holds);
            } else {
                all.text = format!("{} or {}", all.text, part.text);
                all.holds.retain(|path| part.holds.contains(path));
            }
        }
        known.truncate(before);
        all
    }

    fn all_of(&mut self, readable: &[Readable], known: &mut Vec<String>, depth: usize) -> Written {
        let count = if depth == 0 { 1 } else { 1 + self.choices.below(6) / 3 };
        let before = known.len();
        let mut all = Written::default();
        for number in 0..count {
            let part = self.negation(readable, known, depth);
            if count == 1 {
                return part;
            }
            known.extend_from_slice(&part.holds);
            all.holds.extend(part.holds);
            let and = if number == 0 { "" } else { " and " };
            all.text = format!("{}{and}{}", all.text, part.text);
        }
        known.truncate(before);
        all
    }

    fn negation(
        &mut self,
        readable: &[Readable],
        known: &mut Vec<String>,
        depth: usize,
    ) -> Written {
        let nots = [0, 0, 0, 0, 0, 1, 1, 2][self.choices.below(8)];
        let mut inner = if depth > 0 && self.choices.chance(40) {
            let inner = self.any_of(readable, known, depth - 1);
            Written { text: format!("({})", inner.text), ..inner }
        } else {
            self.comparison(readable, known)
        };
        for _ in 0..nots {
            inner = inner.not();
        }
        inner
    }

    fn comparison(&mut self, readable: &[Readable], known: &[String]) -> Written {
        let read = self.choices.pick(readable);
        let path = &read.path;
        if !read.optional || known.contains(path) {
            if self.choices.chance(8) {
                return self.presence(&read);
            }
            return Written::plain(self.test(&read, readable, known));
        }
        let mut inside = known.to_vec();
        inside.push(path.clone());
        match self.choices.below(4) {
            0 => self.presence(&read),
            1 => {
                let test = self.test(&read, readable, &inside);
                let fails = vec![path.clone()];
                Written { text: format!("({path} is unknown or {test})"), holds: vec![], fails }
            }
            _ => {
                let test = self.test(&read, readable, &inside);
                let holds = vec![path.clone()];
                Written { text: format!("({path} is known and {test})"), holds, fails: vec![] }
            }
        }
    }

    fn presence(&mut self, read: &Readable) -> Written {
        let path = &read.path;
        let (word, known) = self.choices.pick(&[
            ("is known", true),
            ("is unknown", false),
            ("is not known", false),
            ("is not unknown", true),
        ]);
        let text = format!("{path} {word}");
        match known {
            // Whether such an enum is known is whether it has another value: nothing is learned.
            _ if read.kind.implies_unknown() => Written::plain(text),
            true => Written { text, holds: vec![path.clone()], fails: vec![] },
            false => Written { text, holds: vec![], fails: vec![path.clone()] },
        }
    }

    /// A test of something that is there.
    fn test(&mut self, read: &Readable, readable: &[Readable], known: &[String]) -> String {
        let path = &read.path;
        if read.kind == Kind::List {
            let text = self.literal(read);
            let word = self.choices.pick(&["in", "not in"]);
            return format!("{text} {word} {path}");
        }
        match (&read.kind, self.choices.below(10)) {
            (Kind::Bool, 0..5) => path.clone(),
            (_, 0..3) => {
                let word = self.choices.pick(&["is", "is not"]);
                format!("{path} {word} {}", self.side(read, readable, known))
            }
            (_, 3..5) => {
                let word = self.choices.pick(&["in", "not in"]);
                let count = self.choices.below(4);
                let entries: Vec<String> = (0..count).map(|_| self.literal(read)).collect();
                format!("{path} {word} [{}]", entries.join(", "))
            }
            (Kind::Number | Kind::Date | Kind::Duration | Kind::Instant, _) => {
                let word = self.choices.pick(&["<", "<=", ">", ">="]);
                format!("{path} {word} {}", self.side(read, readable, known))
            }
            (Kind::Text | Kind::Domain | Kind::Address, 5..8) => self.shaped(read),
            (Kind::Text | Kind::Domain | Kind::Address, _) => {
                let lists = self.lists.iter().filter(|list| list.kind == read.kind);
                let names: Vec<&str> = lists.map(|list| list.name).collect();
                if names.is_empty() {
                    return self.shaped(read);
                }
                let name = self.choices.pick(&names);
                let word = self.choices.pick(&["in", "not in"]);
                format!("{path} {word} {name}")
            }
            _ => format!("{path} is {}", self.literal(read)),
        }
    }

    /// `starts with`, `ends with` or `matches`.
    fn shaped(&mut self, read: &Readable) -> String {
        const PATTERNS: [&str; 9] = ["*", "a*", "*b", "?", "*@acme.io", "*ac?e*", "A*c", "", "*.*"];
        let path = &read.path;
        match self.choices.below(3) {
            0 => format!("{path} matches {}", quoted(self.choices.pick(&PATTERNS))),
            word => {
                let whole = self.literal(read);
                let inner: Vec<char> = whole.trim_matches('"').chars().collect();
                // No part of an escape on its own.
                let is_plain = !inner.contains(&'\\');
                let cut = if is_plain { self.choices.below(inner.len() + 1) } else { 0 };
                let (word, part) = if word == 1 {
                    ("starts with", &inner[..inner.len() - cut])
                } else {
                    ("ends with", &inner[cut..])
                };
                format!("{path} {word} \"{}\"", part.iter().collect::<String>())
            }
        }
    }

    /// What something is compared with: a literal, or something else of its type that is there.
    fn side(&mut self, read: &Readable, readable: &[Readable], known: &[String]) -> String {
        if self.choices.chance(30) {
            let fits = |other: &&Readable| {
                other.kind == read.kind
                    && other.path != read.path
                    && (!other.optional || known.contains(&other.path))
            };
            let others: Vec<&Readable> = readable.iter().filter(fits).collect();
            if !others.is_empty() {
                return self.choices.pick(&others).path.clone();
            }
        }
        self.literal(read)
    }

    /// A literal to compare something with; it is kept, so that events that match are likely.
    fn literal(&mut self, read: &Readable) -> String {
        let literal = read.kind.literal(self.choices);
        self.mentioned.push((read.path.clone(), literal.value));
        literal.written
    }

    /// What `when` asks: windows, and words between them.
    pub(super) fn when(&mut self, events: &[EventType], depth: usize) -> String {
        let not = if self.choices.chance(15) { "not " } else { "" };
        let first = if depth > 0 && self.choices.chance(20) {
            format!("({})", self.when(events, depth - 1))
        } else {
            self.window(events)
        };
        if depth == 0 || !self.choices.chance(35) {
            return format!("{not}{first}");
        }
        let word = self.choices.pick(&["and", "or"]);
        format!("{not}{first} {word} {}", self.when(events, depth - 1))
    }

    fn window(&mut self, events: &[EventType]) -> String {
        const SPANS: [&str; 7] = ["1h", "1d", "24h", "3d", "7d", "90d", "90m"];
        const OPERATORS: [&str; 4] = [">=", ">", "<", "<="];
        let event = self.choices.pick(events);
        self.asked.extend([event.name; 3]);
        let rate = self.choices.chance(30);
        let scope = self.choices.pick(&["company", "prospect", "campaign", "sender"]);
        let span = if rate { self.choices.pick(&SPANS[..6]) } else { self.choices.pick(&SPANS) };
        let (at, span) = (format!("at {scope}"), format!("in {span}"));
        let readable = Readable::of_event(&event);
        let filter = (!readable.is_empty() && self.choices.chance(50))
            .then(|| format!("where {}", self.any_of(&readable, &mut Vec::new(), 1).text));
        let filter = filter.as_deref().unwrap_or_default();
        // Not directly before the span: a name and then `in` would be one comparison.
        let parts = match self.choices.below(4) {
            0 => [filter, &at, &span],
            1 => [&at, &span, filter],
            2 => [&span, &at, filter],
            _ => [&span, filter, &at],
        };
        let parts = parts.join(" ");
        if rate {
            let per = self.choices.pick(events).name;
            self.asked.extend([per; 3]);
            let share = self.choices.pick(&["50%", "100%", "2.5%", "33.3333%", "0.0001%"]);
            let least = 1 + self.choices.below(3);
            let operator = self.choices.pick(&OPERATORS[..2]);
            let name = event.name;
            return format!(
                "rate({name} per {per} {parts}) {operator} {share} of at least {least}"
            );
        }
        let distinct = if self.choices.chance(35) { "distinct prospect of " } else { "" };
        let (operator, least) = (self.choices.pick(&OPERATORS), 1 + self.choices.below(3));
        format!("count({distinct}{} {parts}) {operator} {least}", event.name)
    }
}
