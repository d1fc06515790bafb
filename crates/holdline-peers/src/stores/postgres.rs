//! PostgreSQL as its own experts use it: one statement for each group of a thousand, its rows
//! handed over as arrays, four connections.
//!
//! People of one company go over one connection, so that no two transactions wait for each other's
//! rows. Claims skip what others have locked; what is due is a partial index, and pages have room
//! for rows that change in place.

use std::collections::VecDeque;

use holdline_workloads::callers::{GROUP, IN_FLIGHT};
use holdline_workloads::events::Incoming;
use postgres::types::private::BytesMut;
use postgres::types::{IsNull, ToSql, Type, accepts, to_sql_checked};
use postgres::{Client, Statement};

use super::calls::{at_once, queues};
use super::plan::{NEXT_MS, NOW_MS, campaign, company_of, due_ms};
use super::{Counts, Failure, Fresh, Ground, Measured, Plan, Store, Workload, effect};
use crate::servers::PostgresServer;

const SCHEMA: &str = include_str!("postgres/schema.sql");
const INGEST: &str = include_str!("postgres/ingest.sql");
const ENROL: &str = include_str!("postgres/enrol.sql");
const CLAIM: &str = include_str!("postgres/claim.sql");
const CONFIRM: &str = include_str!("postgres/confirm.sql");
const SENT: &str = include_str!("postgres/sent.sql");

/// PostgreSQL.
#[derive(Debug, Default)]
pub struct Postgres {
    server: Option<PostgresServer>,
}

impl Store for Postgres {
    fn name(&self) -> String {
        self.server.as_ref().map_or("PostgreSQL".into(), |it| format!("PostgreSQL {}", it.version))
    }

    fn durability(&self) -> &'static str {
        "synchronous_commit, fsync"
    }

    fn prepare(&mut self, _ground: &Ground) -> Result<(), Failure> {
        self.server = Some(PostgresServer::find()?);
        Ok(())
    }

    fn run(
        &mut self,
        workload: Workload,
        plan: &Plan,
        ground: &Ground,
    ) -> Result<Measured, Failure> {
        let server = self.server.as_ref().ok_or("it was not prepared")?;
        let dir: Fresh = ground.fresh("postgres")?;
        let cluster = server.start(&dir.path, ground)?;
        let mut client = cluster.connect()?;
        set_up(&mut client, plan)?;
        let connections: Vec<Client> =
            (0..IN_FLIGHT).map(|_| cluster.connect()).collect::<Result<_, _>>()?;
        if workload == Workload::Send {
            let more = (0..IN_FLIGHT).map(|_| cluster.connect()).collect::<Result<_, _>>()?;
            enrol(more, plan, plan.enrolled_before(workload), ground)?;
        }
        // One by one: together they would be one transaction, in which neither may run.
        client.batch_execute("VACUUM ANALYZE")?;
        client.batch_execute("CHECKPOINT")?;
        let (count, took, mut counts) = match workload {
            Workload::Ingest => ingest(connections, plan, ground)?,
            Workload::Enrol => enrol(connections, plan, plan.size.people, ground)?,
            Workload::Send => send(connections, ground)?,
        };
        counts.append(&mut counted(&mut client, workload, plan)?);
        Ok(Measured { count, took, counts })
    }
}

/// A number of 128 bits as the type that PostgreSQL has for it.
#[derive(Debug)]
struct Uuid(u128);

impl ToSql for Uuid {
    fn to_sql(
        &self,
        _ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        out.extend_from_slice(&self.0.to_be_bytes());
        Ok(IsNull::No)
    }

    accepts!(UUID);
    to_sql_checked!();
}

/// Makes the tables, and everybody known.
fn set_up(client: &mut Client, plan: &Plan) -> Result<(), Failure> {
    client.batch_execute(SCHEMA)?;
    let insert = client.prepare(
        "INSERT INTO prospect(key, id, company)
         SELECT * FROM unnest($1::text[], $2::int4[], $3::int4[])",
    )?;
    let number = |number: u32| i32::try_from(number).unwrap_or(0);
    let all: Vec<(&str, i32, i32)> = (0..plan.size.people)
        .map(|it| (plan.key(it), number(it), number(company_of(it))))
        .collect();
    for some in all.chunks(10 * GROUP) {
        let keys: Vec<&str> = some.iter().map(|it| it.0).collect();
        let ids: Vec<i32> = some.iter().map(|it| it.1).collect();
        let companies: Vec<i32> = some.iter().map(|it| it.2).collect();
        client.execute(&insert, &[&keys, &ids, &companies])?;
    }
    client.batch_execute("ANALYZE")?;
    Ok(())
}

/// A connection with a statement.
type Prepared = (Client, Statement);

fn prepared(clients: Vec<Client>, sql: &str) -> Result<Vec<Prepared>, Failure> {
    let one = |mut client: Client| {
        let statement = client.prepare(sql)?;
        Ok::<_, Failure>((client, statement))
    };
    clients.into_iter().map(one).collect()
}

/// A group of events by column.
#[derive(Default)]
struct Columns<'a> {
    ids: Vec<Uuid>,
    keys: Vec<&'a str>,
    effects: Vec<i16>,
    until: Vec<i64>,
    at: Vec<i64>,
}

fn ingest(
    clients: Vec<Client>,
    plan: &Plan,
    ground: &Ground,
) -> Result<(u64, std::time::Duration, Counts), Failure> {
    let mut parts: Vec<Vec<&Incoming>> = vec![Vec::new(); IN_FLIGHT];
    for event in &plan.events {
        if let Some(part) = parts.get_mut(company_of(event.person) as usize % IN_FLIGHT) {
            part.push(event);
        }
    }
    let columns = |events: &[&Incoming]| {
        let mut columns = Columns::default();
        for event in events {
            let (number, until) = effect(event).encoded();
            columns.ids.push(Uuid(event.id));
            columns.keys.push(plan.key(event.person));
            columns.effects.push(number);
            columns.until.push(until);
            columns.at.push(event.at_ms);
        }
        columns
    };
    let groups: Vec<VecDeque<Columns<'_>>> =
        parts.iter().map(|events| events.chunks(GROUP).map(columns).collect()).collect();
    let connections = prepared(clients, INGEST)?;
    let (recorded, took) = queues(connections, groups, ground, |(client, ingest), it| {
        let row =
            client.query_one(&*ingest, &[&it.ids, &it.keys, &it.effects, &it.until, &it.at])?;
        let (recorded, touched): (i64, i64) = (row.get(0), row.get(1));
        if recorded != touched {
            return Err(format!("of {recorded} events, {touched} were about somebody").into());
        }
        Ok(u64::try_from(recorded)?)
    })?;
    let count = plan.events.len() as u64;
    Ok((count, took, [("recorded", recorded), ("duplicates", count - recorded)].into()))
}

fn enrol(
    clients: Vec<Client>,
    plan: &Plan,
    people: u32,
    ground: &Ground,
) -> Result<(u64, std::time::Duration, Counts), Failure> {
    let everybody: Vec<u32> = (0..people).collect();
    let groups = everybody.chunks(GROUP).map(|people| {
        let keys: Vec<&str> = people.iter().map(|it| plan.key(*it)).collect();
        let campaigns: Vec<i32> = people.iter().map(|it| campaign(*it)).collect();
        let due: Vec<i64> = people.iter().map(|it| due_ms(*it)).collect();
        (keys, campaigns, due)
    });
    let groups = super::calls::dealt(groups);
    let connections = prepared(clients, ENROL)?;
    let (enrolled, took) =
        queues(connections, groups, ground, |(client, enrol), (keys, campaigns, due)| {
            Ok(client.execute(&*enrol, &[&keys, &campaigns, &due])?)
        })?;
    Ok((enrolled, took, Counts::new()))
}

fn send(
    clients: Vec<Client>,
    ground: &Ground,
) -> Result<(u64, std::time::Duration, Counts), Failure> {
    let with = |mut client: Client| {
        let [claim, confirm, sent] = [CLAIM, CONFIRM, SENT].map(|sql| client.prepare(sql));
        Ok::<_, Failure>((client, claim?, confirm?, sent?))
    };
    let connections: Vec<_> = clients.into_iter().map(with).collect::<Result<_, _>>()?;
    let limit = i64::try_from(GROUP)?;
    let (sends, took) = at_once(connections, |(client, claim, confirm, sent)| {
        ground.check()?;
        let rows = client.query(&*claim, &[&NOW_MS, &limit])?;
        if rows.is_empty() {
            return Ok(None);
        }
        let ids: Vec<i32> = rows.iter().map(|row| row.get(0)).collect();
        let confirmed = client.execute(&*confirm, &[&ids, &NOW_MS])?;
        let sent = client.execute(&*sent, &[&ids, &NOW_MS, &(NOW_MS + NEXT_MS)])?;
        if confirmed != sent || sent != ids.len() as u64 {
            return Err("a send was called back that nothing holds".into());
        }
        Ok(Some(sent))
    })?;
    Ok((sends, took, [("claimed", sends)].into()))
}

fn counted(client: &mut Client, workload: Workload, plan: &Plan) -> Result<Counts, Failure> {
    let mut count = |sql: &str, now: i64| -> Result<u64, Failure> {
        let count: i64 = client.query_one(sql, &[&now])?.get(0);
        Ok(u64::try_from(count)?)
    };
    let now = plan.last_ms();
    Ok(match workload {
        Workload::Ingest => {
            let stopped = "SELECT count(*) FROM prospect WHERE stopped AND $1::int8 > 0";
            let paused = "SELECT count(*) FROM prospect p LEFT JOIN company_hold h USING (company)
                          WHERE NOT stopped AND (held_until > $1 OR h.until > $1)";
            let companies = "SELECT count(*) FROM company_hold WHERE until > $1";
            [
                ("stopped", count(stopped, now)?),
                ("paused", count(paused, now)?),
                ("companies held", count(companies, now)?),
            ]
            .into()
        }
        Workload::Enrol => {
            [("enrolled", count("SELECT count(*) FROM timeline WHERE $1::int8 > 0", now)?)].into()
        }
        Workload::Send => {
            let due = "SELECT count(*) FROM timeline WHERE state = 0 AND next_at <= $1";
            let planned = "SELECT count(*) FROM timeline
                           WHERE state = 0 AND step = 2 AND next_at > $1";
            [("still due", count(due, NOW_MS)?), ("planned", count(planned, NOW_MS)?)].into()
        }
    })
}
