//! Numbers that look random and are the same on every machine: splitmix64, whole numbers only.

/// A stream of numbers, given by its seed.
pub(super) struct Random(u64);

impl Random {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from 0 to `end`, without it; 0 if there is none.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        // The bias of the remainder is far below what a story of two weeks could show.
        self.next().checked_rem(end).unwrap_or_default()
    }

    /// A number of milliseconds from `from` to `to`, without it.
    pub(super) fn between(&mut self, from: i64, to: i64) -> i64 {
        let width = u64::try_from(to - from).unwrap_or_default();
        from + i64::try_from(self.below(width)).unwrap_or_default()
    }

    /// True so many times out of 10,000.
    pub(super) fn chance(&mut self, of_ten_thousand: u64) -> bool {
        self.below(10_000) < of_ten_thousand
    }

    /// One of the items.
    pub(super) fn pick<T: Copy + Default>(&mut self, items: &[T]) -> T {
        let index = self.below(items.len() as u64);
        let index = usize::try_from(index).unwrap_or_default();
        items.get(index).copied().unwrap_or_default()
    }

    /// One of the items, each as often as its weight says.
    pub(super) fn weighted<T: Copy + Default>(&mut self, items: &[(u64, T)]) -> T {
        let mut left = self.below(items.iter().map(|(weight, _)| weight).sum());
        for (weight, item) in items {
            if left < *weight {
                return *item;
            }
            left -= weight;
        }
        T::default()
    }
}
