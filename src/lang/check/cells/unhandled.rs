//! Values of enums that no rule mentions, and for which no rule ever fires.

use super::super::super::ast::Span;
use super::super::super::diagnostic as say;
use super::super::super::ir::{Datum, Kind, Question, Side, Source};
use super::space::{Part, Seen};
use super::stage::Stage;
use super::{Finding, Looker};

impl Looker<'_> {
    pub(super) fn unhandled(&mut self) {
        let found: Vec<Finding> =
            self.stages.iter().flatten().flat_map(|stage| self.unhandled_on(stage)).collect();
        self.found.extend(found);
    }

    fn unhandled_on(&self, stage: &Stage<'_>) -> Vec<Finding> {
        let Some(event) = self.checked.events.get(stage.event as usize) else {
            return Vec::new();
        };
        let known = |it: &super::stage::Heard<'_>| it.fires.as_ref().is_some_and(|it| it.whole);
        if stage.heard.is_empty() || !stage.heard.iter().all(known) {
            return Vec::new();
        }
        let Some(at) = self.first_listener(stage) else {
            return Vec::new();
        };
        let mut found = Vec::new();
        for (number, attribute) in (0..).zip(event.attributes.iter()) {
            let Kind::Enum(values) = &attribute.kind else {
                continue;
            };
            let source = Source::Attribute(number);
            let path = format!("{}.{}", event.name, attribute.name);
            let open = (0..).zip(values.iter()).filter(|(value, _)| {
                !mentioned(stage, &source, *value) && !handled(stage, &source, *value)
            });
            let open: Vec<&str> = open.map(|(_, name)| &**name).collect();
            if !open.is_empty() {
                found.push(say::unhandled_values(at, &path, &open));
            }
        }
        found
    }

    /// Where the first rule that listens names the event.
    fn first_listener(&self, stage: &Stage<'_>) -> Option<Span> {
        let event = self.checked.events.get(stage.event as usize)?;
        let decl = self.decl(stage.heard.first()?.index)?;
        decl.on.iter().find(|word| *word.text == *event.name).map(|word| word.at)
    }
}

/// Whether a rule names a value, to want it or not.
fn mentioned(stage: &Stage<'_>, source: &Source, value: u32) -> bool {
    let datum = Datum::Enum(value);
    let names = |question: &Question| match question {
        Question::Equals(Side::Literal(it)) => *it == datum,
        Question::OneOf(data) => data.contains(&datum),
        _ => false,
    };
    let clauses = stage.heard.iter().flat_map(|it| &it.rule.clauses);
    let mut tests = clauses.flat_map(|clause| &clause.steps).map(|step| &step.test);
    tests.any(|test| test.source == *source && names(&test.question))
}

/// Whether a rule can fire with a value.
fn handled(stage: &Stage<'_>, source: &Source, value: u32) -> bool {
    let wanted = Part::Source(source.clone());
    let place = |(at, dimension): (usize, &super::space::Dimension)| {
        dimension.parts.iter().position(|part| *part == wanted).map(|part| (at, part))
    };
    let Some((number, part)) = stage.space.dimensions.iter().enumerate().find_map(place) else {
        return true;
    };
    let Some(dimension) = stage.space.dimensions.get(number) else {
        return true;
    };
    let seen = Seen::Datum(Datum::Enum(value));
    let with: Vec<usize> = dimension
        .values
        .iter()
        .enumerate()
        .filter(|(_, value)| value.parts.get(part) == Some(&seen))
        .map(|(at, _)| at)
        .collect();
    stage.heard.iter().filter_map(|it| it.fires.as_ref()).any(|fires| {
        let never = fires.heard.iter().any(|(_, values)| values.is_empty());
        match fires.heard.iter().find(|(it, _)| *it == number) {
            Some((_, values)) => with.iter().any(|at| values.has(*at)),
            None => !never,
        }
    })
}
