//! Redis as its own experts use it: a script for each group of a thousand, loaded once, four
//! connections over a socket.
//!
//! What a script can ask or change for a whole group it does at once: ids that were seen, entries
//! of sorted sets. People and timelines are hashes, which Redis keeps packed at that size.

use std::collections::VecDeque;
use std::path::Path;
use std::time::Duration;

use holdline_workloads::callers::{GROUP, IN_FLIGHT};
use redis::{Client, Cmd, Connection, FromRedisValue, Script, cmd, pipe};

use super::calls::{at_once, dealt, queues};
use super::plan::{NEXT_MS, NOW_MS, campaign, company_of, due_ms};
use super::{Counts, Failure, Ground, Measured, Plan, Store, Workload, effect};
use crate::servers::RedisServer;

const INGEST: &str = include_str!("redis/ingest.lua");
const ENROL: &str = include_str!("redis/enrol.lua");
const CLAIM: &str = include_str!("redis/claim.lua");
const CONFIRM: &str = include_str!("redis/confirm.lua");
const SENT: &str = include_str!("redis/sent.lua");

/// When the append-only file is synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fsync {
    /// Before an answer.
    Always,
    /// Once a second.
    EverySecond,
}

/// Redis.
#[derive(Debug)]
pub struct Redis {
    /// When it syncs.
    pub sync: Fsync,
    server: Option<RedisServer>,
}

impl Redis {
    /// One that syncs so.
    #[must_use]
    pub const fn new(sync: Fsync) -> Self {
        Self { sync, server: None }
    }
}

impl Store for Redis {
    fn name(&self) -> String {
        self.server.as_ref().map_or("Redis".into(), |it| format!("Redis {}", it.version))
    }

    fn durability(&self) -> &'static str {
        match self.sync {
            Fsync::Always => "appendfsync always",
            Fsync::EverySecond => "appendfsync everysec",
        }
    }

    fn is_lazy(&self) -> bool {
        self.sync == Fsync::EverySecond
    }

    fn prepare(&mut self, _ground: &Ground) -> Result<(), Failure> {
        self.server = Some(RedisServer::find()?);
        Ok(())
    }

    fn run(
        &mut self,
        workload: Workload,
        plan: &Plan,
        ground: &Ground,
    ) -> Result<Measured, Failure> {
        let server = self.server.as_ref().ok_or("it was not prepared")?;
        let fsync = if self.sync == Fsync::Always { "always" } else { "everysec" };
        let dir = ground.fresh("redis")?;
        let (_running, socket) = server.start(&dir.path, fsync, ground)?;
        let mut connection = connect(&socket)?;
        set_up(&mut connection, plan)?;
        let connections = || (0..IN_FLIGHT).map(|_| connect(&socket)).collect::<Result<_, _>>();
        if workload == Workload::Send {
            enrol(connections()?, plan, plan.enrolled_before(workload), ground)?;
        }
        let (count, took, mut counts) = match workload {
            Workload::Ingest => ingest(connections()?, plan, ground)?,
            Workload::Enrol => enrol(connections()?, plan, plan.size.people, ground)?,
            Workload::Send => send(connections()?, ground)?,
        };
        counts.append(&mut counted(&mut connection, workload, plan)?);
        Ok(Measured { count, took, counts })
    }
}

fn connect(socket: &Path) -> Result<Connection, Failure> {
    Ok(Client::open(format!("unix://{}", socket.display()))?.get_connection()?)
}

/// Makes everybody known.
fn set_up(connection: &mut Connection, plan: &Plan) -> Result<(), Failure> {
    let all: Vec<u32> = (0..plan.size.people).collect();
    for people in all.chunks(10 * GROUP) {
        let mut pipe = pipe();
        for person in people {
            let key = format!("p:{}", plan.key(*person));
            pipe.hset(key, "company", company_of(*person)).ignore();
        }
        pipe.exec(connection)?;
    }
    Ok(())
}

/// A call of a script, without its arguments.
fn call(connection: &mut Connection, script: &str) -> Result<Cmd, Failure> {
    let hash: String = Script::new(script).prepare_invoke().load(connection)?;
    let mut cmd = cmd("EVALSHA");
    cmd.arg(hash).arg(0);
    Ok(cmd)
}

/// Calls that were made beforehand, each answering a number.
fn called(
    connections: Vec<Connection>,
    calls: Vec<VecDeque<Cmd>>,
    ground: &Ground,
) -> Result<(u64, Duration), Failure> {
    queues(connections, calls, ground, |connection, call| ask(connection, &call))
}

fn ask<T: FromRedisValue>(connection: &mut Connection, call: &Cmd) -> Result<T, Failure> {
    Ok(call.query(connection)?)
}

fn ingest(
    mut connections: Vec<Connection>,
    plan: &Plan,
    ground: &Ground,
) -> Result<(u64, Duration, Counts), Failure> {
    let empty = call(connections.first_mut().ok_or("no connection")?, INGEST)?;
    let calls = plan.events.chunks(GROUP).map(|events| {
        let mut call = empty.clone();
        for event in events {
            let (number, until) = effect(event).encoded();
            call.arg(&event.id.to_be_bytes()).arg(plan.key(event.person)).arg(number);
            call.arg(until).arg(event.at_ms);
        }
        call
    });
    let (recorded, took) = called(connections, dealt(calls), ground)?;
    let count = plan.events.len() as u64;
    Ok((count, took, [("recorded", recorded), ("duplicates", count - recorded)].into()))
}

fn enrol(
    mut connections: Vec<Connection>,
    plan: &Plan,
    people: u32,
    ground: &Ground,
) -> Result<(u64, Duration, Counts), Failure> {
    let empty = call(connections.first_mut().ok_or("no connection")?, ENROL)?;
    let everybody: Vec<u32> = (0..people).collect();
    let calls = everybody.chunks(GROUP).map(|people| {
        let mut call = empty.clone();
        for person in people {
            call.arg(plan.key(*person)).arg(campaign(*person)).arg(due_ms(*person));
        }
        call
    });
    let (enrolled, took) = called(connections, dealt(calls), ground)?;
    Ok((enrolled, took, Counts::new()))
}

fn send(
    mut connections: Vec<Connection>,
    ground: &Ground,
) -> Result<(u64, Duration, Counts), Failure> {
    let connection = connections.first_mut().ok_or("no connection")?;
    let mut claim = call(connection, CLAIM)?;
    claim.arg(NOW_MS).arg(GROUP);
    let mut confirm = call(connection, CONFIRM)?;
    confirm.arg(NOW_MS);
    let mut sent = call(connection, SENT)?;
    sent.arg(NOW_MS).arg(NOW_MS + NEXT_MS);
    let (sends, took) = at_once(connections, |connection| {
        ground.check()?;
        let claimed: Vec<Vec<u8>> = ask(connection, &claim)?;
        if claimed.is_empty() {
            return Ok(None);
        }
        let confirmed: usize = ask(connection, confirm.clone().arg(&claimed))?;
        let sent: usize = ask(connection, sent.clone().arg(&claimed))?;
        if confirmed != claimed.len() || sent != claimed.len() {
            return Err("a send was called back that nothing holds".into());
        }
        Ok(Some(sent as u64))
    })?;
    Ok((sends, took, [("claimed", sends)].into()))
}

fn counted(
    connection: &mut Connection,
    workload: Workload,
    plan: &Plan,
) -> Result<Counts, Failure> {
    let mut number = |call: &Cmd| ask::<u64>(connection, call);
    Ok(match workload {
        Workload::Ingest => held(connection, plan)?,
        Workload::Enrol => [("enrolled", number(cmd("ZCARD").arg("due"))?)].into(),
        Workload::Send => {
            let due = number(cmd("ZCOUNT").arg("due").arg("-inf").arg(NOW_MS))?;
            let planned = number(cmd("ZCOUNT").arg("due").arg(format!("({NOW_MS}")).arg("+inf"))?;
            [("still due", due), ("planned", planned)].into()
        }
    })
}

/// Whom anything holds, asked person by person.
fn held(connection: &mut Connection, plan: &Plan) -> Result<Counts, Failure> {
    let now = plan.last_ms();
    let held: std::collections::HashMap<u32, i64> = ask(connection, cmd("HGETALL").arg("held"))?;
    let (mut stops, mut paused) = (0, 0);
    let all: Vec<u32> = (0..plan.size.people).collect();
    for people in all.chunks(GROUP) {
        let mut pipe = pipe();
        for person in people {
            let key = format!("p:{}", plan.key(*person));
            pipe.cmd("HMGET").arg(key).arg("stopped").arg("until");
        }
        let rows: Vec<(Option<u32>, Option<i64>)> = pipe.query(connection)?;
        for (person, (stopped, until)) in people.iter().zip(rows) {
            let company_until = held.get(&company_of(*person)).copied();
            stops += u64::from(stopped.is_some());
            let is_held = until.max(company_until).is_some_and(|until| until > now);
            paused += u64::from(stopped.is_none() && is_held);
        }
    }
    let companies = held.values().filter(|until| **until > now).count() as u64;
    Ok([("stopped", stops), ("paused", paused), ("companies held", companies)].into())
}
