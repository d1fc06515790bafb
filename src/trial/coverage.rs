//! How much of the rules the tests have shown: that each fires, that each `except` prevents, both
//! sides of each threshold, and each override.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::lang::{Lines, Point, Policy, RuleIndex};

/// What tests have shown of a policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// How much of it was shown.
    pub shown: u32,
    /// How much there is to show.
    pub of: u32,
    /// The rules, in the order of the text.
    pub rules: Vec<RuleCoverage>,
}

/// What tests have shown of one rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuleCoverage {
    /// Its name.
    pub rule: String,
    /// The file in which it stands.
    pub file: String,
    /// The line of its name, from 1.
    pub line: u32,
    /// Whether it fired.
    pub fired: bool,
    /// How much of it was shown.
    pub shown: u32,
    /// How much there is to show.
    pub of: u32,
    /// What was not shown.
    pub missing: Vec<Gap>,
}

/// Something that no test has shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// What is missing, as a clause.
    pub what: String,
}

impl Coverage {
    /// What was shown, in whole percent, rounded down: 100 only if nothing is missing.
    #[must_use]
    pub fn percent(&self) -> u32 {
        (u64::from(self.shown) * 100)
            .checked_div(u64::from(self.of))
            .map_or(100, |percent| u32::try_from(percent).unwrap_or(100))
    }
}

pub(super) fn of(
    policy: &Policy,
    shown: &BTreeSet<(RuleIndex, Point)>,
    lines: &Lines<'_>,
) -> Coverage {
    let mut coverage = Coverage { shown: 0, of: 0, rules: Vec::new() };
    for (number, info) in (0_u16..).zip(policy.rules()) {
        let rule = RuleIndex(number);
        let mut row = RuleCoverage {
            rule: info.name.clone(),
            file: info.file.clone(),
            line: info.line,
            fired: shown.contains(&(rule, Point::Fired)),
            shown: 0,
            of: 0,
            missing: Vec::new(),
        };
        for wanted in policy.points(rule) {
            row.of += 1;
            if shown.contains(&(rule, wanted.point)) {
                row.shown += 1;
                continue;
            }
            let mut what = wanted.missing;
            if let Point::Prevented(clause) = wanted.point
                && shown.contains(&(rule, Point::Beside(clause)))
            {
                what.push_str(" (another `except` held each time)");
            }
            let file = lines.name(wanted.at.file).to_owned();
            row.missing.push(Gap { file, line: lines.line(wanted.at), what });
        }
        coverage.shown += row.shown;
        coverage.of += row.of;
        coverage.rules.push(row);
    }
    coverage
}
