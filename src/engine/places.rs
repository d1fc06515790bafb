//! Where the steps of an enrollment may go: the calendars of both sides, and what its sender has
//! left.

use std::sync::LazyLock;

use super::data::Data;
use super::enrollment::EnrollmentRecord;
use super::record::{DueBy, NONE};
use super::scouts::Kind;
use crate::model::{Instant, Placement, Step};
use crate::plan::{
    self, Asker, ClosedDays, CompanySends, Ground, Outset, Paced, PromisedDays, Scout, Slot, Stop,
    Unplaced, Zone, outset, place_next, place_whole,
};

/// Those of a company that nothing was sent to.
static NO_SENDS: LazyLock<CompanySends> = LazyLock::new(CompanySends::default);

/// A place for the next step of an enrollment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// When the step goes out; none if there is no place.
    pub(crate) at: Option<Instant>,
    /// When it could go out, were it not for its jitter: senders are compared by this, because
    /// jitter is no reason to prefer one.
    pub(crate) opens: Instant,
    /// The days on which it and those after it take slots.
    pub(crate) days: PromisedDays,
}

/// What a place is looked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wish<'a> {
    /// The index of the first step to be placed.
    pub(crate) position: u16,
    /// From when on.
    pub(crate) due: Instant,
    /// What made it due then.
    pub(crate) by: DueBy,
    /// The days that it has promised already and would give back.
    pub(crate) own: &'a PromisedDays,
    pub(crate) asker: Asker,
}

/// Why there is no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoPlace {
    /// The calendars and the sender have none.
    Unplaced(Unplaced),
    /// The first one is too long after the step was due: later than this.
    TooLate(Instant),
    /// There is no step to be placed.
    NoStep,
}

impl Data {
    /// The calendars and the sender of an enrollment.
    pub(crate) fn ground<'a>(
        &'a self,
        record: &EnrollmentRecord,
        own: &'a PromisedDays,
        asker: Asker,
    ) -> Option<Ground<'a>> {
        let sender = self.senders.get(record.sender)?;
        Some(Ground {
            zone: self.step_zone(record),
            holidays: &self.closed.days,
            day_zone: self.sender_zone(sender),
            frozen: &sender.frozen,
            ledger: &sender.ledger,
            own,
            paced: self.paced(record),
            asker,
        })
    }

    /// What the company of an enrollment has left of its campaign, if there is a bound.
    fn paced(&self, record: &EnrollmentRecord) -> Option<Paced<'_>> {
        let pace = self.campaigns.get(record.campaign)?.company_pace?;
        let company = self.company_of_enrollment(record)?;
        let pair = self.pair_ids.get(&(company, record.campaign));
        let pair = pair.and_then(|id| self.pairs.get(*id));
        Some(Paced { pace, sends: pair.map_or(&NO_SENDS, |pair| &pair.sends) })
    }

    pub(crate) fn company_of_enrollment(&self, record: &EnrollmentRecord) -> Option<u32> {
        let company = self.prospects.get(record.prospect)?.company;
        (company != NONE).then_some(company)
    }

    /// The steps of an enrollment from one on, as far as they are on its schedule.
    fn steps_from(&self, record: &EnrollmentRecord, position: u16) -> &[Step] {
        let steps = self.campaigns.get(record.campaign).map_or(&[][..], |it| &it.steps);
        let scheduled = usize::from(record.steps()).min(steps.len());
        steps.get(usize::from(position)..scheduled).unwrap_or_default()
    }

    /// A step to be placed, with the seed of its jitter if it has any.
    pub(crate) fn stop<'a>(
        &self,
        record: &EnrollmentRecord,
        position: u16,
        step: &'a Step,
    ) -> Stop<'a> {
        let jitters = step.timing.jitter_ms > 0;
        let seed = if jitters { self.seed(record, position) } else { 0 };
        Stop { timing: &step.timing, seed }
    }

    /// A place for the rest of a timeline, not taken yet.
    pub(crate) fn find(&self, record: &EnrollmentRecord, wish: Wish<'_>) -> Found {
        self.search(record, wish, &mut Scout::default()).unwrap_or_default()
    }

    /// As [`Data::find`]; or why there is none.
    pub(crate) fn search(
        &self,
        record: &EnrollmentRecord,
        wish: Wish<'_>,
        scout: &mut Scout,
    ) -> Result<Found, NoPlace> {
        let steps = self.steps_from(record, wish.position);
        let stops = (wish.position..).zip(steps);
        let stops: Vec<Stop<'_>> = stops.map(|(at, step)| self.stop(record, at, step)).collect();
        let ground = self.ground(record, wish.own, wish.asker).ok_or(NoPlace::NoStep)?;
        let first = *stops.first().ok_or(NoPlace::NoStep)?;
        let campaign = self.campaigns.get(record.campaign).ok_or(NoPlace::NoStep)?;
        let slots = match campaign.placement {
            Placement::Whole => place_whole(&ground, &stops, wish.due, scout),
            Placement::Rolling => {
                let slot = place_next(&ground, first, wish.due);
                scout.note(slot.ok().map(|slot| slot.opens));
                slot.map(|slot| vec![slot])
            }
        };
        let slots = slots.map_err(NoPlace::Unplaced)?;
        let slot = *slots.first().ok_or(NoPlace::NoStep)?;
        if let Some(latest) = self.latest(record, wish).filter(|latest| slot.at > *latest) {
            return Err(NoPlace::TooLate(latest));
        }
        // What is over cannot be promised any more.
        let over = slot.day < ground.day(self.now);
        let days = if over { PromisedDays::NONE } else { slots.iter().map(|it| it.day).collect() };
        Ok(Found { at: Some(slot.at), opens: slot.opens, days })
    }

    /// The latest instant at which a step may go out, if its campaign says how late it may be. A
    /// date that a person gave is never too late.
    pub(crate) fn latest(&self, record: &EnrollmentRecord, wish: Wish<'_>) -> Option<Instant> {
        let most = self.campaigns.get(record.campaign)?.max_lateness_ms;
        let bound = most > 0 && wish.by != DueBy::Reschedule;
        let step = self.steps_from(record, wish.position).first().filter(|_| bound)?;
        let due = plan::due(step.timing.delay, record.base(), self.step_zone(record));
        Some(due.plus_ms(i64::try_from(most).unwrap_or(i64::MAX)))
    }

    /// Where a step goes if the one before it goes out at an instant: on the day that it has a slot
    /// on, if it has one.
    pub(crate) fn follows(
        &self,
        record: &EnrollmentRecord,
        position: u16,
        before: Instant,
        day: Option<i32>,
    ) -> Option<Instant> {
        let step = self.steps_from(record, position).first()?;
        let ground = self.ground(record, &PromisedDays::NONE, Asker::Conversation)?;
        let due = plan::due(step.timing.delay, before, ground.zone);
        let from = day.map_or(due, |day| due.max(ground.day_start(day)));
        ground.natural(self.stop(record, position, step), from).map(|slot| slot.at)
    }

    /// Where the next step goes by its delay, if every day had a slot.
    pub(crate) fn natural(&self, record: &EnrollmentRecord, due: Instant) -> Option<Slot> {
        let step = self.next_step(record)?;
        let ground = self.ground(record, &PromisedDays::NONE, Asker::Conversation)?;
        ground.natural(self.stop(record, record.position(), step), due)
    }

    /// Where a timeline begins whoever sends it, in the days of these zones.
    pub(crate) fn outset(
        &self,
        record: &EnrollmentRecord,
        wish: Wish<'_>,
        zones: &[Zone],
    ) -> Option<Outset> {
        let steps = self.steps_from(record, wish.position);
        let whole = self.campaigns.get(record.campaign)?.placement == Placement::Whole;
        let stops = steps.iter().map(|step| Stop { timing: &step.timing, seed: 0 });
        let stops: Vec<Stop<'_>> = stops.take(if whole { steps.len() } else { 1 }).collect();
        let ground = self.ground(record, wish.own, wish.asker)?;
        outset(&ground, &stops, wish.due, zones)
    }

    /// Whether the steps of an enrollment go by the clocks of its prospect or campaign.
    pub(crate) fn has_own_zone(&self, record: &EnrollmentRecord) -> bool {
        let prospect = self.prospects.get(record.prospect).and_then(|record| record.zone);
        let campaign = self.campaigns.get(record.campaign).and_then(|record| record.zone);
        prospect.or(campaign).is_some()
    }

    /// Whether the steps of an enrollment go by the clocks of the same zone whoever sends them.
    pub(crate) fn goes_by_one_zone(&self, record: &EnrollmentRecord, senders: &[u32]) -> bool {
        let mut zones = senders.iter().filter_map(|id| self.senders.get(*id)).map(|it| it.zone);
        let first = zones.next();
        self.has_own_zone(record) || zones.all(|zone| Some(zone) == first)
    }

    /// When the days and hours of the next step open that is due at an instant, whatever its
    /// sender has to say.
    pub(crate) fn opens(&self, record: &EnrollmentRecord, due: Instant) -> Option<Instant> {
        let step = self.next_step(record)?;
        let ground = self.ground(record, &PromisedDays::NONE, Asker::Conversation)?;
        let ground = Ground { frozen: ClosedDays::none(), ..ground };
        ground.natural(Stop { timing: &step.timing, seed: 0 }, due).map(|slot| slot.at)
    }

    /// The kind of timeline that is looked for, for what is known of full days. What is full to
    /// others may not be to one that has something to give back, or where companies have a bound.
    pub(crate) fn kind(&self, record: &EnrollmentRecord, wish: Wish<'_>) -> Option<Kind> {
        let campaign = record.campaign;
        let paced = self.campaigns.get(campaign)?.company_pace.is_some();
        (wish.own.is_empty() && !paced).then(|| Kind {
            campaign,
            zone: self.step_zone(record),
            steps: (wish.position, record.steps()),
            asker: wish.asker,
        })
    }

    /// Who asks when a plan is made anew as it was: the share of a day that is kept for
    /// conversations is no more open to an opening the second time.
    pub(crate) fn asks_again(record: &EnrollmentRecord) -> Asker {
        let opening = record.last_delivery == NONE && record.plan().by == DueBy::Delay;
        if opening { Asker::Opening } else { Asker::Conversation }
    }

    /// The day of an instant in a sender's zone, in days since 1970-01-01.
    pub(crate) fn sender_day(&self, sender: u32, at: Instant) -> i32 {
        let zone = self.senders.get(sender).map(|record| self.sender_zone(record));
        zone.unwrap_or(Zone::UTC).date_of(at).to_epoch_days()
    }
}
