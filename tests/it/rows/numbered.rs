//! Rows 1 to 4, 11 and 12 of the product table: what the shipped rules do.

use serde_json::{Value as Json, json};

use crate::apply::{Host, holds};

/// A campaign of two steps, at any hour.
fn steps() -> Json {
    json!([{"name": "a"}, {"name": "b", "delay": "1d"}])
}

fn host() -> Host {
    let mut host = Host::new();
    host.campaign("spring", steps());
    host.campaign("summer", steps());
    host
}

#[test]
fn row_01_a_reply_pauses_the_prospect() {
    let mut host = host();
    host.enrolled("spring", &["ann@acme.io", "dan@other.io"]);
    host.enroll("summer", "ann@acme.io");
    let recorded = host
        .event("reply", json!({"prospect": "ann@acme.io", "campaign": "spring", "kind": "human"}));
    assert!(
        holds(&recorded).contains(&"pause prospect ann@acme.io by human-reply".to_owned()),
        "{recorded}"
    );
    assert_eq!(host.status("spring", "ann@acme.io"), "paused");
    assert_eq!(host.status("summer", "ann@acme.io"), "paused");
    assert!(!host.view("spring", "ann@acme.io").manually_paused);
    assert_eq!(host.status("spring", "dan@other.io"), "scheduled");
    assert_eq!(host.send(), ["dan@other.io 1"]);
    host.later(60 * 24);
    assert_eq!(host.send(), ["dan@other.io 2"]);
    host.silent_until("2026-05-02T08:00:00Z");
}

#[test]
fn row_01_a_machine_that_answers_pauses_nobody() {
    let mut host = host();
    host.enrolled("spring", &["ann@acme.io"]);
    let recorded = host.event("reply", json!({"prospect": "ann@acme.io", "kind": "auto"}));
    assert_eq!(recorded["ignored"], true);
    assert_eq!(holds(&recorded), Vec::<String>::new());
    assert_eq!(host.send(), ["ann@acme.io 1"]);
}

#[test]
fn row_02_a_mark_stops_the_prospect_or_the_company_as_chosen() {
    for mark in ["qualified", "unqualified"] {
        let mut host = host();
        host.enrolled("spring", &["ann@acme.io", "bob@acme.io", "dan@other.io"]);
        host.enroll("summer", "bob@acme.io");
        let marked =
            host.event("mark", json!({"prospect": "ann@acme.io", "as": mark, "scope": "prospect"}));
        assert_eq!(holds(&marked), ["stop prospect ann@acme.io by marked-final"], "{mark}");
        assert_eq!(host.status("spring", "ann@acme.io"), "stopped");
        assert_eq!(host.status("spring", "bob@acme.io"), "scheduled");

        let marked =
            host.event("mark", json!({"prospect": "ann@acme.io", "as": mark, "scope": "company"}));
        assert_eq!(holds(&marked), ["stop company acme.io by marked-final"]);
        assert_eq!(host.status("spring", "bob@acme.io"), "stopped");
        assert_eq!(host.status("summer", "bob@acme.io"), "stopped");
        assert_eq!(host.status("spring", "dan@other.io"), "scheduled");
        assert_eq!(host.send(), ["dan@other.io 1"]);
    }
}

#[test]
fn row_02_a_mark_must_choose_a_scope_and_no_other_than_these() {
    let mut host = host();
    host.enrolled("spring", &["ann@acme.io"]);
    let before = host.digest();
    let mark = |extra: Json| {
        let mut event = json!({"type": "mark", "id": "m", "prospect": "ann@acme.io"});
        for (name, value) in extra.as_object().unwrap() {
            event[name] = value.clone();
        }
        json!({"do": "record", "event": event})
    };
    let (code, message) = host.refused(mark(json!({"as": "qualified"})));
    assert_eq!(code, "bad-attribute");
    assert!(message.contains("attribute `scope`"), "{message}");
    let (code, message) = host.refused(mark(json!({"as": "qualified", "scope": "campaign"})));
    assert_eq!(code, "bad-attribute");
    assert!(message.contains("found `campaign`"), "{message}");
    assert_eq!(host.digest(), before);
    assert_eq!(host.send(), ["ann@acme.io 1"]);
}

#[test]
fn row_03_a_company_hold_reaches_all_campaigns_and_colleagues_of_tomorrow() {
    let mut host = host();
    host.ok(json!({"do": "put-company", "key": "acme.io", "domains": ["acme-group.com"]}));
    host.enrolled("spring", &["ann@acme.io", "dan@other.io"]);
    host.enrolled("summer", &["bob@sales.acme.io"]);
    let recorded = host.reply("ann@acme.io");
    assert!(
        holds(&recorded).contains(&"pause company acme.io by company-replied".to_owned()),
        "{recorded}"
    );
    assert_eq!(host.status("summer", "bob@sales.acme.io"), "paused");
    // Added later: by the domain, by an alias, and by name.
    host.later(60);
    host.prospect("eve@acme.io");
    host.prospect("fay@acme-group.com");
    host.ok(json!({"do": "put-prospect", "key": "gus@gmail.com", "company": "acme.io"}));
    for late in ["eve@acme.io", "fay@acme-group.com", "gus@gmail.com"] {
        let enrolled = host.enroll("spring", late);
        assert_eq!(holds(&enrolled), ["pause company acme.io by company-replied"], "{late}");
        assert_eq!(host.status("spring", late), "paused");
    }
    assert_eq!(host.send(), ["dan@other.io 1"]);
    host.later(60 * 24);
    assert_eq!(host.send(), ["dan@other.io 2"]);
    host.silent_until("2026-04-02T08:00:00Z");
    // One lift lets all of them go: the colleagues were never held one by one.
    host.ok(json!({"do": "resume", "company": "acme.io", "by": "ops"}));
    let mut sent = host.send();
    sent.sort();
    let free = ["bob@sales.acme.io 1", "eve@acme.io 1", "fay@acme-group.com 1", "gus@gmail.com 1"];
    assert_eq!(sent, free, "ann is still held by her own reply");
}

#[test]
fn row_03_free_mail_never_silences_a_company() {
    let mut host = host();
    host.enrolled("spring", &["ann@gmail.com", "bob@gmail.com"]);
    let recorded = host.reply("ann@gmail.com");
    assert_eq!(holds(&recorded), ["pause prospect ann@gmail.com by human-reply"]);
    assert_eq!(host.send(), ["bob@gmail.com 1"]);
    // Also where a person chooses the company: who has none is a company of one.
    host.event("mark", json!({"prospect": "ann@gmail.com", "as": "qualified", "scope": "company"}));
    assert_eq!(host.status("spring", "ann@gmail.com"), "stopped");
    assert_eq!(host.status("spring", "bob@gmail.com"), "scheduled");
}

#[test]
fn row_04_archiving_a_campaign_pauses_every_message_in_it() {
    let mut host = host();
    host.enrolled("spring", &["ann@acme.io", "bob@acme.io"]);
    host.enroll("summer", "ann@acme.io");
    let recorded = host.event("campaign.archived", json!({"campaign": "spring"}));
    assert_eq!(holds(&recorded), ["pause campaign spring by campaign-archived"]);
    assert_eq!(host.status("spring", "ann@acme.io"), "paused");
    assert_eq!(host.status("spring", "bob@acme.io"), "paused");
    assert_eq!(host.status("summer", "ann@acme.io"), "scheduled");
    host.prospect("eve@acme.io");
    let enrolled = host.enroll("spring", "eve@acme.io");
    assert_eq!(holds(&enrolled), ["pause campaign spring by campaign-archived"]);
    assert_eq!(host.send(), ["ann@acme.io 1"], "only the other campaign's");
    host.later(60 * 24);
    assert_eq!(host.send(), ["ann@acme.io 2"]);
    host.silent_until("2026-04-02T08:00:00Z");
}

#[test]
fn row_11_out_of_office_resumes_the_day_after_the_return_date() {
    // Midnight after 5 March in Berlin, in New York, and where no zone is known.
    let cases = [
        (Some("Europe/Berlin"), "2026-03-05T23:00:00Z"),
        (Some("America/New_York"), "2026-03-06T05:00:00Z"),
        (None, "2026-03-06T00:00:00Z"),
    ];
    for (zone, released) in cases {
        let mut host = host();
        let mut prospect = json!({"do": "put-prospect", "key": "ann@acme.io"});
        if let Some(zone) = zone {
            prospect["zone"] = zone.into();
        }
        host.ok(prospect);
        host.prospect("bob@acme.io");
        host.enroll("spring", "ann@acme.io");
        host.enroll("spring", "bob@acme.io");
        let away = json!({
            "prospect": "ann@acme.io", "kind": "out-of-office", "return-date": "2026-03-05",
        });
        let recorded = host.event("reply", away);
        assert_eq!(holds(&recorded), ["pause prospect ann@acme.io by out-of-office"]);
        assert_eq!(recorded["holds"][0]["until"], released, "{zone:?}");
        assert_eq!(host.send(), ["bob@acme.io 1"], "the colleague is not away");
        host.ok(json!({"do": "pause", "campaign": "spring", "prospect": "bob@acme.io"}));
        host.sends_at(released, &["ann@acme.io 1"]);
    }
}

#[test]
fn row_11_out_of_office_without_a_date_waits_for_a_person() {
    let mut host = host();
    host.enrolled("spring", &["ann@acme.io"]);
    let recorded = host.event("reply", json!({"prospect": "ann@acme.io", "kind": "out-of-office"}));
    assert_eq!(recorded["holds"][0].get("until"), None, "{recorded}");
    // `max 60d` caps a date, never what waits for a person.
    host.silent_until("2026-05-10T08:00:00Z");
    assert_eq!(host.status("spring", "ann@acme.io"), "paused");
    host.ok(json!({"do": "resume", "prospect": "ann@acme.io", "by": "ops"}));
    assert_eq!(host.send(), ["ann@acme.io 1"]);
}

#[test]
fn row_11_a_far_return_date_is_capped_and_a_past_one_has_no_effect() {
    let mut host = host();
    host.enrolled("spring", &["ann@acme.io"]);
    let away = |date: &str| {
        let ann = "ann@acme.io";
        json!({"prospect": ann, "kind": "out-of-office", "return-date": date})
    };
    let recorded = host.event("reply", away("2026-02-20"));
    assert_eq!(recorded["holds"][0]["live"], false, "{recorded}");
    assert_eq!(host.status("spring", "ann@acme.io"), "scheduled");
    let recorded = host.event("reply", away("2027-01-01"));
    assert_eq!(recorded["holds"][0]["until"], "2026-05-01T08:00:00Z", "60 days");
    host.sends_at("2026-05-01T08:00:00Z", &["ann@acme.io 1"]);
}

fn gentle_ways_leave_it_stopped(host: &mut Host) {
    let everyone = json!({"campaign": "spring"});
    for gentle in [
        json!({"do": "resume", "prospect": "ann@acme.io", "by": "ops", "reason": "x"}),
        json!({"do": "resume", "everything": true, "by": "ops", "reason": "x"}),
        json!({"do": "resume", "selection": everyone, "with-prospects": true, "by": "ops"}),
        json!({
            "do": "reschedule", "selection": everyone, "from": "2026-03-03T08:00:00Z",
            "resume": true, "by": "ops", "reason": "x",
        }),
        json!({"do": "retract", "event": "final"}),
        json!({"do": "retract", "event": "final", "by": "ops"}),
        json!({"do": "retract", "event": "final", "reason": "a mistake"}),
        json!({"do": "retract", "event": "final", "by": "ops", "reason": " "}),
    ] {
        host.ok(gentle.clone());
        assert_eq!(host.status("spring", "ann@acme.io"), "stopped", "{gentle}");
    }
}

#[test]
fn row_12_only_a_person_with_a_reason_lifts_a_stop() {
    let finals = [
        ("bounce", json!({"class": "hard"}), "hard-bounce"),
        ("opt-out", json!({}), "opted-out"),
        ("complaint", json!({}), "complained"),
    ];
    for (kind, mut event, rule) in finals {
        let mut host = host();
        host.enrolled("spring", &["ann@acme.io", "bob@acme.io"]);
        event["prospect"] = "ann@acme.io".into();
        event["id"] = "final".into();
        let recorded = host.event(kind, event);
        assert_eq!(holds(&recorded), [format!("stop prospect ann@acme.io by {rule}")]);
        let hold = recorded["holds"][0]["hold"].clone();
        assert_eq!(host.send(), ["bob@acme.io 1"], "colleagues go on");
        host.later(1);
        gentle_ways_leave_it_stopped(&mut host);
        for refused in [
            json!({"do": "lift", "hold": hold}),
            json!({"do": "lift", "hold": hold, "by": "ops"}),
            json!({"do": "lift", "hold": hold, "reason": "a mistake"}),
            json!({"do": "lift", "hold": hold, "by": "ops", "reason": ""}),
            json!({"do": "lift", "hold": hold, "by": "ops", "reason": "  "}),
        ] {
            let (code, message) = host.refused(refused);
            assert_eq!(code, "needs-person");
            assert_eq!(
                message,
                "only a named person may do this; lifting a stop takes a reason, too"
            );
        }
        host.ok(json!({"do": "lift", "hold": hold, "by": "ops", "reason": "it was a mistake"}));
        assert_eq!(host.status("spring", "ann@acme.io"), "scheduled");
    }
}

#[test]
fn row_12_a_stopped_prospect_is_refused_by_every_campaign_visibly() {
    let mut host = host();
    host.enrolled("spring", &["ann@acme.io"]);
    host.event("opt-out", json!({"prospect": "ann@acme.io"}));
    let before = host.digest();
    let enroll = json!({"do": "enroll", "campaign": "summer", "prospect": "ann@acme.io"});
    let outcome = host.tell(enroll.clone());
    assert_eq!(outcome["refused"], "stopped");
    assert_eq!(holds(&outcome), ["stop prospect ann@acme.io by opted-out"]);
    assert_eq!(outcome["message"], "`ann@acme.io` is stopped: stop prospect by opted-out");
    assert_eq!(host.digest(), before);
    host.silent_until("2026-06-02T08:00:00Z");
    assert_eq!(host.tell(enroll)["refused"], "stopped", "three months later too");
}
