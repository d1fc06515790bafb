//! Companies and who belongs to them; workspaces that do not see each other.

use serde_json::json;

use crate::apply::{Host, holds};

fn host() -> Host {
    let mut host = Host::new();
    host.campaign("spring", json!([{"name": "a"}]));
    host
}

#[test]
fn an_alias_makes_a_domain_part_of_a_company() {
    let mut host = host();
    let company = json!({
        "do": "put-company", "key": "acme", "name": "Acme Ltd",
        "domains": ["acme.io", "ACME-group.com"],
    });
    host.ok(company);
    host.enrolled("spring", &["ann@acme.io", "bob@mail.acme-group.com", "cy@acme.org"]);
    let company = |prospect: &str| host.view("spring", prospect).company.unwrap();
    assert_eq!(company("ann@acme.io"), "acme");
    assert_eq!(company("bob@mail.acme-group.com"), "acme");
    assert_eq!(company("cy@acme.org"), "acme.org");
    host.reply("ann@acme.io");
    assert_eq!(host.send(), ["cy@acme.org 1"]);
}

#[test]
fn a_domain_belongs_to_one_company() {
    let mut host = host();
    host.ok(json!({"do": "put-company", "key": "acme", "domains": ["acme.io"]}));
    let before = host.digest();
    let (code, message) = host.refused(json!({
        "do": "put-company", "key": "other", "domains": ["other.io", "Acme.io"],
    }));
    assert_eq!(code, "invalid-value");
    assert_eq!(message, "`domains`: `acme.io` belongs to `acme`");
    assert_eq!(host.digest(), before);
}

#[test]
fn a_subdomain_can_be_a_company_of_its_own() {
    let mut host = host();
    host.ok(json!({"do": "put-company", "key": "labs", "domains": ["labs.acme.io"]}));
    host.enrolled("spring", &["ann@acme.io", "bob@labs.acme.io"]);
    assert_eq!(host.view("spring", "bob@labs.acme.io").company.as_deref(), Some("labs"));
    assert_eq!(host.view("spring", "ann@acme.io").company.as_deref(), Some("acme.io"));
}

#[test]
fn who_moves_leaves_the_holds_of_one_company_and_meets_those_of_the_other() {
    let mut host = host();
    host.enrolled("spring", &["ann@acme.io", "bob@acme.io", "dan@other.io"]);
    host.reply("ann@acme.io");
    assert_eq!(host.status("spring", "bob@acme.io"), "paused");
    host.ok(json!({"do": "put-prospect", "key": "bob@acme.io", "company": "other.io"}));
    assert_eq!(host.status("spring", "bob@acme.io"), "scheduled");
    host.ok(json!({"do": "put-prospect", "key": "dan@other.io", "address": "dan@acme.io"}));
    assert_eq!(host.status("spring", "dan@other.io"), "paused");
    assert_eq!(host.view("spring", "dan@other.io").company.as_deref(), Some("acme.io"));
    assert_eq!(host.send(), ["bob@acme.io 1"]);
    // Lifted later, it lets go of who is there then.
    host.later(60);
    host.ok(json!({"do": "resume", "company": "acme.io"}));
    assert_eq!(host.send(), ["dan@other.io 1"]);
    assert_eq!(host.status("spring", "ann@acme.io"), "paused", "her own reply");
}

#[test]
fn who_moves_while_parked_under_a_hold_is_still_met() {
    let mut host = host();
    host.enrolled("spring", &["bob@acme.io"]);
    host.ok(json!({"do": "pause", "company": "acme.io"}));
    assert!(host.claim().is_empty(), "the claim has parked bob");
    host.ok(json!({"do": "put-prospect", "key": "bob@acme.io", "company": "other"}));
    assert_eq!(host.send(), ["bob@acme.io 1"]);
}

#[test]
fn a_company_that_was_named_is_kept_when_the_address_changes() {
    let mut host = host();
    let named = json!({"do": "put-prospect", "key": "p", "address": "p@acme.io", "company": "x"});
    host.ok(named);
    host.ok(json!({"do": "put-prospect", "key": "p", "address": "p@other.io"}));
    host.enroll("spring", "p");
    assert_eq!(host.view("spring", "p").company.as_deref(), Some("x"));
}

#[test]
fn two_workspaces_do_not_see_each_other() {
    let mut host = host();
    host.enrolled("spring", &["ann@acme.io", "bob@acme.io"]);
    let token = host.claim()[0]["token"].as_str().unwrap().to_owned();
    host.reply("bob@acme.io");
    let there = host.view("spring", "bob@acme.io");
    host.workspace("tenant-2");
    // Nothing of the first is known: no prospect, no campaign, no policy, no token.
    for (command, code) in [
        (json!({"do": "enroll", "campaign": "spring", "prospect": "ann@acme.io"}), "unknown"),
        (json!({"do": "pause", "company": "acme.io"}), "unknown"),
        (json!({"do": "confirm", "token": token}), "stale-token"),
        (
            json!({"do": "record", "event": {"type": "open", "id": "o", "workspace": true}}),
            "no-policy",
        ),
    ] {
        assert_eq!(host.refused(command.clone()).0, code, "{command}");
    }
    let rules = &holdline::Policy::default_rules().files[0].text;
    host.policy(rules);
    host.ok(json!({"do": "put-sender", "key": "s1"}));
    host.campaign("spring", json!([{"name": "a"}]));
    host.enrolled("spring", &["ann@acme.io", "bob@acme.io"]);
    assert_eq!(host.status("spring", "bob@acme.io"), "scheduled");
    // The same event id is another event here, and the same command id another command.
    host.ok(json!({"do": "pause", "everything": true, "id": "c1"}));
    let mut first = json!({"do": "retract", "event": "r9", "id": "c1", "workspace": "default"});
    first["at"] = crate::apply::MONDAY.into();
    let outcome = host.line(&first.to_string());
    assert_eq!(outcome["ok"], "retracted", "{outcome}");
    assert!(host.claim().is_empty());
    assert_eq!(host.status("spring", "ann@acme.io"), "paused");
    host.workspace("default");
    assert_eq!(host.view("spring", "bob@acme.io"), there);
    assert_eq!(host.confirm(&token)["ok"], "revoked", "by its own company's reply alone");
}

#[test]
fn a_persons_hold_says_who_and_why() {
    let mut host = host();
    host.enrolled("spring", &["ann@acme.io"]);
    host.ok(json!({"do": "pause", "company": "acme.io", "by": "ops", "reason": "renewal talks"}));
    let view = host.view("spring", "ann@acme.io");
    let cause = serde_json::to_value(&view.holds[0].cause).unwrap();
    assert_eq!(cause, json!({"cause": "person", "by": "ops", "reason": "renewal talks"}));
    let recorded = host.reply("ann@acme.io");
    assert_eq!(holds(&recorded).len(), 2);
    let view = host.view("spring", "ann@acme.io");
    let by_rule = view.holds.iter().find(|hold| hold.target == "ann@acme.io").unwrap();
    let cause = serde_json::to_value(&by_rule.cause).unwrap();
    let text = &holdline::Policy::default_rules().files[0].text;
    let line = text.lines().position(|line| line.starts_with("rule human-reply")).unwrap() + 1;
    assert_eq!((&cause["rule"], &cause["line"]), (&json!("human-reply"), &json!(line)));
    assert_eq!(cause["file"], "test.rules");
    assert_eq!(cause["event"]["prospect"], "ann@acme.io");
    assert_eq!(cause["reason"], "The prospect replied");
}
