//! What concerns many, every so many days.

use holdline::model::{Delay, Hours, Settings, StepTiming, Weekdays};
use holdline::{
    Action, Campaign, DateRange, HoldKind, HoldTarget, Instant, Policy, PolicyBundle, Prospect,
    Selection, Sender, Status, Step,
};
use holdline_workloads::random::Random;
use holdline_workloads::{people, schedule};

use super::super::shared::{DAY_MS, Plan, Shared};
use super::campaigns;
use crate::load::SENDERS;

/// What is done every so many days.
#[derive(Clone, Copy, Debug)]
enum What {
    PauseCompany,
    PauseCompanyInCampaign,
    PauseSender,
    PauseCampaign,
    PauseEverything,
    PauseSelection,
    Stop,
    ResumeProspect,
    ResumeSelection,
    RescheduleCompany,
    ResendAll,
    ChangeSender,
    ChangeCampaign,
    ChangeHolidays,
    NewPolicy,
    Forget,
    Advance,
}

/// Each with its name and its days.
const ALL: [(What, &str, f64); 17] = [
    (What::PauseCompany, "pauses of companies", 0.1),
    (What::PauseCompanyInCampaign, "pauses of companies in campaigns", 0.2),
    (What::PauseSender, "pauses of senders", 0.5),
    (What::PauseCampaign, "pauses of campaigns", 2.0),
    (What::PauseEverything, "pauses of everything", 10.0),
    (What::PauseSelection, "pauses of selections", 1.0),
    (What::Stop, "stops", 0.2),
    (What::ResumeProspect, "resumes with a date", 0.1),
    (What::ResumeSelection, "resumes of selections", 3.0),
    (What::RescheduleCompany, "reschedules", 1.0),
    (What::ResendAll, "resends of selections", 2.0),
    (What::ChangeSender, "changes of senders", 5.0),
    (What::ChangeCampaign, "changes of campaigns", 10.0),
    (What::ChangeHolidays, "changes of holidays", 20.0),
    (What::NewPolicy, "policies", 25.0),
    (What::Forget, "forgotten", 20.0),
    (What::Advance, "advances", 0.5),
];

/// When each is done next.
pub(super) struct Rare {
    next: [Instant; ALL.len()],
    /// How often each was done.
    times: [u32; ALL.len()],
    campaigns: u32,
}

impl Rare {
    pub(super) fn new(plan: &Plan) -> Self {
        let first = |(_, _, days): (What, &str, f64)| {
            plan.at(std::time::Duration::ZERO).plus_ms((days * DAY_MS as f64) as i64)
        };
        Self { next: ALL.map(first), times: [0; ALL.len()], campaigns: campaigns(plan) }
    }

    /// What is due; what should have been done several times is done once.
    pub(super) fn due(
        &mut self,
        at: Instant,
        shared: &Shared<'_>,
        random: &mut Random,
    ) -> Vec<(&'static str, Action)> {
        let campaigns = self.campaigns;
        let mut due = Vec::new();
        for (slot, (what, name, days)) in self.next.iter_mut().zip(&mut self.times).zip(ALL) {
            let (next, times) = slot;
            if *next > at {
                continue;
            }
            *next = at.plus_ms((days * DAY_MS as f64) as i64);
            *times += 1;
            let it = Turn { at, times: *times, campaigns, shared, random: &mut *random };
            due.extend(it.actions(what).into_iter().map(|action| (name, action)));
            shared.gives(name, 1);
        }
        due
    }
}

/// One time that something is done.
struct Turn<'a> {
    at: Instant,
    times: u32,
    campaigns: u32,
    shared: &'a Shared<'a>,
    random: &'a mut Random,
}

impl Turn<'_> {
    fn actions(self, what: What) -> Vec<Action> {
        let place = self.random.below(self.shared.plan.prospects);
        if let Some(target) = self.paused(what, place) {
            let reason = Some("a talk goes on".to_owned());
            return vec![Action::Hold { kind: HoldKind::Pause, target, until: None, reason }];
        }
        let key = || self.shared.key(place);
        let reason = Some("as agreed".to_owned());
        let reschedule = Some(self.at.plus_ms(DAY_MS));
        vec![match what {
            What::Stop => {
                let target = HoldTarget::Prospect(key());
                Action::Hold { kind: HoldKind::Stop, target, until: None, reason }
            }
            What::ResumeProspect => {
                let target = HoldTarget::Prospect(key());
                Action::Resume { target, prospects: false, reschedule, reason }
            }
            What::ResumeSelection => {
                let selection = self.of_campaign(Status::Paused);
                let target = HoldTarget::Selection(selection);
                Action::Resume { target, prospects: true, reschedule, reason }
            }
            What::RescheduleCompany => {
                let from = self.at.plus_ms(DAY_MS);
                Action::Reschedule { selection: of_company(place), from, resume: true, reason }
            }
            What::ResendAll => {
                let selection = self.of_campaign(Status::OutcomeUnknown);
                Action::ResendSelected { selection, reason }
            }
            What::ChangeSender => {
                let limit_per_day = Some(schedule::LIMIT_PER_DAY - self.times % 2 * 100);
                let key = schedule::sender(place % SENDERS);
                Action::PutSender(Sender { key, limit_per_day, ..Sender::default() })
            }
            What::ChangeCampaign => campaign(self.times % self.campaigns, self.times),
            What::ChangeHolidays => {
                // A day that is to come soon; the one before counts no more.
                let soon = self.at.plus_ms(7 * DAY_MS).to_string();
                let day = soon.get(..10).and_then(|day| day.parse().ok());
                let closed = day.map(|day| vec![DateRange { first: day, last: day }]);
                Action::Configure(Settings { closed, ..Settings::default() })
            }
            What::NewPolicy => Action::PutPolicy(policy(self.times)),
            What::Forget => {
                let (before, after) = self.shared.replace(place);
                let zone = Some(people::ZONE.to_owned());
                let next = Prospect { key: after, zone, ..Prospect::default() };
                return vec![
                    Action::Forget { prospect: before, reason },
                    Action::PutProspect(next),
                ];
            }
            What::PauseCompany
            | What::PauseCompanyInCampaign
            | What::PauseSender
            | What::PauseCampaign
            | What::PauseEverything
            | What::PauseSelection
            | What::Advance => Action::Advance,
        }]
    }

    /// What is paused, if it is about that.
    fn paused(&self, what: What, place: u32) -> Option<HoldTarget> {
        let company = place / people::PEOPLE_PER_COMPANY;
        Some(match what {
            What::PauseCompany => HoldTarget::Company(people::company(company)),
            What::PauseCompanyInCampaign => HoldTarget::CompanyInCampaign {
                // Of a few: each company in each campaign that was ever held is kept.
                company: people::company(company % 50),
                campaign: self.campaign(),
            },
            What::PauseSender => HoldTarget::Sender(schedule::sender(place % SENDERS)),
            What::PauseCampaign => HoldTarget::Campaign(self.campaign()),
            What::PauseEverything => HoldTarget::Workspace,
            What::PauseSelection => HoldTarget::Selection(of_company(place)),
            _ => return None,
        })
    }

    fn campaign(&self) -> String {
        schedule::campaign(self.times % self.campaigns)
    }

    fn of_campaign(&self, status: Status) -> Selection {
        let (campaign, status) = (Some(self.campaign()), Some(status));
        Selection { campaign, status, ..Selection::default() }
    }
}

fn of_company(place: u32) -> Selection {
    let company = Some(people::company(place / people::PEOPLE_PER_COMPANY));
    Selection { company, ..Selection::default() }
}

/// A campaign, as it is after it was changed so often: later steps come a day later or sooner, and
/// those of each fifth go out in working hours alone.
pub(super) fn campaign(number: u32, changes: u32) -> Action {
    let senders = schedule::senders_of(number, SENDERS).map(schedule::sender).collect();
    let is_working = number.is_multiple_of(5);
    let hours = is_working.then(|| Hours::new(9 * 60, 17 * 60)).flatten().unwrap_or_default();
    let weekdays = if is_working { Weekdays::WORKING } else { Weekdays::default() };
    let step = |days: u32| {
        let days = days + u32::from(days > 0) * (changes % 2);
        let delay = Delay::Days(days);
        let timing = StepTiming { delay, weekdays, hours, jitter_ms: schedule::JITTER_MS };
        Step { name: format!("after {days} days"), timing }
    };
    let steps = schedule::STEP_DAYS.map(step).to_vec();
    let key = schedule::campaign(number);
    Action::PutCampaign(Campaign { key, steps, senders, ..Campaign::default() })
}

/// The shipped policy, worded a little differently each time.
pub(super) fn policy(times: u32) -> PolicyBundle {
    let mut bundle = Policy::default_rules();
    for file in &mut bundle.files {
        file.text = file.text.replace(
            "reason \"The prospect replied\"",
            &format!("reason \"The prospect replied, as of version {times}\""),
        );
    }
    bundle
}
