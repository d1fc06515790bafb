//! Whether two trees say the same, wherever it stands. Each struct is taken apart by name, so that
//! a new field does not compile until it is compared or left out on purpose.

use super::super::ast::{
    Ast, AttributeDecl, Base, ClaimDecl, Condition, ConditionKind, EffectDecl, Entry, EventDecl,
    Expr, ExprId, FixtureDecl, Include, InvariantDecl, KindDecl, ListContent, ListDecl, ListKind,
    Mark, Moment, Node, Operand, OperandNode, Operator, Piece, Right, RuleDecl, Span, Tail,
    TestDecl, TestItem, TestLine, Verb, Version, WindowDecl, WindowTest, Word,
};

/// Equal but for places.
pub(super) trait Same {
    fn same(&self, other: &Self) -> bool;
}

/// Places are not compared.
impl Same for Span {
    fn same(&self, _: &Self) -> bool {
        true
    }
}

impl<T: Same> Same for Vec<T> {
    fn same(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().zip(other).all(|(one, two)| one.same(two))
    }
}

impl<T: Same> Same for Option<T> {
    fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Some(one), Some(two)) => one.same(two),
            (None, None) => true,
            _ => false,
        }
    }
}

impl<A: Same, B: Same> Same for (A, B) {
    fn same(&self, other: &Self) -> bool {
        self.0.same(&other.0) && self.1.same(&other.1)
    }
}

macro_rules! same_values {
    ($($kind:ty),*) => { $(
        impl Same for $kind {
            fn same(&self, other: &Self) -> bool {
                self == other
            }
        }
    )* };
}
same_values!(bool, u32, String, ConditionKind, ExprId, ListKind, Operator, Verb);

macro_rules! same_structs {
    ($($kind:ident { $($field:ident),* })*) => { $(
        impl Same for $kind {
            fn same(&self, other: &Self) -> bool {
                let $kind { $($field),* } = self;
                $($field.same(&other.$field))&&*
            }
        }
    )* };
}
same_structs! {
    Ast {
        versions, includes, lists, events, rules, invariants, tests, exprs, windows, incomplete,
        lost, unread
    }
    AttributeDecl { name, kind, optional }
    Base { least, at }
    ClaimDecl { always, verbs, target, on, when, at }
    Condition { kind, expr }
    EffectDecl { verb, target, from, tails, at }
    Entry { value, separated }
    EventDecl { name, attributes }
    Expr { node, at }
    FixtureDecl { head, lines, at }
    Include { path }
    InvariantDecl { name, at, claims, partial }
    ListDecl { kind, name, content }
    Mark { name, argument }
    Operand { node, at }
    RuleDecl { name, title, marks, on, conditions, effects, overrides, reasons, partial }
    TestDecl { name, keyword, items, partial }
    TestLine { pieces, at }
    Version { number, at }
    WindowDecl { rate, distinct, event, filters, per, scopes, spans, test }
    WindowTest { operator, at, amount, base }
    Word { text, at }
}

macro_rules! same_enums {
    ($($kind:ident { $($variant:ident($($one:ident $two:ident),*))* })*) => { $(
        impl Same for $kind {
            fn same(&self, other: &Self) -> bool {
                match (self, other) {
                    $(($kind::$variant($($one),*), $kind::$variant($($two),*)) => {
                        $($one.same($two))&&*
                    })*
                    // One line for each variant, so that a new one does not compile.
                    $(($kind::$variant(..), _))|* => false,
                }
            }
        }
    )* };
}
same_enums! {
    KindDecl { Named(a b) ListOf(a b) OneOf(a b) }
    Moment { At(a b) DayAfter(a b) NextBusinessDay(a b) }
    OperandNode { Text(a b) Number(a b) Call(a b, c d) Path(a b) }
    Piece { Word(a b) Text(a b) Comma(a b) Arrow(a b) }
    Right { One(a b) List(a b, c d) }
    Tail { For(a b) Until(a b) Else(a b) Max(a b) }
    TestItem { Fixture(a b) Line(a b) }
}

impl Same for ListContent {
    fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Entries(one), Self::Entries(two)) => one.same(two),
            (Self::File(one), Self::File(two)) => one.same(two),
            (Self::Unread, Self::Unread) => true,
            (Self::Entries(_) | Self::File(_) | Self::Unread, _) => false,
        }
    }
}

impl Same for Node {
    fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::All(one), Self::All(two)) | (Self::Any(one), Self::Any(two)) => one.same(two),
            (Self::Not(one), Self::Not(two)) => one.same(two),
            (Self::Window(one), Self::Window(two)) => one.same(two),
            (Self::Compare { left, test, right }, Self::Compare { left: l, test: t, right: r }) => {
                left.same(l) && test.same(t) && right.same(r)
            }
            (Self::All(_) | Self::Any(_) | Self::Not(_) | Self::Window(_), _)
            | (Self::Compare { .. }, _) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::read;
    use super::Same;

    /// Texts of which no two say the same.
    const APART: &[&str] = &[
        "policy 1",
        "policy",
        "include \"a\"",
        "include \"b\"",
        "domains a = [\"x\"]",
        "texts a = [\"x\"]",
        "domains b = [\"x\"]",
        "domains a = [\"x\", \"x\"]",
        "domains a = [\"x\" \"x\"]",
        "domains a = [x]",
        "domains a from \"x\"",
        "event e { a: text }",
        "event e { a: list of text }",
        "event e { a: text | date }",
        "event e { a: text optional }",
        "rule r { on e ignore }",
        "rule r \"t\" { on e ignore }",
        "@owner rule r { on e ignore }",
        "@owner() rule r { on e ignore }",
        "rule r { on e stop }",
        "rule r { on e, f ignore }",
        "rule r { on e where a ignore }",
        "rule r { on e except a ignore }",
        "rule r { on e where not a ignore }",
        "rule r { on e where a is 1 ignore }",
        "rule r { on e where a is \"1\" ignore }",
        "rule r { on e where a is [1] ignore }",
        "rule r { on e where a < 1 ignore }",
        "rule r { on e where a(\"x\") ignore }",
        "rule r { on e where a and b ignore }",
        "rule r { on e where a or b ignore }",
        "rule r { on e when count(a) ignore }",
        "rule r { on e when rate(a) ignore }",
        "rule r { on e when count(a in 7d) ignore }",
        "rule r { on e when count(a at b) ignore }",
        "rule r { on e when count(a) > 1 ignore }",
        "rule r { on e when count(a) > 1 of at least 2 ignore }",
        "rule r { on e pause for 1d }",
        "rule r { on e pause max 1d }",
        "rule r { on e pause else manual }",
        "rule r { on e pause else 1d }",
        "rule r { on e pause until 1d }",
        "rule r { on e pause until day-after d }",
        "rule r { on e pause until next-business-day }",
        "rule r { on e ignore overrides s }",
        "rule r { on e ignore reason \"s\" }",
        "rule r { on e resume a from b }",
        "invariant { never pause a }",
        "invariant { always pause a }",
        "invariant { never pause a on e }",
        "invariant { never pause a when b }",
        "test { 0d a }",
        "test { 0d \"a\" }",
        "test { 0d a, }",
        "test { 0d => a }",
        "test { 0d { a } }",
    ];

    #[test]
    fn what_differs_in_one_thing_is_not_the_same() {
        let read = |text: &&str| read(text).unwrap_or_else(|found| panic!("{text}: {found:?}"));
        let trees: Vec<_> = APART.iter().map(read).collect();
        for (at, one) in trees.iter().enumerate() {
            for (other_at, other) in trees.iter().enumerate() {
                let texts = (APART[at], APART[other_at]);
                assert_eq!(one.same(other), at == other_at, "{texts:?}");
            }
        }
    }
}
