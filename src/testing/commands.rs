//! Random commands, for property tests.
//!
//! [`command`] makes any command that has a JSON form; [`key`], [`text`], [`timing`] and the like
//! are its parts, for tests that need commands about keys of their own choice. All are boxed: one
//! type for the whole of a command would need more stack than a test's thread has.

use chrono::{NaiveDate, Weekday};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use crate::model::{
    Action, AddedSteps, Campaign, Command, Company, DateRange, Delay, EnrolledElsewhere, Event,
    HoldId, HoldKind, HoldTarget, Hours, Instant, Pace, Period, Placement, PolicyBundle,
    PolicyFile, Prospect, Report, Selection, Sender, Settings, Status, Step, StepTiming, Subject,
    Token, Value, Weekdays,
};

/// The names of an event's own fields: no attribute can bear them.
const EVENT_FIELDS: [&str; 9] =
    ["type", "id", "source", "at", "prospect", "campaign", "company", "sender", "workspace"];

/// Any text, quotes, escapes, control characters and far planes included.
pub fn text() -> BoxedStrategy<String> {
    prop_oneof![
        4 => "[a-z][a-z0-9.-]{0,12}(@[a-z]{1,8}\\.(io|example))?",
        1 => "[\\PC\\\\\"/\u{0}-\u{1f}\u{7f}\u{1f600}]{0,12}",
    ]
    .boxed()
}

/// A key: a word, an address, or anything else that may be one.
pub fn key() -> BoxedStrategy<String> {
    prop_oneof![
        4 => "[a-z][a-z0-9.-]{0,12}(@[a-z]{1,8}\\.(io|example))?",
        1 => "\\PC{1,12}",
    ]
    .boxed()
}

/// Any instant, mostly of the years around 2026.
pub fn instant() -> BoxedStrategy<Instant> {
    prop_oneof![
        8 => 1_700_000_000_000_i64..1_900_000_000_000,
        1 => Instant::MIN.as_ms()..=Instant::MAX.as_ms(),
        1 => select(vec![Instant::MIN.as_ms(), Instant::MAX.as_ms()]),
    ]
    .prop_map(Instant::from_ms)
    .boxed()
}

/// Any delay.
pub fn delay() -> BoxedStrategy<Delay> {
    prop_oneof![
        (0_u64..500).prop_map(|hours| Delay::ElapsedMs(hours * 3_600_000)),
        any::<u64>().prop_map(Delay::ElapsedMs),
        any::<u32>().prop_map(Delay::Days),
        any::<u32>().prop_map(Delay::BusinessDays),
        (0_u32..4).prop_map(Delay::BusinessDays),
    ]
    .boxed()
}

/// Any set of weekdays.
pub fn weekdays() -> BoxedStrategy<Weekdays> {
    const WEEK: [Weekday; 7] = [
        Weekday::Mon,
        Weekday::Tue,
        Weekday::Wed,
        Weekday::Thu,
        Weekday::Fri,
        Weekday::Sat,
        Weekday::Sun,
    ];
    prop_oneof![
        Just(Weekdays::ALL),
        Just(Weekdays::WORKING),
        vec(select(WEEK.to_vec()), 1..5)
            .prop_map(|days| Weekdays::new(days).unwrap_or(Weekdays::ALL)),
    ]
    .boxed()
}

/// Any hours.
pub fn hours() -> BoxedStrategy<Hours> {
    prop_oneof![
        Just(Hours::ALL),
        (0..Hours::DAY_MINUTES, 0..=Hours::DAY_MINUTES)
            .prop_map(|(from, to)| Hours::new(from, to).unwrap_or(Hours::ALL)),
    ]
    .boxed()
}

/// Any timing of a step.
pub fn timing() -> BoxedStrategy<StepTiming> {
    let jitter = prop_oneof![Just(0), Just(1_800_000), any::<u32>()];
    (delay(), weekdays(), hours(), jitter)
        .prop_map(|(delay, weekdays, hours, jitter_ms)| StepTiming {
            delay,
            weekdays,
            hours,
            jitter_ms,
        })
        .boxed()
}

/// Any step.
pub fn step() -> BoxedStrategy<Step> {
    (text(), timing()).prop_map(|(name, timing)| Step { name, timing }).boxed()
}

/// Any days of the years that have a JSON form, mostly a few around 2026.
pub fn days() -> BoxedStrategy<DateRange> {
    /// The last day of 9999, counted from 1970.
    const LAST: i32 = 2_932_896;
    let day = |count: i32| NaiveDate::from_epoch_days(count).unwrap_or_default();
    prop_oneof![
        2 => (20_000..22_000).prop_map(|first| (first, first)),
        2 => (20_000..22_000, 1..30).prop_map(|(first, more)| (first, first + more)),
        1 => (0..=LAST, 0..=LAST),
        1 => Just((0, LAST)),
    ]
    .prop_map(move |(one, two)| DateRange { first: day(one.min(two)), last: day(one.max(two)) })
    .boxed()
}

/// Any pace.
pub fn pace() -> BoxedStrategy<Pace> {
    (prop_oneof![0_u32..5, any::<u32>()], select(vec![Period::Day, Period::Week]))
        .prop_map(|(sends, per)| Pace { sends, per })
        .boxed()
}

/// Any selection.
pub fn selection() -> BoxedStrategy<Selection> {
    (
        option::of(key()),
        option::of(select(Status::ALL.to_vec())),
        option::of(1_u16..),
        option::of(key()),
        option::of(key()),
        option::of(text()),
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

/// Any target of a pause, stop or resume.
pub fn target() -> BoxedStrategy<HoldTarget> {
    prop_oneof![
        (key(), key())
            .prop_map(|(campaign, prospect)| HoldTarget::Enrollment { campaign, prospect }),
        key().prop_map(HoldTarget::Prospect),
        (key(), key())
            .prop_map(|(company, campaign)| HoldTarget::CompanyInCampaign { company, campaign }),
        key().prop_map(HoldTarget::Company),
        key().prop_map(HoldTarget::Sender),
        key().prop_map(HoldTarget::Campaign),
        Just(HoldTarget::Workspace),
        selection().prop_map(HoldTarget::Selection),
    ]
    .boxed()
}

/// Any token.
pub fn token() -> BoxedStrategy<Token> {
    (any::<u32>(), any::<u64>(), any::<u32>())
        .prop_map(|(incarnation, sequence, index)| Token { incarnation, sequence, index })
        .boxed()
}

/// Any value of an attribute that JSON tells apart: text, a number, a flag, a list of text.
pub fn value() -> BoxedStrategy<Value> {
    prop_oneof![
        text().prop_map(Value::Text),
        any::<i64>().prop_map(Value::Number),
        any::<bool>().prop_map(Value::Bool),
        vec(text(), 0..4).prop_map(Value::List),
    ]
    .boxed()
}

/// Any event, of a type that may well not be declared.
pub fn event() -> BoxedStrategy<Event> {
    let subject =
        (option::of(key()), option::of(key()), option::of(key()), option::of(key()), any::<bool>())
            .prop_map(|(prospect, campaign, company, sender, workspace)| Subject {
                prospect,
                campaign,
                company,
                sender,
                workspace,
            });
    let attributes = proptest::collection::btree_map(text(), value(), 0..5).prop_map(|map| {
        map.into_iter()
            .filter(|(name, _)| !EVENT_FIELDS.contains(&name.as_str()))
            .collect::<Vec<_>>()
    });
    (key(), key(), text(), option::of(instant()), subject, attributes.prop_shuffle())
        .prop_map(|(kind, id, source, at, subject, attributes)| Event {
            kind,
            id,
            source,
            at,
            subject,
            attributes,
        })
        .boxed()
}

/// Any command that has a JSON form.
pub fn command() -> BoxedStrategy<Command> {
    let about = (option::of(key()), instant(), option::of(key()), option::of(key()));
    (about, action())
        .prop_map(|((workspace, at, id, by), action)| Command { workspace, at, id, by, action })
        .boxed()
}

/// Any action that has a JSON form.
pub fn action() -> BoxedStrategy<Action> {
    prop_oneof![set_up(), record_or_retract(), hold_or_release(), sending()].boxed()
}

fn company() -> BoxedStrategy<Company> {
    let tags = option::of(vec(text(), 0..3));
    (key(), option::of(text()), vec(key(), 0..3), option::of(text()), tags)
        .prop_map(|(key, name, domains, stage, tags)| Company { key, name, domains, stage, tags })
        .boxed()
}

fn settings() -> BoxedStrategy<Settings> {
    let holidays = option::of(vec(text(), 0..3));
    (option::of(text()), holidays, option::of(vec(days(), 0..3)))
        .prop_map(|(zone, holidays, closed)| Settings { zone, holidays, closed })
        .boxed()
}

fn sender() -> BoxedStrategy<Sender> {
    let limit = option::of(any::<u32>());
    (key(), option::of(text()), limit, option::of(any::<u64>()), option::of(vec(days(), 0..3)))
        .prop_map(|(key, zone, limit_per_day, gap_ms, frozen)| Sender {
            key,
            zone,
            limit_per_day,
            gap_ms,
            frozen,
        })
        .boxed()
}

fn campaign() -> BoxedStrategy<Campaign> {
    let tags = option::of(vec(text(), 0..3));
    let whole = (key(), vec(step(), 0..4), vec(key(), 0..3), option::of(text()), tags);
    let elsewhere =
        vec![EnrolledElsewhere::Allow, EnrolledElsewhere::Reject, EnrolledElsewhere::Replace];
    let ways = (
        option::of(select(vec![Placement::Whole, Placement::Rolling])),
        option::of(select(elsewhere)),
        option::of(select(vec![AddedSteps::Hold, AddedSteps::Append, AddedSteps::Ignore])),
    );
    let bounds =
        (option::of(prop_oneof![Just(0), Just(604_800_000), any::<u64>()]), option::of(pace()));
    (whole, ways, bounds)
        .prop_map(|((key, steps, senders, zone, tags), ways, bounds)| {
            let (placement, enrolled_elsewhere, added_steps) = ways;
            let (max_lateness_ms, company_pace) = bounds;
            Campaign {
                key,
                steps,
                senders,
                zone,
                tags,
                placement,
                enrolled_elsewhere,
                added_steps,
                max_lateness_ms,
                company_pace,
            }
        })
        .boxed()
}

fn set_up() -> BoxedStrategy<Action> {
    let tags = || option::of(vec(text(), 0..3));
    let file = (text(), text()).prop_map(|(name, text)| PolicyFile { name, text });
    let fields = proptest::collection::btree_map(text(), text(), 0..4)
        .prop_map(|map| map.into_iter().collect::<Vec<_>>());
    let prospect = (
        key(),
        option::of(text()),
        option::of(key()),
        option::of(text()),
        tags(),
        option::of(fields.prop_shuffle()),
    )
        .prop_map(|(key, address, company, zone, tags, fields)| Prospect {
            key,
            address,
            company,
            zone,
            tags,
            fields,
        });
    prop_oneof![
        settings().prop_map(Action::Configure),
        vec(file, 0..3).prop_map(|files| Action::PutPolicy(PolicyBundle { files })),
        company().prop_map(Action::PutCompany),
        prospect.prop_map(Action::PutProspect),
        sender().prop_map(Action::PutSender),
        campaign().prop_map(Action::PutCampaign),
        (key(), step()).prop_map(|(campaign, step)| Action::AddStep { campaign, step }),
        (key(), key()).prop_map(|(campaign, prospect)| Action::Enroll { campaign, prospect }),
    ]
    .boxed()
}

fn record_or_retract() -> BoxedStrategy<Action> {
    prop_oneof![
        3 => event().prop_map(Action::Record),
        1 => (text(), key(), option::of(text())).prop_map(|(source, event, reason)| {
            Action::Retract { source, event, reason }
        }),
    ]
    .boxed()
}

fn hold_or_release() -> BoxedStrategy<Action> {
    let reason = || option::of(text());
    prop_oneof![
        (target(), option::of(instant()), reason()).prop_map(|(target, until, reason)| {
            Action::Hold { kind: HoldKind::Pause, target, until, reason }
        }),
        (target(), reason()).prop_map(|(target, reason)| Action::Hold {
            kind: HoldKind::Stop,
            target,
            until: None,
            reason,
        }),
        (target(), any::<bool>(), option::of(instant()), reason()).prop_map(
            |(target, prospects, reschedule, reason)| Action::Resume {
                target,
                prospects,
                reschedule,
                reason,
            }
        ),
        (any::<u32>(), reason())
            .prop_map(|(hold, reason)| Action::Lift { hold: HoldId(hold), reason }),
        (selection(), instant(), any::<bool>(), reason()).prop_map(
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

fn sending() -> BoxedStrategy<Action> {
    let report = prop_oneof![
        instant().prop_map(|at| Report::Sent { at }),
        Just(Report::FailedTemporarily),
        Just(Report::FailedPermanently),
        Just(Report::Unknown),
    ];
    prop_oneof![
        (any::<u32>(), any::<u64>())
            .prop_map(|(limit, lease_ms)| Action::Claim { limit, lease_ms }),
        token().prop_map(|token| Action::Confirm { token }),
        (token(), report).prop_map(|(token, report)| Action::Report { token, report }),
        (token(), option::of(text())).prop_map(|(token, reason)| Action::Resend { token, reason }),
        (selection(), option::of(text()))
            .prop_map(|(selection, reason)| Action::ResendSelected { selection, reason }),
        Just(Action::Advance),
        (key(), option::of(text()))
            .prop_map(|(prospect, reason)| Action::Forget { prospect, reason }),
    ]
    .boxed()
}
