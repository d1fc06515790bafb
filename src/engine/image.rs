//! The state as keyed records, for a checkpoint, and back.
//!
//! A key is the workspace, the table and the page, each big-endian. Look-ups, timers and lanes are
//! not written: they are made anew.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::counting::{CountRecord, HourlyRecord};
use super::data::{Data, PairRecord, Published};
use super::freeze::Anchor;
use super::names::Names;
use super::pages::{Pages, dense};
use super::port::{ImageError, ImageReader, ImageWriter, Tree};
use super::record::{
    AnswerRecord, CampaignRecord, CauseRecord, Claims, ClosedRecord, CompanyRecord, DeliveryRecord,
    EnrollmentRecord, HoldRecord, Job, ProspectRecord, SeenRecord, SenderRecord, Tally,
};
use super::state::{Header, Snapshot, State};
use crate::lang::Policy;
use crate::model::{DateRange, Instant, PolicyBundle};
use crate::plan::{Calendar, Zone};

/// Enrollments of one entry of the agenda.
const AGENDA_CHUNK: usize = 1024;
/// One hour, in milliseconds.
const HOUR_MS: i64 = 60 * 60 * 1000;
/// The workspace part of the keys of what belongs to no workspace.
const STORE: u32 = u32::MAX;

/// What a workspace has besides its tables.
#[derive(Clone, Serialize, Deserialize)]
struct Root {
    now: Instant,
    zone: Option<Zone>,
    calendars: Box<[Calendar]>,
    closed: Box<[DateRange]>,
    jobs: Arc<VecDeque<Job>>,
    anchor: Anchor,
    last_served: u32,
    tally: Tally,
    claims: Arc<Claims>,
    retracted: Arc<BTreeMap<u128, i32>>,
}

/// One record of an image: borrowed when it is written, owned when it was read. The order of the
/// variants is part of the format.
#[derive(Serialize, Deserialize)]
enum Record<'a> {
    Header(Shared<'a, Header>),
    Root(Shared<'a, Root>),
    Policy(Shared<'a, PolicyBundle>),
    Workspaces(Page<'a, Box<str>>),
    CompanyNames(Page<'a, Box<str>>),
    ProspectNames(Page<'a, Box<str>>),
    SenderNames(Page<'a, Box<str>>),
    CampaignNames(Page<'a, Box<str>>),
    Companies(Page<'a, CompanyRecord>),
    Pairs(Page<'a, PairRecord>),
    Prospects(Page<'a, ProspectRecord>),
    Senders(Page<'a, SenderRecord>),
    Campaigns(Page<'a, CampaignRecord>),
    Enrollments(Page<'a, EnrollmentRecord>),
    Deliveries(Page<'a, DeliveryRecord>),
    Holds(Page<'a, HoldRecord>),
    Causes(Page<'a, CauseRecord>),
    Seen(Page<'a, SeenRecord>),
    Answers(Page<'a, AnswerRecord>),
    Agenda(Vec<(u32, Instant)>),
    Counts(Page<'a, CountRecord>),
    Hourly(Page<'a, HourlyRecord>),
}

type Shared<'a, T> = std::borrow::Cow<'a, T>;
type Page<'a, T> = std::borrow::Cow<'a, Vec<T>>;

/// The tables of a tree lie one after the other.
fn page_key(workspace: u32, table: u8, page: u32) -> [u8; 9] {
    let mut key = [0; 9];
    let parts = workspace.to_be_bytes().into_iter().chain([table]).chain(page.to_be_bytes());
    for (slot, byte) in key.iter_mut().zip(parts) {
        *slot = byte;
    }
    key
}

fn read_key(key: &[u8]) -> Option<(u32, u32)> {
    let (workspace, rest) = key.split_first_chunk::<4>()?;
    let (_, page) = rest.split_first()?;
    Some((u32::from_be_bytes(*workspace), u32::from_be_bytes(page.try_into().ok()?)))
}

impl Snapshot {
    /// Writes all of it as keyed records.
    ///
    /// # Errors
    /// What the writer answers.
    pub fn write<W: ImageWriter>(&self, writer: &mut W) -> Result<(), ImageError> {
        let header = Record::Header(Shared::Borrowed(&self.header));
        writer.put(Tree::Meta, &page_key(STORE, 0, 0), &header)?;
        let mut out = Out { writer, workspace: STORE };
        out.pages(Tree::Names, 0, self.names.texts(), Record::Workspaces)?;
        for (at, data) in self.tables.iter().enumerate() {
            out.workspace = dense(at);
            out.workspace(data)?;
            write_agenda(out.writer, dense(at), data)?;
        }
        Ok(())
    }
}

struct Out<'w, W> {
    writer: &'w mut W,
    workspace: u32,
}

impl<W: ImageWriter> Out<'_, W> {
    fn pages<'a, T: Clone + 'a>(
        &mut self,
        tree: Tree,
        table: u8,
        pages: &'a Pages<T>,
        record: impl Fn(Page<'a, T>) -> Record<'a>,
    ) -> Result<(), ImageError> {
        pages.pages().try_for_each(|(page, records)| {
            let key = page_key(self.workspace, table, page);
            self.writer.put(tree, &key, &record(Page::Borrowed(records)))
        })
    }

    fn workspace(&mut self, data: &Data) -> Result<(), ImageError> {
        let root = Root {
            now: data.now,
            zone: data.zone,
            calendars: data.closed.calendars.clone(),
            closed: data.closed.ranges.clone(),
            jobs: Arc::clone(&data.jobs),
            anchor: data.anchor.clone(),
            last_served: data.last_served,
            tally: data.tally,
            claims: Arc::clone(&data.claims),
            retracted: Arc::clone(&data.retracted),
        };
        let root = Record::Root(Shared::Borrowed(&root));
        self.writer.put(Tree::Meta, &page_key(self.workspace, 0, 0), &root)?;
        for (at, published) in data.policies.iter().enumerate() {
            let key = page_key(self.workspace, 0, dense(at));
            let policy = Record::Policy(Shared::Borrowed(&published.bundle));
            self.writer.put(Tree::Policies, &key, &policy)?;
        }
        self.pages(Tree::Names, 1, data.company_names.texts(), Record::CompanyNames)?;
        self.pages(Tree::Names, 2, data.prospect_names.texts(), Record::ProspectNames)?;
        self.pages(Tree::Names, 3, data.sender_names.texts(), Record::SenderNames)?;
        self.pages(Tree::Names, 4, data.campaign_names.texts(), Record::CampaignNames)?;
        self.pages(Tree::Companies, 0, &data.companies, Record::Companies)?;
        self.pages(Tree::Companies, 1, &data.pairs, Record::Pairs)?;
        self.pages(Tree::Prospects, 0, &data.prospects, Record::Prospects)?;
        self.pages(Tree::Senders, 0, &data.senders, Record::Senders)?;
        self.pages(Tree::Campaigns, 0, &data.campaigns, Record::Campaigns)?;
        self.pages(Tree::Timelines, 0, &data.enrollments, Record::Enrollments)?;
        self.pages(Tree::Timelines, 1, &data.deliveries, Record::Deliveries)?;
        self.pages(Tree::Holds, 0, &data.holds, Record::Holds)?;
        self.pages(Tree::Holds, 1, &data.causes, Record::Causes)?;
        self.pages(Tree::Windows, 0, &data.counts, Record::Counts)?;
        self.pages(Tree::Windows, 1, &data.hourly, Record::Hourly)?;
        self.pages(Tree::Seen, 0, &data.seen, Record::Seen)?;
        self.pages(Tree::Seen, 1, &data.answers, Record::Answers)
    }
}

/// The index of timelines by next-send time: hour, workspace, sender, chunk.
fn write_agenda<W: ImageWriter>(w: &mut W, id: u32, data: &Data) -> Result<(), ImageError> {
    let mut due: Vec<(i64, u32, u32, Instant)> = data
        .enrollments
        .iter()
        .filter(|(_, record)| Data::is_waiting(record))
        .filter_map(|(enrollment, record)| {
            let planned = record.plan.at?;
            Some((planned.as_ms() / HOUR_MS, record.sender, enrollment, planned))
        })
        .collect();
    due.sort_unstable_by_key(|entry| (entry.0, entry.1, entry.3, entry.2));
    for group in due.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
        for (chunk, entries) in group.chunks(AGENDA_CHUNK).enumerate() {
            let Some((hour, sender, ..)) = entries.first() else {
                continue;
            };
            let hour = u32::try_from(*hour).unwrap_or(u32::MAX);
            let mut key = hour.to_be_bytes().to_vec();
            key.extend(id.to_be_bytes());
            key.extend(sender.to_be_bytes());
            key.extend(dense(chunk).to_be_bytes());
            let packed: Vec<(u32, Instant)> = entries.iter().map(|it| (it.2, it.3)).collect();
            w.put(Tree::Agenda, &key, &Record::Agenda(packed))?;
        }
    }
    Ok(())
}

impl State {
    /// Reads a state that [`Snapshot::write`] wrote.
    ///
    /// # Errors
    /// What the reader answers, and [`ImageError`] if a record is missing or does not fit.
    pub fn read<R: ImageReader>(reader: &mut R) -> Result<Self, ImageError> {
        let mut image = Image::default();
        for tree in Tree::ALL {
            // The agenda is for readers of a cold store; lanes are made from the timelines.
            if tree != Tree::Agenda {
                reader.each(tree, |key, record| image.take(tree, key, record))?;
            }
        }
        image.finish()
    }
}

/// An image as it is read.
#[derive(Default)]
struct Image {
    header: Option<Header>,
    workspaces: Pages<Box<str>>,
    parts: Vec<Part>,
}

/// A workspace as it is read: the names come before they can be looked up.
#[derive(Default)]
struct Part {
    data: Data,
    names: [Pages<Box<str>>; 4],
}

impl Image {
    fn take(&mut self, tree: Tree, key: &[u8], record: Record<'_>) -> Result<(), ImageError> {
        let misfit = |what: &str| ImageError::Stopped { tree: tree.name(), what: what.to_owned() };
        let (workspace, page) = read_key(key).ok_or_else(|| misfit("its key is not a page's"))?;
        let record = match record {
            Record::Header(header) => {
                self.header = Some(header.into_owned());
                return Ok(());
            }
            Record::Workspaces(texts) => {
                let fits = self.workspaces.push_page(page, texts.into_owned());
                return if fits { Ok(()) } else { Err(misfit("a page is missing")) };
            }
            record => record,
        };
        let at = workspace as usize;
        if let Record::Root(_) = record
            && at == self.parts.len()
        {
            self.parts.push(Part::default());
        }
        let part = self.parts.get_mut(at).ok_or_else(|| misfit("its workspace is missing"))?;
        let fits = part.take(page, record)?;
        if fits { Ok(()) } else { Err(misfit("a page is missing")) }
    }

    fn finish(self) -> Result<State, ImageError> {
        let damaged =
            |what: &str| ImageError::Damaged { tree: Tree::Meta.name(), what: what.to_owned() };
        let header = self.header.ok_or_else(|| damaged("the header is missing"))?;
        if self.parts.len() != self.workspaces.len() {
            return Err(damaged("a workspace is missing"));
        }
        let tables = self.parts.into_iter().map(Part::finish).collect();
        Ok(State::restored(header, Names::restore(self.workspaces), tables))
    }
}

impl Part {
    /// Takes a record. False if a page before it is missing.
    fn take(&mut self, page: u32, record: Record<'_>) -> Result<bool, ImageError> {
        let data = &mut self.data;
        let [companies, prospects, senders, campaigns] = &mut self.names;
        Ok(match record {
            Record::Header(_) | Record::Workspaces(_) | Record::Agenda(_) => true,
            Record::Root(root) => {
                let root = root.into_owned();
                data.now = root.now;
                data.zone = root.zone;
                data.closed = Arc::new(ClosedRecord::new(root.calendars, root.closed));
                data.jobs = root.jobs;
                data.anchor = root.anchor;
                data.last_served = root.last_served;
                data.tally = root.tally;
                data.claims = root.claims;
                data.retracted = root.retracted;
                true
            }
            Record::Policy(bundle) => {
                let bundle = bundle.into_owned();
                let (policy, _) = Policy::compile(&bundle).map_err(|_| ImageError::Damaged {
                    tree: Tree::Policies.name(),
                    what: "a policy that was published does not compile".to_owned(),
                })?;
                let published = Published { bundle, policy: Arc::new(policy) };
                Arc::make_mut(&mut data.policies).push(published);
                true
            }
            Record::CompanyNames(texts) => companies.push_page(page, texts.into_owned()),
            Record::ProspectNames(texts) => prospects.push_page(page, texts.into_owned()),
            Record::SenderNames(texts) => senders.push_page(page, texts.into_owned()),
            Record::CampaignNames(texts) => campaigns.push_page(page, texts.into_owned()),
            Record::Companies(records) => data.companies.push_page(page, records.into_owned()),
            Record::Pairs(records) => data.pairs.push_page(page, records.into_owned()),
            Record::Prospects(records) => data.prospects.push_page(page, records.into_owned()),
            Record::Senders(records) => data.senders.push_page(page, records.into_owned()),
            Record::Campaigns(records) => data.campaigns.push_page(page, records.into_owned()),
            Record::Enrollments(records) => data.enrollments.push_page(page, records.into_owned()),
            Record::Deliveries(records) => data.deliveries.push_page(page, records.into_owned()),
            Record::Holds(records) => data.holds.push_page(page, records.into_owned()),
            Record::Causes(records) => data.causes.push_page(page, records.into_owned()),
            Record::Seen(records) => data.seen.push_page(page, records.into_owned()),
            Record::Counts(records) => data.counts.push_page(page, records.into_owned()),
            Record::Hourly(records) => data.hourly.push_page(page, records.into_owned()),
            Record::Answers(records) => data.answers.push_page(page, records.into_owned()),
        })
    }

    fn finish(self) -> Data {
        let mut data = self.data;
        let [companies, prospects, senders, campaigns] = self.names;
        data.company_names = Names::restore(companies);
        data.prospect_names = Names::restore(prospects);
        data.sender_names = Names::restore(senders);
        data.campaign_names = Names::restore(campaigns);
        let pairs = data.pairs.iter().map(|(id, pair)| ((pair.company, pair.campaign), id));
        data.pair_ids = Arc::new(pairs.collect::<BTreeMap<_, _>>());
        let domains = data.companies.iter().flat_map(|(id, company)| {
            company.domains.iter().map(move |domain| (domain.clone(), id))
        });
        data.domains = Arc::new(domains.collect());
        data
    }
}
