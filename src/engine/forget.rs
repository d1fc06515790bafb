//! Forgetting a person: what is left of a prospect is a number, its place in campaigns and what
//! went out; and of a stop that was on it a salted hash, by which it is known if it comes back.
//!
//! What others have of the person in their texts goes, too.

use std::collections::BTreeSet;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;

use super::contacts::FieldTexts;
use super::data::Data;
use super::mentions::{Mentions, Texts, Whom, has_texts_of, is_of};
use super::pages::Pages;
use super::person::Person;
use super::record::{
    AddressRecord, CauseFacts, Ended, ForgottenRecord, HoldRecord, Origin, Phase, Target,
};
use super::sighting::Sighting;
use super::state::{DEFAULT_WORKSPACE, State};
use super::workspace::{Answer, Workspace, known};
use crate::model::{Action, Command, HoldKind, Outcome, Prospect, ResumeMode, forgotten_key};

/// The most addresses that are known of one prospect.
pub(crate) const MAX_ADDRESSES: usize = 16;
/// What the stop is called that is on everybody who was forgotten, and what else is left of texts.
pub(crate) const FORGOTTEN: &str = "forgotten";
/// What the stop is called that is on who comes back and had been stopped.
pub(crate) const CAME_BACK: &str = "stopped-before-forgotten";

impl State {
    /// The command with what it takes to forget a person, if that is what it is to do: as it is
    /// journaled.
    #[must_use]
    pub fn erasing(&self, command: Command) -> Command {
        let Action::Forget { prospect, reason } = command.action else {
            return command;
        };
        let name = command.workspace.as_deref().unwrap_or(DEFAULT_WORKSPACE);
        let workspace = self.names.id(name).and_then(|id| self.workspaces.get(id as usize));
        let addresses = workspace.and_then(|workspace| {
            Some(workspace.addresses_of(workspace.data.prospect_names.id(&prospect)?))
        });
        let (addresses, salt) = (addresses.unwrap_or_default(), drawn());
        Command { action: Action::Erase { prospect, addresses, salt, reason }, ..command }
    }
}

/// A number that nobody can guess: the system seeds each of these.
fn drawn() -> u128 {
    let half = || u128::from(RandomState::new().hash_one(FORGOTTEN));
    half() << 64 | half()
}

pub(super) fn salted(salt: u128, text: &str) -> u128 {
    let mut hasher = blake3::Hasher::new_derive_key("holdline who was stopped and is forgotten");
    hasher.update(&salt.to_le_bytes());
    hasher.update(text.to_lowercase().as_bytes());
    let half = hasher.finalize().as_bytes().first_chunk::<16>().copied();
    u128::from_le_bytes(half.unwrap_or_default())
}

impl Workspace {
    /// Forgets a prospect.
    pub(crate) fn erase(&mut self, key: &str, salt: u128, sequence: u64) -> Answer {
        let id = known("prospect", key, |key| self.data.prospect_names.id(key))?;
        let addresses = self.addresses_of(id);
        let stopped = self.data.is_stopped_for_good(id);
        self.remember_stop((id, sequence), salt, (key, &addresses), stopped);
        let enrollments = self.data.oldest_first(id);
        // Before anything is planned: what one command plans knows of all that it holds.
        self.stop_for_good(id, FORGOTTEN);
        let zone = self.data.prospects.get_mut(id).and_then(|record| record.zone.take());
        if zone.is_some() {
            enrollments.iter().for_each(|enrollment| self.place_anew(*enrollment));
        }
        for enrollment in enrollments {
            // What is out of its timeline has a slot of today until the last look.
            self.replan(enrollment, |record| {
                let claimed = record.phase == Phase::Claimed;
                record.set_days(&record.days().iter().take(usize::from(claimed)).collect());
            });
        }
        self.take_out(self.whom(id, key, addresses));
        Ok(Outcome::Forgotten { stopped })
    }

    /// Stops a prospect, whatever anybody says.
    pub(crate) fn stop_for_good(&mut self, id: u32, why: &str) {
        self.place_hold(HoldRecord {
            kind: HoldKind::Stop,
            target: Target::Prospect(id),
            mode: ResumeMode::Keep,
            origin: Origin::Engine { why: why.into() },
            placed: self.data.now,
            until: None,
            ended: None,
            members: None,
        });
    }

    /// Keeps, of who is forgotten, what a stop takes to survive: the hashes by which the person is
    /// known again. Without a stop, nothing; nor what was kept of one that was lifted since.
    fn remember_stop(
        &mut self,
        (prospect, sequence): (u32, u64),
        salt: u128,
        (key, addresses): (&str, &[String]),
        stopped: bool,
    ) {
        let salt = self.data.salt().unwrap_or(salt);
        let texts = std::iter::once(key).chain(addresses.iter().map(String::as_str));
        let hashes: BTreeSet<u128> = texts.map(|text| salted(salt, text)).collect();
        let hashes: Box<[u128]> = hashes.into_iter().collect();
        for hash in &hashes {
            if let Some(before) = self.index.forgotten.remove(*hash)
                && let Some(record) = self.data.forgotten.get_mut(before)
            {
                record.hashes = record.hashes.iter().filter(|it| *it != hash).copied().collect();
            }
        }
        let hashes = if stopped { hashes } else { Box::default() };
        let record = ForgottenRecord { prospect, sequence, salt, hashes: hashes.clone() };
        let id = self.data.forgotten.push(record);
        self.index.forgotten.extend(hashes.iter().map(|hash| (*hash, id)));
    }

    /// Keeps the address that a prospect had, if it gets another one: the oldest is let go of if
    /// there are too many.
    pub(crate) fn keep_address(&mut self, id: u32, next: Option<&str>) {
        let details = self.data.prospects.get(id).and_then(|record| record.details());
        let before = details.and_then(|details| details.address.clone());
        let Some(before) = before.filter(|before| next.is_some_and(|next| *next != **before))
        else {
            return;
        };
        let mut kept = self.index.earlier.remove(&id).unwrap_or_default();
        let is_same = |at: &u32| {
            let record = self.data.addresses.get(*at);
            record.is_some_and(|record| record.address == before)
        };
        let oldest = (kept.len() + 1 >= MAX_ADDRESSES).then_some(0);
        if let Some(at) = kept.iter().position(is_same).or(oldest) {
            self.let_go(kept.remove(at));
        }
        kept.push(self.data.addresses.push(AddressRecord { prospect: id, address: before }));
        self.index.earlier.insert(id, kept);
    }

    fn let_go(&mut self, address: u32) {
        if let Some(record) = self.data.addresses.get_mut(address) {
            record.address = Box::default();
        }
    }

    /// The addresses that a prospect has and had.
    fn addresses_of(&self, id: u32) -> Vec<String> {
        let earlier = self.index.earlier.get(&id).into_iter().flatten();
        let earlier = earlier.filter_map(|at| self.data.addresses.get(*at));
        let earlier = earlier.map(|record| &*record.address);
        self.data.address(id).into_iter().chain(earlier).map(str::to_owned).collect()
    }

    /// Whether a prospect is new, or has an address that is new, by which one is known who was
    /// stopped before it was forgotten.
    pub(crate) fn comes_back(&self, prospect: &Prospect) -> bool {
        let Some(salt) = self.data.salt().filter(|_| !self.index.forgotten.is_empty()) else {
            return false;
        };
        let id = self.data.prospect_names.id(&prospect.key);
        let before = id.and_then(|id| self.data.address(id));
        let key = Some(prospect.key.as_str()).filter(|_| id.is_none());
        let address = prospect.address.as_deref().filter(|it| Some(*it) != before);
        let mut texts = key.into_iter().chain(address);
        texts.any(|text| self.index.forgotten.get(salted(salt, text)).is_some())
    }

    fn whom(&self, prospect: u32, key: &str, addresses: Vec<String>) -> Whom {
        let mut enrollments = self.data.oldest_first(prospect);
        enrollments.sort_unstable();
        let person = Person { key: key.to_owned(), addresses, name: forgotten_key(prospect) };
        Whom { prospect, enrollments, person }
    }

    /// Whom a key names, and a picture of what may mention it.
    pub(crate) fn sought(&self, key: &str) -> Option<(Whom, Texts)> {
        let id = self.data.prospect_names.id(key)?;
        Some((self.whom(id, key, self.addresses_of(id)), self.data.texts()))
    }

    /// Takes a person out of everything that is kept.
    fn take_out(&mut self, whom: Whom) {
        let found = self.sighting.as_deref().and_then(Sighting::person);
        let mentions = self.data.mentions(&whom, found);
        let Whom { prospect: id, person, .. } = &whom;
        let is_told = |hold: &u32| {
            let hold = self.data.holds.get(*hold);
            hold.is_some_and(|hold| is_of(hold, &mentions.causes) || whom.is_held_by(hold))
        };
        let told: Vec<u32> = mentions.holds.iter().copied().filter(is_told).collect();
        // A hold is found by what its event and its target are called.
        for hold in &told {
            if let Some(record) = self.data.holds.get(*hold) {
                self.index.unnote_hold(&self.data, *hold, record);
            }
        }
        for cause in &mentions.causes {
            self.data.take_out_of_cause(*cause, person);
        }
        for hold in &mentions.holds {
            self.data.take_out_of_hold(*hold, &whom);
        }
        self.data.prospect_names.rename(*id, &person.name);
        if let Some(record) = self.data.prospects.get_mut(*id) {
            record.forget_details();
        }
        for address in self.index.earlier.remove(id).unwrap_or_default() {
            self.let_go(address);
        }
        for hold in told {
            if let Some(record) = self.data.holds.get(hold) {
                self.index.note_hold(&self.data, hold, record);
            }
        }
        self.data.take_out_of_texts(&mentions, person);
    }
}

impl Data {
    /// What hashes are salted with, if anybody was ever forgotten.
    pub(super) fn salt(&self) -> Option<u128> {
        self.forgotten.get(0).map(|record| record.salt)
    }

    /// Whether a stop is live on a prospect, or on one of its enrollments for another reason than
    /// that another campaign took its place.
    fn is_stopped_for_good(&self, id: u32) -> bool {
        let stops = |hold: &u32| {
            let hold = self.holds.get(*hold).filter(|hold| hold.kind == HoldKind::Stop);
            hold.map(|hold| matches!(hold.origin, Origin::Engine { .. }))
        };
        let on_prospect = self.prospects.get(id).map(|record| record.anchor().live());
        let on_prospect = on_prospect.into_iter().flatten().any(|hold| stops(hold).is_some());
        let mut enrollments = self.enrollments_of(id).filter_map(|id| self.enrollments.get(id));
        on_prospect
            || enrollments
                .any(|it| it.anchor().live().iter().any(|hold| stops(hold) == Some(false)))
    }

    fn take_out_of_cause(&mut self, id: u32, person: &Person) {
        let Some(cause) = self.causes.get_mut(id) else {
            return;
        };
        let event = &mut cause.event;
        if event.subject.prospect.as_ref() != Some(&person.key) {
            person.scrub_event(event);
            scrub_texts(person, &mut cause.facts.tags, &mut cause.facts.fields);
            return;
        }
        event.subject.prospect = Some(person.name.clone());
        person.scrub(&mut event.source);
        // No host's event has such an id.
        event.id.clear();
        event.attributes.clear();
        *cause.facts = CauseFacts::default();
    }

    /// What a hold on the person says of it goes; of others, what they say of it.
    fn take_out_of_hold(&mut self, id: u32, whom: &Whom) {
        let Some(hold) = self.holds.get(id) else {
            return;
        };
        let (own, person) = (whom.is_held_by(hold), &whom.person);
        let mut changed = hold.clone();
        let mut is_changed = match &mut changed.origin {
            Origin::Person { by, reason } => take(own, by, reason, person),
            Origin::Rule { error: Some(error), .. } => take_text(own, error, person),
            _ => false,
        };
        is_changed |= match &mut changed.ended {
            Some((_, Ended::Person { by, reason })) => take(own, by, reason, person),
            Some((_, Ended::Rule { event })) => take_text(own, event, person),
            Some((_, Ended::Retracted { by: Some(by) })) => person.scrub_box(by),
            _ => false,
        };
        if is_changed && let Some(slot) = self.holds.get_mut(id) {
            *slot = changed;
        }
    }

    fn take_out_of_texts(&mut self, mentions: &Mentions, person: &Person) {
        change(&mut self.answers, &mentions.answers, |answer| {
            let outcome = Arc::new(person.scrub_outcome(&answer.outcome)?);
            Some(super::record::AnswerRecord { outcome, ..answer.clone() })
        });
        change(&mut self.prospects, &mentions.prospects, |record| {
            let details = record.details()?;
            if !has_texts_of(person, &details.tags, &details.fields) {
                return None;
            }
            let mut record = record.clone();
            record.change_details(|details| {
                scrub_texts(person, &mut details.tags, &mut details.fields);
            });
            Some(record)
        });
        change(&mut self.companies, &mentions.companies, |record| {
            let tags = record.tags().iter().map(|tag| &**tag);
            let mut texts = record.name().into_iter().chain(record.stage()).chain(tags);
            if !texts.any(|text| person.scrubbed(text).is_some()) {
                return None;
            }
            let mut changed = record.clone();
            let is_changed = changed.change_profile(|profile| {
                let texts = profile.name.iter_mut().chain(&mut profile.stage);
                let texts = texts.chain(profile.tags.iter_mut());
                texts.fold(false, |changed, text| person.scrub_box(text) | changed)
            });
            is_changed.then_some(changed)
        });
        change(&mut self.campaigns, &mentions.campaigns, |record| {
            let mut changed = record.clone();
            let tags = changed.tags.iter_mut();
            let mut is_changed = tags.fold(false, |changed, tag| person.scrub_box(tag) | changed);
            let mut steps = record.steps.to_vec();
            for step in &mut steps {
                is_changed |= person.scrub(&mut step.name);
            }
            changed.steps = steps.into();
            is_changed.then_some(changed)
        });
    }
}

/// Changes those of some records for which there is another one.
fn change<T: Clone>(pages: &mut Pages<T>, ids: &[u32], changed: impl Fn(&T) -> Option<T>) {
    for id in ids {
        if let Some(record) = pages.get(*id).and_then(&changed)
            && let Some(slot) = pages.get_mut(*id)
        {
            *slot = record;
        }
    }
}

/// Takes away who did something and why; the reason wholly if it is on the person.
fn take(own: bool, by: &mut Box<str>, reason: &mut Option<Box<str>>, person: &Person) -> bool {
    let by = person.scrub_box(by);
    match reason {
        Some(_) if own => {
            *reason = None;
            true
        }
        Some(reason) => person.scrub_box(reason) | by,
        None => by,
    }
}

fn take_text(own: bool, text: &mut Box<str>, person: &Person) -> bool {
    if own {
        *text = FORGOTTEN.into();
    }
    own || person.scrub_box(text)
}

fn scrub_texts(person: &Person, tags: &mut [Box<str>], fields: &mut FieldTexts) {
    let fields = fields.iter_mut().flat_map(|(name, text)| [name, text]);
    for text in tags.iter_mut().chain(fields) {
        person.scrub_box(text);
    }
}
