//! The records of companies and prospects. What few of them have lies apart, shared with snapshots
//! until it changes, so that a record is small, and a copy of it touches nothing else.

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::freeze::Anchor;
use super::record::NONE;
use crate::plan::Zone;

#[derive(Clone, Debug)]
pub(crate) struct CompanyRecord {
    pub(crate) anchor: Anchor,
    profile: Option<Arc<Profile>>,
    /// The last prospect that came to it; each knows the one before it. It follows from those.
    pub(crate) last_member: u32,
}

/// What a host told of a company.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Profile {
    pub(crate) name: Option<Box<str>>,
    pub(crate) stage: Option<Box<str>>,
    pub(crate) tags: Box<[Box<str>]>,
    pub(crate) domains: Box<[Box<str>]>,
}

impl Default for CompanyRecord {
    fn default() -> Self {
        Self { anchor: Anchor::default(), profile: None, last_member: NONE }
    }
}

impl CompanyRecord {
    pub(crate) fn name(&self) -> Option<&str> {
        self.profile.as_ref()?.name.as_deref()
    }

    pub(crate) fn stage(&self) -> Option<&str> {
        self.profile.as_ref()?.stage.as_deref()
    }

    pub(crate) fn tags(&self) -> &[Box<str>] {
        self.profile.as_ref().map_or(&[], |profile| &profile.tags)
    }

    pub(crate) fn domains(&self) -> &[Box<str>] {
        self.profile.as_ref().map_or(&[], |profile| &profile.domains)
    }

    pub(crate) fn change_profile<R>(&mut self, change: impl FnOnce(&mut Profile) -> R) -> R {
        change(Arc::make_mut(self.profile.get_or_insert_default()))
    }
}

#[derive(Clone, Debug)]
pub(crate) struct ProspectRecord {
    pub(crate) company: u32,
    /// The last of its enrollments; each knows the one before it.
    pub(crate) first_enrollment: u32,
    /// The prospect that came to its company before it. It follows from the records.
    pub(crate) next_of_company: u32,
    pub(crate) zone: Option<Zone>,
    /// True if a host named the company; then an address does not change it.
    pub(crate) company_given: bool,
    rare: Option<Arc<Rare>>,
}

/// What a host told of a prospect.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Details {
    pub(crate) address: Option<Box<str>>,
    pub(crate) tags: Box<[Box<str>]>,
    pub(crate) fields: FieldTexts,
}

/// Names and texts of further fields.
pub(crate) type FieldTexts = Box<[(Box<str>, Box<str>)]>;

#[derive(Clone, Debug, Default)]
struct Rare {
    anchor: Anchor,
    details: Option<Arc<Details>>,
}

/// A prospect on whom nothing hangs has no anchor of its own.
static FREE: Anchor = Anchor::FREE;

impl Default for ProspectRecord {
    fn default() -> Self {
        Self {
            company: NONE,
            first_enrollment: NONE,
            next_of_company: NONE,
            zone: None,
            company_given: false,
            rare: None,
        }
    }
}

impl ProspectRecord {
    pub(crate) fn anchor(&self) -> &Anchor {
        self.rare.as_ref().map_or(&FREE, |rare| &rare.anchor)
    }

    pub(crate) fn change_anchor<R>(&mut self, change: impl FnOnce(&mut Anchor) -> R) -> R {
        self.change_rare(|rare| change(&mut rare.anchor))
    }

    pub(crate) fn details(&self) -> Option<&Details> {
        self.rare.as_ref()?.details.as_deref()
    }

    pub(crate) fn change_details<R>(&mut self, change: impl FnOnce(&mut Details) -> R) -> R {
        self.change_rare(|rare| change(Arc::make_mut(rare.details.get_or_insert_default())))
    }

    pub(crate) fn forget_details(&mut self) {
        if self.rare.is_some() {
            self.change_rare(|rare| rare.details = None);
        }
    }

    fn change_rare<R>(&mut self, change: impl FnOnce(&mut Rare) -> R) -> R {
        let rare = Arc::make_mut(self.rare.get_or_insert_default());
        let result = change(rare);
        if rare.anchor.is_free() && rare.details.is_none() {
            self.rare = None;
        }
        result
    }
}

/// A company travels as what was told of it, and its anchor.
impl Serialize for CompanyRecord {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.profile {
            Some(profile) => (profile, &self.anchor).serialize(serializer),
            None => (Profile::default(), &self.anchor).serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for CompanyRecord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (profile, anchor) = <(Profile, Anchor)>::deserialize(deserializer)?;
        let profile = (profile != Profile::default()).then(|| Arc::new(profile));
        Ok(Self { anchor, profile, last_member: NONE })
    }
}

/// A prospect travels as its parts, one after the other.
impl Serialize for ProspectRecord {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let enrollment = self.first_enrollment;
        let parts = (self.company, self.company_given, self.zone, enrollment);
        (parts, self.anchor(), self.details()).serialize(serializer)
    }
}

/// The parts of a prospect, as they travel.
type Parts = ((u32, bool, Option<Zone>, u32), Anchor, Option<Arc<Details>>);

impl<'de> Deserialize<'de> for ProspectRecord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (parts, anchor, details) = Parts::deserialize(deserializer)?;
        let (company, company_given, zone, first_enrollment) = parts;
        let next_of_company = NONE;
        let is_rare = !anchor.is_free() || details.is_some();
        let rare = is_rare.then(|| Arc::new(Rare { anchor, details }));
        Ok(Self { company, first_enrollment, next_of_company, zone, company_given, rare })
    }
}
