//! Each finding about what rules do together, against trying everything: random small policies, and
//! every event and prospect that their words can tell apart, evaluated one by one.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::super::super::policy::{PolicyHash, checked};
use super::super::super::{Diagnostic, Effect, End, Fired, Policy, TypedEvent, render};
use super::super::bundle;
use super::super::world::World;
use crate::model::{Event, HoldKind, Scope};

const HEAD: &str = "policy 1
domains big = [\"a.io\", \"b.io\"]
event probe {
  size: small | medium | large
  mood: good | bad | unknown optional
  flag: bool optional
  number: number optional
  who: prospect | company
}
";

/// A policy as it is compiled, errors or not, with all findings.
fn compiled(text: &str) -> (Policy, Vec<Diagnostic>) {
    let bundle = bundle(text);
    let (checked, found) = checked(&bundle);
    (Policy { hash: PolicyHash::of(&bundle), checked }, found)
}

/// Everything that the words of the generated rules can tell apart.
fn everything() -> Vec<(Event, World)> {
    let mut all = Vec::new();
    let addresses = [
        None,
        Some("ann@a.io"),
        Some("bob@a.io"),
        Some("ann@b.io"),
        Some("cy@b.io"),
        Some("cy@xa.io"),
        Some("d@e.org"),
    ];
    for size in ["small", "medium", "large"] {
        for mood in ["good", "bad", "unknown"] {
            for flag in [None, Some(true), Some(false)] {
                for number in [None, Some(0), Some(1), Some(2), Some(3), Some(4)] {
                    for address in addresses {
                        for (who, vip) in [
                            ("prospect", true),
                            ("prospect", false),
                            ("company", true),
                            ("company", false),
                        ] {
                            let mut event = Event::new("probe", "e")
                                .with("size", size)
                                .with("mood", mood)
                                .with("who", who);
                            if let Some(flag) = flag {
                                event = event.with("flag", flag);
                            }
                            if let Some(number) = number {
                                event = event.with("number", number);
                            }
                            let tags = if vip { vec!["vip".to_owned()] } else { Vec::new() };
                            let world = World {
                                address: address.map(str::to_owned),
                                domain: address
                                    .and_then(|it| Some(it.split_once('@')?.1.to_owned())),
                                tags,
                                ..World::default()
                            };
                            all.push((event, world));
                        }
                    }
                }
            }
        }
    }
    all
}

fn atoms() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "probe.size is small",
        "probe.size is not large",
        "probe.size in [medium, large]",
        "probe.mood is good",
        "probe.mood is known",
        "probe.mood in [bad, unknown]",
        "(probe.flag is known and probe.flag)",
        "(probe.flag is unknown or probe.flag)",
        "(probe.number is known and probe.number > 2)",
        "(probe.number is known and probe.number < 3)",
        "(probe.number is known and probe.number in [1, 3])",
        "probe.number is unknown",
        "prospect.domain in big",
        "prospect.domain is \"a.io\"",
        "(prospect.domain is known and prospect.domain is \"b.io\")",
        "prospect.domain ends with \"a.io\"",
        "prospect.address is \"ann@a.io\"",
        "(prospect.address is known and prospect.address is not \"ann@b.io\")",
        "\"vip\" in prospect.tags",
        "probe.who is company",
    ])
}

fn conditions() -> impl Strategy<Value = String> {
    let two = (atoms(), prop::sample::select(vec!["and", "or"]), atoms(), any::<bool>());
    let two = two.prop_map(|(a, word, b, not)| {
        let not = if not { "not " } else { "" };
        format!("{not}({a} {word} {b})")
    });
    prop_oneof![atoms().prop_map(str::to_owned), two]
}

fn effects() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "pause prospect",
        "pause prospect for 2d",
        "pause company",
        "pause probe.who",
        "pause prospect for 3d max 1d",
        "stop prospect",
        "stop probe.who",
        "ignore",
        "pause prospect pause company for 1d",
    ])
}

/// Rules by name, each without its braces.
fn rules() -> impl Strategy<Value = Vec<String>> {
    let clause = (any::<bool>(), conditions());
    let clause = clause.prop_map(|(except, condition)| {
        format!("{} {condition}", if except { "except" } else { "where" })
    });
    let rule = (prop::collection::vec(clause, 0..3), effects(), 0..6_usize);
    prop::collection::vec(rule, 1..5).prop_map(|rules| {
        let stops = |effect: &str| effect.contains("stop");
        let kinds: Vec<bool> = rules.iter().map(|(_, effect, _)| stops(effect)).collect();
        let each = rules.into_iter().enumerate().map(|(number, (clauses, effect, over))| {
            let over = if over < number && !kinds[over] {
                format!(" overrides r{over}")
            } else {
                String::new()
            };
            format!("on probe {} {effect}{over}", clauses.join(" "))
        });
        each.collect()
    })
}

fn text(rules: &[String]) -> String {
    let mut text = HEAD.to_owned();
    for (number, rule) in rules.iter().enumerate() {
        text.push_str(&format!("rule r{number} {{ {rule} }}\n"));
    }
    text
}

fn named(message: &str) -> Vec<String> {
    message.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn run(policy: &Policy, event: &TypedEvent, world: &World) -> Vec<Fired> {
    let mut fired = Vec::new();
    policy.evaluate(event, world, &mut fired);
    fired
}

/// The strongest hold at each scope, whether something was ignored, and whether a rule failed.
fn strongest<'f>(fired: impl Iterator<Item = &'f Fired>) -> (BTreeMap<Scope, u64>, bool, bool) {
    let (mut holds, mut ignored, mut failed) = (BTreeMap::new(), false, false);
    for Fired { action, .. } in fired {
        match action {
            Effect::Hold { kind, scope, end, .. } => {
                let length = match end.end {
                    End::After { ms } => ms.min(end.max_ms.unwrap_or(u64::MAX)),
                    _ => u64::MAX - 1,
                };
                let length = if *kind == HoldKind::Stop { u64::MAX } else { length };
                let known: &mut u64 = holds.entry(*scope).or_default();
                *known = length.max(*known);
            }
            Effect::Ignore => ignored = true,
            Effect::Error(_) => failed = true,
            Effect::Resume { .. } => {}
        }
    }
    (holds, ignored, failed)
}

/// Whether the same is done; which of the things that are unknown is read first does not matter.
fn same(one: &[Fired], other: &[Fired]) -> bool {
    let plain = |fired: &Fired| match &fired.action {
        Effect::Error(_) => Fired { action: Effect::Error(String::new()), ..fired.clone() },
        _ => fired.clone(),
    };
    one.iter().map(plain).eq(other.iter().map(plain))
}

/// Each cell with what fires in it.
struct Tried {
    policy: Policy,
    found: Vec<Diagnostic>,
    cells: Vec<(Event, World, Vec<Fired>)>,
    shown: String,
}

fn tried(text: &str) -> Tried {
    let (policy, found) = compiled(text);
    let shown = format!("{text}\n{}", render(&found, &bundle(text), false));
    let cells = everything().into_iter().map(|(event, world)| {
        let typed = policy.read(&event).expect("a well-formed event");
        let fired = run(&policy, &typed, &world);
        (event, world, fired)
    });
    Tried { cells: cells.collect(), policy, found, shown }
}

impl Tried {
    fn with(&self, code: u16) -> impl Iterator<Item = &Diagnostic> {
        self.found.iter().filter(move |it| it.code.0 == code)
    }

    fn name(&self, fired: &Fired) -> &str {
        &self.policy.rules()[usize::from(fired.rule.0)].name
    }

    fn rule(&self, name: &str) -> impl Fn(&Fired) -> bool {
        let index = self.policy.rule_named(name).expect("a rule");
        move |fired| fired.rule == index
    }
}

fn holds(fired: &Fired) -> bool {
    matches!(fired.action, Effect::Hold { .. })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 40, failure_persistence: None, ..ProptestConfig::default()
    })]

    /// Rules that are said never to fire never do, and all of those are said.
    #[test]
    fn never_fires(rules in rules()) {
        let tried = tried(&text(&rules));
        let said: Vec<String> = tried.with(217).map(|it| named(&it.message)[0].clone()).collect();
        let mut silent = Vec::new();
        for rule in tried.policy.rules() {
            let of = tried.rule(&rule.name);
            let does = |fired: &Fired| of(fired) && !matches!(fired.action, Effect::Error(_));
            if !tried.cells.iter().any(|(.., fired)| fired.iter().any(does)) {
                silent.push(rule.name.clone());
            }
        }
        prop_assert_eq!(said, silent, "{}", tried.shown);
    }

    /// Rules that are said to ignore what is held do, and all of those are said.
    #[test]
    fn ignore_meets(rules in rules()) {
        let tried = tried(&text(&rules));
        let said: Vec<String> = tried.with(218).map(|it| named(&it.message)[0].clone()).collect();
        let mut meeting: Vec<String> = Vec::new();
        for (_, _, fired) in &tried.cells {
            if fired.iter().any(holds) {
                let ignoring = fired.iter().filter(|it| it.action == Effect::Ignore);
                meeting.extend(ignoring.map(|it| tried.name(it).to_owned()));
            }
        }
        meeting.sort();
        meeting.dedup();
        prop_assert_eq!(said, meeting, "{}", tried.shown);
    }

    /// Without all rules that are said to change nothing, nothing changes.
    #[test]
    fn covered(rules in rules()) {
        let tried = tried(&text(&rules));
        let said = tried.found.iter().filter(|it| [220, 221].contains(&it.code.0));
        let said: Vec<String> = said.map(|it| named(&it.message)[0].clone()).collect();
        let gone = |fired: &&Fired| !said.iter().any(|name| tried.rule(name)(fired));
        for (event, world, fired) in &tried.cells {
            let (all, less) = (strongest(fired.iter()), strongest(fired.iter().filter(gone)));
            prop_assert_eq!(all, less, "{:?} {:?}\n{}", event, world, tried.shown);
        }
    }

    /// A condition that is said to decide nothing may be always true, or never, and all stays.
    #[test]
    fn decides_nothing(rules in rules()) {
        let text = text(&rules);
        let tried = tried(&text);
        for found in tried.with(222) {
            let instead = |word: &str| {
                let mut other = text.clone();
                let all = format!("probe.size {word} [small, medium, large]");
                other.replace_range(found.from_byte..found.to_byte, &all);
                let (policy, _) = compiled(&other);
                tried.cells.iter().all(|(event, world, fired)| {
                    let typed = policy.read(event).expect("a well-formed event");
                    same(&run(&policy, &typed, world), fired)
                })
            };
            prop_assert!(instead("in") || instead("not in"), "{}\n{}", found, tried.shown);
        }
    }

    /// A value that is said not to be handled is not, and no rule names it.
    #[test]
    fn unhandled(rules in rules()) {
        let tried = tried(&text(&rules));
        for found in tried.with(223) {
            for said in named(&found.message) {
                let (path, value) = said.split_once(" is ").expect("a path and a value");
                let name = path.strip_prefix("probe.").expect("the event");
                let value: crate::model::Value = value.into();
                for (event, world, fired) in &tried.cells {
                    let with = event.attributes.iter().any(|(own, it)| own == name && *it == value);
                    prop_assert!(
                        !with || fired.is_empty(), "{:?} {:?}\n{}", event, world, tried.shown
                    );
                }
            }
        }
    }

    /// An invariant is said to be broken exactly if it is, and its test shows it.
    #[test]
    fn invariants(
        rules in rules(),
        condition in conditions(),
        always in any::<bool>(),
        verb in prop::sample::select(vec!["pause", "stop", "pause or stop"]),
        scope in prop::sample::select(vec![Scope::Prospect, Scope::Company]),
    ) {
        let mut text = text(&rules);
        let word = if always { "always" } else { "never" };
        text.push_str(&format!(
            "invariant \"it\" {{ {word} {verb} {} on probe when {condition} }}\n", scope.name()
        ));
        let tried = tried(&text);
        let about = format!("{HEAD}rule about {{ on probe where {condition} ignore }}");
        let (about, _) = compiled(&about);
        let does = |fired: &[Fired]| fired.iter().any(|it| match &it.action {
            Effect::Hold { kind, scope: own, .. } => {
                *own == scope && verb.split(" or ").any(|verb| verb == kind.to_string())
            }
            _ => false,
        });
        // The same words as in a pasted test: an event, and a prospect.
        let broken = |event: &Event, world: &World, fired: &[Fired]| {
            let typed = about.read(event).expect("a well-formed event");
            let meant = run(&about, &typed, world).iter().any(|it| it.action == Effect::Ignore);
            let failed = fired.iter().any(|it| matches!(it.action, Effect::Error(_)));
            meant && if always { !does(fired) && !failed } else { does(fired) }
        };
        let is = tried.cells.iter().any(|(event, world, fired)| broken(event, world, fired));
        let said = tried.with(219).next();
        // A rule that fails may do so at another scope, and then nothing is said.
        prop_assert!(said.is_none() || is, "{}", tried.shown);
        if !always {
            prop_assert_eq!(said.is_some(), is, "{}", tried.shown);
        }
        let test = said.and_then(|it| it.help.as_deref()).and_then(|it| it.split_once("\n\n"));
        if let Some((_, test)) = test {
            let (event, world) = pasted(test);
            let typed = tried.policy.read(&event).expect("a well-formed event");
            let fired = run(&tried.policy, &typed, &world);
            prop_assert!(broken(&event, &world, &fired), "{}", tried.shown);
        }
    }
}

/// The event and the prospect of a test that was printed.
fn pasted(test: &str) -> (Event, World) {
    let line = test.lines().find(|line| line.contains("=>")).expect("a line");
    let (line, _) = line.split_once("=>").expect("an expectation");
    let mut words = line.split_whitespace().skip(2);
    let address = words.next().expect("a subject");
    let mut event = Event::new("probe", "e");
    while let (Some(name), Some(value)) = (words.next(), words.next()) {
        event = match (name, value) {
            ("number", number) => event.with(name, number.parse::<i64>().expect("a number")),
            ("flag", flag) => event.with(name, flag == "true"),
            _ => event.with(name, value),
        };
    }
    let tags = if test.contains("tags \"vip\"") { vec!["vip".to_owned()] } else { Vec::new() };
    let domain = address.split_once('@').map(|(_, domain)| domain.to_owned());
    let world = World { address: Some(address.to_owned()), domain, tags, ..World::default() };
    (event, world)
}
