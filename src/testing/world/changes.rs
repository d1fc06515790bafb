//! What people set up and change while timelines run: senders, campaigns, calendars, prospects.

use crate::model::{
    Action, AddedSteps, Campaign, Company, DateRange, Delay, EnrolledElsewhere, Hours, Pace,
    Period, Placement, Prospect, Sender, Settings, Step, StepTiming, Weekdays,
};
use chrono::{NaiveDate, TimeDelta};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::{
    DAY_MS, HOUR_MS, POLICIES, PROSPECTS, SENDERS, ZONES, campaign, company, owned, policy,
    prospect,
};

fn timing() -> BoxedStrategy<StepTiming> {
    let delay = prop_oneof![
        (0_u64..60).prop_map(|hours| Delay::ElapsedMs(hours * HOUR_MS.unsigned_abs())),
        (0_u32..4).prop_map(Delay::Days),
        (0_u32..4).prop_map(Delay::BusinessDays),
    ];
    let hours = prop_oneof![
        Just(Hours::ALL),
        select(vec![(540, 1020), (1320, 120), (120, 180), (600, 720)])
            .prop_map(|(from, to)| Hours::new(from, to).unwrap_or(Hours::ALL)),
    ];
    let weekdays = select(vec![Weekdays::ALL, Weekdays::WORKING]);
    (delay, hours, weekdays)
        .prop_map(|(delay, hours, weekdays)| StepTiming { delay, weekdays, hours, jitter_ms: 0 })
        .boxed()
}

fn step() -> BoxedStrategy<Step> {
    let name = || "m".to_owned();
    timing().prop_map(move |timing| Step { name: name(), timing }).boxed()
}

/// A few days from the day before a command on.
fn days() -> BoxedStrategy<Vec<DateRange>> {
    let range = (0_i64..9, 0_i64..3).prop_map(|(from, more)| {
        let first = NaiveDate::default() + TimeDelta::days(from);
        DateRange { first, last: first + TimeDelta::days(more) }
    });
    vec(range, 0..3).boxed()
}

fn zone(chance: f64) -> BoxedStrategy<Option<String>> {
    option::weighted(chance, owned(&ZONES)).boxed()
}

fn sender() -> BoxedStrategy<Action> {
    let limit = prop_oneof![1 => Just(0_u32), 12 => 1_u32..7];
    let gap_ms = select(vec![0, 120_000]);
    (
        owned(&SENDERS),
        option::weighted(0.7, limit),
        option::weighted(0.3, gap_ms),
        zone(0.15),
        option::weighted(0.3, days()),
    )
        .prop_map(|(key, limit_per_day, gap_ms, zone, frozen)| {
            Action::PutSender(Sender { key, zone, limit_per_day, gap_ms, frozen })
        })
        .boxed()
}

/// The spring has holidays in some of these.
fn settings() -> BoxedStrategy<Action> {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let holidays: Vec<Vec<String>> = vec![names(&[]), names(&["de"]), names(&["us", "gb-eng"])];
    (zone(0.3), option::weighted(0.4, select(holidays)), option::weighted(0.5, days()))
        .prop_map(|(zone, holidays, closed)| Action::Configure(Settings { zone, holidays, closed }))
        .boxed()
}

/// The most sends to a company; none of 0.
fn pace() -> BoxedStrategy<Pace> {
    let day = |sends| Pace { sends, per: Period::Day };
    let week = |sends| Pace { sends, per: Period::Week };
    select(vec![day(0), day(1), day(3), day(3), day(4), week(5), week(8)]).boxed()
}

fn campaign_change() -> BoxedStrategy<Action> {
    let senders = select(vec![vec!["s2", "s1"], vec!["s1", "s3"], vec!["s3"], vec!["s3", "s2"]]);
    let senders = senders.prop_map(|keys| keys.into_iter().map(str::to_owned).collect());
    let most = select(vec![0, 0, DAY_MS, 4 * DAY_MS]).prop_map(i64::unsigned_abs);
    let elsewhere =
        vec![EnrolledElsewhere::Allow, EnrolledElsewhere::Reject, EnrolledElsewhere::Replace];
    let added = vec![AddedSteps::Hold, AddedSteps::Append, AddedSteps::Ignore];
    (
        campaign(),
        prop_oneof![3 => Just(Vec::new()), 1 => vec(step(), 1..4)],
        prop_oneof![2 => Just(Vec::<String>::new()), 1 => senders],
        zone(0.15),
        option::weighted(0.3, select(vec![Placement::Whole, Placement::Rolling])),
        option::weighted(0.5, select(elsewhere)),
        option::weighted(0.3, select(added)),
        (option::weighted(0.2, most), option::weighted(0.2, pace())),
    )
        .prop_map(
            |(key, steps, senders, zone, placement, enrolled_elsewhere, added_steps, bounds)| {
                Action::PutCampaign(Campaign {
                    key,
                    steps,
                    senders,
                    zone,
                    placement,
                    enrolled_elsewhere,
                    added_steps,
                    max_lateness_ms: bounds.0,
                    company_pace: bounds.1,
                    ..Campaign::default()
                })
            },
        )
        .boxed()
}

/// A change to what there is.
pub fn set_up() -> BoxedStrategy<Action> {
    // One who is there already may come to another company, live elsewhere, or have the address of
    // somebody else.
    let address = option::weighted(0.2, owned(&PROSPECTS));
    let newcomer = (owned(&PROSPECTS), address, option::weighted(0.4, company()), zone(0.2));
    let newcomer = newcomer.prop_map(|(key, address, company, zone)| Prospect {
        key,
        address,
        company,
        zone,
        ..Prospect::default()
    });
    let company_change = (company(), select(vec!["customer", "lost", "new"]));
    let company_change = company_change.prop_map(|(key, stage)| Company {
        key,
        stage: Some(stage.to_owned()),
        ..Company::default()
    });
    let enroll = (campaign(), prospect());
    prop_oneof![
        9 => enroll.prop_map(|(campaign, prospect)| Action::Enroll { campaign, prospect }),
        3 => newcomer.prop_map(Action::PutProspect),
        3 => sender(),
        3 => campaign_change(),
        1 => settings(),
        1 => company_change.prop_map(Action::PutCompany),
        1 => (campaign(), step()).prop_map(|(campaign, step)| Action::AddStep { campaign, step }),
        1 => (0..POLICIES).prop_map(|number| Action::PutPolicy(policy(number, 0))),
    ]
    .boxed()
}
