//! What decides how timelines are placed: days without sends, the ways of a campaign, its pace.
//! Read and written.

#[cfg(test)]
mod tests;

use serde_json::Value as Json;

use super::error::{JsonError, JsonErrorKind};
use super::fields::Path;
use super::nearest::{did_you_mean, nearest};
use super::scalar::{list, string};
use super::tree::Node;
use super::words::{self, Range};
use crate::model::{AddedSteps, DateRange, EnrolledElsewhere, Pace, Placement};

/// The names of calendars; whether there is such a calendar is not known here.
pub(super) fn read_holidays(path: &Path<'_>, node: Node<'_>) -> Result<Vec<String>, JsonError> {
    list(path, node, "a list of calendars such as `[\"us\",\"de\"]`", string)
}

pub(super) fn read_ranges(path: &Path<'_>, node: Node<'_>) -> Result<Vec<DateRange>, JsonError> {
    const EXPECTED: &str = "a list of days such as `[\"2026-12-24\",\"2026-12-27..2027-01-03\"]`";
    list(path, node, EXPECTED, read_range)
}

fn read_range(path: &Path<'_>, node: Node<'_>) -> Result<DateRange, JsonError> {
    const EXPECTED: &str =
        "a day such as `2026-12-24`, or the first and the last such as `2026-12-27..2027-01-03`";
    let Node::Text(text) = &node else {
        return Err(path.ill_typed(EXPECTED, &node));
    };
    match words::read_range(text) {
        Range::Days(days) => Ok(days),
        Range::Backwards(DateRange { first, last }) => {
            let help = format!("did you mean `{last}..{first}`?");
            Err(path.ill_typed("a last day that is not before the first", &node).help(help))
        }
        Range::NoSuchDay(day) => {
            let help = format!("there is no day `{day}` from 1970 to 9999");
            Err(path.ill_typed(EXPECTED, &node).help(help))
        }
        Range::Other => Err(path.ill_typed(EXPECTED, &node)),
    }
}

pub(super) fn write_ranges(ranges: &[DateRange]) -> Json {
    ranges.iter().map(words::write_range).collect()
}

pub(super) fn read_placement(path: &Path<'_>, node: Node<'_>) -> Result<Placement, JsonError> {
    const ALL: [Placement; 2] = [Placement::Whole, Placement::Rolling];
    read_word(path, &node, &ALL, placement)
}

pub(super) const fn placement(placement: Placement) -> &'static str {
    match placement {
        Placement::Whole => "whole",
        Placement::Rolling => "rolling",
    }
}

pub(super) fn read_enrolled_elsewhere(
    path: &Path<'_>,
    node: Node<'_>,
) -> Result<EnrolledElsewhere, JsonError> {
    const ALL: [EnrolledElsewhere; 3] =
        [EnrolledElsewhere::Allow, EnrolledElsewhere::Reject, EnrolledElsewhere::Replace];
    read_word(path, &node, &ALL, enrolled_elsewhere)
}

pub(super) const fn enrolled_elsewhere(way: EnrolledElsewhere) -> &'static str {
    match way {
        EnrolledElsewhere::Allow => "allow",
        EnrolledElsewhere::Reject => "reject",
        EnrolledElsewhere::Replace => "replace",
    }
}

pub(super) fn read_added_steps(path: &Path<'_>, node: Node<'_>) -> Result<AddedSteps, JsonError> {
    const ALL: [AddedSteps; 3] = [AddedSteps::Hold, AddedSteps::Append, AddedSteps::Ignore];
    read_word(path, &node, &ALL, added_steps)
}

pub(super) const fn added_steps(way: AddedSteps) -> &'static str {
    match way {
        AddedSteps::Hold => "hold",
        AddedSteps::Append => "append",
        AddedSteps::Ignore => "ignore",
    }
}

/// One of a few words.
fn read_word<T: Copy>(
    path: &Path<'_>,
    node: &Node<'_>,
    all: &[T],
    name: fn(T) -> &'static str,
) -> Result<T, JsonError> {
    let names = || all.iter().map(|way| name(*way));
    let ill_typed = || path.ill_typed(&one_of(names()), node);
    let Node::Text(text) = node else {
        return Err(ill_typed());
    };
    let found = all.iter().find(|way| name(**way) == text);
    found.copied().ok_or_else(|| ill_typed().help(did_you_mean(text, names())))
}

/// "`allow`, `reject` or `replace`".
fn one_of(names: impl Iterator<Item = &'static str>) -> String {
    let mut names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    match names.pop() {
        Some(last) if !names.is_empty() => format!("{} or {last}", names.join(", ")),
        last => last.unwrap_or_default(),
    }
}

pub(super) fn read_pace(path: &Path<'_>, node: Node<'_>) -> Result<Pace, JsonError> {
    const EXPECTED: &str = "a pace such as `3 per week` or `2 per day`";
    let Node::Text(text) = &node else {
        return Err(path.ill_typed(EXPECTED, &node));
    };
    let Some((sends, per)) = words::read_pace(text) else {
        return Err(path.ill_typed(EXPECTED, &node).help(meant_pace(text)));
    };
    let sends = u32::try_from(sends).map_err(|_| {
        let most = words::write_pace(Pace { sends: u32::MAX, per });
        let why = format_args!("expected a pace of at most `{most}`, found `{text}`");
        path.wrong(JsonErrorKind::OutOfRange, why)
    })?;
    Ok(Pace { sends, per })
}

/// The pace that `3/week` or `3 per weeks` was meant to be: its number and last word say it.
fn meant_pace(text: &str) -> Option<String> {
    let digits = text.split(|c: char| !c.is_ascii_digit()).next()?;
    let word = text.rsplit(|c: char| !c.is_alphabetic()).next()?;
    let period = nearest(word, words::PERIODS.map(|(name, _)| name))?;
    (!digits.is_empty()).then(|| format!("did you mean `{digits} per {period}`?"))
}
