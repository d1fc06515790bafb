//! Random events of a policy, and facts: made so that rules match and windows fill.

use super::vocabulary::{Attribute, Kind};
use super::writer::{Readable, Writer};
use crate::lang::{Counted, Facts};
use crate::model::{Event, Instant, Value};

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// What rules can read besides the event, given one by one.
#[derive(Clone, Debug, Default)]
pub struct World {
    address: Option<String>,
    domain: Option<String>,
    zone: Option<String>,
    fields: Vec<(String, String)>,
    tags: Vec<String>,
    company: Option<String>,
    stage: Option<String>,
    company_tags: Vec<String>,
    campaign: Option<String>,
    campaign_tags: Vec<String>,
    step: Option<i64>,
    sends: Option<i64>,
    days: Option<i64>,
    /// What each window of the policy counts.
    pub counted: Vec<Option<Counted>>,
}

impl Writer<'_, '_> {
    /// Events in the order in which they come in, not always that in which they happened, each
    /// with what there is to read when it does.
    pub(super) fn history(&mut self) -> Vec<(Event, World)> {
        let mut now = 1_772_442_000_000;
        let count = 1 + self.choices.below(16);
        (0..count)
            .map(|number| {
                now += self.choices.pick(&[
                    0,
                    1,
                    HOUR_MS / 2,
                    HOUR_MS,
                    HOUR_MS - 1,
                    HOUR_MS / 2,
                    HOUR_MS,
                    DAY_MS,
                    2 * DAY_MS,
                    3 * DAY_MS,
                    7 * DAY_MS,
                    60 * DAY_MS,
                ]);
                let late = self.choices.pick(&[0, 0, 0, 0, HOUR_MS, DAY_MS, 7 * DAY_MS]);
                let event = self.event(number).at(Instant::from_ms(now - late));
                let event = self.subject(event);
                (event, self.world())
            })
            .collect()
    }

    fn event(&mut self, number: usize) -> Event {
        let name = if self.choices.chance(15) || self.asked.is_empty() {
            self.choices.pick(&self.events).name
        } else {
            self.choices.pick(&self.asked)
        };
        let mut event = Event::new(name, format!("e{number}"));
        let found = self.events.iter().find(|event| event.name == name).cloned();
        let Some(found) = found else { return event };
        for Attribute { name: attribute, kind, optional } in found.attributes {
            // Now and then even what must be there is missing.
            if self.choices.chance(if optional { 40 } else { 1 }) {
                continue;
            }
            let value = match self.matching(&format!("{name}.{attribute}")) {
                Some(value) => value,
                None => kind.value(self.choices),
            };
            event = event.with(attribute, value);
        }
        match self.choices.below(64) {
            62 => event.with("nothing", 1),
            63 => event.with("size", "x"),
            _ => event,
        }
    }

    /// One of the values that the policy compares the path with.
    fn matching(&mut self, path: &str) -> Option<Value> {
        let all = self.mentioned.iter().filter(|(own, _)| own == path);
        let all: Vec<Value> = all.map(|(_, value)| value.clone()).collect();
        (!all.is_empty() && self.choices.chance(70)).then(|| self.choices.pick(&all))
    }

    /// Few people and fewer companies, so that windows have something to count.
    fn subject(&mut self, event: Event) -> Event {
        let mut event = event;
        if !self.choices.chance(12) {
            event = event.prospect(format!("p{}", self.choices.below(3)));
        }
        if !self.choices.chance(25) {
            event = event.company(self.choices.pick(&["c0", "c0", "c1"]));
        }
        if !self.choices.chance(25) {
            event = event.campaign(self.choices.pick(&["spring", "spring", "p0"]));
        }
        if !self.choices.chance(25) {
            event = event.sender(self.choices.pick(&["s0", "s1"]));
        }
        event
    }

    fn world(&mut self) -> World {
        let mut world = World::default();
        for Readable { path, kind, .. } in Readable::anywhere() {
            if self.choices.chance(if kind == Kind::List { 0 } else { 20 }) {
                continue;
            }
            let value = match self.matching(&path) {
                Some(value) => value,
                None => kind.value(self.choices),
            };
            match (path.as_str(), value) {
                ("prospect.address", Value::Text(it)) => world.address = Some(it.to_lowercase()),
                ("prospect.domain", Value::Text(it)) => world.domain = Some(it.to_lowercase()),
                ("prospect.zone", Value::Text(it)) => world.zone = Some(it),
                ("prospect.tags", Value::List(it)) => world.tags = it,
                ("company.key", Value::Text(it)) => world.company = Some(it),
                ("company.tags", Value::List(it)) => world.company_tags = it,
                ("company.stage", Value::Text(it)) => world.stage = Some(it),
                ("campaign.key", Value::Text(it)) => world.campaign = Some(it),
                ("campaign.tags", Value::List(it)) => world.campaign_tags = it,
                ("enrollment.step", Value::Number(it)) => world.step = Some(it),
                ("enrollment.sends", Value::Number(it)) => world.sends = Some(it),
                ("enrollment.days-since-last-send", Value::Number(it)) => world.days = Some(it),
                (field, Value::Text(it)) => {
                    let name = field.split('"').nth(1).unwrap_or_default();
                    world.fields.push((name.to_owned(), it));
                }
                _ => {}
            }
        }
        world
    }
}

impl Facts for World {
    fn prospect_address(&self) -> Option<&str> {
        self.address.as_deref()
    }
    fn prospect_domain(&self) -> Option<&str> {
        self.domain.as_deref()
    }
    fn prospect_zone(&self) -> Option<&str> {
        self.zone.as_deref()
    }
    fn prospect_has_tag(&self, tag: &str) -> bool {
        self.tags.iter().any(|own| own == tag)
    }
    fn prospect_tags(&self, each: &mut dyn FnMut(&str)) {
        self.tags.iter().for_each(|tag| each(tag));
    }
    fn prospect_field(&self, name: &str) -> Option<&str> {
        let found = self.fields.iter().find(|(own, _)| own == name);
        found.map(|(_, value)| value.as_str())
    }
    fn company_key(&self) -> Option<&str> {
        self.company.as_deref()
    }
    fn company_stage(&self) -> Option<&str> {
        self.stage.as_deref()
    }
    fn company_has_tag(&self, tag: &str) -> bool {
        self.company_tags.iter().any(|own| own == tag)
    }
    fn company_tags(&self, each: &mut dyn FnMut(&str)) {
        self.company_tags.iter().for_each(|tag| each(tag));
    }
    fn campaign_key(&self) -> Option<&str> {
        self.campaign.as_deref()
    }
    fn campaign_has_tag(&self, tag: &str) -> bool {
        self.campaign_tags.iter().any(|own| own == tag)
    }
    fn campaign_tags(&self, each: &mut dyn FnMut(&str)) {
        self.campaign_tags.iter().for_each(|tag| each(tag));
    }
    fn enrollment_step(&self) -> Option<i64> {
        self.step
    }
    fn enrollment_sends(&self) -> Option<i64> {
        self.sends
    }
    fn days_since_last_send(&self) -> Option<i64> {
        self.days
    }
    fn counted(&self, window: u32) -> Option<Counted> {
        self.counted.get(window as usize).copied().flatten()
    }
}
