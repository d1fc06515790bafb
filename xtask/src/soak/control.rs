//! The third caller: people and what they decide. It enrols, pauses and lifts, changes prospects,
//! and now and then what concerns many.

use std::collections::{BTreeMap, HashSet};
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant as Clock};

use holdline::model::HoldId;
use holdline::{Action, Command, Engine, HoldKind, HoldTarget, Instant, Outcome, Prospect};
use holdline_workloads::random::Random;
use holdline_workloads::{commands, people, schedule};

use super::Result;
use super::shared::{DAY_MS, Later, Plan, Shared};
use crate::load::{SENDERS, timed};

mod rare;

use self::rare::{campaign, policy};

/// The share of all commands.
const SHARE: f64 = 0.2;
/// Of a hundred commands that are no lift: enrolments, pauses with an end, pauses without. All
/// others change a prospect.
const ENROLMENTS: u32 = 12;
const WITH_END: u32 = 14;
const WITHOUT_END: u32 = 15;
/// How many of a hundred are lifts at most, so that other things go on.
const LIFTS: u32 = 70;
pub(super) const PERSON: &str = "ann@ours.example";

/// What there is before the load: a policy, senders, campaigns and people; nobody is enrolled yet.
pub(super) fn set_up(engine: &Engine, plan: &Plan) -> Result<()> {
    engine.put_policy(commands::start(), policy(0))?;
    let senders = commands::set_up(SENDERS).into_iter().take(SENDERS as usize);
    let campaigns = (0..campaigns(plan)).map(|number| campaign(number, 0));
    let campaigns = campaigns.map(|action| Command::new(commands::start(), action));
    let mut all: Vec<Command> = senders.chain(campaigns).collect();
    all.extend((0..plan.prospects).map(commands::put));
    timed(engine, "set up", all).map_err(|error| error.to_string())?;
    Ok(())
}

/// As many as everybody is enrolled in one after the other, each once.
pub(super) fn campaigns(plan: &Plan) -> u32 {
    let commands = plan.rate * SHARE * plan.lasting.as_secs_f64();
    let rounds = commands * f64::from(ENROLMENTS) / 100.0 / f64::from(plan.prospects);
    (rounds.ceil() as u32 * 2 + 1).max(schedule::CAMPAIGNS)
}

/// Decides until the time is over.
pub(super) fn control(shared: &Shared<'_>, told: &Receiver<Later>) -> Result<()> {
    let mut desk = Desk {
        shared,
        random: Random::new(shared.plan.seed ^ 0xc047),
        campaigns: campaigns(shared.plan),
        enrolled: 0,
        given: 0,
        later: BTreeMap::new(),
        to_lift: HashSet::new(),
        rare: rare::Rare::new(shared.plan),
    };
    for due in shared.plan.batches(SHARE) {
        desk.hear(told, shared.plan.at(due));
        let batch = desk.batch(due);
        if !shared.wait(due) {
            break;
        }
        let outcomes = shared.engine.apply_batch(batch)?;
        shared.took(shared.began.elapsed().saturating_sub(due));
        shared.look(&outcomes);
        desk.note(&outcomes, shared.plan.at(due));
        desk.now_and_then(due)?;
    }
    Ok(())
}

struct Desk<'a> {
    shared: &'a Shared<'a>,
    random: Random,
    campaigns: u32,
    enrolled: u32,
    given: u64,
    /// What is to be done, by when.
    later: BTreeMap<(Instant, u64), Later>,
    /// The holds among it: several events may place the same.
    to_lift: HashSet<u32>,
    rare: rare::Rare,
}

impl Desk<'_> {
    /// Puts off what others ask for: most for days, what concerns many for less.
    fn hear(&mut self, told: &Receiver<Later>, now: Instant) {
        while let Ok(later) = told.try_recv() {
            let most = match &later {
                Later::Lift(_) => 4 * DAY_MS,
                Later::Resend(_) | Later::GoOn { .. } => 2 * DAY_MS,
            };
            self.put_off(later, now, most);
        }
    }

    fn put_off(&mut self, later: Later, now: Instant, most_ms: i64) {
        if let Later::Lift(HoldId(hold)) = later
            && !self.to_lift.insert(hold)
        {
            return;
        }
        let share = f64::from(self.random.below(1_000)) / 1_000.0;
        let after = (most_ms as f64 * (0.25 + 0.75 * share)) as i64;
        self.given += 1;
        self.later.insert((now.plus_ms(after), self.given), later);
    }

    /// Lifts in a while what was placed on many.
    fn note(&mut self, outcomes: &[Outcome], now: Instant) {
        for outcome in outcomes {
            if let Outcome::Held { hold, live: true, .. } = outcome {
                self.put_off(Later::Lift(*hold), now, DAY_MS / 2);
            }
        }
    }

    fn batch(&mut self, due: Duration) -> Vec<Command> {
        let at = self.shared.plan.at(due);
        let most = (self.shared.plan.batch * LIFTS).div_ceil(100);
        let mut batch = Vec::with_capacity(self.shared.plan.batch as usize + 8);
        while batch.len() < most as usize
            && let Some(first) = self.later.first_entry().filter(|it| it.key().0 <= at)
        {
            let later = first.remove();
            batch.push(self.do_now(later, at));
        }
        while batch.len() < self.shared.plan.batch as usize {
            let action = self.any(at);
            batch.push(self.by_person(action, at));
        }
        batch
    }

    /// What is done now and then, each by itself: so it is seen what takes long.
    fn now_and_then(&mut self, due: Duration) -> Result<()> {
        let at = self.shared.plan.at(due);
        for (kind, action) in self.rare.due(at, self.shared, &mut self.random) {
            let command = self.by_person(action, at);
            let from = Clock::now();
            let outcomes = self.shared.engine.apply_batch(vec![command])?;
            self.shared.took(from.elapsed());
            self.shared.took_rarely(kind, from.elapsed());
            self.shared.look(&outcomes);
            self.note(&outcomes, at);
        }
        Ok(())
    }

    /// A command of a person, under an id of its own.
    fn by_person(&mut self, action: Action, at: Instant) -> Command {
        self.given += 1;
        // Each second one: without an id nothing of it is remembered.
        let command = Command::new(at, action).by(PERSON);
        if self.given.is_multiple_of(2) { command.id(format!("c-{}", self.given)) } else { command }
    }

    fn do_now(&mut self, later: Later, at: Instant) -> Command {
        let reason = Some("looked at it".to_owned());
        let (kind, action) = match later {
            Later::Lift(hold) => {
                self.to_lift.remove(&hold.0);
                ("lifts", Action::Lift { hold, reason })
            }
            Later::Resend(token) => ("resends", Action::Resend { token, reason }),
            Later::GoOn { campaign, prospect } => {
                let target = HoldTarget::Enrollment { campaign, prospect };
                let reschedule = Some(at.plus_ms(DAY_MS));
                let resume = Action::Resume { target, prospects: false, reschedule, reason };
                ("resumes with a date", resume)
            }
        };
        self.shared.gives(kind, 1);
        self.by_person(action, at)
    }

    /// What is done all the time.
    fn any(&mut self, at: Instant) -> Action {
        let place = self.random.below(self.shared.plan.prospects);
        let key = self.shared.key(place);
        let hold = |target, until| {
            let reason = Some("asked by phone".to_owned());
            Action::Hold { kind: HoldKind::Pause, target, until, reason }
        };
        let (kind, action) = match self.random.below(100) {
            0..ENROLMENTS => ("enrolments", self.enrol()),
            ENROLMENTS..WITH_END => {
                let until = Some(at.plus_ms(DAY_MS * i64::from(1 + place % 5)));
                ("pauses with an end", hold(HoldTarget::Prospect(key), until))
            }
            WITH_END..WITHOUT_END => ("pauses", hold(HoldTarget::Prospect(key), None)),
            _ => ("changes of prospects", self.change(key)),
        };
        self.shared.gives(kind, 1);
        action
    }

    /// The next in turn into the next campaign: everybody's turn comes again and again.
    fn enrol(&mut self) -> Action {
        let (turn, prospects) = (self.enrolled, self.shared.plan.prospects);
        self.enrolled += 1;
        let (place, round) = (turn % prospects, turn / prospects);
        let campaign = schedule::campaign((place + round) % self.campaigns);
        Action::Enroll { campaign, prospect: self.shared.key(place) }
    }

    fn change(&mut self, key: String) -> Action {
        let tags = Some(vec![format!("tag-{}", self.random.below(8))]);
        let zone = match self.random.below(50) {
            0 => Some("America/New_York".to_owned()),
            1 => Some(people::ZONE.to_owned()),
            _ => None,
        };
        Action::PutProspect(Prospect { key, tags, zone, ..Prospect::default() })
    }
}
