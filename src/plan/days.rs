//! The days on which a timeline has slots promised, packed: there is one list for each enrollment.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// How many days after the first one fit beside it.
const FEW: usize = 7;

/// Days of a sender, in the order of the steps that have a slot on them; day 0 is 1970-01-01.
///
/// A step never goes out before the one before it, so they never go back.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct PromisedDays(Packed);

#[derive(Clone, Default, PartialEq, Eq)]
#[expect(clippy::box_collection, reason = "a slice would make every list a third larger")]
enum Packed {
    #[default]
    None,
    /// The first day, and how many days after the one before each of the others is.
    Few {
        first: i32,
        more: u8,
        gaps: [u8; FEW],
    },
    Many(Box<Vec<i32>>),
}

impl PromisedDays {
    /// No day.
    pub const NONE: Self = Self(Packed::None);

    /// Whether no slot is promised.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        matches!(self.0, Packed::None)
    }

    /// The first day.
    #[must_use]
    pub fn first(&self) -> Option<i32> {
        match &self.0 {
            Packed::None => None,
            Packed::Few { first, .. } => Some(*first),
            Packed::Many(days) => days.first().copied(),
        }
    }

    /// The days, in order.
    pub fn iter(&self) -> impl Iterator<Item = i32> {
        let (few, many) = match &self.0 {
            Packed::None => (None, &[][..]),
            Packed::Few { first, more, gaps } => (Some((*first, *more, gaps)), &[][..]),
            Packed::Many(days) => (None, days.as_slice()),
        };
        let few = few.into_iter().flat_map(|(first, more, gaps)| {
            let gaps = gaps.iter().take(usize::from(more));
            std::iter::once(first).chain(gaps.scan(first, |day, gap| {
                *day += i32::from(*gap);
                Some(*day)
            }))
        });
        few.chain(many.iter().copied())
    }

    /// How many slots of a day are promised.
    #[must_use]
    pub fn count(&self, day: i32) -> u32 {
        let same = self.iter().filter(|promised| *promised == day).count();
        u32::try_from(same).unwrap_or(u32::MAX)
    }

    /// Without the first of them.
    #[must_use]
    pub fn rest(&self) -> Self {
        self.iter().skip(1).collect()
    }
}

impl FromIterator<i32> for PromisedDays {
    fn from_iter<I: IntoIterator<Item = i32>>(days: I) -> Self {
        let mut days = days.into_iter();
        let Some(first) = days.next() else {
            return Self::NONE;
        };
        let (mut gaps, mut more, mut before) = ([0; FEW], 0_u8, first);
        while let Some(day) = days.next() {
            let gap = day.checked_sub(before).and_then(|gap| u8::try_from(gap).ok());
            match (gaps.get_mut(usize::from(more)), gap) {
                (Some(slot), Some(gap)) => (*slot, more, before) = (gap, more + 1, day),
                _ => {
                    let few = Self(Packed::Few { first, more, gaps });
                    let all = few.iter().chain(std::iter::once(day)).chain(days);
                    return Self(Packed::Many(Box::new(all.collect())));
                }
            }
        }
        Self(Packed::Few { first, more, gaps })
    }
}

impl std::fmt::Debug for PromisedDays {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// The first day, then the distances: in an encoding of variable length they take a byte each.
impl Serialize for PromisedDays {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let distances = self.iter().scan(0_i32, |before, day| {
            let distance = day.wrapping_sub(*before);
            *before = day;
            Some(distance)
        });
        serializer.collect_seq(distances.collect::<Vec<_>>())
    }
}

impl<'de> Deserialize<'de> for PromisedDays {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let distances = Vec::<i32>::deserialize(deserializer)?;
        let days = distances.into_iter().scan(0_i32, |day, distance| {
            *day = day.wrapping_add(distance);
            Some(*day)
        });
        Ok(days.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::PromisedDays;

    #[test]
    fn few_and_many_are_what_they_were_made_of() {
        assert!(std::mem::size_of::<PromisedDays>() <= 16);
        let lists: [&[i32]; 6] = [
            &[],
            &[20_000],
            &[-3, -3, 0, 255],
            &[20_000, 20_001, 20_001, 20_004, 20_010, 20_100, 20_300, 20_301],
            &[20_000, 20_001, 20_001, 20_004, 20_010, 20_100, 20_300, 20_301, 20_302],
            &[20_000, 21_000],
        ];
        for list in lists {
            let days: PromisedDays = list.iter().copied().collect();
            assert_eq!(days.iter().collect::<Vec<_>>(), list);
            assert_eq!(days.first(), list.first().copied());
            assert_eq!(days.is_empty(), list.is_empty());
            let rest: Vec<i32> = list.iter().skip(1).copied().collect();
            assert_eq!(days.rest().iter().collect::<Vec<_>>(), rest);
            let bytes = crate::store::codec::encode(&days).unwrap();
            assert_eq!(crate::store::codec::decode::<PromisedDays>(&bytes).unwrap(), days);
        }
        let twice: PromisedDays = [5, 7, 7, 9].into_iter().collect();
        assert_eq!([twice.count(5), twice.count(6), twice.count(7)], [1, 0, 2]);
    }
}
