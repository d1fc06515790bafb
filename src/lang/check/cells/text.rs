//! Texts, domains and addresses that show how tests on them can be answered together: what is
//! written down, members of the lists, and texts of the shapes that are asked for.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::super::super::ast::ListKind;
use super::super::super::evaluate::fits;
use super::super::super::ir::{Datum, Kind, List, Question, Side, Test, Val};
use super::super::super::literal;

/// How many tests on shapes are combined in every way.
const MOST_SHAPES: usize = 6;
/// How many entries of lists are looked at.
pub(super) const MOST_ENTRIES: usize = 200_000;
/// How many entries of a list stand for all that are in the same lists and have the same shapes:
/// two, so that two sources can differ and both be in it.
const ALIKE: usize = 2;

/// The texts of one type that are worth looking at.
pub(super) struct Texts {
    /// Those that exist; one that is like nothing comes first.
    pub texts: Vec<Box<str>>,
    /// Sets of shapes that no text here has, and some text may.
    pub shaped: Vec<Box<[Question]>>,
    /// Whether every way to answer is among them.
    pub whole: bool,
}

/// The texts of a type for the tests on its sources.
pub(super) fn texts(kind: &Kind, tests: &[&Test], lists: &[List]) -> Texts {
    let mut written: BTreeSet<&str> = BTreeSet::new();
    let mut asked: BTreeSet<u32> = BTreeSet::new();
    let mut shapes: Vec<&Question> = Vec::new();
    for test in tests {
        match &test.question {
            Question::Equals(Side::Literal(Datum::Text(text))) => {
                written.insert(text);
            }
            Question::OneOf(data) => written.extend(data.iter().filter_map(|datum| match datum {
                Datum::Text(text) => Some(&**text),
                _ => None,
            })),
            Question::InList(list) => {
                asked.insert(*list);
            }
            shape if shape.is_shape() && !shapes.contains(&shape) => shapes.push(shape),
            _ => {}
        }
    }
    let asked = asked.into_iter().filter_map(|list| lists.get(list as usize));
    let asked: Vec<&List> = asked.filter(|list| list.kind == list_kind(kind)).collect();
    let known =
        |text: &str| written.contains(text) || asked.iter().any(|list| list.entries.contains(text));
    let mut texts: Vec<Box<str>> = Vec::new();
    // What no rule names, plainest first.
    let mut plain: Vec<&str> = plain(kind).iter().copied().filter(|text| !known(text)).collect();
    plain.sort_by_key(|text| shapes.iter().filter(|shape| has(shape, text)).count());
    texts.extend(plain.iter().take(ALIKE).map(|text| Box::from(*text)));
    texts.extend(written.iter().map(|text| Box::from(*text)));
    let mut whole = members(&asked, &shapes, &mut texts) && shapes.len() <= MOST_SHAPES;
    shapes.truncate(MOST_SHAPES);
    let made = made(kind, &shapes);
    texts.extend(made.into_iter().filter(|text| !known(text)));
    let free = texts.iter().map(|text| &**text).filter(|text| !known(text));
    let shaped = unseen(&shapes, free);
    whole &= !plain.is_empty();
    Texts { texts, shaped, whole }
}

const fn list_kind(kind: &Kind) -> ListKind {
    match kind {
        Kind::Domain => ListKind::Domains,
        Kind::Address => ListKind::Addresses,
        _ => ListKind::Texts,
    }
}

const fn plain(kind: &Kind) -> &'static [&'static str] {
    match kind {
        Kind::Domain => &["other.example", "elsewhere.test", "third.invalid", "4th.localhost.arpa"],
        Kind::Address => {
            &["ann@other.example", "bob@elsewhere.test", "cy@third.invalid", "4@4.localhost.arpa"]
        }
        _ => &["other", "elsewhere", "Third one", "4th"],
    }
}

fn has(shape: &Question, text: &str) -> bool {
    fits(shape, Val::Text(text), None, &[])
}

/// A few entries for each set of lists that they are in together, and shapes that they have.
/// False if there are too many to look at.
fn members(asked: &[&List], shapes: &[&Question], texts: &mut Vec<Box<str>>) -> bool {
    let mut entries: BTreeMap<&str, Vec<bool>> = BTreeMap::new();
    let mut left = MOST_ENTRIES;
    let mut seen: BTreeMap<Vec<bool>, usize> = BTreeMap::new();
    let all: usize = asked.iter().map(|list| list.entries.len()).sum();
    let cost = asked.len() + shapes.len();
    for list in asked {
        for entry in &list.entries {
            let Some(rest) = left.checked_sub(cost) else {
                break;
            };
            left = rest;
            let lists = asked.iter().map(|other| other.entries.contains(entry));
            let answers: Vec<bool> =
                lists.chain(shapes.iter().map(|shape| has(shape, entry))).collect();
            entries.insert(entry, answers);
        }
    }
    for (entry, answers) in entries {
        let alike = seen.entry(answers).or_default();
        *alike += 1;
        if *alike <= ALIKE {
            texts.push(entry.into());
        }
    }
    all.saturating_mul(cost) <= MOST_ENTRIES
}

/// Texts that are put together from the shapes.
fn made(kind: &Kind, shapes: &[&Question]) -> Vec<Box<str>> {
    let fill: &[&str] = match kind {
        Kind::Domain => &["other.example", "other", "", "x.", ".example", "other."],
        Kind::Address => {
            &["ann@other.example", "ann", "", "ann@", "@other.example", "other.example"]
        }
        _ => &["other", "", "x"],
    };
    let (mut starts, mut ends, mut globs) = (vec![""], vec![""], vec![]);
    for shape in shapes {
        match shape {
            Question::StartsWith(part) => starts.push(part),
            Question::EndsWith(part) => ends.push(part),
            Question::Matches(pattern) => globs.push(&**pattern),
            _ => {}
        }
    }
    let mut middles: Vec<String> = fill.iter().map(|fill| (*fill).to_owned()).collect();
    for pattern in globs {
        middles.extend(fill.iter().map(|fill| pattern.replace('*', fill).replace('?', "x")));
    }
    let fits = |text: &String| match kind {
        Kind::Domain => literal::domain(text).is_some_and(|it| *it == **text),
        Kind::Address => literal::address(text).is_some_and(|it| *it == **text),
        _ => true,
    };
    let mut all: Vec<Box<str>> = Vec::new();
    let mut seen: HashSet<Vec<bool>> = HashSet::new();
    for (start, end) in starts.iter().flat_map(|start| ends.iter().map(move |end| (start, end))) {
        for middle in &middles {
            let text = format!("{start}{middle}{end}");
            let shape: Vec<bool> = shapes.iter().map(|shape| has(shape, &text)).collect();
            if fits(&text) && seen.insert(shape) {
                all.push(text.into());
            }
        }
    }
    all
}

/// Whether a text may have one of two shapes and not the other, or both, as far as that is plain.
fn may_be(shapes: &[&Question], bits: usize) -> bool {
    let with = |at: usize| bits >> at & 1 == 1;
    let trivial = |shape: &Question| match shape {
        Question::StartsWith(part) | Question::EndsWith(part) => part.is_empty(),
        Question::Matches(pattern) => pattern.chars().all(|c| c == '*') && !pattern.is_empty(),
        _ => false,
    };
    let pairs = shapes
        .iter()
        .enumerate()
        .flat_map(|one| shapes.iter().enumerate().map(move |other| (one, other)));
    let contrary = |((one, a), (other, b)): ((usize, &&Question), (usize, &&Question))| {
        if one == other {
            return false;
        }
        let (implied, apart) = match (a, b) {
            (Question::StartsWith(a), Question::StartsWith(b)) => {
                (a.starts_with(&**b), !a.starts_with(&**b) && !b.starts_with(&**a))
            }
            (Question::EndsWith(a), Question::EndsWith(b)) => {
                (a.ends_with(&**b), !a.ends_with(&**b) && !b.ends_with(&**a))
            }
            _ => (false, false),
        };
        implied && with(one) && !with(other) || apart && with(one) && with(other)
    };
    let missing = shapes.iter().enumerate().any(|(at, shape)| trivial(shape) && !with(at));
    !missing && !pairs.into_iter().any(contrary)
}

/// The sets of shapes that none of the texts has.
fn unseen<'t>(shapes: &[&Question], texts: impl Iterator<Item = &'t str>) -> Vec<Box<[Question]>> {
    if shapes.is_empty() {
        return Vec::new();
    }
    let bits = |text: &str| {
        let own = shapes.iter().enumerate().filter(|(_, shape)| has(shape, text));
        own.fold(0_usize, |bits, (at, _)| bits | 1 << at)
    };
    let seen: BTreeSet<usize> = texts.map(bits).collect();
    let rest = (0..1_usize << shapes.len()).filter(|bits| !seen.contains(bits));
    let rest = rest.filter(|bits| may_be(shapes, *bits));
    let set = |bits: usize| {
        let own = shapes.iter().enumerate().filter(|(at, _)| bits >> at & 1 == 1);
        own.map(|(_, shape)| (*shape).clone()).collect()
    };
    rest.map(set).collect()
}
