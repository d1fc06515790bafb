//! Random policies as text: declarations, rules, and the files that they are spread over.

use super::choices::Choices;
use super::vocabulary::{self, EventType, Kind};
use crate::lang::{self, Diagnostic};
use crate::model::{PolicyBundle, PolicyFile, Value};

/// Something that a rule may read.
#[derive(Clone, Debug)]
pub(super) struct Readable {
    pub path: String,
    pub kind: Kind,
    /// Whether a rule has to say what is to happen without it.
    pub optional: bool,
    /// Whether it is an attribute, so that there is no doubt about it where it is not optional.
    pub attribute: bool,
}

impl Readable {
    /// The attributes of an event.
    pub fn of_event(event: &EventType) -> Vec<Self> {
        let read = |attribute: &vocabulary::Attribute| Self {
            path: format!("{}.{}", event.name, attribute.name),
            kind: attribute.kind.clone(),
            optional: attribute.optional && !attribute.kind.implies_unknown(),
            attribute: true,
        };
        event.attributes.iter().map(read).collect()
    }

    /// What can be read on any event.
    pub fn anywhere() -> Vec<Self> {
        let all = [
            ("prospect.address", Kind::Address, false),
            ("prospect.domain", Kind::Domain, false),
            ("prospect.zone", Kind::Text, true),
            ("prospect.tags", Kind::List, false),
            ("company.key", Kind::Text, true),
            ("company.tags", Kind::List, false),
            ("company.stage", Kind::Text, true),
            ("campaign.key", Kind::Text, true),
            ("campaign.tags", Kind::List, false),
            ("enrollment.step", Kind::Number, true),
            ("enrollment.sends", Kind::Number, true),
            ("enrollment.days-since-last-send", Kind::Number, true),
            ("prospect.field(\"industry\")", Kind::Text, true),
            ("prospect.field(\"a b\")", Kind::Text, true),
        ];
        let read = |(path, kind, optional): (&str, Kind, bool)| Self {
            path: path.to_owned(),
            kind,
            optional,
            attribute: false,
        };
        all.map(read).into()
    }
}

/// A named list.
#[derive(Clone, Debug)]
pub(super) struct List {
    pub name: &'static str,
    pub kind: Kind,
}

/// What a rule does, decided before any rule is written: rules name each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Pause,
    Stop,
    Resume,
    Ignore,
}

#[derive(Clone, Debug)]
pub(super) struct Outline {
    pub name: String,
    /// The events it listens to, by position.
    pub on: Vec<usize>,
    pub verbs: Vec<Verb>,
}

/// Writes a policy, and remembers what makes events match.
pub(super) struct Writer<'c, 'b> {
    pub choices: &'c mut Choices<'b>,
    pub events: Vec<EventType>,
    pub lists: Vec<List>,
    pub outlines: Vec<Outline>,
    /// The types of events that rules and windows ask for, as often as they do.
    pub asked: Vec<&'static str>,
    /// What is compared with what.
    pub mentioned: Vec<(String, Value)>,
}

impl<'c, 'b> Writer<'c, 'b> {
    pub fn new(choices: &'c mut Choices<'b>) -> Self {
        let mut events = vocabulary::shipped();
        let own = vocabulary::random(choices);
        events.extend(own);
        Self {
            choices,
            events,
            lists: Vec::new(),
            outlines: Vec::new(),
            asked: Vec::new(),
            mentioned: Vec::new(),
        }
    }

    /// A policy, and the same one with its rules turned around and put together differently.
    pub fn bundles(&mut self) -> [PolicyBundle; 2] {
        self.outline();
        let (mut declared, mut files) = (self.declared(), Vec::new());
        let lists = self.named_lists(&mut files);
        declared.extend(lists);
        let rules: Vec<String> = (0..self.outlines.len()).map(|at| self.rule(at)).collect();
        let rules = self.sound(rules, &declared, &files);

        let file = |name: &str, text: String| PolicyFile { name: name.to_owned(), text };
        let turned: String = rules.iter().rev().map(String::as_str).collect();
        let turned = format!("policy 1\n{turned}{}", declared.concat());
        let turned = PolicyBundle {
            files: std::iter::once(file("p/main.rules", turned)).chain(files.clone()).collect(),
        };

        let mut main = "# A policy.\npolicy 1\n".to_owned();
        let mut rest = String::new();
        if self.choices.chance(30) {
            main.push_str("include \"more.rules\"\n");
            rest.push_str("\u{feff}# What does not fit elsewhere.\n");
        }
        for part in declared.iter().chain(&rules) {
            let into =
                if rest.is_empty() || self.choices.chance(50) { &mut main } else { &mut rest };
            into.push_str(part);
        }
        let mut all = vec![file("p/main.rules", main)];
        if !rest.is_empty() {
            all.push(file("p/more.rules", rest));
        }
        all.extend(files);
        [PolicyBundle { files: all }, turned]
    }

    /// The rules, with a plain one in the place of each that could never fire, or that ignores what
    /// another holds: the check refuses both, and by chance they are frequent.
    fn sound(
        &self,
        mut rules: Vec<String>,
        declared: &[String],
        lists: &[PolicyFile],
    ) -> Vec<String> {
        for _ in 0..3 {
            let head = format!("policy 1\n{}", declared.concat());
            let text = format!("{head}{}", rules.concat());
            let main = PolicyFile { name: "p/main.rules".to_owned(), text };
            let files = std::iter::once(main).chain(lists.iter().cloned()).collect();
            let found = lang::check(&PolicyBundle { files });
            let end_of = |end: &mut usize, rule: &String| {
                *end += rule.len();
                Some(*end)
            };
            let ends: Vec<usize> = rules.iter().scan(head.len(), end_of).collect();
            let mut sound = true;
            let refused =
                |it: &&Diagnostic| ["H0217", "H0218"].contains(&it.code.to_string().as_str());
            for it in found.iter().filter(refused) {
                let Some(at) = ends.iter().position(|end| it.from_byte < *end) else { continue };
                let Outline { name, on, .. } = &self.outlines[at];
                let on: Vec<&str> = on.iter().map(|on| self.events[*on].name).collect();
                let plain = format!("rule {name} {{ on {} pause prospect }}\n", on.join(", "));
                if rules[at] == plain {
                    // It is overridden wherever it matches.
                    rules.iter_mut().for_each(|rule| *rule = without_override(rule, name));
                } else {
                    rules[at] = plain;
                }
                sound = false;
            }
            if sound {
                break;
            }
        }
        rules
    }

    fn outline(&mut self) {
        let count = 1 + self.choices.below(6);
        for number in 0..count {
            let most = [1, 1, 1, 1, 2, 3][self.choices.below(6)];
            let mut on: Vec<usize> = Vec::new();
            for _ in 0..most {
                // The policy's own events have the richest attributes.
                let own = self.events.len() - 8;
                let event = if own > 0 && self.choices.chance(50) {
                    8 + self.choices.below(own)
                } else {
                    self.choices.below(8)
                };
                if !on.contains(&event) {
                    on.push(event);
                }
            }
            let verbs = if self.choices.chance(12) {
                vec![Verb::Ignore]
            } else {
                let all = [Verb::Pause, Verb::Pause, Verb::Stop, Verb::Resume];
                let count = 1 + self.choices.below(5) / 2;
                (0..count).map(|_| self.choices.pick(&all)).collect()
            };
            self.asked.extend(on.iter().map(|event| self.events[*event].name));
            let name = format!("{}-{number}", ["r", "rule", "is", "pause"][number % 4]);
            self.outlines.push(Outline { name, on, verbs });
        }
        // Only a rule that pauses can be lifted: without one there is nothing to resume.
        if !self.outlines.iter().any(|rule| rule.verbs.contains(&Verb::Pause)) {
            let all = self.outlines.iter_mut().flat_map(|rule| &mut rule.verbs);
            all.filter(|verb| **verb == Verb::Resume).for_each(|verb| *verb = Verb::Pause);
        }
    }

    fn declared(&mut self) -> Vec<String> {
        let own = self.events.clone().into_iter().skip(8);
        let mut event = |event: EventType| {
            let mut text = format!("event {} {{", event.name);
            for attribute in event.attributes {
                let comma = if self.choices.chance(20) { "," } else { " # why\n" };
                let optional = if attribute.optional { " optional" } else { "" };
                let kind = attribute.kind.declared();
                text.push_str(&format!(" {}: {kind}{optional}{comma}", attribute.name));
            }
            text + "}\n"
        };
        own.map(&mut event).collect()
    }

    fn named_lists(&mut self, files: &mut Vec<PolicyFile>) -> Vec<String> {
        let all = [
            ("free-mail", "domains", Kind::Domain),
            ("team", "addresses", Kind::Address),
            ("words", "texts", Kind::Text),
        ];
        let mut texts = Vec::new();
        for (name, word, kind) in self.choices.some(&all, 60) {
            let count = self.choices.below(5);
            let entries = (0..count).map(|_| kind.literal(self.choices));
            let entries: Vec<_> = entries.collect();
            let plain: Vec<&str> = entries
                .iter()
                .filter_map(|entry| match &entry.value {
                    Value::Text(text) if !text.contains('#') && !text.is_empty() => {
                        Some(text.as_str())
                    }
                    _ => None,
                })
                .collect();
            let text = if self.choices.chance(25) {
                let text = format!("# entries\n{} # the last\n", plain.join("\r\n"));
                files.push(PolicyFile { name: format!("p/lists/{name}.txt"), text });
                format!("{word} {name} from \"./lists/{name}.txt\"\n")
            } else {
                let written: Vec<&str> = entries.iter().map(|it| it.written.as_str()).collect();
                format!("{word} {name} = [{},]\n", written.join(", "))
            };
            texts.push(text);
            self.lists.push(List { name, kind });
        }
        texts
    }

    fn rule(&mut self, at: usize) -> String {
        let outline = self.outlines[at].clone();
        let mut readable = Readable::anywhere();
        if let [only] = *outline.on {
            let own = Readable::of_event(&self.events[only]);
            // Once more for each, so that they are read more often than what is always there.
            for _ in 0..if own.is_empty() { 0 } else { 1 + 14 / own.len() } {
                readable.extend(own.iter().cloned());
            }
        }
        let mut known = Vec::new();
        let conditions = self.conditions(&readable, &mut known);
        let effects = self.effects(&outline, &readable, &known);
        let names: Vec<&str> = outline.on.iter().map(|on| self.events[*on].name).collect();
        let mut others = vec![format!("on {}", names.join(", "))];
        others.extend(self.overrides(at));
        if self.choices.chance(30) {
            others.push("reason \"It says # why { not\"".to_owned());
        }
        let mark = if self.choices.chance(15) { "@owner(growth)\n" } else { "" };
        let title = if self.choices.chance(30) { " \"A \\\"title\\\"\"" } else { "" };
        let mut text = format!("{mark}rule {}{title} {{\n", outline.name);
        // The order of clauses of different kinds means nothing.
        let mut kinds = [others.into_iter(), conditions.into_iter(), effects.into_iter()];
        loop {
            let left: Vec<usize> = (0..3).filter(|kind| kinds[*kind].len() > 0).collect();
            if left.is_empty() {
                return text + "}\n";
            }
            let kind = self.choices.pick(&left);
            let blank = self.choices.pick(&["  ", " # so\n", "\r\n\t"]);
            text.push_str(&format!("{blank}{}\n", kinds[kind].next().unwrap_or_default()));
        }
    }

    fn conditions(&mut self, readable: &[Readable], known: &mut Vec<String>) -> Vec<String> {
        let mut all = Vec::new();
        let count = self.choices.below(4);
        for _ in 0..count {
            match self.choices.below(9) {
                0..4 => {
                    let written = self.any_of(readable, known, 2);
                    known.extend(written.holds);
                    all.push(format!("where {}", written.text));
                }
                4 | 5 => {
                    let written = self.any_of(readable, known, 2);
                    known.extend(written.fails);
                    all.push(format!("except {}", written.text));
                }
                _ => {
                    let events = self.events.clone();
                    all.push(format!("when {}", self.when(&events, 2)));
                }
            }
        }
        all
    }

    /// Overrides lead from a rule to a later one, so there are no circles; a stop is never
    /// overridden.
    fn overrides(&mut self, at: usize) -> Option<String> {
        let ours = &self.outlines[at].on;
        let later = self.outlines.iter().skip(at + 1);
        let later = later.filter(|rule| !rule.verbs.contains(&Verb::Stop));
        let meets = |rule: &&Outline| rule.on.iter().any(|on| ours.contains(on));
        let names: Vec<String> = later.filter(meets).map(|rule| rule.name.clone()).collect();
        let named = self.choices.some(&names, 50);
        (!named.is_empty()).then(|| format!("overrides {}", named.join(", ")))
    }
}

/// A rule without the clause by which it overrides another.
fn without_override(rule: &str, other: &str) -> String {
    let names = |line: &str| {
        let rest = line.trim_start().strip_prefix("overrides ");
        rest.is_some_and(|names| names.trim_end().split(", ").any(|name| name == other))
    };
    rule.split_inclusive('\n').filter(|line| !names(line)).collect()
}
