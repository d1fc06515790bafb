//! The table of a question: every combination of the values that its tests tell apart, and on
//! which of them a rule holds. One bit is one cell; each step of a condition is asked of all cells
//! at once.

use super::super::super::ir::{HOLDS, Step};
use super::super::conditions::Term;
use super::bits::Bits;
use super::space::{Seen, Space, TestId};
use super::witness::Loose;

/// The most cells of one table.
pub(super) const MOST_CELLS: u128 = 1 << 20;

/// What is looked at of a table that would have more. Nothing that has to hold in all cells is
/// said of a sample, so a larger one would only cost more.
pub(super) const SAMPLE: usize = 1 << 16;

/// What all tables of one check may cost, in words of cells: a few tenths of a second.
const MOST_WORK: u64 = 1 << 26;

/// What a table costs, and a step of a condition, however few cells there are.
const TABLE_COST: u64 = 256;
const STEP_COST: u64 = 32;

/// What may still be spent on tables, so that no policy makes the check slow.
#[derive(Debug)]
pub(super) struct Budget {
    left: u64,
    pub exhausted: bool,
}

impl Default for Budget {
    fn default() -> Self {
        Self { left: MOST_WORK, exhausted: false }
    }
}

impl Budget {
    /// Takes some of what is left; false if there is not enough.
    pub fn spend(&mut self, work: u64) -> bool {
        match self.left.checked_sub(work) {
            Some(rest) => self.left = rest,
            None => self.exhausted = true,
        }
        !self.exhausted
    }
}

/// Values of a dimension that no test of the table tells apart.
#[derive(Debug)]
struct Class {
    members: Bits,
    /// The value that stands for them: one that exists, if any does.
    value: usize,
    sure: bool,
}

/// One dimension of a table.
#[derive(Debug)]
pub(super) struct Axis {
    pub dimension: usize,
    classes: Vec<Class>,
    /// How many cells lie between one class and the next.
    stride: u128,
}

/// The cells of some tests.
#[derive(Debug)]
pub(super) struct Table {
    axes: Vec<Axis>,
    cells: usize,
    /// How many combinations there are; at most so many are cells.
    total: u128,
    /// Whether a cell is a combination for certain.
    pub sure: Bits,
    /// Whether every combination is among the cells.
    pub whole: bool,
    /// The tests in order, with the cells that answer yes, and those where nothing can be read.
    answers: Vec<(TestId, Bits, Bits)>,
}

/// A clause, by the numbers of its tests.
#[derive(Debug)]
pub(super) struct Program<'a> {
    pub except: bool,
    pub entry: u32,
    pub steps: &'a [Step],
    pub ids: Vec<TestId>,
}

/// Where something holds, and where it cannot be said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    pub holds: Bits,
    pub unknown: Bits,
}

impl Table {
    /// The table of some tests, sorted and each once. None if the budget does not allow it.
    pub fn new(space: &Space<'_>, tests: &[TestId], budget: &mut Budget) -> Option<Self> {
        Shape::of(space, tests, budget)?.table(space, tests, budget)
    }

    /// The same, but only if it is whole and has at most so many cells. None inside if not.
    pub fn small(
        space: &Space<'_>,
        tests: &[TestId],
        most: u128,
        budget: &mut Budget,
    ) -> Option<Option<Self>> {
        let shape = Shape::of(space, tests, budget)?;
        if !shape.whole || shape.total > most {
            return Some(None);
        }
        shape.table(space, tests, budget).map(Some)
    }

    /// Whether only some of the combinations are cells.
    pub const fn is_sampled(&self) -> bool {
        self.total > MOST_CELLS
    }

    /// How many combinations there are.
    pub const fn total(&self) -> u128 {
        self.total
    }

    /// The tests that it is of.
    pub fn tests(&self) -> Vec<TestId> {
        self.answers.iter().map(|(id, ..)| *id).collect()
    }

    pub fn none(&self) -> Bits {
        Bits::none(self.cells)
    }

    pub fn all(&self) -> Bits {
        Bits::all(self.cells)
    }

    /// The number of the class that a cell has on an axis.
    fn digit(&self, axis: &Axis, cell: usize) -> usize {
        let classes = axis.classes.len() as u128;
        if self.is_sampled() {
            if axis.classes.len() == 2 {
                return usize::from(mixed(cell / 64, axis.dimension) >> (cell % 64) & 1 == 1);
            }
            let mixed = u128::from(mixed(cell, axis.dimension));
            return usize::try_from((mixed * classes) >> 64).unwrap_or(0);
        }
        usize::try_from((cell as u128 / axis.stride) % classes).unwrap_or(0)
    }

    /// The cells whose class on an axis is as wanted.
    fn spread(&self, axis: &Axis, wanted: impl Fn(&Class) -> bool) -> Bits {
        self.chosen(axis, axis.classes.iter().map(wanted).collect())
    }

    fn chosen(&self, axis: &Axis, chosen: Vec<bool>) -> Bits {
        let mut cells = Bits::none(self.cells);
        if self.is_sampled() && chosen.len() == 2 {
            let word = |at: usize| match chosen.as_slice() {
                [true, true] => u64::MAX,
                [false, true] => mixed(at, axis.dimension),
                [true, false] => !mixed(at, axis.dimension),
                _ => 0,
            };
            return Bits::of_words((0..self.cells / 64).map(word).collect());
        }
        if self.is_sampled() {
            for cell in 0..self.cells {
                if chosen.get(self.digit(axis, cell)) == Some(&true) {
                    cells.insert(cell);
                }
            }
            return cells;
        }
        let stride = usize::try_from(axis.stride).unwrap_or(usize::MAX);
        let turn = stride.saturating_mul(axis.classes.len());
        for (number, _) in chosen.iter().enumerate().filter(|(_, chosen)| **chosen) {
            let mut from = number.saturating_mul(stride);
            while from < self.cells {
                cells.insert_range(from, from.saturating_add(stride));
                from = from.saturating_add(turn);
            }
        }
        cells
    }

    /// The cells that answer yes to a test.
    pub fn yes(&self, id: TestId) -> Option<&Bits> {
        self.answer(id).map(|(yes, _)| yes)
    }

    fn answer(&self, id: TestId) -> Option<(&Bits, &Bits)> {
        let at = self.answers.binary_search_by_key(&id, |(id, ..)| *id).ok()?;
        self.answers.get(at).map(|(_, yes, unknown)| (yes, unknown))
    }

    /// Where all of these clauses let a rule fire, each without the terms beside it.
    pub fn run<'p>(
        &self,
        clauses: impl Iterator<Item = (&'p Program<'p>, &'p [Term])>,
        budget: &mut Budget,
    ) -> Option<Outcome> {
        let mut out = Outcome { holds: self.all(), unknown: self.none() };
        for (clause, without) in clauses {
            self.clause(clause, without, &mut out, budget)?;
        }
        Some(out)
    }

    /// Narrows an outcome to where a clause lets the rule fire.
    fn clause(
        &self,
        clause: &Program<'_>,
        without: &[Term],
        out: &mut Outcome,
        budget: &mut Budget,
    ) -> Option<()> {
        let goes_on = |mut at: u32| {
            while let Some(term) = without.iter().find(|it| (it.first..it.end).contains(&at)) {
                at = term.next;
            }
            at
        };
        let words = sure_cost(self.cells) * 4 + STEP_COST;
        if !budget.spend(words * clause.steps.len() as u64) {
            return None;
        }
        let mut holds = self.none();
        let mut fails = self.none();
        // Where each step is reached. Steps only lead to those that were laid out before them.
        let mut reached: Vec<Option<Bits>> = vec![None; clause.steps.len()];
        let mut arrive = |at: u32, cells: Bits, reached: &mut [Option<Bits>]| {
            let at = goes_on(at);
            match reached.get_mut(at as usize) {
                Some(Some(known)) => known.add(&cells),
                Some(slot) => *slot = Some(cells),
                None if at == HOLDS => holds.add(&cells),
                None => fails.add(&cells),
            }
        };
        arrive(clause.entry, std::mem::replace(&mut out.holds, self.none()), &mut reached);
        for (number, step) in clause.steps.iter().enumerate().rev() {
            let Some(here) = reached.get_mut(number).and_then(Option::take) else {
                continue;
            };
            let (yes, unknown) = self.answer(*clause.ids.get(number)?)?;
            let known = here.without(unknown);
            out.unknown.add(&here.and(unknown));
            arrive(step.yes, known.and(yes), &mut reached);
            arrive(step.no, known.without(yes), &mut reached);
        }
        out.holds = if clause.except { fails } else { holds };
        Some(())
    }

    /// The axes with the values that some cells have on them.
    pub fn support(&self, cells: &Bits) -> Vec<(usize, Bits)> {
        let per_axis = self.axes.iter().map(|axis| {
            let len = axis.classes.first().map_or(0, |class| class.members.len());
            let mut values = Bits::none(len);
            let count = axis.classes.len();
            let mut seen = vec![false; count];
            if self.is_sampled() && count > 2 {
                for cell in cells.iter() {
                    if let Some(slot) = seen.get_mut(self.digit(axis, cell)) {
                        *slot = true;
                    }
                }
            } else {
                for (number, slot) in seen.iter_mut().enumerate() {
                    let own = self.chosen(axis, (0..count).map(|at| at == number).collect());
                    *slot = own.meets(cells);
                }
            }
            let seen = axis.classes.iter().zip(seen).filter(|(_, seen)| *seen);
            seen.for_each(|(class, _)| values.add(&class.members));
            (axis.dimension, values)
        });
        per_axis.collect()
    }

    /// What is so in a cell, as far as it matters: a dimension is left out if whatever it is, the
    /// cell remains among these. By the number of the dimension and of its value.
    pub fn shown(&self, cell: usize, among: &Bits) -> Vec<(usize, usize)> {
        let mut fixed: Vec<bool> = vec![true; self.axes.len()];
        if self.cells <= 4_096 && !self.is_sampled() {
            for leaving in (0..self.axes.len()).rev() {
                if let Some(slot) = fixed.get_mut(leaving) {
                    *slot = false;
                }
                let alike = |other: usize| {
                    let mut axes = self.axes.iter().zip(&fixed).filter(|(_, fixed)| **fixed);
                    axes.all(|(axis, _)| self.digit(axis, other) == self.digit(axis, cell))
                };
                let all = (0..self.cells).filter(|at| self.sure.has(*at) && alike(*at));
                let matters = all.into_iter().any(|at| !among.has(at));
                if let Some(slot) = fixed.get_mut(leaving) {
                    *slot = matters;
                }
            }
        }
        let shown = self.axes.iter().zip(fixed).filter(|(_, fixed)| *fixed);
        shown.filter_map(|(axis, _)| Some((axis.dimension, self.value(axis, cell)?))).collect()
    }

    /// Everything that is so in a cell.
    pub fn values(&self, cell: usize) -> Vec<(usize, usize)> {
        let value = |axis: &Axis| Some((axis.dimension, self.value(axis, cell)?));
        self.axes.iter().filter_map(value).collect()
    }

    fn value(&self, axis: &Axis, cell: usize) -> Option<usize> {
        axis.classes.get(self.digit(axis, cell)).map(|class| class.value)
    }

    /// The cell among these in which the least is unknown, the first of them.
    pub fn plainest(&self, space: &Space<'_>, cells: &Bits) -> Option<usize> {
        let unknowns = |cell: &usize| {
            let values = self.values(*cell);
            let seen = values.iter().filter_map(|(dimension, value)| {
                space.dimensions.get(*dimension)?.values.get(*value)
            });
            seen.flat_map(|value| &value.parts).filter(|seen| **seen == Seen::Unknown).count()
        };
        cells.iter().take(4_096).min_by_key(unknowns)
    }
}

/// The axes of a table, before there are cells.
struct Shape {
    axes: Vec<Axis>,
    total: u128,
    whole: bool,
}

impl Shape {
    fn of(space: &Space<'_>, tests: &[TestId], budget: &mut Budget) -> Option<Self> {
        if !budget.spend(TABLE_COST) {
            return None;
        }
        let mut whole = true;
        let mut axes: Vec<Axis> = Vec::new();
        for id in tests {
            let asked = space.asked(*id)?;
            let dimension = space.dimensions.get(asked.dimension)?;
            whole &= match dimension.loose {
                Loose::No => true,
                Loose::Shapes => !asked.test.question.is_shape(),
                Loose::All => false,
            };
            let at = axes.iter().position(|axis| axis.dimension == asked.dimension);
            let at = at.unwrap_or_else(|| {
                let members = Bits::all(dimension.values.len());
                let classes = vec![Class { members, value: 0, sure: true }];
                axes.push(Axis { dimension: asked.dimension, classes, stride: 1 });
                axes.len() - 1
            });
            let axis = axes.get_mut(at)?;
            axis.split(&asked.yes);
            axis.split(&asked.unknown);
            if !budget.spend(asked.yes.cost() * axis.classes.len() as u64) {
                return None;
            }
        }
        let mut total: u128 = 1;
        for axis in &mut axes {
            axis.settle(&space.dimensions.get(axis.dimension)?.sure);
            axis.stride = total;
            total = total.saturating_mul(axis.classes.len() as u128);
        }
        whole &= total <= MOST_CELLS;
        Some(Self { axes, total, whole })
    }

    fn table(self, space: &Space<'_>, tests: &[TestId], budget: &mut Budget) -> Option<Table> {
        let Self { axes, total, whole } = self;
        let all = usize::try_from(total).ok().filter(|_| total <= MOST_CELLS);
        let cells = all.unwrap_or(SAMPLE);
        let sure = Bits::all(cells);
        let mut table = Table { axes, cells, total, sure, whole, answers: Vec::new() };
        let words = sure_cost(cells);
        // A sample of two classes is drawn in words, one of more cell by cell.
        let wide = table.is_sampled() && table.axes.iter().any(|axis| axis.classes.len() > 2);
        let dearer = if wide { 64 } else { 2 };
        if !budget.spend(words * dearer * (tests.len() as u64 + 1)) {
            return None;
        }
        for axis in &table.axes {
            if axis.classes.iter().any(|class| !class.sure) {
                let sure = table.spread(axis, |class| class.sure);
                table.sure.keep(&sure);
            }
        }
        for id in tests {
            let asked = space.asked(*id)?;
            let axis = table.axes.iter().find(|axis| axis.dimension == asked.dimension)?;
            let yes = table.spread(axis, |class| asked.yes.has(class.value));
            let unknown = table.spread(axis, |class| asked.unknown.has(class.value));
            table.answers.push((*id, yes, unknown));
        }
        Some(table)
    }
}

/// A fixed mix of two numbers: neighbours in a sample share nothing.
const fn mixed(cell: usize, dimension: usize) -> u64 {
    const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
    let seed = (cell as u64) ^ (dimension as u64 + 1).wrapping_mul(STEP);
    let mut mixed = seed.wrapping_add(STEP);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

fn sure_cost(cells: usize) -> u64 {
    cells.div_ceil(64) as u64
}

impl Axis {
    /// Tells apart the values that are in a set and those that are not.
    fn split(&mut self, set: &Bits) {
        let mut apart = Vec::new();
        for class in &mut self.classes {
            if class.members.meets(set) && !class.members.within(set) {
                let members = class.members.and(set);
                class.members.drop_all(set);
                apart.push(Class { members, value: 0, sure: true });
            }
        }
        self.classes.extend(apart);
    }

    /// Chooses the value that stands for each class, and puts the classes in the order of them.
    fn settle(&mut self, sure: &Bits) {
        for class in &mut self.classes {
            let known = class.members.and(sure);
            class.sure = !known.is_empty();
            let first = known.iter().next().or_else(|| class.members.iter().next());
            class.value = first.unwrap_or(0);
        }
        self.classes.sort_by_key(|class| class.value);
    }
}
