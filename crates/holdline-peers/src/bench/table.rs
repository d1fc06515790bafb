//! The one table.

use std::fs;

use holdline_peers::stores::{Plan, Workload};
use holdline_workloads::callers::{GROUP, IN_FLIGHT};

use super::rounds::Row;

/// Says on what, how much and how often it is measured.
pub(super) fn head(runs: u32, plan: &Plan) {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let size = &plan.size;
    println!(
        "machine: {cores} cores, {}, {}; groups of {}, {IN_FLIGHT} in flight; seed {}",
        processor(),
        memory(),
        thousands(GROUP as f64),
        size.seed,
    );
    println!(
        "{} prospects, {} events, {} sends; {runs} alternating runs: median, lowest to highest\n",
        thousands(f64::from(size.people)),
        thousands(size.events as f64),
        thousands(f64::from(size.sends)),
    );
}

fn processor() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("model name"));
    let name = line.and_then(|line| line.split(':').nth(1)).unwrap_or("of unknown kind");
    name.trim().to_owned()
}

fn memory() -> String {
    let text = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kib.map_or("memory unknown".into(), |kib| format!("{:.0} GiB", kib / 1_048_576.0))
}

/// What is printed of the rows, and whether a run did not end with the counts it has to.
pub(super) fn rendered(rows: &[Row], workloads: &[Workload]) -> (String, bool) {
    let width = rows.iter().map(|row| row.name().len()).max().unwrap_or(0);
    let mut lines = Vec::new();
    let mut failed = false;
    for &workload in workloads {
        lines.push(format!("{} {}", workload.name(), workload.about()));
        lines.push(format!(
            "{:<width$}  {:<25}  {:>10}  {:>10} {:>10}  {:>4}  {:>8}",
            "store", "durability", "per second", "lowest", "highest", "runs", "holdline"
        ));
        for row in rows.iter().filter(|row| row.takes(workload)) {
            failed |= row.failed.contains_key(&workload);
            let start = format!("{:<width$}  {:<25}", row.name(), row.durability());
            lines.push(format!("{start}  {}", found(rows, row, workload)));
        }
        lines.push(String::new());
    }
    lines.push(
        "holdline: how many times as much it does at that durability, run by run; below 1 it loses"
            .to_owned(),
    );
    (lines.join("\n"), failed)
}

/// What was found out about one store.
fn found(rows: &[Row], row: &Row, workload: Workload) -> String {
    if let Some(why) = &row.missing {
        return format!("not to be had here: {why}");
    }
    if let Some(why) = row.failed.get(&workload) {
        return format!("failed: {why}");
    }
    let Some(rates) = row.rates.get(&workload) else {
        return "not run".to_owned();
    };
    let (low, high) = ends(rates);
    let [median, low, high] = [median(rates), low, high].map(thousands);
    let (runs, ratio) = (rates.len(), ratio(rows, row, workload));
    format!("{median:>10}  {low:>10} {high:>10}  {runs:>4}  {ratio:>8}")
}

/// How many times as much Holdline does: run by run, and the median of that.
fn ratio(rows: &[Row], row: &Row, workload: Workload) -> String {
    let ours = rows.iter().find(|it| it.is_holdline() && it.is_lazy() == row.is_lazy());
    let ours = ours.and_then(|it| it.rates.get(&workload));
    let pairs = ours.zip(row.rates.get(&workload));
    let ratios: Vec<f64> = pairs
        .map(|(ours, theirs)| ours.iter().zip(theirs).map(|(ours, it)| ours / it).collect())
        .unwrap_or_default();
    if ratios.is_empty() { String::new() } else { format!("{:.1}×", median(&ratios)) }
}

fn ends(numbers: &[f64]) -> (f64, f64) {
    let low = numbers.iter().copied().fold(f64::INFINITY, f64::min);
    (low, numbers.iter().copied().fold(0.0, f64::max))
}

fn median(numbers: &[f64]) -> f64 {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    let half = sorted.len() / 2;
    let upper = sorted.get(half).copied().unwrap_or(f64::NAN);
    let lower = sorted.get(half.saturating_sub(1)).copied().unwrap_or(upper);
    if sorted.len().is_multiple_of(2) { f64::midpoint(lower, upper) } else { upper }
}

/// A number in groups of three digits.
fn thousands(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_lies_between_the_two_in_the_middle() {
        assert_eq!(median(&[4.0, 1.0, 3.0]), 3.0);
        assert_eq!(median(&[4.0, 1.0, 3.0, 2.0]), 2.5);
        assert_eq!(ends(&[4.0, 1.0, 3.0]), (1.0, 4.0));
    }

    #[test]
    fn digits_are_grouped_by_three() {
        let all = [7.0, 999.6, 48_123.4, 1_234_567.0].map(thousands);
        assert_eq!(all, ["7", "1,000", "48,123", "1,234,567"]);
    }
}
