//! Which rule gives way to which.

use super::super::ast::{Verb, Word};
use super::super::diagnostic as say;
use super::super::policy::RuleIndex;
use super::Checker;

impl Checker<'_> {
    pub(super) fn overrides(&mut self) {
        let ast = self.ast;
        let mut edges: Vec<Vec<(RuleIndex, &Word)>> = Vec::new();
        for (number, decl) in ast.rules.iter().enumerate().take(say::MAX_RULES) {
            let Ok(number) = u16::try_from(number) else {
                break;
            };
            let mut named: Vec<(RuleIndex, &Word)> = Vec::new();
            let mut seen = std::collections::HashSet::new();
            for word in &decl.overrides {
                let Some(target) = self.rule_named(word) else {
                    self.gaps.strays.push((RuleIndex(number), word.text.clone()));
                    continue;
                };
                if seen.insert(target) {
                    self.overriding(RuleIndex(number), target, word);
                    named.push((target, word));
                } else {
                    self.say(say::duplicate_entry(word.at, &word.text));
                }
            }
            edges.push(named);
        }
        self.cycles(&edges);
    }

    fn overriding(&mut self, rule: RuleIndex, target: RuleIndex, word: &Word) {
        let Some(decl) = self.ast.rules.get(usize::from(target.0)) else {
            return;
        };
        if decl.effects.iter().any(|effect| effect.verb == Verb::Stop) {
            self.say(say::override_of_stop(word.at, &word.text));
            self.gaps.refused.insert(target);
        }
        let events = |index: RuleIndex| {
            let rule = self.out.rules.get(usize::from(index.0));
            rule.map_or(&[][..], |rule| rule.events.as_slice())
        };
        let (ours, theirs) = (events(rule), events(target));
        let apart = !ours.iter().any(|event| theirs.contains(event));
        if apart && !ours.is_empty() && !theirs.is_empty() {
            self.say(say::override_never_meets(word.at, &word.text));
        }
        if let Some(target) = self.out.rules.get_mut(usize::from(target.0)) {
            target.overridden_by.push(rule);
        }
    }

    /// Walks the overrides without recursion; each way back to a rule on the path is a cycle.
    fn cycles(&mut self, edges: &[Vec<(RuleIndex, &Word)>]) {
        #[derive(Clone, Copy, PartialEq)]
        enum Mark {
            New,
            OnPath,
            Done,
        }
        let mut marks = vec![Mark::New; edges.len()];
        for start in 0..edges.len() {
            // Each rule on the path, with the number of its overrides that were followed.
            let mut path: Vec<(usize, usize)> = Vec::new();
            if marks.get(start) == Some(&Mark::New) {
                path.push((start, 0));
            }
            while let Some((rule, followed)) = path.pop() {
                let next = edges.get(rule).and_then(|named| named.get(followed));
                if let Some(mark) = marks.get_mut(rule) {
                    *mark = if next.is_some() { Mark::OnPath } else { Mark::Done };
                }
                let Some((target, word)) = next else { continue };
                path.push((rule, followed + 1));
                let target = usize::from(target.0);
                match marks.get(target) {
                    Some(Mark::New) => path.push((target, 0)),
                    Some(Mark::OnPath) => self.cycle(&path, target, word),
                    _ => {}
                }
            }
        }
    }

    fn cycle(&mut self, path: &[(usize, usize)], target: usize, word: &Word) {
        let ast = self.ast;
        let name = |rule: usize| {
            ast.rules.get(rule).map_or_else(String::new, |rule| format!("`{}`", rule.name.text))
        };
        let circle = path.iter().skip_while(|(rule, _)| *rule != target);
        let refused = circle.clone().filter_map(|(rule, _)| u16::try_from(*rule).ok());
        self.gaps.refused.extend(refused.map(RuleIndex));
        let mut names: Vec<_> = circle.take(8).map(|(rule, _)| name(*rule)).collect();
        names.push(name(target));
        self.say(say::override_cycle(word.at, &names.join(", ")));
    }
}
