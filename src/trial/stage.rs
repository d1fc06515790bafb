//! One test on one engine: time passes from line to line, what is due goes out, and each line does
//! what it says.

use std::sync::Arc;

use chrono::Datelike;

use super::expect::Judge;
use crate::engine::{DEFAULT_WORKSPACE, State};
use crate::lang::script::{Act, Deed, Happening, Line, Moment, Script, When};
use crate::lang::{
    Finding, Lines, Point, Policy, RuleIndex, RuleVerdict, Witness, script_diagnostic as tell,
};
use crate::model::{Action, Command, Instant, Outcome, Refusal, Report, Settings, Value, Verdict};
use crate::plan::Zone;

/// Who gives the commands of a test.
const PERSON: &str = "the test";
/// The most sends of one claim, and how long they are taken for.
const CLAIM: (u32, u64) = (1000, 60_000);
/// The most often that time stops for sends in one test: what asks for more is told.
const MOST_STOPS: u32 = 100_000;
const MINUTE_MS: i64 = 60_000;

/// A test that is being run.
pub(super) struct Stage<'a> {
    script: &'a Script,
    state: State,
    pub(super) clock: Clock,
    now: Instant,
    stops: u32,
    pub(super) ids: u32,
}

/// The zone and the start of a test: what its times mean.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    pub(super) zone: Zone,
    start: Instant,
    start_local: chrono::NaiveDateTime,
}

impl Clock {
    fn of(script: &Script) -> Self {
        let zone = script.zone.as_ref().and_then(|zone| Zone::named(&zone.text));
        let zone = zone.unwrap_or(Zone::UTC);
        let start_local = script.start;
        Self { zone, start: zone.resolve(start_local), start_local }
    }

    /// The instant that is meant.
    pub(super) fn instant(&self, when: When) -> Instant {
        match when.moment {
            Moment::After(ms) => self.start.plus_ms(i64::try_from(ms).unwrap_or(i64::MAX)),
            Moment::OnDay(days, time) => {
                let days = chrono::Days::new(u64::from(days));
                let date = self.start_local.date().checked_add_days(days);
                date.map_or(Instant::MAX, |date| self.zone.resolve(date.and_time(time)))
            }
            Moment::Date(date) => self.zone.day_start(date),
            Moment::Clock(local) => self.zone.resolve(local),
            Moment::Instant(at) => at,
        }
    }

    /// An instant as people read it, in the zone of the test; with the year if it is another.
    pub(super) fn shown(&self, at: Instant) -> String {
        let local = self.zone.local(at);
        let same_year = local.year() == self.start_local.year();
        local.format(if same_year { "%a %-d %b %H:%M" } else { "%a %-d %b %Y %H:%M" }).to_string()
    }
}

impl<'a> Stage<'a> {
    /// Runs a test: what was not as expected, and what it showed of the rules.
    pub(super) fn play(
        policy: &Arc<Policy>,
        script: &'a Script,
        lines: &Lines<'_>,
    ) -> (Vec<Finding>, Vec<(RuleIndex, Point)>) {
        for zone in &script.zones {
            if Zone::named(&zone.text).is_none() {
                let nearest = Zone::nearest(&zone.text);
                return (vec![tell::unknown_zone(zone.at, &zone.text, nearest)], Vec::new());
            }
        }
        let clock = Clock::of(script);
        let state = State::under(Arc::clone(policy));
        let mut stage = Self { script, state, clock, now: clock.start, stops: 0, ids: 0 };
        let mut findings = Vec::new();
        let mut shown = Vec::new();
        if let Err(finding) = stage.set_up() {
            return (vec![finding], shown);
        }
        let (mut fired, mut between) = (false, Vec::new());
        for line in &script.lines {
            match stage.line(line, &mut between) {
                Ok(here) => {
                    let all = between.iter().chain(&here);
                    fired |= all.clone().any(has_fired);
                    shown.extend(all.flat_map(|witness| witness.points.iter().copied()));
                    let (clock, now) = (stage.clock, stage.now);
                    let judge = Judge { policy, lines, clock, now, here: &here, line };
                    findings.extend(judge.all(&stage.state, &between));
                    between.clear();
                }
                Err(finding) => {
                    findings.push(finding);
                    return (findings, shown);
                }
            }
        }
        if findings.is_empty() && !fired && !script.quiet {
            findings.push(tell::nothing_fires(script.at));
        }
        (findings, shown)
    }

    fn set_up(&mut self) -> Result<(), Finding> {
        let zone = self.clock.zone.name().to_owned();
        let at = self.script.at;
        self.apply(Action::Configure(Settings { zone: Some(zone), ..Settings::default() }), at)?;
        for (at, action) in &self.script.setup {
            self.apply(action.clone(), *at)?;
        }
        Ok(())
    }

    /// Applies a command now; a refusal is a finding.
    fn apply(&mut self, action: Action, at: crate::lang::Span) -> Result<Outcome, Finding> {
        match self.told(action) {
            Outcome::Refused(refusal) => Err(tell::refused_line(at, &why(&refusal))),
            outcome => Ok(outcome),
        }
    }

    fn told(&mut self, action: Action) -> Outcome {
        self.state.apply(&mut Command::new(self.now, action).by(PERSON)).outcome
    }

    /// One line: what is due before it goes out, then what it says happens, then what is due at
    /// its own time goes out. What was heard on the way is added; what its own act caused is given.
    fn line(&mut self, line: &Line, between: &mut Vec<Witness>) -> Result<Vec<Witness>, Finding> {
        let at = self.clock.instant(line.when);
        if at < self.now {
            return Err(tell::back_in_time(line.when.at, &self.clock.shown(self.now)));
        }
        self.pass(at.plus_ms(-1), line)?;
        self.now = at;
        self.told(Action::Advance);
        between.extend(self.state.heard());
        if let Some(act) = &line.act {
            self.act(act)?;
        }
        let here = self.state.heard();
        self.pass(at, line)?;
        between.extend(self.state.heard());
        Ok(here)
    }

    /// Lets time pass up to an instant, and what is due go out when it is due.
    fn pass(&mut self, to: Instant, line: &Line) -> Result<(), Finding> {
        let mut idle = false;
        while let Some(due) = self.state.next_due(DEFAULT_WORKSPACE) {
            let due = due.max(if idle { self.now.plus_ms(MINUTE_MS) } else { self.now });
            if due > to {
                break;
            }
            self.stops += 1;
            if self.stops > MOST_STOPS {
                let why = format!("more than {MOST_STOPS} sends are due on the way here");
                return Err(tell::refused_line(line.when.at, &why));
            }
            self.now = due;
            self.told(Action::Advance);
            idle = !self.send();
        }
        self.now = self.now.max(to);
        Ok(())
    }

    /// Sends all that is due now, as a host would. Whether anything went out.
    fn send(&mut self) -> bool {
        let (limit, lease_ms) = CLAIM;
        let Outcome::Claimed { sends, .. } = self.told(Action::Claim { limit, lease_ms }) else {
            return false;
        };
        let mut sent = false;
        for send in sends {
            let verdict = self.told(Action::Confirm { token: send.token });
            if verdict == Outcome::Confirmed(Verdict::Go) {
                let report = Report::Sent { at: self.now };
                self.told(Action::Report { token: send.token, report });
                sent = true;
            }
        }
        sent
    }

    fn act(&mut self, act: &Act) -> Result<(), Finding> {
        let actions = match &act.deed {
            Deed::Record(happening) => vec![self.record(happening)],
            Deed::Retract { id, reason } => {
                let (event, reason) = (id.clone(), reason.clone());
                vec![Action::Retract { source: String::new(), event, reason }]
            }
            Deed::Hold { kind, target, until, reason } => {
                let until = until.map(|until| self.clock.instant(until));
                let (target, reason) = (target.clone(), reason.clone());
                vec![Action::Hold { kind: *kind, target, until, reason }]
            }
            Deed::Resume(target) => {
                let (target, prospects) = (target.clone(), false);
                vec![Action::Resume { target, prospects, reschedule: None, reason: None }]
            }
            Deed::Do(actions) => actions.clone(),
        };
        for action in actions {
            self.apply(action, act.at)?;
        }
        Ok(())
    }

    fn record(&mut self, happening: &Happening) -> Action {
        let mut event = happening.event.clone();
        if event.id.is_empty() {
            self.ids += 1;
            event.id = format!("event {}", self.ids);
        }
        event.at = happening.happened.map(|when| self.clock.instant(when));
        for (name, when, is_date) in &happening.timed {
            let at = self.clock.instant(*when);
            let date = match when.moment {
                Moment::Date(date) => date,
                _ => self.clock.zone.date_of(at),
            };
            let value = if *is_date { Value::Date(date) } else { Value::Instant(at) };
            event.attributes.push((name.to_string(), value));
        }
        Action::Record(event)
    }
}

/// Whether an event made a rule fire.
fn has_fired(witness: &Witness) -> bool {
    witness.traces.iter().any(|trace| trace.verdict == RuleVerdict::Fired)
}

fn why(refusal: &Refusal) -> String {
    refusal.to_string()
}
