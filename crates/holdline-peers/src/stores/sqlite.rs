//! SQLite as its own experts set it up: WAL with `synchronous = FULL`, one process, a transaction
//! for each group of a thousand, every statement prepared once.
//!
//! Tables that are found by a key of their own are `WITHOUT ROWID`, so that a look-up walks one
//! tree and not two; what is due is a partial index, so that what is claimed or finished costs it
//! nothing.

use std::path::Path;
use std::time::{Duration, Instant};

use holdline_workloads::callers::GROUP;
use rusqlite::{Connection, OptionalExtension, Statement};

use super::plan::{
    BOUNCE_HOLD_MS, BOUNCE_WINDOW_MS, BOUNCES, NEXT_MS, NOW_MS, OPEN, campaign, company_of, due_ms,
};
use super::{Counts, Effect, Failure, Ground, Measured, Plan, Store, Workload, effect};

/// Everything is in memory, as it is for the others; the log is copied back each 64 MiB, which is
/// when Holdline writes a checkpoint.
const PRAGMAS: &str = "
    PRAGMA page_size = 8192;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA locking_mode = EXCLUSIVE;
    PRAGMA temp_store = MEMORY;
    PRAGMA cache_size = -1048576;
    PRAGMA wal_autocheckpoint = 8192;
";

const SCHEMA: &str = "
    CREATE TABLE prospect(
        key TEXT PRIMARY KEY, id INTEGER NOT NULL, company INTEGER NOT NULL,
        stopped INTEGER NOT NULL DEFAULT 0, held_until INTEGER NOT NULL DEFAULT 0,
        last_at INTEGER NOT NULL DEFAULT 0, events INTEGER NOT NULL DEFAULT 0
    ) WITHOUT ROWID;
    CREATE TABLE company_hold(company INTEGER PRIMARY KEY, until INTEGER NOT NULL);
    CREATE TABLE bounce(
        company INTEGER NOT NULL, at INTEGER NOT NULL, event BLOB NOT NULL,
        PRIMARY KEY(company, at, event)
    ) WITHOUT ROWID;
    CREATE TABLE seen(event BLOB PRIMARY KEY) WITHOUT ROWID;
    CREATE TABLE timeline(
        id INTEGER PRIMARY KEY, campaign INTEGER NOT NULL, prospect TEXT NOT NULL,
        step INTEGER NOT NULL DEFAULT 1, state INTEGER NOT NULL DEFAULT 0,
        next_at INTEGER NOT NULL, lease_until INTEGER NOT NULL DEFAULT 0,
        sent_at INTEGER NOT NULL DEFAULT 0
    );
    CREATE INDEX due ON timeline(next_at) WHERE state = 0;
";

/// SQLite.
#[derive(Debug, Default)]
pub struct Sqlite;

impl Store for Sqlite {
    fn name(&self) -> String {
        format!("SQLite {}", rusqlite::version())
    }

    fn durability(&self) -> &'static str {
        "WAL, synchronous=FULL"
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
        let dir = ground.fresh("sqlite")?;
        let db = open(&dir.path, plan)?;
        if workload == Workload::Send {
            enrol(&db, plan, plan.enrolled_before(workload), ground)?;
        }
        db.execute_batch("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA optimize;")?;
        let began = Instant::now();
        let (count, mut counts) = match workload {
            Workload::Ingest => ingest(&db, plan, ground)?,
            Workload::Enrol => enrol(&db, plan, plan.size.people, ground)?,
            Workload::Send => send(&db, ground)?,
        };
        let took = began.elapsed();
        counts.append(&mut counted(&db, workload, plan)?);
        Ok(Measured { count, took, counts })
    }
}

/// A database that knows everybody.
fn open(dir: &Path, plan: &Plan) -> Result<Connection, Failure> {
    let db = Connection::open(dir.join("peers.db"))?;
    db.busy_timeout(Duration::ZERO)?;
    db.execute_batch(PRAGMAS)?;
    db.execute_batch(SCHEMA)?;
    db.execute_batch("BEGIN")?;
    let mut put = db.prepare("INSERT INTO prospect(key, id, company) VALUES (?1, ?2, ?3)")?;
    // In the order of the keys, which is the order of the tree.
    let mut people: Vec<(&String, u32)> = plan.keys.iter().zip(0..).collect();
    people.sort_unstable();
    for (key, person) in people {
        put.execute((key, person, company_of(person)))?;
    }
    drop(put);
    db.execute_batch("COMMIT")?;
    Ok(db)
}

/// Runs a piece of work in one transaction.
fn group<T>(db: &Connection, work: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    db.execute_batch("BEGIN IMMEDIATE")?;
    let done = work()?;
    db.execute_batch("COMMIT")?;
    Ok(done)
}

/// The statements of W1.
struct Ingest<'a> {
    see: Statement<'a>,
    touch: Statement<'a>,
    pause: Statement<'a>,
    stop: Statement<'a>,
    hold_company: Statement<'a>,
    bounce: Statement<'a>,
    bounces: Statement<'a>,
}

impl<'a> Ingest<'a> {
    fn new(db: &'a Connection) -> Result<Self, Failure> {
        let update = |what: &str| {
            let touch = "events = events + 1, last_at = max(last_at, ?2)";
            db.prepare(&format!("UPDATE prospect SET {touch}{what} WHERE key = ?1"))
        };
        Ok(Self {
            see: db.prepare("INSERT OR IGNORE INTO seen(event) VALUES (?1)")?,
            touch: update("")?,
            stop: update(", stopped = 1")?,
            pause: db.prepare(
                "UPDATE prospect SET events = events + 1, last_at = max(last_at, ?2),
                    held_until = max(held_until, ?3)
                 WHERE key = ?1 RETURNING company",
            )?,
            hold_company: db.prepare(
                "INSERT INTO company_hold(company, until) VALUES (?1, ?2)
                 ON CONFLICT(company) DO UPDATE SET until = excluded.until
                 WHERE excluded.until > until",
            )?,
            bounce: db.prepare("INSERT INTO bounce(company, at, event) VALUES (?1, ?2, ?3)")?,
            bounces: db.prepare("SELECT count(*) FROM bounce WHERE company = ?1 AND at > ?2")?,
        })
    }

    /// Takes one event; whether it is new.
    fn take(&mut self, id: [u8; 16], key: &str, at: i64, effect: Effect) -> Result<bool, Failure> {
        if self.see.execute([id])? == 0 {
            return Ok(false);
        }
        let known = match effect {
            Effect::Touch => self.touch.execute((key, at))? == 1,
            Effect::Stop => self.stop.execute((key, at))? == 1,
            Effect::Pause { until_ms } => self.pause(key, at, until_ms)?.is_some(),
            Effect::PauseCompany => match self.pause(key, at, OPEN)? {
                Some(company) => self.hold_company.execute((company, OPEN)).map(|_| true)?,
                None => false,
            },
            Effect::Bounce { until_ms } => match self.pause(key, at, until_ms)? {
                Some(company) => {
                    self.bounce.execute((company, at, id))?;
                    let since = at - BOUNCE_WINDOW_MS;
                    let bounces: i64 =
                        self.bounces.query_row((company, since), |row| row.get(0))?;
                    if bounces >= BOUNCES as i64 {
                        self.hold_company.execute((company, at + BOUNCE_HOLD_MS))?;
                    }
                    true
                }
                None => false,
            },
        };
        if known { Ok(true) } else { Err(format!("nobody has the key `{key}`").into()) }
    }

    /// Holds a person; the number of the company.
    fn pause(&mut self, key: &str, at: i64, until: i64) -> Result<Option<i64>, Failure> {
        Ok(self.pause.query_row((key, at, until), |row| row.get(0)).optional()?)
    }
}

fn ingest(db: &Connection, plan: &Plan, ground: &Ground) -> Result<(u64, Counts), Failure> {
    let mut statements = Ingest::new(db)?;
    let (mut recorded, mut duplicates) = (0, 0);
    for events in plan.events.chunks(GROUP) {
        ground.check()?;
        group(db, || {
            for event in events {
                let (id, key) = (event.id.to_be_bytes(), plan.key(event.person));
                let is_new = statements.take(id, key, event.at_ms, effect(event))?;
                *(if is_new { &mut recorded } else { &mut duplicates }) += 1;
            }
            Ok(())
        })?;
    }
    let counts = [("recorded", recorded), ("duplicates", duplicates)].into();
    Ok((recorded + duplicates, counts))
}

fn enrol(
    db: &Connection,
    plan: &Plan,
    people: u32,
    ground: &Ground,
) -> Result<(u64, Counts), Failure> {
    // The timeline's number is the person's: each is in one campaign.
    let mut insert = db.prepare(
        "INSERT INTO timeline(id, campaign, prospect, next_at)
         SELECT id, ?2, key, ?3 FROM prospect WHERE key = ?1",
    )?;
    let everybody: Vec<u32> = (0..people).collect();
    let mut enrolled = 0;
    for people in everybody.chunks(GROUP) {
        ground.check()?;
        group(db, || {
            for &person in people {
                let row = (plan.key(person), campaign(person), due_ms(person));
                enrolled += insert.execute(row)? as u64;
            }
            Ok(())
        })?;
    }
    Ok((enrolled, Counts::new()))
}

/// Claims what is due, looks whether anything holds it, and reports it as sent.
fn send(db: &Connection, ground: &Ground) -> Result<(u64, Counts), Failure> {
    let mut claim = db.prepare(
        "UPDATE timeline SET state = 1, lease_until = ?1 + 600000 WHERE id IN (
             SELECT id FROM timeline INDEXED BY due
             WHERE state = 0 AND next_at <= ?1 ORDER BY next_at LIMIT ?2
         ) RETURNING id, prospect",
    )?;
    let mut held = db.prepare(
        "SELECT stopped OR held_until > ?2
             OR EXISTS(SELECT 1 FROM company_hold h WHERE h.company = p.company AND until > ?2)
         FROM prospect p WHERE key = ?1",
    )?;
    let mut confirm = db.prepare(
        "UPDATE timeline SET state = 2 WHERE id = ?1 AND state = 1 AND lease_until > ?2",
    )?;
    let mut report = db.prepare(
        "UPDATE timeline SET state = 0, step = step + 1, sent_at = ?2, next_at = ?3
         WHERE id = ?1 AND state = 2",
    )?;
    let mut sent = 0;
    loop {
        ground.check()?;
        let claimed: Vec<(i64, String)> = group(db, || {
            let rows =
                claim.query_map((NOW_MS, GROUP as i64), |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })?;
        if claimed.is_empty() {
            break;
        }
        group(db, || {
            for (id, key) in &claimed {
                let held: bool = held.query_row((key, NOW_MS), |row| row.get(0))?;
                if held || confirm.execute((id, NOW_MS))? != 1 {
                    return Err("a send was called back that nothing holds".into());
                }
            }
            Ok(())
        })?;
        sent += group(db, || {
            let mut sent = 0;
            for (id, _) in &claimed {
                sent += report.execute((id, NOW_MS, NOW_MS + NEXT_MS))?;
            }
            Ok(sent as u64)
        })?;
    }
    Ok((sent, [("claimed", sent)].into()))
}

fn counted(db: &Connection, workload: Workload, plan: &Plan) -> Result<Counts, Failure> {
    let count = |sql: &str, now: i64| -> Result<u64, Failure> {
        let count: i64 = db.query_row(sql, [now], |row| row.get(0))?;
        Ok(u64::try_from(count)?)
    };
    let now = plan.last_ms();
    Ok(match workload {
        Workload::Ingest => [
            ("stopped", count("SELECT count(*) FROM prospect WHERE stopped AND ?1", now)?),
            (
                "paused",
                count(
                    "SELECT count(*) FROM prospect p LEFT JOIN company_hold h USING(company)
                     WHERE NOT stopped AND (held_until > ?1 OR until > ?1)",
                    now,
                )?,
            ),
            ("companies held", count("SELECT count(*) FROM company_hold WHERE until > ?1", now)?),
        ]
        .into(),
        Workload::Enrol => {
            [("enrolled", count("SELECT count(*) FROM timeline WHERE ?1", now)?)].into()
        }
        Workload::Send => {
            let due = "SELECT count(*) FROM timeline WHERE state = 0 AND next_at <= ?1";
            let planned = "SELECT count(*) FROM timeline WHERE state = 0 AND step = 2
                           AND next_at > ?1";
            [("still due", count(due, NOW_MS)?), ("planned", count(planned, NOW_MS)?)].into()
        }
    })
}
