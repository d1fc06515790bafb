//! sled alone, as one would use it: a key for each person, each timeline and each due entry.
//!
//! A group is one batch in each tree. What is read within a group and was changed by it is kept
//! beside the batch until then. Its `flush` does not survive a loss of power on Linux, so the file
//! is synced through a descriptor of our own, as it has to be.

use std::collections::HashMap;
use std::fs::File;
use std::time::Instant;

use holdline_workloads::callers::GROUP;
use sled::{Batch, Db, Tree};

use super::plan::{
    BOUNCE_HOLD_MS, BOUNCE_WINDOW_MS, BOUNCES, NEXT_MS, NOW_MS, OPEN, campaign, company_of, due_ms,
};
use super::{Counts, Effect, Failure, Ground, Measured, Plan, Store, Workload, effect};

/// sled without anything around it.
#[derive(Debug, Default)]
pub struct Sled;

impl Store for Sled {
    fn name(&self) -> String {
        "sled 0.34".to_owned()
    }

    fn durability(&self) -> &'static str {
        "flush and fsync"
    }

    fn prepare(&mut self, _ground: &Ground) -> Result<(), Failure> {
        Ok(())
    }

    fn run(
        &mut self,
        workload: Workload,
        plan: &Plan,
        ground: &Ground,
    ) -> Result<Measured, Failure> {
        let dir = ground.fresh("sled")?;
        let trees = Trees::open(&dir.path, plan)?;
        if workload == Workload::Send {
            trees.enrol(plan, plan.enrolled_before(workload), ground)?;
        }
        let began = Instant::now();
        let (count, mut counts) = match workload {
            Workload::Ingest => trees.ingest(plan, ground)?,
            Workload::Enrol => trees.enrol(plan, plan.size.people, ground)?,
            Workload::Send => trees.send(ground)?,
        };
        let took = began.elapsed();
        counts.append(&mut trees.counted(workload, plan)?);
        Ok(Measured { count, took, counts })
    }
}

/// A row of numbers, as 8 bytes each.
fn row<const N: usize>(numbers: [i64; N]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
}

/// The numbers of a row; none if it is not one.
fn numbers<const N: usize>(row: &[u8]) -> Option<[i64; N]> {
    let mut all = [0; N];
    let (chunks, rest) = row.as_chunks::<8>();
    if chunks.len() != N || !rest.is_empty() {
        return None;
    }
    all.iter_mut().zip(chunks).for_each(|(number, chunk)| *number = i64::from_be_bytes(*chunk));
    Some(all)
}

/// A person: company, whether stopped, until when held, the last event, how many there were.
type Person = [i64; 5];
/// A timeline: step, state, next send, end of the lease, last sent.
type Timeline = [i64; 5];

struct Trees {
    db: Db,
    /// sled's own file.
    file: File,
    people: Tree,
    companies: Tree,
    bounces: Tree,
    seen: Tree,
    timelines: Tree,
    due: Tree,
}

impl Trees {
    /// A database that knows everybody.
    fn open(dir: &std::path::Path, plan: &Plan) -> Result<Self, Failure> {
        let config = sled::Config::new().path(dir).mode(sled::Mode::HighThroughput);
        let db = config.cache_capacity(1 << 30).flush_every_ms(None).open()?;
        let file = File::open(dir.join("db"))?;
        let tree = |name: &str| db.open_tree(name);
        let (people, companies) = (tree("people")?, tree("companies")?);
        let (bounces, seen) = (tree("bounces")?, tree("seen")?);
        let (timelines, due) = (tree("timelines")?, tree("due")?);
        let trees = Self { db, file, people, companies, bounces, seen, timelines, due };
        let mut keys: Vec<(&String, u32)> = plan.keys.iter().zip(0..).collect();
        keys.sort_unstable();
        for some in keys.chunks(GROUP) {
            let mut batch = Batch::default();
            for (key, person) in some {
                let person = row::<5>([i64::from(company_of(*person)), 0, 0, 0, 0]);
                batch.insert(key.as_bytes(), person);
            }
            trees.people.apply_batch(batch)?;
        }
        trees.sync()?;
        Ok(trees)
    }

    fn sync(&self) -> Result<(), Failure> {
        self.db.flush()?;
        self.file.sync_all()?;
        Ok(())
    }

    fn ingest(&self, plan: &Plan, ground: &Ground) -> Result<(u64, Counts), Failure> {
        let (mut recorded, mut duplicates) = (0, 0);
        for events in plan.events.chunks(GROUP) {
            ground.check()?;
            let mut group = Group::default();
            for event in events {
                let (id, key) = (event.id.to_be_bytes(), plan.key(event.person));
                let is_new = group.take(self, id, key, event.at_ms, effect(event))?;
                *(if is_new { &mut recorded } else { &mut duplicates }) += 1;
            }
            group.apply(self)?;
            self.sync()?;
        }
        let counts = [("recorded", recorded), ("duplicates", duplicates)].into();
        Ok((recorded + duplicates, counts))
    }

    fn enrol(&self, plan: &Plan, people: u32, ground: &Ground) -> Result<(u64, Counts), Failure> {
        let everybody: Vec<u32> = (0..people).collect();
        for people in everybody.chunks(GROUP) {
            ground.check()?;
            let (mut timelines, mut due) = (Batch::default(), Batch::default());
            for &person in people {
                let key = plan.key(person);
                let is_known = self.people.contains_key(key)?;
                let timeline = [key.as_bytes(), &campaign(person).to_be_bytes()].concat();
                if !is_known || self.timelines.contains_key(&timeline)? {
                    return Err(format!("`{key}` is unknown or enrolled").into());
                }
                let at = due_ms(person);
                due.insert([&at.to_be_bytes()[..], &timeline].concat(), &[]);
                timelines.insert(timeline, row::<5>([1, 0, at, 0, 0]));
            }
            self.timelines.apply_batch(timelines)?;
            self.due.apply_batch(due)?;
            self.sync()?;
        }
        Ok((u64::from(people), Counts::new()))
    }

    fn timeline(&self, key: &[u8]) -> Result<Timeline, Failure> {
        let found = self.timelines.get(key)?;
        Ok(found.and_then(|it| numbers(&it)).ok_or("a timeline is missing")?)
    }

    /// Changes the timelines of some due entries, and syncs.
    fn change(
        &self,
        claimed: &[Vec<u8>],
        change: impl Fn(&[u8], &mut Timeline) -> Result<bool, Failure>,
    ) -> Result<u64, Failure> {
        let (mut timelines, mut due) = (Batch::default(), Batch::default());
        for key in claimed {
            let mut timeline = self.timeline(key)?;
            let [_, _, before, ..] = timeline;
            if !change(key, &mut timeline)? {
                return Err("a send was called back that nothing holds".into());
            }
            let [_, state, next, ..] = timeline;
            timelines.insert(key.as_slice(), row(timeline));
            match state {
                0 => due.insert([&next.to_be_bytes()[..], key].concat(), &[]),
                1 => due.remove([&before.to_be_bytes()[..], key].concat()),
                _ => {}
            }
        }
        self.timelines.apply_batch(timelines)?;
        self.due.apply_batch(due)?;
        self.sync()?;
        Ok(claimed.len() as u64)
    }

    /// Whether nothing holds the person of a timeline.
    fn may_go(&self, timeline: &[u8]) -> Result<bool, Failure> {
        let key = timeline.split_last_chunk::<4>().map_or(timeline, |(key, _)| key);
        let found = self.people.get(key)?.and_then(|it| numbers(&it));
        let [company, stopped, held_until, ..]: Person = found.ok_or("a person is missing")?;
        let company = self.companies.get(company.to_be_bytes())?;
        let company_until =
            company.and_then(|it| numbers(&it)).map_or(0, |[until]: [i64; 1]| until);
        Ok(stopped == 0 && held_until <= NOW_MS && company_until <= NOW_MS)
    }

    fn send(&self, ground: &Ground) -> Result<(u64, Counts), Failure> {
        let mut sent = 0;
        // Removed entries leave pages behind that a scan from the beginning would walk through each
        // time; nothing is planned before what was claimed.
        let mut from = Vec::new();
        loop {
            ground.check()?;
            let until = (NOW_MS + 1).to_be_bytes().to_vec();
            let mut claimed = Vec::with_capacity(GROUP);
            for entry in self.due.range(from.clone()..until).take(GROUP) {
                let (entry, _) = entry?;
                claimed.push(entry.get(8..).unwrap_or_default().to_vec());
                from = entry.to_vec();
            }
            if claimed.is_empty() {
                break;
            }
            self.change(&claimed, |_, timeline| {
                let [_, state, _, lease_until, _] = timeline;
                (*state, *lease_until) = (1, NOW_MS + 600_000);
                Ok(true)
            })?;
            self.change(&claimed, |key, timeline| {
                let [_, state, _, lease_until, _] = timeline;
                let is_claimed = *state == 1 && *lease_until > NOW_MS;
                *state = 2;
                Ok(is_claimed && self.may_go(key)?)
            })?;
            sent += self.change(&claimed, |_, timeline| {
                let [step, state, next, _, last] = timeline;
                let is_leaving = *state == 2;
                (*step, *state, *next, *last) = (*step + 1, 0, NOW_MS + NEXT_MS, NOW_MS);
                Ok(is_leaving)
            })?;
        }
        Ok((sent, [("claimed", sent)].into()))
    }

    fn counted(&self, workload: Workload, plan: &Plan) -> Result<Counts, Failure> {
        Ok(match workload {
            Workload::Ingest => self.held(plan.last_ms())?,
            Workload::Enrol => {
                let (timelines, due) = (self.timelines.len() as u64, self.due.len() as u64);
                if timelines != due {
                    return Err(format!("{timelines} timelines, {due} due entries").into());
                }
                [("enrolled", timelines)].into()
            }
            Workload::Send => {
                let until = (NOW_MS + 1).to_be_bytes();
                let still = self.due.range(..&until[..]).count() as u64;
                [("still due", still), ("planned", self.due.len() as u64 - still)].into()
            }
        })
    }

    fn held(&self, now: i64) -> Result<Counts, Failure> {
        let mut companies = HashMap::new();
        for entry in &self.companies {
            let (company, until) = entry?;
            let (company, until) = (numbers::<1>(&company), numbers::<1>(&until));
            let ([company], [until]) = company.zip(until).ok_or("no company")?;
            companies.insert(company, until);
        }
        let (mut stops, mut paused) = (0, 0);
        for entry in self.people.iter().values() {
            let person: Person = numbers(&entry?).ok_or("no person")?;
            let [company, stopped, held_until, ..] = person;
            let company_until = companies.get(&company).copied().unwrap_or(0);
            stops += u64::from(stopped != 0);
            paused += u64::from(stopped == 0 && held_until.max(company_until) > now);
        }
        let held = companies.values().filter(|until| **until > now).count() as u64;
        Ok([("stopped", stops), ("paused", paused), ("companies held", held)].into())
    }
}

/// What a group of events has read and changed.
#[derive(Default)]
struct Group {
    seen: HashMap<[u8; 16], ()>,
    people: HashMap<Vec<u8>, Person>,
    companies: HashMap<i64, i64>,
    bounces: HashMap<i64, u64>,
    bounced: Batch,
}

impl Group {
    /// Takes one event; whether it is new.
    fn take(
        &mut self,
        trees: &Trees,
        id: [u8; 16],
        key: &str,
        at: i64,
        effect: Effect,
    ) -> Result<bool, Failure> {
        if self.seen.contains_key(&id) || trees.seen.contains_key(id)? {
            return Ok(false);
        }
        self.seen.insert(id, ());
        if !self.people.contains_key(key.as_bytes()) {
            let found = trees.people.get(key)?.and_then(|it| numbers(&it));
            let person = found.ok_or_else(|| format!("nobody has the key `{key}`"))?;
            self.people.insert(key.as_bytes().to_vec(), person);
        }
        let person = self.people.get_mut(key.as_bytes()).ok_or("a person is missing")?;
        let [company, stopped, held_until, last, events] = person;
        *events += 1;
        *last = at.max(*last);
        let company = *company;
        match effect {
            Effect::Touch => {}
            Effect::Stop => *stopped = 1,
            Effect::Pause { until_ms } => *held_until = until_ms.max(*held_until),
            Effect::PauseCompany => {
                *held_until = OPEN;
                self.hold_company(trees, company, OPEN)?;
            }
            Effect::Bounce { until_ms } => {
                *held_until = until_ms.max(*held_until);
                self.bounce(trees, company, at, id)?;
            }
        }
        Ok(true)
    }

    fn hold_company(&mut self, trees: &Trees, company: i64, until: i64) -> Result<(), Failure> {
        let before = match self.companies.get(&company) {
            Some(before) => *before,
            None => {
                let found = trees.companies.get(company.to_be_bytes())?;
                found.and_then(|it| numbers(&it)).map_or(0, |[until]: [i64; 1]| until)
            }
        };
        self.companies.insert(company, until.max(before));
        Ok(())
    }

    fn bounce(
        &mut self,
        trees: &Trees,
        company: i64,
        at: i64,
        id: [u8; 16],
    ) -> Result<(), Failure> {
        let row_of = |at: i64| [company.to_be_bytes(), at.to_be_bytes()].concat();
        let own = self.bounces.entry(company).or_default();
        *own += 1;
        let since = row_of(at - BOUNCE_WINDOW_MS + 1)..row_of(i64::MAX);
        let bounces = *own + trees.bounces.range(since).take(BOUNCES as usize).count() as u64;
        self.bounced.insert([row_of(at), id.to_vec()].concat(), &[]);
        if bounces >= BOUNCES {
            self.hold_company(trees, company, at + BOUNCE_HOLD_MS)?;
        }
        Ok(())
    }

    fn apply(self, trees: &Trees) -> Result<(), Failure> {
        let (mut seen, mut people) = (Batch::default(), Batch::default());
        let mut companies = Batch::default();
        self.seen.keys().for_each(|id| seen.insert(id, &[]));
        self.people.iter().for_each(|(key, person)| people.insert(key.as_slice(), row(*person)));
        for (company, until) in &self.companies {
            companies.insert(&company.to_be_bytes(), row([*until]));
        }
        trees.seen.apply_batch(seen)?;
        trees.people.apply_batch(people)?;
        trees.companies.apply_batch(companies)?;
        trees.bounces.apply_batch(self.bounced)?;
        Ok(())
    }
}
