//! Numbers that look random and are the same on every machine.

/// The numbers of SplitMix64: a few lines, and no version of a crate changes them.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// Numbers that follow from a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub const fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// The next 128 bits.
    pub fn wide(&mut self) -> u128 {
        u128::from(self.bits()) << 64 | u128::from(self.bits())
    }

    /// The next number below a limit; 0 below 0 and 1.
    pub fn below(&mut self, limit: u32) -> u32 {
        // The high half of the product: no remainder, and so no number that comes more often by
        // more than one in 2^32.
        let product = u64::from((self.bits() >> 32) as u32) * u64::from(limit);
        (product >> 32) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn a_seed_gives_the_same_numbers_on_every_machine() {
        let mut random = Random::new(42);
        assert_eq!(random.bits(), 0xbdd7_3226_2feb_6e95);
        assert_eq!(random.wide() >> 64, 0x28ef_e333_b266_f103);
        let below: Vec<u32> = (0..1_000).map(|_| random.below(7)).collect();
        assert!((0..7).all(|number| below.contains(&number)));
        assert!(below.iter().all(|number| *number < 7));
    }
}
