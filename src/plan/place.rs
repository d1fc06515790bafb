//! Placement: from the instant a step is due to the one at which it is planned.

use super::window::{Opening, opening};
use super::zone::Zone;
use crate::model::{Instant, StepTiming};

/// The first open instant at or after `natural`, moved on by the jitter within its window; none
/// if nothing opens within [`HORIZON_DAYS`](super::HORIZON_DAYS).
///
/// The jitter is the seed modulo the smaller of the step's jitter and the rest of the window.
#[must_use]
pub fn place(
    timing: &StepTiming,
    zone: Zone,
    natural: Instant,
    jitter_seed: u64,
) -> Option<Instant> {
    opening(timing, zone, natural).map(|opening| jittered(timing, opening, jitter_seed))
}

pub(super) fn jittered(timing: &StepTiming, opening: Opening, seed: u64) -> Instant {
    let rest = u64::try_from(opening.end - opening.at).unwrap_or(0);
    let most = rest.min(u64::from(timing.jitter_ms));
    let jitter = seed.checked_rem(most).unwrap_or(0);
    opening.instant().plus_ms(i64::try_from(jitter).unwrap_or(0))
}
