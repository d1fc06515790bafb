//! Larger policies for holdline alone.

use std::fmt::Write as _;

/// A policy of so many rules: those of the catalogue, and others that listen to the same events
/// with conditions of their own, the kinds of events in turn. An event of the mix asks about a
/// fifth of them, and next to none of the added ones fires. Where the catalogue ignores, they do
/// too: a pause beside an `ignore` is an error.
#[must_use]
pub fn of(rules: usize) -> String {
    let mut text = include_str!("../rules/outreach.rules").to_owned();
    let shapes = [
        ("open", "ignore", "prospect.domain is known and prospect.domain is"),
        ("click", "ignore", "company.key is known and company.key is"),
        (
            "reply",
            "pause prospect",
            "reply.kind is human and campaign.key is known and campaign.key is",
        ),
        (
            "bounce",
            "pause prospect",
            "bounce.class is hard and prospect.domain is known and prospect.domain is",
        ),
        (
            "mark",
            "pause prospect",
            "mark.as is qualified and campaign.key is known and campaign.key is",
        ),
    ];
    let added = rules.saturating_sub(crate::catalogue::RULES.len());
    for (number, (event, effect, condition)) in shapes.iter().cycle().take(added).enumerate() {
        let _ = writeln!(
            text,
            "\nrule added-{number} {{\n  on {event}\n  where {condition} \
             \"added-{number}.example\"\n  {effect}\n}}"
        );
    }
    text
}

/// The rules of the catalogue, and two with windows.
#[must_use]
pub fn with_two_windows() -> String {
    of(0)
        + "
rule company-bouncing {
  on bounce
  when count(bounce at company in 7d) >= 3
  pause company for 14d
}

rule bad-list {
  on bounce
  when rate(bounce per sent at campaign in 28d) >= 2% of at least 20
  pause campaign
}
"
}
