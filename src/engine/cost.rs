//! Counts what commands look at, where a test asks for it: records of tables, comparisons and moves
//! in lanes, what is parked.
//!
//! Whatever a command walks over, it meets in these: who belongs to a company or a campaign is kept
//! nowhere else than in records. So a cost that grows with what is there shows, on any machine and
//! however busy that is, which a time would not.

#[cfg(not(test))]
pub(super) const fn count(_: usize) {}

#[cfg(test)]
pub(super) use counted::{count, taken};

#[cfg(test)]
mod tests;

#[cfg(test)]
mod counted {
    use std::cell::Cell;

    thread_local! {
        static LOOKS: Cell<usize> = const { Cell::new(0) };
    }

    pub(in super::super) fn count(looks: usize) {
        LOOKS.set(LOOKS.get() + looks);
    }

    /// What was counted since this was asked last.
    pub(in super::super) fn taken() -> usize {
        LOOKS.replace(0)
    }
}
