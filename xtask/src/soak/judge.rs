//! Whether anything drifted.

use std::fmt;

use super::sample::Sample;
use super::shared::Done;

/// By how much memory may grow from the third quarter to the last.
const MEMORY: f64 = 1.05;
/// How many times as long commits may take in the last quarter as in the second.
const LATENCY: f64 = 1.5;
/// How many times as much as the largest base the directory may take, and how much besides: two
/// databases of checkpoints of which each takes up to three times what it would fresh, three bases
/// and one that is written, and as much journal as comes until there are two bases after it.
const BASES: u64 = 14;
const BESIDE: u64 = 256 << 20;

/// What was found after the load.
#[derive(Debug, Default)]
pub(super) struct After {
    pub(super) counts: Option<holdline::engine::view::Counts>,
    pub(super) done: Done,
    pub(super) same_digest: bool,
    /// What verifying found.
    pub(super) findings: Vec<String>,
}

/// One thing that holds or does not.
#[derive(Debug)]
pub(super) struct Finding {
    pub(super) what: String,
    pub(super) holds: bool,
    /// It is told, and nothing follows.
    pub(super) only_told: bool,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match (self.only_told, self.holds) {
            (true, _) => "told   ",
            (false, true) => "holds  ",
            (false, false) => "DRIFTED",
        };
        write!(f, "{verdict}  {}", self.what)
    }
}

/// All that is judged, and what is told besides.
pub(super) fn judge(samples: &[Sample], after: &After) -> Vec<Finding> {
    let mut all = vec![
        flat("memory beside what is kept for good", samples, Sample::steady),
        told(flat("memory in all", samples, |it| it.resident)),
        disk(samples),
        latency("p50", samples, |it| it.p50_ms),
        told(latency("p99", samples, |it| it.p99_ms)),
    ];
    let done = &after.done;
    let given: Vec<String> = done.kinds.iter().map(|(kind, it)| format!("{it} {kind}")).collect();
    all.push(told(finding(format!("given: {}", given.join(", ")), true)));
    let mut longest: Vec<_> = done.longest.iter().collect();
    longest.sort_by_key(|(_, took)| std::cmp::Reverse(**took));
    let longest: Vec<String> = longest
        .iter()
        .map(|(kind, took)| format!("{:.0} ms {kind}", took.as_secs_f64() * 1e3))
        .collect();
    all.push(told(finding(format!("the longest of what is rare: {}", longest.join(", ")), true)));
    let expected: Vec<String> =
        done.expected.iter().map(|(kind, it)| format!("{it} {kind}")).collect();
    all.push(told(finding(format!("refused as it should be: {}", expected.join(", ")), true)));
    let wrong = format!(
        "{} of {} commands went wrong: {}",
        done.wrong,
        done.commands,
        if done.shown.is_empty() { "none".to_owned() } else { done.shown.join("; ") }
    );
    all.push(finding(wrong, done.wrong == 0));
    let twice = done.kinds.get("events that came before").copied().unwrap_or(0);
    let what = format!("{} duplicates, {twice} events were given twice", done.duplicates);
    all.push(finding(what, done.duplicates == twice));
    if let Some(counts) = &after.counts {
        let (state, sent) = ((counts.enrollments, counts.tally.sent), (done.enrolled, done.sent));
        let what = format!(
            "{} enrollments and {} sends in the state, {} and {} were answered",
            state.0, state.1, sent.0, sent.1
        );
        all.push(finding(what, state == sent));
    }
    all.push(finding("opened again, the digest is the same".to_owned(), after.same_digest));
    let sound = match after.findings.first() {
        None => "verified: nothing is wrong".to_owned(),
        Some(first) => format!("verified: {} findings, the first: {first}", after.findings.len()),
    };
    all.push(finding(sound, after.findings.is_empty()));
    all
}

const fn finding(what: String, holds: bool) -> Finding {
    Finding { what, holds, only_told: false }
}

fn told(finding: Finding) -> Finding {
    Finding { holds: true, only_told: true, ..finding }
}

/// The median over a quarter, counted from 0.
fn quarter(samples: &[Sample], number: usize, of: impl Fn(&Sample) -> f64) -> f64 {
    let (from, to) = (samples.len() * number / 4, samples.len() * (number + 1) / 4);
    let mut values: Vec<f64> = samples.get(from..to).unwrap_or_default().iter().map(of).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

fn flat(what: &str, samples: &[Sample], of: impl Fn(&Sample) -> u64) -> Finding {
    let mib = |it: &Sample| of(it) as f64 / f64::from(1 << 20);
    let (third, last) = (quarter(samples, 2, mib), quarter(samples, 3, mib));
    let ratio = last / third.max(f64::MIN_POSITIVE);
    let what = format!(
        "{what}: {third:.1} MiB in the third quarter, {last:.1} in the last, {ratio:.3} times, at \
         most {MEMORY}"
    );
    finding(what, ratio <= MEMORY)
}

fn disk(samples: &[Sample]) -> Finding {
    let budget = |it: &Sample| it.base * BASES + BESIDE;
    let share = |it: &Sample| it.disk() as f64 / budget(it) as f64;
    let worst = samples.iter().max_by(|one, other| share(one).total_cmp(&share(other)));
    let Some(worst) = worst else {
        return finding("disk: there are no samples".to_owned(), false);
    };
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    let what = format!(
        "disk: {:.0} MiB at {:.0} s, of {:.0} that {BASES} bases of {:.0} and {:.0} beside are",
        mib(worst.disk()),
        worst.since.as_secs_f64(),
        mib(budget(worst)),
        mib(worst.base),
        mib(BESIDE)
    );
    finding(what, share(worst) <= 1.0)
}

fn latency(what: &str, samples: &[Sample], of: impl Fn(&Sample) -> f64) -> Finding {
    let (second, last) = (quarter(samples, 1, &of), quarter(samples, 3, &of));
    let ratio = last / second.max(f64::MIN_POSITIVE);
    let what = format!(
        "{what} of commits: {second:.2} ms in the second quarter, {last:.2} in the last, \
         {ratio:.2} times, at most {LATENCY}"
    );
    finding(what, ratio <= LATENCY)
}
