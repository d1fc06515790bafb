//! What the rules on one event ask, as dimensions with finitely many values: for each way in which
//! the tests on a source can be answered together there is a value that is answered so.

use std::collections::HashMap;

use super::super::super::evaluate::{fits, reached};
use super::super::super::facts::Counted;
use super::super::super::ir::{Datum, Kind, List, Question, Side, Source, Test};
use super::super::Checked;
use super::bits::Bits;
use super::table::Budget;
use super::witness::{self, Loose};

/// The number of a test among those that are asked on an event.
pub(super) type TestId = u32;

/// What a dimension is made of: a source, or whether a list that is always there has a tag.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Part {
    Source(Source),
    Tag(Source, Box<str>),
}

/// What the answer of one value costs, in words of cells.
const ANSWER_COST: u64 = 8;

/// What a part is in a value of its dimension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    Unknown,
    Datum(Datum),
    Counted(Counted),
    Tag(bool),
    /// A text that nobody has written down: it has these shapes, and is equal to nothing.
    Shaped(Box<[Question]>),
}

/// One value of a dimension: what each of its parts is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Value {
    pub parts: Box<[Seen]>,
}

impl Value {
    /// Whether there is such a value; a text that is known by its shapes alone may not exist.
    pub fn is_sure(&self) -> bool {
        !self.parts.iter().any(|seen| matches!(seen, Seen::Shaped(_)))
    }
}

/// Parts that depend on each other, and the values that they take together.
#[derive(Debug)]
pub(super) struct Dimension {
    pub parts: Vec<Part>,
    pub values: Vec<Value>,
    /// The values that exist.
    pub sure: Bits,
    pub loose: Loose,
}

/// A test that is asked, and which values of its dimension answer it how.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    pub test: &'a Test,
    pub dimension: usize,
    pub yes: Bits,
    /// Where there is nothing to read: reading it is an error.
    pub unknown: Bits,
}

/// All that is asked on one event.
#[derive(Debug)]
pub(super) struct Space<'a> {
    pub dimensions: Vec<Dimension>,
    pub asked: Vec<Asked<'a>>,
    ids: HashMap<(&'a Source, &'a Question), TestId>,
}

/// The other source of a comparison, if it has one.
fn other(question: &Question) -> Option<&Source> {
    match question {
        Question::Equals(Side::Source(source, _))
        | Question::Ordered(_, Side::Source(source, _)) => Some(source),
        _ => None,
    }
}

impl<'a> Space<'a> {
    /// None if the budget does not allow so many.
    pub fn new(
        checked: &Checked,
        event: u32,
        tests: impl Iterator<Item = &'a Test>,
        budget: &mut Budget,
    ) -> Option<Self> {
        let mut ids: HashMap<(&'a Source, &'a Question), TestId> = HashMap::new();
        let mut all: Vec<&'a Test> = Vec::new();
        for test in tests {
            let next = u32::try_from(all.len()).unwrap_or(u32::MAX);
            let id = *ids.entry((&test.source, &test.question)).or_insert(next);
            if id == next {
                all.push(test);
            }
        }
        let mut parts = Parts::default();
        let places: Vec<usize> = all.iter().map(|test| parts.of(checked, event, test)).collect();
        parts.tie(checked);
        let mut groups: HashMap<usize, usize> = HashMap::new();
        let mut tests: Vec<Vec<&Test>> = Vec::new();
        let mut members: Vec<Vec<Part>> = Vec::new();
        for part in 0..parts.all.len() {
            let root = parts.root(part);
            let group = *groups.entry(root).or_insert(members.len());
            if group == members.len() {
                members.push(Vec::new());
                tests.push(Vec::new());
            }
            if let (Some(into), Some(part)) = (members.get_mut(group), parts.all.get(part)) {
                into.push(part.clone());
            }
        }
        let dimension = |place: usize| groups.get(&parts.root(place)).copied().unwrap_or(0);
        for (test, place) in all.iter().zip(&places) {
            if let Some(tests) = tests.get_mut(dimension(*place)) {
                tests.push(test);
            }
        }
        let mut dimensions: Vec<Dimension> = Vec::new();
        for (parts, tests) in members.into_iter().zip(tests) {
            if !budget.spend(witness::cost(checked, &tests)) {
                return None;
            }
            let (values, loose) = witness::values(checked, event, &parts, &tests);
            if !budget.spend(ANSWER_COST * (values.len() * tests.len()) as u64) {
                return None;
            }
            let mut sure = Bits::none(values.len());
            let exist = values.iter().enumerate().filter(|(_, value)| value.is_sure());
            exist.for_each(|(at, _)| sure.insert(at));
            dimensions.push(Dimension { parts, values, sure, loose });
        }
        let asked = all.iter().zip(&places).map(|(test, place)| {
            let dimension = dimension(*place);
            answers(test, dimension, dimensions.get(dimension), &checked.lists)
        });
        let asked = asked.collect();
        Some(Self { asked, ids, dimensions })
    }

    /// The number of a test that is asked.
    pub fn id(&self, test: &Test) -> Option<TestId> {
        self.ids.get(&(&test.source, &test.question)).copied()
    }

    pub fn asked(&self, id: TestId) -> Option<&Asked<'a>> {
        self.asked.get(id as usize)
    }
}

/// The parts of all dimensions, and which of them belong together.
#[derive(Default)]
struct Parts {
    all: Vec<Part>,
    places: HashMap<Part, usize>,
    parents: Vec<usize>,
}

impl Parts {
    fn place(&mut self, part: Part) -> usize {
        let next = self.all.len();
        let place = *self.places.entry(part.clone()).or_insert(next);
        if place == next {
            self.all.push(part);
            self.parents.push(next);
        }
        place
    }

    /// The part that a test is about; what it compares with is tied to it.
    fn of(&mut self, checked: &Checked, event: u32, test: &Test) -> usize {
        if let Question::Has(tag) = &test.question
            && !witness::may_be_unknown(checked, event, &test.source)
        {
            return self.place(Part::Tag(test.source.clone(), tag.clone()));
        }
        let place = self.place(Part::Source(test.source.clone()));
        if let Some(other) = other(&test.question) {
            let other = self.place(Part::Source(other.clone()));
            self.join(place, other);
        }
        place
    }

    /// Ties what depends on each other by what it means: an address and its domain, how far an
    /// enrollment is, windows over the same events.
    fn tie(&mut self, checked: &Checked) {
        let mut firsts: HashMap<(u8, u32), usize> = HashMap::new();
        for place in 0..self.all.len() {
            let Some(Part::Source(source)) = self.all.get(place) else {
                continue;
            };
            let key = match source {
                Source::ProspectAddress | Source::ProspectDomain => (0, 0),
                Source::EnrollmentStep | Source::EnrollmentSends | Source::DaysSinceLastSend => {
                    (1, 0)
                }
                Source::Window(window) => {
                    (2, checked.windows.get(*window as usize).map_or(0, |window| window.series))
                }
                _ => continue,
            };
            let first = *firsts.entry(key).or_insert(place);
            self.join(first, place);
        }
    }

    fn root(&self, mut place: usize) -> usize {
        while let Some(parent) = self.parents.get(place).filter(|parent| **parent != place) {
            place = *parent;
        }
        place
    }

    /// The root of a pair is always the smaller, so that it never depends on the order of joins.
    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.root(one), self.root(other));
        if let Some(parent) = self.parents.get_mut(one.max(other)) {
            *parent = one.min(other);
        }
    }
}

/// How each value of a dimension answers a test.
fn answers<'a>(
    test: &'a Test,
    number: usize,
    dimension: Option<&Dimension>,
    lists: &[List],
) -> Asked<'a> {
    let len = dimension.map_or(0, |dimension| dimension.values.len());
    let (mut yes, mut unknown) = (Bits::none(len), Bits::none(len));
    if let Some(dimension) = dimension {
        for (at, value) in dimension.values.iter().enumerate() {
            match answer(test, &dimension.parts, value, lists) {
                Some(true) => yes.insert(at),
                Some(false) => {}
                None => unknown.insert(at),
            }
        }
    }
    Asked { test, dimension: number, yes, unknown }
}

/// The answer of one value; none if there is nothing to read.
fn answer(test: &Test, parts: &[Part], value: &Value, lists: &[List]) -> Option<bool> {
    let seen = |wanted: &Source| {
        let at = parts.iter().position(|part| matches!(part, Part::Source(it) if it == wanted));
        at.and_then(|at| value.parts.get(at))
    };
    if let Question::Has(tag) = &test.question {
        let own =
            |part: &Part| matches!(part, Part::Tag(it, own) if *it == test.source && own == tag);
        let at = parts.iter().position(own);
        if let Some(Seen::Tag(has)) = at.and_then(|at| value.parts.get(at)) {
            return Some(*has);
        }
    }
    let found = match (seen(&test.source)?, &test.question) {
        (Seen::Unknown, Question::Known) => return Some(false),
        (Seen::Unknown, _) => return None,
        (_, Question::Known) => return Some(true),
        (Seen::Tag(_), _) => return None,
        (Seen::Counted(counted), question) => return Some(reached(question, *counted)),
        (Seen::Shaped(shapes), question) => return Some(shapes.contains(question)),
        (Seen::Datum(datum), _) => datum.val(),
    };
    let right = match &test.question {
        Question::Equals(side) | Question::Ordered(_, side) => match side {
            Side::Literal(datum) => Some(datum.val()),
            Side::Source(other, _) => match seen(other)? {
                Seen::Datum(datum) => Some(datum.val()),
                Seen::Unknown => return None,
                _ => return Some(false),
            },
        },
        _ => None,
    };
    Some(fits(&test.question, found, right, lists))
}

/// The type of a source on an event.
pub(super) fn kind_of(checked: &Checked, event: u32, source: &Source) -> Kind {
    match source {
        Source::Attribute(number) => {
            let event = checked.events.get(event as usize);
            let attribute = event.and_then(|event| event.attributes.get(*number as usize));
            attribute.map_or(Kind::Text, |attribute| attribute.kind.clone())
        }
        Source::ProspectAddress => Kind::Address,
        Source::ProspectDomain => Kind::Domain,
        Source::ProspectZone
        | Source::ProspectField(_)
        | Source::CompanyKey
        | Source::CompanyStage
        | Source::CampaignKey => Kind::Text,
        Source::ProspectTags | Source::CompanyTags | Source::CampaignTags => Kind::TextList,
        Source::EnrollmentStep
        | Source::EnrollmentSends
        | Source::DaysSinceLastSend
        | Source::Window(_) => Kind::Number,
    }
}
