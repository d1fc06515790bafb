//! What a person sees of the results.

use super::measured::{Bound, Measured, Target};
use super::sweep::Point;
use crate::layout::{Cell, Side, Table, count};
use crate::screen::{BAD, FAINT, GOOD, STRONG, styled};

/// What was measured, how fast and how long each commit took.
pub fn results(all: &[Measured], width: usize) -> String {
    use Side::{Left, Right};
    let mut table = Table::new(0, &[Left, Left, Right, Right, Right, Right, Right, Right]);
    let heads = ["workload", "", "per second", "p50", "p99", "p99.9", "writer", "sync"];
    table.row(heads.map(|head| Cell::styled(head, FAINT)));
    for it in all {
        let waits = |percent| it.waits.as_ref().map(|waits| wait(waits.at(percent)));
        let cell = |text: Option<String>| Cell::from(text.unwrap_or_else(|| "–".to_owned()));
        let share = |share: f64| format!("{:.0} %", share * 100.0);
        let shared = it.done > 0;
        table.row([
            Cell::styled(it.name, STRONG),
            it.what.into(),
            cell(it.per_second().map(|rate| count(rate.round() as u64))),
            cell(waits(50.0)),
            cell(waits(99.0)),
            cell(waits(99.9)),
            cell(it.shares.writer().filter(|_| shared).map(share)),
            cell(Some(it.shares.sync()).filter(|_| shared).map(share)),
        ]);
    }
    table.render(width)
}

/// What was aimed at, and whether that was reached; below it, why what is not judged is not.
pub fn targets(all: &[Measured], width: usize) -> String {
    use Side::{Left, Right};
    let mut table = Table::new(0, &[Left, Left, Right, Right, Left]).keeping(&[4]);
    let heads = ["target", "", "aimed at", "found", ""];
    table.row(heads.map(|head| Cell::styled(head, FAINT)));
    for it in all {
        for target in &it.targets {
            let (sign, bound) = match target.bound {
                Bound::AtLeast(least) => ("≥", least),
                Bound::AtMost(most) => ("≤", most),
            };
            table.row([
                Cell::styled(it.name, STRONG),
                target.what.into(),
                format!("{sign} {}", amount(bound, target.unit)).into(),
                amount(target.found, target.unit).into(),
                verdict(target),
            ]);
        }
    }
    let mut out = table.render(width);
    let mut reasons: Vec<&str> = Vec::new();
    for reason in all.iter().flat_map(|it| &it.targets).filter_map(|target| target.unjudged) {
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
    for reason in reasons {
        out += &note(&format!("not judged: {reason}"));
    }
    out
}

fn verdict(target: &Target) -> Cell {
    let style = match target.verdict() {
        "met" => GOOD,
        "missed" => BAD,
        _ => FAINT,
    };
    Cell::styled(target.verdict(), style)
}

/// What was counted, and the digests: the same for the same seed and size.
pub fn checks(all: &[Measured], width: usize) -> String {
    let mut table = Table::new(0, &[Side::Left, Side::Left, Side::Left]);
    let heads = ["checked", "digest", ""];
    table.row(heads.map(|head| Cell::styled(head, FAINT)));
    for it in all.iter().filter(|it| !it.digest.is_empty()) {
        let counted = it.checked.iter().map(|(what, number)| format!("{} {what}", count(*number)));
        table.row([
            Cell::styled(it.name, STRONG),
            it.digest.get(..12).unwrap_or(&it.digest).into(),
            counted.collect::<Vec<_>>().join(", ").into(),
        ]);
    }
    table.render(width)
}

/// How long commits took at each load.
pub fn loads(points: &[Point], width: usize) -> String {
    use Side::Right;
    let mut table = Table::new(0, &[Right, Right, Right, Right, Right]);
    let heads = ["load", "events a second", "p50", "p99", "p99.9"];
    table.row(heads.map(|head| Cell::styled(head, FAINT)));
    for point in points {
        table.row([
            format!("{} %", point.percent).into(),
            count(point.offered.round() as u64).into(),
            wait(point.waits.at(50.0)).into(),
            wait(point.waits.at(99.0)).into(),
            wait(point.waits.at(99.9)).into(),
        ]);
    }
    table.render(width)
}

/// A line that is not to be overlooked.
pub fn note(text: &str) -> String {
    styled(FAINT, text) + "\n"
}

fn amount(number: f64, unit: &str) -> String {
    match unit {
        "" => format!("{number:.2}"),
        "/s" => format!("{} /s", count(number.round().max(0.0) as u64)),
        "B" => format!("{number:.0} B"),
        _ => format!("{} {unit}", short(number)),
    }
}

fn wait(ms: f64) -> String {
    match ms {
        ..0.1 => format!("{} µs", short(ms * 1e3)),
        1_000.0.. => format!("{} s", short(ms / 1e3)),
        _ => format!("{} ms", short(ms)),
    }
}

/// Two digits behind the point where there is one before it, fewer where there are more.
fn short(number: f64) -> String {
    match number {
        ..10.0 => format!("{number:.2}"),
        10.0..100.0 => format!("{number:.1}"),
        _ => format!("{number:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_written_with_their_units() {
        assert_eq!(wait(0.012_34), "12.3 µs");
        assert_eq!(wait(1.234), "1.23 ms");
        assert_eq!(wait(12_345.0), "12.3 s");
        assert_eq!(amount(612_345.6, "/s"), "612,346 /s");
        assert_eq!(amount(0.456, ""), "0.46");
        assert_eq!(amount(150.7, "B"), "151 B");
        assert_eq!(amount(3.0, "µs"), "3.00 µs");
    }
}
