//! The table of a question: every combination of the values that its tests tell apart, and on
//! which of them a rule holds. One bit is one cell; each step of a condition is asked of all cells
//! at once.

use std::collections::HashMap;
use std::rc::Rc;

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

/// What all tables of one check may cost, in words of cells: a few hundredths of a second.
const MOST_WORK: u64 = 1 << 26;

/// What it costs to draw the class of 64 cells, where there are more than two.
const DRAW_COST: u64 = 64;
/// The most that it costs to put 64 cells together from those of many classes.
const MOST_SPREAD: u64 = 64;
/// The most sets of cells that are kept for other tables: 16 MiB.
const MOST_KEPT: usize = 1 << 11;

/// What a table costs, and a step of a condition, however few cells there are.
const TABLE_COST: u64 = 256;
const STEP_COST: u64 = 32;

/// What may still be spent on tables, so that no policy makes the check slow, and what need not be
/// paid for again.
#[derive(Debug)]
pub(super) struct Budget {
    left: u64,
    pub exhausted: bool,
    drawn: Drawn,
}

impl Default for Budget {
    fn default() -> Self {
        Self { left: MOST_WORK, exhausted: false, drawn: Drawn::default() }
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

/// The cells of a sample by their class on one axis.
type Draw = Rc<[Bits]>;

/// The draws of earlier tables. One follows from the number of its dimension and of the classes, so
/// that all tables of a check share it.
#[derive(Debug, Default)]
struct Drawn {
    draws: HashMap<(usize, usize), Draw>,
    classes: usize,
}

impl Drawn {
    /// The cells of each class. None if the budget does not allow to draw them.
    fn cells(budget: &mut Budget, dimension: usize, classes: usize) -> Option<Draw> {
        if let Some(known) = budget.drawn.draws.get(&(dimension, classes)) {
            return Some(Rc::clone(known));
        }
        let each = if classes == 2 { 0 } else { DRAW_COST };
        if !budget.spend(sure_cost(SAMPLE) * (classes as u64 + each)) {
            return None;
        }
        let draw = draw(dimension, classes);
        if budget.drawn.classes + classes <= MOST_KEPT {
            budget.drawn.classes += classes;
            budget.drawn.draws.insert((dimension, classes), Rc::clone(&draw));
        }
        Some(draw)
    }
}

fn draw(dimension: usize, classes: usize) -> Draw {
    let words = SAMPLE / 64;
    if classes == 2 {
        let second: Vec<u64> = (0..words).map(|at| mixed(at, dimension)).collect();
        let first = second.iter().map(|word| !word).collect();
        return Rc::new([Bits::of_words(first), Bits::of_words(second)]);
    }
    let mut cells = vec![Bits::none(SAMPLE); classes];
    for cell in 0..SAMPLE {
        if let Some(own) = cells.get_mut(drawn(cell, dimension, classes)) {
            own.insert(cell);
        }
    }
    cells.into()
}

/// The class of a cell of a sample. Of two classes, each bit is one.
fn drawn(cell: usize, dimension: usize, classes: usize) -> usize {
    if classes == 2 {
        return usize::from(mixed(cell / 64, dimension) >> (cell % 64) & 1 == 1);
    }
    let mixed = u128::from(mixed(cell, dimension));
    usize::try_from((mixed * classes as u128) >> 64).unwrap_or(0)
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
    /// The cells of each class, if the table is a sample.
    draw: Option<Draw>,
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
    answers: Vec<(TestId, Bits, Option<Bits>)>,
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
        let classes = axis.classes.len();
        if self.is_sampled() {
            return drawn(cell, axis.dimension, classes);
        }
        usize::try_from((cell as u128 / axis.stride) % classes as u128).unwrap_or(0)
    }

    /// The cells whose class on an axis is as wanted.
    fn spread(&self, axis: &Axis, wanted: impl Fn(&Class) -> bool) -> Bits {
        self.chosen(axis, &axis.classes.iter().map(wanted).collect::<Vec<_>>())
    }

    fn chosen(&self, axis: &Axis, chosen: &[bool]) -> Bits {
        let count = chosen.iter().filter(|chosen| **chosen).count();
        if count == 0 {
            return self.none();
        }
        if let Some(draw) = &axis.draw {
            // Each cell is in one class, so those that are fewer say all.
            let few = count * 2 <= chosen.len();
            let mut cells = if few { self.none() } else { self.all() };
            let own = draw.iter().zip(chosen).filter(|(_, chosen)| **chosen == few);
            own.for_each(|(own, _)| if few { cells.add(own) } else { cells.drop_all(own) });
            return cells;
        }
        let stride = usize::try_from(axis.stride).unwrap_or(usize::MAX);
        let turn = stride.saturating_mul(chosen.len());
        Bits::repeated(self.cells, turn, |cells, from| {
            for (number, _) in chosen.iter().enumerate().filter(|(_, chosen)| **chosen) {
                let from = from.saturating_add(number.saturating_mul(stride));
                cells.insert_range(from, from.saturating_add(stride));
            }
        })
    }

    /// The cells that answer yes to a test.
    pub fn yes(&self, id: TestId) -> Option<&Bits> {
        self.answer(id).map(|(yes, _)| yes)
    }

    /// Where a test is answered yes, and where it cannot be, if there are such cells.
    fn answer(&self, id: TestId) -> Option<(&Bits, Option<&Bits>)> {
        let at = self.answers.binary_search_by_key(&id, |(id, ..)| *id).ok()?;
        self.answers.get(at).map(|(_, yes, unknown)| (yes, unknown.as_ref()))
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
        let count = clause.steps.len();
        let place = |at: u32| match goes_on(at) {
            HOLDS => count,
            at => (at as usize).min(count + 1),
        };
        // Where each step is reached, and then where the clause holds and fails. Steps only lead to
        // those that were laid out before them.
        let mut reached: Vec<Option<Bits>> = vec![None; count + 2];
        let all = std::mem::replace(&mut out.holds, Bits::none(0));
        *reached.get_mut(place(clause.entry))? = Some(all);
        for (number, step) in clause.steps.iter().enumerate().rev() {
            let Some(mut known) = reached.get_mut(number).and_then(Option::take) else {
                continue;
            };
            let (yes, unknown) = self.answer(*clause.ids.get(number)?)?;
            if let Some(unknown) = unknown {
                out.unknown.add_both(&known, unknown);
                known.drop_all(unknown);
            }
            let (holds, fails) = (place(step.yes), place(step.no));
            // Sets of many cells are dear to make: what is here becomes what is there.
            if let Some(there) = reached.get_mut(holds)?.as_mut() {
                there.add_both(&known, yes);
            } else if let Some(there) = reached.get_mut(fails)?.as_mut() {
                there.add_rest(&known, yes);
                known.keep(yes);
                *reached.get_mut(holds)? = Some(known);
                continue;
            } else {
                *reached.get_mut(holds)? = Some(known.and(yes));
            }
            match reached.get_mut(fails)? {
                Some(there) => there.add_rest(&known, yes),
                there => {
                    known.drop_all(yes);
                    *there = Some(known);
                }
            }
        }
        let end = reached.get_mut(count + usize::from(clause.except))?;
        out.holds = end.take().unwrap_or_else(|| self.none());
        Some(())
    }

    /// The axes with the values that some cells have on them.
    pub fn support(&self, cells: &Bits) -> Vec<(usize, Bits)> {
        let per_axis = self.axes.iter().map(|axis| {
            let len = axis.classes.first().map_or(0, |class| class.members.len());
            let mut values = Bits::none(len);
            let count = axis.classes.len();
            let at = |number: usize| match &axis.draw {
                Some(draw) => draw.get(number).is_some_and(|own| own.meets(cells)),
                None => {
                    let own: Vec<bool> = (0..count).map(|at| at == number).collect();
                    self.chosen(axis, &own).meets(cells)
                }
            };
            let seen = (0..count).map(at);
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
                axes.push(Axis { dimension: asked.dimension, classes, stride: 1, draw: None });
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
        let Self { mut axes, total, whole } = self;
        let all = usize::try_from(total).ok().filter(|_| total <= MOST_CELLS);
        let cells = all.unwrap_or(SAMPLE);
        if !budget.spend(sure_cost(cells) * 2 * (tests.len() as u64 + 1)) {
            return None;
        }
        if total > MOST_CELLS {
            for axis in &mut axes {
                let draw = Drawn::cells(budget, axis.dimension, axis.classes.len())?;
                axis.draw = Some(draw);
            }
        }
        let sure = Bits::all(cells);
        let mut table = Table { axes, cells, total, sure, whole, answers: Vec::new() };
        for axis in &table.axes {
            if axis.classes.iter().any(|class| !class.sure) {
                let sure = table.spread(axis, |class| class.sure);
                table.sure.keep(&sure);
            }
        }
        for id in tests {
            let asked = space.asked(*id)?;
            let axis = table.axes.iter().find(|axis| axis.dimension == asked.dimension)?;
            if !budget.spend(axis.cost(&asked.yes) + axis.cost(&asked.unknown)) {
                return None;
            }
            let yes = table.spread(axis, |class| asked.yes.has(class.value));
            let unknown = (!asked.unknown.is_empty())
                .then(|| table.spread(axis, |class| asked.unknown.has(class.value)));
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

    /// What it costs, beyond the cells themselves, to put together those of a sample whose values
    /// are in a set.
    fn cost(&self, set: &Bits) -> u64 {
        let Some(draw) = &self.draw else {
            return 0;
        };
        let own = self.classes.iter().filter(|class| set.has(class.value)).count();
        let few = own.min(draw.len() - own) as u64;
        sure_cost(SAMPLE) * (few / 4).min(MOST_SPREAD)
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
