//! What fails, and in which words.

use super::{bundle, check, fails, failures};

#[test]
fn another_status_is_told_with_its_cause() {
    fails(
        "0d bounce a@acme.io class soft => a@acme.io active",
        &["H0318: expected a@acme.io active, found paused by soft until Thu 5 Mar 00:00 \
           (fired on this bounce: soft)"],
    );
    fails(
        "0d bounce a@acme.io class hard => a@acme.io   paused  by hard",
        &["H0318: expected a@acme.io paused by hard, found stopped by hard \
           (fired on this bounce: hard)"],
    );
    fails(
        "0d bounce a@acme.io class soft\n 2d pause a@acme.io\n 3d => a@acme.io active",
        &["H0318: expected a@acme.io active, found paused by person until open"],
    );
}

#[test]
fn other_causes_and_ends_are_told() {
    fails(
        "0d bounce a@acme.io class soft => a@acme.io paused by soft until 4d",
        &["H0318: expected a@acme.io paused by soft until 4d, found paused by soft until Thu 5 \
           Mar 00:00 (fired on this bounce: soft)"],
    );
    fails(
        "0d bounce a@acme.io class soft => a@acme.io paused until open, a@acme.io paused until 3d",
        &["H0318: expected a@acme.io paused until open, found paused by soft until Thu 5 Mar \
           00:00 (fired on this bounce: soft)"],
    );
    // Exactly the rules that hold it, no more and no fewer; and why one did not.
    fails(
        "0d reply a@acme.io kind human => a@acme.io paused by answered, silenced",
        &["H0318: expected a@acme.io paused by answered, silenced, found paused by answered \
           until open (fired on this reply: answered; silenced did not: \
           `reply.intent is positive` found unknown)"],
    );
    fails(
        "0d reply a@acme.io kind human intent positive => a@acme.io paused by answered",
        &["H0318: expected a@acme.io paused by answered, found paused by answered, silenced \
           until open (fired on this reply: answered, silenced)"],
    );
}

#[test]
fn what_is_not_quiet_or_not_ignored_is_told() {
    fails(
        "0d reply a@acme.io kind auto => quiet",
        &["H0318: expected quiet, found that machine fired"],
    );
    fails(
        "0d reply a@acme.io kind human => ignored by machine",
        &["H0318: expected ignored by machine, found that no rule ignored it (fired on this \
           reply: answered; machine did not: `reply.kind is auto` found human)"],
    );
    fails(
        "0d reply a@acme.io kind human => a@acme.io paused\n 1d opt-out a@acme.io => ignored",
        &["H0318: expected ignored, found that no rule ignored it (no rule fired on this opt-out)"],
    );
    fails(
        "0d reply a@gmail.com kind human => gmail.com active",
        &["H0318: expected gmail.com active, found that there is no company `gmail.com`: free \
           mail is never a company"],
    );
    fails(
        "0d reply a@acme.io kind human => a@acme.io not paused",
        &["H0318: expected a@acme.io not paused, found paused by answered (fired on this reply: \
           answered)"],
    );
    fails(
        "0d opt-out a@acme.io => a@acme.io active",
        &["H0319: no rule fires in this test, and it does not say `quiet` (if nothing should \
           happen, say so: `=> quiet`)"],
    );
}

#[test]
fn another_next_send_is_told() {
    let setup = "campaign spring { step intro after 1d between 09:00-17:00 }";
    fails(
        &format!(
            "{setup}
             0d bounce b@acme.io class soft
               => a@acme.io next 2026-03-04, a@acme.io next none, b@acme.io next 3d"
        ),
        &[
            "H0318: expected a@acme.io next 2026-03-04, found a@acme.io next Tue 3 Mar 09:00",
            "H0318: expected a@acme.io next none, found a@acme.io next Tue 3 Mar 09:00",
            "H0318: expected b@acme.io next 3d, found no next send: b@acme.io is paused by soft \
             until Thu 5 Mar 00:00",
        ],
    );
}

#[test]
fn subjects_in_several_places_are_told_apart() {
    fails(
        "campaign spring { }  campaign autumn { enroll b@acme.io }
         0d bounce a@acme.io class soft => a@acme.io in autumn paused
         1d pause b@acme.io in spring => b@acme.io paused",
        &[
            "H0318: expected a@acme.io in autumn paused, found that `a@acme.io` is not in \
             `autumn`",
            "H0318: expected b@acme.io paused, found paused in spring, active in autumn",
        ],
    );
    fails(
        "company acme { a@acme.io b@acme.io }
         0d bounce a@acme.io class soft => acme paused by soft",
        &["H0318: expected acme paused by soft, found active (fired on this bounce: soft)"],
    );
}

#[test]
fn what_the_engine_refuses_ends_the_test() {
    fails(
        "0d bounce a@acme.io class hard
         1d add a@birch.io to campaign
         2d enroll a@acme.io in campaign
         3d => a@acme.io active",
        &["H0320: the engine refuses this: `a@acme.io` is stopped: stop prospect by hard"],
    );
    fails(
        "0d reply a@acme.io in campaign kind human\n 0d => b@acme.io in other active",
        &["H0302: the test knows no `other` (an address is a prospect by itself; companies, \
           campaigns and senders are set up first, as in `campaign spring { }`)"],
    );
}

/// Sends that never end are told, and not waited for.
#[test]
fn a_flood_of_sends_is_cut_off() {
    let people: String = (0..40).map(|n| format!("p{n}@acme.io ")).collect();
    let steps = "step s after 1d ".repeat(100);
    let text = format!(
        "rule a {{ on reply ignore }}\ntest {{\n company acme {{ {people} }}\n \
         sender s@x.io {{ gap 1m }}\n campaign c {{ {steps} }}\n 9000d => quiet\n}}"
    );
    let found = failures(&text);
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn a_rule_that_no_test_fires_is_a_warning_if_there_are_tests() {
    let rules = "rule a { on reply ignore }\nrule b { on open ignore }\n";
    assert_eq!(check(&bundle(rules)), []);
    let tested = format!("{rules}test {{ 0d reply x@acme.io kind auto => ignored by a }}");
    let told: Vec<String> = check(&bundle(&tested)).iter().map(ToString::to_string).collect();
    assert_eq!(told, ["test.rules:3:6: H0321: no test makes rule `b` fire"]);
}
