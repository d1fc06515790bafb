//! Every finding there is, one constructor each. H00xx: reading; H01xx: names and types; H02xx:
//! rules. It decides the words, never whether there is something to say.

use crate::model::Scope;

use super::ast::Span;
use super::report::Finding;

/// The most bytes of one file.
pub(super) const MAX_FILE_BYTES: usize = 1 << 20;
/// The most rules of a policy.
pub(super) const MAX_RULES: usize = 10_000;
/// The most entries of one list.
pub(super) const MAX_LIST_ENTRIES: usize = 100_000;
/// The deepest nesting of brackets.
pub(super) const MAX_DEPTH: usize = 64;
/// The most effects of one rule.
pub(super) const MAX_EFFECTS: usize = 64;

/// The most that a window counts: above, a count says "at least".
pub(super) const MAX_COUNT: u32 = 4096;
/// The most files of a policy.
pub(super) const MAX_FILES: usize = 256;

fn mean(nearest: Option<&str>) -> Option<String> {
    nearest.map(|name| format!("did you mean `{name}`?"))
}

fn mean_or(nearest: Option<&str>, what: &str, all: &[&str]) -> String {
    let list = format!("{what}: {}", all.join(", "));
    match mean(nearest) {
        Some(question) => format!("{question} {list}"),
        None => list,
    }
}

// H00xx: reading.

pub(super) fn bad_item(at: Span, found: &str) -> Finding {
    let message = format!("expected a declaration, found `{found}`");
    Finding::error(1, at, message, "cannot be read").help(
        "a file has `policy`, `include`, `domains`, `addresses`, `texts`, `event`, `rule`, \
         `invariant` and `test` declarations",
    )
}

pub(super) fn bad_syntax(at: Span, expected: &str, found: &str) -> Finding {
    Finding::error(2, at, format!("expected {expected}, found {found}"), "cannot be read")
}

pub(super) fn article(at: Span, word: &str) -> Finding {
    bad_syntax(at, "a scope", &format!("`{word}`")).help(format!("leave out `{word}`"))
}

pub(super) fn missing_paren(at: Span, found: &str) -> Finding {
    bad_syntax(at, "`)`", found)
        .help("a `)` is missing, as in `count(bounce at company in 7d) >= 3`")
}

pub(super) fn missing_policy(at: Span) -> Finding {
    let message = "the file does not say which version of the language it is in".to_owned();
    Finding::error(3, at, message, "expected `policy 1` first").help("write `policy 1` at the top")
}

pub(super) fn unsupported_version(at: Span, found: &str) -> Finding {
    let message = format!("version `{found}` of the language is not supported");
    Finding::error(4, at, message, "expected 1").help("this version of holdline reads `policy 1`")
}

pub(super) fn unclosed(at: Span, what: &str) -> Finding {
    Finding::error(5, at, format!("{what} is not closed"), "opened here").help("add a `}`")
}

pub(super) fn unclosed_text(at: Span) -> Finding {
    Finding::error(6, at, "the text has no closing quote".to_owned(), "opened here")
        .help("text stands between double quotes, on one line")
}

pub(super) fn too_deep(at: Span) -> Finding {
    let message = format!("brackets are nested more than {MAX_DEPTH} deep");
    Finding::error(7, at, message, "too deep").help("split the condition, or the rule")
}

pub(super) fn file_too_large(at: Span, bytes: usize) -> Finding {
    let message = format!("a file has at most {MAX_FILE_BYTES} bytes, found {bytes}");
    Finding::error(8, at, message, "nothing of it was read").help("split the policy into files")
}

pub(super) fn too_many_rules(at: Span, found: usize) -> Finding {
    let message = format!("a policy has at most {MAX_RULES} rules, found {found}");
    Finding::error(9, at, message, "the first one too many")
}

pub(super) fn too_many_entries(at: Span, found: usize) -> Finding {
    let message = format!("a list has at most {MAX_LIST_ENTRIES} entries, found {found}");
    Finding::error(10, at, message, "the first one too many")
}

// 11 said that a part of the language was not supported yet.

pub(super) fn bad_escape(at: Span, found: char) -> Finding {
    let message = format!("unknown escape `\\{found}` in a text");
    Finding::error(12, at, message, "here").help("a text has `\\\"` and `\\\\`, and no others")
}

pub(super) fn bad_literal(at: Span, found: &str) -> Finding {
    let message = format!("`{found}` is not a number, date, instant or duration");
    Finding::error(13, at, message, "cannot be read").help(
        "write `3`, `2026-07-07`, `2026-07-07T09:00:00Z`, or a duration such as `3d`, `12h`, `45m`",
    )
}

pub(super) fn spoken_duration(at: Span, found: &str, meant: &str) -> Finding {
    bad_literal(at, found).help(format!("write `{meant}`"))
}

pub(super) fn foreign_operator(at: Span, found: &str) -> Finding {
    let word = match found {
        "!=" => "is not",
        "is in" => "in",
        "is not in" => "not in",
        _ => "is",
    };
    let message = format!("expected `{word}`, found `{found}`");
    Finding::error(14, at, message, "not an operator").help(format!("write `{word}`"))
}

pub(super) fn repeated_version(at: Span) -> Finding {
    Finding::error(15, at, "`policy` is said more than once".to_owned(), "again here")
        .help("keep one, at the top")
}

pub(super) fn missing_value(at: Span, operator: &str) -> Finding {
    let message = format!("expected a value after `{operator}`, found none");
    Finding::error(16, at, message, "of what?")
}

pub(super) fn missing_comma(at: Span) -> Finding {
    let message = "expected `,` between the entries of a list".to_owned();
    Finding::error(17, at, message, "no comma before this")
}

pub(super) fn too_many_effects(at: Span, found: usize) -> Finding {
    let message = format!("a rule has at most {MAX_EFFECTS} effects, found {found}");
    Finding::error(18, at, message, "the first one too many")
}

pub(super) fn missing_file(at: Span, name: &str) -> Finding {
    Finding::error(19, at, format!("there is no file `{name}`"), "cannot be read")
        .help("paths are relative to the file that names them, with `/` between folders")
}

pub(super) fn bad_path(at: Span, path: &str) -> Finding {
    let message = format!("`{path}` is not a path relative to this file");
    Finding::error(20, at, message, "not a path")
        .help("write it as in `lists/free-mail.txt` or `../shared.rules`")
}

pub(super) fn include_cycle(at: Span, path: &str) -> Finding {
    let message = format!("`{path}` includes this file, directly or through others");
    Finding::error(21, at, message, "closes the circle")
        .help("put what both need into a third file")
}

pub(super) fn too_many_files(at: Span, name: &str, found: usize) -> Finding {
    let message = format!("a policy has at most {MAX_FILES} files, found {found}");
    Finding::error(22, at, message, &format!("`{name}` is the first one too many"))
}

pub(super) fn unused_file(at: Span, name: &str) -> Finding {
    let message = format!("`{name}` belongs to the policy, but nothing includes it");
    Finding::error(23, at, message, "nothing of it holds")
        .help("include it in the first file, or leave it out")
}

// H01xx: names and types.

pub(super) fn unknown_event(at: Span, name: &str, nearest: Option<&str>) -> Finding {
    Finding::error(101, at, format!("unknown event `{name}`"), "not declared").maybe(mean(nearest))
}

pub(super) fn unknown_attribute(
    at: Span,
    event: &str,
    name: &str,
    nearest: Option<&str>,
) -> Finding {
    let message = format!("event `{event}` has no attribute `{name}`");
    Finding::error(102, at, message, "not an attribute").maybe(mean(nearest))
}

pub(super) fn unknown_path(at: Span, path: &str, nearest: Option<&str>) -> Finding {
    let help = mean(nearest).unwrap_or_else(|| {
        "a rule reads the attributes of its event, and fields of prospect, company, campaign and \
         enrollment"
            .to_owned()
    });
    Finding::error(103, at, format!("unknown name `{path}`"), "cannot be read by a rule").help(help)
}

pub(super) fn unknown_scope(at: Span, name: &str, nearest: Option<&str>) -> Finding {
    let all = Scope::ALL.map(Scope::name);
    Finding::error(104, at, format!("unknown scope `{name}`"), "not a scope")
        .help(mean_or(nearest, "scopes", &all))
}

pub(super) fn unknown_list(at: Span, name: &str, nearest: Option<&str>) -> Finding {
    Finding::error(105, at, format!("unknown list `{name}`"), "not declared").maybe(mean(nearest))
}

pub(super) fn unknown_rule(at: Span, name: &str, nearest: Option<&str>) -> Finding {
    Finding::error(106, at, format!("unknown rule `{name}`"), "no such rule").maybe(mean(nearest))
}

pub(super) fn unknown_value(
    at: Span,
    path: &str,
    name: &str,
    nearest: Option<&str>,
    all: &[&str],
) -> Finding {
    Finding::error(107, at, format!("`{path}` is never `{name}`"), "not one of its values")
        .help(mean_or(nearest, "values", all))
}

pub(super) fn unknown_mode(at: Span, name: &str, nearest: Option<&str>) -> Finding {
    Finding::error(108, at, format!("unknown resume mode `{name}`"), "not a mode").help(mean_or(
        nearest,
        "modes",
        &["keep", "remaining", "restart", "skip"],
    ))
}

pub(super) fn unknown_type(at: Span, name: &str, nearest: Option<&str>, all: &[&str]) -> Finding {
    Finding::error(109, at, format!("unknown type `{name}`"), "not a type")
        .help(mean_or(nearest, "types", all))
}

pub(super) fn ill_typed(at: Span, expected: &str, found: &str) -> Finding {
    Finding::error(110, at, format!("expected {expected}, found {found}"), "of another type")
        .help("values are never converted: both sides have to be of one type")
}

pub(super) fn quoted_value(at: Span, expected: &str, name: &str) -> Finding {
    ill_typed(at, expected, "a text").help(format!("leave out the quotes: `{name}`"))
}

pub(super) fn foreign_attribute(at: Span, path: &str, event: &str, other: &str) -> Finding {
    let message = format!("`{path}` cannot be read when the event is `{other}`");
    Finding::error(111, at, message, "not on every event of this rule")
        .help(format!("put it in a rule whose only event is `{event}`"))
}

pub(super) fn unhandled_optional(at: Span, path: &str) -> Finding {
    Finding::error(112, at, format!("`{path}` may be unknown"), "what if it is unknown?")
        .help(format!("say `{path} is known and …` before it"))
}

pub(super) fn always_known(at: Span, path: &str) -> Finding {
    Finding::warning(113, at, format!("`{path}` is always known"), "says nothing")
        .help("leave the test out")
}

pub(super) fn duplicate_name(at: Span, what: &str, name: &str, first: &str) -> Finding {
    let message = format!("{what} `{name}` is declared more than once");
    Finding::error(114, at, message, "again here")
        .help(format!("{first}; names hold for the whole policy, and for the shipped events too"))
}

pub(super) fn duplicate_attribute(at: Span, what: &str, name: &str) -> Finding {
    Finding::error(115, at, format!("{what} `{name}` is declared more than once"), "again here")
}

pub(super) fn duplicate_entry(at: Span, name: &str) -> Finding {
    Finding::warning(116, at, format!("`{name}` is in the list already"), "again here")
        .help("remove one of them")
}

pub(super) fn not_a_scope(at: Span, path: &str, found: &str) -> Finding {
    let message = format!("expected an attribute that holds a scope, found {found}");
    Finding::error(117, at, message, "not a scope")
        .help(format!("declare the attribute of `{path}` as `scope`, or as an enum of scopes"))
}

pub(super) fn bad_name_text(at: Span, what: &str, found: &str) -> Finding {
    Finding::error(118, at, format!("`{found}` is not {what}"), "cannot match anything")
}

pub(super) fn unknown_mark(at: Span, name: &str, nearest: Option<&str>) -> Finding {
    Finding::error(119, at, format!("unknown attribute `@{name}` of a rule"), "not known")
        .help(mean_or(nearest, "attributes", &["owner"]))
}

pub(super) fn bad_name(at: Span, name: &str) -> Finding {
    Finding::error(120, at, format!("`{name}` cannot be a name"), "not a name").help(
        "names have letters a to z, digits and hyphens, begin with a letter, and are not words of \
         the language",
    )
}

pub(super) fn not_a_condition(at: Span, path: &str, found: &str) -> Finding {
    let message = format!("expected a condition, found {found}");
    Finding::error(121, at, message, "neither true nor false")
        .help(format!("compare it, as in `{path} is …`"))
}

pub(super) fn window_outside_when(at: Span) -> Finding {
    Finding::error(122, at, "a window stands outside `when`".to_owned(), "counts events")
        .help("write it in a clause of its own, as in `when count(…) >= 3`")
}

pub(super) fn comparison_in_when(at: Span) -> Finding {
    Finding::error(123, at, "`when` asks windows alone".to_owned(), "counts nothing")
        .help("put it into a `where`, or into the `where` inside the window")
}

pub(super) fn window_lacks(at: Span, what: &str) -> Finding {
    Finding::error(124, at, format!("the window does not say {what}"), "incomplete")
}

pub(super) fn window_scope(at: Span, name: &str, nearest: Option<&str>) -> Finding {
    let all = Scope::COUNTED.map(Scope::name);
    Finding::error(125, at, format!("events are not counted at `{name}`"), "not a scope of windows")
        .help(mean_or(nearest, "windows count at", &all))
}

pub(super) fn window_span(at: Span, found: &str, hours: bool) -> Finding {
    let whole = if hours { "a whole number of hours up to 90 days" } else { "at most 90 days" };
    Finding::error(
        126,
        at,
        format!("expected {whole}, found `{found}`"),
        "not a length of a window",
    )
    .help("write it as in `in 12h`, `in 7d` or `in 4w`")
}

pub(super) fn window_amount(at: Span, found: &str, share: bool) -> Finding {
    let expected = if share {
        "a share such as `2%` or `0.5%`, above 0 and up to 100".to_owned()
    } else {
        format!("a whole number from 1 to {MAX_COUNT}")
    };
    Finding::error(127, at, format!("expected {expected}, found `{found}`"), "cannot be reached")
}

pub(super) fn window_operator(at: Span, found: &str, share: bool) -> Finding {
    let (expected, help) = if share {
        let help = "a share of too few is neither high nor low: ask for the high one, and `not` \
                    where the low one is meant";
        ("`>=` or `>`", help)
    } else {
        ("`>=`, `>`, `<` or `<=`", "write `count(…) >= 3`")
    };
    Finding::error(128, at, format!("expected {expected}, found `{found}`"), "not here").help(help)
}

pub(super) fn window_part(at: Span, why: &str) -> Finding {
    Finding::error(129, at, why.to_owned(), "not here")
        .help("as in `count(distinct prospect of bounce where … at company in 7d)`")
}

pub(super) fn window_reads(at: Span) -> Finding {
    let message = "the `where` of a window reads more than the event that is counted".to_owned();
    Finding::error(130, at, message, "not of the event").help(
        "what a prospect or a company is may have changed since: ask it in a `where` of the rule",
    )
}

// H02xx: rules.

pub(super) fn no_effect(at: Span, name: &str) -> Finding {
    Finding::error(201, at, format!("rule `{name}` has no effect"), "does nothing")
        .help("add `pause`, `stop`, `resume` or `ignore`")
}

pub(super) fn no_event(at: Span, name: &str) -> Finding {
    Finding::error(202, at, format!("rule `{name}` listens to no event"), "can never fire")
        .help("add `on` and an event")
}

pub(super) fn ignore_with_others(at: Span) -> Finding {
    let message = "`ignore` stands together with other effects".to_owned();
    Finding::error(203, at, message, "places nothing")
        .help("remove `ignore`, or make it a rule of its own that overrides this one")
}

pub(super) fn stop_with_end(at: Span, word: &str) -> Finding {
    let message = format!("a stop has no end, found `{word}`");
    Finding::error(204, at, message, "a stop is final").help("use `pause`, or remove the end")
}

pub(super) fn until_without_else(at: Span, path: &str) -> Finding {
    let message = format!("`{path}` may be unknown, and there is no `else`");
    Finding::error(205, at, message, "until when, if it is unknown?")
        .help("add `else manual`, or `else` and a duration")
}

pub(super) fn override_cycle(at: Span, path: &str) -> Finding {
    Finding::error(206, at, format!("rules override each other: {path}"), "closes the circle")
}

pub(super) fn override_of_stop(at: Span, name: &str) -> Finding {
    Finding::error(207, at, format!("rule `{name}` stops, and a stop is never overridden"), "stops")
        .help("narrow that rule with `except`")
}

pub(super) fn resume_without_from(at: Span) -> Finding {
    let message = "`resume` does not say whose holds it lifts".to_owned();
    Finding::error(209, at, message, "of which rules?")
        .help("add `from` and the rules, as in `resume sender from sender-disconnected`")
}

pub(super) fn mode_without_pause(at: Span, name: &str) -> Finding {
    let message = format!("`resume {name}` follows no pause");
    Finding::error(210, at, message, "belongs to a pause")
        .help("it says how a pause resumes: put it right behind the pause, once")
}

pub(super) fn bad_tail(at: Span, word: &str, why: &str) -> Finding {
    Finding::error(211, at, format!("`{word}` cannot stand here: {why}"), "not here")
}

pub(super) fn resume_from_stop(at: Span, name: &str) -> Finding {
    let message = format!("rule `{name}` places no pause, and only pauses are lifted by rules");
    Finding::error(212, at, message, "places no pause")
        .help("name rules that pause; only a person lifts a stop")
}

pub(super) fn repeated_clause(at: Span, what: &str) -> Finding {
    Finding::error(213, at, format!("{what} is said more than once"), "again here")
        .help("keep one of them")
}

pub(super) fn repeated_event(at: Span, name: &str) -> Finding {
    Finding::warning(214, at, format!("the rule listens to `{name}` already"), "again here")
        .help("remove one of them")
}

pub(super) fn override_never_meets(at: Span, name: &str) -> Finding {
    let message = format!("rule `{name}` listens to none of the events of this rule");
    Finding::warning(215, at, message, "is never overridden by it")
        .help("a rule is overridden only when both match the same event")
}

pub(super) fn missing_scope(at: Span, verb: &str) -> Finding {
    let all = Scope::ALL.map(Scope::name);
    Finding::error(216, at, format!("`{verb}` does not say what it covers"), "whom?")
        .help(format!("scopes: {}", all.join(", ")))
}

pub(super) fn never_fires(at: Span, name: &str, why: &str, help: &str) -> Finding {
    let message = format!("rule `{name}` can never fire: {why}");
    Finding::error(217, at, message, "never fires").help(help)
}

pub(super) fn ignore_meets(at: Span, name: &str, holds: &str, when: &str, help: &str) -> Finding {
    let message = format!("rule `{name}` ignores what {holds}, {when}");
    Finding::error(218, at, message, "ignore it, or hold?").help(help)
}

pub(super) fn broken_invariant(
    at: Span,
    name: Option<&str>,
    what: &str,
    test: Option<&str>,
) -> Finding {
    let name = name.map(|name| format!(" `{name}`")).unwrap_or_default();
    let help = match test {
        Some(test) => format!("this test fails until it holds:\n\n{test}"),
        None => "narrow the rules, or say when it has to hold".to_owned(),
    };
    let message = format!("invariant{name} is broken: {what}");
    Finding::error(219, at, message, "does not hold").help(help)
}

pub(super) fn covered(at: Span, name: &str, others: &str, many: bool) -> Finding {
    let verb = if many { "together do" } else { "does" };
    let message = format!("rule `{name}` changes nothing: {others} {verb} all that it does");
    Finding::warning(220, at, message, "can be left out")
        .help("remove it, or narrow what covers it")
}

pub(super) fn duplicate_rule(at: Span, name: &str, other: &str) -> Finding {
    let message = format!("rule `{name}` does the same as {other}, on the same events");
    Finding::warning(221, at, message, "said twice").help("remove one of them")
}

pub(super) fn decides_nothing(at: Span, what: &str) -> Finding {
    Finding::warning(222, at, what.to_owned(), "decides nothing").help("leave it out")
}

pub(super) fn unhandled_values(at: Span, path: &str, values: &[&str]) -> Finding {
    let names: Vec<String> = values.iter().map(|value| format!("`{path} is {value}`")).collect();
    let verb = if names.len() == 1 { "is" } else { "are" };
    let message = format!("{} {verb} not handled", names.join(", "));
    Finding::warning(223, at, message, "no rule fires then").help("add a rule or `ignore`")
}

pub(super) fn look_alike(at: Span, what: &str, help: &str) -> Finding {
    Finding::warning(224, at, what.to_owned(), "not what it seems").help(help)
}

pub(super) fn partly_looked_at(at: Span, what: &str, seen: u128, total: u128) -> Finding {
    let (seen, total) = (grouped(seen), grouped(total));
    let message = format!("{what} was looked at in part: {seen} of {total} combinations");
    Finding::warning(225, at, message, "asks too much at once")
        .help("split it: what is said of it is true, and there may be more to say")
}

pub(super) fn given_up(at: Span) -> Finding {
    let message = "the rules are too many to look at all of them together".to_owned();
    Finding::warning(226, at, message, "looked at in part")
        .help("what is said of them is true, and there may be more to say")
}

/// A number with commas between thousands.
fn grouped(number: u128) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
