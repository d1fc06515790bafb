//! The words of the language, one line about each.

/// The words that clauses begin with.
pub(super) const CLAUSES: &[&str] =
    &["on", "where", "except", "when", "pause", "stop", "ignore", "resume", "overrides", "reason"];
pub(super) const ITEMS: &[&str] =
    &["policy", "include", "domains", "addresses", "texts", "event", "rule", "invariant", "test"];
pub(super) const CLAIMS: &[&str] = &["never", "always"];
pub(super) const VERBS: &[&str] = &["pause", "stop", "ignore"];
pub(super) const TAILS: &[&str] = &["for", "until", "else", "max"];
pub(super) const JOINTS: &[&str] = &["and", "or"];
pub(super) const OPERATORS: &[&str] =
    &["is", "is not", "in", "not in", "starts with", "ends with", "matches"];
pub(super) const PARTS: &[&str] = &["where", "per", "at", "in"];
pub(super) const FIXTURES: &[&str] = &["company", "prospect", "sender", "campaign", "start"];
pub(super) const STATES: &[&str] =
    &["active", "paused", "stopped", "finished", "unplaceable", "next", "not"];
/// What may stand before a name that belongs to several things.
pub(super) const SUBJECTS: &[&str] = &["prospect", "company", "campaign", "sender", "workspace"];
/// What a person does in a test.
pub(super) const DEEDS: &[&str] = &["pause", "stop", "resume", "retract", "enroll", "add"];
pub(super) const MODES: &[&str] = &["keep", "remaining", "restart", "skip"];

/// What may be set up of a fixture.
pub(super) fn settings(fixture: &str) -> &'static [&'static str] {
    match fixture {
        "company" => &["tags", "stage", "domains", "name"],
        "prospect" => &["address", "zone", "company", "tags", "field"],
        "sender" => &["limit", "zone", "gap"],
        "campaign" => &["senders", "step", "enroll", "tags", "zone"],
        _ => &[],
    }
}

/// A word and what it does.
const ABOUT: &[(&str, &str)] = &[
    ("policy", "the version of the language: `policy 1`"),
    ("include", "what another file declares holds here too: `include \"other.rules\"`"),
    ("domains", "a list of domains, here or from a file: `domains free-mail = [\"gmail.com\"]`"),
    ("addresses", "a list of addresses, here or from a file"),
    ("texts", "a list of texts, here or from a file"),
    ("event", "declares an event and its attributes"),
    ("rule", "what happens on an event: conditions, and effects"),
    ("invariant", "what must never or always be, whatever the rules say"),
    ("test", "a story, and what must have become of it"),
    ("from", "the file of a list, or the rules whose holds are lifted"),
    ("list", "`list of text`: a type"),
    ("of", "what is counted, or what a share is taken of"),
    ("optional", "the attribute may be absent: rules have to say what then"),
    ("on", "the events that a rule listens to"),
    ("where", "must hold for the rule to apply"),
    ("except", "must not hold; a rule may have several"),
    ("when", "asks windows, or says when a claim holds"),
    ("count", "`count(bounce at company in 7d) >= 3`: events in a window"),
    ("rate", "`rate(bounce per sent at campaign in 28d) >= 2% of at least 20`: a share"),
    ("distinct", "`distinct prospect of`: each prospect is counted once"),
    ("per", "the events that a share is taken of"),
    ("at", "the scope that a window counts at"),
    ("least", "`of at least 20`: with fewer, a share says nothing"),
    ("never", "no rule does this"),
    ("always", "some rule does this"),
    ("pause", "holds the target until something lifts the hold"),
    ("stop", "ends the target for good; only a person can undo it"),
    ("ignore", "does nothing, and says that nothing is meant to happen"),
    ("resume", "how a pause resumes, or, with `from`, whose holds are lifted"),
    ("overrides", "the rules that do not apply when this one does"),
    ("reason", "what people read about a hold of this rule"),
    ("for", "how long a pause holds: `for 14d`"),
    ("until", "when a pause ends: an attribute, a date, or a calendar word"),
    ("else", "when a pause ends if its attribute is unknown: a duration, or `manual`"),
    ("max", "the longest that a pause holds"),
    ("manual", "until a person lifts it"),
    ("day-after", "the day after a date"),
    ("next-business-day", "the next day from Monday to Friday"),
    ("after", "the date that the next business day comes after"),
    ("and", "both hold; binds tighter than `or`"),
    ("or", "one of them holds"),
    ("not", "does not hold; binds tighter than `and`"),
    ("is", "is this value; `is known` and `is unknown` ask whether it is there"),
    ("is not", "is another value"),
    ("in", "is one of a list, or how long a window is"),
    ("not in", "is none of a list"),
    ("starts", "`starts with` a text"),
    ("starts with", "begins with a text"),
    ("ends", "`ends with` a text"),
    ("ends with", "ends with a text"),
    ("with", "`starts with`, `ends with`"),
    ("matches", "fits a pattern: `*` is any stretch, `?` any character"),
    ("known", "it is there"),
    ("unknown", "it is not there"),
    ("keep", "the planned instant stays, or the first slot after the release"),
    ("remaining", "what was left of the delay when the pause began is waited for"),
    ("restart", "the delay begins anew at the release"),
    ("skip", "steps whose time passed in the pause are left out"),
    ("start", "when the story begins"),
    ("by", "the rules that hold it, exactly"),
    ("next", "when its next send is planned; what is held has `none`"),
    ("none", "there is no next send"),
    ("person", "a person holds it"),
    ("quiet", "no rule fired on the event of this line"),
    ("ignored", "rules said `ignore` to the event of this line"),
    ("active", "in progress, and nothing holds it"),
    ("paused", "it is held, for now"),
    ("stopped", "it is stopped for good"),
    ("finished", "all its steps are done"),
    ("unplaceable", "its next send finds no place"),
    ("happened", "when it happened, if that is not when it is recorded"),
    ("id", "the id of the event: the same once more changes nothing"),
    ("to", "the company or the campaign that someone new joins"),
    ("retract", "takes an event back"),
    ("enroll", "puts prospects into the campaign"),
    ("add", "someone new, in a company or a campaign"),
    ("tags", "its tags, with commas between"),
    ("stage", "the stage of the company"),
    ("name", "the name of the company"),
    ("address", "the address of the prospect"),
    ("zone", "its time zone"),
    ("field", "a field of the prospect, and its text"),
    ("limit", "how many messages a day the sender sends at most"),
    ("gap", "the time between two messages of the sender"),
    ("senders", "the senders of the campaign"),
    ("step", "a step of the campaign: `after 3d on mon-fri between 09:00-17:00`"),
    ("owner", "who looks after the rule"),
];

/// What a scope covers.
const SCOPES: &[(&str, &str)] = &[
    ("enrollment", "one prospect in one campaign"),
    ("prospect", "one prospect, in all campaigns"),
    ("company in campaign", "the people of one company, in one campaign"),
    ("company", "the people of one company, in all campaigns: of today and of tomorrow"),
    ("sender", "all that one sender sends"),
    ("campaign", "one campaign"),
    ("workspace", "everything in the workspace"),
];

/// What the fields of the subject are.
const FIELDS: &[(&str, &str)] = &[
    ("prospect.address", "the address that the prospect is written to"),
    ("prospect.domain", "the domain of that address"),
    ("prospect.zone", "the prospect's time zone"),
    ("prospect.tags", "the prospect's tags"),
    ("prospect.field", "a field of the prospect: `prospect.field(\"industry\")`"),
    ("company.key", "the company's key"),
    ("company.tags", "the company's tags"),
    ("company.stage", "the company's stage"),
    ("campaign.key", "the campaign's key"),
    ("campaign.tags", "the campaign's tags"),
    ("enrollment.step", "the number of the next step, from 1"),
    ("enrollment.sends", "how many messages went out"),
    ("enrollment.days-since-last-send", "whole days since the last message went out"),
];

fn find<'a>(all: &[(&'a str, &'a str)], word: &str) -> Option<&'a str> {
    all.iter().find(|(known, _)| *known == word).map(|(_, about)| *about)
}

pub(super) fn about(word: &str) -> Option<&'static str> {
    find(ABOUT, word)
}

pub(super) fn scope(name: &str) -> Option<&'static str> {
    find(SCOPES, name)
}

pub(super) fn field(path: &str) -> Option<&'static str> {
    find(FIELDS, path)
}

#[cfg(test)]
mod tests {
    use super::super::super::check::FIELDS;
    use super::{about, field, scope};
    use crate::model::Scope;

    #[test]
    fn every_word_of_the_grammar_has_its_line() {
        let grammar = include_str!("../../../grammar/holdline.pest");
        let keywords = grammar.lines().filter(|line| line.starts_with("k_"));
        let words: Vec<_> = keywords.filter_map(|line| line.split('"').nth(1)).collect();
        assert!(words.len() > 40, "{words:?}");
        for word in words {
            assert!(about(word).is_some(), "{word}");
        }
    }

    #[test]
    fn every_scope_and_field_has_its_line() {
        for name in Scope::ALL.map(Scope::name) {
            assert!(scope(name).is_some(), "{name}");
        }
        for (path, ..) in &FIELDS {
            assert!(field(path).is_some(), "{path}");
        }
    }
}
