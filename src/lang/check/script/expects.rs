//! What is expected behind a line's `=>`.

use super::super::super::ast::{Piece, Span, Word};
use super::super::super::script::{Expect, Holder, Until, Wanted, What, Who};
use super::super::super::script_diagnostic as tell;
use super::super::Checker;
use super::cast::{Cast, Sort, Subject};
use super::words::Words;
use crate::model::{HoldKind, Status};

/// Holds that no rule of the policy and no person placed.
const ENGINE: [&str; 3] = ["rule-error", "send-failed", "send-failed-repeatedly"];

/// What a subject can be expected to be.
fn wanted(word: &str) -> Option<Wanted> {
    if word == "active" {
        return Some(Wanted::Active);
    }
    Status::named(word).map(Wanted::Status)
}

fn all_statuses() -> Vec<&'static str> {
    let mut all = vec!["active", "next"];
    all.extend(Status::ALL.map(Status::name));
    all
}

impl Checker<'_> {
    /// All expectations of a line, from its first `=>` on.
    pub(super) fn expects(&mut self, cast: &mut Cast, words: &mut Words<'_>) -> Vec<Expect> {
        let mut expects = Vec::new();
        while let Some(separator) = words.peek() {
            match separator {
                Piece::Arrow(_) | Piece::Comma(_) => words.next(),
                Piece::Word(_) | Piece::Text(_) => {
                    self.say(tell::left_over(words.here(), &words.found()));
                    return expects;
                }
            };
            let from = words.here();
            let Some(what) = self.expectation(cast, words) else {
                self.skip_expectation(words);
                continue;
            };
            let at = Span { end: words.last().end, ..from };
            expects.push(Expect { at, what });
        }
        expects
    }

    /// Goes on where the next expectation may begin, after one that could not be read.
    fn skip_expectation(&mut self, words: &mut Words<'_>) {
        while words.peek().is_some_and(|it| !matches!(it, Piece::Arrow(_) | Piece::Comma(_))) {
            words.next();
        }
    }

    fn expectation(&mut self, cast: &mut Cast, words: &mut Words<'_>) -> Option<What> {
        if words.take("quiet").is_some() {
            return Some(What::Quiet);
        }
        if words.take("ignored").is_some() {
            if words.take("by").is_none() {
                return Some(What::Ignored(None));
            }
            let holders = self.holders(cast, words)?;
            let rule = |holder: &Holder| match holder {
                Holder::Rule(rule) => Some(*rule),
                _ => None,
            };
            return Some(What::Ignored(Some(holders.iter().filter_map(rule).collect())));
        }
        if !matches!(words.peek(), Some(Piece::Word(_) | Piece::Text(_))) {
            self.say(tell::bad_expectation(words.here(), &words.found()));
            return None;
        }
        let (subject, _) = self.subject(cast, words, None)?;
        let campaign = match self.in_campaign(cast, words) {
            Some(campaign) => Some(campaign?),
            None => None,
        };
        let subject = who(subject, campaign);
        if words.take("not").is_some() {
            return self.not(words, subject);
        }
        let found = words.found();
        let at = words.here();
        let Some(word) = words.value() else {
            self.say(tell::bad_expectation(at, &found));
            return None;
        };
        if word.text == "next" {
            let at = match words.take("none") {
                Some(_) => None,
                None => Some(self.when(words)?),
            };
            return Some(What::Next { subject, at });
        }
        let Some(status) = wanted(&word.text) else {
            let all = all_statuses();
            let nearest = self.nearest(&word.text, all.iter().copied());
            self.say(tell::unknown_status(word.at, &format!("`{}`", word.text), nearest, &all));
            return None;
        };
        self.held(cast, words, subject, (status, word))
    }

    /// `paused` or `stopped` behind `not`.
    fn not(&mut self, words: &mut Words<'_>, subject: Who) -> Option<What> {
        const KINDS: [(&str, HoldKind); 2] =
            [("paused", HoldKind::Pause), ("stopped", HoldKind::Stop)];
        let (at, found) = (words.here(), words.found());
        let word = words.value();
        let word = word.as_ref().map_or("", |word| word.text.as_str());
        if let Some((_, kind)) = KINDS.into_iter().find(|(name, _)| *name == word) {
            return Some(What::Not { subject, kind });
        }
        let names = KINDS.map(|(name, _)| name);
        let nearest = self.nearest(word, names);
        let found = format!("not {found}");
        self.say(tell::unknown_status(at, &found, nearest, &["not paused", "not stopped"]));
        None
    }

    /// `by …` and `until …` behind a status.
    fn held(
        &mut self,
        cast: &Cast,
        words: &mut Words<'_>,
        subject: Who,
        (status, word): (Wanted, &Word),
    ) -> Option<What> {
        let (mut by, mut until) = (None, None);
        let pauses = status == Wanted::Status(Status::Paused);
        let holds = pauses || status == Wanted::Status(Status::Stopped);
        loop {
            if let Some(at) = words.take("by") {
                if !holds {
                    self.say(tell::bad_pairing(at, "by", &word.text));
                }
                by = Some(self.holders(cast, words)?);
            } else if let Some(at) = words.take("until") {
                if !pauses {
                    self.say(tell::bad_pairing(at, "until", &word.text));
                }
                until = Some(match words.take("open") {
                    Some(_) => Until::Open,
                    None => Until::At(self.when(words)?),
                });
            } else {
                return Some(What::Status { subject, status, by, until });
            }
        }
    }

    /// The rules behind `by`. A comma may also begin the next expectation.
    fn holders(&mut self, cast: &Cast, words: &mut Words<'_>) -> Option<Vec<Holder>> {
        let mut holders = Vec::new();
        loop {
            let Some(word) = words.peek_word() else {
                self.say(tell::bad_expectation(words.here(), &words.found()));
                return None;
            };
            words.next();
            holders.push(self.holder(word)?);
            let goes_on = match words.peek() {
                Some(Piece::Word(and)) => and.text == "and",
                Some(Piece::Comma(_)) => !self.begins_expectation(cast, words),
                _ => false,
            };
            if !goes_on {
                return Some(holders);
            }
            words.next();
        }
    }

    fn holder(&mut self, word: &Word) -> Option<Holder> {
        if let Some(rule) = self.out.rule_names.get(word.text.as_str()) {
            return Some(Holder::Rule(*rule));
        }
        if word.text == "person" {
            return Some(Holder::Person);
        }
        if let Some(name) = ENGINE.into_iter().find(|name| *name == word.text) {
            return Some(Holder::Engine(name));
        }
        self.rule_named(word).map(Holder::Rule)
    }

    /// Whether what is behind a comma is an expectation of its own, and not one more rule.
    fn begins_expectation(&self, cast: &Cast, words: &Words<'_>) -> bool {
        let Some(first) = words.second() else {
            return true;
        };
        let Piece::Word(first) = first else {
            return matches!(first, Piece::Text(_));
        };
        if self.out.rule_names.contains_key(first.text.as_str()) && !cast.knows(&first.text) {
            return false;
        }
        let is_start = ["quiet", "ignored", "workspace"].contains(&first.text.as_str());
        is_start
            || first.text.contains('@')
            || cast.knows(&first.text)
            || Sort::named(&first.text).is_some()
    }
}

fn who(subject: Subject, campaign: Option<String>) -> Who {
    match subject {
        Subject::Of(Sort::Prospect, key) => Who::Prospect { key, campaign },
        Subject::Of(Sort::Company, key) => Who::Company { key, campaign },
        Subject::Of(Sort::Campaign, key) => Who::Campaign(key),
        Subject::Of(Sort::Sender, key) => Who::Sender(key),
        Subject::Workspace => Who::Workspace,
    }
}
