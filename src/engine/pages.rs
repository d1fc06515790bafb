//! An append-only table of records in shared pages.
//!
//! A clone copies one pointer a page, so a snapshot is cheap. The first change to a record after a
//! snapshot copies the part of a page that it is in: a page is what a checkpoint keeps under one
//! key, and would be too much to copy at once. It knows nothing of what the records mean.

use std::any::Any;
use std::collections::VecDeque;
use std::sync::{Arc, Weak};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Records in one page.
pub(crate) const PAGE_RECORDS: usize = 256;
/// Parts of one page, and records in each.
const PARTS: usize = 4;
const PART_RECORDS: usize = PAGE_RECORDS / PARTS;

/// Records by dense index, in pages behind [`Arc`]; whole pages may be dropped from the front.
#[derive(Clone, Debug)]
pub(crate) struct Pages<T> {
    first_page: usize,
    pages: VecDeque<Arc<Page<T>>>,
}

/// Up to [`PAGE_RECORDS`] records that lie one behind the other.
#[derive(Clone, Debug)]
pub(crate) struct Page<T> {
    parts: [Option<Arc<Vec<T>>>; PARTS],
}

impl<T> Default for Page<T> {
    fn default() -> Self {
        Self { parts: [const { None }; PARTS] }
    }
}

impl<T> Page<T> {
    pub(crate) fn len(&self) -> usize {
        self.parts.iter().flatten().map(|part| part.len()).sum()
    }

    fn is_full(&self) -> bool {
        let last = self.parts.last().and_then(Option::as_ref);
        last.is_some_and(|part| part.len() == PART_RECORDS)
    }

    pub(crate) fn get(&self, at: usize) -> Option<&T> {
        self.parts.get(at / PART_RECORDS)?.as_ref()?.get(at % PART_RECORDS)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.parts.iter().flatten().flat_map(|part| part.iter())
    }

    /// The page of these records; none if they are too many.
    fn of(records: Vec<T>) -> Option<Self> {
        let mut page = Self::default();
        let mut records = records.into_iter();
        for part in &mut page.parts {
            let own: Vec<T> = records.by_ref().take(PART_RECORDS).collect();
            if !own.is_empty() {
                *part = Some(Arc::new(own));
            }
        }
        records.next().is_none().then_some(page)
    }
}

impl<T: Clone> Page<T> {
    fn get_mut(&mut self, at: usize) -> Option<&mut T> {
        let part = self.parts.get_mut(at / PART_RECORDS)?.as_mut()?;
        Arc::make_mut(part).get_mut(at % PART_RECORDS)
    }

    /// Puts a record behind those that are there, if there is room.
    fn push(&mut self, record: T, first_room: usize) {
        let at = self.len() / PART_RECORDS;
        let Some(part) = self.parts.get_mut(at) else {
            return;
        };
        match part {
            Some(part) => Arc::make_mut(part).push(record),
            None => {
                let mut records = Vec::with_capacity(first_room);
                records.push(record);
                *part = Some(Arc::new(records));
            }
        }
    }
}

/// A page travels as a list of its records.
impl<T: Serialize> Serialize for Page<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeSeq;
        let mut list = serializer.serialize_seq(Some(self.len()))?;
        self.iter().try_for_each(|record| list.serialize_element(record))?;
        list.end()
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Page<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let page = Self::of(Vec::deserialize(deserializer)?);
        page.ok_or_else(|| serde::de::Error::custom("a page has too many records"))
    }
}

impl<T> Default for Pages<T> {
    fn default() -> Self {
        Self { first_page: 0, pages: VecDeque::new() }
    }
}

impl<T> Pages<T> {
    /// How many records were ever appended, the dropped ones included.
    pub(crate) fn len(&self) -> usize {
        match self.pages.back() {
            Some(last) => (self.first_page + self.pages.len() - 1) * PAGE_RECORDS + last.len(),
            None => self.first_page * PAGE_RECORDS,
        }
    }

    pub(crate) fn get(&self, index: u32) -> Option<&T> {
        let index = index as usize;
        let page = (index / PAGE_RECORDS).checked_sub(self.first_page)?;
        self.pages.get(page)?.get(index % PAGE_RECORDS)
    }

    /// The records that are there, oldest first, each with its index.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        self.pages.iter().enumerate().flat_map(move |(page, records)| {
            let start = (self.first_page + page) * PAGE_RECORDS;
            records.iter().enumerate().map(move |(at, record)| (dense(start + at), record))
        })
    }

    /// The number of the first page that is there.
    pub(crate) fn first_page(&self) -> u32 {
        dense(self.first_page)
    }

    /// The pages that are there, in order.
    pub(crate) fn pages(&self) -> impl Iterator<Item = &Arc<Page<T>>> {
        self.pages.iter()
    }

    /// Drops the pages that lie wholly before `index`. The last page stays, so that indexes go on.
    pub(crate) fn drop_before(&mut self, index: usize) {
        while self.pages.len() > 1 && (self.first_page + 1) * PAGE_RECORDS <= index {
            self.pages.pop_front();
            self.first_page += 1;
        }
    }

    /// Drops all of it, a page at a time.
    #[cfg(feature = "store")]
    pub(crate) fn let_go(mut self, rest: &mut dyn FnMut()) {
        while self.pages.pop_front().is_some() {
            rest();
        }
    }

    /// Takes a page read from a checkpoint; pages come in order. False if one is missing.
    pub(crate) fn push_page(&mut self, number: u32, page: Page<T>) -> bool {
        if self.pages.is_empty() {
            self.first_page = number as usize;
        }
        let follows = self.first_page + self.pages.len() == number as usize;
        let fits = follows && self.pages.back().is_none_or(|last| last.is_full());
        if fits {
            self.pages.push_back(Arc::new(page));
        }
        fits
    }
}

impl<T: Clone> Pages<T> {
    pub(crate) fn get_mut(&mut self, index: u32) -> Option<&mut T> {
        let index = index as usize;
        let page = (index / PAGE_RECORDS).checked_sub(self.first_page)?;
        Arc::make_mut(self.pages.get_mut(page)?).get_mut(index % PAGE_RECORDS)
    }

    /// Appends a record and returns its index.
    pub(crate) fn push(&mut self, record: T) -> u32 {
        let index = self.len();
        if self.pages.back().is_none_or(|last| last.is_full()) {
            self.pages.push_back(Arc::default());
        }
        if let Some(last) = self.pages.back_mut() {
            Arc::make_mut(last).push(record, if index == 0 { 4 } else { PART_RECORDS });
        }
        dense(index)
    }
}

/// Which pages a table had at some moment. It tells them by where they lie, and keeps nothing of
/// them: a page that is changed afterwards moves, whether or not anybody else looks at it.
#[derive(Debug, Default)]
pub(crate) struct Marks {
    first_page: u32,
    pages: Vec<Weak<dyn Any + Send + Sync>>,
}

impl Marks {
    pub(crate) fn of<'a, P: Any + Send + Sync>(
        first_page: u32,
        pages: impl Iterator<Item = &'a Arc<P>>,
    ) -> Self {
        let marked = pages.map(|page| {
            let page: Weak<P> = Arc::downgrade(page);
            page as Weak<dyn Any + Send + Sync>
        });
        Self { first_page, pages: marked.collect() }
    }

    /// Whether the page with a number was this one, as it is now.
    pub(crate) fn has<P>(&self, number: u32, page: &Arc<P>) -> bool {
        let mark = number.checked_sub(self.first_page).and_then(|at| self.pages.get(at as usize));
        // While a mark is there, nothing else can lie where its page lay.
        mark.is_some_and(|mark| std::ptr::addr_eq(mark.as_ptr(), Arc::as_ptr(page)))
    }

    /// The numbers of the pages that it had.
    pub(crate) fn numbers(&self) -> std::ops::Range<u32> {
        self.first_page..self.first_page.saturating_add(dense(self.pages.len()))
    }
}

/// A dense index. Tables are bounded well below 2^32 records by memory, and `u32::MAX` is kept
/// to say "none".
pub(crate) fn dense(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

/// Small tables inside a record travel as a list.
impl<T: Clone + Serialize> Serialize for Pages<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(|(_, record)| record).collect::<Vec<_>>())
    }
}

impl<'de, T: Clone + Deserialize<'de>> Deserialize<'de> for Pages<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut pages = Self::default();
        for record in Vec::<T>::deserialize(deserializer)? {
            pages.push(record);
        }
        Ok(pages)
    }
}

#[cfg(test)]
mod tests {
    use super::{Marks, Page, Pages};

    #[test]
    fn a_mark_knows_which_pages_changed_and_keeps_none() {
        let mut pages = Pages::default();
        for n in 0..1000_u32 {
            pages.push(n);
        }
        let marks = Marks::of(pages.first_page(), pages.pages());
        let same = |pages: &Pages<u32>| -> Vec<bool> {
            (pages.first_page()..).zip(pages.pages()).map(|(at, it)| marks.has(at, it)).collect()
        };
        assert_eq!(same(&pages), [true; 4]);
        *pages.get_mut(300).unwrap() = 7;
        assert_eq!(same(&pages), [true, false, true, true]);
        let snapshot = pages.clone();
        *pages.get_mut(0).unwrap() = 7;
        for n in 0..100 {
            pages.push(n);
        }
        assert_eq!(same(&pages), [false, false, true, false, false]);
        assert_eq!(same(&snapshot), [true, false, true, true]);
        pages.drop_before(600);
        assert_eq!(same(&pages), [true, false, false]);
        assert_eq!(marks.numbers(), 0..4);
    }

    #[test]
    fn a_clone_keeps_what_it_saw() {
        let mut pages = Pages::default();
        for n in 0..1000_u32 {
            assert_eq!(pages.push(n), n);
        }
        let snapshot = pages.clone();
        *pages.get_mut(700).unwrap() = 0;
        pages.push(1000);
        assert_eq!(snapshot.get(700), Some(&700));
        assert_eq!(snapshot.get(1000), None);
        assert_eq!(snapshot.len(), 1000);
        assert_eq!(pages.get(700), Some(&0));
        assert_eq!(pages.len(), 1001);
    }

    #[test]
    fn dropping_the_front_keeps_indexes() {
        let mut pages = Pages::default();
        for n in 0..1000_u32 {
            pages.push(n);
        }
        pages.drop_before(600);
        assert_eq!(pages.iter().next(), Some((512, &512)));
        assert_eq!(pages.get(511), None);
        assert_eq!(pages.get(512), Some(&512));
        assert_eq!(pages.push(7), 1000);
        assert_eq!(pages.iter().count(), 1001 - 512);
        let mut copy = Pages::default();
        for (number, page) in (pages.first_page()..).zip(pages.pages()) {
            assert!(copy.push_page(number, (**page).clone()));
        }
        assert_eq!(copy.len(), pages.len());
        assert_eq!(copy.get(1000), Some(&7));
        assert!(!copy.push_page(9, Page::of(vec![1]).unwrap()));
        assert!(Page::of(vec![1; 257]).is_none());
    }
}
