//! Commands that were journaled, without a person who was forgotten since; and whom they name.

use super::person::Person;
use crate::model::{Action, Command, HoldTarget, Value};

impl Person {
    fn scrub_maybe(&self, text: &mut Option<String>) -> bool {
        text.as_mut().is_some_and(|text| self.scrub(text))
    }

    /// Whether a command is about the person.
    fn is_subject(&self, action: &Action) -> bool {
        // A prospect's key comes first; its address may be another's, too.
        prospects_of(action).first() == Some(&self.key.as_str())
    }

    /// Takes the person out of a command that was journaled; whether anything was to be taken.
    pub(crate) fn redact(&self, command: &mut Command) -> bool {
        let mut changed = self.scrub_maybe(&mut command.id) | self.scrub_maybe(&mut command.by);
        if self.is_subject(&command.action) {
            let mut reason = match &mut command.action {
                Action::Forget { reason, .. } | Action::Erase { reason, .. } => reason.take(),
                _ => None,
            };
            self.scrub_maybe(&mut reason);
            // How the host called the command may tell of whom it was.
            command.id = None;
            command.action = Action::Forgotten { reason };
            return true;
        }
        each_text(&mut command.action, &mut |text| changed |= self.scrub(text));
        changed
    }
}

/// The keys and addresses of prospects that a command names where it names prospects.
pub(crate) fn prospects_of(action: &Action) -> Vec<&str> {
    let one = match action {
        Action::PutProspect(prospect) => {
            let texts = std::iter::once(&prospect.key).chain(&prospect.address);
            return texts.map(String::as_str).collect();
        }
        Action::Enroll { prospect, .. }
        | Action::Forget { prospect, .. }
        | Action::Erase { prospect, .. } => Some(prospect),
        Action::Record(event) => event.subject.prospect.as_ref(),
        Action::Hold { target, .. } | Action::Resume { target, .. } => match target {
            HoldTarget::Enrollment { prospect, .. } | HoldTarget::Prospect(prospect) => {
                Some(prospect)
            }
            HoldTarget::Selection(selection) => selection.prospect.as_ref(),
            _ => None,
        },
        Action::Reschedule { selection, .. } | Action::ResendSelected { selection, .. } => {
            selection.prospect.as_ref()
        }
        _ => None,
    };
    one.into_iter().map(String::as_str).collect()
}

/// Hands on the free texts of a command: all but keys, and but the text of policies, which mean
/// what they say.
fn each_text(action: &mut Action, each: &mut dyn FnMut(&mut String)) {
    match action {
        Action::PutCompany(company) => {
            let texts = company.name.iter_mut().chain(&mut company.stage);
            texts.chain(company.tags.iter_mut().flatten()).for_each(each);
        }
        Action::PutProspect(prospect) => {
            prospect.tags.iter_mut().flatten().for_each(&mut *each);
            for (name, text) in prospect.fields.iter_mut().flatten() {
                each(name);
                each(text);
            }
        }
        Action::PutCampaign(campaign) => {
            campaign.tags.iter_mut().flatten().for_each(&mut *each);
            campaign.steps.iter_mut().for_each(|step| each(&mut step.name));
        }
        Action::AddStep { step, .. } => each(&mut step.name),
        Action::Record(event) => {
            each(&mut event.id);
            each(&mut event.source);
            for (_, value) in &mut event.attributes {
                match value {
                    Value::Text(text) => each(text),
                    Value::List(texts) => texts.iter_mut().for_each(&mut *each),
                    _ => {}
                }
            }
        }
        Action::Retract { source, event, reason } => {
            each(source);
            each(event);
            reason.iter_mut().for_each(each);
        }
        Action::Hold { target, reason, .. } | Action::Resume { target, reason, .. } => {
            if let HoldTarget::Selection(selection) = target {
                selection.search.iter_mut().for_each(&mut *each);
            }
            reason.iter_mut().for_each(each);
        }
        Action::Reschedule { selection, reason, .. }
        | Action::ResendSelected { selection, reason } => {
            selection.search.iter_mut().chain(reason).for_each(each);
        }
        Action::Lift { reason, .. }
        | Action::Resend { reason, .. }
        | Action::Forget { reason, .. }
        | Action::Erase { reason, .. }
        | Action::Forgotten { reason } => reason.iter_mut().for_each(each),
        Action::Open { .. }
        | Action::Configure(_)
        | Action::PutPolicy(_)
        | Action::Publish { .. }
        | Action::PutSender(_)
        | Action::Enroll { .. }
        | Action::Claim { .. }
        | Action::Confirm { .. }
        | Action::Report { .. }
        | Action::Advance
        | Action::Tick
        | Action::Restored { .. } => {}
    }
}

#[cfg(test)]
mod tests {
    use super::Person;
    use crate::json::{read_command, write_command};
    use crate::model::{Action, Command};

    fn ann() -> Person {
        Person {
            key: "crm-4711".to_owned(),
            addresses: vec!["Ann@Acme.io".to_owned()],
            name: "forgotten-3".to_owned(),
        }
    }

    #[test]
    fn a_short_key_is_found_where_it_is_a_key_alone() {
        let person = Person { key: "17".to_owned(), addresses: vec![], name: "f".to_owned() };
        assert_eq!(person.scrubbed("17"), None);
        let mut command = read(r#""do":"enroll","campaign":"17","prospect":"17""#);
        assert!(person.redact(&mut command));
        assert_eq!(command.action, Action::Forgotten { reason: None });
    }

    fn read(fields: &str) -> Command {
        read_command(format!(r#"{{"at":"2026-03-02T08:00:00Z",{fields}}}"#).as_bytes()).unwrap()
    }

    #[test]
    fn a_command_about_the_person_is_replaced_and_others_lose_its_texts() {
        for about in [
            r#""do":"put-prospect","key":"crm-4711","address":"old@acme.io""#,
            r#""do":"enroll","id":"c1","campaign":"c","prospect":"crm-4711""#,
            r#""do":"record","event":{"type":"reply","id":"e","prospect":"crm-4711","name":"Ann"}"#,
            r#""do":"pause","prospect":"crm-4711","reason":"Ann is ill""#,
            r#""do":"resume","campaign":"c","prospect":"crm-4711""#,
            r#""do":"stop","selection":{"prospect":"crm-4711"}"#,
            r#""do":"resume","selection":{"prospect":"crm-4711","step":2}"#,
            r#""do":"resend","selection":{"prospect":"crm-4711"}"#,
        ] {
            let mut command = read(about);
            assert!(ann().redact(&mut command), "{about}");
            assert_eq!(command.action, Action::Forgotten { reason: None }, "{about}");
            assert_eq!(command.id, None);
        }
        let mut forget =
            read(r#""do":"forget","prospect":"crm-4711","reason":"ann@acme.io asked""#);
        assert!(ann().redact(&mut forget));
        let reason = Some("forgotten-3 asked".to_owned());
        assert_eq!(forget.action, Action::Forgotten { reason });
        for mentions in [
            r#""do":"put-prospect","key":"b","fields":{"a":"ann@acme.io"},"tags":["crm-4711"]"#,
            r#""do":"put-company","key":"acme.io","name":"Ann (ann@acme.io)""#,
            r#""do":"record","event":{"type":"reply","id":"ann@acme.io/1","prospect":"bob"}"#,
            r#""do":"record","event":{"type":"m","id":"1","prospect":"b","as":["ann@acme.io"]}"#,
            r#""do":"retract","event":"ann@acme.io/1","source":"m""#,
            r#""do":"pause","selection":{"search":"ann@acme.io"},"reason":"crm-4711 asked""#,
            r#""do":"claim","id":"for ann@acme.io","by":"crm-4711","limit":1,"lease":"1m""#,
        ] {
            let mut command = read(mentions);
            assert!(ann().redact(&mut command), "{mentions}");
            let line = write_command(&command);
            assert!(line.contains("forgotten-3"), "{line}");
            assert!(!line.contains("ann@acme.io\"") && !line.contains("crm-4711"), "{line}");
        }
        for others in [
            r#""do":"enroll","campaign":"crm-4711","prospect":"joann@acme.io""#,
            r#""do":"put-prospect","key":"joann@acme.io","address":"ann@acme.io""#,
            r#""do":"put-sender","key":"ann@acme.io""#,
        ] {
            let mut command = read(others);
            let before = command.clone();
            assert!(!ann().redact(&mut command), "{others}");
            assert_eq!(command, before);
        }
    }
}
