//! Makes a sequence shorter as long as it breaks something of the same kind.

use super::run::{Failed, Run};
use super::script::written;
use super::steps::Step;
use super::{Flaw, Found};

/// Runs that shortening takes at most.
const RUNS: usize = 1_500;

/// What is left of the steps: parts are taken away, each half as long as those before, and at last
/// single ones, until none can go.
pub(super) fn shrunk((seed, flaw): (u64, Flaw), steps: Vec<Step>, first: Failed) -> Found {
    let began_with = steps.len();
    let mut found = first;
    let mut left = steps;
    left.truncate(found.steps);
    let mut runs = 0;
    let mut size = left.len().div_ceil(2).max(1);
    loop {
        let mut went = false;
        let mut from = 0;
        while from < left.len() && runs < RUNS {
            runs += 1;
            let to = left.len().min(from + size);
            let mut tried = left.clone();
            tried.drain(from..to);
            match Run::through(&tried, flaw) {
                Err(failed) if failed.breach.is_like(&found.breach) => {
                    tried.truncate(failed.steps);
                    (left, found, went) = (tried, failed, true);
                }
                _ => from = to,
            }
        }
        if runs >= RUNS || (size == 1 && !went) {
            break;
        }
        size = if size == 1 { 1 } else { size.div_ceil(2) };
    }
    let head = format!("seed {seed}: {}", found.breach);
    let script = written(&head, &found.lines);
    Found { seed, breach: found.breach, steps: (left.len(), began_with), script }
}
