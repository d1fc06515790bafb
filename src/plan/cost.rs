//! Counts steps placed and senders looked at, where a test asks for them.

#[cfg(not(test))]
pub(crate) const fn count(_: usize) {}

#[cfg(test)]
pub(crate) use counted::{count, taken};

#[cfg(test)]
mod counted {
    use std::cell::Cell;

    thread_local! {
        static STEPS: Cell<usize> = const { Cell::new(0) };
    }

    pub(crate) fn count(steps: usize) {
        STEPS.set(STEPS.get() + steps);
    }

    /// The steps since this was asked last.
    pub(crate) fn taken() -> usize {
        STEPS.replace(0)
    }
}
