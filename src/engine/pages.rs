//! An append-only table of records in shared pages.
//!
//! A clone copies one pointer a page, so a snapshot is cheap. The first change to a record after a
//! snapshot copies the part of a page that it is in: a page is what a checkpoint keeps under one
//! key, and would be too much to copy at once. It knows nothing of what the records mean.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::cost;

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

/// Up to [`PAGE_RECORDS`] records that lie one behind the other. Those that were taken out leave
/// their places, and no room.
#[derive(Clone, Debug)]
pub(crate) struct Page<T> {
    parts: [Option<Arc<Vec<T>>>; PARTS],
    /// Nearly all pages have none, and each record that is looked at is looked at through this: it
    /// is to be small.
    gaps: Option<Box<Gaps>>,
}

/// A part of a page in its table.
pub(crate) struct Part<'a, T> {
    /// The index of its first place.
    first: u32,
    gaps: u64,
    records: &'a [T],
}

impl<'a, T> Part<'a, T> {
    /// The indexes that belong to it.
    pub(crate) fn indexes(&self) -> Range<u32> {
        self.first..self.first.saturating_add(dense(PART_RECORDS))
    }

    /// Its records that are there, each with its index.
    pub(crate) fn records(self) -> impl Iterator<Item = (u32, &'a T)> {
        let Self { gaps, records, .. } = self;
        let there = self.indexes().enumerate().filter(move |(at, _)| gaps & (1 << at) == 0);
        let records = records.iter().inspect(|_| cost::count(1));
        there.map(|(_, index)| index).zip(records)
    }
}

/// The places in a page whose records were taken out, a bit each, part by part.
pub(crate) type Gaps = [u64; PARTS];

impl<T> Default for Page<T> {
    fn default() -> Self {
        Self { parts: [const { None }; PARTS], gaps: None }
    }
}

/// Where in a part the record of a place lies, where these were taken out; none if it was one.
fn within(gaps: u64, place: usize) -> Option<usize> {
    let bit = 1 << place;
    (gaps & bit == 0).then(|| place - (gaps & (bit - 1)).count_ones() as usize)
}

impl<T> Page<T> {
    /// How many places it has, those included whose records were taken out.
    pub(crate) fn len(&self) -> usize {
        self.lens().sum()
    }

    fn lens(&self) -> impl Iterator<Item = usize> {
        let parts = self.parts.iter().zip(self.gaps().unwrap_or_default());
        parts.map(|(part, gaps)| part.as_ref().map_or(0, |it| it.len()) + taken_out(gaps))
    }

    fn is_full(&self) -> bool {
        self.lens().last() == Some(PART_RECORDS)
    }

    /// Whether nothing is left of a page that was full.
    fn is_used_up(&self) -> bool {
        self.gaps.as_deref() == Some(&[u64::MAX; PARTS])
    }

    pub(crate) fn get(&self, at: usize) -> Option<&T> {
        cost::count(1);
        let at_first = self.within(at)?;
        self.parts.get(at / PART_RECORDS)?.as_ref()?.get(at_first)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        let records = self.parts.iter().flatten().flat_map(|part| part.iter());
        records.inspect(|_| cost::count(1))
    }

    /// What was taken out of it; none if nothing was.
    pub(crate) fn gaps(&self) -> Option<Gaps> {
        self.gaps.as_deref().copied()
    }

    /// Where in its part the record of a place lies; none if it was taken out.
    fn within(&self, at: usize) -> Option<usize> {
        match &self.gaps {
            None => Some(at % PART_RECORDS),
            Some(gaps) => within(*gaps.get(at / PART_RECORDS)?, at % PART_RECORDS),
        }
    }

    /// The page whose records, as they are here one behind the other, lie between these gaps. None
    /// if they do not fit.
    pub(crate) fn spread(self, gaps: Gaps) -> Option<Self>
    where
        T: Clone,
    {
        let mut records = self.parts.into_iter().flatten().flat_map(Arc::unwrap_or_clone);
        let has_gaps = gaps != [0; PARTS];
        let mut page = Self { gaps: has_gaps.then(|| Box::new(gaps)), ..Self::default() };
        for (part, gaps) in page.parts.iter_mut().zip(gaps) {
            let own: Vec<T> = records.by_ref().take(PART_RECORDS - taken_out(gaps)).collect();
            *part = (!own.is_empty()).then(|| Arc::new(own));
        }
        // A gap lies before the end, and no part begins before the one before it is full.
        let lens: Vec<usize> = page.lens().collect();
        let sound = lens
            .iter()
            .zip(gaps)
            .all(|(len, gaps)| gaps.leading_zeros() as usize + len >= PART_RECORDS);
        let in_order =
            lens.iter().rev().skip_while(|len| **len == 0).skip(1).all(|len| *len == PART_RECORDS);
        (records.next().is_none() && sound && in_order).then_some(page)
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
        cost::count(1);
        let at_first = self.within(at)?;
        let part = self.parts.get_mut(at / PART_RECORDS)?.as_mut()?;
        Arc::make_mut(part).get_mut(at_first)
    }

    /// Takes a record out. Its room is given back once half of that of its part is not needed.
    fn take_out(&mut self, at: usize) -> Option<T> {
        cost::count(1);
        let at_first = self.within(at)?;
        let slot = self.parts.get_mut(at / PART_RECORDS)?;
        let part = Arc::make_mut(slot.as_mut()?);
        let taken = (at_first < part.len()).then(|| part.remove(at_first))?;
        if let Some(gaps) = self.gaps.get_or_insert_default().get_mut(at / PART_RECORDS) {
            *gaps |= 1 << (at % PART_RECORDS);
        }
        if part.is_empty() {
            *slot = None;
        } else if part.len() * 2 <= part.capacity() {
            part.shrink_to_fit();
        }
        Some(taken)
    }

    /// Puts a record behind those that are there, if there is room.
    fn push(&mut self, record: T, first_room: usize) {
        let at = self.len() / PART_RECORDS;
        let Some(part) = self.parts.get_mut(at) else {
            return;
        };
        match part {
            Some(part) => Arc::make_mut(part).push(record),
            // All that was there may have been taken out.
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
        let records = self.parts.iter().flatten().map(|part| part.len()).sum();
        let mut list = serializer.serialize_seq(Some(records))?;
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
        self.parts_since(None).flat_map(|part| part.records())
    }

    /// The parts of it that are not in an earlier picture of this table, as they are; in order.
    pub(crate) fn parts_since<'a>(
        &'a self,
        earlier: Option<&'a Self>,
    ) -> impl Iterator<Item = Part<'a, T>> {
        self.pages.iter().enumerate().flat_map(move |(at, page)| {
            let number = self.first_page + at;
            let before = earlier.and_then(|it| it.pages.get(number.checked_sub(it.first_page)?));
            let is_same = before.is_some_and(|before| Arc::ptr_eq(before, page));
            let parts = page.parts.iter().zip(page.gaps().unwrap_or_default());
            let parts = parts.enumerate().filter(move |_| !is_same);
            parts.filter_map(move |(at, (part, gaps))| {
                let records = part.as_ref()?;
                let before = before.and_then(|it| it.parts.get(at)?.as_ref());
                let is_new = before.is_none_or(|before| !Arc::ptr_eq(before, records));
                let first = dense(number * PAGE_RECORDS + at * PART_RECORDS);
                is_new.then_some(Part { first, gaps, records })
            })
        })
    }

    /// The indexes of the records for which `is` holds, in order. Where this is as it was in an
    /// earlier picture, it takes those of which it held there, and asks nothing.
    pub(crate) fn all_where(
        &self,
        before: Option<(&Self, &[u32])>,
        mut is: impl FnMut(&T) -> bool,
    ) -> Vec<u32> {
        let (earlier, known) = before.unzip();
        let mut known = known.unwrap_or_default().iter().copied().peekable();
        let mut all = Vec::new();
        for part in self.parts_since(earlier) {
            let indexes = part.indexes();
            all.extend(std::iter::from_fn(|| known.next_if(|id| *id < indexes.start)));
            while known.next_if(|id| *id < indexes.end).is_some() {}
            all.extend(part.records().filter(|(_, record)| is(record)).map(|(id, _)| id));
        }
        all.extend(known);
        all
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

    /// Drops pages of which nothing is left from the front. The last page stays, so that indexes go
    /// on.
    fn drop_used_up(&mut self) {
        while self.pages.len() > 1 && self.pages.front().is_some_and(|page| page.is_used_up()) {
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

    /// As [`Pages::push_page`], of a table that nothing is dropped from: page 0 is there.
    pub(crate) fn push_kept_page(&mut self, number: u32, page: Page<T>) -> bool {
        let begins = number == 0 || !self.pages.is_empty();
        begins && self.push_page(number, page)
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

    /// Takes a record out; its index is never used again.
    pub(crate) fn take_out(&mut self, index: u32) -> Option<T> {
        let index = index as usize;
        let page = (index / PAGE_RECORDS).checked_sub(self.first_page)?;
        let taken = Arc::make_mut(self.pages.get_mut(page)?).take_out(index % PAGE_RECORDS);
        self.drop_used_up();
        taken
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

fn taken_out(gaps: u64) -> usize {
    gaps.count_ones() as usize
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
    use super::{Page, Pages};

    #[test]
    fn what_is_not_in_an_earlier_picture_is_told_by_its_parts() {
        let mut pages = Pages::default();
        for n in 0..1000_u32 {
            pages.push(n);
        }
        let since = |pages: &Pages<u32>, earlier: Option<&Pages<u32>>| -> Vec<(u32, usize)> {
            let parts = pages.parts_since(earlier);
            parts.map(|part| (part.indexes().start, part.records().count())).collect()
        };
        assert_eq!(since(&pages, None).iter().map(|(_, records)| records).sum::<usize>(), 1000);
        let earlier = pages.clone();
        assert_eq!(since(&pages, Some(&earlier)), []);
        *pages.get_mut(70).unwrap() = 7;
        pages.take_out(300);
        pages.push(1000);
        assert_eq!(since(&pages, Some(&earlier)), [(64, 64), (256, 63), (960, 41)]);
        let there: Vec<u32> =
            pages.parts_since(Some(&earlier)).flat_map(|it| it.records()).map(|it| it.0).collect();
        assert!(there.contains(&70) && there.contains(&301) && !there.contains(&300));
        assert!(pages.iter().all(|(at, record)| at == *record || at == 70));
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

    #[test]
    fn what_is_taken_out_leaves_its_place_and_no_room() {
        let mut pages: Pages<u32> = (0..1000).fold(Pages::default(), |mut pages, n| {
            pages.push(n);
            pages
        });
        let snapshot = pages.clone();
        let stays = |n: u32| n.is_multiple_of(7) && n >= 300;
        for n in (0..1000).filter(|n| !stays(*n)) {
            assert_eq!(pages.take_out(n), Some(n));
            assert_eq!(pages.take_out(n), None);
            assert_eq!(pages.get(n), None);
            assert_eq!(pages.get_mut(n), None);
        }
        assert_eq!(pages.first_page(), 1, "a page of which nothing is left is not kept");
        let left: Vec<(u32, u32)> = (0..1000).filter(|n| stays(*n)).map(|n| (n, n)).collect();
        assert_eq!(pages.iter().map(|(at, n)| (at, *n)).collect::<Vec<_>>(), left);
        assert!(left.iter().all(|(at, n)| pages.get(*at) == Some(n)));
        *pages.get_mut(301).unwrap() += 5;
        assert_eq!((pages.get(301), snapshot.get(301)), (Some(&306), Some(&301)));
        assert_eq!((pages.len(), pages.push(7), pages.len()), (1000, 1000, 1001));
        let mut copy = Pages::default();
        for (number, page) in (pages.first_page()..).zip(pages.pages()) {
            let records = Page::of(page.iter().copied().collect()).unwrap();
            let page = records.spread(page.gaps().unwrap_or_default()).unwrap();
            assert!(copy.push_page(number, page), "{number}");
        }
        assert!(copy.iter().eq(pages.iter()));
        assert_eq!(copy.len(), pages.len());
        for n in 0..=1000 {
            pages.take_out(n);
        }
        assert_eq!((pages.iter().count(), pages.push(8)), (0, 1001), "indexes go on");
    }

    #[test]
    fn gaps_that_do_not_fit_their_page_are_refused() {
        let page = |records| Page::of(vec![0_u32; records]).unwrap();
        for (records, gaps, fits) in [
            (63, [1, 0, 0, 0], true),
            (64, [1, 0, 0, 0], true),
            (255, [0, 0, 0, 1 << 63], true),
            (255, [0, 0, 0, 1 << 62], true),
            (256, [1, 0, 0, 0], false),
            (1, [u64::MAX, 0, 0, 0], true),
            (0, [u64::MAX; 4], true),
            (0, [0, u64::MAX, 0, 0], false),
            (1, [4, 0, 0, 0], false),
            (2, [2, 0, 0, 0], true),
        ] {
            assert_eq!(page(records).spread(gaps).is_some(), fits, "{records} {gaps:?}");
        }
    }
}
