//! How much is asked for an event: what several rules ask, once; of a source that is compared with
//! many values, which of them it is.

use std::cell::Cell;

use super::super::ir::Val;
use super::super::program::Answers;
use super::world::policy;
use crate::model::Event;

/// Which rules match, how many tests were asked, and how many sources looked up, if each test is
/// answered with yes and each source is `found`.
fn evaluated(rules: &str, found: &str) -> (Vec<usize>, usize, usize) {
    let declared = "event probe { text: text optional  other: text optional }";
    let policy = policy(&format!("{declared}\n{rules}"));
    let event = policy.read(&Event::new("probe", "e")).expect("a well-formed event");
    let program = &policy.checked.programs[event.kind as usize];
    let (asked, looked_up) = (Cell::new(0), Cell::new(0));
    let mut answers = Answers::default();
    let matched = program.entries.iter().enumerate().filter(|(_, entry)| {
        let ask = |_| {
            asked.set(asked.get() + 1);
            Ok::<_, ()>(true)
        };
        let read = |_| {
            looked_up.set(looked_up.get() + 1);
            Some(Val::Text(found))
        };
        program.matches(entry, &mut answers, ask, read).expect("each test is answered")
    });
    let matched = matched.map(|(at, _)| at).collect();
    (matched, asked.get(), looked_up.get())
}

fn one_rule_each(conditions: &[&str]) -> String {
    let rule = |(at, condition)| format!("rule r{at} {{ on probe where {condition} ignore }}\n");
    conditions.iter().enumerate().map(rule).collect()
}

#[test]
fn what_several_rules_ask_is_asked_once() {
    let known = "probe.text is known";
    let rules = one_rule_each(&[known, known, "probe.other is known", known]);
    assert_eq!(evaluated(&rules, ""), (vec![0, 1, 2, 3], 2, 0));
}

#[test]
fn one_look_up_tells_which_of_many_values_it_is() {
    let is = |value: &str| format!("probe.text is known and probe.text is \"{value}\"");
    let all = ["a", "b", "c", "d", "e"].map(is);
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    assert_eq!(evaluated(&one_rule_each(&all), "c"), (vec![2], 1, 1));
    assert_eq!(evaluated(&one_rule_each(&all), "f"), (vec![], 1, 1));
    // Of few each is asked.
    assert_eq!(evaluated(&one_rule_each(&all[..3]), "c"), (vec![0, 1, 2], 4, 0));
}

/// Answers are kept 64 to a word, and those of one source may begin and end in any of them.
#[test]
fn several_sources_are_looked_up_once_each() {
    let is = |name: &str, at: usize| {
        let path = format!("probe.{name}");
        format!("{path} is known and {path} is \"{at:03}\"")
    };
    for (texts, others) in [(4, 4), (5, 64), (70, 5), (64, 64), (130, 200)] {
        let all = (0..texts).map(|at| is("text", at)).chain((0..others).map(|at| is("other", at)));
        let all: Vec<String> = all.collect();
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        let rules = one_rule_each(&all);
        assert_eq!(evaluated(&rules, "003"), (vec![3, texts + 3], 2, 2), "{texts} {others}");
        assert_eq!(evaluated(&rules, "none"), (vec![], 2, 2), "{texts} {others}");
    }
}

/// More than are remembered are asked again, and answered all the same.
#[test]
fn there_may_be_more_values_than_answers_are_kept() {
    let is = |at: usize| format!("probe.text is known and probe.text is \"{at:03}\"");
    let all: Vec<String> = (0..600).map(is).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let (_, asked, looked_up) = evaluated(&one_rule_each(&all), "007");
    assert_eq!((asked, looked_up), (601, 0));
}

#[test]
fn an_event_asks_the_windows_of_the_rules_on_it() {
    let policy = policy(
        "rule a { on reply when count(reply at company in 7d) >= 2 pause company }\n\
         rule b { on bounce when count(bounce at company in 1d) >= 2 \
         or count(reply at company in 7d) >= 3 pause company }",
    );
    let asked = |kind: &str| policy.asked_windows(kind).collect::<Vec<_>>();
    let [replies] = asked("reply")[..] else { panic!("one window: {:?}", asked("reply")) };
    assert_eq!(policy.windows(), 2);
    assert_eq!(asked("bounce"), [0, 1]);
    assert_eq!(policy.window(replies).map(|(_, span_ms)| span_ms), Some(7 * 86_400_000));
    assert!(asked("open").is_empty() && asked("repyl").is_empty());
}
