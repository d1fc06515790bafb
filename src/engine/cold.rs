//! Reading the agenda from an image, and as little else as it takes: the names, zones and limits of
//! senders, and the index records of the hours that are asked for. No timeline is read.

use chrono::NaiveDate;

use super::agenda::HOUR_MS;
use super::image::{Record, STORE, page_key};
use super::names::Names;
use super::pages::{Pages, dense};
use super::port::{ImageError, ImageReader, Tree};
use super::read::MAX_AGENDA_DAYS;
use super::record::SenderRecord;
use super::view::{Agenda, AgendaDay, SenderAgenda};
use crate::model::Instant;
use crate::plan::Zone;

/// The table of senders' keys in the tree of names.
const SENDER_NAMES: u8 = 3;

/// What is planned on some days, as the index of a checkpoint has it.
///
/// It knows the next send of each timeline, held or not; the steps after it and the holds are in
/// the timelines, which are not read. What was sent, limits and freezes are the senders' own.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct ColdAgenda {
    /// Each sender's days. `held` of a day is 0: whether a timeline is held is not known.
    pub agenda: Agenda,
    /// When the next sends are planned, of each sender, in order.
    pub planned: Vec<Vec<Instant>>,
}

/// A workspace of an image of which only the senders are read.
#[derive(Debug)]
pub(crate) struct ColdWorkspace {
    id: u32,
    now: Instant,
    zone: Zone,
    names: Names,
    senders: Pages<SenderRecord>,
}

impl ColdWorkspace {
    /// None if the image has no such workspace.
    pub(crate) fn read<R: ImageReader>(
        reader: &mut R,
        name: &str,
    ) -> Result<Option<Self>, ImageError> {
        let workspaces = names(reader, STORE, 0)?;
        let Some(id) = workspaces.iter().position(|it| it == name).map(dense) else {
            return Ok(None);
        };
        let mut root = None;
        let key = page_key(id, 0, 0);
        reader.between(Tree::Meta, (&key, &page_key(id, 0, 1)), |_, record: Record<'_>| {
            if let Record::Root(found) = record {
                root = Some((found.now, found.zone));
            }
            Ok(())
        })?;
        let (now, zone) = root.ok_or_else(|| misfit(Tree::Meta, "the workspace has no root"))?;
        let mut senders = Pages::default();
        pages(reader, (Tree::Senders, id, 0), |number, record| match record {
            Record::Senders(page) => senders.push_page(number, page.into_owned()),
            _ => false,
        })?;
        let names = names(reader, id, SENDER_NAMES)?;
        Ok(Some(Self { id, now, zone: zone.unwrap_or(Zone::UTC), names, senders }))
    }

    /// The day of its time, in its zone.
    pub(crate) fn today(&self) -> NaiveDate {
        self.zone.date_of(self.now)
    }

    /// What is planned from one day to before another.
    pub(crate) fn agenda<R: ImageReader>(
        &self,
        reader: &mut R,
        (from, to): (NaiveDate, NaiveDate),
    ) -> Result<ColdAgenda, ImageError> {
        let days = usize::try_from((to - from).num_days()).unwrap_or(0).min(MAX_AGENDA_DAYS);
        let first = from.to_epoch_days();
        let to = NaiveDate::from_epoch_days(first.saturating_add(i32::try_from(days).unwrap_or(0)))
            .unwrap_or(to);
        let zones: Vec<Zone> =
            self.senders.iter().map(|(_, it)| it.zone.unwrap_or(self.zone)).collect();
        let mut senders: Vec<SenderAgenda> =
            self.senders.iter().map(|(id, it)| self.sender(id, it, (first, days))).collect();
        let mut planned = vec![Vec::new(); senders.len()];
        let hour_of = |date| move |zone: &Zone| zone.day_start(date).as_ms().div_euclid(HOUR_MS);
        let hours = zones.iter().map(hour_of(from)).min().zip(zones.iter().map(hour_of(to)).max());
        let (begin, end) = hours.unwrap_or((0, -1));
        for hour in begin..=end {
            let Ok(hour) = u32::try_from(hour) else {
                continue;
            };
            let prefix = |workspace: u32| [hour, workspace].map(u32::to_be_bytes).concat();
            let range = (prefix(self.id), prefix(self.id.saturating_add(1)));
            reader.between(Tree::Agenda, (&range.0, &range.1), |_, record: Record<'_>| {
                let Record::Agenda(entries) = record else {
                    return Err(misfit(Tree::Agenda, "a record is no part of the agenda"));
                };
                for entry in entries.iter() {
                    let at = i64::from(hour) * HOUR_MS + i64::from(entry.after_ms);
                    let (at, sender) = (Instant::from_ms(at), entry.sender as usize);
                    let (Some(zone), Some(sends), Some(shown)) =
                        (zones.get(sender), planned.get_mut(sender), senders.get_mut(sender))
                    else {
                        return Err(misfit(Tree::Agenda, "a sender is missing"));
                    };
                    let day = zone.date_of(at).to_epoch_days() - first;
                    let day = usize::try_from(day).ok().and_then(|day| shown.days.get_mut(day));
                    if let Some(day) = day {
                        day.planned += 1;
                        sends.push(at);
                    }
                }
                Ok(())
            })?;
        }
        planned.iter_mut().for_each(|sends| sends.sort_unstable());
        Ok(ColdAgenda { agenda: Agenda { from, to, senders }, planned })
    }

    fn sender(&self, id: u32, record: &SenderRecord, (first, days): (i32, usize)) -> SenderAgenda {
        let mut shown = vec![AgendaDay::default(); days];
        let mut at = |day: i32, note: &dyn Fn(&mut AgendaDay)| {
            let slot = usize::try_from(day - first).ok().and_then(|day| shown.get_mut(day));
            slot.into_iter().for_each(note);
        };
        for (day, _, spent) in record.ledger.iter() {
            at(day, &|it| it.sent = spent);
        }
        let last = first.saturating_add(i32::try_from(days).unwrap_or(0));
        for (begin, end) in record.frozen.iter() {
            (begin.max(first)..=end.min(last)).for_each(|day| at(day, &|it| it.frozen = true));
        }
        SenderAgenda {
            sender: self.names.text(id).to_owned(),
            zone: record.zone.unwrap_or(self.zone).name().to_owned(),
            limit: record.ledger.limit(),
            held: !record.anchor.live().is_empty(),
            days: shown,
        }
    }
}

/// The texts of one table of names.
fn names<R: ImageReader>(reader: &mut R, workspace: u32, table: u8) -> Result<Names, ImageError> {
    let mut names = Names::default();
    pages(reader, (Tree::Names, workspace, table), |number, record| match record {
        Record::Workspaces(texts) | Record::SenderNames(texts) => {
            names.push_page(number, texts.into_owned())
        }
        _ => false,
    })?;
    Ok(names)
}

/// Hands on the pages of one table with their numbers; each has to fit behind the one before.
fn pages<R: ImageReader>(
    reader: &mut R,
    (tree, workspace, table): (Tree, u32, u8),
    mut take: impl FnMut(u32, Record<'_>) -> bool,
) -> Result<(), ImageError> {
    let range = (page_key(workspace, table, 0), page_key(workspace, table, u32::MAX));
    reader.between(tree, (&range.0, &range.1), |key, record: Record<'_>| {
        let number = key.last_chunk::<4>().map(|number| u32::from_be_bytes(*number));
        let fits = number.is_some_and(|number| take(number, record));
        if fits { Ok(()) } else { Err(misfit(tree, "a page is missing")) }
    })
}

fn misfit(tree: Tree, what: &str) -> ImageError {
    ImageError::Stopped { tree: tree.name(), what: what.to_owned() }
}

/// What the index of an image of this snapshot has, by sender, in order.
#[cfg(test)]
pub(crate) fn planned(
    snapshot: &super::state::Snapshot,
    workspace: &str,
) -> Option<Vec<Vec<Instant>>> {
    let data = snapshot.data(workspace)?;
    let mut planned = vec![Vec::new(); data.senders.len()];
    for (_, record) in data.enrollments.iter() {
        if super::data::Data::is_waiting(record) {
            planned.get_mut(record.sender as usize)?.extend(record.at());
        }
    }
    planned.iter_mut().for_each(|sends| sends.sort_unstable());
    Some(planned)
}
