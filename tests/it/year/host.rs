//! A host that sends for a year, and checks each send and each plan as it goes.

use std::collections::{BTreeMap, VecDeque};

use chrono::NaiveDate;
use holdline::plan::Zone;
use holdline::{Instant, Selection, Status};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use serde_json::{Value as Json, json};

use super::calendar::{Closed, objection};
use super::world::{Act, CAMPAIGNS, Days, MODES, PEOPLE, SENDERS, Step, World, first_day, person};
use crate::apply::Host;

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// A mailbox as the host knows it.
#[derive(Default)]
struct Sender {
    zone: Option<Zone>,
    limit: u32,
    frozen: Days,
    sent: BTreeMap<NaiveDate, u32>,
}

pub struct Year {
    host: Host,
    begin: Instant,
    now: Instant,
    seed: u64,
    steps: BTreeMap<String, Vec<Step>>,
    senders: BTreeMap<String, Sender>,
    zones: BTreeMap<String, Zone>,
    closed: Closed,
    /// What is still to happen, and on which day.
    acts: VecDeque<(i64, Act)>,
    /// Sends that nobody knows the outcome of, until a person orders them again.
    unknown: Vec<String>,
    /// So many commands until all is planned anew that a change affects.
    pending: u32,
    away_until: Instant,
}

impl Year {
    pub fn new(world: &World) -> Self {
        let begin = format!("{}T00:00:00Z", first_day());
        let mut host = Host::since(&begin);
        let rule = |mode: &&str| {
            let matches = format!("on guardrail where guardrail.name is \"{mode}\"");
            format!("rule {mode} {{ {matches} pause prospect for 9d resume {mode} }}\n")
        };
        host.policy(&format!("policy 1\n{}", MODES.iter().map(rule).collect::<String>()));
        let begin: Instant = begin.parse().unwrap();
        let mut year = Self {
            host,
            begin,
            now: begin,
            seed: world.seed,
            steps: BTreeMap::new(),
            senders: BTreeMap::new(),
            zones: BTreeMap::new(),
            closed: Closed::default(),
            acts: world.acts.iter().cloned().collect(),
            unknown: Vec::new(),
            pending: 0,
            away_until: begin,
        };
        for (key, (zone, limit)) in SENDERS.into_iter().zip(&world.senders) {
            let put = json!({"do": "put-sender", "key": key, "zone": zone, "limit-per-day": limit});
            year.tell(put);
            let zone = Zone::named(zone);
            year.senders.insert(key.into(), Sender { zone, limit: *limit, ..Sender::default() });
        }
        for (key, campaign) in CAMPAIGNS.into_iter().zip(&world.campaigns) {
            let steps: Vec<Json> = campaign.steps.iter().map(Step::json).collect();
            let placement = placement(campaign.rolling);
            year.tell(json!({
                "do": "put-campaign", "key": key, "steps": steps, "senders": campaign.senders,
                "placement": placement,
            }));
            year.steps.insert(key.into(), campaign.steps.clone());
        }
        year
    }

    pub fn sends(&self) -> u32 {
        self.senders.values().flat_map(|sender| sender.sent.values()).sum()
    }

    /// The same numbers for the same seed.
    fn chance(&mut self, below: u64) -> u64 {
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695);
        (self.seed >> 33) % below
    }

    /// A command of now. What is refused changes nothing.
    fn tell(&mut self, command: Json) -> Json {
        self.host.at_instant(self.now);
        let outcome = self.host.tell(command);
        if outcome.get("ok").is_some() {
            self.pending = self.pending.saturating_sub(1);
        }
        outcome
    }

    const fn day(&self) -> i64 {
        self.now.ms_since(self.begin) / DAY_MS
    }

    fn later(&mut self, minutes: u64) {
        self.now = self.now.plus_ms(minutes.cast_signed() * 60_000);
    }

    pub fn pass(&mut self, world: &World) -> TestCaseResult {
        let mut people: Vec<_> = world.people.iter().enumerate().collect();
        people.sort_by_key(|(_, (_, day, _))| std::cmp::Reverse(*day));
        while self.now < self.begin.plus_ms(365 * DAY_MS) {
            let day = self.day();
            while let Some((at, who)) = people.pop_if(|(_, (_, when, _))| *when <= day) {
                self.enroll(&person(at), *who);
            }
            while let Some(act) = self.next_act(day) {
                self.act(&act);
                self.check_plans()?;
            }
            if self.now >= self.away_until {
                self.send()?;
            }
            self.check_plans()?;
            let wait = 60 + self.chance(11 * 60);
            self.later(wait);
        }
        self.check_agenda()
    }

    fn enroll(&mut self, key: &str, (zone, _, campaign): (&str, i64, &str)) {
        self.tell(json!({"do": "put-prospect", "key": key, "zone": zone}));
        self.zones.insert(key.to_owned(), Zone::named(zone).unwrap());
        self.tell(json!({"do": "enroll", "campaign": campaign, "prospect": key}));
    }

    fn next_act(&mut self, day: i64) -> Option<Act> {
        let is_due = self.acts.front().is_some_and(|(when, _)| *when <= day);
        if is_due { self.acts.pop_front().map(|(_, act)| act) } else { None }
    }

    fn act(&mut self, act: &Act) {
        match act {
            Act::Limit(at, limit) => {
                let key = SENDERS[*at];
                self.senders.get_mut(key).unwrap().limit = *limit;
                self.change(json!({"do": "put-sender", "key": key, "limit-per-day": limit}));
            }
            Act::Frozen(at, days) => {
                let key = SENDERS[*at];
                let days = days.later(self.day());
                self.senders.get_mut(key).unwrap().frozen = days.clone();
                self.change(json!({"do": "put-sender", "key": key, "frozen": days.json()}));
            }
            Act::Holidays(calendars) => {
                self.closed.holidays.clone_from(calendars);
                self.change(json!({"do": "configure", "holidays": calendars}));
            }
            Act::Closed(days) => {
                let days = days.later(self.day());
                self.closed.own = days.clone();
                self.change(json!({"do": "configure", "closed": days.json()}));
            }
            Act::Moves(at, zone) => {
                self.zones.insert(person(*at), Zone::named(zone).unwrap());
                self.change(json!({"do": "put-prospect", "key": person(*at), "zone": zone}));
            }
            Act::Steps(at, number, step) => {
                let steps = self.steps.get_mut(CAMPAIGNS[*at]).unwrap();
                let number = number % steps.len();
                steps[number] = step.clone();
                let steps: Vec<Json> = steps.iter().map(Step::json).collect();
                self.change(json!({"do": "put-campaign", "key": CAMPAIGNS[*at], "steps": steps}));
            }
            Act::Rolling(at, rolling) => {
                let (key, placement) = (CAMPAIGNS[*at], placement(*rolling));
                self.change(json!({"do": "put-campaign", "key": key, "placement": placement}));
            }
            Act::Senders(at, senders) => {
                let key = CAMPAIGNS[*at];
                self.change(json!({"do": "put-campaign", "key": key, "senders": senders}));
            }
            Act::Event(..)
            | Act::Pause(_)
            | Act::Resume(_)
            | Act::Reschedule(..)
            | Act::Away(_) => {
                self.hold(act);
            }
        }
    }

    fn hold(&mut self, act: &Act) {
        let with = |what: &Json, verb: &str| {
            let mut command = what.clone();
            command["do"] = verb.into();
            command["by"] = "ops".into();
            command
        };
        match act {
            Act::Event(at, mode) => {
                let event = json!({"prospect": person(*at), "name": mode, "scope": "prospect"});
                let command = self.host.event_command("guardrail", event);
                self.tell(command);
            }
            Act::Pause(target) => drop(self.tell(with(target, "pause"))),
            Act::Resume(target) => drop(self.tell(with(target, "resume"))),
            Act::Reschedule(selection, days) => {
                let from = self.now.plus_ms(days * DAY_MS).to_string();
                let command =
                    json!({"selection": selection, "from": from, "resume": days % 2 == 0});
                self.tell(with(&command, "reschedule"));
            }
            Act::Away(days) => self.away_until = self.now.plus_ms(days * DAY_MS),
            _ => {}
        }
    }

    /// A command after which timelines are planned anew, with those that follow.
    fn change(&mut self, command: Json) {
        self.tell(command);
        // Three looks at each enrollment, 16 with each command.
        self.pending += (3 * PEOPLE as u32).div_ceil(16);
        if self.chance(2) == 0 {
            while self.pending > 0 {
                self.tell(json!({"do": "advance"}));
            }
        }
    }

    fn send(&mut self) -> TestCaseResult {
        if self.chance(20) == 0 {
            for token in std::mem::take(&mut self.unknown) {
                let reason = "not in the mailbox";
                self.tell(json!({"do": "resend", "token": token, "by": "ops", "reason": reason}));
            }
        }
        let claimed = self.tell(json!({"do": "claim", "limit": 100, "lease": "30m"}));
        for send in claimed["sends"].as_array().unwrap() {
            let wait = self.chance(9);
            self.later(wait);
            // What happens between the claim and the last look counts.
            if self.chance(2) == 0
                && let Some(act) = self.next_act(self.day() + 7)
            {
                self.act(&act);
            }
            let token = send["token"].as_str().unwrap();
            let verdict = self.tell(json!({"do": "confirm", "token": token}));
            if verdict["ok"] != "go" {
                continue;
            }
            self.check_send(send)?;
            self.report(token);
        }
        Ok(())
    }

    fn report(&mut self, token: &str) {
        let report = match self.chance(20) {
            0 | 1 => json!({"do": "failed", "token": token, "failure": "temporary"}),
            2 => json!({"do": "failed", "token": token, "failure": "permanent"}),
            3 => {
                self.unknown.push(token.to_owned());
                json!({"do": "unknown", "token": token})
            }
            _ => json!({"do": "sent", "token": token}),
        };
        let wait = self.chance(5);
        self.later(wait);
        self.tell(report);
    }

    fn check_send(&mut self, send: &Json) -> TestCaseResult {
        let text = |name: &str| send[name].as_str().unwrap();
        let step = usize::try_from(send["step"].as_u64().unwrap()).unwrap() - 1;
        self.check(text("campaign"), text("prospect"), text("sender"), step, self.now)?;
        let sender = self.senders.get_mut(text("sender")).unwrap();
        let date = sender.zone.unwrap().date_of(self.now);
        let count = sender.sent.entry(date).or_default();
        *count += 1;
        prop_assert!(*count <= sender.limit, "{count} sends of {} on {date}", text("sender"));
        Ok(())
    }

    /// That a step may go out at an instant.
    fn check(
        &self,
        campaign: &str,
        prospect: &str,
        sender: &str,
        step: usize,
        at: Instant,
    ) -> TestCaseResult {
        let which = || format!("step {} of {prospect} in {campaign} by {sender}", step + 1);
        let timing = &self.steps[campaign][step];
        let objection = objection(timing, self.zones[prospect], at, &self.closed);
        prop_assert!(objection.is_none(), "{}: {}", which(), objection.unwrap());
        let sender = &self.senders[sender];
        let date = sender.zone.unwrap().date_of(at);
        prop_assert!(!sender.frozen.contain(date), "{}: frozen on {date}", which());
        Ok(())
    }

    /// That what is planned and free may go out when it is planned, once all is planned anew.
    fn check_plans(&mut self) -> TestCaseResult {
        if self.pending > 0 {
            return Ok(());
        }
        for row in self.host.list(Selection::default()) {
            if let (Status::Scheduled, Some(at)) = (row.status, row.next) {
                let step = usize::from(row.sent + row.skipped);
                self.check(&row.campaign, &row.prospect, &row.sender, step, at)?;
            }
        }
        Ok(())
    }

    /// That the agenda has counted as the host has.
    fn check_agenda(&self) -> TestCaseResult {
        let snapshot = self.host.engine.snapshot().unwrap();
        let first = first_day().pred_opt().unwrap();
        let last = first + chrono::TimeDelta::days(370);
        let agenda = snapshot.view("default").unwrap().agenda(first, last);
        for (date, at) in first.iter_days().take_while(|date| *date < last).zip(0..) {
            for sender in &agenda.senders {
                let day: Option<&holdline::engine::view::AgendaDay> = sender.days.get::<usize>(at);
                let counted = self.senders[&sender.sender].sent.get(&date).copied();
                let shown = day.map(|day| day.sent);
                prop_assert_eq!(shown.unwrap_or_default(), counted.unwrap_or_default());
            }
        }
        Ok(())
    }
}

const fn placement(rolling: bool) -> &'static str {
    if rolling { "rolling" } else { "whole" }
}
