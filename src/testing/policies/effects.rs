//! Random effects: each verb, each scope, each way to end.

use super::vocabulary::Kind;
use super::writer::{Outline, Readable, Verb, Writer};
use crate::model::{ResumeMode, Scope};

const DURATIONS: [&str; 5] = ["3d", "90m", "2w", "0s", "60d"];

impl Writer<'_, '_> {
    /// The effects of a rule whose conditions make these paths known.
    pub(super) fn effects(
        &mut self,
        outline: &Outline,
        readable: &[Readable],
        known: &[String],
    ) -> Vec<String> {
        let there = |read: &Readable| !read.optional || known.contains(&read.path);
        let of_event = || readable.iter().filter(|read| read.attribute);
        let scopes = of_event().filter(|read| read.kind.holds_scopes() && there(read));
        let scopes: Vec<String> = scopes.map(|read| read.path.clone()).collect();
        let mut texts = Vec::new();
        for verb in &outline.verbs {
            let target = if !scopes.is_empty() && self.choices.chance(50) {
                self.choices.pick(&scopes)
            } else {
                self.choices.pick(&Scope::ALL).name().to_owned()
            };
            match verb {
                Verb::Ignore => texts.push("ignore".to_owned()),
                Verb::Stop => texts.push(format!("stop {target}")),
                Verb::Resume => {
                    let pauses = |rule: &&Outline| rule.verbs.contains(&Verb::Pause);
                    let names = self.outlines.iter().filter(pauses).map(|rule| rule.name.clone());
                    let names: Vec<String> = names.collect();
                    let first = self.choices.pick(&names);
                    let mut named = self.choices.some(&names, 30);
                    named.retain(|name| *name != first);
                    named.push(first);
                    texts.push(format!("resume {target} from {}", named.join(", ")));
                }
                Verb::Pause => {
                    let end = self.end(readable, &there);
                    texts.push(format!("pause {target}{end}"));
                    if self.choices.chance(15) {
                        let mode = self.choices.pick(&ResumeMode::ALL);
                        texts.push(format!("resume {mode}"));
                    }
                }
            }
        }
        texts
    }

    fn end(&mut self, readable: &[Readable], there: &dyn Fn(&Readable) -> bool) -> String {
        let word = self.choices.pick(&[
            "",
            "for",
            "until",
            "until day-after",
            "until next-business-day after",
            "until next-business-day",
        ]);
        let kinds: &[Kind] = match word {
            "" => return String::new(),
            "for" => &[Kind::Duration],
            "until" => &[Kind::Date, Kind::Instant],
            _ => &[Kind::Date],
        };
        let mut tails = Vec::new();
        if word == "until next-business-day" {
            tails.push(word.to_owned());
        } else {
            let fits = |read: &&Readable| read.attribute && kinds.contains(&read.kind);
            let fitting: Vec<&Readable> = readable.iter().filter(fits).collect();
            if fitting.is_empty() || self.choices.chance(20) {
                let kind = self.choices.pick(kinds);
                tails.push(format!("{word} {}", kind.literal(self.choices).written));
            } else {
                let read = self.choices.pick(&fitting);
                tails.push(format!("{word} {}", read.path));
                if !there(read) {
                    let otherwise = self.choices.pick(&["manual", "3d", "1h"]);
                    tails.push(format!("else {otherwise}"));
                }
            }
        }
        if self.choices.chance(35) {
            tails.push(format!("max {}", self.choices.pick(&DURATIONS)));
        }
        // Behind `next-business-day`, nothing may stand that `after` could be.
        if self.choices.chance(20) {
            tails.reverse();
        }
        format!(" {}", tails.join(" "))
    }
}
