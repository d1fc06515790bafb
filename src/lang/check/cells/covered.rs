//! Rules whose removal changes nothing, because others do the same wherever they apply.

use std::collections::BTreeSet;

use super::super::super::diagnostic as say;
use super::super::super::ir::{Calendar, Datum, EffectPlan, EndPlan, Otherwise, Side};
use super::super::super::policy::RuleIndex;
use super::bits::Bits;
use super::stage::{Fires, Heard, Stage, scope_of};
use super::table::Table;
use super::{Budget, Looker, PAIR_COST, together};
use crate::model::HoldKind;

/// How many rules are looked at together, and at how many cells.
const MOST_TOGETHER: usize = 16;
const MOST_CELLS: u128 = 1 << 12;

/// Rules that others name, so that they matter for more than what they do.
#[derive(Default)]
struct Named {
    /// Named by, or naming in, an `overrides`.
    overrides: BTreeSet<RuleIndex>,
    /// Named by a `resume … from`.
    resumed: BTreeSet<RuleIndex>,
}

impl Looker<'_> {
    pub(super) fn covered(&mut self) {
        let mut budget = std::mem::take(&mut self.budget);
        let mut named = Named::default();
        for (rule, index) in self.checked.rules.iter().zip(self.rules()) {
            named.overrides.extend(rule.overridden_by.iter().copied());
            if !rule.overridden_by.is_empty() {
                named.overrides.insert(index);
            }
            for effect in &rule.effects {
                if let EffectPlan::Resume { rules, .. } = effect {
                    named.resumed.extend(rules.iter().copied());
                }
            }
        }
        // The last first, and what is found covers nothing itself: all of them could go at once.
        let mut gone: BTreeSet<RuleIndex> = BTreeSet::new();
        let rules: Vec<RuleIndex> = self.rules().collect();
        for rule in rules.into_iter().rev() {
            if named.overrides.contains(&rule) || named.resumed.contains(&rule) {
                continue;
            }
            let taken = |other: RuleIndex| {
                other != rule && !gone.contains(&other) && !named.resumed.contains(&other)
            };
            let Some(covers) = self.covers(rule, &taken, &mut budget) else {
                continue;
            };
            gone.insert(rule);
            let Some(decl) = self.decl(rule) else {
                continue;
            };
            let (at, name) = (decl.name.at, decl.name.text.as_str());
            let same = match covers.as_slice() {
                [other] => self.covers(*other, &|it| it == rule, &mut budget).is_some(),
                _ => false,
            };
            let names = self.names(&covers);
            self.found.push(if same {
                say::duplicate_rule(at, name, &names)
            } else {
                say::covered(at, name, &names, covers.len() > 1)
            });
        }
        self.budget = budget;
    }

    /// The rules that do all that one does on all its events; none if there are none, or if that
    /// cannot be said.
    fn covers(
        &self,
        rule: RuleIndex,
        taken: &dyn Fn(RuleIndex) -> bool,
        budget: &mut Budget,
    ) -> Option<Vec<RuleIndex>> {
        let mut all: BTreeSet<RuleIndex> = BTreeSet::new();
        let heard = self.heard(rule)?;
        let applies = |(stage, place): &(&Stage<'_>, usize)| {
            let fires = stage.heard.get(*place).and_then(|it| it.fires.as_ref());
            fires.is_some_and(|fires| fires.applies)
        };
        if !heard.iter().any(applies) {
            return None;
        }
        for (stage, place) in heard {
            let own = stage.heard.get(place)?;
            let mut others: Vec<&Heard<'_>> = Vec::new();
            for other in stage.heard.iter().filter(|it| taken(it.index)) {
                if !budget.spend(PAIR_COST) {
                    return None;
                }
                let does = own.rule.effects.iter().any(|it| does(stage, it, other));
                if does && other.fires.as_ref()?.whole && own.may_meet(other) {
                    others.push(other);
                }
            }
            let alone = others.iter().find(|other| {
                other.may_contain(own) && covered(stage, own, &[**other], budget) == Some(true)
            });
            if let Some(other) = alone {
                all.insert(other.index);
                continue;
            }
            all.extend(joint(stage, own, others, budget)?);
        }
        Some(all.into_iter().collect())
    }
}

/// A few rules that together do what one does.
fn joint(
    stage: &Stage<'_>,
    own: &Heard<'_>,
    mut others: Vec<&Heard<'_>>,
    budget: &mut Budget,
) -> Option<Vec<RuleIndex>> {
    if others.len() < 2 || !may_cover(own, &others) || escapes(own, &others) {
        return None;
    }
    others.sort_by_key(|it| (it.all_tests.len(), it.index));
    others.truncate(MOST_TOGETHER);
    if !covered(stage, own, &others, budget)? {
        return None;
    }
    // Those that the others do without.
    let mut at = others.len();
    while let Some(before) = at.checked_sub(1) {
        at = before;
        let mut fewer = others.clone();
        fewer.remove(at);
        if covered(stage, own, &fewer, budget)? {
            others = fewer;
        }
    }
    Some(others.iter().map(|it| it.index).collect())
}

/// Whether each value with which a rule applies is one with which some other does.
fn may_cover(own: &Heard<'_>, others: &[&Heard<'_>]) -> bool {
    let Some(fires) = &own.fires else {
        return false;
    };
    let all = others.iter().filter_map(|it| it.fires.as_ref());
    let mut dimensions: Vec<usize> =
        all.clone().flat_map(|it| it.applied.iter().map(|(dimension, _)| *dimension)).collect();
    dimensions.sort_unstable();
    dimensions.dedup();
    dimensions.iter().all(|dimension| {
        let of = |fires: &Fires| {
            fires.applied.iter().find(|(it, _)| it == dimension).map(|(_, values)| values.clone())
        };
        let mut together: Option<Bits> = None;
        for fires in all.clone() {
            match (of(fires), &mut together) {
                // It asks nothing of this dimension.
                (None, _) => return true,
                (Some(values), Some(known)) => known.add(&values),
                (Some(values), None) => together = Some(values),
            }
        }
        let Some(together) = together else {
            return true;
        };
        let wanted = of(fires).unwrap_or_else(|| Bits::all(together.len()));
        wanted.within(&together)
    })
}

/// Whether a rule surely applies somewhere where none of the others does: of each dimension that it
/// does not ask, the value with which the fewest of them apply.
fn escapes(own: &Heard<'_>, others: &[&Heard<'_>]) -> bool {
    let Some(fires) = &own.fires else {
        return false;
    };
    let mut left: Vec<&Fires> = others.iter().filter_map(|it| it.fires.as_ref()).collect();
    let mut foreign: Vec<usize> = left
        .iter()
        .flat_map(|it| it.applied.iter().map(|(dimension, _)| *dimension))
        .filter(|dimension| fires.applied.iter().all(|(own, _)| own != dimension))
        .collect();
    foreign.sort_unstable();
    foreign.dedup();
    for dimension in foreign {
        let values = |fires: &Fires| {
            let own = fires.applied.iter().find(|(it, _)| *it == dimension);
            own.map(|(_, values)| values.clone())
        };
        let asking: Vec<Bits> = left.iter().filter_map(|it| values(it)).collect();
        let count = asking.first().map_or(0, Bits::len);
        let with = |value: &usize| asking.iter().filter(|it| it.has(*value)).count();
        let Some(value) = (0..count.min(256)).min_by_key(with) else {
            continue;
        };
        left.retain(|it| values(it).is_none_or(|values| values.has(value)));
    }
    left.is_empty()
}

/// Whether some effect of another rule may do what an effect does.
fn does(stage: &Stage<'_>, own: &EffectPlan, other: &Heard<'_>) -> bool {
    other.rule.effects.iter().any(|theirs| {
        let scopes = match (scope_of(own), scope_of(theirs)) {
            (Some(own), Some(theirs)) => stage.may_be_same(own, theirs),
            (None, None) => true,
            _ => false,
        };
        scopes && as_strong(own, theirs)
    })
}

/// Whether wherever a rule applies, the others together do the same or more.
fn covered(
    stage: &Stage<'_>,
    own: &Heard<'_>,
    others: &[&Heard<'_>],
    budget: &mut Budget,
) -> Option<bool> {
    let tests = others.iter().map(|it| it.all_tests.as_slice()).chain([own.all_tests.as_slice()]);
    let all = others.iter().copied().chain([own]);
    let scopes: Vec<_> = all
        .flat_map(|it| it.rule.effects.iter().filter_map(scope_of))
        .flat_map(|plan| stage.scope_ids(plan))
        .collect();
    let tests = together(tests.chain([scopes.as_slice()]));
    let most = if others.len() > 1 { MOST_CELLS } else { super::table::MOST_CELLS };
    let Some(table) = Table::small(&stage.space, &tests, most, budget)? else {
        return Some(false);
    };
    let mine = stage.applied(own, &table, budget)?;
    let mut theirs = Vec::new();
    let mut unknown = mine.unknown.clone();
    for other in others {
        let found = stage.applied(other, &table, budget)?;
        unknown.drop_all(&found.unknown);
        theirs.push((*other, found.applies));
    }
    // A rule that cannot be evaluated holds the subject: that counts as something it does.
    if !unknown.is_empty() {
        return Some(false);
    }
    let whole = own.rule.effects.iter().all(|effect| {
        let mut rest = mine.applies.clone();
        for (other, applies) in &theirs {
            for plan in other.rule.effects.iter().filter(|it| as_strong(effect, it)) {
                rest.drop_all(&applies.and(&same_scope(stage, effect, plan, &table)));
            }
        }
        rest.is_empty()
    });
    Some(whole)
}

fn same_scope(stage: &Stage<'_>, own: &EffectPlan, other: &EffectPlan, table: &Table) -> Bits {
    match (scope_of(own), scope_of(other)) {
        (Some(own), Some(other)) => stage.same_scope(own, other, table),
        (None, None) => table.all(),
        _ => table.none(),
    }
}

/// Whether the second effect does all that the first does, where their scopes are the same.
fn as_strong(own: &EffectPlan, other: &EffectPlan) -> bool {
    use EffectPlan::{Hold, Ignore, Resume};
    match (own, other) {
        (Ignore, Ignore) => true,
        (Resume { rules: own, .. }, Resume { rules: other, .. }) => {
            own.iter().all(|rule| other.contains(rule))
        }
        (Hold { .. }, Hold { kind: HoldKind::Stop, .. }) => true,
        (
            Hold { kind: HoldKind::Pause, end: own, mode: own_mode, .. },
            Hold { kind: HoldKind::Pause, end: other, mode: other_mode, .. },
        ) => own_mode == other_mode && no_sooner(own, other),
        _ => false,
    }
}

/// Whether the second end is never before the first.
fn no_sooner(own: &EndPlan, other: &EndPlan) -> bool {
    let (own, other) = match (own, other) {
        (_, EndPlan::Open) => return true,
        (EndPlan::Open, _) => return false,
        (EndPlan::Until { word: own, .. }, EndPlan::Until { word: other, .. }) if own != other => {
            return false;
        }
        ends => ends,
    };
    let (
        EndPlan::Until { word, value, otherwise, max_ms },
        EndPlan::Until { value: other, otherwise: other_else, max_ms: other_max, .. },
    ) = (own, other)
    else {
        return false;
    };
    let longest = |max: &Option<u64>| max.unwrap_or(u64::MAX);
    if let (
        Calendar::For,
        Some(Side::Literal(Datum::Duration(own))),
        Some(Side::Literal(Datum::Duration(other))),
    ) = (word, value, other)
    {
        return (*own).min(longest(max_ms)) <= (*other).min(longest(other_max));
    }
    let later = match (otherwise, other_else) {
        (None, None) | (_, Some(Otherwise::Manual)) => true,
        (Some(Otherwise::AfterMs(own)), Some(Otherwise::AfterMs(other))) => {
            (*own).min(longest(max_ms)) <= (*other).min(longest(other_max))
        }
        _ => false,
    };
    value == other && later && longest(max_ms) <= longest(other_max)
}
