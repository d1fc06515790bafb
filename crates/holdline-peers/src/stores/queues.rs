//! Job queues with delayed jobs: a job is a timeline's next send. They enrol and send; events and
//! holds are nothing that they know.
//!
//! Their own clients run them, in Node; the clock runs in there, around the calls alone.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;

use super::plan::{NEXT_MS, campaign, due_ms};
use super::{Counts, Failure, Ground, Measured, Plan, Store, Workload};
use crate::servers::{Node, PostgresServer, RedisServer};

/// Which queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queue {
    /// Over Redis, with its append-only file synced before an answer.
    BullMq,
    /// Over PostgreSQL.
    GraphileWorker,
    /// Over PostgreSQL.
    PgBoss,
}

impl Queue {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::BullMq, Self::GraphileWorker, Self::PgBoss];

    const fn package(self) -> &'static str {
        match self {
            Self::BullMq => "bullmq",
            Self::GraphileWorker => "graphile-worker",
            Self::PgBoss => "pg-boss",
        }
    }
}

/// A queue of jobs with what it needs.
#[derive(Debug)]
pub struct Queues {
    /// Which one.
    pub queue: Queue,
    node: Option<Node>,
    redis: Option<RedisServer>,
    postgres: Option<PostgresServer>,
}

impl Queues {
    /// One that is not prepared yet.
    #[must_use]
    pub const fn new(queue: Queue) -> Self {
        Self { queue, node: None, redis: None, postgres: None }
    }
}

/// What a script says at its end.
#[derive(Debug, Deserialize)]
struct Said {
    seconds: f64,
    count: u64,
    counts: std::collections::BTreeMap<String, u64>,
}

impl Store for Queues {
    fn name(&self) -> String {
        let package = self.queue.package();
        let version = self.node.as_ref().and_then(|node| node.version(package));
        version.map_or(package.into(), |version| format!("{package} {version}"))
    }

    fn durability(&self) -> &'static str {
        match self.queue {
            Queue::BullMq => "appendfsync always",
            Queue::GraphileWorker | Queue::PgBoss => "synchronous_commit, fsync",
        }
    }

    fn takes(&self, workload: Workload) -> bool {
        workload != Workload::Ingest
    }

    fn prepare(&mut self, ground: &Ground) -> Result<(), Failure> {
        match self.queue {
            Queue::BullMq => self.redis = Some(RedisServer::find()?),
            Queue::GraphileWorker | Queue::PgBoss => self.postgres = Some(PostgresServer::find()?),
        }
        self.node = Some(Node::find(ground)?);
        Ok(())
    }

    fn run(
        &mut self,
        workload: Workload,
        plan: &Plan,
        ground: &Ground,
    ) -> Result<Measured, Failure> {
        let dir = ground.fresh(self.queue.package())?;
        let jobs = dir.path.join("jobs.tsv");
        write_jobs(&jobs, workload, plan)?;
        let log = dir.path.join("node.log");
        let node = self.node.as_ref().ok_or("it was not prepared")?;
        let script = format!("{}.mjs", self.queue.package());
        let jobs = jobs.to_string_lossy();
        let next = NEXT_MS.to_string();
        let arguments = |address| [workload.name(), address, jobs.as_ref(), next.as_str()];
        let last = match (&self.redis, &self.postgres) {
            (Some(server), _) => {
                let (_running, socket) = server.start(&dir.path, "always", ground)?;
                node.run(&script, &arguments(&socket.to_string_lossy()), &log, ground)?
            }
            (_, Some(server)) => {
                let cluster = server.start(&dir.path, ground)?;
                node.run(&script, &arguments(&cluster.address()), &log, ground)?
            }
            _ => return Err("it was not prepared".into()),
        };
        let said: Said = serde_json::from_str(&last)
            .map_err(|error| format!("`{script}` ended with `{last}`: {error}"))?;
        let found = |name: &'static str| Some((name, *said.counts.get(name)?));
        let names = ["enrolled", "claimed", "still due", "planned"];
        let counts: Counts = names.into_iter().filter_map(found).collect();
        Ok(Measured { count: said.count, took: Duration::from_secs_f64(said.seconds), counts })
    }
}

/// The jobs, one on a line: key, campaign, and milliseconds from the start of the plan until due.
fn write_jobs(path: &Path, workload: Workload, plan: &Plan) -> Result<(), Failure> {
    let people = match workload {
        Workload::Ingest | Workload::Enrol => plan.size.people,
        Workload::Send => plan.size.sends,
    };
    let mut text = String::new();
    for person in 0..people {
        let key = plan.key(person);
        let delay = due_ms(person) - holdline_workloads::schedule::START_MS;
        writeln!(text, "{key}\t{}\t{delay}", campaign(person))?;
    }
    Ok(std::fs::write(path, text)?)
}
