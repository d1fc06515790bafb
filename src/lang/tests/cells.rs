//! What the check finds by looking at all cells, case by case.

mod brute;

use super::super::{Policy, check, render};
use super::{bundle, codes};
use crate::model::PolicyFile;
use crate::trial::Trial;

/// Checks rules and expects exactly these codes, with these words somewhere in the messages.
fn expect(rules: &str, expected: &[(&str, &str)]) {
    let bundle = bundle(&format!("policy 1\n{rules}"));
    let found = check(&bundle);
    let shown = render(&found, &bundle, false);
    let wanted: Vec<&str> = expected.iter().map(|(code, _)| *code).collect();
    assert_eq!(codes(&found), wanted, "{rules}\n{shown}");
    for ((_, words), found) in expected.iter().zip(&found) {
        let said = format!("{} {}", found.message, found.help.as_deref().unwrap_or_default());
        assert!(said.contains(words), "expected {words:?} in {said}");
    }
}

#[test]
fn a_rule_that_can_never_fire_is_found_and_its_reason_named() {
    for (conditions, why) in [
        ("where reply.kind is human except reply.kind is not auto", "exclude each other"),
        ("where reply.kind is human and reply.kind is auto", "`reply.kind is auto` exclude"),
        ("except reply.kind in [human, auto, out-of-office, unknown]", "never holds"),
        (
            "where enrollment.sends is known and enrollment.sends > 3 and enrollment.sends < 4",
            "exclude each other",
        ),
        (
            "where enrollment.sends is known and enrollment.step is known \
             and enrollment.sends >= 3 and enrollment.step is 2",
            "exclude each other",
        ),
        (
            "where prospect.address is \"ann@acme.io\" and prospect.domain is \"globex.com\"",
            "exclude each other",
        ),
        ("where prospect.domain in big except prospect.domain ends with \".io\"", "exclude"),
        ("when count(reply at prospect in 7d) < 1", "never holds"),
        (
            "when count(reply at company in 7d) >= 5 and count(reply at company in 28d) < 5",
            "exclude each other",
        ),
        (
            "where reply.return-date is known and reply.return-date < 2026-01-01 \
             and reply.return-date > 2025-12-31",
            "exclude each other",
        ),
        (
            "where prospect.address is known and reply.from is known \
             and reply.from is prospect.address and reply.from is \"a@big.io\" \
             and prospect.domain is \"c.io\"",
            "never holds where the conditions before it do",
        ),
    ] {
        expect(
            &format!(
                "domains big = [\"acme.io\", \"globex.io\"]\n\
                 rule r {{ on reply {conditions} pause prospect }}\n\
                 rule rest {{ on reply pause company }}"
            ),
            &[("H0217", why)],
        );
    }
    expect(
        "rule a { on reply where reply.kind is human pause prospect }\n\
         rule b { on reply where reply.kind in [human, auto] pause company overrides a }\n\
         rule c { on reply where reply.kind in [out-of-office, unknown] pause prospect }",
        &[("H0217", "wherever it matches, `b` overrides it")],
    );
}

#[test]
fn a_rule_that_can_fire_is_left_alone() {
    for conditions in [
        "where prospect.domain starts with \"acme\" and prospect.domain ends with \".io\" \
         and prospect.domain is not \"acme.io\"",
        "where prospect.domain matches \"*.acme.*\" and prospect.domain ends with \".edu\"",
        "where prospect.domain in big and prospect.domain not in small",
        "where prospect.address starts with \"ann@\" and prospect.domain is \"acme.io\"",
        "where prospect.address is not \"ann@acme.io\" and prospect.domain is \"acme.io\"",
        "where prospect.address is known and reply.from is known \
         and reply.from is prospect.address and prospect.domain is \"c.io\"",
        "where reply.from is known and reply.from is not prospect.address",
        "where reply.from is known and reply.from is prospect.address and prospect.domain in big",
        "where enrollment.sends is known and enrollment.step is unknown and enrollment.sends > 4",
        "when count(reply at company in 7d) >= 2 and count(reply at company in 28d) < 5",
        "when rate(reply per sent at campaign in 7d) >= 2% of at least 20 \
         and not rate(reply per sent at campaign in 7d) > 2% of at least 30",
        "where prospect.field(\"a\") is known and prospect.field(\"a\") matches \"?b*\" \
         and prospect.field(\"a\") starts with \"ab\" and prospect.field(\"a\") ends with \"bc\"",
    ] {
        expect(
            &format!(
                "domains big = [\"acme.io\", \"globex.io\"]\ndomains small = [\"acme.io\"]\n\
                 rule r {{ on reply {conditions} pause prospect }}\n\
                 rule rest {{ on reply pause company }}"
            ),
            &[],
        );
    }
}

#[test]
fn ignoring_what_another_rule_holds_is_an_error() {
    let found = "on `reply` when reply.kind is auto";
    expect(
        "rule a { on reply pause prospect }\nrule b { on reply where reply.kind is auto ignore }",
        &[("H0218", found)],
    );
    expect(
        "rule a { on reply pause prospect }\n\
         rule b { on reply where reply.kind is auto ignore overrides a }",
        &[],
    );
    expect(
        "rule a { on opt-out stop prospect }\nrule b { on opt-out, open ignore }",
        &[("H0218", "ignores what `a` stops, on every `opt-out`")],
    );
    // What excludes each other by what an address is does not meet.
    expect(
        "rule a { on open where prospect.domain is \"acme.io\" pause prospect }\n\
         rule b { on open where prospect.address is \"ann@globex.com\" ignore }",
        &[],
    );
    expect(
        "rule a { on open where prospect.domain is \"acme.io\" pause prospect }\n\
         rule b { on open where prospect.address is \"ann@acme.io\" ignore }",
        &[("H0218", "prospect.address is \"ann@acme.io\"")],
    );
}

#[test]
fn a_rule_that_others_cover_is_warned_of() {
    let covered = |rule: &str, found: &[(&str, &str)]| {
        expect(&format!("rule wide {{ on open pause prospect }}\n{rule}"), found);
    };
    let is = [("H0220", "`wide` does all")];
    covered("rule a { on open where prospect.domain is \"a.io\" pause prospect }", &[]);
    covered("rule a { on open where \"vip\" in prospect.tags pause prospect for 3d }", &is);
    covered("rule a { on open where \"vip\" in prospect.tags stop prospect }", &[]);
    covered("rule a { on open where \"vip\" in prospect.tags pause company }", &[]);
    covered("rule a { on open, click where \"vip\" in prospect.tags pause prospect }", &[]);
    covered(
        "rule a { on open where \"vip\" in prospect.tags pause prospect }\n\
         rule back { on click resume prospect from a }",
        &[],
    );
    expect(
        "rule a { on bounce where bounce.class in [hard, soft] pause prospect }\n\
         rule b { on bounce where bounce.class in [soft, policy] pause prospect for 3d }\n\
         rule c { on bounce where bounce.class is policy pause prospect }",
        &[("H0220", "`a` and `c` together do")],
    );
    expect(
        "rule a { on mark pause prospect }\n\
         rule b { on mark where mark.scope is prospect pause mark.scope for 3d }",
        &[("H0220", "`a` does all")],
    );
    expect(
        "rule a { on open pause prospect }\nrule b { on open pause prospect }",
        &[("H0221", "`b` does the same as `a`")],
    );
}

#[test]
fn a_condition_that_decides_nothing_is_warned_of() {
    let on_reply = |condition: &str, found: &[(&str, &str)]| {
        expect(
            &format!(
                "rule r {{ on reply {condition} pause prospect }}\n\
                 rule rest {{ on reply pause company }}"
            ),
            found,
        );
    };
    on_reply(
        "where reply.kind is human except reply.kind is auto",
        &[("H0222", "`except reply.kind is auto` excludes nothing")],
    );
    on_reply(
        "where reply.kind is human and (reply.kind is not auto or reply.intent is referral)",
        &[("H0222", "always holds where the rest")],
    );
    on_reply(
        "where reply.kind is human or reply.kind in [human, auto]",
        &[("H0222", "`reply.kind is human` decides nothing")],
    );
    on_reply("when count(reply at prospect in 7d) >= 1", &[]);
    // The guard is needed: without it reading would be an error.
    on_reply("except prospect.domain is known and prospect.domain is \"gmail.com\"", &[]);
    on_reply(
        "where enrollment.sends is known and enrollment.step is known \
         and enrollment.step > 2 and enrollment.sends < 9",
        &[],
    );
}

#[test]
fn a_value_that_no_rule_handles_is_warned_of() {
    expect(
        "rule a { on reply where reply.kind is human pause prospect }\n\
         rule b { on reply where reply.kind in [auto, out-of-office] ignore }",
        &[("H0223", "`reply.kind is unknown` is not handled")],
    );
    expect("rule a { on reply where reply.kind is not human pause prospect }", &[]);
    expect(
        "rule a { on reply where reply.intent is referral pause prospect }",
        &[("H0223", "`reply.intent is positive`")],
    );
}

#[test]
fn invariants_hold_or_are_broken_with_a_test_to_paste() {
    let shipped = |invariant: &str| {
        let mut bundle = Policy::default_rules();
        bundle.files[0].text.push_str(invariant);
        let found = check(&bundle);
        (codes(&found), render(&found, &bundle, false))
    };
    for holds in [
        "never pause company on reply when prospect.domain is known \
         and prospect.domain in free-mail",
        "always stop prospect on opt-out",
        "never stop or pause workspace on mark",
        "always pause prospect on reply when reply.kind in [human, unknown]",
        "always stop company on mark when mark.as is qualified and mark.scope is company",
        "never ignore on bounce",
        "always stop mark.scope on mark when mark.as is unqualified",
    ] {
        let (found, shown) = shipped(&format!("invariant \"x\" {{ {holds} }}"));
        assert!(found.is_empty(), "{holds}\n{shown}");
    }
    for (broken, words) in [
        (
            "never pause company on reply",
            "`company-replied` pauses company on `reply` when reply.kind is human",
        ),
        ("never stop company", "`marked-final` stops company on `mark`"),
        (
            "always pause company on reply when reply.kind is human",
            "no rule does pause company on `reply` when",
        ),
        ("always stop prospect on bounce", "no rule does stop prospect on `bounce`"),
        ("never ignore on call", "`call-missed` ignores on `call` when call.outcome is"),
        ("never stop mark.scope on mark", "`marked-final` stops what the event says"),
    ] {
        let (found, shown) = shipped(&format!("invariant \"x\" {{ {broken} }}"));
        assert_eq!(found, ["H0219"], "{broken}\n{shown}");
        assert!(shown.contains(words), "{shown}");
    }
    let (_, shown) = shipped("invariant \"x\" { never pause company on reply }");
    let test = "\
test \"x\" {
  company other { ann@other.example }
  0d  reply ann@other.example kind human intent positive  => other not paused
}";
    let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat(&shown).contains(&flat(test)), "{shown}");
}

/// A printed test can be pasted: it is read, and it fails because of what it expects.
#[test]
fn a_printed_test_fails_until_the_invariant_holds() {
    for (rules, claim) in [
        (Policy::default_rules().files.remove(0).text.as_str(), "never pause company on reply"),
        (
            "rule a { on reply where \"very important\" in prospect.tags \
             and company.stage is known and company.stage is \"won\" pause company }",
            "never pause company",
        ),
        (
            "rule a { on bounce when count(bounce at company in 7d) >= 3 pause company }",
            "never pause company",
        ),
        (
            "rule a { on open where campaign.key is known and campaign.key is \"autumn\" \
             and prospect.field(\"a b\") is known and prospect.field(\"a b\") is \"x y\" \
             pause campaign }",
            "never pause campaign",
        ),
        ("rule a { on mark pause mark.scope }", "never pause company on mark"),
        ("rule a { on mark pause mark.scope }", "never pause mark.scope on mark"),
        ("rule a { on reply pause company in campaign }", "never pause company in campaign"),
        ("rule a { on reply stop enrollment }", "never stop enrollment"),
        ("rule a { on reply pause prospect stop company }", "never pause or stop company"),
        ("rule a { on reply stop company }", "never stop"),
        (
            "rule a { on reply when count(distinct prospect of reply at company in 7d) >= 3 \
             pause company }",
            "never pause company",
        ),
        (
            "rule a { on reply when count(distinct prospect of reply at company in 7d) >= 2 \
             and count(reply at company in 7d) < 4 pause prospect }",
            "never pause",
        ),
        ("rule a { on sender.disconnected pause sender }", "never pause sender"),
        ("rule a { on campaign.archived pause campaign }", "never stop or pause"),
        ("rule a { on guardrail pause guardrail.scope }", "never pause workspace"),
        (
            "rule a { on reply where reply.kind is human pause prospect }",
            "always pause prospect on reply",
        ),
        ("rule a { on bounce pause prospect }", "always stop prospect on bounce"),
        (
            "event lost { why: text all: list of text near: domain day: date } \
             rule a { on lost where \"x\" in lost.all and lost.why is \"too far\" ignore }",
            "always ignore on lost",
        ),
    ] {
        let head = if rules.contains("policy 1") { "" } else { "policy 1\n" };
        let broken = format!("{head}{rules}\ninvariant \"it\" {{ {claim} }}\n");
        let found = check(&bundle(&broken));
        let found = found.iter().find(|it| it.code.0 == 219).expect("it is broken");
        let help = found.help.as_deref().unwrap_or_default();
        let (_, test) = help.split_once("\n\n").unwrap_or_else(|| panic!("{claim}: {found:?}"));
        let pasted = bundle(&format!("{head}{rules}\n{test}\n"));
        let mut trial = match Trial::of(&pasted) {
            Ok(trial) => trial,
            Err(found) => panic!("{test}\n{}", render(&found, &pasted, false)),
        };
        let last = trial.tests().len() - 1;
        let result = trial.run(last).expect("the test");
        assert!(!result.passed(), "{claim}\n{test}");
        let codes = codes(&result.failures);
        assert!(codes.iter().all(|code| code == "H0318"), "{claim}\n{test}\n{codes:?}");
        if claim.starts_with("never") {
            // Without the rules the invariant holds.
            let rest = rules.split_once("rule a ").map_or("policy 1\n", |(rest, _)| rest);
            let repaired = bundle(&format!("{head}{rest}\n{test}\n"));
            let found = Trial::of(&repaired).map(|mut trial| trial.run(0)).ok().flatten();
            assert_eq!(found.expect("it runs").failures, [], "{claim}\n{test}");
        }
    }
}

#[test]
fn invariants_are_judged_like_rules() {
    for (claim, code) in [
        ("never pause compny on reply", "H0104"),
        ("never pause company on repyl", "H0101"),
        ("never pause company on reply when reply.kind is robot", "H0107"),
        ("never pause company when reply.kind is human", "H0111"),
        ("never pause company on reply when reply.return-date > 2026-01-01", "H0112"),
        ("never ignore company on reply", "H0211"),
        ("never pause or pause company on reply", "H0213"),
        ("never pause company on reply when count(reply at company in 7d) >= 2", "H0122"),
        ("", "H0002"),
    ] {
        expect(&format!("invariant \"x\" {{ {claim} }}"), &[(code, "")]);
    }
}

#[test]
fn what_is_wrong_elsewhere_does_not_hide_an_error() {
    expect(
        "rule a { on bounce pause compny }\n\
         rule b { on reply where reply.kind is human and reply.kind is auto pause prospect }",
        &[("H0104", ""), ("H0217", "")],
    );
}

#[test]
fn more_than_can_be_looked_at_is_sampled_and_said() {
    let tags: Vec<String> = (0..22).map(|n| format!("\"t{n}\" in prospect.tags")).collect();
    expect(
        &format!(
            "rule a {{ on open where {} pause prospect }}\nrule b {{ on open ignore }}",
            tags.join(" or ")
        ),
        &[("H0225", "65,536 of 4,194,304 combinations"), ("H0218", "ignores what `a` pauses")],
    );
}

#[test]
fn the_files_in_the_repository_have_no_findings() {
    let text = Policy::default_rules().files.remove(0).text;
    let file = PolicyFile { name: "default.rules".to_owned(), text };
    let bundle = crate::model::PolicyBundle { files: vec![file] };
    assert_eq!(render(&check(&bundle), &bundle, false), "");
}
