//! The rules of one type of events as one flat program: what several rules ask is one test, asked
//! at most once for an event. It knows tests by number, and not what they mean.

use std::collections::HashMap;

use super::ir::{FAILS, HOLDS, Rule, Test};
use super::policy::RuleIndex;

/// Tests whose answers are remembered while an event is evaluated; later ones are asked again.
const REMEMBERED: usize = 512;

/// One step: a test by its number, and where to go on.
#[derive(Clone, Copy, Debug)]
struct Op {
    test: u32,
    yes: u32,
    no: u32,
}

/// A rule in the program.
#[derive(Debug)]
pub(super) struct Entry {
    pub rule: RuleIndex,
    at: u32,
    /// The entries of the rules that override it.
    pub overridden_by: Box<[u32]>,
}

/// All rules that listen to one type of events.
#[derive(Debug, Default)]
pub(super) struct Program {
    tests: Box<[Test]>,
    ops: Box<[Op]>,
    pub entries: Box<[Entry]>,
}

impl Program {
    /// Lays out the rules that listen to an event, in their order.
    pub fn of(rules: &[Rule], listeners: &[RuleIndex]) -> Self {
        let (mut tests, mut ops, mut entries) = (Vec::new(), Vec::new(), Vec::new());
        let mut numbers: HashMap<&Test, u32> = HashMap::new();
        for index in listeners {
            let Some(rule) = rules.get(usize::from(index.0)) else {
                continue;
            };
            let mut next = HOLDS;
            for clause in rule.clauses.iter().rev() {
                let base = number(ops.len());
                let (holds, fails) = if clause.except { (FAILS, next) } else { (next, FAILS) };
                let target = |at: u32| match at {
                    HOLDS => holds,
                    FAILS => fails,
                    step => base + step,
                };
                for step in &clause.steps {
                    let test = *numbers.entry(&step.test).or_insert_with(|| {
                        tests.push(step.test.clone());
                        number(tests.len() - 1)
                    });
                    ops.push(Op { test, yes: target(step.yes), no: target(step.no) });
                }
                next = target(clause.entry);
            }
            let place = |other: &RuleIndex| listeners.iter().position(|it| it == other);
            let overridden_by = rule.overridden_by.iter().filter_map(place).map(number).collect();
            entries.push(Entry { rule: *index, at: next, overridden_by });
        }
        Self { tests: tests.into(), ops: ops.into(), entries: entries.into() }
    }

    /// Whether the rule of an entry matches. `ask` answers a test, or says why it cannot.
    pub fn matches<'a, E>(
        &'a self,
        entry: &Entry,
        answers: &mut Answers,
        ask: impl Fn(&'a Test) -> Result<bool, E>,
    ) -> Result<bool, E> {
        let mut at = entry.at;
        // Each step leads to one that was laid out before it, so it ends.
        while let Some(op) = self.ops.get(at as usize) {
            let yes = match answers.known(op.test) {
                Some(yes) => yes,
                None => match self.tests.get(op.test as usize) {
                    Some(test) => answers.learn(op.test, ask(test)?),
                    None => return Ok(false),
                },
            };
            at = if yes { op.yes } else { op.no };
        }
        debug_assert!(at == HOLDS || at == FAILS, "a program ends in one of its two ends");
        Ok(at == HOLDS)
    }
}

fn number(at: usize) -> u32 {
    // A policy has at most 10,000 rules in files of 1 MiB, so there are far fewer steps than that.
    u32::try_from(at).unwrap_or(FAILS)
}

/// What was answered for one event so far.
#[derive(Default)]
pub(super) struct Answers {
    asked: [u64; REMEMBERED / 64],
    yes: [u64; REMEMBERED / 64],
}

impl Answers {
    fn known(&self, test: u32) -> Option<bool> {
        let (word, bit) = (test as usize / 64, 1 << (test % 64));
        (self.asked.get(word)? & bit != 0)
            .then(|| self.yes.get(word).is_some_and(|yes| yes & bit != 0))
    }

    fn learn(&mut self, test: u32, answer: bool) -> bool {
        let (word, bit) = (test as usize / 64, 1 << (test % 64));
        if let (Some(asked), Some(yes)) = (self.asked.get_mut(word), self.yes.get_mut(word)) {
            *asked |= bit;
            *yes |= if answer { bit } else { 0 };
        }
        answer
    }
}
