//! Windows: what they count, where, over how long, and what it is compared with.

use super::super::ast::{Operand, OperandNode, Operator, Span, WindowDecl, WindowTest, Word};
use super::super::diagnostic as say;
use super::super::ir::{Clause, Kind, Measure, Question, Series, Side, Source, Test, Window};
use super::super::scan::squeezed;
use super::super::windows::SeriesKey;
use super::Checker;
use super::conditions::{Asked, Scene};
use crate::model::Scope;

/// The longest window.
const MOST_MS: u64 = 90 * 86_400_000;
const HOUR_MS: u64 = 3_600_000;

impl Checker<'_> {
    /// A window as a test; its number is that of the tree.
    pub(super) fn window(&mut self, number: u32, at: Span) -> Option<Asked> {
        let ast = self.ast;
        let decl = ast.windows.get(number as usize)?;
        let window = self.window_of(decl, at);
        let Some(test) = &decl.test else {
            self.say(say::window_lacks(at, "what it is compared with, as in `>= 3`"));
            return None;
        };
        let question = if decl.rate { self.share(test) } else { self.threshold(test) };
        let (window, (question, negated)) = (window?, question?);
        let path = self.window_text(at);
        let test = Test { source: Source::Window(window), question, path, values: None };
        Some(Asked { test, negated })
    }

    /// The number of the window that is declared, made if no other rule has the same.
    fn window_of(&mut self, decl: &WindowDecl, at: Span) -> Option<u32> {
        let event = self.event_named(decl.event.as_ref()?);
        let measure = self.measure(decl, at);
        let scope = self.window_scope(decl, at);
        let span_ms = self.window_span(decl, at);
        let filter = event.map(|event| self.filter(decl, event));
        let (event, measure, scope) = (event?, measure?, scope?);
        let (span_ms, filter) = (span_ms?, filter??);
        let key = self.series_key((event, scope, measure), &filter);
        let series = Series { key, event, filter, scope, measure, keep_ms: span_ms };
        let series = self.series(series)?;
        let known =
            self.out.windows.iter().position(|it| (it.series, it.span_ms) == (series, span_ms));
        if let Some(known) = known {
            return u32::try_from(known).ok();
        }
        let number = u32::try_from(self.out.windows.len()).ok()?;
        self.out.windows.push(Window { series, span_ms });
        Some(number)
    }

    /// A window as it is written, without what it is compared with.
    fn window_text(&self, at: Span) -> Box<str> {
        let whole = self.lines.text(at);
        let text = whole.rsplit_once(')').map_or(whole, |(text, _)| text);
        format!("{})", squeezed(text)).into()
    }

    /// The number of a series; one that counts the same is shared, and keeps as long as the
    /// longest window on it asks.
    fn series(&mut self, series: Series) -> Option<u32> {
        if let Some(at) = self.out.series.iter().position(|known| known.key == series.key) {
            let shared = self.out.series.get_mut(at)?;
            shared.keep_ms = shared.keep_ms.max(series.keep_ms);
            return u32::try_from(at).ok();
        }
        let number = u32::try_from(self.out.series.len()).ok()?;
        let counted = self.out.events.get_mut(series.event as usize)?;
        counted.counted.push((number, false));
        if let Measure::Share { per } = series.measure {
            self.out.events.get_mut(per as usize)?.counted.push((number, true));
        }
        self.out.series.push(series);
        Some(number)
    }

    /// What makes two series count the same: their words, and what the words mean.
    fn series_key(
        &self,
        (event, scope, measure): (u32, Scope, Measure),
        filter: &[Clause],
    ) -> SeriesKey {
        let name = |event: u32| self.out.events.get(event as usize).map_or("", |it| &*it.name);
        let mut key = format!("{} at {scope} ", name(event));
        match measure {
            Measure::Events => key.push_str("events"),
            Measure::Prospects => key.push_str("prospects"),
            Measure::Share { per } => key.push_str(name(per)),
        }
        // The types of the attributes belong to what the words mean.
        let attributes = self.out.events.get(event as usize).map(|it| it.attributes.clone());
        for attribute in attributes.iter().flat_map(|attributes| attributes.iter()) {
            key.push_str(&format!(", {}: {}", attribute.name, attribute.kind.spoken()));
        }
        for clause in filter {
            key.push_str(" where ");
            key.push_str(&clause.text);
            for step in &clause.steps {
                if let Question::InList(list) = &step.test.question {
                    let list = self.out.lists.get(*list as usize);
                    let mut entries: Vec<&str> =
                        list.iter().flat_map(|list| &list.entries).map(|it| &**it).collect();
                    entries.sort_unstable();
                    key.push_str(&entries.join(","));
                }
            }
        }
        SeriesKey::of(&key)
    }

    fn measure(&mut self, decl: &WindowDecl, at: Span) -> Option<Measure> {
        if let Some(again) = decl.per.get(1) {
            self.say(say::window_part(again.at, "`per` is said more than once"));
        }
        match (&decl.distinct, decl.per.first(), decl.rate) {
            (Some(what), _, true) => {
                self.say(say::window_part(what.at, "`distinct` belongs to `count`"));
                None
            }
            (_, Some(per), false) => {
                self.say(say::window_part(per.at, "`per` belongs to `rate`"));
                None
            }
            (None, None, true) => {
                self.say(say::window_lacks(at, "`per` and the event that it is a share of"));
                None
            }
            (None, Some(per), true) => {
                let per = self.event_named(per)?;
                Some(Measure::Share { per })
            }
            (Some(what), None, false) if what.text == "prospect" => Some(Measure::Prospects),
            (Some(what), None, false) => {
                let found =
                    format!("`distinct` counts each `prospect` once, not each `{}`", what.text);
                self.say(say::window_part(what.at, &found));
                None
            }
            (None, None, false) => Some(Measure::Events),
        }
    }

    fn window_scope(&mut self, decl: &WindowDecl, at: Span) -> Option<Scope> {
        self.once(&decl.scopes, "at");
        let Some(word) = decl.scopes.first() else {
            self.say(say::window_lacks(at, "`at` and whom it counts for, as in `at company`"));
            return None;
        };
        let found = Scope::named(&word.text).filter(|scope| Scope::COUNTED.contains(scope));
        if found.is_none() {
            let names = Scope::COUNTED.map(Scope::name);
            let nearest = self.nearest(&word.text, names);
            self.say(say::window_scope(word.at, &word.text, nearest));
        }
        found
    }

    fn once(&mut self, words: &[Word], what: &str) {
        if let Some(again) = words.get(1) {
            self.say(say::window_part(again.at, &format!("`{what}` is said more than once")));
        }
    }

    fn window_span(&mut self, decl: &WindowDecl, at: Span) -> Option<u64> {
        if let Some(again) = decl.spans.get(1) {
            self.say(say::window_part(again.at, "`in` is said more than once"));
        }
        let Some(span) = decl.spans.first() else {
            self.say(say::window_lacks(at, "`in` and how far back it looks, as in `in 7d`"));
            return None;
        };
        let ms = self.duration(span)?;
        let whole = !decl.rate || ms.is_multiple_of(HOUR_MS);
        if ms == 0 || ms > MOST_MS || !whole {
            let found = self.lines.text(span.at);
            self.say(say::window_span(span.at, found, decl.rate));
            return None;
        }
        Some(ms)
    }

    /// The clauses that an event has to pass to be counted.
    fn filter(&mut self, decl: &WindowDecl, event: u32) -> Option<Box<[Clause]>> {
        if decl.filters.len() > 1 {
            let again = decl.filters.get(1).and_then(|id| self.ast.exprs.get(id.0 as usize));
            let at = again.map(|expr| expr.at)?;
            self.say(say::window_part(at, "`where` is said more than once"));
        }
        let Some(expr) = decl.filters.first() else {
            return Some(Box::default());
        };
        let before = self.findings.errors;
        let events = [event];
        let mut scene = Scene::plain(&events);
        let clauses = self.lone_clauses(*expr, &mut scene);
        let of_event = |source: &Source| matches!(source, Source::Attribute(_));
        let tests = clauses.iter().flat_map(|clause| &clause.steps).map(|step| &step.test);
        let foreign = tests.into_iter().find(|test| {
            let side = match &test.question {
                Question::Equals(Side::Source(side, _))
                | Question::Ordered(_, Side::Source(side, _)) => of_event(side),
                _ => true,
            };
            !of_event(&test.source) || !side
        });
        if let (Some(_), Some(expr)) = (foreign, self.ast.exprs.get(expr.0 as usize)) {
            self.say(say::window_reads(expr.at));
        }
        (self.findings.errors == before).then_some(clauses)
    }

    /// `>= 3`, and whether the answer is turned around.
    fn threshold(&mut self, test: &WindowTest) -> Option<(Question, bool)> {
        if let Some(base) = &test.base {
            self.say(say::window_part(base.at, "`of at least` belongs to `rate`"));
        }
        let found = match &test.amount.node {
            OperandNode::Number(text) => text.parse::<u32>().ok(),
            _ => None,
        };
        let (more, negated) = match test.operator {
            Operator::GreaterOrEqual => (0, false),
            Operator::Greater => (1, false),
            Operator::Less => (0, true),
            Operator::LessOrEqual => (1, true),
            _ => {
                self.say(say::window_operator(test.at, test.operator.text(), false));
                return None;
            }
        };
        let least = found.and_then(|n| n.checked_add(more));
        match least.filter(|least| (1..=say::MAX_COUNT).contains(least)) {
            Some(least) => Some((Question::AtLeast(least), negated)),
            None => {
                let text = self.lines.text(test.amount.at);
                self.say(say::window_amount(test.amount.at, text, false));
                None
            }
        }
    }

    /// `>= 2% of at least 20`
    fn share(&mut self, test: &WindowTest) -> Option<(Question, bool)> {
        let above = match test.operator {
            Operator::GreaterOrEqual => false,
            Operator::Greater => true,
            _ => {
                self.say(say::window_operator(test.at, test.operator.text(), true));
                return None;
            }
        };
        let millionths = match &test.amount.node {
            OperandNode::Number(text) => millionths(text),
            _ => None,
        };
        if millionths.is_none() {
            let text = self.lines.text(test.amount.at);
            self.say(say::window_amount(test.amount.at, text, true));
        }
        let Some(base) = &test.base else {
            self.say(say::window_lacks(
                test.amount.at,
                "`of at least` and a number, as in `of at least 20`",
            ));
            return None;
        };
        let least = self.base(&base.least);
        Some((Question::Share { millionths: millionths?, above, least: least? }, false))
    }

    fn base(&mut self, least: &Operand) -> Option<u32> {
        let found = match &least.node {
            OperandNode::Number(text) => text.parse::<u32>().ok().filter(|least| *least > 0),
            _ => None,
        };
        if found.is_none() {
            let found = format!("`{}`", self.lines.text(least.at));
            self.say(say::ill_typed(
                least.at,
                &format!("{} above 0", Kind::Number.spoken()),
                &found,
            ));
        }
        found
    }
}

/// A share in millionths: more than 0 and at most 100 %, with at most four decimals.
fn millionths(text: &str) -> Option<u32> {
    let number = text.strip_suffix('%')?;
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    if part.len() > 4 {
        return None;
    }
    let padded = format!("{whole}{part:0<4}");
    padded.parse::<u32>().ok().filter(|found| (1..=1_000_000).contains(found))
}

#[cfg(test)]
mod tests {
    use super::millionths;

    #[test]
    fn shares_are_in_millionths() {
        for (text, expected) in [
            ("2%", Some(20_000)),
            ("2.5%", Some(25_000)),
            ("0.0001%", Some(1)),
            ("100%", Some(1_000_000)),
            ("100.0001%", None),
            ("0%", None),
            ("2", None),
            ("0.00001%", None),
        ] {
            assert_eq!(millionths(text), expected, "{text}");
        }
    }
}
