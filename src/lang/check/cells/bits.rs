//! Sets of small numbers: the cells of a table, or the values of a dimension.

/// A set of numbers below a length that never changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bits {
    words: Vec<u64>,
    len: usize,
}

impl Bits {
    pub fn none(len: usize) -> Self {
        Self { words: vec![0; len.div_ceil(64)], len }
    }

    pub fn all(len: usize) -> Self {
        let mut words = vec![u64::MAX; len.div_ceil(64)];
        if let (Some(last), 1..) = (words.last_mut(), len % 64) {
            *last = (1 << (len % 64)) - 1;
        }
        Self { words, len }
    }

    /// The set whose words these are.
    pub const fn of_words(words: Vec<u64>) -> Self {
        let len = words.len() * 64;
        Self { words, len }
    }

    pub const fn len(&self) -> usize {
        self.len
    }

    /// How many words an operation touches.
    pub fn cost(&self) -> u64 {
        self.words.len() as u64
    }

    pub fn insert(&mut self, at: usize) {
        if let Some(word) = self.words.get_mut(at / 64).filter(|_| at < self.len) {
            *word |= 1 << (at % 64);
        }
    }

    /// Adds the numbers from `from` to before `to`.
    pub fn insert_range(&mut self, from: usize, to: usize) {
        let to = to.min(self.len);
        let mut at = from;
        while at < to {
            let (word, bit) = (at / 64, at % 64);
            let count = (64 - bit).min(to - at);
            let mask = if count == 64 { u64::MAX } else { ((1 << count) - 1) << bit };
            if let Some(word) = self.words.get_mut(word) {
                *word |= mask;
            }
            at += count;
        }
    }

    /// The set that repeats every `turn` numbers what is put into its first ones. Of these it takes
    /// as many as fill whole words.
    pub fn repeated(len: usize, turn: usize, mut put: impl FnMut(&mut Self, usize)) -> Self {
        let mut set = Self::none(len);
        let all = set.words.len();
        // `turn` words are a whole number of turns, and so are fewer if it is even.
        let words = turn >> turn.trailing_zeros().min(6);
        for from in (0..words.min(all).saturating_mul(64)).step_by(turn.max(1)) {
            put(&mut set, from);
        }
        let mut done = words.max(1);
        while done < all {
            let more = done.min(all - done);
            set.words.copy_within(..more, done);
            done += more;
        }
        if let (Some(last), 1..) = (set.words.last_mut(), len % 64) {
            *last &= (1 << (len % 64)) - 1;
        }
        set
    }

    pub fn has(&self, at: usize) -> bool {
        self.words.get(at / 64).is_some_and(|word| word >> (at % 64) & 1 == 1)
    }

    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    pub fn add(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(own, other)| *own |= other);
    }

    pub fn keep(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(own, other)| *own &= other);
    }

    pub fn drop_all(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(own, other)| *own &= !other);
    }

    /// Adds what is in both of two sets.
    pub fn add_both(&mut self, one: &Self, other: &Self) {
        let both = one.words.iter().zip(&other.words).map(|(one, other)| one & other);
        self.words.iter_mut().zip(both).for_each(|(own, both)| *own |= both);
    }

    /// Adds what is in the first of two sets alone.
    pub fn add_rest(&mut self, one: &Self, other: &Self) {
        let rest = one.words.iter().zip(&other.words).map(|(one, other)| one & !other);
        self.words.iter_mut().zip(rest).for_each(|(own, rest)| *own |= rest);
    }

    pub fn and(&self, other: &Self) -> Self {
        let mut both = self.clone();
        both.keep(other);
        both
    }

    pub fn meets(&self, other: &Self) -> bool {
        self.words.iter().zip(&other.words).any(|(own, other)| own & other != 0)
    }

    pub fn within(&self, other: &Self) -> bool {
        self.words.iter().zip(&other.words).all(|(own, other)| own & !other == 0)
    }

    /// The numbers, in order.
    pub fn iter(&self) -> impl Iterator<Item = usize> {
        self.words.iter().enumerate().flat_map(|(at, word)| {
            let mut rest = *word;
            std::iter::from_fn(move || {
                let bit = rest.trailing_zeros();
                rest &= rest.checked_sub(1)?;
                Some(at * 64 + bit as usize)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Bits;

    #[test]
    fn sets_are_sets() {
        for len in [0, 1, 63, 64, 65, 200] {
            let all = Bits::all(len);
            assert_eq!(all.iter().count(), len);
            let mut ranged = Bits::none(len);
            ranged.insert_range(0, len + 5);
            assert_eq!(ranged, all);
            let mut some = Bits::none(len);
            (0..len).step_by(3).for_each(|at| some.insert(at));
            some.insert(len);
            assert!(some.within(&all) && (some.is_empty() == (len == 0)));
            let mut rest = all.clone();
            rest.drop_all(&some);
            assert_eq!(rest.and(&some), Bits::none(len));
            let (mut both, mut alone) = (some.clone(), Bits::none(len));
            alone.add_rest(&all, &some);
            assert_eq!(alone, rest);
            both.add_both(&all, &rest);
            assert_eq!(both, all);
            assert_eq!(some.iter().collect::<Vec<_>>(), (0..len).step_by(3).collect::<Vec<_>>());
        }
        for len in [0, 1, 63, 64, 65, 200, 5_000] {
            for turn in [1_usize, 2, 3, 24, 64, 65, 96, 128, 7_000] {
                let put = |set: &mut Bits, from| set.insert_range(from, from + turn.div_ceil(3));
                let found = Bits::repeated(len, turn, put).iter().collect::<Vec<_>>();
                let expected = (0..len).filter(|at| at % turn < turn.div_ceil(3));
                assert_eq!(found, expected.collect::<Vec<_>>(), "{len} {turn}");
            }
        }
        let mut middle = Bits::none(200);
        middle.insert_range(60, 131);
        assert_eq!(middle.iter().collect::<Vec<_>>(), (60..131).collect::<Vec<_>>());
    }
}
