//! The rules by number: what each listens to and does. Their conditions are in the files of the
//! engines, in the language of each.

use holdline::Scope;

use crate::Effect;

/// What the effect of a rule covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Covers {
    /// Nothing: the rule ignores.
    Nothing,
    /// The same thing always.
    Fixed(Scope),
    /// What the event's attribute `scope` names.
    AsTheEventSays,
}

/// A rule without its condition.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Its name, the same in every language.
    pub name: &'static str,
    /// The events that it listens to.
    pub events: &'static [&'static str],
    /// What it does.
    pub effect: Effect,
    /// What that covers.
    pub scope: Covers,
}

const fn rule(
    name: &'static str,
    events: &'static [&'static str],
    effect: Effect,
    scope: Covers,
) -> Rule {
    Rule { name, events, effect, scope }
}

const PROSPECT: Covers = Covers::Fixed(Scope::Prospect);
const COMPANY: Covers = Covers::Fixed(Scope::Company);

/// The rules, in the order of `rules/outreach.rules`.
pub const RULES: [Rule; 22] = [
    rule("human-reply", &["reply"], Effect::Pause, PROSPECT),
    rule("company-replied", &["reply"], Effect::Pause, COMPANY),
    rule("referral", &["reply"], Effect::Pause, PROSPECT),
    rule("unclear-reply", &["reply"], Effect::Pause, PROSPECT),
    rule("out-of-office", &["reply"], Effect::Pause, PROSPECT),
    rule("auto-reply", &["reply"], Effect::Ignore, Covers::Nothing),
    rule("inbound-message", &["inbound"], Effect::Pause, PROSPECT),
    rule("hard-bounce", &["bounce"], Effect::Stop, PROSPECT),
    rule("soft-bounce", &["bounce"], Effect::Pause, PROSPECT),
    rule("policy-bounce", &["bounce"], Effect::Pause, PROSPECT),
    rule("opted-out", &["opt-out"], Effect::Stop, PROSPECT),
    rule("complained", &["complaint"], Effect::Stop, PROSPECT),
    rule("marked-final", &["mark"], Effect::Stop, Covers::AsTheEventSays),
    rule("marked-not-interested", &["mark"], Effect::Stop, Covers::AsTheEventSays),
    rule("marked-interested", &["mark"], Effect::Pause, Covers::AsTheEventSays),
    rule("marked-later", &["mark"], Effect::Pause, Covers::AsTheEventSays),
    rule("meeting-booked", &["meeting.booked"], Effect::Pause, COMPANY),
    rule("call-reached", &["call"], Effect::Pause, PROSPECT),
    rule("call-refused", &["call"], Effect::Stop, PROSPECT),
    rule("call-missed", &["call"], Effect::Ignore, Covers::Nothing),
    rule("company-customer", &["company.stage"], Effect::Pause, COMPANY),
    rule("watched", &["open", "click"], Effect::Ignore, Covers::Nothing),
];

/// The events that a rule listens to, the frequent ones first.
pub const EVENTS: [&str; 11] = [
    "open",
    "click",
    "reply",
    "bounce",
    "mark",
    "opt-out",
    "inbound",
    "complaint",
    "call",
    "meeting.booked",
    "company.stage",
];

/// The domains that say nothing about where someone works.
pub const FREE_MAIL: [&str; 35] = [
    "aol.com",
    "fastmail.com",
    "free.fr",
    "gmail.com",
    "gmx.de",
    "gmx.net",
    "googlemail.com",
    "hey.com",
    "hotmail.com",
    "icloud.com",
    "laposte.net",
    "libero.it",
    "live.com",
    "mac.com",
    "mail.com",
    "mail.ru",
    "me.com",
    "msn.com",
    "naver.com",
    "orange.fr",
    "outlook.com",
    "proton.me",
    "protonmail.com",
    "qq.com",
    "seznam.cz",
    "t-online.de",
    "tutanota.com",
    "web.de",
    "wp.pl",
    "yahoo.co.jp",
    "yahoo.co.uk",
    "yahoo.com",
    "yandex.ru",
    "ymail.com",
    "zoho.com",
];

/// The number of the rule of that name.
#[must_use]
pub fn number(name: &str) -> Option<usize> {
    RULES.iter().position(|rule| rule.name == name)
}
