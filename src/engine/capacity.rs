//! How many sends fit into a day of a sender: its limit, or fewer where its least gap leaves no
//! room for them in the hours in which its steps may go out.

use std::sync::Arc;

use super::record::SenderRecord;
use super::workspace::Workspace;
use crate::model::{Hours, Step};

/// Milliseconds in a minute.
const MINUTE_MS: u64 = 60_000;
/// Minutes of a day.
const DAY_MINUTES: usize = Hours::DAY_MINUTES as usize;

impl Workspace {
    /// Counts anew what fits into the days of a sender. Whether that changed.
    pub(crate) fn count_capacity(&mut self, sender: u32) -> bool {
        let Some(record) = self.data.senders.get(sender) else {
            return false;
        };
        let capacity = self.capacity(sender, record);
        if capacity == record.ledger.limit() {
            return false;
        }
        self.index.scouts.forget_sender(sender);
        if let Some(record) = self.data.senders.get_mut(sender) {
            Arc::make_mut(&mut record.ledger).set_limit(capacity);
        }
        true
    }

    fn capacity(&self, sender: u32, record: &SenderRecord) -> Option<u32> {
        if record.gap_ms == 0 {
            return record.limit_per_day;
        }
        // Where people live elsewhere, the hours of their days are at other times of the sender's.
        let minutes = if record.writes_elsewhere {
            DAY_MINUTES
        } else {
            let campaigns = self.data.campaigns.iter();
            let own = campaigns.filter(|(_, campaign)| campaign.senders.contains(&sender));
            open_minutes(own.flat_map(|(_, campaign)| campaign.steps.iter()))
        };
        // The first send needs no gap before it.
        let fits = (minutes as u64 * MINUTE_MS).div_ceil(record.gap_ms).max(1);
        let fits = u32::try_from(fits).unwrap_or(u32::MAX);
        Some(record.limit_per_day.map_or(fits, |limit| limit.min(fits)))
    }

    /// Remembers that a sender writes to somebody whose steps go by the clocks of another zone.
    pub(crate) fn note_zone(&mut self, enrollment: u32) {
        let Some(record) = self.data.enrollments.get(enrollment) else {
            return;
        };
        let (sender, zone) = (record.sender, self.data.step_zone(record));
        let elsewhere = self.data.senders.get(sender).is_some_and(|record| {
            !record.writes_elsewhere && self.data.sender_zone(record) != zone
        });
        if elsewhere {
            if let Some(record) = self.data.senders.get_mut(sender) {
                record.writes_elsewhere = true;
            }
            self.count_capacity(sender);
        }
    }
}

/// The minutes of the busiest day of the week in which one of the steps may go out; a whole day if
/// there is none.
fn open_minutes<'a>(steps: impl Iterator<Item = &'a Step>) -> usize {
    let mut week = vec![[false; DAY_MINUTES]; 7];
    for step in steps {
        let (from, to) = (step.timing.hours.from_minute(), step.timing.hours.to_minute());
        for weekday in step.timing.weekdays.iter() {
            let day = weekday.num_days_from_monday() as usize;
            if from < to {
                fill(&mut week, day, from, to);
            } else {
                fill(&mut week, day, from, Hours::DAY_MINUTES);
                fill(&mut week, (day + 1) % 7, 0, to);
            }
        }
    }
    let open = |day: &[bool; DAY_MINUTES]| day.iter().filter(|open| **open).count();
    match week.iter().map(open).max() {
        Some(minutes) if minutes > 0 => minutes,
        _ => DAY_MINUTES,
    }
}

fn fill(week: &mut [[bool; DAY_MINUTES]], day: usize, from: u16, to: u16) {
    let minutes = week.get_mut(day).and_then(|day| day.get_mut(from.into()..to.into()));
    minutes.into_iter().flatten().for_each(|open| *open = true);
}
