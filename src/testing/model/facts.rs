//! What rules can read besides the event.

use std::collections::BTreeSet;

use super::{DAY_MS, HOUR_MS, Model};
use crate::lang::{Counted, Facts, SeriesKey};
use crate::model::{Company, Event, Instant, Prospect, Scope};

/// What an event is about, by key.
#[derive(Clone, Debug, Default)]
pub(super) struct About {
    pub prospect: Option<String>,
    pub company: Option<String>,
    pub campaign: Option<String>,
    pub sender: Option<String>,
    pub enrollment: Option<usize>,
}

/// An event in a window's log.
#[derive(Clone, Debug)]
pub(super) struct CountedEvent {
    pub series: SeriesKey,
    pub target: String,
    pub at: Instant,
    pub prospect: Option<String>,
    pub identity: (String, String),
    /// Whether a share is taken of it.
    pub of: bool,
}

/// An event that was taken.
#[derive(Clone, Debug)]
pub(super) struct Happened {
    pub event: Event,
    pub about: About,
    pub at: Instant,
    pub identity: (String, String),
    /// Whom it counts for, as things were then.
    pub targets: Vec<(Scope, Option<String>)>,
}

pub(super) struct Seen<'a> {
    pub model: &'a Model,
    pub about: &'a About,
    /// When the event happened.
    pub at: Instant,
}

impl About {
    /// Whom it counts for at a scope.
    pub fn counted_for(&self, model: &Model, scope: Scope) -> Option<String> {
        let prospect = || self.prospect.as_ref().map(|key| format!("prospect {key}"));
        match scope {
            Scope::Prospect => prospect(),
            Scope::Company => {
                self.company.as_ref().map(|key| format!("company {key}")).or_else(prospect)
            }
            Scope::Campaign => self.campaign.as_ref().map(|key| format!("campaign {key}")),
            Scope::Sender => {
                let enrolled = || Some(model.enrollments[self.enrollment?].sender.clone());
                self.sender.clone().or_else(enrolled).map(|key| format!("sender {key}"))
            }
            _ => None,
        }
    }
}

impl Seen<'_> {
    fn prospect(&self) -> Option<&Prospect> {
        self.model.prospects.get(self.about.prospect.as_ref()?)
    }

    fn company(&self) -> Option<&Company> {
        self.model.companies.get(self.about.company.as_ref()?)
    }

    fn tags_of_campaign(&self) -> &[String] {
        let key = self.about.campaign.as_ref();
        let campaign = key.and_then(|key| self.model.campaigns.get(key));
        campaign.map_or(&[], |it| list(&it.tags))
    }
}

fn list(tags: &Option<Vec<String>>) -> &[String] {
    tags.as_deref().unwrap_or_default()
}

impl Facts for Seen<'_> {
    fn prospect_address(&self) -> Option<&str> {
        self.prospect()?.address.as_deref()
    }

    fn prospect_domain(&self) -> Option<&str> {
        Some(self.prospect_address()?.rsplit_once('@')?.1)
    }

    fn prospect_zone(&self) -> Option<&str> {
        self.prospect()?.zone.as_deref()
    }

    fn prospect_has_tag(&self, tag: &str) -> bool {
        self.prospect().is_some_and(|it| list(&it.tags).iter().any(|it| it == tag))
    }

    fn prospect_tags(&self, each: &mut dyn FnMut(&str)) {
        let tags = self.prospect().map_or(&[][..], |it| list(&it.tags));
        tags.iter().for_each(|tag| each(tag));
    }

    fn prospect_field(&self, name: &str) -> Option<&str> {
        let mut fields = self.prospect()?.fields.iter().flatten();
        let found = fields.find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    fn company_key(&self) -> Option<&str> {
        self.about.company.as_deref()
    }

    fn company_stage(&self) -> Option<&str> {
        self.company()?.stage.as_deref()
    }

    fn company_has_tag(&self, tag: &str) -> bool {
        self.company().is_some_and(|it| list(&it.tags).iter().any(|it| it == tag))
    }

    fn company_tags(&self, each: &mut dyn FnMut(&str)) {
        let tags = self.company().map_or(&[][..], |it| list(&it.tags));
        tags.iter().for_each(|tag| each(tag));
    }

    fn campaign_key(&self) -> Option<&str> {
        self.about.campaign.as_deref()
    }

    fn campaign_has_tag(&self, tag: &str) -> bool {
        self.tags_of_campaign().iter().any(|it| it == tag)
    }

    fn campaign_tags(&self, each: &mut dyn FnMut(&str)) {
        self.tags_of_campaign().iter().for_each(|tag| each(tag));
    }

    fn enrollment_step(&self) -> Option<i64> {
        i64::try_from(self.model.waits_for(self.about.enrollment?)?).ok()
    }

    fn enrollment_sends(&self) -> Option<i64> {
        let enrollment = self.model.settled(self.about.enrollment?);
        i64::try_from(enrollment.position - enrollment.skipped).ok()
    }

    fn days_since_last_send(&self) -> Option<i64> {
        let last = self.model.enrollments[self.about.enrollment?].last_sent?;
        Some(self.model.now.ms_since(last) / DAY_MS)
    }

    fn counted(&self, window: u32) -> Option<Counted> {
        let (counter, span_ms) = self.model.policy.as_ref()?.window(window)?;
        let target = self.about.counted_for(self.model, counter.scope)?;
        let unit = if counter.share { HOUR_MS } else { 1 };
        let own = |it: &&CountedEvent| it.series == counter.series && it.target == target;
        let all: Vec<_> = self.model.counted.iter().filter(own).collect();
        let end = all.iter().map(|it| it.at).fold(self.at, Instant::max);
        let after = end.as_ms() / unit - i64::try_from(span_ms).ok()? / unit;
        let inside = all.into_iter().filter(|it| it.at.as_ms() / unit > after);
        let (of, counted): (Vec<_>, Vec<_>) = inside.partition(|it| it.of);
        let count = if counter.prospects {
            counted.iter().map(|it| &it.prospect).collect::<BTreeSet<_>>().len()
        } else {
            counted.len()
        };
        let number = |count: usize| u32::try_from(count).ok();
        Some(Counted { count: number(count)?, of: number(of.len())?, or_more: false })
    }
}
