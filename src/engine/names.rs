//! Keys and their dense ids: each key is held once.

use std::sync::Arc;

use hashbrown::HashTable;

use super::fingerprint::hash_text;
use super::pages::Pages;

const SHARDS: usize = 256;

/// The keys of one kind, by id, and the way back.
///
/// The way back is in shards behind [`Arc`], so that a snapshot can look keys up too.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    texts: Pages<Box<str>>,
    shards: Vec<Arc<HashTable<u32>>>,
}

impl Default for Names {
    fn default() -> Self {
        Self { texts: Pages::default(), shards: vec![Arc::default(); SHARDS] }
    }
}

impl Names {
    pub(crate) fn text(&self, id: u32) -> &str {
        self.texts.get(id).map_or("", |text| text)
    }

    pub(crate) fn id(&self, text: &str) -> Option<u32> {
        let hash = hash_text(text);
        let shard = self.shards.get(shard_of(hash))?;
        shard.find(hash, |id| self.text(*id) == text).copied()
    }

    /// The id of the text, made if it is new; and whether it is.
    pub(crate) fn intern(&mut self, text: &str) -> (u32, bool) {
        if let Some(id) = self.id(text) {
            return (id, false);
        }
        let id = self.texts.push(text.into());
        self.index(id, text);
        (id, true)
    }

    fn index(&mut self, id: u32, text: &str) {
        let hash = hash_text(text);
        let texts = &self.texts;
        if let Some(shard) = self.shards.get_mut(shard_of(hash)) {
            let rehash = |id: &u32| hash_text(texts.get(*id).map_or("", |text| text));
            Arc::make_mut(shard).insert_unique(hash, id, rehash);
        }
    }

    pub(crate) fn texts(&self) -> &Pages<Box<str>> {
        &self.texts
    }

    /// Takes the texts of a checkpoint.
    pub(crate) fn restore(texts: Pages<Box<str>>) -> Self {
        let mut names = Self { texts, ..Self::default() };
        let all: Vec<(u32, Box<str>)> =
            names.texts.iter().map(|(id, text)| (id, text.clone())).collect();
        for (id, text) in all {
            names.index(id, &text);
        }
        names
    }
}

// The table uses the low bits and the top seven; the shard takes others.
const fn shard_of(hash: u64) -> usize {
    (hash >> 40) as usize % SHARDS
}

#[cfg(test)]
mod tests {
    use super::Names;

    #[test]
    fn a_key_has_one_id() {
        let mut names = Names::default();
        for n in 0..5000 {
            assert_eq!(names.intern(&format!("key-{n}")), (n, true));
        }
        let snapshot = names.clone();
        assert_eq!(names.intern("key-77"), (77, false));
        names.intern("new");
        assert_eq!(snapshot.id("new"), None);
        assert_eq!(snapshot.id("key-4999"), Some(4999));
        let restored = Names::restore(names.texts().clone());
        assert_eq!(restored.id("new"), Some(5000));
        assert_eq!(restored.text(5000), "new");
    }
}
