//! The shipped policy does what the product promises.

use chrono::NaiveDate;

use super::super::{Counted, Effect, End, Ending, Policy, RuleVerdict, render};
use super::world::{World, policy};
use crate::model::Event;

fn shipped() -> Policy {
    Policy::compile(&Policy::default_rules()).expect("the shipped policy compiles").0
}

/// The rules that fire and what they do, in a few words each.
fn effects(event: Event, world: &World) -> Vec<String> {
    let policy = shipped();
    let typed = policy.read(&event).expect("a well-formed event");
    let mut fired = Vec::new();
    policy.evaluate(&typed, world, &mut fired);
    let name = |rule: super::super::RuleIndex| policy.rules()[usize::from(rule.0)].name.clone();
    let say = |action: &Effect| match action {
        Effect::Hold { kind, scope, end, .. } => format!("{kind} {scope}{}", ending(*end)),
        Effect::Ignore => "ignore".to_owned(),
        Effect::Resume { scope, rules } => {
            let rules: Vec<_> = rules.iter().map(|rule| name(*rule)).collect();
            format!("resume {scope} from {}", rules.join(", "))
        }
        Effect::Error(why) => format!("error: {why}"),
    };
    fired.iter().map(|fired| format!("{}: {}", name(fired.rule), say(&fired.action))).collect()
}

fn ending(Ending { end, max_ms }: Ending) -> String {
    let end = match end {
        End::Open => String::new(),
        End::After { ms } => format!(" for {} d", ms / 86_400_000),
        End::DayAfter(date) => format!(" until the day after {date}"),
        other => format!(" until {other:?}"),
    };
    max_ms.map_or(end.clone(), |ms| format!("{end} max {} d", ms / 86_400_000))
}

fn expect(event: Event, world: &World, expected: &[&str]) {
    let shown = format!("{event:?}");
    assert_eq!(effects(event, world), expected, "{shown}");
}

fn event(kind: &str) -> Event {
    Event::new(kind, "e1").prospect("ann").campaign("spring")
}

#[test]
fn it_compiles_without_a_finding_and_gives_reasons() {
    let bundle = Policy::default_rules();
    let (policy, warnings) = Policy::compile(&bundle).expect("it compiles");
    assert_eq!(render(&warnings, &bundle, false), "");
    assert!(policy.rules().len() >= 20);
    for rule in policy.rules() {
        assert!(rule.reason.is_some() && rule.title.is_some(), "{} gives a reason", rule.name);
        let line = bundle.files[0].text.lines().nth(rule.line as usize - 1).unwrap_or_default();
        assert!(line.starts_with(&format!("rule {} ", rule.name)), "the line of {}", rule.name);
    }
}

#[test]
fn every_event_of_the_vocabulary_is_handled() {
    let policy = shipped();
    // What only reports that a send went well needs no rule.
    let quiet = ["sent", "delivered"];
    for (number, name) in policy.event_names().enumerate() {
        if quiet.contains(&name) {
            continue;
        }
        assert!(!policy.checked.events[number].listeners.is_empty(), "no rule listens to {name}");
    }
}

#[test]
fn row_1_a_reply_pauses_the_prospect() {
    let acme = World::at("acme.io");
    for kind in ["human", "unknown"] {
        let found = effects(event("reply").with("kind", kind), &acme);
        assert!(found.iter().any(|effect| effect.ends_with(": pause prospect")), "{kind}");
    }
    let human = || event("reply").with("kind", "human");
    let both = ["human-reply: pause prospect", "company-replied: pause company"];
    expect(human(), &acme, &both);
    expect(human(), &World::at("gmail.com"), &["human-reply: pause prospect"]);
    expect(human(), &World::default(), &["human-reply: pause prospect"]);
    let referral = human().with("intent", "referral");
    expect(referral, &acme, &["human-reply: pause prospect", "referral: pause prospect"]);
    expect(event("reply").with("kind", "auto"), &acme, &["auto-reply: ignore"]);
}

#[test]
fn row_2_a_mark_stops_what_the_person_chose() {
    let acme = World::at("acme.io");
    for mark in ["qualified", "unqualified"] {
        for scope in ["prospect", "company"] {
            let event = event("mark").with("as", mark).with("scope", scope);
            expect(event, &acme, &[&format!("marked-final: stop {scope}")]);
        }
    }
}

#[test]
fn row_4_an_archived_campaign_is_paused() {
    let event = Event::new("campaign.archived", "e1").campaign("spring");
    expect(event, &World::default(), &["campaign-archived: pause campaign"]);
}

#[test]
fn row_11_out_of_office_ends_the_day_after_the_return_date_or_waits_for_a_person() {
    let acme = World::at("acme.io");
    let away = || event("reply").with("kind", "out-of-office");
    expect(
        away().with("return-date", "2026-07-07"),
        &acme,
        &["out-of-office: pause prospect until the day after 2026-07-07 max 60 d"],
    );
    let date = NaiveDate::from_ymd_opt(2026, 7, 7).expect("a date");
    expect(
        away().with("return-date", date),
        &acme,
        &["out-of-office: pause prospect until the day after 2026-07-07 max 60 d"],
    );
    expect(away(), &acme, &["out-of-office: pause prospect"]);
}

#[test]
fn row_12_hard_bounce_opt_out_and_complaint_stop() {
    let bounced = |count| World {
        counts: vec![Counted { count, ..Counted::default() }],
        ..World::at("acme.io")
    };
    let acme = bounced(1);
    let hard = event("bounce").with("class", "hard");
    expect(hard, &acme, &["hard-bounce: stop prospect"]);
    let third = event("bounce").with("class", "hard");
    let both = ["hard-bounce: stop prospect", "company-bouncing: pause company for 14 d"];
    expect(third, &bounced(3), &both);
    expect(event("opt-out"), &acme, &["opted-out: stop prospect"]);
    expect(event("complaint"), &acme, &["complained: stop prospect"]);
    let soft = event("bounce").with("class", "soft");
    expect(soft, &acme, &["soft-bounce: pause prospect for 3 d"]);
}

#[test]
fn senders_and_data_are_held_and_released() {
    let none = World::default();
    let off = Event::new("sender.disconnected", "e1").sender("ann@ours");
    expect(off, &none, &["sender-disconnected: pause sender"]);
    let on = Event::new("sender.connected", "e2").sender("ann@ours");
    expect(on, &none, &["sender-connected: resume sender from sender-disconnected"]);
    expect(event("data.missing"), &none, &["data-missing: pause enrollment"]);
    let there = event("data.completed");
    expect(there, &none, &["data-completed: resume enrollment from data-missing"]);
    let failed = event("send.failed").with("class", "permanent");
    expect(failed, &none, &["send-failed: ignore"]);
    let guard = event("guardrail").with("name", "bounces").with("scope", "company-in-campaign");
    assert!(shipped().read(&guard).is_err(), "not among the scopes of the declaration");
    let guard = event("guardrail").with("name", "bounces").with("scope", "workspace");
    expect(guard, &none, &["guardrail-hit: pause workspace"]);
}

#[test]
fn the_explanation_shows_what_was_found() {
    let policy = shipped();
    let event = event("reply").with("kind", "human").with("intent", "referral");
    let typed = policy.read(&event).expect("a well-formed event");
    let traces = policy.explain(&typed, &World::at("acme.io"));
    let trace = |name: &str| {
        let index = policy.rule_named(name).expect("a rule");
        traces.iter().find(|trace| trace.rule == index).expect("it listens")
    };
    let referral = policy.rule_named("referral").expect("a rule");
    let company = trace("company-replied");
    assert_eq!(company.verdict, RuleVerdict::OverriddenBy(vec![referral]));
    let clauses: Vec<_> = company
        .clauses
        .iter()
        .map(|clause| (clause.text.as_str(), clause.pass, clause.actual.as_str()))
        .collect();
    assert_eq!(
        clauses,
        [
            ("reply.kind is human", Some(true), "human"),
            ("company.key is known", Some(true), "acme.io"),
            (
                "except prospect.domain is known and prospect.domain in free-mail",
                Some(true),
                "prospect.domain is acme.io, acme.io is not in the list of 35"
            ),
        ]
    );
    let away = trace("out-of-office");
    assert_eq!(away.verdict, RuleVerdict::NotMatched);
    assert_eq!(away.clauses[0].actual, "human");
    let fired = trace("referral");
    assert_eq!(fired.verdict, RuleVerdict::Fired);
    assert_eq!(fired.clauses[1].text, "reply.intent is referral");
}

#[test]
fn the_explanation_shows_how_much_was_counted() {
    let policy = policy(
        "rule few { on reply when count(reply at company in 7d) >= 2 pause company }\n\
         rule share { on reply when rate(bounce per sent at company in 3d) > 40% of at least 2 \
         pause company }\n\
         rule either { on reply when rate(bounce per sent at company in 3d) > 40% of at least 2 \
         or count(reply at company in 7d) >= 2 stop company }",
    );
    let typed = policy.read(&event("reply").with("kind", "human")).expect("a well-formed event");
    let shown = |counts: &[Counted]| {
        let world = World { counts: counts.to_vec(), ..World::at("acme.io") };
        let traces = policy.explain(&typed, &world);
        traces.iter().map(|trace| trace.clauses[0].actual.clone()).collect::<Vec<_>>()
    };
    let replies = Counted { count: 3, of: 0, or_more: false };
    let many = Counted { count: 4096, of: 0, or_more: true };
    let share = |count, of| Counted { count, of, or_more: false };
    let rate = |share: &str| format!("rate(bounce per sent at company in 3d) is {share}");
    let count = |count: &str| format!("count(reply at company in 7d) is {count}");
    let half = "57 of 113, 50.44%";
    assert_eq!(shown(&[replies, share(57, 113)]), ["3", half, &rate(half)]);
    let (none, most) = ("0 of 4, 0.00%", "at least 4096");
    let both = format!("{}, {}", rate(none), count(most));
    assert_eq!(shown(&[many, share(0, 4)]), [most, none, &both]);
    // Without any there is no share; and what is not counted is not made up.
    assert_eq!(shown(&[replies, share(0, 0)])[1], "0 of 0");
    assert_eq!(shown(&[])[0], "`count(reply at company in 7d)` is unknown");
}

#[test]
fn the_explanation_shows_tags() {
    let policy = policy("rule vip { on reply where \"vip\" in prospect.tags pause company }");
    let typed = policy.read(&event("reply").with("kind", "human")).expect("a well-formed event");
    let shown = |tags: &[&str]| {
        let tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
        let traces = policy.explain(&typed, &World { tags, ..World::at("acme.io") });
        traces[0].clauses[0].actual.clone()
    };
    assert_eq!(shown(&[]), "no tags");
    assert_eq!(shown(&["gold", "vip"]), "gold, vip");
}
