//! Invariants: their names, events, scopes and conditions. Whether they hold is asked of the cells.

use super::super::ast::{ClaimDecl, Verb};
use super::super::diagnostic as say;
use super::super::ir::{Clause, ScopePlan};
use super::Checker;
use super::conditions::Scene;
use super::paths::Known;
use crate::lang::ast::Span;

/// One claim of an invariant, checked.
#[derive(Debug)]
pub(super) struct Claim {
    /// The invariant's name.
    pub name: Option<String>,
    pub always: bool,
    pub verbs: Vec<Verb>,
    /// None means any.
    pub scope: Option<ScopePlan>,
    pub events: Vec<u32>,
    pub clauses: Box<[Clause]>,
    pub at: Span,
}

impl Checker<'_> {
    /// The claims of all invariants that can be judged.
    pub(super) fn invariants(&mut self) -> Vec<Claim> {
        let ast = self.ast;
        let mut claims = Vec::new();
        for decl in &ast.invariants {
            if decl.claims.is_empty() && !decl.partial {
                let at = decl.name.as_ref().map_or(decl.at, |name| name.at);
                let expected = "a claim, as in `never pause company on reply`";
                self.say(say::bad_syntax(at, expected, "none"));
            }
            let name = decl.name.as_ref().map(|name| name.text.clone());
            for claim in &decl.claims {
                let before = self.findings.errors;
                self.gaps.vague = false;
                let claim = self.claim(claim, name.clone());
                // What could not be read may belong to any of its claims.
                let whole = !decl.partial && !self.gaps.vague && !self.errors_since(before);
                claims.extend(claim.filter(|_| whole));
            }
        }
        claims
    }

    fn claim(&mut self, decl: &ClaimDecl, name: Option<String>) -> Option<Claim> {
        let mut events: Vec<u32> = Vec::new();
        for word in &decl.on {
            if let Some(event) = self.event_named(word) {
                if events.contains(&event) {
                    self.say(say::repeated_event(word.at, &word.text));
                } else {
                    events.push(event);
                }
            }
        }
        if decl.on.is_empty() {
            events.extend(0..u32::try_from(self.out.events.len()).unwrap_or(0));
        }
        let clauses = decl.when.map(|expr| {
            let mut scene = Scene::plain(&events);
            self.lone_clauses(expr, &mut scene)
        });
        let mut verbs: Vec<Verb> = Vec::new();
        for (verb, at) in &decl.verbs {
            if verbs.contains(verb) {
                self.say(say::repeated_clause(*at, &format!("`{}`", verb.text())));
            } else {
                verbs.push(*verb);
            }
        }
        let ignore = verbs.contains(&Verb::Ignore);
        let scope = match &decl.target {
            Some(target) if ignore => {
                self.say(say::bad_tail(target.at, &target.text, "`ignore` covers nothing"));
                None
            }
            Some(target) => Some(self.scope_of(target, &events, &Known::default())?),
            None => None,
        };
        let (always, at) = (decl.always, decl.at);
        Some(Claim { name, always, verbs, scope, events, clauses: clauses.unwrap_or_default(), at })
    }
}
