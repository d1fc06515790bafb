//! What a person is known by, and texts without it: what others have of the person in theirs, and
//! answers that were recorded.
//!
//! What is about the person is told by its keys. Other texts are only looked through for what
//! cannot be anything else: an address, or a key of some length.

use crate::model::{BlockedBy, Event, Outcome, Refusal, Revoked, Scope, Value, Verdict};

/// From how many bytes on a key that is no address is looked for within texts.
const TELLING: usize = 8;

/// What a person was known by, and what takes its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) key: String,
    pub(crate) addresses: Vec<String>,
    pub(crate) name: String,
}

impl Person {
    /// The text without what the person is known by; none if it has nothing of that. Letters of
    /// ASCII count as the same in either case.
    pub(crate) fn scrubbed(&self, text: &str) -> Option<String> {
        let needles = std::iter::once(&self.key).chain(&self.addresses);
        let telling = |it: &&String| it.contains('@') || it.len() >= TELLING;
        let mut found = None;
        for needle in needles.filter(telling) {
            let now = found.as_deref().unwrap_or(text);
            if let Some(replaced) = replaced(now, needle, &self.name) {
                found = Some(replaced);
            }
        }
        found
    }

    /// Scrubs a text where it stands; whether it changed.
    pub(crate) fn scrub(&self, text: &mut String) -> bool {
        match self.scrubbed(text) {
            Some(scrubbed) => {
                *text = scrubbed;
                true
            }
            None => false,
        }
    }

    pub(crate) fn scrub_box(&self, text: &mut Box<str>) -> bool {
        match self.scrubbed(text) {
            Some(scrubbed) => {
                *text = scrubbed.into();
                true
            }
            None => false,
        }
    }

    /// Whether [`Person::scrub_event`] would change an event.
    pub(crate) fn is_in_event(&self, event: &Event) -> bool {
        let texts = event.attributes.iter().flat_map(|(_, value)| match value {
            Value::Text(text) => std::slice::from_ref(text),
            Value::List(texts) => texts,
            _ => &[],
        });
        let mut texts = [&event.id, &event.source].into_iter().chain(texts);
        texts.any(|text| self.scrubbed(text).is_some())
    }

    /// Scrubs the texts of an event that is not about the person.
    pub(crate) fn scrub_event(&self, event: &mut Event) {
        let texts = event.attributes.iter_mut().flat_map(|(_, value)| match value {
            Value::Text(text) => std::slice::from_mut(text),
            Value::List(texts) => texts,
            _ => &mut [],
        });
        for text in [&mut event.id, &mut event.source].into_iter().chain(texts) {
            self.scrub(text);
        }
    }

    /// A recorded answer without the person; none if it has nothing of it.
    pub(crate) fn scrub_outcome(&self, outcome: &Outcome) -> Option<Outcome> {
        if !self.may_be_in(outcome) {
            return None;
        }
        let mut scrubbed = outcome.clone();
        match &mut scrubbed {
            Outcome::Recorded { holds, errors, .. } => {
                holds.iter_mut().for_each(|hold| self.scrub_target(hold.scope, &mut hold.target));
                errors.iter_mut().for_each(|error| self.scrub_message(error));
            }
            Outcome::Enrolled { held_by, .. }
            | Outcome::Resumed { held_by, .. }
            | Outcome::Rescheduled { held_by, .. }
            | Outcome::Confirmed(Verdict::Revoked(Revoked::Held(held_by))) => {
                self.scrub_holds(held_by);
            }
            Outcome::Claimed { sends, .. } => {
                for send in sends.iter_mut().filter(|send| send.prospect == self.key) {
                    send.prospect.clone_from(&self.name);
                    send.address.clone_from(&self.name);
                }
            }
            Outcome::Refused(refusal) => self.scrub_refusal(refusal),
            _ => {}
        }
        (scrubbed != *outcome).then_some(scrubbed)
    }

    /// False if an answer has nothing of the person, as nearly none has.
    fn may_be_in(&self, outcome: &Outcome) -> bool {
        let key = self.key.as_str();
        let held = |held: &[BlockedBy]| held.iter().any(|hold| hold.target.contains(key));
        match outcome {
            Outcome::Recorded { holds, errors, .. } => {
                let says = |error: &String| error.contains(key) || self.scrubbed(error).is_some();
                holds.iter().any(|hold| hold.target.contains(key)) || errors.iter().any(says)
            }
            Outcome::Enrolled { held_by, .. }
            | Outcome::Resumed { held_by, .. }
            | Outcome::Rescheduled { held_by, .. }
            | Outcome::Confirmed(Verdict::Revoked(Revoked::Held(held_by))) => held(held_by),
            Outcome::Claimed { sends, .. } => sends.iter().any(|send| send.prospect == key),
            Outcome::Refused(_) => true,
            _ => false,
        }
    }

    fn scrub_holds(&self, holds: &mut [BlockedBy]) {
        holds.iter_mut().for_each(|hold| self.scrub_target(hold.scope, &mut hold.target));
    }

    /// Scrubs what a hold is on: a key, or `prospect in campaign`.
    fn scrub_target(&self, scope: Scope, target: &mut String) {
        let rest = match scope {
            Scope::Prospect => (*target == self.key).then_some(""),
            Scope::Enrollment => {
                target.strip_prefix(&self.key).filter(|rest| rest.starts_with(" in "))
            }
            _ => None,
        };
        if let Some(rest) = rest {
            *target = format!("{}{rest}", self.name);
        }
    }

    /// Scrubs a sentence, where keys stand in backticks.
    fn scrub_message(&self, text: &mut String) {
        self.scrub(text);
        *text = text.replace(&format!("`{}`", self.key), &format!("`{}`", self.name));
    }

    fn scrub_key(&self, key: &mut String) {
        if *key == self.key {
            key.clone_from(&self.name);
        }
    }

    fn scrub_refusal(&self, refusal: &mut Refusal) {
        match refusal {
            Refusal::Unknown { what, key } => {
                match what.as_str() {
                    "prospect" => self.scrub_key(key),
                    "enrollment" => self.scrub_target(Scope::Enrollment, key),
                    _ => {}
                }
                self.scrub(key);
            }
            Refusal::AlreadyEnrolled { prospect, .. }
            | Refusal::InAnotherCampaign { prospect, .. } => self.scrub_key(prospect),
            Refusal::Stopped { prospect, held_by } => {
                self.scrub_key(prospect);
                self.scrub_holds(held_by);
            }
            Refusal::InvalidKey { why, .. }
            | Refusal::InvalidValue { why, .. }
            | Refusal::BadAttribute { why, .. }
            | Refusal::BadSubject { why, .. }
            | Refusal::StaleToken { why, .. }
            | Refusal::UnknownEventType { kind: why, .. } => self.scrub_message(why),
            _ => {}
        }
    }
}

/// The text with every place replaced where the needle stands by itself: `ann@acme.io` is not in
/// `joann@acme.io`, nor in `ann@acme.io.example`. None if there is none.
fn replaced(text: &str, needle: &str, by: &str) -> Option<String> {
    // Nearly no text has it: the rest of this is for those that may.
    let (bytes, sought) = (text.as_bytes(), needle.as_bytes());
    if sought.is_empty() || !bytes.windows(sought.len()).any(|it| it.eq_ignore_ascii_case(sought)) {
        return None;
    }
    let mut out = String::new();
    let (mut rest, mut before) = (text, None);
    let mut found = false;
    while let Some(next) = rest.chars().next() {
        let own = rest.get(..needle.len()).is_some_and(|it| it.eq_ignore_ascii_case(needle));
        let after = rest.get(needle.len()..).unwrap_or_default();
        if own && !before.is_some_and(goes_on) && !continues(after) {
            out.push_str(by);
            (rest, before, found) = (after, needle.chars().next_back(), true);
        } else {
            out.push(next);
            (rest, before) = (rest.get(next.len_utf8()..).unwrap_or_default(), Some(next));
        }
    }
    found.then_some(out)
}

/// Whether a letter before an address makes it another one.
fn goes_on(before: char) -> bool {
    before.is_alphanumeric() || "._%+-".contains(before)
}

/// Whether what follows an address makes it another one; a full stop may end a sentence.
fn continues(after: &str) -> bool {
    let mut letters = after.chars();
    match letters.next() {
        Some('.') => letters.next().is_some_and(char::is_alphanumeric),
        Some(letter) => letter.is_alphanumeric() || letter == '-',
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::Person;
    use crate::model::{Event, Value};

    fn ann() -> Person {
        Person {
            key: "crm-4711".to_owned(),
            addresses: vec!["Ann@Acme.io".to_owned()],
            name: "forgotten-3".to_owned(),
        }
    }

    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(ann().scrubbed(text).as_deref(), expected, "{text}");
    }

    #[test]
    fn a_text_loses_the_address_and_the_key_and_nothing_else() {
        check("ann@acme.io", Some("forgotten-3"));
        check("Ask ANN@acme.IO.", Some("Ask forgotten-3."));
        check("<ann@acme.io>, crm-4711: twice", Some("<forgotten-3>, forgotten-3: twice"));
        check("ann@acme.ioann@acme.io", None);
        for other in ["joann@acme.io", "ann@acme.io.example", "x-ann@acme.io", "crm-47110", "ann"] {
            check(other, None);
        }
        check("né ann@acme.io né", Some("né forgotten-3 né"));
    }

    #[test]
    fn an_event_loses_the_person_wherever_it_has_texts() {
        let of = |id: &str, source: &str, text: &str, last: &str| {
            let list = Value::List(vec!["bob".to_owned(), last.to_owned()]);
            let event = Event { source: source.to_owned(), ..Event::new("note", id) };
            event.with("text", text).with("list", list).with("flag", Value::Bool(true))
        };
        let plain = of("e1", "mail", "hello", "cy");
        assert!(!ann().is_in_event(&plain));
        let (named, name) = ("ann@acme.io", "forgotten-3");
        let all = [
            (of(named, "mail", "hello", "cy"), of(name, "mail", "hello", "cy")),
            (of("e1", named, "hello", "cy"), of("e1", name, "hello", "cy")),
            (of("e1", "mail", named, "cy"), of("e1", "mail", name, "cy")),
            (of("e1", "mail", "hello", named), of("e1", "mail", "hello", name)),
            (plain.clone(), plain),
        ];
        for (mut event, expected) in all {
            assert_eq!(ann().is_in_event(&event), event != expected, "{event:?}");
            ann().scrub_event(&mut event);
            assert_eq!(event, expected);
            assert!(!ann().is_in_event(&event));
        }
    }
}
