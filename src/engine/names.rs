//! Keys and their dense ids: each key is held once.

use std::sync::Arc;

use hashbrown::HashTable;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::fingerprint::hash_text;
use super::pages::{PAGE_RECORDS, dense};
use super::record::NONE;
use super::shards::{SIZES, shard_of, share_of};

/// Texts one behind the other, and where each ends: a key costs its bytes and two, or four where a
/// page has very long ones.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TextPage {
    ends: Ends,
    texts: String,
}

/// Positions in the texts of a page. They travel as numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Ends {
    Short(Vec<u16>),
    Long(Vec<u32>),
}

impl Default for Ends {
    fn default() -> Self {
        Self::Short(Vec::new())
    }
}

impl Ends {
    fn len(&self) -> usize {
        match self {
            Self::Short(ends) => ends.len(),
            Self::Long(ends) => ends.len(),
        }
    }

    fn get(&self, at: usize) -> Option<usize> {
        match self {
            Self::Short(ends) => ends.get(at).map(|end| usize::from(*end)),
            Self::Long(ends) => ends.get(at).map(|end| *end as usize),
        }
    }

    fn push(&mut self, end: u32) {
        match (self, u16::try_from(end)) {
            (Self::Short(ends), Ok(end)) => ends.push(end),
            (Self::Long(ends), _) => ends.push(end),
            (short @ Self::Short(_), Err(_)) => {
                let ends = (0..short.len()).filter_map(|at| short.get(at)).map(dense);
                *short = Self::Long(ends.chain([end]).collect());
            }
        }
    }

    fn shrink(&mut self) {
        match self {
            Self::Short(ends) => ends.shrink_to_fit(),
            Self::Long(ends) => ends.shrink_to_fit(),
        }
    }
}

impl Serialize for Ends {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Short(ends) => ends.serialize(serializer),
            Self::Long(ends) => ends.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Ends {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let long = Vec::<u32>::deserialize(deserializer)?;
        let short: Result<Vec<u16>, _> = long.iter().map(|end| u16::try_from(*end)).collect();
        Ok(short.map_or(Self::Long(long), Self::Short))
    }
}

impl TextPage {
    fn get(&self, at: usize) -> Option<&str> {
        let end = self.ends.get(at)?;
        let start = match at.checked_sub(1) {
            Some(before) => self.ends.get(before)?,
            None => 0,
        };
        self.texts.get(start..end)
    }

    fn push(&mut self, text: &str) {
        self.texts.push_str(text);
        self.ends.push(dense(self.texts.len()));
    }

    /// Whether the ends are those of texts, in order.
    fn is_sound(&self) -> bool {
        let last = self.ends.len().checked_sub(1).and_then(|last| self.ends.get(last));
        let whole = last.unwrap_or(0) == self.texts.len();
        whole
            && self.ends.len() <= PAGE_RECORDS
            && (0..self.ends.len()).all(|at| self.get(at).is_some())
    }
}

/// The keys of one kind, by id, and the way back.
///
/// The way back is in shards behind [`Arc`], so that a snapshot can look keys up too.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    pages: Vec<Arc<TextPage>>,
    shards: Vec<Arc<HashTable<u32>>>,
}

impl Default for Names {
    fn default() -> Self {
        Self { pages: Vec::new(), shards: vec![Arc::default(); SIZES] }
    }
}

impl Names {
    pub(crate) fn len(&self) -> usize {
        let last = self.pages.last().map_or(0, |page| page.ends.len());
        self.pages.len().saturating_sub(1) * PAGE_RECORDS + last
    }

    pub(crate) fn text(&self, id: u32) -> &str {
        text(&self.pages, id)
    }

    /// The texts in the order of their ids.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.pages.iter().flat_map(|page| (0..page.ends.len()).filter_map(|at| page.get(at)))
    }

    pub(crate) fn id(&self, text: &str) -> Option<u32> {
        self.find(hash_text(text), text)
    }

    fn find(&self, hash: u64, text: &str) -> Option<u32> {
        let shard = self.shards.get(shard_of(hash))?;
        shard.find(hash, |id| self.text(*id) == text).copied()
    }

    /// The first id that a text of this hash may have, without looking at the text.
    pub(super) fn likely(&self, hash: u64) -> u32 {
        let shard = self.shards.get(shard_of(hash));
        shard.and_then(|shard| shard.find(hash, |_| true)).copied().unwrap_or(NONE)
    }

    /// Where the text of an id ends, within its page.
    pub(super) fn end(&self, id: u32) -> u64 {
        let at = id as usize;
        let page = self.pages.get(at / PAGE_RECORDS);
        page.and_then(|page| page.ends.get(at % PAGE_RECORDS)).unwrap_or_default() as u64
    }

    /// The id of the text, made if it is new; and whether it is.
    pub(crate) fn intern(&mut self, text: &str) -> (u32, bool) {
        let hash = hash_text(text);
        if let Some(id) = self.find(hash, text) {
            return (id, false);
        }
        let id = dense(self.len());
        match self.pages.last_mut() {
            Some(last) if last.ends.len() < PAGE_RECORDS => Arc::make_mut(last).push(text),
            _ => {
                if let Some(full) = self.pages.last_mut() {
                    // What it grew into and did not need is more than most texts.
                    let full = Arc::make_mut(full);
                    full.texts.shrink_to_fit();
                    full.ends.shrink();
                }
                let mut page = TextPage::default();
                page.push(text);
                self.pages.push(Arc::new(page));
            }
        }
        self.index(id, hash);
        (id, true)
    }

    fn index(&mut self, id: u32, hash: u64) {
        let pages = &self.pages;
        if let Some(shard) = self.shards.get_mut(shard_of(hash)) {
            let rehash = |id: &u32| hash_text(text(pages, *id));
            Arc::make_mut(shard).insert_unique(hash, id, rehash);
        }
    }

    /// Has an id be called otherwise; what it was called is not kept.
    pub(crate) fn rename(&mut self, id: u32, text: &str) {
        let before = hash_text(self.text(id));
        if let Some(shard) = self.shards.get_mut(shard_of(before))
            && let Ok(entry) = Arc::make_mut(shard).find_entry(before, |it| *it == id)
        {
            entry.remove();
        }
        let at = id as usize;
        if let Some(page) = self.pages.get_mut(at / PAGE_RECORDS) {
            let page = Arc::make_mut(page);
            let mut renamed = TextPage::default();
            for place in 0..page.ends.len() {
                let kept = page.get(place).unwrap_or_default();
                renamed.push(if place == at % PAGE_RECORDS { text } else { kept });
            }
            *page = renamed;
            self.index(id, hash_text(text));
        }
    }

    pub(crate) fn pages(&self) -> &[Arc<TextPage>] {
        &self.pages
    }

    /// Takes the next page of a checkpoint; the way back is made by [`Names::restored`]. False if
    /// it does not fit.
    pub(crate) fn push_page(&mut self, number: u32, page: TextPage) -> bool {
        let follows = self.pages.len() == number as usize;
        let whole = self.pages.last().is_none_or(|last| last.ends.len() == PAGE_RECORDS);
        let fits = follows && whole && page.is_sound();
        if fits {
            self.pages.push(Arc::new(page));
        }
        fits
    }

    /// With the way back to all of its texts.
    pub(crate) fn restored(mut self) -> Self {
        let len = self.len();
        let shards = (0..SIZES).map(|shard| HashTable::with_capacity(share_of(shard, len)));
        self.shards = shards.map(Arc::new).collect();
        for id in 0..dense(len) {
            self.index(id, hash_text(self.text(id)));
        }
        self
    }

    /// The texts without the way back: all that a checkpoint needs.
    pub(crate) fn texts_only(&self) -> Self {
        Self { pages: self.pages.clone(), shards: Vec::new() }
    }
}

fn text(pages: &[Arc<TextPage>], id: u32) -> &str {
    let at = id as usize;
    let page = pages.get(at / PAGE_RECORDS);
    page.and_then(|page| page.get(at % PAGE_RECORDS)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{Names, TextPage};
    use crate::store::codec;

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
        let mut read = Names::default();
        for (number, page) in (0..).zip(names.pages()) {
            assert!(read.push_page(number, (**page).clone()));
        }
        let mut restored = read.restored();
        assert_eq!(restored.len(), 5001);
        assert_eq!(restored.id("new"), Some(5000));
        assert_eq!(restored.text(5000), "new");
        assert_eq!(restored.intern("newer"), (5001, true));
        assert!(restored.iter().eq(names.iter().chain(["newer"])));
    }

    #[test]
    fn a_page_of_very_long_keys_is_as_any_other() {
        let text = |n: usize| "k".repeat(500) + &n.to_string();
        let mut page = TextPage::default();
        for n in 0..256 {
            page.push(&text(n));
            assert!(page.is_sound() && (0..=n).all(|at| page.get(at) == Some(&text(at))), "{n}");
        }
        let bytes = codec::encode(&page).unwrap();
        assert_eq!(codec::decode::<TextPage>(&bytes).unwrap(), page);
    }

    #[test]
    fn a_page_that_is_no_page_is_not_taken() {
        let page = |ends: &[u32], texts: &str| {
            let bytes = codec::encode(&(ends, texts)).unwrap();
            codec::decode::<TextPage>(&bytes).unwrap()
        };
        let mut names = Names::default();
        for (bad, why) in [
            (page(&[2, 1], "ab"), "ends go back"),
            (page(&[1], "ab"), "a rest that is nobody's"),
            (page(&[3], "ab"), "beyond the end"),
            (page(&[1, 2], "ä"), "inside a character"),
            (page(&[0; 257], ""), "too many"),
        ] {
            assert!(!names.push_page(0, bad), "{why}");
        }
        assert!(names.push_page(0, page(&[2, 2], "ab")));
        assert!(!names.push_page(1, page(&[1], "c")), "the one before is not full");
    }
}
