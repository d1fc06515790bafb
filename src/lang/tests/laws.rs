//! What holds for every event: explaining agrees with evaluating, and order means nothing.

use proptest::prelude::*;

use super::super::{Effect, Fired, Policy, RuleIndex, RuleVerdict};
use super::bundle;
use super::world::World;
use crate::model::Event;

fn values() -> impl Strategy<Value = Event> {
    let kind = prop::sample::select(vec!["human", "auto", "out-of-office", "unknown"]);
    let intent = prop::option::of(prop::sample::select(vec!["positive", "referral", "unknown"]));
    let reply = (kind, intent, any::<bool>()).prop_map(|(kind, intent, dated)| {
        let mut event = Event::new("reply", "e").with("kind", kind);
        if let Some(intent) = intent {
            event = event.with("intent", intent);
        }
        if dated { event.with("return-date", "2026-07-07") } else { event }
    });
    let class = prop::sample::select(vec!["hard", "soft", "policy"]);
    let mark = prop::sample::select(vec!["qualified", "interested", "maybe-later"]);
    let scope = prop::sample::select(vec!["prospect", "company"]);
    prop_oneof![
        reply,
        class.prop_map(|class| Event::new("bounce", "e").with("class", class)),
        (mark, scope).prop_map(|(mark, scope)| {
            Event::new("mark", "e").with("as", mark).with("scope", scope)
        }),
        prop::sample::select(vec!["opt-out", "open", "sender.connected", "data.missing"])
            .prop_map(|kind| Event::new(kind, "e")),
    ]
}

fn worlds() -> impl Strategy<Value = World> {
    prop_oneof![
        Just(World::default()),
        Just(World::at("acme.io")),
        Just(World::at("gmail.com")),
        Just(World { company: None, ..World::at("acme.io") }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    /// What is explained as fired is what fires, clause by clause.
    #[test]
    fn explaining_agrees_with_evaluating(event in values(), world in worlds()) {
        let mut bundle = Policy::default_rules();
        bundle.files[0].text.push_str(
            "rule plain { on bounce, opt-out except prospect.domain in free-mail pause prospect }",
        );
        let policy = Policy::compile(&bundle).expect("it compiles").0;
        let typed = policy.read(&event).expect("a well-formed event");
        let mut fired = Vec::new();
        policy.evaluate(&typed, &world, &mut fired);
        let mut rules: Vec<_> = fired.iter().map(|fired| fired.rule).collect();
        rules.dedup();
        let mut explained = Vec::new();
        for trace in policy.explain(&typed, &world) {
            let passes = trace.clauses.iter().all(|clause| clause.pass == Some(true));
            match trace.verdict {
                RuleVerdict::Fired => {
                    prop_assert!(passes);
                    explained.push(trace.rule);
                }
                RuleVerdict::Failed(_) => explained.push(trace.rule),
                RuleVerdict::OverriddenBy(others) => {
                    prop_assert!(passes && !others.is_empty());
                }
                RuleVerdict::NotMatched => prop_assert!(!passes),
            }
        }
        prop_assert_eq!(rules, explained);
    }

    /// The order of the rules in the file means nothing.
    #[test]
    fn the_order_of_rules_changes_nothing(event in values(), world in worlds()) {
        let text = Policy::default_rules().files.remove(0).text;
        let (head, rules) = text.split_once("\nrule ").expect("rules");
        let mut rules: Vec<_> = rules.split("\nrule ").collect();
        rules.reverse();
        let turned = format!("{head}\nrule {}", rules.join("\nrule "));
        let outcome = |text: &str| {
            let policy = Policy::compile(&bundle(text)).expect("it compiles").0;
            let mut fired = Vec::new();
            policy.evaluate(&policy.read(&event).expect("well-formed"), &world, &mut fired);
            let name = |rule: RuleIndex| policy.rules()[usize::from(rule.0)].name.clone();
            let mut said: Vec<_> = fired
                .into_iter()
                .map(|Fired { rule, effect, action }| match action {
                    Effect::Resume { scope, rules } => {
                        let rules: Vec<_> = rules.iter().map(|rule| name(*rule)).collect();
                        (name(rule), effect, format!("resume {scope} {rules:?}"))
                    }
                    other => (name(rule), effect, format!("{other:?}")),
                })
                .collect();
            said.sort();
            said
        };
        prop_assert_eq!(outcome(&text), outcome(&turned));
    }
}
