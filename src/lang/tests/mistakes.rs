//! Mistakes that people make, and what they are told. One snapshot holds them all.

use std::fmt::Write as _;

use super::super::check;
use super::bundle;

/// Rules files behind their `policy 1`, each with one or two mistakes.
pub(super) const MISTAKES: &[&str] = &[
    "rule a { on reply where reply.kind is human, pause prospect }",
    "rule a { on reply where reply.kind is human paus prospect }",
    "rule a on reply pause prospect }\nrule b { on reply ignore }",
    "rule a { on reply pause prospect until friday }",
    "rule a { on reply pause prospect until 31d }",
    "rule a { on reply where prospect.tags is \"x\" pause prospect }",
    "rule a { on reply where prospect.tags in [\"x\"] pause prospect }",
    "rule a { on reply where reply.kind is \"human\" pause prospect }",
    "rule a { on reply where \"human\" is reply.kind pause prospect }",
    "rule a { on reply where reply.kind in free pause prospect }",
    "rule a { on reply where kind is human pause prospect }",
    "rule a { on reply where prospect.domain in [\"gmail.com\" \"x.com\", \"gmail.com\"] \
     pause prospect }",
    "event x { a: text b: nope, c: foo | }\nrule a { on x ignore }",
    "event x { a text  b: number }",
    "rule a { on reply pause prospect for 3d until 2026-01-01 else manual }",
    "rule a { on reply pause company in campain }",
    "rule a { on reply pause prospect for 3d else 2d }",
    "rule a { on reply where (reply.kind is human)) pause prospect }",
    "rule a { on reply where reply.kind is not in [human] pause prospect }",
    "rule a { on reply where reply.kind == human && reply.intent != referral pause prospect }",
    "rule a { on reply overrides a pause prospect }",
    "rule a { on sender.connected resume sender from }",
    "rule а { on reply pause prospect }",
    "rule a { on reply pause prospect reason \"x }\nrule b { on open ignore }",
    "rule a { on reply pause prospect reason }",
    "rule a { on reply where reply.kind in [human, robot] pause prospect }",
    "rule a { on reply where prospect.field(industry) is \"x\" pause prospect }",
    "rule a { on reply where prospect.field(\"industry\") is \"x\" pause prospect }",
    "rule a { on reply for 3d pause prospect }",
    "rule a { on bounce when count(bounce at company in 7d) > 3 \
     or count(open in 1d at prospct) < 1 pause company }",
    "rule a { on bounce when count(bounces at company in 7d) >= 3 pause company }",
    "rule a { on bounce when count(reply where bounce.class is soft at company in 7d) >= 3 \
     pause company }",
    "rule a { on bounce when rate(bounce per sent at campaign in 90m) >= 0.5 pause campaign }",
    "rule a { on bounce when rate(bounce at campaign in 7d) >= 2% of at least 20 pause campaign }",
    "rule a { on bounce when count(distinct company of bounce at campaign in 7d) >= 2 \
     pause campaign }",
    "rule a { on bounce when count(bounce at company) pause company }",
    "rule a { on bounce when count bounce >= 3 pause company }",
    "rule a { on bounce when count(bounce at company in 7 days) >= 3 pause company }",
    "rule a { on bounce when count(bounce at company in 1 week) >= 3 pause company }",
    "rule a { on bounce when count(bounce at company in 7d >= 3 pause company }",
    "rule a { on bounce when count(bounce at company in 7d pause company }",
    "rule a { on bounce when not count(bounce where bounce.class is soft at company in 7d >= 3 \
     pause company }",
    "rule a { on bounce when count(prospect of bounce at company in 7d) >= 3 pause company }",
    "rule a { on bounce when rate(bounce per sent at campaign in 7d >= 2% of at least 9 \
     pause campaign }",
    "rule a { on bounce when count(bounce at the company in 7d) >= 3 pause company }",
    "rule a { on bounce when count() >= 3 pause company }",
    "rule a { on reply pause company for 30 days }",
    "rule a { on reply where reply.intent is \"not-now\" pause prospect }",
    "rule a { on reply where reply.intent is not now pause prospect }",
    "rule a { on reply pause prospect }\nrule a { on open pause prospect for 1d }",
    "test { 0d reply a@x.io kind auto -> quiet }",
    "test { 0d a@x.io reply kind auto => a@x.io active }",
    "rule a { on reply pause the company reason “no” }",
    "include other.rules\nrule a { on reply pause prospect }",
    "addresses a = [\"ann@acme.io\", \"bob\"]\n\
     rule a { on reply where prospect.domain in a pause prospect }",
    "rule a { on reply where reply.kind is human and reply.kind is auto pause prospect }",
    "rule a { on reply pause prospect }\nrule b { on reply where reply.kind is auto ignore }",
    "rule a { on reply pause prospect }\n\
     rule b { on reply where reply.intent is referral pause prospect for 3d }",
    "rule a { on bounce where bounce.class is hard stop prospect }\n\
     rule b { on bounce where bounce.class is hard stop prospect }",
    "rule a { on reply except reply.kind is human and reply.kind is auto pause prospect }",
    "domains d = [\"gmаil.com\"]\nrule a { on reply where prospect.domain in d pause prospect }",
    "rule a { on reply pause company }\n\
     invariant \"people only\" { never pause company on reply when reply.kind is auto }",
    "invariant \"x\" { never pauses company on reply }",
    "invariant \"x\" { never pause company on reply where reply.kind is human }",
    "\n# c\nrule a {\n  on reply # why\n  where reply.kind is human # because\n\
       pause prospect # x\n}",
    "test { 2 reply a@x.io kind auto => quiet }",
    "test { 09:30 reply a@x.io kind auto => quiet }",
    "test { 36h 09:30 => quiet }",
    "test { 0d repyl a@x.io kind auto => quiet\n 1d paus a@x.io => quiet }",
    "test { 0d reply acme kind auto => acme active\n 0d reply a@x.io in sprng kind auto => quiet }",
    "test { 0d reply a@x.io knd auto => quiet\n 0d reply a@x.io kind robot => quiet }",
    "test { 0d reply a@x.io kind auto kind auto => quiet\n 0d reply a@x.io kind => quiet }",
    "test { 0d reply a@x.io, kind auto => quiet\n 0d reply a@x.io return-date soon => quiet }",
    "test { 0d mark a@x.io as qualified => quiet\n 0d guardrail a@x.io name x scope compny }",
    "test { 0d => a@x.io\n 0d => \n 0d => a@x.io paused by\n 0d => a@x.io paused by nobody }",
    "test { 0d => a@x.io next\n 0d => a@x.io next soon\n 0d => a@x.io stopped until 3d, quiet }",
    "test { 0d => quiet and so on\n 0d pause => quiet\n 0d add acme => quiet\n 0d retract }",
    "test { compny acme { }\n company { }\n sender a b { }\n prospect a@x.io\n 0d => quiet }",
    "test { company acme { tag vip  stage  a@x.io }\n company acme { }\n 0d => quiet }",
    "test { campaign c { step a after soon  step b on noday  step c between 9-x } 0d => quiet }",
    "test { campaign c { senders x@y.io  enroll bob }  sender s { gap 5 } 0d => quiet }",
    "test { start 2026-03-02 at 09:00\n start 2026-13-02\n 0d => quiet }",
    "test { prospect a { field industry  zone } 0d reply a kind auto }",
    "test { }\ntest \"named\" { 0d }",
    "test { 0d enroll a@x.io => quiet\n 0d add b@x.io to workspace => quiet }",
];

#[test]
fn each_mistake_is_told_in_words_of_the_language() {
    let mut told = String::new();
    for text in MISTAKES {
        let _ = writeln!(told, "{text}");
        for found in check(&bundle(&format!("policy 1\n{text}"))) {
            let _ = writeln!(told, "    {found}");
            if let Some(help) = found.help {
                let _ = writeln!(told, "        {help}");
            }
        }
        told.push('\n');
    }
    insta::assert_snapshot!(told);
}

/// Ten mistakes of ten kinds in one file.
const TEN: &str = r#"policy 1
domains partners = ["partner.example"]

rule replied { on reply  where reply.kind is human  pause company }
rule replied { on bounce  pause prospect }
rule open-ended { on open  pause prospect for 1d
rule misspelled { on reply  pause compny }
rule unreadable { on bounce  where bounce.class is hard  paus prospect  pause prospect for 2d }
rule nobody { on demo.booked  pause prospect }
rule never { on click  where prospect.domain in partners  except prospect.domain in partners
  pause prospect }
rule machines { on reply  ignore }
rule quoted { on mark  where mark.as is "qualified"  pause mark.scope }
rule untyped { on company.stage  where company.stage.stage is 3  pause company }

invariant "people only" { never pause company on reply }

test "t" { 0d  reply ann@acme.io kind robot  => quiet }
"#;

fn codes(text: &str) -> Vec<u16> {
    let mut codes: Vec<u16> = check(&bundle(text)).iter().map(|it| it.code.0).collect();
    codes.sort_unstable();
    codes.dedup();
    codes
}

#[test]
fn ten_mistakes_are_ten_findings_in_one_run() {
    assert_eq!(codes(TEN), [2, 5, 101, 104, 107, 110, 114, 217, 218, 219]);
}

/// Whether a code is told of rules behind `policy 1`.
fn told(code: u16, rules: &str) -> bool {
    codes(&format!("policy 1\n{rules}\n")).contains(&code)
}

#[test]
fn what_a_missing_rule_could_be_the_reason_for_is_not_told() {
    const HUMAN: &str = "rule a { on reply where reply.kind is human pause company }\n";
    const MEETS: &str = "rule b { on reply ignore }\n";
    const ALWAYS: &str = "invariant \"i\" { always stop prospect on opt-out }\n";
    let meets = |rules: &str| told(218, &format!("{HUMAN}{MEETS}{rules}"));
    assert!(meets(""));
    assert!(meets("rule c { on open pause compny }"));
    assert!(meets("rule c on open pause prospect }"));
    assert!(meets("rule a { on open pause prospect }"));
    assert!(meets("rule c { on open pause prospect"));
    assert!(meets("rule c { on reply overrides d pause prospect }\nrule d { on reply paus }"));
    assert!(!meets("rule c { on reply overrides a pause compny }"), "it may give way");
    assert!(!meets("rule c on reply overrides a pause prospect }"), "it may give way");
    assert!(!meets("rule c { on reply overides a pause prospect }"), "it may give way");
    assert!(!meets("rule c { on reply overrides other-rule pause prospect }"), "to which?");
    assert!(!meets("rule c { on bouncce overrides a pause prospect }"), "it may give way");
    assert!(!told(
        218,
        &format!("{HUMAN}rule b {{ on reply ignore }} except reply.kind is auto }}")
    ));
    assert!(!told(218, &format!("{HUMAN}rule b {{ on reply ignore overrides aa }}")));
    assert!(!told(218, &format!("{HUMAN}{MEETS}include \"gone.rules\"")));

    assert!(told(219, &format!("{ALWAYS}rule c {{ on reply pause compny }}")));
    assert!(told(219, &format!("{ALWAYS}rule c {{ on reply pause prospect")));
    assert!(!told(219, &format!("{ALWAYS}rule c {{ on opt-out stop compny }}")));
    assert!(!told(219, &format!("{ALWAYS}rule c on opt-out stop prospect }}")));
    assert!(!told(219, &format!("{ALWAYS}rule c {{ on optout stop prospect }}")));
    let never = "invariant \"i\" { never pause company on reply when reply.kind is human }\n";
    assert!(told(219, &format!("{HUMAN}{never}rule c {{ on reply pause compny }}")));
    assert!(!told(219, &format!("{HUMAN}{never}rule c {{ on reply overrides a pause compny }}")));
    assert!(!told(219, &format!("{HUMAN}invariant \"i\" {{ never pause on reply where x is y }}")));

    let listed = "rule a { on reply where prospect.domain in d pause prospect }";
    assert!(told(217, &format!("domains d = []\n{listed}")));
    assert!(!told(217, &format!("domains d = [\"no domain\"]\n{listed}")));
    assert!(!told(217, &format!("domains d from \"gone.txt\"\n{listed}")));
    let over = "rule b { on reply pause company overrides a }";
    assert!(told(217, &format!("{HUMAN}{over}\nrule c {{ on reply pause compny }}")));
    assert!(!told(217, &format!("{HUMAN}{over}\nrule a {{ on open pause prospect }}")), "which?");
    assert!(!told(217, &format!("{over}\nrule a {{ on reply stop prospect }}")), "refused");
}
