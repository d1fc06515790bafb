//! What rules mean: reading events, conditions, ends, overrides.

use super::super::{Effect, End, Ending, EventError, Fired, Policy, tests_in};
use super::world::{World, policy};
use super::{bundle, expect_codes};
use crate::model::{Event, HoldKind, Instant, ResumeMode, Scope, Value};

fn fired(policy: &Policy, event: &Event, world: &World) -> Vec<Fired> {
    let mut fired = Vec::new();
    policy.evaluate(&policy.read(event).expect("a well-formed event"), world, &mut fired);
    fired
}

/// A policy of one rule on an event with an attribute of each type.
fn one_rule(clauses: &str) -> Policy {
    policy(&format!(
        "domains big = [\"ACME.io\", \"globex.com\"]\n\
         event probe {{ text: text optional  number: number optional  flag: bool optional \
         at: instant optional  day: date optional  span: duration optional \
         host: domain optional  mail: address optional  where-to: scope optional \
         tags: list of text optional  size: small | medium | large \
         mood: good | unknown optional }}\n\
         rule r {{ on probe {clauses} }}"
    ))
}

fn probe() -> Event {
    Event::new("probe", "e1").with("size", "small")
}

/// Whether the condition holds for an event.
fn holds(condition: &str, event: &Event, world: &World) -> bool {
    let policy = one_rule(&format!("{condition} ignore"));
    let found = fired(&policy, event, world);
    assert!(found.iter().all(|fired| fired.action == Effect::Ignore), "{condition}: {found:?}");
    !found.is_empty()
}

#[test]
fn conditions_mean_what_they_say() {
    let world = World { tags: vec!["vip".to_owned()], ..World::at("acme.io") };
    let day = Value::Text("2026-07-07".to_owned());
    let event = probe()
        .with("number", 3)
        .with("text", "5.1.1 no such user")
        .with("flag", true)
        .with("day", day)
        .with("span", "36h")
        .with("at", "2026-07-07T09:00:00+02:00")
        .with("mail", "Ann@ACME.io")
        .with("tags", Value::List(vec!["a".to_owned()]));
    for (condition, expected) in [
        ("where probe.size is small", true),
        ("where probe.size is not small", false),
        ("where probe.size in [medium, large]", false),
        ("where probe.size not in [medium, large]", true),
        ("where probe.mood is unknown", true),
        ("where probe.mood is known", false),
        ("where probe.mood is good", false),
        ("where probe.number is known and probe.number > 2", true),
        ("where probe.number is known and probe.number >= 3", true),
        ("where probe.number is known and probe.number < 3", false),
        ("where probe.number is known and probe.number <= 3", true),
        ("where probe.number is known and probe.number in [1, 2, 3]", true),
        ("where probe.day is known and probe.day < 2026-07-08", true),
        ("where probe.at is known and probe.at is 2026-07-07T07:00:00Z", true),
        ("where probe.span is known and probe.span > 1d", true),
        ("where probe.flag is known and probe.flag", true),
        ("where probe.flag is known and not probe.flag", false),
        ("where probe.flag is known and probe.flag is false", false),
        ("where probe.text is known and probe.text starts with \"5.1.\"", true),
        ("where probe.text is known and probe.text ends with \"user\"", true),
        ("where probe.text is known and probe.text matches \"5.?.* no*user\"", true),
        ("where probe.mail is known and probe.mail is prospect.address", true),
        ("where probe.mail is known and probe.mail ends with \"@ACME.io\"", true),
        ("where probe.tags is known and \"a\" in probe.tags", true),
        ("where probe.tags is known and \"b\" in probe.tags", false),
        ("where probe.tags is unknown or \"b\" not in probe.tags", true),
        ("where probe.host is unknown or probe.host is \"acme.io\"", true),
        ("where \"vip\" in prospect.tags", true),
        ("where \"vip\" not in prospect.tags", false),
        ("where prospect.domain in big", true),
        ("where prospect.domain not in big", false),
        ("except prospect.domain in big", false),
        ("where prospect.domain in [\"Acme.IO\", \"b.com\"]", true),
        ("where prospect.field(\"plan\") is unknown", true),
        ("where enrollment.step is known and enrollment.step is 2", true),
        ("where enrollment.days-since-last-send is known", false),
        ("where not (probe.size is small and probe.mood is good)", true),
        ("where not not probe.size is small", true),
        ("where probe.size is large or probe.size is medium and probe.mood is good", false),
        ("where (probe.size is large or probe.size is small) and probe.mood is unknown", true),
        ("where probe.size is small except probe.mood is good except probe.size is large", true),
        ("where probe.size is small except probe.mood is unknown", false),
    ] {
        assert_eq!(holds(condition, &event, &world), expected, "{condition}");
    }
}

#[test]
fn what_guards_an_optional_and_what_does_not() {
    let rule = |clauses: &str| format!("policy 1\nrule r {{ on reply {clauses} pause prospect }}");
    for good in [
        "where reply.return-date is known and reply.return-date > 2026-07-07",
        "where reply.return-date is known where reply.return-date > 2026-07-07",
        "except reply.return-date is unknown where reply.return-date > 2026-07-07",
        "where not (reply.return-date is unknown or reply.return-date < 2026-07-07)",
        "where reply.return-date is not known or reply.return-date > 2026-07-07",
        "where not not reply.return-date is known and reply.return-date > 2026-07-07",
        "where reply.return-date is known \
         and (reply.kind is auto or reply.return-date > 2026-07-07)",
        "where (reply.return-date is known or reply.return-date is known) \
         where reply.return-date > 2026-07-07",
        "where reply.intent is referral",
        "where prospect.domain is \"acme.io\"",
    ] {
        expect_codes(&rule(good), &[]);
    }
    for bad in [
        "where reply.return-date > 2026-07-07",
        "where reply.return-date > 2026-07-07 where reply.return-date is known",
        "where reply.return-date is unknown and reply.return-date > 2026-07-07",
        "where reply.return-date is known or reply.return-date > 2026-07-07",
        "except reply.return-date is known where reply.return-date > 2026-07-07",
        "where (reply.return-date is known or reply.kind is auto) \
         and reply.return-date > 2026-07-07",
        "where not reply.return-date is known and reply.return-date > 2026-07-07",
        "where prospect.zone is \"Europe/Berlin\"",
    ] {
        expect_codes(&rule(bad), &["H0112"]);
    }
}

#[test]
fn ends_are_as_written() {
    let end = |effect: &str, event: &Event| {
        let policy = one_rule(effect);
        match fired(&policy, event, &World::default()).as_slice() {
            [Fired { action: Effect::Hold { end, mode: ResumeMode::Keep, .. }, .. }] => *end,
            other => panic!("{effect}: {other:?}"),
        }
    };
    let plain = |end| Ending { end, max_ms: None };
    let day = chrono::NaiveDate::from_ymd_opt(2026, 7, 7).expect("a date");
    let dated = probe().with("day", day).with("span", "2d").with("at", Instant::from_ms(5));
    let d = 86_400_000;
    for (effect, event, expected) in [
        ("pause prospect", &dated, plain(End::Open)),
        ("pause prospect for 14d", &dated, plain(End::After { ms: 14 * d })),
        ("pause prospect until 2026-07-07", &dated, plain(End::OnDate(day))),
        ("pause prospect until next-business-day", &dated, plain(End::NextBusinessDay(None))),
        (
            "pause prospect until next-business-day after probe.day else manual",
            &dated,
            plain(End::NextBusinessDay(Some(day))),
        ),
        ("pause prospect until probe.day else 3d", &dated, plain(End::OnDate(day))),
        ("pause prospect until probe.day else 3d", &probe(), plain(End::After { ms: 3 * d })),
        ("pause prospect until probe.at else 3d", &dated, plain(End::At(Instant::from_ms(5)))),
        ("pause prospect for probe.span else manual", &dated, plain(End::After { ms: 2 * d })),
        ("pause prospect for probe.span else manual", &probe(), plain(End::Open)),
        (
            "pause prospect until day-after probe.day else manual max 60d resume keep",
            &dated,
            Ending { end: End::DayAfter(day), max_ms: Some(60 * d) },
        ),
        (
            "pause prospect until day-after probe.day else manual max 60d",
            &probe(),
            plain(End::Open),
        ),
        (
            "pause prospect until day-after probe.day else 90d max 60d",
            &probe(),
            Ending { end: End::After { ms: 90 * d }, max_ms: Some(60 * d) },
        ),
        (
            "where probe.day is known pause prospect until day-after probe.day",
            &dated,
            plain(End::DayAfter(day)),
        ),
    ] {
        assert_eq!(end(effect, event), expected, "{effect}");
    }
}

/// Tags are asked for one by one and have no value of their own to read: whether they are known
/// used to be whether there was one. They are always there, as the check says.
#[test]
fn tags_are_always_known() {
    for tags in ["prospect.tags", "company.tags", "campaign.tags"] {
        let known = one_rule(&format!("where {tags} is known pause prospect"));
        let unknown = one_rule(&format!("where {tags} is unknown pause prospect"));
        assert_eq!(fired(&known, &probe(), &World::default()).len(), 1, "{tags}");
        assert_eq!(fired(&unknown, &probe(), &World::default()), [], "{tags}");
    }
}

/// Windows that count the same share one number, and with it they used to share the words of the
/// first of them. Each is shown as its own rule writes it.
#[test]
fn a_window_is_shown_as_its_rule_writes_it() {
    let policy = policy(
        "rule a { on reply when count(reply at company in 7d) >= 2 pause company }\n\
         rule b { on reply when count( reply  at company in 1w) >= 2 pause company }",
    );
    let event = Event::new("reply", "e").with("kind", "human");
    let found = fired(&policy, &event, &World::default());
    let why: Vec<_> = found.iter().map(|fired| &fired.action).collect();
    let unknown = |window: &str| Effect::Error(format!("`{window}` is unknown"));
    assert_eq!(
        why,
        [&unknown("count(reply at company in 7d)"), &unknown("count( reply at company in 1w)")]
    );
}

#[test]
fn every_scope_can_be_held() {
    for scope in Scope::ALL {
        for (verb, kind) in [("pause", HoldKind::Pause), ("stop", HoldKind::Stop)] {
            let policy = one_rule(&format!("{verb} {scope}"));
            let found = fired(&policy, &probe(), &World::default());
            let [Fired { action: Effect::Hold { scope: found, kind: held, .. }, effect: 0, .. }] =
                found.as_slice()
            else {
                panic!("{found:?}");
            };
            assert_eq!((*found, *held), (scope, kind));
        }
        let policy = one_rule("where probe.where-to is known pause probe.where-to");
        let event = probe().with("where-to", scope.name());
        let found = fired(&policy, &event, &World::default());
        let [fired] = found.as_slice() else { panic!("{found:?}") };
        let held = match &fired.action {
            Effect::Hold { scope, .. } => Some(*scope),
            _ => None,
        };
        assert_eq!(held, Some(scope));
    }
}

#[test]
fn a_rule_is_overridden_only_when_the_other_matches_too() {
    let policy = policy(
        "rule wide { on reply pause company }\n\
         rule narrow { on reply where reply.intent is referral pause prospect overrides wide }\n\
         rule widest { on reply where reply.kind is not auto pause workspace }\n\
         rule middle { on reply where reply.kind is human pause campaign \
         overrides widest, narrow }",
    );
    let names = |event: &Event| -> Vec<String> {
        let found = fired(&policy, event, &World::default());
        found.iter().map(|f| policy.rules()[usize::from(f.rule.0)].name.clone()).collect()
    };
    let reply = |kind: &str| Event::new("reply", "e").with("kind", kind);
    assert_eq!(names(&reply("auto")), ["wide"]);
    assert_eq!(names(&reply("auto").with("intent", "referral")), ["narrow"]);
    assert_eq!(names(&reply("human")), ["wide", "middle"]);
    // Whether a rule matches counts, not whether it is overridden itself.
    assert_eq!(names(&reply("human").with("intent", "referral")), ["middle"]);
}

#[test]
fn what_cannot_be_evaluated_is_an_error_and_never_nothing() {
    let policy = policy(
        "rule r { on reply where prospect.domain is \"acme.io\" ignore }\n\
         rule s { on reply pause company }\n\
         rule t { on reply where prospect.domain is \"acme.io\" ignore overrides s }",
    );
    let event = Event::new("reply", "e").with("kind", "human");
    let found = fired(&policy, &event, &World::default());
    let [first, second, third] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(first.action, Effect::Error("`prospect.domain` is unknown".to_owned()));
    assert!(matches!(second.action, Effect::Hold { .. }), "an override that failed overrides not");
    assert!(matches!(third.action, Effect::Error(_)));
}

#[test]
fn an_event_is_read_against_its_declaration() {
    let policy = one_rule("ignore");
    let bad = |event: Event| match policy.read(&event) {
        Err(EventError::BadAttribute { attribute, why, .. }) => format!("{attribute}: {why}"),
        other => panic!("{other:?}"),
    };
    let small = "expected one of `small`, `medium`, `large`, found";
    assert_eq!(bad(Event::new("probe", "e")), format!("size: {small} nothing"));
    assert_eq!(
        bad(Event::new("probe", "e").with("size", "smal")),
        format!("size: {small} `smal`; did you mean `small`?")
    );
    assert_eq!(
        bad(Event::new("probe", "e").with("size", 3)),
        format!("size: {small} the number `3`")
    );
    assert_eq!(
        bad(probe().with("numbr", 3)),
        "numbr: the event has no such attribute; did you mean `number`?"
    );
    assert_eq!(bad(probe().with("size", "small")), "size: it is given more than once");
    let date = |text: &str| text.parse::<chrono::NaiveDate>().expect("a date");
    for (name, value) in [
        ("number", Value::from("3")),
        ("text", Value::from(3)),
        ("flag", Value::from("true")),
        ("day", Value::from("2026-02-30")),
        ("day", Value::Date(date("1969-12-31"))),
        ("day", Value::Date(date("1970-01-01") + chrono::Days::new(3_000_000))),
        ("at", Value::from("2026-02-20")),
        ("span", Value::from("3")),
        ("span", Value::from(3)),
        ("host", Value::from("no domain")),
        ("mail", Value::from("ann")),
        ("where-to", Value::from("galaxy")),
        ("tags", Value::from("a")),
    ] {
        let found = bad(probe().with(name, value));
        assert!(
            found.starts_with(&format!("{name}: expected a")) || found.contains("`true`"),
            "{found}"
        );
    }
    let unknown = policy.read(&Event::new("repyl", "e")).expect_err("unknown");
    assert_eq!(unknown.to_string(), "unknown event type `repyl`; did you mean `reply`?");
}

#[test]
fn a_policy_as_people_write_it_compiles() {
    fn shared<T: Send + Sync>(_: &T) {}
    let policy = policy(
        r#"
domains free-mail = ["gmail.com", "outlook.com", "yahoo.com"]

event demo-booked { plan: text optional  scope: prospect | company }

@owner(growth)
rule company-replied "Someone at the company answered" {
  on reply
  where reply.kind is human
  except prospect.domain in free-mail
  pause company
  reason "A person at this company replied"
}

rule out-of-office {
  on reply
  where reply.kind is out-of-office
  pause prospect until day-after reply.return-date else manual max 60d
  resume keep
}

rule hard-bounce { on bounce  where bounce.class is hard  stop prospect }
rule qualified   { on mark  where mark.as in [qualified, unqualified]  stop mark.scope }
rule archived    { on campaign.archived  pause campaign }
rule auto-reply  { on reply  where reply.kind is auto  ignore }
rule demo        { on demo-booked  pause demo-booked.scope  pause company in campaign for 14d }

rule referral "Talk to my colleague: do not silence the company" {
  on reply
  where reply.kind is human and reply.intent is referral
  pause prospect
  overrides company-replied
}
"#,
    );
    shared(&policy);
    assert_eq!(policy.rules().len(), 8);
    let booked = Event::new("demo-booked", "e").with("scope", "company");
    let found = fired(&policy, &booked, &World::default());
    let scope = |fired: &Fired| match &fired.action {
        Effect::Hold { scope, .. } => Some((fired.effect, *scope)),
        _ => None,
    };
    let scopes: Vec<_> = found.iter().map(scope).collect();
    assert_eq!(scopes, [Some((0, Scope::Company)), Some((1, Scope::CompanyInCampaign))]);
}

#[test]
fn tests_are_counted_whatever_else_is_written() {
    let test = "test \"a\" {\n  0d reply a@acme.io kind human => quiet\n}\n";
    let other = test.replace("\"a\"", "\"b\"");
    for (text, tests) in [
        ("policy 1\n".to_owned(), 0),
        (format!("policy 1\n\n{test}\n{other}"), 2),
        (format!("policy 1\n\nrule r {{ on repyl ignore }}\n\n{test}"), 1),
    ] {
        assert_eq!(tests_in(&bundle(&text)), tests, "{text}");
    }
}

#[test]
fn rules_say_who_they_are() {
    let policy = policy(
        "@owner(growth)\nrule replied \"Someone \\\"answered\\\"\" {\n on reply pause prospect\n \
         reason \"The prospect replied\" }",
    );
    let [rule] = policy.rules() else { panic!("one rule") };
    assert_eq!(rule.owner.as_deref(), Some("growth"));
    assert_eq!(rule.title.as_deref(), Some("Someone \"answered\""));
    assert_eq!(rule.reason.as_deref(), Some("The prospect replied"));
    assert_eq!((rule.file.as_str(), rule.line), ("test.rules", 3));
}

#[test]
fn the_hash_is_of_names_and_texts() {
    let bundle = Policy::default_rules();
    let policy = Policy::compile(&bundle).expect("it compiles").0;
    assert_eq!(policy.hash(), super::super::PolicyHash::of(&bundle));
    assert_eq!(policy.hash().to_string().len(), 64);
    assert!(policy.hash().to_string().starts_with(&policy.hash().short()));
    let mut other = bundle;
    other.files[0].name.push('x');
    assert_ne!(super::super::PolicyHash::of(&other), policy.hash());
}
