//! The index of timelines by next-send time, as an image keeps it: what is due in an hour is found
//! without reading the timelines.
//!
//! A record holds entries of one hour and workspace in the order of sender and enrollment, and its
//! key is the hour, the workspace, and the entry that it begins with. What changed is worked into
//! the record that it belongs to, which is divided when it has grown too long.

use serde::{Deserialize, Serialize};

use super::data::Data;
use super::enrollment::EnrollmentRecord;
use super::image::{ImageMarks, Record, Shared, page_key};
use super::pages::{Page, Pages, dense};
use super::port::{ImageError, ImageWriter, Tree};

/// The most entries of one record.
const MAX_ENTRIES: usize = 1024;
/// One hour, in milliseconds.
pub(super) const HOUR_MS: i64 = 60 * 60 * 1000;

/// A send that is planned. In the order of the index, within an hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Planned {
    pub(crate) sender: u32,
    pub(crate) enrollment: u32,
    /// The instant, in milliseconds after the full hour.
    pub(crate) after_ms: u32,
}

/// An entry, the hour (since 1970) that it belongs to, and whether it is there.
type Change = (u32, Planned, bool);

/// The key of the record that begins with an entry.
fn key(hour: u32, workspace: u32, entry: &Planned) -> Vec<u8> {
    let parts = [hour, workspace, entry.sender, entry.enrollment];
    parts.iter().flat_map(|part| part.to_be_bytes()).collect()
}

fn entry(enrollment: u32, record: &EnrollmentRecord) -> Option<(u32, Planned)> {
    let at = record.plan().at.filter(|_| Data::is_waiting(record))?.as_ms();
    let hour = u32::try_from(at.div_euclid(HOUR_MS)).ok()?;
    let after_ms = u32::try_from(at.rem_euclid(HOUR_MS)).ok()?;
    Some((hour, Planned { sender: record.sender, enrollment, after_ms }))
}

/// A send as the index lists it: the hour, the workspace, and the rest.
pub(super) type Listed = (u32, u32, Planned);

/// What the timelines of a workspace have planned.
pub(super) fn planned(
    workspace: u32,
    enrollments: &Pages<EnrollmentRecord>,
) -> impl Iterator<Item = Listed> {
    enrollments.iter().filter_map(move |(id, record)| {
        entry(id, record).map(|(hour, planned)| (hour, workspace, planned))
    })
}

/// What a record of the index lists; none if it is no such record, or not as one is written.
pub(super) fn listed(key: &[u8], record: &Record<'_>) -> Option<Vec<Listed>> {
    let Record::Agenda(entries) = record else {
        return None;
    };
    let (hour, rest) = key.split_first_chunk::<4>()?;
    let (workspace, _) = rest.split_first_chunk::<4>()?;
    let (hour, workspace) = (u32::from_be_bytes(*hour), u32::from_be_bytes(*workspace));
    let sound = entries.len() <= MAX_ENTRIES && entries.is_sorted();
    sound.then(|| entries.iter().map(|entry| (hour, workspace, *entry)).collect())
}

/// Brings the index from where the image before has it to what these timelines say.
pub(super) fn write<W: ImageWriter>(
    writer: &mut W,
    (workspace, enrollments): (u32, &Pages<EnrollmentRecord>),
    before: &ImageMarks,
) -> Result<(), ImageError> {
    let mut changes = Vec::new();
    let marks = before.table(workspace, Tree::Timelines, 0);
    for (number, page) in (enrollments.first_page()..).zip(enrollments.pages()) {
        if marks.is_some_and(|marks| marks.has(number, page)) {
            continue;
        }
        let first = number.saturating_mul(dense(super::pages::PAGE_RECORDS));
        let old: Option<Record<'_>> =
            writer.before(Tree::Timelines, &page_key(workspace, 0, number))?;
        let none = Page::default();
        let old = match &old {
            Some(Record::Enrollments(page)) => &**page,
            _ => &none,
        };
        for at in 0..old.len().max(page.len()) {
            let id = first.saturating_add(dense(at));
            let of = |page: &Page<_>| page.get(at).and_then(|it| entry(id, it));
            let (was, is) = (of(old), of(page));
            if was != is {
                changes.extend(was.map(|(hour, entry)| (hour, entry, false)));
                changes.extend(is.map(|(hour, entry)| (hour, entry, true)));
            }
        }
    }
    // What goes comes before what takes its place.
    changes.sort_unstable();
    merge(writer, workspace, &changes)
}

fn merge<W: ImageWriter>(w: &mut W, workspace: u32, changes: &[Change]) -> Result<(), ImageError> {
    let mut rest = changes;
    while let Some((hour, entry, _)) = rest.first() {
        let home = home(w, *hour, workspace, entry);
        let same = |it: &&Change| it.0 == *hour && self::home(w, *hour, workspace, &it.1) == home;
        let (own, others) = rest.split_at(rest.iter().take_while(same).count());
        work_in(w, (*hour, workspace), home, own)?;
        rest = others;
    }
    Ok(())
}

/// The key of the record that an entry belongs into, if there is one.
fn home<W: ImageWriter>(w: &W, hour: u32, workspace: u32, entry: &Planned) -> Option<Vec<u8>> {
    let found = w.at_or_before(Tree::Agenda, &key(hour, workspace, entry))?;
    let prefix = [hour, workspace].map(u32::to_be_bytes).concat();
    found.starts_with(&prefix).then_some(found)
}

fn work_in<W: ImageWriter>(
    w: &mut W,
    (hour, workspace): (u32, u32),
    home: Option<Vec<u8>>,
    changes: &[Change],
) -> Result<(), ImageError> {
    let mut entries = Vec::new();
    if let Some(home) = &home {
        match w.before(Tree::Agenda, home)? {
            Some(Record::Agenda(found)) => entries = found.into_owned(),
            _ => return Err(damaged("a record is no part of the agenda")),
        }
    }
    for (_, entry, is) in changes {
        match (entries.binary_search(entry), is) {
            (Ok(at), false) => drop(entries.remove(at)),
            (Err(at), true) => entries.insert(at, *entry),
            _ => return Err(damaged("the agenda is not that of the timelines")),
        }
    }
    if entries.is_empty() {
        return home.map_or(Ok(()), |home| w.remove(Tree::Agenda, &home));
    }
    let pieces = entries.len().div_ceil(MAX_ENTRIES);
    for (at, piece) in entries.chunks(entries.len().div_ceil(pieces)).enumerate() {
        let own = piece.first().map(|first| key(hour, workspace, first));
        // The first one stays where it is, whatever it begins with now.
        let key = home.clone().filter(|_| at == 0).or(own).unwrap_or_default();
        let piece = Record::Agenda(Shared::Owned(piece.to_vec()));
        w.put(Tree::Agenda, &key, &piece)?;
    }
    Ok(())
}

fn damaged(what: &str) -> ImageError {
    ImageError::Damaged { tree: Tree::Agenda.name(), what: what.to_owned() }
}
