//! The declarations of a file by their outline: where each begins, opens, closes and ends.

use super::tokens::{Piece, Token};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Head {
    Policy,
    Include,
    List,
    Event,
    Rule,
    Invariant,
    Test,
    /// Marks whose rule has not come yet, or what begins no declaration.
    Other,
}

impl Head {
    fn of(word: &str) -> Option<Self> {
        Some(match word {
            "policy" => Self::Policy,
            "include" => Self::Include,
            "domains" | "addresses" | "texts" => Self::List,
            "event" => Self::Event,
            "rule" => Self::Rule,
            "invariant" => Self::Invariant,
            "test" => Self::Test,
            _ => return None,
        })
    }
}

/// A declaration; tokens are named by number.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item {
    pub head: Head,
    /// The first token, a mark or the keyword.
    pub first: usize,
    pub keyword: usize,
    /// The first `{`.
    pub open: Option<usize>,
    /// The `}` that closes it.
    pub close: Option<usize>,
    /// The token behind the last.
    pub end: usize,
}

pub(super) fn word<'t>(text: &'t str, tokens: &[Token], at: usize) -> &'t str {
    tokens.get(at).and_then(|token| text.get(token.from..token.to)).unwrap_or("")
}

/// Splits a file into its declarations. One that is not closed ends where the next one begins, as
/// far as that can be told.
pub(super) fn items(text: &str, tokens: &[Token]) -> Vec<Item> {
    let mut items: Vec<Item> = Vec::new();
    let mut depth = 0usize;
    for at in 0..tokens.len() {
        let found = word(text, tokens, at);
        let last = items.last_mut();
        let waits = last.as_ref().is_some_and(|it| it.head == Head::Other && it.first < at);
        let marks = waits && last.as_ref().is_some_and(|it| word(text, tokens, it.first) == "@");
        let head = Head::of(found).filter(|_| depth == 0 || shaped(text, tokens, at));
        let begins = head.is_some() || depth == 0 && found == "@";
        let closed = last.as_ref().is_none_or(|it| it.close.is_some());
        match (head, last) {
            (Some(Head::Rule), Some(last)) if marks => {
                (last.head, last.keyword) = (Head::Rule, at);
            }
            (_, Some(last)) if found == "@" && marks => last.end = at + 1,
            (_, _) if begins || closed => {
                depth = 0;
                let head = head.unwrap_or(Head::Other);
                let (open, close) = (None, None);
                items.push(Item { head, first: at, keyword: at, open, close, end: at + 1 });
            }
            _ => {}
        }
        let Some(last) = items.last_mut() else { continue };
        last.end = at + 1;
        match found {
            "{" => {
                depth += 1;
                last.open = last.open.or(Some(at));
            }
            "}" if depth > 0 => {
                depth -= 1;
                last.close = last.close.or((depth == 0).then_some(at));
            }
            _ => {}
        }
    }
    items
}

/// Whether a declaration begins here although the one before is not closed: the words behind look
/// like one.
fn shaped(text: &str, tokens: &[Token], at: usize) -> bool {
    let piece = |ahead: usize| tokens.get(at + ahead).map(|token| token.piece);
    let next = |ahead: usize| word(text, tokens, at + ahead);
    let named = piece(1) == Some(Piece::Word);
    match Head::of(word(text, tokens, at)) {
        Some(Head::Rule) => named && (piece(2) == Some(Piece::Text) || next(2) == "{"),
        Some(Head::Event) => named && next(2) == "{",
        Some(Head::List) => named && matches!(next(2), "=" | "from"),
        Some(Head::Invariant | Head::Test) => {
            next(1) == "{" || piece(1) == Some(Piece::Text) && next(2) == "{"
        }
        Some(Head::Include | Head::Policy) => {
            let value = if next(0) == "policy" { Piece::Number } else { Piece::Text };
            tokens.get(at).is_some_and(|token| token.fresh) && piece(1) == Some(value)
        }
        Some(Head::Other) | None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tokens::Tokens;
    use super::{Head, items, word};

    fn shown(text: &str) -> Vec<String> {
        let tokens = Tokens::of(text).all;
        let items = items(text, &tokens);
        let shown = items.iter().map(|item| {
            let closed = if item.close.is_some() { "" } else { "…" };
            let (first, last) = (item.first, item.end - 1);
            format!(
                "{:?} {} {}{closed}",
                item.head,
                word(text, &tokens, first),
                word(text, &tokens, last)
            )
        });
        shown.collect()
    }

    #[test]
    fn items_are_told_apart_closed_or_not() {
        let text = "policy 1 domains a = [\"b.io\"]
            event e { class: hard | policy | rule }
            @owner(x) @other rule r \"t\" { on reply
            rule s { on reply where reply.kind is policy pause prospect }
            junk test \"x\" { company a { b }\n 0d => quiet } rul";
        assert_eq!(
            shown(text),
            [
                "Policy policy 1…",
                "List domains ]…",
                "Event event }",
                "Rule @ reply…",
                "Rule rule }",
                "Other junk junk…",
                "Test test }",
                "Other rul rul…",
            ]
        );
        assert_eq!(Head::of("rules"), None);
    }
}
