//! A small world and what happens in it: random commands about a few keys, so that they meet.

mod changes;
mod tokens;

use std::sync::OnceLock;

use crate::model::{
    Action, Campaign, Delay, EnrolledElsewhere, Event, HoldId, HoldKind, HoldTarget, Hours,
    Instant, Placement, PolicyBundle, PolicyFile, Prospect, Report, Selection, Sender, Settings,
    Status, Step, StepTiming, Value, Weekdays,
};
use chrono::{NaiveDate, TimeDelta};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use self::changes::set_up;
pub use self::tokens::{Out, SendKey, Tokens, journaled, out_of, out_of_model, token_of};

/// A minute.
pub const MINUTE_MS: i64 = 60_000;
/// An hour.
pub const HOUR_MS: i64 = 60 * MINUTE_MS;
/// A day.
pub const DAY_MS: i64 = 24 * HOUR_MS;

/// A Friday in Berlin, two days before its clocks go forward.
pub const BEGIN: &str = "2026-03-27T07:00:00Z";

/// Nobody is in the last one at first.
pub(in crate::testing) const CAMPAIGNS: [&str; 4] = ["spring", "summer", "all-hours", "autumn"];
/// The senders.
const SENDERS: [&str; 3] = ["s1", "s2", "s3"];
const COMPANIES: [&str; 3] = ["acme.io", "globex.com", "initech"];
/// Who there is. The last two come later, if they come.
pub const PROSPECTS: [&str; 10] = [
    "ann@acme.io",
    "bob@mail.acme.io",
    "cy@globex.com",
    "dee@globex.com",
    "eve@gmail.com",
    "fay@gmail.com",
    "gus",
    "hal@acme.io",
    "ivy@acme.io",
    "jon@gmail.com",
];
/// Zones whose clocks differ, and change at different times.
const ZONES: [&str; 4] =
    ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"];

/// One thing to do, `wait_ms` after the last. What it is about is looked up when it is done.
#[derive(Clone, Debug)]
pub struct Op {
    /// So long after the one before.
    pub wait_ms: i64,
    /// Whether a person gives the command.
    pub by_person: bool,
    /// What is done.
    pub act: Act,
}

/// What is done.
#[derive(Clone, Debug)]
pub enum Act {
    /// As it stands, but for its instants and days: they count from a day before the command.
    Do(Action),
    /// The last look at a send that was claimed lately.
    Confirm(usize),
    /// What became of one.
    Report(usize, Kind),
    /// An order to send one again.
    Resend(usize),
    /// An event that was recorded before, again.
    Duplicate(usize),
    /// An event that was recorded before is taken back.
    Retract(usize),
    /// A hold that was placed before is lifted.
    Lift(usize),
    /// The store is closed and opened, or only opened again after a crash.
    Restart {
        /// Whether it was closed.
        clean: bool,
    },
    /// The store is backed up and restored, so long after the engine's time.
    Restore {
        /// So long after it.
        after_ms: i64,
    },
}

impl Act {
    /// What it does if it is about no send, and done by the engine: with these events before it,
    /// and so many holds. None if there is nothing that it could be about.
    pub fn about_no_send(&self, at: Instant, events: &[Event], placed: usize) -> Option<Action> {
        let event = |index: &usize| events.get(index % events.len().max(1));
        Some(match self {
            Self::Do(action) => {
                let mut action = action.clone();
                instants(&mut action, at);
                action
            }
            Self::Duplicate(index) => Action::Record(event(index)?.clone()),
            Self::Retract(index) => Action::Retract {
                source: event(index)?.source.clone(),
                event: event(index)?.id.clone(),
                reason: Some("misread".to_owned()),
            },
            Self::Lift(index) => Action::Lift {
                hold: hold_number(*index, placed),
                reason: Some("looked at".to_owned()),
            },
            Self::Confirm(_)
            | Self::Report(..)
            | Self::Resend(_)
            | Self::Restart { .. }
            | Self::Restore { .. } => return None,
        })
    }
}

/// What becomes of a send.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// It went.
    Sent,
    /// It was refused for now.
    FailedTemporarily,
    /// It was refused for good.
    FailedPermanently,
    /// Nobody knows.
    Unknown,
}

/// Moves the instants and days of an action to where they are meant: about an instant.
pub fn instants(action: &mut Action, now: Instant) {
    let shift = |at: &mut Instant| *at = now.plus_ms(at.as_ms() - DAY_MS);
    let days = now.as_ms().div_euclid(DAY_MS) - 1;
    let move_on = |date: &mut NaiveDate| *date += TimeDelta::days(days);
    match action {
        Action::PutSender(Sender { frozen: Some(ranges), .. })
        | Action::Configure(Settings { closed: Some(ranges), .. }) => {
            for range in ranges {
                move_on(&mut range.first);
                move_on(&mut range.last);
            }
        }
        Action::Hold { until: Some(at), .. }
        | Action::Resume { reschedule: Some(at), .. }
        | Action::Reschedule { from: at, .. } => shift(at),
        Action::Record(Event { at: Some(at), .. }) => shift(at),
        _ => {}
    }
}

/// A report of a kind, given at an instant.
pub fn report(kind: Kind, now: Instant) -> Report {
    match kind {
        Kind::Sent => Report::Sent { at: now.plus_ms(-5 * MINUTE_MS) },
        Kind::FailedTemporarily => Report::FailedTemporarily,
        Kind::FailedPermanently => Report::FailedPermanently,
        Kind::Unknown => Report::Unknown,
    }
}

/// One of these.
fn owned(keys: &[&'static str]) -> BoxedStrategy<String> {
    select(keys.to_vec()).prop_map(str::to_owned).boxed()
}

/// The key of a campaign.
fn campaign() -> BoxedStrategy<String> {
    owned(&CAMPAIGNS)
}

/// The key of a prospect, now and then of nobody.
fn prospect() -> BoxedStrategy<String> {
    prop_oneof![30 => owned(&PROSPECTS), 1 => Just("nobody".to_owned())].boxed()
}

/// The key of a company.
fn company() -> BoxedStrategy<String> {
    owned(&COMPANIES)
}

/// An instant from a day before a command to four days after it.
fn near() -> BoxedStrategy<Instant> {
    (0..5 * DAY_MS / MINUTE_MS).prop_map(|minutes| Instant::from_ms(minutes * MINUTE_MS)).boxed()
}

fn selection() -> BoxedStrategy<Selection> {
    let part = select(vec!["acme", "GMAIL", "a", "x"]).prop_map(str::to_owned);
    (
        option::weighted(0.4, campaign()),
        option::weighted(0.3, select(Status::ALL.to_vec())),
        option::weighted(0.1, 1_u16..4),
        option::weighted(0.2, company()),
        option::weighted(0.2, prospect()),
        option::weighted(0.2, part),
    )
        .prop_map(|(campaign, status, step, company, prospect, search)| Selection {
            campaign,
            status,
            step,
            company,
            prospect,
            search,
        })
        .boxed()
}

fn target() -> BoxedStrategy<HoldTarget> {
    prop_oneof![
        4 => (campaign(), prospect())
            .prop_map(|(campaign, prospect)| HoldTarget::Enrollment { campaign, prospect }),
        3 => prospect().prop_map(HoldTarget::Prospect),
        2 => (company(), campaign())
            .prop_map(|(company, campaign)| HoldTarget::CompanyInCampaign { company, campaign }),
        3 => company().prop_map(HoldTarget::Company),
        1 => owned(&SENDERS).prop_map(HoldTarget::Sender),
        2 => campaign().prop_map(HoldTarget::Campaign),
        1 => Just(HoldTarget::Workspace),
        4 => selection().prop_map(HoldTarget::Selection),
    ]
    .boxed()
}

/// The attributes of an event of each type that the policies listen to, and of some others.
fn attributes() -> BoxedStrategy<(&'static str, Vec<(&'static str, &'static str)>)> {
    select(vec![
        ("reply", vec![("kind", "human")]),
        ("reply", vec![("kind", "human"), ("intent", "referral")]),
        ("reply", vec![("kind", "out-of-office")]),
        ("reply", vec![("kind", "out-of-office"), ("return-date", "2026-04-01")]),
        ("reply", vec![("kind", "auto")]),
        ("bounce", vec![("class", "soft")]),
        ("bounce", vec![("class", "hard")]),
        ("opt-out", vec![]),
        ("open", vec![]),
        ("click", vec![]),
        ("mark", vec![("as", "interested"), ("scope", "company")]),
        ("mark", vec![("as", "maybe-later"), ("scope", "prospect")]),
        ("mark", vec![("as", "qualified"), ("scope", "company")]),
        ("meeting.booked", vec![]),
        ("inbound", vec![]),
        ("campaign.archived", vec![]),
        ("sender.disconnected", vec![]),
        ("sender.connected", vec![]),
        ("company.stage", vec![("stage", "customer")]),
        ("data.missing", vec![]),
        ("data.completed", vec![]),
        ("delivered", vec![]),
        ("guardrail", vec![("name", "g"), ("scope", "campaign")]),
        ("guardrail", vec![("name", "g"), ("scope", "sender")]),
        ("guardrail", vec![("name", "g"), ("scope", "enrollment")]),
        ("bounce", vec![("class", "odd")]),
        ("nonsense", vec![]),
    ])
    .boxed()
}

/// Something that happened, about somebody or something of this world.
pub(in crate::testing) fn event() -> BoxedStrategy<Event> {
    let subject = (
        option::weighted(0.85, prospect()),
        option::weighted(0.5, campaign()),
        option::weighted(0.15, company()),
        option::weighted(0.15, owned(&SENDERS)),
        prop::bool::weighted(0.05),
    );
    let at = option::weighted(0.2, near());
    (attributes(), 0_u32..10_000, at, subject)
        .prop_map(|((kind, attributes), id, at, subject)| {
            let mut event = Event::new(kind, format!("e{id}"));
            event.at = at;
            (event.subject.prospect, event.subject.campaign) = (subject.0, subject.1);
            (event.subject.company, event.subject.sender) = (subject.2, subject.3);
            event.subject.workspace = subject.4;
            for (name, value) in attributes {
                event = event.with(name, Value::Text(value.to_owned()));
            }
            event
        })
        .boxed()
}

fn reason() -> BoxedStrategy<Option<String>> {
    option::of(Just("because".to_owned())).boxed()
}

fn by_a_person() -> BoxedStrategy<Action> {
    prop_oneof![
        4 => (target(), option::of(near()), reason()).prop_map(|(target, until, reason)| {
            Action::Hold { kind: HoldKind::Pause, target, until, reason }
        }),
        1 => (target(), reason()).prop_map(|(target, reason)| {
            Action::Hold { kind: HoldKind::Stop, target, until: None, reason }
        }),
        5 => (target(), any::<bool>(), option::weighted(0.3, near()), reason()).prop_map(
            |(target, prospects, reschedule, reason)| Action::Resume {
                target,
                prospects,
                reschedule,
                reason,
            }
        ),
        1 => (selection(), reason())
            .prop_map(|(selection, reason)| Action::ResendSelected { selection, reason }),
        1 => (prospect(), reason())
            .prop_map(|(prospect, reason)| Action::Forget { prospect, reason }),
        3 => (selection(), near(), any::<bool>(), reason()).prop_map(
            |(selection, from, resume, reason)| Action::Reschedule {
                selection,
                from,
                resume,
                reason,
            }
        ),
    ]
    .boxed()
}

fn act() -> BoxedStrategy<Act> {
    let kind = select(vec![
        Kind::Sent,
        Kind::Sent,
        Kind::Sent,
        Kind::Sent,
        Kind::FailedTemporarily,
        Kind::FailedPermanently,
        Kind::Unknown,
    ]);
    let claim = (1_u32..5, select(vec![10_i64, 600, 1440, 1440])).prop_map(|(limit, minutes)| {
        Action::Claim { limit, lease_ms: (minutes * MINUTE_MS).unsigned_abs() }
    });
    prop_oneof![
        9 => set_up().prop_map(Act::Do),
        6 => event().prop_map(|event| Act::Do(Action::Record(event))),
        5 => by_a_person().prop_map(Act::Do),
        12 => claim.prop_map(Act::Do),
        2 => Just(Act::Do(Action::Advance)),
        12 => any::<usize>().prop_map(Act::Confirm),
        12 => (any::<usize>(), kind).prop_map(|(index, kind)| Act::Report(index, kind)),
        1 => any::<usize>().prop_map(Act::Resend),
        1 => any::<usize>().prop_map(Act::Duplicate),
        2 => any::<usize>().prop_map(Act::Retract),
        2 => any::<usize>().prop_map(Act::Lift),
        1 => any::<bool>().prop_map(|clean| Act::Restart { clean }),
        1 => (0_i64..60).prop_map(|hours| Act::Restore { after_ms: hours * HOUR_MS }),
    ]
    .boxed()
}

/// Anything that may be done.
pub fn op() -> BoxedStrategy<Op> {
    let wait_ms = prop_oneof![
        5 => Just(0),
        6 => (1..20_i64).prop_map(|minutes| minutes * MINUTE_MS),
        3 => (1..10_i64).prop_map(|hours| hours * HOUR_MS),
        1 => (10..23_i64).prop_map(|hours| hours * HOUR_MS),
        1 => (1..8_i64).prop_map(|days| days * DAY_MS),
    ];
    // Who claims a send confirms and reports it soon, most often: else leases would end, and little
    // would ever be sent.
    let soon_ms = prop_oneof![
        8 => Just(0),
        3 => (1..20_i64).prop_map(|minutes| minutes * MINUTE_MS),
        1 => (1..10_i64).prop_map(|hours| hours * HOUR_MS),
    ];
    // Now and then so long that what ended is not remembered.
    let idle_ms = prop_oneof![
        3 => Just(None),
        1 => (85..95_i64).prop_map(|days| Some(days * DAY_MS)),
    ];
    (wait_ms, soon_ms, idle_ms, any::<bool>(), act())
        .prop_map(|(wait_ms, soon_ms, idle_ms, by_person, act)| {
            let wait_ms = match act {
                Act::Confirm(_) | Act::Report(..) => soon_ms,
                Act::Do(Action::Advance) => idle_ms.unwrap_or(wait_ms),
                _ => wait_ms,
            };
            Op { wait_ms, by_person, act }
        })
        .boxed()
}

/// A step within hours, which are a whole day if they are none.
pub fn timed(delay: Delay, from: u16, to: u16, weekdays: Weekdays) -> Step {
    Step {
        name: "m".to_owned(),
        timing: StepTiming {
            delay,
            weekdays,
            hours: Hours::new(from, to).unwrap_or(Hours::ALL),
            jitter_ms: 0,
        },
    }
}

/// What is there before anything happens.
pub fn beginning() -> Vec<Action> {
    let mut actions = vec![Action::PutPolicy(policy(0, 0))];
    // The last one's days are the workspace's.
    for (key, limit_per_day, gap_ms, zone) in [
        ("s1", Some(3), 0, Some("Europe/Berlin")),
        ("s2", None, 120_000, Some("Europe/Berlin")),
        ("s3", Some(6), 0, None),
    ] {
        actions.push(Action::PutSender(Sender {
            key: key.to_owned(),
            zone: zone.map(str::to_owned),
            limit_per_day,
            gap_ms: Some(gap_ms),
            frozen: None,
        }));
    }
    actions.extend(campaigns());
    for (number, key) in PROSPECTS.iter().take(8).enumerate() {
        actions.push(Action::PutProspect(Prospect {
            key: (*key).to_owned(),
            company: (*key == "gus").then(|| "initech".to_owned()),
            zone: ZONES.get(number).map(|zone| (*zone).to_owned()),
            ..Prospect::default()
        }));
    }
    for (campaign, prospects) in [("all-hours", 0..6), ("spring", 2..8), ("summer", 0..3)] {
        for prospect in PROSPECTS.get(prospects).unwrap_or_default() {
            actions.push(Action::Enroll {
                campaign: campaign.to_owned(),
                prospect: (*prospect).to_owned(),
            });
        }
    }
    actions
}

fn campaigns() -> impl Iterator<Item = Action> {
    let working = Weekdays::WORKING;
    let campaigns = [
        (
            "spring",
            vec![
                timed(Delay::ElapsedMs(0), 540, 1020, working),
                timed(Delay::Days(1), 540, 1020, working),
                timed(Delay::BusinessDays(2), 600, 720, working),
            ],
            vec!["s1", "s3"],
            Placement::Whole,
        ),
        (
            "summer",
            vec![
                timed(Delay::ElapsedMs(3_600_000), 120, 180, Weekdays::ALL),
                timed(Delay::ElapsedMs(7_200_000), 1320, 120, Weekdays::ALL),
            ],
            vec!["s2"],
            Placement::Rolling,
        ),
        (
            "all-hours",
            vec![
                timed(Delay::ElapsedMs(0), 0, 1440, Weekdays::ALL),
                timed(Delay::ElapsedMs(1_800_000), 0, 1440, Weekdays::ALL),
                timed(Delay::ElapsedMs(1_800_000), 0, 1440, Weekdays::ALL),
            ],
            vec!["s3", "s2"],
            Placement::Whole,
        ),
        (
            "autumn",
            vec![
                timed(Delay::ElapsedMs(0), 540, 1020, working),
                timed(Delay::Days(2), 540, 1020, working),
            ],
            vec!["s1", "s3"],
            Placement::Whole,
        ),
    ];
    campaigns.into_iter().map(|(key, steps, senders, placement)| {
        Action::PutCampaign(Campaign {
            key: key.to_owned(),
            steps,
            senders: senders.into_iter().map(str::to_owned).collect(),
            placement: Some(placement),
            enrolled_elsewhere: (key == "autumn").then_some(EnrolledElsewhere::Reject),
            ..Campaign::default()
        })
    })
}

/// How many policies there are.
pub const POLICIES: usize = 3;

/// The shipped policy, and two whose rules meet more often. Their rules may be turned around.
pub fn policy(number: usize, turn: usize) -> PolicyBundle {
    static SHIPPED: OnceLock<String> = OnceLock::new();
    let shipped = SHIPPED.get_or_init(|| {
        let bundle = crate::Policy::default_rules();
        bundle.files.into_iter().map(|file| file.text).collect()
    });
    let text = match number {
        0 => shipped.as_str(),
        1 => include_str!("crowded.rules"),
        _ => include_str!("wide.rules"),
    };
    PolicyBundle {
        files: vec![PolicyFile { name: "law.rules".to_owned(), text: turned(text, turn) }],
    }
}

/// The text with its rules in another order.
fn turned(text: &str, turn: usize) -> String {
    let mut blocks: Vec<&str> = text.split("\n\n").collect();
    let is_rule = |block: &str| block.starts_with("rule ");
    let first = blocks.iter().position(|block| is_rule(block));
    let mut rules = blocks.split_off(first.unwrap_or(blocks.len()));
    rules.retain(|block| is_rule(block));
    match turn {
        0 => {}
        1 => rules.reverse(),
        other => {
            let by = other % rules.len().max(1);
            rules.rotate_left(by);
        }
    }
    blocks.into_iter().chain(rules).collect::<Vec<_>>().join("\n\n")
}

/// The n-th hold that was ever placed.
pub fn hold_number(index: usize, placed: usize) -> HoldId {
    HoldId(u32::try_from(index % placed.max(1)).unwrap_or(u32::MAX))
}
