//! What a journaled command is about: whom it names, and the words for it.

use std::collections::BTreeMap;

use holdline::model::{Action, Command, Event, HoldTarget, Selection, Value};

/// Whom a command names, and a few words on it.
#[derive(Debug, Default)]
pub struct About<'a> {
    /// Its prospect.
    pub prospect: Option<&'a str>,
    /// Its company.
    pub company: Option<&'a str>,
    /// Its campaign.
    pub campaign: Option<&'a str>,
    /// Whatever else it says.
    pub more: Vec<String>,
}

impl<'a> About<'a> {
    /// What a command is about.
    pub fn of(action: &'a Action) -> Self {
        let mut about = Self::default();
        match action {
            Action::Open { incarnation, .. } => about.say(format!("opening {incarnation}")),
            Action::Configure(settings) => {
                about.more.extend(settings.zone.iter().map(|zone| format!("zone {zone}")));
            }
            Action::PutPolicy(policy) | Action::Publish { policy, .. } => {
                about.more.extend(policy.files.first().map(|file| file.name.clone()));
            }
            Action::PutCompany(company) => about.company = Some(&company.key),
            Action::PutProspect(prospect) => {
                about.prospect = Some(&prospect.key);
                about.company = prospect.company.as_deref();
            }
            Action::PutSender(sender) => about.say(format!("sender {}", sender.key)),
            Action::PutCampaign(campaign) => about.campaign = Some(&campaign.key),
            Action::AddStep { campaign, step } => {
                about.campaign = Some(campaign);
                about.say(format!("step {}", step.name));
            }
            Action::Enroll { campaign, prospect } => {
                about.campaign = Some(campaign);
                about.prospect = Some(prospect);
            }
            Action::Forget { prospect, .. } | Action::Erase { prospect, .. } => {
                about.prospect = Some(prospect);
            }
            Action::Record(event) => about.event(event),
            Action::Retract { event, .. } => about.say(format!("event {event}")),
            Action::Hold { target, until, .. } => {
                about.target(target);
                about.more.extend(until.map(|until| format!("until {until}")));
            }
            Action::Resume { target, reschedule, .. } => {
                about.target(target);
                about.more.extend(reschedule.map(|from| format!("placed anew from {from}")));
            }
            Action::Lift { hold, .. } => about.say(format!("hold {hold}")),
            Action::Reschedule { selection, from, .. } => {
                about.selection(selection);
                about.say(format!("from {from}"));
            }
            Action::ResendSelected { selection, .. } => about.selection(selection),
            Action::Restored { until } => about.say(format!("until {until}")),
            Action::Claim { limit, .. } => about.say(format!("up to {limit}")),
            Action::Confirm { token }
            | Action::Report { token, .. }
            | Action::Resend { token, .. } => about.say(token.to_string()),
            _ => {}
        }
        about.more.extend(reason(action).map(|reason| format!("“{reason}”")));
        about
    }

    fn say(&mut self, text: String) {
        self.more.push(text);
    }

    fn event(&mut self, event: &'a Event) {
        let subject = &event.subject;
        self.prospect = subject.prospect.as_deref();
        self.company = subject.company.as_deref();
        self.campaign = subject.campaign.as_deref();
        self.more.extend(subject.sender.iter().map(|sender| format!("sender {sender}")));
        let shown = event.attributes.iter().map(|(name, value)| format!("{name} {}", plain(value)));
        self.more.extend(shown);
    }

    fn target(&mut self, target: &'a HoldTarget) {
        match target {
            HoldTarget::Enrollment { campaign, prospect } => {
                self.campaign = Some(campaign);
                self.prospect = Some(prospect);
            }
            HoldTarget::Prospect(key) => self.prospect = Some(key),
            HoldTarget::CompanyInCampaign { company, campaign } => {
                self.company = Some(company);
                self.campaign = Some(campaign);
            }
            HoldTarget::Company(key) => self.company = Some(key),
            HoldTarget::Campaign(key) => self.campaign = Some(key),
            HoldTarget::Sender(key) => self.say(format!("sender {key}")),
            HoldTarget::Workspace => self.say("everything".to_owned()),
            HoldTarget::Selection(selection) => self.selection(selection),
            _ => {}
        }
    }

    fn selection(&mut self, selection: &'a Selection) {
        self.prospect = selection.prospect.as_deref();
        self.company = selection.company.as_deref();
        self.campaign = selection.campaign.as_deref();
        self.more.extend(selection.status.map(|status| format!("status {status}")));
        self.more.extend(selection.step.map(|step| format!("step {step}")));
        self.more.extend(selection.search.iter().map(|text| format!("with “{text}”")));
    }

    /// Whom it names, in few words: `ann@acme.example in spring`.
    pub fn whom(&self) -> String {
        let company = self.company.map(|key| format!("company {key}"));
        let who = match (self.prospect, company) {
            (Some(prospect), Some(company)) => format!("{prospect} of {company}"),
            (Some(prospect), None) => prospect.to_owned(),
            (None, company) => company.unwrap_or_default(),
        };
        match self.campaign {
            Some(campaign) if who.is_empty() => format!("campaign {campaign}"),
            Some(campaign) => format!("{who} in {campaign}"),
            None => who,
        }
    }
}

fn reason(action: &Action) -> Option<&str> {
    match action {
        Action::Retract { reason, .. }
        | Action::Hold { reason, .. }
        | Action::Resume { reason, .. }
        | Action::Lift { reason, .. }
        | Action::Reschedule { reason, .. }
        | Action::Resend { reason, .. }
        | Action::ResendSelected { reason, .. }
        | Action::Forget { reason, .. }
        | Action::Erase { reason, .. }
        | Action::Forgotten { reason } => reason.as_deref(),
        _ => None,
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        Value::Instant(at) => at.to_string(),
        Value::Date(date) => date.to_string(),
        Value::List(items) => items.join(", "),
        _ => String::new(),
    }
}

/// Which company a prospect belongs to, as far as the commands so far say.
#[derive(Debug, Default)]
pub struct Companies {
    /// The company that a `put-prospect` named, by workspace and prospect.
    named: BTreeMap<(String, String), String>,
    /// The address, where it is not the key.
    addresses: BTreeMap<(String, String), String>,
    /// The company that has a domain, by workspace and domain.
    domains: BTreeMap<(String, String), String>,
}

impl Companies {
    /// Takes in what a command says of it.
    pub fn learn(&mut self, command: &Command) {
        let workspace = command.workspace.as_deref().unwrap_or(holdline::engine::DEFAULT_WORKSPACE);
        let place = |key: &str| (workspace.to_owned(), key.to_owned());
        match &command.action {
            Action::PutProspect(prospect) => {
                if let Some(company) = &prospect.company {
                    self.named.insert(place(&prospect.key), company.clone());
                }
                if let Some(address) = &prospect.address {
                    self.addresses.insert(place(&prospect.key), address.clone());
                }
            }
            Action::PutCompany(company) => {
                for domain in &company.domains {
                    self.domains.insert(place(&domain.to_lowercase()), company.key.clone());
                }
            }
            _ => {}
        }
    }

    /// Whether a prospect belongs to a company.
    pub fn has(&self, company: &str, workspace: Option<&str>, prospect: &str) -> bool {
        let workspace = workspace.unwrap_or(holdline::engine::DEFAULT_WORKSPACE);
        let place = (workspace.to_owned(), prospect.to_owned());
        if let Some(named) = self.named.get(&place) {
            return named == company;
        }
        let address = self.addresses.get(&place).map_or(prospect, String::as_str);
        let Some((_, domain)) = address.rsplit_once('@') else {
            return false;
        };
        // `mail.acme.example` is a domain of `acme.example`, whoever it was given to.
        let mut domain = domain.to_lowercase();
        loop {
            let place = (workspace.to_owned(), domain);
            if let Some(owner) = self.domains.get(&place) {
                return owner == company;
            }
            if place.1 == company {
                return true;
            }
            match place.1.split_once('.') {
                Some((_, rest)) => domain = rest.to_owned(),
                None => return false,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use holdline::json::read_command;

    #[test]
    fn a_prospect_belongs_to_the_company_that_the_journal_says() {
        let mut companies = Companies::default();
        for line in [
            r#""put-company","key":"acme","domains":["Acme.io"]"#,
            r#""put-prospect","key":"ann@x.example","company":"acme""#,
            r#""put-prospect","key":"17","address":"bob@mail.acme.io""#,
        ] {
            let line = format!("{{\"at\":\"2026-03-02T08:00:00Z\",\"do\":{line}}}");
            companies.learn(&read_command(line.as_bytes()).unwrap());
        }
        let of = |prospect| companies.has("acme", None, prospect);
        assert!(of("ann@x.example") && of("17") && of("cy@acme.io"));
        assert!(!of("dan@x.example") && !of("18"));
        assert!(!companies.has("x.example", None, "ann@x.example"), "it was named another");
        assert!(companies.has("x.example", None, "dan@sub.x.example"));
        assert!(!companies.has("acme", Some("elsewhere"), "17"));
    }
}
