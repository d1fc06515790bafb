//! Cells in words: `reply.kind is auto and prospect.domain is "gmail.com"`.

use super::super::super::facts::Counted;
use super::super::super::ir::{Datum, Kind, Measure, Question, Side, Source, Spoken};
use super::super::Checked;
use super::space::{Part, Seen, TestId, kind_of};
use super::stage::Stage;

/// The most that is said of one cell.
const MOST_SAID: usize = 8;

/// Things one after the other, with a word before the last.
pub(super) fn listed(all: &[String], word: &str) -> String {
    match all {
        [] => String::new(),
        [one] => one.clone(),
        [before @ .., last] => format!("{} {word} {last}", before.join(", ")),
    }
}

/// What is so in a cell, of what these tests ask.
pub(super) fn cell(
    checked: &Checked,
    stage: &Stage<'_>,
    shown: &[(usize, usize)],
    tests: &[TestId],
) -> String {
    let mut said: Vec<String> = Vec::new();
    for (dimension, value) in shown {
        let Some(dimension) = stage.space.dimensions.get(*dimension) else {
            continue;
        };
        let Some(value) = dimension.values.get(*value) else {
            continue;
        };
        for (part, seen) in dimension.parts.iter().zip(&value.parts) {
            if let Some(path) = path_of(stage, part, tests) {
                said.push(one(checked, stage.event, part, &path, seen));
            }
        }
    }
    if said.len() > MOST_SAID {
        said.truncate(MOST_SAID);
        said.push("more".to_owned());
    }
    said.join(" and ")
}

/// How a part is written, if one of these tests asks it.
fn path_of(stage: &Stage<'_>, part: &Part, tests: &[TestId]) -> Option<String> {
    let asked = tests.iter().filter_map(|id| stage.space.asked(*id));
    asked.into_iter().find_map(|asked| {
        let test = asked.test;
        match (part, &test.question) {
            (Part::Tag(source, tag), Question::Has(own))
                if *source == test.source && tag == own =>
            {
                Some(test.path.to_string())
            }
            (Part::Source(source), _) if *source == test.source => Some(test.path.to_string()),
            (
                Part::Source(source),
                Question::Equals(Side::Source(other, path))
                | Question::Ordered(_, Side::Source(other, path)),
            ) if source == other => Some(path.to_string()),
            _ => None,
        }
    })
}

fn one(checked: &Checked, event: u32, part: &Part, path: &str, seen: &Seen) -> String {
    match (part, seen) {
        (Part::Tag(_, tag), Seen::Tag(true)) => format!("{} in {path}", quoted(tag)),
        (Part::Tag(_, tag), _) => format!("{} not in {path}", quoted(tag)),
        (_, Seen::Unknown) => format!("{path} is unknown"),
        (Part::Source(source), Seen::Counted(counted)) => {
            format!("{path} is {}", share(checked, source, *counted))
        }
        (Part::Source(source), Seen::Datum(datum)) => {
            format!("{path} is {}", written(&kind_of(checked, event, source), datum))
        }
        _ => format!("{path} is another text"),
    }
}

fn share(checked: &Checked, source: &Source, counted: Counted) -> String {
    let series = match source {
        Source::Window(window) => {
            let window = checked.windows.get(*window as usize);
            window.and_then(|window| checked.series.get(window.series as usize))
        }
        _ => None,
    };
    match series.map(|series| series.measure) {
        Some(Measure::Share { .. }) => format!("{} of {}", counted.count, counted.of),
        _ => counted.count.to_string(),
    }
}

/// A value as the language writes it.
pub(super) fn written(kind: &Kind, datum: &Datum) -> String {
    match (kind, datum) {
        (Kind::Enum(values), Datum::Enum(number)) => {
            values.get(*number as usize).map_or_else(String::new, |value| value.to_string())
        }
        (_, Datum::Text(text)) => quoted(text),
        (_, Datum::Number(number)) => number.to_string(),
        (_, Datum::Bool(flag)) => flag.to_string(),
        (_, Datum::Instant(at)) => at.to_string(),
        (_, Datum::Date(date)) => date.to_string(),
        (_, Datum::Duration(ms)) => Spoken(*ms).to_string(),
        (_, Datum::Enum(number)) => number.to_string(),
        (_, Datum::Scope(scope)) => scope.name().to_owned(),
        (_, Datum::List(list)) if list.is_empty() => "empty".to_owned(),
        (_, Datum::List(list)) => {
            let all: Vec<String> = list.iter().map(|text| quoted(text)).collect();
            format!("[{}]", all.join(", "))
        }
    }
}

/// A text in quotes, as the language reads it.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
