//! The interpreter that runs against the one that says what is meant.
//!
//! One case is a policy and its history. The engine's interpreter evaluates compiled programs, with
//! the engine's own logs behind its windows; the reference walks the tree and counts over a list.
//! Both must say the same of every event, whatever the order of the rules, and so must the
//! explanations.

use std::collections::BTreeMap;

use super::policies::{Case, World};
use crate::engine::counting::{CountRecord, Entry};
use crate::lang::reference::{Act, Acts, NOBODY, Reference};
use crate::lang::{
    Counted, Counter, Effect, Fired, Policy, RuleIndex, RuleVerdict, SeriesKey, TypedEvent, render,
};
use crate::model::{Event, Instant, Scope};

/// What a case had in it, to see that the cases are worth something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Whether the policy compiles.
    pub compiles: bool,
    /// Events that were evaluated.
    pub events: usize,
    /// Of these, events on which some rule did something.
    pub matched: usize,
    /// Events that neither side takes.
    pub refused: usize,
    /// Holds that were placed.
    pub holds: usize,
    /// Lifting effects.
    pub resumes: usize,
    /// Rules or effects that could not be evaluated.
    pub errors: usize,
    /// Rules that were overridden.
    pub overridden: usize,
    /// Windows that counted more than one event.
    pub filled: usize,
}

/// Compares the two on a case; the error says where they part.
pub fn compare(case: &Case) -> Result<Tally, String> {
    let mut tally = Tally::default();
    let (fast, turned) = match (Policy::compile(&case.bundle), Policy::compile(&case.turned)) {
        (Ok((fast, _)), Ok((turned, _))) => (fast, turned),
        (Err(_), Err(_)) => return Ok(tally),
        (Err(found), Ok(_)) => return Err(render(&found, &case.bundle, false)),
        (Ok(_), Err(found)) => return Err(render(&found, &case.turned, false)),
    };
    tally.compiles = true;
    let reference = Reference::new(&case.bundle);
    let mut sides = [Side::new(&fast), Side::new(&turned)];
    let (mut past, mut now) = (Vec::new(), Instant::MIN);
    for (number, (event, world)) in case.history.iter().enumerate() {
        let at = event.at.unwrap_or_default();
        now = now.max(at);
        let expected = reference.evaluate(event, &past, world);
        for side in &mut sides {
            let found = side.take(event, world, (at, now), &mut tally)?;
            if found != expected {
                return Err(format!(
                    "event {number}: {event:?}\nexpected {expected:#?}\nfound {found:#?}"
                ));
            }
        }
        match expected {
            None => tally.refused += 1,
            Some(acts) => {
                tally.events += 1;
                tally.matched += usize::from(!acts.is_empty());
                past.push(event.clone());
            }
        }
    }
    Ok(tally)
}

/// A compiled policy and what its windows have counted.
struct Side<'a> {
    policy: &'a Policy,
    logs: BTreeMap<(SeriesKey, Scope, String), CountRecord>,
    prospects: Vec<String>,
}

impl<'a> Side<'a> {
    fn new(policy: &'a Policy) -> Self {
        Self { policy, logs: BTreeMap::new(), prospects: Vec::new() }
    }

    /// Counts and evaluates an event as the engine does; none if it is refused.
    fn take(
        &mut self,
        event: &Event,
        world: &World,
        (at, now): (Instant, Instant),
        tally: &mut Tally,
    ) -> Result<Option<Acts>, String> {
        let Ok(typed) = self.policy.read(event) else {
            return Ok(None);
        };
        let mut world = world.clone();
        self.count(event, &typed, &world, (at, now));
        world.counted = (0..self.policy.windows()).map(|it| self.counted(event, it, at)).collect();
        let counts = world.counted.iter().flatten();
        tally.filled += counts.filter(|counted| counted.count > 1).count();
        let mut fired = Vec::new();
        self.policy.evaluate(&typed, &world, &mut fired);
        self.explains(&typed, &world, &fired, tally)?;
        Ok(Some(fired.into_iter().map(|fired| self.act(fired, tally)).collect()))
    }

    fn count(
        &mut self,
        event: &Event,
        typed: &TypedEvent,
        world: &World,
        (at, now): (Instant, Instant),
    ) {
        let prospect = event.subject.prospect.as_ref().map(|key| {
            let known = self.prospects.iter().position(|own| own == key);
            known.unwrap_or_else(|| {
                self.prospects.push(key.clone());
                self.prospects.len() - 1
            })
        });
        for (counter, of) in self.policy.counted_by(typed, world) {
            let Some(key) =
                log_of(event, counter).filter(|_| !counter.prospects || prospect.is_some())
            else {
                continue;
            };
            let log = self.logs.entry(key).or_insert_with(|| CountRecord {
                owner: None,
                dropped: None,
                entries: Default::default(),
                hours: Default::default(),
            });
            if counter.share {
                log.add_hour(at, of, counter, now);
            } else {
                let prospect = prospect.and_then(|it| u32::try_from(it).ok()).unwrap_or(u32::MAX);
                let event = 0;
                log.add(Entry { at, event, prospect, before: Instant::MIN }, counter, now);
            }
        }
    }

    fn counted(&self, event: &Event, window: u32, at: Instant) -> Option<Counted> {
        let (counter, span_ms) = self.policy.window(window)?;
        let Some(log) = self.logs.get(&log_of(event, counter)?) else {
            return Some(Counted::default());
        };
        let span_ms = i64::try_from(span_ms).ok()?;
        Some(match counter.share {
            true => log.share(span_ms, at),
            false => log.count(span_ms, at, counter.prospects),
        })
    }

    fn name(&self, rule: RuleIndex) -> String {
        let info = self.policy.rules().get(usize::from(rule.0));
        info.map_or_else(String::new, |info| info.name.clone())
    }

    /// What a rule does, with names instead of numbers.
    fn act(&self, fired: Fired, tally: &mut Tally) -> ((String, usize), Act) {
        let act = match fired.action {
            Effect::Hold { kind, scope, end, mode } => {
                tally.holds += 1;
                Act::Hold { kind, scope, end, mode }
            }
            Effect::Ignore => Act::Ignore,
            Effect::Resume { scope, rules } => {
                tally.resumes += 1;
                Act::Resume { scope, from: rules.iter().map(|rule| self.name(*rule)).collect() }
            }
            Effect::Error(why) => {
                tally.errors += 1;
                // How a window is written is for people.
                let window = why.starts_with("`count(") || why.starts_with("`rate(");
                Act::Error(if window { NOBODY.to_owned() } else { why })
            }
        };
        ((self.name(fired.rule), usize::from(fired.effect)), act)
    }

    /// Whether the explanation says of each rule what the evaluation did with it.
    fn explains(
        &self,
        typed: &TypedEvent,
        world: &World,
        fired: &[Fired],
        tally: &mut Tally,
    ) -> Result<(), String> {
        let traces = self.policy.explain(typed, world);
        for trace in &traces {
            let own: Vec<&Fired> = fired.iter().filter(|it| it.rule == trace.rule).collect();
            let error = own.iter().find_map(|it| match &it.action {
                Effect::Error(why) => Some(why),
                _ => None,
            });
            let end = trace.clauses.iter().map(|clause| clause.pass).find(|it| *it != Some(true));
            let agrees = match &trace.verdict {
                RuleVerdict::Fired => end.is_none() && !own.is_empty() && error.is_none(),
                RuleVerdict::OverriddenBy(others) => {
                    tally.overridden += 1;
                    end.is_none() && own.is_empty() && !others.is_empty()
                }
                RuleVerdict::NotMatched => end == Some(Some(false)) && own.is_empty(),
                RuleVerdict::Failed(why) => end.flatten().is_none() && error == Some(why),
            };
            if !agrees {
                let name = self.name(trace.rule);
                return Err(format!("rule `{name}`: explained {trace:#?}\nfound {own:#?}"));
            }
        }
        match fired.iter().find(|it| !traces.iter().any(|trace| trace.rule == it.rule)) {
            Some(fired) => Err(format!("rule `{}` is not explained", self.name(fired.rule))),
            None => Ok(()),
        }
    }
}

/// Which log an event counts in; none if it names nothing at the counter's scope.
fn log_of(event: &Event, counter: Counter) -> Option<(SeriesKey, Scope, String)> {
    let subject = &event.subject;
    let key = |scope, key: &Option<String>| Some((counter.series, scope, key.clone()?));
    match counter.scope {
        Scope::Company => {
            let company = key(Scope::Company, &subject.company);
            company.or_else(|| key(Scope::Prospect, &subject.prospect))
        }
        Scope::Campaign => key(Scope::Campaign, &subject.campaign),
        Scope::Sender => key(Scope::Sender, &subject.sender),
        _ => key(Scope::Prospect, &subject.prospect),
    }
}
