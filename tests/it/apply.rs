//! A host that speaks to an engine in JSON lines, as `holdline apply` does: a line in, a line out.
//!
//! It knows no rules and no expectations; it only saves the tests from writing the same fields on
//! every line.

use holdline::engine::view::EnrollmentView;
use holdline::json::{read_command, write_outcome};
use holdline::{Digest, Engine, Instant, Policy, Selection};
use serde_json::{Value as Json, json};

/// A Monday, in the morning.
pub const MONDAY: &str = "2026-03-02T08:00:00Z";

pub struct Host {
    pub engine: Engine,
    now: Instant,
    workspace: Option<String>,
}

pub fn instant(text: &str) -> Instant {
    text.parse().unwrap()
}

impl Host {
    /// An engine in memory with the shipped policy and a sender `s1`, on that Monday.
    pub fn new() -> Self {
        Self::since(MONDAY)
    }

    pub fn since(at: &str) -> Self {
        let mut host = Self::bare(at);
        host.policy(&Policy::default_rules().files[0].text);
        host.ok(json!({"do": "put-sender", "key": "s1"}));
        host
    }

    /// With nothing in it.
    pub fn bare(at: &str) -> Self {
        Self { engine: Engine::in_memory().unwrap(), now: instant(at), workspace: None }
    }

    /// Speaks for a workspace from here on.
    pub fn workspace(&mut self, name: &str) {
        self.workspace = Some(name.to_owned());
    }

    /// One line in, one line out.
    pub fn line(&self, line: &str) -> Json {
        let command = read_command(line.as_bytes()).unwrap_or_else(|error| {
            panic!("{line}: {error} ({:?})", error.help_text());
        });
        let outcome = write_outcome(&self.engine.apply(command).unwrap());
        serde_json::from_str(&outcome).unwrap()
    }

    /// A command of now, unless it has an instant of its own.
    pub fn tell(&mut self, command: Json) -> Json {
        let Json::Object(mut fields) = command else {
            panic!("expected an object");
        };
        let now = self.now.to_string();
        fields.entry("at").or_insert_with(|| now.into());
        if let Some(workspace) = &self.workspace {
            fields.insert("workspace".into(), workspace.as_str().into());
        }
        self.line(&Json::Object(fields).to_string())
    }

    /// A command that is not refused.
    pub fn ok(&mut self, command: Json) -> Json {
        let outcome = self.tell(command.clone());
        assert!(outcome.get("ok").is_some(), "{command}: {outcome}");
        outcome
    }

    /// A command that is refused: the refusal's name and its message.
    pub fn refused(&mut self, command: Json) -> (String, String) {
        let outcome = self.tell(command.clone());
        let part = |name: &str| outcome[name].as_str().unwrap_or_default().to_owned();
        assert!(outcome.get("refused").is_some(), "{command}: {outcome}");
        (part("refused"), part("message"))
    }

    pub fn policy(&mut self, text: &str) {
        self.ok(json!({"do": "put-policy", "files": [{"name": "test.rules", "text": text}]}));
    }

    /// Lets it be another instant, never an earlier one.
    pub fn at(&mut self, at: &str) -> &mut Self {
        self.at_instant(instant(at))
    }

    pub fn at_instant(&mut self, at: Instant) -> &mut Self {
        const ALMOST_A_DAY_MS: i64 = 23 * 3_600_000;
        assert!(at >= self.now, "{at} is before {}", self.now);
        let far = at.ms_since(self.now) > ALMOST_A_DAY_MS;
        self.now = at;
        if far {
            self.ok(json!({"do": "advance"}));
        }
        self
    }

    pub fn later(&mut self, minutes: i64) -> &mut Self {
        self.at_instant(self.now.plus_ms(minutes * 60_000))
    }

    pub fn campaign(&mut self, key: &str, steps: Json) {
        self.ok(json!({"do": "put-campaign", "key": key, "senders": ["s1"], "steps": steps}));
    }

    pub fn prospect(&mut self, key: &str) {
        self.ok(json!({"do": "put-prospect", "key": key}));
    }

    pub fn enroll(&mut self, campaign: &str, prospect: &str) -> Json {
        self.ok(json!({"do": "enroll", "campaign": campaign, "prospect": prospect}))
    }

    /// Makes people and puts each into the campaign.
    pub fn enrolled(&mut self, campaign: &str, prospects: &[&str]) {
        for prospect in prospects {
            self.prospect(prospect);
            self.enroll(campaign, prospect);
        }
    }

    /// An event with an id of its own, unless it has one.
    pub fn event(&mut self, kind: &str, event: Json) -> Json {
        self.ok(self.event_command(kind, event))
    }

    pub fn event_command(&self, kind: &str, event: Json) -> Json {
        let Json::Object(mut fields) = event else {
            panic!("expected an object");
        };
        // The id comes from the engine's sequence: no two are alike.
        let id = format!("e{}", self.engine.snapshot().unwrap().sequence());
        fields.insert("type".into(), kind.into());
        fields.entry("id").or_insert_with(|| id.into());
        json!({"do": "record", "event": fields})
    }

    pub fn reply(&mut self, prospect: &str) -> Json {
        self.event("reply", json!({"prospect": prospect, "kind": "human"}))
    }

    pub fn claim(&mut self) -> Vec<Json> {
        self.claim_up_to(1000)
    }

    pub fn claim_up_to(&mut self, limit: u32) -> Vec<Json> {
        let claimed = self.ok(json!({"do": "claim", "limit": limit, "lease": "5m"}));
        claimed["sends"].as_array().unwrap().clone()
    }

    /// Claims the one send that is due, and returns its token.
    pub fn take(&mut self) -> String {
        let sends = self.claim();
        assert_eq!(sends.len(), 1, "{sends:?}");
        sends[0]["token"].as_str().unwrap().to_owned()
    }

    pub fn confirm(&mut self, token: &str) -> Json {
        self.tell(json!({"do": "confirm", "token": token}))
    }

    /// Claims what is due, confirms and reports it: `ann@acme.io 1`, in the order of the claim.
    pub fn send(&mut self) -> Vec<String> {
        let mut sent = Vec::new();
        // Under a gap a sender has one claim at a time, so another claim may find more.
        loop {
            let sends = self.claim();
            if sends.is_empty() {
                return sent;
            }
            for send in sends {
                let token = send["token"].as_str().unwrap();
                let verdict = self.confirm(token);
                assert_eq!(verdict["ok"], "go", "{send}: {verdict}");
                self.ok(json!({"do": "sent", "token": token}));
                sent.push(format!("{} {}", send["prospect"].as_str().unwrap(), send["step"]));
            }
        }
    }

    /// Nothing is due a minute before an instant, and at it exactly these are sent, once.
    pub fn sends_at(&mut self, at: &str, expected: &[&str]) {
        let at = instant(at);
        if at.plus_ms(-60_000) > self.now {
            self.at_instant(at.plus_ms(-60_000));
            assert_eq!(self.send(), Vec::<String>::new(), "a minute before {at}");
        }
        self.at_instant(at);
        assert_eq!(self.send(), expected, "at {at}");
        assert_eq!(self.send(), Vec::<String>::new(), "a second time at {at}");
    }

    /// Nothing is sent, asked every six hours until an instant.
    pub fn silent_until(&mut self, at: &str) {
        let end = instant(at);
        while self.now < end {
            let next = self.now.plus_ms(6 * 3_600_000).min(end);
            self.at_instant(next);
            assert_eq!(self.send(), Vec::<String>::new(), "at {next}");
        }
    }

    pub fn list(&self, selection: Selection) -> Vec<EnrollmentView> {
        let snapshot = self.engine.snapshot().unwrap();
        let view = snapshot.view(self.workspace.as_deref().unwrap_or("default")).unwrap();
        view.list(&selection, None, 1000).unwrap().rows
    }

    pub fn view(&self, campaign: &str, prospect: &str) -> EnrollmentView {
        let mut rows = self.list(Selection {
            campaign: Some(campaign.to_owned()),
            prospect: Some(prospect.to_owned()),
            ..Selection::default()
        });
        assert_eq!(rows.len(), 1, "{prospect} in {campaign}");
        rows.remove(0)
    }

    pub fn status(&self, campaign: &str, prospect: &str) -> String {
        self.view(campaign, prospect).status.to_string()
    }

    /// When the next send is planned; `-` if it is not.
    pub fn next(&self, campaign: &str, prospect: &str) -> String {
        let next = self.view(campaign, prospect).next;
        next.map_or_else(|| "-".to_owned(), |at| at.to_string())
    }

    /// How many next sends are planned on each day (of UTC): `03-02 ×24`.
    pub fn planned_days(&self, campaign: &str) -> Vec<String> {
        let campaign = Some(campaign.to_owned());
        let mut days = std::collections::BTreeMap::new();
        for row in self.list(Selection { campaign, ..Selection::default() }) {
            let day =
                row.next.map_or_else(|| "never".to_owned(), |at| at.to_string()[5..10].into());
            *days.entry(day).or_insert(0) += 1;
        }
        days.iter().map(|(day, count): (&String, &u32)| format!("{day} ×{count}")).collect()
    }

    /// Lets commands pass until all is planned anew that was to be, and no longer: three looks at
    /// each enrollment, 16 with each command.
    pub fn planned_anew(&mut self, enrollments: u32) -> &mut Self {
        for _ in 0..(3 * enrollments).div_ceil(16) {
            self.ok(json!({"do": "advance"}));
        }
        let done = self.digest();
        self.ok(json!({"do": "advance"}));
        assert_eq!(self.digest(), done, "it is not done yet");
        self
    }

    /// Why the next instant of a prospect in its only campaign is what it is.
    pub fn why(&self, prospect: &str) -> String {
        let snapshot = self.engine.snapshot().unwrap();
        let view = snapshot.view(self.workspace.as_deref().unwrap_or("default")).unwrap();
        view.explain(prospect).unwrap().enrollments[0].next.join("; ")
    }

    pub fn digest(&self) -> Digest {
        self.engine.snapshot().unwrap().digest()
    }
}

/// The rules of an event's holds, with kind, scope and target: `pause prospect ann by human-reply`.
pub fn holds(recorded: &Json) -> Vec<String> {
    let text = |hold: &Json, name: &str| hold[name].as_str().unwrap_or("a person").to_owned();
    let holds = recorded.get("holds").or(recorded.get("held-by")).unwrap();
    let told = |hold: &Json| {
        let [kind, scope, target, rule] =
            ["kind", "scope", "target", "rule"].map(|name| text(hold, name));
        format!("{kind} {scope} {target} by {rule}")
    };
    holds.as_array().unwrap().iter().map(told).collect()
}
