//! What an event may be about, and what becomes of one that says it wrong.

use serde_json::json;

use crate::apply::{Host, holds};

fn host() -> Host {
    let mut host = Host::new();
    host.campaign("spring", json!([{"name": "a"}, {"name": "b", "delay": "1d"}]));
    host.campaign("summer", json!([{"name": "a"}]));
    host.enrolled("spring", &["ann@acme.io", "bob@globex.com"]);
    host
}

/// A prospect brings a company along, and another one that was named took its place: the prospect's
/// own company went on sending after the reply.
#[test]
fn a_prospect_and_a_company_of_others_are_refused() {
    let mut host = host();
    let before = host.digest();
    let event = json!({
        "id": "r1", "prospect": "ann@acme.io", "company": "globex.com", "kind": "human",
    });
    let (code, message) = host.refused(host.event_command("reply", event));
    assert_eq!(code, "bad-subject");
    assert_eq!(message, "event `reply`: `ann@acme.io` is not of the company `globex.com`");
    assert_eq!(host.digest(), before);
    let own = json!({
        "id": "r1", "prospect": "ann@acme.io", "company": "acme.io", "kind": "human",
    });
    host.event("reply", own);
    assert_eq!(host.status("spring", "ann@acme.io"), "paused");
}

/// An effect on an enrollment that is not there placed nothing and said nothing.
#[test]
fn a_campaign_that_the_prospect_is_not_in_holds_the_prospect() {
    let mut host = host();
    let event = json!({"id": "d1", "prospect": "ann@acme.io", "campaign": "summer"});
    let recorded = host.event("data.missing", event);
    let why = "rule `data-missing`: it acts on `enrollment`, but the prospect is not in the \
               campaign that the event names";
    assert_eq!(recorded["errors"], json!([why]));
    assert_eq!(holds(&recorded), ["pause prospect ann@acme.io by rule-error"]);
    assert_eq!(host.status("spring", "ann@acme.io"), "paused");
}

/// The engine makes events of reports under this source, with tokens as ids: one of a host's with
/// the same identity would have stood for the engine's.
#[test]
fn the_source_of_the_engines_own_events_is_refused() {
    let mut host = host();
    let event = json!({"id": "1-2-0", "source": "holdline", "prospect": "ann@acme.io"});
    let (code, message) = host.refused(host.event_command("opt-out", event));
    assert_eq!(code, "invalid-value");
    assert_eq!(message, "`event.source`: `holdline` is the source of the engine's own events");
}

/// A late delivery event of the step before marked the step in doubt as sent, so that it was lost
/// without anybody being asked.
#[test]
fn a_delivery_from_before_the_send_settles_nothing() {
    let mut host = host();
    let take = |host: &mut Host| {
        let claimed = host.ok(json!({"do": "claim", "limit": 1, "lease": "5m"}));
        let token = claimed["sends"][0]["token"].clone();
        host.ok(json!({"do": "confirm", "token": token}));
        token
    };
    host.ok(json!({"do": "pause", "prospect": "bob@globex.com"}));
    let first = take(&mut host);
    host.ok(json!({"do": "sent", "token": first, "sent-at": "2026-03-02T08:00:00Z"}));
    host.at("2026-03-03T08:00:00Z");
    take(&mut host);
    host.later(6).ok(json!({"do": "advance"}));
    assert_eq!(host.status("spring", "ann@acme.io"), "outcome-unknown");
    let delivered = |id: &str, at: &str| {
        json!({
            "id": id, "prospect": "ann@acme.io", "campaign": "spring", "at": at,
        })
    };
    host.event("delivered", delivered("d1", "2026-03-02T08:01:00Z"));
    assert_eq!(host.status("spring", "ann@acme.io"), "outcome-unknown");
    host.event("delivered", delivered("d2", "2026-03-03T08:02:00Z"));
    assert_eq!(host.status("spring", "ann@acme.io"), "finished");
}

/// A changed zone placed the step where its delay put it, whatever date a person had given.
#[test]
fn a_changed_zone_keeps_a_persons_date() {
    let mut host = host();
    host.ok(json!({
        "do": "reschedule", "selection": {"prospect": "ann@acme.io"},
        "from": "2026-06-01T09:00:00Z",
    }));
    host.ok(json!({"do": "put-prospect", "key": "ann@acme.io", "zone": "Europe/Berlin"}));
    assert_eq!(
        host.view("spring", "ann@acme.io").next,
        Some("2026-06-01T09:00:00Z".parse().unwrap())
    );
}
