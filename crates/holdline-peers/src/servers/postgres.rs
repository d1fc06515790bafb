//! A PostgreSQL of our own: a cluster in an empty directory, as somebody who is not root, over a
//! socket beside its data.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::install::{installed, is_root, program};
use super::process::{Running, User, bound, output};
use crate::stores::{Failure, Ground};

/// Where Debian has its versions.
const VERSIONS: &str = "/usr/lib/postgresql";
/// The owner of the cluster, in its own terms.
const OWNER: &str = "peers";
/// The longest path of a socket that Linux takes, without the name that PostgreSQL gives to it.
const SOCKET_FOLDER_BYTES: usize = 107 - "/.s.PGSQL.5432".len();

/// Every commit waits for the log to be synced, as it does by default. Beside that: room for all of
/// the data, checkpoints that a run does not meet more often than it has to, and no compiling of
/// statements that take less than a millisecond.
const SETTINGS: &[&str] = &[
    "fsync=on",
    "synchronous_commit=on",
    "full_page_writes=on",
    "wal_level=minimal",
    "max_wal_senders=0",
    "wal_buffers=64MB",
    "max_wal_size=8GB",
    "min_wal_size=1GB",
    "checkpoint_timeout=15min",
    "checkpoint_completion_target=0.9",
    "shared_buffers=2GB",
    "effective_cache_size=8GB",
    "work_mem=64MB",
    "maintenance_work_mem=512MB",
    "random_page_cost=1.1",
    "effective_io_concurrency=200",
    "jit=off",
    "max_parallel_workers_per_gather=0",
    "plan_cache_mode=force_generic_plan",
    "autovacuum_naptime=10s",
    "autovacuum_vacuum_cost_delay=0",
    "max_connections=50",
    "listen_addresses=",
    "unix_socket_permissions=0777",
];

/// The programs.
#[derive(Clone, Debug)]
pub struct PostgresServer {
    folder: PathBuf,
    /// Its version.
    pub version: String,
}

impl PostgresServer {
    /// Finds it, or installs it.
    ///
    /// # Errors
    /// Why it is not to be had.
    pub fn find() -> Result<Self, Failure> {
        let folder = installed("PostgreSQL", &["postgresql"], folder)?;
        let said = output(Command::new(folder.join("postgres")).arg("--version"))?;
        let version = said.split_whitespace().nth(2).unwrap_or("of unknown version").to_owned();
        Ok(Self { folder, version })
    }

    /// Makes a cluster and starts it.
    pub(crate) fn start(&self, dir: &Path, ground: &Ground) -> Result<Cluster, Failure> {
        let data = dir.join("data");
        if dir.as_os_str().len() > SOCKET_FOLDER_BYTES {
            let dir = dir.display();
            return Err(format!("the path of its socket would be too long below `{dir}`").into());
        }
        // It refuses to run as root, and has nothing else against the user of the package.
        let user = if is_root() {
            Some(User::named("postgres").ok_or("there is no user `postgres` to run it as")?)
        } else {
            None
        };
        if let Some(user) = user {
            user.own(dir)?;
        }
        let mut initdb = bound(&self.folder.join("initdb"), user);
        initdb.args(["--no-sync", "--auth=trust", "--encoding=UTF8", "--locale=C", "--username"]);
        output(initdb.arg(OWNER).arg("--pgdata").arg(&data))?;
        let mut command = bound(&self.folder.join("postgres"), user);
        command.arg("-D").arg(&data).arg("-k").arg(dir);
        SETTINGS.iter().for_each(|setting| {
            command.args(["-c", setting]);
        });
        let log = dir.join("postgres.log");
        let mut running = Running::start(&mut command, &log)?;
        let socket_folder = dir.to_path_buf();
        running.until(ground, &log, || connect(&socket_folder))?;
        let stop = {
            let mut stop = bound(&self.folder.join("pg_ctl"), user);
            stop.args(["stop", "--mode=immediate", "--silent", "--pgdata"]).arg(&data);
            stop
        };
        Ok(Cluster { socket_folder, stop, _running: running })
    }
}

/// The newest version's programs.
fn folder() -> Option<PathBuf> {
    let versions = std::fs::read_dir(VERSIONS).ok()?;
    let version = |path: &PathBuf| path.file_name()?.to_str()?.parse::<u32>().ok();
    let mut all: Vec<PathBuf> = versions.flatten().map(|entry| entry.path()).collect();
    all.retain(|it| it.join("bin/initdb").is_file() && it.join("bin/postgres").is_file());
    all.sort_by_key(version);
    let newest = all.pop().map(|it| it.join("bin"));
    newest.or_else(|| Some(program("initdb", &[])?.canonicalize().ok()?.parent()?.to_path_buf()))
}

fn connect(socket_folder: &Path) -> Result<postgres::Client, Failure> {
    let mut config = postgres::Config::new();
    config.host_path(socket_folder).user(OWNER).dbname("postgres");
    Ok(config.connect(postgres::NoTls)?)
}

/// A cluster that is stopped with this.
#[derive(Debug)]
pub(crate) struct Cluster {
    socket_folder: PathBuf,
    stop: Command,
    _running: Running,
}

impl Cluster {
    /// A new connection.
    pub(crate) fn connect(&self) -> Result<postgres::Client, Failure> {
        connect(&self.socket_folder)
    }

    /// Where others find it.
    pub(crate) fn address(&self) -> String {
        format!("postgresql://{OWNER}@/postgres?host={}", self.socket_folder.display())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // Its processes end each other; what is left of it is killed.
        let _stopped = output(&mut self.stop).is_ok();
    }
}
