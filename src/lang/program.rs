//! The rules of one type of events as one flat program: what several rules ask is one test, asked
//! at most once for an event. It knows tests by number, and of what they mean only that a source
//! which is compared with many values is one of them at most.

use std::collections::HashMap;
use std::ops::Range;

use super::ir::{Datum, FAILS, HOLDS, Question, Rule, Side, Source, Test, Val};
use super::policy::RuleIndex;

/// Tests whose answers are remembered while an event is evaluated; later ones are asked again.
const REMEMBERED: usize = 512;
/// From so many values on that one source is compared with, one look-up answers all of the tests.
const MANY: usize = 4;

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

/// Tests that compare one source with one value each. Their numbers follow each other, in the order
/// of the values.
#[derive(Debug)]
struct Choice {
    source: Source,
    tests: Range<u32>,
    values: Box<[Datum]>,
}

/// All rules that listen to one type of events.
#[derive(Debug, Default)]
pub(super) struct Program {
    tests: Box<[Test]>,
    choices: Box<[Choice]>,
    /// Up to here the tests belong to choices.
    chosen: u32,
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
        let (tests, choices) = ordered(&tests, &mut ops);
        let chosen = choices.last().map_or(0, |choice| choice.tests.end);
        Self { tests, choices, chosen, ops: ops.into(), entries: entries.into() }
    }

    /// Whether the rule of an entry matches. `ask` answers a test, or says why it cannot; `read`
    /// reads a source.
    pub fn matches<'a, E>(
        &'a self,
        entry: &Entry,
        answers: &mut Answers,
        ask: impl Fn(&'a Test) -> Result<bool, E>,
        read: impl Fn(&'a Source) -> Option<Val<'a>>,
    ) -> Result<bool, E> {
        let mut at = entry.at;
        // Each step leads to one that was laid out before it, so it ends.
        while let Some(op) = self.ops.get(at as usize) {
            let yes = match answers.known(op.test) {
                Some(yes) => yes,
                None if op.test < self.chosen => match self.choose(op.test, answers, &read) {
                    Some(yes) => yes,
                    None => self.ask(op.test, answers, &ask)?,
                },
                None => self.ask(op.test, answers, &ask)?,
            };
            at = if yes { op.yes } else { op.no };
        }
        debug_assert!(at == HOLDS || at == FAILS, "a program ends in one of its two ends");
        Ok(at == HOLDS)
    }

    fn ask<'a, E>(
        &'a self,
        test: u32,
        answers: &mut Answers,
        ask: impl Fn(&'a Test) -> Result<bool, E>,
    ) -> Result<bool, E> {
        let known = self.tests.get(test as usize);
        known.map_or(Ok(false), |known| Ok(answers.learn(test, ask(known)?)))
    }

    /// Answers all tests of the choice that a test belongs to. None if there is nothing to read.
    fn choose<'a>(
        &'a self,
        test: u32,
        answers: &mut Answers,
        read: impl Fn(&'a Source) -> Option<Val<'a>>,
    ) -> Option<bool> {
        let at = self.choices.partition_point(|choice| choice.tests.end <= test);
        let choice = self.choices.get(at)?;
        let found = read(&choice.source)?;
        let value = choice.values.binary_search_by(|value| value.val().cmp(&found)).ok();
        let value = value.map(|at| choice.tests.start + number(at));
        answers.learn_all(&choice.tests, value);
        Some(value == Some(test))
    }
}

/// Numbers the tests anew, so that those of a choice follow each other.
fn ordered(tests: &[Test], ops: &mut [Op]) -> (Box<[Test]>, Box<[Choice]>) {
    let mut by_source: Vec<(&Source, Vec<(&Datum, usize)>)> = Vec::new();
    for (at, test) in tests.iter().enumerate() {
        let Question::Equals(Side::Literal(value)) = &test.question else {
            continue;
        };
        match by_source.iter_mut().find(|(source, _)| *source == &test.source) {
            Some((_, values)) => values.push((value, at)),
            None => by_source.push((&test.source, vec![(value, at)])),
        }
    }
    let mut order: Vec<usize> = Vec::with_capacity(tests.len());
    let mut choices = Vec::new();
    for (source, mut values) in by_source {
        values.sort_by(|a, b| a.0.val().cmp(&b.0.val()));
        // The same comparison may be written in two ways, each a test of its own.
        let distinct = values.windows(2).all(|pair| match pair {
            [a, b] => a.0 != b.0,
            _ => true,
        });
        let fits = order.len() + values.len() <= REMEMBERED;
        if values.len() >= MANY && distinct && fits {
            let start = number(order.len());
            order.extend(values.iter().map(|(_, at)| *at));
            choices.push(Choice {
                source: source.clone(),
                tests: start..number(order.len()),
                values: values.into_iter().map(|(value, _)| value.clone()).collect(),
            });
        }
    }
    let mut numbers = vec![FAILS; tests.len()];
    let mut place = |at: usize, new: usize| {
        if let Some(slot) = numbers.get_mut(at) {
            *slot = number(new);
        }
    };
    order.iter().enumerate().for_each(|(new, at)| place(*at, new));
    let chosen: std::collections::HashSet<usize> = order.iter().copied().collect();
    for at in (0..tests.len()).filter(|at| !chosen.contains(at)) {
        place(at, order.len());
        order.push(at);
    }
    for op in ops {
        op.test = numbers.get(op.test as usize).copied().unwrap_or(FAILS);
    }
    let tests = order.into_iter().filter_map(|at| tests.get(at).cloned()).collect();
    (tests, choices.into())
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

    /// Learns that of these tests at most one is answered with yes.
    fn learn_all(&mut self, tests: &Range<u32>, yes: Option<u32>) {
        let words = self.asked.iter_mut().enumerate();
        let first = tests.start as usize / 64;
        for (word, asked) in words.skip(first).take(tests.end.div_ceil(64) as usize - first) {
            let bit = |test: u32| (test as usize).saturating_sub(word * 64).min(64);
            let below = |bits: usize| if bits == 64 { u64::MAX } else { (1 << bits) - 1 };
            *asked |= below(bit(tests.end)) & !below(bit(tests.start));
        }
        if let Some(yes) = yes {
            self.learn(yes, true);
        }
    }
}
