//! Which pages of a table changed since some moment.

use std::any::Any;
use std::sync::{Arc, Weak};

use super::pages::dense;

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

#[cfg(test)]
mod tests {
    use super::Marks;
    use crate::engine::pages::Pages;

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
}
