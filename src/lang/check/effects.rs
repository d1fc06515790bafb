//! Effects: what they cover, how they end, how they resume.

use super::super::ast::{
    EffectDecl, Moment, Operand, OperandNode, RuleDecl, Span, Tail, Verb, Word,
};
use super::super::diagnostic as say;
use super::super::ir::{Calendar, EffectPlan, EndPlan, Kind, Otherwise, Presence, ScopePlan, Side};
use super::super::policy::RuleIndex;
use super::Checker;
use super::paths::Known;
use crate::model::{HoldKind, ResumeMode, Scope};

impl Checker<'_> {
    pub(super) fn effects(
        &mut self,
        decl: &RuleDecl,
        events: &[u32],
        known: &Known,
        partial: bool,
    ) -> Box<[EffectPlan]> {
        let mut plans = Vec::new();
        let before = self.findings.errors;
        // Whether the effect before is a pause that no mode was said of.
        let mut open_pause = false;
        let mut count = 0;
        for effect in &decl.effects {
            if effect.verb == Verb::Resume && effect.from.is_empty() {
                let mode = self.mode(effect, open_pause);
                // Where the pause itself is wrong, the last plan may be of another effect: a
                // policy with an error is never used.
                if let (Some(said), Some(EffectPlan::Hold { mode, .. })) = (mode, plans.last_mut())
                {
                    *mode = said;
                }
                open_pause = false;
                continue;
            }
            open_pause = effect.verb == Verb::Pause;
            count += 1;
            if count == say::MAX_EFFECTS + 1 {
                self.say(say::too_many_effects(effect.at, decl.effects.len()));
            }
            plans.extend(self.effect(effect, events, known));
        }
        if count == 0 && !partial && !self.errors_since(before) {
            self.say(say::no_effect(decl.name.at, &decl.name.text));
        }
        let ignore = decl.effects.iter().find(|effect| effect.verb == Verb::Ignore);
        if let (Some(ignore), true) = (ignore, count > 1) {
            self.say(say::ignore_with_others(ignore.at));
        }
        plans.into()
    }

    /// The mode of a `resume` behind a pause.
    fn mode(&mut self, effect: &EffectDecl, open_pause: bool) -> Option<ResumeMode> {
        let Some(word) = &effect.target else {
            self.say(say::resume_without_from(effect.at));
            return None;
        };
        let mode = ResumeMode::named(&word.text);
        if mode.is_some() {
            if !open_pause {
                self.say(say::mode_without_pause(word.at, &word.text));
            }
        } else if Scope::named(&word.text).is_some() || word.text.contains('.') {
            self.say(say::resume_without_from(effect.at));
        } else {
            let nearest = self.nearest(&word.text, ResumeMode::ALL.map(ResumeMode::name));
            self.say(say::unknown_mode(word.at, &word.text, nearest));
        }
        for (tail, at) in &effect.tails {
            self.say(say::bad_tail(*at, tail.word(), "it belongs to the pause"));
        }
        mode
    }

    fn effect(&mut self, effect: &EffectDecl, events: &[u32], known: &Known) -> Option<EffectPlan> {
        match effect.verb {
            Verb::Ignore => {
                if let Some(target) = &effect.target {
                    self.say(say::bad_tail(target.at, &target.text, "`ignore` covers nothing"));
                }
                self.no_tails(effect, "`ignore` places nothing that could end");
                Some(EffectPlan::Ignore)
            }
            Verb::Resume => {
                self.no_tails(effect, "lifting a hold is done at once");
                let scope = self.scope(effect, events, known);
                let rules: Option<Vec<_>> =
                    effect.from.iter().map(|name| self.lifted_rule(name)).collect();
                Some(EffectPlan::Resume { scope: scope?, rules: rules?.into() })
            }
            Verb::Stop => {
                for (tail, at) in &effect.tails {
                    self.say(say::stop_with_end(*at, tail.word()));
                }
                let (scope, end) = (self.scope(effect, events, known)?, EndPlan::Open);
                let kind = HoldKind::Stop;
                Some(EffectPlan::Hold { kind, scope, end, mode: ResumeMode::Keep })
            }
            Verb::Pause => {
                let scope = self.scope(effect, events, known);
                let end = self.end(effect, events, known);
                let (kind, mode) = (HoldKind::Pause, ResumeMode::Keep);
                Some(EffectPlan::Hold { kind, scope: scope?, end: end?, mode })
            }
        }
    }

    fn no_tails(&mut self, effect: &EffectDecl, why: &str) {
        for (tail, at) in &effect.tails {
            self.say(say::bad_tail(*at, tail.word(), why));
        }
    }

    fn lifted_rule(&mut self, name: &Word) -> Option<RuleIndex> {
        let index = self.rule_named(name)?;
        let decl = self.ast.rules.get(usize::from(index.0))?;
        let pauses = decl.effects.iter().any(|effect| effect.verb == Verb::Pause);
        if !pauses && !decl.partial {
            self.say(say::resume_from_stop(name.at, &name.text));
        }
        Some(index)
    }

    pub(super) fn rule_named(&mut self, name: &Word) -> Option<RuleIndex> {
        if let Some(index) = self.out.rule_names.get(name.text.as_str()) {
            return Some(*index);
        }
        let ast = self.ast;
        let nearest =
            self.nearest(&name.text, ast.rules.iter().map(|rule| rule.name.text.as_str()));
        self.say(say::unknown_rule(name.at, &name.text, nearest));
        None
    }

    pub(super) fn scope_named(&mut self, name: &str, at: Span) -> Option<Scope> {
        let found = Scope::named(name);
        if found.is_none() {
            let nearest = self.nearest(name, Scope::ALL.map(Scope::name));
            self.say(say::unknown_scope(at, name, nearest));
        }
        found
    }

    fn scope(&mut self, effect: &EffectDecl, events: &[u32], known: &Known) -> Option<ScopePlan> {
        let Some(target) = &effect.target else {
            self.say(say::missing_scope(effect.at, effect.verb.text()));
            return None;
        };
        self.scope_of(target, events, known)
    }

    /// What a target covers: a scope by its name, or an attribute that holds one.
    pub(super) fn scope_of(
        &mut self,
        target: &Word,
        events: &[u32],
        known: &Known,
    ) -> Option<ScopePlan> {
        if !target.text.contains('.') {
            return self.scope_named(&target.text, target.at).map(ScopePlan::Fixed);
        }
        let readable = self.readable(&target.text, target.at, events)?;
        self.handled(&readable, target.at, known);
        let super::super::ir::Source::Attribute(number) = readable.source else {
            let found = readable.kind.spoken();
            self.say(say::not_a_scope(target.at, &readable.path, &found));
            return None;
        };
        let scopes = match &readable.kind {
            Kind::Scope => Some(None),
            Kind::Enum(values) => {
                let scopes: Option<Box<[Scope]>> =
                    values.iter().map(|value| Scope::named(value)).collect();
                scopes.map(Some)
            }
            _ => None,
        };
        if scopes.is_none() {
            self.say(say::not_a_scope(target.at, &readable.path, &readable.kind.spoken()));
        }
        Some(ScopePlan::Attribute(number, scopes?))
    }

    fn end(&mut self, effect: &EffectDecl, events: &[u32], known: &Known) -> Option<EndPlan> {
        let (mut moment, mut otherwise, mut max) = (None, None, None);
        for (tail, at) in &effect.tails {
            let again = match tail {
                Tail::For(_) | Tail::Until(_) => moment.replace((tail, *at)).is_some(),
                Tail::Else(value) => otherwise.replace((value, *at)).is_some(),
                Tail::Max(value) => max.replace((value, *at)).is_some(),
            };
            if again {
                self.say(say::bad_tail(*at, tail.word(), "the pause has one already"));
            }
        }
        let Some((moment, _)) = moment else {
            for (tail, at) in &effect.tails {
                let why = "the pause has no `for` or `until`";
                self.say(say::bad_tail(*at, tail.word(), why));
            }
            return effect.tails.is_empty().then_some(EndPlan::Open);
        };
        let max_ms = match max {
            Some((value, _)) => Some(self.duration(value)?),
            None => None,
        };
        let has_else = otherwise.is_some();
        let (word, value, optional) = self.moment(moment, has_else, events, known)?;
        let otherwise = match otherwise {
            None => None,
            Some((_, at)) if !optional => {
                let why = "what comes before it is always known";
                self.say(say::bad_tail(at, "else", why));
                return None;
            }
            Some((None, _)) => Some(Otherwise::Manual),
            Some((Some(value), _)) => Some(Otherwise::AfterMs(self.duration(value)?)),
        };
        Some(EndPlan::Until { word, value, otherwise, max_ms })
    }

    /// A duration that is written out.
    pub(super) fn duration(&mut self, value: &Operand) -> Option<u64> {
        match self.literal(&Kind::Duration, "", value)? {
            super::super::ir::Datum::Duration(ms) => Some(ms),
            _ => None,
        }
    }

    /// The value of an end, and whether it may be unknown.
    fn moment(
        &mut self,
        tail: &Tail,
        has_else: bool,
        events: &[u32],
        known: &Known,
    ) -> Option<(Calendar, Option<Side>, bool)> {
        let (word, operand, kinds): (_, _, &[Kind]) = match tail {
            Tail::For(value) => (Calendar::For, Some(value), &[Kind::Duration]),
            Tail::Until(Moment::At(value)) => {
                (Calendar::At, Some(value), &[Kind::Date, Kind::Instant])
            }
            Tail::Until(Moment::DayAfter(value)) => {
                (Calendar::DayAfter, Some(value), &[Kind::Date])
            }
            Tail::Until(Moment::NextBusinessDay(value)) => {
                (Calendar::NextBusinessDay, value.as_ref(), &[Kind::Date])
            }
            Tail::Else(_) | Tail::Max(_) => return None,
        };
        let Some(operand) = operand else {
            return Some((word, None, false));
        };
        let expected = kinds.iter().map(Kind::spoken).collect::<Vec<_>>().join(" or ");
        if let OperandNode::Number(text) = &operand.node {
            let (kind, datum) = self.number(text, operand.at)?;
            if !kinds.contains(&kind) {
                self.say(say::ill_typed(operand.at, &expected, &kind.spoken()));
                return None;
            }
            return Some((word, Some(Side::Literal(datum)), false));
        }
        let readable = self.source(operand, events)?;
        if !kinds.contains(&readable.kind) {
            self.say(say::ill_typed(operand.at, &expected, &readable.kind.spoken()));
            return None;
        }
        let optional = readable.presence != Presence::Always && !known.has(&readable.path);
        if optional && !has_else {
            self.say(say::until_without_else(operand.at, &readable.path));
            return None;
        }
        let side = Side::Source(readable.source, readable.path.into());
        Some((word, Some(side), optional))
    }
}
