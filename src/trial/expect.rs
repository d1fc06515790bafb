//! Whether what is expected is so; if not, in which words that is told.

use super::stage::Clock;
use super::stand::{End, Stand, holders_on, word};
use crate::engine::State;
use crate::lang::script::{Expect, Holder, Line, Until, Wanted, What, When, Who};
use crate::lang::{
    Finding, Lines, Policy, RuleIndex, RuleTrace, RuleVerdict, Witness, script_diagnostic as tell,
};
use crate::model::{HoldKind, Instant, Status};

/// What is known after a line.
pub(super) struct Judge<'a> {
    pub(super) policy: &'a Policy,
    pub(super) lines: &'a Lines<'a>,
    pub(super) clock: Clock,
    pub(super) now: Instant,
    /// What the line's own event showed.
    pub(super) here: &'a [Witness],
    pub(super) line: &'a Line,
}

impl Judge<'_> {
    /// All that is not as the line expects.
    pub(super) fn all(&self, state: &State, between: &[Witness]) -> Vec<Finding> {
        let judge = |expect: &Expect| self.one(expect, state, between).err();
        self.line.expects.iter().filter_map(judge).collect()
    }

    fn one(&self, expect: &Expect, state: &State, between: &[Witness]) -> Result<(), Finding> {
        match &expect.what {
            What::Quiet => self.quiet(expect, between),
            What::Ignored(rules) => self.ignored(expect, rules.as_deref()),
            What::Status { subject, status, by, until } => {
                let stand = self.stand(expect, state, subject)?;
                let by = by.as_deref().map(|holders| self.names(holders));
                self.status(expect, &stand, (*status, by, *until))
            }
            What::Not { subject, kind } => self.not(expect, state, subject, *kind),
            What::Next { subject, at } => {
                let stand = self.stand(expect, state, subject)?;
                self.next(expect, &stand, subject, *at)
            }
        }
    }

    /// A failure: what is expected is told as it is written.
    fn fails(&self, expect: &Expect, found: &str) -> Finding {
        let written = self.lines.text(expect.at);
        let expected = written.split_whitespace().collect::<Vec<_>>().join(" ");
        let when = format!("at {}", self.clock.shown(self.now));
        tell::test_fails(expect.at, &expected, found, &when)
    }

    fn stand(&self, expect: &Expect, state: &State, who: &Who) -> Result<Stand, Finding> {
        let view = state.as_it_stands();
        let stand = view.map_or_else(|| Err("nothing".to_owned()), |view| Stand::of(&view, who));
        stand.map_err(|why| self.fails(expect, &format!("that {why}")))
    }

    fn not(
        &self,
        expect: &Expect,
        state: &State,
        who: &Who,
        kind: HoldKind,
    ) -> Result<(), Finding> {
        let view = state.as_it_stands();
        let holders = view.map(|view| holders_on(&view, who, kind)).unwrap_or_default();
        if holders.is_empty() {
            return Ok(());
        }
        let done = if kind == HoldKind::Stop { "stopped" } else { "paused" };
        let holders: Vec<&str> = holders.iter().map(String::as_str).collect();
        Err(self
            .fails(expect, &format!("{done} by {}", holders.join(", ")))
            .maybe(self.why(&[""; 0])))
    }

    fn quiet(&self, expect: &Expect, between: &[Witness]) -> Result<(), Finding> {
        let heard = if self.line.act.is_some() { self.here } else { between };
        let fired = self.with_verdict(heard, |verdict| *verdict == RuleVerdict::Fired);
        if fired.is_empty() {
            return Ok(());
        }
        Err(self.fails(expect, &format!("that {} fired", listed(&fired))))
    }

    fn ignored(&self, expect: &Expect, rules: Option<&[RuleIndex]>) -> Result<(), Finding> {
        let fired = self.here.iter().flat_map(|witness| &witness.traces);
        let fired = fired.filter(|trace| trace.verdict == RuleVerdict::Fired);
        let mut ignoring: Vec<&str> =
            fired.filter(|it| self.policy.ignores(it.rule)).map(|it| self.name(it.rule)).collect();
        ignoring.sort_unstable();
        let mut wanted: Option<Vec<&str>> =
            rules.map(|rules| rules.iter().map(|rule| self.name(*rule)).collect());
        if let Some(wanted) = &mut wanted {
            wanted.sort_unstable();
            wanted.dedup();
        }
        match wanted {
            None if !ignoring.is_empty() => Ok(()),
            Some(wanted) if wanted == ignoring => Ok(()),
            wanted => {
                let found = match ignoring.as_slice() {
                    [] => "that no rule ignored it".to_owned(),
                    some => format!("ignored by {}", some.join(", ")),
                };
                let help = self.why(wanted.as_deref().unwrap_or_default());
                Err(self.fails(expect, &found).maybe(help))
            }
        }
    }

    fn status(
        &self,
        expect: &Expect,
        stand: &Stand,
        (wanted, by, until): (Wanted, Option<Vec<String>>, Option<Until>),
    ) -> Result<(), Finding> {
        let status = match wanted {
            Wanted::Active => Status::Scheduled,
            Wanted::Status(status) => status,
        };
        let holders = by.as_ref().is_none_or(|by| by.iter().eq(&stand.holders));
        let end = until.is_none_or(|until| self.ends(stand.end, until));
        if stand.status == Some(status) && holders && end {
            return Ok(());
        }
        let help = self.why(&by.unwrap_or_default());
        Err(self.fails(expect, &self.described(stand)).maybe(help))
    }

    fn ends(&self, end: End, until: Until) -> bool {
        match (until, end) {
            (Until::Open, End::Open) => true,
            (Until::At(when), End::At(at)) => self.is_at(when, at),
            _ => false,
        }
    }

    /// Whether an instant is the one that is meant; of a date, any on that day.
    fn is_at(&self, when: When, at: Instant) -> bool {
        if when.moment.is_date() {
            self.clock.zone.date_of(at) == self.clock.zone.date_of(self.clock.instant(when))
        } else {
            self.clock.instant(when) == at
        }
    }

    fn next(
        &self,
        expect: &Expect,
        stand: &Stand,
        who: &Who,
        wanted: Option<When>,
    ) -> Result<(), Finding> {
        let is_so = match (wanted, stand.next) {
            (None, None) => true,
            (Some(when), Some(at)) => self.is_at(when, at),
            _ => false,
        };
        if is_so {
            return Ok(());
        }
        let found = match stand.next {
            Some(at) => format!("{who} next {}", self.clock.shown(at)),
            None => format!("no next send: {who} is {}", self.described(stand)),
        };
        Err(self.fails(expect, &found))
    }

    /// `paused by company-bouncing until Thu 22 Jan 2026 09:00`
    fn described(&self, stand: &Stand) -> String {
        let Some(status) = stand.status else {
            return stand.mixed.clone();
        };
        let mut text = word(status).to_owned();
        let held = matches!(status, Status::Paused | Status::Stopped);
        if held && !stand.holders.is_empty() {
            let holders: Vec<&str> = stand.holders.iter().map(String::as_str).collect();
            text.push_str(&format!(" by {}", holders.join(", ")));
        }
        match stand.end {
            End::At(at) if status == Status::Paused => {
                text.push_str(&format!(" until {}", self.clock.shown(at)));
            }
            End::Open if status == Status::Paused => text.push_str(" until open"),
            _ => {}
        }
        text
    }

    fn names(&self, holders: &[Holder]) -> Vec<String> {
        let name = |holder: &Holder| match holder {
            Holder::Rule(rule) => self.name(*rule).to_owned(),
            Holder::Person => "person".to_owned(),
            Holder::Engine(name) => (*name).to_owned(),
        };
        let mut names: Vec<String> = holders.iter().map(name).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    fn name(&self, rule: RuleIndex) -> &str {
        self.policy.rules().get(usize::from(rule.0)).map_or("", |rule| &rule.name)
    }

    fn with_verdict(&self, heard: &[Witness], is: impl Fn(&RuleVerdict) -> bool) -> Vec<&str> {
        let traces = heard.iter().flat_map(|witness| &witness.traces);
        let mut names: Vec<&str> =
            traces.filter(|trace| is(&trace.verdict)).map(|it| self.name(it.rule)).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// What the event of the line did: which rules fired, and why an expected one did not.
    fn why(&self, expected: &[impl AsRef<str>]) -> Option<String> {
        let event = self.here.first()?;
        let fired = self.with_verdict(self.here, |verdict| *verdict == RuleVerdict::Fired);
        let mut parts = vec![match fired.as_slice() {
            [] => format!("no rule fired on this {}", event.kind),
            fired => format!("fired on this {}: {}", event.kind, fired.join(", ")),
        }];
        for name in expected.iter().map(AsRef::as_ref).filter(|name| !fired.contains(name)) {
            let traces = self.here.iter().flat_map(|witness| &witness.traces);
            let trace = traces.into_iter().find(|trace| self.name(trace.rule) == name);
            parts.extend(trace.map(|trace| format!("{name} {}", self.not_fired(trace))));
        }
        Some(parts.join("; "))
    }

    fn not_fired(&self, trace: &RuleTrace) -> String {
        match &trace.verdict {
            RuleVerdict::OverriddenBy(others) => {
                let others: Vec<&str> = others.iter().map(|rule| self.name(*rule)).collect();
                format!("was overridden by {}", others.join(", "))
            }
            RuleVerdict::Failed(why) => format!("could not be evaluated: {why}"),
            _ => match trace.clauses.iter().find(|clause| clause.pass != Some(true)) {
                Some(clause) => format!("did not: `{}` found {}", clause.text, clause.actual),
                None => "did".to_owned(),
            },
        }
    }
}

fn listed(names: &[&str]) -> String {
    names.join(" and ")
}
