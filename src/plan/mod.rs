//! The calendar planner: at which instant a step may go out, and why then.
//!
//! It knows zones, delays, weekdays, hours and holidays. It does not know policies, holds, senders
//! or stores: what a full day is, and which seed a jitter has, is told by the caller.

mod clock;
mod closed;
pub(crate) mod cost;
mod days;
mod delay;
mod explain;
mod holidays;
mod ledger;
mod outset;
mod pace;
mod place;
mod whole;
mod window;
mod zone;

#[cfg(test)]
mod tests;

pub use closed::ClosedDays;
pub use days::PromisedDays;
pub use delay::due;
pub use explain::{Move, Why, explain_place};
pub use holidays::{Calendar, UnknownCalendar};
pub use ledger::{Asker, Ledger};
pub use outset::{Outset, outset};
pub use pace::{CompanySends, Paced};
pub use place::place;
pub use whole::{Ground, Scout, Slot, Stop, Unplaced, place_next, place_whole};
pub use window::{HORIZON_DAYS, is_open, next_open, window_at};
pub use zone::{UnknownZone, Zone, day_after, next_business_day};

/// Milliseconds in a day of 24 hours.
const DAY_MS: i64 = 86_400_000;
