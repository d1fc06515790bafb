//! The state as keyed records, for a checkpoint, and back.
//!
//! A key is the workspace, the table and the page, each big-endian. Only pages that changed since
//! the image before are written. What follows from the rest is not: look-ups, timers and lanes,
//! the lists of who is in a campaign and a company, and what senders have promised.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::agenda::{self, Planned};
use super::contacts::{CompanyRecord, ProspectRecord};
use super::counting::{CountRecord, HourlyRecord};
use super::data::{Data, PairRecord, Published};
use super::enrollment::EnrollmentRecord;
use super::fingerprint::Fingerprint;
use super::freeze::Anchor;
use super::marks::Marks;
use super::names::{Names, TextPage};
use super::pages::{self, Gaps, Pages, dense};
use super::port::{ImageError, ImageReader, ImageWriter, Tree};
use super::record::{
    AddressRecord, AnswerRecord, CampaignRecord, CauseRecord, Claims, ClosedRecord, DeliveryRecord,
    ForgottenRecord, HoldRecord, Job, SenderRecord, Tally,
};
use super::seen::{SeenDays, SeenIds};
use super::state::{Header, Snapshot, State};
use crate::model::{DateRange, Instant, PolicyBundle};
use crate::plan::{Calendar, Zone};

/// The workspace part of the keys of what belongs to no workspace.
pub(super) const STORE: u32 = u32::MAX;

/// What a workspace has besides its tables.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Root {
    pub(super) now: Instant,
    pub(super) zone: Option<Zone>,
    calendars: Box<[Calendar]>,
    closed: Box<[DateRange]>,
    jobs: Arc<VecDeque<Job>>,
    anchor: Anchor,
    last_served: u32,
    tally: Tally,
    claims: Arc<Claims>,
    retracted: Arc<BTreeMap<u128, i32>>,
    seen: Arc<SeenDays>,
}

/// One record of an image: borrowed when it is written, owned when it was read. The order of the
/// variants is part of the format.
#[derive(Serialize, Deserialize)]
pub(super) enum Record<'a> {
    Header(Shared<'a, Header>),
    Root(Shared<'a, Root>),
    Policy(Shared<'a, PolicyBundle>),
    Workspaces(Shared<'a, TextPage>),
    CompanyNames(Shared<'a, TextPage>),
    ProspectNames(Shared<'a, TextPage>),
    SenderNames(Shared<'a, TextPage>),
    CampaignNames(Shared<'a, TextPage>),
    Companies(Page<'a, CompanyRecord>),
    Pairs(Page<'a, PairRecord>),
    Prospects(Page<'a, ProspectRecord>),
    Senders(Page<'a, SenderRecord>),
    Campaigns(Page<'a, CampaignRecord>),
    Enrollments(Page<'a, EnrollmentRecord>),
    Deliveries(Page<'a, DeliveryRecord>),
    Holds(Page<'a, HoldRecord>),
    Causes(Page<'a, CauseRecord>),
    Seen(Page<'a, Fingerprint>),
    Answers(Page<'a, AnswerRecord>),
    Agenda(Shared<'a, Vec<Planned>>),
    Counts(Page<'a, CountRecord>),
    Hourly(Page<'a, HourlyRecord>),
    Forgotten(Page<'a, ForgottenRecord>),
    Addresses(Page<'a, AddressRecord>),
    HoldsLeft(Left<'a, HoldRecord>),
    CausesLeft(Left<'a, CauseRecord>),
}

/// What is left of a page out of which records were taken, and the places of these.
type Left<'a, T> = (Gaps, Page<'a, T>);

pub(super) type Shared<'a, T> = std::borrow::Cow<'a, T>;
type Page<'a, T> = Shared<'a, pages::Page<T>>;

/// The tables of a tree lie one after the other.
pub(super) fn page_key(workspace: u32, table: u8, page: u32) -> [u8; 9] {
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

/// The pages that an image has, to tell later which of them changed.
#[derive(Debug, Default)]
pub struct ImageMarks {
    tables: HashMap<(u32, Tree, u8), Marks>,
    /// How many policies each workspace had.
    policies: Vec<usize>,
}

impl ImageMarks {
    pub(super) fn table(&self, workspace: u32, tree: Tree, table: u8) -> Option<&Marks> {
        self.tables.get(&(workspace, tree, table))
    }
}

impl Snapshot {
    /// Writes as keyed records what changed since the image that has these pages: everything, if
    /// there is none.
    ///
    /// # Errors
    /// What the writer answers.
    pub fn write<W: ImageWriter>(
        &self,
        writer: &mut W,
        before: Option<&ImageMarks>,
    ) -> Result<(), ImageError> {
        let nothing = ImageMarks::default();
        let before = before.unwrap_or(&nothing);
        let header = Record::Header(Shared::Borrowed(&self.header));
        writer.put(Tree::Meta, &page_key(STORE, 0, 0), &header)?;
        for (at, data) in self.tables.iter().enumerate() {
            let workspace = dense(at);
            write_root(writer, workspace, data)?;
            let known = before.policies.get(at).copied().unwrap_or(0);
            for (at, published) in data.policies.iter().enumerate().skip(known) {
                let policy = Record::Policy(Shared::Borrowed(&published.bundle));
                writer.put(Tree::Policies, &page_key(workspace, 0, dense(at)), &policy)?;
            }
            agenda::write(writer, (workspace, &data.enrollments), before)?;
        }
        self.each_table(&mut Changes { writer, before })
    }

    /// The pages that an image of it has.
    #[must_use]
    pub fn marks(&self) -> ImageMarks {
        let policies = self.tables.iter().map(|data| data.policies.len()).collect();
        let mut marks = ImageMarks { tables: HashMap::new(), policies };
        // Nothing is written, so nothing can fail.
        let _noted = self.each_table(&mut marks).is_ok();
        marks
    }

    fn each_table(&self, take: &mut impl Take) -> Result<(), ImageError> {
        take.names((STORE, Tree::Names, 0), &self.names, Record::Workspaces)?;
        for (at, data) in self.tables.iter().enumerate() {
            each_table(dense(at), data, take)?;
        }
        Ok(())
    }
}

fn write_root<W: ImageWriter>(w: &mut W, workspace: u32, data: &Data) -> Result<(), ImageError> {
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
        seen: data.seen.about().clone(),
    };
    let root = Record::Root(Shared::Borrowed(&root));
    w.put(Tree::Meta, &page_key(workspace, 0, 0), &root)
}

/// The workspace, the tree and the number of a table: the tables of a tree lie one after the other.
type Table = (u32, Tree, u8);

/// Takes tables, one after the other.
trait Take {
    fn take<'a, P: Send + Sync + 'static>(
        &mut self,
        table: Table,
        pages: (u32, impl Iterator<Item = &'a Arc<P>>),
        record: impl Fn(&'a P) -> Record<'a>,
    ) -> Result<(), ImageError>;

    fn pages<'a, T: Clone + Send + Sync + 'static>(
        &mut self,
        table: Table,
        pages: &'a Pages<T>,
        record: impl Fn(Page<'a, T>) -> Record<'a>,
    ) -> Result<(), ImageError> {
        let record = |page| record(Page::Borrowed(page));
        self.take(table, (pages.first_page(), pages.pages()), record)
    }

    /// As [`Take::pages`], of a table out of which records are taken.
    fn thinned<'a, T: Clone + Send + Sync + 'static>(
        &mut self,
        table: Table,
        pages: &'a Pages<T>,
        whole: impl Fn(Page<'a, T>) -> Record<'a>,
        left: impl Fn(Left<'a, T>) -> Record<'a>,
    ) -> Result<(), ImageError> {
        self.take(table, (pages.first_page(), pages.pages()), |page| {
            let records = Shared::Borrowed(page);
            match page.gaps() {
                None => whole(records),
                Some(gaps) => left((gaps, records)),
            }
        })
    }

    fn names<'a>(
        &mut self,
        table: Table,
        names: &'a Names,
        record: impl Fn(Shared<'a, TextPage>) -> Record<'a>,
    ) -> Result<(), ImageError> {
        self.take(table, (0, names.pages().iter()), |page| record(Shared::Borrowed(page)))
    }
}

impl Take for ImageMarks {
    fn take<'a, P: Send + Sync + 'static>(
        &mut self,
        table: Table,
        (first, pages): (u32, impl Iterator<Item = &'a Arc<P>>),
        _record: impl Fn(&'a P) -> Record<'a>,
    ) -> Result<(), ImageError> {
        self.tables.insert(table, Marks::of(first, pages));
        Ok(())
    }
}

/// Writes the pages that are not as they were, and removes those that are gone.
struct Changes<'w, W> {
    writer: &'w mut W,
    before: &'w ImageMarks,
}

impl<W: ImageWriter> Take for Changes<'_, W> {
    fn take<'a, P: Send + Sync + 'static>(
        &mut self,
        (workspace, tree, table): Table,
        (first, pages): (u32, impl Iterator<Item = &'a Arc<P>>),
        record: impl Fn(&'a P) -> Record<'a>,
    ) -> Result<(), ImageError> {
        let before = self.before.table(workspace, tree, table);
        for gone in before.map_or(0..0, Marks::numbers).take_while(|number| *number < first) {
            self.writer.remove(tree, &page_key(workspace, table, gone))?;
        }
        for (number, page) in (first..).zip(pages) {
            if !before.is_some_and(|before| before.has(number, page)) {
                self.writer.put(tree, &page_key(workspace, table, number), &record(page))?;
            }
        }
        Ok(())
    }
}

fn each_table(at: u32, data: &Data, take: &mut impl Take) -> Result<(), ImageError> {
    take.names((at, Tree::Names, 1), &data.company_names, Record::CompanyNames)?;
    take.names((at, Tree::Names, 2), &data.prospect_names, Record::ProspectNames)?;
    take.names((at, Tree::Names, 3), &data.sender_names, Record::SenderNames)?;
    take.names((at, Tree::Names, 4), &data.campaign_names, Record::CampaignNames)?;
    take.pages((at, Tree::Companies, 0), &data.companies, Record::Companies)?;
    take.pages((at, Tree::Companies, 1), &data.pairs, Record::Pairs)?;
    take.pages((at, Tree::Prospects, 0), &data.prospects, Record::Prospects)?;
    take.pages((at, Tree::Prospects, 1), &data.addresses, Record::Addresses)?;
    take.pages((at, Tree::Senders, 0), &data.senders, Record::Senders)?;
    take.pages((at, Tree::Campaigns, 0), &data.campaigns, Record::Campaigns)?;
    take.pages((at, Tree::Timelines, 0), &data.enrollments, Record::Enrollments)?;
    take.pages((at, Tree::Timelines, 1), &data.deliveries, Record::Deliveries)?;
    take.thinned((at, Tree::Holds, 0), &data.holds, Record::Holds, Record::HoldsLeft)?;
    take.thinned((at, Tree::Holds, 1), &data.causes, Record::Causes, Record::CausesLeft)?;
    take.pages((at, Tree::Windows, 0), &data.counts, Record::Counts)?;
    take.pages((at, Tree::Windows, 1), &data.hourly, Record::Hourly)?;
    take.pages((at, Tree::Seen, 0), data.seen.ids(), Record::Seen)?;
    take.pages((at, Tree::Seen, 1), &data.answers, Record::Answers)?;
    take.pages((at, Tree::Seen, 2), &data.forgotten, Record::Forgotten)
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
    workspaces: Names,
    parts: Vec<Data>,
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
            self.parts.push(Data::default());
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
        let tables = self.parts.into_iter().map(Data::completed).collect();
        Ok(State::restored(header, self.workspaces.restored(), tables))
    }
}

/// Takes what is left of a page. False if it does not fit.
fn push_left<T: Clone>(pages: &mut Pages<T>, number: u32, (gaps, page): Left<'_, T>) -> bool {
    page.into_owned().spread(gaps).is_some_and(|page| pages.push_page(number, page))
}

impl Data {
    /// Takes a record. False if a page before it is missing.
    fn take(&mut self, page: u32, record: Record<'_>) -> Result<bool, ImageError> {
        let data = self;
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
                data.seen = SeenIds::of(root.seen);
                true
            }
            Record::Policy(bundle) => {
                let bundle = bundle.into_owned();
                let policy = data.compiled(&bundle).map_err(|_| ImageError::Damaged {
                    tree: Tree::Policies.name(),
                    what: "a policy that was published does not compile".to_owned(),
                })?;
                let published = Published { bundle, policy };
                Arc::make_mut(&mut data.policies).push(published);
                true
            }
            Record::CompanyNames(texts) => data.company_names.push_page(page, texts.into_owned()),
            Record::ProspectNames(texts) => data.prospect_names.push_page(page, texts.into_owned()),
            Record::SenderNames(texts) => data.sender_names.push_page(page, texts.into_owned()),
            Record::CampaignNames(texts) => data.campaign_names.push_page(page, texts.into_owned()),
            Record::Companies(records) => data.companies.push_kept_page(page, records.into_owned()),
            Record::Pairs(records) => data.pairs.push_kept_page(page, records.into_owned()),
            Record::Prospects(records) => data.prospects.push_kept_page(page, records.into_owned()),
            Record::Senders(records) => data.senders.push_kept_page(page, records.into_owned()),
            Record::Campaigns(records) => data.campaigns.push_kept_page(page, records.into_owned()),
            Record::Enrollments(records) => {
                data.enrollments.push_kept_page(page, records.into_owned())
            }
            Record::Deliveries(records) => {
                data.deliveries.push_kept_page(page, records.into_owned())
            }
            Record::Holds(records) => data.holds.push_page(page, records.into_owned()),
            Record::Causes(records) => data.causes.push_page(page, records.into_owned()),
            Record::HoldsLeft(left) => push_left(&mut data.holds, page, left),
            Record::CausesLeft(left) => push_left(&mut data.causes, page, left),
            Record::Seen(records) => data.seen.push_page(page, records.into_owned()),
            Record::Counts(records) => data.counts.push_kept_page(page, records.into_owned()),
            Record::Hourly(records) => data.hourly.push_page(page, records.into_owned()),
            Record::Answers(records) => data.answers.push_page(page, records.into_owned()),
            Record::Addresses(records) => data.addresses.push_kept_page(page, records.into_owned()),
            Record::Forgotten(records) => data.forgotten.push_kept_page(page, records.into_owned()),
        })
    }

    /// With what follows from the records.
    fn completed(mut self) -> Self {
        self.company_names = std::mem::take(&mut self.company_names).restored();
        self.prospect_names = std::mem::take(&mut self.prospect_names).restored();
        self.sender_names = std::mem::take(&mut self.sender_names).restored();
        self.campaign_names = std::mem::take(&mut self.campaign_names).restored();
        let pairs = self.pairs.iter().map(|(id, pair)| ((pair.company, pair.campaign), id));
        for (parts, id) in pairs {
            self.pair_ids.insert::<(u32, u32)>(parts, id);
        }
        for (id, company) in self.companies.iter() {
            for domain in company.domains() {
                self.domains.insert::<str>(domain.clone(), id);
            }
        }
        for id in 0..dense(self.prospects.len()) {
            self.enlist(id);
        }
        for (id, enrollment) in self.enrollments.iter() {
            if let Some(campaign) = self.campaigns.get_mut(enrollment.campaign) {
                campaign.enrollments.push(id);
            }
            if let Some(sender) = self.senders.get_mut(enrollment.sender)
                && enrollment.has_days()
            {
                Arc::make_mut(&mut sender.ledger).restore(&enrollment.days());
            }
        }
        self
    }
}
