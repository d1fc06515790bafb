//! How conditions, and the lines of tests, go on.

use super::tokens::Piece;
use super::walk::{At, Proof, Walker, When, Window};
use super::words::{DEEDS, FIXTURES, JOINTS, STATES, SUBJECTS, settings};

impl Walker<'_> {
    pub(super) fn condition(&mut self, when: When, token: usize) -> When {
        let word = self.word(token);
        match (&when, word) {
            (When::Operator(path), "(") => return When::Call(path.clone()),
            (When::Call(path), ")") => return When::Operator(path.clone()),
            (When::Call(path), _) => return When::Call(path.clone()),
            (When::Opening, _) => {
                self.window = Some(Window { event: String::new(), depth: 0 });
                return When::Counted;
            }
            (_, "(") => {
                if let Some(window) = &mut self.window {
                    window.depth += 1;
                }
                return When::Operand;
            }
            (_, ")") => return self.closed(),
            (When::Entry(_), _) => {}
            (_, _) if JOINTS.contains(&word) => return When::Operand,
            _ => {}
        }
        match when {
            When::Operand if word == "not" => When::Operand,
            When::Operand if matches!(word, "count" | "rate") && self.word(token + 1) == "(" => {
                When::Opening
            }
            When::Operand => When::Operator(word.to_owned()),
            When::Operator(path) => operator(path, word),
            When::Is(path) => match word {
                "not" => When::Value(path),
                "in" => When::Among(path),
                _ => When::Done,
            },
            When::Not(path) => When::Among(path),
            When::With(path) => When::Value(path),
            When::Among(path) if word == "[" => When::Entry(path),
            When::Entry(path) if word != "]" => When::Entry(path),
            When::Value(_) | When::Among(_) | When::Entry(_) => When::Done,
            other => self.windowed(other, word),
        }
    }

    /// After a bracket that closes a group, or a window.
    fn closed(&mut self) -> When {
        match &mut self.window {
            Some(window) if window.depth > 0 => window.depth -= 1,
            Some(_) => {
                self.window = None;
                return When::Tested;
            }
            None => {}
        }
        When::Done
    }

    fn windowed(&mut self, when: When, word: &str) -> When {
        match (when, word) {
            (When::Counted, "distinct") => When::Distinct,
            (When::Distinct, _) => When::DistinctOf,
            (When::DistinctOf, _) => When::Event,
            (When::Counted | When::Event, _) => {
                if let Some(window) = &mut self.window {
                    word.clone_into(&mut window.event);
                }
                When::Part
            }
            (When::Part | When::Done, "where") if self.window.is_some() => When::Operand,
            (When::Part | When::Done, "at") if self.window.is_some() => When::At,
            (When::Part | When::Done, "per") if self.window.is_some() => When::Per,
            (When::Part | When::Done, "in") if self.window.is_some() => When::In,
            (When::At | When::Per | When::In, _) => When::Part,
            (When::Tested, _) => When::Amount,
            (When::Amount, _) => When::Base,
            (When::Base, "of") => When::Least(true),
            (When::Least(true), _) => When::Least(false),
            (When::Least(false), "least") => When::Least(false),
            (When::Least(false), _) => When::Done,
            (when, _) => when,
        }
    }

    pub(super) fn proof(&mut self, proof: Proof, token: usize) -> Proof {
        let word = self.word(token);
        let fresh = self.tokens.get(token).is_some_and(|token| token.fresh);
        match (&proof, word) {
            (Proof::Fixture(settings), "{") => return Proof::Inside(settings),
            (Proof::Inside(_), "}") => return Proof::Line,
            (Proof::Inside(settings), _) => return Proof::Inside(settings),
            (_, "=>") => return Proof::Expected,
            _ => {}
        }
        match proof {
            Proof::Line => self.line(token),
            _ if fresh => self.line(token),
            // A time may have two words.
            Proof::Happened if self.piece(token) == Some(Piece::Number) => Proof::Happened,
            Proof::Happened if DEEDS.contains(&word) => Proof::Deed,
            Proof::Happened => Proof::Subject(word.to_owned()),
            Proof::Subject(event) if SUBJECTS.contains(&word) && word != "workspace" => {
                Proof::Subject(event)
            }
            Proof::Subject(event) => Proof::Told(event),
            Proof::Told(event) => Proof::Worth(event, word.to_owned()),
            Proof::Worth(event, _) => Proof::Told(event),
            Proof::Expected if SUBJECTS.contains(&word) && word != "workspace" => Proof::Expected,
            Proof::Expected if matches!(word, "quiet" | "ignored") => Proof::Rest,
            Proof::Expected | Proof::Campaign => Proof::State,
            Proof::State if word == "in" => Proof::Campaign,
            Proof::State if word == "not" => Proof::State,
            Proof::State if word == "next" => Proof::Next,
            Proof::Rest if word == "by" => Proof::By,
            Proof::Rest | Proof::ByMore if matches!(word, "," | "and") => {
                if matches!(proof, Proof::ByMore) { Proof::By } else { Proof::Expected }
            }
            // Behind a comma stands another rule, or what else is expected.
            Proof::By if STATES.contains(&self.word(token + 1)) => Proof::State,
            Proof::By => Proof::ByMore,
            Proof::State | Proof::Next | Proof::Rest | Proof::ByMore => Proof::Rest,
            Proof::Deed => Proof::Deed,
            Proof::Fixture(settings) | Proof::Inside(settings) => Proof::Fixture(settings),
        }
    }

    /// A line ends: in a test that means something.
    pub(super) fn new_line(&mut self) {
        match self.at {
            At::Proof(Proof::Inside(_) | Proof::Fixture(_)) => {}
            At::Proof(_) => self.at = At::Proof(Proof::Line),
            _ => {}
        }
    }

    fn line(&self, token: usize) -> Proof {
        let word = self.word(token);
        if self.piece(token) == Some(Piece::Number) {
            Proof::Happened
        } else if FIXTURES.contains(&word) {
            Proof::Fixture(settings(word))
        } else {
            Proof::Rest
        }
    }
}

fn operator(path: String, word: &str) -> When {
    match word {
        "is" => When::Is(path),
        "not" => When::Not(path),
        "in" => When::Among(path),
        "starts" | "ends" => When::With(path),
        "matches" | "<" | "<=" | ">" | ">=" | "=" | "==" | "!=" => When::Value(path),
        _ => When::Done,
    }
}
