//! Where a person is mentioned, in records of its own and in texts of others.
//!
//! There is no index for that: all of it has to be looked at. So it is looked for ahead, by whoever
//! asks for the person to be forgotten, in pictures of the tables; the writer then looks only at
//! what changed since the last of them.

#[cfg(test)]
mod tests;

use super::contacts::{CompanyRecord, FieldTexts, ProspectRecord};
use super::data::Data;
use super::pages::Pages;
use super::person::Person;
use super::record::{AnswerRecord, CampaignRecord, CauseRecord, Ended, HoldRecord, Origin, Target};

/// Who is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Whom {
    pub(crate) prospect: u32,
    /// In order.
    pub(crate) enrollments: Vec<u32>,
    pub(crate) person: Person,
}

/// The records that mention a person, of each table in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mentions {
    pub(crate) causes: Vec<u32>,
    pub(crate) holds: Vec<u32>,
    pub(crate) answers: Vec<u32>,
    pub(crate) prospects: Vec<u32>,
    pub(crate) companies: Vec<u32>,
    pub(crate) campaigns: Vec<u32>,
}

/// A picture of the tables that have texts.
#[derive(Clone, Debug)]
pub(crate) struct Texts {
    causes: Pages<CauseRecord>,
    holds: Pages<HoldRecord>,
    answers: Pages<AnswerRecord>,
    prospects: Pages<ProspectRecord>,
    companies: Pages<CompanyRecord>,
    campaigns: Pages<CampaignRecord>,
}

/// What was found in a picture.
#[derive(Debug)]
pub(crate) struct Found {
    whom: Whom,
    texts: Texts,
    mentions: Mentions,
}

impl Found {
    /// Looks for a person in a picture, where it differs from the one before. How many records that
    /// were is the second answer.
    pub(crate) fn look(whom: Whom, texts: Texts, before: Option<&Self>) -> (Self, usize) {
        let mut search = Search { whom: &whom, looked: 0 };
        let mentions = search.of(texts.tables(), before.and_then(|it| it.known(&whom)));
        let looked = search.looked;
        (Self { whom, texts, mentions }, looked)
    }

    /// What it knows of a person; nothing if it was looked for another, or under other names.
    fn known(&self, whom: &Whom) -> Option<(Tables<'_>, &Mentions)> {
        let same = (self.whom.prospect, &self.whom.person) == (whom.prospect, &whom.person);
        same.then(|| (self.texts.tables(), &self.mentions))
    }
}

/// The tables that have texts, where they are.
#[derive(Clone, Copy)]
struct Tables<'a> {
    causes: &'a Pages<CauseRecord>,
    holds: &'a Pages<HoldRecord>,
    answers: &'a Pages<AnswerRecord>,
    prospects: &'a Pages<ProspectRecord>,
    companies: &'a Pages<CompanyRecord>,
    campaigns: &'a Pages<CampaignRecord>,
}

impl Texts {
    const fn tables(&self) -> Tables<'_> {
        let Self { causes, holds, answers, prospects, companies, campaigns } = self;
        Tables { causes, holds, answers, prospects, companies, campaigns }
    }
}

impl Data {
    /// A picture of the tables that have texts.
    pub(crate) fn texts(&self) -> Texts {
        Texts {
            causes: self.causes.clone(),
            holds: self.holds.clone(),
            answers: self.answers.clone(),
            prospects: self.prospects.clone(),
            companies: self.companies.clone(),
            campaigns: self.campaigns.clone(),
        }
    }

    /// Where a person is mentioned, with what was found before.
    pub(crate) fn mentions(&self, whom: &Whom, before: Option<&Found>) -> Mentions {
        let Self { causes, holds, answers, prospects, companies, campaigns, .. } = self;
        let tables = Tables { causes, holds, answers, prospects, companies, campaigns };
        let mut search = Search { whom, looked: 0 };
        search.of(tables, before.and_then(|it| it.known(whom)))
    }
}

struct Search<'a> {
    whom: &'a Whom,
    looked: usize,
}

impl Search<'_> {
    fn of(&mut self, tables: Tables<'_>, before: Option<(Tables<'_>, &Mentions)>) -> Mentions {
        let whom = self.whom;
        let person = &whom.person;
        let causes = before.map(|(tables, it)| (tables.causes, &*it.causes));
        let causes = self.table(tables.causes, causes, |it| is_about(it, person));
        let holds = before.map(|(tables, it)| (tables.holds, &*it.holds));
        let holds = self.table(tables.holds, holds, |it| {
            whom.is_held_by(it) || is_of(it, &causes) || says(it, person)
        });
        let answers = before.map(|(tables, it)| (tables.answers, &*it.answers));
        let answers =
            self.table(tables.answers, answers, |it| person.scrub_outcome(&it.outcome).is_some());
        let prospects = before.map(|(tables, it)| (tables.prospects, &*it.prospects));
        let prospects = self.table(tables.prospects, prospects, |it| {
            it.details().is_some_and(|it| has_texts_of(person, &it.tags, &it.fields))
        });
        let companies = before.map(|(tables, it)| (tables.companies, &*it.companies));
        let companies = self.table(tables.companies, companies, |it| {
            let tags = it.tags().iter().map(|tag| &**tag);
            let mut texts = it.name().into_iter().chain(it.stage()).chain(tags);
            texts.any(|text| person.scrubbed(text).is_some())
        });
        let campaigns = before.map(|(tables, it)| (tables.campaigns, &*it.campaigns));
        let campaigns = self.table(tables.campaigns, campaigns, |it| {
            let steps = it.steps.iter().map(|step| step.name.as_str());
            let mut texts = it.tags.iter().map(|tag| &**tag).chain(steps);
            texts.any(|text| person.scrubbed(text).is_some())
        });
        Mentions { causes, holds, answers, prospects, companies, campaigns }
    }

    fn table<T>(
        &mut self,
        pages: &Pages<T>,
        before: Option<(&Pages<T>, &[u32])>,
        mentions: impl Fn(&T) -> bool,
    ) -> Vec<u32> {
        pages.all_where(before, |record| {
            self.looked += 1;
            mentions(record)
        })
    }
}

impl Whom {
    /// Whether a hold is on the person, or on an enrollment of it.
    pub(crate) fn is_held_by(&self, hold: &HoldRecord) -> bool {
        match hold.target {
            Target::Prospect(id) => id == self.prospect,
            Target::Enrollment(id) => self.enrollments.binary_search(&id).is_ok(),
            _ => false,
        }
    }
}

/// Whether an event that placed holds is about the person, or has it in its texts.
fn is_about(cause: &CauseRecord, person: &Person) -> bool {
    cause.event.subject.prospect.as_ref() == Some(&person.key)
        || person.is_in_event(&cause.event)
        || has_texts_of(person, &cause.facts.tags, &cause.facts.fields)
}

/// Whether one of these events placed a hold.
pub(crate) fn is_of(hold: &HoldRecord, causes: &[u32]) -> bool {
    match &hold.origin {
        Origin::Rule { cause, .. } => causes.binary_search(cause).is_ok(),
        _ => false,
    }
}

/// Whether the person is in what is told of a hold.
fn says(hold: &HoldRecord, person: &Person) -> bool {
    let origin = match &hold.origin {
        Origin::Person { by, reason } => [Some(by), reason.as_ref()],
        Origin::Rule { error, .. } => [error.as_ref(), None],
        Origin::Engine { .. } => [None, None],
    };
    let ended = match &hold.ended {
        Some((_, Ended::Person { by, reason })) => [Some(by), reason.as_ref()],
        Some((_, Ended::Rule { event })) => [Some(event), None],
        Some((_, Ended::Retracted { by })) => [by.as_ref(), None],
        _ => [None, None],
    };
    origin.into_iter().chain(ended).flatten().any(|text| person.scrubbed(text).is_some())
}

pub(crate) fn has_texts_of(person: &Person, tags: &[Box<str>], fields: &FieldTexts) -> bool {
    let mut texts = tags.iter().chain(fields.iter().flat_map(|(name, text)| [name, text]));
    texts.any(|text| person.scrubbed(text).is_some())
}
