//! A list that snapshots share until it changes. An empty one is a pointer and nothing else: there
//! are many of them, and each copy of the record that they are in would touch what they point to.

use std::ops::Deref;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[derive(Clone, Debug)]
pub(crate) struct SharedList<T>(Option<Arc<Vec<T>>>);

impl<T> Default for SharedList<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Deref for SharedList<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        self.0.as_ref().map_or(&[], |list| list)
    }
}

impl<T: Clone> SharedList<T> {
    /// The list, to be changed; copied if a snapshot has it.
    pub(crate) fn to_mut(&mut self) -> &mut Vec<T> {
        Arc::make_mut(self.0.get_or_insert_default())
    }
}

/// It travels as a list.
impl<T: Serialize> Serialize for SharedList<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for SharedList<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let list = Vec::deserialize(deserializer)?;
        Ok(Self((!list.is_empty()).then(|| Arc::new(list))))
    }
}

#[cfg(test)]
mod tests {
    use super::SharedList;

    #[test]
    fn a_copy_keeps_what_it_had() {
        let mut list = SharedList::default();
        let empty = list.clone();
        list.to_mut().push(1);
        let one = list.clone();
        list.to_mut().push(2);
        assert_eq!((empty.len(), &*one, &*list), (0, &[1][..], &[1, 2][..]));
        assert_eq!(size_of::<SharedList<u64>>(), size_of::<usize>());
    }
}
