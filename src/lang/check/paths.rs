//! What rules can read, and what is known to be there.

use std::collections::HashMap;

use super::super::ast::Span;
use super::super::diagnostic as say;
use super::super::ir::{Kind, Presence, Readable, Source};
use super::Checker;

/// The paths that are known to be there at a place, each counted, so that leaving the place that
/// made it known undoes only that.
#[derive(Default)]
pub(super) struct Known(HashMap<String, u32>);

impl Known {
    pub fn has(&self, path: &str) -> bool {
        self.0.get(path).is_some_and(|count| *count > 0)
    }

    pub fn add(&mut self, paths: &[String]) {
        for path in paths {
            *self.0.entry(path.clone()).or_default() += 1;
        }
    }

    pub fn remove(&mut self, paths: &[String]) {
        for path in paths {
            if let Some(count) = self.0.get_mut(path) {
                *count = count.saturating_sub(1);
            }
        }
    }
}

/// What can be read on every event.
pub(in super::super) const FIELDS: [(&str, Source, Kind, Presence); 12] = {
    use Presence::{Always, Expected, Optional};
    [
        ("prospect.address", Source::ProspectAddress, Kind::Address, Expected),
        ("prospect.domain", Source::ProspectDomain, Kind::Domain, Expected),
        ("prospect.zone", Source::ProspectZone, Kind::Text, Optional),
        ("prospect.tags", Source::ProspectTags, Kind::TextList, Always),
        ("company.key", Source::CompanyKey, Kind::Text, Optional),
        ("company.tags", Source::CompanyTags, Kind::TextList, Always),
        ("company.stage", Source::CompanyStage, Kind::Text, Optional),
        ("campaign.key", Source::CampaignKey, Kind::Text, Optional),
        ("campaign.tags", Source::CampaignTags, Kind::TextList, Always),
        ("enrollment.step", Source::EnrollmentStep, Kind::Number, Optional),
        ("enrollment.sends", Source::EnrollmentSends, Kind::Number, Optional),
        ("enrollment.days-since-last-send", Source::DaysSinceLastSend, Kind::Number, Optional),
    ]
};

impl Checker<'_> {
    /// What a path names in a rule on these events; says so if it names nothing.
    pub(super) fn readable(&mut self, path: &str, at: Span, events: &[u32]) -> Option<Readable> {
        if let Some((_, source, kind, presence)) =
            FIELDS.iter().find(|(name, ..)| *name == path).cloned()
        {
            return Some(Readable { source, kind, presence, path: path.to_owned() });
        }
        let Some((event_name, attribute_name)) = path.rsplit_once('.') else {
            return self.unknown(path, at, events);
        };
        let Some(number) = self.out.event_names.get(event_name).copied() else {
            return self.unknown(path, at, events);
        };
        let attributes = self.out.events.get(number as usize)?.attributes.clone();
        let position = attributes.iter().position(|a| &*a.name == attribute_name);
        let Some((position, attribute)) = position.and_then(|p| Some((p, attributes.get(p)?)))
        else {
            let names = attributes.iter().map(|attribute| &*attribute.name);
            let nearest = self.nearest(attribute_name, names);
            self.say(say::unknown_attribute(at, event_name, attribute_name, nearest));
            return None;
        };
        if let Some(other) = events.iter().find(|other| **other != number) {
            let other = self.out.events.get(*other as usize);
            let other = other.map_or("", |event| &*event.name);
            let finding = say::foreign_attribute(at, path, event_name, other);
            self.say(finding);
            return None;
        }
        let implied = attribute.kind.unknown_value().is_some();
        let optional = attribute.optional && !implied;
        Some(Readable {
            source: Source::Attribute(u32::try_from(position).ok()?),
            kind: attribute.kind.clone(),
            presence: if optional { Presence::Optional } else { Presence::Always },
            path: path.to_owned(),
        })
    }

    fn unknown(&mut self, path: &str, at: Span, events: &[u32]) -> Option<Readable> {
        if self.helps_left == 0 {
            self.say(say::unknown_path(at, path, None));
            return None;
        }
        let mut names: Vec<String> = FIELDS.iter().map(|(name, ..)| (*name).to_owned()).collect();
        for event in events.iter().filter_map(|event| self.out.events.get(*event as usize)) {
            let attributes = event.attributes.iter();
            names.extend(attributes.map(|attribute| format!("{}.{}", event.name, attribute.name)));
        }
        let exact = names.iter().find(|name| name.ends_with(&format!(".{path}")));
        let nearest = match exact {
            _ if path == "prospect.field" => Some("prospect.field(\"…\")"),
            Some(exact) => Some(exact.as_str()),
            None => self.nearest(path, names.iter().map(String::as_str)),
        };
        self.say(say::unknown_path(at, path, nearest));
        None
    }

    /// `prospect.field("name")`.
    pub(super) fn field(&mut self, path: &str, name: &str, at: Span) -> Option<Readable> {
        if path != "prospect.field" {
            let nearest = self.nearest(path, ["prospect.field"]);
            self.say(say::unknown_path(at, path, nearest));
            return None;
        }
        Some(Readable {
            source: Source::ProspectField(name.into()),
            kind: Kind::Text,
            presence: Presence::Optional,
            path: format!("prospect.field(\"{name}\")"),
        })
    }
}
