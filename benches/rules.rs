//! The interpreter alone: no engine, no store, one thread. Facts are given, as a host with its
//! own tables would give them.

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use holdline::lang::{Counted, Facts, Fired, Outline, TypedEvent};
use holdline::{Event, Policy, PolicyBundle, PolicyFile};

use super::param;

/// One prospect of a company, in a campaign.
struct Person {
    counted: u32,
}

impl Facts for Person {
    fn prospect_address(&self) -> Option<&str> {
        Some("ann@acme.example")
    }
    fn prospect_domain(&self) -> Option<&str> {
        Some("acme.example")
    }
    fn prospect_zone(&self) -> Option<&str> {
        Some("Europe/Berlin")
    }
    fn prospect_has_tag(&self, tag: &str) -> bool {
        tag == "vip"
    }
    fn prospect_tags(&self, each: &mut dyn FnMut(&str)) {
        each("vip");
    }
    fn prospect_field(&self, _name: &str) -> Option<&str> {
        None
    }
    fn company_key(&self) -> Option<&str> {
        Some("acme.example")
    }
    fn company_stage(&self) -> Option<&str> {
        None
    }
    fn company_has_tag(&self, _tag: &str) -> bool {
        false
    }
    fn company_tags(&self, _each: &mut dyn FnMut(&str)) {}
    fn campaign_key(&self) -> Option<&str> {
        Some("spring")
    }
    fn campaign_has_tag(&self, _tag: &str) -> bool {
        false
    }
    fn campaign_tags(&self, _each: &mut dyn FnMut(&str)) {}
    fn enrollment_step(&self) -> Option<i64> {
        Some(2)
    }
    fn enrollment_sends(&self) -> Option<i64> {
        Some(1)
    }
    fn days_since_last_send(&self) -> Option<i64> {
        Some(3)
    }
    fn counted(&self, _window: u32) -> Option<Counted> {
        Some(Counted { count: self.counted, of: 100, or_more: false })
    }
}

fn policy(text: &str) -> Policy {
    let file = PolicyFile { name: "bench.rules".to_owned(), text: format!("policy 1\n{text}") };
    let (policy, _) = Policy::compile(&PolicyBundle { files: vec![file] }).unwrap();
    policy
}

/// The mix of what a host reports: 55 % open, 20 % click, 10 % reply, of which 3 % out of office,
/// 6 % bounce, 4 % mark, 3 % opt-out, 2 % other. Drawn with a fixed seed.
fn mixed(policy: &Policy, events: usize) -> Vec<TypedEvent> {
    let mut seed = 42_u64;
    let mut draw = |of: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % of
    };
    let mut next = || match draw(100) {
        0..55 => Event::new("open", "e"),
        55..75 => Event::new("click", "e"),
        75..85 => {
            let kind = match draw(100) {
                0..3 => "out-of-office",
                3..13 => "auto",
                _ => "human",
            };
            let intent = ["positive", "negative", "referral", "not-now", "unknown"];
            let intent = intent[usize::try_from(draw(5)).unwrap()];
            Event::new("reply", "e").with("kind", kind).with("intent", intent)
        }
        85..91 => {
            let class = if draw(3) == 0 { "hard" } else { "soft" };
            Event::new("bounce", "e").with("class", class)
        }
        91..95 => {
            let kinds = ["qualified", "unqualified", "interested", "maybe-later", "not-interested"];
            let kind = kinds[usize::try_from(draw(5)).unwrap()];
            let scope = if draw(2) == 0 { "prospect" } else { "company" };
            Event::new("mark", "e").with("as", kind).with("scope", scope)
        }
        95..98 => Event::new("opt-out", "e"),
        _ => Event::new("meeting.booked", "e"),
    };
    (0..events).map(|_| policy.read(&next()).unwrap()).collect()
}

/// Two hundred rules: most listen to the events that come most often.
fn two_hundred() -> String {
    let mut text = String::from("domains free-mail = [\"gmail.com\", \"outlook.com\"]\n");
    let intents = ["positive", "negative", "referral", "not-now"];
    for number in 0..200 {
        let intent = intents[number % 4];
        let rule = match number % 5 {
            0 => format!(
                "on open where prospect.field(\"f\") is known and enrollment.step is known \
                 and enrollment.step > {number} pause prospect"
            ),
            1 => format!(
                "on reply where reply.kind is human and reply.intent is {intent} \
                 except prospect.domain in free-mail pause company for {}d",
                number + 1
            ),
            2 => format!(
                "on bounce where bounce.class is soft and prospect.domain is \
                 \"d{number}.example\" pause prospect"
            ),
            3 => format!(
                "on mark where mark.as is interested and \"tag-{number}\" in prospect.tags \
                 pause mark.scope"
            ),
            _ => format!(
                "on click where campaign.key is known and campaign.key is \"c{number}\" \
                 pause campaign"
            ),
        };
        text.push_str(&format!("rule r{number} {{ {rule} }}\n"));
    }
    text
}

const WINDOWS: &str = "
rule bouncing { on bounce when count(bounce at company in 7d) >= 3 pause company for 14d }
rule bad-list {
  on bounce
  when rate(bounce per sent at campaign in 28d) >= 2% of at least 20
  pause campaign
}";

fn run(policy: &Policy, person: &Person, events: &[TypedEvent], fired: &mut Vec<Fired>) -> usize {
    let mut holds = 0;
    for event in events {
        fired.clear();
        policy.evaluate(black_box(event), person, fired);
        holds += fired.len();
    }
    holds
}

/// Evaluating, per event.
pub fn evaluate(c: &mut Criterion) {
    let events = param(100, 10_000);
    let mut group = c.benchmark_group("evaluate");
    group.throughput(Throughput::Elements(events as u64));
    let shipped = Policy::compile(&Policy::default_rules()).unwrap().0;
    let (many, windows) = (policy(&two_hundred()), policy(WINDOWS));
    let unheard = policy("rule one { on reply pause prospect }");
    let of = |policy: &Policy, kind: Event| vec![policy.read(&kind).unwrap(); events];
    let bounce = Event::new("bounce", "e").with("class", "soft");
    let cases = [
        ("an event no rule listens to", &unheard, of(&unheard, Event::new("open", "e"))),
        ("default.rules, mixed events", &shipped, mixed(&shipped, events)),
        ("200 rules, mixed events", &many, mixed(&many, events)),
        ("two windows", &windows, of(&windows, bounce)),
    ];
    for (name, policy, events) in cases {
        let person = Person { counted: 2 };
        let mut fired = Vec::new();
        let expected = run(policy, &person, &events, &mut fired);
        group.bench_function(name, |b| {
            b.iter(|| assert_eq!(run(policy, &person, &events, &mut fired), expected));
        });
    }
    group.finish();
}

/// Reading alone, as an editor does after each letter.
pub fn parse(c: &mut Criterion) {
    let bundle = Policy::default_rules();
    c.bench_function("parse default.rules and name its symbols", |b| {
        b.iter(|| {
            let outline = Outline::of(black_box(&bundle));
            assert!(outline.symbols("default.rules").len() > 20);
        });
    });
}

/// Reading, checking and compiling.
pub fn compile(c: &mut Criterion) {
    let text = format!("policy 1\n{}", two_hundred());
    let bundle = PolicyBundle { files: vec![PolicyFile { name: "bench.rules".to_owned(), text }] };
    for (name, bundle, rules) in
        [("default.rules", Policy::default_rules(), 20), ("200 rules", bundle, 200)]
    {
        c.bench_function(&format!("parse, check and compile {name}"), |b| {
            b.iter(|| {
                let (policy, _) = Policy::compile(black_box(&bundle)).unwrap();
                assert!(policy.rules().len() >= rules);
            });
        });
    }
}

/// As many rules as there may be, all on one event, each with a question of its own, and every
/// other one ignoring what the rest pause: what the check can find there is cut short.
pub fn hostile(c: &mut Criterion) {
    let rules = param(50, 10_000);
    let rule = |number: usize| {
        let effect = if number.is_multiple_of(2) { "ignore" } else { "pause prospect" };
        format!("rule r{number} {{ on open where \"t{number}\" in prospect.tags {effect} }}\n")
    };
    let text = format!("policy 1\n{}", (0..rules).map(rule).collect::<String>());
    let bundle = PolicyBundle { files: vec![PolicyFile { name: "bench.rules".to_owned(), text }] };
    c.bench_function("check 10,000 rules on one event", |b| {
        b.iter(|| assert!(holdline::lang::check(black_box(&bundle)).len() > 1));
    });
}
