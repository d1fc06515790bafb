//! Forgetting a person: nothing of the person is left in the state, nothing goes out any more, and
//! a stop survives.

use holdline::engine::view::CauseView;
use holdline::{Action, Command, Selection};
use serde_json::json;

use crate::apply::{Host, instant};

/// Ann, who has a number for a key, and her colleague Bob, in `spring`.
fn host() -> Host {
    let mut host = Host::new();
    host.campaign("spring", json!([{"name": "a"}, {"name": "b", "delay": "1d"}]));
    host.ok(json!({
        "do": "put-prospect", "key": "17", "address": "Ann@Acme.io", "zone": "Europe/Paris",
        "tags": ["vip"], "fields": {"phone": "+33 6 12 34"},
    }));
    host.enroll("spring", "17");
    host.enrolled("spring", &["bob@acme.io"]);
    host
}

fn forget(host: &mut Host, prospect: &str) -> bool {
    let outcome = host.ok(json!({"do": "forget", "by": "dpo", "prospect": prospect}));
    assert_eq!(outcome["ok"], "forgotten");
    outcome["stopped"].as_bool().unwrap()
}

fn enroll(campaign: &str, prospect: &str) -> serde_json::Value {
    json!({"do": "enroll", "campaign": campaign, "prospect": prospect})
}

fn rows(host: &Host) -> Vec<String> {
    let rows = host.list(Selection::default());
    rows.iter().map(|row| format!("{} {}", row.prospect, row.status)).collect()
}

#[test]
fn who_is_forgotten_is_a_number_and_gets_nothing_any_more() {
    let mut host = host();
    assert!(!forget(&mut host, "17"));
    assert_eq!(rows(&host), ["forgotten-0 stopped", "bob@acme.io scheduled"]);
    assert_eq!(host.send(), ["bob@acme.io 1"]);
    host.sends_at("2026-03-03T08:00:00Z", &["bob@acme.io 2"]);
    let snapshot = host.engine.snapshot().unwrap();
    let view = snapshot.view("default").unwrap();
    assert_eq!(view.prospect("17"), None);
    assert_eq!(view.find("ann", 10), Vec::<String>::new());
    let left = view.prospect("forgotten-0").unwrap();
    assert_eq!((left.address, left.zone, left.tags), (None, None, vec![]));
    assert_eq!(snapshot.audit().findings, Vec::<String>::new());
}

#[test]
fn nobody_can_do_anything_with_who_was_forgotten() {
    let mut host = host();
    forget(&mut host, "17");
    let before = host.digest();
    for key in ["17", "forgotten-0"] {
        for command in [
            enroll("spring", key),
            json!({"do": "resume", "prospect": key}),
            json!({"do": "pause", "prospect": key, "campaign": "spring"}),
            json!({"do": "forget", "prospect": key}),
            json!({"do": "pause", "selection": {"prospect": key}}),
            host.event_command("reply", json!({"prospect": key, "kind": "human"})),
        ] {
            let told = command.to_string();
            assert_eq!(host.refused(command).0, "unknown", "{told}");
        }
    }
    let put = json!({"do": "put-prospect", "key": "forgotten-0", "address": "x@y.example"});
    assert_eq!(host.refused(put).0, "invalid-value");
    let lift = json!({"do": "lift", "hold": 0, "by": "tom", "reason": "a mistake"});
    let why = "`hold`: who was forgotten is never sent to again".to_owned();
    assert_eq!(host.refused(lift), ("invalid-value".to_owned(), why));
    assert_eq!(host.digest(), before);
    // A key that only looks alike is a key.
    host.enrolled("spring", &["forgotten-x"]);
}

#[test]
fn the_last_look_revokes_what_was_claimed_and_what_has_left_is_reported() {
    let mut host = host();
    let sends = host.claim();
    let token = |at: usize| sends[at]["token"].as_str().unwrap().to_owned();
    assert_eq!(sends[0]["address"], "Ann@Acme.io");
    forget(&mut host, "17");
    let revoked = host.confirm(&token(0));
    assert_eq!(revoked["held-by"][0]["target"], "forgotten-0");
    assert_eq!(revoked["held-by"][0]["rule"], "forgotten");
    assert_eq!(host.confirm(&token(1))["ok"], "go");
    forget(&mut host, "bob@acme.io");
    host.ok(json!({"do": "sent", "token": token(1)}));
    assert_eq!(rows(&host), ["forgotten-0 stopped", "forgotten-1 stopped"]);
    host.silent_until("2026-03-06T08:00:00Z");
}

#[test]
fn who_opted_out_is_stopped_when_it_comes_back_and_others_are_not() {
    let opted_out = || {
        let mut host = host();
        host.event("opt-out", json!({"prospect": "17"}));
        assert!(forget(&mut host, "17"));
        host
    };
    for back in [
        json!({"do": "put-prospect", "key": "17"}),
        json!({"do": "put-prospect", "key": "ann@acme.io"}),
        json!({"do": "put-prospect", "key": "18", "address": "ann@ACME.io"}),
    ] {
        let mut host = opted_out();
        host.ok(back.clone());
        let refused = host.tell(enroll("spring", back["key"].as_str().unwrap()));
        assert_eq!(refused["refused"], "stopped", "{refused}");
        assert_eq!(refused["held-by"][0]["rule"], "stopped-before-forgotten");
    }
    let mut host = opted_out();
    host.enrolled("spring", &["joann@acme.io"]);
    // Who gets the address later, too; and said once more it changes nothing.
    host.ok(json!({"do": "put-prospect", "key": "18"}));
    let put = json!({"do": "put-prospect", "key": "18", "address": "ann@acme.io"});
    host.ok(put.clone());
    let held = host.tell(enroll("spring", "18"))["held-by"][0]["hold"].clone();
    host.ok(json!({"do": "lift", "hold": held, "by": "tom", "reason": "she asked for it"}));
    host.ok(put);
    host.enroll("spring", "18");
    // Forgotten again, and not stopped any more, she comes back as anybody.
    assert!(!forget(&mut host, "18"));
    host.prospect("ann@acme.io");
    host.enroll("spring", "ann@acme.io");
    assert!(forget_after_stop(&mut host, "ann@acme.io"));
}

fn forget_after_stop(host: &mut Host, prospect: &str) -> bool {
    let stop = json!({"do": "stop", "prospect": prospect, "campaign": "spring", "by": "tom"});
    host.ok(stop);
    forget(host, prospect)
}

#[test]
fn the_addresses_that_it_had_before_are_forgotten_too() {
    let mut host = host();
    let put = |address: String| json!({"do": "put-prospect", "key": "17", "address": address});
    for number in 0..20 {
        host.ok(put(format!("ann-{number}@acme.io")));
        host.ok(put("ann@acme.io".to_owned()));
    }
    host.ok(json!({"do": "put-company", "key": "acme.io", "name": "ann-0@ ANN-19@acme.io"}));
    host.ok(json!({"do": "stop", "prospect": "17", "by": "tom"}));
    assert!(forget(&mut host, "17"));
    let snapshot = host.engine.snapshot().unwrap();
    let view = snapshot.view("default").unwrap();
    assert_eq!(view.companies()[0].name.as_deref(), Some("ann-0@ forgotten-0"));
    // The last sixteen are known, the one that it has among them.
    for (number, stopped) in [(19, true), (6, true), (4, false)] {
        let key = format!("ann-{number}@acme.io");
        host.prospect(&key);
        let refused = host.tell(enroll("spring", &key)).get("refused").is_some();
        assert_eq!(refused, stopped, "{key}");
    }
}

#[test]
fn who_was_not_stopped_comes_back_as_somebody_new() {
    let mut host = host();
    host.ok(json!({"do": "pause", "prospect": "17"}));
    assert!(!forget(&mut host, "17"));
    host.ok(json!({"do": "put-prospect", "key": "17", "address": "ann@acme.io"}));
    host.enroll("spring", "17");
    assert_eq!(host.status("spring", "17"), "scheduled");
    // Its number is another one.
    assert!(!forget(&mut host, "17"));
    assert_eq!(rows(&host)[2], "forgotten-2 stopped");
}

#[test]
fn another_campaign_that_took_the_place_of_one_is_no_stop_that_survives() {
    let mut host = host();
    host.campaign("summer", json!([{"name": "a"}]));
    host.ok(json!({"do": "put-campaign", "key": "summer", "enrolled-elsewhere": "replace"}));
    host.enroll("summer", "17");
    assert_eq!(host.status("spring", "17"), "stopped");
    assert!(!forget(&mut host, "17"));
}

#[test]
fn what_the_person_did_to_others_stays_without_the_person() {
    let mut host = host();
    let reply = json!({"id": "r1", "prospect": "17", "kind": "human"});
    host.policy("policy 1\nrule replied { on reply pause company }\n");
    let recorded = host.event("reply", reply.clone());
    assert_eq!(recorded["holds"][0]["target"], "acme.io");
    forget(&mut host, "17");
    assert_eq!(host.status("spring", "bob@acme.io"), "paused");
    let snapshot = host.engine.snapshot().unwrap();
    let view = snapshot.view("default").unwrap();
    let explained = view.explain("bob@acme.io").unwrap();
    let hold = &explained.enrollments[0].holds[0];
    let CauseView::Rule { rule, event, .. } = &hold.hold.cause else {
        panic!("expected a rule, found {:?}", hold.hold.cause);
    };
    assert_eq!((rule.as_str(), event.kind.as_str(), event.id.as_str()), ("replied", "reply", ""));
    assert_eq!((event.prospect.as_deref(), event.attributes.len()), (Some("forgotten-0"), 0));
    assert_eq!((hold.rule.clone(), hold.not_applied.len()), (None, 0), "nothing to evaluate");
    // The event is known still, but nothing of it is found to be taken back.
    let again = host.tell(json!({"do": "retract", "event": "r1"}));
    assert_eq!(again, json!({"ok": "retracted", "seen": true, "lifted": [], "kept": []}));
    host.ok(json!({"do": "resume", "company": "acme.io"}));
    assert_eq!(host.send(), ["bob@acme.io 1"]);
}

#[test]
fn reasons_texts_and_recorded_answers_lose_the_person() {
    let mut host = host();
    let claim = json!({"do": "claim", "id": "c1", "limit": 5, "lease": "5m"});
    let claimed = host.ok(claim.clone());
    let stop = json!({"do": "pause", "id": "p1", "prospect": "17", "reason": "Ann is ill"});
    host.ok(stop);
    let again = json!({"do": "enroll", "id": "e1", "campaign": "spring", "prospect": "17"});
    assert_eq!(host.tell(again.clone())["prospect"], "17");
    host.ok(json!({
        "do": "put-prospect", "key": "bob@acme.io",
        "tags": ["ann@acme.io", "x"], "fields": {"boss": "<ANN@acme.io>, joann@acme.io"},
    }));
    host.ok(json!({"do": "put-company", "key": "acme.io", "name": "Acme of ann@acme.io"}));
    let reason = "as ann@acme.io wished";
    host.ok(json!({"do": "pause", "prospect": "bob@acme.io", "reason": reason}));
    forget(&mut host, "17");
    let told = host.ok(claim);
    assert_eq!(told["sends"][0]["prospect"], "forgotten-0");
    assert_eq!(told["sends"][0]["address"], "forgotten-0");
    assert_eq!(told["sends"][1], claimed["sends"][1]);
    assert_eq!(host.tell(again)["prospect"], "forgotten-0");
    let snapshot = host.engine.snapshot().unwrap();
    let view = snapshot.view("default").unwrap();
    let bob = view.prospect("bob@acme.io").unwrap();
    assert_eq!(bob.tags, ["forgotten-0", "x"]);
    assert_eq!(bob.company_name.as_deref(), Some("Acme of forgotten-0"));
    let reasons: Vec<Option<String>> = ["forgotten-0", "bob@acme.io"]
        .into_iter()
        .flat_map(|key| view.timeline(key).unwrap().enrollments.remove(0).holds)
        .filter_map(|hold| match hold.cause {
            CauseView::Person { reason, .. } => Some(reason),
            _ => None,
        })
        .collect();
    assert_eq!(reasons, [None, Some("as forgotten-0 wished".to_owned())]);
}

#[test]
fn who_is_unknown_cannot_be_forgotten_and_is_not_written_down() {
    let mut host = host();
    let before = host.engine.snapshot().unwrap().sequence();
    let command = json!({"do": "forget", "id": "f1", "prospect": "zoe@acme.io"});
    let (code, message) = host.refused(command);
    assert_eq!((code.as_str(), message.as_str()), ("unknown", "unknown prospect `zoe@acme.io`"));
    assert_eq!(host.engine.snapshot().unwrap().sequence(), before);
    // The id was not used up by it.
    let outcome = host.ok(json!({"do": "forget", "id": "f1", "prospect": "17"}));
    assert_eq!(outcome["stopped"], false);
    assert_eq!(host.ok(json!({"do": "forget", "id": "f1", "prospect": "17"})), outcome);
}

#[test]
fn what_the_engine_makes_of_it_no_host_may_give() {
    let host = host();
    let (prospect, reason) = ("17".to_owned(), None);
    let erase = Action::Erase { prospect, addresses: vec![], salt: 1, reason: reason.clone() };
    for own in [erase, Action::Forgotten { reason }] {
        let outcome = host.engine.apply(Command::new(instant("2026-03-02T08:00:00Z"), own));
        let told = outcome.unwrap().refusal().unwrap().to_string();
        assert!(told.contains("is written by the engine alone"), "{told}");
    }
}

#[test]
fn a_person_is_forgotten_in_one_workspace() {
    let mut host = host();
    host.workspace("other");
    host.policy(&holdline::Policy::default_rules().files[0].text);
    host.prospect("ann@acme.io");
    forget(&mut host, "ann@acme.io");
    host.workspace("default");
    assert_eq!(rows(&host), ["17 scheduled", "bob@acme.io scheduled"]);
}
