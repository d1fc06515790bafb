//! What happens on a line: an event with its attributes, or what a person does.

use std::sync::Arc;

use super::super::super::ast::{Piece, Span, Word};
use super::super::super::event::typed;
use super::super::super::ir::{Attribute, Kind};
use super::super::super::script::{Act, Deed, Happening, When};
use super::super::super::script_diagnostic as tell;
use super::super::super::{diagnostic as say, literal};
use super::super::Checker;
use super::cast::{Cast, Sort, Subject};
use super::words::{Words, shown, span_of};
use crate::model::{Action, Event, HoldKind, Prospect, Value};

/// What a person does; no event of these names can be said in a test.
const DEEDS: [&str; 6] = ["pause", "stop", "resume", "retract", "enroll", "add"];

/// The event of a line, as far as it was read.
struct Reading<'c> {
    event: Event,
    /// Whether it is said whom it is about: what follows are attributes.
    named: bool,
    attributes: Arc<[Attribute]>,
    given: Vec<bool>,
    timed: Vec<(Box<str>, When, bool)>,
    happened: Option<When>,
    cast: &'c mut Cast,
}

impl Checker<'_> {
    /// What happens on a line, up to its `=>`.
    pub(super) fn act(&mut self, cast: &mut Cast, words: &mut Words<'_>) -> Option<Act> {
        let mut first = words.peek_word()?;
        let ahead = words.clone();
        words.next();
        let mut whom = None;
        if let Some(event) = words.peek_word()
            && (first.text.contains('@') || cast.knows(&first.text))
            && self.out.event_names.contains_key(event.text.as_str())
        {
            let help = format!("the event comes first: `{} {}`", event.text, first.text);
            self.say(say::unknown_event(first.at, &first.text, None).help(help));
            words.next();
            first = event;
            whom = Some(ahead);
        }
        let keyword = (first.text.as_str(), first.at);
        let deed = match keyword.0 {
            "pause" => self.hold(HoldKind::Pause, cast, words, keyword),
            "stop" => self.hold(HoldKind::Stop, cast, words, keyword),
            "resume" => self.whom(cast, words, keyword).map(Deed::Resume),
            "retract" => self.retract(cast, words, keyword),
            "enroll" => self.enroll(cast, words, keyword),
            "add" => self.add(cast, words, keyword),
            _ => self.happening(cast, (words, whom), first).map(Deed::Record),
        };
        let deed = deed?;
        self.nothing_more(words);
        Some(Act { at: first.at, deed })
    }

    /// Whom a person's pause or resume is about: a subject, and perhaps a campaign.
    fn whom(
        &mut self,
        cast: &mut Cast,
        words: &mut Words<'_>,
        (keyword, at): (&str, Span),
    ) -> Option<crate::model::HoldTarget> {
        if words.at_arrow_or_end() {
            self.say(tell::no_subject(at, keyword));
            return None;
        }
        let (subject, _) = self.subject(cast, words, None)?;
        let campaign = match self.in_campaign(cast, words) {
            Some(campaign) => Some(campaign?),
            None => None,
        };
        Some(subject.target(campaign))
    }

    fn hold(
        &mut self,
        kind: HoldKind,
        cast: &mut Cast,
        words: &mut Words<'_>,
        keyword: (&str, Span),
    ) -> Option<Deed> {
        let target = self.whom(cast, words, keyword)?;
        let until = match words.take("until").filter(|_| kind == HoldKind::Pause) {
            Some(_) => Some(self.when(words)?),
            None => None,
        };
        let reason = self.reason(words);
        Some(Deed::Hold { kind, target, until, reason })
    }

    fn reason(&mut self, words: &mut Words<'_>) -> Option<String> {
        let at = words.take("reason")?;
        self.behind(words, ("reason", at)).map(|word| word.text.clone())
    }

    fn retract(
        &mut self,
        cast: &Cast,
        words: &mut Words<'_>,
        keyword: (&str, Span),
    ) -> Option<Deed> {
        let id = self.behind(words, keyword)?;
        if !cast.ids.contains(&id.text) {
            let mut ids: Vec<&str> = cast.ids.iter().map(String::as_str).collect();
            ids.sort_unstable();
            let near = self.nearest(&id.text, ids).map(str::to_owned);
            self.say(tell::unknown_event_id(id.at, &id.text, near.as_deref()));
            return None;
        }
        let reason = self.reason(words);
        Some(Deed::Retract { id: id.text.clone(), reason })
    }

    /// `enroll a@acme.io in spring`
    fn enroll(
        &mut self,
        cast: &mut Cast,
        words: &mut Words<'_>,
        keyword: (&str, Span),
    ) -> Option<Deed> {
        let prospect = self.prospect_of(cast, words, keyword)?;
        let Some(campaign) = self.in_campaign(cast, words) else {
            self.say(tell::bad_setting(words.here(), "`in` and a campaign", &words.found()));
            return None;
        };
        let campaign = campaign?;
        // It exists from the start, but joins only now.
        cast.prospect(&prospect, keyword.1);
        cast.joins.insert((campaign.clone(), prospect.clone()));
        Some(Deed::Do(vec![Action::Enroll { campaign, prospect }]))
    }

    /// `add a@acme.io to acme`, `add a@acme.io to spring`, `add a@acme.io`
    fn add(
        &mut self,
        cast: &mut Cast,
        words: &mut Words<'_>,
        keyword: (&str, Span),
    ) -> Option<Deed> {
        let word = self.behind(words, keyword)?;
        let key = word.text.clone();
        if cast.has(Sort::Prospect, &key) || literal::address(&key).is_none() {
            let found = format!("`{key}`");
            self.say(tell::bad_setting(word.at, "the address of someone new", &found));
            return None;
        }
        cast.enter(Sort::Prospect, &key);
        let to = match words.take("to") {
            Some(at) if words.at_arrow_or_end() => {
                self.say(say::missing_value(at, "to"));
                return None;
            }
            Some(_) => Some(self.subject(cast, words, Some(Sort::Company))?),
            None => None,
        };
        let mut prospect = Prospect { key: key.clone(), ..Prospect::default() };
        let mut campaigns: Vec<String> = Vec::new();
        match to {
            Some((Subject::Of(Sort::Campaign, campaign), _)) => campaigns.push(campaign),
            Some((Subject::Of(Sort::Company, company), _)) => prospect.company = Some(company),
            Some((other, at)) => {
                let expected = "a company or a campaign";
                self.say(tell::bad_setting(at, expected, &format!("a {}", other.kind())));
                return None;
            }
            None => {}
        }
        if campaigns.is_empty() {
            campaigns.extend(cast.open_campaigns().map(str::to_owned));
        }
        let mut actions = vec![Action::PutProspect(prospect)];
        let enroll = |campaign| Action::Enroll { campaign, prospect: key.clone() };
        actions.extend(campaigns.into_iter().map(enroll));
        Some(Deed::Do(actions))
    }

    fn prospect_of(
        &mut self,
        cast: &mut Cast,
        words: &mut Words<'_>,
        (keyword, at): (&str, Span),
    ) -> Option<String> {
        if words.at_arrow_or_end() {
            self.say(tell::no_subject(at, keyword));
            return None;
        }
        match self.subject(cast, words, Some(Sort::Prospect))? {
            (Subject::Of(Sort::Prospect, key), _) => Some(key),
            (other, at) => {
                self.say(tell::bad_setting(at, "a prospect", &format!("a {}", other.kind())));
                None
            }
        }
    }

    /// `reply a@acme.io in spring kind human id first happened 1d`
    fn happening(
        &mut self,
        cast: &mut Cast,
        (words, whom): (&mut Words<'_>, Option<Words<'_>>),
        name: &Word,
    ) -> Option<Happening> {
        let Some(number) = self.out.event_names.get(name.text.as_str()).copied() else {
            let mut names: Vec<&str> = DEEDS.to_vec();
            names.extend(self.out.event_names.keys().map(|name| &**name));
            names.sort_unstable();
            let near = super::super::super::nearest::nearest(&name.text, names).map(str::to_owned);
            let near = near.filter(|_| self.may_help());
            self.say(say::unknown_event(name.at, &name.text, near.as_deref()));
            return None;
        };
        let attributes = self.out.events.get(number as usize)?.attributes.clone();
        let given = vec![false; attributes.len()];
        let event = Event::new(name.text.as_str(), "");
        let (named, timed, happened) = (false, Vec::new(), None);
        let mut reading = Reading { event, named, attributes, given, timed, happened, cast };
        let before = self.findings.errors;
        if let Some(mut whom) = whom {
            self.event_subject(&mut reading, &mut whom)?;
        }
        while let Some(piece) = words.peek().filter(|piece| !matches!(piece, Piece::Arrow(_))) {
            self.part(&mut reading, words, piece)?;
        }
        if self.errors_since(before) {
            return None;
        }
        self.complete(&reading, name)?;
        let Reading { event, timed, happened, cast, .. } = reading;
        if !event.id.is_empty() {
            cast.ids.insert(event.id.clone());
        }
        Some(Happening { event, happened, timed })
    }

    /// One subject, attribute or addition of an event. None where reading cannot go on.
    fn part(
        &mut self,
        reading: &mut Reading<'_>,
        words: &mut Words<'_>,
        piece: &Piece,
    ) -> Option<()> {
        let word = match piece {
            Piece::Word(word) => word,
            Piece::Text(_) => return self.event_subject(reading, words),
            Piece::Comma(_) | Piece::Arrow(_) => {
                self.say(tell::left_over(span_of(piece), &shown(piece)));
                return None;
            }
        };
        if ["->", "-->", "→", "⇒"].contains(&word.text.as_str()) {
            self.say(tell::other_arrow(word.at, &shown(piece)));
            return None;
        }
        let attribute = reading.attributes.iter().position(|it| *it.name == *word.text);
        let keyword = (word.text.as_str(), word.at);
        if let Some(attribute) = attribute
            && (reading.named || !reading.cast.knows(&word.text))
        {
            words.next();
            return self.attribute_value(reading, words, attribute, keyword);
        }
        match keyword.0 {
            "in" => {
                let campaign = self.in_campaign(reading.cast, words)??;
                let slot = &mut reading.event.subject.campaign;
                if slot.replace(campaign).is_some() {
                    self.say(tell::repeated_subject(keyword.1, "campaign"));
                }
            }
            "happened" => {
                words.next();
                reading.happened = Some(self.when(words)?);
            }
            "id" => {
                words.next();
                reading.event.id.clone_from(&self.behind(words, keyword)?.text);
            }
            _ if reading.named && !keyword.0.contains('@') && !reading.cast.knows(keyword.0) => {
                let (event, cast) = (reading.event.kind.clone(), &*reading.cast);
                let names = reading.attributes.iter().map(|it| &*it.name);
                let sorts = Sort::ALL.map(Sort::name);
                if sorts.contains(&keyword.0) && !cast.knows(keyword.0) {
                    return self.event_subject(reading, words);
                }
                let nearest = self.nearest(keyword.0, names);
                self.say(say::unknown_attribute(keyword.1, &event, keyword.0, nearest));
                return None;
            }
            _ => return self.event_subject(reading, words),
        }
        Some(())
    }

    fn event_subject(&mut self, reading: &mut Reading<'_>, words: &mut Words<'_>) -> Option<()> {
        let rather = Sort::of_event(&reading.event.kind).or(Some(Sort::Prospect));
        let (subject, at) = self.subject(reading.cast, words, rather)?;
        reading.named = true;
        let kind = subject.kind();
        let into = &mut reading.event.subject;
        let again = match subject {
            Subject::Of(Sort::Prospect, key) => into.prospect.replace(key).is_some(),
            Subject::Of(Sort::Company, key) => into.company.replace(key).is_some(),
            Subject::Of(Sort::Campaign, key) => into.campaign.replace(key).is_some(),
            Subject::Of(Sort::Sender, key) => into.sender.replace(key).is_some(),
            Subject::Workspace => std::mem::replace(&mut into.workspace, true),
        };
        if again {
            self.say(tell::repeated_subject(at, kind));
        }
        Some(())
    }

    fn attribute_value(
        &mut self,
        reading: &mut Reading<'_>,
        words: &mut Words<'_>,
        number: usize,
        keyword: (&str, Span),
    ) -> Option<()> {
        if words.at_arrow_or_end() {
            self.say(say::missing_value(keyword.1, keyword.0));
            return None;
        }
        let attribute = reading.attributes.get(number)?.clone();
        let given = reading.given.get_mut(number)?;
        if std::mem::replace(given, true) {
            self.say(say::repeated_clause(keyword.1, &format!("`{}`", keyword.0)));
        }
        let is_date = attribute.kind == Kind::Date;
        if is_date || attribute.kind == Kind::Instant {
            let when = self.when(words)?;
            reading.timed.push((attribute.name, when, is_date));
            return Some(());
        }
        let path = format!("{}.{}", reading.event.kind, attribute.name);
        let value = self.typed_value(words, &attribute.kind, &path)?;
        reading.event.attributes.push((attribute.name.into(), value));
        Some(())
    }

    /// A value of a type; says so if it is not one.
    fn typed_value(&mut self, words: &mut Words<'_>, kind: &Kind, path: &str) -> Option<Value> {
        let found = words.found();
        let word = words.value()?;
        let text = word.text.as_str();
        let value = match kind {
            Kind::TextList => {
                let mut list = vec![text.to_owned()];
                while words.comma() {
                    list.extend(words.value().map(|word| word.text.clone()));
                }
                Value::List(list)
            }
            Kind::Number => text.parse().map_or_else(|_| Value::from(text), Value::Number),
            Kind::Bool if ["true", "false"].contains(&text) => Value::Bool(text == "true"),
            Kind::Scope if text == "company" && words.take("in").is_some() => {
                words.take("campaign");
                Value::from("company in campaign")
            }
            _ => Value::from(text),
        };
        if typed(kind, &value).is_ok() {
            return Some(value);
        }
        match kind {
            Kind::Enum(values) => {
                let all: Vec<&str> = values.iter().map(|value| &**value).collect();
                let nearest = self.nearest(text, all.iter().copied());
                self.say(say::unknown_value(word.at, path, text, nearest, &all));
            }
            Kind::Scope => {
                self.scope_named(text, word.at);
            }
            _ => self.say(tell::bad_setting(word.at, &kind.spoken(), &found)),
        }
        None
    }

    /// Says so if an event lacks its subject or an attribute.
    fn complete(&mut self, reading: &Reading<'_>, name: &Word) -> Option<()> {
        let subject = &reading.event.subject;
        if *subject == crate::model::Subject::default() {
            self.say(tell::no_subject(name.at, &name.text));
            return None;
        }
        let missing = reading.attributes.iter().zip(&reading.given);
        let mut missing = missing.filter(|(attribute, given)| !attribute.optional && !**given);
        if let Some((attribute, _)) = missing.next() {
            let expected = attribute.kind.spoken();
            self.say(tell::missing_attribute(name.at, &name.text, &attribute.name, &expected));
            return None;
        }
        Some(())
    }
}
