//! Where an event was counted.
//!
//! There is no index for that: each log may have it. So, as with [`super::mentions`], whoever takes
//! an event back looks for it ahead, and leaves to the writer what changed since.

#[cfg(test)]
mod tests;

use super::counting::{CountRecord, HourlyRecord};
use super::data::Data;
use super::fingerprint::Fingerprint;
use super::pages::Pages;

/// Where one event was counted, of each table in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Whereabouts {
    /// The logs that have an entry of it.
    pub(crate) logs: Vec<u32>,
    /// The notes of the hours in which it was counted.
    pub(crate) hourly: Vec<u32>,
}

/// A picture of the tables that count.
#[derive(Clone, Debug)]
pub(crate) struct Logs {
    counts: Pages<CountRecord>,
    hourly: Pages<HourlyRecord>,
}

/// What was found in a picture.
#[derive(Debug)]
pub(crate) struct Located {
    event: Fingerprint,
    logs: Logs,
    whereabouts: Whereabouts,
}

impl Located {
    /// Looks for an event in a picture, where it differs from the one before. How many records and
    /// entries that were is the second answer.
    pub(crate) fn look(event: Fingerprint, logs: Logs, before: Option<&Self>) -> (Self, usize) {
        let mut looked = 0;
        let tables = (&logs.counts, &logs.hourly);
        let whereabouts = search(event, tables, before, &mut looked);
        (Self { event, logs, whereabouts }, looked)
    }
}

impl Data {
    /// A picture of the tables that count.
    pub(crate) fn logs(&self) -> Logs {
        Logs { counts: self.counts.clone(), hourly: self.hourly.clone() }
    }

    /// Where an event was counted, with what was found before.
    pub(crate) fn whereabouts(&self, event: Fingerprint, before: Option<&Located>) -> Whereabouts {
        search(event, (&self.counts, &self.hourly), before, &mut 0)
    }
}

fn search(
    event: Fingerprint,
    (counts, hourly): (&Pages<CountRecord>, &Pages<HourlyRecord>),
    before: Option<&Located>,
    looked: &mut usize,
) -> Whereabouts {
    let before = before.filter(|it| it.event == event);
    let logs = before.map(|it| (&it.logs.counts, &*it.whereabouts.logs));
    let logs = counts.all_where(logs, |log| {
        *looked += 1 + log.entries.len();
        log.entries.iter().any(|entry| entry.event == event)
    });
    let hours = before.map(|it| (&it.logs.hourly, &*it.whereabouts.hourly));
    let hourly = hourly.all_where(hours, |it| {
        *looked += 1;
        it.event == event && !it.gone
    });
    Whereabouts { logs, hourly }
}
