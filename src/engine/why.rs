//! Why the next step is planned when it is, or why it has no place: sentences that the same search
//! tells which made the plan.

use super::data::Data;
use super::enrollment::EnrollmentRecord;
use super::places::{NoPlace, Wish};
use super::record::DueBy;
use super::timeline::Standing;
use super::workspace::DAY_MS;
use crate::model::{Instant, Placement, Status};
use crate::plan::{self, Asker, Scout, Unplaced};

impl Data {
    /// How the next instant came about, a sentence a move, and what is left of its day. Searching
    /// again from where the plan was made gives the planned instant; what does not is never shown
    /// as an explanation.
    pub(crate) fn moves(&self, record: &EnrollmentRecord) -> Vec<String> {
        if self.status(record) == Status::Unplaceable {
            return self.no_place(record).into_iter().collect();
        }
        let standing = self.standing(record);
        let Some(at) = standing.plan.at.filter(|_| Self::is_waiting(record)) else {
            return Vec::new();
        };
        let mut sentences = self.way(record, &standing, at).unwrap_or_else(|| {
            let at = self.step_zone(record).local(at).format("%a %-d %b %H:%M");
            vec![format!("planned {at}, before a calendar changed; it is being planned anew")]
        });
        sentences.extend(self.left(record, at));
        sentences
    }

    fn way(
        &self,
        record: &EnrollmentRecord,
        standing: &Standing,
        at: Instant,
    ) -> Option<Vec<String>> {
        let (plan, position) = (standing.plan, standing.position);
        let campaign = self.campaigns.get(record.campaign)?;
        let step = campaign.steps.get(usize::from(position))?;
        let zone = self.step_zone(record);
        let day = |at: Instant| zone.local(at).format("%a %-d %b %H:%M").to_string();
        let previous = match (plan.by, position) {
            (DueBy::Restart, _) => "the release".to_owned(),
            (_, 0) => "the enrolment".to_owned(),
            _ => format!("step {position}"),
        };
        let (mut base, mut due) = (None, plan.due);
        let mut sentences = match plan.by {
            DueBy::Delay => {
                base = Some(record.base());
                due = plan::due(step.timing.delay, record.base(), zone);
                Vec::new()
            }
            DueBy::Release => {
                base = Some(record.base());
                Vec::new()
            }
            DueBy::Reschedule => vec![format!("a person rescheduled it to {}", day(plan.due))],
            DueBy::Retry => vec![format!("it is tried again from {}", day(plan.due))],
            DueBy::Missed => vec![format!("its time went by; it goes on from {}", day(plan.due))],
            DueBy::Remaining { days, ms } => {
                let left = i64::from(days) * DAY_MS + i64::from(ms);
                let released = plan.due.plus_ms(-left);
                vec![plan::Move::remaining(released, plan.due, zone).to_string()]
            }
            DueBy::Restart => {
                base = Some(plan.due);
                due = plan::due(step.timing.delay, plan.due, zone);
                vec![format!("released {}; its delay starts anew", day(plan.due))]
            }
            DueBy::Skip { steps } => vec![skipped(position, steps, &day(plan.due))],
        };
        let ground = self.ground(record, &standing.days, Asker::Conversation)?;
        let together = match campaign.placement {
            Placement::Whole => usize::from(record.steps().saturating_sub(position)),
            Placement::Rolling => 1,
        };
        let stop = self.stop(record, position, step);
        let moves = plan::explain_place(&ground, (stop, together), base, due, at)?;
        sentences.extend(moves.iter().map(|it| it.after(&previous).to_string()));
        Some(sentences)
    }

    /// What the sender has left of a day.
    fn left(&self, record: &EnrollmentRecord, at: Instant) -> Option<String> {
        let sender = self.senders.get(record.sender)?;
        let limit = sender.ledger.limit()?;
        let day = self.sender_day(record.sender, at);
        let left = sender.ledger.left(day, Asker::Conversation);
        let date = self.sender_zone(sender).date_of(at).format("%a %-d %b");
        let sender = self.sender_names.text(record.sender);
        Some(format!("{date} has {left} of {limit} left for {sender}"))
    }

    /// Which rule leaves no place for the next step.
    fn no_place(&self, record: &EnrollmentRecord) -> Option<String> {
        let mut moved = record.clone();
        moved.set_plan(self.standing(record).plan);
        let record = &moved;
        let own = record.days();
        let wish = self.wish_again(record, &own, Self::asks_again(record));
        let Err(why) = self.search(record, wish, &mut Scout::default()) else {
            return Some("there is a place by now; it is being planned anew".to_owned());
        };
        Some(self.in_words(record, wish, why))
    }

    fn in_words(&self, record: &EnrollmentRecord, wish: Wish<'_>, why: NoPlace) -> String {
        let number =
            |step: usize| usize::from(wish.position).saturating_add(step).saturating_add(1);
        match why {
            NoPlace::Unplaced(Unplaced::NothingOpens { step }) => {
                let step = number(step);
                format!("the days and hours of step {step} do not open within four years")
            }
            NoPlace::Unplaced(Unplaced::Full { step }) => {
                let ledger = self.senders.get(record.sender).map(|sender| &sender.ledger);
                let limit = ledger.and_then(|ledger| ledger.limit()).unwrap_or_default();
                let (step, sender) = (number(step), self.sender_names.text(record.sender));
                format!("{sender} has no slot for step {step} within four years, at {limit} a day")
            }
            NoPlace::TooLate(latest) => {
                let zone = self.step_zone(record);
                let latest = zone.local(latest).format("%a %-d %b %Y %H:%M");
                format!("no slot is free until {latest}, the latest that its campaign allows")
            }
            NoPlace::NoStep => "no step is left on its schedule".to_owned(),
        }
    }
}

/// Which steps before one went by while it was held, and from when on it is due itself.
fn skipped(position: u16, steps: u16, due: &str) -> String {
    let (first, last, next) = (position.saturating_sub(steps) + 1, position, position + 1);
    let which = if steps == 1 {
        format!("step {last} went by while it was held and is skipped")
    } else {
        format!("steps {first} to {last} went by while it was held and are skipped")
    };
    format!("{which}; step {next} is due {due}")
}
