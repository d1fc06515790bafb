//! How a timeline would go if nothing were full and nobody froze: the same for all senders whose
//! days are those of the same zones.

use super::DAY_MS;
use super::clock::Mapped;
use super::closed::ClosedDays;
use super::whole::{Ground, Stop};
use super::zone::Zone;
use crate::model::Instant;

/// Where a timeline begins, whoever sends it, and the days that it is about.
///
/// Of two instants with the same days it is known that a sender has a place on them for both or for
/// neither, also where its own freezes move steps to other days: what is moved goes on from the end
/// of the freeze, the same for both. And the days after them are tried from their beginnings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outset {
    /// When the first step could go out, were it not for its jitter.
    pub opens: Instant,
    /// For each zone, the day on which it is due, then those of the steps.
    pub days: Vec<i32>,
    /// The first day of a step in any of the zones.
    pub first_day: i32,
}

/// The outset of a timeline that is due at an instant, in the days of these zones. None if nothing
/// opens; or if the first day comes back after the next one has begun, because the clocks go back
/// over midnight: what is tried after it may depend on the instant then.
#[must_use]
pub fn outset(
    ground: &Ground<'_>,
    steps: &[Stop<'_>],
    due: Instant,
    zones: &[Zone],
) -> Option<Outset> {
    let plain: Vec<Stop<'_>> = steps.iter().map(|it| Stop { seed: 0, ..*it }).collect();
    let ground = Ground { frozen: ClosedDays::none(), ..*ground };
    let slots = ground.naturals(&plain, due)?;
    let opens = slots.first()?.opens;
    let (mut days, mut first_day) = (Vec::new(), i32::MAX);
    for zone in zones {
        let ground = Ground { day_zone: *zone, ..ground };
        let first = ground.day(opens);
        let midnight = (i64::from(first) + 1) * DAY_MS;
        if matches!(zone.mapped(midnight), Mapped::Twice { .. }) {
            return None;
        }
        first_day = first_day.min(first);
        days.push(ground.day(due));
        days.extend(slots.iter().map(|slot| ground.day(slot.opens)));
    }
    Some(Outset { opens, days, first_day })
}
