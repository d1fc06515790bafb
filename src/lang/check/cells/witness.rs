//! The values of a dimension: enough of them that every way in which its tests can be answered
//! together is seen, and none that cannot be.

use std::collections::BTreeSet;

use chrono::Days;

use super::super::super::facts::Counted;
use super::super::super::ir::{Datum, Kind, Measure, Question, Side, Source, Test};
use super::super::super::literal;
use super::super::Checked;
use super::space::{Part, Seen, Value, kind_of};
use super::text::{MOST_ENTRIES, Texts, texts};
use crate::model::Scope;

/// The most values of one dimension.
const MOST_VALUES: usize = 4_096;
/// The most answers that are looked up for one dimension.
const MOST_ANSWERS: usize = 1 << 21;

/// Whether the values of a dimension show all that can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Loose {
    /// They do.
    No,
    /// Not where the shape of a text is asked.
    Shapes,
    /// There are too many to say.
    All,
}

/// What some of the parts are together, by the number of the part.
type Row = Vec<(usize, Seen)>;

/// What the values of one dimension are made from.
struct Maker<'a> {
    checked: &'a Checked,
    event: u32,
    parts: &'a [Part],
    tests: &'a [&'a Test],
    /// Whether two sources are compared: then values have to differ from each other, too.
    compared: bool,
}

/// Whether there may be nothing to read.
pub(super) fn may_be_unknown(checked: &Checked, event: u32, source: &Source) -> bool {
    match source {
        Source::ProspectTags | Source::CompanyTags | Source::CampaignTags => false,
        Source::Attribute(number) => {
            let event = checked.events.get(event as usize);
            let attribute = event.and_then(|event| event.attributes.get(*number as usize));
            attribute.is_some_and(|it| it.optional && it.kind.unknown_value().is_none())
        }
        _ => true,
    }
}

/// What it costs to go through the lists that some tests ask.
pub(super) fn cost(checked: &Checked, tests: &[&Test]) -> u64 {
    let asked = tests.iter().filter_map(|test| match test.question {
        Question::InList(list) => checked.lists.get(list as usize),
        _ => None,
    });
    let entries: usize = asked.map(|list| list.entries.len()).sum();
    (entries.min(MOST_ENTRIES) * 8) as u64
}

/// The values of a dimension, and whether they are all there are.
pub(super) fn values(
    checked: &Checked,
    event: u32,
    parts: &[Part],
    tests: &[&Test],
) -> (Vec<Value>, Loose) {
    let to_source = |test: &&&Test| {
        let side = match &test.question {
            Question::Equals(side) | Question::Ordered(_, side) => side,
            _ => return false,
        };
        matches!(side, Side::Source(..))
    };
    let compared = tests.iter().any(|test| to_source(&test));
    let maker = Maker { checked, event, parts, tests, compared };
    let mut loose = Loose::No;
    let mut all: Vec<Row> = vec![Row::new()];
    for facet in maker.facets() {
        let (rows, facet_loose) = maker.rows(&facet);
        loose = loose.max(facet_loose);
        let most = MOST_VALUES.min(MOST_ANSWERS / tests.len().max(1)).max(1);
        if all.len().saturating_mul(rows.len()) > most {
            loose = Loose::All;
        }
        let pairs = all.iter().flat_map(|row| rows.iter().map(move |more| (row, more)));
        all = pairs.map(|(row, more)| [row.as_slice(), more].concat()).take(most).collect();
    }
    let value = |row: Row| {
        let mut seen: Vec<Seen> = vec![Seen::Unknown; parts.len()];
        for (at, what) in row {
            if let Some(slot) = seen.get_mut(at) {
                *slot = what;
            }
        }
        Value { parts: seen.into() }
    };
    (all.into_iter().map(value).collect(), loose)
}

impl Maker<'_> {
    /// The parts, those together that cannot be told apart from each other.
    fn facets(&self) -> Vec<Vec<usize>> {
        let mut facets: Vec<(u32, Vec<usize>)> = Vec::new();
        for (at, part) in self.parts.iter().enumerate() {
            let key = match part {
                Part::Source(Source::ProspectAddress | Source::ProspectDomain) => 0,
                Part::Source(
                    Source::EnrollmentStep | Source::EnrollmentSends | Source::DaysSinceLastSend,
                ) => 1,
                // Windows are compared with nothing else, so those of a dimension share a series.
                Part::Source(Source::Window(_)) => 2,
                _ => u32::try_from(at).unwrap_or(u32::MAX).saturating_add(3),
            };
            match facets.iter_mut().find(|(known, _)| *known == key) {
                Some((_, parts)) => parts.push(at),
                None => facets.push((key, vec![at])),
            }
        }
        facets.into_iter().map(|(_, parts)| parts).collect()
    }

    fn rows(&self, facet: &[usize]) -> (Vec<Row>, Loose) {
        let source = |at: &usize| match self.parts.get(*at) {
            Some(Part::Source(source)) => Some(source),
            _ => None,
        };
        let sources: Vec<&Source> = facet.iter().filter_map(source).collect();
        match (sources.as_slice(), facet) {
            ([], [at]) => {
                (vec![vec![(*at, Seen::Tag(false))], vec![(*at, Seen::Tag(true))]], Loose::No)
            }
            ([Source::Window(_), ..], _) => self.windows(facet, &sources),
            ([Source::ProspectAddress | Source::ProspectDomain, _], _) => {
                self.people(facet, &sources)
            }
            (
                [Source::EnrollmentStep | Source::EnrollmentSends | Source::DaysSinceLastSend, ..],
                _,
            ) => self.enrollments(facet, &sources),
            ([source], [at]) => {
                let (seen, loose) = self.one(source);
                (seen.into_iter().map(|seen| vec![(*at, seen)]).collect(), loose)
            }
            _ => (vec![Row::new()], Loose::All),
        }
    }

    /// What one source can be.
    fn one(&self, source: &Source) -> (Vec<Seen>, Loose) {
        let kind = kind_of(self.checked, self.event, source);
        let mut loose = Loose::No;
        let mut all: Vec<Seen> = match &kind {
            Kind::Enum(values) => {
                let numbers = 0..u32::try_from(values.len()).unwrap_or(u32::MAX);
                numbers.map(|number| Seen::Datum(Datum::Enum(number))).collect()
            }
            Kind::Bool => [true, false].map(|flag| Seen::Datum(Datum::Bool(flag))).to_vec(),
            Kind::Scope => Scope::ALL.map(|scope| Seen::Datum(Datum::Scope(scope))).to_vec(),
            Kind::Number | Kind::Date | Kind::Instant | Kind::Duration => {
                self.ordered(&kind).into_iter().map(Seen::Datum).collect()
            }
            Kind::Text | Kind::Domain | Kind::Address => {
                let Texts { texts, shaped, whole } = self.texts(&kind);
                if self.compared && !shaped.is_empty() {
                    loose = Loose::Shapes;
                }
                if !whole {
                    loose = Loose::All;
                }
                let texts = texts.into_iter().map(|text| Seen::Datum(Datum::Text(text)));
                texts.chain(shaped.into_iter().map(Seen::Shaped)).collect()
            }
            Kind::TextList => return self.tags(source),
        };
        if may_be_unknown(self.checked, self.event, source) {
            all.push(Seen::Unknown);
        }
        (all, loose)
    }

    fn texts(&self, kind: &Kind) -> Texts {
        let of_kind = |test: &&&Test| kind_of(self.checked, self.event, &test.source) == *kind;
        let tests: Vec<&Test> = self.tests.iter().filter(of_kind).copied().collect();
        let mut found = texts(kind, &tests, &self.checked.lists);
        if *kind == Kind::Address && self.parts.contains(&Part::Source(Source::ProspectDomain)) {
            // Whoever is at a domain that is asked for, and is named nowhere, comes first.
            let domains = self.texts(&Kind::Domain).texts;
            let someone = domains.iter().filter_map(|domain| {
                let names = ["ann", "someone", "nobody-else"];
                let mut all = names.map(|name| Box::from(format!("{name}@{domain}"))).into_iter();
                all.find(|it| !found.texts.contains(it))
            });
            let mut all: Vec<Box<str>> = someone.collect();
            all.append(&mut found.texts);
            found.texts = all;
        }
        found
    }

    /// Each subset of the texts that are asked for, of a list that may not be there at all.
    fn tags(&self, source: &Source) -> (Vec<Seen>, Loose) {
        const MOST: usize = 8;
        let asked = self.tests.iter().filter(|test| test.source == *source);
        let tags: BTreeSet<&str> = asked
            .filter_map(|test| match &test.question {
                Question::Has(tag) => Some(&**tag),
                _ => None,
            })
            .collect();
        let loose = if tags.len() > MOST { Loose::All } else { Loose::No };
        let tags: Vec<&str> = tags.into_iter().take(MOST).collect();
        let subset = |bits: usize| {
            let has = tags.iter().enumerate().filter(|(at, _)| bits >> at & 1 == 1);
            Seen::Datum(Datum::List(has.map(|(_, tag)| Box::from(*tag)).collect()))
        };
        let all = (0..1 << tags.len()).map(subset).chain([Seen::Unknown]);
        (all.collect(), loose)
    }

    /// Each literal, just below and just above; one that is like no literal comes first.
    fn ordered(&self, kind: &Kind) -> Vec<Datum> {
        let mut literals: Vec<&Datum> = Vec::new();
        for test in self.tests {
            match &test.question {
                Question::Equals(Side::Literal(datum))
                | Question::Ordered(_, Side::Literal(datum)) => literals.push(datum),
                Question::OneOf(data) => literals.extend(data),
                _ => {}
            }
        }
        let steps: &[i64] = if self.compared { &[0, -1, 1, -2, 2] } else { &[0, -1, 1] };
        let plain: &[i64] = if self.compared { &[0, 1, 2] } else { &[0] };
        let start = match kind {
            Kind::Number => Some(Datum::Number(1)),
            Kind::Duration => Some(Datum::Duration(86_400_000)),
            Kind::Date => literal::date("2026-01-15").map(Datum::Date),
            _ => "2026-01-15T09:00:00Z".parse().ok().map(Datum::Instant),
        };
        let like = |datum: &&Datum| {
            start
                .as_ref()
                .is_some_and(|it| std::mem::discriminant(it) == std::mem::discriminant(*datum))
        };
        let near = literals
            .into_iter()
            .filter(like)
            .flat_map(|datum| steps.iter().filter_map(move |step| moved(datum, *step)));
        let first =
            start.iter().flat_map(|datum| plain.iter().filter_map(|step| moved(datum, *step)));
        let mut all: Vec<Datum> = first.collect();
        let mut seen: std::collections::HashSet<Datum> = all.iter().cloned().collect();
        for datum in near {
            if seen.insert(datum.clone()) {
                all.push(datum);
            }
        }
        all
    }

    /// An address and its domain: the one follows from the other.
    fn people(&self, facet: &[usize], sources: &[&Source]) -> (Vec<Row>, Loose) {
        let addresses = self.texts(&Kind::Address);
        let domains = self.texts(&Kind::Domain);
        let mut loose = Loose::No;
        // With no shapes of addresses, what is asked of the domain and of the whole stand apart.
        let shaped =
            |test: &&Test| test.source == Source::ProspectAddress && test.question.is_shape();
        if self.tests.iter().any(shaped) || !domains.shaped.is_empty() {
            loose = Loose::Shapes;
        }
        if !addresses.whole || !domains.whole {
            loose = Loose::All;
        }
        let mut known: BTreeSet<String> = BTreeSet::new();
        let mut all: Vec<String> = Vec::new();
        let mut add = |address: String, all: &mut Vec<String>| {
            if literal::address(&address).is_some() && known.insert(address.clone()) {
                all.push(address);
            }
        };
        for address in &addresses.texts {
            add(address.to_string(), &mut all);
        }
        if loose == Loose::Shapes {
            let locals = addresses.texts.iter().filter_map(|it| it.split_once('@')).map(|it| it.0);
            let pairs = locals.flat_map(|local| domains.texts.iter().map(move |it| (local, it)));
            for (local, domain) in pairs.take(MOST_VALUES / 4) {
                add(format!("{local}@{domain}"), &mut all);
            }
        }
        let row = |address: &String| {
            let domain = address.rsplit_once('@').map_or("", |(_, domain)| domain);
            let seen = sources.iter().map(|source| match source {
                Source::ProspectDomain => Seen::Datum(Datum::Text(domain.into())),
                _ => Seen::Datum(Datum::Text(address.as_str().into())),
            });
            facet.iter().copied().zip(seen).collect::<Row>()
        };
        let unknown = facet.iter().map(|at| (*at, Seen::Unknown)).collect();
        (all.iter().map(row).chain([unknown]).collect(), loose)
    }

    /// How far an enrollment is: none, or a step, and the days since the last send if there was
    /// one. Who has finished is at no step.
    fn enrollments(&self, facet: &[usize], sources: &[&Source]) -> (Vec<Row>, Loose) {
        let numbers = self.ordered(&Kind::Number);
        let numbers = numbers.iter().filter_map(|datum| match datum {
            Datum::Number(number) => Some(*number),
            _ => None,
        });
        // What is one step or one send further matters to the other.
        let near = numbers.flat_map(|it| [Some(it), it.checked_add(1), it.checked_sub(1)]);
        let mut sends: Vec<i64> = near.flatten().filter(|sends| *sends >= 0).collect();
        sends.sort_unstable();
        sends.dedup();
        let asked = |wanted: &Source| sources.contains(&wanted);
        let (step, sent) = (asked(&Source::EnrollmentStep), asked(&Source::EnrollmentSends));
        let day = asked(&Source::DaysSinceLastSend);
        let most = if day && (step || sent) { 48 } else { 1_024 };
        let loose = if sends.len() > most { Loose::All } else { Loose::No };
        sends.truncate(most);
        let days: Vec<Option<i64>> = sends.iter().copied().map(Some).chain([None]).collect();
        // Only what is asked is told apart.
        let only = |asked: bool, number: Option<i64>| number.filter(|_| asked);
        let mut seen: BTreeSet<[Option<i64>; 3]> = BTreeSet::new();
        let mut all: Vec<[Option<i64>; 3]> = Vec::new();
        let mut add = |at: [Option<i64>; 3]| {
            let at = [only(step, at[0]), only(sent, at[1]), only(day, at[2])];
            if seen.insert(at) {
                all.push(at);
            }
        };
        for sends in &sends {
            for at in [sends.checked_add(1), None] {
                let known = days.iter().filter(|day| *sends > 0 || day.is_none());
                let known = known.take(if day { days.len() } else { 1 });
                known.for_each(|day| add([at, Some(*sends), *day]));
            }
        }
        add([None; 3]);
        let number =
            |it: Option<i64>| it.map_or(Seen::Unknown, |it| Seen::Datum(Datum::Number(it)));
        let row = |[step, sent, day]: [Option<i64>; 3]| {
            let seen = sources.iter().map(|source| match source {
                Source::EnrollmentStep => number(step),
                Source::EnrollmentSends => number(sent),
                _ => number(day),
            });
            facet.iter().copied().zip(seen).collect::<Row>()
        };
        (all.into_iter().map(row).collect(), loose)
    }

    /// What windows on the same events count: a longer one counts no less.
    fn windows(&self, facet: &[usize], sources: &[&Source]) -> (Vec<Row>, Loose) {
        let window = |source: &Source| match source {
            Source::Window(number) => self.checked.windows.get(*number as usize),
            _ => None,
        };
        let series = sources.iter().find_map(|source| window(source)).map(|window| window.series);
        let series = series.and_then(|number| self.checked.series.get(number as usize));
        // The event itself is counted, if the window asks nothing of it.
        let itself = series.is_some_and(|it| it.event == self.event && it.filter.is_empty());
        let rated = series.is_some_and(|it| matches!(it.measure, Measure::Share { .. }));
        let least = u32::from(itself);
        let counts = if rated { self.shares(least) } else { self.counts(least) };
        let mut order: Vec<(u64, usize)> = Vec::new();
        for (at, source) in facet.iter().zip(sources) {
            order.push((window(source).map_or(0, |window| window.span_ms), *at));
        }
        order.sort_unstable();
        let mut rows: Vec<(Row, Counted)> = vec![(Row::new(), Counted::default())];
        let mut loose = Loose::No;
        for (_, at) in order {
            let mut next = Vec::new();
            for (row, before) in &rows {
                let after =
                    counts.iter().filter(|it| it.count >= before.count && it.of >= before.of);
                for counted in after {
                    let mut row = row.clone();
                    row.push((at, Seen::Counted(*counted)));
                    next.push((row, *counted));
                }
            }
            if next.len() > MOST_VALUES {
                next.truncate(MOST_VALUES);
                loose = Loose::All;
            }
            rows = next;
        }
        let unknown = facet.iter().map(|at| (*at, Seen::Unknown)).collect();
        (rows.into_iter().map(|(row, _)| row).chain([unknown]).collect(), loose)
    }

    fn counts(&self, least: u32) -> Vec<Counted> {
        let mut counts: BTreeSet<u32> = BTreeSet::from([least]);
        for test in self.tests {
            if let Question::AtLeast(wanted) = test.question {
                counts.extend([wanted.saturating_sub(1), wanted]);
            }
        }
        let counts = counts.into_iter().filter(|count| *count >= least);
        counts.map(|count| Counted { count, ..Counted::default() }).collect()
    }

    /// Below, at and above each share, of too few and of enough.
    fn shares(&self, least: u32) -> Vec<Counted> {
        const WHOLE: u32 = 1_000_000;
        let mut asked: Vec<(u32, u32)> = Vec::new();
        for test in self.tests {
            if let Question::Share { millionths, least, .. } = test.question {
                asked.push((millionths, least));
            }
        }
        let mut bases: BTreeSet<u32> = BTreeSet::new();
        for (_, least) in &asked {
            bases.extend([least.saturating_sub(1), *least]);
            for (millionths, _) in &asked {
                // The first base at which that share is a whole number.
                let round = WHOLE / gcd(WHOLE, *millionths);
                bases.extend(least.div_ceil(round).checked_mul(round));
            }
        }
        let mut all: BTreeSet<(u32, u32)> = BTreeSet::from([(0, least)]);
        for of in bases {
            all.insert((of, least));
            for (millionths, _) in &asked {
                let at = u64::from(of) * u64::from(*millionths) / u64::from(WHOLE);
                let at = u32::try_from(at).unwrap_or(u32::MAX - 1);
                let near = [at.saturating_sub(1), at, at.saturating_add(1)];
                all.extend(near.into_iter().filter(|it| *it >= least).map(|count| (of, count)));
            }
        }
        all.into_iter().map(|(of, count)| Counted { count, of, or_more: false }).collect()
    }
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a.max(1) } else { gcd(b, a % b) }
}

/// A value that is a few steps further: milliseconds, days or ones. None past the end.
fn moved(datum: &Datum, step: i64) -> Option<Datum> {
    let days = Days::new(step.unsigned_abs());
    match datum {
        Datum::Number(number) => number.checked_add(step).map(Datum::Number),
        Datum::Duration(ms) => ms.checked_add_signed(step).map(Datum::Duration),
        Datum::Date(date) => {
            let moved =
                if step < 0 { date.checked_sub_days(days) } else { date.checked_add_days(days) };
            moved.filter(|date| literal::in_range(*date)).map(Datum::Date)
        }
        Datum::Instant(at) => {
            let moved = at.plus_ms(step);
            (moved.ms_since(*at) == step).then_some(Datum::Instant(moved))
        }
        _ => None,
    }
}
