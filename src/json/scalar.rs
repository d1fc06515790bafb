//! Single values of a type: text, numbers, flags, instants, durations, lists.

use std::borrow::Cow;

use super::error::{JsonError, JsonErrorKind};
use super::fields::Path;
use super::tree::Node;
use super::words;
use crate::model::Instant;

pub(super) fn text<'a>(path: &Path<'_>, node: Node<'a>) -> Result<Cow<'a, str>, JsonError> {
    match node {
        Node::Text(text) => Ok(text),
        other => Err(path.ill_typed("text", &other)),
    }
}

pub(super) fn string(path: &Path<'_>, node: Node<'_>) -> Result<String, JsonError> {
    text(path, node).map(Cow::into_owned)
}

pub(super) fn flag(path: &Path<'_>, node: Node<'_>) -> Result<bool, JsonError> {
    match node {
        Node::Bool(flag) => Ok(flag),
        other => Err(path.ill_typed("true or false", &other)),
    }
}

/// A whole number from 0 to `most`.
pub(super) fn number(path: &Path<'_>, node: Node<'_>, most: u64) -> Result<u64, JsonError> {
    let number = match node {
        Node::Int(number) => u64::try_from(number).ok(),
        Node::Big(number) => Some(number),
        other => return Err(path.ill_typed("a whole number", &other)),
    };
    number.filter(|number| *number <= most).ok_or_else(|| {
        let why = format_args!("expected a whole number from 0 to {most}, found {}", node.found());
        path.wrong(JsonErrorKind::OutOfRange, why)
    })
}

pub(super) fn instant(path: &Path<'_>, node: Node<'_>) -> Result<Instant, JsonError> {
    const EXPECTED: &str = "an instant between 1970 and 9999 with an offset, such as \
                            `2026-03-02T09:00:00Z`";
    match &node {
        Node::Text(text) => text.parse().ok(),
        _ => None,
    }
    .ok_or_else(|| path.ill_typed(EXPECTED, &node))
}

/// A duration of at most `most_ms` milliseconds.
pub(super) fn duration(path: &Path<'_>, node: Node<'_>, most_ms: u64) -> Result<u64, JsonError> {
    let Node::Text(text) = &node else {
        return Err(path.ill_typed("a duration such as `90s`, `30m`, `36h` or `3d`", &node));
    };
    match words::read_duration(text) {
        Some(ms) if ms <= most_ms => Ok(ms),
        Some(_) => Err(path.wrong(
            JsonErrorKind::OutOfRange,
            format_args!(
                "expected a duration of at most `{}`, found `{text}`",
                words::write_duration(most_ms)
            ),
        )),
        None => Err(path.ill_typed("a duration such as `90s`, `30m`, `36h` or `3d`", &node)),
    }
}

pub(super) fn strings(path: &Path<'_>, node: Node<'_>) -> Result<Vec<String>, JsonError> {
    list(path, node, "a list of text", string)
}

pub(super) fn list<'a, T>(
    path: &Path<'_>,
    node: Node<'a>,
    expected: &str,
    read: impl Fn(&Path<'_>, Node<'a>) -> Result<T, JsonError>,
) -> Result<Vec<T>, JsonError> {
    match node {
        Node::List(items) => items
            .into_iter()
            .enumerate()
            .map(|(index, item)| read(&Path::Item(path, index), item))
            .collect(),
        other => Err(path.ill_typed(expected, &other)),
    }
}
