//! The findings about tests, one constructor each: H03xx. What a test shares with a rule, such as
//! an unknown event, is said as it is said of rules.

use super::ast::Span;
use super::report::Finding;

/// What a line begins with, and what may stand behind `until` and `next`.
const TIMES: &str =
    "a time is written `2d`, `36h`, `2d 09:30` or `2026-03-05 09:00`, and has a day";

fn mean(nearest: Option<&str>) -> Option<String> {
    nearest.map(|name| format!("did you mean `{name}`?"))
}

fn mean_or(nearest: Option<&str>, otherwise: &str) -> String {
    match mean(nearest) {
        Some(question) => format!("{question} {otherwise}"),
        None => otherwise.to_owned(),
    }
}

pub(crate) fn bad_time(at: Span, found: &str) -> Finding {
    Finding::error(301, at, format!("expected a time, found {found}"), "not a time").help(TIMES)
}

pub(crate) fn unknown_subject(at: Span, name: &str, nearest: Option<&str>) -> Finding {
    let declare = "an address is a prospect by itself; companies, campaigns and senders are set up \
                   first, as in `campaign spring { }`";
    Finding::error(302, at, format!("the test knows no `{name}`"), "not set up")
        .help(mean_or(nearest, declare))
}

pub(crate) fn ambiguous_subject(at: Span, name: &str, kinds: &[&str]) -> Finding {
    let message = format!("`{name}` is a {}", kinds.join(" and a "));
    let first = kinds.first().copied().unwrap_or_default();
    Finding::error(303, at, message, "which of them?").help(format!("say which: `{first} {name}`"))
}

pub(crate) fn no_subject(at: Span, event: &str) -> Finding {
    let message = format!("the line does not say whom `{event}` is about");
    Finding::error(304, at, message, "about whom?")
        .help("name a prospect, a company, a campaign, a sender, or `workspace`")
}

pub(crate) fn repeated_subject(at: Span, kind: &str) -> Finding {
    let message = format!("the line names more than one {kind}");
    Finding::error(305, at, message, "one too many").help("write a line for each")
}

pub(crate) fn missing_attribute(at: Span, event: &str, name: &str, expected: &str) -> Finding {
    let message = format!("event `{event}` needs `{name}`, found nothing");
    Finding::error(306, at, message, "something is missing")
        .help(format!("write `{name}` and {expected}"))
}

pub(crate) fn bad_expectation(at: Span, found: &str) -> Finding {
    let message = format!("expected a subject and what it should be, found {found}");
    Finding::error(307, at, message, "not an expectation").help(
        "as in `acme paused by company-replied until 20d`, `a@acme.io next 2026-03-05 09:00` or \
         `quiet`",
    )
}

pub(crate) fn unknown_status(at: Span, name: &str, nearest: Option<&str>, all: &[&str]) -> Finding {
    let list = format!("a subject is: {}", all.join(", "));
    Finding::error(308, at, format!("nothing is ever {name}"), "not a status")
        .help(mean_or(nearest, &list))
}

pub(crate) fn bad_fixture(at: Span, found: &str, nearest: Option<&str>) -> Finding {
    let shape = "a test sets up `company`, `prospect`, `sender` or `campaign`, each with one key \
                 and braces, as in `company acme { a@acme.io }`";
    Finding::error(309, at, format!("`{found}` cannot be set up"), "cannot be set up")
        .help(mean_or(nearest, shape))
}

pub(crate) fn unknown_setting(
    at: Span,
    kind: &str,
    name: &str,
    nearest: Option<&str>,
    all: &[&str],
) -> Finding {
    let list = format!("a {kind} has: {}", all.join(", "));
    Finding::error(310, at, format!("a {kind} has no `{name}`"), "cannot be set")
        .help(mean_or(nearest, &list))
}

pub(crate) fn bad_setting(at: Span, expected: &str, found: &str) -> Finding {
    Finding::error(311, at, format!("expected {expected}, found {found}"), "cannot be used")
}

pub(crate) fn expects_nothing(at: Span) -> Finding {
    Finding::error(312, at, "the test expects nothing".to_owned(), "can never fail")
        .help("add `=>` and what should be, or `=> quiet`")
}

pub(crate) fn unknown_event_id(at: Span, name: &str, nearest: Option<&str>) -> Finding {
    let message = format!("no event before this line has the id `{name}`");
    Finding::error(313, at, message, "of which event?")
        .help(mean_or(nearest, "give the event one, as in `reply a@acme.io kind human id first`"))
}

pub(crate) fn left_over(at: Span, found: &str) -> Finding {
    Finding::error(314, at, format!("expected the end of the line, found {found}"), "too much")
        .help("a line is a time, what happens, and behind `=>` what is expected")
}

pub(crate) fn other_arrow(at: Span, found: &str) -> Finding {
    left_over(at, found).help("did you mean `=>`?")
}

pub(crate) fn bad_pairing(at: Span, word: &str, status: &str) -> Finding {
    let message = format!("`{word}` cannot stand behind `{status}`");
    Finding::error(315, at, message, "not here")
        .help("`by` says who paused or stopped it, and `until` when a pause ends")
}

pub(crate) fn back_in_time(at: Span, before: &str) -> Finding {
    let message = format!("the line is earlier than the one before it, at {before}");
    Finding::error(316, at, message, "goes back in time").help("put the lines in order of time")
}

pub(crate) fn unknown_zone(at: Span, name: &str, nearest: Option<&str>) -> Finding {
    Finding::error(317, at, format!("unknown time zone `{name}`"), "not a zone")
        .help(mean_or(nearest, "zones are called as in `Europe/Berlin`"))
}

pub(crate) fn test_fails(at: Span, expected: &str, found: &str, when: &str) -> Finding {
    Finding::error(318, at, format!("expected {expected}, found {found}"), when)
}

pub(crate) fn nothing_fires(at: Span) -> Finding {
    let message = "no rule fires in this test, and it does not say `quiet`".to_owned();
    Finding::error(319, at, message, "tests no rule")
        .help("if nothing should happen, say so: `=> quiet`")
}

pub(crate) fn refused_line(at: Span, why: &str) -> Finding {
    Finding::error(320, at, format!("the engine refuses this: {why}"), "refused")
}

pub(crate) fn untested_rule(at: Span, name: &str) -> Finding {
    Finding::warning(321, at, format!("no test makes rule `{name}` fire"), "never fires in a test")
        .help("add a test in which it does; `holdline test --coverage` says what else is missing")
}
