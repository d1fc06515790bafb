//! The rules that listen to one event, ready to be asked of its tables.

use std::collections::HashMap;

use super::super::super::ir::{
    Clause, Datum, EffectPlan, Kind, Question, Rule, ScopePlan, Side, Source, Test,
};
use super::super::super::policy::RuleIndex;
use super::super::Checked;
use super::super::conditions::Term;
use super::super::invariants::Claim;
use super::bits::Bits;
use super::space::{Space, TestId, kind_of};
use super::table::{Budget, Outcome, Program, Table};
use crate::model::Scope;

/// Whether an attribute is a scope: a test for each.
#[derive(Debug)]
pub(super) struct ScopeTest {
    attribute: u32,
    scope: Scope,
    test: Test,
}

/// One rule on the event.
#[derive(Debug)]
pub(super) struct Heard<'a> {
    pub index: RuleIndex,
    pub rule: &'a Rule,
    pub clauses: Vec<Program<'a>>,
    /// What its conditions ask, sorted, each once.
    pub tests: Vec<TestId>,
    /// Those of the event's rules that override it, by their place.
    pub overriders: Vec<usize>,
    /// What it asks, and what they ask.
    pub all_tests: Vec<TestId>,
    pub fires: Option<Fires>,
}

/// Where a rule fires, seen by itself and those that override it.
#[derive(Debug)]
pub(super) struct Fires {
    pub matches: bool,
    pub applies: bool,
    /// Whether that is all there is to know.
    pub whole: bool,
    /// Of how many combinations a sample was looked at, if it was.
    pub sampled: Option<u128>,
    /// For each dimension that was asked, the values with which it applies.
    pub applied: Vec<(usize, Bits)>,
    /// The same, for where it matches or cannot be evaluated.
    pub heard: Vec<(usize, Bits)>,
}

/// What an invariant claims of the event.
#[derive(Debug)]
pub(super) struct Claimed<'a> {
    pub claim: &'a Claim,
    pub clauses: Vec<Program<'a>>,
    pub tests: Vec<TestId>,
}

/// One event with everything that is asked on it.
#[derive(Debug)]
pub(super) struct Stage<'a> {
    pub event: u32,
    pub space: Space<'a>,
    pub heard: Vec<Heard<'a>>,
    pub claims: Vec<Claimed<'a>>,
    /// Where each rule stands among those that are heard.
    pub places: HashMap<RuleIndex, usize>,
    scopes: &'a [ScopeTest],
}

/// Where a rule holds in a table: matching and not overridden, matching, or not to be said.
pub(super) struct Applied {
    pub applies: Bits,
    pub matches: Bits,
    pub unknown: Bits,
}

/// The tests on the scopes that effects and claims take from the event.
pub(super) fn scope_tests(checked: &Checked, event: u32, claims: &[Claim]) -> Vec<ScopeTest> {
    let mut attributes: Vec<u32> = Vec::new();
    let listeners = checked.events.get(event as usize).map(|it| it.listeners.as_slice());
    let rules = listeners.unwrap_or_default().iter();
    let rules = rules.filter_map(|rule| checked.rules.get(usize::from(rule.0)));
    let plans = rules.flat_map(|rule| &rule.effects).filter_map(scope_of);
    let claimed = claims.iter().filter(|claim| claim.events.contains(&event));
    for plan in plans.chain(claimed.filter_map(|claim| claim.scope.as_ref())) {
        if let ScopePlan::Attribute(number, _) = plan {
            attributes.push(*number);
        }
    }
    attributes.sort_unstable();
    attributes.dedup();
    let mut tests = Vec::new();
    for attribute in attributes {
        let source = Source::Attribute(attribute);
        let kind = kind_of(checked, event, &source);
        let values: Vec<(Scope, Datum)> = match &kind {
            Kind::Scope => Scope::ALL.map(|scope| (scope, Datum::Scope(scope))).to_vec(),
            Kind::Enum(values) => {
                let named = values
                    .iter()
                    .zip(0..)
                    .filter_map(|(name, number)| Some((Scope::named(name)?, Datum::Enum(number))));
                named.collect()
            }
            _ => Vec::new(),
        };
        for (scope, datum) in values {
            let question = Question::Equals(Side::Literal(datum));
            let event = checked.events.get(event as usize);
            let name = event.and_then(|event| {
                let attribute = event.attributes.get(attribute as usize)?;
                Some(format!("{}.{}", event.name, attribute.name))
            });
            let path = name.unwrap_or_default().into();
            let test = Test { source: source.clone(), question, path, values: None };
            tests.push(ScopeTest { attribute, scope, test });
        }
    }
    tests
}

/// The scope of an effect, if it has one.
pub(super) const fn scope_of(effect: &EffectPlan) -> Option<&ScopePlan> {
    match effect {
        EffectPlan::Hold { scope, .. } | EffectPlan::Resume { scope, .. } => Some(scope),
        EffectPlan::Ignore => None,
    }
}

fn programs<'a>(space: &Space<'_>, clauses: &'a [Clause]) -> Option<Vec<Program<'a>>> {
    let program = |clause: &'a Clause| {
        let ids = clause.steps.iter().map(|step| space.id(&step.test)).collect::<Option<_>>()?;
        Some(Program { except: clause.except, entry: clause.entry, steps: &clause.steps, ids })
    };
    clauses.iter().map(program).collect()
}

fn tests(programs: &[Program<'_>]) -> Vec<TestId> {
    merged(programs.iter().flat_map(|program| program.ids.iter().copied()))
}

/// Sorted, each once.
pub(super) fn merged(tests: impl IntoIterator<Item = TestId>) -> Vec<TestId> {
    let mut all: Vec<TestId> = tests.into_iter().collect();
    all.sort_unstable();
    all.dedup();
    all
}

impl<'a> Stage<'a> {
    pub fn new(
        checked: &'a Checked,
        event: u32,
        listeners: &[RuleIndex],
        claims: &'a [Claim],
        scopes: &'a [ScopeTest],
        budget: &mut Budget,
    ) -> Option<Self> {
        let rules: Vec<(RuleIndex, &Rule)> = listeners
            .iter()
            .filter_map(|index| Some((*index, checked.rules.get(usize::from(index.0))?)))
            .collect();
        let claims: Vec<&Claim> =
            claims.iter().filter(|claim| claim.events.contains(&event)).collect();
        let clauses = rules.iter().flat_map(|(_, rule)| &rule.clauses);
        let claimed = claims.iter().flat_map(|claim| &claim.clauses);
        let asked = clauses.chain(claimed).flat_map(|it| &it.steps).map(|step| &step.test);
        let asked = asked.chain(scopes.iter().map(|it| &it.test));
        let space = Space::new(checked, event, asked, budget)?;
        let places: HashMap<RuleIndex, usize> =
            rules.iter().enumerate().map(|(at, (index, _))| (*index, at)).collect();
        let mut heard = Vec::new();
        for (index, rule) in rules {
            let clauses = programs(&space, &rule.clauses)?;
            let over = rule.overridden_by.iter();
            let overriders = over.filter_map(|it| places.get(it).copied()).collect();
            let tests = tests(&clauses);
            let all_tests = Vec::new();
            heard.push(Heard { index, rule, clauses, tests, overriders, all_tests, fires: None });
        }
        for at in 0..heard.len() {
            let own = heard.get(at)?;
            let over = own.overriders.iter().filter_map(|it| heard.get(*it));
            let all = over.flat_map(|it| it.tests.iter().copied()).chain(own.tests.iter().copied());
            let all = merged(all);
            heard.get_mut(at)?.all_tests = all;
        }
        let claimed = |claim: &'a Claim| {
            let clauses = programs(&space, &claim.clauses)?;
            let tests = tests(&clauses);
            Some(Claimed { claim, clauses, tests })
        };
        let claims = claims.into_iter().map(claimed).collect::<Option<_>>()?;
        Some(Self { event, space, heard, claims, places, scopes })
    }

    pub fn table(&self, tests: &[TestId], budget: &mut Budget) -> Option<Table> {
        Table::new(&self.space, tests, budget)
    }

    /// Where some clauses hold, with nothing left out.
    pub fn outcome(table: &Table, clauses: &[Program<'_>], budget: &mut Budget) -> Option<Outcome> {
        const NOTHING: &[Term] = &[];
        table.run(clauses.iter().map(|clause| (clause, NOTHING)), budget)
    }

    /// Where a rule applies in a table that asks all that it and those that override it ask.
    pub fn applied(&self, rule: &Heard<'_>, table: &Table, budget: &mut Budget) -> Option<Applied> {
        let Outcome { holds: matches, unknown } = Self::outcome(table, &rule.clauses, budget)?;
        let mut applies = matches.clone();
        for over in rule.overriders.iter().filter_map(|at| self.heard.get(*at)) {
            applies.drop_all(&Self::outcome(table, &over.clauses, budget)?.holds);
        }
        Some(Applied { applies, matches, unknown })
    }

    /// Looks where each rule fires.
    pub fn look(&mut self, budget: &mut Budget) {
        for at in 0..self.heard.len() {
            let fires = self.heard.get(at).and_then(|rule| self.fires(rule, budget));
            if let Some(rule) = self.heard.get_mut(at) {
                rule.fires = fires;
            }
        }
    }

    fn fires(&self, rule: &Heard<'_>, budget: &mut Budget) -> Option<Fires> {
        let table = self.table(&rule.all_tests, budget)?;
        let found = self.applied(rule, &table, budget)?;
        let mut heard = found.matches.clone();
        heard.add(&found.unknown);
        Some(Fires {
            matches: !found.matches.is_empty(),
            applies: !found.applies.is_empty(),
            whole: table.whole,
            sampled: table.is_sampled().then(|| table.total()),
            applied: table.support(&found.applies),
            heard: table.support(&heard),
        })
    }

    /// The tests that say what a scope is.
    pub fn scope_ids(&self, plan: &ScopePlan) -> Vec<TestId> {
        let ScopePlan::Attribute(number, _) = plan else {
            return Vec::new();
        };
        let own = self.scopes.iter().filter(|it| it.attribute == *number);
        own.filter_map(|it| self.space.id(&it.test)).collect()
    }

    /// Where two scopes are the same. The table has to ask for both.
    pub fn same_scope(&self, one: &ScopePlan, other: &ScopePlan, table: &Table) -> Bits {
        match (one, other) {
            (ScopePlan::Fixed(one), ScopePlan::Fixed(other)) if one != other => table.none(),
            (ScopePlan::Attribute(one, _), ScopePlan::Attribute(other, _)) if one != other => {
                let mut same = table.none();
                for scope in Scope::ALL {
                    let is = |number| self.where_scope(number, scope, table);
                    same.add(&is(*one).and(&is(*other)));
                }
                same
            }
            (ScopePlan::Fixed(scope), ScopePlan::Attribute(number, _))
            | (ScopePlan::Attribute(number, _), ScopePlan::Fixed(scope)) => {
                self.where_scope(*number, *scope, table)
            }
            _ => table.all(),
        }
    }

    fn where_scope(&self, attribute: u32, scope: Scope, table: &Table) -> Bits {
        let test = self.scopes.iter().find(|it| (it.attribute, it.scope) == (attribute, scope));
        let id = test.and_then(|it| self.space.id(&it.test));
        id.and_then(|id| table.yes(id)).map_or_else(|| table.none(), Bits::clone)
    }

    /// Whether two scopes can be the same at all.
    pub fn may_be_same(&self, one: &ScopePlan, other: &ScopePlan) -> bool {
        match (one, other) {
            (ScopePlan::Fixed(one), ScopePlan::Fixed(other)) => one == other,
            (ScopePlan::Fixed(scope), ScopePlan::Attribute(number, _))
            | (ScopePlan::Attribute(number, _), ScopePlan::Fixed(scope)) => {
                self.scopes.iter().any(|it| (it.attribute, it.scope) == (*number, *scope))
            }
            (ScopePlan::Attribute(..), ScopePlan::Attribute(..)) => true,
        }
    }
}

impl Heard<'_> {
    /// Whether this rule may match where the other does, as far as each dimension says.
    pub fn may_touch(&self, other: &Self) -> bool {
        let (Some(own), Some(other)) = (&self.fires, &other.fires) else {
            return true;
        };
        own.matches
            && own.heard.iter().all(|(dimension, values)| {
                let theirs = other.heard.iter().find(|(it, _)| it == dimension);
                theirs.is_none_or(|(_, theirs)| values.meets(theirs))
            })
    }

    /// Whether two rules may apply together, as far as each dimension by itself says.
    pub fn may_meet(&self, other: &Self) -> bool {
        let (Some(own), Some(other)) = (&self.fires, &other.fires) else {
            return true;
        };
        own.applied.iter().all(|(dimension, values)| {
            let theirs = other.applied.iter().find(|(it, _)| it == dimension);
            theirs.is_none_or(|(_, theirs)| values.meets(theirs))
        })
    }

    /// Whether this rule may apply wherever the other does, as far as each dimension says.
    pub fn may_contain(&self, other: &Self) -> bool {
        let (Some(own), Some(other)) = (&self.fires, &other.fires) else {
            return false;
        };
        own.applied.iter().all(|(dimension, values)| {
            match other.applied.iter().find(|(it, _)| it == dimension) {
                Some((_, theirs)) => theirs.within(values),
                None => Bits::all(values.len()).within(values),
            }
        })
    }
}
